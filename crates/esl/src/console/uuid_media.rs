//! `uuid_*` commands about sound and digits (event-socket.md §6.5).

use super::call::{Call, NO_SUCH_CHANNEL, OK, either, usage};
use api::command::channel::{
    AdjustAudio, AudioChange, Break, Broadcast, ControlPlayback, Display, DropDtmf, FlushDtmf,
    LegChoice, PlaybackControl, ReceiveDtmf, SendDtmf, SendInfo, SetHeartbeat, TakeEarlyMedia,
};
use std::time::Duration;

const FAILED: &str = "-ERR Operation failed\n";
const SUCCESS: &str = "+OK Success\n";
const NO_SESSION: &str = "-ERR Cannot locate session!\n";

pub(super) async fn uuid_broadcast(call: &Call<'_>) -> String {
    let words = call.words();
    let [uuid, path, leg @ ..] = words.as_slice() else {
        return usage("<uuid> <path> [aleg|bleg|holdb|both]");
    };
    let Some(channel) = call.live(uuid) else {
        return "-ERR invalid uuid\n".to_owned();
    };
    let (leg, hold_bleg) = leg_words(leg);
    let command = Broadcast {
        channel,
        path: path.as_str().into(),
        leg,
        hold_bleg,
    };
    either(
        &call.ask(command).await,
        "+OK Message sent\n",
        "-ERR invalid uuid\n",
    )
}

/// `aleg`, `bleg`, `both`, `holdb`; no word: the A leg plays and the B leg is held.
pub(super) fn leg_words(words: &[String]) -> (Option<LegChoice>, bool) {
    match words.first().map(String::as_str) {
        Some("both") => (Some(LegChoice::Both), false),
        Some("aleg") => (Some(LegChoice::A), false),
        Some("bleg") => (Some(LegChoice::B), false),
        Some("holdb") => (Some(LegChoice::A), true),
        Some(_) | None => (None, true),
    }
}

pub(super) async fn uuid_break(call: &Call<'_>) -> String {
    let words = call.words();
    let Some(uuid) = words.first() else {
        return usage("<uuid> [all]");
    };
    let Some(channel) = call.live(uuid) else {
        return NO_SUCH_CHANNEL.to_owned();
    };
    let all = words
        .get(1)
        .is_some_and(|word| word.eq_ignore_ascii_case("all"));
    either(&call.ask(Break { channel, all }).await, OK, NO_SUCH_CHANNEL)
}

pub(super) async fn uuid_display(call: &Call<'_>) -> String {
    let words = call.words_of(2);
    let [uuid, text] = words.as_slice() else {
        return usage("<uuid> <display>");
    };
    let Some(channel) = call.live(uuid) else {
        return FAILED.to_owned();
    };
    let (name, number) = text.split_once('|').unwrap_or((text, text));
    either(
        &call
            .ask(Display {
                channel,
                name: name.into(),
                number: number.into(),
            })
            .await,
        SUCCESS,
        FAILED,
    )
}

pub(super) async fn uuid_send_dtmf(call: &Call<'_>) -> String {
    let words = call.words_of(2);
    let [uuid, digits] = words.as_slice() else {
        return usage("<uuid> <dtmf_data>");
    };
    let Some(channel) = call.live(uuid) else {
        return NO_SESSION.to_owned();
    };
    if !are_digits(digits) {
        return FAILED.to_owned();
    }
    let sent = call
        .ask(SendDtmf {
            channel,
            digits: digits.as_str().into(),
        })
        .await;
    either(&sent, &format!("+OK {uuid} sent DTMF {digits}.\n"), FAILED)
}

pub(super) async fn uuid_recv_dtmf(call: &Call<'_>) -> String {
    let words = call.words_of(2);
    let [uuid, digits] = words.as_slice() else {
        return usage("<uuid> <dtmf_data>");
    };
    let Some(channel) = call.live(uuid) else {
        return NO_SESSION.to_owned();
    };
    if !are_digits(digits) {
        return FAILED.to_owned();
    }
    let received = call
        .ask(ReceiveDtmf {
            channel,
            digits: digits.as_str().into(),
        })
        .await;
    either(
        &received,
        &format!("+OK {uuid} received DTMF {digits}.\n"),
        FAILED,
    )
}

/// At least one digit or pause, and perhaps `@<ms>` behind.
fn are_digits(text: &str) -> bool {
    let (digits, length) = text.split_once('@').unwrap_or((text, "1"));
    let known = |c: char| {
        c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D' | 'a'..='d' | 'F' | 'f' | 'w' | 'W')
    };
    !digits.is_empty() && digits.chars().all(known) && length.parse::<u32>().is_ok()
}

pub(super) async fn uuid_flush_dtmf(call: &Call<'_>) -> String {
    let missing = "-ERR No such session\n";
    let Some(channel) = call.live(call.args) else {
        return missing.to_owned();
    };
    either(&call.ask(FlushDtmf { channel }).await, OK, missing)
}

/// `on` or `off`. What stands in the place of dropped digits cannot be chosen here: that is refused. A channel that does not
/// exist is answered by the usage (golden uuid-02-bad-uuid).
pub(super) async fn uuid_drop_dtmf(call: &Call<'_>) -> String {
    let syntax = "<uuid> [on | off ] [ mask_digits <digits> | mask_file <file>]";
    let words = call.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (uuid, on) = match words.as_slice() {
        [uuid, "on"] => (*uuid, true),
        [uuid, "off"] => (*uuid, false),
        [uuid, "on" | "off", ..] | [uuid, "mask_digits" | "mask_file", ..]
            if call.live(uuid).is_some() =>
        {
            return FAILED.to_owned();
        }
        _ => return usage(syntax),
    };
    let Some(channel) = call.live(uuid) else {
        return usage(syntax);
    };
    either(&call.ask(DropDtmf { channel, on }).await, OK, FAILED)
}

