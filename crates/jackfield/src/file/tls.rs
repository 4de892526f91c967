//! Certificate and key of a listener.

use std::path::{Path, PathBuf};

use net::tls::TlsSource;

/// Where relative paths begin, where our own certificate is kept, and whom it is for.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) folder: &'a Path,
    pub(super) state: &'a Path,
    pub(super) hostname: &'a str,
}

/// The pair a section names; without one a self-signed pair, the same for every section. `None`: only one of the two.
pub(super) fn source(
    certificate: Option<&PathBuf>,
    key: Option<&PathBuf>,
    place: Place<'_>,
) -> Option<TlsSource> {
    match (certificate, key) {
        (Some(certificate), Some(key)) => Some(TlsSource::Files {
            certificate: place.folder.join(certificate),
            key: place.folder.join(key),
        }),
        (None, None) => Some(self_signed(place)),
        (Some(_), None) | (None, Some(_)) => None,
    }
}

/// A pair of our own.
pub(super) fn self_signed(place: Place<'_>) -> TlsSource {
    TlsSource::SelfSigned {
        folder: place.state.join("tls"),
        names: vec![
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "::1".to_owned(),
            place.hostname.to_owned(),
        ],
    }
}
