//! Dialplan applications in progress. One file each, or one per small family; their names are in `table.rs`.

mod answer;
mod att_xfer;
mod awaiting;
mod bridge;
mod callcenter;
mod check_acl;
mod collect;
mod conference;
mod digit_actions;
mod dtmf;
mod eavesdrop;
mod echo;
mod fifo;
mod files;
mod fire;
mod hangup;
mod hold;
mod hunting;
mod intercept;
mod ivr;
mod leg_sound;
mod listen;
mod meta;
mod nested;
mod offered;
mod page;
mod park;
mod phrase;
mod pickup;
mod playback;
mod record;
pub(crate) mod say;
mod schedule;
mod sleep;
mod socket;
mod sound;
mod table;
mod tables;
mod transfer;
mod valet_park;
mod variables;
mod voicemail;
mod voicemail_menu;

use std::sync::Arc;

use api::ChannelId;

use crate::Switch;

pub(crate) use att_xfer::Consultation;
pub(crate) use awaiting::Awaited;
pub(crate) use bridge::BridgeApp;
pub(crate) use callcenter::InQueue;
pub(crate) use collect::Collect;
pub(crate) use digit_actions::DigitActions;
pub(crate) use eavesdrop::Eavesdrop;
pub(crate) use fifo::InFifo;
pub(crate) use hunting::HuntingChannel;
pub(crate) use listen::Listening;
pub(crate) use meta::MetaKeys;
pub(crate) use nested::Nested;
pub(crate) use park::Park;
pub(crate) use playback::Playback;
pub(crate) use record::{RecordApp, completion_cause};
pub(crate) use socket::Socket;
pub use table::applications;
pub(crate) use table::{find, name_waits_for_media, waits_for_media};
pub(crate) use valet_park::Valet;
pub(crate) use voicemail::VoicemailApp;

