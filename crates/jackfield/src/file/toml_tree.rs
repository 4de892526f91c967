//! Reads a TOML table key by key and remembers every mistake with its line: keys nobody asked for too, with the
//! name that was probably meant.
//!
//! A derived deserialiser would stop at the first mistake.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::quantity;

/// The text being read and what is wrong with it.
pub(super) struct Source {
    name: Arc<str>,
    /// Byte at which each line starts.
    lines: Vec<usize>,
    problems: RefCell<Vec<Problem>>,
    /// Where secrets were read from the environment.
    secret_variables: RefCell<Vec<String>>,
}

impl Source {
    pub(super) fn new(name: impl Into<Arc<str>>, text: &str) -> Self {
        let after = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            name: name.into(),
            lines: std::iter::once(0).chain(after).collect(),
            problems: RefCell::default(),
            secret_variables: RefCell::default(),
        }
    }

    pub(super) fn complain(&self, at: usize, what: impl Into<String>) {
        let index = self.lines.partition_point(|start| *start <= at);
        let start = self.lines[index.saturating_sub(1)];
        self.problems.borrow_mut().push(Problem {
            file: self.name.clone(),
            line: u32::try_from(index).unwrap_or(u32::MAX),
            column: u32::try_from(at - start + 1).unwrap_or(u32::MAX),
            what: what.into(),
        });
    }

    /// Variables of the environment that secrets were read from.
    pub(super) fn secret_variables(&self) -> Vec<String> {
        self.secret_variables.borrow().clone()
    }

    /// Everything that is wrong, in the order of the file.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort();
        problems
    }
}

/// A value and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) offset: usize,
}

/// One table. Ask it for every key it may have, then [`Table::finish`] it.
pub(super) struct Table<'a> {
    source: &'a Source,
    /// With a dot at its end; empty at the top.
    path: String,
    table: Option<&'a DeTable<'a>>,
    asked: Vec<&'static str>,
}

impl<'a> Table<'a> {
    pub(super) fn top(source: &'a Source, table: &'a DeTable<'a>) -> Self {
        Self {
            source,
            path: String::new(),
            table: Some(table),
            asked: Vec::new(),
        }
    }

    /// Whether the file has this table at all.
    pub(super) fn is_there(&self) -> bool {
        self.table.is_some()
    }

    fn find(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.push(key);
        self.table?.get(key)
    }

    fn wrong(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) {
        let what = format!("{}{key}: expected {expected}", self.path);
        self.source.complain(value.span().start, what);
    }

    /// A table inside; an absent one is empty.
    pub(super) fn table(&mut self, key: &'static str) -> Self {
        let value = self.find(key);
        if let Some(value) = value.filter(|v| !v.get_ref().is_table()) {
            self.wrong(key, value, &format!("a table [{}{key}]", self.path));
        }
        Self {
            source: self.source,
            path: format!("{}{key}.", self.path),
            table: value.and_then(|value| value.get_ref().as_table()),
            asked: Vec::new(),
        }
    }

