//! A set of ears at one rate and quality, transformed: what a listener's filters are made from.

use realfft::RealToComplex;

use super::band_limited::{Kernel, fractional_delay};
use super::hrtf::HrtfSet;
use super::impulse_grid::{self, ONSET, POINTS, RATE_HZ, TAPS, direction_of, nearest, surrounding};
use super::scene::Direction;
use super::vector::{EarSpectra, Instructions, Lanes, Part, PhaseRamp, Spectrum};

/// Fractions of a sample a delay can have: steps of 0.65 µs at 48 kHz, where ears notice 10.
const FRACTIONS: usize = 32;
/// Taps that make a fraction.
const FRACTION_TAPS: usize = 16;
/// Of those, before the middle; so much everything is late.
const FRACTION_DELAY: usize = FRACTION_TAPS / 2 - 1;

/// How exactly directions are rendered: 1 (cheap) to 5 (best). `event-manager.md` §10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality(u8);

impl Quality {
    /// All there are.
    pub const ALL: [Self; 5] = [Self(1), Self(2), Self(3), Self(4), Self(5)];

    /// 1 to 5.
    #[must_use]
    pub fn new(level: u8) -> Option<Self> {
        (1..=5).contains(&level).then_some(Self(level))
    }

    /// The reverse of [`Quality::new`].
    #[must_use]
    pub const fn level(self) -> u8 {
        self.0
    }

    /// Length of an impulse response in samples at 48 kHz, counted from where the sound arrives.
    #[must_use]
    pub const fn samples(self) -> usize {
        match self.0 {
            1 => 32,
            2 => 64,
            3 => 128,
            4 => 192,
            _ => impulse_grid::LONGEST,
        }
    }

    /// Whether a direction between those of the grid is mixed from the four around it; otherwise the nearest one
    /// stands for it.
    #[must_use]
    pub const fn is_bilinear(self) -> bool {
        self.0 >= 3
    }
}

/// Transforms of every response of the grid, and of delays.
pub(super) struct FilterTable {
    length: usize,
    lines: usize,
    bilinear: bool,
    /// For each point, left and right, real and imaginary parts: `lines` each.
    responses: Vec<Lanes>,
    /// Arrival at each ear, samples.
    delays: Vec<[f32; 2]>,
    /// For each fraction, real and imaginary parts: `lines` each.
    fractions: Vec<Lanes>,
    /// e to the power −2πi k / `length`.
    roots: Vec<(f32, f32)>,
}

/// How many samples of the past a filter reaches back at a rate and quality.
pub(super) fn reach(set: &HrtfSet, rate_hz: u32, quality: Quality) -> usize {
    let latest = set
        .grid()
        .points()
        .iter()
        .flatten()
        .fold(0.0f32, |latest, ear| latest.max(ear.delay));
    let latest = (latest * rate_hz as f32 / RATE_HZ as f32).floor() as usize;
    response_samples(rate_hz, quality) + latest + FRACTION_TAPS
}

fn response_samples(rate_hz: u32, quality: Quality) -> usize {
    ONSET + (quality.samples() * rate_hz as usize).div_ceil(RATE_HZ as usize)
}

impl FilterTable {
    /// Transforms a set with the given transform, whose inverse multiplies by its length.
    pub(super) fn new(
        set: &HrtfSet,
        rate_hz: u32,
        quality: Quality,
        forward: &dyn RealToComplex<f32>,
    ) -> Self {
        let length = forward.len();
        let lines = (length / 2 + 1).div_ceil(Lanes::COUNT);
        let mut transform = Transform::new(forward);
        let mut responses = Vec::with_capacity(POINTS * 4 * lines);
        let mut delays = Vec::with_capacity(POINTS);
        let kernel = Kernel::new();
        let mut taps = vec![0.0; response_samples(rate_hz, quality)];
        for ears in set.grid().points() {
            for ear in ears {
                at_rate(&kernel, &ear.taps, rate_hz, &mut taps);
                fade_out(&mut taps);
                transform.append(taps.iter().map(|tap| tap / length as f32), &mut responses);
            }
            delays.push([0, 1].map(|ear| ears[ear].delay * rate_hz as f32 / RATE_HZ as f32));
        }
        let mut fractions = Vec::with_capacity(FRACTIONS * 2 * lines);
        for step in 0..FRACTIONS {
            let mut taps = [0.0; FRACTION_TAPS];
            fractional_delay(FRACTION_DELAY, step as f64 / FRACTIONS as f64, &mut taps);
            transform.append(taps.iter().map(|&tap| tap as f32), &mut fractions);
        }
        let roots = (0..length)
            .map(|k| {
                let angle = -std::f64::consts::TAU * k as f64 / length as f64;
                (angle.cos() as f32, angle.sin() as f32)
            })
            .collect();
        Self {
            length,
            lines,
            bilinear: quality.is_bilinear(),
            responses,
            delays,
            fractions,
            roots,
        }
    }

