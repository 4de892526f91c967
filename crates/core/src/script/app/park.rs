//! `park`: wait for commands. CHANNEL_PARK and CHANNEL_UNPARK.

use std::time::Duration;

use api::cause::Blame;
use api::event::ChannelEvent;
use api::{ChannelId, HangupCause};

use super::{App, Started};
use crate::Switch;

/// A parked channel.
#[derive(Debug)]
pub(crate) struct Park {
    /// What `park_timeout` ends it with.
    cause: HangupCause,
}

pub(super) fn park(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    let controlled = switch.channels.get(id).is_some_and(|live| {
        let mut apps = live.script.runs.iter().map(|run| &run.app);
        apps.any(|app| matches!(app, App::Socket(socket) if socket.is_parked()))
    });
    if controlled {
        tracing::warn!(channel = %id, "A channel under control is parked already");
        return Started::Done;
    }
    let (limit, cause) = limit(switch, id);
    switch.emit(id, ChannelEvent::Parked);
    if let Some(limit) = limit {
        switch.wait(id, limit);
    }
    Started::Waits(App::Park(Park { cause }))
}

/// `park_timeout`: `<seconds>[:<cause>]`.
pub(super) fn limit(switch: &Switch, id: &ChannelId) -> (Option<Duration>, HangupCause) {
    let Some(text) = switch.var(id, "park_timeout") else {
        return (None, HangupCause::NormalClearing);
    };
    let (seconds, cause) = text.split_once(':').unwrap_or((text, "NORMAL_CLEARING"));
    let seconds = seconds.trim().parse::<u64>().unwrap_or(0);
    let limit = (seconds > 0).then(|| Duration::from_secs(seconds));
    (limit, HangupCause::from_client(cause))
}

impl Switch {
    pub(super) fn park_timeout(&mut self, id: &ChannelId) {
        let cause = match self
            .channels
            .get_mut(id)
            .and_then(|live| live.script.innermost())
            .map(|run| &run.app)
        {
            Some(App::Park(park)) => park.cause,
            Some(_) | None => HangupCause::NormalClearing,
        };
        self.hangup(id, cause, Blame::Ours);
    }

    pub(super) fn abort_park(&mut self, id: &ChannelId, _park: Park) {
        self.emit(id, ChannelEvent::Unparked);
    }
}
