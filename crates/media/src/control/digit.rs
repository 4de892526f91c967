//! A DTMF digit, whichever way it travels.

use std::fmt;

/// One of the sixteen DTMF digits `0`–`9`, `*`, `#`, `A`–`D`, or the hook flash `F`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digit(u8);

/// The digits in the order of their event codes. RFC 4733 §3.2.
const BY_EVENT: &[u8; 17] = b"0123456789*#ABCDF";

impl Digit {
    /// Accepts both cases of `A`–`D` and `F`; anything else is no digit.
    #[must_use]
    pub fn from_char(digit: char) -> Option<Self> {
        let digit = u8::try_from(digit.to_ascii_uppercase()).ok()?;
        BY_EVENT.contains(&digit).then_some(Self(digit))
    }

    /// The digit of an RFC 4733 event code (0–16); other events are not DTMF.
    #[must_use]
    pub fn from_event(code: u8) -> Option<Self> {
        BY_EVENT.get(usize::from(code)).map(|&digit| Self(digit))
    }

    /// The RFC 4733 §3.2 event code, 0–16.
    #[must_use]
    pub fn event(self) -> u8 {
        BY_EVENT
            .iter()
            .position(|&d| d == self.0)
            .map_or(0, |at| at as u8)
    }

    /// The digit as people write it, upper case.
    #[must_use]
    pub fn as_char(self) -> char {
        char::from(self.0)
    }

    /// The two frequencies of the digit in hertz, low then high. ITU-T Q.23. A hook flash has none.
    #[must_use]
    pub fn frequencies(self) -> Option<(u16, u16)> {
        let (row, column) = match self.0 {
            b'1' => (697, 1209),
            b'2' => (697, 1336),
            b'3' => (697, 1477),
            b'A' => (697, 1633),
            b'4' => (770, 1209),
            b'5' => (770, 1336),
            b'6' => (770, 1477),
            b'B' => (770, 1633),
            b'7' => (852, 1209),
            b'8' => (852, 1336),
            b'9' => (852, 1477),
            b'C' => (852, 1633),
            b'*' => (941, 1209),
            b'0' => (941, 1336),
            b'#' => (941, 1477),
            b'D' => (941, 1633),
            _ => return None,
        };
        Some((row, column))
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digit({})", self.as_char())
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_codes_and_characters_are_inverse() {
        for code in 0..=16 {
            let digit = Digit::from_event(code).unwrap();
            assert_eq!(digit.event(), code);
            assert_eq!(Digit::from_char(digit.as_char()), Some(digit));
        }
        assert_eq!(Digit::from_event(17), None);
        assert_eq!(Digit::from_char('x'), None);
        assert_eq!(Digit::from_char('d').map(Digit::event), Some(15));
    }

    #[test]
    fn every_digit_but_the_flash_has_its_own_pair_of_frequencies() {
        let mut seen = std::collections::HashSet::new();
        for code in 0..16 {
            assert!(seen.insert(Digit::from_event(code).unwrap().frequencies().unwrap()));
        }
        assert_eq!(Digit::from_char('F').unwrap().frequencies(), None);
    }
}
