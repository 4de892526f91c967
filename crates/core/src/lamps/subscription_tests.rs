//! Lamps of phones that have subscribed.

use std::time::Duration;

use api::command::server::Fire;
use api::event::CustomEvent;
use api::view::{Extension, VoiceMessage};
use bytes::Bytes;
use sip::message::{HeaderName, Message, Method, parse_datagram};
use sip::transport::{Flow, FlowId, Transport};

use super::subscriptions::MAX_OF_ACCOUNT;
use crate::Input;
use crate::config_xml::{BUILT_IN_ROOT, Configuration, Files as _, Globals, built_in};
use crate::rig::{Phone, Rig, SIP, config};

/// A switch that believes everybody.
fn rig() -> Rig {
    let mut config = config();
    config.profiles[0].auth_calls = false;
    Rig::with(config)
}

/// A phone whose every line is written by hand.
struct Lamp {
    user: &'static str,
    flow: Flow,
    call_id: String,
    /// Parameters of its Event header.
    event: &'static str,
    /// The switch's tag, behind `;tag=`.
    to_tag: String,
    cseq: u32,
}

impl Lamp {
    fn new(user: &'static str, port: u16) -> Self {
        Self {
            user,
            flow: Flow {
                id: FlowId(1),
                transport: Transport::Udp,
                local: SIP.parse().unwrap(),
                remote: format!("127.0.0.1:{port}").parse().unwrap(),
            },
            call_id: format!("lamp-{port}"),
            event: "message-summary",
            to_tag: String::new(),
            cseq: 0,
        }
    }

    fn over_tcp(mut self, flow: u64) -> Self {
        self.flow.transport = Transport::Tcp;
        self.flow.id = FlowId(flow);
        self
    }

    fn say(&self, rig: &mut Rig, text: &str) {
        let message = parse_datagram(Bytes::copy_from_slice(text.as_bytes())).unwrap();
        rig.feed(Input::Sip {
            flow: self.flow,
            message,
        });
    }

    /// Sends a SUBSCRIBE, and returns the answer and what else the phones were sent.
    fn subscribe(&mut self, rig: &mut Rig, headers: &str) -> (Message, Vec<Told>) {
        let event = format!("Event: {}\r\n", self.event);
        self.subscribe_with(rig, &format!("{event}{headers}"))
    }

    fn subscribe_with(&mut self, rig: &mut Rig, headers: &str) -> (Message, Vec<Told>) {
        self.cseq += 1;
        let (user, remote, cseq) = (self.user, self.flow.remote, self.cseq);
        let contact = if headers.contains("Contact:") {
            String::new()
        } else {
            format!("Contact: <sip:{user}@{remote}>\r\n")
        };
        let text = format!(
            "SUBSCRIBE sip:{user}@127.0.0.1 SIP/2.0\r\n\
             Via: SIP/2.0/{} {remote};branch=z9hG4bK-{}-{cseq}\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@127.0.0.1>;tag=phone\r\nTo: <sip:{user}@127.0.0.1>{}\r\nCall-ID: {}\r\n\
             CSeq: {cseq} SUBSCRIBE\r\n{contact}{headers}Content-Length: 0\r\n\r\n",
            self.flow.transport, self.call_id, self.to_tag, self.call_id,
        );
        self.say(rig, &text);
        let mut sent = rig.sent().into_iter();
        let answer = parse_datagram(sent.next().expect("an answer").bytes).unwrap();
        assert_eq!(answer.call_id(), self.call_id);
        if answer.code() == Some(200) {
            let tag = answer.to().unwrap().tag().unwrap();
            self.to_tag = format!(";tag={tag}");
        }
        (answer, sent.map(Told::new).collect())
    }

    /// Subscribes for so many seconds, and takes the first NOTIFY.
    fn subscribed(mut self, rig: &mut Rig, seconds: u32) -> Self {
        let (answer, told) = self.subscribe(rig, &format!("Expires: {seconds}\r\n"));
        assert_eq!(answer.code(), Some(200));
        self.answer(rig, &told[0], 200);
        self
    }

