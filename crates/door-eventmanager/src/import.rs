//! Configuration files of the original products (event-manager.md §2.1, §12.1).

mod adapter;
mod socket;

use std::fs::File;
use std::io::Read;
use std::path::Path;

pub use adapter::{Adapter, import_adapter, read_adapter};
pub use socket::{Imported, import_socket, read_socket};

/// Bytes of the largest file that is read.
const MAX_FILE: u64 = 1 << 20;

/// Why a file cannot be taken over: one line with place and reason.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ImportError(String);

/// Reads a file and what it says; relative paths in it start at its folder.
fn read_with<T>(
    path: &Path,
    import: impl FnOnce(&str, &Path) -> Result<T, ImportError>,
) -> Result<T, ImportError> {
    let said = |why: String| ImportError(format!("{}: {why}", path.display()));
    let text = read_bounded(path, MAX_FILE).map_err(said)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    import(&text, folder).map_err(|error| said(error.0))
}

/// The text of a file of at most so many bytes, without a byte order mark.
///
/// # Errors
/// Why there is none.
pub(crate) fn read_bounded(path: &Path, most: u64) -> Result<String, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    let read = file.take(most + 1).read_to_string(&mut text);
    read.map_err(|error| error.to_string())?;
    if text.len() as u64 > most {
        return Err(format!("larger than {most} bytes"));
    }
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}
