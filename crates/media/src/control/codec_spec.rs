//! What was negotiated for a leg, as the media side needs to know it.

use std::net::SocketAddr;

/// The codecs the engine speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law, one byte per sample. ITU-T G.711; static payload type 0.
    Pcmu,
    /// G.711 A-law, one byte per sample. ITU-T G.711; static payload type 8.
    Pcma,
    /// Linear 16 bit, big-endian. RFC 3551 §4.5.11; always a dynamic payload type here.
    L16,
    /// G.722 at 64 kbit/s. ITU-T G.722; RFC 3551 §4.5.2: static payload type 9, and a clock of 8000
    /// although its samples are at 16 kHz.
    G722,
    /// Opus. RFC 6716; RTP payload RFC 7587, always a dynamic payload type. Sent with two channels to
    /// who plays them and where they differ, otherwise with one; received with one or two, of which
    /// the mean is heard.
    Opus,
}

impl Codec {
    /// Encoding name as it stands in `a=rtpmap`, and as clients read it in `read_codec`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::L16 => "L16",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }

    /// The codec of an encoding name, any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pcmu, Self::Pcma, Self::L16, Self::G722, Self::Opus]
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// Bytes for one unit of the RTP clock, which is one sample but with G.722; `None` where a packet
    /// has as many as its sound needs.
    #[must_use]
    pub const fn bytes_per_tick(self) -> Option<usize> {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => Some(1),
            Self::L16 => Some(2),
            Self::Opus => None,
        }
    }

    /// Whether its coders remember what went before, so that each stream needs its own.
    #[must_use]
    pub const fn has_memory(self) -> bool {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16 => false,
            Self::G722 | Self::Opus => true,
        }
    }

    /// Whether the codec may run at this clock rate: G.711 and G.722 at 8000, L16 at 8000, 16000 and 32000
    /// (above that a 20 ms packet no longer fits an Ethernet frame), Opus at 48000 whatever it
    /// carries (RFC 7587 §4.1).
    #[must_use]
    pub const fn allows_rate(self, clock_rate_hz: u32) -> bool {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => clock_rate_hz == 8000,
            Self::L16 => matches!(clock_rate_hz, 8000 | 16_000 | 32_000),
            Self::Opus => clock_rate_hz == 48_000,
        }
    }

    /// The longest packet taken, milliseconds of sound: 120 for Opus (RFC 7587 §6.1 `maxptime`), for
    /// the others 60; RFC 3551 §4.2 lets receivers accept up to 200, but beyond 60 nobody sends.
    #[must_use]
    pub const fn longest_packet_ms(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16 | Self::G722 => 60,
            Self::Opus => 120,
        }
    }

    /// The longest payload taken, bytes.
    #[must_use]
    pub const fn longest_payload(self, clock_rate_hz: u32) -> usize {
        match self.bytes_per_tick() {
            Some(bytes) => (clock_rate_hz / 1000 * self.longest_packet_ms()) as usize * bytes,
            // What an Ethernet frame holds: 100 kbit/s for 120 ms, the most there is for 20 ms.
            None => 1500,
        }
    }
}

/// One negotiated format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodecSpec {
    /// RTP payload type, 0–127.
    pub payload_type: u8,
    /// What the payload is.
    pub codec: Codec,
    /// RTP clock, hertz; [`Codec::allows_rate`] says which.
    pub clock_rate_hz: u32,
    /// Milliseconds per packet we send, 10–60; other values are clamped. Opus has packets of 10, 20,
    /// 40 and 60.
    pub ptime_ms: u16,
}

impl CodecSpec {
    /// G.711 µ-law as everybody has it: payload type 0, 8 kHz, 20 ms.
    #[must_use]
    pub const fn pcmu() -> Self {
        Self {
            payload_type: 0,
            codec: Codec::Pcmu,
            clock_rate_hz: 8000,
            ptime_ms: 20,
        }
    }

    /// G.711 A-law as everybody has it: payload type 8, 8 kHz, 20 ms.
    #[must_use]
    pub const fn pcma() -> Self {
        Self {
            payload_type: 8,
            codec: Codec::Pcma,
            clock_rate_hz: 8000,
            ptime_ms: 20,
        }
    }

    /// G.722 as everybody has it: payload type 9, clock of 8 kHz, 20 ms.
    #[must_use]
    pub const fn g722() -> Self {
        Self {
            payload_type: 9,
            codec: Codec::G722,
            clock_rate_hz: 8000,
            ptime_ms: 20,
        }
    }

    /// Opus under a dynamic payload type: clock of 48 kHz, 20 ms.
    #[must_use]
    pub const fn opus(payload_type: u8) -> Self {
        Self {
            payload_type,
            codec: Codec::Opus,
            clock_rate_hz: 48_000,
            ptime_ms: 20,
        }
    }

