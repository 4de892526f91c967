//! One leg in a room.

use super::audibility::Groups;
use super::farewell::fade_away;
use super::hall::Listening;
use super::heard::Heard;
use super::sharing::Standing;
use super::{clip, talk::Talk, threshold::Threshold};
use crate::control::{LegId, MemberControls, MemberSettings, Place};
use crate::dsp::{Gain, Resampler};
use crate::frame::{Frame, MAX_FRAME_SAMPLES, samples_per_tick};
use crate::leg::playout::converter;
use crate::level;
use crate::voice::{GatedLoudness, VoiceChain};

/// The largest sample there can be.
const FULL_SCALE: f64 = 32_768.0;
/// Loudness of a voice (ITU-R BS.1770-5) above the mean absolute value of its samples while it speaks: a tone that goes on
/// has 0, one in syllables -3.
const SPEECH_LU: f64 = -1.0;

/// What is left of a member's loudness after a tick.
const LOUDNESS_PER_TICK: f32 = 0.98;

/// One stay of a leg in a room: who leaves and comes back is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MemberId(pub(super) u64);

/// Whether a member is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    There,
    /// It left since the last tick.
    Leaving,
    /// What it said ends in this tick.
    Fading,
    /// It says nothing any more; in a hall it may still be ringing.
    Gone,
}

/// What the room keeps about a member.
pub(super) struct Member {
    pub(super) id: MemberId,
    pub(super) leg: LegId,
    presence: Presence,
    /// It was in the mix of the tick before.
    was_audible: bool,
    /// Its place among the talkers of the hall.
    pub(super) slot: Option<usize>,
    /// Whom a relation keeps it from hearing, in order.
    unheard: Vec<MemberId>,
    leg_rate_hz: u32,
    settings: MemberSettings,
    controls: MemberControls,
    place: Place,
    /// How it listens in three dimensions, once it was asked to.
    pub(super) listening: Option<Box<Listening>>,
    /// Its next frame in three dimensions is the first.
    pub(super) begins_to_listen: bool,
    /// Too many talk for it to have a direction in this tick.
    is_everywhere: bool,
    /// The same of the tick before.
    was_everywhere: bool,
    /// The energy of what it said, falling by half in 0.7 s.
    loudness: f32,
    /// The groups it was in when the others last heard it or it them.
    groups_before: Groups,
    gain_in: Gain,
    /// The same for those who listen without any processing: without what its control says.
    gain_raw: Gain,
    gain_out: Gain,
    /// Fades to silence and back.
    muting: Gain,
    begins_to_fade: bool,
    /// It fades in this tick.
    is_fading: bool,
    threshold: Threshold,
    talk: Talk,
    /// Opens when it talks and closes when it does not, where it is not always heard.
    gate: Gain,
    /// It is open in this tick, or closes.
    is_open: bool,
    /// How it is sent what it hears.
    pub(super) standing: Standing,
    /// What it hears in this tick, if others can be sent the same.
    pub(super) heard: Option<Heard>,
    /// That is something else than in the tick before.
    pub(super) hears_anew: bool,
    /// Between the rates of leg and room, where they differ.
    up: Option<Resampler>,
    down: Option<Resampler>,
    /// What is done to what it says, if anything is.
    treatment: Option<Box<VoiceChain>>,
    /// How loud it is, where others are to be as loud and nothing in its treatment knows.
    meter: Option<Box<GatedLoudness>>,
    /// What it says in this tick, at the rate of the room.
    voice: Frame,
    /// The same without what its controls do to it, from the first time on that they do anything.
    raw: Option<Box<Frame>>,
}

