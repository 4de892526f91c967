//! Moves a voice up or down.

use std::f64::consts::PI;

/// Samples that are kept: 85 ms at 48 kHz, more than the latency and what is compared together. A power of two.
const LINE: usize = 4096;

/// Reads a delay line faster or slower than it is written. When the reading point has come too near to the writing one, or
/// too far away, it jumps to where the sound is most alike (synchronised overlap and add), and fades over. Formants move
/// with the pitch. Latency 5–33 ms, about 20 in the mean. A tick takes 13 µs at 16 kHz, and twice that when it jumps.
pub(super) struct PitchShifter {
    /// The last samples, the newest at `written − 1`.
    line: Box<[f32; LINE]>,
    written: u64,
    /// Where is read, in samples of the line: a whole number and a fraction.
    reading: f64,
    /// Where was read before the jump, and how much of it is left to fade.
    leaving: Option<(f64, usize)>,
    /// Samples read per sample written, and where that is going.
    ratio: f64,
    next_ratio: f64,
    kernel: Kernel,
    spans: Spans,
}

/// Lengths in samples.
struct Spans {
    fade: usize,
    /// What is compared to find the best place to jump to.
    alike: usize,
    shortest_jump: usize,
    longest_jump: usize,
    /// Steps of the first, coarse comparison.
    stride: usize,
}

impl PitchShifter {
    /// Semitones either way.
    pub(super) const LIMIT: i8 = 12;
    const FADE_MS: usize = 5;
    const ALIKE_MS: usize = 10;
    const SHORTEST_JUMP_MS: usize = 5;
    const LONGEST_JUMP_MS: usize = 20;

    pub(super) fn new(rate_hz: u32, semitones: i8) -> Self {
        let ms = rate_hz as usize / 1000;
        let spans = Spans {
            fade: Self::FADE_MS * ms,
            alike: Self::ALIKE_MS * ms,
            shortest_jump: Self::SHORTEST_JUMP_MS * ms,
            longest_jump: Self::LONGEST_JUMP_MS * ms,
            stride: (ms / 8).max(1),
        };
        let ratio = ratio(semitones);
        let mut shifter = Self {
            line: Box::new([0.0; LINE]),
            written: LINE as u64,
            reading: 0.0,
            leaving: None,
            ratio,
            next_ratio: ratio,
            kernel: Kernel::new(ratio),
            spans,
        };
        shifter.reading = LINE as f64 - shifter.nearest(ratio) - shifter.spans.shortest_jump as f64;
        shifter
    }

    /// Goes to another shift over the next tick.
    pub(super) fn set(&mut self, semitones: i8) {
        let ratio = ratio(semitones);
        if ratio != self.next_ratio {
            self.next_ratio = ratio;
            self.kernel = Kernel::new(ratio);
        }
    }

    /// A tick.
    pub(super) fn process(&mut self, samples: &mut [f32]) {
        let step = (self.next_ratio - self.ratio) / samples.len() as f64;
        for sample in samples.iter_mut() {
            self.line[self.written as usize % LINE] = *sample;
            self.written += 1;
            self.ratio += step;
            if self.leaving.is_none() {
                self.jump_if_needed();
            }
            let mut heard = self.read(self.reading);
            self.reading += self.ratio;
            if let Some((place, left)) = self.leaving {
                let weight = (left as f32 - 0.5) / self.spans.fade as f32;
                heard += weight * (self.read(place) - heard);
                self.leaving = (left > 1).then_some((place + self.ratio, left - 1));
            }
            *sample = heard;
        }
        self.ratio = self.next_ratio;
        // Positions stay small, so that their fractions stay exact.
        let room = LINE as u64;
        let rounds = (self.written / room - 1) * room;
        self.written -= rounds;
        self.reading -= rounds as f64;
        if let Some((place, _)) = &mut self.leaving {
            *place -= rounds as f64;
        }
    }

    /// How near to the newest sample can be read for as long as a fade takes.
    fn nearest(&self, ratio: f64) -> f64 {
        (ratio - 1.0).max(0.0) * (self.spans.fade + 2) as f64 + (Kernel::HALF + 1) as f64
    }

