//! Bindings that outlive the process: what is kept of them, and how they come back (docs/decisions/0028).
//!
//! Kept is what can still be reached afterwards. A datagram finds its way back to where a REGISTER came from. A connection
//! ends with the process, and with it the way behind a NAT (RFC 5626 §5.3); only a phone whose contact names the address it
//! connected from can be dialled there.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use api::Timestamp;
use api::event::AccountEvent;
use api::view::Registration;
use sip::message::Uri;
use sip::register::Binding;
use sip::transport::{Flow, Transport};

use crate::Switch;
use crate::effect::Effect;

/// A binding as it is kept for the next run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptBinding {
    /// Its name, which no other binding of any run has.
    pub key: Arc<str>,
    /// Its number: what dial strings call it by.
    pub serial: u64,
    /// SIP profile it came in through.
    pub profile: Arc<str>,
    /// The user of the directory.
    pub user: Arc<str>,
    /// Its domain.
    pub domain: Arc<str>,
    /// Realm of the credentials.
    pub realm: Arc<str>,
    /// Contact with display name, as it is shown.
    pub contact: Arc<str>,
    /// URI calls are sent to.
    pub contact_uri: Arc<str>,
    /// Preference in thousandths, 0–1000.
    pub q: u16,
    /// Call-ID of its REGISTERs.
    pub call_id: Arc<str>,
    /// CSeq of the last of them.
    pub cseq: u32,
    /// Reached over UDP, TCP or TLS.
    pub transport: Transport,
    /// Our address as the phone knew it.
    pub local: SocketAddr,
    /// Where the last REGISTER came from.
    pub source: SocketAddr,
    /// Where requests go: the source, or over a connection where the phone listens.
    pub way: SocketAddr,
    /// Path, in order (RFC 3327).
    pub path: Vec<Box<str>>,
    /// User-Agent of the phone.
    pub user_agent: Arc<str>,
    /// `+sip.instance` with `reg-id` (RFC 5626).
    pub instance: Option<Box<str>>,
    /// When the last REGISTER arrived.
    pub refreshed: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

/// What is to be kept or forgotten. A later note of the same name replaces an earlier one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BindingNote {
    /// Keep it, in place of what is kept under its key.
    Keep(Box<KeptBinding>),
    /// Forget what is kept under that key, if anything is.
    Forget(Arc<str>),
}

impl BindingNote {
    /// The name of the binding.
    #[must_use]
    pub fn key(&self) -> &Arc<str> {
        match self {
            Self::Keep(binding) => &binding.key,
            Self::Forget(key) => key,
        }
    }
}

/// Where a binding can be reached when no connection of today is left; `None`: nowhere.
fn way_afterwards(binding: &Binding) -> Option<SocketAddr> {
    let source = binding.flow.remote;
    match binding.flow.transport {
        Transport::Udp => Some(source),
        Transport::Tcp | Transport::Tls => {
            // A phone of RFC 5626 is reached over its own connection or not at all; so is one behind a proxy.
            if binding.instance.is_some() || !binding.path.is_empty() {
                return None;
            }
            let contact = Uri::parse(&binding.contact).ok()?;
            let named = contact.params.value("transport");
            let named = if contact.is_sips() {
                Some(Transport::Tls)
            } else {
                named.and_then(Transport::parse)
            };
            let is_by_it = named == Some(binding.flow.transport);
            let host: IpAddr = contact.host.trim_matches(['[', ']']).parse().ok()?;
            let listens = SocketAddr::new(host, contact.port_or_default());
            let is_its_own = host == source.ip() && listens.port() != 0;
            (is_by_it && is_its_own && !contact.params.has("ob")).then_some(listens)
        }
        Transport::Ws | Transport::Wss => None,
    }
}

impl Switch {
    /// Takes the bindings there were at the start. Nobody looks yet, so nobody is told.
    pub(crate) fn start_registrations(&mut self) {
        let mut found = std::mem::take(&mut self.config.bindings);
        // Each keeps its number that way.
        found.sort_by_key(|binding| binding.serial);
        let count = found.len();
        let taken = found
            .into_iter()
            .filter_map(|kept| self.restore_binding(kept))
            .count();
        if count > 0 {
            tracing::info!(taken, count, "Registrations of an earlier run");
        }
        self.arm_expiry();
    }

