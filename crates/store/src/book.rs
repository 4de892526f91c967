//! Address books.

use std::sync::Arc;

use crate::account::{known, needed};
use crate::database::values;
use crate::{Store, StoreError};

impl Store {
    /// Items of an account's address book as kind and JSON, by kind and id.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn address_book(&self, name: &str) -> Result<Vec<(String, String)>, StoreError> {
        let name = Arc::<str>::from(name);
        self.perform(move |mut database| {
            Box::pin(async move {
                let Some(account) = known(&mut database, &name).await? else {
                    return Ok(Vec::new());
                };
                let items =
                    "SELECT kind, item FROM address_book WHERE account = $1 ORDER BY kind, id";
                let mut book = Vec::new();
                for row in database.rows(items, values![account]).await? {
                    book.push((row.text(0)?.to_string(), row.text(1)?.to_string()));
                }
                Ok(book)
            })
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
        let (name, id, limits) = (Arc::<str>::from(name), id.to_owned(), self.limits);
        self.perform(move |mut database| {
            Box::pin(async move {
                let account = needed(&mut database, &name).await?;
                let others = database
                    .row(
                        "SELECT count(*) FROM address_book
                         WHERE account = $1 AND NOT (kind = $2 AND id = $3)",
                        values![account, kind, &id],
                    )
                    .await?;
                let others = match others {
                    Some(row) => row.count(0)?,
                    None => 0,
                };
                if others >= limits.items {
                    return Err(StoreError::Full);
                }
                database
                    .execute(
                        "INSERT INTO address_book (account, kind, id, item) VALUES ($1, $2, $3, $4)
                         ON CONFLICT (account, kind, id) DO UPDATE SET item = excluded.item",
                        values![account, kind, &id, item],
                    )
                    .await?;
                Ok(())
            })
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
        let (name, id) = (Arc::<str>::from(name), id.to_owned());
        self.perform(move |mut database| {
            Box::pin(async move {
                let Some(account) = known(&mut database, &name).await? else {
                    return Ok(false);
                };
                let gone = database
                    .execute(
                        "DELETE FROM address_book WHERE account = $1 AND kind = $2 AND id = $3",
                        values![account, kind, &id],
                    )
                    .await?;
                Ok(gone > 0)
            })
        })
        .await
    }
}
