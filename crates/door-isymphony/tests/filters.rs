//! Filters over real connections (event-api.md §3, §11.2 to §11.4).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use futures_util::SinkExt;
use serde_json::{Value, json};
use support::{Client, world};
use tokio_tungstenite::tungstenite::Message;

fn types(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

/// Types without those of event-api.md §5.3.
fn documented(events: &[Value]) -> Vec<&str> {
    let mut types = types(events);
    types.retain(|kind| !matches!(*kind, "extensionState" | "agentState" | "callerId"));
    types
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_first_and_every_message_has_one_reply() {
    let world = world().await;
    let mut client = world.client().await;
    for (text, error) in [
        ("[]", "Message must be an object"),
        ("{\"type\":\"x\"}", "Unknown message type: x"),
        ("{", "Invalid JSON"),
    ] {
        client.send(text).await;
        let reply = client.next().await;
        assert_eq!(reply["type"], "error");
        assert_eq!(reply["error"], error);
        assert_eq!(reply["correlationId"], Value::Null);
        assert!(reply["time"].as_i64().unwrap() > 1_600_000_000_000);
        assert!(reply.get("coreServerId").is_none());
    }
    // UTF-8 in a binary frame is a message too.
    let binary = br#"{"type":"filter","correlationId":7}"#.to_vec();
    client.socket.send(Message::binary(binary)).await.unwrap();
    let reply = client.next().await;
    assert_eq!(
        (&reply["type"], &reply["correlationId"]),
        (&json!("success"), &json!(7))
    );
    client
        .socket
        .send(Message::binary(vec![0xff, 0xfe]))
        .await
        .unwrap();
    assert_eq!(client.next().await["error"], "Invalid JSON");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_over_a_call() {
    let world = world().await;
    world.phones(&["1000", "1001"]).await;
    let mut everything = world.client().await;
    let mut one = world.client().await;
    let mut either = world.client().await;
    let mut both = world.client().await;
    let mut present = world.client().await;
    let mut printed = world.client().await;
    one.filter(&[("type", "link")]).await;
    either.filter(&[("type", "dial"), ("type", "hangup")]).await;
    both.filter(&[("type", "hangup"), ("username", "1001")])
        .await;
    present.filter(&[("did1", "*")]).await;
    printed
        .send(r#"{ "type" : "filter", "filters" : [ {"property" : "type" : "value" : "dial"}, ... ] }"#)
        .await;
    assert_eq!(printed.next().await["type"], "success");
    world.call(0, "1001", 6).await;
    world.hang_up(0).await;

    let all = world.told(&mut everything).await;
    assert_eq!(
        documented(&all),
        ["dial", "dialEnd", "link", "linkEnd", "hangup", "hangup"]
    );
    assert_eq!(types(&world.told(&mut one).await), ["link"]);
    assert_eq!(
        types(&world.told(&mut either).await),
        ["dial", "hangup", "hangup"]
    );
    let of_1001 = world.told(&mut both).await;
    assert_eq!(types(&of_1001), ["hangup"]);
    assert_eq!(of_1001[0]["extensionNumber"], "1001");
    // Null counts as absent.
    assert!(world.told(&mut present).await.is_empty());
    assert_eq!(types(&world.told(&mut printed).await), ["dial"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_replaces_the_one_before_and_a_wrong_one_does_not() {
    let world = world().await;
    world.phones(&["1000", "1001"]).await;
    let mut client = world.client().await;
    client.filter(&[("type", "link")]).await;
    client.filter(&[("type", "dialEnd")]).await;
    client
        .send(r#"{"type":"filter","filters":[{"property":"type"}]}"#)
        .await;
    assert_eq!(client.next().await["error"], "Filter 1: value missing");
    world.call(0, "1001", 6).await;
    world.hang_up(0).await;
    assert_eq!(types(&world.told(&mut client).await), ["dialEnd"]);
    // Nothing restores everything.
    client.filter(&[]).await;
    world.call(0, "1001", 6).await;
    world.hang_up(0).await;
    let all = world.told(&mut client).await;
    assert_eq!(
        documented(&all),
        ["dial", "dialEnd", "link", "linkEnd", "hangup", "hangup"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_long_ends_the_connection() {
    let world = world().await;
    let mut client = world.client().await;
    client.send(&"x".repeat((256 << 10) + 1)).await;
    let (_, close) = client.rest().await;
    assert_eq!(close.unwrap().0, 1009);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_can_be_switched_to_strict() {
    let world = support::world_with(|config| config.lenient_filters = false).await;
    let mut client: Client = world.client().await;
    client
        .send(r#"{"type":"filter","filters":[{"property":"a":"value":"b"}]}"#)
        .await;
    assert_eq!(client.next().await["error"], "Invalid JSON");
}
