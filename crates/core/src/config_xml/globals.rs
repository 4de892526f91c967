//! Global variables: `$${name}` while loading, `global_getvar` and `${name}` afterwards.

use std::collections::HashMap;

/// Name and value pairs in the order in which the names were first set, which is the order `global_getvar`
/// without a name prints them in. Owned by whoever runs the switch; a reload builds a new one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Globals {
    entries: Vec<(Box<str>, Box<str>)>,
    index: HashMap<Box<str>, usize>,
}

impl Globals {
    /// No variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value, or `None` when unset.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.index.get(name).map(|&i| &*self.entries[i].1)
    }

    /// Sets a value; an empty one unsets the name, as `global_setvar name=` does.
    pub fn set(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            self.remove(name);
        } else if let Some(&i) = self.index.get(name) {
            self.entries[i].1 = value.into();
        } else {
            self.index.insert(name.into(), self.entries.len());
            self.entries.push((name.into(), value.into()));
        }
    }

    /// Unsets a name. Costs a walk over the list.
    pub fn remove(&mut self, name: &str) {
        let Some(gone) = self.index.remove(name) else {
            return;
        };
        self.entries.remove(gone);
        for at in self.index.values_mut().filter(|at| **at > gone) {
            *at -= 1;
        }
    }

    /// Every pair, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many names are set.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no name is set.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Globals {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut globals = Self::new();
        for (name, value) in pairs {
            globals.set(name.as_ref(), value.as_ref());
        }
        globals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_first_setting() {
        let mut globals: Globals = [("a", "1"), ("b", "2"), ("c", "3")].into_iter().collect();
        globals.set("a", "9");
        globals.set("b", "");
        globals.set("d", "4");
        assert_eq!(
            globals.iter().collect::<Vec<_>>(),
            [("a", "9"), ("c", "3"), ("d", "4")]
        );
        assert_eq!(globals.get("b"), None);
        assert_eq!(globals.get("d"), Some("4"));
        assert_eq!(globals.len(), 3);
    }
}