    /// An array of tables, each with where it starts.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<(usize, Self)> {
        let Some(value) = self.find(key) else {
            return Vec::new();
        };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong(key, value, &format!("tables [[{}{key}]]", self.path));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in list.iter() {
            match item.get_ref().as_table() {
                Some(table) => tables.push((
                    item.span().start,
                    Self {
                        source: self.source,
                        path: format!("{}{key}.", self.path),
                        table: Some(table),
                        asked: Vec::new(),
                    },
                )),
                None => self.wrong(key, item, &format!("tables [[{}{key}]]", self.path)),
            }
        }
        tables
    }

    /// A value made from a text; `expected` says what it should have been.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<At<T>> {
        let value = self.find(key)?;
        match value.get_ref().as_str().and_then(parse) {
            Some(parsed) => Some(At {
                value: parsed,
                offset: value.span().start,
            }),
            None => {
                self.wrong(key, value, expected);
                None
            }
        }
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        let not_empty = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some(self.parsed(key, "a text", not_empty)?.value)
    }

    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    pub(super) fn address(&mut self, key: &'static str) -> Option<At<SocketAddr>> {
        self.parsed(key, "an address and port, as \"127.0.0.1:8021\"", |text| {
            text.parse().ok()
        })
    }

    pub(super) fn duration(&mut self, key: &'static str) -> Option<Duration> {
        let expected = "a duration, as \"30s\" (units ms, s, min, h)";
        Some(self.parsed(key, expected, quantity::duration)?.value)
    }

    pub(super) fn bytes(&mut self, key: &'static str) -> Option<usize> {
        let expected = "a size, as \"64 MiB\" (units B, KiB, MiB, GiB)";
        Some(self.parsed(key, expected, quantity::bytes)?.value)
    }

    pub(super) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let value = self.find(key)?;
        let found = value.get_ref().as_bool();
        if found.is_none() {
            self.wrong(key, value, "true or false");
        }
        found
    }

    /// A whole number within bounds.
    pub(super) fn number(&mut self, key: &'static str, least: u64, most: u64) -> Option<u64> {
        let value = self.find(key)?;
        let found = value
            .get_ref()
            .as_integer()
            .filter(|number| number.radix() == 10)
            .and_then(|number| number.as_str().replace('_', "").parse().ok())
            .filter(|number| (least..=most).contains(number));
        if found.is_none() {
            self.wrong(key, value, &format!("a number from {least} to {most}"));
        }
        found
    }

    /// One text, or an array of texts.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let value = self.find(key)?;
        let items: Vec<&Spanned<DeValue<'_>>> = match value.get_ref().as_array() {
            Some(list) => list.iter().collect(),
            None => vec![value],
        };
        let mut parsed = Vec::new();
        for item in items {
            match item.get_ref().as_str().and_then(&parse) {
                Some(value) => parsed.push(value),
                None => self.wrong(key, item, expected),
            }
        }
        Some(parsed)
    }

    /// A secret: the text itself, `env:NAME`, or `file:/path` (without the line end).
    pub(super) fn secret(&mut self, key: &'static str) -> Option<At<String>> {
        let given = self.parsed(key, "a text, env:NAME or file:/path", |text| {
            Some(text.to_owned())
        })?;
        if let Some(name) = given.value.strip_prefix("env:") {
            let mut names = self.source.secret_variables.borrow_mut();
            names.push(name.to_owned());
        }
        match resolve_secret(&given.value) {
            Ok(value) => Some(At { value, ..given }),
            Err(why) => {
                let what = format!("{}{key}: {why}", self.path);
                self.source.complain(given.offset, what);
                None
            }
        }
    }

    /// Complains about keys nobody asked for.
    pub(super) fn finish(self) {
        for (key, _) in self.table.into_iter().flat_map(DeTable::iter) {
            let name = key.get_ref().as_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let hint = match closest(name, &self.asked) {
                Some(known) => format!(", did you mean {known}?"),
                None => format!("; known here: {}", self.asked.join(", ")),
            };
            let what = format!("{}{name}: unknown key{hint}", self.path);
            self.source.complain(key.span().start, what);
        }
    }
}

/// Longest secret read from a file.
const MAX_SECRET: u64 = 4096;

fn resolve_secret(text: &str) -> Result<String, String> {
    if let Some(name) = text.strip_prefix("env:") {
        return std::env::var(name).map_err(|_| format!("the environment has no {name}"));
    }
    if let Some(path) = text.strip_prefix("file:") {
        use std::io::Read;
        let mut secret = String::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(MAX_SECRET).read_to_string(&mut secret))
            .map_err(|error| format!("{path}: {error}"))?;
        return Ok(secret.trim_end_matches(['\r', '\n']).to_owned());
    }
    Ok(text.to_owned())
}

/// The known name with at most two edits, or one edit in every three letters.
fn closest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    known
        .iter()
        .map(|known| (distance(name, known), *known))
        .filter(|(edits, known)| *edits <= 2.max(known.len() / 3))
        .min()
        .map(|(_, known)| known)
}

/// Edit distance over bytes, fine for keys.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_that_was_meant() {
        let known = ["listen", "password", "max_queue"];
        assert_eq!(closest("pasword", &known), Some("password"));
        assert_eq!(closest("max-queue", &known), Some("max_queue"));
        assert_eq!(closest("colour", &known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn secrets_come_from_the_text_a_file_or_the_environment() {
        assert_eq!(resolve_secret("plain"), Ok("plain".to_owned()));
        let path = std::env::temp_dir().join(format!("jackfield-secret-{}", std::process::id()));
        std::fs::write(&path, "from a file\n").unwrap();
        let given = format!("file:{}", path.display());
        assert_eq!(resolve_secret(&given), Ok("from a file".to_owned()));
        std::fs::remove_file(&path).unwrap();
        assert!(resolve_secret(&given).is_err());
        assert!(resolve_secret("env:JACKFIELD_NO_SUCH_VARIABLE").is_err());
        assert!(resolve_secret("env:PATH").is_ok());
    }
}
