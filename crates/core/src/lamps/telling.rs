//! What those who have subscribed are sent when, and how it ends (RFC 6665 §4.2.2).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sip::event::{SubscriptionId, TransactionId};
use sip::transport::FlowId;

use super::dialog_info::Documents;
use super::dialogs::is_place;
use super::package::{PACKAGES, Package};
use super::summary::Summary;
use crate::Switch;
use crate::originate::escape_user;
use crate::registrar::Account;
use crate::timers::Deadline;

/// Between two NOTIFYs of one subscription about calls, unless it asks (RFC 4235 §3.10).
const CALLS_AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// How far telling a phone has come. One NOTIFY at a time: of two, the one that was lost and comes again would be taken for
/// an old one and refused.
#[derive(Debug)]
pub(super) enum Notifying {
    /// It knows how things are.
    No,
    /// A NOTIFY waits for its answer.
    Waits,
    /// A NOTIFY waits for its answer, and this comes next.
    News(Notice),
}

/// What Subscription-State says.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    Active,
    /// With the reason (RFC 6665 §4.1.3).
    Terminated(&'static str),
}

/// What a phone is to be told.
#[derive(Clone, Debug)]
pub(super) enum Notice {
    Summary(Summary),
    /// How the calls are when the NOTIFY is sent; `asked`: also when it knows.
    Calls {
        asked: bool,
    },
}

impl Notice {
    fn give_way_to(&mut self, next: Self) {
        // Who asked gets an answer, whatever happened since.
        if !matches!(
            (&*self, &next),
            (Self::Calls { asked: true }, Self::Calls { .. })
        ) {
            *self = next;
        }
    }
}

