//! Opus by libopus, 48 kHz on our side whatever is on the wire: one channel from everybody, one or two
//! to a peer that plays two. RFC 6716, RFC 7587.
//!
//! libopus allocates when a coder is made and never afterwards: encoding and decoding work on the
//! stack. Per 20 ms of speech at the default effort 45 µs to encode, 185 µs with FEC, 17 µs to decode,
//! 8 µs to conceal (`cargo bench -p jackfield-media --bench opus`); an encoder holds 32 kB, a decoder
//! 18 kB.

use ::opus as libopus;
use libopus::{Application, Bandwidth, Bitrate, Channels};

use crate::control::OpusSending;

/// Payloads up to this say only that nothing was to be said; they need not be sent. `opus_encode`.
const DTX_BYTES: usize = 2;
/// The shortest frame there is, in parts of a second: holes are filled in multiples of it.
const FRAMES_PER_SECOND: usize = 400;

/// The decoding side.
#[derive(Debug)]
pub struct OpusDecoder {
    inner: libopus::Decoder,
    /// Samples of 2.5 ms.
    shortest: usize,
    /// Samples of the packet before: what a spoilt one is taken to last.
    last: usize,
}

impl OpusDecoder {
    /// A decoder giving samples at 8000, 12000, 16000, 24000 or 48000 hertz.
    ///
    /// # Panics
    /// At any other rate, and when memory has run out.
    #[must_use]
    pub fn new(rate_hz: u32) -> Self {
        let inner = libopus::Decoder::new(rate_hz, Channels::Mono);
        Self {
            inner: inner.expect("the rate is one of Opus's own, and there is memory"),
            shortest: rate_hz as usize / FRAMES_PER_SECOND,
            last: rate_hz as usize / 50,
        }
    }

    /// Decodes a packet; returns the samples written. A spoilt packet, or one that does not fit into
    /// `out`, is concealed like a lost one.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        // An empty payload would be read as "lost" with all of `out` to fill.
        let decoded = match payload {
            [] => None,
            [_, ..] => self.inner.decode(payload, out, false).ok(),
        };
        if let Some(samples) = decoded {
            self.last = samples;
            return samples;
        }
        let samples = self.last.min(out.len());
        self.fill_hole(None, &mut out[..samples]);
        samples
    }

    /// Fills a hole: from the copy the packet behind it carries (FEC, RFC 6716 §2.1.7), where there is
    /// one, otherwise by continuing the sound, which fades into the background noise.
    pub fn fill_hole(&mut self, next: Option<&[u8]>, out: &mut [i16]) {
        let whole = out.len() / self.shortest * self.shortest;
        let (hole, rest) = out.split_at_mut(whole);
        rest.fill(0);
        if hole.is_empty() {
            return;
        }
        let repaired = match next {
            // Without a copy in it, libopus continues the sound.
            Some(next @ [_, ..]) => self.inner.decode(next, hole, true).ok(),
            Some([]) | None => None,
        };
        let filled = match repaired {
            Some(samples) => samples,
            None => self.inner.decode(&[], hole, false).unwrap_or(0),
        };
        hole[filled.min(whole)..].fill(0);
    }

    /// Forgets what went before.
    pub fn reset(&mut self) {
        accepted(self.inner.reset_state());
    }
}

/// The encoding side.
#[derive(Debug)]
pub struct OpusEncoder {
    inner: libopus::Encoder,
    /// Bits per second for one channel.
    bitrate: u32,
    /// The most bits per second the peer wants.
    max_bitrate: u32,
    /// Samples of each channel in turn are taken.
    interleaved: bool,
    /// Both channels go out.
    both: bool,
    dtx: bool,
    expected_loss: u8,
    /// The next packet is to lean on none before it.
    stands_alone: bool,
}

