//! Changing a session while it runs: hold both ways, new offers.

use api::{ChannelId, CommandError, ErrorKind};
use bytes::Bytes;
use sip::event::IncomingRequest;
use sip::message::Message;
use sip::message::header::HeaderName;
use sip::sdp;

use super::secure::shown_description;
use crate::Switch;

/// What we want to be agreed on with a peer that is held, or not.
fn direction(hold: bool) -> sdp::Direction {
    if hold {
        sdp::Direction::SendOnly
    } else {
        sdp::Direction::SendRecv
    }
}

impl Switch {
    /// The peer changes the session.
    pub(super) fn peer_reinvites(
        &mut self,
        id: &ChannelId,
        sdp: Option<Bytes>,
        request: &IncomingRequest,
    ) {
        let now = self.now.mono;
        let Some(session) = self.sip_leg(id).and_then(|leg| leg.session) else {
            return;
        };
        let hold = self.wants_hold(id);
        let is_open = self
            .channels
            .get(id)
            .is_some_and(|live| live.media.local.is_some());
        if !is_open {
            // The media leg is not open yet: every re-INVITE is answered, this one later.
            if let Err(error) =
                self.sip
                    .refuse_reinvite(now, session, 500, &[("Retry-After".into(), "1".into())])
            {
                tracing::debug!(channel = %id, %error, "Refusal cannot be sent");
            }
            return;
        }
        self.end_bypass(id);
        let Some(text) = sdp.filter(|text| !text.is_empty()) else {
            // An offer is asked of us; the answer comes with the ACK.
            let media = self.local_media(id, direction(hold));
            let (Some(media), Some(leg)) = (media, self.sip_leg(id)) else {
                return;
            };
            let offer = leg.negotiation.offer(&media).print();
            leg.awaits_answer = true;
            leg.told_hold = hold;
            leg.local_sdp = Some(offer.clone());
            if let Err(error) = self.sip.answer_reinvite(now, session, Some(offer), &[]) {
                tracing::debug!(channel = %id, %error, "Offer cannot be sent");
            }
            return;
        };
        self.request_variables(id, request);
        self.peer_description(id, &text);
        if !self.asks_for_pictures(id, &text) {
            self.answer_peer(id, &text);
        }
    }

    /// Answers the peer's offer that changes the session.
    pub(super) fn answer_peer(&mut self, id: &ChannelId, text: &Bytes) {
        let now = self.now.mono;
        self.end_bypass(id);
        let hold = self.wants_hold(id);
        let Some(session) = self.sip_leg(id).and_then(|leg| leg.session) else {
            return;
        };
        let Some((description, agreed)) = self.answer_offer(id, text, direction(hold)) else {
            if let Err(error) = self.sip.refuse_reinvite(now, session, 488, &[]) {
                tracing::debug!(channel = %id, %error, "Refusal cannot be sent");
            }
            return;
        };
        let held = agreed.held_by_peer;
        let answer = description.print();
        if let Some(leg) = self.sip_leg(id) {
            leg.told_hold = hold;
            leg.local_sdp = Some(answer.clone());
        }
        self.describe_offer(id, text);
        self.describe_peer(id, &agreed);
        self.mark_held_by_peer(id, held);
        self.apply_agreed(id, agreed);
        self.own_description(id, &answer);
        if let Err(error) = self.sip.answer_reinvite(now, session, Some(answer), &[]) {
            tracing::debug!(channel = %id, %error, "Answer cannot be sent");
        }
    }

    fn wants_hold(&self, id: &ChannelId) -> bool {
        self.channels.get(id).is_some_and(|live| live.held_by_us)
    }

    /// Tells the peer whether it is held, unless a change is under way: then it hears of it behind that.
    ///
    /// # Errors
    /// As those of [`send_reinvite`](Self::send_reinvite).
    pub(crate) fn tell_hold(&mut self, id: &ChannelId) -> Result<(), CommandError> {
        match self.sip_leg(id).map(|leg| leg.reinviting) {
            Some(Some(_)) => Ok(()),
            Some(None) | None => self.send_reinvite(id),
        }
    }

