//! Registrations with the registrars of others. One for each web client of another domain: the contact names the client,
//! so that what the registrar sends there reaches that client and nobody else (sylkrtc.md §4.3, §4.4). And one for each
//! gateway we have an account at.

mod contact;
mod gateway;
#[cfg(test)]
mod tests;
mod web;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use api::event::WebEventKind;
use api::id::WebClientId;
use api::{CommandError, ErrorKind, RequestId};
use sip::auth::{Credentials, Unanswered};
use sip::endpoint::Party;
use sip::event::{OutOfDialogRequest, TransactionId};
use sip::message::{Message, Method};
use sip::register::{Action, ClientRegistration, Outcome};
use sip::resolve::Destination;
use sip::transport::Target;

use crate::Switch;
use crate::gateway::GatewayId;
use crate::next_hop::{Asker, Found, targets};
use crate::timers::Deadline;
pub(crate) use contact::{is_parameter, uri as contact_uri};

/// Most addresses of servers remembered for one registration.
const MAX_SERVERS: usize = 64;
/// So far CSeq moves for a REGISTER of which nothing was heard: it may have been repeated with credentials.
const CSEQ_STEP: u32 = 8;

/// One registration.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct RegistrationId(u64);

/// All registrations with others.
#[derive(Debug, Default)]
pub(crate) struct ClientRegistrations {
    entries: HashMap<RegistrationId, Entry>,
    by_client: HashMap<WebClientId, RegistrationId>,
    /// By the user part of the contact.
    by_contact: HashMap<Arc<str>, RegistrationId>,
    requests: HashMap<TransactionId, RegistrationId>,
    serial: u64,
}

/// Whose registration it is.
#[derive(Clone, Debug)]
enum Owner {
    /// A web client's.
    Web {
        client: WebClientId,
        /// What a call to the contact is sent to: the profile, and the URI the client is dialled by here.
        profile: Arc<str>,
        uri: Arc<str>,
    },
    /// A gateway's, with the index of its profile.
    Gateway(GatewayId, usize),
}

/// A response to a REGISTER, or what stands for one that did not come.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) code: u16,
    pub(crate) phrase: Arc<str>,
    /// Who sent it; `None`: nobody.
    pub(crate) from: Option<SocketAddr>,
}

#[derive(Debug)]
struct Entry {
    owner: Owner,
    /// The command that waits for the first lookup.
    request: Option<RequestId>,
    machine: ClientRegistration,
    destination: Destination,
    /// The account's address: To and From.
    address: String,
    domain: Arc<str>,
    credentials: Option<Credentials>,
    /// User part of the contact.
    token: Arc<str>,
    /// The contact with its parameters; decided by the first server found.
    contact: Option<String>,
    parameters: Vec<(Arc<str>, Arc<str>)>,
    call_id: String,
    cseq: u32,
    targets: Vec<Target>,
    /// Where the REGISTER under way was sent to.
    asked: Option<SocketAddr>,
    /// How the last one ended.
    heard: Option<Heard>,
    /// Addresses of the registrar, or of the proxy before it: whose requests to the contact are believed.
    servers: Vec<IpAddr>,
}

/// A web client that a request from outside is for.
pub(crate) struct Called {
    pub(crate) client: WebClientId,
    /// How it is dialled.
    pub(crate) dial: Arc<str>,
    /// The request comes from where the client is registered.
    pub(crate) by_registrar: bool,
}

impl ClientRegistrations {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whom a request is for whose URI has this user part and which came from this address.
    pub(crate) fn called(&self, user: &str, from: IpAddr) -> Option<Called> {
        let entry = self.entries.get(self.by_contact.get(user)?)?;
        let Owner::Web {
            client,
            profile,
            uri,
        } = &entry.owner
        else {
            return None;
        };
        Some(Called {
            client: *client,
            dial: format!("sofia/{profile}/{uri}").into(),
            by_registrar: entry.servers.contains(&from),
        })
    }
}

