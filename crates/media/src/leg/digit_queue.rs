//! Digits on their way to a peer, one at a time: as events, as tones, or handed to the other half of
//! a pair.

use std::collections::VecDeque;

use super::rtp_side::RtpSide;
use crate::control::{Digit, DtmfStep, LegId, MediaCommand};
use crate::dsp::Oscillator;
use crate::dsp::oscillator::amplitude;
use crate::frame::{Frame, TICK_MS};
use crate::output::Output;
use crate::rtp::telephone_event::EventSender;

/// Shortest and longest digit; Q.24 asks receivers to take 40 ms.
const SHORTEST_MS: u16 = 40;
const LONGEST_MS: u16 = 8000;
/// Shortest gap, so that two equal digits stay two.
const SHORTEST_GAP_MS: u16 = 40;
/// Level of each of the two tones, dBFS.
const TONE_DBFS: f32 = -9.0;

/// What waits and what is being sent.
#[derive(Default)]
pub(crate) struct DigitQueue {
    waiting: VecDeque<(DtmfStep, u16)>,
    current: Current,
}

#[derive(Default)]
enum Current {
    #[default]
    Nothing,
    /// Silence, this much longer.
    Pause { left_ms: u32 },
    Event {
        event: EventSender,
        duration_ms: u16,
        gap_ms: u16,
    },
    Tones {
        digit: Digit,
        low: Oscillator,
        high: Oscillator,
        left_ms: u32,
        duration_ms: u16,
        gap_ms: u16,
    },
    Hand {
        digit: Digit,
        left_ms: u32,
        duration_ms: u16,
        gap_ms: u16,
    },
}

/// A digit that was sent completely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spoken {
    pub(crate) digit: Digit,
    pub(crate) duration_ms: u16,
}

impl DigitQueue {
    pub(crate) fn push(&mut self, step: DtmfStep, gap_ms: u16) {
        // Room is made when the first digit is queued, which is not in a tick except for digits
        // passed on: those find the room a bridge reserved.
        self.reserve();
        if self.waiting.len() < MediaCommand::MAX_DTMF_QUEUE {
            let step = match step {
                DtmfStep::Digit { digit, duration_ms } => {
                    let duration_ms = duration_ms.clamp(SHORTEST_MS, LONGEST_MS);
                    DtmfStep::Digit { digit, duration_ms }
                }
                DtmfStep::Pause { pause_ms } => DtmfStep::Pause { pause_ms },
            };
            self.waiting.push_back((step, gap_ms.max(SHORTEST_GAP_MS)));
        }
    }

    /// Makes all the room it may ever need.
    pub(crate) fn reserve(&mut self) {
        if self.waiting.capacity() == 0 {
            self.waiting.reserve_exact(MediaCommand::MAX_DTMF_QUEUE);
        }
    }

    /// Forgets what waits; the current digit ends properly.
    pub(crate) fn flush(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && matches!(self.current, Current::Nothing)
    }

    /// One tick of sending as events. Audio is held back while an event lasts.
    pub(crate) fn as_events(
        &mut self,
        now_us: u64,
        leg: LegId,
        side: &mut RtpSide,
        active: &mut bool,
        out: &mut Output,
    ) -> Option<Spoken> {
        if let Some((digit, duration_ms, gap_ms)) = self.next_digit() {
            let per_ms = side.event_rate_hz() / 1000;
            let timestamp = side.begin_event(now_us);
            let total = u32::from(duration_ms) * per_ms;
            let event = EventSender::new(digit, timestamp, total, TICK_MS * per_ms);
            self.current = Current::Event {
                event,
                duration_ms,
                gap_ms,
            };
        }
        match &mut self.current {
            Current::Event {
                event,
                duration_ms,
                gap_ms,
            } => {
                side.send_event(now_us, leg, event, out);
                *active = false;
                if !event.is_done() {
                    return None;
                }
                let spoken = Spoken {
                    digit: event.digit(),
                    duration_ms: *duration_ms,
                };
                let gap_ms = *gap_ms;
                self.pause(gap_ms);
                Some(spoken)
            }
            Current::Nothing
            | Current::Pause { .. }
            | Current::Tones { .. }
            | Current::Hand { .. } => self.step_other(),
        }
    }

