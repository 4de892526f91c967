//! sylkrtc.md §3.4

use serde_json::Value;

use super::{Done, Handled};
use crate::session::Session;
use crate::store::key;
use crate::wire::Event;
use crate::wire::account::AccountEvent;
use crate::wire::addressbook::{Action, AddressBookEvent, Kind, Update};

impl Session {
    pub(super) async fn fetch_address_book(&mut self, account: &str) -> Handled {
        self.authenticated(account)?;
        let items = self.shared.store.address_book(&key(account)).await?;
        let of = |wanted: Kind| -> Vec<Value> {
            let items = items.iter().filter(|(kind, _)| *kind == wanted);
            items.map(|(_, item)| item.clone()).collect()
        };
        let fetched = AddressBookEvent::Fetched {
            contacts: of(Kind::Contact),
            groups: of(Kind::Group),
            policies: of(Kind::Policy),
        };
        Ok(Done {
            after: vec![Event::Account {
                account: account.into(),
                event: AccountEvent::AddressBook(fetched),
            }],
            ..Done::default()
        })
    }

    /// Whether it worked is told by an event, to every connection of the account; that it did not, to this one.
    pub(super) async fn update_address_book(&mut self, update: Update) -> Handled {
        let client = self.authenticated(&update.account)?.client;
        let Update {
            account,
            action,
            kind,
            id,
            item,
        } = update;
        let own = key(&account);
        self.still_known(&own).await?;
        let store = &self.shared.store;
        let result = match action {
            Action::Add | Action::Update => store.put_item(&own, kind, &id, item.clone()).await,
            Action::Delete => store.delete_item(&own, kind, &id).await.map(|_| ()),
        };
        let event = match result {
            Ok(()) => {
                let updated =
                    AccountEvent::AddressBook(AddressBookEvent::Updated { kind, action, item });
                self.shared.roster.fork(&account, Some(client), &updated);
                updated
            }
            Err(error) => AccountEvent::AddressBook(AddressBookEvent::UpdateFailed {
                kind,
                action,
                error: error.to_string().into(),
                id,
            }),
        };
        Ok(Done {
            after: vec![Event::Account { account, event }],
            ..Done::default()
        })
    }
}
