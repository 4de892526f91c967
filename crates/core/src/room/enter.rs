//! Entering a room: what `conference` is told, the PIN at the door, the events of a new member.

use std::sync::Arc;

use api::event::RoomAction;
use api::id::RoomId;
use api::view::{Member, Room, RoomFlags};
use api::{ChannelId, Timestamp, Variables};
use media::control::{MediaCommand, RoomId as MixId};

use super::settings::Settings;
use super::sounds::Music;
use super::{LiveMember, LiveRoom, Place};
use crate::Switch;
use crate::config::ConferenceHabits;

/// Longest name of a conference, bytes.
const MAX_NAME: usize = 256;
/// Most digits of a PIN.
const MAX_PIN: usize = 32;

/// The argument of `conference`: `<name>[@<profile>][+<pin>][+flags{<f>|<f>}]` (event-socket.md §6.9).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Entrance {
    pub(super) name: String,
    pub(super) profile: String,
    pub(super) pin: Option<String>,
    pub(super) flags: MemberFlags,
}

/// `+flags{…}`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct MemberFlags {
    pub(super) mute: bool,
    pub(super) deaf: bool,
    pub(super) moderator: bool,
    pub(super) end_conference: bool,
    pub(super) no_music: bool,
    pub(super) join_only: bool,
    pub(super) ghost: bool,
    pub(super) wait_for_moderator: bool,
    pub(super) spreads_digits: bool,
    pub(super) mute_detect: bool,
}

/// Somebody typing a PIN.
#[derive(Debug)]
pub(super) struct PinEntry {
    entrance: Entrance,
    typed: String,
    tries_left: u32,
}

impl Entrance {
    /// Reads the argument; `None` without a name.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (rest, flags) = match text.split_once("+flags{") {
            Some((rest, flags)) => (rest, flags.split('}').next().unwrap_or_default()),
            None => (text, ""),
        };
        let (rest, pin) = rest.split_once('+').unwrap_or((rest, ""));
        // Rooms with pictures have an `@` in their name.
        let (name, profile) = rest.rsplit_once('@').unwrap_or((rest, ""));
        let (name, profile, pin) = (name.trim(), profile.trim(), pin.trim());
        if name.is_empty() || name.len() > MAX_NAME {
            return None;
        }
        Some(Self {
            name: name.into(),
            profile: if profile.is_empty() {
                "default".into()
            } else {
                profile.into()
            },
            pin: (!pin.is_empty()).then(|| pin.chars().take(MAX_PIN).collect()),
            flags: MemberFlags::parse(flags),
        })
    }
}

impl MemberFlags {
    pub(super) fn parse(text: &str) -> Self {
        let mut flags = Self::default();
        for word in text
            .split(['|', ','])
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            match word {
                "mute" => flags.mute = true,
                "deaf" => flags.deaf = true,
                "moderator" => flags.moderator = true,
                "endconf" => flags.end_conference = true,
                "nomoh" => flags.no_music = true,
                "join-only" => flags.join_only = true,
                "ghost" => flags.ghost = true,
                "wait-mod" => flags.wait_for_moderator = true,
                "dist-dtmf" => flags.spreads_digits = true,
                "mute-detect" => flags.mute_detect = true,
                other => tracing::info!(flag = other, "Conference flag has no effect"),
            }
        }
        flags
    }
}

impl Switch {
    /// Lets a channel enter the conference its application names, or wait at the door. False: it cannot, and the
    /// application is over.
    pub(crate) fn join_room(&mut self, id: &ChannelId, data: &str) -> bool {
        if self.rooms.places.contains_key(id) {
            return false;
        }
        if let Some(room) = self.participation_of(id) {
            return self.enter_as_participant(id, &room);
        }
        let (data, dial) = match data
            .strip_prefix("bridge:")
            .map(|rest| rest.split_once(':'))
        {
            Some(Some((room, dial))) => (room, Some(dial)),
            Some(None) => return false,
            None => (data, None),
        };
        let Some(entrance) = self.entrance(data) else {
            tracing::warn!(channel = %id, "Conference has no name");
            return false;
        };
        self.answer_channel(id);
        if self.channels.get(id).is_none_or(|live| !live.is_up()) {
            return false;
        }
        let entered = self.knock(id, entrance.clone());
        if let Some(dial) = dial.filter(|_| entered) {
            self.dial_beside(id, &entrance, dial);
        }
        entered
    }

    /// The argument of `conference` that leads into the room a channel is in.
    pub(crate) fn entrance_to_room_of(&self, id: &ChannelId) -> Option<String> {
        let Some(Place::Member(mix, _)) = self.rooms.places.get(id) else {
            return None;
        };
        let room = &self.rooms.all.get(mix)?.seen;
        let entrance = format!("{}@{}", room.name, room.profile);
        Some(match &room.pin {
            Some(pin) => format!("{entrance}+{pin}"),
            None => entrance,
        })
    }

