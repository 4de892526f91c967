//! Replays the recorded event-socket conversations against a running server:
//! `cargo run -p jackfield-testkit --example golden -- 127.0.0.1:8021 [part of a name] [data folder]`.

use jackfield_testkit::golden::{Bindings, Differences, Runner, Transcript};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

/// Where the server's SIP is, as some of the conversations say themselves.
const SIP_PORT: u16 = 5060;

fn main() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments
        .next()
        .unwrap_or_else(|| "127.0.0.1:8021".to_owned());
    let part = arguments.next().unwrap_or_default();
    let base = arguments.next().unwrap_or_else(|| "/tmp".to_owned());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/event-socket");
    let read = |path: &Path| {
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let differences = Differences::parse(&read(&folder.join("DIFFERENCES.md"))?);
    let address: SocketAddr = address
        .parse()
        .map_err(|error: std::net::AddrParseError| error.to_string())?;
    let runner = Runner {
        address,
        sip: SocketAddr::new(address.ip(), SIP_PORT),
        password: "ClueCon".to_owned(),
        bindings: Bindings::from([("base1".to_owned(), base.into_bytes())]),
        patience: Duration::from_secs(3),
        connect_from: Some(connect_from),
    };
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .map_err(|error| error.to_string())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    paths.sort();
    let (mut passed, mut failed) = (0, 0);
    for path in paths {
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        if !name.contains(&part) {
            continue;
        }
        let report = runner.play(&Transcript::parse(&name, &read(&path)?)?, &differences);
        print!("{}", report.describe());
        if report.passed() {
            passed += 1;
        } else {
            failed += 1;
        }
        // A server that was told to end has no calls.
        if let Err(error) = runner.hang_up_all() {
            eprintln!("calls of {name} could not be ended: {error}");
        }
    }
    println!("{passed} conversations as recorded, {failed} not");
    if failed == 0 {
        Ok(())
    } else {
        Err(format!("{failed} conversations differ"))
    }
}

fn connect_from(from: &str, to: SocketAddr) -> std::io::Result<TcpStream> {
    let from: std::net::IpAddr = from.parse().map_err(std::io::Error::other)?;
    let socket = socket2::Socket::new(
        socket2::Domain::for_address(to),
        socket2::Type::STREAM,
        None,
    )?;
    socket.bind(&SocketAddr::new(from, 0).into())?;
    socket.connect(&to.into())?;
    Ok(socket.into())
}
