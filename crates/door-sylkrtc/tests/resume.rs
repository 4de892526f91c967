//! sylkrtc.md §1.8, §3.8: what becomes of accounts and calls when a connection ends.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::Duration;

use api::event::WebEventKind as Web;
use serde_json::json;
use support::joining::{TEAM, enter};
use support::{Client, HA1, World, party, world, world_with};

const ALICE: &str = "alice@example.org";

async fn in_a_call(world: &World) -> (Client, String) {
    let mut client = world.client().await;
    let token = client.add(ALICE).await["resume_token"]
        .as_str()
        .unwrap()
        .to_owned();
    client
        .ask(r#"{"sylkrtc":"account-register","account":"alice@example.org"}"#)
        .await;
    client
        .expect_event("registration-state", "registering")
        .await;
    client
        .expect_event("registration-state", "registered")
        .await;
    client
        .ask(r#"{"sylkrtc":"session-create","account":"alice@example.org","session":"S1","uri":"bob@example.net","sdp":"x"}"#)
        .await;
    client.expect_event("state", "progress").await;
    (client, token)
}

fn add_with(token: &str) -> String {
    json!({"sylkrtc": "account-add", "account": ALICE, "password": HA1, "previous_session_token": token}).to_string()
}

/// The call goes on for this client.
async fn still_in_the_call(world: &World, client: &mut Client) {
    let channel = world.switch.placed().await;
    world
        .switch
        .web(
            world.switch.client_of(ALICE),
            Web::Proceeding { channel, code: 182 },
        )
        .await;
    client
        .expect(r#"{"sylkrtc":"session-event","session":"S1","event":"state","state":"proceeding","code":182}"#)
        .await;
    client
        .ask(r#"{"sylkrtc":"session-terminate","session":"S1"}"#)
        .await;
    client.expect_event("state", "terminated").await;
}

#[tokio::test]
async fn a_clean_close_ends_everything() {
    let world = world().await;
    let (client, _) = in_a_call(&world).await;
    client.close().await;
    world
        .until("the account is gone", |world| world.door.accounts() == 0)
        .await;
    world
        .until("the switch knows", |world| {
            world.switch.was_asked("RemoveWebClient") == 1
        })
        .await;
    assert_eq!(world.door.waiting(), 0);
}

#[tokio::test]
async fn a_broken_connection_is_resumed_by_token() {
    let world = world().await;
    let (client, token) = in_a_call(&world).await;
    client.break_off();
    world
        .until("it waits", |world| world.door.waiting() == 1)
        .await;
    let mut again = world.client().await;
    let ack = again.ask(&add_with(&token)).await;
    assert_eq!(ack["resumed"], true);
    assert_ne!(ack["resume_token"], token, "each connection has its own");
    assert_eq!(world.switch.was_asked("AddWebClient"), 1);
    still_in_the_call(&world, &mut again).await;
}

#[tokio::test]
async fn and_by_the_same_password_but_by_no_other() {
    let world = world().await;
    let (client, token) = in_a_call(&world).await;
    client.break_off();
    world
        .until("it waits", |world| world.door.waiting() == 1)
        .await;
    let mut thief = world.client().await;
    let other = add_with(&token).replace(HA1, "00000000000000000000000000000000");
    assert_eq!(thief.ask(&other).await["resumed"], false);
    let mut stranger = world.client().await;
    assert_eq!(stranger.add("bob@example.net").await["resumed"], false);
    let mut again = world.client().await;
    assert_eq!(again.add(ALICE).await["resumed"], true);
}

#[tokio::test]
async fn a_connection_that_does_not_know_it_is_broken_hands_over() {
    let world = world().await;
    let (mut old, token) = in_a_call(&world).await;
    let mut again = world.client().await;
    assert_eq!(again.ask(&add_with(&token)).await["resumed"], true);
    still_in_the_call(&world, &mut again).await;
    old.expect_silence().await;
    old.refused(
        r#"{"sylkrtc":"account-register","account":"alice@example.org"}"#,
        "Unknown account specified for register: alice@example.org",
    )
    .await;
    old.close().await;
    assert_eq!(world.switch.was_asked("RemoveWebClient"), 0);
    // Without a token it is simply another connection of the account.
    let mut third = world.client().await;
    assert_eq!(third.add(ALICE).await["resumed"], false);
    let mut wrong = world.client().await;
    let claim = add_with(&token).replace(HA1, "00000000000000000000000000000000");
    assert_eq!(wrong.ask(&claim).await["resumed"], false);
}

#[tokio::test]
async fn what_happens_meanwhile_is_told_afterwards() {
    let world = world().await;
    let (client, token) = in_a_call(&world).await;
    client.break_off();
    world
        .until("it waits", |world| world.door.waiting() == 1)
        .await;
    let channel = world.switch.placed().await;
    let id = world.switch.client_of(ALICE);
    world
        .switch
        .web(id, Web::Proceeding { channel, code: 180 })
        .await;
    let mut again = world.client().await;
    again.ask(&add_with(&token)).await;
    again.expect_event("state", "ringing").await;
    again.expect_event("state", "proceeding").await;
}

#[tokio::test]
async fn a_call_that_still_rings_is_announced_again() {
    let world = world().await;
    let client = world.registered(ALICE).await;
    let incoming = Web::Incoming {
        channel: world.switch.new_channel().await,
        offer: "v=0".into(),
        from: party("bob@example.net", "Bob"),
        call_id: "c".into(),
        headers: vec![],
    };
    world
        .switch
        .web(world.switch.client_of(ALICE), incoming)
        .await;
    let mut client = client;
    let first = client.event("incoming-session").await;
    client.break_off();
    world
        .until("it waits", |world| world.door.waiting() == 1)
        .await;
    let mut again = world.client().await;
    assert_eq!(again.add(ALICE).await["resumed"], true);
    assert_eq!(again.event("incoming-session").await, first);
    let session = first["session"].as_str().unwrap();
    again
        .ask(&format!(
            r#"{{"sylkrtc":"session-answer","session":"{session}","sdp":"x"}}"#
        ))
        .await;
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let world = world_with(|config| config.grace = Duration::from_millis(50)).await;
    let (client, token) = in_a_call(&world).await;
    client.break_off();
    world
        .until("it is given up", |world| {
            world.switch.was_asked("RemoveWebClient") == 1
        })
        .await;
    assert_eq!((world.door.waiting(), world.door.accounts()), (0, 0));
    let mut again = world.client().await;
    assert_eq!(again.ask(&add_with(&token)).await["resumed"], false);
}

#[tokio::test]
async fn without_grace_there_is_no_token() {
    let world = world_with(|config| config.grace = Duration::ZERO).await;
    let mut client = world.client().await;
    assert!(client.add(ALICE).await.get("resume_token").is_none());
    client.break_off();
    world
        .until("it is removed", |world| {
            world.switch.was_asked("RemoveWebClient") == 1
        })
        .await;
}

#[tokio::test]
async fn what_was_asked_before_the_end_is_done() {
    let world = world().await;
    let mut client = world.registered(ALICE).await;
    let held = world.switch.hold().await;
    for number in 0..20 {
        let create = json!({"sylkrtc": "session-create", "transaction": "t", "account": ALICE,
            "session": format!("S{number}"), "uri": "bob@example.net", "sdp": "x"});
        client.send(&create.to_string()).await;
    }
    client.close_at_once().await;
    drop(held);
    world
        .until("all calls were placed", |world| {
            world.switch.was_asked("PlaceWebCall") == 20
        })
        .await;
    world
        .until("and ended", |world| {
            world.switch.was_asked("RemoveWebClient") == 1
        })
        .await;
}

/// Wherever the end of a connection or of the whole process finds a session, the switch is left with nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ends_at_any_moment_leave_nothing_behind() {
    let world = world_with(|config| config.grace = Duration::ZERO).await;
    for turn in 0..60 {
        let mut client = world.client().await;
        let held = (turn % 3 == 0).then_some(world.switch.hold());
        let held = match held {
            Some(held) => Some(held.await),
            None => None,
        };
        for (number, account) in ["a@example.org", "b@example.org"].iter().enumerate() {
            let add = json!({"sylkrtc": "account-add", "transaction": "t", "account": account, "password": HA1});
            client.send(&add.to_string()).await;
            let register =
                json!({"sylkrtc": "account-register", "transaction": "t", "account": account});
            client.send(&register.to_string()).await;
            let create = json!({"sylkrtc": "session-create", "transaction": "t", "account": account,
                "session": format!("S{number}"), "uri": "bob@example.net", "sdp": "x"});
            client.send(&create.to_string()).await;
        }
        for _ in 0..turn % 7 {
            tokio::task::yield_now().await;
        }
        match turn % 2 {
            0 => client.break_off(),
            _ => client.close_at_once().await,
        }
        drop(held);
    }
    let balanced = |world: &World| {
        world.door.accounts() == 0
            && world.switch.was_asked("AddWebClient") == world.switch.was_asked("RemoveWebClient")
    };
    world.until("every account was removed", balanced).await;
    // And in the middle of everything.
    let mut client = world.client().await;
    let held = world.switch.hold().await;
    let add =
        json!({"sylkrtc": "account-add", "transaction": "t", "account": ALICE, "password": HA1});
    client.send(&add.to_string()).await;
    world
        .until("it is under way", |world| world.door.accounts() > 0)
        .await;
    world.process.cancel();
    drop(held);
    world.until("the last one was removed too", balanced).await;
}

#[tokio::test]
async fn a_return_that_is_cut_off_leaves_nothing_behind() {
    let world = world().await;
    let mut client = world.registered(ALICE).await;
    enter(&mut client, ALICE, "V-alice", TEAM).await;
    client.break_off();
    world
        .until("it waits", |world| world.door.waiting() == 1)
        .await;
    // It comes back without its token, and the door loses track while it leaves its room.
    let held = world.switch.hold().await;
    let mut again = world.client().await;
    let add =
        json!({"sylkrtc": "account-add", "transaction": "t", "account": ALICE, "password": HA1});
    again.send(&add.to_string()).await;
    world
        .until("it is under way", |world| world.door.waiting() == 0)
        .await;
    world.switch.flood(&[]).await;
    let (_, close) = again.rest().await;
    assert_eq!(close.map(|(code, _)| code), Some(1001));
    drop(held);
    world
        .until("the switch knows", |world| {
            world.door.accounts() == 0
                && world.switch.was_asked("LeaveVideoRoom") == 1
                && world.switch.was_asked("RemoveWebClient") == 1
        })
        .await;
}
