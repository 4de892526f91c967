//! A telephone that a conversation finds registered: it has said so, and nobody is there any more.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::auth::Credentials;
use sip::event::{Event, OutOfDialogRequest};
use sip::message::{Method, parse_datagram};
use sip::transport::{Flow, FlowId, Target, Transport};
use sip::{Endpoint, EndpointConfig, Party};

/// The password of every user of the configuration the recordings were made with.
const PASSWORD: &str = "1234";
/// The program the recorded telephones were.
const USER_AGENT: &str = "golden/1.0";
const EXPIRES_S: u32 = 300;
/// Largest datagram.
const MAX_DATAGRAM: usize = 65_535;

/// Registers a user from a port of this machine, which is returned, and closes it.
///
/// # Errors
/// A sentence when the server does not grant it within `patience`.
pub(super) fn register(
    server: SocketAddr,
    user: &str,
    call_id: &str,
    patience: Duration,
) -> Result<u16, String> {
    let socket = UdpSocket::bind((server.ip(), 0)).map_err(|error| error.to_string())?;
    let local = socket.local_addr().map_err(|error| error.to_string())?;
    socket
        .set_read_timeout(Some(Duration::from_millis(20)))
        .map_err(|error| error.to_string())?;
    let flow = Flow {
        id: FlowId(1),
        transport: Transport::Udp,
        local,
        remote: server,
    };
    let config = EndpointConfig {
        user_agent: USER_AGENT.into(),
        ..EndpointConfig::default()
    };
    let mut seed = [0; 32];
    seed.iter_mut()
        .zip(local.port().to_be_bytes())
        .for_each(|(place, byte)| *place = byte);
    let mut phone = Endpoint::new(config, seed);
    let address = format!("sip:{user}@{}", server.ip());
    let request = OutOfDialogRequest {
        method: Method::Register,
        uri: format!("sip:{}", server.ip()),
        from: Party::uri(&address),
        to: Party::uri(&address),
        target: Target {
            flow: Some(flow.id),
            transport: flow.transport,
            local,
            remote: server,
        },
        local_contact: Some(format!("sip:{user}@{local}")),
        headers: vec![("Expires".into(), EXPIRES_S.to_string())],
        body: None,
        credentials: Some(Credentials::password(user, PASSWORD)),
        route: Vec::new(),
        call: Some((call_id.to_owned(), 1)),
    };
    let until = Instant::now() + patience;
    let sent = phone.send_out_of_dialog(Instant::now(), request);
    sent.map_err(|error| error.to_string())?;
    let mut datagram = vec![0; MAX_DATAGRAM];
    while Instant::now() < until {
        while let Some(transmit) = phone.poll_transmit() {
            let sent = socket.send_to(&transmit.bytes, server);
            sent.map_err(|error| error.to_string())?;
        }
        while let Some(event) = phone.poll_event() {
            if let Event::Response { code, .. } = event {
                return match code {
                    200 => Ok(local.port()),
                    refused => Err(format!("{user} is not registered: {refused}")),
                };
            }
        }
        match socket.recv(&mut datagram) {
            Ok(length) => {
                let bytes = Bytes::copy_from_slice(&datagram[..length]);
                let message = parse_datagram(bytes).map_err(|error| error.to_string())?;
                phone.handle_message(Instant::now(), &flow, message);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                phone.handle_timeout(Instant::now());
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    Err(format!("{user} gets no answer to its REGISTER"))
}
