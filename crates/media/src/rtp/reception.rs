//! What is known about the packets a peer sends: order, loss, jitter. RFC 3550 §6.4.1, A.1, A.3, A.8.

/// A forward jump beyond this means the sender restarted. RFC 3550 A.1 `MAX_DROPOUT`.
const MAX_DROPOUT: u64 = 3000;
/// Packets this far behind are still late, not restarted. RFC 3550 A.1 `MAX_MISORDER`.
const MAX_MISORDER: u64 = 100;
/// Recent sequence numbers remembered to tell late from duplicate: one bit each.
const WINDOW: u64 = 128;

/// Bookkeeping of one incoming stream.
#[derive(Clone, Debug)]
pub struct Reception {
    ssrc: Option<u32>,
    clock_rate_hz: u32,
    /// Extended sequence numbers start at 65,536 so that packets before the first have a number.
    base: u64,
    highest: u64,
    seen: u128,
    /// The number that would confirm a restart: one after an impossible one. RFC 3550 A.1 `bad_seq`.
    suspect: Option<u16>,
    received: u64,
    earlier_streams_lost: u64,
    expected_before: u64,
    received_before: u64,
    transit: Option<i64>,
    /// Sixteenths of a timestamp unit.
    jitter_x16: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that came after one sent later.
    pub reordered: u64,
}

/// What a packet is to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Continues it (or fills a hole), with the sequence number extended beyond 16 bits.
    Part(u64),
    /// Begins it anew: another SSRC, or numbers elsewhere. What was buffered before is over.
    Restart(u64),
    /// Came before.
    Duplicate,
    /// Far from everything; if the next one follows it, that will be a restart.
    Suspect,
}

impl Reception {
    /// Nothing received yet; the clock rate is that of the negotiated audio.
    #[must_use]
    pub fn new(clock_rate_hz: u32) -> Self {
        Self {
            ssrc: None,
            clock_rate_hz: clock_rate_hz.max(1),
            base: 0,
            highest: 0,
            seen: 0,
            suspect: None,
            received: 0,
            earlier_streams_lost: 0,
            expected_before: 0,
            received_before: 0,
            transit: None,
            jitter_x16: 0,
            duplicates: 0,
            reordered: 0,
        }
    }

    /// Changes the clock after a new negotiation.
    pub fn set_clock_rate(&mut self, clock_rate_hz: u32) {
        if self.clock_rate_hz != clock_rate_hz.max(1) {
            self.clock_rate_hz = clock_rate_hz.max(1);
            self.transit = None;
        }
    }

    /// Places a packet in its stream.
    pub fn arrive(&mut self, ssrc: u32, sequence: u16) -> Arrival {
        if self.ssrc != Some(ssrc) {
            return self.restart(ssrc, sequence);
        }
        let extended = self.extend(sequence);
        if extended > self.highest {
            let ahead = extended - self.highest;
            if ahead > MAX_DROPOUT {
                return self.suspect(ssrc, sequence);
            }
            self.seen = if ahead < WINDOW {
                self.seen << ahead | 1
            } else {
                1
            };
            self.highest = extended;
        } else {
            let behind = self.highest - extended;
            if behind > MAX_MISORDER {
                return self.suspect(ssrc, sequence);
            }
            if self.seen >> behind & 1 == 1 {
                self.duplicates += 1;
                return Arrival::Duplicate;
            }
            self.seen |= 1 << behind;
            self.reordered += 1;
            self.base = self.base.min(extended);
        }
        self.suspect = None;
        self.received += 1;
        Arrival::Part(extended)
    }

    /// Takes the timing of an audio packet: its timestamp and when it came, in microseconds of any
    /// steady clock.
    pub fn measure(&mut self, timestamp: u32, arrival_us: u64) {
        let rate = u64::from(self.clock_rate_hz);
        let arrival = (u128::from(arrival_us) * u128::from(rate) / 1_000_000) as u32;
        let transit = i64::from(arrival.wrapping_sub(timestamp) as i32);
        if let Some(before) = self.transit {
            let difference = (transit - before).unsigned_abs();
            // A jump of more than a second is a new talk spurt clock, not the network.
            if difference < rate {
                self.jitter_x16 += difference;
                self.jitter_x16 -= (self.jitter_x16 + 8) / 16;
            }
        }
        self.transit = Some(transit);
    }

    /// Who sends, once something came.
    #[must_use]
    pub fn ssrc(&self) -> Option<u32> {
        self.ssrc
    }

