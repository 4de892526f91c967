//! How the datagrams of an RTP leg are protected.

use crate::srtp::MasterKey;

/// What was agreed on. Its keys are never printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegProtection {
    /// Not at all: `RTP/AVP`.
    Plain,
    /// SRTP and SRTCP under keys both sides know. RFC 3711.
    Srtp {
        /// What we send is covered with this one.
        send: MasterKey,
        /// What the peer sends is covered with this one.
        receive: MasterKey,
    },
}
