//! `[webrtc]`: where browsers send their media.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use embedded::WebConfig;

use super::toml_tree::Table;

/// What the section says; `None` where it says nothing.
#[derive(Default)]
pub(super) struct Section {
    listen: Option<Vec<SocketAddr>>,
    advertise: Option<IpAddr>,
    ice_lite: Option<bool>,
}

/// Reads the section.
pub(super) fn read(mut table: Table<'_>) -> Section {
    let addresses = "an address and port, as \"192.0.2.1:10887\", and not 0.0.0.0";
    let section = Section {
        listen: table.list("listen", addresses, |text| {
            let address: SocketAddr = text.parse().ok()?;
            (!address.ip().is_unspecified()).then_some(address)
        }),
        advertise: table
            .parsed("advertise", "an address, as \"203.0.113.7\"", |text| {
                text.parse().ok()
            })
            .map(|at| at.value),
        ice_lite: table.boolean("ice_lite"),
    };
    table.finish();
    section
}

/// Where browsers are met when the door at `doors` lets them in: on loopback, and on `own` as soon as the door is open
/// to more than this machine.
pub(super) fn convert(section: Section, doors: &[SocketAddr], own: IpAddr) -> WebConfig {
    let defaults = WebConfig::default();
    let mut usual = vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)];
    if doors.iter().any(|door| !door.ip().is_loopback()) && !own.is_loopback() {
        usual.push(SocketAddr::new(own, 0));
    }
    WebConfig {
        listen: section.listen.unwrap_or(usual),
        advertise: section.advertise.or(defaults.advertise),
        ice_lite: section.ice_lite.unwrap_or(defaults.ice_lite),
    }
}
