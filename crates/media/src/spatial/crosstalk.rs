//! Binaural sound through loudspeakers: what the left loudspeaker sends to the right ear is cancelled, and vice versa.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex32;

use super::head_model;
use super::renderer::{Transforms, Workbench};
use super::vector::Spectrum;

/// Largest gain of the inverse relative to a source in the middle, dB (`event-manager.md` §11).
const MOST_DB: f32 = 15.0;
/// Length of the filters and where their middle is, samples at 48 kHz: 11 and 2.7 ms.
const TAPS_AT_48K: usize = 512;
const MIDDLE_AT_48K: usize = 128;

/// Half the angle between the loudspeakers as the listener sees them: 1 to 90 degrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HalfSpan(u8);

impl HalfSpan {
    /// Degrees; `None` outside 1 to 90.
    #[must_use]
    pub fn new(degrees: u8) -> Option<Self> {
        (1..=90).contains(&degrees).then_some(Self(degrees))
    }

    /// 1 to 90.
    #[must_use]
    pub const fn degrees(self) -> u8 {
        self.0
    }
}

impl Default for HalfSpan {
    /// A laptop: 15 degrees.
    fn default() -> Self {
        Self(15)
    }
}

/// What a listener hears with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Device {
    /// Each ear has its own.
    #[default]
    Headphones,
    /// Two, at this angle to either side.
    Loudspeakers(HalfSpan),
}

/// Filters for every angle.
///
/// The arrangement is symmetrical, so the inverse of the matrix between loudspeakers and ears falls into two: one filter
/// for the sum of both channels and one for their difference. Each is `H* / (|H|² + β)`, whose gain is never above
/// 1 / (2 √β).
pub(super) struct CrosstalkFilters {
    pub(super) transforms: Transforms,
    angles: Vec<SumAndDifference>,
}

struct SumAndDifference {
    sum: Spectrum,
    difference: Spectrum,
}

impl CrosstalkFilters {
    pub(super) fn new(planner: &mut RealFftPlanner<f32>, rate_hz: u32, frame: usize) -> Self {
        let at_rate = |samples: usize| (samples * rate_hz as usize).div_ceil(48_000);
        let taps = at_rate(TAPS_AT_48K);
        let transforms = Transforms::new(planner, frame + taps - 1);
        let mut workbench = Workbench::new(&transforms);
        let angles = (1..=90)
            .map(|degrees| {
                let mut filter = |sign: f32| {
                    design(
                        &transforms,
                        &mut workbench,
                        rate_hz,
                        [taps, at_rate(MIDDLE_AT_48K)],
                        |hz| {
                            let [near, far] = head_model::loudspeaker(degrees as f32, hz);
                            (near + far * sign) * 0.5
                        },
                    )
                };
                SumAndDifference {
                    sum: filter(1.0),
                    difference: filter(-1.0),
                }
            })
            .collect();
        Self { transforms, angles }
    }

    fn of(&self, angle: HalfSpan) -> &SumAndDifference {
        &self.angles[usize::from(angle.degrees()) - 1]
    }
}

/// The regularised inverse of a response, cut to length.
fn design(
    transforms: &Transforms,
    workbench: &mut Workbench,
    rate_hz: u32,
    [taps, middle]: [usize; 2],
    response: impl Fn(f32) -> Complex32,
) -> Spectrum {
    let length = transforms.length();
    let beta = 0.25 / 10f32.powf(MOST_DB / 10.0);
    let bins: Vec<Complex32> = (0..transforms.bins())
        .map(|bin| {
            let hz = (bin * rate_hz as usize) as f32 / length as f32;
            let response = response(hz);
            let turn = -std::f32::consts::TAU * (bin * middle % length) as f32 / length as f32;
            response.conj() / (response.norm_sqr() + beta) * Complex32::from_polar(1.0, turn)
        })
        .collect();
    let mut spectrum = Spectrum::new(bins.len());
    spectrum.take(&bins);
    let mut samples = workbench.inverse(transforms, &spectrum).to_vec();
    let fade = middle / 2;
    for (n, sample) in samples.iter_mut().enumerate() {
        let inside = (n + 1).min(taps.saturating_sub(n)) as f32 / fade as f32;
        // Once 1/length for the transform just made, once for the one back in use.
        *sample *= inside.min(1.0) / (length as f32 * length as f32);
    }
    workbench.forward(transforms, &samples, &mut spectrum);
    spectrum
}

/// One listener's loudspeakers.
///
/// Latency 2.7 ms with loudspeakers, none with headphones. Cost per 20 ms at 48 kHz: some 10 µs with loudspeakers, more
/// in the frame in which the device changes; without them only the windows are kept. Allocates when made only.
#[derive(Debug)]
pub(super) struct Crosstalk {
    device: Device,
    /// The last samples of both ears, as many as the transform is long.
    windows: [Vec<f32>; 2],
    /// Samples of silence at the end of the windows.
    quiet: usize,
}

