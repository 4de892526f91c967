//! What one viewer gets of somebody's video: whether, which layer, and from which picture on.

use std::time::{Duration, Instant};

use super::layers::Rates;

/// How often a whole picture is asked for again while none comes: requests get lost like anything else.
const AGAIN: Duration = Duration::from_secs(1);
/// Time after a change to less before more is tried again, unless the switch allows more.
const PATIENCE: Duration = Duration::from_secs(5);

/// One viewer.
#[derive(Debug)]
pub(crate) struct Viewing {
    flows: bool,
    /// The layer that goes out; `None` until a whole picture comes.
    present: Option<u8>,
    /// The layer that is to go out.
    wanted: u8,
    asked: Option<Instant>,
    /// What the switch allows, bits per second.
    limit: Option<u64>,
    /// What the way to the browser carries, as far as known.
    estimate: Option<u64>,
    rates: Rates,
    not_up_before: Option<Instant>,
}

/// What is to be done with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes out.
    Send,
    /// It goes out, and begins something new.
    Begin,
    /// It does not go out.
    Hold,
    /// It does not go out, and a whole picture is to be asked for.
    HoldAndAsk,
}

impl Viewing {
    /// One that gets whatever is sent, from now on. `estimate`: what its line is thought to carry, if that matters.
    pub(crate) fn everything(estimate: Option<u64>) -> Self {
        Self {
            flows: true,
            present: Some(0),
            wanted: 0,
            asked: None,
            limit: None,
            estimate,
            rates: Rates::default(),
            not_up_before: None,
        }
    }

    /// Begins anew: nothing goes out until a whole picture comes.
    pub(crate) fn begin_anew(&mut self) {
        self.present = None;
        self.asked = None;
    }

    /// Begins anew with somebody else's video, or with other layers: of what was before, only what the line carries and
    /// the switch allows is still true.
    pub(super) fn watch_another(&mut self) {
        self.begin_anew();
        self.wanted = 0;
        self.rates = Rates::default();
        self.not_up_before = None;
    }

    /// Judges a packet of a layer.
    pub(crate) fn judge(
        &mut self,
        now: Instant,
        layer: u8,
        begins_keyframe: impl FnOnce() -> bool,
    ) -> Verdict {
        if !self.flows {
            return Verdict::Hold;
        }
        if self.present == Some(layer) && self.wanted == layer {
            return Verdict::Send;
        }
        if layer == self.wanted {
            if begins_keyframe() {
                self.present = Some(layer);
                return Verdict::Begin;
            }
            return if self.asks_again(now) {
                Verdict::HoldAndAsk
            } else {
                Verdict::Hold
            };
        }
        match self.present {
            Some(present) if present == layer => Verdict::Send,
            Some(_) | None => Verdict::Hold,
        }
    }

    fn asks_again(&mut self, now: Instant) -> bool {
        let again = self
            .asked
            .is_none_or(|asked| now.saturating_duration_since(asked) >= AGAIN);
        if again {
            self.asked = Some(now);
        }
        again
    }

    /// Pauses or resumes. `true`: it resumes, and a whole picture is needed.
    pub(super) fn set_flow(&mut self, now: Instant, flows: bool) -> bool {
        let resumes = flows && !self.flows;
        self.flows = flows;
        if resumes {
            self.begin_anew();
            self.asked = Some(now);
        }
        resumes
    }

    pub(super) fn flows(&self) -> bool {
        self.flows
    }

    /// The layer of which a whole picture is of use.
    pub(super) fn wanted(&self) -> u8 {
        self.wanted
    }

    /// The switch allows so much. `true`: another layer is wanted now.
    pub(super) fn limit(&mut self, now: Instant, bits_per_second: u64) -> bool {
        self.limit = Some(bits_per_second);
        self.not_up_before = None;
        self.choose(now)
    }

    /// The way to the browser carries so much. `true`: another layer is wanted now.
    pub(super) fn estimate(&mut self, now: Instant, bits_per_second: u64) -> bool {
        self.estimate = Some(bits_per_second);
        self.choose(now)
    }

    /// What the sender's layers take. `true`: another layer is wanted now.
    pub(super) fn measured(&mut self, now: Instant, rates: &Rates) -> bool {
        self.rates = *rates;
        self.choose(now)
    }

