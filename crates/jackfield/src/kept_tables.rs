//! Keeps values of `db`, dial strings of `group`, members of fifos and aliases, and says them to the next run
//! (docs/decisions/0035).

use std::sync::Arc;

use api::Timestamp;
use api::view::FifoMemberSettings;
use embedded::{Embedded, Notes};
use store::{FifoMember, GroupMember, Kept, KeptChange, KeptValue, Store, StoreError};
use switch_core::{KeptFifoMember, KeptMember, KeptTables, TableChange, TableNote};

use crate::written_behind::{LONGEST, pause, write_behind};

/// What earlier runs have kept.
///
/// # Errors
/// [`StoreError::Failed`].
pub(crate) async fn find(store: &Store) -> Result<KeptTables, StoreError> {
    let Kept {
        values,
        group_members,
        fifo_members,
    } = store.kept().await?;
    let values = values.into_iter();
    let aliases = store.aliases().await?;
    let members = group_members.into_iter().map(|row| KeptMember {
        group: row.group,
        member: row.member,
        place: row.place,
    });
    Ok(KeptTables {
        values: values
            .map(|row| ((row.realm, row.name), row.value))
            .collect(),
        members: members.collect(),
        fifo_members: fifo_members.into_iter().map(fifo_member).collect(),
        aliases,
    })
}

fn fifo_member(row: FifoMember) -> KeptFifoMember {
    KeptFifoMember {
        fifo: row.fifo,
        dial: row.dial,
        settings: FifoMemberSettings {
            simultaneous: row.simultaneous,
            ring_s: row.ring_s,
            lag_s: row.lag_s,
            takes_calls: row.takes_calls,
            expires: row.expires.map(Timestamp),
        },
    }
}

/// Writes what the switch says until it has stopped and all is written. `late` is the switch when it does not know yet
/// what there was; it changes nothing until it does.
pub(crate) async fn keep(notes: Notes<TableNote>, store: Store, late: Option<Arc<Embedded>>) {
    if let Some(embedded) = late {
        loop {
            if let Ok(tables) = find(&store).await {
                embedded.tables_found(tables).await;
                break;
            }
            if !pause(LONGEST, &notes).await {
                return;
            }
        }
    }
    let write = |changes| {
        let store = store.clone();
        async move { store.change_kept(changes).await.is_ok() }
    };
    if !write_behind(&notes, change, write).await {
        tracing::error!(
            "The last values of db, group and alias, and members of fifos, are not kept: the store fails"
        );
    }
}

fn change(note: TableNote) -> KeptChange {
    match note.change {
        TableChange::Value((realm, name), Some(value)) => {
            KeptChange::PutValue(KeptValue { realm, name, value })
        }
        TableChange::Value((realm, name), None) => KeptChange::DeleteValue(realm, name),
        TableChange::Member(KeptMember {
            group,
            member,
            place,
        }) => KeptChange::PutMember(GroupMember {
            group,
            member,
            place,
        }),
        TableChange::NoMember(group, member) => KeptChange::DeleteMember(group, member),
        TableChange::FifoMember(KeptFifoMember {
            fifo,
            dial,
            settings,
        }) => KeptChange::PutFifoMember(FifoMember {
            fifo,
            dial,
            simultaneous: settings.simultaneous,
            ring_s: settings.ring_s,
            lag_s: settings.lag_s,
            takes_calls: settings.takes_calls,
            expires: settings.expires.map(Timestamp::as_micros),
        }),
        TableChange::NoFifoMember(fifo, dial) => KeptChange::DeleteFifoMember(fifo, dial),
        TableChange::Alias(name, Some(command)) => KeptChange::PutAlias(name, command),
        TableChange::Alias(name, None) => KeptChange::DeleteAlias(name),
    }
}

#[cfg(test)]
mod tests {
    use store::{Limits, Place};

    use super::*;

    fn note(change: TableChange) -> TableNote {
        TableNote {
            key: "".into(),
            change,
        }
    }

    fn member(member: &str, place: i64) -> KeptMember {
        KeptMember {
            group: "g".into(),
            member: member.into(),
            place,
        }
    }

    fn called(dial: &str, expires: Option<i64>) -> KeptFifoMember {
        KeptFifoMember {
            fifo: "q".into(),
            dial: dial.into(),
            settings: FifoMemberSettings {
                simultaneous: 2,
                ring_s: 30,
                lag_s: 5,
                takes_calls: expires.is_none(),
                expires: expires.map(Timestamp),
            },
        }
    }

    #[tokio::test]
    async fn what_the_switch_said_last_is_found() {
        let store = Store::open(&Place::Memory, Limits::default())
            .await
            .unwrap();
        let key = |name: &str| (Arc::from("r"), Arc::from(name));
        let changes = [
            TableChange::Value(key("a"), Some("1".into())),
            TableChange::Value(key("b"), Some("2".into())),
            TableChange::Value(key("a"), Some("a/'\"ä".into())),
            TableChange::Value(key("b"), None),
            TableChange::Member(member("user/2", 1)),
            TableChange::Member(member("user/1", 2)),
            TableChange::Member(member("user/3", 3)),
            TableChange::NoMember("g".into(), "user/3".into()),
            TableChange::FifoMember(called("user/1", None)),
            TableChange::FifoMember(called("user/2", Some(7))),
            TableChange::FifoMember(called("user/1", Some(8))),
            TableChange::FifoMember(called("user/3", None)),
            TableChange::NoFifoMember("q".into(), "user/3".into()),
            TableChange::Alias("a".into(), Some("status".into())),
            TableChange::Alias("b".into(), Some("status".into())),
            TableChange::Alias("a".into(), Some("show 'ä'".into())),
            TableChange::Alias("b".into(), None),
        ];
        let changes = changes.map(|one| change(note(one)));
        store.change_kept(changes.to_vec()).await.unwrap();
        let found = find(&store).await.unwrap();
        assert_eq!(found.values, [(key("a"), "a/'\"ä".into())]);
        assert_eq!(found.members, [member("user/2", 1), member("user/1", 2)]);
        let expected = [called("user/1", Some(8)), called("user/2", Some(7))];
        assert_eq!(found.fifo_members, expected);
        assert_eq!(found.aliases, [("a".into(), "show 'ä'".into())]);
    }
}
