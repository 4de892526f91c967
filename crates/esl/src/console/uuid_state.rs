//! `uuid_*` commands that move a channel: kill, answer, bridge, transfer, park, hold (event-socket.md §6.5).

use super::call::{Call, NO_SUCH_CHANNEL, OK, either, usage};
use api::command::call::BridgeChannels;
use api::command::channel::{
    Answer, Deflect, DualTransfer, Hangup, Hold, HoldAction, LegChoice, ParkChannel, PassMedia,
    PreAnswer, RenegotiateMedia, RingReady, SetLogLevel, Transfer,
};
use api::log::level_of;
use api::{ErrorKind, HangupCause};
use std::sync::Arc;

/// A channel that hangs up, and stays for its last figures, can be asked for nothing any more (recording `uuid-05-dump-sip`).
pub(super) async fn uuid_exists(call: &Call<'_>) -> String {
    let channel = call.channel(call.args);
    let lives = channel.is_some_and(|channel| !channel.is_down());
    lives.to_string()
}

pub(super) async fn uuid_kill(call: &Call<'_>) -> String {
    let words = call.words_of(2);
    let Some(uuid) = words.first() else {
        return usage("<uuid> [cause]");
    };
    let Some(channel) = call.live(uuid) else {
        return NO_SUCH_CHANNEL.to_owned();
    };
    let cause = words.get(1).map_or(HangupCause::NormalClearing, |word| {
        HangupCause::from_client(word)
    });
    either(
        &call.ask(Hangup { channel, cause }).await,
        OK,
        NO_SUCH_CHANNEL,
    )
}

const ERROR: &str = "-ERROR\n";

pub(super) async fn uuid_answer(call: &Call<'_>) -> String {
    let Some(channel) = call.live(call.args) else {
        return ERROR.to_owned();
    };
    either(&call.ask(Answer { channel }).await, OK, ERROR)
}

pub(super) async fn uuid_pre_answer(call: &Call<'_>) -> String {
    let Some(channel) = call.live(call.args) else {
        return ERROR.to_owned();
    };
    either(&call.ask(PreAnswer { channel }).await, OK, ERROR)
}

pub(super) async fn uuid_ring_ready(call: &Call<'_>) -> String {
    let words = call.words();
    let Some(uuid) = words.first() else {
        return usage("<uuid> [queued]");
    };
    let Some(channel) = call.live(uuid) else {
        return ERROR.to_owned();
    };
    either(&call.ask(RingReady { channel }).await, OK, ERROR)
}

pub(super) async fn uuid_bridge(call: &Call<'_>) -> String {
    let words = call.words();
    let [a, b, ..] = words.as_slice() else {
        return usage("<uuid> <other_uuid>");
    };
    let invalid = "-ERR Invalid uuid\n";
    let (Some(a), Some(b)) = (call.live(a), call.live(b)) else {
        return invalid.to_owned();
    };
    either(
        &call.ask(BridgeChannels { a, b: b.clone() }).await,
        &format!("+OK {b}\n"),
        invalid,
    )
}

pub(super) async fn uuid_transfer(call: &Call<'_>) -> String {
    let words = call.words();
    let (uuid, rest) = match words.split_first() {
        Some((uuid, rest)) if !rest.is_empty() => (uuid, rest),
        _ => return usage("<uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]"),
    };
    let (leg, rest) = match rest[0].as_str() {
        "-bleg" => (LegChoice::B, &rest[1..]),
        "-both" => (LegChoice::Both, &rest[1..]),
        _ => (LegChoice::A, rest),
    };
    let Some(extension) = rest.first() else {
        return usage("<uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]");
    };
    let Some(channel) = call.live(uuid) else {
        return NO_SUCH_CHANNEL.to_owned();
    };
    let command = Transfer {
        channel,
        leg,
        extension: extension.as_str().into(),
        dialplan: rest.get(1).map(|word| word.as_str().into()),
        context: rest.get(2).map(|word| word.as_str().into()),
    };
    match call.ask(command).await {
        Ok(()) => OK.to_owned(),
        Err(error) if matches!(error.kind, ErrorKind::NotFound(_)) => NO_SUCH_CHANNEL.to_owned(),
        Err(_) => "-ERR\n".to_owned(),
    }
}

