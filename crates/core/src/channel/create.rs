//! Making channels, with the events and variables of their first moments (event-socket.md §5.3 S1, S2).

use std::collections::VecDeque;
use std::sync::Arc;

use api::event::ChannelEvent;
use api::view::{
    CallerProfile, Channel, ChannelState, Codec, Direction, OtherLeg, OtherType, ProfileTimes,
};
use api::{ChannelId, Timestamp};
use media::control::{LegId, LegKind, MediaCommand};

use super::{Live, MediaLeg};
use crate::Switch;
use crate::leg::{LegEnd, Line};
use crate::originate::AttemptId;
use crate::script::Script;
use crate::work::Work;

/// Sampling rate of legs that have no codec of their own (`null`, `loopback`), hertz.
pub(crate) const INTERNAL_RATE_HZ: u32 = 8000;

/// A leg the switch makes.
pub(crate) struct OutboundChannel {
    /// Chosen by the client (`origination_uuid`), when free.
    pub(crate) id: Option<ChannelId>,
    pub(crate) end: LegEnd,
    pub(crate) name: String,
    /// `sofia`, `loopback`, `null`.
    pub(crate) endpoint: &'static str,
    pub(crate) profile: CallerProfile,
    /// The channel whose `bridge` makes it.
    pub(crate) originator: Option<ChannelId>,
    /// Variables of the dial string, in the order they are set.
    pub(crate) variables: Vec<(Arc<str>, Arc<str>)>,
    /// Variables of the endpoint, set before those of the dial string.
    pub(crate) endpoint_variables: Vec<(&'static str, String)>,
    /// Request-URI of SIP channels.
    pub(crate) destination_url: Option<String>,
    pub(crate) attempt: AttemptId,
    /// A media leg that is open already.
    pub(crate) media: MediaLeg,
}

/// A leg that arrived.
pub(crate) struct InboundChannel {
    pub(crate) end: LegEnd,
    pub(crate) name: String,
    pub(crate) profile: CallerProfile,
    pub(crate) variables: Vec<(&'static str, String)>,
    pub(crate) media: MediaLeg,
}

impl Switch {
    /// Whether one more channel may be made; counts it when so.
    pub(crate) fn admit(&mut self) -> bool {
        let settings = self.view.settings;
        if self.channels.len() as u64 >= settings.max_sessions || settings.draining {
            return false;
        }
        self.rates
            .admit(self.now.mono, settings.sessions_per_second)
    }

    /// A media leg that still has to be opened.
    pub(crate) fn new_media(&mut self, worker: usize) -> MediaLeg {
        self.serials.leg += 1;
        MediaLeg {
            id: LegId(self.serials.leg),
            worker,
            open: false,
            opening: false,
            closing: false,
            local: None,
            ssrc: None,
            line: Line::Closed,
            stats: None,
        }
    }

    /// Opens a media leg.
    pub(crate) fn open_media(&mut self, media: &mut MediaLeg, kind: LegKind) {
        media.opening = true;
        self.media(
            media.worker,
            MediaCommand::OpenLeg {
                leg: media.id,
                kind,
            },
        );
    }

    fn blank(
        &mut self,
        id: ChannelId,
        name: &str,
        direction: Direction,
        end: LegEnd,
        media: MediaLeg,
    ) -> Live {
        self.serials.session += 1;
        let seen = Channel::new(id.clone(), self.serials.session, name, direction);
        self.legs.insert(media.id, id);
        Live {
            seen: Arc::new(seen),
            end,
            media,
            script: Script::default(),
            messages: VecDeque::new(),
            digits: VecDeque::new(),
            dialed: String::new(),
            meta: Default::default(),
            digit_actions: Default::default(),
            attempt: None,
            bridge: None,
            records: Vec::new(),
            displaced: Vec::new(),
            tones: Vec::new(),
            program: None,
            blocks_digits: false,
            held_by_us: false,
            held_by_peer: false,
            held: false,
            hold_since: Timestamp::ZERO,
            presence_events: 0,
            heartbeat_s: 0,
            log_level: None,
            ending: false,
            inline_route: None,
            referrer: None,
            limits: Vec::new(),
            old_profiles: Vec::new(),
        }
    }

    /// An id nobody has: the one asked for, or a new one.
    pub(crate) fn free_id(&mut self, wanted: Option<ChannelId>) -> ChannelId {
        match wanted {
            Some(id) if !self.channels.contains_key(&id) => id,
            Some(_) | None => loop {
                let id = ChannelId::from_uuid(self.new_uuid());
                if !self.channels.contains_key(&id) {
                    break id;
                }
            },
        }
    }

