//! Messages that come by SIP.

use std::sync::Arc;

use api::event::{EventKind, WebParty};
use sip::event::{IncomingRequest, RequestId, SessionId};
use sip::message::HeaderName;
use sip::message::Uri;

use super::{Letter, MAX_BODY, Sender};
use crate::Switch;
use crate::registrar::CallAuth;

/// Type of a body nobody named (RFC 3428 §5 has it for what people write).
const PLAIN: &str = "text/plain";

impl Switch {
    /// A MESSAGE: within a call it goes to the other side, otherwise to an account of ours.
    pub(crate) fn incoming_message(
        &mut self,
        id: RequestId,
        session: Option<SessionId>,
        request: &IncomingRequest,
    ) {
        if request.body().len() > MAX_BODY {
            return self.respond(id, 413, &[]);
        }
        let Some(mut letter) = letter_of(request) else {
            return self.respond(id, 400, &[]);
        };
        if let Some(session) = session {
            match self.sessions.get(&session).cloned() {
                Some(channel) => self.pass_within_call(&channel, letter, Sender::Phone(id)),
                None => self.respond(id, 481, &[]),
            }
            return;
        }
        // What we sent ourselves has come back: our contact stands in somebody's registration.
        let loops = self
            .config
            .profiles
            .iter()
            .any(|profile| profile.sip == request.flow.remote);
        if loops || request.max_forwards() == Some(0) {
            return self.respond(id, if loops { 482 } else { 483 }, &[]);
        }
        if self.view.settings.draining {
            return self.respond(id, 503, &[("Retry-After".into(), "300".into())]);
        }
        let index = self.profile_of(request.flow.local);
        if self.config.profiles.get(index).is_none() {
            return self.respond(id, 503, &[]);
        }
        let is_trusted = self.trusts(index, request.flow.remote.ip());
        if let Some(called) = self.called_client(request) {
            // Only its registrar knows the contact for what it is, and no registrar speaks for accounts of ours.
            let from_us = self.is_local_host(letter.sender_host());
            if !is_trusted && (!called.by_registrar || from_us) {
                return self.respond(id, 403, &[]);
            }
            self.respond(id, 200, &[]);
            letter.verified = is_trusted;
            // The contact was for the registrar only; the page knows its account.
            if let Some(client) = self.web.get(called.client) {
                letter.verified |= letter.sender_host().eq_ignore_ascii_case(&client.domain);
                letter.to = client.address();
            }
            let event = letter.event(vec![called.client]);
            return self.publish(EventKind::Message(Box::new(event)), None);
        }
        letter.verified = is_trusted;
        if !is_trusted {
            match self.authenticate_call(request) {
                CallAuth::Accepted {
                    is_sender: true, ..
                } => letter.verified = true,
                // Nobody writes in another name than their own.
                CallAuth::Accepted { user, .. } => {
                    tracing::warn!(user = %user.id, from = %letter.from.uri, "Message in another name is refused");
                    return self.respond(id, 403, &[]);
                }
                CallAuth::Challenge(headers) => return self.respond(id, 407, &headers),
                CallAuth::Forbidden => return self.respond(id, 403, &[]),
            }
        }
        let account = letter
            .to
            .split_once('@')
            .filter(|(_, host)| self.is_local_host(host))
            .and_then(|(user, host)| self.account(host, user));
        match account {
            Some(account) => {
                let except = Some(request.flow.remote);
                self.deliver(&account, &letter, Sender::Phone(id), except);
            }
            None => self.respond(id, 404, &[]),
        }
    }
}

/// What a MESSAGE says; `None` when it does not say from whom or to whom.
fn letter_of(request: &IncomingRequest) -> Option<Letter> {
    let from = request.from()?;
    let from_uri = from.parsed_uri().ok().filter(Uri::is_sip)?;
    let to = Uri::parse(request.request_uri()?)
        .ok()
        .filter(Uri::is_sip)?;
    let header = |value: &str| -> Arc<str> { value.into() };
    Some(Letter {
        from: WebParty {
            uri: format!("{}@{}", from_uri.user_decoded(), from_uri.host).into(),
            display_name: from.display_name().as_ref().into(),
        },
        client: None,
        verified: false,
        source: request.flow.remote,
        to: format!("{}@{}", to.user_decoded(), to.host).into(),
        call: None,
        content_type: header(request.header(HeaderName::ContentType).unwrap_or(PLAIN)),
        headers: request
            .headers()
            .filter(|h| {
                h.raw_name
                    .get(..2)
                    .is_some_and(|start| start.eq_ignore_ascii_case("x-"))
            })
            .map(|h| (header(h.raw_name), header(h.value)))
            .collect(),
        body: request.body(),
    })
}
