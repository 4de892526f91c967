//! Where things lie in this repository, and which files belong to it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The work tree this crate was built from.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
}

/// One text file of the repository.
#[derive(Debug)]
pub struct SourceFile {
    /// Path from the root, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Repository {
    /// The repository that holds this crate: `xtask/` lies directly below the root.
    #[must_use]
    pub fn around_this_crate() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("xtask lies in a folder of the workspace root")
            .to_path_buf();
        Self { root }
    }

    /// The root folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root.
    #[must_use]
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// The folder cargo builds into: `CARGO_TARGET_DIR`, else `target`.
    #[must_use]
    pub fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => self.root.join(dir),
            None => self.root.join("target"),
        }
    }

    /// Every UTF-8 text file below the root, build output and fetched packages left out, in
    /// path order.
    #[must_use]
    pub fn files(&self) -> Vec<SourceFile> {
        let mut found = Vec::new();
        self.collect(&self.root, &mut found);
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    fn collect(&self, folder: &Path, found: &mut Vec<SourceFile>) {
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() {
                if !is_left_out(&name) {
                    self.collect(&path, found);
                }
            } else if kind.is_file()
                && let Ok(text) = fs::read_to_string(&path)
                && let Ok(below) = path.strip_prefix(&self.root)
            {
                found.push(SourceFile {
                    path: below.to_string_lossy().replace('\\', "/"),
                    text,
                });
            }
        }
    }
}

/// Folders that hold output or foreign packages, as `.gitignore` lists them.
fn is_left_out(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("target")
        || matches!(
            name.as_ref(),
            ".git"
                | "node_modules"
                | ".venv"
                | "__pycache__"
                | ".pytest_cache"
                | "artifacts"
                | "corpus"
                | "coverage"
                | "var"
        )
}

impl SourceFile {
    /// The file's name without its folders.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// True for Rust source.
    #[must_use]
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The crate folder's name, for a file below `crates/`.
    #[must_use]
    pub fn crate_name(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// Lines with their number from 1, `//` comments cut off, without what is compiled for tests only:
    /// everything from a file-level `#[cfg(test)]` on, unless that only declares a module.
    pub fn shipped_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let end = (0..lines.len())
            .find(|&at| lines[at] == "#[cfg(test)]" && !declares_a_module(&lines[at + 1..]))
            .unwrap_or(lines.len());
        lines
            .into_iter()
            .take(end)
            .enumerate()
            .map(|(index, line)| (index + 1, without_comment(line)))
    }
}

/// Whether the item that these lines begin with, attributes left aside, is `mod name;`.
fn declares_a_module(lines: &[&str]) -> bool {
    lines
        .iter()
        .find(|line| !line.starts_with("#["))
        .is_some_and(|line| line.contains("mod ") && line.ends_with(';'))
}

/// Cuts a line at `//`, unless the two slashes stand in a string or an address such as `sip://`.
fn without_comment(line: &str) -> &str {
    let trimmed = line.trim_start();
    if trimmed.starts_with("//") {
        return "";
    }
    match line.find(" // ") {
        Some(at) => &line[..at],
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped(text: &str) -> Vec<(usize, String)> {
        let file = SourceFile {
            path: "a.rs".to_owned(),
            text: text.to_owned(),
        };
        file.shipped_lines()
            .map(|(number, line)| (number, line.to_owned()))
            .collect()
    }

    #[test]
    fn code_after_a_declared_test_module_is_shipped() {
        let text = "#[cfg(test)]\n#[path = \"x.rs\"]\nmod tests;\nlet a; // why";
        assert_eq!(shipped(text)[3], (4, "let a;".to_owned()));
    }

    #[test]
    fn a_test_module_in_the_file_is_not_shipped() {
        assert_eq!(shipped("let a;\n#[cfg(test)]\nmod tests {\n}").len(), 1);
    }
}
