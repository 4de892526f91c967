//! Messages between pages; those of phones are in the simulated world.

use std::time::Duration;

use api::command::message::{
    AnswerMessage, Delivery, KeepMessages, SendCallMessage, SendChat, SendMessage,
};
use api::event::{Event, EventKind};
use api::id::{MessageId, WebClientId};
use api::{Answer, ChannelId, CommandError, ErrorKind, ObjectKind};
use bytes::Bytes;

use sip::transport::Transport;

use crate::rig::{Phone, Rig};
use crate::web::tests::{
    AUDIO, add, add_with, answer, call_of, end, hash_of, place, registered, rig,
};

/// Messages in short: from, to, the pages they reach, what they say.
fn letters(event: &Event) -> Option<String> {
    let EventKind::Message(event) = &event.kind else {
        return None;
    };
    let clients: Vec<_> = event.clients.iter().map(|client| client.0).collect();
    let headers: String = event
        .headers
        .iter()
        .map(|(name, value)| format!(" {name}={value}"))
        .collect();
    Some(format!(
        "{} to {} {clients:?}{}: {} {}{headers}",
        event.from.uri,
        event.to,
        if event.call.is_some() {
            " in a call"
        } else {
            ""
        },
        event.content_type,
        String::from_utf8_lossy(&event.body)
    ))
}

fn send(rig: &mut Rig, client: WebClientId, to: &str, body: &[u8]) -> Result<Answer, CommandError> {
    rig.get(SendMessage {
        client,
        to: to.into(),
        content_type: "text/plain".into(),
        headers: vec![
            ("X-Id".into(), "7".into()),
            ("P-Asserted-Identity".into(), "<sip:boss@127.0.0.1>".into()),
        ],
        body: Bytes::copy_from_slice(body),
    })
}

fn went(code: u16, phrase: &str) -> Result<Answer, CommandError> {
    Ok(Answer::Delivery(Delivery {
        code,
        phrase: phrase.into(),
    }))
}

#[test]
fn a_message_reaches_every_other_page_of_an_account() {
    let mut rig = rig();
    let sender = add(&mut rig, 1, "1000@127.0.0.1");
    let second = registered(&mut rig, 2, "1001@127.0.0.1");
    registered(&mut rig, 3, "1001@localhost");
    assert_eq!(
        send(&mut rig, sender, "1001@localhost", b"Lunch?"),
        went(200, "OK")
    );
    assert_eq!(
        send(&mut rig, second, "sip:1001@127.0.0.1:5060", b"to myself"),
        went(200, "OK")
    );
    assert_eq!(
        rig.seen(letters),
        [
            "1000@127.0.0.1 to 1001@localhost [2, 3]: text/plain Lunch? X-Id=7",
            "1001@127.0.0.1 to 1001@127.0.0.1:5060 [3]: text/plain to myself X-Id=7",
        ]
    );
    assert_eq!(rig.switch.census().messages, 0);
}

#[test]
fn who_cannot_be_reached_and_who_may_not_send() {
    let mut rig = rig();
    let sender = registered(&mut rig, 1, "1000@127.0.0.1");
    for (to, code, phrase) in [
        ("1001@127.0.0.1", 480, "Temporarily Unavailable"),
        ("4711@127.0.0.1", 404, "Not Found"),
        ("nobody", 404, "Not Found"),
        // Its only page is the sender itself.
        ("1000@127.0.0.1", 480, "Temporarily Unavailable"),
        ("bob@no.such.host.example", 503, "Service Unavailable"),
        ("1001%127.0.0.1@192.0.2.1", 404, "Not Found"),
    ] {
        assert_eq!(send(&mut rig, sender, to, b"x"), went(code, phrase), "{to}");
    }
    let long = vec![b'x'; 64 * 1024 + 1];
    assert_eq!(
        send(&mut rig, sender, "1001@127.0.0.1", &long),
        went(413, "Request Entity Too Large")
    );
    add_with(&mut rig, 2, "1001@127.0.0.1", hash_of("1000@127.0.0.1")).unwrap();
    assert_eq!(
        send(&mut rig, WebClientId(2), "1000@127.0.0.1", b"x"),
        went(403, "Forbidden")
    );
    assert_eq!(
        send(&mut rig, WebClientId(9), "1000@127.0.0.1", b"x")
            .unwrap_err()
            .kind,
        ErrorKind::NotFound(ObjectKind::User)
    );
    assert_eq!(rig.seen(letters), Vec::<String>::new());
    assert_eq!(rig.switch.census().messages, 0);
}

