//! Requests and their replies (event-socket.md §2).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::Duration;

use api::log::{LogLevel, LogLine};
use support::{NOTICE, reply, response, world};
use tokio::io::AsyncWriteExt;

const NOT_FOUND: &str = "-ERR command not found";

#[tokio::test]
async fn unknown_commands_and_near_misses() {
    let world = world().await;
    let mut client = world.client().await;
    for request in [
        "foo bar baz",
        "status",
        "/status",
        "GET / HTTP/1.1",
        "Content-Length: 0",
        "api",
        "bgapi",
        "even plain all",
        "getvar foo",
        "getvar",
        "resume",
        "connect",
        "myevents",
        ": x",
    ] {
        client.ask(request, &reply(NOT_FOUND)).await;
    }
    client
        .ask("linger 10", &reply("-ERR not controlling a session"))
        .await;
    client
        .ask("nolinger", &reply("-ERR not controlling a session"))
        .await;
    for request in ["divert_events", "divert_events on", "divert_events foo"] {
        client
            .ask(request, &reply("-ERR not controlling a session."))
            .await;
    }
    client
        .ask("sendmsg", &reply("-ERR invalid session id []"))
        .await;
    client
        .ask("sendmsg nobody", &reply("-ERR invalid session id [nobody]"))
        .await;
}

#[tokio::test]
async fn exit_in_its_spellings_and_what_follows_it_is_lost() {
    let world = world().await;
    let bye = format!("{}{NOTICE}", reply("+OK bye"));
    for request in ["exit", "EXIT", "exitfoo", "exit now", "...", "...."] {
        let mut client = world.client().await;
        client
            .send(&format!("{request}\n\napi echo lost\n\n"))
            .await;
        client.expect_end(&bye).await;
    }
    let mut client = world.client().await;
    client.send("api echo a\n\nexit\n\napi echo b\n\n").await;
    client.expect_end(&format!("{}{bye}", response("a"))).await;
}

#[tokio::test]
async fn api_answers() {
    let world = world().await;
    let mut client = world.client().await;
    client.ask("api echo a b", &response("a b")).await;
    client
        .ask(
            "api bogus 1 2",
            &response("-ERR bogus Command not found!\n"),
        )
        .await;
    client
        .ask("api global_getvar unset", &response("-ERR no reply\n"))
        .await;
    client
        .ask("api global_getvar hold_music", &response("tune"))
        .await;
    client
        .ask("api echo a;;echo b\nconsole_execute: true", &response("ab"))
        .await;
    client
        .ask(
            "api echo a;;bogus\nconsole_execute: true",
            &response("-ERR echo a;;bogus Command not found!\n"),
        )
        .await;
}

#[tokio::test]
async fn twenty_requests_in_one_packet_are_answered_in_order() {
    let world = world().await;
    let mut client = world.client().await;
    let requests: String = (0..20).map(|n| format!("api echo n{n}\n\n")).collect();
    let answers: String = (0..20).map(|n| response(&format!("n{n}"))).collect();
    client.send(&requests).await;
    client.expect(&answers).await;
}

#[tokio::test]
async fn a_job_is_accepted_first_and_announced_to_everybody_afterwards() {
    let world = world().await;
    let mut client = world.client().await;
    let mut other = world.client().await;
    for client in [&mut client, &mut other] {
        client
            .ask(
                "event plain BACKGROUND_JOB API",
                &reply("+OK event listener enabled plain"),
            )
            .await;
    }
    client
        .ask(
            "bgapi echo done\nJob-UUID: my-job-0001",
            "Content-Type: command/reply\nReply-Text: +OK Job-UUID: my-job-0001\nJob-UUID: my-job-0001\n\n",
        )
        .await;
    for client in [&mut client, &mut other] {
        let api = client.frame().await;
        assert_eq!(api.header("API-Command"), Some("echo"));
        let job = client.frame().await;
        assert_eq!(job.header("Event-Name"), Some("BACKGROUND_JOB"));
        assert_eq!(job.header("Job-UUID"), Some("my-job-0001"));
        assert_eq!(job.header("Job-Command-Arg"), Some("done"));
        assert!(job.body.ends_with("Content-Length: 4\n\ndone"));
    }
    client.send("bgapi bogus\n\n").await;
    let accepted = client.frame().await;
    let id = accepted.header("Job-UUID").unwrap().to_owned();
    assert_eq!(id.len(), 36);
    client.frame().await;
    let job = client.frame().await;
    assert_eq!(job.header("Job-UUID"), Some(&*id));
    assert!(job.body.ends_with("-ERR bogus Command not found!\n"));
}

