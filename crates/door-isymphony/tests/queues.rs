//! Queues, agents, parking and do-not-disturb over the whole switch (event-api.md §5.1, §5.3, §7.3).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use serde_json::{Value, json};
use support::{Client, World, world};

const LIVE: &str = "rest/live/coreServers/getByName/default";
const QUEUE: &str = "rest/live/coreServers/getByName/default/queues/getByName/5001";

/// What a client was told, without what devices do.
async fn told(world: &World, client: &mut Client) -> Vec<Value> {
    let mut events = world.told(client).await;
    events.retain(|event| {
        !matches!(
            event["type"].as_str(),
            Some("extensionState" | "agentState" | "callerId")
        )
    });
    events
}

fn types(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

/// Logs everybody out of the queue who is there at first.
async fn nobody_at_work(world: &World) {
    for agent in world
        .get(&format!("{QUEUE}/agents"))
        .await
        .as_array()
        .unwrap()
    {
        let id = agent["id"].as_str().unwrap();
        world
            .done("POST", &format!("{QUEUE}/agents/{id}/logout"), "")
            .await;
    }
    assert_eq!(world.get(&format!("{QUEUE}/agents")).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_come_pause_and_go() {
    let world = world().await;
    world.phones(&["1001"]).await;
    nobody_at_work(&world).await;
    let mut client = world.client().await;
    world
        .done(
            "POST",
            &format!("{QUEUE}/login"),
            r#"{"extensionNumber":"1001","penalty":3}"#,
        )
        .await;
    let agents = world.get(&format!("{QUEUE}/agents")).await;
    assert_eq!(agents.as_array().unwrap().len(), 1);
    assert_eq!(
        (
            &agents[0]["penalty"],
            &agents[0]["paused"],
            &agents[0]["extensionNumber"]
        ),
        (&json!(3), &json!(false), &json!("1001"))
    );
    assert_eq!(agents[0]["state"], "NOT_INUSE");
    let id = agents[0]["id"].as_str().unwrap();
    let agent = format!("{QUEUE}/agents/{id}");
    world
        .done("POST", &format!("{agent}/pause"), r#"{"reason":"lunch"}"#)
        .await;
    assert_eq!(world.get(&agent).await["paused"], true);
    world.done("POST", &format!("{agent}/unpause"), "").await;
    world
        .done("POST", &format!("{agent}/penalty?penalty=2"), "")
        .await;
    world
        .refused("POST", &format!("{agent}/penalty"), "{}", 412)
        .await;
    world
        .refused(
            "POST",
            &format!("{QUEUE}/login"),
            r#"{"extensionNumber":"999"}"#,
            404,
        )
        .await;
    world
        .refused("POST", &format!("{QUEUE}/login"), "{}", 412)
        .await;
    let extension = world
        .get(&format!("{LIVE}/extensions/getByName/1001"))
        .await;
    let by_id = json!({"extensionId": extension["id"]}).to_string();
    world.done("POST", &format!("{QUEUE}/logout"), &by_id).await;
    world.refused("GET", &agent, "", 404).await;
    world
        .refused("POST", &format!("{agent}/pause"), "", 404)
        .await;

    let events = told(&world, &mut client).await;
    let mut kinds = types(&events);
    kinds.retain(|kind| *kind != "agentPenalty");
    assert_eq!(
        kinds,
        ["agentLogin", "agentPause", "agentUnpause", "agentLogout"]
    );
    let queue = world.get(QUEUE).await;
    for event in &events {
        assert_eq!(
            (&event["agentId"], &event["queueId"]),
            (&json!(id), &queue["id"])
        );
        assert_eq!(
            (&event["queue"], &event["username"]),
            (&json!("Help desk"), &json!("1001"))
        );
        assert_eq!(event["extensionId"], extension["id"]);
    }
    let pause = events
        .iter()
        .find(|event| event["type"] == "agentPause")
        .unwrap();
    assert_eq!(pause["pauseReason"], "lunch");
    let penalty = events
        .iter()
        .rfind(|event| event["type"] == "agentPenalty")
        .unwrap();
    assert_eq!(penalty["penalty"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_waits_and_has_an_agent() {
    let world = world().await;
    world.phones(&["1000", "1001"]).await;
    nobody_at_work(&world).await;
    let mut client = world.client().await;
    world.call(0, "5001", 3).await;
    let waiting = world.get(&format!("{QUEUE}/callSegments")).await;
    assert_eq!(waiting[0]["callerId"]["number"], "1000");
    let joined = told(&world, &mut client).await;
    assert_eq!(types(&joined), ["queueCallJoin"]);
    assert_eq!(
        (&joined[0]["position"], &joined[0]["callSegmentId"]),
        (&json!(1), &waiting[0]["id"])
    );
    world
        .done(
            "POST",
            &format!("{QUEUE}/login"),
            r#"{"extensionNumber":"1001"}"#,
        )
        .await;
    world.pass(5).await;
    let mut served = told(&world, &mut client).await;
    served.retain(|event| event["type"] != "agentPenalty");
    assert_eq!(
        types(&served),
        ["agentLogin", "dial", "dialEnd", "queueCallLeave", "link"]
    );
    for event in &served {
        println!("{event}");
    }
    assert_eq!(served[3]["reason"], "ANSWERED");
    for pair in [&served[1], &served[2], &served[4]] {
        assert_eq!(
            (&pair["extensionNumber1"], &pair["extensionNumber2"]),
            (&json!("1000"), &json!("1001"))
        );
    }
    world.hang_up(0).await;
    let ended = told(&world, &mut client).await;
    assert_eq!(types(&ended), ["linkEnd", "hangup", "hangup"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_gives_up() {
    let world = world().await;
    world.phones(&["1000"]).await;
    nobody_at_work(&world).await;
    let mut client = world.client().await;
    client
        .filter(&[("type", "queueCallLeave"), ("type", "hangup")])
        .await;
    world.call(0, "5001", 3).await;
    world.hang_up(0).await;
    let events = world.told(&mut client).await;
    let leave = events
        .iter()
        .find(|event| event["type"] == "queueCallLeave")
        .unwrap();
    assert_eq!(
        (&leave["reason"], &leave["extensionNumber"]),
        (&json!("ABANDONED"), &json!("1000"))
    );
    assert_eq!(events.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_parked_and_ends_there() {
    let world = world().await;
    world.phones(&["1000", "1001"]).await;
    let core = world.get(LIVE).await["configurationId"]
        .as_str()
        .unwrap()
        .to_owned();
    let lots = format!("rest/config/asterisk/{core}/parkingLots");
    let body = r#"{"id":"l","identifier":"valet_lot","name":"Main","destinationExtension":"6000"}"#;
    world.done("POST", &lots, body).await;
    world.call(0, "1001", 5).await;
    let own = world
        .get(&format!("{LIVE}/extensions/getByName/1001/callSegments"))
        .await;
    let segment = own[0]["id"].as_str().unwrap();
    let mut client = world.client().await;
    client
        .filter(&[("type", "park"), ("type", "parkEnd"), ("type", "linkEnd")])
        .await;
    world
        .done("POST", &format!("{LIVE}/callSegments/{segment}/park"), "")
        .await;
    world.pass(2).await;
    let lot = world
        .get(&format!("{LIVE}/parkingLots/getByName/valet_lot"))
        .await;
    assert_eq!(
        (&lot["name"], &lot["configurationId"]),
        (&json!("Main"), &json!("l"))
    );
    let id = lot["id"].as_str().unwrap();
    let parked = world
        .get(&format!("{LIVE}/parkingLots/{id}/callSegments"))
        .await;
    assert_eq!(parked[0]["id"], segment);
    let mut events = world.told(&mut client).await;
    events.retain(|event| event["type"] != "linkEnd");
    assert_eq!(types(&events), ["park"]);
    assert_eq!(
        (
            &events[0]["slot"],
            &events[0]["parkingLotId"],
            &events[0]["parkingLot"]
        ),
        (&json!("6001"), &lot["id"], &json!("Main"))
    );
    world
        .done("POST", &format!("{LIVE}/callSegments/{segment}/hangup"), "")
        .await;
    world.pass(2).await;
    let events = world.told(&mut client).await;
    assert_eq!(
        (types(&events), &events[0]["reason"]),
        (vec!["parkEnd"], &json!("HANGUP"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_no_calls_gets_none() {
    let world = world().await;
    world.phones(&["1000", "1001"]).await;
    let mut client = world.client().await;
    client
        .filter(&[("type", "extensionDnd"), ("type", "dial")])
        .await;
    let extension = format!("{LIVE}/extensions/getByName/1001");
    world
        .done("POST", &format!("{extension}/enableDnd"), "")
        .await;
    world.call(0, "1001", 2).await;
    world
        .done("POST", &format!("{extension}/dnd/disable"), "")
        .await;
    let events = world.told(&mut client).await;
    assert_eq!(types(&events), ["extensionDnd", "extensionDnd"]);
    assert_eq!(
        (&events[0]["enabled"], &events[1]["enabled"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(events[0]["extensionNumber"], "1001");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_says_of_himself() {
    use api::Origin;
    use api::command::user::SetUserStatus;
    use api::view::{Extension, StatusType, UserStatus};
    let world = world().await;
    let mut client = world.client().await;
    let command = SetUserStatus {
        user: Extension {
            user: "1001".into(),
            domain: "127.0.0.1".into(),
        },
        status: Some(UserStatus {
            name: "Lunch".into(),
            kind: StatusType::Away,
            note: "".into(),
            returns_at: None,
            own: true,
        }),
    };
    let switch = world.switch.handle();
    switch.ask(command, Origin::internal("test")).await.unwrap();
    let events = told(&world, &mut client).await;
    assert_eq!(types(&events), ["userStatus"]);
    assert_eq!(
        (&events[0]["returnTime"], &events[0]["username"]),
        (&json!(-1), &json!("1001"))
    );
    let status = world
        .get(&format!("{LIVE}/users/getByName/1001/status"))
        .await;
    assert_eq!(
        status,
        json!({"name": "Lunch", "note": "", "returnTime": -1, "statusType": "away", "userCreated": true})
    );
}

/// The `park` and `parkEnd` a client was told of.
async fn parked(world: &World, client: &mut Client) -> Vec<Value> {
    let mut events = world.told(client).await;
    events.retain(|event| event["type"].as_str().unwrap().starts_with("park"));
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_call_is_taken_out_by_another_telephone() {
    let world = world().await;
    world.phones(&["1000", "1001"]).await;
    let mut client = world.client().await;
    client
        .filter(&[("type", "park"), ("type", "parkEnd"), ("type", "link")])
        .await;
    world.call(0, "6000", 3).await;
    let park = parked(&world, &mut client).await;
    assert_eq!(
        (types(&park), &park[0]["slot"], &park[0]["extensionNumber"]),
        (vec!["park"], &json!("6001"), &json!("1000"))
    );
    world.call(1, "6001", 3).await;
    let events = world.told(&mut client).await;
    let end = events.iter().find(|event| event["type"] == "parkEnd");
    let end = end.unwrap();
    assert_eq!(end["reason"], "RETRIEVED");
    for member in ["callSegmentId", "slot", "parkingLotId", "username"] {
        assert_eq!(end[member], park[0][member], "{member}");
    }
    let link = events.iter().find(|event| event["type"] == "link").unwrap();
    let linked = [&link["callSegmentId1"], &link["callSegmentId2"]];
    assert!(linked.contains(&&park[0]["callSegmentId"]), "{link}");
    world.hang_up(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_nobody_takes_out_is_parked_no_more() {
    use api::command::parking::ParkInLot;
    use api::{ChannelId, Origin};
    let world = world().await;
    world.phones(&["1000", "1001"]).await;
    world.call(0, "1001", 5).await;
    let own = world
        .get(&format!("{LIVE}/extensions/getByName/1000/callSegments"))
        .await;
    let segment = own[0]["id"].as_str().unwrap();
    let mut client = world.client().await;
    client
        .filter(&[("type", "park"), ("type", "parkEnd")])
        .await;
    let command = ParkInLot {
        channel: ChannelId::from_text(segment).unwrap(),
        lot: "valet_lot".into(),
        slot: None,
        range: (6001, 6099),
        timeout: Some(std::time::Duration::from_secs(4)),
    };
    let switch = world.switch.handle();
    switch.ask(command, Origin::internal("test")).await.unwrap();
    world.pass(2).await;
    assert_eq!(types(&parked(&world, &mut client).await), ["park"]);
    world.pass(4).await;
    let end = parked(&world, &mut client).await;
    assert_eq!(
        (types(&end), &end[0]["reason"], &end[0]["callSegmentId"]),
        (vec!["parkEnd"], &json!("TIMEOUT"), &json!(segment))
    );
    // Nobody configured the lot: it goes with its last call.
    let lots = world.get(&format!("{LIVE}/parkingLots")).await;
    assert_eq!(lots, json!([]));
}
