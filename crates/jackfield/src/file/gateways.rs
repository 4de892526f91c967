//! Gateways, as FreeSWITCH's `sofia.conf` has them and as `[[sip.gateway]]` does.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use roxmltree::Node;
use switch_core::config::{
    CallerIdHeader, Destination, EXPIRES_S, GatewayConfig, GatewayExtension, PingConfig, RETRY,
    Secret, Transport,
};

use super::module_params::{Module, Param, children, is_true};
use super::problem::Problem;
use super::toml_tree::{Source, Table};

/// Lifetime and pauses that make sense, seconds.
const SECONDS: RangeInclusive<u32> = 1..=86_400;
/// Answers that may count.
const PINGS: RangeInclusive<u32> = 1..=1000;

/// What is said of a gateway; `None` where nothing is.
#[derive(Default)]
struct Said {
    proxy: Option<String>,
    register_proxy: Option<String>,
    outbound_proxy: Option<String>,
    transport: Option<String>,
    realm: Option<String>,
    username: Option<String>,
    auth_username: Option<String>,
    password: Option<String>,
    from_user: Option<String>,
    from_domain: Option<String>,
    caller_id_in_from: bool,
    caller_id: CallerIdHeader,
    extension: Option<String>,
    extension_in_contact: bool,
    context: Option<String>,
    register: bool,
    expires_s: Option<u32>,
    retry_s: Option<u32>,
    contact_params: Option<String>,
    ping_s: Option<u32>,
    ping_min: Option<u32>,
    ping_max: Option<u32>,
    inbound_variables: Vec<(Arc<str>, Arc<str>)>,
    outbound_variables: Vec<(Arc<str>, Arc<str>)>,
}

impl Said {
    /// The gateway, with the rest of what follows from it.
    fn gateway(self, name: &str) -> Result<GatewayConfig, String> {
        if name.is_empty() {
            return Err("a gateway has no name".to_owned());
        }
        if name.contains('/') || name.contains("::") || name.contains(char::is_whitespace) {
            return Err(format!("gateway {name}: no name to dial"));
        }
        let transport = match self.transport.as_deref() {
            None => None,
            Some(text) => match Transport::parse(text) {
                Some(known @ (Transport::Udp | Transport::Tcp | Transport::Tls)) => Some(known),
                Some(Transport::Ws | Transport::Wss) | None => {
                    return Err(format!("gateway {name}: only UDP, TCP and TLS, not {text}"));
                }
            },
        };
        let place = |text: &str| {
            Destination::peer(text, transport)
                .map_err(|error| format!("gateway {name}: \"{text}\": {error}"))
        };
        let other = |text: Option<&String>| text.map(|text| place(text)).transpose();
        let proxy = self.proxy.as_deref().or(self.realm.as_deref());
        let mut gateway = GatewayConfig::new(name, place(proxy.unwrap_or(name))?);
        gateway.register_proxy = other(self.register_proxy.as_ref())?;
        gateway.outbound_proxy = other(self.outbound_proxy.as_ref())?;
        let text = |text: Option<String>| text.filter(|text| !text.is_empty()).map(Arc::from);
        gateway.realm = text(self.realm).unwrap_or(gateway.realm);
        gateway.username = text(self.username).unwrap_or_else(|| "".into());
        gateway.auth_username = text(self.auth_username);
        gateway.password = Secret(text(self.password).unwrap_or_else(|| "".into()));
        gateway.from_user = text(self.from_user);
        gateway.from_domain = text(self.from_domain);
        gateway.caller_id_in_from = self.caller_id_in_from;
        gateway.caller_id = self.caller_id;
        gateway.extension = match text(self.extension) {
            None => GatewayExtension::Username,
            Some(extension) if &*extension == "auto_to_user" => GatewayExtension::ToUser,
            Some(extension) => GatewayExtension::Fixed(extension),
        };
        gateway.extension_in_contact = self.extension_in_contact;
        gateway.context = text(self.context);
        gateway.contact_params = parameters(self.contact_params.as_deref().unwrap_or_default());
        gateway.register = self.register;
        gateway.expires_s = self.expires_s.unwrap_or(EXPIRES_S);
        gateway.retry = self
            .retry_s
            .map_or(RETRY, |seconds| Duration::from_secs(seconds.into()));
        let least = self.ping_min.unwrap_or(1);
        gateway.ping = self.ping_s.map(|seconds| PingConfig {
            every: Duration::from_secs(seconds.into()),
            least,
            most: self.ping_max.unwrap_or(1).max(least),
        });
        gateway.inbound_variables = self.inbound_variables;
        gateway.outbound_variables = self.outbound_variables;
        if gateway.register && gateway.username.is_empty() {
            return Err(format!("gateway {name}: registering takes a username"));
        }
        Ok(gateway)
    }
}

