//! Recording: `record`, and `record_session` with its relatives (event-socket.md §5.3 S6).

use std::sync::Arc;

use api::ChannelId;
use api::cause::Blame;
use api::event::ChannelEvent;
use api::{CommandError, HangupCause};
use media::control::{MediaCommand, RecordEnd, RecordId, RecordLength, RecordSides, SilenceStop};

use super::{App, Started};
use crate::Switch;
use crate::switch::RecordOwner;

/// The `record` application.
#[derive(Debug)]
pub(crate) struct RecordApp {
    record: RecordId,
    path: Arc<str>,
    terminators: Box<str>,
    started: bool,
}

pub(super) fn record(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let mut words = data.split_ascii_whitespace();
    let Some(path) = words.next() else {
        return Started::Done;
    };
    let limit_s = words
        .next()
        .and_then(|w| w.trim_start_matches('+').parse::<u64>().ok())
        .unwrap_or(0);
    let threshold = words.next().and_then(|w| w.parse::<u16>().ok());
    let hits_s = words.next().and_then(|w| w.parse::<u32>().ok());
    let silence = match (threshold, hits_s) {
        (Some(threshold), Some(seconds)) if threshold > 0 && seconds > 0 => Some(SilenceStop {
            threshold,
            after_ms: seconds.saturating_mul(1000),
        }),
        _ => None,
    };
    let terminators = match switch.var(id, "playback_terminators") {
        Some("none") => "",
        Some("any") => "0123456789*#ABCD",
        Some(digits) => digits,
        None => "*",
    }
    .into();
    switch.serials.record += 1;
    let record = RecordId(switch.serials.record);
    switch
        .records
        .insert(record, RecordOwner::Application(id.clone()));
    let append = switch.var_true(id, "record_append") || switch.var_true(id, "RECORD_APPEND");
    let file = path.to_owned();
    switch.media_of(id, |leg| MediaCommand::Record {
        leg,
        record,
        file,
        sides: RecordSides::Read,
        limit_ms: (limit_s > 0).then_some(limit_s * 1000),
        silence,
        append,
        rate_hz: None,
    });
    Started::Waits(App::Record(RecordApp {
        record,
        path: path.into(),
        terminators,
        started: false,
    }))
}

pub(super) fn record_session(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let (path, limit_s) = match data.trim().rsplit_once(" +") {
        Some((path, limit)) => (path.trim(), limit.trim().parse().unwrap_or(0)),
        None => (data.trim(), 0),
    };
    if let Err(error) = switch.start_session_record(id, path, limit_s, Vec::new()) {
        tracing::warn!(channel = %id, %error, "Recording is not started");
    }
    Started::Done
}

fn change(
    switch: &mut Switch,
    id: &ChannelId,
    path: &str,
    command: impl Fn(RecordId) -> MediaCommand,
) -> Started {
    if !switch.change_session_record(id, path.trim(), command) {
        tracing::warn!(channel = %id, path, "No such recording");
    }
    Started::Done
}

pub(super) fn stop_record_session(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    change(switch, id, data, |record| MediaCommand::StopRecord {
        record,
    })
}

pub(super) fn record_session_mask(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    change(switch, id, data, |record| MediaCommand::MaskRecord {
        record,
        masked: true,
    })
}

pub(super) fn record_session_unmask(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    change(switch, id, data, |record| MediaCommand::MaskRecord {
        record,
        masked: false,
    })
}

pub(super) fn record_session_pause(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    change(switch, id, data, |record| MediaCommand::PauseRecord {
        record,
        paused: true,
    })
}

pub(super) fn record_session_resume(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    change(switch, id, data, |record| MediaCommand::PauseRecord {
        record,
        paused: false,
    })
}

impl Switch {
    /// The `record` application's file is open.
    pub(super) fn app_record_started(&mut self, id: &ChannelId, record: RecordId) {
        let Some(app) = self.record_app(id, record) else {
            return;
        };
        app.started = true;
        let path = app.path.clone();
        self.emit(
            id,
            ChannelEvent::RecordStarted {
                path,
                variables: Vec::new(),
            },
        );
    }

