//! Printing requests inside a dialog.

use bytes::Bytes;

use super::Dialog;
use crate::endpoint::{EndpointConfig, Extensions};
use crate::message::{HeaderName, MessageWriter, Method};
use crate::transaction::ClientKey;

/// What a request inside a dialog is made of.
pub(crate) struct InDialog<'a> {
    pub(crate) dialog: &'a Dialog,
    pub(crate) config: &'a EndpointConfig,
    pub(crate) extensions: Extensions,
    /// From of our requests, with our tag.
    pub(crate) local: &'a str,
    pub(crate) call_id: &'a str,
    /// Our Contact URI.
    pub(crate) contact: &'a str,
    pub(crate) method: &'a Method,
    pub(crate) key: ClientKey,
    pub(crate) number: u32,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: Option<(&'a str, &'a [u8])>,
}

impl InDialog<'_> {
    pub(crate) fn print(&self) -> Bytes {
        let (uri, routes) = self.dialog.request_line();
        let target = self.dialog.target();
        let mut writer = MessageWriter::request(self.method, &uri);
        writer.header(HeaderName::Via, &via_value(&target, self.key));
        writer.header(HeaderName::MaxForwards, "70");
        for route in &routes {
            writer.header(HeaderName::Route, route);
        }
        writer.header(HeaderName::From, self.local);
        writer.header(HeaderName::To, &self.dialog.remote);
        writer.header(HeaderName::CallId, self.call_id);
        writer.header(
            HeaderName::CSeq,
            &format!("{} {}", self.number, self.method),
        );
        if refreshes_target(self.method) {
            writer.header(HeaderName::Contact, &format!("<{}>", self.contact));
        }
        if !self.config.user_agent.is_empty() {
            writer.header(HeaderName::UserAgent, &self.config.user_agent);
        }
        if matches!(self.method, Method::Invite | Method::Update) {
            self.config.write_allowed(&mut writer, &self.extensions);
        }
        for (name, value) in self.headers {
            writer.named(name, value);
        }
        match self.body {
            Some((kind, body)) => writer.finish_with(kind, body),
            None => writer.finish(),
        }
    }
}

/// Via of a request we send: our address on that transport, and `rport` (RFC 3581 §3).
pub(crate) fn via_value(target: &crate::transport::Target, key: ClientKey) -> String {
    format!(
        "SIP/2.0/{} {};rport;branch={}",
        target.transport,
        target.local,
        key.print()
    )
}

/// Whether requests of this method carry our Contact: those that make or refresh dialogs.
fn refreshes_target(method: &Method) -> bool {
    match method {
        Method::Invite | Method::Update | Method::Subscribe | Method::Notify | Method::Refer => {
            true
        }
        Method::Ack
        | Method::Bye
        | Method::Cancel
        | Method::Register
        | Method::Options
        | Method::Info
        | Method::Message
        | Method::Prack
        | Method::Publish
        | Method::Other(_) => false,
    }
}
