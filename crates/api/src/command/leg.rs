//! Commands about the sound of one leg, and what is said to the phone at its end. All fail with `NotFound(Channel)` when
//! it does not exist.

use std::sync::Arc;
use std::time::Duration;

use crate::id::ChannelId;

/// Puts a file in the place of one side of a channel's sound, or ends that. Answered when the file is open.
///
/// # Errors
/// `InvalidState` without media, when the file cannot be played, or when none of that name displaces anything.
#[derive(Clone, Debug)]
pub struct Displace {
    /// Whose sound.
    pub channel: ChannelId,
    /// File.
    pub path: Arc<str>,
    /// `None` ends it.
    pub how: Option<Displacement>,
}

/// How a file displaces.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Displacement {
    /// What the channel says, instead of what it hears.
    pub read: bool,
    /// Mixed with it, not in its place.
    pub mux: bool,
    /// Again and again.
    pub repeat: bool,
    /// Ends after this.
    pub limit: Option<Duration>,
}

impl Displacement {
    /// Reads `[<flags>] [+<limit ms>]`: `m` (or `mux`) mixes, `r` is about what the channel says, `l` repeats.
    #[must_use]
    pub fn parse<'w>(words: impl IntoIterator<Item = &'w str>) -> Self {
        let mut how = Self::default();
        for word in words {
            match word.strip_prefix('+') {
                Some(ms) => {
                    let ms = ms.parse().ok().filter(|ms| *ms > 0);
                    how.limit = ms.map(Duration::from_millis);
                }
                None if word.eq_ignore_ascii_case("mux") => how.mux = true,
                None => {
                    how.mux |= word.contains('m');
                    how.read |= word.contains('r');
                    how.repeat |= word.contains('l');
                }
            }
        }
        how
    }
}

/// Looks for a tone in the sound of a channel.
///
/// # Errors
/// `InvalidState` when it has no media, or as many are looked for as can be.
#[derive(Clone, Debug)]
pub struct DetectTone {
    /// Whose sound.
    pub channel: ChannelId,
    /// What.
    pub tone: Tone,
}

/// Looks for no tone any more.
#[derive(Clone, Debug)]
pub struct StopToneDetection {
    /// Whose sound.
    pub channel: ChannelId,
}

/// A tone to be looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tone {
    /// Its name.
    pub key: Arc<str>,
    /// All its frequencies, hertz. None: the tone of that name is looked for once more.
    pub hz: Vec<u16>,
    /// In what the channel hears, instead of what it says.
    pub write: bool,
    /// How long.
    pub window: Window,
    /// What is run then.
    pub application: Option<(Arc<str>, Arc<str>)>,
    /// How often it has to be heard; `None`: as `tone_detect_hits` says.
    pub hits: Option<u32>,
}

/// How long a tone is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Window {
    /// Until the end of the call.
    Always,
    /// So long from now.
    For(Duration),
    /// Until so many seconds after 1970.
    Until(u64),
}

impl Tone {
    /// Reads `<key> [<hz>,<hz>… [<flags> <timeout> <app> <argument> <hits>]]`.
    #[must_use]
    pub fn parse<W: AsRef<str>>(words: &[W]) -> Option<Self> {
        let word = |at: usize| words.get(at).map(AsRef::as_ref).filter(|w| !w.is_empty());
        let key = word(0)?.into();
        let mut hz = Vec::new();
        for text in word(1).unwrap_or_default().split(',').map(str::trim) {
            match text.parse::<f32>() {
                Ok(one) if (1.0..=24_000.0).contains(&one) => hz.push(one.round() as u16),
                Ok(_) => return None,
                Err(_) if text.is_empty() => {}
                Err(_) => return None,
            }
        }
        let window = match word(3) {
            None => Window::Always,
            Some(text) => match text.strip_prefix('+') {
                Some(ms) => Window::For(Duration::from_millis(ms.parse().ok()?)),
                None => match text.parse().ok()? {
                    0 => Window::Always,
                    epoch => Window::Until(epoch),
                },
            },
        };
        let argument: Arc<str> = word(5).unwrap_or_default().into();
        Some(Self {
            key,
            hz,
            write: word(2).is_some_and(|flags| flags.contains('w')),
            window,
            application: word(4).map(|name| (name.into(), argument)),
            hits: word(6)
                .and_then(|hits| hits.parse().ok())
                .filter(|hits| *hits > 0),
        })
    }
}

