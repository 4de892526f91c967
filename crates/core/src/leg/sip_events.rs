//! What the SIP endpoint reports, and what becomes of it.

use api::cause::Blame;
use api::event::{ChannelEvent, DtmfSource};
use api::{ChannelId, HangupCause};
use bytes::Bytes;
use sip::event::{Event, IncomingRequest, RequestId, SessionId};
use sip::message::header::HeaderName;
use sip::message::{Message, Method};

use super::inbound::{cause_of, host_port};
use crate::Switch;
use crate::channel::PendingDigit;

/// Methods we serve, as Allow says.
const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, REGISTER, REFER, NOTIFY";

impl Switch {
    /// One event of the SIP endpoint.
    pub(crate) fn sip_event(&mut self, event: Event) {
        match event {
            Event::Invite { session, request } => self.incoming_invite(session, request),
            Event::Request {
                id,
                session,
                request,
            } => self.incoming_request(id, session, request),
            Event::Progress {
                session,
                code,
                sdp,
                response,
                ..
            } => {
                self.with(session, |switch, id| {
                    switch.sip_progress(id, code, sdp, &response)
                });
            }
            Event::Answered {
                session,
                sdp,
                response,
                ..
            } => {
                self.with(session, |switch, id| {
                    switch.sip_answered(id, sdp, &response)
                });
            }
            Event::Rejected {
                session,
                code,
                response,
            } => {
                self.with(session, |switch, id| {
                    switch.sip_rejected(id, code, &response)
                });
                self.sessions.remove(&session);
            }
            Event::Acked { session, sdp } => {
                self.with(session, |switch, id| switch.sip_acked(id, sdp));
            }
            Event::Cancelled { session, request } => {
                self.with(session, |switch, id| {
                    switch.peer_ended(id, "recv_cancel");
                    let named = cause_of(&request, Some(487));
                    let plain = named == HangupCause::NormalClearing;
                    let cause = if plain {
                        HangupCause::OriginatorCancel
                    } else {
                        named
                    };
                    switch.hangup(id, cause, Blame::Caller);
                });
                self.sessions.remove(&session);
            }
            Event::Bye { session, request } => {
                self.with(session, |switch, id| switch.sip_bye(id, &request));
                self.sessions.remove(&session);
            }
            Event::Reinvite { session, sdp, .. } => {
                self.with(session, |switch, id| switch.peer_reinvites(id, sdp));
            }
            Event::ReinviteAnswered { session, sdp, .. } => {
                self.with(session, |switch, id| switch.reinvite_answered(id, sdp));
            }
            Event::ReinviteFailed { session, code } => {
                self.with(session, |switch, id| switch.reinvite_failed(id, code));
            }
            Event::Info {
                session,
                content_type,
                body,
            } => {
                self.with(session, |switch, id| {
                    switch.sip_info(id, &content_type, &body)
                });
            }
            Event::ForkAnswered { session, to_tag } => {
                tracing::debug!(?session, to_tag = %to_tag, "A further fork was hung up");
            }
            Event::Timeout { session } => {
                self.with(session, |switch, id| {
                    switch.peer_ended(id, "recv_cancel");
                    switch.hangup(id, HangupCause::RecoveryOnTimerExpire, Blame::Upstream);
                });
                self.sessions.remove(&session);
            }
            Event::TransportFailed { session } => {
                self.with(session, Self::sip_unreachable);
                self.sessions.remove(&session);
            }
            Event::Ended { session } => {
                self.sessions.remove(&session);
            }
            Event::Response { id, code, .. } => {
                tracing::debug!(?id, code, "Response to a request of ours")
            }
            Event::FlowClosed { flow } => self.flow_closed(flow),
        }
    }

    /// Runs `act` for the session's channel, if it still has one.
    fn with(&mut self, session: SessionId, act: impl FnOnce(&mut Self, &ChannelId)) {
        if let Some(id) = self.sessions.get(&session).cloned() {
            act(self, &id);
        }
    }

