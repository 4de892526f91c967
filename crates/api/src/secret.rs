//! The hash that stands for a SIP password, and a type that does not show it.

use std::fmt;

/// `MD5(user ":" realm ":" password)` (RFC 7616 §3.4.2): password-equivalent in its realm, so it is never
/// printed. Compare it in constant time, with [`Ha1::bytes`].
#[derive(Clone, Copy)]
pub struct Ha1([u8; 16]);

impl Ha1 {
    /// From 16 bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// From 32 hexadecimal digits of either case.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
            .collect();
        let digits = digits.filter(|digits| digits.len() == 32)?;
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        Some(Self(bytes))
    }

    /// The hash itself.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ha1(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_are_read_and_never_shown() {
        let text = "72f86f2053703faa0f521ce71cfe6f59";
        let ha1 = Ha1::from_hex(text).unwrap();
        assert_eq!(ha1.bytes()[..3], [0x72, 0xf8, 0x6f]);
        assert_eq!(
            Ha1::from_hex(&text.to_uppercase()).unwrap().bytes(),
            ha1.bytes()
        );
        assert!(!format!("{ha1:?}").contains("72"));
        assert!(Ha1::from_hex(&text[1..]).is_none());
        assert!(Ha1::from_hex("72f86f2053703faa0f521ce71cfe6fxx").is_none());
    }
}
