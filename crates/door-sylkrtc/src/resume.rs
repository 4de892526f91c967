//! Accounts of broken connections wait for their client to come back (sylkrtc.md §1.8, §3.8).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use api::Ha1;
use api::id::WebClientId;
use subtle::ConstantTimeEq;

use crate::accounts::Account;
use crate::calls::Call;
use crate::inbox::Inbox;
use crate::rooms::Participation;
use crate::store::key;

/// What proves that a connection may have an account that is there already.
#[derive(Clone)]
pub(crate) struct Claim {
    /// The account's key.
    pub(crate) account: Arc<str>,
    pub(crate) ha1: Ha1,
}

impl Claim {
    pub(crate) fn is_right_for(&self, account: &Account) -> bool {
        key(&account.name) == self.account
            && bool::from(account.ha1.bytes().ct_eq(self.ha1.bytes()))
    }
}

/// An account on its way from one connection to the next, with its calls and the rooms it is in.
pub(crate) struct Luggage {
    pub(crate) account: Account,
    pub(crate) calls: Vec<Call>,
    pub(crate) rooms: Vec<Participation>,
}

/// Where accounts wait, and which token is whose.
#[derive(Default)]
pub(crate) struct WaitingRoom {
    /// Held for one look or change.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: HashMap<WebClientId, Waiting>,
    tokens: HashMap<Arc<str>, WebClientId>,
}

struct Waiting {
    luggage: Luggage,
    inbox: Arc<Inbox>,
    since: Instant,
}

impl WaitingRoom {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives an account a token of its own.
    pub(crate) fn token(&self, client: WebClientId) -> Arc<str> {
        let token: Arc<str> = format!("rt-{}", api::Uuid::new_v4().simple()).into();
        self.state().tokens.insert(token.clone(), client);
        token
    }

    /// Whose token it is.
    pub(crate) fn owner(&self, token: &str) -> Option<WebClientId> {
        self.state().tokens.get(token).copied()
    }

    pub(crate) fn forget_token(&self, token: &str) {
        self.state().tokens.remove(token);
    }

    /// An account waits; `inbox` takes what happens meanwhile.
    pub(crate) fn wait(&self, luggage: Luggage, inbox: Arc<Inbox>, now: Instant) {
        let waiting = Waiting {
            luggage,
            inbox,
            since: now,
        };
        self.state()
            .waiting
            .insert(waiting.luggage.account.client, waiting);
    }

    /// Takes a waiting account out: that one, or the one of the claim that came last. What could not be kept for it
    /// makes it useless.
    pub(crate) fn take(&self, claim: &Claim, client: Option<WebClientId>) -> Option<Luggage> {
        let mut state = self.state();
        let of_claim = |waiting: &&Waiting| {
            claim.is_right_for(&waiting.luggage.account) && !waiting.inbox.is_lost()
        };
        let chosen = match client {
            Some(client) => state.waiting.get(&client).filter(of_claim),
            None => state
                .waiting
                .values()
                .filter(of_claim)
                .max_by_key(|waiting| waiting.since),
        };
        let client = chosen?.luggage.account.client;
        state.waiting.remove(&client).map(|waiting| waiting.luggage)
    }

    /// Whether an account waits.
    pub(crate) fn has(&self, client: WebClientId) -> bool {
        self.state().waiting.contains_key(&client)
    }

    /// Takes an account out that has waited since then, because nobody came.
    pub(crate) fn give_up(&self, client: WebClientId, since: Instant) -> Option<Luggage> {
        let mut state = self.state();
        state
            .waiting
            .get(&client)
            .filter(|waiting| waiting.since == since)?;
        state.waiting.remove(&client).map(|waiting| waiting.luggage)
    }

    /// Accounts waiting now.
    pub(crate) fn len(&self) -> usize {
        self.state().waiting.len()
    }
}
