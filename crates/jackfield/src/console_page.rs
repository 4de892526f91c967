//! The console's listeners, and what its pages say about this server.

use axum::Router;
use console::{BindError, Config, Console, Contents, Entry, Gateway, PANEL, ROOMS_SOCKET, Rooms};
use door_eventmanager::{Credential, Door};
use net::PageHosts;

use crate::banner::{Open, event_manager_urls, web_phone_urls};
use crate::documents;

/// Opens the console, if it is wanted.
///
/// # Errors
/// When an address cannot be bound, or the certificate cannot be used.
pub(crate) fn bind(config: &Config) -> anyhow::Result<Option<Console>> {
    if config.listen.is_none() && config.tls_listen.is_none() {
        return Ok(None);
    }
    let key = |error: &BindError| match error {
        BindError::Address { address, .. } if Some(*address) == config.listen => "console.listen",
        BindError::Address { .. } | BindError::NoCertificate => "console.tls_listen",
        BindError::Tls(_) => "console.certificate",
    };
    Console::bind(config).map(Some).map_err(|error| {
        let key = key(&error);
        anyhow::Error::new(error).context(key)
    })
}

/// What the pages show: what the banner says. `frame`: where pages come from that the panel shows inside.
pub(crate) fn contents(open: &Open<'_>, frame: Option<String>) -> Contents {
    let mut entries = Vec::new();
    let mut entry = |name: &str, address: String, purpose: &str| {
        entries.push(Entry {
            name: name.to_owned(),
            address,
            purpose: purpose.to_owned(),
        });
    };
    for profile in open.profiles {
        let name = format!("SIP, profile {}", profile.name);
        entry(&name, format!("{} udp, tcp", profile.address), "telephones");
        if let Some(address) = profile.tls {
            entry(&name, format!("{address} tls"), "telephones");
        }
    }
    for address in open.event_socket {
        let purpose = "programs that control calls";
        entry("event socket", address.to_string(), purpose);
    }
    for address in open.secure_event_socket {
        let purpose = "programs that control calls, over TLS";
        entry("event socket", address.to_string(), purpose);
    }
    if let Some(door) = open.sylkrtc {
        for url in web_phone_urls(door) {
            entry("web gateway", url, "web phones");
        }
    }
    if let Some(door) = open.eventmanager {
        for url in event_manager_urls(door) {
            entry("Event Manager", url, "rooms, seats and spatial sound");
        }
    }
    if let Some(address) = open.metrics {
        let figures = format!("http://{address}/metrics");
        entry("metrics", figures, "figures for Prometheus");
        let health = format!("http://{address}/health");
        entry("health", health, "whether calls are taken");
    }
    let domain = open.xml.directory.domains().next();
    Contents {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        entries,
        gateway: open.sylkrtc.map(|door| Gateway {
            ws_port: door.local_addrs().first().map(std::net::SocketAddr::port),
            wss_port: door.tls_addrs().first().map(std::net::SocketAddr::port),
            path: door.path().to_owned(),
        }),
        rooms: open.eventmanager.map(rooms),
        panel: open.isymphony.is_some(),
        panel_frame: frame.filter(|_| open.isymphony.is_some()),
        domain: domain.map_or(String::new(), |domain| domain.name().to_owned()),
    }
}

/// The key is told where it is none.
fn rooms(door: &Door) -> Rooms {
    let credential = door.credential();
    let known = credential.is_some_and(Credential::is_well_known);
    Rooms {
        header: credential.map(|credential| credential.header().to_string()),
        known_key: known.then(|| Credential::USUAL.1.to_owned()),
    }
}

/// Where pages reach the doors they speak with, and the documents of the event socket when it is open.
pub(crate) fn sockets(
    event_socket: bool,
    eventmanager: Option<&Door>,
    isymphony: Option<&door_isymphony::Door>,
    names: Vec<String>,
) -> Router {
    let hosts = PageHosts(names);
    let mut routes = if event_socket {
        documents::routes()
    } else {
        Router::new()
    };
    if let Some(door) = eventmanager {
        routes = routes.merge(door.socket_for_pages(ROOMS_SOCKET, hosts.clone()));
    }
    if let Some(door) = isymphony {
        routes = routes.merge(door.routes_for_pages(PANEL, hosts));
    }
    routes
}
