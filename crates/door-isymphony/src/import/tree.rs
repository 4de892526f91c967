//! XML and JSON as one kind of tree: things with fields, and things within them.

use roxmltree::{Document, ParsingOptions};

use crate::wire::{Value, parse};

/// Bytes of a file. Ours.
const LONGEST: usize = 8 << 20;
/// Elements, attributes and texts of a file. Ours.
const MOST: u32 = 500_000;
/// Things within things. Ours.
const DEEPEST: usize = 32;

/// Why a file cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadError {
    /// More than is read.
    #[error("the file has more than {LONGEST} bytes")]
    TooLong,
    /// Things within things, too many times.
    #[error("the file is nested more than {DEEPEST} times")]
    TooDeep,
    /// Neither format. Document types, and with them entities, are refused.
    #[error("no XML: {0}")]
    Xml(String),
    /// It begins like JSON.
    #[error("no JSON")]
    Json,
}

/// One thing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Thing {
    /// Its own name, as it is written.
    pub(super) name: String,
    /// Names and values: attributes, elements with nothing but a text, members that are no objects.
    pub(super) fields: Vec<(String, String)>,
    pub(super) within: Vec<Self>,
}

impl Thing {
    /// Reads either format.
    pub(super) fn read(text: &str) -> Result<Self, ReadError> {
        if text.len() > LONGEST {
            return Err(ReadError::TooLong);
        }
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if text.starts_with(['{', '[']) {
            let value = parse(text.as_bytes()).ok_or(ReadError::Json)?;
            let mut root = Self::default();
            root.add("", &value, DEEPEST)?;
            return Ok(root);
        }
        let options = ParsingOptions {
            allow_dtd: false,
            nodes_limit: MOST,
            ..ParsingOptions::default()
        };
        let document = Document::parse_with_options(text, options);
        let document = document.map_err(|error| ReadError::Xml(error.to_string()))?;
        Self::of_element(document.root_element(), DEEPEST)
    }

    fn of_element(element: roxmltree::Node<'_, '_>, depth: usize) -> Result<Self, ReadError> {
        let depth = depth.checked_sub(1).ok_or(ReadError::TooDeep)?;
        let attributes = element.attributes();
        let mut thing = Self {
            name: element.tag_name().name().to_owned(),
            fields: attributes
                .map(|attribute| {
                    (
                        attribute.name().to_owned(),
                        attribute.value().trim().to_owned(),
                    )
                })
                .collect(),
            within: Vec::new(),
        };
        let text = element.text().map_or("", str::trim);
        if !text.is_empty() {
            thing.fields.push(("text".to_owned(), text.to_owned()));
        }
        for child in element.children().filter(roxmltree::Node::is_element) {
            let is_field = child.attributes().next().is_none()
                && !child.children().any(|inner| inner.is_element());
            if is_field {
                let text = child.text().map_or("", str::trim);
                let name = child.tag_name().name();
                thing.fields.push((name.to_owned(), text.to_owned()));
            } else {
                thing.within.push(Self::of_element(child, depth)?);
            }
        }
        Ok(thing)
    }

    /// Adds a member of a JSON object; of a list, each of its values under the same name.
    fn add(&mut self, name: &str, value: &Value, depth: usize) -> Result<(), ReadError> {
        let depth = depth.checked_sub(1).ok_or(ReadError::TooDeep)?;
        let mut field = |text: String| self.fields.push((name.to_owned(), text));
        match value {
            Value::Null => {}
            Value::Bool(flag) => field(flag.to_string()),
            Value::Number(number) => field(number.to_string()),
            Value::String(text) => field(text.trim().to_owned()),
            Value::Array(all) => {
                for value in all {
                    self.add(name, value, depth)?;
                }
            }
            Value::Object(members) => {
                let mut thing = Self {
                    name: name.to_owned(),
                    ..Self::default()
                };
                for (name, value) in members {
                    thing.add(name, value, depth)?;
                }
                self.within.push(thing);
            }
        }
        Ok(())
    }

    /// What it is, for comparing: without case, lines between words, and the s of several.
    pub(super) fn kind(&self) -> String {
        plain(&self.name)
    }

    /// The value of a field; the first of those names that has one.
    pub(super) fn field(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| {
            let wanted = plain(name);
            let mut fields = self.fields.iter();
            let (_, value) =
                fields.find(|(own, value)| plain(own) == wanted && !value.is_empty())?;
            Some(value.as_str())
        })
    }

    /// It, and all within it, outer ones first.
    pub(super) fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        let mut next = 0;
        while let Some(thing) = all.get(next).copied() {
            all.extend(&thing.within);
            next += 1;
        }
        all
    }
}

/// A name for comparing.
pub(super) fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let mut name: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    // Of an address and a status there is one.
    if name.len() > 3 && name.ends_with('s') && !name.ends_with("ss") && !name.ends_with("status") {
        name.pop();
        if name.ends_with("statuse") {
            name.pop();
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_say_the_same() {
        let xml = "<tenant name=\"Main\"><extension_val>9</extension_val><queues><queue queue_val='1' name='a'/></queues></tenant>";
        let json = r#"{"tenant": {"name": "Main", "extension_val": 9, "queues": {"queue": {"queue_val": "1", "name": "a"}}}}"#;
        let (xml, json) = (Thing::read(xml).unwrap(), Thing::read(json).unwrap());
        let json = &json.within[0].within[0];
        assert_eq!(
            (xml.kind(), json.kind()),
            ("tenant".to_owned(), "tenant".to_owned())
        );
        for tenant in [&xml, json] {
            assert_eq!(tenant.field(&["Name"]), Some("Main"));
            assert_eq!(tenant.field(&["nothing", "extensionVal"]), Some("9"));
            assert_eq!(tenant.within[0].within[0].field(&["queue_val"]), Some("1"));
        }
        assert_eq!(plain("Conference_Rooms"), "conferenceroom");
        assert_eq!(
            (plain("status"), plain("statuses"), plain("address")),
            (
                "status".to_owned(),
                "status".to_owned(),
                "address".to_owned()
            )
        );
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let deep = "<a b='1'>".repeat(40) + &"</a>".repeat(40);
        assert_eq!(Thing::read(&deep), Err(ReadError::TooDeep));
        let deep = "<a b='1'>".repeat(200_000) + &"</a>".repeat(200_000);
        assert!(Thing::read(&deep).is_err());
        let deep = "[".repeat(40) + &"]".repeat(40);
        assert_eq!(Thing::read(&deep), Err(ReadError::TooDeep));
        assert_eq!(
            Thing::read(&" ".repeat(LONGEST + 1)),
            Err(ReadError::TooLong)
        );
        assert_eq!(Thing::read("{"), Err(ReadError::Json));
        for entity in [
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
            "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
            "<a>&b;</a>",
        ] {
            assert!(
                matches!(Thing::read(entity), Err(ReadError::Xml(_))),
                "{entity}"
            );
        }
    }
}
