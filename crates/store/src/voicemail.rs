//! The index of voicemail: what is known of each message whose sound is in a file.

use std::sync::Arc;

use crate::database::{Row, values};
use crate::{Store, StoreError};

/// A message in a voicemail box. Times are in microseconds since 1970.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VoiceMessage {
    /// A UUID.
    pub id: Arc<str>,
    /// Number of the box.
    pub mailbox: Arc<str>,
    /// Its domain.
    pub domain: Arc<str>,
    /// Who left it.
    pub caller_name: Arc<str>,
    /// Who left it.
    pub caller_number: Arc<str>,
    /// When it was complete.
    pub left_at: i64,
    /// When it was listened to; `None`: it is new.
    pub read_at: Option<i64>,
    /// Milliseconds.
    pub length_ms: i64,
    /// The WAV file.
    pub file: Arc<str>,
}

impl Store {
    /// Keeps a message. One that is there already stays as it is, so that an attempt whose outcome is not known may be
    /// made again.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn save_voice_message(&self, message: VoiceMessage) -> Result<(), StoreError> {
        self.perform(move |mut database| {
            Box::pin(async move {
                let VoiceMessage {
                    id,
                    mailbox,
                    domain,
                    caller_name,
                    caller_number,
                    left_at,
                    read_at,
                    length_ms,
                    file,
                } = message;
                database
                    .execute(
                        "INSERT INTO voice_message (id, mailbox, domain, caller_name, caller_number, left_at,
                         read_at, length_ms, file) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                         ON CONFLICT (id) DO NOTHING",
                        values![
                            id,
                            mailbox,
                            domain,
                            caller_name,
                            caller_number,
                            left_at,
                            read_at,
                            length_ms,
                            file
                        ],
                    )
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// Says when a message was listened to; `None`: it is new. What is not there stays away.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn mark_voice_message(
        &self,
        id: Arc<str>,
        read_at: Option<i64>,
    ) -> Result<(), StoreError> {
        self.perform(move |mut database| {
            Box::pin(async move {
                database
                    .execute(
                        "UPDATE voice_message SET read_at = $2 WHERE id = $1",
                        values![id, read_at],
                    )
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// Forgets a message. Its file is the caller's.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn delete_voice_message(&self, id: Arc<str>) -> Result<(), StoreError> {
        self.perform(move |mut database| {
            Box::pin(async move {
                database
                    .execute("DELETE FROM voice_message WHERE id = $1", values![id])
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// All messages of all boxes, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn voice_messages(&self) -> Result<Vec<VoiceMessage>, StoreError> {
        self.read(|mut database| {
            Box::pin(async move {
                let rows = database
                    .rows(
                        "SELECT id, mailbox, domain, caller_name, caller_number, left_at, read_at, length_ms, file
                         FROM voice_message ORDER BY left_at, id",
                        Vec::new(),
                    )
                    .await?;
                let messages: Result<Vec<_>, _> = rows.iter().map(message).collect();
                Ok(messages?)
            })
        })
        .await
    }
}

fn message(row: &Row) -> Result<VoiceMessage, sqlx::Error> {
    Ok(VoiceMessage {
        id: row.text(0)?,
        mailbox: row.text(1)?,
        domain: row.text(2)?,
        caller_name: row.text(3)?,
        caller_number: row.text(4)?,
        left_at: row.int(5)?,
        read_at: row.optional_int(6)?,
        length_ms: row.int(7)?,
        file: row.text(8)?,
    })
}
