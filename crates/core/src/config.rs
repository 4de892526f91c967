//! What the switch is told at its start.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use api::NodeId;
use api::id::LayoutId;
use api::spatial::{Layout, Output};
use api::view::{Extension, VoiceMessage};
use jiff::tz::TimeZone;

mod gateway;

pub use gateway::{
    CallerIdHeader, EXPIRES_S, GatewayConfig, GatewayExtension, GatewayLists, PingConfig, RETRY,
};
pub(crate) use gateway::{host_port, transport_parameter};
pub use sip::resolve::{BadDestination, Destination};
pub use sip::transport::Transport;
pub use sip::{Extensions, TimerTerms};

use crate::config_xml::Configuration;
use crate::kept_tables::KeptTables;
use crate::registrar::KeptBinding;
use crate::streams::StreamSettings;

/// Settings of the switch. Sockets, paths and threads are the shell's.
#[derive(Clone, Debug)]
pub struct Config {
    /// This run of the server.
    pub node: NodeId,
    /// Host name, as events and `hostname` show it.
    pub hostname: Arc<str>,
    /// SIP profiles with the addresses they are bound to.
    pub profiles: Vec<ProfileConfig>,
    /// Where requests of web clients to other servers go, whatever the DNS says.
    pub outbound_proxy: Option<Destination>,
    /// Most channels at one time.
    pub max_sessions: u64,
    /// So many new channels per second are too many; fewer are let in.
    pub sessions_per_second: u64,
    /// How often HEARTBEAT fires.
    pub heartbeat: Duration,
    /// Media threads.
    pub media_workers: usize,
    /// Effort of encoding Opus, 0–10.
    pub opus_complexity: u8,
    /// Local time, for dialplan conditions and time stamps.
    pub time_zone: TimeZone,
    /// Where `record` paths without a folder go; only shown as `${recordings_dir}`.
    pub recordings_dir: Arc<str>,
    /// Layouts of rooms.
    pub layouts: Layouts,
    /// What clients are told of the form in which rooms are heard; the shell renders them so.
    pub output: Output,
    /// What conferences of these names do beside what their profile says.
    pub conferences: BTreeMap<Arc<str>, ConferenceHabits>,
    /// Voicemail.
    pub voicemail: VoicemailConfig,
    /// Bindings of earlier runs, by their numbers.
    pub bindings: Vec<KeptBinding>,
    /// Values of `db` and `group` of earlier runs; `None`: not known yet, and they cannot be changed until
    /// [`crate::Input::TablesFound`].
    pub tables: Option<KeptTables>,
    /// Who is on which access list; for `check_acl`.
    pub access_lists: AccessLists,
    /// Streams of sound beside those of `local_stream.conf`, which they go before.
    pub streams: Vec<StreamSettings>,
    /// Channels may have programs of the machine run; without it `system` and `bgsystem` do not exist.
    pub may_run_programs: bool,
    /// Dialplan, directory and the global variables.
    pub xml: Arc<Configuration>,
}

type Lets = dyn Fn(&str, IpAddr) -> bool + Send + Sync;

/// Access lists as they are at the moment; the shell has them, and reads them again when it is told. Without any nobody
/// passes.
#[derive(Clone, Default)]
pub struct AccessLists(Option<Arc<Lets>>);

impl AccessLists {
    /// Lists that can say whether the one of a name, or a network, lets an address in. Asked by the switch at its work: it
    /// must not wait for anything.
    pub fn new(lets: impl Fn(&str, IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(lets)))
    }

    pub(crate) fn allows(&self, list: &str, address: IpAddr) -> bool {
        self.0.as_ref().is_some_and(|lets| lets(list, address))
    }
}

impl fmt::Debug for AccessLists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessLists")
    }
}

/// What a conference does by itself (event-api.md §9).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ConferenceHabits {
    /// It is recorded from the first member to the last.
    pub record: bool,
    /// Who comes is announced to the others.
    pub announce_join: bool,
    /// Who goes is announced to the others.
    pub announce_leave: bool,
    /// How many there are is said when somebody comes.
    pub announce_count: bool,
}

