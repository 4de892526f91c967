//! Calls that come in by SIP.

use std::net::SocketAddr;

use api::event::ChannelEvent;
use api::view::{CallState, CallerProfile, ChannelState, Direction};
use api::{ChannelId, HangupCause};
use media::control::LegKind;
use rand::Rng;
use sip::event::{IncomingRequest, SessionId};
use sip::message::header::HeaderName;
use sip::sdp::OfferAnswer;

use super::phone_video::PhoneVideo;
use super::replaces::Claim;
use super::secure::shown_description;
use super::{LegEnd, Security, SipLeg};
use crate::Switch;
use crate::channel::InboundChannel;
use crate::config::ProfileConfig;
use crate::registrar::CallAuth;
use crate::registration_client::Called;

impl Switch {
    /// The profile a message came in through.
    pub(crate) fn profile_of(&self, local: SocketAddr) -> usize {
        let profiles = &self.config.profiles;
        profiles
            .iter()
            .position(|p| p.sip == local || p.tls == Some(local))
            .or_else(|| {
                let is_its_port = |own: SocketAddr| own.port() == local.port();
                profiles
                    .iter()
                    .position(|p| is_its_port(p.sip) || p.tls.is_some_and(is_its_port))
            })
            .unwrap_or(0)
    }

    /// A fresh negotiation for a leg of ours.
    pub(crate) fn new_negotiation(&mut self) -> OfferAnswer {
        let id = u64::from(self.rng.random::<u32>());
        OfferAnswer::new("Jackfield", "Jackfield", id, id + 1)
    }

    /// An INVITE outside of any dialog: check who calls, then make a channel.
    pub(super) fn incoming_invite(&mut self, session: SessionId, request: IncomingRequest) {
        let now = self.now.mono;
        let index = self.profile_of(request.flow.local);
        let Some(profile) = self.config.profiles.get(index).cloned() else {
            self.refuse_invite(session, 503, &[]);
            return;
        };
        if self.view.settings.paused_inbound || self.view.settings.draining {
            self.refuse_invite(session, 503, &[("Retry-After".into(), "300".into())]);
            return;
        }
        let called = self.called_client(&request);
        let gateway = self.calling_gateway(&request);
        let is_trusted = gateway.is_some() || self.trusts(index, request.flow.remote.ip());
        // The contact of a client that is registered elsewhere is for that registrar to call (RFC 3261 §26.3.2.2 has
        // nothing stronger without TLS).
        if called.as_ref().is_some_and(|called| !called.by_registrar) && !is_trusted {
            tracing::warn!(peer = %request.flow.remote, "Call to a web client does not come from its registrar");
            self.refuse_invite(session, 403, &[]);
            return;
        }
        let user = if is_trusted || called.is_some() {
            None
        } else {
            match self.authenticate_call(&request) {
                CallAuth::Accepted { user, .. } => Some(user),
                CallAuth::Challenge(headers) => {
                    self.refuse_invite(session, 407, &headers);
                    return;
                }
                CallAuth::Forbidden => {
                    self.refuse_invite(session, 403, &[]);
                    return;
                }
            }
        };
        let domain = user.as_ref().map(|user| user.domain.clone());
        let claim = match (&called, &domain) {
            (Some(_), _) => Claim::Nothing,
            (None, Some(domain)) => Claim::CallsOf(domain),
            (None, None) => Claim::Everything,
        };
        let replaces = match self.replaced_by(&request, claim) {
            Ok(replaces) => replaces,
            Err(code) => {
                self.refuse_invite(session, code, &[]);
                return;
            }
        };
        if !self.admit() {
            tracing::warn!(peer = %request.flow.remote, "Call is refused: session limit");
            self.refuse_invite(session, 503, &[("Retry-After".into(), "5".into())]);
            return;
        }
        let Some((name, mut caller)) = self.caller_profile(&request, &profile, user.as_deref())
        else {
            if let Err(error) = self.sip.reject(now, session, 400, "", &[]) {
                tracing::debug!(%error, "Session had ended already");
            }
            return;
        };
        if let Some(gateway) = &gateway {
            caller.context = gateway.context.clone();
            if let Some(extension) = &gateway.extension {
                caller.destination_number = extension.clone();
            }
        }
        let worker = self.place();
        let mut media = self.new_media(worker);
        self.open_media(
            &mut media,
            LegKind::Rtp {
                bind: profile.rtp_ip,
            },
        );
        let leg = SipLeg {
            session: Some(session),
            profile: index,
            negotiation: self.new_negotiation(),
            offer: request.sdp(),
            local_sdp: None,
            agreed: None,
            pending: None,
            refusal: None,
            invite: None,
            fallback: None,
            direct: called.map(|called| called.dial),
            gateway: gateway.as_ref().map(|gateway| gateway.id),
            domain,
            own_context: Some(caller.context.clone()),
            replaces,
            peer: Some(request.flow.remote),
            codecs: profile.codecs.clone(),
            video: PhoneVideo::default(),
            security: Security::over(request.flow.transport),
            disposition: None,
            ended_by: None,
            awaits_answer: false,
            reinviting: None,
            offer_again: false,
            leave_wanted: false,
            told_hold: false,
            bypass: crate::leg::bypass::Bypass::Here,
            answer_headers: Vec::new(),
        };
        let variables = inbound_variables(&request, &profile, self.now.wall.as_micros());
        let id = self.create_inbound(InboundChannel {
            end: LegEnd::Sip(Box::new(leg)),
            name,
            profile: caller,
            variables,
            media,
        });
        self.sessions.insert(session, id.clone());
        if let Some(user) = user {
            for (name, value) in &user.variables {
                self.set_var(&id, name, &**value);
            }
            self.set_var(&id, "user_name", &*user.id);
            self.set_var(&id, "domain_name", &*user.domain);
        }
        if let Some(gateway) = &gateway {
            self.set_var(&id, "sip_gateway", &*gateway.config.name);
            self.set_var(&id, "sip_gateway_name", &*gateway.config.name);
            for (name, value) in &gateway.config.inbound_variables {
                self.set_var(&id, name, &**value);
            }
            self.count_gateway_call(gateway.id, true);
        }
        for header in request.headers() {
            if header
                .raw_name
                .get(..2)
                .is_some_and(|start| start.eq_ignore_ascii_case("x-"))
            {
                self.set_var(&id, &format!("sip_h_{}", header.raw_name), header.value);
            }
        }
        if let Some(offer) = request.sdp() {
            self.set_var(&id, "switch_r_sdp", shown_description(&offer));
            self.describe_offer(&id, &offer);
            if !self.pictures_of(&id).is_empty() {
                self.open_line(&id);
            }
        }
        self.set_var(&id, "endpoint_disposition", "DELAYED NEGOTIATION");
        self.count_call(index, true);
    }

