use std::ops::RangeInclusive;

/// A point in a room, centimetres: `x` to the right, `y` up, `z` forward (event-manager.md §9.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[allow(missing_docs, reason = "see the type")]
pub struct Position {
    pub x: i32,
    pub y: i32,
    pub z: i32,
}

/// Where somebody looks, degrees: 0, 0 is along +z; azimuth grows to the right, elevation upwards.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Heading {
    /// −180 to 180.
    pub azimuth: i16,
    /// −90 to 90.
    pub elevation: i16,
}

/// Where somebody is and where it looks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[allow(missing_docs, reason = "see the types")]
pub struct Pose {
    pub position: Position,
    pub heading: Heading,
}

/// Where a listener hears something: angles from its own heading, and how far away.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Spherical {
    /// Degrees, −180 to 180, to the right.
    pub azimuth: i32,
    /// Degrees, −90 to 90, upwards.
    pub elevation: i32,
    /// Centimetres.
    pub distance: i64,
}

impl Heading {
    /// Azimuths there are.
    pub const AZIMUTHS: RangeInclusive<i32> = -180..=180;
    /// Elevations there are.
    pub const ELEVATIONS: RangeInclusive<i32> = -90..=90;

    /// A heading of these angles in degrees; `None` when one is out of range.
    pub fn new(azimuth: i32, elevation: i32) -> Option<Self> {
        let fits = Self::AZIMUTHS.contains(&azimuth) && Self::ELEVATIONS.contains(&elevation);
        fits.then_some(Self {
            azimuth: azimuth as i16,
            elevation: elevation as i16,
        })
    }
}

/// A direction in the coordinates of [`Position`].
type Vector = [f64; 3];

fn between(from: Position, to: Position) -> Vector {
    [
        f64::from(to.x) - f64::from(from.x),
        f64::from(to.y) - f64::from(from.y),
        f64::from(to.z) - f64::from(from.z),
    ]
}

/// Azimuth and elevation of a direction, degrees; 0, 0 for no direction.
fn angles([x, y, z]: Vector) -> (f64, f64) {
    (x.atan2(z).to_degrees(), y.atan2(x.hypot(z)).to_degrees())
}

impl Position {
    /// The heading of somebody here who looks at `point`; straight on when they stand on it.
    pub fn towards(self, point: Self) -> Heading {
        let (azimuth, elevation) = angles(between(self, point));
        Heading {
            azimuth: azimuth.round() as i16,
            elevation: elevation.round() as i16,
        }
    }
}

impl Pose {
    /// Where somebody in this pose hears what is at `source`. What is at the listener's own place is in front.
    pub fn hears(&self, source: Position) -> Spherical {
        let [x, y, z] = between(self.position, source);
        let (sin_a, cos_a) = f64::from(self.heading.azimuth).to_radians().sin_cos();
        let (sin_e, cos_e) = f64::from(self.heading.elevation).to_radians().sin_cos();
        // First the turn to the side is undone, then the one upwards.
        let (x, ahead) = (x * cos_a - z * sin_a, x * sin_a + z * cos_a);
        let (y, z) = (y * cos_e - ahead * sin_e, y * sin_e + ahead * cos_e);
        let (azimuth, elevation) = angles([x, y, z]);
        Spherical {
            azimuth: azimuth.round() as i32,
            elevation: elevation.round() as i32,
            distance: x.hypot(y).hypot(z).round() as i64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: i32, y: i32, z: i32) -> Position {
        Position { x, y, z }
    }

    fn looking(azimuth: i32, elevation: i32) -> Pose {
        Pose {
            position: at(0, 0, 0),
            heading: Heading::new(azimuth, elevation).unwrap(),
        }
    }

    fn heard(pose: Pose, source: Position) -> (i32, i32, i64) {
        let s = pose.hears(source);
        (s.azimuth, s.elevation, s.distance)
    }

    #[test]
    fn seats_look_at_the_centre() {
        let centre = at(0, 0, 0);
        assert_eq!(at(0, 0, 90).towards(centre), Heading::new(180, 0).unwrap());
        assert_eq!(at(90, 0, 0).towards(centre), Heading::new(-90, 0).unwrap());
        assert_eq!(
            at(-90, 0, -90).towards(centre),
            Heading::new(45, 0).unwrap()
        );
        assert_eq!(
            at(0, -100, -100).towards(centre),
            Heading::new(0, 45).unwrap()
        );
        assert_eq!(centre.towards(centre), Heading::default());
    }

    #[test]
    fn directions_are_those_of_the_listener() {
        let ahead = looking(0, 0);
        assert_eq!(heard(ahead, at(100, 0, 0)), (90, 0, 100));
        assert_eq!(heard(ahead, at(-100, 0, 0)), (-90, 0, 100));
        assert_eq!(heard(ahead, at(0, 100, 100)), (0, 45, 141));
        assert_eq!(heard(ahead, at(0, 0, 0)), (0, 0, 0));
        let right = looking(90, 0);
        assert_eq!(heard(right, at(100, 0, 0)), (0, 0, 100));
        assert_eq!(heard(right, at(0, 0, 100)), (-90, 0, 100));
        let up = looking(0, 90);
        assert_eq!(heard(up, at(0, 100, 0)), (0, 0, 100));
        assert_eq!(heard(looking(0, 45), at(0, 100, 100)).1, 0);
    }

    #[test]
    fn the_ends_of_the_numbers_do_no_harm() {
        let far = Pose {
            position: at(i32::MIN, i32::MIN, i32::MIN),
            heading: Heading::new(-180, -90).unwrap(),
        };
        assert_eq!(
            far.hears(at(i32::MAX, i32::MAX, i32::MAX)).distance,
            7_439_101_572
        );
        assert_eq!(Heading::new(181, 0), None);
        assert_eq!(Heading::new(0, -91), None);
    }
}
