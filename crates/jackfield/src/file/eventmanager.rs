//! `[door.eventmanager]`, and the files of the original product it may import.

use std::net::{Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use door_eventmanager::{
    Adapter, Config, ConfigError, ControlNumbering, Credential, EventNames, LayoutFile, ReplyShape,
    read_adapter, read_socket,
};
use net::OriginPattern;
use net::tls::{Passphrase, TlsSource};
use switch_core::config::Layouts;

use super::problem::Problem;
use super::schema::count;
use super::tls::{self, Place};
use super::toml_tree::{At, Source, Table};

/// Instead of a header: anybody may connect.
const NONE: &str = "none";

/// What the section says; `None` where it says nothing.
#[derive(Default)]
pub(super) struct Section {
    listen: Option<Vec<SocketAddr>>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    passphrase: Option<At<String>>,
    header: Option<At<String>>,
    value: Option<At<String>>,
    browser_query: Option<bool>,
    browser_subprotocol: Option<bool>,
    origins: Option<Vec<OriginPattern>>,
    allow_plaintext: Option<bool>,
    reply_shape: Option<ReplyShape>,
    event_names: Option<EventNames>,
    event_flat: Option<bool>,
    control_numbering: Option<ControlNumbering>,
    extended_controls: Option<bool>,
    seat_index_base: Option<u64>,
    ping: Option<Duration>,
    silence: Option<Duration>,
    stop_on_bind_error: Option<bool>,
    max_queue: Option<usize>,
    max_queue_bytes: Option<usize>,
    write_deadline: Option<Duration>,
    max_connections: Option<usize>,
    max_per_address: Option<usize>,
    import: Option<At<PathBuf>>,
    adapter: Option<At<PathBuf>>,
}

/// Reads the section.
pub(super) fn read(mut table: Table<'_>) -> Section {
    let addresses = "an address and port, as \"127.0.0.1:9002\"";
    let not_empty = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let path = |text: &str| not_empty(text).map(PathBuf::from);
    let shape = table.parsed(
        "reply_shape",
        "\"union\", \"v1\" or \"legacy\"",
        |text| match text {
            "union" => Some(ReplyShape::Union),
            "v1" => Some(ReplyShape::V1),
            "legacy" => Some(ReplyShape::Legacy),
            _ => None,
        },
    );
    let names = table.parsed("event_names", "\"full\" or \"short\"", |text| match text {
        "full" => Some(EventNames::Full),
        "short" => Some(EventNames::Short),
        _ => None,
    });
    let numbering = table.parsed(
        "control_numbering",
        "\"v1\" or \"legacy0\"",
        |text| match text {
            "v1" => Some(ControlNumbering::V1),
            "legacy0" => Some(ControlNumbering::Legacy0),
            _ => None,
        },
    );
    let section = Section {
        listen: table.list("listen", addresses, |text| text.parse().ok()),
        certificate: table.path("certificate"),
        key: table.path("key"),
        passphrase: table.secret("passphrase"),
        header: table.parsed("header", "the name of a header, or \"none\"", not_empty),
        value: table.secret("value"),
        browser_query: table.boolean("browser_query"),
        browser_subprotocol: table.boolean("browser_subprotocol"),
        origins: table.list(
            "origins",
            "origins, as \"https://app.example.org\"",
            |origin| (!origin.is_empty()).then(|| OriginPattern::new(origin)),
        ),
        allow_plaintext: table.boolean("allow_plaintext"),
        reply_shape: shape.map(|at| at.value),
        event_names: names.map(|at| at.value),
        event_flat: table.boolean("event_flat"),
        control_numbering: numbering.map(|at| at.value),
        extended_controls: table.boolean("extended_controls"),
        seat_index_base: table.number("seat_index_base", 0, 1),
        ping: table.duration("ping"),
        silence: table.duration("silence"),
        stop_on_bind_error: table.boolean("stop_on_bind_error"),
        max_queue: count(&mut table, "max_queue", 1),
        max_queue_bytes: table.bytes("max_queue_bytes"),
        write_deadline: table.duration("write_deadline"),
        max_connections: count(&mut table, "max_connections", 1),
        max_per_address: count(&mut table, "max_per_address", 1),
        import: table.parsed("import", "a path", path),
        adapter: table.parsed("adapter", "a path", path),
    };
    table.finish();
    section
}

/// What the door is opened with, `None` when the section gives it no address; the layouts of rooms; and the quality an
/// imported file wants them rendered with. The imported files come first, the keys of our file win.
pub(super) fn convert(
    section: Section,
    layouts: Option<At<PathBuf>>,
    place: Place<'_>,
    source: &Source,
    notes: &mut Vec<Problem>,
) -> (Option<Config>, Layouts, Option<u8>) {
    let mut conversion = Conversion {
        place,
        source,
        notes,
    };
    let adapter = conversion.adapter(section.adapter.as_ref());
    let from_adapter = adapter.layouts.clone().map(|value| {
        let offset = section.adapter.as_ref().map_or(0, |at| at.offset);
        (value, offset, "door.eventmanager.adapter")
    });
    let layouts = layouts.map(|at| {
        let path = place.folder.join(at.value);
        (path, at.offset, "media.spatial.layouts")
    });
    let file = layouts
        .or(from_adapter)
        .and_then(|(path, offset, key)| conversion.layouts(&path, offset, key));
    let usual = Layouts::default();
    let layouts = match &file {
        Some(file) => Layouts::new(file.layouts().to_vec(), file.usual()).unwrap_or(usual),
        None => usual,
    };
    let door = conversion.door(section, &adapter);
    let door = door.map(|config| Config {
        layouts: file.map(Arc::new),
        ..config
    });
    (door, layouts, adapter.quality)
}

struct Conversion<'a> {
    place: Place<'a>,
    source: &'a Source,
    notes: &'a mut Vec<Problem>,
}

