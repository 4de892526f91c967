use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use api::bus::QueueLimits;
use api::command::Ask;
use api::{CommandError, Origin, Switch};
use axum::Router;
use eventlog::EventLog;
use net::drain::Leaving;
use net::http::{self as net_http, HttpTimes, Peer};
use net::tls::{Certificate, CurrentCertificate, HTTP, TlsAcceptor, TlsError};
use net::{
    Acl, CannotListen, Cause, Counters, Drain, Drained, Listener, ListenerConfig, LoginLimiter,
    LoginPolicy, Opening, OutboxLimits, PageHosts, Wanted,
};
use tokio_util::sync::CancellationToken;

use crate::audience::{self, Audience, Orders};
use crate::config::{Config, ConfigError};
use crate::event_log::EventEncoder;
use crate::following::{Following, follow};
use crate::http;
use crate::objects::{Configuration, KeepError, from_directory};
use crate::pages;
use crate::pages::Logins;

/// The door's name in origins, logs and metrics.
pub(crate) const NAME: &str = "isymphony";

/// Why the door did not open.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be served.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Config(Vec<ConfigError>),
    /// An address cannot be bound.
    #[error("the iSymphony door {0}")]
    Bind(#[from] CannotListen),
    /// Certificate or key cannot be used.
    #[error("the iSymphony door has no TLS: {0}")]
    Tls(#[from] TlsError),
    /// What was kept cannot be had.
    #[error("the iSymphony door: {0}")]
    Keep(#[from] KeepError),
    /// The first objects cannot be kept.
    #[error("the iSymphony door cannot keep its first objects: {0}")]
    Starter(String),
}

/// An open door.
pub struct Door {
    shared: Arc<Shared>,
    local_addrs: Vec<SocketAddr>,
    tls_addrs: Vec<SocketAddr>,
    certificate: Option<CurrentCertificate>,
}

/// What all connections of the door have in common.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) acl: Acl,
    pub(crate) switch: Switch,
    pub(crate) counters: Arc<Counters>,
    pub(crate) configuration: Configuration,
    pub(crate) following: Following,
    pub(crate) audience: Audience,
    /// Who has signed in at the panel page.
    pub(crate) logins: Logins,
    failures: Mutex<LoginLimiter>,
    drain: Drain,
    connections: AtomicU64,
    secure_port: OnceLock<u16>,
    event_log: OnceLock<EventLog>,
}

impl Shared {
    pub(crate) fn outbox_limits(&self) -> OutboxLimits {
        OutboxLimits {
            messages: self.config.max_queue,
            bytes: self.config.max_queue_bytes,
            write_deadline: self.config.write_deadline,
            ..OutboxLimits::default()
        }
    }

    /// What may wait of the switch's events for one connection.
    pub(crate) fn queue_limits(&self) -> QueueLimits {
        QueueLimits {
            messages: self.config.max_queue.max(QueueLimits::default().messages),
            bytes: self.config.max_queue_bytes.max(1 << 20),
        }
    }

    pub(crate) fn new_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The port requests without TLS are sent to.
    pub(crate) fn secure_port(&self) -> Option<u16> {
        self.secure_port.get().copied()
    }

    /// The log of events, where one is kept.
    pub(crate) fn event_log(&self) -> Option<&EventLog> {
        self.event_log.get()
    }

    pub(crate) async fn ask<C: Ask>(
        &self,
        command: C,
        peer: &Peer,
    ) -> Result<C::Answer, CommandError> {
        let origin = Origin {
            door: NAME,
            peer: peer.address.to_string().into(),
            connection: self.new_connection(),
        };
        Ok(self.switch.ask(command, origin).await?.value)
    }

    /// A command of our own, for somebody who is at that address.
    pub(crate) async fn tell<C: Ask>(
        &self,
        command: C,
        ip: IpAddr,
    ) -> Result<C::Answer, CommandError> {
        let origin = Origin {
            door: NAME,
            peer: ip.to_string().into(),
            connection: self.new_connection(),
        };
        Ok(self.switch.ask(command, origin).await?.value)
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

    /// Somebody had a wrong password.
    pub(crate) fn failed(&self, peer: &Peer) {
        self.counters.count(Cause::LoginFailed);
        self.limiter(|limiter| limiter.failed(peer.address.ip(), Instant::now()));
        tracing::warn!(peer = %peer.address, "iSymphony client has a wrong name or password");
    }

    /// Whether requests from there are refused unseen.
    pub(crate) fn is_locked_out(&self, address: IpAddr) -> bool {
        self.limiter(|limiter| limiter.is_locked_out(address, Instant::now()))
    }

    /// Held for one look or note.
    fn limiter<T>(&self, with: impl FnOnce(&mut LoginLimiter) -> T) -> T {
        with(&mut self.failures.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A door that knows what events mean, and does not listen yet: a log of events begins between the two.
pub struct Prepared {
    shared: Arc<Shared>,
    orders: Orders,
    certificate: Option<CurrentCertificate>,
    tls: Option<TlsAcceptor>,
}

/// [`prepare`] and [`Prepared::open`], without a log of events.
///
/// # Errors
/// [`StartError`].
pub async fn start(
    config: Config,
    switch: Switch,
    process: &CancellationToken,
) -> Result<Door, StartError> {
    prepare(config, switch, process).await?.open(None)
}

/// Prepares the door. May make a certificate, and a database.
///
/// # Errors
/// [`StartError`].
pub async fn prepare(
    config: Config,
    switch: Switch,
    process: &CancellationToken,
) -> Result<Prepared, StartError> {
    config.check().map_err(StartError::Config)?;
    let certificate = config
        .tls
        .as_ref()
        .filter(|_| !config.tls_listen.is_empty())
        .map(CurrentCertificate::load)
        .transpose()?;
    let tls = certificate
        .as_ref()
        .map(|certificate| certificate.acceptor(HTTP))
        .transpose()?;
    let configuration = Configuration::open(&config.place).await?;
    if config.starter && configuration.now().len() == 0 {
        let directory = switch.view().directory.clone();
        let made = from_directory(&configuration, &directory).await;
        made.map_err(|refusal| StartError::Starter(refusal.text().to_owned()))?;
    }
    let (audience, orders) = Audience::new();
    let shared = Arc::new(Shared {
        acl: config.acl(),
        counters: Arc::new(Counters::new(NAME)),
        configuration,
        following: Following::default(),
        audience,
        logins: Logins::default(),
        failures: LoginLimiter::new(LoginPolicy::default()).into(),
        drain: Drain::new(process),
        connections: AtomicU64::new(0),
        secure_port: OnceLock::new(),
        event_log: OnceLock::new(),
        config,
        switch,
    });
    shared.spawn(follow(shared.clone()));
    Ok(Prepared {
        shared,
        orders,
        certificate,
        tls,
    })
}

impl Prepared {
    /// Puts events into a log as clients of this door read them.
    pub fn event_encoder(&self) -> EventEncoder {
        EventEncoder::new(self.shared.clone())
    }

    /// Opens the door: listens at once, so that ports are known and conflicts show early. `event_log`, written with
    /// [`Prepared::event_encoder`], is what server-sent events come from then, and go on with over a restart.
    ///
    /// # Errors
    /// [`StartError::Bind`].
    pub fn open(self, event_log: Option<EventLog>) -> Result<Door, StartError> {
        let Self {
            shared,
            orders,
            certificate,
            tls,
        } = self;
        if let Some(log) = event_log {
            shared.event_log.set(log).ok();
        }
        let (local_addrs, tls_addrs) = listen(&shared, tls.as_ref())?;
        shared.spawn(audience::serve(shared.clone(), orders));
        Ok(Door {
            shared,
            local_addrs,
            tls_addrs,
            certificate,
        })
    }
}

/// Where it listens: without TLS, and with it.
fn listen(
    shared: &Arc<Shared>,
    tls: Option<&TlsAcceptor>,
) -> Result<(Vec<SocketAddr>, Vec<SocketAddr>), StartError> {
    let app = http::routes(shared);
    let wanted = |address: &SocketAddr, tls: Option<&TlsAcceptor>| Wanted {
        listen: listen_on(&shared.config, *address),
        tls: tls.cloned(),
    };
    let plain = shared.config.listen.iter().map(|at| wanted(at, None));
    let secure = shared.config.tls_listen.iter();
    let secure = secure.map(|at| wanted(at, tls));
    let stop_on_bind_error = shared.config.stop_on_bind_error;
    let opening = Opening::bind(plain.chain(secure), stop_on_bind_error, &shared.counters)?;
    let (local_addrs, tls_addrs) = (opening.plain_addrs(), opening.tls_addrs());
    let configured = shared.config.tls_listen.first().map(SocketAddr::port);
    if let Some(port) = tls_addrs.first().map(SocketAddr::port).or(configured) {
        shared.secure_port.set(port).ok();
    }
    let of_listeners = shared.clone();
    opening.serve(NAME, &shared.drain, move |listener, tls| {
        serve(of_listeners.clone(), listener, tls, app.clone())
    });
    Ok((local_addrs, tls_addrs))
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
    let times = HttpTimes {
        handshake: shared.config.handshake,
        // An outbox finds a slow reader first, and says so.
        write: Some(shared.config.write_deadline + Duration::from_secs(1)),
    };
    let (counters, drain) = (shared.counters.clone(), shared.drain.clone());
    net_http::serve(listener, tls, app, times, counters, drain).await;
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

    /// Whether it was opened without an address that is in use, and still tries to get it.
    pub fn is_waiting(&self) -> bool {
        let config = &self.shared.config;
        let open = self.local_addrs.len() + self.tls_addrs.len();
        open < config.listen.len() + config.tls_listen.len()
    }

    /// The certificate new clients are shown.
    pub fn certificate(&self) -> Option<Certificate> {
        self.certificate
            .as_ref()
            .map(CurrentCertificate::certificate)
    }

    /// Reads certificate and key again, for new connections; those there are go on. When they cannot be used, the old
    /// ones stay. Does nothing without TLS.
    ///
    /// # Errors
    /// [`TlsError`], also for a certificate that is not valid now.
    pub fn reload_tls(&self) -> Result<(), TlsError> {
        self.certificate
            .as_ref()
            .map_or(Ok(()), |current| current.reload_for(NAME))
    }

    /// Routes for the panel page this server comes with, to be served beside it by whoever serves it, on a [`Listener`]:
    /// people sign in there, and read and do what programs do here. `path` begins with `/` and is where the page is. Asked
    /// for once.
    pub fn routes_for_pages(&self, path: &str, hosts: PageHosts) -> Router {
        pages::routes(&self.shared, path, hosts)
    }

    /// What happened to connections.
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// Closes the door: no more connections, a close frame to those there are, up to `grace` for them to end.
    pub async fn drain(&self, grace: Duration) -> Drained {
        let started = Instant::now();
        let drained = self.shared.drain.run(grace).await;
        tracing::info!(took = ?started.elapsed(), "The iSymphony door is closed");
        drained
    }
}
