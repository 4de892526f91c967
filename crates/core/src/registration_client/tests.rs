//! Web clients of other domains, their registrar, and who else may reach them.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

use std::time::Duration;

use api::command::message::SendMessage;
use api::command::web::{RegisterWebClient, RemoveWebClient, UnregisterWebClient};
use api::event::{Event, EventKind};
use api::id::WebClientId;
use api::{Answer, CommandError, ErrorKind, RequestId};
use sip::message::{HeaderName, Message, Method};

use crate::Input;
use crate::rig::{Rig, config};
use crate::web::tests::foreign::{phone_sdp, respond, respond_from, sent};
use crate::web::tests::{AUDIO, add, add_with, answer, call_of, check_idle, end, hash_of, told};

const ACCOUNT: &str = "guest@guest.example";
const REGISTRAR: &str = "192.0.2.1:5060";

fn rig() -> Rig {
    let mut rig = Rig::with(config());
    rig.names.put("guest.example", &["udp 192.0.2.1:5060"]);
    rig
}

fn register(rig: &mut Rig, client: WebClientId) -> Result<Answer, CommandError> {
    let request = ask_to_register(rig, client);
    rig.answers.remove(&request.0).expect("an answer")
}

fn ask_to_register(rig: &mut Rig, client: WebClientId) -> RequestId {
    rig.ask(RegisterWebClient {
        client,
        contact_parameters: vec![("pn-tok".into(), "fcm:AAAA".into())],
    })
}

fn challenge(realm: &str, more: &str) -> String {
    format!("WWW-Authenticate: Digest realm=\"{realm}\", nonce=\"5d1c2b7a\"{more}\r\n")
}

fn contact(register: &Message) -> String {
    register.contact().expect("a contact").uri.to_owned()
}

/// A client registered at its registrar; its contact.
fn registered(rig: &mut Rig, number: u64) -> (WebClientId, String) {
    let client = WebClientId(number);
    add_with(rig, number, ACCOUNT, hash_of(ACCOUNT)).unwrap();
    register(rig, client).unwrap();
    let first = sent(rig, &Method::Register);
    respond(
        rig,
        &first,
        "401 Unauthorized",
        &challenge("guest.example", ""),
    );
    let second = sent(rig, &Method::Register);
    let contact = contact(&second);
    respond(
        rig,
        &second,
        "200 OK",
        &format!("Contact: <{contact}>;expires=600\r\n"),
    );
    assert_eq!(
        rig.seen(told),
        [
            format!("{number}: registering"),
            format!("{number}: registered")
        ]
    );
    (client, contact)
}

#[test]
fn a_client_registers_with_the_server_of_its_domain() {
    let mut rig = rig();
    rig.names.silent = true;
    let client = add(&mut rig, 1, ACCOUNT);
    let request = ask_to_register(&mut rig, client);
    assert_eq!(rig.seen(told), Vec::<String>::new(), "it is looked for");
    assert!(!rig.answers.contains_key(&request.0));
    let (id, name) = rig.asked.pop().unwrap();
    assert_eq!(name, "guest.example");
    let hop = sip::resolve::Hop {
        transport: sip::transport::Transport::Udp,
        address: REGISTRAR.parse().unwrap(),
    };
    rig.feed(Input::Resolved {
        id,
        result: Ok(vec![hop]),
    });
    assert_eq!(rig.answers.remove(&request.0), Some(Ok(Answer::Unit(()))));
    let first = sent(&mut rig, &Method::Register);
    assert_eq!(first.request_uri(), Some("sip:guest.example"));
    let of = |party: Option<sip::message::header::NameAddr<'_>>| party.unwrap().uri.to_owned();
    assert_eq!(of(first.from()), "sip:guest@guest.example");
    assert_eq!(of(first.to()), "sip:guest@guest.example");
    assert_eq!(first.header_named("Expires"), Some("600"));
    let address = contact(&first);
    assert!(
        address.ends_with("@127.0.0.1:5060;pn-tok=fcm:AAAA") && address.len() > 40,
        "{address}"
    );
    assert_eq!(first.header(HeaderName::Authorization), None);
    respond(
        &mut rig,
        &first,
        "401 Unauthorized",
        &challenge("guest.example", ", qop=\"auth\""),
    );
    let second = sent(&mut rig, &Method::Register);
    assert_eq!(contact(&second), address);
    let credentials = second.header(HeaderName::Authorization).unwrap();
    assert!(
        credentials.contains("username=\"guest\"")
            && credentials.contains("uri=\"sip:guest.example\""),
        "{credentials}"
    );
    respond(&mut rig, &second, "200 OK", "Expires: 600\r\n");
    assert_eq!(rig.seen(told), ["1: registering", "1: registered"]);
    assert_eq!(
        rig.switch.census().registrations,
        0,
        "it is registered elsewhere, not here"
    );
}

