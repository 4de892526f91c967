//! What identifies a transaction (RFC 3261 §17.1.3, §17.2.3).

use std::sync::Arc;

use crate::message::header::MAGIC_COOKIE;
use crate::message::{Message, Method};

/// A client transaction: the number in our branch, and whether it is the CANCEL that shares the
/// branch of its INVITE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ClientKey {
    pub(crate) branch: u64,
    pub(crate) is_cancel: bool,
}

impl ClientKey {
    pub(crate) fn new(branch: u64) -> Self {
        Self {
            branch,
            is_cancel: false,
        }
    }

    /// The key of the CANCEL for this INVITE.
    pub(crate) fn cancel(self) -> Self {
        Self {
            branch: self.branch,
            is_cancel: true,
        }
    }

    /// The branch as printed into Via.
    pub(crate) fn print(self) -> String {
        format!("{MAGIC_COOKIE}{:016x}", self.branch)
    }

    /// The key a response belongs to; `None` when the branch is none of ours.
    pub(crate) fn of_response(response: &Message) -> Option<Self> {
        let via = response.via()?;
        let digits = via
            .branch()
            .strip_prefix(MAGIC_COOKIE)
            .filter(|digits| digits.len() == 16)?;
        let branch = u64::from_str_radix(digits, 16).ok()?;
        let is_cancel = response.cseq()?.method == Method::Cancel;
        Some(Self { branch, is_cancel })
    }

    /// The key of a request we printed.
    pub(crate) fn of_request(request: &Message) -> Option<Self> {
        Self::of_response(request)
    }
}

/// A server transaction. INVITE and its ACK have the same key; CANCEL finds its INVITE with
/// [`ServerKey::of_cancelled`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ServerKey(Arc<str>);

impl ServerKey {
    /// The key of a request that passed `Message::check`.
    pub(crate) fn of_request(request: &Message) -> Option<Self> {
        let method = request.method()?;
        let folded = if *method == Method::Ack {
            "INVITE"
        } else {
            method.as_str()
        };
        Self::with_method(request, folded)
    }

    /// The key of the INVITE a CANCEL is about (§9.2).
    pub(crate) fn of_cancelled(cancel: &Message) -> Option<Self> {
        Self::with_method(cancel, "INVITE")
    }

    fn with_method(request: &Message, method: &str) -> Option<Self> {
        let via = request.via()?;
        if via.has_magic_cookie() {
            let port = via.port.unwrap_or(0);
            return Some(Self(
                format!("{}|{}:{port}|{method}", via.branch(), via.host).into(),
            ));
        }
        // RFC 2543: no unique branch. The tag of To is left out, because it differs between the
        // INVITE and its ACK; the number of CSeq keeps later requests of the dialog apart.
        let uri = request.request_uri()?;
        let from = request.from()?;
        let number = request.cseq()?.number;
        let (host, port, branch) = (via.host, via.port.unwrap_or(0), via.branch());
        let tag = from.tag().unwrap_or("");
        let call_id = request.call_id();
        Some(Self(
            format!("2543|{uri}|{tag}|{call_id}|{number}|{host}:{port}|{branch}|{method}").into(),
        ))
    }
}

/// What tells the same request over two paths (§8.2.2.2): only for requests without a To tag. Two branches of a fork
/// to different contacts are for different user agents, although one endpoint serves both.
pub(crate) fn merge_key(request: &Message) -> Option<Arc<str>> {
    if request.to()?.tag().is_some() {
        return None;
    }
    let cseq = request.cseq()?;
    let tag = request.from()?.tag()?;
    Some(
        format!(
            "{tag}|{}|{}|{}|{}",
            request.request_uri()?,
            request.call_id(),
            cseq.number,
            cseq.method
        )
        .into(),
    )
}
