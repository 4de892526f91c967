//! Values as lenient as clients are careless (event-manager.md §4).

use std::fmt;
use std::sync::Arc;

use api::id::RoomNumber;
use api::view::{Stage, View};
use serde_json::value::RawValue;

use super::Members;
use super::symbols;
use crate::error::{Code, Refusal};

/// The members of a request, asked for by the names a key has had.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(pub(crate) &'a Members<'a>);

/// A room as a client names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RoomKey {
    /// Its number, when what was given can be read as one.
    pub(crate) number: Option<i64>,
    /// Its name, when a text was given.
    pub(crate) text: Option<String>,
}

impl RoomKey {
    /// The room in a view: by number, then by name.
    ///
    /// # Errors
    /// When it is not there.
    pub(crate) fn find<'v>(&self, view: &'v View) -> Result<&'v Arc<Stage>, Refusal> {
        let number = self.number.and_then(|number| i32::try_from(number).ok());
        let by_number = number.and_then(|number| view.stage_numbered(RoomNumber(number)));
        let found = by_number.or_else(|| view.stages.get(self.text.as_deref()?));
        found.ok_or_else(|| Refusal::new(Code::RoomId, format!("room {self} does not exist")))
    }
}

impl fmt::Display for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.text, self.number) {
            (Some(text), _) => f.write_str(text),
            (None, Some(number)) => number.fmt(f),
            (None, None) => Ok(()),
        }
    }
}

impl<'a> Fields<'a> {
    /// The first of these names that is there.
    pub(crate) fn find(self, names: &[&'static str]) -> Option<(&'static str, &'a RawValue)> {
        names
            .iter()
            .find_map(|name| Some((*name, self.0.get(name)?)))
    }

    fn required(self, names: &[&'static str]) -> Result<(&'static str, &'a RawValue), Refusal> {
        let missing = || {
            let name = names.first().unwrap_or(&"");
            Refusal::value(format!("missing {name}"))
        };
        self.find(names).ok_or_else(missing)
    }

    /// An integer.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub(crate) fn integer(self, names: &[&'static str]) -> Result<i64, Refusal> {
        let (name, value) = self.required(names)?;
        integer(value).ok_or_else(|| not_a(name, "an integer"))
    }

    /// An integer of a C `int`.
    ///
    /// # Errors
    /// When it is missing, something else or too large.
    pub(crate) fn int(self, names: &[&'static str]) -> Result<i32, Refusal> {
        let value = self.integer(names)?;
        let name = self.find(names).map_or("", |(name, _)| name);
        i32::try_from(value).map_err(|_| Refusal::value(format!("{name} is out of range")))
    }

    /// The same, when it is there.
    pub(crate) fn optional_int(self, names: &[&'static str]) -> Result<Option<i32>, Refusal> {
        self.find(names).map(|_| self.int(names)).transpose()
    }

    /// A text.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub(crate) fn text(self, names: &[&'static str]) -> Result<String, Refusal> {
        let (name, value) = self.required(names)?;
        text(value).ok_or_else(|| not_a(name, "a string"))
    }

    /// The same, when it is there.
    pub(crate) fn optional_text(self, names: &[&'static str]) -> Result<Option<String>, Refusal> {
        self.find(names).map(|_| self.text(names)).transpose()
    }

    /// An object, when it is there.
    pub(crate) fn optional_object(
        self,
        name: &'static str,
    ) -> Result<Option<Members<'a>>, Refusal> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let object = Members::parse(value.get());
        object.map(Some).ok_or_else(|| not_a(name, "an object"))
    }

    /// `room_id`: a number, or a name.
    pub(crate) fn room(self) -> Result<RoomKey, Refusal> {
        let (name, value) = self.required(&["room_id"])?;
        let key = RoomKey {
            number: integer(value),
            text: text(value),
        };
        let is_one = key.number.is_some() || key.text.as_ref().is_some_and(|t| !t.is_empty());
        is_one
            .then_some(key)
            .ok_or_else(|| not_a(name, "an integer or a name"))
    }

    /// A value of a control: a number, a truth value, or a word (event-manager.md §4).
    pub(crate) fn control_value(self, names: &[&'static str]) -> Result<i64, Refusal> {
        let (name, value) = self.required(names)?;
        let truth = || match value.get() {
            "true" => Some(1),
            "false" => Some(0),
            _ => None,
        };
        let word = || symbols::value(&text(value)?);
        integer(value)
            .or_else(truth)
            .or_else(word)
            .ok_or_else(|| not_a(name, "a number or a word for one"))
    }
}

fn not_a(name: &str, what: &str) -> Refusal {
    Refusal::value(format!("{name} is not {what}"))
}

/// A JSON integer, an integral float or a decimal text. Beyond 64 bits it is the nearest there is.
pub(super) fn integer(value: &RawValue) -> Option<i64> {
    let given = value.get();
    if given.starts_with('"') {
        let text = text(value)?;
        let digits = text.strip_prefix('-').unwrap_or(&text);
        let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        return decimal.then(|| nearest(&text)).flatten();
    }
    if let Ok(integer) = given.parse() {
        return Some(integer);
    }
    nearest(given)
}

fn nearest(text: &str) -> Option<i64> {
    if let Ok(integer) = text.parse() {
        return Some(integer);
    }
    let float: f64 = text.parse().ok()?;
    // The conversion stops at the ends of the numbers.
    (float.fract() == 0.0).then_some(float as i64)
}

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_in_three_ways() {
        let cases = [
            ("3", Some(3)),
            ("-3", Some(-3)),
            ("3.0", Some(3)),
            ("3e2", Some(300)),
            ("-0.0", Some(0)),
            ("\"3\"", Some(3)),
            ("\"-17\"", Some(-17)),
            ("\"0003\"", Some(3)),
            ("1e300", Some(i64::MAX)),
            ("-99999999999999999999", Some(i64::MIN)),
            ("\"99999999999999999999\"", Some(i64::MAX)),
            ("1e999", None),
            ("3.5", None),
            ("\"3.0\"", None),
            ("\"+3\"", None),
            ("\" 3\"", None),
            ("\"\"", None),
            ("\"-\"", None),
            ("\"inf\"", None),
            ("true", None),
            ("[3]", None),
            ("{}", None),
        ];
        for (given, expected) in cases {
            let raw: &RawValue = serde_json::from_str(given).unwrap();
            assert_eq!(integer(raw), expected, "{given}");
        }
    }

    #[test]
    fn rooms_are_numbers_or_names() {
        let room = |text: &str| {
            let members = Members::parse(text).unwrap();
            Fields(&members).room().map(|key| (key.number, key.text))
        };
        assert_eq!(room(r#"{"room_id":12.0}"#), Ok((Some(12), None)));
        assert_eq!(
            room(r#"{"room_id":"12"}"#),
            Ok((Some(12), Some("12".into())))
        );
        assert_eq!(
            room(r#"{"room_id":"sales"}"#),
            Ok((None, Some("sales".into())))
        );
        for wrong in ["true", "\"\"", "[1]", "{}", "1.5", "\"\\ud800\""] {
            let text = format!("{{\"room_id\":{wrong}}}");
            assert_eq!(
                room(&text).unwrap_err().detail,
                "room_id is not an integer or a name"
            );
        }
        for missing in ["{}", "{\"room_id\":null}"] {
            assert_eq!(room(missing).unwrap_err().detail, "missing room_id");
        }
    }
}
