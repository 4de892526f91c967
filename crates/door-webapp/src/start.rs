use std::sync::Arc;
use std::time::Duration;

use api::Switch;
use net::tls::{TlsConnector, TlsError, Trust, connector};
use net::{Drain, Drained};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, ConfigError};
use crate::counters::Counters;
use crate::events;

/// The door's name in origins.
pub(crate) const NAME: &str = "webapp";

/// Why the door did not open.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be served.
    #[error("[door.webapp] {0}")]
    Config(#[from] ConfigError),
    /// The file of authorities cannot be used.
    #[error("[door.webapp] ca: {0}")]
    Authorities(#[from] TlsError),
}

/// An open door.
pub struct Door {
    shared: Arc<Shared>,
}

/// What all calls of the door have in common.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) switch: Switch,
    pub(crate) tls: TlsConnector,
    pub(crate) counters: Counters,
    /// One for each call.
    pub(crate) places: Arc<Semaphore>,
    /// One for each last report under way.
    pub(crate) farewell_places: Arc<Semaphore>,
    pub(crate) drain: Drain,
}

/// Opens the door: from the return on, no wish of the switch finds nobody. Reads the file of authorities.
///
/// # Errors
/// [`StartError`].
pub async fn start(
    config: Config,
    switch: Switch,
    process: &CancellationToken,
) -> Result<Door, StartError> {
    config.check()?;
    let tls = connector(&Trust::in_authorities(config.authorities.as_deref()))?;
    let places = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
    let drain = Drain::new(process);
    let shared = Arc::new(Shared {
        places: places(config.max_calls),
        farewell_places: places(config.max_farewells),
        counters: Counters::new(),
        config,
        switch,
        tls,
        drain,
    });
    // A switch that has stopped wishes nothing.
    if let Some(events) = events::observe(&shared.switch).await {
        let stop = shared.drain.connection().told;
        let serving = events::run(shared.clone(), events, stop);
        shared.drain.spawn(serving);
    }
    Ok(Door { shared })
}

impl Door {
    /// What became of requests and calls.
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// Closes the door: calls go on by their fallback; last reports have up to `grace`.
    pub async fn drain(&self, grace: Duration) -> Drained {
        self.shared.drain.run(grace).await
    }
}
