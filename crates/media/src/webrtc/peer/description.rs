//! Offers and answers of one peer, and everything that follows from an agreement.

use std::time::Instant;

use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{Direction as Way, MediaKind, Mid};

use super::Peer;
use crate::control::{Codec, PeerWish, VideoCodec, WebAgreed};
use crate::webrtc::agreement;
use crate::webrtc::happening::Happening;
use crate::webrtc::sdp_rules::{self, Foreign, Refusal, Slot};
use crate::webrtc::section::Description;
use crate::webrtc::video_rules;

/// What a browser sends us, and others may get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sending {
    /// How its sound is coded; `None`: it sends none.
    pub audio: Option<Codec>,
    /// How its pictures are coded; `None`: it sends none.
    pub video: Option<VideoCodec>,
    /// Whether it sends its pictures in several layers, of which everybody gets one.
    pub layered: bool,
}

/// What was said in descriptions so far.
pub(super) struct Exchange {
    slots: Vec<Slot>,
    /// Sections the library knows; also those of a description that we refused after it had taken it.
    taken: Sections,
    wish: PeerWish,
    open_offer: Option<(SdpPendingOffer, Description, Vec<Slot>)>,
    /// Descriptions we wrote.
    version: u64,
}

/// How many sections there are in all, and how many of them are media.
#[derive(Clone, Copy, Default)]
struct Sections {
    all: usize,
    media: usize,
}

impl Sections {
    fn of(slots: &[Slot]) -> Self {
        let media = |slot: &&Slot| matches!(slot, Slot::Media(_));
        Self {
            all: slots.len(),
            media: slots.iter().filter(media).count(),
        }
    }
}

impl Exchange {
    pub(super) fn new() -> Self {
        Self {
            slots: Vec::new(),
            taken: Sections::default(),
            wish: PeerWish::nothing(),
            open_offer: None,
            version: 1,
        }
    }
}

impl Peer {
    /// Takes a browser's offer, the first or a later one, and answers it.
    ///
    /// # Errors
    /// Why it cannot be used. The peer stays as it was.
    pub fn accept(
        &mut self,
        now: Instant,
        offer: &str,
        wish: &PeerWish,
        out: &mut Vec<Happening>,
    ) -> Result<(String, WebAgreed), Refusal> {
        let foreign = sdp_rules::read(offer)?;
        let mut slots = sdp_rules::slots(&foreign.description);
        let (before, offered) = (self.exchange.taken, Sections::of(&slots));
        // Sections end with port 0, they never go. RFC 3264 §8.
        if offered.all < before.all || offered.media < before.media {
            return Err(Refusal::new("a media section is gone"));
        }
        let seen = sdp_rules::for_library(&foreign.description, &slots, wish)?;
        let seen = SdpOffer::from_sdp_string(&seen).map_err(|e| Refusal::new(e.to_string()))?;
        self.exchange.open_offer = None;
        let written = self
            .rtc
            .sdp_api()
            .accept_offer(seen)
            .map_err(|e| Refusal::new(e.to_string()));
        self.drain(now, out);
        let written = written?;
        self.exchange.taken = offered;
        let version = self.exchange.version;
        self.exchange.version += 1;
        let ours = sdp_rules::for_browser(&written.to_sdp_string(), &mut slots, wish, version)?;
        let agreed = agreement::agreed(&ours, &foreign.description, true, wish)?;
        self.exchange.slots = slots;
        self.settle(now, &ours, &agreed, foreign, wish.clone(), out);
        Ok((ours.to_string(), agreed))
    }

    /// Makes an offer: the first, or one that changes what was agreed. Without a change, it restarts
    /// ICE (RFC 8445 §9).
    ///
    /// # Errors
    /// When there is nothing to offer.
    pub fn offer(
        &mut self,
        now: Instant,
        wish: &PeerWish,
        out: &mut Vec<Happening>,
    ) -> Result<String, Refusal> {
        let audio = self.sound.mid.is_none() && !wish.audio.is_empty();
        let mut changes = self.rtc.sdp_api();
        if audio {
            changes.add_media(MediaKind::Audio, Way::SendRecv, None, None, None);
        }
        match self.pictures.mid {
            None if wish.video => {
                changes.add_media(MediaKind::Video, Way::SendRecv, None, None, None);
            }
            Some(mid) if !wish.video => changes.stop_media(mid),
            None | Some(_) => {}
        }
        if !changes.has_changes() {
            changes.ice_restart(true);
        }
        let written = changes.apply();
        self.offered(now, written, wish.clone(), out)
    }

