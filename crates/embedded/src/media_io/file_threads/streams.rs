//! Streams that everybody hears at the same place: one decoder each, one resampler for each rate somebody hears it at, and
//! nothing at all while nobody listens (`0044-one-decoder-per-stream.md`).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::view::LocalStream;
use media::dsp::Resampler;
use rand::SeedableRng;
use rand::rngs::StdRng;
use switch_core::{StreamJob, StreamOutcome, StreamSettings};

use super::FileCounters;
use super::playlist::Playlist;
use super::stream_ring::{AHEAD, Ring, StreamSource, sample_at, samples_in};

/// Blocks of 20 ms in a second: everything is decoded and converted in those, so that all rates stay together.
const BLOCKS: u32 = 50;
/// The tune that is built in, and who asks for nothing else.
const TUNE: &str = "moh";
/// Who asks for a stream that is not there hears this one.
const OTHERWISE: &str = "default";
/// Rate of the tune, hertz.
const TUNE_HZ: u32 = 16_000;
/// A reading thread that was away for longer does not decode what nobody heard.
const LOST: Duration = Duration::from_secs(1);
/// What is heard before a stream goes on with its next file: somebody may be reading it now.
const BEFORE_NEXT: Duration = Duration::from_millis(100);

/// All streams.
pub(super) struct Streams {
    directory: PathBuf,
    random: StdRng,
    all: Vec<Stream>,
    tune: Stream,
    counters: Arc<FileCounters>,
}

struct Stream {
    settings: StreamSettings,
    playlist: Playlist,
    /// When sample 0 was heard; `None`: nobody listens.
    origin: Option<Instant>,
    /// How much of it was heard when nobody listened any more.
    heard: Duration,
    native: Arc<Ring>,
    converted: Vec<Converted>,
    /// There was something to play when it was looked for last.
    ready: bool,
    stopped: bool,
    /// What is to be taken when nobody listens, and of it what can be taken at the next file.
    pending: Option<StreamSettings>,
    partly: bool,
}

/// A stream at another rate.
struct Converted {
    rate_hz: u32,
    ring: Arc<Ring>,
    converter: Resampler,
    /// The next sample of the stream's own to convert.
    from: u64,
}

impl Streams {
    pub(super) fn new(
        directory: &Path,
        settings: Vec<StreamSettings>,
        counters: Arc<FileCounters>,
    ) -> Self {
        let mut random = StdRng::seed_from_u64(crate::media_io::system_seed());
        let tune = StreamSettings {
            rate_hz: TUNE_HZ,
            ..StreamSettings::new(TUNE, PathBuf::new())
        };
        let tune = Stream::new(directory, tune, StdRng::from_rng(&mut random));
        let mut streams = Self {
            directory: directory.to_owned(),
            random,
            all: Vec::new(),
            tune,
            counters,
        };
        for settings in settings {
            streams.start(settings);
        }
        streams
    }

    fn start(&mut self, settings: StreamSettings) {
        let known = self.all.iter_mut();
        if let Some(known) = known
            .into_iter()
            .find(|known| known.settings.name == settings.name)
        {
            known.stopped = false;
            return;
        }
        let random = StdRng::from_rng(&mut self.random);
        let stream = Stream::new(&self.directory, settings, random);
        if !stream.ready {
            let (stream, place) = (&stream.settings.name, stream.settings.path.display());
            tracing::warn!(%stream, %place, "A stream has nothing to play");
        }
        self.all.push(stream);
    }

    /// Does what a console asks for.
    pub(super) fn carry_out(&mut self, job: StreamJob, now: Instant) -> StreamOutcome {
        match job {
            StreamJob::Show => return StreamOutcome::Shown(self.show()),
            StreamJob::Start(settings) => self.start(settings),
            StreamJob::Stop(name) => match self.named(&name) {
                Some(stream) => stream.stopped = true,
                None => return StreamOutcome::Unknown,
            },
            StreamJob::Reload(settings) => match self.named(&settings.name) {
                Some(stream) => {
                    stream.partly = true;
                    stream.pending = Some(settings);
                }
                None => return StreamOutcome::Unknown,
            },
            StreamJob::Next(name) => match self.named(&name) {
                Some(stream) => stream.next(now),
                None => return StreamOutcome::Unknown,
            },
        }
        self.top_up(now);
        StreamOutcome::Done
    }

    fn named(&mut self, name: &str) -> Option<&mut Stream> {
        self.all
            .iter_mut()
            .find(|stream| *stream.settings.name == *name)
    }

