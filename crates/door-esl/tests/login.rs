//! The first seconds of a connection (event-socket.md §1.2, §2.2).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::Duration;

use net::{Cause, LoginPolicy};
use support::{ACCEPTED, Client, GREETING, NOTICE, reply, response, world, world_with};

#[tokio::test]
async fn the_right_password() {
    let world = world().await;
    let mut client = world.client().await;
    client
        .ask("api echo still-here", &response("still-here"))
        .await;
    for again in [
        "auth ClueCon",
        "auth nope",
        "userauth esladmin@127.0.0.1:adminpass",
    ] {
        client.ask(again, &reply("-ERR command not found")).await;
    }
    client.send("exit\n\n").await;
    client
        .expect_end(&format!("{}{NOTICE}", reply("+OK bye")))
        .await;
    world.counted(Cause::Closed, 1).await;
}

#[tokio::test]
async fn a_wrong_password_ends_the_connection_whatever_follows() {
    let world = world().await;
    let refused = format!("{}{NOTICE}", reply("-ERR invalid"));
    for password in ["WrongPassword", "ClueCon ", " ClueCon", "cluecon", ""] {
        let mut client = world.stranger().await;
        client
            .send(&format!(
                "auth {password}\n\nauth ClueCon\n\napi status\n\n"
            ))
            .await;
        client.expect_end(&refused).await;
    }
    world.counted(Cause::LoginFailed, 5).await;
}

#[tokio::test]
async fn before_the_login_nothing_else_works() {
    let world = world().await;
    let mut client = world.stranger().await;
    for request in [
        "api status",
        "event plain all",
        "auth",
        "bgapi x",
        "filter a b",
        "log",
        "sendmsg",
    ] {
        client.ask(request, &reply("-ERR command not found")).await;
    }
    client.ask("auth ClueCon", ACCEPTED).await;
    let mut leaving = world.stranger().await;
    leaving.send("...\n\n").await;
    leaving
        .expect_end(&format!("{}{NOTICE}", reply("+OK bye")))
        .await;
}

#[tokio::test]
async fn the_time_for_the_login_is_limited_also_after_a_first_request() {
    let world = world_with(|config| config.login_time = Duration::from_millis(300)).await;
    let mut silent = world.stranger().await;
    let mut talking = world.stranger().await;
    talking
        .ask("foobar", &reply("-ERR command not found"))
        .await;
    silent.expect_end(NOTICE).await;
    talking.expect_end(NOTICE).await;
    world.counted(Cause::LoginTimeout, 2).await;
    let mut in_time = world.client().await;
    // One who came later is out of time: so would be this one, if the login had not ended its limit.
    world.stranger().await.expect_end(NOTICE).await;
    in_time.ask("api echo here", &response("here")).await;
}

#[tokio::test]
async fn an_address_the_lists_refuse_gets_two_frames() {
    let world = world_with(|config| {
        config.apply_inbound_acl = vec!["loopback.auto".into(), "127.0.0.1/32".into()]
    })
    .await;
    let mut refused = Client::connect_from("127.0.0.99", world.door.local_addrs()[0]).await;
    let rejection =
        "Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n";
    refused.expect_end(&format!("{rejection}{NOTICE}")).await;
    world.counted(Cause::AclDenied, 1).await;
    let mut allowed = Client::connect(world.door.local_addrs()[0]).await;
    allowed.expect(GREETING).await;
}

#[tokio::test]
async fn users_of_the_directory() {
    let world = world().await;
    for (login, events, api, log) in [
        ("esladmin@127.0.0.1:adminpass", "all", "all", "true"),
        ("esladmin:adminpass@127.0.0.1", "all", "all", "true"),
        (
            "esl@127.0.0.1:eslpass",
            "CHANNEL_CREATE CHANNEL_HANGUP CUSTOM conference::maintenance",
            "status version bgapi eval show",
            "false",
        ),
    ] {
        let mut client = world.stranger().await;
        let accepted = format!(
            "Content-Type: command/reply\nReply-Text: +OK accepted\nAllowed-Events: {events}\n\
             Allowed-API: {api}\nAllowed-LOG: {log}\n\n"
        );
        client.ask(&format!("userauth {login}"), &accepted).await;
    }
    let refused = format!("{}{NOTICE}", reply("-ERR invalid"));
    for login in [
        "esl@127.0.0.1:wrong",
        "esl@127.0.0.1",
        "esl:eslpass",
        "nobody@127.0.0.1:x",
        "1000@127.0.0.1:1234",
        "1000@127.0.0.1:",
        "esl@elsewhere:eslpass",
    ] {
        let mut client = world.stranger().await;
        client.send(&format!("userauth {login}\n\n")).await;
        client.expect_end(&refused).await;
    }
}

#[tokio::test]
async fn a_restricted_user_is_held_to_its_lists() {
    let world = world().await;
    let mut client = world.stranger().await;
    client.send("userauth esl@127.0.0.1:eslpass\n\n").await;
    client.frame().await;
    let denied = reply("-ERR permission denied");
    for request in [
        "api echo x",
        "bgapi echo x",
        "api bgapi echo x",
        "api eval echo",
        "log",
        "log debug",
        "event plain CHANNEL_ANSWER",
        "event plain ALL",
        "event plain CUSTOM sofia::register",
        "api status;;echo x\nconsole_execute: true",
    ] {
        client.ask(request, &denied).await;
    }
    client
        .ask(
            "event plain CHANNEL_CREATE",
            &reply("+OK event listener enabled plain"),
        )
        .await;
    client
        .ask(
            "event plain CUSTOM conference::maintenance",
            &reply("+OK event listener enabled plain"),
        )
        .await;
}

#[tokio::test]
async fn guessing_gets_slower_and_is_then_locked_out() {
    let policy = LoginPolicy {
        free: 1,
        delay_step: Duration::from_millis(150),
        lock_after: 3,
        ..LoginPolicy::default()
    };
    let world = world_with(|config| config.login_policy = policy).await;
    let refused = format!("{}{NOTICE}", reply("-ERR invalid"));
    let mut took = Vec::new();
    for _ in 0..3 {
        let mut client = world.stranger().await;
        let started = std::time::Instant::now();
        client.send("auth guess\n\n").await;
        client.expect_end(&refused).await;
        took.push(started.elapsed());
    }
    assert!(took[0] < Duration::from_millis(150), "{took:?}");
    assert!(
        took[1] >= Duration::from_millis(150) && took[2] >= Duration::from_millis(300),
        "{took:?}"
    );
    let mut locked = world.stranger().await;
    locked.send("auth ClueCon\n\n").await;
    locked.expect_end(&refused).await;
    world.counted(Cause::LoginLockedOut, 1).await;
    let mut elsewhere = Client::connect_from("127.0.0.5", world.door.local_addrs()[0]).await;
    elsewhere.expect(GREETING).await;
    elsewhere.ask("auth ClueCon", ACCEPTED).await;
}
