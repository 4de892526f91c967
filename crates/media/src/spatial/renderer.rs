//! What all sources and listeners at one rate and quality share.

use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::crosstalk::CrosstalkFilters;
use super::filter_table::{self, FilterTable, Quality};
use super::hrtf::HrtfSet;
use super::reverb::ReverbDesign;
use super::scene::Direction;
use super::vector::{EarSpectra, Instructions, Spectrum};

/// Rates that can be rendered, hertz.
pub const RATES_HZ: [u32; 5] = [8000, 16_000, 24_000, 32_000, 48_000];

/// Tables and transforms of one rate, frame length and quality. Immutable; shared by `Arc` among sources, listeners
/// and threads.
///
/// Making one takes some 30 ms; at 48 kHz and 20 ms it holds 13 to 15 MB.
pub struct Renderer {
    rate_hz: u32,
    frame: usize,
    quality: Quality,
    pub(super) instructions: Instructions,
    pub(super) transforms: Transforms,
    pub(super) filters: FilterTable,
    pub(super) crosstalk: CrosstalkFilters,
    pub(super) reverb: ReverbDesign,
}

impl Renderer {
    /// Frames a renderer can work in, samples.
    pub const FRAMES: std::ops::RangeInclusive<usize> = 80..=1024;

    /// A renderer of frames of so many samples; `None` for a rate not in [`RATES_HZ`] or a frame not in
    /// [`Renderer::FRAMES`]. 10 and 20 ms are usual.
    #[must_use]
    pub fn new(set: &HrtfSet, rate_hz: u32, frame: usize, quality: Quality) -> Option<Arc<Self>> {
        if !RATES_HZ.contains(&rate_hz) || !Self::FRAMES.contains(&frame) {
            return None;
        }
        let mut planner = RealFftPlanner::new();
        let reach = filter_table::reach(set, rate_hz, quality);
        let transforms = Transforms::new(&mut planner, frame + reach - 1);
        let filters = FilterTable::new(set, rate_hz, quality, &*transforms.forward);
        let crosstalk = CrosstalkFilters::new(&mut planner, rate_hz, frame);
        Some(Arc::new(Self {
            rate_hz,
            frame,
            quality,
            instructions: Instructions::detect(),
            transforms,
            filters,
            crosstalk,
            reverb: ReverbDesign::new(rate_hz),
        }))
    }

    /// Sampling rate, hertz.
    #[must_use]
    pub const fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Samples of a frame.
    #[must_use]
    pub const fn frame(&self) -> usize {
        self.frame
    }

    /// 1 to 5.
    #[must_use]
    pub const fn quality(&self) -> Quality {
        self.quality
    }

    /// The impulse responses by which a direction is rendered, left and right. Allocates; for measuring and tests.
    #[must_use]
    pub fn impulse_responses(&self, direction: Direction) -> [Vec<f32>; 2] {
        let mut filters = EarSpectra::new(self.transforms.bins());
        self.filters
            .fill(self.instructions, direction, &mut filters);
        let mut bins = self.transforms.inverse.make_input_vec();
        let mut scratch = self.transforms.inverse.make_scratch_vec();
        [&filters.left, &filters.right].map(|filter| {
            filter.give(&mut bins);
            let mut samples = self.transforms.inverse.make_output_vec();
            self.transforms
                .inverse
                .process_with_scratch(&mut bins, &mut samples, &mut scratch)
                .expect("lengths are those of the plan");
            samples
        })
    }
}

impl fmt::Debug for Renderer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Renderer")
            .field("rate_hz", &self.rate_hz)
            .field("frame", &self.frame)
            .field("quality", &self.quality)
            .finish_non_exhaustive()
    }
}

/// Forward and inverse transform of one length.
pub(super) struct Transforms {
    pub(super) forward: Arc<dyn RealToComplex<f32>>,
    pub(super) inverse: Arc<dyn ComplexToReal<f32>>,
}

impl Transforms {
    /// Of at least so many samples, and of a length that is quickly transformed.
    pub(super) fn new(planner: &mut RealFftPlanner<f32>, at_least: usize) -> Self {
        let mut length = at_least.next_multiple_of(16);
        while !has_small_factors(length) {
            length += 16;
        }
        Self {
            forward: planner.plan_fft_forward(length),
            inverse: planner.plan_fft_inverse(length),
        }
    }

    /// Samples.
    pub(super) fn length(&self) -> usize {
        self.forward.len()
    }

    pub(super) fn bins(&self) -> usize {
        self.forward.complex_len()
    }
}

fn has_small_factors(mut number: usize) -> bool {
    for factor in [2, 3, 5] {
        while number.is_multiple_of(factor) {
            number /= factor;
        }
    }
    number == 1
}

/// Room in which a transform can work: one for each thread, source or test.
#[derive(Debug)]
pub(super) struct Workbench {
    samples: Vec<f32>,
    bins: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Workbench {
    pub(super) fn new(transforms: &Transforms) -> Self {
        let forward = transforms.forward.get_scratch_len();
        let inverse = transforms.inverse.get_scratch_len();
        Self {
            samples: vec![0.0; transforms.length()],
            bins: vec![Complex32::ZERO; transforms.bins()],
            scratch: vec![Complex32::ZERO; forward.max(inverse)],
        }
    }

    /// Transforms samples, as many as the transform is long.
    pub(super) fn forward(&mut self, transforms: &Transforms, samples: &[f32], to: &mut Spectrum) {
        self.samples.copy_from_slice(samples);
        let scratch = &mut self.scratch[..transforms.forward.get_scratch_len()];
        transforms
            .forward
            .process_with_scratch(&mut self.samples, &mut self.bins, scratch)
            .expect("lengths are those of the plan");
        to.take(&self.bins);
    }

    /// Transforms back; what is returned is as long as the transform.
    pub(super) fn inverse(&mut self, transforms: &Transforms, from: &Spectrum) -> &[f32] {
        from.give(&mut self.bins);
        let scratch = &mut self.scratch[..transforms.inverse.get_scratch_len()];
        transforms
            .inverse
            .process_with_scratch(&mut self.bins, &mut self.samples, scratch)
            .expect("lengths are those of the plan");
        &self.samples
    }
}
