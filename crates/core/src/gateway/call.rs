//! Calls to and from gateways.

use std::net::IpAddr;
use std::sync::Arc;

use api::HangupCause;
use sip::event::IncomingRequest;
use sip::message::Uri;
use sip::transport::Transport;

use super::{Calls, Gateway, GatewayId};
use crate::Switch;
use crate::config::{
    GatewayConfig, GatewayExtension, ProfileConfig, host_port, transport_parameter,
};
use crate::next_hop::targets;
use crate::originate::escape_user;
use crate::registration_client::contact_uri;

/// A gateway a call goes to, as it is when the call begins.
#[derive(Clone, Debug)]
pub(crate) struct ByGateway {
    pub(crate) id: GatewayId,
    /// Index of its profile.
    pub(crate) profile: usize,
    pub(crate) config: Arc<GatewayConfig>,
    /// What our contact is there.
    pub(crate) contact: Arc<str>,
}

/// A gateway a call comes from.
pub(crate) struct FromGateway {
    pub(crate) id: GatewayId,
    pub(crate) config: Arc<GatewayConfig>,
    /// Where its calls go, but for the one that goes to whom To names.
    pub(crate) extension: Option<Arc<str>>,
    pub(crate) context: Arc<str>,
}

/// What we are called at a gateway.
pub(super) fn contact(config: &GatewayConfig, profile: &ProfileConfig) -> String {
    let mut parameters = config.contact_params.clone();
    parameters.push(("gw".into(), config.name.clone()));
    let transport = config.registrar().transport().unwrap_or(Transport::Udp);
    contact_uri(
        &escape_user(&config.contact_user()),
        profile.local(transport).unwrap_or(profile.sip),
        transport,
        &parameters,
    )
}

/// The Route to a proxy that is not the server itself (RFC 3261 §8.1.2).
pub(crate) fn route(config: &GatewayConfig) -> Vec<String> {
    let proxy = config.outbound_proxy.iter();
    proxy
        .map(|proxy| {
            let transport = transport_parameter(proxy);
            format!("<sip:{}{transport};lr>", host_port(proxy))
        })
        .collect()
}

impl ByGateway {
    /// Where calls go, if that need not be asked.
    pub(crate) fn known_targets(&self, switch: &Switch) -> Vec<sip::transport::Target> {
        let hop = self.config.calls_go_to().literal();
        let profile = switch.config.profiles.get(self.profile);
        match (profile, hop) {
            (Some(profile), Some(hop)) => targets(profile, &[hop]),
            (_, _) => Vec::new(),
        }
    }

    /// URI of From, and whether it is that of our account.
    pub(crate) fn uri_in_from(&self, caller_number: &str) -> (String, bool) {
        let account = self.config.user_in_from();
        let is_account = !self.config.caller_id_in_from && !account.is_empty();
        let user = if is_account { account } else { caller_number };
        (self.config.account_uri(user), is_account)
    }
}

impl Switch {
    /// The gateway of `[<profile>::]<name>`.
    ///
    /// # Errors
    /// `INVALID_GATEWAY` without one, `GATEWAY_DOWN` when no call is sent there.
    pub(crate) fn gateway_for_call(&self, name: &str) -> Result<ByGateway, HangupCause> {
        let (profile, name) = match name.split_once("::") {
            Some((profile, name)) => {
                let named = |known: &ProfileConfig| known.name.eq_ignore_ascii_case(profile);
                let index = self.config.profiles.iter().position(named);
                (Some(index.ok_or(HangupCause::InvalidGateway)?), name)
            }
            None => (None, name),
        };
        let found = self.gateways.named(profile, name);
        let (id, gateway) = found.ok_or(HangupCause::InvalidGateway)?;
        if !gateway.is_up() {
            return Err(HangupCause::GatewayDown);
        }
        Ok(ByGateway {
            id,
            profile: gateway.profile,
            config: gateway.config.clone(),
            contact: gateway.contact.clone(),
        })
    }

    /// Whether what comes to a profile from an address is believed without credentials.
    pub(crate) fn trusts(&self, profile: usize, peer: IpAddr) -> bool {
        let known = self.config.profiles.get(profile);
        known.is_some_and(|profile| profile.trusts(peer))
            || self
                .gateways
                .live
                .values()
                .any(|gateway| gateway.profile == profile && gateway.servers.contains(&peer))
    }

    /// The gateway a request comes from: it is sent to our contact there, and from one of its servers.
    pub(crate) fn calling_gateway(&self, request: &IncomingRequest) -> Option<FromGateway> {
        let uri = Uri::parse(request.request_uri()?).ok()?;
        let peer = request.flow.remote.ip();
        let named = uri.params.value("gw");
        let user = uri.user_decoded();
        let is_meant = |gateway: &Gateway| {
            gateway.servers.contains(&peer)
                && (named == Some(&*gateway.config.name) || *user == *gateway.config.contact_user())
        };
        let live = self.gateways.live.iter();
        let (id, gateway) = live.into_iter().find(|(_, gateway)| is_meant(gateway))?;
        let extension = match &gateway.config.extension {
            GatewayExtension::Fixed(extension) => Some(extension.clone()),
            GatewayExtension::Username if !gateway.config.username.is_empty() => {
                Some(gateway.config.username.clone())
            }
            GatewayExtension::Username | GatewayExtension::ToUser => request
                .to()
                .and_then(|to| to.parsed_uri().ok())
                .map(|uri| uri.user_decoded().as_ref().into()),
        };
        Some(FromGateway {
            id: *id,
            config: gateway.config.clone(),
            extension,
            context: self.gateway_context(gateway),
        })
    }

    /// Counts a call of a gateway.
    pub(crate) fn count_gateway_call(&mut self, id: GatewayId, inbound: bool) {
        self.count_for_gateway(id, inbound, |calls| calls.all += 1);
    }

    /// Counts a call of a gateway that ended without an answer.
    pub(crate) fn count_failed_gateway_call(&mut self, id: GatewayId, inbound: bool) {
        self.count_for_gateway(id, inbound, |calls| calls.failed += 1);
    }

    fn count_for_gateway(&mut self, id: GatewayId, inbound: bool, count: impl FnOnce(&mut Calls)) {
        let Some(gateway) = self.gateways.live.get_mut(&id) else {
            return;
        };
        count(if inbound {
            &mut gateway.calls_in
        } else {
            &mut gateway.calls_out
        });
        self.gateway_changed(id);
    }
}
