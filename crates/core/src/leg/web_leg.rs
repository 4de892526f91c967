//! A web leg: a call of a page, whose media is a WebRTC peer.

use std::sync::Arc;

use api::ChannelId;
use api::event::{WebEventKind, WebHeaders};
use api::id::WebClientId;
use api::view::AnswerState;
use media::control::{Codec, LegSpec, PeerId, PeerWish, VideoCodec, WebCommand};

use super::LegEnd;
use super::negotiate::pictures;
use crate::Switch;

/// Codecs a browser may use, best first. What the far side speaks goes in front, as relaying beats transcoding.
const CODECS: [&str; 4] = ["opus", "G722", "PCMU", "PCMA"];
/// Candidates kept for a peer that does not exist yet.
const MAX_HELD: usize = 128;

/// One web leg.
#[derive(Debug)]
pub(crate) struct WebLeg {
    pub(crate) client: WebClientId,
    pub(crate) peer: PeerId,
    /// Index of the profile it counts for.
    pub(crate) profile: usize,
    /// What stands for a SIP Call-ID.
    pub(crate) call_id: Arc<str>,
    pub(super) stage: Stage,
    /// The far side's codec.
    pub(crate) prefer: Option<Codec>,
    /// The far side has video.
    pub(crate) wants_video: bool,
    /// How it can be coded for the far side; `None`: there is none yet.
    pub(crate) far_video: Option<Vec<VideoCodec>>,
    /// The peer was made and has not ended.
    pub(super) peer_lives: bool,
    /// The page has our answer.
    pub(super) told_answer: bool,
    pub(super) established: bool,
    held_candidates: Vec<Arc<str>>,
    /// What was agreed for audio.
    pub(super) spec: Option<LegSpec>,
    /// How the pictures are coded that were agreed on.
    pub(super) video: Option<VideoCodec>,
    /// The peer its video goes to.
    pub(super) linked: Option<PeerId>,
    /// Headers of the far side's answer that the page wants to see.
    pub(crate) accept_headers: WebHeaders,
    /// Headers of the page's answer.
    pub(crate) answer_headers: WebHeaders,
    /// How it ends, where somebody knows better than the cause.
    pub(super) farewell: Option<Farewell>,
    /// Where a call of another server's goes, until it went.
    pub(crate) direct: Option<Arc<str>>,
    /// Where that server is.
    pub(crate) hops: Vec<sip::resolve::Hop>,
    /// It went there.
    pub(crate) went_direct: bool,
    /// The client's domain is not ours, so its credentials are for others to check.
    pub(crate) foreign: bool,
    /// How often its page was asked for a change.
    pub(super) times_asked: u64,
    /// It publishes in a video room instead of calling somebody.
    pub(crate) participation: Option<Participation>,
}

/// What a leg that publishes in a video room needs to know of it.
#[derive(Clone, Debug)]
pub(crate) struct Participation {
    /// `room@host`
    pub(crate) room: Arc<str>,
    /// The room relays sound.
    pub(crate) audio: bool,
    pub(crate) video_codec: VideoCodec,
}

/// What the far side of a page has, or would be given.
#[derive(Clone, Debug)]
pub(crate) struct FarSide {
    /// Its codec.
    codec: Option<Codec>,
    /// How its pictures can be coded; nothing where it has none.
    codecs: Vec<VideoCodec>,
}

/// How far the descriptions are.
#[derive(Debug)]
pub(super) enum Stage {
    /// The page's offer waits for an answer; `wanted` says that only the media leg is waited for.
    Offered { offer: Arc<str>, wanted: bool },
    /// The peer works on the page's offer.
    Accepting,
    /// Our offer is being made.
    Offering,
    /// The page has our offer and rings.
    Ringing,
    /// The peer reads the page's answer.
    Taking,
    /// Both sides are described.
    Agreed,
    /// The page changes the call; the peer works on it.
    Updating,
    /// The page wants to add pictures, and the page it talks to is asked first; this is its offer.
    Asking { offer: Arc<str> },
    /// The call is changed from the other side, and our offer is being made; `by` waits for the outcome.
    Reoffering { by: Option<ChannelId> },
    /// The page has that offer.
    Asked { by: Option<ChannelId> },
    /// The peer reads the page's answer to it; `video`: that takes the pictures.
    Retaking { by: Option<ChannelId>, video: bool },
}

