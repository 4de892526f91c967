//! Where configuration text comes from.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The reading that the caller lends to the pre-processor. The binary implements it over the disk.
pub trait Files {
    /// The whole text of one file.
    ///
    /// # Errors
    /// A sentence for the operator: not found, not readable, not UTF-8, too long.
    fn read(&self, path: &Path) -> Result<String, String>;

    /// Every *file* whose path matches `pattern`, in any order; the pre-processor sorts. `*` and `?` do not
    /// cross a `/`; `[…]` is a set. [`glob_matches`] decides one name.
    ///
    /// # Errors
    /// A sentence for the operator when the folder cannot be listed. No match is an empty list.
    fn glob(&self, pattern: &str) -> Result<Vec<PathBuf>, String>;
}

/// Files held in memory under absolute paths.
#[derive(Debug, Clone, Default)]
pub struct TextFiles {
    files: BTreeMap<PathBuf, String>,
}

impl TextFiles {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file or replaces it.
    pub fn insert(&mut self, path: impl AsRef<Path>, text: impl Into<String>) {
        self.files.insert(plain(path.as_ref()), text.into());
    }

    /// The paths held, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.keys().map(PathBuf::as_path)
    }
}

impl Files for TextFiles {
    fn read(&self, path: &Path) -> Result<String, String> {
        self.files
            .get(&plain(path))
            .cloned()
            .ok_or_else(|| "no such file".to_owned())
    }

    fn glob(&self, pattern: &str) -> Result<Vec<PathBuf>, String> {
        let pattern = plain(Path::new(pattern));
        Ok(self
            .files
            .keys()
            .filter(|path| path_matches(&pattern, path))
            .cloned()
            .collect())
    }
}

/// Whether one name (no `/`) matches one pattern of `*`, `?` and `[a-z]` or `[!a-z]`. A leading dot must be
/// matched by a dot, as a shell has it, so `*.xml` does not pick up an editor's `.default.xml.swp`-like files.
pub fn glob_matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    if name.first() == Some(&'.') && pattern.first() != Some(&'.') {
        return false;
    }
    // Greedy with one point of return: the last star. Linear in practice, quadratic at worst.
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match step(&pattern[p..], name[n]) {
            Step::Star => {
                star = Some((p + 1, n));
                p += 1;
            }
            Step::One(width) => {
                p += width;
                n += 1;
            }
            Step::No => {
                let Some((after, eaten)) = star else {
                    return false;
                };
                star = Some((after, eaten + 1));
                p = after;
                n = eaten + 1;
            }
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

enum Step {
    Star,
    One(usize),
    No,
}

fn step(pattern: &[char], c: char) -> Step {
    match pattern.first() {
        Some('*') => Step::Star,
        Some('?') => Step::One(1),
        Some('[') => match set(pattern, c) {
            Some((true, width)) => Step::One(width),
            Some((false, _)) => Step::No,
            None if c == '[' => Step::One(1),
            None => Step::No,
        },
        Some(&wanted) if wanted == c => Step::One(1),
        Some(_) | None => Step::No,
    }
}

/// `[…]` at the start of `pattern`: whether it holds `c`, and its width. `None` when it never closes.
fn set(pattern: &[char], c: char) -> Option<(bool, usize)> {
    let negated = matches!(pattern.get(1), Some('!' | '^'));
    let first = if negated { 2 } else { 1 };
    let close = (first + 1..pattern.len()).find(|&i| pattern[i] == ']')?;
    let body = &pattern[first..close];
    let mut held = false;
    let mut i = 0;
    while i < body.len() {
        if i + 2 < body.len() && body[i + 1] == '-' {
            held |= (body[i]..=body[i + 2]).contains(&c);
            i += 3;
        } else {
            held |= body[i] == c;
            i += 1;
        }
    }
    Some((held != negated, close + 1))
}

fn path_matches(pattern: &Path, path: &Path) -> bool {
    let mut wanted = pattern.components();
    let mut given = path.components();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(w), Some(g)) => {
                if !glob_matches(
                    &w.as_os_str().to_string_lossy(),
                    &g.as_os_str().to_string_lossy(),
                ) {
                    return false;
                }
            }
            (None, Some(_)) | (Some(_), None) => return false,
        }
    }
}

/// The path without `.` and with `..` folded, so that `/c/dialplan/../vars.xml` names `/c/vars.xml`.
pub(super) fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                if !out.pop() {
                    out.push("..");
                }
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expect) in [
            ("*.xml", "a.xml", true),
            ("*.xml", "a.xml.bak", false),
            ("*.xml", ".a.xml", false),
            (".*", ".a.xml", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[0-9][!a]x", "7bx", true),
            ("[0-9][!a]x", "7ax", false),
            ("[", "[", true),
            ("*a*b*c", "xxaxxbxxbc", true),
            ("*a*b*c", "xxaxxcxxc", false),
            ("", "", true),
            ("", "a", false),
            ("***", "", true),
        ] {
            assert_eq!(
                glob_matches(pattern, name),
                expect,
                "{pattern} against {name}"
            );
        }
    }

    #[test]
    fn files_in_memory_are_found_by_pattern() {
        let mut files = TextFiles::new();
        files.insert("/c/dialplan/default.xml", "a");
        files.insert("/c/dialplan/default/one.xml", "b");
        files.insert("/c/vars.xml", "c");
        let found = files.glob("/c/dialplan/*.xml").unwrap();
        assert_eq!(
            found,
            [PathBuf::from("/c/dialplan/default.xml")],
            "a star does not cross a slash"
        );
        assert_eq!(files.read("/c/dialplan/../vars.xml".as_ref()).unwrap(), "c");
        assert!(files.read("/c/none".as_ref()).is_err());
    }
}
