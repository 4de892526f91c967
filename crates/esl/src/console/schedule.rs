//! Commands that do something later (event-socket.md §6.5).

use super::call::{Call, NO_SUCH_CHANNEL, OK, either, usage};
use super::uuid_media::leg_words;
use crate::frame::leading_number;
use api::command::channel::{Broadcast, Hangup, LegChoice, Transfer};
use api::command::server::{Schedule, Scheduled, TaskTarget, Unschedule};
use api::id::TaskId;
use api::{ChannelId, HangupCause, Timestamp};
use std::time::Duration;

/// Farthest into the future, in seconds. Ours: ten years.
const MAX_DELAY_S: i64 = 315_360_000;

/// When, and how often again.
struct Due {
    at: Timestamp,
    repeat_s: u32,
}

/// `+<s>` from now, `@<s>` every so often, a bare number is an epoch; `None` for anything else.
fn due(call: &Call<'_>, word: &str) -> Option<Due> {
    let now = call.console.host.now();
    let digits = word.trim_start_matches(['+', '@']);
    let seconds: i64 = digits
        .parse()
        .ok()
        .filter(|seconds| (0..=i64::MAX / 1_000_000).contains(seconds))?;
    if !word.starts_with(['+', '@']) {
        return Some(Due {
            at: Timestamp(seconds * 1_000_000).max(now),
            repeat_s: 0,
        });
    }
    let seconds = seconds.min(MAX_DELAY_S);
    let repeat_s = if word.starts_with('@') {
        u32::try_from(seconds).unwrap_or(0)
    } else {
        0
    };
    Some(Due {
        at: now.after(Duration::from_secs(seconds.unsigned_abs())),
        repeat_s,
    })
}

pub(super) async fn sched_api(call: &Call<'_>) -> String {
    let invalid = "-ERR Invalid syntax. USAGE: [+@]<time> <group_name> <command_string>[&]\n";
    let words = call.words_of(3);
    let [time, group, command] = words.as_slice() else {
        return invalid.to_owned();
    };
    let Some(due) = due(call, time) else {
        return invalid.to_owned();
    };
    let line = command.trim_end_matches('&').trim_end();
    let what = Scheduled::Console(line.into());
    match call
        .ask(Schedule {
            at: due.at,
            repeat_s: due.repeat_s,
            group: group.as_str().into(),
            what,
        })
        .await
    {
        Ok(task) => format!("+OK Added: {task}\n"),
        Err(error) => format!("-ERR {}\n", error.detail),
    }
}

pub(super) async fn sched_del(call: &Call<'_>) -> String {
    let target = match call.args.parse() {
        Ok(id) => TaskTarget::Id(TaskId(id)),
        Err(_) => TaskTarget::Group(call.args.into()),
    };
    let deleted = call.ask(Unschedule { target }).await.unwrap_or(0);
    format!("+OK Deleted: {deleted}\n")
}

pub(super) async fn unsched_api(call: &Call<'_>) -> String {
    if call.args.is_empty() {
        return String::new();
    }
    let id = u32::try_from(leading_number(call.args)).unwrap_or(0);
    match call
        .ask(Unschedule {
            target: TaskTarget::Id(TaskId(id)),
        })
        .await
    {
        Ok(1..) => OK.to_owned(),
        Ok(0) | Err(_) => "-ERR No such id\n".to_owned(),
    }
}

pub(super) async fn sched_hangup(call: &Call<'_>) -> String {
    let words = call.words();
    let [time, uuid, cause @ ..] = words.as_slice() else {
        return usage("[+]<time> <uuid> [<cause>]");
    };
    let Some(channel) = call.live(uuid) else {
        return NO_SUCH_CHANNEL.to_owned();
    };
    let Some(due) = due(call, time) else {
        return usage("[+]<time> <uuid> [<cause>]");
    };
    let cause = cause.first().map_or(HangupCause::AllottedTimeout, |word| {
        HangupCause::from_client(word)
    });
    if due.at <= call.console.host.now() {
        return either(
            &call.ask(Hangup { channel, cause }).await,
            OK,
            NO_SUCH_CHANNEL,
        );
    }
    later(call, due, uuid, Scheduled::Hangup(channel, cause)).await
}

pub(super) async fn sched_transfer(call: &Call<'_>) -> String {
    let syntax = "[+]<time> <uuid> <extension> [<dialplan>] [<context>]";
    let words = call.words();
    let [time, uuid, extension, more @ ..] = words.as_slice() else {
        return usage(syntax);
    };
    let Some(channel) = call.live(uuid) else {
        return NO_SUCH_CHANNEL.to_owned();
    };
    let Some(due) = due(call, time) else {
        return usage(syntax);
    };
    let command = Transfer {
        channel,
        leg: LegChoice::A,
        extension: extension.as_str().into(),
        dialplan: more.first().map(|word| word.as_str().into()),
        context: more.get(1).map(|word| word.as_str().into()),
    };
    later(call, due, uuid, Scheduled::Transfer(command)).await
}

/// Whether the channel exists is found out when the time has come (golden uuid-09-broadcast).
pub(super) async fn sched_broadcast(call: &Call<'_>) -> String {
    let syntax = "[[+]<time>|@time] <uuid> <path> [aleg|bleg|both]";
    let words = call.words();
    let [time, uuid, path, leg @ ..] = words.as_slice() else {
        return usage(syntax);
    };
    let (Some(due), Some(channel)) = (due(call, time), ChannelId::from_text(uuid)) else {
        return usage(syntax);
    };
    let (leg, hold_bleg) = leg_words(leg);
    let command = Broadcast {
        channel,
        path: path.as_str().into(),
        leg,
        hold_bleg,
    };
    match later(call, due, uuid, Scheduled::Broadcast(command)).await {
        done if done == OK => "+OK Message scheduled\n".to_owned(),
        refused => refused,
    }
}

async fn later(call: &Call<'_>, due: Due, group: &str, what: Scheduled) -> String {
    match call
        .ask(Schedule {
            at: due.at,
            repeat_s: due.repeat_s,
            group: group.into(),
            what,
        })
        .await
    {
        Ok(_) => OK.to_owned(),
        Err(error) => format!("-ERR {}\n", error.detail),
    }
}
