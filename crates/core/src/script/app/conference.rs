//! `conference`: enter a room; [`crate::room`] does the rest.

use api::ChannelId;

use super::{App, Started};
use crate::Switch;

pub(super) fn conference(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    if switch.join_room(id, data) {
        Started::Waits(App::Conference)
    } else {
        Started::Done
    }
}
