//! Times as clients read them.

use api::Timestamp;
use jiff::tz::TimeZone;

/// `2025-01-21 10:00:00` in `zone`.
pub fn local(at: Timestamp, zone: &TimeZone) -> String {
    format(at, zone, "%Y-%m-%d %H:%M:%S")
}

/// `Tue, 21 Jan 2025 10:00:00 GMT`.
pub fn gmt(at: Timestamp) -> String {
    format(at, &TimeZone::UTC, "%a, %d %b %Y %H:%M:%S GMT")
}

/// A time in a `strftime` format; empty when the format is not understood.
pub fn format(at: Timestamp, zone: &TimeZone, pattern: &str) -> String {
    if !is_understood(pattern) {
        return String::new();
    }
    let Ok(timestamp) = jiff::Timestamp::from_microsecond(at.as_micros()) else {
        return String::new();
    };
    jiff::fmt::strtime::format(pattern, &timestamp.to_zoned(zone.clone())).unwrap_or_default()
}

/// Whether the pattern holds only conversions every `strftime` has.
fn is_understood(pattern: &str) -> bool {
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let known = |c: char| "aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%".contains(c);
        if c == '%' && !chars.next().is_some_and(known) {
            return false;
        }
    }
    true
}

/// `0 years, 0 days, 1 hour, 3 minutes, 5 seconds, 123 milliseconds, 456 microseconds`: units of one
/// have no s.
pub fn up_time(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    let units = [
        (seconds / 31_536_000, "year"),
        (seconds / 86_400 % 365, "day"),
        (seconds / 3600 % 24, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
        (micros / 1000 % 1000, "millisecond"),
        (micros % 1000, "microsecond"),
    ];
    let texts = units
        .map(|(number, unit)| format!("{number} {unit}{}", if number == 1 { "" } else { "s" }));
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_forms() {
        let at = Timestamp(1_737_453_600_123_456);
        assert_eq!(local(at, &TimeZone::UTC), "2025-01-21 10:00:00");
        assert_eq!(gmt(at), "Tue, 21 Jan 2025 10:00:00 GMT");
        assert_eq!(
            format(at, &TimeZone::UTC, "%F %T %z"),
            "2025-01-21 10:00:00 +0000"
        );
        assert_eq!(format(at, &TimeZone::UTC, "%Q"), "");
        assert_eq!(format(Timestamp(i64::MAX), &TimeZone::UTC, "%F"), "");
    }

    #[test]
    fn up_times_lose_the_s_of_one() {
        // golden api-01-system
        assert_eq!(
            up_time(87_206_642),
            "0 years, 0 days, 0 hours, 1 minute, 27 seconds, 206 milliseconds, 642 microseconds"
        );
        assert!(
            up_time(31_536_000 * 1_000_000 + 86_400 * 1_000_000)
                .starts_with("1 year, 1 day, 0 hours")
        );
    }
}
