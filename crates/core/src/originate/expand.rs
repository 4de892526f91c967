//! What a leg of a dial string means: endpoints, users, groups, gateways (event-socket.md §6.4).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use api::HangupCause;
use api::dial::{DialString, VariableList};
use api::id::WebClientId;
use sip::resolve::Destination;
use sip::transport::{Target as SipTarget, Transport};

use crate::Switch;
use crate::config::ProfileConfig;
use crate::gateway::ByGateway;
use crate::leg::LoopbackDestination;
use crate::next_hop::target_over;

/// How deep users and groups may point at each other.
const MAX_DEPTH: usize = 8;

/// Where a leg goes.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    Null {
        name: Box<str>,
    },
    /// Whoever takes calls of that group.
    Pickup {
        group: Box<str>,
    },
    Loopback(LoopbackDestination),
    Sip(Box<SipDestination>),
    Web(WebDestination),
}

/// A web client where it is registered.
#[derive(Clone, Debug)]
pub(crate) struct WebDestination {
    pub(crate) client: WebClientId,
    /// Its contact.
    pub(crate) uri: Arc<str>,
    /// What is called, as the caller sees it.
    pub(crate) number: String,
}

/// A SIP destination.
#[derive(Clone, Debug)]
pub(crate) struct SipDestination {
    /// Index of the profile.
    pub(crate) profile: usize,
    /// Request-URI.
    pub(crate) uri: String,
    /// What is called, as the caller sees it.
    pub(crate) number: String,
    /// `user@host`, for the channel's name.
    pub(crate) shown: String,
    /// The servers to be tried, in this order.
    pub(crate) targets: Vec<SipTarget>,
    /// What is to be asked of the DNS before there are any.
    pub(crate) lookup: Option<Destination>,
    pub(crate) gateway: Option<ByGateway>,
    /// Route headers (RFC 3327).
    pub(crate) route: Vec<String>,
    /// The domain of the account it belongs to; `None` for strangers.
    pub(crate) domain: Option<Arc<str>>,
    /// The dialplan context of that account.
    pub(crate) own_context: Option<Arc<str>>,
    pub(crate) rtp_bind: IpAddr,
}

impl Target {
    /// The address a media leg has to be bound to before the channel can be made.
    pub(crate) fn rtp_bind(&self) -> Option<IpAddr> {
        match self {
            Self::Sip(sip) => Some(sip.rtp_bind),
            Self::Null { .. } | Self::Pickup { .. } | Self::Loopback(_) | Self::Web(_) => None,
        }
    }
}

type Targets = Vec<(Target, VariableList)>;

impl Switch {
    /// The legs behind `endpoint/address`.
    ///
    /// # Errors
    /// The cause an originate fails with before any call is made.
    pub(super) fn expand_target(
        &self,
        endpoint: &str,
        address: &str,
    ) -> Result<Targets, HangupCause> {
        self.expand_at(endpoint, address, 0)
    }

    fn expand_at(
        &self,
        endpoint: &str,
        address: &str,
        depth: usize,
    ) -> Result<Targets, HangupCause> {
        if depth > MAX_DEPTH {
            return Err(HangupCause::ExchangeRoutingError);
        }
        match endpoint.to_ascii_lowercase().as_str() {
            "null" => Ok(vec![(
                Target::Null {
                    name: address.into(),
                },
                Vec::new(),
            )]),
            "pickup" if !address.is_empty() => Ok(vec![(
                Target::Pickup {
                    group: address.into(),
                },
                Vec::new(),
            )]),
            "loopback" => Ok(vec![(
                Target::Loopback(LoopbackDestination::parse(address)),
                Vec::new(),
            )]),
            "error" => Err(HangupCause::from_client(address)),
            "user" => self.expand_user(address, depth),
            "group" => self.expand_group(address, depth),
            "sofia" => self
                .expand_sofia(address)
                .map(|targets| targets.into_iter().map(|t| (t, Vec::new())).collect()),
            _ => Err(HangupCause::ChanNotImplemented),
        }
    }

    /// `user/1000[@domain]`: the user's own dial string, or where it is registered.
    fn expand_user(&self, address: &str, depth: usize) -> Result<Targets, HangupCause> {
        let (user, domain) = match address.split_once('@') {
            Some((user, domain)) => (user, domain.to_owned()),
            None => (address, self.default_domain()),
        };
        let account = self
            .account(&domain, user)
            .ok_or(HangupCause::SubscriberAbsent)?;
        if self.is_not_to_be_disturbed(&account.address()) {
            return Err(HangupCause::UserBusy);
        }
        let entry = &account.user;
        let id = &*entry.id;
        let presence: VariableList = vec![("presence_id".into(), format!("{id}@{domain}").into())];
        let own = account.own_dial_string();
        let mut targets = match own {
            Some(text) => {
                let text = text
                    .replace("${dialed_user}", id)
                    .replace("${dialed_domain}", &domain)
                    .replace("${dialed_extension}", user);
                self.expand_text(&text, depth + 1)?
            }
            None => self
                .contacts_of(&entry.domain, id)
                .into_iter()
                .map(|contact| self.contact_target(&contact, id))
                .chain(self.web_targets(&entry.domain, id))
                .map(|target| (target, Vec::new()))
                .collect(),
        };
        if targets.is_empty() {
            return Err(HangupCause::UserNotRegistered);
        }
        for (_, variables) in &mut targets {
            variables.extend(presence.iter().cloned());
        }
        Ok(targets)
    }

