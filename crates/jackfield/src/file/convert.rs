//! TOML and XML together become what every part of the server is started with. Keys of the TOML file win.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::log::LogLevel;
use api::{BusLimits, NodeId};
use embedded::{GatewaySource, MediaConfig, SipTls, SpatialConfig, WebConfig, XmlSource};
use jiff::tz::TimeZone;
use net::Programs;
use net::programs::PROGRAM_TIME;
use net::tls::Trust;
use switch_core::config::{Destination, GatewayLists, Layouts, ProfileConfig, VoicemailConfig};
use switch_core::config_xml::{ConfigError, Configuration, Globals};
use uuid::Uuid;

use super::problem::Problem;
use super::schema::{self, EventSocket, File, Listen, SipProfile, port_range_fits};
use super::store::{self, StoreConfig};
use super::tls::{self, Place};
use super::toml_tree::Source;
use super::{
    acl_conf, call_files_conf, call_records, event_log, event_socket_conf, event_socket_users,
    eventmanager, isymphony, sip_tls, sofia_conf, switch_conf, sylkrtc, webapp, webrtc,
};
use crate::call_records::CallRecords;
use crate::call_records::files::CallFiles;
use crate::machine::Machine;

/// Metrics and health, on this machine only unless a file says otherwise.
const METRICS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);

/// How long calls may go on after the server was asked to stop.
const GRACE: Duration = Duration::from_secs(30);

/// Effort of encoding Opus: the middle.
const OPUS_COMPLEXITY: u8 = 5;

/// How often HEARTBEAT fires (event-socket.md §5.1).
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Everything the server is started with.
pub(crate) struct Settings {
    pub(crate) switch: embedded::Config,
    /// `None` when neither file opens it.
    pub(crate) event_socket: Option<door_esl::Config>,
    /// `None` when the file gives it no address.
    pub(crate) sylkrtc: Option<door_sylkrtc::Config>,
    /// `None` when the file gives it no address.
    pub(crate) eventmanager: Option<door_eventmanager::Config>,
    /// `None` when the file gives it no address.
    pub(crate) isymphony: Option<door_isymphony::Config>,
    pub(crate) webapp: door_webapp::Config,
    pub(crate) store: StoreConfig,
    /// The folder of voicemail.
    pub(crate) voicemail: PathBuf,
    /// `None`: no records of calls are kept.
    pub(crate) call_records: Option<CallRecords>,
    /// Records of calls as files.
    pub(crate) call_files: CallFiles,
    /// `None`: events are not kept on disk.
    pub(crate) event_log: Option<eventlog::Settings>,
    pub(crate) acls: net::Acls,
    pub(crate) metrics: Listen,
    pub(crate) console: console::Config,
    pub(crate) log_level: LogLevel,
    pub(crate) grace: Duration,
    /// `None`: one per core, at most four.
    pub(crate) runtime_threads: Option<usize>,
    pub(crate) switchname: String,
    pub(crate) machine: Machine,
    /// Variables of the environment that the file reads secrets from.
    pub(crate) secret_variables: Vec<String>,
}

/// Settings, and what is worth knowing about them.
pub(crate) struct Loaded {
    pub(crate) settings: Settings,
    pub(crate) notes: Vec<Problem>,
}

/// Loads the TOML file, if there is one, and the XML configuration it names.
///
/// # Errors
/// Everything that is wrong with either, with file and line.
pub(crate) fn load(toml: Option<&Path>) -> Result<Loaded, Vec<Problem>> {
    with_files(toml, XmlSource::load, |conversion| conversion.run())
}

/// What the TOML file says of gateways now, and XML that was just read.
///
/// # Errors
/// Everything that is wrong with profiles and gateways, and with the TOML file at all.
pub(crate) fn gateways(
    toml: Option<&Path>,
    xml: &Configuration,
) -> Result<GatewayLists, Vec<Problem>> {
    with_files(
        toml,
        |_| Ok(xml.clone()),
        |mut conversion| {
            let (profiles, _) = conversion.profiles();
            if !conversion.problems.is_empty() {
                return Err(conversion.problems);
            }
            let list = |profile: ProfileConfig| (profile.name, profile.gateways);
            Ok(profiles.into_iter().map(list).collect())
        },
    )
}

