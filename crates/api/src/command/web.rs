//! Commands of doors that let web pages be phones. A *web client* is one account on one connection of such a
//! door: a phone whose signalling is the door's business and whose sound and pictures are WebRTC. What happens
//! to it comes as [`crate::event::WebEvent`].

use std::net::SocketAddr;
use std::sync::Arc;

use crate::id::{ChannelId, WebClientId};
use crate::secret::Ha1;

/// Makes a client known. Neither credentials are checked nor is anything registered: `register` does that.
///
/// # Errors
/// `AlreadyExists(User)` for a client that is known; `LimitReached`.
#[derive(Clone, Debug)]
pub struct AddWebClient {
    /// Chosen by the door, never reused while the server runs.
    pub client: WebClientId,
    /// User part of its address.
    pub user: Arc<str>,
    /// Domain part of its address.
    pub domain: Arc<str>,
    /// Its password, hashed with `domain` as realm.
    pub ha1: Ha1,
    /// Name shown to those it calls; may be empty.
    pub display_name: Arc<str>,
    /// `User-Agent` it is presented with; may be empty.
    pub user_agent: Arc<str>,
    /// Headers of INVITEs and 200s whose names start with one of these are handed up.
    pub header_prefixes: Vec<Arc<str>>,
    /// Where its connection comes from: shown with its registration and calls, and whoever guesses passwords
    /// from there is no longer listened to for a while.
    pub source: SocketAddr,
    /// Its page understands [`UpdateReceived`](crate::event::WebEventKind::UpdateReceived). Others are not asked: a
    /// change that needs them goes on without them.
    pub takes_updates: bool,
}

/// Forgets a client: its calls end, its registration goes, silently.
///
/// # Errors
/// `NotFound(User)`.
#[derive(Clone, Debug)]
pub struct RemoveWebClient {
    /// Which.
    pub client: WebClientId,
}

/// Registers a client: with our own registrar when its domain is one of ours, otherwise as a SIP client with
/// the registrar of its domain. Answered when it was accepted for trying, for a foreign domain after the DNS was
/// asked; how it went comes as `WebEvent::Registering`, then `Registered` or `RegistrationFailed`. An earlier
/// registration goes first. Renewals are silent; what changes later comes as the same events.
///
/// # Errors
/// `NotFound(User)`; `NotSupported` when the domain is foreign and its servers are not found.
#[derive(Clone, Debug)]
pub struct RegisterWebClient {
    /// Which.
    pub client: WebClientId,
    /// Parameters of the Contact URI (`pn-tok` and the like), in order.
    pub contact_parameters: Vec<(Arc<str>, Arc<str>)>,
}

/// Ends a client's registration, silently.
///
/// # Errors
/// `NotFound(User)`.
#[derive(Clone, Debug)]
pub struct UnregisterWebClient {
    /// Which.
    pub client: WebClientId,
}

/// A web client calls somebody. Answered with the new channel at once, for a foreign address after the DNS was
/// asked; the rest comes as events. A client with
/// an account of a local domain must have the right credentials, registered or not; with wrong ones the call
/// ends at once with 904.
///
/// # Errors
/// `NotFound(User)`; `InvalidArgument` for an address that is none or a description too long; `LimitReached`;
/// `NotSupported` when the servers of a foreign address are not found; `Unavailable` while draining.
#[derive(Clone, Debug)]
pub struct PlaceWebCall {
    /// Who calls.
    pub client: WebClientId,
    /// `user@host` that is called.
    pub to: Arc<str>,
    /// The browser's offer (SDP).
    pub offer: Arc<str>,
    /// Headers for the INVITE, in order. Only extensions (`X-…`) are taken, so that no page can pretend to be
    /// somebody else.
    pub headers: Vec<(Arc<str>, Arc<str>)>,
}

/// A web client answers a call that came in by `WebEvent::Incoming`.
///
/// # Errors
/// `NotFound(Channel)`; `InvalidState` unless it is ringing.
#[derive(Clone, Debug)]
pub struct AnswerWebCall {
    /// Which call.
    pub channel: ChannelId,
    /// The browser's answer (SDP).
    pub answer: Arc<str>,
    /// Headers for the 200, in order; only extensions (`X-…`) are taken.
    pub headers: Vec<(Arc<str>, Arc<str>)>,
}

/// A web client refuses a call that rings, or ends any other call of its own.
///
/// # Errors
/// `NotFound(Channel)`.
#[derive(Clone, Debug)]
pub struct EndWebCall {
    /// Which call.
    pub channel: ChannelId,
    /// SIP status a ringing call is refused with, 300–699.
    pub refuse_with: u16,
}

/// Candidates of the browser. Unusable ones are dropped.
///
/// # Errors
/// `NotFound(Channel)`.
#[derive(Clone, Debug)]
pub struct TrickleWebCall {
    /// Which call.
    pub channel: ChannelId,
    /// Each as in `a=candidate`, with or without the attribute's name. An empty one ends the list.
    pub candidates: Vec<Arc<str>>,
}

/// The browser changes a call: an offer of its own, or the answer to a `WebEvent::UpdateReceived`. An offer gets
/// `UpdateAccepted` or `UpdateFailed`; the latter with 491 when the far side has offered at the same time (RFC 3261
/// §14.1), and that offer still waits for its answer.
///
/// # Errors
/// `NotFound(Channel)`; `InvalidState` unless the call is established or waits for that answer.
#[derive(Clone, Debug)]
pub struct UpdateWebCall {
    /// Which call.
    pub channel: ChannelId,
    /// The browser's description (SDP).
    pub sdp: Arc<str>,
}

impl UpdateWebCall {
    /// Whether the description can only be an offer: it leaves open who begins the DTLS handshake (RFC 5763 §5).
    pub fn is_offer(&self) -> bool {
        self.lines().any(|line| line == "a=setup:actpass")
    }

    /// Whether it can only be an answer: it says who begins.
    pub fn is_answer(&self) -> bool {
        let decided = ["a=setup:active", "a=setup:passive"];
        !self.is_offer() && self.lines().any(|line| decided.contains(&line))
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        self.sdp.lines().map(str::trim_end)
    }
}

/// Digits pressed in the page, as if the browser had sent them within its audio.
///
/// # Errors
/// `NotFound(Channel)`; `InvalidState` before it is answered; `InvalidArgument` for what is no digit.
#[derive(Clone, Debug)]
pub struct PressWebDigits {
    /// Which call.
    pub channel: ChannelId,
    /// `0`–`9`, `*`, `#`, `A`–`D`.
    pub digits: Arc<str>,
    /// Length of each, ms, 1–5000.
    pub duration_ms: u32,
}
