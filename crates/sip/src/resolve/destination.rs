//! What is to be found: host, and port and transport where they are given.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::Hop;
use crate::message::Uri;
use crate::message::split_host_port;
use crate::transport::Transport;

/// Longest domain name, bytes (RFC 1035 §2.3.4).
const MAX_NAME: usize = 253;

/// Host, port and transport of a URI or of a configured proxy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    host: Box<str>,
    port: Option<u16>,
    transport: Option<Transport>,
}

/// Why something is no destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDestination {
    /// Neither a name nor an address.
    #[error("neither a host name nor an address")]
    Host,
    /// Not `host[:port][;transport=udp|tcp]`.
    #[error("not host[:port][;transport=udp|tcp]")]
    Syntax,
    /// A proxy over TLS: its certificate would have to bear its own name, and not the one the request is for.
    #[error("SIP over TLS to a fixed proxy is not supported")]
    Tls,
    /// A transport we do not send over.
    #[error("only UDP, TCP and TLS are supported")]
    Transport,
}

impl Destination {
    /// A domain of which nothing else is known.
    ///
    /// # Errors
    /// [`BadDestination::Host`].
    pub fn domain(host: &str) -> Result<Self, BadDestination> {
        Self::new(host, None, None)
    }

    /// The host of a URI, or the `maddr` it names (RFC 3263 §4).
    ///
    /// # Errors
    /// When nothing can be sent there.
    pub fn of_uri(uri: &Uri<'_>) -> Result<Self, BadDestination> {
        let named = uri.params.value("transport").filter(|t| !t.is_empty());
        let transport = match named.map(Transport::parse) {
            Some(Some(transport @ (Transport::Udp | Transport::Tcp | Transport::Tls))) => {
                Some(transport)
            }
            Some(Some(Transport::Ws | Transport::Wss) | None) => {
                return Err(BadDestination::Transport);
            }
            None => None,
        };
        let transport = match (uri.is_sips(), transport) {
            (false, transport) => transport,
            // TLS is not spoken over datagrams (RFC 3261 §26.2.2).
            (true, Some(Transport::Udp)) => return Err(BadDestination::Transport),
            (true, _) => Some(Transport::Tls),
        };
        let maddr = uri.params.value("maddr").filter(|host| !host.is_empty());
        Self::new(maddr.unwrap_or(uri.host), uri.port, transport)
    }

    /// A proxy as it is configured: `host[:port][;transport=udp|tcp]`. UDP and 5060 unless it says otherwise, so
    /// that its name is looked up as an address only (sylkrtc.md §4.5).
    ///
    /// # Errors
    /// When it is none, or asks for what we do not have.
    pub fn proxy(text: &str) -> Result<Self, BadDestination> {
        let (place, parameter) = match text.trim().split_once(';') {
            Some((place, parameter)) => (place.trim(), Some(parameter.trim())),
            None => (text.trim(), None),
        };
        let transport = match parameter {
            None => Transport::Udp,
            Some(parameter) => {
                let (name, value) = parameter.split_once('=').ok_or(BadDestination::Syntax)?;
                if !name.trim().eq_ignore_ascii_case("transport") {
                    return Err(BadDestination::Syntax);
                }
                supported(value.trim())?
            }
        };
        let (host, port) = split_host_port(place).map_err(|_| BadDestination::Syntax)?;
        let port = port.unwrap_or(transport.default_port());
        Self::new(host, Some(port), Some(transport))
    }

    /// A peer of which less may be known: `[sip:|sips:]host[:port][;transport=udp|tcp|tls]`. What it does not say is left to the
    /// DNS, but for a transport given beside it.
    ///
    /// # Errors
    /// When it is none, or asks for what we do not have.
    pub fn peer(text: &str, transport: Option<Transport>) -> Result<Self, BadDestination> {
        let text = text.trim();
        let uri = match text.split_once(':') {
            Some((scheme, _))
                if ["sip", "sips"]
                    .iter()
                    .any(|s| s.eq_ignore_ascii_case(scheme)) =>
            {
                text.to_owned()
            }
            Some(_) | None => format!("sip:{text}"),
        };
        let uri = Uri::parse(&uri).map_err(|_| BadDestination::Syntax)?;
        let mut peer = Self::of_uri(&uri)?;
        peer.transport = peer.transport.or(transport);
        Ok(peer)
    }

    fn new(
        host: &str,
        port: Option<u16>,
        transport: Option<Transport>,
    ) -> Result<Self, BadDestination> {
        let sound = host.len() <= MAX_NAME
            && (host.parse::<IpAddr>().is_ok() || is_name(host))
            && port != Some(0);
        if !sound {
            return Err(BadDestination::Host);
        }
        Ok(Self {
            host: host.into(),
            port,
            transport,
        })
    }

    /// The host as it was given.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, when one was given.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The transport, when one was given.
    pub fn transport(&self) -> Option<Transport> {
        self.transport
    }

    /// The hop itself when the host is an address: nothing has to be asked (RFC 3263 §4.1).
    pub fn literal(&self) -> Option<Hop> {
        let address = self.host.parse().ok()?;
        Some(self.at(address))
    }

