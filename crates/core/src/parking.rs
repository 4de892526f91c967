//! Parking lots: calls kept in numbered slots until somebody dials the number (`valet_park`, event-socket.md §5.2;
//! event-api.md §5.3).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::command::parking::{ParkInLot, PutLot, RemoveLot, RetrieveParked};
use api::event::{EventKind, ParkingAction, ParkingEvent, UnparkReason};
use api::id::LotId;
use api::view::{Lot, ParkedCall};
use api::{ChannelId, CommandError, ErrorKind, ObjectKind, Timestamp};

use crate::Switch;

/// Most lots there can be; more are refused.
const MAX_LOTS: usize = 1_000;
/// Most calls in one lot; more are refused.
const MAX_PARKED: usize = 1_000;
/// Longest name of a lot, and of a slot, bytes.
const MAX_NAME: usize = 256;

/// The lots there are, by name.
pub(crate) type Lots = BTreeMap<Arc<str>, Lot>;

/// Names stand in the arguments of an application, among others.
fn is_name(name: &str) -> bool {
    let fits = !name.is_empty() && name.len() <= MAX_NAME;
    fits && name
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b",:|".contains(&byte))
}

impl Switch {
    pub(crate) fn put_lot(&mut self, c: &PutLot) -> Result<LotId, CommandError> {
        self.lot(&c.name, true)
    }

    fn lot(&mut self, name: &Arc<str>, kept: bool) -> Result<LotId, CommandError> {
        if !is_name(name) {
            let kind = ErrorKind::InvalidArgument("name");
            return Err(CommandError::new(
                kind,
                "1 to 256 letters, digits and marks",
            ));
        }
        if let Some(lot) = self.lots.get_mut(name) {
            lot.kept |= kept;
            let id = lot.id;
            self.show_lot(name);
            return Ok(id);
        }
        if self.lots.len() >= MAX_LOTS {
            let kind = ErrorKind::LimitReached;
            return Err(CommandError::new(kind, "there are too many lots"));
        }
        let id = LotId(self.new_uuid());
        let lot = Lot {
            id,
            name: name.clone(),
            kept,
            parked: Vec::new(),
        };
        self.lots.insert(name.clone(), lot);
        self.show_lot(name);
        Ok(id)
    }

    pub(crate) fn remove_lot(&mut self, c: &RemoveLot) -> Result<(), CommandError> {
        let Some(lot) = self.lots.get(&c.name) else {
            return Err(CommandError::not_found(ObjectKind::Lot));
        };
        if !lot.parked.is_empty() {
            let kind = ErrorKind::InvalidState;
            return Err(CommandError::new(kind, "a call is parked there"));
        }
        self.lots.remove(&c.name);
        self.show_lot(&c.name);
        Ok(())
    }

    fn show_lot(&mut self, name: &Arc<str>) {
        self.subscriptions.watched.lot_changed(name);
        match self.lots.get(name) {
            Some(lot) => self
                .view
                .lots
                .insert_mut(name.clone(), Arc::new(lot.clone())),
            None => {
                self.view.lots.remove_mut(name);
            }
        }
        self.view_changed();
    }

    pub(crate) fn park_in_lot(&mut self, c: &ParkInLot) -> Result<Arc<str>, CommandError> {
        self.require(&c.channel)?;
        let called = self
            .channels
            .get(&c.channel)
            .is_some_and(|live| live.attempt.is_some());
        if called {
            let kind = ErrorKind::InvalidState;
            return Err(CommandError::new(kind, "the channel is still being called"));
        }
        for (argument, name) in [("lot", Some(&c.lot)), ("slot", c.slot.as_ref())] {
            if name.is_some_and(|name| !is_name(name)) {
                let kind = ErrorKind::InvalidArgument(argument);
                return Err(CommandError::new(
                    kind,
                    "1 to 256 letters, digits and marks",
                ));
            }
        }
        let slot = match &c.slot {
            Some(slot) if self.parked(&c.lot, slot).is_some() => {
                let kind = ErrorKind::AlreadyExists(ObjectKind::Slot);
                return Err(CommandError::new(kind, "a call is parked there"));
            }
            Some(slot) => slot.clone(),
            None => self
                .free_slot(&c.lot, c.range)
                .ok_or_else(|| CommandError::new(ErrorKind::LimitReached, "no slot is free"))?,
        };
        match c.timeout {
            Some(timeout) => {
                let seconds = timeout.as_secs().max(1);
                self.set_var(&c.channel, "valet_parking_timeout", seconds.to_string());
            }
            None => self.unset_var(&c.channel, "valet_parking_timeout"),
        }
        let application = format!("valet_park:{} {slot}", c.lot);
        self.transfer_channel(&c.channel, &application, Some("inline".into()), None);
        Ok(slot)
    }

    pub(crate) fn retrieve_parked(
        &mut self,
        c: &RetrieveParked,
    ) -> Result<ChannelId, CommandError> {
        if !self.lots.contains_key(&c.lot) {
            return Err(CommandError::not_found(ObjectKind::Lot));
        }
        let Some(parked) = self.parked(&c.lot, &c.slot) else {
            return Err(CommandError::not_found(ObjectKind::Slot));
        };
        self.require(&c.by)?;
        self.retrieve(&c.lot, &parked, &c.by)?;
        Ok(parked.channel.clone())
    }

