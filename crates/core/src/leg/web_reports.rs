//! What the WebRTC peers report, and what becomes of it.

use std::sync::Arc;

use api::event::{WebEventKind, WebHeaders, WebParty};
use api::{ChannelId, CommandError, ErrorKind, HangupCause};
use media::control::{
    Direction, LegSpec, MediaCommand, PeerEnd, PeerId, WebAgreed, WebCommand, WebReport,
};
use sip::message::reason_phrase;

use super::LegEnd;
use super::negotiate::Told;
use super::web_leg::Stage;
use super::web_update::is_held;
use crate::Switch;
use crate::originate::{ANONYMOUS, ANONYMOUS_ADDRESS, Privacy};
use crate::work::Work;

/// Says that a description cannot be used (RFC 3261 §21.4.26).
const NOT_ACCEPTABLE: u16 = 488;

impl Switch {
    pub(crate) fn web_report(&mut self, report: WebReport) {
        let (WebReport::Answered { peer, .. }
        | WebReport::Offered { peer, .. }
        | WebReport::Agreed { peer, .. }
        | WebReport::Refused { peer, .. }
        | WebReport::LineOpened { peer, .. }
        | WebReport::PictureWanted { peer }
        | WebReport::Connected { peer }
        | WebReport::Ended { peer, .. }) = &report;
        if let Some(feed) = self.video_rooms.feed_of(*peer) {
            return self.feed_report(feed, report);
        }
        if self.outbound_line_settled(&report) {
            return;
        }
        // Reports cross with the end of their call.
        let Some(id) = self.web.peers.get(peer).cloned() else {
            tracing::debug!(?report, "Nobody waits for this peer");
            return;
        };
        match report {
            WebReport::Answered { answer, agreed, .. } => {
                self.peer_answered(&id, answer.into(), agreed)
            }
            WebReport::Offered { offer, .. } => self.peer_offered(&id, offer.into()),
            WebReport::Agreed { agreed, .. } => self.peer_agreed(&id, agreed),
            WebReport::Refused { why, .. } => self.web_peer_refused(&id, &why),
            WebReport::LineOpened { local, .. } => self.line_settled(&id, Some(local)),
            WebReport::PictureWanted { .. } => self.ask_by_info(&id),
            WebReport::Connected { .. } => self.peer_connected(&id),
            WebReport::Ended { peer, why } => self.peer_gone(&id, peer, why),
        }
    }

    fn peer_answered(&mut self, id: &ChannelId, answer: Arc<str>, agreed: WebAgreed) {
        let Some(leg) = self.web_leg(id) else { return };
        match leg.stage {
            Stage::Accepting => {
                leg.stage = Stage::Agreed;
                leg.told_answer = true;
                if !self.media_agreed(id, agreed) {
                    return;
                }
                self.announce_codec(id);
                let answered = self
                    .channels
                    .get(id)
                    .is_some_and(|live| live.seen.is_answered());
                if self.participation_of(id).is_some() {
                    self.participant_agreed(id, answer);
                } else if answered {
                    self.tell_accepted(id, Some(answer));
                } else {
                    let Some(call_id) = self.as_web_leg(id).map(|leg| leg.call_id.clone()) else {
                        return;
                    };
                    self.tell_page(id, |channel| WebEventKind::EarlyMedia {
                        channel,
                        code: 183,
                        answer: Some(answer),
                        call_id,
                    });
                }
                // An application may have waited for the codec.
                self.work.push_back(Work::Continue(id.clone()));
                self.work.push_back(Work::Messages(id.clone()));
            }
            Stage::Updating => {
                leg.stage = Stage::Agreed;
                let held = is_held(&agreed);
                if !self.media_agreed(id, agreed) {
                    return;
                }
                self.tell_page(id, |channel| WebEventKind::UpdateAccepted {
                    channel,
                    answer,
                });
                self.mark_held_by_peer(id, held);
            }
            Stage::Offered { .. }
            | Stage::Offering
            | Stage::Ringing
            | Stage::Taking
            | Stage::Agreed
            | Stage::Asking { .. }
            | Stage::Reoffering { .. }
            | Stage::Asked { .. }
            | Stage::Retaking { .. } => {
                tracing::warn!(channel = %id, "A peer answers what nobody asked");
            }
        }
    }

    fn peer_offered(&mut self, id: &ChannelId, offer: Arc<str>) {
        let Some(leg) = self.web_leg(id) else { return };
        if let Stage::Reoffering { by } = &mut leg.stage {
            let by = by.take();
            return self.ask_page(id, by, offer);
        }
        if !matches!(leg.stage, Stage::Offering) {
            tracing::warn!(channel = %id, "A peer offers what nobody asked");
            return;
        }
        leg.stage = Stage::Ringing;
        let call_id = leg.call_id.clone();
        let (from, headers) = (self.web_caller(id), self.web_invite_headers(id));
        self.tell_page(id, |channel| WebEventKind::Incoming {
            channel,
            offer,
            from,
            call_id,
            headers,
        });
        self.mark_ringing(id);
        self.run_hooks(id, "ring");
        self.leg_ringing(id);
    }

