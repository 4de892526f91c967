//! What the switch task holds of the WebRTC peers: their thread, and what it says.

use media::control::{MediaReport, WebCommand, WebReport};
use tokio::sync::mpsc;

use super::WebThread;

/// The switch's side. Commands go in; reports come out.
pub(crate) struct WebSide {
    pub(crate) thread: WebThread,
    pub(crate) reports: mpsc::Receiver<WebReport>,
}

impl WebSide {
    /// Passes a command on. Never waits.
    pub(crate) fn post(&mut self, command: WebCommand) {
        if let Err(error) = self.thread.post(command) {
            tracing::error!(%error, "An order to the WebRTC peers is lost");
        }
    }

    /// Looks at what media threads say: the lanes follow legs that move.
    pub(crate) fn notice(&mut self, report: &MediaReport) {
        if let MediaReport::Moved { leg, worker } = report
            && let Err(error) = self.thread.leg_moved(*leg, *worker)
        {
            tracing::error!(%error, "An order to the WebRTC peers is lost");
        }
    }

    /// Sends what was kept; says whether something still is.
    pub(crate) fn flush(&mut self) -> bool {
        self.thread.flush()
    }

    /// The next report, if there is one.
    pub(crate) fn try_recv(&mut self) -> Option<WebReport> {
        self.reports.try_recv().ok()
    }

    /// The next report. Cancel-safe.
    pub(crate) async fn recv(&mut self) -> Option<WebReport> {
        self.reports.recv().await
    }
}
