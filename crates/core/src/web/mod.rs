//! Web clients: browser phones that a door made known (sylkrtc.md §3.2, §4).
//!
//! Where programs look at phones (registrations, channel names, variables), a web client is what it would be as a
//! SIP phone over WebSocket (RFC 7118): transport `ws`, a contact whose host ends in `.invalid`.

mod call;
mod change;
mod register;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use api::command::web::{AddWebClient, RemoveWebClient};
use api::event::{EventKind, WebEvent, WebEventKind};
use api::id::WebClientId;
use api::secret::Ha1;
use api::{ChannelId, CommandError, ErrorKind, ObjectKind};
use media::control::{PeerId, WebCommand};

use crate::{Effect, Switch};
pub(crate) use call::{MAX_SDP, extension_headers, is_plain};
pub(crate) use change::usable_candidates;
use register::Registered;
pub(crate) use register::{WRONG_CREDENTIALS, WebLogin};

/// Most clients known at one time.
const MAX_CLIENTS: usize = 100_000;
/// Longest name, address or agent of a client, bytes.
const MAX_TEXT: usize = 1024;
/// Most header prefixes of a client.
const MAX_PREFIXES: usize = 32;

/// All web clients, and whose call a WebRTC peer belongs to.
#[derive(Debug, Default)]
pub(crate) struct WebClients {
    clients: HashMap<WebClientId, WebClient>,
    /// By address in lower case, first come first.
    added: HashMap<Arc<str>, Vec<WebClientId>>,
    /// Registered ones by the key of their account, first come first.
    registered: HashMap<Arc<str>, Vec<WebClientId>>,
    /// The same by contact URI, for dial strings made of one.
    contacts: HashMap<Arc<str>, WebClientId>,
    pub(crate) peers: HashMap<PeerId, ChannelId>,
}

/// One account on one connection.
#[derive(Clone, Debug)]
pub(crate) struct WebClient {
    pub(crate) user: Arc<str>,
    /// As the page wrote it; what `ha1` was made with.
    pub(crate) domain: Arc<str>,
    pub(crate) ha1: Ha1,
    pub(crate) display_name: Arc<str>,
    pub(crate) user_agent: Arc<str>,
    pub(crate) header_prefixes: Arc<[Arc<str>]>,
    pub(crate) source: SocketAddr,
    pub(crate) takes_updates: bool,
    /// Stands for a SIP Call-ID of its registration.
    call_id: Arc<str>,
    registered: Option<Registered>,
}

impl WebClient {
    /// Host of its contact: unique and never to be found by name (RFC 7118 §5).
    pub(crate) fn host(id: WebClientId) -> String {
        format!("web-{}.invalid", id.0)
    }

    /// `user@domain`
    pub(crate) fn address(&self) -> Arc<str> {
        format!("{}@{}", self.user, self.domain).into()
    }

    /// What it answers challenges of its own domain with.
    pub(crate) fn credentials(&self) -> Option<sip::auth::Credentials> {
        let hex = format!("{:032x}", u128::from_be_bytes(*self.ha1.bytes()));
        let ha1 = sip::auth::Ha1::from_hex(sip::auth::Algorithm::Md5, &hex)?;
        Some(sip::auth::Credentials {
            username: self.user.to_string(),
            secret: sip::auth::Secret::Ha1 {
                realm: self.domain.to_string(),
                ha1,
            },
        })
    }

    /// Those of `headers` the client wants to see.
    pub(crate) fn wanted<'h>(
        &self,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    ) -> Vec<(Arc<str>, Arc<str>)> {
        let wanted = |name: &str| {
            self.header_prefixes.iter().any(|prefix| {
                name.get(..prefix.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            })
        };
        headers
            .into_iter()
            .filter(|(name, _)| wanted(name))
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }
}

impl WebClients {
    pub(crate) fn len(&self) -> usize {
        self.clients.len()
    }

    pub(crate) fn get(&self, id: WebClientId) -> Option<&WebClient> {
        self.clients.get(&id)
    }

