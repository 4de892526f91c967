//! Commands about queues and agents (event-api.md §7.3; `callcenter_config`).

use std::sync::Arc;

use api::command::queue::{
    AgentTarget, EnableQueue, LoadAgent, LoadQueue, LoadQueueAgents, PutAgent, PutQueue,
    PutQueueAgent, RemoveAgent, RemoveQueue, RemoveQueueAgent, SetAgentState, SetAgentStatus,
};
use api::dial::DialString;
use api::event::QueueAction;
use api::id::{AgentId, QueueAgentId, QueueId};
use api::view::{AgentState, Extension, QueueSettings};
use api::{CommandError, ErrorKind, HangupCause, ObjectKind};

use super::agent::Desk;
use super::configuration::{CallCenter, ConfiguredAgent, ConfiguredPlace};
use super::line::Line;
use super::{About, MAX_AGENTS, MAX_PLACES, MAX_QUEUES, invalid, too_many};
use crate::Switch;

/// Longest name of a queue or an agent, and longest reason of a pause, bytes.
pub(super) const MAX_NAME: usize = 256;
/// Longest contact, file name or destination, bytes.
const MAX_TEXT: usize = 4_096;

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_NAME && !name.chars().any(char::is_control)
}

/// Whether settings that a client sent make sense.
fn check(settings: &QueueSettings) -> Result<(), CommandError> {
    let announcements = [&settings.announcement, &settings.position_announcement];
    let texts = [
        Some(&settings.display_name),
        Some(&settings.number),
        Some(&settings.music),
        settings.record_template.as_ref(),
        settings.overflow.as_ref(),
    ];
    let files = announcements.iter().filter_map(|one| one.as_ref());
    let mut texts = texts
        .into_iter()
        .flatten()
        .chain(files.clone().map(|one| &one.file));
    if texts.any(|text| text.len() > MAX_TEXT) {
        return Err(invalid("settings", "a text is longer than 4,096 bytes"));
    }
    if files
        .clone()
        .any(|one| one.every_s == 0 || one.file.is_empty())
    {
        return Err(invalid("announcement", "no file, or every 0 seconds"));
    }
    Ok(())
}

impl Switch {
    pub(crate) fn put_queue(&mut self, c: PutQueue) -> Result<QueueId, CommandError> {
        if !is_name(&c.name) {
            return Err(invalid("name", "1 to 256 bytes"));
        }
        check(&c.settings)?;
        self.put_line(&c.name, c.settings, c.enabled, false)
    }

    fn put_line(
        &mut self,
        name: &Arc<str>,
        settings: QueueSettings,
        enabled: bool,
        configured: bool,
    ) -> Result<QueueId, CommandError> {
        let about = About::queue(name);
        if let Some(line) = self.queues.lines.get_mut(name) {
            let id = line.seen().id;
            let same = **line.settings() == settings && line.seen().enabled == enabled;
            line.change(|queue| {
                queue.settings = Arc::new(settings);
                queue.enabled = enabled;
                queue.configured |= configured;
            });
            if !same {
                self.tell_of_queue(&about, QueueAction::QueueChanged);
            }
            if !enabled {
                self.send_everybody_on(name);
            }
            self.stir(name);
            return Ok(id);
        }
        if self.queues.lines.len() >= MAX_QUEUES {
            return Err(too_many("there are too many queues"));
        }
        let id = QueueId(self.new_uuid());
        let line = Line::new(id, name, settings, enabled, configured, self.now.mono);
        self.queues.lines.insert(name.clone(), line);
        self.tell_of_queue(&about, QueueAction::QueueAdded);
        Ok(id)
    }

    pub(crate) fn remove_queue(&mut self, c: &RemoveQueue) -> Result<(), CommandError> {
        let queue = self.find_queue(&c.queue)?;
        // Nobody may come in while the others go.
        if let Some(line) = self.queues.lines.get_mut(&queue) {
            line.change(|queue| queue.enabled = false);
            line.forget_abandoned();
        }
        self.send_everybody_on(&queue);
        let line = self.queues.lines.get(&queue);
        let places = line.map_or(&[][..], Line::places).iter();
        let agents: Vec<_> = places.map(|place| place.seen.agent.clone()).collect();
        for agent in agents {
            self.take_place(&queue, &agent);
        }
        let about = About::queue(&queue);
        self.tell_of_queue(&about, QueueAction::QueueRemoved);
        self.queues.lines.remove(&queue);
        self.show_queue(&queue);
        Ok(())
    }