    /// Sets the codec of an internal leg: two CODEC events.
    fn set_internal_codec(&mut self, id: &ChannelId, announce: bool) {
        let codec = Codec {
            name: "L16".into(),
            rate_hz: INTERNAL_RATE_HZ,
            bit_rate: INTERNAL_RATE_HZ * 16,
        };
        for read in [true, false] {
            if let Some(live) = self.channels.get_mut(id) {
                let seen = live.seen_mut();
                let (slot, codec_name, rate_name) = if read {
                    (&mut seen.read_codec, "read_codec", "read_rate")
                } else {
                    (&mut seen.write_codec, "write_codec", "write_rate")
                };
                *slot = Some(codec.clone());
                seen.variables.set(codec_name, &*codec.name);
                seen.variables.set(rate_name, codec.rate_hz.to_string());
            }
            if announce {
                self.emit(id, ChannelEvent::CodecSet { read });
            }
        }
    }

    /// The only sign of a channel whose endpoint found nowhere to go: CHANNEL_DESTROY (recorded).
    pub(crate) fn stillborn(&mut self) {
        let id = self.free_id(None);
        let media = self.new_media(0);
        let leg = media.id;
        // The name clients see of a channel that has none.
        let mut live = self.blank(id.clone(), "N/A", Direction::Outbound, LegEnd::Null, media);
        live.seen_mut().next_state = ChannelState::New;
        let serial = live.seen.serial;
        self.channels.insert(id.clone(), live);
        self.counters_created();
        self.set_var(&id, "direction", "outbound");
        self.set_var(&id, "is_outbound", "true");
        self.set_var(&id, "uuid", id.as_str());
        self.set_var(&id, "call_uuid", id.as_str());
        self.set_var(&id, "session_id", serial.to_string());
        self.emit(&id, ChannelEvent::Destroyed);
        self.channels.remove(&id);
        self.legs.remove(&leg);
        self.touch(&id);
    }

    /// Makes an outbound channel up to CHANNEL_OUTGOING; its endpoint starts as a later piece of work.
    pub(crate) fn create_outbound(&mut self, new: OutboundChannel) -> ChannelId {
        let id = self.free_id(new.id);
        let live = self.blank(
            id.clone(),
            &new.name,
            Direction::Outbound,
            new.end,
            new.media,
        );
        let serial = live.seen.serial;
        let internal = live.end.is_internal();
        self.channels.insert(id.clone(), live);
        self.counters_created();
        self.set_var(&id, "direction", "outbound");
        self.set_var(&id, "is_outbound", "true");
        self.set_var(&id, "uuid", id.as_str());
        if new.originator.is_none() {
            self.set_var(&id, "call_uuid", id.as_str());
        }
        self.set_var(&id, "session_id", serial.to_string());
        if internal {
            self.set_internal_codec(&id, true);
        }
        self.set_vars(&id, &new.endpoint_variables);
        self.set_var(&id, "channel_name", new.name.as_str());
        if let Some(url) = &new.destination_url {
            self.set_var(&id, "sip_destination_url", url.as_str());
        }
        if let Some(a) = &new.originator {
            self.tie_to_originator(&id, a);
        }
        for (name, value) in &new.variables {
            self.set_var(&id, name, &**value);
        }
        let now = self.now.wall;
        if let Some(live) = self.channels.get_mut(&id) {
            let mut profile = new.profile;
            profile.unique_id = id.clone();
            profile.channel_name = new.name.as_str().into();
            profile.times.created = now;
            profile.times.profile_created = now;
            let profile = Arc::new(profile);
            let seen = live.seen_mut();
            seen.initial = Some(profile.clone());
            seen.profile = Some(profile);
            seen.next_state = ChannelState::Init;
            live.attempt = Some(new.attempt);
        }
        self.emit(&id, ChannelEvent::Outgoing);
        // Only now does the leg belong to the call of the leg that made it (recorded).
        if let Some(a) = &new.originator {
            let call = self
                .channels
                .get(a)
                .map_or_else(|| a.to_string(), |live| live.seen.call_id().to_owned());
            self.set_var(&id, "call_uuid", call);
        }
        let early = !self.var_true(&id, "ignore_early_media");
        self.set_var(&id, "originate_early_media", early.to_string());
        if let Some(a) = &new.originator {
            self.set_var(&id, "originating_leg_uuid", a.as_str());
        }
        self.set_var(&id, "originate_endpoint", new.endpoint);
        self.apply_channel_switches(&id);
        tracing::info!(channel = %id, name = %new.name, "New channel");
        self.work.push_back(Work::StartEnd(id.clone()));
        id
    }

