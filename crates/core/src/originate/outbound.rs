//! Making the channel of a leg.

use std::sync::Arc;

use api::view::{CallerProfile, Direction};
use api::{ChannelId, Uuid};
use sip::endpoint::Party;

use super::attempt::Plan;
use super::expand::{SipDestination, Target};
use super::{AttemptId, Purpose};
use crate::Switch;
use crate::channel::{MediaLeg, OutboundChannel};
use crate::leg::{InvitePlan, LegEnd, LoopbackHalf, SipLeg};

/// Number shown when the caller gives none (event-socket.md §6.4).
const NO_NUMBER: &str = "0000000000";
/// Name shown of a callee nobody has named.
const NO_NAME: &str = "Outbound Call";

impl Switch {
    /// Makes the channel of a leg whose media leg is open (or needs no opening).
    pub(super) fn make_outbound(
        &mut self,
        attempt: AttemptId,
        plan: Plan,
        media: MediaLeg,
    ) -> ChannelId {
        let (name, number) = self.caller_id(attempt, &plan);
        let originator = self
            .originates
            .get(&attempt.originate)
            .and_then(|o| match &o.purpose {
                Purpose::Bridge { a } => Some(a.clone()),
                Purpose::Command { .. } | Purpose::Room { .. } => None,
            });
        let mut profile =
            CallerProfile::new(ChannelId::from_uuid(Uuid::nil()), Direction::Outbound);
        profile.caller_id_name = name.clone();
        profile.caller_id_number = number.clone();
        profile.orig_caller_id_name = name;
        profile.orig_caller_id_number = number.clone();
        profile.ani = number;
        profile.context = "default".into();
        if let Some(a) = originator
            .as_ref()
            .and_then(|a| self.channels.get(a))
            .and_then(|live| live.seen.profile.clone())
        {
            profile.orig_caller_id_name = a.orig_caller_id_name.clone();
            profile.orig_caller_id_number = a.orig_caller_id_number.clone();
            profile.ani = a.ani.clone();
            profile.network_addr = a.network_addr.clone();
            profile.rdnis = a.rdnis.clone();
        }
        let dialled: Arc<str> = match &plan.target {
            Target::Null { name } => (**name).into(),
            Target::Loopback(to) => (*to.extension).into(),
            Target::Sip(sip) => sip.number.as_str().into(),
        };
        let steer = |name: &str| plan.steer(name).map(Arc::<str>::from);
        profile.callee_id_name =
            steer("origination_callee_id_name").unwrap_or_else(|| NO_NAME.into());
        profile.callee_id_number =
            steer("origination_callee_id_number").unwrap_or_else(|| match &plan.target {
                Target::Loopback(to) => (*to.last).into(),
                Target::Null { .. } | Target::Sip(_) => dialled.clone(),
            });
        profile.destination_number = dialled;
        let id = plan
            .steer("origination_uuid")
            .and_then(ChannelId::from_text);
        let shown = plan.steer("origination_channel_name").map(str::to_owned);
        let mut endpoint_variables = Vec::new();
        let (end, endpoint, default_name) = match &plan.target {
            Target::Null { name } => {
                profile.source = "mod_loopback".into();
                (LegEnd::Null, "null", format!("null/{name}"))
            }
            Target::Loopback(to) => {
                profile.source = "mod_loopback".into();
                profile.dialplan = (*to.dialplan).into();
                profile.context = (*to.context).into();
                // Until the other half exists the leg points at itself, which counts as nobody.
                let half = LoopbackHalf {
                    other: ChannelId::from_uuid(Uuid::nil()),
                    destination: to.clone(),
                    variables: plan.variables.clone(),
                };
                (
                    LegEnd::Loopback(half),
                    "loopback",
                    format!("loopback/{}-a", to.extension),
                )
            }
            Target::Sip(sip) => {
                // What clients of the original see of every leg it calls out by SIP (recorded).
                profile.source = "src/switch_ivr_originate.c".into();
                endpoint_variables = self.sip_variables(sip);
                let name = self.sip_channel_name(sip);
                (
                    LegEnd::Sip(Box::new(self.sip_end(sip, &plan, &profile))),
                    "sofia",
                    name,
                )
            }
        };
        let name = shown.unwrap_or(default_name);
        let variables = plan.variables.clone();
        let destination_url = match &plan.target {
            Target::Sip(sip) => Some(sip.uri.clone()),
            Target::Null { .. } | Target::Loopback(_) => None,
        };
        let is_sip = destination_url.is_some();
        let channel = self.create_outbound(OutboundChannel {
            id,
            end,
            name,
            endpoint,
            profile,
            originator,
            variables,
            endpoint_variables,
            destination_url,
            attempt,
            media,
        });
        if is_sip {
            self.describe_outbound(&channel);
        }
        channel
    }

