//! Reading the XML configuration from the disk.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use switch_core::config_xml::{Files, MAX_TEXT, glob_matches};

/// Most files one pattern may name.
const MAX_MATCHES: usize = 10_000;

/// The disk, as the configuration reader sees it.
#[derive(Clone, Copy, Debug)]
pub struct DiskFiles;

impl Files for DiskFiles {
    fn read(&self, path: &Path) -> Result<String, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let mut text = String::new();
        // One byte more than allowed tells "too long" from "just fits".
        let limit = MAX_TEXT as u64 + 1;
        file.take(limit)
            .read_to_string(&mut text)
            .map_err(|error| error.to_string())?;
        if text.len() > MAX_TEXT {
            return Err(format!("longer than {MAX_TEXT} bytes"));
        }
        Ok(text)
    }

    fn glob(&self, pattern: &str) -> Result<Vec<PathBuf>, String> {
        let mut found = vec![PathBuf::new()];
        for part in Path::new(pattern).components() {
            found = match part {
                Component::Normal(name) => {
                    let name = name.to_string_lossy();
                    let mut next = Vec::new();
                    for folder in &found {
                        extend(folder, &name, &mut next)?;
                    }
                    next
                }
                Component::Prefix(_)
                | Component::RootDir
                | Component::CurDir
                | Component::ParentDir => found.into_iter().map(|p| p.join(part)).collect(),
            };
        }
        found.retain(|path| path.is_file());
        Ok(found)
    }
}

/// Adds what `folder` holds under a name or pattern. A folder that is not there holds nothing.
fn extend(folder: &Path, name: &str, into: &mut Vec<PathBuf>) -> Result<(), String> {
    if !name.contains(['*', '?', '[']) {
        let path = folder.join(name);
        if path.exists() {
            into.push(path);
        }
        return Ok(());
    }
    let listed = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    if !listed.is_dir() {
        return Ok(());
    }
    let entries = std::fs::read_dir(listed).map_err(|e| format!("{}: {e}", listed.display()))?;
    for entry in entries {
        let entry = entry.map_err(|e| format!("{}: {e}", listed.display()))?;
        let entry_name = entry.file_name();
        if glob_matches(name, &entry_name.to_string_lossy()) {
            if into.len() >= MAX_MATCHES {
                return Err(format!("more than {MAX_MATCHES} files match"));
            }
            into.push(folder.join(entry_name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let id = std::process::id();
            let path = std::env::temp_dir().join(format!("jackfield-reload-{name}-{id}"));
            std::fs::create_dir_all(path.join("dialplan/default")).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.0.join(name), text).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).ok();
        }
    }

    #[test]
    fn patterns_name_files_but_no_folders() {
        let folder = Folder::new("glob");
        folder.write("dialplan/a.xml", "a");
        folder.write("dialplan/b.xml", "b");
        folder.write("dialplan/.hidden.xml", "h");
        folder.write("dialplan/default/c.xml", "c");
        let root = folder.0.display();
        let find = |pattern: &str| {
            let mut found = DiskFiles.glob(&format!("{root}/{pattern}")).unwrap();
            found.sort();
            let names = found.iter().map(|p| p.strip_prefix(&folder.0).unwrap());
            names.map(|p| p.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(find("dialplan/*.xml"), ["dialplan/a.xml", "dialplan/b.xml"]);
        assert_eq!(find("dialplan/*/*.xml"), ["dialplan/default/c.xml"]);
        assert_eq!(find("dialplan/*"), ["dialplan/a.xml", "dialplan/b.xml"]);
        assert_eq!(find("nothing/*.xml"), [""; 0]);
        assert_eq!(
            find("dialplan/../dialplan/[b-z].xml"),
            ["dialplan/../dialplan/b.xml"]
        );
    }

    #[test]
    fn reading_is_bounded_and_says_what_is_wrong() {
        let folder = Folder::new("read");
        folder.write("vars.xml", "<include/>");
        assert_eq!(
            DiskFiles.read(&folder.0.join("vars.xml")).as_deref(),
            Ok("<include/>")
        );
        assert!(DiskFiles.read(&folder.0.join("none.xml")).is_err());
        let long = "x".repeat(MAX_TEXT + 1);
        folder.write("long.xml", &long);
        let refused = DiskFiles.read(&folder.0.join("long.xml")).unwrap_err();
        assert!(refused.contains("longer"), "{refused}");
    }
}
