//! How far a connection is, and when patience with it ends.

use std::time::{Duration, Instant};

use crate::control::PeerEnd;

/// Time for ICE after both descriptions are there, and to come back once it broke off.
const ICE_PATIENCE: Duration = Duration::from_secs(30);
/// Time for ICE to come back after it broke off; finding out that it did takes some 20 s before.
const ICE_GRACE: Duration = Duration::from_secs(10);
/// Time for the handshake after ICE is up (sylkrtc.md §5.7, point 11).
const DTLS_PATIENCE: Duration = Duration::from_secs(30);

/// How far the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The browser's description is not there yet.
    Waiting,
    /// ICE is at work, until then at the latest.
    Checking { until: Instant },
    /// ICE is up and DTLS at work, until then at the latest.
    Shaking { until: Instant },
    /// Everything is up.
    Up,
    /// ICE was up, and has to come back until then.
    Lost { until: Instant },
    /// Nothing happens any more.
    Over,
}

impl Stage {
    /// Both descriptions are there.
    pub(super) fn described(&mut self, now: Instant) {
        if *self == Self::Waiting {
            *self = Self::Checking {
                until: now + ICE_PATIENCE,
            };
        }
    }

    /// The handshake is done.
    pub(super) fn shaken(&mut self) {
        if matches!(self, Self::Checking { .. } | Self::Shaking { .. }) {
            *self = Self::Up;
        }
    }

    /// ICE found a way, or lost it. `shaken`: the handshake was done before.
    pub(super) fn ice(&mut self, now: Instant, connected: bool, shaken: bool) {
        *self = match (*self, connected) {
            (Self::Lost { .. }, true) if shaken => Self::Up,
            (Self::Checking { .. } | Self::Lost { .. }, true) => Self::Shaking {
                until: now + DTLS_PATIENCE,
            },
            (Self::Shaking { .. } | Self::Up, false) => Self::Lost {
                until: now + ICE_GRACE,
            },
            (same @ (Self::Waiting | Self::Over), _)
            | (same @ (Self::Checking { .. } | Self::Lost { .. }), false)
            | (same @ (Self::Shaking { .. } | Self::Up), true) => same,
        };
    }

    /// When patience ends.
    pub(super) fn until(&self) -> Option<Instant> {
        match self {
            Self::Checking { until } | Self::Lost { until } | Self::Shaking { until } => {
                Some(*until)
            }
            Self::Waiting | Self::Up | Self::Over => None,
        }
    }

    /// What ends a connection that got no further in time.
    pub(super) fn overdue(&self, now: Instant) -> Option<PeerEnd> {
        self.until().filter(|until| *until <= now)?;
        Some(match self {
            Self::Shaking { .. } => PeerEnd::DtlsTimeout,
            Self::Waiting | Self::Checking { .. } | Self::Up | Self::Lost { .. } | Self::Over => {
                PeerEnd::IceFailed
            }
        })
    }

    /// Why a connection ended that the library gave up for a reason of the handshake.
    pub(super) fn given_up(&self, handshake: PeerEnd) -> PeerEnd {
        match self {
            Self::Up | Self::Lost { .. } => PeerEnd::Closed,
            Self::Waiting | Self::Checking { .. } | Self::Shaking { .. } | Self::Over => handshake,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_lost_before_the_handshake_begins_it_anew_and_one_lost_after_does_not() {
        let now = Instant::now();
        let mut stage = Stage::Waiting;
        stage.ice(now, true, false);
        assert_eq!(stage, Stage::Waiting);
        stage.described(now);
        stage.ice(now, true, false);
        stage.ice(now, false, false);
        assert_eq!(stage.overdue(now), None);
        assert_eq!(stage.overdue(now + ICE_GRACE), Some(PeerEnd::IceFailed));
        stage.ice(now, true, false);
        assert_eq!(
            stage.overdue(now + DTLS_PATIENCE),
            Some(PeerEnd::DtlsTimeout)
        );
        stage.shaken();
        assert_eq!((stage, stage.until()), (Stage::Up, None));
        stage.ice(now, false, true);
        stage.ice(now, true, true);
        assert_eq!(stage, Stage::Up);
    }
}
