//! Folders and names on the disk, as applications of a dialplan change them.

use std::io;
use std::path::Path;

use switch_core::FileJob;

/// Does it. Names lie where those of recordings do: a relative one below `folder`, an absolute one where it says.
///
/// # Errors
/// Those of the system, with the name in front.
pub(crate) fn change(folder: &Path, job: &FileJob) -> io::Result<()> {
    match job {
        FileJob::MakeFolder(path) => {
            let path = folder.join(&**path);
            std::fs::create_dir_all(&path).map_err(|error| named(&path, &error))
        }
        FileJob::Rename { from, to } => {
            let (from, to) = (folder.join(&**from), folder.join(&**to));
            std::fs::rename(&from, to).map_err(|error| named(&from, &error))
        }
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lie_where_recordings_do() {
        let folder = std::env::temp_dir().join(format!("jackfield-files-{}", std::process::id()));
        let make = |path: &str| change(&folder, &FileJob::MakeFolder(path.into()));
        let rename = |from: &str, to: &str| {
            let (from, to) = (from.into(), to.into());
            change(&folder, &FileJob::Rename { from, to })
        };
        make("a/b").unwrap();
        make("a/b").unwrap();
        std::fs::write(folder.join("x"), "said").unwrap();
        rename("x", "a/b/y").unwrap();
        let absolute = folder.join("a/z").display().to_string();
        rename("a/b/y", &absolute).unwrap();
        assert_eq!(std::fs::read_to_string(folder.join("a/z")).unwrap(), "said");
        let error = rename("gone", "other").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("gone"), "{error}");
        assert!(make("a/z").is_err(), "a file has that name");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
