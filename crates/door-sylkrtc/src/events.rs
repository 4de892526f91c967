//! What happens in the switch to what the client is told (sylkrtc.md §4.3, §5.2 – §5.4).

mod route;
mod videoroom;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use api::event::{MessageEvent, WebEventKind};
use api::id::WebClientId;
use api::{ChannelId, EventKind};

pub(crate) use route::{interest, run};

use crate::accounts::Registration;
use crate::calls::{Call, Dialog, Update, Way};
use crate::imdn::{self, Imdn};
use crate::messages::{keep_messages, unwrap};
use crate::session::Session;
use crate::store::key;
use crate::timestamp;
use crate::wire::account::{AccountEvent, IncomingSession};
use crate::wire::message::{Disposition, Message};
use crate::wire::session::{Answer, SessionEvent, SessionState};
use crate::wire::{Event, Party};

/// How a registration fails when the credentials were refused: clients look for the number (sylkrtc.md §4.3).
const WRONG_PASSWORD: &str = "904 Operation has no matching challenge ";

impl Session {
    pub(crate) async fn on_switch(&mut self, client: WebClientId, event: &api::Event) {
        match &event.kind {
            EventKind::Web(web) => self.on_web(client, &web.kind).await,
            EventKind::Message(message) => self.on_message_in_call(message),
            EventKind::VideoRoom(room) => self.on_video_room(client, event.at, room).await,
            EventKind::Channel(_)
            | EventKind::Room(_)
            | EventKind::Account(_)
            | EventKind::Job(_)
            | EventKind::System(_)
            | EventKind::Custom(_)
            | EventKind::Stage(_)
            | EventKind::Queue(_)
            | EventKind::Parking(_)
            | EventKind::Fifo(_)
            | EventKind::User(_)
            | EventKind::Voicemail(_) => {}
        }
    }

    async fn on_web(&mut self, client: WebClientId, kind: &WebEventKind) {
        match kind {
            WebEventKind::Registering => {
                self.registration(client, Registration::Registering, None)
                    .await
            }
            WebEventKind::Registered => {
                self.registration(client, Registration::Registered, None)
                    .await
            }
            WebEventKind::RegistrationFailed { code, phrase } => {
                let reason = if *code == 904 {
                    WRONG_PASSWORD.into()
                } else {
                    reason(*code, phrase)
                };
                self.registration(client, Registration::Failed, Some(reason))
                    .await;
            }
            WebEventKind::Incoming {
                channel,
                offer,
                from,
                call_id,
                headers,
            } => {
                let incoming = IncomingSession {
                    session: "".into(),
                    originator: Party::from(from),
                    sdp: offer.clone(),
                    call_id: call_id.clone(),
                    headers: headers.clone(),
                };
                self.incoming(client, channel, incoming).await;
            }
            WebEventKind::Calling { channel } => {
                self.change(channel, |call| {
                    call.dialog = Dialog::Progress;
                    vec![SessionState::Progress]
                });
            }
            WebEventKind::Proceeding { channel, code } => {
                let ringing = matches!(code, 180 | 183).then_some(SessionState::Ringing);
                let states = ringing
                    .into_iter()
                    .chain([SessionState::Proceeding { code: *code }]);
                self.change(channel, |_| states.collect());
            }
            WebEventKind::EarlyMedia {
                channel,
                code,
                answer,
                call_id,
            } => {
                self.change(channel, |call| {
                    let mut states = Vec::new();
                    if let Some(sdp) = answer.clone().filter(|_| !call.answer_sent) {
                        call.answer_sent = true;
                        call.dialog = Dialog::EarlyMedia;
                        let call_id = call_id.clone();
                        states.push(SessionState::EarlyMedia { sdp, call_id });
                    }
                    states.push(SessionState::Proceeding { code: *code });
                    states
                });
            }
            WebEventKind::Accepted {
                channel,
                answer,
                call_id,
                headers,
            } => {
                self.change(channel, |call| {
                    call.dialog = Dialog::Accepted;
                    let wanted = call.way == Way::Out && !call.answer_sent;
                    let answer = answer.clone().filter(|_| wanted).map(|sdp| Answer {
                        sdp,
                        call_id: call_id.clone(),
                    });
                    call.answer_sent |= answer.is_some();
                    let headers = headers.clone();
                    vec![SessionState::Accepted { answer, headers }]
                });
            }
            WebEventKind::Established { channel } => {
                self.change(channel, |call| {
                    let first = !std::mem::replace(&mut call.media_up, true);
                    first
                        .then_some(SessionState::Established)
                        .into_iter()
                        .collect()
                });
            }
            WebEventKind::Terminated {
                channel,
                code,
                phrase,
                missed,
            } => {
                self.terminated(channel, reason(*code, phrase), *missed);
            }
            WebEventKind::UpdateReceived { channel, offer } => {
                self.update(
                    channel,
                    Update::Remote,
                    SessionEvent::UpdateReceived { sdp: offer.clone() },
                );
            }
            WebEventKind::UpdateAccepted { channel, answer } => {
                self.update(
                    channel,
                    Update::Idle,
                    SessionEvent::UpdateAccepted {
                        sdp: answer.clone(),
                    },
                );
            }
            WebEventKind::UpdateFailed {
                channel,
                code,
                phrase,
            } => {
                let reason = reason(*code, phrase);
                // Both offered at once: the far side's offer still waits for the client's answer.
                let asked = self
                    .calls
                    .of_channel(channel)
                    .is_some_and(|call| call.update == Update::Remote);
                let next = match code {
                    491 if asked => Update::Remote,
                    _ => Update::Idle,
                };
                self.update(channel, next, SessionEvent::UpdateFailed { reason });
            }
        }
    }

