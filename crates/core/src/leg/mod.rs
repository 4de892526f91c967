//! What a channel talks to: SIP, a page's WebRTC peer, nothing, or the other half of a loopback.

pub(crate) mod bypass;
mod inbound;
mod invite_plan;
mod loopback;
mod negotiate;
mod null;
mod phone_video;
mod pickup;
mod refer;
mod reinvite;
mod replaces;
mod secure;
mod sip_events;
mod sip_info;
mod sip_leg;
mod sip_request;
mod sip_response;
mod statistics;
mod web_end;
mod web_leg;
mod web_reports;
mod web_update;

pub(crate) use invite_plan::{InviteContact, InvitePlan};
pub(crate) use phone_video::{Line, PhoneVideo};
pub use secure::is_secure_media;
pub(crate) use secure::{Security, shown_description};
pub(crate) use sip_leg::SipLeg;
pub(crate) use web_leg::{Participation, WebLeg};

use api::event::ChannelEvent;
use api::view::ChannelState;
use api::{ChannelId, HangupCause};
use media::control::{LegKind, MediaCommand};
use sip::message::Method;

use crate::Switch;
use crate::channel::INTERNAL_RATE_HZ;
use crate::config::ProfileConfig;

/// The far side of a channel.
#[derive(Debug)]
pub(crate) enum LegEnd {
    Sip(Box<SipLeg>),
    Web(Box<WebLeg>),
    Null,
    /// Nobody, until somebody takes calls of that group.
    Pickup(Box<str>),
    Loopback(LoopbackHalf),
}

/// One half of a loopback.
#[derive(Debug)]
pub(crate) struct LoopbackHalf {
    /// The other half.
    pub(crate) other: ChannelId,
    /// Where the `-b` half goes; used once.
    pub(crate) destination: LoopbackDestination,
    /// Variables of the dial string, which both halves get.
    pub(crate) variables: api::dial::VariableList,
}

/// `loopback/<extension>[/<context>[/<dialplan>]]`
#[derive(Clone, Debug, Default)]
pub(crate) struct LoopbackDestination {
    pub(crate) extension: Box<str>,
    pub(crate) context: Box<str>,
    pub(crate) dialplan: Box<str>,
    /// The part written last, which clients see as the callee's number (recorded).
    pub(crate) last: Box<str>,
}

impl LegEnd {
    /// Without a network and with a codec of the switch's own.
    pub(crate) fn is_internal(&self) -> bool {
        match self {
            Self::Sip(_) | Self::Web(_) => false,
            Self::Null | Self::Pickup(_) | Self::Loopback(_) => true,
        }
    }

    pub(crate) fn is_loopback(&self) -> bool {
        matches!(self, Self::Loopback(_))
    }
}

/// How our SIP endpoint is set up.
pub(crate) fn endpoint_config(profiles: &[ProfileConfig]) -> sip::endpoint::EndpointConfig {
    let addresses = profiles.iter().flat_map(|profile| {
        let both = [Some(profile.sip), profile.tls];
        both.into_iter()
            .flatten()
            .map(|address| (address, profile.extensions))
    });
    sip::endpoint::EndpointConfig {
        user_agent: concat!("Jackfield/", env!("CARGO_PKG_VERSION")).into(),
        // Others are refused by the endpoint itself.
        methods: vec![
            Method::Register,
            Method::Options,
            Method::Refer,
            Method::Notify,
            Method::Message,
            Method::Subscribe,
        ],
        supported: vec!["path".into(), "replaces".into()],
        extensions: addresses.collect(),
        ..sip::endpoint::EndpointConfig::default()
    }
}

impl Switch {
    /// A new outbound channel goes through its first states, then its endpoint acts.
    pub(crate) fn start_end(&mut self, id: &ChannelId) {
        if self.channels.get(id).is_none_or(|live| !live.is_up()) {
            return;
        }
        self.enter_state(id, ChannelState::Init);
        let loopback = self
            .channels
            .get(id)
            .is_some_and(|live| live.end.is_loopback());
        if loopback {
            self.create_other_half(id);
        }
        self.set_next_state(id, ChannelState::Routing);
        self.emit(id, ChannelEvent::Created);
        self.emit(id, ChannelEvent::Originated);
        self.route_outbound(id);
        let Some(live) = self.channels.get(id) else {
            return;
        };
        match &live.end {
            LegEnd::Sip(_) => self.send_invite(id),
            LegEnd::Web(_) => self.start_web(id),
            LegEnd::Null => self.start_null(id),
            LegEnd::Pickup(_) => self.start_pickup(id),
            LegEnd::Loopback(_) => {}
        }
    }

    /// Opens the media leg of an internal channel.
    pub(crate) fn open_internal_media(&mut self, id: &ChannelId, kind: LegKind) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        // Internal legs cannot fail to open, and commands keep their order: they count as open at once.
        live.media.open = true;
        let (worker, leg) = (live.media.worker, live.media.id);
        self.media(worker, MediaCommand::OpenLeg { leg, kind });
    }

    /// `answer`: an inbound channel is answered, an outbound one is not ours to answer.
    pub(crate) fn answer_channel(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        if !live.is_up()
            || live.seen.is_answered()
            || live.seen.direction == api::view::Direction::Outbound
        {
            return;
        }
        match &live.end {
            LegEnd::Sip(_) => self.answer_sip(id),
            LegEnd::Web(_) => self.answer_web(id),
            LegEnd::Null => self.mark_answered(id),
            // Never inbound.
            LegEnd::Pickup(_) => {}
            LegEnd::Loopback(_) => self.answer_loopback(id),
        }
    }

    /// `pre_answer`: early media towards an inbound channel.
    pub(crate) fn pre_answer_channel(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        let ringing = live.seen.answer == api::view::AnswerState::Ringing;
        if !live.is_up() || !ringing || live.seen.direction == api::view::Direction::Outbound {
            return;
        }
        match &live.end {
            LegEnd::Sip(_) => self.pre_answer_sip(id),
            LegEnd::Web(_) => self.pre_answer_web(id),
            LegEnd::Null => self.mark_early(id),
            LegEnd::Pickup(_) => {}
            LegEnd::Loopback(_) => self.pre_answer_loopback(id),
        }
    }

    /// An application needs to be heard: unanswered callers get early media.
    pub(crate) fn pre_answer_if_needed(&mut self, id: &ChannelId) {
        self.pre_answer_channel(id);
    }

    /// `ring_ready`: an inbound channel is told that it rings.
    pub(crate) fn ring_channel(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        if !live.is_up() || live.seen.direction == api::view::Direction::Outbound {
            return;
        }
        match &live.end {
            LegEnd::Sip(_) => self.ring_sip(id),
            LegEnd::Web(_) => self.ring_web(id),
            LegEnd::Null => self.mark_ringing(id),
            LegEnd::Pickup(_) => {}
            LegEnd::Loopback(_) => self.ring_loopback(id),
        }
    }

    /// The far side is told that the channel ends.
    pub(crate) fn end_leg(&mut self, id: &ChannelId, cause: HangupCause) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        match &live.end {
            LegEnd::Sip(_) => self.end_sip(id, cause),
            LegEnd::Web(_) => self.end_web(id, cause),
            LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => {}
        }
    }

    /// The rate internal legs run at.
    pub(crate) fn internal_kind() -> LegKind {
        LegKind::Null {
            rate_hz: INTERNAL_RATE_HZ,
        }
    }
}
