//! Queues, agents and parking lots (event-api.md §5.1, §5.3).

use api::ChannelId;
use api::event::{ParkingAction, ParkingEvent, QueueAction, QueueEvent, QueueTitle};
use api::view::Channel;
use serde_json::Value;

use super::Teller;
use super::party::{Party, first_core};
use crate::objects::Kind;
use crate::wire::Line;

impl Teller<'_> {
    pub(super) fn of_queue(&self, event: &QueueEvent, channel: Option<&Channel>) -> Option<Line> {
        match &event.action {
            QueueAction::LoggedIn => self.of_agent("agentLogin", event),
            QueueAction::LoggedOut => self.of_agent("agentLogout", event),
            QueueAction::Paused => self.of_pause("agentPause", event),
            QueueAction::Unpaused => self.of_pause("agentUnpause", event),
            QueueAction::DeviceChanged { .. } => self.of_agent("agentState", event),
            QueueAction::PenaltyChanged => {
                let mut line = self.of_agent("agentPenalty", event)?;
                line.set("penalty", event.place.as_ref()?.level);
                Some(line)
            }
            QueueAction::CallerJoined | QueueAction::CallerResumed => {
                let caller = event.caller.as_ref()?;
                self.of_caller("queueCallJoin", event, channel, caller.position)
            }
            QueueAction::CallerLeft { reason, position } => {
                let mut line = self.of_caller("queueCallLeave", event, channel, *position)?;
                line.set("reason", reason.name());
                Some(line)
            }
            QueueAction::QueueAdded
            | QueueAction::QueueChanged
            | QueueAction::QueueRemoved
            | QueueAction::AgentAdded
            | QueueAction::AgentRemoved
            | QueueAction::AgentChanged
            | QueueAction::StatusChanged { .. }
            | QueueAction::StateChanged { .. }
            | QueueAction::TooManyNoAnswers
            | QueueAction::PlaceAdded
            | QueueAction::PlaceRemoved
            | QueueAction::Counted
            | QueueAction::Offered
            | QueueAction::OfferFailed { .. }
            | QueueAction::BridgeStarted { .. }
            | QueueAction::BridgeEnded { .. }
            | QueueAction::StayEnded(_) => None,
        }
    }

    /// An event with the members of an agent.
    fn of_agent(&self, kind: &str, event: &QueueEvent) -> Option<Line> {
        let (agent, place, queue) = (
            event.agent.as_ref()?,
            event.place.as_ref()?,
            event.queue.as_ref()?,
        );
        let extension = agent.extension.as_ref();
        let owner = extension.and_then(|extension| self.objects.owner(&extension.user));
        let party = Party {
            id: String::new(),
            name: String::new(),
            number: String::new(),
            did: None,
            owner,
        };
        if !self.is_licensed(&party) {
            return None;
        }
        let owner = party.owner.as_ref();
        let user = owner.and_then(|owner| owner.user.as_ref());
        let mut line = self.line(kind);
        line.set_or_null(
            "coreServerId",
            party.core().or_else(|| first_core(self.objects)),
        );
        line.set("agentId", place.id.to_string());
        line.set("agent", &*agent.display_name);
        line.set("state", agent.device.name());
        line.set("queueId", self.queue_id(queue));
        line.set("queue", &*queue.settings.display_name);
        line.set_or_null("extensionId", owner.map(|owner| owner.extension.live_id()));
        let number = owner.map(|owner| owner.extension.text("extension"));
        line.set_or_null("extensionNumber", number);
        line.set_or_null("userId", user.map(|user| user.live_id()));
        line.set_or_null("username", user.map(|user| user.text("username")));
        Some(line)
    }

    fn of_pause(&self, kind: &str, event: &QueueEvent) -> Option<Line> {
        let mut line = self.of_agent(kind, event)?;
        let place = event.place.as_ref()?;
        line.set("paused", place.paused);
        line.set_or_null("pauseReason", place.pause_reason.as_deref());
        Some(line)
    }

    /// An event with the members of a caller.
    fn of_caller(
        &self,
        kind: &str,
        event: &QueueEvent,
        channel: Option<&Channel>,
        position: u32,
    ) -> Option<Line> {
        let (caller, queue) = (event.caller.as_ref()?, event.queue.as_ref()?);
        let party = match self.channel_at(&caller.channel, channel) {
            Some(channel) => self.party(channel),
            None => Party {
                name: caller.caller_name.to_string(),
                number: caller.caller_number.to_string(),
                ..Party::stranger(&caller.channel)
            },
        };
        let mut line = self.of_party(kind, &party, None)?;
        line.set("queueId", self.queue_id(queue));
        line.set("queue", &*queue.settings.display_name);
        line.set("position", position);
        Some(line)
    }

    /// A channel as it was at the event, if that says so, or as it is now.
    fn channel_at<'a>(
        &'a self,
        id: &ChannelId,
        channel: Option<&'a Channel>,
    ) -> Option<&'a Channel> {
        let at_event = channel.filter(|channel| channel.id == *id);
        at_event.or_else(|| self.view.channels.get(id).map(|channel| &**channel))
    }

    /// The live id of a queue: that of its configuration object where it has one.
    fn queue_id(&self, queue: &QueueTitle) -> String {
        let object = self.objects.cores().find_map(|core| {
            let by = |value: &str| {
                self.objects
                    .having(Kind::Queue, &core.id, "identifier", value)
            };
            by(&queue.settings.number).or_else(|| by(&queue.name))
        });
        object.map_or_else(|| queue.id.to_string(), |object| object.live_id())
    }

    pub(super) fn of_parking(&self, event: &ParkingEvent, channel: Option<&Channel>) -> Vec<Line> {
        let (kind, reason) = match &event.action {
            ParkingAction::Parked => ("park", None),
            ParkingAction::Unparked(reason) => ("parkEnd", Some(reason.name())),
        };
        let party = match self.channel_at(&event.parked.channel, channel) {
            Some(channel) => self.party(channel),
            None => Party::stranger(&event.parked.channel),
        };
        let Some(mut line) = self.of_party(kind, &party, None) else {
            return Vec::new();
        };
        let mut cores = self.objects.cores();
        let object = cores.find_map(|core| {
            let lots = (Kind::ParkingLot, &*core.id);
            self.objects
                .having(lots.0, lots.1, "identifier", &event.name)
        });
        let id = object.map_or_else(|| event.lot.to_string(), |object| object.live_id());
        let name = object.map_or(&*event.name, |object| object.text("name"));
        line.set("parkingLotId", id);
        line.set("parkingLot", name);
        line.set("slot", &*event.parked.slot);
        if let Some(reason) = reason {
            line.set("reason", Value::from(reason));
        }
        vec![line]
    }
}
