//! An ordered list of headers with an optional body: what an event or a request carries.

use std::borrow::Cow;

/// Longest list a value that starts with `ARRAY::` is split into; a longer one stays text. Ours.
pub const MAX_LIST_ITEMS: usize = 4096;

/// What a header holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One string; never empty once it is in a [`Headers`].
    Text(Cow<'static, str>),
    /// Several strings, printed `ARRAY::a|:b` in plain events and as an array in JSON.
    List(Vec<String>),
}

/// One header line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// As written; looked up ignoring case.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: Value,
}

impl Header {
    /// The value in one text; a list in its plain form.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.value {
            Value::Text(text) => Cow::Borrowed(text.as_ref()),
            Value::List(items) => Cow::Owned(join_array(items)),
        }
    }
}

/// Headers in the order they were added. Names may repeat; a header with an empty value does not
/// exist (event-socket.md §1.6).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Headers {
    entries: Vec<Header>,
    body: Option<Vec<u8>>,
}

impl Headers {
    /// No headers, no body.
    pub fn new() -> Self {
        Self::default()
    }

    /// No headers yet, with room for `count`.
    pub fn with_capacity(count: usize) -> Self {
        Self {
            entries: Vec::with_capacity(count),
            body: None,
        }
    }

    /// Appends a header; an empty value adds nothing. A value starting with `ARRAY::` becomes a list.
    pub fn push(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) {
        let value = value.into();
        if value.is_empty() {
            return;
        }
        let value = match split_array(&value) {
            Some(items) => Value::List(items),
            None => Value::Text(value),
        };
        self.entries.push(Header {
            name: name.into(),
            value,
        });
    }

    /// Appends a header holding a list; an empty list adds nothing.
    pub fn push_list(&mut self, name: impl Into<Cow<'static, str>>, items: Vec<String>) {
        if !items.is_empty() {
            self.entries.push(Header {
                name: name.into(),
                value: Value::List(items),
            });
        }
    }

    /// Appends a header whose value is printed.
    pub fn push_display(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl std::fmt::Display,
    ) {
        self.push(name, value.to_string());
    }

    /// Appends a header as it is.
    pub fn push_header(&mut self, header: Header) {
        self.entries.push(header);
    }

    /// Puts a header in front of all others; an empty value adds nothing.
    pub fn push_front(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) {
        let value = value.into();
        if !value.is_empty() {
            self.entries.insert(
                0,
                Header {
                    name: name.into(),
                    value: Value::Text(value),
                },
            );
        }
    }

    /// Gives the header a value where it stands, or appends it; an empty value removes it.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Cow<'static, str>>) {
        let (name, value) = (name.into(), value.into());
        if value.is_empty() {
            self.remove(&name);
            return;
        }
        match self
            .entries
            .iter_mut()
            .find(|header| header.name.eq_ignore_ascii_case(&name))
        {
            Some(header) => header.value = Value::Text(value),
            None => self.push(name, value),
        }
    }

    /// Puts a header where one of that name stands, or appends it.
    pub fn set_header(&mut self, header: Header) {
        match self
            .entries
            .iter_mut()
            .find(|old| old.name.eq_ignore_ascii_case(&header.name))
        {
            Some(old) => old.value = header.value,
            None => self.entries.push(header),
        }
    }

    /// Removes every header of that name.
    pub fn remove(&mut self, name: &str) {
        self.entries
            .retain(|header| !header.name.eq_ignore_ascii_case(name));
    }

    /// Appends all headers of `other`, and its body when there is none here.
    pub fn extend(&mut self, other: Self) {
        self.entries.extend(other.entries);
        if self.body.is_none() {
            self.body = other.body;
        }
    }

    /// First header of that name, ignoring case. A list answers its plain form.
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.find(name).map(Header::text)
    }

    /// First header of that name as text; `None` also for a list.
    pub fn text(&self, name: &str) -> Option<&str> {
        match &self.find(name)?.value {
            Value::Text(text) => Some(text),
            Value::List(_) => None,
        }
    }

    /// Whether a header says yes: `true`, `yes`, `on`, `enabled`, `active`, `allow` or a number other than 0.
    pub fn is_true(&self, name: &str) -> bool {
        self.text(name).is_some_and(is_true)
    }

    fn find(&self, name: &str) -> Option<&Header> {
        self.entries
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
    }

    /// All headers in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.entries.iter()
    }

    /// How many headers.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// No headers at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The body, when one was set. It may be empty.
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// Sets the body.
    pub fn set_body(&mut self, body: impl Into<Vec<u8>>) {
        self.body = Some(body.into());
    }
}

/// The spelling of "yes" the field uses everywhere.
pub fn is_true(text: &str) -> bool {
    ["true", "yes", "on", "enabled", "active", "allow"]
        .iter()
        .any(|yes| text.eq_ignore_ascii_case(yes))
        || text.parse::<f64>().is_ok_and(|number| number != 0.0)
}

/// The plain form of a list: `ARRAY::a|:b` (event-socket.md §1.6).
pub fn join_array<S: AsRef<str>>(items: &[S]) -> String {
    let mut out = String::from("ARRAY::");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str("|:");
        }
        out.push_str(item.as_ref());
    }
    out
}

fn split_array(value: &str) -> Option<Vec<String>> {
    let items: Vec<String> = value
        .strip_prefix("ARRAY::")?
        .split("|:")
        .map(str::to_owned)
        .collect();
    (items.len() <= MAX_LIST_ITEMS).then_some(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_duplicates_are_kept_and_lookup_finds_the_first() {
        let mut headers = Headers::new();
        headers.push("Hangup-Cause", "USER_BUSY");
        headers.push("X", "1");
        headers.push("hangup-cause", "NO_ANSWER");
        assert_eq!(headers.get("HANGUP-CAUSE").as_deref(), Some("USER_BUSY"));
        assert_eq!(headers.len(), 3);
    }

    #[test]
    fn an_empty_value_never_exists() {
        let mut headers = Headers::new();
        headers.push("Empty", "");
        assert!(headers.is_empty());
        headers.push("X", "1");
        headers.set("x", "");
        assert!(headers.get("X").is_none());
    }

    #[test]
    fn arrays_are_split_on_input_and_joined_on_lookup() {
        let mut headers = Headers::new();
        headers.push("Arr", "ARRAY::x|:y|:z");
        assert_eq!(
            headers.iter().next().map(|h| &h.value),
            Some(&Value::List(vec!["x".into(), "y".into(), "z".into()]))
        );
        assert_eq!(headers.get("arr").as_deref(), Some("ARRAY::x|:y|:z"));
    }

    #[test]
    fn yes_has_several_spellings() {
        assert!(["true", "YES", "on", "1"].into_iter().all(is_true));
        assert!(!["false", "no", "0", "maybe", ""].into_iter().any(is_true));
    }
}
