//! Values of `db`, dial strings of `group`, members of fifos and aliases, for the next run of the server.

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

/// Somebody who is called when callers wait in a fifo.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FifoMember {
    /// Name of the fifo.
    pub fifo: Arc<str>,
    /// The dial string.
    pub dial: Arc<str>,
    /// Calls at one time.
    pub simultaneous: u32,
    /// Seconds it may ring.
    pub ring_s: u32,
    /// Seconds of rest behind a call.
    pub lag_s: u32,
    /// Whether it is called.
    pub takes_calls: bool,
    /// When it is to be forgotten, microseconds since 1970.
    pub expires: Option<i64>,
}

/// All that is kept.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kept {
    /// By realm and name.
    pub values: Vec<KeptValue>,
    /// By their places.
    pub group_members: Vec<GroupMember>,
    /// By fifo and dial string.
    pub fifo_members: Vec<FifoMember>,
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
    /// A member of a fifo is kept, in place of what was there.
    PutFifoMember(FifoMember),
    /// A member of a fifo is forgotten: fifo and dial string.
    DeleteFifoMember(Arc<str>, Arc<str>),
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
                        KeptChange::PutFifoMember(FifoMember {
                            fifo,
                            dial,
                            simultaneous,
                            ring_s,
                            lag_s,
                            takes_calls,
                            expires,
                        }) => (
                            "INSERT INTO fifo_member (fifo, dial, simultaneous, ring_s, lag_s, takes_calls, expires)
                             VALUES ($1, $2, $3, $4, $5, $6, $7)
                             ON CONFLICT (fifo, dial) DO UPDATE SET
                                 simultaneous = excluded.simultaneous, ring_s = excluded.ring_s, lag_s = excluded.lag_s,
                                 takes_calls = excluded.takes_calls, expires = excluded.expires",
                            values![
                                fifo,
                                dial,
                                i64::from(simultaneous),
                                i64::from(ring_s),
                                i64::from(lag_s),
                                takes_calls,
                                expires
                            ],
                        ),
                        KeptChange::DeleteFifoMember(fifo, dial) => (
                            "DELETE FROM fifo_member WHERE fifo = $1 AND dial = $2",
                            values![fifo, dial],
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

    /// All of it but aliases.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn kept(&self) -> Result<Kept, StoreError> {
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
                let statement =
                    "SELECT fifo, dial, simultaneous, ring_s, lag_s, takes_calls, expires
                                 FROM fifo_member ORDER BY fifo, dial";
                let rows = database.rows(statement, Vec::new()).await?;
                let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
                let fifo_members: Result<Vec<_>, sqlx::Error> = rows
                    .iter()
                    .map(|row| {
                        Ok(FifoMember {
                            fifo: row.text(0)?,
                            dial: row.text(1)?,
                            simultaneous: count(row.int(2)?),
                            ring_s: count(row.int(3)?),
                            lag_s: count(row.int(4)?),
                            takes_calls: row.int(5)? != 0,
                            expires: row.optional_int(6)?,
                        })
                    })
                    .collect();
                Ok(Kept {
                    values: kept?,
                    group_members: members?,
                    fifo_members: fifo_members?,
                })
            })
        })
        .await
    }
}
