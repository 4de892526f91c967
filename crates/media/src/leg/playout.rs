//! From packets to an even stream of frames: jitter buffer, decoders, concealment.

use super::scratch::Scratch;
use crate::codec::Decoder;
use crate::control::{CodecSpec, LegSpec};
use crate::dsp::{Concealer, Resampler};
use crate::frame::{Frame, TICK_MS, samples_per_tick};
use crate::rtp::JitterBuffer;
use crate::rtp::jitter::Next;

/// Sound of one packet at most, milliseconds.
const MAX_PACKET_MS: u32 = 60;

/// The receiving end of an RTP leg.
pub(crate) struct Playout {
    pub(crate) jitter: JitterBuffer,
    formats: Vec<Format>,
    concealer: Concealer,
    rate_hz: u32,
    /// Decoded, not yet played; less than a packet and a frame.
    decoded: Vec<i16>,
    pub(crate) concealed_samples: u64,
}

struct Format {
    spec: CodecSpec,
    decoder: Decoder,
    /// To the rate of the leg, where it differs.
    converter: Option<Resampler>,
}

impl Playout {
    /// For what a leg may receive, delivering at the leg's rate.
    pub(crate) fn new(receive: &[CodecSpec], rate_hz: u32) -> Self {
        let receive = &receive[..receive.len().min(LegSpec::MAX_RECEIVE)];
        let formats = receive
            .iter()
            .map(|&spec| Format {
                spec,
                decoder: Decoder::new(spec.codec),
                converter: converter(spec.clock_rate_hz, rate_hz),
            })
            .collect();
        let ptime_ms = receive.first().map_or(TICK_MS as u16, |spec| spec.ptime_ms);
        let room = (rate_hz / 1000 * (MAX_PACKET_MS * 2 + TICK_MS)) as usize;
        Self {
            jitter: JitterBuffer::new(bytes_per_ms(receive), ptime_ms),
            formats,
            concealer: Concealer::new(rate_hz),
            rate_hz,
            decoded: Vec::with_capacity(room),
            concealed_samples: 0,
        }
    }

    /// Whether a new negotiation asks for nothing else.
    pub(crate) fn suits(&self, receive: &[CodecSpec], rate_hz: u32) -> bool {
        self.rate_hz == rate_hz
            && self.jitter.fits(bytes_per_ms(receive))
            && self
                .formats
                .iter()
                .map(|format| &format.spec)
                .eq(receive.iter().take(LegSpec::MAX_RECEIVE))
    }

    /// Index and spec of a payload type.
    pub(crate) fn format(&self, payload_type: u8) -> Option<(u8, CodecSpec)> {
        let at = self
            .formats
            .iter()
            .position(|f| f.spec.payload_type == payload_type)?;
        Some((at as u8, self.formats[at].spec))
    }

    /// Clock of the first format: that of the stream.
    pub(crate) fn clock_rate_hz(&self) -> u32 {
        self.formats
            .first()
            .map_or(8000, |format| format.spec.clock_rate_hz)
    }

    /// Throws away what is buffered: the stream began anew, or passes by.
    pub(crate) fn reset(&mut self) {
        self.jitter.reset();
        self.decoded.clear();
    }

    /// Whether nothing is buffered.
    pub(crate) fn is_empty(&self) -> bool {
        self.decoded.is_empty() && self.jitter.depth_ms() == 0
    }

