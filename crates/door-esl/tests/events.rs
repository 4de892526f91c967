//! Which events a connection gets (event-socket.md §2.5–§2.9).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use support::{Client, reply, world};

const ENABLED: &str = "+OK event listener enabled plain";

async fn fire(from: &mut Client, text: &str) {
    from.send(&format!("sendevent {text}\n\n")).await;
    let answer = from.frame().await;
    assert!(
        answer.header("Reply-Text").unwrap().starts_with("+OK "),
        "{answer:?}"
    );
}

/// Fires a last event and says what arrived before it.
async fn arrived(from: &mut Client, at: &mut Client) -> Vec<String> {
    fire(from, "CUSTOM\nEvent-Subclass: test::end").await;
    let mut names = Vec::new();
    loop {
        let frame = at.frame().await;
        let subclass = frame.header("Event-Subclass").map(ToOwned::to_owned);
        if subclass.as_deref() == Some("test%3A%3Aend") {
            return names;
        }
        names.push(subclass.unwrap_or_else(|| frame.header("Event-Name").unwrap().to_owned()));
    }
}

#[tokio::test]
async fn an_event_is_sent_with_its_headers_in_order() {
    let world = world().await;
    let mut client = world.client().await;
    client
        .ask("event plain CUSTOM my::event", &reply(ENABLED))
        .await;
    client
        .send("sendevent CUSTOM\nEvent-Subclass: my::event\nFoo: bar\n\n")
        .await;
    let answer = client.frame().await;
    let uuid = answer
        .header("Reply-Text")
        .unwrap()
        .strip_prefix("+OK ")
        .unwrap();
    let event = client.frame().await;
    assert!(event.headers.starts_with("Content-Length: "));
    assert!(
        event
            .headers
            .ends_with("\nContent-Type: text/event-plain\n\n")
    );
    let start = format!(
        "Event-Subclass: my%3A%3Aevent\nCommand: sendevent%20CUSTOM\nFoo: bar\nEvent-UUID: {uuid}\n\
         Event-Name: CUSTOM\nCore-UUID: "
    );
    assert!(event.body.starts_with(&start), "{}", event.body);
}

#[tokio::test]
async fn subscriptions_add_up_and_are_taken_back() {
    let world = world().await;
    let mut sender = world.client().await;
    let mut client = world.client().await;
    client.ask("event plain GENERAL", &reply(ENABLED)).await;
    client
        .ask("event plain CUSTOM a::b test::end", &reply(ENABLED))
        .await;
    for text in [
        "GENERAL",
        "COMMAND",
        "CUSTOM\nEvent-Subclass: a::b",
        "CUSTOM\nEvent-Subclass: a::c",
    ] {
        fire(&mut sender, text).await;
    }
    assert_eq!(
        arrived(&mut sender, &mut client).await,
        ["GENERAL", "a%3A%3Ab"]
    );
    client
        .ask("nixevent GENERAL", &reply("+OK events nixed"))
        .await;
    client
        .ask("nixevent", &reply("-ERR no keywords supplied"))
        .await;
    fire(&mut sender, "GENERAL").await;
    assert!(arrived(&mut sender, &mut client).await.is_empty());
    client
        .ask("noevents", &reply("+OK no longer listening for events"))
        .await;
    client
        .ask("noevents", &reply("-ERR not listening for events"))
        .await;
    fire(&mut sender, "CUSTOM\nEvent-Subclass: a::b").await;
    client.expect_silence().await;
}

#[tokio::test]
async fn all_but_one() {
    let world = world().await;
    let mut sender = world.client().await;
    let mut client = world.client().await;
    client.ask("event plain ALL", &reply(ENABLED)).await;
    client
        .ask("nixevent GENERAL", &reply("+OK events nixed"))
        .await;
    fire(&mut sender, "GENERAL").await;
    fire(&mut sender, "COMMAND").await;
    fire(&mut sender, "CUSTOM\nEvent-Subclass: new::one").await;
    assert_eq!(
        arrived(&mut sender, &mut client).await,
        ["COMMAND", "new%3A%3Aone"]
    );
}

