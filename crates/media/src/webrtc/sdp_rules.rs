//! What browsers want of our descriptions, and what the library may see of theirs.
//!
//! The library answers for what it can do; these rules make that what *we* want to do, and put it the
//! way web clients need it: sylkrtc.md §5.5. All candidates inside with `a=end-of-candidates`, the
//! same sections in the same order, refused ones with port 0, a direction on every section, only the
//! codecs wished for and in their order.

use super::section::{Description, Kind, Mapping, Section, is_direction};
use super::video_rules::{drop_layers, keep_pictures, layers, pictures};
use crate::control::{Codec, PeerWish};

/// Longest mid the library tells apart.
const MAX_MID: usize = 16;
/// How media is secured towards browsers. RFC 8829 §5.1.2.
const SECURED: &str = "UDP/TLS/RTP/SAVPF";
/// Lines of a media section that the library must not see: layers are said by [`layers`](super::video_rules::layers), and a transport is named once,
/// at the session.
const HIDDEN: [&str; 11] = [
    "a=simulcast:",
    "a=rid:",
    "a=bundle-only",
    "a=candidate:",
    "a=end-of-candidates",
    "a=ice-ufrag:",
    "a=ice-pwd:",
    "a=ice-options:",
    "a=fingerprint:",
    "a=setup:",
    "a=sctp-init:",
];

/// Why a description cannot be used; for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(String);

impl Refusal {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    /// Nobody could understand the other's audio.
    pub(super) fn no_codec() -> Self {
        Self::new("no codec in common")
    }
}

/// A description of a browser, screened.
#[derive(Clone, Debug)]
pub(super) struct Foreign {
    pub(super) description: Description,
    /// `a=candidate` lines, taken out: each is judged alone, and one that the library cannot read
    /// (mDNS names) must not spoil the rest.
    pub(super) candidates: Vec<String>,
}

/// One section of the exchange, in the order both sides keep for ever. RFC 3264 §8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The library knows it.
    Media(Section),
    /// It never sees it (data channels); we refuse it each time.
    Foreign(Section),
}

impl Slot {
    fn section(&self) -> &Section {
        match self {
            Self::Media(section) | Self::Foreign(section) => section,
        }
    }
}

/// Reads what a browser wrote and refuses what the library could choke on.
pub(super) fn read(text: &str) -> Result<Foreign, Refusal> {
    let control = |c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\t');
    if text.contains(control) || !text.is_ascii() {
        return Err(Refusal::new(
            "the description holds control or non-ASCII characters",
        ));
    }
    let mut description = Description::parse(text)?;
    let candidates = description.take_candidates();
    for name in ["ice-ufrag", "ice-pwd", "fingerprint"] {
        if description.anywhere(name).is_none() {
            return Err(Refusal::new(format!("the description has no {name}")));
        }
    }
    let mut mids: Vec<&str> = Vec::new();
    for section in &description.sections {
        let mid = section.mid().unwrap_or_default();
        let plain = |b: u8| b.is_ascii_graphic();
        if mid.is_empty() || mid.len() > MAX_MID || !mid.bytes().all(plain) || mids.contains(&mid) {
            return Err(Refusal::new("a media section has no usable mid of its own"));
        }
        mids.push(mid);
    }
    payload_types_mean_one_thing(&description)?;
    Ok(Foreign {
        description,
        candidates,
    })
}

/// Sections that share a transport share the payload types. RFC 9143 §8.1.
fn payload_types_mean_one_thing(description: &Description) -> Result<(), Refusal> {
    let mut known: Vec<Mapping> = Vec::new();
    let media = |section: &&Section| section.kind != Kind::Other;
    for section in description.sections.iter().filter(media) {
        for mapping in section.rtpmaps().chain(section.mappings()) {
            match known
                .iter()
                .find(|k| k.payload_type == mapping.payload_type)
            {
                None => known.push(mapping),
                Some(known) => {
                    let same = known.encoding.eq_ignore_ascii_case(&mapping.encoding)
                        && known.clock_rate_hz == mapping.clock_rate_hz
                        && known.channels == mapping.channels;
                    if !same {
                        return Err(Refusal::new("a payload type stands for two things"));
                    }
                }
            }
        }
    }
    Ok(())
}

/// The sections of a browser's offer as slots.
pub(super) fn slots(offer: &Description) -> Vec<Slot> {
    let slot = |section: &Section| match section.kind {
        Kind::Audio | Kind::Video => Slot::Media(section.clone()),
        Kind::Other => Slot::Foreign(section.clone()),
    };
    offer.sections.iter().map(slot).collect()
}

