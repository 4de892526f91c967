//! Ears without measured data: a rigid sphere with two pinnae.
//!
//! Delays by Woodworth's formula, the shadow of the head by the first-order shelf of Brown and Duda ("A structural
//! model for binaural sound synthesis", IEEE Transactions on Speech and Audio Processing 6, 1998), notches of the
//! pinna whose frequency rises with elevation, and a shelf for what comes from behind.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use realfft::num_complex::Complex32;

use super::impulse_grid::{Ears, ONSET, RATE_HZ, Response};
use super::scene::Direction;

const HEAD_RADIUS_M: f32 = 0.0875;
const SPEED_OF_SOUND_M_PER_S: f32 = 343.0;
/// Deepest shadow, as a factor at high frequencies, and the angle from the ear at which it lies.
const DEEPEST_SHADOW: f32 = 0.1;
const DEEPEST_AT_DEG: f32 = 150.0;
/// Loss above some 4 kHz of what comes from straight behind.
const REAR_DB: f32 = -5.0;
const REAR_HZ: f32 = 4000.0;

/// Both ears' responses to a direction.
pub(super) fn ears(direction: Direction) -> Ears {
    let azimuth = direction.azimuth_deg().to_radians();
    let elevation = direction.elevation_deg().to_radians();
    let right = elevation.cos() * azimuth.sin();
    // 1 straight ahead and above or below, 0 straight behind.
    let front = 0.5 + 0.5 * (1.0 - (1.0 - azimuth.cos()) * elevation.cos());
    [-right, right].map(|toward_ear| {
        let mut response = Response {
            delay: arrival(toward_ear),
            ..Response::SILENT
        };
        response.taps[ONSET] = 1.0;
        let taps = &mut response.taps[ONSET..];
        shadow(toward_ear).filter(taps);
        for notch in pinna(direction.elevation_deg(), front) {
            notch.filter(taps);
        }
        high_shelf(REAR_HZ, REAR_DB * (1.0 - front)).filter(taps);
        response
    })
}

/// Response of the near and the far ear to a loudspeaker at an angle to the side, the sphere alone: pinnae are the same
/// for both.
pub(super) fn loudspeaker(degrees: f32, hz: f32) -> [Complex32; 2] {
    let toward_ear = degrees.to_radians().sin();
    [toward_ear, -toward_ear].map(|toward_ear| {
        let turn = TAU * hz / RATE_HZ as f32;
        let later = Complex32::from_polar(1.0, -turn);
        let shadow = shadow(toward_ear);
        let response = (shadow.b[0] + later * shadow.b[1]) / (later * shadow.a[0] + 1.0);
        response * Complex32::from_polar(1.0, -turn * arrival(toward_ear))
    })
}

/// When sound arrives at an ear, samples; `toward_ear` is the cosine between its direction and the ear's.
fn arrival(toward_ear: f32) -> f32 {
    let angle = toward_ear.clamp(-1.0, 1.0).acos();
    let path = if angle < FRAC_PI_2 {
        -angle.cos()
    } else {
        angle - FRAC_PI_2
    };
    (path + 1.0) * HEAD_RADIUS_M / SPEED_OF_SOUND_M_PER_S * RATE_HZ as f32
}

/// One filter of second order, `b` over `a`, `a[0]` being 1.
struct Biquad {
    b: [f32; 3],
    a: [f32; 2],
}

impl Biquad {
    fn filter(&self, samples: &mut [f32]) {
        let (mut first, mut second) = (0.0, 0.0);
        for sample in samples {
            let input = *sample;
            *sample = self.b[0] * input + first;
            first = self.b[1] * input - self.a[0] * *sample + second;
            second = self.b[2] * input - self.a[1] * *sample;
        }
    }

    fn scaled(b: [f32; 3], a: [f32; 3]) -> Self {
        Self {
            b: b.map(|b| b / a[0]),
            a: [a[1] / a[0], a[2] / a[0]],
        }
    }
}

