//! Hold, as the phone, the media and the clients see it.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

use std::time::Duration;

use api::ChannelId;
use api::command::channel::{Hold, HoldAction, PassMedia, RenegotiateMedia};
use api::event::{ChannelEvent, Event, EventKind};
use media::control::Direction;
use sip::message::{Message, Method};

use crate::rig::{Rig, Talk};
use crate::web::tests::foreign::{SERVER, phone_sdp, respond};

/// A phone that talks to a parked channel of ours.
fn talking() -> (Rig, ChannelId, Talk) {
    let mut rig = Rig::new();
    let (id, phone) = rig.called("sofia/internal/bob@192.0.2.1", SERVER, &phone_sdp("0"));
    rig.events.clear();
    rig.commands.clear();
    rig.sent();
    (rig, id, phone)
}

fn hold(rig: &mut Rig, id: &ChannelId, action: HoldAction) {
    rig.get(Hold {
        channel: id.clone(),
        action,
    })
    .unwrap();
}

fn holds(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::Channel(ChannelEvent::Held) => Some("hold".into()),
        EventKind::Channel(ChannelEvent::Unheld) => Some("unhold".into()),
        _ => None,
    }
}

/// The offers sent since, with which way each goes.
fn offers(rig: &mut Rig) -> Vec<(Message, &'static str)> {
    rig.take_sent()
        .into_iter()
        .filter(|message| message.method() == Some(&Method::Invite))
        .map(|message| {
            let way = way_of(&message);
            (message, way)
        })
        .collect()
}

fn way_of(message: &Message) -> &'static str {
    let sdp = String::from_utf8_lossy(&message.body()).into_owned();
    ["sendrecv", "sendonly", "recvonly", "inactive"]
        .into_iter()
        .find(|way| sdp.contains(&format!("a={way}\r\n")))
        .unwrap_or("none")
}

fn only(rig: &mut Rig) -> (Message, &'static str) {
    let mut offers = offers(rig);
    assert_eq!(offers.len(), 1, "one offer");
    offers.remove(0)
}

/// The phone takes an offer.
fn agree(rig: &mut Rig, offer: &Message, way: &str) {
    let headers = format!(
        "Contact: <sip:bob@192.0.2.1>\r\nContent-Type: application/sdp\r\n\r\n{}a={way}\r\n",
        phone_sdp("0")
    );
    respond(rig, offer, "200 OK", &headers);
}

/// Which way the leg's media was set to go last.
fn media(rig: &Rig) -> Option<Direction> {
    rig.directions().last().copied()
}

fn is_held(rig: &Rig, id: &ChannelId) -> bool {
    rig.switch.channels[id].held
}

#[test]
fn a_phone_taken_off_hold_before_it_answers_is_told_behind_that() {
    let (mut rig, id, _phone) = talking();
    hold(&mut rig, &id, HoldAction::On);
    let (first, way) = only(&mut rig);
    assert_eq!(way, "sendonly");
    hold(&mut rig, &id, HoldAction::Off);
    assert!(offers(&mut rig).is_empty(), "one change at a time");
    agree(&mut rig, &first, "recvonly");
    let (second, way) = only(&mut rig);
    assert_eq!(way, "sendrecv");
    agree(&mut rig, &second, "sendrecv");
    assert_eq!(media(&rig), Some(Direction::SendRecv));
    assert!(!is_held(&rig, &id));
    assert_eq!(rig.seen(holds), ["hold", "unhold"]);
    assert!(offers(&mut rig).is_empty(), "all is said");
}

#[test]
fn sound_that_is_to_leave_while_a_hold_ends_leaves_behind_it() {
    for asked_back in [false, true] {
        let (mut rig, id, _phone) = talking();
        hold(&mut rig, &id, HoldAction::On);
        let (first, _) = only(&mut rig);
        hold(&mut rig, &id, HoldAction::Off);
        let pass = |past| PassMedia {
            channel: id.clone(),
            past,
        };
        rig.get(pass(true)).unwrap();
        if asked_back {
            rig.get(pass(false)).unwrap();
        }
        assert!(offers(&mut rig).is_empty(), "one change at a time");
        agree(&mut rig, &first, "recvonly");
        let (second, way) = only(&mut rig);
        assert_eq!(way, "sendrecv");
        agree(&mut rig, &second, "sendrecv");
        let left: Vec<_> = offers(&mut rig).into_iter().map(|(_, way)| way).collect();
        assert_eq!(left, if asked_back { vec![] } else { vec!["inactive"] });
    }
}

