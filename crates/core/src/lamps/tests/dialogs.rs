//! Phones that watch the calls of others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sip::event::SubscriptionId;
use sip::message::{HeaderName, Message, Method};
use sip::transport::Transport;

use super::lamp::{Lamp, Told, rig};
use crate::lamps::dialog_info::Documents;
use crate::lamps::package::Package;
use crate::lamps::subscriptions::{MAX_OF_WATCHER, Subscriber, Subscription, Subscriptions};
use crate::lamps::telling::Notifying;
use crate::rig::{Phone, Rig, Talk};
use crate::web::tests::foreign::{phone_sdp, respond_from};

const HOME: &str = "127.0.0.1:5601";

fn watcher(whom: &'static str, port: u16) -> Lamp {
    let mut lamp = Lamp::new(whom, port);
    lamp.event = "dialog";
    lamp
}

/// 1001 has a phone at [`HOME`].
fn with_phone(rig: &mut Rig) -> Phone {
    let mut phone = Phone::new("1001", HOME, Transport::Udp, 11);
    assert_eq!(phone.register(rig, "1234", 3_600), 200);
    phone
}

/// What stands between two pieces of a text.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).map_or("", |(_, rest)| rest);
    rest.split_once(after).map_or("", |(found, _)| found)
}

impl Told {
    fn body(&self) -> String {
        String::from_utf8(self.message.body().to_vec()).unwrap()
    }

    /// Version, and state and direction of each call.
    fn calls(&self) -> String {
        assert_eq!(
            self.header(HeaderName::ContentType),
            "application/dialog-info+xml"
        );
        let body = self.body();
        let mut said = between(&body, "\" version=\"", "\"").to_owned();
        for call in body.split("<dialog ").skip(1) {
            let state = between(call, "<state>", "<");
            let direction = between(call, "direction=\"", "\"");
            said.push_str(&format!(" {state} {direction}"));
        }
        said
    }
}

/// What was sent since: NOTIFYs taken by whoever gets them, and the rest.
fn sent(rig: &mut Rig, watchers: &[&Lamp]) -> (Vec<Told>, Vec<Message>) {
    let (mut told, mut others) = (Vec::new(), Vec::new());
    for one in rig.sent() {
        let message = sip::message::parse_datagram(one.bytes.clone()).unwrap();
        if message.method() == Some(&Method::Notify) {
            told.push(Told::new(one));
        } else {
            others.push(message);
        }
    }
    for one in &told {
        let mut watchers = watchers.iter();
        if let Some(watcher) = watchers.find(|watcher| watcher.flow.remote.port() == one.port) {
            watcher.answer(rig, one, 200);
        }
    }
    told.sort_by_key(|one| one.port);
    (told, others)
}

fn said(told: &[Told]) -> Vec<String> {
    told.iter().map(Told::calls).collect()
}

fn invite(others: &[Message]) -> Message {
    let mut invites = others.iter();
    let invite = invites.find(|message| message.method() == Some(&Method::Invite));
    invite.expect("an INVITE").clone()
}