    /// A dial string inside a user or group: its alternatives ring at once.
    fn expand_text(&self, text: &str, depth: usize) -> Result<Targets, HangupCause> {
        let dial = DialString::parse(text).map_err(|_| HangupCause::MandatoryIeMissing)?;
        let mut out = Targets::new();
        let mut cause = HangupCause::MandatoryIeMissing;
        for thread in &dial.threads {
            for leg in thread.hunts.iter().flatten() {
                match self.expand_at(&leg.endpoint, &leg.address, depth) {
                    Ok(targets) => {
                        let (_, steering) = super::attempt::merge(
                            &dial.variables,
                            &thread.variables,
                            &leg.variables,
                        );
                        out.extend(targets.into_iter().map(|(target, mut variables)| {
                            variables.extend(steering.iter().cloned());
                            (target, variables)
                        }));
                    }
                    Err(error) => cause = error,
                }
            }
        }
        if out.is_empty() { Err(cause) } else { Ok(out) }
    }

    /// `group/sales[@domain]`: every user of the group at once.
    fn expand_group(&self, address: &str, depth: usize) -> Result<Targets, HangupCause> {
        let (group, domain) = match address.split_once('@') {
            Some((group, domain)) => (group, domain.to_owned()),
            None => (address, self.default_domain()),
        };
        let members = self
            .view
            .directory
            .domain(&domain)
            .and_then(|d| d.groups.iter().find(|g| g.name.eq_ignore_ascii_case(group)))
            .map(|g| g.users.clone())
            .ok_or(HangupCause::NoRouteDestination)?;
        let mut out = Targets::new();
        for user in members {
            if let Ok(targets) = self.expand_user(&format!("{user}@{domain}"), depth + 1) {
                out.extend(targets);
            }
        }
        if out.is_empty() {
            Err(HangupCause::NoRouteDestination)
        } else {
            Ok(out)
        }
    }

    /// The domain of users named without one.
    pub(crate) fn default_domain(&self) -> String {
        match self.view.globals.get("domain") {
            Some(domain) => domain.to_string(),
            None => self
                .view
                .directory
                .domains
                .first()
                .map(|d| d.name.to_string())
                .unwrap_or_default(),
        }
    }

    /// `sofia/<profile>/<user>@<host>`, `sofia/<profile>/<user>%<domain>`,
    /// `sofia/gateway/[<profile>::]<name>/<number>`.
    fn expand_sofia(&self, address: &str) -> Result<Vec<Target>, HangupCause> {
        let (profile, rest) = address.split_once('/').ok_or(HangupCause::InvalidUrl)?;
        if profile.eq_ignore_ascii_case("gateway") {
            return self.expand_gateway(rest).map(|target| vec![target]);
        }
        let (index, profile) = self
            .profile_named(profile)
            .ok_or(HangupCause::InvalidProfile)?;
        let is_uri = rest.contains('@') || rest.starts_with("sip:") || rest.starts_with("sips:");
        if !is_uri && let Some((user, domain)) = rest.split_once('%') {
            let targets: Vec<Target> = self
                .contacts_of(domain, user)
                .iter()
                .map(|contact| self.contact_target(contact, user))
                .chain(self.web_targets(domain, user))
                .collect();
            if targets.is_empty() {
                return Err(HangupCause::UserNotRegistered);
            }
            return Ok(targets);
        }
        let uri = if rest.starts_with("sip:") || rest.starts_with("sips:") {
            rest.to_owned()
        } else {
            format!("sip:{rest}")
        };
        if let Some(contact) = self.dialled_contact(&uri)? {
            let parsed = sip::message::Uri::parse(&contact.uri);
            let number = parsed.map_err(|_| HangupCause::InvalidUrl)?.user_decoded();
            return Ok(vec![self.contact_target(&contact, &number)]);
        }
        let parsed = sip::message::Uri::parse(&uri).map_err(|_| HangupCause::InvalidUrl)?;
        let host = parsed.host;
        if host.is_empty() {
            return Err(HangupCause::InvalidUrl);
        }
        let number = parsed.user_decoded().to_string();
        if let Some(client) = self.web.at(&uri) {
            let uri = uri.into();
            let web = WebDestination {
                client,
                uri,
                number,
            };
            return Ok(vec![Target::Web(web)]);
        }
        let transport = transport_of(&parsed);
        if profile.local(transport).is_none() {
            return Err(HangupCause::NormalTemporaryFailure);
        }
        let known = address_of(host, profile).and_then(|ip| {
            let address = SocketAddr::new(ip, parsed.port_or_default());
            target_over(profile, address, transport)
        });
        let lookup = match known {
            Some(_) => None,
            None => Some(
                Destination::of_uri(&parsed).map_err(|_| HangupCause::NormalTemporaryFailure)?,
            ),
        };
        let shown = format!("{number}@{}", host_port(&parsed));
        Ok(vec![Target::Sip(Box::new(SipDestination {
            profile: index,
            shown,
            number,
            targets: known.into_iter().collect(),
            lookup,
            gateway: None,
            route: Vec::new(),
            domain: None,
            own_context: None,
            rtp_bind: profile.rtp_ip,
            uri,
        }))])
    }

