//! What is told, listed and asked of media.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

use std::time::Duration;

use api::command::channel::Hangup;
use api::command::leg::{Displace, Displacement};
use api::event::{ChannelEvent, EventKind};
use api::{Application, ChannelId, CommandError, HangupCause};
use media::control::{MediaCommand, MuteSide};

use crate::rig::Rig;

fn ask(
    rig: &mut Rig,
    id: &ChannelId,
    path: &str,
    how: Option<Displacement>,
) -> Result<(), CommandError> {
    let command = Displace {
        channel: id.clone(),
        path: path.into(),
        how,
    };
    rig.get(command).map(|_| ())
}

/// What is attached to a channel's sound.
fn bugs(rig: &Rig, id: &ChannelId) -> Vec<String> {
    let bugs = &rig.channel(id).bugs;
    bugs.iter()
        .map(|bug| format!("{} {}", bug.function, bug.target))
        .collect()
}

/// The same by name: a file is attached when it is open.
fn sorted(rig: &Rig, id: &ChannelId) -> Vec<String> {
    let mut bugs = bugs(rig, id);
    bugs.sort();
    bugs
}

fn told(rig: &Rig) -> (usize, usize) {
    let count = |started: bool| {
        let is_it = |event: &&api::Event| match &event.kind {
            EventKind::Channel(ChannelEvent::MediaBugStarted(_)) => started,
            EventKind::Channel(ChannelEvent::MediaBugStopped(_)) => !started,
            _ => false,
        };
        rig.events.iter().filter(is_it).count()
    };
    (count(true), count(false))
}

#[test]
fn a_file_displaces_until_it_is_told_to_end() {
    let mut rig = Rig::new();
    let id = rig.park("null/x");
    ask(&mut rig, &id, "a.wav", Some(Displacement::default())).unwrap();
    assert_eq!(bugs(&rig, &id), ["displace a.wav"]);
    // It is there already.
    ask(&mut rig, &id, "a.wav", Some(Displacement::default())).unwrap_err();
    ask(&mut rig, &id, "b.wav", None).unwrap_err();
    ask(&mut rig, &id, "a.wav", None).unwrap();
    assert_eq!(bugs(&rig, &id), [""; 0]);
    assert_eq!(told(&rig), (1, 1));
    assert_eq!(rig.switch.census().plays, 0);
    // A file that is not there is no success.
    ask(&mut rig, &id, "missing.wav", Some(Displacement::default())).unwrap_err();
    assert_eq!(told(&rig), (1, 1));
    assert_eq!(rig.switch.census().plays, 0);
}

#[test]
fn it_ends_with_its_time_its_file_and_its_channel() {
    let mut rig = Rig::new();
    let id = rig.park("null/x");
    let limit = Some(Duration::from_secs(3));
    let how = Displacement {
        limit,
        ..Displacement::default()
    };
    ask(&mut rig, &id, "a.wav", Some(how)).unwrap();
    rig.pass(Duration::from_millis(2900));
    assert_eq!(bugs(&rig, &id).len(), 1);
    rig.pass(Duration::from_millis(200));
    assert_eq!(bugs(&rig, &id).len(), 0);
    ask(&mut rig, &id, "a.wav", Some(Displacement::default())).unwrap();
    rig.finish_play();
    assert_eq!(told(&rig), (2, 2));
    ask(&mut rig, &id, "a.wav", Some(Displacement::default())).unwrap();
    let cause = HangupCause::NormalClearing;
    rig.get(Hangup { channel: id, cause }).unwrap();
    assert_eq!(told(&rig), (3, 3));
    assert_eq!(rig.switch.census().plays, 0);
}

#[test]
fn the_application_knows_sides_and_ways() {
    for (data, side, mix, repeats) in [
        ("/a.wav", MuteSide::Write, false, Some(0)),
        ("/a.wav mux", MuteSide::Write, true, Some(0)),
        ("/a.wav mrl +1500", MuteSide::Read, true, None),
    ] {
        let mut rig = Rig::new();
        let then = api::command::call::Then::Run(Application::new("park", ""));
        let id = rig.originate("null/x", then);
        rig.run(&id, &format!("displace_session:{data},park"));
        let displaced = rig.commands.iter().find_map(|command| match command {
            MediaCommand::Displace {
                file,
                side,
                mix,
                repeats,
                ..
            } => Some((file.clone(), *side, *mix, *repeats)),
            _ => None,
        });
        assert_eq!(displaced, Some(("/a.wav".into(), side, mix, repeats)));
        rig.run(&id, "stop_displace_session:/a.wav,park");
        assert_eq!(bugs(&rig, &id).len(), 0, "{data}");
    }
}

#[test]
fn bugs_are_removed_by_their_name_or_all() {
    let mut rig = Rig::new();
    let id = rig.park("null/x");
    let attach = "displace_session:/a.wav,record_session:/r.wav,tone_detect:busy 425,set_audio_level:read 2,park";
    rig.run(&id, attach);
    let all = [
        "audio level",
        "displace /a.wav",
        "session_record /r.wav",
        "tone_detect busy",
    ];
    assert_eq!(sorted(&rig, &id), all);
    rig.run(&id, "remove_bugs:session_record,park");
    assert_eq!(
        sorted(&rig, &id),
        ["audio level", "displace /a.wav", "tone_detect busy"]
    );
    rig.run(&id, "remove_bugs:audio,remove_bugs:displace,park");
    assert_eq!(sorted(&rig, &id), ["tone_detect busy"]);
    rig.run(&id, &attach.replace("tone_detect:busy 425,", ""));
    rig.run(&id, "remove_bugs,park");
    assert_eq!(sorted(&rig, &id), [""; 0]);
}
