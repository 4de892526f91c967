//! Files that one account sends another (sylkrtc.md §7.3): what is there, what is coming, and for how long.
//!
//! As with the files of rooms, nothing a client says becomes a path: each transfer has a folder with a name of ours, and
//! a note in it says whose it is.

mod announcement;
mod note;

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use md5::{Digest, Md5};
use tokio_util::sync::CancellationToken;

pub(crate) use announcement::{Announcement, Details, RCS, escaped};
use note::Note;

use crate::file_name::sanitised;
use crate::folder;
use crate::guesses::Guesses;
use crate::start::Shared;
use crate::store::key;
use crate::timestamp;

/// A file this large is kept for the configured time, a smaller one for twice that (sylkrtc.md §7.1).
const LARGE: u64 = 50 << 20;

/// The bytes of a transfer, in its folder.
const BODY: &str = "body";

/// Before the name of a folder whose transfer has not ended.
const COMING: char = '.';

/// How often what is over is looked for.
const LOOK: Duration = Duration::from_secs(600);

const MICROS_PER_DAY: i64 = 24 * 3_600 * 1_000_000;

/// Where transferred files are kept, and how many.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransfersConfig {
    /// Below it they are; `None`: none are taken.
    pub folder: Option<PathBuf>,
    /// Bytes of one file.
    pub max_file: u64,
    /// Bytes of all files.
    pub max_bytes: u64,
    /// Bytes of all files of one sender.
    pub max_bytes_per_sender: u64,
    /// Files at one time.
    pub max_files: usize,
    /// Days files of 50 MiB and more are kept; smaller ones are kept twice as long.
    pub expire_days: u32,
}

impl Default for TransfersConfig {
    /// None are taken; when they are, 256 MiB each, 1 GiB of one sender, 10 GiB and 10,000 files of all, for 15 days.
    fn default() -> Self {
        Self {
            folder: None,
            max_file: 256 << 20,
            max_bytes: 10 << 30,
            max_bytes_per_sender: 1 << 30,
            max_files: 10_000,
            expire_days: 15,
        }
    }
}

/// Why a file is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotTaken {
    /// It is larger than a file may be.
    TooLarge,
    /// There is no space or no place for it.
    Full,
    /// There is such a transfer.
    Exists,
    /// Its sender has cancelled it.
    Cancelled,
    /// The disk refuses.
    Failed,
}

/// What names a transfer in its URL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Address {
    /// Shortened, as [`shortened`] does.
    pub(crate) sender: Arc<str>,
    /// Shortened, too.
    pub(crate) receiver: Arc<str>,
    pub(crate) id: Arc<str>,
    pub(crate) name: Arc<str>,
}

/// A transfer that is to be taken in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Transfer {
    /// The sending account.
    pub(crate) sender: Arc<str>,
    /// The account it is for.
    pub(crate) receiver: Arc<str>,
    /// Chosen by the sender.
    pub(crate) id: Arc<str>,
    /// Sanitised.
    pub(crate) name: Arc<str>,
    /// Bytes.
    pub(crate) size: u64,
}

/// The transfers of a door.
pub(crate) struct Transfers {
    root: PathBuf,
    limits: TransfersConfig,
    /// Held for one look or change, never while a disk is waited for.
    state: Mutex<State>,
    /// Keeps other servers away from the folder.
    _lock: File,
}

#[derive(Default)]
struct State {
    by_id: HashMap<Arc<str>, Vec<Place>>,
    files: usize,
    bytes: u64,
    by_sender: HashMap<Arc<str>, u64>,
}

struct Place {
    transfer: Transfer,
    folder: PathBuf,
    stage: Stage,
}

enum Stage {
    Coming {
        from: IpAddr,
        cancelled: CancellationToken,
    },
    /// All of it has come, and it cannot be cancelled any more.
    Ending,
    /// Until a time in microseconds since 1970.
    There { until: i64 },
}

/// A transfer on its way. Unless it is finished, its place is given back.
pub(crate) struct Begin {
    transfers: Arc<Transfers>,
    transfer: Transfer,
    folder: PathBuf,
    /// Its folder until all is there.
    coming: PathBuf,
    cancelled: CancellationToken,
    is_finished: bool,
}

impl Transfer {
    /// With a harmless name.
    pub(crate) fn new(sender: &str, receiver: &str, id: &str, name: &str, size: u64) -> Self {
        Self {
            sender: key(sender),
            receiver: key(receiver),
            id: id.into(),
            name: sanitised(name).into(),
            size,
        }
    }

    /// What names it in its URL.
    pub(crate) fn address(&self) -> Address {
        Address {
            sender: shortened(&self.sender),
            receiver: shortened(&self.receiver),
            id: self.id.clone(),
            name: self.name.clone(),
        }
    }

    fn is_between(&self, one: &str, other: &str) -> bool {
        let (sender, receiver) = (&*self.sender, &*self.receiver);
        (sender == one && receiver == other) || (sender == other && receiver == one)
    }
}

