//! `a=candidate` (RFC 8839): read for those who want it; SIP legs ignore it.

use std::net::{IpAddr, SocketAddr};

/// One ICE candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Foundation.
    pub foundation: &'a str,
    /// 1 for RTP, 2 for RTCP.
    pub component: u16,
    /// `UDP`, `TCP`.
    pub transport: &'a str,
    /// Priority.
    pub priority: u32,
    /// Address; a name that is not an address makes the candidate unreadable.
    pub address: SocketAddr,
    /// `host`, `srflx`, `prflx`, `relay`.
    pub kind: &'a str,
}

impl<'a> Candidate<'a> {
    /// Reads `1 1 UDP 2130706431 192.0.2.1 5000 typ host …`.
    pub fn parse(value: &'a str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let foundation = words.next()?;
        let component = words.next()?.parse().ok()?;
        let transport = words.next()?;
        let priority = words.next()?.parse().ok()?;
        let address: IpAddr = words.next()?.parse().ok()?;
        let port = words.next()?.parse().ok()?;
        words
            .next()
            .filter(|word| word.eq_ignore_ascii_case("typ"))?;
        let kind = words.next()?;
        Some(Self {
            foundation,
            component,
            transport,
            priority,
            address: SocketAddr::new(address, port),
            kind,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_candidate_is_read() {
        let candidate =
            Candidate::parse("1 1 UDP 2130706431 192.0.2.1 5000 typ host generation 0").unwrap();
        assert_eq!((candidate.kind, candidate.address.port()), ("host", 5000));
        assert_eq!(Candidate::parse("1 1 UDP 1 a.local 5000 typ host"), None);
    }
}
