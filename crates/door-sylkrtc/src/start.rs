use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::bus::{Families, Interest, QueueLimits};
use api::event::Family;
use api::{ChannelId, Origin, Switch, View};
use axum::Router;
use net::drain::Leaving;
use net::http::{self, HttpTimes};
use net::tls::{self, TlsAcceptor, TlsError};
use net::{Counters, Drain, Drained, Listener, ListenerConfig, OutboxLimits};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, ConfigError};
use crate::guesses::Guesses;
use crate::messages::Deliveries;
use crate::resume::WaitingRoom;
use crate::rooms::{Labels, RoomRegistry, SharedFiles};
use crate::roster::Roster;
use crate::store::{self, Store};
use crate::transfer::{self, Transfers};
use crate::{events, http as routes, messages};

/// The door's name in origins, logs and metrics.
pub(crate) const NAME: &str = "sylkrtc";

/// Why the door did not open.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be served.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Config(Vec<ConfigError>),
    /// An address cannot be bound.
    #[error("the sylkRTC door cannot listen on {address}: {source}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Certificate or key cannot be used.
    #[error("the sylkRTC door has no TLS: {0}")]
    Tls(#[from] TlsError),
    /// There is nothing to connect to.
    #[error(transparent)]
    Switch(#[from] api::SwitchGone),
}

/// An open door.
pub struct Door {
    shared: Arc<Shared>,
    local_addrs: Vec<SocketAddr>,
    tls_addrs: Vec<SocketAddr>,
    admin_addr: Option<SocketAddr>,
}

/// What all connections of the door have in common.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) switch: Switch,
    pub(crate) counters: Arc<Counters>,
    pub(crate) roster: Roster,
    pub(crate) waiting: WaitingRoom,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) deliveries: Deliveries,
    pub(crate) api_tokens: routes::ApiTokens,
    pub(crate) rooms: RoomRegistry,
    /// `None`: no files are shared.
    pub(crate) files: Option<Arc<SharedFiles>>,
    pub(crate) guesses: Guesses,
    /// `None`: no files are transferred.
    pub(crate) transfers: Option<Arc<Transfers>>,
    pub(crate) transfer_guesses: Guesses,
    drain: Drain,
    connections: AtomicU64,
    /// Cancelled when the connections of this generation are to go, and replaced for the next one.
    generation: Mutex<CancellationToken>,
}

impl Shared {
    /// Sizes of the door's own subscriptions.
    pub(crate) fn bus_limits(&self) -> QueueLimits {
        QueueLimits::default()
    }

    pub(crate) fn outbox_limits(&self) -> OutboxLimits {
        OutboxLimits {
            messages: self.config.max_queue,
            bytes: self.config.max_queue_bytes,
            write_deadline: self.config.write_deadline,
            ..OutboxLimits::default()
        }
    }

    pub(crate) fn new_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The door itself on behalf of a connection.
    pub(crate) fn origin(&self, connection: u64) -> Origin {
        Origin {
            connection,
            ..Origin::internal(NAME)
        }
    }

    /// Whether accounts of a domain are ours.
    pub(crate) fn is_local(&self, domain: &str) -> bool {
        self.switch.view().directory.domain(domain).is_some()
    }

    /// Whether an account is one of ours.
    pub(crate) fn is_ours(&self, account: &str) -> bool {
        let domain = account.split_once('@').map_or("", |(_, domain)| domain);
        self.is_local(domain)
    }

    /// Nobody is in a room any more: its files go.
    pub(crate) fn close_room(&self, room: &str) {
        let folder = self.files.as_ref().and_then(|files| files.close(room));
        if let Some(folder) = folder {
            self.spawn(async move {
                if let Err(error) = tokio::fs::remove_dir_all(folder).await {
                    tracing::debug!(%error, "Nothing to delete of a room");
                }
            });
        }
    }

