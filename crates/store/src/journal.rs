//! Journals of messages.

use std::sync::Arc;

use crate::account::known;
use crate::database::{Database, Row, values};
use crate::{Store, StoreError};

/// An entry of an account's journal. Texts are the caller's; the store compares, and does not read them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// With whom, as the client wrote it.
    pub contact: Arc<str>,
    /// With whom, as conversations are compared.
    pub contact_key: Arc<str>,
    /// When the message was written.
    pub timestamp: Arc<str>,
    /// Reports the other side still wants.
    pub wanted: Vec<String>,
    /// The message's id.
    pub message_id: Arc<str>,
    /// MIME type of `content`.
    pub content_type: Arc<str>,
    /// What.
    pub content: Arc<str>,
    /// `incoming`, `outgoing`, or empty for what is no message.
    pub direction: String,
    /// What became of it.
    pub state: Option<String>,
}

/// From where on a journal is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum After {
    /// All of it.
    Beginning,
    /// What was journalled after that entry; when there is none of that id, after a time in microseconds since 1970.
    Message(Arc<str>, Option<i64>),
    /// What was journalled after a time, in microseconds since 1970.
    Time(i64),
}

/// What changes about a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Its state from now on.
    pub state: String,
    /// No longer wanted.
    pub reported: Option<String>,
}

impl Entry {
    /// About how many bytes it takes.
    fn weight(&self) -> usize {
        200 + self.contact.len()
            + self.message_id.len()
            + self.content_type.len()
            + self.content.len()
    }
}

fn entry(row: &Row) -> Result<Entry, sqlx::Error> {
    Ok(Entry {
        contact: row.text(0)?,
        contact_key: row.text(1)?,
        timestamp: row.text(2)?,
        wanted: split(&row.text(3)?),
        message_id: row.text(4)?,
        content_type: row.text(5)?,
        content: row.text(6)?,
        direction: row.text(7)?.to_string(),
        state: row.optional_text(8)?.map(|state| state.to_string()),
    })
}

