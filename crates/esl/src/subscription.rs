//! Which events a connection wants (event-socket.md §2.5–§2.7, §2.10).

use crate::command::event::{NameList, Selection};
use crate::names::{EventName, NameSet};
use crate::serialise::Format;
use std::collections::HashSet;

/// Most CUSTOM subclasses one connection may name. Ours: the original has no limit.
pub const MAX_SUBCLASSES: usize = 10_000;

/// What `myevents` subscribes to.
pub const MY_EVENTS: [EventName; 23] = [
    EventName::ChannelAnswer,
    EventName::ChannelApplication,
    EventName::ChannelBridge,
    EventName::ChannelCreate,
    EventName::ChannelData,
    EventName::ChannelDestroy,
    EventName::ChannelExecute,
    EventName::ChannelExecuteComplete,
    EventName::ChannelHangup,
    EventName::ChannelHangupComplete,
    EventName::ChannelOriginate,
    EventName::ChannelUuid,
    EventName::ChannelOutgoing,
    EventName::ChannelPark,
    EventName::ChannelProgress,
    EventName::ChannelProgressMedia,
    EventName::ChannelState,
    EventName::ChannelUnbridge,
    EventName::ChannelUnpark,
    EventName::DetectedSpeech,
    EventName::Dtmf,
    EventName::Notalk,
    EventName::Talk,
];

/// The names, subclasses and format of one connection.
#[derive(Clone, Debug, Default)]
pub struct Subscription {
    /// The format events are written in, also those already queued.
    pub format: Format,
    enabled: bool,
    all: bool,
    names: NameSet,
    subclasses: HashSet<String>,
    /// After `event ALL`: every subclass but [`Subscription::dropped`], also such as nobody named.
    every_subclass: bool,
    dropped: HashSet<String>,
}

/// What a user may subscribe to (`esl-allowed-events`, event-socket.md §2.2).
#[derive(Clone, Debug, Default)]
pub struct AllowedEvents {
    names: NameSet,
    every_name: bool,
    subclasses: HashSet<String>,
}

impl AllowedEvents {
    /// Reads the configured list: separated by commas, or by blanks when it holds a blank anywhere.
    /// After `CUSTOM` every word is a subclass.
    pub fn parse(list: &str) -> Self {
        let separator = if list.contains(' ') { ' ' } else { ',' };
        let mut allowed = Self::default();
        let mut words = list.split(separator).filter(|word| !word.is_empty());
        for word in words.by_ref() {
            match EventName::from_word(word) {
                Some(EventName::All) => allowed.every_name = true,
                Some(name) => allowed.names.insert(name),
                None => {}
            }
            if word.eq_ignore_ascii_case("CUSTOM") {
                break;
            }
        }
        allowed.subclasses = words.map(str::to_owned).collect();
        allowed
    }

    fn permits(&self, selection: &Selection) -> bool {
        match selection {
            Selection::Name(name) => self.every_name || self.names.contains(*name),
            Selection::Subclass(subclass) => self.subclasses.contains(subclass),
        }
    }

    /// Whether the name may be subscribed to.
    pub fn permits_name(&self, name: EventName) -> bool {
        self.every_name || self.names.contains(name)
    }
}

/// How an `event` request ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// At least one name was known.
    Enabled,
    /// No known name at all.
    NoKeywords,
    /// A name or subclass the user may not have; what stood before it is set.
    Denied,
}

impl Subscription {
    /// `event …`: adds to what is on. The format changes even when no name is known.
    pub fn add(&mut self, list: &NameList, allowed: Option<&AllowedEvents>) -> Outcome {
        if let Some(format) = list.format {
            self.format = format;
        }
        let mut known = false;
        for selection in &list.selections {
            if allowed.is_some_and(|allowed| !allowed.permits(selection)) {
                return Outcome::Denied;
            }
            known = true;
            match selection {
                Selection::Name(EventName::All) => {
                    self.all = true;
                    self.every_subclass = true;
                    self.dropped.clear();
                }
                Selection::Name(name) => self.names.insert(*name),
                Selection::Subclass(subclass) => {
                    self.dropped.remove(subclass);
                    if self.subclasses.len() < MAX_SUBCLASSES {
                        self.subclasses.insert(subclass.clone());
                    }
                }
            }
        }
        if !known {
            return Outcome::NoKeywords;
        }
        self.enabled = true;
        Outcome::Enabled
    }

    /// `nixevent …`: takes names away. Switches delivery on, as the original does.
    pub fn remove(&mut self, list: &NameList) -> Outcome {
        if list.selections.is_empty() {
            return Outcome::NoKeywords;
        }
        for selection in &list.selections {
            match selection {
                Selection::Name(EventName::All) => {
                    self.all = false;
                    self.every_subclass = false;
                    self.dropped.clear();
                    self.names = NameSet::default();
                }
                // The word CUSTOM only introduces subclasses (golden event-02-second-event).
                Selection::Name(EventName::Custom) => {}
                Selection::Name(name) => {
                    if self.all {
                        self.all = false;
                        self.names = NameSet::EVERY;
                    }
                    self.names.remove(*name);
                }
                Selection::Subclass(subclass) => {
                    self.subclasses.remove(subclass);
                    if self.every_subclass && self.dropped.len() < MAX_SUBCLASSES {
                        self.dropped.insert(subclass.clone());
                    }
                }
            }
        }
        self.enabled = true;
        Outcome::Enabled
    }

    /// `noevents`: drops everything but the format. Answers whether delivery was on.
    pub fn clear(&mut self) -> bool {
        let was_enabled = self.enabled;
        *self = Self {
            format: self.format,
            ..Self::default()
        };
        was_enabled
    }

    /// `myevents`: adds its list, as far as the user may have it, and switches delivery on.
    pub fn add_my_events(&mut self, allowed: Option<&AllowedEvents>) {
        let permitted =
            |name: &EventName| allowed.is_none_or(|allowed| allowed.permits_name(*name));
        MY_EVENTS
            .into_iter()
            .filter(permitted)
            .for_each(|name| self.names.insert(name));
        self.enabled = true;
    }

    /// Whether delivery is on at all (`event`, `nixevent` or `myevents` was used).
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Whether everything is wanted.
    pub fn wants_all(&self) -> bool {
        self.all
    }

    /// The names that can be delivered now, to narrow what is asked of the bus.
    pub fn wanted_names(&self) -> NameSet {
        match (self.enabled, self.all) {
            (false, _) => NameSet::default(),
            (true, true) => NameSet::EVERY,
            (true, false) => self.names,
        }
    }

    /// Whether an event of that name and subclass is wanted.
    pub fn wants(&self, name: EventName, subclass: Option<&str>) -> bool {
        if !self.enabled || !(self.all || self.names.contains(name)) {
            return false;
        }
        match (name, subclass) {
            (EventName::Custom, Some(subclass)) => {
                (self.every_subclass && !self.dropped.contains(subclass))
                    || self.subclasses.contains(subclass)
            }
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests;