    fn show(&mut self) -> Vec<LocalStream> {
        let tune_shows = !self.all.iter().any(|one| base(&one.settings.name) == TUNE);
        let all = self.all.iter_mut();
        all.chain(tune_shows.then_some(&mut self.tune))
            .map(|stream| stream.show())
            .collect()
    }

    /// Keeps what is heard decoded; streams nobody hears rest, and change or end if they were asked to.
    pub(super) fn top_up(&mut self, now: Instant) {
        let directory = &self.directory;
        for stream in self.all.iter_mut().chain([&mut self.tune]) {
            if stream.listeners() > 0 {
                stream.fill(now);
                continue;
            }
            stream.rest(now);
            if let Some(settings) = stream.pending.take() {
                *stream = Stream::new(directory, settings, StdRng::from_rng(&mut self.random));
            }
        }
        self.all
            .retain(|stream| !stream.stopped || stream.listeners() > 0);
    }

    /// Somebody listens to what a name means, at a rate, for so long.
    pub(super) fn listen(
        &mut self,
        name: &str,
        rate_hz: u32,
        limit_ms: Option<u64>,
        now: Instant,
    ) -> StreamSource {
        let found = self.find(name, rate_hz);
        let stream = found
            .and_then(|at| self.all.get_mut(at))
            .unwrap_or(&mut self.tune);
        let (rate_hz, ring, origin) = stream.join(rate_hz, now);
        StreamSource::new(rate_hz, ring, origin, limit_ms, self.counters.clone())
    }

    /// The stream of that name and rate, of that name, of that name and the nearest rate; or else the one for everything
    /// that is not there. Only such as have something to play.
    fn find(&mut self, name: &str, rate_hz: u32) -> Option<usize> {
        let nearest = |stream: &Stream| {
            let own = stream.settings.rate_hz;
            // A higher rate loses nothing.
            (own < rate_hz, own.abs_diff(rate_hz))
        };
        for wanted in [name, OTHERWISE, TUNE] {
            let exact = format!("{wanted}/{rate_hz}");
            let mut order: Vec<(u8, (bool, u32), usize)> = Vec::new();
            for (at, stream) in self.all.iter().enumerate() {
                let known = &*stream.settings.name;
                let place = match known {
                    _ if stream.stopped => continue,
                    _ if known == exact => 0,
                    _ if known == wanted => 1,
                    _ if known != base(known) && base(known) == wanted => 2,
                    _ => continue,
                };
                order.push((place, nearest(stream), at));
            }
            order.sort_unstable();
            for (_, _, at) in order {
                let stream = &mut self.all[at];
                stream.ready = stream.playlist.prepare();
                if stream.ready {
                    return Some(at);
                }
            }
        }
        None
    }
}

/// `moh` of `moh/8000`.
fn base(name: &str) -> &str {
    match name.rsplit_once('/') {
        Some((base, rate)) if rate.parse::<u32>().is_ok() => base,
        Some(_) | None => name,
    }
}

impl Stream {
    fn new(directory: &Path, settings: StreamSettings, random: StdRng) -> Self {
        let playlist = Playlist::new(directory, &settings, random);
        Self {
            ready: playlist.is_playable(),
            playlist,
            origin: None,
            heard: Duration::ZERO,
            native: Ring::new(settings.rate_hz, 0),
            converted: Vec::new(),
            stopped: false,
            pending: None,
            partly: false,
            settings,
        }
    }

    fn block(&self) -> usize {
        (self.settings.rate_hz / BLOCKS) as usize
    }

    fn listeners(&self) -> u32 {
        let converted = self.converted.iter().map(|one| &one.ring);
        let rings = converted.chain([&self.native]);
        // One end is ours.
        let others = rings.map(|ring| Arc::strong_count(ring) - 1).sum::<usize>();
        u32::try_from(others).unwrap_or(u32::MAX)
    }