#[test]
fn what_the_registrar_refuses_is_said_in_its_words_or_known_ones() {
    let wrong = "1: failed 904 Operation has no matching challenge ";
    for (challenged, status, headers, failed) in [
        (
            true,
            "401 Unauthorized",
            challenge("guest.example", ""),
            wrong,
        ),
        (
            false,
            "401 Unauthorized",
            challenge("other.example", ""),
            wrong,
        ),
        (
            false,
            "401 Unauthorized",
            challenge("guest.example", ", algorithm=SHA-256"),
            "1: failed 401 Unauthorized: the server offers no MD5 digest",
        ),
        (false, "403 Not you", String::new(), "1: failed 403 Not you"),
        (false, "404 ", String::new(), "1: failed 404 Not Found"),
    ] {
        let mut rig = rig();
        let client = add(&mut rig, 1, ACCOUNT);
        register(&mut rig, client).unwrap();
        let mut request = sent(&mut rig, &Method::Register);
        if challenged {
            respond(&mut rig, &request, status, &headers);
            request = sent(&mut rig, &Method::Register);
        }
        respond(&mut rig, &request, status, &headers);
        assert_eq!(
            rig.seen(told),
            ["1: registering", failed],
            "{status} {headers}"
        );
        assert_eq!(rig.take_sent().len(), 0);
    }
}

#[test]
fn a_nonce_that_grew_stale_is_replaced() {
    let mut rig = rig();
    let client = add(&mut rig, 1, ACCOUNT);
    register(&mut rig, client).unwrap();
    for stale in ["", ", stale=true", ", stale=TRUE"] {
        let request = sent(&mut rig, &Method::Register);
        respond(
            &mut rig,
            &request,
            "401 Unauthorized",
            &challenge("guest.example", stale),
        );
    }
    let request = sent(&mut rig, &Method::Register);
    respond(&mut rig, &request, "200 OK", "");
    assert_eq!(rig.seen(told), ["1: registering", "1: registered"]);
}

#[test]
fn a_domain_that_is_not_found_is_an_error_and_no_event() {
    let mut rig = Rig::with(config());
    let client = add(&mut rig, 1, ACCOUNT);
    let error = register(&mut rig, client).unwrap_err();
    assert_eq!(
        (error.kind, &*error.detail),
        (ErrorKind::NotSupported, "guest.example is not known")
    );
    rig.names.put("guest.example", &["udp [2001:db8::1]:5060"]);
    let error = register(&mut rig, client).unwrap_err();
    assert_eq!(&*error.detail, "no SIP profile reaches its addresses");
    assert_eq!(rig.seen(told), Vec::<String>::new());
    assert_eq!(rig.switch.census().client_registrations, 0);
    assert_eq!(rig.switch.census().lookups, 0);
}

#[test]
fn nobody_there_is_told_after_every_server_was_tried() {
    let mut rig = rig();
    rig.names.put(
        "guest.example",
        &["udp 192.0.2.7:5060", "udp 192.0.2.1:5060"],
    );
    let client = add(&mut rig, 1, ACCOUNT);
    register(&mut rig, client).unwrap();
    let first = rig.sent().pop().unwrap();
    assert_eq!(first.target.remote.to_string(), "192.0.2.7:5060");
    rig.feed(Input::SipFailed(first));
    assert_eq!(rig.seen(told), ["1: registering"]);
    rig.pass(Duration::from_secs(33));
    assert!(
        rig.sent()
            .iter()
            .all(|t| t.target.remote.to_string() == REGISTRAR)
    );
    assert_eq!(rig.seen(told), ["1: failed 408 Request Timeout"]);
    // It tries again by itself, and says so only when it succeeds.
    rig.pass(Duration::from_secs(11));
    rig.feed(Input::Tick);
    let again = rig.sent().pop().unwrap();
    rig.feed(Input::SipFailed(again));
    let register = sent(&mut rig, &Method::Register);
    respond(&mut rig, &register, "200 OK", "");
    assert_eq!(rig.seen(told), ["1: registered"]);
}

