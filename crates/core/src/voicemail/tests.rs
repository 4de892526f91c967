#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

use api::command::channel::{Hangup, ReceiveDtmf};
use api::command::voicemail::{
    DeleteVoiceMessage, FindGreeting, InjectVoiceMessage, MarkVoiceMessage, TransferToVoicemail,
};
use api::{Answer, ErrorKind, HangupCause, ObjectKind};
use media::control::MediaCommand;

use super::*;
use crate::Input;
use crate::rig::Rig;

fn name() -> Extension {
    Extension {
        user: "1000".into(),
        domain: "127.0.0.1".into(),
    }
}

/// A switch whose profile is a little different.
fn rig(change: impl FnOnce(&mut Profile)) -> Rig {
    let mut rig = Rig::new();
    let profiles = &mut rig.switch.voicemail.profiles;
    let profile = profiles.get_mut("default").expect("built in");
    let mut changed = (**profile).clone();
    // What the rig records is 0.4 s long.
    changed.min_record_s = 0;
    change(&mut changed);
    *profile = Arc::new(changed);
    rig
}

fn told(rig: &mut Rig) -> Vec<String> {
    rig.seen(|event| {
        let EventKind::Voicemail(event) = &event.kind else {
            return None;
        };
        let mailbox = &event.mailbox;
        let counts = format!("{}/{}", mailbox.new_messages(), mailbox.saved_messages());
        Some(match &event.action {
            VoicemailAction::Left(message) => format!("left by {}", message.caller_number),
            VoicemailAction::Waiting => format!("waiting {counts}"),
            VoicemailAction::Counted => format!("counted {counts}"),
            VoicemailAction::Authenticated { ok } => format!("authenticated {ok}"),
            VoicemailAction::GreetingRecorded { .. } => "greeting".into(),
        })
    })
}

/// What is played now.
fn heard(rig: &Rig) -> String {
    let file = rig.commands.iter().rev().find_map(|command| match command {
        MediaCommand::Play { file, .. } => Some(file.clone()),
        _ => None,
    });
    file.unwrap_or_default()
}

fn press(rig: &mut Rig, id: &ChannelId, digits: &str) {
    rig.get(ReceiveDtmf {
        channel: id.clone(),
        digits: digits.into(),
    })
    .expect("the channel lives");
}

/// A caller who has heard everything and may speak.
fn speaks(rig: &mut Rig) -> ChannelId {
    let id = rig.park("null/a");
    rig.run(&id, "voicemail:default 127.0.0.1 1000");
    rig.finish_play();
    rig.finish_play();
    assert_eq!(heard(rig), "tone_stream://%(1000,0,640)");
    rig.finish_play();
    assert_eq!(rig.switch.census().records, 1);
    id
}

fn leave(rig: &mut Rig) -> ChannelId {
    let id = speaks(rig);
    press(rig, &id, "#");
    id
}

fn hang_up(rig: &mut Rig, id: &ChannelId) {
    rig.get(Hangup {
        channel: id.clone(),
        cause: HangupCause::NormalClearing,
    })
    .expect("the channel lives");
}

fn messages(rig: &Rig) -> Vec<Arc<VoiceMessage>> {
    rig.view
        .mailbox("1000", "127.0.0.1")
        .expect("a box")
        .messages
        .clone()
}

#[test]
fn a_message_is_there_when_it_is_kept() {
    let mut rig = rig(|_| ());
    rig.keeper.slow = true;
    let id = leave(&mut rig);
    assert_eq!((told(&mut rig), messages(&rig)), (vec![], vec![]));
    let [
        VoicemailWork::Keep {
            recording, message, ..
        },
    ] = &rig.keeper.asked[..]
    else {
        panic!("{:?}", rig.keeper.asked);
    };
    assert!(recording.starts_with("/voicemail/incoming/"));
    let folder = "/voicemail/default/127.0.0.1/1000/msg_";
    assert!(message.path.starts_with(folder), "{}", message.path);
    assert_eq!((message.length_ms, message.read_at), (400, None));
    let number = rig.keeper.waiting.remove(0);
    rig.feed(Input::VoicemailDone {
        number,
        result: Ok(()),
    });
    let number = &rig
        .channel(&id)
        .profile
        .as_ref()
        .expect("one")
        .caller_id_number;
    let left = format!("left by {number}");
    assert_eq!(
        told(&mut rig),
        [left.as_str(), "waiting 1/0", "counted 1/0"]
    );
    assert_eq!(messages(&rig).len(), 1);
    assert_eq!(
        heard(&rig),
        "file_string://voicemail/vm-saved.wav!voicemail/vm-goodbye.wav"
    );
    rig.finish_play();
    assert_eq!(
        (
            rig.switch.census().voicemail_jobs,
            rig.switch.channels.len()
        ),
        (0, 0)
    );
}

