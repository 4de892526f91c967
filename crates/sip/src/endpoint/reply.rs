//! Running transactions: starting and dropping them, answers, timers.

use std::time::Instant;

use bytes::Bytes;

use super::Endpoint;
use crate::event::{Event, SessionId};
use crate::message::{HeaderName, Message, Method};
use crate::transaction::client::Context as ClientContext;
use crate::transaction::server::Context as ServerContext;
use crate::transaction::{
    ClientKey, ClientOwner, ClientStep, ClientTransaction, Due, ResponseTemplate, ServerStep,
    SessionTimer, TimerId,
};
use crate::transport::{Flow, Target};

impl Endpoint {
    /// Whether no further transaction may be started for new work.
    pub(crate) fn is_full(&self) -> bool {
        self.clients.len() + self.servers.len() >= self.config.limits.transactions
    }

    pub(crate) fn start_client(
        &mut self,
        now: Instant,
        key: ClientKey,
        owner: ClientOwner,
        method: &Method,
        bytes: Bytes,
        target: Target,
    ) {
        let mut context = ClientContext {
            key,
            timers: &self.config.timers,
            outputs: &mut self.out,
        };
        let transaction = ClientTransaction::start(now, &mut context, owner, method, bytes, target);
        if let Some(flow) = target.flow.filter(|_| target.transport.is_reliable()) {
            self.client_flows.insert((flow, key));
        }
        self.clients.insert(key, transaction);
    }

    pub(crate) fn drop_client(&mut self, key: ClientKey) -> Option<ClientTransaction> {
        let mut transaction = self.clients.remove(&key)?;
        transaction.stop(&mut ClientContext {
            key,
            timers: &self.config.timers,
            outputs: &mut self.out,
        });
        if let Some(flow) = transaction.target().flow {
            self.client_flows.remove(&(flow, key));
        }
        Some(transaction)
    }

    /// The transport gave up on a client transaction.
    pub(super) fn fail_client(&mut self, now: Instant, key: ClientKey) {
        let Some(transaction) = self.drop_client(key) else {
            return;
        };
        if !transaction.awaits_final() {
            return;
        }
        match transaction.owner {
            ClientOwner::Invite(id) => {
                let is_current = self.sessions.get(&id).is_some_and(|session| {
                    matches!(&session.state, crate::session::State::Inviting { client, .. } if *client == key)
                });
                if is_current {
                    self.end_session(now, id, Event::TransportFailed { session: id });
                }
            }
            ClientOwner::Reinvite(id) => self.fail_reinvite(now, id, 503),
            ClientOwner::Refresh(id) => self.refresh_later(now, id),
            ClientOwner::Bye(id) => self.end_session(now, id, Event::Ended { session: id }),
            ClientOwner::Request(id, session) => self.finish_outgoing(id, session, 503, None),
            ClientOwner::Prack(_) | ClientOwner::Nobody => {}
        }
    }

    /// No final response came.
    fn time_out_client(&mut self, now: Instant, key: ClientKey) {
        let Some(transaction) = self.drop_client(key) else {
            return;
        };
        match transaction.owner {
            ClientOwner::Invite(id) => self.on_invite_timeout(now, id, key),
            ClientOwner::Reinvite(id) | ClientOwner::Refresh(id) => self.on_dialog_lost(now, id),
            ClientOwner::Bye(id) => self.end_session(now, id, Event::Ended { session: id }),
            ClientOwner::Request(id, session) => self.finish_outgoing(id, session, 408, None),
            ClientOwner::Prack(_) | ClientOwner::Nobody => {}
        }
    }

    pub(crate) fn arm_session(
        &mut self,
        at: Instant,
        id: SessionId,
        timer: SessionTimer,
    ) -> TimerId {
        self.out.timers.arm(at, Due::Session(id, timer))
    }