    /// The session has ended from the other side.
    fn peer_ended(&mut self, id: &ChannelId, disposition: &'static str) {
        if let Some(leg) = self.sip_leg(id) {
            leg.session = None;
            leg.disposition = Some(disposition);
        }
    }

    /// The session never came about. Clients see it in front of the reasons, and nothing moves it from there
    /// (recorded).
    fn peer_refused(&mut self, id: &ChannelId) {
        if let Some(leg) = self.sip_leg(id) {
            leg.session = None;
        }
        self.set_var(id, "sip_hangup_disposition", "recv_refuse");
    }

    fn sip_progress(&mut self, id: &ChannelId, code: u16, sdp: Option<Bytes>, response: &Message) {
        self.response_variables(id, response);
        let early = sdp.filter(|text| !text.is_empty());
        if let Some(text) = early {
            let first = self.sip_leg(id).is_some_and(|leg| leg.agreed.is_none());
            if first && self.take_answer(id, &text) {
                self.mark_early(id);
                self.run_hooks(id, "media");
                self.leg_early(id);
            }
        } else if code == 180 {
            self.mark_ringing(id);
            self.run_hooks(id, "ring");
            self.leg_ringing(id);
        }
    }

    fn sip_answered(&mut self, id: &ChannelId, sdp: Option<Bytes>, response: &Message) {
        self.response_variables(id, response);
        if let Some(text) = sdp.filter(|text| !text.is_empty()) {
            self.set_var(
                id,
                "switch_r_sdp",
                String::from_utf8_lossy(&text).into_owned(),
            );
            if !self.take_answer(id, &text) {
                self.hangup(id, HangupCause::IncompatibleDestination, Blame::Callee);
                return;
            }
        } else if self.sip_leg(id).is_some_and(|leg| leg.agreed.is_none()) {
            tracing::info!(channel = %id, "Answer without a session description");
            self.hangup(id, HangupCause::IncompatibleDestination, Blame::Callee);
            return;
        }
        self.mark_answered(id);
        self.leg_answered(id);
    }

    fn sip_rejected(&mut self, id: &ChannelId, code: u16, response: &Message) {
        let answered_here = self.sip_leg(id).is_some_and(|leg| leg.session.is_none());
        if answered_here {
            return;
        }
        self.set_var(id, "sip_call_id", response.call_id());
        let replied = self.reply_variables(id);
        self.set_vars(id, &replied);
        self.peer_refused(id);
        let cause = cause_of(response, Some(code));
        let phrase = response.reason().unwrap_or_default().to_owned();
        self.set_vars(
            id,
            &[
                ("sip_invite_failure_status", code.to_string()),
                ("sip_invite_failure_phrase", phrase),
            ],
        );
        self.term_variables(id, response, code, cause);
        self.hangup(id, cause, Blame::Callee);
    }

    /// The request reached nobody. Clients see it as if 503 had come from nowhere (recorded).
    fn sip_unreachable(&mut self, id: &ChannelId) {
        let cause = HangupCause::NormalTemporaryFailure;
        if let Some(leg) = self.sip_leg(id) {
            leg.peer = None;
        }
        for again in ["sip_call_id", "sip_local_network_addr"] {
            if let Some(value) = self.var(id, again).map(str::to_owned) {
                self.set_var(id, again, value);
            }
        }
        self.set_vars(
            id,
            &[
                ("sip_reply_port", "0".into()),
                ("sip_network_port", "0".into()),
            ],
        );
        self.peer_refused(id);
        self.set_vars(
            id,
            &[
                ("sip_invite_failure_status", "503".into()),
                ("sip_invite_failure_phrase", "Service Unavailable".into()),
                ("sip_term_status", "503".into()),
                ("proto_specific_hangup_cause", "sip:503".into()),
                ("sip_term_cause", cause.q850().to_string()),
            ],
        );
        self.hangup(id, cause, Blame::Upstream);
    }