#[tokio::test]
async fn a_job_outlives_the_connection_that_asked_for_it() {
    let world = world().await;
    let mut watcher = world.client().await;
    watcher
        .ask(
            "event plain BACKGROUND_JOB",
            &reply("+OK event listener enabled plain"),
        )
        .await;
    let mut client = world.client().await;
    client
        .send("bgapi msleep 300\nJob-UUID: j\n\nexit\n\n")
        .await;
    client.rest().await;
    assert_eq!(watcher.frame().await.header("Job-UUID"), Some("j"));
}

#[tokio::test]
async fn a_reply_comes_before_the_events_it_caused_and_events_wait_while_api_runs() {
    let world = world().await;
    let mut client = world.client().await;
    let mut other = world.client().await;
    client
        .ask(
            "event plain API CUSTOM a::b",
            &reply("+OK event listener enabled plain"),
        )
        .await;
    client.send("api msleep 300\n\n").await;
    other
        .send("sendevent CUSTOM\nEvent-Subclass: a::b\n\n")
        .await;
    other.frame().await;
    client.expect(&response("+OK")).await;
    let first = client.frame().await;
    assert_eq!(first.header("Event-Subclass"), Some("a%3A%3Ab"));
    let second = client.frame().await;
    assert_eq!(second.header("API-Command"), Some("msleep"));
}

#[tokio::test]
async fn a_peer_that_has_closed_its_sending_side_still_gets_its_answer() {
    let world = world().await;
    let mut client = world.client().await;
    client.send("api msleep 200\n\n").await;
    client.stream.shutdown().await.unwrap();
    client
        .expect_end(&format!("{}{NOTICE}", response("+OK")))
        .await;
}

#[tokio::test]
async fn log_lines() {
    let world = world().await;
    let mut client = world.client().await;
    client.ask("nolog", &reply("-ERR not loging")).await;
    client
        .ask("log error", &reply("-ERR invalid log level"))
        .await;
    client
        .ask("log notice", &reply("+OK log level notice [5]"))
        .await;
    let tap = world.switch.handle();
    let line = |level, channel: Option<&str>| LogLine {
        level,
        file: "a.rs".into(),
        function: "f".into(),
        line: 12,
        channel: channel.map(Into::into),
        text: "2025-01-21 10:00:00.123456 98.50% [NOTICE] a.rs:12 Hello\n".into(),
    };
    tap.log().publish(line(LogLevel::Debug, None));
    tap.log().publish(line(LogLevel::Notice, Some("abc")));
    let text = line(LogLevel::Notice, None).text;
    client
        .expect(&format!(
            "Content-Type: log/data\nContent-Length: {}\nLog-Level: 5\nText-Channel: 3\nLog-File: a.rs\n\
             Log-Func: f\nLog-Line: 12\nUser-Data: abc\n\n{text}",
            text.len()
        ))
        .await;
    client.ask("nolog", &reply("+OK no longer logging")).await;
    tap.log().publish(line(LogLevel::Err, None));
    client
        .ask("log disable", &reply("+OK log level disable [-1]"))
        .await;
    client.expect_silence().await;
}

