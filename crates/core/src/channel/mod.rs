//! A live channel: what clients see of it, and what only the switch needs to know.

mod create;
mod end;
mod profile;
mod state;
mod variables;

pub(crate) use create::{INTERNAL_RATE_HZ, InboundChannel, OutboundChannel, other_leg};
pub(crate) use profile::profile_field;
pub(crate) use variables::Scope;
pub use variables::lookup_of;

use std::collections::VecDeque;
use std::sync::Arc;

use api::view::{CallerProfile, Channel, TableKey};
use api::{ChannelId, Timestamp};
use media::control::{LegId, RecordId};

use crate::leg::{LegEnd, Line};
use crate::originate::AttemptId;
use crate::script::app::{DigitActions, MetaKeys};
use crate::script::{QueuedMessage, Script};

/// One channel. `seen` is what events and views share; everything else is ours.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) seen: Arc<Channel>,
    pub(crate) end: LegEnd,
    pub(crate) media: MediaLeg,
    pub(crate) script: Script,
    /// `sendmsg` and the like, waiting for an application that reads them.
    pub(crate) messages: VecDeque<QueuedMessage>,
    /// Digits not yet read by an application.
    pub(crate) digits: VecDeque<PendingDigit>,
    /// All digits read so far (`digits_dialed`).
    pub(crate) dialed: String,
    /// The originate it belongs to while nobody has won yet.
    pub(crate) attempt: Option<AttemptId>,
    pub(crate) bridge: Option<Bridge>,
    pub(crate) records: Vec<RunningRecord>,
    /// Files in the place of its sound.
    pub(crate) displaced: Vec<crate::displace::Displaced>,
    /// Tones looked for in its sound.
    pub(crate) tones: Vec<crate::tones::ToneWatch>,
    /// The program that has its sound while it is parked.
    pub(crate) program: Option<crate::unicast::Program>,
    /// Its digits are nobody's (`block_dtmf`).
    pub(crate) blocks_digits: bool,
    /// A program or dialplan holds it.
    pub(crate) held_by_us: bool,
    /// Whoever is at its end holds us.
    pub(crate) held_by_peer: bool,
    /// One of the two, as far as clients have been told.
    pub(crate) held: bool,
    /// Start of the present hold.
    pub(crate) hold_since: Timestamp,
    pub(crate) presence_events: u32,
    pub(crate) heartbeat_s: u32,
    /// How much of the log is shown of it, where it has a level of its own.
    pub(crate) log_level: Option<i8>,
    /// Hangup has begun; the reporting states follow.
    pub(crate) ending: bool,
    /// The applications it is transferred to, in the notation of the `inline` dialplan, until they are begun.
    pub(crate) inline_route: Option<Arc<str>>,
    /// The phone's channel that sent it elsewhere and waits to hear how that goes.
    pub(crate) referrer: Option<ChannelId>,
    /// Keys bound to applications (`bind_meta_app`).
    pub(crate) meta: MetaKeys,
    /// Digits bound to applications (`bind_digit_action`).
    pub(crate) digit_actions: DigitActions,
    /// Resources it has taken (`limit`).
    pub(crate) limits: Vec<TableKey>,
    /// Earlier profiles, newest first (transfers).
    pub(crate) old_profiles: Vec<Arc<CallerProfile>>,
}

/// The media end of a channel.
#[derive(Debug)]
pub(crate) struct MediaLeg {
    pub(crate) id: LegId,
    pub(crate) worker: usize,
    pub(crate) open: bool,
    pub(crate) opening: bool,
    /// `CloseLeg` was sent; the last report is awaited.
    pub(crate) closing: bool,
    /// RTP address of ours.
    pub(crate) local: Option<std::net::SocketAddr>,
    /// SSRC of what it sends.
    pub(crate) ssrc: Option<u32>,
    /// The ports of its video, where it is a phone's.
    pub(crate) line: Line,
    /// What it counted, once it is closed.
    pub(crate) stats: Option<media::control::LegStats>,
}

/// A digit waiting to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PendingDigit {
    pub(crate) digit: char,
    /// Samples at 8 kHz.
    pub(crate) duration: u32,
    pub(crate) source: api::event::DtmfSource,
}

/// A channel's side of a bridge.
#[derive(Clone, Debug)]
pub(crate) struct Bridge {
    pub(crate) peer: ChannelId,
    /// This side is the A leg.
    pub(crate) is_a: bool,
    /// Made by the `bridge` application of the A leg, not by a command.
    pub(crate) by_application: bool,
}

/// A recording beside the call.
#[derive(Clone, Debug)]
pub(crate) struct RunningRecord {
    pub(crate) id: RecordId,
    pub(crate) path: Arc<str>,
    pub(crate) variables: Vec<(Arc<str>, Arc<str>)>,
    /// Who waits to hear that the file is open.
    pub(crate) request: Option<api::RequestId>,
    /// It was told to stop; the file is still being completed.
    pub(crate) stopping: bool,
}

impl Live {
    /// For changing what clients see.
    pub(crate) fn seen_mut(&mut self) -> &mut Channel {
        Arc::make_mut(&mut self.seen)
    }

    /// For changing the caller profile, which exists from the channel's first moments.
    pub(crate) fn profile_mut(&mut self) -> &mut CallerProfile {
        let id = self.seen.id.clone();
        let direction = self.seen.direction;
        let seen = Arc::make_mut(&mut self.seen);
        Arc::make_mut(
            seen.profile
                .get_or_insert_with(|| Arc::new(CallerProfile::new(id, direction))),
        )
    }

    pub(crate) fn id(&self) -> &ChannelId {
        &self.seen.id
    }

    /// Whether its media leg is being opened, or its codec being agreed on.
    pub(crate) fn awaits_media(&self) -> bool {
        let agreeing = match &self.end {
            LegEnd::Web(leg) => leg.is_being_answered(),
            LegEnd::Sip(_) | LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => false,
        };
        self.media.opening && !self.media.open || agreeing
    }

    pub(crate) fn is_up(&self) -> bool {
        !self.ending
    }
}
