//! A room heard in three dimensions: talkers have places, and whoever asks for it hears each from its own.
//!
//! Made for the first listener who asks. Its talkers are transformed once for all listeners; of those talking at the same time
//! [`TALKERS`] have directions, any more are heard from the middle until they are much louder than one who has.

use std::sync::Arc;

use super::member::Member;
use crate::control::{MemberControls, Place};
use crate::dsp::Resampler;
use crate::frame::{Frame, MAX_FRAME_SAMPLES, MAX_RATE_HZ};
use crate::leg::playout::converter;
use crate::spatial::{
    Attenuation, Device, HalfSpan, Heading, Hearing, Listener, ListenerControls, MixSpace, Mixing,
    Pose, Position, Renderer, Sound, SourceSpectrum, Viewpoint,
};

/// Talkers with a direction at one time.
pub(super) const TALKERS: usize = 32;
/// Who waits for a direction has to be so much louder than one who has it: 6 dB.
const MUCH_LOUDER: f32 = 2.0;
/// And as loud as this, a mean absolute value: what conferences take for talking unless they are told otherwise.
const LOUD: f32 = 100.0;
/// Full scale of a 16-bit sample.
const FULL_SCALE: f32 = 32_768.0;

/// What all listeners of a room in three dimensions share.
pub(super) struct Hall {
    renderer: Arc<Renderer>,
    space: MixSpace,
    talkers: Vec<Talker>,
    voice: Box<[f32; MAX_FRAME_SAMPLES]>,
    raw: Box<[f32; MAX_FRAME_SAMPLES]>,
    left: Box<[f32; MAX_FRAME_SAMPLES]>,
    right: Box<[f32; MAX_FRAME_SAMPLES]>,
    /// Half of the difference between the ears of whoever listened last.
    pub(super) side: Box<Frame>,
}

/// A place for somebody who talks.
struct Talker {
    /// Whose, by its place among the members in this tick.
    owner: Option<usize>,
    position: Position,
    source: SourceSpectrum,
    /// It was heard in the tick before.
    was_audible: bool,
    /// It is to make room for somebody louder, and rings out.
    yields: bool,
}

/// How one member listens.
pub(super) struct Listening {
    listener: Listener,
    view: Viewpoint,
    /// For the difference between the ears, where the leg has another rate.
    down: Option<Resampler>,
    /// Nothing has been heard for a while, and what was before is forgotten.
    rests: bool,
}

/// Who is heard by a listener.
pub(super) trait Audience {
    /// Whether the listener hears what the member `speaker` of the room says.
    fn hears(&self, speaker: usize) -> bool;
}

impl Hall {
    pub(super) fn new(renderer: &Arc<Renderer>) -> Self {
        let talker = || Talker {
            owner: None,
            position: Position::default(),
            source: SourceSpectrum::with_reverb(renderer),
            was_audible: false,
            yields: false,
        };
        Self {
            renderer: renderer.clone(),
            space: MixSpace::new(renderer),
            talkers: (0..TALKERS).map(|_| talker()).collect(),
            voice: Box::new([0.0; MAX_FRAME_SAMPLES]),
            raw: Box::new([0.0; MAX_FRAME_SAMPLES]),
            left: Box::new([0.0; MAX_FRAME_SAMPLES]),
            right: Box::new([0.0; MAX_FRAME_SAMPLES]),
            side: Box::new(Frame::silent(MAX_RATE_HZ)),
        }
    }

    /// Gives the loudest who wait a direction. Where no more are to be had, one tick after the other the softest of those who have one
    /// fades out for somebody who is much louder; what takes its place is heard from the middle until the other has ceased to ring,
    /// because what rings may be meant for others.
    pub(super) fn seat(&mut self, members: &mut [Member]) {
        let waits = |member: &Member| member.slot.is_none() && member.is_audible();
        for slot in 0..self.talkers.len() {
            if self.talkers[slot].owner.is_some() {
                continue;
            }
            let waiting = members.iter_mut().enumerate().filter(|(_, m)| waits(m));
            // Of those as loud as each other the first.
            let by_loudness = |a: &(usize, &mut Member), b: &(usize, &mut Member)| {
                a.1.loudness().total_cmp(&b.1.loudness())
            };
            let Some((at, loudest)) = waiting.rev().max_by(by_loudness) else {
                return;
            };
            loudest.slot = Some(slot);
            self.talkers[slot].owner = Some(at);
        }
        let owners = members.iter().filter_map(|m| Some((m.slot?, m.loudness())));
        let owners = owners.filter(|(slot, _)| !self.talkers[*slot].yields);
        let Some((softest, loudness)) = owners.min_by(|a, b| a.1.total_cmp(&b.1)) else {
            return;
        };
        let much_louder = (loudness * MUCH_LOUDER).max(LOUD);
        let louder = members
            .iter()
            .filter(|m| waits(m) && m.loudness() > much_louder);
        let yielding = self.talkers.iter().filter(|talker| talker.yields);
        if louder.count() > yielding.count() {
            self.talkers[softest].yields = true;
        }
    }

