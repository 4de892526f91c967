//! Brings a voice's spectrum slowly towards that of average speech.

use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use super::biquad::{Biquad, Coefficients};
use super::speaking::Speaking;
use super::{FULL_SCALE, WIDE_FRAME};

const BANDS: usize = 5;
/// Where the bands begin and end, hertz.
const EDGES_HZ: [f64; BANDS + 1] = [89.0, 224.0, 561.0, 1414.0, 3564.0, 7080.0];
/// Power of average speech in each band, decibels: sums of the third octaves of the long-term average speech spectrum, combined
/// males and females, of D. Byrne et al., "An international comparison of long-term average speech spectra",
/// J. Acoust. Soc. Am. 96 (1994), table II.
const SPEECH_DB: [f64; BANDS] = [63.8, 67.1, 63.1, 55.4, 49.7];
const LOW_CUT_HZ: f64 = 80.0;
/// Middles of the filters that correct the bands; the outer ones are shelves.
const MIDDLES_HZ: [f64; BANDS] = [200.0, 355.0, 890.0, 2240.0, 3800.0];
const PEAK_Q: f64 = 1.0;
const TICK_MS: f64 = 20.0;
/// How slowly the spectrum is learnt, and followed.
const TIME_MS: f64 = 3000.0;
/// What is softer than this is none, decibels of full scale.
const GATE_DBFS: f64 = -55.0;
/// What a band is at least worth: this much below speech there is nothing to bring up.
const EMPTY_DB: f64 = -30.0;

/// A cut below 80 Hz, and five bands within ±6 dB. No latency. A tick takes 9 µs at 16 kHz.
pub(super) struct Equaliser {
    rate_hz: u32,
    low_cut: Biquad,
    filters: [Biquad; BANDS],
    /// Bands the voice can have.
    bands: usize,
    spectrum: Spectrum,
    speaking: Speaking,
    /// Mean power of each band while somebody speaks.
    learnt: [f64; BANDS],
    voiced_ticks: u32,
    gains_db: [f64; BANDS],
}

impl Equaliser {
    pub(super) const LIMIT_DB: f64 = 6.0;

    /// For a voice at a rate of the chain that came at another one, which says what it can contain.
    pub(super) fn new(rate_hz: u32, came_at_hz: u32) -> Self {
        // The uppermost octave of what a rate can hold is not all there.
        let highest_hz = f64::from(came_at_hz) * 0.46;
        let bands = EDGES_HZ[1..]
            .iter()
            .filter(|&&hz| hz <= highest_hz.max(3600.0))
            .count();
        Self {
            rate_hz,
            low_cut: Biquad::new(Coefficients::high_pass(rate_hz, LOW_CUT_HZ)),
            filters: std::array::from_fn(|band| Biquad::new(correction(rate_hz, band, 0.0))),
            bands,
            spectrum: Spectrum::new(rate_hz),
            speaking: Speaking::default(),
            learnt: [0.0; BANDS],
            voiced_ticks: 0,
            gains_db: [0.0; BANDS],
        }
    }

    /// A tick.
    pub(super) fn process(&mut self, samples: &mut [f32]) {
        self.low_cut.process(samples);
        self.learn(samples);
        for (band, filter) in self.filters[..self.bands].iter_mut().enumerate() {
            filter.set(correction(self.rate_hz, band, self.gains_db[band]));
            filter.process(samples);
        }
    }

    fn learn(&mut self, samples: &[f32]) {
        let powers = self.spectrum.powers(samples);
        let level = 10.0 * powers.iter().sum::<f64>().max(1e-12).log10();
        if !self.speaking.learn(level) || level < GATE_DBFS {
            return;
        }
        // Two and a half years of talking are enough to have learnt.
        self.voiced_ticks = self.voiced_ticks.saturating_add(1);
        // The plain mean at first, so that the first syllable does not count for all.
        let share = (TICK_MS / TIME_MS).max(1.0 / f64::from(self.voiced_ticks));
        for (learnt, power) in self.learnt.iter_mut().zip(powers) {
            *learnt += share * (power - *learnt);
        }
        let lacking = self.lacking_db();
        for (gain, lacking) in self.gains_db.iter_mut().zip(lacking) {
            let wanted = lacking.clamp(-Self::LIMIT_DB, Self::LIMIT_DB);
            *gain += (TICK_MS / TIME_MS) * (wanted - *gain);
        }
    }