#[test]
fn a_call_from_its_ringing_to_its_end() {
    let mut rig = rig();
    let _phone = with_phone(&mut rig);
    let mut lamp = watcher("1001", 5700);
    let (answer, first) = lamp.subscribe(&mut rig, "Expires: 600\r\n");
    assert_eq!(answer.code(), Some(200));
    assert_eq!(
        answer.header(HeaderName::AllowEvents),
        Some("message-summary, dialog")
    );
    assert_eq!(said(&first), ["0"], "there is no call");
    assert_eq!(first[0].header(HeaderName::Event), "dialog");
    assert_eq!(first[0].state(), "active;expires=600");
    assert_eq!(
        between(&first[0].body(), "entity=\"", "\""),
        "sip:1001@127.0.0.1"
    );
    lamp.answer(&mut rig, &first[0], 200);
    rig.pass(Duration::from_secs(2));
    rig.call("{origination_caller_id_name=Ann & Co,origination_caller_id_number=555}user/1001");
    let (told, others) = sent(&mut rig, &[&lamp]);
    assert_eq!(said(&told), [""; 0], "its phone does not know of it yet");
    let invite = invite(&others);
    respond_from(&mut rig, HOME, &invite, "180 Ringing", "");
    let (told, _) = sent(&mut rig, &[&lamp]);
    assert_eq!(said(&told), ["1 early recipient"]);
    let body = told[0].body();
    let own = invite.from().unwrap().tag().unwrap();
    let ids = format!(
        "call-id=\"{}\" local-tag=\"there\" remote-tag=\"{own}\"",
        invite.call_id()
    );
    assert!(body.contains(&ids), "{body}");
    let remote = "<remote><identity display=\"Ann &amp; Co\">sip:555@127.0.0.1</identity><target uri=\"sip:555@127.0.0.1\">";
    assert!(body.contains(remote), "{body}");

    // Too soon after: it waits, and only the last state is told.
    let headers = format!(
        "Contact: <sip:{HOME}>\r\nContent-Type: application/sdp\r\n\r\n{}",
        phone_sdp("0")
    );
    respond_from(&mut rig, HOME, &invite, "200 OK", &headers);
    assert_eq!(said(&sent(&mut rig, &[&lamp]).0), [""; 0]);
    rig.pass(Duration::from_millis(900));
    assert_eq!(said(&sent(&mut rig, &[&lamp]).0), [""; 0]);
    rig.pass(Duration::from_millis(200));
    assert_eq!(said(&sent(&mut rig, &[&lamp]).0), ["2 confirmed recipient"]);
    rig.pass(Duration::from_secs(5));
    assert_eq!(said(&sent(&mut rig, &[&lamp]).0), [""; 0], "nothing is new");
    let mut talk = Talk::called(&invite, HOME);
    talk.request(&mut rig, &Method::Bye, "", "");
    assert_eq!(
        said(&sent(&mut rig, &[&lamp]).0),
        ["3 terminated recipient"]
    );
    // That it ended is told once.
    let (_, told) = lamp.subscribe(&mut rig, "Expires: 600\r\n");
    assert_eq!(said(&told), ["4"]);
}

#[test]
fn what_is_over_before_it_may_be_told_is_not_told() {
    let mut rig = rig();
    let _phone = with_phone(&mut rig);
    let lamp = watcher("1001", 5700).subscribed(&mut rig, 600);
    rig.call("{originate_timeout=5}user/1001");
    let (_, others) = sent(&mut rig, &[&lamp]);
    let invite = invite(&others);
    respond_from(&mut rig, HOME, &invite, "180 Ringing", "");
    rig.sent();
    respond_from(&mut rig, HOME, &invite, "486 Busy Here", "");
    rig.sent();
    rig.pass(Duration::from_secs(3));
    assert_eq!(said(&sent(&mut rig, &[&lamp]).0), [""; 0]);
}

#[test]
fn all_who_watch_are_told_and_each_counts_for_itself() {
    let mut rig = rig();
    let _phone = with_phone(&mut rig);
    let one = watcher("1001", 5700).subscribed(&mut rig, 600);
    let mut other = watcher("1001", 5701).subscribed(&mut rig, 600);
    let else_whose = watcher("1000", 5702).subscribed(&mut rig, 600);
    let (_, told) = other.subscribe(&mut rig, "Expires: 600\r\n");
    assert_eq!(said(&told), ["1"]);
    other.answer(&mut rig, &told[0], 200);
    rig.pass(Duration::from_secs(2));
    rig.call("user/1001");
    let (_, others) = sent(&mut rig, &[]);
    respond_from(&mut rig, HOME, &invite(&others), "180 Ringing", "");
    let (told, _) = sent(&mut rig, &[&one, &other, &else_whose]);
    assert_eq!(said(&told), ["1 early recipient", "2 early recipient"]);
    // A phone that has gone is not told any more; the other one is.
    let (_, last) = other.subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(last[0].state(), "terminated;reason=timeout");
    other.answer(&mut rig, &last[0], 200);
    rig.pass(Duration::from_secs(2));
    respond_from(&mut rig, HOME, &invite(&others), "486 Busy Here", "");
    assert_eq!(
        said(&sent(&mut rig, &[&one, &else_whose]).0),
        ["2 terminated recipient"]
    );
    // Nothing of it is left.
    rig.pass(Duration::from_secs(700));
    assert_eq!(rig.switch.census().subscriptions, 0);
    let nobody = format!("{:?}", crate::lamps::dialogs::Watched::default());
    assert_eq!(format!("{:?}", rig.switch.subscriptions.watched), nobody);
}

