//! Lamps of telephones: what waits in a voicemail box is said to the phones of those whose box it is (RFC 3842), and
//! whose calls are watched to those who watch them (RFC 4235).
//!
//! Of voicemail, phones that have subscribed are told within their subscription. The others are told by a NOTIFY nobody subscribed to
//! (RFC 3842 §3; event-socket.md §2.8); those that do not want it answer 481 or 489, which nobody minds.

mod dialog_info;
mod dialogs;
mod package;
mod subscribe;
mod subscriptions;
mod summary;
mod telling;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use api::EventKind;
use api::event::CustomEvent;
use api::view::{Extension, Mailbox, Registration};
use sip::endpoint::Party;
use sip::event::OutOfDialogRequest;
use sip::message::{Method, is_header_value};

use crate::Switch;
use crate::originate::escape_user;
use crate::registrar::{Account, Contact};

pub(crate) use package::PACKAGES;
use package::Package;
pub(crate) use subscriptions::Subscriptions;
use summary::{CONTENT_TYPE, Summary};
use telling::Notice;

/// What starts headers of an event that belong into the body.
const PREFIX: &str = "MWI-";

/// Whose phones an event lights, and which of them.
struct Wanted<'a> {
    waiting: &'a str,
    user: &'a str,
    domain: &'a str,
    profile: Option<&'a str>,
    /// Call-ID of a phone's REGISTERs.
    call_id: Option<&'a str>,
    /// Call-ID of a subscription.
    sub_call_id: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(event: &'a CustomEvent) -> Option<Self> {
        let header = |name: &str| {
            let mut headers = event.headers.iter();
            let found = headers.find(|(one, _)| one.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim())
        };
        let account = header("MWI-Message-Account")?;
        let account = account.strip_prefix("sip:").unwrap_or(account);
        let (user, domain) = account.split_once('@')?;
        Some(Self {
            waiting: header("MWI-Messages-Waiting")?,
            user,
            domain,
            profile: header("sofia-profile"),
            call_id: header("call-id"),
            sub_call_id: header("sub-call-id"),
        })
    }

    /// Whether it is meant for whoever is told of the account, now or later.
    fn is_for_all(&self) -> bool {
        self.profile.is_none() && self.call_id.is_none() && self.sub_call_id.is_none()
    }

    fn means(&self, contact: &Contact) -> bool {
        let is_profile = |name: &str| contact.profile.eq_ignore_ascii_case(name);
        self.profile.is_none_or(is_profile) && self.call_id.is_none_or(|id| *contact.call_id == *id)
    }
}

impl Switch {
    /// Something is otherwise in a box.
    pub(crate) fn light_lamps(&mut self, mailbox: &Mailbox) {
        let directory = self.view.directory.clone();
        let Some(domain) = directory.domain(&mailbox.name.domain) else {
            return;
        };
        let owners = domain
            .users
            .iter()
            .filter(|user| user.mailbox().as_ref() == Some(&mailbox.name));
        for user in owners {
            let account = Account {
                user: user.clone(),
                domain: domain.name.clone(),
                realm: domain.name.clone(),
            };
            let summary = Summary::of(mailbox, &account);
            self.subscriptions.said.remove(&account.address());
            self.notify_subscribers(&account, &summary);
            for contact in self.contacts_of(&domain.name, &user.id) {
                self.light_lamp(&account, contact, &summary);
            }
        }
    }

    /// Programs that keep messages elsewhere may answer with a MESSAGE_WAITING for this phone (event-socket.md §5.1).
    fn ask_for_messages(&mut self, account: &Account, shown: &Registration) {
        let address = format!("sip:{}", account.address());
        let headers = [
            ("Message-Account", address.as_str()),
            ("VM-Sofia-Profile", &*shown.profile),
            ("VM-Call-ID", &*shown.call_id),
        ];
        let headers = headers.map(|(name, value)| (name.into(), value.into()));
        let event = CustomEvent {
            name: "MESSAGE_QUERY".into(),
            subclass: None,
            headers: headers.into(),
            body: None,
            from_client: false,
        };
        self.publish(EventKind::Custom(Box::new(event)), None);
    }

