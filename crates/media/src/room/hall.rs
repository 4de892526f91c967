//! A room heard in three dimensions: talkers have places, and whoever asks for it hears each from its own.
//!
//! Made for the first listener who asks. Its talkers are transformed once for all listeners; of those talking at the same time
//! [`TALKERS`] have directions, any more are heard from the middle.

use std::sync::Arc;

use super::member::Member;
use crate::control::{LegId, MemberControls, Place};
use crate::dsp::Resampler;
use crate::frame::{Frame, MAX_FRAME_SAMPLES, MAX_RATE_HZ};
use crate::leg::playout::converter;
use crate::spatial::{
    Attenuation, Device, HalfSpan, Heading, Hearing, Listener, ListenerControls, MixSpace, Mixing,
    Pose, Position, Renderer, Sound, SourceSpectrum, Viewpoint,
};

/// Talkers with a direction at one time.
pub(super) const TALKERS: usize = 32;
/// Full scale of a 16-bit sample.
const FULL_SCALE: f32 = 32_768.0;

/// What all listeners of a room in three dimensions share.
pub(super) struct Hall {
    renderer: Arc<Renderer>,
    space: MixSpace,
    talkers: Vec<Talker>,
    voice: Box<[f32; MAX_FRAME_SAMPLES]>,
    left: Box<[f32; MAX_FRAME_SAMPLES]>,
    right: Box<[f32; MAX_FRAME_SAMPLES]>,
    /// Half of the difference between the ears of whoever listened last.
    pub(super) side: Box<Frame>,
}

/// A place for somebody who talks.
struct Talker {
    owner: Option<LegId>,
    position: Position,
    source: SourceSpectrum,
    /// It was heard in the tick before.
    was_audible: bool,
}

/// How one member listens.
pub(super) struct Listening {
    listener: Listener,
    view: Viewpoint,
    /// For the difference between the ears, where the leg has another rate.
    down: Option<Resampler>,
}

/// Who is heard by a listener.
pub(super) trait Audience {
    /// Whether the listener hears what this leg says.
    fn hears(&self, speaker: LegId) -> bool;
}

impl Hall {
    pub(super) fn new(renderer: &Arc<Renderer>) -> Self {
        let talker = || Talker {
            owner: None,
            position: Position::default(),
            source: SourceSpectrum::with_reverb(renderer),
            was_audible: false,
        };
        Self {
            renderer: renderer.clone(),
            space: MixSpace::new(renderer),
            talkers: (0..TALKERS).map(|_| talker()).collect(),
            voice: Box::new([0.0; MAX_FRAME_SAMPLES]),
            left: Box::new([0.0; MAX_FRAME_SAMPLES]),
            right: Box::new([0.0; MAX_FRAME_SAMPLES]),
            side: Box::new(Frame::silent(MAX_RATE_HZ)),
        }
    }

    /// Takes what a member says in this tick. False: nobody gives it a direction, there are too many.
    pub(super) fn take(&mut self, member: &Member) -> bool {
        let leg = member.leg;
        let has = self.talkers.iter().position(|t| t.owner == Some(leg));
        let is_audible = member.is_audible();
        let free = || self.talkers.iter().position(|t| t.owner.is_none());
        let Some(at) = has.or_else(|| free().filter(|_| is_audible)) else {
            return !is_audible;
        };
        let talker = &mut self.talkers[at];
        talker.owner = Some(leg);
        talker.position = position(member.place());
        if is_audible {
            for (to, &sample) in self.voice.iter_mut().zip(member.voice()) {
                *to = f32::from(sample) / FULL_SCALE;
            }
            talker.source.analyse(Sound::Mono(&self.voice[..]));
        } else if talker.was_audible {
            talker.source.fade_out();
        } else {
            talker.source.analyse(Sound::Mono(&[]));
            if talker.source.is_silent() {
                talker.source.reset();
                talker.owner = None;
            }
        }
        talker.was_audible = is_audible;
        true
    }