impl Conversion<'_> {
    fn note(&mut self, path: &Path, notices: Vec<String>) {
        let name = path.display().to_string();
        let notes = notices.into_iter();
        self.notes
            .extend(notes.map(|what| Problem::of_file(name.as_str(), what)));
    }

    fn adapter(&mut self, at: Option<&At<PathBuf>>) -> Adapter {
        let Some(At { value, offset }) = at else {
            return Adapter::default();
        };
        let path = self.place.folder.join(value);
        match read_adapter(&path) {
            Ok(mut adapter) => {
                self.note(&path, std::mem::take(&mut adapter.notices));
                adapter
            }
            Err(error) => {
                let what = format!("door.eventmanager.adapter: {error}");
                self.source.complain(*offset, what);
                Adapter::default()
            }
        }
    }

    fn layouts(&self, path: &Path, offset: usize, key: &str) -> Option<LayoutFile> {
        LayoutFile::read(path)
            .map_err(|error| self.source.complain(offset, format!("{key}: {error}")))
            .ok()
    }

    fn door(&mut self, section: Section, adapter: &Adapter) -> Option<Config> {
        let mut config = Config {
            // Another server on this machine may have the usual port.
            stop_on_bind_error: false,
            credential: Credential::new(Credential::USUAL.0, Credential::USUAL.1),
            ..Config::default()
        };
        if adapter.enabled == Some(false) {
            config.listen = Vec::new();
        }
        let imported = section.import.as_ref().map(|at| At {
            value: self.place.folder.join(&at.value),
            offset: at.offset,
        });
        let of_adapter = adapter.socket.clone().map(|value| At {
            value,
            offset: section.adapter.as_ref().map_or(0, |at| at.offset),
        });
        if let Some(At {
            value: path,
            offset,
        }) = imported.or(of_adapter)
        {
            match read_socket(&path) {
                Ok(imported) => {
                    self.note(&path, imported.notices);
                    if !config.listen.is_empty() {
                        config.listen = vec![(Ipv6Addr::UNSPECIFIED, imported.port).into()];
                    }
                    config.tls = imported.tls;
                    config.credential = imported.credential;
                }
                Err(error) => self
                    .source
                    .complain(offset, format!("door.eventmanager.import: {error}")),
            }
        }
        let offset = section.header.as_ref().map_or(0, |at| at.offset);
        overlay(&mut config, &section);
        self.credential(&mut config, &section);
        self.tls(&mut config, &section, offset);
        if config.listen.is_empty() {
            return None;
        }
        for error in config.check().err().unwrap_or_default() {
            let what = format!("door.eventmanager.{}: {error}", key_of(&error));
            self.source.complain(offset, what);
        }
        Some(config)
    }

    fn credential(&self, config: &mut Config, section: &Section) {
        let header = section.header.as_ref().map(|at| at.value.as_str());
        match (header, &section.value) {
            (Some(NONE), _) => config.credential = None,
            (None, None) => {}
            (header, value) => {
                let name = header.unwrap_or(Credential::USUAL.0);
                let text = value.as_ref().map_or(Credential::USUAL.1, |at| &at.value);
                config.credential = Credential::new(name, text);
                if config.credential.is_none() {
                    let at = section.header.as_ref().or(section.value.as_ref());
                    let what = "door.eventmanager: header and value make no HTTP header";
                    self.source.complain(at.map_or(0, |at| at.offset), what);
                }
            }
        }
        if let Some(credential) = &mut config.credential {
            credential.in_query = section.browser_query.unwrap_or(false);
            credential.in_subprotocol = section.browser_subprotocol.unwrap_or(false);
        }
    }

    /// The section's pair wins over an imported one; without either, one is made.
    fn tls(&self, config: &mut Config, section: &Section, offset: usize) {
        if config.allow_plaintext {
            config.tls = None;
            return;
        }
        let names_one = section.certificate.is_some() || section.key.is_some();
        if config.tls.is_some() && !names_one {
            return;
        }
        let pair = tls::source(
            section.certificate.as_ref(),
            section.key.as_ref(),
            self.place,
        );
        if pair.is_none() {
            let what = "door.eventmanager: certificate and key go together";
            self.source.complain(offset, what);
        }
        config.tls = match (pair, &section.passphrase) {
            (Some(TlsSource::Files { certificate, key }), Some(passphrase)) => {
                Some(TlsSource::GuardedFiles {
                    certificate,
                    key,
                    passphrase: Some(Passphrase::new(passphrase.value.as_str())),
                    rsa_only: false,
                })
            }
            // What is wrong was said; the rest is checked with something.
            (pair, _) => pair.or_else(|| tls::source(None, None, self.place)),
        };
    }
}

