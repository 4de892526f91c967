//! Requests to commands: one function per request, in the files named as the protocol document groups them.

mod account;
mod addressbook;
mod connection;
mod message;
mod session;
mod videoroom;

pub(crate) use videoroom::leave;

use crate::accounts::Account;
use crate::error::Refusal;
use crate::session::Session;
use crate::store::StoreError;
use crate::wire::{Body, Event, Request};

/// A request was accepted.
#[derive(Default)]
pub(crate) struct Done {
    /// Further members of the `ack`.
    pub(crate) further: Body,
    /// What is said right after it.
    pub(crate) after: Vec<Event>,
}

/// Accepted, or the text of the `error`.
pub(crate) type Handled = Result<Done, Refusal>;

impl Session {
    pub(crate) async fn perform(&mut self, request: Request) -> Handled {
        match request {
            // Pings are answered by the reader; one that comes here had other letters.
            Request::Ping => Ok(Done::default()),
            Request::LookupPublicKey { uri } => self.lookup_public_key(uri).await,
            Request::AccountAdd(add) => self.account_add(add).await,
            Request::AccountRemove { account } => self.account_remove(&account).await,
            Request::AccountRegister { account } => self.account_register(&account).await,
            Request::AccountUnregister { account } => self.account_unregister(&account).await,
            Request::AccountDeviceToken(token) => self.account_device_token(token).await,
            Request::AccountMessage(message) => self.account_message(message).await,
            Request::AccountDisposition(disposition) => self.account_disposition(disposition).await,
            Request::AccountSyncConversations(sync) => self.sync_conversations(sync).await,
            Request::AccountMarkConversationRead(of) => self.mark_conversation_read(of).await,
            Request::AccountRemoveMessage(remove) => self.remove_message(remove).await,
            Request::AccountRemoveConversation(of) => self.remove_conversation(of).await,
            Request::AccountFetchAddressBook { account } => self.fetch_address_book(&account).await,
            Request::AccountUpdateAddressBook(update) => self.update_address_book(update).await,
            Request::SessionCreate(create) => self.session_create(create).await,
            Request::SessionAnswer(answer) => self.session_answer(answer).await,
            Request::SessionTrickle(trickle) => self.session_trickle(trickle).await,
            Request::SessionTerminate { session } => self.session_terminate(&session).await,
            Request::SessionUpdate(update) => self.session_update(update).await,
            Request::SessionMessage(message) => self.session_message(message),
            Request::SessionDtmfInfo(info) => self.session_dtmf_info(info).await,
            Request::VideoroomJoin(join) => self.videoroom_join(join).await,
            Request::Videoroom(request) => self.videoroom(request).await,
        }
    }

    /// An account that was registered at least once on this connection.
    fn authenticated(&self, name: &str) -> Result<&Account, Refusal> {
        let account = self.accounts.named(name);
        let account = account.ok_or_else(|| Refusal::unknown_account(name))?;
        if account.authenticated {
            Ok(account)
        } else {
            Err(Refusal::not_authenticated())
        }
    }

    /// Something is to be kept for an authenticated account: one of another domain may have made room for others since
    /// it was registered.
    async fn still_known(&self, own: &str) -> Result<(), StoreError> {
        match self.shared.is_ours(own) {
            true => Ok(()),
            false => self.shared.open_account(own).await,
        }
    }
}
