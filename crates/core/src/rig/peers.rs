//! WebRTC peers that agree to everything at once, with the codec wanted most, unless a description says `refuse`.

use std::collections::HashMap;
use std::net::SocketAddr;

use media::control::{
    Codec, CodecSpec, Direction, LegSpec, PeerId, PeerWish, VideoCodec, WebAgreed, WebCommand,
    WebReport,
};

#[derive(Default)]
pub(crate) struct Peers {
    /// Every order, in order.
    pub(crate) commands: Vec<WebCommand>,
    /// What living peers are wanted for.
    pub(crate) living: HashMap<PeerId, PeerWish>,
    /// Says nothing until a test does.
    pub(crate) silent: bool,
    /// No offer can be made for a feed.
    pub(crate) refuses_feeds: bool,
    /// No line gets ports.
    pub(crate) refuses_lines: bool,
}

impl Peers {
    pub(super) fn react(&mut self, command: &WebCommand) -> Vec<WebReport> {
        let refused = |peer: PeerId| WebReport::Refused {
            peer,
            why: "as it says".into(),
        };
        let report = match command {
            WebCommand::Accept { peer, offer, wish } => {
                // One that has a description keeps it.
                if offer.contains("refuse") {
                    return vec![refused(*peer)];
                }
                self.living.insert(*peer, wish.clone());
                Some(WebReport::Answered {
                    peer: *peer,
                    answer: format!("answer of {}", peer.0),
                    agreed: agreed(wish, offer),
                })
            }
            WebCommand::Offer { peer, wish } => {
                self.living.insert(*peer, wish.clone());
                Some(WebReport::Offered {
                    peer: *peer,
                    offer: format!("offer of {}", peer.0),
                })
            }
            WebCommand::TakeAnswer { peer, answer } if answer.contains("refuse") => {
                Some(refused(*peer))
            }
            WebCommand::TakeAnswer { peer, answer } => {
                self.living.get(peer).map(|wish| WebReport::Agreed {
                    peer: *peer,
                    agreed: agreed(wish, answer),
                })
            }
            WebCommand::Close { peer } => {
                assert!(
                    self.living.remove(peer).is_some(),
                    "{peer:?} is closed once"
                );
                None
            }
            WebCommand::OpenFeed { peer, source } => {
                assert!(self.living.contains_key(source), "{source:?} lives");
                if self.refuses_feeds {
                    return vec![refused(*peer)];
                }
                self.living.insert(*peer, PeerWish::nothing());
                Some(WebReport::Offered {
                    peer: *peer,
                    offer: format!("offer of {}", peer.0),
                })
            }
            WebCommand::OpenLine { peer, bind } => {
                if self.refuses_lines {
                    return vec![refused(*peer)];
                }
                self.living.insert(*peer, PeerWish::nothing());
                let port = 30_000 + u16::try_from(peer.0 * 2).unwrap_or(0);
                let local = SocketAddr::new(*bind, port);
                Some(WebReport::LineOpened { peer: *peer, local })
            }
            WebCommand::DescribeLine { peer, .. } | WebCommand::AskForPicture { peer } => {
                assert!(self.living.contains_key(peer), "{peer:?} lives");
                None
            }
            WebCommand::OpenVoice { peer, .. } => {
                self.living.insert(*peer, PeerWish::nothing());
                None
            }
            WebCommand::SetFlow { peer, .. } | WebCommand::LimitBitrate { peer, .. } => {
                assert!(self.living.contains_key(peer), "{peer:?} lives");
                None
            }
            WebCommand::Trickle { .. }
            | WebCommand::LinkVideo { .. }
            | WebCommand::UnlinkVideo { .. } => None,
        };
        report.filter(|_| !self.silent).into_iter().collect()
    }

    /// The orders since the last call, one word or two each.
    pub(crate) fn orders(&mut self) -> Vec<String> {
        std::mem::take(&mut self.commands)
            .iter()
            .map(|command| match command {
                WebCommand::Accept { peer, wish, .. } => {
                    format!("accept {} {}", peer.0, words(wish))
                }
                WebCommand::Offer { peer, wish } => format!("offer {} {}", peer.0, words(wish)),
                WebCommand::TakeAnswer { peer, .. } => format!("take {}", peer.0),
                WebCommand::Trickle { peer, candidate } => {
                    format!("trickle {} {candidate}", peer.0)
                }
                WebCommand::LinkVideo { a, b } => format!("link {} {}", a.0, b.0),
                WebCommand::UnlinkVideo { a, b } => format!("unlink {} {}", a.0, b.0),
                WebCommand::OpenFeed { peer, source } => format!("feed {} of {}", peer.0, source.0),
                WebCommand::OpenLine { peer, .. } => format!("line {}", peer.0),
                WebCommand::DescribeLine { peer, spec } => format!(
                    "describe {} {} {:?} {:?}",
                    peer.0,
                    spec.codec.name(),
                    spec.direction,
                    spec.asking
                ),
                WebCommand::AskForPicture { peer } => format!("picture for {}", peer.0),
                WebCommand::OpenVoice { peer, leg } => format!("voice {} of {:?}", peer.0, leg.1),
                WebCommand::SetFlow { peer, audio, video } => {
                    format!("flow {} {audio} {video}", peer.0)
                }
                WebCommand::LimitBitrate {
                    peer,
                    bits_per_second,
                } => format!("limit {} {bits_per_second}", peer.0),
                WebCommand::Close { peer } => format!("close {}", peer.0),
            })
            .collect()
    }
}

/// The codec wanted most, and pictures where they are.
fn words(wish: &PeerWish) -> String {
    let codec = wish.audio.first().map_or("nothing", |codec| codec.name());
    let video = match (&wish.far_video, wish.video) {
        (Some(codecs), true) => codecs.iter().map(|codec| codec.name()).collect(),
        (None, true) => vec!["video"],
        (_, false) => Vec::new(),
    };
    let video: Vec<String> = video.iter().map(|video| format!("+{video}")).collect();
    format!("{codec}{}", video.concat())
}

fn agreed(wish: &PeerWish, description: &str) -> WebAgreed {
    let direction = if description.contains("a=sendonly") {
        Direction::RecvOnly
    } else {
        Direction::SendRecv
    };
    let send = match wish.audio.first() {
        Some(Codec::Pcma) => CodecSpec::pcma(),
        Some(Codec::G722) => CodecSpec::g722(),
        Some(Codec::Opus) => CodecSpec::opus(111),
        _ => CodecSpec::pcmu(),
    };
    WebAgreed {
        audio: description.contains("m=audio").then(|| LegSpec {
            remote: SocketAddr::from(([0, 0, 0, 0], 9)),
            rtcp: None,
            send,
            receive: vec![send],
            telephone_event: None,
            direction,
            symmetric: false,
            timeout_ms: None,
            opus: media::control::OpusSending::default(),
        }),
        video: pictures(wish, description),
    }
}

/// The first codec the far side has, VP8 where that takes any.
fn pictures(wish: &PeerWish, description: &str) -> Option<VideoCodec> {
    let wanted = wish.video && description.contains("m=video");
    let codec = match &wish.far_video {
        Some(codecs) => codecs.first().copied(),
        None => Some(VideoCodec::Vp8),
    };
    codec.filter(|_| wanted)
}
