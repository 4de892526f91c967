//! What is kept of channels beside the view, which has no such lists: who is being recorded, and which channels are at a
//! user's telephones. All of it is what events have told; it may be a moment behind the view, and never ahead of it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::ChannelId;
use api::bus::{Families, Interest, QueueLimits};
use api::event::{ChannelEvent, Event, EventKind, Family};
use api::view::{Channel, View};

use crate::events::number_of;
use crate::start::Shared;

/// See above. Locks are held for one look or note.
#[derive(Debug, Default)]
pub(crate) struct Following(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    recorded: HashSet<ChannelId>,
    /// By the directory user, as `1000`.
    calls: HashMap<Arc<str>, Vec<ChannelId>>,
}

impl Following {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a channel is being recorded.
    pub(crate) fn is_recorded(&self, channel: &ChannelId) -> bool {
        self.kept().recorded.contains(channel)
    }

    /// Channels at a user's telephones.
    pub(crate) fn calls_of(&self, user: &str) -> Vec<ChannelId> {
        self.kept().calls.get(user).cloned().unwrap_or_default()
    }

    /// Begins again with what there is; who is recorded is not to be seen there, so it stays.
    pub(crate) fn begin(&self, view: &View) {
        let mut kept = self.kept();
        kept.recorded.retain(|id| view.channels.contains_key(id));
        kept.calls.clear();
        for channel in view.channels.values() {
            kept.note(channel);
        }
    }

    fn hear(&self, event: &Event) {
        let (EventKind::Channel(what), Some(channel)) = (&event.kind, &event.channel) else {
            return;
        };
        let mut kept = self.kept();
        if matches!(what, ChannelEvent::RecordStarted { .. }) {
            kept.recorded.insert(channel.id.clone());
        } else if matches!(what, ChannelEvent::RecordStopped { .. }) {
            kept.recorded.remove(&channel.id);
        } else if matches!(what, ChannelEvent::Destroyed) {
            kept.forget(channel);
        } else if matches!(
            what,
            ChannelEvent::Created | ChannelEvent::CallStateChanged { .. }
        ) {
            kept.note(channel);
        }
    }
}

impl Kept {
    fn note(&mut self, channel: &Channel) {
        let Some(user) = number_of(channel) else {
            return;
        };
        let calls = match self.calls.get_mut(user) {
            Some(calls) => calls,
            None => self.calls.entry(user.into()).or_default(),
        };
        if !calls.contains(&channel.id) {
            calls.push(channel.id.clone());
        }
    }

    fn forget(&mut self, channel: &Channel) {
        self.recorded.remove(&channel.id);
        let Some(user) = number_of(channel) else {
            return;
        };
        if let Some(calls) = self.calls.get_mut(user) {
            calls.retain(|id| *id != channel.id);
            if calls.is_empty() {
                self.calls.remove(user);
            }
        }
    }
}

/// Follows the switch's events until the door closes or the switch stops.
pub(crate) async fn follow(shared: Arc<Shared>) {
    let interest = Interest::families(Families::NONE.with(Family::Channel));
    let told = shared.leaving().told;
    while let Ok((view, mut events)) = shared
        .switch
        .observe(interest.clone(), QueueLimits::default())
        .await
    {
        shared.following.begin(&view);
        loop {
            let event = tokio::select! {
                () = told.cancelled() => return,
                event = events.next() => event,
            };
            match event {
                Ok(event) => shared.following.hear(&event),
                // Who was too slow begins again.
                Err(_) => break,
            }
        }
        if !shared.switch.is_running() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Timestamp;
    use api::id::{EventId, NodeId, Seq};
    use api::view::Direction;

    fn channel(id: &str, user: &str) -> Channel {
        let id = ChannelId::from_text(id).unwrap();
        let mut channel = Channel::new(id, 1, "x", Direction::Outbound);
        channel.variables.set("presence_id", format!("{user}@d"));
        channel
    }

    fn event(what: ChannelEvent, channel: &Channel) -> Event {
        let id = EventId {
            node: NodeId(api::Uuid::nil()),
            seq: Seq(1),
        };
        let channel = Some(Arc::new(channel.clone()));
        Event::new(id, Timestamp(1), EventKind::Channel(what), channel, None)
    }

    #[test]
    fn channels_come_and_go() {
        let following = Following::default();
        let (one, two) = (channel("a", "1000"), channel("b", "1000"));
        following.hear(&event(ChannelEvent::Created, &one));
        following.hear(&event(ChannelEvent::Created, &two));
        following.hear(&event(ChannelEvent::Created, &two));
        assert_eq!(following.calls_of("1000"), [one.id.clone(), two.id.clone()]);
        let started = ChannelEvent::RecordStarted {
            path: "x".into(),
            variables: Vec::new(),
        };
        following.hear(&event(started, &one));
        assert!(following.is_recorded(&one.id) && !following.is_recorded(&two.id));
        following.hear(&event(ChannelEvent::Destroyed, &one));
        following.hear(&event(ChannelEvent::Destroyed, &two));
        assert!(!following.is_recorded(&one.id));
        assert!(following.calls_of("1000").is_empty());
        assert!(following.kept().calls.is_empty());
    }

    #[test]
    fn it_begins_again_with_what_there_is() {
        let following = Following::default();
        following.hear(&event(ChannelEvent::Created, &channel("a", "1000")));
        let mut view = View::default();
        let there = channel("b", "1001");
        view.channels
            .insert_mut(there.id.clone(), Arc::new(there.clone()));
        following.begin(&view);
        assert!(following.calls_of("1000").is_empty());
        assert_eq!(following.calls_of("1001"), [there.id]);
    }
}
