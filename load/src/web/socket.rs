//! A WebSocket with JSON on it, plain or TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a WebSocket runs on.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

pub(crate) struct JsonSocket(WebSocketStream<Box<dyn Stream>>);

impl JsonSocket {
    /// `protocol` is the one subprotocol offered.
    pub(crate) async fn connect(
        address: SocketAddr,
        tls: Option<&TlsConnector>,
        path: &str,
        protocol: &'static str,
    ) -> Result<Self> {
        let tcp = TcpStream::connect(address).await.context("connecting")?;
        tcp.set_nodelay(true).context("asking for no delay")?;
        let (stream, scheme): (Box<dyn Stream>, _) = match tls {
            None => (Box::new(tcp), "ws"),
            Some(connector) => {
                let name = ServerName::from(address.ip());
                let stream = connector.connect(name, tcp).await.context("TLS")?;
                (Box::new(stream), "wss")
            }
        };
        let mut request = format!("{scheme}://{address}{path}").into_client_request()?;
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", HeaderValue::from_static(protocol));
        let (socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .context("the WebSocket handshake")?;
        Ok(Self(socket))
    }

    pub(crate) async fn send(&mut self, message: &Value) -> Result<()> {
        let text = Message::text(message.to_string());
        self.0.send(text).await.context("sending")
    }

    /// The next message for which `wanted` says something; others are dropped.
    pub(crate) async fn wait<T>(
        &mut self,
        mut wanted: impl FnMut(&Value) -> Result<Option<T>>,
    ) -> Result<T> {
        tokio::time::timeout(PATIENCE, async {
            while let Some(message) = self.0.next().await {
                if let Message::Text(text) = message.context("receiving")?
                    && let Some(found) = wanted(&serde_json::from_str(&text)?)?
                {
                    return Ok(found);
                }
            }
            bail!("the connection ended")
        })
        .await
        .context("no answer in time")?
    }
}

/// TLS to a server whose certificate nobody has signed: only its own loopback is ever asked.
pub(crate) fn trusting() -> Result<TlsConnector> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .context("TLS versions")?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
