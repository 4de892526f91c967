//! The endpoint: the only door of the crate.
//!
//! This file holds the state and the public methods; what they do is beside it by subject
//! (`receive`, `reply`, `outside`), in `session` and in `subscribe`.

mod config;
mod exercise;
mod extensions;
mod identity;
mod outside;
mod receive;
mod reply;
mod request;
mod respond_to;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

pub use config::{Counts, EndpointConfig, EndpointError, Limits, Timers};
pub use exercise::exercise;
pub use extensions::{Extensions, TimerTerms};
pub use request::{InviteRequest, Party};

pub(crate) use outside::Outgoing;
pub(crate) use request::check_headers;

use crate::event::{
    Event, IncomingRequest, OutOfDialogRequest, RequestId, SessionId, SubscriptionId, TransactionId,
};
use crate::message::{Message, Method};
use crate::session::Session;
use crate::subscribe::Subscription;
use crate::transaction::{ClientKey, ClientTransaction, Outputs, ServerKey, ServerTransaction};
use crate::transport::{Flow, FlowId, Target, Transmit};

/// Result of the endpoint's calls.
pub type Outcome<T = ()> = Result<T, EndpointError>;

/// Transactions, dialogs and INVITE sessions of one switch.
///
/// After every call take transmits and events until there are none, then arm a timer for
/// [`Endpoint::poll_timeout`]. The queues between are as long as what one input causes.
#[derive(Debug)]
pub struct Endpoint {
    pub(crate) config: EndpointConfig,
    pub(crate) rng: StdRng,
    pub(crate) out: Outputs,
    pub(crate) clients: HashMap<ClientKey, ClientTransaction>,
    /// Client transactions by connection, to fail them when it closes.
    client_flows: BTreeSet<(FlowId, ClientKey)>,
    pub(crate) servers: HashMap<u64, ServerTransaction>,
    server_keys: HashMap<ServerKey, u64>,
    /// Requests without To tag, to notice the same one over two paths.
    merged: HashMap<Arc<str>, u64>,
    pub(crate) sessions: HashMap<SessionId, Session>,
    /// By the number in our tag.
    pub(crate) subscriptions: HashMap<SubscriptionId, Subscription>,
    /// Sessions by the number in our tag.
    pub(crate) tags: HashMap<u64, SessionId>,
    /// Requests of the owner that wait for a response.
    pub(crate) outgoing: HashMap<TransactionId, Outgoing>,
    /// Requests that wait for `respond`.
    pub(crate) handed_up: usize,
    /// To tag of answers that leave no state behind.
    stateless_tag: Box<str>,
    last_id: u64,
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
    /// Our Contact URI.
    pub local_contact: &'a str,
    /// The peer's Contact URI; empty before a dialog exists.
    pub remote_contact: &'a str,
    /// Where in-dialog requests go; `None` before a dialog exists.
    pub target: Option<Target>,
    /// Whether the peer has said that it takes UPDATE.
    pub takes_update: bool,
    /// Whether our provisional responses can be reliable (RFC 3262), so that one may bring an offer.
    pub is_reliable: bool,
}

impl Endpoint {
    /// An idle endpoint. The seed makes tags, branches and Call-IDs unguessable; give each process
    /// a new one.
    pub fn new(mut config: EndpointConfig, seed: [u8; 32]) -> Self {
        // An interval of zero would never let `handle_timeout` return.
        config.timers.t1 = config.timers.t1.max(Duration::from_millis(1));
        config.timers.t2 = config.timers.t2.max(config.timers.t1);
        let mut endpoint = Self {
            config,
            rng: StdRng::from_seed(seed),
            out: Outputs::default(),
            clients: HashMap::new(),
            client_flows: BTreeSet::new(),
            servers: HashMap::new(),
            server_keys: HashMap::new(),
            merged: HashMap::new(),
            sessions: HashMap::new(),
            subscriptions: HashMap::new(),
            tags: HashMap::new(),
            outgoing: HashMap::new(),
            handed_up: 0,
            stateless_tag: "".into(),
            last_id: 0,
        };
        endpoint.stateless_tag = endpoint.new_tag().1.into();
        endpoint
    }

