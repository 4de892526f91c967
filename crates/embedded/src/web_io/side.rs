//! What the switch task holds of the WebRTC peers: their thread, or the honest answer that there is none.

use std::collections::VecDeque;

use media::control::{MediaReport, WebCommand, WebReport};
use tokio::sync::mpsc;

use super::WebThread;

/// The switch's side. Commands go in; reports come out, also where nobody is there to carry the commands out.
pub(crate) enum WebSide {
    /// They live.
    Running {
        /// Their thread.
        thread: WebThread,
        /// What it says.
        reports: mpsc::Receiver<WebReport>,
    },
    /// The configuration wants none.
    Absent {
        /// What is still to be said of it.
        refusals: VecDeque<WebReport>,
    },
}

impl WebSide {
    pub(crate) fn absent() -> Self {
        Self::Absent {
            refusals: VecDeque::new(),
        }
    }

    /// Passes a command on. Never waits.
    pub(crate) fn post(&mut self, command: WebCommand) {
        match self {
            Self::Running { thread, .. } => {
                if let Err(error) = thread.post(command) {
                    tracing::error!(%error, "An order to the WebRTC peers is lost");
                }
            }
            Self::Absent { refusals } => refusals.extend(refusal(&command)),
        }
    }

    /// Looks at what media threads say: the lanes follow legs that move.
    pub(crate) fn notice(&mut self, report: &MediaReport) {
        if let (Self::Running { thread, .. }, MediaReport::Moved { leg, worker }) = (self, report)
            && let Err(error) = thread.leg_moved(*leg, *worker)
        {
            tracing::error!(%error, "An order to the WebRTC peers is lost");
        }
    }

    /// Sends what was kept; says whether something still is, or a report waits here.
    pub(crate) fn flush(&mut self) -> bool {
        match self {
            Self::Running { thread, .. } => thread.flush(),
            Self::Absent { refusals } => !refusals.is_empty(),
        }
    }

    /// The next report, if there is one.
    pub(crate) fn try_recv(&mut self) -> Option<WebReport> {
        match self {
            Self::Running { reports, .. } => reports.try_recv().ok(),
            Self::Absent { refusals } => refusals.pop_front(),
        }
    }

    /// The next report. Waits for ever where there is nobody; what waits here comes at once. Cancel-safe.
    pub(crate) async fn recv(&mut self) -> Option<WebReport> {
        match self {
            Self::Running { reports, .. } => reports.recv().await,
            Self::Absent { refusals } => match refusals.pop_front() {
                Some(report) => Some(report),
                None => std::future::pending().await,
            },
        }
    }
}

/// What a command gets where there are no peers.
fn refusal(command: &WebCommand) -> Option<WebReport> {
    let peer = match command {
        WebCommand::Accept { peer, .. }
        | WebCommand::Offer { peer, .. }
        | WebCommand::OpenFeed { peer, .. } => *peer,
        // Nothing is said of peers that are not there.
        WebCommand::TakeAnswer { .. }
        | WebCommand::Trickle { .. }
        | WebCommand::OpenVoice { .. }
        | WebCommand::SetFlow { .. }
        | WebCommand::LimitBitrate { .. }
        | WebCommand::LinkVideo { .. }
        | WebCommand::UnlinkVideo { .. }
        | WebCommand::Close { .. } => return None,
    };
    let why = "WebRTC is not configured".to_owned();
    Some(WebReport::Refused { peer, why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::control::{PeerId, PeerWish};

    #[tokio::test]
    async fn without_a_thread_every_peer_is_refused_once() {
        let mut side = WebSide::absent();
        let wish = PeerWish {
            audio: Vec::new(),
            video: false,
            prefer_video: None,
            leg: None,
        };
        let (a, b) = (PeerId(1), PeerId(2));
        let offer = String::new();
        side.post(WebCommand::Offer {
            peer: a,
            wish: wish.clone(),
        });
        side.post(WebCommand::Close { peer: a });
        side.post(WebCommand::Accept {
            peer: b,
            offer,
            wish,
        });
        assert!(side.flush());
        for peer in [a, b] {
            let report = side.recv().await;
            assert!(matches!(report, Some(WebReport::Refused { peer: of, .. }) if of == peer));
        }
        assert_eq!(side.try_recv(), None);
        assert!(!side.flush());
    }
}
