//! Datagrams to a connected peer, as from its browser and as from a stranger: anything, and real ones spoilt. Nothing
//! but the browser's own good-bye may end it, and afterwards the browser is still understood. What it sends is forwarded
//! to another browser, which it does not disturb either.
#![no_main]

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use media::control::{Codec, PeerWish, VideoCodec};
use media::rtp::Packet;
use media::webrtc::{
    Forwarding, Happening, Identity, LocalAddress, Peer, PeerSettings, VideoPacket,
};

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    /// Bytes from the browser's address.
    Browser(&'a [u8]),
    /// Bytes from elsewhere.
    Stranger(&'a [u8]),
    /// A datagram that crossed before, with a byte changed, and perhaps cut.
    Spoilt { which: u8, at: u16, by: u8, cut: bool },
    /// Media of the browser, as long as this.
    Media { length: u16, video: bool },
    /// Time.
    Wait(u16),
}

const BROWSER: ([u8; 4], u16) = ([10, 0, 0, 1], 1000);
const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 2000);
const STRANGER: ([u8; 4], u16) = ([10, 0, 0, 3], 3000);

static IDENTITY: LazyLock<Identity> =
    LazyLock::new(|| Identity::new().expect("a certificate can be made"));

fn settings(address: ([u8; 4], u16)) -> PeerSettings {
    PeerSettings {
        identity: IDENTITY.clone(),
        addresses: vec![LocalAddress {
            bound: address.into(),
            advertised: None,
        }],
        ice_lite: false,
    }
}

struct Pair {
    peers: [Peer; 2],
    now: Instant,
    to_server: Vec<Vec<u8>>,
    heard: usize,
    sent: u16,
    /// Who gets what the browser sends.
    viewer: Option<Box<Pair>>,
}

impl Pair {
    fn connected() -> Self {
        let now = Instant::now();
        let wish = PeerWish {
            audio: vec![Codec::Pcmu],
            video: true,
            prefer_video: None,
            leg: None,
            far_video: None,
        };
        let mut pair = Self {
            peers: [BROWSER, SERVER].map(|address| Peer::new(&settings(address), now, 1)),
            now,
            to_server: Vec::new(),
            heard: 0,
            sent: 0,
            viewer: None,
        };
        let mut out = Vec::new();
        let offer = pair.peers[0].offer(now, &wish, &mut out).expect("an offer");
        let (answer, _) = pair.peers[1]
            .accept(now, &offer, &wish, &mut out)
            .expect("an answer");
        pair.carry(1, out);
        let mut out = Vec::new();
        pair.peers[0]
            .take_answer(now, &answer, &mut out)
            .expect("an agreement");
        pair.carry(0, out);
        for _ in 0..100 {
            pair.wait(10);
        }
        pair
    }

    fn wait(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
        for end in [0, 1] {
            let mut out = Vec::new();
            self.peers[end].timeout(self.now, &mut out);
            self.carry(end, out);
        }
    }

    fn carry(&mut self, end: usize, out: Vec<Happening>) {
        for happening in out {
            match happening {
                Happening::Send { from, to, bytes } => {
                    let mut more = Vec::new();
                    self.peers[1 - end].receive(self.now, from, to, &bytes, &mut more);
                    if end == 0 && self.to_server.len() < 256 {
                        self.to_server.push(bytes);
                    }
                    self.carry(1 - end, more);
                }
                Happening::Audio(packet) if end == 1 => {
                    self.heard += 1;
                    self.view(|peer, now, out| peer.forward_audio(now, &packet, out));
                }
                Happening::Video(packet) if end == 1 => {
                    self.view(|peer, now, out| peer.send_video(now, &packet, out));
                }
                Happening::Ended(why) => panic!("{end} ended: {why:?}"),
                Happening::Audio(_)
                | Happening::Video(_)
                | Happening::AudioReport(_)
                | Happening::Measured(_)
                | Happening::KeyframeWanted
                | Happening::KeyframeAsked
                | Happening::BitrateLimit(_)
                | Happening::Connected => {}
            }
        }
    }

    /// Does something with the peer of who watches, and delivers what comes of it.
    fn view(&mut self, what: impl FnOnce(&mut Peer, Instant, &mut Vec<Happening>) -> Forwarding) {
        if let Some(viewer) = &mut self.viewer {
            let mut out = Vec::new();
            what(&mut viewer.peers[1], viewer.now, &mut out);
            viewer.carry(1, out);
        }
    }

    /// The browser sends a packet of so many bytes.
    fn send(&mut self, length: usize, video: bool) {
        self.sent += 1;
        let (sequence, timestamp) = (self.sent, u32::from(self.sent) * 3000);
        let mut out = Vec::new();
        if video {
            let packet = VideoPacket {
                format: VideoCodec::Vp8,
                layer: 0,
                ssrc: 7,
                sequence,
                timestamp,
                marker: true,
                turned: None,
                payload: vec![0x10; length].into(),
            };
            self.peers[0].send_video(self.now, &packet, &mut out);
        } else {
            let payload = vec![0x55; length];
            let packet = Packet {
                marker: false,
                payload_type: 0,
                sequence,
                timestamp,
                ssrc: 2,
                payload: &payload,
            };
            let mut bytes = packet.header().to_vec();
            bytes.extend_from_slice(packet.payload);
            self.peers[0].send_audio(self.now, &bytes, &mut out);
        }
        self.carry(0, out);
    }

    fn arrive(&mut self, from: ([u8; 4], u16), bytes: &[u8]) {
        let mut out = Vec::new();
        let (from, to): (SocketAddr, SocketAddr) = (from.into(), SERVER.into());
        self.peers[1].receive(self.now, from, to, bytes, &mut out);
        self.carry(1, out);
    }
}

libfuzzer_sys::fuzz_target!(|steps: Vec<Step<'_>>| {
    let mut pair = Pair::connected();
    pair.viewer = Some(Box::new(Pair::connected()));
    for step in steps.iter().take(64) {
        match step {
            Step::Browser(bytes) => pair.arrive(BROWSER, bytes),
            Step::Stranger(bytes) => pair.arrive(STRANGER, bytes),
            Step::Spoilt {
                which,
                at,
                by,
                cut,
            } => {
                let Some(mut bytes) = pair.to_server.get(usize::from(*which)).cloned() else {
                    continue;
                };
                let at = usize::from(*at) % bytes.len().max(1);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= by;
                }
                if *cut {
                    bytes.truncate(at);
                }
                pair.arrive(BROWSER, &bytes);
            }
            Step::Media { length, video } => pair.send(usize::from(*length % 2100), *video),
            Step::Wait(ms) => {
                pair.wait(u64::from(*ms % 200));
                if let Some(viewer) = &mut pair.viewer {
                    viewer.wait(u64::from(*ms % 200));
                }
            }
        }
    }
    let heard = pair.heard;
    let packet = Packet {
        marker: false,
        payload_type: 0,
        sequence: 1,
        timestamp: 160,
        ssrc: 1,
        payload: &[1; 160],
    };
    let mut bytes = packet.header().to_vec();
    bytes.extend_from_slice(packet.payload);
    let mut out = Vec::new();
    assert!(pair.peers[0].send_audio(pair.now, &bytes, &mut out));
    pair.carry(0, out);
    assert_eq!(pair.heard, heard + 1);
});
