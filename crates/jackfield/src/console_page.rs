//! The console's listeners, and what its pages say about this server.

use console::{BindError, Config, Console, Contents, Entry, Gateway};

use crate::banner::{Open, event_manager_urls, web_phone_urls};

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

/// What the pages show: what the banner says.
pub(crate) fn contents(open: &Open<'_>) -> Contents {
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
    }
    for address in open.event_socket {
        let purpose = "programs that control calls";
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
        domain: domain.map_or(String::new(), |domain| domain.name().to_owned()),
    }
}
