//! sylkrtc.md §3.2, §4: accounts, registration, push tokens.

#![allow(clippy::unwrap_used, reason = "a test ends there")]
#![allow(clippy::wildcard_enum_match_arm, reason = "one command is looked for")]

mod support;

use api::event::WebEventKind;
use api::{Command, ErrorKind};
use serde_json::json;
use support::{HA1, http, world, world_with};

#[tokio::test]
async fn accounts_are_added_once_and_removed() {
    let world = world_with(|config| config.sip_domains = vec!["example.org".to_owned()]).await;
    let mut client = world.client().await;
    let ack = client.add("sip:alice@example.org").await;
    assert_eq!(ack["resumed"], false);
    assert!(ack["resume_token"].as_str().unwrap().starts_with("rt-"));
    let add = |account: &str| {
        format!(r#"{{"sylkrtc":"account-add","account":"{account}","password":"{HA1}"}}"#)
    };
    client
        .refused(
            &add("alice@example.org"),
            "Account alice@example.org already added",
        )
        .await;
    client
        .refused(
            &add("bob@example.com"),
            "SIP domain not allowed: example.com",
        )
        .await;
    client.refused(&add("bob"), "invalid SIP URI: bob").await;
    let remove = r#"{"sylkrtc":"account-remove","account":"alice@example.org"}"#;
    client.ask(remove).await;
    client
        .refused(
            remove,
            "Unknown account specified for remove: alice@example.org",
        )
        .await;
    assert_eq!(world.switch.names(), ["AddWebClient", "RemoveWebClient"]);
    assert_eq!(world.door.accounts(), 0);
}

#[tokio::test]
async fn the_switch_learns_what_the_client_said() {
    let world = world().await;
    let mut client = world.client().await;
    client
        .ask(&format!(
            r#"{{"sylkrtc":"account-add","account":"alice@example.org","password":"{HA1}","display_name":" \"Alice\" ",
            "user_agent":"SylkRTC (Chrome 156)","incoming_header_prefixes":["X-Acme-","X-Acme-"],"unknown":1}}"#
        ))
        .await;
    let add = world.switch.last(|command| match command {
        Command::AddWebClient(add) => Some(add.clone()),
        _ => None,
    });
    let add = add.unwrap();
    assert_eq!(
        (&*add.user, &*add.domain, &*add.display_name),
        ("alice", "example.org", "Alice")
    );
    assert_eq!(add.header_prefixes.len(), 1);
    assert_eq!(add.ha1.bytes()[0], 0x72);
}

