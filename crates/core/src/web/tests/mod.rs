//! Pages as phones, with peers that answer at once.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

mod calls;
mod clients;
pub(crate) mod foreign;
mod incoming;
mod next_hop;
mod pictures;
mod updates;

use std::net::SocketAddr;
use std::sync::Arc;

use api::command::web::{AddWebClient, AnswerWebCall, EndWebCall, PlaceWebCall, RegisterWebClient};
use api::event::{Event, EventKind, WebEventKind};
use api::id::WebClientId;
use api::secret::Ha1;
use api::{Answer, ChannelId, CommandError};
use media::control::{PeerId, WebReport};

use crate::Input;
use crate::rig::{Rig, config};

/// What a browser says of its microphone.
pub(crate) const AUDIO: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\n\
    a=rtpmap:111 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\n";
/// And of its camera.
pub(crate) const VIDEO: &str =
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:96 VP8/90000\r\n";

/// Hashes of users with the password `1234`, made with `md5sum`.
const HASHES: [(&str, &str); 7] = [
    ("1000@127.0.0.1", "e2f582b9dc317e63b6fe82419883aac5"),
    ("1000@localhost", "587391f29b7e0f6880a3624a5a4120b0"),
    ("1001@127.0.0.1", "dcc903131467b6fd67c31e7534be08fd"),
    ("1001@localhost", "db4a87f79f089a928ce845fe07d39b02"),
    ("1002@127.0.0.1", "50046ba744759aa83e045ba0b996e7a9"),
    ("1003@127.0.0.1", "c19e6b28acef40073c988bbc02451170"),
    ("guest@guest.example", "72f86f2053703faa0f521ce71cfe6f59"),
];

/// A rig whose domain may also be called `localhost`.
pub(crate) fn rig() -> Rig {
    let mut config = config();
    config.profiles[0].domains.push("localhost".into());
    Rig::with(config)
}

pub(crate) fn hash_of(address: &str) -> Ha1 {
    let (_, hex) = HASHES
        .iter()
        .find(|(known, _)| *known == address)
        .expect("a hash of that address");
    Ha1::from_hex(hex).unwrap()
}

fn source() -> SocketAddr {
    "127.0.0.7:40112".parse().unwrap()
}

/// Adds a client with the right password.
pub(crate) fn add(rig: &mut Rig, number: u64, address: &str) -> WebClientId {
    add_with(rig, number, address, hash_of(address)).unwrap();
    WebClientId(number)
}

pub(crate) fn add_with(
    rig: &mut Rig,
    number: u64,
    address: &str,
    ha1: Ha1,
) -> Result<Answer, CommandError> {
    let (user, domain) = address.split_once('@').unwrap();
    rig.get(AddWebClient {
        client: WebClientId(number),
        user: user.into(),
        domain: domain.into(),
        ha1,
        display_name: "Alice".into(),
        user_agent: "Page/1".into(),
        header_prefixes: vec!["X-Acme-".into()],
        source: source(),
        takes_updates: true,
    })
}

/// Adds a client and registers it.
pub(crate) fn registered(rig: &mut Rig, number: u64, address: &str) -> WebClientId {
    let client = add(rig, number, address);
    register(rig, client).unwrap();
    client
}

pub(crate) fn register(rig: &mut Rig, client: WebClientId) -> Result<Answer, CommandError> {
    rig.get(RegisterWebClient {
        client,
        contact_parameters: Vec::new(),
    })
}

pub(crate) fn place(rig: &mut Rig, client: WebClientId, to: &str, offer: &str) -> ChannelId {
    match rig.get(placing(client, to, offer)).unwrap() {
        Answer::Channel(id) => id,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn placing(client: WebClientId, to: &str, offer: &str) -> PlaceWebCall {
    PlaceWebCall {
        client,
        to: to.into(),
        offer: offer.into(),
        headers: vec![
            ("X-Acme-Case".into(), "1234".into()),
            ("From".into(), "<sip:boss@example.org>".into()),
        ],
    }
}

pub(crate) fn answer(
    rig: &mut Rig,
    channel: &ChannelId,
    sdp: &str,
) -> Result<Answer, CommandError> {
    rig.get(AnswerWebCall {
        channel: channel.clone(),
        answer: sdp.into(),
        headers: vec![("X-Acme-Desk".into(), "4".into())],
    })
}

pub(crate) fn end(rig: &mut Rig, channel: &ChannelId, refuse_with: u16) {
    rig.get(EndWebCall {
        channel: channel.clone(),
        refuse_with,
    })
    .unwrap();
}

/// What pages were told, in short; a call is known by the name of its client.
pub(crate) fn told(event: &Event) -> Option<String> {
    let EventKind::Web(event) = &event.kind else {
        return None;
    };
    let sdp = |sdp: &Option<Arc<str>>| sdp.as_ref().map_or(String::new(), |sdp| format!(" {sdp}"));
    let listed = |headers: &[(Arc<str>, Arc<str>)]| {
        headers
            .iter()
            .map(|(name, value)| format!(" {name}={value}"))
            .collect::<String>()
    };
    let what = match &event.kind {
        WebEventKind::Registering => "registering".into(),
        WebEventKind::Registered => "registered".into(),
        WebEventKind::RegistrationFailed { code, phrase } => format!("failed {code} {phrase}"),
        WebEventKind::Incoming {
            offer,
            from,
            headers,
            ..
        } => format!(
            "incoming {} {}: {offer}{}",
            from.display_name,
            from.uri,
            listed(headers)
        ),
        WebEventKind::Calling { .. } => "calling".into(),
        WebEventKind::Proceeding { code, .. } => format!("proceeding {code}"),
        WebEventKind::EarlyMedia { code, answer, .. } => format!("early {code}{}", sdp(answer)),
        WebEventKind::Accepted {
            answer, headers, ..
        } => format!("accepted{}{}", sdp(answer), listed(headers)),
        WebEventKind::Established { .. } => "established".into(),
        WebEventKind::Terminated {
            code,
            phrase,
            missed,
            ..
        } => format!(
            "terminated {code} {phrase}{}",
            if *missed { ", missed" } else { "" }
        ),
        WebEventKind::UpdateReceived { offer, .. } => format!("update received {offer}"),
        WebEventKind::UpdateAccepted { answer, .. } => format!("update accepted {answer}"),
        WebEventKind::UpdateFailed { code, phrase, .. } => format!("update failed {code} {phrase}"),
    };
    Some(format!("{}: {what}", event.client.0))
}

/// The call a client was last told about.
pub(crate) fn call_of(rig: &Rig, client: WebClientId) -> ChannelId {
    rig.events
        .iter()
        .rev()
        .find_map(|event| match &event.kind {
            EventKind::Web(event) if event.client == client => event.kind.channel().cloned(),
            _ => None,
        })
        .expect("the client has a call")
}

pub(crate) fn connected(rig: &mut Rig, peer: u64) {
    rig.feed(Input::Web(WebReport::Connected { peer: PeerId(peer) }));
}

/// Nothing is left of any call.
pub(crate) fn check_idle(rig: &Rig) {
    let census = rig.switch.census();
    assert_eq!(
        (
            census.channels,
            census.legs,
            census.originates,
            census.web_peers,
            census.sip_sessions,
            census.rooms + census.video_rooms
        ),
        (0, 0, 0, 0, 0, 0),
        "channels, legs, originates, peers, sessions, rooms"
    );
    assert!(
        rig.peers.living.is_empty(),
        "every peer was closed: {:?}",
        rig.peers.living
    );
}
