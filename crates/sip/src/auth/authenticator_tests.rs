use bytes::Bytes;
use rand::rngs::StdRng;

use super::*;
use crate::auth::client::ChallengeAnswerer;
use crate::auth::{Credentials, Secret};
use crate::message::{Method, parse_datagram};

const REALM: &str = "example.org";

fn message(first: &str, headers: &[(String, String)]) -> Message {
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    parse_datagram(Bytes::from(format!("{first}\r\n{lines}\r\n"))).unwrap()
}

fn ha1(claim: Claim<'_>) -> Option<Ha1> {
    (claim.username == "alice").then(|| Ha1::new(claim.algorithm, "alice", REALM, "secret"))
}

fn client(credentials: Credentials) -> (ChallengeAnswerer, StdRng) {
    (
        ChallengeAnswerer::new(credentials),
        StdRng::from_seed([3; 32]),
    )
}

/// Challenges, answers and judges once.
fn round(
    server: &mut Authenticator,
    now: Instant,
    algorithms: &[Algorithm],
    credentials: Credentials,
) -> (Message, Verdict) {
    let (mut client, mut rng) = client(credentials);
    let challenge = message(
        "SIP/2.0 401 Unauthorized",
        &server.challenge(now, ChallengeKind::Www, REALM, algorithms, false),
    );
    let answers = client
        .answer(&challenge, &Method::Register, "sip:example.org", &mut rng)
        .unwrap();
    let answers: Vec<_> = answers
        .into_iter()
        .map(|(name, value)| (name.as_str().to_owned(), value))
        .collect();
    let request = message("REGISTER sip:example.org SIP/2.0", &answers);
    let verdict = server.verify(now, ChallengeKind::Www, REALM, &request, ha1);
    (request, verdict)
}

#[test]
fn both_algorithms_work_from_password_and_from_hash() {
    let (mut server, now) = (Authenticator::new([1; 32]), Instant::now());
    let accepted = Verdict::Accepted {
        username: "alice".into(),
    };
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        assert_eq!(
            round(
                &mut server,
                now,
                &[algorithm],
                Credentials::password("alice", "secret")
            )
            .1,
            accepted
        );
        let stored = Ha1::new(algorithm, "alice", REALM, "secret");
        let credentials = Credentials {
            username: "alice".into(),
            secret: Secret::Ha1 {
                realm: REALM.into(),
                ha1: stored,
            },
        };
        // Both offered: the client takes the one its hash fits.
        assert_eq!(
            round(
                &mut server,
                now,
                &[Algorithm::Sha256, Algorithm::Md5],
                credentials
            )
            .1,
            accepted
        );
    }
}

#[test]
fn wrong_password_unknown_user_and_replay_are_told_apart() {
    let (mut server, now) = (Authenticator::new([1; 32]), Instant::now());
    let md5 = &[Algorithm::Md5];
    let verdict = round(
        &mut server,
        now,
        md5,
        Credentials::password("alice", "guess"),
    )
    .1;
    assert_eq!(
        verdict,
        Verdict::WrongPassword {
            username: "alice".into()
        }
    );
    let verdict = round(
        &mut server,
        now,
        md5,
        Credentials::password("bob", "secret"),
    )
    .1;
    assert_eq!(
        verdict,
        Verdict::UnknownUser {
            username: "bob".into()
        }
    );
    assert_eq!(server.nonces_in_use(), 0, "failures leave nothing behind");
    let (request, verdict) = round(
        &mut server,
        now,
        md5,
        Credentials::password("alice", "secret"),
    );
    assert_eq!(
        verdict,
        Verdict::Accepted {
            username: "alice".into()
        }
    );
    let verdict = server.verify(now, ChallengeKind::Www, REALM, &request, ha1);
    assert_eq!(
        verdict,
        Verdict::Replayed {
            username: "alice".into()
        }
    );
    let later = now + Authenticator::NONCE_LIFETIME + Duration::from_secs(1);
    let verdict = server.verify(later, ChallengeKind::Www, REALM, &request, ha1);
    assert_eq!(
        verdict,
        Verdict::Stale {
            username: "alice".into()
        }
    );
    let verdict = Authenticator::new([2; 32]).verify(now, ChallengeKind::Www, REALM, &request, ha1);
    assert_eq!(
        verdict,
        Verdict::Stale {
            username: "alice".into()
        },
        "a nonce of another server"
    );
}

#[test]
fn one_nonce_serves_many_requests_with_growing_counts() {
    let (mut server, now) = (Authenticator::new([1; 32]), Instant::now());
    let (mut client, mut rng) = client(Credentials::password("alice", "secret"));
    let challenge = message(
        "SIP/2.0 401 Unauthorized",
        &server.challenge(now, ChallengeKind::Www, REALM, &[Algorithm::Md5], false),
    );
    for count in 1..=300_u32 {
        let answers = client
            .answer(&challenge, &Method::Register, "sip:example.org", &mut rng)
            .unwrap();
        client.accepted();
        assert!(answers[0].1.contains(&format!("nc={count:08x}")));
        let request = message(
            "REGISTER sip:x SIP/2.0",
            &[("Authorization".into(), answers[0].1.clone())],
        );
        let verdict = server.verify(now, ChallengeKind::Www, REALM, &request, ha1);
        assert_eq!(
            verdict,
            Verdict::Accepted {
                username: "alice".into()
            },
            "count {count}"
        );
    }
    assert_eq!(server.nonces_in_use(), 1);
}

