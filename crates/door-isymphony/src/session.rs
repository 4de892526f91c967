//! One event connection: reader and audience → bounded queues → session → outbox (event-api.md §3).

mod ending;
mod reader;

use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::ws::{Utf8Bytes, WebSocket};
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
use tokio_util::sync::CancellationToken;

use crate::audience::{Heard, Listener, Silence};
use crate::filter::Filter;
use crate::rights::Sight;
use crate::start::Shared;
use crate::wire::{self, Message};

use ending::End;
use reader::{ReadEnd, Reader};

/// Messages that may wait for their session; the reader waits beyond.
const MESSAGES: usize = 16;

/// Most of the switch's events handed on before messages are looked at again.
const EVENTS_PER_TURN: usize = 64;

/// Time for the reader to find the close frame of a peer that takes no more.
const LAST_LOOK: std::time::Duration = std::time::Duration::from_millis(200);

/// What is said to a message.
struct Answer {
    /// The correlation id.
    id: wire::Value,
    /// Why it could not be read, if so.
    outcome: Result<(), wire::Problem>,
    /// The filter that counts from then on, where it is applied here.
    filter: Option<Filter>,
}

/// The state of one connection.
struct Session {
    shared: Arc<Shared>,
    connection: u64,
    /// `None`: there will be no events.
    events: Option<Listener>,
    sight: Sight,
    /// The filter of somebody who does not see all: the audience tells them everything, and they are shown some of it here.
    filter: Filter,
    /// What is said to a message that is on its way through the audience: the next is read when this is said.
    answer: Option<Answer>,
    /// Said, and not yet in the outbox.
    batch: Vec<Bytes>,
    /// The time of the last thing said, Unix milliseconds: it never goes back (event-api.md §5.4).
    clock: i64,
    /// That a message was no JSON was logged.
    tolerated: bool,
}

/// What a connection is told of.
pub(crate) struct Told {
    /// `None`: the switch has stopped.
    pub(crate) events: Option<Listener>,
    pub(crate) sight: Sight,
}

/// Everything that happens from now on, for whom `sight` is of.
pub(crate) async fn join(shared: &Shared, mut sight: Sight) -> Told {
    let events = shared.audience.join(shared).await;
    // The view may be ahead of the first events; they say again what it says already.
    let view = shared.switch.view();
    sight.begin(&shared.config.groups, &shared.configuration.now(), &view);
    Told { events, sight }
}

