//! Registrations: a challenge and its answer, refreshed over and over; and many users at once.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::net::UdpSocket;

use crate::digest;
use crate::server::{SMALL_REPLAY, Server};
use crate::sip_agent::{Message, PASSWORD, socket};

/// The built-in users.
const FIRST_USER: usize = 1000;
const BUILT_IN_USERS: usize = 20;

/// Pairs of REGISTER requests over the built-in users.
pub(crate) async fn run(binary: &Path, pairs: usize, in_flight: usize) -> Result<()> {
    println!("\n# jackfield-load registrations --pairs {pairs} --in-flight {in_flight}");
    let server = Server::start(binary).await?;
    let users: Vec<String> = (0..BUILT_IN_USERS)
        .map(|n| (FIRST_USER + n).to_string())
        .collect();
    drive(server.sip, &users, users.len(), in_flight).await?;
    let processor = server.processor_time()?;
    let began = Instant::now();
    let asked_twice = drive(server.sip, &users, pairs, in_flight).await?;
    let took = began.elapsed();
    let used = server.processor_time()? - processor;
    println!(
        "{pairs} pairs ({asked_twice} sent again), {:.0}/s: {:.1} µs of processor per pair",
        pairs as f64 / took.as_secs_f64(),
        used.as_secs_f64() * 1e6 / pairs as f64
    );
    server.stop().await
}

/// How long a transaction over UDP remembers its answer (RFC 3261 timer J), and a little more.
const TRANSACTIONS_FORGOTTEN: Duration = Duration::from_secs(36);

/// Memory of one binding: as many users as asked, each registered once.
///
/// What is not a binding is kept out of the figure: the replay ring is made small, and the first half
/// of the users registers long before the second, so that the second half finds the memory of the
/// first half's transactions free.
pub(crate) async fn bindings(binary: &Path, users: usize) -> Result<()> {
    println!("\n# jackfield-load bindings --users {users}");
    let names: Vec<String> = (0..users).map(|n| format!("load{n}")).collect();
    let mut directory = String::from(
        "<document type=\"freeswitch/xml\">\n<section name=\"directory\">\n\
         <domain name=\"127.0.0.1\"><groups><group name=\"load\"><users>\n",
    );
    for name in &names {
        writeln!(
            directory,
            "<user id=\"{name}\"><params><param name=\"password\" value=\"{PASSWORD}\"/></params></user>"
        )
        .context("a string takes what is written")?;
    }
    directory.push_str("</users></group></groups></domain>\n</section>\n</document>\n");
    let server = Server::start_with(
        binary,
        &format!("[xml]\nroot = \"freeswitch.xml\"\n\n{SMALL_REPLAY}"),
        &[("freeswitch.xml", directory)],
    )
    .await?;
    let (warm, measured) = names.split_at(users / 2);
    drive(server.sip, warm, warm.len(), 16).await?;
    tokio::time::sleep(TRANSACTIONS_FORGOTTEN).await;
    let before = server.resident_bytes()?;
    drive(server.sip, measured, measured.len(), 16).await?;
    let after = server.resident_bytes()?;
    println!(
        "{} bindings: {:.0} bytes of resident memory each",
        measured.len(),
        (after - before) / measured.len() as f64
    );
    server.stop().await
}

/// Registers `pairs` times, going round the users; returns how many requests had to be sent again.
async fn drive(
    server: SocketAddr,
    users: &[String],
    pairs: usize,
    in_flight: usize,
) -> Result<usize> {
    let socket = socket().await?;
    let here = socket.local_addr().context("reading the local address")?;
    let mut bytes = vec![0; 65536];
    let mut next = 0;
    let mut finished = 0;
    let mut again = 0;
    // Requests without an answer, oldest first.
    let mut waiting: VecDeque<(String, String)> = VecDeque::new();
    while finished < pairs {
        while waiting.len() < in_flight && next < pairs {
            let user = &users[next % users.len()];
            let key = format!("p{next}-{}", here.port());
            send(&socket, server, user, &key, 1, "", &mut waiting).await?;
            next += 1;
        }
        let received =
            tokio::time::timeout(Duration::from_millis(500), socket.recv(&mut bytes)).await;
        let Ok(received) = received else {
            again += waiting.len();
            if again > pairs {
                bail!("the server answers no REGISTER");
            }
            for (_, request) in &waiting {
                socket
                    .send_to(request.as_bytes(), server)
                    .await
                    .context("sending again")?;
            }
            continue;
        };
        let text = String::from_utf8_lossy(&bytes[..received.context("receiving")?]).into_owned();
        let answer = Message(&text);
        let key = answer.header("Call-ID").unwrap_or_default();
        let cseq = answer.header("CSeq").unwrap_or_default();
        let Some(at) = waiting
            .iter()
            .position(|(waiting, request)| waiting == key && request.contains(cseq))
        else {
            continue;
        };
        match (answer.code(), answer.challenge()) {
            (Some(200), _) => {
                waiting.remove(at);
                finished += 1;
            }
            (Some(401), Some((challenge, header))) if cseq.starts_with('1') => {
                let index: usize = key
                    .trim_start_matches('p')
                    .split('-')
                    .next()
                    .and_then(|number| number.parse().ok())
                    .context("the Call-ID is ours")?;
                let user = &users[index % users.len()];
                let uri = format!("sip:{server}");
                let credentials = digest::answer(challenge, "REGISTER", &uri, user, PASSWORD)?;
                waiting.remove(at);
                let line = format!("{header}: {credentials}\r\n");
                send(&socket, server, user, key, 2, &line, &mut waiting).await?;
            }
            (code, _) => bail!("REGISTER was answered with {code:?}: {text}"),
        }
    }
    Ok(again)
}

async fn send(
    socket: &UdpSocket,
    server: SocketAddr,
    user: &str,
    key: &str,
    sequence: u32,
    authorization: &str,
    waiting: &mut VecDeque<(String, String)>,
) -> Result<()> {
    let here = socket.local_addr().context("reading the local address")?;
    let request = format!(
        "REGISTER sip:{server} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{key}{sequence};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{user}@{server}>;tag={key}\r\nTo: <sip:{user}@{server}>\r\n\
         Call-ID: {key}\r\nCSeq: {sequence} REGISTER\r\nContact: <sip:{user}@127.0.0.1:6000>\r\n\
         Expires: 3600\r\n{authorization}Content-Length: 0\r\n\r\n"
    );
    socket
        .send_to(request.as_bytes(), server)
        .await
        .context("sending")?;
    waiting.push_back((key.to_owned(), request));
    Ok(())
}
