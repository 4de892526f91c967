//! `db`, `group` and `hash_remote` against a switch that answers as scripted; texts as recorded (golden
//! api-10-hash-db-limit).

use api::command::Command;
use api::command::table::ChangeKept;
use jackfield_esl::command::api::Line;

use crate::scripted::{bench, check};

#[tokio::test]
async fn answers() {
    check(&[
        ("db", "!err!"),
        ("db insert/r/k", "!err!"),
        ("db insert//k/v", "!err!"),
        ("db insert/r/k/v/w", "+OK"),
        // The scripted switch refuses that one.
        ("db insert/r/k/", "!err!"),
        ("db select/r/k", "v"),
        ("DB SELECT/r/k2", "a/b"),
        ("db select/r/none", ""),
        ("db select/r", "!err!"),
        ("db exists/r/k", "true"),
        ("db exists/r/nope", "false"),
        ("db count/r", "2"),
        ("db count/", "3"),
        ("db count/none", "0"),
        ("db list/", "r,s"),
        ("db list/r", "k,k2"),
        ("db list/none", ""),
        ("db delete/r/k", "+OK"),
        ("group", "!err!"),
        ("group insert:g:user/1000", "+OK"),
        ("group insert:g", "!err!"),
        ("group call:g", "user/1001,user/1000"),
        ("group call:g:order", "user/1001|user/1000"),
        ("group call:none", ""),
        ("group delete:g:user/1000", "+OK"),
        (
            "hash_remote list",
            "Remote connections:\nName\t\t\tState\n+OK\n",
        ),
        ("hash_remote", "-USAGE: list\n"),
    ])
    .await;
}

#[tokio::test]
async fn what_the_switch_is_told() {
    let bench = bench().await;
    for line in [
        "db insert/r/k/v/w",
        "db select/r/k",
        "group delete:g:user/1:2",
    ] {
        bench.console.execute(&Line::parse(line)).await;
    }
    let asked = bench.asked.lock().expect("no test panics with the lock");
    let changes: Vec<_> = asked
        .iter()
        .filter_map(|command| {
            let Command::ChangeKept(change) = command else {
                return None;
            };
            Some(change.clone())
        })
        .collect();
    let insert = ChangeKept::InsertValue {
        key: ("r".into(), "k".into()),
        value: "v/w".into(),
    };
    let delete = ChangeKept::DeleteMember {
        group: "g".into(),
        member: "user/1:2".into(),
    };
    assert_eq!(changes, [insert, delete]);
}
