//! What is due in a queue as time passes.

use std::sync::Arc;
use std::time::Duration;

use api::event::{EndOfStay, LeaveReason};

use super::line::Caller;
use crate::Switch;

impl Switch {
    /// Once per second: who waits too long, what is to be said, and who may be asked now.
    pub(crate) fn queues_second(&mut self) {
        let names: Vec<Arc<str>> = self.queues.lines.keys().cloned().collect();
        for name in names {
            self.queue_second(&name);
        }
    }

    fn queue_second(&mut self, name: &Arc<str>) {
        let now = self.now;
        let Some(line) = self.queues.lines.get_mut(name) else {
            return;
        };
        if line.places().iter().any(|place| place.seen.logged_in) {
            line.last_agent = now.mono;
        }
        let forgot = line.discard_abandoned(now.wall);
        let settings = line.settings().clone();
        let nobody = now.mono.saturating_duration_since(line.last_agent);
        let no_agent = settings.max_wait_no_agent_s > 0
            && nobody >= Duration::from_secs(settings.max_wait_no_agent_s.into());
        let late = |caller: &Caller| {
            let waited = now.mono.saturating_duration_since(caller.since).as_secs();
            if settings.max_wait_s > 0 && waited >= settings.max_wait_s.into() {
                Some(EndOfStay::TimedOut)
            } else if no_agent && waited >= settings.max_wait_no_agent_reached_s.into() {
                Some(EndOfStay::NoAgent)
            } else {
                None
            }
        };
        let waiting = line.waiting.iter();
        let late: Vec<_> = waiting
            .filter_map(|caller| Some((caller.seen.id, caller.seen.channel.clone(), late(caller)?)))
            .collect();
        if forgot {
            self.show_queue(name);
        }
        for (caller, channel, end) in late {
            self.leave_line(name, caller, LeaveReason::TimedOut, end);
            self.queue_app_over(&channel, settings.overflow.as_deref());
            self.run_work();
        }
        self.announce_in_line(name);
        if self
            .queues
            .lines
            .get(name)
            .is_some_and(|line| !line.waiting.is_empty())
        {
            self.stir(name);
        }
    }
}
