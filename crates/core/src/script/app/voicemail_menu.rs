//! `voicemail check`: who it is, how many messages there are, and hearing, keeping and deleting them.

use std::sync::Arc;

use api::ChannelId;
use api::event::VoicemailAction;
use api::view::{DirectoryUser, Extension, VoiceMessage};
use media::control::{MediaCommand, RecordId};
use subtle::ConstantTimeEq as _;

use super::playback::{Played, Playing};
use super::voicemail::{VoicemailApp, beep, said};
use super::{App, Started};
use crate::Switch;
use crate::voicemail::{Profile, Recorded, Recording};

/// How often a menu is said to somebody who presses nothing.
const ROUNDS: u32 = 3;
/// Digits of a number or a password that are looked at.
const MAX_DIGITS: usize = 64;

/// Somebody at a box.
#[derive(Debug)]
pub(crate) struct Menu {
    profile: Arc<Profile>,
    domain: Arc<str>,
    /// Whose box it is to be, as it was dialled.
    who: Box<str>,
    mailbox: Option<Extension>,
    step: Step,
    digits: String,
    logins_left: u32,
    rounds_left: u32,
    /// Messages to be heard, and the one that is.
    list: Vec<Arc<str>>,
    at: usize,
    pub(super) playing: Option<Playing>,
    pub(super) recording: Option<RecordId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Welcome,
    Number,
    Password,
    Main,
    Message,
    /// It was heard through: what now?
    Choice,
    Options,
    /// Before a greeting is recorded.
    Beep,
    Greeting,
    Keeping,
    LastWord,
}

impl Step {
    fn waits_for_digits(self) -> bool {
        match self {
            Self::Number | Self::Password | Self::Main | Self::Choice | Self::Options => true,
            Self::Welcome
            | Self::Message
            | Self::Beep
            | Self::Greeting
            | Self::Keeping
            | Self::LastWord => false,
        }
    }
}

/// A number below a hundred in words; larger ones digit by digit.
fn number(count: usize) -> Vec<String> {
    match count {
        0..=20 => vec![format!("digits/{count}")],
        21..=99 if count.is_multiple_of(10) => vec![format!("digits/{count}")],
        21..=99 => vec![
            format!("digits/{}", count / 10 * 10),
            format!("digits/{}", count % 10),
        ],
        _ => count
            .to_string()
            .chars()
            .map(|digit| format!("digits/{digit}"))
            .collect(),
    }
}

fn key(digit: char) -> String {
    match digit {
        '*' => "digits/star".into(),
        '#' => "digits/pound".into(),
        digit => format!("digits/{digit}"),
    }
}

/// `<what> press <key>`, one after the other.
fn choices(list: &[(&str, char)]) -> Vec<String> {
    list.iter()
        .flat_map(|(what, digit)| [(*what).to_owned(), "vm-press".to_owned(), key(*digit)])
        .collect()
}

impl Switch {
    pub(super) fn begin_check(
        &mut self,
        id: &ChannelId,
        profile: Arc<Profile>,
        domain: &str,
        user: Option<&str>,
        authorised: bool,
    ) -> Started {
        let known = user.and_then(|user| self.owner(domain, user));
        let (step, prompt) = match (user, &known) {
            (Some(_), Some(_)) if authorised => (Step::Welcome, "vm-hello"),
            (Some(_), _) => (Step::Password, "vm-enter_pass"),
            (None, _) => (Step::Number, "vm-enter_id"),
        };
        let menu = Menu {
            logins_left: profile.max_logins,
            profile,
            domain: domain.into(),
            who: user.unwrap_or_default().into(),
            mailbox: known.map(|(_, mailbox)| mailbox),
            step,
            digits: String::new(),
            rounds_left: ROUNDS,
            list: Vec::new(),
            at: 0,
            playing: Some(self.start_playing(id, &said(&[prompt]), Some(0))),
            recording: None,
        };
        Started::Waits(App::Voicemail(Box::new(VoicemailApp::Check(menu))))
    }

    /// The user of a number, and the box.
    fn owner(&self, domain: &str, user: &str) -> Option<(Arc<DirectoryUser>, Extension)> {
        let account = self.account(domain, user)?;
        let mailbox = account.user.mailbox()?;
        Some((account.user, mailbox))
    }

    fn menu_says<P: AsRef<str>>(&mut self, id: &ChannelId, step: Step, prompts: &[P]) {
        if let Some(menu) = self.menu(id) {
            menu.step = step;
            self.voicemail_says(id, &said(prompts));
        }
    }