impl Member {
    pub(super) fn new(
        id: MemberId,
        leg: LegId,
        leg_rate_hz: u32,
        room_rate_hz: u32,
        settings: MemberSettings,
    ) -> Self {
        let mut member = Self {
            id,
            leg,
            presence: Presence::There,
            was_audible: false,
            slot: None,
            unheard: Vec::new(),
            leg_rate_hz,
            settings,
            controls: MemberControls::default(),
            place: Place::default(),
            listening: None,
            begins_to_listen: false,
            is_everywhere: false,
            was_everywhere: false,
            loudness: 0.0,
            groups_before: Groups::default(),
            muting: muting(settings.mute),
            begins_to_fade: false,
            is_fading: false,
            gain_in: Gain::new(settings.gain_in_db),
            gain_raw: Gain::new(settings.gain_in_db),
            gain_out: Gain::new(settings.gain_out_db),
            threshold: Threshold::default(),
            talk: Talk::default(),
            gate: muting(true),
            is_open: false,
            standing: Standing::Alone(0),
            heard: None,
            hears_anew: false,
            up: None,
            down: None,
            treatment: None,
            meter: None,
            voice: Frame::silent(room_rate_hz),
            raw: None,
        };
        member.set_rate(leg_rate_hz, room_rate_hz);
        member.set_gains();
        member.gain_out.settle();
        member
    }

    pub(super) fn set_rate(&mut self, leg_rate_hz: u32, room_rate_hz: u32) {
        self.leg_rate_hz = leg_rate_hz;
        if let Some(listening) = &mut self.listening {
            listening.set_rate(leg_rate_hz);
        }
        if self.voice.rate_hz() != room_rate_hz {
            self.voice.reshape(room_rate_hz);
            self.meter = None;
            if let Some(raw) = &mut self.raw {
                raw.reshape(room_rate_hz);
            }
        }
        self.up = converter(leg_rate_hz, room_rate_hz);
        self.down = converter(room_rate_hz, leg_rate_hz);
        let (wanted, target_lufs) = (self.wanted(), self.own_target_lufs());
        self.treatment = VoiceChain::is_wanted(&wanted).then(|| {
            let mut chain = Box::new(VoiceChain::new(leg_rate_hz, room_rate_hz));
            chain.set(&wanted);
            chain.set_target(target_lufs);
            chain
        });
    }

    pub(super) fn set(&mut self, settings: MemberSettings) {
        if self.settings.mute != settings.mute {
            self.muting.set_muted(settings.mute, 0.0);
            self.begins_to_fade = true;
        }
        let is_other_gain = self.settings.automatic_gain != settings.automatic_gain;
        self.settings = settings;
        self.set_gains();
        if is_other_gain {
            self.treat();
        }
    }

    pub(super) fn control(&mut self, controls: MemberControls) {
        self.controls = controls;
        self.set_gains();
        self.treat();
    }

    /// Makes the treatment of its voice what the controls ask for. One that is no longer wanted fades out first
    /// and goes with the next change.
    fn treat(&mut self) {
        let wanted = self.wanted();
        if self.treatment.is_none() && VoiceChain::is_wanted(&wanted) {
            let chain = VoiceChain::new(self.leg_rate_hz, self.voice.rate_hz());
            self.treatment = Some(Box::new(chain));
        }
        let target_lufs = self.own_target_lufs();
        if let Some(chain) = &mut self.treatment {
            chain.set(&wanted);
            chain.set_target(target_lufs);
        }
        self.treatment.take_if(|chain| chain.is_idle());
        // Kept from then on, so that it is there while an effect fades out.
        let is_changed = self.treatment.is_some() || self.controls.input_gain_percent != 100;
        if is_changed && self.raw.is_none() {
            self.raw = Some(Box::new(self.voice.clone()));
            self.gain_raw = Gain::new(self.settings.gain_in_db);
        }
    }