    fn record_app(&mut self, id: &ChannelId, record: RecordId) -> Option<&mut RecordApp> {
        self.channels
            .get_mut(id)?
            .script
            .runs
            .iter_mut()
            .find_map(|run| match &mut run.app {
                App::Record(app) if app.record == record => Some(app),
                App::Record(_)
                | App::Starting
                | App::Park(_)
                | App::Sleep
                | App::Echo
                | App::Playback(_)
                | App::Collect(_)
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
            })
    }

    pub(super) fn record_digit(&mut self, id: &ChannelId, digit: char) {
        let Some(App::Record(app)) = self.innermost_app(id) else {
            return;
        };
        if !app.terminators.contains(digit) {
            return;
        }
        let record = app.record;
        self.set_var(id, "playback_terminator_used", digit.to_string());
        self.media_of(id, |_| MediaCommand::StopRecord { record });
    }

    /// The `record` application's file is complete.
    pub(crate) fn app_record_done(
        &mut self,
        id: &ChannelId,
        record: RecordId,
        end: RecordEnd,
        length: RecordLength,
    ) {
        let Some(app) = self.record_app(id, record) else {
            return;
        };
        let (path, started) = (app.path.clone(), std::mem::take(&mut app.started));
        if end == RecordEnd::Failed && !started {
            self.hangup(id, HangupCause::DestinationOutOfOrder, Blame::Ours);
            return;
        }
        let completion = completion_cause(end);
        self.set_record_vars(id, length, completion);
        if started {
            self.emit(
                id,
                ChannelEvent::RecordStopped {
                    path,
                    variables: Vec::new(),
                    completion,
                },
            );
        }
        self.application_done(id, None);
    }

    pub(super) fn abort_record(&mut self, id: &ChannelId, app: RecordApp) {
        let record = app.record;
        self.records.remove(&record);
        self.media_of(id, |_| MediaCommand::StopRecord { record });
        if app.started {
            let event = ChannelEvent::RecordStopped {
                path: app.path,
                variables: Vec::new(),
                completion: None,
            };
            self.emit(id, event);
        }
    }

    pub(crate) fn set_record_vars(
        &mut self,
        id: &ChannelId,
        length: RecordLength,
        completion: Option<&'static str>,
    ) {
        self.set_var(id, "record_samples", length.samples.to_string());
        self.set_var(id, "record_seconds", (length.as_ms() / 1000).to_string());
        self.set_var(id, "record_ms", length.as_ms().to_string());
        if let Some(completion) = completion {
            self.set_var(id, "record_completion_cause", completion);
        }
    }

    /// A recording was opened.
    pub(crate) fn record_started(&mut self, record: RecordId) {
        match self.records.get(&record).cloned() {
            Some(RecordOwner::Application(id)) => self.app_record_started(&id, record),
            Some(RecordOwner::Channel(id)) => self.session_record_started(&id, record),
            Some(RecordOwner::Room(_)) => self.room_record_started(record),
            Some(RecordOwner::Voicemail) | None => {}
        }
    }

    /// A recording ended.
    pub(crate) fn record_done(
        &mut self,
        record: RecordId,
        end: RecordEnd,
        length: RecordLength,
        heard: bool,
        file_bytes: u64,
    ) {
        match self.records.remove(&record) {
            Some(RecordOwner::Voicemail) => self.deposit_done(record, end, length, heard),
            Some(RecordOwner::Application(id)) => self.app_record_done(&id, record, end, length),
            Some(RecordOwner::Channel(id)) => self.session_record_done(&id, record, end, length),
            Some(RecordOwner::Room(room)) => {
                self.room_record_done(&room, record, end, length, file_bytes)
            }
            None => {}
        }
    }

    /// Starts a recording beside the call.
    ///
    /// # Errors
    /// `InvalidState` without media.
    pub(crate) fn start_session_record(
        &mut self,
        id: &ChannelId,
        path: &str,
        limit_s: u32,
        variables: Vec<(Arc<str>, Arc<str>)>,
    ) -> Result<(), CommandError> {
        self.begin_session_record(id, path, limit_s, variables, None)
    }
}

/// `Record-Completion-Cause`.
pub(crate) fn completion_cause(end: RecordEnd) -> Option<&'static str> {
    match end {
        RecordEnd::Limit | RecordEnd::Stopped => Some("success-maxtime"),
        RecordEnd::Silence => Some("success-silence"),
        RecordEnd::Failed => Some("uri-failure"),
    }
}
