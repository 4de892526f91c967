use std::net::IpAddr;

use super::network::Network;

/// What becomes of an address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Rule {
    /// It may.
    Allow,
    /// It may not.
    Deny,
}

/// One list: networks with a rule each, and a rule for everybody else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acl {
    default: Rule,
    entries: Vec<(Network, Rule)>,
}

impl Acl {
    /// A list without networks.
    pub fn new(default: Rule) -> Self {
        Self {
            default,
            entries: Vec::new(),
        }
    }

    /// With a rule for one more network. Of two rules for the same network the later one counts.
    #[must_use]
    pub fn with(mut self, network: Network, rule: Rule) -> Self {
        self.add(network, rule);
        self
    }

    /// See [`Acl::with`].
    pub fn add(&mut self, network: Network, rule: Rule) {
        self.entries.push((network, rule));
    }

    /// The rule of the most specific network the address is in, else the default.
    pub fn rule_for(&self, address: IpAddr) -> Rule {
        self.entries
            .iter()
            .filter(|(network, _)| network.contains(address))
            .max_by_key(|(network, _)| network.prefix())
            .map_or(self.default, |(_, rule)| *rule)
    }

    /// Whether the address may.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.rule_for(address) == Rule::Allow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_network_decides_whatever_the_order() {
        let network = |text: &str| text.parse::<Network>().unwrap();
        let list = Acl::new(Rule::Deny)
            .with(network("10.1.2.0/24"), Rule::Allow)
            .with(network("10.1.0.0/16"), Rule::Deny)
            .with(network("10.0.0.0/8"), Rule::Allow);
        let allows = |address: &str| list.allows(address.parse().unwrap());
        assert!(allows("10.9.9.9"));
        assert!(!allows("10.1.9.9"));
        assert!(allows("10.1.2.9"));
        assert!(!allows("11.0.0.1"));
        let again = list.clone().with(network("10.0.0.0/8"), Rule::Deny);
        assert!(!again.allows("10.9.9.9".parse().unwrap()));
    }
}
