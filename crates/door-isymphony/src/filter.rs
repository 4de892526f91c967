//! Which events a connection gets (event-api.md §3.1).

use std::collections::BTreeMap;

use api::bus::Families;

use crate::events::{TYPES, named};
use crate::wire::{Entry, members};

/// Filters of one connection; without any every event passes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Filter {
    /// Each property must have one of its values.
    properties: BTreeMap<String, Vec<Wanted>>,
}

/// What events that pass a filter have in common.
pub(crate) struct Key<'a> {
    pub(crate) property: &'a str,
    /// As they are written in a line.
    pub(crate) values: Vec<&'a str>,
    /// Whoever has one of them passes.
    pub(crate) decides: bool,
}

/// One value that will do.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Wanted {
    /// Any but `null`.
    Any,
    /// Exactly this one, in the two forms it can have in a line.
    Text {
        /// As a text, in quotes and escaped.
        quoted: String,
        /// As a number or boolean.
        plain: String,
    },
}

impl Filter {
    /// Entries of the same property are alternatives, properties must all be satisfied.
    pub(crate) fn new(entries: Vec<Entry>) -> Self {
        let mut properties: BTreeMap<String, Vec<Wanted>> = BTreeMap::new();
        for Entry { property, value } in entries {
            let wanted = match (property.as_str(), value.as_str()) {
                (_, "*") => Wanted::Any,
                // Names the manual's own examples use.
                ("type", "login") => Wanted::text("userLogin"),
                ("type", "logout") => Wanted::text("userLogout"),
                (_, value) => Wanted::text(value),
            };
            properties.entry(property).or_default().push(wanted);
        }
        Self { properties }
    }

    /// Whether an event, in its encoded form, passes. A property that is `null` counts as absent.
    pub(crate) fn passes(&self, line: &str) -> bool {
        let satisfied = members(line).filter(|(name, value)| {
            let wanted = self.properties.get(*name);
            wanted.is_some_and(|wanted| wanted.iter().any(|wanted| wanted.is(value)))
        });
        // Names in a line differ, so each property is counted once.
        self.properties.is_empty() || satisfied.count() == self.properties.len()
    }

    /// Values of one property, one of which every event that passes has; `None` when there is no such property.
    pub(crate) fn key(&self) -> Option<Key<'_>> {
        let is_listed = |wanted: &[Wanted]| wanted.iter().all(|wanted| *wanted != Wanted::Any);
        let listed = self
            .properties
            .iter()
            .filter(|(_, wanted)| is_listed(wanted));
        // Many events share a type, few a number.
        let (property, wanted) =
            listed.min_by_key(|(name, wanted)| (*name == "type", wanted.len()))?;
        let mut values = Vec::with_capacity(2 * wanted.len());
        let mut is_plain = true;
        for wanted in wanted {
            if let Wanted::Text { quoted, plain } = wanted {
                values.extend([quoted.as_str(), plain.as_str()]);
                // Written like this in a line it would be something else.
                is_plain &= plain != "null" && !plain.starts_with('"');
            }
        }
        Some(Key {
            property,
            values,
            decides: is_plain && self.properties.len() == 1,
        })
    }

    /// Families of the switch's events that can give an event which passes.
    pub(crate) fn families(&self) -> Families {
        let Some(types) = self.properties.get("type") else {
            return every_family();
        };
        types
            .iter()
            .fold(Families::NONE, |families, wanted| match wanted {
                Wanted::Any => every_family(),
                Wanted::Text { plain, .. } => families.union(families_of(plain)),
            })
    }
}

impl Wanted {
    fn text(value: &str) -> Self {
        Self::Text {
            quoted: serde_json::Value::from(value).to_string(),
            plain: value.to_owned(),
        }
    }

    /// Whether the value, as it is written in a line, will do.
    fn is(&self, value: &str) -> bool {
        match self {
            _ if value == "null" => false,
            Self::Any => true,
            Self::Text { quoted, .. } if value.starts_with('"') => value == quoted,
            Self::Text { plain, .. } => value == plain,
        }
    }
}

/// Everything a client can be told of.
fn every_family() -> Families {
    TYPES.iter().fold(Families::NONE, |all, kind| {
        all.union(families_of(kind.name))
    })
}

/// What events of a type are made of.
fn families_of(kind: &str) -> Families {
    let families = named(kind).map_or(&[][..], |kind| kind.families);
    families
        .iter()
        .fold(Families::NONE, |all, family| all.with(*family))
}

#[cfg(test)]
mod tests {
    use api::event::Family;

    use super::*;

    const LOGIN: &str = r#"{"coreServerId":"c","ip":"10.0.0.1","port":57042,"time":5,"type":"userLogin","userId":"u","username":"mikey"}"#;
    const DIAL: &str = r#"{"coreServerId":"c","time":6,"type":"dial","userCreated":true,"username1":"ana","username2":null}"#;

    fn filter(entries: &[(&str, &str)]) -> Filter {
        let entry = |(property, value): &(&str, &str)| Entry {
            property: (*property).to_owned(),
            value: (*value).to_owned(),
        };
        Filter::new(entries.iter().map(entry).collect())
    }

    /// The table of event-api.md §11.3.
    #[test]
    fn the_truth_table() {
        for (entries, login, dial) in [
            (&[][..], true, true),
            (&[("type", "userLogin")], true, false),
            (&[("type", "login")], true, false),
            (&[("type", "logout")], false, false),
            (&[("type", "userLogin"), ("type", "dial")], true, true),
            (
                &[("type", "login"), ("type", "logout"), ("username", "mikey")],
                true,
                false,
            ),
            (&[("type", "login"), ("username", "ana")], false, false),
            (&[("username", "*")], true, false),
            (&[("username1", "*")], false, true),
            (&[("username2", "*")], false, false),
            (&[("username2", "null")], false, false),
            (&[("port", "57042")], true, false),
            (&[("port", "5704")], false, false),
            (&[("port", "57*")], false, false),
            (&[("userCreated", "true")], false, true),
            (&[("username", "Mikey")], false, false),
            (&[("username", "mike")], false, false),
            (&[("time", "5")], true, false),
            (&[("coreServerId", "c")], true, true),
            (&[("type", "*"), ("coreServerId", "*")], true, true),
            (&[("nothing", "*")], false, false),
            (&[("type", "*"), ("type", "x")], true, true),
        ] {
            let filter = filter(entries);
            assert_eq!(filter.passes(LOGIN), login, "{entries:?}");
            assert_eq!(filter.passes(DIAL), dial, "{entries:?}");
        }
    }

    #[test]
    fn texts_are_compared_as_they_are_written() {
        let line = r#"{"name":"a \"b\" \\","note":"true","type":"userStatus"}"#;
        assert!(filter(&[("name", "a \"b\" \\")]).passes(line));
        assert!(filter(&[("note", "true")]).passes(line));
        assert!(!filter(&[("name", "a")]).passes(line));
        assert!(!filter(&[("note", "\"true\"")]).passes(line));
    }

    #[test]
    fn a_type_narrows_what_is_asked_of_the_switch() {
        let rooms = filter(&[("type", "confRoomCallLeave")]).families();
        assert!(rooms.contains(Family::Room) && !rooms.contains(Family::Channel));
        let both = filter(&[("type", "hangup"), ("type", "agentLogin")]).families();
        assert!(both.contains(Family::Channel) && both.contains(Family::Queue));
        assert_eq!(filter(&[("type", "*")]).families(), every_family());
        assert_eq!(filter(&[("username", "x")]).families(), every_family());
        assert_eq!(filter(&[("type", "nonsense")]).families(), Families::NONE);
    }
}
