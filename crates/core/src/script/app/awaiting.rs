//! Waiting for something that happens elsewhere: `mutex`, `wait_for_answer`, `mkdir`, `rename`, `system`.

use std::sync::Arc;

use api::ChannelId;
use api::view::AnswerState;

use super::{App, Started};
use crate::Switch;
use crate::mutexes::Taken;

/// What is waited for.
#[derive(Debug)]
pub(crate) enum Awaited {
    /// Somebody answers this channel.
    Answer,
    /// The key is given back by whoever has it.
    Key(Arc<str>),
    /// The disk has done the job of this number.
    Files(u64),
    /// The program of this number has ended.
    Program(u64),
}

/// `<key> [on|off]`: one channel has the key, others wait for it. It is given back by `off`, or at hangup.
pub(super) fn mutex(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let mut words = data.split_ascii_whitespace();
    let Some(key) = words.next().map(Arc::<str>::from) else {
        tracing::warn!(channel = %id, "mutex does not say which key");
        return Started::Done;
    };
    match words.next() {
        Some(word) if word.eq_ignore_ascii_case("off") => {
            if switch.mutexes.has(&key, id) {
                switch.give_back(id, &key);
            }
            Started::Done
        }
        Some(word) if !word.eq_ignore_ascii_case("on") => {
            tracing::warn!(channel = %id, data, "mutex does not say on or off");
            Started::Done
        }
        Some(_) | None => match switch.mutexes.take(&key, id) {
            Taken::Yes => Started::Done,
            Taken::Waits => Started::Waits(App::Await(Awaited::Key(key))),
            Taken::Refused => {
                tracing::warn!(channel = %id, %key, "Too many keys are taken");
                Started::Done
            }
        },
    }
}

/// Nothing happens until the channel is answered, by another application or by a program.
pub(super) fn wait_for_answer(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    if switch.has_happened(id, &Awaited::Answer) {
        Started::Done
    } else {
        Started::Waits(App::Await(Awaited::Answer))
    }
}

impl Switch {
    fn has_happened(&self, id: &ChannelId, awaited: &Awaited) -> bool {
        match awaited {
            Awaited::Answer => {
                let live = self.channels.get(id);
                live.is_some_and(|live| live.seen.answer == AnswerState::Answered)
            }
            Awaited::Key(key) => self.mutexes.has(key, id),
            Awaited::Files(number) => self.file_jobs.is_done(*number),
            Awaited::Program(number) => self.programs.is_done(*number),
        }
    }

    /// What a channel waits for may have happened. What lies under another application looks again when it is on top.
    pub(crate) fn look_again(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get(id).filter(|live| live.is_up()) else {
            return;
        };
        let Some(run) = live.script.runs.last() else {
            return;
        };
        if let App::Await(awaited) = &run.app
            && self.has_happened(id, awaited)
        {
            self.application_done(id, None);
        }
    }

    fn give_back(&mut self, id: &ChannelId, key: &str) {
        if let Some(next) = self.mutexes.leave(key, id) {
            self.look_again(&next);
        }
    }

    /// A channel has ended: others get its keys.
    pub(crate) fn release_mutexes(&mut self, id: &ChannelId) {
        for key in self.mutexes.of(id) {
            self.give_back(id, &key);
        }
    }

    pub(super) fn abort_awaiting(&mut self, id: &ChannelId, awaited: &Awaited) {
        match awaited {
            // Disk and program do it all the same.
            Awaited::Answer | Awaited::Files(_) | Awaited::Program(_) => {}
            Awaited::Key(key) => {
                let waits_below = self.channels.get(id).is_some_and(|live| {
                    let awaits =
                        |app: &App| matches!(app, App::Await(Awaited::Key(one)) if one == key);
                    live.script.runs.iter().any(|run| awaits(&run.app))
                });
                // The same channel may have asked again on top of its first wait: its place is still wanted.
                if !waits_below {
                    self.give_back(id, key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