    fn peer_agreed(&mut self, id: &ChannelId, agreed: WebAgreed) {
        let Some(leg) = self.web_leg(id) else { return };
        if let Stage::Retaking { by, video } = &mut leg.stage {
            let (by, video) = (by.take(), *video);
            return self.page_agreed(id, by, agreed, video);
        }
        if !matches!(leg.stage, Stage::Taking) {
            tracing::warn!(channel = %id, "A peer agrees to what nobody asked");
            return;
        }
        leg.stage = Stage::Agreed;
        leg.told_answer = true;
        let headers = std::mem::take(&mut leg.answer_headers);
        if !self.media_agreed(id, agreed) {
            return;
        }
        self.announce_codec(id);
        self.tell_accepted(id, None);
        self.pass_answer_headers(id, headers.iter().map(|(n, v)| (&**n, &**v)));
        self.mark_answered(id);
        self.leg_answered(id);
    }

    /// Sets media up as agreed; false, and the call refused, when there is none.
    pub(super) fn media_agreed(&mut self, id: &ChannelId, agreed: WebAgreed) -> bool {
        let WebAgreed { mut audio, video } = agreed;
        if let Some(spec) = &mut audio
            && self.participation_of(id).is_some()
        {
            // It hears the others through feeds: what the mix has for it must not even be encoded.
            spec.direction = match spec.direction {
                Direction::SendRecv | Direction::RecvOnly => Direction::RecvOnly,
                Direction::SendOnly | Direction::Inactive => Direction::Inactive,
            };
        }
        if audio.is_none() && video.is_none() {
            self.refuse_description(id);
            return false;
        }
        let Some(leg) = self.web_leg(id) else {
            return false;
        };
        leg.video = video;
        leg.spec = audio;
        if let Some(spec) = self.limited_spec(id) {
            let told = Told::with_browser(&spec);
            self.set_var(id, "ep_codec_string", spec.send.codec.name());
            self.set_media(id, spec, &told, false);
        }
        self.link_video(id);
        true
    }

    fn refuse_description(&mut self, id: &ChannelId) {
        self.end_web_with(
            id,
            NOT_ACCEPTABLE,
            reason_phrase(NOT_ACCEPTABLE),
            "send_refuse",
            HangupCause::IncompatibleDestination,
        );
    }

    fn web_peer_refused(&mut self, id: &ChannelId, why: &str) {
        if self.line_opens(id) {
            tracing::warn!(channel = %id, why, "A phone's video gets no ports");
            return self.line_settled(id, None);
        }
        tracing::info!(channel = %id, why, "A description of a page cannot be used");
        let Some(leg) = self.web_leg(id) else { return };
        match &mut leg.stage {
            Stage::Accepting | Stage::Offering => {
                // It never had a description, so it is gone.
                leg.peer_lives = false;
                self.refuse_description(id);
            }
            Stage::Taking => self.refuse_description(id),
            Stage::Updating => {
                leg.stage = Stage::Agreed;
                self.update_failed(id, NOT_ACCEPTABLE);
            }
            Stage::Reoffering { by } => {
                let by = by.take();
                leg.stage = Stage::Agreed;
                self.page_decided(id, by, false);
            }
            Stage::Retaking { by, .. } => {
                let by = by.take();
                leg.stage = Stage::Agreed;
                self.update_failed(id, NOT_ACCEPTABLE);
                self.page_decided(id, by, false);
            }
            Stage::Offered { .. }
            | Stage::Ringing
            | Stage::Agreed
            | Stage::Asking { .. }
            | Stage::Asked { .. } => {
                tracing::warn!(channel = %id, "A peer refuses what nobody asked");
            }
        }
    }

    fn peer_connected(&mut self, id: &ChannelId) {
        let Some(leg) = self.web_leg(id) else { return };
        if !std::mem::replace(&mut leg.established, true) {
            self.participant_connected(id);
            self.tell_page(id, |channel| WebEventKind::Established { channel });
        }
    }

    fn peer_gone(&mut self, id: &ChannelId, peer: PeerId, why: PeerEnd) {
        self.web.peers.remove(&peer);
        if let Some(leg) = self.web_leg(id) {
            leg.peer_lives = false;
        }
        let cause = match why {
            PeerEnd::IceFailed | PeerEnd::DtlsTimeout => HangupCause::MediaTimeout,
            PeerEnd::DtlsFailed => HangupCause::ProtocolError,
            PeerEnd::Closed => HangupCause::NormalClearing,
            PeerEnd::Socket => HangupCause::NetworkOutOfOrder,
        };
        self.end_web_with(id, 0, why.phrase(), "recv_bye", cause);
    }

