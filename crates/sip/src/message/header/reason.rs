//! Reason (RFC 3326): why a BYE, CANCEL or failure was sent.

use std::borrow::Cow;

use super::HeaderName;
use super::params::{Params, unquote};
use crate::message::Message;

/// Most values of one message that are read, and the longest one, bytes: nobody gives that many reasons.
const MOST: (usize, usize) = (8, 512);

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
    /// On the CANCEL of a call that somebody else took (RFC 3326 §3.1).
    pub const COMPLETED_ELSEWHERE: &'static str = "SIP;cause=200;text=\"Call completed elsewhere\"";

    /// The reasons a message gives, at most eight, without those longer than 512 bytes.
    pub fn of(message: &'a Message) -> impl Iterator<Item = Self> {
        let values = message.header_list(HeaderName::Reason).take(MOST.0);
        values
            .filter(|value| value.len() <= MOST.1)
            .filter_map(Self::parse)
    }

    /// Whether it says that somebody else took the call: the caller is not to be counted as missed.
    pub fn is_completed_elsewhere(&self) -> bool {
        self.protocol.eq_ignore_ascii_case("SIP") && self.cause == Some(200)
    }

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

    #[test]
    fn an_answer_elsewhere_is_found_among_other_reasons() {
        let found = |reasons: &str| {
            let text = format!("CANCEL sip:a@b SIP/2.0\r\n{reasons}Content-Length: 0\r\n\r\n");
            let message = crate::message::parse_datagram(text).unwrap();
            Reason::of(&message).any(|reason| reason.is_completed_elsewhere())
        };
        let ours = format!("Reason: {}\r\n", Reason::COMPLETED_ELSEWHERE);
        assert!(found(&ours));
        assert!(found(
            "reason: Q.850;cause=26, sip ; cause=200 ;text=\"x, y\"\r\n"
        ));
        assert!(found("Reason: Q.850;cause=16\r\nReason: SIP;cause=200\r\n"));
        for other in [
            "",
            "Reason: SIP;cause=487\r\n",
            "Reason: SIP;cause=65736\r\n",
            "Reason: Q.850;cause=200\r\n",
            "Reason: Q.850;text=\"SIP;cause=200\"\r\n",
        ] {
            assert!(!found(other), "{other}");
        }
        let many = "Reason: X;cause=1\r\n".repeat(8);
        assert!(
            !found(&format!("{many}{ours}")),
            "nobody gives nine reasons"
        );
        let long = format!("Reason: SIP;cause=200;text=\"{}\"\r\n", "x".repeat(600));
        assert!(!found(&long));
    }
}
