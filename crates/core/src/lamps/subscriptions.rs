//! Subscriptions to lamps: who has subscribed, and what becomes of it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use sip::event::{SubscriptionId, TransactionId};
use sip::message::Uri;
use sip::transport::{Flow, FlowId};

use super::dialog_info::Documents;
use super::dialogs::Watched;
use super::package::Package;
use super::summary::Summary;
use super::telling::Notifying;
use crate::registrar::Contact;

/// Most subscriptions of one user to others; more get 503.
pub(super) const MAX_OF_WATCHER: usize = 1_000;
/// Most subscriptions altogether; more get 503.
pub(super) const MAX: usize = 50_000;

/// Everybody who has subscribed.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    pub(super) by_id: HashMap<SubscriptionId, Subscription>,
    /// By what they tell of and the address of the account, the oldest first.
    by_account: HashMap<Package, HashMap<Arc<str>, Vec<SubscriptionId>>>,
    /// How many each user has who had to prove who it is.
    by_watcher: HashMap<Arc<str>, usize>,
    pub(crate) watched: Watched,
    /// Those over connections, which end with them.
    pub(super) by_flow: BTreeSet<(FlowId, SubscriptionId)>,
    /// NOTIFYs that are not answered yet.
    pub(super) notifies: HashMap<TransactionId, SubscriptionId>,
    /// What a program said last of an account, until something changes in its box. No more than there are accounts.
    pub(super) said: HashMap<Arc<str>, Summary>,
}

/// One phone that is told of one account.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) package: Package,
    /// Who has subscribed, where it had to be proven.
    pub(super) watcher: Option<Arc<str>>,
    /// The account's user and domain.
    pub(super) user: Arc<str>,
    pub(super) domain: Arc<str>,
    pub(super) profile: Arc<str>,
    pub(super) call_id: Arc<str>,
    /// `id` of its Event header, which NOTIFYs repeat (RFC 3265 §3.2.1).
    pub(super) event_id: Option<Box<str>>,
    pub(super) phone: Subscriber,
    pub(super) expires_at: Instant,
    /// The timer that is set; refreshes set none while it comes early enough.
    pub(super) armed: Option<Instant>,
    pub(super) notifying: Notifying,
    /// When it was told last.
    pub(super) told_at: Option<Instant>,
    /// When it may be told next, while something waits for that.
    pub(super) news_at: Option<Instant>,
    pub(super) documents: Documents,
}

/// How a phone with a subscription is reached.
#[derive(Clone, Debug)]
pub(super) struct Subscriber {
    /// URI of its Contact.
    pub(super) contact: Box<str>,
    pub(super) flow: Flow,
    /// Proxies are on the way: the flow is theirs.
    pub(super) is_behind_proxy: bool,
}

impl Subscription {
    pub(super) fn account(&self) -> Arc<str> {
        crate::registrar::address(&self.user, &self.domain)
    }
}

impl Subscriber {
    /// Whether it is the phone that registered this contact: it says the same of itself from the same host, or sends
    /// from the same port.
    fn is(&self, contact: &Contact) -> bool {
        let (own, other) = (self.flow.remote, contact.target.remote);
        if self.is_behind_proxy || !contact.route.is_empty() {
            return is_same_place(&self.contact, &contact.uri);
        }
        own == other || (own.ip() == other.ip() && is_same_place(&self.contact, &contact.uri))
    }
}

/// Whether two URIs have user, host and port in common.
fn is_same_place(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (Uri::parse(one), Uri::parse(other)) else {
        return false;
    };
    one.user == other.user
        && one.host.eq_ignore_ascii_case(other.host)
        && one.port_or_default() == other.port_or_default()
}

impl Subscriptions {
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether one more is one too many.
    pub(super) fn is_full(
        &self,
        package: Package,
        account: &str,
        watcher: Option<&Arc<str>>,
    ) -> bool {
        let own = watcher.and_then(|watcher| self.by_watcher.get(watcher));
        self.by_id.len() >= MAX
            || self.of(package, account).len() >= package.most()
            || own.is_some_and(|own| *own >= MAX_OF_WATCHER)
    }

