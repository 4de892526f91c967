//! Queries and actions of the Live API (event-api.md §7, §11.7, §11.8).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use api::view::CallState;
use serde_json::{Value, json};
use support::{World, world};

const LIVE: &str = "rest/live/coreServers/getByName/default";

#[tokio::test(flavor = "multi_thread")]
async fn ids_and_names_mixed_lead_to_the_same() {
    let world = world().await;
    let core = world.get(LIVE).await;
    let core_id = core["id"].as_str().unwrap();
    let wanted = world
        .get(&format!("{LIVE}/extensions/getByName/1001"))
        .await;
    let id = wanted["id"].as_str().unwrap();
    for path in [
        format!("{LIVE}/extensions/{id}"),
        format!("rest/live/coreServers/{core_id}/extensions/getByName/1001"),
        format!("rest/live/coreServers/{core_id}/extensions/{id}/"),
        format!("rest/live/coreServers/{core_id}//extensions/getByName/%31001"),
    ] {
        assert_eq!(world.get(&path).await, wanted, "{path}");
    }
    let names: Vec<&String> = wanted.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "configurationId",
            "displayName",
            "dnd",
            "extensionNumber",
            "id",
            "permissionId",
            "state",
            "userId"
        ]
    );
    for nothing in [
        "rest/live/coreServers/getByName/other/extensions".to_owned(),
        format!("{LIVE}/extensions/getByName/999"),
        format!("{LIVE}/extensions/{core_id}"),
        format!("{LIVE}/queues/getByName/5999/agents"),
        format!("{LIVE}/parkingLots/getByName/x"),
        format!("{LIVE}/nothing"),
    ] {
        world.refused("GET", &nothing, "", 404).await;
    }
    let cores = world.get("rest/live/coreServers").await;
    assert_eq!(cores, json!([core]));
}