    fn answer(&self, rig: &mut Rig, told: &Told, code: u16) {
        let line = |name| told.message.header(name).unwrap();
        let text = format!(
            "SIP/2.0 {code} x\r\nVia: {}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\nContent-Length: 0\r\n\r\n",
            line(HeaderName::Via),
            line(HeaderName::From),
            line(HeaderName::To),
            line(HeaderName::CallId),
            line(HeaderName::CSeq),
        );
        self.say(rig, &text);
    }
}

/// A NOTIFY of the switch.
struct Told {
    port: u16,
    message: Message,
}

impl Told {
    fn new(sent: sip::transport::Transmit) -> Self {
        let message = parse_datagram(sent.bytes).unwrap();
        assert_eq!(message.method(), Some(&Method::Notify));
        Self {
            port: sent.target.remote.port(),
            message,
        }
    }

    fn header(&self, name: HeaderName) -> &str {
        self.message.header(name).unwrap_or("")
    }

    fn state(&self) -> &str {
        self.header(HeaderName::SubscriptionState)
    }

    /// Where it went, what it says of the subscription, and what of messages.
    fn words(&self) -> (u16, String, String) {
        let body = String::from_utf8(self.message.body().to_vec()).unwrap();
        let waits = body.lines().next().unwrap();
        let counts = body
            .lines()
            .find_map(|line| line.strip_prefix("Voice-Message: "))
            .unwrap_or("");
        let waits = waits.strip_prefix("Messages-Waiting: ").unwrap();
        let said = format!("{waits} {counts}").trim_end().to_owned();
        (self.port, self.state().to_owned(), said)
    }
}

fn told(rig: &mut Rig) -> Vec<Told> {
    rig.sent().into_iter().map(Told::new).collect()
}

fn words(told: &[Told]) -> Vec<(u16, String, String)> {
    let mut words: Vec<_> = told.iter().map(Told::words).collect();
    words.sort();
    words
}

fn said(port: u16, state: &str, what: &str) -> (u16, String, String) {
    (port, state.to_owned(), what.to_owned())
}

/// Another message is found in the box of 1000.
fn leave(rig: &mut Rig, id: &str) {
    let message = VoiceMessage {
        id: id.into(),
        caller_name: "".into(),
        caller_number: "1001".into(),
        left_at: api::Timestamp(1),
        read_at: None,
        length_ms: 1_000,
        path: "/voicemail/a.wav".into(),
    };
    let owner = Extension {
        user: "1000".into(),
        domain: "127.0.0.1".into(),
    };
    rig.feed(Input::VoicemailFound(vec![(owner, message)]));
}

fn fire(rig: &mut Rig, waiting: &str, user: &str, more: &[(&str, &str)]) {
    let account = format!("{user}@127.0.0.1");
    let usual = [
        ("MWI-Messages-Waiting", waiting),
        ("MWI-Message-Account", account.as_str()),
        ("MWI-Voice-Message", "7/0 (0/0)"),
    ];
    let event = CustomEvent {
        name: "MESSAGE_WAITING".into(),
        subclass: None,
        headers: usual
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
        body: None,
        from_client: true,
    };
    rig.get(Fire { event }).unwrap();
}

