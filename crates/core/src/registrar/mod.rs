//! REGISTER and everything that follows from it: bindings, the view of them, events, timers.
//!
//! The table of bindings itself is [`sip::register::Registrar`]; here accounts of the directory, the view and the
//! events come to it (RFC 3261 §10.3, event-socket.md §5.3 S11).

mod access;
mod accounts;
mod attempts;
mod kept;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::command::server::FlushRegistrations;
use api::event::{AccountEvent, EventKind};
use api::view::Registration;
use api::{CommandError, HangupCause, ObjectKind, RequestId};
use sip::event::IncomingRequest;
use sip::register::{Binding, BindingChange, ChangeKind, Registrar, RegistrarConfig};
use sip::transport::{FlowId, Target, Transport};

pub(crate) use access::CallAuth;
pub(crate) use accounts::{Account, address, ha1};
use attempts::Attempts;
pub use kept::{BindingNote, KeptBinding};

use crate::Switch;
use crate::timers::Deadline;
use crate::work::Work;

/// Shortest registration granted, seconds; shorter wishes get 423 (RFC 3261 §10.3 step 7).
const MIN_EXPIRES_S: u32 = 30;

/// All registrations.
#[derive(Debug)]
pub(crate) struct Registrations {
    table: Registrar,
    /// The newest binding with a contact URI that leads to where it came from, for dial strings made of one.
    by_contact: HashMap<Arc<str>, u64>,
    /// The timer that is set.
    armed: Option<Instant>,
    attempts: Attempts,
    /// The user agent seen last; phones of one kind share its text.
    agent: Arc<str>,
    /// Names under which bindings of earlier runs are kept; those of this run follow from their numbers.
    kept_as: HashMap<u64, Arc<str>>,
}

fn table(longest_s: Option<u32>) -> Registrar {
    let usual = RegistrarConfig::default();
    let max_expires = longest_s.unwrap_or(usual.max_expires).max(MIN_EXPIRES_S);
    Registrar::new(RegistrarConfig {
        min_expires: MIN_EXPIRES_S,
        max_expires,
        default_expires: usual.default_expires.min(max_expires),
        ..usual
    })
}

impl Default for Registrations {
    fn default() -> Self {
        Self {
            table: table(None),
            by_contact: HashMap::new(),
            armed: None,
            attempts: Attempts::default(),
            agent: "".into(),
            kept_as: HashMap::new(),
        }
    }
}

/// The transport as the view names it.
fn transport_name(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
        Transport::Ws => "ws",
        Transport::Wss => "wss",
    }
}

/// A place where a user can be called.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    /// What dial strings say behind `sofia/`.
    pub(crate) dial: Arc<str>,
    /// Request-URI.
    pub(crate) uri: String,
    /// The way back to it, along the connection it registered over.
    pub(crate) target: Target,
    /// Route headers (RFC 3327).
    pub(crate) route: Vec<String>,
    /// Preference in thousandths.
    pub(crate) q: u16,
    /// The domain of its account.
    pub(crate) domain: Arc<str>,
    /// The profile it registered with.
    pub(crate) profile: Arc<str>,
    /// Call-ID of its REGISTERs.
    pub(crate) call_id: Arc<str>,
    /// The dialplan context of its account, where the directory names one.
    pub(crate) context: Option<Arc<str>>,
}

impl Switch {
    /// Where a user is registered, most wanted first; empty when nowhere.
    pub(crate) fn contacts_of(&self, domain: &str, user: &str) -> Vec<Contact> {
        let Some(account) = self.account(domain, user) else {
            return Vec::new();
        };
        let mut out: Vec<Contact> = self
            .registrations
            .table
            .bindings(&account.address())
            .filter_map(|binding| self.contact_of(binding, &account))
            .collect();
        out.sort_by_key(|contact| std::cmp::Reverse(contact.q));
        out
    }

    fn contact_of(&self, binding: &Binding, account: &Account) -> Option<Contact> {
        let shown = self.view.registrations.get(&binding.id)?;
        Some(Contact {
            dial: shown.dial_address().into(),
            uri: binding.contact.to_string(),
            target: binding.target(),
            route: binding.path.iter().map(|path| path.to_string()).collect(),
            q: binding.q,
            domain: account.domain.clone(),
            profile: shown.profile.clone(),
            call_id: shown.call_id.clone(),
            context: account.user.variable("user_context").map(Arc::from),
        })
    }

