//! The language of `tone_stream://`: what stands behind it, as a list of segments.
//!
//! Statements are separated by `;` or nothing at all. event-socket.md §6.9 has the common forms; the
//! letters are those every user of the generator knows:
//!
//! | Statement | Meaning | Default |
//! |---|---|---|
//! | `%(on,off,f1[,f2…])` | these frequencies (Hz) for `on` ms, then `off` ms of silence | |
//! | `0`–`9` `*` `#` `A`–`D` | that DTMF digit for `d` ms, then `w` ms of silence | |
//! | `v=dB` | level of each following frequency | −7 |
//! | `d=ms`, `w=ms` | length of digits, and silence after them | 250, 50 |
//! | `l=n` | the next segment is played `n` times | 1 |
//! | `L=n`, `loops=n` | the whole script is played `n` times; −1 = for ever | 1 |
//! | `>=ms`, `<=ms`, `+=dB` | the level falls (rises) by `dB` every so many ms | none, 1 |
//! | `r=Hz`, `c=n` | rate and channels of the generator: read and without effect, since the rate is that of the leg | |

use crate::control::Digit;

/// Longest text looked at.
const MAX_TEXT: usize = 16_384;
/// Segments of one script.
const MAX_SEGMENTS: usize = 512;
/// Longest on or off time: one hour.
const MAX_MS: u32 = 3_600_000;

/// A parsed tone script.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// In order; at least one.
    pub segments: Vec<Segment>,
    /// Times the whole is played; `None` = for ever.
    pub rounds: Option<u32>,
}

/// A tone and the silence after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Sounding, milliseconds.
    pub on_ms: u32,
    /// Silent, milliseconds.
    pub off_ms: u32,
    /// Hertz; the first `voices` count.
    pub hz: [f32; Self::MAX_VOICES],
    /// Frequencies sounding together.
    pub voices: usize,
    /// Level of each frequency at the beginning, dBFS.
    pub level_db: f32,
    /// Change of the level, decibels per millisecond.
    pub slope_db_per_ms: f32,
    /// Times it is played before the next one.
    pub repeats: u32,
}

impl Segment {
    /// Frequencies sounding together at most.
    pub const MAX_VOICES: usize = 8;
}

/// Why a script means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// No statement makes a sound.
    #[error("the script has no tone")]
    Empty,
    /// Longer than we look at, or too many segments.
    #[error("the script is too long")]
    TooLong,
    /// A statement at this byte is not understood.
    #[error("the script is not understood at byte {0}")]
    Syntax(usize),
}

impl Script {
    /// Reads a script: what stands after `tone_stream://`.
    ///
    /// # Errors
    /// [`ScriptError`] says what is wrong; nothing is played of a script with an error.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        if text.len() > MAX_TEXT {
            return Err(ScriptError::TooLong);
        }
        Reader::new(text).script()
    }

    /// Longest time one round lasts, milliseconds.
    #[must_use]
    pub fn round_ms(&self) -> u64 {
        self.segments
            .iter()
            .map(|s| u64::from(s.on_ms + s.off_ms) * u64::from(s.repeats))
            .fold(0, u64::saturating_add)
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    segments: Vec<Segment>,
    rounds: Option<u32>,
    level_db: f32,
    digit_ms: u32,
    wait_ms: u32,
    repeats: u32,
    /// Sign and milliseconds of the change of level.
    slope: Option<(f32, f32)>,
    slope_step_db: f32,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            segments: Vec::new(),
            rounds: Some(1),
            level_db: -7.0,
            digit_ms: 250,
            wait_ms: 50,
            repeats: 1,
            slope: None,
            slope_step_db: 1.0,
        }
    }

    fn script(mut self) -> Result<Script, ScriptError> {
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            if self.text[self.at..].starts_with("loops=") {
                self.at += "loops=".len();
                self.rounds = rounds(self.number()?);
                continue;
            }
            let assigned = self.text.as_bytes().get(self.at + 1) == Some(&b'=');
            match byte {
                b';' | b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'%' => self.manual()?,
                _ if assigned => self.assignment(byte)?,
                _ => self.digit(byte)?,
            }
        }
        if self.segments.iter().all(|s| s.on_ms == 0 && s.off_ms == 0) {
            return Err(ScriptError::Empty);
        }
        Ok(Script {
            segments: self.segments,
            rounds: self.rounds,
        })
    }

    /// `%(on,off,f1,…)`. At the end of the text the `)` may be missing: `&playback(tone_stream://%(…))` ends at its first
    /// one, and the original plays what is left (golden stream-09-conference-plain).
    fn manual(&mut self) -> Result<(), ScriptError> {
        let wrong = ScriptError::Syntax(self.at);
        let rest = &self.text[self.at..];
        let inside = rest.strip_prefix("%(").ok_or(wrong)?;
        let end = inside.find(')').unwrap_or(inside.len());
        let mut numbers = inside[..end].split(',').map(|n| n.trim().parse::<f32>());
        let mut time = || match numbers.next() {
            Some(Ok(ms)) if (0.0..=MAX_MS as f32).contains(&ms) => Ok(ms as u32),
            Some(_) | None => Err(wrong),
        };
        let (on_ms, off_ms) = (time()?, time()?);
        let mut hz = [0.0; Segment::MAX_VOICES];
        let mut voices = 0;
        for number in numbers {
            let number = number.map_err(|_| wrong)?;
            let room = hz.get_mut(voices).ok_or(wrong)?;
            if !(0.0..=24_000.0).contains(&number) {
                return Err(wrong);
            }
            *room = number;
            voices += 1;
        }
        self.at += ("%(".len() + end + 1).min(rest.len());
        self.push(on_ms, off_ms, hz, voices)
    }

    fn digit(&mut self, byte: u8) -> Result<(), ScriptError> {
        let frequencies = Digit::from_char(char::from(byte)).and_then(Digit::frequencies);
        let Some((low, high)) = frequencies else {
            return Err(ScriptError::Syntax(self.at));
        };
        self.at += 1;
        let mut hz = [0.0; Segment::MAX_VOICES];
        (hz[0], hz[1]) = (f32::from(low), f32::from(high));
        self.push(self.digit_ms, self.wait_ms, hz, 2)
    }

    fn assignment(&mut self, name: u8) -> Result<(), ScriptError> {
        let wrong = ScriptError::Syntax(self.at);
        self.at += 2;
        let value = self.number()?;
        let ms = || {
            if (0.0..=MAX_MS as f32).contains(&value) {
                Ok(value as u32)
            } else {
                Err(wrong)
            }
        };
        match name {
            b'v' => self.level_db = value.clamp(-60.0, 0.0),
            b'd' => self.digit_ms = ms()?,
            b'w' => self.wait_ms = ms()?,
            b'l' => self.repeats = value.clamp(1.0, 1_000_000.0) as u32,
            b'L' => self.rounds = rounds(value),
            b'>' => self.slope = (value >= 1.0).then_some((-1.0, value)),
            b'<' => self.slope = (value >= 1.0).then_some((1.0, value)),
            b'+' => self.slope_step_db = value.clamp(0.0, 60.0),
            b'r' | b'c' => {}
            _ => return Err(wrong),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<f32, ScriptError> {
        let rest = &self.text[self.at..];
        let length = rest
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '.')))
            .unwrap_or(rest.len());
        let number = rest[..length]
            .parse()
            .map_err(|_| ScriptError::Syntax(self.at))?;
        self.at += length;
        Ok(number)
    }

    fn push(
        &mut self,
        on_ms: u32,
        off_ms: u32,
        hz: [f32; Segment::MAX_VOICES],
        voices: usize,
    ) -> Result<(), ScriptError> {
        if self.segments.len() == MAX_SEGMENTS {
            return Err(ScriptError::TooLong);
        }
        let slope = self
            .slope
            .map_or(0.0, |(sign, ms)| sign * self.slope_step_db / ms);
        self.segments.push(Segment {
            on_ms,
            off_ms,
            hz,
            voices,
            level_db: self.level_db,
            slope_db_per_ms: slope,
            repeats: std::mem::replace(&mut self.repeats, 1),
        });
        Ok(())
    }
}

