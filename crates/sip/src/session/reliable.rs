//! Reliable provisional responses in both roles (RFC 3262), and the descriptions they carry (§5).
//!
//! As callee one is on its way at a time. One with a description holds the 2xx back until its PRACK is here (§3).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::Rng as _;

use super::State;
use crate::dialog::Early;
use crate::endpoint::{Endpoint, EndpointError, Outcome};
use crate::event::{Event, IncomingRequest, SessionId};
use crate::message::header::RAck;
use crate::message::{HeaderName, Message, Method};
use crate::transaction::{ClientOwner, Due, Sent, SessionTimer, TimerId, TimerQueue};
use crate::transport::Flow;

/// Responses that may wait for the PRACK of one before them.
const WAITING: usize = 8;

/// Our reliable responses to the peer's INVITE.
#[derive(Debug, Default)]
pub(crate) struct Reliable {
    wish: Wish,
    /// Whether the INVITE carried an offer.
    has_offer: bool,
    /// Number of the last one; 0 before the first.
    last: u32,
    unacknowledged: Option<Unacknowledged>,
    waiting: VecDeque<Response>,
    /// The 2xx that is held back.
    answer: Option<Response>,
}

/// What the caller says of `100rel`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wish {
    #[default]
    Unknown,
    Supported,
    Required,
}

#[derive(Debug)]
struct Response {
    code: u16,
    sdp: Option<Bytes>,
    headers: Vec<(String, String)>,
}

#[derive(Debug)]
struct Unacknowledged {
    number: u32,
    /// CSeq of the INVITE.
    invite: u32,
    code: u16,
    has_sdp: bool,
    bytes: Bytes,
    interval: Duration,
    repeat: Option<TimerId>,
    give_up: Option<TimerId>,
}

impl Reliable {
    /// What an INVITE that comes in says; of a profile that does not use them nobody wants to know.
    pub(crate) fn of(invite: &Message, is_used: bool) -> Self {
        let says = |name| {
            invite
                .header_list(name)
                .any(|tag| tag.eq_ignore_ascii_case("100rel"))
        };
        let wish = match (says(HeaderName::Require), says(HeaderName::Supported)) {
            (true, _) if is_used => Wish::Required,
            (false, true) if is_used => Wish::Supported,
            _ => Wish::Unknown,
        };
        Self {
            wish,
            has_offer: invite.sdp().is_some(),
            ..Self::default()
        }
    }

    /// Whether our 2xx has been asked for and not been sent.
    pub(crate) fn answer_waits(&self) -> bool {
        self.answer.is_some()
    }

    pub(crate) fn is_possible(&self) -> bool {
        self.wish != Wish::Unknown
    }

    /// Whether a description of ours is on its way in one.
    fn description_is_open(&self) -> bool {
        let unacknowledged = self.unacknowledged.iter().any(|sent| sent.has_sdp);
        unacknowledged || self.waiting.iter().any(|response| response.sdp.is_some())
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.unacknowledged.is_none() && self.waiting.is_empty()
    }

    /// Nothing is sent again; a PRACK may still come.
    pub(crate) fn stop(&mut self, timers: &mut TimerQueue) {
        if let Some(sent) = &mut self.unacknowledged {
            timers.cancel(&mut sent.repeat);
            timers.cancel(&mut sent.give_up);
        }
    }
}

impl Endpoint {
    /// Whether a provisional response with that description goes out reliably; then it is sent, or waits its turn.
    pub(crate) fn send_reliably(
        &mut self,
        now: Instant,
        id: SessionId,
        server: u64,
        code: u16,
        sdp: Option<&Bytes>,
        headers: &[(String, String)],
    ) -> Outcome<bool> {
        let session = self
            .sessions
            .get_mut(&id)
            .ok_or(EndpointError::UnknownSession)?;
        let is_reliable = match session.reliable.wish {
            Wish::Required => true,
            // What makes no difference to the media may be lost.
            Wish::Supported => sdp.is_some(),
            Wish::Unknown => false,
        };
        if !is_reliable {
            return Ok(false);
        }
        let response = Response {
            code,
            sdp: sdp.cloned(),
            headers: headers.to_vec(),
        };
        if session.reliable.unacknowledged.is_none() {
            self.start_progress(now, id, server, response)?;
        } else if session.reliable.waiting.len() < WAITING {
            session.reliable.waiting.push_back(response);
        } else {
            return Err(EndpointError::LimitReached);
        }
        Ok(true)
    }

