//! URIs: `sip:`, `sips:`, `tel:` and, unread, everything else.

use std::borrow::Cow;

use super::header::Params;

/// A URI in pieces that borrow from its text (RFC 3261 §19.1, RFC 3966).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    /// The whole text.
    pub raw: &'a str,
    /// Scheme as written.
    pub scheme: &'a str,
    /// User part as written, escapes kept; the number of a `tel:` URI.
    pub user: Option<&'a str>,
    /// Host without brackets; empty for schemes without one.
    pub host: &'a str,
    /// Port, when written.
    pub port: Option<u16>,
    /// Parameters behind the host (or behind the number).
    pub params: Params<'a>,
    /// Text behind `?`, without it.
    pub headers: &'a str,
}

/// What a URI is made of when it cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Malformed URI")]
pub struct BadUri;

impl<'a> Uri<'a> {
    /// Reads a URI.
    ///
    /// Accepts what phones send in the user part (`*98#`, unescaped `#`), and any scheme; the
    /// caller decides which schemes it serves.
    ///
    /// # Errors
    /// When there is no scheme, when blanks or control characters are inside, or when host or port
    /// of a `sip:` URI are malformed.
    pub fn parse(raw: &'a str) -> Result<Self, BadUri> {
        if raw
            .bytes()
            .any(|byte| byte <= b' ' || byte == 0x7F || byte == b'<' || byte == b'>')
        {
            return Err(BadUri);
        }
        let (scheme, rest) = raw.split_once(':').ok_or(BadUri)?;
        let mut first = scheme.bytes();
        if !first.next().is_some_and(|byte| byte.is_ascii_alphabetic())
            || !first.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        {
            return Err(BadUri);
        }
        let mut uri = Uri {
            raw,
            scheme,
            user: None,
            host: "",
            port: None,
            params: Params(""),
            headers: "",
        };
        if scheme.eq_ignore_ascii_case("tel") {
            let (number, params) = rest.split_once(';').unwrap_or((rest, ""));
            if number.is_empty() {
                return Err(BadUri);
            }
            uri.user = Some(number);
            uri.params = Params(params);
            return Ok(uri);
        }
        if !uri.is_sip() {
            return Ok(uri);
        }
        // The first `@` ends the user part: a user part may itself hold `;`, `?` and `/`.
        let after_user = match rest.split_once('@') {
            Some((userinfo, after)) => {
                let user = userinfo
                    .split_once(':')
                    .map_or(userinfo, |(user, _password)| user);
                uri.user = Some(user);
                after
            }
            None => rest,
        };
        let (hostport, tail) = match after_user.find([';', '?']) {
            Some(at) => after_user.split_at(at),
            None => (after_user, ""),
        };
        (uri.host, uri.port) = split_host_port(hostport)?;
        let (params, headers) = tail.split_once('?').unwrap_or((tail, ""));
        uri.params = Params(params.strip_prefix(';').unwrap_or(params));
        uri.headers = headers;
        Ok(uri)
    }

    /// Whether the scheme is `sip` or `sips`.
    pub fn is_sip(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("sip") || self.is_sips()
    }

    /// Whether the scheme is `sips`.
    pub fn is_sips(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("sips")
    }

    /// The user part with its `%` escapes resolved.
    pub fn user_decoded(&self) -> Cow<'a, str> {
        percent_decode(self.user.unwrap_or(""))
    }

    /// The first header of that name a request to this URI is to carry, escapes resolved (RFC 3261 §19.1.1).
    pub fn header(&self, name: &str) -> Option<Cow<'a, str>> {
        self.headers
            .split('&')
            .filter_map(|header| header.split_once('='))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| percent_decode(value))
    }

    /// The port, or the default of the scheme.
    pub fn port_or_default(&self) -> u16 {
        let over_tls = || {
            let transport = self.params.value("transport");
            self.is_sips() || transport.is_some_and(|name| name.eq_ignore_ascii_case("tls"))
        };
        self.port
            .unwrap_or_else(|| if over_tls() { 5061 } else { 5060 })
    }

    /// Equality of RFC 3261 §19.1.4.
    pub fn is_equivalent(&self, other: &Uri<'_>) -> bool {
        if !self.is_sip() || !other.is_sip() {
            return self.raw.eq_ignore_ascii_case(other.raw);
        }
        self.scheme.eq_ignore_ascii_case(other.scheme)
            && self.user.is_some() == other.user.is_some()
            && self.user_decoded() == other.user_decoded()
            && self.host.eq_ignore_ascii_case(other.host)
            && self.port == other.port
            && same_params(self.params, other.params)
            && same_params(other.params, self.params)
            && self.headers.eq_ignore_ascii_case(other.headers)
    }
}

