//! What a phone does to send others elsewhere.

use std::time::Instant;

use sip::event::SessionId;
use sip::message::Method;

use super::Phone;

impl Phone {
    /// Sends whom it talks to elsewhere (blind transfer).
    pub fn refer(&mut self, now: Instant, session: SessionId, number: &str) {
        let to = format!("<sip:{number}@{}>", self.server.ip());
        self.refer_to(now, session, to);
    }

    /// Connects whom it talks to in one call with whom it talks to in another (attended transfer, RFC 5589 §7).
    pub fn refer_to_call(&mut self, now: Instant, session: SessionId, other: SessionId) {
        let Some(replaces) = self.dialog_of(other) else {
            return;
        };
        self.refer_to_dialog(now, session, &replaces);
    }

    /// The same with the value of a Replaces header.
    pub fn refer_to_dialog(&mut self, now: Instant, session: SessionId, replaces: &str) {
        let replaces = replaces
            .replace('@', "%40")
            .replace(';', "%3B")
            .replace('=', "%3D");
        let to = format!("<sip:consulted@{}?Replaces={replaces}>", self.server.ip());
        self.refer_to(now, session, to);
    }

    fn refer_to(&mut self, now: Instant, session: SessionId, to: String) {
        let headers = [("Refer-To".to_owned(), to)];
        self.endpoint
            .request_in_dialog(now, session, Method::Refer, &headers, None)
            .ok();
    }

    /// A call of the phone as the server is told which one is meant: the value of a Replaces header.
    pub fn dialog_of(&self, session: SessionId) -> Option<String> {
        let dialog = self.endpoint.dialog(session)?;
        Some(format!(
            "{};to-tag={};from-tag={}",
            dialog.call_id, dialog.remote_tag, dialog.local_tag
        ))
    }

    /// Takes a call over that another phone has with the server (RFC 3891).
    pub fn take_call(&mut self, now: Instant, replaces: &str) -> Option<SessionId> {
        self.call_with(now, "taken", vec![("Replaces".into(), replaces.into())])
    }
}
