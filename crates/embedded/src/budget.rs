//! The time one step of the switch may take, measured from the first day.

use std::time::{Duration, Instant};

use metrics::{Counter, Histogram, counter, histogram};

/// What one input may cost. The switch is one writer: whatever takes longer delays every call.
pub(crate) const STEP_BUDGET: Duration = Duration::from_micros(200);

/// Time between two complaints.
const QUIET: Duration = Duration::from_secs(10);

/// Measures steps, counts those over the budget, and complains now and then.
pub(crate) struct Budget {
    steps: Histogram,
    over: Counter,
    unreported: u64,
    worst: (Duration, &'static str),
    complained: Option<Instant>,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self {
            steps: histogram!("jackfield_switch_step_seconds"),
            over: counter!("jackfield_switch_steps_over_budget_total"),
            unreported: 0,
            worst: (Duration::ZERO, ""),
            complained: None,
        }
    }

    /// Notes one step.
    pub(crate) fn note(&mut self, step: &'static str, began: Instant, ended: Instant) {
        let took = ended.saturating_duration_since(began);
        self.steps.record(took.as_secs_f64());
        if took <= STEP_BUDGET {
            return;
        }
        self.over.increment(1);
        self.unreported += 1;
        if took > self.worst.0 {
            self.worst = (took, step);
        }
        if self.complained.is_some_and(|last| ended < last + QUIET) {
            return;
        }
        tracing::warn!(
            steps = self.unreported,
            worst_step = self.worst.1,
            worst_us = self.worst.0.as_micros(),
            "Steps of the switch took longer than their budget"
        );
        self.complained = Some(ended);
        self.unreported = 0;
        self.worst = (Duration::ZERO, "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_rare_and_name_the_worst() {
        let mut budget = Budget::new();
        let start = Instant::now();
        let us = Duration::from_micros;
        budget.note("quick", start, start + us(10));
        assert_eq!((budget.complained, budget.unreported), (None, 0));
        budget.note("slow", start, start + us(300));
        assert_eq!(budget.complained, Some(start + us(300)));
        budget.note("slower", start, start + us(900));
        budget.note("slow", start, start + us(400));
        assert_eq!((budget.unreported, budget.worst), (2, (us(900), "slower")));
        let later = start + QUIET + us(1_000);
        budget.note("slow", later, later + us(201));
        assert_eq!(
            (budget.unreported, budget.complained),
            (0, Some(later + us(201)))
        );
    }
}
