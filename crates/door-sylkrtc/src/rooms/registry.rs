//! Who is in which room, over all connections of the door, and what clients call each other.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::ChannelId;
use api::id::WebClientId;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::counted::{Counted, Labels};
use crate::wire::Party;

/// How long the name of a new participant may be on its way: from the switch's answer to the door.
const NAMING: Duration = Duration::from_secs(2);

/// Names of those who have left a room that are kept, as events about them may still be waiting somewhere.
const MOST_LEFT: usize = 256;

/// The rooms with somebody of this door in them.
pub(crate) struct RoomRegistry {
    /// Held for one look or change.
    rooms: Mutex<HashMap<Arc<str>, Room>>,
    labels: Labels,
    /// Somebody has got a name.
    named: Notify,
}

#[derive(Default)]
struct Room {
    /// By the client's id of its participation.
    sessions: HashMap<Arc<str>, Entry>,
    names: HashMap<ChannelId, Arc<str>>,
    left: VecDeque<ChannelId>,
}

/// A participant.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) client: WebClientId,
    pub(crate) party: Party,
    /// `None` while the switch has not answered yet.
    pub(crate) channel: Option<ChannelId>,
    _counted: Arc<Counted>,
}

impl RoomRegistry {
    pub(crate) fn new(labels: Labels) -> Self {
        Self {
            rooms: Mutex::default(),
            labels,
            named: Notify::new(),
        }
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<Arc<str>, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn labels(&self) -> &Labels {
        &self.labels
    }

    /// A client is about to enter; false when somebody in the room has that id. From now on it is told what happens
    /// there.
    pub(crate) fn begin(
        &self,
        room: &Arc<str>,
        session: &Arc<str>,
        client: WebClientId,
        party: Party,
    ) -> bool {
        let mut rooms = self.rooms();
        let there = rooms.entry(room.clone()).or_default();
        let is_taken = there.sessions.contains_key(session)
            || there
                .names
                .keys()
                .any(|channel| channel.as_str() == &**session);
        if is_taken {
            return false;
        }
        let entry = Entry {
            client,
            party,
            channel: None,
            _counted: Arc::new(self.labels.participant(room)),
        };
        there.sessions.insert(session.clone(), entry);
        true
    }

    /// The switch has let it in.
    pub(crate) fn started(&self, room: &str, session: &Arc<str>, channel: ChannelId) {
        if let Some(room) = self.rooms().get_mut(room)
            && let Some(entry) = room.sessions.get_mut(session)
        {
            entry.channel = Some(channel.clone());
            room.names.insert(channel, session.clone());
        }
        self.named.notify_waiters();
    }

    /// It has left, or was not let in.
    pub(crate) fn left(&self, room: &str, session: &str) {
        let mut rooms = self.rooms();
        let Some(there) = rooms.get_mut(room) else {
            return;
        };
        if let Some(channel) = there
            .sessions
            .remove(session)
            .and_then(|entry| entry.channel)
        {
            there.left.push_back(channel);
            if there.left.len() > MOST_LEFT
                && let Some(oldest) = there.left.pop_front()
            {
                there.names.remove(&oldest);
            }
        }
        if there.sessions.is_empty() {
            rooms.remove(room);
        }
        drop(rooms);
        self.named.notify_waiters();
    }

    /// Who is to be told what happens in a room, each once.
    pub(crate) fn clients(&self, room: &str) -> Vec<WebClientId> {
        let rooms = self.rooms();
        let entries = rooms
            .get(room)
            .into_iter()
            .flat_map(|room| room.sessions.values());
        let mut clients: Vec<WebClientId> = entries.map(|entry| entry.client).collect();
        clients.sort_unstable();
        clients.dedup();
        clients
    }

    /// The participant with that id, if it is in.
    pub(crate) fn participant(&self, room: &str, session: &str) -> Option<Entry> {
        let rooms = self.rooms();
        let entry = rooms.get(room)?.sessions.get(session)?;
        entry.channel.is_some().then(|| entry.clone())
    }

    /// Whether somebody is in a room whose channel is one of those, or is about to be.
    pub(crate) fn has_any(&self, room: &str, which: impl Fn(&ChannelId) -> bool) -> bool {
        let rooms = self.rooms();
        let mut entries = rooms
            .get(room)
            .into_iter()
            .flat_map(|room| room.sessions.values());
        entries.any(|entry| entry.channel.as_ref().is_none_or(&which))
    }

    /// What a participant is called, unless it is none of this door's.
    fn name(&self, room: &str, channel: &ChannelId) -> Option<Arc<str>> {
        self.rooms().get(room)?.names.get(channel).cloned()
    }

    /// What a web client that has just entered is called. Others may hear of it before its own connection does.
    pub(crate) async fn name_soon(&self, room: &str, channel: &ChannelId) -> Option<Arc<str>> {
        let until = Instant::now() + NAMING;
        loop {
            let named = self.named.notified();
            tokio::pin!(named);
            named.as_mut().enable();
            if let Some(name) = self.name(room, channel) {
                return Some(name);
            }
            timeout_at(until, named).await.ok()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: &str = "team@videoconference.example.org";

    fn registry() -> RoomRegistry {
        RoomRegistry::new(Labels::new(std::iter::empty()))
    }

    fn party() -> Party {
        Party {
            uri: "alice@example.org".into(),
            display_name: "".into(),
        }
    }

    #[tokio::test]
    async fn names_may_come_late_and_outlive_their_owner() {
        let registry = Arc::new(registry());
        let (room, session): (Arc<str>, Arc<str>) = (ROOM.into(), "V1".into());
        let channel = ChannelId::from_text("c1").unwrap();
        assert!(registry.begin(&room, &session, WebClientId(1), party()));
        assert!(registry.begin(&room, &"V2".into(), WebClientId(2), party()));
        assert!(!registry.begin(&room, &session, WebClientId(3), party()));
        assert!(registry.participant(ROOM, "V1").is_none(), "not in yet");
        let waiting = {
            let (registry, channel) = (registry.clone(), channel.clone());
            tokio::spawn(async move { registry.name_soon(ROOM, &channel).await })
        };
        tokio::time::sleep(Duration::from_millis(10)).await;
        registry.started(ROOM, &session, channel.clone());
        assert_eq!(waiting.await.unwrap().as_deref(), Some("V1"));
        assert_eq!(registry.clients(ROOM), [WebClientId(1), WebClientId(2)]);
        assert!(!registry.begin(&room, &"c1".into(), WebClientId(3), party()));
        registry.left(ROOM, "V1");
        assert_eq!(
            registry.name_soon(ROOM, &channel).await.as_deref(),
            Some("V1")
        );
        registry.left(ROOM, "V2");
        assert!(registry.rooms().is_empty());
    }
}
