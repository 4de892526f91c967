//! What outlives a connection: journals of messages, public keys, address books, push tokens.
//!
//! The door asks through [`Store`]; there is one in memory and one in the server's database, and both keep the same promises.

mod durable;
mod memory;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use durable::Durable;
use memory::Memory;

use crate::wire::account::Push;
use crate::wire::addressbook::Kind;
use crate::wire::message::{Entry, State, Wanted};

/// How much is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoreLimits {
    /// Accounts of ours with anything kept.
    pub accounts: usize,
    /// Accounts of other domains; those of which there is nothing but a key make room, the one not used for longest first.
    pub foreign_accounts: usize,
    /// Journal entries of one account; the oldest go first.
    pub entries: usize,
    /// Bytes of one account's journal; the oldest entries go first.
    pub bytes: usize,
    /// Items of one account's address book.
    pub items: usize,
    /// Devices of one account.
    pub devices: usize,
}

impl Default for StoreLimits {
    /// 10,000 accounts of ours and 1,000 others, of 5,000 entries and 1 MiB each.
    fn default() -> Self {
        Self {
            accounts: 10_000,
            foreign_accounts: 1_000,
            entries: 5_000,
            bytes: 1 << 20,
            items: 2_000,
            devices: 20,
        }
    }
}

/// Where it is kept.
#[derive(Clone, Debug)]
pub enum StorePlace {
    /// In this door's memory: a restart forgets it.
    Memory,
    /// In the server's store.
    Server(::store::Store),
}

/// The store of a door.
pub(crate) fn open(place: &StorePlace, limits: StoreLimits) -> Arc<dyn Store> {
    match place {
        StorePlace::Memory => Arc::new(Memory::new(limits)),
        StorePlace::Server(store) => Arc::new(Durable::new(store, limits)),
    }
}

/// An answer that may have to wait for a disk.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Why the store did not do it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// A limit is reached.
    #[error("quota exceeded")]
    Full,
    /// The disk failed.
    #[error("storage failed")]
    Failed,
}

/// From where on a journal is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum After {
    /// All of it.
    Beginning,
    /// What was journalled after that entry; by the time when the id is not known.
    Message(Arc<str>, Option<Arc<str>>),
    /// What was journalled after a time.
    Time(Arc<str>),
}

/// What changes about a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mark {
    /// Its state from now on.
    pub(crate) state: State,
    /// No longer to be reported.
    pub(crate) reported: Option<Wanted>,
}

/// A device as push servers reach it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Device {
    /// `<app>-<device>`
    pub(crate) key: Arc<str>,
    pub(crate) push: Push,
}

/// Whose an account is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Owner {
    /// One of our domains.
    Ours,
    /// Another domain: anybody can have as many as they like.
    Foreign,
}

/// Keeps what accounts leave behind. `account` is always a key made by [`key`].
pub(crate) trait Store: Send + Sync {
    /// Makes an account known: from now on messages for it are kept. One of another domain is used at this moment.
    fn open<'a>(&'a self, account: &'a str, owner: Owner) -> Answer<'a, ()>;

    /// Every account that was made known, by name.
    fn accounts<'a>(&'a self) -> Answer<'a, Vec<Arc<str>>>;

    /// Whether it was made known.
    fn knows<'a>(&'a self, account: &'a str) -> Answer<'a, bool>;

    /// Adds to an account's journal; false when it is not known. The oldest entries make room when it is full.
    fn append<'a>(&'a self, account: &'a str, entry: Entry) -> Answer<'a, bool>;

    /// Changes a message; false when there is none of that id.
    fn mark<'a>(&'a self, account: &'a str, message_id: &'a str, mark: Mark) -> Answer<'a, bool>;

    /// Nothing of the conversation is to be reported any more.
    fn clear_wanted<'a>(&'a self, account: &'a str, contact: &'a str) -> Answer<'a, ()>;

    /// The journal from a place on, oldest first, at most `limit` entries.
    fn journal<'a>(
        &'a self,
        account: &'a str,
        after: After,
        limit: usize,
    ) -> Answer<'a, Vec<Entry>>;

    /// With whom a message was exchanged.
    fn contact_of<'a>(
        &'a self,
        account: &'a str,
        message_id: &'a str,
    ) -> Answer<'a, Option<Arc<str>>>;

    /// Deletes a message of a conversation; false when there is none.
    fn remove_message<'a>(
        &'a self,
        account: &'a str,
        contact: &'a str,
        message_id: &'a str,
    ) -> Answer<'a, bool>;

    /// Deletes a conversation and says how many entries it had.
    fn remove_conversation<'a>(&'a self, account: &'a str, contact: &'a str) -> Answer<'a, usize>;

    /// The public key of an account.
    fn public_key<'a>(&'a self, account: &'a str) -> Answer<'a, Option<Arc<str>>>;

    /// Keeps it; false when the account is not known.
    fn set_public_key<'a>(&'a self, account: &'a str, key: Arc<str>) -> Answer<'a, bool>;

    /// Items of an account's address book, by kind and id.
    fn address_book<'a>(&'a self, account: &'a str) -> Answer<'a, Vec<(Kind, Value)>>;

    /// Adds or replaces an item of a known account.
    fn put_item<'a>(
        &'a self,
        account: &'a str,
        kind: Kind,
        id: &'a str,
        item: Value,
    ) -> Answer<'a, ()>;

    /// Deletes an item; false when there is none.
    fn delete_item<'a>(&'a self, account: &'a str, kind: Kind, id: &'a str) -> Answer<'a, bool>;

    /// Where an account's devices are reached.
    fn devices<'a>(&'a self, account: &'a str) -> Answer<'a, Vec<Device>>;

    /// Adds a device of a known account, or replaces what is known of it.
    fn put_device<'a>(&'a self, account: &'a str, push: Push) -> Answer<'a, ()>;

    /// Forgets a push token; false when there is none.
    fn delete_token<'a>(&'a self, account: &'a str, token: &'a str) -> Answer<'a, bool>;
}

/// The account's name in the store: hosts do not care about case.
pub(crate) fn key(aor: &str) -> Arc<str> {
    match aor.split_once('@') {
        Some((user, host)) => format!("{user}@{}", host.to_ascii_lowercase()).into(),
        None => aor.into(),
    }
}

/// Of one application on one device there is one.
fn device_key(push: &Push) -> Arc<str> {
    format!("{}-{}", push.app, push.device).into()
}

#[cfg(test)]
mod tests;
