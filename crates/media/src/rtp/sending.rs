//! What we send to a peer: one SSRC, unbroken sequence numbers, a timestamp that follows the clock,
//! whether the sound is our own or another peer's packets passed on.

use super::packet::Packet;

/// The longest pause a timestamp follows exactly; after that the 32 bits have wrapped anyway.
const MAX_PAUSE_US: u64 = 3_600_000_000;
/// A relayed timestamp further than this from where the clock puts it is mapped anew, microseconds.
const MAX_RELAY_DRIFT_US: i64 = 2_000_000;
/// A relayed packet this far behind the first one belongs to the time before the relay.
const RELAY_BACKLOG: i16 = 100;

/// Bookkeeping of one outgoing stream. Sequence and timestamp begin at random. RFC 3550 §5.1.
#[derive(Clone, Debug)]
pub struct Sending {
    ssrc: u32,
    clock_rate_hz: u32,
    next_sequence: u16,
    /// Timestamp of the last sample of ours sent plus one, and when that was.
    next_timestamp: u32,
    sent_at_us: Option<u64>,
    last_timestamp: u32,
    relay: Option<RelayMap>,
    /// Whether the marker says that something begins, as it does of sound (RFC 3551 §4.1).
    marks_beginnings: bool,
    /// Packets sent.
    pub packets: u64,
    /// Payload bytes sent.
    pub bytes: u64,
}

/// How a peer's numbers become ours while its packets are passed on.
#[derive(Clone, Copy, Debug)]
struct RelayMap {
    ssrc: u32,
    sequence_offset: u16,
    timestamp_offset: u32,
    first_sequence: u16,
}

impl Sending {
    /// A stream with its random beginnings.
    #[must_use]
    pub fn new(ssrc: u32, first_sequence: u16, first_timestamp: u32, clock_rate_hz: u32) -> Self {
        Self {
            ssrc,
            clock_rate_hz: clock_rate_hz.max(1),
            next_sequence: first_sequence,
            next_timestamp: first_timestamp,
            sent_at_us: None,
            last_timestamp: first_timestamp,
            relay: None,
            marks_beginnings: true,
            packets: 0,
            bytes: 0,
        }
    }

    /// The same for pictures, whose marker ends one (RFC 3551 §5): only passed on, never changed.
    #[must_use]
    pub fn of_pictures(ssrc: u32, first_sequence: u16, first_timestamp: u32) -> Self {
        Self {
            marks_beginnings: false,
            ..Self::new(ssrc, first_sequence, first_timestamp, 90_000)
        }
    }

    /// What is passed on from here comes from elsewhere, even if it looks the same: it goes on where the last stopped.
    pub fn expect_new_source(&mut self) {
        self.relay = None;
    }

    /// Our SSRC.
    #[must_use]
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Changes the clock after a new negotiation; the timestamp goes on from where it is.
    pub fn set_clock_rate(&mut self, clock_rate_hz: u32) {
        self.clock_rate_hz = clock_rate_hz.max(1);
    }

    /// Timestamp the clock gives to this moment, for sender reports and after pauses.
    #[must_use]
    pub fn timestamp_at(&self, now_us: u64) -> u32 {
        let Some(sent_at) = self.sent_at_us else {
            return self.next_timestamp;
        };
        let pause = now_us.saturating_sub(sent_at).min(MAX_PAUSE_US);
        self.last_timestamp
            .wrapping_add(ticks(pause, self.clock_rate_hz))
    }

