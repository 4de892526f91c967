//! Requests other than INVITE: who serves them, and a phone that transfers by REFER.

use api::HangupCause;
use api::cause::Blame;
use bytes::Bytes;
use sip::event::{IncomingRequest, RequestId, SessionId};
use sip::message::Method;

use crate::Switch;

/// Methods we serve, as Allow says.
const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, REGISTER, REFER, NOTIFY";

impl Switch {
    /// A request other than INVITE and those of its session.
    pub(super) fn incoming_request(
        &mut self,
        id: RequestId,
        session: Option<SessionId>,
        request: IncomingRequest,
    ) {
        match request.method() {
            Some(Method::Register) => self.handle_register(id, request),
            Some(Method::Options) => {
                let code = if self.view.settings.draining {
                    503
                } else {
                    200
                };
                let headers = [
                    ("Allow".to_owned(), ALLOW.to_owned()),
                    ("Accept".to_owned(), "application/sdp".to_owned()),
                ];
                self.respond(id, code, &headers);
            }
            Some(Method::Refer) => self.incoming_refer(id, session, &request),
            // NOTIFY inside a session answers our own REFER; outside nobody asked for it.
            Some(Method::Notify) => {
                self.respond(id, if session.is_some() { 200 } else { 481 }, &[])
            }
            Some(_) | None => self.respond(id, 405, &[("Allow".to_owned(), ALLOW.to_owned())]),
        }
    }

    pub(crate) fn respond(&mut self, id: RequestId, code: u16, headers: &[(String, String)]) {
        if let Err(error) = self.sip.respond(self.now.mono, id, code, "", headers, None) {
            tracing::debug!(%error, "Request had gone");
        }
    }

    /// A phone transfers: the channel it talks to goes to the extension of `Refer-To` (blind transfer, RFC 3515).
    fn incoming_refer(
        &mut self,
        request_id: RequestId,
        session: Option<SessionId>,
        request: &IncomingRequest,
    ) {
        let channel = session.and_then(|session| self.sessions.get(&session).cloned());
        let target = request
            .header_named("Refer-To")
            .and_then(sip::message::header::NameAddr::parse)
            .and_then(|to| {
                to.parsed_uri()
                    .ok()
                    .map(|uri| uri.user_decoded().to_string())
            });
        let (Some(session), Some(id), Some(extension)) = (session, channel, target) else {
            self.respond(request_id, if session.is_none() { 481 } else { 400 }, &[]);
            return;
        };
        let Some(peer) = self.partner(&id) else {
            self.respond(request_id, 603, &[]);
            return;
        };
        self.respond(request_id, 202, &[]);
        let context = self
            .var(&id, "user_context")
            .map(str::to_owned)
            .or_else(|| {
                self.channels
                    .get(&id)?
                    .seen
                    .profile
                    .as_ref()
                    .map(|p| p.context.to_string())
            })
            .filter(|context| !context.is_empty());
        self.separate(&id);
        self.transfer_channel(
            &peer,
            &extension,
            Some("XML".into()),
            context.map(Into::into),
        );
        let headers = [
            ("Event".to_owned(), "refer".to_owned()),
            (
                "Subscription-State".to_owned(),
                "terminated;reason=noresource".to_owned(),
            ),
        ];
        let body = Bytes::from_static(b"SIP/2.0 200 OK\r\n");
        let notified = self.sip.request_in_dialog(
            self.now.mono,
            session,
            Method::Notify,
            &headers,
            Some(("message/sipfrag;version=2.0", body)),
        );
        if let Err(error) = notified {
            tracing::debug!(channel = %id, %error, "Transferring phone cannot be told");
        }
        self.hangup(&id, HangupCause::BlindTransfer, Blame::Caller);
    }
}
