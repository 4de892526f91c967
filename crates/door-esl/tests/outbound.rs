//! Connections the door makes to programs that control channels (event-socket.md §3).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::Duration;

use api::command::channel::QueuedAction;
use api::{ChannelId, HangupCause};
use net::Cause;
use support::{Client, World, reply, response, world, world_with};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

const NOTICE: &str = "Content-Type: text/disconnect-notice\nControlled-Session-UUID: c1\nContent-Disposition: disconnect\n\
    Content-Length: 67\n\nDisconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n";

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// An address where nobody listens.
async fn nowhere() -> String {
    listener().await.1
}

/// The program of channel `c1`, dialled.
async fn program(world: &World, asynchronous: bool, full: bool) -> Client {
    let (listener, address) = listener().await;
    world.switch.add("c1").await;
    world.switch.want("c1", &address, asynchronous, full).await;
    Client::accept(&listener).await
}

async fn connected(world: &World, asynchronous: bool, full: bool) -> Client {
    let mut program = program(world, asynchronous, full).await;
    program.send("connect\n\n").await;
    let dump = program.frame().await;
    assert_eq!(dump.header("Event-Name"), Some("CHANNEL_DATA"));
    program
}

async fn still_works(world: &World) {
    let mut client = world.client().await;
    client
        .ask("api echo still-here", &response("still-here"))
        .await;
}

fn execute(name: &str, headers: &str) -> String {
    format!("sendmsg\ncall-command: execute\nexecute-app-name: {name}\n{headers}\n")
}

#[tokio::test]
async fn the_reply_to_connect_says_what_the_program_may_do() {
    for (asynchronous, full, mode, control) in [
        (false, false, "static", "single-channel"),
        (true, true, "async", "full"),
    ] {
        let world = world().await;
        let mut program = program(&world, asynchronous, full).await;
        program.expect_silence().await;
        program.send("connect\n\n").await;
        let dump = program.frame().await;
        assert_eq!(dump.header("Unique-ID"), Some("c1"));
        assert_eq!(dump.header("Socket-Mode"), Some(mode));
        assert_eq!(dump.header("Control"), Some(control));
        assert_eq!(dump.header("variable_socket_host"), Some("127.0.0.1"));
        let status = if full {
            response("a")
        } else {
            reply("-ERR command not found")
        };
        program.ask("api echo a", &status).await;
        program.ask("getvar foo", &reply("bar")).await;
        assert_eq!(world.door.counters().get(Cause::Dialled), 1);
    }
}

#[tokio::test]
async fn events_of_the_channel_come_in_the_format_asked_for() {
    let world = world().await;
    let mut program = connected(&world, true, true).await;
    program
        .ask("myevents json", &reply("+OK Events Enabled"))
        .await;
    program
        .ask("myevents", &reply("-ERR aready enabled."))
        .await;
    world.switch.add("c2").await;
    let channel = ChannelId::from_text("c1").unwrap();
    let hung_up = world.switch.hang_up(&channel, HangupCause::UserBusy).await;
    assert!(hung_up.is_ok());
    for name in ["CHANNEL_HANGUP", "CHANNEL_STATE", "CHANNEL_HANGUP_COMPLETE"] {
        let event = program.frame().await;
        assert_eq!(event.header("Content-Type"), Some("text/event-json"));
        assert!(event.body.contains(&format!("\"Event-Name\":\"{name}\"")));
    }
    program.expect_end(NOTICE).await;
}

#[tokio::test]
async fn a_synchronous_program_is_answered_when_its_application_is_through() {
    let world = world().await;
    let mut program = connected(&world, false, false).await;
    program.send(&execute("sleep", "execute-app-arg: 5")).await;
    program.send("\n").await;
    program.send("getvar foo\n\n").await;
    world.switch.until_controlled(1).await;
    program.expect_silence().await;
    world.switch.finish.notify_one();
    program.expect(&reply("+OK")).await;
    program.expect(&reply("bar")).await;
    let run = world.switch.controlled.lock().unwrap()[0].action.clone();
    assert!(
        matches!(run, QueuedAction::Run { name, data, .. } if &*name == "sleep" && &*data == "5")
    );
    assert!(world.switch.executed.lock().unwrap().is_empty());
    program
        .ask(&execute("sleep", "async: true"), &reply("+OK"))
        .await;
    assert_eq!(world.switch.executed.lock().unwrap().len(), 1, "queued");
}

#[tokio::test]
async fn an_asynchronous_program_is_answered_at_once() {
    let world = world().await;
    let mut program = program(&world, true, false).await;
    assert!(!world.switch.was_asked("ParkForControl"));
    program.ask(&execute("sleep", "a: b"), &reply("+OK")).await;
    world.switch.until_asked("ParkForControl").await;
    assert_eq!(world.switch.executed.lock().unwrap().len(), 1);
}