    /// Told on change only, and not at all after the client has unregistered.
    async fn registration(
        &mut self,
        client: WebClientId,
        to: Registration,
        reason: Option<Arc<str>>,
    ) {
        let Some(account) = self.accounts.get_mut(client) else {
            return;
        };
        if account.registration == to || account.registration == Registration::None {
            return;
        }
        account.registration = to;
        let name = account.name.clone();
        let event = match (to, reason) {
            (Registration::Registered, _) => {
                account.authenticated = true;
                let push = account.push.clone();
                self.shared.roster.authenticated(client);
                self.open_store(&name, push).await;
                let turn = self.shared.config.turn.as_ref();
                AccountEvent::Registered(turn.map(|turn| turn.servers(&name, SystemTime::now())))
            }
            (Registration::Failed, reason) => AccountEvent::RegistrationFailed {
                // A client may look into it without asking whether it is there.
                reason: reason.unwrap_or_default(),
            },
            (Registration::None | Registration::Asked | Registration::Registering, _) => {
                AccountEvent::Registering
            }
        };
        self.say(&Event::Account {
            account: name,
            event,
        });
    }

    /// From now on the account has a journal, and what phones send it while it is away goes there.
    async fn open_store(&self, name: &str, push: Option<crate::wire::account::Push>) {
        let own = key(name);
        let mut kept = self.shared.open_account(&own).await;
        if kept.is_ok() {
            keep_messages(&self.shared, &own, self.origin.clone()).await;
        }
        if let (Ok(()), Some(push)) = (kept, push) {
            kept = self.shared.store.put_device(&own, push).await;
        }
        if let Err(error) = kept {
            tracing::warn!(%error, "Nothing is kept for an account");
        }
    }

    async fn incoming(
        &mut self,
        client: WebClientId,
        channel: &ChannelId,
        mut incoming: IncomingSession,
    ) {
        let Some(account) = self.accounts.get(client) else {
            return;
        };
        let name = account.name.clone();
        let config = &self.shared.config;
        let room = self.calls.incoming(client) < config.incoming_calls
            && self.calls.len() < config.max_calls;
        if !room {
            let refuse = api::command::web::EndWebCall {
                channel: channel.clone(),
                refuse_with: 486,
            };
            // It may have ended by itself.
            self.ask(refuse).await.ok();
            let originator = incoming.originator;
            let event = AccountEvent::MissedSession { originator };
            self.say(&Event::Account {
                account: name,
                event,
            });
            return;
        }
        let dialect = self.translator.dialect();
        incoming.session = self.calls.incoming_id(&incoming.call_id, &name, dialect);
        self.calls
            .insert(Call::incoming(client, channel.clone(), incoming.clone()));
        self.say(&Event::Account {
            account: name,
            event: AccountEvent::IncomingSession(incoming),
        });
    }

