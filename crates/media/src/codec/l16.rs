//! Linear 16 bit samples in network order. RFC 3551 §4.5.11.

/// Decodes as much as fits; an odd last byte is ignored. Returns the samples written.
pub fn decode(payload: &[u8], out: &mut [i16]) -> usize {
    let mut written = 0;
    for (sample, bytes) in out.iter_mut().zip(payload.chunks_exact(2)) {
        *sample = i16::from_be_bytes([bytes[0], bytes[1]]);
        written += 1;
    }
    written
}

/// Encodes as much as fits whole. Returns the bytes written.
pub fn encode(samples: &[i16], out: &mut [u8]) -> usize {
    let mut written = 0;
    for (bytes, sample) in out.chunks_exact_mut(2).zip(samples) {
        bytes.copy_from_slice(&sample.to_be_bytes());
        written += 2;
    }
    written
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_high_byte_comes_first_and_odd_bytes_are_dropped() {
        let mut samples = [0; 4];
        assert_eq!(
            super::decode(&[0x12, 0x34, 0xff, 0xfe, 0x77], &mut samples),
            2
        );
        assert_eq!(samples[..2], [0x1234, -2]);
        let mut bytes = [0; 5];
        assert_eq!(super::encode(&samples[..3], &mut bytes), 4);
        assert_eq!(bytes[..4], [0x12, 0x34, 0xff, 0xfe]);
    }
}
