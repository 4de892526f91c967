//! The way of bindings out of the switch: to whoever keeps them for the next run. The switch never waits for a disk, so
//! what it says is remembered here until it is written; of one binding only the last word counts.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use switch_core::BindingNote;
use tokio::sync::Notify;

/// Bindings of which something may wait to be written. Beyond, a note of another one is lost: a phone's refresh says it
/// again, and what should be forgotten ends by itself. Some 100 MB.
const MAX_WAITING: usize = 200_000;

/// Where the switch's notes go. Dropped with the switch.
#[derive(Debug)]
pub struct BindingKeeper(Arc<Shared>);

/// What waits to be written.
#[derive(Debug)]
pub struct BindingNotes(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    /// By turn, so that what waits longest is written first.
    notes: BTreeMap<u64, BindingNote>,
    turns: HashMap<Arc<str>, u64>,
    next_turn: u64,
    /// Notes lost since the last one that found a place.
    lost: u64,
    /// The switch has stopped.
    closed: bool,
}

/// A keeper, and what it keeps.
#[must_use]
pub fn binding_keeper() -> (BindingKeeper, BindingNotes) {
    let shared = Arc::<Shared>::default();
    (BindingKeeper(shared.clone()), BindingNotes(shared))
}

impl Shared {
    /// The lock is held for a look or a change.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BindingKeeper {
    /// Remembers a note. Never waits.
    pub(crate) fn submit(&self, note: BindingNote) {
        self.0.waiting().put(note);
        self.0.news.notify_one();
    }
}

impl Waiting {
    fn put(&mut self, note: BindingNote) {
        // It keeps its turn, so that what changes all the time is written too.
        if let Some(turn) = self.turns.get(note.key()) {
            self.notes.insert(*turn, note);
            return;
        }
        if self.notes.len() >= MAX_WAITING {
            if self.lost == 0 {
                tracing::error!(
                    "Too many registrations wait for the store; some would not survive"
                );
            }
            self.lost += 1;
            return;
        }
        if self.lost > 0 {
            tracing::warn!(lost = self.lost, "Registrations can be kept again");
            self.lost = 0;
        }
        self.turns.insert(note.key().clone(), self.next_turn);
        self.notes.insert(self.next_turn, note);
        self.next_turn += 1;
    }
}

impl Drop for BindingKeeper {
    fn drop(&mut self) {
        self.0.waiting().closed = true;
        self.0.news.notify_one();
    }
}

impl BindingNotes {
    /// Up to so many notes, those that wait longest; `None` when the switch has stopped and nothing waits any more. Waits
    /// for one otherwise. Cancel-safe.
    pub async fn next(&self, most: usize) -> Option<Vec<BindingNote>> {
        loop {
            {
                let mut waiting = self.0.waiting();
                let mut notes = Vec::new();
                while notes.len() < most
                    && let Some((_, note)) = waiting.notes.pop_first()
                {
                    waiting.turns.remove(note.key());
                    notes.push(note);
                }
                if !notes.is_empty() {
                    return Some(notes);
                }
                if waiting.closed {
                    return None;
                }
            }
            self.0.news.notified().await;
        }
    }

    /// Whether the switch has stopped, so that nothing more will come.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.waiting().closed
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends there")]
mod tests {
    use super::*;

    fn forget(key: &str) -> BindingNote {
        BindingNote::Forget(key.into())
    }

    #[tokio::test]
    async fn of_one_binding_the_last_word_counts_and_keeps_its_turn() {
        let (keeper, notes) = binding_keeper();
        for key in ["a", "b", "a", "c"] {
            keeper.submit(forget(key));
        }
        assert_eq!(notes.next(2).await.unwrap(), [forget("a"), forget("b")]);
        keeper.submit(forget("a"));
        assert!(!notes.is_closed());
        drop(keeper);
        assert!(notes.is_closed());
        assert_eq!(notes.next(10).await.unwrap(), [forget("c"), forget("a")]);
        assert_eq!(notes.next(10).await, None);
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_a_note_and_by_the_end() {
        let (keeper, notes) = binding_keeper();
        let reader = tokio::spawn(async move { (notes.next(1).await, notes.next(1).await) });
        tokio::task::yield_now().await;
        keeper.submit(forget("a"));
        tokio::task::yield_now().await;
        drop(keeper);
        assert_eq!(reader.await.unwrap(), (Some(vec![forget("a")]), None));
    }

    #[tokio::test]
    async fn there_is_a_bound_and_what_waits_may_still_change() {
        let (keeper, notes) = binding_keeper();
        for number in 0..=MAX_WAITING {
            keeper.submit(forget(&number.to_string()));
        }
        keeper.submit(forget("0"));
        assert_eq!(keeper.0.waiting().lost, 1);
        let all = notes.next(2 * MAX_WAITING).await.unwrap();
        assert_eq!(all.len(), MAX_WAITING);
        keeper.submit(forget("more"));
        assert_eq!(notes.next(1).await.unwrap(), [forget("more")]);
        assert_eq!(keeper.0.waiting().lost, 0);
    }
}
