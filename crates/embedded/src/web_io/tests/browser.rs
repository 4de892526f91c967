//! A browser: a peer of our own on a socket of its own.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

use media::control::{PeerEnd, PeerWish, VideoCodec};
use media::rtp::Packet;
use media::rtp::packet::is_rtcp;
use media::webrtc::{Happening, Identity, LocalAddress, Peer, PeerSettings, VideoPacket};

pub(super) struct Browser {
    peer: Peer,
    socket: UdpSocket,
    pub(super) heard: Vec<Vec<u8>>,
    pub(super) seen: Vec<VideoPacket>,
    pub(super) keyframes_wanted: usize,
    pub(super) limits: Vec<u64>,
    pub(super) connected: bool,
    pub(super) ended: Option<PeerEnd>,
    /// Media datagrams to it that get lost, from now on.
    pub(super) lose: usize,
    /// Media datagrams it sent.
    sent: Vec<(SocketAddr, Vec<u8>)>,
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
            limits: Vec::new(),
            connected: false,
            ended: None,
            lose: 0,
            sent: Vec::new(),
        }
    }

    /// Where it is.
    pub(super) fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
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

    /// Shows a whole picture.
    pub(super) fn show(&mut self, sequence: u16) {
        self.show_picture(sequence, true);
    }

    /// Shows a picture, which needs those before it or does not.
    pub(super) fn show_picture(&mut self, sequence: u16, whole: bool) {
        let mut payload = [0x10; 1000];
        payload[1] = u8::from(!whole);
        let packet = VideoPacket {
            format: VideoCodec::Vp8,
            layer: 0,
            ssrc: 9,
            sequence,
            timestamp: u32::from(sequence) * 3000,
            marker: true,
            turned: None,
            payload: Arc::from(payload.as_slice()),
        };
        self.with(|peer, now, out| peer.send_video(now, &packet, out));
    }

    /// Sends all its media again as they are.
    pub(super) fn repeat_everything(&mut self) -> usize {
        for (to, bytes) in &self.sent {
            self.socket.send_to(bytes, to).unwrap();
        }
        self.sent.len()
    }

    pub(super) fn want_keyframe(&mut self) {
        self.with(|peer, now, out| peer.ask_for_keyframe(now, 0, out));
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
                Ok((length, _)) if self.lose > 0 && is_media(&buffer[..length]) => self.lose -= 1,
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
                    if is_media(&bytes) {
                        self.sent.push((to, bytes));
                    }
                }
                Happening::Audio(packet) => {
                    let mut datagram = Vec::new();
                    packet.write_to(&mut datagram);
                    self.heard.push(datagram);
                }
                Happening::Video(packet) => self.seen.push(packet),
                Happening::KeyframeWanted => self.keyframes_wanted += 1,
                Happening::Ended(why) => self.ended = Some(why),
                Happening::Connected => self.connected = true,
                Happening::BitrateLimit(bits) => self.limits.push(bits),
                Happening::AudioReport(_) | Happening::Measured(_) | Happening::KeyframeAsked => {}
            }
        }
        result
    }
}

/// Whether a datagram is SRTP: neither STUN nor DTLS (RFC 7983 §7) nor SRTCP.
fn is_media(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| first >> 6 == 2) && !is_rtcp(datagram)
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
