//! The inner loops over spectra, compiled twice: for every processor of the architecture, and for those with AVX2 and
//! FMA, which is found out once, when a renderer is made.
#![allow(
    unsafe_code,
    reason = "a function compiled for more than the baseline can only be called after a check the compiler cannot see"
)]

use realfft::num_complex::Complex32;

/// Sixteen values, one cache line.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub(super) struct Lanes(pub(super) [f32; Self::COUNT]);

impl Lanes {
    pub(super) const COUNT: usize = 16;
    pub(super) const ZERO: Self = Self([0.0; Self::COUNT]);

    /// `self · by + add`. Everything is read before anything is written: that is what lets the compiler see vectors.
    #[inline(always)]
    fn multiply_add<const FUSED: bool>(self, by: Self, add: Self) -> Self {
        Self(std::array::from_fn(|lane| {
            multiply_add::<FUSED>(self.0[lane], by.0[lane], add.0[lane])
        }))
    }

    #[inline(always)]
    fn times(self, by: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] * by.0[lane]))
    }

    #[inline(always)]
    fn negated(self) -> Self {
        Self(self.0.map(|value| -value))
    }
}

/// Sixteen complex numbers.
#[derive(Clone, Copy)]
struct Complexes {
    re: Lanes,
    im: Lanes,
}

impl Complexes {
    const ZERO: Self = Self {
        re: Lanes::ZERO,
        im: Lanes::ZERO,
    };

    #[inline(always)]
    fn times<const FUSED: bool>(self, by: Self) -> Self {
        let im_by_im = self.im.negated().times(by.im);
        let im_by_re = self.im.times(by.re);
        Self {
            re: self.re.multiply_add::<FUSED>(by.re, im_by_im),
            im: self.re.multiply_add::<FUSED>(by.im, im_by_re),
        }
    }

    /// `self · by + add`, for a real factor.
    #[inline(always)]
    fn scaled_add<const FUSED: bool>(self, by: Lanes, add: Self) -> Self {
        Self {
            re: self.re.multiply_add::<FUSED>(by, add.re),
            im: self.im.multiply_add::<FUSED>(by, add.im),
        }
    }
}

/// Bins of one real signal's transform, real and imaginary parts apart.
#[derive(Clone, Debug)]
pub(super) struct Spectrum {
    pub(super) re: Vec<Lanes>,
    pub(super) im: Vec<Lanes>,
}

impl Spectrum {
    /// Room for so many bins, all zero.
    pub(super) fn new(bins: usize) -> Self {
        let lines = bins.div_ceil(Lanes::COUNT);
        Self {
            re: vec![Lanes::ZERO; lines],
            im: vec![Lanes::ZERO; lines],
        }
    }

    pub(super) fn clear(&mut self) {
        self.re.fill(Lanes::ZERO);
        self.im.fill(Lanes::ZERO);
    }

    fn copy_from(&mut self, other: &Self) {
        self.re.copy_from_slice(&other.re);
        self.im.copy_from_slice(&other.im);
    }

    /// Takes bins over from where real and imaginary parts alternate.
    pub(super) fn take(&mut self, bins: &[Complex32]) {
        for ((re, im), bins) in self
            .re
            .iter_mut()
            .zip(&mut self.im)
            .zip(bins.chunks(Lanes::COUNT))
        {
            for (lane, bin) in bins.iter().enumerate() {
                (re.0[lane], im.0[lane]) = (bin.re, bin.im);
            }
        }
    }

    /// Gives them back; the first and the last bin of a real signal have no imaginary part.
    pub(super) fn give(&self, bins: &mut [Complex32]) {
        let lines = self.re.iter().zip(&self.im);
        for ((re, im), bins) in lines.zip(bins.chunks_mut(Lanes::COUNT)) {
            for (lane, bin) in bins.iter_mut().enumerate() {
                *bin = Complex32::new(re.0[lane], im.0[lane]);
            }
        }
        if let [first, .., last] = bins {
            (first.im, last.im) = (0.0, 0.0);
        }
    }

    /// Becomes the product of two others.
    pub(super) fn multiply(&mut self, a: &Self, b: &Self) {
        for ((line, a), b) in self.lines_mut().zip(a.lines()).zip(b.lines()) {
            line.put(a.times::<false>(b));
        }
    }

