//! Coming and going.

use std::time::Duration;

use api::command::channel::{LegChoice, Transfer};
use api::command::room::MemberTarget;
use api::command::server::{Shutdown, ShutdownMode};
use api::command::web::{RemoveWebClient, TrickleWebCall, UpdateWebCall};
use api::event::ChannelEvent;
use media::control::{Direction, MediaCommand};

use super::*;
use crate::web::tests::add_with;

#[test]
fn a_room_lives_from_its_first_participant_to_its_last() {
    let mut stage = Stage::with_clients();
    let a = stage.join(1, "a");
    assert_eq!(
        stage.told(),
        [
            "a joined, answer of 1, true true: [] active [] hands [] files [] 0s",
            "+a"
        ]
    );
    connected(&mut stage.rig, 1);
    connected(&mut stage.rig, 1);
    assert_eq!(stage.told(), ["a up"], "once");
    stage.rig.pass(Duration::from_secs(7));
    let b = stage.join(2, "b");
    assert_eq!(
        stage.told(),
        [
            "b joined, answer of 2, true true: [a] active [] hands [] files [] 7s",
            "+b"
        ]
    );
    assert_eq!(
        stage.rig.peers.orders(),
        [
            "accept 1 opus+video",
            "limit 1 2016000",
            "accept 2 opus+video",
            "limit 2 2016000",
        ],
        "two have what one had"
    );
    assert_eq!(stage.rig.switch.census().video_rooms, 1);
    stage.leave(&a);
    assert_eq!(stage.told(), ["a left: 0 ", "-a"]);
    assert_eq!(stage.refused(LeaveVideoRoom { channel: a }), NOBODY);
    stage.leave(&b);
    assert_eq!(stage.told(), ["b left: 0 ", "-b", "closed"]);
    assert_eq!(stage.rig.peers.orders(), ["close 1", "close 2"]);
    stage.check_empty();
}

#[test]
fn a_participant_is_a_channel_and_a_deaf_member_that_costs_no_encoding() {
    let (mut stage, ids) = Stage::with_room(2);
    let channel = stage.rig.view.channels.get(&ids[0]).unwrap().clone();
    assert_eq!(&*channel.name, "sofia/internal/1000@127.0.0.1");
    assert_eq!(channel.room.as_deref(), Some(ROOM));
    assert_eq!(channel.variables.text("sip_to_uri"), Some(ROOM));
    assert!(channel.is_answered());
    let room = stage.rig.view.rooms.get(ROOM).unwrap().clone();
    assert_eq!((&*room.profile, room.members.len()), ("default", 2));
    assert!(room.members.iter().all(|m| !m.can_hear && m.can_speak));
    stage.join(3, "c");
    let specs: Vec<Direction> = stage
        .rig
        .commands
        .iter()
        .filter_map(|command| match command {
            MediaCommand::SetRemote { spec, .. } => Some(spec.direction),
            _ => None,
        })
        .collect();
    assert_eq!(specs, [Direction::RecvOnly], "whatever the browser offered");
    // Killed, it is out.
    stage.told();
    stage.hang_up(&ids[0]);
    assert_eq!(stage.told(), ["a left: 200 Session Terminated", "-a"]);
    let ended = |event: &api::Event| match &event.kind {
        EventKind::Channel(ChannelEvent::HangupComplete) => Some("complete".to_owned()),
        _ => None,
    };
    stage.hang_up(&ids[1]);
    assert_eq!(stage.rig.seen(ended), ["complete"]);
    stage
        .rig
        .get(RemoveWebClient {
            client: WebClientId(3),
        })
        .unwrap();
    assert_eq!(stage.told(), ["c left: 0 ", "-c", "closed"]);
    stage.check_empty();
}

#[test]
fn settings_are_those_of_the_first_join() {
    let mut stage = Stage::with_clients();
    let mut command = Stage::joining(1);
    command.settings.video = false;
    command.settings.max_publishers = 2;
    stage.join_as("a", command);
    let mut command = Stage::joining(2);
    command.settings.audio = false;
    stage.join_as("b", command);
    assert_eq!(
        stage.told()[2],
        "b joined, answer of 2, true false: [a] active [] hands [] files [] 0s"
    );
    let orders = stage.rig.peers.orders();
    let accepts = orders.iter().filter(|order| order.starts_with("accept"));
    assert_eq!(
        accepts.collect::<Vec<_>>(),
        ["accept 1 opus", "accept 2 opus"]
    );
    assert_eq!(stage.refused(Stage::joining(3)), ErrorKind::LimitReached);
    assert_eq!(stage.rig.switch.census().channels, 2);
}

