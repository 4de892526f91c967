//! Time attributes of conditions.
//!
//! | Attribute | Values |
//! |---|---|
//! | `year` | 2026 |
//! | `yday` | 1–366, day of the year |
//! | `mon` | 1–12 or `jan`–`dec` |
//! | `mday` | 1–31 |
//! | `week` | 1–53, ISO 8601 week |
//! | `mweek` | 1–6, week of the month; weeks begin on Sunday |
//! | `wday` | 1–7 from Sunday on, or `sun`–`sat` |
//! | `hour` | 0–23 |
//! | `minute` | 0–59 |
//! | `minute-of-day` | 1–1440; 1 is the minute after midnight |
//! | `time-of-day` | `08:00-17:30`, seconds allowed, both ends included |
//! | `date-time` | `2026-12-24 18:00~2026-12-27 06:00`, seconds allowed, both ends included |
//! | `tz-offset` | hours east of UTC (`-5`, `5.5`, `+05:30`); without it the switch's own zone counts |
//! | `dst` | `true` adds an hour to `tz-offset` |
//!
//! Numbers and times of day may be lists (`1,3,5-7`) and may wrap round (`hour="22-6"`, `wday="fri-mon"`).

use jiff::Zoned;
use jiff::civil::{DateTime, Time};
use jiff::tz::{Offset, TimeZone};

use super::attribute::truth;

/// A set of restrictions; all must hold. The default holds always.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimeOfDay {
    numbers: Vec<(Unit, Vec<Range<i32>>)>,
    times: Option<Vec<Range<Time>>>,
    dates: Option<Vec<Range<DateTime>>>,
    /// Seconds east of UTC.
    offset: Option<i32>,
    daylight_saving: bool,
}

/// Both ends belong to it; for cyclic units `from` may lie behind `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range<T> {
    from: T,
    to: T,
}

impl<T: PartialOrd + Copy> Range<T> {
    fn holds(self, at: T) -> bool {
        if self.from <= self.to {
            self.from <= at && at <= self.to
        } else {
            at >= self.from || at <= self.to
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Year,
    DayOfYear,
    Month,
    DayOfMonth,
    Week,
    WeekOfMonth,
    Weekday,
    Hour,
    Minute,
    MinuteOfDay,
}

impl TimeOfDay {
    /// The attributes understood.
    pub const ATTRIBUTES: &'static [&'static str] = &[
        "year",
        "yday",
        "mon",
        "mday",
        "week",
        "mweek",
        "wday",
        "hour",
        "minute",
        "minute-of-day",
        "time-of-day",
        "date-time",
        "tz-offset",
        "dst",
    ];

    /// Adds one attribute.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn restrict(&mut self, attribute: &str, value: &str) -> Result<(), String> {
        let unit = match attribute {
            "year" => Unit::Year,
            "yday" => Unit::DayOfYear,
            "mon" => Unit::Month,
            "mday" => Unit::DayOfMonth,
            "week" => Unit::Week,
            "mweek" => Unit::WeekOfMonth,
            "wday" => Unit::Weekday,
            "hour" => Unit::Hour,
            "minute" => Unit::Minute,
            "minute-of-day" => Unit::MinuteOfDay,
            "time-of-day" => {
                self.times = Some(list(value, '-', time)?);
                return Ok(());
            }
            "date-time" => {
                let dates = list(value, '~', date_time)?;
                if dates.iter().any(|range| range.from > range.to) {
                    return Err("a range of dates ends before it begins".to_owned());
                }
                self.dates = Some(dates);
                return Ok(());
            }
            "tz-offset" => {
                self.offset = Some(offset(value)?);
                return Ok(());
            }
            "dst" => {
                self.daylight_saving = truth(value).ok_or("dst is true or false")?;
                return Ok(());
            }
            _ => return Err("no such time attribute".to_owned()),
        };
        let ranges = list(value, '-', |text| unit.parse(text))?;
        if unit == Unit::Year && ranges.iter().any(|range| range.from > range.to) {
            return Err("a range of years ends before it begins".to_owned());
        }
        self.numbers.push((unit, ranges));
        Ok(())
    }

    /// Whether all restrictions hold at `now`.
    pub fn holds(&self, now: &Zoned) -> bool {
        let local = self.local(now);
        self.numbers.iter().all(|(unit, ranges)| {
            let at = unit.of(local);
            ranges.iter().any(|range| range.holds(at))
        }) && self.times.as_ref().is_none_or(|ranges| {
            // Fractions of a second would push the last second out of its range.
            let at = local
                .time()
                .with()
                .subsec_nanosecond(0)
                .build()
                .unwrap_or(local.time());
            ranges.iter().any(|range| range.holds(at))
        }) && self.dates.as_ref().is_none_or(|ranges| {
            let at = local.with().subsec_nanosecond(0).build().unwrap_or(local);
            ranges.iter().any(|range| range.holds(at))
        })
    }

