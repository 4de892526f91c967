//! Sound that passes us by: two phones are told each other's addresses, and later ours again (`nomedia`, `uuid_media`).
//!
//! One phone is offered what the other can do and where that listens; its answer is offered to the other one. Only what
//! both have agreed on with us is offered, under the numbers of whoever receives it. Whatever else wants to change the
//! session, or to hear it, brings the sound back first.

use api::{ChannelId, CommandError, ErrorKind};
use bytes::Bytes;
use media::control::{Direction, MediaCommand};
use sip::sdp::{self, Agreed, AgreedCodec, LocalCodec, LocalMedia};

use super::LegEnd;
use crate::Switch;

/// Where the sound of a phone goes.
///
/// | From | To | Because |
/// |---|---|---|
/// | `Here` | `Asked` | an offer says where the other phone is, or that nothing is sent |
/// | `Asked` | `Past` | the phone agreed |
/// | `Asked` | `Here` | it did not |
/// | `Asked`, `Past` | `Here` | anything else changes the session, or the bridge ends |
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) enum Bypass {
    /// To us.
    #[default]
    Here,
    /// The phone has been told another place, and has not answered.
    Asked {
        /// The other phone; `None`: nobody.
        other: Option<ChannelId>,
        /// The other one has agreed already.
        is_second: bool,
    },
    /// To the other phone, or nowhere.
    Past {
        /// The other phone; `None`: nobody.
        other: Option<ChannelId>,
    },
}

fn refused(why: &str) -> CommandError {
    CommandError::new(ErrorKind::InvalidState, why)
}

impl Switch {
    /// `uuid_media`, `uuid_media off`.
    ///
    /// # Errors
    /// `NotFound(Channel)`; `InvalidState` when it is so already, or cannot be.
    pub(crate) fn pass_media(&mut self, id: &ChannelId, past: bool) -> Result<(), CommandError> {
        self.require(id)?;
        if let Some(leg) = self.sip_leg(id) {
            if past && leg.reinviting.is_some() && matches!(leg.bypass, Bypass::Here) {
                leg.leave_wanted = true;
                return Ok(());
            }
            if !past && std::mem::take(&mut leg.leave_wanted) {
                return Ok(());
            }
        }
        if past {
            return self.take_media_out(id);
        }
        match self.sip_leg(id).map(|leg| leg.bypass.clone()) {
            Some(Bypass::Asked { .. } | Bypass::Past { .. }) => {
                self.bring_media_back(id);
                Ok(())
            }
            Some(Bypass::Here) | None => Err(refused("its media is here")),
        }
    }

    /// The change is through behind which the sound was to leave.
    pub(super) fn leave_if_wanted(&mut self, id: &ChannelId) {
        let Some(leg) = self.sip_leg(id) else { return };
        if leg.reinviting.is_some() || !std::mem::take(&mut leg.leave_wanted) {
            return;
        }
        if let Err(error) = self.take_media_out(id) {
            tracing::warn!(channel = %id, %error, "Sound stays with the server");
        }
    }

    /// Takes the media of a phone, and of the one it talks to, out of the server.
    ///
    /// # Errors
    /// `InvalidState` when the phones cannot talk to each other.
    pub(crate) fn take_media_out(&mut self, id: &ChannelId) -> Result<(), CommandError> {
        let Some(live) = self.channels.get(id) else {
            return Ok(());
        };
        match &live.end {
            LegEnd::Sip(_) => {}
            LegEnd::Web(_) => return Err(refused("a page has its media from us alone")),
            // Without a phone there is nothing to take out: asked for, it succeeds (recorded).
            LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => return Ok(()),
        }
        let Some(peer) = live.bridge.as_ref().map(|bridge| bridge.peer.clone()) else {
            self.may_leave(id)?;
            return self.offer_elsewhere(id, None, false);
        };
        self.may_leave(id)?;
        self.may_leave(&peer)?;
        let there = self.as_offered_by(&peer, id)?;
        self.offer_elsewhere(id, Some((peer, there)), false)
    }

