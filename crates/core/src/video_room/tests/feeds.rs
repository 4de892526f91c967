//! Subscriptions.

use api::command::video_room::{DetachFeed, TrickleFeed};

use super::*;

#[test]
fn a_feed_is_offered_answered_and_flows() {
    let (mut stage, ids) = Stage::with_room(2);
    let (a, b) = (&ids[0], &ids[1]);
    let feed = stage.attach(a, b).unwrap();
    assert_eq!(stage.rig.peers.orders(), ["feed 3 of 2"]);
    assert_eq!(stage.told(), ["a feed 1: offer of 3"]);
    stage
        .rig
        .get(TrickleFeed {
            feed,
            candidates: vec!["candidate:1".into(), "x".repeat(2000).into()],
        })
        .unwrap();
    stage.answer(feed, "fine").unwrap();
    assert_eq!(
        stage.answer(feed, "fine").unwrap_err().kind,
        ErrorKind::InvalidState
    );
    assert_eq!(
        stage.rig.peers.orders(),
        ["trickle 3 candidate:1", "take 3"],
        "a candidate too long to be one is dropped"
    );
    connected(&mut stage.rig, 3);
    connected(&mut stage.rig, 3);
    assert_eq!(stage.told(), ["a feed 1 up"], "once");
    stage.rig.get(DetachFeed { feed }).unwrap();
    assert_eq!(stage.rig.peers.orders(), ["close 3"]);
    assert_eq!(stage.told(), [""; 0], "it knows");
    assert_eq!(stage.refused(DetachFeed { feed }), NOBODY);
    assert_eq!(stage.answer(feed, "fine").unwrap_err().kind, NOBODY);
    let candidates = Vec::new();
    assert_eq!(stage.refused(TrickleFeed { feed, candidates }), NOBODY);
    // Attached again it is another one.
    assert_eq!(stage.attach(a, b).unwrap(), FeedId(2));
}

#[test]
fn whom_nobody_can_subscribe_to() {
    let (mut stage, ids) = Stage::with_room(2);
    let (a, b) = (&ids[0], &ids[1]);
    stage.attach(a, b).unwrap();
    let kind = |result: Result<FeedId, CommandError>| result.unwrap_err().kind;
    assert_eq!(
        kind(stage.attach(a, b)),
        ErrorKind::AlreadyExists(ObjectKind::Member)
    );
    assert_eq!(
        kind(stage.attach(a, a)),
        ErrorKind::InvalidArgument("publisher")
    );
    let stranger = ChannelId::from_text("nobody").unwrap();
    assert_eq!(kind(stage.attach(a, &stranger)), NOBODY);
    assert_eq!(kind(stage.attach(&stranger, a)), NOBODY);
    // Somebody of another room.
    let mut other = Stage::joining(3);
    other.room = "other@videoconference.example.org".into();
    let c = match stage.rig.get(other).unwrap() {
        Answer::Channel(id) => id,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(stage.attach(a, &c)), NOBODY);
    assert_eq!(kind(stage.attach(&c, a)), NOBODY);
}

#[test]
fn feeds_go_with_either_end() {
    let (mut stage, ids) = Stage::with_room(3);
    let [a, b, c] = [&ids[0], &ids[1], &ids[2]];
    for (who, whom) in [(a, b), (b, a), (c, a), (c, b)] {
        stage.watch(who, whom);
    }
    stage.told();
    stage.rig.peers.orders();
    stage.leave(a);
    assert_eq!(
        stage.told(),
        ["a left: 0 ", "b feed 2 over", "c feed 3 over", "-a"]
    );
    assert_eq!(
        stage.rig.peers.orders(),
        [
            "close 1",
            "close 4",
            "close 5",
            "close 6",
            "limit 2 2016000",
            "limit 3 2016000"
        ]
    );
    stage.leave(c);
    assert_eq!(stage.told(), ["c left: 0 ", "-c"]);
    assert_eq!(stage.rig.peers.orders(), ["close 3", "close 7"]);
    stage.leave(b);
    stage.check_empty();
}

#[test]
fn feeds_that_fail_end_and_nothing_else_does() {
    let (mut stage, ids) = Stage::with_room(2);
    let (a, b) = (&ids[0], &ids[1]);
    stage.rig.peers.refuses_feeds = true;
    stage.attach(a, b).unwrap();
    assert_eq!(stage.told(), ["a feed 1 over"]);
    assert_eq!(
        stage.rig.peers.orders(),
        ["feed 3 of 2"],
        "the peer is gone by itself"
    );
    stage.rig.peers.refuses_feeds = false;
    let feed = stage.attach(a, b).unwrap();
    stage.told();
    assert_eq!(
        stage.answer(feed, &"x".repeat(70_000)).unwrap_err().kind,
        ErrorKind::InvalidArgument("answer")
    );
    stage.answer(feed, "refuse").unwrap();
    assert_eq!(stage.told(), ["a feed 2 over"]);
    assert_eq!(
        stage.rig.peers.orders(),
        ["feed 4 of 2", "take 4", "close 4"]
    );
    stage.watch(a, b);
    stage.told();
    stage.peer_ends(5, PeerEnd::DtlsFailed);
    assert_eq!(stage.told(), ["a feed 3 over"]);
    // What comes late means nobody.
    connected(&mut stage.rig, 5);
    assert_eq!(stage.told(), [""; 0]);
    stage.leave(a);
    stage.leave(b);
    stage.check_empty();
}

#[test]
fn nobody_has_more_feeds_than_he_may() {
    let mut config = crate::rig::config();
    (config.max_sessions, config.sessions_per_second) = (1000, 1000);
    let mut stage = Stage::with(Rig::with(config));
    add(&mut stage.rig, 1, "1000@127.0.0.1");
    let mut command = Stage::joining(1);
    command.settings.max_publishers = 1000;
    let a = stage.join_as("a", command);
    let phones: Vec<ChannelId> = (0..257).map(|_| phones::phone(&mut stage, ROOM)).collect();
    for phone in &phones[..256] {
        stage.attach(&a, phone).unwrap();
    }
    assert_eq!(
        stage.attach(&a, &phones[256]).unwrap_err().kind,
        ErrorKind::LimitReached
    );
    stage.leave(&a);
    for phone in &phones {
        stage.hang_up(phone);
    }
    stage.check_empty();
}
