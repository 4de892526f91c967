//! The control packets we send, written into a buffer that is there already.

/// Packet types. RFC 3550 §12.1.
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const PAYLOAD_FEEDBACK: u8 = 206;
/// Formats of payload feedback. RFC 4585 §6.3, RFC 5104 §4.3.
const PICTURE_LOSS: u8 = 1;
const FULL_INTRA_REQUEST: u8 = 4;
/// SDES item type of a canonical name. RFC 3550 §6.5.1.
const CNAME: u8 = 1;
/// Cumulative loss is a signed 24 bit number.
const MAX_LOST: u64 = 0x7f_ffff;

/// What a sender says about itself. RFC 3550 §6.4.1.
#[derive(Clone, Copy, Debug)]
pub struct SenderInfo {
    /// Time now.
    pub ntp: u64,
    /// The same moment on the RTP clock.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub bytes: u32,
}

/// What a receiver says about a sender. RFC 3550 §6.4.1.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// The sender.
    pub ssrc: u32,
    /// Since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Altogether.
    pub lost: u64,
    /// Highest extended sequence number.
    pub highest: u32,
    /// In timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the sender's last NTP time; 0 = none yet.
    pub last_sender_report: u32,
    /// Time since that came, in 1/65,536 s.
    pub delay: u32,
}

/// Appends SR (with `sender`) or RR, and our CNAME: a complete compound packet. RFC 3550 §6.1.
pub fn report(ssrc: u32, sender: Option<SenderInfo>, block: Option<Block>, out: &mut Vec<u8>) {
    let packet_type = if sender.is_some() {
        SENDER_REPORT
    } else {
        RECEIVER_REPORT
    };
    let words = 1 + if sender.is_some() { 5 } else { 0 } + if block.is_some() { 6 } else { 0 };
    header(u8::from(block.is_some()), packet_type, words, out);
    word(ssrc, out);
    if let Some(sender) = sender {
        out.extend_from_slice(&sender.ntp.to_be_bytes());
        word(sender.timestamp, out);
        word(sender.packets, out);
        word(sender.bytes, out);
    }
    if let Some(block) = block {
        word(block.ssrc, out);
        let lost = block.lost.min(MAX_LOST) as u32;
        word(u32::from(block.fraction_lost) << 24 | lost, out);
        word(block.highest, out);
        word(block.jitter, out);
        word(block.last_sender_report, out);
        word(block.delay, out);
    }
    source_description(ssrc, out);
}

/// Appends the BYE of a leg, after the empty RR that must open a compound packet.
pub fn bye(ssrc: u32, out: &mut Vec<u8>) {
    header(0, RECEIVER_REPORT, 1, out);
    word(ssrc, out);
    source_description(ssrc, out);
    header(1, BYE, 1, out);
    word(ssrc, out);
}

/// Appends a request for a whole picture of `sender`'s, as somebody who lost one asks: behind a report, as a compound
/// packet begins with one. RFC 4585 §6.3.1.
pub fn picture_loss(ssrc: u32, sender: u32, out: &mut Vec<u8>) {
    header(PICTURE_LOSS, PAYLOAD_FEEDBACK, 2, out);
    word(ssrc, out);
    word(sender, out);
}

/// The same as somebody new asks; `number` is another one with each request. RFC 5104 §4.3.1.
pub fn full_intra_request(ssrc: u32, sender: u32, number: u8, out: &mut Vec<u8>) {
    header(FULL_INTRA_REQUEST, PAYLOAD_FEEDBACK, 4, out);
    word(ssrc, out);
    word(0, out);
    word(sender, out);
    word(u32::from(number) << 24, out);
}

/// CNAME of this leg: its SSRC in hexadecimal. It names a session, never a person or a host
/// (RFC 7022 §4.2 asks for names that cannot be linked).
fn source_description(ssrc: u32, out: &mut Vec<u8>) {
    // SSRC, item header, eight digits, and two zero bytes that end the list on a word.
    header(1, SOURCE_DESCRIPTION, 4, out);
    word(ssrc, out);
    out.extend_from_slice(&[CNAME, 8]);
    for digit in (0..8).rev() {
        out.push(b"0123456789abcdef"[(ssrc >> (digit * 4) & 0xf) as usize]);
    }
    out.extend_from_slice(&[0, 0]);
}

fn header(count: u8, packet_type: u8, words_after: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(&[0x80 | count, packet_type]);
    out.extend_from_slice(&words_after.to_be_bytes());
}

fn word(value: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtcp_types::{Compound, Packet};

    #[test]
    fn an_independent_parser_reads_what_we_write() {
        let mut bytes = Vec::new();
        let block = Block {
            ssrc: 7,
            fraction_lost: 12,
            lost: 1 << 40,
            highest: 99,
            jitter: 5,
            last_sender_report: 1,
            delay: 2,
        };
        let sender = SenderInfo {
            ntp: 1 << 40,
            timestamp: 3,
            packets: 4,
            bytes: 5,
        };
        report(0xabc, Some(sender), Some(block), &mut bytes);
        bye(0xabc, &mut bytes);
        let mut kinds = Vec::new();
        for packet in Compound::parse(&bytes).unwrap() {
            match packet.unwrap() {
                Packet::Sr(sr) => {
                    assert_eq!(
                        (sr.ssrc(), sr.packet_count(), sr.octet_count()),
                        (0xabc, 4, 5)
                    );
                    let block = sr.report_blocks().next().unwrap();
                    assert_eq!(
                        (block.fraction_lost(), block.cumulative_lost()),
                        (12, 0x7f_ffff)
                    );
                    kinds.push("sr");
                }
                Packet::Rr(_) => kinds.push("rr"),
                Packet::Sdes(_) => kinds.push("sdes"),
                Packet::Bye(bye) => {
                    assert_eq!(bye.ssrcs().next(), Some(0xabc));
                    kinds.push("bye");
                }
                other @ (Packet::App(_)
                | Packet::TransportFeedback(_)
                | Packet::PayloadFeedback(_)
                | Packet::Xr(_)
                | Packet::Unknown(_)) => panic!("{other:?}"),
            }
        }
        assert_eq!(kinds, ["sr", "sdes", "rr", "sdes", "bye"]);
    }
}
