//! Users of the configuration: who is let in, and what each may do (event-socket.md §2.2).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use api::log::{LogLevel, LogLine};
use jackfield_door_esl::{NO_LOG, PasswordHash, Permissions, User, Verb};
use net::Cause;
use support::{Client, NOTICE, World, reply, world_with};

fn user(name: &str, permissions: Permissions) -> User {
    User {
        name: name.to_owned(),
        domain: "example.org".to_owned(),
        // Few rounds: a guess need not take long here.
        password: PasswordHash::parse(SECRET).unwrap(),
        permissions,
    }
}

/// `secret`, in 1,000 rounds.
const SECRET: &str =
    "$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0c2FsdA$dClvKSmj66n6MdMWNv3Go4mvH1Ym2WIGiJvquqa+mfE";

const DENIED: &str = "-ERR permission denied";

fn list(words: &str) -> Option<Vec<String>> {
    Some(words.split_whitespace().map(str::to_owned).collect())
}

async fn with_users(users: Vec<User>) -> World {
    world_with(|config| config.users = users).await
}

async fn logged_in(world: &World, name: &str) -> Client {
    let mut client = world.stranger().await;
    client
        .send(&format!("userauth {name}@example.org:secret\n\n"))
        .await;
    let answer = client.frame().await;
    assert_eq!(answer.header("Reply-Text"), Some("+OK accepted"), "{name}");
    client
}

#[tokio::test]
async fn users_log_in_and_are_told_what_they_may() {
    let limited = Permissions {
        commands: Some(vec![Verb::Api]),
        api: list("status version"),
        events: list("DTMF CUSTOM ours::sent"),
        log: Some(NO_LOG),
    };
    let world = with_users(vec![
        user("all", Permissions::default()),
        user("limited", limited),
    ])
    .await;
    for (login, events, api, log) in [
        ("all@example.org:secret", "all", "all", "true"),
        ("all:secret@example.org", "all", "all", "true"),
        (
            "limited@example.org:secret",
            "DTMF CUSTOM ours::sent",
            "status version",
            "false",
        ),
        // The directory is there as before.
        ("esladmin@127.0.0.1:adminpass", "all", "all", "true"),
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
        "all@example.org:Secret",
        "all@example.org:secret ",
        "all@example.org",
        "all@elsewhere:secret",
        "nobody@example.org:secret",
        "ALL@example.org:secret",
    ] {
        let mut client = world.stranger().await;
        client.send(&format!("userauth {login}\n\n")).await;
        client.expect_end(&refused).await;
    }
    world.counted(Cause::LoginFailed, 6).await;
}

/// A name of the configuration is not looked for in the directory, whatever password it has there.
#[tokio::test]
async fn a_user_of_the_configuration_hides_one_of_the_directory() {
    let mut hiding = user("esladmin", Permissions::default());
    hiding.domain = "127.0.0.1".to_owned();
    let world = with_users(vec![hiding]).await;
    let mut client = world.stranger().await;
    client
        .send("userauth esladmin@127.0.0.1:adminpass\n\n")
        .await;
    client
        .expect_end(&format!("{}{NOTICE}", reply("-ERR invalid")))
        .await;
}

