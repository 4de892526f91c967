//! Phones in a video room.

use api::command::call::{Originate, Then};
use api::command::room::{MemberTarget, Toggle};
use api::dial::DialString;
use api::{Application, Command};
use media::control::{Codec, Direction, LegKind, MediaCommand};

use super::*;
use crate::web::tests::foreign::{SERVER, phone_sdp};

/// Somebody who enters the room's conference by the dialplan.
pub(super) fn phone(stage: &mut Stage, argument: &str) -> ChannelId {
    let originate = Originate {
        dial: DialString::parse("null/7007").unwrap(),
        then: Then::Run(Application::new("conference", argument)),
        caller_id_name: None,
        caller_id_number: None,
        timeout: None,
    };
    let id = match stage.rig.get(Command::from(originate)).unwrap() {
        Answer::Channel(id) => id,
        other => panic!("{other:?}"),
    };
    stage.names.insert(id.clone(), "p".into());
    id
}

#[test]
fn who_enters_the_conference_is_a_publisher_of_sound() {
    let (mut stage, ids) = Stage::with_room(1);
    let p = phone(&mut stage, ROOM);
    assert_eq!(
        stage.told(),
        ["+phone  <7007@127.0.0.1>"],
        "by the room's whole name"
    );
    assert_eq!(stage.rig.view.rooms.get(ROOM).unwrap().members.len(), 2);
    stage.join(2, "b");
    assert_eq!(
        stage.told()[0],
        "b joined, answer of 2, true true: [a+phone  <7007@127.0.0.1>] active [] hands [] files [] 0s"
    );
    let limits: Vec<String> = stage.rig.peers.orders();
    assert_eq!(
        limits,
        ["accept 2 opus+video", "limit 2 2016000"],
        "a phone takes no share"
    );
    stage.hang_up(&p);
    assert_eq!(stage.told(), ["-p"]);
    stage.leave(&ids[0]);
}

#[test]
fn a_voice_is_made_of_a_phone_while_somebody_subscribes() {
    let (mut stage, ids) = Stage::with_room(2);
    let p = phone(&mut stage, ROOM);
    stage.told();
    stage.rig.commands.clear();
    let feed = stage.watch(&ids[0], &p);
    let phone_leg = stage.rig.leg_of(&p);
    let [
        MediaCommand::OpenLeg {
            leg,
            kind: LegKind::Web,
        },
        MediaCommand::SetRemote {
            leg: described,
            spec,
        },
        MediaCommand::Monitor {
            leg: monitor,
            of: Some(of),
        },
    ] = &stage.rig.commands[..]
    else {
        panic!("{:?}", stage.rig.commands)
    };
    assert_eq!((leg, leg, *of), (described, monitor, phone_leg));
    assert!(spec.opus.fec && !spec.opus.dtx);
    assert_eq!(
        (
            spec.send.codec,
            spec.direction,
            spec.opus.max_playback_rate_hz
        ),
        (Codec::Opus, Direction::SendOnly, 48_000)
    );
    assert_eq!(
        stage.rig.peers.orders(),
        [
            format!("voice 3 of {leg:?}"),
            "feed 4 of 3".into(),
            "take 4".into()
        ]
    );
    assert_eq!(stage.told(), ["a feed 1: offer of 4"]);
    // The second subscriber gets the same one.
    stage.watch(&ids[1], &p);
    assert_eq!(stage.rig.peers.orders(), ["feed 5 of 3", "take 5"]);
    stage.told();
    // Muted as any member is.
    let member = stage.rig.view.rooms.get(ROOM).unwrap().members[2].id;
    let target = MemberTarget::Id(member);
    let on = Toggle::On;
    stage.control(RoomControl::Mute { target, on });
    assert_eq!(stage.rig.peers.orders(), ["flow 3 false true"]);
    stage
        .rig
        .get(api::command::video_room::DetachFeed { feed })
        .unwrap();
    assert_eq!(stage.rig.peers.orders(), ["close 4"]);
    stage.leave(&ids[1]);
    assert_eq!(
        stage.rig.peers.orders(),
        ["close 2", "close 5", "close 3"],
        "nobody listens any more"
    );
    // One that is muted already.
    stage.watch(&ids[0], &p);
    let orders = stage.rig.peers.orders();
    assert!(orders[1].starts_with("flow 6 false"), "{orders:?}");
    stage.told();
    stage.hang_up(&p);
    assert_eq!(stage.told(), ["a feed 3 over", "-p"]);
    stage.leave(&ids[0]);
    stage.check_empty();
}

