//! `[door.sylkrtc]`, and the `webrtcgateway.ini` it may import.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use door_sylkrtc::{Config, ConfigError, OriginPattern, Secret, TurnConfig, TurnError};
use switch_core::config::Destination;

use super::problem::Problem;
use super::schema::{Listen, count, listen_or_off, read_text};
use super::tls::{self, Place};
use super::toml_tree::{Source, Table};
use super::{transfers, turn};

/// What the section says; `None` where it says nothing.
#[derive(Default)]
pub(super) struct Section {
    listen: Option<Vec<SocketAddr>>,
    tls_listen: Option<Vec<SocketAddr>>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    path: Option<String>,
    origins: Option<Vec<OriginPattern>>,
    sip_domains: Option<Vec<String>>,
    guest_domains: Option<Vec<String>>,
    clear_text_passwords: Option<bool>,
    ping: Option<Duration>,
    grace: Option<Duration>,
    decline_code: Option<u64>,
    incoming_calls: Option<usize>,
    stop_on_bind_error: Option<bool>,
    max_queue: Option<usize>,
    max_queue_bytes: Option<usize>,
    write_deadline: Option<Duration>,
    max_connections: Option<usize>,
    max_per_address: Option<usize>,
    public_url: Option<String>,
    static_root: Option<PathBuf>,
    admin_listen: Option<Listen>,
    admin_secret: Option<String>,
    trace_client: Option<bool>,
    import: Option<PathBuf>,
    turn: Option<TurnConfig>,
    transfers: transfers::Section,
    /// Where the section starts, for what is wrong with all of it.
    offset: usize,
}

/// Reads the section.
pub(super) fn read(mut table: Table<'_>, source: &Source) -> Section {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let addresses = "an address and port, as \"127.0.0.1:10888\"";
    let address = |text: &str| text.parse().ok();
    let path = table.parsed("path", "a path, as \"/webrtcgateway/ws\"", text);
    let section = Section {
        offset: path.as_ref().map_or(0, |at| at.offset),
        path: path.map(|at| at.value),
        listen: table.list("listen", addresses, address),
        tls_listen: table.list("tls_listen", addresses, address),
        certificate: table.path("certificate"),
        key: table.path("key"),
        origins: table.list(
            "origins",
            "origins, as \"https://app.example.org\"",
            |origin| (!origin.is_empty()).then(|| OriginPattern::new(origin)),
        ),
        sip_domains: table.list("sip_domains", "domain names, or \"*\"", text),
        guest_domains: table.list("guest_domains", "domain names", text),
        clear_text_passwords: table.boolean("clear_text_passwords"),
        ping: table.duration("ping"),
        grace: table.duration("grace"),
        decline_code: table.number("decline_code", 300, 699),
        incoming_calls: count(&mut table, "incoming_calls", 1),
        stop_on_bind_error: table.boolean("stop_on_bind_error"),
        max_queue: count(&mut table, "max_queue", 1),
        max_queue_bytes: table.bytes("max_queue_bytes"),
        write_deadline: table.duration("write_deadline"),
        max_connections: count(&mut table, "max_connections", 1),
        max_per_address: count(&mut table, "max_per_address", 1),
        public_url: table.text("public_url"),
        static_root: table.path("static_root"),
        admin_listen: listen_or_off(&mut table, "admin_listen"),
        admin_secret: table.secret("admin_secret").map(|at| at.value),
        trace_client: table.boolean("trace_client"),
        import: table.path("import"),
        turn: turn::read(table.table("turn"), source),
        transfers: transfers::read(table.table("transfers")),
    };
    table.finish();
    section
}

