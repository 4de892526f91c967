//! Console lines: aliases, programs, certificates, the environment (event-socket.md §2.3, §6.8).

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use net::programs::PROGRAM_TIME;

use jackfield_door_esl::{Permissions, User, start};
use support::{
    ACCEPTED, Client, FakeSwitch, GREETING, World, environment, reply, response, world_with,
};
use tokio_util::sync::CancellationToken;

const DENIED: &str = "-ERR permission denied";

/// `secret`, in 1,000 rounds.
const SECRET: &str =
    "$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0c2FsdA$dClvKSmj66n6MdMWNv3Go4mvH1Ym2WIGiJvquqa+mfE";

/// A line as `fs_cli` sends it.
fn console(line: &str) -> String {
    format!("api {line}\nconsole_execute: true")
}

async fn world_of_limited(api: &[&str]) -> World {
    let permissions = Permissions {
        api: Some(api.iter().map(|&word| word.to_owned()).collect()),
        ..Permissions::default()
    };
    let user = User {
        name: "limited".to_owned(),
        domain: "example.org".to_owned(),
        password: jackfield_door_esl::PasswordHash::parse(SECRET).unwrap(),
        permissions,
    };
    world_with(|config| config.users = vec![user]).await
}

async fn limited(world: &World) -> Client {
    let mut client = world.stranger().await;
    client.send("userauth limited@example.org:secret\n\n").await;
    let answer = client.frame().await;
    assert_eq!(answer.header("Reply-Text"), Some("+OK accepted"));
    client
}

#[tokio::test]
async fn an_alias_works_on_the_lines_of_a_console() {
    let world = world_with(|_| {}).await;
    let mut client = world.client().await;
    let set = "api alias add say echo hello";
    client.ask(set, &response("+OK\n")).await;
    let said = "\nExpand Alias [say]->[echo hello you]\n\nhello you";
    client.ask(&console("say you"), &response(said)).await;
    let unknown = response("-ERR say Command not found!\n");
    client.ask("api say you", &unknown).await;
}

#[tokio::test]
async fn an_alias_neither_gives_nor_takes_what_a_user_may() {
    let world = world_of_limited(&["hostname", "alias"]).await;
    let mut full = world.client().await;
    for (alias, command) in [
        ("host", "hostname"),
        ("stop", "fsctl shutdown"),
        ("hostname", "echo gone"),
    ] {
        let set = format!("api alias add {alias} {command}");
        full.ask(&set, &response("+OK\n")).await;
    }
    let mut client = limited(&world).await;
    let host = "\nExpand Alias [host]->[hostname]\n\nhost";
    client.ask(&console("host"), &response(host)).await;
    client.ask(&console("stop"), &reply(DENIED)).await;
    client.ask(&console("host;;stop"), &reply(DENIED)).await;
    client.ask(&console("hostname"), &response("host")).await;
    // What they may not do they make nobody else do.
    client
        .ask("api alias add hostname fsctl shutdown", &reply(DENIED))
        .await;
    client
        .ask("api alias add status hostname", &response("+OK\n"))
        .await;
    assert!(!world.switch.was_asked("Shutdown"));
}

#[tokio::test]
async fn programs_are_there_for_whom_the_operator_wants_them() {
    let off = world_with(|_| {}).await;
    let mut client = off.client().await;
    let unknown = response("-ERR system Command not found!\n");
    client.ask("api system echo hi", &unknown).await;
    client
        .ask("api show api system", &response("\n0 total.\n"))
        .await;

    let on = world_with(|config| config.programs = Some(net::Programs::new(PROGRAM_TIME))).await;
    let mut client = on.client().await;
    client.ask("api system echo hi", &response("hi\n")).await;
    // golden api-11-system-cmds
    client
        .ask("api system false", &response("-ERR no reply\n"))
        .await;
    client
        .ask("api bg_system", &response("-USAGE: <command>\n"))
        .await;
    let folder = std::env::temp_dir().join(format!("jackfield-bg-{}", std::process::id()));
    let mark = folder.display();
    let line = format!("api bg_system mkdir {mark}");
    client.ask(&line, &response("+OK\n")).await;
    let until = tokio::time::Instant::now() + Duration::from_secs(30);
    while !folder.is_dir() {
        assert!(tokio::time::Instant::now() < until, "no {mark}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    client
        .ask(&format!("api file_exists {mark}"), &response("true"))
        .await;
    std::fs::remove_dir(&folder).unwrap();
    client
        .ask(&format!("api file_exists {mark}"), &response("false"))
        .await;
}

#[tokio::test]
async fn certificates_are_read_again_and_secrets_of_the_environment_kept() {
    let reloads = Arc::new(AtomicU32::new(0));
    let counted = reloads.clone();
    let mut environment = environment();
    environment.reload_certificates = Arc::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let path = std::env::var("PATH").unwrap();
    environment.secret_variables = ["HOME".to_owned()].into();
    let config = jackfield_door_esl::Config {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        ..jackfield_door_esl::Config::default()
    };
    let switch = FakeSwitch::start();
    let process = CancellationToken::new();
    let door = start(config, switch.handle(), environment, &process)
        .await
        .unwrap();
    let mut client = Client::connect(door.local_addrs()[0]).await;
    client.expect(GREETING).await;
    client.ask("auth ClueCon", ACCEPTED).await;
    let enabled = reply("+OK event listener enabled plain");
    client.ask("event plain CERT_RELOAD", &enabled).await;
    client.send("api reloadcert\n\n").await;
    let (one, other) = (client.frame().await, client.frame().await);
    let told = [&one, &other]
        .into_iter()
        .find_map(|frame| frame.header("Event-Name"));
    assert_eq!(told, Some("CERT_RELOAD"));
    assert_eq!(reloads.load(Ordering::Relaxed), 1);
    client.ask("api getenv PATH", &response(&path)).await;
    client.ask("api getenv HOME", &response("_undef_")).await;
    client.ask("api getenv A=B", &response("_undef_")).await;
}
