use super::*;
use crate::input::Input;
use crate::rig::{Rig, config};

fn ask(rig: &Rig, question: &str) -> Option<String> {
    rig.view.tables.ask_db(question)
}

fn changes(rig: &mut Rig) -> Vec<TableChange> {
    rig.table_notes.drain(..).map(|note| note.change).collect()
}

#[test]
fn a_dialplan_keeps_values_and_reads_them() {
    let mut rig = Rig::new();
    let id = rig.park("null/a");
    rig.run(
        &id,
        "db:insert/r/k/a/b,db:insert/r/k2/2,db:insert/s/k/3,set:x=${db(select/r/k)},set:y=${db(exists/r/none)},park",
    );
    assert_eq!(rig.channel(&id).variable("x"), Some("a/b"));
    assert_eq!(rig.channel(&id).variable("y"), Some("false"));
    assert_eq!(ask(&rig, "count/r").as_deref(), Some("2"));
    assert_eq!(ask(&rig, "count").as_deref(), Some("3"));
    assert_eq!(ask(&rig, "list/").as_deref(), Some("r,s"));
    assert_eq!(ask(&rig, "list/r").as_deref(), Some("k,k2"));
    assert_eq!(ask(&rig, "select/r"), None);
    let key = |realm: &str, name: &str| (Arc::from(realm), Arc::from(name));
    assert_eq!(
        changes(&mut rig),
        [
            TableChange::Value(key("r", "k"), Some("a/b".into())),
            TableChange::Value(key("r", "k2"), Some("2".into())),
            TableChange::Value(key("s", "k"), Some("3".into())),
        ]
    );
    rig.run(&id, "db:delete/r/k,db:delete/r/k,park");
    assert_eq!(ask(&rig, "exists/r/k").as_deref(), Some("false"));
    assert_eq!(
        changes(&mut rig),
        [TableChange::Value(key("r", "k"), None)],
        "what is not there need not be forgotten"
    );
}

#[test]
fn a_group_rings_at_once_or_in_order() {
    let mut rig = Rig::new();
    let id = rig.park("null/a");
    rig.run(
        &id,
        "group:insert:g:user/2,group:insert:g:user/1,group:insert:g:user/2,set:x=${group(call:g)},set:y=${group(call:g:order)},park",
    );
    assert_eq!(rig.channel(&id).variable("x"), Some("user/2,user/1"));
    assert_eq!(rig.channel(&id).variable("y"), Some("user/2|user/1"));
    let row = |member: &str, place| KeptMember {
        group: "g".into(),
        member: member.into(),
        place,
    };
    assert_eq!(
        changes(&mut rig),
        [
            TableChange::Member(row("user/2", 0)),
            TableChange::Member(row("user/1", 1)),
        ]
    );
    rig.run(&id, "group:delete:g:user/2,group:delete:g:user/1,park");
    assert_eq!(rig.view.tables.groups.size(), 0);
    assert_eq!(rig.switch.kept.members, 0);
}

#[test]
fn what_was_kept_is_there_and_new_members_come_behind() {
    let row = |member: &str, place| KeptMember {
        group: "g".into(),
        member: member.into(),
        place,
    };
    let mut rig = Rig::with(crate::config::Config {
        tables: Some(KeptTables {
            values: vec![(("r".into(), "k".into()), "v".into())],
            members: vec![row("user/1", 9), row("user/2", 3)],
            ..KeptTables::default()
        }),
        ..config()
    });
    let id = rig.park("null/a");
    assert_eq!(ask(&rig, "select/r/k").as_deref(), Some("v"));
    rig.run(&id, "group:insert:g:user/3,park");
    assert_eq!(
        rig.view.tables.ask_group("call:g").as_deref(),
        Some("user/2,user/1,user/3")
    );
    assert_eq!(changes(&mut rig), [TableChange::Member(row("user/3", 10))]);
}

#[test]
fn nothing_changes_until_it_is_known_what_there_was() {
    let mut rig = Rig::with(crate::config::Config {
        tables: None,
        ..config()
    });
    let key: TableKey = ("r".into(), "k".into());
    let delete = ChangeKept::DeleteValue { key: key.clone() };
    let refused = rig.switch.change_kept(delete.clone()).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unavailable);
    rig.feed(Input::TablesFound(KeptTables {
        values: vec![(key, "v".into())],
        ..KeptTables::default()
    }));
    assert_eq!(ask(&rig, "select/r/k").as_deref(), Some("v"));
    rig.switch.change_kept(delete).unwrap();
}

#[test]
fn there_are_bounds() {
    let mut rig = Rig::new();
    let mut insert = |name: String, bytes: usize| {
        let key: TableKey = ("r".into(), name.into());
        let value = "v".repeat(bytes).into();
        rig.switch
            .change_kept(ChangeKept::InsertValue { key, value })
    };
    insert("long".into(), MAX_VALUE_BYTES).unwrap();
    assert!(insert("longer".into(), MAX_VALUE_BYTES + 1).is_err());
    assert!(insert("n".repeat(MAX_KEY_BYTES), 1).is_err());
    for number in 1..MAX_ROWS {
        insert(number.to_string(), 1).unwrap();
    }
    let refused = insert("more".into(), 1).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::LimitReached);
    insert("long".into(), 1).unwrap();
}
