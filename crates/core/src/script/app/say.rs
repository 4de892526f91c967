//! `say`: numbers, dates and letters put together from prompts of their parts, in English (event-socket.md §6.9).
//!
//! The names of the prompts are those of the sound packages made for FreeSWITCH, so that such a package in the folder of
//! sounds is heard in the place of the ones compiled in.

use api::ChannelId;
use jiff::Zoned;

use super::{Started, playback};
use crate::Switch;

/// Most prompts of one text, which is as many as one list of sounds may have; what is beyond is not said.
pub(super) const MAX_PROMPTS: usize = 128;
/// The one there is.
const LANGUAGE: &str = "en";
/// Numbers from here on are said digit by digit.
const TOO_LARGE: u64 = 1_000_000_000;

type Prompts = Vec<String>;

/// `<module>[:<language>] <type> <method> [<gender>] <text>`
pub(super) fn say(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let prompts = parse(data, &switch.local_time());
    match prompts.filter(|prompts| !prompts.is_empty()) {
        Some(mut prompts) => {
            prompts.truncate(MAX_PROMPTS);
            playback::play_all(switch, id, &prompts)
        }
        None => {
            tracing::warn!(channel = %id, data, "This cannot be said");
            Started::Done
        }
    }
}

/// `<module>[.<extension>][:<language>] [<language>[.<extension>]] <type> <method> [<gender>] <text>`: the sounds of
/// that, as one list. The language stands in either place; public examples have the second.
pub(crate) fn as_string(data: &str, now: &Zoned) -> Option<String> {
    let cut = |word: &'_ str| -> (String, Option<String>) {
        let (name, extension) = word.split_once('.').unzip();
        (
            name.unwrap_or(word).to_owned(),
            extension.map(str::to_owned),
        )
    };
    let (first, mut rest) = data.trim().split_once(' ')?;
    let (module, language) = first.split_once(':').unzip();
    let (module, of_module) = cut(module.unwrap_or(first));
    let (mut language, mut extension) = language.map_or((module.clone(), None), cut);
    rest = rest.trim_start();
    let (second, behind) = rest.split_once(' ')?;
    let (name, of_language) = cut(second);
    if name == LANGUAGE {
        rest = behind;
        language = name;
        extension = of_language.or(extension);
    }
    let extension = extension.or(of_module);
    // It becomes part of names of files, in a list of them.
    let is_plain =
        |text: &String| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if !extension.as_ref().is_none_or(is_plain) {
        return None;
    }
    let mut prompts = parse(&format!("{module}:{language} {rest}"), now)?;
    prompts.truncate(MAX_PROMPTS);
    if let Some(extension) = extension {
        for prompt in &mut prompts {
            if let Some(stem) = prompt.strip_suffix(".wav") {
                *prompt = format!("{stem}.{extension}");
            }
        }
    }
    (!prompts.is_empty()).then(|| playback::list_of(&prompts))
}

fn parse(data: &str, now: &Zoned) -> Option<Prompts> {
    let mut rest = data.trim();
    let mut word = || {
        let (word, behind) = rest.split_once(' ')?;
        rest = behind.trim_start();
        Some(word)
    };
    let (module, kind, method) = (word()?, word()?, word()?);
    let (module, language) = module.split_once(':').unwrap_or((module, module));
    if module != LANGUAGE {
        return None;
    }
    let genders = ["masculine", "feminine", "neuter"];
    let text = match rest.split_once(' ') {
        Some((gender, text)) if genders.contains(&&*gender.to_ascii_lowercase()) => text,
        Some(_) | None => rest,
    };
    prompts(language, kind, method, text, now)
}

/// The prompts of a text in a language; `None` when that is none of ours, or the text no such thing.
pub(super) fn prompts(
    language: &str,
    kind: &str,
    method: &str,
    text: &str,
    now: &Zoned,
) -> Option<Prompts> {
    if language != LANGUAGE {
        return None;
    }
    let (kind, method) = (kind.to_ascii_lowercase(), method.to_ascii_lowercase());
    said(&kind, &method, text.trim(), now)
}

