//! The files shared in rooms (sylkrtc.md §6.3): what is there, what may still come, and where it lies.
//!
//! Names in requests never become paths: a file is found by what was noted when it came, and lies under its sanitised
//! name in a folder of its own for each life of a room.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::counted::{Counted, Labels};
use super::settings::{RoomsConfig, folder_name};
use crate::file_name::{sanitised, unused};
use crate::folder;
use crate::wire::Party;

/// In the folder of a persistent room: what its files are.
const INDEX: &str = "index.json";

/// In the folder of a persistent room: its files.
const KEPT: &str = "kept";

/// Longest index read, in bytes.
const MAX_INDEX: u64 = 4 << 20;

/// A shared file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FileInfo {
    pub(crate) name: Arc<str>,
    /// Bytes.
    pub(crate) size: u64,
    pub(crate) uploader: Party,
    /// The uploader's id in the room.
    pub(crate) session: Arc<str>,
}

/// Why a file is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotShared {
    /// It is larger than a file may be.
    TooLarge,
    /// The room has no space or no place for it.
    Full,
    /// The room is gone.
    Gone,
    /// The disk refuses.
    Failed,
}

/// The files of all rooms.
pub(crate) struct SharedFiles {
    root: PathBuf,
    max_file: u64,
    max_bytes: u64,
    max_files: usize,
    persistent: Vec<String>,
    labels: Labels,
    /// Held for one look or change, never while a disk is waited for.
    rooms: Mutex<HashMap<Arc<str>, Room>>,
    /// Held while an index is made and written, so that an older one never replaces a newer one.
    writing: Mutex<()>,
    /// Keeps other servers away from the folder.
    _lock: File,
}

struct Room {
    folder: PathBuf,
    /// In the order they came; those still coming among them.
    files: Vec<Place>,
}

struct Place {
    info: FileInfo,
    is_there: bool,
    _counted: Counted,
}

/// A file on its way. Unless it is finished, its place is given back.
pub(crate) struct Begin {
    files: Arc<SharedFiles>,
    room: Arc<str>,
    info: FileInfo,
    folder: PathBuf,
    part: PathBuf,
    is_finished: bool,
}