    fn local(&self, now: &Zoned) -> DateTime {
        let Some(seconds) = self.offset else {
            return now.datetime();
        };
        let seconds = seconds + if self.daylight_saving { 3600 } else { 0 };
        match Offset::from_seconds(seconds) {
            Ok(offset) => now.with_time_zone(TimeZone::fixed(offset)).datetime(),
            Err(_) => now.datetime(),
        }
    }
}

impl Unit {
    fn of(self, at: DateTime) -> i32 {
        let weekday = i32::from(at.weekday().to_sunday_zero_offset());
        match self {
            Self::Year => i32::from(at.year()),
            Self::DayOfYear => i32::from(at.day_of_year()),
            Self::Month => i32::from(at.month()),
            Self::DayOfMonth => i32::from(at.day()),
            Self::Week => i32::from(at.date().iso_week_date().week()),
            Self::WeekOfMonth => {
                let first = i32::from(at.date().first_of_month().weekday().to_sunday_zero_offset());
                (i32::from(at.day()) + first - 1) / 7 + 1
            }
            Self::Weekday => weekday + 1,
            Self::Hour => i32::from(at.hour()),
            Self::Minute => i32::from(at.minute()),
            Self::MinuteOfDay => i32::from(at.hour()) * 60 + i32::from(at.minute()) + 1,
        }
    }

    fn parse(self, text: &str) -> Result<i32, String> {
        let names: &[&str] = match self {
            Self::Month => MONTHS,
            Self::Weekday => WEEKDAYS,
            Self::Year
            | Self::DayOfYear
            | Self::DayOfMonth
            | Self::Week
            | Self::WeekOfMonth
            | Self::Hour
            | Self::Minute
            | Self::MinuteOfDay => &[],
        };
        if let Some(at) = names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text))
        {
            return i32::try_from(at + 1).map_err(|error| error.to_string());
        }
        let (least, most) = match self {
            Self::Year => (1970, 9999),
            Self::DayOfYear => (1, 366),
            Self::Month => (1, 12),
            Self::DayOfMonth => (1, 31),
            Self::Week => (1, 53),
            Self::WeekOfMonth => (1, 6),
            Self::Weekday => (1, 7),
            Self::Hour => (0, 23),
            Self::Minute => (0, 59),
            Self::MinuteOfDay => (1, 1440),
        };
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            Ok(_) | Err(_) => Err(format!("{text:?} is not within {least} to {most}")),
        }
    }
}

fn list<T: Copy>(
    value: &str,
    dash: char,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<Range<T>>, String> {
    value
        .split(',')
        .map(|item| match item.split_once(dash) {
            Some((from, to)) => Ok(Range {
                from: parse(from.trim_ascii())?,
                to: parse(to.trim_ascii())?,
            }),
            None => parse(item.trim_ascii()).map(|only| Range {
                from: only,
                to: only,
            }),
        })
        .collect()
}

fn time(text: &str) -> Result<Time, String> {
    let wrong = || format!("{text:?} is not a time such as 17:30");
    let mut parts = text
        .splitn(3, ':')
        .map(|part| part.parse::<i8>().map_err(|_| wrong()));
    let hour = parts.next().ok_or_else(wrong)??;
    let minute = parts.next().ok_or_else(wrong)??;
    let second = parts.next().transpose()?.unwrap_or(0);
    if (hour, minute, second) == (24, 0, 0) {
        // Written by people who mean the end of the day.
        return Ok(Time::constant(23, 59, 59, 0));
    }
    Time::new(hour, minute, second, 0).map_err(|_| wrong())
}

fn date_time(text: &str) -> Result<DateTime, String> {
    let wrong = || format!("{text:?} is not a date and time such as 2026-12-24 18:00");
    let (date, clock) = text.split_once(' ').ok_or_else(wrong)?;
    let mut parts = date
        .splitn(3, '-')
        .map(|part| part.parse::<i16>().map_err(|_| wrong()));
    let year = parts.next().ok_or_else(wrong)??;
    let month = i8::try_from(parts.next().ok_or_else(wrong)??).map_err(|_| wrong())?;
    let day = i8::try_from(parts.next().ok_or_else(wrong)??).map_err(|_| wrong())?;
    let date = jiff::civil::Date::new(year, month, day).map_err(|_| wrong())?;
    Ok(date.to_datetime(time(clock.trim_ascii())?))
}

/// Seconds east of UTC.
fn offset(text: &str) -> Result<i32, String> {
    let wrong = || format!("{text:?} is not an offset in hours such as -5 or +05:30");
    let text = text.trim_ascii();
    let (sign, bare) = match text.strip_prefix('-') {
        Some(bare) => (-1, bare),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if !bare.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(wrong());
    }
    let seconds = match bare.split_once(':') {
        Some((hours, minutes)) => {
            let hours: u8 = hours.parse().map_err(|_| wrong())?;
            let minutes: u8 = minutes.parse().map_err(|_| wrong())?;
            i32::from(hours) * 3600 + i32::from(minutes.min(60)) * 60
        }
        None => {
            let (hours, tenths) = bare.split_once('.').unwrap_or((bare, "0"));
            let hours: u8 = hours.parse().map_err(|_| wrong())?;
            let part = match tenths {
                "0" | "00" => 0,
                "25" => 900,
                "5" | "50" => 1800,
                "75" => 2700,
                _ => return Err(wrong()),
            };
            i32::from(hours) * 3600 + part
        }
    };
    // UTC−12 to UTC+14 are in use.
    let seconds = sign * seconds;
    if (-12 * 3600..=14 * 3600).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(wrong())
    }
}