#[test]
fn refreshes_go_on_and_a_removed_client_takes_its_contact_back() {
    let mut rig = rig();
    let (client, own) = registered(&mut rig, 1);
    let mut last = 0;
    for _ in 0..2 {
        let refresh = (0..52).find_map(|_| {
            rig.pass(Duration::from_secs(10));
            rig.take_sent().pop()
        });
        let refresh = refresh.expect("a refresh in time");
        assert_eq!(contact(&refresh), own);
        assert!(refresh.cseq().unwrap().number > last);
        last = refresh.cseq().unwrap().number;
        respond(&mut rig, &refresh, "200 OK", "Expires: 600\r\n");
    }
    assert_eq!(rig.seen(told), Vec::<String>::new(), "silently");
    rig.get(RemoveWebClient { client }).unwrap();
    let bye = sent(&mut rig, &Method::Register);
    assert_eq!(
        (contact(&bye), bye.header_named("Expires")),
        (own, Some("0"))
    );
    assert!(bye.cseq().unwrap().number > last);
    respond(
        &mut rig,
        &bye,
        "401 Unauthorized",
        &challenge("guest.example", ""),
    );
    let bye = sent(&mut rig, &Method::Register);
    assert!(bye.header(HeaderName::Authorization).is_some());
    respond(&mut rig, &bye, "200 OK", "");
    assert_eq!(rig.switch.census().client_registrations, 0);
    rig.pass(Duration::from_secs(2000));
    assert_eq!(rig.take_sent().len(), 0);
}

#[test]
fn one_that_is_taken_back_at_once_is_taken_back_after_its_answer() {
    let mut rig = rig();
    let client = add(&mut rig, 1, ACCOUNT);
    register(&mut rig, client).unwrap();
    let first = sent(&mut rig, &Method::Register);
    rig.get(UnregisterWebClient { client }).unwrap();
    assert_eq!(rig.take_sent().len(), 0);
    respond(&mut rig, &first, "200 OK", "");
    let bye = sent(&mut rig, &Method::Register);
    assert_eq!(bye.header_named("Expires"), Some("0"));
    respond(&mut rig, &bye, "200 OK", "");
    assert_eq!(rig.seen(told), ["1: registering"], "nothing more is told");
    assert_eq!(rig.switch.census().client_registrations, 0);
    // And one that was not even looked for yet.
    rig.names.silent = true;
    let request = ask_to_register(&mut rig, client);
    rig.get(UnregisterWebClient { client }).unwrap();
    assert_eq!(rig.answers.remove(&request.0), Some(Ok(Answer::Unit(()))));
    assert_eq!(rig.switch.census().client_registrations, 0);
}

#[test]
fn a_server_that_stops_leaves_no_contact_behind() {
    let mut rig = rig();
    let (_, own) = registered(&mut rig, 1);
    rig.feed(Input::Shutdown);
    let bye = sent(&mut rig, &Method::Register);
    assert_eq!(
        (contact(&bye), bye.header_named("Expires")),
        (own, Some("0"))
    );
    assert!(!rig.stopped, "it waits for the answer");
    respond(&mut rig, &bye, "200 OK", "");
    assert!(rig.stopped);
    let mut rig = self::rig();
    registered(&mut rig, 1);
    rig.feed(Input::Shutdown);
    rig.pass(Duration::from_secs(6));
    assert!(rig.stopped, "but not for ever");
}

#[test]
fn who_registers_again_gets_a_new_contact() {
    let mut rig = rig();
    let (client, own) = registered(&mut rig, 1);
    register(&mut rig, client).unwrap();
    let both = rig.take_sent();
    let shown: Vec<_> = both
        .iter()
        .map(|register| (contact(register) == own, register.header_named("Expires")))
        .collect();
    assert_eq!(shown, [(true, Some("0")), (false, Some("600"))]);
}

