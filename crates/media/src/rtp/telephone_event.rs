//! Digits as RTP packets. RFC 4733.

use crate::control::Digit;

/// Bytes of an event payload. RFC 4733 §2.3.
pub const EVENT_BYTES: usize = 4;
/// Loudness we state for the tone: −10 dBm0, which is what everybody sends.
const VOLUME: u8 = 10;
/// An event whose packets stop coming has ended after this long. RFC 4733 §2.5.2.2 leaves the number
/// to us: three intervals of the slowest usual sender (50 ms).
const LOST_END_US: u64 = 150_000;
/// A packet at most this much older than the last finished event is a straggler, not a sender that
/// turned its clock back, seconds.
const STRAGGLER_S: u32 = 2;
/// The longest duration a packet can state. An event that lasts longer goes on in another segment,
/// whose timestamp is this much later. RFC 4733 §2.5.1.3.
const SEGMENT_UNITS: u32 = 0xffff;
/// Times the end is sent. RFC 4733 §2.5.1.4.
const END_REPEATS: u8 = 3;

/// One event payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Event code, 0–255; 0–16 are DTMF.
    pub event: u8,
    /// Whether the event has ended.
    pub end: bool,
    /// Length so far in timestamp units.
    pub duration: u16,
}

impl Payload {
    /// Reads a payload; longer ones (redundancy) are read at their beginning.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let &[event, flags, high, low, ..] = payload else {
            return None;
        };
        Some(Self {
            event,
            end: flags & 0x80 != 0,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// The four bytes.
    #[must_use]
    pub fn bytes(self) -> [u8; EVENT_BYTES] {
        let [high, low] = self.duration.to_be_bytes();
        [self.event, u8::from(self.end) << 7 | VOLUME, high, low]
    }
}

/// Puts the packets of incoming events together: each digit once, whatever was lost or repeated.
#[derive(Clone, Debug)]
pub struct EventReceiver {
    clock_rate_hz: u32,
    current: Option<Current>,
    /// Timestamp of the last finished event: its repeated ends are ignored.
    finished: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Current {
    timestamp: u32,
    digit: Digit,
    /// Length of its earlier segments.
    before: u32,
    duration: u16,
    heard_us: u64,
}

/// A digit that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pressed {
    /// Which.
    pub digit: Digit,
    /// How long, in timestamp units; the most there is when it lasted longer.
    pub duration: u32,
}

impl EventReceiver {
    /// Nothing received yet; timestamps run at this rate.
    #[must_use]
    pub fn new(clock_rate_hz: u32) -> Self {
        Self {
            clock_rate_hz,
            current: None,
            finished: None,
        }
    }

    /// Changes the clock after a new negotiation.
    pub fn set_clock_rate(&mut self, clock_rate_hz: u32) {
        self.clock_rate_hz = clock_rate_hz;
    }

    /// Takes an event packet; may end up to two digits: one whose own end was lost, and this one.
    pub fn receive(&mut self, now_us: u64, timestamp: u32, payload: &[u8]) -> [Option<Pressed>; 2] {
        let Some(payload) = Payload::parse(payload) else {
            return [None, None];
        };
        let Some(digit) = Digit::from_event(payload.event) else {
            return [None, None];
        };
        if let Some(finished) = self.finished
            && finished.wrapping_sub(timestamp) < self.clock_rate_hz * STRAGGLER_S
        {
            return [None, None];
        }
        let mut before = None;
        let mut earlier = self.current.map_or(0, |current| current.before);
        if let Some(current) = self.current
            && current.timestamp != timestamp
        {
            // A straggler of an older event must not end the newer one.
            if (timestamp.wrapping_sub(current.timestamp) as i32) < 0 {
                return [None, None];
            }
            if digit == current.digit && timestamp.wrapping_sub(current.timestamp) == SEGMENT_UNITS
            {
                earlier = earlier.saturating_add(SEGMENT_UNITS);
                self.current = None;
            } else {
                before = self.finish();
                earlier = 0;
            }
        }
        let longest = self
            .current
            .map_or(0, |current| current.duration)
            .max(payload.duration);
        self.current = Some(Current {
            timestamp,
            digit,
            before: earlier,
            duration: longest,
            heard_us: now_us,
        });
        let ended = if payload.end { self.finish() } else { None };
        [before, ended]
    }

    /// Ends an event whose packets have stopped; call every tick.
    pub fn tick(&mut self, now_us: u64) -> Option<Pressed> {
        let silent_us = now_us.saturating_sub(self.current?.heard_us);
        if silent_us >= LOST_END_US {
            self.finish()
        } else {
            None
        }
    }

    /// Forgets everything: the stream began anew.
    pub fn reset(&mut self) {
        *self = Self::new(self.clock_rate_hz);
    }

    fn finish(&mut self) -> Option<Pressed> {
        let current = self.current.take()?;
        self.finished = Some(current.timestamp);
        Some(Pressed {
            digit: current.digit,
            duration: current.before.saturating_add(u32::from(current.duration)),
        })
    }
}

/// An event being sent: asked once per tick for its packets.
#[derive(Clone, Copy, Debug)]
pub struct EventSender {
    digit: Digit,
    /// Of the present segment.
    timestamp: u32,
    /// Length it will have, timestamp units.
    total: u32,
    sent: u32,
    /// Where the present segment began.
    segment: u32,
    per_tick: u32,
    ends: u8,
}

/// What to send of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPacket {
    /// The same for the whole event.
    pub timestamp: u32,
    /// Set on its first packet.
    pub marker: bool,
    /// What stands in it.
    pub payload: Payload,
}

