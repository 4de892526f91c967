//! Folders of files that clients sent: nobody else's business, and used by one server at a time.

use std::fs::File;
use std::io;
use std::path::Path;

/// Whoever has it locked uses the folder.
const LOCK: &str = ".lock";

/// Makes the folder and takes it in use, for as long as the answer is kept.
///
/// # Errors
/// It cannot be made, or another server uses it.
pub(crate) fn take(folder: &Path) -> io::Result<File> {
    make_private(folder)?;
    let lock = File::create(folder.join(LOCK))?;
    lock.try_lock()?;
    Ok(lock)
}

/// Makes a folder that is nobody else's business.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
