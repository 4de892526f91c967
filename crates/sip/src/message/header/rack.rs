//! RSeq and RAck (RFC 3262 §7).

use super::cseq::CSeq;
use super::name::HeaderName;
use crate::message::Message;

/// What a PRACK acknowledges: number of the provisional response, and CSeq of what it responds to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RAck {
    /// RSeq of the response.
    pub response: u32,
    /// CSeq of the response.
    pub request: CSeq,
}

impl RAck {
    /// Reads a value; `None` when malformed or out of range.
    pub fn parse(value: &str) -> Option<Self> {
        let (response, request) = value.trim().split_once([' ', '\t'])?;
        Some(Self {
            response: response_number(response)?,
            request: CSeq::parse(request)?,
        })
    }

    /// What a response asks to be acknowledged with; `None` unless it is sent reliably (§4): a provisional one other
    /// than 100, with RSeq, that requires `100rel`.
    pub fn wanted_by(response: &Message) -> Option<Self> {
        let is_provisional = response
            .code()
            .is_some_and(|code| (101..200).contains(&code));
        let is_reliable = response
            .header_list(HeaderName::Require)
            .any(|tag| tag.eq_ignore_ascii_case("100rel"));
        if !is_provisional || !is_reliable {
            return None;
        }
        Some(Self {
            response: response_number(response.header(HeaderName::RSeq)?)?,
            request: response.cseq()?,
        })
    }
}

/// 1 to 2³²−1 (§7.1).
fn response_number(text: &str) -> Option<u32> {
    let text = text.trim();
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Method, parse_datagram};

    #[test]
    fn values_have_a_range() {
        let read = RAck::parse("776656 1 INVITE").unwrap();
        assert_eq!((read.response, read.request.number), (776_656, 1));
        assert_eq!(read.request.method, Method::Invite);
        for bad in [
            "",
            "1",
            "0 1 INVITE",
            "1 INVITE",
            "+1 1 INVITE",
            "4294967296 1 INVITE",
        ] {
            assert_eq!(RAck::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_numbered_responses_that_require_it_are_reliable() {
        let wanted = |code: u16, lines: &str| {
            let text = format!("SIP/2.0 {code} x\r\nCSeq: 7 INVITE\r\n{lines}\r\n");
            RAck::wanted_by(&parse_datagram(text).unwrap()).map(|rack| rack.response)
        };
        assert_eq!(wanted(183, "Require: x, 100REL\r\nRSeq: 9\r\n"), Some(9));
        assert_eq!(wanted(100, "Require: 100rel\r\nRSeq: 9\r\n"), None);
        assert_eq!(wanted(200, "Require: 100rel\r\nRSeq: 9\r\n"), None);
        assert_eq!(wanted(183, "RSeq: 9\r\n"), None);
        assert_eq!(wanted(183, "Require: 100rel\r\n"), None);
    }
}
