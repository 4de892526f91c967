//! WAV: headers read from and written to bytes, samples decoded and encoded. RIFF/WAVE as in
//! Microsoft's "Multiple Channel Audio Data and WAVE Files"; RFC 2361 for the format codes.

use crate::codec::g711;

/// Bytes of the header we write.
pub const HEADER_BYTES: usize = 44;
/// Chunks in front of the samples beyond this are an attack, not metadata.
const MAX_HEADER: u64 = 1 << 20;

/// How samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Unsigned 8 bit.
    Unsigned8,
    /// Signed 16 bit, little-endian.
    Signed16,
    /// Signed 24 bit, little-endian.
    Signed24,
    /// Signed 32 bit, little-endian.
    Signed32,
    /// IEEE 754 single, ±1.
    Float32,
    /// IEEE 754 double, ±1.
    Float64,
    /// G.711 µ-law.
    Ulaw,
    /// G.711 A-law.
    Alaw,
}

impl Encoding {
    /// Bytes of one sample of one channel.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Unsigned8 | Self::Ulaw | Self::Alaw => 1,
            Self::Signed16 => 2,
            Self::Signed24 => 3,
            Self::Signed32 | Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }

    /// One sample, from exactly [`Encoding::bytes`] bytes (fewer give silence), as 16 bit.
    #[must_use]
    pub fn sample(self, bytes: &[u8]) -> i16 {
        match (self, bytes) {
            (Self::Unsigned8, &[a]) => (i16::from(a) - 128) << 8,
            (Self::Ulaw, &[a]) => g711::ulaw_to_linear(a),
            (Self::Alaw, &[a]) => g711::alaw_to_linear(a),
            (Self::Signed16, &[a, b])
            | (Self::Signed24, &[_, a, b])
            | (Self::Signed32, &[_, _, a, b]) => i16::from_le_bytes([a, b]),
            (Self::Float32, &[a, b, c, d]) => {
                (f32::from_le_bytes([a, b, c, d]) * 32_767.0).round() as i16
            }
            (Self::Float64, &[a, b, c, d, e, f, g, h]) => {
                (f64::from_le_bytes([a, b, c, d, e, f, g, h]) * 32_767.0).round() as i16
            }
            (
                Self::Unsigned8
                | Self::Ulaw
                | Self::Alaw
                | Self::Signed16
                | Self::Signed24
                | Self::Signed32
                | Self::Float32
                | Self::Float64,
                _,
            ) => 0,
        }
    }
}

/// What a file holds and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// How samples are stored.
    pub encoding: Encoding,
    /// 1–8.
    pub channels: u16,
    /// 1,000–192,000 hertz.
    pub rate_hz: u32,
    /// First byte of the samples.
    pub data_at: u64,
    /// Bytes of samples; larger than the file when its writer died before finishing it.
    pub data_bytes: u64,
}

impl Layout {
    /// Bytes of one sample of all channels.
    #[must_use]
    pub fn frame_bytes(&self) -> usize {
        self.encoding.bytes() * usize::from(self.channels)
    }

    /// Mixes whole frames down to mono; returns the samples written.
    pub fn mono(&self, bytes: &[u8], out: &mut [i16]) -> usize {
        let size = self.encoding.bytes();
        let channels = i32::from(self.channels.max(1));
        let mut written = 0;
        for (sample, frame) in out.iter_mut().zip(bytes.chunks_exact(self.frame_bytes())) {
            let sum: i32 = frame
                .chunks_exact(size)
                .map(|s| i32::from(self.encoding.sample(s)))
                .sum();
            *sample = (sum / channels) as i16;
            written += 1;
        }
        written
    }
}

/// Why bytes are no WAV we can play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WavError {
    /// Not RIFF/WAVE.
    #[error("not a WAV file")]
    NotWav,
    /// A format or rate we do not read.
    #[error("unsupported WAV format {0}")]
    Unsupported(u16),
    /// The header does not end where headers end.
    #[error("the WAV header is damaged")]
    Damaged,
}

/// Reads the header at the beginning of a file: `Ok(None)` = give more bytes (of at most 1 MiB).
///
/// # Errors
/// [`WavError`] when more bytes would not help.
pub fn layout(head: &[u8]) -> Result<Option<Layout>, WavError> {
    let Some(riff) = head.get(..12) else {
        return Ok(None);
    };
    if &riff[..4] != b"RIFF" || &riff[8..] != b"WAVE" {
        return Err(WavError::NotWav);
    }
    let mut format = None;
    let mut at = 12u64;
    loop {
        if at > MAX_HEADER {
            return Err(WavError::Damaged);
        }
        let start = at as usize;
        let Some(chunk) = head.get(start..start + 8) else {
            return Ok(None);
        };
        let length = u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]);
        let body = at + 8;
        match &chunk[..4] {
            b"fmt " => {
                if !(16..=4096).contains(&length) {
                    return Err(WavError::Damaged);
                }
                let Some(bytes) = head.get(start + 8..start + 8 + length as usize) else {
                    return Ok(None);
                };
                format = Some(read_format(bytes)?);
            }
            b"data" => {
                let (encoding, channels, rate_hz) = format.ok_or(WavError::Damaged)?;
                let data_bytes = u64::from(length);
                return Ok(Some(Layout {
                    encoding,
                    channels,
                    rate_hz,
                    data_at: body,
                    data_bytes,
                }));
            }
            _ => {}
        }
        // Chunks begin on even bytes.
        at = body + u64::from(length) + u64::from(length & 1);
    }
}

