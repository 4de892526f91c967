//! Channel variables: ordered, cheap to share, copied when changed.

use std::sync::Arc;

/// What a variable holds. Lists are what `push` and repeated SIP headers make
/// (`ARRAY::a|:b`, event-socket.md §1.6).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// One text; never empty, as setting an empty text removes the variable.
    Text(Arc<str>),
    /// Several texts, in order.
    List(Arc<[Arc<str>]>),
}

impl Value {
    /// The value as one text; lists as `ARRAY::first|:second`.
    pub fn to_text(&self) -> Arc<str> {
        match self {
            Self::Text(text) => text.clone(),
            Self::List(items) => format!("ARRAY::{}", items.join("|:")).into(),
        }
    }

    /// Reads a text, splitting what starts with `ARRAY::`.
    pub fn from_text(text: &str) -> Self {
        match text.strip_prefix("ARRAY::") {
            Some(items) => Self::List(items.split("|:").map(Arc::from).collect()),
            None => Self::Text(text.into()),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::from_text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::from_text(&text)
    }
}

/// The variables of one channel in the order they were set. Cloning shares; names compare without case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Variables(Arc<Vec<(Arc<str>, Value)>>);

impl Variables {
    /// Most variables one channel may have; more are refused by the switch.
    pub const MAX: usize = 4096;

    /// Places left free in a copy, which is made because something is about to be set. Every event keeps the list as it
    /// was, so there are many copies, and a list that grows by doubling would leave most of them half empty.
    const ROOM: usize = 4;

    /// No variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
    }

    /// The value of `name` when it is a single text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Text(text) => Some(text),
            Value::List(_) => None,
        }
    }

    /// Whether `name` is set to a true word (`true`, `yes`, `on`, `enable`, `t`, `1` and other numbers but 0).
    pub fn is_true(&self, name: &str) -> bool {
        self.text(name).is_some_and(is_true)
    }

    /// Sets `name`; an empty text removes it. A variable that existed moves to the end.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        if matches!(&value, Value::Text(text) if text.is_empty()) {
            self.remove(name);
            return;
        }
        let list = self.own();
        let name = match list.iter().position(|(n, _)| n.eq_ignore_ascii_case(name)) {
            Some(at) => list.remove(at).0,
            None => name.into(),
        };
        list.push((name, value));
    }

    /// Removes `name`; true when it was set.
    pub fn remove(&mut self, name: &str) -> bool {
        let Some(at) = self
            .0
            .iter()
            .position(|(n, _)| n.eq_ignore_ascii_case(name))
        else {
            return false;
        };
        self.own().remove(at);
        true
    }

    /// The list, no longer shared.
    fn own(&mut self) -> &mut Vec<(Arc<str>, Value)> {
        if Arc::get_mut(&mut self.0).is_none() {
            let mut copy = Vec::with_capacity(self.0.len() + Self::ROOM);
            copy.extend_from_slice(&self.0);
            self.0 = Arc::new(copy);
        }
        let list = Arc::make_mut(&mut self.0);
        if list.len() == list.capacity() {
            list.reserve_exact(Self::ROOM + list.len() / 8);
        }
        list
    }

    /// All variables in the order they were set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(n, v)| (&**n, v))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Variables {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        let mut variables = Self::new();
        for (name, value) in pairs {
            variables.set(name, value);
        }
        variables
    }
}

/// The words that count as true in variables and parameters.
pub fn is_true(word: &str) -> bool {
    [
        "true", "yes", "on", "enable", "enabled", "active", "allow", "t",
    ]
    .iter()
    .any(|w| word.eq_ignore_ascii_case(w))
        || word.parse::<i64>().is_ok_and(|n| n != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_the_order_of_setting() {
        let mut v: Variables = [("a", "1"), ("b", "2")].into_iter().collect();
        v.set("A", "3");
        assert_eq!(v.iter().map(|(n, _)| n).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(v.text("a"), Some("3"));
    }

    #[test]
    fn empty_removes_and_clones_are_independent() {
        let mut v: Variables = [("a", "1")].into_iter().collect();
        let before = v.clone();
        v.set("a", "");
        assert!(v.is_empty());
        assert_eq!(before.text("a"), Some("1"));
    }

    #[test]
    fn what_events_keep_is_not_half_empty() {
        let mut kept = Vec::new();
        let mut v = Variables::new();
        for n in 0..100 {
            v.set(&format!("name{n}"), "value");
            kept.push(v.clone());
        }
        let empty: usize = kept.iter().map(|v| v.0.capacity() - v.len()).sum();
        assert!(empty <= kept.len() * Variables::ROOM, "{empty} places");
    }

    #[test]
    fn lists_read_and_print() {
        let value = Value::from_text("ARRAY::x|:y");
        assert_eq!(value, Value::List(["x".into(), "y".into()].into()));
        assert_eq!(&*value.to_text(), "ARRAY::x|:y");
    }

    #[test]
    fn truth() {
        for yes in ["true", "YES", "on", "1", "42"] {
            assert!(is_true(yes), "{yes}");
        }
        for no in ["false", "no", "0", "", "maybe"] {
            assert!(!is_true(no), "{no}");
        }
    }
}
