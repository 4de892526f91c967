//! The WebRTC peers pages talk to: descriptions and reports, and the sound of a microphone where a test wants one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::codec::g711;
use media::control::{
    CodecSpec, Direction, LegId, LegSpec, PeerEnd, PeerId, PeerWish, VideoCodec, WebAgreed,
    WebCommand, WebReport,
};
use media::rtp::Packet;

/// How long a peer takes to describe itself.
const DESCRIBES: Duration = Duration::from_millis(5);
/// How long ICE and DTLS take.
const CONNECTS: Duration = Duration::from_millis(120);
/// Samples of one packet at 8 kHz.
const FRAME: usize = 160;

/// The peers: they agree to whatever is wanted most, in time.
#[derive(Default)]
pub(super) struct Peers {
    living: HashMap<PeerId, PeerWish>,
    /// Peers whose media never gets through: every so many.
    pub(super) failing: Option<u64>,
    /// Peers that can use no description: every so many.
    pub(super) refusing: Option<u64>,
    /// Feeds and voices, with what they are made of.
    pub(super) feeds: HashMap<PeerId, PeerId>,
    pub(super) voices: HashMap<PeerId, LegId>,
    /// What every microphone hears, hertz.
    pub(super) hum_hz: Option<f64>,
    hummed: u16,
    refused: HashSet<PeerId>,
    /// Whose sound does not flow.
    silent: HashSet<PeerId>,
    reports: BTreeMap<(Instant, u64), WebReport>,
    order: u64,
    /// Every link of video made.
    pub(super) links: usize,
}

impl Peers {
    pub(super) fn command(&mut self, now: Instant, command: WebCommand) {
        match command {
            WebCommand::Accept { peer, .. }
            | WebCommand::Offer { peer, .. }
            | WebCommand::OpenFeed { peer, .. }
                if self.refuses(peer) && !self.living.contains_key(&peer) =>
            {
                // Reports come from living peers only; this one never lived.
                self.refused.insert(peer);
                let why = "as the test says".into();
                self.report(now + DESCRIBES, WebReport::Refused { peer, why });
            }
            WebCommand::Accept { peer, offer, wish } => {
                let first = self.living.insert(peer, wish.clone()).is_none();
                let agreed = agreed(&wish, &offer);
                let answer = format!("answer of {}", peer.0);
                self.report(
                    now + DESCRIBES,
                    WebReport::Answered {
                        peer,
                        answer,
                        agreed,
                    },
                );
                if first {
                    self.connect(now, peer);
                }
            }
            WebCommand::Offer { peer, wish } => {
                self.living.insert(peer, wish);
                let offer = format!("offer of {}", peer.0);
                self.report(now + DESCRIBES, WebReport::Offered { peer, offer });
            }
            WebCommand::TakeAnswer { peer, answer } => {
                if let Some(wish) = self.living.get(&peer) {
                    let agreed = agreed(wish, &answer);
                    self.report(now + DESCRIBES, WebReport::Agreed { peer, agreed });
                    self.connect(now, peer);
                }
            }
            WebCommand::LinkVideo { a, b } => {
                assert!(
                    self.living.contains_key(&a) && self.living.contains_key(&b),
                    "{a:?} and {b:?} live when they are linked"
                );
                self.links += 1;
            }
            WebCommand::Close { peer } => {
                self.living.remove(&peer);
                self.refused.remove(&peer);
                self.silent.remove(&peer);
                self.feeds.remove(&peer);
                self.voices.remove(&peer);
            }
            WebCommand::OpenFeed { peer, source } => {
                assert!(
                    self.living.contains_key(&source),
                    "{source:?} lives when it is subscribed to"
                );
                self.living.insert(peer, PeerWish::nothing());
                self.feeds.insert(peer, source);
                let offer = format!("offer of {}", peer.0);
                self.report(now + DESCRIBES, WebReport::Offered { peer, offer });
            }
            WebCommand::OpenVoice { peer, leg } => {
                self.living.insert(peer, PeerWish::nothing());
                self.voices.insert(peer, leg.1);
            }
            WebCommand::SetFlow { peer, audio, .. } => {
                self.check_alive(peer);
                if audio {
                    self.silent.remove(&peer);
                } else {
                    self.silent.insert(peer);
                }
            }
            WebCommand::OpenLine { peer, bind } => {
                self.living.insert(peer, PeerWish::nothing());
                let port = 30_000 + u16::try_from(peer.0 * 2 % 30_000).unwrap_or_default();
                let local = SocketAddr::new(bind, port);
                self.report(now + DESCRIBES, WebReport::LineOpened { peer, local });
            }
            WebCommand::LimitBitrate { peer, .. }
            | WebCommand::DescribeLine { peer, .. }
            | WebCommand::AskForPicture { peer } => self.check_alive(peer),
            WebCommand::Trickle { .. } | WebCommand::UnlinkVideo { .. } => {}
        }
    }

