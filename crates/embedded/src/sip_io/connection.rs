//! One connection: a framer on the way in, a bounded outbox on the way out.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;

use net::tls::TlsAcceptor;
use net::{Cause, Listener, Outbox};
use sip::transport::{Flow, FlowId, Frame, Framer, Transport};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::connections::{Connections, Peer};
use super::tls::{self, Side};
use super::{OwnAddress, Shared, SipInput, malformed};

/// Bytes read at once.
const READ: usize = 16 << 10;
/// Time for the answer to the last message of a stream that is out of step.
const LAST_ANSWER: Duration = Duration::from_secs(1);
/// A connection on which no message is under way may be silent this long. Phones that registered
/// over it come back far sooner, to refresh or with a keep-alive.
const SILENCE: Duration = Duration::from_secs(2 * 3_600);

/// Takes in connections until the end; over TLS with an acceptor.
pub(super) async fn accept(
    listener: Listener,
    advertise: Option<IpAddr>,
    acceptor: Option<TlsAcceptor>,
    shared: Shared,
    connections: Arc<Connections>,
) {
    while let Some(accepted) = listener.accept(&shared.stop).await {
        // A connection accepted on a wildcard socket knows the address it came in on.
        let bound = accepted
            .stream
            .local_addr()
            .unwrap_or(listener.local_addr());
        let own = OwnAddress::new(bound, advertise);
        let flow = Flow {
            id: shared.new_flow(),
            transport: match acceptor {
                Some(_) => Transport::Tls,
                None => Transport::Tcp,
            },
            local: own.towards(accepted.peer),
            remote: accepted.peer,
        };
        let task = {
            let (shared, connections) = (shared.clone(), connections.clone());
            let acceptor = acceptor.clone();
            async move {
                match acceptor {
                    Some(acceptor) => {
                        secure(accepted.stream, &acceptor, flow, shared, connections).await;
                    }
                    None => {
                        let peer = Some(Peer::plain(flow.remote));
                        let halves = accepted.stream.into_split();
                        serve(halves, flow, peer, Vec::new(), shared, connections).await;
                    }
                }
                drop(accepted.place);
            }
        };
        shared.tasks.spawn(task);
    }
}

/// Greets a peer over TLS and serves it. Who it is nobody has proved, so only what belongs to this connection goes over
/// it, and no request for a name or an address it may claim.
async fn secure(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    flow: Flow,
    shared: Shared,
    connections: Arc<Connections>,
) {
    let greeted = tokio::select! {
        () = shared.stop.cancelled() => return,
        greeted = net::tls::handshake(acceptor, stream, shared.config.handshake_deadline) => greeted,
    };
    tls::count(Side::Accepted, &greeted);
    match greeted {
        Ok(stream) => {
            let halves = tokio::io::split(stream);
            serve(halves, flow, None, Vec::new(), shared, connections).await;
        }
        Err(error) => {
            shared.counters.count(error.cause());
            tracing::debug!(%error, "No TLS");
        }
    }
}

/// Why reading ended.
enum ReadEnd {
    /// The peer closed or reset.
    PeerGone,
    /// What it sent is no SIP, or took too long.
    Malformed,
    /// A wrong Content-Length: the 400 still goes out.
    OutOfStep,
    /// The switch is gone.
    NobodyListens,
}

