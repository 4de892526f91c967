//! `[console]`

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use console::Config;

use super::schema::{Listen, listen_or_off};
use super::tls::{self, Place};
use super::toml_tree::{Source, Table};

/// On this machine only unless a file says otherwise. A number nothing well known uses.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8870);

/// What the section says; `None` where it says nothing.
#[derive(Default)]
pub(super) struct Section {
    listen: Option<Listen>,
    tls_listen: Option<Listen>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    names: Option<Vec<String>>,
}

/// Reads the section.
pub(super) fn read(mut table: Table<'_>) -> Section {
    let section = Section {
        listen: listen_or_off(&mut table, "listen"),
        tls_listen: listen_or_off(&mut table, "tls_listen"),
        certificate: table.path("certificate"),
        key: table.path("key"),
        names: table.list("names", "a host name, as \"pbx.example.org\"", host_name),
    };
    table.finish();
    section
}

/// What the console is opened with.
pub(super) fn convert(section: &Section, place: Place<'_>, source: &Source) -> Config {
    let on = |listen: Listen| match listen {
        Listen::On(address) => Some(address),
        Listen::Off => None,
    };
    let tls = tls::source(section.certificate.as_ref(), section.key.as_ref(), place);
    if tls.is_none() {
        source.complain(0, "console: certificate and key go together");
    }
    Config {
        listen: on(section.listen.unwrap_or(Listen::On(LISTEN))),
        tls_listen: section.tls_listen.and_then(on),
        tls,
        names: section.names.clone().unwrap_or_default(),
    }
}

/// A name as browsers send it: no scheme, no port, no path.
fn host_name(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (!text.is_empty() && text.chars().all(fits)).then(|| text.to_owned())
}
