//! Calls that pages make.

use api::command::channel::{Hangup, Hold, HoldAction, ReceiveDtmf, SetVariables};
use api::command::web::{PressWebDigits, RemoveWebClient, TrickleWebCall, UpdateWebCall};
use api::event::{ChannelEvent, DtmfSource};
use api::{ErrorKind, HangupCause, ObjectKind};
use media::control::{Direction, PeerEnd};

use super::*;

/// The life of channels, in short.
fn lives(event: &Event) -> Option<String> {
    let EventKind::Channel(kind) = &event.kind else {
        return None;
    };
    let channel = event.channel.as_ref()?;
    let word = match kind {
        ChannelEvent::Created => "created",
        ChannelEvent::CodecSet { read: true } => "codec",
        ChannelEvent::ProgressMedia => "early",
        ChannelEvent::Answered => "answered",
        ChannelEvent::Bridged { .. } => "bridged",
        ChannelEvent::HungUp => {
            return Some(format!(
                "{} {}",
                channel.name,
                channel.hangup.map_or("", |h| h.cause.name())
            ));
        }
        _ => return None,
    };
    Some(format!("{} {word}", channel.name))
}

fn trickle(rig: &mut Rig, channel: &ChannelId, candidate: &str) {
    rig.get(TrickleWebCall {
        channel: channel.clone(),
        candidates: vec![candidate.into()],
    })
    .unwrap();
}

#[test]
fn a_page_hears_itself() {
    let mut rig = rig();
    let client = add(&mut rig, 1, "1000@localhost");
    let call = place(&mut rig, client, "9196@localhost", AUDIO);
    assert_eq!(
        rig.seen(told),
        ["1: calling", "1: accepted answer of 1"],
        "answered, no matter that it is not registered"
    );
    assert_eq!(rig.peers.orders(), ["accept 1 opus"]);
    let channel = rig.view.channels.get(&call).unwrap().clone();
    assert_eq!(&*channel.name, "sofia/internal/1000@localhost");
    let profile = channel.profile.clone().unwrap();
    assert_eq!(
        (
            &*profile.context,
            &*profile.caller_id_name,
            &*profile.caller_id_number
        ),
        ("default", "Alice", "1000")
    );
    for (name, value) in [
        ("sip_from_user", "1000"),
        ("sip_from_host", "localhost"),
        ("sip_to_user", "9196"),
        ("sip_h_X-Acme-Case", "1234"),
        ("user_name", "1000"),
        ("domain_name", "127.0.0.1"),
        ("sip_via_protocol", "ws"),
        ("read_codec", "opus"),
        ("effective_caller_id_number", "1000"),
    ] {
        assert_eq!(channel.variables.text(name), Some(value), "{name}");
    }
    assert!(
        channel.variables.text("sip_h_From").is_none(),
        "a page cannot say who it is"
    );
    connected(&mut rig, 1);
    connected(&mut rig, 1);
    assert_eq!(rig.seen(told), ["1: established"], "once");
    end(&mut rig, &call, 486);
    assert_eq!(rig.seen(told), ["1: terminated 200 to BYE"]);
    assert_eq!(rig.peers.orders(), ["close 1"]);
    check_idle(&rig);
    assert_eq!(
        rig.get(EndWebCall {
            channel: call,
            refuse_with: 486
        })
        .unwrap_err()
        .kind,
        ErrorKind::NotFound(ObjectKind::Channel)
    );
}

#[test]
fn programs_see_a_page_call_as_they_see_a_phone_call() {
    let mut rig = rig();
    let client = add(&mut rig, 1, "1000@127.0.0.1");
    let call = place(&mut rig, client, "9196@127.0.0.1", AUDIO);
    rig.get(Hangup {
        channel: call,
        cause: HangupCause::NormalClearing,
    })
    .unwrap();
    let name = "sofia/internal/1000@127.0.0.1";
    let expected = ["created", "early", "answered", "codec", "NORMAL_CLEARING"];
    assert_eq!(
        rig.events.iter().filter_map(lives).collect::<Vec<_>>(),
        expected.map(|word| format!("{name} {word}"))
    );
    assert_eq!(
        rig.seen(told).last().map(String::as_str),
        Some("1: terminated 200 Session Terminated")
    );
    check_idle(&rig);
}