/// The prompts of a text; `None` when it is no such thing.
fn said(kind: &str, method: &str, text: &str, now: &Zoned) -> Option<Prompts> {
    match kind {
        "number" | "items" | "persons" | "messages" => match method {
            "iterated" => spelled(text),
            "counted" => Some(ordinal(text.parse().ok()?)),
            "pronounced" => number_in_text(text),
            _ => None,
        },
        "telephone_number" | "telephone_extension" | "account_number" | "postal_address" => {
            spelled(text)
        }
        "name_spelled" | "url" | "email_address" => spelled(text),
        "ip_address" => ip_address(text, method == "iterated"),
        "currency" => currency(text),
        "time_measurement" => duration(text),
        "current_date" => Some(date(&moment(text, now)?)),
        "current_time" => Some(time(&moment(text, now)?)),
        "current_date_time" | "short_date_time" => {
            let at = moment(text, now)?;
            Some([date(&at), time(&at)].concat())
        }
        _ => None,
    }
}

/// The prompt of a digit, or of another part of a number.
pub(crate) fn digits(name: impl std::fmt::Display) -> String {
    format!("digits/{name}.wav")
}

/// The prompts of a number, as it is pronounced.
pub(crate) fn number(value: u64) -> Prompts {
    if value >= TOO_LARGE {
        return value.to_string().chars().map(digits).collect();
    }
    let mut out = Prompts::new();
    for (unit, name) in [
        (1_000_000, "million"),
        (1_000, "thousand"),
        (100, "hundred"),
    ] {
        let count = value % (unit * 1_000) / unit;
        // Of hundreds there are nine, of the others 999.
        let count = if unit == 100 { count % 10 } else { count };
        if count > 0 {
            out.extend(number(count));
            out.push(digits(name));
        }
    }
    let rest = value % 100;
    match rest {
        0 if !out.is_empty() => {}
        0..=20 => out.push(digits(rest)),
        _ => {
            out.push(digits(rest / 10 * 10));
            if !rest.is_multiple_of(10) {
                out.push(digits(rest % 10));
            }
        }
    }
    out
}