/// What the library sees of a browser's description: at most one section of audio and one of video
/// are live, and only those we want.
pub(super) fn for_library(
    description: &Description,
    slots: &[Slot],
    wish: &PeerWish,
) -> Result<String, Refusal> {
    if description.sections.len() != slots.len() {
        return Err(Refusal::new("the number of media sections changed"));
    }
    let live = |kind: Kind, section: &&Section| {
        section.kind == kind && description.is_live(section) && section.protocol == SECURED
    };
    let find = |kind| description.sections.iter().find(|s| live(kind, s));
    let audio = find(Kind::Audio);
    if audio.is_some_and(|section| codecs(section, wish).is_empty()) {
        return Err(Refusal::no_codec());
    }
    let video = find(Kind::Video).filter(|section| !pictures(section, wish).is_empty());
    let chosen = |section: &Section| {
        [audio, video]
            .iter()
            .flatten()
            .any(|chosen| chosen.mid() == section.mid())
    };
    let mids: Vec<String> = description
        .sections
        .iter()
        .filter(|section| chosen(section))
        .filter_map(|section| section.mid().map(str::to_owned))
        .collect();
    let bundled = description.bundled();
    let together = mids.iter().all(|mid| bundled.contains(&mid.as_str()));
    if mids.is_empty() || (mids.len() > 1 && !together) {
        return Err(Refusal::new(
            "the media sections do not share one transport",
        ));
    }
    let mut seen = Description {
        session: session(description, &mids)?,
        sections: Vec::new(),
    };
    for (section, slot) in description.sections.iter().zip(slots) {
        if section.kind != slot.section().kind {
            return Err(Refusal::new("the order of media sections changed"));
        }
        if let Slot::Foreign(_) = slot {
            continue;
        }
        let live = chosen(section);
        seen.sections.push(if live {
            seen_section(section, description)
        } else {
            // Its formats bind nobody.
            Section {
                formats: vec!["127".to_owned()],
                lines: section
                    .refused()
                    .lines
                    .into_iter()
                    .chain(["a=rtpmap:127 none/90000".to_owned()])
                    .collect(),
                protocol: SECURED.to_owned(),
                ..section.refused()
            }
        });
    }
    Ok(seen.to_string())
}

/// A live section as the library sees it.
fn seen_section(section: &Section, description: &Description) -> Section {
    let mut section = section.clone();
    let direction = if section.says_direction() {
        format!("a={}", section.direction())
    } else {
        session_direction(description)
    };
    let layers = layers(&section, &direction);
    section.port = 9;
    section.lines.retain(|line| {
        let hidden = HIDDEN.iter().any(|hidden| line.starts_with(hidden));
        line.starts_with("a=") && !hidden && !is_direction(line)
    });
    section.lines.push(direction);
    section.lines.extend(layers);
    let known: Vec<String> = section
        .mappings()
        .iter()
        .map(|mapping| mapping.payload_type.to_string())
        .collect();
    section.keep_formats(|format| known.iter().any(|k| k == format));
    one_fmtp_each(&mut section);
    section
}

/// The session part the library sees: only what it needs, in the only order it reads.
fn session(description: &Description, mids: &[String]) -> Result<Vec<String>, Refusal> {
    // Sections that share a transport may leave its attributes to one of them, any of them here.
    let first = description
        .sections
        .iter()
        .find(|s| s.value("ice-ufrag").is_some() && s.value("ice-pwd").is_some());
    let of = |name: &str| {
        first
            .and_then(|section| section.value(name))
            .or_else(|| description.anywhere(name))
    };
    let mut lines: Vec<String> = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0"]
        .map(str::to_owned)
        .into();
    lines.push(format!("a=group:BUNDLE {}", mids.join(" ")));
    if description.session.iter().any(|line| line == "a=ice-lite") {
        lines.push("a=ice-lite".to_owned());
    }
    for name in ["ice-ufrag", "ice-pwd", "fingerprint"] {
        let value = of(name).ok_or_else(|| Refusal::new(format!("{name} is missing")))?;
        lines.push(format!("a={name}:{}", value.trim()));
    }
    if let Some(setup) = of("setup").filter(|s| ["active", "passive", "actpass"].contains(s)) {
        lines.push(format!("a=setup:{setup}"));
    }
    Ok(lines)
}

/// The direction said for all sections at once, or what silence means. RFC 8866 §6.7.
fn session_direction(description: &Description) -> String {
    let mut said = description.session.iter().filter(|line| is_direction(line));
    said.next().map_or("a=sendrecv", |line| line).to_owned()
}

/// Of several `a=fmtp` for one format the first counts: with two, one stream could be said to repair
/// two others.
fn one_fmtp_each(section: &mut Section) {
    let mut seen: Vec<String> = Vec::new();
    section.lines.retain(|line| {
        let Some(rest) = line.strip_prefix("a=fmtp:") else {
            return true;
        };
        let format = rest.split(' ').next().unwrap_or(rest).to_owned();
        let new = !seen.contains(&format);
        seen.push(format);
        new
    });
}

