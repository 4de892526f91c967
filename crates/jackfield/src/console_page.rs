//! The console's listener, and what its pages say about this server.

use std::net::SocketAddr;

use anyhow::Context;
use console::{Console, Contents, Entry};
use embedded::BoundProfile;
use switch_core::config_xml::Configuration;

use crate::file::Listen;

/// Opens the console, if it is wanted.
///
/// # Errors
/// When the address cannot be bound.
pub(crate) fn bind(listen: Listen) -> anyhow::Result<Option<Console>> {
    match listen {
        Listen::On(address) => {
            let bound = Console::bind(address);
            Ok(Some(bound.with_context(|| {
                format!("console.listen: {address} cannot be bound")
            })?))
        }
        Listen::Off => Ok(None),
    }
}

/// What the pages show.
pub(crate) fn contents(
    profiles: &[BoundProfile],
    event_socket: &[SocketAddr],
    metrics: Option<SocketAddr>,
    xml: &Configuration,
) -> Contents {
    let entry = |name: &str, address: String, purpose: &str| Entry {
        name: name.to_owned(),
        address,
        purpose: purpose.to_owned(),
    };
    let mut entries = Vec::new();
    for profile in profiles {
        let address = format!("{} udp, tcp", profile.address);
        entries.push(entry(
            &format!("SIP, profile {}", profile.name),
            address,
            "telephones",
        ));
    }
    for address in event_socket {
        let programs = "programs that control calls";
        entries.push(entry("event socket", address.to_string(), programs));
    }
    if let Some(address) = metrics {
        let figures = format!("http://{address}/metrics");
        entries.push(entry("metrics", figures, "figures for Prometheus"));
        let health = format!("http://{address}/health");
        entries.push(entry("health", health, "whether calls are taken"));
    }
    let domain = xml.directory.domains().next();
    Contents {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        entries,
        gateway: None,
        domain: domain.map_or(String::new(), |domain| domain.name().to_owned()),
    }
}