    /// Changes a call and says the states it goes through. A call the client has ended is not there any more.
    fn change(&mut self, channel: &ChannelId, change: impl FnOnce(&mut Call) -> Vec<SessionState>) {
        let Some(call) = self.calls.of_channel(channel) else {
            return;
        };
        let session = call.session.clone();
        for state in change(call) {
            self.say(&Event::Session {
                session: session.clone(),
                event: SessionEvent::State(state),
            });
        }
    }

    fn update(&mut self, channel: &ChannelId, to: Update, event: SessionEvent) {
        let Some(call) = self.calls.of_channel(channel) else {
            return;
        };
        call.update = to;
        let session = call.session.clone();
        self.say(&Event::Session { session, event });
    }

    fn terminated(&mut self, channel: &ChannelId, reason: Arc<str>, missed: bool) {
        let session = self
            .calls
            .of_channel(channel)
            .map(|call| call.session.clone());
        let Some(call) = session.and_then(|session| self.calls.end(&session, Instant::now()))
        else {
            return;
        };
        self.say(&Event::Session {
            session: call.session.clone(),
            event: SessionEvent::State(SessionState::Terminated { reason }),
        });
        let account = self
            .accounts
            .get(call.client)
            .map(|account| account.name.clone());
        if let (true, Way::In(incoming), Some(account)) = (missed, call.way, account) {
            let originator = incoming.originator;
            let event = AccountEvent::MissedSession { originator };
            self.say(&Event::Account { account, event });
        }
    }

    fn on_message_in_call(&mut self, event: &MessageEvent) {
        let call = event
            .call
            .as_ref()
            .and_then(|channel| self.calls.of_channel(channel));
        let Some(session) = call.map(|call| call.session.clone()) else {
            return;
        };
        let from = Party::from(&event.from);
        let Some(cpim) = unwrap(&event.content_type, &from, &event.body) else {
            return;
        };
        let event = if &*cpim.content_type == imdn::CONTENT_TYPE {
            let Some(report) = Imdn::parse(&cpim.content) else {
                return;
            };
            SessionEvent::Disposition(Disposition {
                message_id: report.message_id,
                message_timestamp: report.timestamp,
                state: report.state,
                code: 200,
                reason: "".into(),
            })
        } else {
            SessionEvent::Message(Message {
                sender: if from.uri.is_empty() { cpim.from } else { from },
                timestamp: cpim.timestamp.unwrap_or_else(timestamp::now),
                wanted: cpim.wanted,
                message_id: cpim
                    .message_id
                    .unwrap_or_else(|| api::Uuid::new_v4().to_string().into()),
                content_type: cpim.content_type,
                content: cpim.content,
            })
        };
        self.say(&Event::Session { session, event });
    }

    pub(crate) fn on_delivered_in_call(&mut self, channel: &ChannelId, disposition: Disposition) {
        let Some(call) = self.calls.of_channel(channel) else {
            return;
        };
        let session = call.session.clone();
        let event = SessionEvent::Disposition(disposition);
        self.say(&Event::Session { session, event });
    }
}

/// `"<code> <phrase>"`, or the phrase alone when media ended it. Clients look for codes anywhere in it, so the phrase
/// may have no digits of its own (sylkrtc.md §5.4).
fn reason(code: u16, phrase: &str) -> Arc<str> {
    let phrase: String = phrase.chars().filter(|c| !c.is_ascii_digit()).collect();
    match code {
        0 => phrase.into(),
        code => format!("{code} {phrase}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_one_number() {
        assert_eq!(&*reason(486, "Busy Here"), "486 Busy Here");
        assert_eq!(&*reason(0, "ICE failed"), "ICE failed");
        assert_eq!(&*reason(503, "No route 404"), "503 No route ");
    }
}