fn overlay(config: &mut Config, section: &Section) {
    macro_rules! take {
        ($($key:ident => $to:expr),* $(,)?) => {$(
            if let Some(value) = &section.$key {
                $to = value.clone();
            }
        )*};
    }
    take!(
        listen => config.listen,
        origins => config.origins,
        allow_plaintext => config.allow_plaintext,
        reply_shape => config.dialect.reply_shape,
        event_names => config.dialect.event_names,
        event_flat => config.dialect.event_flat,
        control_numbering => config.dialect.control_numbering,
        extended_controls => config.dialect.extended_controls,
        ping => config.ping,
        silence => config.silence,
        stop_on_bind_error => config.stop_on_bind_error,
        max_queue => config.max_queue,
        max_queue_bytes => config.max_queue_bytes,
        write_deadline => config.write_deadline,
        max_connections => config.max_connections,
        max_per_address => config.max_per_address,
    );
    if let Some(base) = section.seat_index_base {
        config.dialect.seat_index_base = u8::from(base == 1);
    }
}

/// The key to change.
fn key_of(error: &ConfigError) -> &'static str {
    match error {
        ConfigError::NoAddress => "listen",
        ConfigError::NoCertificate => "certificate",
        ConfigError::PlaintextWithCertificate | ConfigError::OpenPlaintext(_) => "allow_plaintext",
        ConfigError::SeatIndexBase(_) => "seat_index_base",
        ConfigError::Silence => "silence",
        ConfigError::Zero(name) => name,
    }
}

#[cfg(test)]
mod tests;