impl OpusEncoder {
    /// An encoder taking samples at 8000, 12000, 16000, 24000 or 48000 hertz.
    ///
    /// # Panics
    /// At any other rate, and when memory has run out.
    #[must_use]
    pub fn new(rate_hz: u32, sending: OpusSending) -> Self {
        // `Audio` leaves the choice of coder to libopus: the cheap transform coder at our rates, the
        // speech coder, which alone has FEC, once losses are expected.
        let channels = if sending.stereo {
            Channels::Stereo
        } else {
            Channels::Mono
        };
        let inner = libopus::Encoder::new(rate_hz, channels, Application::Audio);
        let mut inner = inner.expect("the rate is one of Opus's own, and there is memory");
        let (bandwidth, bitrate) = match sending.max_playback_rate_hz {
            0..=8000 => (Bandwidth::Narrowband, 12_000),
            8001..=12_000 => (Bandwidth::Mediumband, 16_000),
            12_001..=16_000 => (Bandwidth::Wideband, 20_000),
            16_001..=24_000 => (Bandwidth::Superwideband, 28_000),
            24_001.. => (Bandwidth::Fullband, 32_000),
        };
        let max_bitrate = sending.max_bitrate.unwrap_or(u32::MAX).max(6000);
        accepted(inner.set_max_bandwidth(bandwidth));
        accepted(inner.set_complexity(i32::from(sending.complexity.min(10))));
        accepted(inner.set_vbr(!sending.cbr));
        accepted(inner.set_inband_fec(sending.fec));
        accepted(inner.set_dtx(sending.dtx));
        let mut encoder = Self {
            inner,
            bitrate,
            max_bitrate,
            interleaved: sending.stereo,
            both: false,
            dtx: sending.dtx,
            expected_loss: 0,
            stands_alone: false,
        };
        encoder.spend();
        encoder
    }

    /// Channels [`OpusEncoder::encode`] takes, interleaved.
    #[must_use]
    pub fn channels(&self) -> usize {
        1 + usize::from(self.interleaved)
    }

    /// Sends both channels of what follows, or their mean. Means nothing where it takes one.
    pub fn send_both(&mut self, both: bool) {
        if self.interleaved && self.both != both {
            self.both = both;
            self.spend();
        }
    }

    /// Two channels get thrice the bits of one: who hears two channels hears talkers from several sides at once, and
    /// with fewer bits libopus lets both channels share the shape of a band, which draws them all to the middle. With
    /// one and a half times the bits, 12 dB between the ears became 4 while somebody spoke on the other side.
    fn spend(&mut self) {
        let wanted = if self.both {
            self.bitrate * 3
        } else {
            self.bitrate
        };
        let bits = wanted.min(self.max_bitrate);
        accepted(self.inner.set_bitrate(Bitrate::Bits(bits as i32)));
        if self.interleaved {
            let channels = if self.both {
                Channels::Stereo
            } else {
                Channels::Mono
            };
            accepted(self.inner.set_force_channels(Some(channels)));
        }
    }

    /// Encodes one packet of 2.5, 5, 10, 20, 40 or 60 ms, at most `out.len()` bytes; returns the bytes
    /// written. 0 means that nothing is to be sent: nobody speaks and the peer wants DTX.
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        if self.stands_alone {
            accepted(self.inner.set_prediction_disabled(true));
        }
        let written = self.inner.encode(samples, out);
        debug_assert!(written.is_ok(), "{written:?}: {} samples", samples.len());
        if std::mem::take(&mut self.stands_alone) {
            accepted(self.inner.set_prediction_disabled(false));
        }
        match written {
            Ok(bytes) if self.dtx && bytes <= DTX_BYTES => 0,
            Ok(bytes) => bytes,
            Err(_) => 0,
        }
    }

    /// The next packet leans on none before it.
    pub fn stand_alone(&mut self) {
        self.stands_alone = true;
    }

    /// Forgets what went before; the next packet stands alone.
    pub fn restart(&mut self) {
        accepted(self.inner.reset_state());
        self.stand_alone();
    }

    /// Tells what share of the packets is lost on the way, in percent; from 6 on, with FEC agreed,
    /// packets carry copies of their predecessors.
    pub fn expect_loss(&mut self, percent: u8) {
        let percent = percent.min(100);
        if percent != self.expected_loss {
            self.expected_loss = percent;
            accepted(self.inner.set_packet_loss_perc(i32::from(percent)));
        }
    }
}

/// Settings are within what libopus documents, so it takes them.
fn accepted(result: libopus::Result<()>) {
    debug_assert!(result.is_ok(), "{result:?}");
}

#[cfg(test)]
#[path = "opus_tests.rs"]
mod tests;
