//! `conference <name> …` by command (event-socket.md §6.6).

use std::sync::Arc;

use api::command::room::{ControlRoom, MemberTarget, RoomControl, SoundChange, Toggle};
use api::event::RoomAction;
use api::id::MemberId;
use api::{CommandError, ErrorKind, ObjectKind, RequestId};
use media::control::{MAX_ENERGY_FRAMES, MAX_ENERGY_MUTE_MS, RoomId as MixId};

use super::enter::MemberFlags;
use super::member::{MAX_ENERGY, MAX_LEVEL, MAX_VOLUME};
use super::play::{Kind, NewPlay};
use super::playing::seek_to;
use crate::Switch;
use crate::dtmf;

/// Most variables of one conference.
const MAX_VARIABLES: usize = 256;

type Texts = Vec<Arc<str>>;

/// Nothing to be said.
fn done() -> Result<Texts, CommandError> {
    Ok(Vec::new())
}

fn text(value: impl ToString) -> Result<Texts, CommandError> {
    Ok(vec![value.to_string().into()])
}

impl Switch {
    /// Carries out one command about a conference and answers it.
    pub(crate) fn control_room(&mut self, request: RequestId, command: ControlRoom) {
        let ControlRoom { room, action } = command;
        let mix = self.rooms.by_name(&room);
        let answer = match (action, mix) {
            (
                RoomControl::Dial {
                    dial,
                    caller_id_number,
                    caller_id_name,
                    background,
                },
                _,
            ) => {
                return self.dial_into_room(
                    request,
                    &room,
                    dial,
                    (caller_id_name, caller_id_number),
                    background,
                );
            }
            (_, None) => Err(CommandError::not_found(ObjectKind::Room)),
            (
                RoomControl::Play {
                    file,
                    member,
                    asynchronous,
                },
                Some(mix),
            ) => {
                return self.play_command(request, mix, file, member, asynchronous);
            }
            (action, Some(mix)) => self.control(mix, action),
        };
        self.answer(request, answer);
    }

