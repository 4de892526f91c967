//! Whether a message has what RFC 3261 §8.1.1 requires, and the answer when it has not.

use super::Message;
use super::header::{HeaderName, NameAddr, Via, split_list};
use super::method::Method;
use super::parse::Defect;
use super::uri::{BadUri, Uri};

/// The answer a faulty request deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// 400, 416 or 505.
    pub code: u16,
    /// The phrase says what is wrong.
    pub reason: &'static str,
}

const fn bad(reason: &'static str) -> Refusal {
    Refusal { code: 400, reason }
}

impl Message {
    /// Checks everything the layers above rely on: Via, From, To, Call-ID and CSeq are there once
    /// and readable, numbers are in range, the Request-URI is of a scheme we serve.
    ///
    /// # Errors
    /// The first fault found. A faulty response is dropped by the caller.
    pub fn check(&self) -> Result<(), Refusal> {
        match self.defect() {
            None => {}
            Some(Defect::Version) => {
                return Err(Refusal {
                    code: 505,
                    reason: "Version Not Supported",
                });
            }
            Some(Defect::RequestLine) => return Err(bad("Malformed Request Line")),
            Some(Defect::NoEmptyLine) => return Err(bad("Unterminated Header")),
            Some(Defect::ContentLength) => return Err(bad("Bad Content-Length")),
        }
        let mut vias = self.header_list(HeaderName::Via).peekable();
        if vias.peek().is_none() {
            return Err(bad("Missing Via"));
        }
        if vias.any(|via| Via::parse(via).is_none()) {
            return Err(bad("Malformed Via"));
        }
        self.once(HeaderName::From, "Missing From", "Repeated From")?;
        self.once(HeaderName::To, "Missing To", "Repeated To")?;
        self.once(HeaderName::CallId, "Missing Call-ID", "Repeated Call-ID")?;
        self.once(HeaderName::CSeq, "Missing CSeq", "Repeated CSeq")?;
        for (address, fault) in [(self.from(), "Malformed From"), (self.to(), "Malformed To")] {
            let address = address.ok_or(bad(fault))?;
            address.parsed_uri().map_err(|BadUri| bad(fault))?;
        }
        if self.call_id().is_empty() {
            return Err(bad("Missing Call-ID"));
        }
        let cseq = self.cseq().ok_or(bad("Malformed CSeq"))?;
        let Some(method) = self.method() else {
            return Ok(());
        };
        if cseq.method != *method {
            return Err(bad("CSeq Does Not Match Method"));
        }
        if self
            .header_lines(HeaderName::MaxForwards)
            .any(|value| value.parse::<u8>().is_err())
        {
            return Err(bad("Malformed Max-Forwards"));
        }
        if self.header_lines(HeaderName::MaxForwards).count() > 1 {
            return Err(bad("Repeated Max-Forwards"));
        }
        self.check_contact(method)?;
        self.check_uri()
    }

    fn once(
        &self,
        name: HeaderName,
        missing: &'static str,
        repeated: &'static str,
    ) -> Result<(), Refusal> {
        match self.header_lines(name).count() {
            0 => Err(bad(missing)),
            1 => Ok(()),
            _ => Err(bad(repeated)),
        }
    }

    fn check_contact(&self, method: &Method) -> Result<(), Refusal> {
        let fault = bad("Malformed Contact");
        for value in self.header_lines(HeaderName::Contact) {
            for contact in split_list(value) {
                if contact == "*" && *method == Method::Register {
                    continue;
                }
                let address = NameAddr::parse(contact).ok_or(fault)?;
                // Without brackets a URI must not hold `?`, `;` or `,` (RFC 3261 §20).
                if !contact.contains('<') && address.uri.contains('?') {
                    return Err(fault);
                }
                address.parsed_uri().map_err(|BadUri| fault)?;
            }
        }
        Ok(())
    }

    fn check_uri(&self) -> Result<(), Refusal> {
        let uri = Uri::parse(self.request_uri().unwrap_or(""))
            .map_err(|BadUri| bad("Malformed Request-URI"))?;
        if uri.is_sip() || uri.scheme.eq_ignore_ascii_case("tel") {
            Ok(())
        } else {
            Err(Refusal {
                code: 416,
                reason: "Unsupported URI Scheme",
            })
        }
    }
}
