//! The control packets a peer sends, as far as they tell us something.

use rtcp_types::{Compound, Fir, Packet, Pli};

/// Control packets looked at in one datagram; a real peer sends two to four.
const MAX_PACKETS: usize = 16;

/// One thing a compound packet told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// The peer sends, and its clock stood at this NTP time.
    SenderReport {
        /// Seconds since 1900 and 2⁻³² seconds.
        ntp: u64,
    },
    /// How the peer receives somebody.
    Block {
        /// Whom.
        ssrc: u32,
        /// Share of the packets lost since its report before, in 1/256.
        fraction_lost: u8,
        /// Packets lost altogether; never negative here.
        lost: u32,
        /// Timestamp units.
        jitter: u32,
        /// Middle of our NTP time it last saw; 0 = none.
        last_sender_report: u32,
        /// How long it kept that, 1/65,536 s.
        delay: u32,
    },
    /// The peer wants a whole picture: a PLI (RFC 4585 §6.3.1) or an FIR (RFC 5104 §4.3.1).
    PictureWanted,
    /// The peer left.
    Bye,
}

/// Reads a compound packet; `false` when it is none. Unknown packet types inside are skipped, what is
/// broken ends the reading.
pub fn compound(bytes: &[u8], mut told: impl FnMut(Incoming)) -> bool {
    let Ok(packets) = Compound::parse(bytes) else {
        return false;
    };
    let mut understood = false;
    for packet in packets.take(MAX_PACKETS) {
        let Ok(packet) = packet else { break };
        understood = true;
        match packet {
            Packet::Sr(report) => {
                told(Incoming::SenderReport {
                    ntp: report.ntp_timestamp(),
                });
                report.report_blocks().for_each(|block| told(one(&block)));
            }
            Packet::Rr(report) => report.report_blocks().for_each(|block| told(one(&block))),
            Packet::Bye(_) => told(Incoming::Bye),
            Packet::PayloadFeedback(feedback) => {
                // A session has one stream of ours, whichever SSRC is named: some phones write 0.
                if feedback.parse_fci::<Pli<'_>>().is_ok()
                    || feedback.parse_fci::<Fir<'_>>().is_ok()
                {
                    told(Incoming::PictureWanted);
                }
            }
            Packet::App(_)
            | Packet::Sdes(_)
            | Packet::TransportFeedback(_)
            | Packet::Xr(_)
            | Packet::Unknown(_) => {}
        }
    }
    understood
}

fn one(block: &rtcp_types::ReportBlock<'_>) -> Incoming {
    // 24 bits, signed: duplicates can make a peer count below zero.
    let lost = block.cumulative_lost();
    Incoming::Block {
        ssrc: block.ssrc(),
        fraction_lost: block.fraction_lost(),
        lost: if lost & 0x80_0000 == 0 { lost } else { 0 },
        jitter: block.interarrival_jitter(),
        last_sender_report: block.last_sender_report_timestamp(),
        delay: block.delay_since_last_sender_report_timestamp(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(
            kind in 192u8..=223,
            first in 0x80u8..=0xbf,
            words in 0u16..12,
            rest in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut bytes = vec![first, kind];
            bytes.extend(words.to_be_bytes());
            bytes.extend(rest);
            compound(&bytes, |_| {});
        }

        #[test]
        fn nor_does_one_of_a_consistent_length(
            kind in 198u8..=209,
            first in 0x80u8..=0xbf,
            rest in proptest::collection::vec(any::<[u8; 4]>(), 0..20),
        ) {
            let mut bytes = vec![first, kind];
            bytes.extend((rest.len() as u16).to_be_bytes());
            bytes.extend(rest.concat());
            compound(&bytes, |_| {});
        }
    }
}
