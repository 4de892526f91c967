//! One media thread: polls its sockets until the next tick, relays what comes, ticks, sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::time::{Duration, Instant};

use media::control::{LegId, MediaReport, TransportFailure};
use media::spatial::Renderer;
use media::webrtc::NOWHERE;
use media::{Answer, DetachedLeg, Engine, EngineConfig, Output, Port, Request};
use mio::{Events, Poll, Token, Waker};

use super::clock::TickClock;
use super::counters::WorkerCounters;
use super::file_threads::FileJobs;
use super::mailbox::{Order, ReportLane};
use super::port_pool::PortPool;
use super::programs::{Heard, Programs};
use super::sockets::{AUDIO_CLASS, LegSockets, Sockets};
use super::web_lane::WorkerEnd;

/// Token 0 is the worker's waker.
const FIRST_TOKEN: usize = 1;
/// Readiness events taken from one poll.
const EVENTS: usize = 1024;
/// Datagrams read from one socket before others get their turn.
const BATCH: usize = 16;
/// Longest datagram read; longer ones are cut, and refused as such.
const DATAGRAM: usize = 2048;
/// From so many datagrams in a tick on, a thread rests between two polls and finds several waiting: the
/// cost of waking is shared, and a packet is at most this much later. Quiet threads relay at once.
const BUSY_DATAGRAMS: u64 = 64;
const REST: Duration = Duration::from_micros(500);
/// Packets taken from the lane between two polls; with more, the rest waits for the next round.
const LANE_PER_TURN: u64 = 2048;
/// Orders served between two polls, so that a burst of them does not delay a tick.
const ORDERS_PER_TURN: usize = 256;
/// Times a leg that cannot move yet (a file is being opened) is tried again, once per tick.
const MOVE_ATTEMPTS: u16 = 500;
/// Share of the time worked, in a second, that means saturated, and the one that means no longer.
const SATURATED: f64 = 0.80;
const RELIEVED: f64 = 0.70;
const LOAD_WINDOW: Duration = Duration::from_secs(1);

/// What comes to a worker from other threads than the switch's.
pub(super) enum Delivery {
    /// A file thread did something.
    Answer(Answer),
    /// Another worker hands over a leg.
    Leg(Box<Removal>),
    /// What rooms in three dimensions need.
    Renderer(Arc<Renderer>),
}

/// A leg on its way from one worker to another.
pub(super) struct Removal {
    leg: DetachedLeg,
    sockets: Option<LegSockets<LegId>>,
}

/// How to reach a worker.
#[derive(Clone)]
pub(super) struct Neighbour {
    pub(super) deliveries: SyncSender<Delivery>,
    pub(super) waker: Arc<Waker>,
}

impl Neighbour {
    pub(super) fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::debug!(%error, "A media thread cannot be woken");
        }
    }
}

/// What a worker is made of.
pub(super) struct WorkerParts {
    pub(super) index: usize,
    pub(super) poll: Poll,
    pub(super) pool: PortPool,
    pub(super) orders: rtrb::Consumer<Order>,
    pub(super) lane: Option<WorkerEnd>,
    pub(super) deliveries: Receiver<Delivery>,
    pub(super) neighbours: Vec<Neighbour>,
    pub(super) files: FileJobs,
    pub(super) reports: ReportLane,
    pub(super) counters: Arc<WorkerCounters>,
    pub(super) engine: EngineConfig,
    pub(super) stop: Arc<AtomicBool>,
}

/// A media thread's state; lives on that thread.
pub(super) struct Worker {
    index: usize,
    poll: Poll,
    sockets: Sockets<LegId>,
    programs: Programs,
    orders: rtrb::Consumer<Order>,
    lane: Option<WorkerEnd>,
    deliveries: Receiver<Delivery>,
    neighbours: Vec<Neighbour>,
    files: FileJobs,
    reports: ReportLane,
    counters: Arc<WorkerCounters>,
    engine: Engine,
    out: Output,
    /// Where datagrams are read.
    datagram: Box<[u8; DATAGRAM]>,
    stop: Arc<AtomicBool>,
    /// Sockets that may hold more than one batch; the poll tells of new arrivals only.
    unread: Vec<Token>,
    /// Datagrams of the tick before, and of this one so far.
    traffic_before: u64,
    traffic: u64,
    moves: Vec<(LegId, usize, u16)>,
    /// File jobs that found their queue full.
    unsent: Vec<Request>,
    load: Load,
}

