//! One recording, of a leg or of a room.

use super::playout::converter;
use super::scratch::Scratch;
use crate::control::{
    LegId, MediaReport, RecordEnd, RecordId, RecordLength, RecordSides, SilenceStop,
};
use crate::dsp::Resampler;
use crate::frame::{Frame, MAX_FRAME_SAMPLES, TICK_MS, samples_per_tick};
use crate::level;
use crate::output::{Output, Request};
use crate::source::{Drain, FrameSink};

/// A recording and how far it is.
pub(crate) struct Recording {
    pub(crate) id: RecordId,
    pub(crate) sides: RecordSides,
    pub(crate) masked: bool,
    pub(crate) paused: bool,
    rate_hz: u32,
    limit_ms: Option<u64>,
    silence: Option<SilenceStop>,
    sink: Option<Box<dyn FrameSink>>,
    started: bool,
    /// One per channel, where rates differ.
    converters: [Option<Resampler>; 2],
    recorded_ms: u64,
    quiet_ms: u32,
    heard: bool,
    samples: u64,
    sink_rate_hz: u32,
    dropped: u64,
    /// The sink takes nothing any more.
    broken: bool,
}

/// A recording whose file is being completed.
pub(crate) struct Finishing {
    pub(crate) record: RecordId,
    /// Leg it belonged to, whose last report waits for it.
    pub(crate) leg: Option<LegId>,
    pub(crate) end: RecordEnd,
    pub(crate) length: RecordLength,
    pub(crate) heard: bool,
    pub(crate) dropped: u64,
}

impl Recording {
    pub(crate) fn new(
        id: RecordId,
        sides: RecordSides,
        rate_hz: u32,
        limit_ms: Option<u64>,
        silence: Option<SilenceStop>,
    ) -> Self {
        Self {
            id,
            sides,
            masked: false,
            paused: false,
            rate_hz,
            limit_ms,
            silence,
            sink: None,
            started: false,
            converters: [None, None],
            recorded_ms: 0,
            quiet_ms: 0,
            heard: silence.is_none(),
            samples: 0,
            sink_rate_hz: rate_hz,
            dropped: 0,
            broken: false,
        }
    }

    /// Channels its file has.
    pub(crate) fn channels(&self) -> u16 {
        match self.sides {
            RecordSides::Read | RecordSides::Write | RecordSides::Both => 1,
            RecordSides::Stereo => 2,
        }
    }

    /// Hands it its file. `false`: the rate or the channels cannot be served.
    pub(crate) fn open(&mut self, sink: Box<dyn FrameSink>) -> bool {
        self.sink_rate_hz = sink.rate_hz();
        let fits =
            sink.channels() == self.channels() && sink.rate_hz() <= crate::frame::MAX_RATE_HZ;
        self.sink = Some(sink);
        self.adapt(self.rate_hz) && fits
    }

    pub(crate) fn is_opening(&self) -> bool {
        self.sink.is_none()
    }

    /// The leg changed its rate.
    pub(crate) fn adapt(&mut self, rate_hz: u32) -> bool {
        self.rate_hz = rate_hz;
        self.converters = [
            converter(rate_hz, self.sink_rate_hz),
            converter(rate_hz, self.sink_rate_hz),
        ];
        rate_hz == self.sink_rate_hz || self.converters[0].is_some()
    }

    /// Takes 20 ms of what a leg said and heard; says when the recording has ended.
    pub(crate) fn take(
        &mut self,
        read: &Frame,
        write: &Frame,
        scratch: &mut Scratch,
        out: &mut Output,
    ) -> Option<RecordEnd> {
        self.sink.as_ref()?;
        if !std::mem::replace(&mut self.started, true) {
            out.report(MediaReport::RecordStarted { record: self.id });
        }
        if self.paused {
            return None;
        }
        let (read, write) = (read.samples(), write.samples());
        let length = samples_per_tick(self.rate_hz)
            .min(read.len())
            .min(write.len());
        let first = &mut scratch.first[..length];
        match self.sides {
            RecordSides::Read | RecordSides::Stereo => first.copy_from_slice(&read[..length]),
            RecordSides::Write => first.copy_from_slice(&write[..length]),
            RecordSides::Both => {
                for (sum, (a, b)) in first.iter_mut().zip(read.iter().zip(write)) {
                    *sum = a.saturating_add(*b);
                }
            }
        }
        let energy = match self.sides {
            RecordSides::Stereo => {
                level::mean_absolute(first).max(level::mean_absolute(&write[..length]))
            }
            RecordSides::Read | RecordSides::Write | RecordSides::Both => {
                level::mean_absolute(first)
            }
        };
        if self.masked {
            first.fill(0);
        }
        let made = if self.channels() == 2 {
            self.stereo(&write[..length], length, scratch)
        } else {
            convert(&mut self.converters[0], length, scratch)
        };
        self.store(made, scratch);
        self.recorded_ms += u64::from(TICK_MS);
        if self.broken {
            return Some(RecordEnd::Failed);
        }
        self.judge(energy)
    }

