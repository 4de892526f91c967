//! G.722 at 64 kbit/s: two sub-bands of ADPCM, one byte for two samples at 16 kHz. ITU-T G.722;
//! RTP payload RFC 3551 §4.5.2.

use audio_codec::g722::{G722Decoder as Library, G722Encoder as LibraryEncoder};
use audio_codec::{Decoder as _, Encoder as _};

/// Samples of one byte: the two a code word of both bands stands for.
const SAMPLES_PER_BYTE: usize = 2;

/// Decodes one stream. Boxed, as decoders of other codecs are much smaller.
pub struct G722Decoder(Box<Library>);

impl G722Decoder {
    /// A decoder at the beginning of a stream. Allocates.
    #[must_use]
    pub fn new() -> Self {
        Self(Box::new(Library::new()))
    }

    /// Decodes as much as fits into `out`, two samples from each byte; returns the samples written.
    /// Any bytes are valid input. About 7 µs for 20 ms.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        let bytes = payload.len().min(out.len() / SAMPLES_PER_BYTE);
        // It fails only for want of room.
        self.0.decode_into(&payload[..bytes], out).unwrap_or(0)
    }

    /// Begins anew, in the memory it has.
    pub fn reset(&mut self) {
        *self.0 = Library::new();
    }
}

impl Default for G722Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for G722Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("G722Decoder")
    }
}

/// Encodes one stream. Boxed like the decoder.
pub struct G722Encoder(Box<LibraryEncoder>);

impl G722Encoder {
    /// An encoder at the beginning of a stream. Allocates.
    #[must_use]
    pub fn new() -> Self {
        Self(Box::new(LibraryEncoder::new()))
    }

    /// Encodes as much as fits into `out`, one byte of two samples; a last odd sample is left out.
    /// Returns the bytes written. About 11 µs for 20 ms.
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        let bytes = (samples.len() / SAMPLES_PER_BYTE).min(out.len());
        let samples = &samples[..bytes * SAMPLES_PER_BYTE];
        // It fails only for want of room.
        self.0.encode_into(samples, out).unwrap_or(0)
    }
}

impl G722Encoder {
    /// Begins anew, in the memory it has.
    pub fn restart(&mut self) {
        *self.0 = LibraryEncoder::new();
    }
}

impl Default for G722Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for G722Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("G722Encoder")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::level;

    const RATE_HZ: u32 = 16_000;

    /// There and back in packets of so many samples.
    fn through(samples: &[i16], packet: usize) -> Vec<i16> {
        let (mut encoder, mut decoder) = (G722Encoder::new(), G722Decoder::new());
        let mut heard = Vec::new();
        for spoken in samples.chunks_exact(packet) {
            let (mut payload, mut out) = ([0; 480], [0; 960]);
            let bytes = encoder.encode(spoken, &mut payload);
            assert_eq!(bytes, packet / 2, "64 kbit/s");
            let got = decoder.decode(&payload[..bytes], &mut out);
            heard.extend_from_slice(&out[..got]);
        }
        heard
    }

    /// Ratio of what was said to what was added, dB, at the delay where it is best.
    fn snr_db(said: &[i16], heard: &[i16]) -> f64 {
        let energy = |samples: &mut dyn Iterator<Item = f64>| samples.map(|s| s * s).sum::<f64>();
        let at = |delay: usize| {
            let length = heard.len() - 1600 - delay;
            let said = &said[1600..1600 + length];
            let heard = &heard[1600 + delay..];
            let mut errors = said
                .iter()
                .zip(heard)
                .map(|(a, b)| f64::from(*a) - f64::from(*b));
            let mut spoken = said.iter().map(|s| f64::from(*s));
            10.0 * (energy(&mut spoken) / energy(&mut errors)).log10()
        };
        (0..48).map(at).fold(f64::MIN, f64::max)
    }

    #[test]
    fn tones_of_both_bands_come_back() {
        for (hz, level_dbfs, least_db) in [
            (300.0, -10.0, 20.0),
            (1004.0, -10.0, 20.0),
            (1004.0, -40.0, 20.0),
            (3100.0, -20.0, 20.0),
            // Two bits for each sample of the upper band.
            (5000.0, -10.0, 12.0),
            (6800.0, -16.0, 12.0),
        ] {
            for packet in [160, 320, 480, 640, 960] {
                let said = level::sine(RATE_HZ, hz, level_dbfs, 16_320);
                let heard = through(&said, packet);
                let settled = &heard[1600..];
                let found = level::dominant_hz(settled, RATE_HZ).unwrap();
                assert!((found - hz).abs() < 2.0, "{found} Hz, not {hz}");
                let off = level::dbfs(settled) - level_dbfs;
                assert!(off.abs() < 1.0, "{hz} Hz is {off} dB off");
                let snr = snr_db(&said, &heard);
                assert!(snr > least_db, "{hz} Hz at {level_dbfs}: {snr} dB");
            }
        }
    }

    #[test]
    fn no_more_is_written_than_there_is_room() {
        let said = level::sine(RATE_HZ, 700.0, -10.0, 321);
        let mut payload = [0; 480];
        assert_eq!(G722Encoder::new().encode(&said, &mut payload), 160);
        assert_eq!(G722Encoder::new().encode(&said, &mut payload[..80]), 80);
        assert_eq!(G722Encoder::new().encode(&said[..1], &mut payload), 0);
        let mut out = [0; 320];
        assert_eq!(G722Decoder::new().decode(&payload, &mut out), 320);
        assert_eq!(G722Decoder::new().decode(&payload, &mut out[..5]), 4);
        assert_eq!(G722Decoder::new().decode(&[], &mut out), 0);
    }

    #[test]
    fn a_reset_decoder_is_a_new_one() {
        let payload: Vec<u8> = (0..160).map(|n| (n * 37) as u8).collect();
        let (mut used, mut first, mut again) = (G722Decoder::new(), [0; 320], [0; 320]);
        used.decode(&payload, &mut first);
        used.decode(&payload, &mut again);
        assert_ne!(first, again, "it remembers");
        used.reset();
        used.decode(&payload, &mut again);
        assert_eq!(first, again);
    }

    proptest! {
        #[test]
        fn any_bytes_and_any_samples_are_taken(
            payload in prop::collection::vec(any::<u8>(), 0..2000),
            samples in prop::collection::vec(prop_oneof![any::<i16>(), Just(i16::MIN), Just(i16::MAX)], 0..2000),
        ) {
            let mut out = [0; 4000];
            prop_assert_eq!(G722Decoder::new().decode(&payload, &mut out), payload.len() * 2);
            let mut bytes = [0; 2000];
            prop_assert_eq!(G722Encoder::new().encode(&samples, &mut bytes), samples.len() / 2);
        }
    }
}
