//! Datagrams nobody took: what the network says about them (RFC 3261 §18.4).
//!
//! A socket that asks for it keeps the ICMP errors about what it sent, with the first part of each datagram. Only
//! Linux has this; elsewhere a request to nobody fails when its transaction times out.

use std::net::SocketAddr;

use bytes::Bytes;
use tokio::net::UdpSocket;

/// A datagram that came back: where it had been sent, and as much of it as the network quotes.
#[derive(Debug)]
pub(super) struct Returned {
    pub(super) remote: SocketAddr,
    pub(super) bytes: Bytes,
}

/// Most errors taken off a socket in one go.
#[cfg(target_os = "linux")]
const BATCH: usize = 32;

/// Asks the system to keep errors.
#[cfg(target_os = "linux")]
pub(super) fn watch(socket: &UdpSocket) -> std::io::Result<()> {
    use nix::sys::socket::{setsockopt, sockopt};
    match socket.local_addr()? {
        SocketAddr::V4(_) => setsockopt(socket, sockopt::Ipv4RecvErr, &true)?,
        SocketAddr::V6(_) => setsockopt(socket, sockopt::Ipv6RecvErr, &true)?,
    }
    Ok(())
}

/// The datagrams nobody took since the last call. Also forgets the error the socket's next call would end with.
#[cfg(target_os = "linux")]
pub(super) fn take(socket: &UdpSocket) -> Vec<Returned> {
    use nix::sys::socket::{MsgFlags, SockaddrStorage, recvmsg};
    use std::io::IoSliceMut;
    use std::os::fd::AsRawFd as _;

    let mut out = Vec::new();
    for _ in 0..BATCH {
        let mut buffer = [0; 2048];
        let mut space = nix::cmsg_space!([u8; 64]);
        let mut parts = [IoSliceMut::new(&mut buffer)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let fd = socket.as_raw_fd();
        let Ok(got) = recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut space), flags) else {
            break;
        };
        let nobody = got
            .cmsgs()
            .is_ok_and(|mut messages| messages.any(|message| means_nobody(&message)));
        let remote = got.address.as_ref().and_then(address);
        let length = got.bytes;
        if let (true, Some(remote)) = (nobody, remote) {
            let bytes = Bytes::copy_from_slice(whole_lines(buffer.get(..length).unwrap_or(&[])));
            out.push(Returned { remote, bytes });
        }
    }
    drop(socket.take_error());
    out
}

/// Whether an error says that host, network, protocol or port cannot be reached; others are ignored.
#[cfg(target_os = "linux")]
fn means_nobody(message: &nix::sys::socket::ControlMessageOwned) -> bool {
    use nix::errno::Errno;
    use nix::sys::socket::ControlMessageOwned;
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "other kinds of control message are not asked for"
    )]
    let number = match message {
        ControlMessageOwned::Ipv4RecvErr(error, _) => error.ee_errno,
        ControlMessageOwned::Ipv6RecvErr(error, _) => error.ee_errno,
        _ => return false,
    };
    let number = i32::try_from(number).unwrap_or(0);
    matches!(
        Errno::from_raw(number),
        Errno::ECONNREFUSED | Errno::EHOSTUNREACH | Errno::ENETUNREACH | Errno::ENOPROTOOPT
    )
}

#[cfg(target_os = "linux")]
fn address(address: &nix::sys::socket::SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(SocketAddr::new(v4.ip().into(), v4.port()));
    }
    let v6 = address.as_sockaddr_in6()?;
    Some(SocketAddr::new(v6.ip().into(), v6.port()))
}

/// What is quoted may end within a line; such a line says nothing for certain.
#[cfg(target_os = "linux")]
fn whole_lines(quoted: &[u8]) -> &[u8] {
    let end = quoted.windows(2).rposition(|pair| pair == b"\r\n");
    quoted.get(..end.map_or(0, |at| at + 2)).unwrap_or(&[])
}

#[cfg(not(target_os = "linux"))]
pub(super) fn watch(_socket: &UdpSocket) -> std::io::Result<()> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn take(_socket: &UdpSocket) -> Vec<Returned> {
    Vec::new()
}
