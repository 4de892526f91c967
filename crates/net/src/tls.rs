//! Certificate and key of a TLS listener: from files, or self-signed, made once and kept.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

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
    /// Self-signed: made when the folder has none, read from there afterwards, so that what was trusted by hand
    /// stays trusted.
    SelfSigned {
        /// Folder it is kept in; made when missing.
        folder: PathBuf,
        /// Host names and addresses it is for.
        names: Vec<String>,
    },
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
    let (certificate, key) = match source {
        TlsSource::Files { certificate, key } => (certificate.clone(), key.clone()),
        TlsSource::SelfSigned { folder, names } => self_signed(folder, names)?,
    };
    let chain = certificates(&certificate)?;
    let key = private_key(&key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let unusable = |what: String| TlsError::Pem {
        path: path.to_owned(),
        what,
    };
    let chain = chain.map_err(|error| unusable(error.to_string()))?;
    if chain.is_empty() {
        return Err(unusable("no certificate in it".to_owned()));
    }
    Ok(chain)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|error| TlsError::Pem {
        path: path.to_owned(),
        what: error.to_string(),
    })
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
