//! Calls that reach pages: from pages, and from programs.

use api::command::call::{BridgeChannels, Originate, Then};
use api::command::channel::{Hangup, LegChoice, Transfer};
use api::dial::DialString;
use api::{Application, ErrorKind, HangupCause, RequestId};
use media::control::{MediaCommand, PeerEnd};

use super::*;

fn both() -> String {
    format!("{AUDIO}{VIDEO}")
}

pub(super) fn originate(rig: &mut Rig, dial: &str) -> RequestId {
    rig.ask(Originate {
        dial: DialString::parse(dial).unwrap(),
        then: Then::Run(Application::new("park", "")),
        caller_id_name: Some("Operator".into()),
        caller_id_number: Some("55".into()),
        timeout: None,
    })
}

/// Caller 1 (1000) calls 1001, where clients 2 and 3 are registered.
fn ringing_pair() -> (Rig, WebClientId, WebClientId, WebClientId) {
    let mut rig = rig();
    let caller = add(&mut rig, 1, "1000@127.0.0.1");
    let second = registered(&mut rig, 2, "1001@127.0.0.1");
    let third = registered(&mut rig, 3, "1001@localhost");
    rig.events.clear();
    (rig, caller, second, third)
}

/// Firefox gives a section that shares the first one's transport no port of its own. RFC 9143 §6.
#[test]
fn pictures_without_a_port_of_their_own_are_offered_on() {
    let shared = VIDEO.replace("video 9 ", "video 0 ") + "a=mid:1\r\na=bundle-only\r\n";
    let refused = shared.replace("a=bundle-only\r\n", "");
    let group = "a=group:BUNDLE 0 1\r\nm=audio";
    for (video, wanted) in [(shared, "offer 2 opus+VP8"), (refused, "offer 2 opus")] {
        let mut rig = rig();
        let caller = add(&mut rig, 1, "1000@127.0.0.1");
        registered(&mut rig, 2, "1001@127.0.0.1");
        let offer = format!("{AUDIO}{video}").replacen("m=audio", group, 1);
        place(&mut rig, caller, "1001@127.0.0.1", &offer);
        assert_eq!(rig.peers.orders(), [wanted], "{offer}");
    }
}

/// Nothing is decoded here: what the called page sends, the caller has to take.
#[test]
fn a_page_is_offered_the_pictures_of_its_caller_alone() {
    let h264 = VIDEO.replace(
        "VP8/90000\r\n",
        "H264/90000\r\na=fmtp:96 profile-level-id=42e01f;packetization-mode=1\r\n",
    );
    let unknown = VIDEO.replace("VP8", "AV1");
    for (video, wanted) in [(h264, "offer 2 opus+H264"), (unknown, "offer 2 opus")] {
        let mut rig = rig();
        let caller = add(&mut rig, 1, "1000@127.0.0.1");
        registered(&mut rig, 2, "1001@127.0.0.1");
        place(
            &mut rig,
            caller,
            "1001@127.0.0.1",
            &format!("{AUDIO}{video}"),
        );
        assert_eq!(rig.peers.orders(), [wanted], "{video}");
    }
}