    /// Sends a new offer.
    ///
    /// # Errors
    /// `InvalidState` when the channel has no session or one change is under way.
    pub(crate) fn send_reinvite(&mut self, id: &ChannelId) -> Result<(), CommandError> {
        let now = self.now.mono;
        let refused = |why: &str| CommandError::new(ErrorKind::InvalidState, why);
        self.end_bypass(id);
        let hold = self.wants_hold(id);
        let media = self
            .local_media(id, direction(hold))
            .ok_or_else(|| refused("the channel has no media"))?;
        let leg = self
            .sip_leg(id)
            .ok_or_else(|| refused("not a SIP channel"))?;
        let session = leg
            .session
            .ok_or_else(|| refused("the session has ended"))?;
        if leg.reinviting.is_some() {
            return Err(refused("the session is being changed"));
        }
        // Nothing is offered before the offer is on its way.
        let mut negotiation = leg.negotiation.clone();
        let offer = negotiation.offer(&media).print();
        self.sip
            .reinvite(now, session, Some(offer.clone()), &[])
            .map_err(|error| refused(&error.to_string()))?;
        if let Some(leg) = self.sip_leg(id) {
            leg.negotiation = negotiation;
            leg.local_sdp = Some(offer.clone());
            leg.reinviting = Some(hold);
        }
        self.own_description(id, &offer);
        Ok(())
    }

    pub(super) fn reinvite_answered(
        &mut self,
        id: &ChannelId,
        sdp: Option<Bytes>,
        response: &Message,
    ) {
        let asked = self.sip_leg(id).and_then(|leg| leg.reinviting.take());
        if let (Some(hold), Some(leg)) = (asked, self.sip_leg(id)) {
            leg.told_hold = hold;
        }
        self.response_variables(id, response);
        let sdp = sdp.filter(|text| !text.is_empty());
        if self.elsewhere_answered(id, sdp.as_ref()) {
            // What was agreed is for the other phone.
        } else if let Some(text) = sdp {
            self.peer_description(id, &text);
            if !self.take_answer(id, &text) {
                tracing::warn!(channel = %id, "Answer to our offer does not fit; media stays as it was");
            } else if asked == Some(false) {
                // Offered everything, it says itself whether it holds us.
                let agreed = self.sip_leg(id).and_then(|leg| leg.agreed.as_ref());
                if let Some(held) = agreed.map(|agreed| agreed.held_by_peer) {
                    self.mark_held_by_peer(id, held);
                }
            }
        }
        self.settle_hold(id);
        self.offer_once_more(id);
        self.leave_if_wanted(id);
        self.phone_decided(id);
    }

    /// Sends a new offer, behind the change that is under way if there is one.
    ///
    /// # Errors
    /// As those of [`send_reinvite`](Self::send_reinvite).
    pub(crate) fn offer_anew(&mut self, id: &ChannelId) -> Result<(), CommandError> {
        match self.sip_leg(id) {
            Some(leg) if leg.reinviting.is_some() => {
                leg.offer_again = true;
                Ok(())
            }
            Some(_) | None => self.send_reinvite(id),
        }
    }

    /// The offer that had to wait; one that was sent meanwhile says the same.
    fn offer_once_more(&mut self, id: &ChannelId) {
        let Some(leg) = self.sip_leg(id) else { return };
        let waits = std::mem::take(&mut leg.offer_again) && leg.reinviting.is_none();
        if waits && let Err(error) = self.send_reinvite(id) {
            tracing::warn!(channel = %id, %error, "What was wanted meanwhile cannot be offered");
        }
    }

    pub(super) fn reinvite_failed(&mut self, id: &ChannelId, code: u16) {
        tracing::warn!(channel = %id, code, "Peer refuses our offer; the call stays as it was");
        let asked = self.sip_leg(id).and_then(|leg| leg.reinviting.take());
        if self.elsewhere_refused(id) {
            // It stays where it was.
        } else if asked == Some(self.wants_hold(id)) {
            self.undo_hold(id);
        } else {
            self.settle_hold(id);
        }
        self.offer_once_more(id);
        self.leave_if_wanted(id);
        self.phone_decided(id);
    }

    /// The peer changed the session while our offer waited: a new one is made of what is wanted now.
    pub(super) fn reinvite_outdated(&mut self, id: &ChannelId) {
        if let Some(leg) = self.sip_leg(id) {
            leg.reinviting = None;
        }
        self.send_reinvite_or_undo(id);
    }

    /// Tells the peer what has become wanted while a change was under way.
    fn settle_hold(&mut self, id: &ChannelId) {
        let told = self.sip_leg(id).map(|leg| leg.told_hold);
        if told.is_some_and(|told| told != self.wants_hold(id)) {
            self.send_reinvite_or_undo(id);
        }
    }