/// An account in a URL: unpadded URL-safe base64 of its MD5 (sylkrtc.md §7.3).
pub(crate) fn shortened(account: &str) -> Arc<str> {
    let hash: [u8; 16] = Md5::digest(account.as_bytes()).into();
    URL_SAFE_NO_PAD.encode(hash).into()
}

impl State {
    fn add(&mut self, place: Place) {
        self.files += 1;
        self.bytes += place.transfer.size;
        let sender = place.transfer.sender.clone();
        *self.by_sender.entry(sender).or_default() += place.transfer.size;
        let id = place.transfer.id.clone();
        self.by_id.entry(id).or_default().push(place);
        self.publish();
    }

    /// Takes those of an id out that are meant.
    fn take(&mut self, id: &str, is_meant: impl Fn(&Place) -> bool) -> Vec<Place> {
        let Some(places) = self.by_id.get_mut(id) else {
            return Vec::new();
        };
        let taken: Vec<Place> = places.extract_if(.., |place| is_meant(place)).collect();
        if places.is_empty() {
            self.by_id.remove(id);
        }
        for place in &taken {
            self.files -= 1;
            self.bytes -= place.transfer.size;
            if let Some(bytes) = self.by_sender.get_mut(&place.transfer.sender) {
                *bytes -= place.transfer.size;
                if *bytes == 0 {
                    self.by_sender.remove(&place.transfer.sender);
                }
            }
        }
        self.publish();
        taken
    }

    fn of_sender(&self, sender: &str) -> u64 {
        self.by_sender.get(sender).copied().unwrap_or_default()
    }

    fn publish(&self) {
        metrics::gauge!("jackfield_sylkrtc_transfers").set(self.files as f64);
        metrics::gauge!("jackfield_sylkrtc_transfers_bytes").set(self.bytes as f64);
    }
}

