//! What arrives: screening, matching to transactions, dispatch.

use std::sync::Arc;
use std::time::Instant;

use super::Endpoint;
use crate::event::IncomingRequest;
use crate::message::header::Params;
use crate::message::{HeaderName, Message, Method};
use crate::transaction::client::Context as ClientContext;
use crate::transaction::server::Context as ServerContext;
use crate::transaction::{
    ClientKey, ClientOwner, ClientStep, ResponseTemplate, Sent, ServerKey, ServerStep,
    ServerTransaction, merge_key,
};
use crate::transport::Flow;

impl Endpoint {
    pub(super) fn receive_response(&mut self, now: Instant, flow: &Flow, response: Message) {
        // A faulty response is dropped (RFC 3261 §18.1.2, RFC 4475 §3.1.2.19).
        let Some(code) = response.code().filter(|_| response.check().is_ok()) else {
            return;
        };
        let Some(key) = ClientKey::of_response(&response) else {
            return;
        };
        let Some(transaction) = self.clients.get_mut(&key) else {
            return;
        };
        if response
            .cseq()
            .is_none_or(|cseq| cseq.method != transaction.method)
        {
            return;
        }
        let mut context = ClientContext {
            key,
            timers: &self.config.timers,
            outputs: &mut self.out,
        };
        let step = transaction.on_response(now, &mut context, &response, code);
        let (owner, request, target) = (
            transaction.owner,
            transaction.request().clone(),
            transaction.target(),
        );
        match step {
            ClientStep::Nothing => return,
            ClientStep::Up => {}
            ClientStep::UpAndGone | ClientStep::Gone | ClientStep::TimedOut => {
                drop(self.drop_client(key))
            }
        }
        let sent = Sent {
            key,
            request,
            target,
        };
        match owner {
            ClientOwner::Invite(id) => {
                self.on_invite_response(now, flow, id, &sent, response, code)
            }
            ClientOwner::Reinvite(id) => {
                self.on_reinvite_response(now, flow, id, &sent, response, code)
            }
            ClientOwner::Refresh(id) => {
                self.on_refresh_response(now, flow, id, &sent, &response, code)
            }
            ClientOwner::Prack(id) => self.on_prack_response(now, id, &sent, &response, code),
            ClientOwner::Bye(id) => self.on_bye_response(now, id, &sent, &response, code),
            ClientOwner::Request(id, session) => {
                if let Some(session) = session {
                    self.on_owner_update_response(now, flow, session, &response, code);
                }
                self.on_outgoing_response(now, (id, session), &sent, response, code)
            }
            ClientOwner::Nobody => {}
        }
    }

    pub(super) fn receive_request(&mut self, now: Instant, flow: &Flow, request: Message) {
        let Some(method) = request.method().cloned() else {
            return;
        };
        if let Err(refusal) = request.check() {
            // An ACK is never answered.
            if method != Method::Ack {
                self.reply_stateless(flow, &request, refusal.code, refusal.reason, &[]);
            }
            return;
        }
        let Some(key) = ServerKey::of_request(&request) else {
            return;
        };
        if method == Method::Ack {
            return self.receive_ack(now, &key, &request);
        }
        if let Some(&number) = self.server_keys.get(&key) {
            if let Some(transaction) = self.servers.get_mut(&number) {
                transaction.on_repetition(&mut ServerContext {
                    number,
                    timers: &self.config.timers,
                    outputs: &mut self.out,
                });
            }
            return;
        }
        // BYE and CANCEL give back what others hold and are let in beyond the bound.
        let is_release = matches!(method, Method::Bye | Method::Cancel);
        if self.is_full() && !is_release {
            return self.reply_stateless(flow, &request, 503, "", &[("Retry-After", "5")]);
        }
        let merge_key = if method == Method::Cancel {
            None
        } else {
            merge_key(&request)
        };
        if self.is_merged(&method, merge_key.as_deref()) {
            return self.reply_stateless(flow, &request, 482, "Request Merged", &[]);
        }
        let Some(server) = self.start_server(now, flow, key, merge_key, &request, method.clone())
        else {
            return;
        };
        if method == Method::Cancel {
            return self.receive_cancel(now, server, request);
        }
        if let Some((code, headers)) = self.screen(flow, &method, &request) {
            return self.reply(now, server, code, "", &headers, None);
        }
        let has_tag = request.to().is_some_and(|to| to.tag().is_some());
        // A To tag means nothing in a REGISTER.
        if has_tag && method != Method::Register {
            return self.on_dialog_request(now, flow, server, request);
        }
        self.receive_outside(now, flow, server, method, request);
    }

    /// Whether the same request came by another path (§8.2.2.2). Only INVITE can fork into a
    /// transaction that is already answered; clients that answer a challenge without raising CSeq
    /// are let through otherwise.
    fn is_merged(&self, method: &Method, merge_key: Option<&str>) -> bool {
        merge_key
            .and_then(|key| self.merged.get(key))
            .and_then(|number| self.servers.get(number))
            .is_some_and(|first| *method == Method::Invite || !first.is_answered())
    }

    fn start_server(
        &mut self,
        now: Instant,
        flow: &Flow,
        key: ServerKey,
        merge_key: Option<Arc<str>>,
        request: &Message,
        method: Method,
    ) -> Option<u64> {
        let template = ResponseTemplate::new(request, flow)?;
        let sequence = request.cseq()?.number;
        let number = self.next_id();
        let tag = self.new_tag().1.into();
        let trying = (method == Method::Invite).then(|| template.bare(100, "", ""));
        let mut context = ServerContext {
            number,
            timers: &self.config.timers,
            outputs: &mut self.out,
        };
        let mut transaction = ServerTransaction::start(
            now,
            &mut context,
            key.clone(),
            merge_key.clone(),
            template,
            (method, sequence),
            tag,
        );
        if let Some(trying) = trying {
            // At once, instead of after 200 ms (§17.2.1): it stops the peer's retransmissions.
            transaction.respond(now, &mut context, 100, trying);
        }
        self.server_keys.insert(key, number);
        if let Some(merge_key) = merge_key {
            self.merged.insert(merge_key, number);
        }
        self.servers.insert(number, transaction);
        Some(number)
    }

