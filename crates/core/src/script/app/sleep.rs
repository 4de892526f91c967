//! `sleep`: wait for a while.

use std::time::Duration;

use api::ChannelId;

use super::{App, Started};
use crate::Switch;

pub(super) fn sleep(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let ms = data.trim().parse::<u64>().unwrap_or(0);
    if switch.var_true(id, "sleep_eat_digits")
        && let Some(live) = switch.channels.get_mut(id)
    {
        live.digits.clear();
    }
    if ms == 0 {
        return Started::Done;
    }
    switch.wait(id, Duration::from_millis(ms));
    Started::Waits(App::Sleep)
}
