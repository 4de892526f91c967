use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON object whose members keep their order and their spelling, so that they can be passed on untouched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Reads an object; `None` when the text is no JSON or something else.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The same with a sentence for people.
    ///
    /// # Errors
    /// What is wrong, with line and column.
    pub(crate) fn read(text: &'a str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// A member that is there and not `null`. Of several with one name the last counts.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().rev().find(|(member, _)| member == name);
        found
            .map(|(_, value)| *value)
            .filter(|value| value.get() != "null")
    }

    /// All, in order; of several with one name the last, at the place of the first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        let mut last: HashMap<&str, &'a RawValue> = HashMap::with_capacity(self.0.len());
        for (name, value) in &self.0 {
            last.insert(name, value);
        }
        self.0
            .iter()
            .filter_map(move |(name, _)| Some((name.as_str(), last.remove(name.as_str())?)))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_spelling() {
        let text = r#"{"b":1.50,"a":{"z" : 1,"y":2},"c":null,"b":"\u00e9"}"#;
        let members = Members::parse(text).unwrap();
        let all: Vec<_> = members.iter().map(|(name, v)| (name, v.get())).collect();
        assert_eq!(
            all,
            [
                ("b", r#""\u00e9""#),
                ("a", r#"{"z" : 1,"y":2}"#),
                ("c", "null")
            ]
        );
        assert!(members.get("c").is_none() && members.get("d").is_none());
    }

    #[test]
    fn nothing_else_is_an_object() {
        for text in [
            "",
            "[]",
            "\"a\"",
            "5",
            "null",
            "{",
            "{} x",
            "{\"a\"}",
            "{\"a\":1,}",
        ] {
            assert!(Members::parse(text).is_none(), "{text}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
        assert!(Members::parse(&deep).is_some());
    }
}
