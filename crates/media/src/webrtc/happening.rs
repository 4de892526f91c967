//! What comes of a call into a peer: datagrams to send, what the browser said, how the connection stands.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::control::PeerEnd;

/// How pictures are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VideoFormat {
    /// RFC 7741.
    Vp8,
    /// RFC 6184, packetization-mode 1, constrained baseline.
    H264,
}

/// One packet of a browser's video, to be forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoPacket {
    /// What is in it.
    pub format: VideoFormat,
    /// Of the sender.
    pub ssrc: u32,
    /// Of the sender; wraps.
    pub sequence: u16,
    /// Of the sender, 90 kHz; wraps.
    pub timestamp: u32,
    /// Last packet of a picture.
    pub marker: bool,
    /// Degrees to turn it: 0, 90, 180 or 270. `None` = not said with this packet.
    pub turned: Option<u16>,
    /// Shared by all who get it.
    pub payload: Arc<[u8]>,
}

/// What came of a call.
#[derive(Debug, PartialEq, Eq)]
pub enum Happening {
    /// A datagram is to be sent.
    Send {
        /// From which of our addresses.
        from: SocketAddr,
        /// Where to.
        to: SocketAddr,
        /// The datagram.
        bytes: Vec<u8>,
    },
    /// For the leg: one plain RTP packet of the browser's audio, or an RTCP report of how the leg's own arrives there.
    Audio(Vec<u8>),
    /// Video came.
    Video(VideoPacket),
    /// The browser needs a whole picture of what we forward to it.
    KeyframeWanted,
    /// The browser cannot take more video than this, bits per second.
    BitrateLimit(u64),
    /// ICE and DTLS are up; said once.
    Connected,
    /// The peer is gone; said once, and nothing after it but datagrams that say good-bye.
    Ended(PeerEnd),
}