#[test]
fn whoever_holds_does_not_render() {
    let mut rig = rig();
    let _phone = with_phone(&mut rig);
    let lamp = watcher("1001", 5700).subscribed(&mut rig, 600);
    let sdp = phone_sdp("0");
    rig.pass(Duration::from_secs(2));
    rig.sent();
    rig.call("user/1001");
    let (_, others) = sent(&mut rig, &[&lamp]);
    let invite = invite(&others);
    let headers = format!("Contact: <sip:{HOME}>\r\nContent-Type: application/sdp\r\n\r\n{sdp}");
    respond_from(&mut rig, HOME, &invite, "200 OK", &headers);
    let (told, _) = sent(&mut rig, &[&lamp]);
    assert_eq!(said(&told), ["1 confirmed recipient"]);
    rig.pass(Duration::from_secs(2));
    let mut talk = Talk::called(&invite, HOME);
    let held = sdp.replace("m=audio", "a=sendonly\r\nm=audio");
    talk.request(&mut rig, &Method::Invite, "", &held);
    let (told, _) = sent(&mut rig, &[&lamp]);
    assert_eq!(said(&told), ["2 confirmed recipient"]);
    let body = told[0].body();
    let rendering = |party| {
        let party = between(&body, party, "/>");
        between(party, "pname=\"+sip.rendering\" pvalue=\"", "\"").to_owned()
    };
    assert_eq!(
        (rendering("<local>"), rendering("<remote>")),
        ("no".into(), "yes".into())
    );
}

#[test]
fn rooms_and_parked_calls_are_watched_by_their_names() {
    let mut rig = rig();
    let room = watcher("conf+3000", 5700).subscribed(&mut rig, 600);
    let slot = watcher("park+6001", 5701).subscribed(&mut rig, 600);
    let other = watcher("park+6002", 5702).subscribed(&mut rig, 600);
    let watchers = [&room, &slot, &other];
    rig.pass(Duration::from_secs(2));
    let a = rig.park("null/a");
    rig.run(&a, "conference:3000-127.0.0.1");
    let (told, _) = sent(&mut rig, &watchers);
    assert_eq!(said(&told), ["1 confirmed "]);
    assert_eq!(told[0].port, 5700);
    let b = rig.park("null/b");
    rig.run(&b, "valet_park:127.0.0.1 6001");
    let (told, _) = sent(&mut rig, &watchers);
    assert_eq!(said(&told), ["1 confirmed recipient"]);
    assert_eq!(told[0].port, 5701);
    rig.pass(Duration::from_secs(2));
    for id in [a, b] {
        let hangup = api::command::channel::Hangup {
            channel: id,
            cause: api::HangupCause::NormalClearing,
        };
        rig.ask(hangup);
    }
    let (told, _) = sent(&mut rig, &watchers);
    assert_eq!(said(&told), ["2 terminated ", "2 terminated recipient"]);
}

