use std::collections::HashMap;
use std::sync::Arc;

use api::Ha1;
use api::id::WebClientId;

use crate::wire::account::{AccountAdd, Push};

/// An account on a connection.
pub(crate) struct Account {
    pub(crate) client: WebClientId,
    /// As its client writes it; events carry it so.
    pub(crate) name: Arc<str>,
    pub(crate) user: Arc<str>,
    pub(crate) domain: Arc<str>,
    pub(crate) ha1: Ha1,
    pub(crate) display_name: Arc<str>,
    pub(crate) user_agent: Arc<str>,
    pub(crate) header_prefixes: Vec<Arc<str>>,
    pub(crate) registration: Registration,
    /// Registered at least once.
    pub(crate) authenticated: bool,
    /// Where a push server reaches its device.
    pub(crate) push: Option<Push>,
    /// By which a new connection takes it over.
    pub(crate) token: Arc<str>,
}

/// What the client was told last (sylkrtc.md §4.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Registration {
    /// Nothing, or it has unregistered: whatever still comes is old.
    None,
    /// `account-register` was accepted.
    Asked,
    Registering,
    Registered,
    Failed,
}

impl Account {
    pub(crate) fn new(add: AccountAdd, client: WebClientId, ha1: Ha1, token: Arc<str>) -> Self {
        let (user, domain) = add.account.split_once('@').unwrap_or((&*add.account, ""));
        Self {
            client,
            user: user.into(),
            domain: domain.into(),
            ha1,
            display_name: add.display_name,
            user_agent: add.user_agent,
            header_prefixes: add.incoming_header_prefixes,
            registration: Registration::None,
            authenticated: false,
            push: None,
            token,
            name: add.account,
        }
    }

    /// Parameters of the Contact (sylkrtc.md §3.2).
    pub(crate) fn contact_parameters(&self) -> Vec<(Arc<str>, Arc<str>)> {
        let Some(push) = &self.push else {
            return Vec::new();
        };
        let parameter = |name: &str, value: &Arc<str>| (Arc::from(name), value.clone());
        let silent = if push.silent { "1" } else { "0" };
        vec![
            parameter("pn-app", &push.app),
            parameter("pn-tok", &push.token),
            parameter("pn-type", &push.platform),
            parameter("pn-device", &push.device),
            parameter("pn-silent", &silent.into()),
        ]
    }
}

/// The accounts of one connection, by name and by client.
#[derive(Default)]
pub(crate) struct Accounts {
    by_client: HashMap<WebClientId, Account>,
    names: HashMap<Arc<str>, WebClientId>,
}

impl Accounts {
    pub(crate) fn insert(&mut self, account: Account) {
        self.names.insert(account.name.clone(), account.client);
        self.by_client.insert(account.client, account);
    }

    pub(crate) fn remove(&mut self, client: WebClientId) -> Option<Account> {
        let account = self.by_client.remove(&client)?;
        self.names.remove(&account.name);
        Some(account)
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Account> {
        self.by_client.get(self.names.get(name)?)
    }

    pub(crate) fn named_mut(&mut self, name: &str) -> Option<&mut Account> {
        self.by_client.get_mut(self.names.get(name)?)
    }

    pub(crate) fn get(&self, client: WebClientId) -> Option<&Account> {
        self.by_client.get(&client)
    }

    pub(crate) fn get_mut(&mut self, client: WebClientId) -> Option<&mut Account> {
        self.by_client.get_mut(&client)
    }

    pub(crate) fn clients(&self) -> Vec<WebClientId> {
        self.by_client.keys().copied().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_client.len()
    }
}