    fn start_progress(
        &mut self,
        now: Instant,
        id: SessionId,
        server: u64,
        response: Response,
    ) -> Outcome {
        let Response { code, sdp, headers } = response;
        let first: u32 = self.rng.random_range(1..1 << 31);
        let t1 = self.config.timers.t1;
        let give_up = now + self.config.timers.sixty_four_t1();
        let session = self
            .sessions
            .get_mut(&id)
            .ok_or(EndpointError::UnknownSession)?;
        let has_offer = session.reliable.has_offer;
        // Once it is agreed, further descriptions say nothing and are left out.
        let dialog = session.dialogs.first_mut();
        let dialog = dialog.ok_or(EndpointError::InvalidState)?;
        let sdp = sdp.filter(|_| matches!(dialog.early, Early::Open));
        if sdp.is_some() {
            dialog.early = if has_offer {
                Early::Agreed(None)
            } else {
                Early::Offered
            };
        }
        let number = match session.reliable.last {
            0 => first,
            last => last.checked_add(1).ok_or(EndpointError::LimitReached)?,
        };
        session.reliable.last = number;
        let mut headers = headers;
        headers.push(("Require".to_owned(), "100rel".to_owned()));
        headers.push(("RSeq".to_owned(), number.to_string()));
        let bytes = self
            .dialog_response(id, server, code, "", sdp.as_ref(), &headers)
            .ok_or(EndpointError::InvalidState)?;
        let invite = self
            .servers
            .get(&server)
            .map_or(0, |transaction| transaction.number);
        let repeat = Some(self.arm_session(now + t1, id, SessionTimer::RepeatProgress));
        let give_up = Some(self.arm_session(give_up, id, SessionTimer::PrackMissing));
        self.run_server(now, server, code, bytes.clone());
        if let Some(session) = self.sessions.get_mut(&id) {
            session.reliable.unacknowledged = Some(Unacknowledged {
                number,
                invite,
                code,
                has_sdp: sdp.is_some(),
                bytes,
                interval: t1,
                repeat,
                give_up,
            });
        }
        Ok(())
    }

    /// Keeps a 2xx back while a description of ours waits for its PRACK. True when it did; that the call is over for
    /// the other responses is seen to when it is sent.
    pub(crate) fn hold_answer_back(
        &mut self,
        id: SessionId,
        sdp: Option<&Bytes>,
        headers: &[(String, String)],
    ) -> Outcome<bool> {
        let session = self
            .sessions
            .get_mut(&id)
            .ok_or(EndpointError::UnknownSession)?;
        if session.reliable.answer_waits() {
            return Err(EndpointError::InvalidState);
        }
        // The answer to an offer in a PRACK comes before the 2xx, too.
        let must_wait = session.reliable.description_is_open() || session.incoming.is_some();
        if must_wait {
            session.reliable.answer = Some(Response {
                code: 200,
                sdp: sdp.cloned(),
                headers: headers.to_vec(),
            });
        }
        Ok(must_wait)
    }

    pub(crate) fn on_repeat_progress(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let (State::Incoming { server }, Some(sent)) =
            (&session.state, &mut session.reliable.unacknowledged)
        else {
            return;
        };
        sent.interval *= 2;
        let (server, code, bytes) = (*server, sent.code, sent.bytes.clone());
        let due = Due::Session(id, SessionTimer::RepeatProgress);
        sent.repeat = Some(self.out.timers.arm(now + sent.interval, due));
        self.run_server(now, server, code, bytes);
    }

    /// No PRACK for 64·T1: the INVITE is refused with a 5xx (§3).
    pub(crate) fn on_prack_missing(&mut self, now: Instant, id: SessionId) {
        let Some(State::Incoming { server }) = self.sessions.get(&id).map(|session| &session.state)
        else {
            return;
        };
        let server = *server;
        self.reply(now, server, 504, "", &[], None);
        self.end_session(now, id, Event::Timeout { session: id });
    }

    /// A PRACK of the peer.
    pub(crate) fn on_prack(
        &mut self,
        now: Instant,
        flow: &Flow,
        id: SessionId,
        server: u64,
        message: Message,
    ) {
        let rack = message.header(HeaderName::RAck).and_then(RAck::parse);
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let fits = |sent: &mut Unacknowledged| {
            rack.is_some_and(|rack| {
                rack.response == sent.number
                    && rack.request.number == sent.invite
                    && rack.request.method == Method::Invite
            })
        };
        let Some(mut sent) = session.reliable.unacknowledged.take_if(fits) else {
            return self.reply(now, server, 481, "", &[], None);
        };
        self.out.timers.cancel(&mut sent.repeat);
        self.out.timers.cancel(&mut sent.give_up);
        let is_early = session.is_early();
        let sdp = message.sdp();
        let Some(dialog) = session.dialog_mut() else {
            return;
        };
        match (&dialog.early, sdp) {
            (Early::Offered, sdp) => {
                dialog.early = Early::Agreed(None);
                self.reply(now, server, 200, "", &[], None);
                self.out.event(Event::ProgressAcked { session: id, sdp });
            }
            // A further offer; its answer is in the 200 (§5).
            (Early::Agreed(_), Some(offer)) if is_early => {
                session.incoming = Some(server);
                self.out.event(Event::Reinvite {
                    session: id,
                    sdp: Some(offer),
                    request: IncomingRequest {
                        message,
                        flow: *flow,
                    },
                });
            }
            _ => self.reply(now, server, 200, "", &[], None),
        }
        self.continue_answering(now, id);
    }