impl EventSender {
    /// Begins an event under a timestamp. `total` and `per_tick` are timestamp units. What lasts longer
    /// than 65,535 (8.2 s at 8 kHz, 1.4 s at 48 kHz) goes in segments. RFC 4733 §2.5.1.3.
    #[must_use]
    pub fn new(digit: Digit, timestamp: u32, total: u32, per_tick: u32) -> Self {
        let total = total.max(per_tick);
        Self {
            digit,
            timestamp,
            total,
            sent: 0,
            segment: 0,
            per_tick,
            ends: 0,
        }
    }

    /// The digit.
    #[must_use]
    pub fn digit(&self) -> Digit {
        self.digit
    }

    /// The next packet; `None` when everything was said. While it lasts one packet per tick; the end
    /// is said three times in one tick (ask again at once while [`EventSender::is_ending`]).
    pub fn packet(&mut self) -> Option<EventPacket> {
        if self.ends == END_REPEATS {
            return None;
        }
        let marker = self.sent == 0;
        if self.sent - self.segment == SEGMENT_UNITS && self.sent < self.total {
            self.segment = self.sent;
            self.timestamp = self.timestamp.wrapping_add(SEGMENT_UNITS);
        }
        self.sent = (self.sent + self.per_tick)
            .min(self.segment + SEGMENT_UNITS)
            .min(self.total);
        let end = self.sent == self.total;
        self.ends += u8::from(end);
        let duration = (self.sent - self.segment) as u16;
        let payload = Payload {
            event: self.digit.event(),
            end,
            duration,
        };
        Some(EventPacket {
            timestamp: self.timestamp,
            marker,
            payload,
        })
    }