#[test]
fn who_hangs_up_has_left_what_he_said() {
    let mut rig = rig(|_| ());
    let id = speaks(&mut rig);
    hang_up(&mut rig, &id);
    assert_eq!(messages(&rig).len(), 1);
    assert_eq!(told(&mut rig).len(), 3);
    // Before the beep there is nothing to be kept.
    let id = rig.park("null/a");
    rig.run(&id, "voicemail:default 127.0.0.1 1000");
    hang_up(&mut rig, &id);
    assert_eq!(messages(&rig).len(), 1);
    assert_eq!(
        (rig.switch.census().records, rig.switch.census().plays),
        (0, 0)
    );
}

#[test]
fn what_is_too_short_is_no_message() {
    let mut rig = rig(|profile| profile.min_record_s = 1);
    let id = leave(&mut rig);
    for _ in 0..2 {
        assert_eq!(heard(&rig), "file_string://voicemail/vm-too-small.wav");
        rig.finish_play();
        rig.finish_play();
        press(&mut rig, &id, "#");
    }
    assert!(heard(&rig).ends_with("vm-goodbye.wav"), "{}", heard(&rig));
    rig.finish_play();
    assert_eq!((told(&mut rig), messages(&rig)), (vec![], vec![]));
    let discarded = |work: &VoicemailWork| matches!(work, VoicemailWork::Discard { .. });
    assert_eq!(
        rig.keeper
            .asked
            .iter()
            .filter(|work| discarded(work))
            .count(),
        3
    );
    assert_eq!(rig.keeper.asked.len(), 3);
}

#[test]
fn a_disk_that_refuses_is_told_and_the_call_goes_on() {
    let mut rig = rig(|_| ());
    rig.keeper.broken = Some("no space left");
    let id = leave(&mut rig);
    assert_eq!(heard(&rig), "file_string://voicemail/vm-not_saved.wav");
    assert_eq!((told(&mut rig), messages(&rig)), (vec![], vec![]));
    assert!(rig.switch.channels.contains_key(&id));
    // The recording itself cannot be opened.
    let id = rig.park("null/b");
    rig.switch.config.voicemail.directory = "/missing".into();
    rig.run(&id, "voicemail:default 127.0.0.1 1000,park:");
    for _ in 0..3 {
        press(&mut rig, &id, "");
        let play = rig
            .switch
            .plays
            .keys()
            .max()
            .copied()
            .expect("something plays");
        rig.feed(Input::Media(media::control::MediaReport::PlayDone {
            play,
            end: media::control::PlayEnd::Finished,
            length: crate::rig::LENGTH,
        }));
    }
    assert_eq!(heard(&rig), "file_string://voicemail/vm-not_saved.wav");
}

#[test]
fn a_full_box_takes_nothing_more() {
    let mut rig = rig(|profile| profile.max_messages = 1);
    leave(&mut rig);
    rig.finish_play();
    let id = rig.park("null/a");
    rig.run(&id, "voicemail:default 127.0.0.1 1000");
    assert_eq!(heard(&rig), "file_string://voicemail/vm-mailbox_full.wav");
    rig.finish_play();
    assert_eq!(messages(&rig).len(), 1);
    assert!(!rig.switch.channels.contains_key(&id));
}