    /// Packets that never came, all streams of this leg together.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.earlier_streams_lost + self.expected().saturating_sub(self.received)
    }

    /// Interarrival jitter in timestamp units.
    #[must_use]
    pub fn jitter(&self) -> u32 {
        u32::try_from(self.jitter_x16 / 16).unwrap_or(u32::MAX)
    }

    /// Interarrival jitter in microseconds.
    #[must_use]
    pub fn jitter_us(&self) -> u32 {
        let us = self.jitter_x16 * 1_000_000 / 16 / u64::from(self.clock_rate_hz);
        u32::try_from(us).unwrap_or(u32::MAX)
    }

    /// The lower 32 bits of the highest extended sequence number, as reports carry it.
    #[must_use]
    pub fn extended_highest(&self) -> u32 {
        (self.highest.saturating_sub(1 << 16)) as u32
    }

    /// Fraction lost since this was last asked, in 1/256. RFC 3550 A.3.
    pub fn take_fraction_lost(&mut self) -> u8 {
        let expected = self.expected() - self.expected_before;
        let received = self.received - self.received_before;
        self.expected_before = self.expected();
        self.received_before = self.received;
        let lost = expected.saturating_sub(received);
        (lost * 256)
            .checked_div(expected)
            .map_or(0, |fraction| fraction.min(255) as u8)
    }

    fn expected(&self) -> u64 {
        if self.ssrc.is_some() {
            self.highest - self.base + 1
        } else {
            0
        }
    }

    fn extend(&self, sequence: u16) -> u64 {
        let distance = sequence.wrapping_sub(self.highest as u16) as i16;
        self.highest.saturating_add_signed(i64::from(distance))
    }

    fn suspect(&mut self, ssrc: u32, sequence: u16) -> Arrival {
        if self.suspect == Some(sequence) {
            return self.restart(ssrc, sequence);
        }
        self.suspect = Some(sequence.wrapping_add(1));
        Arrival::Suspect
    }

    fn restart(&mut self, ssrc: u32, sequence: u16) -> Arrival {
        self.earlier_streams_lost = self.lost();
        self.ssrc = Some(ssrc);
        self.highest = (1 << 16) + u64::from(sequence);
        self.base = self.highest;
        self.seen = 1;
        self.suspect = None;
        self.received = 1;
        self.expected_before = 0;
        self.received_before = 0;
        self.transit = None;
        Arrival::Restart(self.highest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_and_count_on() {
        let mut reception = Reception::new(8000);
        let mut expected = 65_534 + (1 << 16);
        assert_eq!(reception.arrive(1, 65_534), Arrival::Restart(expected));
        for sequence in [65_535, 0, 1, 2] {
            expected += 1;
            assert_eq!(reception.arrive(1, sequence), Arrival::Part(expected));
        }
        assert_eq!(reception.lost(), 0);
        assert_eq!(reception.extended_highest(), (1 << 16) + 2);
    }

    #[test]
    fn loss_reordering_and_duplicates_are_told_apart() {
        let mut reception = Reception::new(8000);
        for sequence in [10, 11, 13, 13, 12, 15] {
            reception.arrive(7, sequence);
        }
        assert_eq!(
            (reception.lost(), reception.duplicates, reception.reordered),
            (1, 1, 1)
        );
        assert_eq!(reception.take_fraction_lost(), (256 / 6) as u8);
        assert_eq!(reception.take_fraction_lost(), 0);
    }

    #[test]
    fn a_packet_before_the_first_is_part_of_the_stream() {
        let mut reception = Reception::new(8000);
        reception.arrive(7, 0);
        assert_eq!(reception.arrive(7, 65_535), Arrival::Part((1 << 16) - 1));
        assert_eq!(reception.lost(), 0);
    }

    #[test]
    fn one_wild_number_is_ignored_two_in_a_row_restart() {
        let mut reception = Reception::new(8000);
        reception.arrive(7, 100);
        assert_eq!(reception.arrive(7, 40_000), Arrival::Suspect);
        assert_eq!(reception.arrive(7, 101), Arrival::Part((1 << 16) + 101));
        assert_eq!(reception.arrive(7, 40_000), Arrival::Suspect);
        assert_eq!(
            reception.arrive(7, 40_001),
            Arrival::Restart((1 << 16) + 40_001)
        );
        assert_eq!(reception.arrive(8, 5), Arrival::Restart((1 << 16) + 5));
        assert_eq!(reception.lost(), 0);
    }

    #[test]
    fn jitter_settles_at_the_mean_difference() {
        let mut reception = Reception::new(8000);
        for n in 0..400u32 {
            let wobble = if n % 2 == 0 { 0 } else { 5_000 };
            reception.measure(n * 160, u64::from(n) * 20_000 + wobble);
        }
        assert!(
            (4_000..=5_100).contains(&reception.jitter_us()),
            "{}",
            reception.jitter_us()
        );
    }
}
