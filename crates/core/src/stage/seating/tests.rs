use std::cell::Cell;
use std::collections::BTreeMap;

use api::spatial::Position;
use proptest::prelude::*;

use super::*;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// A number was given, taken or passed over.
pub(super) fn step() {
    STEPS.set(STEPS.get() + 1);
}

fn who(number: i32) -> ParticipantId {
    ParticipantId(number)
}

fn layout_of(seats: i32) -> Layout {
    let seat = |n| Position {
        x: n,
        y: 0,
        z: 100 - 200 * n,
    };
    Layout {
        seats: (0..seats).map(seat).collect(),
        ..Layout::built_in()
    }
}

#[test]
fn the_lowest_free_seat_first_then_the_emptiest() {
    let layout = layout_of(2);
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

/// Ten thousand on few seats, each with as much work as the first; looking for numbers among the others was a million
/// million steps.
#[test]
fn a_full_room_is_seated_in_a_few_steps_for_each() {
    const ALL: i32 = 10_000;
    for seats in [1, 8, ALL] {
        let layout = layout_of(seats);
        let mut seating = Seating::default();
        let steps = |work: &mut dyn FnMut()| {
            let before = STEPS.get();
            work();
            STEPS.get() - before
        };
        let most = 6 * u64::from(ALL.unsigned_abs());
        let come = steps(&mut || {
            for n in 0..ALL {
                seating.take_any(&layout, who(n));
            }
        });
        let again = steps(&mut || {
            for n in (0..ALL).rev() {
                seating.take_any(&layout, who(n));
            }
        });
        let to_the_last = steps(&mut || {
            for n in 0..ALL {
                seating.take(&layout, who(n), SeatId(seats)).unwrap();
            }
        });
        let go = steps(&mut || {
            for n in 0..ALL {
                seating.leave(who(n));
            }
        });
        for taken in [come, again, to_the_last, go] {
            assert!(taken > 0 && taken <= most, "{seats} seats: {taken} steps");
        }
        // Up and down far away costs once what it passes over.
        let there_and_back = steps(&mut || {
            for _ in 0..1000 {
                seating.take(&layout, who(1), SeatId(seats)).unwrap();
                seating.take(&layout, who(1), SeatId(1)).unwrap();
            }
        });
        assert!(there_and_back <= most, "{there_and_back}");
    }
}

/// The rules as they are written, looked up among everybody.
#[derive(Default)]
struct Plain {
    /// Seat, which occupant of it, and the number clients see.
    sits: BTreeMap<i32, (usize, u32, usize)>,
}

impl Plain {
    fn take_any(&mut self, seats: usize, who: i32) -> (usize, u32) {
        self.sits.remove(&who);
        let crowd = |seat: &usize| self.sits.values().filter(|s| s.0 == *seat).count();
        let seat = (1..=seats).min_by_key(crowd).unwrap();
        self.take(seats, who, seat)
    }

    fn take(&mut self, seats: usize, who: i32, seat: usize) -> (usize, u32) {
        self.sits.remove(&who);
        let free = |nth: &u32| !self.sits.values().any(|s| (s.0, s.1) == (seat, *nth));
        let nth = (0..).find(free).unwrap();
        let unseen = |number: &usize| !self.sits.values().any(|s| s.2 == *number);
        let shown = if nth == 0 {
            seat
        } else {
            (seats + 1..).find(unseen).unwrap()
        };
        self.sits.insert(who, (seat, nth, shown));
        (shown, nth)
    }
}

#[derive(Clone, Debug)]
enum Act {
    Any(i32),
    Seat(i32, usize),
    Leave(i32),
    Clear,
}

fn act() -> impl Strategy<Value = Act> {
    let person = 0..12_i32;
    prop_oneof![
        8 => person.clone().prop_map(Act::Any),
        8 => (person.clone(), 1..8_usize).prop_map(|(who, seat)| Act::Seat(who, seat)),
        6 => person.prop_map(Act::Leave),
        1 => Just(Act::Clear),
    ]
}

proptest! {
    #[test]
    fn everybody_sits_where_the_plain_rules_say(
        seats in 1..6_usize,
        acts in proptest::collection::vec(act(), 1..80),
    ) {
        let layout = layout_of(i32::try_from(seats).unwrap());
        let (mut seating, mut plain) = (Seating::default(), Plain::default());
        for act in acts {
            let (got, expected) = match act {
                Act::Any(n) => (
                    Some(seating.take_any(&layout, who(n))),
                    Some((n, plain.take_any(seats, n))),
                ),
                Act::Seat(n, seat) => {
                    let asked = SeatId(i32::try_from(seat).unwrap());
                    let there = seat <= seats;
                    (
                        seating.take(&layout, who(n), asked),
                        there.then(|| (n, plain.take(seats, n, seat))),
                    )
                }
                Act::Leave(n) => {
                    seating.leave(who(n));
                    plain.sits.remove(&n);
                    (None, None)
                }
                Act::Clear => {
                    seating.clear();
                    plain.sits.clear();
                    (None, None)
                }
            };
            let expected = expected.map(|(n, (shown, nth))| {
                let seat = SeatId(i32::try_from(plain.sits[&n].0).unwrap());
                let pose = layout.pose(seat, nth).unwrap();
                (SeatId(i32::try_from(shown).unwrap()), pose)
            });
            prop_assert_eq!(got, expected);
        }
    }
}
