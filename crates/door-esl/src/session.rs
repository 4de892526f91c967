use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api::bus::Ended;
use api::command::control::{BeginControl, ControlId};
use api::view::Channel;
use api::{ChannelId, Origin};
use bytes::Bytes;
use esl::command::own::Contract;
use esl::console::Console;
use esl::reply;
use net::drain::Leaving;
use net::{Cause, Outbox, Refused, Stream};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::commands::login::Access;
use crate::ending::End;
use crate::events::{Delivery, Fate};
use crate::log_lines::LogLines;
use crate::outbound::Wanted;
use crate::reader::{ReadEnd, Reader};
use crate::slow_reader::{Put, SlowReader};
use crate::start::{NAME, Shared};
use crate::stream::{Item, OnOverrun};

/// Events handed to the outbox in one go before requests are looked at again.
const EVENTS_PER_TURN: usize = 256;

/// The same in bytes, where the outbox is not to be filled.
const BYTES_PER_TURN: usize = 256 << 10;

/// How long a peer that has chosen what becomes of its events may take nothing at all.
const PATIENCE: Duration = Duration::from_secs(3600);

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
    pub(crate) leaving: Leaving,
    slow: SlowReader,
    batch: Vec<Bytes>,
}

/// The channel a connection controls: since `myevents`, or because the channel's `socket` dialled it.
pub(crate) struct Controlled {
    pub(crate) channel: ChannelId,
    /// Of a connection we made.
    pub(crate) outbound: Option<Outbound>,
    /// The channel as it was when it ended.
    pub(crate) last: Option<Arc<Channel>>,
    /// `linger`: outlive the channel, for a time or without limit.
    pub(crate) linger: Option<Linger>,
    /// The channel was hung up.
    hung_up: bool,
    /// The linger notice was sent.
    lingering: bool,
    /// When a lingering connection ends.
    ends: Option<Instant>,
}

/// What is different on a connection that we made.
pub(crate) struct Outbound {
    pub(crate) control: ControlId,
    pub(crate) asynchronous: bool,
    pub(crate) full: bool,
    /// `myevents` was given.
    pub(crate) my_events: bool,
    /// When the program must have spoken; `None` once it has.
    pub(crate) speaks_by: Option<Instant>,
    /// Cancelled when the channel leaves the application.
    over: CancellationToken,
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
    stream: Stream,
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
    let reader = Reader::new(read_half);
    let mut session = Session::new(shared, peer, connection, reader, outbox, leaving.clone());
    let end = tokio::select! {
        biased;
        () = leaving.closed.cancelled() => End::ShuttingDown,
        end = session.serve() => end,
    };
    tracing::debug!(connection, ?end, "Connection ends");
    session.leave(end, &leaving).await;
    // It has ended, as the outbox was finished, cut, or found ended.
    writing.await.ok();
}

/// Serves a connection that we made to a program, which may do as the dialplan says and needs no password.
pub(crate) async fn run_outbound(
    shared: Arc<Shared>,
    stream: Stream,
    peer: SocketAddr,
    connection: u64,
    leaving: Leaving,
    wanted: Wanted,
    begin: BeginControl,
) {
    let (read_half, write_half) = stream.into_split();
    let (outbox, writer) = Outbox::new(write_half, shared.outbox_limits());
    let writing = shared.spawn(writer.run());
    let speaks_by = Instant::now() + shared.config.login_time;
    let reader = Reader::new(read_half);
    let mut session = Session::new(shared, peer, connection, reader, outbox, leaving.clone());
    session.access = Access::Full;
    session.controlled = Some(Controlled::outbound(wanted, speaks_by));
    let end = tokio::select! {
        biased;
        () = leaving.closed.cancelled() => End::ShuttingDown,
        end = session.serve_program(begin) => end,
    };
    tracing::debug!(connection, ?end, "Connection to a program ends");
    session.leave(end, &leaving).await;
    writing.await.ok();
}

