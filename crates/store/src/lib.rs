//! What must survive a restart, in SQLite: journals of messages, public keys, address books, push tokens.
//!
//! One thread owns the database ([`Store`] is the handle). It takes whatever waits, up to a bound, runs it in one
//! transaction and answers after the commit: what was answered is on the disk, and many writers share one `fsync`.
//! The schema is in `src/schema`, one file for each version, from 1 on.

#![warn(missing_docs)]

mod account;
mod book;
mod device;
mod error;
mod journal;
mod migration;
mod writer;

pub use account::Owner;
pub use device::Device;
pub use error::{OpenError, StoreError};
pub use journal::{After, Entry, Mark};
pub use writer::{Place, Store};

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