/// `-12.5`
fn number_in_text(text: &str) -> Option<Prompts> {
    let (minus, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let whole: String = whole.chars().filter(|c| *c != ',').collect();
    let mut out = Prompts::new();
    if minus {
        out.push("currency/negative.wav".into());
    }
    out.extend(number(whole.parse().ok()?));
    if let Some(fraction) = fraction {
        out.push(digits("dot"));
        for digit in fraction.chars() {
            out.push(digits(digit.to_digit(10)?));
        }
    }
    Some(out)
}

/// `first`, `twenty-first`, `one hundredth`
fn ordinal(value: u64) -> Prompts {
    let mut out = number(value);
    let Some(last) = out.pop() else {
        return out;
    };
    let last = last.strip_prefix("digits/").unwrap_or(&last);
    out.push(format!("digits/h-{last}"));
    out
}

/// Letters, digits, and marks that have names; others are left out.
fn spelled(text: &str) -> Option<Prompts> {
    let prompts = text.chars().filter_map(|c| match c.to_ascii_lowercase() {
        digit @ '0'..='9' => Some(digits(digit)),
        '*' => Some(digits("star")),
        '#' => Some(digits("pound")),
        '.' => Some(digits("dot")),
        letter @ ('a'..='z' | '@' | '-' | '_' | '/') => {
            Some(format!("ascii/{}.wav", u32::from(letter)))
        }
        _ => None,
    });
    Some(prompts.collect())
}

fn ip_address(text: &str, by_digits: bool) -> Option<Prompts> {
    let address: std::net::Ipv4Addr = text.parse().ok()?;
    let mut out = Prompts::new();
    for octet in address.octets() {
        if !out.is_empty() {
            out.push(digits("dot"));
        }
        if by_digits {
            out.extend(octet.to_string().chars().map(digits));
        } else {
            out.extend(number(octet.into()));
        }
    }
    Some(out)
}

/// `12.50`
fn currency(text: &str) -> Option<Prompts> {
    let (minus, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let text = text.strip_prefix('$').unwrap_or(text);
    let (whole, cents) = text.split_once('.').unwrap_or((text, "0"));
    let whole: u64 = whole.parse().ok()?;
    let cents = match cents.len() {
        1 => cents.parse::<u64>().ok()? * 10,
        2 => cents.parse().ok()?,
        _ => return None,
    };
    let mut out = Prompts::new();
    if minus {
        out.push("currency/negative.wav".into());
    }
    out.extend(number(whole));
    out.push(plural("currency/dollar", whole));
    if cents > 0 {
        out.push("currency/and.wav".into());
        out.extend(number(cents));
        out.push(plural("currency/cent", cents));
    }
    Some(out)
}

fn plural(name: &str, count: u64) -> String {
    format!("{name}{}.wav", if count == 1 { "" } else { "s" })
}

/// `[[h:]m:]s`, or seconds.
fn duration(text: &str) -> Option<Prompts> {
    let mut seconds: u64 = 0;
    for part in text.split(':') {
        let part: u64 = part.trim().parse().ok()?;
        seconds = seconds.checked_mul(60)?.checked_add(part)?;
    }
    let parts = [
        (seconds / 3600, "time/hour"),
        (seconds / 60 % 60, "time/minute"),
        (seconds % 60, "time/second"),
    ];
    let mut out = Prompts::new();
    for (count, name) in parts {
        if count > 0 {
            out.extend(number(count));
            out.push(plural(name, count));
        }
    }
    if out.is_empty() {
        out = vec![digits(0), plural("time/second", 0)];
    }
    Some(out)
}

/// Seconds since 1970; anything else that is no number is now.
fn moment(text: &str, now: &Zoned) -> Option<Zoned> {
    match text.parse::<i64>() {
        Ok(seconds) => {
            let at = jiff::Timestamp::from_second(seconds).ok()?;
            Some(at.to_zoned(now.time_zone().clone()))
        }
        Err(_) => Some(now.clone()),
    }
}

/// `Tuesday, January twenty-first, two thousand twenty-five`
fn date(at: &Zoned) -> Prompts {
    let mut out = vec![
        format!("time/day-{}.wav", at.weekday().to_sunday_zero_offset()),
        format!("time/mon-{}.wav", at.month() - 1),
    ];
    out.extend(ordinal(u64::from(at.day().unsigned_abs())));
    out.extend(number(u64::from(at.year().unsigned_abs())));
    out
}

/// `five oh seven p m`
fn time(at: &Zoned) -> Prompts {
    let hour = at.hour().unsigned_abs();
    let minute = at.minute().unsigned_abs();
    let mut out = number(u64::from(match hour % 12 {
        0 => 12,
        hour => hour,
    }));
    match minute {
        0 => out.push("time/oclock.wav".into()),
        1..=9 => {
            out.push("time/oh.wav".into());
            out.extend(number(minute.into()));
        }
        _ => out.extend(number(minute.into())),
    }
    out.push(
        if hour < 12 {
            "time/a-m.wav"
        } else {
            "time/p-m.wav"
        }
        .into(),
    );
    out
}

#[cfg(test)]
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]
mod tests {
    use super::*;

    fn prompts(data: &str) -> Option<String> {
        // A Tuesday.
        let now: Zoned = "2025-01-21T17:07:00+00:00[UTC]".parse().unwrap();
        let prompts = parse(data, &now)?;
        let short = |prompt: &String| {
            let prompt = prompt.strip_suffix(".wav").unwrap();
            prompt.strip_prefix("digits/").unwrap_or(prompt).to_owned()
        };
        Some(prompts.iter().map(short).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn what_is_said() {
        for (data, expected) in [
            ("en number pronounced 0", "0"),
            ("en number pronounced 1234", "1 thousand 2 hundred 30 4"),
            ("en:en number pronounced 21", "20 1"),
            ("en number pronounced 100", "1 hundred"),
            ("en number pronounced 12000000", "12 million"),
            ("en number pronounced 300017", "3 hundred thousand 17"),
            ("en number pronounced -1.05", "currency/negative 1 dot 0 5"),
            ("en number iterated 1234", "1 2 3 4"),
            ("en NUMBER COUNTED 21", "20 h-1"),
            ("en items counted 100", "1 h-hundred"),
            ("en messages pronounced feminine 3", "3"),
            ("en telephone_number N/A 55-12#", "5 5 ascii/45 1 2 pound"),
            ("en name_spelled pronounced aZ", "ascii/97 ascii/122"),
            (
                "en ip_address pronounced 10.0.0.21",
                "10 dot 0 dot 0 dot 20 1",
            ),
            (
                "en ip_address iterated 10.0.0.21",
                "1 0 dot 0 dot 0 dot 2 1",
            ),
            (
                "en currency pronounced 1.5",
                "1 currency/dollar currency/and 50 currency/cents",
            ),
            ("en currency pronounced 2", "2 currency/dollars"),
            (
                "en time_measurement pronounced 1:01:05",
                "1 time/hour 1 time/minute 5 time/seconds",
            ),
            ("en time_measurement pronounced 0", "0 time/seconds"),
            ("en current_time pronounced now", "5 time/oh 7 time/p-m"),
            (
                "en current_time pronounced 1737417600",
                "12 time/oclock time/a-m",
            ),
            (
                "en current_date pronounced now",
                "time/day-2 time/mon-0 20 h-1 2 thousand 20 5",
            ),
        ] {
            assert_eq!(prompts(data).as_deref(), Some(expected), "{data}");
        }
        for wrong in [
            "",
            "en number",
            "de number pronounced 1",
            "en number pronounced x",
            "en number sung 1",
            "en nothing pronounced 1",
            "en ip_address pronounced 1.2.3",
            "en currency pronounced 1.234",
            "en time_measurement pronounced x",
        ] {
            assert_eq!(prompts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_would_be_said_is_told_as_one_list() {
        let now: Zoned = "2025-01-21T17:07:00+00:00[UTC]".parse().unwrap();
        for (text, sounds) in [
            (
                "en number pronounced 21",
                Some("digits/20.wav!digits/1.wav"),
            ),
            (
                "en.gsm number pronounced 21",
                Some("digits/20.gsm!digits/1.gsm"),
            ),
            (
                "en.gsm:en number iterated masculine 7",
                Some("digits/7.gsm"),
            ),
            ("en.gsm en number pronounced 7", Some("digits/7.gsm")),
            ("en.gsm  en.ul number pronounced 7", Some("digits/7.ul")),
            ("en:en.mp3 number pronounced 7", Some("digits/7.mp3")),
            ("en.a!b number pronounced 7", None),
            ("en./etc number pronounced 7", None),
            ("en. number pronounced 7", None),
            ("fr number pronounced 7", None),
            ("en:fr number pronounced 7", None),
            ("en number", None),
            ("en colour pronounced 7", None),
            ("", None),
        ] {
            let expected = sounds.map(|sounds| format!("file_string://{sounds}"));
            assert_eq!(as_string(text, &now), expected, "{text}");
        }
    }

    #[test]
    fn a_text_is_played_as_one_list() {
        let mut rig = crate::rig::Rig::new();
        let id = rig.park("null/x");
        rig.run(&id, "say:en number pronounced 21,park");
        let files = rig.commands.iter().filter_map(|command| match command {
            media::control::MediaCommand::Play { file, .. } => Some(file.as_str()),
            _ => None,
        });
        assert_eq!(
            files.collect::<Vec<_>>(),
            ["file_string://digits/20.wav!digits/1.wav"]
        );
    }

    #[test]
    fn large_numbers_are_digits() {
        assert_eq!(number(1_234_567_890).len(), 10);
        assert_eq!(number(u64::MAX).len(), 20);
        assert_eq!(number(999_999_999).len(), 4 + 1 + 4 + 1 + 4);
    }
}
