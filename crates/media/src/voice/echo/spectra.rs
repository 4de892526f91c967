//! Spectra of blocks of 10 ms, real and imaginary parts apart so that loops over them become vector instructions.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::{BINS, TRANSFORM};
use crate::voice::{FULL_SCALE, LOW_BLOCK};

/// One spectrum.
#[derive(Clone, Copy)]
pub(super) struct Spectrum {
    pub(super) re: [f32; BINS],
    pub(super) im: [f32; BINS],
}

impl Spectrum {
    pub(super) const ZERO: Self = Self {
        re: [0.0; BINS],
        im: [0.0; BINS],
    };

    pub(super) fn power(&self, bin: usize) -> f32 {
        self.re[bin] * self.re[bin] + self.im[bin] * self.im[bin]
    }
}

/// The transform of 20 ms at 16 kHz and back, with its room to work in.
pub(super) struct Transform {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    time: Vec<f32>,
    bins: Vec<Complex<f32>>,
    work: Vec<Complex<f32>>,
}

impl Transform {
    pub(super) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(TRANSFORM);
        let inverse = planner.plan_fft_inverse(TRANSFORM);
        let work = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            time: forward.make_input_vec(),
            bins: forward.make_output_vec(),
            work: vec![Complex::default(); work],
            forward,
            inverse,
        }
    }

    /// Of two blocks.
    pub(super) fn forward(&mut self, first: &[f32], second: &[f32], to: &mut Spectrum) {
        self.time[..LOW_BLOCK].copy_from_slice(first);
        self.time[LOW_BLOCK..].copy_from_slice(second);
        self.forward
            .process_with_scratch(&mut self.time, &mut self.bins, &mut self.work)
            .expect("the vectors were made by the plan");
        for ((re, im), bin) in to.re.iter_mut().zip(&mut to.im).zip(&self.bins) {
            (*re, *im) = (bin.re, bin.im);
        }
    }

    /// Back to two blocks of samples.
    pub(super) fn inverse(&mut self, from: &Spectrum) -> (&[f32], &[f32]) {
        for ((bin, re), im) in self.bins.iter_mut().zip(&from.re).zip(&from.im) {
            *bin = Complex::new(re / TRANSFORM as f32, im / TRANSFORM as f32);
        }
        // Of a real signal these are real; rounding may have left something.
        self.bins[0].im = 0.0;
        self.bins[BINS - 1].im = 0.0;
        self.inverse
            .process_with_scratch(&mut self.bins, &mut self.time, &mut self.work)
            .expect("the vectors were made by the plan, and the outer bins are real");
        self.time.split_at(LOW_BLOCK)
    }
}

/// Spectra of what a leg heard, each of a block and the one before it.
pub(super) struct History {
    spectra: Vec<Spectrum>,
    powers: Vec<[f32; BINS]>,
    newest: usize,
    last: [f32; LOW_BLOCK],
}

impl History {
    pub(super) fn new(blocks: usize) -> Self {
        Self {
            spectra: vec![Spectrum::ZERO; blocks],
            powers: vec![[0.0; BINS]; blocks],
            newest: 0,
            last: [0.0; LOW_BLOCK],
        }
    }

    pub(super) fn push(&mut self, heard: &[i16], transform: &mut Transform) {
        let mut block = [0.0; LOW_BLOCK];
        for (to, &from) in block.iter_mut().zip(heard) {
            *to = f32::from(from) / FULL_SCALE;
        }
        self.newest = (self.newest + self.spectra.len() - 1) % self.spectra.len();
        let spectrum = &mut self.spectra[self.newest];
        transform.forward(&self.last, &block, spectrum);
        for (bin, power) in self.powers[self.newest].iter_mut().enumerate() {
            *power = spectrum.power(bin);
        }
        self.last = block;
    }

    /// The spectrum of so many blocks ago, and its powers.
    pub(super) fn ago(&self, blocks: usize) -> (&Spectrum, &[f32; BINS]) {
        let at = (self.newest + blocks) % self.spectra.len();
        (&self.spectra[at], &self.powers[at])
    }

    pub(super) fn blocks(&self) -> usize {
        self.spectra.len()
    }
}

/// What decays for ever ends in numbers that processors are slow with.
pub(super) fn settled(value: f32) -> f32 {
    if value.abs() < 1e-20 { 0.0 } else { value }
}