#[test]
fn a_page_calls_a_page_with_pictures() {
    let mut rig = rig();
    let caller = add(&mut rig, 1, "1000@127.0.0.1");
    let callee = registered(&mut rig, 2, "1001@127.0.0.1");
    rig.events.clear();
    let a = place(&mut rig, caller, "1001@127.0.0.1", &both());
    let b = call_of(&rig, callee);
    let ids: Vec<_> = rig
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Web(event) => match &event.kind {
                WebEventKind::Incoming { call_id, .. } => Some(call_id.clone()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(
        rig.switch.var(&a, "sip_call_id"),
        Some(&*ids[0]),
        "both ends have one Call-ID"
    );
    assert_eq!(
        rig.seen(told),
        [
            "1: calling",
            "2: incoming Extension 1000 1000@127.0.0.1: offer of 2 X-Acme-Case=1234",
            "1: proceeding 180",
        ]
    );
    assert_eq!(rig.peers.orders(), ["offer 2 opus+VP8"]);
    answer(&mut rig, &b, &both()).unwrap();
    assert_eq!(
        rig.seen(told),
        ["2: accepted", "1: accepted answer of 1 X-Acme-Desk=4"]
    );
    assert_eq!(
        rig.peers.orders(),
        ["take 2", "accept 1 opus+VP8", "link 1 2"]
    );
    let bridged = rig
        .commands
        .iter()
        .any(|command| matches!(command, MediaCommand::Bridge { .. }));
    assert!(bridged);
    assert_eq!(
        answer(&mut rig, &b, AUDIO).unwrap_err().kind,
        ErrorKind::InvalidState,
        "it is answered"
    );
    end(&mut rig, &b, 486);
    assert_eq!(
        rig.seen(told),
        [
            "2: terminated 200 to BYE",
            "1: terminated 200 Session Terminated"
        ]
    );
    check_idle(&rig);
}

#[test]
fn pictures_end_with_the_bridge_not_with_the_call() {
    let mut rig = rig();
    let caller = add(&mut rig, 1, "1000@127.0.0.1");
    let callee = registered(&mut rig, 2, "1001@127.0.0.1");
    let a = place(&mut rig, caller, "1001@127.0.0.1", &both());
    let b = call_of(&rig, callee);
    answer(&mut rig, &b, &both()).unwrap();
    rig.peers.commands.clear();
    rig.get(Transfer {
        channel: a.clone(),
        leg: LegChoice::Both,
        extension: "park".into(),
        dialplan: Some("inline".into()),
        context: None,
    })
    .unwrap();
    let orders = rig.peers.orders();
    assert!(
        orders == ["unlink 1 2"] || orders == ["unlink 2 1"],
        "{orders:?}"
    );
    rig.get(BridgeChannels {
        a: a.clone(),
        b: b.clone(),
    })
    .unwrap();
    assert_eq!(rig.peers.orders(), ["link 1 2"]);
    for channel in [a, b] {
        rig.ask(Hangup {
            channel,
            cause: HangupCause::NormalClearing,
        });
    }
    check_idle(&rig);
}

#[test]
fn a_call_without_pictures_asks_for_none() {
    let mut rig = rig();
    let caller = add(&mut rig, 1, "1000@127.0.0.1");
    let callee = registered(&mut rig, 2, "1001@127.0.0.1");
    let a = place(&mut rig, caller, "1001@127.0.0.1", AUDIO);
    let b = call_of(&rig, callee);
    answer(&mut rig, &b, AUDIO).unwrap();
    assert_eq!(
        rig.peers.orders(),
        ["offer 2 opus", "take 2", "accept 1 opus"]
    );
    end(&mut rig, &a, 486);
    check_idle(&rig);
}

#[test]
fn every_page_of_an_account_rings_and_one_takes_the_call() {
    let (mut rig, caller, second, third) = ringing_pair();
    let a = place(&mut rig, caller, "1001@127.0.0.1", AUDIO);
    assert_eq!(
        rig.seen(told),
        [
            "1: calling",
            "2: incoming Extension 1000 1000@127.0.0.1: offer of 2 X-Acme-Case=1234",
            "1: proceeding 180",
            "3: incoming Extension 1000 1000@localhost: offer of 3 X-Acme-Case=1234",
        ]
    );
    let b = rig
        .view
        .channels_in_order()
        .find(|channel| channel.name.ends_with("web-3.invalid"))
        .unwrap()
        .id
        .clone();
    answer(&mut rig, &b, AUDIO).unwrap();
    assert_eq!(
        rig.seen(told),
        [
            "3: accepted",
            "2: terminated 487 Request Terminated",
            "1: accepted answer of 1 X-Acme-Desk=4",
        ],
        "answered elsewhere is not missed"
    );
    end(&mut rig, &a, 486);
    assert_eq!(
        rig.seen(told),
        [
            "1: terminated 200 to BYE",
            "3: terminated 200 Session Terminated"
        ]
    );
    check_idle(&rig);
    assert_ne!(second, third);
}

#[test]
fn a_caller_who_gives_up_was_missed() {
    let (mut rig, caller, _, _) = ringing_pair();
    let a = place(&mut rig, caller, "1001@127.0.0.1", AUDIO);
    rig.events.clear();
    end(&mut rig, &a, 486);
    let mut seen = rig.seen(told);
    seen.sort();
    assert_eq!(
        seen,
        [
            "1: terminated 487 Request Terminated",
            "2: terminated 487 Request Terminated, missed",
            "3: terminated 487 Request Terminated, missed",
        ]
    );
    check_idle(&rig);
}

#[test]
fn who_answered_too_late_missed_nothing() {
    let (mut rig, caller, second, _) = ringing_pair();
    let a = place(&mut rig, caller, "1001@127.0.0.1", AUDIO);
    let b = rig
        .view
        .channels_in_order()
        .find(|channel| channel.name.ends_with("web-2.invalid"))
        .unwrap()
        .id
        .clone();
    // The caller hangs up while the answer is being read.
    rig.peers.silent = true;
    answer(&mut rig, &b, AUDIO).unwrap();
    rig.events.clear();
    end(&mut rig, &a, 486);
    let seen = rig.seen(told);
    assert!(
        seen.contains(&format!("{}: terminated 487 Request Terminated", second.0)),
        "{seen:?}"
    );
    rig.feed(Input::Web(WebReport::Connected { peer: PeerId(2) }));
    assert_eq!(rig.seen(told), Vec::<String>::new());
    check_idle(&rig);
}

#[test]
fn who_refuses_missed_nothing_and_the_others_ring_on() {
    let (mut rig, caller, second, _) = ringing_pair();
    place(&mut rig, caller, "1001@127.0.0.1", AUDIO);
    let refused = rig
        .view
        .channels_in_order()
        .find(|channel| channel.name.ends_with("web-2.invalid"))
        .unwrap()
        .id
        .clone();
    rig.events.clear();
    end(&mut rig, &refused, 603);
    assert_eq!(rig.seen(told), ["2: terminated 603 Decline"]);
    let last = rig
        .view
        .channels_in_order()
        .find(|channel| channel.name.ends_with("web-3.invalid"))
        .unwrap()
        .id
        .clone();
    end(&mut rig, &last, 486);
    assert_eq!(
        rig.seen(told),
        ["3: terminated 486 Busy Here", "1: terminated 486 Busy Here"]
    );
    check_idle(&rig);
    assert!(rig.switch.web.get(second).is_some());
}

#[test]
fn a_page_that_goes_while_it_rings_is_not_reached() {
    let (mut rig, caller, second, third) = ringing_pair();
    place(&mut rig, caller, "1001@127.0.0.1", AUDIO);
    rig.events.clear();
    for client in [second, third] {
        rig.get(api::command::web::RemoveWebClient { client })
            .unwrap();
    }
    let seen = rig.seen(told);
    assert_eq!(seen.len(), 3);
    assert!(seen[2].starts_with("1: terminated 4"), "{seen:?}");
    check_idle(&rig);
}

#[test]
fn programs_call_pages() {
    let mut rig = rig();
    let client = registered(&mut rig, 2, "1001@127.0.0.1");
    rig.events.clear();
    let request = originate(&mut rig, "user/1001");
    assert_eq!(
        rig.seen(told),
        ["2: incoming Operator 55@127.0.0.1: offer of 1"]
    );
    let call = rig.view.channels_in_order().next().unwrap().id.clone();
    answer(&mut rig, &call, AUDIO).unwrap();
    assert_eq!(
        rig.answers.remove(&request.0),
        Some(Ok(Answer::Channel(call.clone())))
    );
    assert_eq!(
        &*rig.view.channels.get(&call).unwrap().name,
        "sofia/internal/1001@web-2.invalid"
    );
    end(&mut rig, &call, 486);
    check_idle(&rig);
    // By the contact that `sofia_contact` gives.
    for dial in [
        "sofia/internal/sip:1001@web-2.invalid;transport=ws",
        "sofia/internal/1001%127.0.0.1",
        "user/1001@localhost",
    ] {
        let request = originate(&mut rig, dial);
        assert_eq!(rig.answers.get(&request.0), None, "{dial}");
        let call = call_of(&rig, client);
        answer(&mut rig, &call, "refuse").unwrap();
        assert_eq!(
            rig.seen(told).last().map(String::as_str),
            Some("2: terminated 488 Not Acceptable Here"),
            "{dial}"
        );
        check_idle(&rig);
    }
}

#[test]
fn a_peer_that_cannot_be_made_never_rings() {
    let mut rig = rig();
    registered(&mut rig, 2, "1001@127.0.0.1");
    rig.peers.silent = true;
    let request = originate(&mut rig, "user/1001");
    rig.events.clear();
    rig.peers.living.clear();
    rig.feed(Input::Web(WebReport::Ended {
        peer: PeerId(1),
        why: PeerEnd::Socket,
    }));
    assert_eq!(rig.seen(told), Vec::<String>::new(), "the page never knew");
    let error = rig.answers.remove(&request.0).unwrap().unwrap_err();
    assert_eq!(error.cause, Some(HangupCause::NetworkOutOfOrder));
    check_idle(&rig);
}

#[test]
fn it_rings_no_longer_than_it_may() {
    let mut rig = rig();
    registered(&mut rig, 2, "1001@127.0.0.1");
    originate(&mut rig, "{originate_timeout=5}user/1001");
    rig.events.clear();
    rig.pass(std::time::Duration::from_secs(6));
    assert_eq!(
        rig.seen(told),
        ["2: terminated 487 Request Terminated, missed"]
    );
    check_idle(&rig);
}

#[test]
fn a_page_is_not_told_of_who_does_not_want_to_be_known() {
    let hidden = "2: incoming Anonymous anonymous@anonymous.invalid: offer of 1";
    for (word, seen) in [
        ("no", "2: incoming Ana 1005@127.0.0.1: offer of 1"),
        ("name", "2: incoming Anonymous 1005@127.0.0.1: offer of 1"),
        (
            "number",
            "2: incoming Ana anonymous@anonymous.invalid: offer of 1",
        ),
        ("full", hidden),
    ] {
        let mut rig = rig();
        registered(&mut rig, 2, "1001@127.0.0.1");
        let a = rig.park("null/a");
        rig.events.clear();
        let name = "set_profile_var:caller_id_name=Ana,set_profile_var:caller_id_number=1005";
        rig.run(&a, &format!("{name},privacy:{word},bridge:user/1001"));
        assert_eq!(rig.seen(told), [seen], "{word}");
    }
}