#[test]
fn a_client_does_not_knock_forever() {
    let mut server = Authenticator::new([1; 32]);
    let (mut client, mut rng) = client(Credentials::password("alice", "wrong"));
    let mut ask = |stale| {
        let headers = server.challenge(
            Instant::now(),
            ChallengeKind::Proxy,
            REALM,
            &[Algorithm::Md5],
            stale,
        );
        let challenge = message("SIP/2.0 407 x", &headers);
        client
            .answer(&challenge, &Method::Invite, "sip:b@example.org", &mut rng)
            .map(|answers| answers[0].0)
    };
    assert_eq!(ask(false), Some(HeaderName::ProxyAuthorization));
    assert_eq!(
        ask(true),
        Some(HeaderName::ProxyAuthorization),
        "stale is no refusal of the password"
    );
    assert_eq!(ask(false), None);
}

#[test]
fn unreadable_and_foreign_credentials_are_no_entry() {
    let (mut server, now) = (Authenticator::new([1; 32]), Instant::now());
    let mut verdict = |value: &str| {
        let request = message(
            "REGISTER sip:x SIP/2.0",
            &[("Authorization".into(), value.into())],
        );
        server.verify(now, ChallengeKind::Www, REALM, &request, ha1)
    };
    assert_eq!(
        verdict("Digest realm=\"other\", username=\"alice\""),
        Verdict::NoCredentials
    );
    let full = "Digest realm=\"example.org\", username=\"alice\", nonce=\"x\", uri=\"sip:x\", response=\"y\"";
    assert_eq!(
        verdict(full),
        Verdict::WrongPassword {
            username: "alice".into()
        }
    );
    for bad in [
        "Basic YWxpY2U6c2VjcmV0",
        "Digest realm=\"example.org\"",
        "Digest",
        "Digest realm",
        &format!("{full}, qop=auth-int"),
        &format!("{full}, qop=auth, nc=1, cnonce=\"a\""),
        &format!("{full}, qop=auth, nc=+0000001, cnonce=\"a\""),
        &format!("{full}, algorithm=MD4"),
    ] {
        assert_eq!(verdict(bad), Verdict::Malformed, "{bad}");
    }
}

#[test]
fn credentials_made_for_something_else_are_none() {
    let (mut server, now) = (Authenticator::new([1; 32]), Instant::now());
    for (method, made_for, shown_at, is_good) in [
        (
            "INVITE",
            "sip:1001@example.org",
            "sip:1001@example.org",
            true,
        ),
        (
            "INVITE",
            "sip:1001@example.org",
            "sip:0900@example.org",
            false,
        ),
        (
            "INVITE",
            "sip:1001@elsewhere.example",
            "sip:1001@example.org",
            false,
        ),
        // Ports, parameters, escapes and case are no difference; a proxy may have put an address for the domain.
        (
            "INVITE",
            "sip:1001@EXAMPLE.org:5060;transport=udp",
            "sip:%31001@example.org",
            true,
        ),
        (
            "INVITE",
            "sip:1001@example.org",
            "sip:1001@192.0.2.1:5070",
            true,
        ),
        // SIPp names the server alone.
        (
            "INVITE",
            "sip:192.0.2.1:5060",
            "sip:1001@192.0.2.1:5060",
            true,
        ),
        (
            "INVITE",
            "sip:elsewhere.example",
            "sip:1001@192.0.2.1:5060",
            false,
        ),
        ("INVITE", "1001", "sip:1001@example.org", false),
        ("REGISTER", "sip:alice@example.org", "sip:example.org", true),
        (
            "REGISTER",
            "sip:elsewhere.example",
            "sip:example.org",
            false,
        ),
        ("INVITE", "tel:+1201", "tel:+1201", true),
        ("INVITE", "tel:+1201", "tel:+1900", false),
    ] {
        let (mut client, mut rng) = client(Credentials::password("alice", "secret"));
        let algorithms = [Algorithm::Md5];
        let challenge = message(
            "SIP/2.0 401 Unauthorized",
            &server.challenge(now, ChallengeKind::Www, REALM, &algorithms, false),
        );
        let parsed = Method::from_token(method);
        let answers: Vec<_> = client
            .answer(&challenge, &parsed, made_for, &mut rng)
            .unwrap()
            .into_iter()
            .map(|(name, value)| (name.as_str().to_owned(), value))
            .collect();
        let request = message(&format!("{method} {shown_at} SIP/2.0"), &answers);
        let verdict = server.verify(now, ChallengeKind::Www, REALM, &request, ha1);
        let expected = if is_good {
            Verdict::Accepted {
                username: "alice".into(),
            }
        } else {
            Verdict::Malformed
        };
        assert_eq!(verdict, expected, "{method} {made_for} {shown_at}");
    }
}
