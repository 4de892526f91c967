//! The server side: challenges and verdicts.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};

use super::digest::{Algorithm, Ha1, hex, same_secret};
use super::nonce::{Nonces, Standing};
use super::params::DigestParams;
use crate::message::header::quote;
use crate::message::{HeaderName, Message, Method, Uri};

/// Which pair of headers is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeKind {
    /// 401 with WWW-Authenticate and Authorization: registrars and user agents.
    Www,
    /// 407 with Proxy-Authenticate and Proxy-Authorization: proxies, and servers that route.
    Proxy,
}

impl ChallengeKind {
    /// 401 or 407.
    pub fn code(self) -> u16 {
        match self {
            Self::Www => 401,
            Self::Proxy => 407,
        }
    }

    fn challenge_header(self) -> HeaderName {
        match self {
            Self::Www => HeaderName::WwwAuthenticate,
            Self::Proxy => HeaderName::ProxyAuthenticate,
        }
    }

    fn credentials_header(self) -> HeaderName {
        match self {
            Self::Www => HeaderName::Authorization,
            Self::Proxy => HeaderName::ProxyAuthorization,
        }
    }
}

/// What became of the credentials in a request. Only `Accepted` lets anyone in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Right user, right password, nonce count not seen before.
    Accepted {
        /// The user named.
        username: String,
    },
    /// No credentials for this realm: challenge.
    NoCredentials,
    /// Credentials that cannot be read, of a kind we never asked for, or made for another request: 400 or challenge.
    Malformed,
    /// Right password, but the nonce is old, unknown or foreign: challenge with `stale`.
    Stale {
        /// The user named.
        username: String,
    },
    /// Right password, but this nonce count was used before: challenge with `stale`.
    Replayed {
        /// The user named.
        username: String,
    },
    /// The lookup knows no such user: answer as for a wrong password.
    UnknownUser {
        /// The user named.
        username: String,
    },
    /// 403, or challenge again.
    WrongPassword {
        /// The user named.
        username: String,
    },
}

/// Who asks for what, handed to the lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// The user named.
    pub username: &'a str,
    /// The realm named.
    pub realm: &'a str,
    /// The algorithm used: the HA1 must be of this one.
    pub algorithm: Algorithm,
}

/// Issues challenges and judges credentials.
#[derive(Debug)]
pub struct Authenticator {
    nonces: Nonces,
    opaque: String,
}

impl Authenticator {
    /// How long a nonce serves.
    pub const NONCE_LIFETIME: Duration = Duration::from_secs(600);
    /// Nonces remembered at once, about 100 bytes each. The oldest go first and become stale.
    pub const NONCES: usize = 200_000;

    /// An authenticator with its own secret. Nonces of another seed are stale here.
    pub fn new(seed: [u8; 32]) -> Self {
        Self::with_bounds(seed, Self::NONCE_LIFETIME, Self::NONCES)
    }

    /// The same with other bounds.
    pub fn with_bounds(seed: [u8; 32], lifetime: Duration, capacity: usize) -> Self {
        let mut rng = StdRng::from_seed(seed);
        let mut key = [0; 32];
        rng.fill_bytes(&mut key);
        let mut opaque = [0; 8];
        rng.fill_bytes(&mut opaque);
        Self {
            nonces: Nonces::new(key, rng, lifetime, capacity),
            opaque: hex(&opaque),
        }
    }

    /// The headers of a 401 or 407, one per algorithm in the order given (RFC 8760 §2.4 wants the
    /// preferred first). Old phones fail on a challenge they cannot read, so offer SHA-256 only to
    /// accounts known to have it.
    pub fn challenge(
        &mut self,
        now: Instant,
        kind: ChallengeKind,
        realm: &str,
        algorithms: &[Algorithm],
        stale: bool,
    ) -> Vec<(String, String)> {
        let nonce = self.nonces.issue(now);
        let stale = if stale { ", stale=true" } else { "" };
        let realm = quote(realm);
        algorithms
            .iter()
            .map(|algorithm| {
                let value = format!(
                    "Digest realm={realm}, nonce=\"{nonce}\", opaque=\"{}\", algorithm={}, qop=\"auth\"{stale}",
                    self.opaque,
                    algorithm.as_str()
                );
                (kind.challenge_header().as_str().to_owned(), value)
            })
            .collect()
    }

