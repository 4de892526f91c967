//! What the endpoint tells its owner.

use bytes::Bytes;

use crate::message::{Message, Method};
use crate::transport::{Flow, FlowId};

/// One INVITE session: the dialog usage created by one INVITE, including all its forks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// An incoming request that waits for `Endpoint::respond`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// An outgoing request outside INVITE sessions, or one inside a session other than INVITE and BYE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransactionId(pub u64);

/// A peer's subscription to something of ours (RFC 6665).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId(pub u64);

/// A request as it arrived. Typed views are methods of [`Message`], reached by deref.
#[derive(Clone, Debug)]
pub struct IncomingRequest {
    /// The message with all headers in their order.
    pub message: Message,
    /// Where it came from; `flow.remote` is the source address.
    pub flow: Flow,
}

impl std::ops::Deref for IncomingRequest {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

/// Everything that can come out of [`crate::Endpoint::poll_event`].
///
/// A session announced by [`Event::Invite`] or created by `Endpoint::invite` ends with exactly one
/// *terminal* event ([`Event::is_terminal`]); nothing about it follows.
#[derive(Clone, Debug)]
pub enum Event {
    /// A new INVITE. Answer with `provisional`, `accept`, `reject` or `hangup`.
    /// `100 Trying` has been sent. The offer is `request.sdp()`.
    Invite {
        /// The new session.
        session: SessionId,
        /// The request.
        request: IncomingRequest,
    },
    /// A request other than INVITE, ACK, CANCEL, BYE, PRACK and INFO in a session: REGISTER, OPTIONS,
    /// MESSAGE, NOTIFY, REFER, … Answer with `respond`, a SUBSCRIBE also with `accept_subscription`.
    Request {
        /// For `respond`.
        id: RequestId,
        /// The session it belongs to, when it was sent inside a dialog.
        session: Option<SessionId>,
        /// The request.
        request: IncomingRequest,
    },
    /// A SUBSCRIBE in the dialog of a subscription. Answer with `refresh_subscription`, or refuse with `respond`.
    Resubscribe {
        /// For the answer.
        id: RequestId,
        /// The subscription it refreshes or ends.
        subscription: SubscriptionId,
        /// The request.
        request: IncomingRequest,
    },
    /// A provisional response to our INVITE other than 100.
    Progress {
        /// The session.
        session: SessionId,
        /// 101–199.
        code: u16,
        /// Session description, if any.
        sdp: Option<Bytes>,
        /// To tag: names the fork. Empty when the response creates no dialog.
        to_tag: Box<str>,
        /// The whole response.
        response: Message,
    },
    /// Our INVITE was accepted by one fork. The ACK has been sent, unless our INVITE carried no offer:
    /// then `sdp` is the offer and `acknowledge` must follow.
    Answered {
        /// The session.
        session: SessionId,
        /// 200–299.
        code: u16,
        /// Session description, if any.
        sdp: Option<Bytes>,
        /// To tag of the fork that won.
        to_tag: Box<str>,
        /// The whole response.
        response: Message,
    },
    /// Terminal: our INVITE ended with a final failure (300–699).
    Rejected {
        /// The session.
        session: SessionId,
        /// 300–699. 401 and 407 appear when the given credentials do not help.
        code: u16,
        /// The whole response: Contact of a 3xx, Reason, Retry-After, challenges.
        response: Message,
    },
    /// The peer's ACK for our 2xx arrived.
    Acked {
        /// The session.
        session: SessionId,
        /// The answer, when the INVITE carried no offer.
        sdp: Option<Bytes>,
    },
    /// The caller acknowledged the offer that we made in a reliable provisional response (RFC 3262 §5).
    ProgressAcked {
        /// The session.
        session: SessionId,
        /// Its answer; without one there is nothing to go on with.
        sdp: Option<Bytes>,
    },
    /// Terminal: the caller cancelled before we answered; 487 has been sent.
    Cancelled {
        /// The session.
        session: SessionId,
        /// The CANCEL: see its Reason header.
        request: Message,
    },
    /// Terminal: the peer hung up; its BYE has been answered with 200.
    Bye {
        /// The session.
        session: SessionId,
        /// The BYE: see its Reason header.
        request: Message,
    },
    /// The peer changes the session (re-INVITE; UPDATE or PRACK with an offer, both also before the final answer).
    /// Answer with `answer_reinvite` or `refuse_reinvite`.
    Reinvite {
        /// The session.
        session: SessionId,
        /// The offer; `None` asks us to make one.
        sdp: Option<Bytes>,
        /// The request.
        request: IncomingRequest,
    },
    /// The peer accepted our re-INVITE; the ACK has been sent, unless `reinvite` was given no offer:
    /// then `sdp` is the offer and `acknowledge` must follow.
    ReinviteAnswered {
        /// The session.
        session: SessionId,
        /// The answer (or the offer).
        sdp: Option<Bytes>,
        /// The whole response.
        response: Message,
    },
    /// Our re-INVITE failed; the session goes on as it was. Glare (491) is retried inside and appears
    /// here only when it does not end; see also `ReinviteOutdated`.
    ReinviteFailed {
        /// The session.
        session: SessionId,
        /// Final code; 408 when no answer came.
        code: u16,
    },
    /// Our re-INVITE waited for the end of glare, and the session was changed by the peer meanwhile: the offer is old
    /// and is not sent again. The time for a new one has come (RFC 3261 §14.1).
    ReinviteOutdated {
        /// The session.
        session: SessionId,
    },
    /// An INFO arrived in the session; it has been answered with 200.
    Info {
        /// The session.
        session: SessionId,
        /// Content-Type as sent, empty when absent.
        content_type: Box<str>,
        /// The body.
        body: Bytes,
    },
    /// A further fork answered our INVITE after another had won; it has been acknowledged and hung up.
    ForkAnswered {
        /// The session.
        session: SessionId,
        /// To tag of the fork that came late.
        to_tag: Box<str>,
    },
    /// Terminal: no final response to our INVITE, no ACK for our 2xx or no PRACK for our reliable response, within 64·T1; or the peer
    /// does not know or answer an established session any more (408 or 481 to a re-INVITE).
    Timeout {
        /// The session.
        session: SessionId,
    },
    /// Terminal: the peer was to refresh the session and did not (RFC 4028 §10); BYE has been sent.
    Expired {
        /// The session.
        session: SessionId,
    },
    /// Terminal: the flow under the session is gone and nothing can be sent.
    TransportFailed {
        /// The session.
        session: SessionId,
    },
    /// Terminal: what we asked for with `hangup` or `reject` is complete.
    Ended {
        /// The session.
        session: SessionId,
    },
    /// A response to `request_in_dialog`, `info`, `notify` or `send_out_of_dialog`. Codes below 200 may come
    /// several times; a final code comes once and is the last event of the transaction.
    Response {
        /// The transaction.
        id: TransactionId,
        /// The session it belongs to, if any.
        session: Option<SessionId>,
        /// 101–699; 408 without a message when no answer came, 503 without one when the flow failed.
        code: u16,
        /// The whole response, unless the code was made here.
        response: Option<Message>,
    },
    /// A flow is gone: bindings registered over it are unreachable.
    FlowClosed {
        /// The flow.
        flow: FlowId,
    },
}

impl Event {
    /// The session this event speaks of.
    pub fn session(&self) -> Option<SessionId> {
        match self {
            Self::Invite { session, .. }
            | Self::Progress { session, .. }
            | Self::Answered { session, .. }
            | Self::Rejected { session, .. }
            | Self::Acked { session, .. }
            | Self::ProgressAcked { session, .. }
            | Self::Cancelled { session, .. }
            | Self::Bye { session, .. }
            | Self::Reinvite { session, .. }
            | Self::ReinviteAnswered { session, .. }
            | Self::ReinviteFailed { session, .. }
            | Self::ReinviteOutdated { session }
            | Self::Info { session, .. }
            | Self::ForkAnswered { session, .. }
            | Self::Timeout { session }
            | Self::Expired { session }
            | Self::TransportFailed { session }
            | Self::Ended { session } => Some(*session),
            Self::Request { session, .. } | Self::Response { session, .. } => *session,
            Self::Resubscribe { .. } | Self::FlowClosed { .. } => None,
        }
    }

