//! The profiles of `sofia.conf` as FreeSWITCH has it, in so far as we serve them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use roxmltree::Node;
use switch_core::config::ProfileConfig;
use switch_core::config_xml::ModuleXml;

use super::gateways;
use super::module_params::{Module, Param, children, is_true};
use super::problem::Problem;
use super::{sip_extensions, sip_tls};

/// Longest registration granted unless a file says otherwise, seconds (RFC 3261 §10.2.1.1 suggests an hour).
const MAX_EXPIRES_S: u32 = 3600;

/// Where SIP listens unless a file says otherwise (RFC 3261 §19.1.2).
const SIP_PORT: u16 = 5060;

/// Codecs offered unless a file says otherwise.
const CODECS: [&str; 6] = ["OPUS", "G722", "PCMU", "PCMA", "VP8", "H264"];

/// Parameters with no effect here that ask for nothing we could get wrong.
const QUIET: [&str; 8] = [
    "debug",
    "sip-trace",
    "log-level",
    "dialplan",
    "outbound-codec-prefs",
    "rfc2833-pt",
    "dtmf-duration",
    "ext-rtp-ip",
];

/// A profile before any file has spoken.
pub(super) fn plain(name: &str, listen: SocketAddr) -> ProfileConfig {
    ProfileConfig {
        name: name.into(),
        sip: listen,
        tls: None,
        // Filled in when the socket is bound.
        udp_flow: embedded::UNBOUND,
        rtp_ip: listen.ip(),
        context: "public".into(),
        trust_loopback: listen.ip().is_loopback(),
        auth_calls: true,
        domains: Vec::new(),
        codecs: CODECS.map(Arc::from).to_vec(),
        secure_media: None,
        max_expires_s: MAX_EXPIRES_S,
        extensions: sip_extensions::usual(),
        gateways: Vec::new(),
    }
}

/// The profiles, in the order of the file. `own` is what `auto` means.
pub(super) fn profiles(
    xml: &ModuleXml,
    own: IpAddr,
    problems: &mut Vec<Problem>,
    notes: &mut Vec<Problem>,
) -> Vec<ProfileConfig> {
    let module = match Module::parse(xml) {
        Ok(module) => module,
        Err(problem) => {
            problems.push(problem);
            return Vec::new();
        }
    };
    let mut profiles: Vec<ProfileConfig> = Vec::new();
    for node in children(module.root(), "profiles").flat_map(|list| children(list, "profile")) {
        let Some(name) = node.attribute("name").filter(|name| !name.is_empty()) else {
            problems.push(Problem::at(
                module.origin(node),
                "a SIP profile has no name",
            ));
            continue;
        };
        if profiles.iter().any(|other| &*other.name == name) {
            let what = format!("SIP profile {name} is there already");
            problems.push(Problem::at(module.origin(node), what));
            continue;
        }
        let mut reader = Reader {
            module: &module,
            own,
            problems,
            notes,
        };
        let profile = reader.profile(name, node);
        let others = profiles.iter().flat_map(|other| &other.gateways);
        let mut names: Vec<&str> = others.map(|other| &*other.name).collect();
        for gateway in &profile.gateways {
            if names
                .iter()
                .any(|other| other.eq_ignore_ascii_case(&gateway.name))
            {
                let what = format!("gateway {} is there already", gateway.name);
                problems.push(Problem::at(module.origin(node), what));
            }
            names.push(&gateway.name);
        }
        profiles.push(profile);
    }
    profiles
}

struct Reader<'r, 'x> {
    module: &'r Module<'x>,
    own: IpAddr,
    problems: &'r mut Vec<Problem>,
    notes: &'r mut Vec<Problem>,
}

