//! More commands that turn one text into another, and moments into others (event-socket.md §6.8).

use super::MAX_DEPTH;
use super::call::{Call, usage};
use crate::clock;
use crate::command::api::Line;
use crate::serialise::xml::write_text;
use api::Timestamp;
use jiff::tz::TimeZone;

/// Without a format.
const USUAL_TIME: &str = "%Y-%m-%d %H:%M:%S";

/// `<data>|<old>|<new>`: every one.
pub(super) async fn replace(call: &Call<'_>) -> String {
    let mut parts = call.args.splitn(3, '|');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(data), Some(old), Some(new)) if !old.is_empty() => data.replace(old, new),
        _ => usage("<data>|<string1>|<string2>"),
    }
}

/// `[^^<delimiter>]<value>,<value>,…`: the first that is not empty.
pub(super) async fn coalesce(call: &Call<'_>) -> String {
    let mut rest = call.args;
    let mut delimiter = ',';
    if let Some(named) = rest.strip_prefix("^^") {
        let mut chars = named.chars();
        delimiter = chars.next().unwrap_or(delimiter);
        rest = chars.as_str();
    }
    if rest.is_empty() {
        return usage("[^^<delim>]<value1>,<value2>,...");
    }
    let mut values = rest.split(delimiter);
    let found = values.find(|value| !value.is_empty());
    found.unwrap_or_default().to_owned()
}

/// As arguments of commands have to be written (event-socket.md §6.1).
pub(super) async fn escape(call: &Call<'_>) -> String {
    let mut out = String::with_capacity(call.args.len() + 8);
    for character in call.args.chars() {
        let letter = match character {
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            ' ' => 's',
            '\'' | '"' | '\\' => character,
            _ => {
                out.push(character);
                continue;
            }
        };
        out.extend(['\\', letter]);
    }
    out
}

/// One word of a POSIX shell: single quotes around, and `'\''` for those within.
pub(super) async fn quote_shell_arg(call: &Call<'_>) -> String {
    format!("'{}'", call.args.replace('\'', "'\\''"))
}

/// What may stand between the single quotes of SQL.
pub(super) async fn sql_escape(call: &Call<'_>) -> String {
    call.args.replace('\'', "''")
}

/// `<command> <arguments>`: its answer as XML (golden api-08-directory).
pub(super) async fn xml_wrap(call: &Call<'_>) -> String {
    let text = if call.args.is_empty() {
        "INVALID COMMAND!\n".to_owned()
    } else if call.depth >= MAX_DEPTH {
        String::new()
    } else {
        let line = Line::parse(call.args);
        call.console.run(&line, call.depth + 1).await.text
    };
    let mut data = Vec::new();
    write_text(&mut data, &text);
    let data = String::from_utf8_lossy(&data);
    format!("<result>\n  <row id=\"1\">\n    <data>{data}</data>\n  </row>\n</result>\n")
}

/// `[<zone>] [<epoch>|][<format>]` (golden api-05-time).
pub(super) async fn strftime_tz(call: &Call<'_>) -> String {
    const INVALID: &str = "-ERR Invalid timezone/format\n";
    let (name, rest) = crate::splitter::head(call.args);
    let zone = if name.is_empty() {
        Some(call.console.server.zone.clone())
    } else {
        TimeZone::get(name).ok()
    };
    let Some(zone) = zone else {
        return INVALID.to_owned();
    };
    let now = call.console.host.now();
    let (at, pattern) = match rest.split_once('|') {
        Some((epoch, pattern)) => match epoch.trim().parse::<i64>() {
            Ok(seconds) => (Timestamp(seconds.saturating_mul(1_000_000)), pattern),
            Err(_) => return INVALID.to_owned(),
        },
        None => (now, rest),
    };
    let pattern = if pattern.is_empty() {
        USUAL_TIME
    } else {
        pattern
    };
    let text = clock::format(at, &zone, pattern);
    if text.is_empty() {
        INVALID.to_owned()
    } else {
        text
    }
}

/// `[<date>]`: seconds since 1970 of a date as `strftime` prints it; 0 of anything else (golden api-05-time).
pub(super) async fn strepoch(call: &Call<'_>) -> String {
    (micros(call) / 1_000_000).to_string()
}

/// The same in microseconds.
pub(super) async fn strmicroepoch(call: &Call<'_>) -> String {
    micros(call).to_string()
}

fn micros(call: &Call<'_>) -> i64 {
    if call.args.is_empty() {
        return call.console.host.now().as_micros();
    }
    moment(call.args, &call.console.server.zone).unwrap_or(0)
}

fn moment(text: &str, zone: &TimeZone) -> Option<i64> {
    let date = jiff::civil::DateTime::strptime(USUAL_TIME, text.trim()).ok()?;
    let zoned = date.to_zoned(zone.clone()).ok()?;
    Some(zoned.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_the_zone_of_the_server() {
        let utc = |text| moment(text, &TimeZone::UTC);
        // golden api-05-time
        assert_eq!(utc("2023-11-14 22:13:20"), Some(1_700_000_000_000_000));
        assert_eq!((utc("+60"), utc("garbage"), utc("")), (None, None, None));
        let east = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(
            moment("2023-11-14 22:13:20", &east),
            Some((1_700_000_000 - 7200) * 1_000_000)
        );
    }
}