impl SharedFiles {
    /// Takes the folder in use: files of persistent rooms are found again, those of rooms that ended with the last run
    /// go. What else is there stays: an imported configuration may name a folder of another server.
    ///
    /// # Errors
    /// The folder cannot be read or written, or another server uses it.
    pub(crate) fn open(config: &RoomsConfig, labels: Labels) -> io::Result<Option<Arc<Self>>> {
        let Some(root) = config.files.clone() else {
            return Ok(None);
        };
        let lock = folder::take(&root)?;
        let persistent: Vec<String> = config
            .rooms
            .keys()
            .filter(|room| config.is_persistent(room))
            .cloned()
            .collect();
        let mut rooms = HashMap::new();
        for entry in std::fs::read_dir(&root)? {
            let entry = entry?;
            let name = entry.file_name();
            let room = persistent
                .iter()
                .find(|room| name.to_str() == Some(&folder_name(room)));
            if let Some(room) = room {
                let kept = kept_files(&entry.path())?.into_iter();
                let files = kept.map(|info| Place::new(info, true, room, &labels));
                let (folder, files) = (entry.path().join(KEPT), files.collect());
                rooms.insert(Arc::from(room.as_str()), Room { folder, files });
            } else if entry.file_type()?.is_dir() && name.to_str().is_some_and(is_life) {
                std::fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(Some(Arc::new(Self {
            root,
            max_file: config.max_file,
            max_bytes: config.max_files_bytes,
            max_files: config.max_files,
            persistent,
            labels,
            rooms: rooms.into(),
            writing: Mutex::default(),
            _lock: lock,
        })))
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<Arc<str>, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_persistent(&self, room: &str) -> bool {
        self.persistent.iter().any(|persistent| persistent == room)
    }

    /// Makes a place for a file of `size` bytes; its name is sanitised, and another one when there is such a file.
    pub(crate) fn begin(
        self: &Arc<Self>,
        room: &Arc<str>,
        name: &str,
        size: u64,
        uploader: Party,
        session: Arc<str>,
    ) -> Result<Begin, NotShared> {
        if size > self.max_file {
            return Err(NotShared::TooLarge);
        }
        let mut rooms = self.rooms();
        let there = rooms.entry(room.clone()).or_insert_with(|| {
            let name = folder_name(room);
            let folder = if self.is_persistent(room) {
                self.root.join(name).join(KEPT)
            } else {
                // One for each life of the room: what is left of the last one is deleted meanwhile.
                let life = api::Uuid::new_v4().simple();
                self.root.join(format!("{name}.{life}"))
            };
            Room {
                folder,
                files: Vec::new(),
            }
        });
        let taken: u64 = there.files.iter().map(|file| file.info.size).sum();
        if there.files.len() >= self.max_files || taken.saturating_add(size) > self.max_bytes {
            return Err(NotShared::Full);
        }
        let is_taken = |name: &str| there.files.iter().any(|file| &*file.info.name == name);
        let info = FileInfo {
            name: unused(&sanitised(name), is_taken),
            size,
            uploader,
            session,
        };
        let place = Place::new(info.clone(), false, room, &self.labels);
        there.files.push(place);
        let folder = there.folder.clone();
        // Sanitised names do not begin with a dot, so it cannot be one of them.
        let part = folder.join(format!(".{}", api::Uuid::new_v4().simple()));
        Ok(Begin {
            files: self.clone(),
            room: room.clone(),
            info,
            folder,
            part,
            is_finished: false,
        })
    }

    /// The files of a room, in the order they came.
    pub(crate) fn list(&self, room: &str) -> Vec<FileInfo> {
        let rooms = self.rooms();
        let files = rooms.get(room).into_iter().flat_map(|room| &room.files);
        files
            .filter(|file| file.is_there)
            .map(|file| file.info.clone())
            .collect()
    }

    /// A file of a room, and where it lies.
    pub(crate) fn find(&self, room: &str, name: &str) -> Option<(FileInfo, PathBuf)> {
        let rooms = self.rooms();
        let room = rooms.get(room)?;
        let file = room
            .files
            .iter()
            .find(|file| file.is_there && &*file.info.name == name)?;
        Some((file.info.clone(), room.folder.join(&*file.info.name)))
    }

    /// Takes a file back that could not be announced.
    pub(crate) fn withdraw(&self, room: &str, name: &str) -> Option<PathBuf> {
        let (_, path) = self.find(room, name)?;
        self.forget(room, name);
        Some(path)
    }

    fn forget(&self, room: &str, name: &str) {
        if let Some(room) = self.rooms().get_mut(room) {
            room.files.retain(|file| &*file.info.name != name);
        }
    }

    /// Rooms with files that go with them.
    pub(crate) fn passing_rooms(&self) -> Vec<Arc<str>> {
        let rooms = self.rooms();
        let passing = rooms.keys().filter(|room| !self.is_persistent(room));
        passing.cloned().collect()
    }

    /// The last participant has left: the folder to delete, unless the files stay.
    pub(crate) fn close(&self, room: &str) -> Option<PathBuf> {
        if self.is_persistent(room) {
            return None;
        }
        self.rooms().remove(room).map(|room| room.folder)
    }

    /// Writes down what a persistent room has.
    fn write_index(&self, room: &str) -> io::Result<()> {
        if !self.is_persistent(room) {
            return Ok(());
        }
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let files: Vec<Value> = self
            .list(room)
            .iter()
            .map(|file| {
                json!({
                    "name": &*file.name, "size": file.size, "session": &*file.session,
                    "uri": &*file.uploader.uri, "display_name": &*file.uploader.display_name,
                })
            })
            .collect();
        let folder = self.root.join(folder_name(room));
        let new = folder.join(format!(".{}", api::Uuid::new_v4().simple()));
        std::fs::write(&new, Value::from(files).to_string())?;
        std::fs::rename(new, folder.join(INDEX))
    }
}

impl Place {
    fn new(info: FileInfo, is_there: bool, room: &str, labels: &Labels) -> Self {
        Self {
            info,
            is_there,
            _counted: labels.file(room),
        }
    }
}

impl Begin {
    /// Where the bytes go until all are there.
    pub(crate) fn part(&self) -> (&Path, &Path) {
        (&self.folder, &self.part)
    }

    /// All bytes are there. Waits for the disk.
    pub(crate) fn finish(mut self) -> Result<FileInfo, NotShared> {
        let failed = |error: io::Error| {
            tracing::warn!(%error, "A shared file is lost");
            NotShared::Failed
        };
        std::fs::rename(&self.part, self.folder.join(&*self.info.name)).map_err(failed)?;
        let mut rooms = self.files.rooms();
        let place = rooms
            .get_mut(&self.room)
            .filter(|room| room.folder == self.folder)
            .and_then(|room| {
                let mut files = room.files.iter_mut();
                files.find(|file| file.info.name == self.info.name)
            });
        match place {
            Some(place) => place.is_there = true,
            None => {
                drop(rooms);
                std::fs::remove_file(self.folder.join(&*self.info.name)).ok();
                // The last one to come too late.
                std::fs::remove_dir(&self.folder).ok();
                return Err(NotShared::Gone);
            }
        }
        drop(rooms);
        if let Err(error) = self.files.write_index(&self.room) {
            // A restart would not find it: nobody may rely on it.
            std::fs::remove_file(self.folder.join(&*self.info.name)).ok();
            return Err(failed(error));
        }
        self.is_finished = true;
        Ok(self.info.clone())
    }
}

impl Drop for Begin {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        let mut rooms = self.files.rooms();
        if let Some(room) = rooms
            .get_mut(&self.room)
            .filter(|room| room.folder == self.folder)
        {
            room.files.retain(|file| file.info.name != self.info.name);
        }
        drop(rooms);
        // One quick system call; usually there is nothing any more.
        std::fs::remove_file(&self.part).ok();
    }
}

/// Whether a folder is one life of a room: `<room@host>.<32 hexadecimal digits>`.
fn is_life(name: &str) -> bool {
    let parts = name.rsplit_once('.');
    parts.is_some_and(|(room, life)| {
        room.contains('@')
            && life.len() == 32
            && life.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// What a persistent room has. Whatever else lies there was cut off on its way and goes, as nobody was told of it.
fn kept_files(room: &Path) -> io::Result<Vec<FileInfo>> {
    let folder = room.join(KEPT);
    let Some(list) = read_index(&room.join(INDEX))? else {
        let aside = room.join(format!("{KEPT}.{}", api::Uuid::new_v4().simple()));
        tracing::error!(
            ?aside,
            "The index of shared files is unreadable; they are put aside"
        );
        if folder.exists() {
            std::fs::rename(&folder, aside)?;
        }
        return Ok(Vec::new());
    };
    let there = |item: &Value| {
        let text = |name: &str| item.get(name)?.as_str().map(Arc::from);
        let name: Arc<str> = text("name")?;
        let about = std::fs::symlink_metadata(folder.join(&*name)).ok()?;
        (about.is_file() && *name == sanitised(&name)).then_some(FileInfo {
            size: about.len(),
            uploader: Party {
                uri: text("uri")?,
                display_name: text("display_name")?,
            },
            session: text("session")?,
            name,
        })
    };
    let files: Vec<FileInfo> = list.iter().filter_map(there).collect();
    let is_known = |name: &str| files.iter().any(|file| &*file.name == name);
    remove_files(&folder, |name| !is_known(name))?;
    remove_files(room, is_part)?;
    Ok(files)
}

/// `None` when there is something, but no index.
fn read_index(index: &Path) -> io::Result<Option<Vec<Value>>> {
    match std::fs::metadata(index) {
        Ok(about) if about.len() > MAX_INDEX => return Ok(None),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(Vec::new())),
        Err(error) => return Err(error),
    }
    Ok(serde_json::from_slice(&std::fs::read(index)?).ok())
}

/// The name of what is still being written: a dot and 32 hexadecimal digits.
fn is_part(name: &str) -> bool {
    let digits = name.strip_prefix('.').unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// Deletes files of a folder by their names; there may be no folder.
fn remove_files(folder: &Path, which: impl Fn(&str) -> bool) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        // A name that is no text is none of ours.
        let wanted = entry.file_name().to_str().is_some_and(&which);
        if wanted && !entry.file_type()?.is_dir() {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
