//! Calls and messages to other servers.

use api::command::message::{Delivery, SendMessage};
use sip::message::{HeaderName, Message, Method};

use super::*;

pub(crate) const SERVER: &str = "192.0.2.1:5060";

/// The one request of a method that was sent.
pub(crate) fn sent(rig: &mut Rig, method: &Method) -> Message {
    let mut found: Vec<Message> = rig
        .take_sent()
        .into_iter()
        .filter(|message| message.method() == Some(method))
        .collect();
    assert_eq!(found.len(), 1, "one {method}: {found:?}");
    found.remove(0)
}

/// A response to a request, with the headers of the tests' choice.
pub(crate) fn respond(rig: &mut Rig, request: &Message, status: &str, headers: &str) {
    respond_from(rig, SERVER, request, status, headers);
}

/// The same from a server of the tests' choice.
pub(crate) fn respond_from(
    rig: &mut Rig,
    server: &str,
    request: &Message,
    status: &str,
    headers: &str,
) {
    let mut text = format!("SIP/2.0 {status}\r\n");
    for (name, header) in [
        ("Via", HeaderName::Via),
        ("From", HeaderName::From),
        ("Call-ID", HeaderName::CallId),
        ("CSeq", HeaderName::CSeq),
    ] {
        let value = request.header(header).unwrap_or_default();
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let to = request.header(HeaderName::To).unwrap_or_default();
    // What follows an empty line is the body.
    let (headers, body) = match headers.split_once("\r\n\r\n") {
        Some((headers, body)) => (format!("{headers}\r\n"), body),
        None => (headers.to_owned(), ""),
    };
    let tag = if to.contains(";tag=") {
        ""
    } else {
        ";tag=there"
    };
    text.push_str(&format!(
        "To: {to}{tag}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    rig.receive(server, &text);
}

/// A phone's description with these payload types.
pub(crate) fn phone_sdp(payload_types: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
         m=audio 4000 RTP/AVP {payload_types}\r\n"
    )
}

#[test]
fn a_page_is_answered_with_the_codec_the_far_side_took() {
    let mut rig = rig();
    let user = add(&mut rig, 1, "1000@127.0.0.1");
    let call = place(&mut rig, user, "bob@192.0.2.1", AUDIO);
    assert_eq!(rig.peers.orders(), Vec::<String>::new(), "not before");
    let invite = sent(&mut rig, &Method::Invite);
    let headers = format!(
        "Contact: <sip:bob@192.0.2.1>\r\nX-Acme-Desk: 4\r\nX-Other: 5\r\n\
         Content-Type: application/sdp\r\n\r\n{}",
        phone_sdp("8")
    );
    rig.events.clear();
    respond(&mut rig, &invite, "200 OK", &headers);
    assert_eq!(rig.peers.orders(), ["accept 1 PCMA"]);
    assert_eq!(
        rig.seen(told),
        ["1: accepted answer of 1 X-Acme-Desk=4"],
        "with the headers it asked for"
    );
    end(&mut rig, &call, 486);
    let bye = sent(&mut rig, &Method::Bye);
    respond(&mut rig, &bye, "200 OK", "");
    rig.pass(std::time::Duration::from_secs(40));
    check_idle(&rig);
}

#[test]
fn a_page_speaks_g722_with_a_phone_that_does() {
    let mut config = config();
    config.profiles[0].codecs = ["OPUS", "G722", "PCMU"].map(Into::into).to_vec();
    let mut rig = Rig::with(config);
    let user = add(&mut rig, 1, "1000@127.0.0.1");
    let call = place(&mut rig, user, "bob@192.0.2.1", AUDIO);
    let invite = sent(&mut rig, &Method::Invite);
    let offer = String::from_utf8_lossy(&invite.body()).into_owned();
    assert!(offer.contains("a=rtpmap:9 G722/8000\r\n"), "{offer}");
    let headers = format!(
        "Contact: <sip:bob@192.0.2.1>\r\nContent-Type: application/sdp\r\n\r\n{}",
        phone_sdp("9")
    );
    respond(&mut rig, &invite, "200 OK", &headers);
    assert_eq!(rig.peers.orders(), ["accept 1 G722"]);
    let codec = rig
        .view
        .channel(call.as_str())
        .and_then(|seen| seen.read_codec.clone());
    let codec = codec.map(|codec| (codec.name.to_string(), codec.rate_hz, codec.bit_rate));
    assert_eq!(codec, Some(("G722".to_owned(), 16_000, 64_000)));
    for (name, value) in [
        ("read_codec", "G722"),
        ("read_rate", "16000"),
        ("rtp_use_codec_rate", "8000"),
    ] {
        assert_eq!(rig.switch.var(&call, name), Some(value), "{name}");
    }
    end(&mut rig, &call, 486);
    let bye = sent(&mut rig, &Method::Bye);
    respond(&mut rig, &bye, "200 OK", "");
    rig.pass(std::time::Duration::from_secs(40));
    check_idle(&rig);
}

#[test]
fn a_page_is_offered_the_codec_the_caller_would_be_given() {
    let mut config = config();
    config.profiles[0].auth_calls = false;
    config.profiles[0].context = "default".into();
    let mut rig = Rig::with(config);
    let client = registered(&mut rig, 2, "1001@127.0.0.1");
    let sdp = phone_sdp("18 8 0");
    rig.receive(
        SERVER,
        &format!(
            "INVITE sip:1001@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n\
             From: \"Bob\" <sip:bob@192.0.2.1>;tag=b\r\nTo: <sip:1001@127.0.0.1>\r\n\
             Call-ID: b7Kq0fT2\r\nCSeq: 1 INVITE\r\nContact: <sip:bob@192.0.2.1>\r\n\
             X-Acme-Case: 9\r\nX-Other: 1\r\nMax-Forwards: 70\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        ),
    );
    assert_eq!(rig.peers.orders(), ["offer 1 PCMA"]);
    let call = call_of(&rig, client);
    let told = rig.seen(told);
    assert_eq!(
        told.last().map(String::as_str),
        Some("2: incoming Bob bob@192.0.2.1: offer of 1 X-Acme-Case=9"),
        "a stranger is shown at its own domain"
    );
    assert_eq!(rig.switch.var(&call, "sip_call_id"), Some("b7Kq0fT2"));
    answer(&mut rig, &call, AUDIO).unwrap();
    let answer = rig
        .take_sent()
        .into_iter()
        .find(|message| message.code() == Some(200))
        .expect("the caller is answered");
    assert_eq!(answer.header_named("X-Acme-Desk"), Some("4"));
    assert!(String::from_utf8_lossy(&answer.body()).contains("RTP/AVP 8"));
    end(&mut rig, &call, 486);
    rig.pass(std::time::Duration::from_secs(80));
    check_idle(&rig);
}

fn challenge(realm: &str) -> String {
    format!("Proxy-Authenticate: Digest realm=\"{realm}\", nonce=\"5d1c2b7a\", algorithm=MD5\r\n")
}

#[test]
fn a_guest_calls_its_own_server_with_its_own_credentials() {
    let mut rig = rig();
    let guest = add(&mut rig, 1, "guest@guest.example");
    place(&mut rig, guest, "bob@192.0.2.1", AUDIO);
    let invite = sent(&mut rig, &Method::Invite);
    assert_eq!(invite.request_uri(), Some("sip:bob@192.0.2.1"));
    let from = invite.from().unwrap();
    assert_eq!(
        (from.uri, &*from.display_name()),
        ("sip:guest@guest.example", "Alice")
    );
    assert_eq!(invite.header_named("X-Acme-Case"), Some("1234"));
    respond(
        &mut rig,
        &invite,
        "407 Proxy Authentication Required",
        &challenge("guest.example"),
    );
    let again = sent(&mut rig, &Method::Invite);
    let credentials = again.header(HeaderName::ProxyAuthorization).unwrap();
    assert!(
        credentials.contains("username=\"guest\"")
            && credentials.contains("realm=\"guest.example\""),
        "{credentials}"
    );
    rig.events.clear();
    respond(&mut rig, &again, "486 Busy Here", "");
    assert_eq!(rig.seen(told), ["1: terminated 486 Busy Here"]);
    rig.pass(std::time::Duration::from_secs(40));
    check_idle(&rig);
}

#[test]
fn what_another_server_says_is_passed_on_in_its_words() {
    let mut rig = rig();
    let user = add(&mut rig, 1, "1000@127.0.0.1");
    for (status, ending) in [
        ("403 No", "403 Forbidden"),
        ("480 Away", "480 Temporarily Unavailable"),
        ("600 Busy", "600 Busy Everywhere"),
    ] {
        place(&mut rig, user, "bob@192.0.2.1", AUDIO);
        let invite = sent(&mut rig, &Method::Invite);
        respond(&mut rig, &invite, "182 Queued", "");
        respond(&mut rig, &invite, "180 Ringing", "");
        respond(&mut rig, &invite, status, "");
        assert_eq!(
            rig.seen(told),
            [
                "1: calling".to_owned(),
                "1: proceeding 182".into(),
                "1: proceeding 180".into(),
                format!("1: terminated {ending}")
            ]
        );
    }
    rig.pass(std::time::Duration::from_secs(40));
    check_idle(&rig);
}

#[test]
fn credentials_another_server_refuses_are_called_so() {
    let mut rig = rig();
    let guest = add(&mut rig, 1, "guest@guest.example");
    place(&mut rig, guest, "bob@192.0.2.1", AUDIO);
    rig.events.clear();
    for _ in 0..2 {
        let invite = sent(&mut rig, &Method::Invite);
        let headers = challenge("guest.example");
        respond(
            &mut rig,
            &invite,
            "407 Proxy Authentication Required",
            &headers,
        );
    }
    assert_eq!(
        rig.seen(told),
        ["1: terminated 904 Operation has no matching challenge "]
    );
    rig.pass(std::time::Duration::from_secs(40));
    check_idle(&rig);
}

#[test]
fn nobody_else_gets_to_see_what_a_hash_makes() {
    let mut rig = rig();
    let guest = add(&mut rig, 1, "guest@guest.example");
    let user = add(&mut rig, 2, "1000@127.0.0.1");
    // A server of another realm, and one that pretends to be ours.
    for (client, realm) in [(guest, "elsewhere.example"), (user, "127.0.0.1")] {
        place(&mut rig, client, "bob@192.0.2.1", AUDIO);
        let invite = sent(&mut rig, &Method::Invite);
        rig.events.clear();
        respond(
            &mut rig,
            &invite,
            "407 Proxy Authentication Required",
            &challenge(realm),
        );
        let after = rig.take_sent();
        assert!(
            after
                .iter()
                .all(|message| message.method() != Some(&Method::Invite)),
            "{realm}"
        );
        assert!(rig.seen(told)[0].contains("terminated"), "{realm}");
    }
    rig.pass(std::time::Duration::from_secs(40));
    check_idle(&rig);
}

#[test]
fn messages_go_to_other_servers_the_same_way() {
    let mut rig = rig();
    let guest = add(&mut rig, 1, "guest@guest.example");
    let request = rig.ask(SendMessage {
        client: guest,
        to: "bob@192.0.2.1".into(),
        content_type: "message/cpim".into(),
        headers: vec![("X-Id".into(), "7".into())],
        body: "Lunch?".into(),
    });
    let message = sent(&mut rig, &Method::Message);
    assert_eq!(&message.body()[..], b"Lunch?");
    assert_eq!(
        (
            message.from().unwrap().uri,
            message.header(HeaderName::ContentType),
            message.header_named("X-Id")
        ),
        ("sip:guest@guest.example", Some("message/cpim"), Some("7"))
    );
    respond(
        &mut rig,
        &message,
        "407 Proxy Authentication Required",
        &challenge("guest.example"),
    );
    let again = sent(&mut rig, &Method::Message);
    assert!(again.header(HeaderName::ProxyAuthorization).is_some());
    assert!(!rig.answers.contains_key(&request.0), "not answered yet");
    respond(&mut rig, &again, "202 Accepted", "");
    assert_eq!(
        rig.answers.remove(&request.0),
        Some(Ok(Answer::Delivery(Delivery {
            code: 202,
            phrase: "Accepted".into()
        })))
    );
    assert_eq!(rig.switch.census().messages, 0);
}

#[test]
fn phones_that_ring_on_are_told_that_another_one_took_the_call() {
    let mut rig = rig();
    let dial = "sofia/internal/bob@192.0.2.1:5060,sofia/internal/bob@192.0.2.2:5060";
    incoming::originate(&mut rig, dial);
    let invites: Vec<Message> = rig
        .take_sent()
        .into_iter()
        .filter(|message| message.method() == Some(&Method::Invite))
        .collect();
    let [loser, winner] = &invites[..] else {
        panic!("{invites:?}");
    };
    let other = "192.0.2.2:5060";
    respond(
        &mut rig,
        loser,
        "180 Ringing",
        "Contact: <sip:bob@192.0.2.1>\r\n",
    );
    let answer = format!(
        "Contact: <sip:bob@192.0.2.2>\r\nContent-Type: application/sdp\r\n\r\n{}",
        phone_sdp("8")
    );
    respond_from(&mut rig, other, winner, "200 OK", &answer);
    let cancel = sent(&mut rig, &Method::Cancel);
    assert_eq!(cancel.call_id(), loser.call_id());
    assert_eq!(
        cancel.header(HeaderName::Reason),
        Some("SIP;cause=200;text=\"Call completed elsewhere\"")
    );
}
