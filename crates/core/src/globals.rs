//! Global variables that come from the configuration and the machine.

use std::net::IpAddr;

use crate::Switch;

impl Switch {
    /// Sets what the switch knows of itself, then what `X-PRE-PROCESS` set. Variables set while running stay, unless
    /// the configuration names them.
    pub(crate) fn set_static_globals(&mut self) {
        let addresses: Vec<IpAddr> = self
            .config
            .profiles
            .iter()
            .map(|profile| profile.sip.ip())
            .filter(|ip| !ip.is_unspecified())
            .collect();
        let v4 = addresses
            .iter()
            .find(|ip| ip.is_ipv4())
            .map_or_else(|| "127.0.0.1".to_owned(), ToString::to_string);
        let v6 = addresses
            .iter()
            .find(|ip| ip.is_ipv6())
            .map_or_else(|| "::1".to_owned(), ToString::to_string);
        let own = [
            ("hostname", self.config.hostname.to_string()),
            ("core_uuid", self.config.node.to_string()),
            ("local_ip_v4", v4.clone()),
            ("local_mask_v4", "255.255.255.255".to_owned()),
            ("local_ip_v6", v6),
            ("recordings_dir", self.config.recordings_dir.to_string()),
        ];
        let xml = self.config.xml.clone();
        let globals = &mut self.view.globals;
        for (name, value) in own
            .iter()
            .map(|(name, value)| (*name, &**value))
            .chain(xml.globals.iter())
        {
            if value.is_empty() {
                continue;
            }
            globals.insert_mut(name.into(), value.into());
        }
        // Dial strings of the directory rely on a domain; without one it is the address, as the original has it.
        for name in ["domain", "domain_name"] {
            if globals.get(name).is_none() {
                let domain = self
                    .view
                    .directory
                    .domains
                    .first()
                    .map_or(v4.as_str(), |domain| &domain.name);
                globals.insert_mut(name.into(), domain.into());
            }
        }
    }
}
