//! What tests speak with: something with the pitch, formants, hisses and pauses of speech, and steady noise.

use std::f64::consts::TAU;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A voice: syllables of 80–250 ms, three formants each, every fourth a hiss, with pauses. Its level is
/// `dbfs` over everything, pauses included.
pub(super) fn talker(seed: u64, rate_hz: u32, seconds: usize, dbfs: f64) -> Vec<i16> {
    let mut random = StdRng::seed_from_u64(seed);
    let rate = f64::from(rate_hz);
    let length = rate_hz as usize * seconds;
    let mut sound = Vec::with_capacity(length);
    let (mut phase, base_hz) = (0.0, random.random_range(95.0..210.0));
    let mut formants = [Formant::default(); 3];
    while sound.len() < length {
        let samples = (rate * random.random_range(0.08..0.25)) as usize;
        let pauses = random.random_bool(0.15);
        let hisses = random.random_bool(0.25);
        let loud = random.random_range(0.3..1.0);
        let pitch_hz = base_hz * random.random_range(0.8..1.3);
        let glide = random.random_range(-0.2..0.2);
        let ranges = if hisses {
            [1500.0..2500.0, 3500.0..4800.0, 5000.0..7000.0]
        } else {
            [280.0..800.0, 900.0..2300.0, 2300.0..3200.0]
        };
        for (formant, range) in formants.iter_mut().zip(ranges) {
            formant.tune(
                rate,
                random.random_range(range),
                if hisses { 900.0 } else { 90.0 },
            );
        }
        for n in 0..samples {
            let at = n as f64 / samples as f64;
            phase += pitch_hz * (1.0 + glide * at) / rate;
            let pulse = if phase >= 1.0 { rate.sqrt() } else { 0.0 };
            phase %= 1.0;
            let breath = random.random_range(-1.0..1.0);
            let source = if hisses {
                breath * 0.7
            } else {
                pulse + breath * 0.03
            };
            let envelope = if pauses {
                0.0
            } else {
                loud * (at * TAU / 2.0).sin()
            };
            let parts = formants.iter_mut().zip([1.0, 0.6, 0.35]);
            let voice: f64 = parts
                .map(|(formant, share)| share * formant.pass(source))
                .sum();
            sound.push(voice * envelope);
        }
    }
    sound.truncate(length);
    at_level(&sound, dbfs)
}

/// White noise.
pub(super) fn noise(seed: u64, samples: usize, dbfs: f64) -> Vec<i16> {
    let mut random = StdRng::seed_from_u64(seed);
    let sound: Vec<f64> = (0..samples)
        .map(|_| random.random_range(-1.0..1.0))
        .collect();
    at_level(&sound, dbfs)
}

/// Both together.
pub(super) fn sum(a: &[i16], b: &[i16]) -> Vec<i16> {
    a.iter().zip(b).map(|(a, b)| a.saturating_add(*b)).collect()
}

fn at_level(sound: &[f64], dbfs: f64) -> Vec<i16> {
    let power = sound.iter().map(|s| s * s).sum::<f64>() / sound.len() as f64;
    let wanted = f64::from(i16::MAX) / 2f64.sqrt() * 10f64.powf(dbfs / 20.0);
    let factor = wanted / power.sqrt().max(1e-9);
    sound.iter().map(|s| (s * factor).round() as i16).collect()
}

/// A resonance.
#[derive(Clone, Copy, Default)]
struct Formant {
    gain: f64,
    turn: f64,
    decay: f64,
    last: f64,
    before: f64,
}

impl Formant {
    fn tune(&mut self, rate: f64, hz: f64, width_hz: f64) {
        let radius = (-TAU / 2.0 * width_hz / rate).exp();
        self.turn = 2.0 * radius * (TAU * hz / rate).cos();
        self.decay = radius * radius;
        self.gain = 1.0 - radius;
    }

    fn pass(&mut self, input: f64) -> f64 {
        let output = self.gain * input + self.turn * self.last - self.decay * self.before;
        (self.before, self.last) = (self.last, output);
        output
    }
}
