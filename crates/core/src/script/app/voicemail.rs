//! `voicemail`: leave a message in a box; with `check`, listen to what is in it (`voicemail_menu.rs`). [`crate::voicemail`]
//! does the rest.

use std::sync::Arc;

use api::ChannelId;
use api::view::Extension;
use media::control::{MediaCommand, PlayId, RecordId};

use super::playback::{Played, Playing};
use super::voicemail_menu::Menu;
use super::{App, Started};
use crate::Switch;
use crate::voicemail::{Profile, Recorded, Recording};

/// Attempts of a caller whose message is too short.
const TRIES: u32 = 3;

/// The application.
#[derive(Debug)]
pub(crate) enum VoicemailApp {
    /// Leaves a message.
    Leave(Leaving),
    /// Listens to messages.
    Check(Menu),
}

/// A message being left.
#[derive(Debug)]
pub(crate) struct Leaving {
    profile: Arc<Profile>,
    mailbox: Extension,
    step: Step,
    tries_left: u32,
    playing: Option<Playing>,
    recording: Option<RecordId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    /// The greeting of the box; there may be none.
    Greeting,
    /// What is said instead, or that there is time to speak.
    Instructions,
    Beep,
    Recording,
    /// It was too short: what is heard before the next attempt.
    TooShort,
    /// Being kept.
    Keeping,
    /// The last thing that is heard.
    LastWord,
}

impl VoicemailApp {
    /// What is being played.
    pub(super) fn playing_mut(&mut self) -> Option<&mut Playing> {
        self.playing().as_mut()
    }

    fn playing(&mut self) -> &mut Option<Playing> {
        match self {
            Self::Leave(leaving) => &mut leaving.playing,
            Self::Check(menu) => &mut menu.playing,
        }
    }

    fn recording(&mut self) -> &mut Option<RecordId> {
        match self {
            Self::Leave(leaving) => &mut leaving.recording,
            Self::Check(menu) => &mut menu.recording,
        }
    }
}

/// `[check] [auth] <profile> <domain> [<id>]`.
struct Request<'a> {
    check: bool,
    authorised: bool,
    profile: &'a str,
    domain: &'a str,
    id: Option<&'a str>,
}

fn parse(data: &str) -> Option<Request<'_>> {
    let mut words = data.split_whitespace().peekable();
    let mut word = |wanted: &str| {
        let there = words
            .peek()
            .is_some_and(|word| word.eq_ignore_ascii_case(wanted));
        if there {
            words.next();
        }
        there
    };
    let (check, authorised) = (word("check"), word("auth"));
    Some(Request {
        check,
        authorised,
        profile: words.next()?,
        domain: words.next()?,
        id: words.next(),
    })
}

pub(super) fn voicemail(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Some(request) = parse(data) else {
        tracing::warn!(channel = %id, data, "voicemail does not say whose box");
        return Started::Done;
    };
    let Some(profile) = switch.voicemail_profile(request.profile) else {
        tracing::warn!(channel = %id, profile = request.profile, "There is no such voicemail profile");
        return Started::Done;
    };
    if request.check {
        let authorised = request.authorised || switch.var_true(id, "voicemail_authorized");
        switch.answer_channel(id);
        return switch.begin_check(id, profile, request.domain, request.id, authorised);
    }
    let account = request
        .id
        .and_then(|user| switch.account(request.domain, user));
    let domain = account
        .as_ref()
        .map_or(request.domain, |account| &account.domain);
    let mailbox = request
        .id
        .and_then(|user| switch.view.directory.mailbox(domain, user));
    let Some(mailbox) = mailbox else {
        tracing::warn!(channel = %id, domain = request.domain, user = request.id, "There is no such voicemail box");
        return Started::Done;
    };
    let quota = account.as_ref();
    let quota = quota.and_then(|account| account.user.param("vm-disk-quota")?.parse().ok());
    switch.answer_channel(id);
    let mut leaving = Leaving {
        step: Step::Greeting,
        tries_left: TRIES,
        playing: None,
        recording: None,
        profile,
        mailbox,
    };
    if let Err(refused) = switch.may_deposit(&leaving.profile, &leaving.mailbox, quota) {
        tracing::warn!(channel = %id, mailbox = %leaving.mailbox.user, ?refused, "No message can be left");
        leaving.step = Step::LastWord;
        leaving.playing = Some(switch.start_playing(id, &said(&["vm-mailbox_full"]), Some(0)));
        return Started::Waits(App::Voicemail(Box::new(VoicemailApp::Leave(leaving))));
    }
    let file = if switch.var_true(id, "skip_greeting") {
        leaving.step = Step::Beep;
        beep(&leaving.profile)
    } else {
        switch
            .greeting_of(&leaving.profile, &leaving.mailbox)
            .to_string()
    };
    switch.unset_var(id, "skip_greeting");
    leaving.playing = Some(switch.start_playing(id, &file, Some(0)));
    Started::Waits(App::Voicemail(Box::new(VoicemailApp::Leave(leaving))))
}