    /// Takes the sound of one tick; `false` when the peer says nothing, and the frame is not to be used.
    pub(crate) fn pull(&mut self, now_us: u64, frame: &mut Frame, scratch: &mut Scratch) -> bool {
        // Every leg whose packets pass by comes here fifty times a second with nothing to do.
        if self.jitter.is_idle() && self.decoded.is_empty() && self.concealer.is_silent() {
            return false;
        }
        let wanted = samples_per_tick(self.rate_hz);
        let mut active = !self.decoded.is_empty();
        let decoded_ms = self.decoded.len() as u32 * 1000 / self.rate_hz;
        if self.jitter.is_excessive(decoded_ms) {
            self.merge(now_us, scratch);
            active = true;
        }
        while self.decoded.len() < wanted {
            let ptime_ms = self.jitter.ptime_ms();
            match self.jitter.next(now_us) {
                Next::Packet { format, payload } => {
                    let Some(format) = self.formats.get_mut(usize::from(format)) else {
                        continue;
                    };
                    let samples = format.decode(payload, scratch);
                    let packet_ms = samples as u32 * 1000 / self.rate_hz;
                    self.jitter.set_ptime(packet_ms);
                    self.concealer.good(&mut scratch.first[..samples]);
                    self.decoded.extend_from_slice(&scratch.first[..samples]);
                    active = true;
                }
                Next::Lost => {
                    self.conceal((self.rate_hz / 1000 * ptime_ms) as usize, scratch);
                    active = true;
                }
                Next::Dry if self.concealer.is_exhausted() => {
                    self.jitter.rest();
                    self.silence(wanted, scratch);
                }
                Next::Dry => {
                    self.conceal(wanted - self.decoded.len(), scratch);
                    active = true;
                }
                Next::Silence => self.silence(wanted, scratch),
            }
        }
        frame.samples_mut().copy_from_slice(&self.decoded[..wanted]);
        self.decoded.drain(..wanted);
        active
    }

    fn conceal(&mut self, samples: usize, scratch: &mut Scratch) {
        self.concealer.lost(&mut scratch.first[..samples]);
        self.decoded.extend_from_slice(&scratch.first[..samples]);
        self.concealed_samples += samples as u64;
    }

    fn silence(&mut self, wanted: usize, scratch: &mut Scratch) {
        let samples = wanted - self.decoded.len();
        self.concealer.silence(&mut scratch.first[..samples]);
        self.decoded.extend_from_slice(&scratch.first[..samples]);
    }

    /// Shortens the delay by one packet: two are blended into one.
    fn merge(&mut self, now_us: u64, scratch: &mut Scratch) {
        let Next::Packet { format, payload } = self.jitter.next(now_us) else {
            return;
        };
        let Some(format) = self.formats.get_mut(usize::from(format)) else {
            return;
        };
        let first = format.decode(payload, scratch);
        scratch.second[..first].copy_from_slice(&scratch.first[..first]);
        let mut length = first;
        if let Next::Packet { format, payload } = self.jitter.next(now_us)
            && let Some(format) = self.formats.get_mut(usize::from(format))
        {
            length = format.decode(payload, scratch);
            let blended = length.min(first);
            for n in 0..blended {
                let share = (n + 1) as f32 / (blended + 1) as f32;
                let (old, new) = (f32::from(scratch.second[n]), f32::from(scratch.first[n]));
                scratch.first[n] = (old * (1.0 - share) + new * share).round() as i16;
            }
        }
        self.concealer.good(&mut scratch.first[..length]);
        self.decoded.extend_from_slice(&scratch.first[..length]);
    }
}

impl Format {
    /// Decodes into `scratch.first` at the rate of the leg; returns the samples there.
    fn decode(&mut self, payload: &[u8], scratch: &mut Scratch) -> usize {
        let longest = (self.spec.clock_rate_hz / 1000 * MAX_PACKET_MS) as usize;
        let longest = longest.min(scratch.first.len());
        match &mut self.converter {
            None => self.decoder.decode(payload, &mut scratch.first[..longest]),
            Some(converter) => {
                let samples = self.decoder.decode(payload, &mut scratch.second[..longest]);
                converter.process(&scratch.second[..samples], &mut scratch.first)
            }
        }
    }
}

/// A converter between two rates, or none where they agree.
pub(crate) fn converter(from_hz: u32, to_hz: u32) -> Option<Resampler> {
    if from_hz == to_hz {
        None
    } else {
        Resampler::new(from_hz, to_hz)
    }
}

fn bytes_per_ms(receive: &[CodecSpec]) -> usize {
    let densest = receive
        .iter()
        .map(|spec| spec.clock_rate_hz as usize / 1000 * spec.codec.bytes_per_sample());
    densest.max().unwrap_or(8).max(8)
}
