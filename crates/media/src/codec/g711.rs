//! G.711: eight bits of logarithmic level per sample, µ-law and A-law. ITU-T G.711.
//!
//! Decoding is a table of 256; encoding is a table over the upper bits of the sample (µ-law over 14,
//! A-law over 13 bits, which is all the laws distinguish), both computed when the crate is compiled.

/// Added to µ-law magnitudes so that every segment starts at a power of two. In 14 bit units.
const ULAW_BIAS: i32 = 33;
/// Largest 14 bit magnitude µ-law tells apart.
const ULAW_CLIP: i32 = 8158;

static ULAW_TO_LINEAR: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = ulaw_expand(code as u8);
        code += 1;
    }
    table
};

static ALAW_TO_LINEAR: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = alaw_expand(code as u8);
        code += 1;
    }
    table
};

/// Index: sample >> 2, as unsigned 14 bits.
static LINEAR_TO_ULAW: [u8; 16_384] = {
    let mut table = [0; 16_384];
    let mut index = 0;
    while index < 16_384 {
        let sample = if index < 8192 {
            index as i32
        } else {
            index as i32 - 16_384
        };
        table[index] = ulaw_compress(sample);
        index += 1;
    }
    table
};

/// Index: sample >> 3, as unsigned 13 bits.
static LINEAR_TO_ALAW: [u8; 8192] = {
    let mut table = [0; 8192];
    let mut index = 0;
    while index < 8192 {
        let sample = if index < 4096 {
            index as i32
        } else {
            index as i32 - 8192
        };
        table[index] = alaw_compress(sample);
        index += 1;
    }
    table
};

/// Position of the highest set bit of a positive number.
const fn top_bit(value: i32) -> u32 {
    31 - (value as u32).leading_zeros()
}

/// 14 bit sample to code. Codes are transmitted inverted.
const fn ulaw_compress(sample: i32) -> u8 {
    let (sign, magnitude) = if sample < 0 {
        (0x80, -1 - sample)
    } else {
        (0, sample)
    };
    let clipped = if magnitude > ULAW_CLIP {
        ULAW_CLIP
    } else {
        magnitude
    };
    let biased = clipped + ULAW_BIAS;
    let segment = top_bit(biased) - 5;
    let step = (biased >> (segment + 1)) & 0x0f;
    !(sign | (segment as u8) << 4 | step as u8)
}

const fn ulaw_expand(code: u8) -> i16 {
    let code = !code;
    let segment = (code >> 4 & 0x07) as u32;
    let step = (code & 0x0f) as i32;
    let magnitude = (((step << 1) + ULAW_BIAS) << segment) - ULAW_BIAS;
    let sample = if code & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    };
    (sample << 2) as i16
}

/// 13 bit sample to code. Even bits are transmitted inverted, and the sign bit is 1 for positive.
const fn alaw_compress(sample: i32) -> u8 {
    let (sign, magnitude) = if sample < 0 {
        (0, -1 - sample)
    } else {
        (0x80, sample)
    };
    let code = if magnitude < 32 {
        (magnitude >> 1) as u8
    } else {
        let segment = top_bit(magnitude) - 4;
        (segment as u8) << 4 | (magnitude >> segment & 0x0f) as u8
    };
    (code | sign) ^ 0x55
}

const fn alaw_expand(code: u8) -> i16 {
    let code = code ^ 0x55;
    let segment = (code >> 4 & 0x07) as u32;
    let step = (code & 0x0f) as i32;
    let magnitude = if segment == 0 {
        (step << 1) + 1
    } else {
        ((step << 1) + 33) << (segment - 1)
    };
    let sample = if code & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    };
    (sample << 3) as i16
}

/// One µ-law byte as a sample.
#[must_use]
pub fn ulaw_to_linear(code: u8) -> i16 {
    ULAW_TO_LINEAR[usize::from(code)]
}

