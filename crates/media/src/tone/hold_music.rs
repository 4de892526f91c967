//! A tune to wait by, computed: no file to ship, nobody's rights in it.

use crate::dsp::Oscillator;
use crate::dsp::oscillator::amplitude;
use crate::source::{Fill, FrameSource};

/// Length of an eighth note, milliseconds (100 quarter notes a minute).
const EIGHTH_MS: u32 = 300;
/// Level of a note when it is struck, dBFS.
const MELODY_DBFS: f32 = -16.0;
const BASS_DBFS: f32 = -20.0;
/// How fast a struck note fades, decibels per second.
const FADE_DB_PER_S: f64 = 9.0;
/// Notes are semitones above A3 (220 Hz).
const A3_HZ: f64 = 220.0;

/// Eight bars of broken chords (C, A minor, F, G, twice, the second time differently), in eighths.
const MELODY: [i8; 64] = [
    3, 7, 10, 15, 10, 7, 10, 7, 0, 3, 7, 12, 7, 3, 7, 3, -4, 0, 3, 8, 3, 0, 3, 0, -2, 2, 5, 10, 5,
    2, 5, 2, 3, 7, 10, 19, 15, 10, 15, 10, 0, 7, 12, 15, 12, 7, 12, 7, -4, 3, 8, 12, 8, 3, 8, 3,
    -2, 5, 10, 14, 10, 5, 2, 5,
];
/// One bass note per bar, an octave lower than written.
const BASS: [i8; 8] = [3, 0, -4, -2, 3, 0, -4, -2];

/// The tune, for ever.
#[derive(Clone, Debug)]
pub struct HoldMusic {
    rate_hz: u32,
    note: usize,
    left: u32,
    melody: Oscillator,
    overtone: Oscillator,
    bass: Oscillator,
    melody_gain: f64,
    bass_gain: f64,
    fade: f64,
    struck: u32,
}

impl HoldMusic {
    /// The tune from its beginning.
    #[must_use]
    pub fn new(rate_hz: u32) -> Self {
        let rate_hz = rate_hz.max(8000);
        let silent = Oscillator::new(rate_hz, 0.0, 0.0);
        let mut music = Self {
            rate_hz,
            note: 0,
            left: 0,
            melody: silent.clone(),
            overtone: silent.clone(),
            bass: silent,
            melody_gain: 1.0,
            bass_gain: 1.0,
            fade: 10f64.powf(-FADE_DB_PER_S / 20.0 / f64::from(rate_hz)),
            struck: 0,
        };
        music.strike();
        music
    }

    fn strike(&mut self) {
        let hz = pitch(MELODY[self.note]);
        let peak = amplitude(MELODY_DBFS);
        self.melody = Oscillator::new(self.rate_hz, hz, peak);
        self.overtone = Oscillator::new(self.rate_hz, hz * 2.0, peak / 4.0);
        self.melody_gain = 1.0;
        if self.note.is_multiple_of(8) {
            let hz = pitch(BASS[self.note / 8]) / 2.0;
            self.bass = Oscillator::new(self.rate_hz, hz, amplitude(BASS_DBFS));
            self.bass_gain = 1.0;
        }
        self.left = EIGHTH_MS * self.rate_hz / 1000;
        self.struck = 0;
    }
}

fn pitch(semitones: i8) -> f64 {
    A3_HZ * 2f64.powf(f64::from(semitones) / 12.0)
}

impl FrameSource for HoldMusic {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn read(&mut self, out: &mut [i16]) -> Fill {
        // Notes rise and fall within 5 ms, so that they follow each other without a click.
        let edge = self.rate_hz / 200;
        for sample in out {
            if self.left == 0 {
                self.note = (self.note + 1) % MELODY.len();
                self.strike();
            }
            let shape = f64::from(self.struck.min(self.left).min(edge)) / f64::from(edge);
            let melody = (self.melody.sample() + self.overtone.sample()) * self.melody_gain * shape;
            let bass_shape = if self.note.is_multiple_of(8) || self.note % 8 == 7 {
                shape
            } else {
                1.0
            };
            let bass = self.bass.sample() * self.bass_gain * bass_shape;
            *sample = (melody + bass).round() as i16;
            self.melody_gain *= self.fade;
            self.bass_gain *= self.fade;
            self.left -= 1;
            self.struck += 1;
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

    #[test]
    fn it_is_audible_never_too_loud_and_plays_its_notes() {
        let mut music = HoldMusic::new(8000);
        let mut heard = vec![0; 8000 * 20];
        assert_eq!(music.read(&mut heard), Fill::Full);
        assert!(
            heard
                .chunks(8000)
                .all(|second| (-30.0..-10.0).contains(&level::dbfs(second)))
        );
        // The first note is C4, 3 semitones above A3.
        let first = level::dominant_hz(&heard[..2400], 8000).unwrap();
        assert!((first - 261.6).abs() < 3.0, "{first}");
        let largest = heard
            .windows(2)
            .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs())
            .max();
        assert!(largest.unwrap() < 8000);
    }
}
