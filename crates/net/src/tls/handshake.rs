//! The beginning of a connection over TLS.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::rustls::Error;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client};

use crate::counters::Cause;

/// Why a connection has no TLS. It is closed then.
#[derive(Debug, thiserror::Error)]
pub enum NoHandshake {
    /// The peer speaks something else, or leaves.
    #[error("the TLS handshake failed: {0}")]
    Failed(io::Error),
    /// We connected, and do not believe the certificate: its authority, its name or its time.
    #[error("the certificate is not believed: {0}")]
    Untrusted(Error),
    /// The time is over.
    #[error("the TLS handshake took too long")]
    Late,
}

impl NoHandshake {
    /// What to count.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Failed(_) => Cause::Malformed,
            Self::Untrusted(_) => Cause::DialFailed,
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

/// Begins TLS on a connection to a peer of that name, a host name or an address, within a time.
///
/// # Errors
/// [`NoHandshake`]; a text that can be no name is [`NoHandshake::Failed`].
pub async fn greet(
    connector: &TlsConnector,
    name: &str,
    stream: TcpStream,
    within: Duration,
) -> Result<client::TlsStream<TcpStream>, NoHandshake> {
    let name = ServerName::try_from(name.to_owned())
        .map_err(|error| NoHandshake::Failed(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
    match timeout(within, connector.connect(name, stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(why(error)),
        Err(_) => Err(NoHandshake::Late),
    }
}

fn why(error: io::Error) -> NoHandshake {
    let cause: Option<&Error> = error.get_ref().and_then(|inner| inner.downcast_ref());
    if let Some(untrusted @ Error::InvalidCertificate(_)) = cause {
        return NoHandshake::Untrusted(untrusted.clone());
    }
    NoHandshake::Failed(error)
}
