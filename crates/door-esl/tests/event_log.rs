//! `sequence` and `replay`: whoever comes back gets exactly what was missed, also over a restart (event-socket.md §7.3).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use support::{Client, FakeSwitch, Frame, LogFolder, World, reply, world};

const ENABLED: &str = "+OK event listener enabled plain";
const NUMBERED: &str = "+OK events carry Jackfield-Sequence";
const NO_LOG: &str = "-ERR events are not logged here";

fn sequence(frame: &Frame) -> u64 {
    frame.header("Jackfield-Sequence").unwrap().parse().unwrap()
}

/// The text of an event that [`fire`] made.
fn text(frame: &Frame) -> &str {
    assert_eq!(frame.header("Event-Subclass"), Some("log%3A%3Atest"));
    frame.body.split("\n\n").nth(1).unwrap()
}

fn texts(frames: &[Frame]) -> Vec<u32> {
    frames
        .iter()
        .map(|frame| text(frame).parse().unwrap())
        .collect()
}

async fn fire(switch: &FakeSwitch, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        let number = number.to_string();
        switch
            .fire("CUSTOM", Some("log::test"), Some(&number))
            .await;
        // Of no interest to anybody in these tests.
        switch.fire("CUSTOM", Some("log::other"), Some("x")).await;
    }
}

async fn frames(client: &mut Client, count: usize) -> Vec<Frame> {
    let mut frames = Vec::new();
    while frames.len() < count {
        frames.push(client.frame().await);
    }
    frames
}

async fn numbered(world: &World) -> Client {
    let mut client = world.client().await;
    client.ask("sequence on", &reply(NUMBERED)).await;
    client
        .ask("event plain CUSTOM log::test", &reply(ENABLED))
        .await;
    client
}

