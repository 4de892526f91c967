//! Messages beyond one connection: on their way out, as they come in, and what the store has of them.

mod devices;
mod files;
mod incoming;
mod outgoing;

use std::sync::Arc;

use api::Origin;
use api::command::message::KeepMessages;
use serde_json::{Map, Value, json};

pub(crate) use incoming::run;
pub(crate) use outgoing::{Deliveries, Job, What};

use crate::cpim::Cpim;
use crate::error::Refusal;
use crate::start::{NAME, Shared};
use crate::store::{Mark, Owner, StoreError, key};
use crate::timestamp;
use crate::wire::account::AccountEvent;
use crate::wire::message::{Direction, Disposition, Entry, Outgoing, Sync, removed};
use crate::wire::{Event, Party};

/// Kept as the account's key, never journalled.
pub(crate) const PUBLIC_KEY: &str = "text/pgp-public-key";

/// Never kept.
pub(crate) const PRIVATE_KEY: &str = "text/pgp-private-key";

/// Wrapped messages.
pub(crate) const CPIM: &str = "message/cpim";

/// Journal entries that say a message was removed.
pub(crate) const REMOVED: &str = "application/sylk-message-remove";

/// On messages an account sends itself for its SIP devices.
pub(crate) const TO_SIP: &str = "X-Sylk-To-Sip";

/// Tells the switch of every account with a journal, before any of them is back: phones may write to them.
pub(crate) async fn announce(shared: &Shared) {
    match shared.store.accounts().await {
        Ok(accounts) => {
            for account in accounts {
                keep_messages(shared, &account, Origin::internal(NAME)).await;
            }
        }
        Err(error) => tracing::warn!(%error, "Nobody knows who has a journal"),
    }
}

/// What phones send an account of ours while it is away goes to its journal from now on.
pub(crate) async fn keep_messages(shared: &Shared, account: &Arc<str>, origin: Origin) {
    if !shared.is_ours(account) {
        return;
    }
    let account = account.clone();
    if let Err(error) = shared.switch.ask(KeepMessages { account }, origin).await {
        tracing::warn!(%error, "Messages for an account that is away are refused");
    }
}

/// A journal entry that is no message.
pub(crate) fn marker(contact: &Arc<str>, content_type: &str, content: Arc<str>) -> Entry {
    Entry {
        contact: contact.clone(),
        timestamp: timestamp::now(),
        disposition: Vec::new(),
        // Its own, so that a client can name it as the last thing it has.
        message_id: api::Uuid::new_v4().to_string().into(),
        content_type: content_type.into(),
        content,
        direction: Direction::None,
        state: None,
    }
}

/// One journal has failed, and everything that does not need it goes on.
fn not_kept(error: StoreError, what: &str) {
    metrics::counter!("jackfield_sylkrtc_not_kept_total").increment(1);
    tracing::warn!(%error, "{what}");
}

impl Shared {
    /// Makes an account known that has proved itself. One of another domain has its place only while it uses it, as it
    /// makes room for others.
    pub(crate) async fn open_account(&self, own: &str) -> Result<(), StoreError> {
        let owner = match self.is_ours(own) {
            true => Owner::Ours,
            false => Owner::Foreign,
        };
        self.store.open(own, owner).await
    }

    /// Sends something, after everything else the same client sends there.
    pub(crate) fn deliver(self: &Arc<Self>, job: Job) -> Result<(), Refusal> {
        self.deliveries.push(self, job)
    }

    /// Changes what an account's journal says of a message, as far as that can be done: everything else goes on.
    async fn mark(&self, own: &str, message_id: &str, mark: Mark) {
        if let Err(error) = self.store.mark(own, message_id, mark).await {
            not_kept(error, "What became of a message is not kept");
        }
    }

    /// What became of an account's message: journalled, and told to all its connections.
    async fn disposed(
        &self,
        account: &str,
        contact: &Arc<str>,
        disposition: Disposition,
    ) -> Result<bool, StoreError> {
        let event = AccountEvent::Disposition(disposition);
        let as_text = Event::Account {
            account: account.into(),
            event: event.clone(),
        };
        let entry = marker(contact, "message/imdn", as_text.print().into());
        let kept = self.store.append(&key(account), entry).await;
        self.roster.fork(account, None, &event);
        kept
    }

    /// Something else than a page has sent a message of an account: its pages are to show it (sylkrtc.md §3.3).
    fn message_added(&self, account: &Arc<str>, to: &Arc<str>, message: Outgoing) {
        let request = json!({
            "sylkrtc": "account-message",
            "transaction": "1",
            "account": account,
            "uri": to,
            "message_id": message.message_id,
            "content": message.content,
            "content_type": message.content_type,
            "timestamp": message.timestamp,
            "server_generated": true,
        });
        let members: Map<String, Value> = request.as_object().cloned().unwrap_or_default();
        let sync = Sync::MessageAdded {
            request: Arc::new(members),
        };
        self.roster.fork(account, None, &AccountEvent::Sync(sync));
    }

    /// The sender of a message has removed it.
    pub(crate) async fn remove_received(
        &self,
        receiver: &Arc<str>,
        sender: &Arc<str>,
        message_id: &Arc<str>,
    ) -> Result<(), StoreError> {
        let own = key(receiver);
        if !self.store.remove_message(&own, sender, message_id).await? {
            return Ok(());
        }
        let content = removed(sender, message_id, Direction::Incoming).print();
        self.store
            .append(&own, marker(sender, REMOVED, content.into()))
            .await?;
        let sync = Sync::MessageRemoved {
            contact: sender.clone(),
            message_id: message_id.clone(),
            direction: Direction::Incoming,
        };
        self.roster.fork(receiver, None, &AccountEvent::Sync(sync));
        Ok(())
    }
}

/// A body as a message: unwrapped, or with what can be made up.
pub(crate) fn unwrap(content_type: &str, from: &Party, body: &[u8]) -> Option<Cpim> {
    if crate::cpim::bare_type(content_type).eq_ignore_ascii_case(CPIM) {
        return match Cpim::parse(body) {
            Ok(message) => Some(message),
            Err(error) => {
                tracing::debug!(%error, "Message with unreadable wrapping dropped");
                None
            }
        };
    }
    let content_type = crate::cpim::bare_type(content_type);
    Some(Cpim {
        from: from.clone(),
        to: from.clone(),
        timestamp: None,
        message_id: None,
        wanted: Vec::new(),
        content_type: content_type.into(),
        content: crate::cpim::decode(content_type, body),
    })
}