    /// Ends of rooms were not told: those in which the switch knows nobody of this door any more are over.
    pub(crate) fn close_lost_rooms(&self, view: &View) {
        let rooms = self.files.as_ref().map(|files| files.passing_rooms());
        for room in rooms.unwrap_or_default() {
            let is_there = |channel: &ChannelId| view.channels.contains_key(channel);
            if !self.rooms.has_any(&room, is_there) {
                self.close_room(&room);
            }
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

    /// What a connection of this generation watches.
    pub(crate) fn leaving(&self) -> Leaving {
        Leaving {
            told: self.generation().child_token(),
            ..self.drain.connection()
        }
    }

    /// What a task of the door itself watches.
    pub(crate) fn closing(&self) -> Leaving {
        self.drain.connection()
    }

    /// Ends all connections as a shutdown does, while the listeners stay open for new ones.
    pub(crate) fn end_all(&self) {
        let next = self.drain.connection().told;
        std::mem::replace(&mut *self.generation(), next).cancel();
    }

    /// The guard is held for a clone or an exchange.
    fn generation(&self) -> MutexGuard<'_, CancellationToken> {
        self.generation
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the door: listens at once, so that ports are known and conflicts show early. May make a certificate.
///
/// # Errors
/// [`StartError`].
pub async fn start(
    config: Config,
    switch: Switch,
    process: &CancellationToken,
) -> Result<Door, StartError> {
    config.check().map_err(StartError::Config)?;
    let tls = match &config.tls {
        Some(source) if !config.tls_listen.is_empty() => Some(tls::acceptor(source)?),
        Some(_) | None => None,
    };
    let drain = Drain::new(process);
    let labels = Labels::new(config.rooms.rooms.keys().cloned());
    let files = SharedFiles::open(&config.rooms, labels.clone()).unwrap_or_else(|error| {
        tracing::warn!(%error, "No files can be shared in rooms");
        None
    });
    let transfers = Transfers::open(&config.transfers).unwrap_or_else(|error| {
        tracing::warn!(%error, "No files can be transferred");
        None
    });
    let shared = Arc::new(Shared {
        counters: Arc::new(Counters::new(NAME)),
        roster: Roster::default(),
        waiting: WaitingRoom::default(),
        store: store::open(&config.store_place, config.store),
        deliveries: Deliveries::default(),
        api_tokens: routes::ApiTokens::default(),
        rooms: RoomRegistry::new(labels),
        files,
        guesses: Guesses::default(),
        transfers,
        transfer_guesses: transfer::guesses(),
        config,
        switch,
        generation: drain.connection().told.into(),
        drain,
        connections: AtomicU64::new(0),
    });
    let config = &shared.config;
    let public = routes::public(&shared);
    let (local_addrs, plain) = bind(&shared, &config.listen)?;
    let (tls_addrs, secure) = bind(&shared, &config.tls_listen)?;
    let admin: Vec<SocketAddr> = config.admin_listen.into_iter().collect();
    let (admin_addrs, admin) = bind(&shared, &admin)?;

    // Nothing a client causes may be missed, so the door listens to the switch before it lets anybody in.
    let families = |family| Interest::families(Families::NONE.with(family));
    let (_, web) = shared
        .switch
        .observe(events::interest(), shared.bus_limits())
        .await?;
    let (_, message) = shared
        .switch
        .observe(families(Family::Message), shared.bus_limits())
        .await?;
    messages::announce(&shared).await;
    shared.spawn(events::run(shared.clone(), web));
    shared.spawn(messages::run(shared.clone(), message));
    shared.spawn(transfer::expire(shared.clone()));
    plain.serve(&shared, None, &public);
    secure.serve(&shared, tls, &public);
    admin.serve(&shared, None, &routes::admin(&shared));
    Ok(Door {
        local_addrs,
        tls_addrs,
        admin_addr: admin_addrs.first().copied(),
        shared,
    })
}

/// Listeners that are open, and those that still wait for their address.
struct Listeners {
    open: Vec<Listener>,
    missing: Vec<ListenerConfig>,
}

fn bind(
    shared: &Shared,
    addresses: &[SocketAddr],
) -> Result<(Vec<SocketAddr>, Listeners), StartError> {
    let mut listeners = Listeners {
        open: Vec::new(),
        missing: Vec::new(),
    };
    for address in addresses {
        let listen = ListenerConfig {
            max_connections: shared.config.max_connections,
            max_per_address: shared.config.max_per_address,
            send_buffer: shared.config.send_buffer,
            ..ListenerConfig::new(*address)
        };
        match Listener::bind(listen.clone(), shared.counters.clone()) {
            Ok(listener) => listeners.open.push(listener),
            Err(source) if shared.config.stop_on_bind_error => {
                let address = *address;
                return Err(StartError::Bind { address, source });
            }
            Err(error) => {
                tracing::warn!(%error, %address, "Cannot listen yet");
                listeners.missing.push(listen);
            }
        }
    }
    let addresses = listeners.open.iter().map(Listener::local_addr).collect();
    Ok((addresses, listeners))
}

impl Listeners {
    fn serve(self, shared: &Arc<Shared>, tls: Option<TlsAcceptor>, app: &Router) {
        for listener in self.open {
            shared.spawn(serve(shared.clone(), listener, tls.clone(), app.clone()));
        }
        for listen in self.missing {
            shared.spawn(bind_later(shared.clone(), listen, tls.clone(), app.clone()));
        }
    }
}

async fn serve(shared: Arc<Shared>, listener: Listener, tls: Option<TlsAcceptor>, app: Router) {
    let times = HttpTimes {
        handshake: shared.config.handshake,
        write: None,
    };
    http::serve(
        listener,
        tls,
        app,
        times,
        shared.counters.clone(),
        shared.drain.clone(),
    )
    .await;
}

async fn bind_later(
    shared: Arc<Shared>,
    listen: ListenerConfig,
    tls: Option<TlsAcceptor>,
    app: Router,
) {
    let stop = shared.drain.accepting().clone();
    let counters = shared.counters.clone();
    if let Some(listener) = Listener::bind_when_free(listen, counters, &stop).await {
        tracing::info!(address = %listener.local_addr(), "The sylkRTC door is open");
        serve(shared, listener, tls, app).await;
    }
}

impl Door {
    /// Where it listens without TLS.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.local_addrs
    }

    /// Where it listens with TLS.
    pub fn tls_addrs(&self) -> &[SocketAddr] {
        &self.tls_addrs
    }

    /// Where the admin interface listens.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin_addr
    }

    /// Whether it was opened without an address that is in use, and still tries to get it.
    pub fn is_waiting(&self) -> bool {
        let config = &self.shared.config;
        self.local_addrs.len() < config.listen.len()
            || self.tls_addrs.len() < config.tls_listen.len()
    }

    /// Path of the WebSocket.
    pub fn path(&self) -> &str {
        &self.shared.config.path
    }

    /// What happened to connections.
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// Accounts on connections, those waiting for a broken one included.
    pub fn accounts(&self) -> usize {
        self.shared.roster.len()
    }

    /// Accounts waiting for the return of their client.
    pub fn waiting(&self) -> usize {
        self.shared.waiting.len()
    }

    /// Accepts no more connections; those there are go on.
    pub fn stop_accepting(&self) {
        self.shared.drain.stop_accepting();
    }

    /// Closes the door: no more connections, a close frame to those there are, up to `grace` for them to end.
    pub async fn drain(&self, grace: Duration) -> Drained {
        let started = Instant::now();
        let drained = self.shared.drain.run(grace).await;
        tracing::info!(took = ?started.elapsed(), "The sylkRTC door is closed");
        drained
    }
}
