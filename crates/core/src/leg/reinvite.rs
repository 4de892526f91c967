//! Changing a session while it runs: hold both ways, new offers.

use api::{ChannelId, CommandError, ErrorKind};
use bytes::Bytes;
use sip::event::IncomingRequest;
use sip::message::Message;
use sip::message::header::HeaderName;
use sip::sdp::{self, CodecOrder};

use crate::Switch;

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
        let wanted = self.wanted_direction(id);
        let Some(media) = self.local_media(id, wanted) else {
            // The media leg is not open yet: every re-INVITE is answered, this one later.
            if let Err(error) =
                self.sip
                    .refuse_reinvite(now, session, 500, &[("Retry-After".into(), "1".into())])
            {
                tracing::debug!(channel = %id, %error, "Refusal cannot be sent");
            }
            return;
        };
        let Some(leg) = self.sip_leg(id) else { return };
        let Some(text) = sdp.filter(|text| !text.is_empty()) else {
            // An offer is asked of us; the answer comes with the ACK.
            let offer = leg.negotiation.offer(&media).print();
            leg.awaits_answer = true;
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
        let wanted = self.wanted_direction(id);
        let media = self.local_media(id, wanted);
        let (Some(media), Some(leg)) = (media, self.sip_leg(id)) else {
            return;
        };
        let Some(session) = leg.session else { return };
        let answered = sdp::parse(text).ok().and_then(|offer| {
            leg.negotiation
                .answer(&offer, &media, CodecOrder::Remote)
                .ok()
        });
        let Some((description, agreed)) = answered else {
            if let Err(error) = self.sip.refuse_reinvite(now, session, 488, &[]) {
                tracing::debug!(channel = %id, %error, "Refusal cannot be sent");
            }
            return;
        };
        let held = agreed.held_by_peer;
        let answer = description.print();
        leg.local_sdp = Some(answer.clone());
        leg.held_by_peer = held;
        self.describe_offer(id, text);
        self.describe_peer(id, &agreed);
        self.mark_held(id, held);
        self.apply_agreed(id, agreed);
        self.own_description(id, &answer);
        if let Err(error) = self.sip.answer_reinvite(now, session, Some(answer), &[]) {
            tracing::debug!(channel = %id, %error, "Answer cannot be sent");
        }
    }

    /// Asks the peer to go on hold, or to come back.
    pub(crate) fn reinvite_for_hold(&mut self, id: &ChannelId, on: bool) {
        let direction = if on {
            sdp::Direction::SendOnly
        } else {
            sdp::Direction::SendRecv
        };
        if let Err(error) = self.send_reinvite(id, direction) {
            tracing::warn!(channel = %id, %error, "Hold is not told to the phone");
        }
    }

    /// Sends a new offer.
    ///
    /// # Errors
    /// `InvalidState` when the channel has no session or one change is under way.
    pub(crate) fn send_reinvite(
        &mut self,
        id: &ChannelId,
        direction: sdp::Direction,
    ) -> Result<(), CommandError> {
        let now = self.now.mono;
        let refused = |why: &str| CommandError::new(ErrorKind::InvalidState, why);
        let media = self
            .local_media(id, direction)
            .ok_or_else(|| refused("the channel has no media"))?;
        let leg = self
            .sip_leg(id)
            .ok_or_else(|| refused("not a SIP channel"))?;
        let session = leg
            .session
            .ok_or_else(|| refused("the session has ended"))?;
        let offer = leg.negotiation.offer(&media).print();
        leg.local_sdp = Some(offer.clone());
        leg.reinviting = true;
        self.own_description(id, &offer);
        self.sip
            .reinvite(now, session, Some(offer), &[])
            .map_err(|error| CommandError::new(ErrorKind::InvalidState, error.to_string()))
    }

    pub(super) fn reinvite_answered(
        &mut self,
        id: &ChannelId,
        sdp: Option<Bytes>,
        response: &Message,
    ) {
        if let Some(leg) = self.sip_leg(id) {
            leg.reinviting = false;
        }
        self.response_variables(id, response);
        let Some(text) = sdp.filter(|text| !text.is_empty()) else {
            return self.phone_decided(id);
        };
        self.peer_description(id, &text);
        if !self.take_answer(id, &text) {
            tracing::warn!(channel = %id, "Answer to our offer does not fit; media stays as it was");
        }
        self.phone_decided(id);
    }

    /// The description the peer sent last.
    pub(super) fn peer_description(&mut self, id: &ChannelId, text: &Bytes) {
        let text = String::from_utf8_lossy(text).into_owned();
        self.set_var(id, "switch_r_sdp", text);
    }

    /// The description we sent last.
    fn own_description(&mut self, id: &ChannelId, text: &Bytes) {
        let text = String::from_utf8_lossy(text).into_owned();
        self.set_var(id, "rtp_local_sdp_str", text);
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

    pub(super) fn reinvite_failed(&mut self, id: &ChannelId, code: u16) {
        if let Some(leg) = self.sip_leg(id) {
            leg.reinviting = false;
        }
        tracing::warn!(channel = %id, code, "Peer refuses our offer; the call stays as it was");
        self.phone_decided(id);
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
