//! The room's own sounds: greeting, farewell, music for somebody alone.

use std::sync::Arc;

use api::ChannelId;
use api::command::room::MusicChange;
use api::id::MemberId;
use api::view::Member;
use media::control::{MediaCommand, PlayId, RoomId as MixId};

use super::LiveRoom;
use super::control::switched;
use super::play::{Kind, NewPlay};
use super::settings::Sounds;
use crate::Switch;
use crate::switch::PlayOwner;

/// Music for somebody alone, as far as commands changed what is configured.
#[derive(Debug, Default)]
pub(super) struct Music {
    off: bool,
    file: Option<Arc<str>>,
}

impl LiveRoom {
    fn music_file(&self) -> Option<Arc<str>> {
        match &self.music.file {
            Some(file) => Some(self.sound_file(file)),
            None => self.sound(|sounds| &sounds.music),
        }
    }
}

impl Switch {
    /// Switches the music for somebody alone, or changes what it is.
    pub(super) fn change_music(&mut self, mix: MixId, change: MusicChange) {
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        match change {
            MusicChange::Switch(to) => room.music.off = !switched(to, !room.music.off),
            MusicChange::File(file) => {
                room.music = Music {
                    off: false,
                    file: Some(file),
                };
                let mut plays = room.plays.iter_mut();
                if let Some(old) = plays.find(|play| play.kind == Kind::Music) {
                    // It ends, and is not taken for the music any more.
                    old.kind = Kind::Sound;
                    let old = old.id;
                    self.stop_play(mix, old);
                }
            }
        }
        self.settle_music(mix);
    }

    /// Plays one of the configured sounds to everybody.
    pub(super) fn play_sound(
        &mut self,
        mix: MixId,
        which: impl FnOnce(&Sounds) -> &Option<Arc<str>>,
    ) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        if let Some(file) = room.sound(which) {
            self.play_room_file(mix, file);
        }
    }

    /// Plays one of the configured sounds to one member.
    pub(super) fn play_sound_to(
        &mut self,
        mix: MixId,
        to: MemberId,
        which: impl FnOnce(&Sounds) -> &Option<Arc<str>>,
    ) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        if let Some(file) = room.sound(which) {
            self.add_play(
                mix,
                NewPlay {
                    file,
                    to: Some(to),
                    asynchronous: false,
                    kind: Kind::Sound,
                    asked: None,
                },
            );
        }
    }

    pub(super) fn play_room_file(&mut self, mix: MixId, file: Arc<str>) {
        self.add_play(
            mix,
            NewPlay {
                file,
                to: None,
                asynchronous: false,
                kind: Kind::Sound,
                asked: None,
            },
        );
    }

    /// Somebody came in: told to be alone, or announced to the others.
    pub(super) fn greet(&mut self, mix: MixId, number: MemberId) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        if room.size() == 1 {
            self.play_sound(mix, |sounds| &sounds.alone);
        } else if let Some(file) = room
            .seen
            .enter_sound
            .as_deref()
            .filter(|_| room.seen.flags.enter_sound)
            .map(|file| room.sound_file(file))
        {
            self.play_room_file(mix, file);
        }
        let room = self.rooms.all.get(&mix);
        if let Some(member) = room.and_then(|room| room.seen.member(number).cloned()) {
            self.announce_coming(mix, &member);
        }
    }

    /// Somebody left.
    pub(super) fn say_goodbye(&mut self, mix: MixId, member: &Member) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        if let Some(file) = room
            .seen
            .exit_sound
            .as_deref()
            .filter(|_| room.seen.flags.exit_sound)
            .map(|file| room.sound_file(file))
        {
            self.play_room_file(mix, file);
        }
        self.announce_going(mix, member);
    }

    /// Music plays while somebody is alone or the room waits for its moderator, and at no other time.
    pub(super) fn settle_music(&mut self, mix: MixId) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        let lonely = room.size() == 1 || room.seen.flags.wait_mod;
        let wanted =
            lonely && !room.music.off && !room.members.iter().any(|member| member.no_music);
        let playing = room
            .plays
            .iter()
            .find(|play| play.kind == Kind::Music)
            .map(|play| play.id);
        let file = room.music_file();
        match (wanted, playing, file) {
            (true, None, Some(file)) => {
                self.add_play(
                    mix,
                    NewPlay {
                        file,
                        to: None,
                        asynchronous: true,
                        kind: Kind::Music,
                        asked: None,
                    },
                );
            }
            (false, Some(play), _) => self.stop_play(mix, play),
            (true, Some(_), _) | (true, None, None) | (false, None, _) => {}
        }
    }

    /// Music for a member on hold within the room.
    pub(super) fn start_hold_music(&mut self, mix: MixId, to: MemberId) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        if let Some(file) = room.music_file() {
            self.add_play(
                mix,
                NewPlay {
                    file,
                    to: Some(to),
                    asynchronous: true,
                    kind: Kind::HoldMusic,
                    asked: None,
                },
            );
        }
    }

    pub(super) fn stop_hold_music(&mut self, mix: MixId, to: MemberId) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        let mine = |play: &&super::RoomPlay| play.kind == Kind::HoldMusic && play.to == Some(to);
        if let Some(play) = room.plays.iter().find(mine).map(|play| play.id) {
            self.stop_play(mix, play);
        }
    }

    /// Plays to somebody who is not in the room yet, or will not get in.
    pub(super) fn play_at_door(&mut self, id: &ChannelId, file: Option<Arc<str>>) {
        let Some(file) = file else { return };
        self.serials.play += 1;
        let play = PlayId(self.serials.play);
        self.plays.insert(play, PlayOwner::Channel(id.clone()));
        self.media_of(id, |leg| MediaCommand::Play {
            leg,
            play,
            file: file.to_string(),
            repeats: Some(0),
            gain_db: 0.0,
            mix: false,
        });
    }
}
