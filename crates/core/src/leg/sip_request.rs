//! Requests other than INVITE: who serves them.

use sip::event::{IncomingRequest, RequestId, SessionId};
use sip::message::Method;

use crate::Switch;
use crate::lamps::PACKAGES;

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
                let mut headers = self.sip.config().capability_headers(request.flow.local);
                headers.push(("Allow-Events".to_owned(), PACKAGES.to_owned()));
                self.respond(id, code, &headers);
            }
            Some(Method::Refer) => self.incoming_refer(id, session, &request),
            Some(Method::Message) => self.incoming_message(id, session, &request),
            Some(Method::Subscribe) => self.incoming_subscribe(id, session, &request),
            // NOTIFY inside a session answers our own REFER; outside nobody asked for it.
            Some(Method::Notify) => {
                self.respond(id, if session.is_some() { 200 } else { 481 }, &[])
            }
            Some(_) | None => {
                let mut headers = self.sip.config().capability_headers(request.flow.local);
                headers.retain(|(name, _)| name == "Allow");
                self.respond(id, 405, &headers);
            }
        }
    }

    pub(crate) fn respond(&mut self, id: RequestId, code: u16, headers: &[(String, String)]) {
        if let Err(error) = self.sip.respond(self.now.mono, id, code, "", headers, None) {
            tracing::debug!(%error, "Request had gone");
        }
    }
}