/// The last word to the page, with what programs read of it.
#[derive(Clone, Debug)]
pub(super) struct Farewell {
    pub(super) code: u16,
    pub(super) phrase: Box<str>,
    /// `sip_hangup_disposition`
    pub(super) disposition: &'static str,
}

impl WebLeg {
    fn new(
        client: WebClientId,
        peer: PeerId,
        call_id: Arc<str>,
        profile: usize,
        stage: Stage,
    ) -> Self {
        Self {
            client,
            peer,
            profile,
            call_id,
            stage,
            prefer: None,
            wants_video: false,
            far_video: None,
            peer_lives: false,
            told_answer: false,
            established: false,
            held_candidates: Vec::new(),
            spec: None,
            video: None,
            linked: None,
            accept_headers: Vec::new(),
            answer_headers: Vec::new(),
            farewell: None,
            direct: None,
            hops: Vec::new(),
            went_direct: false,
            foreign: false,
            times_asked: 0,
            participation: None,
        }
    }

    /// The leg of a page that calls.
    pub(crate) fn of_caller(
        client: WebClientId,
        peer: PeerId,
        call_id: Arc<str>,
        profile: usize,
        offer: Arc<str>,
    ) -> Self {
        let stage = Stage::Offered {
            offer,
            wanted: false,
        };
        Self::new(client, peer, call_id, profile, stage)
    }

    /// The leg of a page that is called.
    pub(crate) fn of_callee(
        client: WebClientId,
        peer: PeerId,
        call_id: Arc<str>,
        profile: usize,
    ) -> Self {
        Self::new(client, peer, call_id, profile, Stage::Offering)
    }

    /// Whether its answer is being made: what an application does next would find no codec yet.
    pub(crate) fn is_being_answered(&self) -> bool {
        matches!(
            self.stage,
            Stage::Offered { wanted: true, .. } | Stage::Accepting
        )
    }

    /// Whether audio was agreed.
    pub(super) fn has_audio(&self) -> bool {
        self.spec.is_some()
    }
}

impl WebLeg {
    /// Ways of coding pictures the page could use with a phone: those of its offer, or the one it uses already.
    pub(super) fn pictures(&self) -> Vec<sip::sdp::Codec> {
        if let Stage::Offered { offer, .. } | Stage::Asking { offer } = &self.stage {
            let offer = sip::sdp::parse(offer.as_bytes());
            return offer.map_or_else(|_| Vec::new(), |offer| pictures::of_browsers_offer(&offer));
        }
        self.video.map(pictures::of_browser).into_iter().collect()
    }

    /// Fits it to its far side, so that both codecs can be passed on as they are.
    pub(crate) fn fit(&mut self, far: FarSide) {
        self.prefer = far.codec.or(self.prefer);
        self.wants_video = !far.codecs.is_empty();
        self.far_video = Some(far.codecs);
    }

    /// The peer of its pictures, if it has any.
    pub(super) fn video_peer(&self) -> Option<PeerId> {
        (self.video.is_some() && self.peer_lives).then_some(self.peer)
    }
}

/// Whether a description takes part in pictures, one way at least. Chromium refuses those it is offered by `a=inactive`.
pub(super) fn takes_video(text: &str) -> bool {
    has_video(text, |media| media.attribute("inactive").is_none())
}

/// Whether a description has a video line that is not refused.
pub(super) fn offers_video(text: &str) -> bool {
    has_video(text, |_| true)
}

fn has_video(text: &str, such: impl Fn(&sip::sdp::MediaDescription) -> bool) -> bool {
    sip::sdp::parse(text.as_bytes()).is_ok_and(|description| {
        let mut videos = description
            .media
            .iter()
            .filter(|media| media.kind.eq_ignore_ascii_case("video"));
        videos.any(|media| is_live(&description, media) && such(media))
    })
}

