//! What lies beside the bytes of a transfer, so that a restart finds it again.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Transfer;
use crate::file_name::sanitised;

const NAME: &str = "about.json";

/// Longest note read, in bytes.
const MAX: u64 = 16 << 10;

/// Whose a transfer is, and until when, in microseconds since 1970.
pub(super) struct Note {
    pub(super) transfer: Transfer,
    pub(super) until: i64,
}

impl Note {
    /// Writes it into a folder and waits until it is on the disk.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let transfer = &self.transfer;
        let written = json!({
            "sender": &*transfer.sender, "receiver": &*transfer.receiver, "id": &*transfer.id,
            "name": &*transfer.name, "until": self.until,
        });
        let mut file = File::create_new(folder.join(NAME))?;
        file.write_all(written.to_string().as_bytes())?;
        file.sync_all()?;
        File::open(folder)?.sync_all()
    }

    /// The note of a folder whose bytes are in the file `body`; `None` when either is not what was written.
    pub(super) fn read(folder: &Path, body: &str) -> io::Result<Option<Self>> {
        let there = |path: &Path| match std::fs::symlink_metadata(path) {
            Ok(about) => Ok(about.is_file().then_some(about.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        let path = folder.join(NAME);
        let (Some(_), Some(size)) = (there(&path)?, there(&folder.join(body))?) else {
            return Ok(None);
        };
        let mut text = Vec::new();
        File::open(path)?.take(MAX).read_to_end(&mut text)?;
        let written: Value = serde_json::from_slice(&text).unwrap_or_default();
        let text = |name: &str| written.get(name)?.as_str().map(Arc::from);
        let read = || {
            Some(Self {
                transfer: Transfer {
                    sender: text("sender")?,
                    receiver: text("receiver")?,
                    id: text("id")?,
                    name: text("name")?,
                    size,
                },
                until: written.get("until")?.as_i64()?,
            })
        };
        Ok(read().filter(|note| *note.transfer.name == sanitised(&note.transfer.name)))
    }
}
