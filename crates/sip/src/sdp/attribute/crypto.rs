//! `a=crypto`: the keys of SRTP in a description (RFC 4568). Suites are names here; what they mean is known elsewhere.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// One SDES offer or answer. Its key is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Crypto<'a> {
    /// Up to nine digits.
    pub tag: u32,
    /// `AES_CM_128_HMAC_SHA1_80` and so on.
    pub suite: &'a str,
    /// `inline:…`. Never log it.
    key: &'a str,
    /// Session parameters.
    pub params: &'a str,
}

/// One master key with what is said of it. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct InlineKey {
    /// Behind each other.
    pub key_and_salt: Vec<u8>,
    /// Packets it is good for; `None`: as many as the suite allows.
    pub lifetime: Option<u64>,
    /// Bytes of the key's number in each packet (MKI), 1–128; `None`: packets have none.
    pub mki_bytes: Option<u8>,
}

/// Longest key with its salt that any suite has, 46 bytes, in base64, and some more.
const MAX_KEY_TEXT: usize = 128;

impl<'a> Crypto<'a> {
    /// Reads `1 AES_CM_128_HMAC_SHA1_80 inline:…`.
    pub fn parse(value: &'a str) -> Option<Self> {
        let (tag, rest) = value.trim().split_once(' ')?;
        let (suite, rest) = rest.trim_start().split_once(' ')?;
        let rest = rest.trim_start();
        let (key, params) = rest.split_once(' ').unwrap_or((rest, ""));
        if tag.len() > 9 || key.is_empty() {
            return None;
        }
        Some(Self {
            tag: tag.parse().ok()?,
            suite,
            key,
            params: params.trim(),
        })
    }

    /// Its only key; `None` when it has several, or one that cannot be read (§6.1). Several need a number in each packet.
    pub fn key(&self) -> Option<InlineKey> {
        let (method, info) = self.key.split_once(':')?;
        if !method.eq_ignore_ascii_case("inline") || info.contains(';') {
            return None;
        }
        let mut parts = info.split('|');
        let text = parts.next().filter(|text| text.len() <= MAX_KEY_TEXT)?;
        let key_and_salt = STANDARD.decode(text).ok()?;
        let (mut lifetime, mut mki_bytes) = (None, None);
        for part in parts {
            if let Some((_, bytes)) = part.split_once(':') {
                let bytes = bytes
                    .parse()
                    .ok()
                    .filter(|bytes| (1..=128).contains(bytes))?;
                if mki_bytes.replace(bytes).is_some() {
                    return None;
                }
            } else if mki_bytes.is_some() || lifetime.replace(packets(part)?).is_some() {
                return None;
            }
        }
        Some(InlineKey {
            key_and_salt,
            lifetime,
            mki_bytes,
        })
    }

    /// Whether its session parameters change nothing for us. `WSH` advises on the window of replay protection; all others
    /// change what packets are like (§6.3), and unknown ones must be refused (§6.3.7).
    pub fn is_plain(&self) -> bool {
        let mut params = self.params.split_ascii_whitespace();
        params.all(|param| {
            param
                .get(..4)
                .is_some_and(|start| start.eq_ignore_ascii_case("WSH="))
        })
    }

    /// The value of an attribute that names one key.
    pub fn print(tag: u32, suite: &str, key_and_salt: &[u8]) -> String {
        format!("{tag} {suite} inline:{}", STANDARD.encode(key_and_salt))
    }
}

/// `2^20` or `1048576`.
fn packets(text: &str) -> Option<u64> {
    match text.strip_prefix("2^") {
        Some(power) => 1u64.checked_shl(power.parse().ok()?),
        None => text.parse().ok().filter(|packets| *packets > 0),
    }
}

impl fmt::Debug for Crypto<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crypto")
            .field("tag", &self.tag)
            .field("suite", &self.suite)
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for InlineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InlineKey")
            .field("lifetime", &self.lifetime)
            .field("mki_bytes", &self.mki_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn crypto_lines_are_taken_apart() {
        let crypto =
            Crypto::parse("1 AES_CM_128_HMAC_SHA1_80 inline:YWJj|2^20 UNENCRYPTED_SRTP").unwrap();
        assert_eq!(
            (crypto.tag, crypto.suite, crypto.params),
            (1, "AES_CM_128_HMAC_SHA1_80", "UNENCRYPTED_SRTP")
        );
        assert!(!crypto.is_plain());
        assert_eq!(crypto.key().unwrap().key_and_salt, b"abc");
        assert_eq!(Crypto::parse("1 AES"), None);
        assert_eq!(Crypto::parse("0123456789 A b"), None);
    }

    #[test]
    fn keys_have_a_lifetime_and_a_number_or_not() {
        let key = |text: &str| {
            let value = format!("1 A {text}");
            let key = Crypto::parse(&value)?.key()?;
            assert_eq!(key.key_and_salt, b"abc");
            Some((key.lifetime, key.mki_bytes))
        };
        assert_eq!(key("inline:YWJj"), Some((None, None)));
        assert_eq!(key("INLINE:YWJj|2^20"), Some((Some(1 << 20), None)));
        assert_eq!(key("inline:YWJj|4096"), Some((Some(4096), None)));
        assert_eq!(key("inline:YWJj|1:4"), Some((None, Some(4))));
        assert_eq!(key("inline:YWJj|2^31|1:4"), Some((Some(1 << 31), Some(4))));
        for wrong in [
            "inline:YWJj|2^64",
            "inline:YWJj|0",
            "inline:YWJj|1:0",
            "inline:YWJj|1:129",
            "inline:YWJj|1:4|2^20",
            "inline:YWJj|2^20|2^20",
            "inline:YWJj|1:1;inline:YWJk|2:1",
            "inline:YW*j",
            "prompt:YWJj",
            "YWJj",
        ] {
            assert_eq!(key(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn advice_on_the_window_changes_nothing() {
        let with = |params: &str| {
            let value = format!("1 A inline:YWJj {params}");
            Crypto::parse(&value).unwrap().is_plain()
        };
        assert!(with("") && with("WSH=128"));
        assert!(!with("KDR=1") && !with("WSH=64 UNENCRYPTED_SRTCP") && !with("NEW"));
    }

    #[test]
    fn a_key_is_not_printed() {
        let crypto = Crypto::parse("1 A inline:YWJj").unwrap();
        let printed = format!("{crypto:?} {:?}", crypto.key().unwrap());
        assert!(!printed.contains("YWJj") && !printed.contains("97"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[ -~]{0,80}") {
            if let Some(crypto) = Crypto::parse(&text) {
                let _read = (crypto.key(), crypto.is_plain());
            }
        }

        #[test]
        fn no_key_makes_it_panic(text in "[A-Za-z0-9+/=|:;^2]{0,60}") {
            let value = format!("1 A inline:{text}");
            if let Some(key) = Crypto::parse(&value).and_then(|crypto| crypto.key()) {
                prop_assert!(key.mki_bytes != Some(0) && key.lifetime != Some(0));
            }
        }

        #[test]
        fn what_is_printed_is_read_back(tag in 0u32..=999_999_999, key in proptest::collection::vec(any::<u8>(), 1..60)) {
            let value = Crypto::print(tag, "AEAD_AES_128_GCM", &key);
            let crypto = Crypto::parse(&value).unwrap();
            prop_assert_eq!(crypto.tag, tag);
            prop_assert_eq!(crypto.key().unwrap().key_and_salt, key);
            prop_assert!(crypto.is_plain());
        }
    }
}
