//! Whom we believe when we are the ones that connect.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{TlsError, certificates, unusable};

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
    use super::*;

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
