//! From measured directions, wherever they lie, to the regular grid.

use super::band_limited::Kernel;
use super::impulse_grid::{Ears, ImpulseGrid, ONSET, RATE_HZ, Response, TAPS};
use super::sofa::Measurements;

/// The sound has arrived where a response first reaches this part of its peak.
const ARRIVAL: f32 = 0.05;
/// A triangle is looked for among so many of the nearest measurements.
const CANDIDATES: usize = 16;
/// How far outside a triangle a direction may lie: rounding of angles in files.
const TOLERANCE: f64 = 1e-6;

/// Measurements with their arrivals told apart from their sound, on the grid.
///
/// Between measured directions the responses of the triangle around are mixed, and their delays too: mixing
/// responses as measured, of different delays, would comb. Where nothing was measured, usually below, what is
/// nearest at the same azimuth is taken.
pub(super) fn grid(measurements: &Measurements) -> ImpulseGrid {
    let kernel = Kernel::new();
    let measured: Vec<([f64; 3], Ears)> = measurements
        .all
        .iter()
        .map(|measurement| {
            let ear = |side: usize| {
                let response = &measurement.responses[side];
                align(
                    &kernel,
                    response,
                    measurements.rate_hz,
                    measurement.delays[side],
                )
            };
            (measurement.direction, [ear(0), ear(1)])
        })
        .collect();
    let elevations = measured
        .iter()
        .map(|(direction, _)| direction[1].asin().to_degrees());
    let (lowest, highest) = elevations.fold((90.0f64, -90.0f64), |(lowest, highest), elevation| {
        (lowest.min(elevation), highest.max(elevation))
    });
    ImpulseGrid::new(|direction| {
        let elevation = f64::from(direction.elevation_deg()).clamp(lowest, highest);
        mixed(&measured, f64::from(direction.azimuth_deg()), elevation)
    })
}

/// Moves a response so that it begins at [`ONSET`], at our rate.
fn align(kernel: &Kernel, response: &[f32], rate_hz: f64, delay: f64) -> Response {
    let arrival = arrival(response);
    let step = rate_hz / f64::from(RATE_HZ);
    let mut aligned = Response::SILENT;
    let start = arrival - ONSET as f64 * step;
    kernel.resample(
        response,
        rate_hz,
        f64::from(RATE_HZ),
        start,
        &mut aligned.taps,
    );
    aligned.delay = ((arrival + delay) / step) as f32;
    aligned
}

/// Where a response begins, in samples and parts of one.
fn arrival(response: &[f32]) -> f64 {
    let peak = response.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
    let threshold = peak * ARRIVAL;
    let Some(reached) = response.iter().position(|x| x.abs() >= threshold) else {
        return 0.0;
    };
    if reached == 0 || peak == 0.0 {
        return 0.0;
    }
    let (before, at) = (response[reached - 1].abs(), response[reached].abs());
    reached as f64 - f64::from((at - threshold) / (at - before))
}

fn mixed(measured: &[([f64; 3], Ears)], azimuth_deg: f64, elevation_deg: f64) -> Ears {
    // Between two measurements of the lowest ring the straight line runs below the sphere's circle: what is not
    // between three measurements may be a little nearer to the horizon.
    for nearer in [0.0, 0.5, 1.0, 2.0, 4.0] {
        let elevation = (elevation_deg.abs() - nearer).max(0.0) * elevation_deg.signum();
        let toward = unit_vector(azimuth_deg, elevation);
        let nearest = nearest(measured, toward);
        if let Some(weights) = triangle(measured, &nearest, toward) {
            return weighted(measured, &weights);
        }
    }
    let toward = unit_vector(azimuth_deg, elevation_deg);
    weighted(measured, &[(nearest(measured, toward)[0], 1.0)])
}

/// The measurements nearest to a direction, nearest first; at least one.
fn nearest(measured: &[([f64; 3], Ears)], toward: [f64; 3]) -> Vec<usize> {
    let likeness = |&index: &usize| dot(measured[index].0, toward);
    let mut order: Vec<usize> = (0..measured.len()).collect();
    let kept = CANDIDATES.min(order.len());
    if kept < order.len() {
        order.select_nth_unstable_by(kept, |a, b| likeness(b).total_cmp(&likeness(a)));
        order.truncate(kept);
    }
    order.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    order
}

/// Three of the nearest with the direction between them, the tightest there are, and their weights.
fn triangle(
    measured: &[([f64; 3], Ears)],
    nearest: &[usize],
    toward: [f64; 3],
) -> Option<[(usize, f64); 3]> {
    let mut best: Option<(f64, [(usize, f64); 3])> = None;
    for (first, &a) in nearest.iter().enumerate() {
        for (second, &b) in nearest.iter().enumerate().skip(first + 1) {
            for &c in nearest.iter().skip(second + 1) {
                let corners = [measured[a].0, measured[b].0, measured[c].0];
                let spread: f64 = 3.0
                    - corners
                        .iter()
                        .map(|&corner| dot(corner, toward))
                        .sum::<f64>();
                if best
                    .as_ref()
                    .is_some_and(|(tightest, _)| *tightest <= spread)
                {
                    continue;
                }
                if let Some(weights) = weights(corners, toward) {
                    let found = [(a, weights[0]), (b, weights[1]), (c, weights[2])];
                    best = Some((spread, found));
                }
            }
        }
    }
    best.map(|(_, found)| found)
}

/// Shares of three corners in a direction, if it lies between them.
fn weights(corners: [[f64; 3]; 3], toward: [f64; 3]) -> Option<[f64; 3]> {
    let [a, b, c] = corners;
    let determinant = dot(a, cross(b, c));
    if determinant.abs() < 1e-9 {
        return None;
    }
    let shares = [
        dot(toward, cross(b, c)) / determinant,
        dot(a, cross(toward, c)) / determinant,
        dot(a, cross(b, toward)) / determinant,
    ];
    if shares.iter().any(|&share| share < -TOLERANCE) {
        return None;
    }
    let sum: f64 = shares.iter().sum();
    (sum > TOLERANCE).then(|| shares.map(|share| share.max(0.0) / sum))
}

fn weighted(measured: &[([f64; 3], Ears)], weights: &[(usize, f64)]) -> Ears {
    let mut mixed = [Response::SILENT; 2];
    for &(index, weight) in weights {
        for (to, from) in mixed.iter_mut().zip(&measured[index].1) {
            for tap in 0..TAPS {
                to.taps[tap] += from.taps[tap] * weight as f32;
            }
            to.delay += from.delay * weight as f32;
        }
    }
    mixed
}

/// Right, up, forward.
fn unit_vector(azimuth_deg: f64, elevation_deg: f64) -> [f64; 3] {
    let (sin_a, cos_a) = azimuth_deg.to_radians().sin_cos();
    let (sin_e, cos_e) = elevation_deg.to_radians().sin_cos();
    [cos_e * sin_a, sin_e, cos_e * cos_a]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}