    fn lines(&self) -> impl Iterator<Item = Complexes> {
        let lines = self.re.iter().zip(&self.im);
        lines.map(|(&re, &im)| Complexes { re, im })
    }

    fn lines_mut(&mut self) -> impl Iterator<Item = Line<'_>> {
        let lines = self.re.iter_mut().zip(&mut self.im);
        lines.map(|(re, im)| Line { re, im })
    }
}

/// Where sixteen complex numbers are kept.
struct Line<'a> {
    re: &'a mut Lanes,
    im: &'a mut Lanes,
}

impl Line<'_> {
    #[inline(always)]
    fn add<const FUSED: bool>(self, numbers: Complexes, gain: Lanes) {
        let so_far = Complexes {
            re: *self.re,
            im: *self.im,
        };
        self.put(numbers.scaled_add::<FUSED>(gain, so_far));
    }

    #[inline(always)]
    fn put(self, numbers: Complexes) {
        (*self.re, *self.im) = (numbers.re, numbers.im);
    }
}

/// Spectra of the two ears.
#[derive(Clone, Debug)]
pub(super) struct EarSpectra {
    pub(super) left: Spectrum,
    pub(super) right: Spectrum,
}

impl EarSpectra {
    pub(super) fn new(bins: usize) -> Self {
        Self {
            left: Spectrum::new(bins),
            right: Spectrum::new(bins),
        }
    }

    pub(super) fn clear(&mut self) {
        self.left.clear();
        self.right.clear();
    }

    /// Becomes what others of the same length are.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.left.copy_from(&other.left);
        self.right.copy_from(&other.right);
    }
}

/// A spectrum somewhere in a table.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) re: &'a [Lanes],
    pub(super) im: &'a [Lanes],
}

impl Part<'_> {
    #[inline(always)]
    fn cut(self, lines: usize) -> Self {
        Self {
            re: &self.re[..lines],
            im: &self.im[..lines],
        }
    }

    #[inline(always)]
    fn at(self, line: usize) -> Complexes {
        Complexes {
            re: self.re[line],
            im: self.im[line],
        }
    }
}

/// e to the power −iθk for k = 0, 1, 2 …, as its first values and the step from sixteen to the next sixteen.
#[derive(Clone, Copy)]
pub(super) struct PhaseRamp {
    pub(super) re: Lanes,
    pub(super) im: Lanes,
    pub(super) step: (f32, f32),
}

/// Which instructions may be used. Can only be had from [`Instructions::detect`], so that the wider set is never used
/// where it does not exist.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instructions(Set);

#[derive(Clone, Copy, Debug)]
enum Set {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2Fma,
}