#[test]
fn candidates_wait_for_the_peer_they_belong_to() {
    let mut rig = rig();
    let client = add(&mut rig, 1, "1000@127.0.0.1");
    // It rings there and nobody answers.
    let call = place(&mut rig, client, "9180@127.0.0.1", AUDIO);
    trickle(&mut rig, &call, "candidate:1");
    trickle(&mut rig, &call, "");
    let before = rig.peers.orders();
    assert!(
        !before.iter().any(|order| order.starts_with("trickle")),
        "{before:?}"
    );
    rig.get(api::command::channel::Answer {
        channel: call.clone(),
    })
    .unwrap();
    trickle(&mut rig, &call, "candidate:2");
    let orders = rig.peers.orders();
    assert_eq!(
        orders,
        [
            "accept 1 opus",
            "trickle 1 candidate:1",
            "trickle 1 ",
            "trickle 1 candidate:2"
        ]
    );
    end(&mut rig, &call, 486);
    check_idle(&rig);
}

#[test]
fn early_media_brings_the_only_answer() {
    let mut rig = rig();
    let client = add(&mut rig, 1, "1000@127.0.0.1");
    let call = place(&mut rig, client, "9180@127.0.0.1", AUDIO);
    rig.events.clear();
    rig.get(api::command::channel::PreAnswer {
        channel: call.clone(),
    })
    .unwrap();
    connected(&mut rig, 1);
    rig.get(api::command::channel::Answer {
        channel: call.clone(),
    })
    .unwrap();
    assert_eq!(
        rig.seen(told),
        ["1: early 183 answer of 1", "1: established", "1: accepted"]
    );
    end(&mut rig, &call, 486);
    assert_eq!(rig.seen(told), ["1: terminated 200 to BYE"]);
    check_idle(&rig);
}

#[test]
fn who_is_not_answered_is_told_why() {
    let mut rig = rig();
    let client = add(&mut rig, 1, "1000@127.0.0.1");
    for (to, ending) in [
        ("7404@127.0.0.1", "404 Not Found"),
        ("7486@127.0.0.1", "486 Busy Here"),
        ("7603@127.0.0.1:5060", "603 Decline"),
        ("1003@127.0.0.1", "480 Temporarily Unavailable"),
    ] {
        place(&mut rig, client, to, AUDIO);
        let told = rig.seen(told);
        assert_eq!(
            told.last(),
            Some(&format!("1: terminated {ending}")),
            "{to}: {told:?}"
        );
    }
    let call = place(&mut rig, client, "9180@127.0.0.1", AUDIO);
    assert_eq!(rig.seen(told), ["1: calling", "1: proceeding 180"]);
    end(&mut rig, &call, 486);
    assert_eq!(rig.seen(told), ["1: terminated 487 Request Terminated"]);
    check_idle(&rig);
}

#[test]
fn a_wrong_password_ends_the_call_before_it_begins() {
    let mut rig = rig();
    add_with(&mut rig, 1, "1001@127.0.0.1", hash_of("1000@127.0.0.1")).unwrap();
    let call = place(&mut rig, WebClientId(1), "9196@127.0.0.1", AUDIO);
    assert_eq!(
        rig.seen(told),
        [
            "1: calling",
            "1: terminated 904 Operation has no matching challenge "
        ]
    );
    assert!(rig.view.channels.get(&call).is_none());
    assert_eq!(rig.view.counters.sessions_since_startup, 0);
    check_idle(&rig);
}

#[test]
fn guests_of_other_domains_are_strangers() {
    let mut rig = rig();
    let guest = add(&mut rig, 1, "guest@guest.example");
    let call = place(&mut rig, guest, "9196@localhost", AUDIO);
    let channel = rig.view.channels.get(&call).unwrap().clone();
    assert_eq!(&*channel.initial.clone().unwrap().context, "public");
    assert!(channel.variables.text("user_name").is_none());
    end(&mut rig, &call, 486);
    check_idle(&rig);
}

#[test]
fn addresses_that_mean_something_to_dial_strings_are_refused() {
    let mut rig = rig();
    let client = add(&mut rig, 1, "1000@127.0.0.1");
    for to in [
        "bob",
        "@127.0.0.1",
        "bob@",
        "bob,error/user_busy@example.org",
        "${domain}@example.org",
        "bob|x@192.0.2.1",
        "1001%127.0.0.1@192.0.2.1",
        "bob@192.0.2.1/x",
        "b\r\nX: y@127.0.0.1",
    ] {
        assert_eq!(
            rig.get(placing(client, to, AUDIO)).unwrap_err().kind,
            ErrorKind::InvalidArgument("to"),
            "{to}"
        );
    }
    check_idle(&rig);
}