    /// The registered contact a dial string means: the one it names by number, or one whose URI leads to where it
    /// registered from. Whoever else registers a URI is not called by it.
    ///
    /// # Errors
    /// `UserNotRegistered` when it names one that is gone.
    pub(crate) fn dialled_contact(&self, address: &str) -> Result<Option<Contact>, HangupCause> {
        let gone = HangupCause::UserNotRegistered;
        let (id, uri) = match Registration::named_in(address) {
            Some((uri, id)) => (id, Some(uri)),
            None => match self.registrations.by_contact.get(address) {
                Some(id) => (*id, None),
                None => return Ok(None),
            },
        };
        let shown = self.view.registrations.get(&id).ok_or(gone)?;
        if uri.is_some_and(|uri| *uri != shown.dialled_uri()) {
            return Err(gone);
        }
        let account = self.account(&shown.domain, &shown.user).ok_or(gone)?;
        let aor = account.address();
        let mut bindings = self.registrations.table.bindings(&aor);
        let binding = bindings.find(|binding| binding.id == id).ok_or(gone)?;
        self.contact_of(binding, &account).ok_or(gone).map(Some)
    }

    /// Carries out a REGISTER whose sender was let in, and tells everybody.
    fn change_bindings(
        &mut self,
        request: &IncomingRequest,
        profile: &Arc<str>,
        account: &Account,
    ) -> sip::register::Registration {
        let aor = account.address();
        let answer = self
            .registrations
            .table
            .handle(self.now.mono, request, &aor);
        for change in &answer.changes {
            self.binding_changed(change, Some((profile, account, request)));
        }
        self.arm_expiry();
        answer
    }

    /// Brings view and listeners up to date with one change of a binding. `came` says who asked for it.
    fn binding_changed(
        &mut self,
        change: &BindingChange,
        came: Option<(&Arc<str>, &Account, &IncomingRequest)>,
    ) {
        match change.kind {
            ChangeKind::Registered | ChangeKind::Refreshed => {
                let Some((profile, account, request)) = came else {
                    return;
                };
                self.binding_put(change, profile, account, request);
            }
            ChangeKind::Removed => {
                if let Some(registration) = self.binding_gone(change) {
                    tracing::info!(user = %change.aor, "Unregistered");
                    self.account_event(AccountEvent::Unregistered { registration });
                }
            }
            ChangeKind::Expired => {
                if let Some(registration) = self.binding_gone(change) {
                    tracing::info!(user = %change.aor, "Registration has expired");
                    self.account_event(AccountEvent::Expired { registration });
                }
            }
        }
    }

    fn binding_put(
        &mut self,
        change: &BindingChange,
        profile: &Arc<str>,
        account: &Account,
        request: &IncomingRequest,
    ) {
        let binding = &change.binding;
        // A refresh may come with another contact.
        self.forget_contact(binding.id);
        let contact = access::contact_header(request, &binding.contact);
        let registration = Arc::new(Registration {
            serial: binding.id,
            profile: profile.clone(),
            user: account.user.id.clone(),
            domain: account.domain.clone(),
            auth_user: account.user.id.clone(),
            auth_realm: account.realm.clone(),
            contact: contact.into(),
            contact_uri: binding.contact.clone(),
            call_id: binding.call_id.clone(),
            user_agent: self.registrations.share_agent(&binding.user_agent),
            source: binding.flow.remote,
            transport: transport_name(binding.flow.transport),
            refreshed: self.now.wall,
            expires: self.now.wall.after(Duration::from_secs(
                binding.expires_in(self.now.mono).into(),
            )),
        });
        let expires_s = binding.expires_in(self.now.mono);
        let refreshed = change.kind == ChangeKind::Refreshed;
        self.show_registration(&registration);
        self.keep_binding(binding, &registration);
        if !refreshed {
            // Behind the answer to its REGISTER.
            self.work.push_back(Work::Lamp(binding.id));
            tracing::info!(user = %change.aor, source = %registration.source, expires_s, "Registered");
        }
        self.account_event(AccountEvent::Registered {
            registration,
            expires_s,
            refreshed,
        });
    }

    /// Puts a registration into the view and the index of contacts.
    fn show_registration(&mut self, registration: &Arc<Registration>) {
        if registration.leads_home() {
            let contact = registration.contact_uri.clone();
            let index = &mut self.registrations.by_contact;
            index.insert(contact, registration.serial);
        }
        let shown = &mut self.view.registrations;
        shown.insert_mut(registration.serial, registration.clone());
    }