#[test]
fn colleagues_may_watch_and_there_is_an_end_to_it() {
    let mut rig = Rig::new();
    let mut code = |user: &str, password: &str, whose: &str, port: u64| {
        let mut phone = Phone::new(user, &format!("127.0.0.1:{port}"), Transport::Udp, port);
        phone.watch(&mut rig, password, whose)
    };
    assert_eq!(code("1000", "1234", "1001", 5601), 200);
    assert_eq!(code("1000", "wrong", "1001", 5602), 403);
    assert_eq!(code("1000", "1234", "4711", 5603), 404);
    assert_eq!(code("1000", "1234", "conf+", 5604), 404);
    assert_eq!(code("1000", "1234", "conf+3000", 5605), 200);
    rig.add_domain("other.example");
    let mut stranger = Phone::new("1000@other.example", "127.0.0.1:5606", Transport::Udp, 6);
    assert_eq!(stranger.register(&mut rig, "1234", 600), 200);
    assert_eq!(stranger.watch(&mut rig, "1234", "1001"), 403);
    assert_eq!(stranger.watch(&mut rig, "1234", "park+6001"), 403);
    let mut rig = self::rig();
    for port in 0..Package::Dialog.most() {
        let port = 6000 + u16::try_from(port).unwrap();
        watcher("1001", port).subscribed(&mut rig, 600);
    }
    let (answer, _) = watcher("1001", 7000).subscribe(&mut rig, "");
    assert_eq!(answer.code(), Some(503));
    let (answer, told) = watcher("1001", 7001).subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(answer.code(), Some(200), "asking once keeps nothing");
    assert_eq!(said(&told), ["0"]);
}

#[test]
fn nobody_watches_without_end() {
    let mut table = Subscriptions::default();
    let own: Arc<str> = "1000@d".into();
    let subscription = |user: String| Subscription {
        package: Package::Dialog,
        watcher: Some(own.clone()),
        user: user.into(),
        domain: "d".into(),
        profile: "internal".into(),
        call_id: "c".into(),
        event_id: None,
        phone: Subscriber {
            contact: "sip:1000@127.0.0.1".into(),
            flow: Lamp::new("1000", 5601).flow,
            is_behind_proxy: false,
        },
        expires_at: Instant::now(),
        armed: None,
        notifying: Notifying::No,
        told_at: None,
        news_at: None,
        documents: Documents::default(),
    };
    for number in 0..MAX_OF_WATCHER {
        assert!(!table.is_full(Package::Dialog, "x@d", Some(&own)));
        let id = SubscriptionId(number as u64);
        table.put(id, subscription(number.to_string()));
    }
    assert!(table.is_full(Package::Dialog, "x@d", Some(&own)));
    assert!(!table.is_full(Package::Dialog, "x@d", Some(&"1001@d".into())));
    table.remove(SubscriptionId(7));
    assert!(!table.is_full(Package::Dialog, "x@d", Some(&own)));
}

#[test]
fn a_call_that_rings_is_taken_by_what_its_watcher_was_told() {
    let mut rig = rig();
    let _phone = with_phone(&mut rig);
    let lamp = watcher("1001", 5700).subscribed(&mut rig, 600);
    rig.pass(Duration::from_secs(2));
    let caller = rig.park("null/a");
    rig.run(&caller, "bridge:user/1001");
    let (_, others) = sent(&mut rig, &[&lamp]);
    respond_from(&mut rig, HOME, &invite(&others), "180 Ringing", "");
    let (told, _) = sent(&mut rig, &[&lamp]);
    let body = told[0].body();
    let attribute = |name: &str| between(&body, &format!(" {name}=\""), "\"").to_owned();
    let replaces = format!(
        "{};from-tag={};to-tag={}",
        attribute("call-id"),
        attribute("local-tag"),
        attribute("remote-tag")
    );
    let headers = format!("Replaces: {replaces}\r\n");
    let (own, whom) = ("1002@127.0.0.1", "1001@127.0.0.1");
    Talk::calls(
        &mut rig,
        "127.0.0.1:5602",
        own,
        whom,
        &headers,
        &phone_sdp("0"),
    );
    assert_eq!(rig.last_final().code(), Some(200));
    let partner = rig.switch.partner(&caller).expect("somebody");
    let name = rig.channel(&partner).name.clone();
    assert!(name.contains("1002"), "{name}");
}
