//! Two peers and a network between them, in virtual time. One plays the browser.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file is a crate of its own and uses its part"
)]

pub mod feed;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use jackfield_media as media;
use media::control::{Codec, PeerEnd, PeerWish, WebAgreed};
use media::rtp::Packet;
use media::webrtc::{Happening, Identity, LocalAddress, Peer, PeerSettings, VideoPacket};

pub const BROWSER: usize = 0;
pub const SERVER: usize = 1;

/// One end and what happened to it.
pub struct End {
    pub peer: Peer,
    pub address: SocketAddr,
    pub audio: Vec<Vec<u8>>,
    /// What its leg is told of its own audio.
    pub reports: Vec<Vec<u8>>,
    pub video: Vec<VideoPacket>,
    pub keyframes_wanted: usize,
    pub limits: Vec<u64>,
    pub connected: usize,
    pub ended: Vec<PeerEnd>,
}

pub struct Pair {
    pub ends: [End; 2],
    pub now: Instant,
    /// Datagrams on the wire, as (to, from, bytes); none is lost unless `cut`.
    pub cut: bool,
    /// What the line from the server carries, bits per second; what waits longer than a quarter of a second is lost.
    pub width: Option<u64>,
    /// What waits before that line, and when each gets through.
    queue: VecDeque<(Instant, SocketAddr, SocketAddr, Vec<u8>)>,
    /// Everything that crossed, for those who want to do it again.
    pub crossed: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
}

pub fn wish(video: bool) -> PeerWish {
    PeerWish {
        audio: vec![Codec::Pcmu, Codec::Pcma],
        video,
        prefer_video: None,
        far_video: None,
        leg: None,
    }
}

pub fn settings(address: &str, ice_lite: bool) -> PeerSettings {
    PeerSettings {
        identity: Identity::new().expect("a certificate can be made"),
        addresses: vec![LocalAddress {
            bound: address.parse().expect("tests write addresses"),
            advertised: None,
        }],
        ice_lite,
    }
}

impl Pair {
    pub fn new(server_ice_lite: bool) -> Self {
        Self::made(server_ice_lite, Peer::new)
    }

    /// With a server that finds out what its line carries.
    pub fn estimating() -> Self {
        Self::made(false, Peer::estimating)
    }

    fn made(server_ice_lite: bool, server: fn(&PeerSettings, Instant, u16) -> Peer) -> Self {
        let now = Instant::now();
        let end = |address: &str, lite: bool, make: fn(&PeerSettings, Instant, u16) -> Peer| {
            let settings = settings(address, lite);
            End {
                peer: make(&settings, now, 40_000),
                address: settings.addresses[0].bound,
                audio: Vec::new(),
                reports: Vec::new(),
                video: Vec::new(),
                keyframes_wanted: 0,
                limits: Vec::new(),
                connected: 0,
                ended: Vec::new(),
            }
        };
        Self {
            ends: [
                end("10.0.0.1:1000", false, Peer::new),
                end("10.0.0.2:2000", server_ice_lite, server),
            ],
            now,
            cut: false,
            width: None,
            queue: VecDeque::new(),
            crossed: Vec::new(),
        }
    }

    /// Offer of one end, answered by the other; what each agreed on.
    pub fn negotiate(&mut self, from: usize, ask: &PeerWish, give: &PeerWish) -> [WebAgreed; 2] {
        let offer = self.offer(from, ask);
        let (answer, theirs) = self.accept(1 - from, &offer, give);
        let ours = self.take_answer(from, &answer);
        if from == BROWSER {
            [ours, theirs]
        } else {
            [theirs, ours]
        }
    }

    pub fn offer(&mut self, from: usize, wish: &PeerWish) -> String {
        let mut out = Vec::new();
        let offer = self.ends[from].peer.offer(self.now, wish, &mut out);
        self.carry(from, out);
        offer.expect("an offer")
    }

    pub fn accept(&mut self, by: usize, offer: &str, wish: &PeerWish) -> (String, WebAgreed) {
        let mut out = Vec::new();
        let answer = self.ends[by].peer.accept(self.now, offer, wish, &mut out);
        self.carry(by, out);
        answer.expect("an answer")
    }

    pub fn take_answer(&mut self, by: usize, answer: &str) -> WebAgreed {
        let mut out = Vec::new();
        let agreed = self.ends[by].peer.take_answer(self.now, answer, &mut out);
        self.carry(by, out);
        agreed.expect("an agreement")
    }

