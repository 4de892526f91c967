//! How connections end, and what becomes of their accounts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::command::web::RemoveWebClient;
use api::id::WebClientId;
use net::websocket::{CloseCode, Signals};
use net::{Cause, Outbox, Outcome, SlowReason};
use tokio::sync::oneshot;

use super::Session;
use super::reader::ReadEnd;
use crate::accounts::Account;
use crate::commands::leave;
use crate::dialect::Dialect;
use crate::inbox::Inbox;
use crate::resume::{Claim, Luggage};
use crate::rooms::Participation;
use crate::start::Shared;

/// Time for a peer to take what is queued when its connection ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// Why a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// Reading ended.
    Read(ReadEnd),
    /// The outbox is full.
    SlowReader(SlowReason),
    /// More happened than its session could take in.
    LostEvents,
    /// The server goes down.
    ShuttingDown,
}

impl From<ReadEnd> for End {
    fn from(end: ReadEnd) -> Self {
        match end {
            ReadEnd::Slow(reason) => Self::SlowReader(reason),
            ReadEnd::Closed
            | ReadEnd::Gone
            | ReadEnd::Malformed
            | ReadEnd::TooBig
            | ReadEnd::WriteEnded(_) => Self::Read(end),
        }
    }
}

impl End {
    fn cause(self) -> Cause {
        match self {
            Self::Read(ReadEnd::Closed) | Self::ShuttingDown => Cause::Closed,
            Self::Read(ReadEnd::Gone) => Cause::PeerGone,
            Self::Read(ReadEnd::Malformed | ReadEnd::TooBig) => Cause::Malformed,
            Self::Read(ReadEnd::WriteEnded(outcome)) => outcome.cause(),
            Self::Read(ReadEnd::Slow(reason)) | Self::SlowReader(reason) => {
                Outcome::SlowReader { reason }.cause()
            }
            Self::LostEvents => Cause::LostEvents,
        }
    }

    /// Whether the client may not have wanted it, and comes back.
    fn is_unclean(self) -> bool {
        match self {
            Self::Read(ReadEnd::Closed | ReadEnd::Malformed | ReadEnd::TooBig)
            | Self::ShuttingDown => false,
            Self::Read(ReadEnd::Gone | ReadEnd::Slow(_) | ReadEnd::WriteEnded(_))
            | Self::SlowReader(_)
            | Self::LostEvents => true,
        }
    }

    fn words(self) -> (CloseCode, &'static str) {
        match self {
            Self::Read(ReadEnd::Closed | ReadEnd::Gone | ReadEnd::WriteEnded(_)) => {
                (CloseCode::Normal, "")
            }
            Self::Read(ReadEnd::Malformed) => (CloseCode::Policy, "malformed"),
            Self::Read(ReadEnd::TooBig) => (CloseCode::TooBig, "message too big"),
            Self::Read(ReadEnd::Slow(_)) | Self::SlowReader(_) => {
                (CloseCode::Policy, "reading too slowly")
            }
            Self::LostEvents => (CloseCode::Policy, "events were lost"),
            Self::ShuttingDown => (CloseCode::GoingAway, "server is going down"),
        }
    }
}

impl Session {
    /// Says goodbye, closes, and lets go of the accounts.
    pub(super) async fn leave(mut self, end: End, outbox: Outbox, signals: &Signals) {
        let cause = end.cause();
        self.shared.counters.count(cause);
        if matches!(
            cause,
            Cause::SlowMessages | Cause::SlowBytes | Cause::SlowDeadline | Cause::LostEvents
        ) {
            tracing::warn!(connection = self.connection, ?end, "Client is disconnected");
        }
        let (code, reason) = end.words();
        signals.say(code, reason);
        let closing = async {
            match end {
                End::SlowReader(reason) | End::Read(ReadEnd::Slow(reason)) => {
                    outbox.cut(reason, "").await;
                }
                End::Read(ReadEnd::WriteEnded(_)) => {}
                End::Read(
                    ReadEnd::Closed | ReadEnd::Gone | ReadEnd::Malformed | ReadEnd::TooBig,
                )
                | End::LostEvents
                | End::ShuttingDown => {
                    outbox.finish(FAREWELL).await;
                }
            }
        };
        let waits = end.is_unclean() && !self.shared.config.grace.is_zero();
        // Without a token nobody comes back to a participation.
        let mut left = Vec::new();
        if waits && self.translator.dialect() != Dialect::V2 {
            for client in self.accounts.clients() {
                left.extend(self.rooms.take(client));
            }
        }
        let letting_go = async {
            for client in self.accounts.clients() {
                if waits {
                    self.let_wait(client);
                } else if let Some(account) = self.accounts.remove(client) {
                    let rooms = self.rooms.take(client);
                    forget(&self.shared, account, rooms, self.connection).await;
                }
            }
            leave_rooms(&self.shared, left, self.connection).await;
        };
        tokio::join!(closing, letting_go);
    }

