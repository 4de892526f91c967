//! Codecs, behind one encoder and one decoder type per direction of a leg.
//!
//! A codec that keeps state between packets (Opus, G.722) is a variant holding that state; callers
//! treat every coder as something with a memory.

pub mod g711;
pub mod g722;
pub mod l16;
pub mod opus;

use crate::control::{Codec, CodecSpec, OpusSending};
use g722::{G722Decoder, G722Encoder};
use opus::{OpusDecoder, OpusEncoder};

/// Turns payloads into samples. One per received format of a leg.
#[derive(Debug)]
pub enum Decoder {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// Linear 16 bit, big-endian.
    L16,
    /// G.722.
    G722(G722Decoder),
    /// Opus.
    Opus(OpusDecoder),
}

impl Decoder {
    /// A fresh decoder, which gives samples at the format's sampling rate. Allocates.
    #[must_use]
    pub fn new(spec: CodecSpec) -> Self {
        match spec.codec {
            Codec::Pcmu => Self::Pcmu,
            Codec::Pcma => Self::Pcma,
            Codec::L16 => Self::L16,
            Codec::G722 => Self::G722(G722Decoder::new()),
            Codec::Opus => Self::Opus(OpusDecoder::new(spec.sampling_rate_hz())),
        }
    }

    /// Decodes as much as fits into `out` and returns the samples written. Any bytes are valid
    /// input; 0.1 µs for 160 samples of G.711, 7 µs for 20 ms of G.722, about 17 µs for
    /// 20 ms of Opus.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        match self {
            Self::Pcmu => g711::ulaw_decode(payload, out),
            Self::Pcma => g711::alaw_decode(payload, out),
            Self::L16 => l16::decode(payload, out),
            Self::G722(decoder) => decoder.decode(payload, out),
            Self::Opus(decoder) => decoder.decode(payload, out),
        }
    }

    /// Whether it fills holes out of its own memory, which no concealment from outside can match.
    #[must_use]
    pub fn fills_holes(&self) -> bool {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16 | Self::G722(_) => false,
            Self::Opus(_) => true,
        }
    }

    /// Fills `out` in place of packets that did not come; `next` is the packet behind the hole, if it
    /// is here already. Silence where [`Decoder::fills_holes`] says no.
    pub fn fill_hole(&mut self, next: Option<&[u8]>, out: &mut [i16]) {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16 | Self::G722(_) => out.fill(0),
            Self::Opus(decoder) => decoder.fill_hole(next, out),
        }
    }

    /// Forgets what went before: another stream begins.
    pub fn reset(&mut self) {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16 => {}
            Self::G722(decoder) => decoder.reset(),
            Self::Opus(decoder) => decoder.reset(),
        }
    }
}

/// Turns samples into payload bytes. One per sending leg.
#[derive(Debug)]
pub enum Encoder {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// Linear 16 bit, big-endian.
    L16,
    /// G.722.
    G722(G722Encoder),
    /// Opus.
    Opus(OpusEncoder),
}

impl Encoder {
    /// A fresh encoder, which takes samples at the format's sampling rate. Allocates.
    #[must_use]
    pub fn new(spec: CodecSpec, opus: OpusSending) -> Self {
        match spec.codec {
            Codec::Pcmu => Self::Pcmu,
            Codec::Pcma => Self::Pcma,
            Codec::L16 => Self::L16,
            Codec::G722 => Self::G722(G722Encoder::new()),
            Codec::Opus => Self::Opus(OpusEncoder::new(spec.sampling_rate_hz(), opus)),
        }
    }

    /// Encodes one packet and returns the bytes written; 0 means that nothing is to be sent (DTX).
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        match self {
            Self::Pcmu => g711::ulaw_encode(samples, out),
            Self::Pcma => g711::alaw_encode(samples, out),
            Self::L16 => l16::encode(samples, out),
            Self::G722(encoder) => encoder.encode(samples, out),
            Self::Opus(encoder) => encoder.encode(samples, out),
        }
    }

    /// Channels [`Encoder::encode`] takes, interleaved: 1 or 2.
    #[must_use]
    pub fn channels(&self) -> usize {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16 | Self::G722(_) => 1,
            Self::Opus(encoder) => encoder.channels(),
        }
    }

    /// Sends both channels of what follows, or their mean. Means nothing where it takes one.
    pub fn send_both(&mut self, both: bool) {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16 | Self::G722(_) => {}
            Self::Opus(encoder) => encoder.send_both(both),
        }
    }

    /// What is encoded next leans on nothing the other end has to remember: it can follow on any stream.
    pub fn stand_alone(&mut self) {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16 | Self::G722(_) => {}
            Self::Opus(encoder) => encoder.stand_alone(),
        }
    }

    /// Forgets what went before; the next packet stands alone.
    pub fn restart(&mut self) {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16 => {}
            Self::G722(encoder) => encoder.restart(),
            Self::Opus(encoder) => encoder.restart(),
        }
    }

    /// Prepares for losses on the way, in percent of the packets.
    pub fn expect_loss(&mut self, percent: u8) {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16 | Self::G722(_) => {}
            Self::Opus(encoder) => encoder.expect_loss(percent),
        }
    }
}
