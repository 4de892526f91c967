//! Queues of the application `fifo`: who waits there, who takes them, and who is called for it (event-socket.md §5.2,
//! §6.8). The application is in `script/app/fifo/`.

mod calling;
mod configuration;
mod members;
mod order;

use std::collections::BTreeMap;
use std::sync::Arc;

use api::ChannelId;
use api::event::{EventKind, FifoAction, FifoEvent};
use api::view::{Fifo, FifoOrigin, FifoPartner, FifoParty, FifoStrategy};

use crate::Switch;
use crate::work::Work;

pub(crate) use calling::{MemberCallId, MemberCalls};

/// Most fifos there can be; more are refused.
const MAX_FIFOS: usize = 1_000;
/// Most callers, and most consumers, of one; more are refused.
const MAX_PARTIES: usize = 1_000;
/// Longest name, bytes.
const MAX_NAME: usize = 256;
/// The fifos there are, by name.
pub(crate) type Fifos = BTreeMap<Arc<str>, Fifo>;

/// On which side of a fifo somebody is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Caller,
    Consumer,
}

impl Side {
    fn of(self, fifo: &mut Fifo) -> &mut Vec<FifoParty> {
        match self {
            Self::Caller => &mut fifo.callers,
            Self::Consumer => &mut fifo.consumers,
        }
    }
}

fn new_fifo(name: Arc<str>, origin: FifoOrigin) -> Fifo {
    Fifo {
        name,
        importance: 0,
        origin,
        callers: Vec::new(),
        consumers: Vec::new(),
        members: Vec::new(),
        strategy: FifoStrategy::RingAll,
    }
}

impl Switch {
    /// Shows a fifo as it is, or forgets it when nobody needs it.
    fn show_fifo(&mut self, name: &Arc<str>) {
        let Some(fifo) = self.fifos.get(name) else {
            return;
        };
        let is_needed = fifo.origin != FifoOrigin::Used
            || !fifo.callers.is_empty()
            || !fifo.consumers.is_empty()
            || !fifo.members.is_empty();
        if is_needed {
            let shown = Arc::new(fifo.clone());
            self.view.fifos.insert_mut(name.clone(), shown);
        } else {
            self.fifos.remove(name);
            self.view.fifos.remove_mut(name);
        }
        self.view_changed();
    }

    fn change_fifo<T>(
        &mut self,
        name: &Arc<str>,
        change: impl FnOnce(&mut Fifo) -> T,
    ) -> Option<T> {
        let changed = change(self.fifos.get_mut(name)?);
        self.show_fifo(name);
        Some(changed)
    }

    /// Somebody comes; false when that cannot be.
    pub(crate) fn enter_fifo(
        &mut self,
        id: &ChannelId,
        name: &Arc<str>,
        importance: Option<i32>,
        side: Side,
    ) -> bool {
        let is_new = !self.fifos.contains_key(name);
        if !is_name(name) || is_new && self.fifos.len() >= MAX_FIFOS {
            return false;
        }
        let Some(live) = self.channels.get(id) else {
            return false;
        };
        let profile = live.seen.profile.as_deref();
        let priority = match side {
            Side::Caller => self.caller_priority(id),
            Side::Consumer => 0,
        };
        let party = FifoParty {
            channel: id.clone(),
            name: profile.map_or_else(|| "".into(), |one| one.caller_id_name.clone()),
            number: profile.map_or_else(|| "".into(), |one| one.caller_id_number.clone()),
            priority,
            since: self.now.wall,
            partner: None,
        };
        let fifo = self.fifos.entry(name.clone());
        let fifo = fifo.or_insert_with(|| new_fifo(name.clone(), FifoOrigin::Used));
        fifo.importance = importance.unwrap_or(fifo.importance);
        let parties = side.of(fifo);
        if parties.len() >= MAX_PARTIES {
            return false;
        }
        let at = match side {
            Side::Caller => parties.partition_point(|one| one.rank() <= party.rank()),
            Side::Consumer => parties.len(),
        };
        parties.insert(at, party);
        self.show_fifo(name);
        true
    }

