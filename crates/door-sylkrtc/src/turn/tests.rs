use super::*;

fn config(urls: &[&str], access: TurnAccess) -> TurnConfig {
    TurnConfig {
        urls: urls.iter().map(|url| IceUrl::parse(url).unwrap()).collect(),
        access,
    }
}

fn limited_by(secret: &str, ttl: u64) -> TurnAccess {
    TurnAccess::Limited {
        secret: Secret::new(secret),
        ttl: Duration::from_secs(ttl),
    }
}

#[test]
fn addresses_are_those_a_browser_takes() {
    for good in [
        "stun:192.0.2.1",
        "stuns:stun.example.org",
        "turn:turn.example.org:3478",
        "turns:turn.example.org:5349?transport=tcp",
        "turn:[2001:db8::1]:3478?transport=udp",
        "turn:[2001:db8::1]",
    ] {
        assert!(IceUrl::parse(good).is_some(), "{good}");
    }
    for bad in [
        "",
        "turn:",
        "turn.example.org",
        "http://example.org",
        "TURN:example.org",
        "stun:example.org?transport=udp",
        "turn:example.org?transport=sctp",
        "turn:example.org:0",
        "turn:example.org:65536",
        "turn:example.org:",
        "turn:example.org:+5",
        "turn:user@example.org",
        "turn:example..org",
        "turn:192.0.2.256",
        "turn:[2001:db8::1",
        "turn:[2001:db8::1]3478",
        "turn:[x]",
        "turn:2001:db8::1",
        "turn:a b",
        "turn://example.org",
    ] {
        assert!(IceUrl::parse(bad).is_none(), "{bad}");
    }
}

/// The seal was made with `printf 1700000060:1001@example.org | openssl dgst -sha1 -hmac secret -binary | base64`.
#[test]
fn credentials_say_until_when_and_are_sealed() {
    let config = config(
        &["turn:192.0.2.1", "stun:192.0.2.1"],
        limited_by("secret", 60),
    );
    assert_eq!(config.check(), Ok(()));
    let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let mut body = Vec::new();
    let servers = config.servers("1001@example.org", now);
    servers.push_to(&mut body);
    assert_eq!(
        Json::members(body).print(),
        r#"{"ice_servers":[{"urls":["stun:192.0.2.1"]},{"urls":["turn:192.0.2.1"],"username":"1700000060:1001@example.org","credential":"ruX+G9sWTOEd43iBktqMg/AHh54="}],"ice_servers_ttl":60}"#
    );
}

#[test]
fn passwords_are_not_logged() {
    let access = TurnAccess::Static {
        username: "pages".to_owned(),
        password: Secret::new("hush"),
    };
    let config = config(&["turn:192.0.2.1"], access);
    let servers = config.servers("a@b", UNIX_EPOCH);
    let printed = |servers: &IceServers| {
        let mut body = Vec::new();
        servers.push_to(&mut body);
        Json::members(body).print()
    };
    assert_eq!(
        printed(&servers),
        r#"{"ice_servers":[{"urls":["turn:192.0.2.1"],"username":"pages","credential":"hush"}]}"#
    );
    let logged = printed(&servers.without_password());
    assert!(
        !logged.contains("hush") && logged.contains("pages"),
        "{logged}"
    );
    assert!(!format!("{servers:?} {config:?}").contains("hush"));
}

#[test]
fn what_cannot_work_is_refused() {
    let pages = |username: &str, password: &str| TurnAccess::Static {
        username: username.to_owned(),
        password: Secret::new(password),
    };
    let (stun, turn) = (&["stun:192.0.2.1"][..], &["turn:192.0.2.1"][..]);
    for (urls, access, wanted) in [
        (stun, TurnAccess::None, Ok(())),
        (turn, TurnAccess::None, Err(TurnError::NoAccess)),
        (&[][..], TurnAccess::None, Err(TurnError::Urls)),
        (&["stun:a"; 17][..], TurnAccess::None, Err(TurnError::Urls)),
        (stun, pages("a", "b"), Err(TurnError::NoTurn)),
        (turn, pages("a", "b"), Ok(())),
        (turn, pages("", "b"), Err(TurnError::Empty)),
        (turn, pages("a", ""), Err(TurnError::Empty)),
        (turn, limited_by("", 60), Err(TurnError::Empty)),
        (turn, limited_by("s", 59), Err(TurnError::Ttl)),
        (turn, limited_by("s", 60), Ok(())),
        (turn, limited_by("s", 2_592_001), Err(TurnError::Ttl)),
    ] {
        assert_eq!(config(urls, access).check(), wanted, "{urls:?}");
    }
}
