//! A SIP leg: one INVITE session with its negotiation.

use std::net::SocketAddr;
use std::sync::Arc;

use api::event::ChannelEvent;
use api::view::AnswerState;
use api::{ChannelId, HangupCause};
use bytes::Bytes;
use sip::endpoint::InviteRequest;
use sip::event::SessionId;
use sip::message::header::Reason;
use sip::sdp::{Agreed, OfferAnswer};

use super::phone_video::PhoneVideo;
use super::secure::shown_description;
use super::{InvitePlan, LegEnd, Security};
use crate::Switch;

/// One SIP leg.
#[derive(Debug)]
pub(crate) struct SipLeg {
    /// Set from the INVITE on until the session's terminal event.
    pub(crate) session: Option<SessionId>,
    /// Index of its profile.
    pub(crate) profile: usize,
    pub(crate) negotiation: OfferAnswer,
    /// The peer's offer, while we have not answered it.
    pub(crate) offer: Option<Bytes>,
    /// What we wrote last.
    pub(crate) local_sdp: Option<Bytes>,
    pub(crate) agreed: Option<Agreed>,
    /// What waits for the media leg to open.
    pub(crate) pending: Option<Pending>,
    /// What an unanswered caller is refused with, when a dialplan said so.
    pub(crate) refusal: Option<(u16, Box<str>)>,
    /// Where an outbound INVITE goes.
    pub(crate) invite: Option<Box<InvitePlan>>,
    /// The same for the servers that are left, until one has answered.
    pub(crate) fallback: Option<Box<InvitePlan>>,
    /// What a call from outside is for, when no dialplan is asked: a dial string.
    pub(crate) direct: Option<Arc<str>>,
    /// The gateway it goes to or comes from.
    pub(crate) gateway: Option<crate::gateway::GatewayId>,
    /// The domain of the account it was called at, or that proved itself.
    pub(crate) domain: Option<Arc<str>>,
    /// The dialplan context its user dials in, where it is a caller or an account of ours.
    pub(crate) own_context: Option<Arc<str>>,
    /// The call it takes over, until it has.
    pub(crate) replaces: Option<ChannelId>,
    /// Where the peer's SIP is.
    pub(crate) peer: Option<SocketAddr>,
    /// Codec names allowed, in order; those of pictures too.
    pub(crate) codecs: Vec<Arc<str>>,
    pub(crate) video: PhoneVideo,
    /// Keys of encrypted sound.
    pub(crate) security: Security,
    /// How it ended (`sip_hangup_disposition`).
    pub(crate) disposition: Option<&'static str>,
    /// The `User-Agent` of the peer's BYE.
    pub(crate) ended_by: Option<Box<str>>,
    /// The INVITE (or our 200) carries our offer and the answer is still to come.
    pub(crate) awaits_answer: bool,
    /// A re-INVITE of ours is under way: whether it asks the peer to be held.
    pub(crate) reinviting: Option<bool>,
    /// Another offer is wanted behind the one under way.
    pub(crate) offer_again: bool,
    /// Its sound is to leave the server behind the change under way.
    pub(crate) leave_wanted: bool,
    /// What the peer has agreed to: whether it is held.
    pub(crate) told_hold: bool,
    /// Where its sound goes.
    pub(crate) bypass: super::bypass::Bypass,
    /// Headers of the 200, beside those every 200 has.
    pub(crate) answer_headers: Vec<(String, String)>,
}

/// What an inbound leg does when its media leg is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pending {
    Answer,
    PreAnswer,
}

impl SipLeg {
    /// The first codec of the peer's offer that we speak: what its answer would say.
    pub(super) fn offered_codec(&self) -> Option<media::control::Codec> {
        let offer = sip::sdp::parse(self.offer.as_ref()?).ok()?;
        let audio = offer.media.iter().find(|media| media.kind == "audio")?;
        audio
            .codecs()
            .iter()
            .filter(|codec| {
                self.codecs
                    .iter()
                    .any(|ours| ours.eq_ignore_ascii_case(&codec.name))
            })
            .find_map(|codec| media::control::Codec::from_name(&codec.name))
    }
}

