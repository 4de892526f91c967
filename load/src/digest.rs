//! The client's side of digest authentication, MD5 with `qop=auth`. RFC 7616 §3.4.

use anyhow::{Context, Result};
use md5::{Digest as _, Md5};

/// The `Authorization` (or `Proxy-Authorization`) value that answers a challenge.
pub(crate) fn answer(
    challenge: &str,
    method: &str,
    uri: &str,
    user: &str,
    password: &str,
) -> Result<String> {
    let realm = parameter(challenge, "realm").context("the challenge has a realm")?;
    let nonce = parameter(challenge, "nonce").context("the challenge has a nonce")?;
    let ha1 = hash(&format!("{user}:{realm}:{password}"));
    let ha2 = hash(&format!("{method}:{uri}"));
    let cnonce = "6c6f6164";
    let response = hash(&format!("{ha1}:{nonce}:00000001:{cnonce}:auth:{ha2}"));
    let opaque = parameter(challenge, "opaque")
        .map_or_else(String::new, |opaque| format!(", opaque=\"{opaque}\""));
    Ok(format!(
        "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{response}\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"{cnonce}\"{opaque}"
    ))
}

/// A parameter of a challenge, quotes removed.
fn parameter<'c>(challenge: &'c str, name: &str) -> Option<&'c str> {
    let mut rest = challenge;
    while let Some(at) = rest.find(name) {
        let before = rest[..at].chars().next_back();
        let after = rest[at + name.len()..].strip_prefix('=');
        if let Some(value) = after
            && before.is_none_or(|c| c == ' ' || c == ',')
        {
            return match value.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next(),
                None => value.split([',', ' ']).next(),
            };
        }
        rest = &rest[at + name.len()..];
    }
    None
}

fn hash(text: &str) -> String {
    Md5::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_rfc_2617_comes_out() {
        // RFC 2617 §3.5 with our own cnonce: the two inner hashes are the RFC's.
        assert_eq!(
            hash("Mufasa:testrealm@host.com:Circle Of Life"),
            "939e7578ed9e3c518a452acee763bce9"
        );
        assert_eq!(
            hash("GET:/dir/index.html"),
            "39aff3a2bab6126f332b942af96d3366"
        );
    }

    #[test]
    fn parameters_are_found_by_their_whole_name() {
        let challenge =
            "Digest realm=\"a b\", domain=x, cnonce=\"no\", nonce=\"yes\", qop=\"auth\"";
        assert_eq!(parameter(challenge, "nonce"), Some("yes"));
        assert_eq!(parameter(challenge, "realm"), Some("a b"));
        assert_eq!(parameter(challenge, "domain"), Some("x"));
        assert_eq!(parameter(challenge, "opaque"), None);
    }
}
