//! From packets to an even stream of frames: jitter buffer, decoders, concealment.

use super::scratch::Scratch;
use crate::codec::Decoder;
use crate::control::{CodecSpec, LegSpec};
use crate::dsp::{Concealer, Resampler};
use crate::frame::{Frame, TICK_MS, samples_per_tick};
use crate::rtp::JitterBuffer;
use crate::rtp::jitter::Next;

/// A hole this long is no loss any more: the next packet begins a new stretch.
const EXHAUSTED_MS: u32 = 60;
/// A decoder that fills holes itself goes on this long with what was in the background: a peer with DTX
/// refreshes that every 400 ms and sends nothing between. RFC 7587 §3.1.3.
const BACKGROUND_MS: u32 = 440;
/// After a loss the packet behind the next one is waited for, so long as losses go on.
const REPAIRING_US: u64 = 10_000_000;

/// The receiving end of an RTP leg.
pub(crate) struct Playout {
    pub(crate) jitter: JitterBuffer,
    formats: Vec<Format>,
    /// For formats whose decoder leaves holes.
    concealer: Concealer,
    rate_hz: u32,
    /// Decoded, not yet played; less than a packet and a frame.
    decoded: Vec<i16>,
    /// Which format was played last.
    current: Option<usize>,
    /// How long its last packet was, in samples: a lost one is taken to be the same.
    packet_samples: usize,
    /// What has been filled in since then by the decoder itself, in samples.
    filled: usize,
    repairing_until_us: u64,
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
                decoder: Decoder::new(spec),
                converter: converter(spec.sampling_rate_hz(), rate_hz),
            })
            .collect();
        let ptime_ms = receive.first().map_or(TICK_MS as u16, |spec| spec.ptime_ms);
        let longest_ms = receive.iter().map(|spec| spec.codec.longest_packet_ms());
        let longest_ms = longest_ms.max().unwrap_or(TICK_MS);
        let room = (rate_hz / 1000 * (longest_ms * 2 + TICK_MS)) as usize;
        Self {
            jitter: JitterBuffer::new(longest_payload(receive), ptime_ms),
            formats,
            concealer: Concealer::new(rate_hz),
            rate_hz,
            decoded: Vec::with_capacity(room),
            current: None,
            packet_samples: (rate_hz / 1000 * u32::from(ptime_ms)) as usize,
            filled: 0,
            repairing_until_us: 0,
            concealed_samples: 0,
        }
    }

    /// Whether a new negotiation asks for nothing else.
    pub(crate) fn suits(&self, receive: &[CodecSpec], rate_hz: u32) -> bool {
        self.rate_hz == rate_hz
            && self.jitter.fits(longest_payload(receive))
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
        if let Some(format) = self.current.take() {
            self.formats[format].decoder.reset();
        }
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
        self.jitter.set_spare(now_us < self.repairing_until_us);
        while self.decoded.len() < wanted {
            let exhausted = self.is_exhausted();
            match self.jitter.next(now_us) {
                Next::Packet { format, payload } => {
                    let at = usize::from(format);
                    let Some(format) = self.formats.get_mut(at) else {
                        continue;
                    };
                    let samples = format.decode(payload, scratch);
                    self.jitter.set_ptime(samples as u32 * 1000 / self.rate_hz);
                    self.packet_samples = samples;
                    self.take(at, samples, scratch);
                    active = true;
                }
                Next::Lost => {
                    if self.filling().is_some() {
                        self.repairing_until_us = now_us + REPAIRING_US;
                    }
                    self.conceal(self.packet_samples, scratch);
                    active = true;
                }
                Next::Dry if exhausted => {
                    self.jitter.rest();
                    active |= self.pause(wanted, scratch);
                }
                Next::Dry => {
                    self.conceal(wanted - self.decoded.len(), scratch);
                    active = true;
                }
                Next::Silence => active |= self.pause(wanted, scratch),
            }
        }
        frame.samples_mut().copy_from_slice(&self.decoded[..wanted]);
        self.decoded.drain(..wanted);
        active
    }

    /// Plays what was decoded into `scratch.first`.
    fn take(&mut self, format: usize, samples: usize, scratch: &mut Scratch) {
        let samples = &mut scratch.first[..samples];
        if !self.formats[format].decoder.fills_holes() {
            self.concealer.good(samples);
        }
        self.current = Some(format);
        self.filled = 0;
        self.decoded.extend_from_slice(samples);
    }

    /// Plays something in place of what did not come.
    fn conceal(&mut self, samples: usize, scratch: &mut Scratch) {
        let made = if self.filling().is_some() {
            self.fill(samples, scratch)
        } else {
            self.concealer.lost(&mut scratch.first[..samples]);
            self.decoded.extend_from_slice(&scratch.first[..samples]);
            samples
        };
        self.concealed_samples += made as u64;
    }

    /// Plays the rest of a tick in which nothing is due; says whether that is anything.
    fn pause(&mut self, wanted: usize, scratch: &mut Scratch) -> bool {
        let samples = wanted - self.decoded.len();
        let background = (self.rate_hz / 1000 * BACKGROUND_MS) as usize;
        if self.filling().is_some() && self.filled < background {
            self.fill(samples, scratch);
            return true;
        }
        self.concealer.silence(&mut scratch.first[..samples]);
        self.decoded.extend_from_slice(&scratch.first[..samples]);
        false
    }

    /// The format played last, if its decoder fills holes itself.
    fn filling(&self) -> Option<usize> {
        self.current
            .filter(|&format| self.formats[format].decoder.fills_holes())
    }

    /// Lets the decoder fill a hole, from the packet behind it if that is here; returns the samples.
    fn fill(&mut self, samples: usize, scratch: &mut Scratch) -> usize {
        let Some(at) = self.filling() else { return 0 };
        let next = self.jitter.peek();
        let next = next.filter(|(format, _)| usize::from(*format) == at);
        let next = next.map(|(_, payload)| payload);
        let made = self.formats[at].fill_hole(next, samples, self.rate_hz, scratch);
        self.decoded.extend_from_slice(&scratch.first[..made]);
        self.filled += made;
        made
    }

    /// Whether so much was invented that the stretch is over.
    fn is_exhausted(&self) -> bool {
        match self.filling() {
            Some(_) => self.filled >= (self.rate_hz / 1000 * EXHAUSTED_MS) as usize,
            None => self.concealer.is_exhausted(),
        }
    }

    /// Shortens the delay by one packet: two are blended into one.
    fn merge(&mut self, now_us: u64, scratch: &mut Scratch) {
        let Next::Packet { format, payload } = self.jitter.next(now_us) else {
            return;
        };
        let mut at = usize::from(format);
        let Some(format) = self.formats.get_mut(at) else {
            return;
        };
        let first = format.decode(payload, scratch);
        scratch.second[..first].copy_from_slice(&scratch.first[..first]);
        let mut length = first;
        if let Next::Packet { format, payload } = self.jitter.next(now_us)
            && let Some(second) = self.formats.get_mut(usize::from(format))
        {
            at = usize::from(format);
            length = second.decode(payload, scratch);
            let blended = length.min(first);
            for n in 0..blended {
                let share = (n + 1) as f32 / (blended + 1) as f32;
                let (old, new) = (f32::from(scratch.second[n]), f32::from(scratch.first[n]));
                scratch.first[n] = (old * (1.0 - share) + new * share).round() as i16;
            }
        }
        self.take(at, length, scratch);
    }
}

