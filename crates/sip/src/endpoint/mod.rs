//! The endpoint: the only door of the crate.

mod config;
mod request;

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

pub use config::{Counts, EndpointConfig, EndpointError, Limits, Timers};
pub use request::{InviteRequest, Party};

use crate::event::{Event, OutOfDialogRequest, RequestId, SessionId, TransactionId};
use crate::message::{Message, Method};
use crate::transport::{Flow, FlowId, Target, Transmit};

/// Result of the endpoint's calls.
pub type Outcome<T = ()> = Result<T, EndpointError>;

/// Transactions, dialogs and INVITE sessions of one switch.
#[derive(Debug)]
pub struct Endpoint {
    config: EndpointConfig,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
}

/// The identifiers of a session's dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialogView<'a> {
    /// Call-ID.
    pub call_id: &'a str,
    /// Our tag.
    pub local_tag: &'a str,
    /// The peer's tag; empty before a dialog exists.
    pub remote_tag: &'a str,
    /// The peer's Contact URI; empty before a dialog exists.
    pub remote_contact: &'a str,
    /// Where in-dialog requests go.
    pub target: Target,
}

#[allow(unused_variables, reason = "signatures first")]
impl Endpoint {
    /// An idle endpoint. The seed makes tags, branches and Call-IDs unguessable; give each process
    /// a new one.
    pub fn new(config: EndpointConfig, seed: [u8; 32]) -> Self {
        Self {
            config,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Takes a message from a reader.
    pub fn handle_message(&mut self, now: Instant, flow: &Flow, message: Message) {}

    /// Fires every timer due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {}

    /// Takes note that a connection is gone.
    pub fn handle_flow_closed(&mut self, now: Instant, flow: FlowId) {}

    /// Places a call.
    pub fn invite(&mut self, now: Instant, request: InviteRequest) -> Outcome<SessionId> {
        Err(EndpointError::LimitReached)
    }

    /// Sends 101–199 for an incoming INVITE.
    pub fn provisional(
        &mut self,
        now: Instant,
        session: SessionId,
        code: u16,
        sdp: Option<Bytes>,
        headers: &[(String, String)],
    ) -> Outcome {
        Err(EndpointError::UnknownSession)
    }

    /// Sends 200 for an incoming INVITE, repeated until the ACK.
    pub fn accept(
        &mut self,
        now: Instant,
        session: SessionId,
        sdp: Option<Bytes>,
        headers: &[(String, String)],
    ) -> Outcome {
        Err(EndpointError::UnknownSession)
    }

    /// Sends 300–699 for an incoming INVITE; `reason` empty takes the usual phrase. `Ended` follows.
    pub fn reject(
        &mut self,
        now: Instant,
        session: SessionId,
        code: u16,
        reason: &str,
        headers: &[(String, String)],
    ) -> Outcome {
        Err(EndpointError::UnknownSession)
    }

    /// Ends a session in whatever state it is: CANCEL, BYE, or a rejection with
    /// `code_if_unanswered`. `headers` (Reason and others) go along. A terminal event follows.
    pub fn hangup(
        &mut self,
        now: Instant,
        session: SessionId,
        code_if_unanswered: u16,
        headers: &[(String, String)],
    ) -> Outcome {
        Err(EndpointError::UnknownSession)
    }

    /// Sends the ACK that an INVITE without offer leaves to the owner, with the answer.
    pub fn acknowledge(&mut self, now: Instant, session: SessionId, sdp: Option<Bytes>) -> Outcome {
        Err(EndpointError::UnknownSession)
    }

    /// Sends a re-INVITE; glare is retried inside (RFC 3261 §14.1).
    pub fn reinvite(
        &mut self,
        now: Instant,
        session: SessionId,
        sdp: Option<Bytes>,
        headers: &[(String, String)],
    ) -> Outcome {
        Err(EndpointError::UnknownSession)
    }

    /// Accepts the peer's re-INVITE or UPDATE.
    pub fn answer_reinvite(
        &mut self,
        now: Instant,
        session: SessionId,
        sdp: Option<Bytes>,
        headers: &[(String, String)],
    ) -> Outcome {
        Err(EndpointError::UnknownSession)
    }

    /// Refuses the peer's re-INVITE or UPDATE with 300–699; the session goes on as it was.
    pub fn refuse_reinvite(
        &mut self,
        now: Instant,
        session: SessionId,
        code: u16,
        headers: &[(String, String)],
    ) -> Outcome {
        Err(EndpointError::UnknownSession)
    }

    /// Sends an INFO in the session.
    pub fn info(
        &mut self,
        now: Instant,
        session: SessionId,
        content_type: &str,
        body: Bytes,
    ) -> Outcome<TransactionId> {
        Err(EndpointError::UnknownSession)
    }

    /// Sends any request but INVITE, ACK, CANCEL and BYE in the session.
    pub fn request_in_dialog(
        &mut self,
        now: Instant,
        session: SessionId,
        method: Method,
        headers: &[(String, String)],
        body: Option<(&str, Bytes)>,
    ) -> Outcome<TransactionId> {
        Err(EndpointError::UnknownSession)
    }

    /// Sends a request outside any session.
    pub fn send_out_of_dialog(
        &mut self,
        now: Instant,
        request: OutOfDialogRequest,
    ) -> Outcome<TransactionId> {
        Err(EndpointError::LimitReached)
    }

    /// Answers a request handed up as [`Event::Request`]: 101–699, one final answer.
    pub fn respond(
        &mut self,
        now: Instant,
        request: RequestId,
        code: u16,
        reason: &str,
        headers: &[(String, String)],
        body: Option<(&str, Bytes)>,
    ) -> Outcome {
        Err(EndpointError::UnknownRequest)
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When `handle_timeout` is due; `None` when nothing waits.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// The identifiers of a session: the confirmed dialog, or the latest early one.
    pub fn dialog(&self, session: SessionId) -> Option<DialogView<'_>> {
        None
    }

    /// What is alive inside.
    pub fn counts(&self) -> Counts {
        Counts {
            transmits: self.transmits.len(),
            events: self.events.len(),
            ..Counts::default()
        }
    }
}