/// What the door is opened with; `None` when the section gives it no address. The imported file comes first, the keys
/// of the section win. Beside it the proxy that the imported file names.
pub(super) fn convert(
    section: Section,
    place: Place<'_>,
    source: &Source,
    notes: &mut Vec<Problem>,
) -> (Option<Config>, Option<Destination>) {
    let mut proxy = None;
    let mut config = Config {
        tls_listen: vec![([127, 0, 0, 1], 10_889).into()],
        // Another server on this machine may have the usual ports; its phones are none of ours.
        stop_on_bind_error: false,
        ..Config::default()
    };
    if let Some(file) = &section.import {
        let path = place.folder.join(file);
        match read_text(&path) {
            Ok(text) => {
                let imported = door_sylkrtc::import(&text, &mut config);
                let mut warnings = imported.warnings;
                match imported
                    .outbound_sip_proxy
                    .as_deref()
                    .map(Destination::proxy)
                {
                    Some(Ok(found)) => proxy = Some(found),
                    Some(Err(error)) => {
                        warnings.push(format!("[General] outbound_sip_proxy: {error}"));
                    }
                    None => {}
                }
                let name = path.display().to_string();
                notes.extend(
                    warnings
                        .into_iter()
                        .map(|what| Problem::of_file(name.as_str(), what)),
                );
            }
            Err(problem) => {
                source.complain(section.offset, format!("door.sylkrtc.import: {problem}"))
            }
        }
    }
    config.tls = tls::source(section.certificate.as_ref(), section.key.as_ref(), place);
    if config.tls.is_none() {
        let what = "door.sylkrtc: certificate and key go together";
        source.complain(section.offset, what);
        return (None, proxy);
    }
    let offset = section.offset;
    overlay(&mut config, section, place);
    if config.listen.is_empty() && config.tls_listen.is_empty() {
        return (None, proxy);
    }
    for error in config.check().err().unwrap_or_default() {
        source.complain(offset, format!("door.sylkrtc.{}: {error}", key_of(&error)));
    }
    (Some(config), proxy)
}

fn overlay(config: &mut Config, section: Section, place: Place<'_>) {
    macro_rules! take {
        ($($key:ident),* $(,)?) => {$(
            if let Some(value) = section.$key {
                config.$key = value;
            }
        )*};
    }
    take!(
        listen,
        tls_listen,
        path,
        origins,
        sip_domains,
        guest_domains,
        clear_text_passwords,
        ping,
        grace,
        incoming_calls,
        stop_on_bind_error,
        max_queue,
        max_queue_bytes,
        write_deadline,
        max_connections,
        max_per_address,
        trace_client,
    );
    if let Some(code) = section
        .decline_code
        .and_then(|code| u16::try_from(code).ok())
    {
        config.decline_code = code;
    }
    if let Some(turn) = section.turn {
        config.turn = Some(turn);
    }
    if let Some(url) = section.public_url {
        config.public_url = Some(url);
    }
    if let Some(root) = section.static_root {
        config.static_root = Some(place.folder.join(root));
    }
    section
        .transfers
        .overlay(&mut config.transfers, place.state);
    match section.admin_listen {
        Some(Listen::On(address)) => config.admin_listen = Some(address),
        Some(Listen::Off) => config.admin_listen = None,
        None => {}
    }
    if let Some(secret) = section.admin_secret {
        config.admin_secret = Some(Secret::new(secret));
    }
}

/// The key to change.
fn key_of(error: &ConfigError) -> &'static str {
    match error {
        ConfigError::NoAddress => "listen",
        ConfigError::NoCertificate => "certificate",
        ConfigError::Path(_) => "path",
        ConfigError::DeclineCode(_) => "decline_code",
        ConfigError::Zero(name) => name,
        ConfigError::OpenAdmin(_) => "admin_secret",
        ConfigError::Turn(TurnError::Urls | TurnError::NoTurn) => "turn.urls",
        ConfigError::Turn(TurnError::NoAccess | TurnError::Empty) => "turn.secret",
        ConfigError::Turn(TurnError::Ttl) => "turn.ttl",
    }
}

/// Where the server keeps what it makes itself, when the file says nothing: as systemd, the desktop's rules or nobody
/// says.
pub(super) fn state_folder(variable: impl Fn(&str) -> Option<String>) -> PathBuf {
    let set = |name: &str| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("STATE_DIRECTORY")
        .or_else(|| set("XDG_STATE_HOME").map(|state| state.join("jackfield")))
        .or_else(|| set("HOME").map(|home| home.join(".local/state/jackfield")))
        .unwrap_or_else(|| std::env::temp_dir().join("jackfield"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_kept_where_it_is_usual() {
        let with = |set: &'static [(&str, &str)]| {
            state_folder(|name| {
                let found = set.iter().find(|(set, _)| *set == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(
            with(&[("STATE_DIRECTORY", "/var/lib/x"), ("HOME", "/h")]),
            PathBuf::from("/var/lib/x")
        );
        assert_eq!(
            with(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]),
            PathBuf::from("/s/jackfield")
        );
        assert_eq!(
            with(&[("HOME", "/h")]),
            PathBuf::from("/h/.local/state/jackfield")
        );
        assert_eq!(
            with(&[("HOME", "")]),
            std::env::temp_dir().join("jackfield")
        );
    }
}
