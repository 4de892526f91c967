//! Where a request inside a dialog goes (RFC 3261 §8.1.2, without a resolver).

use std::net::{IpAddr, SocketAddr};

use super::flow::{Flow, Target};
use crate::message::Uri;

/// The next hop for a URI, given the flow on which its owner was last heard.
///
/// The flow stays in the answer: a connection is used while it lives. The address is the one in the
/// URI, when it is one. A private address that is not the one we hear the peer from belongs to a
/// network behind a NAT; then, as for host names, it is the source of the last message. The
/// `transport` parameter does not move a dialog to another transport.
pub(crate) fn next_hop(uri: &str, heard: &Flow) -> Target {
    let mut target = heard.target();
    let Ok(uri) = Uri::parse(uri) else {
        return target;
    };
    let host = uri
        .params
        .value("maddr")
        .filter(|host| !host.is_empty())
        .unwrap_or(uri.host);
    let Ok(address) = host.parse::<IpAddr>() else {
        return target;
    };
    let is_same = address == heard.remote.ip();
    if (is_same || !is_private(address)) && address.is_ipv4() == heard.remote.is_ipv4() {
        target.remote = SocketAddr::new(address, uri.port_or_default());
    }
    target
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified()
                // Carrier-grade NAT, RFC 6598.
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{FlowId, Transport};

    #[test]
    fn contacts_are_followed_unless_behind_a_nat() {
        let heard = |transport| Flow {
            id: FlowId(1),
            transport,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "198.51.100.9:40000".parse().unwrap(),
        };
        for (uri, expected) in [
            ("sip:a@203.0.113.5:5070", "203.0.113.5:5070"),
            ("sip:a@198.51.100.9", "198.51.100.9:5060"),
            ("sip:a@192.168.1.5:5070", "198.51.100.9:40000"),
            ("sip:a@phone.example.com:5070", "198.51.100.9:40000"),
            ("tel:+1", "198.51.100.9:40000"),
        ] {
            for transport in [Transport::Udp, Transport::Tcp] {
                let hop = next_hop(uri, &heard(transport));
                assert_eq!(
                    (hop.flow, hop.remote.to_string().as_str()),
                    (Some(FlowId(1)), expected),
                    "{uri}"
                );
            }
        }
    }
}
