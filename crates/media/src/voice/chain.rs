//! The stages in their order, and the rates around them.

use super::automatic_gain::AutomaticGain;
use super::echo::EchoCanceller;
use super::equaliser::Equaliser;
use super::pitch::PitchShifter;
use super::stage::{Crossfade, Stage};
use super::suppressor::Suppressor;
use super::two_bands::TwoBands;
use super::{LOW_FRAME, LOW_RATE_HZ, WIDE_FRAME, WIDE_RATE_HZ};
use crate::control::MemberControls;
use crate::dsp::Resampler;
use crate::frame::{Frame, samples_per_tick};
use crate::leg::playout::converter;

/// What is done to a participant's voice between its leg and the room (event-manager.md §11): echo cancellation, noise
/// suppression, equaliser, automatic gain, voice shift.
///
/// It works at 16 kHz for legs up to 16 kHz, at 48 kHz for others. Stages are made by [`VoiceChain::set`], the only function
/// that allocates, and come and go in crossfades of 20 ms; a stage that was switched off is let go by the next `set`. With
/// everything off a voice passes untouched. Latency: 2 ms at 48 kHz, 2 ms for each change of rate, and that of the
/// stages: 10 ms echo, 6 ms noise, 5 ms gain, 5–33 ms shift. A tick with everything on takes 78 µs at 16 kHz and 169 µs at
/// 48 kHz.
pub struct VoiceChain {
    leg_rate_hz: u32,
    /// The rate it works at.
    rate_hz: u32,
    /// Between what passes beside the chain and what comes out of it.
    fade: Crossfade,
    in_use: Option<Box<Rates>>,
    room_rate_hz: u32,
    echo: Stage<EchoCanceller>,
    suppressor: Stage<Suppressor>,
    equaliser: Stage<Equaliser>,
    gain: Stage<AutomaticGain>,
    /// How loud the gain makes a voice.
    target_lufs: f64,
    pitch: Stage<PitchShifter>,
}

/// What a chain needs when any stage is on.
struct Rates {
    from_leg: Option<Resampler>,
    /// Of what the leg heard, to 16 kHz.
    heard: Option<Resampler>,
    bands: Option<TwoBands>,
    to_room: Option<Resampler>,
    low: [f32; LOW_FRAME],
    /// The upper band, then all of the voice where it is wide.
    high: [f32; WIDE_FRAME],
    low_before: [f32; LOW_FRAME],
    high_before: [f32; WIDE_FRAME],
}

impl VoiceChain {
    /// For a leg and a room with these rates, in hertz; does nothing until it is told to.
    #[must_use]
    pub fn new(leg_rate_hz: u32, room_rate_hz: u32) -> Self {
        let rate_hz = if leg_rate_hz <= LOW_RATE_HZ {
            LOW_RATE_HZ
        } else {
            WIDE_RATE_HZ
        };
        Self {
            leg_rate_hz,
            rate_hz,
            fade: Crossfade::Off,
            in_use: None,
            room_rate_hz,
            echo: Stage::default(),
            suppressor: Stage::default(),
            equaliser: Stage::default(),
            gain: Stage::default(),
            target_lufs: AutomaticGain::TARGET_LUFS,
            pitch: Stage::default(),
        }
    }

    /// Whether controls ask for anything a chain does.
    #[must_use]
    pub fn is_wanted(controls: &MemberControls) -> bool {
        controls.echo_cancellation
            || controls.noise_suppression
            || controls.automatic_equaliser
            || controls.automatic_gain
            || controls.voice_shift_semitones != 0
    }

