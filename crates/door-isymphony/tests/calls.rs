//! Events of calls over the whole switch (event-api.md §5), and their ids in the Live API (§11.6).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use serde_json::{Value, json};
use support::{World, world};

const LIVE: &str = "rest/live/coreServers/getByName/default";

fn told(events: &[Value]) -> Vec<String> {
    let number = |event: &Value, name: &str| event[name].as_str().unwrap_or("-").to_owned();
    let of_interest = events.iter().filter(|event| {
        !matches!(
            event["type"].as_str(),
            Some("extensionState" | "agentState" | "callerId")
        )
    });
    of_interest
        .map(|event| {
            let kind = event["type"].as_str().unwrap();
            if event.get("callSegmentId1").is_some() {
                let (one, two) = (
                    number(event, "extensionNumber1"),
                    number(event, "extensionNumber2"),
                );
                format!("{kind} {one} {two}")
            } else {
                format!("{kind} {}", number(event, "extensionNumber"))
            }
        })
        .collect()
}

async fn segments(world: &World) -> Vec<Value> {
    let all = world.get(&format!("{LIVE}/callSegments")).await;
    all.as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_from_dial_to_hangup() {
    let world = world().await;
    world.phones(&["1000", "1001"]).await;
    let mut client = world.client().await;
    world.call(0, "1001", 6).await;
    let during = world.told(&mut client).await;
    assert_eq!(
        told(&during),
        ["dial 1000 1001", "dialEnd 1000 1001", "link 1000 1001"]
    );

    // Every id in an event is one of the Live API.
    let link = during.iter().find(|event| event["type"] == "link").unwrap();
    let core = world.get(LIVE).await;
    assert_eq!(link["coreServerId"], core["id"]);
    for side in ["1", "2"] {
        let id = |name: &str| link[format!("{name}{side}")].as_str().unwrap().to_owned();
        let segment = world
            .get(&format!("{LIVE}/callSegments/{}", id("callSegmentId")))
            .await;
        assert_eq!(segment["type"], "INTERNAL");
        assert_eq!(segment["callerId"]["number"], id("callerIdNumber"));
        assert_eq!(segment["did"], Value::Null);
        assert_eq!(segment["incoming"], side == "2");
        let extension = world
            .get(&format!("{LIVE}/extensions/{}", id("extensionId")))
            .await;
        assert_eq!(extension["extensionNumber"], id("extensionNumber"));
        let user = world.get(&format!("{LIVE}/users/{}", id("userId"))).await;
        assert_eq!(user["userName"], id("username"));
        assert_eq!(link[format!("did{side}")], Value::Null);
    }
    let first = link["callSegmentId1"].as_str().unwrap();
    let linked = world
        .get(&format!("{LIVE}/callSegments/{first}/linkedTo"))
        .await;
    assert_eq!(linked[0]["id"], link["callSegmentId2"]);
    let own = world
        .get(&format!("{LIVE}/extensions/getByName/1001/callSegments"))
        .await;
    assert_eq!(own[0]["id"], link["callSegmentId2"]);

    world.hang_up(0).await;
    let after = world.told(&mut client).await;
    assert_eq!(
        told(&after),
        ["linkEnd 1000 1001", "hangup 1000", "hangup 1001"]
    );
    world
        .refused("GET", &format!("{LIVE}/callSegments/{first}"), "", 404)
        .await;
    let times: Vec<i64> = during
        .iter()
        .chain(&after)
        .map(|event| event["time"].as_i64().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    // Members stand in alphabetical order.
    let hangup = after
        .iter()
        .find(|event| event["type"] == "hangup")
        .unwrap();
    let names: Vec<&String> = hangup.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "callSegmentId",
            "callerIdName",
            "callerIdNumber",
            "coreServerId",
            "did",
            "extensionId",
            "extensionNumber",
            "time",
            "type",
            "userId",
            "username"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_up_is_told_first() {
    let world = world().await;
    world.phones(&["1000", "1001"]).await;
    let mut client = world.client().await;
    world.call(0, "1001", 6).await;
    world.told(&mut client).await;
    let callee = segments(&world).await[1]["id"].as_str().unwrap().to_owned();
    // The called telephone's leg is ended by an action; the caller's follows.
    world
        .done("POST", &format!("{LIVE}/callSegments/{callee}/hangup"), "")
        .await;
    world.pass(2).await;
    let events = world.told(&mut client).await;
    assert_eq!(
        told(&events),
        ["linkEnd 1000 1001", "hangup 1001", "hangup 1000"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers() {
    let world = world().await;
    world.phones(&["1000"]).await;
    let mut client = world.client().await;
    // Not registered: nobody is dialled.
    world.call(0, "1005", 3).await;
    assert_eq!(told(&world.told(&mut client).await), ["hangup 1000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_losers_of_a_group_end_before_the_link() {
    let world = world().await;
    world.phones(&["1000", "1001", "1002"]).await;
    let mut client = world.client().await;
    world.call(0, "2000", 6).await;
    let events = told(&world.told(&mut client).await);
    let at = |what: &str| {
        events
            .iter()
            .position(|event| event.starts_with(what))
            .unwrap()
    };
    let count = |what: &str| {
        events
            .iter()
            .filter(|event| event.starts_with(what))
            .count()
    };
    let dialled = count("dial ");
    assert!(dialled >= 2, "{events:?}");
    assert_eq!(count("dialEnd "), dialled, "{events:?}");
    assert_eq!(count("hangup "), dialled - 1, "{events:?}");
    assert_eq!(at("link "), events.len() - 1, "{events:?}");
    world.hang_up(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_keeps_the_segment_that_stays() {
    let world = world().await;
    world.phones(&["1000", "1001", "1002"]).await;
    let mut client = world.client().await;
    world.call(0, "1001", 6).await;
    let before = world.told(&mut client).await;
    let link = before
        .iter()
        .find(|event| event["type"] == "link")
        .unwrap()
        .clone();
    world
        .switch
        .with(move |world| {
            let now = world.now();
            let call = *world.phones[0].calls.keys().next().unwrap();
            world.phones[0].refer(now, call, "1002");
            world.run(std::time::Duration::from_secs(6));
        })
        .await;
    let events = world.told(&mut client).await;
    assert_eq!(
        told(&events),
        [
            "linkEnd 1000 1001",
            "dial 1001 1002",
            "dialEnd 1001 1002",
            "link 1001 1002",
            "hangup 1000"
        ]
    );
    let dial = events.iter().find(|event| event["type"] == "dial").unwrap();
    assert_eq!(dial["callSegmentId1"], link["callSegmentId2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn conference_rooms() {
    let world = world().await;
    world.phones(&["1000"]).await;
    let mut client = world.client().await;
    world.call(0, "3000", 3).await;
    let joined = world.told(&mut client).await;
    assert_eq!(told(&joined), ["confRoomCallJoin 1000"]);
    let join = joined
        .iter()
        .find(|event| event["type"] == "confRoomCallJoin")
        .unwrap();
    assert_eq!(join["conferenceRoomName"], "3000");
    let id = join["conferenceRoomId"].as_str().unwrap();
    let room = world.get(&format!("{LIVE}/conferences/{id}")).await;
    assert_eq!(
        room,
        world
            .get(&format!("{LIVE}/conferences/getByName/3000"))
            .await
    );
    assert_eq!(room["userGenerated"], true);
    assert_eq!(room["configurationId"], Value::Null);
    let inside = world
        .get(&format!("{LIVE}/conferences/{id}/callSegments"))
        .await;
    assert_eq!(inside[0]["id"], join["callSegmentId"]);

    let segment = join["callSegmentId"].as_str().unwrap();
    world
        .done("POST", &format!("{LIVE}/callSegments/{segment}/mute"), "")
        .await;
    world
        .done("POST", &format!("{LIVE}/callSegments/{segment}/unmute"), "")
        .await;
    assert_eq!(
        told(&world.told(&mut client).await),
        ["confRoomCallMute 1000", "confRoomCallUnmute 1000"]
    );
    world.hang_up(0).await;
    let left = world.told(&mut client).await;
    assert_eq!(told(&left), ["confRoomCallLeave 1000", "hangup 1000"]);
    assert_eq!(
        left.iter()
            .find(|e| e["type"] == "confRoomCallLeave")
            .unwrap()["conferenceRoomId"],
        id
    );
    world
        .refused("GET", &format!("{LIVE}/conferences/{id}"), "", 404)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_room_keeps_its_id() {
    let world = world().await;
    world.phones(&["1000"]).await;
    let core = world
        .get("rest/config/server/coreServers/getBySlug/default")
        .await;
    let core = core["id"].as_str().unwrap();
    let rooms = format!("rest/config/asterisk/{core}/conferenceRooms");
    world
        .done(
            "POST",
            &rooms,
            r#"{"id":"r1","identifier":"3000","name":"Main"}"#,
        )
        .await;
    let before = world
        .get(&format!("{LIVE}/conferences/getByName/3000"))
        .await;
    assert_eq!(
        (&before["configurationId"], &before["userGenerated"]),
        (&json!("r1"), &json!(false))
    );
    let mut client = world.client().await;
    world.call(0, "3000", 3).await;
    let joined = world.told(&mut client).await;
    let join = joined
        .iter()
        .find(|event| event["type"] == "confRoomCallJoin")
        .unwrap();
    assert_eq!(join["conferenceRoomId"], before["id"]);
    assert_eq!(join["conferenceRoomName"], "Main");
    world.hang_up(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_by_a_panel() {
    let world = world().await;
    world.phones(&["1000", "1001", "1002"]).await;
    let mut client = world.client().await;
    world.call(0, "1001", 6).await;
    let before = world.told(&mut client).await;
    let link = before.iter().find(|event| event["type"] == "link").unwrap();
    let called = link["callSegmentId2"].as_str().unwrap();
    let transfer = format!("{LIVE}/callSegments/{called}/transfer");
    world
        .done("POST", &transfer, r#"{"destination":"1002"}"#)
        .await;
    world.pass(6).await;
    let events = world.told(&mut client).await;
    assert_eq!(
        told(&events),
        [
            "linkEnd 1000 1001",
            "hangup 1000",
            "dial 1001 1002",
            "dialEnd 1001 1002",
            "link 1001 1002"
        ]
    );
    let dial = events.iter().find(|event| event["type"] == "dial").unwrap();
    assert_eq!(dial["callSegmentId1"], called);
}

/// event-api.md §5.3: what a device does, from the ringing to the end.
#[tokio::test(flavor = "multi_thread")]
async fn states_of_an_extension() {
    let world = world().await;
    let mut client = world.client().await;
    client
        .filter(&[("type", "extensionState"), ("extensionNumber", "1001")])
        .await;
    world.phones(&["1000", "1001"]).await;
    world.call(0, "1001", 6).await;
    world.hang_up(0).await;
    let events = world.told(&mut client).await;
    let mut states: Vec<&str> = events
        .iter()
        .map(|event| event["state"].as_str().unwrap())
        .collect();
    states.dedup();
    assert_eq!(states, ["NOT_INUSE", "RINGING", "INUSE", "NOT_INUSE"]);
}

/// event-api.md §5.3 `callerId`, §7.3: the telephone rung first shows what it is told to, and goes on as a caller under
/// its own name.
#[tokio::test(flavor = "multi_thread")]
async fn a_called_telephone_becomes_a_caller() {
    let world = world().await;
    world.phones(&["1000", "1001"]).await;
    let mut client = world.client().await;
    let body = r#"{"destination":"1001","callerIdName":"Front desk","callerIdNumber":"555"}"#;
    let originate = format!("{LIVE}/extensions/getByName/1000/originate");
    world.done("POST", &originate, body).await;
    world.pass(6).await;
    let events = world.told(&mut client).await;
    let caller = events.iter().find(|event| event["type"] == "callerId");
    let (caller, link) = (
        caller.unwrap(),
        events.iter().find(|event| event["type"] == "link").unwrap(),
    );
    assert_eq!(caller["callSegmentId"], link["callSegmentId1"]);
    assert_eq!(
        (&caller["extensionNumber"], &caller["callerIdNumber"]),
        (&json!("1000"), &json!("1000"))
    );
    assert_eq!(caller["callerIdName"], link["callerIdName1"]);
    let segment = caller["callSegmentId"].as_str().unwrap();
    let shown = world.get(&format!("{LIVE}/callSegments/{segment}")).await;
    assert_eq!(shown["callerId"]["number"], "1000");
    assert_eq!(shown["callerId"]["name"], caller["callerIdName"]);
    let rung = world
        .switch
        .with(|world| {
            let invite = world.phones[0].invite.as_ref().unwrap();
            invite.header_named("From").unwrap().to_owned()
        })
        .await;
    assert!(
        rung.contains("Front desk") && rung.contains("555"),
        "{rung}"
    );
    world.hang_up(0).await;
}
