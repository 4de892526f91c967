//! Going down in order: stop accepting, tell the peers, wait, close.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The stages of a door's end, and the tasks that have to end with it. Cloning shares.
///
/// The tokens form a tree: the process's token ends all doors at once, a door's its connections.
#[derive(Clone, Debug)]
pub struct Drain {
    accepting: CancellationToken,
    telling: CancellationToken,
    closing: CancellationToken,
    tasks: TaskTracker,
}

/// What a connection watches.
#[derive(Clone, Debug)]
pub struct Leaving {
    /// Cancelled: say goodbye and end.
    pub told: CancellationToken,
    /// Cancelled: end at once.
    pub closed: CancellationToken,
}

/// How a drain went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Drained {
    /// Every task ended by itself.
    InTime,
    /// That many had to be closed.
    Forced(usize),
}

/// How long tasks that were told to end at once may take.
const LAST_MOMENT: Duration = Duration::from_secs(2);

impl Drain {
    /// A door below `process`: cancelling that one closes everything at once.
    pub fn new(process: &CancellationToken) -> Self {
        let closing = process.child_token();
        let telling = closing.child_token();
        Self {
            accepting: telling.child_token(),
            telling,
            closing,
            tasks: TaskTracker::new(),
        }
    }

    /// Cancelled when no more connections are to be accepted.
    pub fn accepting(&self) -> &CancellationToken {
        &self.accepting
    }

    /// Tokens for a new connection.
    pub fn connection(&self) -> Leaving {
        Leaving {
            told: self.telling.child_token(),
            closed: self.closing.child_token(),
        }
    }

    /// Spawns a task that [`Drain::run`] waits for.
    pub fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Stops accepting; connections go on.
    pub fn stop_accepting(&self) {
        self.accepting.cancel();
    }

    /// Stops accepting, tells the connections, waits up to `grace`, then closes what is left.
    pub async fn run(&self, grace: Duration) -> Drained {
        self.accepting.cancel();
        self.telling.cancel();
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_ok() {
            return Drained::InTime;
        }
        let left = self.tasks.len();
        self.closing.cancel();
        if tokio::time::timeout(LAST_MOMENT, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(tasks = self.tasks.len(), "Tasks outlive their door");
        }
        Drained::Forced(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn stages_come_in_order() {
        let drain = Drain::new(&CancellationToken::new());
        let polite = drain.connection();
        drain.spawn(async move { polite.told.cancelled().await });
        let stubborn = drain.connection();
        drain.spawn(async move { stubborn.closed.cancelled().await });
        drain.stop_accepting();
        assert!(drain.accepting().is_cancelled());
        assert!(!drain.connection().told.is_cancelled());
        assert_eq!(drain.run(Duration::from_secs(5)).await, Drained::Forced(1));
    }

    #[tokio::test]
    async fn the_process_takes_all_doors_with_it() {
        let process = CancellationToken::new();
        let drain = Drain::new(&process);
        let leaving = drain.connection();
        process.cancel();
        assert!(leaving.told.is_cancelled() && leaving.closed.is_cancelled());
        assert!(drain.accepting().is_cancelled());
    }
}