#[test]
fn a_description_that_cannot_be_used_ends_the_call() {
    let mut rig = rig();
    let client = add(&mut rig, 1, "1000@127.0.0.1");
    for offer in ["refuse", "neither sound nor pictures"] {
        place(&mut rig, client, "9196@127.0.0.1", offer);
        assert_eq!(
            rig.seen(told),
            ["1: calling", "1: terminated 488 Not Acceptable Here"]
        );
    }
    let long = "x".repeat(64 * 1024 + 1);
    assert_eq!(
        rig.get(placing(client, "9196@127.0.0.1", &long))
            .unwrap_err()
            .kind,
        ErrorKind::InvalidArgument("offer")
    );
    check_idle(&rig);
}

#[test]
fn a_page_changes_its_call() {
    let mut rig = rig();
    let client = add(&mut rig, 1, "1000@127.0.0.1");
    let call = place(&mut rig, client, "9196@127.0.0.1", AUDIO);
    rig.events.clear();
    let update = |rig: &mut Rig, sdp: &str| {
        rig.get(UpdateWebCall {
            channel: call.clone(),
            sdp: sdp.into(),
        })
    };
    update(&mut rig, &format!("{AUDIO}a=sendonly\r\n")).unwrap();
    assert_eq!(rig.seen(told), ["1: update accepted answer of 1"]);
    assert!(rig.switch.channels[&call].held, "the page holds us");
    update(&mut rig, AUDIO).unwrap();
    assert!(!rig.switch.channels[&call].held);
    rig.events.clear();
    update(&mut rig, "refuse").unwrap();
    assert_eq!(rig.seen(told), ["1: update failed 488 Not Acceptable Here"]);
    rig.peers.silent = true;
    update(&mut rig, AUDIO).unwrap();
    assert_eq!(
        update(&mut rig, AUDIO).unwrap_err().kind,
        ErrorKind::InvalidState,
        "one at a time"
    );
    end(&mut rig, &call, 486);
    check_idle(&rig);
}

#[test]
fn we_hold_a_page_without_asking_it() {
    let mut rig = rig();
    let client = add(&mut rig, 1, "1000@127.0.0.1");
    let call = place(&mut rig, client, "9196@127.0.0.1", AUDIO);
    let hold = |rig: &mut Rig, action| {
        rig.commands.clear();
        rig.get(Hold {
            channel: call.clone(),
            action,
        })
        .unwrap();
        rig.directions().first().copied()
    };
    assert_eq!(hold(&mut rig, HoldAction::On), Some(Direction::SendOnly));
    assert!(rig.switch.channels[&call].held);
    // A change of the page's own does not take it off hold.
    rig.commands.clear();
    rig.get(UpdateWebCall {
        channel: call.clone(),
        sdp: AUDIO.into(),
    })
    .unwrap();
    assert_eq!(rig.directions(), [Direction::SendOnly]);
    assert!(rig.switch.channels[&call].held);
    assert_eq!(hold(&mut rig, HoldAction::Off), Some(Direction::SendRecv));
    assert!(!rig.switch.channels[&call].held);
    end(&mut rig, &call, 486);
    check_idle(&rig);
}

#[test]
fn digits_pressed_in_the_page_are_digits() {
    let mut rig = rig();
    let client = add(&mut rig, 1, "1000@127.0.0.1");
    let press = |rig: &mut Rig, channel: &ChannelId, digits: &str| {
        rig.get(PressWebDigits {
            channel: channel.clone(),
            digits: digits.into(),
            duration_ms: 160,
        })
    };
    let ringing = place(&mut rig, client, "9180@127.0.0.1", AUDIO);
    assert_eq!(
        press(&mut rig, &ringing, "1").unwrap_err().kind,
        ErrorKind::InvalidState
    );
    end(&mut rig, &ringing, 486);
    let call = place(&mut rig, client, "9196@127.0.0.1", AUDIO);
    rig.events.clear();
    press(&mut rig, &call, "1#").unwrap();
    let digits: Vec<_> = rig
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Channel(ChannelEvent::Dtmf {
                digit,
                duration,
                source,
            }) => Some((*digit, *duration, *source)),
            _ => None,
        })
        .collect();
    assert_eq!(
        digits,
        [
            ('1', 1280, DtmfSource::Endpoint),
            ('#', 1280, DtmfSource::Endpoint)
        ]
    );
    assert_eq!(
        press(&mut rig, &call, "1x").unwrap_err().kind,
        ErrorKind::InvalidArgument("digits")
    );
    end(&mut rig, &call, 486);
    check_idle(&rig);
}

