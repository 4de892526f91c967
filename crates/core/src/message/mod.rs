//! Messages outside and within calls: SIP MESSAGE (RFC 3428), and what becomes of it at pages.

mod incoming;
mod keep;
mod send;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use api::command::message::Delivery;
use api::event::{EventKind, MessageEvent, WebParty};
use api::id::{MessageId, WebClientId};
use api::{ChannelId, RequestId};
use bytes::Bytes;
use sip::endpoint::Party;
use sip::event::{OutOfDialogRequest, TransactionId};
use sip::message::{Message, Method, reason_phrase};
use sip::transport::Target;

use crate::Switch;
use crate::originate::escape_user;
use crate::registrar::Account;

/// Longest body, bytes.
pub(crate) const MAX_BODY: usize = 64 * 1024;
/// Messages whose answers are awaited at one time; beyond, senders get 503.
const MAX_PENDING: usize = 10_000;

pub(crate) use send::Outbound;

/// Messages whose answers are awaited.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    pending: HashMap<u64, Pending>,
    requests: HashMap<TransactionId, Sent>,
    kept: keep::Kept,
    /// Senders that wait until their message is kept.
    awaited: HashMap<MessageId, Sender>,
    serial: u64,
}

/// One MESSAGE under way.
#[derive(Debug)]
struct Sent {
    /// The message it is one copy of.
    serial: u64,
    again: Again,
}

/// What is sent to the other servers of a destination when one fails, if there are others.
type Again = Option<Box<(Letter, Way)>>;

/// One message on its way to phones.
#[derive(Debug)]
struct Pending {
    /// Requests that are not answered yet.
    waiting: usize,
    /// The best of the refusals so far: the lowest code (RFC 3261 §16.7 step 6 without its finer points).
    refused: Delivery,
    /// Who waits to hear; `None` once told.
    sender: Option<Sender>,
    /// Told to everybody when one phone takes it.
    event: Option<Box<MessageEvent>>,
}

/// Who waits to hear how a message went.
#[derive(Clone, Copy, Debug)]
enum Sender {
    /// A door's command.
    Door(RequestId),
    /// A MESSAGE request.
    Phone(sip::event::RequestId),
}

/// A message, from wherever it came.
#[derive(Clone, Debug)]
struct Letter {
    from: WebParty,
    client: Option<WebClientId>,
    /// It is known that it is `from`.
    verified: bool,
    source: SocketAddr,
    /// `user@host`
    to: Arc<str>,
    call: Option<ChannelId>,
    content_type: Arc<str>,
    /// Extensions only.
    headers: Vec<(Arc<str>, Arc<str>)>,
    body: Bytes,
}

impl Letter {
    fn sender_host(&self) -> &str {
        self.from.uri.rsplit_once('@').map_or("", |(_, host)| host)
    }

    fn event(&self, clients: Vec<WebClientId>) -> MessageEvent {
        MessageEvent {
            from: self.from.clone(),
            verified: self.verified,
            sender: self.client,
            source: self.source,
            to: self.to.clone(),
            clients,
            awaited: None,
            call: self.call.clone(),
            content_type: self.content_type.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
        }
    }

    fn sip_headers(&self) -> Vec<(String, String)> {
        self.headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect()
    }
}

/// A status in its own words.
fn delivery(code: u16) -> Delivery {
    Delivery {
        code,
        phrase: reason_phrase(code).into(),
    }
}

/// Where a MESSAGE goes.
#[derive(Clone, Debug)]
struct Way {
    uri: String,
    /// The servers to be tried, the next one first.
    targets: VecDeque<Target>,
    route: Vec<String>,
    credentials: Option<sip::auth::Credentials>,
}

impl Messages {
    pub(crate) fn len(&self) -> usize {
        self.pending.len() + self.awaited.len()
    }
}

impl Switch {
    /// Takes a message to everybody an account of ours is registered from. `except` is the phone it came from.
    fn deliver(
        &mut self,
        account: &Account,
        letter: &Letter,
        sender: Sender,
        except: Option<SocketAddr>,
    ) {
        let clients: Vec<WebClientId> = self
            .web
            .of_account(&account.address())
            .iter()
            .copied()
            .filter(|client| Some(*client) != letter.client)
            .collect();
        let ways: Vec<Way> = self
            .contacts_of(&account.domain, &account.user.id)
            .into_iter()
            .filter(|contact| Some(contact.target.remote) != except)
            .map(|contact| Way {
                uri: contact.uri,
                targets: [contact.target].into(),
                route: contact.route,
                credentials: None,
            })
            .collect();
        if clients.is_empty() {
            let event = Box::new(letter.event(Vec::new()));
            // A page that sends is told the truth, 480: its own door knows what it keeps.
            let from_phone = matches!(sender, Sender::Phone(_));
            if ways.is_empty()
                && from_phone
                && let Some(to) = self.kept_for(account, &letter.to)
            {
                let event = Box::new(MessageEvent { to, ..*event });
                return self.have_kept(sender, event);
            }
            return self.post(letter, ways, sender, Some(event));
        }
        // A page has it as soon as its door has: nobody needs to wait for phones.
        self.tell_sender(sender, delivery(200));
        self.publish(EventKind::Message(Box::new(letter.event(clients))), None);
        for way in ways {
            self.send_message_request(letter, way);
        }
    }