#[test]
fn who_subscribes_is_told_at_once_and_of_every_change() {
    let mut rig = rig();
    let mut lamp = Lamp::new("1000", 5601);
    let (answer, first) = lamp.subscribe(&mut rig, "Expires: 600\r\n");
    assert_eq!(answer.code(), Some(200));
    assert_eq!(answer.header(HeaderName::Expires), Some("600"));
    assert_eq!(
        answer.header(HeaderName::Contact),
        Some("<sip:mod_sofia@127.0.0.1:5060>")
    );
    let allow = answer.header(HeaderName::Allow).unwrap();
    assert!(allow.split(", ").any(|method| method == "SUBSCRIBE"));
    assert_eq!(
        words(&first),
        [said(5601, "active;expires=600", "no 0/0 (0/0)")]
    );
    let notify = &first[0];
    assert_eq!(
        notify.message.request_uri(),
        Some("sip:1000@127.0.0.1:5601")
    );
    assert_eq!(notify.header(HeaderName::Event), "message-summary");
    assert_eq!(
        notify.header(HeaderName::ContentType),
        "application/simple-message-summary"
    );
    assert_eq!(notify.header(HeaderName::CallId), "lamp-5601");
    assert_eq!(notify.message.to().unwrap().tag(), Some("phone"));
    let own = notify.message.from().unwrap().tag().unwrap();
    assert_eq!(lamp.to_tag, format!(";tag={own}"));
    lamp.answer(&mut rig, notify, 200);

    rig.pass(Duration::from_secs(10));
    leave(&mut rig, "a");
    let second = told(&mut rig);
    assert_eq!(
        words(&second),
        [said(5601, "active;expires=590", "yes 1/0 (0/0)")]
    );
    let number = |told: &Told| told.message.cseq().unwrap().number;
    assert_eq!(number(&second[0]), number(notify) + 1);
}

#[test]
fn a_phone_is_told_in_one_way_only() {
    let mut rig = rig();
    for port in [5601_u16, 5602, 5603] {
        let address = format!("127.0.0.1:{port}");
        let mut phone = Phone::new("1000", &address, Transport::Udp, u64::from(port));
        assert_eq!(phone.register(&mut rig, "1234", 600), 200);
    }
    let first = Lamp::new("1000", 5601).subscribed(&mut rig, 600);
    // From another port, but the contact is the one that registered.
    let mut second = Lamp::new("1000", 5699);
    let contact = "Contact: <sip:1000@127.0.0.1:5602;ob>\r\nExpires: 600\r\n";
    let (_, notified) = second.subscribe(&mut rig, contact);
    second.answer(&mut rig, &notified[0], 200);
    let _other = Lamp::new("1001", 5604).subscribed(&mut rig, 600);
    leave(&mut rig, "a");
    let notified = told(&mut rig);
    let expected = [
        said(5601, "active;expires=600", "yes 1/0 (0/0)"),
        said(5602, "active;expires=600", "yes 1/0 (0/0)"),
        said(5603, "active", "yes 1/0 (0/0)"),
    ];
    assert_eq!(words(&notified), expected);
    // A phone that registers anew has been told.
    let mut again = Phone::new("1000", "127.0.0.1:5601", Transport::Udp, 7);
    assert_eq!(again.register(&mut rig, "1234", 600), 200);
    assert_eq!(again.notified, Vec::<String>::new());
    // When its subscription is over, it is told as the others are.
    let mut first = first;
    let mine = notified.iter().find(|told| told.port == 5601).unwrap();
    first.answer(&mut rig, mine, 481);
    rig.sent();
    leave(&mut rig, "b");
    let expected = said(5601, "active", "yes 2/0 (0/0)");
    assert!(words(&told(&mut rig)).contains(&expected));
    first.cseq += 1;
    assert_eq!(first.subscribe(&mut rig, "").0.code(), Some(481));
}

#[test]
fn the_next_notify_waits_for_the_answer_to_the_last() {
    let mut rig = rig();
    let mut lamp = Lamp::new("1000", 5601);
    let (_, first) = lamp.subscribe(&mut rig, "");
    leave(&mut rig, "a");
    leave(&mut rig, "b");
    assert_eq!(words(&told(&mut rig)), []);
    lamp.answer(&mut rig, &first[0], 200);
    let second = told(&mut rig);
    let news = said(5601, "active;expires=3600", "yes 2/0 (0/0)");
    assert_eq!(words(&second), [news], "only the last state");
    // Another kind of failure ends nothing.
    lamp.answer(&mut rig, &second[0], 500);
    leave(&mut rig, "c");
    assert_eq!(told(&mut rig).len(), 1);
}

