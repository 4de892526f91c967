//! The peer's requests inside a dialog, and ours other than INVITE and BYE.

use std::time::Instant;

use bytes::Bytes;

use super::State;
use crate::endpoint::{Endpoint, EndpointError, Outcome, check_headers};
use crate::event::{Event, IncomingRequest, RequestId, SessionId, TransactionId};
use crate::message::{HeaderName, Message, Method};
use crate::transaction::ClientOwner;
use crate::transport::Flow;

impl Endpoint {
    /// The session a request with a To tag belongs to, when both tags and the Call-ID fit.
    pub(crate) fn session_of(&self, request: &Message) -> Option<SessionId> {
        let local_tag = request.to()?.tag()?;
        let remote_tag = request.from()?.tag().unwrap_or("");
        self.session_with(request.call_id(), local_tag, remote_tag)
    }

    /// The session with a dialog of these names.
    pub(crate) fn session_with(
        &self,
        call_id: &str,
        local_tag: &str,
        remote_tag: &str,
    ) -> Option<SessionId> {
        let number = u64::from_str_radix(local_tag, 16).ok()?;
        let id = *self.tags.get(&number)?;
        let session = self.sessions.get(&id)?;
        let fits = *session.local_tag == *local_tag
            && *session.call_id == *call_id
            && session
                .dialogs
                .iter()
                .any(|dialog| *dialog.remote_tag == *remote_tag);
        fits.then_some(id)
    }

    /// A request inside a dialog, not ACK and not CANCEL; its server transaction exists.
    pub(crate) fn on_dialog_request(
        &mut self,
        now: Instant,
        flow: &Flow,
        server: u64,
        message: Message,
    ) {
        let Some(method) = message.method().cloned() else {
            return;
        };
        let Some(id) = self.session_of(&message) else {
            return match self.subscription_of(&message) {
                Some(id) => self.on_subscriber_request(now, flow, server, id, message),
                None => self.reply(now, server, 481, "", &[], None),
            };
        };
        if !self.note_order(id, &message) {
            return self.reply(now, server, 500, "CSeq Out Of Order", &[], None);
        }
        if let Some(transaction) = self.servers.get_mut(&server) {
            transaction.session = Some(id);
        }
        if let Some(session) = self.sessions.get_mut(&id) {
            session.learn_abilities(&message);
        }
        match method {
            Method::Invite | Method::Update => self.on_peer_change(now, flow, id, server, message),
            Method::Bye => self.on_bye(now, id, server, message),
            Method::Info => {
                self.reply(now, server, 200, "", &[], None);
                let content_type = message.header(HeaderName::ContentType).unwrap_or("").into();
                self.out.event(Event::Info {
                    session: id,
                    content_type,
                    body: message.body(),
                });
            }
            Method::Options => {
                let headers = self.config.capability_headers(flow.local);
                self.reply(now, server, 200, "", &headers, None);
            }
            Method::Prack => self.on_prack(now, flow, id, server, message),
            Method::Register
            | Method::Message
            | Method::Notify
            | Method::Subscribe
            | Method::Refer
            | Method::Publish => {
                self.hand_up(
                    server,
                    Some(id),
                    IncomingRequest {
                        message,
                        flow: *flow,
                    },
                );
            }
            Method::Ack | Method::Cancel | Method::Other(_) => {
                self.reply(now, server, 501, "", &[], None)
            }
        }
    }

    /// Whether a request is newer than the last of its dialog (§12.2.2); notes its number.
    fn note_order(&mut self, id: SessionId, message: &Message) -> bool {
        let Some(number) = message.cseq().map(|cseq| cseq.number) else {
            return false;
        };
        let remote_tag = message.from().and_then(|from| from.tag()).unwrap_or("");
        let Some(session) = self.sessions.get_mut(&id) else {
            return false;
        };
        let Some(dialog) = session
            .dialogs
            .iter_mut()
            .find(|dialog| *dialog.remote_tag == *remote_tag)
        else {
            return false;
        };
        let is_newer = dialog.remote_cseq.is_none_or(|last| number > last);
        if is_newer {
            dialog.remote_cseq = Some(number);
        }
        is_newer
    }

    /// Hands a request to the owner of the endpoint.
    pub(crate) fn hand_up(
        &mut self,
        server: u64,
        session: Option<SessionId>,
        request: IncomingRequest,
    ) {
        self.note_handed_up(server);
        self.out.event(Event::Request {
            id: RequestId(server),
            session,
            request,
        });
    }

    /// A request is the owner's to answer.
    pub(crate) fn note_handed_up(&mut self, server: u64) {
        if let Some(transaction) = self.servers.get_mut(&server) {
            transaction.handed_up = true;
            self.handed_up += 1;
        }
    }

    pub(crate) fn send_request_in_dialog(
        &mut self,
        now: Instant,
        id: SessionId,
        method: &Method,
        headers: &[(String, String)],
        body: Option<(&str, Bytes)>,
    ) -> Outcome<TransactionId> {
        check_headers(headers)?;
        if matches!(
            method,
            Method::Invite | Method::Ack | Method::Bye | Method::Cancel
        ) {
            return Err(EndpointError::InvalidState);
        }
        let session = self
            .sessions
            .get(&id)
            .ok_or(EndpointError::UnknownSession)?;
        if matches!(session.state, State::Leaving) || session.dialogs.is_empty() {
            return Err(EndpointError::InvalidState);
        }
        if self.is_full() {
            return Err(EndpointError::LimitReached);
        }
        let transaction = self.next_transaction();
        let body = body.as_ref().map(|(kind, body)| (*kind, &body[..]));
        let owner = ClientOwner::Request(transaction, Some(id));
        let key = self
            .send_in_dialog(now, id, method, headers, body, owner)
            .ok_or(EndpointError::InvalidState)?;
        self.outgoing.insert(
            transaction,
            crate::endpoint::Outgoing {
                client: key,
                auth: None,
            },
        );
        Ok(transaction)
    }
}