#[test]
fn what_makes_no_sense_is_refused_and_makes_no_room() {
    let mut stage = Stage::with_clients();
    let try_with = |stage: &mut Stage, change: fn(&mut JoinVideoRoom)| {
        let mut command = Stage::joining(1);
        change(&mut command);
        stage.refused(command)
    };
    for (change, kind) in [
        (
            (|c| c.client = WebClientId(9)) as fn(&mut JoinVideoRoom),
            ErrorKind::NotFound(ObjectKind::User),
        ),
        (
            |c| c.room = "team".into(),
            ErrorKind::InvalidArgument("room"),
        ),
        (
            |c| c.room = "Team@x".into(),
            ErrorKind::InvalidArgument("room"),
        ),
        (
            |c| c.room = "te${am@x".into(),
            ErrorKind::InvalidArgument("room"),
        ),
        (|c| c.room = "@x".into(), ErrorKind::InvalidArgument("room")),
        (
            |c| c.room = format!("{}@x", "a".repeat(300)).into(),
            ErrorKind::InvalidArgument("room"),
        ),
        (
            |c| c.offer = "x".repeat(70_000).into(),
            ErrorKind::InvalidArgument("offer"),
        ),
        (
            |c| c.settings.max_bitrate = 63_999,
            ErrorKind::InvalidArgument("max_bitrate"),
        ),
        (
            |c| c.settings.video_codec = "av1".into(),
            ErrorKind::InvalidArgument("video_codec"),
        ),
        (|c| c.settings.max_publishers = 0, ErrorKind::LimitReached),
    ] {
        assert_eq!(try_with(&mut stage, change), kind);
    }
    stage
        .rig
        .get(Shutdown {
            mode: ShutdownMode::Elegant,
        })
        .unwrap();
    assert_eq!(stage.refused(Stage::joining(1)), ErrorKind::Unavailable);
    assert_eq!(stage.told(), [""; 0]);
    stage.check_empty();
}

#[test]
fn a_description_that_cannot_be_used_ends_it_at_once() {
    let (mut stage, _) = Stage::with_room(1);
    let mut bad = Stage::joining(2);
    bad.offer = "refuse".into();
    stage.join_as("b", bad);
    assert_eq!(stage.told(), ["b left: 488 Not Acceptable Here"]);
    // One that says nothing we could use.
    let mut empty = Stage::joining(2);
    empty.offer = "v=0".into();
    stage.join_as("b", empty);
    assert_eq!(stage.told(), ["b left: 488 Not Acceptable Here"]);
    assert_eq!(stage.rig.switch.census().channels, 1);
    // A room that was made for nothing.
    let mut other = Stage::with_clients();
    let mut bad = Stage::joining(1);
    bad.offer = "refuse".into();
    other.join_as("a", bad);
    assert_eq!(other.told(), ["a left: 488 Not Acceptable Here", "closed"]);
    other.check_empty();
}

#[test]
fn nobody_is_a_publisher_before_it_is_agreed() {
    let mut stage = Stage::with_clients();
    stage.rig.peers.silent = true;
    let a = stage.join(1, "a");
    stage.rig.peers.silent = false;
    let b = stage.join(2, "b");
    assert_eq!(
        stage.told(),
        [
            "b joined, answer of 2, true true: [] active [] hands [] files [] 0s",
            "+b"
        ]
    );
    assert_eq!(stage.attach(&b, &a).unwrap_err().kind, NOBODY);
    assert_eq!(stage.attach(&a, &b).unwrap_err().kind, NOBODY);
    stage.leave(&a);
    assert_eq!(stage.told(), ["a left: 0 "], "the others never knew");
    stage.leave(&b);
    stage.check_empty();
}

#[test]
fn media_that_fails_is_told_in_its_own_words() {
    let (mut stage, _) = Stage::with_room(2);
    stage.peer_ends(1, PeerEnd::IceFailed);
    assert_eq!(stage.told(), ["a left: 0 ICE failed", "-a"]);
    stage.peer_ends(2, PeerEnd::Closed);
    assert_eq!(stage.told(), ["b left: 0 DTLS alert", "-b", "closed"]);
    stage.check_empty();
}

#[test]
fn guests_of_other_domains_may_be_let_in() {
    let mut stage = Stage::new();
    add(&mut stage.rig, 7, "guest@guest.example");
    stage.join(7, "g");
    let room = stage.rig.view.rooms.get(ROOM).unwrap();
    assert_eq!(
        &*room.members[0].channel.name,
        "sofia/internal/guest@guest.example"
    );
    stage
        .rig
        .get(RemoveWebClient {
            client: WebClientId(7),
        })
        .unwrap();
    stage.check_empty();
}

