use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A block of addresses, as `10.0.0.0/8`. An IPv4 address mapped into IPv6 counts as the IPv4 address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Network {
    /// Bits behind the prefix are zero.
    base: IpAddr,
    prefix: u8,
}

/// A text is no network.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is not a network like 10.0.0.0/8 or 2001:db8::/32")]
pub struct BadNetwork(pub String);

/// The address itself, or the IPv4 address inside an IPv6 one (`::ffff:10.0.0.1`).
pub fn plain_address(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Whom a limit per address counts for it: an IPv4 address is one, and so is the IPv6 network of 64 bits that every
/// subscriber has for himself (RFC 6177 §2), and every host may pick addresses in as it likes (RFC 8981).
pub fn subscriber(address: IpAddr) -> IpAddr {
    match plain_address(address) {
        plain @ IpAddr::V4(_) => plain,
        plain @ IpAddr::V6(_) => masked(plain, SUBSCRIBER_PREFIX),
    }
}

/// Bits of the network a subscriber has at least.
const SUBSCRIBER_PREFIX: u8 = 64;

impl Network {
    /// The network of `prefix` bits that `address` is in; `None` when the prefix is too long.
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let width = if address.is_ipv4() { 32 } else { 128 };
        if prefix > width {
            return None;
        }
        let (address, prefix) = match (plain_address(address), address) {
            (plain @ IpAddr::V4(_), IpAddr::V6(_)) => (plain, prefix.checked_sub(96)?),
            (plain, _) => (plain, prefix),
        };
        Some(Self {
            base: masked(address, prefix),
            prefix,
        })
    }

    /// The network of one address.
    pub fn of_address(address: IpAddr) -> Self {
        let base = plain_address(address);
        Self {
            base,
            prefix: if base.is_ipv4() { 32 } else { 128 },
        }
    }

    /// The network of an address and a mask (`255.255.255.0`); `None` when the mask has holes or is of the other
    /// family.
    pub fn with_mask(address: IpAddr, mask: IpAddr) -> Option<Self> {
        let (ones, zeros, width) = match mask {
            IpAddr::V4(mask) => {
                let bits = u32::from(mask);
                (bits.leading_ones(), bits.trailing_zeros(), 32)
            }
            IpAddr::V6(mask) => {
                let bits = u128::from(mask);
                (bits.leading_ones(), bits.trailing_zeros(), 128)
            }
        };
        let same_family = mask.is_ipv4() == address.is_ipv4();
        if !same_family || ones + zeros < width {
            return None;
        }
        Self::new(address, u8::try_from(ones).ok()?)
    }

    /// Whether the address is inside.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = plain_address(address);
        address.is_ipv4() == self.base.is_ipv4() && masked(address, self.prefix) == self.base
    }

    /// Whether all of `other` is in it.
    pub fn contains_network(&self, other: &Self) -> bool {
        self.prefix <= other.prefix && self.contains(other.base)
    }

    /// Bits that are fixed: the more, the more specific.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            Ipv4Addr::from(u32::from(address) & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            Ipv6Addr::from(u128::from(address) & mask).into()
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl FromStr for Network {
    type Err = BadNetwork;

    /// Reads `address/prefix`, `address/mask` or an address alone.
    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let bad = || BadNetwork(text.to_owned());
        let (address, behind) = match text.trim().split_once('/') {
            Some((address, behind)) => (address, Some(behind)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let network = match behind {
            None => Some(Self::of_address(address)),
            Some(behind) => match behind.parse::<u8>() {
                Ok(prefix) => Self::new(address, prefix),
                Err(_) => Self::with_mask(address, behind.parse().map_err(|_| bad())?),
            },
        };
        network.ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        let network: Network = network.parse().unwrap();
        network.contains(address.parse().unwrap())
    }

    #[test]
    fn both_families_and_the_mapped_one() {
        assert!(contains("10.0.0.0/8", "10.255.0.1"));
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
        assert!(contains("2001:db8::/32", "2001:db8:1::1"));
        assert!(!contains("2001:db8::/32", "10.0.0.1"));
        assert!(contains("0.0.0.0/0", "255.255.255.255"));
        assert!(!contains("0.0.0.0/0", "::1"));
        assert!(contains("::/0", "2001::1"));
        assert!(contains("192.168.1.77/24", "192.168.1.1"));
        assert!(contains("192.168.1.0/255.255.255.0", "192.168.1.1"));
        assert!(contains("127.0.0.1", "127.0.0.1"));
        assert!(!contains("127.0.0.1", "127.0.0.2"));
    }

    #[test]
    fn a_subscriber_is_an_address_or_a_network_of_64_bits() {
        let of = |text: &str| subscriber(text.parse().unwrap()).to_string();
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(of("2001:db8:0:1:aaaa::1"), "2001:db8:0:1::");
        assert_eq!(of("2001:db8:0:1::"), of("2001:db8:0:1:ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
    }

    #[test]
    fn what_is_no_network() {
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/255.0.255.0",
            "10.0.0.0/ffff::",
            "host",
            "::/129",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
