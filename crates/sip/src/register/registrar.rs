//! The registrar: a pure table of bindings (RFC 3261 §10.3).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::binding::{Binding, BindingChange, ChangeKind};
use super::request::{Asked, Wish, read};
use crate::event::IncomingRequest;
use crate::message::Uri;
use crate::transport::{Flow, FlowId};

/// Settings of a registrar. Times are in seconds, as on the wire.
#[derive(Clone, Copy, Debug)]
pub struct RegistrarConfig {
    /// Shortest life granted; less gets 423.
    pub min_expires: u32,
    /// Longest life granted; more is shortened.
    pub max_expires: u32,
    /// Granted when none is asked for.
    pub default_expires: u32,
    /// Most bindings of one address of record; more get 403.
    pub bindings_per_aor: usize,
    /// Most bindings altogether; more get 503.
    pub bindings: usize,
}

impl Default for RegistrarConfig {
    fn default() -> Self {
        Self {
            min_expires: 60,
            max_expires: 86_400,
            default_expires: 3_600,
            bindings_per_aor: 10,
            bindings: 1_000_000,
        }
    }
}

/// The answer to a REGISTER, for `Endpoint::respond`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// 200, 400, 403, 423, 500 or 503.
    pub code: u16,
    /// Empty for the usual phrase.
    pub reason: &'static str,
    /// Contacts with their remaining seconds, Path, Min-Expires.
    pub headers: Vec<(String, String)>,
    /// What changed, in order.
    pub changes: Vec<BindingChange>,
}

/// All bindings. Authentication and the form of the address of record are the caller's.
#[derive(Debug)]
pub struct Registrar {
    config: RegistrarConfig,
    accounts: HashMap<Arc<str>, Vec<Binding>>,
    expiries: BTreeMap<(Instant, u64), Arc<str>>,
    /// Bindings over connections, to be found when one closes.
    connections: HashMap<FlowId, Vec<Arc<str>>>,
    last_id: u64,
    count: usize,
}

impl Registrar {
    /// An empty table.
    pub fn new(config: RegistrarConfig) -> Self {
        Self {
            config,
            accounts: HashMap::new(),
            expiries: BTreeMap::new(),
            connections: HashMap::new(),
            last_id: 0,
            count: 0,
        }
    }

    /// Carries out a REGISTER whose sender may change this address of record. All or nothing: a
    /// refusal changes no binding.
    pub fn handle(&mut self, now: Instant, request: &IncomingRequest, aor: &str) -> Registration {
        let asked = match read(request, &self.config) {
            Ok(asked) => asked,
            Err(refusal) => {
                return Registration::refused(refusal.code, refusal.reason, refusal.headers);
            }
        };
        if let Err(refusal) = self.admit(aor, &asked) {
            return refusal;
        }
        let mut changes = Vec::new();
        match &asked.wish {
            Wish::Query => {}
            Wish::RemoveAll => changes = self.remove(aor),
            Wish::Change(contacts) => {
                for contact in contacts {
                    let place = self.place_of(aor, &contact.uri, contact.instance.as_deref());
                    if contact.expires == 0 {
                        changes.extend(
                            place.and_then(|place| self.take(aor, place, ChangeKind::Removed)),
                        );
                        continue;
                    }
                    let before = place.and_then(|place| self.take(aor, place, ChangeKind::Removed));
                    let (kind, id) = match before {
                        Some(before) => (ChangeKind::Refreshed, before.binding.id),
                        None => (ChangeKind::Registered, self.new_id()),
                    };
                    let binding = Binding {
                        id,
                        contact: contact.uri.as_str().into(),
                        q: contact.q,
                        call_id: asked.call_id.into(),
                        cseq: asked.cseq,
                        expires_at: now + Duration::from_secs(contact.expires.into()),
                        refreshed_at: now,
                        flow: request.flow,
                        path: asked.path.iter().map(|path| (*path).into()).collect(),
                        user_agent: asked.user_agent.into(),
                        instance: contact.instance.as_deref().map(Into::into),
                    };
                    self.insert(aor, binding.clone());
                    changes.push(BindingChange {
                        kind,
                        aor: aor.into(),
                        binding,
                    });
                }
            }
        }
        let mut headers: Vec<_> = self
            .bindings(aor)
            .map(|binding| ("Contact".into(), contact_value(binding, now)))
            .collect();
        headers.extend(
            asked
                .path
                .iter()
                .map(|path| ("Path".into(), (*path).to_owned())),
        );
        Registration {
            code: 200,
            reason: "",
            headers,
            changes,
        }
    }