#[test]
fn the_conference_of_the_room_controls_it() {
    let (mut stage, ids) = Stage::with_room(2);
    let members: Vec<_> = stage.rig.view.rooms.get(ROOM).unwrap().members.clone();
    stage.control(RoomControl::Kick {
        target: MemberTarget::Id(members[0].id),
        sound: None,
    });
    assert_eq!(stage.told(), ["a left: 200 Session Terminated", "-a"]);
    // A lock keeps others out.
    stage.control(RoomControl::Lock(true));
    assert_eq!(stage.refused(Stage::joining(1)), ErrorKind::Forbidden);
    stage.control(RoomControl::Lock(false));
    // Sent elsewhere, it is out, too: it has nothing to say there.
    stage
        .rig
        .get(Transfer {
            channel: ids[1].clone(),
            leg: LegChoice::A,
            extension: "9196".into(),
            dialplan: None,
            context: None,
        })
        .unwrap();
    assert_eq!(
        stage.told(),
        ["b left: 200 Session Terminated", "-b", "closed"]
    );
    stage.check_empty();
}

#[test]
fn the_pin_of_the_conference_is_for_phones() {
    let (mut stage, ids) = Stage::with_room(1);
    stage.control(RoomControl::Pin(Some("1234".into())));
    stage.join(2, "b");
    assert_eq!(stage.told().len(), 2);
    phones::phone(&mut stage, ROOM);
    assert_eq!(stage.told(), [""; 0], "it stands at the door");
    phones::phone(&mut stage, &format!("{ROOM}@default+1234"));
    assert_eq!(stage.rig.view.rooms.get(ROOM).unwrap().members.len(), 3);
    assert_eq!(stage.told(), ["+phone  <7007@127.0.0.1>"]);
    stage.leave(&ids[0]);
}

#[test]
fn who_has_no_microphone_publishes_pictures() {
    let (mut stage, _) = Stage::with_room(1);
    let mut command = Stage::joining(2);
    command.offer = VIDEO.into();
    let b = stage.join_as("b", command);
    assert_eq!(stage.told().len(), 2, "it joined");
    stage.leave(&b);
    let mut command = Stage::joining(2);
    command.offer = AUDIO.into();
    stage.join_as("b", command);
    assert!(stage.told()[2].starts_with("b joined"));
}

#[test]
fn candidates_go_to_the_peer_and_changes_are_refused() {
    let (mut stage, ids) = Stage::with_room(1);
    stage
        .rig
        .get(TrickleWebCall {
            channel: ids[0].clone(),
            candidates: vec!["candidate:1".into()],
        })
        .unwrap();
    assert_eq!(stage.rig.peers.orders(), ["trickle 1 candidate:1"]);
    let kind = stage.refused(UpdateWebCall {
        channel: ids[0].clone(),
        sdp: AUDIO.into(),
    });
    assert_eq!(kind, ErrorKind::InvalidState);
}

#[test]
fn a_room_is_recorded_where_its_settings_say() {
    let mut stage = Stage::with_clients();
    let mut command = Stage::joining(1);
    command.settings.record_into = Some("/recordings/rooms/".into());
    let a = stage.join_as("a", command);
    stage.join(2, "b");
    let files: Vec<&String> = stage
        .rig
        .commands
        .iter()
        .filter_map(|command| match command {
            MediaCommand::RoomRecord { file, .. } => Some(file),
            _ => None,
        })
        .collect();
    assert_eq!(
        files,
        ["/recordings/rooms/team@videoconference.example.org-20261121-024911.000.wav"],
        "once"
    );
    assert_eq!(stage.rig.view.rooms.get(ROOM).unwrap().recordings.len(), 1);
    stage.leave(&a);
    stage
        .rig
        .get(RemoveWebClient {
            client: WebClientId(2),
        })
        .unwrap();
    assert_eq!(stage.rig.switch.census().records, 0);
    stage.check_empty();
}

#[test]
fn a_full_server_takes_nobody_more() {
    let mut config = crate::rig::config();
    config.max_sessions = 1;
    let mut stage = Stage::with(Rig::with(config));
    add(&mut stage.rig, 1, "1000@127.0.0.1");
    let hash = crate::web::tests::hash_of("1001@127.0.0.1");
    add_with(&mut stage.rig, 2, "1001@127.0.0.1", hash).unwrap();
    stage.join(1, "a");
    assert_eq!(stage.refused(Stage::joining(2)), ErrorKind::LimitReached);
}
