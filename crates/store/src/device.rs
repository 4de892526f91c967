//! Where push servers reach an account's devices.

use std::sync::Arc;

use crate::account::{known, needed};
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
        let name = name.to_owned();
        self.perform(move |database| {
            let Some(account) = known(database, &name)? else {
                return Ok(Vec::new());
            };
            let mut devices = database.prepare_cached(
                "SELECT key, token, platform, device, silent, app FROM device WHERE account = ?1 ORDER BY id",
            )?;
            let devices = devices.query_map([account], |row| {
                let text = |column| row.get::<_, String>(column).map(Arc::from);
                Ok(Device {
                    key: text(0)?,
                    token: text(1)?,
                    platform: text(2)?,
                    device: text(3)?,
                    silent: row.get(4)?,
                    app: text(5)?,
                })
            })?;
            Ok(devices.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Adds a device, or replaces what is known of it. The oldest ones make room.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_device(&self, name: &str, new: Device) -> Result<(), StoreError> {
        let (name, limits) = (name.to_owned(), self.limits);
        self.perform(move |database| {
            let account = needed(database, &name)?;
            database
                .prepare_cached("DELETE FROM device WHERE account = ?1 AND key = ?2")?
                .execute((account, &*new.key))?;
            database
                .prepare_cached(
                    "INSERT INTO device (account, key, token, platform, device, silent, app)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute((
                    account,
                    &*new.key,
                    &*new.token,
                    &*new.platform,
                    &*new.device,
                    new.silent,
                    &*new.app,
                ))?;
            database
                .prepare_cached(
                    "DELETE FROM device WHERE account = ?1 AND id NOT IN
                     (SELECT id FROM device WHERE account = ?1 ORDER BY id DESC LIMIT ?2)",
                )?
                .execute((account, limits.devices))?;
            Ok(())
        })
        .await
    }

    /// Forgets a push token; false when there is none.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn delete_token(&self, name: &str, token: &str) -> Result<bool, StoreError> {
        let (name, token) = (name.to_owned(), token.to_owned());
        self.perform(move |database| {
            let Some(account) = known(database, &name)? else {
                return Ok(false);
            };
            let gone = database
                .prepare_cached("DELETE FROM device WHERE account = ?1 AND token = ?2")?
                .execute((account, &token))?;
            Ok(gone > 0)
        })
        .await
    }
}
