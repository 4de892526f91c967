//! The certificate a listener shows, which can be exchanged while it serves.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, InconsistentKeys, ServerConfig};
use x509_cert::der::Decode;

use super::{Fingerprint, TlsError, TlsSource, certificates, key, self_signed, unusable};

/// What is known of a certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// File it comes from.
    pub path: PathBuf,
    /// SHA-256 of it, as `AB:CD:…`.
    pub fingerprint: String,
    /// Valid from then on …
    pub from: SystemTime,
    /// … until then.
    pub until: SystemTime,
}

impl Certificate {
    /// # Errors
    /// When it is not valid at that time.
    fn check(&self, now: SystemTime) -> Result<(), TlsError> {
        let what = if now > self.until {
            "the certificate has expired"
        } else if now < self.from {
            "the certificate is not valid yet"
        } else {
            return Ok(());
        };
        Err(TlsError::Expired {
            path: self.path.clone(),
            what: what.to_owned(),
        })
    }
}

/// The pair that new connections are greeted with. Those there are keep the one they began with.
pub struct CurrentCertificate {
    source: TlsSource,
    shown: Arc<Shown>,
}

struct Shown(ArcSwap<(Arc<CertifiedKey>, Certificate)>);

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.load().1.fmt(f)
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load().0.clone())
    }
}

impl CurrentCertificate {
    /// Reads files, and may write two. One that has expired is taken with a warning: clients decide.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(source: &TlsSource) -> Result<Self, TlsError> {
        let pair = read(source)?;
        if let Err(error) = pair.1.check(SystemTime::now()) {
            tracing::warn!(%error, "Clients will refuse this");
        }
        Ok(Self {
            source: source.clone(),
            shown: Arc::new(Shown(ArcSwap::from_pointee(pair))),
        })
    }

    /// Reads the files again. On an error the pair stays.
    ///
    /// # Errors
    /// [`TlsError`], also when the new certificate is not valid now.
    pub fn reload(&self) -> Result<Certificate, TlsError> {
        let pair = read(&self.source)?;
        pair.1.check(SystemTime::now())?;
        let certificate = pair.1.clone();
        self.shown.0.store(Arc::new(pair));
        Ok(certificate)
    }

    /// What is shown now.
    pub fn certificate(&self) -> Certificate {
        self.shown.0.load().1.clone()
    }

    /// [`CurrentCertificate::reload`] for a door, which is so called in the log. The log says what came of it.
    ///
    /// # Errors
    /// As there.
    pub fn reload_for(&self, door: &'static str) -> Result<(), TlsError> {
        match self.reload() {
            Ok(Certificate {
                path, fingerprint, ..
            }) => {
                tracing::info!(door, path = %path.display(), sha256 = %fingerprint, "A door has another certificate");
                Ok(())
            }
            Err(error) => {
                tracing::error!(door, %error, "A door keeps its old certificate");
                Err(error)
            }
        }
    }

    /// An acceptor for TLS 1.2 and 1.3 that always shows the current pair. A client that names protocols must name one of
    /// these, unless there are none.
    ///
    /// # Errors
    /// [`TlsError::Pair`] when the library offers no such versions.
    pub fn acceptor(&self, protocols: &[&str]) -> Result<TlsAcceptor, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(self.shown.clone());
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn read(source: &TlsSource) -> Result<(Arc<CertifiedKey>, Certificate), TlsError> {
    let (path, key_path, passphrase, rsa_only) = match source {
        TlsSource::Files { certificate, key } => (certificate.clone(), key.clone(), None, false),
        TlsSource::GuardedFiles {
            certificate,
            key,
            passphrase,
            rsa_only,
        } => (
            certificate.clone(),
            key.clone(),
            passphrase.as_ref(),
            *rsa_only,
        ),
        TlsSource::SelfSigned { folder, names } => {
            let (certificate, key) = self_signed(folder, names)?;
            (certificate, key, None, false)
        }
    };
    let chain = certificates(&path)?;
    let certificate = describe(&path, &chain)?;
    let key = key::read(&key_path, passphrase, rsa_only)?;
    let pair = CertifiedKey::new(chain, key);
    match pair.keys_match() {
        // A kind of key that does not say its public half is found out by the first handshake.
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok((Arc::new(pair), certificate))
}

fn describe(path: &Path, chain: &[CertificateDer<'static>]) -> Result<Certificate, TlsError> {
    let broken = |error: &dyn std::fmt::Display| unusable(path, format!("no certificate: {error}"));
    let first = chain.first().ok_or_else(|| broken(&"empty"))?;
    let parsed = x509_cert::Certificate::from_der(first).map_err(|error| broken(&error))?;
    let validity = parsed.tbs_certificate().validity();
    Ok(Certificate {
        path: path.to_owned(),
        fingerprint: Fingerprint::of(first).to_string(),
        from: validity.not_before.to_system_time(),
        until: validity.not_after.to_system_time(),
    })
}