/// Whether a section takes part: it has a port, or shares another one's and has 0, as Firefox writes it. RFC 9143 §6.
pub(super) fn is_live(
    description: &sip::sdp::SessionDescription,
    media: &sip::sdp::MediaDescription,
) -> bool {
    let bundled = |mid| {
        let groups = description.attributes.iter();
        groups
            .filter(|group| group.name == "group")
            .filter_map(|group| group.value.as_deref()?.strip_prefix("BUNDLE "))
            .any(|mids| mids.split(' ').any(|one| one == mid))
    };
    media.port != 0
        || (media.attribute("bundle-only").is_some() && media.attribute("mid").is_some_and(bundled))
}

impl Switch {
    pub(crate) fn web_leg(&mut self, id: &ChannelId) -> Option<&mut WebLeg> {
        match &mut self.channels.get_mut(id)?.end {
            LegEnd::Web(leg) => Some(leg),
            LegEnd::Sip(_) | LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => None,
        }
    }

    /// The same for looking only.
    pub(crate) fn as_web_leg(&self, id: &ChannelId) -> Option<&WebLeg> {
        match &self.channels.get(id)?.end {
            LegEnd::Web(leg) => Some(leg),
            LegEnd::Sip(_) | LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => None,
        }
    }

    /// The name of a peer that is to be made.
    pub(crate) fn new_peer(&mut self) -> PeerId {
        self.serials.peer += 1;
        PeerId(self.serials.peer)
    }

    /// Reports about the channel's peer come to it from here on.
    pub(crate) fn own_peer(&mut self, id: &ChannelId) {
        if let Some(peer) = self.as_web_leg(id).map(|leg| leg.peer) {
            self.web.peers.insert(peer, id.clone());
        }
    }

    /// What a peer is wanted for, as things stand.
    pub(super) fn peer_wish(&self, id: &ChannelId) -> Option<PeerWish> {
        let live = self.channels.get(id)?;
        let leg = self.as_web_leg(id)?;
        let known = CODECS.iter().filter_map(|name| Codec::from_name(name));
        let mut audio: Vec<Codec> = leg.prefer.into_iter().chain(known).collect();
        let mut seen = Vec::new();
        let participation = leg.participation.as_ref();
        let relays_audio = participation.is_none_or(|room| room.audio);
        audio.retain(|codec| {
            let new = relays_audio && !seen.contains(codec);
            seen.push(*codec);
            new
        });
        Some(PeerWish {
            audio,
            video: leg.wants_video || leg.video.is_some(),
            far_video: leg.far_video.clone(),
            prefer_video: participation.map(|room| room.video_codec),
            leg: Some((live.media.worker, live.media.id)),
        })
    }

    /// Lets the peer answer the page's offer, as soon as the media leg is there.
    fn accept_web(&mut self, id: &ChannelId) {
        let open = self.channels.get(id).is_some_and(|live| live.media.open);
        let Some(wish) = self.peer_wish(id) else {
            return;
        };
        let Some(leg) = self.web_leg(id) else { return };
        let Stage::Offered { offer, wanted } = &mut leg.stage else {
            return;
        };
        if !open {
            *wanted = true;
            return;
        }
        let (peer, offer) = (leg.peer, offer.to_string());
        leg.stage = Stage::Accepting;
        leg.peer_lives = true;
        self.peers(WebCommand::Accept { peer, offer, wish });
        self.flush_candidates(id);
    }

    /// A page is called: its media leg first, then our offer.
    pub(super) fn start_web(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        live.media.opening = true;
        let (worker, leg) = (live.media.worker, live.media.id);
        let kind = media::control::LegKind::Web;
        self.media(worker, media::control::MediaCommand::OpenLeg { leg, kind });
    }

    /// The media leg has opened: what waited for it goes on.
    pub(super) fn web_media_ready(&mut self, id: &ChannelId) {
        let wish = self.peer_wish(id);
        let Some(leg) = self.web_leg(id) else { return };
        match &leg.stage {
            Stage::Offered { wanted: true, .. } => self.accept_web(id),
            Stage::Offering if !leg.peer_lives => {
                leg.peer_lives = true;
                let peer = leg.peer;
                if let Some(wish) = wish {
                    self.peers(WebCommand::Offer { peer, wish });
                }
                self.flush_candidates(id);
            }
            Stage::Offered { wanted: false, .. }
            | Stage::Accepting
            | Stage::Offering
            | Stage::Ringing
            | Stage::Taking
            | Stage::Agreed
            | Stage::Updating
            | Stage::Asking { .. }
            | Stage::Reoffering { .. }
            | Stage::Asked { .. }
            | Stage::Retaking { .. } => {}
        }
    }