    /// Does something with one end, and delivers what comes of it.
    pub fn with<T>(
        &mut self,
        end: usize,
        what: impl FnOnce(&mut Peer, Instant, &mut Vec<Happening>) -> T,
    ) -> T {
        let mut out = Vec::new();
        let result = what(&mut self.ends[end].peer, self.now, &mut out);
        self.carry(end, out);
        result
    }

    /// Delivers what one end sent, and all that follows.
    fn carry(&mut self, end: usize, out: Vec<Happening>) {
        let mut waiting = vec![(end, out)];
        while let Some((end, out)) = waiting.pop() {
            for happening in out {
                let this = &mut self.ends[end];
                match happening {
                    Happening::AudioReport(bytes) => this.reports.push(bytes),
                    Happening::Audio(packet) => {
                        let mut bytes = Vec::new();
                        packet.write_to(&mut bytes);
                        this.audio.push(bytes);
                    }
                    Happening::Video(packet) => this.video.push(packet),
                    Happening::KeyframeWanted => this.keyframes_wanted += 1,
                    Happening::KeyframeAsked | Happening::Measured(_) => {}
                    Happening::BitrateLimit(bits) => this.limits.push(bits),
                    Happening::Connected => this.connected += 1,
                    Happening::Ended(why) => this.ended.push(why),
                    Happening::Send { from, to, bytes } => {
                        assert_eq!(from, this.address);
                        if self.cut {
                            continue;
                        }
                        if let Some(width) = self.width.filter(|_| end == SERVER) {
                            let last = self.queue.back().map_or(self.now, |(at, ..)| *at);
                            let takes =
                                Duration::from_micros(8_000_000 * bytes.len() as u64 / width);
                            if last < self.now + Duration::from_millis(250) {
                                self.queue.push_back((last + takes, from, to, bytes));
                            }
                            continue;
                        }
                        let other = 1 - end;
                        if self.ends[other].address == to {
                            let mut more = Vec::new();
                            let peer = &mut self.ends[other].peer;
                            peer.receive(self.now, from, to, &bytes, &mut more);
                            waiting.push((other, more));
                        }
                        self.crossed.push((to, from, bytes));
                    }
                }
            }
        }
    }

    /// Lets time pass, in steps no longer than the peers ask for.
    pub fn run(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            let due = self
                .ends
                .iter()
                .map(|end| end.peer.due())
                .chain(self.queue.front().map(|(at, ..)| *at))
                .min()
                .expect("two ends");
            self.now = due.max(self.now + Duration::from_millis(1)).min(until);
            while let Some((_, from, to, bytes)) =
                self.queue.pop_front_if(|(at, ..)| *at <= self.now)
            {
                self.with(BROWSER, |peer, now, out| {
                    peer.receive(now, from, to, &bytes, out)
                });
            }
            for end in 0..2 {
                if self.ends[end].peer.due() <= self.now {
                    self.with(end, |peer, now, out| peer.timeout(now, out));
                }
            }
        }
    }

    /// Runs until both ends are connected.
    pub fn connect(&mut self) {
        for _ in 0..200 {
            if self.ends.iter().all(|end| end.connected == 1) {
                return;
            }
            self.run(Duration::from_millis(50));
        }
        panic!("not connected after 10 s");
    }
}

/// A plain RTP packet.
pub fn rtp(payload_type: u8, ssrc: u32, sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let packet = Packet {
        marker: false,
        payload_type,
        sequence,
        timestamp,
        ssrc,
        payload,
    };
    let mut bytes = packet.header().to_vec();
    bytes.extend_from_slice(payload);
    bytes
}

/// A description without its candidates, and the candidates.
pub fn split_candidates(description: &str) -> (String, Vec<String>) {
    let is_candidate =
        |line: &&str| line.starts_with("a=candidate:") || line.starts_with("a=end-of-candidates");
    let bare = description
        .lines()
        .filter(|line| !is_candidate(line))
        .map(|line| format!("{line}\r\n"))
        .collect();
    let candidates = description
        .lines()
        .filter(|line| line.starts_with("a=candidate:"))
        .map(str::to_owned)
        .collect();
    (bare, candidates)
}

/// The media sections of a description, each from its `m=` line on.
pub fn sections(description: &str) -> Vec<String> {
    description
        .split("\r\nm=")
        .skip(1)
        .map(|section| format!("m={}\r\n", section.trim_end()))
        .collect()
}