    /// A phone has come, and knows nothing of what waits for it. Nothing is said to those for whom there is nothing.
    pub(crate) fn light_lamp_of(&mut self, serial: u64) {
        let Some(shown) = self.view.registrations.get(&serial).cloned() else {
            return;
        };
        let Some(account) = self.account(&shown.domain, &shown.user) else {
            return;
        };
        self.ask_for_messages(&account, &shown);
        let Some(mailbox) = account
            .user
            .mailbox()
            .and_then(|name| self.box_with_messages(&name))
        else {
            return;
        };
        let summary = Summary::of(&mailbox, &account);
        let dial = shown.dial_address();
        let mut contacts = self.contacts_of(&shown.domain, &shown.user).into_iter();
        if let Some(contact) = contacts.find(|contact| *contact.dial == *dial) {
            self.light_lamp(&account, contact, &summary);
        }
    }

    fn box_with_messages(&self, name: &Extension) -> Option<Arc<Mailbox>> {
        let mailbox = self.mailbox(name);
        (!mailbox.messages.is_empty()).then_some(mailbox)
    }

    /// A program or a dialplan fires MESSAGE_WAITING.
    pub(crate) fn waiting_fired(&mut self, event: &CustomEvent) {
        if *event.name != *"MESSAGE_WAITING" {
            return;
        }
        let Some(wanted) = Wanted::of(event) else {
            tracing::info!(
                "MESSAGE_WAITING lights no lamp: MWI-Messages-Waiting or MWI-Message-Account is missing"
            );
            return;
        };
        let Some(account) = self.account(wanted.domain, wanted.user) else {
            tracing::info!(
                user = wanted.user,
                domain = wanted.domain,
                "MESSAGE_WAITING for nobody of ours"
            );
            return;
        };
        if !is_header_value(wanted.waiting) {
            return;
        }
        let mut summary = Summary::new(wanted.waiting, &account);
        for (name, value) in &event.headers {
            let Some(name) = name
                .get(..PREFIX.len())
                .filter(|start| start.eq_ignore_ascii_case(PREFIX))
                .and(name.get(PREFIX.len()..))
            else {
                continue;
            };
            let is_said = ["Messages-Waiting", "Message-Account"]
                .iter()
                .any(|said| said.eq_ignore_ascii_case(name));
            if is_said || !is_header_value(value) || !is_header_value(name) {
                continue;
            }
            if !summary.line(name, value) {
                tracing::info!(name, "MESSAGE_WAITING is too long; a line is left out");
            }
        }
        let address = account.address();
        if wanted.is_for_all() {
            let said = &mut self.subscriptions.said;
            said.insert(address.clone(), summary.clone());
        }
        let contacts = self.contacts_of(wanted.domain, wanted.user);
        for id in self.subscriptions.named(&address, &wanted, &contacts) {
            self.notify_subscriber(id, Notice::Summary(summary.clone()));
        }
        if wanted.sub_call_id.is_some() {
            return;
        }
        for contact in contacts {
            if wanted.means(&contact) {
                self.light_lamp(&account, contact, &summary);
            }
        }
    }

    /// Tells a phone, unless it has subscribed and is told that way.
    fn light_lamp(&mut self, account: &Account, contact: Contact, summary: &Summary) {
        if self.subscriptions.has(&account.address(), &contact) {
            return;
        }
        let own = format!("sip:{}@{}", escape_user(&account.user.id), account.domain);
        let request = OutOfDialogRequest {
            method: Method::Notify,
            uri: contact.uri,
            from: Party::uri(own.clone()),
            to: Party::uri(own),
            target: contact.target,
            local_contact: Some(format!("sip:mod_sofia@{}", contact.target.local)),
            headers: vec![
                ("Event".into(), Package::Summary.name().into()),
                // No subscription stands behind it that could end.
                ("Subscription-State".into(), "active".into()),
            ],
            body: Some((CONTENT_TYPE.into(), summary.body())),
            credentials: None,
            route: contact.route,
            call: None,
        };
        if let Err(error) = self.sip.send_out_of_dialog(self.now.mono, request) {
            tracing::warn!(user = %account.user.id, %error, "A phone is not told what waits for it");
        }
    }
}
