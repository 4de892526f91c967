//! The timers of the whole endpoint, seen from outside as one deadline.

use std::collections::BTreeMap;
use std::time::Instant;

use super::key::ClientKey;
use crate::event::SessionId;

/// What is due, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Client(ClientKey, ClientTimer),
    /// By number of the server transaction.
    Server(u64, ServerTimer),
    Session(SessionId, SessionTimer),
}

/// Timers of client transactions (RFC 3261 §17.1, RFC 6026 §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientTimer {
    /// A (INVITE) and E: send again.
    Retransmit,
    /// B (INVITE) and F: no final response.
    Timeout,
    /// D (INVITE), K and M: nothing more can come.
    Linger,
}

/// Timers of server transactions (RFC 3261 §17.2, RFC 6026 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerTimer {
    /// G: send the failure again.
    Retransmit,
    /// H, I, J and L, and the end of a request its owner never answered.
    Linger,
}

/// Timers of sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionTimer {
    /// Send our 2xx again (RFC 3261 §13.3.1.4).
    RepeatAnswer,
    /// No ACK for our 2xx.
    AckMissing,
    /// The peer rings for too long.
    Ringing,
    /// No final response after our CANCEL (§9.1).
    CancelUnanswered,
    /// Try the re-INVITE again after glare (§14.1).
    RetryReinvite,
    /// Send our reliable provisional response again (RFC 3262 §3).
    RepeatProgress,
    /// No PRACK for it.
    PrackMissing,
    /// Refresh the session (RFC 4028 §7.4).
    Refresh,
    /// Nobody refreshed the session (§10).
    Expired,
}

/// An armed timer, to cancel it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimerId(Instant, u64);

/// All armed timers. Arming and cancelling cost O(log n); cancelled ones leave nothing behind.
#[derive(Debug, Default)]
pub(crate) struct TimerQueue {
    armed: BTreeMap<TimerId, Due>,
    next: u64,
}

impl TimerQueue {
    pub(crate) fn arm(&mut self, at: Instant, due: Due) -> TimerId {
        let id = TimerId(at, self.next);
        self.next += 1;
        self.armed.insert(id, due);
        id
    }

    pub(crate) fn cancel(&mut self, id: &mut Option<TimerId>) {
        if let Some(id) = id.take() {
            self.armed.remove(&id);
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.armed.first_key_value().map(|(id, _)| id.0)
    }

    /// Takes the earliest timer due at `now`.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Due> {
        let first = self.armed.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    pub(crate) fn len(&self) -> usize {
        self.armed.len()
    }
}