    fn sip_bye(&mut self, id: &ChannelId, request: &Message) {
        let cause = cause_of(request, None);
        self.peer_ended(id, "recv_bye");
        let mut pairs: Vec<(&str, String)> = Vec::new();
        // In a request of the peer its own tag stands in From: ours is the one in To, and the other way round.
        let outbound = self
            .channels
            .get(id)
            .is_some_and(|live| live.seen.direction == api::view::Direction::Outbound);
        let ours = if outbound {
            request.from()
        } else {
            request.to()
        };
        if let Some(tag) = ours.and_then(|to| to.tag()) {
            pairs.push(("sip_to_tag", tag.to_owned()));
        }
        if let Some(cseq) = request.cseq() {
            pairs.push(("sip_cseq", cseq.number.to_string()));
        }
        pairs.push(("sip_call_id", request.call_id().to_owned()));
        for (name, header) in [
            ("sip_full_via", HeaderName::Via),
            ("sip_full_to", HeaderName::To),
        ] {
            if let Some(value) = request.header(header) {
                pairs.push((name, value.to_owned()));
            }
        }
        self.set_vars(id, &pairs);
        self.term_variables(id, request, 200, cause);
        let inbound = self
            .channels
            .get(id)
            .is_some_and(|live| live.seen.direction == api::view::Direction::Inbound);
        self.hangup(
            id,
            cause,
            if inbound {
                Blame::Caller
            } else {
                Blame::Callee
            },
        );
    }

    fn term_variables(
        &mut self,
        id: &ChannelId,
        message: &Message,
        status: u16,
        cause: HangupCause,
    ) {
        if let Some(reason) = message.header(HeaderName::Reason) {
            self.set_var(id, "sip_reason", reason);
        }
        self.set_vars(
            id,
            &[
                ("sip_term_status", status.to_string()),
                ("proto_specific_hangup_cause", format!("sip:{status}")),
                ("sip_term_cause", cause.q850().to_string()),
            ],
        );
    }

    fn sip_acked(&mut self, id: &ChannelId, sdp: Option<Bytes>) {
        let awaits = self.sip_leg(id).is_some_and(|leg| leg.awaits_answer);
        if !awaits {
            return;
        }
        let taken = sdp.is_some_and(|text| self.take_answer(id, &text));
        if !taken {
            tracing::info!(channel = %id, "ACK without a usable answer");
            self.hangup(id, HangupCause::IncompatibleDestination, Blame::Caller);
        }
    }

    fn sip_info(&mut self, id: &ChannelId, content_type: &str, body: &[u8]) {
        let text = String::from_utf8_lossy(body);
        let kind = content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if kind == "application/dtmf-relay" || kind == "application/dtmf" {
            if let Some((digit, duration)) = info_digit(&kind, &text) {
                self.digit_arrived(
                    id,
                    PendingDigit {
                        digit,
                        duration,
                        source: DtmfSource::Endpoint,
                    },
                );
            }
            return;
        }
        let event = ChannelEvent::InfoReceived {
            content_type: content_type.into(),
            body: text.as_ref().into(),
        };
        self.emit(id, event);
    }

    /// Where an answer came from.
    fn reply_variables(&mut self, id: &ChannelId) -> Vec<(&'static str, String)> {
        let Some(peer) = self.sip_leg(id).and_then(|leg| leg.peer) else {
            return Vec::new();
        };
        let (ip, port) = (peer.ip().to_string(), peer.port().to_string());
        if let Some(live) = self.channels.get_mut(id) {
            live.profile_mut().network_addr = ip.as_str().into();
        }
        vec![
            ("sip_reply_host", ip.clone()),
            ("sip_reply_port", port.clone()),
            ("sip_network_ip", ip),
            ("sip_network_port", port),
        ]
    }

