//! What a phone is told waits for its user.

use std::fmt::Write as _;

use api::view::Mailbox;
use bytes::Bytes;

use crate::originate::escape_user;
use crate::registrar::Account;

/// The type of a summary (RFC 3842 §5.1).
pub(super) const CONTENT_TYPE: &str = "application/simple-message-summary";

/// Longest body, bytes: with its headers it is to fit into a datagram (RFC 3261 §18.1.1). Lines beyond are left out.
pub(super) const MAX_BODY: usize = 800;

/// What is waiting, in the form of RFC 3842 §5.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Summary(String);

impl Summary {
    /// Of an account that is not there any more.
    pub(super) fn empty() -> Self {
        Self("Messages-Waiting: no\r\n".into())
    }

    pub(super) fn new(waiting: &str, account: &Account) -> Self {
        let mut text = String::with_capacity(128);
        let (user, domain) = (escape_user(&account.user.id), &account.domain);
        // A String takes whatever is written.
        write!(
            text,
            "Messages-Waiting: {waiting}\r\nMessage-Account: sip:{user}@{domain}\r\n"
        )
        .ok();
        Self(text)
    }

    pub(super) fn of(mailbox: &Mailbox, account: &Account) -> Self {
        let (new, saved) = (mailbox.new_messages(), mailbox.saved_messages());
        let mut summary = Self::new(if new > 0 { "yes" } else { "no" }, account);
        summary.line("Voice-Message", &format!("{new}/{saved} (0/0)"));
        summary
    }

    /// False when it is too long.
    pub(super) fn line(&mut self, name: &str, value: &str) -> bool {
        let fits = self.0.len() + name.len() + value.len() + 4 <= MAX_BODY;
        if fits {
            write!(self.0, "{name}: {value}\r\n").ok();
        }
        fits
    }

    pub(super) fn body(&self) -> Bytes {
        Bytes::copy_from_slice(self.0.as_bytes())
    }
}