    /// Takes what the member `at` says in this tick. False: nobody gives it a direction, there are too many.
    pub(super) fn take(&mut self, at: usize, member: &mut Member) -> bool {
        let is_audible = member.is_audible();
        let Some(slot) = member.slot else {
            return !is_audible;
        };
        let talker = &mut self.talkers[slot];
        talker.owner = Some(at);
        let is_heard = is_audible && !talker.yields;
        talker.position = position(member.place());
        if is_heard {
            let voice = Sound::Mono(to_float(member.voice(), &mut self.voice));
            match member.raw() {
                None => talker.source.analyse(voice),
                Some(raw) => {
                    let raw = Sound::Mono(to_float(raw, &mut self.raw));
                    talker.source.analyse_with_raw(voice, raw);
                }
            }
        } else if talker.was_audible {
            talker.source.fade_out();
        } else {
            talker.source.analyse(Sound::Mono(&[]));
            // Cut off, what still rings would click.
            if talker.source.has_died_away() {
                talker.source.reset();
                talker.owner = None;
                talker.yields = false;
                member.slot = None;
            }
        }
        talker.was_audible = is_heard;
        is_heard || !is_audible
    }

    /// What a listener hears of the talkers in this tick, at 48 kHz: half of what both ears hear together is added to
    /// `mid`, half of their difference is put into [`Hall::side`]. False: there is no difference.
    pub(super) fn render(
        &mut self,
        listening: &mut Listening,
        me: Option<usize>,
        audience: &impl Audience,
        mid: &mut [i32],
    ) -> bool {
        let Listening { listener, view, .. } = listening;
        let mixing = listener.controls().mixing;
        let mut mix = listener.begin(&mut self.space);
        for (slot, talker) in self.talkers.iter().enumerate() {
            let Some(speaker) = talker.owner.filter(|owner| Some(*owner) != me) else {
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

    /// Whether anything is heard of the talker in a slot, if only that it rings.
    pub(super) fn sounds(&self, slot: usize) -> bool {
        let talker = self.talkers.get(slot);
        talker.is_some_and(|talker| !talker.source.has_died_away())
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
            rests: true,
        }
    }

    /// The leg has another rate.
    pub(super) fn set_rate(&mut self, leg_rate_hz: u32) {
        self.down = converter(MAX_RATE_HZ, leg_rate_hz);
    }

    /// Takes where the listener is and how it is set; `is_stereo` says whether its peer plays two channels.
    pub(super) fn set(&mut self, place: &Place, controls: &MemberControls, is_stereo: bool) {
        self.rests = false;
        self.view.set_pose(Pose {
            position: position(place),
            heading: Heading::new(place.azimuth_deg, place.elevation_deg).unwrap_or_default(),
        });
        let attenuation = Attenuation::new(controls.attenuation_db_per_m, controls.max_distance_cm);
        self.view.set_attenuation(attenuation.unwrap_or_default());
        self.listener.set_controls(ListenerControls {
            mixing: Self::mixing(controls, is_stereo),
            reverb: controls.reverb,
            // The member's own gain does that, for every way to listen.
            master_percent: 100,
        });
    }

    /// How somebody hears who is set like this.
    pub(super) fn mixing(controls: &MemberControls, is_stereo: bool) -> Mixing {
        let device = if controls.loudspeakers {
            Device::Loudspeakers(HalfSpan::new(controls.half_span_deg).unwrap_or_default())
        } else {
            Device::Headphones
        };
        match (controls.stereo_bypass, controls.mixing_3d, is_stereo) {
            (true, ..) => Mixing::Bypass,
            (false, false, _) => Mixing::Flat,
            (false, true, true) => Mixing::Spatial(device),
            (false, true, false) => Mixing::Mono,
        }
    }

    /// Hears nothing in this tick: when it hears again, that follows on silence.
    pub(super) fn rest(&mut self) {
        if !std::mem::replace(&mut self.rests, true) {
            self.listener.reset();
        }
    }

    /// Has heard what another one has, to go on from there.
    pub(super) fn follow(&mut self, other: &Self) {
        self.rests = other.rests;
        self.listener.follow(&other.listener);
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

fn to_float<'a>(voice: &[i16], to: &'a mut [f32; MAX_FRAME_SAMPLES]) -> &'a [f32] {
    for (to, &sample) in to.iter_mut().zip(voice) {
        *to = f32::from(sample) / FULL_SCALE;
    }
    &to[..]
}

/// A place farther away than the renderer goes is at its end.
fn position(place: &Place) -> Position {
    let limit = Position::LIMIT_CM;
    let [x, y, z] = place.position_cm.map(|cm| cm.clamp(-limit, limit));
    Position::new(x, y, z).unwrap_or_default()
}
