//! Whose calls are watched, and what there is to tell of them (RFC 4235).
//!
//! Only who is watched costs anything: a channel that changes is looked at when somebody has subscribed to somebody.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use api::ChannelId;
use api::view::{AnswerState, CallState, Direction};

use super::dialog_info::{Call, CallIs, Ids, Party};
use super::package::Package;
use crate::Switch;
use crate::channel::Live;
use crate::leg::LegEnd;
use crate::originate::escape_user;
use crate::registrar::address;

/// Before the name of a room that is watched, as the original has it.
const ROOM: &str = "conf+";
/// Before the number of a place in the parking lot of the domain's name.
const SLOT: &str = "park+";
/// Longest name of a room or place that is watched, bytes.
const MAX_NAME: usize = 128;
/// Most calls told of one user; the oldest first.
const MAX_CALLS: usize = 10;

/// Who is watched, by address.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// The channels of each that is watched, in the order they were noticed.
    by_address: HashMap<Arc<str>, Vec<ChannelId>>,
    /// Which of those a channel is at.
    of_channel: HashMap<ChannelId, Vec<Arc<str>>>,
    /// Addresses by the names of the rooms they stand for.
    rooms: HashMap<Box<str>, BTreeSet<Arc<str>>>,
    /// Channels that changed in this step.
    channels: HashSet<ChannelId>,
    /// To be looked at before the step ends.
    changed: BTreeSet<Arc<str>>,
}

/// What room an address stands for: one of that name, or with the domain behind it, as dialplans name theirs.
fn room_names(address: &str) -> Option<[Box<str>; 2]> {
    let (name, domain) = address.strip_prefix(ROOM)?.rsplit_once('@')?;
    Some([name.into(), format!("{name}-{domain}").into()])
}

/// Whether it is the name of something other than a user that may be watched.
pub(super) fn is_place(user: &str) -> bool {
    let name = user.strip_prefix(ROOM).or_else(|| user.strip_prefix(SLOT));
    name.is_some_and(|name| !name.is_empty() && name.len() <= MAX_NAME)
}

impl Watched {
    pub(crate) fn channel_changed(&mut self, id: &ChannelId) {
        if !self.by_address.is_empty() && !self.channels.contains(id) {
            self.channels.insert(id.clone());
        }
    }

    /// Something happened in a parking lot.
    pub(crate) fn lot_changed(&mut self, lot: &str) {
        let is_of_lot = |address: &&Arc<str>| {
            let place = address
                .strip_prefix(SLOT)
                .and_then(|rest| rest.rsplit_once('@'));
            place.is_some_and(|(_, domain)| domain == lot)
        };
        let of_lot = self.by_address.keys().filter(is_of_lot).cloned();
        self.changed.extend(of_lot);
    }

    /// Nobody watches it any more.
    pub(super) fn remove(&mut self, address: &Arc<str>) {
        for channel in self.by_address.remove(address).unwrap_or_default() {
            if let Some(others) = self.of_channel.get_mut(&channel) {
                others.retain(|other| other != address);
                if others.is_empty() {
                    self.of_channel.remove(&channel);
                }
            }
        }
        for name in room_names(address).into_iter().flatten() {
            if let Some(addresses) = self.rooms.get_mut(&name) {
                addresses.remove(address);
                if addresses.is_empty() {
                    self.rooms.remove(&name);
                }
            }
        }
        self.changed.remove(address);
    }

    /// A channel is at these addresses now, and at no other.
    fn put(&mut self, id: &ChannelId, now: Vec<Arc<str>>) {
        let before = self.of_channel.remove(id).unwrap_or_default();
        for left in before.iter().filter(|address| !now.contains(address)) {
            if let Some(channels) = self.by_address.get_mut(left) {
                channels.retain(|channel| channel != id);
            }
        }
        for come in now.iter().filter(|address| !before.contains(address)) {
            if let Some(channels) = self.by_address.get_mut(come) {
                channels.push(id.clone());
            }
        }
        self.changed.extend(before.iter().chain(&now).cloned());
        if !now.is_empty() {
            self.of_channel.insert(id.clone(), now);
        }
    }
}

impl Switch {
    /// Somebody watches an address: calls that are there already count too.
    pub(super) fn watch(&mut self, address: &Arc<str>) {
        let watched = &mut self.subscriptions.watched;
        if watched.by_address.contains_key(address) {
            return;
        }
        watched.by_address.insert(address.clone(), Vec::new());
        for name in room_names(address).into_iter().flatten() {
            let addresses = watched.rooms.entry(name).or_default();
            addresses.insert(address.clone());
        }
        let mut live: Vec<_> = self.channels.values().collect();
        live.sort_unstable_by_key(|live| live.seen.serial);
        let live: Vec<_> = live.into_iter().map(|live| live.id().clone()).collect();
        for channel in live {
            self.place_channel(&channel);
        }
    }

    fn place_channel(&mut self, id: &ChannelId) {
        let watched = &self.subscriptions.watched;
        let mut now = Vec::new();
        if let Some(live) = self.channels.get(id).filter(|live| live.is_up()) {
            let presence = live.seen.variables.text("presence_id");
            let account = presence
                .and_then(|text| text.rsplit_once('@'))
                .and_then(|(user, domain)| self.account(domain, user));
            now.extend(account.map(|account| account.address()));
            let room = live.seen.room.as_deref();
            let rooms = room.and_then(|name| watched.rooms.get(name));
            now.extend(rooms.into_iter().flatten().cloned());
            now.retain(|address| watched.by_address.contains_key(address));
        }
        self.subscriptions.watched.put(id, now);
    }

