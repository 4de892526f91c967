//! What agents' devices are doing (event-api.md §5.1), and with it which of their calls no queue gave them.
//!
//! Only extensions of agents are watched, and only those whose channels or registrations have just changed are looked at.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use api::ChannelId;
use api::event::{AccountEvent, QueueAction};
use api::view::{CallState, DeviceState, Direction, Extension, Registration};

use super::{About, Queues};
use crate::Switch;
use crate::channel::Live;

/// Devices of agents by address, `1000@default`.
#[derive(Debug, Default)]
pub(super) struct Devices {
    by_address: HashMap<Arc<str>, Device>,
    /// Which device a channel is at, while it lives, and what it looked like there.
    of_channel: HashMap<ChannelId, (Arc<str>, Face)>,
    /// To be looked at before the step ends.
    changed: BTreeSet<Arc<str>>,
    /// Channels that changed in this step.
    channels: HashSet<ChannelId>,
}

#[derive(Debug, Default)]
struct Device {
    agents: Vec<Arc<str>>,
    channels: Vec<ChannelId>,
}

/// All of a channel that counts for its device. Channels change many times in a call, this a few times: a device with many
/// calls is not looked at for everything else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Face {
    is_answered: bool,
    is_held: bool,
    /// A queue called it, and waits for it.
    is_called: bool,
    /// A queue talks through it.
    is_served: bool,
}

impl Queues {
    /// A channel is not as it was; it may be at an agent's device.
    pub(crate) fn channel_changed(&mut self, id: &ChannelId) {
        let devices = &mut self.devices;
        if !devices.by_address.is_empty() && !devices.channels.contains(id) {
            devices.channels.insert(id.clone());
        }
    }
}

fn address(extension: &Extension) -> Arc<str> {
    extension.to_string().into()
}

impl Switch {
    /// The agent is called at another extension, or has gone.
    pub(super) fn watch_agent(
        &mut self,
        agent: &Arc<str>,
        old: Option<&Extension>,
        new: Option<&Extension>,
    ) {
        let devices = &mut self.queues.devices;
        if let Some(old) = old.map(address)
            && let Some(device) = devices.by_address.get_mut(&old)
        {
            device.agents.retain(|one| one != agent);
            if device.agents.is_empty() {
                for channel in devices
                    .by_address
                    .remove(&old)
                    .into_iter()
                    .flat_map(|device| device.channels)
                {
                    devices.of_channel.remove(&channel);
                }
            }
        }
        let Some(new) = new.map(address) else { return };
        devices
            .by_address
            .entry(new.clone())
            .or_default()
            .agents
            .push(agent.clone());
        devices.changed.insert(new.clone());
        // Calls that are there already count too.
        let live: Vec<ChannelId> = self.channels.keys().cloned().collect();
        for channel in live {
            self.watch_channel(&channel);
        }
    }

    /// A registration came or went.
    pub(crate) fn device_registered(&mut self, event: &AccountEvent) {
        let registration: &Registration = match event {
            AccountEvent::Registered { registration, .. }
            | AccountEvent::Unregistered { registration }
            | AccountEvent::Expired { registration } => registration,
            AccountEvent::RegisterAttempted { .. }
            | AccountEvent::RegisterFailed { .. }
            | AccountEvent::Gateway(_)
            | AccountEvent::GatewayAdded { .. }
            | AccountEvent::GatewayDeleted { .. } => return,
        };
        if self.queues.devices.by_address.is_empty() {
            return;
        }
        if let Some(account) = self.account(&registration.domain, &registration.user) {
            self.device_changed(&account.address());
        }
    }

    /// Something other than its channels changed about a device.
    pub(crate) fn device_changed(&mut self, address: &Arc<str>) {
        let devices = &mut self.queues.devices;
        if devices.by_address.contains_key(address) {
            devices.changed.insert(address.clone());
        }
    }

    /// Everything about the directory may be otherwise.
    pub(crate) fn all_devices_changed(&mut self) {
        let devices = &mut self.queues.devices;
        devices.changed.extend(devices.by_address.keys().cloned());
    }

    /// Looks at the devices that have changed in this step.
    pub(super) fn watch_devices(&mut self) {
        if self.queues.devices.by_address.is_empty() {
            return;
        }
        for channel in std::mem::take(&mut self.queues.devices.channels) {
            self.watch_channel(&channel);
        }
        while let Some(address) = self.queues.devices.changed.pop_first() {
            self.look_at(&address);
        }
    }

