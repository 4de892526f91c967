//! What JSON cannot say of an answer: lengths, ranges, and texts that would mean something else to an application of the
//! dialplan.

use api::HangupCause;

use super::answer::{
    Action, Bridge, Collect, Conference, MOST_ACTIONS, Pairs, Play, Record, Say, Sound,
};

/// Longest name of a file, a tone or an endpoint, bytes.
const LONGEST_NAME: usize = 512;
/// Longest value of a variable, bytes.
const LONGEST_VALUE: usize = 4096;
/// Most variables an application is told.
const MOST_VARIABLES: usize = 64;
/// Longest of anything that is waited for, milliseconds.
const LONGEST_WAIT_MS: u32 = 600_000;
/// What `play_and_get_digits` waits at least, milliseconds (event-socket.md §6.9).
const SHORTEST_COLLECT_MS: u32 = 1_000;
/// Longest recording, seconds: a day.
const LONGEST_RECORD_S: u32 = 86_400;
/// Longest ringing, seconds.
const LONGEST_RINGING_S: u32 = 3_600;
/// Most endpoints called for one bridge.
const MOST_ENDPOINTS: usize = 16;
/// Most digits collected, as the dialplan has it.
const MOST_DIGITS: u32 = 128;
/// Most rounds of a sound, and tries of a collection.
const MOST_ROUNDS: u32 = 100;

/// Beginnings of variables that would run console lines or any application, which no action may.
const RUNNING: [&str; 4] = ["api_", "execute_on_", "exec_", "transfer_"];

pub(super) fn actions(actions: &[Action]) -> Result<(), String> {
    if actions.is_empty() {
        return Err(format!("an answer needs 1 to {MOST_ACTIONS} actions"));
    }
    for (at, action) in actions.iter().enumerate() {
        let (number, name) = (at + 1, action.name());
        check(action).map_err(|what| format!("action {number}: {name}: {what}"))?;
        let last = match action {
            Action::Transfer(_) | Action::Hangup(_) | Action::Continue(_) => true,
            Action::Answer(_)
            | Action::Play(_)
            | Action::Say(_)
            | Action::Collect(_)
            | Action::Record(_)
            | Action::Bridge(_)
            | Action::Set(_)
            | Action::Sleep(_)
            | Action::Conference(_)
            | Action::Park(_) => false,
        };
        if last && number < actions.len() {
            return Err(format!("action {number}: nothing comes after {name}"));
        }
    }
    Ok(())
}

fn check(action: &Action) -> Result<(), &'static str> {
    match action {
        Action::Answer(_) | Action::Park(_) | Action::Continue(_) => Ok(()),
        Action::Play(action) => play(action),
        Action::Say(action) => say(action),
        Action::Collect(action) => collect(action),
        Action::Record(action) => record(action),
        Action::Bridge(action) => bridge(action),
        Action::Transfer(action) => {
            let context = action.context.as_deref();
            need(is_extension(&action.extension), "extension: no number")?;
            need(context.is_none_or(is_context), "context: no name")
        }
        Action::Set(Pairs(pairs)) => pairs.iter().try_for_each(|(name, value)| {
            need(is_variable(name), "no name of a variable")?;
            need(!runs_something(name), "that variable may not be set")?;
            need(is_value(value), "a value is too long, or no text")
        }),
        Action::Sleep(action) => {
            let fits = (1..=LONGEST_WAIT_MS).contains(&action.ms);
            need(fits, "ms: 1 to 600000")
        }
        Action::Hangup(action) => {
            let known = |cause: &str| HangupCause::parse(cause).is_some();
            need(action.cause.as_deref().is_none_or(known), "cause: unknown")
        }
        Action::Conference(action) => conference(action),
    }
}

fn play(action: &Play) -> Result<(), &'static str> {
    sound(&action.sound())?;
    need((1..=MOST_ROUNDS).contains(&action.loops), "loops: 1 to 100")?;
    need(
        are_keys(&action.terminators),
        "terminators: keys of a phone",
    )
}

fn say(action: &Say) -> Result<(), &'static str> {
    let Say {
        kind,
        method,
        text,
        terminators,
    } = action;
    let word = |text: &str| {
        let letter = |c: char| c.is_ascii_lowercase() || c == '_';
        !text.is_empty() && text.len() <= 32 && text.chars().all(letter)
    };
    need(word(kind), "kind: a word as number or current_date")?;
    need(word(method), "method: pronounced, iterated or counted")?;
    need(
        is_name(text) && text.len() <= 128,
        "text: too long, or no text",
    )?;
    need(are_keys(terminators), "terminators: keys of a phone")
}

fn sound(sound: &Sound) -> Result<(), &'static str> {
    match (&sound.file, &sound.tone, sound.silence_ms) {
        (Some(file), None, None) => need(
            is_name(file) && !file.contains("://"),
            "file: no name of a file",
        ),
        (None, Some(tone), None) => need(is_name(tone), "tone: no tone"),
        (None, None, Some(ms)) => need(
            (1..=LONGEST_WAIT_MS).contains(&ms),
            "silence_ms: 1 to 600000",
        ),
        _ => Err("one of file, tone and silence_ms"),
    }
}

