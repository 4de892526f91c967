//! Messages for accounts of ours: kept, and told to every connection of the account.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use api::bus::{Ended, Families, Interest, Subscription};
use api::command::message::AnswerMessage;
use api::event::{Family, MessageEvent};
use api::{Event, EventKind};
use tokio::sync::mpsc;

use super::{PRIVATE_KEY, PUBLIC_KEY, TO_SIP, not_kept, unwrap};
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

/// Tasks that take messages in, so that many wait for the disk together. Those of one sender come to the same task and
/// stay in order.
const TAKERS: usize = 16;

/// Messages that may wait for one task; the switch's queue for the door fills beyond.
const PER_TAKER: usize = 256;

/// Follows the messages of the switch until it stops.
pub(crate) async fn run(shared: Arc<Shared>, mut subscription: Subscription) {
    let interest = Interest::families(Families::NONE.with(Family::Message));
    let stop = shared.closing().told;
    let takers: Vec<_> = (0..TAKERS).map(|_| taker(&shared)).collect();
    loop {
        let next = tokio::select! {
            () = stop.cancelled() => return,
            next = subscription.next() => next,
        };
        match next {
            Ok(event) => shared.hand_on(&takers, event).await,
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

/// A task that takes messages in, one after the other. It ends when there can be no more.
fn taker(shared: &Arc<Shared>) -> mpsc::Sender<Arc<Event>> {
    let (to, mut from) = mpsc::channel::<Arc<Event>>(PER_TAKER);
    let by_task = shared.clone();
    shared.spawn(async move {
        while let Some(event) = from.recv().await {
            if let EventKind::Message(message) = &event.kind {
                by_task.take_in(message).await;
            }
        }
    });
    to
}

impl Shared {
    async fn hand_on(&self, takers: &[mpsc::Sender<Arc<Event>>], event: Arc<Event>) {
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
        let mut hasher = DefaultHasher::new();
        key(&message.from.uri).hash(&mut hasher);
        let index = hasher.finish() as usize % takers.len().max(1);
        if let Some(taker) = takers.get(index) {
            // It goes on as long as there is somebody to hand something to it.
            taker.send(event).await.ok();
        }
    }

    async fn take_in(self: &Arc<Self>, message: &MessageEvent) {
        let taken = self.take_in_message(message).await;
        let code = match taken {
            Ok(code) => code,
            Err(error) => {
                not_kept(error, "A message is not kept");
                500
            }
        };
        let Some(message) = message.awaited else {
            return;
        };
        let answer = AnswerMessage { message, code };
        if let Err(error) = self.switch.ask(answer, self.origin(0)).await {
            tracing::debug!(%error, "Nobody waits for a message to be kept");
        }
    }

    /// The status for whoever sent it, should nobody else have taken it: 202 when it is on the disk.
    async fn take_in_message(self: &Arc<Self>, event: &MessageEvent) -> Result<u16, StoreError> {
        let for_sip = |name: &Arc<str>| name.eq_ignore_ascii_case(TO_SIP);
        if event.headers.iter().any(|(name, _)| for_sip(name)) {
            return Ok(202);
        }
        let from = Party::from(&event.from);
        let own = key(&event.to);
        // Its other connections have it as a `sync` event.
        if event.sender.is_some() && key(&from.uri) == own {
            return Ok(202);
        }
        let Some(cpim) = unwrap(&event.content_type, &from, &event.body) else {
            return Ok(400);
        };
        if self.asked_by_device(&from, event.verified, &cpim).await? {
            return Ok(202);
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
            COMPOSING => return Ok(202),
            imdn::CONTENT_TYPE => {
                let Some(report) = Imdn::parse(&cpim.content) else {
                    return Ok(400);
                };
                let kept = self.take_in_report(&event.to, &sender, report).await?;
                return Ok(if kept { 202 } else { 480 });
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
            let kept = self.sent_by_device(&event.to, &message).await;
            // Its receiver gets it all the same.
            kept.unwrap_or_else(|error| not_kept(error, "What a SIP device has sent is not kept"));
        }
        let kept = match &*message.content_type {
            // Whoever can write somebody's name may not change what is read under it.
            PUBLIC_KEY if !event.verified => Ok(false),
            _ => self.keep(&own, &message).await,
        };
        self.roster
            .fork(&event.to, None, &AccountEvent::Message(message));
        Ok(if kept? { 202 } else { 480 })
    }

    /// Whether there is a place for it.
    async fn keep(&self, own: &str, message: &Message) -> Result<bool, StoreError> {
        match &*message.content_type {
            PUBLIC_KEY => {
                let sender = key(&message.sender.uri);
                // Of whoever is not known here it is kept by those who read it.
                return self
                    .store
                    .set_public_key(&sender, message.content.clone())
                    .await;
            }
            PRIVATE_KEY => return Ok(false),
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
        self.store.append(own, entry).await
    }

    /// Whether there is a place for it.
    async fn take_in_report(
        &self,
        to: &str,
        from: &Party,
        report: Imdn,
    ) -> Result<bool, StoreError> {
        let mark = Mark {
            state: report.state,
            reported: None,
        };
        self.mark(&key(to), &report.message_id, mark).await;
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
