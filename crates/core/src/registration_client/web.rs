//! Registrations of web clients: with our own registrar, or with the one of the client's domain.

use std::sync::Arc;

use api::command::web::RegisterWebClient;
use api::event::WebEventKind;
use api::id::WebClientId;
use api::{CommandError, ErrorKind, RequestId};
use rand::RngCore as _;
use sip::register::ClientRegistration;
use sip::resolve::Destination;

use super::{Entry, Owner, RegistrationId};
use crate::Switch;
use crate::originate::escape_user;
use crate::web::{WebClient, WebLogin, is_plain};

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
            owner: Owner::Web {
                client: command.client,
                profile: self.web_profile(&client.domain),
                uri: uri.clone(),
            },
            request: Some(request),
            machine: ClientRegistration::default(),
            destination,
            address: format!("sip:{}@{}", escape_user(&client.user), client.domain),
            domain: client.domain.clone(),
            credentials: client.credentials(),
            token: token.clone(),
            contact: None,
            parameters: command.contact_parameters,
            call_id: self.new_uuid().to_string(),
            cseq: 1,
            targets: Vec::new(),
            asked: None,
            heard: None,
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
        if let Owner::Web { uri, .. } = &entry.owner {
            self.web.forget_contact(uri);
        }
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

    /// Whether it is the registration its client has now: one that was taken back has nobody to be told.
    fn is_current(&self, id: RegistrationId, client: WebClientId) -> bool {
        self.client_registrations.by_client.get(&client) == Some(&id)
    }

    pub(super) fn web_client_registered(&mut self, id: RegistrationId, client: WebClientId) {
        let Some(entry) = self.client_registrations.entries.get(&id) else {
            return;
        };
        if self.is_current(id, client) {
            tracing::info!(account = %entry.address, "Web client registered with its own server");
            self.tell_web_client(client, WebEventKind::Registered);
        }
    }

    pub(super) fn web_client_not_registered(
        &mut self,
        id: RegistrationId,
        client: WebClientId,
        code: u16,
        phrase: &str,
    ) {
        let Some(entry) = self.client_registrations.entries.get(&id) else {
            return;
        };
        if self.is_current(id, client) {
            tracing::warn!(account = %entry.address, code, phrase, "Web client is not registered with its own server");
            let phrase = phrase.into();
            self.tell_web_client(client, WebEventKind::RegistrationFailed { code, phrase });
        }
    }
}
