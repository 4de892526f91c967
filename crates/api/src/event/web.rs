use std::sync::Arc;

use crate::id::{ChannelId, WebClientId};

/// Somebody on the other side of a call or message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebParty {
    /// `user@host`
    pub uri: Arc<str>,
    /// As shown; may be empty.
    pub display_name: Arc<str>,
}

/// A list of header names and values, in order.
pub type WebHeaders = Vec<(Arc<str>, Arc<str>)>;

/// What happened to a web client; only the door that made it known cares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebEvent {
    /// Which client.
    pub client: WebClientId,
    /// What.
    pub kind: WebEventKind,
}

/// See [`WebEvent`]. Descriptions (SDP) are those of the browser's side, candidates inside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WebEventKind {
    /// A REGISTER is on its way.
    Registering,
    /// It is registered; told on change only, refreshes are silent.
    Registered,
    /// It is not, or no longer.
    RegistrationFailed {
        /// SIP status; 904 when the credentials were refused (sylkrtc.md §4.3).
        code: u16,
        /// Its phrase.
        phrase: Arc<str>,
    },
    /// Somebody calls; the phone rings.
    Incoming {
        /// The call.
        channel: ChannelId,
        /// Our offer.
        offer: Arc<str>,
        /// Who calls.
        from: WebParty,
        /// `Call-ID` of the INVITE, or what stands for it.
        call_id: Arc<str>,
        /// Headers with one of the client's prefixes, of those that begin with `X-`.
        headers: WebHeaders,
    },
    /// The client's own call is on its way.
    Calling {
        /// The call.
        channel: ChannelId,
    },
    /// A provisional response without media.
    Proceeding {
        /// The call.
        channel: ChannelId,
        /// 180–199
        code: u16,
    },
    /// A provisional response with media.
    EarlyMedia {
        /// The call.
        channel: ChannelId,
        /// 180–199
        code: u16,
        /// Our answer; only the first time.
        answer: Option<Arc<str>>,
        /// `Call-ID` of the call.
        call_id: Arc<str>,
    },
    /// The call is answered, by the far side or by the client.
    Accepted {
        /// The call.
        channel: ChannelId,
        /// Our answer, unless early media brought it or the client itself answered.
        answer: Option<Arc<str>>,
        /// `Call-ID` of the call.
        call_id: Arc<str>,
        /// Headers with one of the client's prefixes.
        headers: WebHeaders,
    },
    /// ICE and DTLS are up: media flows.
    Established {
        /// The call.
        channel: ChannelId,
    },
    /// The call is over.
    Terminated {
        /// The call.
        channel: ChannelId,
        /// SIP status, or 0 when media ended it.
        code: u16,
        /// Its phrase, or what became of media (`ICE failed`).
        phrase: Arc<str>,
        /// The caller gave up an unanswered call, and nobody else of the account took it.
        missed: bool,
    },
    /// The far side wants to change the call: the client is to answer with `UpdateWebCall`.
    UpdateReceived {
        /// The call.
        channel: ChannelId,
        /// Our offer.
        offer: Arc<str>,
    },
    /// The client's change was taken.
    UpdateAccepted {
        /// The call.
        channel: ChannelId,
        /// Our answer.
        answer: Arc<str>,
    },
    /// The client's change was refused; the call goes on as before.
    UpdateFailed {
        /// The call.
        channel: ChannelId,
        /// SIP status.
        code: u16,
        /// Its phrase.
        phrase: Arc<str>,
    },
}

impl WebEventKind {
    /// The call it speaks of.
    pub fn channel(&self) -> Option<&ChannelId> {
        match self {
            Self::Registering | Self::Registered | Self::RegistrationFailed { .. } => None,
            Self::Incoming { channel, .. }
            | Self::Calling { channel }
            | Self::Proceeding { channel, .. }
            | Self::EarlyMedia { channel, .. }
            | Self::Accepted { channel, .. }
            | Self::Established { channel }
            | Self::Terminated { channel, .. }
            | Self::UpdateReceived { channel, .. }
            | Self::UpdateAccepted { channel, .. }
            | Self::UpdateFailed { channel, .. } => Some(channel),
        }
    }
}