    /// The settings it was made with.
    pub fn config(&self) -> &EndpointConfig {
        &self.config
    }

    /// Takes a message from a reader.
    pub fn handle_message(&mut self, now: Instant, flow: &Flow, message: Message) {
        if message.is_request() {
            self.receive_request(now, flow, message);
        } else {
            self.receive_response(now, flow, message);
        }
    }

    /// Fires every timer due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(due) = self.out.timers.pop_due(now) {
            self.fire(now, due);
        }
    }

    /// Takes note that a connection is gone: what waits for a response on it fails.
    pub fn handle_flow_closed(&mut self, now: Instant, flow: FlowId) {
        let first = ClientKey {
            branch: 0,
            is_cancel: false,
        };
        let keys: Vec<_> = self
            .client_flows
            .range((flow, first)..)
            .take_while(|(owner, _)| *owner == flow)
            .map(|(_, key)| *key)
            .collect();
        for key in keys {
            self.fail_client(now, key);
        }
        self.out.event(Event::FlowClosed { flow });
    }

    /// Takes back a message that could not be sent: its transaction fails at once instead of after
    /// 64·T1. Lost responses are left to the peer's retransmissions.
    pub fn handle_transmit_failed(&mut self, now: Instant, transmit: &Transmit) {
        let message = crate::message::parse_datagram(transmit.bytes.clone());
        let key = message
            .ok()
            .filter(Message::is_request)
            .and_then(|request| ClientKey::of_request(&request));
        if let Some(key) = key {
            self.fail_client(now, key);
        }
    }

    /// Places a call.
    ///
    /// # Errors
    /// `InvalidUri`, `InvalidHeader`, `LimitReached`.
    pub fn invite(&mut self, now: Instant, request: InviteRequest) -> Outcome<SessionId> {
        self.place_call(now, request)
    }

    /// Sends 101–199 for an incoming INVITE; reliably when the caller requires it, and with a description when it can
    /// (RFC 3262). Without an offer of the caller such a description is our offer: [`Event::ProgressAcked`] brings the
    /// answer.
    ///
    /// # Errors
    /// `UnknownSession`, `InvalidState` unless it waits for an answer, `InvalidCode`, `InvalidHeader`; `LimitReached`
    /// when too many wait for their acknowledgement.
    pub fn provisional(
        &mut self,
        now: Instant,
        session: SessionId,
        code: u16,
        sdp: Option<Bytes>,
        headers: &[(String, String)],
    ) -> Outcome {
        self.send_provisional(now, session, code, sdp.as_ref(), headers)
    }

    /// Sends 200 for an incoming INVITE, repeated until the ACK; it waits for the PRACK of a description before it. A
    /// `Contact` among the headers replaces ours.
    ///
    /// # Errors
    /// `UnknownSession`, `InvalidState` unless it waits for an answer, `InvalidHeader`.
    pub fn accept(
        &mut self,
        now: Instant,
        session: SessionId,
        sdp: Option<Bytes>,
        headers: &[(String, String)],
    ) -> Outcome {
        self.send_answer(now, session, sdp.as_ref(), headers)
    }

    /// Sends 300–699 for an incoming INVITE; an empty `reason` takes the usual phrase. `Ended` follows.
    ///
    /// # Errors
    /// `UnknownSession`, `InvalidState` unless it waits for an answer, `InvalidCode`, `InvalidHeader`.
    pub fn reject(
        &mut self,
        now: Instant,
        session: SessionId,
        code: u16,
        reason: &str,
        headers: &[(String, String)],
    ) -> Outcome {
        if !crate::message::is_header_value(reason) {
            return Err(EndpointError::InvalidHeader);
        }
        self.send_rejection(now, session, code, reason, headers)
    }

    /// Ends a session in whatever state it is: CANCEL, BYE, or a rejection with
    /// `code_if_unanswered`. `headers` (Reason and others) go along. A terminal event follows; asking
    /// twice changes nothing.
    ///
    /// # Errors
    /// `UnknownSession`, `InvalidHeader`, `InvalidCode`.
    pub fn hangup(
        &mut self,
        now: Instant,
        session: SessionId,
        code_if_unanswered: u16,
        headers: &[(String, String)],
    ) -> Outcome {
        self.hang_up(now, session, code_if_unanswered, headers)
    }

    /// Sends what an INVITE without offer leaves to the owner, with the answer: the ACK, or the PRACK of a reliable
    /// response that brought the offer.
    ///
    /// # Errors
    /// `UnknownSession`; `InvalidState` when neither is owed.
    pub fn acknowledge(&mut self, now: Instant, session: SessionId, sdp: Option<Bytes>) -> Outcome {
        if self.answer_progress(now, session, sdp.as_ref()) {
            return Ok(());
        }
        let owing = self
            .sessions
            .get_mut(&session)
            .ok_or(EndpointError::UnknownSession)?;
        let number = owing.owes_ack.take().ok_or(EndpointError::InvalidState)?;
        self.send_ack(session, number, None, sdp.as_ref());
        Ok(())
    }

    /// Sends a re-INVITE; glare is retried inside (RFC 3261 §14.1). Before the final answer it is an UPDATE, which is
    /// possible once offer and answer have been exchanged reliably, the peer takes UPDATE and there is an offer
    /// (RFC 3311 §5.1).
    ///
    /// # Errors
    /// `UnknownSession`, `InvalidHeader`; `InvalidState` unless the session may be changed now and no
    /// other change is under way from either side.
    pub fn reinvite(
        &mut self,
        now: Instant,
        session: SessionId,
        sdp: Option<Bytes>,
        headers: &[(String, String)],
    ) -> Outcome {
        self.start_reinvite(now, session, sdp, headers)
    }

    /// Accepts the peer's re-INVITE, UPDATE or PRACK with an offer.
    ///
    /// # Errors
    /// `UnknownSession`, `InvalidHeader`; `InvalidState` when none waits.
    pub fn answer_reinvite(
        &mut self,
        now: Instant,
        session: SessionId,
        sdp: Option<Bytes>,
        headers: &[(String, String)],
    ) -> Outcome {
        self.answer_change(now, session, 200, sdp.as_ref(), headers)
    }

    /// Refuses the peer's re-INVITE, UPDATE or PRACK with an offer with 300–699; the session goes on as it was.
    ///
    /// # Errors
    /// `UnknownSession`, `InvalidHeader`, `InvalidCode`; `InvalidState` when none waits.
    pub fn refuse_reinvite(
        &mut self,
        now: Instant,
        session: SessionId,
        code: u16,
        headers: &[(String, String)],
    ) -> Outcome {
        if code < 300 {
            return Err(EndpointError::InvalidCode);
        }
        self.answer_change(now, session, code, None, headers)
    }

    /// Sends an INFO in the session. The outcome is [`Event::Response`].
    ///
    /// # Errors
    /// As [`Endpoint::request_in_dialog`].
    pub fn info(
        &mut self,
        now: Instant,
        session: SessionId,
        content_type: &str,
        body: Bytes,
    ) -> Outcome<TransactionId> {
        self.request_in_dialog(now, session, Method::Info, &[], Some((content_type, body)))
    }

    /// Sends any request but INVITE, ACK, CANCEL and BYE in the session. The outcome is
    /// [`Event::Response`].
    ///
    /// # Errors
    /// `UnknownSession`, `InvalidHeader`, `LimitReached`; `InvalidState` without a dialog or for
    /// those four methods.
    pub fn request_in_dialog(
        &mut self,
        now: Instant,
        session: SessionId,
        method: Method,
        headers: &[(String, String)],
        body: Option<(&str, Bytes)>,
    ) -> Outcome<TransactionId> {
        self.send_request_in_dialog(now, session, &method, headers, body)
    }

    /// Sends a request outside any session. The outcome is [`Event::Response`].
    ///
    /// # Errors
    /// `InvalidUri`, `InvalidHeader`, `LimitReached`; `InvalidState` for INVITE, ACK, CANCEL and BYE.
    pub fn send_out_of_dialog(
        &mut self,
        now: Instant,
        request: OutOfDialogRequest,
    ) -> Outcome<TransactionId> {
        self.send_outside(now, request)
    }

    /// Answers a request handed up as [`Event::Request`]: 101–699; one final answer.
    ///
    /// # Errors
    /// `UnknownRequest` when it was answered or given up; `InvalidHeader`, `InvalidCode`.
    pub fn respond(
        &mut self,
        now: Instant,
        request: RequestId,
        code: u16,
        reason: &str,
        headers: &[(String, String)],
        body: Option<(&str, Bytes)>,
    ) -> Outcome {
        self.respond_to(now, request, code, reason, headers, body)
    }

    /// Answers a SUBSCRIBE outside any dialog with 200, and makes the dialog NOTIFYs are sent in; the first has to follow
    /// at once (RFC 6665 §4.2.1.2). `contact` is our Contact URI; `headers` bring Expires.
    ///
    /// # Errors
    /// `UnknownRequest`, `InvalidUri`, `InvalidHeader`, `LimitReached`; `InvalidState` when it is no SUBSCRIBE, or
    /// one that says nobody to notify (no Contact). It waits for another answer then.
    pub fn accept_subscription(
        &mut self,
        now: Instant,
        id: RequestId,
        request: &IncomingRequest,
        contact: &str,
        headers: &[(String, String)],
    ) -> Outcome<SubscriptionId> {
        self.start_subscription(now, id, request, contact, headers)
    }

    /// Answers a SUBSCRIBE of [`Event::Resubscribe`] with 200, and takes over where the peer is now. A NOTIFY has to
    /// follow.
    ///
    /// # Errors
    /// `UnknownRequest`, `UnknownSubscription`, `InvalidHeader`.
    pub fn refresh_subscription(
        &mut self,
        now: Instant,
        id: RequestId,
        subscription: SubscriptionId,
        request: &IncomingRequest,
        headers: &[(String, String)],
    ) -> Outcome {
        self.continue_subscription(now, id, subscription, request, headers)
    }

    /// Sends a NOTIFY in a subscription. `headers` bring Event and Subscription-State, `body` its type and text. The
    /// outcome is [`Event::Response`].
    ///
    /// # Errors
    /// `UnknownSubscription`, `InvalidHeader`, `LimitReached`.
    pub fn notify(
        &mut self,
        now: Instant,
        subscription: SubscriptionId,
        headers: &[(String, String)],
        body: Option<(&str, Bytes)>,
    ) -> Outcome<TransactionId> {
        self.send_notify(now, subscription, headers, body)
    }

    /// Forgets a subscription and its dialog: requests in it get 481 from now on. False when it was gone already.
    pub fn end_subscription(&mut self, subscription: SubscriptionId) -> bool {
        self.subscriptions.remove(&subscription).is_some()
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.out.transmits.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.out.events.pop_front()
    }

    /// When `handle_timeout` is due; `None` when nothing waits.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.out.timers.next_deadline()
    }

    /// The session a Replaces header names (RFC 3891 §3): its `to_tag` is ours. One that is just ending is found too.
    pub fn replaced(&self, replaces: &crate::message::header::Replaces<'_>) -> Option<SessionId> {
        self.session_with(replaces.call_id, replaces.to_tag, replaces.from_tag)
    }

    /// The identifiers of a session: of the confirmed dialog, or of the latest early one.
    pub fn dialog(&self, session: SessionId) -> Option<DialogView<'_>> {
        let session = self.sessions.get(&session)?;
        let dialog = session.dialog();
        Some(DialogView {
            call_id: &session.call_id,
            local_tag: &session.local_tag,
            remote_tag: dialog.map_or("", |dialog| &dialog.remote_tag),
            local_contact: &session.contact,
            remote_contact: dialog.map_or("", |dialog| &dialog.remote_target),
            target: dialog.map(crate::dialog::Dialog::target),
            takes_update: session.takes_update,
            is_reliable: session.reliable.is_possible(),
        })
    }

    /// What is alive inside.
    pub fn counts(&self) -> Counts {
        Counts {
            client_transactions: self.clients.len(),
            server_transactions: self.servers.len(),
            sessions: self.sessions.len(),
            subscriptions: self.subscriptions.len(),
            timers: self.out.timers.len(),
            outgoing: self.outgoing.len(),
            incoming: self.handed_up,
            transmits: self.out.transmits.len(),
            events: self.out.events.len(),
        }
    }
}
