//! Agents: who takes calls of a queue.

use std::sync::Arc;

use api::command::queue::{AgentTarget, LogIn, LogOut, PauseAgent, SetPenalty};
use api::view::QueueAgent;

use super::Order;
use crate::error::Refusal;
use crate::objects::{Kind, Object};
use crate::rest::{Place, QueueFound, extension_of, queue_of};
use crate::rights::Right;

impl Order<'_> {
    fn queue(&self) -> Result<QueueFound, Refusal> {
        queue_of(&self.objects, &self.view, &self.core, self.call.named(1))
    }

    /// Refuses what may not be done to an agent of a queue: neither as an extension nor as one of that queue.
    fn require_agent(&self, right: Right, extension: Option<&Object>) -> Result<(), Refusal> {
        let queue = self.queue()?;
        self.require(Right::See, |person| person.rights(&queue.thing()))?;
        self.require(right, |person| {
            let of_queue = person.rights(&queue.thing());
            let of_extension =
                extension.map(|extension| person.extension(extension, &self.objects));
            of_extension.map_or(of_queue, |thing| of_queue.or(person.rights(&thing)))
        })
    }

    /// The queue's name in the switch.
    fn queue_name(&self) -> Result<Arc<str>, Refusal> {
        let queue = self.queue()?;
        let running = queue.running.as_ref();
        let name = running.map(|queue| queue.name.clone());
        name.ok_or_else(|| Refusal::not_found("The switch has no such queue."))
    }

    /// Whom it is about: an extension by id or by number.
    pub(super) fn named_extension(&self) -> Result<Arc<Object>, Refusal> {
        let place = match (self.text("extensionId")?, self.text("extensionNumber")?) {
            (Some(id), _) => Place::Id(id),
            (None, Some(number)) => Place::Name(number),
            (None, None) => return Err(Refusal::missing("extensionId")),
        };
        extension_of(&self.objects, &self.core, Some(&place))
    }

    pub(super) async fn log_in(&self) -> Result<(), Refusal> {
        let queue = self.queue_name()?;
        let extension = self.named_extension()?;
        self.require_agent(Right::AgentLogin, Some(&extension))?;
        // What the extension says counts for logins by the panel (event-api.md §8.4).
        let usual = u32::try_from(extension.number("agentPenalty")).ok();
        let penalty = self
            .number("penalty")?
            .or(usual.filter(|penalty| *penalty > 0));
        let command = LogIn {
            queue,
            agent: AgentTarget::Extension(self.directory_user(&extension)?),
            penalty,
            paused: self
                .flag("paused")?
                .unwrap_or(extension.flag("agentPaused")),
        };
        self.shared.ask(command, self.call.peer()?).await?;
        Ok(())
    }

    pub(super) async fn log_out(&self) -> Result<(), Refusal> {
        let queue = self.queue_name()?;
        let extension = self.named_extension()?;
        self.require_agent(Right::AgentLogin, Some(&extension))?;
        let command = LogOut {
            queue,
            agent: AgentTarget::Extension(self.directory_user(&extension)?),
        };
        Ok(self.shared.ask(command, self.call.peer()?).await?)
    }

    /// The agent of the path, who must be logged in, if that may be done to them.
    fn agent(&self, right: Right) -> Result<Arc<QueueAgent>, Refusal> {
        let queue = self.queue()?;
        let mut agents = queue.running.iter().flat_map(|queue| &queue.agents);
        let wanted = self.call.last_place();
        let agent = agents.find(|place| place.logged_in && place.id.to_string() == wanted);
        let agent = agent
            .cloned()
            .ok_or_else(|| Refusal::no_such("An agent", "id"))?;
        let known = self.view.agents.get(&agent.agent);
        let user = known.and_then(|known| known.extension.as_ref());
        let owner = user.and_then(|user| self.objects.owner(&user.user));
        self.require_agent(right, owner.as_ref().map(|owner| &*owner.extension))?;
        Ok(agent)
    }

    pub(super) async fn agent_log_out(&self) -> Result<(), Refusal> {
        let command = LogOut {
            agent: AgentTarget::Name(self.agent(Right::AgentLogin)?.agent.clone()),
            queue: self.queue_name()?,
        };
        Ok(self.shared.ask(command, self.call.peer()?).await?)
    }

    pub(super) async fn agent_pause(&self, paused: bool) -> Result<(), Refusal> {
        let command = PauseAgent {
            agent: AgentTarget::Name(self.agent(Right::PauseMember)?.agent.clone()),
            queue: Some(self.queue_name()?),
            paused,
            reason: self.text("reason")?.filter(|_| paused).map(Arc::from),
        };
        Ok(self.shared.ask(command, self.call.peer()?).await?)
    }

    pub(super) async fn agent_penalty(&self) -> Result<(), Refusal> {
        let penalty = self
            .number("penalty")?
            .ok_or_else(|| Refusal::missing("penalty"))?;
        let command = SetPenalty {
            agent: AgentTarget::Name(self.agent(Right::Penalty)?.agent.clone()),
            queue: Some(self.queue_name()?),
            penalty,
        };
        Ok(self.shared.ask(command, self.call.peer()?).await?)
    }

    /// The parking lot a call goes to, with the numbers of its slots: those behind its own number, as its dialplan has
    /// them, or the usual ones.
    pub(super) fn lot_for(&self, id: Option<String>) -> Result<(Arc<str>, (u32, u32)), Refusal> {
        let place = id.map(Place::Id);
        let lot = match &place {
            Some(_) => {
                let lot =
                    crate::rest::lot_of(&self.objects, &self.view, &self.core, place.as_ref())?;
                (lot.identifier().to_owned(), lot.object)
            }
            None => match self.objects.of(Kind::ParkingLot, &self.core.id).next() {
                Some(object) => (object.text("identifier").to_owned(), Some(object.clone())),
                None => (USUAL_LOT.to_owned(), None),
            },
        };
        let own = lot
            .1
            .and_then(|object| object.text("destinationExtension").parse::<u32>().ok());
        let own = own.and_then(|own| Some((own.checked_add(1)?, own.checked_add(SLOTS)?)));
        Ok((lot.0.into(), own.unwrap_or(USUAL_SLOTS)))
    }
}

/// The lot calls are parked in when none is configured, and its slots: that of the built-in dialplan, where whoever
/// dials the number of a slot has the call.
const USUAL_LOT: &str = "valet_lot";
const USUAL_SLOTS: (u32, u32) = (6001, 6099);
/// How many slots a configured lot has. Ours.
const SLOTS: u32 = 20;
