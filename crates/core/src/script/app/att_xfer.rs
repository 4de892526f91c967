//! `att_xfer`: whoever wants to hand a call on talks to the next one first.

use api::cause::Blame;
use api::dial::DialString;
use api::{ChannelId, HangupCause};
use media::control::Whisper;

use super::{App, Started};
use crate::Switch;
use crate::originate::{OriginateId, Purpose};
use crate::script::QueuedMessage;

/// Somebody has left the call for a while to talk to the one it is to go to.
#[derive(Debug)]
pub(crate) struct Consultation {
    /// Whom the channel talked to, and what it was to that.
    partner: ChannelId,
    was_a: bool,
    by_application: bool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Dialling(OriginateId),
    Talking(ChannelId),
}

impl Consultation {
    pub(super) fn is_talking(&self) -> bool {
        match self.stage {
            Stage::Talking(_) => true,
            Stage::Dialling(_) => false,
        }
    }
}

/// `<dial string>`
pub(super) fn att_xfer(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let bridge = switch.channels.get(id).and_then(|live| live.bridge.clone());
    let (Some(bridge), Ok(dial)) = (bridge, DialString::parse(data)) else {
        tracing::warn!(channel = %id, data, "There is no call to be handed on, or nobody to take it");
        return Started::Done;
    };
    switch.hold_partner(id);
    switch.separate(id);
    let timeout = switch.var(id, "call_timeout").and_then(|t| t.parse().ok());
    let timeout = timeout.map(std::time::Duration::from_secs);
    let originate = switch.originate(dial, timeout, Purpose::Bridge { a: id.clone() });
    Started::Waits(App::Consult(Box::new(Consultation {
        partner: bridge.peer,
        was_a: bridge.is_a,
        by_application: bridge.by_application,
        stage: Stage::Dialling(originate),
    })))
}

impl Switch {
    fn consultation(&mut self, id: &ChannelId) -> Option<&mut Consultation> {
        let runs = &mut self.channels.get_mut(id)?.script.runs;
        runs.iter_mut().find_map(|run| {
            if let App::Consult(consultation) = &mut run.app {
                Some(&mut **consultation)
            } else {
                None
            }
        })
    }

    /// Whoever is called for a consultation is there; false when there is none.
    pub(super) fn consulted(&mut self, id: &ChannelId, other: &ChannelId) -> bool {
        let Some(consultation) = self.consultation(id) else {
            return false;
        };
        consultation.stage = Stage::Talking(other.clone());
        self.set_var(id, "originate_disposition", "SUCCESS");
        self.suit(id, other);
        self.connect(id, other, false);
        true
    }

    /// Nobody came; false when there is no consultation.
    pub(super) fn consulted_nobody(&mut self, id: &ChannelId, cause: HangupCause) -> bool {
        if self.consultation(id).is_none() {
            return false;
        }
        self.set_var(id, "originate_disposition", cause.name());
        self.return_to_partner(id);
        true
    }

    /// Takes the consultation off the channel, whatever runs on top of it; it is the innermost application then.
    fn take_consultation(&mut self, id: &ChannelId) -> Option<Consultation> {
        self.consultation(id)?;
        while !matches!(self.innermost_app(id), Some(App::Consult(_)) | None) {
            self.end_innermost(id);
        }
        let app = self.innermost_app(id)?;
        if let App::Consult(consultation) = std::mem::replace(app, App::Starting) {
            Some(*consultation)
        } else {
            None
        }
    }

    /// The partner hears no music any more.
    fn end_consultation_music(&mut self, id: &ChannelId, partner: &ChannelId) {
        let message = QueuedMessage {
            holds: Some(partner.clone()),
            ..QueuedMessage::default()
        };
        self.end_music_of(id, &message);
    }

    /// Whether the partner is still there, and waits.
    fn waits(&self, partner: &ChannelId) -> bool {
        let live = self.channels.get(partner);
        live.is_some_and(|live| live.is_up() && live.bridge.is_none())
    }

    /// The consultation is over, and the call goes on as before; without a partner as after its hangup.
    fn return_to_partner(&mut self, id: &ChannelId) {
        let Some(consultation) = self.take_consultation(id) else {
            return;
        };
        let partner = consultation.partner;
        self.end_consultation_music(id, &partner);
        self.application_done(id, None);
        if !self.waits(&partner) {
            return self.continue_after_bridge(id, HangupCause::NormalClearing);
        }
        let (a, b) = if consultation.was_a {
            (id, &partner)
        } else {
            (&partner, id)
        };
        self.connect(a, b, consultation.by_application);
    }