    /// How much each band lacks of average speech of the same loudness, decibels.
    fn lacking_db(&self) -> [f64; BANDS] {
        let bands = self.bands;
        let total = |powers: &[f64]| powers[..bands].iter().sum::<f64>().max(1e-12);
        let speech = SPEECH_DB.map(|db| 10f64.powf(db / 10.0));
        let louder = total(&speech) / total(&self.learnt);
        std::array::from_fn(|band| {
            let found = 10.0 * (self.learnt[band] * louder).max(1e-12).log10() - SPEECH_DB[band];
            if band >= bands || found < EMPTY_DB {
                0.0
            } else {
                -found
            }
        })
    }
}

fn correction(rate_hz: u32, band: usize, gain_db: f64) -> Coefficients {
    match band {
        0 => Coefficients::shelf(rate_hz, MIDDLES_HZ[0], -1.0, gain_db),
        4 => Coefficients::shelf(rate_hz, MIDDLES_HZ[4], 1.0, gain_db),
        _ => Coefficients::peak(rate_hz, MIDDLES_HZ[band], PEAK_Q, gain_db),
    }
}

/// Power of the bands in a tick.
struct Spectrum {
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    tick: Vec<f32>,
    bins: Vec<Complex<f32>>,
    work: Vec<Complex<f32>>,
    /// Bins where bands begin, and where the last ends.
    edges: [usize; BANDS + 1],
}

impl Spectrum {
    fn new(rate_hz: u32) -> Self {
        let length = (rate_hz as usize / 50).min(WIDE_FRAME);
        let transform = RealFftPlanner::new().plan_fft_forward(length);
        let window = (0..length).map(|n| {
            let turn = TAU * (n as f64 + 0.5) / length as f64;
            // So that a sine of full scale has a power of 1.
            ((1.0 - turn.cos()) / (length as f64 * f64::from(FULL_SCALE)) * (4.0 / 3.0f64).sqrt())
                as f32
        });
        Self {
            window: window.collect(),
            tick: transform.make_input_vec(),
            bins: transform.make_output_vec(),
            work: transform.make_scratch_vec(),
            transform,
            edges: EDGES_HZ.map(|hz| (hz / 50.0).round() as usize),
        }
    }

