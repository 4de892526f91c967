//! Calls and messages to hosts that have to be found first, and to the next of their servers.

use api::ErrorKind;
use api::command::message::{Delivery, SendMessage};
use sip::message::Method;

use super::foreign::{phone_sdp, respond, sent};
use super::*;

#[test]
fn a_host_that_cannot_be_found_is_an_error_and_no_call() {
    let mut rig = rig();
    let guest = add(&mut rig, 1, "guest@guest.example");
    let error = rig
        .get(placing(guest, "bob@guest.example", AUDIO))
        .unwrap_err();
    assert_eq!(
        (error.kind, &*error.detail),
        (ErrorKind::NotSupported, "guest.example is not known")
    );
    assert_eq!(rig.seen(told), Vec::<String>::new());
    check_idle(&rig);
}

#[test]
fn a_call_waits_for_the_dns_and_nothing_else_does() {
    let mut rig = rig();
    rig.names.silent = true;
    let guest = add(&mut rig, 1, "guest@guest.example");
    let request = rig.ask(placing(guest, "bob@guest.example", AUDIO));
    assert_eq!(rig.asked.len(), 1);
    assert_eq!(rig.switch.census().lookups, 1);
    assert!(!rig.answers.contains_key(&request.0));
    registered(&mut rig, 2, "1001@127.0.0.1");
    let id = rig.asked[0].0;
    let address = "192.0.2.7:5070".parse().unwrap();
    let transport = sip::transport::Transport::Udp;
    let hop = sip::resolve::Hop { transport, address };
    rig.feed(Input::Resolved {
        id,
        result: Ok(vec![hop]),
    });
    assert!(rig.answers.remove(&request.0).unwrap().is_ok());
    let invite = rig.sent().pop().expect("an INVITE");
    assert_eq!(invite.target.remote, address);
    rig.feed(Input::SipFailed(invite));
    assert_eq!(
        rig.seen(told).last().map(String::as_str),
        Some("1: terminated 503 Service Unavailable")
    );
    rig.feed(Input::Resolved {
        id,
        result: Ok(vec![hop]),
    });
    assert_eq!(rig.sent(), [], "an answer that comes twice");
    rig.pass(std::time::Duration::from_secs(40));
    check_idle(&rig);
}

#[test]
fn the_next_server_is_called_when_one_is_gone_or_out_of_service() {
    let mut rig = rig();
    rig.names.put(
        "guest.example",
        &[
            "udp 192.0.2.7:5070",
            "udp [2001:db8::7]:5070",
            "tcp 192.0.2.8:5060",
            "udp 192.0.2.1:5060",
        ],
    );
    let guest = add(&mut rig, 1, "guest@guest.example");
    place(&mut rig, guest, "bob@guest.example", AUDIO);
    let first = rig.sent().pop().unwrap();
    assert_eq!(first.target.remote.to_string(), "192.0.2.7:5070");
    rig.feed(Input::SipFailed(first.clone()));
    let second = rig.sent().pop().unwrap();
    assert_eq!(
        second.target.remote.to_string(),
        "192.0.2.8:5060",
        "the profile has no IPv6"
    );
    let read = |bytes: &bytes::Bytes| sip::message::parse_datagram(bytes.clone()).unwrap();
    let (a, b) = (read(&first.bytes), read(&second.bytes));
    assert_eq!(a.call_id(), b.call_id());
    assert!(b.contact().unwrap().uri.ends_with(";transport=tcp"));
    respond(&mut rig, &b, "503 Busy", "");
    let third = sent(&mut rig, &Method::Invite);
    respond(&mut rig, &third, "180 Ringing", "");
    respond(&mut rig, &third, "503 Busy", "");
    assert_eq!(
        rig.seen(told),
        [
            "1: calling",
            "1: proceeding 180",
            "1: terminated 503 Service Unavailable"
        ]
    );
    rig.pass(std::time::Duration::from_secs(40));
    check_idle(&rig);
}

#[test]
fn a_silent_server_is_left_after_the_time_of_its_transaction() {
    let mut rig = rig();
    rig.names.put(
        "guest.example",
        &["udp 192.0.2.7:5070", "udp 192.0.2.1:5060"],
    );
    let guest = add(&mut rig, 1, "guest@guest.example");
    place(&mut rig, guest, "bob@guest.example", AUDIO);
    rig.pass(std::time::Duration::from_secs(31));
    let repeats = rig.sent();
    assert!(
        repeats
            .iter()
            .all(|t| t.target.remote.to_string() == "192.0.2.7:5070")
    );
    rig.pass(std::time::Duration::from_secs(2));
    let invite = rig.take_sent().pop().expect("an INVITE");
    respond(&mut rig, &invite, "486 Busy Here", "");
    assert_eq!(
        rig.seen(told),
        ["1: calling", "1: terminated 486 Busy Here"]
    );
    rig.pass(std::time::Duration::from_secs(40));
    check_idle(&rig);
}