    fn set_gains(&mut self) {
        let (settings, controls) = (&self.settings, &self.controls);
        let input = f32::from(controls.input_gain_percent) / 100.0;
        // Who listens without any processing has all of the volume.
        let percent = if controls.stereo_bypass {
            100
        } else {
            controls.master_gain_percent
        };
        let output = f32::from(percent) / 100.0;
        self.gain_in
            .set_muted(input == 0.0, settings.gain_in_db + 20.0 * input.log10());
        self.gain_raw.set(settings.gain_in_db);
        let hears_nothing = output == 0.0 || settings.deaf;
        self.gain_out
            .set_muted(hears_nothing, settings.gain_out_db + 20.0 * output.log10());
    }

    /// What is to be done to its voice.
    fn wanted(&self) -> MemberControls {
        MemberControls {
            automatic_gain: self.controls.automatic_gain || self.settings.automatic_gain > 0,
            ..self.controls
        }
    }

    /// How loud it is to be, whatever the others are; none: nobody has said.
    fn own_target_lufs(&self) -> Option<f64> {
        let level = self.settings.automatic_gain;
        (level > 0).then(|| 20.0 * (f64::from(level) / FULL_SCALE).log10() + SPEECH_LU)
    }

    /// Whether it is to be as loud as the others.
    pub(super) fn is_levelled(&self) -> bool {
        self.follows_others() && self.is_there()
    }

    fn follows_others(&self) -> bool {
        self.controls.automatic_gain && self.settings.automatic_gain == 0
    }

    /// Somebody needs to know how loud it is, or nobody. Allocates.
    pub(super) fn meter(&mut self, is_needed: bool) {
        if !is_needed || self.follows_others() {
            self.meter = None;
        } else if self.meter.is_none() {
            self.meter = Some(Box::new(GatedLoudness::new(self.voice.rate_hz())));
        }
    }

    /// How loud it was in the last 3 s, before automatic gain; none: it said too little or is muted.
    pub(super) fn measured_lufs(&self) -> Option<f64> {
        if self.settings.mute || !self.is_there() {
            return None;
        }
        match &self.meter {
            Some(meter) => meter.lufs(),
            None => self.treatment.as_ref()?.measured_lufs(),
        }
    }

    /// How loud automatic gain is to make it; none: as loud as usual.
    pub(super) fn set_target(&mut self, target_lufs: Option<f64>) {
        let target_lufs = self.own_target_lufs().or(target_lufs);
        if let Some(chain) = &mut self.treatment {
            chain.set_target(target_lufs);
        }
    }

    pub(super) fn groups(&self) -> Groups {
        Groups {
            whisper: self.controls.whisper,
            sidebar: self.controls.sidebar,
        }
    }

    /// The groups it was in at the last [`Member::remember_groups`].
    pub(super) fn groups_before(&self) -> Groups {
        self.groups_before
    }

    /// Whether it has gone to others since.
    pub(super) fn is_regrouped(&self) -> bool {
        self.groups() != self.groups_before
    }

    pub(super) fn remember_groups(&mut self) {
        self.groups_before = self.groups();
    }

    pub(super) fn put(&mut self, place: Place) {
        self.place = place;
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn controls(&self) -> &MemberControls {
        &self.controls
    }

    pub(super) fn leg_rate_hz(&self) -> u32 {
        self.leg_rate_hz
    }

    /// It leaves: what it says ends in the next tick.
    pub(super) fn leave(&mut self) {
        // How it is sent and what it heard is there until others have gone on from it.
        self.presence = Presence::Leaving;
    }

    pub(super) fn is_there(&self) -> bool {
        self.presence == Presence::There
    }

    /// Whether nothing of it is left to be heard after this tick.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.presence, Presence::Fading | Presence::Gone) && self.slot.is_none()
    }

    /// Somebody who is not there any more says the end of what it said, then nothing.
    pub(super) fn fade_away(&mut self) {
        let ends_now = self.presence == Presence::Leaving && self.was_audible;
        self.presence = if ends_now {
            Presence::Fading
        } else {
            Presence::Gone
        };
        let is_fading = self.presence == Presence::Fading;
        for frame in [Some(&mut self.voice), self.raw.as_deref_mut()] {
            match frame {
                Some(frame) if is_fading => fade_away(frame.samples_mut()),
                Some(frame) => frame.clear(),
                None => (),
            }
        }
    }

