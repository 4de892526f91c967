//! A watch over one side of a leg: a tone, silence, sound.

use crate::control::{LegId, MediaReport, MuteSide, Wanted, Watch, WatchId};
use crate::dsp::ToneDetector;
use crate::frame::Frame;
use crate::level::mean_absolute;
use crate::output::Output;

/// A watch and how far it is.
pub(crate) struct Watching {
    pub(crate) id: WatchId,
    pub(crate) side: MuteSide,
    state: State,
}

enum State {
    Tone(ToneDetector),
    Energy {
        threshold: u16,
        /// Whether frames below the threshold are wanted.
        quiet: bool,
        /// Frames in a row still wanted.
        wanted: u32,
        seen: u32,
        /// Frames of the other kind that come first.
        before: u32,
    },
    /// What was looked for is found.
    Over,
}

impl Watching {
    pub(crate) fn new(watch: &Watch, rate_hz: u32) -> Self {
        let state = match &watch.wanted {
            Wanted::Tone { hz } => State::Tone(ToneDetector::new(hz, rate_hz)),
            &Wanted::Silence {
                threshold,
                frames,
                after_sound,
            } => State::Energy {
                threshold,
                quiet: true,
                wanted: frames,
                seen: 0,
                before: after_sound,
            },
            &Wanted::Sound { threshold, frames } => State::Energy {
                threshold,
                quiet: false,
                wanted: frames,
                seen: 0,
                before: 0,
            },
        };
        Self {
            id: watch.watch,
            side: watch.side,
            state,
        }
    }

    /// The leg changed its rate.
    pub(crate) fn adapt(&mut self, rate_hz: u32) {
        if let State::Tone(detector) = &mut self.state {
            *detector = detector.at_rate(rate_hz);
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Takes 20 ms of its side; silence when nothing came.
    pub(crate) fn take(&mut self, leg: LegId, frame: &Frame, out: &mut Output) {
        let watch = self.id;
        let found = match &mut self.state {
            State::Tone(detector) => {
                for _ in 0..detector.process(frame.samples()) {
                    out.report(MediaReport::Noticed { leg, watch });
                }
                false
            }
            State::Energy {
                threshold,
                quiet,
                wanted,
                seen,
                before,
            } => {
                let is_quiet = mean_absolute(frame.samples()) < *threshold;
                if is_quiet != *quiet {
                    *before = before.saturating_sub(1);
                    *seen = 0;
                } else if *before == 0 {
                    *seen += 1;
                }
                *before == 0 && *seen >= *wanted
            }
            State::Over => false,
        };
        if found {
            out.report(MediaReport::Noticed { leg, watch });
            self.state = State::Over;
        }
    }
}

/// Shows one side of a leg to those who watch it; those who have found what they looked for go.
pub(super) fn watch(
    watches: &mut Vec<Watching>,
    side: MuteSide,
    leg: LegId,
    frame: &Frame,
    out: &mut Output,
) {
    if watches.is_empty() {
        return;
    }
    for watching in watches.iter_mut().filter(|watching| watching.side == side) {
        watching.take(leg, frame, out);
    }
    watches.retain(|watching| !watching.is_over());
}