#[test]
fn a_program_calls_a_host_by_name() {
    use api::command::call::{Originate, Then};
    let mut rig = rig();
    let dial = |address: &str| Originate {
        dial: api::dial::DialString::parse(address).unwrap(),
        then: Then::Run(api::Application::new("park", "")),
        caller_id_name: None,
        caller_id_number: None,
        timeout: None,
    };
    let request = rig.ask(dial("sofia/internal/bob@nobody.example"));
    let error = rig.answers.remove(&request.0).unwrap().unwrap_err();
    assert_eq!(error.cause, Some(api::HangupCause::NormalTemporaryFailure));
    rig.names.put("guest.example", &["tcp 192.0.2.8:5060"]);
    rig.names.silent = true;
    let request = rig.ask(dial(
        "sofia/internal/sip:bob@guest.example:5080;transport=tcp",
    ));
    let (id, asked) = rig.asked.pop().unwrap();
    assert_eq!(asked, "guest.example:5080");
    assert_eq!(rig.sent(), []);
    rig.feed(Input::Resolved {
        id,
        result: Ok(vec![sip::resolve::Hop {
            transport: sip::transport::Transport::Tcp,
            address: "192.0.2.8:5080".parse().unwrap(),
        }]),
    });
    let invite = rig.sent().pop().unwrap();
    assert_eq!(
        (invite.target.transport, invite.target.remote.to_string()),
        (sip::transport::Transport::Tcp, "192.0.2.8:5080".to_owned())
    );
    rig.feed(Input::SipFailed(invite));
    assert!(rig.answers.remove(&request.0).unwrap().is_err());
    // One that is given up while the DNS is silent.
    let request = rig.ask(dial("[leg_timeout=3]sofia/internal/bob@guest.example"));
    rig.pass(std::time::Duration::from_secs(4));
    let error = rig.answers.remove(&request.0).unwrap().unwrap_err();
    assert_eq!(error.cause, Some(api::HangupCause::NoAnswer));
    let (id, _) = rig.asked.pop().unwrap();
    rig.feed(Input::Resolved {
        id,
        result: Err("late".into()),
    });
    rig.pass(std::time::Duration::from_secs(40));
    check_idle(&rig);
    assert_eq!(rig.switch.census().lookups, 0);
}

#[test]
fn a_message_goes_to_the_next_server_when_one_is_gone() {
    let mut rig = rig();
    rig.names.put(
        "guest.example",
        &["udp 192.0.2.7:5070", "udp 192.0.2.1:5060"],
    );
    let guest = add(&mut rig, 1, "guest@guest.example");
    let request = rig.ask(SendMessage {
        client: guest,
        to: "bob@guest.example".into(),
        content_type: "text/plain".into(),
        headers: Vec::new(),
        body: "Lunch?".into(),
    });
    let first = rig.sent().pop().unwrap();
    assert_eq!(first.target.remote.to_string(), "192.0.2.7:5070");
    rig.feed(Input::SipFailed(first));
    let second = sent(&mut rig, &Method::Message);
    assert_eq!(second.request_uri(), Some("sip:bob@guest.example"));
    assert!(!rig.answers.contains_key(&request.0), "not answered yet");
    respond(&mut rig, &second, "200 OK", "");
    assert_eq!(
        rig.answers.remove(&request.0),
        Some(Ok(Answer::Delivery(Delivery {
            code: 200,
            phrase: "OK".into()
        })))
    );
    assert_eq!(rig.switch.census().messages, 0);
}

#[test]
fn where_a_call_is_sent_later_has_nothing_to_do_with_where_it_went_first() {
    use api::command::channel::{LegChoice, Transfer};
    let mut rig = rig();
    rig.names.put("guest.example", &["udp 192.0.2.1:5060"]);
    let guest = add(&mut rig, 1, "guest@guest.example");
    let call = place(&mut rig, guest, "bob@guest.example", AUDIO);
    let invite = sent(&mut rig, &Method::Invite);
    let headers = format!(
        "Contact: <sip:bob@192.0.2.1>\r\nContent-Type: application/sdp\r\n\r\n{}",
        phone_sdp("8")
    );
    respond(&mut rig, &invite, "200 OK", &headers);
    rig.sent();
    rig.get(Transfer {
        channel: call.clone(),
        leg: LegChoice::A,
        extension: "bridge:sofia/internal/carol@192.0.2.50".into(),
        dialplan: Some("inline".into()),
        context: None,
    })
    .unwrap();
    let places: Vec<_> = rig
        .sent()
        .into_iter()
        .filter(|transmit| transmit.bytes.starts_with(b"INVITE"))
        .map(|transmit| transmit.target.remote.to_string())
        .collect();
    assert_eq!(places, ["192.0.2.50:5060"]);
}
