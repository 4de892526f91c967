use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::{After, Answer, Device, Mark, Owner, Store, StoreError, StoreLimits, device_key, key};
use crate::timestamp;
use crate::wire::account::Push;
use crate::wire::addressbook::Kind;
use crate::wire::message::{Direction, Entry};

/// Longest public key, in bytes. Ours.
const MAX_KEY: usize = 64 << 10;

/// A store that forgets everything when the server stops.
pub(crate) struct Memory {
    limits: StoreLimits,
    /// Held for one look or change, never across an await.
    accounts: Mutex<HashMap<Arc<str>, Account>>,
}

#[derive(Default)]
struct Account {
    /// When an account of another domain used its place last, in microseconds since 1970; `None` for one of ours.
    used: Option<i64>,
    journal: VecDeque<Stored>,
    bytes: usize,
    public_key: Option<Arc<str>>,
    book: BTreeMap<(&'static str, Arc<str>), (Kind, Value)>,
    devices: Vec<Device>,
}

struct Stored {
    /// Microseconds since 1970.
    at: i64,
    entry: Entry,
}

impl Memory {
    pub(crate) fn new(limits: StoreLimits) -> Self {
        Self {
            limits,
            accounts: Mutex::default(),
        }
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<Arc<str>, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes an account for which something is to be kept.
    fn change<T>(
        &self,
        account: &str,
        change: impl FnOnce(&mut Account) -> T,
    ) -> Result<T, StoreError> {
        let mut accounts = self.accounts();
        accounts
            .get_mut(account)
            .map(change)
            .ok_or(StoreError::Full)
    }

    fn open(&self, account: &str, owner: Owner) -> Result<(), StoreError> {
        let used = (owner == Owner::Foreign).then(timestamp::now_micros);
        let mut accounts = self.accounts();
        if let Some(known) = accounts.get_mut(account) {
            known.used = used;
            return Ok(());
        }
        let same = |one: &&Account| one.used.is_some() == used.is_some();
        let there = accounts.values().filter(same).count();
        let is_full = match owner {
            Owner::Ours => there >= self.limits.accounts,
            Owner::Foreign => there >= self.limits.foreign_accounts,
        };
        if is_full {
            let idle = accounts.iter().filter(|(_, one)| one.has_only_a_key());
            let oldest = idle.filter_map(|(name, one)| Some((one.used?, name.clone())));
            let oldest = oldest.min().filter(|_| owner == Owner::Foreign);
            accounts.remove(&oldest.ok_or(StoreError::Full)?.1);
        }
        let account = account.into();
        accounts.insert(
            account,
            Account {
                used,
                ..Account::default()
            },
        );
        Ok(())
    }

    /// Does nothing to an account that is not known.
    fn change_known<T: Default>(&self, account: &str, change: impl FnOnce(&mut Account) -> T) -> T {
        self.accounts()
            .get_mut(account)
            .map(change)
            .unwrap_or_default()
    }
}

/// An answer that is there already.
fn ready<'a, T: Send + 'a>(answer: Result<T, StoreError>) -> Answer<'a, T> {
    Box::pin(std::future::ready(answer))
}

impl Store for Memory {
    fn open<'a>(&'a self, account: &'a str, owner: Owner) -> Answer<'a, ()> {
        ready(self.open(account, owner))
    }