    /// Decides at the door.
    fn knock(&mut self, id: &ChannelId, entrance: Entrance) -> bool {
        let Some(room) = self
            .rooms
            .by_name(&entrance.name)
            .and_then(|mix| self.rooms.all.get(&mix))
        else {
            if entrance.flags.join_only {
                tracing::info!(channel = %id, room = entrance.name, "Conference is not there to be joined");
                return false;
            }
            let Some(mix) = self.open_room(id, &entrance) else {
                return false;
            };
            self.enter_room(mix, id, entrance.flags);
            return true;
        };
        if room.seen.flags.locked {
            tracing::info!(channel = %id, room = entrance.name, "Conference is locked");
            let sound = room.sound(|sounds| &sounds.locked);
            self.play_at_door(id, sound);
            return false;
        }
        if room.is_full() || self.video_rooms.is_full(&entrance.name) {
            tracing::info!(channel = %id, room = entrance.name, "Conference is full");
            return false;
        }
        let wanted = room
            .seen
            .pin
            .as_deref()
            .filter(|pin| entrance.pin.as_deref() != Some(*pin));
        if wanted.is_some() {
            let (tries_left, sound) = (room.settings.pin_tries, room.sound(|sounds| &sounds.pin));
            let entry = PinEntry {
                entrance,
                typed: String::new(),
                tries_left,
            };
            self.rooms.places.insert(id.clone(), Place::Door(entry));
            self.play_at_door(id, sound);
            return true;
        }
        if let Some(mix) = self.rooms.by_name(&entrance.name) {
            self.enter_room(mix, id, entrance.flags);
        }
        true
    }

    /// A digit typed at the door. The PIN is complete with `#`, or when it is as long as the right one.
    pub(super) fn pin_digit(&mut self, id: &ChannelId, digit: char) {
        let Some(Place::Door(entry)) = self.rooms.places.get_mut(id) else {
            return;
        };
        if digit != '#' && entry.typed.len() < MAX_PIN {
            entry.typed.push(digit);
        }
        let (name, typed) = (entry.entrance.name.clone(), entry.typed.clone());
        let room = self
            .rooms
            .by_name(&name)
            .and_then(|mix| self.rooms.all.get(&mix));
        // The room may have gone meanwhile, or its PIN: then nothing holds the caller back.
        let wanted = room.and_then(|room| room.seen.pin.clone());
        let right = wanted.as_deref().is_none_or(|pin| pin == typed);
        if !right && digit != '#' && wanted.as_deref().is_some_and(|pin| typed.len() < pin.len()) {
            return;
        }
        let sound = room.and_then(|room| room.sound(|sounds| &sounds.bad_pin));
        let Some(Place::Door(mut entry)) = self.rooms.places.remove(id) else {
            return;
        };
        if right {
            entry.entrance.pin = Some(typed);
            if !self.knock(id, entry.entrance) {
                self.end_conference_app(id);
            }
            return;
        }
        entry.tries_left -= 1;
        self.play_at_door(id, sound);
        if entry.tries_left == 0 {
            tracing::info!(channel = %id, room = name, "Wrong PIN too often");
            self.end_conference_app(id);
            return;
        }
        entry.typed.clear();
        self.rooms.places.insert(id.clone(), Place::Door(entry));
    }

    /// What a conference does by itself, by its name or, as dialplans put a domain behind it, by what is before that.
    fn habits_of(&self, name: &str) -> ConferenceHabits {
        let mut domains = self.view.directory.domains.iter();
        let number = domains.find_map(|domain| name.strip_suffix(&*domain.name)?.strip_suffix('-'));
        let named = |name: &str| self.config.conferences.get(name).copied();
        named(name).or_else(|| named(number?)).unwrap_or_default()
    }

    /// Makes a room on the media thread of its first member: `conference-create`.
    pub(super) fn open_room(&mut self, id: &ChannelId, entrance: &Entrance) -> Option<MixId> {
        let worker = self.channels.get(id)?.media.worker;
        let settings = Settings::of(&self.config.xml.clone(), &entrance.profile)
            .with(self.habits_of(&entrance.name));
        let domain = settings
            .domain
            .clone()
            .or_else(|| self.view.globals.get("domain").cloned());
        self.serials.room += 1;
        let mix = MixId(self.serials.room);
        let pin = entrance
            .pin
            .as_deref()
            .map(Arc::from)
            .or_else(|| settings.pin.clone());
        let seen = Room {
            id: RoomId(self.new_uuid()),
            name: entrance.name.as_str().into(),
            domain: domain.unwrap_or_else(|| "".into()),
            profile: settings.name.clone(),
            rate_hz: settings.rate_hz,
            interval_ms: settings.interval_ms,
            created: self.now.wall,
            flags: RoomFlags {
                answered: true,
                dynamic: true,
                enter_sound: true,
                exit_sound: true,
                audio_always: settings.audio_always,
                wait_mod: settings.wait_for_moderator,
                locked: false,
            },
            pin,
            members: Vec::new(),
            floor: None,
            recordings: Vec::new(),
            relations: Vec::new(),
            variables: Variables::new(),
            enter_sound: settings.sounds.enter.clone(),
            exit_sound: settings.sounds.exit.clone(),
            energy_level: settings.energy_level,
            parameters: settings.parameters.clone(),
        };
        tracing::info!(room = entrance.name, "Conference begins");
        let (rate_hz, name, arranged) = (seen.rate_hz, seen.name.clone(), settings.arranged);
        self.rooms.names.insert(name.clone(), mix);
        let room = LiveRoom {
            worker,
            seen: Arc::new(seen),
            settings: Arc::new(settings),
            members: Vec::new(),
            plays: Vec::new(),
            records: Vec::new(),
            recorded: false,
            music: Music::default(),
            closing: false,
            ends: None,
        };
        self.rooms.all.insert(mix, room);
        self.media(worker, MediaCommand::OpenRoom { room: mix, rate_hz });
        self.room_event(mix, RoomAction::Created);
        self.conference_began(&name);
        // Without a stage, which is said where it could not be made, there are no seats to hear anybody from.
        if arranged {
            self.arrange(&name, true).ok();
        }
        Some(mix)
    }

