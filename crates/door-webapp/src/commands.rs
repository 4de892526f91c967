//! Doing what an answer says, one action after the other, by the applications of the dialplan.

use std::sync::Arc;

use api::command::channel::QueuedAction;
use api::command::control::ExecuteControlled;
use api::view::Channel;

use crate::session::{Controlled, Left};
use crate::wire::{
    Action, Bridge, Collect, Conference, Done, Hangup, Play, Record, Say, Sleep, Sound, Transfer,
};

/// Where collected digits are put, and those that did not fit.
const DIGITS: &str = "webapp_digits";
const INVALID_DIGITS: &str = "webapp_digits_invalid";

/// The key that ended something, as `playback` and `record` say, and as `play_and_get_digits` does.
const TERMINATOR: &str = "playback_terminator_used";
const READ_TERMINATOR: &str = "read_terminator_used";

/// Which keys end `playback` and `record`.
const TERMINATORS: &str = "playback_terminators";

/// What a bridge leaves behind.
const DISPOSITION: &str = "originate_disposition";
const BRIDGE_CAUSE: &str = "bridge_hangup_cause";

/// What becomes of a channel after `bridge` is the application's to say.
const AFTER_BRIDGE: [(&str, &str); 5] = [
    ("continue_on_fail", "true"),
    ("failure_causes", ""),
    ("hangup_after_bridge", ""),
    ("park_after_bridge", ""),
    ("transfer_after_bridge", ""),
];

/// What follows an action.
#[derive(Debug)]
pub(crate) enum Follows {
    /// It was done; this came of it.
    Next(Done),
    /// The dialplan goes on.
    Continue,
}

/// Does one action. `Err`: the channel is not ours any more, because of it or not.
pub(crate) async fn perform(channel: &Controlled<'_>, action: Action) -> Result<Follows, Left> {
    let name = action.name();
    let done = match action {
        Action::Answer(_) => {
            let seen = run(channel, "answer", "").await?;
            Done::new(name, seen.answer.name())
        }
        Action::Play(action) => play(channel, name, &action).await?,
        Action::Say(action) => say(channel, name, &action).await?,
        Action::Collect(action) => collect(channel, name, action).await?,
        Action::Record(action) => record(channel, name, action).await?,
        Action::Bridge(action) => bridge(channel, name, &action).await?,
        Action::Transfer(Transfer { extension, context }) => {
            let context = context.map(|context| format!(" {context}"));
            let to = format!("{extension} XML{}", context.unwrap_or_default());
            run(channel, "transfer", &to).await?;
            Done::new(name, "failed")
        }
        Action::Set(pairs) => {
            for (variable, value) in &pairs.0 {
                set(channel, variable, value).await?;
            }
            Done::new(name, "done")
        }
        Action::Sleep(Sleep { ms }) => {
            run(channel, "sleep", &ms.to_string()).await?;
            Done::new(name, "done")
        }
        Action::Hangup(Hangup { cause }) => {
            run(channel, "hangup", &cause.unwrap_or_default()).await?;
            Done::new(name, "failed")
        }
        Action::Conference(action) => {
            run(channel, "conference", &entrance(&action)).await?;
            Done::new(name, "done")
        }
        Action::Park(_) => {
            run(channel, "park", "").await?;
            Done::new(name, "done")
        }
        Action::Continue(_) => return Ok(Follows::Continue),
    };
    Ok(Follows::Next(done))
}

/// Runs an application to its end; the channel as it is then.
pub(crate) async fn run(
    channel: &Controlled<'_>,
    name: &str,
    data: &str,
) -> Result<Arc<Channel>, Left> {
    let execute = ExecuteControlled {
        channel: channel.id.clone(),
        control: channel.control,
        action: QueuedAction::Run {
            name: name.into(),
            data: data.into(),
            loops: 1,
            event_uuid: None,
            event_uuid_name: None,
            hold_bleg: false,
            lead_frames: 0,
        },
        body: None,
        event_lock: false,
        verbatim: true,
    };
    channel.ask(execute).await?;
    channel.seen().ok_or(Left)
}

pub(crate) async fn set(channel: &Controlled<'_>, name: &str, value: &str) -> Result<(), Left> {
    run(channel, "set", &format!("{name}={value}")).await?;
    Ok(())
}

/// Sets variables for the time of `doing`, and puts back what was there.
async fn with<T>(
    channel: &Controlled<'_>,
    variables: &[(&str, &str)],
    doing: impl Future<Output = Result<T, Left>>,
) -> Result<T, Left> {
    let before = channel.seen().ok_or(Left)?;
    for (name, value) in variables {
        set(channel, name, value).await?;
    }
    let done = doing.await?;
    for (name, _) in variables {
        set(channel, name, before.variable(name).unwrap_or_default()).await?;
    }
    Ok(done)
}

/// Which keys end it. An empty text would be no variable, and then it is the star.
fn terminators(keys: &str) -> (&'static str, &str) {
    (TERMINATORS, if keys.is_empty() { "none" } else { keys })
}

fn text(seen: &Channel, name: &str) -> Option<String> {
    seen.variable(name).map(str::to_owned)
}

/// As `playback` has it.
fn heard(sound: &Sound) -> String {
    match (&sound.file, &sound.tone, sound.silence_ms) {
        (Some(file), _, _) => file.clone(),
        (None, Some(tone), _) => format!("tone_stream://{tone}"),
        (None, None, Some(ms)) => format!("silence_stream://{ms}"),
        (None, None, None) => String::new(),
    }
}

