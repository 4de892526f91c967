//! The client side: answering a challenge.

use rand::RngCore as _;
use rand::rngs::StdRng;

use super::credentials::Credentials;
use super::digest::Algorithm;
use super::params::DigestParams;
use crate::message::header::quote;
use crate::message::{HeaderName, Message, Method};

/// Credentials with the count of each nonce's use.
#[derive(Clone, Debug)]
pub(crate) struct ChallengeAnswerer {
    credentials: Credentials,
    nonce: String,
    count: u32,
    /// Refused answers in a row; a second one without `stale` means the password is wrong.
    refusals: u8,
}

impl ChallengeAnswerer {
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            nonce: String::new(),
            count: 0,
            refusals: 0,
        }
    }

    /// The headers that answer the challenges of a 401 or 407, one per header line of the strongest
    /// algorithm; `None` when none can be answered or the last answer was refused.
    pub(crate) fn answer(
        &mut self,
        response: &Message,
        method: &Method,
        uri: &str,
        rng: &mut StdRng,
    ) -> Option<Vec<(HeaderName, String)>> {
        let mut headers = Vec::new();
        let mut stale = false;
        for (challenge, credentials) in [
            (HeaderName::WwwAuthenticate, HeaderName::Authorization),
            (
                HeaderName::ProxyAuthenticate,
                HeaderName::ProxyAuthorization,
            ),
        ] {
            let mut offers: Vec<_> = response
                .header_lines(challenge)
                .filter_map(DigestParams::parse)
                .filter_map(|params| Some((Algorithm::parse(params.get("algorithm"))?, params)))
                .collect();
            // SHA-256 before MD5, else in the order sent.
            offers.sort_by_key(|(algorithm, _)| matches!(algorithm, Algorithm::Md5));
            for (algorithm, params) in offers {
                if let Some(value) = self.credentials_for(algorithm, &params, method, uri, rng) {
                    stale |= params
                        .get("stale")
                        .is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
                    headers.push((credentials, value));
                    break;
                }
            }
        }
        if headers.is_empty() {
            return None;
        }
        self.refusals = if stale {
            self.refusals.saturating_add(1).min(MAX_STALE)
        } else {
            self.refusals.saturating_add(1)
        };
        let allowed = if stale { MAX_STALE } else { 1 };
        (self.refusals <= allowed).then_some(headers)
    }

    /// A request went through: the next challenge is a new one.
    pub(crate) fn accepted(&mut self) {
        self.refusals = 0;
    }

    fn credentials_for(
        &mut self,
        algorithm: Algorithm,
        challenge: &DigestParams<'_>,
        method: &Method,
        uri: &str,
        rng: &mut StdRng,
    ) -> Option<String> {
        let realm = challenge.get("realm")?;
        let nonce = challenge.get("nonce")?;
        let ha1 = self.credentials.ha1(realm, algorithm)?;
        let qop = match challenge.get("qop") {
            None => None,
            Some(offered) => Some(
                offered
                    .split(',')
                    .map(str::trim)
                    .find(|qop| qop.eq_ignore_ascii_case("auth"))?,
            ),
        };
        if self.nonce == nonce {
            self.count = self.count.saturating_add(1);
        } else {
            self.nonce = nonce.to_owned();
            self.count = 1;
        }
        let nc = format!("{:08x}", self.count);
        let cnonce = format!("{:016x}", rng.next_u64());
        let response = ha1.response(
            nonce,
            qop.map(|qop| (nc.as_str(), cnonce.as_str(), qop)),
            method.as_str(),
            uri,
        );
        let mut value = format!(
            "Digest username={}, realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", algorithm={}",
            quote(&self.credentials.username),
            algorithm.as_str(),
        );
        if let Some(qop) = qop {
            value.push_str(&format!(", qop={qop}, nc={nc}, cnonce=\"{cnonce}\""));
        }
        if let Some(opaque) = challenge.get("opaque") {
            value.push_str(&format!(", opaque=\"{opaque}\""));
        }
        Some(value)
    }
}

/// Answers to `stale` in a row before giving up: a server that finds every nonce stale is broken.
const MAX_STALE: u8 = 4;
