//! Server INVITE transaction (RFC 3261 §17.2.1, with `Accepted` of RFC 6026 §7.1).
//!
//! | State | INVITE again | our 1xx | our 2xx | our 3xx–6xx | ACK | timer |
//! |---|---|---|---|---|---|---|
//! | Proceeding | last 1xx again | sent | sent, → Accepted | sent, → Completed | ignored | – |
//! | Accepted | ignored | refused | sent (a repetition by the session) | refused | ignored | L: gone |
//! | Completed | response again | refused | refused | refused | → Confirmed | G: response again; H: gone |
//! | Confirmed | ignored | refused | refused | refused | ignored | I: gone |

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::server::{Context, ServerStep};
use super::timer::{ServerTimer, TimerId};
use crate::transport::Target;

#[derive(Debug)]
pub(super) struct ServerInvite {
    state: State,
    /// Timer G.
    retransmit: Option<TimerId>,
    /// Timers H, I and L: never two at once.
    deadline: Option<TimerId>,
}

#[derive(Debug)]
enum State {
    Proceeding { last: Option<Bytes> },
    Accepted,
    Completed { response: Bytes, interval: Duration },
    Confirmed,
}

impl ServerInvite {
    pub(super) fn new() -> Self {
        Self {
            state: State::Proceeding { last: None },
            retransmit: None,
            deadline: None,
        }
    }

    pub(super) fn respond(
        &mut self,
        now: Instant,
        context: &mut Context<'_>,
        target: Target,
        code: u16,
        bytes: Bytes,
    ) -> ServerStep {
        match (&mut self.state, code) {
            (State::Proceeding { last }, 100..=199) => {
                context.outputs.transmit(target, bytes.clone());
                *last = Some(bytes);
                ServerStep::Nothing
            }
            (State::Proceeding { .. }, 200..=299) => {
                context.outputs.transmit(target, bytes);
                self.state = State::Accepted;
                self.deadline =
                    Some(context.arm(now + context.timers.sixty_four_t1(), ServerTimer::Linger));
                ServerStep::Nothing
            }
            (State::Accepted, 200..=299) => {
                context.outputs.transmit(target, bytes);
                ServerStep::Nothing
            }
            (State::Proceeding { .. }, _) => {
                context.outputs.transmit(target, bytes.clone());
                let interval = context.timers.t1;
                if !target.transport.is_reliable() {
                    self.retransmit = Some(context.arm(now + interval, ServerTimer::Retransmit));
                }
                self.state = State::Completed {
                    response: bytes,
                    interval,
                };
                self.deadline =
                    Some(context.arm(now + context.timers.sixty_four_t1(), ServerTimer::Linger));
                ServerStep::Nothing
            }
            (State::Accepted | State::Completed { .. } | State::Confirmed, _) => {
                ServerStep::AlreadyAnswered
            }
        }
    }

    pub(super) fn last_response(&self) -> Option<&Bytes> {
        match &self.state {
            State::Proceeding { last } => last.as_ref(),
            State::Completed { response, .. } => Some(response),
            State::Accepted | State::Confirmed => None,
        }
    }

    pub(super) fn on_ack(
        &mut self,
        now: Instant,
        context: &mut Context<'_>,
        target: Target,
    ) -> ServerStep {
        match self.state {
            State::Completed { .. } => {
                self.stop(context);
                self.state = State::Confirmed;
                if target.transport.is_reliable() {
                    return ServerStep::Gone;
                }
                self.deadline = Some(context.arm(now + context.timers.t4, ServerTimer::Linger));
                ServerStep::Nothing
            }
            State::Proceeding { .. } | State::Accepted | State::Confirmed => ServerStep::Nothing,
        }
    }

    pub(super) fn on_retransmit(
        &mut self,
        now: Instant,
        context: &mut Context<'_>,
        target: Target,
    ) -> ServerStep {
        match &mut self.state {
            State::Completed { response, interval } => {
                context.outputs.transmit(target, response.clone());
                *interval = (*interval * 2).min(context.timers.t2);
                let at = now + *interval;
                self.retransmit = Some(context.arm(at, ServerTimer::Retransmit));
            }
            State::Proceeding { .. } | State::Accepted | State::Confirmed => {}
        }
        ServerStep::Nothing
    }

    pub(super) fn is_answered(&self) -> bool {
        match self.state {
            State::Proceeding { .. } => false,
            State::Accepted | State::Completed { .. } | State::Confirmed => true,
        }
    }

    pub(super) fn stop(&mut self, context: &mut Context<'_>) {
        context.outputs.timers.cancel(&mut self.retransmit);
        context.outputs.timers.cancel(&mut self.deadline);
    }
}
