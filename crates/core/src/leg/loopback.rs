//! `loopback/…`: two channels back to back; what one says the other hears.

use api::view::{CallerProfile, Direction};
use api::{ChannelId, HangupCause};
use media::control::LegKind;

use super::{LegEnd, LoopbackDestination, LoopbackHalf};
use crate::Switch;
use crate::channel::{INTERNAL_RATE_HZ, InboundChannel};

impl LoopbackDestination {
    /// Reads `9196/default/XML`; what is missing has its default.
    pub(crate) fn parse(address: &str) -> Self {
        let last = address.rsplit('/').find(|part| !part.is_empty());
        let mut parts = address.split('/');
        let mut next = |default: &str| {
            parts
                .next()
                .filter(|p| !p.is_empty())
                .unwrap_or(default)
                .into()
        };
        Self {
            extension: next("service"),
            context: next("default"),
            dialplan: next("xml"),
            last: last.unwrap_or("service").into(),
        }
    }
}

impl Switch {
    /// Makes the `-b` half of a loopback whose `-a` half is in CS_INIT.
    pub(super) fn create_other_half(&mut self, a: &ChannelId) {
        let Some(live) = self.channels.get(a) else {
            return;
        };
        let LegEnd::Loopback(half) = &live.end else {
            return;
        };
        let destination = half.destination.clone();
        let worker = live.media.worker;
        let Some(a_profile) = live.seen.profile.clone() else {
            return;
        };
        let inherited = half.variables.clone();
        let exports: Vec<_> = self.exported(a);
        let mut profile: CallerProfile = (*a_profile).clone();
        profile.direction = Direction::Inbound;
        profile.logical_direction = Direction::Inbound;
        profile.destination_number = (&*destination.extension).into();
        profile.context = (&*destination.context).into();
        profile.dialplan = (&*destination.dialplan).into();
        profile.index = 1;
        let name = format!("loopback/{}-b", destination.extension);
        let media = self.new_media(worker);
        let half = LoopbackHalf {
            other: a.clone(),
            destination,
            variables: Vec::new(),
        };
        let b = self.create_inbound(InboundChannel {
            end: LegEnd::Loopback(half),
            name,
            profile,
            variables: Vec::new(),
            media,
        });
        for (name, value) in inherited.into_iter().chain(exports) {
            self.set_var(&b, &name, &*value);
        }
        for (id, other, leg) in [(a, &b, "A"), (&b, a, "B")] {
            self.set_var(id, "other_loopback_leg_uuid", other.as_str());
            self.set_var(id, "loopback_leg", leg);
        }
        self.apply_channel_switches(&b);
        if let Some(live) = self.channels.get_mut(a)
            && let LegEnd::Loopback(half) = &mut live.end
        {
            half.other = b.clone();
        }
        let legs = self
            .channels
            .get(a)
            .zip(self.channels.get(&b))
            .map(|(la, lb)| (la.media.id, lb.media.id));
        if let Some((leg_a, leg_b)) = legs {
            self.open_internal_media(
                a,
                LegKind::Pair {
                    other: leg_b,
                    rate_hz: INTERNAL_RATE_HZ,
                },
            );
            self.open_internal_media(
                &b,
                LegKind::Pair {
                    other: leg_a,
                    rate_hz: INTERNAL_RATE_HZ,
                },
            );
        }
    }

    fn other_half(&self, id: &ChannelId) -> Option<ChannelId> {
        match &self.channels.get(id)?.end {
            LegEnd::Loopback(half) if half.other != *id => Some(half.other.clone()),
            LegEnd::Loopback(_)
            | LegEnd::Sip(_)
            | LegEnd::Web(_)
            | LegEnd::Pickup(_)
            | LegEnd::Null => None,
        }
    }

    /// The `-b` half answers: the `-a` half is answered first.
    pub(super) fn answer_loopback(&mut self, b: &ChannelId) {
        if let Some(a) = self.other_half(b) {
            self.mark_answered(&a);
            self.leg_answered(&a);
        }
        self.mark_answered(b);
    }

    pub(super) fn pre_answer_loopback(&mut self, b: &ChannelId) {
        if let Some(a) = self.other_half(b) {
            self.mark_early(&a);
            self.leg_early(&a);
        }
        self.mark_early(b);
    }

    pub(super) fn ring_loopback(&mut self, b: &ChannelId) {
        if let Some(a) = self.other_half(b) {
            self.mark_ringing(&a);
            self.leg_ringing(&a);
        }
        self.mark_ringing(b);
    }

    /// A half has ended: the other one ends with the same cause.
    pub(crate) fn loopback_ended(&mut self, id: &ChannelId) {
        let Some(other) = self.other_half(id) else {
            return;
        };
        let Some(hangup) = self.channels.get(id).and_then(|live| live.seen.hangup) else {
            return;
        };
        let none = hangup.cause == HangupCause::None;
        let cause = if none {
            HangupCause::NormalClearing
        } else {
            hangup.cause
        };
        self.hangup(&other, cause, hangup.blame);
    }
}