    /// Judges the credentials of a request for a realm. `lookup` gives the stored HA1 of a user.
    ///
    /// The password is checked before the nonce, so that `stale` is said only to those who know it
    /// (RFC 7616 §3.3). Credentials without qop (RFC 2069) are accepted once per nonce.
    pub fn verify(
        &mut self,
        now: Instant,
        kind: ChallengeKind,
        realm: &str,
        request: &Message,
        lookup: impl FnOnce(Claim<'_>) -> Option<Ha1>,
    ) -> Verdict {
        let mut malformed = false;
        let credentials = request
            .header_lines(kind.credentials_header())
            .find_map(|value| {
                let params = DigestParams::parse(value);
                malformed |= params.is_none();
                params.filter(|params| params.get("realm") == Some(realm))
            });
        match (credentials, request.method()) {
            (Some(credentials), _) if !is_for(&credentials, request, realm) => Verdict::Malformed,
            (Some(credentials), Some(method)) => self
                .judge(now, &credentials, realm, method.as_str(), lookup)
                .unwrap_or(Verdict::Malformed),
            (Some(_), None) | (None, _) if malformed => Verdict::Malformed,
            (Some(_), None) | (None, _) => Verdict::NoCredentials,
        }
    }

    /// `None` when a parameter is missing or malformed.
    fn judge(
        &mut self,
        now: Instant,
        credentials: &DigestParams<'_>,
        realm: &str,
        method: &str,
        lookup: impl FnOnce(Claim<'_>) -> Option<Ha1>,
    ) -> Option<Verdict> {
        let username = credentials.get("username")?.to_owned();
        let nonce = credentials.get("nonce")?;
        let uri = credentials.get("uri")?;
        let response = credentials.get("response")?;
        let algorithm = Algorithm::parse(credentials.get("algorithm"))?;
        let (qop, count) = match credentials.get("qop") {
            None => (None, 1),
            Some(qop) if qop.eq_ignore_ascii_case("auth") => {
                // Eight hexadecimal digits, hashed as they stand.
                let nc = credentials.get("nc").filter(|nc| nc.len() == 8)?;
                let count = u32::from_str_radix(nc, 16)
                    .ok()
                    .filter(|_| !nc.starts_with('+'))?;
                (Some((nc, credentials.get("cnonce")?, qop)), count)
            }
            Some(_) => return None,
        };
        let Some(ha1) = lookup(Claim {
            username: &username,
            realm,
            algorithm,
        }) else {
            return Some(Verdict::UnknownUser { username });
        };
        let expected = ha1.response(nonce, qop, method, uri);
        if ha1.algorithm() != algorithm || !same_secret(&expected, &response.to_ascii_lowercase()) {
            return Some(Verdict::WrongPassword { username });
        }
        Some(match self.nonces.use_up(now, nonce, count) {
            Standing::Fresh => Verdict::Accepted { username },
            Standing::Stale => Verdict::Stale { username },
            Standing::Replayed => Verdict::Replayed { username },
        })
    }

    /// Nonces remembered.
    pub fn nonces_in_use(&self) -> usize {
        self.nonces.len()
    }
}

/// Whether credentials were made for this request: their `uri` means what the Request-URI means (RFC 7616 §3.4.6), or
/// they could be shown to us by whoever got them for something else.
///
/// Proxies may have changed host, port and parameters since (RFC 3261 §22.4), so these are not compared, and the host
/// may be the realm. Some clients name the server alone, without a user. A registrar has no other users (§10.2).
fn is_for(credentials: &DigestParams<'_>, request: &Message, realm: &str) -> bool {
    let (Some(named), Some(asked)) = (credentials.get("uri"), request.request_uri()) else {
        return false;
    };
    if named == asked {
        return true;
    }
    let (Ok(named), Ok(asked)) = (Uri::parse(named), Uri::parse(asked)) else {
        return false;
    };
    let is_host = [asked.host, realm]
        .iter()
        .any(|host| host.eq_ignore_ascii_case(named.host));
    let is_user = request.method() == Some(&Method::Register)
        || named.user.is_none()
        || named.user_decoded() == asked.user_decoded();
    is_host && is_user
}

#[cfg(test)]
#[path = "authenticator_tests.rs"]
mod tests;