#[test]
fn a_subscription_is_refreshed_moves_and_ends() {
    let mut rig = rig();
    let mut lamp = Lamp::new("1000", 5601).subscribed(&mut rig, 60);
    rig.pass(Duration::from_secs(50));
    lamp.flow.remote.set_port(5611);
    let (answer, told_now) = lamp.subscribe(&mut rig, "Expires: 60\r\n");
    assert_eq!(answer.code(), Some(200));
    assert_eq!(answer.header(HeaderName::Expires), Some("60"));
    assert!(answer.contact().is_some(), "a refresh confirms the target");
    assert_eq!(
        words(&told_now),
        [said(5611, "active;expires=60", "no 0/0 (0/0)")]
    );
    lamp.answer(&mut rig, &told_now[0], 200);
    rig.pass(Duration::from_secs(50));
    assert_eq!(words(&told(&mut rig)), [], "it lives on");
    for (event, code) in [("message-summary;id=2", 481), ("presence", 489)] {
        lamp.event = event;
        assert_eq!(lamp.subscribe(&mut rig, "").0.code(), Some(code), "{event}");
    }
    lamp.event = "message-summary";
    let timers = rig.switch.census().timers;
    for _ in 0..5 {
        let (_, notified) = lamp.subscribe(&mut rig, "Expires: 60\r\n");
        lamp.answer(&mut rig, &notified[0], 200);
    }
    let now = rig.switch.census().timers;
    assert_eq!(now, timers, "refreshes leave none behind");
    let (answer, told_now) = lamp.subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(answer.header(HeaderName::Expires), Some("0"));
    assert_eq!(
        words(&told_now),
        [said(5611, "terminated;reason=timeout", "no 0/0 (0/0)")]
    );
    assert_eq!(rig.switch.census().subscriptions, 0);
    leave(&mut rig, "a");
    assert_eq!(words(&told(&mut rig)), []);
    assert_eq!(lamp.subscribe(&mut rig, "").0.code(), Some(481));
}

#[test]
fn what_nobody_refreshes_ends_in_time() {
    let mut rig = rig();
    let lamp = Lamp::new("1000", 5601).subscribed(&mut rig, 60);
    let mut other = Lamp::new("1000", 5602).subscribed(&mut rig, 60);
    rig.pass(Duration::from_secs(30));
    let (_, notified) = other.subscribe(&mut rig, "Expires: 3600\r\n");
    other.answer(&mut rig, &notified[0], 200);
    rig.pass(Duration::from_millis(29_900));
    assert_eq!(words(&told(&mut rig)), []);
    rig.pass(Duration::from_millis(200));
    let last = told(&mut rig);
    assert_eq!(
        words(&last),
        [said(5601, "terminated;reason=timeout", "no 0/0 (0/0)")]
    );
    lamp.answer(&mut rig, &last[0], 200);
    assert_eq!(rig.switch.census().subscriptions, 1);
    rig.pass(Duration::from_secs(3_571));
    let last = words(&told(&mut rig));
    assert_eq!(
        last[0],
        said(5602, "terminated;reason=timeout", "no 0/0 (0/0)")
    );
    assert_eq!(rig.switch.census().subscriptions, 0);
}

#[test]
fn a_phone_that_is_gone_is_not_told_any_more() {
    let mut rig = rig();
    let mut lamp = Lamp::new("1000", 5601);
    let (_, first) = lamp.subscribe(&mut rig, "");
    rig.pass(Duration::from_secs(31));
    assert_eq!(rig.switch.census().subscriptions, 1, "it may still answer");
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.switch.census().subscriptions, 0, "64 times T1 are over");
    drop(first);
    for code in [404, 481, 489, 501] {
        let mut lamp = Lamp::new("1000", 5700 + code);
        rig.sent();
        let (_, first) = lamp.subscribe(&mut rig, "");
        assert_eq!(rig.switch.census().subscriptions, 1);
        lamp.answer(&mut rig, &first[0], code);
        assert_eq!(rig.switch.census().subscriptions, 0, "{code}");
    }
}

