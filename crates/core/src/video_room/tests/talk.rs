//! Chat, hands, silence, typing, files.

use api::Answer;
use api::command::video_room::{
    AskForSilence, SayInVideoRoom, ShareFile, ShowComposing, ToggleHand,
};

use super::*;

fn saying(id: &ChannelId, text: &str) -> SayInVideoRoom {
    SayInVideoRoom {
        channel: id.clone(),
        content_type: "text/plain".into(),
        content: text.into(),
    }
}

fn sharing(id: &ChannelId, name: &str) -> ShareFile {
    ShareFile {
        channel: id.clone(),
        name: name.into(),
        size: 7,
    }
}

#[test]
fn what_is_said_is_heard_by_all_and_by_those_who_come_later() {
    let (mut stage, ids) = Stage::with_room(2);
    stage.rig.get(saying(&ids[0], "hello")).unwrap();
    assert_eq!(stage.told(), ["a <1000@127.0.0.1>: hello"]);
    for n in 0..60 {
        stage.rig.get(saying(&ids[1], &n.to_string())).unwrap();
    }
    stage.told();
    // Who is gone is remembered all the same.
    stage.leave(&ids[1]);
    stage.told();
    stage.join(3, "c");
    let told = stage.told();
    assert!(told[0].starts_with("c joined"));
    assert_eq!(told.len(), 52, "the last fifty");
    assert_eq!(told[1], "c hears <1001@127.0.0.1>: 10");
    assert_eq!(told[50], "c hears <1001@127.0.0.1>: 59");
    assert_eq!(told[51], "+c");
}

#[test]
fn history_is_bounded_in_bytes_too() {
    let (mut stage, ids) = Stage::with_room(1);
    let long = "x".repeat(64 * 1024);
    for _ in 0..6 {
        stage.rig.get(saying(&ids[0], &long)).unwrap();
    }
    let too_long = format!("{long}x");
    assert_eq!(
        stage.refused(saying(&ids[0], &too_long)),
        ErrorKind::InvalidArgument("content")
    );
    let mut no_type = saying(&ids[0], "x");
    no_type.content_type = "".into();
    assert_eq!(
        stage.refused(no_type),
        ErrorKind::InvalidArgument("content_type")
    );
    stage.told();
    stage.join(2, "b");
    let told = stage.told();
    let heard = told.iter().filter(|line| line.starts_with("b hears"));
    assert_eq!(heard.count(), 4);
}

#[test]
fn the_room_says_who_comes_and_goes() {
    let (mut stage, _) = Stage::with_room(1);
    stage.notices = true;
    let b = stage.join(2, "b");
    stage.leave(&b);
    let notices: Vec<String> = stage
        .told()
        .into_iter()
        .filter(|line| line.starts_with('<'))
        .collect();
    assert_eq!(
        notices,
        [
            format!("<{ROOM}>: Alice has joined the room"),
            format!("<{ROOM}>: Alice has left the room")
        ]
    );
}

#[test]
fn hands_are_raised_in_order_and_go_with_their_owner() {
    let (mut stage, ids) = Stage::with_room(3);
    for (id, is_up) in [(2, true), (0, true), (1, true), (0, false)] {
        let channel = ids[id].clone();
        let toggled = stage.rig.get(ToggleHand { channel });
        assert_eq!(toggled, Ok(Answer::Bool(is_up)));
    }
    assert_eq!(
        stage.told(),
        ["hands [c]", "hands [c+a]", "hands [c+a+b]", "hands [c+b]"]
    );
    stage.leave(&ids[2]);
    assert_eq!(stage.told(), ["c left: 0 ", "-c", "hands [b]"]);
    stage.join(3, "c");
    assert_eq!(
        stage.told()[0],
        "c joined, answer of 4, true true: [a+b] active [] hands [b] files [] 0s"
    );
    let channel = ids[2].clone();
    assert_eq!(stage.refused(ToggleHand { channel }), NOBODY);
}

#[test]
fn silence_typing_and_files() {
    let (mut stage, ids) = Stage::with_room(2);
    let channel = ids[0].clone();
    stage.rig.get(AskForSilence { channel }).unwrap();
    stage
        .rig
        .get(ShowComposing {
            channel: ids[1].clone(),
            active: true,
            refresh_s: 60,
        })
        .unwrap();
    stage.rig.get(sharing(&ids[0], "plan.pdf")).unwrap();
    assert_eq!(
        stage.told(),
        ["silence by a", "b types true 60", "a shares plan.pdf of 7"]
    );
    assert_eq!(
        stage.refused(sharing(&ids[1], "plan.pdf")),
        ErrorKind::AlreadyExists(ObjectKind::File)
    );
    for name in ["", &"x".repeat(256)] {
        assert_eq!(
            stage.refused(sharing(&ids[1], name)),
            ErrorKind::InvalidArgument("name")
        );
    }
    for n in 1..1000 {
        stage.rig.get(sharing(&ids[1], &n.to_string())).unwrap();
    }
    assert_eq!(
        stage.refused(sharing(&ids[1], "one more")),
        ErrorKind::LimitReached
    );
    stage.leave(&ids[0]);
    stage.told();
    stage.join(3, "c");
    assert!(
        stage.told()[0].contains("files [plan.pdf+1+2"),
        "files stay when who gave them leaves"
    );
}

#[test]
fn strangers_have_no_say() {
    let (mut stage, _) = Stage::with_room(1);
    let stranger = ChannelId::from_text("nobody").unwrap();
    let channel = stranger.clone();
    assert_eq!(stage.refused(AskForSilence { channel }), NOBODY);
    assert_eq!(stage.refused(saying(&stranger, "x")), NOBODY);
    assert_eq!(stage.refused(sharing(&stranger, "x")), NOBODY);
    assert_eq!(
        stage.refused(ShowComposing {
            channel: stranger,
            active: true,
            refresh_s: 1
        }),
        NOBODY
    );
    assert_eq!(stage.told(), [""; 0]);
}