    /// A ring at that rate and the moment its sample 0 was heard; at the stream's own rate when that cannot be converted.
    fn join(&mut self, rate_hz: u32, now: Instant) -> (u32, Arc<Ring>, Instant) {
        let origin = self.fill(now);
        if rate_hz == self.settings.rate_hz {
            return (rate_hz, self.native.clone(), origin);
        }
        let known = self.converted.iter();
        if let Some(known) = known.into_iter().find(|known| known.rate_hz == rate_hz) {
            return (rate_hz, known.ring.clone(), origin);
        }
        let Some(converter) = Resampler::new(self.settings.rate_hz, rate_hz) else {
            return (self.settings.rate_hz, self.native.clone(), origin);
        };
        let heard = sample_at(origin, self.settings.rate_hz, now);
        let mut converted = Converted {
            rate_hz,
            ring: Ring::new(rate_hz, 0),
            converter,
            from: 0,
        };
        converted.begin_at(heard, self.block());
        converted.fill(&self.native, self.block());
        let ring = converted.ring.clone();
        self.converted.push(converted);
        (rate_hz, ring, origin)
    }

    /// Decodes what will be heard soon; the moment sample 0 was heard.
    fn fill(&mut self, now: Instant) -> Instant {
        let heard_before = self.heard;
        let origin = *self
            .origin
            .get_or_insert_with(|| now.checked_sub(heard_before).unwrap_or(now));
        let (rate_hz, block) = (self.settings.rate_hz, self.block());
        let heard = sample_at(origin, rate_hz, now);
        if heard > self.native.written() + samples_in(LOST, rate_hz) {
            self.native.go_to(heard / block as u64 * block as u64);
            for converted in &mut self.converted {
                converted.begin_at(heard, block);
            }
        }
        let mut samples = vec![0; block];
        while self.native.written() < heard + samples_in(AHEAD, rate_hz) {
            let ended = self.playlist.read(&mut samples);
            self.native.push(&samples);
            if ended && std::mem::take(&mut self.partly) {
                self.change();
            }
        }
        self.converted
            .retain(|converted| Arc::strong_count(&converted.ring) > 1);
        for converted in &mut self.converted {
            converted.fill(&self.native, block);
        }
        origin
    }

    /// Takes of what is pending whatever those who listen can hear.
    fn change(&mut self) {
        let Some(pending) = &self.pending else { return };
        self.playlist.change(pending);
        self.settings.shuffle = pending.shuffle;
        self.settings.interval_ms = pending.interval_ms;
        self.settings.chimes.clone_from(&pending.chimes);
        self.settings.chime_every = pending.chime_every;
        self.settings.chime_most = pending.chime_most;
    }

    /// Nobody listens.
    fn rest(&mut self, now: Instant) {
        self.converted.clear();
        if let Some(origin) = self.origin.take() {
            self.heard = now.saturating_duration_since(origin);
        }
    }

    /// Goes on with the next file, as soon as those who listen can hear it.
    fn next(&mut self, now: Instant) {
        self.playlist.skip();
        let (rate_hz, block) = (self.settings.rate_hz, self.block());
        let at = match self.origin {
            Some(origin) => sample_at(origin, rate_hz, now + BEFORE_NEXT),
            None => samples_in(self.heard, rate_hz),
        };
        let at = at.min(self.native.written());
        self.native.go_to(at / block as u64 * block as u64);
        for converted in &mut self.converted {
            converted.begin_at(at, block);
        }
    }

    fn show(&mut self) -> LocalStream {
        let settings = &self.settings;
        let ready_bytes = samples_in(AHEAD, settings.rate_hz) * 2;
        self.ready = self.playlist.is_playable();
        LocalStream {
            name: settings.name.clone(),
            location: settings.path.display().to_string().into(),
            rate_hz: settings.rate_hz,
            interval_ms: settings.interval_ms,
            ready_bytes: u32::try_from(ready_bytes).unwrap_or(u32::MAX),
            timer: settings.timer.clone(),
            listeners: self.listeners(),
            shuffle: settings.shuffle,
            ready: self.ready,
            stopped: self.stopped,
            reloading: self.pending.is_some(),
        }
    }
}

impl Converted {
    /// What follows is the block in which a sample of the stream's own is.
    fn begin_at(&mut self, sample: u64, block: usize) {
        let blocks = sample / block as u64;
        self.from = blocks * block as u64;
        self.ring.go_to(blocks * u64::from(self.rate_hz / BLOCKS));
        self.converter.reset();
    }

    fn fill(&mut self, native: &Ring, block: usize) {
        let mut own = vec![0; block];
        let mut made = vec![0; (self.rate_hz / BLOCKS) as usize];
        while native.written() >= self.from + block as u64 {
            native.read(self.from, &mut own);
            let length = self.converter.process(&own, &mut made);
            self.ring.push(&made[..length]);
            self.from += block as u64;
        }
    }
}

#[cfg(test)]
mod tests;
