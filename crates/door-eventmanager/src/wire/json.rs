use serde::Serialize;
use serde_json::value::RawValue;

/// A JSON object being written; its members stand in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// With a member.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.add(name, value);
        self
    }

    /// Adds a member.
    pub(crate) fn add(&mut self, name: &str, value: impl Serialize) {
        // Keys are texts and there are no floats of ours: nothing in it can fail.
        let value = serde_json::to_string(&value).unwrap_or_default();
        self.add_text(name, &value);
    }

    /// Adds a member as it was given.
    pub(crate) fn add_raw(&mut self, name: &str, value: &RawValue) {
        self.add_text(name, value.get());
    }

    /// Adds a member whose value is JSON already.
    pub(crate) fn add_text(&mut self, name: &str, json: &str) {
        self.separate();
        self.0
            .push_str(&serde_json::to_string(name).unwrap_or_default());
        self.0.push(':');
        self.0.push_str(json);
    }

    /// Adds all members of another one behind its own.
    pub(crate) fn append(&mut self, other: &Self) {
        if !other.0.is_empty() {
            self.separate();
            self.0.push_str(&other.0);
        }
    }

    /// The whole object.
    pub(crate) fn print(&self) -> String {
        format!("{{{}}}", self.0)
    }

    fn separate(&mut self) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
    }
}
