//! One connection: reader → bounded queue → session → outbox.

mod ending;
mod reader;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::command::Ask;
use api::{CommandError, Origin};
use axum::extract::ws::WebSocket;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::try_join;
use futures_util::stream::SplitStream;
use net::drain::Leaving;
use net::http::Peer;
use net::websocket::{Signals, SocketWriter};
use net::{Outbox, Refused};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::accounts::Accounts;
use crate::calls::Calls;
use crate::commands::Done;
use crate::dialect::{Dialect, Translator};
use crate::error::Refusal;
use crate::inbox::{Inbox, Lost, Notice};
use crate::rooms::Rooms;
use crate::start::{NAME, Shared};
use crate::wire::request::NoRequest;
use crate::wire::{Event, Request, ack, error};

use ending::End;
pub(crate) use ending::{forget, leave_rooms};
use reader::{Buckets, ReadEnd, Reader};
pub(crate) use reader::{Incoming, parse};

/// Requests that may wait for their session; the reader waits beyond.
const REQUESTS: usize = 256;

/// Notices handled before requests are looked at again.
const NOTICES_PER_TURN: usize = 64;

/// Time for the reader to find the close frame of a peer that takes no more.
const LAST_LOOK: Duration = Duration::from_millis(200);

/// The state of one connection.
pub(crate) struct Session {
    pub(crate) shared: Arc<Shared>,
    pub(crate) connection: u64,
    pub(crate) translator: Translator,
    pub(crate) accounts: Accounts,
    pub(crate) calls: Calls,
    pub(crate) rooms: Rooms,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) origin: Origin,
    /// Where the client connects from.
    pub(crate) source: SocketAddr,
    /// Said, and not yet in the outbox.
    batch: Vec<Bytes>,
}

/// Serves one connection from its handshake to its last byte. What is needed to begin is used up before there is a
/// future to keep it.
pub(crate) fn run(
    shared: Arc<Shared>,
    socket: WebSocket,
    dialect: Dialect,
    peer: Peer,
    leaving: Leaving,
) -> impl Future<Output = ()> + Send {
    let connection = shared.new_connection();
    let (sink, stream) = socket.split();
    let (outbox, messages) = Outbox::of_messages(shared.outbox_limits());
    let signals = Signals::default();
    let writer = SocketWriter::new(sink, messages, signals.clone(), shared.config.ping);
    let writing = shared.spawn(writer.run());
    let (sender, requests) = mpsc::channel(REQUESTS);
    let (trace, buckets) = (
        shared.config.trace_client,
        Buckets::new(&shared.config, Instant::now()),
    );
    let mut session = Session::new(shared, connection, dialect, &peer);
    async move {
        let reader = Reader {
            connection,
            outbox: &outbox,
            signals: signals.clone(),
            requests: sender,
            trace,
            buckets,
        };
        let end = tokio::select! {
            biased;
            () = leaving.closed.cancelled() => End::ShuttingDown,
            () = leaving.told.cancelled() => End::ShuttingDown,
            both = try_join(read(reader, stream), session.serve(&outbox, requests)) => match both {
                Ok((end, ())) => end.into(),
                Err(end) => end,
            },
        };
        tracing::debug!(connection, ?end, "Connection ends");
        Box::pin(session.leave(end, outbox, &signals)).await;
        // It has ended, as the outbox was finished, cut, or found ended.
        writing.await.ok();
        drop(peer);
    }
}

/// Until there is nothing more to read, or nothing more can be written.
async fn read(reader: Reader<'_>, stream: SplitStream<WebSocket>) -> Result<ReadEnd, End> {
    let outbox = reader.outbox;
    let mut run = Box::pin(reader.run(stream));
    let end = tokio::select! {
        biased;
        end = &mut run => end,
        outcome = outbox.ended() => {
            timeout(LAST_LOOK, run).await.unwrap_or(ReadEnd::WriteEnded(outcome))
        }
    };
    Ok(end)
}

impl Session {
    fn new(shared: Arc<Shared>, connection: u64, dialect: Dialect, peer: &Peer) -> Self {
        Self {
            shared,
            connection,
            translator: Translator::new(dialect),
            accounts: Accounts::default(),
            calls: Calls::default(),
            rooms: Rooms::default(),
            inbox: Inbox::new(peer.address.ip()),
            origin: Origin {
                door: NAME,
                peer: peer.address.to_string().into(),
                connection,
            },
            source: peer.address,
            batch: Vec::new(),
        }
    }