impl Switch {
    /// The registrar was looked for.
    pub(crate) fn registrar_found(&mut self, id: RegistrationId, found: Found) {
        let Some(entry) = self.client_registrations.entries.get_mut(&id) else {
            return;
        };
        let reaches = |profile| {
            found
                .as_ref()
                .is_ok_and(|hops| !targets(profile, hops).is_empty())
        };
        let index = match entry.owner {
            Owner::Web { .. } => self.config.profiles.iter().position(reaches),
            Owner::Gateway(_, index) => self
                .config
                .profiles
                .get(index)
                .is_some_and(reaches)
                .then_some(index),
        };
        let found = found.and_then(|hops| {
            let profile = index.and_then(|index| self.config.profiles.get(index));
            let profile = profile.ok_or("no SIP profile reaches its addresses")?;
            Ok(targets(profile, &hops))
        });
        let first = entry.request.take();
        let now = self.now.mono;
        match found {
            Ok(targets) => {
                let count = targets.len();
                let servers: Vec<IpAddr> = targets.iter().map(|t| t.remote.ip()).collect();
                entry.found(targets);
                match entry.owner {
                    Owner::Web { client, .. } => {
                        if let Some(request) = first {
                            self.answer(request, Ok(()));
                            self.tell_web_client(client, WebEventKind::Registering);
                        }
                    }
                    Owner::Gateway(gateway, _) => self.gateway_is_at(gateway, &servers),
                }
                self.step(id, |machine| machine.located(count));
            }
            Err(why) => match first {
                Some(request) => {
                    tracing::info!(domain = %entry.domain, %why, "The registrar of a web client is not found");
                    self.forget_registration(id);
                    self.refuse(request, CommandError::new(ErrorKind::NotSupported, why));
                }
                None => self.step(id, |machine| machine.not_located(now, &why)),
            },
        }
    }

    /// The time of a refresh or another attempt.
    pub(crate) fn client_registration_due(&mut self, id: RegistrationId) {
        let now = self.now.mono;
        self.step(id, |machine| machine.handle_timeout(now));
    }

    /// An answer to a REGISTER of ours; false when it is none.
    pub(crate) fn register_answered(
        &mut self,
        request: TransactionId,
        code: u16,
        response: Option<&Message>,
    ) -> bool {
        if code < 200 {
            return self.client_registrations.requests.contains_key(&request);
        }
        let Some(id) = self.client_registrations.requests.remove(&request) else {
            return false;
        };
        let now = self.now.mono;
        let Some(entry) = self.client_registrations.entries.get_mut(&id) else {
            return true;
        };
        entry.cseq = match response.and_then(Message::cseq) {
            Some(cseq) => cseq.number.max(entry.cseq).saturating_add(1),
            None => entry.cseq.saturating_add(CSEQ_STEP),
        };
        let from = entry.asked.filter(|_| response.is_some());
        let unanswered = match (response, &entry.credentials) {
            // Who runs a gateway wants to know what it said.
            _ if matches!(entry.owner, Owner::Gateway(..)) => None,
            (Some(response), Some(credentials)) if matches!(code, 401 | 407) => {
                Some(Unanswered::of(response, credentials))
            }
            (Some(_) | None, _) => None,
        };
        let outcome = Outcome::read(code, response, &entry.token, unanswered);
        entry.heard = Some(Heard {
            code: outcome.code(),
            phrase: outcome.phrase().into(),
            from,
        });
        if unanswered == Some(Unanswered::Refused)
            && let Owner::Web { client, .. } = entry.owner
            && let Some(client) = self.web.get(client)
        {
            // Whoever guesses passwords of others' accounts through us is treated as one who guesses ours.
            let (source, address) = (client.source.ip(), client.address());
            self.registrations.count_login(source, &address, now, false);
        }
        self.register_ended(id, &outcome);
        true
    }

    /// Moves a registration on and does what it says.
    fn step(
        &mut self,
        id: RegistrationId,
        act: impl FnOnce(&mut ClientRegistration) -> Vec<Action>,
    ) {
        let Some(entry) = self.client_registrations.entries.get_mut(&id) else {
            return;
        };
        let actions = act(&mut entry.machine);
        self.follow(id, actions);
    }

    fn follow(&mut self, id: RegistrationId, actions: Vec<Action>) {
        let Some(entry) = self.client_registrations.entries.get(&id) else {
            return;
        };
        if let Some(due) = entry.machine.due() {
            self.timers.set(due, Deadline::ClientRegistration(id));
        }
        for action in actions {
            self.carry_out(id, action);
        }
    }