    pub(super) fn get(&self, id: SubscriptionId) -> Option<&Subscription> {
        self.by_id.get(&id)
    }

    /// Those that tell of an account, by its address.
    pub(super) fn of(&self, package: Package, account: &str) -> &[SubscriptionId] {
        self.by_account
            .get(&package)
            .and_then(|accounts| accounts.get(account))
            .map_or(&[], Vec::as_slice)
    }

    pub(super) fn put(&mut self, id: SubscriptionId, subscription: Subscription) {
        let account = subscription.account();
        let accounts = self.by_account.entry(subscription.package).or_default();
        accounts.entry(account).or_default().push(id);
        if let Some(watcher) = &subscription.watcher {
            *self.by_watcher.entry(watcher.clone()).or_default() += 1;
        }
        self.note_flow(id, &subscription.phone.flow);
        self.by_id.insert(id, subscription);
    }

    fn note_flow(&mut self, id: SubscriptionId, flow: &Flow) {
        if flow.transport.is_reliable() {
            self.by_flow.insert((flow.id, id));
        }
    }

    /// A phone lives on, perhaps elsewhere.
    pub(super) fn renew(&mut self, id: SubscriptionId, phone: Subscriber, expires_at: Instant) {
        let flow = phone.flow;
        let Some(known) = self.by_id.get_mut(&id) else {
            return;
        };
        let old = std::mem::replace(&mut known.phone, phone).flow;
        known.expires_at = expires_at;
        self.by_flow.remove(&(old.id, id));
        self.note_flow(id, &flow);
    }

    pub(super) fn remove(&mut self, id: SubscriptionId) {
        let Some(gone) = self.by_id.remove(&id) else {
            return;
        };
        let account = gone.account();
        let accounts = self.by_account.entry(gone.package).or_default();
        if let Some(others) = accounts.get_mut(&account) {
            others.retain(|other| *other != id);
            if others.is_empty() {
                accounts.remove(&account);
                if gone.package == Package::Dialog {
                    self.watched.remove(&account);
                }
            }
        }
        if let Some(watcher) = &gone.watcher
            && let Some(own) = self.by_watcher.get_mut(watcher)
        {
            *own -= 1;
            if *own == 0 {
                self.by_watcher.remove(watcher);
            }
        }
        self.by_flow.remove(&(gone.phone.flow.id, id));
    }

    /// Whether the phone of a contact has subscribed, and need not be told unasked.
    pub(super) fn has(&self, account: &str, contact: &Contact) -> bool {
        let mut of_account = self.of(Package::Summary, account).iter();
        of_account.any(|id| self.is_of(*id, contact))
    }

    fn is_of(&self, id: SubscriptionId, contact: &Contact) -> bool {
        let known = self.by_id.get(&id);
        known.is_some_and(|known| known.profile == contact.profile && known.phone.is(contact))
    }

    /// Those of an account that `wanted` names.
    pub(super) fn named(
        &self,
        account: &str,
        wanted: &super::Wanted<'_>,
        contacts: &[Contact],
    ) -> Vec<SubscriptionId> {
        let is_named = |id: &SubscriptionId| {
            let Some(known) = self.by_id.get(id) else {
                return false;
            };
            let is_profile = |name: &str| known.profile.eq_ignore_ascii_case(name);
            wanted.profile.is_none_or(is_profile)
                && match (wanted.sub_call_id, wanted.call_id) {
                    (Some(call_id), _) => *known.call_id == *call_id,
                    // It names a registration.
                    (None, Some(_)) => contacts
                        .iter()
                        .any(|contact| wanted.means(contact) && self.is_of(*id, contact)),
                    (None, None) => true,
                }
        };
        let of_account = self.of(Package::Summary, account).iter().copied();
        of_account.filter(is_named).collect()
    }
}
