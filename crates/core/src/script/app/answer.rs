//! `answer`, `pre_answer`, `ring_ready`.

use api::ChannelId;

use super::Started;
use crate::Switch;

pub(super) fn answer(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    switch.answer_channel(id);
    Started::Done
}

pub(super) fn pre_answer(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    switch.pre_answer_channel(id);
    Started::Done
}

pub(super) fn ring_ready(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    switch.ring_channel(id);
    Started::Done
}