    /// The bindings of an address of record, oldest first.
    pub fn bindings(&self, aor: &str) -> impl Iterator<Item = &Binding> {
        self.accounts.get(aor).into_iter().flatten()
    }

    /// Every binding with its address of record, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Binding)> {
        self.accounts
            .iter()
            .flat_map(|(aor, bindings)| bindings.iter().map(move |binding| (&**aor, binding)))
    }

    /// Number of bindings.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no binding.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// When `expire` is due.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.expiries.first_key_value().map(|((at, _), _)| *at)
    }

    /// Ends every binding whose time has come.
    pub fn expire(&mut self, now: Instant) -> Vec<BindingChange> {
        let mut changes = Vec::new();
        while let Some((&(at, id), aor)) = self.expiries.first_key_value() {
            if at > now {
                break;
            }
            let aor = Arc::clone(aor);
            let place = self
                .accounts
                .get(&aor)
                .and_then(|bindings| bindings.iter().position(|binding| binding.id == id));
            match place.and_then(|place| self.take(&aor, place, ChangeKind::Expired)) {
                Some(change) => changes.push(change),
                // Cannot happen while both tables agree; going on is better than spinning.
                None => drop(self.expiries.pop_first()),
            }
        }
        changes
    }

    /// Removes every binding of an address of record.
    pub fn remove(&mut self, aor: &str) -> Vec<BindingChange> {
        let mut changes = Vec::new();
        while let Some(change) = self.take(aor, 0, ChangeKind::Removed) {
            changes.push(change);
        }
        changes
    }

    /// Removes the bindings registered over a connection that is gone; datagram sockets stay.
    pub fn remove_flow(&mut self, flow: FlowId) -> Vec<BindingChange> {
        let mut changes = Vec::new();
        for aor in self.connections.remove(&flow).unwrap_or_default() {
            let over_flow = |binding: &Binding| binding.flow.id == flow;
            while let Some(place) = self
                .accounts
                .get(&aor)
                .and_then(|bindings| bindings.iter().position(over_flow))
            {
                changes.extend(self.take(&aor, place, ChangeKind::Removed));
            }
        }
        changes
    }

    /// Checks limits and the order of REGISTERs before anything changes (§10.3 step 6 and 7).
    fn admit(&self, aor: &str, asked: &Asked<'_>) -> Result<(), Registration> {
        let late =
            |binding: &Binding| *binding.call_id == *asked.call_id && binding.cseq >= asked.cseq;
        let out_of_order = || Registration::refused(500, "Registration Out Of Order", Vec::new());
        match &asked.wish {
            Wish::Query => Ok(()),
            Wish::RemoveAll if self.bindings(aor).any(late) => Err(out_of_order()),
            Wish::RemoveAll => Ok(()),
            Wish::Change(contacts) => {
                let mut added = 0;
                for contact in contacts {
                    match self.place_of(aor, &contact.uri, contact.instance.as_deref()) {
                        Some(place) if self.bindings(aor).nth(place).is_some_and(late) => {
                            return Err(out_of_order());
                        }
                        Some(_) => {}
                        None if contact.expires > 0 => added += 1,
                        None => {}
                    }
                }
                if added > 0 && self.bindings(aor).count() + added > self.config.bindings_per_aor {
                    return Err(Registration::refused(403, "Too Many Contacts", Vec::new()));
                }
                if self.count + added > self.config.bindings {
                    let retry = vec![("Retry-After".into(), "60".into())];
                    return Err(Registration::refused(503, "", retry));
                }
                Ok(())
            }
        }
    }

    fn place_of(&self, aor: &str, contact: &str, instance: Option<&str>) -> Option<usize> {
        let contact = Uri::parse(contact).ok()?;
        self.accounts.get(aor)?.iter().position(|binding| {
            let same_instance = instance.is_some() && binding.instance.as_deref() == instance;
            same_instance
                || Uri::parse(&binding.contact).is_ok_and(|known| known.is_equivalent(&contact))
        })
    }

    /// A number no binding has or will have, for what is registered beside them.
    pub fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Takes over a binding that an earlier run has left, and gives its number: its own when that is higher than all
    /// given so far, or else a new one. `None` when it has ended, when there is no room, or when the same contact or
    /// instance is registered already, which is newer. Its connection is gone, so the loss of none removes it.
    pub fn restore(&mut self, now: Instant, aor: &str, mut binding: Binding) -> Option<u64> {
        let is_known = self
            .place_of(aor, &binding.contact, binding.instance.as_deref())
            .is_some();
        let is_full = self.bindings(aor).count() >= self.config.bindings_per_aor
            || self.count >= self.config.bindings;
        if is_known || is_full || binding.expires_at <= now {
            return None;
        }
        // Whatever the clock on the wall has done meanwhile.
        let longest = Duration::from_secs(self.config.max_expires.into());
        binding.expires_at = binding.expires_at.min(now + longest);
        if binding.id > self.last_id {
            self.last_id = binding.id;
        } else {
            binding.id = self.new_id();
        }
        let id = binding.id;
        self.put(aor, binding);
        Some(id)
    }

    fn insert(&mut self, aor: &str, binding: Binding) {
        let flow = binding.flow;
        let key = self.put(aor, binding);
        if flow.transport.is_reliable() {
            let accounts = self.connections.entry(flow.id).or_default();
            if !accounts.contains(&key) {
                accounts.push(key);
            }
        }
    }

    fn put(&mut self, aor: &str, binding: Binding) -> Arc<str> {
        let key = self
            .accounts
            .get_key_value(aor)
            .map_or_else(|| Arc::from(aor), |(key, _)| Arc::clone(key));
        self.count += 1;
        self.expiries
            .insert((binding.expires_at, binding.id), Arc::clone(&key));
        // Nearly every account has one phone.
        self.accounts
            .entry(Arc::clone(&key))
            .or_insert_with(|| Vec::with_capacity(1))
            .push(binding);
        key
    }

    fn take(&mut self, aor: &str, place: usize, kind: ChangeKind) -> Option<BindingChange> {
        let bindings = self.accounts.get_mut(aor)?;
        if place >= bindings.len() {
            return None;
        }
        let binding = bindings.remove(place);
        let flow = binding.flow;
        let flow_still_used = bindings.iter().any(|other| other.flow.id == flow.id);
        if bindings.is_empty() {
            self.accounts.remove(aor);
        }
        self.count -= 1;
        self.expiries.remove(&(binding.expires_at, binding.id));
        if !flow_still_used {
            self.forget_connection(&flow, aor);
        }
        Some(BindingChange {
            kind,
            aor: aor.into(),
            binding,
        })
    }

    fn forget_connection(&mut self, flow: &Flow, aor: &str) {
        if let Some(accounts) = self.connections.get_mut(&flow.id) {
            accounts.retain(|known| **known != *aor);
            if accounts.is_empty() {
                self.connections.remove(&flow.id);
            }
        }
    }
}

impl Registration {
    fn refused(code: u16, reason: &'static str, headers: Vec<(String, String)>) -> Self {
        Self {
            code,
            reason,
            headers,
            changes: Vec::new(),
        }
    }
}

fn contact_value(binding: &Binding, now: Instant) -> String {
    let q = if binding.q < 1000 {
        format!(";q=0.{:03}", binding.q)
    } else {
        String::new()
    };
    format!(
        "<{}>{q};expires={}",
        binding.contact,
        binding.expires_in(now)
    )
}

#[cfg(test)]
#[path = "registrar_tests.rs"]
mod tests;
