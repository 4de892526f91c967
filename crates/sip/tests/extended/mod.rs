//! Two endpoints with extensions, and what a test asks them.

#![allow(clippy::unwrap_used, reason = "a test may fail here")]
#![allow(dead_code, reason = "each test file uses its part of the kit")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for the events it is about"
)]

use bytes::Bytes;
use jackfield_sip::message::{HeaderName, Message, parse_datagram};
use jackfield_sip::{EndpointConfig, Event, Extensions, SessionId};

use crate::pair::{A, B, Pair, Weather};

pub(crate) const ANSWER: Bytes = Bytes::from_static(b"v=0 answer");
pub(crate) const OFFER: Bytes = Bytes::from_static(b"v=0 offer");

pub(crate) fn extended(seed: u64, weather: Weather, alice: Extensions, bob: Extensions) -> Pair {
    let at = |side: usize| format!("192.0.2.{}:5060", side + 1).parse().unwrap();
    let config = EndpointConfig {
        extensions: vec![(at(A), alice), (at(B), bob)],
        ..EndpointConfig::default()
    };
    Pair::with_config(seed, weather, config)
}

/// What a side sent, as messages of that first line.
pub(crate) fn all_sent(pair: &Pair, side: usize, what: &str) -> Vec<Message> {
    let sent = pair.sent.iter().filter(|(_, from, _)| *from == side);
    sent.zip(pair.spoken(side))
        .filter(|(_, said)| said == what)
        .map(|((_, _, bytes), _)| parse_datagram(bytes.clone()).unwrap())
        .collect()
}

pub(crate) fn header(pair: &Pair, side: usize, what: &str, name: HeaderName) -> Option<String> {
    let message = all_sent(pair, side, what).pop().expect("it was sent");
    message.header(name).map(str::to_owned)
}

pub(crate) fn expect_answered(pair: &mut Pair) -> Option<Bytes> {
    pair.expect(A, |event| match event {
        Event::Answered { sdp, .. } => Some(sdp.clone()),
        _ => None,
    })
}

pub(crate) fn end(pair: &mut Pair, session: SessionId) {
    let now = pair.now;
    pair.alice().hangup(now, session, 480, &[]).unwrap();
    pair.settle();
}

pub(crate) fn expect_change(pair: &mut Pair, side: usize) -> Option<Bytes> {
    pair.expect(side, |event| match event {
        Event::Reinvite { sdp, .. } => Some(sdp.clone()),
        _ => None,
    })
}
