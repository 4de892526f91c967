//! `uuid_*` commands about what is laid over, looked for in, or attached to the sound of a channel, and what is said to
//! the phone beside it (event-socket.md §6.5, §6.8).

use super::call::{Call, NO_SUCH_CHANNEL, OK, either, usage};
use api::ErrorKind;
use api::command::channel::{ControlPlayback, PlaybackControl};
use api::command::leg::{
    DetectTone, Displace, Displacement, PhoneEvent, SendText, SetJitterBuffer, Tone,
};
use std::fmt::Write as _;
use std::time::Duration;

const FAILED: &str = "-ERR Operation failed\n";
const SUCCESS: &str = "+OK Success\n";

/// The limit is in seconds; `mux` may stand in its place (golden uuid-08-record).
pub(super) async fn uuid_displace(call: &Call<'_>) -> String {
    let syntax = "<uuid> [start|stop] <path> [<limit>] [mux]";
    let words = call.words();
    let [uuid, action @ .., path] = words.get(..words.len().min(3)).unwrap_or_default() else {
        return usage(syntax);
    };
    let [action] = action else {
        return usage(syntax);
    };
    let Some(channel) = call.live(uuid) else {
        return "-ERR Cannot locate session!\n".to_owned();
    };
    let (how, failure) = match action.as_str() {
        "start" => {
            let more = &words[3..];
            let seconds = more
                .first()
                .map_or(0, |word| crate::frame::leading_number(word));
            let how = Displacement {
                mux: more.iter().any(|word| word.contains('m')),
                limit: u64::try_from(seconds)
                    .ok()
                    .filter(|seconds| *seconds > 0)
                    .map(Duration::from_secs),
                ..Displacement::default()
            };
            (Some(how), "-ERR Cannot displace session!\n")
        }
        "stop" => (None, "-ERR Cannot stop displace session!\n"),
        _ => return usage(syntax),
    };
    let command = Displace {
        channel,
        path: path.as_str().into(),
        how,
    };
    either(&call.ask(command).await, SUCCESS, failure)
}

/// What is attached to the sound of a channel (golden uuid-03-getvar-setvar, uuid-08-record); nothing at all of one that
/// does not exist (golden uuid-02-bad-uuid).
pub(super) async fn uuid_buglist(call: &Call<'_>) -> String {
    let words = call.words();
    let Some(uuid) = words.first() else {
        return usage("<uuid>");
    };
    let Some(channel) = call.channel(uuid) else {
        return String::new();
    };
    let mut out = String::from("<media-bugs>\n");
    for bug in &channel.bugs {
        let (function, target) = (escape(&bug.function), escape(&bug.target));
        // A thread of its own is nothing a bug of ours has.
        let written = write!(
            out,
            " <media-bug>\n  <function>{function}</function>\n  <target>{target}</target>\n  \
             <thread-locked>0</thread-locked>\n </media-bug>\n"
        );
        written.expect("a string takes everything");
    }
    out.push_str("</media-bugs>\n");
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

pub(super) async fn uuid_jitterbuffer(call: &Call<'_>) -> String {
    let words = call.words();
    let (uuid, text) = match words.as_slice() {
        [uuid, text, ..] => (uuid, text.as_str()),
        [_] => return FAILED.to_owned(),
        [] => return usage("<uuid> [0|<min_msec>[:<max_msec>]]"),
    };
    let channel = call.live(uuid);
    let Some((channel, ms)) = channel.zip(SetJitterBuffer::parse(text)) else {
        return FAILED.to_owned();
    };
    either(
        &call.ask(SetJitterBuffer { channel, ms }).await,
        SUCCESS,
        FAILED,
    )
}

/// `<uuid> <key> <tone_spec> [<flags> <timeout> <app> <args> <hits>]`
pub(super) async fn tone_detect(call: &Call<'_>) -> String {
    let words = call.words();
    let syntax = "<uuid> <key> <tone_spec> [<flags> <timeout> <app> <args> <hits>]";
    let [uuid, tone @ ..] = words.as_slice() else {
        return usage(syntax);
    };
    let Some(tone) = Tone::parse(tone).filter(|tone| !tone.hz.is_empty()) else {
        return usage(syntax);
    };
    let Some(channel) = call.live(uuid) else {
        return NO_SUCH_CHANNEL.to_owned();
    };
    either(&call.ask(DetectTone { channel, tone }).await, OK, FAILED)
}

/// Success has no text (golden uuid-03-getvar-setvar), whether anything is played or not.
pub(super) async fn uuid_pause(call: &Call<'_>) -> String {
    let words = call.words();
    let [uuid, on, ..] = words.as_slice() else {
        return usage("<uuid> <on|off>");
    };
    let Some(channel) = call.live(uuid) else {
        return NO_SUCH_CHANNEL.to_owned();
    };
    let still = match on.as_str() {
        "on" => true,
        "off" => false,
        _ => return usage("<uuid> <on|off>"),
    };
    let control = PlaybackControl::Stand(still);
    // Nothing is played: nothing stands still.
    drop(call.ask(ControlPlayback { channel, control }).await);
    String::new()
}

pub(super) async fn uuid_chat(call: &Call<'_>) -> String {
    let words = call.words_of(2);
    let [uuid, text] = words.as_slice() else {
        return usage("<uuid> <text>");
    };
    let Some(channel) = call.live(uuid) else {
        return format!("-ERR No such channel {uuid}!\n");
    };
    let text = text.as_str().into();
    let sent = call.ask(SendText { channel, text }).await;
    either(&sent, OK, "-ERR Send failed\n")
}

/// A channel that is no phone has nobody to read it; that is a success as well (golden uuid-03-getvar-setvar).
pub(super) async fn uuid_send_message(call: &Call<'_>) -> String {
    let words = call.words_of(2);
    let [uuid, text] = words.as_slice() else {
        return usage("<uuid> <message>");
    };
    let Some(channel) = call.live(uuid) else {
        return "-ERR Unable to find session for UUID\n".to_owned();
    };
    let text = text.as_str().into();
    match call.ask(SendText { channel, text }).await {
        Ok(()) => SUCCESS.to_owned(),
        Err(error) if error.kind == ErrorKind::NotSupported => SUCCESS.to_owned(),
        Err(_) => "-ERR Operation Failed\n".to_owned(),
    }
}

/// `<uuid> talk|hold`
pub(super) async fn uuid_phone_event(call: &Call<'_>) -> String {
    let words = call.words();
    let (uuid, event) = match words.as_slice() {
        [uuid, event, ..] => (uuid, event.as_str()),
        [_] => return FAILED.to_owned(),
        [] => return usage("<uuid>") + FAILED,
    };
    let Some(channel) = call.live(uuid) else {
        return FAILED.to_owned();
    };
    let event = event.into();
    let told = call.ask(PhoneEvent { channel, event }).await;
    either(&told, SUCCESS, FAILED)
}
