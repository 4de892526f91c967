//! What must survive a restart: journals of messages, public keys, address books, push tokens, objects of configuration,
//! records of calls, the index of voicemail, where telephones are registered, how far numbers of events have gone,
//! values of dialplans. In SQLite, which needs nothing else, or in PostgreSQL.
//!
//! One task writes ([`Store`] is the handle). It takes whatever waits, up to a bound, runs it in one transaction and
//! answers after the commit: what was answered is on the disk, and many writers share one `fsync`. Whoever reads much
//! has connections beside it. The schema is in `src/schema`, one file for each version and database, from 1 on.

#![warn(missing_docs)]

mod account;
mod binding;
mod book;
mod cdr;
mod database;
mod device;
mod error;
mod event_position;
mod journal;
mod kept;
mod link;
mod migration;
mod object;
mod place;
mod voicemail;
mod writer;

pub use account::Owner;
pub use binding::{Binding, BindingChange};
pub use cdr::{
    CallDirection, CallPage, CallPlace, CallRecord, CallSearch, MAX_CALL_PAGE, MAX_CALL_TEXT,
    MAX_CALL_VARIABLES,
};
pub use device::Device;
pub use error::{OpenError, StoreError};
pub use journal::{After, Entry, Mark};
pub use kept::{FifoMember, GroupMember, Kept, KeptChange, KeptValue};
pub use object::{
    Loading, MAX_NAME, MAX_UNIQUE, MAX_WORD, NewObject, Object, ObjectError, ObjectLimits,
    ObjectName, Objects, Unique,
};
pub use place::{Place, PostgresUrl, UrlError};
pub use voicemail::VoiceMessage;
pub use writer::Store;

/// How much is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
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
    /// Devices of one account; the oldest goes first.
    pub devices: usize,
}

impl Default for Limits {
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
