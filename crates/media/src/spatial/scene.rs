//! Who is heard from where: geometry between a listener and the sources.

use super::attenuation::Attenuation;
use super::pose::{Pose, Position};

/// A direction seen from a listener's face, in degrees; azimuth positive to the right, elevation upwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Direction {
    azimuth_deg: f32,
    elevation_deg: f32,
}

impl Direction {
    /// Straight ahead.
    pub const FRONT: Self = Self {
        azimuth_deg: 0.0,
        elevation_deg: 0.0,
    };

    /// A direction; azimuths wrap into −180 to 180, elevations end at ±90, what is no number is straight ahead.
    #[must_use]
    pub fn new(azimuth_deg: f32, elevation_deg: f32) -> Self {
        if !azimuth_deg.is_finite() || !elevation_deg.is_finite() {
            return Self::FRONT;
        }
        Self {
            azimuth_deg: (azimuth_deg + 180.0).rem_euclid(360.0) - 180.0,
            elevation_deg: elevation_deg.clamp(-90.0, 90.0),
        }
    }

    /// −180 to 180.
    #[must_use]
    pub const fn azimuth_deg(&self) -> f32 {
        self.azimuth_deg
    }

    /// −90 to 90.
    #[must_use]
    pub const fn elevation_deg(&self) -> f32 {
        self.elevation_deg
    }
}

/// A direction and how far away.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bearing {
    /// Relative to the listener's heading; straight ahead at distance 0.
    pub direction: Direction,
    /// At least 0.
    pub distance_cm: f32,
}

/// A bearing in whole degrees and centimetres, as clients are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spherical {
    /// −179 to 180.
    pub azimuth_deg: i16,
    /// −90 to 90.
    pub elevation_deg: i16,
    /// At least 0.
    pub distance_cm: i32,
}

impl Bearing {
    /// From a listener to a source. `event-manager.md` §9.1.
    #[must_use]
    pub fn between(listener: &Pose, source: &Position) -> Self {
        // Differences of bounded integers are exact in f32.
        let x = (source.x_cm() - listener.position.x_cm()) as f32;
        let y = (source.y_cm() - listener.position.y_cm()) as f32;
        let z = (source.z_cm() - listener.position.z_cm()) as f32;
        let (sin_a, cos_a) = f32::from(listener.heading.azimuth_deg())
            .to_radians()
            .sin_cos();
        let (sin_e, cos_e) = f32::from(listener.heading.elevation_deg())
            .to_radians()
            .sin_cos();
        let level = x * sin_a + z * cos_a;
        let right = x * cos_a - z * sin_a;
        let forward = level * cos_e + y * sin_e;
        let up = y * cos_e - level * sin_e;
        let distance_cm = (x * x + y * y + z * z).sqrt();
        if distance_cm == 0.0 {
            return Self::default();
        }
        Self {
            direction: Direction::new(
                right.atan2(forward).to_degrees(),
                up.atan2(right.hypot(forward)).to_degrees(),
            ),
            distance_cm,
        }
    }

    /// Rounded to whole degrees and centimetres; straight behind is 180, never −180.
    #[must_use]
    pub fn rounded(&self) -> Spherical {
        let azimuth_deg = self.direction.azimuth_deg.round() as i16;
        Spherical {
            azimuth_deg: if azimuth_deg == -180 {
                180
            } else {
                azimuth_deg
            },
            elevation_deg: self.direction.elevation_deg.round() as i16,
            distance_cm: self.distance_cm.round() as i32,
        }
    }
}

/// How one source reaches one listener in this tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hearing {
    /// Whether it is heard at all; a change fades over one frame.
    pub audible: bool,
    /// Loss by distance as a factor; where 3D is off it counts for nothing.
    pub gain: f32,
    /// From where.
    pub direction: Direction,
}

impl Hearing {
    /// Not heard.
    pub const INAUDIBLE: Self = Self {
        audible: false,
        gain: 0.0,
        direction: Direction::FRONT,
    };
}

/// One listener's place in the room: from where, and how loud, each source is heard.
///
/// Remembers what it found for each slot, so that a source that stands still costs a comparison. No allocation
/// after it is made.
#[derive(Clone, Debug)]
pub struct Viewpoint {
    pose: Pose,
    attenuation: Attenuation,
    found: Vec<Option<(Position, Hearing)>>,
}

