//! Inviting others.

use api::command::video_room::InviteToVideoRoom;
use sip::message::{HeaderName, Message, Method};
use sip::transport::Transport;

use super::*;
use crate::rig::Phone;
use crate::web::tests::foreign::{phone_sdp, respond, sent};
use crate::web::tests::register;

fn inviting(who: &ChannelId, whom: &[&str]) -> InviteToVideoRoom {
    InviteToVideoRoom {
        channel: who.clone(),
        participants: whom.iter().map(|address| (*address).into()).collect(),
    }
}

fn registered_phone(stage: &mut Stage, user: &str) {
    let mut phone = Phone::new(user, "192.0.2.1:5060", Transport::Udp, 1);
    assert_eq!(phone.register(&mut stage.rig, "1234", 600), 200);
    stage.rig.take_sent();
}

fn ok(rig: &mut Rig, invite: &Message) {
    let headers = format!(
        "Contact: <sip:1003@192.0.2.1>\r\nContent-Type: application/sdp\r\n\r\n{}",
        phone_sdp("0")
    );
    respond(rig, invite, "200 OK", &headers);
}

#[test]
fn pages_are_told_wherever_they_are() {
    let (mut stage, ids) = Stage::with_room(2);
    // Another page of the one who asks, under another name of the domain; a guest; one that is in no room.
    add(&mut stage.rig, 4, "1000@localhost");
    add(&mut stage.rig, 7, "guest@guest.example");
    let whom = [
        "1001@127.0.0.1",
        "sip:1002@localhost",
        "1000@127.0.0.1",
        "guest@guest.example",
        "1001@127.0.0.1",
    ];
    stage.rig.get(inviting(&ids[0], &whom)).unwrap();
    assert_eq!(
        stage.told(),
        [
            "invited [2, 3, 4, 7] [\"1001@127.0.0.1\", \"1002@localhost\", \"1000@127.0.0.1\", \
             \"guest@guest.example\"] by 1000@127.0.0.1"
        ],
        "but for the asking page itself"
    );
    assert_eq!(stage.rig.take_sent().len(), 0, "nobody is called");
}

#[test]
fn a_phone_is_called_by_the_room_and_enters_when_it_answers() {
    let (mut stage, ids) = Stage::with_room(1);
    registered_phone(&mut stage, "1003");
    stage.rig.events.clear();
    stage
        .rig
        .get(inviting(&ids[0], &["1003@127.0.0.1"]))
        .unwrap();
    let invite = sent(&mut stage.rig, &Method::Invite);
    assert_eq!(
        invite
            .header(HeaderName::From)
            .and_then(|from| from.split(";tag").next()),
        Some("\"team\" <sip:team@videoconference.example.org>")
    );
    respond(&mut stage.rig, &invite, "180 Ringing", "");
    respond(&mut stage.rig, &invite, "180 Ringing", "");
    assert_eq!(
        stage.told(),
        [
            "invited [] [\"1003@127.0.0.1\"] by 1000@127.0.0.1",
            "a hears 1003@127.0.0.1: 180 Ringing"
        ]
    );
    ok(&mut stage.rig, &invite);
    assert_eq!(
        stage.told(),
        [
            "a hears 1003@127.0.0.1: 200 OK",
            "+phone Extension 1003 <1003@127.0.0.1>"
        ]
    );
    let member = stage.rig.view.rooms.get(ROOM).unwrap().members[1].clone();
    assert!(member.can_hear && member.can_speak);
    stage.hang_up(&member.channel.id);
    stage.rig.take_sent();
    stage.leave(&ids[0]);
    stage.check_empty();
}

#[test]
fn refusals_are_told_as_they_are() {
    let (mut stage, ids) = Stage::with_room(1);
    registered_phone(&mut stage, "1003");
    for (status, told) in [
        ("486 Busy Here", "486 Busy Here"),
        ("603 Decline", "603 Decline"),
        ("403 Forbidden", "403 Forbidden"),
    ] {
        stage.told();
        stage
            .rig
            .get(inviting(&ids[0], &["1003@127.0.0.1"]))
            .unwrap();
        let invite = sent(&mut stage.rig, &Method::Invite);
        respond(&mut stage.rig, &invite, status, "");
        assert_eq!(
            stage.told().last().unwrap(),
            &format!("a hears 1003@127.0.0.1: {told}")
        );
        stage.rig.take_sent();
    }
    // Early media is no answer.
    stage
        .rig
        .get(inviting(&ids[0], &["1003@127.0.0.1"]))
        .unwrap();
    let invite = sent(&mut stage.rig, &Method::Invite);
    let headers = format!("Content-Type: application/sdp\r\n\r\n{}", phone_sdp("0"));
    respond(&mut stage.rig, &invite, "183 Session Progress", &headers);
    assert_eq!(
        stage.told().last().unwrap(),
        "a hears 1003@127.0.0.1: 180 Ringing"
    );
    assert_eq!(stage.rig.view.rooms.get(ROOM).unwrap().members.len(), 1);
    // Nobody answers.
    stage.rig.pass(std::time::Duration::from_secs(61));
    assert_eq!(
        stage.told().last().unwrap(),
        "a hears 1003@127.0.0.1: 480 Temporarily Unavailable"
    );
}

#[test]
fn who_cannot_be_called() {
    let (mut stage, ids) = Stage::with_room(1);
    let whom = ["1004@127.0.0.1", "4711@127.0.0.1", "bob@unknown.example"];
    stage.rig.get(inviting(&ids[0], &whom)).unwrap();
    assert_eq!(
        stage.told()[1..],
        [
            "a hears 1004@127.0.0.1: 480 Temporarily Unavailable",
            "a hears 4711@127.0.0.1: 404 Not Found",
            "a hears bob@unknown.example: 503 Service Unavailable"
        ],
        "without a phone, unknown, of a host nobody can look up"
    );
    for bad in ["1004", "a,b@x", "a@x/y", "@x"] {
        assert_eq!(
            stage.refused(inviting(&ids[0], &[bad])),
            ErrorKind::InvalidArgument("participants")
        );
    }
    let many: Vec<String> = (0..101).map(|n| format!("{n}@127.0.0.1")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(
        stage.refused(inviting(&ids[0], &many)),
        ErrorKind::LimitReached
    );
    let stranger = ChannelId::from_text("nobody").unwrap();
    assert_eq!(stage.refused(inviting(&stranger, &[])), NOBODY);
    assert_eq!(stage.told(), [""; 0]);
    stage.leave(&ids[0]);
    stage.check_empty();
}

#[test]
fn an_account_with_pages_and_phones_gets_both() {
    let (mut stage, ids) = Stage::with_room(1);
    registered_phone(&mut stage, "1001");
    register(&mut stage.rig, WebClientId(2)).unwrap();
    stage.told_nothing_but_registrations();
    stage
        .rig
        .get(inviting(&ids[0], &["1001@127.0.0.1"]))
        .unwrap();
    assert_eq!(
        stage.told(),
        ["invited [2] [\"1001@127.0.0.1\"] by 1000@127.0.0.1"]
    );
    sent(&mut stage.rig, &Method::Invite);
    assert_eq!(
        stage.rig.peers.orders(),
        [""; 0],
        "the page is not called besides"
    );
    // The last one leaves: the phone stops ringing.
    stage.leave(&ids[0]);
    stage.check_empty();
}

impl Stage {
    fn told_nothing_but_registrations(&mut self) {
        self.rig.events.clear();
    }
}
