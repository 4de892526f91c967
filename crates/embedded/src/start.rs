//! Starting the switch: sockets first, so that ports are known and conflicts show early; then everything else.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::view::{Extension, VoiceMessage};
use api::{Capabilities, Switch};
use media::control::VideoCodec;
use net::tls::{CurrentCertificate, TlsError, connector};
use rand::TryRngCore;
use sip::transport::{FlowId, Transport};
use switch_core::config::ProfileConfig;
use switch_core::{Census, Input, KeptBinding, KeptTables};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, GatewaySource, SipTls, XmlSource};
use crate::cpu::{CpuTicks, IdleCpu};
use crate::media_io::{MediaThreads, WorkerCounters};
use crate::resolver::DnsResolver;
use crate::sip_io::{SipInput, SipIoConfig, SipListen, SipTransports, TlsListen};
use crate::switch_task::{SHELL_INPUTS, SwitchTask, now};
use crate::web_io::{self, WebCounters, WebSide};

/// Endpoint types a dial string may name.
const ENDPOINTS: &[&str] = &[
    "error", "group", "loopback", "null", "pickup", "sofia", "user",
];

/// Codecs that can be negotiated, as `show codec` names them.
const CODECS: &[&str] = &[
    "G.711 alaw",
    "G.711 ulaw",
    "G.722",
    "OPUS (STANDARD)",
    "RAW Signed Linear (16 bit)",
];

/// Whether a codec of that encoding name, of sound or of pictures, can be negotiated with phones.
pub fn speaks_codec(name: &str) -> bool {
    is_sound(name) || VideoCodec::from_phone(name).is_some()
}

/// Whether a codec of that encoding name is one of sound.
pub fn is_sound(name: &str) -> bool {
    media::control::Codec::from_name(name).is_some()
}

/// SIP messages that may wait for the switch; the readers stop reading beyond.
const SIP_INPUTS: usize = 4_096;

/// The UDP flow of a profile that is not bound yet. The transports number their flows from 1, so this is none, and
/// they choose the socket by its address.
pub const UNBOUND: FlowId = FlowId(0);

/// Attempts to find a port that is free on UDP and TCP, when any will do.
const PORT_TRIES: u32 = 16;

/// Time between two measurements of idle CPU.
const CPU_EVERY: Duration = Duration::from_secs(1);

/// Why the switch did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be bound.
    #[error("the SIP profiles {profiles} cannot be bound: {source}")]
    Sip {
        /// Names and addresses of the profiles tried.
        profiles: String,
        /// Why.
        source: io::Error,
    },
    /// Certificate or authorities of a profile cannot be used.
    #[error("SIP over TLS of profile {profile}: {source}")]
    Tls {
        /// Its name.
        profile: Arc<str>,
        /// Why.
        source: TlsError,
    },
    /// Media threads cannot be started.
    #[error("media threads cannot be started: {0}")]
    Media(io::Error),
    /// The ports for browsers cannot be opened, or their thread not be started.
    #[error("WebRTC cannot be started: {0}")]
    Web(io::Error),
    /// The system gave no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(rand::rand_core::OsError),
}

/// A running switch.
pub struct Embedded {
    switch: Switch,
    profiles: Vec<BoundProfile>,
    idle_cpu: IdleCpu,
    census: watch::Receiver<Census>,
    media_counters: Vec<Arc<WorkerCounters>>,
    web_counters: Arc<WebCounters>,
    sip_certificates: Vec<CurrentCertificate>,
    xml: XmlSource,
    gateways: GatewaySource,
    shell: mpsc::Sender<Input>,
    stopped: CancellationToken,
    clean: Arc<AtomicBool>,
    tracker: TaskTracker,
}

/// A SIP profile as it was bound.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BoundProfile {
    /// Its name.
    pub name: Arc<str>,
    /// Where it listens, on UDP and TCP alike.
    pub address: SocketAddr,
    /// Where it listens for TLS.
    pub tls: Option<SocketAddr>,
}

