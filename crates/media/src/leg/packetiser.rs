//! From frames to packets of the negotiated length.

use crate::codec::Encoder;
use crate::control::CodecSpec;
use crate::frame::{Frame, TICK_MS};

/// Encodes frames and cuts the bytes into packets. Between ticks it holds less than one packet.
pub(crate) struct Packetiser {
    encoder: Encoder,
    pub(crate) spec: CodecSpec,
    pending: Vec<u8>,
    packet_bytes: usize,
    packet_samples: u32,
    /// Nothing was sent in the tick before.
    idle: bool,
}

impl Packetiser {
    pub(crate) fn new(spec: CodecSpec) -> Self {
        let ptime_ms = u32::from(spec.ptime_ms.clamp(10, 60));
        let packet_samples = spec.clock_rate_hz / 1000 * ptime_ms;
        let per_sample = spec.codec.bytes_per_sample();
        let packet_bytes = packet_samples as usize * per_sample;
        let tick_bytes = (spec.clock_rate_hz / 1000 * TICK_MS) as usize * per_sample;
        Self {
            encoder: Encoder::new(spec.codec),
            spec,
            pending: Vec::with_capacity(packet_bytes + tick_bytes),
            packet_bytes,
            packet_samples,
            idle: true,
        }
    }

    /// Encodes a frame; `send(payload, samples, resumes)` is called for each packet it completes.
    pub(crate) fn push(&mut self, frame: &Frame, mut send: impl FnMut(&[u8], u32, bool)) {
        let start = self.pending.len();
        let room = start + frame.samples().len() * self.spec.codec.bytes_per_sample();
        self.pending.resize(room, 0);
        let written = self
            .encoder
            .encode(frame.samples(), &mut self.pending[start..]);
        self.pending.truncate(start + written);
        let mut at = 0;
        while self.pending.len() - at >= self.packet_bytes {
            let payload = &self.pending[at..at + self.packet_bytes];
            send(payload, self.packet_samples, std::mem::take(&mut self.idle));
            at += self.packet_bytes;
        }
        self.pending.drain(..at);
    }

    /// Nothing is said in this tick: what is pending will never be a packet.
    pub(crate) fn pause(&mut self) {
        self.pending.clear();
        self.idle = true;
    }
}
