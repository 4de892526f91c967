//! One leg in a room.

use super::audibility::Groups;
use super::hall::Listening;
use super::{clip, talk::Talk};
use crate::control::{LegId, MemberControls, MemberSettings, Place};
use crate::dsp::{Gain, Resampler};
use crate::frame::{Frame, MAX_FRAME_SAMPLES, samples_per_tick};
use crate::leg::playout::converter;
use crate::level;
use crate::voice::VoiceChain;

/// What the room keeps about a member.
pub(super) struct Member {
    pub(super) leg: LegId,
    leg_rate_hz: u32,
    settings: MemberSettings,
    controls: MemberControls,
    place: Place,
    /// How it listens in three dimensions, once it was asked to.
    pub(super) listening: Option<Box<Listening>>,
    /// Its next frame in three dimensions is the first.
    pub(super) begins_to_listen: bool,
    /// Too many talk for it to have a direction in this tick.
    pub(super) is_everywhere: bool,
    /// The groups it was in when the others last heard it or it them.
    groups_before: Groups,
    gain_in: Gain,
    gain_out: Gain,
    /// Fades to silence and back.
    muting: Gain,
    begins_to_fade: bool,
    /// It fades in this tick.
    is_fading: bool,
    talk: Talk,
    /// Between the rates of leg and room, where they differ.
    up: Option<Resampler>,
    down: Option<Resampler>,
    /// What is done to what it says, if anything is.
    treatment: Option<Box<VoiceChain>>,
    /// What it says in this tick, at the rate of the room.
    voice: Frame,
}

impl Member {
    pub(super) fn new(
        leg: LegId,
        leg_rate_hz: u32,
        room_rate_hz: u32,
        settings: MemberSettings,
    ) -> Self {
        let mut member = Self {
            leg,
            leg_rate_hz,
            settings,
            controls: MemberControls::default(),
            place: Place::default(),
            listening: None,
            begins_to_listen: false,
            is_everywhere: false,
            groups_before: Groups::default(),
            muting: muting(settings.mute),
            begins_to_fade: false,
            is_fading: false,
            gain_in: Gain::new(settings.gain_in_db),
            gain_out: Gain::new(settings.gain_out_db),
            talk: Talk::default(),
            up: None,
            down: None,
            treatment: None,
            voice: Frame::silent(room_rate_hz),
        };
        member.set_rate(leg_rate_hz, room_rate_hz);
        member
    }

    pub(super) fn set_rate(&mut self, leg_rate_hz: u32, room_rate_hz: u32) {
        self.leg_rate_hz = leg_rate_hz;
        if let Some(listening) = &mut self.listening {
            listening.set_rate(leg_rate_hz);
        }
        if self.voice.rate_hz() != room_rate_hz {
            self.voice.reshape(room_rate_hz);
        }
        self.up = converter(leg_rate_hz, room_rate_hz);
        self.down = converter(room_rate_hz, leg_rate_hz);
        self.treatment = VoiceChain::is_wanted(&self.controls).then(|| {
            let mut chain = Box::new(VoiceChain::new(leg_rate_hz, room_rate_hz));
            chain.set(&self.controls);
            chain
        });
    }

    pub(super) fn set(&mut self, settings: MemberSettings) {
        if self.settings.mute != settings.mute {
            self.muting.set_muted(settings.mute, 0.0);
            self.begins_to_fade = true;
        }
        self.settings = settings;
        self.set_gains();
    }

    pub(super) fn control(&mut self, controls: MemberControls) {
        self.controls = controls;
        self.set_gains();
        self.treat();
    }

    /// Makes the treatment of its voice what the controls ask for. One that is no longer wanted fades out first
    /// and goes with the next change.
    fn treat(&mut self) {
        if self.treatment.is_none() && VoiceChain::is_wanted(&self.controls) {
            let chain = VoiceChain::new(self.leg_rate_hz, self.voice.rate_hz());
            self.treatment = Some(Box::new(chain));
        }
        if let Some(chain) = &mut self.treatment {
            chain.set(&self.controls);
        }
        self.treatment.take_if(|chain| chain.is_idle());
    }

    fn set_gains(&mut self) {
        let (settings, controls) = (&self.settings, &self.controls);
        let input = f32::from(controls.input_gain_percent) / 100.0;
        let output = f32::from(controls.master_gain_percent) / 100.0;
        self.gain_in
            .set_muted(input == 0.0, settings.gain_in_db + 20.0 * input.log10());
        self.gain_out
            .set_muted(output == 0.0, settings.gain_out_db + 20.0 * output.log10());
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

    pub(super) fn is_deaf(&self) -> bool {
        self.settings.deaf
    }

    /// Whether it is in the mix of this tick.
    pub(super) fn is_audible(&self) -> bool {
        let may_speak = !self.settings.mute || self.is_fading;
        may_speak && (self.settings.energy == 0 || self.talk.is_on())
    }

    pub(super) fn voice(&self) -> &[i16] {
        self.voice.samples()
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
        if let Some(chain) = &mut self.treatment {
            chain.process(said, heard, self.voice.samples_mut());
        }
        self.gain_in.process(self.voice.samples_mut());
        let energy = level::mean_absolute(self.voice.samples());
        let threshold = self.settings.energy.max(1);
        // Muted, talking is still noticed.
        self.is_fading = std::mem::take(&mut self.begins_to_fade);
        if self.is_fading {
            self.muting.process(self.voice.samples_mut());
        }
        self.talk
            .step(energy, threshold, self.settings.hang_over_ms)
            .map(|on| (on, energy))
    }

    /// Gives its leg half of the difference between what its ears hear; before [`Member::give`], with the same gain.
    pub(super) fn give_side(&mut self, side: &mut Frame, feed: &mut Frame) {
        self.gain_out.clone().process(side.samples_mut());
        if let Some(listening) = &mut self.listening {
            listening.convert(side, feed);
        }
    }

    /// Gives its leg what it hears.
    pub(super) fn give(&mut self, hears: &[i32], feed: &mut Frame) {
        let mut clipped = [0; MAX_FRAME_SAMPLES];
        let clipped = &mut clipped[..hears.len()];
        for (sample, &sum) in clipped.iter_mut().zip(hears) {
            *sample = clip(sum);
        }
        self.gain_out.process(clipped);
        match &mut self.down {
            Some(down) => {
                down.process(clipped, feed.samples_mut());
            }
            None if samples_per_tick(feed.rate_hz()) == clipped.len() => {
                feed.samples_mut().copy_from_slice(clipped);
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