    /// Whether it does nothing and has faded out, so that it can go.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.fade.is_off()
    }

    /// Switches stages on and off. Allocates what comes, frees what has faded out.
    pub fn set(&mut self, controls: &MemberControls) {
        let wanted = Self::is_wanted(controls);
        if self.fade.is_off() {
            self.in_use = wanted.then(|| Box::new(self.rates()));
        }
        self.fade.set(wanted, 1);
        let (rate_hz, leg_rate_hz) = (self.rate_hz, self.leg_rate_hz);
        self.echo
            .set(controls.echo_cancellation, EchoCanceller::new);
        self.suppressor
            .set(controls.noise_suppression, Suppressor::new);
        self.equaliser.set(controls.automatic_equaliser, || {
            Equaliser::new(rate_hz, leg_rate_hz)
        });
        self.gain
            .set(controls.automatic_gain, || AutomaticGain::new(rate_hz));
        let semitones = controls.voice_shift_semitones;
        self.pitch
            .set(semitones != 0, || PitchShifter::new(rate_hz, semitones));
        if let Some(pitch) = self.pitch.machine().filter(|_| semitones != 0) {
            pitch.set(semitones);
        }
    }

    /// How loud automatic gain makes the voice from the next tick on; none: −23 LUFS.
    pub fn set_target(&mut self, target_lufs: Option<f64>) {
        self.target_lufs = target_lufs.unwrap_or(AutomaticGain::TARGET_LUFS);
    }

    /// How loud the voice was in the last 3 s before automatic gain, LUFS; none where that is off or too little was said.
    #[must_use]
    pub fn measured_lufs(&self) -> Option<f64> {
        self.gain.at_work()?.measured_lufs()
    }

    fn rates(&self) -> Rates {
        let is_wide = self.rate_hz == WIDE_RATE_HZ;
        Rates {
            from_leg: converter(self.leg_rate_hz, self.rate_hz),
            heard: converter(self.leg_rate_hz, LOW_RATE_HZ),
            bands: is_wide.then(TwoBands::new).flatten(),
            to_room: converter(self.rate_hz, self.room_rate_hz),
            low: [0.0; LOW_FRAME],
            high: [0.0; WIDE_FRAME],
            low_before: [0.0; LOW_FRAME],
            high_before: [0.0; WIDE_FRAME],
        }
    }

    /// A tick: what the leg says now and what it was given to hear in the tick before, both at its rate. `out` is what it
    /// says untouched at the rate of the room, and becomes what the room is to hear. Neither allocates, locks nor logs.
    pub fn process(&mut self, said: &Frame, heard: &Frame, out: &mut [i16]) {
        let rates_fit =
            said.rate_hz() == self.leg_rate_hz && out.len() == samples_per_tick(self.room_rate_hz);
        let Some(rates) = self.in_use.as_deref_mut() else {
            return;
        };
        if self.fade.is_off() || !rates_fit {
            return;
        }
        let mut voice = [0; WIDE_FRAME];
        let voice = &mut voice[..samples_per_tick(self.rate_hz)];
        convert(&mut rates.from_leg, said.samples(), voice);
        let is_wide = rates.bands.is_some();
        let Rates {
            low,
            high,
            low_before,
            high_before,
            ..
        } = rates;
        let upper = if is_wide { high.len() } else { 0 };
        match &mut rates.bands {
            Some(bands) => bands.part(voice, low, high),
            None => low
                .iter_mut()
                .zip(&*voice)
                .for_each(|(to, &from)| *to = f32::from(from)),
        }
        if !self.echo.is_off() {
            let mut reference = [0; LOW_FRAME];
            if heard.rate_hz() == self.leg_rate_hz {
                convert(&mut rates.heard, heard.samples(), &mut reference);
            }
            self.echo.process(
                [low, &mut high[..upper]],
                [low_before, high_before],
                |echo, low, high| echo.process(&reference, low, high),
            );
        }
        self.suppressor.process(
            [low, &mut high[..upper]],
            [low_before, high_before],
            Suppressor::process,
        );
        if let Some(bands) = &mut rates.bands {
            bands.join(low, high);
        }
        let (whole, before): (&mut [f32], &mut [f32]) = if is_wide {
            (high, high_before)
        } else {
            (low, low_before)
        };
        self.equaliser.process(
            [whole, &mut []],
            [before, &mut []],
            |equaliser, voice, _| {
                equaliser.process(voice);
            },
        );
        let target_lufs = self.target_lufs;
        self.gain
            .process([whole, &mut []], [before, &mut []], |gain, voice, _| {
                gain.process(voice, target_lufs);
            });
        self.pitch
            .process([whole, &mut []], [before, &mut []], |pitch, voice, _| {
                pitch.process(voice);
            });
        for (to, from) in voice.iter_mut().zip(&*whole) {
            // The cast saturates.
            *to = from.round() as i16;
        }
        let mut treated = [0; WIDE_FRAME];
        let treated = &mut treated[..out.len()];
        convert(&mut rates.to_room, voice, treated);
        self.fade_in(treated, out);
        self.fade.advance();
    }

    fn fade_in(&self, treated: &[i16], out: &mut [i16]) {
        let (mut from, mut to) = ([0.0; WIDE_FRAME], [0.0; WIDE_FRAME]);
        let (from, to) = (&mut from[..out.len()], &mut to[..out.len()]);
        for n in 0..out.len() {
            (from[n], to[n]) = (f32::from(out[n]), f32::from(treated[n]));
        }
        self.fade.mix(from, to);
        for (out, to) in out.iter_mut().zip(to) {
            *out = to.round() as i16;
        }
    }
}

fn convert(converter: &mut Option<Resampler>, from: &[i16], to: &mut [i16]) {
    match converter {
        Some(converter) => {
            converter.process(from, to);
        }
        None if from.len() == to.len() => to.copy_from_slice(from),
        None => to.fill(0),
    }
}

#[cfg(test)]
mod tests;