/// Share of the time that was worked.
struct Load {
    since: Instant,
    busy: Duration,
    saturated: bool,
}

impl Worker {
    pub(super) fn new(parts: WorkerParts) -> std::io::Result<Self> {
        let registry = parts.poll.registry().try_clone()?;
        let programs = Programs::new(parts.poll.registry().try_clone()?);
        Ok(Self {
            index: parts.index,
            poll: parts.poll,
            sockets: Sockets::new(registry, parts.pool, FIRST_TOKEN, AUDIO_CLASS),
            programs,
            orders: parts.orders,
            lane: parts.lane,
            deliveries: parts.deliveries,
            neighbours: parts.neighbours,
            files: parts.files,
            reports: parts.reports,
            counters: parts.counters,
            engine: Engine::new(parts.engine),
            out: Output::new(),
            datagram: Box::new([0; DATAGRAM]),
            stop: parts.stop,
            unread: Vec::with_capacity(EVENTS),
            traffic_before: 0,
            traffic: 0,
            moves: Vec::new(),
            unsent: Vec::new(),
            load: Load {
                since: Instant::now(),
                busy: Duration::ZERO,
                saturated: false,
            },
        })
    }

    /// Works until told to stop.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS);
        let mut clock = TickClock::new(Instant::now());
        while !self.stop.load(Ordering::Relaxed) {
            let wait = if self.unread.is_empty() {
                clock.wait(Instant::now())
            } else {
                Duration::ZERO
            };
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "A media thread cannot poll its sockets any more");
                return;
            }
            let began = Instant::now();
            let traffic = self.traffic;
            self.read_unread(began);
            for event in &events {
                if self.read(began, event.token()) {
                    self.unread.push(event.token());
                }
            }
            self.take_lane();
            self.take_orders();
            self.take_deliveries();
            if let Some(tick) = clock.take(Instant::now()) {
                self.tick(tick.due, tick.skipped);
            }
            if let Some(lane) = &mut self.lane {
                lane.wake();
            }
            let now = self.measure(began);
            if self.traffic > traffic
                && self.traffic_before >= BUSY_DATAGRAMS
                && self.unread.is_empty()
            {
                std::thread::sleep(REST.min(clock.wait(now)));
            }
        }
    }

    fn tick(&mut self, due: Instant, skipped: u64) {
        let lateness_us = due.elapsed().as_micros() as u64;
        if lateness_us > self.counters.worst_lateness_us.get() {
            self.counters.worst_lateness_us.set(lateness_us);
        }
        self.traffic_before = std::mem::take(&mut self.traffic);
        self.counters.ticks.add(1);
        self.counters.skipped_ticks.add(skipped);
        self.engine.tick(due, &mut self.out);
        self.settle();
        self.try_moves();
        for request in std::mem::take(&mut self.unsent) {
            self.fulfil(request);
        }
        self.settle();
        self.reports.flush();
        self.counters.encoded.set(self.out.encoded);
        self.counters.rendered.set(self.out.rendered);
        self.counters.legs.set(self.engine.leg_count() as u64);
        self.counters.rooms.set(self.engine.room_count() as u64);
    }

    fn read_unread(&mut self, now: Instant) {
        // Each gets one batch; those with still more stay in the list.
        let mut at = 0;
        while at < self.unread.len() {
            if self.read(now, self.unread[at]) {
                at += 1;
            } else {
                self.unread.swap_remove(at);
            }
        }
    }

    /// Reads one batch from a socket and sends what follows from it at once; says whether there may
    /// be more. `now` is when the poll told of it, which is nearer to its arrival than the reading.
    fn read(&mut self, now: Instant, token: Token) -> bool {
        if Programs::owns(token) {
            return self.read_program(now, token);
        }
        let mut received = 0;
        for _ in 0..BATCH {
            let Some((leg, port, socket)) = self.sockets.at(token) else {
                return false;
            };
            match socket.recv_from(self.datagram.as_mut_slice()) {
                Ok((length, from)) => {
                    received += 1;
                    let datagram = &mut self.datagram[..length];
                    self.engine
                        .receive(now, leg, port, from, datagram, &mut self.out);
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    self.received(received);
                    return false;
                }
                // A peer's port is closed (ICMP): its next datagrams may still be good.
                Err(_) => {}
            }
        }
        self.received(received);
        true
    }

    /// The same for the socket of a program.
    fn read_program(&mut self, now: Instant, token: Token) -> bool {
        let mut received = 0;
        let mut more = true;
        while received < BATCH as u64 {
            let Some((leg, remote, heard)) =
                self.programs.read(token, self.datagram.as_mut_slice())
            else {
                more = false;
                break;
            };
            match heard {
                Heard::Bytes(length) => {
                    received += 1;
                    let bytes = &mut self.datagram[..length];
                    self.engine
                        .receive(now, leg, Port::Unicast, remote, bytes, &mut self.out);
                }
                Heard::Nothing => {
                    more = false;
                    break;
                }
                Heard::End => {
                    self.programs.close(leg);
                    let result = Err(TransportFailure::Refused);
                    self.engine
                        .answer(Answer::Connected { leg, result }, &mut self.out);
                    more = false;
                    break;
                }
            }
        }
        self.received(received);
        self.settle();
        more
    }

    /// Takes what browsers said, once per round.
    fn take_lane(&mut self) {
        let now = Instant::now();
        let mut received = 0;
        while let Some(mut parcel) = self.lane.as_mut().and_then(WorkerEnd::pop) {
            let leg = parcel.leg();
            self.engine.receive(
                now,
                leg,
                Port::Web,
                NOWHERE,
                parcel.datagram(),
                &mut self.out,
            );
            received += 1;
            if received % BATCH as u64 == 0 {
                self.settle();
            }
            if received == LANE_PER_TURN {
                break;
            }
        }
        self.received(received);
    }

    fn received(&mut self, datagrams: u64) {
        if datagrams > 0 {
            self.traffic += datagrams;
            self.counters.datagrams_in.add(datagrams);
            self.settle();
        }
    }

    fn take_orders(&mut self) {
        for _ in 0..ORDERS_PER_TURN {
            let Ok(order) = self.orders.pop() else { return };
            match order {
                Order::Command(command) => {
                    self.engine.handle(Instant::now(), command, &mut self.out);
                    self.settle();
                }
                Order::Move { leg, to } => {
                    self.moves.push((leg, to, MOVE_ATTEMPTS));
                    self.try_moves();
                }
            }
        }
        // More are waiting: come back without waiting for a socket.
        self.neighbours[self.index].wake();
    }

    fn take_deliveries(&mut self) {
        while let Ok(delivery) = self.deliveries.try_recv() {
            match delivery {
                Delivery::Answer(answer) => self.engine.answer(answer, &mut self.out),
                Delivery::Leg(removal) => self.adopt(*removal),
                Delivery::Renderer(renderer) => self.engine.equip(renderer),
            }
            self.settle();
        }
    }

    /// Sends, asks and reports what the engine wants, until it wants nothing more.
    fn settle(&mut self) {
        loop {
            let mut sent = 0;
            let mut failed = 0;
            let mut dropped = 0;
            for (datagram, bytes) in self.out.datagrams() {
                if datagram.port == Port::Web {
                    let lane = self.lane.as_mut();
                    if !lane.is_some_and(|lane| lane.push(datagram.leg, bytes)) {
                        dropped += 1;
                    }
                } else if datagram.port == Port::Unicast {
                    if self.programs.send(datagram.leg, bytes) {
                        sent += 1;
                    } else {
                        failed += 1;
                    }
                } else if self
                    .sockets
                    .send(datagram.leg, datagram.port, datagram.to, bytes)
                {
                    sent += 1;
                } else {
                    failed += 1;
                }
            }
            if sent > 0 {
                self.counters.datagrams_out.add(sent);
            }
            if failed > 0 {
                self.counters.send_failures.add(failed);
            }
            if dropped > 0 {
                self.counters.web_dropped.add(dropped);
            }
            self.out.clear_datagrams();
            for report in self.out.reports.drain(..) {
                self.reports.send(report);
            }
            for source in self.out.retired.drain(..) {
                self.files.retire(source);
            }
            if self.out.requests.is_empty() {
                return;
            }
            for request in std::mem::take(&mut self.out.requests) {
                self.fulfil(request);
            }
        }
    }

    fn fulfil(&mut self, request: Request) {
        let now = Instant::now();
        match request {
            Request::Bind { leg, address } => {
                let result = self.sockets.bind(now, leg, address);
                self.engine
                    .answer(Answer::Bound { leg, result }, &mut self.out);
            }
            Request::Connect { leg, link } => {
                let result = self.programs.connect(leg, &link);
                self.engine
                    .answer(Answer::Connected { leg, result }, &mut self.out);
            }
            Request::Release { leg } => {
                self.sockets.release(now, leg);
                self.programs.close(leg);
            }
            Request::OpenSource { .. } | Request::OpenSink { .. } | Request::CloseSink { .. } => {
                // A full queue keeps the job here until the next tick: nothing is lost, only late.
                if let Err(request) = self.files.submit(self.index, request) {
                    self.unsent.push(request);
                }
            }
        }
    }

    fn try_moves(&mut self) {
        let mut at = 0;
        while at < self.moves.len() {
            let (leg, to, attempts) = self.moves[at];
            let there = self.engine.has_leg(leg);
            if there && !self.send_away(leg, to) && attempts > 0 {
                self.moves[at].2 = attempts - 1;
                at += 1;
            } else {
                self.moves.swap_remove(at);
            }
        }
    }

    /// Hands a leg to another worker; `false`: not yet.
    fn send_away(&mut self, leg: LegId, to: usize) -> bool {
        if to == self.index {
            self.reports.send(MediaReport::Moved { leg, worker: to });
            return true;
        }
        let Some(detached) = self.engine.detach(leg) else {
            return false;
        };
        let removal = Removal {
            leg: detached,
            sockets: self.sockets.remove(leg),
        };
        let delivery = Delivery::Leg(Box::new(removal));
        match self.neighbours[to].deliveries.try_send(delivery) {
            Ok(()) => {
                self.neighbours[to].wake();
                true
            }
            Err(TrySendError::Full(delivery) | TrySendError::Disconnected(delivery)) => {
                if let Delivery::Leg(removal) = delivery {
                    self.take_in(*removal);
                }
                false
            }
        }
    }

    fn adopt(&mut self, removal: Removal) {
        let leg = removal.leg.id();
        if self.take_in(removal) {
            self.reports.send(MediaReport::Moved {
                leg,
                worker: self.index,
            });
        }
    }

    fn take_in(&mut self, removal: Removal) -> bool {
        let Removal { leg, sockets } = removal;
        let id = leg.id();
        if self.engine.attach(leg).is_err() {
            tracing::error!(
                leg = id.0,
                "A leg was moved to a thread that has one of that name"
            );
            return false;
        }
        if let Some(sockets) = sockets
            && self.sockets.insert(sockets).is_err()
        {
            tracing::error!(leg = id.0, "The sockets of a leg were lost in a move");
        }
        true
    }

    fn measure(&mut self, began: Instant) -> Instant {
        let now = Instant::now();
        let busy = now.duration_since(began);
        self.load.busy += busy;
        self.counters.busy_us.add(busy.as_micros() as u64);
        let window = now.duration_since(self.load.since);
        if window < LOAD_WINDOW {
            return now;
        }
        let share = self.load.busy.as_secs_f64() / window.as_secs_f64();
        self.load.since = now;
        self.load.busy = Duration::ZERO;
        let saturated = share
            > if self.load.saturated {
                RELIEVED
            } else {
                SATURATED
            };
        if saturated != self.load.saturated {
            self.load.saturated = saturated;
            self.reports.send(MediaReport::WorkerSaturated {
                worker: self.index,
                on: saturated,
            });
        }
        now
    }
}
