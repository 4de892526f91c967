//! `hold` and `unhold`.

use api::ChannelId;

use super::Started;
use crate::Switch;

pub(super) fn hold(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    set(switch, id, true)
}

pub(super) fn unhold(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    set(switch, id, false)
}

fn set(switch: &mut Switch, id: &ChannelId, on: bool) -> Started {
    if let Err(error) = switch.hold_channel(id, on) {
        tracing::warn!(channel = %id, on, %error, "Hold cannot be changed");
    }
    Started::Done
}