    /// One tick of sending as tones in place of the sound.
    pub(crate) fn as_tones(&mut self, said: &mut Frame, active: &mut bool) -> Option<Spoken> {
        let rate_hz = said.rate_hz();
        if let Some((digit, duration_ms, gap_ms)) = self.next_digit() {
            let Some((low, high)) = digit.frequencies() else {
                // A hook flash makes no sound.
                self.pause(gap_ms);
                return Some(Spoken { digit, duration_ms });
            };
            self.current = Current::Tones {
                digit,
                low: Oscillator::new(rate_hz, f64::from(low), amplitude(TONE_DBFS)),
                high: Oscillator::new(rate_hz, f64::from(high), amplitude(TONE_DBFS)),
                left_ms: u32::from(duration_ms),
                duration_ms,
                gap_ms,
            };
        }
        match &mut self.current {
            Current::Tones {
                digit,
                low,
                high,
                left_ms,
                duration_ms,
                gap_ms,
            } => {
                let sounding = (rate_hz / 1000 * (*left_ms).min(TICK_MS)) as usize;
                for (n, sample) in said.samples_mut().iter_mut().enumerate() {
                    let tone = low.sample() + high.sample();
                    *sample = if n < sounding { tone.round() as i16 } else { 0 };
                }
                *active = true;
                *left_ms = left_ms.saturating_sub(TICK_MS);
                if *left_ms > 0 {
                    return None;
                }
                let spoken = Spoken {
                    digit: *digit,
                    duration_ms: *duration_ms,
                };
                let gap_ms = *gap_ms;
                self.pause(gap_ms);
                Some(spoken)
            }
            Current::Pause { .. } => {
                // The gap is silent, or a listener behind us could take two digits for one.
                said.clear();
                *active = true;
                self.step_other()
            }
            Current::Nothing | Current::Event { .. } | Current::Hand { .. } => self.step_other(),
        }
    }

    /// One tick of handing digits to the other half of a pair, as long as they would have lasted.
    pub(crate) fn by_hand(&mut self) -> Option<Spoken> {
        if let Some((digit, duration_ms, gap_ms)) = self.next_digit() {
            let left_ms = u32::from(duration_ms);
            self.current = Current::Hand {
                digit,
                left_ms,
                duration_ms,
                gap_ms,
            };
        }
        self.step_other()
    }

    /// The next digit, when nothing is being sent.
    fn next_digit(&mut self) -> Option<(Digit, u16, u16)> {
        if !matches!(self.current, Current::Nothing) {
            return None;
        }
        match self.waiting.pop_front()? {
            (DtmfStep::Digit { digit, duration_ms }, gap_ms) => Some((digit, duration_ms, gap_ms)),
            (DtmfStep::Pause { pause_ms }, _) => {
                self.pause(pause_ms);
                None
            }
        }
    }

    fn pause(&mut self, gap_ms: u16) {
        self.current = Current::Pause {
            left_ms: u32::from(gap_ms),
        };
    }

    /// Lets time pass for what makes no packets and no sound of its own. Also ends what belongs to
    /// another way of sending, after the leg changed it.
    fn step_other(&mut self) -> Option<Spoken> {
        match &mut self.current {
            Current::Nothing => None,
            Current::Pause { left_ms } => {
                *left_ms = left_ms.saturating_sub(TICK_MS);
                if *left_ms == 0 {
                    self.current = Current::Nothing;
                }
                None
            }
            Current::Event {
                event,
                duration_ms,
                gap_ms,
            } => {
                let spoken = Spoken {
                    digit: event.digit(),
                    duration_ms: *duration_ms,
                };
                let gap_ms = *gap_ms;
                self.pause(gap_ms);
                Some(spoken)
            }
            Current::Tones {
                digit,
                left_ms,
                duration_ms,
                gap_ms,
                ..
            }
            | Current::Hand {
                digit,
                left_ms,
                duration_ms,
                gap_ms,
            } => {
                *left_ms = left_ms.saturating_sub(TICK_MS);
                if *left_ms > 0 {
                    return None;
                }
                let spoken = Spoken {
                    digit: *digit,
                    duration_ms: *duration_ms,
                };
                let gap_ms = *gap_ms;
                self.pause(gap_ms);
                Some(spoken)
            }
        }
    }
}