fn split(wanted: &str) -> Vec<String> {
    let names = wanted.split(',').filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

impl Store {
    /// Adds to an account's journal at `now`, in microseconds since 1970; false when it is not known. The oldest entries make
    /// room when it is full.
    ///
    /// # Errors
    /// [`StoreError`]; `Full` when the entry is larger than a journal may be.
    pub async fn append(&self, name: &str, now: i64, new: Entry) -> Result<bool, StoreError> {
        let (name, limits, weight) = (Arc::<str>::from(name), self.limits, new.weight());
        if weight > limits.bytes {
            return Err(StoreError::Full);
        }
        self.perform(move |mut database| {
            Box::pin(async move {
                let Some(account) = known(&mut database, &name).await? else {
                    return Ok(false);
                };
                // Entries are found by their time, so it never goes back.
                let last = database
                    .row(
                        "SELECT at FROM journal WHERE account = $1 ORDER BY id DESC LIMIT 1",
                        values![account],
                    )
                    .await?;
                let at = match last {
                    Some(row) => now.max(row.int(0)?.saturating_add(1)),
                    None => now,
                };
                database
                    .execute(
                        "INSERT INTO journal (account, at, weight, contact, contact_key, timestamp, wanted,
                         message_id, content_type, content, direction, state)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                        values![
                            account,
                            at,
                            weight,
                            new.contact,
                            new.contact_key,
                            new.timestamp,
                            new.wanted.join(","),
                            new.message_id,
                            new.content_type,
                            new.content,
                            new.direction,
                            new.state,
                        ],
                    )
                    .await?;
                let counted = database
                    .row(
                        "UPDATE account SET entries = entries + 1, bytes = bytes + $2 WHERE id = $1
                         RETURNING entries, bytes",
                        values![account, weight],
                    )
                    .await?;
                make_room(&mut database, account, counted, limits).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Changes the newest message of that id; false when there is none.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn mark(&self, name: &str, message_id: &str, mark: Mark) -> Result<bool, StoreError> {
        let (name, message_id) = (Arc::<str>::from(name), message_id.to_owned());
        self.perform(move |mut database| {
            Box::pin(async move {
                let Some(account) = known(&mut database, &name).await? else {
                    return Ok(false);
                };
                let found = database
                    .row(
                        "SELECT id, wanted FROM journal WHERE account = $1 AND message_id = $2
                         AND direction <> '' ORDER BY id DESC LIMIT 1",
                        values![account, &message_id],
                    )
                    .await?;
                let Some(row) = found else {
                    return Ok(false);
                };
                let mut wanted = split(&row.text(1)?);
                wanted.retain(|name| Some(name) != mark.reported.as_ref());
                database
                    .execute(
                        "UPDATE journal SET state = $2, wanted = $3 WHERE id = $1",
                        values![row.int(0)?, &mark.state, wanted.join(",")],
                    )
                    .await?;
                Ok(true)
            })
        })
        .await
    }

    /// Nothing that came in of the conversation is to be reported any more.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn clear_wanted(&self, name: &str, contact_key: &str) -> Result<(), StoreError> {
        let (name, contact_key) = (name.to_owned(), contact_key.to_owned());
        self.perform(move |mut database| {
            Box::pin(async move {
                database
                    .execute(
                        "UPDATE journal SET wanted = '' WHERE direction = 'incoming' AND contact_key = $2
                         AND account = (SELECT id FROM account WHERE name = $1)",
                        values![&name, &contact_key],
                    )
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// The journal from a place on, oldest first, at most `limit` entries.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn journal(
        &self,
        name: &str,
        after: After,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let name = Arc::<str>::from(name);
        self.perform(move |mut database| {
            Box::pin(async move {
                let Some(account) = known(&mut database, &name).await? else {
                    return Ok(Vec::new());
                };
                let (id, time) = place(&mut database, account, after).await?;
                let rows = database
                    .rows(
                        "SELECT contact, contact_key, timestamp, wanted, message_id, content_type, content,
                         direction, state
                         FROM journal WHERE account = $1 AND id > $2 AND at > $3 ORDER BY id LIMIT $4",
                        values![account, id, time, limit],
                    )
                    .await?;
                let entries = rows.iter().map(entry);
                Ok(entries.collect::<Result<_, _>>()?)
            })
        })
        .await
    }

    /// With whom a message was exchanged.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn contact_of(
        &self,
        name: &str,
        message_id: &str,
    ) -> Result<Option<Arc<str>>, StoreError> {
        let (name, message_id) = (name.to_owned(), message_id.to_owned());
        self.perform(move |mut database| {
            Box::pin(async move {
                let found = database
                    .row(
                        "SELECT contact FROM journal WHERE account = (SELECT id FROM account WHERE name = $1)
                         AND message_id = $2 AND direction <> '' ORDER BY id LIMIT 1",
                        values![&name, &message_id],
                    )
                    .await?;
                match found {
                    Some(row) => Ok(Some(row.text(0)?)),
                    None => Ok(None),
                }
            })
        })
        .await
    }

    /// Deletes what has that id in a conversation; false when there is nothing.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn remove_message(
        &self,
        name: &str,
        contact_key: &str,
        message_id: &str,
    ) -> Result<bool, StoreError> {
        let (name, contact_key) = (Arc::<str>::from(name), contact_key.to_owned());
        let message_id = message_id.to_owned();
        self.perform(move |mut database| {
            Box::pin(async move {
                let Some(account) = known(&mut database, &name).await? else {
                    return Ok(false);
                };
                let gone = database
                    .execute(
                        "DELETE FROM journal WHERE account = $1 AND contact_key = $2 AND message_id = $3",
                        values![account, &contact_key, &message_id],
                    )
                    .await?;
                count_again(&mut database, account).await?;
                Ok(gone > 0)
            })
        })
        .await
    }

    /// Deletes a conversation and says how many entries it had.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn remove_conversation(
        &self,
        name: &str,
        contact_key: &str,
    ) -> Result<usize, StoreError> {
        let (name, contact_key) = (Arc::<str>::from(name), contact_key.to_owned());
        self.perform(move |mut database| {
            Box::pin(async move {
                let Some(account) = known(&mut database, &name).await? else {
                    return Ok(0);
                };
                let gone = database
                    .execute(
                        "DELETE FROM journal WHERE account = $1 AND contact_key = $2",
                        values![account, &contact_key],
                    )
                    .await?;
                count_again(&mut database, account).await?;
                Ok(usize::try_from(gone).unwrap_or(usize::MAX))
            })
        })
        .await
    }
}

/// The id and the time behind which entries are wanted. Ids and times grow together.
async fn place(
    database: &mut Database<'_>,
    account: i64,
    after: After,
) -> Result<(i64, i64), StoreError> {
    let (message_id, otherwise) = match after {
        After::Beginning => return Ok((0, i64::MIN)),
        After::Time(time) => return Ok((0, time)),
        After::Message(message_id, otherwise) => (message_id, otherwise),
    };
    let found = database
        .row(
            "SELECT id FROM journal WHERE account = $1 AND message_id = $2 ORDER BY id DESC LIMIT 1",
            values![account, message_id],
        )
        .await?;
    match found {
        Some(row) => Ok((row.int(0)?, i64::MIN)),
        None => Ok((0, otherwise.unwrap_or(i64::MIN))),
    }
}

/// Deletes the oldest entries until the journal is within its limits. `counted` says how many entries and bytes it has.
async fn make_room(
    database: &mut Database<'_>,
    account: i64,
    mut counted: Option<Row>,
    limits: crate::Limits,
) -> Result<(), StoreError> {
    while let Some(row) = counted {
        if row.count(0)? <= limits.entries && row.count(1)? <= limits.bytes {
            break;
        }
        let oldest = database
            .row(
                "DELETE FROM journal WHERE id = (SELECT min(id) FROM journal WHERE account = $1)
                 RETURNING weight",
                values![account],
            )
            .await?;
        let Some(oldest) = oldest else {
            return count_again(database, account).await;
        };
        counted = database
            .row(
                "UPDATE account SET entries = entries - 1, bytes = bytes - $2 WHERE id = $1
                 RETURNING entries, bytes",
                values![account, oldest.int(0)?],
            )
            .await?;
    }
    Ok(())
}

async fn count_again(database: &mut Database<'_>, account: i64) -> Result<(), StoreError> {
    database
        .execute(
            "UPDATE account SET (entries, bytes) =
             (SELECT count(*), CAST(coalesce(sum(weight), 0) AS BIGINT) FROM journal WHERE account = $1)
             WHERE id = $1",
            values![account],
        )
        .await?;
    Ok(())
}