    /// The variables an answer of the far end sets, in their usual order.
    fn response_variables(&mut self, id: &ChannelId, response: &Message) {
        let mut pairs: Vec<(&str, String)> = Vec::with_capacity(32);
        let local = self.channels.get(id).and_then(|live| match &live.end {
            super::LegEnd::Sip(leg) => self.config.profiles.get(leg.profile).map(|p| p.sip),
            super::LegEnd::Null | super::LegEnd::Loopback(_) => None,
        });
        if let Some(local) = local {
            pairs.push(("sip_local_network_addr", local.ip().to_string()));
        }
        pairs.extend(self.reply_variables(id));
        if let Some(agent) = response
            .header_named("User-Agent")
            .or_else(|| response.header_named("Server"))
        {
            pairs.push(("sip_user_agent", agent.to_owned()));
        }
        for (name, header) in [
            ("sip_allow", HeaderName::Allow),
            ("sip_recover_contact", HeaderName::Contact),
            ("sip_full_via", HeaderName::Via),
            ("sip_recover_via", HeaderName::Via),
        ] {
            if let Some(value) = response.header(header) {
                pairs.push((name, value.to_owned()));
            }
        }
        if let Some(from) = response.from().filter(|from| !from.display.is_empty()) {
            pairs.push(("sip_from_display", from.display_name().to_string()));
        }
        for (name, header) in [
            ("sip_full_from", HeaderName::From),
            ("sip_full_to", HeaderName::To),
        ] {
            if let Some(value) = response.header(header) {
                pairs.push((name, value.to_owned()));
            }
        }
        for (user, uri_name, host, value) in [
            (
                "sip_from_user",
                "sip_from_uri",
                "sip_from_host",
                response.from(),
            ),
            ("sip_to_user", "sip_to_uri", "sip_to_host", response.to()),
        ] {
            if let Some(uri) = value.and_then(|v| v.parsed_uri().ok()) {
                let name = uri.user_decoded().to_string();
                pairs.push((user, name.clone()));
                pairs.push((uri_name, format!("{name}@{}", host_port(&uri))));
                pairs.push((host, uri.host.to_owned()));
            }
        }
        if let Some(uri) = response.contact().and_then(|c| c.parsed_uri().ok()) {
            let name = uri.user_decoded().to_string();
            if !uri.params.0.is_empty() {
                pairs.push(("sip_contact_params", uri.params.0.to_owned()));
            }
            pairs.push(("sip_contact_user", name.clone()));
            if let Some(port) = uri.port {
                pairs.push(("sip_contact_port", port.to_string()));
            }
            pairs.push(("sip_contact_uri", format!("{name}@{}", host_port(&uri))));
            pairs.push(("sip_contact_host", uri.host.to_owned()));
        }
        if let Some(tag) = response.to().and_then(|t| t.tag()) {
            pairs.push(("sip_to_tag", tag.to_owned()));
        }
        if let Some(tag) = response.from().and_then(|t| t.tag()) {
            pairs.push(("sip_from_tag", tag.to_owned()));
        }
        if let Some(cseq) = response.cseq() {
            pairs.push(("sip_cseq", cseq.number.to_string()));
        }
        pairs.push(("sip_call_id", response.call_id().to_owned()));
        self.set_vars(id, &pairs);
    }

    /// A request other than INVITE and those of its session.
    fn incoming_request(
        &mut self,
        id: RequestId,
        session: Option<SessionId>,
        request: IncomingRequest,
    ) {
        match request.method() {
            Some(Method::Register) => self.handle_register(id, request),
            Some(Method::Options) => {
                let code = if self.view.settings.draining {
                    503
                } else {
                    200
                };
                let headers = [
                    ("Allow".to_owned(), ALLOW.to_owned()),
                    ("Accept".to_owned(), "application/sdp".to_owned()),
                ];
                self.respond(id, code, &headers);
            }
            Some(Method::Refer) => self.incoming_refer(id, session, &request),
            // NOTIFY inside a session answers our own REFER; outside nobody asked for it.
            Some(Method::Notify) => {
                self.respond(id, if session.is_some() { 200 } else { 481 }, &[])
            }
            Some(_) | None => self.respond(id, 405, &[("Allow".to_owned(), ALLOW.to_owned())]),
        }
    }