/// Room to work in, shared by all listeners of a thread.
#[derive(Debug)]
pub(super) struct CrosstalkSpace {
    workbench: Workbench,
    mixed: Vec<f32>,
    sum: Spectrum,
    difference: Spectrum,
    filtered: Spectrum,
    channels: [Vec<f32>; 2],
}

impl CrosstalkSpace {
    pub(super) fn new(filters: &CrosstalkFilters, frame: usize) -> Self {
        let bins = filters.transforms.bins();
        Self {
            workbench: Workbench::new(&filters.transforms),
            mixed: vec![0.0; filters.transforms.length()],
            sum: Spectrum::new(bins),
            difference: Spectrum::new(bins),
            filtered: Spectrum::new(bins),
            channels: [vec![0.0; frame], vec![0.0; frame]],
        }
    }
}

impl Crosstalk {
    pub(super) fn new(filters: &CrosstalkFilters) -> Self {
        let length = filters.transforms.length();
        Self {
            device: Device::Headphones,
            windows: [vec![0.0; length], vec![0.0; length]],
            quiet: length,
        }
    }

    /// Forgets what went before.
    pub(super) fn reset(&mut self) {
        for window in &mut self.windows {
            window.fill(0.0);
        }
        self.quiet = self.windows[0].len();
    }

    /// Has played what another one has.
    pub(super) fn follow(&mut self, other: &Self) {
        self.device = other.device;
        self.quiet = other.quiet;
        for (window, other) in self.windows.iter_mut().zip(&other.windows) {
            window.copy_from_slice(other);
        }
    }

    /// What the ears are to hear becomes what the device must play. `ears` is looked at only if there is sound;
    /// returns whether there is sound in it afterwards.
    pub(super) fn process(
        &mut self,
        filters: &CrosstalkFilters,
        space: &mut CrosstalkSpace,
        device: Device,
        ears: &mut [Vec<f32>; 2],
        is_silent: bool,
    ) -> bool {
        let before = std::mem::replace(&mut self.device, device);
        let length = filters.transforms.length();
        if is_silent {
            if self.quiet >= length {
                return false;
            }
            self.quiet += ears[0].len();
            for ear in ears.iter_mut() {
                ear.fill(0.0);
            }
        } else {
            self.quiet = 0;
        }
        for (window, ear) in self.windows.iter_mut().zip(&*ears) {
            window.copy_within(ear.len().., 0);
            window[length - ear.len()..].copy_from_slice(ear);
        }
        match (before, device) {
            (Device::Headphones, Device::Headphones) => return !is_silent,
            (Device::Headphones, Device::Loudspeakers(angle)) => {
                self.transform(filters, space);
                self.play(filters, space, angle);
                blend(&space.channels, ears, Blend::In);
            }
            (Device::Loudspeakers(angle), Device::Headphones) => {
                self.transform(filters, space);
                self.play(filters, space, angle);
                blend(&space.channels, ears, Blend::Out);
            }
            (Device::Loudspeakers(old), Device::Loudspeakers(new)) => {
                self.transform(filters, space);
                self.play(filters, space, new);
                for (ear, channel) in ears.iter_mut().zip(&space.channels) {
                    ear.copy_from_slice(channel);
                }
                if old != new {
                    self.play(filters, space, old);
                    blend(&space.channels, ears, Blend::Out);
                }
            }
        }
        true
    }

    /// Sum and difference of the windows, transformed.
    fn transform(&self, filters: &CrosstalkFilters, space: &mut CrosstalkSpace) {
        let [left, right] = &self.windows;
        let parts = [(1.0, &mut space.sum), (-1.0, &mut space.difference)];
        for (sign, spectrum) in parts {
            for ((mixed, left), right) in space.mixed.iter_mut().zip(left).zip(right) {
                *mixed = (left + right * sign) * 0.5;
            }
            space
                .workbench
                .forward(&filters.transforms, &space.mixed, spectrum);
        }
    }

    /// Fills the channels of `space` with what loudspeakers at an angle must play.
    fn play(&self, filters: &CrosstalkFilters, space: &mut CrosstalkSpace, angle: HalfSpan) {
        let filter = filters.of(angle);
        for channel in &mut space.channels {
            channel.fill(0.0);
        }
        let parts = [
            (&space.sum, &filter.sum, [1.0, 1.0]),
            (&space.difference, &filter.difference, [1.0, -1.0]),
        ];
        for (sound, filter, signs) in parts {
            space.filtered.multiply(sound, filter);
            let samples = space
                .workbench
                .inverse(&filters.transforms, &space.filtered);
            for (channel, sign) in space.channels.iter_mut().zip(signs) {
                let start = samples.len() - channel.len();
                for (channel, sample) in channel.iter_mut().zip(&samples[start..]) {
                    *channel += sample * sign;
                }
            }
        }
    }
}

/// Which way one sound gives way to another over a frame.
#[derive(Clone, Copy)]
enum Blend {
    In,
    Out,
}

