//! The jitter buffer: makes an even stream out of packets that come early, late, twice or never.

mod delay;

use delay::DelayEstimate;

/// Packets held at most. At 20 ms each half a second; a peer that bursts more loses its oldest.
const SLOTS: usize = 25;
/// Sound a packet may hold, milliseconds: Opus goes from 2.5 to 120.
const SHORTEST_PACKET_MS: u32 = 2;
const LONGEST_PACKET_MS: u32 = 120;
/// More delay than this is worse than loss.
const MAX_TARGET_MS: u32 = 200;
/// Nor more than this of the places, where a delay is asked for: packets still have to find room.
const BOUND_SLOTS: u32 = SLOTS as u32 - 5;
/// The buffer must have held more than it needs for this long before it is shortened.
const EXCESS_TICKS: u32 = 50;

/// Holds the encoded packets of one stream in their order.
///
/// Delay: adapts between one packet and 200 ms so that 97 % of the packets come in time. Memory: 25
/// slots for the longest packet (12 kB for G.711, 37 kB for Opus), allocated when made, never when
/// used.
#[derive(Clone, Debug)]
pub struct JitterBuffer {
    slots: Vec<Slot>,
    bytes: Vec<u8>,
    slot_bytes: usize,
    state: State,
    /// Number of the next packet to play, and one after the last one held.
    next: u64,
    end: u64,
    held: usize,
    ptime_ms: u32,
    /// Wait for one packet more than the delay asks for.
    spare: bool,
    /// What it adds at least and at most, where that is asked for.
    bounds_ms: Option<(u32, u32)>,
    estimate: DelayEstimate,
    excess_ticks: u32,
    /// Packets that came after their turn.
    pub late: u64,
    /// Packets given up because a slot was needed.
    pub overflows: u64,
    /// Most packets held at one time, holes included.
    pub largest: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// 0 = free; real numbers are larger.
    sequence: u64,
    format: u8,
    length: u16,
    /// Not audio: only says that nothing is missing here.
    skip: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing to play; the first packet starts the wait.
    Idle,
    /// The first packet of a stretch came then; play once it is old enough.
    Filling { since_us: u64 },
    /// Playing.
    Playing,
}

/// What to play next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// A packet of a format (index given at [`JitterBuffer::insert`]).
    Packet {
        /// Index of the format.
        format: u8,
        /// Its payload.
        payload: &'a [u8],
    },
    /// One packet is missing for good: conceal as long as a packet lasts.
    Lost,
    /// The buffer ran dry: conceal for a while; what comes next plays at once.
    Dry,
    /// Nothing is expected: silence.
    Silence,
}

impl JitterBuffer {
    /// A buffer for payloads of at most `slot_bytes`, which a peer sends every `ptime_ms`.
    #[must_use]
    pub fn new(slot_bytes: usize, ptime_ms: u16) -> Self {
        let ptime_ms = u32::from(ptime_ms.clamp(10, 60));
        Self {
            slots: vec![Slot::default(); SLOTS],
            bytes: vec![0; SLOTS * slot_bytes],
            slot_bytes,
            state: State::Idle,
            next: 0,
            end: 0,
            held: 0,
            ptime_ms,
            spare: false,
            bounds_ms: None,
            estimate: DelayEstimate::new(),
            excess_ticks: 0,
            late: 0,
            overflows: 0,
            largest: 0,
        }
    }

    /// Whether payloads this long fit; otherwise make a new buffer.
    #[must_use]
    pub fn fits(&self, payload_bytes: usize) -> bool {
        self.slot_bytes >= payload_bytes
    }

    /// Notes when a packet came, for the estimate: its timestamp in milliseconds of sound.
    pub fn observe(&mut self, now_us: u64, timestamp_us: u64) {
        self.estimate.observe(now_us, timestamp_us);
    }

    /// What a packet of the peer turned out to last, milliseconds.
    pub fn set_ptime(&mut self, ptime_ms: u32) {
        self.ptime_ms = ptime_ms.clamp(SHORTEST_PACKET_MS, LONGEST_PACKET_MS);
    }

    /// Whether to aim at one packet more than the delay asks for: the packet behind a lost one is here
    /// then when it is needed to repair the loss.
    pub fn set_spare(&mut self, spare: bool) {
        self.spare = spare;
    }

    /// Bounds the delay, in milliseconds; `None`: it follows the network between one packet and 200 ms. As soon as the
    /// lower bound is raised, playing waits until so much is there.
    pub fn bound(&mut self, ms: Option<(u16, u16)>) {
        let before = self.bounds_ms;
        self.bounds_ms = ms.map(|(least, most)| (u32::from(least), u32::from(most.max(least))));
        let least = |bounds: Option<(u32, u32)>| bounds.map_or(0, |(least, _)| least);
        if least(self.bounds_ms) > least(before) && self.state == State::Playing {
            self.reset();
        }
    }

    /// Keeps an audio packet. `sequence` is the extended number of
    /// [`Arrival`](super::reception::Arrival). `false`: too late or too long, it was dropped.
    pub fn insert(&mut self, now_us: u64, sequence: u64, format: u8, payload: &[u8]) -> bool {
        if payload.len() > self.slot_bytes {
            return false;
        }
        let length = payload.len() as u16;
        let slot = Slot {
            sequence,
            format,
            length,
            skip: false,
        };
        let Some(at) = self.place(now_us, slot) else {
            return false;
        };
        self.bytes[at * self.slot_bytes..][..payload.len()].copy_from_slice(payload);
        true
    }

