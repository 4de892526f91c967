//! Pages with accounts, and the WebRTC peers they talk to: descriptions and reports, no sound.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use api::command::web::{AddWebClient, AnswerWebCall, EndWebCall, TrickleWebCall};
use api::event::WebEventKind;
use api::id::WebClientId;
use api::secret::Ha1;
use api::{ChannelId, Command};
use md5::{Digest as _, Md5};
use media::control::{
    CodecSpec, Direction, LegSpec, PeerEnd, PeerId, PeerWish, WebAgreed, WebCommand, WebReport,
};

use super::Manner;

/// How long a peer takes to describe itself.
const DESCRIBES: Duration = Duration::from_millis(5);
/// How long ICE and DTLS take.
const CONNECTS: Duration = Duration::from_millis(120);
/// What a browser says of its microphone.
pub const AUDIO: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:0 PCMU/8000\r\n";
/// The same with a camera.
pub const AUDIO_AND_VIDEO: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:0 PCMU/8000\r\n\
    m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:96 VP8/90000\r\n";

/// A page with one account.
#[derive(Debug)]
pub struct Browser {
    /// Its client.
    pub client: WebClientId,
    /// User name, also its number.
    pub user: String,
    /// How it treats incoming calls.
    pub manner: Manner,
    /// Everything it was told, in order.
    pub told: Vec<WebEventKind>,
    /// Its calls.
    pub calls: Vec<ChannelId>,
    /// What it does soon.
    due: Vec<(Instant, Command)>,
}

impl Browser {
    pub(super) fn new(client: WebClientId, user: &str) -> Self {
        Self {
            client,
            user: user.into(),
            manner: Manner::Answers(Duration::from_millis(500)),
            told: Vec::new(),
            calls: Vec::new(),
            due: Vec::new(),
        }
    }

    /// The command that makes it known, with the right password for `domain`.
    pub fn introduction(&self, domain: &str, password: &str) -> AddWebClient {
        let text = format!("{}:{domain}:{password}", self.user);
        AddWebClient {
            client: self.client,
            user: self.user.as_str().into(),
            domain: domain.into(),
            ha1: Ha1::new(Md5::digest(text.as_bytes()).into()),
            display_name: format!("Page {}", self.user).into(),
            user_agent: "Browser".into(),
            header_prefixes: vec!["X-".into()],
            source: SocketAddr::from(([127, 0, 2, 1], 40_000)),
        }
    }

    pub(super) fn tell(&mut self, now: Instant, kind: &WebEventKind) {
        self.told.push(kind.clone());
        match kind {
            WebEventKind::Incoming { channel, .. } => {
                self.calls.push(channel.clone());
                let channel = channel.clone();
                match self.manner {
                    Manner::Answers(after) => {
                        let trickle = TrickleWebCall {
                            channel: channel.clone(),
                            candidates: vec!["candidate:1 1 udp 1 192.0.2.1 9 typ host".into()],
                        };
                        let answer = AnswerWebCall {
                            channel,
                            answer: AUDIO_AND_VIDEO.into(),
                            headers: vec![("X-Answered-By".into(), self.user.as_str().into())],
                        };
                        self.due.push((now, trickle.into()));
                        self.due.push((now + after, answer.into()));
                    }
                    Manner::Refuses(refuse_with) => {
                        let end = EndWebCall {
                            channel,
                            refuse_with,
                        };
                        self.due.push((now, end.into()));
                    }
                    Manner::Rings => {}
                }
            }
            WebEventKind::Calling { channel } => self.calls.push(channel.clone()),
            WebEventKind::Terminated { channel, .. } => self.calls.retain(|call| call != channel),
            WebEventKind::Registering
            | WebEventKind::Registered
            | WebEventKind::RegistrationFailed { .. }
            | WebEventKind::Proceeding { .. }
            | WebEventKind::EarlyMedia { .. }
            | WebEventKind::Accepted { .. }
            | WebEventKind::Established { .. }
            | WebEventKind::UpdateReceived { .. }
            | WebEventKind::UpdateAccepted { .. }
            | WebEventKind::UpdateFailed { .. } => {}
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.due.iter().map(|(at, _)| *at).min()
    }

    pub(super) fn due(&mut self, now: Instant) -> Vec<Command> {
        let (due, later) = std::mem::take(&mut self.due)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.due = later;
        let due: Vec<(Instant, Command)> = due;
        due.into_iter().map(|(_, command)| command).collect()
    }
}

/// The peers: they agree to whatever is wanted most, in time.
#[derive(Default)]
pub(super) struct Peers {
    living: HashMap<PeerId, PeerWish>,
    /// Peers whose media never gets through: every so many.
    pub(super) failing: Option<u64>,
    reports: BTreeMap<(Instant, u64), WebReport>,
    order: u64,
    /// Every link of video made.
    pub(super) links: usize,
}

impl Peers {
    pub(super) fn command(&mut self, now: Instant, command: WebCommand) {
        match command {
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
            }
            WebCommand::OpenFeed { peer, .. } => {
                self.living.insert(peer, PeerWish::nothing());
                let offer = format!("offer of {}", peer.0);
                self.report(now + DESCRIBES, WebReport::Offered { peer, offer });
            }
            WebCommand::OpenVoice { peer, .. } => {
                self.living.insert(peer, PeerWish::nothing());
            }
            WebCommand::Trickle { .. }
            | WebCommand::UnlinkVideo { .. }
            | WebCommand::SetFlow { .. }
            | WebCommand::LimitBitrate { .. } => {}
        }
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
            | WebReport::Connected { peer }
            | WebReport::Ended { peer, .. }) = &report;
            let peer = *peer;
            if !self.living.contains_key(&peer) {
                continue;
            }
            if matches!(report, WebReport::Ended { .. }) {
                self.living.remove(&peer);
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
        video: wish.video && description.contains("m=video"),
    }
}