/// Every parameter of `a` that must match does match in `b`: those present in both, and `user`,
/// `ttl`, `method`, `maddr` and `transport` always.
fn same_params(a: Params<'_>, b: Params<'_>) -> bool {
    a.iter().all(|(name, value)| match b.value(name) {
        Some(other) => value.unwrap_or("").eq_ignore_ascii_case(other),
        None => !["user", "ttl", "method", "maddr", "transport"]
            .iter()
            .any(|strict| strict.eq_ignore_ascii_case(name)),
    })
}

/// Splits `host`, `host:port`, `[v6]` and `[v6]:port`.
pub(crate) fn split_host_port(text: &str) -> Result<(&str, Option<u16>), BadUri> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, tail) = rest.split_once(']').ok_or(BadUri)?;
        if !host
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
        {
            return Err(BadUri);
        }
        match tail.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if tail.is_empty() => (host, None),
            None => return Err(BadUri),
        }
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    if host.is_empty()
        || !host.bytes().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'-' | b'.' | b'_' | b':')
                || byte >= 0x80
        })
    {
        return Err(BadUri);
    }
    let port = match port {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(port.parse().map_err(|_| BadUri)?)
        }
        Some(_) => return Err(BadUri),
        None => None,
    };
    Ok((host, port))
}

/// Resolves `%xx`; text that is then not UTF-8 stays as it was.
pub fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(value) => {
                plain.push(value);
                at += 3;
            }
            None => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(plain).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_uris_seen_in_the_field() {
        let uri = Uri::parse("sip:*98#@[2001:db8::1]:5080;transport=tcp;lr?Subject=x").unwrap();
        assert_eq!(
            (uri.user, uri.host, uri.port),
            (Some("*98#"), "2001:db8::1", Some(5080))
        );
        assert_eq!(uri.params.value("transport"), Some("tcp"));
        assert_eq!(uri.headers, "Subject=x");
        let uri = Uri::parse("tel:+1-201-555-0123;phone-context=x").unwrap();
        assert_eq!((uri.user, uri.host), (Some("+1-201-555-0123"), ""));
        let uri = Uri::parse("sip:user;par=u%40example.net@example.com").unwrap();
        assert_eq!(uri.user_decoded(), "user;par=u@example.net");
        assert_eq!(
            Uri::parse("SIPS:alice:secret@h").unwrap().user,
            Some("alice")
        );
        assert!(Uri::parse("nobodyKnowsThisScheme:x").is_ok());
    }

    #[test]
    fn malformed_uris_are_refused() {
        for bad in [
            "",
            "sip",
            "sip:",
            "sip:a@",
            "sip:a@h:99999",
            "sip:a@h:x",
            "sip:a b@h",
            "<sip:a@h>",
            "sip:[::1",
            ":x",
        ] {
            assert_eq!(Uri::parse(bad), Err(BadUri), "{bad}");
        }
    }

    #[test]
    fn equality_follows_the_examples_of_the_rfc() {
        let equal = [
            (
                "sip:%61lice@atlanta.com;transport=TCP",
                "sip:alice@AtlanTa.CoM;Transport=tcp",
            ),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            (
                "sip:carol@chicago.com;security=on",
                "sip:carol@chicago.com;newparam=5",
            ),
        ];
        let different = [
            (
                "SIP:ALICE@AtLanTa.CoM;Transport=udp",
                "sip:alice@AtLanTa.CoM;Transport=UDP",
            ),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            (
                "sip:carol@chicago.com;security=on",
                "sip:carol@chicago.com;security=off",
            ),
        ];
        let same = |a, b| {
            Uri::parse(a)
                .unwrap()
                .is_equivalent(&Uri::parse(b).unwrap())
        };
        for (a, b) in equal {
            assert!(same(a, b) && same(b, a), "{a} {b}");
        }
        for (a, b) in different {
            assert!(!same(a, b) && !same(b, a), "{a} {b}");
        }
    }

    #[test]
    fn percent_decoding_keeps_what_it_cannot_resolve() {
        assert_eq!(percent_decode("a%4"), "a%4");
        assert_eq!(percent_decode("%zz%41"), "%zzA");
        assert_eq!(percent_decode("%ff"), "%ff");
    }
}
