//! Registering web clients with our own registrar: no REGISTER is sent, their hash is compared with ours.

use std::sync::Arc;
use std::time::Duration;

use api::CommandError;
use api::command::web::UnregisterWebClient;
use api::event::{AccountEvent, WebEventKind};
use api::id::WebClientId;
use api::view::Registration;
use sip::auth::Algorithm;

use super::{WebClient, WebClients};
use crate::Switch;
use crate::originate::escape_user;
use crate::registrar::{Account, ha1};
use crate::registration_client::is_parameter;
use crate::timers::Deadline;

/// How long a registration is shown to last; it is renewed at half of it, as phones do. What the deployments of
/// sylkrtc.md §4.3 have.
const EXPIRES: Duration = Duration::from_secs(600);
/// Wrong credentials, in the words of the library whose words pages know (sylkrtc.md §4.3): the trailing space
/// belongs to them.
pub(crate) const WRONG_CREDENTIALS: (u16, &str) = sip::register::REFUSED_CREDENTIALS;

/// A client's registration.
#[derive(Clone, Debug)]
pub(super) struct Registered {
    /// Key of its account.
    aor: Arc<str>,
    /// Number in the view.
    serial: u64,
    contact: Arc<str>,
    parameters: Vec<(Arc<str>, Arc<str>)>,
    /// When it is renewed.
    renewal: std::time::Instant,
}

/// What a client's credentials came to.
pub(crate) enum WebLogin {
    /// It is that account of ours.
    Ours(Account),
    /// It belongs to a domain that is not ours.
    Foreign,
    /// Wrong password or no such user: which of the two is nobody's business.
    Wrong,
    /// Its address guessed too often, and is not listened to for a while.
    Blocked,
}

impl WebClients {
    /// The clients registered for an account, first come first.
    pub(crate) fn of_account(&self, aor: &str) -> &[WebClientId] {
        self.registered.get(aor).map_or(&[], |clients| clients)
    }

    /// A client that is registered elsewhere is dialled by this URI.
    pub(crate) fn name_contact(&mut self, uri: Arc<str>, client: WebClientId) {
        self.contacts.insert(uri, client);
    }

    /// It is not any more.
    pub(crate) fn forget_contact(&mut self, uri: &str) {
        self.contacts.remove(uri);
    }

    /// The contact URI of a registered client.
    pub(crate) fn contact(&self, client: WebClientId) -> Option<&Arc<str>> {
        Some(&self.clients.get(&client)?.registered.as_ref()?.contact)
    }
}

impl Switch {
    /// Whether a client is who it says, as far as that is ours to know.
    pub(crate) fn web_login(&mut self, client: &WebClient) -> WebLogin {
        let (now, from) = (self.now.mono, client.source.ip());
        if !self.is_local_host(&client.domain) {
            return WebLogin::Foreign;
        }
        if self.registrations.is_blocked(from, now) {
            return WebLogin::Blocked;
        }
        let account = self.web_account(client);
        let address = client.address();
        self.registrations
            .count_login(from, &address, now, account.is_some());
        account.map_or(WebLogin::Wrong, WebLogin::Ours)
    }

    /// The account whose password a client has.
    fn web_account(&self, client: &WebClient) -> Option<Account> {
        let account = self.account(&client.domain, &client.user)?;
        let known = ha1(&account.user, &client.domain, Algorithm::Md5)?;
        let right = *account.user.id == *client.user && known.is_md5(client.ha1.bytes());
        right.then(|| Account {
            realm: client.domain.clone(),
            ..account
        })
    }

    /// Registers a client with our own registrar.
    pub(crate) fn register_here(
        &mut self,
        id: WebClientId,
        client: &WebClient,
        login: WebLogin,
        parameters: &[(Arc<str>, Arc<str>)],
    ) {
        self.tell_web_client(id, WebEventKind::Registering);
        self.settle_web_login(id, client, login, parameters);
    }

