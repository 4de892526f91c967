//! A page changes its call. What its far side need not know is switched here; it is asked for pictures the call had not,
//! and told of those that end (sylkrtc.md §3.5, §5.6).

use std::sync::Arc;
use std::time::Duration;

use api::command::web::UpdateWebCall;
use api::event::WebEventKind;
use api::{ChannelId, CommandError, ErrorKind};
use media::control::{WebAgreed, WebCommand};
use sip::message::reason_phrase;

use super::phone_video::Far;
use super::web_leg::{Stage, offers_video, takes_video};
use crate::Switch;
use crate::timers::Deadline;

/// How long a page may think about a change of its call; then it goes on without it (sylkrtc.md §5.6).
const PATIENCE: Duration = Duration::from_secs(10);
/// Both sides change the call at once (RFC 3261 §14.1).
const REQUEST_PENDING: u16 = 491;
/// The page did not answer in time.
const TIMEOUT: u16 = 408;

impl Switch {
    /// A description of the page for a call it has: its offer, or its answer to ours.
    ///
    /// # Errors
    /// `InvalidState` unless the call is answered and no change of the page is under way.
    pub(crate) fn web_describes_again(
        &mut self,
        command: &UpdateWebCall,
    ) -> Result<(), CommandError> {
        let UpdateWebCall { channel: id, sdp } = command;
        let refused = |why: &str| Err(CommandError::new(ErrorKind::InvalidState, why));
        let answered = self
            .channels
            .get(id)
            .is_some_and(|live| live.seen.is_answered());
        let Some(leg) = self.web_leg(id).filter(|_| answered) else {
            return refused("the call is not answered");
        };
        match &mut leg.stage {
            Stage::Agreed if command.is_answer() => return refused("nobody asks for an answer"),
            Stage::Agreed => self.page_offers(id, sdp),
            Stage::Asked { by } if !command.is_offer() => {
                let by = by.take();
                let video = takes_video(sdp);
                leg.stage = Stage::Retaking { by, video };
                let (peer, answer) = (leg.peer, sdp.to_string());
                self.peers(WebCommand::TakeAnswer { peer, answer });
            }
            Stage::Reoffering { .. } | Stage::Asked { .. } | Stage::Retaking { .. } => {
                self.update_failed(id, REQUEST_PENDING);
            }
            Stage::Offered { .. }
            | Stage::Accepting
            | Stage::Offering
            | Stage::Ringing
            | Stage::Taking
            | Stage::Updating
            | Stage::Asking { .. } => return refused("the call is being changed"),
        }
        Ok(())
    }

    fn page_offers(&mut self, id: &ChannelId, offer: &Arc<str>) {
        let had = self.as_web_leg(id).is_some_and(|leg| leg.video.is_some());
        match (had, offers_video(offer), self.far_side_of(id)) {
            (false, true, Far::Ready(far)) => {
                if let Some(leg) = self.web_leg(id) {
                    leg.stage = Stage::Asking {
                        offer: offer.clone(),
                    };
                }
                self.ask_for_pictures(&far, id);
            }
            (false, true, Far::Busy) => self.update_failed(id, REQUEST_PENDING),
            (_, _, Far::Sends(far)) => {
                self.accept_again(id, offer, true);
                let ends = had && !offers_video(offer);
                if ends && self.can_be_asked(&far) {
                    self.reoffer(&far, None, false);
                } else if ends {
                    self.end_pictures_of_phone(&far);
                }
            }
            (_, _, Far::Deaf | Far::Ready(_) | Far::Busy) => {
                self.accept_again(id, offer, false);
            }
        }
    }

    pub(super) fn takes_updates(&self, client: api::id::WebClientId) -> bool {
        self.web
            .get(client)
            .is_some_and(|client| client.takes_updates)
    }

    /// Whether the page of a call could be asked for a change now.
    pub(super) fn can_be_asked(&self, id: &ChannelId) -> bool {
        let up = self.channels.get(id).is_some_and(|live| live.is_up());
        up && self.as_web_leg(id).is_some_and(|leg| {
            leg.peer_lives && matches!(leg.stage, Stage::Agreed) && self.takes_updates(leg.client)
        })
    }