#[test]
fn who_asks_once_is_told_once() {
    let mut rig = rig();
    leave(&mut rig, "a");
    let mut lamp = Lamp::new("1000", 5601);
    lamp.event = "message-summary;id=x7";
    let (answer, first) = lamp.subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(answer.header(HeaderName::Expires), Some("0"));
    assert_eq!(
        words(&first),
        [said(5601, "terminated;reason=timeout", "yes 1/0 (0/0)")]
    );
    assert_eq!(first[0].header(HeaderName::Event), "message-summary;id=x7");
    lamp.answer(&mut rig, &first[0], 200);
    assert_eq!(rig.switch.census().subscriptions, 0);
    assert_eq!(lamp.subscribe(&mut rig, "").0.code(), Some(481));
}

#[test]
fn what_is_refused() {
    let mut rig = rig();
    let mut port = 5600;
    let mut refused = |rig: &mut Rig, user: &'static str, headers: &str| {
        port += 1;
        let (answer, told) = Lamp::new(user, port).subscribe_with(rig, headers);
        assert!(told.is_empty(), "{headers}");
        answer
    };
    for bad in [
        "Event: presence\r\n",
        "",
        "Event: message-summary.winfo\r\n",
    ] {
        let answer = refused(&mut rig, "1000", bad);
        assert_eq!(answer.code(), Some(489), "{bad}");
        let known = answer.header(HeaderName::AllowEvents);
        assert_eq!(known, Some("message-summary"));
    }
    let event = "Event: message-summary\r\n";
    let mut code = |user, headers: &str| {
        let headers = format!("{event}{headers}");
        refused(&mut rig, user, &headers)
    };
    let brief = code("1000", "Expires: 29\r\n");
    assert_eq!(brief.code(), Some(423));
    assert_eq!(brief.header(HeaderName::MinExpires), Some("30"));
    assert_eq!(code("1000", "Expires: soon\r\n").code(), Some(400));
    assert_eq!(code("1000", "Expires: -1\r\n").code(), Some(400));
    assert_eq!(code("1000", "Contact: <tel:1000>\r\n").code(), Some(400));
    assert_eq!(code("1000", "Accept: text/plain\r\n").code(), Some(406));
    assert_eq!(code("4711", "").code(), Some(404));
    assert_eq!(rig.switch.census().subscriptions, 0);
    // What is asked for too long is shortened, however long.
    let headers = "Accept: text/plain, application/*\r\nExpires: 99999999999999\r\n";
    let (answer, _) = Lamp::new("1000", 5801).subscribe(&mut rig, headers);
    assert_eq!(answer.header(HeaderName::Expires), Some("3600"));
}

#[test]
fn a_call_is_no_place_to_subscribe_nor_is_a_server_that_goes() {
    let mut rig = rig();
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    let (_, mut talk) = rig.called("sofia/internal/9@127.0.0.1:5603", "127.0.0.1:5603", sdp);
    rig.sent();
    let event = "Event: message-summary\r\n";
    talk.request(&mut rig, &Method::Subscribe, event, "");
    assert_eq!(rig.last_final().code(), Some(403));
    let mut lamp = Lamp::new("1000", 5601).subscribed(&mut rig, 600);
    rig.feed(Input::Shutdown);
    rig.sent();
    let (answer, told) = Lamp::new("1000", 5602).subscribe(&mut rig, "");
    assert_eq!(answer.code(), Some(503));
    assert!(answer.header(HeaderName::RetryAfter).is_some());
    assert!(told.is_empty());
    let (answer, _) = lamp.subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(answer.code(), Some(200), "who leaves is let go");
}

