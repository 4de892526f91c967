//! Files played into a room or to one member of it.
//!
//! What is played to all waits for its turn; what is played asynchronously or to a member begins at once. A client
//! hears at once whether there is such a file (recorded in conf-04), so a few of those that wait are open already.

use std::sync::Arc;
use std::time::Instant;

use api::command::room::StopPlaying;
use api::event::RoomAction;
use api::id::MemberId;
use api::{Answer, CommandError, ErrorKind, ObjectKind, RequestId};
use media::control::{MediaCommand, PlayEnd, PlayId, RecordLength, RoomId as MixId};

use super::playing::Progress;
use crate::Switch;
use crate::switch::PlayOwner;

/// Files of one room that play or wait.
const MAX_PLAYS: usize = 64;
/// Files opened before their turn, at most; the media side has places for eight in a room. Whether the ones behind
/// exist shows when their turn has come.
const MAX_HELD: usize = 3;

/// A file being played, or waiting for its turn.
#[derive(Debug)]
pub(super) struct RoomPlay {
    pub(super) id: PlayId,
    pub(super) file: Arc<str>,
    /// The one member that hears it; `None`: everybody.
    pub(super) to: Option<MemberId>,
    asynchronous: bool,
    pub(super) kind: Kind,
    /// The media side knows of it.
    sent: bool,
    /// The media side has it and stands still with it until its turn.
    held: bool,
    started: bool,
    paused: bool,
    pub(super) progress: Progress,
    /// Who waits to hear whether there is such a file.
    asked: Option<RequestId>,
}

/// Why something is played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A client asked for it.
    Client,
    /// One of the room's own sounds.
    Sound,
    /// For somebody alone.
    Music,
    /// For a member on hold.
    HoldMusic,
    /// The member it is played to leaves when it is over.
    Farewell,
}

/// What is to be played.
pub(super) struct NewPlay {
    pub(super) file: Arc<str>,
    pub(super) to: Option<MemberId>,
    pub(super) asynchronous: bool,
    pub(super) kind: Kind,
    pub(super) asked: Option<RequestId>,
}

impl RoomPlay {
    /// A client's file that is heard, or paused, by `member` or by everybody.
    pub(super) fn is_heard_by(&self, member: Option<MemberId>) -> bool {
        self.sent && !self.held && self.is_of_client() && self.to == member
    }

    /// Stands still, or goes on; whether it stands still then.
    pub(super) fn turn(&mut self, now: Instant) -> bool {
        self.paused = !self.paused;
        if self.paused {
            self.progress.stand(now);
        } else {
            self.progress.go_on(now);
        }
        self.paused
    }

    /// Takes its turn with others of its kind.
    fn queues(&self) -> bool {
        self.to.is_none() && !self.asynchronous
    }

    fn is_of_client(&self) -> bool {
        self.kind == Kind::Client
    }
}

impl Switch {
    /// Plays a file, now or after those before it.
    pub(super) fn add_play(&mut self, mix: MixId, new: NewPlay) {
        let NewPlay {
            file,
            to,
            asynchronous,
            kind,
            asked,
        } = new;
        let Some(room) = self
            .rooms
            .all
            .get_mut(&mix)
            .filter(|room| room.plays.len() < MAX_PLAYS)
        else {
            if let Some(asked) = asked {
                let error =
                    CommandError::new(ErrorKind::LimitReached, "too many files wait to be played");
                self.answer(asked, Err::<Answer, _>(error));
            }
            return;
        };
        self.serials.play += 1;
        let id = PlayId(self.serials.play);
        let play = RoomPlay {
            id,
            file,
            to,
            asynchronous,
            kind,
            sent: false,
            held: false,
            started: false,
            paused: false,
            progress: Progress::default(),
            asked,
        };
        let waits = play.queues() && room.plays.iter().any(RoomPlay::queues);
        let held = room.plays.iter().filter(|play| play.held).count();
        let worker = room.worker;
        room.plays.push(play);
        match asked {
            _ if !waits => self.send_play(mix, id),
            Some(_) if held < MAX_HELD => {
                self.send_play(mix, id);
                if let Some(play) = self.play_mut(mix, id) {
                    play.held = true;
                }
                let paused = true;
                self.media(worker, MediaCommand::PausePlay { play: id, paused });
            }
            Some(asked) => {
                // The asker is not kept until its turn has come.
                self.take_asked(mix, id);
                self.answer(asked, Ok(Vec::<Arc<str>>::new()));
            }
            None => {}
        }
    }

