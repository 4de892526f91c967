//! Which connections an event may concern, found by its members.

use std::collections::{BTreeSet, HashMap};

use api::bus::Families;

use crate::filter::{Filter, Key};
use crate::wire::members;

/// Connections by what their filters ask for.
#[derive(Default)]
pub(super) struct Index {
    /// Every event may concern them.
    all: BTreeSet<u64>,
    /// By property, and by its value as it is written in a line.
    by_value: HashMap<String, HashMap<String, Concerned>>,
    /// What they want of the switch, and how many want exactly that.
    families: Vec<(Families, usize)>,
}

/// Connections a value is asked for by.
#[derive(Default)]
struct Concerned {
    /// Nothing else is asked for: the event is for them.
    surely: BTreeSet<u64>,
    /// Their filter has to be looked at.
    perhaps: BTreeSet<u64>,
}

impl Index {
    pub(super) fn add(&mut self, id: u64, filter: &Filter) {
        let families = filter.families();
        match self
            .families
            .iter_mut()
            .find(|(wanted, _)| *wanted == families)
        {
            Some((_, count)) => *count += 1,
            None => self.families.push((families, 1)),
        }
        let Some(Key {
            property,
            values,
            decides,
        }) = filter.key()
        else {
            self.all.insert(id);
            return;
        };
        let by_value = self.by_value.entry(property.to_owned()).or_default();
        for value in values {
            let concerned = by_value.entry(value.to_owned()).or_default();
            if decides {
                concerned.surely.insert(id);
            } else {
                concerned.perhaps.insert(id);
            }
        }
    }

    /// Takes out what [`Index::add`] has put in with the same filter.
    pub(super) fn remove(&mut self, id: u64, filter: &Filter) {
        let families = filter.families();
        if let Some((_, count)) = self
            .families
            .iter_mut()
            .find(|(wanted, _)| *wanted == families)
        {
            *count -= 1;
        }
        self.families.retain(|(_, count)| *count > 0);
        let Some(Key {
            property, values, ..
        }) = filter.key()
        else {
            self.all.remove(&id);
            return;
        };
        let Some(by_value) = self.by_value.get_mut(property) else {
            return;
        };
        for value in values {
            if let Some(concerned) = by_value.get_mut(value) {
                concerned.surely.remove(&id);
                concerned.perhaps.remove(&id);
                if concerned.surely.is_empty() && concerned.perhaps.is_empty() {
                    by_value.remove(value);
                }
            }
        }
        if by_value.is_empty() {
            self.by_value.remove(property);
        }
    }

    /// Everything somebody wants of the switch.
    pub(super) fn families(&self) -> Families {
        let wanted = self.families.iter().map(|(families, _)| *families);
        wanted.fold(Families::NONE, Families::union)
    }

    /// Whom an event in its encoded form may concern, each once, and whether that is sure.
    pub(super) fn concerned(&self, line: &str) -> impl Iterator<Item = (u64, bool)> {
        let by_value =
            members(line).filter_map(|(property, value)| self.by_value.get(property)?.get(value));
        let by_value = by_value.flat_map(|concerned| {
            let surely = concerned.surely.iter().map(|id| (*id, true));
            surely.chain(concerned.perhaps.iter().map(|id| (*id, false)))
        });
        let all = self.all.iter().map(|id| (*id, false));
        by_value.chain(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Entry;

    const LOGIN: &str =
        r#"{"ip":"10.0.0.1","port":57042,"type":"userLogin","username":"mikey","note":null}"#;

    fn filter(entries: &[(&str, &str)]) -> Filter {
        let entry = |(property, value): &(&str, &str)| Entry {
            property: (*property).to_owned(),
            value: (*value).to_owned(),
        };
        Filter::new(entries.iter().map(entry).collect())
    }

    /// Filters as in the tests of the filter itself: whoever is found and passes is whoever passes.
    #[test]
    fn whoever_passes_is_found_once() {
        let filters = [
            &[][..],
            &[("type", "login")],
            &[("type", "login"), ("type", "userLogin")],
            &[("type", "dial")],
            &[("type", "*")],
            &[("username", "mikey")],
            &[("username", "ana"), ("username", "mikey")],
            &[("username", "ana")],
            &[("username", "\"mikey\"")],
            &[("username", "*"), ("port", "57042")],
            &[("port", "57042")],
            &[("port", "\"57042\"")],
            &[("note", "null")],
            &[("type", "dial"), ("username", "mikey")],
            &[("type", "login"), ("username", "mikey")],
            &[("nothing", "x")],
        ];
        let filters: Vec<Filter> = filters.into_iter().map(filter).collect();
        let mut index = Index::default();
        for (id, filter) in filters.iter().enumerate() {
            index.add(id as u64, filter);
        }
        let mut found: Vec<(u64, bool)> = index.concerned(LOGIN).collect();
        found.sort_unstable();
        let ids: BTreeSet<u64> = found.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids.len(), found.len(), "each once: {found:?}");
        for (id, filter) in filters.iter().enumerate() {
            let passes = filter.passes(LOGIN);
            let was_found = found.iter().find(|(found, _)| *found == id as u64);
            match was_found {
                None => assert!(!passes, "{filter:?}"),
                Some((_, true)) => assert!(passes, "{filter:?}"),
                Some((_, false)) => {}
            }
        }
        let sure = found.iter().filter(|(_, sure)| *sure).count();
        assert!(sure >= 4 && found.len() < filters.len(), "{found:?}");
        for (id, filter) in filters.iter().enumerate() {
            index.remove(id as u64, filter);
        }
        assert_eq!(index.concerned(LOGIN).count(), 0);
        assert!(index.by_value.is_empty() && index.families.is_empty());
    }
}