fn within(rig: &mut Rig, channel: &ChannelId) -> Result<Answer, CommandError> {
    rig.get(SendCallMessage {
        channel: channel.clone(),
        content_type: "text/plain".into(),
        body: Bytes::from_static(b"look"),
    })
}

#[test]
fn a_message_within_a_call_reaches_the_other_page() {
    let mut rig = rig();
    let caller = add(&mut rig, 1, "1000@127.0.0.1");
    let callee = registered(&mut rig, 2, "1001@127.0.0.1");
    let a = place(&mut rig, caller, "1001@127.0.0.1", AUDIO);
    assert_eq!(
        within(&mut rig, &a).unwrap_err().kind,
        ErrorKind::InvalidState
    );
    let b = call_of(&rig, callee);
    answer(&mut rig, &b, AUDIO).unwrap();
    assert_eq!(within(&mut rig, &a), went(200, "OK"));
    assert_eq!(within(&mut rig, &b), went(200, "OK"));
    assert_eq!(
        rig.seen(letters),
        [
            "1000@127.0.0.1 to 1001@127.0.0.1 [2] in a call: text/plain look",
            "1001@127.0.0.1 to 1000@127.0.0.1 [1] in a call: text/plain look",
        ]
    );
    end(&mut rig, &a, 486);
    let echo = place(&mut rig, caller, "9196@127.0.0.1", AUDIO);
    assert_eq!(
        within(&mut rig, &echo),
        went(480, "Temporarily Unavailable"),
        "nobody is there to read it"
    );
    end(&mut rig, &echo, 486);
}

#[test]
fn what_phones_send_is_accepted_for_whoever_keeps_it() {
    let mut config = crate::rig::config();
    config.profiles[0].auth_calls = false;
    let mut rig = Rig::with(config);
    let mut serial = 0;
    let mut from_phone = |rig: &mut Rig, to: &str| {
        serial += 1;
        let text = format!(
            "MESSAGE sip:{to} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{serial}\r\n\
             From: <sip:bob@192.0.2.1>;tag=b\r\nTo: <sip:{to}>\r\nCall-ID: k{serial}\r\n\
             CSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nHi"
        );
        rig.receive("192.0.2.1:5060", &text);
        rig.take_sent().pop().and_then(|answer| answer.code())
    };
    assert_eq!(from_phone(&mut rig, "1001@127.0.0.1"), Some(480));
    let keep = |account: &str| KeepMessages {
        account: account.into(),
    };
    rig.get(keep("1001@127.0.0.1")).unwrap();
    rig.get(keep("nobody@127.0.0.1")).unwrap();
    assert_eq!(
        rig.get(keep("nobody")).unwrap_err().kind,
        ErrorKind::InvalidArgument("account")
    );
    assert_eq!(rig.seen(letters), Vec::<String>::new());
    assert_eq!(from_phone(&mut rig, "1001@127.0.0.1"), None, "not yet kept");
    assert_eq!(from_phone(&mut rig, "1002@127.0.0.1"), Some(480));
    assert_eq!(
        from_phone(&mut rig, "nobody@127.0.0.1"),
        Some(404),
        "it has to be an account of ours all the same"
    );
    assert_eq!(
        rig.seen(letters),
        ["bob@192.0.2.1 to 1001@127.0.0.1 []: text/plain Hi"]
    );
    let message = MessageId(1);
    let answer = |rig: &mut Rig, code| {
        let answered = rig.get(AnswerMessage { message, code });
        answered.map_err(|error| error.kind)
    };
    let wrong = Err(ErrorKind::InvalidArgument("code"));
    assert_eq!(answer(&mut rig, 180), wrong);
    assert_eq!(answer(&mut rig, 202), Ok(Answer::Unit(())));
    assert_eq!(rig.take_sent().pop().unwrap().code(), Some(202));
    assert_eq!(answer(&mut rig, 202), Err(ErrorKind::InvalidState));
    // Whoever keeps it is silent.
    assert_eq!(from_phone(&mut rig, "1001@127.0.0.1"), None);
    assert_eq!(rig.switch.census().messages, 1);
    rig.pass(Duration::from_secs(6));
    assert_eq!(rig.take_sent().pop().unwrap().code(), Some(500));
    assert_eq!(rig.switch.census().messages, 0);
    // A page hears that nobody is there.
    let page = add(&mut rig, 1, "1000@127.0.0.1");
    assert_eq!(
        send(&mut rig, page, "1001@127.0.0.1", b"Hi"),
        went(480, "Temporarily Unavailable")
    );
}

