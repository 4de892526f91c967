//! How far the numbers of the event log have gone, so that no later run gives one out again, even where the log's folder was
//! lost and the clock went back.

use crate::database::values;
use crate::{Store, StoreError};

impl Store {
    /// The number every later one has to be above; 0 where none was ever reserved.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn event_position(&self) -> Result<u64, StoreError> {
        self.perform(move |mut database| {
            Box::pin(async move {
                let row = database
                    .row(
                        "SELECT position FROM event_position WHERE id = 1",
                        Vec::new(),
                    )
                    .await?;
                let position = row.map(|row| row.int(0)).transpose()?;
                Ok(u64::try_from(position.unwrap_or_default()).unwrap_or_default())
            })
        })
        .await
    }

    /// Numbers up to `position` may be given out from now on. It is never taken back: a lower one changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn reserve_events(&self, position: u64) -> Result<(), StoreError> {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        self.perform(move |mut database| {
            Box::pin(async move {
                database
                    .execute(
                        "UPDATE event_position SET position = $1 WHERE id = 1 AND position < $2",
                        values![position, position],
                    )
                    .await?;
                Ok(())
            })
        })
        .await
    }
}
