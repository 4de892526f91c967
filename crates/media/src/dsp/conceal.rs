//! Loss concealment: what is heard instead of a packet that did not come.

/// History kept, milliseconds: the longest pitch period twice, and the stretch it is compared over.
const HISTORY_MS: usize = 48;
/// Pitch between 66 and 400 Hz, as period in 1/8000 s.
const SHORTEST_PERIOD_AT_8K: usize = 20;
const LONGEST_PERIOD_AT_8K: usize = 120;
/// Stretch compared to find the period, in 1/8000 s (20 ms).
const COMPARED_AT_8K: usize = 160;
/// The invention keeps its level this long, then fades to nothing until `SILENT_AFTER_MS`.
const FULL_MS: usize = 10;
const SILENT_AFTER_MS: usize = 60;
/// Blend from the invention to what really came, milliseconds.
const BLEND_MS: usize = 5;

/// Repeats the last pitch period with a fade, and blends back into what comes next.
///
/// The period is found by normalised cross-correlation over the last 48 ms. No latency: good frames
/// pass unchanged except for the first 5 ms after a loss. Cost: nothing for good frames but a copy,
/// about 20 µs for the first lost one. Allocates when made, never when used.
#[derive(Clone, Debug)]
pub struct Concealer {
    /// The last samples heard, oldest first.
    history: Vec<i16>,
    per_8k: usize,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Good,
    /// Nothing but agreed silence is remembered.
    Silent,
    /// Inventing: `made` samples so far, repeating the last `period`.
    Inventing {
        period: usize,
        made: usize,
    },
}

impl Concealer {
    /// A concealer for a rate in hertz (at least 8000).
    #[must_use]
    pub fn new(rate_hz: u32) -> Self {
        let per_8k = (rate_hz as usize / 8000).max(1);
        Self {
            history: vec![0; HISTORY_MS * 8 * per_8k],
            per_8k,
            state: State::Silent,
        }
    }

    /// Takes a stretch that really came; its first milliseconds are blended after a loss.
    pub fn good(&mut self, samples: &mut [i16]) {
        if let State::Inventing { period, made } = self.state {
            let blend = samples.len().min(BLEND_MS * 8 * self.per_8k);
            for (n, sample) in samples[..blend].iter_mut().enumerate() {
                let invented = self.invent(period, made + n);
                let share = (n + 1) as f32 / (blend + 1) as f32;
                let mixed = f32::from(*sample) * share + invented * (1.0 - share);
                *sample = mixed.round() as i16;
            }
        }
        self.state = State::Good;
        self.remember(samples);
    }

    /// Invents a stretch.
    pub fn lost(&mut self, out: &mut [i16]) {
        let (period, made) = match self.state {
            State::Good | State::Silent => (self.find_period(), 0),
            State::Inventing { period, made } => (period, made),
        };
        for (n, sample) in out.iter_mut().enumerate() {
            *sample = self.invent(period, made + n).round() as i16;
        }
        // The history stays as it was when the loss began: every repetition starts from it.
        self.state = State::Inventing {
            period,
            made: made.saturating_add(out.len()),
        };
    }

    /// Takes agreed silence (no packet was due): what was heard before it is not repeated after it.
    pub fn silence(&mut self, out: &mut [i16]) {
        out.fill(0);
        if !self.is_silent() {
            self.history.fill(0);
            self.state = State::Silent;
        }
    }