#[test]
fn a_phone_sends_in_its_own_name_only() {
    let mut rig = rig();
    let mut phone = Phone::new("1000", "127.0.0.1:5601", Transport::Udp, 11);
    for (from, code) in [
        ("1000@127.0.0.1", 480),
        ("1000@localhost", 480),
        ("1001@127.0.0.1", 403),
        ("ceo@bank.example", 403),
    ] {
        assert_eq!(
            phone.message(&mut rig, "1234", from, "1001@127.0.0.1"),
            Some(code),
            "{from}"
        );
    }
}

#[test]
fn a_message_is_kept_under_whatever_name_the_account_was_called_by() {
    let mut rig = rig();
    rig.get(KeepMessages {
        account: "1001@127.0.0.1".into(),
    })
    .unwrap();
    let mut phone = Phone::new("1000", "127.0.0.1:5601", Transport::Udp, 11);
    for to in ["1001@127.0.0.1", "1001@localhost"] {
        let code = phone.message(&mut rig, "1234", "1000@127.0.0.1", to);
        assert_eq!(code, None, "not yet kept");
        assert_eq!(
            rig.seen(letters),
            ["1000@127.0.0.1 to 1001@127.0.0.1 []: text/plain Hi"],
            "in the name it is kept under"
        );
    }
}

#[test]
fn a_program_sends_in_the_name_of_anybody() {
    let mut rig = rig();
    registered(&mut rig, 1, "1001@127.0.0.1");
    let send = |rig: &mut Rig, from: &str, to: &str| {
        rig.get(SendChat {
            from: from.into(),
            to: to.into(),
            content_type: "text/plain".into(),
            body: Bytes::from_static(b"Lunch?"),
        })
    };
    assert_eq!(
        send(&mut rig, "sip:robot@example.com", "1001@127.0.0.1"),
        went(200, "OK")
    );
    assert_eq!(
        rig.seen(letters),
        ["robot@example.com to 1001@127.0.0.1 [1]: text/plain Lunch?"]
    );
    assert_eq!(
        send(&mut rig, "robot@h", "1002@127.0.0.1"),
        went(480, "Temporarily Unavailable")
    );
    assert_eq!(
        send(&mut rig, "robot@h", "9999@127.0.0.1"),
        went(404, "Not Found")
    );
    for wrong in ["robot", "a>\r\nX: y@h", "@h", "a@", "a@h>;x"] {
        let refused = send(&mut rig, wrong, "1001@127.0.0.1").unwrap_err();
        assert_eq!(refused.kind, ErrorKind::InvalidArgument("from"), "{wrong}");
    }
}
