//! CSeq (RFC 3261 §20.16).

use crate::message::method::{Method, is_token};

/// Sequence number and method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// Below 2³¹ (RFC 3261 §8.1.1.5).
    pub number: u32,
    /// The method.
    pub method: Method,
}

impl CSeq {
    /// Reads a value; `None` when malformed or out of range.
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        let (number, method) = value.split_once([' ', '\t'])?;
        let method = method.trim_start();
        if !number.bytes().all(|byte| byte.is_ascii_digit()) || !is_token(method) {
            return None;
        }
        let number: u32 = number.parse().ok().filter(|number| *number < 1 << 31)?;
        Some(Self {
            number,
            method: Method::from_token(method),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_range_and_may_have_zeros_in_front() {
        assert_eq!(
            CSeq::parse("0009  INVITE"),
            Some(CSeq {
                number: 9,
                method: Method::Invite
            })
        );
        assert_eq!(
            CSeq::parse("2147483647 X"),
            Some(CSeq {
                number: 2_147_483_647,
                method: Method::Other("X".into())
            })
        );
        for bad in [
            "2147483648 X",
            "36893488147419103232 REGISTER",
            "-1 X",
            "1",
            "x INVITE",
            "1 IN VITE",
        ] {
            assert_eq!(CSeq::parse(bad), None, "{bad}");
        }
    }
}