const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

#[cfg(test)]
mod tests {
    use super::*;

    /// A wall clock that stands two hours east of UTC.
    fn at(text: &str) -> Zoned {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        text.parse::<DateTime>().unwrap().to_zoned(zone).unwrap()
    }

    #[test]
    fn restrictions() {
        // 21 November 2026 is a Saturday, day 325, ISO week 47; the month began on a Sunday.
        let saturday = "2026-11-21T22:30:15.9";
        for (attributes, when, expect) in [
            (&[("year", "2026")][..], saturday, true),
            (&[("year", "2024-2025")], saturday, false),
            (&[("yday", "325")], saturday, true),
            (&[("mon", "11")], saturday, true),
            (&[("mon", "nov-feb")], saturday, true),
            (&[("mon", "dec-oct")], saturday, false),
            (&[("mday", "1-20,22-31")], saturday, false),
            (&[("week", "47")], saturday, true),
            (&[("mweek", "3")], saturday, true),
            (&[("mweek", "4")], "2026-11-22T00:00", true),
            (&[("mweek", "6")], "2026-08-31T00:00", true),
            (&[("wday", "7")], saturday, true),
            (&[("wday", "mon-fri")], saturday, false),
            (&[("wday", "fri-mon")], saturday, true),
            (&[("wday", "2-6")], "2026-11-23T09:00", true),
            (&[("hour", "22-6")], saturday, true),
            (&[("hour", "22-6")], "2026-11-21T06:59", true),
            (&[("hour", "22-6")], "2026-11-21T07:00", false),
            (&[("minute", "0,15,30,45")], saturday, true),
            (&[("minute-of-day", "1")], "2026-11-21T00:00", true),
            (&[("minute-of-day", "1440")], "2026-11-21T23:59", true),
            (
                &[("time-of-day", "08:00-17:30")],
                "2026-11-21T17:30:00.7",
                true,
            ),
            (
                &[("time-of-day", "08:00-17:30")],
                "2026-11-21T17:30:01",
                false,
            ),
            (&[("time-of-day", "22:00-06:00")], saturday, true),
            (
                &[("time-of-day", "08:00-12:00,13:00-24:00")],
                saturday,
                true,
            ),
            (
                &[("time-of-day", "08:00-12:00,13:00-17:00:00")],
                saturday,
                false,
            ),
            (
                &[("date-time", "2026-11-21 22:30~2026-11-21 22:31")],
                saturday,
                true,
            ),
            (
                &[("date-time", "2026-11-21 22:31:00~2026-12-21 22:31:00")],
                saturday,
                false,
            ),
            // 20:30 UTC
            (&[("hour", "20"), ("tz-offset", "0")], saturday, true),
            (
                &[("hour", "16"), ("tz-offset", "-5"), ("dst", "true")],
                saturday,
                true,
            ),
            (
                &[
                    ("wday", "sun"),
                    ("hour", "2"),
                    ("minute", "0"),
                    ("tz-offset", "+05:30"),
                ],
                saturday,
                true,
            ),
            (&[("hour", "2"), ("tz-offset", "5.5")], saturday, true),
            (&[("wday", "sat"), ("hour", "9-17")], saturday, false),
        ] {
            let mut time = TimeOfDay::default();
            for (name, value) in attributes {
                time.restrict(name, value).unwrap();
            }
            assert_eq!(time.holds(&at(when)), expect, "{attributes:?} at {when}");
        }
        assert!(TimeOfDay::default().holds(&at(saturday)));
    }

    #[test]
    fn refusals() {
        for (name, value) in [
            ("hour", "24"),
            ("hour", ""),
            ("hour", "1-"),
            ("wday", "0"),
            ("wday", "someday"),
            ("mon", "13"),
            ("year", "2027-2026"),
            ("time-of-day", "8-17"),
            ("time-of-day", "25:00-26:00"),
            ("date-time", "2026-02-30 10:00~2026-03-01 10:00"),
            ("date-time", "2026-02-20 10:00~2026-01-01 10:00"),
            ("tz-offset", "15"),
            ("tz-offset", "EST"),
            ("tz-offset", "--5"),
            ("dst", "maybe"),
            ("century", "21"),
        ] {
            assert!(
                TimeOfDay::default().restrict(name, value).is_err(),
                "{name}={value}"
            );
        }
    }
}
