//! Dialplan applications in progress. One file each, or one per small family; their names are in `table.rs`.

mod answer;
mod bridge;
mod collect;
mod conference;
mod dtmf;
mod echo;
mod fire;
mod hangup;
mod hold;
mod hunting;
mod park;
mod playback;
mod record;
mod schedule;
mod sleep;
mod table;
mod transfer;
mod variables;

use std::sync::Arc;

use api::ChannelId;

use crate::Switch;

pub(crate) use bridge::BridgeApp;
pub(crate) use collect::Collect;
pub(crate) use hunting::HuntingChannel;
pub(crate) use park::Park;
pub(crate) use playback::Playback;
pub(crate) use record::{RecordApp, completion_cause};
pub use table::applications;
pub(crate) use table::{find, name_waits_for_media, waits_for_media};

/// An application in progress.
#[derive(Debug)]
pub(crate) enum App {
    /// Its start has not returned yet, or it has just been ended.
    Starting,
    Park(Park),
    Sleep,
    Echo,
    Playback(Playback),
    Record(RecordApp),
    /// `read` and `play_and_get_digits`.
    Collect(Box<Collect>),
    Bridge(BridgeApp),
    Conference,
}

/// What came of starting an application.
pub(crate) enum Started {
    /// It is through.
    Done,
    /// It is through and says so.
    Answered(Arc<str>),
    /// It goes on by itself.
    Waits(App),
}

impl App {
    /// Whether queued messages may run on top of it.
    pub(crate) fn reads_messages(&self) -> bool {
        match self {
            Self::Park(_)
            | Self::Sleep
            | Self::Echo
            | Self::Playback(_)
            | Self::Record(_)
            | Self::Collect(_)
            | Self::Conference => true,
            Self::Bridge(bridge) => bridge.is_up(),
            Self::Starting => false,
        }
    }

    /// Whether it takes digits.
    pub(crate) fn reads_digits(&self) -> bool {
        match self {
            Self::Park(_)
            | Self::Echo
            | Self::Playback(_)
            | Self::Record(_)
            | Self::Collect(_)
            | Self::Conference => true,
            Self::Bridge(bridge) => bridge.is_up(),
            Self::Sleep | Self::Starting => false,
        }
    }
}

impl Switch {
    /// The innermost application gets a digit.
    pub(crate) fn app_digit(&mut self, id: &ChannelId, digit: char) {
        let Some(run) = self
            .channels
            .get_mut(id)
            .and_then(|live| live.script.innermost())
        else {
            return;
        };
        match &mut run.app {
            App::Playback(_) => self.playback_digit(id, digit),
            App::Record(_) => self.record_digit(id, digit),
            App::Collect(_) => self.collect_digit(id, digit),
            App::Conference => {
                self.room_digit(id, digit);
            }
            App::Park(_) | App::Echo | App::Bridge(_) | App::Sleep | App::Starting => {}
        }
    }

    /// A wait of the application at `depth` is over.
    pub(crate) fn app_timeout(&mut self, id: &ChannelId, depth: usize) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let innermost = depth + 1 == live.script.runs.len();
        let Some(run) = live.script.runs.get_mut(depth) else {
            return;
        };
        match &mut run.app {
            App::Sleep if innermost => self.application_done(id, None),
            App::Park(_) => self.park_timeout(id),
            App::Collect(_) if innermost => self.collect_timeout(id),
            // What lies under another application looks again when it is on top.
            App::Sleep | App::Collect(_) => run.wait = u64::MAX,
            App::Echo
            | App::Playback(_)
            | App::Record(_)
            | App::Bridge(_)
            | App::Conference
            | App::Starting => {}
        }
    }

    /// The application that was under a finished one is on top again.
    pub(crate) fn resume_innermost(&mut self, id: &ChannelId) {
        let Some(run) = self
            .channels
            .get_mut(id)
            .and_then(|live| live.script.innermost())
        else {
            return;
        };
        let missed = run.wait == u64::MAX;
        match &run.app {
            App::Sleep if missed => self.application_done(id, None),
            App::Collect(_) if missed => self.collect_timeout(id),
            App::Sleep
            | App::Collect(_)
            | App::Park(_)
            | App::Echo
            | App::Playback(_)
            | App::Record(_)
            | App::Bridge(_)
            | App::Conference
            | App::Starting => {}
        }
        self.read_digits(id);
    }

    /// Ends an application from outside.
    pub(crate) fn abort_app(&mut self, id: &ChannelId, app: App) {
        match app {
            App::Park(park) => self.abort_park(id, park),
            App::Playback(playback) => self.abort_playback(id, playback),
            App::Record(record) => self.abort_record(id, record),
            App::Collect(collect) => self.abort_collect(id, *collect),
            App::Echo => self.media_of(id, |leg| media::control::MediaCommand::Echo {
                leg,
                delay: None,
            }),
            App::Bridge(bridge) => self.abort_bridge(id, bridge),
            App::Conference => self.leave_room(id),
            App::Sleep | App::Starting => {}
        }
    }
}
