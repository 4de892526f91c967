//! What a conference does by itself: it is recorded, it says who comes and goes.

use super::*;
use crate::config::ConferenceHabits;

fn rig_of(habits: ConferenceHabits) -> Rig {
    let mut config = config();
    config.conferences.insert("3000".into(), habits);
    Rig::with(config)
}

/// Somebody who was called by that number enters.
fn enter_as(rig: &mut Rig, number: &str, argument: &str) -> ChannelId {
    let originate = Originate {
        dial: DialString::parse(&format!("null/{number}")).unwrap(),
        then: Then::Run(Application::new("conference", argument)),
        caller_id_name: None,
        caller_id_number: None,
        timeout: None,
    };
    match rig.get(originate).unwrap() {
        Answer::Channel(id) => id,
        other => panic!("{other:?}"),
    }
}

fn played(rig: &mut Rig) -> Vec<String> {
    let files = rig.commands.drain(..).filter_map(|command| match command {
        MediaCommand::RoomPlay { file, .. } => Some(file),
        _ => None,
    });
    files.collect()
}

fn recorded(rig: &mut Rig) -> Vec<String> {
    let files = rig.commands.drain(..).filter_map(|command| match command {
        MediaCommand::RoomRecord { file, .. } => Some(file),
        _ => None,
    });
    files.collect()
}

#[test]
fn a_conference_of_that_name_is_recorded_once_from_its_first_member() {
    let mut rig = rig_of(ConferenceHabits {
        record: true,
        ..ConferenceHabits::default()
    });
    enter(&mut rig, "3000@default");
    let room = rig.view.rooms.get("3000").unwrap().id;
    let expected = format!("conference-3000-20261121-024911-{room}.wav");
    assert_eq!(recorded(&mut rig), [expected]);
    enter(&mut rig, "3000@default");
    enter(&mut rig, "3001@default");
    assert_eq!(recorded(&mut rig), Vec::<String>::new());
    // As the built-in dialplan names it.
    enter(&mut rig, "3000-127.0.0.1@default");
    assert_eq!(recorded(&mut rig).len(), 1);
    enter(&mut rig, "3000-elsewhere@default");
    assert_eq!(recorded(&mut rig), Vec::<String>::new());
}

#[test]
fn a_profile_is_recorded_from_so_many_members() {
    let mut rig = rig_with(
        "<param name=\"auto-record\" value=\"/r/${conference_name}/${conference_member_id}.wav\"/>",
    );
    enter(&mut rig, "3000+flags{ghost}");
    enter(&mut rig, "3000");
    assert_eq!(recorded(&mut rig), Vec::<String>::new());
    enter(&mut rig, "3000");
    assert_eq!(recorded(&mut rig), ["/r/3000/3.wav"]);
    let mut rig = rig_with(
        "<param name=\"auto-record\" value=\"/r/x.wav\"/><param name=\"min-required-recording-participants\" value=\"1\"/>",
    );
    enter(&mut rig, "3000");
    assert_eq!(recorded(&mut rig), ["/r/x.wav"]);
}

#[test]
fn who_comes_and_goes_is_announced_to_those_who_are_there() {
    let mut rig = rig_of(ConferenceHabits {
        announce_join: true,
        announce_leave: true,
        ..ConferenceHabits::default()
    });
    let first = enter_as(&mut rig, "1001", "3000@default");
    enter_as(&mut rig, "9", "3000@default+flags{ghost}");
    assert_eq!(played(&mut rig), Vec::<String>::new());
    let second = enter_as(&mut rig, "+42", "3000@default");
    assert_eq!(
        played(&mut rig),
        ["file_string://digits/4.wav!digits/2.wav!conference/conf-has_joined.wav"]
    );
    let third = enter_as(&mut rig, "anonymous", "3000@default");
    rig.finish_play();
    assert_eq!(
        played(&mut rig),
        ["file_string://conference/conf-somebody.wav!conference/conf-has_joined.wav"]
    );
    rig.finish_play();
    hang_up(&mut rig, &third);
    rig.finish_play();
    hang_up(&mut rig, &second);
    assert_eq!(
        played(&mut rig),
        [
            "file_string://conference/conf-somebody.wav!conference/conf-has_left.wav",
            "file_string://digits/4.wav!digits/2.wav!conference/conf-has_left.wav"
        ]
    );
    rig.finish_play();
    // Nobody is left to hear it.
    hang_up(&mut rig, &first);
    assert_eq!(played(&mut rig), Vec::<String>::new());
}

#[test]
fn how_many_there_are_is_said_from_so_many_on() {
    let counted = |prompts: &str| {
        format!("file_string://conference/conf-there_are.wav!{prompts}!conference/conf-members.wav")
    };
    let mut rig = rig_of(ConferenceHabits {
        announce_count: true,
        ..ConferenceHabits::default()
    });
    enter(&mut rig, "3000@default");
    assert_eq!(played(&mut rig), Vec::<String>::new());
    enter(&mut rig, "3000@default");
    assert_eq!(played(&mut rig), [counted("digits/2.wav")]);
    let mut rig = rig_with("<param name=\"announce-count\" value=\"3\"/>");
    enter(&mut rig, "3000");
    enter(&mut rig, "3000");
    assert_eq!(played(&mut rig), Vec::<String>::new());
    enter(&mut rig, "3000");
    assert_eq!(played(&mut rig), [counted("digits/3.wav")]);
}
