//! The files of a stream, one after the other for ever.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use media::source::{Fill, FrameSource};
use media::tone::HoldMusic;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use switch_core::StreamSettings;

use super::path;
use super::program::open_sound;
use super::stream_ring::samples_in;

/// A list of files in a folder, in the place of what else is there.
const LIST: &str = "moh.loc";
/// Bytes read of a list.
const MAX_LIST: u64 = 1 << 20;
/// Files of one stream.
const MAX_FILES: usize = 10_000;
/// Files without a sample in a row, after which there is a second of silence.
const MAX_BARREN: u32 = 64;

/// What a stream plays.
pub(super) struct Playlist {
    /// Where relative names lie.
    directory: PathBuf,
    /// `None`: the tune that is built in.
    place: Option<PathBuf>,
    rate_hz: u32,
    shuffle: bool,
    interval: u64,
    chimes: Chimes,
    random: StdRng,
    /// What is left of this round.
    round: VecDeque<PathBuf>,
    current: Option<Box<dyn FrameSource>>,
    /// Samples of silence before the next file.
    silence: u64,
    barren: u32,
}

/// Short files that break in.
struct Chimes {
    files: Vec<PathBuf>,
    next: usize,
    /// Samples from the beginning of one to the next; 0: there are none.
    every: u64,
    /// Samples one of them is heard for at most.
    most: Option<u64>,
    since: u64,
    current: Option<(Box<dyn FrameSource>, u64)>,
}

impl Chimes {
    fn of(settings: &StreamSettings) -> Self {
        let samples = |time| samples_in(time, settings.rate_hz);
        Self {
            files: settings.chimes.clone(),
            next: 0,
            every: samples(settings.chime_every),
            most: settings.chime_most.map(samples),
            since: 0,
            current: None,
        }
    }

    fn due(&self) -> bool {
        self.every > 0 && self.since >= self.every && !self.files.is_empty()
    }
}

impl Playlist {
    pub(super) fn new(directory: &Path, settings: &StreamSettings, random: StdRng) -> Self {
        let place = &settings.path;
        Self {
            directory: directory.to_owned(),
            place: (!place.as_os_str().is_empty()).then(|| directory.join(place)),
            rate_hz: settings.rate_hz,
            shuffle: settings.shuffle,
            interval: interval(settings),
            chimes: Chimes::of(settings),
            random,
            round: VecDeque::new(),
            current: None,
            silence: 0,
            barren: 0,
        }
    }

    /// Takes what can be changed while it is heard.
    pub(super) fn change(&mut self, settings: &StreamSettings) {
        let same_rate = StreamSettings {
            rate_hz: self.rate_hz,
            ..settings.clone()
        };
        self.shuffle = settings.shuffle;
        self.interval = interval(&same_rate);
        self.chimes = Chimes::of(&same_rate);
        self.round.clear();
    }

    /// Has something to play, if there is anything.
    pub(super) fn prepare(&mut self) -> bool {
        self.current.is_some() || self.open_next()
    }

    /// Whether there is something to play.
    pub(super) fn is_playable(&self) -> bool {
        self.current.is_some()
            || match &self.place {
                None => true,
                Some(place) => files(place, &self.directory)
                    .iter()
                    .any(|file| open_sound(file, 0, self.rate_hz).is_ok()),
            }
    }

    /// Goes on with the next file.
    pub(super) fn skip(&mut self) {
        self.current = None;
        self.chimes.current = None;
        self.silence = 0;
    }

    fn open_next(&mut self) -> bool {
        let Some(place) = self.place.clone() else {
            self.current = Some(Box::new(HoldMusic::new(self.rate_hz)));
            return true;
        };
        // Whatever is left of this round, and a whole new one.
        for fresh in [false, true] {
            if fresh {
                let mut all = files(&place, &self.directory);
                if self.shuffle {
                    all.shuffle(&mut self.random);
                }
                self.round = all.into();
            }
            while let Some(file) = self.round.pop_front() {
                match open_sound(&file, 0, self.rate_hz) {
                    Ok(source) => {
                        self.current = Some(source);
                        return true;
                    }
                    Err(error) => {
                        tracing::debug!(file = %file.display(), %error, "A file of a stream cannot be played");
                    }
                }
            }
        }
        false
    }

    fn begin_chime(&mut self) {
        let chimes = &mut self.chimes;
        chimes.since = 0;
        let Some(file) = chimes.files.get(chimes.next % chimes.files.len().max(1)) else {
            return;
        };
        let file = path::resolve(&self.directory, &file.to_string_lossy());
        chimes.next = chimes.next.wrapping_add(1);
        match open_sound(&file, 0, self.rate_hz) {
            Ok(source) => chimes.current = Some((source, chimes.most.unwrap_or(u64::MAX))),
            Err(error) => {
                tracing::debug!(file = %file.display(), %error, "A chime cannot be played");
            }
        }
    }

    /// Writes all of `out`; says whether a file ended in it.
    pub(super) fn read(&mut self, out: &mut [i16]) -> bool {
        let mut at = 0;
        let mut ended = false;
        if self.chimes.due() && self.chimes.current.is_none() {
            self.begin_chime();
        }
        while at < out.len() {
            let room = &mut out[at..];
            if let Some((source, left)) = &mut self.chimes.current {
                let most = room.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                let (given, over) = given(source.read(&mut room[..most]), most);
                at += given;
                *left -= given as u64;
                if over || *left == 0 {
                    self.chimes.current = None;
                }
            } else if self.silence > 0 {
                let length = room
                    .len()
                    .min(usize::try_from(self.silence).unwrap_or(usize::MAX));
                room[..length].fill(0);
                self.silence -= length as u64;
                at += length;
            } else if let Some(source) = &mut self.current {
                let most = room.len();
                let (given, over) = given(source.read(room), most);
                at += given;
                if given > 0 {
                    self.barren = 0;
                }
                if over {
                    self.current = None;
                    self.silence = self.interval;
                    self.barren += 1;
                    ended = true;
                }
            } else if self.barren > MAX_BARREN || !self.open_next() {
                // Somebody may put a file there.
                self.silence = self.rate_hz.into();
                self.barren = 0;
            }
        }
        self.chimes.since = self.chimes.since.saturating_add(out.len() as u64);
        ended
    }
}

fn interval(settings: &StreamSettings) -> u64 {
    u64::from(settings.interval_ms) * u64::from(settings.rate_hz) / 1000
}

/// Samples a source gave of those wanted, and whether that was all.
fn given(fill: Fill, wanted: usize) -> (usize, bool) {
    match fill {
        Fill::Full => (wanted, false),
        // A file that is read here never lets anybody wait.
        Fill::Starved(given) | Fill::End(given) => (given.min(wanted), true),
        Fill::Failed => (0, true),
    }
}

/// The files of a stream: those of a list, those of a folder in the order of their names, or the one it is.
fn files(place: &Path, directory: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    if let Ok(list) = File::open(place.join(LIST)) {
        let mut text = Vec::new();
        if let Err(error) = list.take(MAX_LIST).read_to_end(&mut text) {
            tracing::warn!(place = %place.display(), %error, "The list of a stream cannot be read");
        }
        let text = String::from_utf8_lossy(&text);
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        return lines
            .take(MAX_FILES)
            .map(|line| path::resolve(directory, line))
            .collect();
    }
    let Ok(entries) = std::fs::read_dir(place) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = paths
        .filter(|path| path::is_wav(path) && path.is_file())
        .take(MAX_FILES)
        .collect();
    found.sort();
    found
}