    fn ask_password(&mut self, id: &ChannelId) {
        if let Some(menu) = self.menu(id) {
            menu.digits.clear();
            self.menu_says(id, Step::Password, &["vm-enter_pass"]);
        }
    }

    fn check_password(&mut self, id: &ChannelId) {
        let Some(menu) = self.menu(id) else { return };
        let given = std::mem::take(&mut menu.digits);
        let (domain, who) = (menu.domain.clone(), menu.who.clone());
        let owner = self.owner(&domain, &who);
        let right = owner
            .as_ref()
            .and_then(|(user, _)| user.param("vm-password"));
        // A box without a password is opened by nobody; an unknown one sounds like a wrong password.
        let right = right.filter(|password| !password.is_empty());
        let ok = bool::from(right.unwrap_or_default().as_bytes().ct_eq(given.as_bytes()))
            && right.is_some();
        if let Some((_, mailbox)) = &owner {
            let mailbox = self.mailbox(mailbox);
            let action = VoicemailAction::Authenticated { ok };
            self.tell_of_mailbox(mailbox, action, Some(id));
        }
        match owner {
            Some((_, mailbox)) if ok => {
                if let Some(menu) = self.menu(id) {
                    menu.mailbox = Some(mailbox);
                    self.main_menu(id, true);
                }
            }
            Some(_) | None => {
                tracing::info!(channel = %id, mailbox = &*who, "Wrong voicemail password");
                let Some(menu) = self.menu(id) else { return };
                menu.logins_left -= 1;
                if menu.logins_left == 0 {
                    self.menu_says(id, Step::LastWord, &["vm-fail_auth", "vm-goodbye"]);
                } else {
                    self.menu_says(id, Step::Password, &["vm-fail_auth", "vm-enter_pass"]);
                }
            }
        }
    }

    fn main_menu(&mut self, id: &ChannelId, counts: bool) {
        let Some(menu) = self.menu(id) else { return };
        let Some(name) = menu.mailbox.clone() else {
            return;
        };
        let keys = menu.profile.keys;
        menu.rounds_left = ROUNDS;
        let mailbox = self.mailbox(&name);
        let mut prompts = Vec::new();
        if counts {
            for (count, what) in [
                (mailbox.new_messages(), "vm-new"),
                (mailbox.saved_messages(), "vm-saved_word"),
            ] {
                prompts.push("vm-you_have".to_owned());
                prompts.extend(number(count));
                prompts.push(what.to_owned());
                let noun = if count == 1 {
                    "vm-message"
                } else {
                    "vm-messages"
                };
                prompts.push(noun.to_owned());
            }
        }
        prompts.extend(choices(&[
            ("vm-listen_new", keys.play_new),
            ("vm-listen_saved", keys.play_saved),
            ("vm-advanced", keys.options),
            ("vm-to_exit", keys.end),
        ]));
        self.menu_says(id, Step::Main, &prompts);
    }

    /// Plays messages, those that are new or those that are not.
    fn play_messages(&mut self, id: &ChannelId, new: bool) {
        let Some(menu) = self.menu(id) else { return };
        let Some(name) = menu.mailbox.clone() else {
            return;
        };
        let mailbox = self.mailbox(&name);
        let wanted = mailbox.messages.iter();
        let wanted = wanted.filter(|message| message.read_at.is_none() == new);
        let list = wanted.map(|message| message.id.clone()).collect();
        if let Some(menu) = self.menu(id) {
            (menu.list, menu.at) = (list, 0);
            self.play_message(id);
        }
    }

    /// The message that is heard; passes over those that are gone.
    fn current(&mut self, id: &ChannelId) -> Option<(Extension, Arc<VoiceMessage>)> {
        loop {
            let menu = self.menu(id)?;
            let (name, wanted) = (menu.mailbox.clone()?, menu.list.get(menu.at)?.clone());
            let mailbox = self.mailbox(&name);
            if let Some(message) = mailbox.message(&wanted) {
                return Some((name, message.clone()));
            }
            self.menu(id)?.at += 1;
        }
    }

    fn play_message(&mut self, id: &ChannelId) {
        let Some((_, message)) = self.current(id) else {
            return self.no_more(id);
        };
        let Some(menu) = self.menu(id) else { return };
        let mut prompts = vec!["vm-message_number".to_owned()];
        prompts.extend(number(menu.at + 1));
        prompts.push(message.path.to_string());
        self.menu_says(id, Step::Message, &prompts);
    }

