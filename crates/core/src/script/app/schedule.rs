//! `sched_hangup`, `sched_transfer`, `sched_broadcast`, `sched_cancel`.

use std::sync::Arc;
use std::time::Duration;

use api::command::channel::{Broadcast, LegChoice, Transfer};
use api::command::server::{Schedule, Scheduled};
use api::{ChannelId, HangupCause, Timestamp};

use super::Started;
use crate::Switch;

/// `+10` = in ten seconds, otherwise seconds since 1970.
fn time(switch: &Switch, text: &str) -> Option<Timestamp> {
    match text.strip_prefix('+') {
        Some(seconds) => Some(
            switch
                .now
                .wall
                .after(Duration::from_secs(seconds.parse().ok()?)),
        ),
        None => Some(Timestamp(text.parse::<i64>().ok()?.checked_mul(1_000_000)?)),
    }
}

fn schedule(switch: &mut Switch, id: &ChannelId, at: Timestamp, what: Scheduled) {
    switch.add_task(Schedule {
        at,
        repeat_s: 0,
        group: id.as_str().into(),
        what,
    });
}

pub(super) fn sched_hangup(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let mut words = data.split_ascii_whitespace();
    if let Some(at) = words.next().and_then(|word| time(switch, word)) {
        let cause = words
            .next()
            .map_or(HangupCause::AllottedTimeout, HangupCause::from_client);
        schedule(switch, id, at, Scheduled::Hangup(id.clone(), cause));
    }
    Started::Done
}

pub(super) fn sched_transfer(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let mut words = data.split_ascii_whitespace();
    let at = words.next().and_then(|word| time(switch, word));
    if let (Some(at), Some(extension)) = (at, words.next()) {
        let transfer = Transfer {
            channel: id.clone(),
            leg: LegChoice::A,
            extension: extension.into(),
            dialplan: words.next().map(Arc::from),
            context: words.next().map(Arc::from),
        };
        schedule(switch, id, at, Scheduled::Transfer(transfer));
    }
    Started::Done
}

pub(super) fn sched_broadcast(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let mut words = data.split_ascii_whitespace();
    let at = words.next().and_then(|word| time(switch, word));
    if let (Some(at), Some(path)) = (at, words.next()) {
        let leg = match words.next() {
            Some("bleg") => LegChoice::B,
            Some("both") => LegChoice::Both,
            Some(_) | None => LegChoice::A,
        };
        let broadcast = Broadcast {
            channel: id.clone(),
            path: path.into(),
            leg: Some(leg),
            hold_bleg: false,
        };
        schedule(switch, id, at, Scheduled::Broadcast(broadcast));
    }
    Started::Done
}

/// `[<group>]`: without one, what the channel has scheduled for itself.
pub(super) fn sched_cancel(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let group = match data.trim() {
        "" => id.as_str(),
        group => group,
    };
    let deleted = switch.delete_group(group);
    tracing::debug!(channel = %id, group, deleted, "Scheduled tasks deleted");
    Started::Done
}
