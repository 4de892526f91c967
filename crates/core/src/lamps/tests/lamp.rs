//! A phone with a lamp, whose every line is written by hand, and what it is told.

use api::command::server::Fire;
use api::event::CustomEvent;
use api::view::{Extension, VoiceMessage};
use bytes::Bytes;
use sip::message::{HeaderName, Message, Method, parse_datagram};
use sip::transport::{Flow, FlowId, Transport};

use crate::Input;
use crate::rig::{Rig, SIP, config};

/// A switch that believes everybody.
pub(super) fn rig() -> Rig {
    let mut config = config();
    config.profiles[0].auth_calls = false;
    Rig::with(config)
}

/// A phone whose every line is written by hand.
pub(super) struct Lamp {
    pub(super) user: &'static str,
    pub(super) flow: Flow,
    pub(super) call_id: String,
    /// Parameters of its Event header.
    pub(super) event: &'static str,
    /// The switch's tag, behind `;tag=`.
    pub(super) to_tag: String,
    pub(super) cseq: u32,
}

impl Lamp {
    pub(super) fn new(user: &'static str, port: u16) -> Self {
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

    pub(super) fn over_tcp(mut self, flow: u64) -> Self {
        self.flow.transport = Transport::Tcp;
        self.flow.id = FlowId(flow);
        self
    }

    pub(super) fn say(&self, rig: &mut Rig, text: &str) {
        let message = parse_datagram(Bytes::copy_from_slice(text.as_bytes())).unwrap();
        rig.feed(Input::Sip {
            flow: self.flow,
            message,
        });
    }

    /// Sends a SUBSCRIBE, and returns the answer and what else the phones were sent.
    pub(super) fn subscribe(&mut self, rig: &mut Rig, headers: &str) -> (Message, Vec<Told>) {
        let event = format!("Event: {}\r\n", self.event);
        self.subscribe_with(rig, &format!("{event}{headers}"))
    }

    pub(super) fn subscribe_with(&mut self, rig: &mut Rig, headers: &str) -> (Message, Vec<Told>) {
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
    pub(super) fn subscribed(mut self, rig: &mut Rig, seconds: u32) -> Self {
        let (answer, told) = self.subscribe(rig, &format!("Expires: {seconds}\r\n"));
        assert_eq!(answer.code(), Some(200));
        self.answer(rig, &told[0], 200);
        self
    }

    pub(super) fn answer(&self, rig: &mut Rig, told: &Told, code: u16) {
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
pub(super) struct Told {
    pub(super) port: u16,
    pub(super) message: Message,
}

impl Told {
    pub(super) fn new(sent: sip::transport::Transmit) -> Self {
        let message = parse_datagram(sent.bytes).unwrap();
        assert_eq!(message.method(), Some(&Method::Notify));
        Self {
            port: sent.target.remote.port(),
            message,
        }
    }

    pub(super) fn header(&self, name: HeaderName) -> &str {
        self.message.header(name).unwrap_or("")
    }

    pub(super) fn state(&self) -> &str {
        self.header(HeaderName::SubscriptionState)
    }

    /// Where it went, what it says of the subscription, and what of messages.
    pub(super) fn words(&self) -> (u16, String, String) {
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

pub(super) fn told(rig: &mut Rig) -> Vec<Told> {
    rig.sent().into_iter().map(Told::new).collect()
}

pub(super) fn words(told: &[Told]) -> Vec<(u16, String, String)> {
    let mut words: Vec<_> = told.iter().map(Told::words).collect();
    words.sort();
    words
}

pub(super) fn said(port: u16, state: &str, what: &str) -> (u16, String, String) {
    (port, state.to_owned(), what.to_owned())
}

/// Another message is found in the box of 1000.
pub(super) fn leave(rig: &mut Rig, id: &str) {
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

pub(super) fn fire(rig: &mut Rig, waiting: &str, user: &str, more: &[(&str, &str)]) {
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
