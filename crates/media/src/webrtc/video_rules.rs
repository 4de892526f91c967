//! What is said of video in descriptions: which codecs we take, and which layers.

use super::layers::MAX_LAYERS;
use super::section::{Kind, Section};
use crate::control::{PeerWish, VideoCodec};

/// Longest name of a layer the library tells apart.
const MAX_RID: usize = 8;

/// What a browser says of the layers it sends side by side (RFC 8853), put plainly: the first of alternatives, none paused,
/// without restrictions.
///
/// Only of one that sends and does not want to see: in a call one stream goes each way. One with more layers than we
/// know, or names we cannot tell apart, sends a single one, because the answer does not speak of layers.
pub(super) fn layers(section: &Section, direction: &str) -> Vec<String> {
    if section.kind != Kind::Video || direction != "a=sendonly" {
        return Vec::new();
    }
    let mut words = section.value("simulcast").unwrap_or_default().split(' ');
    let sent = words
        .find(|word| *word == "send")
        .and_then(|_| words.next());
    let first = |alternatives: &str| -> String {
        let first = alternatives.split(',').next().unwrap_or_default();
        first.trim_start_matches('~').to_owned()
    };
    let names: Vec<String> = sent.unwrap_or_default().split(';').map(first).collect();
    let described = |name: &String| {
        let line = format!("a=rid:{name} send");
        let usable = (1..=MAX_RID).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let twice = names.iter().filter(|n| *n == name).count() > 1;
        usable && !twice && section.lines.iter().any(|l| l.starts_with(&line))
    };
    if !(2..=MAX_LAYERS).contains(&names.len()) || !names.iter().all(described) {
        return Vec::new();
    }
    let mut lines: Vec<String> = names
        .iter()
        .map(|name| format!("a=rid:{name} send"))
        .collect();
    lines.push(format!("a=simulcast:send {}", names.join(";")));
    lines
}

/// Leaves layers out of a section: one video is meant.
pub(super) fn drop_layers(section: &mut Section) {
    let named = |line: &str| line.starts_with("a=rid:") || line.starts_with("a=simulcast:");
    section.lines.retain(|line| !named(line));
}

/// The layers our own description takes, in the order of the browser's.
pub(super) fn received_layers(ours: &Section) -> Vec<&str> {
    let said = ours.value("simulcast").unwrap_or_default();
    let received = said.strip_prefix("recv ").unwrap_or_default();
    received
        .split(';')
        .filter(|name| !name.is_empty())
        .collect()
}

/// The pictures of a section that the wish allows, in the section's order.
///
/// The codec that is preferred stands alone where it is there: who sends in one codec never changes it under those who
/// watch. VP9 is taken only where it is preferred: not every browser in a call sends it well.
pub(super) fn pictures(section: &Section, wish: &PeerWish) -> Vec<VideoCodec> {
    if !wish.video {
        return Vec::new();
    }
    let mut there: Vec<VideoCodec> = Vec::new();
    let mappings = section.mappings();
    for codec in mappings.iter().filter_map(|m| video_codec(&m.encoding)) {
        if !there.contains(&codec) {
            there.push(codec);
        }
    }
    if let Some(codec) = wish.prefer_video.filter(|codec| there.contains(codec)) {
        return vec![codec];
    }
    there.retain(|codec| match &wish.far_video {
        Some(far) => far.contains(codec),
        None => *codec != VideoCodec::Vp9,
    });
    // Our side of a browser that only sends: it keeps to one codec.
    if section.direction() == "recvonly" {
        there.truncate(1);
    }
    there
}

/// Keeps of a section what is coded so, and what repairs it (RFC 4588 §8).
pub(super) fn keep_pictures(section: &mut Section, codecs: &[VideoCodec]) {
    let mappings = section.mappings();
    let wanted = |encoding: &str| video_codec(encoding).is_some_and(|c| codecs.contains(&c));
    let kept: Vec<u8> = mappings
        .iter()
        .filter(|m| wanted(&m.encoding))
        .map(|m| m.payload_type)
        .collect();
    let repairs = |payload_type: u8| {
        section
            .format_parameters(payload_type)
            .and_then(|parameters| {
                parameters
                    .split(';')
                    .find_map(|p| p.trim().strip_prefix("apt="))
            })
            .and_then(|repaired| repaired.parse().ok())
            .is_some_and(|repaired: u8| kept.contains(&repaired))
    };
    let formats: Vec<String> = mappings
        .iter()
        .filter(|m| kept.contains(&m.payload_type) || repairs(m.payload_type))
        .map(|m| m.payload_type.to_string())
        .collect();
    section.keep_formats(|format| formats.iter().any(|f| f == format));
}

/// The picture we forward under that name.
pub(super) fn video_codec(encoding: &str) -> Option<VideoCodec> {
    [
        ("VP8", VideoCodec::Vp8),
        ("VP9", VideoCodec::Vp9),
        ("H264", VideoCodec::H264),
    ]
    .iter()
    .find(|(name, _)| name.eq_ignore_ascii_case(encoding))
    .map(|(_, codec)| *codec)
}
