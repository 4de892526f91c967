//! Sending channels through the dialplan anew, parking, holding, deflecting (event-socket.md §5.3 S9, S10).

use std::sync::Arc;

use api::command::channel::{DualTransfer, HoldAction, LegChoice, Transfer};
use api::event::{ChannelEvent, RanApplication};
use api::view::{CallState, ChannelState, Direction};
use api::{ChannelId, CommandError, ErrorKind, ObjectKind};

use crate::Switch;
use crate::leg::LegEnd;
use crate::work::Work;

impl Switch {
    pub(crate) fn transfer_command(&mut self, command: &Transfer) -> Result<(), CommandError> {
        self.require(&command.channel)?;
        let Transfer {
            channel,
            leg,
            extension,
            dialplan,
            context,
        } = command;
        self.transfer_legs(channel, *leg, extension, dialplan.clone(), context.clone());
        Ok(())
    }

    pub(crate) fn dual_transfer_command(
        &mut self,
        command: &DualTransfer,
    ) -> Result<(), CommandError> {
        self.require(&command.channel)?;
        let peer = self.separate(&command.channel);
        let (extension, dialplan, context) = command.a.clone();
        self.transfer_channel(&command.channel, &extension, dialplan, context);
        if let Some(peer) = peer {
            let (extension, dialplan, context) = command.b.clone();
            self.transfer_channel(&peer, &extension, dialplan, context);
        }
        Ok(())
    }

    /// The channel, or `NotFound(Channel)` when it is gone or going.
    pub(crate) fn require(&self, id: &ChannelId) -> Result<(), CommandError> {
        match self.channels.get(id) {
            Some(live) if live.is_up() => Ok(()),
            Some(_) | None => Err(CommandError::not_found(ObjectKind::Channel)),
        }
    }

    /// Transfers the named channel, its partner, or both.
    pub(crate) fn transfer_legs(
        &mut self,
        id: &ChannelId,
        leg: LegChoice,
        extension: &str,
        dialplan: Option<Arc<str>>,
        context: Option<Arc<str>>,
    ) {
        match leg {
            LegChoice::A => self.transfer_channel(id, extension, dialplan, context),
            LegChoice::B => {
                let peer = self.partner(id);
                if let Some(peer) = peer {
                    self.transfer_channel(&peer, extension, dialplan, context);
                }
            }
            LegChoice::Both => {
                let peer = self.separate(id);
                self.transfer_channel(id, extension, dialplan.clone(), context.clone());
                if let Some(peer) = peer {
                    self.transfer_channel(&peer, extension, dialplan, context);
                }
            }
        }
    }

    /// Who the channel is bridged with.
    pub(crate) fn partner(&self, id: &ChannelId) -> Option<ChannelId> {
        self.channels
            .get(id)?
            .bridge
            .as_ref()
            .map(|bridge| bridge.peer.clone())
    }

    /// Sends one channel through the dialplan anew.
    pub(crate) fn transfer_channel(
        &mut self,
        id: &ChannelId,
        extension: &str,
        dialplan: Option<Arc<str>>,
        context: Option<Arc<str>>,
    ) {
        if self.retarget(id, extension, dialplan, context) {
            self.route_anew(id);
        }
    }

    /// Gives a channel the profile of a transfer; false when it is gone, or hung up for too many of them.
    pub(crate) fn retarget(
        &mut self,
        id: &ChannelId,
        extension: &str,
        dialplan: Option<Arc<str>>,
        context: Option<Arc<str>>,
    ) -> bool {
        let Some(live) = self.channels.get(id).filter(|live| live.is_up()) else {
            return false;
        };
        let Some(profile) = live.seen.profile.clone() else {
            return false;
        };
        let dialplan = dialplan.unwrap_or_else(|| match &*profile.dialplan {
            // The list it was sent to is no dialplan a number could be looked up in (recorded).
            inline if inline.eq_ignore_ascii_case("inline") => "XML".into(),
            "" => "XML".into(),
            _ => profile.dialplan.clone(),
        });
        let context = context.unwrap_or_else(|| default_to(&profile.context, "default"));
        let hops = live
            .seen
            .variables
            .text("max_forwards")
            .and_then(|n| n.parse::<u32>().ok());
        if hops == Some(0) {
            tracing::warn!(channel = %id, "Too many transfers");
            self.hangup(
                id,
                api::HangupCause::ExchangeRoutingError,
                api::cause::Blame::Ours,
            );
            return false;
        }
        self.set_var(id, "max_forwards", hops.map_or(70, |n| n - 1).to_string());
        self.new_profile(id, "bl_xfer", &format!("{extension}/{context}/{dialplan}"));
        if let Some(live) = self.channels.get_mut(id) {
            let inline = dialplan.eq_ignore_ascii_case("inline");
            let profile = live.profile_mut();
            if !inline {
                profile.rdnis =
                    std::mem::replace(&mut profile.destination_number, extension.into());
                profile.logical_direction = Direction::Inbound;
            }
            profile.dialplan = dialplan;
            profile.context = context;
            // A list of applications is no number: the channel keeps the one it has (recorded).
            live.inline_route = inline.then(|| extension.into());
            live.seen_mut().hit_dialplan = true;
        }
        true
    }