fn read_format(bytes: &[u8]) -> Result<(Encoding, u16, u32), WavError> {
    let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let mut code = half(0);
    let channels = half(2);
    let rate_hz = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    let bits = half(14);
    // WAVE_FORMAT_EXTENSIBLE keeps the real code at the beginning of its GUID.
    if code == 0xfffe {
        if bytes.len() < 26 {
            return Err(WavError::Damaged);
        }
        code = half(24);
    }
    let encoding = match (code, bits) {
        (1, 8) => Encoding::Unsigned8,
        (1, 16) => Encoding::Signed16,
        (1, 24) => Encoding::Signed24,
        (1, 32) => Encoding::Signed32,
        (3, 32) => Encoding::Float32,
        (3, 64) => Encoding::Float64,
        (6, 8) => Encoding::Alaw,
        (7, 8) => Encoding::Ulaw,
        _ => return Err(WavError::Unsupported(code)),
    };
    if !(1..=8).contains(&channels) || !(1000..=192_000).contains(&rate_hz) {
        return Err(WavError::Unsupported(code));
    }
    Ok((encoding, channels, rate_hz))
}

/// The header of a 16 bit PCM file with so many bytes of samples (more than 4 GiB are written as 4
/// GiB − 1, which players read to the end of the file).
#[must_use]
pub fn header(rate_hz: u32, channels: u16, data_bytes: u64) -> [u8; HEADER_BYTES] {
    let data_bytes = u32::try_from(data_bytes).unwrap_or(u32::MAX - 36);
    let frame = channels * 2;
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(b"RIFF");
    header[4..8].copy_from_slice(&data_bytes.saturating_add(36).to_le_bytes());
    header[8..16].copy_from_slice(b"WAVEfmt ");
    header[16..20].copy_from_slice(&16u32.to_le_bytes());
    header[20..22].copy_from_slice(&1u16.to_le_bytes());
    header[22..24].copy_from_slice(&channels.to_le_bytes());
    header[24..28].copy_from_slice(&rate_hz.to_le_bytes());
    header[28..32].copy_from_slice(&(rate_hz * u32::from(frame)).to_le_bytes());
    header[32..34].copy_from_slice(&frame.to_le_bytes());
    header[34..36].copy_from_slice(&16u16.to_le_bytes());
    header[36..40].copy_from_slice(b"data");
    header[40..44].copy_from_slice(&data_bytes.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(code: u16, bits: u16, channels: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = header(8000, channels, data.len() as u64).to_vec();
        bytes[20..22].copy_from_slice(&code.to_le_bytes());
        bytes[34..36].copy_from_slice(&bits.to_le_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    fn heard(file: &[u8]) -> Vec<i16> {
        let layout = layout(file).unwrap().unwrap();
        let mut out = vec![0; 16];
        let written = layout.mono(&file[layout.data_at as usize..], &mut out);
        out.truncate(written);
        out
    }

    #[test]
    fn what_we_write_we_read_at_any_cut() {
        let bytes = file(1, 16, 2, &[0, 1, 0, 3, 0xff, 0xff, 0xff, 0xff]);
        for cut in 0..HEADER_BYTES {
            assert_eq!(layout(&bytes[..cut]), Ok(None), "{cut}");
        }
        let layout = layout(&bytes).unwrap().unwrap();
        assert_eq!(
            (layout.rate_hz, layout.channels, layout.data_bytes),
            (8000, 2, 8)
        );
        assert_eq!(heard(&bytes), [512, -1]);
    }

    #[test]
    fn every_encoding_gives_the_same_half_scale() {
        let half = 16_384i16;
        let files = [
            file(1, 8, 1, &[192]),
            file(1, 16, 1, &half.to_le_bytes()),
            file(1, 24, 1, &[0, 0, 64]),
            file(1, 32, 1, &[0, 0, 0, 64]),
            file(3, 32, 1, &0.5f32.to_le_bytes()),
            file(3, 64, 1, &0.5f64.to_le_bytes()),
            file(6, 8, 1, &[g711::linear_to_alaw(half)]),
            file(7, 8, 1, &[g711::linear_to_ulaw(half)]),
        ];
        for file in files {
            let [sample] = heard(&file)[..] else {
                panic!("one sample")
            };
            assert!((sample - half).abs() <= 512, "{sample}");
        }
    }

    #[test]
    fn other_chunks_are_skipped_and_other_formats_refused() {
        let mut bytes = file(1, 16, 1, &[1, 0]);
        let tail = bytes.split_off(12);
        bytes.extend(b"LIST\x03\0\0\0abc\0");
        bytes.extend(tail);
        assert_eq!(heard(&bytes), [1]);
        assert_eq!(
            layout(&file(85, 16, 1, &[])),
            Err(WavError::Unsupported(85))
        );
        assert_eq!(layout(b"ID3 is no WAV"), Err(WavError::NotWav));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            tail in proptest::collection::vec(any::<u8>(), 0..80),
            kind in prop::sample::select(vec![&b"fmt "[..], b"data", b"LIST"]),
        ) {
            let mut bytes = b"RIFF\0\0\0\0WAVE".to_vec();
            bytes.extend(kind);
            bytes.extend(tail);
            prop_assert!(layout(&bytes).is_ok_and(|l| l.is_none_or(|l| l.channels > 0)) || layout(&bytes).is_err());
        }
    }
}