    fn control(&mut self, mix: MixId, action: RoomControl) -> Result<Texts, CommandError> {
        match action {
            RoomControl::Kick { target, sound } => self.each(mix, &target, |switch, id| {
                switch.kick(mix, id, sound.clone(), RoomAction::Kicked);
                id.to_string()
            }),
            RoomControl::HangUp { target } => self.each(mix, &target, |switch, id| {
                switch.member_event(mix, id, RoomAction::HungUp);
                switch.evict(mix, id);
                id.to_string()
            }),
            RoomControl::Mute { target, on } => self.each(mix, &target, |switch, id| {
                let muted = switch.member_is(mix, id, |member| !member.can_speak);
                switch.mute_member(mix, id, switched(on, muted));
                id.to_string()
            }),
            RoomControl::Deaf { target, on } => self.each(mix, &target, |switch, id| {
                let deaf = switch.member_is(mix, id, |member| !member.can_hear);
                switch.deafen_member(mix, id, switched(on, deaf));
                id.to_string()
            }),
            RoomControl::Hold { target, on } => self.each(mix, &target, |switch, id| {
                let held = switch.member_is(mix, id, |member| member.hold);
                switch.hold_member(mix, id, switched(on, held));
                id.to_string()
            }),
            RoomControl::SendDtmf { target, digits } => self.each(mix, &target, |switch, id| {
                switch.send_member_digits(mix, id, &digits);
                id.to_string()
            }),
            RoomControl::Energy { target, level } => self.each(mix, &target, |switch, id| {
                if let Some(level) = level {
                    switch.tune_member(mix, id, |member| {
                        member.energy_level = level.clamp(-MAX_ENERGY, MAX_ENERGY);
                        RoomAction::EnergySet {
                            level: member.energy_level,
                        }
                    });
                }
                switch.member_value(mix, id, |member| member.energy_level.to_string())
            }),
            RoomControl::AutoEnergy { target, level } => self.each(mix, &target, |switch, id| {
                if let Some(level) = level {
                    switch.tune_member(mix, id, |member| {
                        member.auto_energy = level.min(MAX_LEVEL);
                        RoomAction::AutoEnergySet {
                            level: member.auto_energy,
                            energy: member.energy_level,
                        }
                    });
                }
                switch.member_value(mix, id, |member| member.auto_energy.to_string())
            }),
            RoomControl::MaxEnergy { target, level } => self.each(mix, &target, |switch, id| {
                if let Some(level) = level {
                    switch.tune_member(mix, id, |member| {
                        member.max_energy = level.min(MAX_LEVEL);
                        RoomAction::MaxEnergySet {
                            level: member.max_energy,
                            mute_ms: MAX_ENERGY_MUTE_MS,
                            frames: MAX_ENERGY_FRAMES,
                            energy: member.energy_level,
                        }
                    });
                }
                switch.member_value(mix, id, |member| member.max_energy.to_string())
            }),
            RoomControl::AutomaticGain { target, level } => {
                self.each(mix, &target, |switch, id| {
                    if let Some(level) = level {
                        switch.tune_member(mix, id, |member| {
                            member.automatic_gain = level.min(MAX_LEVEL);
                            RoomAction::AutomaticGainSet {
                                level: member.automatic_gain,
                            }
                        });
                    }
                    switch.member_value(mix, id, |member| member.automatic_gain.to_string())
                })
            }
            RoomControl::VolumeIn { target, level } => self.each(mix, &target, |switch, id| {
                if let Some(level) = level {
                    switch.tune_member(mix, id, |member| {
                        member.volume_in = level.clamp(-MAX_VOLUME, MAX_VOLUME);
                        RoomAction::VolumeInSet {
                            level: member.volume_in,
                        }
                    });
                }
                switch.member_value(mix, id, |member| member.volume_in.to_string())
            }),
            RoomControl::VolumeOut { target, level } => self.each(mix, &target, |switch, id| {
                if let Some(level) = level {
                    switch.tune_member(mix, id, |member| {
                        member.volume_out = level.clamp(-MAX_VOLUME, MAX_VOLUME);
                        RoomAction::VolumeOutSet {
                            level: member.volume_out,
                        }
                    });
                }
                switch.member_value(mix, id, |member| member.volume_out.to_string())
            }),
            RoomControl::Position { target, position } => self.each(mix, &target, |switch, id| {
                if let Some(position) = position {
                    switch.position_member(mix, id, position);
                }
                switch.member_position(mix, id)
            }),
            RoomControl::Arrange(on) => self.arrange_members(mix, on).and_then(|()| done()),
            RoomControl::Floor { member } => self.floor_command(mix, member),
            RoomControl::Lock(locked) => {
                self.lock_room(mix, locked);
                done()
            }
            RoomControl::StopPlaying { which, member } => {
                text(self.stop_room_plays(mix, which, member))
            }
            RoomControl::PausePlaying { member } => {
                self.pause_room_play(mix, member).and_then(text)
            }
            RoomControl::PlayStatus { member } => self.room_play_status(mix, member),
            RoomControl::SeekPlaying {
                ms,
                relative,
                member,
            } => {
                let to = seek_to(ms, relative);
                self.seek_room_play(mix, member, to).and_then(text)
            }
            RoomControl::PlayVolume { level } => {
                self.set_room_play_volume(mix, level).and_then(text)
            }
            RoomControl::Music(change) => {
                self.change_music(mix, change);
                done()
            }
            RoomControl::Transfer { to, member } => self.move_member(mix, member, &to),
            RoomControl::Record { path, stereo } => {
                self.record_room(mix, &path, stereo).and_then(|()| done())
            }
            RoomControl::StopRecording { path } => {
                self.stop_room_records(mix, path.as_deref()).and_then(text)
            }
            RoomControl::PauseRecording { path, pause } => self
                .pause_room_record(mix, &path, pause)
                .and_then(|()| done()),
            RoomControl::Pin(pin) => {
                self.change_room(mix, |room| room.pin = pin.filter(|pin| !pin.is_empty()));
                done()
            }
            RoomControl::Relate {
                member,
                other,
                rule,
            } => self
                .relate_members(mix, member, other, rule)
                .and_then(|()| done()),
            RoomControl::EnterSound(change) => {
                self.change_sound(mix, change, true);
                done()
            }
            RoomControl::ExitSound(change) => {
                self.change_sound(mix, change, false);
                done()
            }
            RoomControl::SetVariable { name, value } => self.set_room_variable(mix, &name, &value),
            RoomControl::Set(parameter) => {
                self.set_parameter(mix, parameter);
                done()
            }
            // Both wait for something, so they answer by themselves.
            RoomControl::Dial { .. } | RoomControl::Play { .. } => Err(CommandError::new(
                ErrorKind::Internal,
                "not carried out here",
            )),
        }
    }