    /// Lets the peer answer an offer that changes the call. The codec in use stays, if the page lets it.
    fn accept_again(&mut self, id: &ChannelId, offer: &str, video: bool) {
        let far = self.partner(id).map(|far| self.far_side(&far));
        let Some(leg) = self.web_leg(id) else { return };
        leg.stage = Stage::Updating;
        if let Some(far) = far {
            leg.fit(far);
        }
        leg.wants_video = video;
        leg.prefer = leg.spec.as_ref().map(|spec| spec.send.codec);
        let (peer, offer) = (leg.peer, offer.to_owned());
        if let Some(wish) = self.peer_wish(id) {
            self.peers(WebCommand::Accept { peer, offer, wish });
        }
    }

    /// Makes an offer that changes the call of a page; `by` waits for what becomes of it.
    pub(super) fn reoffer(&mut self, id: &ChannelId, by: Option<ChannelId>, video: bool) {
        let far = self.partner(id).map(|far| self.far_side(&far));
        let Some(leg) = self.web_leg(id) else { return };
        leg.stage = Stage::Reoffering { by };
        if let Some(far) = far {
            leg.fit(far);
        }
        leg.wants_video = video;
        // What our offer ends is over, whatever the page says to it.
        leg.video = leg.video.filter(|_| video);
        leg.prefer = leg.spec.as_ref().map(|spec| spec.send.codec);
        let peer = leg.peer;
        if let Some(mut wish) = self.peer_wish(id) {
            wish.video = video;
            self.peers(WebCommand::Offer { peer, wish });
        }
    }

    /// Our offer is written: the page gets it, and has some time to answer.
    pub(super) fn ask_page(&mut self, id: &ChannelId, by: Option<ChannelId>, offer: Arc<str>) {
        let Some(leg) = self.web_leg(id) else { return };
        leg.stage = Stage::Asked { by };
        leg.times_asked += 1;
        let time = leg.times_asked;
        self.tell_page(id, |channel| WebEventKind::UpdateReceived {
            channel,
            offer,
        });
        self.timers.set(
            self.now.mono + PATIENCE,
            Deadline::WebUpdate(id.clone(), time),
        );
    }

    /// The page had its time.
    pub(crate) fn page_is_silent(&mut self, id: &ChannelId, time: u64) {
        let Some(leg) = self.web_leg(id).filter(|leg| leg.times_asked == time) else {
            return;
        };
        let Stage::Asked { by } = &mut leg.stage else {
            return;
        };
        let by = by.take();
        leg.stage = Stage::Agreed;
        self.update_failed(id, TIMEOUT);
        self.page_decided(id, by, false);
    }

    /// The peer has read the page's answer to a change.
    pub(super) fn page_agreed(
        &mut self,
        id: &ChannelId,
        by: Option<ChannelId>,
        mut agreed: WebAgreed,
        takes_video: bool,
    ) {
        let Some(leg) = self.web_leg(id) else { return };
        leg.stage = Stage::Agreed;
        let held = is_held(&agreed);
        agreed.video = agreed.video.filter(|_| takes_video);
        let video = agreed.video.is_some();
        if self.media_agreed(id, agreed) {
            self.mark_held_by_peer(id, held);
        }
        self.page_decided(id, by, video);
    }

    /// What a page said to a change: the one that wanted it gets its answer.
    pub(super) fn page_decided(&mut self, id: &ChannelId, by: Option<ChannelId>, video: bool) {
        // One whose far side left in between has had it.
        if let Some(by) = by.filter(|by| self.partner(by).as_ref() == Some(id)) {
            self.answer_asking(&by, video);
        }
    }

    /// Whom a page's change was meant for has gone: it is answered without.
    pub(crate) fn far_page_went(&mut self, id: &ChannelId) {
        if self.channels.get(id).is_some_and(|live| live.is_up()) {
            self.answer_asking(id, false);
        }
    }

    fn answer_asking(&mut self, id: &ChannelId, video: bool) {
        self.answer_phone(id, video);
        if let Some(Stage::Asking { offer }) = self.as_web_leg(id).map(|leg| &leg.stage) {
            let offer = offer.clone();
            self.accept_again(id, &offer, video);
        }
    }

    pub(super) fn update_failed(&mut self, id: &ChannelId, code: u16) {
        self.tell_page(id, |channel| WebEventKind::UpdateFailed {
            channel,
            code,
            phrase: reason_phrase(code).into(),
        });
    }
}

/// Whether a page listens no more: it has put us on hold.
pub(super) fn is_held(agreed: &WebAgreed) -> bool {
    agreed
        .audio
        .as_ref()
        .is_some_and(|spec| !spec.direction.sends())
}
