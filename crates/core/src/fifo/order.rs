//! Who of several callers is served first: their priority, and what a consumer takes (FreeSWITCH documentation, mod_fifo,
//! "Implementing FIFO slots").

use std::cmp::Reverse;
use std::sync::Arc;

use api::ChannelId;
use api::dial::DialString;
use api::view::{Fifo, FifoParty};

use crate::Switch;

/// Where a caller says how urgent they are.
const PRIORITY: &str = "fifo_priority";
/// Where a consumer says which priorities they take, and which ones first.
const POP_ORDER: &str = "fifo_pop_order";
/// Where a consumer of several fifos says which one comes first.
const STRATEGY: &str = "fifo_strategy";

/// A priority: 1, the first to be served, to 10.
fn priority(text: &str) -> Option<u8> {
    let number = text.trim().parse().ok()?;
    (1..=10).contains(&number).then_some(number)
}

/// The priorities a consumer takes, the first one first; empty: all.
pub(super) struct PopOrder(Vec<u8>);

impl PopOrder {
    /// Of the text of a variable, `1,2`. What is no priority is as if it were not there.
    fn of(text: Option<&str>) -> Self {
        let words = text.unwrap_or_default().split(',');
        Self(words.filter_map(priority).collect())
    }

    /// That of a member, out of their dial string.
    pub(super) fn of_member(dial: &str) -> Self {
        let says = || {
            let dial = DialString::parse(dial).ok()?;
            let of_threads = dial.threads.iter().flat_map(|thread| &thread.variables);
            let mut all = dial.variables.iter().chain(of_threads);
            let (_, text) = all.find(|(name, _)| **name == *POP_ORDER)?;
            Some(text.clone())
        };
        Self::of(says().as_deref())
    }

    /// Whoever waits and is taken first.
    pub(super) fn first<'a>(&self, fifo: &'a Fifo) -> Option<(usize, &'a FifoParty)> {
        let callers = fifo.callers.iter().enumerate();
        let taken = callers
            .filter(|(_, one)| one.waits())
            .filter_map(|(at, one)| {
                let place = match self.0.as_slice() {
                    [] => 0,
                    some => some.iter().position(|priority| *priority == one.rank())?,
                };
                Some((place, at, one))
            });
        let first = taken.min_by_key(|(place, at, _)| (*place, *at));
        first.map(|(_, at, one)| (at, one))
    }
}

impl Switch {
    /// As what a caller comes: 0 when they do not say it.
    pub(super) fn caller_priority(&self, id: &ChannelId) -> u8 {
        let says = self.var(id, PRIORITY);
        says.and_then(priority).unwrap_or(0)
    }

    pub(super) fn pop_order(&self, consumer: &ChannelId) -> PopOrder {
        PopOrder::of(self.var(consumer, POP_ORDER))
    }

    /// Whether somebody waits there whom this consumer takes.
    pub(crate) fn has_caller_for(&self, consumer: &ChannelId, name: &str) -> bool {
        let fifo = self.fifos.get(name);
        fifo.is_some_and(|fifo| self.pop_order(consumer).first(fifo).is_some())
    }

    /// The fifos of a consumer in the order they are served: that of whoever has waited longest first, or with
    /// `fifo_strategy=more_ppl` that where most wait.
    pub(crate) fn in_serving_order(
        &self,
        consumer: &ChannelId,
        mut names: Vec<Arc<str>>,
    ) -> Vec<Arc<str>> {
        let waiting = |name: &Arc<str>| self.fifos.get(name).into_iter().flat_map(Fifo::waiting);
        match self.var(consumer, STRATEGY) {
            Some(word) if word.eq_ignore_ascii_case("more_ppl") => {
                names.sort_by_key(|name| Reverse(waiting(name).count()));
            }
            _ => names.sort_by_key(|name| {
                let since = waiting(name).map(|one| one.since).min();
                (since.is_none(), since)
            }),
        }
        names
    }
}
