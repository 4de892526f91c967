//! Which web pages may connect (RFC 6454): a browser says where the page that asks is from, and a page cannot change it.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};

/// A pattern with `*` for any run of characters, compared with `scheme://host:port`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OriginPattern(Box<str>);

impl OriginPattern {
    /// Every origin.
    pub fn any() -> Self {
        Self("*".into())
    }

    /// A pattern as an operator writes it. Without a port it means the scheme's own.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_ascii_lowercase().into())
    }

    fn is_any(&self) -> bool {
        &*self.0 == "*"
    }

    fn matches(&self, origin: &Normal) -> bool {
        // Ours: the reference would never match a pattern without port.
        like(&self.0, &origin.with_port)
            || origin
                .without_port
                .as_ref()
                .is_some_and(|text| like(&self.0, text))
    }
}

/// Whether a page of that origin may connect. No header: no page, but a program, which could send anything.
pub fn allowed(patterns: &[OriginPattern], origin: Option<&str>) -> bool {
    let Some(origin) = origin else {
        return true;
    };
    if origin == "null" || origin.starts_with("file:") {
        return matches!(patterns, [only] if only.is_any());
    }
    match Normal::of(origin) {
        Some(origin) => patterns.iter().any(|pattern| pattern.matches(&origin)),
        None => false,
    }
}

/// Whether who asks is no page, a page from the very address that is asked, or one of an origin that may connect. `secure`: it
/// came over TLS.
pub fn is_from_here(patterns: &[OriginPattern], headers: &HeaderMap, secure: bool) -> bool {
    let one = |name| {
        let mut values = headers.get_all(name).iter();
        let value = values
            .next()
            .map(|value| value.to_str().unwrap_or_default());
        values.next().is_none().then_some(value)
    };
    match (one(header::ORIGIN), one(header::HOST)) {
        (Some(None), _) => true,
        (Some(Some(origin)), host) => {
            let own = host.flatten().and_then(|host| own_origin(host, secure));
            own.is_some_and(|own| origin.eq_ignore_ascii_case(&own))
                || allowed(patterns, Some(origin))
        }
        (None, _) => false,
    }
}

/// The origin of the address a client asks. Without TLS a name is none: a page's own name can be made to lead here.
fn own_origin(host: &str, secure: bool) -> Option<String> {
    if secure {
        return Some(format!("https://{host}"));
    }
    let authority: Authority = host.parse().ok()?;
    let name = authority.host().trim_matches(['[', ']']);
    let is_here = name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok();
    is_here.then(|| format!("http://{host}"))
}

/// An origin with its port written out, and without when it is the scheme's own.
struct Normal {
    with_port: String,
    without_port: Option<String>,
}

impl Normal {
    fn of(origin: &str) -> Option<Self> {
        let origin = origin.to_ascii_lowercase();
        let (scheme, rest) = origin.split_once("://")?;
        let usual = match scheme {
            "http" | "ws" => Some(80),
            "https" | "wss" => Some(443),
            _ => None,
        };
        let (host, port) = match rest.rsplit_once(':') {
            // Not inside an IPv6 address.
            Some((host, port)) if !port.contains(']') => (host, Some(port.parse::<u16>().ok()?)),
            Some(_) | None => (rest, None),
        };
        if host.is_empty() || host.contains(['/', '?', '#', '@']) {
            return None;
        }
        let port = port.or(usual)?;
        let without = format!("{scheme}://{host}");
        Some(Self {
            with_port: format!("{without}:{port}"),
            without_port: (Some(port) == usual).then_some(without),
        })
    }
}

/// Whole-text match with `*`.
fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    let mut rest = rest;
    for part in middle {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix() {
        let patterns = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| OriginPattern::new(text))
                .collect::<Vec<_>>()
        };
        let any = patterns(&["*"]);
        let some = patterns(&[
            "https://app.example.org:443",
            "https://*.example.net:*",
            "http://localhost",
        ]);
        let odd = patterns(&["https://app.example.org*"]);
        for (list, origin, expected) in [
            (&any, None, true),
            (&some, None, true),
            (&any, Some("null"), true),
            (&any, Some("file://"), true),
            (&some, Some("null"), false),
            (&some, Some("file:///index.html"), false),
            (&any, Some("https://anything.example"), true),
            (&some, Some("https://app.example.org"), true),
            (&some, Some("https://APP.example.org:443"), true),
            (&some, Some("https://app.example.org:8443"), false),
            (&some, Some("http://app.example.org"), false),
            (&some, Some("https://x.example.net:8443"), true),
            (&some, Some("https://x.example.net"), true),
            (&some, Some("https://example.net"), false),
            (&some, Some("http://localhost"), true),
            (&some, Some("http://localhost:8080"), false),
            (&odd, Some("https://app.example.org:8443"), true),
            (&some, Some("nonsense"), false),
            (&some, Some("https://"), false),
            (&any, Some("https://[::1]:5000"), true),
            (&any, Some("https://[::1]"), true),
        ] {
            assert_eq!(allowed(list, origin), expected, "{origin:?} {list:?}");
        }
    }

    fn judged(origins: &[&str], given: &[(&str, &str)], secure: bool) -> bool {
        let origins: Vec<_> = origins
            .iter()
            .map(|text| OriginPattern::new(text))
            .collect();
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            let name: header::HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        is_from_here(&origins, &headers, secure)
    }

    #[test]
    fn pages_come_from_where_they_may() {
        let page =
            |origin, host, secure| judged(&[], &[("Origin", origin), ("Host", host)], secure);
        assert!(
            judged(&[], &[("Host", "pbx.example.net:9002")], true),
            "no page"
        );
        for (origin, host, secure) in [
            ("https://pbx.example.net:9002", "pbx.example.net:9002", true),
            ("https://PBX.example.net", "pbx.example.net", true),
            ("http://127.0.0.1:9002", "127.0.0.1:9002", false),
            ("http://[::1]:9002", "[::1]:9002", false),
            ("http://localhost:9002", "localhost:9002", false),
        ] {
            assert!(page(origin, host, secure), "{origin}");
        }
        for (origin, host, secure) in [
            ("https://evil.example", "pbx.example.net:9002", true),
            ("https://pbx.example.net", "pbx.example.net:9002", true),
            ("http://pbx.example.net:9002", "pbx.example.net:9002", true),
            ("null", "127.0.0.1:9002", true),
            ("file://", "127.0.0.1:9002", true),
            ("", "127.0.0.1:9002", true),
            // Any name can be made to lead here.
            ("http://evil.example:9002", "evil.example:9002", false),
        ] {
            assert!(!page(origin, host, secure), "{origin}");
        }
        let evil = [("Origin", "https://evil.example"), ("Host", "a")];
        assert!(judged(&["https://*.example"], &evil, true));
        assert!(!judged(&["https://good.example"], &evil, true));
        let twice = [
            ("Origin", "https://a"),
            ("Origin", "https://evil.example"),
            ("Host", "a"),
        ];
        assert!(!judged(&[], &twice, true));
    }
}
