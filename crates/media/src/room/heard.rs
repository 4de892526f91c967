//! What a listener hears, as far as others can hear the same: two whose [`Heard`] are equal are sent the same sound.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::Room;
use super::audibility::Groups;
use super::hall::Listening;
use super::member::Member;
use crate::control::{MemberControls, Place};
use crate::leg::packetiser::Format;
use crate::leg::{Exchange, Kind, Leg};
use crate::spatial::Mixing;

/// What those who share have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Heard {
    format: Format,
    /// Nothing is heard at all where there is none.
    sound: Option<Sound>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sound {
    groups: Groups,
    /// The bits of a factor.
    volume: u32,
    /// How it is heard in three dimensions; `None`: the plain mix.
    view: Option<View>,
}

/// How a listener hears in three dimensions. What its way to listen leaves out of account is as by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct View {
    mixing: Mixing,
    reverb: bool,
    place: Place,
    attenuation_db_per_m: u8,
    max_distance_cm: u32,
}

impl Heard {
    /// Equal ones have equal marks.
    pub(super) fn mark(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

impl View {
    fn new(place: &Place, controls: &MemberControls, is_stereo: bool) -> Self {
        let mixing = Listening::mixing(controls, is_stereo);
        let everywhere = Self {
            mixing,
            reverb: false,
            place: Place::default(),
            attenuation_db_per_m: 0,
            max_distance_cm: 0,
        };
        match mixing {
            Mixing::Bypass | Mixing::Flat => everywhere,
            Mixing::Mono => Self {
                place: Place {
                    position_cm: place.position_cm,
                    ..Place::default()
                },
                attenuation_db_per_m: controls.attenuation_db_per_m,
                max_distance_cm: controls.max_distance_cm,
                ..everywhere
            },
            Mixing::Spatial(_) => Self {
                mixing,
                reverb: controls.reverb,
                place: *place,
                attenuation_db_per_m: controls.attenuation_db_per_m,
                max_distance_cm: controls.max_distance_cm,
            },
        }
    }
}

impl Room {
    /// What a member hears, if others can be sent the same.
    pub(super) fn heard(&self, at: usize, leg: &Leg) -> Option<Heard> {
        let member = &self.members[at];
        if leg.is_shaped() || !leg.records.is_empty() {
            return None;
        }
        let (Exchange::Room { .. }, Kind::Rtp(side)) = (&leg.exchange, &leg.kind) else {
            return None;
        };
        let format = side.format()?;
        if member.volume() == 0.0 {
            return Some(Heard {
                format,
                sound: None,
            });
        }
        if member.hears_selectively() || self.is_heard(member) {
            return None;
        }
        let is_listening = member.listening.is_some();
        let sound = Sound {
            groups: member.groups(),
            volume: member.volume().to_bits(),
            view: is_listening
                .then(|| View::new(member.place(), member.controls(), side.is_stereo())),
        };
        Some(Heard {
            format,
            sound: Some(sound),
        })
    }

    /// Whether the others hear anything of a member, so that something has to be left out of what it hears itself.
    fn is_heard(&self, member: &Member) -> bool {
        let rings = || {
            let hall = self.hall.as_ref();
            member
                .slot
                .is_some_and(|slot| hall.is_some_and(|hall| hall.sounds(slot)))
        };
        (member.may_be_heard() && !member.says_nothing()) || (member.listening.is_some() && rings())
    }
}