#[test]
fn a_box_that_is_not_there_lets_the_call_go_on() {
    let mut rig = rig(|_| ());
    for wrong in [
        "default 127.0.0.1 4711",
        "other 127.0.0.1 1000",
        "default x 1000",
        "default",
    ] {
        let id = rig.park("null/a");
        rig.run(&id, &format!("voicemail:{wrong},park:"));
        let (application, _) = rig.channel(&id).application.clone().expect("one");
        assert_eq!(&*application, "park", "{wrong}");
    }
    assert!(rig.keeper.asked.is_empty());
}

#[test]
fn marks_and_deletions_are_answered_when_they_are_kept() {
    let mut rig = rig(|_| ());
    leave(&mut rig);
    told(&mut rig);
    let id = messages(&rig)[0].id.clone();
    let mark = |read| MarkVoiceMessage {
        mailbox: name(),
        message: id.clone(),
        read,
    };
    assert_eq!(rig.get(mark(true)).unwrap(), Answer::Bool(true));
    assert_eq!(rig.get(mark(true)).unwrap(), Answer::Bool(false));
    assert_eq!(told(&mut rig), ["waiting 0/1", "counted 0/1"]);
    rig.keeper.broken = Some("no space left");
    let refused = rig.get(mark(false)).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unavailable);
    let delete = |message: &str| DeleteVoiceMessage {
        mailbox: name(),
        message: message.into(),
    };
    assert!(rig.get(delete(&id)).is_err());
    assert_eq!((told(&mut rig), messages(&rig).len()), (vec![], 1));
    rig.keeper.broken = None;
    rig.get(delete(&id)).unwrap();
    assert_eq!(told(&mut rig), ["waiting 0/0", "counted 0/0"]);
    assert!(rig.view.mailboxes.is_empty());
    let gone = rig.get(delete(&id)).unwrap_err();
    assert_eq!(gone.kind, ErrorKind::NotFound(ObjectKind::VoiceMessage));
}

#[test]
fn the_owner_hears_his_messages_and_deletes_them() {
    let mut rig = rig(|_| ());
    leave(&mut rig);
    rig.finish_play();
    leave(&mut rig);
    rig.finish_play();
    told(&mut rig);
    let id = rig.park("null/a");
    rig.run(&id, "voicemail:check default 127.0.0.1 1000");
    assert_eq!(heard(&rig), "file_string://voicemail/vm-enter_pass.wav");
    press(&mut rig, &id, "9999#");
    assert_eq!(told(&mut rig), ["authenticated false"]);
    press(&mut rig, &id, "1000#");
    assert_eq!(told(&mut rig), ["authenticated true"]);
    let said = heard(&rig);
    assert!(
        said.contains("vm-you_have.wav!digits/2.wav!voicemail/vm-new.wav"),
        "{said}"
    );
    press(&mut rig, &id, "1");
    let first = messages(&rig)[0].clone();
    assert!(heard(&rig).ends_with(&*first.path), "{}", heard(&rig));
    assert_eq!(told(&mut rig), Vec::<String>::new());
    rig.finish_play();
    assert_eq!(told(&mut rig), ["waiting 1/1", "counted 1/1"]);
    // Again, then away with it; the second one is heard at once.
    press(&mut rig, &id, "1");
    assert!(heard(&rig).ends_with(&*first.path), "{}", heard(&rig));
    press(&mut rig, &id, "7");
    assert_eq!(told(&mut rig), ["waiting 1/0", "counted 1/0"]);
    let second = messages(&rig)[0].clone();
    assert!(heard(&rig).ends_with(&*second.path), "{}", heard(&rig));
    press(&mut rig, &id, "2");
    assert_eq!(told(&mut rig), ["waiting 0/1", "counted 0/1"]);
    assert!(
        heard(&rig).contains("vm-no_more_messages"),
        "{}",
        heard(&rig)
    );
    // An own greeting.
    press(&mut rig, &id, "51");
    rig.finish_play();
    press(&mut rig, &id, "#");
    assert_eq!(told(&mut rig), ["greeting"]);
    let greets = rig.keeper.asked.iter().find_map(|work| match work {
        VoicemailWork::Greet { file, .. } => Some(file.clone()),
        _ => None,
    });
    let greeting = "/voicemail/default/127.0.0.1/1000/greeting.wav";
    assert_eq!(greets.as_deref(), Some(greeting));
    press(&mut rig, &id, "0#");
    assert!(heard(&rig).contains("vm-goodbye"), "{}", heard(&rig));
    rig.finish_play();
    assert!(!rig.switch.channels.contains_key(&id));
}

