//! Accounts and their public keys.

use std::sync::Arc;

use crate::database::{Database, values};
use crate::{Limits, Store, StoreError};

/// Longest public key, in bytes. Ours.
const MAX_KEY: usize = 64 << 10;

/// Whose account it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// One of our domains. It stays.
    Ours,
    /// Another domain: anybody can have as many as they like.
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
        let (name, limits) = (Arc::<str>::from(name), self.limits);
        self.perform(move |mut database| {
            Box::pin(async move {
                let used = match owner {
                    Owner::Ours => None,
                    Owner::Foreign { used } => Some(used),
                };
                let known = database
                    .execute(
                        "UPDATE account SET used = $2 WHERE name = $1",
                        values![&name, used],
                    )
                    .await?;
                if known == 0 {
                    make_room(&mut database, owner, limits).await?;
                    database
                        .execute(
                            "INSERT INTO account (name, used) VALUES ($1, $2)",
                            values![&name, used],
                        )
                        .await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Whether it was made known.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn knows(&self, name: &str) -> Result<bool, StoreError> {
        let name = Arc::<str>::from(name);
        self.perform(move |mut database| {
            Box::pin(async move { Ok(known(&mut database, &name).await?.is_some()) })
        })
        .await
    }

    /// Every account that was made known, by name.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn accounts(&self) -> Result<Vec<Arc<str>>, StoreError> {
        self.perform(|mut database| {
            Box::pin(async move {
                let names = "SELECT name FROM account ORDER BY name";
                let names = database.rows(names, Vec::new()).await?;
                let names = names.iter().map(|row| row.text(0));
                Ok(names.collect::<Result<_, _>>()?)
            })
        })
        .await
    }

    /// The public key of an account.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn public_key(&self, name: &str) -> Result<Option<Arc<str>>, StoreError> {
        let name = Arc::<str>::from(name);
        self.perform(move |mut database| {
            Box::pin(async move {
                let found = "SELECT public_key FROM account WHERE name = $1";
                match database.row(found, values![&name]).await? {
                    Some(row) => Ok(row.optional_text(0)?),
                    None => Ok(None),
                }
            })
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
        let name = Arc::<str>::from(name);
        self.perform(move |mut database| {
            Box::pin(async move {
                let change = "UPDATE account SET public_key = $2 WHERE name = $1";
                Ok(database.execute(change, values![&name, key]).await? > 0)
            })
        })
        .await
    }
}

/// The number of an account.
pub(crate) async fn known(
    database: &mut Database<'_>,
    name: &Arc<str>,
) -> Result<Option<i64>, StoreError> {
    let found = "SELECT id FROM account WHERE name = $1";
    match database.row(found, values![name]).await? {
        Some(row) => Ok(Some(row.int(0)?)),
        None => Ok(None),
    }
}

/// The number of an account for which something is to be kept.
pub(crate) async fn needed(
    database: &mut Database<'_>,
    name: &Arc<str>,
) -> Result<i64, StoreError> {
    // It was not made known, or has made room.
    known(database, name).await?.ok_or(StoreError::Full)
}

/// Sees to it that there is a place for one more account.
async fn make_room(
    database: &mut Database<'_>,
    owner: Owner,
    limits: Limits,
) -> Result<(), StoreError> {
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
    let there = match database.row(count, Vec::new()).await? {
        Some(row) => row.count(0)?,
        None => 0,
    };
    if there < most {
        return Ok(());
    }
    if owner == Owner::Ours {
        return Err(StoreError::Full);
    }
    let gone = database
        .execute(
            "DELETE FROM account WHERE id =
             (SELECT id FROM account AS one WHERE used IS NOT NULL AND entries = 0
              AND NOT EXISTS (SELECT 1 FROM address_book WHERE account = one.id)
              AND NOT EXISTS (SELECT 1 FROM device WHERE account = one.id)
              ORDER BY used LIMIT 1)",
            Vec::new(),
        )
        .await?;
    if gone == 0 {
        return Err(StoreError::Full);
    }
    Ok(())
}