    /// The hop at an address of the host.
    pub(super) fn at(&self, address: IpAddr) -> Hop {
        let transport = self.transport.unwrap_or(Transport::Udp);
        let port = self.port.unwrap_or(transport.default_port());
        Hop {
            transport,
            address: SocketAddr::new(address, port),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

fn supported(name: &str) -> Result<Transport, BadDestination> {
    match Transport::parse(name) {
        Some(transport @ (Transport::Udp | Transport::Tcp)) => Ok(transport),
        Some(Transport::Tls) => Err(BadDestination::Tls),
        Some(Transport::Ws | Transport::Wss) | None => Err(BadDestination::Transport),
    }
}

/// Whether a text can be asked of the DNS: labels of 1 to 63 bytes. Names of web clients end in `.invalid` so that
/// nobody asks for them (RFC 6761 §6.4).
fn is_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    !host.is_empty()
        && !host.to_ascii_lowercase().ends_with(".invalid")
        && host.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
        // All digits and dots, but no address: a mistyped one.
        && !host
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_as_people_configure_them() {
        for (text, host, port, transport) in [
            (
                "proxy.example.org",
                "proxy.example.org",
                5060,
                Transport::Udp,
            ),
            ("192.0.2.1:5080", "192.0.2.1", 5080, Transport::Udp),
            (
                "[2001:db8::1]:5070 ; transport=TCP",
                "2001:db8::1",
                5070,
                Transport::Tcp,
            ),
        ] {
            let proxy = Destination::proxy(text).unwrap();
            assert_eq!(
                (proxy.host(), proxy.port(), proxy.transport()),
                (host, Some(port), Some(transport)),
                "{text}"
            );
        }
        for (text, error) in [
            ("", BadDestination::Syntax),
            ("a b", BadDestination::Syntax),
            ("host;lr", BadDestination::Syntax),
            ("host;transport=tls", BadDestination::Tls),
            ("host;transport=sctp", BadDestination::Transport),
            ("host:0", BadDestination::Host),
            ("300.1.2.3", BadDestination::Host),
        ] {
            assert_eq!(Destination::proxy(text), Err(error), "{text}");
        }
    }

    #[test]
    fn peers_leave_to_the_dns_what_they_do_not_say() {
        let tcp = Some(Transport::Tcp);
        for (text, beside, expected) in [
            ("carrier.example", None, ("carrier.example", None, None)),
            ("sip:carrier.example", tcp, ("carrier.example", None, tcp)),
            ("192.0.2.1:5080", None, ("192.0.2.1", Some(5080), None)),
            (
                "[2001:db8::1]:5070;transport=tcp",
                None,
                ("2001:db8::1", Some(5070), tcp),
            ),
            (
                "carrier.example;transport=udp",
                tcp,
                ("carrier.example", None, Some(Transport::Udp)),
            ),
            (
                "sips:carrier.example",
                tcp,
                ("carrier.example", None, Some(Transport::Tls)),
            ),
            (
                "carrier.example:5081;transport=tls",
                None,
                ("carrier.example", Some(5081), Some(Transport::Tls)),
            ),
        ] {
            let peer = Destination::peer(text, beside).unwrap();
            let found = (peer.host(), peer.port(), peer.transport());
            assert_eq!(found, expected, "{text}");
        }
        for (text, error) in [
            ("", BadDestination::Syntax),
            (
                "sips:carrier.example;transport=udp",
                BadDestination::Transport,
            ),
            ("carrier.example;transport=ws", BadDestination::Transport),
            ("300.1.2.3", BadDestination::Host),
        ] {
            assert_eq!(Destination::peer(text, None), Err(error), "{text}");
        }
    }

    #[test]
    fn uris_say_host_port_and_transport() {
        let of = |raw| Destination::of_uri(&Uri::parse(raw).unwrap());
        let found = of("sip:bob@example.org:5070;transport=tcp").unwrap();
        assert_eq!(
            (found.host(), found.port(), found.transport()),
            ("example.org", Some(5070), Some(Transport::Tcp))
        );
        assert_eq!(
            of("sip:b@example.org;maddr=192.0.2.7").unwrap().host(),
            "192.0.2.7"
        );
        for (uri, port) in [
            ("sips:bob@192.0.2.7", 5061),
            ("sips:bob@192.0.2.7;transport=tcp", 5061),
            ("sip:bob@192.0.2.7;transport=TLS", 5061),
            ("sip:bob@192.0.2.7:5099;transport=tls", 5099),
        ] {
            let hop = of(uri).unwrap().literal().unwrap();
            assert_eq!(
                (hop.transport, hop.address.port()),
                (Transport::Tls, port),
                "{uri}"
            );
        }
        assert_eq!(
            of("sips:bob@example.org;transport=udp"),
            Err(BadDestination::Transport)
        );
        assert_eq!(of("sip:bob@web-1.invalid"), Err(BadDestination::Host));
        assert_eq!(of("sip:bob@a..b"), Err(BadDestination::Host));
        let literal = of("sip:bob@[2001:db8::1]").unwrap().literal().unwrap();
        assert_eq!(literal.address, "[2001:db8::1]:5060".parse().unwrap());
    }
}
