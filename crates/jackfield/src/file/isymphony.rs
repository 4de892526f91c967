//! `[door.isymphony]`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use door_isymphony::{Config, ConfigError, Credentials, Group, Licensing, OfferedStatus};
use net::{Network, OriginPattern};

use super::schema::count;
use super::tls::{self, Place};
use super::toml_tree::{At, Source, Table};

/// What the section says; `None` where it says nothing.
#[derive(Default)]
pub(super) struct Section {
    listen: Option<Vec<SocketAddr>>,
    tls_listen: Option<Vec<SocketAddr>>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    require_tls: Option<bool>,
    acl: Option<Vec<Network>>,
    user: Option<String>,
    password: Option<At<String>>,
    allow_default_credentials: Option<bool>,
    access_in_query: Option<bool>,
    origins: Option<Vec<OriginPattern>>,
    lenient_filters: Option<bool>,
    extended_events: Option<bool>,
    licensing: Option<Licensing>,
    expose_password_hash: Option<bool>,
    starter: Option<bool>,
    groups: Vec<At<Group>>,
    statuses: Vec<At<OfferedStatus>>,
    crm: panel::Page,
    context: Option<String>,
    stop_on_bind_error: Option<bool>,
    ping: Option<Duration>,
    silence: Option<Duration>,
    max_body: Option<usize>,
    max_queue: Option<usize>,
    max_queue_bytes: Option<usize>,
    write_deadline: Option<Duration>,
    max_connections: Option<usize>,
    max_per_address: Option<usize>,
    /// Where the section starts, for what is wrong with all of it.
    offset: usize,
}

/// Reads the section.
pub(super) fn read(mut table: Table<'_>, source: &Source) -> Section {
    let addresses = "an address and port, as \"127.0.0.1:58080\"";
    let networks = "an address or a network, as \"10.0.0.0/8\"";
    let licensing = table.parsed("licensing", "\"open\" or \"compat\"", |text| match text {
        "open" => Some(Licensing::Open),
        "compat" => Some(Licensing::Compatible),
        _ => None,
    });
    let starter = table.parsed("starter", "\"directory\" or \"empty\"", |text| match text {
        "directory" => Some(true),
        "empty" => Some(false),
        _ => None,
    });
    let password = table.secret("password");
    let section = Section {
        offset: password.as_ref().map_or(0, |at| at.offset),
        listen: table.list("listen", addresses, |text| text.parse().ok()),
        tls_listen: table.list("tls_listen", addresses, |text| text.parse().ok()),
        certificate: table.path("certificate"),
        key: table.path("key"),
        require_tls: table.boolean("require_tls"),
        acl: table.list("acl", networks, network),
        user: table.text("user"),
        password,
        allow_default_credentials: table.boolean("allow_default_credentials"),
        access_in_query: table.boolean("access_in_query"),
        origins: table.list(
            "origins",
            "origins, as \"https://app.example.org\"",
            |origin| (!origin.is_empty()).then(|| OriginPattern::new(origin)),
        ),
        lenient_filters: table.boolean("lenient_filters"),
        extended_events: table.boolean("extended_events"),
        licensing: licensing.map(|at| at.value),
        expose_password_hash: table.boolean("expose_password_hash"),
        starter: starter.map(|at| at.value),
        groups: panel::groups(&mut table),
        statuses: panel::statuses(&mut table, source),
        crm: panel::page(table.table("crm")),
        context: table.text("context"),
        stop_on_bind_error: table.boolean("stop_on_bind_error"),
        ping: table.duration("ping"),
        silence: table.duration("silence"),
        max_body: table.bytes("max_body"),
        max_queue: count(&mut table, "max_queue", 1),
        max_queue_bytes: table.bytes("max_queue_bytes"),
        write_deadline: table.duration("write_deadline"),
        max_connections: count(&mut table, "max_connections", 1),
        max_per_address: count(&mut table, "max_per_address", 1),
    };
    table.finish();
    section
}

