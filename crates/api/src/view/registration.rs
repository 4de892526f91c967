use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::time::Timestamp;
use crate::view::Gateway;

/// A contact under which an account can be reached now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Registration {
    /// Creation number.
    pub serial: u64,
    /// SIP profile it came in through.
    pub profile: Arc<str>,
    /// User part of the address registered.
    pub user: Arc<str>,
    /// Its domain.
    pub domain: Arc<str>,
    /// User name of the credentials.
    pub auth_user: Arc<str>,
    /// Realm of the credentials.
    pub auth_realm: Arc<str>,
    /// Contact as the phone gave it, with display name and parameters.
    pub contact: Arc<str>,
    /// URI calls are sent to.
    pub contact_uri: Arc<str>,
    /// SIP `Call-ID` of the registration.
    pub call_id: Arc<str>,
    /// `User-Agent` of the phone.
    pub user_agent: Arc<str>,
    /// Where the request came from.
    pub source: SocketAddr,
    /// `udp`, `tcp` or `tls`; `ws` for a web client.
    pub transport: &'static str,
    /// When it was made or refreshed.
    pub refreshed: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

/// What stands before the number of a registration in dial strings.
const NAMED_BY: &str = ";jackfield-registration=";

impl Registration {
    /// The dial string of this contact, as programs and dialplans use it.
    ///
    /// A contact that leads to where it was registered from stands there as the phone wrote it. Any other, as of a
    /// phone behind a NAT, says which registration it is of: its URI alone would lead elsewhere, and nobody else who
    /// registers the same URI may be called in its place.
    pub fn dial_string(&self) -> String {
        format!("sofia/{}", self.dial_address())
    }

    /// The same without the endpoint's name.
    pub fn dial_address(&self) -> String {
        let (profile, uri) = (&self.profile, self.dialled_uri());
        if self.leads_home() {
            format!("{profile}/{uri}")
        } else {
            format!("{profile}/{uri}{NAMED_BY}{}", self.serial)
        }
    }

    /// Whether the contact URI by itself leads to where the request came from. A web client's always does.
    pub fn leads_home(&self) -> bool {
        if self.transport == "ws" {
            return true;
        }
        let address = self
            .contact_uri
            .split_once('@')
            .map_or("", |(_, rest)| rest);
        let end = address.find([';', '?']).unwrap_or(address.len());
        let (host_port, rest) = address.split_at(end);
        let here = self.source.to_string();
        let is_here = host_port == here || Some(host_port) == here.strip_suffix(":5060");
        is_here
            && self.transport == "udp"
            && !rest.to_ascii_lowercase().contains("transport=")
            && matches!(self.dialled_uri(), Cow::Borrowed(_))
    }

    /// The contact URI with what means something to dial strings escaped.
    pub fn dialled_uri(&self) -> Cow<'_, str> {
        without_separators(&self.contact_uri)
    }

    /// Takes the address of a dial string apart that names a registration: contact URI, escaped, and
    /// [`serial`](Self::serial).
    pub fn named_in(address: &str) -> Option<(&str, u64)> {
        let (uri, serial) = address.rsplit_once(NAMED_BY)?;
        Some((uri, serial.parse().ok()?))
    }
}

