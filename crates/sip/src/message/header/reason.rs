//! Reason (RFC 3326): why a BYE, CANCEL or failure was sent.

use std::borrow::Cow;

use super::params::{Params, unquote};

/// One Reason value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason<'a> {
    /// `Q.850`, `SIP`, or another.
    pub protocol: &'a str,
    /// The cause number of that protocol.
    pub cause: Option<u16>,
    /// The text, unquoted; empty when absent.
    pub text: Cow<'a, str>,
}

impl<'a> Reason<'a> {
    /// Reads one value.
    pub fn parse(value: &'a str) -> Option<Self> {
        let (protocol, params) = value.split_once(';').unwrap_or((value, ""));
        let protocol = protocol.trim();
        if protocol.is_empty() {
            return None;
        }
        let params = Params(params);
        Some(Reason {
            protocol,
            cause: params.value("cause").and_then(|cause| cause.parse().ok()),
            text: params.value("text").map_or(Cow::Borrowed(""), unquote),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cause_and_text_are_read() {
        let reason = Reason::parse(r#"Q.850;cause=16;text="NORMAL_CLEARING""#).unwrap();
        assert_eq!(
            (reason.protocol, reason.cause, reason.text.as_ref()),
            ("Q.850", Some(16), "NORMAL_CLEARING")
        );
        assert_eq!(Reason::parse("SIP ;cause=200").unwrap().cause, Some(200));
        assert_eq!(Reason::parse(";cause=1"), None);
    }
}
