//! Recordings of a room.

use std::sync::Arc;

use api::event::RoomAction;
use api::view::Recording;
use api::{ChannelId, CommandError, ErrorKind, ObjectKind};
use media::control::{MediaCommand, RecordEnd, RecordId, RecordLength, RoomId as MixId};

use crate::Switch;
use crate::switch::RecordOwner;

/// Recordings one room has at once.
const MAX_RECORDS: usize = MediaCommand::MAX_RECORDS;

/// A running recording.
#[derive(Debug)]
pub(super) struct RoomRecord {
    id: RecordId,
    path: Arc<str>,
    /// It has two channels.
    stereo: bool,
    started: bool,
    stopping: bool,
}

impl RoomRecord {
    pub(super) fn id(&self) -> RecordId {
        self.id
    }

    pub(super) fn is_stereo(&self) -> bool {
        self.stereo
    }
}

impl Switch {
    /// Begins a recording; `start-recording` follows when the file is open.
    ///
    /// # Errors
    /// `AlreadyExists(Recording)`, `LimitReached`.
    pub(super) fn record_room(
        &mut self,
        mix: MixId,
        path: &Arc<str>,
        stereo: bool,
    ) -> Result<(), CommandError> {
        let room = self
            .rooms
            .all
            .get_mut(&mix)
            .ok_or_else(|| CommandError::not_found(ObjectKind::Room))?;
        if room
            .records
            .iter()
            .any(|record| record.path == *path && !record.stopping)
        {
            return Err(CommandError::new(
                ErrorKind::AlreadyExists(ObjectKind::Recording),
                "already being recorded",
            ));
        }
        if room.records.len() >= MAX_RECORDS {
            return Err(CommandError::new(
                ErrorKind::LimitReached,
                "too many recordings of one conference",
            ));
        }
        self.serials.record += 1;
        let id = RecordId(self.serials.record);
        room.records.push(RoomRecord {
            id,
            path: path.clone(),
            stereo,
            started: false,
            stopping: false,
        });
        room.seen_mut().recordings.push(Recording {
            path: path.clone(),
            paused: false,
        });
        let (worker, name) = (room.worker, room.seen.name.clone());
        self.records.insert(id, RecordOwner::Room(name));
        self.rooms.recordings.insert(id, mix);
        let file = path.to_string();
        self.media(
            worker,
            MediaCommand::RoomRecord {
                room: mix,
                record: id,
                stereo,
                file,
                limit_ms: None,
                append: false,
            },
        );
        self.renew_room(mix);
        Ok(())
    }

    /// Begins the recording a room makes by itself, as soon as there are enough members; `id` came last.
    pub(super) fn record_by_itself(&mut self, mix: MixId, id: &ChannelId) {
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let Some(template) = room.settings.auto_record.clone() else {
            return;
        };
        if room.recorded || room.size() < room.settings.record_from as usize {
            return;
        }
        room.recorded = true;
        let name = room.seen.name.clone();
        let path = self.expand_for(id, &template);
        if let Err(error) = self.record_room(mix, &path, false) {
            tracing::warn!(room = %name, %path, %error, "Conference cannot be recorded");
        }
    }

    /// The file of a recording is open.
    pub(crate) fn room_record_started(&mut self, id: RecordId) {
        let Some(mix) = self.rooms.recordings.get(&id).copied() else {
            return;
        };
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let Some(record) = room.records.iter_mut().find(|record| record.id == id) else {
            return;
        };
        record.started = true;
        let (path, stereo) = (record.path.clone(), record.stereo);
        let (name, rate_hz) = (room.seen.name.clone(), room.seen.rate_hz);
        self.room_event(
            mix,
            RoomAction::RecordingStarted {
                path,
                failed: false,
            },
        );
        self.recorder_came(&name, id, rate_hz, stereo);
    }

    /// A recording is over.
    pub(crate) fn room_record_done(
        &mut self,
        _room: &Arc<str>,
        id: RecordId,
        end: RecordEnd,
        length: RecordLength,
        file_bytes: u64,
    ) {
        let Some(mix) = self.rooms.recordings.remove(&id) else {
            return;
        };
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let Some(at) = room.records.iter().position(|record| record.id == id) else {
            return;
        };
        let record = room.records.remove(at);
        let others = room.records.iter().any(|record| !record.stopping);
        if !record.stopping {
            room.seen_mut()
                .recordings
                .retain(|shown| shown.path != record.path);
        }
        let path = record.path;
        let action = match end {
            RecordEnd::Failed if !record.started => {
                tracing::warn!(room = %room.seen.name, %path, "Conference cannot be recorded");
                RoomAction::RecordingStarted { path, failed: true }
            }
            RecordEnd::Failed | RecordEnd::Stopped | RecordEnd::Limit | RecordEnd::Silence => {
                RoomAction::RecordingStopped {
                    path,
                    others,
                    samples: length.samples,
                    rate_hz: length.rate_hz,
                    file_bytes,
                }
            }
        };
        let name = room.seen.name.clone();
        self.room_event(mix, action);
        self.recorder_went(&name, id);
        self.finish_room(mix);
    }

    /// Ends one recording or all; how many.
    ///
    /// # Errors
    /// `NotFound(Recording)` when a path is given and nothing is recorded there.
    pub(super) fn stop_room_records(
        &mut self,
        mix: MixId,
        path: Option<&str>,
    ) -> Result<usize, CommandError> {
        let room = self
            .rooms
            .all
            .get_mut(&mix)
            .ok_or_else(|| CommandError::not_found(ObjectKind::Room))?;
        let worker = room.worker;
        let meant = |record: &&mut RoomRecord| {
            !record.stopping && path.is_none_or(|path| *record.path == *path)
        };
        let stopped: Vec<(RecordId, Arc<str>)> = room
            .records
            .iter_mut()
            .filter(meant)
            .map(|record| {
                record.stopping = true;
                (record.id, record.path.clone())
            })
            .collect();
        if stopped.is_empty() && path.is_some() {
            return Err(CommandError::not_found(ObjectKind::Recording));
        }
        room.seen_mut()
            .recordings
            .retain(|shown| !stopped.iter().any(|(_, path)| *path == shown.path));
        for (record, _) in &stopped {
            self.media(worker, MediaCommand::StopRecord { record: *record });
        }
        self.renew_room(mix);
        Ok(stopped.len())
    }

    /// Stops and continues a recording.
    ///
    /// # Errors
    /// `NotFound(Recording)`.
    pub(super) fn pause_room_record(
        &mut self,
        mix: MixId,
        path: &Arc<str>,
        paused: bool,
    ) -> Result<(), CommandError> {
        let missing = || CommandError::not_found(ObjectKind::Recording);
        let room = self.rooms.all.get_mut(&mix).ok_or_else(missing)?;
        let worker = room.worker;
        let found = room
            .records
            .iter()
            .find(|record| record.path == *path && !record.stopping);
        let id = found.ok_or_else(missing)?.id;
        let others = room
            .records
            .iter()
            .any(|record| record.id != id && !record.stopping);
        if let Some(shown) = room
            .seen_mut()
            .recordings
            .iter_mut()
            .find(|shown| shown.path == *path)
        {
            shown.paused = paused;
        }
        self.media(worker, MediaCommand::PauseRecord { record: id, paused });
        let path = path.clone();
        let action = if paused {
            RoomAction::RecordingPaused { path, others }
        } else {
            RoomAction::RecordingResumed { path, others }
        };
        self.room_event(mix, action);
        Ok(())
    }
}
