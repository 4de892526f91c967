//! What SIP devices of an account ask for and tell by MESSAGE (sylkrtc.md §3.3, "SIP devices and the journal").
//!
//! An answer goes out in the name of a web client of the account, so there is one only while a page is connected.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;

use super::{Job, PUBLIC_KEY, REMOVED, What, marker};
use crate::cpim::Cpim;
use crate::start::Shared;
use crate::store::{StoreError, key};
use crate::timestamp;
use crate::wire::account::AccountEvent;
use crate::wire::message::{Direction, Entry, Message, State, Sync, removed};
use crate::wire::{Json, Party, fields};

const TOKEN: &str = "application/sylk-api-token";
const KEY_LOOKUP: &str = "application/sylk-api-pgp-key-lookup";
const MESSAGE_REMOVE: &str = "application/sylk-api-message-remove";
const CONVERSATION_READ: &str = "application/sylk-api-conversation-read";
const CONVERSATION_REMOVE: &str = "application/sylk-api-conversation-remove";

impl Shared {
    /// Whether it was such a message, which nobody else is to see. Only who is known to be `from` gets what it asks for.
    pub(super) async fn asked_by_device(
        self: &Arc<Self>,
        from: &Party,
        verified: bool,
        message: &Cpim,
    ) -> Result<bool, StoreError> {
        let kind = &*message.content_type;
        if ![
            TOKEN,
            KEY_LOOKUP,
            MESSAGE_REMOVE,
            CONVERSATION_READ,
            CONVERSATION_REMOVE,
        ]
        .contains(&kind)
        {
            return Ok(false);
        }
        let own = key(&from.uri);
        if !verified || !self.store.knows(&own).await? {
            return Ok(true);
        }
        let content = message.content.trim();
        let contact = || -> Option<Arc<str>> {
            let given: Value = serde_json::from_str(content).ok()?;
            fields::aor(given.get("contact")?.as_str()?).ok()
        };
        match kind {
            TOKEN => {
                let token = self.api_tokens.issue(&own, Instant::now());
                let url = format!("{}/messages/history/{own}", self.config.public_url());
                let answer = Json::object([("token", token.into()), ("url", url.into())]);
                self.answer_device(from, TOKEN, answer.print());
            }
            KEY_LOOKUP => {
                let whose = fields::aor(content).ok();
                let found = match whose {
                    Some(whose) => self.store.public_key(&key(&whose)).await?,
                    None => None,
                };
                if let Some(found) = found {
                    self.answer_device(from, PUBLIC_KEY, found.to_string());
                }
            }
            MESSAGE_REMOVE => self.remove_sent(&from.uri, &content.into()).await?,
            CONVERSATION_READ => {
                if let Some(contact) = contact() {
                    self.store.clear_wanted(&own, &contact).await?;
                    let entry = marker(
                        &contact,
                        "application/sylk-conversation-read",
                        contact.clone(),
                    );
                    self.store.append(&own, entry).await?;
                    let read = AccountEvent::Sync(Sync::ConversationRead { contact });
                    self.roster.fork(&from.uri, None, &read);
                }
            }
            _ => {
                if let Some(contact) = contact() {
                    self.store.remove_conversation(&own, &contact).await?;
                    let entry = marker(
                        &contact,
                        "application/sylk-conversation-remove",
                        contact.clone(),
                    );
                    self.store.append(&own, entry).await?;
                    let timestamp = timestamp::now();
                    let removed =
                        AccountEvent::Sync(Sync::ConversationRemoved { contact, timestamp });
                    self.roster.fork(&from.uri, None, &removed);
                }
            }
        }
        Ok(true)
    }

    fn answer_device(self: &Arc<Self>, to: &Party, content_type: &str, content: String) {
        let Some(client) = self.roster.proven_client(&to.uri) else {
            tracing::debug!("A SIP device has asked, and no page of its account can answer");
            return;
        };
        let what = What::Marker(content_type.into(), content.into());
        let job = Job::of_client(client, to, self.origin(0), to.clone(), what);
        if self.deliver(job).is_err() {
            tracing::warn!("An answer to a SIP device does not fit into the queue");
        }
    }

    /// A device removes a message it names by its id alone: who has it besides, the journal says.
    async fn remove_sent(
        &self,
        account: &Arc<str>,
        message_id: &Arc<str>,
    ) -> Result<(), StoreError> {
        let own = key(account);
        let Some(contact) = self.store.contact_of(&own, message_id).await? else {
            return Ok(());
        };
        self.store
            .remove_message(&own, &contact, message_id)
            .await?;
        let content = removed(&contact, message_id, Direction::Outgoing).print();
        self.store
            .append(&own, marker(&contact, REMOVED, content.into()))
            .await?;
        self.remove_received(&contact, account, message_id).await?;
        self.remove_transfer(account, &contact, message_id);
        let sync = Sync::MessageRemoved {
            contact,
            message_id: message_id.clone(),
            direction: Direction::Outgoing,
        };
        self.roster.fork(account, None, &AccountEvent::Sync(sync));
        Ok(())
    }

    /// A SIP device of an account with a journal has sent something: its pages are to show it too.
    pub(super) async fn sent_by_device(
        &self,
        to: &Arc<str>,
        message: &Message,
    ) -> Result<(), StoreError> {
        let own = key(&message.sender.uri);
        let sent = message.as_outgoing();
        // Its sender had its 200 before we were told.
        let entry = Entry::sent(to, &sent, State::Accepted);
        if !self.store.append(&own, entry).await? {
            return Ok(());
        }
        self.message_added(&message.sender.uri, to, sent);
        Ok(())
    }
}