#[tokio::test]
async fn the_format_can_change_and_an_error_changes_it_too() {
    let world = world().await;
    let mut sender = world.client().await;
    let mut client = world.client().await;
    client.ask("event plain GENERAL", &reply(ENABLED)).await;
    client
        .ask("event json", &reply("-ERR no keywords supplied"))
        .await;
    fire(&mut sender, "GENERAL\nX: a/b c").await;
    let event = client.frame().await;
    assert!(event.headers.contains("text/event-json"));
    assert!(
        event
            .body
            .starts_with("{\"Command\":\"sendevent GENERAL\",\"X\":\"a/b c\",")
    );
    client
        .ask(
            "event xml GENERAL",
            &reply("+OK event listener enabled xml"),
        )
        .await;
    fire(&mut sender, "GENERAL").await;
    let event = client.frame().await;
    assert!(event.headers.contains("text/event-xml"));
    assert!(
        event
            .body
            .starts_with("<event>\n  <headers>\n    <Command>")
    );
}

#[tokio::test]
async fn filters_narrow_what_is_subscribed() {
    let world = world().await;
    let mut sender = world.client().await;
    let mut client = world.client().await;
    client
        .ask("filter X /^a/", &reply("+OK filter added. [X]=[/^a/]"))
        .await;
    client
        .ask(
            "filter Event-Subclass test::end",
            &reply("+OK filter added. [Event-Subclass]=[test::end]"),
        )
        .await;
    client
        .ask(
            "event plain GENERAL COMMAND CUSTOM test::end",
            &reply(ENABLED),
        )
        .await;
    fire(&mut sender, "GENERAL\nX: abc").await;
    fire(&mut sender, "COMMAND\nX: bcd").await;
    fire(&mut sender, "COMMAND").await;
    assert_eq!(arrived(&mut sender, &mut client).await, ["GENERAL"]);
    client
        .ask("filter delete all", &reply("+OK filter deleted. [all][]"))
        .await;
    fire(&mut sender, "COMMAND").await;
    assert_eq!(arrived(&mut sender, &mut client).await, ["COMMAND"]);
    client.ask("filter", &reply("-ERR command not found")).await;
    client.ask("filter X", &reply("-ERR invalid syntax")).await;
}

#[tokio::test]
async fn names_that_reach_nobody_are_accepted_all_the_same() {
    let world = world().await;
    let mut sender = world.client().await;
    let mut client = world.client().await;
    client.ask("event plain ALL", &reply(ENABLED)).await;
    fire(&mut sender, "all").await;
    fire(&mut sender, "CLONE").await;
    fire(&mut sender, "NOSUCH").await;
    assert_eq!(arrived(&mut sender, &mut client).await, ["CUSTOM"]);
}

#[tokio::test]
async fn events_come_while_a_request_is_half_typed() {
    let world = world().await;
    let mut sender = world.client().await;
    let mut client = world.client().await;
    client.ask("event plain GENERAL", &reply(ENABLED)).await;
    client.send("api ech").await;
    fire(&mut sender, "GENERAL").await;
    assert_eq!(client.frame().await.header("Event-Name"), Some("GENERAL"));
    client.send("o done\n\n").await;
    client.expect(&support::response("done")).await;
}

#[tokio::test]
async fn messages_are_seen_by_those_who_ask_for_them() {
    use api::event::{EventKind, MessageEvent, WebEvent, WebEventKind, WebParty};
    let world = world().await;
    let mut client = world.client().await;
    client.ask("event plain MESSAGE", &reply(ENABLED)).await;
    let message = MessageEvent {
        from: WebParty {
            uri: "1000@10.0.0.5".into(),
            display_name: "".into(),
        },
        verified: true,
        sender: None,
        source: "192.0.2.1:5060".parse().unwrap(),
        to: "1001@10.0.0.5".into(),
        clients: Vec::new(),
        awaited: None,
        call: None,
        content_type: "text/plain".into(),
        headers: Vec::new(),
        body: b"Lunch?".as_slice().into(),
    };
    let told = WebEvent {
        client: api::id::WebClientId(1),
        kind: WebEventKind::Registered,
    };
    let kinds = [
        EventKind::Web(Box::new(told)),
        EventKind::Message(Box::new(message)),
    ];
    let events = kinds.map(|kind| (kind, None)).into();
    world.switch.publish(events, None).await;
    let event = client.frame().await;
    assert_eq!(event.header("Event-Name"), Some("MESSAGE"));
    assert!(event.body.ends_with("\n\nLunch?"), "{}", event.body);
}
