//! What flows, and how much of it.

use api::command::room::{MemberTarget, Toggle};
use api::command::video_room::{ConfigureVideoRoom, Flow, UpdateFeed, UpdatePublication};

use super::*;

fn flow(audio: Option<bool>, video: Option<bool>, bitrate: Option<u32>) -> Flow {
    Flow {
        audio,
        video,
        bitrate,
    }
}

fn publish(stage: &mut Stage, id: &ChannelId, flow: Flow) {
    let channel = id.clone();
    stage.rig.get(UpdatePublication { channel, flow }).unwrap();
}

fn configure(stage: &mut Stage, who: &ChannelId, active: &[&ChannelId]) {
    stage
        .rig
        .get(ConfigureVideoRoom {
            channel: who.clone(),
            active: active.iter().map(|id| (*id).clone()).collect(),
        })
        .unwrap();
}

#[test]
fn publishers_share_the_bitrate_of_their_room() {
    let mut stage = Stage::with_clients();
    let mut ids = Vec::new();
    for (client, name) in [(1, "a"), (2, "b"), (3, "c")] {
        ids.push(stage.join(client, name));
    }
    let limits = |stage: &mut Stage| -> Vec<String> {
        let orders = stage.rig.peers.orders();
        orders
            .into_iter()
            .filter(|o| o.starts_with("limit"))
            .collect()
    };
    assert_eq!(
        limits(&mut stage),
        [
            "limit 1 2016000",
            "limit 2 2016000",
            "limit 1 1008000",
            "limit 2 1008000",
            "limit 3 1008000"
        ],
        "max / max(n - 1, 1)"
    );
    stage.told();
    configure(&mut stage, &ids[0], &[&ids[1]]);
    assert_eq!(stage.told(), ["active [b] by a"]);
    assert_eq!(
        limits(&mut stage),
        ["limit 1 100000", "limit 2 2016000", "limit 3 100000"]
    );
    configure(&mut stage, &ids[0], &[&ids[1], &ids[2], &ids[1]]);
    assert_eq!(stage.told(), ["active [b+c] by a"]);
    assert_eq!(limits(&mut stage), ["limit 2 1008000", "limit 3 1008000"]);
    // An own cap holds whatever the share is, and less than 64 kbit/s is never asked for.
    publish(&mut stage, &ids[1], flow(None, None, Some(300_000)));
    publish(&mut stage, &ids[0], flow(None, None, Some(9)));
    assert_eq!(limits(&mut stage), ["limit 2 300000", "limit 1 64000"]);
    stage.leave(&ids[1]);
    assert_eq!(stage.told(), ["b left: 0 ", "-b", "active [c] by the room"]);
    assert_eq!(limits(&mut stage), ["limit 3 2016000"]);
    configure(&mut stage, &ids[2], &[]);
    assert_eq!(stage.told(), ["active [] by c"]);
    assert_eq!(limits(&mut stage), [""; 0], "nothing changes for two");
}

#[test]
fn only_who_is_there_can_be_active() {
    let (mut stage, ids) = Stage::with_room(3);
    let stranger = ChannelId::from_text("nobody").unwrap();
    let asked = |channel: &ChannelId, active: &[&ChannelId]| ConfigureVideoRoom {
        channel: channel.clone(),
        active: active.iter().map(|id| (*id).clone()).collect(),
    };
    assert_eq!(stage.refused(asked(&ids[0], &[&stranger])), NOBODY);
    assert_eq!(stage.refused(asked(&stranger, &[&ids[0]])), NOBODY);
    assert_eq!(
        stage.refused(asked(&ids[0], &[&ids[0], &ids[1], &ids[2]])),
        ErrorKind::InvalidArgument("active")
    );
    assert_eq!(stage.told(), [""; 0]);
    configure(&mut stage, &ids[0], &[&ids[0]]);
    stage.told();
    stage.leave(&ids[2]);
    stage.told();
    stage.join(3, "c");
    assert_eq!(
        stage.told()[0],
        "c joined, answer of 4, true true: [a+b] active [a] hands [] files [] 0s"
    );
}

#[test]
fn a_feed_and_a_publication_are_paused_and_limited() {
    let (mut stage, ids) = Stage::with_room(2);
    let feed = stage.watch(&ids[0], &ids[1]);
    stage.rig.peers.orders();
    let update = |stage: &mut Stage, flow| {
        stage.rig.get(UpdateFeed { feed, flow }).unwrap();
        stage.rig.peers.orders()
    };
    assert_eq!(
        update(&mut stage, flow(None, Some(false), None)),
        ["flow 3 true false"]
    );
    assert_eq!(
        update(&mut stage, flow(None, Some(false), Some(1))),
        ["limit 3 64000"]
    );
    assert_eq!(
        update(&mut stage, flow(Some(true), Some(true), Some(500_000))),
        ["flow 3 true true", "limit 3 500000"]
    );
    publish(&mut stage, &ids[1], flow(Some(false), None, None));
    publish(&mut stage, &ids[1], flow(None, Some(false), None));
    assert_eq!(
        stage.rig.peers.orders(),
        ["flow 2 false true", "flow 2 false false"]
    );
    let gone = FeedId(99);
    assert_eq!(
        stage.refused(UpdateFeed {
            feed: gone,
            flow: Flow::default()
        }),
        NOBODY
    );
}

#[test]
fn who_is_muted_in_the_conference_is_not_heard_in_feeds() {
    let (mut stage, ids) = Stage::with_room(2);
    let member = stage.rig.view.rooms.get(ROOM).unwrap().members[0].id;
    let mute = |stage: &mut Stage, on| {
        stage.control(RoomControl::Mute {
            target: MemberTarget::Id(member),
            on,
        });
        stage.rig.peers.orders()
    };
    assert_eq!(mute(&mut stage, Toggle::On), ["flow 1 false true"]);
    assert_eq!(mute(&mut stage, Toggle::On), [""; 0], "once");
    // It may do what it likes meanwhile.
    publish(&mut stage, &ids[0], flow(Some(false), None, None));
    publish(&mut stage, &ids[0], flow(Some(true), Some(false), None));
    assert_eq!(stage.rig.peers.orders(), ["flow 1 false false"]);
    assert_eq!(mute(&mut stage, Toggle::Off), ["flow 1 true false"]);
    // On hold it is not heard either.
    stage.control(RoomControl::Hold {
        target: MemberTarget::Id(member),
        on: Toggle::On,
    });
    assert_eq!(stage.rig.peers.orders(), ["flow 1 false false"]);
}
