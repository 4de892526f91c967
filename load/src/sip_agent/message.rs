//! SIP messages as text, and the little of them that is looked at.

use std::net::SocketAddr;

/// A message in text form with what is read of it.
pub(crate) struct Message<'m>(pub(crate) &'m str);

impl<'m> Message<'m> {
    /// The code of a response; `None` for a request.
    pub(crate) fn code(&self) -> Option<u16> {
        self.0.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&'m str> {
        self.0
            .lines()
            .skip(1)
            .take_while(|line| !line.is_empty())
            .find_map(|line| {
                let (found, value) = line.split_once(':')?;
                found
                    .trim()
                    .eq_ignore_ascii_case(name)
                    .then(|| value.trim())
            })
    }

    fn headers(&self, name: &'m str) -> impl Iterator<Item = &'m str> {
        self.0
            .lines()
            .skip(1)
            .take_while(|line| !line.is_empty())
            .filter_map(move |line| {
                let (found, value) = line.split_once(':')?;
                found
                    .trim()
                    .eq_ignore_ascii_case(name)
                    .then(|| value.trim())
            })
    }

    /// Method of a request, or of the request a response answers.
    pub(super) fn method(&self) -> &'m str {
        self.header("CSeq")
            .and_then(|cseq| cseq.split_whitespace().nth(1))
            .unwrap_or_default()
    }

    /// Port of the first audio line.
    pub(crate) fn audio_port(&self) -> Option<u16> {
        self.0
            .lines()
            .find_map(|line| line.strip_prefix("m=audio "))?
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    }

    /// The address in the Contact header.
    pub(super) fn contact(&self) -> Option<&'m str> {
        let contact = self.header("Contact")?;
        Some(match contact.split_once('<') {
            Some((_, rest)) => rest.split('>').next()?,
            None => contact,
        })
    }

    /// What stands in the challenge of a 401 or 407, and the header that answers it.
    pub(crate) fn challenge(&self) -> Option<(&'m str, &'static str)> {
        if let Some(challenge) = self.header("WWW-Authenticate") {
            return Some((challenge, "Authorization"));
        }
        Some((self.header("Proxy-Authenticate")?, "Proxy-Authorization"))
    }
}

/// What a telephone talks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Pcmu,
    /// One channel, payload type [`OPUS`].
    Opus,
}

/// Payload type of Opus.
pub(crate) const OPUS: u8 = 111;

pub(super) fn description(address: SocketAddr, audio_port: u16, format: Format) -> String {
    let ip = address.ip();
    let (payload_type, name) = match format {
        Format::Pcmu => (0, "PCMU/8000"),
        Format::Opus => (OPUS, "opus/48000/2"),
    };
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {audio_port} RTP/AVP {payload_type}\r\na=rtpmap:{payload_type} {name}\r\na=ptime:20\r\n"
    )
}

/// A pure function of the request, so that a retransmission gets the same answer.
pub(super) fn answer_to(
    request: &Message<'_>,
    here: SocketAddr,
    audio_port: u16,
    format: Format,
) -> String {
    let mut answer = "SIP/2.0 200 OK\r\n".to_owned();
    for via in request.headers("Via") {
        answer.push_str(&format!("Via: {via}\r\n"));
    }
    let to = request.header("To").unwrap_or_default();
    let tag = if to.contains(";tag=") {
        ""
    } else {
        ";tag=callee"
    };
    answer.push_str(&format!(
        "From: {}\r\nTo: {to}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\nContact: <sip:callee@{here}>\r\n",
        request.header("From").unwrap_or_default(),
        request.header("Call-ID").unwrap_or_default(),
        request.header("CSeq").unwrap_or_default(),
    ));
    if request.method() == "INVITE" {
        let body = description(here, audio_port, format);
        answer.push_str(&format!(
            "Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
    } else {
        answer.push_str("Content-Length: 0\r\n\r\n");
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &str = "SIP/2.0 200 OK\r\nVia: a\r\nvia: b\r\nCSeq: 7 INVITE\r\nContact: \"x\" <sip:y@z>;q=1\r\n\r\nm=audio 4002 RTP/AVP 0\r\n";

    #[test]
    fn a_response_is_read() {
        let message = Message(OK);
        assert_eq!(message.code(), Some(200));
        assert_eq!(message.method(), "INVITE");
        assert_eq!(message.contact(), Some("sip:y@z"));
        assert_eq!(message.audio_port(), Some(4002));
        assert_eq!(message.headers("Via").collect::<Vec<_>>(), ["a", "b"]);
    }
}
