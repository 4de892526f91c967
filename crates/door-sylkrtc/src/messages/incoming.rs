//! Messages for accounts of ours: kept, and told to every connection of the account.

use std::sync::Arc;

use api::bus::{Ended, Families, Interest, Subscription};
use api::event::{Family, MessageEvent};
use api::{Event, EventKind};

use super::{PRIVATE_KEY, PUBLIC_KEY, TO_SIP, unwrap};
use crate::imdn::{self, Imdn};
use crate::inbox::Notice;
use crate::start::Shared;
use crate::store::{Mark, StoreError, key};
use crate::timestamp;
use crate::wire::Party;
use crate::wire::account::AccountEvent;
use crate::wire::message::{Direction, Disposition, Entry, Message, State};

fn is_key(content_type: &str) -> bool {
    [PUBLIC_KEY, PRIVATE_KEY].contains(&content_type)
}

/// Never surfaced.
const COMPOSING: &str = "application/im-iscomposing+xml";

/// Follows the messages of the switch until it stops.
pub(crate) async fn run(shared: Arc<Shared>, mut subscription: Subscription) {
    let interest = Interest::families(Families::NONE.with(Family::Message));
    let stop = shared.closing().told;
    loop {
        let next = tokio::select! {
            () = stop.cancelled() => return,
            next = subscription.next() => next,
        };
        match next {
            Ok(event) => shared.take_in(&event).await,
            Err(Ended::Stopped) => return,
            Err(Ended::Overrun(_)) => {
                tracing::error!("Messages came faster than they could be kept; some are lost");
                let observed = shared
                    .switch
                    .observe(interest.clone(), shared.bus_limits())
                    .await;
                let Ok((_, again)) = observed else {
                    return;
                };
                subscription = again;
            }
        }
    }
}

impl Shared {
    async fn take_in(self: &Arc<Self>, event: &Arc<Event>) {
        let EventKind::Message(message) = &event.kind else {
            return;
        };
        if message.call.is_some() {
            for client in &message.clients {
                self.roster
                    .tell(*client, Notice::Switch(*client, event.clone()));
            }
            return;
        }
        if let Err(error) = self.take_in_message(message).await {
            tracing::warn!(%error, "A message is not kept");
        }
    }

    async fn take_in_message(self: &Arc<Self>, event: &MessageEvent) -> Result<(), StoreError> {
        let for_sip = |name: &Arc<str>| name.eq_ignore_ascii_case(TO_SIP);
        if event.headers.iter().any(|(name, _)| for_sip(name)) {
            return Ok(());
        }
        let from = Party::from(&event.from);
        let own = key(&event.to);
        // Its other connections have it as a `sync` event.
        if event.sender.is_some() && key(&from.uri) == own {
            return Ok(());
        }
        let Some(cpim) = unwrap(&event.content_type, &from, &event.body) else {
            return Ok(());
        };
        if self.asked_by_device(&from, event.verified, &cpim).await? {
            return Ok(());
        }
        // Who sent it says the switch; the wrapping may say anything, but it knows the better name.
        let display_name = if from.display_name.is_empty() {
            cpim.from.display_name
        } else {
            from.display_name
        };
        let sender = Party {
            uri: from.uri,
            display_name,
        };
        match &*cpim.content_type {
            COMPOSING => return Ok(()),
            imdn::CONTENT_TYPE => {
                return match Imdn::parse(&cpim.content) {
                    Some(report) => self.take_in_report(&event.to, &sender, report).await,
                    None => Ok(()),
                };
            }
            _ => {}
        }
        let message = Message {
            sender,
            timestamp: cpim.timestamp.unwrap_or_else(timestamp::now),
            wanted: cpim.wanted,
            message_id: cpim
                .message_id
                .unwrap_or_else(|| api::Uuid::new_v4().to_string().into()),
            content_type: cpim.content_type,
            content: cpim.content,
        };
        let by_device =
            event.sender.is_none() && event.verified && self.is_ours(&message.sender.uri);
        if by_device && !is_key(&message.content_type) {
            self.sent_by_device(&event.to, &message).await?;
        }
        let kept = match &*message.content_type {
            // Whoever can write somebody's name may not change what is read under it.
            PUBLIC_KEY if !event.verified => Ok(()),
            _ => self.keep(&own, &message).await,
        };
        self.roster
            .fork(&event.to, None, &AccountEvent::Message(message));
        kept
    }

    async fn keep(&self, own: &str, message: &Message) -> Result<(), StoreError> {
        match &*message.content_type {
            PUBLIC_KEY => {
                let sender = key(&message.sender.uri);
                // Of whoever is not known here it is kept by those who read it.
                self.store
                    .set_public_key(&sender, message.content.clone())
                    .await?;
                return Ok(());
            }
            PRIVATE_KEY => return Ok(()),
            _ => {}
        }
        let entry = Entry {
            contact: message.sender.uri.clone(),
            timestamp: message.timestamp.clone(),
            disposition: message.wanted.clone(),
            message_id: message.message_id.clone(),
            content_type: message.content_type.clone(),
            content: message.content.clone(),
            direction: Direction::Incoming,
            state: Some(State::Received),
        };
        // The messages of an account that only phones use are kept by the phones.
        self.store.append(own, entry).await.map(|_| ())
    }

    async fn take_in_report(&self, to: &str, from: &Party, report: Imdn) -> Result<(), StoreError> {
        let mark = Mark {
            state: report.state,
            reported: None,
        };
        self.store.mark(&key(to), &report.message_id, mark).await?;
        let disposition = Disposition {
            message_id: report.message_id,
            message_timestamp: report.timestamp,
            state: report.state,
            code: 200,
            reason: "".into(),
        };
        self.disposed(to, &from.uri, disposition).await
    }
}