/// An application in progress.
#[derive(Debug)]
pub(crate) enum App {
    /// Its start has not returned yet, or it has just been ended.
    Starting,
    Park(Park),
    Sleep,
    /// `wait_for_silence`, `detect_silence`, `detect_audio`.
    Listen(Listening),
    /// `mutex`, `wait_for_answer`, `mkdir`, `rename`.
    Await(Awaited),
    Echo,
    Playback(Playback),
    Record(RecordApp),
    /// `read` and `play_and_get_digits`.
    Collect(Box<Collect>),
    Bridge(BridgeApp),
    /// `att_xfer`.
    Consult(Box<Consultation>),
    Conference,
    /// `callcenter`.
    Queue(InQueue),
    /// `fifo`.
    Fifo(InFifo),
    /// `valet_park`.
    Valet(Valet),
    /// `voicemail`.
    Voicemail(Box<VoicemailApp>),
    /// `eavesdrop`, `three_way`.
    Eavesdrop(Eavesdrop),
    /// `socket`.
    Socket(Socket),
    /// `limit_execute`, `ivr` and `phrase`, which run other applications.
    Nested(Nested),
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
            | Self::Conference
            | Self::Queue(_)
            | Self::Valet(_)
            | Self::Fifo(_)
            | Self::Listen(_)
            | Self::Await(_)
            | Self::Consult(_)
            | Self::Eavesdrop(_)
            | Self::Voicemail(_)
            | Self::Nested(_) => true,
            Self::Bridge(bridge) => bridge.is_up(),
            Self::Socket(socket) => socket.reads_messages(),
            Self::Starting => false,
        }
    }

    /// Whether digits go to the other side of its bridge.
    pub(crate) fn passes_digits_on(&self) -> bool {
        match self {
            Self::Bridge(_) => true,
            Self::Queue(queue) => queue.talks(),
            Self::Fifo(fifo) => fifo.talks(),
            Self::Consult(consultation) => consultation.is_talking(),
            Self::Starting
            | Self::Park(_)
            | Self::Sleep
            | Self::Echo
            | Self::Playback(_)
            | Self::Record(_)
            | Self::Collect(_)
            | Self::Valet(_)
            | Self::Listen(_)
            | Self::Await(_)
            | Self::Voicemail(_)
            | Self::Eavesdrop(_)
            | Self::Socket(_)
            | Self::Nested(_)
            | Self::Conference => false,
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
            | Self::Conference
            | Self::Queue(_)
            | Self::Valet(_)
            | Self::Fifo(_)
            | Self::Eavesdrop(_)
            | Self::Consult(_)
            | Self::Voicemail(_) => true,
            Self::Nested(nested) => nested.reads_digits(),
            Self::Bridge(bridge) => bridge.is_up(),
            Self::Socket(socket) => socket.reads_digits(),
            Self::Sleep | Self::Listen(_) | Self::Await(_) | Self::Starting => false,
        }
    }

    /// Whether the channel waits for commands and has nobody to talk to.
    pub(crate) fn is_parked(&self) -> bool {
        match self {
            Self::Park(_) => true,
            Self::Socket(socket) => socket.reads_messages(),
            Self::Starting
            | Self::Sleep
            | Self::Echo
            | Self::Playback(_)
            | Self::Record(_)
            | Self::Collect(_)
            | Self::Bridge(_)
            | Self::Conference
            | Self::Queue(_)
            | Self::Valet(_)
            | Self::Fifo(_)
            | Self::Listen(_)
            | Self::Await(_)
            | Self::Consult(_)
            | Self::Eavesdrop(_)
            | Self::Nested(_)
            | Self::Voicemail(_) => false,
        }
    }

    /// Whether what the phone says still goes where it went before, however something is played to it.
    pub(crate) fn leaves_sound(&self) -> bool {
        match self {
            Self::Park(_)
            | Self::Socket(_)
            | Self::Starting
            | Self::Sleep
            | Self::Playback(_)
            | Self::Record(_)
            | Self::Collect(_)
            | Self::Valet(_)
            | Self::Listen(_)
            | Self::Await(_)
            | Self::Nested(_)
            | Self::Voicemail(_) => true,
            Self::Echo
            | Self::Bridge(_)
            | Self::Consult(_)
            | Self::Conference
            | Self::Queue(_)
            | Self::Fifo(_)
            | Self::Eavesdrop(_) => false,
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
            App::Queue(_) => self.queue_digit(id, digit),
            App::Fifo(_) => self.fifo_digit(id, digit),
            App::Voicemail(_) => self.voicemail_digit(id, digit),
            App::Eavesdrop(_) => self.eavesdrop_digit(id, digit),
            App::Nested(_) => self.ivr_digit(id, digit),
            App::Park(_)
            | App::Echo
            | App::Bridge(_)
            | App::Sleep
            | App::Valet(_)
            | App::Listen(_)
            | App::Await(_)
            | App::Consult(_)
            | App::Socket(_)
            | App::Starting => {}
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
            App::Sleep | App::Listen(_) if innermost => self.listened_long_enough(id),
            App::Park(_) => self.park_timeout(id),
            App::Socket(_) => self.socket_timeout(id, depth),
            App::Valet(_) if innermost => self.valet_timeout(id),
            App::Fifo(_) if innermost => self.fifo_timeout(id),
            App::Collect(_) if innermost => self.collect_timeout(id),
            App::Voicemail(_) if innermost => self.menu_timeout(id),
            App::Nested(_) if innermost => self.ivr_timeout(id),
            // What lies under another application looks again when it is on top.
            App::Sleep
            | App::Listen(_)
            | App::Collect(_)
            | App::Valet(_)
            | App::Fifo(_)
            | App::Voicemail(_)
            | App::Nested(_) => run.wait = u64::MAX,
            App::Echo
            | App::Playback(_)
            | App::Record(_)
            | App::Bridge(_)
            | App::Consult(_)
            | App::Conference
            | App::Eavesdrop(_)
            | App::Queue(_)
            | App::Await(_)
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
            App::Sleep | App::Listen(_) if missed => self.listened_long_enough(id),
            App::Collect(_) if missed => self.collect_timeout(id),
            App::Voicemail(_) if missed => self.menu_timeout(id),
            App::Await(_) => self.look_again(id),
            App::Queue(_) => self.resume_music(id),
            App::Valet(_) if missed => self.valet_timeout(id),
            App::Fifo(_) if missed => self.fifo_timeout(id),
            App::Fifo(_) => self.resume_fifo(id),
            App::Valet(_) => self.resume_valet(id),
            App::Nested(_) => self.resume_nested(id, missed),
            App::Socket(_) => self.resume_socket(id),
            App::Bridge(BridgeApp::Over) => self.bridge_over(id),
            App::Sleep
            | App::Listen(_)
            | App::Collect(_)
            | App::Park(_)
            | App::Echo
            | App::Playback(_)
            | App::Record(_)
            | App::Bridge(_)
            | App::Consult(_)
            | App::Conference
            | App::Eavesdrop(_)
            | App::Voicemail(_)
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
            App::Queue(queue) => self.abort_queue(id, queue),
            App::Fifo(fifo) => self.abort_fifo(id, fifo),
            App::Valet(valet) => self.abort_valet(id, valet),
            App::Voicemail(voicemail) => self.abort_voicemail(id, *voicemail),
            App::Eavesdrop(app) => self.abort_eavesdrop(id, &app),
            App::Socket(socket) => self.abort_socket(id, &socket),
            App::Nested(nested) => self.abort_nested(id, nested),
            App::Consult(consultation) => self.abort_consultation(id, &consultation),
            App::Listen(listening) => self.abort_listening(id, &listening),
            App::Await(awaited) => self.abort_awaiting(id, &awaited),
            App::Sleep | App::Starting => {}
        }
    }
}