#[tokio::test(flavor = "multi_thread")]
async fn live_and_configured_names_differ() {
    let world = world().await;
    let user = world.get(&format!("{LIVE}/users/getByName/1001")).await;
    assert_eq!(
        (&user["userName"], &user["displayedName"]),
        (&json!("1001"), &json!("Extension 1001"))
    );
    assert!(user.get("username").is_none() && user.get("password").is_none());
    let core = world.get(LIVE).await["configurationId"]
        .as_str()
        .unwrap()
        .to_owned();
    let id = user["configurationId"].as_str().unwrap();
    let configured = world
        .get(&format!("rest/config/core/{core}/users/{id}"))
        .await;
    assert_eq!(
        (&configured["username"], &configured["displayName"]),
        (&json!("1001"), &json!("Extension 1001"))
    );
    let own = world
        .get(&format!("{LIVE}/users/getByName/1001/extensions"))
        .await;
    assert_eq!(own[0]["extensionNumber"], "1001");
    let bound = world
        .get(&format!("{LIVE}/extensions/getByName/1001/user"))
        .await;
    assert_eq!(bound, user);
    assert_eq!(
        world
            .get(&format!("{LIVE}/users"))
            .await
            .as_array()
            .unwrap()
            .len(),
        20
    );
    world
        .refused(
            "GET",
            &format!("{LIVE}/users/getByName/1001/status"),
            "",
            404,
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_there_while_they_are_enabled() {
    let world = world().await;
    let core = world.get(LIVE).await["configurationId"]
        .as_str()
        .unwrap()
        .to_owned();
    let queues = format!("rest/config/asterisk/{core}/queues");
    let body = r#"{"id":"q","identifier":"5999","displayName":"Support"}"#;
    world.done("POST", &queues, body).await;
    let found = world.get(&format!("{LIVE}/queues/getByName/5999")).await;
    assert_eq!(
        (&found["displayName"], &found["configurationId"]),
        (&json!("Support"), &json!("q"))
    );
    let all = world.get(&format!("{LIVE}/queues")).await;
    assert_eq!(all[0], found);
    assert_eq!(all[1]["identifier"], "5001");
    assert_eq!(
        world
            .get(&format!("{LIVE}/queues/getByName/5999/agents"))
            .await,
        json!([])
    );
    // Nobody can log in where the switch has no queue.
    let login = format!("{LIVE}/queues/getByName/5999/login");
    world.refused("POST", &login, "{}", 404).await;
    world
        .done("PUT", &format!("{queues}/q"), r#"{"enabled":false}"#)
        .await;
    let all = world.get(&format!("{LIVE}/queues")).await;
    assert_eq!(all.as_array().unwrap().len(), 1);
    world
        .refused(
            "GET",
            &format!("{LIVE}/queues/getByName/5999/agents"),
            "",
            404,
        )
        .await;
}

async fn segments(world: &World) -> Vec<Value> {
    let all = world.get(&format!("{LIVE}/callSegments")).await;
    all.as_array().unwrap().clone()
}

async fn segment_of(world: &World, number: &str) -> String {
    let own = world
        .get(&format!(
            "{LIVE}/extensions/getByName/{number}/callSegments"
        ))
        .await;
    let id = own[0]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{number} has no segment"));
    format!("{LIVE}/callSegments/{id}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_begun_held_sent_on_recorded_and_ended() {
    let world = world().await;
    world.phones(&["1000", "1001", "1002"]).await;
    let originate = format!("{LIVE}/extensions/getByName/1000/originate");
    assert_eq!(
        world.refused("POST", &originate, "{}", 412).await,
        "No destination provided."
    );
    world
        .refused("POST", &originate, r#"{"destination":"a b"}"#, 412)
        .await;
    world
        .refused("POST", &originate, r#"{"extensionId":"x"}"#, 404)
        .await;
    world.refused("POST", &originate, "{", 412).await;
    let mut client = world.client().await;
    client
        .filter(&[
            ("type", "dial"),
            ("type", "link"),
            ("type", "hold"),
            ("type", "holdEnd"),
            ("type", "recordStart"),
            ("type", "recordEnd"),
        ])
        .await;
    world
        .done("POST", &originate, r#"{"destination":"1001"}"#)
        .await;
    world.pass(6).await;
    let begun = world.told(&mut client).await;
    let kinds: Vec<_> = begun
        .iter()
        .map(|event| {
            (
                event["type"].as_str().unwrap(),
                event["extensionNumber1"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(kinds, [("dial", "1000"), ("link", "1000")]);
    assert_eq!(segments(&world).await.len(), 2);

    let ana = segment_of(&world, "1000").await;
    world.done("POST", &format!("{ana}/hold"), "").await;
    world.pass(2).await;
    assert_eq!(world.get(&ana).await["onHold"], true);
    world.done("POST", &format!("{ana}/unhold"), "").await;
    world.pass(2).await;
    assert_eq!(world.get(&ana).await["onHold"], false);

    world.done("POST", &format!("{ana}/mute"), "").await;
    world.done("POST", &format!("{ana}/unmute"), "").await;

    world
        .done("POST", &format!("{ana}/startRecording"), "")
        .await;
    world.pass(1).await;
    assert!(recorded(&world, &ana, true).await);
    world
        .done("POST", &format!("{ana}/stopRecording"), "")
        .await;
    world.pass(1).await;
    assert!(recorded(&world, &ana, false).await);
    let kinds: Vec<String> = world
        .told(&mut client)
        .await
        .iter()
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["hold", "holdEnd", "recordStart", "recordEnd"]);

    // The called side goes on to somebody else; parameters may stand in the query.
    let bo = segment_of(&world, "1001").await;
    world
        .done("POST", &format!("{bo}/transfer?destination=1002"), "")
        .await;
    world.pass(6).await;
    let linked = world.get(&format!("{bo}/linkedTo")).await;
    assert_eq!(linked[0]["callerId"]["number"], "1002");

    world.done("POST", &format!("{bo}/hangup"), "").await;
    world.pass(2).await;
    assert_eq!(segments(&world).await, Vec::<Value>::new());
    world
        .refused("POST", &format!("{bo}/hangup"), "", 404)
        .await;
}

/// The door learns of recordings by events, a moment after they are answered.
async fn recorded(world: &World, segment: &str, wanted: bool) -> bool {
    let seen = async {
        while world.get(segment).await["recording"] != wanted {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(support::PATIENCE, seen).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_cannot_be_made_is_refused() {
    let world = world().await;
    let originate = format!("{LIVE}/extensions/getByName/1000/originate");
    let text = world
        .refused("POST", &originate, r#"{"destination":"1001"}"#, 500)
        .await;
    assert_eq!(text, "The call failed with USER_NOT_REGISTERED.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ringing_call_is_dialled_by_the_other() {
    let world = world().await;
    world.phones(&["1000", "1001"]).await;
    // Telephones answer after half a second.
    world
        .switch
        .with(|world| {
            let now = world.now();
            world.phones[0].call(now, "1001").unwrap();
            while world.view.channels.size() < 2 {
                world.run(std::time::Duration::from_millis(20));
            }
            world.run(std::time::Duration::from_millis(200));
        })
        .await;
    let ana = segment_of(&world, "1000").await;
    let bo = segment_of(&world, "1001").await;
    let id = |path: &str| json!(path.rsplit('/').next().unwrap());
    assert_eq!(world.get(&format!("{ana}/dialing")).await[0]["id"], id(&bo));
    assert_eq!(
        world.get(&format!("{bo}/dialedBy")).await[0]["id"],
        id(&ana)
    );
    assert_eq!(world.get(&format!("{ana}/linkedTo")).await, json!([]));
    let channels = world.switch.handle().view();
    assert!(
        channels
            .channels
            .values()
            .any(|channel| channel.call_state == CallState::Ringing)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_there() {
    let world = world().await;
    let document = world.get("rest/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    let reply = world.ask("POST", "rest/openapi.json", "").await;
    assert_eq!(reply.status, 405);
}
