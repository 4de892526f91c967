//! A browser: a peer of our own on a socket of its own.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Instant;

use media::control::{PeerEnd, PeerWish};
use media::rtp::Packet;
use media::rtp::packet::is_rtcp;
use media::webrtc::{
    Happening, Identity, LocalAddress, Peer, PeerSettings, VideoFormat, VideoPacket,
};

pub(super) struct Browser {
    peer: Peer,
    socket: UdpSocket,
    pub(super) heard: Vec<Vec<u8>>,
    pub(super) seen: Vec<VideoPacket>,
    pub(super) keyframes_wanted: usize,
    pub(super) connected: bool,
    pub(super) ended: Option<PeerEnd>,
}

impl Browser {
    pub(super) fn new(now: Instant) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let settings = PeerSettings {
            identity: Identity::new().unwrap(),
            addresses: vec![LocalAddress {
                bound: socket.local_addr().unwrap(),
                advertised: None,
            }],
            ice_lite: false,
        };
        Self {
            peer: Peer::new(&settings, now, 1),
            socket,
            heard: Vec::new(),
            seen: Vec::new(),
            keyframes_wanted: 0,
            connected: false,
            ended: None,
        }
    }

    pub(super) fn offer(&mut self, wish: &PeerWish) -> String {
        self.with(|peer, now, out| peer.offer(now, wish, out))
            .unwrap()
    }

    pub(super) fn accept(&mut self, offer: &str, wish: &PeerWish) -> String {
        let taken = self.with(|peer, now, out| peer.accept(now, offer, wish, out));
        taken.unwrap().0
    }

    pub(super) fn take_answer(&mut self, answer: &str) {
        self.with(|peer, now, out| peer.take_answer(now, answer, out))
            .unwrap();
    }

    pub(super) fn say(&mut self, packet: &[u8]) {
        self.with(|peer, now, out| peer.send_audio(now, packet, out));
    }

    pub(super) fn show(&mut self, sequence: u16) {
        let packet = VideoPacket {
            format: VideoFormat::Vp8,
            ssrc: 9,
            sequence,
            timestamp: u32::from(sequence) * 3000,
            marker: true,
            turned: None,
            payload: Arc::from([0x10; 1000].as_slice()),
        };
        self.with(|peer, now, out| peer.send_video(now, &packet, out));
    }

    pub(super) fn want_keyframe(&mut self) {
        self.with(|peer, now, out| peer.ask_for_keyframe(now, out));
    }

    pub(super) fn close(&mut self) {
        self.with(|peer, now, out| peer.close(now, out));
    }

    /// Takes what has come, and lets time pass.
    pub(super) fn work(&mut self) {
        let to = self.socket.local_addr().unwrap();
        let mut buffer = [0; 2048];
        loop {
            match self.socket.recv_from(&mut buffer) {
                Ok((length, from)) => {
                    self.with(|peer, now, out| peer.receive(now, from, to, &buffer[..length], out));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {}
            }
        }
        self.with(|peer, now, out| peer.timeout(now, out));
    }

    fn with<T>(&mut self, what: impl FnOnce(&mut Peer, Instant, &mut Vec<Happening>) -> T) -> T {
        let mut out = Vec::new();
        let result = what(&mut self.peer, Instant::now(), &mut out);
        for happening in out {
            match happening {
                Happening::Send { to, bytes, .. } => {
                    self.socket.send_to(&bytes, to).unwrap();
                }
                Happening::Audio(packet) if is_rtcp(&packet) => {}
                Happening::Audio(packet) => self.heard.push(packet),
                Happening::Video(packet) => self.seen.push(packet),
                Happening::KeyframeWanted => self.keyframes_wanted += 1,
                Happening::Ended(why) => self.ended = Some(why),
                Happening::Connected => self.connected = true,
                Happening::BitrateLimit(_) => {}
            }
        }
        result
    }
}

/// A plain packet of audio.
pub(super) fn rtp(payload_type: u8, sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let packet = Packet {
        marker: false,
        payload_type,
        sequence,
        timestamp,
        ssrc: 5,
        payload,
    };
    let mut bytes = packet.header().to_vec();
    bytes.extend_from_slice(payload);
    bytes
}
