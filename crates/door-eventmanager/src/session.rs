//! One connection: reader → bounded queue → session → outbox.

mod ending;
mod reader;

use std::sync::Arc;

use api::bus::{Ended, QueueLimits, Subscription};
use api::command::Ask;
use api::event::Event;
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
use tokio::time::{Instant, sleep_until, timeout};

use crate::config::Dialect;
use crate::error::{Code, Refusal};
use crate::events;
use crate::language::Language;
use crate::start::Shared;
use crate::wire::{Echo, LogLevel, Members, Request, error, ok};

use ending::End;
use reader::{Incoming, ReadEnd, Reader};

/// Messages that may wait for their session; the reader waits beyond. Each can be large.
const MESSAGES: usize = 16;

/// Most events handed on before messages are looked at again.
const EVENTS_PER_TURN: usize = 64;

/// Time for the reader to find the close frame of a peer that takes no more.
const LAST_LOOK: std::time::Duration = std::time::Duration::from_millis(200);

/// The state of one connection: hardly any, as a client is bound to nothing.
pub(crate) struct Session {
    pub(crate) shared: Arc<Shared>,
    language: Language,
    connection: u64,
    origin: Origin,
    /// `None`: there will be none.
    events: Option<Subscription>,
    /// Said, and not yet in the outbox.
    batch: Vec<Bytes>,
}

/// Serves one connection from its handshake to its last byte.
pub(crate) async fn run(
    shared: Arc<Shared>,
    language: Language,
    socket: WebSocket,
    peer: Peer,
    leaving: Leaving,
) {
    let connection = shared.new_connection();
    let (sink, stream) = socket.split();
    let (outbox, messages) = Outbox::of_messages(shared.outbox_limits());
    let signals = Signals::default();
    let writer = SocketWriter::new(sink, messages, signals.clone(), shared.config.ping)
        .without_deadline_for_pongs();
    let writing = shared.spawn(writer.run());
    let (sender, requests) = mpsc::channel(MESSAGES);
    if shared.logs(LogLevel::Info) {
        tracing::info!(connection, peer = %peer.address, "Event Manager client is connected");
    }
    let reader = Reader::new(sender, signals.clone(), &shared.config);
    let mut session = Session::new(shared, language, connection, &peer).await;
    let end = tokio::select! {
        biased;
        () = leaving.closed.cancelled() => End::ShuttingDown,
        () = leaving.told.cancelled() => End::ShuttingDown,
        both = try_join(read(reader, stream, &outbox), session.serve(&outbox, requests)) => match both {
            Ok((end, ())) => end.into(),
            Err(end) => end,
        },
    };
    tracing::debug!(connection, ?end, "Connection ends");
    session.leave(end, outbox, &signals).await;
    // It has ended, as the outbox was finished, cut, or found ended.
    writing.await.ok();
    drop(peer);
}