    /// Bindings of earlier runs, when they could not be read at the start. Whoever looked meanwhile has seen their users as
    /// not registered, and is told.
    pub(crate) fn bindings_found(&mut self, found: Vec<KeptBinding>) {
        for kept in found {
            let Some(registration) = self.restore_binding(kept) else {
                continue;
            };
            let left = registration.expires.as_micros() - self.now.wall.as_micros();
            let expires_s = u32::try_from(left / 1_000_000).unwrap_or(0);
            self.account_event(AccountEvent::Registered {
                registration,
                expires_s,
                refreshed: false,
            });
        }
        self.arm_expiry();
    }

    /// A binding as it was, if there is still a place for it.
    fn restore_binding(&mut self, kept: KeptBinding) -> Option<Arc<Registration>> {
        let left = u64::try_from(kept.expires.as_micros() - self.now.wall.as_micros()).ok()?;
        let left = Duration::from_micros(left);
        let account = self.account(&kept.domain, &kept.user)?;
        let profiles = &self.config.profiles;
        let profile = profiles.iter().find(|one| one.name == kept.profile)?;
        if profile.sip.is_ipv4() != kept.way.is_ipv4() {
            return None;
        }
        // The profile may have lost its TLS meanwhile.
        let bound = profile.local(kept.transport)?;
        let own = if bound.ip().is_unspecified() {
            kept.local.ip()
        } else {
            bound.ip()
        };
        let name = profile.name.clone();
        let flow = Flow {
            // Of a connection that is no more, so it is dialled.
            id: profile.udp_flow,
            transport: kept.transport,
            local: SocketAddr::new(own, bound.port()),
            remote: kept.way,
        };
        let binding = Binding {
            id: kept.serial,
            contact: kept.contact_uri.clone(),
            q: kept.q,
            call_id: kept.call_id.clone(),
            cseq: kept.cseq,
            expires_at: self.now.mono + left,
            refreshed_at: self.now.mono,
            flow,
            path: kept.path.into(),
            user_agent: (*kept.user_agent).into(),
            instance: kept.instance,
        };
        let table = &mut self.registrations.table;
        let Some(serial) = table.restore(self.now.mono, &account.address(), binding) else {
            // The phone has registered again meanwhile, or it is one too many.
            self.effect(Effect::Binding(BindingNote::Forget(kept.key)));
            return None;
        };
        self.registrations.kept_as.insert(serial, kept.key);
        let registration = Arc::new(Registration {
            serial,
            profile: name,
            user: account.user.id.clone(),
            domain: account.domain.clone(),
            auth_user: account.user.id.clone(),
            auth_realm: kept.realm,
            contact: kept.contact,
            contact_uri: kept.contact_uri,
            call_id: kept.call_id,
            user_agent: self.registrations.share_agent(&kept.user_agent),
            source: kept.source,
            transport: super::transport_name(flow.transport),
            refreshed: kept.refreshed,
            expires: kept.expires,
        });
        self.show_registration(&registration);
        Some(registration)
    }

    /// The name under which a binding is kept.
    fn kept_as(&self, serial: u64) -> Arc<str> {
        let known = self.registrations.kept_as.get(&serial);
        known
            .cloned()
            .unwrap_or_else(|| format!("{}-{serial}", self.config.node.0).into())
    }

    /// Has a binding kept as it is now, or forgotten when nothing would lead to it any more.
    pub(super) fn keep_binding(&mut self, binding: &Binding, shown: &Registration) {
        let key = self.kept_as(binding.id);
        let note = match way_afterwards(binding) {
            Some(way) => BindingNote::Keep(Box::new(KeptBinding {
                key,
                serial: binding.id,
                profile: shown.profile.clone(),
                user: shown.user.clone(),
                domain: shown.domain.clone(),
                realm: shown.auth_realm.clone(),
                contact: shown.contact.clone(),
                contact_uri: shown.contact_uri.clone(),
                q: binding.q,
                call_id: binding.call_id.clone(),
                cseq: binding.cseq,
                transport: binding.flow.transport,
                local: binding.flow.local,
                source: binding.flow.remote,
                way,
                path: binding.path.to_vec(),
                user_agent: shown.user_agent.clone(),
                instance: binding.instance.clone(),
                refreshed: shown.refreshed,
                expires: shown.expires,
            })),
            None => BindingNote::Forget(key),
        };
        self.effect(Effect::Binding(note));
    }

    /// A binding is gone.
    pub(super) fn forget_binding(&mut self, serial: u64) {
        let key = self.kept_as(serial);
        self.registrations.kept_as.remove(&serial);
        self.effect(Effect::Binding(BindingNote::Forget(key)));
    }
}
