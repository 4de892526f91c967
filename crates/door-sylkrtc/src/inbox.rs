use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::id::WebClientId;
use api::{ChannelId, Event};
use tokio::sync::{Notify, oneshot};

use crate::resume::Claim;
use crate::resume::Luggage;
use crate::wire::account::AccountEvent;
use crate::wire::message::Disposition;

/// Most that may wait for one connection before its session looks. When it is full, the connection ends.
const CAPACITY: usize = 4_096;

/// What a session is told by the rest of the door.
pub(crate) enum Notice {
    /// Something happened in the switch to one of its clients.
    Switch(WebClientId, Arc<Event>),
    /// Something for one of its accounts.
    Account(WebClientId, AccountEvent),
    /// What became of a message it sent within a call.
    InCall(ChannelId, Disposition),
    /// EXT: another participant of a room asks this one to be silent, or no longer.
    AskedToMute {
        client: WebClientId,
        /// The participation asked.
        session: Arc<str>,
        muted: bool,
        originator: Arc<str>,
    },
    /// Another connection presents the account's token: hand the account over, if the claim is right.
    HandOver(WebClientId, Claim, oneshot::Sender<Luggage>),
}

impl Notice {
    /// Which client it is for.
    fn client(&self) -> Option<WebClientId> {
        match self {
            Self::Switch(client, _)
            | Self::Account(client, _)
            | Self::AskedToMute { client, .. } => Some(*client),
            Self::InCall(..) | Self::HandOver(..) => None,
        }
    }
}

/// The queue between the door and one session.
pub(crate) struct Inbox {
    /// Where the client of the session connects from; `None`: nobody is connected.
    peer: Option<IpAddr>,
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Notice>,
    lost: bool,
}

/// Something did not fit: the session does not know what happened any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Lost;

impl Inbox {
    /// Of a session whose client connects from there.
    pub(crate) fn new(peer: IpAddr) -> Arc<Self> {
        Self::of(Some(peer.to_canonical()))
    }

    /// Takes what happens until somebody connects.
    pub(crate) fn unattended() -> Arc<Self> {
        Self::of(None)
    }

    fn of(peer: Option<IpAddr>) -> Arc<Self> {
        Arc::new(Self {
            peer,
            state: Mutex::default(),
            wake: Notify::new(),
        })
    }

    /// Whether the client of the session connects from there.
    pub(crate) fn is_from(&self, address: IpAddr) -> bool {
        self.peer == Some(address.to_canonical())
    }

    /// Held for a push or a take.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, notice: Notice) {
        let mut state = self.state();
        if state.queue.len() >= CAPACITY {
            state.lost = true;
        } else {
            state.queue.push_back(notice);
        }
        drop(state);
        self.wake.notify_one();
    }

    /// The next notice. Cancel-safe.
    pub(crate) async fn next(&self) -> Result<Notice, Lost> {
        loop {
            if let Some(next) = self.try_next() {
                return next;
            }
            self.wake.notified().await;
        }
    }

    /// A notice that is there already.
    pub(crate) fn try_next(&self) -> Option<Result<Notice, Lost>> {
        let mut state = self.state();
        match state.queue.pop_front() {
            Some(notice) => Some(Ok(notice)),
            None => state.lost.then_some(Err(Lost)),
        }
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.state().lost
    }

    /// Takes out what is for one client, in order.
    pub(crate) fn take(&self, client: WebClientId) -> Vec<Notice> {
        let mut state = self.state();
        let (its, others) = state
            .queue
            .drain(..)
            .partition(|notice: &Notice| notice.client() == Some(client));
        state.queue = others;
        let its: VecDeque<Notice> = its;
        its.into()
    }
}