    pub(crate) fn respond(&mut self, id: RequestId, code: u16, headers: &[(String, String)]) {
        if let Err(error) = self.sip.respond(self.now.mono, id, code, "", headers, None) {
            tracing::debug!(%error, "Request had gone");
        }
    }

    /// A phone transfers: the channel it talks to goes to the extension of `Refer-To` (blind transfer, RFC 3515).
    fn incoming_refer(
        &mut self,
        request_id: RequestId,
        session: Option<SessionId>,
        request: &IncomingRequest,
    ) {
        let channel = session.and_then(|session| self.sessions.get(&session).cloned());
        let target = request
            .header_named("Refer-To")
            .and_then(sip::message::header::NameAddr::parse)
            .and_then(|to| {
                to.parsed_uri()
                    .ok()
                    .map(|uri| uri.user_decoded().to_string())
            });
        let (Some(session), Some(id), Some(extension)) = (session, channel, target) else {
            self.respond(request_id, if session.is_none() { 481 } else { 400 }, &[]);
            return;
        };
        let Some(peer) = self.partner(&id) else {
            self.respond(request_id, 603, &[]);
            return;
        };
        self.respond(request_id, 202, &[]);
        let context = self
            .var(&id, "user_context")
            .map(str::to_owned)
            .or_else(|| {
                self.channels
                    .get(&id)?
                    .seen
                    .profile
                    .as_ref()
                    .map(|p| p.context.to_string())
            })
            .filter(|context| !context.is_empty());
        self.separate(&id);
        self.transfer_channel(
            &peer,
            &extension,
            Some("XML".into()),
            context.map(Into::into),
        );
        let headers = [
            ("Event".to_owned(), "refer".to_owned()),
            (
                "Subscription-State".to_owned(),
                "terminated;reason=noresource".to_owned(),
            ),
        ];
        let body = Bytes::from_static(b"SIP/2.0 200 OK\r\n");
        let notified = self.sip.request_in_dialog(
            self.now.mono,
            session,
            Method::Notify,
            &headers,
            Some(("message/sipfrag;version=2.0", body)),
        );
        if let Err(error) = notified {
            tracing::debug!(channel = %id, %error, "Transferring phone cannot be told");
        }
        self.hangup(&id, HangupCause::BlindTransfer, Blame::Caller);
    }
}

/// The digit of an INFO body and its length in samples at 8 kHz.
fn info_digit(kind: &str, text: &str) -> Option<(char, u32)> {
    const DEFAULT_MS: u32 = 250;
    let clean = |word: &str| {
        let digit = word.trim().trim_matches('"').chars().next()?;
        media::control::Digit::from_char(digit).map(|d| d.as_char())
    };
    if kind == "application/dtmf" {
        return Some((clean(text)?, DEFAULT_MS * 8));
    }
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let digit = clean(field("Signal")?)?;
    let ms = field("Duration")
        .and_then(|d| d.parse::<u32>().ok())
        .unwrap_or(DEFAULT_MS)
        .min(8000);
    Some((digit, ms * 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_info() {
        assert_eq!(
            info_digit("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"),
            Some(('5', 1280))
        );
        assert_eq!(
            info_digit("application/dtmf-relay", "signal = #"),
            Some(('#', 2000))
        );
        assert_eq!(info_digit("application/dtmf", "7"), Some(('7', 2000)));
        assert_eq!(info_digit("application/dtmf-relay", "Duration=1"), None);
    }
}