impl Switch {
    pub(crate) fn sip_leg(&mut self, id: &ChannelId) -> Option<&mut SipLeg> {
        match &mut self.channels.get_mut(id)?.end {
            LegEnd::Sip(leg) => Some(leg),
            LegEnd::Web(_) | LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => None,
        }
    }

    /// Sends the INVITE of an outbound channel; its media leg is open.
    pub(super) fn send_invite(&mut self, id: &ChannelId) {
        let now = self.now.mono;
        let mut headers = self.custom_headers(id, "sip_h_");
        let hops = self
            .var(id, "max_forwards")
            .and_then(|n| n.parse().ok())
            .unwrap_or(70);
        let Some(mut plan) = self.sip_leg(id).and_then(|leg| leg.invite.take()) else {
            return;
        };
        let Some(target) = plan.targets.pop_front() else {
            let cause = HangupCause::NormalTemporaryFailure;
            return self.hangup(id, cause, api::cause::Blame::Ours);
        };
        headers.extend(plan.caller_id_header());
        let answers_itself = self.var_true(id, "sip_auto_answer");
        let is_own = |(name, _): &(String, String)| name.eq_ignore_ascii_case("Privacy");
        if plan.privacy.number && !headers.iter().any(is_own) {
            // RFC 3325 §9.3: whoever passes the call on shows no identity it knows of.
            headers.push(("Privacy".into(), "id".into()));
        }
        if let Some(leg) = self.sip_leg(id) {
            leg.peer = Some(target.remote);
            leg.security.go_over(target.transport);
            leg.fallback = (!plan.targets.is_empty()).then(|| plan.clone());
        }
        let sdp = self.sip_leg(id).and_then(|leg| leg.local_sdp.clone());
        let InvitePlan {
            to_uri,
            to,
            from,
            identity: _,
            caller_id: _,
            privacy: _,
            targets: _,
            contact,
            credentials,
            route,
            call_id,
        } = *plan;
        let contact = contact.uri(&target, &to_uri);
        let asks = |(name, _): &(String, String)| name.eq_ignore_ascii_case("Call-Info");
        if answers_itself && !headers.iter().any(asks) {
            // What telephones of many makers understand.
            headers.push(("Call-Info".into(), format!("<{contact}>;answer-after=0")));
        }
        let is_first = call_id.is_none();
        let request = InviteRequest {
            to_uri,
            from,
            to,
            target,
            local_contact: contact,
            sdp,
            headers,
            credentials,
            route,
            call_id,
            max_forwards: hops,
        };
        match self.sip.invite(now, request) {
            Ok(session) => {
                self.sessions.insert(session, id.clone());
                let counted = self.sip_leg(id).filter(|_| is_first);
                if let Some((profile, gateway)) = counted.map(|leg| (leg.profile, leg.gateway)) {
                    self.count_call(profile, false);
                    if let Some(gateway) = gateway {
                        self.count_gateway_call(gateway, false);
                    }
                }
                if let Some(leg) = self.sip_leg(id) {
                    leg.session = Some(session);
                    leg.awaits_answer = true;
                }
                if let Some(call_id) = self.sip.dialog(session).map(|d| d.call_id.to_owned()) {
                    if let Some(next) = self.sip_leg(id).and_then(|leg| leg.fallback.as_mut()) {
                        next.call_id = Some(call_id.clone());
                    }
                    self.set_var(id, "sip_call_id", call_id);
                }
            }
            Err(error) => {
                tracing::warn!(channel = %id, %error, "INVITE cannot be sent");
                self.hangup(
                    id,
                    HangupCause::NormalTemporaryFailure,
                    api::cause::Blame::Ours,
                );
            }
        }
    }

    /// The server called last is silent, gone or out of service: the next one is called (RFC 3263 §4.3). False when
    /// there is none, or when one has taken the call already.
    pub(super) fn try_next_server(&mut self, id: &ChannelId) -> bool {
        if self.channels.get(id).is_none_or(|live| !live.is_up()) {
            return false;
        }
        let Some(leg) = self.sip_leg(id) else {
            return false;
        };
        let Some(plan) = leg.fallback.take() else {
            return false;
        };
        tracing::info!(channel = %id, from = ?leg.peer, "Next server of the destination");
        leg.session = None;
        leg.invite = Some(plan);
        self.send_invite(id);
        true
    }

