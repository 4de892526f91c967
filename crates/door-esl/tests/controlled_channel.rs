//! Connections bound to a channel by `myevents` (event-socket.md §2.10, §2.14).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::{Duration, Instant};

use api::{ChannelId, HangupCause};
use support::{Client, World, reply, response, world};

fn notice(id: &str) -> String {
    format!(
        "Content-Type: text/disconnect-notice\nControlled-Session-UUID: {id}\nContent-Disposition: disconnect\n\
         Content-Length: 67\n\nDisconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
    )
}

async fn bound(world: &World, id: &str) -> Client {
    world.switch.add(id).await;
    let mut client = world.client().await;
    client
        .ask(&format!("myevents {id}"), &reply("+OK Events Enabled"))
        .await;
    client
}

async fn hang_up(world: &World, id: &str) {
    let id = ChannelId::from_text(id).unwrap();
    let done = world.switch.hang_up(&id, HangupCause::NormalClearing).await;
    assert!(done.is_ok());
}

#[tokio::test]
async fn the_channels_events_come_and_its_end_ends_the_connection() {
    let world = world().await;
    let mut client = bound(&world, "c1").await;
    world.switch.add("c2").await;
    hang_up(&world, "c2").await;
    client
        .ask("api echo still-here", &response("still-here"))
        .await;
    hang_up(&world, "c1").await;
    for name in ["CHANNEL_HANGUP", "CHANNEL_STATE", "CHANNEL_HANGUP_COMPLETE"] {
        let event = client.frame().await;
        assert_eq!(event.header("Event-Name"), Some(name));
        assert_eq!(event.header("Unique-ID"), Some("c1"));
    }
    client.expect_end(&notice("c1")).await;
}

#[tokio::test]
async fn a_channel_that_is_not_there_and_a_second_time() {
    let world = world().await;
    let mut client = world.client().await;
    client
        .ask("myevents nobody json", &reply("-ERR invalid uuid"))
        .await;
    client.ask("myevents ", &reply("-ERR invalid uuid")).await;
    world.switch.add("c1").await;
    client
        .ask("myevents c1", &reply("+OK Events Enabled"))
        .await;
    client
        .ask("myevents c1", &reply("-ERR aready enabled."))
        .await;
}

/// golden myevents-05-format: the events were plain whatever the word.
#[tokio::test]
async fn a_format_word_does_not_change_the_format() {
    let world = world().await;
    for id in ["json", "xml"] {
        world.switch.add(id).await;
        let mut client = world.client().await;
        client
            .ask(&format!("myevents {id} {id}"), &reply("+OK Events Enabled"))
            .await;
        hang_up(&world, id).await;
        let event = client.frame().await;
        assert_eq!(event.header("Content-Type"), Some("text/event-plain"));
        assert_eq!(event.header("Event-Name"), Some("CHANNEL_HANGUP"));
    }
}

#[tokio::test]
async fn commands_it_gains() {
    let world = world().await;
    let mut client = bound(&world, "c1").await;
    client.ask("getvar foo", &reply("bar")).await;
    client.ask("getvar hold_music", &reply("tune")).await;
    client
        .ask("getvar nosuch", &reply("-ERR command not found"))
        .await;
    client.ask("getvar", &reply("-ERR command not found")).await;
    client
        .ask("linger 5", &reply("+OK will linger 5 seconds"))
        .await;
    client.ask("nolinger", &reply("+OK will not linger")).await;
    client
        .ask("divert_events on", &reply("+OK events diverted"))
        .await;
    client
        .ask("divert_events off", &reply("+OK events not diverted"))
        .await;
    client
        .ask("divert_events", &reply("-ERR missing value."))
        .await;
    client.ask("resume", &reply("+OK")).await;
    client
        .ask(
            "sendmsg\ncall-command: execute\nexecute-app-name: park",
            &reply("+OK"),
        )
        .await;
    let sent = world.switch.executed.lock().unwrap()[0].channel.to_string();
    assert_eq!(sent, "c1");
    client.send("connect\n\n").await;
    let dump = client.frame().await;
    assert!(
        dump.headers
            .starts_with("Event-Name: CHANNEL_DATA\nCore-UUID: ")
    );
    assert_eq!(dump.header("Unique-ID"), Some("c1"));
    assert_eq!(dump.header("variable_foo"), Some("bar"));
    let end =
        "Content-Type: command/reply\nReply-Text: %2BOK%0A\nSocket-Mode: async\nControl: full\n\n";
    assert!(dump.headers.ends_with(end), "{}", dump.headers);
}

