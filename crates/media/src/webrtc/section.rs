//! Session descriptions as lines: enough to take them apart, change some, and print them again.
//!
//! What a browser wrote passes through untouched unless a rule names it, so attributes nobody here
//! has heard of survive.

use std::collections::HashSet;
use std::fmt;

use super::sdp_rules::Refusal;

/// Longest description read. Chromium's with three media sections has 6 kB.
pub(super) const MAX_TEXT: usize = 64 * 1024;
/// Media sections of one description; a browser in a call has three.
pub(super) const MAX_SECTIONS: usize = 16;

/// A description in its parts, line ends removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Description {
    /// Everything before the first `m=`.
    pub(super) session: Vec<String>,
    pub(super) sections: Vec<Section>,
}

/// One `m=` line and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) kind: Kind,
    /// The word after `m=`.
    pub(super) media: String,
    /// 0 = rejected, unless it only says that it shares another section's transport.
    pub(super) port: u16,
    pub(super) protocol: String,
    pub(super) formats: Vec<String>,
    pub(super) lines: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Audio,
    Video,
    /// Data channels and whatever else: we do not take part.
    Other,
}

/// What a payload type stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) payload_type: u8,
    pub(super) encoding: String,
    pub(super) clock_rate_hz: u32,
    pub(super) channels: u8,
}

impl Description {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        if text.len() > MAX_TEXT {
            return Err(Refusal::new("the description is too long"));
        }
        let mut session = Vec::new();
        let mut sections: Vec<Section> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(rest) = line.strip_prefix("m=") {
                if sections.len() == MAX_SECTIONS {
                    return Err(Refusal::new("the description has too many media sections"));
                }
                sections.push(Section::parse(rest)?);
            } else {
                match sections.last_mut() {
                    Some(section) => section.lines.push(line.to_owned()),
                    None => session.push(line.to_owned()),
                }
            }
        }
        if sections.is_empty() {
            return Err(Refusal::new("the description has no media section"));
        }
        Ok(Self { session, sections })
    }

    /// The mids of the group of sections that share one transport. RFC 9143 §7.
    pub(super) fn bundled(&self) -> Vec<&str> {
        self.session
            .iter()
            .find_map(|line| line.strip_prefix("a=group:BUNDLE"))
            .map(|mids| mids.split_whitespace().collect())
            .unwrap_or_default()
    }

    /// Says anew which sections share the transport.
    pub(super) fn set_bundled(&mut self, mids: &[String]) {
        let line = format!("a=group:BUNDLE {}", mids.join(" "));
        let place = self.session.iter().position(|l| l.starts_with("a=group:"));
        self.session.retain(|l| !l.starts_with("a=group:"));
        let place = place.unwrap_or(self.session.len()).min(self.session.len());
        self.session.insert(place, line);
    }

    /// Whether a section takes part: it has a port, or shares one. RFC 9143 §6.
    pub(super) fn is_live(&self, section: &Section) -> bool {
        section.port != 0
            || (section.has("bundle-only")
                && section
                    .mid()
                    .is_some_and(|mid| self.bundled().contains(&mid)))
    }

    /// An attribute that may stand at the session or at any section.
    pub(super) fn anywhere(&self, name: &str) -> Option<&str> {
        self.session
            .iter()
            .find_map(|line| attribute(line, name))
            .or_else(|| self.sections.iter().find_map(|section| section.value(name)))
    }

    /// Takes all candidates out, and the word that there are no more.
    pub(super) fn take_candidates(&mut self) -> Vec<String> {
        let mut candidates = Vec::new();
        let places = std::iter::once(&mut self.session)
            .chain(self.sections.iter_mut().map(|section| &mut section.lines));
        for lines in places {
            lines.retain(|line| {
                if line.starts_with("a=candidate:") {
                    candidates.push(line.clone());
                    return false;
                }
                line != "a=end-of-candidates"
            });
        }
        let mut seen = HashSet::new();
        candidates.retain(|candidate| seen.insert(candidate.clone()));
        candidates
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.session {
            write!(f, "{line}\r\n")?;
        }
        for section in &self.sections {
            write!(
                f,
                "m={} {} {}",
                section.media, section.port, section.protocol
            )?;
            for format in &section.formats {
                write!(f, " {format}")?;
            }
            write!(f, "\r\n")?;
            for line in &section.lines {
                write!(f, "{line}\r\n")?;
            }
        }
        Ok(())
    }
}