    fn carry_out(&mut self, id: RegistrationId, action: Action) {
        let Some(entry) = self.client_registrations.entries.get(&id) else {
            return;
        };
        let owner = entry.owner.clone();
        let heard = entry.heard.clone();
        match action {
            Action::Locate => {
                let destination = entry.destination.clone();
                self.look_up(destination, Asker::Registration(id));
            }
            Action::Send { hop, expires_s } => {
                if let Owner::Gateway(gateway, _) = owner
                    && expires_s > 0
                {
                    self.gateway_tries(gateway, id);
                }
                self.send_register(id, hop, expires_s);
            }
            Action::Registered => match owner {
                Owner::Web { client, .. } => self.web_client_registered(id, client),
                Owner::Gateway(gateway, _) => self.gateway_registered(gateway, id, heard),
            },
            Action::Failed { code, phrase } => match owner {
                Owner::Web { client, .. } => {
                    self.web_client_not_registered(id, client, code, &phrase);
                }
                Owner::Gateway(gateway, _) => {
                    let heard = heard.unwrap_or_else(|| Heard {
                        code,
                        phrase: phrase.into(),
                        from: None,
                    });
                    self.gateway_not_registered(gateway, id, heard);
                }
            },
            Action::Over => {
                self.forget_registration(id);
                if let Owner::Gateway(gateway, _) = owner {
                    self.gateway_unregistered(gateway, id);
                }
            }
        }
    }

    fn send_register(&mut self, id: RegistrationId, hop: usize, expires_s: u32) {
        let Some(entry) = self.client_registrations.entries.get_mut(&id) else {
            return;
        };
        entry.heard = None;
        let target = entry.targets.get(hop).copied();
        entry.asked = target.map(|target| target.remote);
        let request = target.map(|target| entry.register(target, expires_s));
        let sent = request.map(|request| self.sip.send_out_of_dialog(self.now.mono, request));
        match sent {
            Some(Ok(request)) => {
                self.client_registrations.requests.insert(request, id);
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "REGISTER cannot be sent");
                self.register_unsent(id);
            }
            None => self.register_unsent(id),
        }
    }

    fn register_unsent(&mut self, id: RegistrationId) {
        self.register_ended(id, &Outcome::read(503, None, "", None));
    }

    fn register_ended(&mut self, id: RegistrationId, outcome: &Outcome) {
        let Some(entry) = self.client_registrations.entries.get_mut(&id) else {
            return;
        };
        let actions = entry
            .machine
            .answered(self.now.mono, outcome, &mut self.rng);
        self.follow(id, actions);
    }

    fn forget_registration(&mut self, id: RegistrationId) {
        let table = &mut self.client_registrations;
        let Some(entry) = table.entries.remove(&id) else {
            return;
        };
        let Owner::Web { client, uri, .. } = &entry.owner else {
            return;
        };
        table.by_contact.remove(&entry.token);
        if table.by_client.get(client) == Some(&id) {
            table.by_client.remove(client);
            self.web.forget_contact(uri);
        }
    }
}

impl Entry {
    /// The servers of the domain as they are now.
    fn found(&mut self, targets: Vec<Target>) {
        if self.contact.is_none()
            && let Some(first) = targets.first()
        {
            self.contact = Some(contact::uri(
                &self.token,
                first.local,
                first.transport,
                &self.parameters,
            ));
        }
        for address in targets.iter().map(|target| target.remote.ip()) {
            if !self.servers.contains(&address) {
                self.servers.push(address);
            }
        }
        // The oldest go first: what was found last is never among them.
        let surplus = self.servers.len().saturating_sub(MAX_SERVERS);
        self.servers.drain(..surplus);
        self.targets = targets;
    }

    fn register(&self, target: Target, expires_s: u32) -> OutOfDialogRequest {
        OutOfDialogRequest {
            method: Method::Register,
            uri: format!("sip:{}", self.domain),
            from: Party::uri(&self.address),
            to: Party::uri(&self.address),
            target,
            local_contact: self.contact.clone(),
            headers: vec![("Expires".into(), expires_s.to_string())],
            body: None,
            credentials: self.credentials.clone(),
            route: Vec::new(),
            call: Some((self.call_id.clone(), self.cseq)),
        }
    }
}
