use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api::bus::Ended;
use api::{ChannelId, Event, Origin};
use bytes::Bytes;
use esl::console::Console;
use esl::reply;
use net::drain::Leaving;
use net::{Cause, Outbox, Refused};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::commands::login::Access;
use crate::ending::End;
use crate::events::{Delivery, Fate};
use crate::log_lines::LogLines;
use crate::reader::{ReadEnd, Reader};
use crate::start::{NAME, Shared};

/// Events handed to the outbox in one go before requests are looked at again.
const EVENTS_PER_TURN: usize = 256;

/// Time for a peer to close after our last words.
pub(crate) const LINGERING_CLOSE: Duration = Duration::from_secs(2);

/// One connection: reads requests, answers them in order, passes events and log lines on.
pub(crate) struct Session {
    pub(crate) shared: Arc<Shared>,
    pub(crate) peer: SocketAddr,
    pub(crate) reader: Reader,
    pub(crate) outbox: Outbox,
    pub(crate) console: Console,
    pub(crate) access: Access,
    pub(crate) delivery: Delivery,
    pub(crate) log: LogLines,
    pub(crate) controlled: Option<Controlled>,
    batch: Vec<Bytes>,
}

/// The channel a connection controls after `myevents`.
pub(crate) struct Controlled {
    pub(crate) channel: ChannelId,
    /// `linger`: outlive the channel, for a time or without limit.
    pub(crate) linger: Option<Linger>,
    /// The channel was hung up.
    hung_up: bool,
    /// The linger notice was sent.
    lingering: bool,
    /// When a lingering connection ends.
    ends: Option<Instant>,
}

/// How long a connection outlives its channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Linger {
    /// `None`: until the client leaves.
    pub(crate) seconds: Option<u32>,
}

/// Serves one connection from its first byte to its last.
pub(crate) async fn run(
    shared: Arc<Shared>,
    stream: TcpStream,
    peer: SocketAddr,
    connection: u64,
    leaving: Leaving,
) {
    if !shared.passes_acls(peer) {
        shared.counters.count(Cause::AclDenied);
        tracing::warn!(connection, "Connection refused by an access list");
        return refuse(stream).await;
    }
    let (read_half, write_half) = stream.into_split();
    let (outbox, writer) = Outbox::new(write_half, shared.outbox_limits());
    let writing = shared.spawn(writer.run());
    let mut session = Session::new(shared, peer, connection, Reader::new(read_half), outbox);
    let end = tokio::select! {
        biased;
        () = leaving.closed.cancelled() => End::ShuttingDown,
        end = session.serve(&leaving) => end,
    };
    tracing::debug!(connection, ?end, "Connection ends");
    session.leave(end, &leaving).await;
    // It has ended, as the outbox was finished, cut, or found ended.
    writing.await.ok();
}

/// The two frames of event-socket.md §1.2.
async fn refuse(mut stream: TcpStream) {
    let words = [
        reply::RUDE_REJECTION.as_bytes(),
        &reply::disconnect_notice(reply::GOODBYE),
    ]
    .concat();
    let speak = async {
        stream.write_all(&words).await?;
        stream.shutdown().await
    };
    // Best effort: it is refused either way.
    timeout(Duration::from_secs(1), speak).await.ok();
    let (read_half, _write_half) = stream.into_split();
    timeout(LINGERING_CLOSE, Reader::new(read_half).discard())
        .await
        .ok();
}

impl Session {
    fn new(
        shared: Arc<Shared>,
        peer: SocketAddr,
        connection: u64,
        reader: Reader,
        outbox: Outbox,
    ) -> Self {
        let origin = Origin {
            door: NAME,
            peer: peer.to_string().into(),
            connection,
        };
        let server = shared.environment.server.clone();
        Self {
            delivery: Delivery::new(shared.switch.clone(), server, shared.queue_limits()),
            console: shared.console(origin),
            shared,
            peer,
            reader,
            outbox,
            access: Access::Unknown,
            log: LogLines::default(),
            controlled: None,
            batch: Vec::new(),
        }
    }