    fn receive_ack(&mut self, now: Instant, key: &ServerKey, ack: &Message) {
        let known = self.server_keys.get(key).copied();
        if let Some((number, transaction)) =
            known.and_then(|number| Some((number, self.servers.get_mut(&number)?)))
        {
            let mut context = ServerContext {
                number,
                timers: &self.config.timers,
                outputs: &mut self.out,
            };
            match transaction.on_ack(now, &mut context) {
                ServerStep::Gone => return self.drop_server(number),
                ServerStep::Nothing | ServerStep::AlreadyAnswered => {}
            }
        }
        // The ACK for a 2xx; peers of RFC 2543 send it under the key of the INVITE, too.
        if let Some(id) = self.session_of(ack) {
            self.on_dialog_ack(now, id, ack);
        }
    }

    fn receive_cancel(&mut self, now: Instant, server: u64, cancel: Message) {
        let invite =
            ServerKey::of_cancelled(&cancel).and_then(|key| self.server_keys.get(&key).copied());
        let Some(invite) = invite else {
            return self.reply(now, server, 481, "", &[], None);
        };
        // The same To tag in both answers (§9.2).
        let tag = self
            .servers
            .get(&invite)
            .map(|transaction| transaction.tag.clone());
        if let (Some(tag), Some(transaction)) = (tag, self.servers.get_mut(&server)) {
            transaction.tag = tag;
        }
        self.reply(now, server, 200, "", &[], None);
        if self
            .servers
            .get(&invite)
            .is_some_and(|transaction| !transaction.is_answered())
        {
            self.on_cancelled(now, invite, cancel);
        }
    }

    /// The checks of §8.2 that need no knowledge of dialogs.
    fn screen(
        &self,
        flow: &Flow,
        method: &Method,
        request: &Message,
    ) -> Option<(u16, Vec<(String, String)>)> {
        let own = matches!(
            method,
            Method::Invite | Method::Bye | Method::Info | Method::Update | Method::Prack
        );
        if !own && !self.config.methods.contains(method) {
            let allow = vec![("Allow".to_owned(), self.config.allow())];
            return Some((
                if matches!(method, Method::Other(_)) {
                    501
                } else {
                    405
                },
                allow,
            ));
        }
        let extensions = self.config.extensions_at(flow.local);
        let unknown: Vec<_> = request
            .header_list(HeaderName::Require)
            .filter(|tag| !self.config.serves(tag, &extensions))
            .collect();
        if !unknown.is_empty() {
            return Some((420, vec![("Unsupported".to_owned(), unknown.join(", "))]));
        }
        if *method == Method::Invite && !accepts_sdp(request) {
            return Some((406, Vec::new()));
        }
        if *method == Method::Invite && !is_body_understood(request) {
            return Some((
                415,
                vec![("Accept".to_owned(), "application/sdp".to_owned())],
            ));
        }
        None
    }

    fn receive_outside(
        &mut self,
        now: Instant,
        flow: &Flow,
        server: u64,
        method: Method,
        request: Message,
    ) {
        match method {
            Method::Invite => {
                // We answer for what we call on from here: RFC 7332 §3 counts us as a hop.
                if request.max_forwards() == Some(0) {
                    return self.reply(now, server, 483, "", &[], None);
                }
                if self.sessions.len() >= self.config.limits.sessions {
                    return self.reply(
                        now,
                        server,
                        503,
                        "",
                        &[("Retry-After".to_owned(), "5".to_owned())],
                        None,
                    );
                }
                self.on_new_call(now, flow, server, request);
            }
            // Requests that only live inside a dialog.
            Method::Bye | Method::Update | Method::Prack | Method::Info => {
                self.reply(now, server, 481, "", &[], None)
            }
            Method::Register
            | Method::Options
            | Method::Message
            | Method::Notify
            | Method::Subscribe
            | Method::Refer
            | Method::Publish
            | Method::Other(_) => {
                self.hand_up(
                    server,
                    None,
                    IncomingRequest {
                        message: request,
                        flow: *flow,
                    },
                );
            }
            Method::Ack | Method::Cancel => {}
        }
    }
}

/// Whether the sender of an INVITE takes a description in the answer (§20.1: without Accept it does).
fn accepts_sdp(request: &Message) -> bool {
    let mut kinds = request.header_list(HeaderName::Accept).peekable();
    kinds.peek().is_none()
        || kinds.any(|kind| {
            let kind = kind.split_once(';').map_or(kind, |(kind, _)| kind).trim();
            ["application/sdp", "application/*", "*/*"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(kind))
        })
}

/// Whether an INVITE's body is a description, absent, or marked as optional (§8.2.3).
fn is_body_understood(request: &Message) -> bool {
    if request.body().is_empty() {
        return true;
    }
    let optional = request
        .header_named("Content-Disposition")
        .and_then(|value| value.split_once(';'))
        .is_some_and(|(_, params)| {
            Params(params)
                .value("handling")
                .is_some_and(|how| how.eq_ignore_ascii_case("optional"))
        });
    let encoded = request
        .header(HeaderName::ContentEncoding)
        .is_some_and(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"));
    optional || (!encoded && request.sdp().is_some())
}