    /// Name and number the callee sees.
    fn caller_id(&self, attempt: AttemptId, plan: &Plan) -> (Arc<str>, Arc<str>) {
        let originate = self.originates.get(&attempt.originate);
        let from_a = originate.and_then(|o| match &o.purpose {
            Purpose::Bridge { a } => self.channels.get(a),
            Purpose::Command { .. } | Purpose::Room { .. } => None,
        });
        let a_text = |variable: &str, field: fn(&CallerProfile) -> &Arc<str>| {
            let live = from_a?;
            match live.seen.variables.text(variable) {
                Some(text) => Some(Arc::<str>::from(text)),
                None => live.seen.profile.as_deref().map(|p| field(p).clone()),
            }
        };
        let steer = |name: &str| plan.steer(name).map(Arc::<str>::from);
        let name = steer("origination_caller_id_name")
            .or_else(|| originate.and_then(|o| o.caller_id_name.clone()))
            .or_else(|| a_text("effective_caller_id_name", |p| &p.caller_id_name))
            .unwrap_or_else(|| "".into());
        let number = steer("origination_caller_id_number")
            .or_else(|| originate.and_then(|o| o.caller_id_number.clone()))
            .or_else(|| a_text("effective_caller_id_number", |p| &p.caller_id_number))
            .unwrap_or_else(|| NO_NUMBER.into());
        (name, number)
    }

    fn sip_channel_name(&self, sip: &SipDestination) -> String {
        let profile = self
            .config
            .profiles
            .get(sip.profile)
            .map(|p| p.name.clone())
            .unwrap_or_else(|| "internal".into());
        format!("sofia/{profile}/{}", sip.shown)
    }

    fn sip_variables(&self, sip: &SipDestination) -> Vec<(&'static str, String)> {
        let Some(profile) = self.config.profiles.get(sip.profile) else {
            return Vec::new();
        };
        let mut out = vec![
            ("sip_local_network_addr", profile.sip.ip().to_string()),
            (
                "sip_profile_name",
                if sip.gateway.is_some() {
                    "gateway".into()
                } else {
                    profile.name.to_string()
                },
            ),
            ("video_media_flow", "disabled".into()),
            ("text_media_flow", "disabled".into()),
        ];
        if let Some(gateway) = &sip.gateway {
            out.push(("sip_gateway_name", gateway.name.to_string()));
        }
        out
    }

