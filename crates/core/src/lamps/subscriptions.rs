//! Subscriptions to lamps: who has subscribed, what they are sent when, and how it ends (RFC 6665 §4.2.2).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use sip::event::{SubscriptionId, TransactionId};
use sip::message::Uri;
use sip::transport::{Flow, FlowId};

use super::summary::{CONTENT_TYPE, Summary};
use crate::Switch;
use crate::registrar::{Account, Contact};
use crate::timers::Deadline;

/// The one event package there is (RFC 3842 §3.1).
pub(crate) const PACKAGE: &str = "message-summary";
/// Most subscriptions of one account; more get 503. As many phones as may register, each twice: one that was switched off
/// leaves its old one behind.
pub(super) const MAX_OF_ACCOUNT: usize = 20;
/// Most subscriptions altogether; more get 503.
pub(super) const MAX: usize = 50_000;

/// Everybody who has subscribed.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    by_id: HashMap<SubscriptionId, Subscription>,
    /// By the address of the account, the oldest first.
    by_account: HashMap<Arc<str>, Vec<SubscriptionId>>,
    /// Those over connections, which end with them.
    by_flow: BTreeSet<(FlowId, SubscriptionId)>,
    /// NOTIFYs that are not answered yet.
    notifies: HashMap<TransactionId, SubscriptionId>,
    /// What a program said last of an account, until something changes in its box. No more than there are accounts.
    pub(super) said: HashMap<Arc<str>, Summary>,
}

