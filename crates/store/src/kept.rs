//! Values of `db`, dial strings of `group` and aliases, for the next run of the server.

use std::sync::Arc;

use crate::database::values;
use crate::{Store, StoreError};

/// A value under a realm and a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptValue {
    /// Names of different realms are different ones.
    pub realm: Arc<str>,
    /// Its name there.
    pub name: Arc<str>,
    /// What it is. PostgreSQL refuses NUL in it.
    pub value: Arc<str>,
}

/// A dial string of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupMember {
    /// Name of the group.
    pub group: Arc<str>,
    /// The dial string.
    pub member: Arc<str>,
    /// Those with a smaller one come before it.
    pub place: i64,
}

/// What becomes of a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeptChange {
    /// A value is kept, in place of what was there.
    PutValue(KeptValue),
    /// A value is forgotten: realm and name.
    DeleteValue(Arc<str>, Arc<str>),
    /// A dial string is kept, in place of what was there.
    PutMember(GroupMember),
    /// A dial string is forgotten: group and dial string.
    DeleteMember(Arc<str>, Arc<str>),
    /// A name stands for a console command, in place of what it stood for: name and command.
    PutAlias(Arc<str>, Arc<str>),
    /// A name stands for nothing.
    DeleteAlias(Arc<str>),
}

impl Store {
    /// Carries out changes in their order, all or none. The same ones again change nothing.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn change_kept(&self, changes: Vec<KeptChange>) -> Result<(), StoreError> {
        self.perform(move |mut database| {
            Box::pin(async move {
                for change in changes {
                    let (statement, values) = match change {
                        KeptChange::PutValue(KeptValue { realm, name, value }) => (
                            "INSERT INTO kept_value (realm, name, value) VALUES ($1, $2, $3)
                             ON CONFLICT (realm, name) DO UPDATE SET value = excluded.value",
                            values![realm, name, value],
                        ),
                        KeptChange::DeleteValue(realm, name) => (
                            "DELETE FROM kept_value WHERE realm = $1 AND name = $2",
                            values![realm, name],
                        ),
                        KeptChange::PutMember(GroupMember {
                            group,
                            member,
                            place,
                        }) => (
                            "INSERT INTO group_member (group_name, member, place) VALUES ($1, $2, $3)
                             ON CONFLICT (group_name, member) DO UPDATE SET place = excluded.place",
                            values![group, member, place],
                        ),
                        KeptChange::DeleteMember(group, member) => (
                            "DELETE FROM group_member WHERE group_name = $1 AND member = $2",
                            values![group, member],
                        ),
                        KeptChange::PutAlias(name, command) => (
                            "INSERT INTO console_alias (name, command) VALUES ($1, $2)
                             ON CONFLICT (name) DO UPDATE SET command = excluded.command",
                            values![name, command],
                        ),
                        KeptChange::DeleteAlias(name) => (
                            "DELETE FROM console_alias WHERE name = $1",
                            values![name],
                        ),
                    };
                    database.execute(statement, values).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Names that stand for console commands, sorted, and these.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn aliases(&self) -> Result<Vec<(Arc<str>, Arc<str>)>, StoreError> {
        self.read(|mut database| {
            Box::pin(async move {
                let statement = "SELECT name, command FROM console_alias ORDER BY name";
                let rows = database.rows(statement, Vec::new()).await?;
                rows.iter()
                    .map(|row| Ok((row.text(0)?, row.text(1)?)))
                    .collect()
            })
        })
        .await
    }

    /// All values by realm and name, and all dial strings by their places.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn kept(&self) -> Result<(Vec<KeptValue>, Vec<GroupMember>), StoreError> {
        self.read(|mut database| {
            Box::pin(async move {
                let statement = "SELECT realm, name, value FROM kept_value ORDER BY realm, name";
                let rows = database.rows(statement, Vec::new()).await?;
                let kept: Result<Vec<_>, sqlx::Error> = rows
                    .iter()
                    .map(|row| {
                        Ok(KeptValue {
                            realm: row.text(0)?,
                            name: row.text(1)?,
                            value: row.text(2)?,
                        })
                    })
                    .collect();
                let statement =
                    "SELECT group_name, member, place FROM group_member ORDER BY place, member";
                let rows = database.rows(statement, Vec::new()).await?;
                let members: Result<Vec<_>, sqlx::Error> = rows
                    .iter()
                    .map(|row| {
                        Ok(GroupMember {
                            group: row.text(0)?,
                            member: row.text(1)?,
                            place: row.int(2)?,
                        })
                    })
                    .collect();
                Ok((kept?, members?))
            })
        })
        .await
    }
}
