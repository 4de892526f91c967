//! One playback, towards a leg or into a room.

use super::playout::converter;
use super::scratch::Scratch;
use crate::control::{MediaReport, MuteSide, PlayEnd, PlayId, RecordLength, SeekTo};
use crate::dsp::{Gain, Resampler};
use crate::frame::Frame;
use crate::output::Output;
use crate::source::{Fill, FrameSource};

/// A playback and how far it is.
pub(crate) struct Playing {
    pub(crate) id: PlayId,
    /// Mixed with what is heard anyway, or in its place.
    pub(crate) mix: bool,
    /// The side of its leg it displaces; `None`: it is played to the leg like others.
    pub(crate) over: Option<MuteSide>,
    pub(crate) paused: bool,
    rate_hz: u32,
    gain: Gain,
    state: State,
    converter: Option<Resampler>,
    /// Samples played, at the rate of the leg.
    samples: u64,
    /// Where the source is, in samples of its own.
    position: u64,
}

enum State {
    /// The shell is opening it.
    Opening,
    Open {
        source: Box<dyn FrameSource>,
        started: bool,
    },
    Over {
        source: Box<dyn FrameSource>,
        end: PlayEnd,
    },
}

impl Playing {
    pub(crate) fn new(id: PlayId, rate_hz: u32, gain_db: f32, mix: bool) -> Self {
        Self {
            id,
            mix,
            over: None,
            paused: false,
            rate_hz,
            gain: Gain::new(gain_db),
            state: State::Opening,
            converter: None,
            samples: 0,
            position: 0,
        }
    }

    /// Hands it its source. `false`: its rate cannot be converted.
    pub(crate) fn open(&mut self, source: Box<dyn FrameSource>) -> bool {
        self.converter = converter(source.rate_hz(), self.rate_hz);
        let fits = self.converter.is_some() || source.rate_hz() == self.rate_hz;
        self.state = State::Open {
            source,
            started: false,
        };
        fits
    }

    /// Whether it sounds (or stands still, silently).
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    pub(crate) fn is_opening(&self) -> bool {
        matches!(self.state, State::Opening)
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over { .. })
    }

    pub(crate) fn set_gain(&mut self, gain_db: f32) {
        self.gain.set(gain_db);
    }

    pub(crate) fn seek(&mut self, to: SeekTo) {
        if let State::Open { source, .. } = &mut self.state {
            let samples = |ms: u64| ms.saturating_mul(u64::from(source.rate_hz())) / 1000;
            let sample = match to {
                SeekTo::Start { ms } => samples(ms),
                SeekTo::Ahead { ms } => self.position.saturating_add(samples(ms)),
                SeekTo::Back { ms } => self.position.saturating_sub(samples(ms)),
            };
            if source.seek(sample) {
                self.position = sample;
                if let Some(converter) = &mut self.converter {
                    converter.reset();
                }
            }
        }
    }

    /// The leg changed its rate.
    pub(crate) fn adapt(&mut self, rate_hz: u32) {
        self.rate_hz = rate_hz;
        if let State::Open { source, .. } = &self.state {
            self.converter = converter(source.rate_hz(), rate_hz);
        }
    }

    /// Adds its next 20 ms to a frame.
    pub(crate) fn mix_into(&mut self, frame: &mut Frame, scratch: &mut Scratch, out: &mut Output) {
        let State::Open { source, started } = &mut self.state else {
            return;
        };
        if !std::mem::replace(started, true) {
            out.report(MediaReport::PlayStarted { play: self.id });
        }
        if self.paused {
            return;
        }
        let wanted = frame.samples().len();
        let (filled, end) = match &mut self.converter {
            None => {
                let (filled, end) = fill(source.read(&mut scratch.first[..wanted]), wanted);
                scratch.first[filled..wanted].fill(0);
                self.position += filled as u64;
                (filled, end)
            }
            Some(converter) => {
                let needed = converter.inputs_for(wanted).min(Resampler::MAX_BLOCK);
                let (read, end) = fill(source.read(&mut scratch.second[..needed]), needed);
                scratch.second[read..needed].fill(0);
                self.position += read as u64;
                let made =
                    converter.process(&scratch.second[..needed], &mut scratch.first[..wanted]);
                scratch.first[made..wanted].fill(0);
                (read * wanted / needed.max(1), end)
            }
        };
        self.samples += filled as u64;
        self.gain.process(&mut scratch.first[..wanted]);
        for (sum, add) in frame.samples_mut().iter_mut().zip(&scratch.first[..wanted]) {
            *sum = sum.saturating_add(*add);
        }
        if let Some(end) = end {
            self.end(end);
        }
    }

    fn end(&mut self, end: PlayEnd) {
        if let State::Open { source, .. } = std::mem::replace(&mut self.state, State::Opening) {
            self.state = State::Over { source, end };
        }
    }

    /// Reports its end; `forced` is the reason when it did not end by itself.
    pub(crate) fn finish(self, forced: Option<PlayEnd>, out: &mut Output) {
        let length = RecordLength {
            samples: self.samples,
            rate_hz: self.rate_hz,
        };
        let end = match self.state {
            State::Opening => PlayEnd::Stopped,
            State::Open { source, .. } => {
                out.retired.push(source);
                PlayEnd::Stopped
            }
            State::Over { source, end } => {
                out.retired.push(source);
                end
            }
        };
        let end = forced.unwrap_or(end);
        out.report(MediaReport::PlayDone {
            play: self.id,
            end,
            length,
        });
    }
}

fn fill(fill: Fill, wanted: usize) -> (usize, Option<PlayEnd>) {
    match fill {
        Fill::Full => (wanted, None),
        Fill::Starved(filled) => (filled.min(wanted), None),
        Fill::End(filled) => (filled.min(wanted), Some(PlayEnd::Finished)),
        Fill::Failed => (0, Some(PlayEnd::Failed)),
    }
}

/// Lays playbacks over one side of a leg, the newest on top; whether there was one.
pub(super) fn displace(
    plays: &mut [Playing],
    side: MuteSide,
    frame: &mut Frame,
    scratch: &mut Scratch,
    out: &mut Output,
) -> bool {
    let mut displaced = false;
    for play in plays {
        if !play.is_open() || play.over != Some(side) {
            continue;
        }
        if !play.mix {
            frame.clear();
        }
        play.mix_into(frame, scratch, out);
        displaced = true;
    }
    displaced
}
