use std::sync::Arc;

use super::{Control, Pose, Position};
use crate::id::{LayoutId, SeatId};

/// The seats of a room and what everybody in it starts with (event-manager.md §9.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Number clients choose it by.
    pub id: LayoutId,
    /// Name in the file.
    pub name: Arc<str>,
    /// For people.
    pub description: Arc<str>,
    /// Several participants stand at exactly the same point of a seat, instead of beside it.
    pub stacking: bool,
    /// How far beside, centimetres along z for each.
    pub stack_delta: i32,
    /// Participants may stand anywhere.
    pub open: bool,
    /// Where the seats look.
    pub centre: Position,
    /// What is set for everybody who joins, and for all when a room takes this layout.
    pub defaults: Vec<(Control, i32)>,
    /// Seats in order; the first has the number 1. Never empty.
    pub seats: Vec<Position>,
}

impl Layout {
    /// Most seats.
    pub const MAX_SEATS: usize = 10_000;
    /// Radius of the built-in circle, centimetres.
    const RADIUS: f64 = 110.0;
    /// Seats of the built-in circle.
    const CIRCLE: u32 = 8;

    /// What rooms have when no layouts are configured: eight seats on a circle, the first in front of the centre.
    pub fn built_in() -> Self {
        let seat = |n: u32| {
            let angle = f64::from(n) * std::f64::consts::TAU / f64::from(Self::CIRCLE);
            Position {
                x: (Self::RADIUS * angle.sin()).round() as i32,
                y: 0,
                z: (Self::RADIUS * angle.cos()).round() as i32,
            }
        };
        Self {
            id: LayoutId(1),
            name: "default".into(),
            description: "Eight seats in a circle".into(),
            stacking: false,
            stack_delta: 10,
            open: false,
            centre: Position::default(),
            defaults: Vec::new(),
            seats: (0..Self::CIRCLE).map(seat).collect(),
        }
    }

    /// Whether a seat is one of the layout's own.
    pub fn has_seat(&self, seat: SeatId) -> bool {
        self.seat(seat).is_some()
    }

    fn seat(&self, seat: SeatId) -> Option<Position> {
        let at = usize::try_from(seat.0).ok()?.checked_sub(1)?;
        self.seats.get(at).copied()
    }

    /// The pose of the `nth` occupant of a seat (0: the one who sits on it); it looks at the centre. `None` when the
    /// seat is not there.
    pub fn pose(&self, seat: SeatId, nth: u32) -> Option<Pose> {
        let mut position = self.seat(seat)?;
        if !self.stacking {
            let shift = self
                .stack_delta
                .saturating_mul(i32::try_from(nth).unwrap_or(i32::MAX));
            position.z = position.z.saturating_add(shift);
        }
        Some(Pose {
            position,
            heading: position.towards(self.centre),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn occupants_stand_on_or_beside_a_seat() {
        let mut layout = Layout::built_in();
        let first = layout.pose(SeatId(1), 0).unwrap();
        assert_eq!((first.position.x, first.position.z), (0, 110));
        assert_eq!(first.heading.azimuth, 180);
        assert_eq!(layout.pose(SeatId(1), 2).unwrap().position.z, 130);
        layout.stacking = true;
        assert_eq!(layout.pose(SeatId(1), 2), Some(first));
        assert_eq!(layout.pose(SeatId(0), 0), None);
        assert_eq!(layout.pose(SeatId(9), 0), None);
        assert_eq!(layout.pose(SeatId(-1), 0), None);
    }
}