    /// Connects `by` with a parked call.
    ///
    /// # Errors
    /// `InvalidState` when `by` is the parked call itself, or still being called.
    pub(crate) fn retrieve(
        &mut self,
        lot: &Arc<str>,
        parked: &Arc<ParkedCall>,
        by: &ChannelId,
    ) -> Result<(), CommandError> {
        let called = self
            .channels
            .get(by)
            .is_some_and(|live| live.attempt.is_some());
        if called || parked.channel == *by {
            let kind = ErrorKind::InvalidState;
            return Err(CommandError::new(kind, "the channel cannot be connected"));
        }
        let reason = UnparkReason::Retrieved { by: by.clone() };
        self.unpark(lot, &parked.channel, reason);
        self.answer_channel(by);
        self.answer_channel(&parked.channel);
        self.bridge_channels(by, &parked.channel)
    }

    /// The call in a slot.
    pub(crate) fn parked(&self, lot: &str, slot: &str) -> Option<Arc<ParkedCall>> {
        self.lots.get(lot)?.slot(slot).cloned()
    }

    /// The call that has been parked for the longest time, in slots of a range.
    pub(crate) fn longest_parked(
        &self,
        lot: &str,
        (min, max): (u32, u32),
    ) -> Option<Arc<ParkedCall>> {
        let within = |parked: &&Arc<ParkedCall>| {
            parked
                .slot
                .parse::<u32>()
                .is_ok_and(|slot| (min..=max).contains(&slot))
        };
        let parked = self.lots.get(lot)?.parked.iter().filter(within);
        parked.min_by_key(|parked| parked.since).cloned()
    }

    /// The first slot of a range where nobody is.
    pub(crate) fn free_slot(&self, lot: &str, (min, max): (u32, u32)) -> Option<Arc<str>> {
        let lot = self.lots.get(lot);
        let parked = lot.map_or(&[][..], |lot| &lot.parked);
        // Among one slot more than there are calls one is free.
        let last = max.min(min.saturating_add(u32::try_from(parked.len()).ok()?));
        (min..=last)
            .map(|slot| Arc::<str>::from(slot.to_string()))
            .find(|slot| parked.iter().all(|one| one.slot != *slot))
    }

    /// A channel is in a slot from now on; false when that cannot be.
    pub(crate) fn park_at(
        &mut self,
        id: &ChannelId,
        lot: &Arc<str>,
        slot: &Arc<str>,
        timeout: Option<Duration>,
    ) -> bool {
        if !is_name(slot) || self.parked(lot, slot).is_some() {
            return false;
        }
        if let Err(error) = self.lot(lot, false) {
            tracing::warn!(channel = %id, lot = &**lot, %error, "The call cannot be parked");
            return false;
        }
        let now = self.now.wall;
        let Some(lot_seen) = self.lots.get_mut(lot) else {
            return false;
        };
        if lot_seen.parked.len() >= MAX_PARKED {
            tracing::warn!(channel = %id, lot = &**lot, "The lot is full");
            return false;
        }
        let parked = Arc::new(ParkedCall {
            slot: slot.clone(),
            channel: id.clone(),
            since: now,
            until: timeout.map_or(Timestamp::ZERO, |span| now.after(span)),
        });
        let number = |slot: &str| slot.parse::<u64>().unwrap_or(u64::MAX);
        let key = (number(slot), slot.clone());
        let at = lot_seen
            .parked
            .partition_point(|one| (number(&one.slot), one.slot.clone()) < key);
        lot_seen.parked.insert(at, parked.clone());
        self.show_lot(lot);
        self.tell_of_parking(lot, parked, ParkingAction::Parked);
        true
    }

    /// A channel is not in its slot any more, if it was there.
    pub(crate) fn unpark(&mut self, lot: &Arc<str>, id: &ChannelId, reason: UnparkReason) {
        let Some(seen) = self.lots.get_mut(lot) else {
            return;
        };
        let Some(at) = seen.parked.iter().position(|one| one.channel == *id) else {
            return;
        };
        let parked = seen.parked.remove(at);
        self.tell_of_parking(lot, parked, ParkingAction::Unparked(reason));
        let gone = self
            .lots
            .get(lot)
            .is_some_and(|lot| lot.parked.is_empty() && !lot.kept);
        if gone {
            self.lots.remove(lot);
        }
        self.show_lot(lot);
    }

    fn tell_of_parking(&mut self, lot: &Arc<str>, parked: Arc<ParkedCall>, action: ParkingAction) {
        let Some(id) = self.lots.get(lot).map(|lot| lot.id) else {
            return;
        };
        let channel = self.channels.get(&parked.channel);
        let channel = channel.map(|live| live.seen.clone());
        let event = ParkingEvent {
            lot: id,
            name: lot.clone(),
            parked,
            action,
        };
        self.publish(EventKind::Parking(Box::new(event)), channel);
    }
}

#[cfg(test)]
mod tests;