fn with_files<T>(
    toml: Option<&Path>,
    load_xml: impl FnOnce(&XmlSource) -> Result<Configuration, Vec<ConfigError>>,
    run: impl FnOnce(Conversion<'_>) -> Result<T, Vec<Problem>>,
) -> Result<T, Vec<Problem>> {
    let machine = Machine::look();
    let (name, text) = match toml {
        Some(path) => {
            let text = schema::read_text(path).map_err(|problem| vec![problem])?;
            (path.display().to_string(), text)
        }
        None => ("built-in defaults".to_owned(), String::new()),
    };
    let source = Source::new(name, &text);
    let file = schema::read(&source, &text);
    let folder = toml.and_then(Path::parent).unwrap_or(Path::new(""));
    let xml_source = XmlSource {
        root: file.xml_root.as_ref().map(|root| folder.join(root)),
        globals: globals(&machine, &file, folder),
    };
    let converted = match load_xml(&xml_source) {
        Ok(xml) => run(Conversion {
            file,
            source: &source,
            xml,
            xml_source,
            toml,
            folder,
            machine,
            problems: Vec::new(),
            notes: Vec::new(),
        }),
        Err(errors) => Err(errors.into_iter().map(Problem::from).collect()),
    };
    let mut problems = source.into_problems();
    match converted {
        Ok(converted) if problems.is_empty() => Ok(converted),
        Ok(_) => Err(problems),
        Err(more) => {
            problems.extend(more);
            Err(problems)
        }
    }
}

/// What the XML files may use before they set anything themselves.
fn globals(machine: &Machine, file: &File, folder: &Path) -> Globals {
    let shown = |path: &Path| path.display().to_string();
    let root = file.xml_root.as_ref().map(|root| folder.join(root));
    let conf = root
        .as_deref()
        .and_then(Path::parent)
        .unwrap_or(Path::new("/built-in"));
    let base = conf.parent().unwrap_or(conf);
    let media = MediaConfig::default();
    let recordings = file
        .recordings
        .as_ref()
        .map_or(media.recordings, |p| folder.join(p));
    let sounds = file
        .sounds
        .as_ref()
        .map_or(media.sounds, |p| folder.join(p));
    let list = [
        ("hostname", machine.hostname.clone()),
        ("local_ip_v4", machine.ipv4.to_string()),
        ("local_ip_v6", machine.ipv6.to_string()),
        ("conf_dir", shown(conf)),
        ("base_dir", shown(base)),
        ("recordings_dir", shown(&recordings)),
        ("sounds_dir", shown(&sounds)),
        ("log_dir", shown(&base.join("log"))),
        ("run_dir", shown(&base.join("run"))),
        ("db_dir", shown(&base.join("db"))),
        ("certs_dir", shown(&base.join("tls"))),
        ("storage_dir", shown(&base.join("storage"))),
        ("script_dir", shown(&base.join("scripts"))),
        ("htdocs_dir", shown(&base.join("htdocs"))),
        ("temp_dir", shown(&std::env::temp_dir())),
    ];
    list.into_iter().collect()
}

struct Conversion<'a> {
    file: File,
    source: &'a Source,
    xml: Configuration,
    xml_source: XmlSource,
    toml: Option<&'a Path>,
    folder: &'a Path,
    machine: Machine,
    problems: Vec<Problem>,
    notes: Vec<Problem>,
}

