//! The TOML file: every section and key there is. `config/jackfield.toml` explains each.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::log::LogLevel;
use jiff::tz::TimeZone;
use switch_core::StreamSettings;
use switch_core::config::{ConferenceHabits, Destination};
use toml::de::DeTable;

use super::problem::Problem;
use super::toml_tree::{At, Source, Table};
use super::{
    call_records, conference, console, event_log, event_socket_users, eventmanager, gateways,
    isymphony, local_streams, sip_extensions, sip_tls, spatial, store, sylkrtc, webapp, webrtc,
};

/// What the file says; `None` where it says nothing.
#[derive(Default)]
pub(super) struct File {
    pub(super) node: Node,
    pub(super) log_level: Option<LogLevel>,
    pub(super) xml_root: Option<PathBuf>,
    pub(super) sip: Sip,
    pub(super) media: Media,
    pub(super) sounds: Option<PathBuf>,
    pub(super) recordings: Option<PathBuf>,
    pub(super) state: Option<PathBuf>,
    pub(super) voicemail: Option<PathBuf>,
    pub(super) store: store::Section,
    pub(super) call_records: call_records::Section,
    pub(super) replay_events: Option<usize>,
    pub(super) replay_bytes: Option<usize>,
    pub(super) event_log: event_log::Section,
    pub(super) max_sessions: Option<u64>,
    pub(super) sessions_per_second: Option<u64>,
    pub(super) conferences: BTreeMap<Arc<str>, ConferenceHabits>,
    pub(super) streams: Vec<StreamSettings>,
    pub(super) metrics: Option<Listen>,
    pub(super) console: console::Section,
    pub(super) webrtc: webrtc::Section,
    pub(super) event_socket: Option<EventSocket>,
    pub(super) sylkrtc: sylkrtc::Section,
    pub(super) eventmanager: eventmanager::Section,
    pub(super) isymphony: isymphony::Section,
    pub(super) webapp: webapp::Section,
}

#[derive(Default)]
pub(super) struct Node {
    pub(super) name: Option<String>,
    pub(super) grace: Option<Duration>,
    pub(super) runtime_threads: Option<usize>,
    pub(super) time_zone: Option<TimeZone>,
    pub(super) heartbeat: Option<Duration>,
}

#[derive(Default)]
pub(super) struct Media {
    pub(super) ports: Option<(u16, u16)>,
    pub(super) drain: Option<Duration>,
    pub(super) opus_complexity: Option<u8>,
    pub(super) spatial: spatial::Section,
}

/// `[sip]`
#[derive(Default)]
pub(super) struct Sip {
    pub(super) profiles: Vec<SipProfile>,
    pub(super) gateways: Vec<gateways::Section>,
    pub(super) dns_servers: Option<Vec<SocketAddr>>,
    pub(super) outbound_sip_proxy: Option<Destination>,
}

/// `[[sip.profile]]`
pub(super) struct SipProfile {
    pub(super) name: String,
    pub(super) listen: Option<SocketAddr>,
    pub(super) tls: sip_tls::Section,
    pub(super) rtp_ip: Option<IpAddr>,
    pub(super) context: Option<String>,
    pub(super) auth_calls: Option<bool>,
    pub(super) trust_loopback: Option<bool>,
    pub(super) domains: Option<Vec<String>>,
    pub(super) codecs: Option<Vec<String>>,
    pub(super) secure_media: Option<String>,
    pub(super) max_expires: Option<Duration>,
    pub(super) extensions: sip_extensions::Section,
    /// Where the section starts.
    pub(super) offset: usize,
}

/// An address, or `off`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Listen {
    On(SocketAddr),
    Off,
}

/// `[door.event_socket]`
pub(super) struct EventSocket {
    pub(super) listen: Option<Vec<SocketAddr>>,
    pub(super) tls_listen: Option<Vec<SocketAddr>>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) password: Option<At<String>>,
    pub(super) users: Vec<At<door_esl::User>>,
    pub(super) acl: Option<Vec<String>>,
    pub(super) stop_on_bind_error: Option<bool>,
    pub(super) max_queue: Option<usize>,
    pub(super) max_queue_bytes: Option<usize>,
    pub(super) write_deadline: Option<Duration>,
    pub(super) login_time: Option<Duration>,
    pub(super) max_connections: Option<usize>,
    pub(super) max_per_address: Option<usize>,
    pub(super) max_jobs: Option<usize>,
    pub(super) run_programs: Option<bool>,
    pub(super) program_time: Option<Duration>,
    pub(super) outbound_connect_time: Option<Duration>,
    pub(super) outbound_max_connections: Option<usize>,
    pub(super) outbound_ca: Option<PathBuf>,
    pub(super) outbound_insecure: Option<bool>,
    /// Where the section starts, for what is wrong with all of it.
    pub(super) offset: usize,
}

/// Most of anything that is counted.
const MANY: u64 = 1_000_000_000;

