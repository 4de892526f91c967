//! Keys of the application `mutex`: one channel has each, the others wait in the order they came.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use api::ChannelId;

/// Keys that may be taken at the same time. Ours.
const MAX_KEYS: usize = 100_000;

/// Who has which key, and who waits for it.
#[derive(Debug, Default)]
pub(crate) struct Mutexes {
    /// The first of a line has the key; no line is empty.
    lines: HashMap<Arc<str>, VecDeque<ChannelId>>,
    /// In which lines a channel stands; sorted, so that the same calls always end the same way.
    places: HashMap<ChannelId, BTreeSet<Arc<str>>>,
}

/// What came of asking for a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Taken {
    /// The channel has it now, or had it already.
    Yes,
    /// It waits at the end of the line.
    Waits,
    /// There are too many keys.
    Refused,
}

impl Mutexes {
    pub(crate) fn take(&mut self, key: &Arc<str>, id: &ChannelId) -> Taken {
        if let Some(line) = self.lines.get_mut(key) {
            match line.iter().position(|one| one == id) {
                Some(0) => return Taken::Yes,
                Some(_) => {}
                None => {
                    line.push_back(id.clone());
                    self.note(key, id);
                }
            }
            return Taken::Waits;
        }
        if self.lines.len() >= MAX_KEYS {
            return Taken::Refused;
        }
        self.lines.insert(key.clone(), VecDeque::from([id.clone()]));
        self.note(key, id);
        Taken::Yes
    }

    fn note(&mut self, key: &Arc<str>, id: &ChannelId) {
        let places = self.places.entry(id.clone()).or_default();
        places.insert(key.clone());
    }

    pub(crate) fn has(&self, key: &str, id: &ChannelId) -> bool {
        self.lines.get(key).and_then(VecDeque::front) == Some(id)
    }

    /// A channel leaves the line of a key; the channel that has the key because of that.
    pub(crate) fn leave(&mut self, key: &str, id: &ChannelId) -> Option<ChannelId> {
        let line = self.lines.get_mut(key)?;
        let had_it = line.front() == Some(id);
        line.retain(|one| one != id);
        if let Some(places) = self.places.get_mut(id) {
            places.remove(key);
            if places.is_empty() {
                self.places.remove(id);
            }
        }
        let next = line.front().cloned();
        if next.is_none() {
            self.lines.remove(key);
        }
        next.filter(|_| had_it)
    }

    /// The keys in whose lines a channel stands.
    pub(crate) fn of(&self, id: &ChannelId) -> Vec<Arc<str>> {
        let places = self.places.get(id).into_iter().flatten();
        places.cloned().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }
}