    /// A relation keeps it from hearing these, in any order.
    pub(super) fn set_unheard(&mut self, speakers: impl Iterator<Item = MemberId>) {
        self.unheard.clear();
        self.unheard.extend(speakers);
        self.unheard.sort_unstable();
    }

    /// Whether a relation keeps it from hearing somebody.
    pub(super) fn is_deaf_to(&self, speaker: MemberId) -> bool {
        self.unheard.binary_search(&speaker).is_ok()
    }

    /// Whether a relation takes anything away from what it hears.
    pub(super) fn hears_selectively(&self) -> bool {
        !self.unheard.is_empty()
    }

    /// Somebody is gone for good.
    pub(super) fn forget(&mut self, gone: MemberId) {
        self.unheard.retain(|id| *id != gone);
    }

    /// Whether what it hears has faded away, because it is deaf or its volume is 0.
    pub(super) fn hears_nothing(&self) -> bool {
        self.gain_out.is_silent()
    }

    /// The factor it hears everything with, or will from the next frame on; 0 if it is deaf.
    pub(super) fn volume(&self) -> f32 {
        self.gain_out.target()
    }

    /// Somebody else hears for it in this tick.
    pub(super) fn hear_with_others(&mut self) {
        self.gain_out.settle();
        self.begins_to_listen = false;
    }

    /// Its ears have heard what another's have.
    pub(super) fn take_ears_of(&mut self, other: &Self) {
        if let (Some(own), Some(others)) = (&mut self.listening, &other.listening) {
            own.follow(others);
        }
    }

    /// Whether anything is done to what it says.
    pub(super) fn is_treated(&self) -> bool {
        self.treatment.is_some()
    }

    /// Whether it is in the mix of this tick.
    pub(super) fn is_audible(&self) -> bool {
        match self.presence {
            Presence::There => (),
            Presence::Leaving | Presence::Fading => return self.was_audible,
            Presence::Gone => return false,
        }
        let may_speak = !self.settings.mute || self.is_fading;
        may_speak && self.is_open
    }

    /// Whether what it says in this tick can be heard, with a direction or without.
    pub(super) fn may_be_heard(&self) -> bool {
        self.is_audible() || self.everywhere() != [false; 2]
    }

    /// Whether what it says in this tick is silence, with or without what controls do to it.
    pub(super) fn says_nothing(&self) -> bool {
        let is_silence = |said: &[i16]| said.iter().all(|sample| *sample == 0);
        is_silence(self.voice()) && self.raw().is_none_or(is_silence)
    }

    /// How loud it was lately: the greatest energy of a tick, falling by half in 0.7 s. Muted, it counts too.
    pub(super) fn loudness(&self) -> f32 {
        self.loudness
    }

    /// Whether in this tick it is heard without a direction, because too many talk.
    pub(super) fn set_everywhere(&mut self, is_everywhere: bool) {
        self.was_everywhere = std::mem::replace(&mut self.is_everywhere, is_everywhere);
    }

    /// Whether it was heard without a direction before this tick, and is after it.
    pub(super) fn everywhere(&self) -> [bool; 2] {
        // A mute has faded already.
        let fades = !self.settings.mute || self.is_fading || !self.is_there();
        [self.was_everywhere && fades, self.is_everywhere]
    }

    pub(super) fn voice(&self) -> &[i16] {
        self.voice.samples()
    }

    /// What it says without what controls do to it; nothing: the same as [`Member::voice`].
    pub(super) fn raw(&self) -> Option<&[i16]> {
        self.raw.as_ref().map(|raw| raw.samples())
    }

