//! Whom we believe when we are the ones that connect.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
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

/// Which servers are believed to be who they should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trust {
    /// Those the well-known authorities vouch for, under the name they are asked by.
    WellKnown,
    /// Those the authorities in this PEM file vouch for, under the name they are asked by.
    Authorities(PathBuf),
    /// The one with this certificate, whatever names stand in it and whenever it is valid.
    Fingerprint(Fingerprint),
    /// Anybody: what is said cannot be read on the way, but perhaps it is said to somebody else.
    Anybody,
}

impl Trust {
    /// Those of a file, or else the well-known ones.
    pub fn in_authorities(file: Option<&Path>) -> Self {
        file.map_or(Self::WellKnown, |path| Self::Authorities(path.to_owned()))
    }
}

/// SHA-256 of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Reads 64 hexadecimal digits, with colons between the bytes (`AB:CD:…`) or without.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = if text.contains(':') {
            let bytes = text.split(':').map(str::as_bytes);
            let pairs: Option<Vec<&[u8]>> =
                bytes.map(|two| (two.len() == 2).then_some(two)).collect();
            pairs?.concat()
        } else {
            text.as_bytes().to_vec()
        };
        let digit = |byte: &u8| {
            char::from(*byte)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        let digits: Option<Vec<u8>> = digits.iter().map(digit).collect();
        let digits = digits?;
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|two| two.iter().fold(0, |high, low| high << 4 | low))
            .collect();
        (digits.len() == 64).then(|| bytes.try_into().ok().map(Self))?
    }

    /// That of a certificate, DER.
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Fingerprint {
    /// As `AB:CD:…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let between = if at == 0 { "" } else { ":" };
            write!(f, "{between}{byte:02X}")?;
        }
        Ok(())
    }
}

/// A connector for TLS 1.2 and 1.3. Reads the file of authorities, if one is named.
///
/// # Errors
/// [`TlsError`].
pub fn connector(trust: &Trust) -> Result<TlsConnector, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?;
    let by_authorities = |roots| {
        builder
            .clone()
            .with_root_certificates(roots)
            .with_no_client_auth()
    };
    let by_ourselves = |expected| {
        let verifier = Arc::new(Itself { expected, provider });
        let verified = builder
            .clone()
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        verified.with_no_client_auth()
    };
    let config = match trust {
        Trust::WellKnown => {
            let mut roots = RootCertStore::empty();
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            by_authorities(roots)
        }
        Trust::Authorities(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                let added = roots.add(certificate);
                added.map_err(|error| unusable(path, error.to_string()))?;
            }
            by_authorities(roots)
        }
        Trust::Fingerprint(expected) => by_ourselves(Some(*expected)),
        Trust::Anybody => by_ourselves(None),
    };
    Ok(Arc::new(config).into())
}

/// Looks at the certificate itself instead of at who vouches for it. That the server has its key is checked all the same.
#[derive(Debug)]
struct Itself {
    /// `None`: any.
    expected: Option<Fingerprint>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Itself {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = Fingerprint::of(certificate);
        match self.expected {
            Some(expected) if expected != shown => {
                let what = format!("the certificate has another fingerprint: {shown}");
                Err(Error::General(what))
            }
            Some(_) | None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
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
            let connector = connector(&trust).unwrap();
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
        assert!(connector(&Trust::WellKnown).is_ok());
        let path = std::env::temp_dir().join(format!("jackfield-no-ca-{}", std::process::id()));
        std::fs::write(&path, "nothing").unwrap();
        let error = connector(&Trust::in_authorities(Some(&path)));
        let error = error.err().unwrap().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.ends_with("no certificate in it"), "{error}");
    }

    #[test]
    fn fingerprints_as_the_server_and_as_openssl_print_them() {
        let bytes: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 8).unwrap());
        let plain: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let parts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        let shown = parts.join(":");
        for text in [&plain, &shown] {
            assert_eq!(Fingerprint::parse(text), Some(Fingerprint(bytes)), "{text}");
        }
        assert_eq!(Fingerprint(bytes).to_string(), shown);
        let odd = shown.replacen("00:08", "0:008", 1);
        let long = format!("{plain}00");
        for wrong in [
            "",
            ":",
            &plain[2..],
            &long,
            &odd,
            &shown[3..],
            &plain.replace('f', "g"),
        ] {
            assert_eq!(Fingerprint::parse(wrong), None, "{wrong}");
        }
    }
}