/// `a=b;c`
fn parameters(text: &str) -> Vec<(Arc<str>, Arc<str>)> {
    let parts = text
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (name.trim().into(), value.trim().into()))
        .collect()
}

/// A `<gateway>`. What cannot be used is noted, since the files FreeSWITCH ships hold some of that.
pub(super) fn of_xml(
    module: &Module<'_>,
    node: Node<'_, '_>,
    problems: &mut Vec<Problem>,
    notes: &mut Vec<Problem>,
) -> Option<GatewayConfig> {
    let name = node.attribute("name").unwrap_or_default();
    let mut said = Said {
        // Who writes nothing else registers, as in the original.
        register: true,
        ..Said::default()
    };
    for node in children(node, "param") {
        let param = Param {
            name: node.attribute("name").unwrap_or_default().to_owned(),
            value: node.attribute("value").unwrap_or_default().to_owned(),
            origin: module.origin(node),
        };
        if !take(&mut said, &param, problems) {
            let what = format!("gateway {name}: {} has no effect here", param.name);
            notes.push(Problem::at(param.origin, what));
        }
    }
    for node in children(node, "variables").flat_map(|list| children(list, "variable")) {
        let Some(variable) = node.attribute("name").filter(|name| !name.is_empty()) else {
            continue;
        };
        let pair = (
            Arc::from(variable),
            Arc::from(node.attribute("value").unwrap_or_default()),
        );
        match node.attribute("direction") {
            Some("inbound") => said.inbound_variables.push(pair),
            Some("outbound") => said.outbound_variables.push(pair),
            Some(_) | None => {
                said.inbound_variables.push(pair.clone());
                said.outbound_variables.push(pair);
            }
        }
    }
    match said.gateway(name) {
        Ok(gateway) => Some(gateway),
        Err(what) => {
            let what = format!("{what}; it is left out");
            notes.push(Problem::at(module.origin(node), what));
            None
        }
    }
}

/// Takes a parameter; false when it means nothing here.
fn take(said: &mut Said, param: &Param, problems: &mut Vec<Problem>) -> bool {
    let text = || Some(param.value.trim().to_owned()).filter(|text| !text.is_empty());
    let mut number = |range: RangeInclusive<u32>| {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        let read = |text: &str| text.parse().ok().filter(|number| range.contains(number));
        param.parse(&expected, read, problems)
    };
    match param.name.as_str() {
        "proxy" => said.proxy = text(),
        "register-proxy" => said.register_proxy = text(),
        "outbound-proxy" => said.outbound_proxy = text(),
        "register-transport" | "transport" => said.transport = text(),
        "realm" => said.realm = text(),
        "username" => said.username = text(),
        "auth-username" => said.auth_username = text(),
        "password" => said.password = Some(param.value.clone()),
        "from-user" => said.from_user = text(),
        "from-domain" => said.from_domain = text(),
        "caller-id-in-from" => said.caller_id_in_from = is_true(&param.value),
        "cid-type" => {
            let known = param.parse("rpid, pid or none", caller_id, problems);
            said.caller_id = known.unwrap_or_default();
        }
        "extension" => said.extension = text(),
        "extension-in-contact" => said.extension_in_contact = is_true(&param.value),
        "context" => said.context = text(),
        "register" => said.register = is_true(&param.value),
        "expire-seconds" => said.expires_s = number(SECONDS),
        "retry-seconds" => said.retry_s = number(SECONDS),
        "contact-params" => said.contact_params = text(),
        // Without a number of seconds nothing is asked.
        "ping" if param.value.trim() == "0" => said.ping_s = None,
        "ping" => said.ping_s = number(SECONDS),
        "ping-min" => said.ping_min = number(PINGS),
        "ping-max" => said.ping_max = number(PINGS),
        _ => return false,
    }
    true
}

