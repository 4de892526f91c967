//! sylkrtc.md §3.2 and §4

use std::sync::Arc;
use std::time::Duration;

use api::Ha1;
use api::command::web::{AddWebClient, RegisterWebClient, UnregisterWebClient};
use api::id::WebClientId;
use md5::{Digest, Md5};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Done, Handled};
use crate::accounts::{Account, Registration};
use crate::calls::{Dialog, Way};
use crate::dialect::Dialect;
use crate::error::Refusal;
use crate::inbox::Notice;
use crate::resume::{Claim, Luggage};
use crate::session::{Session, forget, leave_rooms};
use crate::store::key;
use crate::wire::Event;
use crate::wire::account::{AccountAdd, AccountEvent, DeviceToken};

/// How long another connection may take to hand an account over.
const HAND_OVER: Duration = Duration::from_secs(2);

impl Session {
    pub(super) async fn account_add(&mut self, add: AccountAdd) -> Handled {
        let name = add.account.clone();
        if self.accounts.named(&name).is_some() {
            return Err(Refusal(format!("Account {name} already added")));
        }
        let domain = name.split_once('@').map_or("", |(_, domain)| domain);
        if !self.shared.config.allows_domain(domain) {
            return Err(Refusal(format!("SIP domain not allowed: {domain}")));
        }
        if self.accounts.len() >= self.shared.config.max_accounts {
            return Err(Refusal::new("Too many accounts"));
        }
        let ha1 = ha1(&add, self.shared.config.clear_text_passwords);
        let claim = Claim {
            account: key(&name),
            ha1,
        };
        match self
            .find_luggage(&claim, add.previous_session_token.as_deref())
            .await
        {
            Some((luggage, by_token)) => Ok(self.resume(add, luggage, by_token).await),
            None => self.add_new(add, ha1).await,
        }
    }

    /// The account as it was on a connection before this one: by its token, wherever it is, or by its password, if it
    /// waits. True when it was by its token.
    async fn find_luggage(&self, claim: &Claim, token: Option<&str>) -> Option<(Luggage, bool)> {
        let owner = token.and_then(|token| self.shared.waiting.owner(token));
        if let Some(client) = owner {
            if let Some(luggage) = self.shared.waiting.take(claim, Some(client)) {
                return Some((luggage, true));
            }
            // Its old connection may not have noticed yet that it is broken.
            let elsewhere = self.accounts.get(client).is_none() && !self.shared.waiting.has(client);
            if elsewhere && let Some(luggage) = self.demand(client, claim).await {
                return Some((luggage, true));
            }
        }
        let by_password = self.shared.waiting.take(claim, None);
        by_password.map(|luggage| (luggage, false))
    }

    /// Has another connection hand an account over.
    async fn demand(&self, client: WebClientId, claim: &Claim) -> Option<Luggage> {
        let (to, mut from) = oneshot::channel();
        let notice = Notice::HandOver(client, claim.clone(), to);
        if !self.shared.roster.tell(client, notice) {
            return None;
        }
        match timeout(HAND_OVER, &mut from).await {
            Ok(handed) => handed.ok(),
            Err(_) => {
                // It may have been sent at this very moment.
                from.close();
                from.try_recv().ok()
            }
        }
    }

    /// The client is back: registration and calls are where they were. So are its rooms, unless it comes without its
    /// token: then it has forgotten which it was in, and enters them anew.
    async fn resume(&mut self, add: AccountAdd, mut luggage: Luggage, by_token: bool) -> Done {
        let forgotten = match by_token {
            true => Vec::new(),
            false => std::mem::take(&mut luggage.rooms),
        };
        let client = luggage.account.client;
        self.shared.roster.redirect(client, &self.inbox);
        self.shared.waiting.forget_token(&luggage.account.token);
        luggage.account.token = self.shared.waiting.token(client);
        luggage.account.name = add.account;
        let token = luggage.account.token.clone();
        let account = luggage.account.name.clone();
        // A page that was loaded anew knows nothing of a call that still rings.
        let ringing = luggage
            .calls
            .iter()
            .filter(|call| call.dialog == Dialog::Connecting);
        let after = ringing.filter_map(|call| match &call.way {
            Way::In(incoming) => Some(Event::Account {
                account: account.clone(),
                event: AccountEvent::IncomingSession((**incoming).clone()),
            }),
            Way::Out => None,
        });
        let after = after.collect();
        // First here: whatever ends this connection now finds it.
        self.unpack(luggage);
        leave_rooms(&self.shared, forgotten, self.connection).await;
        metrics::counter!("jackfield_sylkrtc_resumed_total").increment(1);
        let mut done = self.added(&token, true);
        done.after = after;
        done
    }