/// Every request, by somebody who may make this one alone.
#[tokio::test]
async fn the_truth_table_of_requests() {
    // What each is answered where it is allowed, on a connection that controls no channel.
    let requests = [
        (Verb::Api, "api echo x", "x"),
        (Verb::BgApi, "bgapi echo x\nJob-UUID: 7", "+OK Job-UUID: 7"),
        (
            Verb::DivertEvents,
            "divert_events on",
            "-ERR not controlling a session.",
        ),
        (
            Verb::Event,
            "event plain DTMF",
            "+OK event listener enabled plain",
        ),
        (Verb::NixEvent, "nixevent DTMF", "+OK events nixed"),
        (Verb::NoEvents, "noevents", "-ERR not listening for events"),
        (Verb::Filter, "filter a b", "+OK filter added. [a]=[b]"),
        (Verb::Linger, "linger", "-ERR not controlling a session"),
        (Verb::NoLinger, "nolinger", "-ERR not controlling a session"),
        (Verb::Log, "log debug", "+OK log level debug [7]"),
        (Verb::NoLog, "nolog", "-ERR not loging"),
        (Verb::MyEvents, "myevents nobody", "-ERR invalid uuid"),
        (
            Verb::SendMsg,
            "sendmsg nobody",
            "-ERR invalid session id [nobody]",
        ),
        (
            Verb::Headers,
            "headers",
            "-ERR usage: headers <name> ...|all",
        ),
        (Verb::Replay, "replay", "-ERR events are not logged here"),
        (Verb::Sequence, "sequence", "-ERR usage: sequence on|off"),
        (
            Verb::SlowReader,
            "slow-reader",
            "-ERR usage: slow-reader disk|newest|drop|disconnect",
        ),
    ];
    let users = Verb::ALL.iter().map(|verb| {
        let only = Permissions {
            commands: Some(vec![*verb]),
            ..Permissions::default()
        };
        user(verb.word(), only)
    });
    let world = with_users(users.collect()).await;
    let mut answers = std::collections::BTreeMap::new();
    for granted in Verb::ALL {
        for (verb, request, allowed) in requests {
            let mut client = logged_in(&world, granted.word()).await;
            client.send(&format!("{request}\n\n")).await;
            let answer = client.frame().await;
            let said = answer.header("Reply-Text").unwrap_or(&answer.body);
            let expected = if verb == *granted { allowed } else { DENIED };
            answers.insert((granted.word(), request), (said.to_owned(), expected));
        }
        // `exit` is everybody's.
        let mut client = logged_in(&world, granted.word()).await;
        client.send("exit\n\n").await;
        client
            .expect_end(&format!("{}{NOTICE}", reply("+OK bye")))
            .await;
    }
    let wrong: Vec<_> = answers
        .iter()
        .filter(|(_, (said, expected))| said != expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Console commands, events and levels, each by somebody who has a part of them.
#[tokio::test]
async fn the_truth_table_of_what_is_asked_for() {
    let part = Permissions {
        api: list("echo bgapi expand"),
        events: list("DTMF HEARTBEAT CUSTOM ours::sent"),
        log: Some(4),
        ..Permissions::default()
    };
    let nothing = Permissions {
        api: list(""),
        events: list(""),
        log: Some(NO_LOG),
        ..Permissions::default()
    };
    let world = with_users(vec![user("part", part), user("nothing", nothing)]).await;
    for (request, of_part) in [
        ("api echo x", true),
        ("api ECHO x", true),
        ("bgapi echo x", true),
        ("api status", false),
        ("bgapi status", false),
        ("api bgapi echo x", true),
        ("api bgapi status", false),
        ("api expand echo x", true),
        ("api expand status", false),
        ("api eval x", false),
        ("api echo x;;status\nconsole_execute: true", false),
        ("event plain DTMF", true),
        ("event json HEARTBEAT DTMF", true),
        ("event plain CHANNEL_CREATE", false),
        ("event plain DTMF CHANNEL_CREATE", false),
        ("event plain ALL", false),
        ("event plain CUSTOM ours::sent", true),
        ("event plain CUSTOM theirs::sent", false),
        ("log err", true),
        ("log 4", true),
        ("log warning", true),
        ("log notice", false),
        ("log", false),
        ("log disable", true),
    ] {
        for (name, expected) in [("part", of_part), ("nothing", false)] {
            let mut client = logged_in(&world, name).await;
            client.send(&format!("{request}\n\n")).await;
            let answer = client.frame().await;
            let denied = answer.header("Reply-Text") == Some(DENIED);
            assert_eq!(!denied, expected, "{name}: {request}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_channels_level_gives_nobody_more_of_the_log_than_they_may_have() {
    let part = Permissions {
        log: Some(5),
        ..Permissions::default()
    };
    let world = with_users(vec![user("part", part)]).await;
    let mut limited = logged_in(&world, "part").await;
    let mut free = world.client().await;
    for client in [&mut limited, &mut free] {
        let on = reply("+OK log level err [3]");
        client.ask("log err", &on).await;
    }
    let handle = world.switch.handle();
    handle.log().levels().set("abc", Some(7));
    for level in [LogLevel::Debug, LogLevel::Info, LogLevel::Notice] {
        handle.log().publish(LogLine {
            level,
            file: "a.rs".into(),
            function: "f".into(),
            line: 12,
            channel: Some("abc".into()),
            text: "Hello\n".into(),
        });
    }
    for expected in ["7", "6", "5"] {
        let frame = free.frame().await;
        assert_eq!(frame.header("Log-Level"), Some(expected));
    }
    assert_eq!(limited.frame().await.header("Log-Level"), Some("5"));
    limited.expect_silence().await;
}
