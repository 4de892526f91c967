//! The loop of the thread: datagrams of browsers and of phones' video, orders, audio from the media threads, timers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token, Waker};

use super::Order;
use super::peers::Peers;

/// The waker's token, and the first socket's.
pub(super) const WAKER: Token = Token(0);
pub(super) const FIRST_SOCKET: usize = 1;

/// Readiness events taken from one poll.
const EVENTS: usize = 64;
/// Datagrams read from one socket before other things get their turn.
const BATCH: usize = 256;
/// Longest datagram read; longer ones are cut, and refused as such.
const DATAGRAM: usize = 2048;
/// Orders served between two polls: one may take a millisecond.
const ORDERS_PER_TURN: usize = 16;
/// Longest sleep, so that a clock that jumped does no harm.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);
/// Time to the next attempt while reports wait for the switch.
const RETRY: Duration = Duration::from_millis(5);

pub(super) struct Thread {
    pub(super) poll: Poll,
    pub(super) orders: rtrb::Consumer<Order>,
    pub(super) peers: Peers,
    /// The sockets of browsers, whose tokens come first; those of lines follow.
    pub(super) browser_sockets: usize,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) waker: Arc<Waker>,
}

impl Thread {
    /// Works until told to stop.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS);
        let mut buffer = [0; DATAGRAM];
        // Sockets that may hold more than one batch; the poll tells of new arrivals only.
        let mut unread: Vec<usize> = Vec::new();
        let mut retry = false;
        while !self.stop.load(Ordering::Relaxed) {
            let now = Instant::now();
            let due = self.peers.due().unwrap_or(now + LONGEST_SLEEP);
            let longest = if retry { RETRY } else { LONGEST_SLEEP };
            let wait = if unread.is_empty() {
                due.saturating_duration_since(now).min(longest)
            } else {
                Duration::ZERO
            };
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "The thread of the WebRTC peers cannot poll any more");
                return;
            }
            let began = Instant::now();
            let ready = events
                .iter()
                .filter_map(|event| event.token().0.checked_sub(FIRST_SOCKET));
            unread.extend(ready);
            unread.sort_unstable();
            unread.dedup();
            unread.retain(|&socket| match socket.checked_sub(self.browser_sockets) {
                Some(_) => {
                    let token = Token(FIRST_SOCKET + socket);
                    self.peers.read_line(began, token, BATCH, &mut buffer)
                }
                None => self.peers.read(began, socket, BATCH, &mut buffer),
            });
            self.take_orders();
            self.peers.take_audio(Instant::now());
            self.peers.pass_time(Instant::now());
            retry = self.peers.end_round(began);
        }
        self.peers.close_all(Instant::now());
    }

    fn take_orders(&mut self) {
        for _ in 0..ORDERS_PER_TURN {
            let Ok(order) = self.orders.pop() else { return };
            match order {
                Order::Command(command) => self.peers.command(Instant::now(), command),
                Order::LegMoved { leg, worker } => self.peers.leg_moved(leg, worker),
            }
        }
        // More may be waiting: come back without waiting for a socket.
        if let Err(error) = self.waker.wake() {
            tracing::debug!(%error, "The thread of the WebRTC peers cannot wake itself");
        }
    }
}
