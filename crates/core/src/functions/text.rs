//! Times and URL encoding.

use jiff::Zoned;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

/// What `strftime` prints without a format.
const DEFAULT_FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// `strftime [<epoch>|]<format>`; `None` when the format means nothing.
///
/// Recorded: with an epoch in front, the character behind the `|` is taken for part of it and not printed, so that
/// `0|%Y` prints `Y`. Scripts have learned to write `0| %Y`.
pub(super) fn strftime(now: &Zoned, arguments: &str) -> Option<String> {
    let epoch = arguments.split_once('|').and_then(|(epoch, rest)| {
        let at = jiff::Timestamp::from_second(epoch.trim().parse().ok()?).ok()?;
        Some((at, rest))
    });
    match epoch {
        Some((at, rest)) => {
            let mut format = rest.chars();
            format.next();
            print(&at.to_zoned(now.time_zone().clone()), format.as_str())
        }
        None => print(now, arguments),
    }
}

/// `strftime_tz <zone> [<epoch>|<format>]`, where the `|` costs nothing. `None`: no such zone or format.
pub(super) fn strftime_tz(now: &Zoned, arguments: &str) -> Option<String> {
    let (zone, rest) = arguments.split_once(' ').unwrap_or((arguments, ""));
    let zone = if zone.is_empty() {
        now.time_zone().clone()
    } else {
        TimeZone::get(zone).ok()?
    };
    let (at, format) = match rest.split_once('|') {
        Some((epoch, format)) => (
            jiff::Timestamp::from_second(epoch.trim().parse().ok()?).ok()?,
            format,
        ),
        None => (now.timestamp(), rest),
    };
    print(&at.to_zoned(zone), format)
}

pub(super) fn print(at: &Zoned, format: &str) -> Option<String> {
    let format = if format.is_empty() {
        DEFAULT_FORMAT
    } else {
        format
    };
    strtime::format(format, at).ok()
}

/// Percent-encodes what event headers encode: all but letters, digits and `! $ ' ( ) * , - . / _ ~`
/// (event-socket.md §1.6).
pub(super) fn url_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"!$'()*,-./_~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    out
}

/// Resolves `%41`; what is no escape stays.
pub(super) fn url_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let hex = |at: usize| {
        bytes
            .get(at)
            .and_then(|digit| char::from(*digit).to_digit(16))
    };
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                // Two hexadecimal digits always fit a byte.
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
