//! What the members of a conference were sent, and when.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use media::codec::opus::OpusDecoder;

use crate::sip_agent::OPUS;

/// Ticks of the RTP clock of Opus in a second.
const CLOCK: i64 = 48_000;
const NANOSECONDS: i64 = 1_000_000_000;
/// Samples of the longest packet of Opus, 120 ms at 48 kHz.
const LONGEST: usize = 5760;

/// Everything that was taken down.
#[derive(Default)]
pub(super) struct Heard {
    /// By the server's port, which is another one for each member.
    members: HashMap<u16, Vec<Arrival>>,
    /// Packets by the first byte of their payload, which says how Opus was encoded (RFC 6716 §3.1).
    kinds: BTreeMap<u8, usize>,
    bytes: usize,
    /// The member whose sound is looked at, and its payloads.
    sample: Option<(u16, Vec<Vec<u8>>)>,
}

struct Arrival {
    /// RTP timestamp.
    stamp: u32,
    /// By the kernel's clock, nanoseconds.
    at: i64,
}

impl Heard {
    /// A packet from a port of the server. Whatever is not RTP with Opus is dropped.
    pub(super) fn take(&mut self, from: u16, at: Duration, packet: &[u8]) {
        let Some((stamp, payload)) = opus(packet) else {
            return;
        };
        let at = i64::try_from(at.as_nanos()).unwrap_or(i64::MAX);
        self.members
            .entry(from)
            .or_default()
            .push(Arrival { stamp, at });
        *self
            .kinds
            .entry(payload.first().copied().unwrap_or(0))
            .or_default() += 1;
        self.bytes += payload.len();
        let (member, payloads) = self.sample.get_or_insert((from, Vec::new()));
        if *member == from {
            payloads.push(payload.to_vec());
        }
    }

    /// Members who heard anything.
    pub(super) fn members(&self) -> usize {
        self.members.len()
    }

    pub(super) fn packets(&self) -> usize {
        self.members.values().map(Vec::len).sum()
    }

    /// Bits per second of one member, without headers.
    pub(super) fn bitrate(&self) -> f64 {
        self.bytes as f64 * 8.0 * 50.0 / self.packets().max(1) as f64
    }

    /// How late each packet was against the earliest of its member: with a clock that stands still in between, the
    /// lateness of the tick that made it, and how long the members before it took.
    pub(super) fn lateness(&self) -> Vec<Duration> {
        let mut all = Vec::with_capacity(self.packets());
        for arrivals in self.members.values() {
            let Some(first) = arrivals.first() else {
                continue;
            };
            let off: Vec<i64> = arrivals
                .iter()
                .map(|arrival| {
                    let steps = i64::from(arrival.stamp.wrapping_sub(first.stamp).cast_signed());
                    arrival.at - first.at - steps * NANOSECONDS / CLOCK
                })
                .collect();
            let earliest = off.iter().min().copied().unwrap_or(0);
            all.extend(
                off.iter()
                    .map(|off| Duration::from_nanos((off - earliest).cast_unsigned())),
            );
        }
        all
    }

    /// How most packets were encoded.
    pub(super) fn kind(&self) -> &'static str {
        let most = self.kinds.iter().max_by_key(|(_, packets)| **packets);
        most.map_or("nothing", |(first, _)| kind(*first))
    }

    /// Level of what the looked-at member heard, dB below full scale.
    pub(super) fn level_db(&self) -> f64 {
        let mut decoder = OpusDecoder::new(48_000);
        let mut pcm = vec![0; LONGEST];
        let (mut sum, mut samples) = (0.0, 0_usize);
        for payload in self.sample.iter().flat_map(|(_, payloads)| payloads) {
            let length = decoder.decode(payload, &mut pcm);
            for sample in pcm.iter().take(length) {
                sum += (f64::from(*sample) / 32_768.0).powi(2);
                samples += 1;
            }
        }
        10.0 * (sum / samples.max(1) as f64).max(1e-12).log10()
    }
}

/// Timestamp and payload of a packet of Opus.
fn opus(packet: &[u8]) -> Option<(u32, &[u8])> {
    let &[first, second, ..] = packet else {
        return None;
    };
    if first >> 6 != 2 || second & 0x7f != OPUS {
        return None;
    }
    let stamp = u32::from_be_bytes(packet.get(4..8)?.try_into().ok()?);
    let mut start = 12 + 4 * usize::from(first & 0x0f);
    if first & 0x10 != 0 {
        let words = packet.get(start + 2..start + 4)?.try_into().ok()?;
        start += 4 + 4 * usize::from(u16::from_be_bytes(words));
    }
    Some((stamp, packet.get(start..)?))
}

/// Coder and channels by the first byte of a payload.
const fn kind(first: u8) -> &'static str {
    let stereo = first & 4 != 0;
    match (first >> 3, stereo) {
        (0..=11, false) => "speech coder",
        (12..=15, false) => "both coders",
        (16.., false) => "transform coder",
        (0..=11, true) => "speech coder, stereo",
        (12..=15, true) => "both coders, stereo",
        (16.., true) => "transform coder, stereo",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rooms::voice::{FRAME, Voice};

    #[test]
    fn lateness_is_against_the_earliest_packet_of_a_member() {
        let voice = Voice::new();
        let mut heard = Heard::default();
        for round in 0..100 {
            // Every tenth packet is 3 ms late; the second member is always 5 ms behind the first.
            let late = if round % 10 == 0 { 3 } else { 0 };
            for (from, behind) in [(4000, 0), (4002, 5)] {
                let at = Duration::from_millis(u64::from(round) * 20 + late + behind);
                heard.take(from, at, &voice.packet(0, round));
            }
        }
        let lateness = heard.lateness();
        let late = lateness
            .iter()
            .filter(|late| **late == Duration::from_millis(3));
        assert_eq!(late.count(), 20);
        assert_eq!(lateness.iter().filter(|late| late.is_zero()).count(), 180);
        assert_eq!((heard.members(), heard.packets()), (2, 200));
        assert!(heard.level_db() > -30.0, "{}", heard.level_db());
        assert_eq!(heard.kind(), "transform coder");
    }

    #[test]
    fn what_is_not_opus_is_dropped() {
        let mut packet = Voice::new().packet(1, 5);
        assert_eq!(opus(&packet).map(|(stamp, _)| stamp), Some(5 * FRAME));
        packet[1] = 200;
        assert_eq!(opus(&packet), None);
        assert_eq!(opus(&[0x8f, OPUS, 0, 0, 0, 0, 0, 0]), None);
        // An extension of one word before the payload.
        let mut extended = Voice::new().packet(1, 5);
        extended[0] |= 0x10;
        extended.splice(12..12, [0xbe, 0xde, 0, 1, 1, 2, 3, 4]);
        let whole = Voice::new().packet(1, 5);
        assert_eq!(
            opus(&extended).map(|(_, payload)| payload),
            Some(&whole[12..])
        );
    }
}