/// Binds the sockets, starts the media threads, and runs the switch. Must be called within a runtime.
///
/// # Errors
/// [`StartError`]; nothing is left running then.
pub async fn start(config: Config) -> Result<Embedded, StartError> {
    let Config {
        mut switch,
        sip_tls,
        mut media,
        web,
        bus,
        xml,
        gateways,
        dns_servers,
        voicemail,
        bindings,
        tables,
        programs,
    } = config;
    switch.may_run_programs = programs.is_some();
    let mut seed = [0; 32];
    rand::rngs::OsRng
        .try_fill_bytes(&mut seed)
        .map_err(StartError::Random)?;

    let (sip, sip_inbox, sip_certificates) = bind(&mut switch.profiles, &sip_tls)?;
    // Without browsers it is there for the video of phones.
    let prepared = web_io::Prepared::new(web.as_ref()).map_err(StartError::Web)?;
    switch.output = media.spatial.output();
    // Those of our own file go before those of the XML.
    media.streams.clone_from(&switch.streams);
    for stream in switch_core::streams_of_xml(&switch.xml) {
        let mut known = media.streams.iter();
        if !known.any(|known| known.name == stream.name) {
            media.streams.push(stream);
        }
    }
    let recordings = media.recordings.clone();
    let (media, media_reports, lanes) =
        MediaThreads::start_with(media, Some(prepared.waker())).map_err(StartError::Media)?;
    let (thread, reports) = prepared
        .start(lanes, media.ports())
        .map_err(StartError::Web)?;
    let web_counters = thread.counters().clone();
    let web = WebSide { thread, reports };
    switch.media_workers = media.workers();
    let profiles = switch
        .profiles
        .iter()
        .map(|profile| BoundProfile {
            name: profile.name.clone(),
            address: profile.sip,
            tls: profile.tls,
        })
        .collect();

    let capabilities = Capabilities {
        node: switch.node,
        applications: switch_core::applications(programs.is_some()).into(),
        endpoints: ENDPOINTS.into(),
        codecs: CODECS.into(),
    };
    let mut core = switch_core::Switch::new(switch, now(), seed);
    // What the switch says of itself at its birth is what the first reader finds.
    let (events, view) = core.take_publication().unwrap_or_default();
    let media_counters = media.counters().to_vec();
    let (handle, port, dispatcher) = api::pair(capabilities, bus, (*view).clone());
    port.publisher.publish(events, view).await;

    let tracker = TaskTracker::new();
    let stopped = CancellationToken::new();
    let (to_shell, shell) = mpsc::channel(SHELL_INPUTS);
    let (census_sender, census) = watch::channel(core.census());
    let idle_cpu = IdleCpu::default();
    tracker.spawn(dispatcher.run());
    tracker.spawn(measure_cpu(
        idle_cpu.clone(),
        to_shell.clone(),
        stopped.clone(),
    ));
    let again = (xml.clone(), gateways.clone());
    let task = SwitchTask {
        switch: core,
        port,
        sip,
        sip_inbox,
        media,
        media_reports,
        web,
        dns: DnsResolver::new(&dns_servers),
        shell,
        to_shell: to_shell.clone(),
        recordings,
        voicemail,
        bindings,
        tables,
        programs,
        xml,
        gateways,
        tracker: tracker.clone(),
        census: census_sender,
    };
    let ended = stopped.clone().drop_guard();
    let clean = Arc::new(AtomicBool::new(false));
    let ended_cleanly = clean.clone();
    tracker.spawn(async move {
        // Cancelled however the task ends, even by a panic: a server without its switch must not look alive.
        let _ended = ended;
        task.run().await;
        ended_cleanly.store(true, Ordering::Relaxed);
    });
    tracker.close();
    Ok(Embedded {
        switch: handle,
        profiles,
        idle_cpu,
        census,
        media_counters,
        web_counters,
        sip_certificates,
        xml: again.0,
        gateways: again.1,
        shell: to_shell,
        stopped,
        clean,
        tracker,
    })
}

