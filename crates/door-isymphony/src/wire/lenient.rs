//! A tolerant reader for what the vendor's manual prints as JSON (event-api.md §3.2).
//!
//! It takes three liberties and no others: `:` for `,` between the members of an object, a comma behind the last one,
//! and a bare `...` among the elements of an array.

use super::json::{Map, Value};

/// Deepest nesting; the strict reader has about the same.
const DEPTH: usize = 64;

/// Reads a text that is nearly JSON.
pub(crate) fn tolerant(text: &str) -> Option<Value> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(DEPTH)?;
    reader.blank();
    (reader.at == text.len()).then_some(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blank(&mut self) {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.at += rest.len() - trimmed.len();
    }

    /// The next character that is not blank.
    fn peek(&mut self) -> Option<char> {
        self.blank();
        self.rest().chars().next()
    }

    fn eat(&mut self, word: &str) -> bool {
        self.blank();
        let is_next = self.rest().starts_with(word);
        if is_next {
            self.at += word.len();
        }
        is_next
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        match self.peek()? {
            '{' => self.object(depth.checked_sub(1)?),
            '[' => self.array(depth.checked_sub(1)?),
            '"' => self.string().map(Value::String),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut members = Map::new();
        self.eat("{");
        loop {
            if self.eat("}") {
                return Some(Value::Object(members));
            }
            let name = (self.peek()? == '"').then(|| self.string())??;
            if !self.eat(":") {
                return None;
            }
            let value = self.value(depth)?;
            members.insert(name, value);
            if !(self.eat(",") || self.eat(":")) && self.peek()? != '}' {
                return None;
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        let mut elements = Vec::new();
        self.eat("[");
        loop {
            if self.eat("]") {
                return Some(Value::Array(elements));
            }
            if !self.eat("...") {
                elements.push(self.value(depth)?);
            }
            if !self.eat(",") && self.peek()? != ']' {
                return None;
            }
        }
    }

    /// A text in quotes, read by the strict reader once its end is known.
    fn string(&mut self) -> Option<String> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.bytes().enumerate().skip(1).find_map(|(index, byte)| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends.then_some(index + 1)
        })?;
        self.at += end;
        serde_json::from_str(rest.get(..end)?).ok()
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<Value> {
        let rest = self.rest();
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let end = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        self.at += end;
        serde_json::from_str(rest.get(..end)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The example of the manual, in every revision.
    const PRINTED: &str =
        r#"{ "type" : "filter", "filters" : [ {"property" : "type" : "value" : "dial"}, ... ] }"#;

    #[test]
    fn what_the_manual_prints() {
        let meant = json!({"type": "filter", "filters": [{"property": "type", "value": "dial"}]});
        assert_eq!(tolerant(PRINTED), Some(meant));
    }

    #[test]
    fn three_liberties() {
        for (text, meant) in [
            (
                r#"{"a":1:"b":{"c":2,},}"#,
                Some(json!({"a": 1, "b": {"c": 2}})),
            ),
            (r#"[1, ..., 2, ...,]"#, Some(json!([1, 2]))),
            (
                r#"[true,null,-1.5e3,"\"\\é"]"#,
                Some(json!([true, null, -1500.0, "\"\\é"])),
            ),
            ("[]", Some(json!([]))),
            (" {} ", Some(json!({}))),
        ] {
            assert_eq!(tolerant(text), meant, "{text}");
        }
    }

    #[test]
    fn and_no_others() {
        for text in [
            "",
            "{",
            "[",
            "{]",
            "[}",
            "{\"a\"}",
            "{a:1}",
            "{'a':1}",
            "[1:2]",
            "[1 2]",
            "{\"a\":1 \"b\":2}",
            "{\"a\":...}",
            "[..]",
            "[nul]",
            "[01]",
            "{} {}",
            "\"open",
            "\"\\",
            "{\"a\":1::\"b\":2}",
            "{,}",
            "[,]",
            "// x\n{}",
            "\"\u{1}\"",
        ] {
            assert_eq!(tolerant(text), None, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(tolerant(&nested(DEPTH)).is_some());
        assert!(tolerant(&nested(DEPTH + 1)).is_none());
        assert!(tolerant(&"[".repeat(1 << 20)).is_none());
    }
}
