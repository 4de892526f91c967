//! One outgoing stream out of whatever sources feed it, one after another.
//!
//! The browser hears one SSRC for ever, so a new source must go on where the one before stopped.
//! Numbers are extended here, and begin below 65,536: the far side guesses a rollover counter of zero.
//! RFC 3711 §3.3.1.

use std::time::Instant;

/// Sequence numbers and timestamps towards one browser.
#[derive(Debug)]
pub(super) struct Continuity {
    clock_rate_hz: u32,
    source: Option<Source>,
    /// Last sent, extended, and when.
    last: Option<Last>,
    first_sequence: u64,
}

/// How the numbers of the present source become ours.
#[derive(Debug)]
struct Source {
    ssrc: u32,
    /// Highest of its numbers so far, extended.
    highest: u64,
    /// The number of ours it began with: what is older belongs to nobody.
    first: u64,
    /// Ours minus its.
    sequence_offset: i64,
    timestamp_offset: u32,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    sequence: u64,
    timestamp: u32,
    at: Instant,
}

/// Gap in sequence numbers that is a restart, not a loss. RFC 3550 A.1 (MAX_DROPOUT).
const JUMP: i64 = 3000;

impl Continuity {
    /// `first_sequence` is where the stream begins, 0–32,767.
    pub(super) fn new(clock_rate_hz: u32, first_sequence: u16) -> Self {
        Self {
            clock_rate_hz,
            source: None,
            last: None,
            first_sequence: u64::from(first_sequence & 0x7fff),
        }
    }

    /// The clock of what is sent from now on; changes with the codec.
    pub(super) fn set_clock_rate(&mut self, clock_rate_hz: u32) {
        if self.clock_rate_hz != clock_rate_hz {
            self.clock_rate_hz = clock_rate_hz;
            self.source = None;
        }
    }

    /// Another source follows, even if it has the same SSRC.
    pub(super) fn expect_new_source(&mut self) {
        self.source = None;
    }

    /// What a packet is numbered; `None` for a straggler from before the stream began, or before its source's part of it:
    /// that number went to another packet, and one number never stands for two (RFC 3711 §9.1).
    pub(super) fn number(
        &mut self,
        now: Instant,
        ssrc: u32,
        sequence: u16,
        timestamp: u32,
    ) -> Option<(u64, u32)> {
        let known = self.source.as_mut().filter(|source| source.ssrc == ssrc);
        let distance = known
            .as_ref()
            .map(|source| i64::from(sequence.wrapping_sub(source.highest as u16) as i16));
        let (source, number) = match known.zip(distance) {
            Some((source, distance)) if distance.abs() < JUMP => {
                let number = source.highest.checked_add_signed(distance)?;
                source.highest = source.highest.max(number);
                (&*source, number)
            }
            Some(_) | None => {
                let source = self.begin(now, ssrc, sequence, timestamp);
                (&*self.source.insert(source), u64::from(sequence))
            }
        };
        let ours = number.checked_add_signed(source.sequence_offset)?;
        if ours < source.first {
            return None;
        }
        let stamp = timestamp.wrapping_add(source.timestamp_offset);
        if self.last.is_none_or(|last| ours > last.sequence) {
            self.last = Some(Last {
                sequence: ours,
                timestamp: stamp,
                at: now,
            });
        }
        Some((ours, stamp))
    }

    /// A packet of a source that does not go out, and is not to be missed: those after it move up. What comes late from
    /// before it has no number any more, because it would get one that another packet had.
    pub(super) fn skip(&mut self, ssrc: u32, sequence: u16) {
        let Some(source) = self.source.as_mut().filter(|source| source.ssrc == ssrc) else {
            return;
        };
        let ahead = i64::from(sequence.wrapping_sub(source.highest as u16) as i16);
        if !(1..JUMP).contains(&ahead) {
            // One that comes late leaves its hole, one from far away begins something new.
            return;
        }
        source.highest += ahead as u64;
        source.sequence_offset -= 1;
        let last = source.highest.checked_add_signed(source.sequence_offset);
        source.first = last.map_or(source.first, |last| last + 1);
    }

