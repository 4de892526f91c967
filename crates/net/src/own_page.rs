//! Whether a request comes from a page this server comes with (RFC 6454 §7.3).
//!
//! Pages of strangers run in the same browsers, and a browser asks for them what it would ask for ours. It says where the
//! page that asks was fetched, though, and no page can change that.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderName, header};

/// Names of this server under which a page may have been fetched, beside addresses and `localhost`.
///
/// The name matters because any name can be made to lead here: a page of a stranger whose name suddenly means our
/// address would pass for one of ours.
#[derive(Clone, Debug, Default)]
pub struct PageHosts(pub Vec<String>);

/// Why a request comes from no page of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotOurs {
    /// The page was fetched elsewhere, or no page asks.
    Stranger,
    /// It was fetched under a name that is not known to be ours.
    Host,
}

impl PageHosts {
    /// The host a page of ours was fetched from, which asks now. Without an origin no page asks.
    ///
    /// # Errors
    /// [`NotOurs`].
    pub fn own<'a>(&self, headers: &'a HeaderMap, secure: bool) -> Result<&'a str, NotOurs> {
        let host = own_host(headers, secure).ok_or(NotOurs::Stranger)?;
        if self.is_known(host) {
            Ok(host)
        } else {
            Err(NotOurs::Host)
        }
    }

    /// The host of a query, for which browsers say no origin: it must be ours all the same.
    ///
    /// # Errors
    /// [`NotOurs`]; an origin that is said is looked at.
    pub fn asked<'a>(&self, headers: &'a HeaderMap, secure: bool) -> Result<&'a str, NotOurs> {
        if headers.contains_key(header::ORIGIN) {
            return self.own(headers, secure);
        }
        let host = only(headers, header::HOST).map(without_port);
        match host {
            Some(host) if self.is_known(host) => Ok(host),
            Some(_) => Err(NotOurs::Host),
            None => Err(NotOurs::Stranger),
        }
    }

    fn is_known(&self, host: &str) -> bool {
        let mut names = self.0.iter();
        address(host).is_some()
            || host.eq_ignore_ascii_case("localhost")
            || names.any(|name| name.eq_ignore_ascii_case(host))
    }
}

/// The value of a header that is there once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The host of the request, without its port, when the page that asks was fetched from there.
fn own_host(headers: &HeaderMap, secure: bool) -> Option<&str> {
    let (origin, host) = (only(headers, header::ORIGIN)?, only(headers, header::HOST)?);
    // Behind a proxy that has the TLS, a page of https asks without.
    let authority = match origin.split_once("://")? {
        ("https", authority) => authority,
        ("http", authority) if !secure => authority,
        _ => return None,
    };
    authority
        .eq_ignore_ascii_case(host)
        .then(|| without_port(host))
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// The address a host is written as; IPv6 stands in brackets.
fn address(host: &str) -> Option<IpAddr> {
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match inner {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse().ok().filter(IpAddr::is_ipv4),
    }
}

/// Whether a host, as it is written in an address, is this machine.
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || address(host).is_some_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(origin: &str, host: &str, secure: bool) -> Option<String> {
        let mut headers = HeaderMap::new();
        if !origin.is_empty() {
            headers.append(header::ORIGIN, origin.parse().unwrap());
        }
        headers.append(header::HOST, host.parse().unwrap());
        own_host(&headers, secure).map(str::to_owned)
    }

    #[test]
    fn a_page_of_ours_comes_from_where_it_asks() {
        for (origin, host, secure, expected) in [
            (
                "http://127.0.0.1:8870",
                "127.0.0.1:8870",
                false,
                "127.0.0.1",
            ),
            ("http://[::1]:8870", "[::1]:8870", false, "[::1]"),
            ("http://localhost", "LOCALHOST", false, "LOCALHOST"),
            (
                "https://pbx.example.org",
                "pbx.example.org",
                false,
                "pbx.example.org",
            ),
            (
                "https://192.0.2.1:8871",
                "192.0.2.1:8871",
                true,
                "192.0.2.1",
            ),
        ] {
            assert_eq!(
                own(origin, host, secure).as_deref(),
                Some(expected),
                "{origin}"
            );
        }
    }

    #[test]
    fn a_page_of_others_does_not() {
        for (origin, host, secure) in [
            ("", "127.0.0.1:8870", false),
            ("null", "127.0.0.1:8870", false),
            ("file://", "127.0.0.1:8870", false),
            ("http://evil.example", "127.0.0.1:8870", false),
            ("http://127.0.0.1:8000", "127.0.0.1:8870", false),
            ("http://127.0.0.1:88700", "127.0.0.1:8870", false),
            ("http://127.0.0.1", "127.0.0.1:8870", false),
            ("http://localhost:8870", "127.0.0.1:8870", false),
            ("http://127.0.0.1:8870", "127.0.0.1:8870", true),
            ("ftp://127.0.0.1:8870", "127.0.0.1:8870", false),
        ] {
            assert_eq!(own(origin, host, secure), None, "{origin}");
        }
        let mut twice = HeaderMap::new();
        twice.append(header::HOST, "127.0.0.1".parse().unwrap());
        for origin in ["http://127.0.0.1", "http://evil.example"] {
            twice.append(header::ORIGIN, origin.parse().unwrap());
        }
        assert_eq!(own_host(&twice, false), None);
    }

    #[test]
    fn hosts_are_addresses_or_names() {
        for (host, is_here) in [
            ("127.0.0.1", true),
            ("127.8.9.1", true),
            ("[::1]", true),
            ("[::ffff:127.0.0.1]", true),
            ("localhost", true),
            ("192.0.2.1", false),
            ("[2001:db8::1]", false),
            ("127.0.0.1.evil.example", false),
            ("::1", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(host), is_here, "{host}");
        }
        assert_eq!(without_port("[::1]:8870"), "[::1]");
        assert_eq!(without_port("[::1]"), "[::1]");
        assert_eq!(without_port("localhost"), "localhost");
        assert!(address("[127.0.0.1]").is_none() && address("pbx.example.org").is_none());
    }

    #[test]
    fn a_query_says_no_origin() {
        let hosts = PageHosts(vec!["pbx.example.org".to_owned()]);
        let judge = |list: &[(HeaderName, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in list {
                headers.append(name, value.parse().unwrap());
            }
            hosts.asked(&headers, false).map(str::to_owned)
        };
        let host = |value| (header::HOST, value);
        let origin = |value| (header::ORIGIN, value);
        assert_eq!(judge(&[host("127.0.0.1:8870")]), Ok("127.0.0.1".to_owned()));
        assert_eq!(
            judge(&[host("PBX.example.org")]),
            Ok("PBX.example.org".to_owned())
        );
        assert_eq!(judge(&[host("rebound.example")]), Err(NotOurs::Host));
        assert_eq!(judge(&[]), Err(NotOurs::Stranger));
        assert_eq!(
            judge(&[host("127.0.0.1"), host("127.0.0.1")]),
            Err(NotOurs::Stranger)
        );
        let evil = [host("127.0.0.1"), origin("http://evil.example")];
        assert_eq!(judge(&evil), Err(NotOurs::Stranger));
        assert!(judge(&[host("127.0.0.1"), origin("http://127.0.0.1")]).is_ok());
    }
}
