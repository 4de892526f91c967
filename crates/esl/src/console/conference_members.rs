//! What is done to the members of a conference (event-socket.md §6.6).

use super::conference::Target;
use crate::frame::leading_number;
use api::command::room::{MemberTarget, RelateRule, RoomControl, Toggle};
use api::id::MemberId;
use api::view::{Member, Room};
use api::{ErrorKind, ObjectKind};

impl Target<'_> {
    /// The members meant by the first word, newest first; the text to answer when there are none.
    pub(super) fn members(&self, room: &Room) -> Result<Vec<MemberId>, String> {
        let Some(word) = self.words.first() else {
            return Err(self.syntax());
        };
        let newest_first = room.members.iter().rev();
        let found: Vec<MemberId> = match word.as_str() {
            "all" => newest_first.map(|member| member.id).collect(),
            "non_moderator" => newest_first
                .filter(|member| !member.moderator)
                .map(|member| member.id)
                .collect(),
            "last" => newest_first
                .map(|member| member.id)
                .max()
                .into_iter()
                .collect(),
            word => match (word.parse::<u32>(), word.split_once('=')) {
                (Ok(number), _) if room.member(MemberId(number)).is_some() => {
                    vec![MemberId(number)]
                }
                (Ok(number), _) => return Err(format!("-ERR Non-Existant ID {number}\n")),
                (Err(_), Some((name, value))) => newest_first
                    .filter(|member| member.channel.variable(name) == Some(value))
                    .map(|member| member.id)
                    .collect(),
                (Err(_), None) => return Err(self.syntax()),
            },
        };
        if found.is_empty() {
            Err("-ERR Non-Existant member\n".to_owned())
        } else {
            Ok(found)
        }
    }

    pub(super) async fn each_member(&self, room: &Room) -> String {
        let members = match self.members(room) {
            Ok(members) => members,
            Err(text) => return text,
        };
        if self.command == "dtmf" && self.words.len() < 2 {
            return self.syntax();
        }
        let mut out = String::new();
        for id in members {
            let before = room.member(id).cloned();
            let action = self.member_action(id, before.as_deref());
            match self.ask(action).await {
                Ok(_) => out.push_str(&self.member_line(id)),
                Err(_) => out.push_str(&format!("-ERR Non-Existant ID {id}\n")),
            }
        }
        out
    }

    pub(super) fn member_action(&self, id: MemberId, before: Option<&Member>) -> RoomControl {
        let target = MemberTarget::Id(id);
        let value = self.words.get(1);
        match self.command {
            "kick" => RoomControl::Kick {
                target,
                sound: value.map(|word| word.as_str().into()),
            },
            "hup" => RoomControl::HangUp { target },
            "mute" => RoomControl::Mute {
                target,
                on: Toggle::On,
            },
            "unmute" => RoomControl::Mute {
                target,
                on: Toggle::Off,
            },
            "tmute" => RoomControl::Mute {
                target,
                on: Toggle::Toggle,
            },
            "deaf" => RoomControl::Deaf {
                target,
                on: Toggle::On,
            },
            "undeaf" => RoomControl::Deaf {
                target,
                on: Toggle::Off,
            },
            "hold" => RoomControl::Hold {
                target,
                on: Toggle::On,
            },
            "unhold" => RoomControl::Hold {
                target,
                on: Toggle::Off,
            },
            "dtmf" => RoomControl::SendDtmf {
                target,
                digits: value.map_or("", String::as_str).into(),
            },
            "auto-energy" => RoomControl::AutoEnergy {
                target,
                level: value.and_then(|word| level_of(word)),
            },
            "max-energy" => RoomControl::MaxEnergy {
                target,
                level: value.and_then(|word| level_of(word)),
            },
            "agc" => RoomControl::AutomaticGain {
                target,
                level: value.and_then(|word| level_of(word)),
            },
            "volume_in" => RoomControl::VolumeIn {
                target,
                level: value.map(|word| volume(word, before.map_or(0, |m| m.volume_in))),
            },
            "volume_out" => RoomControl::VolumeOut {
                target,
                level: value.map(|word| volume(word, before.map_or(0, |m| m.volume_out))),
            },
            _ => RoomControl::Energy {
                target,
                level: value.map(|word| {
                    let level = leading_number(word).clamp(-32_767, 32_767);
                    i32::try_from(level).unwrap_or_default()
                }),
            },
        }
    }

    /// The success line, with values as they are now.
    pub(super) fn member_line(&self, id: MemberId) -> String {
        let view = self.call.view();
        let member = view.rooms.get(self.name).and_then(|room| room.member(id));
        match self.command {
            "kick" => format!("+OK kicked {id}\n"),
            "dtmf" => format!(
                "+OK sent {} to {id}\n",
                self.words.get(1).map_or("", String::as_str)
            ),
            "energy" => format!("Energy {id} = {}\n", member.map_or(0, |m| m.energy_level)),
            "auto-energy" | "max-energy" => {
                let (name, level) = match self.command {
                    "auto-energy" => ("Auto-Energy", member.map_or(0, |m| m.auto_energy)),
                    _ => ("Max-Energy", member.map_or(0, |m| m.max_energy)),
                };
                let energy = member.map_or(0, |m| m.energy_level);
                format!("{id} = {name}: {level} Energy: {energy}\n")
            }
            "agc" => format!("Agc {id} = {}\n", member.map_or(0, |m| m.automatic_gain)),
            "volume_in" => format!(
                "+OK Volume IN {id} = {}\n",
                member.map_or(0, |m| m.volume_in)
            ),
            "volume_out" => format!(
                "+OK Volume OUT {id} = {}\n",
                member.map_or(0, |m| m.volume_out)
            ),
            "tmute" if member.is_some_and(|m| m.can_speak) => format!("+OK unmute {id}\n"),
            "tmute" => format!("+OK mute {id}\n"),
            word => format!("+OK {word} {id}\n"),
        }
    }

    pub(super) async fn floor(&self, room: &Room) -> String {
        let id = match self.members(room) {
            Ok(members) => members[0],
            Err(text) => return text,
        };
        match room.floor {
            Some(holder) if holder != id => format!("-ERR floor is held by {holder}\n"),
            holder => match (self.ask(RoomControl::Floor { member: id }).await, holder) {
                (Ok(_), Some(_)) => "+OK floor none\n".to_owned(),
                (Ok(_), None) => format!("+OK floor {id}\n"),
                (Err(_), _) => format!("-ERR Non-Existant ID {id}\n"),
            },
        }
    }

    pub(super) async fn transfer(&self, room: &Room) -> String {
        let Some((to, members)) = self
            .words
            .split_first()
            .filter(|(_, members)| !members.is_empty())
        else {
            return self.syntax();
        };
        let mut out = String::new();
        for word in members {
            let id = MemberId(u32::try_from(leading_number(word)).unwrap_or(0));
            let moved = match room.member(id) {
                Some(_) => self
                    .ask(RoomControl::Transfer {
                        to: to.as_str().into(),
                        member: id,
                    })
                    .await
                    .is_ok(),
                None => false,
            };
            out.push_str(&match moved {
                true => format!("+OK Member '{id}' sent to conference {to}.\n"),
                false => format!("-ERR No Member {id} in conference {}.\n", self.name),
            });
        }
        out
    }

    pub(super) fn get_uuid(&self, room: &Room) -> String {
        match self.members(room) {
            Ok(members) => room
                .member(members[0])
                .map(|member| member.channel.id.to_string())
                .unwrap_or_default(),
            Err(text) => text,
        }
    }

    pub(super) async fn relate(&self, room: &Room) -> String {
        let (members, others, rule) = match self.words {
            [] => return String::new(),
            [members, others, rule, ..] => (members, others, rule),
            _ => return self.syntax(),
        };
        let known = match rule.as_str() {
            "nospeak" => RelateRule::NoSpeak,
            "nohear" => RelateRule::NoHear,
            "clear" => RelateRule::Clear,
            _ => return self.syntax(),
        };
        let mut out = String::new();
        for member in members.split(',').map(member_number) {
            for other in others.split(',').map(member_number) {
                let action = RoomControl::Relate {
                    member,
                    other,
                    rule: known,
                };
                let there = room.member(member).is_some() && room.member(other).is_some();
                let done = if there {
                    self.ask(action).await.map_err(|error| error.kind)
                } else {
                    Err(ErrorKind::NotFound(ObjectKind::Member))
                };
                out.push_str(&match (done, known) {
                    (Ok(_), RelateRule::Clear) => {
                        format!("+OK relationship {member}->{other} cleared.\n")
                    }
                    (Ok(_), RelateRule::NoSpeak | RelateRule::NoHear) => {
                        format!("+OK {member}->{other} {rule} set\n")
                    }
                    // Ours: the original knows no limit.
                    (Err(ErrorKind::LimitReached), _) => {
                        format!("-ERR relationship {member}->{other} not set: too many.\n")
                    }
                    (Err(_), _) => format!("-ERR relationship {member}->{other} not found.\n"),
                });
            }
        }
        out
    }
}

