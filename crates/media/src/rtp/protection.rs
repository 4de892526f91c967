//! What stands between a packet and the wire: nothing, or SRTP.
//!
//! Every datagram of a leg passes here when it comes and when it goes, so another way to agree on keys changes this file
//! and the negotiation, not the callers.

use crate::control::LegProtection;
use crate::srtp::{Receiver, Sender};

/// How the datagrams of a leg are protected.
#[derive(Default)]
pub enum Protection {
    /// As they are (`RTP/AVP`).
    #[default]
    Plain,
    /// SRTP.
    Srtp(Box<Ends>),
    /// Nothing passes: the crypto library refused a key.
    Closed,
}

/// Both directions.
pub struct Ends {
    sender: Sender,
    receiver: Receiver,
}

impl Protection {
    /// Follows a negotiation. A direction whose key stays goes on where it was: its packets are counted on, and what came
    /// before is refused as before.
    pub fn agree(&mut self, wanted: LegProtection) {
        let LegProtection::Srtp { send, receive } = wanted else {
            *self = Self::Plain;
            return;
        };
        let (sender, receiver) = match std::mem::take(self) {
            Self::Srtp(ends) => (Some(ends.sender), Some(ends.receiver)),
            Self::Plain | Self::Closed => (None, None),
        };
        let sender = sender
            .filter(|sender| *sender.master() == send)
            .or_else(|| Sender::new(send));
        let receiver = receiver
            .filter(|receiver| *receiver.master() == receive)
            .or_else(|| Receiver::new(receive));
        *self = match (sender, receiver) {
            (Some(sender), Some(receiver)) => Self::Srtp(Box::new(Ends { sender, receiver })),
            _ => Self::Closed,
        };
    }

    /// Checks and uncovers a received RTP datagram in place; returns its plain part, or `None` when it is not genuine or
    /// came before.
    pub fn open_rtp<'a>(&mut self, datagram: &'a mut [u8]) -> Option<&'a mut [u8]> {
        match self {
            Self::Plain => Some(datagram),
            Self::Srtp(ends) => ends.receiver.open_rtp(datagram),
            Self::Closed => None,
        }
    }

    /// The same for RTCP.
    pub fn open_rtcp<'a>(&mut self, datagram: &'a mut [u8]) -> Option<&'a mut [u8]> {
        match self {
            Self::Plain => Some(datagram),
            Self::Srtp(ends) => ends.receiver.open_rtcp(datagram),
            Self::Closed => None,
        }
    }

    /// Covers the RTP datagram at the end of `bytes`, from `start` on, in place. One that cannot be covered is taken
    /// away: it never goes in the clear.
    pub fn seal_rtp(&mut self, bytes: &mut Vec<u8>, start: usize) {
        let may_go = match self {
            Self::Plain => true,
            Self::Srtp(ends) => ends.sender.seal_rtp(bytes, start),
            Self::Closed => false,
        };
        if !may_go {
            bytes.truncate(start);
        }
    }

    /// The same for RTCP.
    pub fn seal_rtcp(&mut self, bytes: &mut Vec<u8>, start: usize) {
        let may_go = match self {
            Self::Plain => true,
            Self::Srtp(ends) => ends.sender.seal_rtcp(bytes, start),
            Self::Closed => false,
        };
        if !may_go {
            bytes.truncate(start);
        }
    }
}