/// What is played when these prompts are to be said one after the other.
pub(super) fn said<P: AsRef<str>>(prompts: &[P]) -> String {
    let paths = prompts.iter().map(|prompt| match prompt.as_ref() {
        digits if digits.starts_with("digits/") => format!("{digits}.wav"),
        path if path.contains("://") || path.starts_with('/') => path.to_owned(),
        name => format!("voicemail/{name}.wav"),
    });
    let paths: Vec<_> = paths.collect();
    format!("file_string://{}", paths.join("!"))
}

pub(super) fn beep(profile: &Profile) -> String {
    format!("tone_stream://{}", profile.beep)
}

impl Switch {
    fn voicemail_app(&mut self, id: &ChannelId) -> Option<&mut VoicemailApp> {
        let runs = &mut self.channels.get_mut(id)?.script.runs;
        runs.iter_mut().find_map(|run| match &mut run.app {
            App::Voicemail(app) => Some(&mut **app),
            App::Starting
            | App::Nested(_)
            | App::Park(_)
            | App::Sleep
            | App::Echo
            | App::Playback(_)
            | App::Record(_)
            | App::Collect(_)
            | App::Bridge(_)
            | App::Queue(_)
            | App::Valet(_)
            | App::Fifo(_)
            | App::Listen(_)
            | App::Await(_)
            | App::Consult(_)
            | App::Socket(_)
            | App::Eavesdrop(_)
            | App::Conference => None,
        })
    }

    pub(super) fn menu(&mut self, id: &ChannelId) -> Option<&mut Menu> {
        match self.voicemail_app(id)? {
            VoicemailApp::Check(menu) => Some(menu),
            VoicemailApp::Leave(_) => None,
        }
    }

    fn leaving(&mut self, id: &ChannelId) -> Option<&mut Leaving> {
        match self.voicemail_app(id)? {
            VoicemailApp::Leave(leaving) => Some(leaving),
            VoicemailApp::Check(_) => None,
        }
    }

    /// Says something, in place of what is being said.
    pub(super) fn voicemail_says(&mut self, id: &ChannelId, file: &str) {
        let before = self.voicemail_app(id).and_then(|app| app.playing().take());
        if let Some(playing) = before {
            self.abort_playing(id, playing);
            self.unset_var(id, "current_application_response");
        }
        let playing = self.start_playing(id, file, Some(0));
        if let Some(app) = self.voicemail_app(id) {
            *app.playing() = Some(playing);
        }
    }

    /// Whether that is what the application played, which is over then.
    pub(super) fn voicemail_played(
        &mut self,
        id: &ChannelId,
        play: PlayId,
        played: Played,
    ) -> bool {
        let Some(app) = self.voicemail_app(id) else {
            return false;
        };
        if app.playing().take_if(|one| one.play == play).is_none() {
            return false;
        }
        match app {
            VoicemailApp::Leave(leaving) => {
                let step = leaving.step;
                self.leaving_played(id, step, played);
            }
            VoicemailApp::Check(_) => self.menu_played(id, played),
        }
        true
    }

    fn leaving_played(&mut self, id: &ChannelId, step: Step, played: Played) {
        match step {
            Step::Greeting => {
                // Without a greeting the caller is told more; with one, only what the key does.
                let own = !matches!(played, Played::NotFound | Played::Failed);
                let skipped = played == Played::Stopped || self.var_true(id, "skip_instructions");
                self.unset_var(id, "skip_instructions");
                let words: &[&str] = match (own, skipped) {
                    (true, true) => return self.go_on(id, Step::Beep),
                    (true, false) => &["vm-record_message"],
                    (false, true) => &["vm-not_available"],
                    (false, false) => &["vm-not_available", "vm-record_message"],
                };
                self.voicemail_step(id, Step::Instructions, &said(words));
            }
            Step::Instructions | Step::TooShort => self.go_on(id, Step::Beep),
            Step::Beep => self.record_message(id),
            Step::LastWord => self.application_done(id, None),
            Step::Recording | Step::Keeping => {}
        }
    }