    /// Somebody goes. Gives whoever was there for them.
    pub(crate) fn exit_fifo(
        &mut self,
        id: &ChannelId,
        name: &Arc<str>,
        side: Side,
    ) -> Option<FifoPartner> {
        let partner = self.change_fifo(name, |fifo| {
            let parties = side.of(fifo);
            let at = parties.iter().position(|one| one.channel == *id)?;
            parties.remove(at).partner
        })?;
        // Members may be called in vain now.
        self.work.push_back(Work::Fifo(name.clone()));
        partner
    }

    /// Position of a caller among those in the fifo, from 1, in the order they are served.
    pub(crate) fn fifo_position(&self, id: &ChannelId, name: &str) -> usize {
        let callers = self.fifos.get(name).map(|fifo| fifo.callers.iter());
        callers
            .and_then(|mut callers| callers.position(|one| one.channel == *id))
            .map_or(0, |at| at + 1)
    }

    /// As what a caller came there.
    pub(crate) fn fifo_priority(&self, id: &ChannelId, name: &str) -> u8 {
        let mut callers = self
            .fifos
            .get(name)
            .into_iter()
            .flat_map(|fifo| &fifo.callers);
        let caller = callers.find(|one| one.channel == *id);
        caller.map_or(0, |one| one.priority)
    }

    /// The consumer who has waited longest and for whom there is a caller, and that caller; they are each other's from now
    /// on.
    pub(crate) fn match_fifo(&mut self, name: &Arc<str>) -> Option<(FifoParty, FifoParty)> {
        let fifo = self.fifos.get(name)?;
        let mut consumers = fifo.consumers.iter().enumerate();
        let (caller, consumer) = consumers.find_map(|(at, one)| {
            let (caller, _) = one
                .waits()
                .then(|| self.pop_order(&one.channel).first(fifo))??;
            Some((caller, at))
        })?;
        let fifo = self.fifos.get_mut(name)?;
        let (caller, consumer) = (&mut fifo.callers[caller], &mut fifo.consumers[consumer]);
        let (of_caller, of_consumer) = (consumer.channel.clone(), caller.channel.clone());
        for (party, other) in [(&mut *caller, of_caller), (&mut *consumer, of_consumer)] {
            party.partner = Some(FifoPartner {
                channel: other,
                talks_since: None,
            });
        }
        let pair = (caller.clone(), consumer.clone());
        self.show_fifo(name);
        Some(pair)
    }

    /// They talk, or nobody is there for them any more. Gives who was.
    pub(crate) fn set_fifo_talk(
        &mut self,
        id: &ChannelId,
        name: &Arc<str>,
        side: Side,
        talks: bool,
    ) -> Option<FifoPartner> {
        let now = self.now.wall;
        self.change_fifo(name, |fifo| {
            let parties = side.of(fifo);
            let party = parties.iter_mut().find(|one| one.channel == *id)?;
            let before = party.partner.clone();
            match (&mut party.partner, talks) {
                (Some(partner), true) => partner.talks_since = Some(now),
                (partner, false) => *partner = None,
                (None, true) => {}
            }
            before
        })?
    }

    pub(crate) fn tell_of_fifo(&mut self, id: &ChannelId, name: &Arc<str>, action: FifoAction) {
        let channel = self.channels.get(id).map(|live| live.seen.clone());
        let event = FifoEvent {
            fifo: name.clone(),
            action,
        };
        self.publish(EventKind::Fifo(Box::new(event)), channel);
    }

    /// A call to a member, which has no channel yet or any more.
    fn tell_of_member(&mut self, name: &Arc<str>, action: FifoAction) {
        let event = FifoEvent {
            fifo: name.clone(),
            action,
        };
        self.publish(EventKind::Fifo(Box::new(event)), None);
    }
}

/// Names stand in the arguments of an application, among others.
fn is_name(name: &str) -> bool {
    let fits = !name.is_empty() && name.len() <= MAX_NAME;
    fits && name.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests;
