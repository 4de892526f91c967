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
pub(crate) const BUG: &str = "session_record";

impl Switch {
    /// Starts a recording beside the call.
    ///
    /// # Errors
    /// `NotFound(Channel)`, `InvalidState` without media.
    pub(crate) fn begin_session_record(
        &mut self,
        id: &ChannelId,
        path: &str,
        limit_s: u32,
        variables: Vec<(Arc<str>, Arc<str>)>,
        request: Option<RequestId>,
    ) -> Result<(), CommandError> {
        self.need_media(id);
        let Some(live) = self.channels.get(id).filter(|live| live.is_up()) else {
            return Err(CommandError::not_found(ObjectKind::Channel));
        };
        if live.records.iter().any(|r| &*r.path == path && !r.stopping) {
            // It is being recorded there: what was asked for is the case (recorded).
            if let Some(request) = request {
                self.answer(request, Ok(()));
            }
            return Ok(());
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
                stopping: false,
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

    /// Changes the recording into `path` (or all); false when there is none. One that is told to stop is gone for
    /// further commands, whenever its file is complete.
    pub(crate) fn change_session_record(
        &mut self,
        id: &ChannelId,
        path: &str,
        command: impl Fn(RecordId) -> MediaCommand,
    ) -> bool {
        let Some(live) = self.channels.get_mut(id) else {
            return false;
        };
        let all = path.eq_ignore_ascii_case("all");
        let mut ids = Vec::new();
        for run in &mut live.records {
            if (all || &*run.path == path) && !run.stopping {
                run.stopping = matches!(command(run.id), MediaCommand::StopRecord { .. });
                ids.push(run.id);
            }
        }
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

#[cfg(test)]
mod tests {
    use api::command::channel::{Record, RecordAction};

    use super::*;
    use crate::rig::Rig;

    fn ask(rig: &mut Rig, id: &ChannelId, path: &str, action: RecordAction) -> bool {
        let command = Record {
            channel: id.clone(),
            path: path.into(),
            action,
        };
        rig.get(command).is_ok()
    }

    fn start() -> RecordAction {
        RecordAction::Start {
            limit_s: 0,
            variables: Vec::new(),
        }
    }

    #[test]
    fn a_file_that_is_being_recorded_is_not_begun_again() {
        let mut rig = Rig::new();
        let id = rig.park("null/x");
        assert!(ask(&mut rig, &id, "/r/a.wav", start()));
        assert!(ask(&mut rig, &id, "/r/a.wav", start()));
        let begun = |c: &&MediaCommand| matches!(c, MediaCommand::Record { .. });
        assert_eq!(rig.commands.iter().filter(begun).count(), 1);
        assert!(ask(&mut rig, &id, "/r/a.wav", RecordAction::Stop));
        assert!(!ask(&mut rig, &id, "/r/a.wav", RecordAction::Stop));
        assert!(!ask(&mut rig, &id, "/missing/a.wav", start()));
        assert!(!ask(&mut rig, &id, "all", RecordAction::Stop));
    }

    #[test]
    fn a_recording_told_to_stop_is_gone_before_its_file_is_complete() {
        let mut rig = Rig::new();
        let id = rig.park("null/x");
        assert!(ask(&mut rig, &id, "/r/a.wav", start()));
        let stop = |record| MediaCommand::StopRecord { record };
        assert!(rig.switch.change_session_record(&id, "all", stop));
        assert!(!rig.switch.change_session_record(&id, "all", stop));
    }
}