fn caller_id(text: &str) -> Option<CallerIdHeader> {
    match text.to_ascii_lowercase().as_str() {
        "rpid" => Some(CallerIdHeader::RemotePartyId),
        "pid" => Some(CallerIdHeader::AssertedIdentity),
        "none" => Some(CallerIdHeader::Nothing),
        _ => None,
    }
}

/// A gateway of the TOML file, and the profile it is of, when that is said.
pub(super) struct Section {
    pub(super) gateway: GatewayConfig,
    pub(super) profile: Option<String>,
    /// Where the section starts.
    pub(super) offset: usize,
}

/// `[[sip.gateway]]`
pub(super) fn of_toml(tables: Vec<(usize, Table<'_>)>, source: &Source) -> Vec<Section> {
    let mut sections = Vec::new();
    for (offset, mut table) in tables {
        let name = table.text("name").unwrap_or_default();
        let profile = table.text("profile");
        let said = said(&mut table);
        table.finish();
        match said.gateway(&name) {
            Ok(gateway) => sections.push(Section {
                gateway,
                profile,
                offset,
            }),
            Err(what) => source.complain(offset, format!("sip.gateway: {what}")),
        }
    }
    sections
}

fn said(table: &mut Table<'_>) -> Said {
    fn seconds(table: &mut Table<'_>, key: &'static str) -> Option<u32> {
        let expected = "a duration from 1s to 24h, as \"30s\"";
        let read = |text: &str| {
            let seconds = u32::try_from(super::quantity::duration(text)?.as_secs()).ok()?;
            SECONDS.contains(&seconds).then_some(seconds)
        };
        Some(table.parsed(key, expected, read)?.value)
    }
    fn pings(table: &mut Table<'_>, key: &'static str) -> Option<u32> {
        let count = table.number(key, (*PINGS.start()).into(), (*PINGS.end()).into())?;
        u32::try_from(count).ok()
    }
    fn variables(table: &mut Table<'_>, key: &'static str) -> Vec<(Arc<str>, Arc<str>)> {
        let pair = |text: &str| {
            let (name, value) = text.split_once('=')?;
            (!name.is_empty()).then(|| (Arc::from(name), Arc::from(value)))
        };
        table
            .list(key, "variables, as \"name=value\"", pair)
            .unwrap_or_default()
    }
    Said {
        proxy: table.text("proxy"),
        register_proxy: table.text("register_proxy"),
        outbound_proxy: table.text("outbound_proxy"),
        transport: table.text("transport"),
        realm: table.text("realm"),
        username: table.text("username"),
        auth_username: table.text("auth_username"),
        password: table.secret("password").map(|at| at.value),
        from_user: table.text("from_user"),
        from_domain: table.text("from_domain"),
        caller_id_in_from: table.boolean("caller_id_in_from").unwrap_or(false),
        caller_id: table
            .parsed("caller_id", "rpid, pid or none", caller_id)
            .map_or_else(CallerIdHeader::default, |at| at.value),
        extension: table.text("extension"),
        extension_in_contact: table.boolean("extension_in_contact").unwrap_or(false),
        context: table.text("context"),
        register: table.boolean("register").unwrap_or(true),
        expires_s: seconds(table, "expires"),
        retry_s: seconds(table, "retry"),
        contact_params: table.text("contact_params"),
        ping_s: seconds(table, "ping"),
        ping_min: pings(table, "ping_min"),
        ping_max: pings(table, "ping_max"),
        inbound_variables: variables(table, "inbound_variables"),
        outbound_variables: variables(table, "outbound_variables"),
    }
}
