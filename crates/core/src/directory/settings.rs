//! Name and value pairs as written in XML.

/// Params or variables of one element, in order; a name set twice keeps its first place and its last value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pairs: Vec<(Box<str>, Box<str>)>,
}

impl Settings {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value; names do not care about case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }

    /// Sets a value.
    pub fn set(&mut self, name: &str, value: &str) {
        match self
            .pairs
            .iter_mut()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
        {
            Some((_, old)) => *old = value.into(),
            None => self.pairs.push((name.into(), value.into())),
        }
    }

    /// Every pair, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Gives back what reading allocated too much.
    pub(super) fn trim(&mut self) {
        self.pairs.shrink_to_fit();
    }
}

/// Pairs of several levels, outermost first, without those that an inner level overrides.
pub(super) fn merged(levels: [Option<&Settings>; 3]) -> impl Iterator<Item = (&str, &str)> {
    (0..levels.len()).flat_map(move |depth| {
        let inner = levels;
        levels[depth]
            .into_iter()
            .flat_map(Settings::iter)
            .filter(move |(name, _)| {
                inner[depth + 1..]
                    .iter()
                    .flatten()
                    .all(|settings| settings.get(name).is_none())
            })
    })
}
