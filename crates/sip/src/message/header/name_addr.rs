//! From, To, Contact, Route, Refer-To and the like: a name, an address, parameters
//! (RFC 3261 §20.10).

use std::borrow::Cow;

use super::params::{Params, find_outside_quotes, unquote};
use crate::message::uri::{BadUri, Uri};

/// One `"Name" <uri>;params` value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// Display name as written, quotes kept; empty when absent.
    pub display: &'a str,
    /// The URI between the brackets.
    pub uri: &'a str,
    /// Header parameters.
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads one value; `None` when quotes or brackets do not close, or something stands between
    /// the bracket and the parameters.
    pub fn parse(value: &'a str) -> Option<Self> {
        let value = value.trim();
        // The opening bracket, looked for outside a quoted name.
        let open = if value.starts_with('"') {
            let close = closing_quote(value)?;
            let rest = value.get(close + 1..)?;
            let gap = rest.len() - rest.trim_start().len();
            (rest.as_bytes().get(gap) == Some(&b'<')).then_some(close + 1 + gap)?
        } else if let Some(open) = value.find('<') {
            open
        } else {
            // Without brackets every parameter belongs to the header.
            let (uri, params) = match find_outside_quotes(value, b';') {
                Some(at) => (value.get(..at)?, value.get(at + 1..)?),
                None => (value, ""),
            };
            let uri = uri.trim();
            return (!uri.is_empty()).then_some(NameAddr {
                display: "",
                uri,
                params: Params(params),
            });
        };
        let display = value.get(..open)?.trim();
        if !display.starts_with('"') && display.contains(['"', '>', ';', ',']) {
            return None;
        }
        let (uri, tail) = value.get(open + 1..)?.split_once('>')?;
        let tail = tail.trim();
        let params = match tail.strip_prefix(';') {
            Some(params) => params,
            None if tail.is_empty() => "",
            None => return None,
        };
        Some(NameAddr {
            display,
            uri,
            params: Params(params),
        })
    }

    /// The display name without quotes and escapes.
    pub fn display_name(&self) -> Cow<'a, str> {
        unquote(self.display)
    }

    /// The tag, if any.
    pub fn tag(&self) -> Option<&'a str> {
        self.params.value("tag").filter(|tag| !tag.is_empty())
    }

    /// The URI in pieces.
    ///
    /// # Errors
    /// When the URI is malformed.
    pub fn parsed_uri(&self) -> Result<Uri<'a>, BadUri> {
        Uri::parse(self.uri)
    }
}

fn closing_quote(value: &str) -> Option<usize> {
    let mut escaped = false;
    value.bytes().enumerate().skip(1).find_map(|(at, byte)| {
        let end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        end.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_parameters() {
        let from = NameAddr::parse(r#""A \"<x>\" B" <sip:a@h;lr>;tag=1"#).unwrap();
        assert_eq!(
            (from.display_name().as_ref(), from.uri, from.tag()),
            (r#"A "<x>" B"#, "sip:a@h;lr", Some("1"))
        );
        let bare = NameAddr::parse("sip:a@h;tag=2").unwrap();
        assert_eq!((bare.uri, bare.tag()), ("sip:a@h", Some("2")));
        let token = NameAddr::parse("Watson Thomas < sip:t@h >").unwrap();
        assert_eq!(token.display_name(), "Watson Thomas");
        assert_eq!(NameAddr::parse("<sip:a@h>").unwrap().display, "");
    }

    #[test]
    fn unbalanced_values_are_refused() {
        for bad in [
            "",
            "\"Mr. J. User <sip:j@h>",
            "<sip:a@h",
            "<sip:a@h> x",
            "a, b <sip:a@h>",
            "\"a\" sip:a@h",
        ] {
            assert_eq!(NameAddr::parse(bad), None, "{bad}");
        }
    }
}