    /// Numbers a packet of our own. `ticks` of the clock is what it lasts; `resumes` says that there was a pause
    /// before it, so its timestamp follows the clock and it gets the marker (RFC 3551 §4.1).
    pub fn own<'a>(
        &mut self,
        now_us: u64,
        payload_type: u8,
        ticks: u32,
        resumes: bool,
        payload: &'a [u8],
    ) -> Packet<'a> {
        let resumes = resumes || self.sent_at_us.is_none() || self.relay.is_some();
        if resumes {
            self.next_timestamp = self.timestamp_at(now_us);
        }
        self.relay = None;
        let packet = Packet {
            marker: resumes,
            payload_type,
            sequence: self.next_sequence,
            timestamp: self.next_timestamp,
            ssrc: self.ssrc,
            payload,
        };
        self.next_sequence = self.next_sequence.wrapping_add(1);
        self.last_timestamp = self.next_timestamp;
        self.next_timestamp = self.next_timestamp.wrapping_add(ticks);
        self.count(now_us, payload.len());
        packet
    }

    /// Timestamp under which an event starts now: all its packets carry it. RFC 4733 §2.5.1.
    pub fn begin_event(&mut self, now_us: u64) -> u32 {
        if self.sent_at_us.is_some() {
            self.next_timestamp = self.timestamp_at(now_us);
        }
        self.relay = None;
        self.next_timestamp
    }

    /// Numbers a packet of an event.
    pub fn event<'a>(
        &mut self,
        now_us: u64,
        payload_type: u8,
        timestamp: u32,
        marker: bool,
        payload: &'a [u8],
    ) -> Packet<'a> {
        let sequence = self.next_sequence;
        self.next_sequence = self.next_sequence.wrapping_add(1);
        // The clock of the audio goes on while the event's own timestamp stands still.
        self.last_timestamp = self.timestamp_at(now_us);
        self.count(now_us, payload.len());
        Packet {
            marker,
            payload_type,
            sequence,
            timestamp,
            ssrc: self.ssrc,
            payload,
        }
    }

    /// Gives a peer's packet our numbers; holes and order stay as they are, so that the receiver sees
    /// the truth. `None` for a straggler of the time before the relay.
    pub fn relayed<'a>(
        &mut self,
        now_us: u64,
        packet: &Packet<'a>,
        payload_type: u8,
    ) -> Option<Packet<'a>> {
        let map = match self.relay {
            Some(map) if map.ssrc == packet.ssrc && self.follows(now_us, &map, packet) => map,
            Some(_) | None => self.map(now_us, packet),
        };
        let position = packet.sequence.wrapping_sub(map.first_sequence) as i16;
        if (-RELAY_BACKLOG..0).contains(&position) {
            return None;
        }
        let marker = packet.marker || self.marks_beginnings && self.relay.is_none();
        self.relay = Some(map);
        let sequence = packet.sequence.wrapping_add(map.sequence_offset);
        let timestamp = packet.timestamp.wrapping_add(map.timestamp_offset);
        if sequence.wrapping_sub(self.next_sequence) < 0x8000 {
            self.next_sequence = sequence.wrapping_add(1);
            self.last_timestamp = timestamp;
            self.next_timestamp = timestamp;
            self.sent_at_us = Some(now_us);
            // The backlog window travels along, or the wrap of 16 bits would look like stragglers.
            if let Some(map) = &mut self.relay
                && position > RELAY_BACKLOG
            {
                map.first_sequence = packet.sequence.wrapping_sub(RELAY_BACKLOG as u16);
            }
        }
        self.packets += 1;
        self.bytes += packet.payload.len() as u64;
        Some(Packet {
            marker,
            payload_type,
            sequence,
            timestamp,
            ssrc: self.ssrc,
            ..*packet
        })
    }

    fn map(&self, now_us: u64, packet: &Packet<'_>) -> RelayMap {
        let timestamp = self.timestamp_at(now_us);
        RelayMap {
            ssrc: packet.ssrc,
            sequence_offset: self.next_sequence.wrapping_sub(packet.sequence),
            timestamp_offset: timestamp.wrapping_sub(packet.timestamp),
            first_sequence: packet.sequence,
        }
    }

    /// Whether the packet is where the clock expects it, in numbers and in time.
    fn follows(&self, now_us: u64, map: &RelayMap, packet: &Packet<'_>) -> bool {
        let mapped = packet.timestamp.wrapping_add(map.timestamp_offset);
        let drift = i64::from(mapped.wrapping_sub(self.timestamp_at(now_us)) as i32);
        let drift_us = drift * 1_000_000 / i64::from(self.clock_rate_hz);
        let sequence = packet.sequence.wrapping_add(map.sequence_offset);
        let jump = i32::from(sequence.wrapping_sub(self.next_sequence) as i16);
        drift_us.abs() <= MAX_RELAY_DRIFT_US && jump.abs() <= 3000
    }

    fn count(&mut self, now_us: u64, payload_bytes: usize) {
        self.sent_at_us = Some(now_us);
        self.packets += 1;
        self.bytes += payload_bytes as u64;
    }
}

