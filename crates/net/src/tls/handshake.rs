//! The beginning of a connection over TLS.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::counters::Cause;

/// Why a connection has no TLS. It is closed then.
#[derive(Debug, thiserror::Error)]
pub enum NoHandshake {
    /// The peer speaks something else, or leaves.
    #[error("the TLS handshake failed: {0}")]
    Failed(io::Error),
    /// The time is over.
    #[error("the TLS handshake took too long")]
    Late,
}

impl NoHandshake {
    /// What to count.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Failed(_) => Cause::Malformed,
            Self::Late => Cause::LoginTimeout,
        }
    }
}

/// Greets a peer, within a time.
///
/// # Errors
/// [`NoHandshake`].
pub async fn handshake(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    within: Duration,
) -> Result<TlsStream<TcpStream>, NoHandshake> {
    match timeout(within, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(NoHandshake::Failed(error)),
        Err(_) => Err(NoHandshake::Late),
    }
}