    fn expand_gateway(&self, rest: &str) -> Result<Target, HangupCause> {
        let (name, number) = rest.split_once('/').ok_or(HangupCause::InvalidUrl)?;
        let gateway = self.gateway_for_call(name)?;
        let profile = self.config.profiles.get(gateway.profile);
        let rtp_bind = profile.ok_or(HangupCause::InvalidGateway)?.rtp_ip;
        // Whom it is to find elsewhere stands there as it is.
        let uri = if number.contains('@') {
            format!("sip:{number}")
        } else {
            gateway.config.uri(number)
        };
        let targets = gateway.known_targets(self);
        let lookup = targets
            .is_empty()
            .then(|| gateway.config.calls_go_to().clone());
        Ok(Target::Sip(Box::new(SipDestination {
            profile: gateway.profile,
            uri,
            number: number.to_owned(),
            shown: number.to_owned(),
            targets,
            lookup,
            route: crate::gateway::route(&gateway.config),
            gateway: Some(gateway),
            domain: None,
            own_context: None,
            rtp_bind,
        })))
    }

    fn profile_named(&self, name: &str) -> Option<(usize, &ProfileConfig)> {
        self.config.profiles.iter().enumerate().find(|(_, p)| {
            p.name.eq_ignore_ascii_case(name)
                || p.domains.iter().any(|d| d.eq_ignore_ascii_case(name))
        })
    }

    /// The pages a user is registered from.
    fn web_targets(&self, domain: &str, user: &str) -> Vec<Target> {
        self.web_clients_of(domain, user)
            .into_iter()
            .filter_map(|client| {
                let uri = self.web.contact(client)?.clone();
                let number = user.to_owned();
                Some(Target::Web(WebDestination {
                    client,
                    uri,
                    number,
                }))
            })
            .collect()
    }

    /// A registered phone as a destination.
    fn contact_target(&self, contact: &crate::registrar::Contact, user: &str) -> Target {
        let index = self.profile_of(contact.target.local);
        let profile = self.config.profiles.get(index);
        let rtp_bind = profile.map_or(contact.target.local.ip(), |p| p.rtp_ip);
        let shown = match sip::message::Uri::parse(&contact.uri) {
            Ok(uri) => format!("{}@{}", uri.user_decoded(), host_port(&uri)),
            Err(_) => user.to_owned(),
        };
        Target::Sip(Box::new(SipDestination {
            profile: index,
            uri: contact.uri.clone(),
            number: user.to_owned(),
            shown,
            targets: vec![contact.target],
            lookup: None,
            gateway: None,
            route: contact.route.clone(),
            domain: Some(contact.domain.clone()),
            own_context: Some(match &contact.context {
                Some(context) => context.clone(),
                None => profile.map_or_else(|| "public".into(), |p| p.context.clone()),
            }),
            rtp_bind,
        }))
    }
}

/// What a dial string asks for; what we cannot send over is left to the lookup, which says so.
fn transport_of(uri: &sip::message::Uri<'_>) -> Transport {
    if uri.is_sips() {
        return Transport::Tls;
    }
    match uri.params.value("transport").and_then(Transport::parse) {
        Some(transport @ (Transport::Tcp | Transport::Tls)) => transport,
        Some(Transport::Udp | Transport::Ws | Transport::Wss) | None => Transport::Udp,
    }
}

fn host_port(uri: &sip::message::Uri<'_>) -> String {
    match uri.port {
        Some(port) => format!("{}:{port}", uri.host),
        None => uri.host.to_owned(),
    }
}

/// A host as an address: a literal, `localhost`, or a domain of the profile's own.
fn address_of(host: &str, profile: &ProfileConfig) -> Option<IpAddr> {
    if let Ok(ip) = host.parse() {
        return Some(ip);
    }
    let ours = host.eq_ignore_ascii_case("localhost")
        || profile.domains.iter().any(|d| d.eq_ignore_ascii_case(host));
    ours.then(|| profile.sip.ip())
}