    /// The web client registered elsewhere whose contact a request is sent to.
    pub(crate) fn called_client(&self, request: &IncomingRequest) -> Option<Called> {
        let uri = sip::message::Uri::parse(request.request_uri()?).ok()?;
        let from = request.flow.remote.ip();
        self.client_registrations.called(uri.user?, from)
    }

    fn refuse_invite(&mut self, session: SessionId, code: u16, headers: &[(String, String)]) {
        if let Err(error) = self.sip.reject(self.now.mono, session, code, "", headers) {
            tracing::debug!(%error, "Session had ended already");
        }
    }

    /// Channel name and caller profile of an incoming INVITE.
    fn caller_profile(
        &self,
        request: &IncomingRequest,
        profile: &ProfileConfig,
        user: Option<&api::view::DirectoryUser>,
    ) -> Option<(String, CallerProfile)> {
        let from = request.from()?;
        let from_uri = from.parsed_uri().ok()?;
        let uri = sip::message::Uri::parse(request.request_uri()?).ok()?;
        let from_user = from_uri.user_decoded();
        let destination = uri.user_decoded();
        let name = format!("sofia/{}/{from_user}@{}", profile.name, from_uri.host);
        let mut caller =
            CallerProfile::new(ChannelId::from_uuid(api::Uuid::nil()), Direction::Inbound);
        let display = from.display_name();
        let from_identity = if display.is_empty() {
            from_user.clone()
        } else {
            display
        };
        let (mut cid_name, mut cid_number) = (from_identity.to_string(), from_user.to_string());
        // A trunk's identity header is what is shown; users say who they are in the directory.
        if let Some(identity) = request
            .header_named("Remote-Party-ID")
            .or_else(|| request.header_named("P-Asserted-Identity"))
            && user.is_none()
            && let Some(party) = sip::message::header::NameAddr::parse(identity)
            && let Ok(party_uri) = party.parsed_uri()
        {
            cid_number = party_uri.user_decoded().to_string();
            let display = party.display_name();
            cid_name = if display.is_empty() {
                cid_number.clone()
            } else {
                display.to_string()
            };
        }
        caller.username = from_user.as_ref().into();
        caller.dialplan = "XML".into();
        caller.caller_id_name = cid_name.as_str().into();
        caller.caller_id_number = cid_number.as_str().into();
        caller.orig_caller_id_name = caller.caller_id_name.clone();
        caller.orig_caller_id_number = caller.caller_id_number.clone();
        caller.network_addr = request.flow.remote.ip().to_string().into();
        caller.ani = caller.caller_id_number.clone();
        caller.destination_number = destination.as_ref().into();
        caller.source = "mod_sofia".into();
        caller.context = match user.and_then(|u| u.variable("user_context")) {
            Some(context) => context.into(),
            None => profile.context.clone(),
        };
        Some((name, caller))
    }