    /// Rate of the samples behind it, hertz: what a leg that sends this format works at. The clock
    /// says it for all codecs we have but G.722, whose clock is half of it by an old mistake (RFC 3551
    /// §4.5.2). Opus is coded from and to 48 kHz whatever band is in use.
    #[must_use]
    pub const fn sampling_rate_hz(self) -> u32 {
        match self.codec {
            Codec::Pcmu | Codec::Pcma | Codec::L16 | Codec::Opus => self.clock_rate_hz,
            Codec::G722 => 16_000,
        }
    }
}

/// How to encode Opus for a peer: its wishes (RFC 7587 §6.1), and how much work we make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpusSending {
    /// The peer repairs losses from what packets carry of their predecessors (`useinbandfec`). It is
    /// put in once the peer's RTCP tells of losses: FEC costs bits and, as it needs the speech coder,
    /// three times the work.
    pub fec: bool,
    /// Send nothing while nothing is said (`usedtx`).
    pub dtx: bool,
    /// Packets of one size (`cbr`), so that their lengths tell nothing of what is said.
    pub cbr: bool,
    /// The highest rate the peer plays, hertz (`maxplaybackrate`): no bits go into what it drops.
    pub max_playback_rate_hz: u32,
    /// The most bits per second it wants on average (`maxaveragebitrate`), 6,000–510,000.
    pub max_bitrate: Option<u32>,
    /// It plays two channels (`stereo`): it gets them whenever they differ.
    pub stereo: bool,
    /// Effort, 0–10: 10 takes half as much work again as 5, 0 half of it.
    pub complexity: u8,
}

impl OpusSending {
    /// Effort unless the configuration says otherwise.
    pub const DEFAULT_COMPLEXITY: u8 = 5;
}

impl Default for OpusSending {
    /// What a peer without `a=fmtp` wants. RFC 7587 §6.1.
    fn default() -> Self {
        Self {
            fec: false,
            dtx: false,
            cbr: false,
            max_playback_rate_hz: 48_000,
            max_bitrate: None,
            stereo: false,
            complexity: Self::DEFAULT_COMPLEXITY,
        }
    }
}

/// The negotiated telephone-event payload types. RFC 4733 §2.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// Payload type we send: the one the peer named.
    pub send: u8,
    /// Payload type we receive: the one we named.
    pub receive: u8,
    /// Clock the lengths of events are counted in, hertz. It should be that of the audio (RFC 4733
    /// §2.1), and is 8000 with peers that offer no other beside Opus.
    pub clock_rate_hz: u32,
}

/// Which way audio flows, from our side. RFC 3264 §5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// We send, and ignore what arrives.
    SendOnly,
    /// We listen and send nothing.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether we send audio.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether we listen.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// Everything an offer and its answer agreed on for one RTP leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegSpec {
    /// Where the peer wants RTP.
    pub remote: SocketAddr,
    /// Where the peer wants RTCP; `None` = the port after `remote` (RFC 3550 §11). Equal to `remote`
    /// means RTCP shares the RTP port (RFC 5761).
    pub rtcp: Option<SocketAddr>,
    /// What we send.
    pub send: CodecSpec,
    /// How to encode when `send` is Opus.
    pub opus: OpusSending,
    /// What the peer may send: everything our side of the negotiation allowed. The first entry of
    /// equal payload types counts. At most [`LegSpec::MAX_RECEIVE`] are looked at.
    pub receive: Vec<CodecSpec>,
    /// RFC 4733, if both sides have it.
    pub telephone_event: Option<TelephoneEvent>,
    /// Which way audio flows.
    pub direction: Direction,
    /// Send to where the peer's packets come from instead of where its SDP points (NAT).
    pub symmetric: bool,
    /// Report [`MediaTimeout`](super::MediaReport::MediaTimeout) after this long without a packet
    /// while we listen; `None` = never.
    pub timeout_ms: Option<u32>,
}

impl LegSpec {
    /// Formats of [`LegSpec::receive`] that are looked at; more is a negotiation gone wrong.
    pub const MAX_RECEIVE: usize = 8;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codec_names_are_read_in_any_case() {
        assert_eq!(Codec::from_name("pcmu"), Some(Codec::Pcmu));
        assert_eq!(Codec::from_name("PCMA"), Some(Codec::Pcma));
        assert_eq!(Codec::from_name("l16"), Some(Codec::L16));
        assert_eq!(Codec::from_name("OPUS"), Some(Codec::Opus));
        assert_eq!(Codec::from_name("g722"), Some(Codec::G722));
        assert_eq!(Codec::from_name("G729"), None);
    }

    #[test]
    fn directions_say_who_talks() {
        assert!(Direction::SendRecv.sends() && Direction::SendRecv.receives());
        assert!(Direction::SendOnly.sends() && !Direction::SendOnly.receives());
        assert!(!Direction::RecvOnly.sends() && Direction::RecvOnly.receives());
        assert!(!Direction::Inactive.sends() && !Direction::Inactive.receives());
    }
}
