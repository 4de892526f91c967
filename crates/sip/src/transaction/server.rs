//! Server transactions: the table's entry, and the non-INVITE machine (RFC 3261 §17.2.2).
//!
//! | State | the request again | our provisional | our final | timer |
//! |---|---|---|---|---|
//! | Trying | ignored | sent, → Proceeding | sent, → Completed | abandoned: gone |
//! | Proceeding | provisional again | sent | sent, → Completed | abandoned: gone |
//! | Completed | final again | refused | refused | J: gone |

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::key::ServerKey;
use super::outputs::Outputs;
use super::response::ResponseTemplate;
use super::server_invite::ServerInvite;
use super::timer::{Due, ServerTimer, TimerId};
use crate::endpoint::Timers;
use crate::event::SessionId;
use crate::message::Method;

/// What a machine says after an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerStep {
    /// Nothing more to do.
    Nothing,
    /// The transaction is over.
    Gone,
    /// A final response was sent before; this one was not.
    AlreadyAnswered,
}

/// What a machine works with.
pub(crate) struct Context<'a> {
    pub(crate) number: u64,
    pub(crate) timers: &'a Timers,
    pub(crate) outputs: &'a mut Outputs,
}

/// One server transaction.
#[derive(Debug)]
pub(crate) struct ServerTransaction {
    pub(crate) key: ServerKey,
    pub(crate) merge_key: Option<Arc<str>>,
    pub(crate) template: ResponseTemplate,
    pub(crate) method: Method,
    /// Number of CSeq.
    pub(crate) number: u32,
    /// The session the request belongs to, if any.
    pub(crate) session: Option<SessionId>,
    /// Our To tag for requests outside sessions.
    pub(crate) tag: Box<str>,
    /// Whether it was handed up and `respond` may answer it.
    pub(crate) handed_up: bool,
    machine: Machine,
}

#[derive(Debug)]
enum Machine {
    Invite(ServerInvite),
    Other(ServerOther),
}

impl ServerTransaction {
    pub(crate) fn start(
        now: Instant,
        context: &mut Context<'_>,
        key: ServerKey,
        merge_key: Option<Arc<str>>,
        template: ResponseTemplate,
        (method, number): (Method, u32),
        tag: Box<str>,
    ) -> Self {
        let machine = if method == Method::Invite {
            Machine::Invite(ServerInvite::new())
        } else {
            // An owner who never answers must not keep the entry: the client gives up then, too.
            let abandoned = context.arm(now + context.timers.sixty_four_t1(), ServerTimer::Linger);
            Machine::Other(ServerOther {
                state: State::Trying,
                deadline: Some(abandoned),
            })
        };
        Self {
            key,
            merge_key,
            template,
            method,
            number,
            session: None,
            tag,
            handed_up: false,
            machine,
        }
    }

    /// Sends a response through the machine.
    pub(crate) fn respond(
        &mut self,
        now: Instant,
        context: &mut Context<'_>,
        code: u16,
        bytes: Bytes,
    ) -> ServerStep {
        let target = self.template.target;
        match &mut self.machine {
            Machine::Invite(machine) => machine.respond(now, context, target, code, bytes),
            Machine::Other(machine) => {
                if matches!(machine.state, State::Completed(_)) {
                    return ServerStep::AlreadyAnswered;
                }
                context.outputs.transmit(target, bytes.clone());
                if code < 200 {
                    machine.state = State::Proceeding(bytes);
                    return ServerStep::Nothing;
                }
                context.outputs.timers.cancel(&mut machine.deadline);
                if target.transport.is_reliable() {
                    return ServerStep::Gone;
                }
                machine.state = State::Completed(bytes);
                // Only the response is still needed; a registrar keeps thousands of these.
                self.template.forget();
                machine.deadline =
                    Some(context.arm(now + context.timers.sixty_four_t1(), ServerTimer::Linger));
                ServerStep::Nothing
            }
        }
    }

    /// The same request came again.
    pub(crate) fn on_repetition(&mut self, context: &mut Context<'_>) {
        let target = self.template.target;
        let again = match &self.machine {
            Machine::Invite(machine) => machine.last_response(),
            Machine::Other(ServerOther {
                state: State::Trying,
                ..
            }) => None,
            Machine::Other(ServerOther {
                state: State::Proceeding(bytes) | State::Completed(bytes),
                ..
            }) => Some(bytes),
        };
        if let Some(bytes) = again {
            context.outputs.transmit(target, bytes.clone());
        }
    }

    /// An ACK came for an INVITE.
    pub(crate) fn on_ack(&mut self, now: Instant, context: &mut Context<'_>) -> ServerStep {
        match &mut self.machine {
            Machine::Invite(machine) => machine.on_ack(now, context, self.template.target),
            Machine::Other(_) => ServerStep::Nothing,
        }
    }

    pub(crate) fn on_timer(
        &mut self,
        now: Instant,
        context: &mut Context<'_>,
        timer: ServerTimer,
    ) -> ServerStep {
        match (timer, &mut self.machine) {
            (ServerTimer::Retransmit, Machine::Invite(machine)) => {
                machine.on_retransmit(now, context, self.template.target)
            }
            (ServerTimer::Retransmit, Machine::Other(_)) => ServerStep::Nothing,
            (ServerTimer::Linger, _) => ServerStep::Gone,
        }
    }

    /// Whether a final response has been sent.
    pub(crate) fn is_answered(&self) -> bool {
        match &self.machine {
            Machine::Invite(machine) => machine.is_answered(),
            Machine::Other(machine) => matches!(machine.state, State::Completed(_)),
        }
    }

    /// Cancels all timers; the entry is about to be dropped.
    pub(crate) fn stop(&mut self, context: &mut Context<'_>) {
        match &mut self.machine {
            Machine::Invite(machine) => machine.stop(context),
            Machine::Other(machine) => context.outputs.timers.cancel(&mut machine.deadline),
        }
    }
}

#[derive(Debug)]
struct ServerOther {
    state: State,
    /// Timer J, or the wait for the owner.
    deadline: Option<TimerId>,
}

#[derive(Debug)]
enum State {
    Trying,
    Proceeding(Bytes),
    Completed(Bytes),
}

impl Context<'_> {
    pub(super) fn arm(&mut self, at: Instant, timer: ServerTimer) -> TimerId {
        self.outputs.timers.arm(at, Due::Server(self.number, timer))
    }
}
