//! JSON of console commands: a small tree printed the two ways clients have seen.

use super::json::write_string;

/// A JSON value with ordered members.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// A string.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Without blanks.
    pub fn compact(&self) -> String {
        self.print(None)
    }

    /// Tabs for indentation and behind the colon, one member per line, list items on one line.
    pub fn pretty(&self) -> String {
        self.print(Some(0))
    }

    fn print(&self, depth: Option<usize>) -> String {
        let mut out = Vec::new();
        self.write(&mut out, depth);
        String::from_utf8(out).expect("JSON of texts is text")
    }

    fn write(&self, out: &mut Vec<u8>, depth: Option<usize>) {
        match self {
            Self::Bool(flag) => out.extend_from_slice(flag.to_string().as_bytes()),
            Self::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Self::Text(text) => write_string(out, text),
            Self::List(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.extend_from_slice(if depth.is_some() { b", " } else { b"," });
                    }
                    item.write(out, depth.map(|depth| depth + 1));
                }
                out.push(b']');
            }
            Self::Object(members) => write_object(out, members, depth),
        }
    }
}

fn write_object(out: &mut Vec<u8>, members: &[(String, Json)], depth: Option<usize>) {
    out.push(b'{');
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if let Some(depth) = depth {
            out.push(b'\n');
            out.resize(out.len() + depth + 1, b'\t');
        }
        write_string(out, name);
        out.extend_from_slice(if depth.is_some() { b":\t" } else { b":" });
        value.write(out, depth.map(|depth| depth + 1));
    }
    if let Some(depth) = depth {
        out.push(b'\n');
        out.resize(out.len() + depth, b'\t');
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_layout() {
        // golden conf-02-list
        let member = |id| Json::Object(vec![("id".into(), Json::Number(id))]);
        let room = Json::Object(vec![
            ("locked".into(), Json::Bool(false)),
            ("variables".into(), Json::Object(Vec::new())),
            ("members".into(), Json::List(vec![member(3), member(2)])),
        ]);
        let list = Json::List(vec![room]);
        assert_eq!(
            list.compact(),
            r#"[{"locked":false,"variables":{},"members":[{"id":3},{"id":2}]}]"#
        );
        assert_eq!(
            list.pretty(),
            "[{\n\t\t\"locked\":\tfalse,\n\t\t\"variables\":\t{\n\t\t},\n\t\t\"members\":\t[{\n\t\t\t\t\"id\":\t3\n\t\t\t}, \
             {\n\t\t\t\t\"id\":\t2\n\t\t\t}]\n\t}]"
        );
    }
}