    /// Ends what the channel is doing and sends it to its dialplan.
    pub(crate) fn route_anew(&mut self, id: &ChannelId) {
        self.leave_for_transfer(id);
        self.release_limits_on_transfer(id);
        self.enter_state(id, ChannelState::Routing);
        self.work.push_back(Work::Hunt(id.clone()));
    }

    /// Ends what the channel is doing, on its way to CS_ROUTING.
    pub(crate) fn leave_for_transfer(&mut self, id: &ChannelId) {
        self.set_next_state(id, ChannelState::Routing);
        let bridged_by_command = self
            .channels
            .get(id)
            .is_some_and(|live| live.bridge.is_some());
        self.end_script(id);
        if bridged_by_command
            && self
                .channels
                .get(id)
                .is_some_and(|live| live.bridge.is_some())
        {
            self.disconnect(id);
        }
    }

    /// Starts a new caller profile that remembers where it came from (`transfer_source`).
    pub(crate) fn new_profile(&mut self, id: &ChannelId, how: &str, what: &str) {
        let now = self.now.wall;
        let mark = self.new_uuid();
        let source = format!("{}:{mark}:{how}:{what}", now.as_seconds());
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let Some(old) = live.seen.profile.clone() else {
            return;
        };
        live.old_profiles.insert(0, old);
        live.old_profiles.truncate(16);
        let profile = live.profile_mut();
        profile.index += 1;
        profile.transfer_source = source.as_str().into();
        profile.times.profile_created = now;
        profile.times.transferred = api::Timestamp::ZERO;
        self.set_var(id, "transfer_history", source.as_str());
        self.set_var(id, "transfer_source", source);
    }

    /// `original_…`: what a channel was before it was bridged by command.
    pub(crate) fn remember_original(&mut self, id: &ChannelId) {
        let Some(profile) = self
            .channels
            .get(id)
            .and_then(|live| live.seen.profile.clone())
        else {
            return;
        };
        self.set_var(
            id,
            "original_destination_number",
            &*profile.destination_number,
        );
        self.set_var(id, "original_caller_id_name", &*profile.caller_id_name);
        self.set_var(id, "original_caller_id_number", &*profile.caller_id_number);
    }

    /// CHANNEL_EXECUTE of the `uuid_bridge` that clients see on both sides.
    pub(crate) fn announce_uuid_bridge(&mut self, id: &ChannelId, peer: &ChannelId) {
        let ran = RanApplication {
            name: "uuid_bridge".into(),
            data: peer.as_str().into(),
            // The original gives it none (recorded).
            uuid: "".into(),
            uuid_name: None,
        };
        if let Some(live) = self.channels.get_mut(id) {
            live.seen_mut().application = Some((ran.name.clone(), ran.data.clone()));
        }
        self.emit(id, ChannelEvent::Executed(ran));
    }

    /// Parks a channel, whatever it is doing.
    pub(crate) fn enter_park(&mut self, id: &ChannelId) {
        self.transfer_channel(id, "park:", Some("inline".into()), None);
    }