    /// Whether nothing of ours needs the sound of a phone, and it can be told to send it elsewhere.
    fn may_leave(&mut self, id: &ChannelId) -> Result<(), CommandError> {
        let Some(live) = self.channels.get(id) else {
            return Err(refused("the channel is gone"));
        };
        if !live.is_up() || !live.seen.is_answered() {
            return Err(refused("the channel is not answered"));
        }
        let attached =
            !live.records.is_empty() || !live.displaced.is_empty() || !live.tones.is_empty();
        if live.held || attached || self.is_overheard(id) {
            return Err(refused("the channel is held, recorded or overheard"));
        }
        let Some(leg) = self.sip_leg(id) else {
            return Err(refused("not a phone"));
        };
        if leg.session.is_none() || leg.agreed.is_none() || leg.awaits_answer {
            return Err(refused("the session is not there yet"));
        }
        if leg.reinviting.is_some() {
            return Err(refused("the session is being changed"));
        }
        if leg.video.agreed.is_some() {
            return Err(refused("pictures go through the server alone"));
        }
        if leg.security.is_on() {
            return Err(refused("encrypted sound goes through the server alone"));
        }
        match leg.bypass {
            Bypass::Here => Ok(()),
            Bypass::Asked { .. } | Bypass::Past { .. } => Err(refused("its media is out already")),
        }
    }

    /// What one phone offers another: its address, and the codecs both have agreed on with us.
    fn as_offered_by(
        &mut self,
        id: &ChannelId,
        to: &ChannelId,
    ) -> Result<LocalMedia, CommandError> {
        let theirs = self.sip_leg(to).and_then(|leg| leg.agreed.clone());
        let own = self.sip_leg(id).and_then(|leg| leg.agreed.clone());
        let (Some(theirs), Some(own)) = (theirs, own) else {
            return Err(refused("the session is not there yet"));
        };
        let media = as_offer(&own, |codec| {
            theirs.codecs.iter().any(|other| is_same(other, codec))
        });
        if media.codecs.iter().all(|codec| codec.auxiliary) {
            return Err(refused("the phones have no codec in common"));
        }
        Ok(media)
    }

    /// Offers a phone another place for its sound.
    fn offer_elsewhere(
        &mut self,
        id: &ChannelId,
        to: Option<(ChannelId, LocalMedia)>,
        is_second: bool,
    ) -> Result<(), CommandError> {
        let now = self.now.mono;
        let (other, media) = match to {
            Some((other, media)) => (Some(other), vec![media]),
            None => {
                let media = self.local_media(id, sdp::Direction::Inactive);
                (
                    None,
                    media.ok_or_else(|| refused("the channel has no media"))?,
                )
            }
        };
        let leg = self.sip_leg(id).ok_or_else(|| refused("not a phone"))?;
        let session = leg
            .session
            .ok_or_else(|| refused("the session has ended"))?;
        let mut negotiation = leg.negotiation.clone();
        let offer = negotiation.offer(&media).print();
        self.sip
            .reinvite(now, session, Some(offer.clone()), &[])
            .map_err(|error| refused(&error.to_string()))?;
        if let Some(leg) = self.sip_leg(id) {
            leg.negotiation = negotiation;
            leg.local_sdp = Some(offer);
            leg.reinviting = Some(false);
            leg.bypass = Bypass::Asked { other, is_second };
        }
        Ok(())
    }

    /// The phone answered the offer of another place. False when it was asked no such thing.
    pub(super) fn elsewhere_answered(&mut self, id: &ChannelId, text: Option<&Bytes>) -> bool {
        let Some(leg) = self.sip_leg(id) else {
            return false;
        };
        let Bypass::Asked { other, is_second } = leg.bypass.clone() else {
            return false;
        };
        let answer = text.and_then(|text| sdp::parse(text).ok());
        let agreed = answer.and_then(|answer| leg.negotiation.accept(&answer).ok());
        let Some(agreed) = agreed else {
            tracing::warn!(channel = %id, "Answer to another place for the sound does not fit");
            self.bring_media_back(id);
            return true;
        };
        leg.bypass = Bypass::Past {
            other: other.clone(),
        };
        self.silence_media(id);
        let Some(other) = other else { return true };
        if is_second {
            self.check_place(id, &other, &agreed);
            return true;
        }
        let offer = as_offer(&agreed, |_| true);
        if let Err(error) = self.offer_elsewhere(&other, Some((id.clone(), offer)), true) {
            tracing::warn!(channel = %other, %error, "Sound stays with the server");
            self.bring_media_back(id);
        }
        true
    }

    /// The first phone was told where the second one listened before; one that has moved would not be heard.
    fn check_place(&mut self, second: &ChannelId, first: &ChannelId, agreed: &Agreed) {
        let told = self
            .sip_leg(second)
            .and_then(|leg| leg.agreed.as_ref())
            .map(|before| before.remote);
        if told != Some(agreed.remote) {
            tracing::warn!(channel = %second, "The phone has moved its sound; it comes back");
            self.bring_media_back(first);
        }
    }

