use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::{Origin, Switch};
use axum::Router;
use net::drain::Leaving;
use net::http::{self, HttpTimes, Peer};
use net::tls::{Certificate, CurrentCertificate, HTTP, TlsAcceptor, TlsError};
use net::{
    CannotListen, Cause, Counters, Drain, Drained, Listener, ListenerConfig, LoginLimiter,
    LoginPolicy, Opening, OutboxLimits, PageHosts, Wanted,
};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, ConfigError, Credential};
use crate::handshake;
use crate::pages;
use crate::wire::LogLevel;

/// The door's name in origins, logs and metrics.
pub(crate) const NAME: &str = "eventmanager";

/// Five failures within a minute, and an address has to wait for one (event-manager.md §3.2).
const MINUTE: Duration = Duration::from_secs(60);
const FAILURES: u32 = 5;

/// Why the door did not open.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be served.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Config(Vec<ConfigError>),
    /// An address cannot be bound.
    #[error("the Event Manager door {0}")]
    Bind(#[from] CannotListen),
    /// Certificate or key cannot be used.
    #[error("the Event Manager door has no TLS: {0}")]
    Tls(#[from] TlsError),
}

/// An open door.
pub struct Door {
    shared: Arc<Shared>,
    local_addrs: Vec<SocketAddr>,
    certificate: Option<CurrentCertificate>,
}

/// What all connections of the door have in common.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) switch: Switch,
    pub(crate) counters: Arc<Counters>,
    /// Whether clients are logged about; nothing at first (event-manager.md §6.1).
    pub(crate) logs: AtomicBool,
    failures: Mutex<LoginLimiter>,
    drain: Drain,
    connections: AtomicU64,
}

