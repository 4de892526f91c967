//! The name of something to play or record, as clients write it. event-socket.md §6.9.

use crate::source::FrameSource;
use crate::tone::{Script, Silence, ToneStream};

/// Longest name looked at.
const MAX_NAME: usize = 16_384;
/// Parts of one `file_string://`.
const MAX_PARTS: usize = 128;

/// A parsed name.
#[derive(Clone, Debug, PartialEq)]
pub struct FileName {
    /// `{name=value,…}` in front, in order.
    pub parameters: Vec<(String, String)>,
    /// What is played, one after the other; at least one.
    pub parts: Vec<Part>,
}

/// One thing to play.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// `tone_stream://…`
    Tone(Script),
    /// `silence_stream://<ms>[,<noise>]`; a negative length is for ever.
    Silence {
        /// Milliseconds; `None` = for ever.
        length_ms: Option<u64>,
        /// Divisor of full scale; 0 = none.
        noise: u32,
    },
    /// `local_stream://<name>`: what everybody who asks for it hears at the same time; the shell has it.
    LocalStream {
        /// Name of the stream.
        name: String,
        /// `{timeout=<ms>}` in front: how long it is heard; `None` = for ever.
        limit_ms: Option<u64>,
    },
    /// A path, to be opened by the shell.
    Path {
        /// As written, without scheme, parameters and offset.
        path: String,
        /// `@@<samples>` behind it.
        start_sample: u64,
    },
}

/// Why a name means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name means nothing we can play")]
pub struct NameError;

impl FileName {
    /// Reads a name.
    ///
    /// # Errors
    /// When it is empty, too long, a broken tone script, or of a scheme we do not have.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        if name.len() > MAX_NAME {
            return Err(NameError);
        }
        let (parameters, name) = parameters(name.trim());
        let parts = match name.strip_prefix("file_string://") {
            Some(list) => {
                let names = list.split('!');
                if names.clone().count() > MAX_PARTS {
                    return Err(NameError);
                }
                names
                    .map(|name| part(name, &[]))
                    .collect::<Result<_, _>>()?
            }
            None => vec![part(name, &parameters)?],
        };
        Ok(Self { parameters, parts })
    }

    /// The path of a recording: exactly one, without offset.
    #[must_use]
    pub fn into_path(self) -> Option<String> {
        match <[Part; 1]>::try_from(self.parts) {
            Ok(
                [
                    Part::Path {
                        path,
                        start_sample: 0,
                    },
                ],
            ) => Some(path),
            Ok(_) | Err(_) => None,
        }
    }
}

impl Part {
    /// The source of a part that needs nothing from outside, playing `repeats` further rounds
    /// (`None` = for ever). `None` for a path and for a stream.
    #[must_use]
    pub fn synthesise(&self, rate_hz: u32, repeats: Option<u32>) -> Option<Box<dyn FrameSource>> {
        match self {
            Self::Tone(script) => Some(Box::new(ToneStream::new(script.clone(), rate_hz, repeats))),
            Self::Silence { length_ms, noise } => {
                let length_ms = match (length_ms, repeats) {
                    (Some(ms), Some(repeats)) => Some(ms.saturating_mul(u64::from(repeats) + 1)),
                    (Some(_) | None, Some(_) | None) => None,
                };
                Some(Box::new(Silence::new(rate_hz, length_ms, *noise)))
            }
            Self::LocalStream { .. } | Self::Path { .. } => None,
        }
    }
}

/// Splits `{a=b,c=d}rest`; a brace that is not closed belongs to the name.
fn parameters(name: &str) -> (Vec<(String, String)>, &str) {
    let Some((inside, rest)) = name.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return (Vec::new(), name);
    };
    let pairs = inside.split(',').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    });
    (pairs.collect(), rest.trim_start())
}

