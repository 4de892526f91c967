//! Codecs, behind one encoder and one decoder type per direction of a leg.
//!
//! A codec that keeps state between packets (Opus, G.722) becomes a variant holding that state;
//! callers already treat every coder as something with a memory.

pub mod g711;
pub mod l16;

use crate::control::Codec;

/// Turns payloads into samples. One per received format of a leg.
#[derive(Debug)]
pub enum Decoder {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// Linear 16 bit, big-endian.
    L16,
}

impl Decoder {
    /// A fresh decoder.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::Pcmu => Self::Pcmu,
            Codec::Pcma => Self::Pcma,
            Codec::L16 => Self::L16,
        }
    }

    /// Samples a payload holds.
    #[must_use]
    pub fn samples_in(&self, payload: &[u8]) -> usize {
        match self {
            Self::Pcmu | Self::Pcma => payload.len(),
            Self::L16 => payload.len() / 2,
        }
    }

    /// Decodes as much as fits into `out` and returns the samples written. Any bytes are valid
    /// input; 0.1 µs for 160 samples of G.711.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        match self {
            Self::Pcmu => g711::ulaw_decode(payload, out),
            Self::Pcma => g711::alaw_decode(payload, out),
            Self::L16 => l16::decode(payload, out),
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
}

impl Encoder {
    /// A fresh encoder.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::Pcmu => Self::Pcmu,
            Codec::Pcma => Self::Pcma,
            Codec::L16 => Self::L16,
        }
    }

    /// Encodes as much as fits into `out` and returns the bytes written.
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        match self {
            Self::Pcmu => g711::ulaw_encode(samples, out),
            Self::Pcma => g711::alaw_encode(samples, out),
            Self::L16 => l16::encode(samples, out),
        }
    }
}
