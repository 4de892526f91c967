//! Keeps values of `db`, dial strings of `group` and aliases, and says them to the next run (docs/decisions/0035).

use std::sync::Arc;

use embedded::{Embedded, Notes};
use store::{GroupMember, KeptChange, KeptValue, Store, StoreError};
use switch_core::{KeptMember, KeptTables, TableChange, TableNote};

use crate::written_behind::{LONGEST, pause, write_behind};

/// What earlier runs have kept.
///
/// # Errors
/// [`StoreError::Failed`].
pub(crate) async fn find(store: &Store) -> Result<KeptTables, StoreError> {
    let (values, members) = store.kept().await?;
    let values = values.into_iter();
    let aliases = store.aliases().await?;
    let members = members.into_iter().map(|row| KeptMember {
        group: row.group,
        member: row.member,
        place: row.place,
    });
    Ok(KeptTables {
        values: values
            .map(|row| ((row.realm, row.name), row.value))
            .collect(),
        members: members.collect(),
        aliases,
    })
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
        tracing::error!("The last values of db, group and alias are not kept: the store fails");
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
        assert_eq!(found.aliases, [("a".into(), "show 'ä'".into())]);
    }
}