    /// Puts another extension's actions in front of the rest.
    pub(crate) fn execute_extension(
        &mut self,
        id: &ChannelId,
        extension: &str,
        dialplan: Option<Arc<str>>,
        context: Option<Arc<str>>,
    ) {
        let Some(profile) = self
            .channels
            .get(id)
            .and_then(|live| live.seen.profile.clone())
        else {
            return;
        };
        let inline = dialplan
            .as_deref()
            .unwrap_or(&profile.dialplan)
            .eq_ignore_ascii_case("inline");
        let actions: Vec<api::Application> = if inline {
            crate::dialplan::inline::parse(extension)
                .into_iter()
                .map(|item| api::Application::new(&*item.application, &*item.data))
                .collect()
        } else {
            let context = context.unwrap_or_else(|| default_to(&profile.context, "default"));
            // The hunt looks at the number of the extension, so the profile shows it for that moment.
            let number = profile.destination_number.clone();
            self.set_destination(id, extension);
            let xml = self.config.xml.clone();
            let now = self.local_time();
            let mut hunting = crate::script::app::HuntingChannel { switch: self, id };
            let route = xml.dialplan.route(&context, &mut hunting, &now);
            self.set_destination(id, &number);
            match route {
                Ok(route) => route
                    .actions
                    .into_iter()
                    .map(|i| api::Application::new(&*i.application, &*i.data))
                    .collect(),
                Err(error) => {
                    tracing::warn!(channel = %id, extension, %error, "No such extension");
                    Vec::new()
                }
            }
        };
        if let Some(live) = self.channels.get_mut(id) {
            for action in actions.into_iter().rev() {
                live.script.actions.push_front(action);
            }
        }
    }

    fn set_destination(&mut self, id: &ChannelId, number: &str) {
        if let Some(live) = self.channels.get_mut(id) {
            live.profile_mut().destination_number = number.into();
        }
    }

    pub(crate) fn hold_command(
        &mut self,
        id: &ChannelId,
        action: HoldAction,
    ) -> Result<(), CommandError> {
        self.require(id)?;
        let held = self.channels.get(id).is_some_and(|live| live.held_by_us);
        if action == HoldAction::Off && !held {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "the channel is not held",
            ));
        }
        let on = match action {
            HoldAction::On => true,
            HoldAction::Off => false,
            HoldAction::Toggle => !held,
        };
        if !self
            .channels
            .get(id)
            .is_some_and(|live| live.seen.is_answered())
        {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "the channel is not answered",
            ));
        }
        self.hold_channel(id, on)
    }

    /// Holds a channel by re-INVITE, or takes it off hold. One that is not answered stays as it is.
    ///
    /// # Errors
    /// `InvalidState` when the phone cannot be told.
    pub(crate) fn hold_channel(&mut self, id: &ChannelId, on: bool) -> Result<(), CommandError> {
        let Some(live) = self.channels.get_mut(id) else {
            return Ok(());
        };
        if live.held_by_us == on || !live.seen.is_answered() {
            return Ok(());
        }
        match &live.end {
            LegEnd::Sip(_) => {
                live.held_by_us = on;
                let told = self.tell_hold(id);
                if told.is_err()
                    && let Some(live) = self.channels.get_mut(id)
                {
                    live.held_by_us = !on;
                }
                told?;
            }
            LegEnd::Web(_) => {
                live.held_by_us = on;
                self.limit_web(id);
            }
            // Without a phone there is nobody to hold: asked for, it succeeds and changes nothing (recorded).
            LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => {}
        }
        self.mark_held(id);
        Ok(())
    }

    /// Whoever is at the end of a channel holds us, or does no more.
    pub(crate) fn mark_held_by_peer(&mut self, id: &ChannelId, on: bool) {
        if let Some(live) = self.channels.get_mut(id) {
            live.held_by_peer = on;
        }
        self.mark_held(id);
    }

    /// Whether we hold it turned out to be otherwise.
    pub(crate) fn mark_held_by_us(&mut self, id: &ChannelId, on: bool) {
        if let Some(live) = self.channels.get_mut(id) {
            live.held_by_us = on;
        }
        self.mark_held(id);
    }

    /// The events and times of hold, whoever asked for it.
    fn mark_held(&mut self, id: &ChannelId) {
        let now = self.now.wall;
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let on = live.held_by_us || live.held_by_peer;
        if live.held == on {
            return;
        }
        live.held = on;
        if on {
            live.hold_since = now;
            // Clients see the call state change before the time of it.
            self.set_call_state(id, CallState::Held);
            if let Some(live) = self.channels.get_mut(id) {
                live.profile_mut().times.last_hold = now;
            }
            self.emit(id, ChannelEvent::Held);
            self.presence(id, "hold");
        } else {
            let span = now.micros_since(live.hold_since);
            self.set_call_state(id, CallState::Unheld);
            if let Some(live) = self.channels.get_mut(id) {
                live.profile_mut().times.hold_accum_us += span;
            }
            self.emit(id, ChannelEvent::Unheld);
            self.presence(id, "unhold");
            self.set_call_state(id, CallState::Active);
        }
    }
}

fn default_to(text: &Arc<str>, default: &str) -> Arc<str> {
    if text.is_empty() {
        default.into()
    } else {
        text.clone()
    }
}

#[cfg(test)]
mod tests;
