//! What the switch and the WebRTC peers say to each other: commands in, reports out.
//!
//! A peer is the media end of a browser: ICE, DTLS and SRTP on a socket of its own. It lives on a thread beside
//! the media threads, because its library allocates as it works. Its audio is handed to a leg of kind
//! [`LegKind::Web`](super::LegKind::Web) as plain RTP. Video goes from peer to peer; for that, the video of a desk phone is
//! a peer too, a line.

use std::net::{IpAddr, SocketAddr};

use super::{Codec, LegId, LegSpec, VideoSpec};

/// One WebRTC peer.
///
/// Chosen by the switch, unique among the living; the media side only compares it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId(pub u64);

impl std::fmt::Debug for PeerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PeerId({})", self.0)
    }
}

/// What a peer is wanted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerWish {
    /// Audio codecs allowed, best first.
    pub audio: Vec<Codec>,
    /// Whether video is wanted.
    pub video: bool,
    /// The video codec taken when the browser offers it.
    pub prefer_video: Option<VideoCodec>,
    /// Video codecs the far side has; `None`: whichever the browser has are of use.
    pub far_video: Option<Vec<VideoCodec>>,
    /// Where its audio goes: media thread and leg. `None`: nowhere, or only to other peers.
    pub leg: Option<(usize, LegId)>,
}

impl PeerWish {
    /// Neither sound nor pictures of its own: a peer that is given everything by another.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            audio: Vec::new(),
            video: false,
            prefer_video: None,
            far_video: None,
            leg: None,
        }
    }
}

/// How pictures are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VideoCodec {
    /// RFC 7741
    Vp8,
    /// RFC 9628, profile 0
    Vp9,
    /// RFC 6184, packetization-mode 1, constrained baseline
    H264,
}

impl VideoCodec {
    /// The codec of that encoding name, of those we pass on between phones and browsers.
    #[must_use]
    pub fn from_phone(name: &str) -> Option<Self> {
        let named = |codec: &Self| codec.name().eq_ignore_ascii_case(name);
        [Self::Vp8, Self::H264].into_iter().find(named)
    }

    /// Encoding name, as `a=rtpmap` writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::H264 => "H264",
        }
    }
}

/// One order to the WebRTC peers. A command about a peer that is not (or no longer) there does nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebCommand {
    /// Takes a browser's offer: the first makes the peer, later ones change it. → `Answered` or `Refused`
    Accept {
        /// Which peer.
        peer: PeerId,
        /// The browser's description.
        offer: String,
        /// What for.
        wish: PeerWish,
    },
    /// Makes a peer and an offer. → `Offered` or `Refused`
    Offer {
        /// Which peer.
        peer: PeerId,
        /// What for.
        wish: PeerWish,
    },
    /// Takes the browser's answer to our offer. → `Agreed` or `Refused`
    TakeAnswer {
        /// Which peer.
        peer: PeerId,
        /// The browser's description.
        answer: String,
    },
    /// Takes one candidate of the browser; an unusable one is dropped.
    Trickle {
        /// Which peer.
        peer: PeerId,
        /// As in `a=candidate`, with or without the attribute's name.
        candidate: String,
    },
    /// Lets the video of two peers, or lines, flow to each other.
    LinkVideo {
        /// One side.
        a: PeerId,
        /// The other side.
        b: PeerId,
    },
    /// Ends that.
    UnlinkVideo {
        /// One side.
        a: PeerId,
        /// The other side.
        b: PeerId,
    },
    /// Makes a peer that gets the sound and the pictures of `source`, and an offer for it. It ends on its own wish only:
    /// a source that is gone falls silent. → `Offered`, then as with any offer; or `Refused`: there is no such source, it
    /// sends nothing, or has 64 feeds, or the name is taken.
    OpenFeed {
        /// The new peer.
        peer: PeerId,
        /// A peer that sends, or a voice.
        source: PeerId,
    },
    /// Makes something to subscribe to out of a leg of kind [`LegKind::Web`](super::LegKind::Web): what the leg sends, Opus,
    /// goes to every feed of it; every packet of the leg is taken for Opus, so no telephone events may be agreed on for it.
    /// There is no browser and no report. The leg gets reports of how its sound arrives at the feed that fares worst.
    OpenVoice {
        /// Name of the source.
        peer: PeerId,
        /// Media thread and leg.
        leg: (usize, LegId),
    },
    /// Pauses or resumes what is forwarded: to a feed, or from a source, to its leg too. Both media flow at first. Pictures
    /// resume with a whole one.
    SetFlow {
        /// A feed or a source.
        peer: PeerId,
        /// Sound flows.
        audio: bool,
        /// Pictures flow.
        video: bool,
    },
    /// Limits the bitrate: a source's browser is asked for no more, a feed gets the best layer that fits, or the least one.
    /// A voice has nobody to be asked.
    LimitBitrate {
        /// A feed or a source.
        peer: PeerId,
        /// Sound and pictures together.
        bits_per_second: u32,
    },
    /// Makes a line: the video of an RTP peer, on a pair of ports of its own. It is linked like other peers. → `LineOpened`
    /// or `Refused`
    OpenLine {
        /// Its name from now on.
        peer: PeerId,
        /// The address of ours to bind.
        bind: IpAddr,
    },
    /// Tells a line what was negotiated; repeated after each new offer and answer. Sequence numbers, timestamps and SSRC of
    /// what it sends continue.
    DescribeLine {
        /// Which line.
        peer: PeerId,
        /// What was negotiated.
        spec: VideoSpec,
    },
    /// A peer asked through its signalling for a whole picture of what it gets (RFC 5168): whoever sends that is asked.
    AskForPicture {
        /// Who wants it.
        peer: PeerId,
    },
    /// Ends a peer, a line or a voice; no report follows.
    Close {
        /// Which peer.
        peer: PeerId,
    },
}