/// Success has no text (golden uuid-03-getvar-setvar).
pub(super) async fn uuid_early_ok(call: &Call<'_>) -> String {
    let words = call.words();
    let Some(channel) = words.first().and_then(|uuid| call.live(uuid)) else {
        return "-ERROR\n".to_owned();
    };
    either(&call.ask(TakeEarlyMedia { channel }).await, "", "-ERROR\n")
}

/// `start read|write mute|level <n>` or `stop`; anything shorter is the usage (golden uuid-03-getvar-setvar).
pub(super) async fn uuid_audio(call: &Call<'_>) -> String {
    let syntax = "<uuid> [start [read|write] [mute|level <level>]|stop]";
    let words = call.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (uuid, change) = match words.as_slice() {
        [uuid, "stop", ..] => (*uuid, None),
        [
            uuid,
            "start",
            direction @ ("read" | "write"),
            kind @ ("mute" | "level"),
            level,
            ..,
        ] => {
            let level = i32::try_from(crate::frame::leading_number(level))
                .unwrap_or(0)
                .clamp(-4, 4);
            (
                *uuid,
                Some(AudioChange {
                    read: *direction == "read",
                    mute: *kind == "mute",
                    level,
                }),
            )
        }
        _ => return usage(syntax),
    };
    let Some(channel) = call.live(uuid) else {
        return NO_SUCH_CHANNEL.to_owned();
    };
    either(&call.ask(AdjustAudio { channel, change }).await, OK, FAILED)
}

pub(super) async fn uuid_fileman(call: &Call<'_>) -> String {
    let words = call.words_of(2);
    let [uuid, text] = words.as_slice() else {
        return usage("<uuid> <cmd>:<val>");
    };
    let Some(channel) = call.live(uuid) else {
        return NO_SUCH_CHANNEL.to_owned();
    };
    let none = "-ERR No file handle!\n";
    let Some(control) = playback_control(text) else {
        return usage("<uuid> <cmd>:<val>");
    };
    either(
        &call.ask(ControlPlayback { channel, control }).await,
        OK,
        none,
    )
}

fn playback_control(text: &str) -> Option<PlaybackControl> {
    let (command, value) = text.split_once(':').unwrap_or((text, ""));
    let relative = value.starts_with(['+', '-']);
    let number = crate::frame::leading_number(value);
    let level = i32::try_from(number).ok()?;
    Some(match command {
        "pause" => PlaybackControl::Pause,
        "stop" => PlaybackControl::Stop,
        "restart" => PlaybackControl::Restart,
        "truncate" => PlaybackControl::Truncate,
        "seek" => PlaybackControl::Seek {
            ms: number,
            relative,
        },
        "volume" => PlaybackControl::Volume { level, relative },
        "speed" => PlaybackControl::Speed { level, relative },
        _ => return None,
    })
}

/// `[<mime type> <mime subtype>] <message>`: the two words are a content type only when more follows.
pub(super) async fn uuid_send_info(call: &Call<'_>) -> String {
    const FAILED: &str = "-ERR Operation Failed\n";
    let words = call.words_of(4);
    let (uuid, content_type, body) = match words.as_slice() {
        [uuid, kind, subtype, body] => (uuid, format!("{kind}/{subtype}"), body.clone()),
        [uuid, rest @ ..] if !rest.is_empty() => {
            (uuid, "freeswitch/data".to_owned(), rest.join(" "))
        }
        _ => return usage("<uuid> [<mime_type> <mime_subtype>] <message>") + FAILED,
    };
    let Some(channel) = call.live(uuid) else {
        return FAILED.to_owned();
    };
    let command = SendInfo {
        channel,
        content_type: content_type.into(),
        body: body.into(),
    };
    either(&call.ask(command).await, SUCCESS, FAILED)
}

pub(super) async fn uuid_session_heartbeat(call: &Call<'_>) -> String {
    let syntax = "uuid_session_heartbeat <uuid> [sched] [0|<seconds>]";
    let words = call.words();
    let Some((uuid, rest)) = words.split_first() else {
        return usage(syntax);
    };
    let Some(channel) = call.live(uuid) else {
        return format!("-ERR Cannot locate session. USAGE: {syntax}\n");
    };
    let (delayed, seconds) = match rest {
        [word, seconds, ..] if word == "sched" => (true, Some(seconds)),
        [seconds, ..] => (false, Some(seconds)),
        [] => (false, None),
    };
    let seconds = seconds.map_or(60, |word| {
        u64::try_from(crate::frame::leading_number(word)).unwrap_or(0)
    });
    let every = (seconds > 0).then(|| Duration::from_secs(seconds));
    either(
        &call
            .ask(SetHeartbeat {
                channel,
                every,
                delayed,
            })
            .await,
        OK,
        FAILED,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_as_recorded() {
        // golden uuid-03-getvar-setvar
        assert!(["123", "1@500", "w1W2", "45#"].into_iter().all(are_digits));
        assert!(!["xyz", "", "1@x", "@5"].into_iter().any(are_digits));
    }

    #[test]
    fn steering_a_playback() {
        assert_eq!(playback_control("pause"), Some(PlaybackControl::Pause));
        assert_eq!(
            playback_control("seek:+500"),
            Some(PlaybackControl::Seek {
                ms: 500,
                relative: true
            })
        );
        assert_eq!(
            playback_control("speed:2"),
            Some(PlaybackControl::Speed {
                level: 2,
                relative: false
            })
        );
        assert_eq!(playback_control("dance"), None);
    }
}