    /// What the leg of a `bridge` inherits from the leg that runs it.
    fn tie_to_originator(&mut self, id: &ChannelId, a: &ChannelId) {
        let Some(live_a) = self.channels.get(a) else {
            return;
        };
        let hops = live_a
            .seen
            .variables
            .text("max_forwards")
            .and_then(|n| n.parse::<u32>().ok())
            .map_or(70, |n| n.saturating_sub(1));
        let codec = live_a
            .seen
            .read_codec
            .as_ref()
            .map(|c| format!("{}@{}h@20i", c.name, c.rate_hz));
        let profile = live_a.seen.profile.clone();
        let exported = self.exported(a);
        self.set_var(id, "max_forwards", hops.to_string());
        if let Some(codec) = codec {
            self.set_var(id, "originator_codec", codec);
        }
        self.set_var(id, "originator", a.as_str());
        self.set_var(id, "signal_bond", a.as_str());
        for (name, value) in exported {
            self.set_var(id, &name, &*value);
        }
        if let (Some(profile), Some(live)) = (profile, self.channels.get_mut(id)) {
            // A leg never learns the times of the one that made it (recorded).
            let mut profile = (*profile).clone();
            profile.times = ProfileTimes::default();
            live.seen_mut().other = Some(other_leg(OtherType::Originator, &profile));
        }
    }

    /// The variables named in `export_vars` (and `bridge_export_vars`) with their values.
    pub(crate) fn exported(&self, a: &ChannelId) -> Vec<(Arc<str>, Arc<str>)> {
        let Some(live) = self.channels.get(a) else {
            return Vec::new();
        };
        let variables = &live.seen.variables;
        let lists = ["export_vars", "bridge_export_vars"]
            .into_iter()
            .filter_map(|name| variables.text(name));
        let mut out: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        for name in lists.flat_map(|list| list.split(',')).map(str::trim) {
            if let Some(value) = variables.get(name)
                && !out.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
            {
                out.push((name.into(), value.to_text()));
            }
        }
        out
    }

    /// Makes an inbound channel; its first states and the dialplan follow as a later piece of work.
    pub(crate) fn create_inbound(&mut self, new: InboundChannel) -> ChannelId {
        let id = self.free_id(None);
        let live = self.blank(
            id.clone(),
            &new.name,
            Direction::Inbound,
            new.end,
            new.media,
        );
        let serial = live.seen.serial;
        let internal = live.end.is_internal();
        self.channels.insert(id.clone(), live);
        self.counters_created();
        self.set_var(&id, "direction", "inbound");
        self.set_var(&id, "uuid", id.as_str());
        self.set_var(&id, "call_uuid", id.as_str());
        self.set_var(&id, "session_id", serial.to_string());
        if internal {
            self.set_var(&id, "channel_name", new.name.as_str());
            self.set_internal_codec(&id, true);
        } else {
            self.enter_state(&id, ChannelState::New);
        }
        self.set_vars(&id, &new.variables);
        let now = self.now.wall;
        if let Some(live) = self.channels.get_mut(&id) {
            let mut profile = new.profile;
            profile.unique_id = id.clone();
            profile.channel_name = new.name.as_str().into();
            profile.times.created = now;
            profile.times.profile_created = now;
            let profile = Arc::new(profile);
            let seen = live.seen_mut();
            seen.initial = Some(profile.clone());
            seen.profile = Some(profile);
            seen.next_state = ChannelState::Init;
        }
        tracing::info!(channel = %id, name = %new.name, "New channel");
        self.work.push_back(Work::RouteInbound(id.clone()));
        id
    }
}

/// Another leg's profile as this leg's events show it.
pub(crate) fn other_leg(kind: OtherType, profile: &CallerProfile) -> OtherLeg {
    let mut profile = profile.clone();
    profile.logical_direction = Direction::Inbound;
    // Neither belongs to what one leg knows of the other (recorded).
    profile.index = 0;
    profile.transfer_source = "".into();
    OtherLeg {
        kind,
        profile: Arc::new(profile),
    }
}