/// Until there is nothing more to read, or nothing more can be written.
async fn read(
    reader: Reader,
    stream: SplitStream<WebSocket>,
    outbox: &Outbox,
) -> Result<ReadEnd, End> {
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

/// The next event; waits for ever when there will be none.
async fn next(events: &mut Option<Subscription>) -> Result<Arc<Event>, Ended> {
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}

impl Session {
    async fn new(shared: Arc<Shared>, language: Language, connection: u64, peer: &Peer) -> Self {
        let events = shared
            .switch
            .observe(events::interest(), QueueLimits::default())
            .await;
        Self {
            origin: shared.origin(connection, peer.address),
            shared,
            language,
            connection,
            events: events.ok().map(|(_, events)| events),
            batch: Vec::new(),
        }
    }

    /// Until the reader has ended and everything it read is done.
    async fn serve(
        &mut self,
        outbox: &Outbox,
        mut requests: mpsc::Receiver<Incoming>,
    ) -> Result<(), End> {
        // A burst of events waits in the switch's queue while the peer takes what it has; a peer that takes nothing
        // for a while gets them on top, until its outbox is full.
        let mut full_until: Option<Instant> = None;
        // A command that has come, and how many events were there before it.
        let mut waiting: Option<(Incoming, usize)> = None;
        loop {
            let has_room = outbox.has_room();
            // One command at a time, and while it runs nothing else is said: its reply comes before the events it causes,
            // and after those that were there before it (event-manager.md §7).
            if let Some((incoming, _)) = waiting.take_if(|(_, before)| has_room && *before == 0) {
                Box::pin(self.handle(incoming)).await;
                self.flush(outbox)?;
                tokio::task::yield_now().await;
                continue;
            }
            let until = match full_until.filter(|_| !has_room) {
                Some(until) => until,
                None => Instant::now() + self.shared.config.slack,
            };
            full_until = (!has_room).then_some(until);
            let tells = has_room || until <= Instant::now();
            tokio::select! {
                event = next(&mut self.events), if tells => {
                    let told = self.tell(event)?;
                    if let Some((_, before)) = &mut waiting {
                        *before = before.saturating_sub(told);
                    }
                }
                incoming = requests.recv(), if has_room && waiting.is_none() => match incoming {
                    Some(incoming) => {
                        let before = self.events.as_ref().map_or(0, Subscription::waiting);
                        waiting = Some((incoming, before));
                        continue;
                    }
                    None => return Ok(()),
                },
                // A peer that does not read its replies gets no more of them until it does.
                () = outbox.room(), if !has_room => {}
                () = sleep_until(until), if !tells => {}
            }
            self.flush(outbox)?;
            // The writer gets its turn too.
            tokio::task::yield_now().await;
        }
    }

    /// Says this event and some behind it; gives how many that were. When there will be no more, that is all there were.
    fn tell(&mut self, first: Result<Arc<Event>, Ended>) -> Result<usize, End> {
        match first {
            Ok(event) => {
                self.say(events::message(&event, &self.shared, &self.language));
                Ok(1 + self.tell_waiting())
            }
            Err(Ended::Overrun(_)) => Err(End::LostEvents),
            Err(Ended::Stopped) => {
                self.events = None;
                Ok(usize::MAX)
            }
        }
    }

    /// Says what waits to be said, up to a turn of it; gives how many events that were.
    fn tell_waiting(&mut self) -> usize {
        // No more than fit into a queue that has room.
        let most = EVENTS_PER_TURN.min(self.shared.config.max_queue / 4);
        for told in 0..most {
            let Some(event) = self.events.as_mut().and_then(Subscription::try_next) else {
                return told;
            };
            self.say(events::message(&event, &self.shared, &self.language));
        }
        most
    }

    async fn handle(&mut self, incoming: Incoming) {
        let (text, too_fast) = match incoming {
            Incoming::Message(text) => (text, false),
            Incoming::TooFast(text) => (text, true),
        };
        if self.shared.logs(LogLevel::Verbose) {
            tracing::info!(connection = self.connection, frame = %&*text, "Received");
        }
        let shape = self.dialect().reply_shape;
        let members = Members::parse(&text);
        let echo = match &members {
            Some(_) => Echo::object(&text),
            None => Echo::text(&text),
        };
        let done = match members {
            _ if too_fast => Err(Refusal::new(Code::RateLimit, "too many commands")),
            None => Err(Refusal::value("not a JSON object")),
            Some(members) => match Request::read(&members, self.dialect()) {
                Ok(request) => self.perform(request, &members).await,
                Err(refusal) => Err(refusal),
            },
        };
        let reply = match done {
            Ok(results) => ok(shape, &echo, &results),
            Err(refusal) => {
                if self.shared.logs(LogLevel::Warning) {
                    tracing::warn!(connection = self.connection, why = %refusal.description(), "Command refused");
                }
                error(shape, &echo, &refusal)
            }
        };
        self.say(reply);
    }

    pub(crate) fn dialect(&self) -> &Dialect {
        &self.language.dialect
    }

    pub(crate) fn connection(&self) -> u64 {
        self.connection
    }

    pub(crate) async fn ask<C: Ask>(&self, command: C) -> Result<C::Answer, CommandError> {
        let done = self.shared.switch.ask(command, self.origin.clone()).await?;
        Ok(done.value)
    }

    fn say(&mut self, message: Bytes) {
        if !message.is_empty() && self.shared.logs(LogLevel::Verbose) {
            let frame = String::from_utf8_lossy(&message);
            tracing::info!(connection = self.connection, %frame, "Sent");
        }
        self.batch.push(message);
    }

    fn flush(&mut self, outbox: &Outbox) -> Result<(), End> {
        match outbox.push_all(&mut self.batch) {
            // What a peer that is gone has asked for is still done.
            Ok(()) | Err(Refused::Ended(_)) => Ok(()),
            Err(Refused::SlowReader(reason)) => Err(End::SlowReader(reason)),
        }
    }
}