#[test]
fn a_wrong_password_is_wrong_three_times() {
    let mut rig = rig(|_| ());
    let id = rig.park("null/a");
    rig.run(&id, "voicemail:check default 127.0.0.1");
    press(&mut rig, &id, "1000#");
    for _ in 0..3 {
        press(&mut rig, &id, "1001#");
    }
    assert_eq!(told(&mut rig), ["authenticated false"; 3]);
    assert!(heard(&rig).ends_with("vm-goodbye.wav"), "{}", heard(&rig));
    // Nobody learns whether a box is there.
    let id = rig.park("null/b");
    rig.run(&id, "voicemail:check default 127.0.0.1 4711");
    press(&mut rig, &id, "#");
    assert!(heard(&rig).contains("vm-fail_auth"), "{}", heard(&rig));
    // Who was let in elsewhere is let in.
    let id = rig.park("null/c");
    rig.run(
        &id,
        "set:voicemail_authorized=true,voicemail:check default 127.0.0.1 1000",
    );
    assert_eq!(heard(&rig), "file_string://voicemail/vm-hello.wav");
}

#[test]
fn who_presses_nothing_is_sent_away() {
    let mut rig = rig(|_| ());
    let id = rig.park("null/a");
    rig.run(&id, "voicemail:check auth default 127.0.0.1 1000");
    rig.finish_play();
    for _ in 0..3 {
        assert!(heard(&rig).contains("vm-listen_new"), "{}", heard(&rig));
        rig.finish_play();
        rig.pass(std::time::Duration::from_secs(10));
    }
    assert_eq!(heard(&rig), "file_string://voicemail/vm-goodbye.wav");
    rig.finish_play();
    assert!(!rig.switch.channels.contains_key(&id));
}

#[test]
fn a_call_is_sent_to_a_box() {
    let mut rig = rig(|_| ());
    let id = rig.park("null/a");
    let command = |user: &str| TransferToVoicemail {
        channel: id.clone(),
        mailbox: Extension {
            user: user.into(),
            ..name()
        },
    };
    let nobody = rig.get(command("4711")).unwrap_err();
    assert_eq!(nobody.kind, ErrorKind::NotFound(ObjectKind::Mailbox));
    rig.get(command("1000")).unwrap();
    let (application, data) = rig.channel(&id).application.clone().expect("one");
    assert_eq!(
        (&*application, &*data),
        ("voicemail", "default 127.0.0.1 1000")
    );
}

#[test]
fn the_server_stops_when_what_was_said_is_kept() {
    let mut rig = rig(|_| ());
    rig.keeper.slow = true;
    speaks(&mut rig);
    rig.feed(Input::Shutdown);
    assert!(!rig.stopped);
    let number = rig.keeper.waiting.remove(0);
    rig.feed(Input::VoicemailDone {
        number,
        result: Ok(()),
    });
    assert!(rig.stopped);
    assert_eq!(messages(&rig).len(), 1);
}

#[test]
fn messages_of_earlier_runs_are_told_when_they_are_found_late() {
    let mut rig = rig(|_| ());
    leave(&mut rig);
    let known = messages(&rig)[0].clone();
    told(&mut rig);
    let older = VoiceMessage {
        id: "older".into(),
        left_at: Timestamp(5),
        read_at: Some(Timestamp(6)),
        ..(*known).clone()
    };
    let found = vec![(name(), older), (name(), (*known).clone())];
    rig.feed(Input::VoicemailFound(found));
    assert_eq!(told(&mut rig), ["waiting 1/1", "counted 1/1"]);
    assert_eq!(&*messages(&rig)[0].id, "older");
}

fn inject(rig: &mut Rig, user: &str) -> RequestId {
    rig.ask(InjectVoiceMessage {
        mailbox: Extension {
            user: user.into(),
            domain: "127.0.0.1".into(),
        },
        profile: None,
        file: "hello.wav".into(),
        caller_name: "Desk".into(),
        caller_number: "900".into(),
    })
}

