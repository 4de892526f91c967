//! Playing something and collecting digits: `read` and `play_and_get_digits`.

use std::sync::Arc;
use std::time::Duration;

use api::ChannelId;
use media::control::{MediaCommand, PlayId};

use super::playback::Playing;
use super::{App, Started};
use crate::Switch;
use crate::dialplan::Expression;

/// Shortest wait for the first digit of `play_and_get_digits`, ms (event-socket.md §6.9).
const SHORTEST_TIMEOUT_MS: u64 = 1000;

/// A collection in progress.
#[derive(Debug)]
pub(crate) struct Collect {
    min: usize,
    max: usize,
    tries_left: u32,
    timeout_ms: u64,
    digit_timeout_ms: u64,
    terminators: Box<str>,
    file: Box<str>,
    invalid_file: Box<str>,
    variable: Box<str>,
    /// What digits must look like; without, as many as are needed may be any.
    pattern: Option<Box<str>>,
    /// Extension, dialplan, context to go to when all tries failed.
    failure: Option<Box<str>>,
    /// `read` rather than `play_and_get_digits`.
    is_read: bool,
    digits: String,
    terminator: Option<char>,
    /// What is being played.
    pub(crate) playing: Option<Playing>,
    /// The file being played says that the entry was wrong.
    playing_invalid: bool,
}

pub(super) fn read(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let words: Vec<&str> = data.split_ascii_whitespace().collect();
    let [min, max, file, variable, timeout, rest @ ..] = words.as_slice() else {
        switch.set_var(id, "read_result", "failure");
        return Started::Done;
    };
    let timeout_ms = timeout.parse().unwrap_or(0);
    let collect = Collect {
        min: min.parse().unwrap_or(0),
        max: limit(max),
        tries_left: 1,
        timeout_ms,
        digit_timeout_ms: rest
            .get(1)
            .and_then(|t| t.parse().ok())
            .unwrap_or(timeout_ms),
        terminators: rest.first().copied().unwrap_or("#").into(),
        file: (*file).into(),
        invalid_file: "".into(),
        variable: (*variable).into(),
        pattern: None,
        failure: None,
        is_read: true,
        digits: String::new(),
        terminator: None,
        playing: None,
        playing_invalid: false,
    };
    switch.unset_var(id, variable);
    begin(switch, id, collect)
}

pub(super) fn play_and_get_digits(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let words = split_quoted(data);
    let [
        min,
        max,
        tries,
        timeout,
        terminators,
        file,
        invalid,
        variable,
        rest @ ..,
    ] = words.as_slice()
    else {
        tracing::warn!(channel = %id, "play_and_get_digits needs eight arguments");
        return Started::Done;
    };
    let (pattern, rest) = rest.split_first().map_or((None, rest), |(pattern, rest)| {
        (Some(pattern.as_str().into()), rest)
    });
    let timeout_ms = timeout.parse().unwrap_or(0).max(SHORTEST_TIMEOUT_MS);
    let digit_timeout_ms = rest
        .first()
        .and_then(|t| t.parse().ok())
        .filter(|ms| *ms > 0)
        .unwrap_or(timeout_ms);
    let collect = Collect {
        min: min.parse().unwrap_or(0),
        max: limit(max),
        tries_left: tries.parse().unwrap_or(1).clamp(1, 100),
        timeout_ms,
        digit_timeout_ms,
        terminators: terminators.as_str().into(),
        file: file.as_str().into(),
        invalid_file: invalid.as_str().into(),
        variable: variable.as_str().into(),
        pattern,
        failure: rest.get(1).map(|text| text.as_str().into()),
        is_read: false,
        digits: String::new(),
        terminator: None,
        playing: None,
        playing_invalid: false,
    };
    switch.unset_var(id, variable);
    begin(switch, id, collect)
}

fn limit(text: &str) -> usize {
    text.parse::<usize>().unwrap_or(1).clamp(1, 128)
}

fn begin(switch: &mut Switch, id: &ChannelId, mut collect: Collect) -> Started {
    collect.tries_left -= 1;
    if has_sound(&collect.file) {
        let file = collect.file.clone();
        collect.playing = Some(switch.start_playing(id, &file, Some(0)));
    } else {
        switch.wait(id, Duration::from_millis(collect.timeout_ms));
    }
    Started::Waits(App::Collect(Box::new(collect)))
}

fn has_sound(file: &str) -> bool {
    !file.is_empty() && file != "silence" && file != "_undef_"
}

impl Switch {
    fn collect_mut(&mut self, id: &ChannelId) -> Option<&mut Collect> {
        match self.innermost_app(id)? {
            App::Collect(collect) => Some(collect),
            App::Starting
            | App::Park(_)
            | App::Sleep
            | App::Echo
            | App::Playback(_)
            | App::Record(_)
            | App::Bridge(_)
            | App::Socket(_)
            | App::Conference
            | App::Queue(_)
            | App::Valet(_)
            | App::Fifo(_)
            | App::Listen(_)
            | App::Await(_)
            | App::Consult(_)
            | App::Eavesdrop(_)
            | App::Voicemail(_)
            | App::Nested(_) => None,
        }
    }

