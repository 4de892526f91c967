//! Values of `hash`, and resources of `limit` (event-socket.md §6.8).

use api::cause::Blame;
use api::command::table::{ChangeHash, HashChange, Limit, Otherwise};
use api::error::{CommandError, ErrorKind, ObjectKind};
use api::view::{TableKey, Usage};
use api::{ChannelId, Timestamp};

use crate::Switch;

/// Values there may be.
const MAX_VALUES: usize = 100_000;
/// Bytes of a realm, a key and a value together.
const MAX_BYTES: usize = 64 * 1024;
/// Resources that are counted at the same time.
const MAX_RESOURCES: usize = 100_000;

impl Switch {
    pub(crate) fn change_hash(&mut self, command: ChangeHash) -> Result<(), CommandError> {
        let ChangeHash { key, change } = command;
        let old = self.view.tables.hash.get(&key);
        match change {
            HashChange::InsertIfEmpty(_) if old.is_some() => {
                let kind = ErrorKind::AlreadyExists(ObjectKind::Variable);
                return Err(CommandError::new(kind, "there is a value"));
            }
            HashChange::Insert(value) | HashChange::InsertIfEmpty(value) => {
                let is_new = old.is_none();
                let bytes = key.0.len() + key.1.len() + value.len();
                let values = self.view.tables.hash.size();
                if bytes > MAX_BYTES || is_new && values >= MAX_VALUES {
                    let kind = ErrorKind::LimitReached;
                    return Err(CommandError::new(
                        kind,
                        "the value is too long, or one too many",
                    ));
                }
                self.view.tables.hash.insert_mut(key, value);
            }
            HashChange::Delete | HashChange::DeleteIfMatch(_) if old.is_none() => {
                return Err(CommandError::not_found(ObjectKind::Variable));
            }
            HashChange::DeleteIfMatch(value) if old != Some(&value) => {
                return Err(CommandError::new(
                    ErrorKind::InvalidState,
                    "the value is another",
                ));
            }
            HashChange::Delete | HashChange::DeleteIfMatch(_) => {
                self.view.tables.hash.remove_mut(&key);
            }
        }
        self.view_changed();
        Ok(())
    }

    /// Takes a resource for a channel; whom the limit stops goes elsewhere.
    pub(crate) fn take_limit(&mut self, id: &ChannelId, limit: &Limit) -> Result<(), CommandError> {
        self.require(id)?;
        match self.count_in(id, limit) {
            Some(usage) => self.note_usage(id, limit, usage),
            None => {
                tracing::info!(channel = %id, realm = &*limit.key.0, resource = &*limit.key.1, "A limit stops a call");
                match &limit.otherwise {
                    Otherwise::Transfer {
                        extension,
                        dialplan,
                        context,
                    } => self.transfer_channel(id, extension, dialplan.clone(), context.clone()),
                    Otherwise::HangUp(cause) => self.hangup(id, *cause, Blame::Ours),
                }
            }
        }
        Ok(())
    }

    /// Takes a resource for a channel if the limit allows it; whether it did.
    pub(crate) fn try_limit(&mut self, id: &ChannelId, limit: &Limit) -> bool {
        let usage = self.count_in(id, limit);
        if let Some(usage) = usage {
            self.note_usage(id, limit, usage);
        }
        usage.is_some()
    }

    pub(crate) fn holds_limit(&self, id: &ChannelId, key: &TableKey) -> bool {
        let live = self.channels.get(id);
        live.is_some_and(|live| live.limits.contains(key))
    }

