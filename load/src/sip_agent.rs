//! A caller and a callee over UDP, each as small as RFC 3261 lets it be on a network that loses
//! nothing: they retransmit nothing and expect well-formed answers.

mod callee;
mod caller;
mod message;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::UdpSocket;

use crate::digest;

pub(crate) use callee::Callee;
pub(crate) use caller::Caller;
pub(crate) use message::{Format, Message, OPUS};

/// Password of the built-in users.
pub(crate) const PASSWORD: &str = "1234";

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Receive buffer asked for, bytes: what is lost here must not be blamed on the server.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// A UDP socket on a free port, with room for a burst.
pub(crate) async fn socket() -> Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")
        .await
        .context("binding a UDP port")?;
    socket2::SockRef::from(&socket)
        .set_recv_buffer_size(RECEIVE_BUFFER)
        .context("asking for a larger receive buffer")?;
    Ok(socket)
}

/// Registers `user` with a contact at `contact` and returns when the server agreed.
pub(crate) async fn register(
    socket: &UdpSocket,
    server: SocketAddr,
    user: &str,
    contact: SocketAddr,
) -> Result<()> {
    let here = socket.local_addr().context("reading the local address")?;
    let uri = format!("sip:{server}");
    let mut authorization = String::new();
    let mut bytes = vec![0; 65536];
    for sequence in 1..=2 {
        let request = format!(
            "REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKr{user}{sequence};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{user}@{server}>;tag=r{user}\r\nTo: <sip:{user}@{server}>\r\n\
             Call-ID: register-{user}-{here}\r\nCSeq: {sequence} REGISTER\r\nContact: <sip:{user}@{contact}>\r\n\
             Expires: 3600\r\n{authorization}Content-Length: 0\r\n\r\n"
        );
        socket
            .send_to(request.as_bytes(), server)
            .await
            .context("sending REGISTER")?;
        let length = tokio::time::timeout(PATIENCE, socket.recv(&mut bytes))
            .await
            .context("no answer to REGISTER")?
            .context("receiving")?;
        let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
        let answer = Message(&text);
        match (answer.code(), answer.challenge()) {
            (Some(200), _) => return Ok(()),
            (Some(401 | 407), Some((challenge, header))) => {
                let credentials = digest::answer(challenge, "REGISTER", &uri, user, PASSWORD)?;
                authorization = format!("{header}: {credentials}\r\n");
            }
            (code, _) => bail!("REGISTER of {user} was answered with {code:?}: {text}"),
        }
    }
    bail!("REGISTER of {user} was challenged twice")
}