    fn sip_end(&mut self, sip: &SipDestination, plan: &Plan, caller: &CallerProfile) -> SipLeg {
        let profile = self.config.profiles.get(sip.profile).cloned();
        let address = profile.as_ref().map_or(sip.target.local, |p| p.sip);
        let number = if caller.caller_id_number.is_empty() {
            NO_NUMBER
        } else {
            &caller.caller_id_number
        };
        let (from_user, from_host) = match &sip.gateway {
            Some(gateway) if !gateway.username.is_empty() => {
                (gateway.username.to_string(), gateway.realm.to_string())
            }
            Some(gateway) => (number.to_owned(), gateway.realm.to_string()),
            None => {
                let host = plan
                    .steer("sip_from_host")
                    .or_else(|| plan.steer("sip_invite_domain"));
                (
                    number.to_owned(),
                    host.map_or_else(|| address.ip().to_string(), str::to_owned),
                )
            }
        };
        let credentials = sip
            .gateway
            .as_ref()
            .filter(|g| !g.username.is_empty())
            .map(|gateway| {
                sip::auth::Credentials::password(
                    gateway.username.to_string(),
                    gateway.password.0.to_string(),
                )
            });
        let codecs = match plan
            .steer("absolute_codec_string")
            .or_else(|| plan.steer("codec_string"))
        {
            Some(list) => list
                .split(',')
                .map(|c| c.split('@').next().unwrap_or(c).trim().into())
                .collect(),
            None => profile.map(|p| p.codecs).unwrap_or_default(),
        };
        let transport = match sip.target.transport.uri_param() {
            Some(transport) => format!(";transport={transport}"),
            None => String::new(),
        };
        let invite = InvitePlan {
            to_uri: sip.uri.clone(),
            to: Party {
                display: String::new(),
                uri: sip.uri.clone(),
            },
            from: Party {
                display: caller.caller_id_name.to_string(),
                uri: format!("sip:{}@{from_host}", escape_user(&from_user)),
            },
            target: sip.target,
            contact: format!("sip:mod_sofia@{address}{transport}"),
            credentials,
            route: sip.route.clone(),
        };
        SipLeg {
            session: None,
            profile: sip.profile,
            negotiation: self.new_negotiation(),
            offer: None,
            local_sdp: None,
            agreed: None,
            pending: None,
            refusal: None,
            invite: Some(Box::new(invite)),
            peer: None,
            codecs,
            disposition: None,
            awaits_answer: false,
            reinviting: false,
            held_by_peer: false,
        }
    }

    /// The offer of an outbound call, and the variables that go with it.
    fn describe_outbound(&mut self, id: &ChannelId) {
        let offer = self.outbound_offer(id);
        let Some(live) = self.channels.get(id) else {
            return;
        };
        let local = live.media.local;
        let (profile, uri) = match &live.end {
            LegEnd::Sip(leg) => (
                self.config.profiles.get(leg.profile).cloned(),
                leg.invite.as_ref().map(|i| i.to_uri.clone()),
            ),
            LegEnd::Null | LegEnd::Loopback(_) => return,
        };
        let Some(profile) = profile else { return };
        let mut pairs: Vec<(&str, String)> = Vec::new();
        pairs.push(("rtp_use_codec_string", profile.codecs.join(",")));
        if let Some(local) = local {
            pairs.push(("local_media_ip", local.ip().to_string()));
            pairs.push(("local_media_port", local.port().to_string()));
            pairs.push(("advertised_media_ip", local.ip().to_string()));
        }
        pairs.push(("audio_media_flow", "sendrecv".into()));
        if let Some(offer) = offer {
            pairs.push((
                "rtp_local_sdp_str",
                String::from_utf8_lossy(&offer).into_owned(),
            ));
        }
        pairs.push((
            "sip_outgoing_contact_uri",
            format!("<sip:mod_sofia@{}>", profile.sip),
        ));
        if let Some(uri) = uri
            .as_deref()
            .and_then(|uri| sip::message::Uri::parse(uri).ok())
        {
            pairs.push((
                "sip_req_uri",
                format!("{}@{}", uri.user_decoded(), uri.host),
            ));
            pairs.push(("sip_to_host", uri.host.to_owned()));
        }
        pairs.push(("sip_from_host", profile.sip.ip().to_string()));
        pairs.push(("sofia_profile_name", profile.name.to_string()));
        pairs.push(("recovery_profile_name", profile.name.to_string()));
        pairs.push((
            "sofia_profile_url",
            format!("sip:mod_sofia@{}", profile.sip),
        ));
        self.set_vars(id, &pairs);
    }
}

/// A user part with what may not stand in it escaped (RFC 3261 §25.1).
fn escape_user(user: &str) -> String {
    let mut out = String::with_capacity(user.len());
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