fn entity(user: &str, domain: &str) -> String {
    format!("sip:{}@{domain}", escape_user(user))
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
        for id in self
            .subscriptions
            .of(Package::Summary, &account.address())
            .to_vec()
        {
            self.notify_subscriber(id, Notice::Summary(summary.clone()));
        }
    }

    /// What a subscriber is to be told who asks. `None` when whom it asked about is gone.
    pub(super) fn notice_for(&self, package: Package, user: &str, domain: &str) -> Option<Notice> {
        match package {
            Package::Summary => {
                let account = self.account(domain, user)?;
                Some(Notice::Summary(self.summary_for(&account)))
            }
            Package::Dialog => self
                .may_be_watched(user, domain)
                .then_some(Notice::Calls { asked: true }),
        }
    }

    /// Whether there is such a user, or can be such a room or place.
    pub(super) fn may_be_watched(&self, user: &str, domain: &str) -> bool {
        let is_domain = || self.view.directory.domain(domain).is_some();
        self.account(domain, user).is_some() || is_place(user) && is_domain()
    }

    /// Somebody's calls may not be as the subscriber was told: it is told, but not too often.
    pub(super) fn calls_changed(&mut self, id: SubscriptionId) {
        let Some(known) = self.subscriptions.by_id.get(&id) else {
            return;
        };
        let calls = self.calls_of(&known.user, &known.domain);
        if !known.documents.is_news(&calls) {
            return;
        }
        let may_be_told = known.told_at.map(|told| told + CALLS_AT_MOST_EVERY);
        let waits_for = may_be_told.filter(|at| *at > self.now.mono);
        let (Some(at), Notifying::No) = (waits_for, &known.notifying) else {
            return self.notify_subscriber(id, Notice::Calls { asked: false });
        };
        if known.news_at.is_none()
            && let Some(known) = self.subscriptions.by_id.get_mut(&id)
        {
            known.news_at = Some(at);
            self.timers.set(at, Deadline::Subscription(id));
        }
    }

    /// Tells a subscriber now, or when it has answered what it was told before.
    pub(super) fn notify_subscriber(&mut self, id: SubscriptionId, notice: Notice) {
        let Some(known) = self.subscriptions.by_id.get_mut(&id) else {
            return;
        };
        match &mut known.notifying {
            Notifying::Waits => known.notifying = Notifying::News(notice),
            Notifying::News(next) => next.give_way_to(notice),
            Notifying::No => {
                if let Some(transaction) = self.send_lamp(id, State::Active, &notice) {
                    self.subscriptions.notifies.insert(transaction, id);
                    if let Some(known) = self.subscriptions.by_id.get_mut(&id) {
                        known.notifying = Notifying::Waits;
                        known.told_at = Some(self.now.mono);
                    }
                }
            }
        }
    }

    fn send_lamp(
        &mut self,
        id: SubscriptionId,
        state: State,
        notice: &Notice,
    ) -> Option<TransactionId> {
        let known = self.subscriptions.by_id.get(&id)?;
        let (package, event_id) = (known.package, known.event_id.clone());
        let left = known.expires_at.saturating_duration_since(self.now.mono);
        let state = match state {
            // Rounded up: whoever refreshes when it is over comes too late otherwise.
            State::Active => format!("active;expires={}", left.as_millis().div_ceil(1000)),
            State::Terminated(reason) => format!("terminated;reason={reason}"),
        };
        let body = match notice {
            Notice::Summary(summary) => summary.body(),
            Notice::Calls { .. } => {
                let (user, domain) = (known.user.clone(), known.domain.clone());
                let calls = self.calls_of(&user, &domain);
                let known = self.subscriptions.by_id.get_mut(&id)?;
                known.documents.next(&entity(&user, &domain), calls)
            }
        };
        self.send_notify(id, package, event_id.as_deref(), state, body)
    }

    /// The one NOTIFY of who asks once (RFC 6665 §4.4.3).
    pub(super) fn tell_once(
        &mut self,
        id: SubscriptionId,
        asked: (Package, Option<&str>),
        notice: &Notice,
        (user, domain): (&Arc<str>, &Arc<str>),
    ) {
        let body = match notice {
            Notice::Summary(summary) => summary.body(),
            Notice::Calls { .. } => {
                let calls = self.calls_of(user, domain);
                Documents::default().next(&entity(user, domain), calls)
            }
        };
        let state = "terminated;reason=timeout".to_owned();
        self.send_notify(id, asked.0, asked.1, state, body);
    }

    /// Sends a NOTIFY in a dialog, whether its subscription is in the table or not.
    fn send_notify(
        &mut self,
        id: SubscriptionId,
        package: Package,
        event_id: Option<&str>,
        state: String,
        body: Bytes,
    ) -> Option<TransactionId> {
        let name = package.name();
        let event = match event_id {
            Some(event_id) => format!("{name};id={event_id}"),
            None => name.into(),
        };
        let headers = [
            ("Event".to_owned(), event),
            ("Subscription-State".to_owned(), state),
            ("Allow-Events".to_owned(), PACKAGES.to_owned()),
        ];
        let body = Some((package.content_type(), body));
        match self.sip.notify(self.now.mono, id, &headers, body) {
            Ok(transaction) => Some(transaction),
            Err(error) => {
                tracing::warn!(%error, package = name, "A subscriber is not told");
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
            Notifying::News(Notice::Calls { asked: false }) => self.calls_changed(id),
            Notifying::News(notice) => self.notify_subscriber(id, notice),
            Notifying::No | Notifying::Waits => {}
        }
        true
    }

    /// Ends a subscription with a last NOTIFY that says why, and how things are.
    pub(super) fn terminate_subscription(&mut self, id: SubscriptionId, reason: &'static str) {
        let Some(known) = self.subscriptions.by_id.get(&id) else {
            return;
        };
        let (package, user, domain) = (known.package, known.user.clone(), known.domain.clone());
        let notice = self.notice_for(package, &user, &domain);
        // Nothing waits for somebody who is not there.
        let notice = notice.unwrap_or_else(|| match package {
            Package::Summary => Notice::Summary(Summary::empty()),
            Package::Dialog => Notice::Calls { asked: true },
        });
        self.send_lamp(id, State::Terminated(reason), &notice);
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
        if known.news_at.is_some_and(|at| at <= now) {
            known.news_at = None;
            self.calls_changed(id);
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
            .filter(|(_, known)| {
                self.notice_for(known.package, &known.user, &known.domain)
                    .is_none()
            })
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
