//! Our requests outside sessions, and responses to all that are neither INVITE nor BYE.

use std::time::Instant;

use bytes::Bytes;

use super::{Endpoint, EndpointError, Outcome, check_headers};
use crate::auth::ChallengeAnswerer;
use crate::dialog::via_value;
use crate::event::{Event, OutOfDialogRequest, SessionId, TransactionId};
use crate::message::{
    HeaderName, Message, MessageWriter, Method, Uri, is_header_value, is_token, parse_datagram,
};
use crate::transaction::{ClientKey, ClientOwner, Sent, derived};

/// A request that waits for its final response.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) client: ClientKey,
    pub(crate) auth: Option<ChallengeAnswerer>,
}

impl Endpoint {
    pub(super) fn send_outside(
        &mut self,
        now: Instant,
        request: OutOfDialogRequest,
    ) -> Outcome<TransactionId> {
        if matches!(
            request.method,
            Method::Invite | Method::Ack | Method::Cancel | Method::Bye
        ) {
            return Err(EndpointError::InvalidState);
        }
        for uri in [&request.uri, &request.from.uri, &request.to.uri]
            .into_iter()
            .chain(&request.local_contact)
        {
            Uri::parse(uri).map_err(|_| EndpointError::InvalidUri)?;
        }
        check_headers(&request.headers)?;
        let mut texts = [&request.from.display, &request.to.display]
            .into_iter()
            .chain(&request.route);
        let kind = request.body.as_ref().map_or("", |(kind, _)| kind);
        let call_id = request.call.as_ref().map_or("", |(call_id, _)| call_id);
        let valid = texts.all(|text| is_header_value(text))
            && is_header_value(kind)
            && is_header_value(call_id);
        if !valid || !is_token(request.method.as_str()) {
            return Err(EndpointError::InvalidHeader);
        }
        if self.is_full() {
            return Err(EndpointError::LimitReached);
        }
        let id = self.next_transaction();
        let key = self.new_client_key();
        let tag = self.new_tag().1;
        let (call_id, number) = match request.call {
            Some(call) => call,
            None => (self.new_call_id(), self.first_cseq()),
        };
        let mut writer = MessageWriter::request(&request.method, &request.uri);
        writer.header(HeaderName::Via, &via_value(&request.target, key));
        writer.header(HeaderName::MaxForwards, "70");
        for route in &request.route {
            writer.header(HeaderName::Route, route);
        }
        writer.header(
            HeaderName::From,
            &format!("{};tag={tag}", request.from.print()),
        );
        writer.header(HeaderName::To, &request.to.print());
        writer.header(HeaderName::CallId, &call_id);
        writer.header(HeaderName::CSeq, &format!("{number} {}", request.method));
        if let Some(contact) = &request.local_contact {
            writer.header(HeaderName::Contact, &format!("<{contact}>"));
        }
        self.config
            .write_capabilities(&mut writer, &crate::Extensions::default());
        for (name, value) in &request.headers {
            writer.named(name, value);
        }
        let bytes = match &request.body {
            Some((kind, body)) => writer.finish_with(kind, body),
            None => writer.finish(),
        };
        let auth = request.credentials.map(ChallengeAnswerer::new);
        self.outgoing.insert(id, Outgoing { client: key, auth });
        self.start_client(
            now,
            key,
            ClientOwner::Request(id, None),
            &request.method,
            bytes,
            request.target,
        );
        Ok(id)
    }

    /// A response to a request of the owner.
    pub(super) fn on_outgoing_response(
        &mut self,
        now: Instant,
        (id, session): (TransactionId, Option<SessionId>),
        sent: &Sent,
        response: Message,
        code: u16,
    ) {
        let Some(outgoing) = self
            .outgoing
            .get(&id)
            .filter(|outgoing| outgoing.client == sent.key)
        else {
            return;
        };
        if code < 200 {
            if code > 100 {
                self.out.event(Event::Response {
                    id,
                    session,
                    code,
                    response: Some(response),
                });
            }
            return;
        }
        let may_answer = outgoing.auth.is_some() || session.is_some();
        if matches!(code, 401 | 407)
            && may_answer
            && let Some((key, method, bytes)) =
                self.outgoing_with_credentials(id, session, &sent.request, &response)
        {
            if let Some(outgoing) = self.outgoing.get_mut(&id) {
                outgoing.client = key;
            }
            return self.start_client(
                now,
                key,
                ClientOwner::Request(id, session),
                &method,
                bytes,
                sent.target,
            );
        }
        self.finish_outgoing(id, session, code, Some(response));
    }

    fn outgoing_with_credentials(
        &mut self,
        id: TransactionId,
        session: Option<SessionId>,
        sent: &Bytes,
        challenge: &Message,
    ) -> Option<(ClientKey, Method, Bytes)> {
        let request = parse_datagram(sent.clone()).ok()?;
        let method = request.method()?.clone();
        if let Some(session) = session {
            let (key, bytes) = self.with_credentials(session, sent, challenge)?;
            return Some((key, method, bytes));
        }
        let key = self.new_client_key();
        let auth = self.outgoing.get_mut(&id)?.auth.as_mut()?;
        let headers = auth.answer(challenge, &method, request.request_uri()?, &mut self.rng)?;
        let number = request.cseq()?.number + 1;
        Some((
            key,
            method,
            derived::repeat_with(&request, key, number, &headers)?,
        ))
    }

    pub(super) fn finish_outgoing(
        &mut self,
        id: TransactionId,
        session: Option<SessionId>,
        code: u16,
        response: Option<Message>,
    ) {
        if self.outgoing.remove(&id).is_none() {
            return;
        }
        if let Some(auth) = session
            .and_then(|id| self.sessions.get_mut(&id))
            .and_then(|session| session.auth.as_mut())
            && (200..300).contains(&code)
        {
            auth.accepted();
        }
        self.out.event(Event::Response {
            id,
            session,
            code,
            response,
        });
    }
}