    fn jump_if_needed(&mut self) {
        let delay = self.written as f64 - self.reading;
        let fastest = self.ratio.max(self.next_ratio);
        let nearest = self.nearest(fastest);
        let jump = if delay < nearest {
            self.best_jump(1.0)
        } else if delay > nearest + (self.spans.longest_jump + self.spans.shortest_jump) as f64 {
            -self.best_jump(-1.0)
        } else {
            return;
        };
        self.leaving = Some((self.reading, self.spans.fade));
        self.reading -= jump;
    }

    /// The length of the jump back (`1.0`) or forward (`−1.0`) after which the sound is most alike.
    fn best_jump(&self, side: f64) -> f64 {
        let Spans {
            shortest_jump,
            longest_jump,
            stride,
            ..
        } = self.spans;
        let at = |jump: usize, stride| self.likeness(side * jump as f64, stride);
        let coarse = (shortest_jump..=longest_jump).step_by(stride);
        let (mut best, mut highest) = (shortest_jump, f32::NEG_INFINITY);
        for jump in coarse {
            let likeness = at(jump, stride);
            if likeness > highest {
                (best, highest) = (jump, likeness);
            }
        }
        let fine =
            best.saturating_sub(stride).max(shortest_jump)..=(best + stride).min(longest_jump);
        highest = f32::NEG_INFINITY;
        for jump in fine {
            let likeness = at(jump, 1);
            if likeness > highest {
                (best, highest) = (jump, likeness);
            }
        }
        // The top lies between samples: a parabola through three of them finds it.
        let (before, after) = (at(best - 1, 1), at(best + 1, 1));
        let bend = before - 2.0 * highest + after;
        let off = if bend < 0.0 {
            (0.5 * (before - after) / bend).clamp(-0.5, 0.5)
        } else {
            0.0
        };
        best as f64 + f64::from(off)
    }

    /// How alike the sound is at the reading point and `jump` samples before it: the normalised correlation of
    /// what was and what is about to be read.
    fn likeness(&self, jump: f64, stride: usize) -> f32 {
        let end = self.reading as i64 + Kernel::HALF as i64 / 2;
        let other = end - jump as i64;
        let (mut product, mut power) = (0.0f32, 1.0f32);
        for n in (0..self.spans.alike as i64).step_by(stride) {
            let (a, b) = (self.sample(end - n), self.sample(other - n));
            product += a * b;
            power += b * b;
        }
        product / power.sqrt()
    }

    fn sample(&self, at: i64) -> f32 {
        // Wraps round below zero too, as it is a power of two.
        self.line[at as usize % LINE]
    }

    /// The sound between samples.
    fn read(&self, place: f64) -> f32 {
        let whole = place.floor();
        let (low, high, between) = self.kernel.phases((place - whole) as f32);
        let first = whole as i64 + 1 - Kernel::HALF as i64;
        let start = first as usize % LINE;
        let mut sum = 0.0;
        for (tap, (low, high)) in low.iter().zip(high).enumerate() {
            sum += self.line[(start + tap) % LINE] * (low + between * (high - low));
        }
        sum
    }
}

fn ratio(semitones: i8) -> f64 {
    let semitones = semitones.clamp(-PitchShifter::LIMIT, PitchShifter::LIMIT);
    2f64.powf(f64::from(semitones) / 12.0)
}

/// A windowed sinc in phases, narrow enough that nothing is folded down when reading fast.
struct Kernel {
    coefficients: Vec<f32>,
}

impl Kernel {
    const HALF: usize = 16;
    const TAPS: usize = Self::HALF * 2;
    const PHASES: usize = 64;