fn collect(action: &Collect) -> Result<(), &'static str> {
    let Collect {
        min,
        max,
        tries,
        timeout_ms,
        digit_timeout_ms,
        terminators,
        pattern,
        prompt,
        invalid,
    } = action;
    let digits = min <= max && (1..=MOST_DIGITS).contains(max);
    need(digits, "min and max: up to 128, min below max")?;
    need((1..=MOST_ROUNDS).contains(tries), "tries: 1 to 100")?;
    let waits = SHORTEST_COLLECT_MS..=LONGEST_WAIT_MS;
    need(waits.contains(timeout_ms), "timeout_ms: 1000 to 600000")?;
    let between = digit_timeout_ms.is_none_or(|ms| (1..=LONGEST_WAIT_MS).contains(&ms));
    need(between, "digit_timeout_ms: 1 to 600000")?;
    need(are_keys(terminators), "terminators: keys of a phone")?;
    // What would end the quotes it stands in.
    let quotable = |text: &str| is_printable(text) && !text.contains('\'');
    let pattern = pattern.as_deref().unwrap_or(".");
    let fits = !pattern.is_empty() && pattern.len() <= LONGEST_NAME && quotable(pattern);
    need(fits, "pattern: no expression, or with a quote in it")?;
    for (heard, what) in [(prompt, "prompt: no sound"), (invalid, "invalid: no sound")] {
        let Some(heard) = heard else { continue };
        let named = [&heard.file, &heard.tone].into_iter().flatten();
        need(sound(heard).is_ok(), what)?;
        need(named.into_iter().all(|name| quotable(name)), what)?;
    }
    Ok(())
}

fn record(action: &Record) -> Result<(), &'static str> {
    let file = &action.file;
    let letter = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let below = file.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let wav = file.len() > 4 && file.ends_with(".wav") && file.len() <= LONGEST_NAME;
    need(
        below && wav && file.chars().all(letter),
        "file: a path below the folder of recordings, ending in .wav",
    )?;
    let limit = (1..=LONGEST_RECORD_S).contains(&action.max_s);
    need(limit, "max_s: 1 to 86400")?;
    let silence = action.silence_s.is_none_or(|s| (1..=3_600).contains(&s));
    need(silence, "silence_s: 1 to 3600")?;
    let threshold = (1..=32_767).contains(&action.silence_threshold);
    need(threshold, "silence_threshold: 1 to 32767")?;
    need(
        are_keys(&action.terminators),
        "terminators: keys of a phone",
    )
}

fn bridge(action: &Bridge) -> Result<(), &'static str> {
    let number = (1..=MOST_ENDPOINTS).contains(&action.to.len());
    need(number, "to: 1 to 16 endpoints")?;
    need(
        action.to.iter().all(|to| is_endpoint(to)),
        "to: no endpoint",
    )?;
    let ringing = (1..=LONGEST_RINGING_S).contains(&action.timeout_s);
    need(ringing, "timeout_s: 1 to 3600")?;
    for shown in [&action.caller_name, &action.caller_number] {
        // It stands among the variables of a dial string.
        let plain = |c: char| !c.is_control() && !"{}[]<>,'\"\\|^".contains(c);
        let fits = |text: &String| text.len() <= 128 && text.chars().all(plain);
        need(
            shown.as_ref().is_none_or(fits),
            "caller_name, caller_number: too long, or no text",
        )?;
    }
    Ok(())
}

fn conference(action: &Conference) -> Result<(), &'static str> {
    let word = |text: &str| {
        let letter = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        !text.is_empty() && text.len() <= 128 && text.chars().all(letter)
    };
    need(word(&action.name), "name: letters, digits, _ - .")?;
    let profile = action.profile.as_deref();
    need(profile.is_none_or(word), "profile: letters, digits, _ - .")?;
    let digits =
        |pin: &str| (1..=32).contains(&pin.len()) && pin.bytes().all(|b| b.is_ascii_digit());
    need(
        action.pin.as_deref().is_none_or(digits),
        "pin: 1 to 32 digits",
    )?;
    let flags = action.flags.len() <= 16 && action.flags.iter().all(|flag| word(flag));
    need(flags, "flags: up to 16 words")
}

fn need(fits: bool, what: &'static str) -> Result<(), &'static str> {
    if fits { Ok(()) } else { Err(what) }
}

fn is_printable(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Without parameters in front of it.
fn is_name(text: &str) -> bool {
    let trimmed = text.trim() == text;
    let fits = !text.is_empty() && text.len() <= LONGEST_NAME;
    fits && trimmed && is_printable(text) && !text.starts_with('{')
}

fn are_keys(text: &str) -> bool {
    text.len() <= 16 && text.chars().all(|c| "0123456789*#ABCD".contains(c))
}

/// One endpoint of a dial string, without variables, alternatives, or applications.
fn is_endpoint(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !"{}[]<>,|'\"\\^$".contains(c);
    let runs = text.to_ascii_lowercase().starts_with("loopback/app=");
    text.contains('/') && text.len() <= LONGEST_NAME && !runs && text.chars().all(plain)
}

fn is_variable(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    !name.is_empty() && name.len() <= 128 && name.chars().all(letter)
}

fn runs_something(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    RUNNING.iter().any(|prefix| name.starts_with(prefix))
}

fn is_value(text: &str) -> bool {
    text.len() <= LONGEST_VALUE && is_printable(text)
}

/// What a dialplan may be asked for.
pub(crate) fn is_extension(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text.chars().all(|c| c.is_ascii_graphic() && c != '\'')
        && !text.starts_with('-')
}

/// The name of a dialplan's context.
pub(crate) fn is_context(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    !text.is_empty() && text.len() <= 128 && text.chars().all(letter)
}

/// Names of variables to be told.
pub(crate) fn variable_names(names: &[String]) -> Result<(), &'static str> {
    need(names.len() <= MOST_VARIABLES, "variables: more than 64")?;
    let all = names.iter().all(|name| is_variable(name));
    need(all, "variables: no name of a variable")
}