impl Viewpoint {
    /// A view on as many sources as there are slots.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        Self {
            pose: Pose::default(),
            attenuation: Attenuation::default(),
            found: vec![None; slots],
        }
    }

    /// Stands somewhere else, or turns.
    pub fn set_pose(&mut self, pose: Pose) {
        if self.pose != pose {
            self.pose = pose;
            self.found.fill(None);
        }
    }

    /// Loses more or less by distance.
    pub fn set_attenuation(&mut self, attenuation: Attenuation) {
        if self.attenuation != attenuation {
            self.attenuation = attenuation;
            self.found.fill(None);
        }
    }

    /// How the source of a slot, at a position, is heard. Slots beyond those it was made for are not remembered.
    pub fn hear(&mut self, slot: usize, source: Position) -> Hearing {
        if let Some(Some((position, hearing))) = self.found.get(slot)
            && *position == source
        {
            return *hearing;
        }
        let bearing = Bearing::between(&self.pose, &source);
        let hearing = Hearing {
            audible: true,
            gain: self.attenuation.gain(bearing.distance_cm),
            direction: bearing.direction,
        };
        if let Some(found) = self.found.get_mut(slot) {
            *found = Some((source, hearing));
        }
        hearing
    }
}

#[cfg(test)]
mod tests {
    use super::super::pose::Heading;
    use super::*;

    fn at(x: i32, y: i32, z: i32) -> Position {
        Position::new(x, y, z).unwrap()
    }

    fn facing(azimuth: i16, elevation: i16) -> Pose {
        Pose {
            position: at(10, 20, 30),
            heading: Heading::new(azimuth, elevation).unwrap(),
        }
    }

    fn seen(pose: Pose, x: i32, y: i32, z: i32) -> (i16, i16, i32) {
        let found = Bearing::between(&pose, &at(10 + x, 20 + y, 30 + z)).rounded();
        (found.azimuth_deg, found.elevation_deg, found.distance_cm)
    }

    #[test]
    fn directions_count_from_the_face() {
        let ahead = facing(0, 0);
        assert_eq!(seen(ahead, 0, 0, 100), (0, 0, 100));
        assert_eq!(seen(ahead, 100, 0, 0), (90, 0, 100));
        assert_eq!(seen(ahead, -100, 0, 0), (-90, 0, 100));
        assert_eq!(seen(ahead, 0, 0, -100), (180, 0, 100));
        assert_eq!(seen(ahead, 0, 100, 100), (0, 45, 141));
        assert_eq!(seen(ahead, 0, -50, 0), (0, -90, 50));
        // Turned to the right, what was on the right is ahead.
        let right = facing(90, 0);
        assert_eq!(seen(right, 100, 0, 0), (0, 0, 100));
        assert_eq!(seen(right, 0, 0, 100), (-90, 0, 100));
        assert_eq!(seen(facing(135, 0), 100, 0, -100), (0, 0, 141));
        // Looking up, what is overhead is ahead and what was ahead is below.
        assert_eq!(seen(facing(0, 90), 0, 70, 0), (0, 0, 70));
        assert_eq!(seen(facing(0, 30), 0, 0, 100), (0, -30, 100));
        assert_eq!(seen(facing(90, 45), 100, 100, 0), (0, 0, 141));
    }

    #[test]
    fn at_one_point_it_is_straight_ahead() {
        for heading in [(0, 0), (90, 0), (-135, 45), (180, -90)] {
            assert_eq!(seen(facing(heading.0, heading.1), 0, 0, 0), (0, 0, 0));
        }
    }

    #[test]
    fn turning_the_head_moves_no_source_nearer_and_keeps_angles_in_range() {
        for azimuth in (-180..=180).step_by(7) {
            for elevation in (-90..=90).step_by(9) {
                let found = seen(facing(azimuth, elevation), -300, 40, 125);
                assert_eq!(found.2, 327);
                assert!((-179..=180).contains(&found.0) && (-90..=90).contains(&found.1));
            }
        }
    }

    #[test]
    fn a_viewpoint_finds_again_when_something_moved() {
        let mut view = Viewpoint::new(1);
        let right = view.hear(0, at(200, 0, 0));
        assert_eq!(right.direction, Direction::new(90.0, 0.0));
        assert!((20.0 * right.gain.log10() + 12.0).abs() < 1e-4);
        assert_eq!(view.hear(0, at(200, 0, 0)), right);
        assert_eq!(view.hear(0, at(0, 0, 0)).direction, Direction::FRONT);
        view.set_attenuation(Attenuation::new(0, 300).unwrap());
        assert_eq!(view.hear(0, at(200, 0, 0)).gain, 1.0);
        view.set_pose(Pose {
            heading: Heading::new(90, 0).unwrap(),
            ..Pose::default()
        });
        let ahead = view.hear(7, at(200, 0, 0)).direction;
        assert!(ahead.azimuth_deg().abs() < 1e-4);
    }

    #[test]
    fn directions_wrap_and_are_numbers() {
        assert_eq!(Direction::new(270.0, 0.0).azimuth_deg(), -90.0);
        assert_eq!(Direction::new(-190.0, 99.0), Direction::new(170.0, 90.0));
        assert_eq!(Direction::new(f32::NAN, 3.0), Direction::FRONT);
        assert_eq!(Direction::new(1.0, f32::INFINITY), Direction::FRONT);
    }
}
