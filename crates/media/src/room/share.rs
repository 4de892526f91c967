//! Some who hear the same, and what the one of them whose sound is mixed and encoded has heard lately.

use super::heard::Heard;
use super::member::MemberId;
use crate::control::LegId;
use crate::frame::{Ears, Frame, MAX_RATE_HZ};

/// Ticks an encoder takes in before it goes on where another one was.
const PAST: usize = 3;

/// Some who hear the same.
pub(super) struct Share {
    /// What they hear; `None`: there are none.
    pub(super) heard: Option<Heard>,
    /// Ticks for which they have heard it, up to as many as patience asks for.
    pub(super) ticks: u16,
    /// Whose sound is mixed and encoded.
    pub(super) leader: Option<(MemberId, LegId)>,
    /// Who led in the tick before, by its place among the members in this one.
    pub(super) led_by: Option<usize>,
    /// What the leader hears from this tick on, if that can be shared.
    pub(super) next: Option<Heard>,
    /// How many would stay with what they heard, and how many hear what the leader hears from this tick on.
    pub(super) votes: [usize; 2],
    /// How many they are, in this tick.
    pub(super) size: usize,
    /// The leader is still one of them in this tick.
    pub(super) is_led: bool,
    past: Past,
}

/// What a leader heard in the last ticks, at its own volume.
struct Past {
    /// At the rate of the room; a ring.
    moments: [Moment; PAST],
    next: usize,
    /// How many of them there are.
    known: usize,
    /// The last one at the rate of its leg.
    latest: Option<Frame>,
}

struct Moment {
    mid: Frame,
    side: Frame,
    is_wide: bool,
}

impl Share {
    pub(super) fn new() -> Self {
        let silent = || Frame::silent(MAX_RATE_HZ);
        Self {
            heard: None,
            ticks: 0,
            leader: None,
            led_by: None,
            next: None,
            votes: [0; 2],
            size: 0,
            is_led: false,
            past: Past {
                moments: std::array::from_fn(|_| Moment {
                    mid: silent(),
                    side: silent(),
                    is_wide: false,
                }),
                next: 0,
                known: 0,
                latest: None,
            },
        }
    }

    /// Some begin to share who have heard this for so many ticks.
    pub(super) fn found(&mut self, heard: Heard, ticks: u16, leader: (MemberId, LegId)) {
        self.heard = Some(heard);
        self.ticks = ticks;
        self.leader = Some(leader);
        self.led_by = None;
        self.past.known = 0;
        self.past.latest = None;
    }

    /// Nobody shares any more.
    pub(super) fn end(&mut self) {
        self.heard = None;
        self.leader = None;
        self.led_by = None;
    }

    /// The room has another rate.
    pub(super) fn forget(&mut self) {
        self.past.known = 0;
    }

    /// The leg whose sound is mixed and encoded.
    pub(super) fn leading_leg(&self) -> Option<LegId> {
        self.leader.map(|(_, leg)| leg)
    }

    pub(super) fn is_led_by(&self, member: MemberId) -> bool {
        self.leader.is_some_and(|(leader, _)| leader == member)
    }

    /// What the leader heard, oldest first.
    pub(super) fn past(&self) -> impl Iterator<Item = Ears<'_>> {
        let Past {
            moments,
            next,
            known,
            ..
        } = &self.past;
        let oldest = next + PAST - known;
        (oldest..oldest + known).map(|at| {
            let moment = &moments[at % PAST];
            Ears {
                mid: &moment.mid,
                side: moment.is_wide.then_some(&moment.side),
            }
        })
    }

    /// What the leader heard last, as its leg was given it.
    pub(super) fn latest(&self) -> Option<&Frame> {
        self.past.latest.as_ref()
    }

    /// Keeps what the leader hears: samples at the rate of the room, and what its leg was given of them.
    pub(super) fn remember(
        &mut self,
        rate_hz: u32,
        mid: &[i16],
        side: Option<&[i16]>,
        given: &Frame,
    ) {
        let moment = &mut self.past.moments[self.past.next];
        keep(mid, rate_hz, &mut moment.mid);
        moment.is_wide = side.is_some();
        if let Some(side) = side {
            keep(side, rate_hz, &mut moment.side);
        }
        self.past.next = (self.past.next + 1) % PAST;
        self.past.known = (self.past.known + 1).min(PAST);
        let latest = &mut self.past.latest;
        latest
            .get_or_insert_with(|| Frame::silent(given.rate_hz()))
            .copy_from(given);
    }
}

fn keep(samples: &[i16], rate_hz: u32, frame: &mut Frame) {
    if frame.rate_hz() != rate_hz {
        frame.reshape(rate_hz);
    }
    for (to, sample) in frame.samples_mut().iter_mut().zip(samples) {
        *to = *sample;
    }
}