    /// The first states of an inbound channel, then its dialplan.
    pub(crate) fn route_inbound(&mut self, id: &ChannelId) {
        if self.channels.get(id).is_none_or(|live| !live.is_up()) {
            return;
        }
        if self.view.settings.paused_inbound {
            // A loopback's other half waits like any inbound call; its caller gives up in time.
            return;
        }
        self.enter_state(id, ChannelState::Init);
        self.set_next_state(id, ChannelState::Routing);
        self.emit(id, ChannelEvent::Created);
        if let Some(live) = self.channels.get_mut(id) {
            // Clients see the call state change before the state itself is announced.
            live.seen_mut().state = ChannelState::Routing;
        }
        self.set_call_state(id, CallState::Ringing);
        self.enter_state(id, ChannelState::Routing);
        if let Some(replaced) = self.sip_leg(id).and_then(|leg| leg.replaces.clone()) {
            // It takes the place of a leg that has been through a dialplan.
            let far = self
                .caller_of(&replaced)
                .or_else(|| self.partner(&replaced));
            if let Some(far) = far {
                self.suit(id, &far);
            }
            self.make_own_call(id);
            self.answer_channel(id);
            return;
        }
        match self.video_room_route(id) {
            Some(room) => {
                self.make_own_call(id);
                self.execute_actions(id, vec![room]);
            }
            None => self.hunt(id),
        }
    }

    /// The worker new calls are given to.
    pub(crate) fn place(&mut self) -> usize {
        // Legs that meet must share a thread, so a call stays where its first leg was put.
        let workers = self.config.media_workers.max(1);
        usize::try_from(self.serials.leg).unwrap_or(0) % workers
    }
}

