//! A listening booth: one listener, sources, and ears that measure.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::f64::consts::TAU;
use std::sync::Arc;

use jackfield_media::spatial::{
    Device, Direction, Hearing, HrtfSet, Listener, ListenerControls, MixSpace, Mixing, Quality,
    Renderer, Sound, SourceSpectrum,
};

pub(crate) const RATE: u32 = 48_000;
pub(crate) const FRAME: usize = 960;

/// Left and right.
pub(crate) type Heard = [Vec<f32>; 2];

pub(crate) const HEADPHONES: ListenerControls = ListenerControls {
    mixing: Mixing::Spatial(Device::Headphones),
    reverb: false,
    master_percent: 100,
};

pub(crate) struct Booth {
    pub(crate) renderer: Arc<Renderer>,
    pub(crate) source: SourceSpectrum,
    pub(crate) listener: Listener,
    pub(crate) space: MixSpace,
}

impl Booth {
    pub(crate) fn new(renderer: &Arc<Renderer>) -> Self {
        let mut listener = Listener::new(renderer, 4);
        listener.set_controls(HEADPHONES);
        Self {
            renderer: Arc::clone(renderer),
            source: SourceSpectrum::new(renderer),
            listener,
            space: MixSpace::new(renderer),
        }
    }

    pub(crate) fn at_48k(set: &HrtfSet, quality: u8) -> Self {
        let quality = Quality::new(quality).expect("one of five");
        Self::new(&Renderer::new(set, RATE, FRAME, quality).expect("a usual rate"))
    }

    /// Plays a sound frame by frame; what is heard of it in each frame is said by its number.
    pub(crate) fn play(
        &mut self,
        sound: &[f32],
        mut hearing: impl FnMut(usize) -> Hearing,
    ) -> Heard {
        self.play_changing(sound, |frame, _| hearing(frame))
    }

    /// The same, with a hand on the controls.
    pub(crate) fn play_changing(
        &mut self,
        sound: &[f32],
        mut hearing: impl FnMut(usize, &mut Listener) -> Hearing,
    ) -> Heard {
        let mut heard = [Vec::new(), Vec::new()];
        for (frame, samples) in sound.chunks_exact(self.renderer.frame()).enumerate() {
            self.source.analyse(Sound::Mono(samples));
            let hearing = hearing(frame, &mut self.listener);
            self.hear(hearing, &mut heard);
        }
        heard
    }

    /// Mixes one frame of the source as it is.
    pub(crate) fn hear(&mut self, hearing: Hearing, heard: &mut Heard) {
        let mut mix = self.listener.begin(&mut self.space);
        mix.add(0, &self.source, hearing);
        let frame = self.renderer.frame();
        let (mut left, mut right) = (vec![0.0; frame], vec![0.0; frame]);
        mix.render(&mut left, &mut right);
        heard[0].extend_from_slice(&left);
        heard[1].extend_from_slice(&right);
    }
}

pub(crate) fn from(azimuth: f32, elevation: f32) -> Hearing {
    Hearing {
        audible: true,
        gain: 1.0,
        direction: Direction::new(azimuth, elevation),
    }
}

/// White noise, the same each time.
pub(crate) fn noise(length: usize, peak: f32) -> Vec<f32> {
    let mut seed = 1u32;
    let next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((seed >> 8) as f32 / (1 << 23) as f32 - 1.0) * peak
    };
    std::iter::repeat_with(next).take(length).collect()
}

pub(crate) fn tone(rate: u32, hz: f64, peak: f64, length: usize) -> Vec<f32> {
    let step = TAU * hz / f64::from(rate);
    let sample = |n: usize| ((step * n as f64).sin() * peak) as f32;
    (0..length).map(sample).collect()
}

pub(crate) fn power(samples: &[f32]) -> f64 {
    samples.iter().map(|&x| f64::from(x).powi(2)).sum()
}

pub(crate) fn db(power: f64) -> f64 {
    10.0 * power.log10()
}

/// Real and imaginary part of one frequency.
pub(crate) fn bin(samples: &[f32], rate: u32, hz: f64) -> (f64, f64) {
    let (turn_im, turn_re) = (-TAU * hz / f64::from(rate)).sin_cos();
    let (mut at_re, mut at_im) = (1.0, 0.0);
    let (mut re, mut im) = (0.0, 0.0);
    for &sample in samples {
        re += f64::from(sample) * at_re;
        im += f64::from(sample) * at_im;
        (at_re, at_im) = (
            at_re * turn_re - at_im * turn_im,
            at_re * turn_im + at_im * turn_re,
        );
    }
    (re, im)
}

pub(crate) fn level_at(samples: &[f32], rate: u32, hz: f64) -> f64 {
    let (re, im) = bin(samples, rate, hz);
    db(re * re + im * im)
}

/// By how many samples `late` follows `early`, to a fraction of one; both are compared within ±60 samples.
pub(crate) fn lead(early: &[f32], late: &[f32]) -> f64 {
    const REACH: isize = 60;
    let likeness = |lag: isize| -> f64 {
        let pairs = (REACH as usize..early.len() - REACH as usize)
            .map(|n| (early[n], late[(n as isize + lag) as usize]));
        pairs.map(|(a, b)| f64::from(a) * f64::from(b)).sum()
    };
    let best = (1 - REACH..REACH)
        .max_by(|&a, &b| likeness(a).total_cmp(&likeness(b)))
        .expect("there are lags");
    let (before, at, after) = (likeness(best - 1), likeness(best), likeness(best + 1));
    best as f64 + 0.5 * (before - after) / (before - 2.0 * at + after)
}

/// What a click leaves above 2 kHz: the loudest sample, in dBFS, of a sound whose own frequencies are far below.
pub(crate) fn click_db(samples: &[f32], rate: u32) -> f64 {
    const REACH: usize = 128;
    let cutoff = 2000.0 / f64::from(rate);
    let low_pass = |n: usize| {
        let x = n as f64 - REACH as f64;
        let sinc = if x == 0.0 {
            2.0 * cutoff
        } else {
            (TAU * cutoff * x).sin() / (TAU / 2.0 * x)
        };
        let (sin, edge) = (x / (REACH + 1) as f64 * TAU / 4.0).sin_cos();
        // Blackman's window, by its cosine.
        debug_assert!(sin.abs() <= 1.0);
        let cos = 2.0 * edge * edge - 1.0;
        sinc * (0.34 + 0.5 * cos + 0.16 * cos * cos)
    };
    let taps: Vec<f64> = (0..=2 * REACH).map(low_pass).collect();
    let loudest = samples
        .windows(taps.len())
        .map(|window| {
            let low: f64 = window
                .iter()
                .zip(&taps)
                .map(|(&x, tap)| f64::from(x) * tap)
                .sum();
            (f64::from(window[REACH]) - low).abs()
        })
        .fold(0.0, f64::max);
    20.0 * loudest.log10()
}
