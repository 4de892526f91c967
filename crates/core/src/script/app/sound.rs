//! How a channel sounds: `set_audio_level`, `set_mute`, and the digits that are let through or sent as tones.

use api::ChannelId;
use api::command::channel::{AdjustAudio, AudioChange};
use media::control::MediaCommand;

use super::Started;
use crate::Switch;

/// `read|write <level>`, −4 to 4.
pub(super) fn set_audio_level(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    change(switch, id, data, |value| {
        Some((false, value.parse::<i32>().ok()?.clamp(-4, 4)))
    })
}

/// `read|write true|false`, or a number: 0 lets it be heard again.
pub(super) fn set_mute(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    change(switch, id, data, |value| {
        let on = match value.parse::<i32>() {
            Ok(number) => number != 0,
            Err(_) => api::variables::is_true(value),
        };
        Some((true, i32::from(on)))
    })
}

fn change(
    switch: &mut Switch,
    id: &ChannelId,
    data: &str,
    read_value: impl Fn(&str) -> Option<(bool, i32)>,
) -> Started {
    let mut words = data.split_ascii_whitespace();
    let read = match words.next() {
        Some(word) if word.eq_ignore_ascii_case("read") => Some(true),
        Some(word) if word.eq_ignore_ascii_case("write") => Some(false),
        Some(_) | None => None,
    };
    let value = words.next().and_then(read_value);
    let Some((read, (mute, level))) = read.zip(value) else {
        tracing::warn!(channel = %id, data, "Neither read nor write, or no value");
        return Started::Done;
    };
    let command = AdjustAudio {
        channel: id.clone(),
        change: Some(AudioChange { read, mute, level }),
    };
    if let Err(error) = switch.adjust_audio(&command) {
        tracing::warn!(channel = %id, %error, "Sound cannot be changed");
    }
    Started::Done
}

pub(super) fn block_dtmf(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    block(switch, id, true)
}

pub(super) fn unblock_dtmf(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    block(switch, id, false)
}

fn block(switch: &mut Switch, id: &ChannelId, on: bool) -> Started {
    switch.drop_digits(id, on);
    Started::Done
}

pub(super) fn start_dtmf_generate(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    switch.media_of(id, |leg| MediaCommand::ToneDtmf { leg, on: true });
    Started::Done
}

pub(super) fn stop_dtmf_generate(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    switch.media_of(id, |leg| MediaCommand::ToneDtmf { leg, on: false });
    Started::Done
}

#[cfg(test)]
mod tests {
    use api::command::channel::{Execute, QueuedAction, ReceiveDtmf};
    use api::event::{ChannelEvent, EventKind};
    use media::control::MuteSide;

    use super::*;
    use crate::rig::Rig;

    /// Runs an application and says what the media side is told last.
    fn run(rig: &mut Rig, id: &ChannelId, name: &str, data: &str) -> Option<MediaCommand> {
        rig.commands.clear();
        let action = QueuedAction::Run {
            name: name.into(),
            data: data.into(),
            loops: 1,
            event_uuid: None,
            event_uuid_name: None,
            hold_bleg: false,
            lead_frames: 0,
        };
        let execute = Execute {
            channel: id.clone(),
            action,
            request: Vec::new(),
            body: None,
            event_lock: false,
            priority: false,
        };
        rig.get(execute).unwrap();
        rig.commands.last().cloned()
    }

    #[test]
    fn levels_and_mutes_as_they_are_written() {
        let mut rig = Rig::new();
        let id = rig.park("null/x");
        let leg = rig.leg_of(&id);
        let gain = |side, gain_db| Some(MediaCommand::SetGain { leg, side, gain_db });
        let mute = |side, on| Some(MediaCommand::Mute { leg, side, on });
        for (name, data, told) in [
            ("set_audio_level", "write -2", gain(MuteSide::Write, -10.0)),
            ("set_audio_level", "read 9", gain(MuteSide::Read, 20.0)),
            ("set_audio_level", "both 2", None),
            ("set_audio_level", "read loud", None),
            ("set_mute", "read", None),
            ("set_mute", "read true", mute(MuteSide::Read, true)),
            ("set_mute", "write 0", mute(MuteSide::Write, false)),
        ] {
            assert_eq!(run(&mut rig, &id, name, data), told, "{name} {data}");
        }
    }

    #[test]
    fn digits_that_are_blocked_are_nobodys() {
        let mut rig = Rig::new();
        let id = rig.park("null/x");
        let pressed = |rig: &mut Rig| {
            rig.events.clear();
            let channel = id.clone();
            let digits = "12".into();
            rig.get(ReceiveDtmf { channel, digits }).unwrap();
            let is_digit = |event: &&api::Event| {
                matches!(&event.kind, EventKind::Channel(ChannelEvent::Dtmf { .. }))
            };
            rig.events.iter().filter(is_digit).count()
        };
        assert_eq!(pressed(&mut rig), 2);
        run(&mut rig, &id, "block_dtmf", "");
        assert_eq!(pressed(&mut rig), 0);
        run(&mut rig, &id, "unblock_dtmf", "");
        assert_eq!(pressed(&mut rig), 2);
    }
}