/// Bounds what the jitter buffer of a phone adds.
///
/// # Errors
/// `InvalidState` when there is none.
#[derive(Clone, Debug)]
pub struct SetJitterBuffer {
    /// Whose.
    pub channel: ChannelId,
    /// At least and at most this, milliseconds; `None`: as the network asks for.
    pub ms: Option<(u16, u16)>,
}

impl SetJitterBuffer {
    /// Reads `<least ms>[:<most ms>…]`; without an upper bound the lower one is both. 0 or `off`: as the network asks for.
    /// `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Option<(u16, u16)>> {
        let mut numbers = text.trim().split(':');
        let least = numbers.next()?;
        if least.eq_ignore_ascii_case("off") {
            return Some(None);
        }
        let least = least.parse().ok()?;
        if least == 0 {
            return Some(None);
        }
        let most = match numbers.next() {
            Some(most) => most.parse().ok()?,
            None => least,
        };
        Some(Some((least, most.max(least))))
    }
}

/// Sends a text to the phone within its call, by SIP MESSAGE.
///
/// # Errors
/// `NotSupported` when it is no SIP phone, `InvalidState` when its call is over.
#[derive(Clone, Debug)]
pub struct SendText {
    /// To whom.
    pub channel: ChannelId,
    /// What.
    pub text: Arc<str>,
}

/// Tells a phone to do something: `talk` answers or goes on, `hold` holds. By SIP NOTIFY within its call; a channel that is
/// no SIP phone has nobody to be told.
///
/// # Errors
/// `InvalidState` when its call is over, `InvalidArgument` for what is no event.
#[derive(Clone, Debug)]
pub struct PhoneEvent {
    /// Whom.
    pub channel: ChannelId,
    /// What.
    pub event: Arc<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tones_as_dialplans_write_them() {
        let parse = |text: &str| Tone::parse(&text.split(' ').collect::<Vec<_>>());
        let tone = parse("fax 1100 r +5000 transfer fax 2").unwrap();
        assert_eq!(
            (&*tone.key, &*tone.hz, tone.write),
            ("fax", &[1100][..], false)
        );
        assert_eq!(tone.window, Window::For(Duration::from_secs(5)));
        assert_eq!(tone.application, Some(("transfer".into(), "fax".into())));
        assert_eq!(tone.hits, Some(2));
        let tone = parse("busy 480,620 w 1227132612").unwrap();
        assert_eq!((&*tone.hz, tone.write), (&[480, 620][..], true));
        assert_eq!(tone.window, Window::Until(1_227_132_612));
        assert_eq!((tone.application, tone.hits), (None, None));
        assert_eq!(parse("busy 425 r 0").unwrap().window, Window::Always);
        assert_eq!(parse("busy").unwrap().hz, []);
        for wrong in ["", "busy loud", "busy 0", "busy 99999", "busy 425 r soon"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn delays_as_they_are_written() {
        let parse = SetJitterBuffer::parse;
        assert_eq!(parse("60"), Some(Some((60, 60))));
        assert_eq!(parse("60:200:20"), Some(Some((60, 200))));
        assert_eq!(parse("100:50"), Some(Some((100, 100))));
        assert_eq!([parse("0"), parse("off")], [Some(None); 2]);
        assert_eq!(
            [parse(""), parse("pause"), parse("60:x"), parse("99999")],
            [None; 4]
        );
    }

    #[test]
    fn flags_of_displacing() {
        let parse = |text: &str| Displacement::parse(text.split_ascii_whitespace());
        let all = Displacement {
            read: true,
            mux: true,
            repeat: true,
            limit: Some(Duration::from_millis(1500)),
        };
        assert_eq!(parse("mrl +1500"), all);
        let mux = Displacement {
            mux: true,
            ..Displacement::default()
        };
        assert_eq!(parse("mux"), mux);
        assert_eq!(parse("+0"), Displacement::default());
    }
}
