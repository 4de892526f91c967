//! Keeps voicemail: moves recordings to their places and writes the index, so that the index never names a file that is not
//! complete, and nobody is told of a message that would not survive.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::Timestamp;
use api::view::{Extension, VoiceMessage};
use embedded::{Embedded, Order, wav_length_ms};
use store::{Store, StoreError};
use switch_core::VoicemailWork;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Between attempts when the store fails: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// How long the store may take for a message somebody has left. They may wait for the outcome.
const PATIENCE: Duration = Duration::from_secs(60);

/// Longest file that becomes a message, bytes: an hour in the best quality there is.
const LONGEST_COPY: u64 = 512 << 20;

/// How long it may take for what somebody has just asked for.
const QUICK: Duration = Duration::from_secs(10);

/// A message of an earlier run, with its box.
type Found = (Extension, VoiceMessage);

/// Makes the folder and reads the index. `None`: it cannot be read now; see [`find_later`].
pub(crate) async fn find(directory: &Path, store: &Store) -> Option<Vec<Found>> {
    let directory = directory.to_owned();
    let prepared = tokio::task::spawn_blocking(move || prepare(&directory)).await;
    if let Err(error) = prepared {
        tracing::error!(%error, "The folder of voicemail was not looked at");
    }
    let index = store.voice_messages().await.ok()?;
    let checked = tokio::task::spawn_blocking(move || with_files(index)).await;
    checked.ok()
}

fn prepare(directory: &Path) {
    let incoming = directory.join("incoming");
    // What people say to each other is nobody else's.
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&incoming);
    if let Err(error) = made {
        let directory = directory.display();
        tracing::error!(%error, %directory, "No voicemail can be left: its folder cannot be made");
        return;
    }
    let left = fs::read_dir(&incoming).map_or(0, Iterator::count);
    if left > 0 {
        tracing::warn!(
            left,
            folder = %incoming.display(),
            "There are recordings of an earlier run that did not become voicemail messages"
        );
    }
}

/// Messages whose files are there.
fn with_files(index: Vec<store::VoiceMessage>) -> Vec<Found> {
    let there = |message: &store::VoiceMessage| {
        let there = Path::new(&*message.file).is_file();
        if !there {
            tracing::warn!(
                message = &*message.id,
                file = &*message.file,
                "The file of a voicemail message is gone; the message is not shown"
            );
        }
        there
    };
    index.into_iter().filter(there).map(found).collect()
}

fn found(kept: store::VoiceMessage) -> Found {
    let mailbox = Extension {
        user: kept.mailbox,
        domain: kept.domain,
    };
    let message = VoiceMessage {
        id: kept.id,
        caller_name: kept.caller_name,
        caller_number: kept.caller_number,
        left_at: Timestamp(kept.left_at),
        read_at: kept.read_at.map(Timestamp),
        length_ms: u64::try_from(kept.length_ms).unwrap_or_default(),
        path: kept.file,
    };
    (mailbox, message)
}

fn kept(mailbox: &Extension, message: &VoiceMessage) -> store::VoiceMessage {
    store::VoiceMessage {
        id: message.id.clone(),
        mailbox: mailbox.user.clone(),
        domain: mailbox.domain.clone(),
        caller_name: message.caller_name.clone(),
        caller_number: message.caller_number.clone(),
        left_at: message.left_at.as_micros(),
        read_at: message.read_at.map(Timestamp::as_micros),
        length_ms: i64::try_from(message.length_ms).unwrap_or(i64::MAX),
        file: message.path.clone(),
    }
}

/// Reads the index as soon as that can be done, and tells the switch.
pub(crate) async fn find_later(
    embedded: Arc<Embedded>,
    directory: PathBuf,
    store: Store,
    stop: CancellationToken,
) {
    tracing::error!("Voicemail of earlier runs is not shown until the store is there");
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(PAUSES.1) => {}
        }
        if let Some(messages) = find(&directory, &store).await {
            return embedded.voicemail_found(messages).await;
        }
    }
}