    fn new(ratio: f64) -> Self {
        // As a fraction of the rate.
        let cutoff = 0.46 / ratio.max(1.0);
        let mut coefficients = Vec::with_capacity((Self::PHASES + 1) * Self::TAPS);
        for phase in 0..=Self::PHASES {
            let fraction = phase as f64 / Self::PHASES as f64;
            let taps = (0..Self::TAPS).map(|tap| {
                let x = tap as f64 - (Self::HALF - 1) as f64 - fraction;
                let sinc = if x == 0.0 {
                    2.0 * cutoff
                } else {
                    (2.0 * PI * cutoff * x).sin() / (PI * x)
                };
                let edge = x / Self::HALF as f64;
                // Blackman's window.
                sinc * (0.42 + 0.5 * (PI * edge).cos() + 0.08 * (2.0 * PI * edge).cos())
            });
            let taps: Vec<f64> = taps.collect();
            let sum: f64 = taps.iter().sum();
            coefficients.extend(taps.iter().map(|tap| (tap / sum) as f32));
        }
        Self { coefficients }
    }

    /// The two phases beside a fraction of a sample, and where between them it lies.
    fn phases(&self, fraction: f32) -> (&[f32], &[f32], f32) {
        let place = fraction * Self::PHASES as f32;
        let phase = (place as usize).min(Self::PHASES - 1);
        let at = phase * Self::TAPS;
        let (low, rest) = self.coefficients[at..].split_at(Self::TAPS);
        (low, &rest[..Self::TAPS], place - phase as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;

    fn shifted(rate_hz: u32, hz: f64, semitones: i8) -> Vec<i16> {
        let tone = level::sine(rate_hz, hz, -12.0, rate_hz as usize * 2);
        let mut shifter = PitchShifter::new(rate_hz, semitones);
        let mut out = Vec::new();
        for tick in tone.chunks_exact(rate_hz as usize / 50) {
            let mut tick: Vec<f32> = tick.iter().map(|&s| f32::from(s)).collect();
            shifter.process(&mut tick);
            out.extend(tick.iter().map(|s| s.round() as i16));
        }
        out.split_off(rate_hz as usize / 2)
    }

    /// Level of everything but one tone, dBFS.
    fn others_dbfs(sound: &[i16], rate_hz: u32, hz: f64) -> f64 {
        // Whole periods, so that the tone can be taken away by its sine and cosine.
        let turns = |n: usize| 2.0 * PI * hz * n as f64 / f64::from(rate_hz);
        let of = |wave: fn(f64) -> f64| {
            let sum: f64 = (0..sound.len())
                .map(|n| f64::from(sound[n]) * wave(turns(n)))
                .sum();
            2.0 * sum / sound.len() as f64
        };
        let (sine, cosine) = (of(f64::sin), of(f64::cos));
        let rest: Vec<i16> = (0..sound.len())
            .map(|n| {
                let tone = sine * turns(n).sin() + cosine * turns(n).cos();
                (f64::from(sound[n]) - tone).round() as i16
            })
            .collect();
        level::dbfs(&rest)
    }

    #[test]
    fn a_tone_is_moved_and_stays_a_tone() {
        for rate_hz in [16_000, 48_000] {
            for (semitones, wanted) in [
                (12, 880.0),
                (-12, 220.0),
                (7, 659.26),
                (-5, 329.63),
                (1, 466.16),
            ] {
                let out = shifted(rate_hz, 440.0, semitones);
                let found = level::dominant_hz(&out, rate_hz).unwrap();
                assert!(
                    (found / wanted - 1.0).abs() < 0.01,
                    "{semitones}: {found}, not {wanted}"
                );
                let loud = level::dbfs(&out);
                assert!((loud + 12.0).abs() < 0.5, "{semitones}: {loud} dBFS");
                // The exact frequency depends on where the jumps fell; what is beside it is 30 dB down.
                let piece = &out[..rate_hz as usize / 10];
                let others = others_dbfs(piece, rate_hz, found);
                println!("{rate_hz} Hz, {semitones:+}: {found:.1} Hz, others {others:.1} dBFS");
                assert!(others < -42.0, "{semitones}: {others} dBFS beside the tone");
            }
        }
    }

    #[test]
    fn nothing_is_folded_down() {
        // An octave up, 6 kHz would be 12 kHz, which 16 kHz cannot hold.
        let out = shifted(16_000, 6000.0, 12);
        let left = level::dbfs(&out);
        assert!(left < -60.0, "{left} dBFS");
    }
}