impl Section {
    fn parse(rest: &str) -> Result<Self, Refusal> {
        let mut words = rest.split_ascii_whitespace();
        let malformed = || Refusal::new("a media line is malformed");
        let media = words.next().ok_or_else(malformed)?;
        // A count of ports (`49170/2`) means nothing where everything shares one.
        let port = words.next().ok_or_else(malformed)?;
        let port = port.split('/').next().unwrap_or(port);
        let port = port.parse().map_err(|_| malformed())?;
        let protocol = words.next().ok_or_else(malformed)?;
        Ok(Self {
            kind: match media {
                "audio" => Kind::Audio,
                "video" => Kind::Video,
                _ => Kind::Other,
            },
            media: media.to_owned(),
            port,
            protocol: protocol.to_owned(),
            formats: words.map(str::to_owned).collect(),
            lines: Vec::new(),
        })
    }

    /// The section as a description that refuses it repeats it. RFC 3264 §6; RFC 8829 §5.3.1.
    pub(super) fn refused(&self) -> Self {
        let mut lines = vec!["c=IN IP4 0.0.0.0".to_owned()];
        lines.extend(self.mid().map(|mid| format!("a=mid:{mid}")));
        lines.push("a=inactive".to_owned());
        Self {
            port: 0,
            lines,
            ..self.clone()
        }
    }

    /// Whether the attribute without a value is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.lines
            .iter()
            .any(|line| line.strip_prefix("a=") == Some(name))
    }

    /// The first value of an attribute.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| attribute(line, name))
    }

    pub(super) fn mid(&self) -> Option<&str> {
        self.value("mid")
    }

    /// The direction as the section's writer sees it; none said is both ways. RFC 8866 §6.7.
    pub(super) fn direction(&self) -> &str {
        self.lines
            .iter()
            .filter_map(|line| line.strip_prefix("a="))
            .find(|word| DIRECTIONS.contains(word))
            .unwrap_or(DIRECTIONS[0])
    }

    pub(super) fn says_direction(&self) -> bool {
        self.lines.iter().any(|line| is_direction(line))
    }

    /// What the formats of the `m=` line stand for, in its order; unknown ones are left out.
    pub(super) fn mappings(&self) -> Vec<Mapping> {
        self.formats
            .iter()
            .filter_map(|format| format.parse().ok())
            .filter_map(|payload_type: u8| {
                self.rtpmaps()
                    .find(|mapping| mapping.payload_type == payload_type)
                    .or_else(|| fixed(payload_type))
            })
            .collect()
    }

    /// All `a=rtpmap` lines that can be read.
    pub(super) fn rtpmaps(&self) -> impl Iterator<Item = Mapping> {
        self.lines.iter().filter_map(|line| {
            let (payload_type, rest) = attribute(line, "rtpmap")?.split_once(' ')?;
            let mut parts = rest.trim().split('/');
            Some(Mapping {
                payload_type: payload_type.parse().ok().filter(|pt| *pt < 128)?,
                encoding: parts.next()?.to_owned(),
                clock_rate_hz: parts.next()?.parse().ok()?,
                channels: parts.next().map_or(Some(1), |n| n.parse().ok())?,
            })
        })
    }

    /// The `a=fmtp` of a payload type.
    pub(super) fn format_parameters(&self, payload_type: u8) -> Option<&str> {
        self.lines.iter().find_map(|line| {
            let (format, parameters) = attribute(line, "fmtp")?.split_once(' ')?;
            (format.parse() == Ok(payload_type)).then_some(parameters)
        })
    }

    /// Drops formats, and the lines that speak of them.
    pub(super) fn keep_formats(&mut self, keep: impl Fn(&str) -> bool) {
        self.formats.retain(|format| keep(format));
        self.lines.retain(|line| {
            ["rtpmap", "fmtp", "rtcp-fb"]
                .iter()
                .find_map(|name| attribute(line, name))
                .and_then(|value| value.split(' ').next())
                .is_none_or(|format| format == "*" || keep(format))
        });
    }
}

/// Directions of RFC 8866 §6.7; the first is what silence means.
const DIRECTIONS: [&str; 4] = ["sendrecv", "sendonly", "recvonly", "inactive"];

/// Whether a line says which way media flows.
pub(super) fn is_direction(line: &str) -> bool {
    line.strip_prefix("a=")
        .is_some_and(|word| DIRECTIONS.contains(&word))
}

/// The value of `a=name:value`.
pub(super) fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix("a=")?
        .strip_prefix(name)?
        .strip_prefix(':')
}

/// Payload types that need no `a=rtpmap`. RFC 3551 §6.
fn fixed(payload_type: u8) -> Option<Mapping> {
    let encoding = match payload_type {
        0 => "PCMU",
        8 => "PCMA",
        9 => "G722",
        _ => return None,
    };
    Some(Mapping {
        payload_type,
        encoding: encoding.to_owned(),
        clock_rate_hz: 8000,
        channels: 1,
    })
}