    /// One side of a consultation hangs up, its bridge still there. The consulted: the call goes on as before. Who
    /// consulted: the two others are connected. False when it was no consultation.
    pub(crate) fn consultation_left(&mut self, id: &ChannelId, cause: HangupCause) -> bool {
        let Some(peer) = self.channels.get(id).and_then(|live| live.bridge.clone()) else {
            return false;
        };
        let peer = peer.peer;
        let talks = |one: Option<&mut Consultation>| one.is_some_and(|one| one.is_talking());
        if talks(self.consultation(&peer)) {
            self.unbridge(&peer, id, cause);
            self.return_to_partner(&peer);
            return true;
        }
        if !talks(self.consultation(id)) {
            return false;
        }
        self.unbridge(id, &peer, cause);
        self.hand_on(id, &peer);
        true
    }

    /// Connects the partner with whom was consulted; the partner, where that is done.
    fn hand_on(&mut self, id: &ChannelId, other: &ChannelId) -> Option<ChannelId> {
        let partner = self.take_consultation(id)?.partner;
        self.end_consultation_music(id, &partner);
        if !self.waits(&partner) {
            self.continue_after_bridge(other, HangupCause::NormalClearing);
            return None;
        }
        if let Err(error) = self.bridge_channels(&partner, other) {
            tracing::warn!(channel = %partner, %error, "A call cannot be handed on");
            self.hangup(other, HangupCause::NormalClearing, Blame::Ours);
            self.continue_after_bridge(&partner, HangupCause::NormalClearing);
            return None;
        }
        Some(partner)
    }

    /// The keys of a consultation: one ends it, one ends the own part of it, one connects all three. True when it was
    /// one of them.
    pub(crate) fn consultation_digit(&mut self, id: &ChannelId, digit: char) -> bool {
        let Some(App::Consult(consultation)) = self.innermost_app(id) else {
            return false;
        };
        let other = match &consultation.stage {
            Stage::Dialling(_) => None,
            Stage::Talking(other) => Some(other.clone()),
        };
        let is = |switch: &Self, name: &str, usual: &str| {
            let key = switch.var(id, name).unwrap_or(usual);
            key.starts_with(digit)
        };
        let cancels = is(self, "attxfer_cancel_key", "#") || is(self, "origination_cancel_key", "");
        if cancels {
            match other {
                Some(other) => self.hangup(&other, HangupCause::NormalClearing, Blame::Caller),
                None => self.cancel_consultation_call(id),
            }
            true
        } else if is(self, "attxfer_hangup_key", "*") {
            self.hangup(id, HangupCause::NormalClearing, Blame::Caller);
            true
        } else if let Some(other) = other
            && is(self, "attxfer_conf_key", "0")
        {
            self.talk_to_both(id, &other);
            true
        } else {
            false
        }
    }

    fn cancel_consultation_call(&mut self, id: &ChannelId) {
        if let Some(Stage::Dialling(call)) = self.consultation(id).map(|one| &one.stage) {
            // What comes of it returns to the partner.
            let call = *call;
            self.cancel_originate(call, HangupCause::OriginatorCancel);
        }
    }

    /// All three talk: the two others are connected, and who consulted talks to both until it hangs up.
    fn talk_to_both(&mut self, id: &ChannelId, other: &ChannelId) {
        self.unbridge(id, other, HangupCause::NormalClearing);
        let partner = self.hand_on(id, other);
        let whisper = Whisper {
            to_leg: true,
            to_other: true,
        };
        let started = match partner {
            Some(partner) => self.join_call(id, partner, whisper),
            None => Started::Done,
        };
        match (started, self.innermost_app(id)) {
            (Started::Waits(app), Some(own)) => *own = app,
            (Started::Waits(_) | Started::Done | Started::Answered(_), _) => {
                self.application_done(id, None);
                self.continue_after_bridge(id, HangupCause::NormalClearing);
            }
        }
    }

    /// The channel is sent elsewhere, or hangs up while the other one is being called.
    pub(super) fn abort_consultation(&mut self, id: &ChannelId, consultation: &Consultation) {
        match &consultation.stage {
            Stage::Dialling(call) => self.cancel_originate(*call, HangupCause::OriginatorCancel),
            Stage::Talking(_) => self.disconnect(id),
        }
        let partner = &consultation.partner;
        self.end_consultation_music(id, partner);
        if self.waits(partner) {
            self.continue_after_bridge(partner, HangupCause::NormalClearing);
        }
    }
}

#[cfg(test)]
mod tests;
