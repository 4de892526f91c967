//! `[[conference]]`: what a conference of that name does by itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use switch_core::config::ConferenceHabits;

use super::toml_tree::{Source, Table};

/// Reads the tables below the top.
pub(super) fn read(top: &mut Table<'_>, source: &Source) -> BTreeMap<Arc<str>, ConferenceHabits> {
    let mut conferences = BTreeMap::new();
    for (offset, mut table) in top.tables("conference") {
        let name = table.text("name").unwrap_or_default();
        let mut flag = |key| table.boolean(key).unwrap_or(false);
        let habits = ConferenceHabits {
            record: flag("record"),
            announce_join: flag("announce_join"),
            announce_leave: flag("announce_leave"),
            announce_count: flag("announce_count"),
        };
        table.finish();
        if name.is_empty() {
            source.complain(offset, "conference: it has no name");
        } else if conferences.insert(name.as_str().into(), habits).is_some() {
            source.complain(offset, format!("conference {name:?}: it is there already"));
        }
    }
    conferences
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_errors, toml};
    use super::*;

    #[test]
    fn what_conferences_do_is_read() {
        let loaded = toml(
            "[[conference]]\nname = \"3000\"\nrecord = true\n[[conference]]\nname = \"3001\"\nannounce_join = true\nannounce_count = true\n",
        );
        let loaded = loaded.unwrap_or_else(|errors| panic!("{errors:#?}"));
        let found = loaded.settings.switch.switch.conferences;
        let habits = |name: &str| found.get(name).copied().unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(
            habits("3000"),
            ConferenceHabits {
                record: true,
                ..ConferenceHabits::default()
            }
        );
        assert_eq!(
            habits("3001"),
            ConferenceHabits {
                announce_join: true,
                announce_count: true,
                ..ConferenceHabits::default()
            }
        );
    }
    #[test]
    fn two_of_a_name_and_none_are_errors() {
        check_errors(
            toml("[[conference]]\nname = \"1\"\n[[conference]]\nname = \"1\"\n"),
            &["jackfield.toml:3:1: conference \"1\": it is there already"],
        );
        check_errors(
            toml("[[conference]]\nrecord = true\n"),
            &["jackfield.toml:1:1: conference: it has no name"],
        );
    }
}