    pub(crate) fn enable_queue(&mut self, c: &EnableQueue) -> Result<(), CommandError> {
        let queue = self.find_queue(&c.queue)?;
        let Some(line) = self.queues.lines.get(&queue) else {
            return Err(CommandError::not_found(ObjectKind::Queue));
        };
        let settings = (**line.settings()).clone();
        self.put_line(&queue, settings, c.enabled, false)?;
        Ok(())
    }

    pub(crate) fn load_queue(&mut self, c: &LoadQueue) -> Result<QueueId, CommandError> {
        let read = CallCenter::read(&self.config.xml);
        let mut queues = read.queues.into_iter();
        let Some((name, settings, enabled)) = queues.find(|(name, ..)| *name == c.queue) else {
            return Err(CommandError::not_found(ObjectKind::Queue));
        };
        self.put_line(&name, settings, enabled, true)
    }

    pub(crate) fn put_agent(&mut self, c: PutAgent) -> Result<AgentId, CommandError> {
        if !is_name(&c.name) {
            return Err(invalid("name", "1 to 256 bytes"));
        }
        let PutAgent {
            name,
            display_name,
            contact,
            patience,
        } = c;
        if display_name
            .as_ref()
            .is_some_and(|text| text.len() > MAX_NAME)
        {
            return Err(invalid("display_name", "longer than 256 bytes"));
        }
        if let Some(contact) = &contact {
            let fits = contact.len() <= MAX_TEXT && DialString::parse(contact).is_ok();
            if !fits {
                return Err(invalid("contact", "no dial string"));
            }
        }
        let id = self.find_or_make_agent(&name, false)?;
        let Some(desk) = self.queues.desks.get_mut(&name) else {
            return Ok(id);
        };
        let before = desk.seen.clone();
        if let Some(display_name) = display_name {
            desk.seen.display_name = display_name;
        }
        if let Some(patience) = patience {
            desk.seen.patience = patience;
        }
        if let Some(contact) = contact {
            desk.seen.contact = contact.clone();
            let extension = self.extension_of(&contact);
            self.agent_is_at(&name, extension);
        }
        let changed = self
            .queues
            .desks
            .get(&name)
            .is_some_and(|desk| desk.seen != before);
        if changed {
            self.tell_of_queue(&About::agent(&name), QueueAction::AgentChanged);
            self.stir_queues_of(&name);
        }
        Ok(id)
    }

    fn agent_is_at(&mut self, name: &Arc<str>, extension: Option<Extension>) {
        let Some(desk) = self.queues.desks.get_mut(name) else {
            return;
        };
        let old = std::mem::replace(&mut desk.seen.extension, extension.clone());
        if old != extension {
            if extension.is_none() {
                desk.seen.device = api::view::DeviceState::Unknown;
                desk.seen.statistics.external_calls = 0;
            }
            self.watch_agent(name, old.as_ref(), extension.as_ref());
        }
    }

    pub(super) fn find_or_make_agent(
        &mut self,
        name: &Arc<str>,
        dynamic: bool,
    ) -> Result<AgentId, CommandError> {
        if let Some(desk) = self.queues.desks.get(name) {
            return Ok(desk.seen.id);
        }
        if self.queues.desks.len() >= MAX_AGENTS {
            return Err(too_many("there are too many agents"));
        }
        let id = AgentId(self.new_uuid());
        let desk = Desk::new(id, name, dynamic, self.now);
        self.queues.desks.insert(name.clone(), desk);
        self.tell_of_queue(&About::agent(name), QueueAction::AgentAdded);
        Ok(id)
    }

