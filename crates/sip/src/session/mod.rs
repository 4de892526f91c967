//! INVITE sessions: what one INVITE started, on either side, until its terminal event.
//!
//! [`Session`] is plain data; the files beside it are the endpoint's methods by subject.

mod answer;
mod calling;
mod fork;
mod hangup;
mod in_dialog;
mod reinvite;

use std::time::Duration;

use bytes::Bytes;

use crate::auth::ChallengeAnswerer;
use crate::dialog::Dialog;
use crate::transaction::{ClientKey, TimerId};

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
    /// Our re-INVITE.
    pub(crate) outgoing: Option<OutgoingReinvite>,
    /// Server transaction of the peer's re-INVITE or UPDATE.
    pub(crate) incoming: Option<u64>,
    /// The BYE to send once the ACK is here (§15).
    pub(crate) hangup_wanted: Option<Vec<(String, String)>>,
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

/// Our re-INVITE.
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
}

impl Session {
    /// The confirmed dialog, or the latest early one.
    pub(crate) fn dialog(&self) -> Option<&Dialog> {
        self.dialogs.last()
    }

    pub(crate) fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        self.dialogs.last_mut()
    }
}
