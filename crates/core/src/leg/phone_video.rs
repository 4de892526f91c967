//! Video of phones: its line (a peer beside those of pages), with whom it may be linked, and how it is added to a call and
//! taken out of it from either side.

use std::sync::Arc;

use api::ChannelId;
use bytes::Bytes;
use media::control::{PeerId, WebCommand};
use sip::sdp::Codec;

use super::LegEnd;
use super::negotiate::pictures;
use crate::Switch;
use crate::work::Work;

/// Content type of a request for a whole picture, and what it says. RFC 5168 §5
const MEDIA_CONTROL: &str = "application/media_control+xml";
const PICTURE_FAST_UPDATE: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n\
    <media_control><vc_primitive><to_encoder><picture_fast_update/></to_encoder></vc_primitive></media_control>\r\n";

/// The ports of a phone's video.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Line {
    /// None.
    #[default]
    Closed,
    /// They are being opened.
    Opening(PeerId),
    /// They are there; where it listens.
    Open(PeerId, std::net::SocketAddr),
}

impl Line {
    /// Its peer, open or not yet.
    pub(crate) fn peer(self) -> Option<PeerId> {
        match self {
            Self::Closed => None,
            Self::Opening(peer) | Self::Open(peer, _) => Some(peer),
        }
    }
}

/// The video of a SIP leg.
#[derive(Debug, Default)]
pub(crate) struct PhoneVideo {
    /// Ways of coding pictures that the far side has, in its words, best first: what we may offer and answer.
    pub(crate) formats: Vec<Codec>,
    /// The one that was agreed, as the phone describes it.
    pub(super) agreed: Option<Codec>,
    /// The peer its video goes to.
    pub(super) linked: Option<PeerId>,
    /// The phone's offer to add pictures, while its far side is asked.
    asking: Option<Bytes>,
    /// Who waits for what the phone says to pictures.
    by: Option<ChannelId>,
}

/// One end of a call's video.
struct End {
    peer: PeerId,
    /// What it sends and takes.
    format: Codec,
    is_phone: bool,
}

/// How the far side of a call can be asked for pictures.
pub(super) enum Far {
    /// There is none, or it cannot be asked.
    Deaf,
    /// It has pictures already.
    Sends(ChannelId),
    Ready(ChannelId),
    /// It is busy with another change.
    Busy,
}

impl Switch {
    /// Opens the ports of a channel's video.
    pub(crate) fn open_line(&mut self, id: &ChannelId) {
        let peer = self.new_peer();
        let bind = self.channels.get(id).and_then(|live| match &live.end {
            LegEnd::Sip(leg) => self.config.profiles.get(leg.profile).map(|p| p.rtp_ip),
            LegEnd::Web(_) | LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => None,
        });
        let (Some(bind), Some(live)) = (bind, self.channels.get_mut(id)) else {
            return;
        };
        live.media.line = Line::Opening(peer);
        self.web.peers.insert(peer, id.clone());
        self.peers(WebCommand::OpenLine { peer, bind });
    }

    /// Reports about a new channel's line come to it from here on.
    pub(crate) fn own_line(&mut self, id: &ChannelId) {
        let line = self.channels.get(id).map(|live| live.media.line);
        if let Some(peer) = line.and_then(Line::peer) {
            self.web.peers.insert(peer, id.clone());
        }
    }

    /// Pictures a phone that is called for `caller` may be offered.
    pub(crate) fn pictures_for(&self, caller: &ChannelId, codecs: &[Arc<str>]) -> Vec<Codec> {
        pictures::allowed(self.pictures_of(caller), codecs)
    }

    /// Closes them.
    pub(crate) fn close_line(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let line = std::mem::take(&mut live.media.line);
        if let Some(video) = self.phone_video(id) {
            video.agreed = None;
        }
        self.link_video(id);
        self.forget_line(line);
    }

