//! Where a picture begins that needs no picture before it.

use crate::control::VideoCodec;

/// Whether the first packet of a whole picture has this payload.
pub(super) fn begins(format: VideoCodec, payload: &[u8]) -> bool {
    match format {
        VideoCodec::Vp8 => vp8(payload),
        VideoCodec::Vp9 => vp9(payload),
        VideoCodec::H264 => h264(payload),
    }
    .unwrap_or(false)
}

/// RFC 7741 §4.2 and §4.3: start of the first partition, and P of the payload header not set.
fn vp8(payload: &[u8]) -> Option<bool> {
    let (&first, mut rest) = payload.split_first()?;
    let (start, partition) = (first & 0x10 != 0, first & 0x07);
    if first & 0x80 != 0 {
        let (&extension, after) = rest.split_first()?;
        rest = after;
        if extension & 0x80 != 0 {
            // The picture id has one byte, or two.
            let skip = if rest.first()? & 0x80 == 0 { 1 } else { 2 };
            rest = rest.get(skip..)?;
        }
        let fields = usize::from(extension & 0x40 != 0) + usize::from(extension & 0x30 != 0);
        rest = rest.get(fields..)?;
    }
    Some(start && partition == 0 && rest.first()? & 0x01 == 0)
}

/// RFC 9628 §4.2: start of a frame (B) that is not predicted from another picture (P), in the lowest spatial layer.
fn vp9(payload: &[u8]) -> Option<bool> {
    let (&first, mut rest) = payload.split_first()?;
    let bit = |bit: u8| first & bit != 0;
    let (has_id, predicted, layered, start) = (bit(0x80), bit(0x40), bit(0x20), bit(0x08));
    if has_id {
        let skip = if rest.first()? & 0x80 == 0 { 1 } else { 2 };
        rest = rest.get(skip..)?;
    }
    let spatial = if layered {
        rest.first()? >> 1 & 0x07
    } else {
        0
    };
    Some(start && !predicted && spatial == 0)
}

/// RFC 6184 §5: parameter sets, which come before the picture they are for, or the start of an IDR picture.
fn h264(payload: &[u8]) -> Option<bool> {
    const IDR: u8 = 5;
    const SEQUENCE_PARAMETERS: u8 = 7;
    const STAP_A: u8 = 24;
    const FU_A: u8 = 28;
    let begins = |unit: u8| matches!(unit & 0x1f, IDR | SEQUENCE_PARAMETERS);
    let (&indicator, mut rest) = payload.split_first()?;
    Some(match indicator & 0x1f {
        STAP_A => loop {
            let [high, low, unit, ..] = rest else {
                break false;
            };
            if begins(*unit) {
                break true;
            }
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            rest = rest.get(2 + length..)?;
        },
        FU_A => {
            let header = rest.first()?;
            header & 0x80 != 0 && begins(*header)
        }
        _ => begins(indicator),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(format: VideoCodec, payload: &[u8], expected: bool) {
        assert_eq!(begins(format, payload), expected, "{format:?} {payload:x?}");
    }

    #[test]
    fn vp8_begins_with_the_first_partition_of_a_key_frame() {
        let whole = [0x10, 0x50, 0x01, 0x00, 0x9d, 0x01, 0x2a];
        check(VideoCodec::Vp8, &whole, true);
        // Predicted; not the start; another partition.
        check(VideoCodec::Vp8, &[0x10, 0x51], false);
        check(VideoCodec::Vp8, &[0x00, 0x50], false);
        check(VideoCodec::Vp8, &[0x11, 0x50], false);
        // With picture ids of one and of two bytes, TL0PICIDX, TID and KEYIDX.
        check(VideoCodec::Vp8, &[0x90, 0x80, 0x11, 0x50], true);
        check(VideoCodec::Vp8, &[0x90, 0x80, 0x91, 0x11, 0x50], true);
        check(
            VideoCodec::Vp8,
            &[0x90, 0xf0, 0x91, 0x11, 7, 0x20, 0x50],
            true,
        );
        check(
            VideoCodec::Vp8,
            &[0x90, 0xf0, 0x91, 0x11, 7, 0x20, 0x51],
            false,
        );
        check(VideoCodec::Vp8, &[0x90, 0x20, 0x20, 0x50], true);
        check(VideoCodec::Vp8, &[0x90, 0xf0, 0x91, 0x11, 7, 0x20], false);
    }

    #[test]
    fn vp9_begins_with_the_lowest_layer_of_a_picture_that_is_not_predicted() {
        check(VideoCodec::Vp9, &[0x88, 0x11, 0], true);
        check(VideoCodec::Vp9, &[0x88, 0x91, 0x11, 0], true);
        check(VideoCodec::Vp9, &[0x08, 0], true);
        // Predicted; not the start.
        check(VideoCodec::Vp9, &[0xc8, 0x11, 0], false);
        check(VideoCodec::Vp9, &[0x80, 0x11, 0], false);
        // Spatial layers 0 and 1.
        check(VideoCodec::Vp9, &[0xa8, 0x91, 0x11, 0x00, 0], true);
        check(VideoCodec::Vp9, &[0xa8, 0x91, 0x11, 0x02, 0], false);
    }

    #[test]
    fn h264_begins_with_its_parameters_or_an_idr_picture() {
        check(VideoCodec::H264, &[0x67, 0x42], true);
        check(VideoCodec::H264, &[0x65, 0x88], true);
        check(VideoCodec::H264, &[0x68, 0xce], false);
        check(VideoCodec::H264, &[0x41, 0x9a], false);
        // Aggregated: a delimiter, then the parameters; and an SEI alone.
        check(
            VideoCodec::H264,
            &[0x78, 0, 2, 9, 0x10, 0, 2, 0x67, 0x42],
            true,
        );
        check(VideoCodec::H264, &[0x78, 0, 2, 6, 0x10], false);
        check(VideoCodec::H264, &[0x78, 0, 200, 6, 0x10], false);
        // In fragments: the first, a later one, one of another picture.
        check(VideoCodec::H264, &[0x7c, 0x85], true);
        check(VideoCodec::H264, &[0x7c, 0x05], false);
        check(VideoCodec::H264, &[0x7c, 0x81], false);
    }

    proptest! {
        #[test]
        fn no_payload_is_too_short_or_too_strange(payload in proptest::collection::vec(any::<u8>(), 0..40)) {
            for format in [VideoCodec::Vp8, VideoCodec::Vp9, VideoCodec::H264] {
                begins(format, &payload);
            }
        }
    }
}
