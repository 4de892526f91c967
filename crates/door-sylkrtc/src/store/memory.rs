use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::{After, Answer, Device, Mark, Store, StoreError, key};
use crate::timestamp;
use crate::wire::account::Push;
use crate::wire::addressbook::Kind;
use crate::wire::message::{Direction, Entry};

/// How much is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoreLimits {
    /// Accounts with anything kept.
    pub accounts: usize,
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
    /// 10,000 accounts of 5,000 entries and 1 MiB each.
    fn default() -> Self {
        Self {
            accounts: 10_000,
            entries: 5_000,
            bytes: 1 << 20,
            items: 2_000,
            devices: 20,
        }
    }
}

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

    fn change<T>(
        &self,
        account: &str,
        change: impl FnOnce(&mut Account) -> T,
    ) -> Result<T, StoreError> {
        let mut accounts = self.accounts();
        if !accounts.contains_key(account) && accounts.len() >= self.limits.accounts {
            return Err(StoreError::Full);
        }
        Ok(change(accounts.entry(account.into()).or_default()))
    }

    /// Without making the account.
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
    fn open<'a>(&'a self, account: &'a str) -> Answer<'a, ()> {
        ready(self.change(account, |_| ()))
    }

    fn knows<'a>(&'a self, account: &'a str) -> Answer<'a, bool> {
        ready(Ok(self.accounts().contains_key(account)))
    }

    fn append<'a>(&'a self, account: &'a str, entry: Entry) -> Answer<'a, ()> {
        let limits = self.limits;
        let weight = weight(&entry);
        if weight > limits.bytes {
            return ready(Err(StoreError::Full));
        }
        ready(self.change(account, |account| {
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
        }))
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

    fn set_public_key<'a>(&'a self, account: &'a str, key: Arc<str>) -> Answer<'a, ()> {
        if key.len() > MAX_KEY {
            return ready(Err(StoreError::Full));
        }
        ready(self.change(account, |account| account.public_key = Some(key)))
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
            let key: Arc<str> = format!("{}-{}", push.app, push.device).into();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::message::{State, Wanted};

    fn entry(id: &str, contact: &str) -> Entry {
        Entry {
            contact: contact.into(),
            timestamp: timestamp::now(),
            disposition: vec![Wanted::PositiveDelivery, Wanted::Display],
            message_id: id.into(),
            content_type: "text/plain".into(),
            content: "x".into(),
            direction: Direction::Incoming,
            state: Some(State::Received),
        }
    }

    async fn ids(store: &Memory, after: After, limit: usize) -> Vec<String> {
        let entries = store.journal("a@b", after, limit).await.unwrap();
        entries
            .iter()
            .map(|entry| entry.message_id.to_string())
            .collect()
    }

    #[tokio::test]
    async fn journals_are_read_from_a_place_on() {
        let store = Memory::new(StoreLimits {
            entries: 4,
            ..StoreLimits::default()
        });
        for id in ["0", "1", "2", "3", "4"] {
            store.append("a@b", entry(id, "c@d")).await.unwrap();
        }
        assert_eq!(
            ids(&store, After::Beginning, 10).await,
            ["1", "2", "3", "4"],
            "the oldest went"
        );
        assert_eq!(ids(&store, After::Beginning, 2).await, ["1", "2"]);
        assert_eq!(
            ids(&store, After::Message("3".into(), None), 10).await,
            ["4"]
        );
        assert_eq!(
            ids(&store, After::Message("?".into(), None), 10)
                .await
                .len(),
            4
        );
        let future: Arc<str> = "2999-01-01T00:00:00Z".into();
        assert!(
            ids(&store, After::Message("?".into(), Some(future.clone())), 10)
                .await
                .is_empty()
        );
        assert!(ids(&store, After::Time(future), 10).await.is_empty());
        assert_eq!(
            ids(&store, After::Time("2020-01-01T00:00:00Z".into()), 10)
                .await
                .len(),
            4
        );
    }

    #[tokio::test]
    async fn messages_are_marked_and_removed() {
        let store = Memory::new(StoreLimits::default());
        store.append("a@b", entry("1", "c@D")).await.unwrap();
        store.append("a@b", entry("2", "e@f")).await.unwrap();
        let mark = Mark {
            state: State::Displayed,
            reported: Some(Wanted::Display),
        };
        assert!(store.mark("a@b", "1", mark.clone()).await.unwrap());
        assert!(!store.mark("a@b", "9", mark).await.unwrap());
        let journal = store.journal("a@b", After::Beginning, 9).await.unwrap();
        assert_eq!(journal[0].disposition, [Wanted::PositiveDelivery]);
        assert_eq!(journal[0].state, Some(State::Displayed));
        assert!(
            !store.remove_message("a@b", "e@f", "1").await.unwrap(),
            "of another conversation"
        );
        assert!(store.remove_message("a@b", "c@d", "1").await.unwrap());
        assert_eq!(store.remove_conversation("a@b", "e@f").await.unwrap(), 1);
        assert_eq!(store.accounts()["a@b"].bytes, 0);
    }

    #[tokio::test]
    async fn limits_hold() {
        let store = Memory::new(StoreLimits {
            accounts: 1,
            items: 1,
            bytes: 500,
            ..StoreLimits::default()
        });
        assert!(!store.knows("a@b").await.unwrap());
        store.open("a@b").await.unwrap();
        assert!(store.knows("a@b").await.unwrap());
        assert_eq!(store.open("c@d").await, Err(StoreError::Full));
        store
            .put_item("a@b", Kind::Contact, "1", Value::Null)
            .await
            .unwrap();
        store
            .put_item("a@b", Kind::Contact, "1", Value::Null)
            .await
            .unwrap();
        let second = store.put_item("a@b", Kind::Group, "1", Value::Null).await;
        assert_eq!(second, Err(StoreError::Full));
        for id in ["1", "2", "3"] {
            store.append("a@b", entry(id, "c@d")).await.unwrap();
        }
        assert_eq!(ids(&store, After::Beginning, 10).await, ["2", "3"]);
        let huge = Entry {
            content: "x".repeat(600).into(),
            ..entry("4", "c@d")
        };
        assert_eq!(store.append("a@b", huge).await, Err(StoreError::Full));
    }
}