#[test]
fn an_account_has_so_many_subscriptions_and_no_more() {
    let mut rig = rig();
    let ports = 6000..;
    let mut lamps: Vec<_> = ports
        .take(MAX_OF_ACCOUNT)
        .map(|port| Lamp::new("1000", port).subscribed(&mut rig, 600))
        .collect();
    let mut next = Lamp::new("1000", 7000);
    let (answer, told) = next.subscribe(&mut rig, "");
    assert_eq!(answer.code(), Some(503));
    assert_eq!(answer.header(HeaderName::RetryAfter), Some("300"));
    assert!(told.is_empty());
    let (answer, _) = Lamp::new("1000", 7001).subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(answer.code(), Some(200), "asking once keeps nothing");
    let (answer, _) = Lamp::new("1001", 7002).subscribe(&mut rig, "");
    assert_eq!(answer.code(), Some(200), "others have their own");
    assert_eq!(lamps[0].subscribe(&mut rig, "").0.code(), Some(200));
    lamps[1].subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(next.subscribe(&mut rig, "").0.code(), Some(200));
}

#[test]
fn programs_reach_those_who_have_subscribed() {
    let mut rig = rig();
    let mut phone = Phone::new("1000", "127.0.0.1:5601", Transport::Udp, 5601);
    assert_eq!(phone.register(&mut rig, "1234", 600), 200);
    let lamps = [5601, 5602].map(|port| Lamp::new("1000", port).subscribed(&mut rig, 600));
    let active = "active;expires=600";
    let mut ports = |waiting: &str, more: &[(&str, &str)]| {
        fire(&mut rig, waiting, "1000", more);
        let told = told(&mut rig);
        for one in &told {
            assert_eq!(one.words().2, format!("{waiting} 7/0 (0/0)"));
            assert_eq!(one.state(), active);
            let lamp = lamps
                .iter()
                .find(|lamp| lamp.flow.remote.port() == one.port);
            lamp.unwrap().answer(&mut rig, one, 200);
        }
        let mut ports: Vec<_> = told.iter().map(|one| one.port).collect();
        ports.sort_unstable();
        ports
    };
    assert_eq!(ports("no", &[("sub-call-id", "lamp-5602")]), [5602]);
    assert_eq!(ports("no", &[("sub-call-id", "else")]), []);
    assert_eq!(ports("no", &[("call-id", "call-of-1000-5601")]), [5601]);
    assert_eq!(ports("no", &[("sofia-profile", "external")]), []);
    assert_eq!(ports("no", &[("sofia-profile", "Internal")]), [5601, 5602]);
    // What was said to some is not how things are.
    let mut late = Lamp::new("1000", 5603);
    let (_, first) = late.subscribe(&mut rig, "");
    assert_eq!(first[0].words().2, "no 0/0 (0/0)");
    late.answer(&mut rig, &first[0], 481);
    let mut ports = |waiting: &str| {
        fire(&mut rig, waiting, "1000", &[]);
        let told = told(&mut rig);
        told.len()
    };
    assert_eq!(ports("yes"), 2);
    let mut late = Lamp::new("1000", 5604);
    let (_, first) = late.subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(first[0].words().2, "yes 7/0 (0/0)", "what was said last");
    leave(&mut rig, "a");
    let mut late = Lamp::new("1000", 5605);
    let (_, first) = late.subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(first[0].words().2, "yes 1/0 (0/0)", "until the box changes");
}

#[test]
fn a_subscription_ends_with_its_connection() {
    let mut rig = rig();
    let (answer, _) = Lamp::new("1000", 5601).over_tcp(7).subscribe(&mut rig, "");
    assert_eq!(
        answer.header(HeaderName::Contact),
        Some("<sip:mod_sofia@127.0.0.1:5060;transport=tcp>")
    );
    let mut moves = Lamp::new("1000", 5602)
        .over_tcp(8)
        .subscribed(&mut rig, 600);
    moves.flow.id = FlowId(9);
    let (_, notified) = moves.subscribe(&mut rig, "Expires: 600\r\n");
    moves.answer(&mut rig, &notified[0], 200);
    for (flow, left) in [(8, 2), (7, 1), (9, 0)] {
        rig.feed(Input::FlowClosed(FlowId(flow)));
        assert_eq!(rig.switch.census().subscriptions, left, "{flow}");
    }
    leave(&mut rig, "a");
    assert_eq!(words(&told(&mut rig)), []);
}

