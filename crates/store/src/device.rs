//! Where push servers reach an account's devices.

use std::sync::Arc;

use crate::account::{known, needed};
use crate::database::values;
use crate::{Store, StoreError};

/// A device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// `<app>-<device>`, of which an account has one.
    pub key: Arc<str>,
    /// By which the push server reaches it.
    pub token: Arc<str>,
    /// Which push server.
    pub platform: Arc<str>,
    /// Its own id.
    pub device: Arc<str>,
    /// Notifications make no noise.
    pub silent: bool,
    /// Which application.
    pub app: Arc<str>,
}

impl Store {
    /// The devices of an account, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn devices(&self, name: &str) -> Result<Vec<Device>, StoreError> {
        let name = Arc::<str>::from(name);
        self.perform(move |mut database| {
            Box::pin(async move {
                let Some(account) = known(&mut database, &name).await? else {
                    return Ok(Vec::new());
                };
                let rows = database
                    .rows(
                        "SELECT key, token, platform, device, silent, app
                         FROM device WHERE account = $1 ORDER BY id",
                        values![account],
                    )
                    .await?;
                let mut devices = Vec::new();
                for row in rows {
                    devices.push(Device {
                        key: row.text(0)?,
                        token: row.text(1)?,
                        platform: row.text(2)?,
                        device: row.text(3)?,
                        silent: row.int(4)? != 0,
                        app: row.text(5)?,
                    });
                }
                Ok(devices)
            })
        })
        .await
    }

    /// Adds a device, or replaces what is known of it. The oldest ones make room.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_device(&self, name: &str, new: Device) -> Result<(), StoreError> {
        let (name, limits) = (Arc::<str>::from(name), self.limits);
        self.perform(move |mut database| {
            Box::pin(async move {
                let account = needed(&mut database, &name).await?;
                database
                    .execute(
                        "DELETE FROM device WHERE account = $1 AND key = $2",
                        values![account, &new.key],
                    )
                    .await?;
                database
                    .execute(
                        "INSERT INTO device (account, key, token, platform, device, silent, app)
                         VALUES ($1, $2, $3, $4, $5, $6, $7)",
                        values![
                            account,
                            new.key,
                            new.token,
                            new.platform,
                            new.device,
                            new.silent,
                            new.app,
                        ],
                    )
                    .await?;
                database
                    .execute(
                        "DELETE FROM device WHERE account = $1 AND id NOT IN
                         (SELECT id FROM device WHERE account = $1 ORDER BY id DESC LIMIT $2)",
                        values![account, limits.devices],
                    )
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// Forgets a push token; false when there is none.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn delete_token(&self, name: &str, token: &str) -> Result<bool, StoreError> {
        let (name, token) = (Arc::<str>::from(name), token.to_owned());
        self.perform(move |mut database| {
            Box::pin(async move {
                let Some(account) = known(&mut database, &name).await? else {
                    return Ok(false);
                };
                let gone = database
                    .execute(
                        "DELETE FROM device WHERE account = $1 AND token = $2",
                        values![account, &token],
                    )
                    .await?;
                Ok(gone > 0)
            })
        })
        .await
    }
}