/// Blends `channels` into or out of `ears`.
fn blend(channels: &[Vec<f32>; 2], ears: &mut [Vec<f32>; 2], blend: Blend) {
    for (ear, channel) in ears.iter_mut().zip(channels) {
        let length = ear.len() as f32;
        for (n, (ear, channel)) in ear.iter_mut().zip(channel).enumerate() {
            let passed = (n + 1) as f32 / length;
            let share = match blend {
                Blend::In => passed,
                Blend::Out => 1.0 - passed,
            };
            *ear += (channel - *ear) * share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::impulse_grid::RATE_HZ;
    use super::super::scene::Direction;
    use super::*;

    const FRAME: usize = 960;

    fn noise(length: usize) -> Vec<f32> {
        let mut seed = 7u32;
        let next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    /// What loudspeakers play when only the left ear is to hear something.
    fn played(angle: HalfSpan, sound: &[f32]) -> [Vec<f32>; 2] {
        let filters = CrosstalkFilters::new(&mut RealFftPlanner::new(), RATE_HZ, FRAME);
        let mut space = CrosstalkSpace::new(&filters, FRAME);
        let mut crosstalk = Crosstalk::new(&filters);
        let mut played = [Vec::new(), Vec::new()];
        for frame in sound.chunks_exact(FRAME) {
            let mut ears = [frame.to_vec(), vec![0.0; FRAME]];
            let device = Device::Loudspeakers(angle);
            assert!(crosstalk.process(&filters, &mut space, device, &mut ears, false));
            for (played, ear) in played.iter_mut().zip(&ears) {
                played.extend_from_slice(ear);
            }
        }
        played
    }

    /// Adds what arrives at an ear, by way of the air.
    fn arrive(from: &[f32], direction: Direction, ear: usize, at: &mut [f32]) {
        let path = head_model::ears(direction)[ear];
        let delay = path.delay.round() as usize;
        for (n, at) in at.iter_mut().enumerate() {
            for (m, tap) in path
                .taps
                .iter()
                .enumerate()
                .take_while(|(m, _)| m + delay <= n)
            {
                *at += from[n - m - delay] * tap;
            }
        }
    }

    fn power_at(samples: &[f32], hz: f32) -> f32 {
        let step = std::f32::consts::TAU * hz / RATE_HZ as f32;
        let turned = samples.iter().enumerate().map(|(n, &sample)| {
            let window = (std::f32::consts::PI * n as f32 / samples.len() as f32).sin();
            Complex32::from_polar(sample * window, -step * n as f32)
        });
        turned.sum::<Complex32>().norm_sqr()
    }

    /// Level at the left ear above that at the right in bands of a third of an octave, from so many hertz to 6 kHz.
    fn separations(degrees: u8, from_hz: f32) -> Vec<(f32, f32)> {
        let angle = HalfSpan::new(degrees).unwrap();
        let played = played(angle, &noise(FRAME * 6));
        let mut ears = [vec![0.0; FRAME * 6], vec![0.0; FRAME * 6]];
        for (ear, heard) in ears.iter_mut().enumerate() {
            arrive(
                &played[0],
                Direction::new(-f32::from(degrees), 0.0),
                ear,
                heard,
            );
            arrive(
                &played[1],
                Direction::new(f32::from(degrees), 0.0),
                ear,
                heard,
            );
        }
        let mut bands = Vec::new();
        let mut middle = from_hz;
        while middle < 6000.0 {
            let frequencies = (-6..=6).map(|n| middle * 2f32.powf(n as f32 / 36.0));
            let power = |ear: &[f32]| -> f32 {
                let steady = &ear[FRAME..];
                frequencies.clone().map(|hz| power_at(steady, hz)).sum()
            };
            bands.push((middle, 10.0 * (power(&ears[0]) / power(&ears[1])).log10()));
            middle *= 2f32.powf(1.0 / 3.0);
        }
        bands
    }

    #[test]
    fn each_ear_hears_its_own_channel() {
        for degrees in [15, 25, 30, 45, 90] {
            for (hz, separation) in separations(degrees, 300.0) {
                assert!(
                    separation >= 10.0,
                    "{degrees} degrees, {hz} Hz: {separation} dB"
                );
            }
        }
        // Nearer together, the lower frequencies would need more gain than is allowed.
        for (hz, separation) in separations(7, 700.0) {
            assert!(separation >= 10.0, "7 degrees, {hz} Hz: {separation} dB");
        }
    }

    #[test]
    fn no_frequency_is_raised_beyond_the_cap() {
        let filters = CrosstalkFilters::new(&mut RealFftPlanner::new(), RATE_HZ, FRAME);
        // Filters are scaled by the length of the transform, and cutting them to length costs a little.
        let most = 10f32.powf((MOST_DB + 0.5) / 20.0) / filters.transforms.length() as f32;
        for angle in &filters.angles {
            for filter in [&angle.sum, &angle.difference] {
                for (re, im) in filter.re.iter().zip(&filter.im) {
                    for (re, im) in re.0.iter().zip(im.0) {
                        assert!(re.hypot(im) <= most);
                    }
                }
            }
        }
    }

    #[test]
    fn angles_are_1_to_90() {
        assert!(HalfSpan::new(0).is_none() && HalfSpan::new(91).is_none());
        assert_eq!(HalfSpan::default().degrees(), 15);
    }
}