/// A network, or the one of an address.
fn network(text: &str) -> Option<Network> {
    let address = || Some(Network::of_address(text.parse().ok()?));
    text.parse().ok().or_else(address)
}

/// What the door is opened with; `None` when the section gives it no address. `built_in`: users and dialplan are those the
/// server comes with.
pub(super) fn convert(
    section: &Section,
    place: Place<'_>,
    built_in: bool,
    source: &Source,
) -> Option<Config> {
    let mut config = Config {
        // Another server on this machine may have the usual ports.
        stop_on_bind_error: false,
        starter: built_in,
        ..Config::default()
    };
    overlay(&mut config, section);
    if config.listen.is_empty() && config.tls_listen.is_empty() {
        return None;
    }
    if section.user.is_some() || section.password.is_some() {
        let (user, password) = Credentials::USUAL;
        let user = section.user.as_deref().unwrap_or(user);
        let password = section.password.as_ref().map_or(password, |at| &at.value);
        match Credentials::new(user, password) {
            Some(credentials) => config.credentials = credentials,
            None => source.complain(
                section.offset,
                "door.isymphony: user and password make no credentials",
            ),
        }
    }
    let pair = tls::source(section.certificate.as_ref(), section.key.as_ref(), place);
    if pair.is_none() {
        let what = "door.isymphony: certificate and key go together";
        source.complain(section.offset, what);
    }
    // What is wrong was said; the rest is checked with something.
    config.tls = pair.or_else(|| tls::source(None, None, place));
    panel::check_names(&section.groups, source);
    let named = section.groups.iter().map(|at| at.value.clone());
    config.groups = named.filter(|group| !group.name.is_empty()).collect();
    let statuses = section.statuses.iter();
    config.statuses = statuses.map(|at| at.value.clone()).collect();
    config.crm = panel::crm(&section.crm, built_in, source);
    for error in config.check().err().unwrap_or_default() {
        let what = format!("door.isymphony.{}: {error}", key_of(&error));
        let offset = match &error {
            ConfigError::Group(error) => panel::offset(error, &section.groups),
            ConfigError::Status(name) => {
                let mut statuses = section.statuses.iter().rev();
                let status = statuses.find(|at| at.value.name == *name);
                status.map_or(section.offset, |at| at.offset)
            }
            ConfigError::NoAddress
            | ConfigError::NoCertificate
            | ConfigError::NowhereToRedirect
            | ConfigError::UsualPassword
            | ConfigError::Silence
            | ConfigError::Zero(_) => section.offset,
        };
        source.complain(offset, what);
    }
    Some(config)
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
        tls_listen => config.tls_listen,
        require_tls => config.require_tls,
        acl => config.allow,
        allow_default_credentials => config.allow_default_credentials,
        access_in_query => config.access_in_query,
        origins => config.origins,
        lenient_filters => config.lenient_filters,
        extended_events => config.extended_events,
        licensing => config.licensing,
        expose_password_hash => config.expose_password_hash,
        starter => config.starter,
        stop_on_bind_error => config.stop_on_bind_error,
        ping => config.ping,
        silence => config.silence,
        max_body => config.max_body,
        max_queue => config.max_queue,
        max_queue_bytes => config.max_queue_bytes,
        write_deadline => config.write_deadline,
        max_connections => config.max_connections,
        max_per_address => config.max_per_address,
    );
    config.context.clone_from(&section.context);
}

/// The key to change.
fn key_of(error: &ConfigError) -> &'static str {
    match error {
        ConfigError::NoAddress => "listen",
        ConfigError::NoCertificate => "certificate",
        ConfigError::NowhereToRedirect => "require_tls",
        ConfigError::UsualPassword => "password",
        ConfigError::Group(_) => "group",
        ConfigError::Status(_) => "status",
        ConfigError::Silence => "silence",
        ConfigError::Zero(name) => name,
    }
}

mod panel;
#[cfg(test)]
mod tests;
