//! Who sits where (event-manager.md §9.3).

use std::collections::BTreeMap;

use api::id::{ParticipantId, SeatId};
use api::spatial::{Layout, Pose};

/// The seats that are taken.
#[derive(Debug, Default)]
pub(super) struct Seating {
    sits: BTreeMap<ParticipantId, Sits>,
}

/// One occupant.
#[derive(Clone, Copy, Debug)]
struct Sits {
    /// The layout's seat.
    seat: SeatId,
    /// 0 sits on it, the others stand with or beside him.
    nth: u32,
    /// The number clients see: the seat's, or one of those after the layout's for whoever is not the first.
    shown: SeatId,
}

impl Seating {
    /// A participant has no seat any more.
    pub(super) fn leave(&mut self, who: ParticipantId) {
        self.sits.remove(&who);
    }

    /// Everybody gets up.
    pub(super) fn clear(&mut self) {
        self.sits.clear();
    }

    /// Seats a participant on the lowest free seat, or with the fewest others.
    pub(super) fn take_any(&mut self, layout: &Layout, who: ParticipantId) -> (SeatId, Pose) {
        self.leave(who);
        let mut occupants = vec![0_u32; layout.seats.len()];
        for sits in self.sits.values() {
            let at = usize::try_from(sits.seat.0 - 1).ok();
            if let Some(count) = at.and_then(|at| occupants.get_mut(at)) {
                *count += 1;
            }
        }
        let least = occupants
            .iter()
            .enumerate()
            .min_by_key(|(_, count)| **count);
        let at = least.map_or(0, |(at, _)| at);
        let seat = SeatId(i32::try_from(at + 1).unwrap_or(i32::MAX));
        self.sit(layout, who, seat)
    }

    /// Seats a participant on a seat of the layout, or `None`.
    pub(super) fn take(
        &mut self,
        layout: &Layout,
        who: ParticipantId,
        seat: SeatId,
    ) -> Option<(SeatId, Pose)> {
        layout.has_seat(seat).then(|| self.sit(layout, who, seat))
    }

    fn sit(&mut self, layout: &Layout, who: ParticipantId, seat: SeatId) -> (SeatId, Pose) {
        self.leave(who);
        let nth = lowest_free(0, |nth| {
            self.sits.values().any(|s| s.seat == seat && s.nth == nth)
        });
        let shown = if nth == 0 {
            seat
        } else {
            let beyond = i32::try_from(layout.seats.len()).unwrap_or(i32::MAX);
            let k = lowest_free(1, |k| {
                let number = beyond.saturating_add_unsigned(k);
                self.sits.values().any(|s| s.shown.0 == number)
            });
            SeatId(beyond.saturating_add_unsigned(k))
        };
        self.sits.insert(who, Sits { seat, nth, shown });
        (shown, layout.pose(seat, nth).unwrap_or_default())
    }
}

fn lowest_free(from: u32, taken: impl Fn(u32) -> bool) -> u32 {
    (from..).find(|n| !taken(*n)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::spatial::Position;

    fn who(number: i32) -> ParticipantId {
        ParticipantId(number)
    }

    fn two_seats() -> Layout {
        Layout {
            seats: vec![
                Position { x: 0, y: 0, z: 100 },
                Position {
                    x: 0,
                    y: 0,
                    z: -100,
                },
            ],
            ..Layout::built_in()
        }
    }

    #[test]
    fn the_lowest_free_seat_first_then_the_emptiest() {
        let layout = two_seats();
        let mut seating = Seating::default();
        let mut sit = |n| {
            let (seat, pose) = seating.take_any(&layout, who(n));
            (seat.0, pose.position.z)
        };
        assert_eq!(sit(1), (1, 100));
        assert_eq!(sit(2), (2, -100));
        assert_eq!(sit(3), (3, 110));
        assert_eq!(sit(4), (4, -90));
        assert_eq!(sit(5), (5, 120));
        // Whoever sits down again counts as gone before.
        assert_eq!(sit(2), (2, -100));
        seating.leave(who(3));
        assert_eq!(
            seating.take(&layout, who(6), SeatId(1)).unwrap().0,
            SeatId(3)
        );
        seating.leave(who(1));
        assert_eq!(
            seating.take(&layout, who(4), SeatId(1)).unwrap().0,
            SeatId(1)
        );
        assert_eq!(seating.take(&layout, who(4), SeatId(3)), None);
        seating.clear();
        assert_eq!(seating.take_any(&layout, who(9)).0, SeatId(1));
    }
}
