//! Diffie-Hellman parameters, which old configurations name. Our listeners speak no finite-field suites, so they are
//! looked at and not used.

use std::path::Path;

use x509_cert::der::asn1::UintRef;
use x509_cert::der::{Decode, Reader, SliceReader};

use super::{TlsError, read, unusable};

/// What a file of parameters holds (PKCS #3 §9).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DhParameters {
    /// Bits of the prime.
    pub bits: usize,
}

/// Reads the `DH PARAMETERS` of a PEM file.
///
/// # Errors
/// [`TlsError`] when there are none, or they make no sense.
pub fn dh_parameters(path: &Path) -> Result<DhParameters, TlsError> {
    let blocks = pem::parse_many(read(path)?).map_err(|error| unusable(path, error.to_string()))?;
    let block = blocks
        .iter()
        .find(|block| matches!(block.tag(), "DH PARAMETERS" | "X9.42 DH PARAMETERS"));
    let block = block.ok_or_else(|| unusable(path, "no DH PARAMETERS in it"))?;
    parse(block.contents()).ok_or_else(|| unusable(path, "its DH PARAMETERS make no sense"))
}

fn parse(der: &[u8]) -> Option<DhParameters> {
    let numbers = SliceReader::new(der).ok()?.sequence(|inside| {
        let numbers = (UintRef::decode(inside)?, UintRef::decode(inside)?);
        // A length of the private value, or the rest of X9.42, may follow.
        inside.read_slice(inside.remaining_len())?;
        Ok::<_, x509_cert::der::Error>(numbers)
    });
    let (prime, generator) = numbers.ok()?;
    let (prime, generator) = (prime.as_bytes(), generator.as_bytes());
    let is_odd = prime.last().is_some_and(|byte| byte & 1 == 1);
    let sensible = is_odd && prime.len() >= 64 && (generator.len() > 1 || generator > &[1][..]);
    sensible.then(|| DhParameters {
        bits: prime.len() * 8 - prime.first().map_or(0, |b| b.leading_zeros() as usize),
    })
}