    /// A candidate of the page; one for a peer that does not exist yet is kept for it.
    pub(crate) fn web_candidate(&mut self, id: &ChannelId, candidate: &Arc<str>) {
        let Some(leg) = self.web_leg(id) else { return };
        if leg.peer_lives {
            let peer = leg.peer;
            let candidate = candidate.to_string();
            self.peers(WebCommand::Trickle { peer, candidate });
        } else if leg.held_candidates.len() < MAX_HELD {
            leg.held_candidates.push(candidate.clone());
        }
    }

    fn flush_candidates(&mut self, id: &ChannelId) {
        let Some(leg) = self.web_leg(id) else { return };
        for candidate in std::mem::take(&mut leg.held_candidates) {
            self.web_candidate(id, &candidate);
        }
    }

    /// What a page's far side has, or would be given.
    pub(crate) fn far_side(&self, other: &ChannelId) -> FarSide {
        FarSide {
            codec: self.codec_of(other),
            codecs: pictures::for_browser(&self.pictures_of(other)),
        }
    }

    /// The far side's codec and pictures are known: the page is answered so that both can be passed on as they are.
    pub(super) fn suit_web(&mut self, id: &ChannelId, other: &ChannelId) {
        let far = self.far_side(other);
        if let Some(leg) = self.web_leg(id) {
            leg.fit(far);
        }
    }

    /// The codec a channel has, or the one it would be given first.
    fn codec_of(&self, id: &ChannelId) -> Option<Codec> {
        let live = self.channels.get(id)?;
        match &live.end {
            LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => None,
            LegEnd::Web(leg) => leg.spec.as_ref().map(|spec| spec.send.codec),
            LegEnd::Sip(leg) => match &live.seen.read_codec {
                Some(codec) => Codec::from_name(&codec.name),
                None => leg.offered_codec(),
            },
        }
    }

    /// `answer`: the page hears of it when its answer is written.
    pub(super) fn answer_web(&mut self, id: &ChannelId) {
        self.accept_web(id);
        if self
            .channels
            .get(id)
            .is_some_and(|live| live.seen.answer == AnswerState::Ringing)
        {
            self.mark_early(id);
        }
        self.mark_answered(id);
        if self.as_web_leg(id).is_some_and(|leg| leg.told_answer) {
            self.tell_accepted(id, None);
        }
    }

    /// `pre_answer`: the answer goes out early.
    pub(super) fn pre_answer_web(&mut self, id: &ChannelId) {
        self.accept_web(id);
        self.mark_early(id);
    }

    pub(super) fn ring_web(&mut self, id: &ChannelId) {
        let unheard = self.channels.get(id).is_some_and(|live| {
            let told = live
                .seen
                .profile
                .as_ref()
                .is_some_and(|p| p.times.progress.happened());
            !told && live.seen.answer == AnswerState::Ringing
        });
        if !unheard {
            return;
        }
        self.mark_ringing(id);
        self.tell_page(id, |channel| WebEventKind::Proceeding {
            channel,
            code: 180,
        });
    }

    /// Tells the page of a call something about it. Who is in a video room is told by the room.
    pub(super) fn tell_page(
        &mut self,
        id: &ChannelId,
        kind: impl FnOnce(ChannelId) -> WebEventKind,
    ) {
        let caller = self
            .as_web_leg(id)
            .filter(|leg| leg.participation.is_none());
        if let Some(client) = caller.map(|leg| leg.client) {
            self.tell_web_client(client, kind(id.clone()));
        }
    }

    pub(super) fn tell_accepted(&mut self, id: &ChannelId, answer: Option<Arc<str>>) {
        let Some(leg) = self.web_leg(id) else { return };
        let (call_id, headers) = (leg.call_id.clone(), std::mem::take(&mut leg.accept_headers));
        self.tell_page(id, |channel| WebEventKind::Accepted {
            channel,
            answer,
            call_id,
            headers,
        });
    }
}