    fn choose(&mut self, now: Instant) -> bool {
        let budget = match (self.limit, self.estimate) {
            (Some(limit), Some(estimate)) => Some(limit.min(estimate)),
            (limit, estimate) => limit.or(estimate),
        };
        let best = self.rates.best(self.wanted, budget);
        if best == self.wanted {
            return false;
        }
        let rate = |layer: u8| self.rates.layers.get(usize::from(layer)).copied();
        if rate(best) > rate(self.wanted) {
            // Up from a layer that ended is no luxury.
            let patient = self.not_up_before.is_some_and(|until| now < until);
            if patient && rate(self.wanted) > Some(0) {
                return false;
            }
        } else {
            self.not_up_before = Some(now + PATIENCE);
        }
        self.wanted = best;
        self.asked = Some(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates {
        audio: 0,
        layers: [100_000, 400_000, 0, 0],
    };

    fn whole() -> bool {
        true
    }

    fn part() -> bool {
        false
    }

    #[test]
    fn after_a_pause_it_goes_on_from_a_whole_picture() {
        let now = Instant::now();
        let mut viewing = Viewing::everything(None);
        assert_eq!(viewing.judge(now, 0, part), Verdict::Send);
        assert!(!viewing.set_flow(now, false));
        assert_eq!(viewing.judge(now, 0, whole), Verdict::Hold);
        assert!(viewing.set_flow(now, true));
        assert!(!viewing.set_flow(now, true));
        assert_eq!(viewing.judge(now, 0, part), Verdict::Hold);
        // The request, or its answer, got lost.
        let later = now + AGAIN;
        assert_eq!(viewing.judge(later, 0, part), Verdict::HoldAndAsk);
        assert_eq!(viewing.judge(later, 0, part), Verdict::Hold);
        assert_eq!(viewing.judge(later, 0, whole), Verdict::Begin);
        assert_eq!(viewing.judge(later, 0, part), Verdict::Send);
    }

    #[test]
    fn another_layer_takes_over_with_its_first_whole_picture_and_not_before() {
        let now = Instant::now();
        let mut viewing = Viewing::everything(None);
        assert!(viewing.measured(now, &RATES));
        assert_eq!(viewing.wanted(), 1);
        assert_eq!(viewing.judge(now, 0, part), Verdict::Send);
        assert_eq!(viewing.judge(now, 1, part), Verdict::Hold);
        assert_eq!(viewing.judge(now, 1, whole), Verdict::Begin);
        assert_eq!(viewing.judge(now, 0, whole), Verdict::Hold);
        assert_eq!(viewing.judge(now, 1, part), Verdict::Send);
    }

    #[test]
    fn a_source_without_layers_is_seen_after_one_with_layers() {
        let now = Instant::now();
        let mut viewing = Viewing::everything(None);
        assert!(viewing.measured(now, &RATES));
        assert_eq!(viewing.judge(now, 1, whole), Verdict::Begin);
        assert!(viewing.limit(now, 150_000) && viewing.limit(now, 500_000));
        viewing.watch_another();
        assert_eq!(viewing.judge(now, 0, part), Verdict::HoldAndAsk);
        assert_eq!(viewing.judge(now, 0, whole), Verdict::Begin);
        assert_eq!(viewing.judge(now, 0, part), Verdict::Send);
        // One with layers again: the limit still counts.
        viewing.watch_another();
        let small = Rates {
            audio: 0,
            layers: [900_000, 100_000, 0, 0],
        };
        assert!(viewing.measured(now, &small));
        assert_eq!(viewing.wanted(), 1);
    }

    #[test]
    fn less_is_taken_at_once_and_more_after_a_while_or_when_it_is_allowed() {
        let now = Instant::now();
        let mut viewing = Viewing::everything(None);
        assert!(viewing.measured(now, &RATES));
        assert!(viewing.estimate(now, 200_000));
        assert_eq!(viewing.wanted(), 0);
        assert!(!viewing.estimate(now, 900_000));
        assert!(!viewing.measured(now + PATIENCE / 2, &RATES));
        assert!(viewing.measured(now + PATIENCE, &RATES));
        assert_eq!(viewing.wanted(), 1);
        assert!(viewing.limit(now, 150_000));
        assert!(viewing.limit(now, 1_000_000));
        assert_eq!(viewing.wanted(), 1);
    }
}
