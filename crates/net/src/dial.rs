//! Connects to others over TCP, within a time.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::stream::Stream;

/// Idle time after which the system asks whether the peer is still there, and the time between questions
/// (event-socket.md §3.1).
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Connects to the first address of `host` that answers; looking it up counts towards `within`, and no address may use
/// up the time of those behind it. Small writes go out at once.
///
/// # Errors
/// The last address's, `NotFound` when there is none, `TimedOut`.
pub async fn dial(host: &str, port: u16, within: Duration) -> io::Result<TcpStream> {
    let end = Instant::now() + within;
    let found = timeout_at(end, lookup_host((host, port))).await??;
    let addresses: Vec<SocketAddr> = found.collect();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for (tried, address) in addresses.iter().enumerate() {
        let left = end.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                let keepalive = TcpKeepalive::new()
                    .with_time(KEEPALIVE)
                    .with_interval(KEEPALIVE);
                SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(late) => last = late.into(),
        }
    }
    Err(last)
}

/// Why nobody was reached over TLS.
#[derive(Debug, thiserror::Error)]
pub enum NotReached {
    /// Nobody is there.
    #[error(transparent)]
    Dial(#[from] io::Error),
    /// Somebody is there who speaks no TLS, or did not prove who they are.
    #[error("TLS: {0}")]
    Tls(#[source] io::Error),
    /// What nobody can prove to be: no name, and no address.
    #[error("the host's name cannot be checked")]
    Name,
}

/// As [`dial`], with a handshake in which the host proves to be `host`. That counts towards `within`, too.
///
/// # Errors
/// [`NotReached`].
pub async fn dial_secure(
    host: &str,
    port: u16,
    tls: &TlsConnector,
    within: Duration,
) -> Result<Stream, NotReached> {
    let end = Instant::now() + within;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| NotReached::Name)?;
    let stream = dial(host, port, within).await?;
    match timeout_at(end, tls.connect(name, stream)).await {
        Ok(Ok(stream)) => Ok(Stream::Secure(Box::new(stream.into()))),
        Ok(Err(error)) => Err(NotReached::Tls(error)),
        Err(late) => Err(NotReached::Tls(late.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_listener_is_reached_by_name_and_by_address() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "localhost"] {
            let stream = dial(host, port, Duration::from_secs(10)).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap().port(), port);
            assert!(stream.nodelay().unwrap());
        }
    }

    #[tokio::test]
    async fn nobody_there_is_said_at_once() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let error = dial("127.0.0.1", port, Duration::from_secs(10))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    /// A listener whose queue is full answers nobody: the system drops what comes, as a dead host does.
    #[tokio::test]
    async fn a_host_that_does_not_answer_ends_in_time() {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        socket.bind(&any.into()).unwrap();
        socket.listen(0).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let mut held = Vec::new();
        let began = Instant::now();
        loop {
            match dial("127.0.0.1", address.port(), Duration::from_millis(300)).await {
                Ok(stream) => held.push(stream),
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                    break;
                }
            }
            assert!(held.len() < 64, "the queue is never full");
        }
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}