    /// Whether its end has been said, but not often enough.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        (1..END_REPEATS).contains(&self.ends)
    }

    /// Whether nothing is left to send.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.ends == END_REPEATS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn five() -> Digit {
        Digit::from_char('5').unwrap()
    }

    fn packets(timestamp: u32) -> Vec<EventPacket> {
        let mut sender = EventSender::new(five(), timestamp, 800, 160);
        std::iter::from_fn(|| sender.packet()).collect()
    }

    #[test]
    fn a_digit_is_five_growing_packets_of_which_the_last_comes_three_times() {
        let durations: Vec<_> = packets(0)
            .iter()
            .map(|p| (p.payload.duration, p.payload.end, p.marker))
            .collect();
        assert_eq!(
            durations,
            [
                (160, false, true),
                (320, false, false),
                (480, false, false),
                (640, false, false),
                (800, true, false),
                (800, true, false),
                (800, true, false),
            ]
        );
    }

    #[test]
    fn whatever_is_lost_the_digit_is_heard_once() {
        let sent = packets(77);
        // Every subset with at least one packet.
        for kept in 1u32..1 << sent.len() {
            let mut receiver = EventReceiver::new(8000);
            let mut heard = 0;
            for (n, packet) in sent.iter().enumerate().filter(|(n, _)| kept >> n & 1 == 1) {
                let now = n as u64 * 20_000;
                let ended = receiver.receive(now, packet.timestamp, &packet.payload.bytes());
                heard += ended.iter().flatten().count();
            }
            heard += usize::from(receiver.tick(10_000_000).is_some());
            heard += usize::from(receiver.tick(20_000_000).is_some());
            assert_eq!(heard, 1, "kept {kept:b}");
        }
    }

    #[test]
    fn the_next_digit_ends_one_whose_end_was_lost() {
        let mut receiver = EventReceiver::new(8000);
        receiver.receive(0, 100, &packets(100)[1].payload.bytes());
        let [before, own] = receiver.receive(20_000, 2000, &packets(2000)[4].payload.bytes());
        assert_eq!(
            before,
            Some(Pressed {
                digit: five(),
                duration: 320
            })
        );
        assert_eq!(
            own,
            Some(Pressed {
                digit: five(),
                duration: 800
            })
        );
        // A straggler of the first changes nothing.
        assert_eq!(
            receiver.receive(21_000, 100, &packets(100)[6].payload.bytes()),
            [None, None]
        );
    }

    #[test]
    fn a_long_event_goes_in_segments_and_is_one_digit() {
        // Two seconds at 48 kHz: 96,000 units.
        let mut sender = EventSender::new(five(), u32::MAX - 10, 96_000, 960);
        let sent: Vec<_> = std::iter::from_fn(|| sender.packet()).collect();
        assert_eq!(sent.iter().filter(|p| p.marker).count(), 1);
        let full = sent.iter().position(|p| p.payload.duration == u16::MAX);
        let full = full.expect("the first segment is used up");
        assert!(!sent[full].payload.end);
        assert_eq!(
            sent[full + 1].timestamp,
            sent[full].timestamp.wrapping_add(0xffff)
        );
        assert_eq!(
            sent.last().unwrap().payload.duration,
            (96_000u32 - 0xffff) as u16
        );
        for lost in [None, Some(full), Some(full + 1)] {
            let mut receiver = EventReceiver::new(48_000);
            let mut heard = Vec::new();
            for (n, packet) in sent.iter().enumerate().filter(|(n, _)| Some(*n) != lost) {
                let at = n as u64 * 20_000;
                let ended = receiver.receive(at, packet.timestamp, &packet.payload.bytes());
                heard.extend(ended.into_iter().flatten().map(|pressed| pressed.duration));
            }
            assert_eq!(heard, [96_000], "lost {lost:?}");
        }
    }

    #[test]
    fn an_event_that_never_ends_has_a_length_all_the_same() {
        let mut receiver = EventReceiver::new(8000);
        let part = |end| {
            let event = five().event();
            let duration = u16::MAX;
            let payload = Payload {
                event,
                end,
                duration,
            };
            payload.bytes()
        };
        let mut timestamp = 0_u32;
        for _ in 0..=1 << 16 {
            assert_eq!(receiver.receive(0, timestamp, &part(false)), [None, None]);
            timestamp = timestamp.wrapping_add(SEGMENT_UNITS);
        }
        let [_, ended] = receiver.receive(0, timestamp, &part(true));
        assert_eq!(ended.unwrap().duration, u32::MAX);
    }

    #[test]
    fn short_and_foreign_payloads_are_nothing() {
        let mut receiver = EventReceiver::new(8000);
        assert_eq!(receiver.receive(0, 1, &[5, 0x80, 0]), [None, None]);
        assert_eq!(receiver.receive(0, 1, &[32, 0x80, 0, 160]), [None, None]);
        assert_eq!(receiver.tick(1_000_000), None);
    }
}