    /// Does something to every member meant, newest first as clients see it (recorded); answers in order of joining.
    fn each(
        &mut self,
        mix: MixId,
        target: &MemberTarget,
        mut act: impl FnMut(&mut Self, MemberId) -> String,
    ) -> Result<Texts, CommandError> {
        let ids = self.members_meant(mix, target)?;
        let mut texts: Texts = ids.iter().rev().map(|id| act(self, *id).into()).collect();
        texts.reverse();
        Ok(texts)
    }

    fn members_meant(
        &self,
        mix: MixId,
        target: &MemberTarget,
    ) -> Result<Vec<MemberId>, CommandError> {
        let missing = || CommandError::not_found(ObjectKind::Member);
        let seen = &self.rooms.all.get(&mix).ok_or_else(missing)?.seen;
        let members = &seen.members;
        let ids: Vec<MemberId> = match target {
            MemberTarget::Id(id) => seen
                .member(*id)
                .map(|member| member.id)
                .into_iter()
                .collect(),
            MemberTarget::All => members.iter().map(|member| member.id).collect(),
            MemberTarget::NonModerators => members
                .iter()
                .filter(|member| !member.moderator)
                .map(|member| member.id)
                .collect(),
            MemberTarget::Last => members.last().map(|member| member.id).into_iter().collect(),
            MemberTarget::Variable(name, value) => members
                .iter()
                .filter(|member| {
                    let live = self.channels.get(&member.channel.id);
                    live.and_then(|live| live.seen.variable(name)) == Some(&**value)
                })
                .map(|member| member.id)
                .collect(),
        };
        if ids.is_empty() {
            Err(missing())
        } else {
            Ok(ids)
        }
    }

    fn member_is(
        &self,
        mix: MixId,
        id: MemberId,
        ask: impl FnOnce(&api::view::Member) -> bool,
    ) -> bool {
        self.rooms
            .all
            .get(&mix)
            .and_then(|room| room.seen.member(id))
            .is_some_and(|member| ask(member))
    }

    fn member_value(
        &self,
        mix: MixId,
        id: MemberId,
        ask: impl FnOnce(&api::view::Member) -> String,
    ) -> String {
        self.rooms
            .all
            .get(&mix)
            .and_then(|room| room.seen.member(id))
            .map(|member| ask(member))
            .unwrap_or_default()
    }

    /// Sends a member away, with a word to it first if there is one.
    fn kick(&mut self, mix: MixId, id: MemberId, sound: Option<Arc<str>>, action: RoomAction) {
        self.member_event(mix, id, action);
        let configured = self
            .rooms
            .all
            .get(&mix)
            .and_then(|room| room.sound(|sounds| &sounds.kicked));
        match sound.filter(|file| !file.is_empty()).or(configured) {
            Some(file) => {
                self.add_play(
                    mix,
                    NewPlay {
                        file,
                        to: Some(id),
                        asynchronous: false,
                        kind: Kind::Farewell,
                        asked: None,
                    },
                );
            }
            None => self.evict(mix, id),
        }
    }

