//! Certificate and key of a TLS listener: from files, or self-signed, made once and kept. They can be exchanged while
//! it serves.

mod current;
mod dh;
mod handshake;
mod key;
mod trust;

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
pub use tokio_rustls::{TlsAcceptor, TlsConnector};

pub use current::{Certificate, CurrentCertificate};
pub use dh::{DhParameters, dh_parameters};
pub use handshake::{NoHandshake, greet, handshake};
pub use trust::{Fingerprint, Trust, connector};

/// What HTTP is called in a handshake (RFC 7301 §6). A protocol without a name there is asked for by none.
pub const HTTP: &[&str] = &["http/1.1"];

/// Names of the files a self-signed pair is kept in.
const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";

/// Where the pair comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TlsSource {
    /// PEM files: the certificate followed by its chain, and its private key.
    Files {
        /// Certificate and chain.
        certificate: PathBuf,
        /// Private key: PKCS#8, SEC1 or PKCS#1.
        key: PathBuf,
    },
    /// The same with a key that may be encrypted, or must be RSA.
    GuardedFiles {
        /// Certificate and chain.
        certificate: PathBuf,
        /// Private key: as above, or encrypted PKCS#8.
        key: PathBuf,
        /// What the key is encrypted with; `None`: it is not.
        passphrase: Option<Passphrase>,
        /// Another kind of key is refused.
        rsa_only: bool,
    },
    /// Self-signed: made when the folder has none, read from there afterwards, so that what was trusted by hand
    /// stays trusted.
    SelfSigned {
        /// Folder it is kept in; made when missing.
        folder: PathBuf,
        /// Host names and addresses it is for.
        names: Vec<String>,
    },
}

/// The passphrase of a key; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Box<str>);

impl Passphrase {
    /// Keeps a text secret.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds no usable PEM.
    #[error("{}: {what}", path.display())]
    Pem {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The certificate is not valid any more, or not yet.
    #[error("{}: {what}", path.display())]
    Expired {
        /// Which file.
        path: PathBuf,
        /// Since or from when.
        what: String,
    },
    /// Certificate and key do not go together, or the key is of an unknown kind.
    #[error("certificate and key cannot be used: {0}")]
    Pair(#[from] rustls::Error),
    /// No certificate could be made.
    #[error("a self-signed certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
}

/// An acceptor for HTTP/1.1 over TLS 1.2 and 1.3. Reads files, and may write two.
///
/// # Errors
/// [`TlsError`].
pub fn acceptor(source: &TlsSource) -> Result<TlsAcceptor, TlsError> {
    CurrentCertificate::load(source)?.acceptor(HTTP)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let chain = chain.map_err(|error| unusable(path, error.to_string()))?;
    if chain.is_empty() {
        return Err(unusable(path, "no certificate in it"));
    }
    Ok(chain)
}

fn unusable(path: &Path, what: impl Into<String>) -> TlsError {
    TlsError::Pem {
        path: path.to_owned(),
        what: what.into(),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(of_file(path))
}

/// The two files, made when they are not there.
fn self_signed(folder: &Path, names: &[String]) -> Result<(PathBuf, PathBuf), TlsError> {
    let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
    if !(certificate.exists() && key.exists()) {
        let made = rcgen::generate_simple_self_signed(names)?;
        fs::create_dir_all(folder).map_err(of_file(folder))?;
        write(&key, &made.signing_key.serialize_pem(), true)?;
        write(&certificate, &made.cert.pem(), false)?;
        tracing::info!(path = %certificate.display(), "Made a self-signed certificate");
    }
    Ok((certificate, key))
}

/// Writes beside the place and moves it there, so that a crash leaves no half of a file.
fn write(path: &Path, text: &str, secret: bool) -> Result<(), TlsError> {
    let beside = path.with_extension("new");
    let write = || {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(if secret { 0o600 } else { 0o644 });
        }
        let mut file = options.open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(of_file(path))
}

fn of_file(path: &Path) -> impl Fn(io::Error) -> TlsError {
    move |source| TlsError::File {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let unique = format!("jackfield-tls-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(unique);
        fs::remove_dir_all(&folder).ok();
        folder
    }

    #[test]
    fn a_self_signed_pair_is_made_once_and_its_key_is_ours_alone() {
        let folder = folder("once");
        let source = TlsSource::SelfSigned {
            folder: folder.clone(),
            names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
        };
        assert!(acceptor(&source).is_ok());
        let first = fs::read(folder.join(CERTIFICATE)).unwrap();
        assert!(acceptor(&source).is_ok());
        assert_eq!(first, fs::read(folder.join(CERTIFICATE)).unwrap());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.join(KEY)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let files = TlsSource::Files {
            certificate: folder.join(CERTIFICATE),
            key: folder.join(KEY),
        };
        assert!(acceptor(&files).is_ok());
        fs::remove_dir_all(&folder).ok();
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        let folder = folder("wrong");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("empty.pem");
        fs::write(&path, "nothing").unwrap();
        let files = TlsSource::Files {
            certificate: path.clone(),
            key: path,
        };
        let error = acceptor(&files).err().unwrap().to_string();
        assert!(
            error.ends_with("empty.pem: no certificate in it"),
            "{error}"
        );
        fs::remove_dir_all(&folder).ok();
    }
}
