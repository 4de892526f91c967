//! Writes what the switch has said into the store, without anybody waiting for it (docs/decisions/0028, 0035).
//!
//! What came while one transaction was under way goes into the next together, so the store is behind by one or two of them.

use std::time::Duration;

use embedded::{Note, Notes};
use tokio::time::sleep;

/// Most changes of one transaction: others wait behind it.
const TOGETHER: usize = 250;

/// Between two transactions, so that under load few of them carry much, and a disk is not kept busy by single rows.
const GATHER: Duration = Duration::from_millis(20);

/// Between attempts when the store fails, at first.
const SHORTEST: Duration = Duration::from_millis(250);

/// And at most.
pub(crate) const LONGEST: Duration = Duration::from_secs(5);

/// How often it is looked whether the switch has stopped while the store fails.
const LOOK: Duration = Duration::from_millis(250);

/// Writes what the switch says until it has stopped and all is written. False when the switch has stopped while the store
/// failed, so that something is lost.
pub(crate) async fn write_behind<N: Note, C: Clone, F: Future<Output = bool>>(
    notes: &Notes<N>,
    change: fn(N) -> C,
    write: impl Fn(Vec<C>) -> F,
) -> bool {
    while let Some(batch) = notes.next(TOGETHER).await {
        let changes: Vec<_> = batch.into_iter().map(change).collect();
        let mut wait = SHORTEST;
        while !write(changes.clone()).await {
            if !pause(wait, notes).await {
                return false;
            }
            wait = (wait * 2).min(LONGEST);
        }
        sleep(GATHER).await;
    }
    true
}

/// Waits; false when the switch has stopped, after which nobody waits long.
pub(crate) async fn pause<N: Note>(span: Duration, notes: &Notes<N>) -> bool {
    let mut waited = Duration::ZERO;
    while waited < span {
        if notes.is_closed() {
            return false;
        }
        sleep(LOOK).await;
        waited += LOOK;
    }
    !notes.is_closed()
}
