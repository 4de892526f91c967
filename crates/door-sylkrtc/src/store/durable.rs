//! A store that outlives the server: what the door says, in the words of the crate `store`.

use std::sync::Arc;

use serde_json::Value;

use super::{After, Answer, Device, Mark, Owner, Store, StoreError, StoreLimits, device_key, key};
use crate::timestamp;
use crate::wire::account::Push;
use crate::wire::addressbook::Kind;
use crate::wire::message::{Direction, Entry, State, Wanted};

/// A store in a database.
pub(crate) struct Durable(store::Store);

impl Durable {
    /// What this door keeps there, within its limits.
    pub(crate) fn new(store: &store::Store, limits: StoreLimits) -> Self {
        let StoreLimits {
            accounts,
            foreign_accounts,
            entries,
            bytes,
            items,
            devices,
        } = limits;
        let limits = store::Limits {
            accounts,
            foreign_accounts,
            entries,
            bytes,
            items,
            devices,
        };
        Self(store.with_limits(limits))
    }
}

impl From<store::StoreError> for StoreError {
    fn from(error: store::StoreError) -> Self {
        match error {
            store::StoreError::Full => Self::Full,
            // Nothing of accounts has a limit of time.
            store::StoreError::Failed | store::StoreError::TooLong => Self::Failed,
        }
    }
}

fn stored(entry: Entry) -> store::Entry {
    let wanted = entry.disposition.iter();
    store::Entry {
        contact_key: key(&entry.contact),
        contact: entry.contact,
        timestamp: entry.timestamp,
        wanted: wanted.map(|wanted| wanted.name().to_owned()).collect(),
        message_id: entry.message_id,
        content_type: entry.content_type,
        content: entry.content,
        direction: entry.direction.name().to_owned(),
        state: entry.state.map(|state| state.name().to_owned()),
    }
}

/// A word the door does not know counts as missing: a later version may have written it.
fn told(entry: store::Entry) -> Entry {
    let wanted = entry.wanted.iter();
    Entry {
        contact: entry.contact,
        timestamp: entry.timestamp,
        disposition: wanted.filter_map(|name| Wanted::parse(name)).collect(),
        message_id: entry.message_id,
        content_type: entry.content_type,
        content: entry.content,
        direction: Direction::parse(&entry.direction).unwrap_or(Direction::None),
        state: entry.state.and_then(|state| State::parse(&state)),
    }
}

fn place(after: After) -> store::After {
    // What is no time is before everything.
    let micros = |time: &str| timestamp::micros(time).unwrap_or(i64::MIN);
    match after {
        After::Beginning => store::After::Beginning,
        After::Time(time) => store::After::Time(micros(&time)),
        After::Message(id, otherwise) => {
            store::After::Message(id, otherwise.map(|time| micros(&time)))
        }
    }
}

impl Store for Durable {
    fn open<'a>(&'a self, account: &'a str, owner: Owner) -> Answer<'a, ()> {
        let owner = match owner {
            Owner::Ours => store::Owner::Ours,
            Owner::Foreign => store::Owner::Foreign {
                used: timestamp::now_micros(),
            },
        };
        Box::pin(async move { Ok(self.0.open_account(account, owner).await?) })
    }

