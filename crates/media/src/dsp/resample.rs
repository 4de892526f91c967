//! Change of sampling rate by a rational factor: one polyphase FIR.

use std::f64::consts::PI;

/// Filter length in samples of the slower rate. Kaiser window, β = 6: 60 dB down from 4.13 kHz when
/// one side runs at 8 kHz, flat to 3.2 kHz.
const TAPS: usize = 32;
const KAISER_BETA: f64 = 6.0;
/// Middle of the transition, as a fraction of the slower rate.
const CUTOFF: f64 = 0.46;
/// Numerator and denominator of the reduced ratio may not exceed this: 44.1 kHz against 48 kHz needs
/// 160, against 8 kHz 441. The table stays below 64 kB.
const MAX_TERM: u32 = 441;

/// Converts a stream of samples from one rate to another.
///
/// Latency: 16 samples of the slower rate (2 ms at 8 kHz). Cost per 20 ms: 9 µs from 8 to
/// 48 kHz, 5 µs back, 2–3 µs between 8 and 16 kHz. Allocates when made, never when used.
#[derive(Clone, Debug)]
pub struct Resampler {
    /// Outputs per `down` inputs.
    up: usize,
    down: usize,
    taps: usize,
    /// `up` phases of `taps` coefficients, oldest input first.
    coefficients: Vec<f32>,
    /// `taps` samples of history, then room for one block.
    work: Vec<f32>,
    /// Input index of the next output, relative to the next input; −1 = the last one given.
    lead: isize,
    /// Position between two inputs, in 1/`up`.
    phase: usize,
}

impl Resampler {
    /// Inputs taken in one call at most: 60 ms at 48 kHz.
    pub const MAX_BLOCK: usize = 2880;

    /// From one rate to another, hertz. `None` when the ratio has terms beyond what the table allows;
    /// every pair of usual rates (8, 11.025, 12, 16, 22.05, 24, 32, 44.1, 48 kHz) is fine.
    #[must_use]
    pub fn new(from_hz: u32, to_hz: u32) -> Option<Self> {
        if from_hz == 0 || to_hz == 0 {
            return None;
        }
        let divisor = greatest_common_divisor(from_hz, to_hz);
        let (up, down) = (to_hz / divisor, from_hz / divisor);
        if up > MAX_TERM || down > MAX_TERM * 2 {
            return None;
        }
        let (up, down) = (up as usize, down as usize);
        let taps = if down > up {
            (TAPS * down).div_ceil(up)
        } else {
            TAPS
        };
        Some(Self {
            up,
            down,
            taps,
            coefficients: design(up, down, taps),
            work: vec![0.0; taps + Self::MAX_BLOCK],
            lead: 0,
            phase: 0,
        })
    }

    /// Inputs the next call must be given to fill `outputs` samples.
    #[must_use]
    pub fn inputs_for(&self, outputs: usize) -> usize {
        if outputs == 0 {
            return 0;
        }
        let last = self.lead + ((self.phase + (outputs - 1) * self.down) / self.up) as isize;
        usize::try_from(last + 1).unwrap_or(0)
    }

    /// Consumes all of `input` (at most [`Resampler::MAX_BLOCK`] samples are looked at) and writes as
    /// many outputs as it allows and `output` holds. Returns the samples written. A 20 ms block in
    /// gives a 20 ms block out, always.
    pub fn process(&mut self, input: &[i16], output: &mut [i16]) -> usize {
        let input = &input[..input.len().min(Self::MAX_BLOCK)];
        for (to, &from) in self.work[self.taps..].iter_mut().zip(input) {
            *to = f32::from(from);
        }
        let mut written = 0;
        let mut at = self.lead;
        while written < output.len() && at < input.len() as isize {
            let end = (self.taps as isize + at + 1) as usize;
            let window = &self.work[end - self.taps..end];
            let phase = &self.coefficients[self.phase * self.taps..][..self.taps];
            output[written] = dot(window, phase).round() as i16;
            written += 1;
            self.phase += self.down;
            at += (self.phase / self.up) as isize;
            self.phase %= self.up;
        }
        // What could not be written because `output` is short is skipped, so that time stays right.
        while at < input.len() as isize - 1 {
            self.phase += self.down;
            at += (self.phase / self.up) as isize;
            self.phase %= self.up;
        }
        self.lead = at - input.len() as isize;
        self.work
            .copy_within(input.len()..input.len() + self.taps, 0);
        written
    }

