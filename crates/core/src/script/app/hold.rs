//! `hold` and `unhold`.

use api::ChannelId;

use super::Started;
use crate::Switch;

pub(super) fn hold(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    switch.hold_channel(id, true);
    Started::Done
}

pub(super) fn unhold(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    switch.hold_channel(id, false);
    Started::Done
}
