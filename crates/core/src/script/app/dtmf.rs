//! Sending digits.

use api::ChannelId;
use media::control::MediaCommand;

use super::Started;
use crate::Switch;
use crate::dtmf::parse_digits;

pub(super) fn send_dtmf(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let default = switch.view.settings.dtmf_durations[1];
    let steps = parse_digits(data, default);
    switch.send_steps(id, &steps);
    switch.note_sent_digits(id, &steps);
    Started::Done
}

/// Queued digits go out at once when the channel is answered, and with the answer otherwise.
pub(super) fn queue_dtmf(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    if switch
        .channels
        .get(id)
        .is_some_and(|live| live.seen.is_answered())
    {
        return send_dtmf(switch, id, data);
    }
    switch.set_var(
        id,
        "execute_on_answer_queue_dtmf",
        format!("send_dtmf {data}"),
    );
    Started::Done
}

pub(super) fn flush_dtmf(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    switch.flush_digits(id);
    Started::Done
}

pub(super) fn start_dtmf(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    switch.media_of(id, |leg| MediaCommand::DetectDtmf { leg, on: true });
    Started::Done
}

pub(super) fn stop_dtmf(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    switch.media_of(id, |leg| MediaCommand::DetectDtmf { leg, on: false });
    Started::Done
}