    /// Until the reader has ended and everything it read is done. What is only now and then under way has a box of its own,
    /// so that pages that wait do not hold room for it.
    async fn serve(
        &mut self,
        outbox: &Outbox,
        mut requests: mpsc::Receiver<Box<Incoming>>,
    ) -> Result<(), End> {
        self.say(&Event::Ready);
        self.flush(outbox)?;
        loop {
            let has_room = outbox.has_room();
            let inbox = self.inbox.clone();
            let mut busy = false;
            tokio::select! {
                notice = inbox.next() => {
                    busy = Box::pin(self.notices(notice)).await?;
                }
                // One request at a time, and while it runs nothing else is said: its answer comes before the events
                // it causes (sylkrtc.md §1.10).
                incoming = requests.recv(), if has_room => match incoming {
                    Some(incoming) => Box::pin(self.handle(*incoming)).await,
                    None => return Ok(()),
                },
                // A peer that does not read its answers gets no more of them until it does.
                () = outbox.room(), if !has_room => {}
            }
            self.flush(outbox)?;
            if busy {
                // The writer gets its turn too.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Handles this notice and those behind it. True when there may be more.
    async fn notices(&mut self, first: Result<Notice, Lost>) -> Result<bool, End> {
        let inbox = self.inbox.clone();
        let mut next = Some(first);
        for _ in 0..NOTICES_PER_TURN {
            let Some(notice) = next else {
                return Ok(false);
            };
            self.notice(notice.map_err(|_| End::LostEvents)?).await;
            next = inbox.try_next();
        }
        if let Some(notice) = next {
            self.notice(notice.map_err(|_| End::LostEvents)?).await;
        }
        Ok(true)
    }

    async fn handle(&mut self, incoming: Incoming) {
        let Incoming {
            name,
            transaction,
            members,
        } = incoming;
        let (name, members) = self.translator.inbound(&name, members);
        let old_tokens = self.translator.dialect() != Dialect::V2;
        let handled = match Request::read(&name, &members, old_tokens) {
            Ok(request) => self.perform(request).await,
            Err(NoRequest::Invalid(invalid)) => Err(invalid.into()),
            Err(NoRequest::Unknown(name)) => Err(Refusal(format!("Unknown request: {name}"))),
        };
        match handled {
            Ok(Done { further, after }) => {
                self.batch.push(ack(&transaction, further).into());
                for event in &after {
                    self.say(event);
                }
            }
            Err(Refusal(text)) => {
                tracing::debug!(connection = self.connection, request = %name, %text, "Request refused");
                self.batch.push(error(&transaction, &text).into());
            }
        }
    }

    pub(crate) async fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Switch(client, event) => self.on_switch(client, &event).await,
            Notice::Account(client, event) => {
                if let Some(account) = self.accounts.get(client) {
                    let account = account.name.clone();
                    self.say(&Event::Account { account, event });
                }
            }
            Notice::InCall(channel, disposition) => {
                self.on_delivered_in_call(&channel, disposition)
            }
            Notice::AskedToMute {
                client: _,
                session,
                muted,
                originator,
            } => self.asked_to_mute(&session, muted, originator),
            Notice::HandOver(client, claim, to) => self.hand_over(client, &claim, to),
        }
    }

    /// Says something, in the client's dialect.
    pub(crate) fn say(&mut self, event: &Event) {
        if let Some(frame) = self.translator.outbound(event) {
            if self.shared.config.trace_client {
                let logged = event.without_secrets();
                let logged = logged.and_then(|event| self.translator.outbound(&event));
                let frame = logged.as_ref().unwrap_or(&frame);
                tracing::info!(connection = self.connection, %frame, "Sent");
            }
            self.batch.push(frame.into());
        }
    }

    pub(crate) async fn ask<C: Ask>(&self, command: C) -> Result<C::Answer, CommandError> {
        let done = self.shared.switch.ask(command, self.origin.clone()).await?;
        Ok(done.value)
    }

    fn flush(&mut self, outbox: &Outbox) -> Result<(), End> {
        match outbox.push_all(&mut self.batch) {
            // What a peer that is gone has asked for is still done.
            Ok(()) | Err(Refused::Ended(_)) => Ok(()),
            Err(Refused::SlowReader(reason)) => Err(End::SlowReader(reason)),
        }
    }
}