    pub(crate) fn remove_agent(&mut self, c: &RemoveAgent) -> Result<(), CommandError> {
        let name = self.find_agent(&AgentTarget::Name(c.agent.clone()))?;
        for queue in self.queues_of(&name) {
            self.take_place(&queue, &name);
        }
        self.forget_agent(&name);
        Ok(())
    }

    fn forget_agent(&mut self, name: &Arc<str>) {
        for offer in self.offers_to(name) {
            self.withdraw(offer, HangupCause::OriginatorCancel);
        }
        self.agent_is_at(name, None);
        self.tell_of_queue(&About::agent(name), QueueAction::AgentRemoved);
        self.queues.desks.remove(name);
        self.show_agent(name);
    }

    pub(crate) fn load_agent(&mut self, c: &LoadAgent) -> Result<AgentId, CommandError> {
        let read = CallCenter::read(&self.config.xml);
        let mut agents = read.agents.into_iter();
        let Some(agent) = agents.find(|agent| agent.name == c.agent) else {
            return Err(CommandError::not_found(ObjectKind::Agent));
        };
        self.put_configured_agent(agent)
    }

    fn put_configured_agent(&mut self, agent: ConfiguredAgent) -> Result<AgentId, CommandError> {
        let ConfiguredAgent {
            name,
            display_name,
            contact,
            status,
            patience,
        } = agent;
        let id = self.put_agent(PutAgent {
            name: name.clone(),
            display_name: Some(display_name.unwrap_or_else(|| name.clone())),
            contact: (!contact.is_empty()).then_some(contact),
            patience: Some(patience),
        })?;
        self.set_status(&name, status, None);
        Ok(id)
    }

    pub(crate) fn set_agent_status(&mut self, c: &SetAgentStatus) -> Result<(), CommandError> {
        let name = self.find_agent(&AgentTarget::Name(c.agent.clone()))?;
        self.set_status(&name, c.status, None);
        Ok(())
    }

