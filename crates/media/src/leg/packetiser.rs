//! From frames to packets of the negotiated length.

use crate::codec::Encoder;
use crate::control::{CodecSpec, OpusSending};
use crate::frame::{Ears, TICK_MS};

/// Cuts what frames bring into packets and encodes them. Between ticks it holds less than one packet.
pub(crate) struct Packetiser {
    encoder: Encoder,
    pub(crate) spec: CodecSpec,
    pub(crate) opus: OpusSending,
    /// Samples not yet sent, of both channels in turn where the encoder takes two.
    pending: Vec<i16>,
    /// Samples of a packet, of all channels.
    packet_samples: usize,
    channels: usize,
    /// Length of a packet in units of the RTP clock.
    packet_ticks: u32,
    payload: Vec<u8>,
    /// Nothing was sent before.
    idle: bool,
}

impl Packetiser {
    pub(crate) fn new(spec: CodecSpec, opus: OpusSending) -> Self {
        let ptime_ms = u32::from(spec.ptime_ms.clamp(10, 60));
        let per_ms = spec.sampling_rate_hz() / 1000;
        let encoder = Encoder::new(spec, opus);
        let channels = encoder.channels();
        let packet_samples = (per_ms * ptime_ms) as usize * channels;
        Self {
            encoder,
            spec,
            opus,
            pending: Vec::with_capacity(packet_samples + (per_ms * TICK_MS) as usize * channels),
            packet_samples,
            channels,
            packet_ticks: spec.clock_rate_hz / 1000 * ptime_ms,
            payload: vec![0; spec.codec.longest_payload(spec.clock_rate_hz)],
            idle: true,
        }
    }

    /// Whether two channels can be sent.
    pub(crate) fn is_stereo(&self) -> bool {
        self.channels == 2
    }

    /// Takes what is heard; `send(payload, ticks, resumes)` is called for each packet that completes.
    pub(crate) fn push(&mut self, heard: Ears<'_>, mut send: impl FnMut(&[u8], u32, bool)) {
        let mid = heard.mid.samples();
        if self.channels == 2 {
            self.encoder.send_both(heard.side.is_some());
            match heard.side {
                Some(side) => {
                    self.pending
                        .extend(mid.iter().zip(side.samples()).flat_map(|(mid, side)| {
                            [mid.saturating_add(*side), mid.saturating_sub(*side)]
                        }))
                }
                None => self.pending.extend(mid.iter().flat_map(|mid| [*mid, *mid])),
            }
        } else {
            self.pending.extend_from_slice(mid);
        }
        let whole = self.pending.len() / self.packet_samples * self.packet_samples;
        for samples in self.pending[..whole].chunks_exact(self.packet_samples) {
            match self.encoder.encode(samples, &mut self.payload) {
                // The codec says silence by saying nothing.
                0 => self.idle = true,
                length => {
                    let resumes = std::mem::take(&mut self.idle);
                    send(&self.payload[..length], self.packet_ticks, resumes);
                }
            }
        }
        self.pending.drain(..whole);
    }

    /// Nothing is said in this tick: what is pending will never be a packet.
    pub(crate) fn pause(&mut self) {
        self.pending.clear();
        self.idle = true;
    }

    /// The peer tells what share of our packets it lacks, in percent.
    pub(crate) fn expect_loss(&mut self, percent: u8) {
        self.encoder.expect_loss(percent);
    }
}