/// (ω + α s) / (ω + s) with ω twice the time sound takes across the radius: α is the gain at high frequencies.
fn shadow(toward_ear: f32) -> Biquad {
    let angle = toward_ear.clamp(-1.0, 1.0).acos();
    let alpha = (1.0 + DEEPEST_SHADOW / 2.0)
        + (1.0 - DEEPEST_SHADOW / 2.0) * (angle / DEEPEST_AT_DEG.to_radians() * PI).cos();
    let corner = 2.0 * SPEED_OF_SOUND_M_PER_S / HEAD_RADIUS_M / (2.0 * RATE_HZ as f32);
    Biquad::scaled(
        [corner + alpha, corner - alpha, 0.0],
        [corner + 1.0, corner - 1.0, 0.0],
    )
}

/// Two notches whose frequencies rise with elevation; they are deepest in front.
fn pinna(elevation_deg: f32, front: f32) -> [Biquad; 2] {
    let frequency = 7500.0 + 35.0 * elevation_deg.clamp(-60.0, 90.0);
    let depth = 0.4 + 0.6 * front;
    [
        peak(frequency, -12.0 * depth, 3.0),
        peak(frequency * 1.6, -8.0 * depth, 3.0),
    ]
}

/// Peaking equaliser of R. Bristow-Johnson's cookbook.
fn peak(hz: f32, gain_db: f32, quality: f32) -> Biquad {
    let amplitude = 10f32.powf(gain_db / 40.0);
    let (sin, cos) = (TAU * hz / RATE_HZ as f32).sin_cos();
    let alpha = sin / (2.0 * quality);
    Biquad::scaled(
        [1.0 + alpha * amplitude, -2.0 * cos, 1.0 - alpha * amplitude],
        [1.0 + alpha / amplitude, -2.0 * cos, 1.0 - alpha / amplitude],
    )
}

/// High shelf of the same cookbook, slope 1.
fn high_shelf(hz: f32, gain_db: f32) -> Biquad {
    let amplitude = 10f32.powf(gain_db / 40.0);
    let (sin, cos) = (TAU * hz / RATE_HZ as f32).sin_cos();
    let alpha = sin / 2.0 * 2f32.sqrt();
    let (above, below) = (amplitude + 1.0, amplitude - 1.0);
    let root = 2.0 * amplitude.sqrt() * alpha;
    Biquad::scaled(
        [
            amplitude * (above + below * cos + root),
            -2.0 * amplitude * (below + above * cos),
            amplitude * (above + below * cos - root),
        ],
        [
            above - below * cos + root,
            2.0 * (below - above * cos),
            above - below * cos - root,
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_from_the_side_arrives_as_much_earlier_as_woodworth_says() {
        let lead = arrival(-1.0) - arrival(1.0);
        let expected = HEAD_RADIUS_M / SPEED_OF_SOUND_M_PER_S * (1.0 + FRAC_PI_2) * 48_000.0;
        assert!((lead - expected).abs() < 1e-3);
        assert_eq!(arrival(1.0), 0.0);
        assert!((arrival(0.3) - arrival(0.300_01)).abs() < 0.01);
    }

    #[test]
    fn responses_are_short_and_finite() {
        for azimuth in (-180..180).step_by(15) {
            for elevation in (-90..=90).step_by(15) {
                for ear in ears(Direction::new(azimuth as f32, elevation as f32)) {
                    assert!(ear.taps.iter().all(|tap| tap.is_finite()));
                    let whole: f32 = ear.taps.iter().map(|tap| tap * tap).sum();
                    let late: f32 = ear.taps[ONSET + 32..].iter().map(|tap| tap * tap).sum();
                    assert!(
                        late < whole * 0.01,
                        "{azimuth} {elevation}: {late} of {whole}"
                    );
                }
            }
        }
    }
}