    /// Takes 20 ms of a mix.
    pub(crate) fn take_mix(
        &mut self,
        mix: &Frame,
        scratch: &mut Scratch,
        out: &mut Output,
    ) -> Option<RecordEnd> {
        self.take(mix, mix, scratch, out)
    }

    fn stereo(&mut self, write: &[i16], length: usize, scratch: &mut Scratch) -> usize {
        let made = convert(&mut self.converters[0], length, scratch);
        let mut left = [0; MAX_FRAME_SAMPLES];
        left[..made].copy_from_slice(&scratch.second[..made]);
        scratch.first[..length].copy_from_slice(write);
        if self.masked {
            scratch.first[..length].fill(0);
        }
        let made = convert(&mut self.converters[1], length, scratch).min(made);
        let pairs = left[..made].iter().zip(&scratch.second[..made]);
        for (pair, (left, right)) in scratch.interleaved.chunks_exact_mut(2).zip(pairs) {
            pair.copy_from_slice(&[*left, *right]);
        }
        made
    }

    fn store(&mut self, made: usize, scratch: &Scratch) {
        let Some(sink) = &mut self.sink else { return };
        let drained = if self.sides == RecordSides::Stereo {
            sink.write(&scratch.interleaved[..made * 2])
        } else {
            sink.write(&scratch.second[..made])
        };
        self.samples += made as u64;
        match drained {
            Drain::Taken => {}
            Drain::Dropped(samples) => self.dropped += samples as u64,
            Drain::Failed => self.broken = true,
        }
    }

    fn judge(&mut self, energy: u16) -> Option<RecordEnd> {
        if self
            .limit_ms
            .is_some_and(|limit_ms| self.recorded_ms >= limit_ms)
        {
            return Some(RecordEnd::Limit);
        }
        let silence = self.silence?;
        if energy >= silence.threshold {
            self.heard = true;
            self.quiet_ms = 0;
            return None;
        }
        self.quiet_ms += TICK_MS;
        (self.quiet_ms >= silence.after_ms).then_some(RecordEnd::Silence)
    }

    /// Ends it: the file is completed first, then its end is reported.
    pub(crate) fn finish(self, end: RecordEnd, leg: Option<LegId>, out: &mut Output) {
        let length = RecordLength {
            samples: self.samples,
            rate_hz: self.sink_rate_hz,
        };
        let finishing = Finishing {
            record: self.id,
            leg,
            end,
            length,
            heard: self.heard,
            dropped: self.dropped,
        };
        match self.sink {
            Some(sink) => {
                out.requests.push(Request::CloseSink {
                    record: self.id,
                    sink,
                });
                out.finishing.push(finishing);
            }
            None => out.report(finishing.report(Some(0))),
        }
    }
}

impl Finishing {
    /// The last word on a recording, once its file is complete.
    /// Its size in bytes; `None` when it is damaged.
    pub(crate) fn report(&self, file_bytes: Option<u64>) -> MediaReport {
        MediaReport::RecordDone {
            record: self.record,
            end: file_bytes.map_or(RecordEnd::Failed, |_| self.end),
            length: self.length,
            heard: self.heard,
            dropped: self.dropped,
            file_bytes: file_bytes.unwrap_or(0),
        }
    }
}

/// Converts `scratch.first[..length]` into `scratch.second`; returns the samples there.
fn convert(converter: &mut Option<Resampler>, length: usize, scratch: &mut Scratch) -> usize {
    match converter {
        Some(converter) => converter.process(&scratch.first[..length], &mut scratch.second),
        None => {
            scratch.second[..length].copy_from_slice(&scratch.first[..length]);
            length
        }
    }
}