    /// The account and its calls wait for the client's return.
    fn let_wait(&mut self, client: WebClientId) {
        let Some(account) = self.accounts.remove(client) else {
            return;
        };
        let calls = self.calls.take(client);
        let rooms = self.rooms.take(client);
        let inbox = Inbox::unattended();
        let since = Instant::now();
        self.shared.roster.redirect(client, &inbox);
        let luggage = Luggage {
            account,
            calls,
            rooms,
        };
        self.shared.waiting.wait(luggage, inbox, since);
        let shared = self.shared.clone();
        let connection = self.connection;
        let stop = self.shared.leaving().told;
        self.shared.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(shared.config.grace) => {}
            }
            if let Some(luggage) = shared.waiting.give_up(client, since) {
                tracing::debug!(connection, "Client did not come back");
                forget(&shared, luggage.account, luggage.rooms, connection).await;
            }
        });
    }

    /// Another connection of the same client takes the account over.
    pub(super) fn hand_over(
        &mut self,
        client: WebClientId,
        claim: &Claim,
        to: oneshot::Sender<Luggage>,
    ) {
        let is_right = |account: &&Account| claim.is_right_for(account);
        if self.accounts.get(client).filter(is_right).is_none() {
            return;
        }
        let Some(account) = self.accounts.remove(client) else {
            return;
        };
        let calls = self.calls.take(client);
        let rooms = self.rooms.take(client);
        // What happens from now on waits for the other connection, with what this one has not seen yet.
        self.shared.roster.redirect(client, &Inbox::unattended());
        let luggage = Luggage {
            account,
            calls,
            rooms,
        };
        if let Err(luggage) = to.send(luggage) {
            // It has not waited: everything stays.
            self.unpack(luggage);
            self.shared.roster.redirect(client, &self.inbox);
        }
    }

    /// Takes an account with its calls and rooms in.
    pub(crate) fn unpack(&mut self, luggage: Luggage) {
        self.accounts.insert(luggage.account);
        for call in luggage.calls {
            self.calls.insert(call);
        }
        for participation in luggage.rooms {
            self.rooms.insert(participation);
        }
    }
}

/// Participations end: nobody is there for them any more. It goes on should whoever waits for it be gone.
pub(crate) async fn leave_rooms(shared: &Arc<Shared>, rooms: Vec<Participation>, connection: u64) {
    let by_task = shared.clone();
    let leaving = shared.spawn(async move {
        for ended in rooms {
            let origin = by_task.origin(connection);
            leave(&by_task, &ended.room, &ended.session, ended.channel, origin).await;
        }
    });
    leaving.await.ok();
}

/// The account is no longer here: the switch ends its calls and its registration, others see it leave its rooms. It goes
/// on should whoever waits for it be gone.
pub(crate) async fn forget(
    shared: &Arc<Shared>,
    account: Account,
    rooms: Vec<Participation>,
    connection: u64,
) {
    let by_task = shared.clone();
    let forgetting = shared.spawn(async move {
        let shared = by_task;
        leave_rooms(&shared, rooms, connection).await;
        shared.roster.leave(account.client);
        shared.waiting.forget_token(&account.token);
        let remove = RemoveWebClient {
            client: account.client,
        };
        // When the switch does not know it any more, that is as well.
        if let Err(error) = shared.switch.ask(remove, shared.origin(connection)).await {
            tracing::debug!(connection, %error, "Client is unknown to the switch");
        }
    });
    forgetting.await.ok();
}
