//! The way of voicemail jobs out of the switch: to whoever keeps them, and the outcome back.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use media::file::wav;
use switch_core::{Input, MAX_VOICEMAIL_JOBS, VoicemailJob, VoicemailWork};
use tokio::sync::mpsc;

/// Where the switch's jobs go. The switch has no more of them at a time than there is room for.
#[derive(Clone, Debug)]
pub struct Keeper(mpsc::Sender<Order>);

/// A job to be done. Dropped without an outcome it has failed.
#[derive(Debug)]
pub struct Order {
    work: VoicemailWork,
    answer: Outcome,
}

#[derive(Debug)]
struct Outcome {
    number: u64,
    shell: mpsc::WeakSender<Input>,
    given: bool,
}

/// A keeper and the orders it takes.
#[must_use]
pub fn keeper() -> (Keeper, mpsc::Receiver<Order>) {
    let (sender, orders) = mpsc::channel(2 * MAX_VOICEMAIL_JOBS);
    (Keeper(sender), orders)
}

impl Keeper {
    /// One who does nothing.
    pub(crate) fn nobody() -> Self {
        keeper().0
    }

    /// Hands a job over; it has failed when nobody is there to do it.
    pub(crate) fn submit(&self, job: VoicemailJob, shell: &mpsc::Sender<Input>) {
        let VoicemailJob { number, work } = job;
        let answer = Outcome {
            number,
            shell: shell.downgrade(),
            given: false,
        };
        if let Err(error) = self.0.try_send(Order { work, answer }) {
            tracing::error!(%error, "Voicemail cannot be kept");
        }
    }
}

impl Order {
    /// What is to be done.
    #[must_use]
    pub fn work(&self) -> &VoicemailWork {
        &self.work
    }

    /// The copy is made, and so long.
    pub fn copied(mut self, length_ms: u64) {
        let number = self.answer.number;
        let copied = Input::VoicemailCopied { number, length_ms };
        self.answer.say(copied);
    }

    /// It was done, or not.
    pub fn finish(mut self, result: Result<(), Box<str>>) {
        self.answer.give(result);
    }
}

impl Outcome {
    fn give(&mut self, result: Result<(), Box<str>>) {
        let number = self.number;
        self.say(Input::VoicemailDone { number, result });
    }

    fn say(&mut self, input: Input) {
        self.given = true;
        // A switch that has stopped needs no answer.
        let Some(shell) = self.shell.upgrade() else {
            return;
        };
        tokio::spawn(async move { shell.send(input).await.ok() });
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        if !self.given {
            self.give(Err("nobody keeps voicemail".into()));
        }
    }
}

/// Most bytes of a header that are looked at.
const MOST_HEADER: u64 = 1 << 20;

/// How long a WAV file is, milliseconds. Reads it; not for threads that serve others.
///
/// # Errors
/// It cannot be read, or is none that is played here.
pub fn wav_length_ms(path: &Path) -> io::Result<u64> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut head = Vec::new();
    file.take(MOST_HEADER).read_to_end(&mut head)?;
    let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let layout = wav::layout(&head).map_err(|error| wrong(error.to_string()))?;
    let layout = layout.ok_or_else(|| wrong("the WAV header does not end".to_owned()))?;
    // More than there is stands in files whose writer died.
    let sound = layout.data_bytes.min(bytes.saturating_sub(layout.data_at));
    let frame = u64::try_from(layout.frame_bytes()).unwrap_or(1).max(1);
    Ok(sound / frame * 1000 / u64::from(layout.rate_hz).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_file_is_that_of_its_sound() {
        let path = std::env::temp_dir().join(format!("jackfield-length-{}", std::process::id()));
        let written = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            wav_length_ms(&path)
        };
        // 8 kHz in 16 bits: 1.5 s, and a header that promises more.
        let whole = [&wav::header(8000, 1, 24_000)[..], &[0; 24_000]].concat();
        assert_eq!(written(&whole).unwrap(), 1500);
        let cut = [&wav::header(8000, 1, 1 << 30)[..], &[0; 16_000]].concat();
        assert_eq!(written(&cut).unwrap(), 1000);
        let stereo = [&wav::header(48_000, 2, 192_000)[..], &[0; 192_000]].concat();
        assert_eq!(written(&stereo).unwrap(), 1000);
        for wrong in [&b""[..], b"RIFF", b"ID3 this is something else entirely"] {
            assert!(written(wrong).is_err());
        }
        std::fs::remove_file(&path).unwrap();
        assert!(wav_length_ms(&path).is_err());
    }
}
