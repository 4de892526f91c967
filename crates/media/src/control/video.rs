//! What the switch says of the video of an RTP peer, a desk phone.

use std::net::SocketAddr;

use super::{Direction, VideoCodec};

/// What was negotiated for the video of an RTP peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoSpec {
    /// Where the peer says it receives RTP.
    pub remote: SocketAddr,
    /// Where it says it receives RTCP.
    pub rtcp: SocketAddr,
    /// How the pictures are coded, both ways.
    pub codec: VideoCodec,
    /// Payload type we send, 0–127.
    pub send_payload_type: u8,
    /// Payload type we receive, 0–127.
    pub receive_payload_type: u8,
    /// From our side.
    pub direction: Direction,
    /// How the peer is asked for whole pictures.
    pub asking: Asking,
}

/// How a peer is asked for a whole picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asking {
    /// By RTCP, a PLI. RFC 4585 §6.3.1
    PictureLoss,
    /// By RTCP, an FIR. RFC 5104 §4.3.1
    FullIntra,
    /// Through its signalling: the switch is told, and does it. RFC 5168
    Signalled,
}
