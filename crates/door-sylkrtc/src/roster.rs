//! Who is there: which accounts are on which connections, and where what happens to them goes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::id::WebClientId;

use crate::inbox::{Inbox, Notice};
use crate::store::key;
use crate::wire::account::AccountEvent;

/// The accounts of all connections, those waiting for a broken one included.
#[derive(Default)]
pub(crate) struct Roster {
    /// Held for one look or change. Inboxes are locked inside, never the other way round.
    state: Mutex<State>,
    last: AtomicU64,
}

#[derive(Default)]
struct State {
    clients: HashMap<WebClientId, Presence>,
    by_account: HashMap<Arc<str>, Vec<WebClientId>>,
}

struct Presence {
    inbox: Arc<Inbox>,
    display_name: Arc<str>,
    key: Arc<str>,
    /// Registered at least once.
    authenticated: bool,
}

/// A client that has proved whose it is.
pub(crate) struct Proven {
    pub(crate) id: WebClientId,
    pub(crate) display_name: Arc<str>,
}

fn open_accounts() -> metrics::Gauge {
    metrics::gauge!("jackfield_sylkrtc_accounts")
}

impl Roster {
    /// A number no client had before.
    pub(crate) fn new_client(&self) -> WebClientId {
        WebClientId(self.last.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enter(
        &self,
        client: WebClientId,
        account: &str,
        display_name: &Arc<str>,
        inbox: Arc<Inbox>,
    ) {
        let key = key(account);
        let mut state = self.state();
        state
            .by_account
            .entry(key.clone())
            .or_default()
            .push(client);
        let presence = Presence {
            inbox,
            display_name: display_name.clone(),
            key,
            authenticated: false,
        };
        state.clients.insert(client, presence);
        open_accounts().increment(1.0);
    }

    pub(crate) fn leave(&self, client: WebClientId) {
        let mut state = self.state();
        let Some(presence) = state.clients.remove(&client) else {
            return;
        };
        open_accounts().decrement(1.0);
        if let Some(list) = state.by_account.get_mut(&presence.key) {
            list.retain(|other| *other != client);
            if list.is_empty() {
                state.by_account.remove(&presence.key);
            }
        }
    }

    pub(crate) fn authenticated(&self, client: WebClientId) {
        if let Some(presence) = self.state().clients.get_mut(&client) {
            presence.authenticated = true;
        }
    }

    /// From now on what is for the client goes there, with what waited for it where it was.
    pub(crate) fn redirect(&self, client: WebClientId, to: &Arc<Inbox>) {
        let mut state = self.state();
        if let Some(presence) = state.clients.get_mut(&client) {
            for notice in presence.inbox.take(client) {
                to.push(notice);
            }
            presence.inbox = to.clone();
        }
    }

    /// Tells a client; false when it is gone.
    pub(crate) fn tell(&self, client: WebClientId, notice: Notice) -> bool {
        let state = self.state();
        let presence = state.clients.get(&client);
        presence.is_some_and(|presence| {
            presence.inbox.push(notice);
            true
        })
    }

    /// Tells every proven client of an account but one, and says how many.
    pub(crate) fn fork(
        &self,
        account: &str,
        except: Option<WebClientId>,
        event: &AccountEvent,
    ) -> usize {
        let state = self.state();
        let clients = state.by_account.get(&key(account)).into_iter().flatten();
        let told = clients
            .filter(|client| Some(**client) != except)
            .filter(|client| {
                let presence = state
                    .clients
                    .get(client)
                    .filter(|presence| presence.authenticated);
                presence.is_some_and(|presence| {
                    presence
                        .inbox
                        .push(Notice::Account(**client, event.clone()));
                    true
                })
            });
        told.count()
    }

    /// A proven client of an account, to send something in its name.
    pub(crate) fn proven_client(&self, account: &str) -> Option<WebClientId> {
        let state = self.state();
        let clients = state.by_account.get(&key(account))?;
        let proven = |client: &&WebClientId| {
            state
                .clients
                .get(client)
                .is_some_and(|presence| presence.authenticated)
        };
        clients.iter().find(proven).copied()
    }

    /// A proven client of an account that is connected from an address.
    pub(crate) fn proven_client_at(&self, account: &str, from: IpAddr) -> Option<Proven> {
        let state = self.state();
        let clients = state.by_account.get(&key(account))?;
        clients.iter().find_map(|client| {
            let presence = state.clients.get(client)?;
            let is_it = presence.authenticated && presence.inbox.is_from(from);
            is_it.then(|| Proven {
                id: *client,
                display_name: presence.display_name.clone(),
            })
        })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.state().clients.len()
    }
}
