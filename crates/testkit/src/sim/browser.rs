//! Pages with accounts.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use api::command::web::{AddWebClient, AnswerWebCall, EndWebCall, TrickleWebCall, UpdateWebCall};
use api::event::{VideoRoomEvent, WebEventKind};
use api::id::WebClientId;
use api::secret::Ha1;
use api::{ChannelId, Command};
use md5::{Digest as _, Md5};

use super::{Manner, Seat};

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
    /// How it treats incoming calls, and pictures that are to be added to one: takes them, does not, or says nothing.
    pub manner: Manner,
    /// Everything it was told, in order.
    pub told: Vec<WebEventKind>,
    /// Its calls.
    pub calls: Vec<ChannelId>,
    /// Its places in video rooms.
    pub seats: Vec<Seat>,
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
            seats: Vec::new(),
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
            takes_updates: true,
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
            WebEventKind::UpdateReceived { channel, .. } => {
                let sdp = match self.manner {
                    Manner::Answers(_) => AUDIO_AND_VIDEO,
                    Manner::Refuses(_) => AUDIO,
                    Manner::Rings => return,
                };
                let update = UpdateWebCall {
                    channel: channel.clone(),
                    sdp: sdp.into(),
                };
                self.due
                    .push((now + Duration::from_millis(500), update.into()));
            }
            WebEventKind::Registering
            | WebEventKind::Registered
            | WebEventKind::RegistrationFailed { .. }
            | WebEventKind::Proceeding { .. }
            | WebEventKind::EarlyMedia { .. }
            | WebEventKind::Accepted { .. }
            | WebEventKind::Established { .. }
            | WebEventKind::UpdateAccepted { .. }
            | WebEventKind::UpdateFailed { .. } => {}
        }
    }

    /// What a video room says to those in it.
    pub(super) fn hear(&mut self, now: Instant, event: &VideoRoomEvent) {
        for seat in &mut self.seats {
            for (after, command) in seat.hear(event) {
                self.due.push((now + after, command));
            }
        }
        self.seats.retain(|seat| !seat.left);
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
