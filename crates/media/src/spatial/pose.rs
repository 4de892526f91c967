//! Where somebody is and which way the face points.

/// A point, in centimetres: +x right, +y up, +z forward (`event-manager.md` §9.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Position {
    x_cm: i32,
    y_cm: i32,
    z_cm: i32,
}

impl Position {
    /// Coordinates reach one kilometre to either side.
    pub const LIMIT_CM: i32 = 100_000;

    /// A point, unless a coordinate is beyond ±[`Position::LIMIT_CM`].
    #[must_use]
    pub fn new(x_cm: i32, y_cm: i32, z_cm: i32) -> Option<Self> {
        let inside = -Self::LIMIT_CM..=Self::LIMIT_CM;
        [x_cm, y_cm, z_cm]
            .iter()
            .all(|coordinate| inside.contains(coordinate))
            .then_some(Self { x_cm, y_cm, z_cm })
    }

    /// Right of the origin, centimetres.
    #[must_use]
    pub const fn x_cm(&self) -> i32 {
        self.x_cm
    }

    /// Above the origin, centimetres.
    #[must_use]
    pub const fn y_cm(&self) -> i32 {
        self.y_cm
    }

    /// In front of the origin, centimetres.
    #[must_use]
    pub const fn z_cm(&self) -> i32 {
        self.z_cm
    }
}

/// Which way a face points, in degrees: azimuth 0 looks along +z and grows to the right, elevation grows upwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Heading {
    azimuth_deg: i16,
    elevation_deg: i16,
}

impl Heading {
    /// A heading, unless the azimuth is beyond ±180 or the elevation beyond ±90.
    #[must_use]
    pub fn new(azimuth_deg: i16, elevation_deg: i16) -> Option<Self> {
        let inside = (-180..=180).contains(&azimuth_deg) && (-90..=90).contains(&elevation_deg);
        inside.then_some(Self {
            azimuth_deg,
            elevation_deg,
        })
    }

    /// −180 to 180.
    #[must_use]
    pub const fn azimuth_deg(&self) -> i16 {
        self.azimuth_deg
    }

    /// −90 to 90.
    #[must_use]
    pub const fn elevation_deg(&self) -> i16 {
        self.elevation_deg
    }
}

/// A place and a heading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pose {
    /// Where.
    pub position: Position,
    /// Facing which way.
    pub heading: Heading,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bounded_integers_come_in() {
        let limit = Position::LIMIT_CM;
        assert!(Position::new(limit, -limit, 0).is_some());
        assert!(Position::new(limit + 1, 0, 0).is_none());
        assert!(Position::new(0, i32::MIN, 0).is_none());
        assert!(Heading::new(-180, 90).is_some());
        assert!(Heading::new(181, 0).is_none());
        assert!(Heading::new(0, -91).is_none());
    }
}
