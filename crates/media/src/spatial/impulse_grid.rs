//! Impulse responses of two ears on a regular grid of directions, all beginning at the same sample.

use super::scene::Direction;

/// Azimuths are this far apart, from −180 on.
pub(super) const AZIMUTH_STEP_DEG: usize = 5;
/// Elevations are this far apart, from −90 to 90.
pub(super) const ELEVATION_STEP_DEG: usize = 10;
pub(super) const AZIMUTHS: usize = 360 / AZIMUTH_STEP_DEG;
pub(super) const ELEVATIONS: usize = 180 / ELEVATION_STEP_DEG + 1;
pub(super) const POINTS: usize = AZIMUTHS * ELEVATIONS;
/// Rate of the responses.
pub(super) const RATE_HZ: u32 = 48_000;
/// Sample at which the sound arrives. What a filter needs to ring before it.
pub(super) const ONSET: usize = 8;
/// Longest response after the onset: that of quality 5.
pub(super) const LONGEST: usize = 256;
pub(super) const TAPS: usize = ONSET + LONGEST;
/// Latest arrival at an ear relative to the earliest, samples: 1.6 ms, twice what a head makes.
pub(super) const MAX_DELAY: f32 = 76.8;

/// One ear's response to one direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Response {
    /// At 48 kHz, the sound arriving at sample [`ONSET`].
    pub(super) taps: [f32; TAPS],
    /// How much later than the earliest of all it arrives, samples at 48 kHz, 0 to [`MAX_DELAY`].
    pub(super) delay: f32,
}

impl Response {
    pub(super) const SILENT: Self = Self {
        taps: [0.0; TAPS],
        delay: 0.0,
    };
}

/// Left and right.
pub(super) type Ears = [Response; 2];

/// Both ears' responses at [`POINTS`] directions.
#[derive(Clone, Debug)]
pub(super) struct ImpulseGrid {
    points: Vec<Ears>,
}

impl ImpulseGrid {
    /// Asks for each direction's responses.
    pub(super) fn new(mut responses: impl FnMut(Direction) -> Ears) -> Self {
        let mut points: Vec<Ears> = (0..POINTS)
            .map(|point| responses(direction_of(point)))
            .collect();
        let earliest = points
            .iter()
            .flatten()
            .fold(f32::INFINITY, |earliest, ear| earliest.min(ear.delay));
        for ear in points.iter_mut().flatten() {
            ear.delay = (ear.delay - earliest).clamp(0.0, MAX_DELAY);
        }
        Self { points }
    }

    pub(super) fn points(&self) -> &[Ears] {
        &self.points
    }

    pub(super) fn points_mut(&mut self) -> &mut [Ears] {
        &mut self.points
    }
}

/// Direction of a point of the grid.
pub(super) fn direction_of(point: usize) -> Direction {
    let azimuth = (point % AZIMUTHS * AZIMUTH_STEP_DEG) as f32 - 180.0;
    let elevation = (point / AZIMUTHS * ELEVATION_STEP_DEG) as f32 - 90.0;
    Direction::new(azimuth, elevation)
}

/// Share of the sphere that a point stands for, up to a common factor.
pub(super) fn solid_angle_of(point: usize) -> f64 {
    let elevation = f64::from(direction_of(point).elevation_deg()).to_radians();
    // A pole is one cap half a step wide, shared by all azimuths.
    elevation
        .cos()
        .max((ELEVATION_STEP_DEG as f64 / 8.0).to_radians().sin())
}

/// The grid point nearest to a direction.
pub(super) fn nearest(direction: Direction) -> usize {
    let (azimuth, elevation) = place(direction);
    let ring = (elevation.round() as usize).min(ELEVATIONS - 1);
    ring * AZIMUTHS + azimuth.round() as usize % AZIMUTHS
}

/// The four grid points around a direction and their weights, which sum to 1. Weights may be 0.
pub(super) fn surrounding(direction: Direction) -> [(usize, f32); 4] {
    let (azimuth, elevation) = place(direction);
    let (left, lower) = (
        azimuth as usize % AZIMUTHS,
        (elevation as usize).min(ELEVATIONS - 2),
    );
    let (right, upper) = ((left + 1) % AZIMUTHS, lower + 1);
    let (across, above) = (azimuth.fract(), elevation - lower as f32);
    [
        (lower * AZIMUTHS + left, (1.0 - across) * (1.0 - above)),
        (lower * AZIMUTHS + right, across * (1.0 - above)),
        (upper * AZIMUTHS + left, (1.0 - across) * above),
        (upper * AZIMUTHS + right, across * above),
    ]
}

/// In steps of the grid: azimuth 0 to below [`AZIMUTHS`], elevation 0 to [`ELEVATIONS`] − 1.
fn place(direction: Direction) -> (f32, f32) {
    let azimuth = (direction.azimuth_deg() + 180.0) / AZIMUTH_STEP_DEG as f32;
    let elevation = (direction.elevation_deg() + 90.0) / ELEVATION_STEP_DEG as f32;
    (azimuth, elevation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_direction_lies_among_four_points() {
        for azimuth in -360..=360 {
            for elevation in -90..=90 {
                let direction = Direction::new(azimuth as f32 / 2.0, elevation as f32);
                let around = surrounding(direction);
                let sum: f32 = around.iter().map(|(_, weight)| weight).sum();
                assert!((sum - 1.0).abs() < 1e-5);
                let mean: f32 = around
                    .iter()
                    .map(|&(point, weight)| direction_of(point).elevation_deg() * weight)
                    .sum();
                assert!((mean - elevation as f32).abs() < 1e-3);
                for (point, weight) in around {
                    assert!(point < POINTS && (0.0..=1.0).contains(&weight));
                    let away = direction_of(point).azimuth_deg() - direction.azimuth_deg();
                    let away = (away + 540.0).rem_euclid(360.0) - 180.0;
                    assert!(weight == 0.0 || away.abs() < AZIMUTH_STEP_DEG as f32);
                }
            }
        }
    }

    #[test]
    fn a_point_of_the_grid_is_found_exactly() {
        for point in 0..POINTS {
            let direction = direction_of(point);
            assert_eq!(nearest(direction), point);
            let weight: f32 = surrounding(direction)
                .iter()
                .filter(|(at, _)| *at == point)
                .map(|(_, weight)| weight)
                .sum();
            assert_eq!(weight, 1.0);
        }
        assert_eq!(
            nearest(Direction::new(179.0, 0.0)),
            nearest(Direction::new(-180.0, 0.0))
        );
    }
}
