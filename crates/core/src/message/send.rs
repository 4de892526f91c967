//! Messages that pages send, and programs.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use api::command::message::{Delivery, SendCallMessage, SendChat, SendMessage};
use api::event::{EventKind, WebParty};
use api::{ChannelId, CommandError, ErrorKind, RequestId};
use sip::message::Method;
use sip::resolve::Destination;

use super::{Letter, MAX_BODY, Sender, Way, delivery};
use crate::Switch;
use crate::leg::LegEnd;
use crate::next_hop::{Asker, Found, targets};
use crate::registrar::Account;
use crate::web::{WebClient, WebLogin, extension_headers, is_plain};

/// A message to another server that is being looked for.
#[derive(Debug)]
pub(crate) struct Outbound {
    letter: Letter,
    /// Index of the profile it leaves by.
    profile: usize,
    credentials: Option<sip::auth::Credentials>,
    sender: Sender,
}

/// What is to be done with a message.
enum Route {
    /// To an account of ours.
    Ours(Account),
    /// To another server: its next hop, and what answers its challenges.
    Foreign(Destination, Option<sip::auth::Credentials>),
    /// Nowhere.
    Refused(Delivery),
}

impl Switch {
    pub(crate) fn send_message(&mut self, request: RequestId, command: SendMessage) {
        let SendMessage {
            client: id,
            to,
            content_type,
            headers,
            body,
        } = command;
        let client = match self.require_web_client(id) {
            Ok(client) => client,
            Err(error) => return self.refuse(request, error),
        };
        if !sip::message::is_header_value(&content_type) || content_type.is_empty() {
            let error = CommandError::new(ErrorKind::InvalidArgument("content_type"), "no type");
            return self.refuse(request, error);
        }
        if body.len() > MAX_BODY {
            return self.answer(request, Ok(delivery(413)));
        }
        let to: Arc<str> = to.strip_prefix("sip:").unwrap_or(&to).into();
        let letter = Letter {
            from: party_of(&client),
            client: Some(id),
            // Those of ours without the right password get no further than the route.
            verified: self.is_local_host(&client.domain),
            source: client.source,
            to: to.clone(),
            call: None,
            content_type,
            headers: extension_headers(&headers).cloned().collect(),
            body,
        };
        let route = self.message_route(&client, &to);
        self.send_letter(request, letter, route);
    }

    pub(crate) fn send_chat(&mut self, request: RequestId, command: SendChat) {
        let SendChat {
            from,
            to,
            content_type,
            body,
        } = command;
        let invalid = |what| CommandError::new(ErrorKind::InvalidArgument(what), "no such thing");
        let from = from.strip_prefix("sip:").unwrap_or(&from);
        let is_address = |text: &str| {
            text.split_once('@').is_some_and(|(user, host)| {
                !user.is_empty() && !host.is_empty() && is_plain(user) && is_plain(host)
            })
        };
        if !is_address(from) {
            return self.refuse(request, invalid("from"));
        }
        if !sip::message::is_header_value(&content_type) || content_type.is_empty() {
            return self.refuse(request, invalid("content_type"));
        }
        if body.len() > MAX_BODY {
            return self.answer(request, Ok(delivery(413)));
        }
        let to: Arc<str> = to.strip_prefix("sip:").unwrap_or(&to).into();
        let letter = Letter {
            from: WebParty {
                uri: from.into(),
                display_name: "".into(),
            },
            client: None,
            verified: true,
            source: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            to: to.clone(),
            call: None,
            content_type,
            headers: Vec::new(),
            body,
        };
        let route = self.route_to(&to, None);
        self.send_letter(request, letter, route);
    }

    fn send_letter(&mut self, request: RequestId, letter: Letter, route: Route) {
        let sender = Sender::Door(request);
        match route {
            Route::Ours(account) => self.deliver(&account, &letter, sender, None),
            Route::Foreign(destination, credentials) => {
                let outbound = Outbound {
                    profile: self.web_profile_index(letter.sender_host()),
                    letter,
                    credentials,
                    sender,
                };
                self.look_up(destination, Asker::Message(Box::new(outbound)));
            }
            Route::Refused(delivery) => self.answer(request, Ok(delivery)),
        }
    }

    fn message_route(&mut self, client: &WebClient, to: &str) -> Route {
        let login = self.web_login(client);
        let credentials = match &login {
            WebLogin::Ours(_) => None,
            // The server of its domain is the one to judge it.
            WebLogin::Foreign => client.credentials(),
            WebLogin::Wrong | WebLogin::Blocked => return Route::Refused(delivery(403)),
        };
        self.route_to(to, credentials)
    }

