//! What `${…}` and dialplan conditions are allowed to ask.

use std::borrow::Cow;

use crate::dialplan::Captures;

/// A channel, or whatever else stands behind an expansion. Implemented by the switch over a channel and the
/// global variables.
pub trait Lookup {
    /// A channel variable; then a field of the caller profile; then a global variable. `None` when none is set.
    fn variable(&self, name: &str) -> Option<Cow<'_, str>>;

    /// A field of the caller profile by its dialplan name (`destination_number`, `caller_id_name`, …; the whole
    /// list is [`crate::dialplan::PROFILE_FIELDS`]). Conditions with a bare `field` ask for nothing else first.
    fn profile(&self, name: &str) -> Option<Cow<'_, str>>;

    /// An API function in an expansion: `${strftime(%H)}` asks for `strftime` with `%H`. `None` when there is no
    /// such function; the expansion is then empty.
    fn call(&self, function: &str, arguments: &str) -> Option<String>;
}

/// A channel in the middle of a hunt, which `inline="true"` actions may change.
pub trait Hunting: Lookup {
    /// Runs one application at once. Only applications that finish without waiting (`set`, `unset`, `export`, …)
    /// make sense; the switch refuses the others. What it sets is seen by the conditions that follow.
    fn run_inline(&mut self, application: &str, data: &str);

    /// A condition held whose expression has groups: what they caught, the whole match first.
    fn caught(&mut self, captures: &Captures);
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Variables and profile fields from a table; `echo` shows its arguments. A key starting with `@` is a
    /// profile field.
    #[derive(Default, Clone)]
    pub(crate) struct Fixed {
        values: BTreeMap<String, String>,
        /// What `run_inline` was asked for.
        pub(crate) ran: Vec<(String, String)>,
    }

    impl Fixed {
        pub(crate) fn new(pairs: &[(&str, &str)]) -> Self {
            let values = pairs
                .iter()
                .map(|&(k, v)| (k.to_owned(), v.to_owned()))
                .collect();
            Self {
                values,
                ran: Vec::new(),
            }
        }
    }

    impl Lookup for Fixed {
        fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
            self.values
                .get(name)
                .map(|v| Cow::Borrowed(v.as_str()))
                .or_else(|| self.profile(name))
        }

        fn profile(&self, name: &str) -> Option<Cow<'_, str>> {
            self.values
                .get(&format!("@{name}"))
                .map(|v| Cow::Borrowed(v.as_str()))
        }

        fn call(&self, function: &str, arguments: &str) -> Option<String> {
            (function == "echo").then(|| format!("<echo|{arguments}>"))
        }
    }

    impl Hunting for Fixed {
        fn caught(&mut self, captures: &Captures) {
            let groups: Vec<_> = (0..captures.len())
                .map(|group| captures.get(group).unwrap_or_default())
                .collect();
            self.values.insert("caught".into(), groups.join("|"));
        }

        fn run_inline(&mut self, application: &str, data: &str) {
            self.ran.push((application.to_owned(), data.to_owned()));
            if let ("set", Some((name, value))) = (application, data.split_once('=')) {
                self.values.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
