//! Just enough of STUN to see whom a connectivity check asks for. RFC 8489 §5, RFC 8445 §7.2.2.
//!
//! Nothing here is believed: the peer that is found checks the message with its password.

/// Bytes of the header.
const HEADER: usize = 20;
/// Magic cookie in every message.
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// Attribute USERNAME.
const USERNAME: u16 = 0x0006;
/// Message type of a binding request.
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];

/// Whether it is a STUN message.
pub(super) fn is_stun(datagram: &[u8]) -> bool {
    datagram.len() >= HEADER && datagram[0] < 2 && datagram[4..8] == COOKIE
}

/// Whether it is a connectivity check.
pub(super) fn is_request(datagram: &[u8]) -> bool {
    is_stun(datagram) && datagram[..2] == BINDING_REQUEST
}

/// The name of the peer a connectivity check asks for: the part of the user name before the colon.
pub(super) fn asked_for(datagram: &[u8]) -> Option<&str> {
    if !is_request(datagram) {
        return None;
    }
    let mut rest = &datagram[HEADER..];
    while let [k0, k1, l0, l1, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        let value = after.get(..length)?;
        if u16::from_be_bytes([*k0, *k1]) == USERNAME {
            let name = std::str::from_utf8(value).ok()?;
            return name.split_once(':').map(|(ours, _)| ours);
        }
        rest = after.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(attributes: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 1, 0, attributes.len() as u8];
        bytes.extend(COOKIE);
        bytes.extend([7; 12]);
        bytes.extend_from_slice(attributes);
        bytes
    }

    #[test]
    fn the_first_half_of_the_user_name_is_ours() {
        let mut attributes = vec![0x80, 0x22, 0, 3, b'x', b'y', b'z', 0];
        attributes.extend([0, 6, 0, 9]);
        attributes.extend(b"ours:them");
        attributes.extend([0; 3]);
        assert_eq!(asked_for(&request(&attributes)), Some("ours"));
    }

    #[test]
    fn what_is_no_check_asks_for_nobody() {
        let whole = request(&[0, 6, 0, 4, b'a', b':', b'b', b'c']);
        assert_eq!(asked_for(&whole), Some("a"));
        for end in 0..whole.len() {
            assert_eq!(asked_for(&whole[..end]), None, "{end}");
        }
        let mut response = whole.clone();
        response[0] = 1;
        assert!(is_stun(&response));
        assert_eq!(asked_for(&response), None);
        assert_eq!(asked_for(&request(&[0, 6, 0xff, 0xff, b'a'])), None);
        assert_eq!(asked_for(&request(&[0, 6, 0, 2, b'a', b'b', 0, 0])), None);
        assert_eq!(asked_for(&[0x80; 40]), None);
    }
}