    fn play_mut(&mut self, mix: MixId, id: PlayId) -> Option<&mut RoomPlay> {
        self.rooms
            .all
            .get_mut(&mix)?
            .plays
            .iter_mut()
            .find(|play| play.id == id)
    }

    fn take_asked(&mut self, mix: MixId, id: PlayId) -> Option<RequestId> {
        self.play_mut(mix, id)?.asked.take()
    }

    /// Hands a file to the media side.
    fn send_play(&mut self, mix: MixId, id: PlayId) {
        let Some(play) = self.play_mut(mix, id) else {
            return;
        };
        play.sent = true;
        let (file, to) = (play.file.to_string(), play.to);
        let repeats = if matches!(play.kind, Kind::Music | Kind::HoldMusic) {
            None
        } else {
            Some(0)
        };
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        let (worker, name) = (room.worker, room.seen.name.clone());
        let command = match to {
            None => MediaCommand::RoomPlay {
                room: mix,
                play: id,
                file,
                repeats,
                gain_db: 0.0,
            },
            Some(member) => {
                let Some(leg) = room.live(member).map(|member| member.leg) else {
                    return;
                };
                MediaCommand::Play {
                    leg,
                    play: id,
                    file,
                    repeats,
                    gain_db: 0.0,
                    mix: true,
                }
            }
        };
        self.plays.insert(id, PlayOwner::Room(name));
        self.rooms.files.insert(id, mix);
        self.media(worker, command);
    }

    /// The media side has opened a file.
    pub(crate) fn room_play_started(&mut self, id: PlayId) {
        let Some(mix) = self.rooms.files.get(&id).copied() else {
            return;
        };
        let now = self.now.mono;
        let Some(play) = self.play_mut(mix, id) else {
            return;
        };
        play.started = true;
        let held = play.held;
        if !held {
            play.progress.go_on(now);
        }
        let asked = play.asked.take();
        if !held {
            self.announce_play(mix, id);
        }
        if let Some(asked) = asked {
            self.answer(asked, Ok(Vec::<Arc<str>>::new()));
        }
    }

    /// `play-file` of what a client asked for.
    fn announce_play(&mut self, mix: MixId, id: PlayId) {
        let Some(play) = self.play_mut(mix, id).filter(|play| play.is_of_client()) else {
            return;
        };
        let (file, to, asynchronous) = (play.file.clone(), play.to, play.asynchronous);
        let action = RoomAction::FilePlaying {
            file,
            asynchronous,
            failed: false,
        };
        match to {
            Some(member) => self.member_event(mix, member, action),
            None => self.room_event(mix, action),
        }
    }

    /// The media side is through with a file.
    pub(crate) fn room_play_done(
        &mut self,
        _room: &Arc<str>,
        id: PlayId,
        end: PlayEnd,
        length: RecordLength,
    ) {
        let Some(mix) = self.rooms.files.remove(&id) else {
            return;
        };
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let Some(at) = room.plays.iter().position(|play| play.id == id) else {
            return;
        };
        let play = room.plays.remove(at);
        let failed = match end {
            PlayEnd::Finished | PlayEnd::Stopped => false,
            PlayEnd::NotFound | PlayEnd::Failed => true,
        };
        let refused = failed && !play.started && play.asked.is_some();
        if let Some(asked) = play.asked {
            let answer = if refused {
                Err(CommandError::not_found(ObjectKind::File))
            } else {
                Ok(Vec::<Arc<str>>::new())
            };
            self.answer(asked, answer);
        }
        if !refused && (play.to.is_none() || play.is_of_client()) {
            let (file, asynchronous) = (play.file.clone(), play.asynchronous);
            let action = if failed && !play.started {
                // Recorded in stream-09: a sound of the room that is not there.
                RoomAction::FilePlaying {
                    file,
                    asynchronous,
                    failed,
                }
            } else {
                RoomAction::FilePlayed {
                    file,
                    asynchronous,
                    failed,
                    samples: length.samples,
                    rate_hz: length.rate_hz,
                }
            };
            match play.to {
                Some(member) => self.member_event(mix, member, action),
                None => self.room_event(mix, action),
            }
        }
        if let (Kind::Farewell, Some(member)) = (play.kind, play.to) {
            self.evict(mix, member);
        }
        self.play_next(mix);
        self.finish_room(mix);
    }

