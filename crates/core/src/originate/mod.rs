//! Calling somebody: dial strings become legs, legs race, one wins (event-socket.md §6.4).

mod attempt;
mod expand;
mod outbound;
mod privacy;
mod race;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use api::command::call::{Originate as OriginateCommand, Then};
use api::dial::{DialString, VariableList};
use api::{ChannelId, CommandError, HangupCause, RequestId};

use crate::Switch;
use crate::fifo::MemberCallId;
use crate::queue::OfferId;
use crate::room::conference_of;
use crate::timers::{Deadline, in_time};
use crate::video_room::Invitation;
use crate::work::Work;

pub(crate) use attempt::LegState;
pub(crate) use outbound::{NO_NAME, escape_user};
pub(crate) use privacy::{ANONYMOUS, ANONYMOUS_ADDRESS, Privacy};

/// How long a call may ring when nobody says otherwise (event-socket.md §6.4).
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// One originate in progress.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct OriginateId(u64);

/// One leg of an originate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct AttemptId {
    pub(crate) originate: OriginateId,
    pub(crate) leg: usize,
}

/// What a call is for.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// A client's `originate`.
    Command { request: RequestId, then: Then },
    /// The `bridge` application of a channel.
    Bridge { a: ChannelId },
    /// A conference calls somebody in.
    Room {
        room: Arc<str>,
        request: Option<RequestId>,
        job: Option<api::JobId>,
    },
    /// Somebody in a video room wants somebody else in.
    VideoRoom(Box<Invitation>),
    /// A fifo calls a member, for whoever waits longest just then.
    Fifo(MemberCallId, ChannelId),
    /// A queue calls an agent for a caller.
    Queue(OfferId, ChannelId),
    /// Whoever answers hears this file (`page`).
    Page(Arc<str>),
}

/// An originate in progress.
#[derive(Debug)]
pub(crate) struct Originate {
    pub(crate) purpose: Purpose,
    threads: Vec<ThreadRun>,
    pub(crate) legs: Vec<LegState>,
    /// `<…>`, for every leg.
    variables: VariableList,
    caller_id_name: Option<Arc<str>>,
    caller_id_number: Option<Arc<str>>,
    /// What the whole fails with when nothing else is known.
    last_cause: HangupCause,
    /// What the last refusal by SIP said.
    last_status: Option<u16>,
    /// Set when it has been decided; legs still ending no longer matter.
    decided: bool,
    worker: usize,
}

impl Originate {
    /// Name and number shown to whoever is called, unless the dial string says otherwise.
    pub(crate) fn set_caller_id(&mut self, name: Option<Arc<str>>, number: Option<Arc<str>>) {
        self.caller_id_name = name;
        self.caller_id_number = number;
    }
}

/// Hunts tried one after the other.
#[derive(Debug)]
struct ThreadRun {
    variables: VariableList,
    hunts: VecDeque<Vec<api::dial::Leg>>,
    /// Legs of the present hunt.
    current: Vec<usize>,
    started: bool,
    exhausted: bool,
}

impl Switch {
    /// `originate`
    pub(crate) fn originate_command(&mut self, request: RequestId, command: OriginateCommand) {
        if self.view.settings.paused_outbound || self.view.settings.draining {
            let error = CommandError::call_failed(HangupCause::DestinationOutOfOrder);
            self.refuse(request, error);
            return;
        }
        let OriginateCommand {
            dial,
            then,
            caller_id_name,
            caller_id_number,
            timeout,
        } = command;
        let id = self.originate(dial, timeout, Purpose::Command { request, then });
        if let Some(originate) = self.originates.get_mut(&id) {
            originate.set_caller_id(caller_id_name, caller_id_number);
        }
    }

    /// Begins to call. The first legs are made as a later piece of work of the same step.
    pub(crate) fn originate(
        &mut self,
        dial: DialString,
        timeout: Option<Duration>,
        purpose: Purpose,
    ) -> OriginateId {
        self.serials.originate += 1;
        let id = OriginateId(self.serials.originate);
        let worker = match &purpose {
            Purpose::Bridge { a } | Purpose::Queue(_, a) | Purpose::Fifo(_, a) => {
                self.channels.get(a).map_or(0, |live| live.media.worker)
            }
            Purpose::Room { room, .. } => self.room_worker(room),
            Purpose::VideoRoom(invitation) => self.room_worker(&conference_of(&invitation.room)),
            Purpose::Command { .. } | Purpose::Page(_) => self.place(),
        };
        let threads = dial
            .threads
            .into_iter()
            .map(|thread| ThreadRun {
                variables: thread.variables,
                hunts: thread.hunts.into(),
                current: Vec::new(),
                started: false,
                exhausted: false,
            })
            .collect::<Vec<_>>();
        let named = |name: &str| {
            threads
                .iter()
                .flat_map(|t| &t.variables)
                .chain(&dial.variables)
                .find(|(n, _)| n.eq_ignore_ascii_case(name))
                .and_then(|(_, v)| v.parse::<u64>().ok())
                .map(Duration::from_secs)
        };
        let limit = named("originate_timeout")
            .or_else(|| named("call_timeout"))
            .or(timeout)
            .unwrap_or(DEFAULT_TIMEOUT);
        self.originates.insert(
            id,
            Originate {
                purpose,
                threads,
                legs: Vec::new(),
                variables: dial.variables,
                caller_id_name: None,
                caller_id_number: None,
                last_cause: HangupCause::DestinationOutOfOrder,
                last_status: None,
                decided: false,
                worker,
            },
        );
        self.timers
            .set(in_time(self.now.mono, limit), Deadline::Originate(id));
        self.work.push_back(Work::Judge(id));
        id
    }

    /// Gives up a call: every leg is hung up.
    pub(crate) fn cancel_originate(&mut self, id: OriginateId, cause: HangupCause) {
        let Some(originate) = self.originates.get_mut(&id) else {
            return;
        };
        originate.decided = true;
        self.drop_legs(id, None, cause);
        self.work.push_back(Work::Judge(id));
    }
}

#[cfg(test)]
mod tests;