impl Reader<'_, '_> {
    fn profile(&mut self, name: &str, node: Node<'_, '_>) -> ProfileConfig {
        let mut profile = plain(name, SocketAddr::new(self.own, SIP_PORT));
        let mut rtp_ip = None;
        for param in self.module.params(node, "settings") {
            match param.name.as_str() {
                "sip-ip" => {
                    let ip = self.address(&param).unwrap_or(profile.sip.ip());
                    profile.sip.set_ip(ip);
                }
                "sip-port" => {
                    let port = param.number(self.problems).unwrap_or(profile.sip.port());
                    profile.sip.set_port(port);
                }
                "rtp-ip" => rtp_ip = self.address(&param),
                "context" => profile.context = param.value.as_str().into(),
                "auth-calls" => profile.auth_calls = param.is_true(),
                "inbound-codec-prefs" | "codec-prefs" => profile.codecs = self.codecs(&param),
                "rtp-secure-media" if embedded::is_secure_media(&param.value) => {
                    profile.secure_media = Some(param.value.as_str().into());
                }
                "rtp-secure-media" => self
                    .problems
                    .push(param.wrong("true, mandatory, optional, false or forbidden")),
                "force-register-domain" => {
                    profile.domains.retain(|domain| **domain != *param.value);
                    profile.domains.insert(0, param.value.as_str().into());
                }
                "sip-force-expires" => {
                    let seconds = param.number(self.problems);
                    profile.max_expires_s = seconds.unwrap_or(profile.max_expires_s);
                }
                name if sip_extensions::is_param(name) => {}
                name if QUIET.contains(&name) => self.check_quiet(&param),
                name if sip_tls::is_param(name) => {}
                name => {
                    let what = format!("{name} has no effect here");
                    self.notes.push(Problem::at(param.origin.clone(), what));
                }
            }
        }
        let settings = self.module.params(node, "settings");
        sip_extensions::of_xml(&settings, self.problems).lay_over(&mut profile.extensions);
        profile.rtp_ip = rtp_ip.unwrap_or(profile.sip.ip());
        profile.trust_loopback = profile.sip.ip().is_loopback();
        for domain in children(node, "domains").flat_map(|list| children(list, "domain")) {
            let name = domain.attribute("name").unwrap_or_default();
            let aliased = domain.attribute("alias").is_some_and(is_true);
            let known = profile.domains.iter().any(|other| **other == *name);
            if aliased && !known && name != "all" && !name.is_empty() {
                profile.domains.push(name.into());
            }
        }
        for node in children(node, "gateways").flat_map(|list| children(list, "gateway")) {
            let gateway = gateways::of_xml(self.module, node, self.problems, self.notes);
            profile.gateways.extend(gateway);
        }
        profile
    }

    /// Some of the quiet ones are only quiet with the value everybody has.
    fn check_quiet(&mut self, param: &Param) {
        let surprising = match param.name.as_str() {
            "dialplan" => !param.value.eq_ignore_ascii_case("XML"),
            "rfc2833-pt" => param.value != "101",
            "dtmf-duration" => param.value != "2000",
            _ => false,
        };
        if surprising {
            let what = format!("{} = {} has no effect here", param.name, param.value);
            self.notes.push(Problem::at(param.origin.clone(), what));
        }
    }

    /// `PCMU,PCMA@20i`: what is behind `@` is left to the offer. Codecs we lack are noted and left out.
    fn codecs(&mut self, param: &Param) -> Vec<Arc<str>> {
        let names = param
            .value
            .split(',')
            .filter_map(|codec| codec.split('@').next());
        let names = names.map(str::trim).filter(|name| !name.is_empty());
        let (known, lacking): (Vec<&str>, Vec<&str>) =
            names.partition(|name| embedded::speaks_codec(name));
        let name = &param.name;
        if !known.iter().any(|name| embedded::is_sound(name)) {
            self.problems
                .push(param.wrong("at least one of OPUS, PCMU, PCMA and L16"));
        } else if !lacking.is_empty() {
            let what = format!("{name}: we lack {}", lacking.join(", "));
            self.notes.push(Problem::at(param.origin.clone(), what));
        }
        known.into_iter().map(Arc::from).collect()
    }

    fn address(&mut self, param: &Param) -> Option<IpAddr> {
        let own = self.own;
        let read = |text: &str| match text {
            "auto" | "auto-nat" => Some(own),
            _ => text.parse().ok(),
        };
        param.parse("an address, or auto", read, self.problems)
    }
}