/// Only a number changes it: the original keeps what there was when asked for `off` (golden conf-03-controls).
fn level_of(word: &str) -> Option<u16> {
    let level: u32 = word.parse().ok()?;
    Some(u16::try_from(level).unwrap_or(u16::MAX))
}

/// `up` and `down` step, a number is taken as it is, anything else is 0; −4 to 4.
fn volume(word: &str, now: i8) -> i8 {
    let level = match word {
        "up" => i64::from(now) + 1,
        "down" => i64::from(now) - 1,
        number => leading_number(number),
    };
    i8::try_from(level.clamp(-4, 4)).unwrap_or(0)
}

fn member_number(word: &str) -> MemberId {
    MemberId(u32::try_from(leading_number(word)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_are_levels() {
        let words = ["1000", "0", "99999", "off", "-1", "10x", ""];
        let levels = words.map(level_of);
        let expected = [Some(1000), Some(0), Some(u16::MAX), None, None, None, None];
        assert_eq!(levels, expected);
    }

    #[test]
    fn volumes_as_recorded() {
        // golden conf-03-controls
        assert_eq!(
            (
                volume("99", 0),
                volume("-4", 0),
                volume("up", -4),
                volume("foo", 2)
            ),
            (4, -4, -3, 0)
        );
    }
}
