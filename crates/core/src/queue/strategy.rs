//! Whom to ask next for a caller.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::view::{QueueSettings, Strategy};
use rand::Rng;

use super::Queues;
use super::agent::Desk;
use super::line::{Caller, Line, Place};
use crate::Switch;

/// Where an agent stands in a queue: level, position, name.
pub(super) type Rank = (u32, u32, Arc<str>);

impl Switch {
    /// The agents to be called now for the caller at `index` of the line; none when they have to wait.
    pub(super) fn choose(&mut self, queue: &Arc<str>, index: usize) -> Vec<Arc<str>> {
        let now = self.now.mono;
        let Queues { lines, desks, .. } = &self.queues;
        let Some(line) = lines.get(queue) else {
            return Vec::new();
        };
        let Some(caller) = line.waiting.get(index) else {
            return Vec::new();
        };
        let settings = line.settings().clone();
        let strategy = settings.strategy;
        let asking = !caller.offers.is_empty();
        match strategy {
            Strategy::RingAll => {}
            Strategy::RingProgressively => {
                let delay = Duration::from_secs(settings.ring_progressively_delay_s.into());
                let due = caller.asked_at.is_none_or(|asked| asked + delay <= now);
                if asking && !due {
                    return Vec::new();
                }
            }
            Strategy::LongestIdle
            | Strategy::RoundRobin
            | Strategy::TopDown
            | Strategy::LeastTalkTime
            | Strategy::FewestCalls
            | Strategy::Sequentially
            | Strategy::Random => {
                if asking {
                    return Vec::new();
                }
            }
        }
        let highest = highest_level(line, caller, &settings, now);
        let mut free: Vec<(&Place, &Desk)> = line
            .places()
            .iter()
            .filter(|place| place.seen.logged_in && !place.seen.paused)
            .filter(|place| place.seen.level <= highest)
            .filter_map(|place| Some((place, desks.get(&place.seen.agent)?)))
            .filter(|(_, desk)| desk.is_free(now, settings.skip_agents_with_external_calls))
            .collect();
        let name = |(place, _): &(&Place, &Desk)| place.seen.agent.clone();
        // Places stand in order; what sorts by level and something else keeps the order of equals.
        match strategy {
            Strategy::RingAll => return free.iter().map(name).collect(),
            Strategy::Sequentially => {}
            Strategy::LongestIdle => free.sort_by_key(|(place, desk)| {
                (place.seen.level, desk.seen.statistics.last_bridge_end)
            }),
            Strategy::LeastTalkTime => {
                free.sort_by_key(|(place, desk)| {
                    (place.seen.level, desk.seen.statistics.talk_time_s)
                });
            }
            Strategy::FewestCalls => free.sort_by_key(|(place, desk)| {
                (place.seen.level, desk.seen.statistics.calls_answered)
            }),
            Strategy::RoundRobin => {
                only_lowest_level(&mut free);
                after(&mut free, line.last_asked.as_ref());
            }
            Strategy::TopDown | Strategy::RingProgressively => {
                after(&mut free, caller.last_asked.as_ref());
            }
            Strategy::Random => {
                only_lowest_level(&mut free);
                if !free.is_empty() {
                    let at = self.rng.random_range(0..free.len());
                    free.swap(0, at);
                }
            }
        }
        free.first().map(name).into_iter().collect()
    }
}

fn only_lowest_level(free: &mut Vec<(&Place, &Desk)>) {
    let level = free.first().map(|(place, _)| place.seen.level);
    free.retain(|(place, _)| Some(place.seen.level) == level);
}

/// Moves those up to and including `last` behind the others, so that the first is the next one.
fn after(free: &mut [(&Place, &Desk)], last: Option<&Rank>) {
    if let Some(last) = last {
        let first = free.partition_point(|(place, _)| place.rank() <= *last);
        free.rotate_left(first % free.len().max(1));
    }
}

/// The highest level that is asked for a caller who has waited as long as this one (`tier-rule…`).
fn highest_level(line: &Line, caller: &Caller, settings: &QueueSettings, now: Instant) -> u32 {
    let rules = settings.tier_rules;
    if !rules.apply {
        return u32::MAX;
    }
    let mut levels: Vec<u32> = line
        .places()
        .iter()
        .filter(|place| !rules.no_agent_no_wait || place.seen.logged_in)
        .map(|place| place.seen.level)
        .collect();
    levels.sort_unstable();
    levels.dedup();
    let waited = now.saturating_duration_since(caller.since).as_secs();
    let wait = u64::from(rules.wait_s);
    let reached = if rules.multiply_level {
        match waited.checked_div(wait) {
            Some(levels) => usize::try_from(levels).unwrap_or(usize::MAX),
            None => usize::MAX,
        }
    } else if waited >= wait {
        usize::MAX
    } else {
        0
    };
    let last = levels.len().saturating_sub(1);
    levels.get(reached.min(last)).copied().unwrap_or(0)
}