    /// Forgets a binding; what the view showed of it.
    fn binding_gone(&mut self, change: &BindingChange) -> Option<Arc<Registration>> {
        let id = change.binding.id;
        self.forget_contact(id);
        self.forget_binding(id);
        let registration = self.view.registrations.get(&id).cloned();
        self.view.registrations.remove_mut(&id);
        registration
    }

    /// Takes the contact of a binding as the view shows it out of the index, unless a newer binding has it.
    fn forget_contact(&mut self, id: u64) {
        let Some(shown) = self.view.registrations.get(&id) else {
            return;
        };
        let index = &mut self.registrations.by_contact;
        if index.get(&shown.contact_uri) == Some(&id) {
            index.remove(&shown.contact_uri);
        }
    }

    pub(crate) fn account_event(&mut self, event: AccountEvent) {
        self.device_registered(&event);
        self.publish(EventKind::Account(Box::new(event)), None);
    }

    fn arm_expiry(&mut self) {
        let Some(next) = self.registrations.table.next_expiry() else {
            return;
        };
        if self.registrations.armed.is_none_or(|armed| next < armed) {
            self.registrations.armed = Some(next);
            self.timers.set(next, Deadline::Registrations);
        }
    }

    /// Ends what has run out.
    pub(crate) fn expire_registrations(&mut self) {
        let now = self.now.mono;
        if self.registrations.armed.is_some_and(|armed| armed <= now) {
            self.registrations.armed = None;
        }
        for change in self.registrations.table.expire(now) {
            self.binding_changed(&change, None);
        }
        self.arm_expiry();
    }

    /// A connection is gone, and with it what was registered over it (RFC 5626 §5.3).
    pub(crate) fn flow_closed(&mut self, flow: FlowId) {
        for change in self.registrations.table.remove_flow(flow) {
            self.binding_changed(&change, None);
        }
        self.end_subscriptions_over(flow);
    }

    /// Answers `sofia profile … flush_inbound_reg`.
    pub(crate) fn flush_registrations(&mut self, request: RequestId, command: FlushRegistrations) {
        let FlushRegistrations { profile, matching } = command;
        if !self
            .config
            .profiles
            .iter()
            .any(|known| known.name.eq_ignore_ascii_case(&profile))
        {
            return self.answer(
                request,
                Err::<u64, _>(CommandError::not_found(ObjectKind::Profile)),
            );
        }
        let meant = |registration: &Registration| {
            registration.profile.eq_ignore_ascii_case(&profile)
                && matching.as_deref().is_none_or(|wanted| {
                    *registration.call_id == *wanted
                        || wanted.split_once('@').is_some_and(|(user, domain)| {
                            *registration.user == *user
                                && registration.domain.eq_ignore_ascii_case(domain)
                        })
                })
        };
        let gone: Vec<_> = self
            .view
            .registrations
            .values()
            .filter(|one| meant(one))
            .cloned()
            .collect();
        let mut count = 0;
        for registration in gone {
            if self.flush_web_client(&registration) {
                count += 1;
                continue;
            }
            let aor = address(&registration.user, &registration.domain);
            // Bindings of one address go together; the second of them finds nothing more to do.
            for change in self.registrations.table.remove(&aor) {
                count += 1;
                self.binding_changed(&change, None);
            }
        }
        self.answer(request, Ok(count));
    }
}

impl Registrations {
    /// Bounds registrations to so many seconds; only before the first one.
    pub(crate) fn grant_at_most(&mut self, longest_s: Option<u32>) {
        if self.table.is_empty() {
            self.table = table(longest_s);
        }
    }

    /// A number for a registration that is no SIP binding.
    pub(crate) fn new_id(&mut self) -> u64 {
        self.table.new_id()
    }

    /// Whether an address has failed to log in too often to be listened to.
    pub(crate) fn is_blocked(&self, from: IpAddr, now: Instant) -> bool {
        self.attempts.is_blocked(from, now)
    }

    /// Counts a login: wrong ones of an address add up, those of one user until a right one.
    pub(crate) fn count_login(&mut self, from: IpAddr, user: &str, now: Instant, right: bool) {
        if right {
            self.attempts.succeeded(from, user);
        } else if self.attempts.failed(from, user, now) {
            tracing::warn!(source = %from, "Too many wrong passwords; the address is not listened to for a minute");
        }
    }

    fn share_agent(&mut self, agent: &str) -> Arc<str> {
        if *self.agent != *agent {
            self.agent = agent.into();
        }
        self.agent.clone()
    }
}

#[cfg(test)]
mod tests;