    fn watch_channel(&mut self, id: &ChannelId) {
        let live = self.channels.get(id).filter(|live| live.is_up());
        let known = self.queues.devices.of_channel.get(id).cloned();
        let Some(live) = live else {
            if let Some((address, _)) = known {
                let devices = &mut self.queues.devices;
                devices.of_channel.remove(id);
                if let Some(device) = devices.by_address.get_mut(&address) {
                    device.channels.retain(|one| one != id);
                    devices.changed.insert(address);
                }
            }
            return;
        };
        if let Some((address, last)) = known {
            let face = self.face(id, live, &address);
            if face != last {
                let devices = &mut self.queues.devices;
                devices
                    .of_channel
                    .insert(id.clone(), (address.clone(), face));
                devices.changed.insert(address);
            }
            return;
        }
        let presence = live.seen.variables.text("presence_id");
        let Some((user, domain)) = presence.and_then(|text| text.split_once('@')) else {
            return;
        };
        let Some(account) = self.account(domain, user) else {
            return;
        };
        let address = account.address();
        if !self.queues.devices.by_address.contains_key(&address) {
            return;
        }
        let face = self.face(id, live, &address);
        let devices = &mut self.queues.devices;
        if let Some(device) = devices.by_address.get_mut(&address) {
            device.channels.push(id.clone());
            devices
                .of_channel
                .insert(id.clone(), (address.clone(), face));
            devices.changed.insert(address);
        }
    }

    fn face(&self, id: &ChannelId, live: &Live, address: &Arc<str>) -> Face {
        let device = self.queues.devices.by_address.get(address);
        let mut desks = device
            .into_iter()
            .flat_map(|device| &device.agents)
            .filter_map(|agent| self.queues.desks.get(agent));
        Face {
            is_answered: live.seen.is_answered(),
            is_held: live.seen.call_state == CallState::Held,
            is_called: live.attempt.is_some() && self.var(id, "cc_side") == Some("agent"),
            is_served: desks.any(|desk| desk.seen.channel.as_ref() == Some(id)),
        }
    }

    fn look_at(&mut self, address: &Arc<str>) {
        let Some(device) = self.queues.devices.by_address.get(address) else {
            return;
        };
        let (agents, channels) = (device.agents.clone(), device.channels.clone());
        let state = self.device_state(address, &channels);
        for agent in agents {
            self.device_is(&agent, state, &channels);
        }
    }

    fn device_is(&mut self, agent: &Arc<str>, state: DeviceState, channels: &[ChannelId]) {
        let served = self
            .queues
            .desks
            .get(agent)
            .and_then(|desk| desk.seen.channel.clone());
        // One that goes on after the talk it was made for is no queue's any more.
        let of_queue = |id: &&ChannelId| {
            let live = self.channels.get(*id);
            let called = live.is_some_and(|live| live.attempt.is_some());
            served.as_ref() == Some(*id) || called && self.var(id, "cc_side") == Some("agent")
        };
        let own = channels.iter().filter(of_queue).count();
        let external = u32::try_from(channels.len() - own).unwrap_or(u32::MAX);
        let Some(desk) = self.queues.desks.get_mut(agent) else {
            return;
        };
        let freed = desk.seen.statistics.external_calls > external;
        let unchanged = desk.seen.statistics.external_calls == external;
        desk.seen.statistics.external_calls = external;
        let old = std::mem::replace(&mut desk.seen.device, state);
        if old == state {
            if !unchanged {
                self.show_agent(agent);
            }
        } else {
            self.show_agent(agent);
            for queue in self.queues_of(agent) {
                let about = About::place(&queue, agent);
                self.tell_of_queue(&about, QueueAction::DeviceChanged { old });
            }
        }
        if freed || old != state {
            self.stir_queues_of(agent);
        }
    }

    fn device_state(&self, address: &str, channels: &[ChannelId]) -> DeviceState {
        let live = |id: &ChannelId| self.channels.get(id).map(|live| &live.seen);
        let calls: Vec<_> = channels.iter().filter_map(live).collect();
        if calls.is_empty() {
            return self.idle_device_state(address);
        }
        let rings = |seen: &&Arc<api::view::Channel>| {
            seen.direction == Direction::Outbound && !seen.is_answered()
        };
        let ringing = calls.iter().filter(|seen| rings(seen)).count();
        let held = calls
            .iter()
            .filter(|seen| seen.call_state == CallState::Held)
            .count();
        if ringing == calls.len() {
            DeviceState::Ringing
        } else if ringing > 0 {
            DeviceState::RingInUse
        } else if held == calls.len() {
            DeviceState::OnHold
        } else {
            DeviceState::InUse
        }
    }

    fn idle_device_state(&self, address: &str) -> DeviceState {
        let Some((user, domain)) = address.split_once('@') else {
            return DeviceState::Invalid;
        };
        let Some(account) = self.account(domain, user) else {
            return DeviceState::Invalid;
        };
        let disturbed = self.view.user_state(user, domain);
        if disturbed.is_some_and(|state| state.do_not_disturb) {
            return DeviceState::Busy;
        }
        let reachable = account.own_dial_string().is_some()
            || !self.contacts_of(domain, user).is_empty()
            || !self.web_clients_of(domain, user).is_empty();
        if reachable {
            DeviceState::NotInUse
        } else {
            DeviceState::Unavailable
        }
    }
}