fn ticks(us: u64, rate_hz: u32) -> u32 {
    (us * u64::from(rate_hz) / 1_000_000) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(sequence: u16, timestamp: u32) -> Packet<'static> {
        Packet {
            marker: false,
            payload_type: 0,
            sequence,
            timestamp,
            ssrc: 9,
            payload: &[0; 160],
        }
    }

    #[test]
    fn own_packets_count_by_samples_and_pauses_by_the_clock() {
        let mut sending = Sending::new(1, 65_535, 1000, 8000);
        let first = sending.own(0, 0, 160, true, &[0; 160]);
        assert_eq!(
            (first.sequence, first.timestamp, first.marker),
            (65_535, 1000, true)
        );
        // 19.7 ms later: the thread woke early, the sound goes on without a gap.
        let second = sending.own(19_700, 0, 160, false, &[0; 160]);
        assert_eq!(
            (second.sequence, second.timestamp, second.marker),
            (0, 1160, false)
        );
        let third = sending.own(1_019_700, 0, 160, true, &[0; 160]);
        assert_eq!(
            (third.sequence, third.timestamp, third.marker),
            (1, 1160 + 8000, true)
        );
        assert_eq!((sending.packets, sending.bytes), (3, 480));
    }

    #[test]
    fn relayed_packets_keep_holes_and_order() {
        let mut sending = Sending::new(1, 500, 0, 8000);
        sending.own(0, 0, 160, true, &[0; 160]);
        let numbers: Vec<_> = [(100, 8000), (101, 8160), (104, 8640), (103, 8480)]
            .into_iter()
            .enumerate()
            .map(|(n, (sequence, timestamp))| {
                let now = 20_000 * (n as u64 + 1);
                let packet = sending
                    .relayed(now, &heard(sequence, timestamp), 0)
                    .unwrap();
                (packet.sequence, packet.timestamp, packet.marker)
            })
            .collect();
        assert_eq!(
            numbers,
            [
                (501, 160, true),
                (502, 320, false),
                (505, 800, false),
                (504, 640, false)
            ]
        );
    }

    #[test]
    fn changing_between_relay_and_own_sound_never_reuses_a_number() {
        let mut sending = Sending::new(1, 0, 0, 8000);
        sending.relayed(0, &heard(700, 5), 0).unwrap();
        sending.relayed(20_000, &heard(701, 165), 0).unwrap();
        let own = sending.own(40_000, 0, 160, false, &[0; 160]);
        assert_eq!((own.sequence, own.timestamp, own.marker), (2, 320, true));
        let again = sending.relayed(60_000, &heard(703, 485), 0).unwrap();
        assert_eq!((again.sequence, again.timestamp), (3, 480));
        assert_eq!(sending.relayed(61_000, &heard(702, 325), 0), None);
    }

    #[test]
    fn a_new_source_is_mapped_onto_the_same_stream() {
        let mut sending = Sending::new(1, 0, 0, 8000);
        sending.relayed(0, &heard(700, 5), 0).unwrap();
        let other = Packet {
            ssrc: 10,
            ..heard(9, 1_000_000)
        };
        let packet = sending.relayed(20_000, &other, 8).unwrap();
        assert_eq!(
            (packet.ssrc, packet.sequence, packet.timestamp),
            (1, 1, 160)
        );
        assert_eq!(packet.payload_type, 8);
    }

    #[test]
    fn ninety_thousand_relayed_packets_wrap_without_a_hole() {
        let mut sending = Sending::new(1, 0, 0, 8000);
        for n in 0..90_000u32 {
            let packet = heard(n as u16, n.wrapping_mul(160));
            let sent = sending.relayed(u64::from(n) * 20_000, &packet, 0).unwrap();
            assert_eq!(
                (sent.sequence, sent.timestamp),
                (n as u16, n.wrapping_mul(160))
            );
        }
    }
}