    /// The page's answer to our offer.
    ///
    /// # Errors
    /// `InvalidState` unless it rings.
    pub(crate) fn take_web_answer(
        &mut self,
        id: &ChannelId,
        answer: &str,
        headers: WebHeaders,
    ) -> Result<(), CommandError> {
        let leg = self
            .web_leg(id)
            .filter(|leg| matches!(leg.stage, Stage::Ringing))
            .ok_or_else(|| CommandError::new(ErrorKind::InvalidState, "the call does not ring"))?;
        leg.stage = Stage::Taking;
        leg.answer_headers = headers;
        let (peer, answer) = (leg.peer, answer.to_owned());
        self.peers(WebCommand::TakeAnswer { peer, answer });
        Ok(())
    }

    /// Holds a page, or takes it off hold: we stop to listen, it is not asked.
    pub(crate) fn limit_web(&mut self, id: &ChannelId) {
        if let Some(spec) = self.limited_spec(id) {
            self.media_of(id, |leg| MediaCommand::SetRemote { leg, spec });
        }
    }

    /// What was agreed with a page, without what we do not listen to while we hold it.
    fn limited_spec(&self, id: &ChannelId) -> Option<LegSpec> {
        let mut spec = self.as_web_leg(id)?.spec.clone()?;
        if self.channels.get(id).is_some_and(|live| live.held_by_us) {
            spec.direction = match spec.direction {
                Direction::SendRecv | Direction::SendOnly => Direction::SendOnly,
                Direction::RecvOnly | Direction::Inactive => Direction::Inactive,
            };
        }
        Some(spec)
    }

    /// The far side answered with headers: its caller gets those it wants to see.
    pub(crate) fn pass_answer_headers<'h>(
        &mut self,
        id: &ChannelId,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    ) {
        let Some(caller) = self.caller_of(id) else {
            return;
        };
        let client = self
            .as_web_leg(&caller)
            .and_then(|leg| self.web.get(leg.client));
        if let Some(client) = client {
            let wanted = client.wanted(headers);
            if let Some(leg) = self.web_leg(&caller) {
                leg.accept_headers = wanted;
            }
        } else if matches!(
            self.channels.get(id).map(|live| &live.end),
            Some(LegEnd::Web(_))
        ) && let Some(leg) = self.sip_leg(&caller)
        {
            leg.answer_headers = headers
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
        }
    }

    /// The far side of a page's call says how it goes.
    pub(super) fn pass_progress(&mut self, caller: &ChannelId, code: u16) {
        let waits = self
            .channels
            .get(caller)
            .is_some_and(|live| live.is_up() && !live.seen.is_answered());
        if waits {
            self.tell_page(caller, |channel| WebEventKind::Proceeding { channel, code });
        }
    }

    /// Another server refuses a page's call: in its own words, as no dialplan of ours had a say.
    pub(super) fn pass_refusal(&mut self, caller: &ChannelId, code: u16) {
        let Some(leg) = self.as_web_leg(caller).filter(|leg| leg.went_direct) else {
            return;
        };
        // Credentials that did not help, unless none were given (sylkrtc.md §5.4).
        if matches!(code, 401 | 407) && leg.foreign {
            let (code, phrase) = crate::web::WRONG_CREDENTIALS;
            self.refuse_web(caller, code, phrase);
        } else {
            self.refuse_web(caller, code, "");
        }
    }

    /// Who calls a page: the caller's number at the domain it came from. The page's own name for our domain is kept,
    /// so that it recognises its contacts.
    fn web_caller(&self, id: &ChannelId) -> WebParty {
        let profile = self
            .channels
            .get(id)
            .and_then(|live| live.seen.profile.as_deref());
        let hidden = profile.map_or_else(Privacy::default, Privacy::of);
        let (name, number) =
            profile.map_or(("", ""), |p| (&*p.caller_id_name, &*p.caller_id_number));
        let name = if hidden.name { ANONYMOUS } else { name };
        if hidden.number {
            return WebParty {
                uri: ANONYMOUS_ADDRESS.into(),
                display_name: name.into(),
            };
        }
        let domain = self
            .as_web_leg(id)
            .and_then(|leg| self.web.get(leg.client))
            .map_or("", |client| &*client.domain);
        let caller = self.caller_of(id);
        let host = caller
            .as_ref()
            .filter(|caller| self.var(caller, "sip_from_user") == Some(number))
            .and_then(|caller| self.var(caller, "sip_from_host"))
            .filter(|host| !self.is_local_host(host))
            .unwrap_or(domain);
        WebParty {
            uri: format!("{number}@{host}").into(),
            display_name: name.into(),
        }
    }

    /// Headers of the INVITE the page wants to see.
    fn web_invite_headers(&self, id: &ChannelId) -> WebHeaders {
        let client = self.as_web_leg(id).and_then(|leg| self.web.get(leg.client));
        let Some(client) = client else {
            return Vec::new();
        };
        let headers = self.custom_headers(id, "sip_h_");
        client.wanted(headers.iter().map(|(n, v)| (n.as_str(), v.as_str())))
    }
}
