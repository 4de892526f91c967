//! One datagram socket: a reader task, writing on the spot, a bounded backlog when that blocks.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use sip::message::{MAX_MESSAGE, ParseError, parse_datagram};
use sip::transport::{Flow, FlowId, Target, Transmit, Transport};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::{OwnAddress, Shared, SipInput, SipListen, malformed, unreachable};

/// Datagrams read per wake-up before other tasks get their turn.
const READ_BATCH: usize = 16;
/// How often a datagram is tried: the errors of others are reported by whichever call comes next.
const TRIES: usize = 3;
/// Pause after an error of the socket itself, which would otherwise repeat at once.
const ERROR_PAUSE: Duration = Duration::from_millis(20);

/// A bound socket.
pub(super) struct UdpPort {
    flow: FlowId,
    socket: Arc<UdpSocket>,
    bound: SocketAddr,
    own: OwnAddress,
    backlog: mpsc::Sender<(Bytes, SocketAddr)>,
    waiting: Arc<AtomicUsize>,
    /// Taken by `start`.
    queue: std::sync::Mutex<Option<mpsc::Receiver<(Bytes, SocketAddr)>>>,
    sent: metrics::Counter,
    dropped: metrics::Counter,
}

impl UdpPort {
    pub(super) fn bind(shared: &Shared, listen: &SipListen) -> io::Result<Self> {
        let socket = Socket::new(
            Domain::for_address(listen.address),
            Type::DGRAM,
            Some(Protocol::UDP),
        )?;
        if listen.address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        if let Err(error) = socket.set_recv_buffer_size(shared.config.receive_buffer) {
            tracing::warn!(%error, "The receive buffer keeps its usual size");
        }
        socket.bind(&listen.address.into())?;
        let socket = UdpSocket::from_std(socket.into())?;
        if let Err(error) = unreachable::watch(&socket) {
            tracing::warn!(%error, "Requests to nobody fail late");
        }
        let bound = socket.local_addr()?;
        let (backlog, queue) = mpsc::channel(shared.config.datagram_backlog.max(1));
        Ok(Self {
            flow: shared.new_flow(),
            socket: Arc::new(socket),
            bound,
            own: OwnAddress::new(bound, listen.advertise),
            backlog,
            waiting: Arc::new(AtomicUsize::new(0)),
            queue: std::sync::Mutex::new(Some(queue)),
            sent: metrics::counter!("jackfield_sip_messages_total", "direction" => "out", "transport" => "udp"),
            dropped: metrics::counter!("jackfield_sip_dropped_total", "transport" => "udp"),
        })
    }

    pub(super) fn flow(&self) -> FlowId {
        self.flow
    }

    pub(super) fn bound(&self) -> SocketAddr {
        self.bound
    }

    /// Whether peers know this socket by that address.
    pub(super) fn is_at(&self, local: SocketAddr) -> bool {
        self.bound == local || self.own.towards(local) == local
    }

    pub(super) fn start(&self, shared: &Shared) {
        let Some(queue) = self
            .queue
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take()
        else {
            return;
        };
        let reader = Reader {
            flow: self.flow,
            socket: self.socket.clone(),
            own: self.own,
            shared: shared.clone(),
        };
        shared.tasks.spawn(reader.run());
        let writer = write_backlog(
            self.socket.clone(),
            queue,
            self.waiting.clone(),
            shared.clone(),
        );
        shared.tasks.spawn(writer);
    }

    /// Sends on the spot; behind the backlog when there is one.
    pub(super) fn send(&self, transmit: Transmit, shared: &Shared) {
        let remote = transmit.target.remote;
        if self.waiting.load(Ordering::Acquire) == 0 {
            let mut tries = 1;
            loop {
                match self.socket.try_send_to(&transmit.bytes, remote) {
                    Ok(_) => return self.sent.increment(1),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(_) if tries < TRIES => {
                        tries += 1;
                        report_returned(&self.socket, self.flow, self.own, shared);
                    }
                    Err(error) => {
                        tracing::debug!(%error, "A datagram was refused");
                        return shared.report_failed(transmit);
                    }
                }
            }
        }
        self.waiting.fetch_add(1, Ordering::AcqRel);
        if self.backlog.try_send((transmit.bytes, remote)).is_err() {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            self.dropped.increment(1);
        }
    }
}

