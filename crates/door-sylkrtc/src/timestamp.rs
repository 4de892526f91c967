//! ISO 8601 as clients send it, and in the one form in which it is kept and sent: UTC with microseconds.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::Offset;

/// The one form of a time somebody sent; `None` when it is no time.
pub(crate) fn normal(text: &str) -> Option<Arc<str>> {
    text.parse().ok().map(print)
}

/// Microseconds since 1970 of a time in the one form.
pub(crate) fn micros(text: &str) -> Option<i64> {
    text.parse::<Timestamp>()
        .ok()
        .map(Timestamp::as_microsecond)
}

/// Now, in the one form.
pub(crate) fn now() -> Arc<str> {
    of_micros(now_micros())
}

/// Now, in microseconds since 1970.
pub(crate) fn now_micros() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// A time in the one form. What a calendar cannot say is its beginning.
pub(crate) fn of_micros(micros: i64) -> Arc<str> {
    print(Timestamp::from_microsecond(micros).unwrap_or_default())
}

fn print(time: Timestamp) -> Arc<str> {
    let at = Offset::UTC.to_datetime(time);
    let micros = at.subsec_nanosecond() / 1_000;
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{micros:06}+00:00",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_becomes_the_one_form() {
        let one = "2026-03-01T09:15:30.120000+00:00";
        for form in [
            "2026-03-01T09:15:30.120Z",
            one,
            "2026-03-01T10:15:30.12+01:00",
        ] {
            assert_eq!(normal(form).as_deref(), Some(one), "{form}");
        }
        assert_eq!(
            normal("2026-02-20T00:00:00+00:00").as_deref(),
            Some("2026-02-20T00:00:00.000000+00:00")
        );
        assert_eq!(normal("yesterday"), None);
        assert_eq!(micros(one).map(of_micros).as_deref(), Some(one));
    }
}