    pub(super) fn collect_digit(&mut self, id: &ChannelId, digit: char) {
        let Some(collect) = self.collect_mut(id) else {
            return;
        };
        if collect.playing_invalid {
            return;
        }
        let ended = if collect.terminators.contains(digit) {
            collect.terminator = Some(digit);
            true
        } else {
            collect.digits.push(digit);
            collect.digits.len() >= collect.max
        };
        let wait = collect.digit_timeout_ms;
        if let Some(playing) = &collect.playing {
            // The first digit silences the prompt; the rest is heard when it has ended.
            let play = playing.play;
            self.media_of(id, |_| MediaCommand::StopPlay { play });
        }
        if ended {
            self.judge_collected(id);
        } else {
            self.wait(id, Duration::from_millis(wait));
        }
    }

    pub(super) fn collect_timeout(&mut self, id: &ChannelId) {
        self.judge_collected(id);
    }

    /// The prompt has ended.
    pub(super) fn collect_played(&mut self, id: &ChannelId, play: PlayId) {
        let Some(collect) = self.collect_mut(id) else {
            return;
        };
        if collect.playing.as_ref().is_none_or(|p| p.play != play) {
            return;
        }
        collect.playing = None;
        if std::mem::take(&mut collect.playing_invalid) {
            self.next_try(id);
            return;
        }
        if collect.digits.is_empty() {
            let wait = collect.timeout_ms;
            self.wait(id, Duration::from_millis(wait));
        }
    }

    fn judge_collected(&mut self, id: &ChannelId) {
        let Some(collect) = self.collect_mut(id) else {
            return;
        };
        let (digits, terminator) = (collect.digits.clone(), collect.terminator);
        let (variable, is_read) = (collect.variable.clone(), collect.is_read);
        let long_enough = digits.len() >= collect.min;
        let matches = match &collect.pattern {
            Some(pattern) => {
                long_enough
                    && Expression::compile(pattern)
                        .is_ok_and(|e| e.is_match(&digits).unwrap_or(false))
            }
            None => long_enough,
        };
        if let Some(terminator) = terminator {
            self.set_var(id, "read_terminator_used", terminator.to_string());
        }
        // Whether there were enough of them; what they look like is another question (golden stream-41-queued-dtmf-apps).
        let result = if long_enough {
            "success"
        } else if terminator.is_some() {
            "failure"
        } else {
            "timeout"
        };
        self.set_var(id, "read_result", result);
        if is_read {
            self.set_var(id, &variable, digits);
            self.end_collect(id);
            return;
        }
        if matches {
            self.set_var(id, &variable, digits);
            self.end_collect(id);
            return;
        }
        self.set_var(id, &format!("{variable}_invalid"), digits);
        let Some(collect) = self.collect_mut(id) else {
            return;
        };
        let invalid = collect.invalid_file.clone();
        if has_sound(&invalid) {
            let playing = self.start_playing(id, &invalid, Some(0));
            if let Some(collect) = self.collect_mut(id) {
                collect.playing = Some(playing);
                collect.playing_invalid = true;
            }
        } else {
            self.next_try(id);
        }
    }

    fn next_try(&mut self, id: &ChannelId) {
        let Some(collect) = self.collect_mut(id) else {
            return;
        };
        if collect.tries_left == 0 {
            let failure = collect.failure.clone();
            self.end_collect(id);
            if let Some(failure) = failure {
                let mut words = failure.split_ascii_whitespace().map(Arc::<str>::from);
                if let Some(extension) = words.next() {
                    self.transfer_channel(id, &extension, words.next(), words.next());
                }
            }
            return;
        }
        collect.tries_left -= 1;
        collect.digits.clear();
        collect.terminator = None;
        let (file, timeout_ms) = (collect.file.clone(), collect.timeout_ms);
        if has_sound(&file) {
            let playing = self.start_playing(id, &file, Some(0));
            if let Some(collect) = self.collect_mut(id) {
                collect.playing = Some(playing);
            }
        } else {
            self.wait(id, Duration::from_millis(timeout_ms));
        }
    }

    fn end_collect(&mut self, id: &ChannelId) {
        let playing = self
            .collect_mut(id)
            .and_then(|collect| collect.playing.take());
        if let Some(playing) = playing {
            self.abort_playing(id, playing);
            self.unset_var(id, "current_application_response");
        }
        self.application_done(id, None);
    }

    pub(super) fn abort_collect(&mut self, id: &ChannelId, collect: Collect) {
        if let Some(playing) = collect.playing {
            self.abort_playing(id, playing);
            self.unset_var(id, "current_application_response");
        }
    }
}

/// Splits on blanks outside single quotes; the quotes go.
pub(super) fn split_quoted(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut quoted, mut any) = (false, false);
    for c in text.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                any = true;
            }
            ' ' if !quoted => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            c => word.push(c),
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_words() {
        assert_eq!(
            split_quoted(r"1 2 'a b' '' \d+"),
            ["1", "2", "a b", "", r"\d+"]
        );
    }
}