    /// Takes what its leg says in this tick, and was given to hear in the one before; tells when it began or ceased to talk.
    pub(super) fn take(&mut self, said: &Frame, heard: &Frame) -> Option<(bool, u16)> {
        match &mut self.up {
            Some(up) => {
                up.process(said.samples(), self.voice.samples_mut());
            }
            None if self.voice.rate_hz() == said.rate_hz() => self.voice.copy_from(said),
            None => self.voice.clear(),
        }
        if let Some(raw) = &mut self.raw {
            raw.copy_from(&self.voice);
            self.gain_raw.process(raw.samples_mut());
        }
        if let Some(chain) = &mut self.treatment {
            chain.process(said, heard, self.voice.samples_mut());
        }
        self.gain_in.process(self.voice.samples_mut());
        let energy = level::mean_absolute(self.voice.samples());
        if let Some(meter) = &mut self.meter {
            let mut voice = [0.0; MAX_FRAME_SAMPLES];
            let said = self.voice.samples();
            for (to, &sample) in voice.iter_mut().zip(said) {
                *to = f32::from(sample);
            }
            meter.listen(&voice[..said.len()]);
        }
        self.loudness = f32::from(energy).max(self.loudness * LOUDNESS_PER_TICK);
        let threshold = self.threshold.step(energy, &self.settings);
        // Muted, talking is still noticed.
        self.is_fading = std::mem::take(&mut self.begins_to_fade);
        if self.is_fading {
            if let Some(raw) = &mut self.raw {
                self.muting.clone().process(raw.samples_mut());
            }
            self.muting.process(self.voice.samples_mut());
        }
        let change = match threshold {
            Some(threshold) => self
                .talk
                .step(energy, threshold, self.settings.hang_over_ms),
            None => self.talk.stop(),
        };
        let is_always_heard = self.settings.energy == 0 && self.settings.auto_energy == 0;
        self.pass_gate(self.talk.is_on() || is_always_heard && threshold.is_some());
        self.was_audible = self.is_audible();
        change.map(|on| (on, energy))
    }

    /// What it says fades in when it begins to be heard, and out when it ends, each over a tick.
    fn pass_gate(&mut self, opens: bool) {
        self.gate.set_muted(!opens, 0.0);
        self.is_open = !self.gate.is_silent();
        if self.is_open {
            if let Some(raw) = &mut self.raw {
                self.gate.clone().process(raw.samples_mut());
            }
            self.gate.process(self.voice.samples_mut());
        }
    }

    /// Gives its leg half of the difference between what its ears hear; before [`Member::give`], with the same gain.
    pub(super) fn give_side(&mut self, side: &mut Frame, feed: &mut Frame) {
        self.gain_out.clone().process(side.samples_mut());
        self.convert_side(side, feed);
    }

    /// Gives its leg what it hears, and leaves in `given` what that is at the rate of the room.
    pub(super) fn give(&mut self, hears: &[i32], given: &mut [i16], feed: &mut Frame) {
        for (sample, &sum) in given.iter_mut().zip(hears) {
            *sample = clip(sum);
        }
        self.gain_out.process(given);
        self.convert(given, feed);
    }

    /// The difference between its ears, from the rate of the room to that of the leg.
    pub(super) fn convert_side(&mut self, side: &Frame, feed: &mut Frame) {
        match &mut self.listening {
            Some(listening) => listening.convert(side, feed),
            None => feed.clear(),
        }
    }

    /// From the rate of the room to that of the leg.
    pub(super) fn convert(&mut self, hears: &[i16], feed: &mut Frame) {
        match &mut self.down {
            Some(down) => {
                down.process(hears, feed.samples_mut());
            }
            None if samples_per_tick(feed.rate_hz()) == hears.len() => {
                feed.samples_mut().copy_from_slice(hears);
            }
            None => feed.clear(),
        }
    }
}

/// A mute that has begun long ago, or none.
fn muting(muted: bool) -> Gain {
    let mut gain = Gain::default();
    gain.set_muted(muted, 0.0);
    gain.process(&mut [0]);
    gain
}
