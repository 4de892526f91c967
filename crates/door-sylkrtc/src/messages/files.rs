//! Messages that tell of a transferred file (sylkrtc.md §7.3).

use std::sync::Arc;

use api::id::WebClientId;

use super::{Job, What};
use crate::error::Refusal;
use crate::start::Shared;
use crate::store::{Mark, key};
use crate::transfer::{self, Address, Announcement};
use crate::wire::Party;
use crate::wire::message::{Entry, State};

impl Shared {
    /// Tells the receiver of a file, in the name of its sender, and the sender's own pages that it was told.
    ///
    /// # Errors
    /// The journal of the sender fails, or too much waits for the receiver.
    pub(crate) async fn tell_of_transfer(
        self: &Arc<Self>,
        client: WebClientId,
        from: &Party,
        receiver: &Arc<str>,
        file: Announcement,
    ) -> Result<(), Refusal> {
        let message = file.message.clone();
        let own = key(&from.uri);
        let entry = Entry::sent(receiver, &message, State::Pending);
        let is_kept = self.store.append(&own, entry).await?;
        let to = Party {
            uri: receiver.clone(),
            display_name: "".into(),
        };
        let what = What::File(Box::new(file));
        let job = Job::of_client(client, from, self.origin(0), to, what);
        if let Err(refusal) = self.deliver(job) {
            if is_kept {
                let mark = Mark {
                    state: State::Failed,
                    reported: None,
                };
                self.store.mark(&own, &message.message_id, mark).await?;
            }
            return Err(refusal);
        }
        self.message_added(&from.uri, receiver, message);
        Ok(())
    }

    /// Takes back a file that nobody could be told of.
    pub(crate) fn forget_transfer(&self, address: &Address) {
        let transfers = self.transfers.as_ref();
        let folders = transfers.map(|transfers| transfers.withdraw(address));
        self.spawn(transfer::delete(folders.unwrap_or_default()));
    }

    /// A message between two accounts was removed: if it told of a file, that goes too.
    pub(crate) fn remove_transfer(&self, account: &str, contact: &str, message_id: &str) {
        let transfers = self.transfers.as_ref();
        let folders = transfers.map(|transfers| transfers.remove(account, contact, message_id));
        self.spawn(transfer::delete(folders.unwrap_or_default()));
    }
}