impl Conversion<'_> {
    fn run(mut self) -> Result<Loaded, Vec<Problem>> {
        let notes = self.xml.warnings.drain(..).map(Problem::from).collect();
        self.notes = notes;
        let conf = match self.xml.module("switch.conf") {
            Some(xml) => switch_conf::read(xml, &mut self.problems, &mut self.notes),
            None => switch_conf::SwitchConf::default(),
        };
        let (profiles, sip_tls) = self.profiles();
        let event_socket = self.event_socket();
        let (sylkrtc, console, web, imported_proxy) = self.web();
        let (eventmanager, layouts, spatial) = self.eventmanager();
        let isymphony = self.isymphony();
        let webapp = std::mem::take(&mut self.file.webapp);
        let webapp = webapp::convert(webapp, self.folder, self.source);
        let networks = &self.machine.networks;
        let acls = acl_conf::access_lists(&self.xml, networks, &mut self.problems);
        let media = self.media(&conf, spatial);
        let store = store::convert(&self.file.store, self.folder, &self.state());
        let voicemail = self.voicemail();
        let event_log = event_log::convert(&self.file.event_log, self.folder, &self.state());
        let in_memory = store.place == ::store::Place::Memory;
        let call_records = call_records::convert(&self.file.call_records, in_memory);
        let call_files = self.call_files();
        if !self.problems.is_empty() {
            self.problems.sort();
            return Err(self.problems);
        }

        let file = self.file;
        let defaults = (api::view::Settings::default(), BusLimits::default());
        let log_level = file
            .log_level
            .or(conf.log_level)
            .unwrap_or(defaults.0.log_level);
        let hostname = file
            .node
            .name
            .unwrap_or_else(|| self.machine.hostname.clone());
        let bus = BusLimits {
            replay_events: file.replay_events.unwrap_or(defaults.1.replay_events),
            replay_bytes: file.replay_bytes.unwrap_or(defaults.1.replay_bytes),
            ..defaults.1
        };
        let switch = switch_core::config::Config {
            node: NodeId(Uuid::new_v4()),
            hostname: hostname.as_str().into(),
            profiles,
            outbound_proxy: file.sip.outbound_sip_proxy.or(imported_proxy),
            max_sessions: file
                .max_sessions
                .or(conf.max_sessions)
                .unwrap_or(defaults.0.max_sessions),
            sessions_per_second: file
                .sessions_per_second
                .or(conf.sessions_per_second)
                .unwrap_or(defaults.0.sessions_per_second),
            heartbeat: file.node.heartbeat.unwrap_or(HEARTBEAT),
            media_workers: 1,
            opus_complexity: file.media.opus_complexity.unwrap_or(OPUS_COMPLEXITY),
            time_zone: file.node.time_zone.unwrap_or_else(TimeZone::system),
            recordings_dir: media.recordings.display().to_string().into(),
            layouts,
            conferences: file.conferences,
            output: media.spatial.output(),
            voicemail: VoicemailConfig {
                directory: voicemail.display().to_string().into(),
                messages: Vec::new(),
            },
            bindings: Vec::new(),
            tables: None,
            access_lists: switch_core::config::AccessLists::default(),
            streams: file.streams,
            may_run_programs: false,
            xml: Arc::new(self.xml),
        };
        let settings = Settings {
            switch: embedded::Config {
                switch,
                sip_tls,
                media,
                web,
                bus,
                xml: self.xml_source,
                gateways: gateway_source(self.toml),
                dns_servers: file.sip.dns_servers.unwrap_or_default(),
                voicemail: None,
                bindings: None,
                tables: None,
                programs: event_socket.as_ref().and_then(|door| door.programs.clone()),
            },
            event_socket,
            sylkrtc,
            eventmanager,
            isymphony,
            webapp,
            store,
            voicemail,
            call_records,
            call_files,
            event_log,
            acls,
            metrics: file.metrics.unwrap_or(Listen::On(METRICS)),
            console,
            log_level,
            grace: file.node.grace.unwrap_or(GRACE),
            runtime_threads: file.node.runtime_threads,
            switchname: conf.switchname.unwrap_or(hostname),
            machine: self.machine,
            secret_variables: self.source.secret_variables(),
        };
        let mut notes = self.notes;
        notes.sort();
        Ok(Loaded { settings, notes })
    }

    fn call_files(&mut self) -> CallFiles {
        let logs = PathBuf::from(self.xml.globals.get("log_dir").unwrap_or("log"));
        let (problems, notes) = (&mut self.problems, &mut self.notes);
        let csv = self.xml.module("cdr_csv.conf");
        let xml = self.xml.module("xml_cdr.conf");
        CallFiles {
            csv: csv.and_then(|xml| call_files_conf::csv(xml, &logs, problems, notes)),
            xml: xml.and_then(|xml| call_files_conf::xml(xml, &logs, problems, notes)),
        }
    }

    fn profiles(&mut self) -> (Vec<ProfileConfig>, Vec<SipTls>) {
        let own = IpAddr::V4(self.machine.ipv4);
        let mut profiles = match self.xml.module("sofia.conf") {
            Some(xml) => sofia_conf::profiles(xml, own, &mut self.problems, &mut self.notes),
            None => Vec::new(),
        };
        let state = self.state();
        let place = Place {
            folder: self.folder,
            state: &state,
            hostname: &self.machine.hostname,
        };
        let mut secure = match self.xml.module("sofia.conf") {
            Some(xml) => {
                sip_tls::of_xml(xml, &profiles, place, &mut self.problems, &mut self.notes)
            }
            None => Vec::new(),
        };
        for section in std::mem::take(&mut self.file.sip.profiles) {
            sip_tls::overlay(&mut secure, &profiles, &section, place, self.source);
            let index = profiles.iter().position(|p| *p.name == *section.name);
            match (index, section.listen) {
                (Some(index), _) => overlay(&mut profiles[index], section),
                (None, Some(listen)) => {
                    let mut profile = sofia_conf::plain(&section.name, listen);
                    overlay(&mut profile, section);
                    profiles.push(profile);
                }
                (None, None) => {
                    let what = format!(
                        "sip.profile.listen: missing, and no XML profile is called {}",
                        section.name
                    );
                    self.source.complain(section.offset, what);
                }
            }
        }
        self.add_gateways(&mut profiles);
        (profiles, secure)
    }

    /// Gateways belong to the profile they name, or to the first.
    fn add_gateways(&mut self, profiles: &mut [ProfileConfig]) {
        for section in std::mem::take(&mut self.file.sip.gateways) {
            let name = section.gateway.name.clone();
            let mut all = profiles.iter().flat_map(|profile| &profile.gateways);
            if all.any(|other| other.name.eq_ignore_ascii_case(&name)) {
                let what = format!("sip.gateway.name: {name} is there already");
                self.source.complain(section.offset, what);
                continue;
            }
            let index = match &section.profile {
                None => Some(0),
                Some(wanted) => profiles.iter().position(|known| *known.name == **wanted),
            };
            match index.and_then(|index| profiles.get_mut(index)) {
                Some(profile) => profile.gateways.push(section.gateway),
                None => {
                    let wanted = section.profile.unwrap_or_default();
                    let what = format!("sip.gateway.profile: no profile is called {wanted}");
                    self.source.complain(section.offset, what);
                }
            }
        }
    }

    fn event_socket(&mut self) -> Option<door_esl::Config> {
        let xml = self.xml.module("event_socket.conf");
        if xml.is_none() && self.file.event_socket.is_none() {
            return None;
        }
        let mut config = door_esl::Config::default();
        if let Some(xml) = xml {
            event_socket_conf::apply(xml, &mut config, &mut self.problems, &mut self.notes);
        }
        let section = self.file.event_socket.take();
        let offset = section.as_ref().map(|section| section.offset);
        let users = section.as_ref().map(event_socket_users::places);
        if let Some(section) = section {
            let state = self.state();
            let place = Place {
                folder: self.folder,
                state: &state,
                hostname: &self.machine.hostname,
            };
            let pair = tls::source(section.certificate.as_ref(), section.key.as_ref(), place);
            if pair.is_none() {
                let what = "door.event_socket: certificate and key go together";
                self.source.complain(section.offset, what);
            }
            // What is wrong was said; the rest is checked with something.
            let wanted = section
                .tls_listen
                .as_ref()
                .is_some_and(|all| !all.is_empty());
            let pair = pair.or_else(|| tls::source(None, None, place));
            config.tls = pair.filter(|_| wanted);
            if section.outbound_ca.is_some() && section.outbound_insecure == Some(true) {
                let what =
                    "door.event_socket: with outbound_insecure nobody looks into outbound_ca";
                self.source.complain(section.offset, what);
            }
            overlay_door(&mut config, section, self.folder);
        }
        if let Err(errors) = config.check() {
            let origin = xml.map(|xml| xml.origin(0));
            for error in errors {
                match (offset, &origin) {
                    (None, Some(origin)) => {
                        self.problems
                            .push(Problem::at(origin.clone(), error.to_string()));
                    }
                    (offset, _) => {
                        let what = format!("door.event_socket.{}: {error}", key_of(&error));
                        let of_user = event_socket_users::place(&error, users.as_deref());
                        self.source.complain(of_user.or(offset).unwrap_or(0), what);
                    }
                }
            }
        }
        Some(config)
    }

    /// The door of web phones, the console with its telephone, and where browsers send their media.
    fn web(
        &mut self,
    ) -> (
        Option<door_sylkrtc::Config>,
        console::Config,
        Option<WebConfig>,
        Option<Destination>,
    ) {
        let state = self.state();
        let place = Place {
            folder: self.folder,
            state: &state,
            hostname: &self.machine.hostname,
        };
        let section = std::mem::take(&mut self.file.sylkrtc);
        let (mut door, proxy) = sylkrtc::convert(section, place, self.source, &mut self.notes);
        let pages = super::console::convert(&self.file.console, place, self.source);
        let mut section = std::mem::take(&mut self.file.webrtc);
        if let Some(door) = &mut door {
            let recordings = match &self.file.recordings {
                Some(recordings) => self.folder.join(recordings),
                None => MediaConfig::default().recordings,
            };
            section
                .take_rooms()
                .overlay(&mut door.rooms, &recordings, &state);
        }
        let peers = door.as_ref().map(|door| {
            let doors = [&door.listen[..], &door.tls_listen[..]].concat();
            webrtc::convert(section, &doors, IpAddr::V4(self.machine.ipv4))
        });
        (door, pages, peers, proxy)
    }

    /// Where the server keeps what it makes itself.
    fn state(&self) -> PathBuf {
        match &self.file.state {
            Some(state) => self.folder.join(state),
            None => sylkrtc::state_folder(|name| std::env::var(name).ok()),
        }
    }

    /// Where files of voicemail are; the media threads would look for a relative one elsewhere.
    fn voicemail(&self) -> PathBuf {
        let folder = match &self.file.voicemail {
            Some(folder) => self.folder.join(folder),
            None => self.state().join("voicemail"),
        };
        std::path::absolute(&folder).unwrap_or(folder)
    }

    /// The door of programs that arrange rooms, and how rooms are: their layouts, and how they are rendered.
    fn eventmanager(&mut self) -> (Option<door_eventmanager::Config>, Layouts, SpatialConfig) {
        let state = self.state();
        let place = Place {
            folder: self.folder,
            state: &state,
            hostname: &self.machine.hostname,
        };
        let section = std::mem::take(&mut self.file.eventmanager);
        let mut rooms = std::mem::take(&mut self.file.media.spatial);
        let layouts = rooms.layouts.take();
        let (door, layouts, quality) =
            eventmanager::convert(section, layouts, place, self.source, &mut self.notes);
        let spatial = rooms.convert(quality, self.folder, self.source);
        (door, layouts, spatial)
    }

    /// The door of panels.
    fn isymphony(&self) -> Option<door_isymphony::Config> {
        let state = self.state();
        let place = Place {
            folder: self.folder,
            state: &state,
            hostname: &self.machine.hostname,
        };
        let built_in = self.file.xml_root.is_none();
        isymphony::convert(&self.file.isymphony, place, built_in, self.source)
    }

    fn media(&mut self, conf: &switch_conf::SwitchConf, spatial: SpatialConfig) -> MediaConfig {
        let defaults = MediaConfig::default();
        let (first, last) = self.file.media.ports.unwrap_or_else(|| {
            let range = &defaults.port_range;
            let first = conf.rtp_start_port.unwrap_or(*range.start());
            (
                first.next_multiple_of(2),
                conf.rtp_end_port.unwrap_or(*range.end()),
            )
        });
        if !port_range_fits(first, last) {
            let what = format!("switch.conf: no room for calls in RTP ports {first}-{last}");
            let xml = self.xml.module("switch.conf").map(|xml| xml.origin(0));
            self.problems.push(match xml {
                Some(origin) => Problem::at(origin, what),
                None => Problem::of_file("switch.conf", what),
            });
        }
        let below = |path: &Option<PathBuf>, or: PathBuf| match path {
            Some(path) => self.folder.join(path),
            None => or,
        };
        MediaConfig {
            // The switch puts every leg on one thread: legs that meet must share it.
            workers: None,
            port_range: first..=last,
            drain: self.file.media.drain.unwrap_or(defaults.drain),
            sounds: below(&self.file.sounds, defaults.sounds),
            recordings: below(&self.file.recordings, defaults.recordings),
            seed: None,
            // They are the switch's, and its XML has some.
            streams: Vec::new(),
            spatial,
        }
    }
}

