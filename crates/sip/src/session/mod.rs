//! INVITE sessions: what one INVITE started, on either side, until its terminal event.
//!
//! [`Session`] is plain data; the files beside it are the endpoint's methods by subject.

mod answer;
mod calling;
mod expiry;
mod fork;
mod hangup;
mod in_dialog;
mod open_offer;
mod reinvite;
mod reliable;

use std::time::Duration;

use bytes::Bytes;

use crate::auth::ChallengeAnswerer;
use crate::dialog::Dialog;
use crate::endpoint::Extensions;
use crate::message::header::split_list;
use crate::message::{HeaderName, Message, Method};
use crate::transaction::{ClientKey, TimerId};

use expiry::Expiry;
use reliable::Reliable;

/// One INVITE session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) state: State,
    /// Whether we placed the call: then the Call-ID is ours (matters for glare, §14.1).
    pub(crate) is_caller: bool,
    pub(crate) call_id: Box<str>,
    /// Our tag as a number: the key under which the peer's requests find us.
    pub(crate) tag: u64,
    /// Our tag as printed.
    pub(crate) local_tag: Box<str>,
    /// From of our requests, with our tag.
    pub(crate) local: Box<str>,
    /// Our Contact URI.
    pub(crate) contact: Box<str>,
    /// Number of our last request.
    pub(crate) local_cseq: u32,
    /// Early dialogs while an INVITE of ours rings; afterwards exactly one.
    pub(crate) dialogs: Vec<Dialog>,
    /// Tags of forks that answered too late.
    pub(crate) late_forks: Vec<Box<str>>,
    pub(crate) auth: Option<ChallengeAnswerer>,
    /// Our 2xx that waits for its ACK.
    pub(crate) answer: Option<UnacknowledgedAnswer>,
    /// Number of the INVITE whose 2xx brought an offer and waits for `acknowledge`.
    pub(crate) owes_ack: Option<u32>,
    /// Our re-INVITE, or our UPDATE with an offer.
    pub(crate) outgoing: Option<OutgoingReinvite>,
    /// What the owner wants changed behind the refresh that is under way.
    pub(crate) behind_refresh: Option<OutgoingReinvite>,
    /// Server transaction of the peer's re-INVITE, of its UPDATE or PRACK with an offer.
    pub(crate) incoming: Option<u64>,
    /// The BYE to send once the ACK is here (§15).
    pub(crate) hangup_wanted: Option<Vec<(String, String)>>,
    /// What the profile of the call may use.
    pub(crate) extensions: Extensions,
    /// Our reliable provisional responses.
    pub(crate) reliable: Reliable,
    /// The session timer.
    pub(crate) expiry: Expiry,
    /// Whether the peer has said that it takes UPDATE (RFC 3311 §4).
    pub(crate) takes_update: bool,
    /// The description we sent last, for refreshes by re-INVITE.
    pub(crate) local_sdp: Option<Bytes>,
}

/// States of a session.
///
/// | State | ends with |
/// |---|---|
/// | Inviting | Rejected, Timeout, TransportFailed; Ended after `hangup` |
/// | Incoming | Cancelled, Bye; Ended after `reject` or `hangup` |
/// | Established | Bye, Timeout (no ACK, or no answer to a re-INVITE) |
/// | Leaving | Ended, Bye when both hang up at once |
#[derive(Debug)]
pub(crate) enum State {
    /// Our INVITE has no final answer.
    Inviting {
        client: ClientKey,
        cancel: Cancel,
        timer: Option<TimerId>,
        offered: bool,
    },
    /// The peer's INVITE has no final answer. The number is its server transaction.
    Incoming { server: u64 },
    /// Answered.
    Established,
    /// Our BYE is on its way.
    Leaving,
}

/// How far giving up on our INVITE has come.
#[derive(Debug)]
pub(crate) enum Cancel {
    /// Not wanted.
    No,
    /// Wanted, but no response has come yet (§9.1). With headers for the CANCEL.
    Wanted {
        headers: Vec<(String, String)>,
        timed_out: bool,
    },
    /// CANCEL is sent.
    Sent { timed_out: bool },
}

/// Our 2xx, repeated until the ACK comes (§13.3.1.4).
#[derive(Debug)]
pub(crate) struct UnacknowledgedAnswer {
    /// Number of the INVITE, and so of the ACK.
    pub(crate) number: u32,
    pub(crate) response: Bytes,
    pub(crate) target: crate::transport::Target,
    pub(crate) interval: Duration,
    pub(crate) repeat: Option<TimerId>,
    pub(crate) give_up: Option<TimerId>,
}

/// A change of ours: a re-INVITE, or before the final answer an UPDATE.
#[derive(Debug)]
pub(crate) struct OutgoingReinvite {
    /// Its transaction; `None` while it waits for an ACK or for the end of glare.
    pub(crate) client: Option<ClientKey>,
    pub(crate) retry: Option<TimerId>,
    pub(crate) sdp: Option<Bytes>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) attempts: usize,
    /// The peer has changed the session since it was made.
    pub(crate) is_outdated: bool,
    /// Nothing is to change but the time the session ends at (RFC 4028 §7.4).
    pub(crate) is_refresh: bool,
}

impl OutgoingReinvite {
    pub(crate) fn new(sdp: Option<Bytes>, headers: Vec<(String, String)>) -> Self {
        Self {
            client: None,
            retry: None,
            sdp,
            headers,
            attempts: 0,
            is_outdated: false,
            is_refresh: false,
        }
    }
}

impl Session {
    /// The confirmed dialog, or the latest early one.
    pub(crate) fn dialog(&self) -> Option<&Dialog> {
        self.dialogs.last()
    }

    pub(crate) fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        self.dialogs.last_mut()
    }

    /// Whether our INVITE, or the peer's, has no final answer.
    pub(crate) fn is_early(&self) -> bool {
        match self.state {
            State::Inviting { .. } | State::Incoming { .. } => true,
            State::Established | State::Leaving => false,
        }
    }

    /// Takes note of what the peer says it can do.
    pub(crate) fn learn_abilities(&mut self, message: &Message) {
        let mut lines = message.header_lines(HeaderName::Allow).peekable();
        if lines.peek().is_some() {
            self.takes_update = lines
                .flat_map(split_list)
                .any(|method| method == Method::Update.as_str());
        }
    }
}
