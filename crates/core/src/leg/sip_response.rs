//! What becomes of an INVITE of ours: ringing, an answer, a refusal, nobody (RFC 3261 §13.2.2).

use api::cause::Blame;
use api::{ChannelId, HangupCause};
use bytes::Bytes;
use sip::message::Message;
use sip::message::header::HeaderName;

use super::inbound::{cause_of, host_port};
use crate::Switch;

impl Switch {
    pub(super) fn sip_progress(
        &mut self,
        id: &ChannelId,
        code: u16,
        sdp: Option<Bytes>,
        response: &Message,
    ) {
        self.server_found(id);
        self.learn_callee(id, response);
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
        } else if let Some(caller) = self.caller_of(id) {
            self.pass_progress(&caller, code);
        }
    }

    /// A server has taken the call: no other is called any more.
    fn server_found(&mut self, id: &ChannelId) {
        if let Some(leg) = self.sip_leg(id) {
            leg.fallback = None;
        }
    }

    pub(super) fn sip_answered(&mut self, id: &ChannelId, sdp: Option<Bytes>, response: &Message) {
        self.server_found(id);
        self.learn_callee(id, response);
        self.response_variables(id, response);
        if let Some(text) = sdp.filter(|text| !text.is_empty()) {
            self.peer_description(id, &text);
            if !self.take_answer(id, &text) {
                self.hangup(id, HangupCause::IncompatibleDestination, Blame::Callee);
                return;
            }
        } else if self.sip_leg(id).is_some_and(|leg| leg.agreed.is_none()) {
            tracing::info!(channel = %id, "Answer without a session description");
            self.hangup(id, HangupCause::IncompatibleDestination, Blame::Callee);
            return;
        }
        let headers = response.headers();
        self.pass_answer_headers(id, headers.map(|header| (header.raw_name, header.value)));
        self.mark_answered(id);
        self.leg_answered(id);
        self.settle_bypass(id);
    }

    pub(super) fn sip_rejected(&mut self, id: &ChannelId, code: u16, response: &Message) {
        let answered_here = self.sip_leg(id).is_some_and(|leg| leg.session.is_none());
        if answered_here {
            return;
        }
        self.set_var(id, "sip_call_id", response.call_id());
        if let Some(local) = self.var(id, "sip_local_network_addr").map(str::to_owned) {
            // Known since the channel was made; clients see it here from now on (golden stream-25-fail-sip-486-events).
            self.set_var(id, "sip_local_network_addr", local);
        }
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
        if let Some(caller) = self.caller_of(id) {
            self.pass_refusal(&caller, code);
        }
        self.hangup(id, cause, Blame::Callee);
    }

    /// The request reached nobody. Clients see it as if 503 had come from nowhere (recorded).
    pub(super) fn sip_unreachable(&mut self, id: &ChannelId) {
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

    /// The session never came about. Clients see it in front of the reasons, and nothing moves it from there
    /// (recorded).
    fn peer_refused(&mut self, id: &ChannelId) {
        if let Some(leg) = self.sip_leg(id) {
            leg.session = None;
        }
        self.set_var(id, "sip_hangup_disposition", "recv_refuse");
    }

    pub(super) fn term_variables(
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

    /// Whom we reached, when the far end says so.
    fn learn_callee(&mut self, id: &ChannelId, response: &Message) {
        let identity = response
            .header_named("Remote-Party-ID")
            .or_else(|| response.header_named("P-Asserted-Identity"));
        let Some(party) = identity.and_then(sip::message::header::NameAddr::parse) else {
            return;
        };
        let number = party.parsed_uri().map(|uri| uri.user_decoded().to_string());
        let Some(number) = number.ok().filter(|number| !number.is_empty()) else {
            return;
        };
        let display = party.display_name();
        let name = if display.is_empty() {
            number.clone()
        } else {
            display.to_string()
        };
        if let Some(live) = self.channels.get_mut(id) {
            let profile = live.profile_mut();
            profile.callee_id_name = name.into();
            profile.callee_id_number = number.into();
        }
    }

    /// The variables an answer of the far end sets, in their usual order.
    pub(super) fn response_variables(&mut self, id: &ChannelId, response: &Message) {
        let mut pairs: Vec<(&str, String)> = Vec::with_capacity(32);
        let local = self.channels.get(id).and_then(|live| match &live.end {
            super::LegEnd::Sip(leg) => self.config.profiles.get(leg.profile).map(|p| p.sip),
            super::LegEnd::Web(_)
            | super::LegEnd::Null
            | super::LegEnd::Pickup(_)
            | super::LegEnd::Loopback(_) => None,
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
}

#[cfg(test)]
mod tests {
    use api::command::call::{Originate, Then};
    use api::dial::DialString;
    use api::event::{ChannelEvent, EventKind};
    use api::{Application, HangupCause};

    use crate::Input;
    use crate::rig::Rig;

    #[test]
    fn an_invite_to_nobody_fails_like_one_refused_with_503() {
        let mut rig = Rig::new();
        let request = rig.ask(Originate {
            dial: DialString::parse("sofia/internal/x@127.0.0.1:5999").unwrap(),
            then: Then::Run(Application::new("park", "")),
            caller_id_name: None,
            caller_id_number: None,
            timeout: None,
        });
        let invite = rig.sent().pop().expect("an INVITE");
        assert!(!rig.answers.contains_key(&request.0));
        rig.feed(Input::SipFailed(invite));
        let answer = rig.answers.remove(&request.0).expect("an answer at once");
        assert_eq!(
            answer.unwrap_err().cause,
            Some(HangupCause::NormalTemporaryFailure)
        );
        let complete = rig.events.iter().find(|event| {
            matches!(
                &event.kind,
                EventKind::Channel(ChannelEvent::HangupComplete)
            )
        });
        let channel = complete.and_then(|event| event.channel.clone()).unwrap();
        let order: Vec<String> = channel
            .variables
            .iter()
            .map(|(name, value)| format!("{name}={}", value.to_text()))
            .skip_while(|pair| !pair.starts_with("sip_reply_port"))
            .take(8)
            .collect();
        assert_eq!(
            order,
            [
                "sip_reply_port=0",
                "sip_network_port=0",
                "sip_hangup_disposition=recv_refuse",
                "sip_invite_failure_status=503",
                "sip_invite_failure_phrase=Service Unavailable",
                "sip_term_status=503",
                "proto_specific_hangup_cause=sip:503",
                "sip_term_cause=41"
            ]
        );
    }
}
