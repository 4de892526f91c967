//! What `set` changes in a running room.

use std::time::Duration;

use api::command::room::RoomParameter;

use super::*;

fn set(rig: &mut Rig, parameter: RoomParameter) {
    assert_eq!(control(rig, RoomControl::Set(parameter)), Ok(Vec::new()));
}

fn is_there(rig: &Rig, id: &ChannelId) -> bool {
    rig.view.channel(id.as_str()).is_some()
}

#[test]
fn a_full_room_turns_callers_away_until_it_may_hold_more() {
    let mut rig = rig_with("<param name=\"max-members\" value=\"1\"/>");
    enter(&mut rig, "3000");
    let early = enter(&mut rig, "3000");
    assert!(!is_there(&rig, &early));
    set(&mut rig, RoomParameter::MaxMembers(2));
    let second = enter(&mut rig, "3000");
    let third = enter(&mut rig, "3000");
    assert!(is_there(&rig, &second) && !is_there(&rig, &third));
    set(&mut rig, RoomParameter::MaxMembers(0));
    let fourth = enter(&mut rig, "3000");
    assert!(is_there(&rig, &fourth));
}

#[test]
fn relative_sounds_stand_below_the_prefix_of_the_moment() {
    let mut rig = rig_with(
        "<param name=\"sound-prefix\" value=\"/old/\"/><param name=\"is-locked-sound\" value=\"locked.wav\"/>\
         <param name=\"exit-sound\" value=\"tone_stream://%(1,0,1)\"/>",
    );
    enter(&mut rig, "3000");
    let guest = enter(&mut rig, "3000");
    let files = |rig: &mut Rig| {
        let played = rig.commands.iter().filter_map(|command| match command {
            MediaCommand::RoomPlay { file, .. } => Some(file.clone()),
            _ => None,
        });
        let played: Vec<String> = played.collect();
        rig.commands.clear();
        played
    };
    control(&mut rig, RoomControl::Lock(true)).unwrap();
    assert_eq!(files(&mut rig), ["/old/locked.wav"]);
    rig.finish_play();
    set(&mut rig, RoomParameter::SoundPrefix("/new".into()));
    control(&mut rig, RoomControl::Lock(true)).unwrap();
    assert_eq!(files(&mut rig), ["/new/locked.wav"]);
    rig.finish_play();
    hang_up(&mut rig, &guest);
    assert_eq!(files(&mut rig), ["tone_stream://%(1,0,1)"]);
}

#[test]
fn the_room_calls_under_its_own_name_unless_told_otherwise() {
    let mut rig = rig_with(
        "<param name=\"caller-id-name\" value=\"Room\"/><param name=\"caller-id-number\" value=\"3000\"/>",
    );
    enter(&mut rig, "3000");
    let dial = |rig: &mut Rig, number: Option<&str>| {
        let dial = RoomControl::Dial {
            dial: DialString::parse("null/guest").unwrap(),
            caller_id_number: number.map(Into::into),
            caller_id_name: None,
            background: None,
        };
        let id = control(rig, dial).unwrap()[0].clone();
        let channel = rig.view.channel(&id).unwrap();
        let text = |name: &str| channel.variable(name).map(str::to_owned);
        (
            text("origination_caller_id_name").unwrap_or_default(),
            text("origination_caller_id_number").unwrap_or_default(),
        )
    };
    assert_eq!(dial(&mut rig, None), ("Room".into(), "3000".into()));
    set(&mut rig, RoomParameter::CallerIdName("Team".into()));
    set(&mut rig, RoomParameter::CallerIdNumber("".into()));
    assert_eq!(dial(&mut rig, None), ("Team".into(), String::new()));
    assert_eq!(dial(&mut rig, Some("5")), ("Team".into(), "5".into()));
}

#[test]
fn the_room_outlives_the_member_it_ends_with_for_the_grace() {
    let mut rig = Rig::new();
    let chair = enter(&mut rig, "3000+flags{endconf}");
    let guest = enter(&mut rig, "3000");
    set(&mut rig, RoomParameter::EndGraceS(10));
    hang_up(&mut rig, &chair);
    rig.pass(Duration::from_secs(9));
    assert!(is_there(&rig, &guest));
    let chair = enter(&mut rig, "3000+flags{endconf}");
    rig.pass(Duration::from_secs(20));
    assert!(is_there(&rig, &guest), "the chair is back");
    hang_up(&mut rig, &chair);
    rig.pass(Duration::from_secs(9));
    assert!(is_there(&rig, &guest), "the earlier end does not count");
    rig.pass(Duration::from_secs(2));
    assert!(!is_there(&rig, &guest) && rig.view.rooms.is_empty());
}