/// Gateways as the files say whenever they are read.
fn gateway_source(toml: Option<&Path>) -> GatewaySource {
    let toml = toml.map(Path::to_owned);
    GatewaySource::new(move |xml| {
        gateways(toml.as_deref(), xml).map_err(|problems| {
            let first = problems.first();
            first.map_or_else(String::new, ToString::to_string)
        })
    })
}

fn overlay(profile: &mut ProfileConfig, section: SipProfile) {
    let texts = |list: Vec<String>| list.into_iter().map(Arc::from).collect();
    if let Some(listen) = section.listen {
        profile.sip = listen;
        profile.rtp_ip = listen.ip();
        profile.trust_loopback = listen.ip().is_loopback();
    }
    profile.rtp_ip = section.rtp_ip.unwrap_or(profile.rtp_ip);
    profile.auth_calls = section.auth_calls.unwrap_or(profile.auth_calls);
    profile.trust_loopback = section.trust_loopback.unwrap_or(profile.trust_loopback);
    if let Some(context) = section.context {
        profile.context = context.into();
    }
    if let Some(domains) = section.domains {
        profile.domains = texts(domains);
    }
    if let Some(codecs) = section.codecs {
        profile.codecs = texts(codecs);
    }
    if let Some(wish) = section.secure_media {
        profile.secure_media = Some(wish.into());
    }
    if let Some(max) = section.max_expires {
        profile.max_expires_s = u32::try_from(max.as_secs()).unwrap_or(u32::MAX);
    }
    section.extensions.lay_over(&mut profile.extensions);
}