    fn powers(&mut self, samples: &[f32]) -> [f64; BANDS] {
        for ((to, from), window) in self.tick.iter_mut().zip(samples).zip(&self.window) {
            *to = from * window;
        }
        self.transform
            .process_with_scratch(&mut self.tick, &mut self.bins, &mut self.work)
            .expect("the vectors were made by the plan");
        std::array::from_fn(|band| {
            let bins = &self.bins[self.edges[band]..self.edges[band + 1]];
            bins.iter().map(|bin| f64::from(bin.norm_sqr())).sum()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;
    use crate::voice::talker::talker;

    fn equalised(said: &[i16], rate_hz: u32, came_at_hz: u32) -> Vec<i16> {
        let mut equaliser = Equaliser::new(rate_hz, came_at_hz);
        let mut out = Vec::new();
        for tick in said.chunks_exact(rate_hz as usize / 50) {
            let mut tick: Vec<f32> = tick.iter().map(|&s| f32::from(s)).collect();
            equaliser.process(&mut tick);
            out.extend(tick.iter().map(|s| s.round() as i16));
        }
        out
    }

    /// Bands of a sound relative to average speech of the same power, decibels.
    fn bands_db(sound: &[i16], rate_hz: u32) -> [f64; BANDS] {
        let mut spectrum = Spectrum::new(rate_hz);
        let mut sums = [0.0; BANDS];
        for tick in sound.chunks_exact(rate_hz as usize / 50) {
            let tick: Vec<f32> = tick.iter().map(|&s| f32::from(s)).collect();
            let powers = spectrum.powers(&tick);
            sums.iter_mut()
                .zip(powers)
                .for_each(|(sum, power)| *sum += power);
        }
        let total: f64 = sums.iter().sum();
        let speech = SPEECH_DB.map(|db| 10f64.powf(db / 10.0));
        let of_speech: f64 = speech.iter().sum();
        std::array::from_fn(|band| 10.0 * (sums[band] / total / (speech[band] / of_speech)).log10())
    }

    fn dull(rate_hz: u32) -> Vec<i16> {
        let mut voice: Vec<f32> = talker(3, rate_hz, 16, -20.0)
            .iter()
            .map(|&s| f32::from(s))
            .collect();
        Biquad::new(Coefficients::shelf(rate_hz, 1000.0, 1.0, -14.0)).process(&mut voice);
        voice.iter().map(|s| s.round() as i16).collect()
    }

    #[test]
    fn a_dull_voice_becomes_clearer_within_six_decibels() {
        for rate_hz in [16_000, 48_000] {
            let said = dull(rate_hz);
            let out = equalised(&said, rate_hz, rate_hz);
            let late = 10 * rate_hz as usize..;
            let (before, after) = (
                bands_db(&said[late.clone()], rate_hz),
                bands_db(&out[late.clone()], rate_hz),
            );
            println!("{rate_hz} Hz: {before:.1?} to {after:.1?}");
            let off = |bands: [f64; BANDS]| bands.map(f64::abs).iter().sum::<f64>();
            assert!(off(after) < off(before) * 0.8, "{before:?} to {after:?}");
            let louder = level::dbfs(&out[late.clone()]) - level::dbfs(&said[late]);
            for (before, after) in before.iter().zip(after) {
                let changed = after - before + louder;
                assert!(changed.abs() < 7.5, "a band changed by {changed} dB");
            }
            assert!(after[4] > before[4] + 3.0 && after[3] > before[3] + 3.0);
        }
    }

    #[test]
    fn somebody_who_talks_for_years_is_still_equalised() {
        let mut equaliser = Equaliser::new(16_000, 16_000);
        equaliser.voiced_ticks = u32::MAX - 1;
        for tick in dull(16_000).chunks_exact(320) {
            let mut tick: Vec<f32> = tick.iter().map(|&s| f32::from(s)).collect();
            equaliser.process(&mut tick);
        }
        assert_eq!(equaliser.voiced_ticks, u32::MAX);
        assert!(equaliser.gains_db[4] > 3.0, "{:?}", equaliser.gains_db);
    }

    #[test]
    fn hum_is_cut_and_what_a_telephone_cannot_hold_is_not_brought_up() {
        let hum = level::sine(16_000, 50.0, -20.0, 32_000);
        let left = level::dbfs(&equalised(&hum, 16_000, 16_000)[16_000..]);
        assert!((-31.0..-27.0).contains(&left), "{left} dBFS of 50 Hz");
        let mut equaliser = Equaliser::new(16_000, 8000);
        assert_eq!(equaliser.bands, 4);
        for tick in dull(16_000).chunks_exact(320) {
            let mut tick: Vec<f32> = tick.iter().map(|&s| f32::from(s)).collect();
            equaliser.process(&mut tick);
        }
        assert_eq!(equaliser.gains_db[4], 0.0);
        assert!(equaliser.gains_db[3] > 3.0, "{:?}", equaliser.gains_db);
        assert!(
            equaliser
                .gains_db
                .iter()
                .all(|gain| gain.abs() <= Equaliser::LIMIT_DB)
        );
    }
}
