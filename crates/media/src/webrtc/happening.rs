//! What comes of a call into a peer: datagrams to send, what the browser said, how the connection stands.

use std::net::SocketAddr;
use std::sync::Arc;

use super::keyframe;
use super::layers::Rates;
use crate::control::{Codec, PeerEnd, VideoCodec};
use crate::rtp::Packet;

/// One packet of somebody's sound, to be forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioPacket {
    /// What is in it; `None` for what is no sound (telephone events).
    pub codec: Option<Codec>,
    /// Start of a talk spurt.
    pub marker: bool,
    /// As agreed with the sender, 0–127.
    pub payload_type: u8,
    /// Of the sender.
    pub ssrc: u32,
    /// Of the sender; wraps.
    pub sequence: u16,
    /// Of the sender, in units of the codec's clock; wraps.
    pub timestamp: u32,
    /// Shared by all who get it.
    pub payload: Arc<[u8]>,
}

impl AudioPacket {
    /// A packet of a leg that sends Opus and nothing else. `None` when it is not RTP.
    #[must_use]
    pub fn of_voice(datagram: &[u8]) -> Option<Self> {
        let packet = Packet::parse(datagram)?;
        Some(Self {
            codec: Some(Codec::Opus),
            marker: packet.marker,
            payload_type: packet.payload_type,
            ssrc: packet.ssrc,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            payload: Arc::from(packet.payload),
        })
    }

    /// Writes it as plain RTP behind what is there already.
    pub fn write_to(&self, datagram: &mut Vec<u8>) {
        let packet = Packet {
            marker: self.marker,
            payload_type: self.payload_type,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            payload: &self.payload,
        };
        datagram.extend_from_slice(&packet.header());
        datagram.extend_from_slice(packet.payload);
    }
}

/// One packet of a browser's video, to be forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoPacket {
    /// What is in it.
    pub format: VideoCodec,
    /// Which of the layers it sends side by side (RFC 8853), in the order of its description; 0 where it sends one.
    pub layer: u8,
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

impl VideoPacket {
    /// Whether a whole picture begins with it, one that needs none before it.
    #[must_use]
    pub fn begins_keyframe(&self) -> bool {
        keyframe::begins(self.format, &self.payload)
    }
}

/// What became of a packet that was to be forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarding {
    /// It is on its way.
    Sent,
    /// It is not for this browser: paused, no sound, of another layer, or from before the first whole picture.
    Held,
    /// It cannot go: not connected (any more), nothing agreed, or another format.
    Refused,
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
    /// Sound came.
    Audio(AudioPacket),
    /// For whoever's sound goes to this browser: an RTCP report of how it arrives there.
    AudioReport(Vec<u8>),
    /// Video came.
    Video(VideoPacket),
    /// How much each layer of the video takes; said once a second by a browser that sends layers.
    Measured(Rates),
    /// A whole picture is needed of what we forward to this browser; [`Peer::wanted_layer`](super::Peer::wanted_layer) says
    /// of which layer.
    KeyframeWanted,
    /// The browser was asked for a whole picture of what it sends.
    KeyframeAsked,
    /// The browser cannot take more video than this, bits per second.
    BitrateLimit(u64),
    /// ICE and DTLS are up; said once.
    Connected,
    /// The peer is gone; said once, and nothing after it but datagrams that say good-bye.
    Ended(PeerEnd),
}