/// `outer` are the parameters in front of a name that has this one part.
fn part(name: &str, outer: &[(String, String)]) -> Result<Part, NameError> {
    let (own, name) = parameters(name.trim());
    if let Some(script) = name.strip_prefix("tone_stream://") {
        return Script::parse(script).map(Part::Tone).map_err(|_| NameError);
    }
    if let Some(silence) = name.strip_prefix("silence_stream://") {
        let (length, noise) = silence.split_once(',').unwrap_or((silence, "0"));
        let length: i64 = length.trim().parse().map_err(|_| NameError)?;
        let noise: i64 = noise.trim().parse().map_err(|_| NameError)?;
        let length_ms = u64::try_from(length).ok();
        return Ok(Part::Silence {
            length_ms,
            noise: u32::try_from(noise).unwrap_or(0),
        });
    }
    if let Some(stream) = name.strip_prefix("local_stream://") {
        let mut all = own.iter().chain(outer);
        let limit = all.find(|(name, _)| name == "timeout");
        return Ok(Part::LocalStream {
            name: stream.trim().to_owned(),
            limit_ms: limit.and_then(|(_, ms)| ms.parse().ok()),
        });
    }
    let path = name.strip_prefix("file://").unwrap_or(name);
    if path.is_empty() || path.contains("://") || path.contains('\0') {
        return Err(NameError);
    }
    // say: and phrase: are read by the switch and arrive here as paths, or not at all.
    if path.starts_with("say:") || path.starts_with("phrase:") {
        return Err(NameError);
    }
    match path.rsplit_once("@@") {
        Some((path, start)) if !path.is_empty() => {
            let start_sample = start.parse().map_err(|_| NameError)?;
            Ok(Part::Path {
                path: path.to_owned(),
                start_sample,
            })
        }
        Some(_) | None => Ok(Part::Path {
            path: path.to_owned(),
            start_sample: 0,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str, start_sample: u64) -> Part {
        Part::Path {
            path: path.to_owned(),
            start_sample,
        }
    }

    fn stream(name: &str, limit_ms: Option<u64>) -> Part {
        Part::LocalStream {
            name: name.to_owned(),
            limit_ms,
        }
    }

    #[test]
    fn names_as_clients_write_them() {
        let cases = [
            ("/tmp/a.wav", vec![path("/tmp/a.wav", 0)]),
            ("file:///tmp/a.wav", vec![path("/tmp/a.wav", 0)]),
            ("hello.wav@@1600", vec![path("hello.wav", 1600)]),
            ("{loops=2}a.wav", vec![path("a.wav", 0)]),
            (
                "silence_stream://-1,1400",
                vec![Part::Silence {
                    length_ms: None,
                    noise: 1400,
                }],
            ),
            ("local_stream://moh", vec![stream("moh", None)]),
            (
                "{timeout=20000}local_stream://moh/8000",
                vec![stream("moh/8000", Some(20_000))],
            ),
            (
                "file_string://a.wav!{timeout=500}local_stream://x!local_stream://y",
                vec![path("a.wav", 0), stream("x", Some(500)), stream("y", None)],
            ),
            (
                "file_string://a.wav!silence_stream://100!b.wav",
                vec![
                    path("a.wav", 0),
                    Part::Silence {
                        length_ms: Some(100),
                        noise: 0,
                    },
                    path("b.wav", 0),
                ],
            ),
        ];
        for (name, parts) in cases {
            assert_eq!(FileName::parse(name).unwrap().parts, parts, "{name}");
        }
        let name = FileName::parse("{a=1, b = 2}tone_stream://%(100,0,440)").unwrap();
        assert_eq!(
            name.parameters,
            [("a".into(), "1".into()), ("b".into(), "2".into())]
        );
    }

    #[test]
    fn what_we_do_not_have_is_an_error() {
        for name in [
            "",
            "{a=1}",
            "http://x/y.wav",
            "say:hello",
            "tone_stream://",
            "shout://x",
            "a@@b",
            "silence_stream://x",
            "file_string://a.wav!!b.wav",
        ] {
            assert_eq!(FileName::parse(name), Err(NameError), "{name}");
        }
    }

    #[test]
    fn a_recording_has_one_path() {
        assert_eq!(
            FileName::parse("{x=y}/tmp/r.wav")
                .unwrap()
                .into_path()
                .unwrap(),
            "/tmp/r.wav"
        );
        assert_eq!(
            FileName::parse("file_string://a!b").unwrap().into_path(),
            None
        );
        assert_eq!(
            FileName::parse("local_stream://moh").unwrap().into_path(),
            None
        );
    }
}