#[tokio::test]
async fn lingering_outlives_the_channel_for_a_time() {
    let world = world().await;
    let mut client = bound(&world, "c1").await;
    client
        .ask("linger 1", &reply("+OK will linger 1 seconds"))
        .await;
    hang_up(&world, "c1").await;
    let started = Instant::now();
    assert_eq!(
        client.frame().await.header("Event-Name"),
        Some("CHANNEL_HANGUP")
    );
    let linger = client.frame().await;
    assert_eq!(linger.header("Content-Disposition"), Some("linger"));
    assert_eq!(linger.header("Linger-Time"), Some("1"));
    for name in [
        "CHANNEL_STATE",
        "CHANNEL_HANGUP_COMPLETE",
        "CHANNEL_DESTROY",
    ] {
        assert_eq!(client.frame().await.header("Event-Name"), Some(name));
    }
    client.ask("api echo here", &response("here")).await;
    client.expect_end(&notice("c1")).await;
    assert!(started.elapsed() >= Duration::from_millis(900));
}

#[tokio::test]
async fn lingering_without_limit_lasts_until_exit() {
    let world = world().await;
    let mut client = bound(&world, "c1").await;
    client.ask("linger", &reply("+OK will linger")).await;
    hang_up(&world, "c1").await;
    client.frame().await;
    assert_eq!(client.frame().await.header("Linger-Time"), Some("-1"));
    for _ in 0..3 {
        client.frame().await;
    }
    client.send("exit\n\n").await;
    client
        .expect_end(&format!("{}{}", reply("+OK bye"), notice("c1")))
        .await;
}

#[tokio::test]
async fn nolinger_after_the_hangup_ends_the_connection() {
    let world = world().await;
    let mut client = bound(&world, "c1").await;
    client
        .ask("linger 60", &reply("+OK will linger 60 seconds"))
        .await;
    hang_up(&world, "c1").await;
    for _ in 0..5 {
        client.frame().await;
    }
    client.send("nolinger\n\n").await;
    client
        .expect_end(&format!("{}{}", reply("+OK will not linger"), notice("c1")))
        .await;
}

#[tokio::test]
async fn leaving_hangs_the_channel_up_unless_it_is_to_go_on() {
    let world = world().await;
    let mut watcher = world.client().await;
    watcher
        .ask(
            "event plain CHANNEL_HANGUP",
            &reply("+OK event listener enabled plain"),
        )
        .await;
    drop(bound(&world, "closes").await);
    assert_eq!(watcher.frame().await.header("Unique-ID"), Some("closes"));
    let mut exits = bound(&world, "exits").await;
    exits.send("exit\n\n").await;
    assert_eq!(watcher.frame().await.header("Unique-ID"), Some("exits"));
    let mut resumes = bound(&world, "resumes").await;
    resumes.ask("resume", &reply("+OK")).await;
    resumes.send("exit\n\n").await;
    resumes.rest().await;
    watcher.expect_silence().await;
    let view = world.switch.handle().view();
    let left = view.channel("resumes").unwrap();
    assert_eq!(left.variables.text("socket_resume"), Some("true"));
}

#[tokio::test]
async fn jobs_of_the_connection_carry_its_channel_and_come_back_to_it() {
    let world = world().await;
    let mut client = bound(&world, "c1").await;
    let mut other = world.client().await;
    client
        .ask(
            "event plain BACKGROUND_JOB",
            &reply("+OK event listener enabled plain"),
        )
        .await;
    other.send("bgapi echo theirs\n\n").await;
    other.frame().await;
    client.send("bgapi echo own\n\n").await;
    client.frame().await;
    let job = client.frame().await;
    assert_eq!(job.header("Job-Owner-UUID"), Some("c1"));
    assert_eq!(job.header("Job-Command-Arg"), Some("own"));
}

#[tokio::test]
async fn diverted_events_need_no_subscription() {
    let world = world().await;
    let mut client = bound(&world, "c1").await;
    let mut other = world.client().await;
    client
        .ask("divert_events on", &reply("+OK events diverted"))
        .await;
    other
        .send("sendevent GENERAL\nunique-id: c1\nX: y\n\n")
        .await;
    other.frame().await;
    let event = client.frame().await;
    assert_eq!(event.header("X"), Some("y"));
    client
        .ask("divert_events off", &reply("+OK events not diverted"))
        .await;
    other.send("sendevent GENERAL\nunique-id: c1\n\n").await;
    other.frame().await;
    client.expect_silence().await;
}
