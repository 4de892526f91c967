//! The private key of a listener, out of a PEM file that may hold other things, too.

use std::path::Path;
use std::sync::Arc;

use pem::Pem;
use pkcs8::EncryptedPrivateKeyInfoRef;
use tokio_rustls::rustls::SignatureAlgorithm;
use tokio_rustls::rustls::crypto::aws_lc_rs::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::{
    PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};
use tokio_rustls::rustls::sign::SigningKey;

use super::{Passphrase, TlsError, read as read_file, unusable};

/// Reads the first key of a file.
///
/// # Errors
/// [`TlsError`]: no file, no key in it, encrypted without or with another passphrase, of another kind.
pub(super) fn read(
    path: &Path,
    passphrase: Option<&Passphrase>,
    rsa_only: bool,
) -> Result<Arc<dyn SigningKey>, TlsError> {
    let text = read_file(path)?;
    let blocks = pem::parse_many(text).map_err(|error| unusable(path, error.to_string()))?;
    let key = blocks.iter().find_map(|block| of_block(block, passphrase));
    let key = key.unwrap_or_else(|| Err("no private key in it".to_owned()));
    let key = key.map_err(|what| unusable(path, what))?;
    let key = any_supported_type(&key)?;
    if rsa_only && key.algorithm() != SignatureAlgorithm::RSA {
        return Err(unusable(path, "the key is not an RSA key"));
    }
    Ok(key)
}

/// The key in a block; `None` when it holds something else.
fn of_block(
    block: &Pem,
    passphrase: Option<&Passphrase>,
) -> Option<Result<PrivateKeyDer<'static>, String>> {
    let bytes = || block.contents().to_vec();
    let key = match block.tag() {
        "PRIVATE KEY" => PrivatePkcs8KeyDer::from(bytes()).into(),
        "RSA PRIVATE KEY" | "EC PRIVATE KEY" if block.headers().get("DEK-Info").is_some() => {
            // RFC 1421 §4.6; its key derivation is one round of MD5.
            let instead = "the key is encrypted in the old way of OpenSSL; convert it with: openssl pkcs8 -topk8";
            return Some(Err(instead.to_owned()));
        }
        "RSA PRIVATE KEY" => PrivatePkcs1KeyDer::from(bytes()).into(),
        "EC PRIVATE KEY" => PrivateSec1KeyDer::from(bytes()).into(),
        "ENCRYPTED PRIVATE KEY" => return Some(decrypt(block.contents(), passphrase)),
        _ => return None,
    };
    Some(Ok(key))
}

fn decrypt(der: &[u8], passphrase: Option<&Passphrase>) -> Result<PrivateKeyDer<'static>, String> {
    let Some(passphrase) = passphrase else {
        return Err("the key is encrypted and there is no passphrase".to_owned());
    };
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(der)
        .map_err(|error| format!("no encrypted key: {error}"))?;
    let key = encrypted.decrypt(passphrase.bytes()).map_err(|error| {
        format!("the key cannot be decrypted; is the passphrase right? ({error})")
    })?;
    Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}