async fn replay(client: &mut Client, position: u64) {
    let answer = reply(&format!("+OK replay after {position}"));
    client.ask(&format!("replay {position}"), &answer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_grow_and_are_shown_only_to_who_asks() {
    let folder = LogFolder::new();
    let logged = folder.world(|_| {}).await;
    let world = &logged.world;
    let mut old = world.client().await;
    old.ask("event plain CUSTOM log::test", &reply(ENABLED))
        .await;
    let mut new = numbered(world).await;
    fire(&world.switch, 1..=3).await;
    let got = frames(&mut new, 3).await;
    assert_eq!(texts(&got), [1, 2, 3]);
    assert!(
        sequence(&got[0]) + 2 == sequence(&got[1]) && sequence(&got[1]) + 2 == sequence(&got[2])
    );
    for frame in frames(&mut old, 3).await {
        assert_eq!(frame.header("Jackfield-Sequence"), None);
    }
    let last = sequence(&got[2]);
    new.ask(
        "sequence off",
        &reply("+OK events carry no Jackfield-Sequence"),
    )
    .await;
    fire(&world.switch, [4]).await;
    assert_eq!(new.frame().await.header("Jackfield-Sequence"), None);
    new.ask("sequence on", &reply(NUMBERED)).await;
    new.ask(
        "event json CUSTOM log::test",
        &reply("+OK event listener enabled json"),
    )
    .await;
    fire(&world.switch, [5]).await;
    let json = new.frame().await;
    let member = format!("\"Jackfield-Sequence\":\"{}\"", last + 4);
    assert!(json.body.contains(&member), "{json:?}");
    new.ask(
        "event xml CUSTOM log::test",
        &reply("+OK event listener enabled xml"),
    )
    .await;
    fire(&world.switch, [6]).await;
    let element = format!("<Jackfield-Sequence>{}</Jackfield-Sequence>", last + 6);
    assert!(new.frame().await.body.contains(&element));
    for (request, answer) in [
        ("sequence", "-ERR usage: sequence on|off"),
        ("replay x", "-ERR usage: replay [<sequence>]"),
    ] {
        new.ask(request, &reply(answer)).await;
    }
    logged.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_reconnect_comes_exactly_what_was_missed_while_events_go_on() {
    const ALL: u32 = 4_000;
    let folder = LogFolder::new();
    let logged = folder.world(|_| {}).await;
    let world = &logged.world;
    let mut client = numbered(world).await;
    fire(&world.switch, 1..=10).await;
    let seen = frames(&mut client, 4).await;
    assert_eq!(texts(&seen), [1, 2, 3, 4]);
    drop(client);
    let position = sequence(&seen[3]);

    // From here on without a pause, while three clients come at different times and ask in different order.
    let switch = world.switch.clone();
    let firing = tokio::spawn(async move { fire(&switch, 11..=ALL).await });
    let mut readers = Vec::new();
    for order in 0..3 {
        let mut client = world.client().await;
        if order == 0 {
            // The place first: it begins with the subscription.
            replay(&mut client, position).await;
            client
                .ask("event plain CUSTOM log::test", &reply(ENABLED))
                .await;
        } else {
            // Nothing of what comes before the answer counts.
            client.send("event plain CUSTOM log::test\n\n").await;
            client.send(&format!("replay {position}\n\n")).await;
            let answer = format!("+OK replay after {position}");
            loop {
                let frame = client.frame().await;
                if frame.header("Reply-Text") == Some(&answer) {
                    break;
                }
            }
        }
        readers.push(tokio::spawn(async move {
            let got = frames(&mut client, (ALL - 4) as usize).await;
            (texts(&got), got.iter().map(sequence).collect::<Vec<_>>())
        }));
        while world.switch.handle().view().as_of.0 < 1_000 * order {
            tokio::task::yield_now().await;
        }
    }
    firing.await.unwrap();
    let mut all = Vec::new();
    for reader in readers {
        let (texts, sequences) = reader.await.unwrap();
        assert_eq!(texts, (5..=ALL).collect::<Vec<_>>());
        assert!(sequences.is_sorted_by(|a, b| a < b));
        all.push(sequences);
    }
    assert!(
        all[0] == all[1] && all[1] == all[2],
        "numbers are the events'"
    );
    logged.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_the_server_loses_nothing() {
    let folder = LogFolder::new();
    let logged = folder.world(|_| {}).await;
    let mut client = numbered(&logged.world).await;
    fire(&logged.world.switch, 1..=50).await;
    let position = sequence(&frames(&mut client, 20).await[19]);
    logged.stop().await;

    let logged = folder.world(|_| {}).await;
    let mut client = logged.world.client().await;
    fire(&logged.world.switch, 51..=60).await;
    replay(&mut client, position).await;
    client
        .ask("event plain CUSTOM log::test", &reply(ENABLED))
        .await;
    let got = frames(&mut client, 40).await;
    assert_eq!(texts(&got), (21..=60).collect::<Vec<_>>());
    fire(&logged.world.switch, 61..=70).await;
    let live = frames(&mut client, 10).await;
    assert_eq!(texts(&live), (61..=70).collect::<Vec<_>>());
    let numbers: Vec<u64> = got.iter().chain(&live).map(sequence).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b));
    client.expect_silence().await;
    logged.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_replayed_is_said() {
    let world = world().await;
    let mut client = world.client().await;
    for request in ["replay", "replay 1", "sequence on", "slow-reader disk"] {
        client.ask(request, &reply(NO_LOG)).await;
    }

    let folder = LogFolder::new();
    let logged = folder.bounded(1 << 20, |_| {}).await;
    let switch = &logged.world.switch;
    let body = "x".repeat(10_000);
    for _ in 0..300 {
        switch.fire("CUSTOM", Some("log::test"), Some(&body)).await;
    }
    let newest = logged.log.sequence_at(switch.handle().view().as_of);
    let mut written = logged.log.written();
    written
        .wait_for(|written| *written >= newest)
        .await
        .unwrap();
    let bounds = logged.log.bounds();
    assert_eq!(bounds.newest, newest);
    assert!(bounds.oldest > newest - 200, "{bounds:?}");
    let mut client = logged.world.client().await;
    let too_old = format!("-ERR no longer kept, the oldest is {}", bounds.oldest);
    client
        .ask(&format!("replay {}", bounds.oldest - 1), &reply(&too_old))
        .await;
    let too_new = format!("-ERR not given out yet, the newest is {newest}");
    client
        .ask(&format!("replay {}", newest + 1), &reply(&too_new))
        .await;
    let range = format!("+OK oldest {} newest {newest}", bounds.oldest);
    client.ask("replay", &reply(&range)).await;
    replay(&mut client, bounds.oldest).await;
    client
        .ask("event plain CUSTOM log::test", &reply(ENABLED))
        .await;
    let first = client.frame().await;
    assert_eq!(sequence(&first), bounds.oldest + 1);
    logged.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_keeps_to_names_filters_rights_and_format() {
    let folder = LogFolder::new();
    let logged = folder.world(|_| {}).await;
    let world = &logged.world;
    let mut witness = numbered(world).await;
    fire(&world.switch, [1]).await;
    let position = sequence(&witness.frame().await);
    let channel = world
        .switch
        .add("11111111-1111-1111-1111-111111111111")
        .await;
    world
        .switch
        .add("22222222-2222-2222-2222-222222222222")
        .await;
    fire(&world.switch, [2]).await;
    witness.frame().await;

    let mut filtered = world.client().await;
    replay(&mut filtered, position).await;
    filtered
        .send(&format!("filter Unique-ID {}\n\n", channel.id))
        .await;
    assert!(filtered.frame().await.headers.contains("+OK filter added"));
    filtered
        .ask(
            "event json CHANNEL_CREATE CUSTOM log::test",
            &reply("+OK event listener enabled json"),
        )
        .await;
    let event = filtered.frame().await.body;
    assert!(
        event.contains("\"Event-Name\":\"CHANNEL_CREATE\"") && event.contains(channel.id.as_str())
    );
    filtered.expect_silence().await;

    let mut user = world.stranger().await;
    user.send("userauth esl@127.0.0.1:eslpass\n\n").await;
    assert!(user.frame().await.headers.contains("+OK accepted"));
    replay(&mut user, position).await;
    user.ask(
        "event plain CUSTOM log::test",
        &reply("-ERR permission denied"),
    )
    .await;
    user.ask("event plain CHANNEL_CREATE", &reply(ENABLED))
        .await;
    for _ in 0..2 {
        let event = user.frame().await;
        assert_eq!(event.header("Event-Name"), Some("CHANNEL_CREATE"));
    }
    user.expect_silence().await;

    let mut mine = world.client().await;
    mine.send(&format!("myevents {}\n\n", channel.id)).await;
    assert!(mine.frame().await.headers.contains("+OK"));
    replay(&mut mine, position).await;
    let event = mine.frame().await;
    assert_eq!(event.header("Unique-ID"), Some(channel.id.as_str()));
    mine.expect_silence().await;
    logged.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_nobody_reads_holds_on_to_little() {
    const ALL: u32 = 20_000;
    let folder = LogFolder::new();
    let logged = folder
        .world(|config| {
            config.send_buffer = Some(16 << 10);
            // A whole replay in the outbox would end the connection.
            config.max_queue_bytes = 3 << 20;
        })
        .await;
    let world = &logged.world;
    let mut witness = numbered(world).await;
    fire(&world.switch, [1]).await;
    let position = sequence(&witness.frame().await);
    drop(witness);
    fire(&world.switch, 2..=ALL).await;
    let mut client = Client::connect_narrow(world.door.local_addrs()[0]).await;
    client.expect(support::GREETING).await;
    client.ask("auth ClueCon", support::ACCEPTED).await;
    replay(&mut client, position).await;
    client.send("event plain CUSTOM log::test\n\n").await;
    // Meanwhile others go on.
    let mut other = world.client().await;
    other.ask("api echo x", &support::response("x")).await;
    assert!(client.frame().await.headers.contains("+OK event"));
    let got = frames(&mut client, (ALL - 1) as usize).await;
    assert_eq!(texts(&got), (2..=ALL).collect::<Vec<_>>());
    logged.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_headers_asked_for_come() {
    let folder = LogFolder::new();
    let logged = folder.world(|_| {}).await;
    let world = &logged.world;
    let mut client = numbered(world).await;
    client
        .ask("headers event-name Event-Subclass", &reply("+OK 2 headers"))
        .await;
    fire(&world.switch, [1]).await;
    let frame = client.frame().await;
    let number = sequence(&frame);
    let expected = format!(
        "Event-Subclass: log%3A%3Atest\nEvent-Name: CUSTOM\nJackfield-Sequence: {number}\nContent-Length: 1\n\n1"
    );
    assert_eq!(frame.body, expected);
    client
        .ask(
            "sequence off",
            &reply("+OK events carry no Jackfield-Sequence"),
        )
        .await;
    for (format, event) in [
        (
            "json",
            "{\"Event-Subclass\":\"log::test\",\"Event-Name\":\"CUSTOM\",\"Content-Length\":\"1\",\"_body\":\"2\"}",
        ),
        (
            "xml",
            "<event>\n  <headers>\n    <Event-Subclass>log%3A%3Atest</Event-Subclass>\n    \
             <Event-Name>CUSTOM</Event-Name>\n  </headers>\n  <Content-Length>1</Content-Length>\n  \
             <body>2</body>\n</event>",
        ),
    ] {
        client
            .ask(
                &format!("event {format} CUSTOM log::test"),
                &reply(&format!("+OK event listener enabled {format}")),
            )
            .await;
        fire(&world.switch, [2]).await;
        assert_eq!(client.frame().await.body.trim_end(), event);
    }
    client.ask("headers all", &reply("+OK all headers")).await;
    fire(&world.switch, [3]).await;
    assert!(client.frame().await.body.contains("<Core-UUID>"));
    client
        .ask("headers", &reply("-ERR usage: headers <name> ...|all"))
        .await;
    logged.stop().await;
}