    /// The direction that is really rendered for one asked for.
    pub(super) fn rendered(&self, direction: Direction) -> Direction {
        if self.bilinear {
            direction
        } else {
            direction_of(nearest(direction))
        }
    }

    /// Fills in the filters of a direction.
    pub(super) fn fill(
        &self,
        instructions: Instructions,
        direction: Direction,
        out: &mut EarSpectra,
    ) {
        if !self.bilinear {
            self.fill_from(instructions, [(nearest(direction), 1.0)], out);
            return;
        }
        let around = surrounding(direction);
        match around.iter().find(|(_, weight)| *weight == 1.0) {
            Some(&point) => self.fill_from(instructions, [point], out),
            None => self.fill_from(instructions, around, out),
        }
    }

    fn fill_from<const N: usize>(
        &self,
        instructions: Instructions,
        points: [(usize, f32); N],
        out: &mut EarSpectra,
    ) {
        for (ear, out) in [&mut out.left, &mut out.right].into_iter().enumerate() {
            let delay: f32 = points
                .iter()
                .map(|&(point, weight)| self.delays[point][ear] * weight)
                .sum();
            let steps = (delay * FRACTIONS as f32).round() as usize;
            let parts = points.map(|(point, weight)| (self.response(point, ear), weight));
            let fraction = self.fraction(steps % FRACTIONS);
            let ramp = self.ramp(steps / FRACTIONS);
            instructions.interpolate(parts, fraction, ramp, out);
        }
    }

    fn response(&self, point: usize, ear: usize) -> Part<'_> {
        self.part(&self.responses, point * 2 + ear)
    }

    fn fraction(&self, step: usize) -> Part<'_> {
        self.part(&self.fractions, step)
    }

    fn part<'a>(&self, table: &'a [Lanes], index: usize) -> Part<'a> {
        let (re, im) = table[index * 2 * self.lines..][..2 * self.lines].split_at(self.lines);
        Part { re, im }
    }

    /// Phases of a delay by whole samples.
    fn ramp(&self, samples: usize) -> PhaseRamp {
        let root = |k: usize| self.roots[k * samples % self.length];
        PhaseRamp {
            re: Lanes(std::array::from_fn(|k| root(k).0)),
            im: Lanes(std::array::from_fn(|k| root(k).1)),
            step: root(Lanes::COUNT),
        }
    }
}

/// One response at another rate; the sound still arrives at [`ONSET`].
fn at_rate(kernel: &Kernel, taps: &[f32; TAPS], rate_hz: u32, out: &mut [f32]) {
    if rate_hz == RATE_HZ {
        out.copy_from_slice(&taps[..out.len()]);
        return;
    }
    let step = f64::from(RATE_HZ) / f64::from(rate_hz);
    let start = ONSET as f64 * (1.0 - step);
    kernel.resample(taps, f64::from(RATE_HZ), f64::from(rate_hz), start, out);
}

/// The last quarter of a response goes down to nothing, so that cutting it off does not ring.
fn fade_out(taps: &mut [f32]) {
    let quarter = (taps.len() - ONSET) / 4;
    let start = taps.len() - quarter;
    for (n, tap) in taps[start..].iter_mut().enumerate() {
        let angle = std::f32::consts::PI * (n + 1) as f32 / (quarter + 1) as f32;
        *tap *= 0.5 + 0.5 * angle.cos();
    }
}

/// Transforms short things into tables.
struct Transform<'a> {
    forward: &'a dyn RealToComplex<f32>,
    samples: Vec<f32>,
    bins: Vec<realfft::num_complex::Complex32>,
}

impl<'a> Transform<'a> {
    fn new(forward: &'a dyn RealToComplex<f32>) -> Self {
        Self {
            forward,
            samples: forward.make_input_vec(),
            bins: forward.make_output_vec(),
        }
    }

    fn append(&mut self, taps: impl Iterator<Item = f32>, table: &mut Vec<Lanes>) {
        self.samples.fill(0.0);
        for (sample, tap) in self.samples.iter_mut().zip(taps) {
            *sample = tap;
        }
        self.forward
            .process(&mut self.samples, &mut self.bins)
            .expect("lengths are those of the plan");
        let mut spectrum = Spectrum::new(self.bins.len());
        spectrum.take(&self.bins);
        table.extend_from_slice(&spectrum.re);
        table.extend_from_slice(&spectrum.im);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualities_are_one_to_five_and_ever_longer() {
        assert!(Quality::new(0).is_none() && Quality::new(6).is_none());
        let samples = Quality::ALL.map(Quality::samples);
        assert_eq!(samples, [32, 64, 128, 192, 256]);
        assert_eq!(
            Quality::ALL.map(Quality::is_bilinear),
            [false, false, true, true, true]
        );
    }
}
