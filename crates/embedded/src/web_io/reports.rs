//! The lane of reports to the switch: bounded, lossless, never waiting.

use std::collections::VecDeque;
use std::sync::Arc;

use media::control::WebReport;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::WebCounters;

/// The thread's end. What does not fit is kept here, in order; it is bounded by what happens to the peers there are: a
/// few reports each, and one for each command.
pub(super) struct ReportLane {
    sender: mpsc::Sender<WebReport>,
    kept: VecDeque<WebReport>,
    counters: Arc<WebCounters>,
}

impl ReportLane {
    pub(super) fn new(sender: mpsc::Sender<WebReport>, counters: Arc<WebCounters>) -> Self {
        Self {
            sender,
            kept: VecDeque::new(),
            counters,
        }
    }

    pub(super) fn send(&mut self, report: WebReport) {
        self.kept.push_back(report);
        self.flush();
    }

    /// Sends what was kept; says whether something still is.
    pub(super) fn flush(&mut self) -> bool {
        while let Some(report) = self.kept.pop_front() {
            match self.sender.try_send(report) {
                Ok(()) => {}
                Err(TrySendError::Full(report)) => {
                    self.kept.push_front(report);
                    break;
                }
                // The switch is gone; the thread is about to be told.
                Err(TrySendError::Closed(_)) => self.kept.clear(),
            }
        }
        self.counters.reports_waiting.set(self.kept.len() as u64);
        !self.kept.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::control::PeerId;

    #[test]
    fn a_slow_switch_misses_no_report() {
        let counters = Arc::new(WebCounters::default());
        let (sender, mut receiver) = mpsc::channel(4);
        let mut lane = ReportLane::new(sender, counters.clone());
        let report = |n| WebReport::Connected { peer: PeerId(n) };
        for n in 0..20 {
            lane.send(report(n));
        }
        assert_eq!(counters.reports_waiting.get(), 16);
        for n in 0..20 {
            assert_eq!(receiver.try_recv().unwrap(), report(n));
            lane.flush();
        }
        assert!(!lane.flush());
    }
}