#[tokio::test]
async fn sendmsg_reaches_the_channel_as_it_was_written() {
    let world = world().await;
    world.switch.add("chan-1").await;
    let mut client = world.client().await;
    let request = "sendmsg chan-1\ncall-command: execute\nexecute-app-name: set\nevent-uuid: e-1\n\
        event-lock: true\nloops: 2\ncontent-type: text/plain\ncontent-length: 7\n\nfoo=bar";
    client.send(request).await;
    client.expect(&reply("+OK")).await;
    client
        .ask(
            "sendmsg chan-1\ncall-command: hangup\nhangup-cause: USER_BUSY",
            &reply("+OK"),
        )
        .await;
    client
        .ask(
            "sendmsg\nsession-id: chan-1\ncall-command: xferext\napplication: park",
            &reply("+OK"),
        )
        .await;
    client.ask("sendmsg chan-1", &reply("+OK")).await;
    let executed = world.switch.executed.lock().unwrap().clone();
    use api::command::channel::QueuedAction;
    assert_eq!(
        executed[0].action,
        QueuedAction::Run {
            name: "set".into(),
            data: "foo=bar".into(),
            loops: 2,
            event_uuid: Some("e-1".into()),
            event_uuid_name: None,
            hold_bleg: false,
            lead_frames: 0,
        }
    );
    assert!(executed[0].event_lock && !executed[0].priority);
    assert_eq!(&*executed[0].request[0].1, "sendmsg chan-1");
    assert_eq!(executed[0].body.as_deref(), Some("foo=bar"));
    assert_eq!(
        executed[1].action,
        QueuedAction::Hangup(api::HangupCause::UserBusy)
    );
    assert!(matches!(&executed[2].action, QueuedAction::Replace(list) if list.len() == 1));
    assert_eq!(executed[3].action, QueuedAction::Nothing);
}

#[tokio::test]
async fn unicast_goes_where_programs_may_come_from_and_nowhere_else() {
    use api::command::channel::{QueuedAction, Unicast};

    let world = world().await;
    let channel = world.switch.add("chan-1").await;
    let mut client = world.client().await;
    let request = "sendmsg chan-1\ncall-command: unicast";
    client.ask(request, &reply("+OK")).await;
    let all = format!(
        "{request}\nlocal-ip: ::1\nlocal-port: 9001\nremote-ip: ::1\nremote-port: 9002\ntransport: tcp"
    );
    client.ask(&all, &reply("+OK")).await;
    let nomedia = "sendmsg chan-1\ncall-command: nomedia\nnomedia-uuid: ";
    client.ask(&format!("{nomedia}chan-1"), &reply("+OK")).await;
    client
        .ask(&format!("{nomedia}noreply"), &reply("+OK"))
        .await;
    let impossible = reply("-ERR unicast between such addresses is not possible");
    for (more, answer) in [
        (
            "remote-ip: 192.0.2.1",
            reply("-ERR unicast to 192.0.2.1 is not allowed"),
        ),
        ("remote-ip: pbx.example", impossible.clone()),
        ("remote-ip: ::1", impossible.clone()),
        ("remote-port: 53", impossible.clone()),
        ("local-port: 80", impossible),
        (
            "transport: tcp\nflags: native",
            reply("-ERR unicast of packets over tcp is not possible"),
        ),
    ] {
        client.ask(&format!("{request}\n{more}"), &answer).await;
    }
    let executed = world.switch.executed.lock().unwrap().clone();
    let link = |local: &str, remote: &str, stream| Unicast {
        local: local.parse().unwrap(),
        remote: remote.parse().unwrap(),
        stream,
        native: false,
    };
    let actions: Vec<_> = executed.into_iter().map(|e| e.action).collect();
    assert_eq!(
        actions,
        [
            QueuedAction::Unicast(link("127.0.0.1:8025", "127.0.0.1:8026", false)),
            QueuedAction::Unicast(link("[::1]:9001", "[::1]:9002", true)),
            QueuedAction::NoMedia(channel.id.clone()),
            QueuedAction::Nothing,
        ]
    );
}

#[tokio::test]
async fn a_scheduled_console_line_is_run_by_the_door() {
    use api::EventKind;
    use api::event::SystemEvent;
    let world = world().await;
    let mut client = world.client().await;
    client
        .ask(
            "event plain API",
            &reply("+OK event listener enabled plain"),
        )
        .await;
    let due = SystemEvent::ConsoleLineDue {
        line: "echo due".into(),
        channel: None,
    };
    // The door's own subscription is made at its start; wait until it stands.
    tokio::time::timeout(Duration::from_secs(5), async {
        while world
            .switch
            .handle()
            .bus_counters()
            .subscribers
            .load(std::sync::atomic::Ordering::Relaxed)
            < 2
        {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    world
        .switch
        .publish(vec![(EventKind::System(due), None)], None)
        .await;
    let ran = client.frame().await;
    assert_eq!(ran.header("API-Command-Argument"), Some("due"));
}
