//! Deadlines of the switch: one heap, one answer to "when must I be woken".

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::ChannelId;
use api::id::{MessageId, TaskId, WebClientId};
use media::control::{PlayId, RoomId, WatchId};
use sip::event::SubscriptionId;

use crate::gateway::GatewayId;
use crate::originate::{AttemptId, OriginateId};
use crate::registration_client::RegistrationId;

/// What is due. A deadline that no longer matters is found to be stale when it fires.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Deadline {
    /// HEARTBEAT.
    Heartbeat,
    /// Once per second: rates and peaks.
    Second,
    /// An application of a channel waits; the number tells old waits from new ones.
    Application(ChannelId, u64),
    /// A channel pressed no other digit; the number tells old waits from new ones.
    Digits(ChannelId, u64),
    /// The lead frames of a queued message have passed.
    Messages(ChannelId),
    /// An originate rings too long.
    Originate(OriginateId),
    /// A leg of an originate rings too long, or starts late.
    Leg(AttemptId),
    /// A scheduled task.
    Task(TaskId),
    /// SESSION_HEARTBEAT.
    SessionHeartbeat(ChannelId),
    /// A conference without the member it ends with.
    RoomEnds(RoomId),
    /// Registrations expire.
    Registrations,
    /// Pause between digits sent to a leg without network.
    Drain,
    /// A page does not answer a change of its call; the number tells old waits from new ones.
    WebUpdate(ChannelId, u64),
    /// A web client's registration is renewed.
    WebClient(WebClientId),
    /// A gateway is begun, looked for, asked whether it is there, or its registration is over.
    Gateway(GatewayId),
    /// A registration with another server is renewed, or tried again.
    ClientRegistration(RegistrationId),
    /// Whoever keeps a message has not said that it is kept.
    Message(MessageId),
    /// A subscription to a lamp is over, or was refreshed meanwhile.
    Subscription(SubscriptionId),
    /// What displaces somebody's sound has done so for long enough.
    Displaced(PlayId),
    /// A tone was to be heard by now.
    Tone(WatchId),
    /// A member of a fifo has rested, or is forgotten.
    Fifo(Arc<str>),
}

/// Longest wait. Programs and dial strings name times of their own, and some would be past the end of the clock.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// When a wait that begins now is over, or a year from now if that is sooner.
pub(crate) fn in_time(now: Instant, span: Duration) -> Instant {
    now + span.min(LONGEST)
}

/// The heap.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, u64, Deadline)>>,
    order: u64,
}

impl Timers {
    pub(crate) fn set(&mut self, at: Instant, what: Deadline) {
        self.order += 1;
        self.heap.push(Reverse((at, self.order, what)));
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _, _))| *at)
    }

    /// The next deadline that is due.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<Deadline> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, _, what))| what)
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }
}