    fn send_reinvite_or_undo(&mut self, id: &ChannelId) {
        if let Err(error) = self.send_reinvite(id) {
            tracing::warn!(channel = %id, %error, "Change is not told to the phone");
            self.undo_hold(id);
        }
    }

    /// What the peer did not agree to is not so.
    fn undo_hold(&mut self, id: &ChannelId) {
        if let Some(told) = self.sip_leg(id).map(|leg| leg.told_hold) {
            self.mark_held_by_us(id, told);
        }
    }

    /// The description the peer sent last.
    pub(super) fn peer_description(&mut self, id: &ChannelId, text: &Bytes) {
        self.set_var(id, "switch_r_sdp", shown_description(text));
    }

    /// The description we sent last.
    fn own_description(&mut self, id: &ChannelId, text: &Bytes) {
        self.set_var(id, "rtp_local_sdp_str", shown_description(text));
    }

    /// The variables a request of the peer inside the session sets.
    pub(super) fn request_variables(&mut self, id: &ChannelId, request: &Message) {
        let mut pairs: Vec<(&str, String)> = Vec::with_capacity(8);
        // Names are those of the first INVITE: where we made it, the peer's From is what was To then.
        let outbound = self
            .channels
            .get(id)
            .is_some_and(|live| live.seen.direction == api::view::Direction::Outbound);
        let (to, from) = if outbound {
            (request.from(), request.to())
        } else {
            (request.to(), request.from())
        };
        if let Some(tag) = to.and_then(|to| to.tag()) {
            pairs.push(("sip_to_tag", tag.to_owned()));
        }
        if let Some(tag) = from.and_then(|from| from.tag()) {
            pairs.push(("sip_from_tag", tag.to_owned()));
        }
        if let Some(cseq) = request.cseq() {
            pairs.push(("sip_cseq", cseq.number.to_string()));
        }
        pairs.push(("sip_call_id", request.call_id().to_owned()));
        if let Some(via) = request.header(HeaderName::Via) {
            pairs.push(("sip_full_via", via.to_owned()));
        }
        if let Some(from) = request.from().filter(|from| !from.display.is_empty()) {
            pairs.push(("sip_from_display", from.display_name().to_string()));
        }
        for (name, header) in [
            ("sip_full_from", HeaderName::From),
            ("sip_full_to", HeaderName::To),
        ] {
            if let Some(value) = request.header(header) {
                pairs.push((name, value.to_owned()));
            }
        }
        self.set_vars(id, &pairs);
    }

    /// `uuid_deflect`, `deflect`: the caller is sent elsewhere.
    ///
    /// # Errors
    /// `InvalidArgument` for a URI that cannot be read, `NotSupported` for channels without SIP.
    pub(crate) fn deflect_channel(
        &mut self,
        id: &ChannelId,
        uri: &str,
    ) -> Result<(), CommandError> {
        let now = self.now.mono;
        self.require(id)?;
        let uri = if uri.contains(':') {
            uri.to_owned()
        } else {
            format!("sip:{uri}")
        };
        if sip::message::Uri::parse(&uri).is_err() {
            return Err(CommandError::new(
                ErrorKind::InvalidArgument("uri"),
                "the URI cannot be read",
            ));
        }
        let answered = self
            .channels
            .get(id)
            .is_some_and(|live| live.seen.is_answered());
        let Some(leg) = self.sip_leg(id) else {
            // No phone, nobody to send elsewhere; clients of the original hear success all the same (recorded).
            return Ok(());
        };
        let Some(session) = leg.session else {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "the session has ended",
            ));
        };
        let failed = |error: sip::endpoint::EndpointError| {
            CommandError::new(ErrorKind::InvalidState, error.to_string())
        };
        if answered {
            let headers = [("Refer-To".to_owned(), format!("<{uri}>"))];
            self.sip
                .request_in_dialog(now, session, sip::message::Method::Refer, &headers, None)
                .map_err(failed)?;
            return Ok(());
        }
        leg.session = None;
        leg.disposition = Some("send_refuse");
        self.sessions.remove(&session);
        self.sip
            .reject(
                now,
                session,
                302,
                "",
                &[("Contact".to_owned(), format!("<{uri}>"))],
            )
            .map_err(failed)?;
        self.hangup(
            id,
            api::HangupCause::RedirectionToNewDestination,
            api::cause::Blame::Ours,
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests;
