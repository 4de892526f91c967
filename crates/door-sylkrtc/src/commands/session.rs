//! sylkrtc.md §3.5 and §5

use std::sync::Arc;
use std::time::Instant;

use api::command::web::{
    AnswerWebCall, EndWebCall, PlaceWebCall, PressWebDigits, TrickleWebCall, UpdateWebCall,
};
use api::{ChannelId, CommandError, ErrorKind, ObjectKind};

use super::{Done, Handled};
use crate::calls::{Call, Update, Way};
use crate::error::Refusal;
use crate::messages::{Job, What};
use crate::session::Session;
use crate::wire::session::{
    DtmfInfo, SessionAnswer, SessionCreate, SessionEvent, SessionMessage, SessionState,
    SessionUpdate, Trickle,
};
use crate::wire::{Event, Party};

impl Session {
    pub(super) async fn session_create(&mut self, create: SessionCreate) -> Handled {
        let session = create.session;
        if self.calls.get(&session).is_some() {
            return Err(Refusal(format!("Session ID {session} already in use")));
        }
        let account = self.accounts.named(&create.account);
        let account = account.ok_or_else(|| Refusal::unknown_account(&create.account))?;
        // Accounts of our own domains are checked by the switch with every call. Those of others prove themselves by
        // registering, unless the operator has declared their domain one of guests (sylkrtc.md §4.2).
        let is_ours = self.shared.is_local(&account.domain);
        let is_guest = self.shared.config.is_guest_domain(&account.domain);
        if !(is_ours || is_guest || account.authenticated) {
            return Err(Refusal::not_authenticated());
        }
        if self.calls.len() >= self.shared.config.max_calls {
            return Err(Refusal::new("Too many sessions"));
        }
        let command = PlaceWebCall {
            client: account.client,
            to: create.uri.clone(),
            offer: create.sdp,
            headers: create.headers,
        };
        self.calls
            .insert(Call::out(session.clone(), account.client, create.uri));
        match self.ask(command).await {
            Ok(channel) => {
                self.calls.started(&session, channel.clone());
                let candidates = self.calls.held(&session, Instant::now());
                if !candidates.is_empty()
                    && let Err(Refusal(why)) = self.trickle(&channel, candidates).await
                {
                    // The call is on its way all the same.
                    tracing::debug!(connection = self.connection, %why, "Candidates not taken");
                }
                Ok(Done::default())
            }
            Err(error) => {
                self.calls.forget(&session);
                Err(error.into())
            }
        }
    }

    pub(super) async fn session_answer(&mut self, answer: SessionAnswer) -> Handled {
        let session = &answer.session;
        let (call, channel) = self.live(session)?;
        if call.way == Way::Out {
            return Err(Refusal(format!("Cannot answer outgoing session {session}")));
        }
        let wrong_state = |state| {
            Refusal(format!(
                "Invalid state for answering session {session}: {state}"
            ))
        };
        if call.is_answered() {
            return Err(wrong_state(call.state()));
        }
        let state = call.state();
        let command = AnswerWebCall {
            channel,
            answer: answer.sdp,
            headers: answer.headers,
        };
        let answered = self.ask(command).await;
        answered.map_err(|error| of_call(error, session, || wrong_state(state)))?;
        Ok(Done::default())
    }

    /// An `error` would end the call in the client: candidates of an unknown session wait, those of one that has ended
    /// are dropped.
    pub(super) async fn session_trickle(&mut self, trickle: Trickle) -> Handled {
        let now = Instant::now();
        let mut candidates = trickle.candidates;
        if candidates.is_empty() {
            // There are no more.
            candidates.push("".into());
        }
        let channel = self
            .calls
            .get(&trickle.session)
            .map(|call| call.channel.clone());
        match channel {
            Some(Some(channel)) => self.trickle(&channel, candidates).await?,
            Some(None) => self.calls.hold(&trickle.session, candidates, now),
            None if self.calls.has_ended(&trickle.session, now) => {}
            None => self.calls.hold(&trickle.session, candidates, now),
        }
        Ok(Done::default())
    }