    /// The usage with this channel in it; `None` when there is no room for it.
    fn count_in(&mut self, id: &ChannelId, limit: &Limit) -> Option<Usage> {
        let now = self.now.wall;
        let tables = &mut self.view.tables;
        let old = tables.limits.get(&limit.key).copied();
        if old.is_none() && tables.limits.size() >= MAX_RESOURCES {
            return None;
        }
        let live = self.channels.get_mut(id)?;
        let holds = live.limits.contains(&limit.key);
        let mut usage = old.unwrap_or_default();
        // A channel counts once, however often it asks.
        usage.used += u32::from(!holds);
        if limit.interval_s > 0 {
            if has_passed(&usage, now) {
                (usage.rate, usage.since) = (0, now);
            }
            usage.interval_s = limit.interval_s;
            usage.rate = usage.rate.saturating_add(1);
        }
        let counted = if limit.interval_s > 0 {
            usage.rate
        } else {
            usage.used
        };
        if limit.max.is_some_and(|max| counted > max) {
            return None;
        }
        if !holds {
            live.limits.push(limit.key.clone());
        }
        tables.limits.insert_mut(limit.key.clone(), usage);
        self.view_changed();
        Some(usage)
    }

    /// What a dialplan reads.
    fn note_usage(&mut self, id: &ChannelId, limit: &Limit, usage: Usage) {
        let (realm, resource) = &limit.key;
        self.set_var(id, "limit_realm", &**realm);
        self.set_var(id, "limit_id", &**resource);
        self.set_var(id, "limit_max", limit.max.map_or(-1, i64::from).to_string());
        let used = usage.used.to_string();
        self.set_var(id, "limit_usage", &*used);
        self.set_var(id, &format!("limit_usage_{realm}_{resource}"), used);
        if limit.interval_s > 0 {
            let rate = usage.rate.to_string();
            self.set_var(id, "limit_rate", &*rate);
            self.set_var(id, &format!("limit_rate_{realm}_{resource}"), rate);
        }
    }

    /// Gives back one resource of a channel, or all.
    pub(crate) fn release_limits(&mut self, id: &ChannelId, key: Option<&TableKey>) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let mut given = Vec::new();
        live.limits.retain(|held| {
            let goes = key.is_none_or(|key| key == held);
            if goes {
                given.push(held.clone());
            }
            !goes
        });
        if given.is_empty() {
            return;
        }
        let now = self.now.wall;
        for key in given {
            self.release(&key, now);
        }
        self.view_changed();
    }

    fn release(&mut self, key: &TableKey, now: Timestamp) {
        let limits = &mut self.view.tables.limits;
        let Some(mut usage) = limits.get(key).copied() else {
            return;
        };
        usage.used = usage.used.saturating_sub(1);
        // A rate is remembered until its interval is over.
        if usage.used == 0 && has_passed(&usage, now) {
            limits.remove_mut(key);
        } else {
            limits.insert_mut(key.clone(), usage);
        }
    }

    /// A channel goes elsewhere: it gives back what it holds unless told otherwise.
    pub(crate) fn release_limits_on_transfer(&mut self, id: &ChannelId) {
        let keeps = self.var(id, "limit_ignore_transfer");
        if !keeps.is_some_and(|word| word.eq_ignore_ascii_case("true")) {
            self.release_limits(id, None);
        }
    }

    pub(crate) fn reset_interval(&mut self, key: &TableKey) {
        let limits = &mut self.view.tables.limits;
        if let Some(mut usage) = limits.get(key).copied() {
            (usage.rate, usage.since) = (0, self.now.wall);
            limits.insert_mut(key.clone(), usage);
            self.view_changed();
        }
    }

    /// Forgets rates whose interval is over and which nobody uses.
    pub(crate) fn forget_old_rates(&mut self) {
        let now = self.now.wall;
        let over: Vec<TableKey> = self
            .view
            .tables
            .limits
            .iter()
            .filter(|(_, usage)| usage.used == 0 && has_passed(usage, now))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &over {
            self.view.tables.limits.remove_mut(key);
        }
        if !over.is_empty() {
            self.view_changed();
        }
    }
}

/// Whether the interval of a rate is over.
fn has_passed(usage: &Usage, now: Timestamp) -> bool {
    let length_us = i64::from(usage.interval_s) * 1_000_000;
    now.as_micros().saturating_sub(usage.since.as_micros()) >= length_us
}

#[cfg(test)]
mod tests;
