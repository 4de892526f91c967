//! The connection as the typing thread sees it.

use tokio::sync::{mpsc, oneshot};

use super::connection::Request;
use super::frames::Frame;

/// Asks and waits. Only for threads that are not part of the runtime.
#[derive(Clone)]
pub(super) struct Link {
    requests: mpsc::Sender<Request>,
}

impl Link {
    pub(super) fn new(requests: mpsc::Sender<Request>) -> Self {
        Self { requests }
    }

    /// The answer; `None` while there is no connection.
    pub(super) fn ask(&self, text: &str) -> Option<Frame> {
        let (answer, wait) = oneshot::channel();
        let text = text.to_owned();
        self.requests.blocking_send(Request { text, answer }).ok()?;
        wait.blocking_recv().ok()
    }
}
