use api::command::table::{ChangeAlias, ChangeCompletion};

use super::*;
use crate::config::Config;
use crate::input::Input;
use crate::kept_tables::KeptTables;
use crate::rig::{Rig, config};

fn set(alias: &str, command: &str, is_sticky: bool) -> ChangeAlias {
    ChangeAlias::Set {
        alias: alias.into(),
        command: command.into(),
        is_sticky,
    }
}

fn notes(rig: &mut Rig) -> Vec<TableChange> {
    rig.table_notes.drain(..).map(|note| note.change).collect()
}

fn stands_for(rig: &Rig, alias: &str) -> Option<(String, bool)> {
    let found = rig.view.tables.aliases.get(alias)?;
    Some((found.command.to_string(), found.is_sticky))
}

#[test]
fn only_what_is_to_stay_is_kept() {
    let mut rig = Rig::new();
    rig.get(set("ll", "show channels", false)).unwrap();
    assert_eq!(notes(&mut rig), []);
    rig.get(set("st", "status", true)).unwrap();
    let kept = |command: Option<&str>| TableChange::Alias("st".into(), command.map(Into::into));
    assert_eq!(notes(&mut rig), [kept(Some("status"))]);
    assert_eq!(
        stands_for(&rig, "ll"),
        Some(("show channels".into(), false))
    );
    assert_eq!(stands_for(&rig, "st"), Some(("status".into(), true)));
    rig.get(set("st", "uptime", false)).unwrap();
    assert_eq!(stands_for(&rig, "st"), Some(("uptime".into(), false)));
    assert_eq!(
        notes(&mut rig),
        [kept(None)],
        "a passing one took its place"
    );
    rig.get(set("st", "status", true)).unwrap();
    rig.get(ChangeAlias::RemoveAll).unwrap();
    assert!(rig.view.tables.aliases.is_empty());
    assert_eq!(notes(&mut rig), [kept(Some("status")), kept(None)]);
    rig.get(ChangeAlias::Remove("none".into())).unwrap();
    assert_eq!(notes(&mut rig), []);
}

#[test]
fn earlier_runs_are_waited_for() {
    let mut rig = Rig::with(Config {
        tables: None,
        ..config()
    });
    let refused = rig.get(set("st", "status", true)).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unavailable);
    rig.feed(Input::TablesFound(KeptTables {
        aliases: vec![("st".into(), "status".into())],
        ..KeptTables::default()
    }));
    assert_eq!(stands_for(&rig, "st"), Some(("status".into(), true)));
    rig.get(ChangeAlias::Remove("st".into())).unwrap();
    assert_eq!(notes(&mut rig), [TableChange::Alias("st".into(), None)]);
}

#[test]
fn there_are_bounds() {
    let mut rig = Rig::new();
    for (alias, command) in [
        ("", "status"),
        ("a b", "status"),
        ("a\n", "status"),
        ("a", " "),
        ("a", "x\0"),
    ] {
        let refused = rig.get(set(alias, command, true)).unwrap_err();
        assert_eq!(
            refused.kind,
            ErrorKind::InvalidArgument("alias"),
            "{alias:?}"
        );
    }
    let full = ErrorKind::LimitReached;
    let long = set(&"a".repeat(MAX_WORD_BYTES + 1), "status", false);
    assert_eq!(rig.get(long).unwrap_err().kind, full);
    let long = set("a", &"c".repeat(MAX_COMMAND_BYTES + 1), false);
    assert_eq!(rig.get(long).unwrap_err().kind, full);
    for number in 0..MAX_ALIASES {
        rig.get(set(&format!("a{number}"), "status", false))
            .unwrap();
    }
    assert_eq!(
        rig.get(set("more", "status", false)).unwrap_err().kind,
        full
    );
    rig.get(set("a0", "uptime", false)).unwrap();
    assert_eq!(rig.view.tables.aliases.size(), MAX_ALIASES);
}

#[test]
fn lines_are_offered_until_they_are_taken_back() {
    let words = |line: &str| -> Arc<[Arc<str>]> { line.split(' ').map(Into::into).collect() };
    let add = |line: &str| ChangeCompletion::Add(words(line));
    let mut rig = Rig::new();
    for line in ["sofia status", "sofia profile internal", "foo"] {
        rig.get(add(line)).unwrap();
    }
    rig.get(ChangeCompletion::Remove(words("sofia"))).unwrap();
    let left: Vec<_> = rig.view.tables.completions.iter().cloned().collect();
    assert_eq!(left, [words("foo")]);
    let refused = rig
        .get(ChangeCompletion::Add(Vec::new().into()))
        .unwrap_err();
    assert_eq!(refused.kind, ErrorKind::InvalidArgument("words"));
    for line in [
        "1 2 3 4 5 6 7 8 9 10 11".to_owned(),
        "w".repeat(MAX_WORD_BYTES + 1),
    ] {
        assert_eq!(
            rig.get(add(&line)).unwrap_err().kind,
            ErrorKind::LimitReached
        );
    }
    for number in 1..MAX_LINES {
        rig.get(add(&number.to_string())).unwrap();
    }
    assert_eq!(
        rig.get(add("more")).unwrap_err().kind,
        ErrorKind::LimitReached
    );
    rig.get(ChangeCompletion::RemoveAll).unwrap();
    assert!(rig.view.tables.completions.is_empty());
}