    /// Sends a message to phones or servers; its sender hears of the first that takes it, or that none does.
    fn post(
        &mut self,
        letter: &Letter,
        ways: Vec<Way>,
        sender: Sender,
        event: Option<Box<MessageEvent>>,
    ) {
        if ways.is_empty() {
            return self.tell_sender(sender, delivery(480));
        }
        if self.messages.len() >= MAX_PENDING {
            return self.tell_sender(sender, delivery(503));
        }
        let sent: Vec<_> = ways
            .into_iter()
            .filter_map(|way| self.send_message_request(letter, way))
            .collect();
        self.await_answers(sent, sender, event);
    }

    fn await_answers(
        &mut self,
        sent: Vec<(TransactionId, Again)>,
        sender: Sender,
        event: Option<Box<MessageEvent>>,
    ) {
        if sent.is_empty() {
            return self.tell_sender(sender, delivery(503));
        }
        self.messages.serial += 1;
        let serial = self.messages.serial;
        self.messages.pending.insert(
            serial,
            Pending {
                waiting: sent.len(),
                refused: delivery(699),
                sender: Some(sender),
                event,
            },
        );
        for (id, again) in sent {
            self.messages.requests.insert(id, Sent { serial, again });
        }
    }

    /// Sends a copy of a message; the transaction, and what is left to try when it fails.
    fn send_message_request(
        &mut self,
        letter: &Letter,
        mut way: Way,
    ) -> Option<(TransactionId, Again)> {
        let target = way.targets.pop_front()?;
        let again = (!way.targets.is_empty()).then(|| Box::new((letter.clone(), way.clone())));
        let (user, host) = letter.from.uri.split_once('@')?;
        let from = Party {
            display: letter.from.display_name.to_string(),
            uri: format!("sip:{}@{host}", escape_user(user)),
        };
        let to = match letter.to.split_once('@') {
            Some((user, host)) => format!("sip:{}@{host}", escape_user(user)),
            None => way.uri.clone(),
        };
        let request = OutOfDialogRequest {
            method: Method::Message,
            uri: way.uri,
            from,
            to: Party::uri(to),
            target,
            // RFC 3428 §4: a MESSAGE creates no dialog and carries no Contact.
            local_contact: None,
            headers: letter.sip_headers(),
            body: Some((letter.content_type.to_string(), letter.body.clone())),
            credentials: way.credentials,
            route: way.route,
            call: None,
        };
        match self.sip.send_out_of_dialog(self.now.mono, request) {
            Ok(id) => Some((id, again)),
            Err(error) => {
                tracing::warn!(to = %letter.to, %error, "MESSAGE cannot be sent");
                None
            }
        }
    }

    /// An answer to a MESSAGE of ours; false when it is none.
    pub(crate) fn message_answered(
        &mut self,
        id: TransactionId,
        code: u16,
        response: Option<&Message>,
    ) -> bool {
        if code < 200 {
            return self.messages.requests.contains_key(&id);
        }
        let Some(Sent { serial, again }) = self.messages.requests.remove(&id) else {
            return false;
        };
        // RFC 3263 §4.3: silence, a broken transport and 503 are for the next server.
        if matches!(code, 408 | 503)
            && let Some(again) = again
            && let Some((id, again)) = self.send_message_request(&again.0, again.1.clone())
        {
            self.messages.requests.insert(id, Sent { serial, again });
            return true;
        }
        let Some(pending) = self.messages.pending.get_mut(&serial) else {
            return true;
        };
        let phrase = response
            .and_then(Message::reason)
            .filter(|phrase| !phrase.is_empty())
            .unwrap_or_else(|| reason_phrase(code));
        let delivery = Delivery {
            code,
            phrase: phrase.into(),
        };
        pending.waiting -= 1;
        let over = pending.waiting == 0;
        let (told, event) = if code < 300 {
            let sender = pending.sender.take();
            (
                sender.map(|sender| (sender, delivery)),
                pending.event.take(),
            )
        } else {
            if code < pending.refused.code {
                pending.refused = delivery;
            }
            let refused = pending.refused.clone();
            let sender = pending.sender.take_if(|_| over);
            (sender.map(|sender| (sender, refused)), None)
        };
        if over {
            self.messages.pending.remove(&serial);
        }
        if let Some((sender, delivery)) = told {
            self.tell_sender(sender, delivery);
        }
        if let Some(event) = event {
            self.publish(EventKind::Message(event), None);
        }
        true
    }

    fn tell_sender(&mut self, sender: Sender, delivery: Delivery) {
        match sender {
            Sender::Door(request) => self.answer(request, Ok(delivery)),
            Sender::Phone(request) => self.respond(request, delivery.code, &[]),
        }
    }
}
