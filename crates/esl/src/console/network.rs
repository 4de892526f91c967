//! Names and addresses of the network (event-socket.md §6.8).

use super::call::Call;
use std::net::IpAddr;

/// `<address>`: whether it is one of those that no provider routes (RFC 1918, RFC 4193, RFC 3927, RFC 4291 §2.5).
pub(super) async fn is_lan_addr(call: &Call<'_>) -> String {
    let address: Option<IpAddr> = call.args.trim().parse().ok();
    address.is_some_and(is_private).to_string()
}

fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// `<name>`: its address, or nothing.
pub(super) async fn host_lookup(call: &Call<'_>) -> String {
    let name = call.args.trim();
    if name.is_empty() {
        return String::new();
    }
    let found = call.console.host.address_of(name.to_owned()).await;
    found.map(|address| address.to_string()).unwrap_or_default()
}

/// Nobody asks a router for ports here. Where that is so, the original answers this whatever it is asked (golden
/// api-01-system).
pub(super) async fn nat_map(_: &Call<'_>) -> String {
    "false".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses() {
        for lan in [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.9",
            "127.0.0.1",
            "169.254.1.1",
            "fd00::1",
            "fe80::1",
            "::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_private(lan.parse().unwrap()), "{lan}");
        }
        for other in ["8.8.8.8", "172.32.0.1", "2001:db8::1"] {
            assert!(!is_private(other.parse().unwrap()), "{other}");
        }
    }
}
