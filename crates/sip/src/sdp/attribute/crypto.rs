//! `a=crypto` (RFC 4568): read and passed on, not interpreted.

/// One SDES offer or answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crypto<'a> {
    /// Up to nine digits.
    pub tag: u32,
    /// `AES_CM_128_HMAC_SHA1_80` and so on.
    pub suite: &'a str,
    /// `inline:…`. Never log it.
    pub key: &'a str,
    /// Session parameters.
    pub params: &'a str,
}

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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crypto_lines_are_taken_apart() {
        let crypto =
            Crypto::parse("1 AES_CM_128_HMAC_SHA1_80 inline:abc|2^20 UNENCRYPTED_SRTP").unwrap();
        assert_eq!(
            (crypto.tag, crypto.key, crypto.params),
            (1, "inline:abc|2^20", "UNENCRYPTED_SRTP")
        );
        assert_eq!(Crypto::parse("1 AES"), None);
        assert_eq!(Crypto::parse("0123456789 A b"), None);
    }
}
