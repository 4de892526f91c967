//! What happens is told to everybody, in order, and replies come first.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::Duration;

use api::Origin;
use api::command::server::Fire;
use api::event::CustomEvent;
use jackfield_door_eventmanager::{Config, Dialect, EventNames, start};
use serde_json::{Value, json};
use support::{Client, World, world, world_with};
use tokio_util::sync::CancellationToken;

async fn names(client: &mut Client, count: usize) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..count {
        let event: Value = serde_json::from_str(&client.event().await).unwrap();
        names.push(event["Event"].as_str().unwrap().to_owned());
    }
    names
}

/// An event with these values comes next, letter by letter.
async fn told(client: &mut Client, name: &str, values: &str) {
    let event = format!(r#"{{"Event":"IMM_EVENT_{name}","values":{{{values}}},{values}}}"#);
    client.expect(&event).await;
}

/// The wire form of event-manager.md §7, letter by letter, and the table of its events.
#[tokio::test]
async fn events_read_as_documented() {
    let world = world().await;
    let mut watcher = world.client().await;
    let mut client = world.client().await;
    client.ok(r#"{"Command":"create_room","room_id":12}"#).await;
    told(&mut watcher, "CREATE_ROOM", r#""room_id":12"#).await;
    client
        .ok(r#"{"Command":"add_participant","room_id":12,"participant_id":3,"participant_name":"Ana"}"#)
        .await;
    let added = r#""room_id":12,"participant_id":3,"participant_name":"Ana","input_sampling_rate":48000,"input_number_channels":1,"type":1"#;
    told(&mut watcher, "ADD_PARTICIPANT", added).await;
    let seated = concat!(
        r#""room_id":12,"participant_id":3,"seat":{"id":1,"position":{"x":0,"y":0,"z":110},"#,
        r#""heading":{"azimuth_heading":180,"elevation_heading":0}},"seat_id":1"#
    );
    told(&mut watcher, "SET_PARTICIPANT_SEAT", seated).await;
    client
        .ok(r#"{"Command":"set_participant_state","room_id":12,"participant_id":3,"control_to_edit":2,"value":1}"#)
        .await;
    watcher
        .expect(concat!(
            r#"{"Event":"IMM_EVENT_SET_PARTICIPANT_STATE","#,
            r#""values":{"room_id":12,"participant_id":3,"control_to_edit":2,"value":1},"#,
            r#""room_id":12,"participant_id":3,"control_to_edit":2,"value":1}"#
        ))
        .await;
    client
        .ok(r#"{"Command":"set_all_participants_state","room_id":12,"control_to_edit":3,"value":1}"#)
        .await;
    let all = r#""room_id":12,"control_to_edit":3,"value":1"#;
    told(&mut watcher, "SET_ALL_PARTICIPANTS_STATE", all).await;
    client
        .ok(r#"{"Command":"set_room_layout","room_id":12,"layout_id":2}"#)
        .await;
    let layout = r#""room_id":12,"layout_id":2,"room_config_id":2"#;
    told(&mut watcher, "SET_ROOM_LAYOUT", layout).await;
    watcher.expect_event("IMM_EVENT_SET_PARTICIPANT_SEAT").await;
    client
        .ok(r#"{"Command":"set_participant_position","room_id":12,"participant_id":3,"x":1,"y":2,"z":3,"azimuth_heading":4,"elevation_heading":5}"#)
        .await;
    let placed = concat!(
        r#""room_id":12,"participant_id":3,"position":{"x":1,"y":2,"z":3},"#,
        r#""heading":{"azimuth_heading":4,"elevation_heading":5}"#
    );
    told(&mut watcher, "SET_PARTICIPANT_POSITION", placed).await;
    client
        .ok(r#"{"Command":"set_participant_name","room_id":12,"participant_id":3,"participant_name":"Ann"}"#)
        .await;
    let named = r#""room_id":12,"participant_id":3,"name":"Ann""#;
    told(&mut watcher, "SET_NAME", named).await;
    client
        .ok(r#"{"Command":"remove_participant","room_id":12,"participant_id":3}"#)
        .await;
    let removed = r#""room_id":12,"participant_id":3"#;
    told(&mut watcher, "REMOVE_PARTICIPANT", removed).await;
    client
        .ok(r#"{"Command":"destroy_room","room_id":12}"#)
        .await;
    told(&mut watcher, "DESTROY_ROOM", r#""room_id":12"#).await;
    world.expect_nothing_more(&mut watcher).await;
}

#[tokio::test]
async fn events_may_be_short_and_nested_only() {
    let world = world_with(|config| {
        config.dialect.event_names = EventNames::Short;
        config.dialect.event_flat = false;
    })
    .await;
    let mut client = world.client().await;
    client
        .ok(r#"{"Command":"create_room","room_id":12,"name":"sales"}"#)
        .await;
    client
        .expect(r#"{"Event":"create_room","values":{"room_id":12,"room_name":"sales"}}"#)
        .await;
}

#[tokio::test]
async fn the_reply_comes_before_what_it_causes_and_orders_are_kept() {
    let world = world().await;
    let mut client = world.furnished().await;
    let mut watcher = world.client().await;
    client
        .send(r#"{"Command":"set_room_layout","room_id":12,"layout_id":3}"#)
        .await;
    let reply = client.frame().await;
    assert!(reply.starts_with("{\"Status\":\"OK\""), "{reply}");
    let layout = [
        "IMM_EVENT_SET_ROOM_LAYOUT",
        "IMM_EVENT_SET_PARTICIPANT_SEAT",
        "IMM_EVENT_SET_PARTICIPANT_SEAT",
        "IMM_EVENT_SET_ALL_PARTICIPANTS_STATE",
    ];
    assert_eq!(names(&mut client, 4).await, layout);
    assert_eq!(names(&mut watcher, 4).await, layout);
    // What is so already is told to nobody.
    for same in [
        r#"{"Command":"set_participant_state","room_id":12,"participant_id":3,"control_to_edit":3,"value":1}"#,
        r#"{"Command":"set_all_participants_state","room_id":12,"control_to_edit":3,"value":1}"#,
        r#"{"Command":"set_participant_name","room_id":12,"participant_id":3,"name":"Ana"}"#,
    ] {
        client.ok(same).await;
    }
    world.expect_nothing_more(&mut client).await;
    assert_eq!(names(&mut watcher, 1).await, ["custom_event"]);
    client
        .send(r#"{"Command":"destroy_room","room_id":12}"#)
        .await;
    let reply = client.frame().await;
    assert!(reply.starts_with("{\"Status\":\"OK\""), "{reply}");
    let destroyed = [
        "IMM_EVENT_REMOVE_PARTICIPANT",
        "IMM_EVENT_REMOVE_PARTICIPANT",
        "IMM_EVENT_DESTROY_ROOM",
    ];
    assert_eq!(names(&mut client, 3).await, destroyed);
    assert_eq!(names(&mut watcher, 3).await, destroyed);
}

/// event-manager.md §7.1 and §13, item 6.
#[tokio::test]
async fn custom_events_reach_everybody() {
    let world = world().await;
    let mut client = world.furnished().await;
    let mut watcher = world.client().await;
    client
        .ok(r#"{"Command":"custom_event","room_id":"12","topic":"hand","participant_id":3}"#)
        .await;
    let told = r#"{"Event":"custom_event","room_id":12,"topic":"hand","participant_id":3}"#;
    assert_eq!(client.event().await, told);
    watcher.expect(told).await;
    // A script does the like with `sendevent`.
    let fire = |headers: &[(&str, &str)], body: &str| Fire {
        event: CustomEvent {
            name: "CUSTOM".into(),
            subclass: Some("immersitech::custom_event".into()),
            headers: headers
                .iter()
                .map(|(n, v)| ((*n).into(), (*v).into()))
                .collect(),
            body: Some(body.into()),
            from_client: true,
        },
    };
    let switch = world.switch.handle();
    let tell = async |event| switch.ask(event, Origin::internal("test")).await.unwrap();
    tell(fire(
        &[("Event-Subclass", "x"), ("room-id", "12")],
        "Lunch!",
    ))
    .await;
    watcher
        .expect(r#"{"Event":"custom_event","room_id":12,"message":"Lunch!"}"#)
        .await;
    tell(fire(&[], "nowhere")).await;
    tell(fire(
        &[("Room-Id", "12"), ("Room-Name", "sales")],
        r#"{"Event":1}"#,
    ))
    .await;
    watcher
        .expect(r#"{"Event":"custom_event","room_id":12,"room_name":"sales","custom_Event":1}"#)
        .await;
}

/// A phone in the conference 3000.
async fn phone_joins(world: &World) {
    world
        .switch
        .with(|world| {
            let phone = world.add_phone("1000");
            let now = world.now();
            world.phones[phone].register(now, 3600);
            world.run_phones();
            world.run(Duration::from_secs(1));
            let now = world.now();
            world.phones[phone].call(now, "3000");
            world.run_phones();
            world.run(Duration::from_secs(4));
        })
        .await;
}

#[tokio::test]
async fn telephones_are_participants_and_are_heard() {
    let world = world().await;
    let mut client = world.client().await;
    phone_joins(&world).await;
    // Its conference is called otherwise than a number.
    let made = client.expect_event("IMM_EVENT_CREATE_ROOM").await;
    let (room, name) = (made["room_id"].clone(), made["room_name"].clone());
    assert_eq!(room, 1_000_000_000);
    assert!(
        name.as_str().is_some_and(|name| name.starts_with("3000")),
        "{made}"
    );
    let added = client.expect_event("IMM_EVENT_ADD_PARTICIPANT").await;
    let id = added["participant_id"].as_i64().unwrap();
    client.expect_event("IMM_EVENT_SET_PARTICIPANT_SEAT").await;
    assert_eq!(
        client.event().await,
        format!(
            r#"{{"Event":"custom_event","room_id":{room},"room_name":{name},"participant_id":"{id}","action":"start-talking"}}"#
        )
    );
    let mute = json!({"Command": "set_participant_state", "room_id": name, "participant_id": id,
                      "control_to_edit": "IMM_CONTROL_MUTE_ENABLE", "value": true});
    client.ok(&mute.to_string()).await;
    client.expect_event("IMM_EVENT_SET_PARTICIPANT_STATE").await;
    let away = json!({"Command": "remove_participant", "room_id": room, "participant_id": id});
    client.ok(&away.to_string()).await;
    world
        .switch
        .with(|world| world.run(Duration::from_secs(1)))
        .await;
    let mut last = Vec::new();
    while last
        .last()
        .is_none_or(|name| name != "IMM_EVENT_DESTROY_ROOM")
    {
        last.extend(names(&mut client, 1).await);
    }
    assert!(
        last.contains(&"IMM_EVENT_REMOVE_PARTICIPANT".to_owned()),
        "{last:?}"
    );
    let gone = json!({"Command": "get_room", "room_id": room});
    client.refused(&gone.to_string(), -9993).await;
}

/// Two doors of one server, each with clients of another generation.
#[tokio::test]
async fn each_door_speaks_its_own_dialect() {
    let world = world().await;
    let config = Config {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        allow_plaintext: true,
        dialect: Dialect {
            event_names: EventNames::Short,
            event_flat: false,
            ..Dialect::default()
        },
        ..Config::default()
    };
    let process = CancellationToken::new();
    let other = start(config, world.switch.handle(), &process)
        .await
        .unwrap();
    let mut here = world.client().await;
    let mut there = Client::connect(other.local_addrs()[0]).await;
    there.ok(r#"{"Command":"get_version"}"#).await;
    here.ok(r#"{"Command":"create_room","room_id":12}"#).await;
    let full = r#"{"Event":"IMM_EVENT_CREATE_ROOM","values":{"room_id":12},"room_id":12}"#;
    assert_eq!(here.event().await, full);
    let short = r#"{"Event":"create_room","values":{"room_id":12}}"#;
    assert_eq!(there.event().await, short);
}

/// However many events wait, what is said of a command is not said in the middle of what happened before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_overtakes_nothing_that_was_there_before() {
    // The layout, and everybody but the one whose place is the same in both.
    const TOLD: usize = 300;
    let world = world_with(|config| {
        config.max_queue = 64;
        config.send_buffer = Some(8 << 10);
        // Nobody who does not read is told more than has room while this test takes its time.
        config.slack = Duration::from_secs(60);
    })
    .await;
    let mut client = Client::connect_narrow(world.door.local_addrs()[0]).await;
    client.ok(r#"{"Command":"create_room","room_id":12}"#).await;
    for id in 1..=300 {
        let add = format!(r#"{{"Command":"add_participant","room_id":12,"participant_id":{id}}}"#);
        client.ok(&add).await;
    }
    for _ in 0..601 {
        client.event().await;
    }
    let mut watcher = world.client().await;
    for round in 0..20 {
        let layout = 2 - round % 2;
        let set = format!(r#"{{"Command":"set_room_layout","room_id":12,"layout_id":{layout}}}"#);
        client.send(&set).await;
        // Events go to the older connection first: what this one has seen waits there too, for its peer does not read.
        for _ in 0..TOLD {
            watcher.event().await;
        }
        client.send(r#"{"Command":"get_version"}"#).await;
        assert!(client.frame().await.contains("set_room_layout"));
        let mut told = 0;
        while !client.frame().await.starts_with("{\"Status\"") {
            told += 1;
        }
        assert_eq!(told, TOLD);
    }
}