    /// A member is gone: what it said ends in the next tick.
    pub(super) fn leave(&mut self, leg: LegId) {
        for talker in self.talkers.iter_mut().filter(|t| t.owner == Some(leg)) {
            talker.source.reset();
            talker.owner = None;
            talker.was_audible = false;
        }
    }

    /// What a listener hears of the talkers in this tick, at 48 kHz: half of what both ears hear together is added to
    /// `mid`, half of their difference is put into [`Hall::side`]. False: there is no difference.
    pub(super) fn render(
        &mut self,
        listening: &mut Listening,
        me: LegId,
        audience: &impl Audience,
        mid: &mut [i32],
    ) -> bool {
        let Listening { listener, view, .. } = listening;
        let mixing = listener.controls().mixing;
        let mut mix = listener.begin(&mut self.space);
        for (slot, talker) in self.talkers.iter().enumerate() {
            let Some(speaker) = talker.owner.filter(|owner| *owner != me) else {
                continue;
            };
            let hearing = Hearing {
                audible: audience.hears(speaker),
                ..view.hear(slot, talker.position)
            };
            mix.add(slot, &talker.source, hearing);
        }
        mix.render(&mut self.left[..], &mut self.right[..]);
        let ears = self.left.iter().zip(self.right.iter());
        let mut is_wide = matches!(mixing, Mixing::Spatial(_));
        let both = mid.iter_mut().zip(self.side.samples_mut());
        for ((mid, side), (left, right)) in both.zip(ears) {
            *mid += ((left + right) * (FULL_SCALE / 2.0)).round() as i32;
            *side = ((left - right) * (FULL_SCALE / 2.0)).round() as i16;
            is_wide |= *side != 0;
        }
        is_wide
    }

    pub(super) fn renderer(&self) -> &Arc<Renderer> {
        &self.renderer
    }
}

impl Listening {
    pub(super) fn new(renderer: &Arc<Renderer>, leg_rate_hz: u32) -> Self {
        Self {
            listener: Listener::new(renderer, TALKERS),
            view: Viewpoint::new(TALKERS),
            down: converter(MAX_RATE_HZ, leg_rate_hz),
        }
    }

    /// The leg has another rate.
    pub(super) fn set_rate(&mut self, leg_rate_hz: u32) {
        self.down = converter(MAX_RATE_HZ, leg_rate_hz);
    }

    /// Takes where the listener is and how it is set; `is_stereo` says whether its peer plays two channels.
    pub(super) fn set(&mut self, place: &Place, controls: &MemberControls, is_stereo: bool) {
        self.view.set_pose(Pose {
            position: position(place),
            heading: Heading::new(place.azimuth_deg, place.elevation_deg).unwrap_or_default(),
        });
        let attenuation = Attenuation::new(controls.attenuation_db_per_m, controls.max_distance_cm);
        self.view.set_attenuation(attenuation.unwrap_or_default());
        let device = if controls.loudspeakers {
            Device::Loudspeakers(HalfSpan::new(controls.half_span_deg).unwrap_or_default())
        } else {
            Device::Headphones
        };
        let mixing = match (controls.stereo_bypass, controls.mixing_3d, is_stereo) {
            (true, ..) => Mixing::Bypass,
            (false, false, _) => Mixing::Flat,
            (false, true, true) => Mixing::Spatial(device),
            (false, true, false) => Mixing::Mono,
        };
        self.listener.set_controls(ListenerControls {
            mixing,
            reverb: controls.reverb,
            // The member's own gain does that, for every way to listen.
            master_percent: 100,
        });
    }

    /// The difference between the ears at the rate of the leg.
    pub(super) fn convert(&mut self, side: &Frame, to: &mut Frame) {
        match &mut self.down {
            Some(down) => {
                down.process(side.samples(), to.samples_mut());
            }
            None if to.rate_hz() == side.rate_hz() => to.copy_from(side),
            None => to.clear(),
        }
    }
}

/// A place farther away than the renderer goes is at its end.
fn position(place: &Place) -> Position {
    let limit = Position::LIMIT_CM;
    let [x, y, z] = place.position_cm.map(|cm| cm.clamp(-limit, limit));
    Position::new(x, y, z).unwrap_or_default()
}