async fn play(channel: &Controlled<'_>, name: &'static str, action: &Play) -> Result<Done, Left> {
    let file = format!("{{loops={}}}{}", action.loops, heard(&action.sound()));
    set(channel, TERMINATOR, "").await?;
    let keys = terminators(&action.terminators);
    let seen = with(channel, &[keys], run(channel, "playback", &file)).await?;
    let response = text(&seen, "current_application_response");
    let terminator = text(&seen, TERMINATOR);
    let outcome = match (response.as_deref(), &terminator) {
        (Some("FILE PLAYED"), None) => "played",
        (Some("FILE PLAYED"), Some(_)) => "ended_by_key",
        (Some("FILE NOT FOUND"), _) => "not_found",
        _ => "failed",
    };
    Ok(Done {
        terminator,
        ..Done::new(name, outcome)
    })
}

async fn say(channel: &Controlled<'_>, name: &'static str, action: &Say) -> Result<Done, Left> {
    let Say {
        kind,
        method,
        text: what,
        terminators: keys,
    } = action;
    let data = format!("en {kind} {method} {what}");
    set(channel, TERMINATOR, "").await?;
    let saying = run(channel, "say", &data);
    let seen = with(channel, &[terminators(keys)], saying).await?;
    let terminator = text(&seen, TERMINATOR);
    // Of what cannot be said nothing is played, and nothing answered.
    let outcome = match (seen.variable("current_application_response"), &terminator) {
        (Some("FILE PLAYED"), None) => "said",
        (Some("FILE PLAYED"), Some(_)) => "ended_by_key",
        (Some("FILE NOT FOUND"), _) => "not_found",
        _ => "failed",
    };
    Ok(Done {
        terminator,
        ..Done::new(name, outcome)
    })
}

async fn collect(
    channel: &Controlled<'_>,
    name: &'static str,
    action: Collect,
) -> Result<Done, Left> {
    let quoted = |sound: &Option<Sound>| match sound {
        Some(sound) => format!("'{}'", heard(sound)),
        None => "silence".to_owned(),
    };
    let data = format!(
        "{} {} {} {} '{}' {} {} {DIGITS} '{}' {}",
        action.min,
        action.max,
        action.tries,
        action.timeout_ms,
        action.terminators,
        quoted(&action.prompt),
        quoted(&action.invalid),
        action.pattern.as_deref().unwrap_or(".*"),
        action.digit_timeout_ms.unwrap_or(action.timeout_ms),
    );
    set(channel, INVALID_DIGITS, "").await?;
    set(channel, READ_TERMINATOR, "").await?;
    let seen = run(channel, "play_and_get_digits", &data).await?;
    let (digits, invalid) = (text(&seen, DIGITS), text(&seen, INVALID_DIGITS));
    let outcome = match (&digits, &invalid) {
        (Some(_), _) => "matched",
        (None, Some(_)) => "invalid",
        (None, None) => "nothing",
    };
    Ok(Done {
        digits: digits.or(invalid),
        terminator: text(&seen, READ_TERMINATOR),
        ..Done::new(name, outcome)
    })
}

async fn record(
    channel: &Controlled<'_>,
    name: &'static str,
    action: Record,
) -> Result<Done, Left> {
    let mut data = format!("{} {}", action.file, action.max_s);
    if let Some(seconds) = action.silence_s {
        data.push_str(&format!(" {} {seconds}", action.silence_threshold));
    }
    set(channel, TERMINATOR, "").await?;
    let keys = terminators(&action.terminators);
    let seen = with(channel, &[keys], run(channel, "record", &data)).await?;
    let terminator = text(&seen, TERMINATOR);
    let cause = text(&seen, "record_completion_cause");
    let outcome = match (&terminator, cause.as_deref()) {
        (Some(_), _) => "ended_by_key",
        (None, Some("success-silence")) => "silence",
        (None, Some("success-maxtime")) => "limit",
        (None, _) => "failed",
    };
    Ok(Done {
        terminator,
        file: Some(action.file),
        ms: seen.variable("record_ms").and_then(|ms| ms.parse().ok()),
        ..Done::new(name, outcome)
    })
}

async fn bridge(
    channel: &Controlled<'_>,
    name: &'static str,
    action: &Bridge,
) -> Result<Done, Left> {
    let mut dial = format!("{{originate_timeout={}", action.timeout_s);
    let shown = [
        ("origination_caller_id_name", &action.caller_name),
        ("origination_caller_id_number", &action.caller_number),
    ];
    for (variable, value) in shown {
        if let Some(value) = value {
            dial.push_str(&format!(",{variable}={value}"));
        }
    }
    dial.push('}');
    dial.push_str(&action.to.join(if action.together { "," } else { "|" }));
    for variable in [DISPOSITION, BRIDGE_CAUSE] {
        set(channel, variable, "").await?;
    }
    let seen = with(channel, &AFTER_BRIDGE, run(channel, "bridge", &dial)).await?;
    let disposition = text(&seen, DISPOSITION).unwrap_or_default();
    let talked = disposition == "SUCCESS";
    let cause = if talked {
        text(&seen, BRIDGE_CAUSE)
    } else {
        Some(disposition)
    };
    Ok(Done {
        hangup_cause: cause,
        ..Done::new(name, if talked { "talked" } else { "failed" })
    })
}

fn entrance(action: &Conference) -> String {
    let Conference {
        name,
        profile,
        pin,
        flags,
    } = action;
    let mut text = format!("{name}@{}", profile.as_deref().unwrap_or("default"));
    if let Some(pin) = pin {
        text.push_str(&format!("+{pin}"));
    }
    if !flags.is_empty() {
        text.push_str(&format!("+flags{{{}}}", flags.join("|")));
    }
    text
}
