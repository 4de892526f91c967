//! Agents who come to their queues and go, pause and go on (event-api.md §7.3).

use std::sync::Arc;

use api::command::queue::{AgentTarget, LogIn, LogOut, PauseAgent, PutAgent, SetPenalty};
use api::id::QueueAgentId;
use api::view::{AgentStatus, Extension};
use api::{CommandError, ErrorKind, ObjectKind};

use super::agent::Desk;
use super::change::MAX_NAME;
use super::invalid;
use crate::Switch;

impl Switch {
    pub(super) fn find_agent(&self, target: &AgentTarget) -> Result<Arc<str>, CommandError> {
        let found = match target {
            AgentTarget::Name(name) => self.queues.desks.get(name),
            AgentTarget::Extension(extension) => {
                let extension = self.canonical(extension);
                let mut desks = self.queues.desks.values();
                desks.find(|desk| desk.seen.extension.as_ref() == Some(&extension))
            }
        };
        found
            .map(|desk| desk.seen.name.clone())
            .ok_or_else(|| CommandError::not_found(ObjectKind::Agent))
    }

    /// The extension as the directory writes it.
    pub(crate) fn canonical(&self, extension: &Extension) -> Extension {
        match self.account(&extension.domain, &extension.user) {
            Some(account) => Extension {
                user: account.user.id.clone(),
                domain: account.domain,
            },
            None => extension.clone(),
        }
    }

    pub(crate) fn log_in(&mut self, c: &LogIn) -> Result<QueueAgentId, CommandError> {
        let queue = self.find_queue(&c.queue)?;
        let agent = match self.find_agent(&c.agent) {
            Ok(agent) => agent,
            Err(error) => match &c.agent {
                AgentTarget::Name(_) => return Err(error),
                AgentTarget::Extension(extension) => self.make_agent_of(extension)?,
            },
        };
        let known = self.place_id(&queue, &agent).is_some();
        let id = self.find_or_make_place(&queue, &agent, !known)?;
        self.rank_place(&queue, &agent, c.penalty, None);
        let out = self
            .queues
            .desks
            .get(&agent)
            .is_some_and(Desk::is_logged_out);
        if out {
            // They come to this queue alone.
            for other in self.queues_of(&agent) {
                let line = self.queues.lines.get_mut(&other);
                if let Some(place) = line.and_then(|line| line.place_mut(&agent)) {
                    place.signed_off = true;
                }
            }
        }
        let line = self.queues.lines.get_mut(&queue);
        if let Some(place) = line.and_then(|line| line.place_mut(&agent)) {
            place.signed_off = false;
            if c.paused {
                place.paused.get_or_insert(None);
            }
        }
        if out {
            self.set_status(&agent, AgentStatus::Available, None);
        } else {
            self.place_follows(&queue, &agent);
        }
        Ok(id)
    }

    /// An agent who is called at that extension, until they log out of their last queue.
    fn make_agent_of(&mut self, extension: &Extension) -> Result<Arc<str>, CommandError> {
        let Some(account) = self.account(&extension.domain, &extension.user) else {
            return Err(CommandError::not_found(ObjectKind::User));
        };
        let name = account.address();
        if self.queues.desks.contains_key(&name) {
            let kind = ErrorKind::AlreadyExists(ObjectKind::Agent);
            return Err(CommandError::new(kind, "the agent is called elsewhere"));
        }
        self.find_or_make_agent(&name, true)?;
        let shown = account.user.variable("effective_caller_id_name");
        let shown = shown.unwrap_or(&account.user.id).into();
        self.put_agent(PutAgent {
            name: name.clone(),
            display_name: Some(shown),
            contact: Some(format!("user/{name}").into()),
            patience: None,
        })?;
        Ok(name)
    }

    pub(crate) fn log_out(&mut self, c: &LogOut) -> Result<(), CommandError> {
        let queue = self.find_queue(&c.queue)?;
        let agent = self.find_agent(&c.agent)?;
        let line = self.queues.lines.get_mut(&queue);
        let Some(place) = line.and_then(|line| line.place_mut(&agent)) else {
            return Err(CommandError::not_found(ObjectKind::Agent));
        };
        if place.seen.dynamic {
            self.take_place(&queue, &agent);
        } else {
            place.signed_off = true;
            place.paused = None;
            self.place_follows(&queue, &agent);
        }
        Ok(())
    }

    pub(crate) fn pause_agent(&mut self, c: &PauseAgent) -> Result<(), CommandError> {
        if c.reason.as_ref().is_some_and(|text| text.len() > MAX_NAME) {
            return Err(invalid("reason", "longer than 256 bytes"));
        }
        let agent = self.find_agent(&c.agent)?;
        let Some(queue) = &c.queue else {
            let status = if c.paused {
                AgentStatus::OnBreak
            } else {
                AgentStatus::Available
            };
            self.set_status(&agent, status, c.reason.clone());
            return Ok(());
        };
        let queue = self.find_queue(queue)?;
        let line = self.queues.lines.get_mut(&queue);
        let Some(place) = line.and_then(|line| line.place_mut(&agent)) else {
            return Err(CommandError::not_found(ObjectKind::Agent));
        };
        let on_break = self.queues.desks.get(&agent).is_some_and(Desk::is_on_break);
        if !c.paused && on_break {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "the agent is on break in all their queues",
            ));
        }
        place.paused = c.paused.then(|| c.reason.clone());
        self.place_follows(&queue, &agent);
        Ok(())
    }

    pub(crate) fn set_penalty(&mut self, c: &SetPenalty) -> Result<(), CommandError> {
        let agent = self.find_agent(&c.agent)?;
        let queues = match &c.queue {
            Some(queue) => vec![self.find_queue(queue)?],
            None => self.queues_of(&agent),
        };
        let has_place = |queue: &Arc<str>| self.place_id(queue, &agent).is_some();
        if !queues.iter().any(has_place) {
            return Err(CommandError::not_found(ObjectKind::Agent));
        }
        for queue in queues {
            self.rank_place(&queue, &agent, Some(c.penalty), None);
        }
        Ok(())
    }
}
