use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::list::{Acl, Rule};
use super::network::Network;

/// All lists by name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Acls {
    lists: HashMap<String, Acl>,
}

impl Acls {
    /// The lists that are always there: `loopback.auto`, `rfc1918.auto`, `localnet.auto` (the networks of this
    /// machine's interfaces, `local`) and `nat.auto` (rfc1918 without those).
    pub fn automatic(local: &[Network]) -> Self {
        let deny = || Acl::new(Rule::Deny);
        let allow = |list: Acl, networks: &[Network]| {
            networks
                .iter()
                .fold(list, |list, network| list.with(*network, Rule::Allow))
        };
        let rfc1918 = allow(deny(), &private_networks());
        let nat = local.iter().fold(rfc1918.clone(), |list, network| {
            list.with(*network, Rule::Deny)
        });
        let mut acls = Self::default();
        acls.insert("loopback.auto", allow(deny(), &loopback_networks()));
        acls.insert("rfc1918.auto", rfc1918);
        acls.insert("localnet.auto", allow(deny(), local));
        acls.insert("nat.auto", nat);
        acls
    }

    /// Adds a list, or replaces the one of that name.
    pub fn insert(&mut self, name: impl Into<String>, list: Acl) {
        self.lists.insert(name.into(), list);
    }

    /// The list of that name.
    pub fn get(&self, name: &str) -> Option<&Acl> {
        self.lists.get(name)
    }

    /// Whether the address passes: `list` is the name of a list or a network. Neither passes nobody.
    pub fn allows(&self, list: &str, address: IpAddr) -> bool {
        match self.get(list) {
            Some(list) => list.allows(address),
            None => list
                .parse::<Network>()
                .is_ok_and(|network| network.contains(address)),
        }
    }
}

fn loopback_networks() -> [Network; 2] {
    [
        fixed(Ipv4Addr::new(127, 0, 0, 0).into(), 8),
        fixed(Ipv6Addr::LOCALHOST.into(), 128),
    ]
}

/// RFC 1918 §3.
fn private_networks() -> [Network; 3] {
    [
        fixed(Ipv4Addr::new(10, 0, 0, 0).into(), 8),
        fixed(Ipv4Addr::new(172, 16, 0, 0).into(), 12),
        fixed(Ipv4Addr::new(192, 168, 0, 0).into(), 16),
    ]
}

fn fixed(address: IpAddr, prefix: u8) -> Network {
    Network::new(address, prefix).expect("the prefixes above are shorter than their addresses")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn automatic_lists() {
        let local = ["192.168.7.0/24".parse().unwrap()];
        let acls = Acls::automatic(&local);
        let allows = |list: &str, address: &str| acls.allows(list, address.parse().unwrap());
        assert!(allows("loopback.auto", "127.0.0.99"));
        assert!(allows("loopback.auto", "::1"));
        assert!(allows("loopback.auto", "::ffff:127.0.0.1"));
        assert!(!allows("loopback.auto", "8.8.8.8"));
        assert!(allows("rfc1918.auto", "172.31.0.1"));
        assert!(!allows("rfc1918.auto", "172.32.0.1"));
        assert!(allows("localnet.auto", "192.168.7.9"));
        assert!(!allows("localnet.auto", "192.168.8.9"));
        assert!(allows("nat.auto", "192.168.8.9"));
        assert!(!allows("nat.auto", "192.168.7.9"));
    }

    #[test]
    fn a_network_instead_of_a_name_and_unknown_names() {
        // The answers of `acl` in the recordings.
        let acls = Acls::automatic(&[]);
        assert!(acls.allows("10.0.0.0/8", "10.1.2.3".parse().unwrap()));
        assert!(!acls.allows("nosuchlist", "1.2.3.4".parse().unwrap()));
    }
}