    fn accounts<'a>(&'a self) -> Answer<'a, Vec<Arc<str>>> {
        Box::pin(async move { Ok(self.0.accounts().await?) })
    }

    fn knows<'a>(&'a self, account: &'a str) -> Answer<'a, bool> {
        Box::pin(async move { Ok(self.0.knows(account).await?) })
    }

    fn append<'a>(&'a self, account: &'a str, entry: Entry) -> Answer<'a, bool> {
        let now = timestamp::now_micros();
        Box::pin(async move { Ok(self.0.append(account, now, stored(entry)).await?) })
    }

    fn mark<'a>(&'a self, account: &'a str, message_id: &'a str, mark: Mark) -> Answer<'a, bool> {
        let mark = store::Mark {
            state: mark.state.name().to_owned(),
            reported: mark.reported.map(|reported| reported.name().to_owned()),
        };
        Box::pin(async move { Ok(self.0.mark(account, message_id, mark).await?) })
    }

    fn clear_wanted<'a>(&'a self, account: &'a str, contact: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { Ok(self.0.clear_wanted(account, &key(contact)).await?) })
    }

    fn journal<'a>(
        &'a self,
        account: &'a str,
        after: After,
        limit: usize,
    ) -> Answer<'a, Vec<Entry>> {
        Box::pin(async move {
            let entries = self.0.journal(account, place(after), limit).await?;
            Ok(entries.into_iter().map(told).collect())
        })
    }

    fn contact_of<'a>(
        &'a self,
        account: &'a str,
        message_id: &'a str,
    ) -> Answer<'a, Option<Arc<str>>> {
        Box::pin(async move { Ok(self.0.contact_of(account, message_id).await?) })
    }

    fn remove_message<'a>(
        &'a self,
        account: &'a str,
        contact: &'a str,
        message_id: &'a str,
    ) -> Answer<'a, bool> {
        Box::pin(async move {
            let contact = key(contact);
            Ok(self.0.remove_message(account, &contact, message_id).await?)
        })
    }

    fn remove_conversation<'a>(&'a self, account: &'a str, contact: &'a str) -> Answer<'a, usize> {
        Box::pin(async move { Ok(self.0.remove_conversation(account, &key(contact)).await?) })
    }

    fn public_key<'a>(&'a self, account: &'a str) -> Answer<'a, Option<Arc<str>>> {
        Box::pin(async move { Ok(self.0.public_key(account).await?) })
    }

    fn set_public_key<'a>(&'a self, account: &'a str, key: Arc<str>) -> Answer<'a, bool> {
        Box::pin(async move { Ok(self.0.set_public_key(account, key).await?) })
    }

    fn address_book<'a>(&'a self, account: &'a str) -> Answer<'a, Vec<(Kind, Value)>> {
        Box::pin(async move {
            let items = self.0.address_book(account).await?.into_iter();
            let read = |(kind, item): (String, String)| {
                Some((Kind::parse(&kind)?, serde_json::from_str(&item).ok()?))
            };
            Ok(items.filter_map(read).collect())
        })
    }

    fn put_item<'a>(
        &'a self,
        account: &'a str,
        kind: Kind,
        id: &'a str,
        item: Value,
    ) -> Answer<'a, ()> {
        let item = item.to_string();
        Box::pin(async move { Ok(self.0.put_item(account, kind.name(), id, item).await?) })
    }

    fn delete_item<'a>(&'a self, account: &'a str, kind: Kind, id: &'a str) -> Answer<'a, bool> {
        Box::pin(async move { Ok(self.0.delete_item(account, kind.name(), id).await?) })
    }

    fn devices<'a>(&'a self, account: &'a str) -> Answer<'a, Vec<Device>> {
        Box::pin(async move {
            let devices = self.0.devices(account).await?.into_iter();
            let device = |device: store::Device| Device {
                key: device.key,
                push: Push {
                    token: device.token,
                    platform: device.platform,
                    device: device.device,
                    silent: device.silent,
                    app: device.app,
                },
            };
            Ok(devices.map(device).collect())
        })
    }

    fn put_device<'a>(&'a self, account: &'a str, push: Push) -> Answer<'a, ()> {
        let device = store::Device {
            key: device_key(&push),
            token: push.token,
            platform: push.platform,
            device: push.device,
            silent: push.silent,
            app: push.app,
        };
        Box::pin(async move { Ok(self.0.put_device(account, device).await?) })
    }

    fn delete_token<'a>(&'a self, account: &'a str, token: &'a str) -> Answer<'a, bool> {
        Box::pin(async move { Ok(self.0.delete_token(account, token).await?) })
    }
}
