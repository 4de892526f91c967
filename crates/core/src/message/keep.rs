//! Accounts whose messages a door keeps while nothing is registered for them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use api::command::message::{AnswerMessage, KeepMessages};
use api::event::{EventKind, MessageEvent};
use api::id::MessageId;
use api::{CommandError, ErrorKind};

use super::{MAX_PENDING, Sender, delivery};
use crate::Switch;
use crate::registrar::Account;
use crate::timers::Deadline;

/// How long keeping a message may take. Its sender gives up after 32 s (RFC 3261 §17.1.2.2, Timer F).
const KEEPING: Duration = Duration::from_secs(5);
/// Most accounts.
const MAX_KEPT: usize = 100_000;
/// Longest address, bytes.
const MAX_ADDRESS: usize = 1024;

/// The accounts, by their address.
#[derive(Debug, Default)]
pub(super) struct Kept(HashSet<Arc<str>>);

impl Kept {
    /// Whether somebody keeps what is sent to an address. The port of a host says nothing about an account.
    pub(super) fn has(&self, address: &str) -> bool {
        name(address).is_some_and(|name| self.0.contains(&*name))
    }
}

/// An address as it is compared: users as they are written, hosts without regard to case.
fn name(address: &str) -> Option<String> {
    let (user, host) = address.split_once('@')?;
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let sound = !user.is_empty() && !host.is_empty() && address.len() <= MAX_ADDRESS;
    sound.then(|| format!("{user}@{}", host.to_ascii_lowercase()))
}

impl Switch {
    /// Gives a message to whoever keeps it; its sender waits for the outcome.
    pub(super) fn have_kept(&mut self, sender: Sender, mut event: Box<MessageEvent>) {
        if self.messages.len() >= MAX_PENDING {
            return self.tell_sender(sender, delivery(503));
        }
        self.messages.serial += 1;
        let id = MessageId(self.messages.serial);
        self.messages.awaited.insert(id, sender);
        let until = self.now.mono + KEEPING;
        self.timers.set(until, Deadline::Message(id));
        event.awaited = Some(id);
        self.publish(EventKind::Message(event), None);
    }

    pub(crate) fn answer_message(&mut self, command: &AnswerMessage) -> Result<(), CommandError> {
        let AnswerMessage { message, code } = *command;
        if !(200..700).contains(&code) {
            let kind = ErrorKind::InvalidArgument("code");
            return Err(CommandError::new(kind, "no final status"));
        }
        let Some(sender) = self.messages.awaited.remove(&message) else {
            let detail = "nobody waits for it";
            return Err(CommandError::new(ErrorKind::InvalidState, detail));
        };
        self.tell_sender(sender, delivery(code));
        Ok(())
    }

    pub(crate) fn message_is_not_kept(&mut self, id: MessageId) {
        if let Some(sender) = self.messages.awaited.remove(&id) {
            tracing::warn!("Nobody has said that a message is kept");
            self.tell_sender(sender, delivery(500));
        }
    }

    /// The address under which somebody keeps what is sent to an account: the one it was sent to, or the account in
    /// another name of its domain.
    pub(super) fn kept_for(&self, account: &Account, sent_to: &Arc<str>) -> Option<Arc<str>> {
        let names = self.names_of_domain(&account.domain).into_iter();
        std::iter::once(sent_to.clone())
            .chain(names.map(|name| format!("{}@{name}", account.user.id).into()))
            .find(|address| self.messages.kept.has(address))
    }

    pub(crate) fn keep_messages(&mut self, command: &KeepMessages) -> Result<(), CommandError> {
        let Some(name) = name(&command.account) else {
            let kind = ErrorKind::InvalidArgument("account");
            return Err(CommandError::new(kind, "not an address"));
        };
        let kept = &mut self.messages.kept.0;
        if kept.len() >= MAX_KEPT && !kept.contains(&*name) {
            let detail = "too many accounts whose messages are kept";
            return Err(CommandError::new(ErrorKind::LimitReached, detail));
        }
        kept.insert(name.into());
        Ok(())
    }
}
