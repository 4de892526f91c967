//! Links between our documents lead somewhere.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use anyhow::Result;

use super::Fault;
use crate::repository::{Repository, SourceFile};

/// Every `[text](path#heading)` of a Markdown file names an existing file and heading.
///
/// # Errors
/// Never; the signature is that of every check.
pub fn resolve(repository: &Repository) -> Result<Vec<Fault>> {
    let files = repository.files();
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        for (number, link) in links(file) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, heading) = match link.split_once('#') {
                Some((path, heading)) => (path, Some(heading)),
                None => (link, None),
            };
            let target = if path.is_empty() {
                file.path.clone()
            } else {
                let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
                plain(&folder.join(path)).to_string_lossy().into_owned()
            };
            if !repository.at(&target).exists() {
                faults.push(format!("{}:{number}: {link} leads nowhere", file.path));
                continue;
            }
            let Some(heading) = heading else { continue };
            let has = files
                .iter()
                .find(|other| other.path == target)
                .is_some_and(|other| headings(other).contains(heading));
            if !has {
                faults.push(format!(
                    "{}:{number}: {target} has no heading #{heading}",
                    file.path
                ));
            }
        }
    }
    Ok(faults)
}

fn links(file: &SourceFile) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (index, line) in file.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let mut rest = line;
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            let Some(end) = rest.find(')') else { break };
            found.push((index + 1, rest[..end].trim()));
            rest = &rest[end..];
        }
    }
    found
}

/// Headings as the usual renderers turn them into anchors.
fn headings(file: &SourceFile) -> BTreeSet<String> {
    file.text
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

/// Resolves `.` and `..` without asking the disk.
fn plain(path: &Path) -> PathBuf {
    let mut done = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                done.pop();
            }
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => {
                done.push(component)
            }
        }
    }
    done
}
