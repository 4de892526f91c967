//! Playbacks and recordings: asked for, opened by the shell, ended.

use super::{Engine, Place};
use crate::control::{
    LegId, MediaReport, PlayEnd, PlayId, RecordEnd, RecordId, RecordLength, RoomId,
};
use crate::file::{Chain, FileName};
use crate::leg::playing::Playing;
use crate::leg::recording::Recording;
use crate::output::{Output, Request};
use crate::source::{FrameSink, FrameSource};

/// What to play, and how often.
pub(super) struct Wish {
    pub(super) play: PlayId,
    pub(super) file: String,
    pub(super) repeats: Option<u32>,
}

/// Where to record to.
pub(super) struct Target {
    pub(super) file: String,
    pub(super) append: bool,
    pub(super) rate_hz: Option<u32>,
}

impl Engine {
    pub(super) fn play_to_leg(
        &mut self,
        leg: LegId,
        wish: Wish,
        playing: Playing,
        out: &mut Output,
    ) {
        let known = self.plays.contains_key(&wish.play);
        let room = self.legs.get(&leg).map(|leg| leg.has_room_for_play());
        let Some(found) = self
            .legs
            .get_mut(&leg)
            .filter(|_| room == Some(true) && !known)
        else {
            return refuse_play(
                wish.play,
                room.map_or(PlayEnd::Stopped, |_| PlayEnd::Failed),
                out,
            );
        };
        let rate_hz = found.rate_hz;
        found.plays.push(playing);
        self.plays.insert(wish.play, Place::Leg(leg));
        self.open_source(wish, rate_hz, out);
    }

    pub(super) fn play_to_room(
        &mut self,
        room: RoomId,
        wish: Wish,
        gain_db: f32,
        out: &mut Output,
    ) {
        let known = self.plays.contains_key(&wish.play);
        let has_room = self.rooms.get(&room).map(|room| room.has_room_for_play());
        let Some(found) = self
            .rooms
            .get_mut(&room)
            .filter(|_| has_room == Some(true) && !known)
        else {
            return refuse_play(
                wish.play,
                has_room.map_or(PlayEnd::Stopped, |_| PlayEnd::Failed),
                out,
            );
        };
        let rate_hz = found.rate_hz;
        found
            .plays
            .push(Playing::new(wish.play, rate_hz, gain_db, true));
        self.plays.insert(wish.play, Place::Room(room));
        self.open_source(wish, rate_hz, out);
    }

    /// Opens what we can make ourselves at once, and asks the shell for the rest.
    fn open_source(&mut self, wish: Wish, rate_hz: u32, out: &mut Output) {
        let Wish {
            play,
            file,
            repeats,
        } = wish;
        let Ok(name) = FileName::parse(&file) else {
            return self.source_opened(play, Err(PlayEnd::NotFound), out);
        };
        // Several parts repeat as a whole, which the shell's chain does; one part repeats itself.
        let own = match (name.parts.as_slice(), repeats) {
            ([part], _) => part.synthesise(rate_hz, repeats),
            (parts, Some(0)) => {
                let sources: Option<Vec<_>> = parts
                    .iter()
                    .map(|p| p.synthesise(rate_hz, Some(0)))
                    .collect();
                sources
                    .and_then(Chain::new)
                    .map(|chain| Box::new(chain) as Box<dyn FrameSource>)
            }
            (_, Some(_) | None) => None,
        };
        match own {
            Some(source) => self.source_opened(play, Ok(source), out),
            None => out.requests.push(Request::OpenSource {
                play,
                name,
                rate_hz,
                repeats,
            }),
        }
    }

    pub(super) fn source_opened(
        &mut self,
        play: PlayId,
        result: Result<Box<dyn FrameSource>, PlayEnd>,
        out: &mut Output,
    ) {
        let Some(playing) = self.playing(play) else {
            // It was stopped while it was being opened.
            out.retired.extend(result.ok());
            return;
        };
        let failure = match result {
            Ok(source) => {
                if playing.open(source) {
                    return;
                }
                PlayEnd::Failed
            }
            Err(end) => end,
        };
        self.stop_play(play, Some(failure), out);
    }

    pub(super) fn playing(&mut self, play: PlayId) -> Option<&mut Playing> {
        match *self.plays.get(&play)? {
            Place::Leg(leg) => self.legs.get_mut(&leg)?.play_mut(play),
            Place::Room(room) => self
                .rooms
                .get_mut(&room)?
                .plays
                .iter_mut()
                .find(|playing| playing.id == play),
        }
    }

    pub(super) fn stop_play(&mut self, play: PlayId, end: Option<PlayEnd>, out: &mut Output) {
        let plays = match self.plays.get(&play) {
            Some(Place::Leg(leg)) => self.legs.get_mut(leg).map(|leg| &mut leg.plays),
            Some(Place::Room(room)) => self.rooms.get_mut(room).map(|room| &mut room.plays),
            None => None,
        };
        if let Some(plays) = plays
            && let Some(at) = plays.iter().position(|playing| playing.id == play)
        {
            plays.remove(at).finish(end, out);
        }
        self.plays.remove(&play);
    }

