//! Who sits where (event-manager.md §9.3).
//!
//! A room may have ten thousand participants on one seat, and all of them may be seated anew by one command, in the one
//! task of the switch: what is asked for each of them (the lowest number nobody has, the emptiest seat) is kept, and not
//! looked for among all the others.

use std::collections::{BTreeMap, BTreeSet};

use api::id::{ParticipantId, SeatId};
use api::spatial::{Layout, Pose};

/// The seats that are taken. They are of one layout; with another one everybody gets up first.
#[derive(Debug, Default)]
pub(super) struct Seating {
    sits: BTreeMap<ParticipantId, Sits>,
    /// Numbers of seats somebody is at, counted from 0.
    seats: Numbers,
    /// Who is at a seat; of seats somebody is or was at.
    crowds: BTreeMap<SeatId, Crowd>,
    /// The seats somebody is at by how many are there.
    by_size: BTreeSet<(u32, SeatId)>,
    /// Numbers after the layout's that are given, counted from 0.
    beyond: Numbers,
}

/// One occupant.
#[derive(Clone, Copy, Debug)]
struct Sits {
    /// The layout's seat.
    seat: SeatId,
    /// 0 sits on it, the others stand with or beside them.
    nth: u32,
    /// Which of the numbers after the layout's clients see, for whoever is not the first; `None`: the seat's.
    beyond: Option<u32>,
}

/// The occupants of one seat.
#[derive(Debug, Default)]
struct Crowd {
    size: u32,
    /// Which they are.
    nth: Numbers,
}

impl Seating {
    /// A participant has no seat any more.
    pub(super) fn leave(&mut self, who: ParticipantId) {
        let Some(sits) = self.sits.remove(&who) else {
            return;
        };
        if let Some(beyond) = sits.beyond {
            self.beyond.give(beyond);
        }
        let crowd = self.crowds.entry(sits.seat).or_default();
        crowd.nth.give(sits.nth);
        self.by_size.remove(&(crowd.size, sits.seat));
        crowd.size = crowd.size.saturating_sub(1);
        if crowd.size > 0 {
            self.by_size.insert((crowd.size, sits.seat));
        } else {
            self.seats.give(at(sits.seat));
        }
    }

    /// Everybody gets up.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Seats a participant on the lowest free seat, or with the fewest others.
    pub(super) fn take_any(&mut self, layout: &Layout, who: ParticipantId) -> (SeatId, Pose) {
        self.leave(who);
        let empty = self.seats.lowest();
        let is_there = usize::try_from(empty).is_ok_and(|at| at < layout.seats.len());
        let fewest = || self.by_size.first().map(|(_, seat)| *seat);
        let seat = if is_there { None } else { fewest() };
        let seat = seat.unwrap_or(SeatId(
            0_i32.saturating_add_unsigned(empty).saturating_add(1),
        ));
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
        let crowd = self.crowds.entry(seat).or_default();
        let nth = crowd.nth.take_lowest();
        if crowd.size == 0 {
            self.seats.take(at(seat));
        } else {
            self.by_size.remove(&(crowd.size, seat));
        }
        crowd.size += 1;
        self.by_size.insert((crowd.size, seat));
        let beyond = (nth > 0).then(|| self.beyond.take_lowest());
        let shown = beyond.map_or(seat, |beyond| {
            let seats = i32::try_from(layout.seats.len()).unwrap_or(i32::MAX);
            SeatId(seats.saturating_add(1).saturating_add_unsigned(beyond))
        });
        self.sits.insert(who, Sits { seat, nth, beyond });
        (shown, layout.pose(seat, nth).unwrap_or_default())
    }
}

/// The place of a seat in the layout.
fn at(seat: SeatId) -> u32 {
    u32::try_from(seat.0 - 1).unwrap_or_default()
}

/// Which numbers from 0 on are given. Taking and giving cost the logarithm of how many were ever given.
#[derive(Debug, Default)]
struct Numbers {
    /// This one and all above are free …
    end: u32,
    /// … and of those below it these.
    free: BTreeSet<u32>,
}

impl Numbers {
    fn lowest(&self) -> u32 {
        self.free.first().copied().unwrap_or(self.end)
    }

    fn take_lowest(&mut self) -> u32 {
        let lowest = self.lowest();
        self.take(lowest);
        lowest
    }

    fn take(&mut self, number: u32) {
        step();
        if number < self.end {
            self.free.remove(&number);
            return;
        }
        for skipped in self.end..number {
            step();
            self.free.insert(skipped);
        }
        self.end = number.saturating_add(1);
    }

    fn give(&mut self, number: u32) {
        step();
        self.free.insert(number);
    }
}

#[cfg(not(test))]
fn step() {}

#[cfg(test)]
use tests::step;

#[cfg(test)]
mod tests;
