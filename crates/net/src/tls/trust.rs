//! Whom we believe when we are the ones that connect.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::{TlsError, certificates, unusable};

/// Whose certificates count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trust {
    /// Those of the well-known authorities.
    WellKnown,
    /// Those of the authorities in a PEM file.
    Authorities(PathBuf),
    /// Anybody's, for private networks: nobody can listen in, but who the peer is stays open.
    Anybody,
}

impl Trust {
    /// A connector for TLS 1.2 and 1.3 that believes those. Reads the file.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn connector(&self) -> Result<TlsConnector, TlsError> {
        match self {
            Self::WellKnown => connector(None),
            Self::Authorities(path) => connector(Some(path)),
            Self::Anybody => unchecked(),
        }
    }
}

fn unchecked() -> Result<TlsConnector, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    Ok(Arc::new(config).into())
}

/// Asks no authority. The peer still has to prove that it holds the key of what it shows.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
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
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// A connector for TLS 1.2 and 1.3 that checks certificates: against those of the file, or against the well-known
/// authorities when there is none. Reads the file.
///
/// # Errors
/// [`TlsError`].
pub fn connector(authorities: Option<&Path>) -> Result<TlsConnector, TlsError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(path) => {
            for certificate in certificates(path)? {
                let added = roots.add(certificate);
                added.map_err(|error| unusable(path, error.to_string()))?;
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config).into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::tls::{CurrentCertificate, NoHandshake, TlsSource, greet, handshake};

    #[tokio::test]
    async fn a_certificate_is_believed_by_authority_and_name() {
        let folder = std::env::temp_dir().join(format!("jackfield-trust-{}", std::process::id()));
        let pair = |name: &str| TlsSource::SelfSigned {
            folder: folder.join(name),
            names: vec![name.to_owned()],
        };
        let acceptor = CurrentCertificate::load(&pair("localhost"))
            .unwrap()
            .acceptor(&[])
            .unwrap();
        CurrentCertificate::load(&pair("other")).unwrap();
        let file = |name: &str| Trust::Authorities(folder.join(name).join("certificate.pem"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let within = Duration::from_secs(20);
        for (trust, name, believed) in [
            (file("localhost"), "localhost", true),
            (file("localhost"), "other", false),
            (file("other"), "localhost", false),
            (Trust::WellKnown, "localhost", false),
            (Trust::Anybody, "whoever", true),
        ] {
            let connector = trust.connector().unwrap();
            let near = TcpStream::connect(address).await.unwrap();
            let (far, _) = listener.accept().await.unwrap();
            let (greeted, accepted) = tokio::join!(
                greet(&connector, name, near, within),
                handshake(&acceptor, far, within),
            );
            assert_eq!(greeted.is_ok(), believed, "{trust:?} {name}");
            match greeted {
                Ok(_) => assert!(accepted.is_ok()),
                Err(error) => assert!(matches!(error, NoHandshake::Untrusted(_)), "{error}"),
            }
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_well_known_authorities_are_there_and_a_file_without_any_is_named() {
        assert!(connector(None).is_ok());
        let path = std::env::temp_dir().join(format!("jackfield-no-ca-{}", std::process::id()));
        std::fs::write(&path, "nothing").unwrap();
        let error = connector(Some(&path)).err().unwrap().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.ends_with("no certificate in it"), "{error}");
    }
}