    /// Headers given as variables `<prefix><Name>`.
    pub(super) fn custom_headers(&self, id: &ChannelId, prefix: &str) -> Vec<(String, String)> {
        let Some(live) = self.channels.get(id) else {
            return Vec::new();
        };
        live.seen
            .variables
            .iter()
            .filter_map(|(name, value)| {
                Some((
                    name.strip_prefix(prefix)?.to_owned(),
                    value.to_text().to_string(),
                ))
            })
            .filter(|(name, value)| {
                !name.is_empty()
                    && sip::message::is_token(name)
                    && sip::message::is_header_value(value)
            })
            .collect()
    }

    /// 200 to the caller, with the answer to its offer.
    pub(super) fn answer_sip(&mut self, id: &ChannelId) {
        if !self.media_open_or_pending(id, Pending::Answer) {
            return;
        }
        if !self.describe_ourselves(id) {
            return;
        }
        if self
            .channels
            .get(id)
            .is_some_and(|live| live.seen.answer == AnswerState::Ringing)
        {
            self.mark_early(id);
        }
        let now = self.now.mono;
        let Some(leg) = self.sip_leg(id) else { return };
        let (session, sdp) = (leg.session, leg.local_sdp.clone());
        let mut headers = std::mem::take(&mut leg.answer_headers);
        if let Some(text) = &sdp {
            self.set_var(id, "rtp_local_sdp_str", shown_description(text));
        }
        let Some(session) = session else { return };
        headers.extend(self.callee_identity(id));
        if let Err(error) = self.sip.accept(now, session, sdp, &headers) {
            tracing::warn!(channel = %id, %error, "Call cannot be answered");
            return;
        }
        self.mark_answered(id);
        self.take_over(id);
    }

    /// 183 with the answer to the caller's offer.
    pub(super) fn pre_answer_sip(&mut self, id: &ChannelId) {
        if !self.media_open_or_pending(id, Pending::PreAnswer) {
            return;
        }
        let Some(leg) = self.sip_leg(id) else { return };
        let (session, has_offer) = (leg.session, leg.offer.is_some() || leg.local_sdp.is_some());
        let may_offer = session
            .and_then(|session| self.sip.dialog(session))
            .is_some_and(|dialog| dialog.is_reliable);
        if !has_offer && !may_offer {
            // Without an offer there is nothing to send early, unless the caller answers ours in its PRACK.
            return;
        }
        if !self.describe_ourselves(id) {
            return;
        }
        let now = self.now.mono;
        let Some(leg) = self.sip_leg(id) else { return };
        let (session, sdp) = (leg.session, leg.local_sdp.clone());
        let identity = self.callee_identity(id);
        if let Some(session) = session
            && let Err(error) = self.sip.provisional(now, session, 183, sdp, &identity)
        {
            tracing::warn!(channel = %id, %error, "Early media cannot be sent");
            return;
        }
        self.mark_early(id);
    }

    pub(super) fn ring_sip(&mut self, id: &ChannelId) {
        let now = self.now.mono;
        let already = self
            .channels
            .get(id)
            .and_then(|live| live.seen.profile.as_ref())
            .is_some_and(|p| p.times.progress.happened());
        if already
            || self
                .channels
                .get(id)
                .is_none_or(|live| live.seen.answer != AnswerState::Ringing)
        {
            return;
        }
        let identity = self.callee_identity(id);
        if let Some(session) = self.sip_leg(id).and_then(|leg| leg.session)
            && let Err(error) = self.sip.provisional(now, session, 180, None, &identity)
        {
            tracing::debug!(channel = %id, %error, "Ringing cannot be sent");
        }
        self.mark_ringing(id);
    }