#[test]
fn phones_stay_a_conference_when_the_last_browser_leaves() {
    let mut stage = Stage::with_clients();
    let argument = format!("{ROOM}@default");
    let p = phone(&mut stage, &argument);
    assert_eq!(stage.told(), [""; 0], "there is no video room yet");
    assert!(
        stage.rig.view.rooms.get(ROOM).is_some(),
        "of the whole name"
    );
    let a = stage.join(1, "a");
    assert_eq!(
        stage.told(),
        [
            "a joined, answer of 1, true true: [phone  <7007@127.0.0.1>] active [] hands [] files [] 0s",
            "+a"
        ]
    );
    stage.watch(&a, &p);
    stage.told();
    stage.leave(&a);
    assert_eq!(stage.told(), ["a left: 0 ", "-a", "closed"]);
    assert_eq!(stage.rig.view.rooms.get(ROOM).unwrap().members.len(), 1);
    stage.join(2, "b");
    assert!(stage.told()[0].contains("[phone "));
    stage.hang_up(&p);
    assert_eq!(stage.told(), ["-p"]);
}

#[test]
fn programs_call_others_into_the_conference_of_a_room() {
    let (mut stage, ids) = Stage::with_room(1);
    stage.control(RoomControl::Dial {
        dial: DialString::parse("null/7008").unwrap(),
        caller_id_number: None,
        caller_id_name: None,
        background: None,
    });
    assert_eq!(stage.told(), ["+phone  <7008@127.0.0.1>"]);
    assert_eq!(stage.rig.view.rooms.size(), 1);
    stage.leave(&ids[0]);
}

#[test]
fn a_room_that_is_not_for_everybody_cannot_be_dialled() {
    let mut config = crate::rig::config();
    config.profiles[0].auth_calls = false;
    let mut stage = Stage::with(Rig::with(config));
    add(&mut stage.rig, 1, "1000@127.0.0.1");
    for (room, open, members) in [
        ("open@videoconference.example.org", true, 2),
        ("ours@videoconference.example.org", false, 1),
    ] {
        let mut command = Stage::joining(1);
        command.room = room.into();
        command.settings.phones_may_dial = open;
        stage.rig.get(command).unwrap();
        stage.rig.take_sent();
        stage.rig.receive(SERVER, &invite_to(room));
        assert_eq!(
            stage.rig.view.rooms.get(room).unwrap().members.len(),
            members
        );
        let last = stage.rig.take_sent().pop().and_then(|sent| sent.code());
        assert_eq!(last, Some(if open { 200 } else { 403 }));
    }
    // Where a dialplan sends somebody is the operator's decision.
    phone(&mut stage, "ours@videoconference.example.org");
    let ours = stage.rig.view.rooms.get("ours@videoconference.example.org");
    assert_eq!(ours.unwrap().members.len(), 2);
}

#[test]
fn nobody_takes_over_a_conference_or_a_number_by_the_name_of_a_room() {
    let mut config = crate::rig::config();
    config.profiles[0].auth_calls = false;
    let mut stage = Stage::with(Rig::with(config));
    add(&mut stage.rig, 1, "1000@127.0.0.1");
    for name in ["3000@default", "1001@127.0.0.1", "bob+1@other.example"] {
        let mut command = Stage::joining(1);
        command.room = name.into();
        stage.rig.get(command).unwrap();
    }
    phone(&mut stage, "3000@default");
    assert_eq!(stage.rig.view.rooms.get("3000").unwrap().members.len(), 1);
    for address in ["1001@127.0.0.1", "bob+1@other.example"] {
        stage.rig.receive(SERVER, &invite_to(address));
        assert_eq!(stage.rig.view.rooms.get(address).unwrap().members.len(), 1);
    }
    // Who means the room can say so.
    phone(&mut stage, "3000@default@default");
    phone(&mut stage, "bob+1@other.example@default");
    phone(&mut stage, "bob+1@other.example+flags{mute}");
    let members = |name: &str| stage.rig.view.rooms.get(name).unwrap().members.clone();
    assert_eq!(members("3000@default").len(), 2);
    let with_pictures = members("bob+1@other.example");
    assert_eq!(with_pictures.len(), 3);
    assert!(!with_pictures[2].can_speak);
    assert_eq!(members("3000").len(), 1);
}

#[test]
fn a_page_enters_by_joining_only() {
    let (mut stage, _) = Stage::with_room(1);
    let client = WebClientId(2);
    // It is not asked for among the rooms, and the DNS does not know it.
    let call = crate::web::tests::placing(client, ROOM, AUDIO);
    assert!(stage.rig.get(call).is_err());
    assert_eq!(stage.rig.view.rooms.get(ROOM).unwrap().members.len(), 1);
}

