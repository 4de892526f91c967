//! `echo` and `delay_echo`.

use api::ChannelId;
use media::control::{EchoDelay, MediaCommand};

use super::{App, Started};
use crate::Switch;

pub(super) fn echo(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    switch.media_of(id, |leg| MediaCommand::Echo {
        leg,
        delay: Some(EchoDelay::default()),
    });
    Started::Waits(App::Echo)
}

pub(super) fn delay_echo(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let delay_ms = data.trim().parse().unwrap_or(0);
    switch.media_of(id, |leg| MediaCommand::Echo {
        leg,
        delay: Some(EchoDelay { delay_ms }),
    });
    Started::Waits(App::Echo)
}
