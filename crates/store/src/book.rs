//! Address books.

use crate::account::{known, needed};
use crate::{Store, StoreError};

impl Store {
    /// Items of an account's address book as kind and JSON, by kind and id.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn address_book(&self, name: &str) -> Result<Vec<(String, String)>, StoreError> {
        let name = name.to_owned();
        self.perform(move |database| {
            let Some(account) = known(database, &name)? else {
                return Ok(Vec::new());
            };
            let mut items = database.prepare_cached(
                "SELECT kind, item FROM address_book WHERE account = ?1 ORDER BY kind, id",
            )?;
            let items = items.query_map([account], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(items.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Adds or replaces an item.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_item(
        &self,
        name: &str,
        kind: &'static str,
        id: &str,
        item: String,
    ) -> Result<(), StoreError> {
        let (name, id, limits) = (name.to_owned(), id.to_owned(), self.limits);
        self.perform(move |database| {
            let account = needed(database, &name)?;
            let others: usize = database
                .prepare_cached(
                    "SELECT count(*) FROM address_book WHERE account = ?1 AND NOT (kind = ?2 AND id = ?3)",
                )?
                .query_row((account, kind, &id), |row| row.get(0))?;
            if others >= limits.items {
                return Err(StoreError::Full);
            }
            database
                .prepare_cached("INSERT OR REPLACE INTO address_book VALUES (?1, ?2, ?3, ?4)")?
                .execute((account, kind, &id, &item))?;
            Ok(())
        })
        .await
    }

    /// Deletes an item; false when there is none.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn delete_item(
        &self,
        name: &str,
        kind: &'static str,
        id: &str,
    ) -> Result<bool, StoreError> {
        let (name, id) = (name.to_owned(), id.to_owned());
        self.perform(move |database| {
            let Some(account) = known(database, &name)? else {
                return Ok(false);
            };
            let gone = database
                .prepare_cached(
                    "DELETE FROM address_book WHERE account = ?1 AND kind = ?2 AND id = ?3",
                )?
                .execute((account, kind, &id))?;
            Ok(gone > 0)
        })
        .await
    }
}