/// One A-law byte as a sample.
#[must_use]
pub fn alaw_to_linear(code: u8) -> i16 {
    ALAW_TO_LINEAR[usize::from(code)]
}

/// One sample as a µ-law byte.
#[must_use]
pub fn linear_to_ulaw(sample: i16) -> u8 {
    LINEAR_TO_ULAW[usize::from((sample as u16) >> 2)]
}

/// One sample as an A-law byte.
#[must_use]
pub fn linear_to_alaw(sample: i16) -> u8 {
    LINEAR_TO_ALAW[usize::from((sample as u16) >> 3)]
}

fn each<A: Copy, B>(from: &[A], to: &mut [B], convert: impl Fn(A) -> B) -> usize {
    let length = from.len().min(to.len());
    for (to, &from) in to[..length].iter_mut().zip(&from[..length]) {
        *to = convert(from);
    }
    length
}

/// Decodes as much µ-law as fits and returns the samples written.
pub fn ulaw_decode(payload: &[u8], out: &mut [i16]) -> usize {
    each(payload, out, ulaw_to_linear)
}

/// Encodes as much to µ-law as fits and returns the bytes written.
pub fn ulaw_encode(samples: &[i16], out: &mut [u8]) -> usize {
    each(samples, out, linear_to_ulaw)
}

/// Decodes as much A-law as fits and returns the samples written.
pub fn alaw_decode(payload: &[u8], out: &mut [i16]) -> usize {
    each(payload, out, alaw_to_linear)
}

/// Encodes as much to A-law as fits and returns the bytes written.
pub fn alaw_encode(samples: &[i16], out: &mut [u8]) -> usize {
    each(samples, out, linear_to_alaw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_recommendation() {
        // G.711 tables 1a and 2a, first and last values of the laws, scaled to 16 bit.
        assert_eq!(ulaw_to_linear(0x80), 32_124);
        assert_eq!(ulaw_to_linear(0x00), -32_124);
        assert_eq!(ulaw_to_linear(0xff), 0);
        assert_eq!(linear_to_ulaw(0), 0xff);
        assert_eq!(alaw_to_linear(0xaa), 32_256);
        assert_eq!(alaw_to_linear(0x2a), -32_256);
        assert_eq!(alaw_to_linear(0xd5), 8);
        assert_eq!(linear_to_alaw(0), 0xd5);
    }

    #[test]
    fn every_code_survives_decoding_and_encoding() {
        for code in 0..=255u8 {
            let ulaw = linear_to_ulaw(ulaw_to_linear(code));
            // µ-law has two zeros; both are the same sample.
            assert_eq!(ulaw, if code == 0x7f { 0xff } else { code });
            assert_eq!(linear_to_alaw(alaw_to_linear(code)), code);
        }
    }

    #[test]
    fn the_error_is_never_more_than_half_a_step() {
        for sample in (-32_000..=32_000).step_by(7) {
            let sample = sample as i16;
            let allowed = f64::from(sample.unsigned_abs()) / 32.0 + 16.0;
            for heard in [
                ulaw_to_linear(linear_to_ulaw(sample)),
                alaw_to_linear(linear_to_alaw(sample)),
            ] {
                assert!(f64::from(i32::from(heard) - i32::from(sample)).abs() <= allowed);
            }
        }
    }

    #[test]
    fn a_tone_keeps_its_level_through_both_laws() {
        let tone = crate::level::sine(8000, 1004.0, -10.0, 8000);
        let (mut coded, mut heard) = (vec![0; 8000], vec![0; 8000]);
        ulaw_encode(&tone, &mut coded);
        ulaw_decode(&coded, &mut heard);
        assert!((crate::level::dbfs(&heard) + 10.0).abs() < 0.05);
        alaw_encode(&tone, &mut coded);
        alaw_decode(&coded, &mut heard);
        assert!((crate::level::dbfs(&heard) + 10.0).abs() < 0.05);
    }
}