/// Reads the file; the source has collected what is wrong.
pub(super) fn read(source: &Source, text: &str) -> File {
    let (top, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        source.complain(at, error.message().lines().collect::<Vec<_>>().join(", "));
    }
    let mut top = Table::top(source, top.get_ref());
    let mut file = File {
        node: node(top.table("node")),
        sip: sip(top.table("sip"), source),
        media: media(top.table("media")),
        ..File::default()
    };

    let mut log = top.table("log");
    let levels = "a level: console, alert, crit, err, warning, notice, info or debug";
    file.log_level = log.parsed("level", levels, level).map(|at| at.value);
    log.finish();

    let mut backend = top.table("backend");
    backend.parsed(
        "kind",
        "\"embedded\", the only backend there is yet",
        |kind| (kind == "embedded").then_some(()),
    );
    backend.finish();

    let mut xml = top.table("xml");
    file.xml_root = xml.path("root");
    xml.finish();

    let mut paths = top.table("paths");
    file.sounds = paths.path("sounds");
    file.recordings = paths.path("recordings");
    file.state = paths.path("state");
    file.voicemail = paths.path("voicemail");
    paths.finish();

    file.store = store::read(top.table("store"), source);
    file.call_records = call_records::read(top.table("call_records"));

    let mut events = top.table("events");
    file.replay_events = count(&mut events, "replay_events", 0);
    file.replay_bytes = events.bytes("replay_bytes");
    file.event_log = event_log::read(events.table("log"));
    events.finish();

    let mut limits = top.table("limits");
    file.max_sessions = limits.number("max_sessions", 1, MANY);
    file.sessions_per_second = limits.number("sessions_per_second", 2, MANY);
    limits.finish();

    file.conferences = conference::read(&mut top, source);
    file.streams = local_streams::read(&mut top, source);
    file.metrics = listen(top.table("metrics"));
    file.console = console::read(top.table("console"));
    file.webrtc = webrtc::read(top.table("webrtc"), source);

    let mut doors = top.table("door");
    file.event_socket = event_socket(doors.table("event_socket"), source);
    file.sylkrtc = sylkrtc::read(doors.table("sylkrtc"), source);
    file.eventmanager = eventmanager::read(doors.table("eventmanager"));
    file.isymphony = isymphony::read(doors.table("isymphony"), source);
    file.webapp = webapp::read(doors.table("webapp"), source);
    doors.finish();
    top.finish();
    file
}

/// A section that says nothing but where to listen.
fn listen(mut table: Table<'_>) -> Option<Listen> {
    let listen = listen_or_off(&mut table, "listen");
    table.finish();
    listen
}

/// An address, or `"off"`.
pub(super) fn listen_or_off(table: &mut Table<'_>, key: &'static str) -> Option<Listen> {
    let expected = "an address and port, as \"127.0.0.1:9464\", or \"off\"";
    let found = table.parsed(key, expected, |text| match text {
        "off" => Some(Listen::Off),
        _ => text.parse().ok().map(Listen::On),
    });
    found.map(|at| at.value)
}

fn node(mut table: Table<'_>) -> Node {
    let node = Node {
        name: table.text("name"),
        grace: table.duration("grace"),
        runtime_threads: automatic(&mut table, "runtime_threads"),
        time_zone: table
            .parsed(
                "time_zone",
                "a time zone, as \"Europe/Berlin\", or \"system\"",
                |name| match name {
                    "system" => Some(TimeZone::system()),
                    _ => TimeZone::get(name).ok(),
                },
            )
            .map(|at| at.value),
        heartbeat: table.duration("heartbeat"),
    };
    table.finish();
    node
}

fn media(mut table: Table<'_>) -> Media {
    let media = Media {
        spatial: spatial::read(table.table("spatial")),
        ports: table
            .parsed(
                "port_range",
                "two ports, as \"16384-32768\", the first one even",
                |text| {
                    let (first, last) = text.split_once('-')?;
                    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
                    port_range_fits(first, last).then_some((first, last))
                },
            )
            .map(|at| at.value),
        drain: table.duration("drain"),
        opus_complexity: table
            .number("opus_complexity", 0, 10)
            .map(|effort| effort as u8),
    };
    table.finish();
    media
}

/// Whether there is room for at least one pair of an even and an odd port.
pub(super) fn port_range_fits(first: u16, last: u16) -> bool {
    first >= 1024 && first.is_multiple_of(2) && first < last
}

/// `"auto"` or a number of threads.
fn automatic(table: &mut Table<'_>, key: &'static str) -> Option<usize> {
    let found = table.parsed(
        key,
        "\"auto\" or a number of threads in quotes, as \"2\"",
        |text| match text {
            "auto" => Some(None),
            _ => text
                .parse()
                .ok()
                .filter(|n| (1..=256).contains(n))
                .map(Some),
        },
    );
    found.and_then(|at| at.value)
}