impl Shared {
    /// Whether what is of this level is written about clients.
    pub(crate) fn logs(&self, level: LogLevel) -> bool {
        self.logs.load(Ordering::Relaxed)
            && self.switch.view().settings.room_log_level <= level as u8
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

    pub(crate) fn origin(&self, connection: u64, peer: SocketAddr) -> Origin {
        Origin {
            door: NAME,
            peer: peer.to_string().into(),
            connection,
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

    /// What a connection watches.
    pub(crate) fn leaving(&self) -> Leaving {
        self.drain.connection()
    }

    /// Somebody without the right value was refused; `given` says whether there was one.
    pub(crate) fn refused(&self, peer: &Peer, given: &str) {
        self.counters.count(Cause::LoginFailed);
        self.limiter(|limiter| {
            limiter.failed(peer.address.ip(), Instant::now());
        });
        tracing::warn!(peer = %peer.address, header = given, "Event Manager client is not authorised");
    }

    /// Whether handshakes from there are refused unseen.
    pub(crate) fn is_locked_out(&self, address: IpAddr) -> bool {
        self.limiter(|limiter| limiter.is_locked_out(address, Instant::now()))
    }

    /// Held for one look or note.
    fn limiter<T>(&self, with: impl FnOnce(&mut LoginLimiter) -> T) -> T {
        with(&mut self.failures.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A failure is forgotten only after the whole minute, so that five of them always count.
fn policy() -> LoginPolicy {
    LoginPolicy {
        free: FAILURES,
        delay_step: Duration::ZERO,
        max_delay: Duration::ZERO,
        lock_after: FAILURES,
        lock_for: MINUTE,
        forget_one_every: MINUTE,
        ..LoginPolicy::default()
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
    let certificate = config
        .tls
        .as_ref()
        .map(CurrentCertificate::load)
        .transpose()?;
    let tls = certificate
        .as_ref()
        .map(|certificate| certificate.acceptor(HTTP))
        .transpose()?;
    if let Some(certificate) = &certificate {
        let Certificate {
            path, fingerprint, ..
        } = certificate.certificate();
        tracing::info!(path = %path.display(), sha256 = %fingerprint, "Certificate of the Event Manager door");
    }
    if config.credential.is_none() {
        tracing::warn!("The Event Manager door lets anybody in: no handshake header is configured");
    }
    let shared = Arc::new(Shared {
        counters: Arc::new(Counters::new(NAME)),
        logs: AtomicBool::new(false),
        failures: LoginLimiter::new(policy()).into(),
        drain: Drain::new(process),
        connections: AtomicU64::new(0),
        config,
        switch,
    });
    let app = handshake::routes(&shared);
    let wanted = shared.config.listen.iter().map(|address| Wanted {
        listen: listen_on(&shared.config, *address),
        tls: tls.clone(),
    });
    let stop_on_bind_error = shared.config.stop_on_bind_error;
    let opening = Opening::bind(wanted, stop_on_bind_error, &shared.counters)?;
    let local_addrs = [opening.plain_addrs(), opening.tls_addrs()].concat();
    let of_listeners = shared.clone();
    opening.serve(NAME, &shared.drain, move |listener, tls| {
        serve(of_listeners.clone(), listener, tls, app.clone())
    });
    Ok(Door {
        shared,
        local_addrs,
        certificate,
    })
}

fn listen_on(config: &Config, address: SocketAddr) -> ListenerConfig {
    ListenerConfig {
        max_connections: config.max_connections,
        max_per_address: config.max_per_address,
        send_buffer: config.send_buffer,
        ..ListenerConfig::new(address)
    }
}

async fn serve(shared: Arc<Shared>, listener: Listener, tls: Option<TlsAcceptor>, app: Router) {
    let gate = Arc::downgrade(&shared);
    let listener = listener.refusing(Arc::new(move |address| {
        gate.upgrade()
            .is_some_and(|shared: Arc<Shared>| shared.is_locked_out(address))
    }));
    let times = HttpTimes {
        handshake: shared.config.handshake,
        write: None,
    };
    let (counters, drain) = (shared.counters.clone(), shared.drain.clone());
    http::serve(listener, tls, app, times, counters, drain).await;
}

impl Door {
    /// Where it listens.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.local_addrs
    }

    /// Whether it speaks TLS, as it does outside of tests.
    pub fn is_secure(&self) -> bool {
        self.certificate.is_some()
    }

    /// Whether it was opened without an address that is in use, and still tries to get it.
    pub fn is_waiting(&self) -> bool {
        self.local_addrs.len() < self.shared.config.listen.len()
    }

    /// The certificate new clients are shown.
    pub fn certificate(&self) -> Option<Certificate> {
        self.certificate
            .as_ref()
            .map(CurrentCertificate::certificate)
    }

    /// Reads certificate and key again, for new connections; those there are go on. When they cannot be used, the old
    /// ones stay, and the log says why. Does nothing without TLS.
    ///
    /// # Errors
    /// [`TlsError`], also for a certificate that is not valid now.
    pub fn reload_tls(&self) -> Result<(), TlsError> {
        self.certificate
            .as_ref()
            .map_or(Ok(()), |current| current.reload_for(NAME))
    }

    /// What a handshake must carry; `None`: anybody may connect.
    pub fn credential(&self) -> Option<&Credential> {
        self.shared.config.credential.as_ref()
    }

    /// A route for the pages this server comes with, to be served beside them by whoever serves them, on a [`Listener`]:
    /// `POST` asks whether the page may come in, `GET` opens the WebSocket.
    pub fn socket_for_pages(&self, path: &str, hosts: PageHosts) -> Router {
        pages::route(&self.shared, path, hosts)
    }

    /// What happened to connections.
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// Accepts no more connections; those there are go on.
    pub fn stop_accepting(&self) {
        self.shared.drain.stop_accepting();
    }

    /// Closes the door: no more connections, a close frame to those there are, up to `grace` for them to end.
    pub async fn drain(&self, grace: Duration) -> Drained {
        let started = Instant::now();
        let drained = self.shared.drain.run(grace).await;
        tracing::info!(took = ?started.elapsed(), "The Event Manager door is closed");
        drained
    }
}
