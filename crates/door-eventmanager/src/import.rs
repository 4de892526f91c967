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
    let said = |why: &dyn std::fmt::Display| ImportError(format!("{}: {why}", path.display()));
    let file = File::open(path).map_err(|error| said(&error))?;
    let mut text = String::new();
    let read = file.take(MAX_FILE + 1).read_to_string(&mut text);
    read.map_err(|error| said(&error))?;
    if text.len() as u64 > MAX_FILE {
        return Err(said(&format_args!("larger than {MAX_FILE} bytes")));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    import(text.trim_start_matches('\u{feff}'), folder).map_err(|error| said(&error))
}
