//! Accounts and their public keys.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use crate::{Limits, Store, StoreError};

/// Longest public key, in bytes. Ours.
const MAX_KEY: usize = 64 << 10;

impl Store {
    /// Makes an account known.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open_account(&self, name: &str) -> Result<(), StoreError> {
        let (name, limits) = (name.to_owned(), self.limits);
        self.perform(move |database| needed(database, &name, limits).map(|_| ()))
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

    /// Keeps it.
    ///
    /// # Errors
    /// [`StoreError`]; `Full` when it has more than 64 KiB.
    pub async fn set_public_key(&self, name: &str, key: Arc<str>) -> Result<(), StoreError> {
        if key.len() > MAX_KEY {
            return Err(StoreError::Full);
        }
        let (name, limits) = (name.to_owned(), self.limits);
        self.perform(move |database| {
            let account = needed(database, &name, limits)?;
            database
                .prepare_cached("UPDATE account SET public_key = ?2 WHERE id = ?1")?
                .execute((account, &*key))?;
            Ok(())
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

/// The number of an account, which is made when there is none.
pub(crate) fn needed(database: &Connection, name: &str, limits: Limits) -> Result<i64, StoreError> {
    if let Some(account) = known(database, name)? {
        return Ok(account);
    }
    let there: usize = database
        .prepare_cached("SELECT count(*) FROM account")?
        .query_row([], |row| row.get(0))?;
    if there >= limits.accounts {
        return Err(StoreError::Full);
    }
    database
        .prepare_cached("INSERT INTO account (name) VALUES (?1)")?
        .execute([name])?;
    Ok(database.last_insert_rowid())
}