    pub(super) fn fire(&mut self, now: Instant, due: Due) {
        match due {
            Due::Client(key, timer) => {
                let mut context = ClientContext {
                    key,
                    timers: &self.config.timers,
                    outputs: &mut self.out,
                };
                let Some(transaction) = self.clients.get_mut(&key) else {
                    return;
                };
                match transaction.on_timer(now, &mut context, timer) {
                    ClientStep::Nothing | ClientStep::Up => {}
                    ClientStep::Gone | ClientStep::UpAndGone => drop(self.drop_client(key)),
                    ClientStep::TimedOut => self.time_out_client(now, key),
                }
            }
            Due::Server(number, timer) => {
                let mut context = ServerContext {
                    number,
                    timers: &self.config.timers,
                    outputs: &mut self.out,
                };
                let Some(transaction) = self.servers.get_mut(&number) else {
                    return;
                };
                match transaction.on_timer(now, &mut context, timer) {
                    ServerStep::Nothing | ServerStep::AlreadyAnswered => {}
                    ServerStep::Gone => self.drop_server(number),
                }
            }
            Due::Session(id, timer) => match timer {
                SessionTimer::RepeatAnswer => self.on_repeat_answer(now, id),
                SessionTimer::AckMissing => self.on_ack_missing(now, id),
                SessionTimer::Ringing => self.on_ringing_timeout(now, id),
                SessionTimer::CancelUnanswered => self.on_cancel_unanswered(now, id),
                SessionTimer::RetryReinvite => self.on_retry_reinvite(now, id),
                SessionTimer::RepeatProgress => self.on_repeat_progress(now, id),
                SessionTimer::PrackMissing => self.on_prack_missing(now, id),
                SessionTimer::Refresh => self.on_refresh_due(now, id),
                SessionTimer::Expired => self.on_expired(now, id),
            },
        }
    }

    pub(super) fn drop_server(&mut self, number: u64) {
        let Some(mut transaction) = self.servers.remove(&number) else {
            return;
        };
        transaction.stop(&mut ServerContext {
            number,
            timers: &self.config.timers,
            outputs: &mut self.out,
        });
        self.server_keys.remove(&transaction.key);
        if let Some(key) = &transaction.merge_key
            && self.merged.get(key) == Some(&number)
        {
            self.merged.remove(key);
        }
        if transaction.handed_up {
            self.handed_up -= 1;
        }
    }

    /// Sends a response through its transaction.
    pub(crate) fn run_server(&mut self, now: Instant, number: u64, code: u16, bytes: Bytes) {
        let mut context = ServerContext {
            number,
            timers: &self.config.timers,
            outputs: &mut self.out,
        };
        let Some(transaction) = self.servers.get_mut(&number) else {
            return;
        };
        match transaction.respond(now, &mut context, code, bytes) {
            ServerStep::Nothing => {}
            ServerStep::Gone => self.drop_server(number),
            ServerStep::AlreadyAnswered => tracing::debug!(code, "A second answer is not sent"),
        }
    }

    /// Answers a request with headers and perhaps a body.
    pub(crate) fn reply(
        &mut self,
        now: Instant,
        number: u64,
        code: u16,
        reason: &str,
        headers: &[(String, String)],
        body: Option<(&str, &[u8])>,
    ) {
        let Some(transaction) = self.servers.get(&number) else {
            return;
        };
        let mut writer = transaction
            .template
            .response(code, reason, &transaction.tag);
        if !self.config.user_agent.is_empty() && code > 100 {
            writer.header(HeaderName::UserAgent, &self.config.user_agent);
        }
        for (name, value) in headers {
            writer.named(name, value);
        }
        let bytes = match body {
            Some((kind, body)) => writer.finish_with(kind, body),
            None => writer.finish(),
        };
        self.run_server(now, number, code, bytes);
    }

    /// Answers without keeping anything: for what is not worth a transaction.
    pub(super) fn reply_stateless(
        &mut self,
        flow: &Flow,
        request: &Message,
        code: u16,
        reason: &str,
        headers: &[(&str, &str)],
    ) {
        let Some(template) = ResponseTemplate::new(request, flow) else {
            return;
        };
        let mut writer = template.response(code, reason, &self.stateless_tag);
        for (name, value) in headers {
            writer.named(name, value);
        }
        self.out.transmit(template.target, writer.finish());
    }
}