/// What the program said before it closed is still done.
#[tokio::test]
async fn a_program_that_closes_while_it_waits() {
    let world = world().await;
    let mut program = connected(&world, false, false).await;
    program.send(&execute("sleep", "a: b")).await;
    program.send("\ngetvar foo\n\n").await;
    world.switch.until_controlled(1).await;
    program.stream.shutdown().await.unwrap();
    program.expect_silence().await;
    assert!(!world.switch.was_asked("EndControl"));
    world.switch.finish.notify_one();
    let last = [reply("+OK"), reply("bar"), NOTICE.to_owned()].concat();
    program.expect_end(&last).await;
    world.switch.until_asked("EndControl").await;
    assert!(!world.switch.was_asked("Hangup"));
}

#[tokio::test]
async fn with_resume_the_channel_goes_on_at_once() {
    let world = world().await;
    let mut program = connected(&world, false, false).await;
    program.ask("resume", &reply("+OK")).await;
    program.send(&execute("sleep", "a: b")).await;
    program.send("\n").await;
    world.switch.until_controlled(1).await;
    drop(program);
    world.switch.until_asked("EndControl").await;
}

/// Noise is not waited with until the application is through, and who resumes goes on at once.
#[tokio::test]
async fn what_cannot_be_read_while_an_application_runs() {
    let parse_error = reply("-ERR command parse error.");
    let endless = vec![b'x'; 11 << 20];
    let noise = [vec![0xff; 100_000], b"\n\n\0\0\n\n".to_vec()].concat();
    let not_found = reply("-ERR command not found");
    for (count, (garbage, last)) in [
        (endless, parse_error.clone()),
        (noise, not_found + &parse_error),
        (b"sendmsg\nContent-Length: -1\n\n".to_vec(), String::new()),
        (b"a b\nContent-Length: 99999999\n\n".to_vec(), String::new()),
    ]
    .into_iter()
    .enumerate()
    {
        let world = world().await;
        let mut program = connected(&world, false, false).await;
        program.ask("resume", &reply("+OK")).await;
        program.send(&execute("sleep", "a: b")).await;
        program.send("\n").await;
        world.switch.until_controlled(1).await;
        program.stream.write_all(&garbage).await.unwrap();
        world.switch.until_asked("EndControl").await;
        // What was said before the noise is not carried out any more: the application never came to its end.
        let last = if count == 1 { &parse_error } else { &last };
        program.expect_end(&[last, NOTICE].concat()).await;
        world.counted(Cause::Malformed, 1).await;
        still_works(&world).await;
    }
}

/// More than is kept while an application runs stays with the peer, and is answered afterwards, in order.
#[tokio::test]
async fn requests_that_come_while_an_application_runs_are_kept() {
    let world = world().await;
    let mut program = connected(&world, false, false).await;
    program.send(&execute("sleep", "a: b")).await;
    program.send("\n").await;
    world.switch.until_controlled(1).await;
    let (mut reading, mut writing) = tokio::io::split(program.stream);
    let many: String = (0..30_000)
        .map(|n| format!("nonsense {n}\n\ngetvar foo\n\n"))
        .collect();
    let sending = tokio::spawn(async move { writing.write_all(many.as_bytes()).await });
    // The door runs on this thread too: it reads as far as it will.
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    world.switch.finish.notify_one();
    let wanted = reply("+OK")
        + &[reply("-ERR command not found"), reply("bar")]
            .concat()
            .repeat(30_000);
    let mut got = vec![0; wanted.len()];
    let reading = tokio::io::AsyncReadExt::read_exact(&mut reading, &mut got);
    let all = tokio::time::timeout(Duration::from_secs(60), reading).await;
    all.expect("every request is answered").unwrap();
    assert!(got == wanted.as_bytes());
    sending.await.unwrap().unwrap();
}

#[tokio::test]
async fn exit_and_closing_let_the_channel_go_on() {
    let world = world().await;
    let mut program = connected(&world, true, true).await;
    program
        .ask("exit", &[&reply("+OK bye"), NOTICE].concat())
        .await;
    program.expect_end("").await;
    world.switch.until_asked("EndControl").await;
    assert!(!world.switch.was_asked("Hangup"));
}

#[tokio::test]
async fn a_silent_program_is_left() {
    let world = world_with(|config| config.login_time = Duration::from_millis(200)).await;
    let mut program = program(&world, true, true).await;
    program.expect_end(NOTICE).await;
    world.switch.until_asked("EndControl").await;
    assert!(!world.switch.was_asked("ParkForControl"));
    // Whoever has spoken may take their time.
    let mut slow = connected(&world, true, true).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    slow.ask("api echo a", &response("a")).await;
}