fn sip(mut table: Table<'_>, source: &Source) -> Sip {
    let servers = "addresses of DNS servers, as \"192.0.2.53\" or \"127.0.0.1:5353\"";
    let dns_servers = table.list("dns_servers", servers, |text| {
        let port = |ip: IpAddr| SocketAddr::new(ip, 53);
        text.parse().ok().or_else(|| text.parse().ok().map(port))
    });
    let outbound_sip_proxy = table
        .parsed("outbound_sip_proxy", "a text", |text| Some(text.to_owned()))
        .and_then(|at| match Destination::proxy(&at.value) {
            Ok(proxy) => Some(proxy),
            Err(error) => {
                let what = format!("sip.outbound_sip_proxy: {}: {error}", at.value);
                source.complain(at.offset, what);
                None
            }
        });
    let mut profiles: Vec<SipProfile> = Vec::new();
    for (offset, mut table) in table.tables("profile") {
        let name = table.text("name");
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let profile = SipProfile {
            name: name.clone().unwrap_or_default(),
            listen: table.address("listen").map(|at| at.value),
            tls: sip_tls::read(&mut table),
            rtp_ip: table
                .parsed("rtp_ip", "an address, as \"127.0.0.1\"", |text| {
                    text.parse().ok()
                })
                .map(|at| at.value),
            context: table.text("context"),
            auth_calls: table.boolean("auth_calls"),
            trust_loopback: table.boolean("trust_loopback"),
            domains: table.list("domains", "domain names", text),
            codecs: table.list(
                "codecs",
                "codecs we have: OPUS, G722, PCMU, PCMA, L16, VP8, H264",
                |name| embedded::speaks_codec(name).then(|| name.to_owned()),
            ),
            secure_media: table
                .parsed(
                    "secure_media",
                    "mandatory, optional or forbidden, with suites behind colons if not all",
                    |text| embedded::is_secure_media(text).then(|| text.to_owned()),
                )
                .map(|at| at.value),
            max_expires: table.duration("max_expires"),
            extensions: sip_extensions::read(&mut table),
            offset,
        };
        table.finish();
        if name.is_none() {
            source.complain(offset, "sip.profile.name: missing");
        } else if profiles.iter().any(|other| other.name == profile.name) {
            let what = format!("sip.profile.name: {} is there already", profile.name);
            source.complain(offset, what);
        } else {
            profiles.push(profile);
        }
    }
    let gateways = gateways::of_toml(table.tables("gateway"), source);
    table.finish();
    Sip {
        profiles,
        gateways,
        dns_servers,
        outbound_sip_proxy,
    }
}

fn event_socket(mut table: Table<'_>, source: &Source) -> Option<EventSocket> {
    let there = table.is_there();
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let addresses = "an address and port, as \"127.0.0.1:8021\"";
    let listen = table.list("listen", addresses, |text| text.parse().ok());
    let password = table.secret("password");
    let door = EventSocket {
        offset: password.as_ref().map_or(0, |at| at.offset),
        users: event_socket_users::read(&mut table, source),
        listen,
        tls_listen: table.list("tls_listen", addresses, |text| text.parse().ok()),
        certificate: table.path("certificate"),
        key: table.path("key"),
        password,
        acl: table.list("acl", "names of access lists or networks", text),
        stop_on_bind_error: table.boolean("stop_on_bind_error"),
        max_queue: count(&mut table, "max_queue", 1),
        max_queue_bytes: table.bytes("max_queue_bytes"),
        write_deadline: table.duration("write_deadline"),
        login_time: table.duration("login_time"),
        max_connections: count(&mut table, "max_connections", 1),
        max_per_address: count(&mut table, "max_per_address", 1),
        max_jobs: count(&mut table, "max_jobs", 1000),
        run_programs: table.boolean("run_programs"),
        program_time: table.duration("program_time"),
        outbound_connect_time: table.duration("outbound_connect_time"),
        outbound_max_connections: count(&mut table, "outbound_max_connections", 1),
        outbound_ca: table.path("outbound_ca"),
        outbound_insecure: table.boolean("outbound_insecure"),
    };
    table.finish();
    there.then_some(door)
}

pub(super) fn count(table: &mut Table<'_>, key: &'static str, least: u64) -> Option<usize> {
    let number = table.number(key, least, MANY)?;
    usize::try_from(number).ok()
}

/// A log level by its name, in any case.
pub(super) fn level(name: &str) -> Option<LogLevel> {
    [
        LogLevel::Console,
        LogLevel::Alert,
        LogLevel::Crit,
        LogLevel::Err,
        LogLevel::Warning,
        LogLevel::Notice,
        LogLevel::Info,
        LogLevel::Debug,
    ]
    .into_iter()
    .find(|level| level.name().eq_ignore_ascii_case(name))
}

/// Reads a file by its name; an error is about the whole file.
pub(super) fn read_text(path: &std::path::Path) -> Result<String, Problem> {
    use std::io::Read;
    let name = || path.display().to_string();
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE).read_to_string(&mut text))
        .map_err(|error| Problem::of_file(name(), error.to_string()))?;
    Ok(text)
}

/// Longest TOML file in bytes; what is behind is not read.
const MAX_FILE: u64 = 1 << 20;