/// Does what the switch asks for, until it has stopped. Jobs are done beside each other; the switch bounds them.
/// `sounds` is where files begin that a program names without a whole path.
pub(crate) async fn keep(mut orders: mpsc::Receiver<Order>, store: Store, sounds: PathBuf) {
    while let Some(order) = orders.recv().await {
        let (store, sounds) = (store.clone(), sounds.clone());
        tokio::spawn(async move {
            match perform(order.work().clone(), &store, &sounds).await {
                Ok(Some(length_ms)) => order.copied(length_ms),
                Ok(None) => order.finish(Ok(())),
                Err(error) => order.finish(Err(error.into())),
            }
        });
    }
}

/// Copies a sound to where recordings are, and measures it. Nothing stays behind when that fails.
async fn copy(from: PathBuf, to: PathBuf) -> Result<u64, String> {
    let copied = tokio::task::spawn_blocking(move || {
        let length = fs::metadata(&from)?.len();
        if length > LONGEST_COPY {
            let what = format!("the file is longer than {LONGEST_COPY} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let length_ms = wav_length_ms(&from)?;
        let made = fs::copy(&from, &to);
        if made.is_err() {
            fs::remove_file(&to).ok();
        }
        made.map(|_| length_ms)
    });
    match copied.await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// What came of it: of a copy its length in milliseconds.
async fn perform(work: VoicemailWork, store: &Store, sounds: &Path) -> Result<Option<u64>, String> {
    let done = match work {
        VoicemailWork::Keep {
            recording,
            mailbox,
            message,
        } => {
            let (from, to) = (recording.clone(), message.path.clone());
            blocking(move || put_in_place(Path::new(&*from), Path::new(&*to))).await?;
            let row = kept(&mailbox, &message);
            let saved = patiently(PATIENCE, || store.save_voice_message(row.clone())).await;
            saved.map_err(|error| format!("{error}; the recording is {}", message.path))
        }
        VoicemailWork::Mark { message, read_at } => {
            let read_at = read_at.map(Timestamp::as_micros);
            let marked = patiently(QUICK, || store.mark_voice_message(message.clone(), read_at));
            marked.await.map_err(|error| error.to_string())
        }
        VoicemailWork::Delete { message } => {
            let deleted = patiently(QUICK, || store.delete_voice_message(message.id.clone()));
            deleted.await.map_err(|error| error.to_string())?;
            let file = message.path.clone();
            if let Err(error) = blocking(move || remove(Path::new(&*file))).await {
                tracing::warn!(%error, file = &*message.path, "The file of a deleted message stays");
            }
            Ok(())
        }
        VoicemailWork::Greet { recording, file } => {
            blocking(move || put_in_place(Path::new(&*recording), Path::new(&*file))).await
        }
        VoicemailWork::Discard { recording } => {
            blocking(move || remove(Path::new(&*recording))).await
        }
        VoicemailWork::Look { file } => {
            blocking(move || fs::metadata(Path::new(&*file)).map(drop)).await
        }
        VoicemailWork::Copy { file, recording } => {
            let copied = copy(sounds.join(&*file), PathBuf::from(&*recording));
            return copied.await.map(Some);
        }
    };
    done.map(|()| None)
}

/// Tries again while the store fails, for so long.
async fn patiently<F>(patience: Duration, attempt: impl Fn() -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<(), StoreError>>,
{
    let (until, mut pause) = (Instant::now() + patience, PAUSES.0);
    loop {
        let result = attempt().await;
        if result.is_ok() || Instant::now() + pause > until {
            return result;
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

async fn blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Moves a complete file to its place; when that is done, the disk has it there.
fn put_in_place(from: &Path, to: &Path) -> io::Result<()> {
    File::open(from)?.sync_all()?;
    let folder = to.parent().unwrap_or(Path::new("/"));
    make_folder(folder)?;
    fs::rename(from, to)?;
    File::open(folder)?.sync_all()
}

/// Makes a folder and those above it that are missing; each is known to the one above when that is done.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().unwrap_or(Path::new("/"));
    make_folder(above)?;
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    File::open(above)?.sync_all()
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests;
