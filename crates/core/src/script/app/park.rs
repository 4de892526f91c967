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
    let timeout = switch.var(id, "park_timeout").map(str::to_owned);
    let (seconds, cause) = match timeout.as_deref() {
        Some(text) => {
            let (seconds, cause) = text.split_once(':').unwrap_or((text, "NORMAL_CLEARING"));
            (
                seconds.trim().parse::<u64>().unwrap_or(0),
                HangupCause::from_client(cause),
            )
        }
        None => (0, HangupCause::NormalClearing),
    };
    switch.emit(id, ChannelEvent::Parked);
    if seconds > 0 {
        switch.wait(id, Duration::from_secs(seconds));
    }
    Started::Waits(App::Park(Park { cause }))
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