#[test]
fn a_sound_becomes_a_message_when_it_is_copied_and_kept() {
    let mut rig = rig(|_| ());
    rig.keeper.slow = true;
    let request = inject(&mut rig, "1000");
    let [VoicemailWork::Copy { file, recording }] = &rig.keeper.asked[..] else {
        panic!("{:?}", rig.keeper.asked);
    };
    assert_eq!(&**file, "hello.wav");
    let recording = recording.clone();
    assert!(recording.starts_with("/voicemail/incoming/"));
    let number = rig.keeper.waiting.remove(0);
    let copied = Input::VoicemailCopied {
        number,
        length_ms: 2500,
    };
    rig.feed(copied);
    let Some(VoicemailWork::Keep {
        recording: kept,
        message,
        ..
    }) = rig.keeper.asked.last()
    else {
        panic!("{:?}", rig.keeper.asked);
    };
    assert_eq!(*kept, recording);
    assert_eq!(message.length_ms, 2500);
    let folder = "/voicemail/default/127.0.0.1/1000/msg_";
    assert!(message.path.starts_with(folder), "{}", message.path);
    assert!(messages(&rig).is_empty() && rig.answers.is_empty());
    let number = rig.keeper.waiting.remove(0);
    rig.feed(Input::VoicemailDone {
        number,
        result: Ok(()),
    });
    assert!(matches!(rig.answers.remove(&request.0), Some(Ok(_))));
    let [message] = &messages(&rig)[..] else {
        panic!("one message");
    };
    assert_eq!(
        (&*message.caller_name, &*message.caller_number),
        ("Desk", "900")
    );
    assert_eq!(
        told(&mut rig).len(),
        3,
        "it was left, and what waits is told"
    );
    assert_eq!(rig.switch.census().voicemail_jobs, 0);
}

#[test]
fn what_cannot_be_copied_or_kept_is_said() {
    let mut rig = rig(|_| ());
    rig.keeper.slow = true;
    // It is no sound, or the store fails.
    for copied in [false, true] {
        let request = inject(&mut rig, "1000");
        let mut number = rig.keeper.waiting.remove(0);
        if copied {
            let length_ms = 100;
            rig.feed(Input::VoicemailCopied { number, length_ms });
            number = rig.keeper.waiting.remove(0);
        }
        rig.feed(Input::VoicemailDone {
            number,
            result: Err("no".into()),
        });
        let answer = rig.answers.remove(&request.0);
        let Some(Err(error)) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(messages(&rig).is_empty());
    }
    let request = inject(&mut rig, "4711");
    let answer = rig.answers.remove(&request.0);
    assert!(
        matches!(answer, Some(Err(error)) if error.kind == ErrorKind::NotFound(ObjectKind::Mailbox))
    );
    assert_eq!(rig.switch.census().voicemail_jobs, 0);
    // An outcome of another kind.
    inject(&mut rig, "1000");
    let number = rig.keeper.waiting.remove(0);
    rig.feed(Input::VoicemailDone {
        number,
        result: Ok(()),
    });
    assert_eq!(rig.switch.census().voicemail_jobs, 0);
    assert!(messages(&rig).is_empty());
}

#[test]
fn a_greeting_is_named_when_it_is_there() {
    let mut rig = rig(|_| ());
    let asked = |rig: &mut Rig, profile: Option<&str>| {
        rig.get(FindGreeting {
            mailbox: Extension {
                user: "1000".into(),
                domain: "127.0.0.1".into(),
            },
            profile: profile.map(Into::into),
        })
    };
    let there = asked(&mut rig, Some("default"));
    let path = "/voicemail/default/127.0.0.1/1000/greeting.wav";
    assert!(matches!(there, Ok(Answer::Text(file)) if &*file == path));
    rig.keeper.broken = Some("not there");
    let missing = asked(&mut rig, None);
    assert!(matches!(missing, Ok(Answer::Text(file)) if file.is_empty()));
    let wrong = asked(&mut rig, Some("nosuch"));
    assert_eq!(wrong.unwrap_err().kind, ErrorKind::NotSupported);
}
