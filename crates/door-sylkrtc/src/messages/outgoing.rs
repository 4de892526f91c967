//! Messages on their way: per client and destination one after the other, so that they arrive in order.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::command::message::{Delivery, SendCallMessage, SendMessage};
use api::id::WebClientId;
use api::{ChannelId, CommandError, Origin};
use bytes::Bytes;

use super::{CPIM, TO_SIP, not_kept};
use crate::accounts::Account;
use crate::cpim::{Cpim, encode};
use crate::error::Refusal;
use crate::imdn::{self, Imdn};
use crate::inbox::Notice;
use crate::start::Shared;
use crate::store::{Mark, key};
use crate::timestamp;
use crate::transfer::{Announcement, RCS};
use crate::wire::Party;
use crate::wire::message::{Direction, Disposition, Entry, Outgoing, State, Wanted};

/// Most messages that may wait for one destination of one client.
const MOST_PER_LANE: usize = 100;

/// Most destinations with messages under way.
const MOST_LANES: usize = 10_000;

/// Web clients do not show what has this.
const FOR_PHONES: &[(&str, &str)] = &[(TO_SIP, "yes")];

const TEXT: &str = "text/plain";

/// Something to send.
pub(crate) struct Job {
    client: WebClientId,
    /// Name of the sending account.
    account: Arc<str>,
    display_name: Arc<str>,
    origin: Origin,
    to: Party,
    what: What,
}

/// What is sent.
pub(crate) enum What {
    /// A message whose fate is reported.
    Message(Outgoing),
    /// What became of a message that came.
    Report(Imdn),
    /// A notice for the account's own SIP devices: type and content.
    Marker(Arc<str>, Arc<str>),
    /// A message within a call.
    InCall(ChannelId, Outgoing),
    /// A file is there, told to whatever the receiver has.
    File(Box<Announcement>),
}

type Lane = (WebClientId, Arc<str>);

/// Lanes with something under way.
#[derive(Default)]
pub(crate) struct Deliveries {
    /// Held for a push or a take.
    lanes: Mutex<HashMap<Lane, VecDeque<Job>>>,
}

impl Job {
    pub(crate) fn new(account: &Account, origin: Origin, to: Party, what: What) -> Self {
        Self {
            client: account.client,
            account: account.name.clone(),
            display_name: account.display_name.clone(),
            origin,
            to,
            what,
        }
    }
}

impl Job {
    /// In the name of an account, by one of its clients.
    pub(super) fn of_client(
        client: WebClientId,
        from: &Party,
        origin: Origin,
        to: Party,
        what: What,
    ) -> Self {
        Self {
            client,
            account: from.uri.clone(),
            display_name: from.display_name.clone(),
            origin,
            to,
            what,
        }
    }
}

impl Deliveries {
    fn lanes(&self) -> MutexGuard<'_, HashMap<Lane, VecDeque<Job>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, shared: &Arc<Shared>, job: Job) -> Result<(), Refusal> {
        let lane = (job.client, job.to.uri.clone());
        let mut lanes = self.lanes();
        if let Some(waiting) = lanes.get_mut(&lane) {
            if waiting.len() >= MOST_PER_LANE {
                return Err(Refusal::new("Too many messages are waiting"));
            }
            waiting.push_back(job);
            return Ok(());
        }
        if lanes.len() >= MOST_LANES {
            return Err(Refusal::new("Too many messages are waiting"));
        }
        lanes.insert(lane.clone(), VecDeque::from([job]));
        drop(lanes);
        let shared_by_task = shared.clone();
        let stop = shared.leaving().closed;
        shared.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = run(&shared_by_task, lane) => {}
            }
        });
        Ok(())
    }

    /// The next of a lane; an empty lane ends.
    fn next(&self, lane: &Lane) -> Option<Job> {
        let mut lanes = self.lanes();
        let next = lanes.get_mut(lane).and_then(VecDeque::pop_front);
        if next.is_none() {
            lanes.remove(lane);
        }
        next
    }
}

async fn run(shared: &Arc<Shared>, lane: Lane) {
    while let Some(job) = shared.deliveries.next(&lane) {
        job.send(shared).await;
    }
}

