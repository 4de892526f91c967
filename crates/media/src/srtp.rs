//! SRTP and SRTCP (RFC 3711), with the AEAD suites of RFC 7714 and the longer keys of RFC 6188, in place.
//!
//! Nothing here knows where keys come from. One direction of a leg is one [`Sender`] or one [`Receiver`]; making one
//! allocates, using it does not.

mod receiver;
mod replay;
mod sender;
mod session;
mod suite;

pub use receiver::Receiver;
pub use sender::Sender;
pub use suite::{MasterKey, Suite};

/// Bytes of the RTP header in front of the payload, CSRCs and extension included; `None`: not RTP. RFC 3550 §5.1, §5.3.1.
fn rtp_header_bytes(datagram: &[u8]) -> Option<usize> {
    let first = *datagram.first()?;
    if first >> 6 != 2 {
        return None;
    }
    let mut length = 12 + usize::from(first & 0x0f) * 4;
    if first & 0x10 != 0 {
        let words = datagram.get(length + 2..length + 4)?;
        length += 4 + usize::from(u16::from_be_bytes([words[0], words[1]])) * 4;
    }
    (datagram.len() >= length).then_some(length)
}

/// Four bytes at `at`.
fn word(datagram: &[u8], at: usize) -> Option<u32> {
    let bytes = datagram.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// Which packet a sequence number means, near the highest so far. RFC 3711 §3.3.1; `None`: one before the first.
fn index_near(highest: u64, sequence: u16) -> Option<u64> {
    let (roc, last) = (highest >> 16, highest as u16);
    let roc = if last < 0x8000 && sequence.saturating_sub(last) > 0x8000 {
        roc.checked_sub(1)?
    } else if last >= 0x8000 && last - 0x8000 > sequence {
        roc + 1
    } else {
        roc
    };
    Some(roc << 16 | u64::from(sequence))
}

#[cfg(test)]
mod tests;