/// The two frames of event-socket.md §1.2.
async fn refuse(stream: Stream) {
    let words = [
        reply::RUDE_REJECTION.as_bytes(),
        &reply::disconnect_notice(reply::GOODBYE),
    ]
    .concat();
    let (read_half, mut write_half) = stream.into_split();
    let speak = async {
        write_half.write_all(&words).await?;
        write_half.shutdown().await
    };
    // Best effort: it is refused either way.
    timeout(Duration::from_secs(1), speak).await.ok();
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
        leaving: Leaving,
    ) -> Self {
        let origin = Origin {
            door: NAME,
            peer: peer.to_string().into(),
            connection,
        };
        let server = shared.environment.server.clone();
        Self {
            delivery: Delivery::new(
                shared.switch.clone(),
                shared.environment.event_log.clone(),
                server,
                shared.queue_limits(),
            ),
            console: shared.console(origin),
            shared,
            peer,
            reader,
            outbox,
            access: Access::Unknown,
            log: LogLines::default(),
            controlled: None,
            leaving,
            slow: SlowReader::default(),
            batch: Vec::new(),
        }
    }

    async fn serve(&mut self) -> End {
        match self.converse().await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn serve_program(&mut self, begin: BeginControl) -> End {
        match self.converse_with_program(begin).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    /// The channel is watched before the switch is told, so that its end cannot be missed.
    async fn converse_with_program(
        &mut self,
        begin: BeginControl,
    ) -> Result<std::convert::Infallible, End> {
        self.delivery.watch(begin.channel.clone()).await?;
        let origin = self.console.origin.clone();
        if self.shared.switch.ask(begin, origin).await.is_err() {
            // The call ended while the program was dialled.
            return Err(End::Goodbye);
        }
        loop {
            self.turn().await?;
        }
    }

    async fn converse(&mut self) -> Result<std::convert::Infallible, End> {
        self.send(reply::GREETING.as_bytes())?;
        let told = self.leaving.told.clone();
        let login = timeout_at(
            Instant::now() + self.shared.config.login_time,
            self.log_in(),
        );
        tokio::select! {
            biased;
            () = told.cancelled() => return Err(End::ShuttingDown),
            login = login => login.unwrap_or(Err(End::LoginTimeout))?,
        }
        self.reader.lift_limit();
        loop {
            self.turn().await?;
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
    async fn turn(&mut self) -> Result<(), End> {
        let has_room = self.outbox.has_room();
        let takes_events = self.takes_events(has_room);
        let linger_ends = self.controlled.as_ref().and_then(|c| c.ends);
        let outbound = self.controlled.as_ref().and_then(|c| c.outbound.as_ref());
        let speaks_by = outbound.and_then(|outbound| outbound.speaks_by);
        let next = tokio::select! {
            biased;
            () = self.leaving.told.cancelled() => return Err(End::ShuttingDown),
            outcome = self.outbox.ended() => return Err(End::WriteEnded(outcome)),
            () = over(outbound) => return Err(End::Goodbye),
            () = at(speaks_by) => return Err(End::LoginTimeout),
            () = at(linger_ends) => return Err(End::Goodbye),
            () = std::future::ready(()), if has_room && self.slow.is_waiting() => {
                self.release()?;
                return self.glance(has_room).await;
            }
            event = self.delivery.next(), if takes_events => Next::Event(event),
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
    fn pass_on(&mut self, first: Result<Item, Ended>) -> Result<bool, End> {
        let mut next = Some(first?);
        let (mut passed, mut bytes) = (0, 0);
        let may_fill = self.may_fill_outbox();
        let hold_back =
            self.slow.holds_back() && (self.slow.is_waiting() || !self.outbox.has_room());
        while let Some(item) = next {
            passed += 1;
            match &item {
                Item::Live(event) if hold_back => self.hold_back(event),
                Item::Live(_) | Item::Kept(_) | Item::Missed(_) | Item::Skipped(..) => {
                    if let Some(frame) = self.delivery.frame(&item) {
                        bytes += frame.len();
                        self.batch.push(frame);
                    }
                }
            }
            self.follow_channel(self.delivery.fate(&item), item.channel())?;
            if passed == EVENTS_PER_TURN || bytes > BYTES_PER_TURN && !may_fill {
                self.flush()?;
                return Ok(true);
            }
            next = self.delivery.try_next();
        }
        self.flush()?;
        Ok(false)
    }

    /// Who has not chosen otherwise gets everything into the outbox until that is full, and ends then. Others, and what
    /// comes out of the log, wait until the peer reads.
    fn may_fill_outbox(&self) -> bool {
        self.slow.contract() == Contract::Disconnect && !self.delivery.is_replaying()
    }

    /// Whether the next event is to be fetched now.
    fn takes_events(&mut self, has_room: bool) -> bool {
        if !has_room && self.slow.contract() == Contract::Disk && self.delivery.fall_back() {
            self.shared.slow_readers.fell_back.increment(1);
        }
        has_room
            || match self.slow.contract() {
                Contract::Disconnect | Contract::Newest | Contract::Drop => {
                    !self.delivery.is_replaying()
                }
                Contract::Disk => false,
            }
    }

    fn hold_back(&mut self, event: &Arc<api::Event>) {
        if self.delivery.wants(event) {
            let sequence = self.delivery.sequence(event);
            let server = &self.shared.environment.server;
            match self.slow.put(event, sequence, server) {
                Put::Kept => {}
                Put::Replaced => self.shared.slow_readers.replaced.increment(1),
                Put::Dropped => self.shared.slow_readers.dropped.increment(1),
            }
        }
    }

    /// Sends what was held back, as long as there is room.
    fn release(&mut self) -> Result<(), End> {
        if let Some(dropped) = self.slow.take_dropped()
            && let Some(frame) = self.delivery.dropped_frame(&dropped)
        {
            self.send(frame)?;
        }
        while self.outbox.has_room()
            && let Some(item) = self.slow.take_newest()
        {
            if let Some(frame) = self.delivery.frame(&item) {
                self.send(frame)?;
            }
        }
        Ok(())
    }

    /// `slow-reader`. What another contract has held back is sent first.
    pub(crate) fn choose_contract(&mut self, contract: Contract) -> Result<(), End> {
        self.catch_up()?;
        while self.slow.is_waiting() {
            if let Some(dropped) = self.slow.take_dropped()
                && let Some(frame) = self.delivery.dropped_frame(&dropped)
            {
                self.send(frame)?;
            }
            if let Some(item) = self.slow.take_newest()
                && let Some(frame) = self.delivery.frame(&item)
            {
                self.send(frame)?;
            }
        }
        let (overrun, patience) = match contract {
            Contract::Disconnect => (OnOverrun::End, self.shared.config.write_deadline),
            Contract::Disk => (OnOverrun::ReadLog, PATIENCE),
            Contract::Newest | Contract::Drop => (OnOverrun::Skip, PATIENCE),
        };
        self.slow.choose(contract);
        self.delivery.on_overrun(overrun);
        self.outbox.set_write_deadline(patience);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), End> {
        self.outbox.push_all(&mut self.batch).map_err(End::from)
    }

    /// Ends or lingers when the controlled channel does (event-socket.md §2.14).
    fn follow_channel(&mut self, fate: Fate, channel: Option<&Arc<Channel>>) -> Result<(), End> {
        let Some(controlled) = &mut self.controlled else {
            return Ok(());
        };
        if fate == Fate::Live {
            return Ok(());
        }
        controlled.hung_up = true;
        if channel.is_some() {
            controlled.last = channel.cloned();
        }
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
            None if fate == Fate::Over || controlled.ends_with_hangup() => {
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
            self.follow_channel(Fate::HungUp, None)?;
        }
        self.flush()
    }

    fn linger_notice(&self, linger: Linger) -> Vec<u8> {
        let channel = self.controlled.as_ref().map(|c| c.channel.as_str());
        let name = self.controlled_channel().map(|c| c.name.clone());
        let name = name.as_deref().unwrap_or_default();
        reply::linger_notice(channel.unwrap_or_default(), name, linger.seconds)
    }

    /// The controlled channel as it is, or as it was when it ended.
    pub(crate) fn controlled_channel(&self) -> Option<Arc<Channel>> {
        let controlled = self.controlled.as_ref()?;
        let view = self.shared.switch.view();
        let live = view.channels.get(&controlled.channel).cloned();
        live.or_else(|| controlled.last.clone())
    }

    /// Whether the controlled channel is already down, in which case its end will not be announced again.
    pub(crate) fn channel_is_gone(&mut self) -> Result<(), End> {
        let view = self.shared.switch.view();
        let live = |c: &Controlled| view.channels.contains_key(&c.channel);
        if self.controlled.as_ref().is_none_or(live) {
            return Ok(());
        }
        self.follow_channel(Fate::Over, None)?;
        self.flush()
    }

    /// Puts a frame into the outbox.
    pub(crate) fn send(&self, frame: impl Into<Bytes>) -> Result<(), End> {
        self.outbox.push(frame).map_err(End::from)
    }

    fn send_log_line(&self, line: Vec<u8>) -> Result<(), End> {
        self.outbox.push(line).map_err(|refused| match refused {
            Refused::SlowReader(_) => End::LostLogLines,
            Refused::Ended(_) => refused.into(),
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
    Event(Result<Item, Ended>),
    Request(Result<esl::Request, ReadEnd>),
}

impl Controlled {
    pub(crate) fn new(channel: ChannelId) -> Self {
        Self {
            channel,
            outbound: None,
            last: None,
            linger: None,
            hung_up: false,
            lingering: false,
            ends: None,
        }
    }

    fn outbound(wanted: Wanted, speaks_by: Instant) -> Self {
        let Wanted { wish, over } = wanted;
        let outbound = Outbound {
            control: wish.control,
            asynchronous: wish.asynchronous,
            full: wish.full,
            my_events: false,
            speaks_by: Some(speaks_by),
            over,
        };
        Self {
            outbound: Some(outbound),
            ..Self::new(wish.channel)
        }
    }

    /// Whether the channel was hung up; it may be gone altogether.
    pub(crate) fn is_hung_up(&self) -> bool {
        self.hung_up
    }

    /// Where the channel itself talks with the program, nothing after its hangup comes (golden
    /// outbound-15-remote-hangup-sync).
    fn ends_with_hangup(&self) -> bool {
        self.outbound
            .as_ref()
            .is_some_and(|outbound| !outbound.asynchronous)
    }
}

async fn over(outbound: Option<&Outbound>) {
    match outbound {
        Some(outbound) => outbound.over.cancelled().await,
        None => std::future::pending().await,
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
