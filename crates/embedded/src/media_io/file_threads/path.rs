//! Where a name of a client lies on the disk.

use std::path::{Path, PathBuf};

/// A relative name lies below `directory`, an absolute one where it says.
pub(super) fn resolve(directory: &Path, name: &str) -> PathBuf {
    // `join` does exactly that: an absolute path replaces what it is joined to.
    directory.join(name)
}

/// Whether it is named as the one format we write.
pub(super) fn is_wav(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("wav"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_names_lie_below_the_directory() {
        let sounds = Path::new("/var/sounds");
        assert_eq!(
            resolve(sounds, "en/hello.wav"),
            Path::new("/var/sounds/en/hello.wav")
        );
        assert_eq!(resolve(sounds, "/tmp/x.wav"), Path::new("/tmp/x.wav"));
        assert!(
            is_wav(Path::new("a.WAV")) && !is_wav(Path::new("a.mp3")) && !is_wav(Path::new("wav"))
        );
    }
}
