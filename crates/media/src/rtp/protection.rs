//! What stands between a packet and the wire: nothing yet, SRTP one day.
//!
//! Every datagram of a leg passes [`Protection::open`] when it comes and [`Protection::seal`] when it
//! goes, so a further variant (SDES, DTLS) changes this file and the negotiation, not the callers.

/// How the datagrams of a leg are protected.
#[derive(Debug, Default)]
pub enum Protection {
    /// As they are (`RTP/AVP`).
    #[default]
    Plain,
}

impl Protection {
    /// Checks and uncovers a received datagram in place; returns its plain part, or `None` when it is
    /// not genuine.
    pub fn open<'a>(&mut self, datagram: &'a mut [u8]) -> Option<&'a mut [u8]> {
        match self {
            Self::Plain => Some(datagram),
        }
    }

    #[expect(
        clippy::ptr_arg,
        reason = "a variant with a tag makes the datagram longer"
    )]
    /// Covers the datagram at the end of `bytes`, from `start` on, in place.
    pub fn seal(&mut self, bytes: &mut Vec<u8>, start: usize) {
        match self {
            Self::Plain => debug_assert!(start <= bytes.len()),
        }
    }
}
