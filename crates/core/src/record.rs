//! Recordings beside a call: `uuid_record`, `record_session`.

use std::sync::Arc;

use api::event::{ChannelEvent, MediaBug};
use api::{ChannelId, CommandError, ErrorKind, ObjectKind, RequestId};
use media::control::{MediaCommand, RecordEnd, RecordId, RecordLength, RecordSides};

use crate::Switch;
use crate::channel::RunningRecord;
use crate::script::app::completion_cause;
use crate::switch::RecordOwner;
use crate::work::Work;

/// What the recording is called in `Media-Bug-Function`.
const BUG: &str = "session_record";

impl Switch {
    /// Starts a recording beside the call.
    ///
    /// # Errors
    /// `NotFound(Channel)`, `AlreadyExists(Recording)`.
    pub(crate) fn begin_session_record(
        &mut self,
        id: &ChannelId,
        path: &str,
        limit_s: u32,
        variables: Vec<(Arc<str>, Arc<str>)>,
        request: Option<RequestId>,
    ) -> Result<(), CommandError> {
        let Some(live) = self.channels.get(id).filter(|live| live.is_up()) else {
            return Err(CommandError::not_found(ObjectKind::Channel));
        };
        if live.records.iter().any(|r| &*r.path == path) {
            return Err(CommandError::new(
                ErrorKind::AlreadyExists(ObjectKind::Recording),
                "it is being recorded there",
            ));
        }
        if !live.media.open {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "the channel has no media",
            ));
        }
        let has = |name: &str| {
            live.seen.variables.is_true(name)
                || variables
                    .iter()
                    .any(|(n, v)| n.eq_ignore_ascii_case(name) && api::variables::is_true(v))
        };
        let sides = if has("RECORD_STEREO") {
            RecordSides::Stereo
        } else if has("RECORD_READ_ONLY") {
            RecordSides::Read
        } else if has("RECORD_WRITE_ONLY") {
            RecordSides::Write
        } else {
            RecordSides::Both
        };
        let append = has("RECORD_APPEND");
        let rate_hz = live
            .seen
            .variables
            .text("record_sample_rate")
            .and_then(|r| r.parse().ok());
        self.serials.record += 1;
        let record = RecordId(self.serials.record);
        self.records
            .insert(record, RecordOwner::Channel(id.clone()));
        let path: Arc<str> = path.into();
        if let Some(live) = self.channels.get_mut(id) {
            live.records.push(RunningRecord {
                id: record,
                path: path.clone(),
                variables: variables.clone(),
                request,
            });
        }
        let file = path.to_string();
        self.media_of(id, |leg| MediaCommand::Record {
            leg,
            record,
            file,
            sides,
            limit_ms: (limit_s > 0).then_some(u64::from(limit_s) * 1000),
            silence: None,
            append,
            rate_hz,
        });
        Ok(())
    }

    pub(crate) fn session_record_started(&mut self, id: &ChannelId, record: RecordId) {
        let Some(run) = self.running_record(id, record) else {
            return;
        };
        if let Some(request) = self.take_record_request(id, record) {
            self.answer(request, Ok(()));
        }
        self.emit(
            id,
            ChannelEvent::RecordStarted {
                path: run.path.clone(),
                variables: run.variables,
            },
        );
        self.emit(
            id,
            ChannelEvent::MediaBugStarted(MediaBug {
                function: BUG.into(),
                target: run.path,
            }),
        );
    }

    pub(crate) fn session_record_done(
        &mut self,
        id: &ChannelId,
        record: RecordId,
        end: RecordEnd,
        length: RecordLength,
    ) {
        let Some(run) = self.running_record(id, record) else {
            return;
        };
        if let Some(request) = self.take_record_request(id, record) {
            let error = CommandError::new(ErrorKind::InvalidState, "the file cannot be recorded");
            self.refuse(request, error);
        }
        if let Some(live) = self.channels.get_mut(id) {
            live.records.retain(|r| r.id != record);
            if live.ending && live.records.is_empty() {
                self.work.push_back(Work::Finish(id.clone()));
            }
        }
        if end == RecordEnd::Failed && length.samples == 0 {
            tracing::warn!(channel = %id, path = %run.path, "File cannot be recorded");
            return;
        }
        self.announce_record_stop(id, &run, length, completion_cause(end));
    }

    fn announce_record_stop(
        &mut self,
        id: &ChannelId,
        run: &RunningRecord,
        length: RecordLength,
        completion: Option<&'static str>,
    ) {
        // The file is WAV: two bytes per sample and a header of 44.
        self.set_var(
            id,
            "record_file_size",
            (length.samples * 2 + 44).to_string(),
        );
        self.set_record_vars(id, length, completion);
        let variables = run.variables.clone();
        self.emit(
            id,
            ChannelEvent::RecordStopped {
                path: run.path.clone(),
                variables,
                completion,
            },
        );
        self.emit(
            id,
            ChannelEvent::MediaBugStopped(MediaBug {
                function: BUG.into(),
                target: run.path.clone(),
            }),
        );
    }

    /// Whoever asked for the recording and waits.
    fn take_record_request(&mut self, id: &ChannelId, record: RecordId) -> Option<RequestId> {
        let live = self.channels.get_mut(id)?;
        live.records
            .iter_mut()
            .find(|r| r.id == record)?
            .request
            .take()
    }

    fn running_record(&self, id: &ChannelId, record: RecordId) -> Option<RunningRecord> {
        self.channels
            .get(id)?
            .records
            .iter()
            .find(|r| r.id == record)
            .cloned()
    }

    /// Changes the recording into `path` (or all); false when there is none.
    pub(crate) fn change_session_record(
        &mut self,
        id: &ChannelId,
        path: &str,
        command: impl Fn(RecordId) -> MediaCommand,
    ) -> bool {
        let Some(live) = self.channels.get(id) else {
            return false;
        };
        let all = path.eq_ignore_ascii_case("all");
        let ids: Vec<RecordId> = live
            .records
            .iter()
            .filter(|r| all || &*r.path == path)
            .map(|r| r.id)
            .collect();
        for record in &ids {
            self.media_of(id, |_| command(*record));
        }
        !ids.is_empty()
    }

    /// At hangup: recordings end. The channel's last states wait until the media side has completed the files.
    pub(crate) fn stop_records(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        for run in live.records.clone() {
            self.media_of(id, |_| MediaCommand::StopRecord { record: run.id });
        }
    }
}
