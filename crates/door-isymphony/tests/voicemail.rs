//! Voicemail at the door (event-api.md §5.3, §7.1, §7.3, §8.4).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use serde_json::{Value, json};
use support::{World, world};

const LIVE: &str = "rest/live/coreServers/getByName/default";

async fn counts(world: &World, client: &mut support::Client) -> Vec<(String, u64, u64)> {
    let told = world.told(client).await.into_iter();
    let told = told.filter(|event| event["type"] == "voicemail");
    told.map(|event| {
        let number = event["extensionNumber"].as_str().unwrap().to_owned();
        let count = |name: &str| event[name].as_u64().unwrap();
        (number, count("newMessages"), count("oldMessages"))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_told_for_every_extension_whose_box_it_is() {
    let world = world().await;
    world.phones(&["1000", "1001"]).await;
    let core = world.get(LIVE).await["configurationId"].clone();
    let extensions = format!("rest/config/asterisk/{}/extensions", core.as_str().unwrap());
    let all = world.get(&extensions).await;
    let named = |number: &str| {
        let all = all.as_array().unwrap().iter();
        let mut named = all.filter(|one| one["extension"] == number);
        named.next().unwrap()["id"].as_str().unwrap().to_owned()
    };
    // The assistant looks after the box, in the domain of that name; another one has none.
    let shared = format!("{extensions}/{}", named("1002"));
    let body = json!({"voiceMailBox": "1001", "voiceMailContext": "127.0.0.1"});
    world.done("PUT", &shared, &body.to_string()).await;
    let none = format!("{extensions}/{}", named("1003"));
    let body = json!({"voiceMailBox": "4711", "voiceMailContext": "default"});
    world.done("PUT", &none, &body.to_string()).await;

    let mut client = world.client().await;
    world.call(0, "*991001", 8).await;
    world.hang_up(0).await;
    let expected = [("1001".to_owned(), 1, 0), ("1002".to_owned(), 1, 0)];
    assert_eq!(counts(&world, &mut client).await, expected);

    let shown = world.get(&format!("{LIVE}/voicemail/1001")).await;
    let same = world
        .get(&format!("{LIVE}/voicemail/1001@127.0.0.1/"))
        .await;
    assert_eq!(shown, same);
    let members: Vec<&String> = shown.as_object().unwrap().keys().collect();
    let expected = [
        "domain",
        "extensionId",
        "extensionNumber",
        "mailbox",
        "messages",
        "newMessages",
        "oldMessages",
    ];
    assert_eq!(members, expected);
    assert_eq!(shown["extensionNumber"], "1001");
    assert_eq!(
        (&shown["newMessages"], &shown["oldMessages"]),
        (&json!(1), &json!(0))
    );
    let message = &shown["messages"][0];
    assert_eq!(message["callerId"]["number"], "1000");
    assert!(message["length"].as_u64().unwrap() > 3_000, "{message}");
    assert!(message["time"].as_i64().unwrap() > 1_600_000_000_000);
    for nobody in ["4711", "1001@elsewhere", "@"] {
        let path = format!("{LIVE}/voicemail/{nobody}");
        let said = world.refused("GET", &path, "", 404).await;
        assert_eq!(said, "No voicemail box with the given number exists.");
    }

    // A call goes to the box of an extension.
    world.call(0, "9196", 1).await;
    let segments = world.get(&format!("{LIVE}/callSegments")).await;
    let segment = segments[0]["id"].as_str().unwrap();
    let action = format!("{LIVE}/callSegments/{segment}/transferToVoicemail");
    let to = |number: &str| json!({"extensionNumber": number}).to_string();
    let said = world.refused("POST", &action, "{}", 412).await;
    assert_eq!(said, "No extensionId provided.");
    let said = world.refused("POST", &action, &to("1003"), 404).await;
    assert_eq!(said, "The extension has no voicemail box.");
    world.refused("POST", &action, &to("999"), 404).await;
    let nothing = format!("{LIVE}/callSegments/nothing/transferToVoicemail");
    world.refused("POST", &nothing, &to("1002"), 404).await;
    assert_eq!(counts(&world, &mut client).await, []);
    world.done("POST", &action, &to("1002")).await;
    world.pass(8).await;
    world.hang_up(0).await;
    let expected = [("1001".to_owned(), 2, 0), ("1002".to_owned(), 2, 0)];
    assert_eq!(counts(&world, &mut client).await, expected);
    let shown: Value = world.get(&format!("{LIVE}/voicemail/1001")).await;
    assert_eq!(shown["messages"].as_array().unwrap().len(), 2);
}
