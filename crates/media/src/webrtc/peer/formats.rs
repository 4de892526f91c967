//! The library's words for what is in a packet, and ours.

use str0m::format::Codec as Format;
use str0m::rtp::VideoOrientation;

use crate::control::{Codec, VideoCodec};

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's enum is open")]
pub(super) fn video_codec(format: Format) -> Option<VideoCodec> {
    match format {
        Format::Vp8 => Some(VideoCodec::Vp8),
        Format::Vp9 => Some(VideoCodec::Vp9),
        Format::H264 => Some(VideoCodec::H264),
        _ => None,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's enum is open")]
pub(super) fn audio_codec(format: Format) -> Option<Codec> {
    match format {
        Format::Opus => Some(Codec::Opus),
        Format::G722 => Some(Codec::G722),
        Format::PCMU => Some(Codec::Pcmu),
        Format::PCMA => Some(Codec::Pcma),
        _ => None,
    }
}

pub(super) fn orientation(degrees: u16) -> VideoOrientation {
    match degrees {
        90 => VideoOrientation::Deg90,
        180 => VideoOrientation::Deg180,
        270 => VideoOrientation::Deg270,
        _ => VideoOrientation::Deg0,
    }
}

pub(super) fn degrees(orientation: VideoOrientation) -> u16 {
    match orientation {
        VideoOrientation::Deg0 => 0,
        VideoOrientation::Deg90 => 90,
        VideoOrientation::Deg180 => 180,
        VideoOrientation::Deg270 => 270,
    }
}