/// Serves a connection to its end: what comes in and what goes out of it. `first` is sent at once. Requests to `peer`
/// may use it again.
pub(super) async fn serve<R, W>(
    (read, write): (R, W),
    flow: Flow,
    peer: Option<Peer>,
    first: Vec<bytes::Bytes>,
    shared: Shared,
    connections: Arc<Connections>,
) where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (outbox, writer) = Outbox::new(write, shared.config.outbox);
    let outbox = Arc::new(outbox);
    let cut = CancellationToken::new();
    connections.insert(flow.id, peer, outbox.clone(), cut.clone());
    for message in first {
        if outbox.push(message).is_err() {
            cut.cancel();
        }
    }
    {
        let mut writing = pin!(writer.run());
        let mut reading = pin!(receive(read, flow, &outbox, &shared));
        let end = tokio::select! {
            () = shared.stop.cancelled() => None,
            // Counted where the outbox refused.
            () = cut.cancelled() => None,
            outcome = &mut writing => {
                shared.counters.count(outcome.cause());
                None
            }
            end = &mut reading => Some(end),
        };
        match end {
            None => {}
            Some(ReadEnd::PeerGone) => shared.counters.count(Cause::PeerGone),
            Some(ReadEnd::NobodyListens) => shared.counters.count(Cause::Closed),
            Some(ReadEnd::Malformed) => malformed(&shared, flow.transport),
            Some(ReadEnd::OutOfStep) => {
                malformed(&shared, flow.transport);
                tokio::select! {
                    () = shared.stop.cancelled() => {}
                    _ = &mut writing => {}
                    () = sleep(LAST_ANSWER) => {}
                }
            }
        }
    }
    connections.remove(flow.id);
    report_closed(flow.id, &shared).await;
}

async fn report_closed(flow: FlowId, shared: &Shared) {
    tokio::select! {
        () = shared.stop.cancelled() => {}
        sent = shared.inputs.send(SipInput::FlowClosed(flow)) => {
            if sent.is_err() {
                tracing::debug!("The switch is gone");
            }
        }
    }
}

/// Reads until the peer or its patience ends.
async fn receive(
    mut read: impl AsyncRead + Unpin,
    flow: Flow,
    outbox: &Outbox,
    shared: &Shared,
) -> ReadEnd {
    let received = metrics::counter!("jackfield_sip_messages_total", "direction" => "in", "transport" => flow.transport.uri_param().unwrap_or("udp"));
    let mut framer = Framer::new();
    let mut buffer = vec![0; READ];
    // Until the first message is complete, and then for each from its first byte.
    let mut deadline = Instant::now() + shared.config.message_deadline;
    let mut mid_message = true;
    loop {
        let length = match timeout_at(deadline, read.read(&mut buffer)).await {
            Err(_elapsed) => return ReadEnd::Malformed,
            Ok(Err(_) | Ok(0)) => return ReadEnd::PeerGone,
            Ok(Ok(length)) => length,
        };
        framer.push(buffer.get(..length).unwrap_or(&[]));
        let mut complete = false;
        loop {
            match framer.next_frame() {
                Ok(None) => break,
                Ok(Some(Frame::Message(message))) => {
                    complete = true;
                    received.increment(1);
                    tracing::trace!(?message, "Received");
                    let is_last = message.defect() == Some(sip::message::Defect::ContentLength);
                    if shared
                        .inputs
                        .send(SipInput::Message { flow, message })
                        .await
                        .is_err()
                    {
                        return ReadEnd::NobodyListens;
                    }
                    if is_last {
                        return ReadEnd::OutOfStep;
                    }
                }
                Ok(Some(Frame::Ping)) => {
                    complete = true;
                    // A peer that pings without reading is found out by the outbox.
                    if outbox.push(Framer::PONG).is_err() {
                        return ReadEnd::PeerGone;
                    }
                }
                Ok(Some(Frame::Pong)) => complete = true,
                Err(_) => return ReadEnd::Malformed,
            }
        }
        // The clock of a message starts with its first byte and not again with each further one.
        let was_mid_message = mid_message && !complete;
        mid_message = framer.is_mid_message() || was_mid_message;
        if !mid_message {
            deadline = Instant::now() + SILENCE;
        } else if !was_mid_message {
            deadline = Instant::now() + shared.config.message_deadline;
        }
    }
}

/// The flow of a connection we opened.
pub(super) fn dialled_flow(id: FlowId, local: SocketAddr, peer: &Peer) -> Flow {
    Flow {
        id,
        transport: match peer.secure {
            Some(_) => Transport::Tls,
            None => Transport::Tcp,
        },
        local,
        remote: peer.remote,
    }
}