#[tokio::test]
async fn registration_is_told_on_change_only() {
    let world = world().await;
    let mut client = world.registered("alice@example.org").await;
    let id = world.switch.client_of("alice@example.org");
    world.switch.web(id, WebEventKind::Registered).await;
    let failed = |code, phrase: &str| WebEventKind::RegistrationFailed {
        code,
        phrase: phrase.into(),
    };
    world
        .switch
        .web(id, failed(503, "Service Unavailable"))
        .await;
    world
        .switch
        .web(id, failed(503, "Service Unavailable"))
        .await;
    client
        .expect(r#"{"sylkrtc":"account-event","account":"alice@example.org","event":"registration-state","state":"failed","reason":"503 Service Unavailable"}"#)
        .await;
    client
        .ask(r#"{"sylkrtc":"account-unregister","account":"alice@example.org"}"#)
        .await;
    // What is still under way is old.
    world.switch.web(id, WebEventKind::Registered).await;
    client.expect_silence().await;
}

#[tokio::test]
async fn the_switch_hears_whose_messages_are_kept() {
    let world = world().await;
    let _ours = world.registered("alice@EXAMPLE.org").await;
    let kept = world.switch.last(|command| match command {
        Command::KeepMessages(keep) => Some(keep.account.clone()),
        _ => None,
    });
    assert_eq!(kept.as_deref(), Some("alice@example.org"));
    let _foreign = world.registered("alice@elsewhere.example").await;
    assert_eq!(
        world.switch.was_asked("KeepMessages"),
        1,
        "others keep theirs"
    );
}

#[tokio::test]
async fn a_wrong_password_is_904_with_a_blank_at_its_end() {
    let world = world().await;
    let (mut client, failed) = world.with_wrong_password("alice@example.org").await;
    assert_eq!(failed["reason"], "904 Operation has no matching challenge ");
    let sync = r#"{"sylkrtc":"account-sync-conversations","account":"alice@example.org"}"#;
    client.refused(sync, "Account not authenticated").await;
}

#[tokio::test]
async fn an_unreachable_registrar_is_an_error_and_not_an_event() {
    let world = world().await;
    let mut client = world.with_account("alice@example.org").await;
    world.switch.refuse(
        "RegisterWebClient",
        ErrorKind::NotSupported,
        "no such domain",
    );
    let register = r#"{"sylkrtc":"account-register","account":"alice@example.org"}"#;
    client
        .refused(register, "DNS lookup error: no such domain")
        .await;
    client
        .refused(
            r#"{"sylkrtc":"account-register","account":"bob@example.org"}"#,
            "Unknown account specified for register: bob@example.org",
        )
        .await;
    client
        .refused(
            r#"{"sylkrtc":"account-unregister","account":"bob@example.org"}"#,
            "Unknown account specified for unregister: bob@example.org",
        )
        .await;
}

#[tokio::test]
async fn push_tokens_go_into_the_contact_and_to_the_admin() {
    let world = world_with(|config| {
        config.admin_listen = Some("127.0.0.1:0".parse().unwrap());
        config.admin_secret = Some(jackfield_door_sylkrtc::Secret::new("geheim"));
    })
    .await;
    let mut client = world.with_account("alice@example.org").await;
    client
        .ask(
            r#"{"sylkrtc":"account-devicetoken","account":"alice@example.org","token":"fcm:AAAA1234",
            "platform":"android","device":"8c6f","app":"com.example.phone"}"#,
        )
        .await;
    assert_eq!(
        world.switch.was_asked("RegisterWebClient"),
        0,
        "it does not register"
    );
    client
        .ask(r#"{"sylkrtc":"account-register","account":"alice@example.org"}"#)
        .await;
    client
        .expect_event("registration-state", "registering")
        .await;
    client
        .expect_event("registration-state", "registered")
        .await;
    let parameters = world.switch.last(|command| match command {
        Command::RegisterWebClient(register) => Some(register.contact_parameters.clone()),
        _ => None,
    });
    let printed: Vec<String> = parameters
        .unwrap()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        printed.join(";"),
        "pn-app=com.example.phone;pn-tok=fcm:AAAA1234;pn-type=android;pn-device=8c6f;pn-silent=0"
    );
    let admin = world.door.admin_addr().unwrap();
    let ask = |method: &str, path: &str, secret: &str| {
        format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {secret}\r\n\r\n"
        )
    };
    let denied = http(admin, &ask("GET", "/tokens/alice@example.org", "falsch")).await;
    assert!(
        denied.starts_with("HTTP/1.1 403 ") && denied.ends_with("Authentication error"),
        "{denied}"
    );
    let shown = http(admin, &ask("GET", "/tokens/alice@example.org", "geheim")).await;
    assert!(
        shown.contains(r#"{"tokens":{"com.example.phone-8c6f":{"token":"fcm:AAAA1234""#),
        "{shown}"
    );
    let deleted = http(
        admin,
        &ask("DELETE", "/tokens/alice@example.org/fcm:AAAA1234", "geheim"),
    )
    .await;
    assert!(deleted.ends_with(r#"{"success":true}"#), "{deleted}");
    let shown = http(admin, &ask("GET", "/tokens/alice@example.org", "geheim")).await;
    assert!(shown.ends_with(r#"{"tokens":{}}"#), "{shown}");
    client
        .refused(
            r#"{"sylkrtc":"account-devicetoken","account":"bob@example.org","token":"t","platform":"p","device":"d","app":"a"}"#,
            "Unknown account specified for token: bob@example.org",
        )
        .await;
}

#[tokio::test]
async fn there_are_limits() {
    let world = world_with(|config| {
        config.max_accounts = 2;
        config.requests = jackfield_door_sylkrtc::Rate {
            burst: 5,
            per_second: 0.001,
        };
        config.trickles = jackfield_door_sylkrtc::Rate {
            burst: 30,
            per_second: 0.001,
        };
    })
    .await;
    let mut client = world.client().await;
    client.add("a@example.org").await;
    client.add("b@example.org").await;
    let third = json!({"sylkrtc": "account-add", "account": "c@example.org", "password": HA1});
    client
        .refused(&third.to_string(), "Too many accounts")
        .await;
    for _ in 0..20 {
        client
            .ask(r#"{"sylkrtc":"session-trickle","session":"S","candidates":[]}"#)
            .await;
    }
    client
        .refused(&third.to_string(), "Too many accounts")
        .await;
    client
        .refused(&third.to_string(), "Too many accounts")
        .await;
    client
        .refused(&third.to_string(), "Too many requests")
        .await;
    for _ in 0..100 {
        client.ask(r#"{"sylkrtc":"ping"}"#).await;
    }
}

#[tokio::test]
async fn the_address_book_is_kept_and_shared() {
    let world = world().await;
    let mut one = world.registered("alice@example.org").await;
    let mut two = world.registered("alice@example.org").await;
    let fetch = r#"{"sylkrtc":"account-fetch-addressbook","account":"alice@example.org"}"#;
    one.ask(fetch).await;
    one.expect(r#"{"sylkrtc":"account-event","account":"alice@example.org","event":"addressbook-fetched","addressbook":{"contacts":[],"groups":[],"policies":[]}}"#)
        .await;
    one.ask(
        r#"{"sylkrtc":"account-update-addressbook","account":"alice@example.org","action":"add","type":"contact",
        "data":{"id":"c1","name":"Bob","uris":[{"id":"u1","uri":"bob@example.net","type":"SIP"}],"attributes":{"a":1}}}"#,
    )
    .await;
    let updated = one.event("addressbook-updated").await;
    assert_eq!(updated["contact"]["defaultUri"]["uri"], "bob@example.net");
    assert_eq!(updated["contact"]["attributes"]["a"], 1);
    assert_eq!(
        updated["contact"]["dialog"],
        json!({"policy": "default", "subscribe": false})
    );
    assert_eq!(two.event("addressbook-updated").await, updated);
    two.ask(fetch).await;
    let fetched = two.event("addressbook-fetched").await;
    assert_eq!(fetched["addressbook"]["contacts"][0], updated["contact"]);
    two.ask(
        r#"{"sylkrtc":"account-update-addressbook","account":"alice@example.org","action":"delete","type":"contact","data":{"id":"c1"}}"#,
    )
    .await;
    assert_eq!(two.event("addressbook-updated").await["action"], "delete");
    assert_eq!(one.event("addressbook-updated").await["action"], "delete");
    two.refused(
        r#"{"sylkrtc":"account-update-addressbook","account":"alice@example.org","action":"add","type":"groupMember","data":{"groupId":"1","contactId":"2"}}"#,
        "Invalid value for 'type' property: \"groupMember\"",
    )
    .await;
}

#[tokio::test]
async fn a_full_address_book_says_so_by_an_event() {
    let world = world_with(|config| config.store.items = 0).await;
    let mut client = world.registered("alice@example.org").await;
    client
        .ask(r#"{"sylkrtc":"account-update-addressbook","account":"alice@example.org","action":"add","type":"policy","data":{"id":"p1"}}"#)
        .await;
    client
        .expect(r#"{"sylkrtc":"account-event","account":"alice@example.org","event":"addressbook-update-failed","type":"policy","action":"add","error":"quota exceeded","id":"p1"}"#)
        .await;
}
