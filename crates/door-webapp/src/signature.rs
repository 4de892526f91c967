//! The signature of a request: HMAC-SHA256 over the time, a dot and the body.

use std::fmt::Write as _;

use aws_lc_rs::hmac;

use crate::config::Secret;

/// `v1=` and 64 hexadecimal digits. `timestamp` is in seconds since 1970, as it stands in its header.
pub(crate) fn sign(secret: &Secret, timestamp: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(timestamp.as_bytes());
    context.update(b".");
    context.update(body);
    let mut text = String::from("v1=");
    for byte in context.sign().as_ref() {
        // Writing to a text does not fail.
        write!(text, "{byte:02x}").ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `printf '1700000000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef` says.
    #[test]
    fn as_other_programs_sign() {
        let secret = Secret::new("0123456789abcdef");
        assert_eq!(
            sign(&secret, "1700000000", b"{}"),
            "v1=e4f8e2ecae2295b2ddb2f0b5584c8275e226c0ebe9b3b819e70156bb67122e3e"
        );
    }
}
