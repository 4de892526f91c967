//! `hold`, `unhold` and `soft_hold`.

use api::ChannelId;
use media::control::Digit;

use super::{App, Started, playback};
use crate::Switch;
use crate::script::Run;

/// What is heard where there is no music.
const SILENCE: &str = "silence_stream://-1";
/// The name of the application.
const SOFT_HOLD: &str = "soft_hold";

pub(super) fn hold(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    set(switch, id, true)
}

pub(super) fn unhold(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    set(switch, id, false)
}

fn set(switch: &mut Switch, id: &ChannelId, on: bool) -> Started {
    if let Err(error) = switch.hold_channel(id, on) {
        tracing::warn!(channel = %id, on, %error, "Hold cannot be changed");
    }
    Started::Done
}

/// `<key> [<music here> [<music for the partner>]]`: both hear something else than each other until the channel presses the
/// key, or its partner is gone. Without a name it is the music on hold of the channel.
pub(super) fn soft_hold(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let mut words = data.split_ascii_whitespace();
    let key = words.next().filter(|key| {
        let mut digits = key.chars();
        digits.next().is_some_and(|c| Digit::from_char(c).is_some()) && digits.next().is_none()
    });
    let Some(key) = key else {
        tracing::warn!(channel = %id, data, "soft_hold does not say which key ends it");
        return Started::Done;
    };
    let mut music = || {
        let named = words.next().map(str::to_owned);
        let named = named.or_else(|| switch.hold_music_of(id));
        named.filter(|music| !music.eq_ignore_ascii_case("silence"))
    };
    let (own, theirs) = (music(), music());
    let partner = switch.hold_partner_with(id, theirs.as_deref().unwrap_or(SILENCE));
    let Some(partner) = partner else {
        tracing::warn!(channel = %id, "Nobody is there who could be put on hold");
        return Started::Done;
    };
    switch.hold_until_done(id, partner);
    playback::play_until(switch, id, own.as_deref().unwrap_or(SILENCE), key)
}

impl Switch {
    /// Whom a channel had put on hold is gone: what it hears instead ends.
    pub(crate) fn end_soft_hold(&mut self, id: &ChannelId, partner: &ChannelId) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let runs = &mut live.script.runs;
        let holds = |run: &Run| {
            let message = run.message.as_ref();
            *run.ran.name == *SOFT_HOLD
                && message.is_some_and(|m| m.holds.as_ref() == Some(partner))
        };
        let Some(at) = runs.iter().position(holds) else {
            return;
        };
        if at + 1 == runs.len() {
            self.end_innermost(id);
        } else {
            // Ends in its turn: the application on top is not disturbed.
            let app = std::mem::replace(&mut runs[at].app, App::Sleep);
            runs[at].wait = u64::MAX;
            self.abort_app(id, app);
        }
    }

    /// The partner is held for as long as the application that begins goes on.
    fn hold_until_done(&mut self, id: &ChannelId, partner: ChannelId) {
        let run = self
            .channels
            .get_mut(id)
            .and_then(|live| live.script.innermost());
        if let Some(run) = run {
            run.message.get_or_insert_default().holds = Some(partner);
        }
    }
}

#[cfg(test)]
mod tests;
