//! What is laid over, looked for in, or attached to the sound of a channel: `displace_session`, `tone_detect`,
//! `jitterbuffer`, `remove_bugs`; and what is sent to its phone beside it: `send_info`, `send_display`.

use api::command::channel::{AdjustAudio, Display, SendInfo};
use api::command::leg::{Displacement, Tone};
use api::{ChannelId, CommandError};
use media::control::MediaCommand;

use super::Started;
use crate::{Switch, displace, tones};

/// Says in the log why nothing was done.
fn told(id: &ChannelId, done: Result<(), CommandError>, what: &str) -> Started {
    if let Err(error) = done {
        tracing::warn!(channel = %id, %error, "{what}");
    }
    Started::Done
}

/// `<path> [<flags>] [+<limit ms>]`
pub(super) fn displace_session(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let mut words = data.split_ascii_whitespace();
    let path = words.next().unwrap_or_default();
    let how = Displacement::parse(words);
    let done = switch.displace(id, path, how, None);
    told(id, done, "Nothing is displaced")
}

/// `<path>`
pub(super) fn stop_displace_session(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    if !switch.stop_displacing(id, Some(data.trim())) {
        tracing::warn!(channel = %id, data, "Nothing of that name is displaced");
    }
    Started::Done
}

/// `<key> [<hz>,… [<flags> <timeout> <application> <argument> <hits>]]`; words with blanks stand in single quotes.
pub(super) fn tone_detect(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Some(tone) = Tone::parse(&quoted_words(data)) else {
        tracing::warn!(channel = %id, data, "tone_detect does not say which tone");
        return Started::Done;
    };
    let done = switch.detect_tone(id, tone);
    told(id, done, "A tone is not looked for")
}

pub(super) fn stop_tone_detect(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    switch.stop_tones(id);
    Started::Done
}

/// `<ms>[:<most ms>]`; 0 or `off` lets the network decide again.
pub(super) fn jitterbuffer(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Some(ms) = api::command::leg::SetJitterBuffer::parse(data) else {
        tracing::warn!(channel = %id, data, "That is no delay");
        return Started::Done;
    };
    let done = switch.set_jitter_buffer(id, ms);
    told(id, done, "Nothing is delayed")
}

/// `[<function>]`; without one, all.
pub(super) fn remove_bugs(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let function = data.trim();
    let meant = |name: &str| function.is_empty() || function == name;
    if meant(crate::record::BUG) {
        switch.change_session_record(id, "all", |record| MediaCommand::StopRecord { record });
    }
    if meant(displace::BUG) {
        switch.stop_displacing(id, None);
    }
    if meant(tones::BUG) {
        switch.stop_tones(id);
    }
    if meant(super::eavesdrop::BUG) {
        switch.end_eavesdroppers(id);
    }
    if meant(crate::request::AUDIO_BUG) {
        let channel = id.clone();
        let done = switch.adjust_audio(&AdjustAudio {
            channel,
            change: None,
        });
        return told(id, done, "Sound cannot be changed");
    }
    Started::Done
}

/// `<text>`
pub(super) fn send_info(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let info = SendInfo {
        channel: id.clone(),
        content_type: "freeswitch/data".into(),
        body: data.into(),
    };
    let done = switch.send_info(&info);
    told(id, done, "INFO is not sent")
}

/// `<name>[|<number>]`
pub(super) fn send_display(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let (name, number) = data.split_once('|').unwrap_or((data, data));
    let display = Display {
        channel: id.clone(),
        name: name.into(),
        number: number.into(),
    };
    let done = switch.display(&display);
    told(id, done, "The phone shows what it showed")
}

/// Words apart by blanks; a word in single quotes may have blanks.
fn quoted_words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let quoted = rest
            .strip_prefix('\'')
            .and_then(|inner| inner.split_once('\''));
        let (word, behind) = match quoted {
            Some(found) => found,
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        words.push(word);
        rest = behind.trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::quoted_words;

    #[test]
    fn quotes_keep_words_together() {
        let words = ["busy", "425", "r", "0", "transfer", "1000 XML default", "3"];
        let text = "busy 425  r 0 transfer '1000 XML default' 3";
        assert_eq!(quoted_words(text), words);
        assert_eq!(quoted_words("it 's"), ["it", "'s"]);
    }
}