    fn settle_web_login(
        &mut self,
        id: WebClientId,
        client: &WebClient,
        login: WebLogin,
        parameters: &[(Arc<str>, Arc<str>)],
    ) {
        let account = match login {
            WebLogin::Ours(account) => account,
            WebLogin::Wrong => {
                let (code, phrase) = WRONG_CREDENTIALS;
                return self.web_registration_failed(id, client, code, phrase);
            }
            // Programs and the log have heard of it when it began.
            WebLogin::Blocked => {
                let (code, phrase) = (403, "Forbidden".into());
                let failed = WebEventKind::RegistrationFailed { code, phrase };
                return self.tell_web_client(id, failed);
            }
            WebLogin::Foreign => return self.web_registration_failed(id, client, 404, "Not Found"),
        };
        let uri: Arc<str> = format!(
            "sip:{}@{};transport=ws",
            escape_user(&client.user),
            WebClient::host(id)
        )
        .into();
        let parameters: Vec<_> = parameters
            .iter()
            .filter(|parameter| is_parameter(parameter))
            .cloned()
            .collect();
        let serial = self.registrations.new_id();
        let aor = account.address();
        let registered = Registered {
            aor: aor.clone(),
            serial,
            contact: uri.clone(),
            parameters,
            renewal: self.now.mono + EXPIRES / 2,
        };
        let shown = Arc::new(self.web_registration(client, &account, &registered));
        self.account_event(AccountEvent::RegisterAttempted {
            registration: (*shown).clone(),
            result: "SUCCESS",
        });
        tracing::info!(user = %aor, source = %client.source, "Web client registered");
        self.web.registered.entry(aor).or_default().push(id);
        self.web.contacts.insert(uri, id);
        if let Some(client) = self.web.clients.get_mut(&id) {
            client.registered = Some(registered);
        }
        self.show_web_registration(id, shown, false);
        self.tell_web_client(id, WebEventKind::Registered);
    }

    /// Puts a registration into the view, with the event programs know, and sets the timer of its renewal.
    fn show_web_registration(
        &mut self,
        id: WebClientId,
        registration: Arc<Registration>,
        refreshed: bool,
    ) {
        self.view
            .registrations
            .insert_mut(registration.serial, registration.clone());
        self.account_event(AccountEvent::Registered {
            registration,
            expires_s: u32::try_from(EXPIRES.as_secs()).unwrap_or(u32::MAX),
            refreshed,
        });
        self.timers
            .set(self.now.mono + EXPIRES / 2, Deadline::WebClient(id));
    }

    fn web_registration(
        &self,
        client: &WebClient,
        account: &Account,
        registered: &Registered,
    ) -> Registration {
        let mut contact = registered.contact.to_string();
        for (name, value) in &registered.parameters {
            contact.push_str(&format!(";{name}={value}"));
        }
        Registration {
            serial: registered.serial,
            profile: self.web_profile(&client.domain),
            user: account.user.id.clone(),
            domain: account.domain.clone(),
            auth_user: account.user.id.clone(),
            auth_realm: account.realm.clone(),
            contact: format!("\"\" <{contact}>").into(),
            contact_uri: registered.contact.clone(),
            call_id: client.call_id.clone(),
            user_agent: client.user_agent.clone(),
            source: client.source,
            transport: "ws",
            refreshed: self.now.wall,
            expires: self.now.wall.after(EXPIRES),
        }
    }

    /// `sofia::register_failure`, and what the page is told.
    fn web_registration_failed(
        &mut self,
        id: WebClientId,
        client: &WebClient,
        code: u16,
        phrase: &'static str,
    ) {
        tracing::warn!(user = %client.user, domain = %client.domain, source = %client.source, code, "Registration of a web client is refused");
        let profile = self.web_profile(&client.domain);
        self.account_event(AccountEvent::RegisterFailed {
            profile,
            user: client.user.clone(),
            domain: client.domain.clone(),
            source: client.source,
            user_agent: client.user_agent.clone(),
        });
        self.tell_web_client(
            id,
            WebEventKind::RegistrationFailed {
                code,
                phrase: phrase.into(),
            },
        );
    }

    pub(crate) fn unregister_command(
        &mut self,
        command: &UnregisterWebClient,
    ) -> Result<(), CommandError> {
        self.require_web_client(command.client)?;
        self.unregister_web_client(command.client);
        Ok(())
    }