    fn check_alive(&self, peer: PeerId) {
        let lives = self.living.contains_key(&peer);
        assert!(lives, "{peer:?} lives when it is told what flows");
    }

    fn refuses(&self, peer: PeerId) -> bool {
        self.refusing.is_some_and(|nth| peer.0.is_multiple_of(nth))
    }

    /// Twenty milliseconds of every microphone, for the legs that hear it.
    pub(super) fn hum(&mut self) -> Vec<(LegId, Vec<u8>)> {
        let Some(hz) = self.hum_hz else {
            return Vec::new();
        };
        self.hummed = self.hummed.wrapping_add(1);
        let start = usize::from(self.hummed) * FRAME;
        let phase = |n: usize| (start + n) as f64 * std::f64::consts::TAU * hz / 8000.0;
        let sample = |n: usize| g711::linear_to_ulaw((phase(n).sin() * 4000.0) as i16);
        let payload: Vec<u8> = (0..FRAME).map(sample).collect();
        let mut legs: Vec<LegId> = self
            .living
            .iter()
            .filter(|(peer, _)| !self.silent.contains(peer))
            .filter_map(|(_, wish)| Some(wish.leg?.1))
            .collect();
        legs.sort_unstable();
        let packet = |leg: LegId| {
            let packet = Packet {
                marker: false,
                payload_type: 0,
                sequence: self.hummed,
                timestamp: start as u32,
                ssrc: leg.0 as u32,
                payload: &payload,
            };
            let mut bytes = packet.header().to_vec();
            bytes.extend_from_slice(packet.payload);
            (leg, bytes)
        };
        legs.into_iter().map(packet).collect()
    }

    fn connect(&mut self, now: Instant, peer: PeerId) {
        let fails = self.failing.is_some_and(|nth| peer.0.is_multiple_of(nth));
        let report = if fails {
            let why = PeerEnd::IceFailed;
            WebReport::Ended { peer, why }
        } else {
            WebReport::Connected { peer }
        };
        self.report(now + CONNECTS, report);
    }

    fn report(&mut self, at: Instant, report: WebReport) {
        self.order += 1;
        self.reports.insert((at, self.order), report);
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.reports.keys().next().map(|(at, _)| *at)
    }

    /// The next report that is due, of a peer that lives.
    pub(super) fn due(&mut self, now: Instant) -> Option<WebReport> {
        loop {
            let entry = self.reports.first_entry().filter(|e| e.key().0 <= now)?;
            let report = entry.remove();
            let (WebReport::Answered { peer, .. }
            | WebReport::Offered { peer, .. }
            | WebReport::Agreed { peer, .. }
            | WebReport::Refused { peer, .. }
            | WebReport::LineOpened { peer, .. }
            | WebReport::PictureWanted { peer }
            | WebReport::Connected { peer }
            | WebReport::Ended { peer, .. }) = &report;
            let peer = *peer;
            if self.refused.remove(&peer) {
                return Some(report);
            }
            if !self.living.contains_key(&peer) {
                continue;
            }
            if matches!(report, WebReport::Ended { .. }) {
                self.living.remove(&peer);
                self.feeds.remove(&peer);
                self.silent.remove(&peer);
            }
            return Some(report);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.living.len()
    }
}

fn agreed(wish: &PeerWish, description: &str) -> WebAgreed {
    let send = CodecSpec::pcmu();
    let codec = match &wish.far_video {
        Some(codecs) => codecs.first().copied(),
        None => Some(VideoCodec::Vp8),
    };
    WebAgreed {
        audio: Some(LegSpec {
            remote: SocketAddr::from(([0, 0, 0, 0], 9)),
            rtcp: None,
            send,
            opus: media::control::OpusSending::default(),
            receive: vec![send],
            telephone_event: None,
            direction: Direction::SendRecv,
            symmetric: false,
            timeout_ms: None,
        }),
        video: codec.filter(|_| wish.video && description.contains("m=video")),
    }
}