    /// A channel becomes a member: `add-member`, and the floor if nobody has it.
    pub(super) fn enter_room(&mut self, mix: MixId, id: &ChannelId, flags: MemberFlags) {
        let Some((leg, channel)) = self
            .channels
            .get(id)
            .map(|live| (live.media.id, live.seen.clone()))
        else {
            return;
        };
        let Some(name) = self.rooms.all.get(&mix).map(|room| room.seen.name.clone()) else {
            return;
        };
        let number = self.next_member_number(&name);
        let now = self.now.wall;
        let Some(room) = self.rooms.all.get_mut(&mix) else {
            return;
        };
        let member = Member {
            id: number,
            channel,
            joined: now,
            last_talking: Timestamp::ZERO,
            can_hear: !flags.deaf,
            can_speak: !flags.mute,
            talking: false,
            mute_detect: flags.mute_detect || room.settings.mute_detect,
            hold: false,
            moderator: flags.moderator,
            ghost: flags.ghost,
            end_conference: flags.end_conference,
            energy_level: room.seen.energy_level,
            current_energy: 0,
            auto_energy: room.settings.auto_energy,
            max_energy: room.settings.max_energy,
            automatic_gain: room.settings.automatic_gain,
            volume_in: 0,
            volume_out: 0,
        };
        room.seen_mut().members.push(Arc::new(member));
        room.members.push(LiveMember {
            id: number,
            channel: id.clone(),
            leg,
            heard: false,
            keys: String::new(),
            no_music: flags.no_music,
            spreads_digits: flags.spreads_digits,
        });
        let has_moderator = room.seen.members.iter().any(|member| member.moderator);
        let waits = !has_moderator && (room.seen.flags.wait_mod || flags.wait_for_moderator);
        let waiting_changed = room.seen.flags.wait_mod != waits;
        room.seen_mut().flags.wait_mod = waits;
        let (worker, settings) = (room.worker, room.mix_settings(number));
        let uuid = room.seen.id;
        self.rooms
            .places
            .insert(id.clone(), Place::Member(mix, number));
        if let Some(live) = self.channels.get_mut(id) {
            live.seen_mut().room = Some(name.clone());
        }
        self.set_var(id, "conference_name", &*name);
        self.set_var(id, "conference_member_id", number.to_string());
        self.set_var(
            id,
            "conference_moderator",
            if flags.moderator { "true" } else { "false" },
        );
        self.set_var(
            id,
            "conference_ghost",
            if flags.ghost { "true" } else { "false" },
        );
        self.set_var(id, "conference_uuid", uuid.to_string());
        self.media(
            worker,
            MediaCommand::JoinRoom {
                room: mix,
                leg,
                settings,
            },
        );
        if waiting_changed {
            self.apply_all_members(mix);
        }
        if !flags.ghost {
            self.greet(mix, number);
        }
        self.member_event(mix, number, RoomAction::MemberAdded);
        self.record_by_itself(mix, id);
        self.member_came(&name, mix, number);
        self.fill_floor(mix);
        self.settle_music(mix);
        self.announce_dialled(mix, id);
        if !flags.ghost {
            self.entered_conference(&name, id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_the_application() {
        let parse = |text: &str| Entrance::parse(text).map(|e| (e.name, e.profile, e.pin, e.flags));
        let plain = |name: &str, profile: &str| {
            Some((name.into(), profile.into(), None, MemberFlags::default()))
        };
        assert_eq!(parse("3000"), plain("3000", "default"));
        assert_eq!(
            parse("3000-127.0.0.1@wide"),
            plain("3000-127.0.0.1", "wide")
        );
        let flags = MemberFlags {
            mute: true,
            moderator: true,
            ..MemberFlags::default()
        };
        assert_eq!(
            parse("a@b+1234+flags{mute|moderator|nonsense}"),
            Some(("a".into(), "b".into(), Some("1234".into()), flags))
        );
        let flags = MemberFlags {
            end_conference: true,
            ..MemberFlags::default()
        };
        assert_eq!(
            parse("a+flags{endconf}"),
            Some(("a".into(), "default".into(), None, flags))
        );
        assert_eq!(parse("@default"), None);
        assert_eq!(parse(&"x".repeat(MAX_NAME + 1)), None);
    }
}
