use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::bus::QueueLimits;
use api::{Origin, Switch};
use esl::console::{Console, Host};
use net::drain::Leaving;
use net::tls::{
    Certificate, CurrentCertificate, TlsAcceptor, TlsConnector, TlsError, Trust, connector,
    handshake,
};
use net::{
    Accepted, CannotListen, Counters, Drain, Drained, Listener, ListenerConfig, LoginLimiter,
    Opening, OutboxLimits, Stream, Wanted,
};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, ConfigError};
use crate::console_lines;
use crate::host::{DoorHost, Environment};
use crate::jobs::Jobs;
use crate::slow_reader::SlowReaders;
use crate::system_events::SystemEvents;
use crate::{outbound, session};

/// The door's name in origins, logs and metrics.
pub(crate) const NAME: &str = "event_socket";

/// Messages an outbox takes beyond the configured queue: replies and log lines are not events.
const REPLY_ROOM: usize = 1_000;

/// Passwords compared with hashes at one time: each takes a processor for a moment, and calls need them too.
pub(crate) const HASHES: usize = 2;

/// Why the door did not open.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be served.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Config(Vec<ConfigError>),
    /// An address cannot be bound.
    #[error("the event socket {0}")]
    Bind(#[from] CannotListen),
    /// Certificate or key cannot be used.
    #[error("the event socket has no TLS: {0}")]
    Tls(#[from] TlsError),
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
    pub(crate) switch: Switch,
    pub(crate) environment: Environment,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) jobs: Jobs,
    pub(crate) counters: Arc<Counters>,
    pub(crate) slow_readers: SlowReaders,
    /// One for each connection to a program that controls a channel.
    pub(crate) outbound_places: Arc<Semaphore>,
    /// For those of them that are dialled with `tls://`.
    pub(crate) outbound_tls: TlsConnector,
    /// See [`HASHES`].
    pub(crate) hashes: Arc<Semaphore>,
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

    /// The number of a new connection.
    pub(crate) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What a new connection watches.
    pub(crate) fn leaving(&self) -> Leaving {
        Leaving {
            told: self.generation().child_token(),
            ..self.drain.connection()
        }
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

/// Opens the door: listens at once, so that ports are known and conflicts show early. May make a certificate, and reads
/// the file of authorities for those that are dialled.
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
    let certificate = config
        .tls
        .as_ref()
        .filter(|_| !config.tls_listen.is_empty())
        .map(CurrentCertificate::load)
        .transpose()?;
    let tls = certificate
        .as_ref()
        .map(|certificate| certificate.acceptor(&[]))
        .transpose()?;
    let outbound_tls = connector(&config.outbound_trust)?;
    if config.outbound_trust == Trust::Anybody {
        tracing::warn!("Programs dialled over TLS need not prove who they are");
    }
    let counters = Arc::new(Counters::new(NAME));
    let drain = Drain::new(process);
    let jobs = Jobs::new(config.max_jobs, drain.connection().closed);
    let wanted = |address: &SocketAddr, tls: Option<&TlsAcceptor>| Wanted {
        listen: listener_config(&config, *address),
        tls: tls.cloned(),
    };
    let plain = config.listen.iter().map(|at| wanted(at, None));
    let secure = config.tls_listen.iter();
    let secure = secure.map(|at| wanted(at, tls.as_ref()));
    let opening = Opening::bind(plain.chain(secure), config.stop_on_bind_error, &counters)?;
    let places = config.outbound_max_connections.min(Semaphore::MAX_PERMITS);
    let shared = Arc::new(Shared {
        outbound_places: Arc::new(Semaphore::new(places)),
        outbound_tls,
        hashes: Arc::new(Semaphore::new(HASHES)),
        logins: LoginLimiter::new(config.login_policy).into(),
        host: Arc::new(DoorHost {
            environment: environment.clone(),
            jobs: jobs.clone(),
            programs: config.programs.clone(),
        }),
        config,
        switch,
        environment,
        jobs,
        counters,
        slow_readers: SlowReaders::new(),
        generation: drain.connection().told.into(),
        drain,
        connections: AtomicU64::new(0),
    });
    let (local_addrs, tls_addrs) = (opening.plain_addrs(), opening.tls_addrs());
    let of_listeners = shared.clone();
    opening.serve(NAME, &shared.drain, move |listener, tls| {
        accept(of_listeners.clone(), listener, tls)
    });
    // Observed before the door counts as open, so that no wish of the switch finds nobody. A switch that has stopped has
    // none.
    let wishes = async || SystemEvents::observe(shared.switch.clone()).await;
    let stop = shared.drain.connection().told;
    if let (Some(lines), Some(programs)) = (wishes().await, wishes().await) {
        let console = shared.console(Origin::internal("schedule"));
        let jobs = shared.jobs.clone();
        let lines = console_lines::run(console, jobs, lines, stop.clone());
        shared.drain.spawn(lines);
        let programs = outbound::run(shared.clone(), programs, stop);
        shared.drain.spawn(programs);
    }
    Ok(Door {
        shared,
        local_addrs,
        tls_addrs,
        certificate,
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

async fn accept(shared: Arc<Shared>, listener: Listener, tls: Option<TlsAcceptor>) {
    let stop = shared.drain.accepting().clone();
    while let Some(accepted) = listener.accept(&stop).await {
        let connection = shared.next_connection();
        let leaving = shared.leaving();
        let (of_session, tls) = (shared.clone(), tls.clone());
        shared.drain.spawn(async move {
            let Accepted {
                stream,
                peer,
                place,
            } = accepted;
            let greeted = match &tls {
                None => Some(Stream::Plain(stream)),
                Some(tls) => greet(&of_session, tls, stream, &leaving).await,
            };
            if let Some(stream) = greeted {
                session::run(of_session, stream, peer, connection, leaving).await;
            }
            drop(place);
        });
    }
}

/// The handshake, which counts as part of the login. Who is not spoken with by then has not heard a word of ours.
async fn greet(
    shared: &Shared,
    tls: &TlsAcceptor,
    stream: TcpStream,
    leaving: &Leaving,
) -> Option<Stream> {
    let greeted = tokio::select! {
        biased;
        () = leaving.told.cancelled() => return None,
        greeted = handshake(tls, stream, shared.config.login_time) => greeted,
    };
    match greeted {
        Ok(stream) => Some(Stream::Secure(Box::new(stream.into()))),
        Err(error) => {
            shared.counters.count(error.cause());
            tracing::debug!(%error, "No TLS on a connection to the event socket");
            None
        }
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
