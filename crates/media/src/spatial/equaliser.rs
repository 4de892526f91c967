//! What all directions have in common is taken out: loudspeaker, microphone, ear canal.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex64;

use super::impulse_grid::{ImpulseGrid, ONSET, POINTS, RATE_HZ, TAPS, solid_angle_of};

/// Length of the transforms, and so the finest resolution: 23 Hz.
const LENGTH: usize = 2048;
const BINS: usize = LENGTH / 2 + 1;
/// Nothing is raised or lowered by more, dB.
const MOST_DB: f64 = 12.0;
/// Below and above, the correction stays what it is here: heads do nothing to lower frequencies, and higher ones
/// were not measured well.
const LOWEST_HZ: f64 = 150.0;
const HIGHEST_HZ: f64 = 16_000.0;
/// Half the width of the smoothing, as a factor of frequency: a third of an octave in all.
const SMOOTHING: f64 = 1.122;
/// Speech is about here: the level is counted over this band.
const SPEECH_HZ: std::ops::Range<f64> = 200.0..4000.0;

/// Makes the mean over all directions flat (diffuse-field equalisation), with a minimum-phase filter common to both
/// ears: differences between ears and between directions stay as they are.
pub(super) fn flatten(grid: &mut ImpulseGrid) {
    let mut powers = vec![0.0; BINS];
    let mut planner = RealFftPlanner::<f64>::new();
    let forward = planner.plan_fft_forward(LENGTH);
    let mut samples = forward.make_input_vec();
    let mut spectrum = forward.make_output_vec();
    for point in 0..POINTS {
        for ear in &grid.points()[point] {
            samples.fill(0.0);
            for (to, &from) in samples.iter_mut().zip(&ear.taps) {
                *to = f64::from(from);
            }
            forward
                .process(&mut samples, &mut spectrum)
                .expect("lengths are those of the plan");
            for (power, bin) in powers.iter_mut().zip(&spectrum) {
                *power += bin.norm_sqr() * solid_angle_of(point);
            }
        }
    }
    let filter = minimum_phase(&correction(&smooth(&powers)));
    for ear in grid.points_mut().iter_mut().flatten() {
        let before = ear.taps;
        for (n, tap) in ear.taps.iter_mut().enumerate() {
            *tap = (0..=n).map(|m| before[n - m] * filter[m]).sum();
        }
    }
}

/// Scales all responses so that speech from straight ahead is as loud as it would be without a head.
pub(super) fn level(grid: &mut ImpulseGrid, frontal: usize) {
    let mut power = 0.0;
    let mut count = 0;
    let step = f64::from(RATE_HZ) / LENGTH as f64;
    for ear in &grid.points()[frontal] {
        let mut hz = SPEECH_HZ.start;
        while hz < SPEECH_HZ.end {
            power += power_at(&ear.taps, hz);
            count += 1;
            hz += step * 2.0;
        }
    }
    let gain = if power > 0.0 {
        (f64::from(count) / power).sqrt() as f32
    } else {
        0.0
    };
    for ear in grid.points_mut().iter_mut().flatten() {
        for tap in &mut ear.taps {
            *tap *= gain;
        }
    }
}

fn power_at(taps: &[f32], hz: f64) -> f64 {
    let step = std::f64::consts::TAU * hz / f64::from(RATE_HZ);
    let bin: Complex64 = taps
        .iter()
        .enumerate()
        .map(|(n, &tap)| Complex64::from_polar(f64::from(tap), -step * n as f64))
        .sum();
    bin.norm_sqr()
}

fn bin_of(hz: f64) -> usize {
    ((hz * LENGTH as f64 / f64::from(RATE_HZ)).round() as usize).min(BINS - 1)
}

/// Mean over a third of an octave.
fn smooth(powers: &[f64]) -> Vec<f64> {
    (0..BINS)
        .map(|bin| {
            let first = (bin as f64 / SMOOTHING).floor() as usize;
            let last = ((bin as f64 * SMOOTHING).ceil() as usize).min(BINS - 1);
            let band = &powers[first..=last];
            band.iter().sum::<f64>() / band.len() as f64
        })
        .collect()
}

/// Natural logarithm of the amplitude that makes the power flat.
fn correction(powers: &[f64]) -> Vec<f64> {
    let speech = &powers[bin_of(SPEECH_HZ.start)..bin_of(SPEECH_HZ.end)];
    let reference = speech
        .iter()
        .map(|power| power.max(1e-30).ln())
        .sum::<f64>()
        / speech.len() as f64;
    let most = MOST_DB / 20.0 * std::f64::consts::LN_10;
    (0..BINS)
        .map(|bin| {
            let bin = bin.clamp(bin_of(LOWEST_HZ), bin_of(HIGHEST_HZ));
            ((reference - powers[bin].max(1e-30).ln()) / 2.0).clamp(-most, most)
        })
        .collect()
}

/// The causal filter of a logarithmic amplitude, by folding its cepstrum.
fn minimum_phase(log_amplitude: &[f64]) -> [f32; TAPS] {
    let mut planner = RealFftPlanner::<f64>::new();
    let inverse = planner.plan_fft_inverse(LENGTH);
    let forward = planner.plan_fft_forward(LENGTH);
    let mut bins: Vec<Complex64> = log_amplitude
        .iter()
        .map(|&x| Complex64::new(x, 0.0))
        .collect();
    let mut samples = inverse.make_output_vec();
    inverse
        .process(&mut bins, &mut samples)
        .expect("lengths are those of the plan");
    for (n, sample) in samples.iter_mut().enumerate() {
        *sample *= match n {
            0 => 1.0,
            n if n < LENGTH / 2 => 2.0,
            n if n == LENGTH / 2 => 1.0,
            _ => 0.0,
        } / LENGTH as f64;
    }
    forward
        .process(&mut samples, &mut bins)
        .expect("lengths are those of the plan");
    for bin in &mut bins {
        *bin = bin.exp();
    }
    // At 0 Hz and half the rate the phase is 0 by symmetry, up to rounding.
    bins[0].im = 0.0;
    bins[BINS - 1].im = 0.0;
    inverse
        .process(&mut bins, &mut samples)
        .expect("lengths are those of the plan");
    // The end is faded like that of any response here.
    std::array::from_fn(|n| {
        let fade = ((TAPS - n) as f64 / ONSET as f64 / 4.0).min(1.0);
        (samples[n] * fade / LENGTH as f64) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::super::impulse_grid::{Response, nearest};
    use super::super::scene::Direction;
    use super::*;

    /// A grid in which every direction has the same echo, and its own level.
    fn coloured() -> ImpulseGrid {
        ImpulseGrid::new(|direction| {
            let mut ear = Response::SILENT;
            let level = 1.0 + 0.5 * direction.azimuth_deg().to_radians().sin();
            ear.taps[ONSET] = level;
            ear.taps[ONSET + 6] = 0.6 * level;
            [ear, ear]
        })
    }

    #[test]
    fn what_all_directions_share_is_gone_afterwards() {
        let mut grid = coloured();
        flatten(&mut grid);
        level(&mut grid, nearest(Direction::FRONT));
        for (azimuth, expected_db) in [(0.0, 0.0), (90.0, 3.52), (-90.0, -6.02)] {
            let ear = &grid.points()[nearest(Direction::new(azimuth, 0.0))][0];
            for hz in [200.0, 500.0, 1000.0, 2700.0] {
                let heard = 10.0 * power_at(&ear.taps, hz).log10();
                assert!((heard - expected_db).abs() < 0.7, "{azimuth} {hz}: {heard}");
            }
        }
    }
}