    fn route_to(&mut self, to: &str, credentials: Option<sip::auth::Credentials>) -> Route {
        let Some((user, host)) = to.split_once('@') else {
            return Route::Refused(delivery(404));
        };
        if self.is_local_host(host) {
            let host = host.rsplit_once(':').map_or(host, |(bare, _)| bare);
            return match self.account(host, user) {
                Some(account) => Route::Ours(account),
                None => Route::Refused(delivery(404)),
            };
        }
        if !is_plain(user) || !is_plain(host) {
            return Route::Refused(delivery(404));
        }
        match self.web_next_hop(host) {
            Ok(destination) => Route::Foreign(destination, credentials),
            Err(_) => Route::Refused(delivery(503)),
        }
    }

    /// The server a message goes to was looked for.
    pub(crate) fn message_server_found(&mut self, outbound: Outbound, found: Found) {
        let Outbound {
            letter,
            profile,
            credentials,
            sender,
        } = outbound;
        let targets: VecDeque<_> = match (found, self.config.profiles.get(profile)) {
            (Ok(hops), Some(profile)) => targets(profile, &hops).into(),
            (Ok(_), None) => VecDeque::new(),
            (Err(why), _) => {
                tracing::info!(to = %letter.to, %why, "MESSAGE cannot be sent");
                VecDeque::new()
            }
        };
        if targets.is_empty() {
            return self.tell_sender(sender, delivery(503));
        }
        let way = Way {
            uri: format!("sip:{}", letter.to),
            targets,
            route: Vec::new(),
            credentials,
        };
        self.post(&letter, vec![way], sender, None);
    }

    pub(crate) fn send_call_message(&mut self, request: RequestId, command: SendCallMessage) {
        let SendCallMessage {
            channel,
            content_type,
            body,
        } = command;
        if let Err(error) = self.require_answered_web_call(&channel) {
            return self.refuse(request, error);
        }
        if !sip::message::is_header_value(&content_type) || content_type.is_empty() {
            let error = CommandError::new(ErrorKind::InvalidArgument("content_type"), "no type");
            return self.refuse(request, error);
        }
        if body.len() > MAX_BODY {
            return self.answer(request, Ok(delivery(413)));
        }
        let client = self.as_web_leg(&channel).map(|leg| leg.client);
        let Some((id, client)) = client.and_then(|id| Some((id, self.web.get(id)?))) else {
            return self.answer(request, Ok(delivery(480)));
        };
        let letter = Letter {
            from: party_of(client),
            client: Some(id),
            verified: true,
            source: client.source,
            to: "".into(),
            call: None,
            content_type,
            headers: Vec::new(),
            body,
        };
        self.pass_within_call(&channel, letter, Sender::Door(request));
    }

    /// Takes a message to whoever the channel is bridged with.
    pub(super) fn pass_within_call(
        &mut self,
        channel: &ChannelId,
        mut letter: Letter,
        sender: Sender,
    ) {
        let Some(partner) = self.partner(channel) else {
            return self.tell_sender(sender, delivery(480));
        };
        let Some(live) = self.channels.get(&partner) else {
            return self.tell_sender(sender, delivery(480));
        };
        match &live.end {
            LegEnd::Web(leg) => {
                let client = leg.client;
                letter.to = self
                    .web
                    .get(client)
                    .map_or_else(|| "".into(), WebClient::address);
                letter.call = Some(partner);
                self.tell_sender(sender, delivery(200));
                let event = letter.event(vec![client]);
                self.publish(EventKind::Message(Box::new(event)), None);
            }
            LegEnd::Sip(leg) => {
                let Some(session) = leg.session else {
                    return self.tell_sender(sender, delivery(481));
                };
                let sent = self.sip.request_in_dialog(
                    self.now.mono,
                    session,
                    Method::Message,
                    &letter.sip_headers(),
                    Some((&letter.content_type, letter.body.clone())),
                );
                match sent {
                    Ok(id) => self.await_answers(vec![(id, None)], sender, None),
                    Err(error) => {
                        tracing::warn!(channel = %partner, %error, "MESSAGE cannot be sent");
                        self.tell_sender(sender, delivery(503));
                    }
                }
            }
            LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => {
                self.tell_sender(sender, delivery(480))
            }
        }
    }
}

fn party_of(client: &WebClient) -> WebParty {
    WebParty {
        uri: client.address(),
        display_name: client.display_name.clone(),
    }
}
