//! Client transactions: the table's entry, and the non-INVITE machine (RFC 3261 §17.1.2).
//!
//! | State | 1xx | final | timer |
//! |---|---|---|---|
//! | Trying | → Proceeding, up | → Completed, up | E: send again, doubling to T2; F: timed out |
//! | Proceeding | up | → Completed, up | E: send again every T2; F: timed out |
//! | Completed | ignored | ignored | K: gone |

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::client_invite::ClientInvite;
use super::key::ClientKey;
use super::outputs::Outputs;
use super::timer::{ClientTimer, TimerId};
use crate::endpoint::Timers;
use crate::event::{SessionId, TransactionId};
use crate::message::{Message, Method};
use crate::transport::Target;

/// Who waits for the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientOwner {
    /// The INVITE that makes a session.
    Invite(SessionId),
    /// A re-INVITE, or an UPDATE with an offer.
    Reinvite(SessionId),
    /// An UPDATE that refreshes a session (RFC 4028 §7.4).
    Refresh(SessionId),
    /// A PRACK of ours.
    Prack(SessionId),
    /// The BYE we owe.
    Bye(SessionId),
    /// A request of the endpoint's owner, perhaps inside a session.
    Request(TransactionId, Option<SessionId>),
    /// Nobody: CANCEL, and BYE for what is already over.
    Nobody,
}

/// A request of ours, as its response finds it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) key: ClientKey,
    pub(crate) request: Bytes,
    pub(crate) target: Target,
}

/// What a machine says after an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientStep {
    /// Nothing for the owner.
    Nothing,
    /// The owner sees the response.
    Up,
    /// The owner sees the response and the transaction is over.
    UpAndGone,
    /// The transaction is over.
    Gone,
    /// No final response came; the transaction is over.
    TimedOut,
}

/// What a machine works with.
pub(crate) struct Context<'a> {
    pub(crate) key: ClientKey,
    pub(crate) timers: &'a Timers,
    pub(crate) outputs: &'a mut Outputs,
}

/// One client transaction.
#[derive(Debug)]
pub(crate) struct ClientTransaction {
    pub(crate) owner: ClientOwner,
    /// A response must name it in CSeq (§17.1.3).
    pub(crate) method: Method,
    machine: Machine,
}

#[derive(Debug)]
enum Machine {
    Invite(ClientInvite),
    Other(ClientOther),
}

impl ClientTransaction {
    /// Sends the request and arms its timers.
    pub(crate) fn start(
        now: Instant,
        context: &mut Context<'_>,
        owner: ClientOwner,
        method: &Method,
        request: Bytes,
        target: Target,
    ) -> Self {
        let machine = if *method == Method::Invite {
            Machine::Invite(ClientInvite::start(now, context, request, target))
        } else {
            Machine::Other(ClientOther::start(now, context, request, target))
        };
        Self {
            owner,
            method: method.clone(),
            machine,
        }
    }

    pub(crate) fn on_response(
        &mut self,
        now: Instant,
        context: &mut Context<'_>,
        response: &Message,
        code: u16,
    ) -> ClientStep {
        match &mut self.machine {
            Machine::Invite(machine) => machine.on_response(now, context, response, code),
            Machine::Other(machine) => machine.on_response(now, context, code),
        }
    }

    pub(crate) fn on_timer(
        &mut self,
        now: Instant,
        context: &mut Context<'_>,
        timer: ClientTimer,
    ) -> ClientStep {
        match &mut self.machine {
            Machine::Invite(machine) => machine.on_timer(now, context, timer),
            Machine::Other(machine) => machine.on_timer(now, context, timer),
        }
    }

    /// The request as sent.
    pub(crate) fn request(&self) -> &Bytes {
        match &self.machine {
            Machine::Invite(machine) => &machine.request,
            Machine::Other(machine) => &machine.request,
        }
    }

    pub(crate) fn target(&self) -> Target {
        match &self.machine {
            Machine::Invite(machine) => machine.target,
            Machine::Other(machine) => machine.target,
        }
    }

    /// Whether this is an INVITE that rings and may be cancelled.
    pub(crate) fn may_cancel(&self) -> bool {
        match &self.machine {
            Machine::Invite(machine) => machine.may_cancel(),
            Machine::Other(_) => false,
        }
    }

    /// Whether the final response is still awaited.
    pub(crate) fn awaits_final(&self) -> bool {
        match &self.machine {
            Machine::Invite(machine) => machine.awaits_final(),
            Machine::Other(machine) => !matches!(machine.state, State::Completed),
        }
    }

    /// Cancels all timers; the entry is about to be dropped.
    pub(crate) fn stop(&mut self, context: &mut Context<'_>) {
        match &mut self.machine {
            Machine::Invite(machine) => machine.stop(context),
            Machine::Other(machine) => machine.stop(context),
        }
    }
}

#[derive(Debug)]
struct ClientOther {
    request: Bytes,
    target: Target,
    state: State,
    /// Timer E.
    retransmit: Option<TimerId>,
    /// Timers F and K: never both.
    deadline: Option<TimerId>,
}

#[derive(Debug)]
enum State {
    Trying { interval: Duration },
    Proceeding,
    Completed,
}

impl ClientOther {
    fn start(now: Instant, context: &mut Context<'_>, request: Bytes, target: Target) -> Self {
        let t1 = context.timers.t1;
        context.outputs.transmit(target, request.clone());
        let retransmit = (!target.transport.is_reliable())
            .then(|| context.arm(now + t1, ClientTimer::Retransmit));
        let deadline =
            Some(context.arm(now + context.timers.sixty_four_t1(), ClientTimer::Timeout));
        Self {
            request,
            target,
            state: State::Trying { interval: t1 },
            retransmit,
            deadline,
        }
    }

    fn on_response(&mut self, now: Instant, context: &mut Context<'_>, code: u16) -> ClientStep {
        match (&self.state, code) {
            (State::Trying { .. } | State::Proceeding, 100..=199) => {
                self.state = State::Proceeding;
                ClientStep::Up
            }
            (State::Trying { .. } | State::Proceeding, _) => {
                self.stop(context);
                self.state = State::Completed;
                if self.target.transport.is_reliable() {
                    return ClientStep::UpAndGone;
                }
                self.deadline = Some(context.arm(now + context.timers.t4, ClientTimer::Linger));
                ClientStep::Up
            }
            (State::Completed, _) => ClientStep::Nothing,
        }
    }

    fn on_timer(
        &mut self,
        now: Instant,
        context: &mut Context<'_>,
        timer: ClientTimer,
    ) -> ClientStep {
        let interval = match (timer, &mut self.state) {
            (ClientTimer::Timeout, _) => return ClientStep::TimedOut,
            (ClientTimer::Linger, _) => return ClientStep::Gone,
            (ClientTimer::Retransmit, State::Completed) => return ClientStep::Nothing,
            (ClientTimer::Retransmit, State::Proceeding) => context.timers.t2,
            (ClientTimer::Retransmit, State::Trying { interval }) => {
                *interval = (*interval * 2).min(context.timers.t2);
                *interval
            }
        };
        context.outputs.transmit(self.target, self.request.clone());
        self.retransmit = Some(context.arm(now + interval, ClientTimer::Retransmit));
        ClientStep::Nothing
    }

    fn stop(&mut self, context: &mut Context<'_>) {
        context.outputs.timers.cancel(&mut self.retransmit);
        context.outputs.timers.cancel(&mut self.deadline);
    }
}