impl Transfers {
    /// Takes the folder in use. What was cut off by the end of the last run goes; what else lies there and is none of
    /// ours stays. Waits for the disk.
    ///
    /// # Errors
    /// The folder cannot be read or written, or another server uses it.
    pub(crate) fn open(limits: &TransfersConfig) -> io::Result<Option<Arc<Self>>> {
        let Some(root) = limits.folder.clone() else {
            return Ok(None);
        };
        let lock = folder::take(&root)?;
        let mut state = State::default();
        for entry in std::fs::read_dir(&root)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            if !entry.file_type()?.is_dir() || !is_ours(name) {
                continue;
            }
            let folder = entry.path();
            if name.starts_with(COMING) {
                std::fs::remove_dir_all(folder)?;
                continue;
            }
            match Note::read(&folder, BODY)? {
                Some(note) => state.add(Place {
                    transfer: note.transfer,
                    folder,
                    stage: Stage::There { until: note.until },
                }),
                None => tracing::warn!(?folder, "No transfer, and so nobody finds what is there"),
            }
        }
        Ok(Some(Arc::new(Self {
            root,
            limits: limits.clone(),
            state: state.into(),
            _lock: lock,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a place for a transfer that comes from an address.
    pub(crate) fn begin(
        self: &Arc<Self>,
        transfer: Transfer,
        from: IpAddr,
    ) -> Result<Begin, NotTaken> {
        let (limits, size) = (&self.limits, transfer.size);
        if size > limits.max_file {
            return Err(NotTaken::TooLarge);
        }
        let mut state = self.state();
        let address = transfer.address();
        let mut same = state.by_id.get(&transfer.id).into_iter().flatten();
        if same.any(|place| place.transfer.address() == address) {
            return Err(NotTaken::Exists);
        }
        let of_sender = state.of_sender(&transfer.sender);
        if state.files >= limits.max_files
            || state.bytes.saturating_add(size) > limits.max_bytes
            || of_sender.saturating_add(size) > limits.max_bytes_per_sender
        {
            return Err(NotTaken::Full);
        }
        let name = api::Uuid::new_v4().simple();
        let folder = self.root.join(name.to_string());
        let cancelled = CancellationToken::new();
        state.add(Place {
            transfer: transfer.clone(),
            folder: folder.clone(),
            stage: Stage::Coming {
                from: from.to_canonical(),
                cancelled: cancelled.clone(),
            },
        });
        drop(state);
        Ok(Begin {
            transfers: self.clone(),
            transfer,
            folder,
            coming: self.root.join(format!("{COMING}{name}")),
            cancelled,
            is_finished: false,
        })
    }

    /// Ends transfers that are still coming from that address; false when there is none of that id.
    pub(crate) fn cancel(&self, id: &str, from: IpAddr) -> bool {
        let state = self.state();
        let places = state.by_id.get(id).into_iter().flatten();
        let coming = places.filter_map(|place| match &place.stage {
            Stage::Coming { from, cancelled } => Some((from, cancelled)),
            Stage::Ending | Stage::There { .. } => None,
        });
        let mut any = false;
        for (_, cancelled) in coming.filter(|(own, _)| **own == from.to_canonical()) {
            cancelled.cancel();
            any = true;
        }
        any
    }

    /// Where the bytes of a transfer lie, and how many they are; `None` when it is over or was never there.
    pub(crate) fn find(&self, address: &Address, now: i64) -> Option<(Transfer, PathBuf)> {
        let state = self.state();
        let place = state.by_id.get(&address.id)?.iter().find(|place| {
            let is_there = matches!(place.stage, Stage::There { until } if until > now);
            is_there && place.transfer.address() == *address
        })?;
        Some((place.transfer.clone(), place.folder.join(BODY)))
    }

    /// One of the two has removed the message that told of it: the folders to delete.
    #[must_use]
    pub(crate) fn remove(&self, one: &str, other: &str, id: &str) -> Vec<PathBuf> {
        let (one, other) = (key(one), key(other));
        let taken = self.state().take(id, |place| {
            let is_there = matches!(place.stage, Stage::There { .. });
            is_there && place.transfer.is_between(&one, &other)
        });
        taken.into_iter().map(|place| place.folder).collect()
    }

    /// Takes back what could not be announced.
    pub(crate) fn withdraw(&self, address: &Address) -> Vec<PathBuf> {
        let is_it = |place: &Place| place.transfer.address() == *address;
        let taken = self.state().take(&address.id, is_it);
        taken.into_iter().map(|place| place.folder).collect()
    }

    /// Those whose time is over: the folders to delete.
    #[must_use]
    pub(crate) fn expire(&self, now: i64) -> Vec<PathBuf> {
        let is_over = |place: &Place| matches!(place.stage, Stage::There { until } if until <= now);
        let mut state = self.state();
        let over: Vec<Arc<str>> = state
            .by_id
            .iter()
            .filter(|(_, places)| places.iter().any(is_over))
            .map(|(id, _)| id.clone())
            .collect();
        over.iter()
            .flat_map(|id| state.take(id, is_over))
            .map(|place| place.folder)
            .collect()
    }
}

impl Begin {
    /// What is coming.
    pub(crate) fn transfer(&self) -> &Transfer {
        &self.transfer
    }

    /// The folder to make, and the file in it for the bytes.
    pub(crate) fn part(&self) -> (&Path, PathBuf) {
        (&self.coming, self.coming.join(BODY))
    }

    /// Done when somebody cancels it.
    pub(crate) async fn cancelled(&self) {
        self.cancelled.cancelled().await;
    }

    /// Goes on to a stage, unless it was cancelled.
    fn enter(&self, next: Stage) -> bool {
        let address = self.transfer.address();
        let mut state = self.transfers.state();
        if self.cancelled.is_cancelled() {
            return false;
        }
        let places = state.by_id.get_mut(&self.transfer.id);
        let mut places = places.into_iter().flatten();
        if let Some(place) = places.find(|place| place.transfer.address() == address) {
            place.stage = next;
        }
        true
    }

    /// All bytes are there and on the disk. Until when they are kept, in microseconds since 1970. Waits for the disk.
    pub(crate) fn finish(mut self, now: i64) -> Result<i64, NotTaken> {
        if !self.enter(Stage::Ending) {
            return Err(NotTaken::Cancelled);
        }
        let days = i64::from(self.transfers.limits.expire_days);
        let kept = match self.transfer.size >= LARGE {
            true => days,
            false => days * 2,
        };
        let until = now.saturating_add(kept * MICROS_PER_DAY);
        let note = Note {
            transfer: self.transfer.clone(),
            until,
        };
        let written = note.write(&self.coming).and_then(|()| {
            std::fs::rename(&self.coming, &self.folder)?;
            // The name is on the disk when its folder is.
            File::open(&self.transfers.root)?.sync_all()
        });
        if let Err(error) = written {
            tracing::warn!(%error, "A transferred file is lost");
            return Err(NotTaken::Failed);
        }
        self.enter(Stage::There { until });
        self.is_finished = true;
        Ok(until)
    }
}

impl Drop for Begin {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        self.transfers.withdraw(&self.transfer.address());
        // Two files at most, quickly gone; usually there is nothing any more.
        for folder in [&self.coming, &self.folder] {
            std::fs::remove_dir_all(folder).ok();
        }
    }
}

/// Against those who try ids of transfers: the URL of one names its accounts, and an id may be short. Whoever opens a
/// hundred old links at once is told that there is nothing for a while.
pub(crate) fn guesses() -> Guesses {
    Guesses::new(100, 1.0)
}

/// Deletes what is over, until the door closes.
pub(crate) async fn expire(shared: Arc<Shared>) {
    let Some(transfers) = shared.transfers.clone() else {
        return;
    };
    let stop = shared.closing().told;
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = look.tick() => {}
        }
        delete(transfers.expire(timestamp::now_micros())).await;
    }
}

/// Deletes folders of transfers that nobody finds any more.
pub(crate) async fn delete(folders: Vec<PathBuf>) {
    for folder in folders {
        if let Err(error) = tokio::fs::remove_dir_all(&folder).await {
            tracing::warn!(%error, "A transferred file that is over cannot be deleted; the next start finds it again");
        }
    }
}

/// Whether a folder has a name that [`Transfers::begin`] gives.
fn is_ours(name: &str) -> bool {
    let digits = name.strip_prefix(COMING).unwrap_or(name);
    digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
