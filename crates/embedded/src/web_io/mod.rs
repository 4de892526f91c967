//! The shell of the WebRTC peers, and of the video of phones: one thread with its sockets, timers and peers.
//!
//! [`WebThread`] is the switch's end: it posts commands and gets reports. The thread is no media thread, because the
//! library of the peers allocates with every packet (docs/decisions/0009-peers-beside-the-media-threads.md); audio
//! reaches the media threads by lanes. It is one thread, so that what one browser sends to others, in calls and in rooms
//! (docs/decisions/0010-rooms-forward-and-do-not-mix.md), never changes threads.

mod counters;
mod peers;
mod reports;
mod side;
mod sockets;
mod stun;
mod thread;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use media::control::{LegId, WebCommand, WebReport};
use media::webrtc::{Identity, PeerSettings};
use mio::{Poll, Token, Waker};
use tokio::sync::mpsc;

use crate::media_io::Stalled;
use crate::media_io::mailbox::{self, OrderSender};
use crate::media_io::port_pool::PortPool;
use crate::media_io::web_lane::WebEnd;

pub use counters::WebCounters;
pub(crate) use side::WebSide;

use peers::{Lines, Peers};
use reports::ReportLane;
use sockets::Sockets;
use thread::Thread;

/// Reports on their way to the switch. When it is full, the thread keeps the rest.
const REPORTS: usize = 4096;

/// How browsers reach us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebConfig {
    /// Addresses of ours, each one UDP port for all browsers and a candidate for each. Port 0 picks one. Must be
    /// addresses a browser can send to, so not `0.0.0.0`.
    pub listen: Vec<SocketAddr>,
    /// The address the world sees in place of those of its family, for a server behind a NAT that forwards the same
    /// port. Added as a second candidate.
    pub advertise: Option<IpAddr>,
    /// Leave the finding of a way to the browsers (RFC 8445 §2.5); right for servers all of them can reach.
    pub ice_lite: bool,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            listen: vec![(Ipv4Addr::LOCALHOST, 0).into()],
            advertise: None,
            ice_lite: false,
        }
    }
}

/// What the thread is told.
pub(crate) enum Order {
    /// By the switch.
    Command(WebCommand),
    /// A leg lives on another media worker now.
    LegMoved {
        /// Which leg.
        leg: LegId,
        /// On which worker.
        worker: usize,
    },
}

/// The thread before it runs: media workers want to know how to wake it.
pub(crate) struct Prepared {
    poll: Poll,
    waker: Arc<Waker>,
    sockets: Sockets,
    settings: Option<PeerSettings>,
}

impl Prepared {
    /// Binds the sockets and makes the certificate. `None`: no browsers are expected, only the video of phones.
    ///
    /// # Errors
    /// When an address cannot be bound or is none browsers can send to.
    pub(crate) fn new(config: Option<&WebConfig>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), thread::WAKER)?);
        let Some(config) = config else {
            return Ok(Self {
                poll,
                waker,
                sockets: Sockets::default(),
                settings: None,
            });
        };
        let sockets = Sockets::bind(config, poll.registry(), Token(thread::FIRST_SOCKET))?;
        let identity = Identity::new().map_err(io::Error::other)?;
        let settings = Some(PeerSettings {
            identity,
            addresses: sockets.addresses(),
            ice_lite: config.ice_lite,
        });
        Ok(Self {
            poll,
            waker,
            sockets,
            settings,
        })
    }

    pub(crate) fn waker(&self) -> &Arc<Waker> {
        &self.waker
    }

    /// Starts the thread; reports come from the receiver, in order. Ports for the video of phones are taken from `ports`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(
        self,
        lanes: Vec<WebEnd>,
        ports: PortPool,
    ) -> io::Result<(WebThread, mpsc::Receiver<WebReport>)> {
        let (reports, receiver) = mpsc::channel(REPORTS);
        let (orders, taken) = mailbox::orders(self.waker.clone());
        let counters = Arc::new(WebCounters::default());
        let stop = Arc::new(AtomicBool::new(false));
        let addresses = self.sockets.addresses();
        let browser_sockets = self.sockets.len();
        let registry = self.poll.registry().try_clone()?;
        let lines = Lines::new(registry, ports, thread::FIRST_SOCKET + browser_sockets);
        let reports = ReportLane::new(reports, counters.clone());
        let peers = Peers::new(
            self.settings,
            self.sockets,
            lanes,
            lines,
            reports,
            counters.clone(),
        );
        let thread = Thread {
            poll: self.poll,
            orders: taken,
            peers,
            browser_sockets,
            stop: stop.clone(),
            waker: self.waker,
        };
        let thread = std::thread::Builder::new()
            .name("web".to_owned())
            .spawn(move || thread.run())?;
        let web = WebThread {
            orders,
            counters,
            addresses: addresses.into_iter().map(|address| address.bound).collect(),
            thread: Some(thread),
            stop,
        };
        Ok((web, receiver))
    }
}

/// The running thread of the WebRTC peers. Dropping it stops and joins it; browsers are told.
pub struct WebThread {
    orders: OrderSender<Order>,
    counters: Arc<WebCounters>,
    addresses: Vec<SocketAddr>,
    thread: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl WebThread {
    /// Keeps a command, behind all earlier ones, for [`WebThread::flush`]. Never waits.
    ///
    /// # Errors
    /// [`Stalled`] when the thread has stopped taking orders.
    pub fn post(&mut self, command: WebCommand) -> Result<(), Stalled> {
        self.orders.post(Order::Command(command))
    }

    /// Tells that a leg lives on another media worker now.
    ///
    /// # Errors
    /// As [`WebThread::post`].
    pub fn leg_moved(&mut self, leg: LegId, worker: usize) -> Result<(), Stalled> {
        self.orders.post(Order::LegMoved { leg, worker })
    }

    /// Sends orders that were kept and wakes the thread once for all of them. Says whether any are still kept: call again soon then.
    pub fn flush(&mut self) -> bool {
        self.orders.flush() > 0
    }

    /// What it counts.
    #[must_use]
    pub fn counters(&self) -> &Arc<WebCounters> {
        &self.counters
    }

    /// Where browsers reach it.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

impl Drop for WebThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.orders.wake();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The thread of the WebRTC peers had panicked");
        }
    }
}

#[cfg(test)]
mod tests;
