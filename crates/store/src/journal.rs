//! Journals of messages.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::account::known;
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

/// Columns of an entry in the order of [`entry`].
const COLUMNS: &str =
    "contact, contact_key, timestamp, wanted, message_id, content_type, content, direction, state";

fn entry(row: &Row<'_>) -> Result<Entry, rusqlite::Error> {
    let text = |column| row.get::<_, String>(column).map(Arc::from);
    Ok(Entry {
        contact: text(0)?,
        contact_key: text(1)?,
        timestamp: text(2)?,
        wanted: split(&row.get::<_, String>(3)?),
        message_id: text(4)?,
        content_type: text(5)?,
        content: text(6)?,
        direction: row.get(7)?,
        state: row.get(8)?,
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
        let (name, limits, weight) = (name.to_owned(), self.limits, new.weight());
        if weight > limits.bytes {
            return Err(StoreError::Full);
        }
        self.perform(move |database| {
            let Some(account) = known(database, &name)? else {
                return Ok(false);
            };
            // Entries are found by their time, so it never goes back.
            let last: Option<i64> = database
                .prepare_cached(
                    "SELECT at FROM journal WHERE account = ?1 ORDER BY id DESC LIMIT 1",
                )?
                .query_row([account], |row| row.get(0))
                .optional()?;
            let at = last.map_or(now, |last| now.max(last.saturating_add(1)));
            database
                .prepare_cached(&format!(
                    "INSERT INTO journal (account, at, weight, {COLUMNS})
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
                ))?
                .execute(params![
                    account,
                    at,
                    weight,
                    &*new.contact,
                    &*new.contact_key,
                    &*new.timestamp,
                    new.wanted.join(","),
                    &*new.message_id,
                    &*new.content_type,
                    &*new.content,
                    new.direction,
                    new.state,
                ])?;
            database
                .prepare_cached(
                    "UPDATE account SET entries = entries + 1, bytes = bytes + ?2 WHERE id = ?1",
                )?
                .execute((account, weight))?;
            make_room(database, account, limits)?;
            Ok(true)
        })
        .await
    }

    /// Changes the newest message of that id; false when there is none.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn mark(&self, name: &str, message_id: &str, mark: Mark) -> Result<bool, StoreError> {
        let (name, message_id) = (name.to_owned(), message_id.to_owned());
        self.perform(move |database| {
            let Some(account) = known(database, &name)? else {
                return Ok(false);
            };
            let found: Option<(i64, String)> = database
                .prepare_cached(
                    "SELECT id, wanted FROM journal WHERE account = ?1 AND message_id = ?2
                     AND direction <> '' ORDER BY id DESC LIMIT 1",
                )?
                .query_row((account, &message_id), |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((id, wanted)) = found else {
                return Ok(false);
            };
            let mut wanted = split(&wanted);
            wanted.retain(|name| Some(name) != mark.reported.as_ref());
            database
                .prepare_cached("UPDATE journal SET state = ?2, wanted = ?3 WHERE id = ?1")?
                .execute((id, &mark.state, wanted.join(",")))?;
            Ok(true)
        })
        .await
    }

    /// Nothing that came in of the conversation is to be reported any more.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn clear_wanted(&self, name: &str, contact_key: &str) -> Result<(), StoreError> {
        let (name, contact_key) = (name.to_owned(), contact_key.to_owned());
        self.perform(move |database| {
            database
                .prepare_cached(
                    "UPDATE journal SET wanted = '' WHERE direction = 'incoming' AND contact_key = ?2
                     AND account = (SELECT id FROM account WHERE name = ?1)",
                )?
                .execute((&name, &contact_key))?;
            Ok(())
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
        let name = name.to_owned();
        self.perform(move |database| {
            let Some(account) = known(database, &name)? else {
                return Ok(Vec::new());
            };
            // Ids and times grow together.
            let (id, time) = match after {
                After::Beginning => (0, i64::MIN),
                After::Time(time) => (0, time),
                After::Message(message_id, otherwise) => {
                    let found: Option<i64> = database
                        .prepare_cached(
                            "SELECT id FROM journal WHERE account = ?1 AND message_id = ?2
                             ORDER BY id DESC LIMIT 1",
                        )?
                        .query_row((account, &*message_id), |row| row.get(0))
                        .optional()?;
                    match found {
                        Some(id) => (id, i64::MIN),
                        None => (0, otherwise.unwrap_or(i64::MIN)),
                    }
                }
            };
            let mut entries = database.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM journal WHERE account = ?1 AND id > ?2 AND at > ?3 ORDER BY id LIMIT ?4"
            ))?;
            let entries = entries.query_map((account, id, time, limit), entry)?;
            Ok(entries.collect::<Result<_, _>>()?)
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
        self.perform(move |database| {
            let found: Option<String> = database
                .prepare_cached(
                    "SELECT contact FROM journal WHERE account = (SELECT id FROM account WHERE name = ?1)
                     AND message_id = ?2 AND direction <> '' ORDER BY id LIMIT 1",
                )?
                .query_row((&name, &message_id), |row| row.get(0))
                .optional()?;
            Ok(found.map(Arc::from))
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
        let (name, contact_key) = (name.to_owned(), contact_key.to_owned());
        let message_id = message_id.to_owned();
        self.perform(move |database| {
            let Some(account) = known(database, &name)? else {
                return Ok(false);
            };
            let gone = database
                .prepare_cached(
                    "DELETE FROM journal WHERE account = ?1 AND contact_key = ?2 AND message_id = ?3",
                )?
                .execute((account, &contact_key, &message_id))?;
            count_again(database, account)?;
            Ok(gone > 0)
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
        let (name, contact_key) = (name.to_owned(), contact_key.to_owned());
        self.perform(move |database| {
            let Some(account) = known(database, &name)? else {
                return Ok(0);
            };
            let gone = database
                .prepare_cached("DELETE FROM journal WHERE account = ?1 AND contact_key = ?2")?
                .execute((account, &contact_key))?;
            count_again(database, account)?;
            Ok(gone)
        })
        .await
    }
}

/// Deletes the oldest entries until the journal is within its limits.
fn make_room(database: &Connection, account: i64, limits: crate::Limits) -> Result<(), StoreError> {
    loop {
        let (entries, bytes): (usize, usize) = database
            .prepare_cached("SELECT entries, bytes FROM account WHERE id = ?1")?
            .query_row([account], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if entries <= limits.entries && bytes <= limits.bytes {
            return Ok(());
        }
        let oldest: Option<(i64, usize)> = database
            .prepare_cached(
                "DELETE FROM journal WHERE id = (SELECT min(id) FROM journal WHERE account = ?1)
                 RETURNING id, weight",
            )?
            .query_row([account], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((_, weight)) = oldest else {
            return count_again(database, account);
        };
        database
            .prepare_cached(
                "UPDATE account SET entries = entries - 1, bytes = bytes - ?2 WHERE id = ?1",
            )?
            .execute((account, weight))?;
    }
}

fn count_again(database: &Connection, account: i64) -> Result<(), StoreError> {
    database
        .prepare_cached(
            "UPDATE account SET (entries, bytes) =
             (SELECT count(*), coalesce(sum(weight), 0) FROM journal WHERE account = ?1) WHERE id = ?1",
        )?
        .execute([account])?;
    Ok(())
}