#[tokio::test]
async fn hosts_are_tried_in_their_order() {
    let world = world().await;
    let (listener, address) = listener().await;
    world.switch.add("c1").await;
    let list = format!("{}|{address}/ivr/main", nowhere().await);
    world.switch.want("c1", &list, true, true).await;
    let mut program = Client::accept(&listener).await;
    program.send("connect\n\n").await;
    let dump = program.frame().await;
    assert_eq!(dump.header("variable_socket_path"), Some("ivr/main"));
    assert_eq!(world.door.counters().get(Cause::DialFailed), 1);
}

#[tokio::test]
async fn a_program_over_ipv6() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        // A machine without IPv6 has nobody to be reached there.
        return;
    };
    let world = world().await;
    world.switch.add("c1").await;
    let address = listener.local_addr().unwrap().to_string();
    world.switch.want("c1", &address, true, true).await;
    let mut program = Client::accept(&listener).await;
    program.ask("api echo a", &response("a")).await;
}

#[tokio::test]
async fn nobody_there_and_nothing_to_dial() {
    for address in [
        nowhere().await.as_str(),
        "",
        "no.such.name.invalid:1",
        ":::",
    ] {
        let world = world().await;
        world.switch.add("c1").await;
        world.switch.want("c1", address, true, true).await;
        world.switch.until_asked("EndControl").await;
        assert!(!world.switch.was_asked("BeginControl"), "{address}");
        still_works(&world).await;
    }
}

#[tokio::test]
async fn the_channel_leaves_the_program() {
    let world = world().await;
    let mut program = connected(&world, false, true).await;
    world.switch.leave_socket("c1").await;
    program.expect_end(NOTICE).await;
}

#[tokio::test]
async fn a_hangup_ends_a_synchronous_connection_and_lingering_keeps_it() {
    let world = world().await;
    let channel = ChannelId::from_text("c1").unwrap();
    let mut program = connected(&world, false, true).await;
    program.ask("myevents", &reply("+OK Events Enabled")).await;
    world
        .switch
        .hang_up(&channel, HangupCause::UserBusy)
        .await
        .unwrap();
    assert_eq!(
        program.frame().await.header("Event-Name"),
        Some("CHANNEL_HANGUP")
    );
    program.expect_end(NOTICE).await;

    let mut program = connected(&world, true, true).await;
    program.ask("linger", &reply("+OK will linger")).await;
    world
        .switch
        .hang_up(&channel, HangupCause::UserBusy)
        .await
        .unwrap();
    let notice = program.frame().await;
    assert_eq!(notice.header("Content-Disposition"), Some("linger"));
    assert_eq!(notice.header("Channel-Name"), Some("loopback/9196-a"));
    program.ask("api echo after", &response("after")).await;
    // golden outbound-04-async-full-linger
    program.ask(&execute("set", "a: b"), &reply("+OK")).await;
    program.ask("getvar foo", &reply("bar")).await;
    program
        .ask("exit", &[&reply("+OK bye"), NOTICE].concat())
        .await;
}

#[tokio::test]
async fn what_cannot_be_read_ends_that_connection_alone() {
    let world = world().await;
    let mut other = {
        let (listener, address) = listener().await;
        world.switch.add("c2").await;
        world.switch.want("c2", &address, true, true).await;
        Client::accept(&listener).await
    };
    other.ask("api echo a", &response("a")).await;
    let mut noise = connected(&world, false, false).await;
    noise.send_bytes(b"\xff\xfe\x00GET / HTTP/1.1\n\n").await;
    noise.expect(&reply("-ERR command not found")).await;
    noise.send("sendmsg\nContent-Length: -1\n\n").await;
    noise.expect_end(NOTICE).await;

    // More than any first request before the first request.
    let mut flood = program(&world, false, false).await;
    let header = format!("a: {}\n", "x".repeat(1000));
    for _ in 0..200 {
        if flood.stream.write_all(header.as_bytes()).await.is_err() {
            break;
        }
    }
    world.counted(Cause::Malformed, 2).await;
    drop(flood);

    other.ask("api echo b", &response("b")).await;
    still_works(&world).await;
}

#[tokio::test]
async fn more_programs_than_may_be() {
    let world = world_with(|config| config.outbound_max_connections = 1).await;
    let mut first = connected(&world, true, true).await;
    world.switch.add("c2").await;
    world.switch.want("c2", &nowhere().await, true, true).await;
    world.counted(Cause::TooMany, 1).await;
    world.switch.until_asked("EndControl").await;
    first.ask("api echo a", &response("a")).await;
}

#[tokio::test]
async fn a_door_that_closes_says_so() {
    let world = world().await;
    let mut program = connected(&world, true, true).await;
    let closing = world.door.drain(Duration::from_secs(5));
    let goodbye = "Content-Type: text/disconnect-notice\nContent-Length: 31\n\nThe system is being shut down.\n";
    tokio::join!(closing, program.expect_end(goodbye));
}