type Opened = (
    SipTransports,
    mpsc::Receiver<SipInput>,
    Vec<CurrentCertificate>,
);

/// Opens UDP, TCP and TLS of every profile and writes the real ports into it.
fn bind(profiles: &mut [ProfileConfig], secure: &[SipTls]) -> Result<Opened, StartError> {
    let mut certificates = Vec::new();
    let mut tls = Vec::new();
    for one in secure {
        let broken = |source| StartError::Tls {
            profile: one.profile.clone(),
            source,
        };
        let certificate = CurrentCertificate::load(&one.certificate).map_err(broken)?;
        tls.push(TlsListen {
            address: one.listen,
            advertise: None,
            // The protocol has no name of its own in a handshake.
            acceptor: certificate.acceptor(&[]).map_err(broken)?,
            connector: connector(&one.trust).map_err(broken)?,
        });
        certificates.push(certificate);
    }
    let wanted: Vec<SocketAddr> = profiles.iter().map(|profile| profile.sip).collect();
    let mut tries = if wanted.iter().any(|address| address.port() == 0) {
        PORT_TRIES
    } else {
        1
    };
    loop {
        tries -= 1;
        match bind_once(&wanted, &tls) {
            Ok((sip, inbox, bound, secured)) => {
                for (profile, address) in profiles.iter_mut().zip(bound) {
                    profile.sip = address;
                    profile.udp_flow = UNBOUND;
                    let own = secure.iter().zip(&secured);
                    let mut own = own.filter(|(one, _)| one.profile == profile.name);
                    profile.tls = own.next().map(|(_, address)| *address);
                }
                return Ok((sip, inbox, certificates));
            }
            // Somebody took the free port between our two looks at it.
            Err(error) if tries > 0 && error.kind() == io::ErrorKind::AddrInUse => {}
            Err(source) => {
                let names = profiles.iter().map(|p| format!("{} ({})", p.name, p.sip));
                let secure = secure.iter();
                let secure = secure.map(|one| format!("{} ({}, TLS)", one.profile, one.listen));
                return Err(StartError::Sip {
                    profiles: names.chain(secure).collect::<Vec<_>>().join(", "),
                    source,
                });
            }
        }
    }
}

/// The addresses last are those of UDP and TCP, and those of TLS.
type Bound = (
    SipTransports,
    mpsc::Receiver<SipInput>,
    Vec<SocketAddr>,
    Vec<SocketAddr>,
);

fn bind_once(wanted: &[SocketAddr], tls: &[TlsListen]) -> io::Result<Bound> {
    let mut addresses = Vec::new();
    for address in wanted {
        addresses.push(match address.port() {
            0 => free_port(*address)?,
            _ => *address,
        });
    }
    let listen = |address: &SocketAddr| {
        [Transport::Udp, Transport::Tcp].map(|transport| SipListen {
            transport,
            address: *address,
            advertise: None,
        })
    };
    let listens: Vec<SipListen> = addresses.iter().flat_map(listen).collect();
    let (sender, inbox) = mpsc::channel(SIP_INPUTS);
    let plain = listens.len();
    let config = SipIoConfig {
        tls: tls.to_vec(),
        ..SipIoConfig::new(listens)
    };
    let (sip, mut bound) = SipTransports::bind(config, sender)?;
    let secured = bound.split_off(plain);
    Ok((sip, inbox, addresses, secured))
}

/// A port that is free on UDP now. TCP has to be bound to the same number.
fn free_port(address: SocketAddr) -> io::Result<SocketAddr> {
    std::net::UdpSocket::bind(address)?.local_addr()
}

