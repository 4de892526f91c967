//! What this machine is called and how it is connected, read once at the start.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use net::Network;

/// Name and addresses.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) hostname: String,
    /// The address the system would send from.
    pub(crate) ipv4: Ipv4Addr,
    pub(crate) ipv6: Ipv6Addr,
    /// Networks of the interfaces.
    pub(crate) networks: Vec<Network>,
}

impl Machine {
    /// Looks around. What cannot be found out is loopback.
    pub(crate) fn look() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let hostname = read("/proc/sys/kernel/hostname").trim().to_owned();
        let mut networks = ipv4_networks(&read("/proc/net/route"));
        networks.extend(ipv6_networks(&read("/proc/net/if_inet6")));
        Self {
            hostname: if hostname.is_empty() {
                "localhost".to_owned()
            } else {
                hostname
            },
            ipv4: ipv4(),
            ipv6: ipv6(),
            networks,
        }
    }
}

/// Connecting a datagram socket sends nothing; the addresses are those of documentation (RFC 5737, RFC 3849).
fn ipv4() -> Ipv4Addr {
    match source(
        Ipv4Addr::UNSPECIFIED.into(),
        Ipv4Addr::new(192, 0, 2, 1).into(),
    ) {
        Some(IpAddr::V4(address)) => address,
        Some(IpAddr::V6(_)) | None => Ipv4Addr::LOCALHOST,
    }
}

fn ipv6() -> Ipv6Addr {
    let documentation = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    match source(Ipv6Addr::UNSPECIFIED.into(), documentation.into()) {
        Some(IpAddr::V6(address)) => address,
        Some(IpAddr::V4(_)) | None => Ipv6Addr::LOCALHOST,
    }
}

fn source(any: IpAddr, towards: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).ok()?;
    socket.connect(SocketAddr::new(towards, 9)).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_unspecified()).then_some(own)
}

/// Routes without a gateway: column 2 is the network, 3 the gateway, 8 the mask, in the machine's byte order.
fn ipv4_networks(table: &str) -> Vec<Network> {
    let rows = table.lines().skip(1);
    rows.filter_map(|row| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let address = |column: usize| {
            let number = u32::from_str_radix(columns.get(column)?, 16).ok()?;
            Some(Ipv4Addr::from(number.to_ne_bytes()))
        };
        let direct = address(2)?.is_unspecified() && !address(1)?.is_unspecified();
        direct.then(|| Network::with_mask(address(1)?.into(), address(7)?.into()))?
    })
    .collect()
}

/// Column 1 is the address in hexadecimal, column 3 the prefix length in hexadecimal.
fn ipv6_networks(table: &str) -> Vec<Network> {
    let row = |row: &str| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let address = Ipv6Addr::from(u128::from_str_radix(columns.first()?, 16).ok()?);
        let prefix = u8::from_str_radix(columns.get(2)?, 16).ok()?;
        Network::new(address.into(), prefix)
    };
    table.lines().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_come_from_direct_routes() {
        let table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                     eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                     eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
        let expected: Network = "192.168.1.0/24".parse().unwrap();
        if cfg!(target_endian = "little") {
            assert_eq!(ipv4_networks(table), [expected]);
        }
        assert_eq!(ipv4_networks("nonsense\nnonsense"), []);
    }

    #[test]
    fn networks_of_version_six() {
        let table = "fe80000000000000021122fffe334455 02 40 20 80     eth0\n";
        assert_eq!(ipv6_networks(table), ["fe80::/64".parse().unwrap()]);
    }
}
