//! What a room says of those who come and go, and how many there are: put together from prompts.

use std::sync::Arc;

use api::view::Member;
use media::control::RoomId as MixId;

use super::LiveRoom;
use crate::Switch;
use crate::script::app::say;

/// Digits of a number that are said; callers with longer ones are somebody.
const MAX_DIGITS: usize = 15;

/// Who comes or goes is told to the others, `ghost`s are not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Announcing {
    /// Somebody has come.
    pub(super) coming: bool,
    /// Somebody has gone.
    pub(super) going: bool,
    /// From so many members on it is said how many there are, whenever somebody comes; 0: never.
    pub(super) count_from: u32,
}

impl LiveRoom {
    /// What is said when `member` has come, one after the other.
    fn said_of_coming(&self, member: &Member) -> Vec<String> {
        let announcing = self.settings.announcing;
        let size = self.size();
        let mut prompts = Vec::new();
        if announcing.coming && size > 1 {
            prompts.extend(name(member));
            prompts.push("conference/conf-has_joined.wav".to_owned());
        }
        let counted = announcing.count_from > 0 && size >= announcing.count_from as usize;
        if counted && size > 1 {
            prompts.push("conference/conf-there_are.wav".to_owned());
            prompts.extend(say::number(size as u64));
            prompts.push("conference/conf-members.wav".to_owned());
        }
        prompts
    }
}

impl Switch {
    /// Says that somebody has come, and how many there are then.
    pub(super) fn announce_coming(&mut self, mix: MixId, member: &Member) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        let prompts = room.said_of_coming(member);
        self.say_in_room(mix, &prompts);
    }

    /// Says that somebody has gone.
    pub(super) fn announce_going(&mut self, mix: MixId, member: &Member) {
        let Some(room) = self.rooms.all.get(&mix) else {
            return;
        };
        if room.settings.announcing.going && room.size() > 0 {
            let mut prompts = name(member);
            prompts.push("conference/conf-has_left.wav".to_owned());
            self.say_in_room(mix, &prompts);
        }
    }

    fn say_in_room(&mut self, mix: MixId, prompts: &[String]) {
        if !prompts.is_empty() {
            let file: Arc<str> = format!("file_string://{}", prompts.join("!")).into();
            self.play_room_file(mix, file);
        }
    }
}

/// The number of a caller, digit by digit.
fn name(member: &Member) -> Vec<String> {
    let profile = member.channel.profile.as_ref();
    let number = profile.map_or("", |profile| &*profile.caller_id_number);
    let number = number.strip_prefix('+').unwrap_or(number);
    let is_short = (1..=MAX_DIGITS).contains(&number.len());
    if is_short && number.bytes().all(|byte| byte.is_ascii_digit()) {
        number.chars().map(say::digits).collect()
    } else {
        vec!["conference/conf-somebody.wav".to_owned()]
    }
}