#[test]
fn an_offer_wanted_while_another_is_under_way_follows_it_once() {
    let (mut rig, id, _phone) = talking();
    hold(&mut rig, &id, HoldAction::On);
    let (first, _) = only(&mut rig);
    let anew = || RenegotiateMedia {
        channel: id.clone(),
        codecs: None,
    };
    rig.get(anew()).unwrap();
    rig.get(anew()).unwrap();
    assert!(offers(&mut rig).is_empty(), "one change at a time");
    agree(&mut rig, &first, "recvonly");
    let (second, way) = only(&mut rig);
    assert_eq!(way, "sendonly", "it stays held");
    agree(&mut rig, &second, "recvonly");
    assert!(offers(&mut rig).is_empty(), "all is said");
    rig.get(anew()).unwrap();
    let (third, _) = only(&mut rig);
    rig.get(anew()).unwrap();
    respond(&mut rig, &third, "488 Not Acceptable Here", "\r\n");
    assert_eq!(only(&mut rig).1, "sendonly", "after a refusal, too");
}

#[test]
fn a_held_phone_that_refreshes_its_call_stays_held() {
    let (mut rig, id, mut phone) = talking();
    hold(&mut rig, &id, HoldAction::On);
    let (offer, _) = only(&mut rig);
    agree(&mut rig, &offer, "recvonly");
    phone.request(&mut rig, &Method::Invite, "", &phone_sdp("0"));
    let answer = rig.last_final();
    assert_eq!((answer.code(), way_of(&answer)), (Some(200), "sendonly"));
    phone.ack(&mut rig, "");
    assert!(is_held(&rig, &id));
    assert_eq!(media(&rig), Some(Direction::SendOnly));
    // It holds us too: that ends when both have let go.
    let theirs = format!("{}a=sendonly\r\n", phone_sdp("0"));
    phone.request(&mut rig, &Method::Invite, "", &theirs);
    assert_eq!(way_of(&rig.last_final()), "inactive");
    phone.ack(&mut rig, "");
    hold(&mut rig, &id, HoldAction::Off);
    let (offer, way) = only(&mut rig);
    assert_eq!(way, "sendrecv");
    agree(&mut rig, &offer, "sendonly");
    assert!(is_held(&rig, &id), "the phone holds us still");
    assert_eq!(rig.seen(holds), ["hold"]);
    phone.request(&mut rig, &Method::Invite, "", &phone_sdp("0"));
    assert_eq!(way_of(&rig.last_final()), "sendrecv");
    assert!(!is_held(&rig, &id));
    assert_eq!(rig.seen(holds), ["unhold"]);
}

#[test]
fn a_hold_the_phone_refuses_is_none() {
    let (mut rig, id, _phone) = talking();
    hold(&mut rig, &id, HoldAction::On);
    let (offer, _) = only(&mut rig);
    respond(&mut rig, &offer, "488 Not Acceptable Here", "");
    assert!(!is_held(&rig, &id));
    assert_eq!(rig.seen(holds), ["hold", "unhold"]);
    assert!(offers(&mut rig).is_empty());
    // It can be asked again.
    hold(&mut rig, &id, HoldAction::On);
    let (offer, _) = only(&mut rig);
    agree(&mut rig, &offer, "recvonly");
    // Refused to come back, it is on hold still.
    hold(&mut rig, &id, HoldAction::Off);
    let (offer, _) = only(&mut rig);
    respond(&mut rig, &offer, "500 Server Internal Error", "");
    assert!(is_held(&rig, &id));
}

#[test]
fn after_glare_the_phone_gets_an_offer_of_what_is_so_then() {
    let (mut rig, id, mut phone) = talking();
    hold(&mut rig, &id, HoldAction::On);
    let (offer, _) = only(&mut rig);
    respond(&mut rig, &offer, "491 Request Pending", "");
    phone.request(&mut rig, &Method::Invite, "", &phone_sdp("0"));
    let answer = rig.last_final();
    assert_eq!((answer.code(), way_of(&answer)), (Some(200), "sendonly"));
    phone.ack(&mut rig, "");
    // Meanwhile it is wanted back.
    hold(&mut rig, &id, HoldAction::Off);
    rig.sent();
    rig.pass(Duration::from_secs(5));
    let sent = offers(&mut rig);
    let (offer, way) = &sent[0];
    assert_eq!(*way, "sendrecv", "what is wanted now");
    agree(&mut rig, offer, "sendrecv");
    assert_eq!(media(&rig), Some(Direction::SendRecv));
    assert!(!is_held(&rig, &id));
    // And the next change is a change like any other.
    hold(&mut rig, &id, HoldAction::On);
    let (offer, way) = only(&mut rig);
    assert_eq!(way, "sendonly");
    agree(&mut rig, &offer, "recvonly");
    assert_eq!(media(&rig), Some(Direction::SendOnly));
}
