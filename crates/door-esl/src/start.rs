use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::bus::QueueLimits;
use api::{Origin, Switch};
use esl::console::{Console, Host};
use net::drain::Leaving;
use net::{
    Accepted, Counters, Drain, Drained, Listener, ListenerConfig, LoginLimiter, OutboxLimits,
};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, ConfigError};
use crate::console_lines;
use crate::host::{DoorHost, Environment};
use crate::jobs::Jobs;
use crate::session;

/// The door's name in origins, logs and metrics.
pub(crate) const NAME: &str = "event_socket";

/// Messages an outbox takes beyond the configured queue: replies and log lines are not events.
const REPLY_ROOM: usize = 1_000;

/// Why the door did not open.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be served.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Config(Vec<ConfigError>),
    /// An address cannot be bound.
    #[error("the event socket cannot listen on {address}: {source}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// An open door.
pub struct Door {
    shared: Arc<Shared>,
    local_addrs: Vec<SocketAddr>,
}

/// What all connections of the door have in common.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) switch: Switch,
    pub(crate) environment: Environment,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) jobs: Jobs,
    pub(crate) counters: Arc<Counters>,
    logins: Mutex<LoginLimiter>,
    drain: Drain,
    connections: AtomicU64,
    /// Cancelled when the connections of this generation are to go, and replaced for the next one.
    generation: Mutex<CancellationToken>,
}

impl Shared {
    pub(crate) fn queue_limits(&self) -> QueueLimits {
        QueueLimits {
            messages: self.config.max_queue,
            bytes: self.config.max_queue_bytes,
        }
    }

    pub(crate) fn outbox_limits(&self) -> OutboxLimits {
        OutboxLimits {
            messages: self.config.max_queue + REPLY_ROOM,
            bytes: self.config.max_queue_bytes,
            write_deadline: self.config.write_deadline,
            ..OutboxLimits::default()
        }
    }

    pub(crate) fn console(&self, origin: Origin) -> Console {
        Console {
            switch: self.switch.clone(),
            server: self.environment.server.clone(),
            host: self.host.clone(),
            origin,
        }
    }

    /// Spawns a task the door waits for when it closes.
    pub(crate) fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.drain.spawn(task)
    }

    /// The guard is held for one look or note, never across IO.
    pub(crate) fn logins(&self) -> MutexGuard<'_, LoginLimiter> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all connections as a shutdown does, while the listeners stay open for new ones.
    pub(crate) fn reopen(&self) {
        let next = self.drain.connection().told;
        std::mem::replace(&mut *self.generation(), next).cancel();
    }

    /// The guard is held for a clone or an exchange.
    fn generation(&self) -> MutexGuard<'_, CancellationToken> {
        self.generation
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn passes_acls(&self, peer: SocketAddr) -> bool {
        let acls = self.environment.acls.load();
        let lists = &self.config.apply_inbound_acl;
        lists.iter().all(|list| acls.allows(list, peer.ip()))
    }
}

/// Opens the door: listens at once, so that ports are known and conflicts show early.
///
/// # Errors
/// [`StartError`].
pub async fn start(
    config: Config,
    switch: Switch,
    environment: Environment,
    process: &CancellationToken,
) -> Result<Door, StartError> {
    config.check().map_err(StartError::Config)?;
    let counters = Arc::new(Counters::new(NAME));
    let drain = Drain::new(process);
    let jobs = Jobs::new(config.max_jobs, drain.connection().closed);
    let mut listeners = Vec::new();
    let mut missing = Vec::new();
    for address in &config.listen {
        let listen = listener_config(&config, *address);
        match Listener::bind(listen.clone(), counters.clone()) {
            Ok(listener) => listeners.push(listener),
            Err(source) if config.stop_on_bind_error => {
                let address = *address;
                return Err(StartError::Bind { address, source });
            }
            Err(error) => {
                tracing::warn!(%error, %address, "Cannot listen yet");
                missing.push(listen);
            }
        }
    }
    let shared = Arc::new(Shared {
        logins: LoginLimiter::new(config.login_policy).into(),
        host: Arc::new(DoorHost {
            environment: environment.clone(),
            jobs: jobs.clone(),
        }),
        config,
        switch,
        environment,
        jobs,
        counters,
        generation: drain.connection().told.into(),
        drain,
        connections: AtomicU64::new(0),
    });
    let local_addrs = listeners.iter().map(Listener::local_addr).collect();
    for listener in listeners {
        shared.drain.spawn(accept(shared.clone(), listener));
    }
    for listen in missing {
        shared.drain.spawn(bind_later(shared.clone(), listen));
    }
    shared.drain.spawn(console_lines::run(
        shared.console(Origin::internal("schedule")),
        shared.jobs.clone(),
        shared.drain.connection().told,
    ));
    Ok(Door {
        shared,
        local_addrs,
    })
}

fn listener_config(config: &Config, address: SocketAddr) -> ListenerConfig {
    ListenerConfig {
        max_connections: config.max_connections,
        max_per_address: config.max_per_address,
        send_buffer: config.send_buffer,
        ..ListenerConfig::new(address)
    }
}

async fn bind_later(shared: Arc<Shared>, listen: ListenerConfig) {
    let stop = shared.drain.accepting().clone();
    let counters = shared.counters.clone();
    if let Some(listener) = Listener::bind_when_free(listen, counters, &stop).await {
        tracing::info!(address = %listener.local_addr(), "Event socket is open");
        accept(shared, listener).await;
    }
}

async fn accept(shared: Arc<Shared>, listener: Listener) {
    let stop = shared.drain.accepting().clone();
    while let Some(accepted) = listener.accept(&stop).await {
        let connection = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let leaving = Leaving {
            told: shared.generation().child_token(),
            ..shared.drain.connection()
        };
        let Accepted {
            stream,
            peer,
            place,
        } = accepted;
        let of_session = shared.clone();
        shared.drain.spawn(async move {
            session::run(of_session, stream, peer, connection, leaving).await;
            drop(place);
        });
    }
}

impl Door {
    /// Where it listens.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.local_addrs
    }

    /// What happened to connections.
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// Background jobs running now.
    pub fn jobs_running(&self) -> usize {
        self.shared.jobs.running()
    }

    /// Accepts no more connections; those there are go on.
    pub fn stop_accepting(&self) {
        self.shared.drain.stop_accepting();
    }

    /// Closes the door: no more connections, `The system is being shut down.` to those there are, up to `grace` for
    /// them to end.
    pub async fn drain(&self, grace: Duration) -> Drained {
        let started = Instant::now();
        let drained = self.shared.drain.run(grace).await;
        self.shared.jobs.end().await;
        tracing::info!(took = ?started.elapsed(), "Event socket is closed");
        drained
    }
}