    /// The phone refused the offer of another place. False when it was asked no such thing.
    pub(super) fn elsewhere_refused(&mut self, id: &ChannelId) -> bool {
        let Some(leg) = self.sip_leg(id) else {
            return false;
        };
        let Bypass::Asked { other, is_second } = leg.bypass.clone() else {
            return false;
        };
        leg.bypass = Bypass::Here;
        if let (Some(other), true) = (other, is_second) {
            self.bring_media_back(&other);
        }
        true
    }

    /// Brings the sound of a phone, and of the one it is sent to, back to us. Nothing happens where it is here.
    pub(crate) fn bring_media_back(&mut self, id: &ChannelId) {
        let other = self.own_bypass(id);
        for id in std::iter::once(id.clone()).chain(other) {
            self.own_bypass(&id);
            if !self.channels.get(&id).is_some_and(|live| live.is_up()) {
                continue;
            }
            if let Err(error) = self.offer_anew(&id) {
                tracing::warn!(channel = %id, %error, "Sound cannot be brought back");
            }
        }
    }

    /// The session of a phone is about to be changed with our own description: the other phone comes back as well.
    pub(super) fn end_bypass(&mut self, id: &ChannelId) {
        let Some(other) = self.own_bypass(id) else {
            return;
        };
        self.bring_media_back(&other);
    }

    /// Takes a phone's sound for ours again, and says whom it was sent to, if there is one that is still elsewhere.
    fn own_bypass(&mut self, id: &ChannelId) -> Option<ChannelId> {
        let leg = self.sip_leg(id)?;
        let other = match std::mem::take(&mut leg.bypass) {
            Bypass::Here => return None,
            Bypass::Asked { other, .. } | Bypass::Past { other } => other?,
        };
        let elsewhere = self
            .sip_leg(&other)
            .is_some_and(|leg| leg.bypass != Bypass::Here);
        // Of two of which only the first was asked, the second has never left.
        elsewhere.then_some(other)
    }

    /// Whether something of ours needs the sound of a channel: then it comes back.
    pub(crate) fn need_media(&mut self, id: &ChannelId) {
        let out = self
            .sip_leg(id)
            .is_some_and(|leg| leg.bypass != Bypass::Here);
        if out {
            self.bring_media_back(id);
        }
    }

    /// `bypass_media`, `bypass_media_after_bridge`: as soon as both have answered and can be told.
    pub(crate) fn settle_bypass(&mut self, id: &ChannelId) {
        let Some(bridge) = self.channels.get(id).and_then(|live| live.bridge.clone()) else {
            return;
        };
        let (a, b) = if bridge.is_a {
            (id.clone(), bridge.peer)
        } else {
            (bridge.peer, id.clone())
        };
        let wanted = ["bypass_media", "bypass_media_after_bridge"]
            .iter()
            .any(|name| self.var_true(&a, name));
        let is_here = |leg: &mut super::SipLeg| leg.bypass == Bypass::Here;
        let both_here =
            self.sip_leg(&a).is_some_and(is_here) && self.sip_leg(&b).is_some_and(is_here);
        if !wanted || !bridge.by_application || !both_here {
            return;
        }
        // The callee's session is there; the caller's may wait for its ACK, behind which this is tried again.
        if let Err(error) = self.take_media_out(&b) {
            tracing::debug!(channel = %b, %error, "Sound stays with the server");
        }
    }

    /// Nothing comes from or goes to the phone through us.
    fn silence_media(&mut self, id: &ChannelId) {
        let Some(mut spec) = self.agreed_spec(id) else {
            return;
        };
        spec.direction = Direction::Inactive;
        self.media_of(id, |leg| MediaCommand::SetRemote { leg, spec });
    }
}

/// A phone's side of what was agreed, as it would offer it itself.
fn as_offer(agreed: &Agreed, takes: impl Fn(&AgreedCodec) -> bool) -> LocalMedia {
    let codecs = agreed.codecs.iter().filter(|codec| takes(codec));
    LocalMedia {
        kind: agreed.kind.clone(),
        protocol: "RTP/AVP".into(),
        address: agreed.remote,
        codecs: codecs
            .map(|codec| LocalCodec {
                codec: sdp::Codec {
                    payload_type: codec.send_payload_type,
                    ..codec.remote.clone()
                },
                auxiliary: codec.auxiliary,
            })
            .collect(),
        direction: sdp::Direction::SendRecv,
        ptime_ms: agreed.ptime_ms,
        attributes: Vec::new(),
    }
}

fn is_same(a: &AgreedCodec, b: &AgreedCodec) -> bool {
    a.remote.name.eq_ignore_ascii_case(&b.remote.name) && a.remote.clock_rate == b.remote.clock_rate
}