    fn no_more(&mut self, id: &ChannelId) {
        let Some(menu) = self.menu(id) else { return };
        menu.list.clear();
        let keys = menu.profile.keys;
        menu.rounds_left = ROUNDS;
        let mut prompts = vec!["vm-no_more_messages".to_owned()];
        prompts.extend(choices(&[
            ("vm-listen_new", keys.play_new),
            ("vm-listen_saved", keys.play_saved),
            ("vm-advanced", keys.options),
            ("vm-to_exit", keys.end),
        ]));
        self.menu_says(id, Step::Main, &prompts);
    }

    fn offer_choice(&mut self, id: &ChannelId) {
        let Some(menu) = self.menu(id) else { return };
        let keys = menu.profile.keys;
        let prompts = choices(&[
            ("vm-listen_to_recording", keys.again),
            ("vm-save_recording", keys.save),
            ("vm-delete_recording", keys.delete),
            ("vm-next", keys.next),
            ("vm-main_menu", keys.main_menu),
        ]);
        self.menu_says(id, Step::Choice, &prompts);
    }

    fn offer_options(&mut self, id: &ChannelId) {
        let Some(menu) = self.menu(id) else { return };
        let keys = menu.profile.keys;
        menu.rounds_left = ROUNDS;
        let prompts = choices(&[
            ("vm-record_greeting", keys.record_greeting),
            ("vm-main_menu", keys.main_menu),
        ]);
        self.menu_says(id, Step::Options, &prompts);
    }

    pub(super) fn menu_played(&mut self, id: &ChannelId, played: Played) {
        let Some(menu) = self.menu(id) else { return };
        match menu.step {
            Step::Message => {
                if played == Played::Through {
                    self.heard(id);
                }
                if let Some(menu) = self.menu(id) {
                    menu.rounds_left = ROUNDS;
                }
                self.offer_choice(id);
            }
            Step::Welcome => self.main_menu(id, true),
            Step::Beep => self.record_greeting(id),
            Step::LastWord => self.application_done(id, None),
            step if step.waits_for_digits() => {
                let timeout = menu.profile.digit_timeout;
                self.wait(id, timeout);
            }
            Step::Number
            | Step::Password
            | Step::Main
            | Step::Choice
            | Step::Options
            | Step::Greeting
            | Step::Keeping => {}
        }
    }

    /// The message that is heard is not new any more.
    fn heard(&mut self, id: &ChannelId) {
        if let Some((name, message)) = self.current(id)
            && message.read_at.is_none()
        {
            self.mark(None, &name, &message.id, true);
        }
    }

    /// Nothing was pressed for a while.
    pub(super) fn menu_timeout(&mut self, id: &ChannelId) {
        let Some(menu) = self.menu(id) else { return };
        if menu.playing.is_some() {
            return;
        }
        match menu.step {
            Step::Number if !menu.digits.is_empty() => {
                menu.who = std::mem::take(&mut menu.digits).into();
                return self.ask_password(id);
            }
            Step::Password if !menu.digits.is_empty() => return self.check_password(id),
            Step::Number
            | Step::Password
            | Step::Welcome
            | Step::Main
            | Step::Choice
            | Step::Options
            | Step::Message
            | Step::Beep
            | Step::Greeting
            | Step::Keeping
            | Step::LastWord => {}
        }
        menu.rounds_left = menu.rounds_left.saturating_sub(1);
        if menu.rounds_left == 0 {
            return self.menu_says(id, Step::LastWord, &["vm-goodbye"]);
        }
        let rounds = menu.rounds_left;
        match menu.step {
            Step::Number => self.menu_says(id, Step::Number, &["vm-enter_id"]),
            Step::Password => self.ask_password(id),
            Step::Main => self.main_menu(id, false),
            Step::Choice => self.offer_choice(id),
            Step::Options => self.offer_options(id),
            Step::Welcome
            | Step::Message
            | Step::Beep
            | Step::Greeting
            | Step::Keeping
            | Step::LastWord => {}
        }
        if let Some(menu) = self.menu(id) {
            menu.rounds_left = rounds;
        }
    }