    fn send_member_digits(&mut self, mix: MixId, id: MemberId, digits: &Arc<str>) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        let Some(channel) = room.live(id).map(|member| member.channel.clone()) else {
            return;
        };
        let steps = dtmf::parse_digits(digits, self.view.settings.dtmf_durations[1]);
        self.send_steps(&channel, &steps);
        self.member_event(
            mix,
            id,
            RoomAction::DigitsSent {
                digits: digits.clone(),
            },
        );
    }

    /// Takes a free floor, or gives the own one back. Answers who has it then.
    fn floor_command(&mut self, mix: MixId, id: MemberId) -> Result<Texts, CommandError> {
        self.members_meant(mix, &MemberTarget::Id(id))?;
        let held = self.rooms.all.get(&mix).and_then(|room| room.seen.floor);
        match held {
            Some(holder) if holder != id => text(holder),
            Some(_) => {
                self.give_floor(mix, None);
                done()
            }
            None => {
                self.give_floor(mix, Some(id));
                text(id)
            }
        }
    }

    fn play_command(
        &mut self,
        request: RequestId,
        mix: MixId,
        file: Arc<str>,
        member: Option<MemberId>,
        asynchronous: bool,
    ) {
        if let Some(id) = member
            && let Err(error) = self.members_meant(mix, &MemberTarget::Id(id))
        {
            return self.answer(request, Err::<Texts, _>(error));
        }
        if file.is_empty() {
            return self.answer(
                request,
                Err::<Texts, _>(CommandError::not_found(ObjectKind::File)),
            );
        }
        self.add_play(
            mix,
            NewPlay {
                file,
                to: member,
                asynchronous,
                kind: Kind::Client,
                asked: Some(request),
            },
        );
    }

    /// `transfer`: out of this room and into another, which begins with it if need be.
    fn move_member(
        &mut self,
        mix: MixId,
        id: MemberId,
        to: &Arc<str>,
    ) -> Result<Texts, CommandError> {
        self.members_meant(mix, &MemberTarget::Id(id))?;
        let entrance = self.entrance(to);
        let entrance = entrance
            .ok_or_else(|| CommandError::new(ErrorKind::InvalidArgument("room"), "no name"))?;
        let Some(room) = self.rooms.all.get(&mix) else {
            return done();
        };
        let from = room.seen.name.clone();
        let Some(channel) = room.live(id).map(|member| member.channel.clone()) else {
            return done();
        };
        let flags = self.flags_of(mix, id);
        self.member_event(
            mix,
            id,
            RoomAction::Transferred {
                from,
                to: entrance.name.as_str().into(),
            },
        );
        self.leave_room(&channel);
        self.set_var(
            &channel,
            "last_transfered_conference",
            entrance.name.as_str(),
        );
        let other = match self.rooms.by_name(&entrance.name) {
            Some(other) => Some(other),
            None => self.open_room(&channel, &entrance),
        };
        if let Some(other) = other {
            self.enter_room(other, &channel, flags);
        }
        text(id)
    }

    /// What a member takes along into another room.
    fn flags_of(&self, mix: MixId, id: MemberId) -> MemberFlags {
        let Some(room) = self.rooms.all.get(&mix) else {
            return MemberFlags::default();
        };
        let (Some(member), Some(live)) = (room.seen.member(id), room.live(id)) else {
            return MemberFlags::default();
        };
        MemberFlags {
            mute: !member.can_speak,
            deaf: !member.can_hear,
            moderator: member.moderator,
            end_conference: member.end_conference,
            no_music: live.no_music,
            join_only: false,
            ghost: member.ghost,
            wait_for_moderator: false,
            spreads_digits: live.spreads_digits,
            mute_detect: member.mute_detect,
        }
    }

    pub(super) fn change_room(&mut self, mix: MixId, change: impl FnOnce(&mut api::view::Room)) {
        if let Some(room) = self.rooms.all.get_mut(&mix) {
            change(room.seen_mut());
        }
        self.renew_room(mix);
    }

    fn change_sound(&mut self, mix: MixId, change: SoundChange, enter: bool) {
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let seen = room.seen_mut();
        let (on, file) = if enter {
            (&mut seen.flags.enter_sound, &mut seen.enter_sound)
        } else {
            (&mut seen.flags.exit_sound, &mut seen.exit_sound)
        };
        let action = match change {
            SoundChange::On | SoundChange::Off => {
                *on = change == SoundChange::On;
                let on = *on;
                if enter {
                    RoomAction::EnterSoundSwitched { on }
                } else {
                    RoomAction::ExitSoundSwitched { on }
                }
            }
            SoundChange::None => {
                *file = None;
                *on = false;
                if enter {
                    RoomAction::EnterSoundSwitched { on: false }
                } else {
                    RoomAction::ExitSoundSwitched { on: false }
                }
            }
            SoundChange::File(new) => {
                *file = Some(new.clone());
                if enter {
                    RoomAction::EnterSoundChanged { file: new }
                } else {
                    RoomAction::ExitSoundChanged { file: new }
                }
            }
        };
        self.room_event(mix, action);
    }

    fn set_room_variable(
        &mut self,
        mix: MixId,
        name: &str,
        value: &str,
    ) -> Result<Texts, CommandError> {
        let room = self
            .rooms
            .all
            .get(&mix)
            .ok_or_else(|| CommandError::not_found(ObjectKind::Room))?;
        if room.seen.variables.len() >= MAX_VARIABLES && room.seen.variables.get(name).is_none() {
            return Err(CommandError::new(
                ErrorKind::LimitReached,
                "too many variables of one conference",
            ));
        }
        self.change_room(mix, |room| room.variables.set(name, value));
        done()
    }
}

pub(super) fn switched(to: Toggle, now: bool) -> bool {
    match to {
        Toggle::On => true,
        Toggle::Off => false,
        Toggle::Toggle => !now,
    }
}