    fn begin(&self, now: Instant, ssrc: u32, sequence: u16, timestamp: u32) -> Source {
        let (next, stamp) = match self.last {
            None => (self.first_sequence, timestamp),
            Some(last) => {
                let silence_us = now.saturating_duration_since(last.at).as_micros() as u64;
                let ticks = silence_us.saturating_mul(u64::from(self.clock_rate_hz)) / 1_000_000;
                // At least one tick: two frames of one timestamp would be one frame.
                let stamp = last.timestamp.wrapping_add((ticks as u32).max(1));
                (last.sequence + 1, stamp)
            }
        };
        Source {
            ssrc,
            highest: u64::from(sequence),
            first: next,
            sequence_offset: next as i64 - i64::from(sequence),
            timestamp_offset: stamp.wrapping_sub(timestamp),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_stream_begins_low_however_high_its_source_stands() {
        let mut out = Continuity::new(90_000, 0xffff);
        let now = Instant::now();
        assert_eq!(out.number(now, 1, 65_535, 7), Some((0x7fff, 7)));
        // Over the edge of the source's 16 bits it goes on.
        assert_eq!(out.number(now, 1, 0, 8), Some((0x8000, 8)));
        assert_eq!(out.number(now, 1, 2, 9), Some((0x8002, 9)));
        // The one between comes late.
        assert_eq!(out.number(now, 1, 1, 8), Some((0x8001, 8)));
        // One from before the beginning has no number.
        assert_eq!(out.number(now, 1, 65_534, 6), None);
    }

    #[test]
    fn numbers_pass_sixteen_bits_extended() {
        let mut out = Continuity::new(8000, 0);
        let now = Instant::now();
        let mut last = 0;
        for n in 0..200_000_u32 {
            let (sequence, _) = out.number(now, 1, n as u16, n * 160).unwrap();
            assert!(n == 0 || sequence == last + 1);
            last = sequence;
        }
        assert_eq!(last, 199_999);
    }

    #[test]
    fn another_source_goes_on_where_the_first_stopped() {
        let mut out = Continuity::new(90_000, 100);
        let now = Instant::now();
        out.number(now, 1, 500, 1000).unwrap();
        out.number(now, 1, 501, 4000).unwrap();
        let later = now + Duration::from_millis(100);
        assert_eq!(out.number(later, 2, 9, 77), Some((102, 4000 + 9000)));
        assert_eq!(out.number(later, 2, 10, 77 + 3000), Some((103, 16_000)));
        // The same source restarted with other numbers.
        assert_eq!(out.number(later, 2, 40_000, 5).unwrap().0, 104);
        out.expect_new_source();
        assert_eq!(out.number(later, 2, 40_001, 5).unwrap().0, 105);
    }

    #[test]
    fn what_is_skipped_is_not_missed_and_no_number_stands_for_two() {
        let mut out = Continuity::new(48_000, 100);
        let now = Instant::now();
        out.skip(1, 499);
        let mut seen = std::collections::HashSet::new();
        let mut number = |out: &mut Continuity, sequence| {
            let number = out.number(now, 1, sequence, 0).map(|(number, _)| number);
            assert!(number.is_none_or(|number| seen.insert(number)), "twice");
            number
        };
        assert_eq!(number(&mut out, 65_534), Some(100));
        // Over the edge, three in a row.
        for sequence in [65_535, 0, 1] {
            out.skip(1, sequence);
        }
        assert_eq!(number(&mut out, 2), Some(101));
        // 3 is lost or late, 4 is skipped.
        out.skip(1, 4);
        assert_eq!(number(&mut out, 5), Some(103));
        assert_eq!(number(&mut out, 3), None);
        // What is skipped late, of somebody else or far away changes nothing.
        out.skip(1, 3);
        out.skip(2, 6);
        out.skip(1, 20_000);
        assert_eq!(number(&mut out, 6), Some(104));
        assert_eq!(number(&mut out, 8), Some(106));
        assert_eq!(number(&mut out, 7), Some(105));
    }

    #[test]
    fn what_comes_late_from_before_a_pause_gets_no_number_twice() {
        let mut out = Continuity::new(90_000, 100);
        let now = Instant::now();
        for sequence in [500, 501, 503] {
            out.number(now, 1, sequence, 0).unwrap();
        }
        // 502 is on its way still; 504 to 509 fall into a pause.
        out.expect_new_source();
        assert_eq!(out.number(now, 1, 510, 9).unwrap().0, 104);
        assert_eq!(out.number(now, 1, 502, 0), None);
        assert_eq!(out.number(now, 1, 509, 9), None);
        assert_eq!(out.number(now, 1, 511, 9).unwrap().0, 105);
    }
}