    pub(super) fn record_leg(
        &mut self,
        leg: LegId,
        recording: Recording,
        target: Target,
        out: &mut Output,
    ) {
        let record = recording.id;
        let known = self.records.contains_key(&record);
        let room = self.legs.get(&leg).map(|leg| leg.has_room_for_record());
        let Some(found) = self
            .legs
            .get_mut(&leg)
            .filter(|_| room == Some(true) && !known)
        else {
            return refuse_record(
                record,
                room.map_or(RecordEnd::Stopped, |_| RecordEnd::Failed),
                out,
            );
        };
        let rate_hz = target.rate_hz.unwrap_or(found.rate_hz);
        let channels = recording.channels();
        found.records.push(recording);
        self.records.insert(record, Place::Leg(leg));
        self.open_sink(record, target, rate_hz, channels, out);
    }

    pub(super) fn record_room(
        &mut self,
        room: RoomId,
        mut recording: Recording,
        target: Target,
        out: &mut Output,
    ) {
        let (record, channels) = (recording.id, recording.channels());
        let known = self.records.contains_key(&record);
        let has_room = self.rooms.get(&room).map(|room| room.has_room_for_record());
        let Some(found) = self
            .rooms
            .get_mut(&room)
            .filter(|_| has_room == Some(true) && !known)
        else {
            return refuse_record(
                record,
                has_room.map_or(RecordEnd::Stopped, |_| RecordEnd::Failed),
                out,
            );
        };
        if channels > 1 {
            found.open_tape(record, self.renderer.as_ref());
        }
        let rate_hz = found.rate_hz;
        recording.adapt(rate_hz);
        found.records.push(recording);
        self.records.insert(record, Place::Room(room));
        self.open_sink(record, target, rate_hz, channels, out);
    }

    fn open_sink(
        &mut self,
        record: RecordId,
        target: Target,
        rate_hz: u32,
        channels: u16,
        out: &mut Output,
    ) {
        let path = FileName::parse(&target.file)
            .ok()
            .and_then(FileName::into_path);
        match path {
            Some(path) => {
                let append = target.append;
                out.requests.push(Request::OpenSink {
                    record,
                    path,
                    rate_hz,
                    channels,
                    append,
                });
            }
            None => self.stop_record(record, RecordEnd::Failed, out),
        }
    }

    pub(super) fn sink_opened(
        &mut self,
        record: RecordId,
        sink: Option<Box<dyn FrameSink>>,
        out: &mut Output,
    ) {
        match (self.recording(record), sink) {
            (Some(recording), Some(sink)) => {
                if !recording.open(sink) {
                    self.stop_record(record, RecordEnd::Failed, out);
                }
            }
            (Some(_), None) => self.stop_record(record, RecordEnd::Failed, out),
            // It was stopped while it was being opened: its file is completed, empty.
            (None, Some(sink)) => out.requests.push(Request::CloseSink { record, sink }),
            (None, None) => {}
        }
    }

    pub(super) fn recording(&mut self, record: RecordId) -> Option<&mut Recording> {
        match *self.records.get(&record)? {
            Place::Leg(leg) => self.legs.get_mut(&leg)?.record_mut(record),
            Place::Room(room) => self
                .rooms
                .get_mut(&room)?
                .records
                .iter_mut()
                .find(|r| r.id == record),
        }
    }

    pub(super) fn stop_record(&mut self, record: RecordId, end: RecordEnd, out: &mut Output) {
        let Some(place) = self.records.remove(&record) else {
            return;
        };
        let (records, leg) = match place {
            Place::Leg(leg) => (
                self.legs.get_mut(&leg).map(|found| &mut found.records),
                Some(leg),
            ),
            Place::Room(room) => (
                self.rooms.get_mut(&room).map(|room| &mut room.records),
                None,
            ),
        };
        if let Some(records) = records
            && let Some(at) = records.iter().position(|recording| recording.id == record)
        {
            records.remove(at).finish(end, leg, out);
        }
    }

    pub(super) fn sink_closed(
        &mut self,
        record: RecordId,
        file_bytes: Option<u64>,
        out: &mut Output,
    ) {
        let Some(at) = self.finishing.iter().position(|f| f.record == record) else {
            return;
        };
        let finishing = self.finishing.remove(at);
        out.report(finishing.report(file_bytes));
        if let Some(leg) = finishing.leg {
            self.close_if_settled(leg, out);
        }
    }

    /// Sends the last report of a closed leg once the files of its recordings are complete.
    pub(super) fn close_if_settled(&mut self, leg: LegId, out: &mut Output) {
        if self
            .finishing
            .iter()
            .any(|finishing| finishing.leg == Some(leg))
        {
            return;
        }
        if let Some(at) = self.closing.iter().position(|(closing, _)| *closing == leg) {
            let (leg, stats) = self.closing.remove(at);
            out.report(MediaReport::Closed { leg, stats });
        }
    }
}

fn refuse_play(play: PlayId, end: PlayEnd, out: &mut Output) {
    out.report(MediaReport::PlayDone {
        play,
        end,
        length: RecordLength::default(),
    });
}

fn refuse_record(record: RecordId, end: RecordEnd, out: &mut Output) {
    let length = RecordLength::default();
    out.report(MediaReport::RecordDone {
        record,
        end,
        length,
        heard: false,
        dropped: 0,
        file_bytes: 0,
    });
}
