//! Why a challenge that came back was not answered: what a user has to be told.

use super::credentials::Credentials;
use super::digest::Algorithm;
use super::params::DigestParams;
use crate::message::{HeaderName, Message};

/// Why the final response to a request is still 401 or 407.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// The credentials were sent and challenged again: they are wrong.
    Refused,
    /// The challenge is of a realm the stored hash was not made for; nobody could tell whether the password is right.
    OtherRealm,
    /// A stored MD5 hash answers no challenge that offers other algorithms only (RFC 8760 §2.3).
    NoMd5,
    /// There is no Digest challenge in it.
    NoDigest,
}

impl Unanswered {
    /// Looks at the challenges of a final 401 or 407.
    pub fn of(response: &Message, credentials: &Credentials) -> Self {
        let challenges = || {
            [HeaderName::WwwAuthenticate, HeaderName::ProxyAuthenticate]
                .into_iter()
                .flat_map(|name| response.header_lines(name))
                .filter_map(DigestParams::parse)
        };
        let known = |challenge: &DigestParams<'_>| {
            let algorithm = Algorithm::parse(challenge.get("algorithm"))?;
            credentials.ha1(challenge.get("realm")?, algorithm)
        };
        if challenges().any(|challenge| known(&challenge).is_some()) {
            return Self::Refused;
        }
        if challenges().next().is_none() {
            return Self::NoDigest;
        }
        let md5 = |challenge: DigestParams<'_>| {
            Algorithm::parse(challenge.get("algorithm")) == Some(Algorithm::Md5)
        };
        if challenges().any(md5) {
            Self::OtherRealm
        } else {
            Self::NoMd5
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Ha1, Secret};
    use super::*;
    use crate::message::parse_datagram;

    #[test]
    fn each_reason_is_told_from_the_others() {
        let credentials = Credentials {
            username: "alice".into(),
            secret: Secret::Ha1 {
                realm: "example.org".into(),
                ha1: Ha1::new(Algorithm::Md5, "alice", "example.org", "wonderland"),
            },
        };
        for (challenge, why) in [
            (
                "Digest realm=\"example.org\", nonce=\"1\"",
                Unanswered::Refused,
            ),
            (
                "Digest realm=\"example.com\", nonce=\"1\", algorithm=md5",
                Unanswered::OtherRealm,
            ),
            (
                "Digest realm=\"example.org\", nonce=\"1\", algorithm=SHA-256",
                Unanswered::NoMd5,
            ),
            (
                "Digest realm=\"example.org\", nonce=\"1\", algorithm=AKAv1-MD5",
                Unanswered::NoMd5,
            ),
            ("Bearer realm=\"example.org\"", Unanswered::NoDigest),
        ] {
            let text = format!(
                "SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 0\r\n\r\n"
            );
            let response = parse_datagram(text).unwrap();
            assert_eq!(Unanswered::of(&response, &credentials), why, "{challenge}");
        }
    }
}