impl Format {
    /// Decodes into `scratch.first` at the rate of the leg; returns the samples there.
    fn decode(&mut self, payload: &[u8], scratch: &mut Scratch) -> usize {
        let longest = self.spec.sampling_rate_hz() / 1000 * self.spec.codec.longest_packet_ms();
        let longest = longest as usize;
        match &mut self.converter {
            None => self.decoder.decode(payload, &mut scratch.first[..longest]),
            Some(converter) => {
                let samples = self.decoder.decode(payload, &mut scratch.raw[..longest]);
                convert(converter, &scratch.raw[..samples], &mut scratch.first)
            }
        }
    }

    /// Fills a hole of so many samples at the rate of the leg, perhaps a few more; returns them.
    fn fill_hole(
        &mut self,
        next: Option<&[u8]>,
        samples: usize,
        rate_hz: u32,
        scratch: &mut Scratch,
    ) -> usize {
        let own_hz = self.spec.sampling_rate_hz();
        // Decoders fill whole parts of a packet: 2.5 ms is the smallest there is.
        let part = own_hz as usize / 400;
        let own = (samples * own_hz as usize)
            .div_ceil(rate_hz as usize)
            .next_multiple_of(part);
        match &mut self.converter {
            None => {
                let own = own.min(scratch.first.len());
                self.decoder.fill_hole(next, &mut scratch.first[..own]);
                own
            }
            Some(converter) => {
                let own = own.min(scratch.raw.len());
                self.decoder.fill_hole(next, &mut scratch.raw[..own]);
                convert(converter, &scratch.raw[..own], &mut scratch.first)
            }
        }
    }
}

/// Converts a packet of any length.
fn convert(converter: &mut Resampler, from: &[i16], to: &mut [i16]) -> usize {
    from.chunks(Resampler::MAX_BLOCK).fold(0, |made, block| {
        made + converter.process(block, &mut to[made..])
    })
}

/// A converter between two rates, or none where they agree.
pub(crate) fn converter(from_hz: u32, to_hz: u32) -> Option<Resampler> {
    if from_hz == to_hz {
        None
    } else {
        Resampler::new(from_hz, to_hz)
    }
}

/// The longest payload of any format.
fn longest_payload(receive: &[CodecSpec]) -> usize {
    let longest = receive
        .iter()
        .map(|spec| spec.codec.longest_payload(spec.clock_rate_hz));
    longest.max().unwrap_or(0)
}
