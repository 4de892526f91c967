//! A session description as plain data.

use super::attribute::{Crypto, Direction, RtpMap, static_payload};

/// Longest description read, in bytes: a browser's offer with video is about 7 kB.
pub const MAX_SDP: usize = 32_768;
/// Most media lines read.
pub const MAX_MEDIA: usize = 32;
/// Most payload types read per media line: there are 128.
pub const MAX_CODECS: usize = 128;

/// `o=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// User name, `-` when none.
    pub username: String,
    /// Session id: constant for the life of the session.
    pub id: String,
    /// Grows by one with each changed description (RFC 3264 §8).
    pub version: u64,
    /// Address of the origin.
    pub address: String,
}

/// `a=name:value`, or `a=name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Name.
    pub name: String,
    /// Value, if any.
    pub value: Option<String>,
}

impl Attribute {
    /// An attribute with a value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: Some(value.into()),
        }
    }

    /// An attribute that is only a name.
    pub fn flag(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: None,
        }
    }
}

/// A whole description. Attributes nobody here understands are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionDescription {
    /// `o=`.
    pub origin: Origin,
    /// `s=`.
    pub name: String,
    /// Address of `c=` at session level.
    pub connection: Option<String>,
    /// `b=` at session level, type and kbit/s.
    pub bandwidths: Vec<(String, u64)>,
    /// `a=` at session level.
    pub attributes: Vec<Attribute>,
    /// `m=` lines in order.
    pub media: Vec<MediaDescription>,
}

/// One `m=` line with what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaDescription {
    /// `audio`, `video`, `image`, …
    pub kind: String,
    /// 0 means refused.
    pub port: u16,
    /// `RTP/AVP`, `RTP/SAVPF`, …
    pub protocol: String,
    /// Payload types or other formats, in order of preference.
    pub formats: Vec<String>,
    /// Address of `c=` under this line.
    pub connection: Option<String>,
    /// `b=`, type and its number: kbit/s of most, bit/s of `TIAS`.
    pub bandwidths: Vec<(String, u64)>,
    /// `a=`.
    pub attributes: Vec<Attribute>,
}

/// A payload type with what `rtpmap` and `fmtp` say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codec {
    /// 0–127.
    pub payload_type: u8,
    /// Encoding name as written; compare without regard to case.
    pub name: String,
    /// RTP clock in hertz.
    pub clock_rate: u32,
    /// Channels.
    pub channels: u8,
    /// Value of `fmtp` behind the payload type.
    pub fmtp: Option<String>,
}

impl Codec {
    /// Whether both name the same encoding (RFC 3264 §6.1: name, clock and channels), and of H.264 the same kind of it.
    pub fn is_same_encoding(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
            && self.clock_rate == other.clock_rate
            && self.channels == other.channels
            && (!self.is_h264()
                || super::h264::is_same(self.fmtp.as_deref(), other.fmtp.as_deref()))
    }

    fn is_h264(&self) -> bool {
        self.name.eq_ignore_ascii_case("H264")
    }

    /// This codec of ours as the answer to an offer of `theirs` describes it.
    pub(super) fn answering(&self, theirs: &Self) -> Self {
        let fmtp = if self.is_h264() {
            super::h264::answer(self.fmtp.as_deref(), theirs.fmtp.as_deref())
        } else {
            self.fmtp.clone()
        };
        Self {
            // The answer uses the offerer's payload types in both directions (RFC 3264 §6.1).
            payload_type: theirs.payload_type,
            fmtp,
            ..self.clone()
        }
    }
}

impl SessionDescription {
    /// The address media of a line goes to: its own `c=`, else the session's.
    pub fn address_of<'a>(&'a self, media: &'a MediaDescription) -> Option<&'a str> {
        media.connection.as_deref().or(self.connection.as_deref())
    }

    /// The direction of a line: its own attribute, else the session's, else both ways. An address
    /// of zeros stops us from sending, as hold was written before RFC 3264 (§8.4 there).
    pub fn direction_of(&self, media: &MediaDescription) -> Direction {
        let find =
            |attributes: &[Attribute]| attributes.iter().find_map(|a| Direction::parse(&a.name));
        let written = find(&media.attributes)
            .or_else(|| find(&self.attributes))
            .unwrap_or_default();
        let holds_by_address = self
            .address_of(media)
            .is_some_and(|address| matches!(address, "0.0.0.0" | "::"));
        if holds_by_address {
            Direction::from_parts(written.sends(), false)
        } else {
            written
        }
    }
}

impl MediaDescription {
    /// The first value of an attribute; an empty text for a flag.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self
            .attributes
            .iter()
            .find(|attribute| attribute.name.eq_ignore_ascii_case(name))?;
        Some(found.value.as_deref().unwrap_or(""))
    }

    /// All values of an attribute.
    pub fn attributes_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.attributes
            .iter()
            .filter(move |attribute| attribute.name.eq_ignore_ascii_case(name))
            .map(|attribute| attribute.value.as_deref().unwrap_or(""))
    }

    /// The payload types of an RTP line in their order; those without a meaning are left out.
    pub fn codecs(&self) -> Vec<Codec> {
        let numbers = self
            .formats
            .iter()
            .filter_map(|format| format.parse::<u8>().ok())
            .filter(|number| *number < 128);
        numbers
            .take(MAX_CODECS)
            .filter_map(|number| self.codec(number))
            .collect()
    }

    fn codec(&self, payload_type: u8) -> Option<Codec> {
        let mapped = self
            .attributes_named("rtpmap")
            .filter_map(RtpMap::parse)
            .find(|map| map.payload_type == payload_type);
        let (name, clock_rate, channels) = match mapped {
            Some(map) => (map.name, map.clock_rate, map.channels),
            None => static_payload(payload_type)
                .map(|(name, rate)| (name, rate, if payload_type == 10 { 2 } else { 1 }))?,
        };
        let fmtp = self.attributes_named("fmtp").find_map(|value| {
            let (number, rest) = value.trim().split_once([' ', '\t'])?;
            (number.parse() == Ok(payload_type)).then(|| rest.trim().to_owned())
        });
        Some(Codec {
            payload_type,
            name: name.to_owned(),
            clock_rate,
            channels,
            fmtp,
        })
    }

    /// Most the writer wants to receive, bits per second: `b=TIAS` (RFC 3890), else `b=AS`.
    pub fn bandwidth(&self) -> Option<u64> {
        let of = |kind: &str| {
            let mut lines = self.bandwidths.iter();
            lines.find(|(name, _)| name.eq_ignore_ascii_case(kind))
        };
        let exact = of("TIAS").map(|(_, bits)| *bits);
        exact.or_else(|| of("AS").map(|(_, kilobits)| kilobits.saturating_mul(1000)))
    }

    /// `a=ptime` in milliseconds, 1–200.
    pub fn ptime_ms(&self) -> Option<u32> {
        self.attribute("ptime")?
            .trim()
            .parse()
            .ok()
            .filter(|ms| (1..=200).contains(ms))
    }

    /// `a=crypto` lines that can be read.
    pub fn crypto(&self) -> impl Iterator<Item = Crypto<'_>> {
        self.attributes_named("crypto").filter_map(Crypto::parse)
    }

    /// Port of RTCP: `a=rtcp`, the RTP port under `a=rtcp-mux`, else one above the RTP port.
    pub fn rtcp_port(&self) -> u16 {
        if self.attribute("rtcp-mux").is_some() {
            return self.port;
        }
        self.attribute("rtcp")
            .and_then(|value| value.split_ascii_whitespace().next()?.parse().ok())
            .unwrap_or_else(|| self.port.saturating_add(1))
    }
}
