//! What the switch asks of its doors: console lines to be run, programs to be dialled.

use std::sync::Arc;

use api::bus::{Ended, Families, Interest, QueueLimits, Subscription};
use api::event::Family;
use api::{Event, EventId, Switch};

/// The switch's wishes in order. None gets lost because many came at once: what a full queue missed is still in the
/// replay ring.
pub(crate) struct SystemEvents {
    switch: Switch,
    events: Subscription,
    /// It fell behind, and has not gone on yet: behind which event it does.
    behind: Option<Option<EventId>>,
}

impl SystemEvents {
    /// Starts to listen; `None` when the switch has stopped.
    pub(crate) async fn observe(switch: Switch) -> Option<Self> {
        let events = observe(&switch).await?;
        Some(Self {
            switch,
            events,
            behind: None,
        })
    }

    /// The next one; `None` when the switch has stopped. Cancel-safe: what was broken off while it went on after an
    /// overrun is done again.
    pub(crate) async fn next(&mut self) -> Option<Arc<Event>> {
        loop {
            if let Some(last) = self.behind {
                self.events = self.go_on(last).await?;
                self.behind = None;
            }
            match self.events.next().await {
                Ok(event) => return Some(event),
                Err(Ended::Stopped) => return None,
                Err(Ended::Overrun(overrun)) => self.behind = Some(overrun.last),
            }
        }
    }

    async fn go_on(&self, last: Option<EventId>) -> Option<Subscription> {
        tracing::warn!("The door fell behind the switch");
        if let Some(last) = last {
            let resumed = self.switch.resume(last, interest(), QueueLimits::default());
            if let Ok(events) = resumed.await {
                return Some(events);
            }
            tracing::error!("Wishes of the switch were lost");
        }
        observe(&self.switch).await
    }
}

async fn observe(switch: &Switch) -> Option<Subscription> {
    let observing = switch.observe(interest(), QueueLimits::default());
    observing.await.ok().map(|(_, events)| events)
}

fn interest() -> Interest {
    Interest::families(Families::NONE.with(Family::System))
}