pub(super) async fn uuid_dual_transfer(call: &Call<'_>) -> String {
    let words = call.words();
    let [uuid, a, b, ..] = words.as_slice() else {
        return usage(
            "<uuid> <A-dest-exten>[/<A-dialplan>][/<A-context>] <B-dest-exten>[/<B-dialplan>][/<B-context>]",
        );
    };
    let Some(channel) = call.live(uuid) else {
        return NO_SUCH_CHANNEL.to_owned();
    };
    let command = DualTransfer {
        channel,
        a: destination(a),
        b: destination(b),
    };
    either(&call.ask(command).await, OK, NO_SUCH_CHANNEL)
}

type Destination = (Arc<str>, Option<Arc<str>>, Option<Arc<str>>);

fn destination(text: &str) -> Destination {
    let mut parts = text.split('/');
    let extension = parts.next().unwrap_or_default().into();
    (
        extension,
        parts.next().map(Arc::from),
        parts.next().map(Arc::from),
    )
}

pub(super) async fn uuid_park(call: &Call<'_>) -> String {
    let Some(channel) = call.live(call.args) else {
        return NO_SUCH_CHANNEL.to_owned();
    };
    either(
        &call.ask(ParkChannel { channel }).await,
        OK,
        NO_SUCH_CHANNEL,
    )
}

const FAILED: &str = "-ERR Operation failed\n";
const SUCCESS: &str = "+OK Success\n";

/// A wrong level is said before a wrong uuid (event-socket.md §6.5).
pub(super) async fn uuid_loglevel(call: &Call<'_>) -> String {
    let words = call.words();
    let [uuid, level, ..] = words.as_slice() else {
        return usage("<uuid> <level>");
    };
    let Some(level) = level_of(level) else {
        return "-ERR Invalid log level!\n".to_owned();
    };
    let absent = format!("-ERR No such channel {uuid}!\n");
    let Some(channel) = call.live(uuid) else {
        return absent;
    };
    either(&call.ask(SetLogLevel { channel, level }).await, OK, &absent)
}

/// A uuid that does not exist is a success as well (golden uuid-02-bad-uuid).
pub(super) async fn uuid_hold(call: &Call<'_>) -> String {
    let words = call.words();
    let (action, uuid) = match words.as_slice() {
        [word, uuid, ..] if word == "off" => (HoldAction::Off, uuid),
        [word, uuid, ..] if word == "toggle" => (HoldAction::Toggle, uuid),
        [uuid, ..] => (HoldAction::On, uuid),
        [] => return usage("[off|toggle] <uuid> [<display>]") + FAILED,
    };
    let Some(channel) = call.live(uuid) else {
        return SUCCESS.to_owned();
    };
    either(&call.ask(Hold { channel, action }).await, SUCCESS, FAILED)
}

pub(super) async fn uuid_media(call: &Call<'_>) -> String {
    let words = call.words();
    let (off, uuid) = match words.as_slice() {
        [word, uuid, ..] if word == "off" => (true, uuid),
        [uuid, ..] => (false, uuid),
        [] => return usage("[off] <uuid>") + FAILED,
    };
    let Some(channel) = call.live(uuid) else {
        return FAILED.to_owned();
    };
    either(
        &call.ask(PassMedia { channel, past: off }).await,
        SUCCESS,
        FAILED,
    )
}

pub(super) async fn uuid_media_reneg(call: &Call<'_>) -> String {
    const FAILED: &str = "-ERR Operation Failed\n";
    let words = call.words_of(2);
    let Some(uuid) = words.first() else {
        return usage("<uuid>[ <codec_string>]") + FAILED;
    };
    let Some(channel) = call.live(uuid) else {
        return FAILED.to_owned();
    };
    let codecs = words.get(1).map(|word| word.trim_start_matches('=').into());
    either(
        &call.ask(RenegotiateMedia { channel, codecs }).await,
        SUCCESS,
        FAILED,
    )
}

pub(super) async fn uuid_deflect(call: &Call<'_>) -> String {
    let words = call.words_of(2);
    let [uuid, uri] = words.as_slice() else {
        return usage("<uuid> <uri>");
    };
    let Some(channel) = call.live(uuid) else {
        return format!("-ERR No such channel {uuid}!\n");
    };
    match call
        .ask(Deflect {
            channel,
            uri: uri.as_str().into(),
        })
        .await
    {
        Ok(()) => "+OK:\n".to_owned(),
        Err(error) => format!("-ERR {}\n", error.detail),
    }
}