#[test]
fn a_room_without_sound_has_no_phones() {
    let mut stage = Stage::with_clients();
    let mut command = Stage::joining(1);
    command.settings.audio = false;
    let a = stage.join_as("a", command);
    stage.told();
    let p = phone(&mut stage, ROOM);
    assert_eq!(stage.told(), [""; 0]);
    assert_eq!(stage.attach(&a, &p).unwrap_err().kind, NOBODY);
    stage.hang_up(&p);
    stage.leave(&a);
    stage.check_empty();
}

#[test]
fn who_is_moved_between_rooms_is_a_phone_there_and_a_participant_nowhere() {
    let (mut stage, ids) = Stage::with_room(2);
    let mut other = Stage::joining(3);
    other.room = "other@videoconference.example.org".into();
    stage.rig.get(other).unwrap();
    stage.rig.events.clear();
    let p = phone(&mut stage, ROOM);
    let members = stage.rig.view.rooms.get(ROOM).unwrap().members.clone();
    for member in [members[2].id, members[0].id] {
        stage.control(RoomControl::Transfer {
            to: "other@videoconference.example.org".into(),
            member,
        });
    }
    let seen = |event: &api::Event| match &event.kind {
        EventKind::VideoRoom(event) => {
            let room = event.room.split('@').next().unwrap_or_default();
            match &event.kind {
                Kind::PublisherJoined(publisher) => Some(format!("{room} +{}", publisher.channel)),
                Kind::PublisherLeft { channel } => Some(format!("{room} -{channel}")),
                _ => None,
            }
        }
        _ => None,
    };
    assert_eq!(
        stage.rig.seen(seen),
        [
            format!("team +{p}"),
            format!("team -{p}"),
            format!("other +{p}"),
            format!("team -{}", ids[0])
        ]
    );
    assert!(stage.rig.view.channels.get(&ids[0]).is_none());
}

#[test]
fn ghosts_are_not_seen_and_full_rooms_take_no_phone() {
    let mut stage = Stage::with_clients();
    let mut command = Stage::joining(1);
    command.settings.max_publishers = 2;
    stage.join_as("a", command);
    stage.told();
    phone(&mut stage, &format!("{ROOM}+flags{{ghost}}"));
    assert_eq!(stage.told(), [""; 0]);
    phone(&mut stage, ROOM);
    assert_eq!(stage.told().len(), 1);
    let members = stage.rig.view.rooms.get(ROOM).unwrap().members.len();
    phone(&mut stage, ROOM);
    assert_eq!(stage.told(), [""; 0]);
    let now = stage.rig.view.rooms.get(ROOM).unwrap().members.len();
    assert_eq!(now, members, "turned away");
    assert_eq!(stage.refused(Stage::joining(2)), ErrorKind::LimitReached);
}

fn invite_to(uri: &str) -> String {
    let sdp = phone_sdp("0");
    format!(
        "INVITE sip:{uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{}\r\n\
         From: \"Bob\" <sip:bob@192.0.2.1>;tag=b\r\nTo: <sip:{uri}>\r\n\
         Call-ID: {uri}\r\nCSeq: 1 INVITE\r\nContact: <sip:bob@192.0.2.1>\r\nMax-Forwards: 70\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        uri.replace('@', "-"),
        sdp.len()
    )
}

#[test]
fn a_call_to_the_rooms_address_enters_it_while_it_is_there() {
    let mut config = crate::rig::config();
    config.profiles[0].auth_calls = false;
    let mut stage = Stage::with(Rig::with(config));
    add(&mut stage.rig, 1, "1000@127.0.0.1");
    let a = stage.join(1, "a");
    stage.told();
    let address = "Team@VideoConference.example.org";
    stage.rig.receive(SERVER, &invite_to(address));
    let mut answers = stage.rig.take_sent().into_iter().filter_map(|m| m.code());
    assert!(answers.any(|code| code == 200), "answered");
    assert_eq!(stage.told(), ["+phone Bob <bob@192.0.2.1>"]);
    let member = stage.rig.view.rooms.get(ROOM).unwrap().members[1].clone();
    assert!(member.can_hear && member.can_speak);
    stage.names.insert(member.channel.id.clone(), "p".into());
    stage.hang_up(&member.channel.id);
    assert_eq!(stage.told(), ["-p"]);
    stage.leave(&a);
    stage.told();
    stage.rig.pass(std::time::Duration::from_secs(40));
    // The room is gone: the dialplan knows nothing of it.
    stage.rig.take_sent();
    let again = address.to_ascii_lowercase();
    stage.rig.receive(SERVER, &invite_to(&again));
    let answers = stage.rig.take_sent().into_iter().filter_map(|m| m.code());
    let answers: Vec<u16> = answers.collect();
    assert_eq!(answers, [100, 480], "the word of the built-in dialplan");
    stage.check_empty();
}
