//! Digest arithmetic (RFC 7616, RFC 8760): HA1, response, constant-time comparison.

use std::fmt;

use md5::Md5;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// A digest algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// What every phone has.
    Md5,
    /// RFC 8760.
    Sha256,
}

impl Algorithm {
    /// The token of the `algorithm` parameter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// Reads the token; absent means MD5.
    pub fn parse(token: Option<&str>) -> Option<Self> {
        match token {
            None => Some(Self::Md5),
            Some(token) => [Self::Md5, Self::Sha256]
                .into_iter()
                .find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(token)),
        }
    }

    /// The lower-case hexadecimal hash of pieces joined by colons.
    pub(crate) fn hash(self, pieces: &[&str]) -> String {
        match self {
            Self::Md5 => hex(&joined::<Md5>(pieces)),
            Self::Sha256 => hex(&joined::<Sha256>(pieces)),
        }
    }
}

fn joined<D: sha2::Digest>(pieces: &[&str]) -> Vec<u8> {
    let mut hash = D::new();
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            hash.update(b":");
        }
        hash.update(piece.as_bytes());
    }
    hash.finalize().to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 0x0F)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(*byte)])
        .collect()
}

/// H(user:realm:password) in lower-case hexadecimal: all that needs to be stored of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Ha1 {
    algorithm: Algorithm,
    hex: Box<str>,
}

impl Ha1 {
    /// Hashes a password.
    pub fn new(algorithm: Algorithm, username: &str, realm: &str, password: &str) -> Self {
        Self {
            algorithm,
            hex: algorithm.hash(&[username, realm, password]).into(),
        }
    }

    /// Takes a stored hash; `None` unless it is hexadecimal of the right length.
    pub fn from_hex(algorithm: Algorithm, hex: &str) -> Option<Self> {
        let length = match algorithm {
            Algorithm::Md5 => 32,
            Algorithm::Sha256 => 64,
        };
        let valid = hex.len() == length && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        valid.then(|| Self {
            algorithm,
            hex: hex.to_ascii_lowercase().into(),
        })
    }

    /// Whether it is the MD5 hash of these bytes; takes the same time wherever they differ.
    pub fn is_md5(&self, raw: &[u8; 16]) -> bool {
        self.algorithm == Algorithm::Md5 && same_secret(&self.hex, &hex(raw))
    }

    /// The algorithm it was made with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The `response` of a request. `qop` is nc, cnonce and the qop value, or `None` for the form
    /// of RFC 2069. All texts are hashed exactly as they stand in the header.
    pub(crate) fn response(
        &self,
        nonce: &str,
        qop: Option<(&str, &str, &str)>,
        method: &str,
        uri: &str,
    ) -> String {
        let ha2 = self.algorithm.hash(&[method, uri]);
        match qop {
            Some((nc, cnonce, qop)) => self
                .algorithm
                .hash(&[&self.hex, nonce, nc, cnonce, qop, &ha2]),
            None => self.algorithm.hash(&[&self.hex, nonce, &ha2]),
        }
    }
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ha1({})", self.algorithm.as_str())
    }
}

/// Compares in time that depends on the lengths only.
pub(crate) fn same_secret(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616 §3.9.1.
    #[test]
    fn the_examples_of_the_rfc_come_out() {
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let qop = Some((
            "00000001",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            "auth",
        ));
        for (algorithm, response) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (
                Algorithm::Sha256,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let ha1 = Ha1::new(
                algorithm,
                "Mufasa",
                "http-auth@example.org",
                "Circle of Life",
            );
            assert_eq!(ha1.response(nonce, qop, "GET", "/dir/index.html"), response);
            assert_eq!(Ha1::from_hex(algorithm, &ha1.hex.to_uppercase()), Some(ha1));
        }
    }

    #[test]
    fn raw_hashes_are_compared() {
        // sylkrtc.md §4.1: alice, example.org, wonderland.
        let ha1 = Ha1::new(Algorithm::Md5, "alice", "example.org", "wonderland");
        let mut raw = 0x72f8_6f20_5370_3faa_0f52_1ce7_1cfe_6f59_u128.to_be_bytes();
        assert!(ha1.is_md5(&raw));
        raw[15] ^= 1;
        assert!(!ha1.is_md5(&raw));
        let other = Ha1::new(Algorithm::Sha256, "alice", "example.org", "wonderland");
        raw[15] ^= 1;
        assert!(!other.is_md5(&raw));
    }

    #[test]
    fn stored_hashes_are_checked() {
        assert_eq!(Ha1::from_hex(Algorithm::Md5, "abc"), None);
        assert_eq!(Ha1::from_hex(Algorithm::Sha256, &"z".repeat(64)), None);
        assert!(same_secret("a", "a") && !same_secret("a", "b") && !same_secret("a", "aa"));
    }
}