/// What the switch is told of voicemail beside `voicemail.conf`.
#[derive(Clone, Debug)]
pub struct VoicemailConfig {
    /// The folder of its files.
    pub directory: Arc<str>,
    /// Messages of earlier runs, with their boxes.
    pub messages: Vec<(Extension, VoiceMessage)>,
}

impl Default for VoicemailConfig {
    fn default() -> Self {
        Self {
            directory: "/voicemail".into(),
            messages: Vec::new(),
        }
    }
}

/// The layouts rooms can have, and which one new rooms get.
#[derive(Clone, Debug)]
pub struct Layouts {
    all: Vec<Arc<Layout>>,
    usual: Arc<Layout>,
}

impl Default for Layouts {
    fn default() -> Self {
        let usual = Arc::new(Layout::built_in());
        Self {
            all: vec![usual.clone()],
            usual,
        }
    }
}

impl Layouts {
    /// These layouts; new rooms get the one of that number, or the first. `None` when there are none, when two have
    /// the same number, or when one has no seats.
    pub fn new(all: Vec<Layout>, usual: LayoutId) -> Option<Self> {
        let all: Vec<_> = all.into_iter().map(Arc::new).collect();
        let mut numbers: Vec<_> = all.iter().map(|layout| layout.id).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.len() != all.len() || all.iter().any(|layout| layout.seats.is_empty()) {
            return None;
        }
        let named = all.iter().find(|layout| layout.id == usual);
        let usual = named.or_else(|| all.first())?.clone();
        Some(Self { all, usual })
    }

    pub(crate) fn all(&self) -> Vec<Arc<Layout>> {
        self.all.clone()
    }

    pub(crate) fn usual(&self) -> &Arc<Layout> {
        &self.usual
    }
}

/// A SIP profile.
#[derive(Clone, Debug)]
pub struct ProfileConfig {
    /// Name in dial strings.
    pub name: Arc<str>,
    /// Where SIP is bound (UDP and TCP alike).
    pub sip: SocketAddr,
    /// Where SIP over TLS is bound; `None`: the profile has no TLS, and calls nobody over it.
    pub tls: Option<SocketAddr>,
    /// Flow number of the UDP socket.
    pub udp_flow: sip::transport::FlowId,
    /// Address media is bound to.
    pub rtp_ip: IpAddr,
    /// Dialplan context of calls from peers that are not users.
    pub context: Arc<str>,
    /// Calls from this machine need no credentials.
    pub trust_loopback: bool,
    /// Calls must come from authenticated users.
    pub auth_calls: bool,
    /// Domain names that count as ours, beside those of the directory. The first is the default realm.
    pub domains: Vec<Arc<str>>,
    /// Codec names offered and accepted, in order of preference.
    pub codecs: Vec<Arc<str>>,
    /// Whether sound is encrypted where no variable says so, in the words of `rtp_secure_media`; `None`: as it is offered to
    /// us, and calls of ours offer it in the clear.
    pub secure_media: Option<Arc<str>>,
    /// Longest registration granted, seconds.
    pub max_expires_s: u32,
    /// Reliable provisional responses and session timers of its calls.
    pub extensions: Extensions,
    /// Peers calls can be sent to by name. They are begun at the start; one that was ended is begun again from here.
    pub gateways: Vec<GatewayConfig>,
}

impl ProfileConfig {
    /// Our address on a transport; `None`: the profile does not have it.
    pub fn local(&self, transport: Transport) -> Option<SocketAddr> {
        match transport {
            Transport::Udp | Transport::Tcp => Some(self.sip),
            Transport::Tls => self.tls,
            Transport::Ws | Transport::Wss => None,
        }
    }

    /// Whether what comes from an address is believed without credentials, whoever is there.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        !self.auth_calls || (self.trust_loopback && peer.is_loopback())
    }
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(pub Arc<str>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