    async fn add_new(&mut self, add: AccountAdd, ha1: Ha1) -> Handled {
        let client = self.shared.roster.new_client();
        let token = self.shared.waiting.token(client);
        let account = Account::new(add, client, ha1, token.clone());
        let command = AddWebClient {
            client,
            user: account.user.clone(),
            domain: account.domain.clone(),
            ha1,
            display_name: account.display_name.clone(),
            user_agent: account.user_agent.clone(),
            header_prefixes: account.header_prefixes.clone(),
            source: self.source,
            // Others do not know the event.
            takes_updates: self.translator.dialect() == Dialect::V2,
        };
        // First here, then in the switch: whatever ends this connection now finds it and takes it back.
        self.shared.roster.enter(
            client,
            &account.name,
            &account.display_name,
            self.inbox.clone(),
        );
        self.accounts.insert(account);
        if let Err(error) = self.ask(command).await {
            if let Some(account) = self.accounts.remove(client) {
                forget(&self.shared, account, Vec::new(), self.connection).await;
            }
            return Err(error.into());
        }
        Ok(self.added(&token, false))
    }

    /// EXT, sylkrtc.md §3.8: the token, for clients of D2. Others ignore it.
    fn added(&self, token: &Arc<str>, resumed: bool) -> Done {
        let wanted =
            self.translator.dialect() == Dialect::V2 && !self.shared.config.grace.is_zero();
        let mut done = Done::default();
        if wanted {
            done.further.push(("resume_token", token.into()));
            done.further.push(("resumed", resumed.into()));
        }
        done
    }

    /// Its calls end, it leaves its rooms, its registration goes, silently.
    pub(super) async fn account_remove(&mut self, name: &str) -> Handled {
        let client = self.accounts.named(name).map(|account| account.client);
        let unknown = || Refusal(format!("Unknown account specified for remove: {name}"));
        let client = client.ok_or_else(unknown)?;
        for call in self.calls.take(client) {
            let session = call.session.clone();
            self.calls.insert(call);
            self.calls.end(&session, std::time::Instant::now());
        }
        let rooms = self.rooms.take(client);
        if let Some(account) = self.accounts.remove(client) {
            forget(&self.shared, account, rooms, self.connection).await;
        }
        Ok(Done::default())
    }

    pub(super) async fn account_register(&mut self, name: &str) -> Handled {
        let unknown = || Refusal(format!("Unknown account specified for register: {name}"));
        let account = self.accounts.named_mut(name).ok_or_else(unknown)?;
        let before = std::mem::replace(&mut account.registration, Registration::Asked);
        let command = RegisterWebClient {
            client: account.client,
            contact_parameters: account.contact_parameters(),
        };
        if let Err(error) = self.ask(command).await {
            if let Some(account) = self.accounts.named_mut(name) {
                account.registration = before;
            }
            return Err(error.into());
        }
        Ok(Done::default())
    }

    /// There is no event: the client knows by the `ack` (sylkrtc.md §4.3).
    pub(super) async fn account_unregister(&mut self, name: &str) -> Handled {
        let unknown = || Refusal(format!("Unknown account specified for unregister: {name}"));
        let account = self.accounts.named_mut(name).ok_or_else(unknown)?;
        account.registration = Registration::None;
        let push = account.push.take().filter(|_| account.authenticated);
        let command = UnregisterWebClient {
            client: account.client,
        };
        self.ask(command).await?;
        if let Some(push) = push {
            self.shared
                .store
                .delete_token(&key(name), &push.token)
                .await?;
        }
        Ok(Done::default())
    }

    /// For the next registration; it does not register.
    pub(super) async fn account_device_token(&mut self, token: DeviceToken) -> Handled {
        let name = token.account;
        let unknown = || Refusal(format!("Unknown account specified for token: {name}"));
        let account = self.accounts.named_mut(&name).ok_or_else(unknown)?;
        if let Some(push) = token.push {
            account.push = Some(push.clone());
            if account.authenticated {
                let own = key(&name);
                self.still_known(&own).await?;
                self.shared.store.put_device(&own, push).await?;
            }
        }
        Ok(Done::default())
    }
}

/// The hash that stands for the password (sylkrtc.md §4.1). One that is no HA1, and may not be clear text, is as good
/// as a wrong one: guests send such.
fn ha1(add: &AccountAdd, may_be_clear: bool) -> Ha1 {
    if let Some(ha1) = Ha1::from_hex(&add.password) {
        return ha1;
    }
    if !may_be_clear {
        return Ha1::new(*api::Uuid::new_v4().as_bytes());
    }
    let (user, domain) = add.account.split_once('@').unwrap_or((&*add.account, ""));
    let text = format!("{user}:{domain}:{}", add.password);
    Ha1::new(Md5::digest(text.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(password: &str) -> AccountAdd {
        AccountAdd {
            account: "alice@example.org".into(),
            password: password.into(),
            display_name: "".into(),
            user_agent: "".into(),
            incoming_header_prefixes: Vec::new(),
            previous_session_token: None,
        }
    }

    #[test]
    fn clear_text_is_hashed_only_when_allowed() {
        let known = Ha1::from_hex("72f86f2053703faa0f521ce71cfe6f59").unwrap();
        assert_eq!(ha1(&add("wonderland"), true).bytes(), known.bytes());
        assert_eq!(
            ha1(&add("72f86f2053703faa0f521ce71cfe6f59"), false).bytes(),
            known.bytes()
        );
        assert_ne!(ha1(&add("wonderland"), false).bytes(), known.bytes());
    }
}
