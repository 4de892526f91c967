//! Registrations with the registrars of other domains, one for each web client of such a domain: the contact names the
//! client, so that what the registrar sends there reaches that client and nobody else (sylkrtc.md §4.3, §4.4).

mod contact;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use api::command::web::RegisterWebClient;
use api::event::WebEventKind;
use api::id::WebClientId;
use api::{CommandError, ErrorKind, RequestId};
use rand::RngCore as _;
use sip::auth::{Credentials, Unanswered};
use sip::endpoint::Party;
use sip::event::{OutOfDialogRequest, TransactionId};
use sip::message::{Message, Method};
use sip::register::{Action, ClientRegistration, Outcome};
use sip::resolve::Destination;
use sip::transport::Target;

use crate::Switch;
use crate::next_hop::{Asker, Found, targets};
use crate::originate::escape_user;
use crate::timers::Deadline;
use crate::web::{WebClient, WebLogin, is_plain};
pub(crate) use contact::is_parameter;

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

#[derive(Debug)]
struct Entry {
    client: WebClientId,
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
    /// What a call to the contact is sent to: the profile, and the URI the client is dialled by here.
    profile: Arc<str>,
    uri: Arc<str>,
    call_id: String,
    cseq: u32,
    targets: Vec<Target>,
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
        Some(Called {
            client: entry.client,
            dial: format!("sofia/{}/{}", entry.profile, entry.uri).into(),
            by_registrar: entry.servers.contains(&from),
        })
    }
}

impl Switch {
    /// `RegisterWebClient`: with our own registrar, or with the one of the client's domain.
    pub(crate) fn register_web_client(&mut self, request: RequestId, command: RegisterWebClient) {
        let id = command.client;
        let client = match self.require_web_client(id) {
            Ok(client) => client,
            Err(error) => return self.refuse(request, error),
        };
        let login = self.web_login(&client);
        self.unregister_web_client(id);
        if !matches!(login, WebLogin::Foreign) {
            self.answer(request, Ok(()));
            return self.register_here(id, &client, login, &command.contact_parameters);
        }
        if self
            .registrations
            .is_blocked(client.source.ip(), self.now.mono)
        {
            self.answer(request, Ok(()));
            self.tell_web_client(id, WebEventKind::Registering);
            let (code, phrase) = (403, sip::message::reason_phrase(403).into());
            return self.tell_web_client(id, WebEventKind::RegistrationFailed { code, phrase });
        }
        match self.web_next_hop(&client.domain) {
            Ok(destination) => {
                self.register_elsewhere(request, &client, destination, command);
            }
            Err(why) => self.refuse(request, CommandError::new(ErrorKind::NotSupported, why)),
        }
    }

    fn register_elsewhere(
        &mut self,
        request: RequestId,
        client: &WebClient,
        destination: Destination,
        command: RegisterWebClient,
    ) {
        self.client_registrations.serial += 1;
        let id = RegistrationId(self.client_registrations.serial);
        // Nobody who has not seen the REGISTER can guess it.
        let token: Arc<str> = format!("w{:016x}", self.rng.next_u64()).into();
        let name = if is_plain(&client.user) {
            &*client.user
        } else {
            &*token
        };
        let host = WebClient::host(command.client);
        let uri: Arc<str> = format!("sip:{name}@{host};transport=ws").into();
        let entry = Entry {
            client: command.client,
            request: Some(request),
            machine: ClientRegistration::default(),
            destination,
            address: format!("sip:{}@{}", escape_user(&client.user), client.domain),
            domain: client.domain.clone(),
            credentials: client.credentials(),
            token: token.clone(),
            contact: None,
            parameters: command.contact_parameters,
            profile: self.web_profile(&client.domain),
            uri: uri.clone(),
            call_id: self.new_uuid().to_string(),
            cseq: 1,
            targets: Vec::new(),
            servers: Vec::new(),
        };
        self.web.name_contact(uri, command.client);
        let table = &mut self.client_registrations;
        table.by_client.insert(command.client, id);
        table.by_contact.insert(token, id);
        table.entries.insert(id, entry);
        self.step(id, ClientRegistration::start);
    }

    /// Takes a client's registration elsewhere back. False when there is none.
    pub(crate) fn unregister_elsewhere(&mut self, client: WebClientId) -> bool {
        let table = &mut self.client_registrations;
        let Some(id) = table.by_client.remove(&client) else {
            return false;
        };
        let Some(entry) = table.entries.get_mut(&id) else {
            return false;
        };
        table.by_contact.remove(&entry.token);
        self.web.forget_contact(&entry.uri);
        // Whoever asked for it changed its mind before it began.
        if let Some(request) = entry.request.take() {
            self.answer(request, Ok(()));
        }
        self.step(id, ClientRegistration::end);
        true
    }

    /// Takes every registration elsewhere back: nobody will be here any more.
    pub(crate) fn end_client_registrations(&mut self) {
        let mut clients: Vec<_> = self
            .client_registrations
            .by_client
            .keys()
            .copied()
            .collect();
        clients.sort();
        for client in clients {
            self.unregister_elsewhere(client);
        }
    }

    /// The registrar was looked for.
    pub(crate) fn registrar_found(&mut self, id: RegistrationId, found: Found) {
        let Some(entry) = self.client_registrations.entries.get_mut(&id) else {
            return;
        };
        let index = self.config.profiles.iter().position(|profile| {
            found
                .as_ref()
                .is_ok_and(|hops| !targets(profile, hops).is_empty())
        });
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
                entry.found(targets);
                if let Some(request) = first {
                    let client = entry.client;
                    self.answer(request, Ok(()));
                    self.tell_web_client(client, WebEventKind::Registering);
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
        let unanswered = match (response, &entry.credentials) {
            (Some(response), Some(credentials)) if matches!(code, 401 | 407) => {
                Some(Unanswered::of(response, credentials))
            }
            (Some(_) | None, _) => None,
        };
        let outcome = Outcome::read(code, response, &entry.token, unanswered);
        if unanswered == Some(Unanswered::Refused)
            && let Some(client) = self.web.get(entry.client)
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
        let client = entry.client;
        // One that was taken back has nobody to be told.
        let is_current = self.client_registrations.by_client.get(&client) == Some(&id);
        match action {
            Action::Locate => {
                let destination = entry.destination.clone();
                self.look_up(destination, Asker::Registration(id));
            }
            Action::Send { hop, expires_s } => self.send_register(id, hop, expires_s),
            Action::Registered if is_current => {
                tracing::info!(account = %entry.address, "Web client registered with its own server");
                self.tell_web_client(client, WebEventKind::Registered);
            }
            Action::Failed { code, phrase } if is_current => {
                tracing::warn!(account = %entry.address, code, phrase, "Web client is not registered with its own server");
                let phrase = phrase.into();
                self.tell_web_client(client, WebEventKind::RegistrationFailed { code, phrase });
            }
            Action::Registered | Action::Failed { .. } => {}
            Action::Over => self.forget_registration(id),
        }
    }

    fn send_register(&mut self, id: RegistrationId, hop: usize, expires_s: u32) {
        let Some(entry) = self.client_registrations.entries.get(&id) else {
            return;
        };
        let request = entry
            .targets
            .get(hop)
            .map(|target| entry.register(*target, expires_s));
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
        table.by_contact.remove(&entry.token);
        if table.by_client.get(&entry.client) == Some(&id) {
            table.by_client.remove(&entry.client);
            self.web.forget_contact(&entry.uri);
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