    /// The client behind a contact URI.
    pub(crate) fn at(&self, uri: &str) -> Option<WebClientId> {
        self.contacts.get(uri).copied()
    }
}

impl Switch {
    pub(crate) fn add_web_client(&mut self, command: AddWebClient) -> Result<(), CommandError> {
        let AddWebClient {
            client,
            user,
            domain,
            ha1,
            display_name,
            user_agent,
            header_prefixes,
            source,
            takes_updates,
        } = command;
        if self.web.clients.contains_key(&client) {
            return Err(CommandError::new(
                ErrorKind::AlreadyExists(ObjectKind::User),
                "the client is known",
            ));
        }
        if self.web.clients.len() >= MAX_CLIENTS {
            return Err(CommandError::new(
                ErrorKind::LimitReached,
                "too many web clients",
            ));
        }
        for (name, text) in [("user", &user), ("domain", &domain)] {
            let sound = !text.is_empty()
                && text.len() <= MAX_TEXT
                && !text.contains('@')
                && sip::message::is_header_value(text);
            if !sound {
                return Err(CommandError::new(
                    ErrorKind::InvalidArgument(name),
                    "no part of an address",
                ));
            }
        }
        // Shown only: what no header could say is left out.
        let shown = |text: Arc<str>| {
            let sound = text.len() <= MAX_TEXT && sip::message::is_header_value(&text);
            if sound { text } else { "".into() }
        };
        let call_id = self.new_uuid().to_string().into();
        let key = added_as(&user, &domain);
        self.web.added.entry(key).or_default().push(client);
        self.web.clients.insert(
            client,
            WebClient {
                user,
                domain,
                ha1,
                display_name: shown(display_name),
                user_agent: shown(user_agent),
                header_prefixes: header_prefixes
                    .into_iter()
                    .filter(|prefix| !prefix.is_empty())
                    .take(MAX_PREFIXES)
                    .collect(),
                source,
                takes_updates,
                call_id,
                registered: None,
            },
        );
        Ok(())
    }

    pub(crate) fn remove_web_client(
        &mut self,
        command: &RemoveWebClient,
    ) -> Result<(), CommandError> {
        let client = command.client;
        let known = self.require_web_client(client)?;
        self.end_web_calls(client);
        self.unregister_web_client(client);
        self.web.clients.remove(&client);
        let key = added_as(&known.user, &known.domain);
        if let Some(clients) = self.web.added.get_mut(&key) {
            clients.retain(|other| *other != client);
            if clients.is_empty() {
                self.web.added.remove(&key);
            }
        }
        Ok(())
    }

    /// The client, or `NotFound(User)`.
    pub(crate) fn require_web_client(
        &self,
        client: WebClientId,
    ) -> Result<WebClient, CommandError> {
        self.web
            .get(client)
            .cloned()
            .ok_or_else(|| CommandError::not_found(ObjectKind::User))
    }

    /// The clients of an account, registered or not, whatever name of its domain they were added under.
    pub(crate) fn web_clients_at(&self, user: &str, host: &str) -> Vec<WebClientId> {
        let mut addresses = vec![added_as(user, host)];
        if let Some(account) = self.account(host, user) {
            let names = self.names_of_domain(&account.domain);
            addresses.extend(names.iter().map(|name| added_as(&account.user.id, name)));
        }
        addresses.sort_unstable();
        addresses.dedup();
        let added = addresses
            .iter()
            .filter_map(|address| self.web.added.get(address));
        let mut clients: Vec<WebClientId> = added.flatten().copied().collect();
        clients.sort_unstable();
        clients
    }

    /// Tells a client's door something.
    pub(crate) fn tell_web_client(&mut self, client: WebClientId, kind: WebEventKind) {
        self.publish(EventKind::Web(Box::new(WebEvent { client, kind })), None);
    }

    /// Orders something of the WebRTC peers.
    pub(crate) fn peers(&mut self, command: WebCommand) {
        self.effect(Effect::Web(command));
    }
}

/// How an address is found again.
fn added_as(user: &str, domain: &str) -> Arc<str> {
    format!("{user}@{domain}").to_ascii_lowercase().into()
}