/// Keeps the idle CPU up to date, for the switch and for whoever prints it.
async fn measure_cpu(idle: IdleCpu, shell: mpsc::Sender<Input>, stopped: CancellationToken) {
    let mut tick = tokio::time::interval(CPU_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut last = CpuTicks::read();
    loop {
        tokio::select! {
            () = stopped.cancelled() => return,
            _ = tick.tick() => {}
        }
        let now = CpuTicks::read();
        let measured = now.zip(last).and_then(|(now, last)| now.idle_since(last));
        if let Some(micro_percent) = measured {
            last = now;
            idle.set(micro_percent);
            // A measurement that does not fit is superseded by the next one.
            shell.try_send(Input::IdleCpu(micro_percent)).ok();
        }
    }
}

impl Embedded {
    /// A handle for a door.
    pub fn switch(&self) -> &Switch {
        &self.switch
    }

    /// The SIP profiles with the addresses they got.
    pub fn profiles(&self) -> &[BoundProfile] {
        &self.profiles
    }

    /// Idle CPU, measured once per second.
    pub fn idle_cpu(&self) -> &IdleCpu {
        &self.idle_cpu
    }

    /// What is alive inside the switch, for metrics.
    pub fn census(&self) -> Census {
        *self.census.borrow()
    }

    /// Counters of each media thread.
    pub fn media_counters(&self) -> &[Arc<WorkerCounters>] {
        &self.media_counters
    }

    /// Counters of the thread of the WebRTC peers and of the video of phones.
    pub fn web_counters(&self) -> &Arc<WebCounters> {
        &self.web_counters
    }

    /// Reads the certificates of SIP over TLS again, for connections to come; those that cannot be used leave the old one
    /// in place, and the log says so.
    pub fn reload_sip_tls(&self) {
        for certificate in &self.sip_certificates {
            certificate.reload_for("sip").ok();
        }
    }

    /// Reads the configuration of gateways again, and makes those there are what it says; one that cannot be used is logged
    /// and changes nothing. Blocks on the disk, so not for a task of a runtime.
    pub fn reload_gateways(&self) {
        let xml = match self.xml.load() {
            Ok(xml) => xml,
            Err(errors) => {
                for error in &errors {
                    tracing::error!(%error, "Gateways stay as they were read before");
                }
                return;
            }
        };
        if let Some(lists) = self.gateways.read(&xml) {
            // Refused only by a switch that has stopped.
            self.shell.blocking_send(Input::GatewaysRead(lists)).ok();
        }
    }

    /// Cancelled once the switch has stopped, whoever asked for it.
    pub fn stopped(&self) -> &CancellationToken {
        &self.stopped
    }

    /// Whether it stopped because it was told to.
    pub fn stopped_cleanly(&self) -> bool {
        self.clean.load(Ordering::Relaxed)
    }

    /// Messages of earlier runs, when they could not be said at the start.
    pub async fn voicemail_found(&self, messages: Vec<(Extension, VoiceMessage)>) {
        // Refused only by a switch that has stopped.
        self.shell.send(Input::VoicemailFound(messages)).await.ok();
    }

    /// Bindings of earlier runs, when they could not be said at the start.
    pub async fn bindings_found(&self, bindings: Vec<KeptBinding>) {
        // Refused only by a switch that has stopped.
        self.shell.send(Input::BindingsFound(bindings)).await.ok();
    }

    /// Values of `db` and `group` of earlier runs, when they could not be said at the start.
    pub async fn tables_found(&self, tables: KeptTables) {
        // Refused only by a switch that has stopped.
        self.shell.send(Input::TablesFound(tables)).await.ok();
    }

    /// Hangs up what is left and stops. Calls get a few seconds to end.
    pub async fn stop(&self) {
        // Refused only by a switch that has stopped.
        self.shell.send(Input::Shutdown).await.ok();
        self.stopped.cancelled().await;
    }

    /// Waits for the tasks to end after the switch stopped; false when some did not within `patience`.
    pub async fn join(self, patience: Duration) -> bool {
        let Self {
            switch,
            shell,
            tracker,
            ..
        } = self;
        drop((switch, shell));
        tokio::time::timeout(patience, tracker.wait()).await.is_ok()
    }
}
