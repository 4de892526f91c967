//! What must survive a restart: one store for the whole server.

use anyhow::Context;
use store::{Limits, Place, Store};

use crate::file::StoreConfig;

/// Opens the store.
///
/// # Errors
/// The file asks for one that cannot be used. Without being asked for, everything is kept in memory instead.
pub(crate) async fn open(config: &StoreConfig) -> anyhow::Result<Store> {
    let limits = Limits::default();
    match Store::open(&config.place, limits).await {
        Ok(store) => {
            if config.place == Place::Memory {
                tracing::info!("Everything is kept in memory; a restart forgets it");
            }
            Ok(store)
        }
        Err(error) if config.required => Err(error).context("the server has no store"),
        Err(error) => {
            tracing::error!(%error, "Everything is kept in memory; a restart forgets it");
            Ok(Store::open(&Place::Memory, limits).await?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_must_be_there_is_missed() {
        let config = |required| StoreConfig {
            place: Place::File("/proc/no/such/place.db".into()),
            required,
        };
        assert!(open(&config(true)).await.is_err());
        let store = open(&config(false)).await.unwrap();
        store.open_account("a@b", store::Owner::Ours).await.unwrap();
    }
}