/// Turns what the library wrote into what the browser gets.
///
/// `slots` are the sections so far; sections the library added stand behind them. `version` counts
/// our descriptions (RFC 3264 §8).
pub(super) fn for_browser(
    library: &str,
    slots: &mut Vec<Slot>,
    wish: &PeerWish,
    version: u64,
) -> Result<Description, Refusal> {
    let mut library = Description::parse(library)?;
    for line in &mut library.session {
        if let Some(origin) = line.strip_prefix("o=") {
            let id = origin.split(' ').nth(1).unwrap_or("0");
            *line = format!("o=- {id} {version} IN IP4 0.0.0.0");
        }
    }
    let mut candidates = library.take_candidates();
    candidates.push("a=end-of-candidates".to_owned());
    let mut written = std::mem::take(&mut library.sections).into_iter();
    let mut ours = Description {
        session: library.session,
        sections: Vec::new(),
    };
    for slot in slots.iter() {
        let section = match slot {
            Slot::Foreign(section) => section.refused(),
            Slot::Media(theirs) => match written.next() {
                Some(section) => dressed(section, theirs, wish)?,
                None => return Err(Refusal::new("the library lost a media section")),
            },
        };
        ours.sections.push(section);
    }
    for section in written {
        let section = dressed(section.clone(), &section, wish)?;
        slots.push(Slot::Media(section.clone()));
        ours.sections.push(section);
    }
    let live: Vec<String> = ours
        .sections
        .iter()
        .filter(|section| section.port != 0)
        .filter_map(|section| section.mid().map(str::to_owned))
        .collect();
    ours.set_bundled(&live);
    match ours.sections.iter_mut().find(|section| section.port != 0) {
        Some(first) => first.lines.extend(candidates),
        None => return Err(Refusal::new("no media section is left")),
    }
    Ok(ours)
}

/// One section the library wrote, with our formats only, or refused.
fn dressed(mut section: Section, theirs: &Section, wish: &PeerWish) -> Result<Section, Refusal> {
    if section.port == 0 {
        return Ok(theirs.refused());
    }
    match section.kind {
        Kind::Audio => {
            let wished = codecs(&section, wish);
            let clocks: Vec<u32> = wished.iter().map(|(m, _)| m.clock_rate_hz).collect();
            let mut mappings: Vec<Mapping> = wished.iter().map(|(m, _)| m.clone()).collect();
            // Events run on the clock of the audio beside them (RFC 4733 §2.1), or else on the one
            // that everybody has.
            let mut events: Vec<Mapping> =
                section.mappings().into_iter().filter(is_event).collect();
            // Who only listens has no use for keys that others press.
            if section.direction() == "sendonly" {
                events.clear();
            }
            let beside = |m: &&Mapping| clocks.contains(&m.clock_rate_hz);
            let any = events.iter().any(|m| beside(&m));
            let fits = |m: &&Mapping| beside(m) || (!any && m.clock_rate_hz == 8000);
            mappings.extend(events.iter().filter(fits).cloned());
            if wished.is_empty() {
                return Err(Refusal::no_codec());
            }
            let formats: Vec<String> = mappings
                .iter()
                .map(|mapping| mapping.payload_type.to_string())
                .collect();
            section.keep_formats(|format| formats.iter().any(|f| f == format));
            section.formats = formats;
        }
        Kind::Video => {
            let wished = pictures(&section, wish);
            if wished.is_empty() {
                return Ok(theirs.refused());
            }
            keep_pictures(&mut section, &wished);
            // The library goes on naming layers that were sent once.
            if layers(theirs, &format!("a={}", theirs.direction())).is_empty() {
                drop_layers(&mut section);
            }
        }
        Kind::Other => return Ok(theirs.refused()),
    }
    if !section.says_direction() {
        section.lines.push("a=sendrecv".to_owned());
    }
    Ok(section)
}

/// The formats of a section that the wish allows, best first.
pub(super) fn codecs(section: &Section, wish: &PeerWish) -> Vec<(Mapping, Codec)> {
    let mut found: Vec<(Mapping, Codec)> = section
        .mappings()
        .into_iter()
        .filter_map(|mapping| {
            let codec = Codec::from_name(&mapping.encoding)?;
            (wish.audio.contains(&codec) && codec.allows_rate(mapping.clock_rate_hz))
                .then_some((mapping, codec))
        })
        .collect();
    found.sort_by_key(|(_, codec)| wish.audio.iter().position(|wished| wished == codec));
    found
}

pub(super) fn is_event(mapping: &Mapping) -> bool {
    mapping.encoding.eq_ignore_ascii_case("telephone-event")
}