    fn play_next(&mut self, mix: MixId) {
        let Some(room) = self.rooms.all.get(&mix).filter(|room| !room.closing) else {
            return;
        };
        let worker = room.worker;
        let Some(next) = room.plays.iter().find(|play| play.queues()) else {
            return;
        };
        let (id, sent, held, started) = (next.id, next.sent, next.held, next.started);
        if !sent {
            self.send_play(mix, id);
        } else if held {
            let now = self.now.mono;
            if let Some(play) = self.play_mut(mix, id) {
                play.held = false;
                if started {
                    play.progress.go_on(now);
                }
            }
            let paused = false;
            self.media(worker, MediaCommand::PausePlay { play: id, paused });
            if started {
                self.announce_play(mix, id);
            }
        }
    }

    /// Ends a file, or takes it out of the queue.
    pub(super) fn stop_play(&mut self, mix: MixId, id: PlayId) {
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let worker = room.worker;
        let Some(at) = room.plays.iter().position(|play| play.id == id) else {
            return;
        };
        if room.plays[at].sent && !room.plays[at].held {
            return self.media(worker, MediaCommand::StopPlay { play: id });
        }
        let play = room.plays.remove(at);
        self.forget_play(worker, play, ObjectKind::File);
    }

    /// What was taken out of a room's list ends without news: nobody has heard it, or nobody does any more.
    fn forget_play(&mut self, worker: usize, play: RoomPlay, missing: ObjectKind) {
        if play.sent {
            self.rooms.files.remove(&play.id);
            self.plays.remove(&play.id);
            self.media(worker, MediaCommand::StopPlay { play: play.id });
        }
        if let Some(asked) = play.asked {
            self.answer(asked, Err::<Answer, _>(CommandError::not_found(missing)));
        }
    }

    /// A member goes: what was played to it alone ends, without the news that nobody hears any more.
    pub(super) fn stop_plays_to(&mut self, mix: MixId, member: MemberId) {
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let worker = room.worker;
        let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut room.plays)
            .into_iter()
            .partition(|play| play.to == Some(member));
        room.plays = kept;
        for play in gone {
            self.forget_play(worker, play, ObjectKind::Member);
        }
    }

    /// The room closes: what waits for its turn never gets it.
    pub(super) fn drop_waiting_plays(&mut self, mix: MixId) {
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let worker = room.worker;
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut room.plays)
            .into_iter()
            .partition(|play| play.sent && !play.held);
        room.plays = kept;
        for play in gone {
            self.forget_play(worker, play, ObjectKind::Room);
        }
    }

    /// Ends files by command; how many.
    pub(super) fn stop_room_plays(
        &mut self,
        mix: MixId,
        which: StopPlaying,
        member: Option<MemberId>,
    ) -> usize {
        let Some(room) = self.rooms.all.get(&mix) else {
            return 0;
        };
        let mut meant = room
            .plays
            .iter()
            .filter(|play| play.is_of_client() && play.to == member);
        let ids: Vec<PlayId> = match which {
            StopPlaying::Current => meant
                .find(|play| play.sent && !play.held && !play.asynchronous)
                .map(|play| play.id)
                .into_iter()
                .collect(),
            StopPlaying::All => meant.map(|play| play.id).collect(),
            StopPlaying::Asynchronous => meant
                .filter(|play| play.asynchronous)
                .map(|play| play.id)
                .collect(),
            StopPlaying::Last => meant.next_back().map(|play| play.id).into_iter().collect(),
        };
        for id in &ids {
            self.stop_play(mix, *id);
        }
        self.play_next(mix);
        ids.len()
    }
}