/// What was agreed with a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAgreed {
    /// For the leg that gets the audio: codecs, payload types, direction. Its addresses mean nothing. `None` when
    /// no audio was agreed.
    pub audio: Option<LegSpec>,
    /// How the pictures are coded that were agreed on, the first of several. `None`: no video was agreed.
    pub video: Option<VideoCodec>,
}

/// What the WebRTC peers tell the switch, in the order it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebReport {
    /// An offer was taken.
    Answered {
        /// Which peer.
        peer: PeerId,
        /// Our description for the browser, candidates inside (sylkrtc.md §5.5).
        answer: String,
        /// What was agreed.
        agreed: WebAgreed,
    },
    /// An offer was made.
    Offered {
        /// Which peer.
        peer: PeerId,
        /// Our description for the browser, candidates inside.
        offer: String,
    },
    /// The browser's answer was taken.
    Agreed {
        /// Which peer.
        peer: PeerId,
        /// What was agreed.
        agreed: WebAgreed,
    },
    /// A description could not be used. A peer that had none before is gone; others stay as they were.
    Refused {
        /// Which peer.
        peer: PeerId,
        /// For the log.
        why: String,
    },
    /// A line is there.
    LineOpened {
        /// Which line.
        peer: PeerId,
        /// Where it listens for RTP; for RTCP on the port above.
        local: SocketAddr,
    },
    /// A line's peer is to be asked for a whole picture through its signalling (RFC 5168). Said once a second at most.
    PictureWanted {
        /// Which line.
        peer: PeerId,
    },
    /// ICE and DTLS are up.
    Connected {
        /// Which peer.
        peer: PeerId,
    },
    /// The peer is gone by itself; its last report.
    Ended {
        /// Which peer.
        peer: PeerId,
        /// Why.
        why: PeerEnd,
    },
}

/// Why a peer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeerEnd {
    /// No candidate pair works (any more).
    IceFailed,
    /// ICE was up, but the handshake did not end within 30 s.
    DtlsTimeout,
    /// The handshake failed, or what followed it kept to no rules.
    DtlsFailed,
    /// The browser closed its side.
    Closed,
    /// The system would not give or keep a socket.
    Socket,
}

impl PeerEnd {
    /// The words web clients are told (sylkrtc.md §5.4).
    #[must_use]
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::IceFailed => "ICE failed",
            Self::DtlsTimeout => "DTLS timeout",
            Self::DtlsFailed => "DTLS error",
            Self::Closed => "DTLS alert",
            Self::Socket => "Close PC",
        }
    }
}