    pub(super) fn menu_digit(&mut self, id: &ChannelId, digit: char) {
        let Some(menu) = self.menu(id) else { return };
        let keys = menu.profile.keys;
        match menu.step {
            Step::Number | Step::Password => self.menu_collects(id, digit),
            Step::Main if digit == keys.play_new => self.play_messages(id, true),
            Step::Main if digit == keys.play_saved => self.play_messages(id, false),
            Step::Main if digit == keys.options => self.offer_options(id),
            Step::Main if digit == keys.end => self.menu_says(id, Step::LastWord, &["vm-goodbye"]),
            Step::Message | Step::Choice => self.message_digit(id, digit),
            Step::Options if digit == keys.record_greeting => {
                let file = [said(&["vm-record_greeting_now"]), beep(&menu.profile)];
                menu.step = Step::Beep;
                self.voicemail_says(id, &file.join("!"));
            }
            Step::Options if digit == keys.main_menu => self.main_menu(id, false),
            Step::Greeting if digit == keys.end => {
                if let Some(record) = menu.recording {
                    self.media_of(id, |_| MediaCommand::StopRecord { record });
                }
            }
            Step::Welcome
            | Step::Main
            | Step::Options
            | Step::Beep
            | Step::Greeting
            | Step::Keeping
            | Step::LastWord => {}
        }
    }

    /// A digit of a number or a password.
    fn menu_collects(&mut self, id: &ChannelId, digit: char) {
        let Some(menu) = self.menu(id) else { return };
        if digit == menu.profile.keys.end {
            if menu.step == Step::Password {
                return self.check_password(id);
            }
            menu.who = std::mem::take(&mut menu.digits).into();
            return self.ask_password(id);
        }
        if menu.digits.len() < MAX_DIGITS {
            menu.digits.push(digit);
        }
        let (timeout, playing) = (menu.profile.digit_timeout, menu.playing.as_ref());
        // The first digit silences what is said.
        match playing.map(|playing| playing.play) {
            Some(play) => self.media_of(id, |_| MediaCommand::StopPlay { play }),
            None => self.wait(id, timeout),
        }
    }

    /// A digit while a message is heard, or after it.
    fn message_digit(&mut self, id: &ChannelId, digit: char) {
        let Some(menu) = self.menu(id) else { return };
        let keys = menu.profile.keys;
        if digit == keys.again {
            return self.play_message(id);
        }
        if digit == keys.main_menu {
            return self.main_menu(id, false);
        }
        if digit == keys.save {
            self.heard(id);
        } else if digit == keys.delete {
            if let Some((name, message)) = self.current(id) {
                self.delete(None, &name, message);
            }
        } else if digit != keys.next {
            return;
        }
        if let Some(menu) = self.menu(id) {
            menu.at += 1;
        }
        self.play_message(id);
    }

    fn record_greeting(&mut self, id: &ChannelId) {
        let Some(menu) = self.menu(id) else { return };
        menu.step = Step::Greeting;
        let profile = menu.profile.clone();
        if let Some(mailbox) = menu.mailbox.clone() {
            let record = self.begin_deposit(id, &profile, &mailbox, Recording::Greeting);
            if let Some(menu) = self.menu(id) {
                menu.recording = Some(record);
            }
        }
    }

    pub(super) fn menu_recorded(&mut self, id: &ChannelId, recorded: Recorded) {
        let Some(menu) = self.menu(id) else { return };
        match recorded {
            Recorded::Complete => menu.step = Step::Keeping,
            Recorded::TooShort => self.back_from_greeting(id, "vm-too-small"),
            Recorded::Failed => self.back_from_greeting(id, "vm-not_saved"),
        }
    }

    pub(super) fn greeting_kept(&mut self, id: &ChannelId, kept: bool) {
        if self.menu(id).is_some_and(|menu| menu.step == Step::Keeping) {
            let word = if kept { "vm-saved" } else { "vm-not_saved" };
            self.back_from_greeting(id, word);
        }
    }

    /// Says what became of a greeting, and what can be done then.
    fn back_from_greeting(&mut self, id: &ChannelId, word: &str) {
        let Some(menu) = self.menu(id) else { return };
        let keys = menu.profile.keys;
        menu.rounds_left = ROUNDS;
        let mut prompts = vec![word.to_owned()];
        prompts.extend(choices(&[
            ("vm-record_greeting", keys.record_greeting),
            ("vm-main_menu", keys.main_menu),
        ]));
        self.menu_says(id, Step::Options, &prompts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words() {
        assert_eq!(number(0), ["digits/0"]);
        assert_eq!(number(20), ["digits/20"]);
        assert_eq!(number(90), ["digits/90"]);
        assert_eq!(number(42), ["digits/40", "digits/2"]);
        assert_eq!(number(105), ["digits/1", "digits/0", "digits/5"]);
    }
}