#[test]
fn proxies_on_the_way_stay_on_the_way() {
    let mut rig = rig();
    let mut phone = Phone::new("1000", "127.0.0.1:5601", Transport::Udp, 5601);
    assert_eq!(phone.register(&mut rig, "1234", 600), 200);
    // The proxy's address is nobody's own.
    let mut lamp = Lamp::new("1000", 5601);
    let route = "Record-Route: <sip:127.0.0.1:5601;lr>\r\n";
    let contact = "Contact: <sip:1000@10.0.0.9:5060>\r\n";
    let (answer, first) = lamp.subscribe(&mut rig, &format!("{route}{contact}"));
    assert_eq!(
        answer.header(HeaderName::RecordRoute),
        Some("<sip:127.0.0.1:5601;lr>")
    );
    assert_eq!(
        first[0].header(HeaderName::Route),
        "<sip:127.0.0.1:5601;lr>"
    );
    assert_eq!(
        first[0].message.request_uri(),
        Some("sip:1000@10.0.0.9:5060")
    );
    lamp.answer(&mut rig, &first[0], 200);
    leave(&mut rig, "a");
    let states: Vec<_> = told(&mut rig)
        .iter()
        .map(|told| told.state().to_owned())
        .collect();
    assert!(states.contains(&"active".to_owned()), "{states:?}");
    assert_eq!(states.len(), 2, "the phone that registered is another one");
}

#[test]
fn who_left_the_directory_is_told_so() {
    let mut rig = rig();
    let mut lamp = Lamp::new("1000", 5601).subscribed(&mut rig, 600);
    let stays = Lamp::new("1001", 5602).subscribed(&mut rig, 600);
    let mut files = built_in();
    let path = "/built-in/directory/default.xml";
    let text = files.read(path.as_ref()).unwrap();
    let without = text.replace("<user id=\"1000\"", "<user id=\"8000\"");
    assert_ne!(without, text);
    files.insert(path, without);
    let xml = Configuration::load(&files, BUILT_IN_ROOT.as_ref(), Globals::new()).unwrap();
    rig.feed(Input::XmlLoaded {
        request: api::RequestId(99),
        result: Ok(Box::new(xml)),
    });
    let last = told(&mut rig);
    assert_eq!(
        words(&last),
        [said(5601, "terminated;reason=noresource", "no")]
    );
    lamp.answer(&mut rig, &last[0], 200);
    assert_eq!(rig.switch.census().subscriptions, 1);
    assert_eq!(lamp.subscribe(&mut rig, "").0.code(), Some(481));
    drop(stays);
}

#[test]
fn everybody_may_subscribe_to_his_own_box_and_no_other() {
    let mut rig = Rig::new();
    let mut code = |user: &str, password: &str, whose: &str, port: u64| {
        let address = format!("127.0.0.1:{port}");
        let mut phone = Phone::new(user, &address, Transport::Udp, port);
        phone.subscribe(&mut rig, password, whose)
    };
    assert_eq!(code("1000", "1234", "1000", 5601), 200);
    assert_eq!(code("1000", "wrong", "1000", 5602), 403);
    assert_eq!(code("1000", "1234", "1001", 5603), 403);
    assert_eq!(code("1000", "1234", "4711", 5604), 404);
    // Who says nothing of himself is asked.
    let mut lamp = Lamp::new("1000", 5605);
    let (answer, told) = lamp.subscribe(&mut rig, "");
    assert_eq!(answer.code(), Some(407));
    assert!(answer.header(HeaderName::ProxyAuthenticate).is_some());
    assert!(told.is_empty());
}