/// Serves one connection from its handshake to its last byte, or until `ended`.
pub(crate) async fn run(
    shared: Arc<Shared>,
    told: Told,
    socket: WebSocket,
    peer: Peer,
    leaving: Leaving,
    ended: CancellationToken,
) {
    let (sink, stream) = socket.split();
    let (outbox, messages) = Outbox::of_messages(shared.outbox_limits());
    let signals = Signals::default();
    let writer = SocketWriter::new(sink, messages, signals.clone(), shared.config.ping)
        .without_deadline_for_pongs();
    let writing = shared.spawn(writer.run());
    let (sender, requests) = mpsc::channel(MESSAGES);
    let reader = Reader::new(sender, signals.clone(), &shared.config);
    let mut session = Session::new(shared, told);
    tracing::debug!(connection = session.connection, peer = %peer.address, "iSymphony client is connected");
    let end = tokio::select! {
        biased;
        () = leaving.closed.cancelled() => End::ShuttingDown,
        () = leaving.told.cancelled() => End::ShuttingDown,
        () = ended.cancelled() => End::SignedOut,
        both = try_join(read(reader, stream, &outbox), session.serve(&outbox, requests)) => match both {
            Ok((end, ())) => end.into(),
            Err(end) => end,
        },
    };
    tracing::debug!(connection = session.connection, ?end, "Connection ends");
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
async fn next(events: &mut Option<Listener>) -> Result<Heard, Silence> {
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}

impl Session {
    fn new(shared: Arc<Shared>, Told { events, sight }: Told) -> Self {
        Self {
            connection: shared.new_connection(),
            shared,
            sight,
            filter: Filter::default(),
            events,
            answer: None,
            batch: Vec::new(),
            clock: 0,
            tolerated: false,
        }
    }

    /// Until the reader has ended and everything it read is done.
    async fn serve(
        &mut self,
        outbox: &Outbox,
        mut requests: mpsc::Receiver<Utf8Bytes>,
    ) -> Result<(), End> {
        loop {
            tokio::select! {
                event = next(&mut self.events) => self.tell(event)?,
                // A peer that does not read its replies gets no more of them until it does.
                request = requests.recv(), if outbox.has_room() && self.answer.is_none() => match request {
                    Some(text) => self.handle(&text).await,
                    None => return Ok(()),
                },
                () = outbox.room(), if !outbox.has_room() => {}
            }
            self.flush(outbox)?;
            // The writer gets its turn too.
            tokio::task::yield_now().await;
        }
    }

    /// Says this and some of what is behind it.
    fn tell(&mut self, first: Result<Heard, Silence>) -> Result<(), End> {
        match first {
            Ok(heard) => self.say(heard),
            Err(Silence::Lost) => return Err(End::LostEvents),
            Err(Silence::Stopped) => {
                self.events = None;
                self.say_answer();
            }
        }
        for _ in 1..EVENTS_PER_TURN {
            let Some(heard) = self.events.as_mut().and_then(Listener::try_next) else {
                break;
            };
            self.say(heard);
        }
        Ok(())
    }

    fn say(&mut self, heard: Heard) {
        match heard {
            Heard::Line { text, at } => {
                if self.shows(&text) {
                    self.batch.push(text);
                }
                self.clock = self.clock.max(at);
            }
            Heard::Taken => self.say_answer(),
        }
    }

    fn say_answer(&mut self) {
        let Some(Answer {
            id,
            outcome,
            filter,
        }) = self.answer.take()
        else {
            return;
        };
        if let Some(filter) = filter {
            self.filter = filter;
        }
        let time = self.time();
        self.batch.push(match outcome {
            Ok(()) => wire::success(&id, time),
            Err(problem) => wire::failure(&id, &problem, time),
        });
    }

    /// Whether somebody who does not see all is shown this.
    fn shows(&mut self, line: &[u8]) -> bool {
        if matches!(self.sight, Sight::All) {
            return true;
        }
        let line = String::from_utf8_lossy(line);
        let objects = self.shared.configuration.now();
        let view = self.shared.switch.view();
        let groups = &self.shared.config.groups;
        // Also what no filter wants tells whose calls are whose.
        self.sight.sees(&line, groups, &objects, &view) && self.filter.passes(&line)
    }

    async fn handle(&mut self, text: &str) {
        let (done, id, tolerated) = wire::read(text, self.shared.config.lenient_filters);
        if tolerated && !std::mem::replace(&mut self.tolerated, true) {
            tracing::info!(
                connection = self.connection,
                "A filter message is no JSON and was understood all the same"
            );
        }
        let (filter, outcome) = match done {
            Ok(Message::Filter(entries)) => (Some(Filter::new(entries)), Ok(())),
            Err(problem) => (None, Err(problem)),
        };
        let (theirs, ours) = match self.sight {
            Sight::All => (filter, None),
            Sight::Person(_) | Sight::Own(_) => (None, filter),
        };
        let filter = ours;
        self.answer = Some(Answer {
            id,
            outcome,
            filter,
        });
        let is_taken = match &self.events {
            Some(events) => events.take(theirs).await,
            None => false,
        };
        if !is_taken {
            self.say_answer();
        }
    }

    /// Now, and never before what was said last.
    fn time(&mut self) -> i64 {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
        self.clock = self.clock.max(now);
        self.clock
    }

    fn flush(&mut self, outbox: &Outbox) -> Result<(), End> {
        match outbox.push_all(&mut self.batch) {
            Ok(()) | Err(Refused::Ended(_)) => Ok(()),
            Err(Refused::SlowReader(reason)) => Err(End::SlowReader(reason)),
        }
    }
}
