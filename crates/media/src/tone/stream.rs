//! Plays a tone script.

use super::script::{Script, Segment};
use crate::dsp::Oscillator;
use crate::dsp::oscillator::amplitude;
use crate::source::{Fill, FrameSource};

/// Rise and fall at the edges of a tone, so that it does not click, milliseconds.
const EDGE_MS: u32 = 2;

/// A script being played. About 0.5 µs per 20 ms and frequency.
#[derive(Clone, Debug)]
pub struct ToneStream {
    script: Script,
    rate_hz: u32,
    /// Rounds still to play, this one included; `None` = for ever.
    rounds: Option<u64>,
    segment: usize,
    repeats_done: u32,
    /// Sample within the segment.
    at: u64,
    voices: [Oscillator; Segment::MAX_VOICES],
    gain: f64,
    gain_step: f64,
}

impl ToneStream {
    /// Plays a script at a rate; `repeats` further rounds of the whole multiply with its own, `None` =
    /// for ever.
    #[must_use]
    pub fn new(script: Script, rate_hz: u32, repeats: Option<u32>) -> Self {
        let rounds = match (script.rounds, repeats) {
            (Some(rounds), Some(repeats)) => Some(u64::from(rounds) * (u64::from(repeats) + 1)),
            (Some(_) | None, Some(_) | None) => None,
        };
        let silent = Oscillator::new(rate_hz, 0.0, 0.0);
        let mut stream = Self {
            script,
            rate_hz: rate_hz.max(1),
            rounds,
            segment: 0,
            repeats_done: 0,
            at: 0,
            voices: std::array::from_fn(|_| silent.clone()),
            gain: 1.0,
            gain_step: 1.0,
        };
        stream.begin();
        stream
    }

    fn samples(&self, ms: u32) -> u64 {
        u64::from(ms) * u64::from(self.rate_hz) / 1000
    }

    fn begin(&mut self) {
        self.at = 0;
        let segment = &self.script.segments[self.segment];
        let peak = amplitude(segment.level_db);
        for (voice, hz) in self.voices.iter_mut().zip(segment.hz) {
            *voice = Oscillator::new(self.rate_hz, f64::from(hz), peak);
        }
        self.gain = 1.0;
        let db_per_sample = f64::from(segment.slope_db_per_ms) * 1000.0 / f64::from(self.rate_hz);
        self.gain_step = 10f64.powf(db_per_sample / 20.0);
    }

    /// Goes to the next segment; `false` when there is none.
    fn advance(&mut self) -> bool {
        self.repeats_done += 1;
        if self.repeats_done >= self.script.segments[self.segment].repeats {
            self.repeats_done = 0;
            self.segment += 1;
            if self.segment == self.script.segments.len() {
                self.segment = 0;
                if let Some(rounds) = &mut self.rounds {
                    *rounds = rounds.saturating_sub(1);
                    if *rounds == 0 {
                        return false;
                    }
                }
            }
        }
        self.begin();
        true
    }

    fn sound(&mut self, on: u64, sample: &mut i16) {
        let edge = self.samples(EDGE_MS).min(on / 2).max(1);
        let from_edge = (self.at + 1).min(on - self.at).min(edge);
        let shape = from_edge as f64 / edge as f64;
        let voices = self.script.segments[self.segment].voices;
        let sum: f64 = self.voices[..voices]
            .iter_mut()
            .map(Oscillator::sample)
            .sum();
        *sample = (sum * self.gain * shape).round() as i16;
        self.gain = (self.gain * self.gain_step).min(1e4);
    }
}

impl FrameSource for ToneStream {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn read(&mut self, out: &mut [i16]) -> Fill {
        if self.rounds == Some(0) {
            return Fill::End(0);
        }
        let mut written = 0;
        while written < out.len() {
            let segment = &self.script.segments[self.segment];
            let on = self.samples(segment.on_ms);
            let whole = on + self.samples(segment.off_ms);
            if self.at >= whole {
                if !self.advance() {
                    return Fill::End(written);
                }
                continue;
            }
            if self.at < on {
                self.sound(on, &mut out[written]);
            } else {
                out[written] = 0;
            }
            self.at += 1;
            written += 1;
        }
        Fill::Full
    }

    fn seek(&mut self, _sample: u64) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;

    fn play(text: &str, repeats: Option<u32>, seconds: usize) -> Vec<i16> {
        let mut stream = ToneStream::new(Script::parse(text).unwrap(), 8000, repeats);
        let mut heard = Vec::new();
        for _ in 0..seconds * 50 {
            let mut frame = [1; 160];
            match stream.read(&mut frame) {
                Fill::Full => heard.extend(frame),
                Fill::End(written) => {
                    heard.extend(&frame[..written]);
                    break;
                }
                Fill::Starved(_) | Fill::Failed => panic!("a tone never starves"),
            }
        }
        heard
    }

    #[test]
    fn frequency_level_and_rhythm_are_as_written() {
        let heard = play("v=-13;%(200,300,620);loops=2", Some(0), 10);
        assert_eq!(heard.len(), 8000);
        for start in [0, 4000] {
            let tone = &heard[start..start + 1600];
            assert!((level::dominant_hz(tone, 8000).unwrap() - 620.0).abs() < 1.0);
            assert!((level::dbfs(&tone[40..1560]) + 13.0).abs() < 0.1);
            assert!(heard[start + 1600..start + 4000].iter().all(|&s| s == 0));
        }
    }

    #[test]
    fn two_frequencies_sound_together() {
        let heard = play("%(1000,0,440,480)", Some(0), 2);
        for hz in [440.0, 480.0] {
            assert!((level::dbfs_at(&heard, 8000, hz) + 7.0).abs() < 0.2, "{hz}");
        }
    }

    #[test]
    fn rounds_multiply_and_for_ever_goes_on() {
        assert_eq!(play("%(100,0,440);loops=2", Some(2), 10).len(), 800 * 6);
        assert_eq!(play("%(100,0,440);loops=-1", Some(0), 3).len(), 24_000);
        assert_eq!(play("%(100,0,440)", None, 3).len(), 24_000);
    }

    #[test]
    fn a_falling_tone_falls() {
        let heard = play(">=10;+=1;%(400,0,1000)", Some(0), 1);
        let (early, late) = (
            level::dbfs(&heard[200..400]),
            level::dbfs(&heard[2600..2800]),
        );
        assert!((early - late - 30.0).abs() < 1.0, "{early} {late}");
    }

    #[test]
    fn its_digits_are_digits() {
        let mut detector = crate::dsp::DtmfDetector::new(8000);
        let mut digits = String::new();
        let mut heard = play("d=100;w=80;1470*", Some(0), 5);
        heard.extend([0; 800]);
        detector.process(&heard, |digit, _| digits.push(digit.as_char()));
        assert_eq!(digits, "1470*");
    }
}