    /// Whether the last it was given is agreed silence: more of that changes nothing.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        matches!(self.state, State::Silent)
    }

    /// Whether what it invents has faded to nothing.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        match self.state {
            State::Good | State::Silent => false,
            State::Inventing { made, .. } => made >= SILENT_AFTER_MS * 8 * self.per_8k,
        }
    }

    fn invent(&self, period: usize, made: usize) -> f32 {
        let full = FULL_MS * 8 * self.per_8k;
        let silent = SILENT_AFTER_MS * 8 * self.per_8k;
        if made >= silent {
            return 0.0;
        }
        let at = self.history.len() - period + made % period;
        let level = if made < full {
            1.0
        } else {
            (silent - made) as f32 / (silent - full) as f32
        };
        f32::from(self.history[at]) * level
    }

    fn remember(&mut self, samples: &[i16]) {
        let length = self.history.len();
        if samples.len() >= length {
            self.history
                .copy_from_slice(&samples[samples.len() - length..]);
        } else {
            self.history.copy_within(samples.len().., 0);
            self.history[length - samples.len()..].copy_from_slice(samples);
        }
    }

    /// Period, in samples, at which the end of the history resembles what was before it. Searched on
    /// every `per_8k`-th sample first, then made exact.
    fn find_period(&self) -> usize {
        let step = self.per_8k;
        let coarse = (SHORTEST_PERIOD_AT_8K..=LONGEST_PERIOD_AT_8K)
            .map(|period| period * step)
            .max_by(|&a, &b| self.likeness(a, step).total_cmp(&self.likeness(b, step)))
            .unwrap_or(SHORTEST_PERIOD_AT_8K * step);
        if step == 1 {
            return coarse;
        }
        (coarse - step + 1..coarse + step)
            .max_by(|&a, &b| self.likeness(a, 1).total_cmp(&self.likeness(b, 1)))
            .unwrap_or(coarse)
    }

    /// Normalised correlation of the last 20 ms with the 20 ms one period earlier.
    fn likeness(&self, period: usize, step: usize) -> f32 {
        let compared = COMPARED_AT_8K * self.per_8k;
        let end = self.history.len();
        let recent = &self.history[end - compared..];
        let earlier = &self.history[end - compared - period..end - period];
        let (mut product, mut energy) = (0.0f32, 1.0f32);
        for (&a, &b) in recent
            .iter()
            .step_by(step)
            .zip(earlier.iter().step_by(step))
        {
            product += f32::from(a) * f32::from(b);
            energy += f32::from(b) * f32::from(b);
        }
        product / energy.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;

    #[test]
    fn a_tone_goes_on_through_one_lost_frame_without_a_click() {
        for rate in [8000u32, 16_000] {
            let frame = rate as usize / 50;
            let tone = level::sine(rate, 200.0, -10.0, frame * 12);
            let mut concealer = Concealer::new(rate);
            let mut heard = Vec::new();
            for (n, piece) in tone.chunks(frame).enumerate() {
                let mut piece = piece.to_vec();
                if n == 8 {
                    concealer.lost(&mut piece)
                } else {
                    concealer.good(&mut piece)
                }
                heard.extend(piece);
            }
            let step = |s: &[i16]| {
                s.windows(2)
                    .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs())
                    .max()
                    .unwrap()
            };
            assert!(
                step(&heard) < step(&tone) * 2,
                "{rate}: {} {}",
                step(&heard),
                step(&tone)
            );
            assert!((level::dbfs(&heard[frame * 8..frame * 9]) + 10.0).abs() < 2.5);
            assert!((level::dominant_hz(&heard, rate).unwrap() - 200.0).abs() < 2.0);
        }
    }

    #[test]
    fn what_was_heard_before_a_pause_does_not_come_back_after_it() {
        let mut concealer = Concealer::new(8000);
        concealer.good(&mut level::sine(8000, 300.0, -6.0, 800));
        assert!(!concealer.is_silent());
        let mut piece = [1; 40];
        concealer.silence(&mut piece);
        assert_eq!(piece, [0; 40]);
        assert!(concealer.is_silent());
        let mut piece = [1; 160];
        concealer.lost(&mut piece);
        assert_eq!(piece, [0; 160]);
        concealer.good(&mut level::sine(8000, 300.0, -6.0, 160));
        assert!(!concealer.is_silent());
    }

    #[test]
    fn a_long_loss_fades_to_silence() {
        let mut concealer = Concealer::new(8000);
        concealer.good(&mut level::sine(8000, 300.0, -6.0, 800));
        let mut levels = Vec::new();
        for _ in 0..5 {
            let mut piece = [0; 160];
            concealer.lost(&mut piece);
            levels.push(level::dbfs(&piece));
        }
        assert!(levels[0] > -8.0 && levels[1] < levels[0] - 1.0 && levels[2] < levels[1] - 3.0);
        assert_eq!(levels[3], f64::NEG_INFINITY);
        assert!(concealer.is_exhausted());
    }
}