/// One phone that is told of one account.
#[derive(Debug)]
pub(super) struct Subscription {
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

/// How far telling a phone has come. One NOTIFY at a time: of two, the one that was lost and comes again would be taken for
/// an old one and refused.
#[derive(Debug)]
pub(super) enum Notifying {
    /// It knows how things are.
    No,
    /// A NOTIFY waits for its answer.
    Waits,
    /// A NOTIFY waits for its answer, and this comes next.
    News(Summary),
}

/// What Subscription-State says.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    Active,
    /// With the reason (RFC 6665 §4.1.3).
    Terminated(&'static str),
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

/// Whether an answer to a NOTIFY ends the subscription (RFC 6665 §4.2.2, RFC 5057 §5.1). A code without a response is
/// ours: nobody answered, or the connection is gone.
fn ends_subscription(code: u16, is_response: bool) -> bool {
    !is_response
        || matches!(
            code,
            404 | 405 | 408 | 410 | 416 | 480..=485 | 489 | 501 | 502 | 604
        )
}

impl Subscriptions {
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether one more is one too many.
    pub(super) fn is_full(&self, account: &str) -> bool {
        self.by_id.len() >= MAX || self.of_account(account).len() >= MAX_OF_ACCOUNT
    }

    pub(super) fn get(&self, id: SubscriptionId) -> Option<&Subscription> {
        self.by_id.get(&id)
    }

    /// Those of an account, by its address.
    fn of_account(&self, account: &str) -> &[SubscriptionId] {
        self.by_account.get(account).map_or(&[], Vec::as_slice)
    }

    pub(super) fn put(&mut self, id: SubscriptionId, subscription: Subscription) {
        let account = subscription.account();
        self.by_account.entry(account).or_default().push(id);
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

    fn remove(&mut self, id: SubscriptionId) -> Option<Subscription> {
        let gone = self.by_id.remove(&id)?;
        let account = gone.account();
        if let Some(others) = self.by_account.get_mut(&account) {
            others.retain(|other| *other != id);
            if others.is_empty() {
                self.by_account.remove(&account);
            }
        }
        self.by_flow.remove(&(gone.phone.flow.id, id));
        Some(gone)
    }

    /// Whether the phone of a contact has subscribed, and need not be told unasked.
    pub(super) fn has(&self, account: &str, contact: &Contact) -> bool {
        let mut of_account = self.of_account(account).iter();
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
        let of_account = self.of_account(account).iter().copied();
        of_account.filter(is_named).collect()
    }
}

impl Switch {
    /// What an account is to be told: what a program said last, or what is in its box.
    pub(super) fn summary_for(&self, account: &Account) -> Summary {
        if let Some(said) = self.subscriptions.said.get(&account.address()) {
            return said.clone();
        }
        match account.user.mailbox() {
            Some(name) => Summary::of(&self.mailbox(&name), account),
            None => Summary::new("no", account),
        }
    }

    /// Tells all subscribers of an account.
    pub(super) fn notify_subscribers(&mut self, account: &Account, summary: &Summary) {
        for id in self.subscriptions.of_account(&account.address()).to_vec() {
            self.notify_subscriber(id, summary.clone());
        }
    }

    /// Tells a subscriber now, or when it has answered what it was told before.
    pub(super) fn notify_subscriber(&mut self, id: SubscriptionId, summary: Summary) {
        let Some(known) = self.subscriptions.by_id.get_mut(&id) else {
            return;
        };
        match &mut known.notifying {
            Notifying::Waits => known.notifying = Notifying::News(summary),
            Notifying::News(next) => *next = summary,
            Notifying::No => {
                if let Some(transaction) = self.send_lamp(id, State::Active, &summary) {
                    self.subscriptions.notifies.insert(transaction, id);
                    if let Some(known) = self.subscriptions.by_id.get_mut(&id) {
                        known.notifying = Notifying::Waits;
                    }
                }
            }
        }
    }

    fn send_lamp(
        &mut self,
        id: SubscriptionId,
        state: State,
        summary: &Summary,
    ) -> Option<TransactionId> {
        let known = self.subscriptions.by_id.get(&id)?;
        let event_id = known.event_id.clone();
        let left = known.expires_at.saturating_duration_since(self.now.mono);
        let state = match state {
            // Rounded up: whoever refreshes when it is over comes too late otherwise.
            State::Active => format!("active;expires={}", left.as_millis().div_ceil(1000)),
            State::Terminated(reason) => format!("terminated;reason={reason}"),
        };
        self.send_notify(id, event_id.as_deref(), state, summary)
    }

    /// Sends a NOTIFY in a dialog, whether its subscription is in the table or not.
    pub(super) fn send_notify(
        &mut self,
        id: SubscriptionId,
        event_id: Option<&str>,
        state: String,
        summary: &Summary,
    ) -> Option<TransactionId> {
        let event = match event_id {
            Some(event_id) => format!("{PACKAGE};id={event_id}"),
            None => PACKAGE.into(),
        };
        let headers = [
            ("Event".to_owned(), event),
            ("Subscription-State".to_owned(), state),
            ("Allow-Events".to_owned(), PACKAGE.to_owned()),
        ];
        let body = Some((CONTENT_TYPE, summary.body()));
        match self.sip.notify(self.now.mono, id, &headers, body) {
            Ok(transaction) => Some(transaction),
            Err(error) => {
                tracing::warn!(%error, "A subscriber is not told what waits for it");
                None
            }
        }
    }

    /// An answer to a NOTIFY in a subscription; false when it is none.
    pub(crate) fn notify_answered(
        &mut self,
        transaction: TransactionId,
        code: u16,
        is_response: bool,
    ) -> bool {
        if code < 200 {
            return self.subscriptions.notifies.contains_key(&transaction);
        }
        let Some(id) = self.subscriptions.notifies.remove(&transaction) else {
            return false;
        };
        let Some(known) = self.subscriptions.by_id.get_mut(&id) else {
            return true;
        };
        let was = std::mem::replace(&mut known.notifying, Notifying::No);
        if ends_subscription(code, is_response) {
            tracing::info!(user = %known.user, code, "A subscriber does not take NOTIFYs any more; the subscription has ended");
            self.forget_subscription(id);
            return true;
        }
        if code >= 300 {
            tracing::info!(user = %known.user, code, "A subscriber refuses a NOTIFY");
        }
        match was {
            Notifying::News(summary) => self.notify_subscriber(id, summary),
            Notifying::No | Notifying::Waits => {}
        }
        true
    }

    /// Ends a subscription with a last NOTIFY that says why, and how things are.
    pub(super) fn terminate_subscription(&mut self, id: SubscriptionId, reason: &'static str) {
        let Some(known) = self.subscriptions.by_id.get(&id) else {
            return;
        };
        let user = known.user.clone();
        let account = self.account(&known.domain, &user);
        let state = State::Terminated(reason);
        match account {
            Some(account) => {
                let summary = self.summary_for(&account);
                self.send_lamp(id, state, &summary);
            }
            // Nothing waits for somebody who is not there.
            None => {
                self.send_lamp(id, state, &Summary::empty());
            }
        }
        self.forget_subscription(id);
        tracing::debug!(%user, reason, "A subscription to a lamp has ended");
    }

    /// Ends a subscription nobody has to be told of.
    fn forget_subscription(&mut self, id: SubscriptionId) {
        self.subscriptions.remove(id);
        self.sip.end_subscription(id);
    }

    /// Sets the timer of a subscription, unless one is set that comes early enough.
    pub(super) fn arm_subscription(&mut self, id: SubscriptionId) {
        let Some(known) = self.subscriptions.by_id.get_mut(&id) else {
            return;
        };
        let at = known.expires_at;
        if known.armed.is_none_or(|armed| at < armed) {
            known.armed = Some(at);
            self.timers.set(at, Deadline::Subscription(id));
        }
    }

    /// The time of a subscription may be over.
    pub(crate) fn subscription_due(&mut self, id: SubscriptionId) {
        let now = self.now.mono;
        let Some(known) = self.subscriptions.by_id.get_mut(&id) else {
            return;
        };
        if known.armed.is_some_and(|armed| armed <= now) {
            known.armed = None;
        }
        if known.expires_at <= now {
            return self.terminate_subscription(id, "timeout");
        }
        self.arm_subscription(id);
    }

    /// A connection is gone, and with it who subscribed over it: nobody else is to get what is meant for that phone.
    pub(crate) fn end_subscriptions_over(&mut self, flow: FlowId) {
        let gone: Vec<_> = self
            .subscriptions
            .by_flow
            .range((flow, SubscriptionId(0))..)
            .take_while(|(over, _)| *over == flow)
            .map(|(_, id)| *id)
            .collect();
        for id in gone {
            self.forget_subscription(id);
        }
    }

    /// The directory is another one: who is not in it any more is not told anything.
    pub(crate) fn end_lost_subscriptions(&mut self) {
        let lost: Vec<_> = self
            .subscriptions
            .by_id
            .iter()
            .filter(|(_, known)| self.account(&known.domain, &known.user).is_none())
            .map(|(id, _)| *id)
            .collect();
        for id in lost {
            self.terminate_subscription(id, "noresource");
        }
        let mut said = std::mem::take(&mut self.subscriptions.said);
        said.retain(|address, _| {
            let account = address.rsplit_once('@');
            account.is_some_and(|(user, domain)| self.account(domain, user).is_some())
        });
        self.subscriptions.said = said;
    }
}
