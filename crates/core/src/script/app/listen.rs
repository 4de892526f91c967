//! Waiting for silence or for sound: `wait_for_silence`, `detect_silence`, `detect_audio`.

use std::time::Duration;

use api::ChannelId;
use media::control::{Wanted, WatchId};

use super::{App, Started};
use crate::Switch;

/// One of them in progress.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) watch: WatchId,
}

/// `<threshold> <frames of silence> <frames of sound before it> <timeout ms>`
pub(super) fn wait_for_silence(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    start(switch, id, data, |[threshold, frames, after_sound, ms]| {
        let wanted = Wanted::Silence {
            threshold: energy(threshold),
            frames,
            after_sound,
        };
        (wanted, ms)
    })
}

/// `<threshold> <frames of silence> <timeout ms>`
pub(super) fn detect_silence(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    start(switch, id, data, |[threshold, frames, ms]| {
        let wanted = Wanted::Silence {
            threshold: energy(threshold),
            frames,
            after_sound: 0,
        };
        (wanted, ms)
    })
}

/// `<threshold> <frames of sound> <timeout ms>`
pub(super) fn detect_audio(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    start(switch, id, data, |[threshold, frames, ms]| {
        let wanted = Wanted::Sound {
            threshold: energy(threshold),
            frames,
        };
        (wanted, ms)
    })
}

fn energy(threshold: u32) -> u16 {
    u16::try_from(threshold).unwrap_or(u16::MAX)
}

/// Reads as many numbers as are wanted, no more and no fewer; a timeout of 0 is none.
fn start<const N: usize>(
    switch: &mut Switch,
    id: &ChannelId,
    data: &str,
    read: impl Fn([u32; N]) -> (Wanted, u32),
) -> Started {
    let numbers: Option<Vec<u32>> = data
        .split_ascii_whitespace()
        .map(|word| word.parse().ok())
        .collect();
    let numbers = numbers.and_then(|numbers| <[u32; N]>::try_from(numbers).ok());
    let Some((wanted, timeout_ms)) = numbers.map(read) else {
        tracing::warn!(channel = %id, data, "It is not said how long to listen for what");
        return Started::Done;
    };
    let listening = switch.listen(id, wanted);
    if timeout_ms > 0 {
        switch.wait(id, Duration::from_millis(timeout_ms.into()));
    }
    Started::Waits(App::Listen(listening))
}

impl Switch {
    /// A watch of an application has found what it looks for.
    pub(crate) fn listened(&mut self, id: &ChannelId, watch: WatchId) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let runs = &mut live.script.runs;
        let is_it = |app: &App| matches!(app, App::Listen(listening) if listening.watch == watch);
        let Some(at) = runs.iter().position(|run| is_it(&run.app)) else {
            return;
        };
        if at + 1 == runs.len() {
            return self.listened_long_enough(id);
        }
        // What lies under another application looks again when it is on top.
        runs[at].wait = u64::MAX;
    }

    /// `sleep`, or an application that listens, has waited to its end.
    pub(super) fn listened_long_enough(&mut self, id: &ChannelId) {
        if let Some(App::Listen(listening)) = self.innermost_app(id) {
            let watch = listening.watch;
            self.end_watch(id, watch);
        }
        self.application_done(id, None);
    }

    pub(super) fn abort_listening(&mut self, id: &ChannelId, listening: &Listening) {
        self.end_watch(id, listening.watch);
    }
}
