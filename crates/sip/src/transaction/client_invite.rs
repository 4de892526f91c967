//! Client INVITE transaction (RFC 3261 §17.1.1, with `Accepted` of RFC 6026 §7.2).
//!
//! | State | 1xx | 2xx | 3xx–6xx | timer |
//! |---|---|---|---|---|
//! | Calling | → Proceeding, up | → Accepted, up | ACK, → Completed, up | A: send again; B: timed out |
//! | Proceeding | up | → Accepted, up | ACK, → Completed, up | timed out, long after ringing is |
//! | Accepted | ignored | up (a repetition, or a fork) | ignored | M: gone |
//! | Completed | ignored | ignored | ACK again | D: gone |

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::client::{ClientStep, Context};
use super::derived::ack_for_failure;
use super::timer::{ClientTimer, Due, TimerId};
use crate::message::{Message, parse_datagram};
use crate::transport::Target;

#[derive(Debug)]
pub(crate) struct ClientInvite {
    pub(super) request: Bytes,
    pub(super) target: Target,
    state: State,
    /// Timer A.
    retransmit: Option<TimerId>,
    /// Timers B, D and M: never two at once.
    deadline: Option<TimerId>,
}

#[derive(Debug)]
enum State {
    Calling { interval: Duration },
    Proceeding,
    Accepted,
    Completed { ack: Bytes },
}

impl ClientInvite {
    pub(super) fn start(
        now: Instant,
        context: &mut Context<'_>,
        request: Bytes,
        target: Target,
    ) -> Self {
        let t1 = context.timers.t1;
        context.outputs.transmit(target, request.clone());
        let retransmit = (!target.transport.is_reliable())
            .then(|| context.arm(now + t1, ClientTimer::Retransmit));
        let deadline =
            Some(context.arm(now + context.timers.sixty_four_t1(), ClientTimer::Timeout));
        Self {
            request,
            target,
            state: State::Calling { interval: t1 },
            retransmit,
            deadline,
        }
    }

    pub(super) fn on_response(
        &mut self,
        now: Instant,
        context: &mut Context<'_>,
        response: &Message,
        code: u16,
    ) -> ClientStep {
        match (&mut self.state, code) {
            (State::Calling { .. }, 100..=199) => {
                self.stop(context);
                self.state = State::Proceeding;
                // The session above watches the ringing; this is for when it has ended and the final
                // response is lost: no transaction is without a timer.
                let at = now + context.timers.ringing + context.timers.sixty_four_t1();
                self.deadline = Some(context.arm(at, ClientTimer::Timeout));
                ClientStep::Up
            }
            (State::Proceeding, 100..=199) => ClientStep::Up,
            (State::Calling { .. } | State::Proceeding, 200..=299) => {
                self.stop(context);
                self.state = State::Accepted;
                self.deadline =
                    Some(context.arm(now + context.timers.sixty_four_t1(), ClientTimer::Linger));
                ClientStep::Up
            }
            (State::Accepted, 200..=299) => ClientStep::Up,
            (State::Calling { .. } | State::Proceeding, _) => {
                self.stop(context);
                let ack = parse_datagram(self.request.clone())
                    .map(|request| ack_for_failure(&request, response));
                let ack = ack.unwrap_or_default();
                context.outputs.transmit(self.target, ack.clone());
                self.state = State::Completed { ack };
                if self.target.transport.is_reliable() {
                    return ClientStep::UpAndGone;
                }
                // Timer D: at least 32 s, which is 64·T1 with the usual T1.
                self.deadline =
                    Some(context.arm(now + context.timers.sixty_four_t1(), ClientTimer::Linger));
                ClientStep::Up
            }
            (State::Completed { ack }, 300..) => {
                context.outputs.transmit(self.target, ack.clone());
                ClientStep::Nothing
            }
            (State::Accepted | State::Completed { .. }, _) => ClientStep::Nothing,
        }
    }

    pub(super) fn on_timer(
        &mut self,
        now: Instant,
        context: &mut Context<'_>,
        timer: ClientTimer,
    ) -> ClientStep {
        match (timer, &mut self.state) {
            (ClientTimer::Retransmit, State::Calling { interval }) => {
                *interval *= 2;
                let next = now + *interval;
                context.outputs.transmit(self.target, self.request.clone());
                self.retransmit = Some(context.arm(next, ClientTimer::Retransmit));
                ClientStep::Nothing
            }
            (
                ClientTimer::Retransmit,
                State::Proceeding | State::Accepted | State::Completed { .. },
            ) => ClientStep::Nothing,
            (ClientTimer::Timeout, _) => ClientStep::TimedOut,
            (ClientTimer::Linger, _) => ClientStep::Gone,
        }
    }

    /// Whether a provisional response came, so that CANCEL may be sent (§9.1).
    pub(super) fn may_cancel(&self) -> bool {
        match self.state {
            State::Proceeding => true,
            State::Calling { .. } | State::Accepted | State::Completed { .. } => false,
        }
    }

    pub(super) fn awaits_final(&self) -> bool {
        match self.state {
            State::Calling { .. } | State::Proceeding => true,
            State::Accepted | State::Completed { .. } => false,
        }
    }

    pub(super) fn stop(&mut self, context: &mut Context<'_>) {
        context.outputs.timers.cancel(&mut self.retransmit);
        context.outputs.timers.cancel(&mut self.deadline);
    }
}

impl Context<'_> {
    pub(super) fn arm(&mut self, at: Instant, timer: ClientTimer) -> TimerId {
        self.outputs.timers.arm(at, Due::Client(self.key, timer))
    }
}
