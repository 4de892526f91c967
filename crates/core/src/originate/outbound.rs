//! Making the channel of a leg.

use std::net::SocketAddr;
use std::sync::Arc;

use api::view::{CallerProfile, Direction};
use api::{ChannelId, Uuid};
use sip::endpoint::Party;

use super::attempt::Plan;
use super::expand::{SipDestination, Target, WebDestination};
use super::privacy::Privacy;
use super::{AttemptId, Purpose};
use crate::Switch;
use crate::channel::{MediaLeg, OutboundChannel};
use crate::config::CallerIdHeader;
use crate::leg::{
    InviteContact, InvitePlan, LegEnd, LoopbackHalf, PhoneVideo, Security, SipLeg, WebLeg,
    shown_description,
};
use crate::web::WebClient;

/// Number shown when the caller gives none (event-socket.md §6.4).
const NO_NUMBER: &str = "0000000000";
/// Name shown of a callee nobody has named.
pub(crate) const NO_NAME: &str = "Outbound Call";

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
                Purpose::Command { .. }
                | Purpose::Room { .. }
                | Purpose::VideoRoom(_)
                | Purpose::Fifo(..)
                | Purpose::Queue(..)
                | Purpose::Page(_) => None,
            });
        let mut profile =
            CallerProfile::new(ChannelId::from_uuid(Uuid::nil()), Direction::Outbound);
        profile.caller_id_name = name.clone();
        profile.caller_id_number = number.clone();
        profile.orig_caller_id_name = name;
        profile.orig_caller_id_number = number.clone();
        profile.ani = number;
        profile.context = "default".into();
        let hidden = self.privacy_of_asker(attempt);
        profile.privacy_hide_name = hidden.name;
        profile.privacy_hide_number = hidden.number;
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
            Target::Pickup { group } => (**group).into(),
            Target::Loopback(to) => (*to.extension).into(),
            Target::Sip(sip) => sip.number.as_str().into(),
            Target::Web(web) => web.number.as_str().into(),
        };
        let steer = |name: &str| plan.steer(name).map(Arc::<str>::from);
        profile.callee_id_name =
            steer("origination_callee_id_name").unwrap_or_else(|| NO_NAME.into());
        profile.callee_id_number =
            steer("origination_callee_id_number").unwrap_or_else(|| match &plan.target {
                Target::Loopback(to) => (*to.last).into(),
                Target::Null { .. } | Target::Pickup { .. } | Target::Sip(_) | Target::Web(_) => {
                    dialled.clone()
                }
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
            Target::Pickup { group } => {
                profile.source = "mod_dptools".into();
                let end = LegEnd::Pickup(group.clone());
                (end, "pickup", format!("pickup/{group}"))
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
                let mut leg = self.sip_end(sip, &plan, &profile);
                if let Some(a) = &originator {
                    leg.video.formats = self.pictures_for(a, &leg.codecs);
                    self.lend_credentials(a, &mut leg);
                }
                (LegEnd::Sip(Box::new(leg)), "sofia", name)
            }
            Target::Web(web) => {
                profile.source = "mod_sofia".into();
                let (leg, name, variables) = self.web_end(web, originator.as_ref());
                endpoint_variables = variables;
                (LegEnd::Web(Box::new(leg)), "sofia", name)
            }
        };
        let name = shown.unwrap_or(default_name);
        let mut variables = plan.variables.clone();
        if let Some(a) = &originator {
            self.copy_extension_headers(a, &plan.target, &mut variables);
        }
        if let Target::Sip(sip) = &plan.target
            && let Some(gateway) = &sip.gateway
        {
            for (name, value) in &gateway.config.outbound_variables {
                if !variables.iter().any(|(n, _)| n.eq_ignore_ascii_case(name)) {
                    variables.push((name.clone(), value.clone()));
                }
            }
        }
        let destination_url = match &plan.target {
            Target::Sip(sip) => Some(sip.uri.clone()),
            Target::Web(web) => Some(web.uri.to_string()),
            Target::Null { .. } | Target::Pickup { .. } | Target::Loopback(_) => None,
        };
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
        self.own_peer(&channel);
        self.own_line(&channel);
        self.describe_outbound(&channel);
        channel
    }

    /// What the channel that calls hides.
    fn privacy_of_asker(&self, attempt: AttemptId) -> Privacy {
        let originate = self.originates.get(&attempt.originate);
        let asker = originate.and_then(|o| match &o.purpose {
            Purpose::Bridge { a } | Purpose::Queue(_, a) | Purpose::Fifo(_, a) => {
                self.channels.get(a)
            }
            Purpose::Command { .. }
            | Purpose::Room { .. }
            | Purpose::VideoRoom(_)
            | Purpose::Page(_) => None,
        });
        let profile = asker.and_then(|live| live.seen.profile.as_deref());
        profile.map_or_else(Privacy::default, |profile| Privacy {
            name: profile.privacy_hide_name,
            number: profile.privacy_hide_number,
        })
    }

    /// Name and number the callee sees.
    fn caller_id(&self, attempt: AttemptId, plan: &Plan) -> (Arc<str>, Arc<str>) {
        let originate = self.originates.get(&attempt.originate);
        let from_a = originate.and_then(|o| match &o.purpose {
            Purpose::Bridge { a } => self.channels.get(a),
            Purpose::Command { .. }
            | Purpose::Room { .. }
            | Purpose::VideoRoom(_)
            | Purpose::Fifo(..)
            | Purpose::Queue(..)
            | Purpose::Page(_) => None,
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
            out.push(("sip_gateway_name", gateway.config.name.to_string()));
        }
        out
    }

    fn sip_end(&mut self, sip: &SipDestination, plan: &Plan, caller: &CallerProfile) -> SipLeg {
        let profile = self.config.profiles.get(sip.profile).cloned();
        let address = profile.as_ref().map_or_else(
            || SocketAddr::new(sip.rtp_bind, 5060),
            |profile| profile.sip,
        );
        let number = if caller.caller_id_number.is_empty() {
            NO_NUMBER
        } else {
            &caller.caller_id_number
        };
        let (from_uri, is_account) = match &sip.gateway {
            Some(gateway) => gateway.uri_in_from(number),
            None => {
                let host = plan
                    .steer("sip_from_host")
                    .or_else(|| plan.steer("sip_invite_domain"));
                let host = host.map_or_else(|| address.ip().to_string(), str::to_owned);
                (format!("sip:{}@{host}", escape_user(number)), false)
            }
        };
        let gateway = sip.gateway.as_ref();
        let credentials = gateway.and_then(|gateway| gateway.config.credentials());
        let codecs = self.codecs_for(sip, plan);
        let privacy = Privacy::of(caller);
        let from = Party {
            display: caller.caller_id_name.to_string(),
            uri: from_uri,
        };
        // An account says nothing about the caller, so a gateway is told beside it.
        let identity = gateway.filter(|_| is_account).map(|gateway| {
            let domain = gateway.config.domain();
            let caller = Party {
                display: caller.caller_id_name.to_string(),
                uri: format!("sip:{}@{domain}", escape_user(number)),
            };
            privacy.shown(caller, false)
        });
        let invite = InvitePlan {
            to_uri: sip.uri.clone(),
            to: Party {
                display: String::new(),
                uri: sip.uri.clone(),
            },
            from: privacy.shown(from, is_account),
            identity,
            caller_id: gateway.map_or_else(CallerIdHeader::default, |g| g.config.caller_id),
            privacy,
            targets: sip.targets.iter().copied().collect(),
            contact: match gateway {
                Some(gateway) => InviteContact::Gateway(gateway.contact.clone()),
                None => InviteContact::At(address),
            },
            credentials,
            route: sip.route.clone(),
            call_id: None,
        };
        let first = sip.targets.first().map(|target| target.transport);
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
            fallback: None,
            direct: None,
            domain: sip.domain.clone(),
            gateway: gateway.map(|gateway| gateway.id),
            own_context: sip.own_context.clone(),
            replaces: None,
            peer: None,
            codecs,
            video: PhoneVideo::default(),
            security: first.map_or_else(Security::default, Security::over),
            disposition: None,
            ended_by: None,
            awaits_answer: false,
            reinviting: None,
            offer_again: false,
            leave_wanted: false,
            told_hold: false,
            bypass: crate::leg::bypass::Bypass::Here,
            answer_headers: Vec::new(),
        }
    }

    /// Names of the codecs a call to a phone may have, those of pictures among them.
    pub(super) fn codecs_for(&self, sip: &SipDestination, plan: &Plan) -> Vec<Arc<str>> {
        let asked = plan.steer("absolute_codec_string");
        match asked.or_else(|| plan.steer("codec_string")) {
            Some(list) => list
                .split(',')
                .map(|c| c.split('@').next().unwrap_or(c).trim().into())
                .collect(),
            None => {
                let profile = self.config.profiles.get(sip.profile);
                profile
                    .map(|profile| profile.codecs.clone())
                    .unwrap_or_default()
            }
        }
    }

    /// The leg of a page that is called, the channel's name and its first variables: those of a phone.
    fn web_end(
        &mut self,
        web: &WebDestination,
        originator: Option<&ChannelId>,
    ) -> (WebLeg, String, Vec<(&'static str, String)>) {
        let client = self.web.get(web.client);
        let domain = client.map_or_else(|| "".into(), |client| client.domain.clone());
        let index = self.web_profile_index(&domain);
        let profile = self.web_profile(&domain);
        // Both ends of a call have one Call-ID to be known by, whatever lies between them.
        let call_id = originator
            .and_then(|a| self.var(a, "sip_call_id"))
            .map(Arc::<str>::from)
            .unwrap_or_else(|| self.new_uuid().to_string().into());
        let variables = vec![
            ("sip_profile_name", profile.to_string()),
            ("sip_call_id", call_id.to_string()),
            ("sip_via_protocol", "ws".to_owned()),
        ];
        let name = format!(
            "sofia/{profile}/{}@{}",
            web.number,
            WebClient::host(web.client)
        );
        let mut leg = WebLeg::of_callee(web.client, self.new_peer(), call_id, index);
        if let Some(a) = originator {
            leg.fit(self.far_side(a));
        }
        (leg, name, variables)
    }

    /// A page of another server's account answers the challenges of the server it calls by itself.
    fn lend_credentials(&self, a: &ChannelId, leg: &mut SipLeg) {
        let client = self
            .as_web_leg(a)
            .filter(|leg| leg.foreign)
            .and_then(|leg| self.web.get(leg.client));
        let (Some(client), Some(invite)) = (client, &mut leg.invite) else {
            return;
        };
        let from = Party {
            display: client.display_name.to_string(),
            uri: format!("sip:{}@{}", escape_user(&client.user), client.domain),
        };
        invite.from = invite.privacy.shown(from, true);
        invite.credentials = client.credentials();
    }

    /// Between pages and phones extension headers are passed on, as pages expect of a gateway (sylkrtc.md §5.2).
    fn copy_extension_headers(
        &self,
        a: &ChannelId,
        target: &Target,
        variables: &mut Vec<(Arc<str>, Arc<str>)>,
    ) {
        let web = matches!(target, Target::Web(_)) || self.as_web_leg(a).is_some();
        let Some(live) = self.channels.get(a).filter(|_| web) else {
            return;
        };
        for (name, value) in live.seen.variables.iter() {
            let extension = name
                .get(..8)
                .is_some_and(|start| start.eq_ignore_ascii_case("sip_h_x-"));
            let given = |(n, _): &(Arc<str>, Arc<str>)| n.eq_ignore_ascii_case(name);
            if extension && !variables.iter().any(given) {
                variables.push((name.into(), value.to_text()));
            }
        }
    }

    /// The offer of an outbound call, and the variables that go with it.
    fn describe_outbound(&mut self, id: &ChannelId) {
        let offer = self.outbound_offer(id);
        let Some(live) = self.channels.get(id) else {
            return;
        };
        let local = live.media.local;
        let (profile, uri, contact) = match &live.end {
            LegEnd::Sip(leg) => (
                self.config.profiles.get(leg.profile).cloned(),
                leg.invite.as_ref().map(|i| i.to_uri.clone()),
                leg.invite.as_ref().and_then(|invite| {
                    let target = invite.targets.front()?;
                    Some(invite.contact.uri(target, &invite.to_uri))
                }),
            ),
            LegEnd::Web(_) | LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => return,
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
            pairs.push(("rtp_local_sdp_str", shown_description(&offer)));
        }
        if let Some(contact) = contact {
            pairs.push(("sip_outgoing_contact_uri", format!("<{contact}>")));
        }
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
pub(crate) fn escape_user(user: &str) -> String {
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