/// A URI in which nothing splits, brackets, quotes or expands in a dial string; an IPv6 address keeps its brackets.
fn without_separators(uri: &str) -> Cow<'_, str> {
    let is_host = |(open, _): &(usize, &str)| {
        let inside = uri.get(open + 1..).and_then(|rest| rest.split_once(']'));
        inside.is_some_and(|(host, _)| {
            host.bytes()
                .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
        })
    };
    let host = uri.match_indices('[').find(is_host).map(|(open, _)| {
        let close = uri.get(open..).and_then(|rest| rest.find(']'));
        (open, open + close.unwrap_or_default())
    });
    let means = |at: usize, c: char| match c {
        '[' | ']' => host.is_none_or(|(open, close)| at != open && at != close),
        '_' => uri.get(at.saturating_sub(1)..at + 2) == Some(":_:"),
        ',' | '|' | '{' | '}' | '<' | '>' | '\'' | '"' | '`' | '\\' | '^' | '$' => true,
        c => c.is_ascii_whitespace() || c.is_ascii_control(),
    };
    if !uri.char_indices().any(|(at, c)| means(at, c)) {
        return Cow::Borrowed(uri);
    }
    let mut out = String::with_capacity(uri.len() + 16);
    for (at, c) in uri.char_indices() {
        if means(at, c) {
            out.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A SIP profile: one set of listening addresses with its rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SipProfile {
    /// Name, as `internal`.
    pub name: Arc<str>,
    /// Other names of it (domains).
    pub aliases: Vec<Arc<str>>,
    /// Address SIP is bound to.
    pub sip_ip: Arc<str>,
    /// Port SIP is bound to.
    pub sip_port: u16,
    /// Port SIP over TLS is bound to, at the same address; `None`: it has none.
    pub tls_port: Option<u16>,
    /// Address media is bound to.
    pub rtp_ip: Arc<str>,
    /// Dialplan context of calls that come in.
    pub context: Arc<str>,
    /// Dialplan type.
    pub dialplan: Arc<str>,
    /// Realm of challenges.
    pub realm: Arc<str>,
    /// Codec names offered, in order.
    pub codecs: Vec<Arc<str>>,
    /// Gateways that belong to it.
    pub gateways: Vec<Arc<Gateway>>,
    /// Calls in: all, failed; out: all, failed.
    pub calls_in: u64,
    /// See `calls_in`.
    pub failed_calls_in: u64,
    /// See `calls_in`.
    pub calls_out: u64,
    /// See `calls_in`.
    pub failed_calls_out: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dial::DialString;

    fn registered(contact: &str, source: &str, transport: &'static str) -> Registration {
        Registration {
            serial: 7,
            profile: "internal".into(),
            user: "1000".into(),
            domain: "d".into(),
            auth_user: "1000".into(),
            auth_realm: "d".into(),
            contact: contact.into(),
            contact_uri: contact.into(),
            call_id: "c".into(),
            user_agent: "".into(),
            source: source.parse().unwrap(),
            transport,
            refreshed: Timestamp::ZERO,
            expires: Timestamp::ZERO,
        }
    }

    #[test]
    fn a_contact_stands_as_it_is_only_where_it_leads_to_its_phone() {
        for (contact, source, transport, is_plain) in [
            ("sip:1000@127.0.0.1:5601", "127.0.0.1:5601", "udp", true),
            ("sip:1000@127.0.0.1;ob", "127.0.0.1:5060", "udp", true),
            ("sip:1000@[::1]:5601", "[::1]:5601", "udp", true),
            (
                "sip:1000@1000.invalid;transport=ws",
                "127.0.0.1:40112",
                "ws",
                true,
            ),
            (
                "sip:1000@192.168.1.2:5060",
                "198.51.100.7:40001",
                "udp",
                false,
            ),
            (
                "sip:1000@127.0.0.1:5601;transport=tcp",
                "127.0.0.1:5601",
                "udp",
                false,
            ),
            ("sip:1000@127.0.0.1:5601", "127.0.0.1:5601", "tcp", false),
            ("sip:1000@pbx.example", "127.0.0.1:5060", "udp", false),
            ("sip:a,b@127.0.0.1:5601", "127.0.0.1:5601", "udp", false),
        ] {
            let dial = registered(contact, source, transport).dial_string();
            let plain = format!("sofia/internal/{contact}");
            assert_eq!(dial == plain, is_plain, "{dial}");
        }
    }

    #[test]
    fn no_contact_is_more_than_one_leg() {
        for contact in [
            "sip:x,sofia/gateway/g/1900@h",
            "sip:x|loopback/1900@h",
            "sip:x@h;a=:_:loopback/1900",
            "sip:x@h;a=:_:_:loopback/1900",
            "sip:[a=b]x{c}<d>'e\\@h",
            "sip:[::1],x[@[::1]:5060;a=]",
            "sip:x@h?${system}",
        ] {
            let registration = registered(contact, "127.0.0.1:5060", "udp");
            let dial =
                DialString::parse(&format!("{{a=b}}{}", registration.dial_string())).unwrap();
            let legs: Vec<_> = dial.legs().collect();
            assert_eq!(legs.len(), 1, "{contact}");
            let address = legs[0].address.strip_prefix("internal/").unwrap();
            let (uri, serial) = Registration::named_in(address).unwrap();
            assert_eq!((uri, serial), (&*registration.dialled_uri(), 7));
            assert!(!uri.contains("${"), "{uri}");
        }
    }
}