    fn accounts<'a>(&'a self) -> Answer<'a, Vec<Arc<str>>> {
        let mut names: Vec<_> = self.accounts().keys().cloned().collect();
        names.sort_unstable();
        ready(Ok(names))
    }

    fn knows<'a>(&'a self, account: &'a str) -> Answer<'a, bool> {
        ready(Ok(self.accounts().contains_key(account)))
    }

    fn append<'a>(&'a self, account: &'a str, entry: Entry) -> Answer<'a, bool> {
        let limits = self.limits;
        let weight = weight(&entry);
        if weight > limits.bytes {
            return ready(Err(StoreError::Full));
        }
        ready(Ok(self.change_known(account, |account| {
            let now = timestamp::now_micros();
            // Entries are found by their time, so it never goes back.
            let at = account
                .journal
                .back()
                .map_or(now, |last| now.max(last.at + 1));
            account.bytes += weight;
            account.journal.push_back(Stored { at, entry });
            while account.journal.len() > limits.entries || account.bytes > limits.bytes {
                match account.journal.pop_front() {
                    Some(oldest) => account.bytes -= self::weight(&oldest.entry),
                    None => break,
                }
            }
            true
        })))
    }

    fn mark<'a>(&'a self, account: &'a str, message_id: &'a str, mark: Mark) -> Answer<'a, bool> {
        ready(Ok(self.change_known(account, |account| {
            let messages = account.journal.iter_mut().map(|stored| &mut stored.entry);
            let found = messages.rev().find(|entry| {
                &*entry.message_id == message_id && entry.direction != Direction::None
            });
            let Some(entry) = found else {
                return false;
            };
            entry.state = Some(mark.state);
            if let Some(reported) = mark.reported {
                entry.disposition.retain(|wanted| *wanted != reported);
            }
            true
        })))
    }

    fn clear_wanted<'a>(&'a self, account: &'a str, contact: &'a str) -> Answer<'a, ()> {
        self.change_known(account, |account| {
            for stored in &mut account.journal {
                let entry = &mut stored.entry;
                if is_contact(entry, contact) && entry.direction == Direction::Incoming {
                    entry.disposition.clear();
                }
            }
        });
        ready(Ok(()))
    }

    fn journal<'a>(
        &'a self,
        account: &'a str,
        after: After,
        limit: usize,
    ) -> Answer<'a, Vec<Entry>> {
        ready(Ok(self.change_known(account, |account| {
            let from = account.place(&after);
            let entries = account.journal.iter().skip(from).take(limit);
            entries.map(|stored| stored.entry.clone()).collect()
        })))
    }

    fn contact_of<'a>(
        &'a self,
        account: &'a str,
        message_id: &'a str,
    ) -> Answer<'a, Option<Arc<str>>> {
        ready(Ok(self.change_known(account, |account| {
            let mut messages = account.journal.iter().map(|stored| &stored.entry);
            messages
                .find(|entry| {
                    &*entry.message_id == message_id && entry.direction != Direction::None
                })
                .map(|entry| entry.contact.clone())
        })))
    }

    fn remove_message<'a>(
        &'a self,
        account: &'a str,
        contact: &'a str,
        message_id: &'a str,
    ) -> Answer<'a, bool> {
        let gone = self.change_known(account, |account| {
            account.remove(|entry| is_contact(entry, contact) && &*entry.message_id == message_id)
        });
        ready(Ok(gone > 0))
    }

    fn remove_conversation<'a>(&'a self, account: &'a str, contact: &'a str) -> Answer<'a, usize> {
        ready(Ok(self.change_known(account, |account| {
            account.remove(|entry| is_contact(entry, contact))
        })))
    }

    fn public_key<'a>(&'a self, account: &'a str) -> Answer<'a, Option<Arc<str>>> {
        ready(Ok(
            self.change_known(account, |account| account.public_key.clone())
        ))
    }

    fn set_public_key<'a>(&'a self, account: &'a str, key: Arc<str>) -> Answer<'a, bool> {
        if key.len() > MAX_KEY {
            return ready(Err(StoreError::Full));
        }
        ready(Ok(self.change_known(account, |account| {
            account.public_key = Some(key);
            true
        })))
    }

    fn address_book<'a>(&'a self, account: &'a str) -> Answer<'a, Vec<(Kind, Value)>> {
        ready(Ok(self.change_known(account, |account| {
            account.book.values().cloned().collect()
        })))
    }

    fn put_item<'a>(
        &'a self,
        account: &'a str,
        kind: Kind,
        id: &'a str,
        item: Value,
    ) -> Answer<'a, ()> {
        let most = self.limits.items;
        let put = self.change(account, |account| {
            let place = (kind.name(), Arc::from(id));
            if !account.book.contains_key(&place) && account.book.len() >= most {
                return Err(StoreError::Full);
            }
            account.book.insert(place, (kind, item));
            Ok(())
        });
        ready(put.and_then(|put| put))
    }

    fn delete_item<'a>(&'a self, account: &'a str, kind: Kind, id: &'a str) -> Answer<'a, bool> {
        ready(Ok(self.change_known(account, |account| {
            account.book.remove(&(kind.name(), Arc::from(id))).is_some()
        })))
    }

    fn devices<'a>(&'a self, account: &'a str) -> Answer<'a, Vec<Device>> {
        ready(Ok(
            self.change_known(account, |account| account.devices.clone())
        ))
    }

    fn put_device<'a>(&'a self, account: &'a str, push: Push) -> Answer<'a, ()> {
        let most = self.limits.devices;
        ready(self.change(account, |account| {
            let key = device_key(&push);
            account.devices.retain(|device| device.key != key);
            if account.devices.len() >= most {
                account.devices.remove(0);
            }
            account.devices.push(Device { key, push });
        }))
    }

    fn delete_token<'a>(&'a self, account: &'a str, token: &'a str) -> Answer<'a, bool> {
        ready(Ok(self.change_known(account, |account| {
            let before = account.devices.len();
            account
                .devices
                .retain(|device| &*device.push.token != token);
            account.devices.len() < before
        })))
    }
}

impl Account {
    fn has_only_a_key(&self) -> bool {
        self.journal.is_empty() && self.book.is_empty() && self.devices.is_empty()
    }

    /// The index of the first entry after a place.
    fn place(&self, after: &After) -> usize {
        let after_time = |time: &Arc<str>| {
            let time = timestamp::micros(time).unwrap_or(i64::MIN);
            self.journal.partition_point(|stored| stored.at <= time)
        };
        match after {
            After::Beginning => 0,
            After::Time(time) => after_time(time),
            After::Message(id, otherwise) => {
                let found = self
                    .journal
                    .iter()
                    .rposition(|stored| stored.entry.message_id == *id);
                match (found, otherwise) {
                    (Some(index), _) => index + 1,
                    (None, Some(time)) => after_time(time),
                    (None, None) => 0,
                }
            }
        }
    }

    fn remove(&mut self, which: impl Fn(&Entry) -> bool) -> usize {
        let before = self.journal.len();
        self.journal.retain(|stored| !which(&stored.entry));
        self.bytes = self
            .journal
            .iter()
            .map(|stored| weight(&stored.entry))
            .sum();
        before - self.journal.len()
    }
}

fn is_contact(entry: &Entry, contact: &str) -> bool {
    key(&entry.contact) == key(contact)
}

/// About how many bytes an entry takes.
fn weight(entry: &Entry) -> usize {
    200 + entry.contact.len()
        + entry.message_id.len()
        + entry.content_type.len()
        + entry.content.len()
}