    /// Whom a caller reached, as its phone may show it: the callee's name and number where they are known, else the
    /// number that was called.
    fn callee_identity(&self, id: &ChannelId) -> Vec<(String, String)> {
        let Some(live) = self.channels.get(id) else {
            return Vec::new();
        };
        let (Some(profile), LegEnd::Sip(leg)) = (live.seen.profile.as_deref(), &live.end) else {
            return Vec::new();
        };
        let Some(own) = self.config.profiles.get(leg.profile) else {
            return Vec::new();
        };
        let known = |text: &Arc<str>| Some(text.clone()).filter(|text| !text.is_empty());
        let called = &profile.destination_number;
        let number = known(&profile.callee_id_number).unwrap_or_else(|| called.clone());
        let name = known(&profile.callee_id_name).unwrap_or_else(|| number.clone());
        let name = sip::message::header::quote(&name);
        let user = crate::originate::escape_user(&number);
        vec![(
            "Remote-Party-ID".into(),
            format!(
                "{name} <sip:{user}@{}>;party=called;screen=yes;privacy=off",
                own.sip.ip()
            ),
        )]
    }

    fn media_open_or_pending(&mut self, id: &ChannelId, what: Pending) -> bool {
        let open = self.channels.get(id).is_some_and(|live| live.media.open);
        let open = open && !self.line_opens(id);
        if !open && let Some(leg) = self.sip_leg(id) {
            leg.pending = Some(what);
        }
        open
    }

    /// The media leg of a channel has opened: what waited for it goes on.
    pub(crate) fn media_ready(&mut self, id: &ChannelId) {
        match self.sip_leg(id).and_then(|leg| leg.pending.take()) {
            Some(Pending::Answer) => self.answer_sip(id),
            Some(Pending::PreAnswer) => self.pre_answer_sip(id),
            None => {}
        }
        self.web_media_ready(id);
        self.settle_unicast(id);
        self.work.push_back(crate::work::Work::Continue(id.clone()));
        self.work.push_back(crate::work::Work::Messages(id.clone()));
    }

    /// The status and phrase an unanswered caller is refused with, instead of what the cause says.
    pub(crate) fn refuse_with(&mut self, id: &ChannelId, code: u16, phrase: &str) {
        if let Some(leg) = self.sip_leg(id) {
            leg.refusal = Some((code, phrase.into()));
        }
        self.refuse_web(id, code, phrase);
    }

    /// Tells the peer that the call is over, unless it said so itself.
    pub(super) fn end_sip(&mut self, id: &ChannelId, cause: HangupCause) {
        let now = self.now.mono;
        let Some(live) = self.channels.get(id) else {
            return;
        };
        let inbound = live.seen.direction == api::view::Direction::Inbound;
        let answered = live
            .seen
            .profile
            .as_ref()
            .is_some_and(|p| p.times.answered.happened());
        let Some(leg) = self.sip_leg(id) else { return };
        let Some(session) = leg.session else {
            // The peer ended it: how is known at once, and clients see it from here on (recorded).
            let (agent, disposition) = (leg.ended_by.take(), leg.disposition);
            if let Some(agent) = agent {
                self.set_var(id, "sip_user_agent", &*agent);
            }
            if let Some(disposition) = disposition {
                self.set_var(id, "sip_hangup_disposition", disposition);
            }
            return;
        };
        let refusal = leg.refusal.take();
        leg.disposition = Some(match (answered, inbound) {
            (true, _) => "send_bye",
            (false, true) => "send_refuse",
            (false, false) => "send_cancel",
        });
        // Q.850 has no word for a call that another phone took, and phones show what they count as missed.
        let reason = if cause == HangupCause::LoseRace {
            Reason::COMPLETED_ELSEWHERE.to_owned()
        } else {
            format!("Q.850;cause={};text=\"{}\"", cause.q850(), cause.name())
        };
        let headers = [("Reason".to_owned(), reason)];
        let outcome = match refusal {
            Some((code, phrase)) if inbound && !answered => {
                self.sip.reject(now, session, code, &phrase, &headers)
            }
            Some(_) | None => self.sip.hangup(now, session, cause.sip_status(), &headers),
        };
        if let Err(error) = outcome {
            tracing::debug!(channel = %id, %error, "Session had ended already");
        }
        self.sessions.remove(&session);
        if let Some(leg) = self.sip_leg(id) {
            leg.session = None;
        }
    }

    /// Announces the codec in use: two CODEC events, as media was just set up.
    pub(super) fn announce_codec(&mut self, id: &ChannelId) {
        for read in [true, false] {
            self.emit(id, ChannelEvent::CodecSet { read });
        }
    }
}