/// Hands up the requests that nobody took; false when the socket had none to tell of.
fn report_returned(socket: &UdpSocket, flow: FlowId, own: OwnAddress, shared: &Shared) -> bool {
    let returned = unreachable::take(socket);
    let any = !returned.is_empty();
    for unreachable::Returned { remote, bytes } in returned {
        tracing::debug!(%remote, "Nobody took a datagram");
        shared.report_failed(Transmit {
            target: Target {
                flow: Some(flow),
                transport: Transport::Udp,
                local: own.towards(remote),
                remote,
            },
            bytes,
        });
    }
    any
}

async fn write_backlog(
    socket: Arc<UdpSocket>,
    mut queue: mpsc::Receiver<(Bytes, SocketAddr)>,
    waiting: Arc<AtomicUsize>,
    shared: Shared,
) {
    loop {
        let next = tokio::select! {
            () = shared.stop.cancelled() => return,
            next = queue.recv() => next,
        };
        let Some((bytes, remote)) = next else { return };
        if let Err(error) = socket.send_to(&bytes, remote).await {
            tracing::debug!(%error, "A datagram was refused");
        }
        waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

struct Reader {
    flow: FlowId,
    socket: Arc<UdpSocket>,
    own: OwnAddress,
    shared: Shared,
}

impl Reader {
    async fn run(self) {
        let mut buffer = vec![0; MAX_MESSAGE];
        let received = metrics::counter!("jackfield_sip_messages_total", "direction" => "in", "transport" => "udp");
        loop {
            let ready = tokio::select! {
                () = self.shared.stop.cancelled() => return,
                ready = self.socket.ready(Interest::READABLE | Interest::ERROR) => ready,
            };
            match ready {
                Ok(ready) if ready.is_error() => {
                    // Nothing is left to read afterwards, which is what makes the socket wait for the next error.
                    let taken = self.socket.try_io(Interest::ERROR, || {
                        report_returned(&self.socket, self.flow, self.own, &self.shared);
                        Err::<(), _>(io::ErrorKind::WouldBlock.into())
                    });
                    drop(taken);
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "A datagram socket is in trouble");
                    tokio::time::sleep(ERROR_PAUSE).await;
                    continue;
                }
            }
            for _ in 0..READ_BATCH {
                match self.socket.try_recv_from(&mut buffer) {
                    Ok((length, remote)) => {
                        received.increment(1);
                        let datagram = buffer.get(..length).unwrap_or(&[]);
                        if !self.deliver(datagram, remote).await {
                            return;
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(_) if report_returned(&self.socket, self.flow, self.own, &self.shared) => {}
                    Err(error) => {
                        tracing::debug!(%error, "A datagram could not be received");
                        tokio::time::sleep(ERROR_PAUSE).await;
                        break;
                    }
                }
            }
        }
    }

    /// Parses and hands up; false when nobody listens any more.
    async fn deliver(&self, datagram: &[u8], remote: SocketAddr) -> bool {
        let message = match parse_datagram(Bytes::copy_from_slice(datagram)) {
            Ok(message) => message,
            // A keep-alive (RFC 5626 §3.5.1 and what phones sent before it).
            Err(ParseError::Empty) => return true,
            Err(ParseError::TooLong | ParseError::TooManyHeaders | ParseError::StartLine) => {
                // Four zero bytes are the keep-alive of some phones; anything else is counted.
                if datagram.iter().any(|byte| *byte != 0) {
                    malformed(&self.shared, Transport::Udp);
                }
                return true;
            }
        };
        tracing::trace!(?message, "Received");
        let flow = Flow {
            id: self.flow,
            transport: Transport::Udp,
            local: self.own.towards(remote),
            remote,
        };
        tokio::select! {
            () = self.shared.stop.cancelled() => false,
            sent = self.shared.inputs.send(SipInput::Message { flow, message }) => sent.is_ok(),
        }
    }
}