impl Job {
    async fn send(self, shared: &Arc<Shared>) {
        let from = Party {
            uri: self.account.clone(),
            display_name: self.display_name.clone(),
        };
        let wrap = |message: &Outgoing| Cpim {
            from: from.clone(),
            to: self.to.clone(),
            timestamp: Some(message.timestamp.clone()),
            message_id: Some(message.message_id.clone()),
            wanted: vec![Wanted::PositiveDelivery, Wanted::Display],
            content_type: message.content_type.clone(),
            content: message.content.clone(),
        };
        match &self.what {
            What::Message(message) => {
                let sent = self
                    .send_message(shared, CPIM, wrap(message).print(), &[])
                    .await;
                self.message_went(shared, message, sent).await;
            }
            What::Report(report) => {
                let wrapped = Cpim {
                    from: from.clone(),
                    to: self.to.clone(),
                    timestamp: Some(timestamp::now()),
                    message_id: Some(api::Uuid::new_v4().to_string().into()),
                    wanted: Vec::new(),
                    content_type: imdn::CONTENT_TYPE.into(),
                    content: report.print().into(),
                };
                // Its fate is nobody's business.
                self.send_message(shared, CPIM, wrapped.print(), &[])
                    .await
                    .ok();
            }
            What::Marker(content_type, content) => {
                let body = encode(content_type, content);
                // An account without SIP devices has nobody to tell.
                self.send_message(shared, content_type, body, FOR_PHONES)
                    .await
                    .ok();
            }
            What::File(file) => {
                let sent = self.announce(shared, file, wrap(&file.message)).await;
                self.message_went(shared, &file.message, sent).await;
            }
            What::InCall(channel, message) => {
                let command = SendCallMessage {
                    channel: channel.clone(),
                    content_type: CPIM.into(),
                    body: wrap(message).print().into(),
                };
                let sent = shared.switch.ask(command, self.origin.clone()).await;
                let disposition = disposition(message, sent.map(|done| done.value));
                shared
                    .roster
                    .tell(self.client, Notice::InCall(channel.clone(), disposition));
            }
        }
    }

    async fn send_message(
        &self,
        shared: &Shared,
        content_type: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> Result<Delivery, CommandError> {
        let headers = headers.iter();
        let headers = headers.map(|(name, value)| ((*name).into(), (*value).into()));
        let command = SendMessage {
            client: self.client,
            to: self.to.uri.clone(),
            content_type: content_type.into(),
            headers: headers.collect(),
            body: Bytes::from(body),
        };
        let done = shared.switch.ask(command, self.origin.clone()).await?;
        Ok(done.value)
    }

    /// To web clients, then to telephones as they understand it. What the sender is told is what became of the first; but
    /// a telephone that refused a type it does not know and took the link has got the file.
    async fn announce(
        &self,
        shared: &Shared,
        file: &Announcement,
        wrapped: Cpim,
    ) -> Result<Delivery, CommandError> {
        let sent = self.send_message(shared, CPIM, wrapped.print(), &[]).await;
        let rcs = encode(RCS, &file.rcs);
        let rcs = self.send_message(shared, RCS, rcs, FOR_PHONES).await;
        let link = match &file.link {
            Some(link) => {
                let body = encode(TEXT, link);
                self.send_message(shared, TEXT, body, FOR_PHONES).await
            }
            None => return sent,
        };
        let is_refused =
            matches!(&sent, Ok(delivery) if delivery.code >= 300 && delivery.code != 480);
        let mut to_phones = [link, rcs].into_iter();
        let taken = to_phones.find(|sent| matches!(sent, Ok(delivery) if delivery.code < 300));
        match taken {
            Some(taken) if is_refused => taken,
            Some(_) | None => sent,
        }
    }

    async fn message_went(
        &self,
        shared: &Shared,
        message: &Outgoing,
        sent: Result<Delivery, CommandError>,
    ) {
        let sent = match sent {
            Ok(delivery)
                if delivery.code == 480 && self.keep_for_receiver(shared, message).await =>
            {
                Ok(Delivery {
                    code: 202,
                    phrase: "Accepted".into(),
                })
            }
            other => other,
        };
        let disposition = disposition(message, sent);
        let mark = Mark {
            state: disposition.state,
            reported: None,
        };
        let own = key(&self.account);
        shared.mark(&own, &message.message_id, mark).await;
        let told = shared.disposed(&self.account, &self.to.uri, disposition);
        if let Err(error) = told.await {
            not_kept(error, "What became of a message is not kept");
        }
    }

    /// Nothing is registered for a local account that has a journal here: it finds the message when it comes back. A
    /// note to oneself is in the journal already.
    async fn keep_for_receiver(&self, shared: &Shared, message: &Outgoing) -> bool {
        let receiver = key(&self.to.uri);
        if receiver == key(&self.account) {
            return true;
        }
        if !shared.is_ours(&receiver) {
            return false;
        }
        let entry = Entry {
            contact: self.account.clone(),
            timestamp: message.timestamp.clone(),
            disposition: vec![Wanted::PositiveDelivery, Wanted::Display],
            message_id: message.message_id.clone(),
            content_type: message.content_type.clone(),
            content: message.content.clone(),
            direction: Direction::Incoming,
            state: Some(State::Received),
        };
        let kept = shared.store.append(&receiver, entry).await;
        kept.unwrap_or_else(|error| {
            not_kept(error, "A message is not kept");
            false
        })
    }
}

/// What the sender is told.
fn disposition(message: &Outgoing, sent: Result<Delivery, CommandError>) -> Disposition {
    let (code, reason) = match sent {
        Ok(delivery) => (delivery.code, delivery.phrase),
        Err(error) => {
            tracing::debug!(%error, "Message not sent");
            (500, "Server Internal Error".into())
        }
    };
    Disposition {
        message_id: message.message_id.clone(),
        message_timestamp: message.timestamp.clone(),
        state: if code < 300 {
            State::Accepted
        } else {
            State::Failed
        },
        code,
        reason,
    }
}