    /// Makes the offer of a feed: what another browser sends, and nothing the other way. sylkrtc.md §5.5, point 7.
    ///
    /// # Errors
    /// When nothing is sent.
    pub fn offer_feed(
        &mut self,
        now: Instant,
        sending: Sending,
        out: &mut Vec<Happening>,
    ) -> Result<String, Refusal> {
        // One stream of both, so that lips and voice stay together. Its name is as random as the one in checks.
        let stream = self.fragment();
        let mut changes = self.rtc.sdp_api();
        let kinds = [
            (MediaKind::Audio, sending.audio.is_some()),
            (MediaKind::Video, sending.video.is_some()),
        ];
        for (kind, _) in kinds.iter().filter(|(_, sent)| *sent) {
            changes.add_media(*kind, Way::SendOnly, Some(stream.clone()), None, None);
        }
        let written = changes.apply();
        let wish = PeerWish {
            audio: sending.audio.into_iter().collect(),
            video: sending.video.is_some(),
            prefer_video: sending.video,
            far_video: None,
            leg: None,
        };
        self.pictures.viewing.begin_anew();
        self.offered(now, written, wish, out)
    }

    fn offered(
        &mut self,
        now: Instant,
        written: Option<(SdpOffer, SdpPendingOffer)>,
        wish: PeerWish,
        out: &mut Vec<Happening>,
    ) -> Result<String, Refusal> {
        let Some((written, pending)) = written else {
            return Err(Refusal::new("there is nothing to offer"));
        };
        let mut slots = self.exchange.slots.clone();
        let version = self.exchange.version;
        self.exchange.version += 1;
        let ours = sdp_rules::for_browser(&written.to_sdp_string(), &mut slots, &wish, version);
        self.drain(now, out);
        let ours = ours?;
        let text = ours.to_string();
        self.exchange.wish = wish;
        self.exchange.open_offer = Some((pending, ours, slots));
        Ok(text)
    }

    /// Takes the browser's answer to our offer.
    ///
    /// # Errors
    /// Why it cannot be used; the offer is over then.
    pub fn take_answer(
        &mut self,
        now: Instant,
        answer: &str,
        out: &mut Vec<Happening>,
    ) -> Result<WebAgreed, Refusal> {
        let Some((pending, ours, slots)) = self.exchange.open_offer.take() else {
            return Err(Refusal::new("no offer is open"));
        };
        let wish = self.exchange.wish.clone();
        let foreign = sdp_rules::read(answer)?;
        let seen = sdp_rules::for_library(&foreign.description, &slots, &wish)?;
        let seen = SdpAnswer::from_sdp_string(&seen).map_err(|e| Refusal::new(e.to_string()))?;
        let agreed = agreement::agreed(&ours, &foreign.description, false, &wish)?;
        let taken = self.rtc.sdp_api().accept_answer(pending, seen);
        self.drain(now, out);
        taken.map_err(|error| Refusal::new(error.to_string()))?;
        self.exchange.taken = Sections::of(&slots);
        self.exchange.slots = slots;
        self.settle(now, &ours, &agreed, foreign, wish, out);
        Ok(agreed)
    }

    /// Everything that follows from an agreement.
    fn settle(
        &mut self,
        now: Instant,
        ours: &Description,
        agreed: &WebAgreed,
        foreign: Foreign,
        wish: PeerWish,
        out: &mut Vec<Happening>,
    ) {
        self.sound.mid = None;
        self.pictures.mid = None;
        for section in ours.sections.iter().filter(|section| section.port != 0) {
            let Some(mid) = section.mid().map(Mid::from) else {
                continue;
            };
            match self.rtc.media(mid).map(|media| media.kind()) {
                Some(MediaKind::Audio) if agreed.audio.is_some() => self.sound.mid = Some(mid),
                Some(MediaKind::Video) if agreed.video.is_some() => {
                    self.pictures.mid = Some(mid);
                    self.learn_layers(&video_rules::received_layers(section));
                }
                Some(MediaKind::Audio | MediaKind::Video) | None => {}
            }
        }
        self.sound.agreed = agreed.audio.as_ref().map(|audio| audio.send);
        if let Some(audio) = &agreed.audio {
            self.sound.numbers.set_clock_rate(audio.send.clock_rate_hz);
        }
        self.pictures.formats = agreement::common_pictures(ours, &foreign.description, &wish);
        self.exchange.wish = wish;
        let name = self.fragment();
        self.whereabouts.go_by(name);
        for candidate in foreign.candidates {
            self.trickle(now, &candidate, out);
        }
        self.stage.described(now);
        self.timeout(now, out);
    }

    /// What it sends to us, as far as agreed.
    #[must_use]
    pub fn sending(&self) -> Sending {
        let comes = |mid: Option<Mid>| {
            let media = mid.and_then(|mid| self.rtc.media(mid));
            media.is_some_and(|media| media.direction().is_receiving())
        };
        let audio = self.sound.agreed.filter(|_| comes(self.sound.mid));
        // What it really sends counts, where it has a choice.
        let video = self
            .pictures
            .seen
            .filter(|seen| self.pictures.formats.contains(seen));
        let video = video.or_else(|| self.pictures.formats.first().copied());
        let video = video.filter(|_| comes(self.pictures.mid));
        Sending {
            audio: audio.map(|spec| spec.codec),
            video,
            layered: video.is_some() && !self.layers.names.is_empty(),
        }
    }
}
