//! The messages of RFC 4475, each with the behaviour that RFC describes. Where it leaves a choice,
//! the comment beside the line says which one is ours.

#![allow(clippy::unwrap_used, reason = "a test may fail here")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for the events it is about"
)]

use std::net::SocketAddr;
use std::time::Instant;

use jackfield_sip::message::{HeaderName, Message, parse_datagram};
use jackfield_sip::sdp;
use jackfield_sip::transport::{Flow, FlowId, Frame, Framer, Transport};
use jackfield_sip::{Endpoint, EndpointConfig, Event};

#[derive(Debug, PartialEq)]
enum Seen {
    /// A new call.
    Invite,
    /// A request handed to the owner.
    Request,
    /// Answered here.
    Code(u16),
    /// A response that passes, or nothing.
    Silence,
}

fn flow() -> Flow {
    let address = |text: &str| -> SocketAddr { text.parse().unwrap() };
    Flow {
        id: FlowId(1),
        transport: Transport::Udp,
        local: address("192.0.2.200:5060"),
        remote: address("192.0.2.99:5060"),
    }
}

/// What an endpoint does with one message.
fn observe(message: Message) -> Seen {
    let mut endpoint = Endpoint::new(EndpointConfig::default(), [9; 32]);
    let mut now = Instant::now();
    endpoint.handle_message(now, &flow(), message);
    let mut seen = Seen::Silence;
    while let Some(transmit) = endpoint.poll_transmit() {
        let answer = parse_datagram(transmit.bytes).unwrap();
        if let Some(code) = answer.code().filter(|code| *code > 100) {
            seen = Seen::Code(code);
        }
    }
    while let Some(event) = endpoint.poll_event() {
        match event {
            Event::Invite { session, .. } => {
                seen = Seen::Invite;
                endpoint.reject(now, session, 486, "", &[]).unwrap();
            }
            Event::Request { .. } => seen = Seen::Request,
            Event::Ended { .. } => {}
            other => panic!("{other:?} was not asked for"),
        }
    }
    for _ in 0..100 {
        let Some(next) = endpoint.poll_timeout() else {
            break;
        };
        now = next;
        endpoint.handle_timeout(now);
        while endpoint.poll_transmit().is_some() || endpoint.poll_event().is_some() {}
    }
    assert_eq!(endpoint.counts(), jackfield_sip::Counts::default());
    seen
}

macro_rules! torture {
    ($($name:ident $expected:expr;)*) => {
        $(#[test]
        fn $name() {
            let bytes: &[u8] = include_bytes!(concat!("torture/", stringify!($name), ".dat"));
            let seen = parse_datagram(bytes.to_vec()).map_or(Seen::Silence, observe);
            assert_eq!(seen, $expected);
        })*
    };
}

torture! {
    // §3.1.1 valid messages
    // Well formed, but its To tag names a dialog we never had.
    wsinv Seen::Code(481);
    intmeth Seen::Code(501);
    esc01 Seen::Invite;
    escnull Seen::Request;
    esc02 Seen::Code(501);
    lwsdisp Seen::Request;
    longreq Seen::Invite;
    dblreq Seen::Request;
    semiuri Seen::Request;
    transports Seen::Request;
    mpart01 Seen::Request;
    // §3.1.2 invalid messages
    badinv01 Seen::Code(400);
    clerr Seen::Code(400);
    ncl Seen::Code(400);
    scalar02 Seen::Code(400);
    scalarlg Seen::Silence;
    quotbal Seen::Code(400);
    ltgtruri Seen::Code(400);
    lwsruri Seen::Code(400);
    lwsstart Seen::Code(400);
    // Blanks behind the version: refused, as the RFC prefers.
    trws Seen::Code(400);
    // Headers in the Request-URI: ignored, as the RFC allows.
    escruri Seen::Invite;
    // Date is not looked at.
    baddate Seen::Invite;
    regbadct Seen::Code(400);
    badaspec Seen::Code(400);
    // A name with a comma outside quotes: refused rather than guessed.
    baddn Seen::Code(400);
    badvers Seen::Code(505);
    mismatch01 Seen::Code(400);
    mismatch02 Seen::Code(400);
    bigcode Seen::Silence;
    // §3.2 transactions
    badbranch Seen::Request;
    // §3.3 applications
    insuf Seen::Code(400);
    unkscm Seen::Code(416);
    novelsc Seen::Code(416);
    // Unknown schemes in To and From are the registrar's to judge.
    unksm2 Seen::Request;
    bext01 Seen::Code(420);
    invut Seen::Code(415);
    regaut01 Seen::Request;
    multi01 Seen::Code(400);
    mcl01 Seen::Code(400);
    bcast Seen::Silence;
    zeromf Seen::Request;
    cparam01 Seen::Request;
    cparam02 Seen::Request;
    regescrt Seen::Request;
    sdp01 Seen::Code(406);
    // §3.4 old peers
    inv2543 Seen::Invite;
}

#[test]
fn both_responses_with_odd_phrases_are_read() {
    let read = |bytes: &'static [u8]| parse_datagram(bytes).unwrap();
    let unreason = read(include_bytes!("torture/unreason.dat"));
    assert!(unreason.check().is_ok());
    assert_eq!(
        unreason.reason(),
        Some("= 2**3 * 5**2 но сто девяносто девять - простое")
    );
    let noreason = read(include_bytes!("torture/noreason.dat"));
    assert!(noreason.check().is_ok());
    assert_eq!((noreason.code(), noreason.reason()), (Some(100), Some("")));
}

#[test]
fn the_tortuous_invite_means_what_the_rfc_says() {
    let message = parse_datagram(&include_bytes!("torture/wsinv.dat")[..]).unwrap();
    assert_eq!(
        message.to().unwrap().uri,
        "sip:vivekg@chair-dnrc.example.com"
    );
    assert_eq!(message.to().unwrap().tag(), Some("1918181833n"));
    assert_eq!(message.from().unwrap().display_name(), "J Rosenberg \\\"");
    assert_eq!(
        (message.max_forwards(), message.cseq().unwrap().number),
        (Some(68), 9)
    );
    assert_eq!(message.header_list(HeaderName::Via).count(), 3);
    assert_eq!(message.via().unwrap().host, "192.0.2.2");
    assert!(sdp::parse(&message.sdp().unwrap()).is_ok());
    let first = message.contact().unwrap();
    assert_eq!(
        (first.display_name().as_ref(), first.params.value("q")),
        ("Quoted string \"\"", Some("0.33"))
    );
}

#[test]
fn a_stream_of_two_requests_in_one_packet_is_two_requests() {
    let mut framer = Framer::new();
    framer.push(include_bytes!("torture/dblreq.dat"));
    let mut methods = Vec::new();
    // The length the RFC prints for the second body is too short by a line.
    while methods.len() < 2 {
        match framer.next_frame().unwrap().unwrap() {
            Frame::Message(message) => methods.push(message.method().unwrap().to_string()),
            Frame::Ping | Frame::Pong => {}
        }
    }
    assert_eq!(methods, ["REGISTER", "INVITE"]);
}