/// The variables clients find on an inbound SIP channel (event-socket.md §5.4), in their usual order.
fn inbound_variables(
    request: &IncomingRequest,
    config: &ProfileConfig,
    now_us: i64,
) -> Vec<(&'static str, String)> {
    let mut out: Vec<(&'static str, String)> = Vec::with_capacity(48);
    let (profile, codecs) = (&config.name, &config.codecs);
    let flow = &request.flow;
    let remote = (flow.remote.ip().to_string(), flow.remote.port().to_string());
    let from = request.from();
    let from_uri = from.and_then(|f| f.parsed_uri().ok());
    if let Some(uri) = &from_uri {
        let user = uri.user_decoded().to_string();
        out.push(("sip_from_user", user.clone()));
        out.push(("sip_from_uri", format!("{user}@{}", host_port(uri))));
        out.push(("sip_from_host", uri.host.to_owned()));
    }
    out.push(("video_media_flow", "disabled".into()));
    out.push(("audio_media_flow", "disabled".into()));
    out.push(("text_media_flow", "disabled".into()));
    if let Some(uri) = &from_uri {
        out.push((
            "channel_name",
            format!("sofia/{profile}/{}@{}", uri.user_decoded(), uri.host),
        ));
    }
    out.push(("sip_call_id", request.call_id().to_owned()));
    out.push(("sip_local_network_addr", flow.local.ip().to_string()));
    out.push(("sip_network_ip", remote.0.clone()));
    out.push(("sip_network_port", remote.1.clone()));
    out.push(("sip_invite_stamp", now_us.to_string()));
    out.push(("sip_received_ip", remote.0));
    out.push(("sip_received_port", remote.1));
    out.push((
        "sip_via_protocol",
        flow.transport.as_str().to_ascii_lowercase(),
    ));
    out.push(("sip_authorized", "true".into()));
    if flow.remote == flow.local {
        out.push(("sip_looped_call", "true".into()));
    }
    if let Some(uri) = &from_uri {
        out.push(("sip_from_user_stripped", uri.user_decoded().to_string()));
    }
    if let Some(tag) = from.and_then(|f| f.tag()) {
        out.push(("sip_from_tag", tag.to_owned()));
    }
    out.push(("sofia_profile_name", profile.to_string()));
    // The profile's, also for what came in over TLS.
    let url = SocketAddr::new(flow.local.ip(), config.sip.port());
    out.push(("sofia_profile_url", format!("sip:mod_sofia@{url}")));
    out.push(("recovery_profile_name", profile.to_string()));
    if let Some(rpid) = request.header_named("Remote-Party-ID") {
        out.push(("sip_Remote-Party-ID", rpid.to_owned()));
        out.push(("sip_cid_type", "rpid".into()));
    } else if request.header(HeaderName::PAssertedIdentity).is_some() {
        out.push(("sip_cid_type", "pid".into()));
    }
    for (name, header) in [
        ("sip_P-Asserted-Identity", "P-Asserted-Identity"),
        ("sip_P-Preferred-Identity", "P-Preferred-Identity"),
        ("sip_Privacy", "Privacy"),
        ("sip_h_Diversion", "Diversion"),
        ("sip_history_info", "History-Info"),
    ] {
        let is_meant = |raw: &str| raw.eq_ignore_ascii_case(header);
        let headers = request.headers();
        let values: Vec<_> = headers
            .filter(|header| is_meant(header.raw_name))
            .map(|header| header.value)
            .collect();
        if !values.is_empty() {
            out.push((name, values.join(", ")));
        }
    }
    if let Some(via) = request.header(HeaderName::Via) {
        out.push(("sip_full_via", via.to_owned()));
    }
    if let Some(from) = from.filter(|f| !f.display.is_empty()) {
        out.push(("sip_from_display", from.display_name().to_string()));
    }
    for (name, header) in [
        ("sip_full_from", HeaderName::From),
        ("sip_full_to", HeaderName::To),
        ("sip_allow", HeaderName::Allow),
    ] {
        if let Some(value) = request.header(header) {
            out.push((name, value.to_owned()));
        }
    }
    if let Some(uri) = request
        .request_uri()
        .and_then(|raw| sip::message::Uri::parse(raw).ok())
    {
        let user = uri.user_decoded().to_string();
        out.push(("sip_req_user", user.clone()));
        out.push(("sip_req_uri", format!("{user}@{}", host_port(&uri))));
        out.push(("sip_req_host", uri.host.to_owned()));
    }
    if let Some(uri) = request.to().and_then(|t| t.parsed_uri().ok()) {
        let user = uri.user_decoded().to_string();
        out.push(("sip_to_user", user.clone()));
        out.push(("sip_to_uri", format!("{user}@{}", host_port(&uri))));
        out.push(("sip_to_host", uri.host.to_owned()));
    }
    if let Some(uri) = request.contact().and_then(|c| c.parsed_uri().ok()) {
        let user = uri.user_decoded().to_string();
        out.push(("sip_contact_user", user.clone()));
        if let Some(port) = uri.port {
            out.push(("sip_contact_port", port.to_string()));
        }
        out.push(("sip_contact_uri", format!("{user}@{}", host_port(&uri))));
        out.push(("sip_contact_host", uri.host.to_owned()));
    }
    out.push(("rtp_use_codec_string", codecs.join(",")));
    if let Some(agent) = request.header_named("User-Agent") {
        out.push(("sip_user_agent", agent.to_owned()));
    }
    if let Some(via) = request.via() {
        out.push(("sip_via_host", via.host.to_owned()));
        out.push(("sip_via_rport", flow.remote.port().to_string()));
    }
    out.push((
        "max_forwards",
        request.max_forwards().unwrap_or(70).to_string(),
    ));
    if let Some(uri) = &from_uri {
        out.push((
            "presence_id",
            format!("{}@{}", uri.user_decoded(), uri.host),
        ));
    }
    out
}

/// `host` or `host:port`, as written.
pub(super) fn host_port(uri: &sip::message::Uri<'_>) -> String {
    match uri.port {
        Some(port) => format!("{}:{port}", uri.host),
        None => uri.host.to_owned(),
    }
}

/// The cause a SIP peer gives: its `Reason: Q.850`, else what the status stands for. Causes that Q.850 has no
/// number for are sent as 16, normal clearing; beside a refusal that says nothing.
pub(super) fn cause_of(message: &sip::message::Message, status: Option<u16>) -> HangupCause {
    let q850 = sip::message::header::Reason::of(message)
        .find(|reason| reason.protocol.eq_ignore_ascii_case("Q.850"))
        .and_then(|reason| HangupCause::from_number(reason.cause?))
        .filter(|cause| *cause != HangupCause::None)
        .filter(|cause| status.is_none() || *cause != HangupCause::NormalClearing);
    q850.unwrap_or_else(|| match status {
        Some(status) => HangupCause::from_sip_status(status),
        None => HangupCause::NormalClearing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_wins_over_the_status_unless_it_says_nothing() {
        let cause = |reason: &str, status| {
            let text = format!("SIP/2.0 486 x\r\nReason: {reason}\r\nContent-Length: 0\r\n\r\n");
            cause_of(&sip::message::parse_datagram(text).unwrap(), status)
        };
        assert_eq!(
            cause("Q.850;cause=21", Some(486)),
            HangupCause::CallRejected
        );
        assert_eq!(cause("SIP;cause=200", Some(486)), HangupCause::UserBusy);
        assert_eq!(
            cause("Q.850;cause=16", Some(487)),
            HangupCause::OriginatorCancel
        );
        assert_eq!(cause("Q.850;cause=16", None), HangupCause::NormalClearing);
    }
}