    /// Whether this is the last event of its session.
    pub fn is_terminal(&self) -> bool {
        match self {
            Self::Rejected { .. }
            | Self::Cancelled { .. }
            | Self::Bye { .. }
            | Self::Timeout { .. }
            | Self::Expired { .. }
            | Self::TransportFailed { .. }
            | Self::Ended { .. } => true,
            Self::Invite { .. }
            | Self::Request { .. }
            | Self::Resubscribe { .. }
            | Self::Progress { .. }
            | Self::Answered { .. }
            | Self::Acked { .. }
            | Self::ProgressAcked { .. }
            | Self::Reinvite { .. }
            | Self::ReinviteAnswered { .. }
            | Self::ReinviteFailed { .. }
            | Self::ReinviteOutdated { .. }
            | Self::Info { .. }
            | Self::ForkAnswered { .. }
            | Self::Response { .. }
            | Self::FlowClosed { .. } => false,
        }
    }
}

/// What an owner of the endpoint may ask it to send outside a session.
#[derive(Clone, Debug)]
pub struct OutOfDialogRequest {
    /// Method: OPTIONS, MESSAGE, NOTIFY, REGISTER, SUBSCRIBE, PUBLISH or one of your own.
    pub method: Method,
    /// Request-URI.
    pub uri: String,
    /// From: display name and URI.
    pub from: crate::endpoint::Party,
    /// To: display name and URI.
    pub to: crate::endpoint::Party,
    /// Where to send it.
    pub target: crate::transport::Target,
    /// Contact URI, printed when given.
    pub local_contact: Option<String>,
    /// Further headers, printed as given.
    pub headers: Vec<(String, String)>,
    /// Content-Type and body.
    pub body: Option<(String, Bytes)>,
    /// Answers 401 and 407 when given.
    pub credentials: Option<crate::auth::Credentials>,
    /// Route headers, in order.
    pub route: Vec<String>,
    /// Call-ID and CSeq to continue (registration refresh); made here when absent.
    pub call: Option<(String, u32)>,
}
