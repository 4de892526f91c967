//! The way out of the switch of what outlives it, bindings and tables: to whoever keeps them for the next run. The switch
//! never waits for a disk, so what it says is remembered here until it is written; of one row only the last word counts.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use switch_core::{BindingNote, TableNote};
use tokio::sync::Notify;

/// Rows of which something may wait to be written. Beyond, a note of another one is lost: a phone's refresh says it
/// again, and a binding that should be forgotten ends by itself; a change of a table does not survive then. Some 100 MB.
const MAX_WAITING: usize = 200_000;

/// What is said of a row.
pub trait Note: Clone + Send {
    /// What no other row has.
    fn key(&self) -> &Arc<str>;
}

impl Note for BindingNote {
    fn key(&self) -> &Arc<str> {
        Self::key(self)
    }
}

impl Note for TableNote {
    fn key(&self) -> &Arc<str> {
        &self.key
    }
}

/// Where the switch's notes go. Dropped with the switch.
#[derive(Debug)]
pub struct NoteKeeper<N: Note>(Arc<Shared<N>>);

/// What waits to be written.
#[derive(Debug)]
pub struct Notes<N>(Arc<Shared<N>>);

#[derive(Debug)]
struct Shared<N> {
    waiting: Mutex<Waiting<N>>,
    news: Notify,
}

#[derive(Debug)]
struct Waiting<N> {
    /// By turn, so that what waits longest is written first.
    notes: BTreeMap<u64, N>,
    turns: HashMap<Arc<str>, u64>,
    next_turn: u64,
    /// Notes lost since the last one that found a place.
    lost: u64,
    /// The switch has stopped.
    closed: bool,
}

/// A keeper, and what it keeps.
#[must_use]
pub fn note_keeper<N: Note>() -> (NoteKeeper<N>, Notes<N>) {
    let shared = Arc::new(Shared {
        waiting: Mutex::new(Waiting {
            notes: BTreeMap::new(),
            turns: HashMap::new(),
            next_turn: 0,
            lost: 0,
            closed: false,
        }),
        news: Notify::new(),
    });
    (NoteKeeper(shared.clone()), Notes(shared))
}

impl<N> Shared<N> {
    /// The lock is held for a look or a change.
    fn waiting(&self) -> MutexGuard<'_, Waiting<N>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<N: Note> NoteKeeper<N> {
    /// Remembers a note. Never waits.
    pub(crate) fn submit(&self, note: N) {
        self.0.waiting().put(note);
        self.0.news.notify_one();
    }
}

impl<N: Note> Waiting<N> {
    fn put(&mut self, note: N) {
        // It keeps its turn, so that what changes all the time is written too.
        if let Some(turn) = self.turns.get(note.key()) {
            self.notes.insert(*turn, note);
            return;
        }
        if self.notes.len() >= MAX_WAITING {
            if self.lost == 0 {
                tracing::error!("Too much waits for the store; some of it would not survive");
            }
            self.lost += 1;
            return;
        }
        if self.lost > 0 {
            tracing::warn!(lost = self.lost, "Everything can be kept again");
            self.lost = 0;
        }
        self.turns.insert(note.key().clone(), self.next_turn);
        self.notes.insert(self.next_turn, note);
        self.next_turn += 1;
    }
}

impl<N: Note> Drop for NoteKeeper<N> {
    fn drop(&mut self) {
        self.0.waiting().closed = true;
        self.0.news.notify_one();
    }
}

impl<N: Note> Notes<N> {
    /// Up to so many notes, those that wait longest; `None` when the switch has stopped and nothing waits any more. Waits
    /// for one otherwise. Cancel-safe.
    pub async fn next(&self, most: usize) -> Option<Vec<N>> {
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
    async fn of_one_row_the_last_word_counts_and_keeps_its_turn() {
        let (keeper, notes) = note_keeper();
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
        let (keeper, notes) = note_keeper();
        let reader = tokio::spawn(async move { (notes.next(1).await, notes.next(1).await) });
        tokio::task::yield_now().await;
        keeper.submit(forget("a"));
        tokio::task::yield_now().await;
        drop(keeper);
        assert_eq!(reader.await.unwrap(), (Some(vec![forget("a")]), None));
    }

    #[tokio::test]
    async fn there_is_a_bound_and_what_waits_may_still_change() {
        let (keeper, notes) = note_keeper();
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