    async fn serve(&mut self, leaving: &Leaving) -> End {
        match self.converse(leaving).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn converse(&mut self, leaving: &Leaving) -> Result<std::convert::Infallible, End> {
        self.send(reply::GREETING.as_bytes())?;
        let login = timeout_at(
            Instant::now() + self.shared.config.login_time,
            self.log_in(),
        );
        tokio::select! {
            biased;
            () = leaving.told.cancelled() => return Err(End::ShuttingDown),
            login = login => login.unwrap_or(Err(End::LoginTimeout))?,
        }
        self.reader.lift_limit();
        loop {
            self.turn(leaving).await?;
        }
    }

    async fn log_in(&mut self) -> Result<(), End> {
        while matches!(self.access, Access::Unknown) {
            let request = tokio::select! {
                outcome = self.outbox.ended() => return Err(End::WriteEnded(outcome)),
                request = self.reader.next() => request?,
            };
            self.handle(&request).await?;
        }
        Ok(())
    }

    /// One thing at a time: while a request runs, events and log lines queue, so that a reply always comes before
    /// the events it caused (event-socket.md §1.8).
    async fn turn(&mut self, leaving: &Leaving) -> Result<(), End> {
        let has_room = self.outbox.has_room();
        let linger_ends = self.controlled.as_ref().and_then(|c| c.ends);
        let next = tokio::select! {
            biased;
            () = leaving.told.cancelled() => return Err(End::ShuttingDown),
            outcome = self.outbox.ended() => return Err(End::WriteEnded(outcome)),
            () = at(linger_ends) => return Err(End::Goodbye),
            event = self.delivery.next() => Next::Event(event),
            line = self.log.next() => {
                let line = line.map_err(|_| End::LostLogLines)?;
                return self.send_log_line(line);
            }
            request = self.reader.next(), if has_room => Next::Request(request),
            // A peer that does not read its replies gets no more of them until it does.
            () = self.outbox.room(), if !has_room => return Ok(()),
        };
        match next {
            Next::Request(request) => self.handle(&request?).await,
            Next::Event(event) => {
                if self.pass_on(event)? {
                    // The writer gets its turn too.
                    tokio::task::yield_now().await;
                }
                self.glance(has_room).await
            }
        }
    }

    /// However many events come, requests and log lines do not wait for their end.
    async fn glance(&mut self, has_room: bool) -> Result<(), End> {
        let line = tokio::select! {
            biased;
            line = self.log.next() => Some(line),
            () = std::future::ready(()) => None,
        };
        if let Some(line) = line {
            self.send_log_line(line.map_err(|_| End::LostLogLines)?)?;
        }
        let request = tokio::select! {
            biased;
            request = self.reader.next(), if has_room => request,
            () = std::future::ready(()) => return Ok(()),
        };
        self.handle(&request?).await
    }

    /// Passes on this event and those queued behind it. True when there may be more.
    fn pass_on(&mut self, first: Result<Arc<Event>, Ended>) -> Result<bool, End> {
        let mut next = Some(first?);
        let mut passed = 0;
        while let Some(event) = next {
            passed += 1;
            if let Some(frame) = self.delivery.frame(&event) {
                self.batch.push(frame);
            }
            self.follow_channel(self.delivery.fate(&event))?;
            if passed == EVENTS_PER_TURN {
                break;
            }
            next = self.delivery.try_next();
        }
        self.flush()?;
        Ok(passed == EVENTS_PER_TURN)
    }

    fn flush(&mut self) -> Result<(), End> {
        self.outbox.push_all(&mut self.batch).map_err(End::from)
    }

    /// Ends or lingers when the controlled channel does (event-socket.md §2.14).
    fn follow_channel(&mut self, fate: Fate) -> Result<(), End> {
        let Some(controlled) = &mut self.controlled else {
            return Ok(());
        };
        if fate == Fate::Live {
            return Ok(());
        }
        controlled.hung_up = true;
        match controlled.linger {
            Some(linger) if !controlled.lingering => {
                controlled.lingering = true;
                controlled.ends = linger
                    .seconds
                    .map(|seconds| Instant::now() + Duration::from_secs(seconds.into()));
                let notice = self.linger_notice(linger);
                self.batch.push(notice.into());
                Ok(())
            }
            None if fate == Fate::Over => {
                self.flush()?;
                Err(End::Goodbye)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// `linger`: also starts the time when the channel is down already.
    pub(crate) fn set_linger(&mut self, linger: Linger) -> Result<(), End> {
        let Some(controlled) = &mut self.controlled else {
            return Ok(());
        };
        controlled.linger = Some(linger);
        controlled.lingering = false;
        if controlled.hung_up {
            self.follow_channel(Fate::HungUp)?;
        }
        self.flush()
    }

    fn linger_notice(&self, linger: Linger) -> Vec<u8> {
        let channel = self.controlled.as_ref().map(|c| c.channel.as_str());
        let channel = channel.unwrap_or_default();
        let view = self.shared.switch.view();
        let name = view.channel(channel).map(|c| c.name.clone());
        reply::linger_notice(channel, name.as_deref().unwrap_or_default(), linger.seconds)
    }

    /// Whether the controlled channel is already down, in which case its end will not be announced again.
    pub(crate) fn channel_is_gone(&mut self) -> Result<(), End> {
        let view = self.shared.switch.view();
        let live = |c: &Controlled| view.channels.contains_key(&c.channel);
        if self.controlled.as_ref().is_none_or(live) {
            return Ok(());
        }
        self.follow_channel(Fate::Over)?;
        self.flush()
    }

    /// Puts a frame into the outbox.
    pub(crate) fn send(&self, frame: impl Into<Bytes>) -> Result<(), End> {
        self.outbox.push(frame).map_err(End::from)
    }

    fn send_log_line(&self, line: Vec<u8>) -> Result<(), End> {
        self.outbox.push(line).map_err(|refused| match refused {
            Refused::SlowReader(_) => End::LostLogLines,
            Refused::Ended => refused.into(),
        })
    }

    /// Passes on what is queued already, so that a change of names, format or filters is for later events only.
    pub(crate) fn catch_up(&mut self) -> Result<(), End> {
        while let Some(event) = self.delivery.try_next() {
            self.pass_on(Ok(event))?;
        }
        Ok(())
    }
}

enum Next {
    Event(Result<Arc<Event>, Ended>),
    Request(Result<esl::Request, ReadEnd>),
}

impl Controlled {
    pub(crate) fn new(channel: ChannelId) -> Self {
        Self {
            channel,
            linger: None,
            hung_up: false,
            lingering: false,
            ends: None,
        }
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