    /// Tells those who watch whoever's calls have changed in this step.
    pub(crate) fn tell_watchers(&mut self) {
        let watched = &mut self.subscriptions.watched;
        for channel in std::mem::take(&mut watched.channels) {
            self.place_channel(&channel);
            // Whoever is held by it is told so too.
            if let Some(partner) = self.partner(&channel) {
                let watched = &mut self.subscriptions.watched;
                let of_partner = watched.of_channel.get(&partner);
                let of_partner = of_partner.into_iter().flatten().cloned();
                watched.changed.extend(of_partner);
            }
        }
        let changed = std::mem::take(&mut self.subscriptions.watched.changed);
        if changed.is_empty() {
            return;
        }
        for address in changed {
            for id in self.subscriptions.of(Package::Dialog, &address).to_vec() {
                self.calls_changed(id);
            }
        }
        self.run_work();
    }

    /// The calls of a user, of a room or of a place in a parking lot, as a document tells them.
    pub(super) fn calls_of(&self, user: &str, domain: &str) -> Vec<Call> {
        if let Some(slot) = user.strip_prefix(SLOT) {
            return self.parked_call(user, slot, domain).into_iter().collect();
        }
        let address = address(user, domain);
        let channels = self.subscriptions.watched.by_address.get(&address);
        let channels = channels.map_or(&[][..], Vec::as_slice);
        if user.starts_with(ROOM) {
            let uri = format!("sip:{}@{domain}", escape_user(user));
            let room = Party::new(String::new(), uri);
            return (!channels.is_empty())
                .then(|| Call {
                    id: user.into(),
                    ids: None,
                    is_initiator: None,
                    state: CallIs::Confirmed,
                    local: room.clone(),
                    remote: room,
                })
                .into_iter()
                .collect();
        }
        let calls = channels.iter().filter_map(|id| self.channels.get(id));
        let calls = calls.filter_map(|live| self.call_of(live, user, domain));
        calls.take(MAX_CALLS).collect()
    }

    fn parked_call(&self, user: &str, slot: &str, domain: &str) -> Option<Call> {
        let mut parked = self.lots.get(domain)?.parked.iter();
        let parked = parked.find(|parked| *parked.slot == *slot)?;
        let live = self.channels.get(&parked.channel)?;
        let uri = format!("sip:{}@{domain}", escape_user(user));
        Some(Call {
            id: parked.channel.as_str().into(),
            // Whoever dials the slot gets the call; Replaces would end in the room of who parked it.
            ids: None,
            is_initiator: Some(false),
            state: CallIs::Confirmed,
            local: Party::new(String::new(), uri),
            remote: far_party(live, domain, live.seen.direction == Direction::Inbound),
        })
    }

    /// A channel as the phone at its end sees it. `None` while that phone knows nothing of it.
    fn call_of(&self, live: &Live, user: &str, domain: &str) -> Option<Call> {
        let is_initiator = live.seen.direction == Direction::Inbound;
        let rings = live.seen.answer == AnswerState::Early
            || matches!(
                live.seen.call_state,
                CallState::Ringing | CallState::RingWait | CallState::Early
            );
        let state = if live.seen.answer == AnswerState::Answered {
            CallIs::Confirmed
        } else if rings {
            CallIs::Early
        } else if is_initiator {
            CallIs::Trying
        } else {
            return None;
        };
        let uri = format!("sip:{}@{domain}", escape_user(user));
        let mut local = Party::new(String::new(), uri);
        local.holds = live.held_by_peer;
        let mut remote = far_party(live, domain, !is_initiator);
        let far = self.partner(live.id());
        let far_holds = far
            .and_then(|id| self.channels.get(&id))
            .is_some_and(|far| far.held_by_peer);
        remote.holds = live.held_by_us || far_holds;
        let session = match &live.end {
            LegEnd::Sip(leg) => leg.session,
            LegEnd::Web(_) | LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => None,
        };
        // Its local side is the phone, which is the remote one of ours.
        let ids = session
            .and_then(|session| self.sip.dialog(session))
            .map(|dialog| Ids {
                call_id: dialog.call_id.into(),
                local_tag: dialog.remote_tag.into(),
                remote_tag: dialog.local_tag.into(),
            });
        Some(Call {
            id: live.id().as_str().into(),
            ids,
            is_initiator: Some(is_initiator),
            state,
            local,
            remote,
        })
    }
}

impl Party {
    fn new(name: String, uri: String) -> Self {
        Self {
            name,
            uri,
            holds: false,
        }
    }
}

/// The caller of a channel, or whom it called, as it is shown.
fn far_party(live: &Live, domain: &str, is_caller: bool) -> Party {
    let Some(profile) = &live.seen.profile else {
        return Party::new(String::new(), format!("sip:{domain}"));
    };
    if is_caller && profile.privacy_hide_number {
        let uri = "sip:anonymous@anonymous.invalid".into();
        return Party::new("Anonymous".into(), uri);
    }
    let (name, number) = if is_caller {
        (&profile.caller_id_name, &profile.caller_id_number)
    } else {
        (&profile.callee_id_name, &profile.destination_number)
    };
    let name = if is_caller && profile.privacy_hide_name {
        String::new()
    } else {
        name.to_string()
    };
    Party::new(name, format!("sip:{}@{domain}", escape_user(number)))
}