fn rounds(value: f32) -> Option<u32> {
    (value >= 0.0).then_some((value as u32).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_usual_ring_back() {
        let script = Script::parse("%(2000,4000,440,480);loops=-1").unwrap();
        assert_eq!(script.rounds, None);
        let [ring] = script.segments.as_slice() else {
            panic!("{script:?}")
        };
        assert_eq!((ring.on_ms, ring.off_ms, ring.voices), (2000, 4000, 2));
        assert_eq!(
            (ring.hz[0], ring.hz[1], ring.level_db),
            (440.0, 480.0, -7.0)
        );
    }

    #[test]
    fn settings_hold_for_what_follows() {
        let script = Script::parse("v=-13;%(100,0,640.5);L=3;v=-20;d=80;w=20;5#").unwrap();
        assert_eq!(script.rounds, Some(3));
        let levels: Vec<_> = script
            .segments
            .iter()
            .map(|s| (s.level_db, s.on_ms, s.off_ms))
            .collect();
        assert_eq!(levels, [(-13.0, 100, 0), (-20.0, 80, 20), (-20.0, 80, 20)]);
        assert_eq!(script.segments[1].hz[..2], [770.0, 1336.0]);
        assert_eq!(script.round_ms(), 300);
    }

    #[test]
    fn slope_and_repetition() {
        let script = Script::parse(">=2;+=.1;l=4;%(140,60,350,440)%(10,0,100)").unwrap();
        assert!((script.segments[0].slope_db_per_ms + 0.05).abs() < 1e-6);
        assert_eq!(
            (script.segments[0].repeats, script.segments[1].repeats),
            (4, 1)
        );
    }

    #[test]
    fn the_last_bracket_may_be_missing() {
        let whole = Script::parse("%(251,0,1004)").unwrap();
        assert_eq!(Script::parse("%(251,0,1004"), Ok(whole));
        assert_eq!(
            Script::parse("%(100,0,440)%(1"),
            Err(ScriptError::Syntax(12))
        );
    }

    #[test]
    fn nonsense_is_an_error_with_its_place() {
        assert_eq!(Script::parse(""), Err(ScriptError::Empty));
        assert_eq!(Script::parse("v=-7"), Err(ScriptError::Empty));
        assert_eq!(Script::parse("%(0,0,440)"), Err(ScriptError::Empty));
        assert_eq!(Script::parse("v=-7;%(100,x)"), Err(ScriptError::Syntax(5)));
        assert_eq!(Script::parse("%(100"), Err(ScriptError::Syntax(0)));
        assert_eq!(Script::parse("x=4"), Err(ScriptError::Syntax(0)));
        assert_eq!(Script::parse("hello"), Err(ScriptError::Syntax(0)));
        assert_eq!(Script::parse("%(100,-5,440)"), Err(ScriptError::Syntax(0)));
        assert_eq!(Script::parse(&"1".repeat(600)), Err(ScriptError::TooLong));
        assert_eq!(
            Script::parse(&"1".repeat(20_000)),
            Err(ScriptError::TooLong)
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[%(),;=0-9a-zA-ZvlL<>+. \\-ü]{0,60}") {
            drop(Script::parse(&text));
        }
    }
}
