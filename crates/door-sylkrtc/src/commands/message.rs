//! sylkrtc.md §3.3

use std::sync::Arc;

use super::{Done, Handled};
use crate::imdn::Imdn;
use crate::messages::{Job, PRIVATE_KEY, PUBLIC_KEY, REMOVED, What, marker};
use crate::session::Session;
use crate::store::{After, Mark, StoreError, key};
use crate::timestamp;
use crate::wire::account::AccountEvent;
use crate::wire::message::{
    AccountDisposition, AccountMessage, Conversation, Direction, Entry, RemoveMessage, State, Sync,
    SyncConversations, Wanted, removed,
};
use crate::wire::{Event, Party};

impl Session {
    pub(super) async fn account_message(&mut self, request: AccountMessage) -> Handled {
        let account = self.authenticated(&request.account)?;
        let client = account.client;
        let to = Party {
            uri: request.uri.clone(),
            display_name: "".into(),
        };
        let what = What::Message(request.message.clone());
        let job = Job::new(account, self.origin.clone(), to, what);
        let message = request.message;
        let own = key(&request.account);
        self.still_known(&own).await?;
        let kept = match &*message.content_type {
            PUBLIC_KEY => {
                let key = message.content.clone();
                self.shared.store.set_public_key(&own, key).await?
            }
            PRIVATE_KEY => true,
            _ => {
                let entry = Entry::sent(&request.uri, &message, State::Pending);
                self.shared.store.append(&own, entry).await?
            }
        };
        if !kept {
            return Err(StoreError::Full.into());
        }
        if let Err(refusal) = self.shared.deliver(job) {
            let mark = Mark {
                state: State::Failed,
                reported: None,
            };
            self.shared
                .store
                .mark(&own, &message.message_id, mark)
                .await?;
            return Err(refusal);
        }
        let sync = AccountEvent::Sync(Sync::MessageAdded {
            request: Arc::new(request.given),
        });
        self.shared
            .roster
            .fork(&request.account, Some(client), &sync);
        Ok(Done::default())
    }

    pub(super) async fn account_disposition(&mut self, request: AccountDisposition) -> Handled {
        let account = self.authenticated(&request.account)?;
        let to = Party {
            uri: request.uri.clone(),
            display_name: "".into(),
        };
        let imdn = Imdn {
            message_id: request.message_id.clone(),
            timestamp: request.timestamp,
            state: request.state,
        };
        let job = Job::new(account, self.origin.clone(), to, What::Report(imdn));
        let reported = match request.state {
            State::Delivered => Some(Wanted::PositiveDelivery),
            State::Displayed => Some(Wanted::Display),
            State::Accepted
            | State::Failed
            | State::Forbidden
            | State::Error
            | State::Pending
            | State::Received
            | State::Processed
            | State::Stored => None,
        };
        let mark = Mark {
            state: request.state,
            reported,
        };
        let own = key(&request.account);
        self.shared
            .store
            .mark(&own, &request.message_id, mark)
            .await?;
        self.shared.deliver(job)?;
        Ok(Done::default())
    }

    pub(super) async fn sync_conversations(&mut self, request: SyncConversations) -> Handled {
        self.authenticated(&request.account)?;
        let after = match (request.message_id, request.since) {
            (Some(id), since) => After::Message(id, since),
            (None, Some(since)) => After::Time(since),
            (None, None) => After::Beginning,
        };
        let own = key(&request.account);
        let entries = self
            .shared
            .store
            .journal(&own, after, request.limit)
            .await?;
        Ok(Done {
            after: vec![Event::Account {
                account: request.account,
                event: AccountEvent::SyncConversations(entries),
            }],
            ..Done::default()
        })
    }

    pub(super) async fn mark_conversation_read(&mut self, request: Conversation) -> Handled {
        let Conversation { account, contact } = request;
        self.authenticated(&account)?;
        let store = &self.shared.store;
        store.clear_wanted(&key(&account), &contact).await?;
        let entry = marker(
            &contact,
            "application/sylk-conversation-read",
            contact.clone(),
        );
        store.append(&key(&account), entry.clone()).await?;
        let sync = Sync::ConversationRead { contact };
        self.tell_devices(&account, sync, entry)
    }

    pub(super) async fn remove_message(&mut self, request: RemoveMessage) -> Handled {
        let RemoveMessage {
            account,
            message_id,
            contact,
        } = request;
        self.authenticated(&account)?;
        let own = key(&account);
        let store = &self.shared.store;
        store.remove_message(&own, &contact, &message_id).await?;
        let content = removed(&contact, &message_id, Direction::Outgoing).print();
        let entry = marker(&contact, REMOVED, content.into());
        store.append(&own, entry.clone()).await?;
        // The other side has it as a message that came in.
        if self.shared.store.knows(&key(&contact)).await? {
            self.shared
                .remove_received(&contact, &account, &message_id)
                .await?;
        }
        self.shared.remove_transfer(&account, &contact, &message_id);
        let sync = Sync::MessageRemoved {
            contact,
            message_id,
            direction: Direction::Outgoing,
        };
        self.tell_devices(&account, sync, entry)
    }

    pub(super) async fn remove_conversation(&mut self, request: Conversation) -> Handled {
        let Conversation { account, contact } = request;
        self.authenticated(&account)?;
        let store = &self.shared.store;
        store.remove_conversation(&key(&account), &contact).await?;
        let entry = marker(
            &contact,
            "application/sylk-conversation-remove",
            contact.clone(),
        );
        store.append(&key(&account), entry.clone()).await?;
        let sync = Sync::ConversationRemoved {
            contact,
            timestamp: timestamp::now(),
        };
        self.tell_devices(&account, sync, entry)
    }

    /// The account's other connections, and its SIP devices by a MESSAGE to itself.
    fn tell_devices(&mut self, name: &Arc<str>, sync: Sync, entry: Entry) -> Handled {
        let account = self.authenticated(name)?;
        let itself = Party {
            uri: name.clone(),
            display_name: "".into(),
        };
        let what = What::Marker(entry.content_type, entry.content);
        let job = Job::new(account, self.origin.clone(), itself, what);
        let client = account.client;
        self.shared.deliver(job)?;
        self.shared
            .roster
            .fork(name, Some(client), &AccountEvent::Sync(sync));
        Ok(Done::default())
    }
}
