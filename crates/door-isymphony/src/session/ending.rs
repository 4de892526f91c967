//! How connections end.

use std::time::Duration;

use net::websocket::{Broken, CloseCode, Signals};
use net::{Cause, Outbox, Outcome, SlowReason};

use super::Session;
use super::reader::ReadEnd;

/// Time for a peer to take what is queued when its connection ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// Why a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// Reading ended.
    Read(ReadEnd),
    /// The outbox is full.
    SlowReader(SlowReason),
    /// More happened than its session could take in.
    LostEvents,
    /// The server goes down.
    ShuttingDown,
    /// Its user has signed out.
    SignedOut,
}

impl From<ReadEnd> for End {
    fn from(end: ReadEnd) -> Self {
        Self::Read(end)
    }
}

impl End {
    fn cause(self) -> Cause {
        match self {
            Self::Read(ReadEnd::Closed) | Self::ShuttingDown | Self::SignedOut => Cause::Closed,
            Self::Read(ReadEnd::Silent | ReadEnd::Broken(Broken::Gone)) => Cause::PeerGone,
            Self::Read(ReadEnd::Broken(Broken::Malformed | Broken::TooBig)) => Cause::Malformed,
            Self::Read(ReadEnd::WriteEnded(outcome)) => outcome.cause(),
            Self::SlowReader(reason) => Outcome::SlowReader { reason }.cause(),
            Self::LostEvents => Cause::LostEvents,
        }
    }

    /// What the close frame says (event-api.md §3, §5.4).
    fn words(self) -> (CloseCode, &'static str) {
        match self {
            Self::Read(
                ReadEnd::Closed | ReadEnd::Broken(Broken::Gone) | ReadEnd::WriteEnded(_),
            ) => (CloseCode::Normal, ""),
            Self::Read(ReadEnd::Silent) => (CloseCode::GoingAway, "nothing was heard"),
            Self::Read(ReadEnd::Broken(Broken::Malformed)) => (CloseCode::Policy, "malformed"),
            Self::Read(ReadEnd::Broken(Broken::TooBig)) => (CloseCode::TooBig, "message too big"),
            Self::SlowReader(_) => (CloseCode::Policy, "reading too slowly"),
            Self::LostEvents => (CloseCode::Policy, "events were lost"),
            Self::ShuttingDown => (CloseCode::GoingAway, "server is going down"),
            Self::SignedOut => (CloseCode::Normal, "signed out"),
        }
    }
}

impl Session {
    /// Says goodbye and closes.
    pub(super) async fn leave(self, end: End, outbox: Outbox, signals: &Signals) {
        let cause = end.cause();
        self.shared.counters.count(cause);
        let is_our_decision = matches!(
            cause,
            Cause::SlowMessages | Cause::SlowBytes | Cause::SlowDeadline | Cause::LostEvents
        );
        if is_our_decision {
            tracing::warn!(
                connection = self.connection,
                ?end,
                "iSymphony client is disconnected"
            );
        }
        let (code, reason) = end.words();
        signals.say(code, reason);
        match end {
            End::SlowReader(reason) => {
                outbox.cut(reason, "").await;
            }
            End::Read(ReadEnd::WriteEnded(_)) => {}
            End::Read(ReadEnd::Closed | ReadEnd::Silent | ReadEnd::Broken(_))
            | End::LostEvents
            | End::ShuttingDown
            | End::SignedOut => {
                outbox.finish(FAREWELL).await;
            }
        }
    }
}