    pub(crate) fn set_agent_state(&mut self, c: &SetAgentState) -> Result<(), CommandError> {
        let name = self.find_agent(&AgentTarget::Name(c.agent.clone()))?;
        let in_call = |state: AgentState| match state {
            AgentState::Receiving | AgentState::InQueueCall => true,
            AgentState::Idle | AgentState::Waiting => false,
        };
        let desk = self.queues.desks.get(&name);
        if in_call(c.state) || desk.is_some_and(|desk| in_call(desk.seen.state)) {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "the states of a call are the switch's own",
            ));
        }
        self.set_state(&name, c.state);
        Ok(())
    }

    pub(crate) fn put_queue_agent(
        &mut self,
        c: &PutQueueAgent,
    ) -> Result<QueueAgentId, CommandError> {
        let queue = self.find_queue(&c.queue)?;
        let agent = self.find_agent(&AgentTarget::Name(c.agent.clone()))?;
        let known = self.place_id(&queue, &agent).is_some();
        match c.new {
            Some(true) if known => {
                let kind = ErrorKind::AlreadyExists(ObjectKind::Agent);
                return Err(CommandError::new(kind, "the agent has a place there"));
            }
            Some(false) if !known => return Err(CommandError::not_found(ObjectKind::Agent)),
            Some(_) | None => {}
        }
        let id = self.find_or_make_place(&queue, &agent, false)?;
        self.rank_place(&queue, &agent, c.level, c.position);
        Ok(id)
    }

    pub(super) fn place_id(&self, queue: &Arc<str>, agent: &str) -> Option<QueueAgentId> {
        let place = self.queues.lines.get(queue)?.place(agent)?;
        Some(place.seen.id)
    }

    pub(super) fn find_or_make_place(
        &mut self,
        queue: &Arc<str>,
        agent: &Arc<str>,
        dynamic: bool,
    ) -> Result<QueueAgentId, CommandError> {
        if let Some(id) = self.place_id(queue, agent) {
            return Ok(id);
        }
        let id = QueueAgentId(self.new_uuid());
        let Some(line) = self.queues.lines.get_mut(queue) else {
            return Err(CommandError::not_found(ObjectKind::Queue));
        };
        if line.places().len() >= MAX_PLACES {
            return Err(too_many("the queue has too many agents"));
        }
        line.add_place(id, agent, dynamic);
        self.tell_of_queue(&About::place(queue, agent), QueueAction::PlaceAdded);
        self.place_follows(queue, agent);
        Ok(id)
    }

    pub(super) fn rank_place(
        &mut self,
        queue: &Arc<str>,
        agent: &Arc<str>,
        level: Option<u32>,
        position: Option<u32>,
    ) {
        let Some(line) = self.queues.lines.get_mut(queue) else {
            return;
        };
        let Some(place) = line.place_mut(agent) else {
            return;
        };
        let before = place.rank();
        place.seen.level = level.unwrap_or(place.seen.level);
        place.seen.position = position.unwrap_or(place.seen.position);
        if place.rank() != before {
            line.sort_places();
            self.tell_of_queue(&About::place(queue, agent), QueueAction::PenaltyChanged);
            self.stir(queue);
        }
    }

    pub(crate) fn remove_queue_agent(&mut self, c: &RemoveQueueAgent) -> Result<(), CommandError> {
        let queue = self.find_queue(&c.queue)?;
        if self.place_id(&queue, &c.agent).is_none() {
            return Err(CommandError::not_found(ObjectKind::Agent));
        }
        self.take_place(&queue, &c.agent);
        Ok(())
    }

    /// The agent has no place there any more; one whom a login made goes with their last place.
    pub(super) fn take_place(&mut self, queue: &Arc<str>, agent: &Arc<str>) {
        let about = About::place(queue, agent);
        let line = self.queues.lines.get_mut(queue);
        let Some(place) = line.and_then(|line| line.place_mut(agent)) else {
            return;
        };
        if place.seen.logged_in {
            place.seen.logged_in = false;
            place.signed_off = true;
            self.tell_of_queue(&about, QueueAction::LoggedOut);
        }
        self.tell_of_queue(&about, QueueAction::PlaceRemoved);
        if let Some(line) = self.queues.lines.get_mut(queue) {
            line.remove_place(agent);
        }
        self.show_queue(queue);
        let desk = self.queues.desks.get(agent);
        let dynamic = desk.is_some_and(|desk| desk.seen.dynamic);
        if dynamic && self.queues_of(agent).is_empty() {
            self.forget_agent(agent);
        }
    }

    pub(crate) fn load_queue_agents(&mut self, c: &LoadQueueAgents) -> Result<u64, CommandError> {
        let read = CallCenter::read(&self.config.xml);
        let wanted = |place: &ConfiguredPlace| {
            c.queue.as_ref().is_none_or(|queue| place.queue == *queue)
                && c.agent.as_ref().is_none_or(|agent| place.agent == *agent)
        };
        let mut count = 0;
        for place in read.places.into_iter().filter(wanted) {
            count += u64::from(self.put_configured_place(place));
        }
        Ok(count)
    }

    fn put_configured_place(&mut self, place: ConfiguredPlace) -> bool {
        let done = self.put_queue_agent(&PutQueueAgent {
            queue: place.queue.clone(),
            agent: place.agent.clone(),
            level: place.level,
            position: place.position,
            new: None,
        });
        if let Err(error) = &done {
            let (queue, agent) = (&*place.queue, &*place.agent);
            tracing::warn!(queue, agent, %error, "A tier of callcenter.conf means nothing");
        }
        done.is_ok()
    }

    /// Everything the configuration says.
    pub(super) fn load_all_queues(&mut self) {
        let CallCenter {
            queues,
            agents,
            places,
        } = CallCenter::read(&self.config.xml);
        for (name, settings, enabled) in queues {
            if let Err(error) = self.put_line(&name, settings, enabled, true) {
                tracing::warn!(queue = &*name, %error, "A queue of callcenter.conf is not made");
            }
        }
        for agent in agents {
            let name = agent.name.clone();
            if let Err(error) = self.put_configured_agent(agent) {
                tracing::warn!(agent = &*name, %error, "An agent of callcenter.conf is not made");
            }
        }
        for place in places {
            self.put_configured_place(place);
        }
    }
}