    fn go_on(&mut self, id: &ChannelId, step: Step) {
        let Some(leaving) = self.leaving(id) else {
            return;
        };
        let file = beep(&leaving.profile);
        self.voicemail_step(id, step, &file);
    }

    fn voicemail_step(&mut self, id: &ChannelId, step: Step, file: &str) {
        if let Some(leaving) = self.leaving(id) {
            leaving.step = step;
            self.voicemail_says(id, file);
        }
    }

    fn record_message(&mut self, id: &ChannelId) {
        let Some(leaving) = self.leaving(id) else {
            return;
        };
        leaving.step = Step::Recording;
        leaving.tries_left -= 1;
        let (profile, mailbox) = (leaving.profile.clone(), leaving.mailbox.clone());
        let record = self.begin_deposit(id, &profile, &mailbox, Recording::Message);
        if let Some(leaving) = self.leaving(id) {
            leaving.recording = Some(record);
        }
    }

    pub(super) fn voicemail_digit(&mut self, id: &ChannelId, digit: char) {
        let Some(leaving) = self.leaving(id) else {
            return self.menu_digit(id, digit);
        };
        let keys = leaving.profile.keys;
        match leaving.step {
            Step::Greeting | Step::Instructions | Step::TooShort if digit == keys.skip_greeting => {
                let play = leaving.playing.as_ref().map(|playing| playing.play);
                if let Some(play) = play {
                    self.media_of(id, |_| MediaCommand::StopPlay { play });
                }
            }
            Step::Recording if digit == keys.end => {
                if let Some(record) = leaving.recording {
                    self.media_of(id, |_| MediaCommand::StopRecord { record });
                }
            }
            Step::Greeting
            | Step::Instructions
            | Step::TooShort
            | Step::Beep
            | Step::Recording
            | Step::Keeping
            | Step::LastWord => {}
        }
    }

    /// A recording of the application has ended.
    pub(crate) fn voicemail_recorded(
        &mut self,
        id: &ChannelId,
        record: RecordId,
        recorded: Recorded,
    ) {
        let Some(app) = self.voicemail_app(id) else {
            return;
        };
        if app.recording().take_if(|one| *one == record).is_none() {
            return;
        }
        let VoicemailApp::Leave(leaving) = app else {
            return self.menu_recorded(id, recorded);
        };
        match recorded {
            Recorded::Complete => leaving.step = Step::Keeping,
            Recorded::TooShort if leaving.tries_left > 0 => {
                self.voicemail_step(id, Step::TooShort, &said(&["vm-too-small"]));
            }
            Recorded::TooShort => {
                self.voicemail_step(id, Step::LastWord, &said(&["vm-too-small", "vm-goodbye"]));
            }
            Recorded::Failed => {
                self.voicemail_step(id, Step::LastWord, &said(&["vm-not_saved"]));
            }
        }
    }

    /// What was recorded is kept, or is not.
    pub(crate) fn voicemail_kept(&mut self, id: &ChannelId, kept: bool) {
        match self.voicemail_app(id) {
            Some(VoicemailApp::Leave(leaving)) if leaving.step == Step::Keeping => {
                let words: &[&str] = if kept {
                    &["vm-saved", "vm-goodbye"]
                } else {
                    &["vm-not_saved"]
                };
                self.voicemail_step(id, Step::LastWord, &said(words));
            }
            Some(VoicemailApp::Check(_)) => self.greeting_kept(id, kept),
            Some(VoicemailApp::Leave(_)) | None => {}
        }
    }

    pub(super) fn abort_voicemail(&mut self, id: &ChannelId, mut app: VoicemailApp) {
        if let Some(playing) = app.playing().take() {
            self.abort_playing(id, playing);
            self.unset_var(id, "current_application_response");
        }
        // What was said until then is a message, too.
        if let Some(record) = app.recording().take() {
            self.media_of(id, |_| MediaCommand::StopRecord { record });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_argument_says() {
        let read = |data: &'static str| {
            parse(data).map(|r| (r.check, r.authorised, r.profile, r.domain, r.id))
        };
        assert_eq!(
            read("default d 1000"),
            Some((false, false, "default", "d", Some("1000")))
        );
        assert_eq!(
            read("check auth default d 1000"),
            Some((true, true, "default", "d", Some("1000")))
        );
        assert_eq!(
            read("check default d"),
            Some((true, false, "default", "d", None))
        );
        assert_eq!(read("check default"), None);
        assert_eq!(
            said(&["vm-you_have", "digits/2", "/m.wav"]),
            "file_string://voicemail/vm-you_have.wav!digits/2.wav!/m.wav"
        );
    }
}