    /// Ends a line that no channel has any more.
    pub(crate) fn forget_line(&mut self, line: Line) {
        if let Some(peer) = line.peer() {
            self.web.peers.remove(&peer);
            self.peers(WebCommand::Close { peer });
        }
    }

    /// The ports of a channel's video are there, or there are none for it: what waited goes on.
    pub(super) fn line_settled(&mut self, id: &ChannelId, local: Option<std::net::SocketAddr>) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let Line::Opening(peer) = live.media.line else {
            return;
        };
        live.media.line = local.map_or(Line::Closed, |local| Line::Open(peer, local));
        let ready = live.media.open && live.is_up();
        if local.is_none() {
            self.web.peers.remove(&peer);
        }
        if !ready {
            return;
        }
        self.work.push_back(Work::MediaReady(id.clone()));
        let Some(video) = self.phone_video(id) else {
            return;
        };
        if video.asking.is_some() {
            self.ask_far_side(id);
        } else if video.by.is_some() {
            self.ask_phone_now(id);
        }
    }

    /// Whether the ports of a channel's video are still being opened.
    pub(super) fn line_opens(&self, id: &ChannelId) -> bool {
        let live = self.channels.get(id);
        live.is_some_and(|live| matches!(live.media.line, Line::Opening(_)))
    }

    pub(super) fn phone_video(&mut self, id: &ChannelId) -> Option<&mut PhoneVideo> {
        self.sip_leg(id).map(|leg| &mut leg.video)
    }

    /// Ways of coding pictures a channel has, or would be given, in the words of descriptions.
    pub(crate) fn pictures_of(&self, id: &ChannelId) -> Vec<Codec> {
        let Some(live) = self.channels.get(id) else {
            return Vec::new();
        };
        match &live.end {
            LegEnd::Web(leg) => leg.pictures(),
            LegEnd::Sip(leg) => {
                let offer = leg.video.asking.as_ref().or(leg.offer.as_ref());
                match (&leg.video.agreed, offer) {
                    (Some(agreed), _) => vec![agreed.clone()],
                    (None, Some(offer)) => pictures::of_phones_offer(offer, &leg.codecs),
                    (None, None) => Vec::new(),
                }
            }
            LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => Vec::new(),
        }
    }

    /// The far side is known: a phone or page that waits for its answer gets pictures that can be passed on as they are.
    pub(crate) fn suit(&mut self, id: &ChannelId, other: &ChannelId) {
        self.suit_web(id, other);
        let formats = self.pictures_of(other);
        if let Some(leg) = self.sip_leg(id).filter(|leg| leg.video.agreed.is_none()) {
            leg.video.formats = pictures::allowed(formats, &leg.codecs);
        }
    }

    fn video_end(&self, id: &ChannelId) -> Option<End> {
        let live = self.channels.get(id)?;
        match &live.end {
            LegEnd::Web(leg) => Some(End {
                peer: leg.video_peer()?,
                format: pictures::of_browser(leg.video?),
                is_phone: false,
            }),
            LegEnd::Sip(leg) => match live.media.line {
                Line::Open(peer, _) => Some(End {
                    peer,
                    format: leg.video.agreed.clone()?,
                    is_phone: true,
                }),
                Line::Closed | Line::Opening(_) => None,
            },
            LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => None,
        }
    }

    fn linked_peer(&mut self, id: &ChannelId) -> Option<&mut Option<PeerId>> {
        match &mut self.channels.get_mut(id)?.end {
            LegEnd::Web(leg) => Some(&mut leg.linked),
            LegEnd::Sip(leg) => Some(&mut leg.video.linked),
            LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => None,
        }
    }

    /// Two that are bridged see each other, if both have pictures that the other can take; others do not.
    pub(crate) fn link_video(&mut self, id: &ChannelId) {
        let partner = self.partner(id);
        let own = self.video_end(id);
        let other = partner.as_ref().and_then(|partner| self.video_end(partner));
        // Two pages sort it out by themselves: each may send whatever both have.
        let wanted = own.zip(other).filter(|(own, other)| {
            !(own.is_phone || other.is_phone) || own.format.is_same_encoding(&other.format)
        });
        let Some(linked) = self.linked_peer(id).map(|linked| *linked) else {
            return;
        };
        if linked == wanted.as_ref().map(|(_, other)| other.peer) {
            return;
        }
        if let Some(old) = linked {
            let other = self.web.peers.get(&old).cloned();
            let own = other
                .as_ref()
                .and_then(|other| self.linked_peer(other))
                .and_then(Option::take);
            if let Some(linked) = self.linked_peer(id) {
                *linked = None;
            }
            if let Some(own) = own {
                self.peers(WebCommand::UnlinkVideo { a: own, b: old });
            }
        }
        if let (Some(partner), Some((own, other))) = (partner, wanted) {
            let (a, b) = (own.peer, other.peer);
            self.peers(WebCommand::LinkVideo { a, b });
            for (id, peer) in [(id, b), (&partner, a)] {
                if let Some(linked) = self.linked_peer(id) {
                    *linked = Some(peer);
                }
            }
        }
    }

    /// How the far side of a call can be asked for pictures.
    pub(super) fn far_side_of(&self, id: &ChannelId) -> Far {
        let Some(far) = self.partner(id) else {
            return Far::Deaf;
        };
        let Some(live) = self.channels.get(&far).filter(|live| live.is_up()) else {
            return Far::Deaf;
        };
        match &live.end {
            LegEnd::Web(leg) if leg.video.is_some() => Far::Sends(far),
            LegEnd::Web(_) if self.can_be_asked(&far) => Far::Ready(far),
            LegEnd::Web(leg) if self.takes_updates(leg.client) => Far::Busy,
            LegEnd::Sip(leg) if leg.video.agreed.is_some() => Far::Sends(far),
            LegEnd::Sip(leg) if leg.session.is_some() && live.seen.is_answered() => {
                if leg.reinviting.is_some() || leg.video.asking.is_some() || leg.video.by.is_some()
                {
                    Far::Busy
                } else {
                    Far::Ready(far)
                }
            }
            LegEnd::Web(_)
            | LegEnd::Sip(_)
            | LegEnd::Null
            | LegEnd::Pickup(_)
            | LegEnd::Loopback(_) => Far::Deaf,
        }
    }

    /// Asks a far side that is [`Far::Ready`] for pictures; `by` waits for what becomes of it.
    pub(super) fn ask_for_pictures(&mut self, far: &ChannelId, by: &ChannelId) {
        if self.as_web_leg(far).is_some() {
            return self.reoffer(far, Some(by.clone()), true);
        }
        let formats = self.pictures_of(by);
        let Some(leg) = self.sip_leg(far) else { return };
        leg.video.formats = pictures::allowed(formats, &leg.codecs);
        leg.video.by = Some(by.clone());
        if leg.video.formats.is_empty() {
            return self.phone_decided(far);
        }
        let line = self.channels.get(far).map(|live| live.media.line);
        match line {
            Some(Line::Open(..)) => self.ask_phone_now(far),
            Some(Line::Opening(_)) => {}
            Some(Line::Closed) | None => self.open_line(far),
        }
    }

    fn ask_phone_now(&mut self, id: &ChannelId) {
        let has_line = matches!(
            self.channels.get(id).map(|live| live.media.line),
            Some(Line::Open(..))
        );
        if !has_line || self.send_reinvite(id).is_err() {
            self.phone_decided(id);
        }
    }

    /// A phone has answered what it was asked, or cannot be asked: whoever wanted that gets its answer.
    pub(super) fn phone_decided(&mut self, id: &ChannelId) {
        let Some(video) = self.phone_video(id) else {
            return;
        };
        let by = video.by.take();
        let has_video = video.agreed.is_some();
        if !has_video {
            video.formats.clear();
        }
        self.page_decided(id, by, has_video);
    }

    /// A phone's offer adds pictures to its call: whether its far side is asked first. Then the answer follows later.
    pub(super) fn asks_for_pictures(&mut self, id: &ChannelId, offer: &Bytes) -> bool {
        let Some(leg) = self.sip_leg(id) else {
            return false;
        };
        let wanted = !pictures::of_phones_offer(offer, &leg.codecs).is_empty();
        if !wanted || leg.video.agreed.is_some() || leg.video.asking.is_some() {
            return false;
        }
        let far = self.far_side_of(id);
        let (Far::Sends(_) | Far::Ready(_)) = far else {
            return false;
        };
        if let Some(video) = self.phone_video(id) {
            video.asking = Some(offer.clone());
        }
        match self.channels.get(id).map(|live| live.media.line) {
            Some(Line::Open(..)) => self.ask_far_side(id),
            Some(Line::Opening(_)) => {}
            Some(Line::Closed) | None => self.open_line(id),
        }
        true
    }

    fn ask_far_side(&mut self, id: &ChannelId) {
        if !matches!(
            self.channels.get(id).map(|live| live.media.line),
            Some(Line::Open(..))
        ) {
            return self.answer_phone(id, false);
        }
        match self.far_side_of(id) {
            Far::Sends(_) => self.answer_phone(id, true),
            Far::Ready(far) => self.ask_for_pictures(&far, id),
            Far::Deaf | Far::Busy => self.answer_phone(id, false),
        }
    }

    /// The far side of a phone that adds pictures has decided.
    pub(super) fn answer_phone(&mut self, id: &ChannelId, video: bool) {
        let Some(offer) = self.phone_video(id).and_then(|video| video.asking.take()) else {
            return;
        };
        let far = self.partner(id).filter(|_| video);
        let formats = far.map_or_else(Vec::new, |far| self.pictures_of(&far));
        if let Some(leg) = self.sip_leg(id) {
            leg.video.formats = pictures::allowed(formats, &leg.codecs);
        }
        self.answer_peer(id, &offer);
    }

    /// A phone has no pictures any more: neither has its far side.
    pub(super) fn pictures_ended(&mut self, id: &ChannelId) {
        let Some(far) = self.partner(id) else { return };
        if self.sip_leg(&far).is_some() {
            self.end_pictures_of_phone(&far);
        } else if self.as_web_leg(&far).is_some_and(|leg| leg.video.is_some())
            && self.can_be_asked(&far)
        {
            self.reoffer(&far, None, false);
        }
    }

    /// A phone whose far side has no pictures any more is offered none.
    pub(super) fn end_pictures_of_phone(&mut self, id: &ChannelId) {
        let Some(leg) = self.sip_leg(id).filter(|leg| leg.video.agreed.is_some()) else {
            return;
        };
        leg.video.formats.clear();
        if let Err(error) = self.send_reinvite(id) {
            tracing::info!(channel = %id, %error, "The phone is not told that the pictures end");
        }
    }

    /// A phone is to be asked for a whole picture through its signalling.
    pub(super) fn ask_by_info(&mut self, id: &ChannelId) {
        let now = self.now.mono;
        let Some(session) = self.sip_leg(id).and_then(|leg| leg.session) else {
            return;
        };
        let body = Bytes::from_static(PICTURE_FAST_UPDATE.as_bytes());
        if let Err(error) = self.sip.info(now, session, MEDIA_CONTROL, body) {
            tracing::debug!(channel = %id, %error, "A whole picture cannot be asked for");
        }
    }

    /// Whether an INFO asks for a whole picture; then the phone's far side is asked.
    pub(super) fn info_asks_for_picture(&mut self, id: &ChannelId, kind: &str, body: &str) -> bool {
        if kind != MEDIA_CONTROL || !body.contains("picture_fast_update") {
            return false;
        }
        let line = self.channels.get(id).map(|live| live.media.line);
        let Some(Line::Open(peer, _)) = line else {
            return false;
        };
        self.peers(WebCommand::AskForPicture { peer });
        true
    }
}