impl Instructions {
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
        {
            return Self(Set::Avx2Fma);
        }
        Self(Set::Baseline)
    }

    /// What every processor has; for comparison.
    #[cfg(test)]
    pub(super) fn baseline() -> Self {
        Self(Set::Baseline)
    }

    /// `sum += gain · sound · filters`, for both ears.
    pub(super) fn add_filtered(
        self,
        sum: &mut EarSpectra,
        sound: &Spectrum,
        filters: &EarSpectra,
        gain: f32,
    ) {
        match self.0 {
            Set::Baseline => add_filtered::<false>(sum, sound, filters, gain),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `detect` is the only way to this variant and found both features.
            Set::Avx2Fma => unsafe { avx2::add_filtered(sum, sound, filters, gain) },
        }
    }

    /// As [`Instructions::add_filtered`] into two sums, with a gain for each.
    pub(super) fn add_filtered_twice(
        self,
        sums: [&mut EarSpectra; 2],
        sound: &Spectrum,
        filters: &EarSpectra,
        gains: [f32; 2],
    ) {
        match self.0 {
            Set::Baseline => add_filtered_twice::<false>(sums, sound, filters, gains),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `detect` is the only way to this variant and found both features.
            Set::Avx2Fma => unsafe { avx2::add_filtered_twice(sums, sound, filters, gains) },
        }
    }

    /// `out = (Σ weight · part) · delay · ramp`.
    pub(super) fn interpolate<const N: usize>(
        self,
        parts: [(Part<'_>, f32); N],
        delay: Part<'_>,
        ramp: PhaseRamp,
        out: &mut Spectrum,
    ) {
        match self.0 {
            Set::Baseline => interpolate::<false, N>(parts, delay, ramp, out),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `detect` is the only way to this variant and found both features.
            Set::Avx2Fma => unsafe { avx2::interpolate(parts, delay, ramp, out) },
        }
    }

    /// `to += from · gain`, the gain going from the first to the second over the length.
    pub(super) fn add_ramped(self, to: &mut [f32], from: &[f32], gains: [f32; 2]) {
        match self.0 {
            Set::Baseline => add_ramped::<false>(to, from, gains),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `detect` is the only way to this variant and found both features.
            Set::Avx2Fma => unsafe { avx2::add_ramped(to, from, gains) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{EarSpectra, Part, PhaseRamp, Spectrum};

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn add_filtered(
        sum: &mut EarSpectra,
        sound: &Spectrum,
        filters: &EarSpectra,
        gain: f32,
    ) {
        super::add_filtered::<true>(sum, sound, filters, gain);
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn add_filtered_twice(
        sums: [&mut EarSpectra; 2],
        sound: &Spectrum,
        filters: &EarSpectra,
        gains: [f32; 2],
    ) {
        super::add_filtered_twice::<true>(sums, sound, filters, gains);
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn interpolate<const N: usize>(
        parts: [(Part<'_>, f32); N],
        delay: Part<'_>,
        ramp: PhaseRamp,
        out: &mut Spectrum,
    ) {
        super::interpolate::<true, N>(parts, delay, ramp, out);
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn add_ramped(to: &mut [f32], from: &[f32], gains: [f32; 2]) {
        super::add_ramped::<true>(to, from, gains);
    }
}

/// `a · b + c`; fused only where the processor does it, for otherwise a library function would.
#[inline(always)]
fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
fn add_filtered<const FUSED: bool>(
    sum: &mut EarSpectra,
    sound: &Spectrum,
    filters: &EarSpectra,
    gain: f32,
) {
    let gain = Lanes([gain; Lanes::COUNT]);
    let ears = [
        (&mut sum.left, &filters.left),
        (&mut sum.right, &filters.right),
    ];
    for (sum, filter) in ears {
        for ((sum, sound), filter) in sum.lines_mut().zip(sound.lines()).zip(filter.lines()) {
            let filtered = sound.times::<FUSED>(filter);
            sum.add::<FUSED>(filtered, gain);
        }
    }
}

#[inline(always)]
fn add_filtered_twice<const FUSED: bool>(
    sums: [&mut EarSpectra; 2],
    sound: &Spectrum,
    filters: &EarSpectra,
    gains: [f32; 2],
) {
    let [first, second] = sums;
    let [first_gain, second_gain] = gains.map(|gain| Lanes([gain; Lanes::COUNT]));
    let ears = [
        (&mut first.left, &mut second.left, &filters.left),
        (&mut first.right, &mut second.right, &filters.right),
    ];
    for (first, second, filter) in ears {
        let sums = first.lines_mut().zip(second.lines_mut());
        for (((first, second), sound), filter) in sums.zip(sound.lines()).zip(filter.lines()) {
            let filtered = sound.times::<FUSED>(filter);
            first.add::<FUSED>(filtered, first_gain);
            second.add::<FUSED>(filtered, second_gain);
        }
    }
}

#[inline(always)]
fn interpolate<const FUSED: bool, const N: usize>(
    parts: [(Part<'_>, f32); N],
    delay: Part<'_>,
    ramp: PhaseRamp,
    out: &mut Spectrum,
) {
    let lines = out.re.len();
    // Cut to one length here, so that the loop needs no checks.
    let parts = parts.map(|(part, weight)| (part.cut(lines), Lanes([weight; Lanes::COUNT])));
    let delay = delay.cut(lines);
    let mut phase = Complexes {
        re: ramp.re,
        im: ramp.im,
    };
    let step = Complexes {
        re: Lanes([ramp.step.0; Lanes::COUNT]),
        im: Lanes([ramp.step.1; Lanes::COUNT]),
    };
    for (line, out) in out.lines_mut().enumerate() {
        let mut mixed = Complexes::ZERO;
        for (part, weight) in &parts {
            mixed = part.at(line).scaled_add::<FUSED>(*weight, mixed);
        }
        let shift = phase.times::<FUSED>(delay.at(line));
        out.put(mixed.times::<FUSED>(shift));
        phase = phase.times::<FUSED>(step);
    }
}

#[inline(always)]
fn add_ramped<const FUSED: bool>(to: &mut [f32], from: &[f32], gains: [f32; 2]) {
    let [before, after] = gains;
    let step = (after - before) / to.len() as f32;
    for (n, (to, &from)) in to.iter_mut().zip(from).enumerate() {
        let gain = multiply_add::<FUSED>((n + 1) as f32, step, before);
        *to = multiply_add::<FUSED>(from, gain, *to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(bins: usize, seed: f32) -> Spectrum {
        let mut spectrum = Spectrum::new(bins);
        let parts = spectrum.re.iter_mut().chain(&mut spectrum.im);
        for (n, line) in parts.enumerate() {
            line.0 = std::array::from_fn(|lane| (seed * (n * Lanes::COUNT + lane) as f32).sin());
        }
        spectrum
    }

    fn ears(seed: f32) -> EarSpectra {
        EarSpectra {
            left: wave(100, seed),
            right: wave(100, seed * 1.7),
        }
    }

    fn ramp() -> PhaseRamp {
        PhaseRamp {
            re: Lanes(std::array::from_fn(|lane| (0.3 * lane as f32).cos())),
            im: Lanes(std::array::from_fn(|lane| -(0.3 * lane as f32).sin())),
            step: (4.8f32.cos(), -4.8f32.sin()),
        }
    }

    fn whole(spectrum: &Spectrum) -> Part<'_> {
        Part {
            re: &spectrum.re,
            im: &spectrum.im,
        }
    }

    fn differ(a: &EarSpectra, b: &EarSpectra) -> f32 {
        let pairs = [(&a.left, &b.left), (&a.right, &b.right)];
        pairs
            .iter()
            .flat_map(|(a, b)| a.re.iter().zip(&b.re).chain(a.im.iter().zip(&b.im)))
            .flat_map(|(a, b)| a.0.iter().zip(b.0).map(|(a, b)| (a - b).abs()))
            .fold(0.0, f32::max)
    }

    /// Where the processor has no AVX2 both are the same code, and this says nothing.
    #[test]
    fn both_sets_of_instructions_compute_the_same() {
        let sound = wave(100, 0.11);
        let outcome = |instructions: Instructions| {
            let (mut first, mut second) = (ears(0.5), ears(0.7));
            instructions.add_filtered(&mut first, &sound, &ears(0.9), 0.4);
            let both = [&mut first, &mut second];
            instructions.add_filtered_twice(both, &sound, &ears(1.3), [0.5, -1.5]);
            let parts = [(&first.left, 0.25), (&second.right, 0.75)];
            let parts = parts.map(|(part, weight)| (whole(part), weight));
            let mut mixed = ears(0.1);
            instructions.interpolate(parts, whole(&second.left), ramp(), &mut mixed.left);
            let mut samples = [0.5; 37];
            instructions.add_ramped(&mut samples, &[1.0; 37], [0.25, 1.0]);
            (first, second, mixed, samples)
        };
        let (wide, narrow) = (
            outcome(Instructions::detect()),
            outcome(Instructions::baseline()),
        );
        assert!(differ(&wide.0, &narrow.0) < 1e-5);
        assert!(differ(&wide.1, &narrow.1) < 1e-5);
        assert!(differ(&wide.2, &narrow.2) < 1e-4);
        for (a, b) in wide.3.iter().zip(narrow.3) {
            assert!((a - b).abs() < 1e-6);
        }
        assert_eq!(narrow.3[36], 1.5);
    }

    #[test]
    fn a_ramp_of_phases_is_a_rotation() {
        let mut one = Spectrum::new(100);
        one.re.fill(Lanes([1.0; Lanes::COUNT]));
        let mut out = Spectrum::new(100);
        let parts = [(whole(&one), 1.0)];
        Instructions::detect().interpolate(parts, whole(&one), ramp(), &mut out);
        for k in 0..100 {
            let angle = 0.3 * k as f32;
            let (line, lane) = (k / Lanes::COUNT, k % Lanes::COUNT);
            assert!((out.re[line].0[lane] - angle.cos()).abs() < 1e-5);
            assert!((out.im[line].0[lane] + angle.sin()).abs() < 1e-5);
        }
    }
}
