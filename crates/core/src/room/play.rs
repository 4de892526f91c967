//! Files played into a room or to one member of it.
//!
//! What is played to all waits for its turn; what is played asynchronously or to a member begins at once.

use std::sync::Arc;

use api::command::room::StopPlaying;
use api::event::RoomAction;
use api::id::MemberId;
use api::{Answer, CommandError, ErrorKind, ObjectKind, RequestId};
use media::control::{MediaCommand, PlayEnd, PlayId, RecordLength, RoomId as MixId};

use crate::Switch;
use crate::switch::PlayOwner;

/// Files of one room that play or wait.
const MAX_PLAYS: usize = 64;

/// A file being played, or waiting for its turn.
#[derive(Debug)]
pub(super) struct RoomPlay {
    pub(super) id: PlayId,
    file: Arc<str>,
    /// The one member that hears it; `None`: everybody.
    pub(super) to: Option<MemberId>,
    asynchronous: bool,
    pub(super) kind: Kind,
    /// The media side knows of it.
    sent: bool,
    started: bool,
    paused: bool,
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
            started: false,
            paused: false,
            asked,
        };
        let waits = play.queues() && room.plays.iter().any(RoomPlay::queues);
        room.plays.push(play);
        if !waits {
            self.send_play(mix, id);
        } else if let Some(asked) = asked {
            // Whether there is such a file shows when its turn has come; the asker is not kept until then.
            self.take_asked(mix, id);
            self.answer(asked, Ok(Vec::<Arc<str>>::new()));
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
        let Some(play) = self.play_mut(mix, id) else {
            return;
        };
        play.started = true;
        let (file, to, asynchronous) = (play.file.clone(), play.to, play.asynchronous);
        let of_client = play.is_of_client();
        let asked = play.asked.take();
        if of_client {
            let action = RoomAction::FilePlaying { file, asynchronous };
            match to {
                Some(member) => self.member_event(mix, member, action),
                None => self.room_event(mix, action),
            }
        }
        if let Some(asked) = asked {
            self.answer(asked, Ok(Vec::<Arc<str>>::new()));
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
            let action = RoomAction::FilePlayed {
                file: play.file.clone(),
                asynchronous: play.asynchronous,
                failed,
                samples: length.samples,
                rate_hz: length.rate_hz,
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
        let next = room.plays.iter().find(|play| play.queues());
        if let Some(id) = next.filter(|play| !play.sent).map(|play| play.id) {
            self.send_play(mix, id);
        }
    }

    /// Ends a file, or takes it out of the queue.
    pub(super) fn stop_play(&mut self, mix: MixId, id: PlayId) {
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let worker = room.worker;
        match room.plays.iter().position(|play| play.id == id) {
            Some(at) if !room.plays[at].sent => drop(room.plays.remove(at)),
            Some(_) => self.media(worker, MediaCommand::StopPlay { play: id }),
            None => {}
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
            self.rooms.files.remove(&play.id);
            self.plays.remove(&play.id);
            self.media(worker, MediaCommand::StopPlay { play: play.id });
            if let Some(asked) = play.asked {
                self.answer(
                    asked,
                    Err::<Answer, _>(CommandError::not_found(ObjectKind::Member)),
                );
            }
        }
    }

    /// The room closes: what waits for its turn never gets it.
    pub(super) fn drop_waiting_plays(&mut self, mix: MixId) {
        if let Some(room) = self.rooms.all.get_mut(&mix) {
            room.plays.retain(|play| play.sent);
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
                .find(|play| play.sent && !play.asynchronous)
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

    /// Stops and continues the file that plays; the word for what it does then.
    ///
    /// # Errors
    /// `NotFound(File)` when none plays.
    pub(super) fn pause_room_play(
        &mut self,
        mix: MixId,
        member: Option<MemberId>,
    ) -> Result<&'static str, CommandError> {
        let missing = || CommandError::not_found(ObjectKind::File);
        let room = self.rooms.all.get_mut(&mix).ok_or_else(missing)?;
        let worker = room.worker;
        let playing = |play: &&mut RoomPlay| play.sent && play.is_of_client() && play.to == member;
        let play = room.plays.iter_mut().find(playing).ok_or_else(missing)?;
        play.paused = !play.paused;
        let (id, paused) = (play.id, play.paused);
        self.media(worker, MediaCommand::PausePlay { play: id, paused });
        Ok(if paused { "paused" } else { "playing" })
    }
}