    /// Notes that a number belongs to something else (an event packet), so that it is not missed.
    pub fn skip(&mut self, now_us: u64, sequence: u64) {
        if self.state != State::Idle {
            self.place(
                now_us,
                Slot {
                    sequence,
                    format: 0,
                    length: 0,
                    skip: true,
                },
            );
        }
    }

    /// The stream began anew.
    pub fn reset(&mut self) {
        self.slots.fill(Slot::default());
        self.state = State::Idle;
        self.held = 0;
        self.spare = false;
        self.excess_ticks = 0;
        self.estimate = DelayEstimate::new();
    }

    /// Takes the next packet to play. Called when the last one is used up.
    pub fn next(&mut self, now_us: u64) -> Next<'_> {
        match self.state {
            State::Idle => return Next::Silence,
            State::Filling { since_us } => {
                let waited_ms = now_us.saturating_sub(since_us) / 1000;
                if waited_ms < u64::from(self.target_ms().saturating_sub(self.ptime_ms)) {
                    return Next::Silence;
                }
                self.state = State::Playing;
            }
            State::Playing => {}
        }
        while self.held > 0 {
            let at = self.slot_of(self.next);
            let slot = self.slots[at];
            let is_here = slot.sequence == self.next;
            self.next += 1;
            if !is_here {
                return Next::Lost;
            }
            self.slots[at] = Slot::default();
            self.held -= 1;
            if slot.skip {
                if self.held == 0 {
                    self.state = State::Idle;
                    return Next::Silence;
                }
                continue;
            }
            let payload = &self.bytes[at * self.slot_bytes..][..usize::from(slot.length)];
            return Next::Packet {
                format: slot.format,
                payload,
            };
        }
        Next::Dry
    }

    /// The packet whose turn is next, if it is here: format and payload.
    #[must_use]
    pub fn peek(&self) -> Option<(u8, &[u8])> {
        let at = self.slot_of(self.next);
        let slot = self.slots[at];
        let is_here = self.held > 0 && slot.sequence == self.next && !slot.skip;
        let payload = &self.bytes[at * self.slot_bytes..][..usize::from(slot.length)];
        is_here.then_some((slot.format, payload))
    }

    /// Gives up waiting for more: the next packet starts a new stretch with the full delay.
    pub fn rest(&mut self) {
        if self.held == 0 {
            self.state = State::Idle;
        }
    }

    /// Whether nothing is expected until the next packet comes: [`next`](Self::next) says silence.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    /// Whether more is held than needed, and has been for a second: the caller should merge two
    /// packets into one. Call once per tick with the milliseconds decoded but not yet played.
    pub fn is_excessive(&mut self, decoded_ms: u32) -> bool {
        let enough = self.target_ms() + self.ptime_ms / 2;
        if self.state != State::Playing || self.depth_ms() + decoded_ms <= enough || self.held < 2 {
            self.excess_ticks = 0;
            return false;
        }
        self.excess_ticks += 1;
        if self.excess_ticks < EXCESS_TICKS {
            return false;
        }
        self.excess_ticks = 0;
        true
    }

    /// Delay aimed at, milliseconds.
    #[must_use]
    pub fn target_ms(&self) -> u32 {
        let packets = 1 + u32::from(self.spare);
        let natural = (self.estimate.delay_ms() + self.ptime_ms * packets).min(MAX_TARGET_MS);
        let Some((least, most)) = self.bounds_ms else {
            return natural;
        };
        // A packet must be whole, and there must be room for it.
        let (shortest, longest) = (self.ptime_ms, self.ptime_ms * BOUND_SLOTS);
        natural.clamp(least, most).clamp(shortest, longest)
    }

    /// Milliseconds held, holes included.
    #[must_use]
    pub fn depth_ms(&self) -> u32 {
        if self.held == 0 {
            0
        } else {
            (self.end.saturating_sub(self.next)) as u32 * self.ptime_ms
        }
    }

    fn slot_of(&self, sequence: u64) -> usize {
        (sequence % SLOTS as u64) as usize
    }

    fn place(&mut self, now_us: u64, slot: Slot) -> Option<usize> {
        let sequence = slot.sequence;
        match self.state {
            State::Idle => {
                self.state = State::Filling { since_us: now_us };
                self.next = sequence;
                self.end = sequence + 1;
            }
            // Before playing starts, an earlier one still finds its place at the front.
            State::Filling { .. }
                if sequence < self.next && self.end - sequence <= SLOTS as u64 =>
            {
                self.next = sequence;
            }
            State::Filling { .. } | State::Playing => {}
        }
        if sequence < self.next {
            self.late += u64::from(!slot.skip);
            return None;
        }
        if self.held == 0 && sequence > self.next && sequence - self.next >= SLOTS as u64 {
            self.next = sequence;
        }
        // Room for the newcomer: the oldest go.
        while sequence - self.next >= SLOTS as u64 {
            let at = self.slot_of(self.next);
            if self.slots[at].sequence == self.next {
                self.slots[at] = Slot::default();
                self.held -= 1;
                self.overflows += 1;
            }
            self.next += 1;
        }
        let at = self.slot_of(sequence);
        if self.slots[at].sequence != sequence {
            self.held += 1;
        }
        self.slots[at] = slot;
        self.end = self.end.max(sequence + 1);
        self.largest = self.largest.max((self.end - self.next) as u32);
        Some(at)
    }
}

#[cfg(test)]
mod tests;