    /// Forgets what went before.
    pub fn reset(&mut self) {
        self.work.fill(0.0);
        self.lead = 0;
        self.phase = 0;
    }
}

/// Sum of products in eight lanes, which the compiler turns into vector instructions.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (a_blocks, b_blocks) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a_blocks
        .remainder()
        .iter()
        .zip(b_blocks.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in a_blocks.zip(b_blocks) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

/// Windowed sinc over `up × taps` points, sorted by phase.
fn design(up: usize, down: usize, taps: usize) -> Vec<f32> {
    let length = up * taps;
    // Cut-off as a fraction of the prototype's rate, which is `up` times the input rate.
    let cutoff = CUTOFF / up.max(down) as f64;
    let middle = (length - 1) as f64 / 2.0;
    let prototype: Vec<f64> = (0..length)
        .map(|n| {
            let x = n as f64 - middle;
            let sinc = if x == 0.0 {
                2.0 * cutoff
            } else {
                (2.0 * PI * cutoff * x).sin() / (PI * x)
            };
            let edge = x / (middle + 1.0);
            sinc * bessel_i0(KAISER_BETA * (1.0 - edge * edge).sqrt()) / bessel_i0(KAISER_BETA)
        })
        .collect();
    let mut coefficients = vec![0.0; length];
    for phase in 0..up {
        // Each phase gets unit gain of its own, or a constant would come out with a ripple.
        let sum: f64 = (0..taps).map(|tap| prototype[phase + tap * up]).sum();
        for tap in 0..taps {
            let newest_first = prototype[phase + tap * up] / sum;
            coefficients[phase * taps + (taps - 1 - tap)] = newest_first as f32;
        }
    }
    coefficients
}

/// Modified Bessel function of the first kind, order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;

    fn convert(from_hz: u32, to_hz: u32, input: &[i16]) -> Vec<i16> {
        let mut resampler = Resampler::new(from_hz, to_hz).unwrap();
        let mut output = Vec::new();
        for block in input.chunks((from_hz / 50) as usize) {
            let mut out = vec![0; (to_hz / 50) as usize];
            let written = resampler.process(block, &mut out);
            output.extend_from_slice(&out[..written]);
        }
        output
    }

    #[test]
    fn frequency_and_level_survive_every_usual_pair() {
        let rates = [8000, 16_000, 24_000, 32_000, 44_100, 48_000];
        for from in rates {
            for to in rates {
                let out = convert(from, to, &level::sine(from, 1004.0, -12.0, from as usize));
                assert_eq!(out.len(), to as usize, "{from} to {to}");
                let steady = &out[to as usize / 10..];
                assert!((level::dbfs(steady) + 12.0).abs() < 0.1, "{from} to {to}");
                assert!((level::dominant_hz(steady, to).unwrap() - 1004.0).abs() < 1.0);
            }
        }
    }

    #[test]
    fn what_the_slower_rate_cannot_hold_is_gone() {
        let out = convert(48_000, 8000, &level::sine(48_000, 5000.0, -6.0, 48_000));
        assert!(level::dbfs(&out[800..]) < -60.0);
    }

    #[test]
    fn speech_band_is_flat() {
        for hz in [300.0, 1000.0, 2000.0, 3000.0] {
            let out = convert(8000, 16_000, &level::sine(8000, hz, -12.0, 8000));
            assert!((level::dbfs(&out[1600..]) + 12.0).abs() < 0.3, "{hz}");
        }
    }

    #[test]
    fn the_delay_is_two_milliseconds() {
        let mut input = vec![0; 8000];
        input[1600] = 16_000;
        let out = convert(8000, 48_000, &input);
        let top = (0..out.len()).max_by_key(|&n| out[n]).unwrap();
        assert!((95..=98).contains(&(top - 9600)), "{}", top - 9600);
    }

    #[test]
    fn pulled_in_odd_pieces_it_gives_what_was_asked() {
        let mut resampler = Resampler::new(11_025, 8000).unwrap();
        let tone = level::sine(11_025, 700.0, -12.0, 22_050);
        let (mut at, mut output) = (0, Vec::new());
        while at < tone.len() - 400 {
            let need = resampler.inputs_for(160);
            let mut out = [0; 160];
            assert_eq!(resampler.process(&tone[at..at + need], &mut out), 160);
            at += need;
            output.extend_from_slice(&out);
        }
        let heard = level::dominant_hz(&output[800..], 8000).unwrap();
        assert!((heard - 700.0).abs() < 1.0, "{heard}");
    }
}
