//! Where the application `socket` finds its program (event-socket.md §3.1).

use std::net::Ipv6Addr;

/// Port of a program that names none.
const DEFAULT_PORT: u16 = 8084;

/// Hosts looked at; more than anybody lists, so that a call is not kept dialling for hours.
const MOST_HOSTS: usize = 16;

/// Stands in front of a host that is spoken with over TLS; ours.
const SECURE: &str = "tls://";

/// A program that may take a channel over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Controller {
    /// Name or address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What stands behind the first `/`, without it.
    pub path: Option<String>,
    /// It is spoken with over TLS.
    pub secure: bool,
}

/// Reads `<host>[:<port>][/<path>]|<host2>…`, in the order they are to be tried. A port named once holds for those
/// behind it that name none. What is no host, or has no port that exists, is left out.
///
/// An IPv6 address stands in brackets; without them it takes all colons for its own and has no port. A host behind
/// `tls://` is spoken with over TLS, and that alone: each says it for itself.
pub fn controllers(address: &str) -> Vec<Controller> {
    let mut port = DEFAULT_PORT;
    let mut list = Vec::new();
    for item in address.split('|').take(MOST_HOSTS) {
        let item = item.trim_start();
        let (secure, item) = match item.split_at_checked(SECURE.len()) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SECURE) => (true, rest),
            Some(_) | None => (false, item),
        };
        let (place, path) = match item.split_once('/') {
            Some((place, path)) => (place, Some(path.to_owned()).filter(|path| !path.is_empty())),
            None => (item, None),
        };
        let Some((host, own)) = host_and_port(place.trim()) else {
            continue;
        };
        match own.map(str::parse) {
            Some(Ok(0) | Err(_)) => continue,
            Some(Ok(own)) => port = own,
            None => {}
        }
        list.push(Controller {
            host: host.to_owned(),
            port,
            path,
            secure,
        });
    }
    list
}

fn host_and_port(place: &str) -> Option<(&str, Option<&str>)> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let port = if rest.is_empty() {
            None
        } else {
            Some(rest.strip_prefix(':')?)
        };
        (host, port)
    } else if place.parse::<Ipv6Addr>().is_ok() {
        (place, None)
    } else {
        match place.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        }
    };
    (!host.is_empty()).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, expected: &[(&str, u16, Option<&str>)]) {
        let got = controllers(address);
        let got: Vec<_> = got
            .iter()
            .map(|one| (one.host.as_str(), one.port, one.path.as_deref()))
            .collect();
        assert_eq!(got, expected, "{address}");
    }

    #[test]
    fn hosts_ports_and_paths() {
        check("127.0.0.1:8084", &[("127.0.0.1", 8084, None)]);
        check("pbx", &[("pbx", 8084, None)]);
        check("pbx:1/ivr/main", &[("pbx", 1, Some("ivr/main"))]);
        check("pbx/", &[("pbx", 8084, None)]);
    }

    #[test]
    fn several_are_tried_in_order_and_a_port_stays() {
        check(
            "a|b:9000|c|d:9001/x",
            &[
                ("a", 8084, None),
                ("b", 9000, None),
                ("c", 9000, None),
                ("d", 9001, Some("x")),
            ],
        );
    }

    #[test]
    fn ipv6_addresses() {
        check("[::1]:8085", &[("::1", 8085, None)]);
        check(
            "[fe80::1]/p|::1",
            &[("fe80::1", 8084, Some("p")), ("::1", 8084, None)],
        );
    }

    #[test]
    fn each_says_for_itself_that_it_is_spoken_with_over_tls() {
        let address = "tls://a:9000/x|b|TLS://[::1]| tls://c:9001|d//tls://e|tls:/f";
        check(
            address,
            &[
                ("a", 9000, Some("x")),
                ("b", 9000, None),
                ("::1", 9000, None),
                ("c", 9001, None),
                ("d", 9001, Some("/tls://e")),
            ],
        );
        let secure: Vec<bool> = controllers(address).iter().map(|one| one.secure).collect();
        assert_eq!(secure, [true, false, true, true, false]);
    }

    #[test]
    fn what_is_no_place_is_left_out() {
        check("", &[]);
        check("||", &[]);
        check(":8084", &[]);
        check("tls://|tls://:8084|tls://a:0|tls:|tls:/", &[]);
        check("a:0|b:x|c:70000|[::1|[::1]x|d:1", &[("d", 1, None)]);
        assert_eq!(controllers(&"h|".repeat(1000)).len(), MOST_HOSTS);
    }
}