fn overlay_door(config: &mut door_esl::Config, section: EventSocket, folder: &Path) {
    let EventSocket {
        listen,
        tls_listen,
        certificate: _,
        key: _,
        password,
        users,
        acl,
        stop_on_bind_error,
        max_queue,
        max_queue_bytes,
        write_deadline,
        login_time,
        max_connections,
        max_per_address,
        max_jobs,
        run_programs,
        program_time,
        outbound_connect_time,
        outbound_max_connections,
        outbound_ca,
        outbound_insecure,
        offset: _,
    } = section;
    macro_rules! take {
        ($($from:ident => $to:ident),* $(,)?) => {$(
            if let Some(value) = $from {
                config.$to = value;
            }
        )*};
    }
    take! {
        listen => listen,
        tls_listen => tls_listen,
        acl => apply_inbound_acl,
        stop_on_bind_error => stop_on_bind_error,
        max_queue => max_queue,
        max_queue_bytes => max_queue_bytes,
        write_deadline => write_deadline,
        login_time => login_time,
        max_connections => max_connections,
        max_per_address => max_per_address,
        max_jobs => max_jobs,
        outbound_connect_time => outbound_connect_time,
        outbound_max_connections => outbound_max_connections,
    }
    let program_time = program_time.unwrap_or(PROGRAM_TIME);
    config.programs = (run_programs == Some(true)).then(|| Programs::new(program_time));
    config.users = users.into_iter().map(|user| user.value).collect();
    config.outbound_trust = if outbound_insecure == Some(true) {
        Trust::Anybody
    } else {
        Trust::in_authorities(outbound_ca.map(|path| folder.join(path)).as_deref())
    };
    if let Some(password) = password {
        config.password = door_esl::Secret::new(password.value);
    }
}

/// The key to change.
fn key_of(error: &door_esl::ConfigError) -> &'static str {
    match error {
        door_esl::ConfigError::NoAddress => "listen",
        door_esl::ConfigError::NoCertificate => "certificate",
        door_esl::ConfigError::EmptyPassword | door_esl::ConfigError::DefaultPassword(_) => {
            "password"
        }
        door_esl::ConfigError::UserName(_) => "user.name",
        door_esl::ConfigError::UserEvent { .. } => "user.events",
        door_esl::ConfigError::UserApi { .. } => "user.api",
        door_esl::ConfigError::EmptyQueue => "max_queue",
        door_esl::ConfigError::TooFewJobs => "max_jobs",
        door_esl::ConfigError::TooManyAcls => "acl",
    }
}