fn invite(to: &str) -> String {
    let sdp = phone_sdp("8 0");
    format!(
        "INVITE {to} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n\
         From: \"Bob\" <sip:bob@guest.example>;tag=b\r\nTo: <sip:guest@guest.example>\r\n\
         Call-ID: c1\r\nCSeq: 1 INVITE\r\nContact: <sip:bob@192.0.2.9>\r\nMax-Forwards: 69\r\n\
         X-Acme-Case: 9\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    )
}

#[test]
fn a_call_of_the_registrar_rings_exactly_the_client_it_names() {
    let mut rig = rig();
    registered(&mut rig, 1);
    let (second, own) = registered(&mut rig, 2);
    rig.receive(REGISTRAR, &invite(&own));
    let call = call_of(&rig, second);
    assert_eq!(
        rig.seen(told),
        ["2: incoming Bob bob@guest.example: offer of 1 X-Acme-Case=9"]
    );
    let ringing: Vec<_> = rig.take_sent().iter().filter_map(Message::code).collect();
    assert_eq!(ringing, [100, 180]);
    answer(&mut rig, &call, AUDIO).unwrap();
    let ok = rig.take_sent().pop().unwrap();
    assert_eq!(ok.code(), Some(200));
    end(&mut rig, &call, 486);
    rig.pass(Duration::from_secs(80));
    check_idle(&rig);
}

#[test]
fn a_call_that_another_phone_of_the_account_took_was_not_missed() {
    let mut rig = rig();
    let (client, own) = registered(&mut rig, 1);
    for (number, reason, last) in [
        (1, "", "1: terminated 487 Request Terminated, missed"),
        (
            2,
            "Reason: SIP;cause=487;text=\"Call completed elsewhere\"\r\n",
            "1: terminated 487 Request Terminated, missed",
        ),
        (
            3,
            "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n",
            "1: terminated 487 Request Terminated",
        ),
        (
            4,
            "Reason: Q.850;cause=16, SIP ;cause=200\r\n",
            "1: terminated 487 Request Terminated",
        ),
    ] {
        let branch = format!("z9hG4bKn{number}");
        let call_id = format!("e{number}");
        let text = invite(&own).replace("z9hG4bKx", &branch);
        rig.receive(REGISTRAR, &text.replace("c1", &call_id));
        let call = call_of(&rig, client);
        rig.receive(
            REGISTRAR,
            &format!(
                "CANCEL {own} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch={branch}\r\n\
                 From: \"Bob\" <sip:bob@guest.example>;tag=b\r\nTo: <sip:guest@guest.example>\r\n\
                 Call-ID: {call_id}\r\nCSeq: 1 CANCEL\r\n{reason}Content-Length: 0\r\n\r\n"
            ),
        );
        assert_eq!(rig.seen(told).pop().as_deref(), Some(last), "{reason}");
        assert!(rig.view.channels.get(&call).is_none());
    }
    rig.pass(Duration::from_secs(80));
    check_idle(&rig);
}

#[test]
fn a_call_of_the_registrar_takes_no_other_call_over() {
    let mut rig = rig();
    let (_, own) = registered(&mut rig, 1);
    let (id, bob) = rig.called(
        "sofia/internal/bob@192.0.2.9",
        "192.0.2.9:5060",
        &phone_sdp("8"),
    );
    rig.sent();
    let replaces = format!("Replaces: {}", bob.replaces());
    rig.receive(
        REGISTRAR,
        &invite(&own).replace("X-Acme-Case: 9", &replaces),
    );
    assert_eq!(rig.last_final().code(), Some(403));
    assert!(rig.switch.channels[&id].is_up());
}

#[test]
fn a_fork_of_the_registrar_rings_every_page_it_names() {
    let mut rig = rig();
    let (first, one) = registered(&mut rig, 1);
    let (second, two) = registered(&mut rig, 2);
    rig.receive(REGISTRAR, &invite(&one));
    // The second branch of the same INVITE.
    rig.receive(REGISTRAR, &invite(&two).replace("z9hG4bKx", "z9hG4bKy"));
    let codes: Vec<_> = rig.take_sent().iter().filter_map(Message::code).collect();
    assert_eq!(codes, [100, 180, 100, 180]);
    for client in [first, second] {
        let call = call_of(&rig, client);
        end(&mut rig, &call, 486);
    }
    // One branch over two paths is one call.
    for branch in ["z9hG4bKp", "z9hG4bKq"] {
        let text = invite(&one).replace("c1", "c2").replace("z9hG4bKx", branch);
        rig.receive(REGISTRAR, &text);
    }
    let codes: Vec<_> = rig.take_sent().iter().filter_map(Message::code).collect();
    assert_eq!(codes.last(), Some(&482), "{codes:?}");
    let call = call_of(&rig, first);
    end(&mut rig, &call, 486);
    rig.pass(Duration::from_secs(80));
    check_idle(&rig);
}

#[test]
fn a_page_refuses_in_its_own_words() {
    let mut rig = rig();
    let (client, own) = registered(&mut rig, 1);
    rig.receive(REGISTRAR, &invite(&own));
    let call = call_of(&rig, client);
    end(&mut rig, &call, 486);
    let last = rig.take_sent().pop().unwrap();
    assert_eq!(last.code(), Some(486));
    rig.pass(Duration::from_secs(80));
    check_idle(&rig);
}

#[test]
fn nobody_but_the_registrar_reaches_a_contact() {
    let mut rig = rig();
    let (client, own) = registered(&mut rig, 1);
    rig.receive("192.0.2.66:5060", &invite(&own));
    let refused = rig.take_sent().pop().unwrap();
    assert_eq!(refused.code(), Some(403));
    let message = |to: &str| {
        format!(
            "MESSAGE {to} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKm{}\r\n\
             From: <sip:bob@guest.example>;tag=b\r\nTo: <sip:guest@guest.example>\r\n\
             Call-ID: m{}\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nHi",
            to.len(),
            to.len()
        )
    };
    rig.receive("192.0.2.66:5060", &message(&own));
    assert_eq!(rig.take_sent().pop().unwrap().code(), Some(403));
    let messages = |event: &Event| match &event.kind {
        EventKind::Message(event) => Some(format!(
            "{} to {} {:?}: {}",
            event.from.uri,
            event.to,
            event.clients,
            String::from_utf8_lossy(&event.body)
        )),
        _ => None,
    };
    assert_eq!(rig.seen(messages), Vec::<String>::new());
    rig.receive(REGISTRAR, &message(&format!("{own};x")));
    assert_eq!(rig.take_sent().pop().unwrap().code(), Some(200));
    assert_eq!(
        rig.seen(messages),
        ["bob@guest.example to guest@guest.example [WebClientId(1)]: Hi"]
    );
    // A contact that was taken back is nobody's.
    rig.get(UnregisterWebClient { client }).unwrap();
    rig.take_sent();
    rig.receive(REGISTRAR, &message(&format!("{own};xy")));
    assert_eq!(rig.take_sent().pop().unwrap().code(), Some(407));
    rig.pass(Duration::from_secs(80));
    check_idle(&rig);
}

#[test]
fn a_registrar_speaks_for_its_own_domain_and_never_for_ours() {
    let mut rig = rig();
    let (_, own) = registered(&mut rig, 1);
    let mut serial = 0;
    let mut write = |rig: &mut Rig, from: &str| {
        serial += 1;
        let text = format!(
            "MESSAGE {own} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKs{serial}\r\n\
             From: <sip:{from}>;tag=b\r\nTo: <sip:guest@guest.example>\r\nCall-ID: s{serial}\r\n\
             CSeq: 1 MESSAGE\r\nContent-Type: text/pgp-public-key\r\nContent-Length: 2\r\n\r\nHi"
        );
        rig.receive(REGISTRAR, &text);
        let verified = rig.seen(|event: &Event| match &event.kind {
            EventKind::Message(event) => Some(event.verified.to_string()),
            _ => None,
        });
        let code = rig.take_sent().pop().and_then(|answer| answer.code());
        (code, verified.concat())
    };
    for from in ["1000@127.0.0.1", "nobody@127.0.0.1:5060"] {
        assert_eq!(write(&mut rig, from), (Some(403), String::new()), "{from}");
    }
    for (from, verified) in [
        ("bob@Guest.Example", "true"),
        ("bob@elsewhere.example", "false"),
        ("1000%40127.0.0.1@elsewhere.example", "false"),
    ] {
        let told = (Some(200), verified.to_owned());
        assert_eq!(write(&mut rig, from), told, "{from}");
    }
    rig.pass(Duration::from_secs(80));
    check_idle(&rig);
}

#[test]
fn with_a_proxy_everything_goes_there() {
    let mut config = config();
    config.outbound_proxy =
        Some(sip::resolve::Destination::proxy("proxy.example:5090;transport=tcp").unwrap());
    let mut rig = Rig::with(config);
    rig.names.put("proxy.example", &["tcp 192.0.2.3:5090"]);
    let client = add(&mut rig, 1, ACCOUNT);
    register(&mut rig, client).unwrap();
    rig.ask(SendMessage {
        client,
        to: "bob@nobody.example".into(),
        content_type: "text/plain".into(),
        headers: Vec::new(),
        body: "x".into(),
    });
    crate::web::tests::place(&mut rig, client, "bob@192.0.2.99", AUDIO);
    let sent = rig.sent();
    let places: Vec<_> = sent
        .iter()
        .map(|transmit| {
            (
                transmit.target.transport.as_str(),
                transmit.target.remote.to_string(),
            )
        })
        .collect();
    assert_eq!(places, vec![("TCP", "192.0.2.3:5090".to_owned()); 3]);
    let register = sip::message::parse_datagram(sent[0].bytes.clone()).unwrap();
    assert_eq!(register.request_uri(), Some("sip:guest.example"));
    assert!(contact(&register).contains(";transport=tcp;"));
    respond_from(&mut rig, "192.0.2.3:5090", &register, "200 OK", "");
    let own = contact(&register);
    rig.events.clear();
    rig.receive("192.0.2.3:40404", &invite(&own));
    assert_eq!(rig.seen(told).len(), 1, "the proxy calls for the registrar");
}
