//! Accounts and their public keys.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use crate::{Limits, Store, StoreError};

/// Longest public key, in bytes. Ours.
const MAX_KEY: usize = 64 << 10;

/// Whose account it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// One of our domains. It stays.
    Ours,
    /// Another domain: anybody can have as many as he likes.
    Foreign {
        /// Now, in microseconds since 1970.
        used: i64,
    },
}

impl Store {
    /// Makes an account known: without that, nothing is kept for it.
    ///
    /// # Errors
    /// [`StoreError`]; `Full` when there are too many.
    pub async fn open_account(&self, name: &str, owner: Owner) -> Result<(), StoreError> {
        let (name, limits) = (name.to_owned(), self.limits);
        self.perform(move |database| {
            let used = match owner {
                Owner::Ours => None,
                Owner::Foreign { used } => Some(used),
            };
            let known = database
                .prepare_cached("UPDATE account SET used = ?2 WHERE name = ?1")?
                .execute((&name, used))?;
            if known == 0 {
                make_room(database, owner, limits)?;
                database
                    .prepare_cached("INSERT INTO account (name, used) VALUES (?1, ?2)")?
                    .execute((&name, used))?;
            }
            Ok(())
        })
        .await
    }

    /// Whether it was made known.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn knows(&self, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.perform(move |database| Ok(known(database, &name)?.is_some()))
            .await
    }

    /// Every account that was made known, by name.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn accounts(&self) -> Result<Vec<Arc<str>>, StoreError> {
        self.perform(|database| {
            let mut names = database.prepare_cached("SELECT name FROM account ORDER BY name")?;
            let names = names.query_map([], |row| row.get::<_, String>(0).map(Arc::from))?;
            Ok(names.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The public key of an account.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn public_key(&self, name: &str) -> Result<Option<Arc<str>>, StoreError> {
        let name = name.to_owned();
        self.perform(move |database| {
            let found = database
                .prepare_cached("SELECT public_key FROM account WHERE name = ?1")?
                .query_row([&name], |row| row.get::<_, Option<String>>(0))
                .optional()?;
            Ok(found.flatten().map(Arc::from))
        })
        .await
    }

    /// Keeps it; false when the account is not known.
    ///
    /// # Errors
    /// [`StoreError`]; `Full` when it has more than 64 KiB.
    pub async fn set_public_key(&self, name: &str, key: Arc<str>) -> Result<bool, StoreError> {
        if key.len() > MAX_KEY {
            return Err(StoreError::Full);
        }
        let name = name.to_owned();
        self.perform(move |database| {
            let changed = database
                .prepare_cached("UPDATE account SET public_key = ?2 WHERE name = ?1")?
                .execute((&name, &*key))?;
            Ok(changed > 0)
        })
        .await
    }
}

/// The number of an account.
pub(crate) fn known(database: &Connection, name: &str) -> Result<Option<i64>, StoreError> {
    let found = database
        .prepare_cached("SELECT id FROM account WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// The number of an account for which something is to be kept.
pub(crate) fn needed(database: &Connection, name: &str) -> Result<i64, StoreError> {
    // It was not made known, or has made room.
    known(database, name)?.ok_or(StoreError::Full)
}

/// Sees to it that there is a place for one more account.
fn make_room(database: &Connection, owner: Owner, limits: Limits) -> Result<(), StoreError> {
    let (count, most) = match owner {
        Owner::Ours => (
            "SELECT count(*) FROM account WHERE used IS NULL",
            limits.accounts,
        ),
        Owner::Foreign { .. } => (
            "SELECT count(*) FROM account WHERE used IS NOT NULL",
            limits.foreign_accounts,
        ),
    };
    let there: usize = database
        .prepare_cached(count)?
        .query_row([], |row| row.get(0))?;
    if there < most {
        return Ok(());
    }
    if owner == Owner::Ours {
        return Err(StoreError::Full);
    }
    let gone = database
        .prepare_cached(
            "DELETE FROM account WHERE id =
             (SELECT id FROM account AS one WHERE used IS NOT NULL AND entries = 0
              AND NOT EXISTS (SELECT 1 FROM address_book WHERE account = one.id)
              AND NOT EXISTS (SELECT 1 FROM device WHERE account = one.id)
              ORDER BY used LIMIT 1)",
        )?
        .execute([])?;
    if gone == 0 {
        return Err(StoreError::Full);
    }
    Ok(())
}
