//! One RTP packet on the wire. RFC 3550 §5.1.

/// Bytes of the header we write: no contributing sources, no extension.
pub const HEADER_BYTES: usize = 12;
/// Largest datagram looked at: an Ethernet frame. Larger ones are refused.
pub const MAX_DATAGRAM: usize = 1500;

/// What of a received packet matters to us. Padding, extension and contributing sources are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Start of a talk spurt, or of an event.
    pub marker: bool,
    /// 0–127.
    pub payload_type: u8,
    /// Wraps.
    pub sequence: u16,
    /// In units of the format's clock; wraps.
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: u32,
    /// Without padding.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram; `None` for anything that is not RTP version 2 with all its parts inside.
    #[must_use]
    pub fn parse(datagram: &'a [u8]) -> Option<Self> {
        if datagram.len() > MAX_DATAGRAM {
            return None;
        }
        let packet = rtp_types::RtpPacket::parse(datagram).ok()?;
        let padding = usize::from(packet.padding().unwrap_or(0));
        let payload_bytes = packet.payload().len();
        let end = datagram.len().checked_sub(padding)?;
        Some(Self {
            marker: packet.marker_bit(),
            payload_type: packet.payload_type(),
            sequence: packet.sequence_number(),
            timestamp: packet.timestamp(),
            ssrc: packet.ssrc(),
            payload: datagram.get(end.checked_sub(payload_bytes)?..end)?,
        })
    }

    /// The header of this packet as we send it.
    #[must_use]
    pub fn header(&self) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        header[0] = 0x80;
        header[1] = u8::from(self.marker) << 7 | (self.payload_type & 0x7f);
        header[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        header[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        header[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        header
    }
}

/// Whether a datagram on a shared port is RTCP: packet types 192–223 stand where RTP has marker and
/// payload type. RFC 5761 §4.
#[must_use]
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.len() >= 8 && datagram[0] >> 6 == 2 && (192..=223).contains(&datagram[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn written_headers_are_read_back() {
        let packet = Packet {
            marker: true,
            payload_type: 101,
            sequence: 65_535,
            timestamp: u32::MAX,
            ssrc: 0x1234_5678,
            payload: b"abcd",
        };
        let mut datagram = packet.header().to_vec();
        datagram.extend_from_slice(packet.payload);
        assert_eq!(Packet::parse(&datagram), Some(packet));
        assert!(!is_rtcp(&datagram));
    }

    #[test]
    fn padding_extension_and_sources_are_skipped() {
        let mut datagram = vec![0xb1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        datagram.extend([9; 4]); // one contributing source
        datagram.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]); // extension of one word
        datagram.extend(b"sound");
        datagram.extend([0, 0, 3]);
        assert_eq!(Packet::parse(&datagram).unwrap().payload, b"sound");
    }

    #[test]
    fn rtcp_is_told_from_rtp_by_its_second_byte() {
        assert!(is_rtcp(&[0x80, 200, 0, 1, 0, 0, 0, 0]));
        assert!(!is_rtcp(&[0x80, 0, 0, 1, 0, 0, 0, 0]));
        assert!(!is_rtcp(&[0x80, 200]));
    }

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(datagram in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(packet) = Packet::parse(&datagram) {
                prop_assert!(packet.payload.len() <= datagram.len() - HEADER_BYTES);
            }
        }
    }
}