#[test]
fn a_peer_that_ends_ends_its_call() {
    for (why, phrase, cause) in [
        (PeerEnd::IceFailed, "ICE failed", "MEDIA_TIMEOUT"),
        (PeerEnd::DtlsTimeout, "DTLS timeout", "MEDIA_TIMEOUT"),
        (PeerEnd::DtlsFailed, "DTLS error", "PROTOCOL_ERROR"),
        (PeerEnd::Closed, "DTLS alert", "NORMAL_CLEARING"),
        (PeerEnd::Socket, "Close PC", "NETWORK_OUT_OF_ORDER"),
    ] {
        let mut rig = rig();
        let client = add(&mut rig, 1, "1000@127.0.0.1");
        place(&mut rig, client, "9196@127.0.0.1", AUDIO);
        rig.events.clear();
        rig.peers.living.clear();
        rig.peers.commands.clear();
        rig.feed(Input::Web(WebReport::Ended {
            peer: PeerId(1),
            why,
        }));
        assert!(
            rig.events
                .iter()
                .filter_map(lives)
                .any(|life| life.ends_with(cause)),
            "{why:?}"
        );
        assert_eq!(rig.seen(told), [format!("1: terminated 0 {phrase}")]);
        assert_eq!(rig.peers.orders(), Vec::<String>::new(), "nothing to close");
        check_idle(&rig);
    }
}

#[test]
fn a_report_about_a_call_that_is_over_does_nothing() {
    let mut rig = rig();
    let client = add(&mut rig, 1, "1000@127.0.0.1");
    rig.peers.silent = true;
    let call = place(&mut rig, client, "9196@127.0.0.1", AUDIO);
    end(&mut rig, &call, 486);
    rig.events.clear();
    for report in [
        WebReport::Connected { peer: PeerId(1) },
        WebReport::Refused {
            peer: PeerId(1),
            why: "late".into(),
        },
        WebReport::Ended {
            peer: PeerId(1),
            why: PeerEnd::Closed,
        },
    ] {
        rig.feed(Input::Web(report));
    }
    assert!(rig.events.is_empty());
    check_idle(&rig);
}

#[test]
fn a_client_that_goes_takes_its_calls_along() {
    let mut rig = rig();
    let client = registered(&mut rig, 1, "1000@127.0.0.1");
    place(&mut rig, client, "9196@127.0.0.1", AUDIO);
    place(&mut rig, client, "9180@127.0.0.1", AUDIO);
    rig.events.clear();
    rig.get(RemoveWebClient { client }).unwrap();
    assert_eq!(
        rig.seen(told),
        [
            "1: terminated 200 to BYE",
            "1: terminated 487 Request Terminated"
        ]
    );
    assert!(rig.view.registrations.is_empty());
    check_idle(&rig);
}

#[test]
fn only_pages_calls_are_pages_to_end() {
    let mut rig = rig();
    let client = add(&mut rig, 1, "1000@127.0.0.1");
    let call = place(&mut rig, client, "9196@127.0.0.1", AUDIO);
    assert_eq!(
        answer(&mut rig, &call, AUDIO).unwrap_err().kind,
        ErrorKind::InvalidState,
        "it is its own call"
    );
    let originate = api::command::call::Originate {
        dial: api::dial::DialString::parse("null/x").unwrap(),
        then: api::command::call::Then::Run(api::Application::new("park", "")),
        caller_id_name: None,
        caller_id_number: None,
        timeout: None,
    };
    let Answer::Channel(other) = rig.get(originate).unwrap() else {
        panic!("a channel");
    };
    assert_eq!(
        rig.get(EndWebCall {
            channel: other.clone(),
            refuse_with: 486
        })
        .unwrap_err()
        .kind,
        ErrorKind::NotFound(ObjectKind::Channel)
    );
    // Programs may do with a page's channel what they do with any.
    rig.get(SetVariables {
        channel: call.clone(),
        variables: vec![("x".into(), "y".into())],
    })
    .unwrap();
    rig.get(ReceiveDtmf {
        channel: call.clone(),
        digits: "5".into(),
    })
    .unwrap();
    for channel in [other, call] {
        rig.get(Hangup {
            channel,
            cause: HangupCause::NormalClearing,
        })
        .unwrap();
    }
    check_idle(&rig);
}