    /// Ends a client's registration; its page is told nothing. False when there was none.
    pub(crate) fn unregister_web_client(&mut self, id: WebClientId) -> bool {
        if self.unregister_elsewhere(id) {
            return true;
        }
        let registered = self
            .web
            .clients
            .get_mut(&id)
            .and_then(|client| client.registered.take());
        let Some(registered) = registered else {
            return false;
        };
        self.web.contacts.remove(&registered.contact);
        if let Some(clients) = self.web.registered.get_mut(&registered.aor) {
            clients.retain(|other| *other != id);
            if clients.is_empty() {
                self.web.registered.remove(&registered.aor);
            }
        }
        let shown = self.view.registrations.get(&registered.serial).cloned();
        self.view.registrations.remove_mut(&registered.serial);
        if let Some(registration) = shown {
            tracing::info!(user = %registered.aor, "Web client unregistered");
            self.account_event(AccountEvent::Unregistered { registration });
        }
        true
    }

    /// A registration is renewed if its account is still what it was.
    pub(crate) fn refresh_web_client(&mut self, id: WebClientId) {
        let now = self.now.mono;
        let Some(client) = self.web.get(id).cloned() else {
            return;
        };
        let Some(mut registered) = client.registered.clone().filter(|r| r.renewal <= now) else {
            // Of an earlier registration.
            return;
        };
        // Not a login: whoever guesses from the same address must not end the registrations of others.
        match self.web_account(&client) {
            Some(account) => {
                registered.renewal = now + EXPIRES / 2;
                let shown = self.web_registration(&client, &account, &registered);
                if let Some(client) = self.web.clients.get_mut(&id) {
                    client.registered = Some(registered);
                }
                self.show_web_registration(id, Arc::new(shown), true);
            }
            None => {
                self.unregister_web_client(id);
                self.settle_web_login(id, &client, WebLogin::Wrong, &[]);
            }
        }
    }

    /// An operator drops a registration; false when it is not one of a web client.
    pub(crate) fn flush_web_client(&mut self, registration: &Registration) -> bool {
        let Some(id) = self.web.at(&registration.contact_uri) else {
            return false;
        };
        self.unregister_web_client(id);
        // A phone comes back at its next refresh; a page comes back when it is told.
        self.tell_web_client(
            id,
            WebEventKind::RegistrationFailed {
                code: 503,
                phrase: "Service Unavailable".into(),
            },
        );
        true
    }

    /// The clients registered for a user, first come first.
    pub(crate) fn web_clients_of(&self, domain: &str, user: &str) -> Vec<WebClientId> {
        match self.account(domain, user) {
            Some(account) => self.web.of_account(&account.address()).to_vec(),
            None => Vec::new(),
        }
    }

    /// How the pages of a user are dialled.
    pub(crate) fn web_dial_strings(&self, domain: &str, user: &str) -> Vec<String> {
        self.web_clients_of(domain, user)
            .into_iter()
            .filter_map(|client| {
                let profile = self.web_profile(&self.web.get(client)?.domain);
                let contact = self.web.contact(client)?;
                Some(format!("sofia/{profile}/{contact}"))
            })
            .collect()
    }

    /// Whether a host, with or without port, is one of our domains or addresses.
    pub(crate) fn is_local_host(&self, host: &str) -> bool {
        let bare = match host.rsplit_once(':') {
            Some((bare, port)) if port.parse::<u16>().is_ok() && !bare.ends_with(':') => bare,
            Some(_) | None => host,
        };
        self.view.directory.domain(bare).is_some()
            || self
                .config
                .profiles
                .iter()
                .any(|profile| self.domain_of(profile, bare).is_some())
    }

    /// Index of the profile that serves a domain, as programs see it: the first that does, or the first at all.
    pub(crate) fn web_profile_index(&self, domain: &str) -> usize {
        self.config
            .profiles
            .iter()
            .position(|profile| self.domain_of(profile, domain).is_some())
            .unwrap_or(0)
    }

    /// Its name.
    pub(crate) fn web_profile(&self, domain: &str) -> Arc<str> {
        match self.config.profiles.get(self.web_profile_index(domain)) {
            Some(profile) => profile.name.clone(),
            None => "internal".into(),
        }
    }
}