    /// What waited for a PRACK, or for the answer to an offer in one.
    pub(crate) fn continue_answering(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let State::Incoming { server } = session.state else {
            return;
        };
        if session.incoming.is_some() || session.reliable.unacknowledged.is_some() {
            return;
        }
        if let Some(next) = session.reliable.waiting.pop_front() {
            if let Err(error) = self.start_progress(now, id, server, next) {
                tracing::debug!(%error, "A provisional response is not sent");
            }
            return;
        }
        if let Some(answer) = session.reliable.answer.take() {
            let sent = self.send_answer(now, id, answer.sdp.as_ref(), &answer.headers);
            if let Err(error) = sent {
                tracing::debug!(%error, "The answer is not sent");
            }
        }
    }

    /// A provisional response to our INVITE, in the dialog with that tag: acknowledges it when it is reliable. The
    /// description the owner is to see, or `None` when the response was seen before or came too early (§4).
    pub(crate) fn take_progress(
        &mut self,
        now: Instant,
        id: SessionId,
        to_tag: &str,
        response: &Message,
    ) -> Option<Option<Bytes>> {
        let sdp = response.sdp();
        let Some(rack) = RAck::wanted_by(response) else {
            return Some(sdp);
        };
        let session = self.sessions.get_mut(&id)?;
        let State::Inviting { offered, .. } = session.state else {
            return Some(sdp);
        };
        let dialogs = &mut session.dialogs;
        let Some(dialog) = dialogs
            .iter_mut()
            .find(|dialog| *dialog.remote_tag == *to_tag)
        else {
            return Some(sdp);
        };
        if dialog
            .response
            .is_some_and(|last| last.checked_add(1) != Some(rack.response))
        {
            return None;
        }
        dialog.response = Some(rack.response);
        let sdp = match (&dialog.early, sdp) {
            (Early::Open, Some(offer)) if !offered => {
                dialog.early = Early::Offered;
                dialog.owes_prack = Some(rack);
                return Some(Some(offer));
            }
            (Early::Open, Some(answer)) => {
                dialog.early = Early::Agreed(Some(answer.clone()));
                Some(answer)
            }
            (Early::Open, None) => None,
            // What is agreed is not agreed once more.
            (Early::Agreed(_) | Early::Offered, _) => None,
        };
        self.send_prack(now, id, to_tag, &rack, None);
        Some(sdp)
    }

    fn send_prack(
        &mut self,
        now: Instant,
        id: SessionId,
        to_tag: &str,
        rack: &RAck,
        sdp: Option<&Bytes>,
    ) {
        let value = format!(
            "{} {} {}",
            rack.response, rack.request.number, rack.request.method
        );
        let headers = [("RAck".to_owned(), value)];
        let body = sdp.map(|sdp| ("application/sdp", &sdp[..]));
        let owner = ClientOwner::Prack(id);
        self.send_in_dialog_of(now, id, to_tag, &Method::Prack, &headers, body, owner);
    }

    /// The owner's answer to an offer in a reliable response. False when none waits for one.
    pub(crate) fn answer_progress(
        &mut self,
        now: Instant,
        id: SessionId,
        sdp: Option<&Bytes>,
    ) -> bool {
        let Some(session) = self.sessions.get_mut(&id) else {
            return false;
        };
        if !matches!(session.state, State::Inviting { .. }) {
            return false;
        }
        let owing = session
            .dialogs
            .iter_mut()
            .rev()
            .find_map(|dialog| Some((dialog.owes_prack.take()?, dialog)));
        let Some((rack, dialog)) = owing else {
            return false;
        };
        dialog.early = Early::Agreed(None);
        let to_tag = dialog.remote_tag.clone();
        session.local_sdp = sdp.cloned();
        self.send_prack(now, id, &to_tag, &rack, sdp);
        true
    }

    /// The answer to a PRACK of ours: only a challenge asks for more.
    pub(crate) fn on_prack_response(
        &mut self,
        now: Instant,
        id: SessionId,
        sent: &Sent,
        response: &Message,
        code: u16,
    ) {
        if matches!(code, 401 | 407)
            && let Some((key, bytes)) = self.with_credentials(id, &sent.request, response)
        {
            let owner = ClientOwner::Prack(id);
            self.start_client(now, key, owner, &Method::Prack, bytes, sent.target);
        }
    }
}