    async fn trickle(&self, channel: &ChannelId, candidates: Vec<Arc<str>>) -> Result<(), Refusal> {
        let command = TrickleWebCall {
            channel: channel.clone(),
            candidates,
        };
        match self.ask(command).await {
            Ok(()) => Ok(()),
            // It has ended a moment ago; the client will hear of it.
            Err(error) if error.kind == ErrorKind::NotFound(ObjectKind::Channel) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The client waits 300 ms for `terminated` and then makes up its own, so it is said at once.
    pub(super) async fn session_terminate(&mut self, session: &Arc<str>) -> Handled {
        let now = Instant::now();
        if self.calls.has_ended(session, now) {
            return Err(Refusal(format!(
                "Invalid state for terminating session {session}: terminated"
            )));
        }
        let refuse_with = self.shared.config.decline_code;
        let (call, channel) = self.live(session)?;
        let reason = call.own_end(refuse_with);
        match self
            .ask(EndWebCall {
                channel,
                refuse_with,
            })
            .await
        {
            Ok(()) => {}
            // It has ended a moment ago: this is how the client hears of it.
            Err(error) if error.kind == ErrorKind::NotFound(ObjectKind::Channel) => {}
            Err(error) => return Err(error.into()),
        }
        self.calls.end(session, now);
        let state = SessionState::Terminated { reason };
        Ok(Done {
            after: vec![Event::Session {
                session: session.clone(),
                event: SessionEvent::State(state),
            }],
            ..Done::default()
        })
    }

    pub(super) async fn session_update(&mut self, update: SessionUpdate) -> Handled {
        let session = &update.session;
        let (call, channel) = self.live(session)?;
        let wrong_state = |state| {
            Refusal(format!(
                "Invalid state for updating session {session}: {state}"
            ))
        };
        let command = UpdateWebCall {
            channel,
            sdp: update.sdp,
        };
        let next = match call.update {
            Update::Idle if call.is_answered() => Update::Local,
            // Both offered at once: this one fails, the far side's still waits.
            Update::Remote if command.is_offer() => Update::Remote,
            // Its answer to an offer of the far side.
            Update::Remote => Update::Idle,
            Update::Idle | Update::Local => return Err(wrong_state(call.state())),
        };
        let state = call.state();
        let asked = self.ask(command).await;
        asked.map_err(|error| of_call(error, session, || wrong_state(state)))?;
        if let Some(call) = self.calls.get_mut(session) {
            call.update = next;
        }
        Ok(Done::default())
    }

    /// Acknowledged when it is on its way; how it went comes as an event.
    pub(super) fn session_message(&mut self, request: SessionMessage) -> Handled {
        let session = &request.session;
        let (call, channel) = self.live(session)?;
        if !call.is_answered() {
            let state = call.state();
            return Err(Refusal(format!(
                "Invalid state session {session}: {state} for sending messages"
            )));
        }
        let to = Party {
            uri: call.peer.clone(),
            display_name: "".into(),
        };
        let account = self.accounts.get(call.client);
        let account = account.ok_or_else(|| Refusal::unknown_session(session))?;
        let job = Job::new(
            account,
            self.origin.clone(),
            to,
            What::InCall(channel, request.message),
        );
        self.shared.deliver(job)?;
        Ok(Done::default())
    }

    /// Clients send a whole string as one digit: each character is pressed.
    pub(super) async fn session_dtmf_info(&mut self, info: DtmfInfo) -> Handled {
        let session = &info.session;
        let (call, channel) = self.live(session)?;
        let state = call.state();
        let wrong_state = || {
            Refusal(format!(
                "Invalid state session {session}: {state} for DTMF info"
            ))
        };
        if !call.is_answered() {
            return Err(wrong_state());
        }
        let command = PressWebDigits {
            channel,
            digits: info.digits,
            duration_ms: info.duration,
        };
        let pressed = self.ask(command).await;
        pressed.map_err(|error| of_call(error, session, wrong_state))?;
        Ok(Done::default())
    }

    /// A session with a channel.
    fn live(&self, session: &str) -> Result<(&Call, ChannelId), Refusal> {
        let call = self.calls.get(session);
        let live = call.and_then(|call| Some((call, call.channel.clone()?)));
        live.ok_or_else(|| Refusal::unknown_session(session))
    }
}

/// A refusal of the switch about a call, in the words of the reference.
fn of_call(error: CommandError, session: &str, wrong_state: impl FnOnce() -> Refusal) -> Refusal {
    if error.kind == ErrorKind::InvalidState {
        wrong_state()
    } else if error.kind == ErrorKind::NotFound(ObjectKind::Channel) {
        Refusal::unknown_session(session)
    } else {
        error.into()
    }
}
