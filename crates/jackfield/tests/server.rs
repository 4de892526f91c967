//! The program as a user runs it: start, look, ask, stop.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;

use store::{CallDirection, CallRecord};
use support::{FREE_PORTS, Folder, PATIENCE, Server, page, program, text};

#[test]
fn it_starts_answers_hangs_up_after_the_grace_and_exits_cleanly() {
    let server = Server::start(FREE_PORTS);
    assert!(
        server.banner.contains("20 users, 1000 to 1019 @ 127.0.0.1"),
        "{}",
        server.banner
    );
    assert!(server.console("status").starts_with("UP 0 years, 0 days"));
    let uuid = server.console("originate null/x &park");
    let uuid = uuid.strip_prefix("+OK ").unwrap().trim();
    assert_eq!(
        server.console(&format!("uuid_exists {uuid}")).trim(),
        "true"
    );
    assert_eq!(server.console("echo one;;echo two"), "onetwo\n");

    let health = server.page("/health");
    assert!(
        health.starts_with("HTTP/1.1 200") && health.contains("\"status\":\"ready\""),
        "{health}"
    );
    assert!(health.contains("\"channels\":1"), "{health}");
    // The thread that plays the audio says how many legs it has at its next tick.
    let metrics = server.page_with("/metrics", "\njackfield_media_legs{worker=\"0\"} 1\n");
    for expected in [
        "\njackfield_channels 1\n",
        "\njackfield_sessions_total 1\n",
        "\njackfield_store_connected 1\n",
        "jackfield_bus_events_published_total ",
        "jackfield_switch_step_seconds_bucket{le=\"0.0002\"}",
    ] {
        assert!(metrics.contains(expected), "{expected} in\n{metrics}");
    }

    // The parked call would stay for ever; the grace ends it.
    server.signal("TERM");
    assert_eq!(server.ended().code(), Some(0));
}

/// What a server has left in its database.
#[allow(clippy::unwrap_used, reason = "a test may panic")]
fn call_records(file: &Path) -> Vec<CallRecord> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let place = store::Place::File(file.to_owned());
        let store = store::Store::open(&place, store::Limits::default());
        let search = store::CallSearch {
            limit: 100,
            ..store::CallSearch::default()
        };
        store.await.unwrap().calls(search).await.unwrap().calls
    })
}

#[test]
fn every_leg_leaves_a_record_and_those_hung_up_at_the_end_too() {
    let folder = Folder::new(&[]);
    let file = folder.0.join("kept/store.db");
    let kept = format!("path = \"{}\"", file.display());
    let toml = FREE_PORTS.replace("kind = \"memory\"", &kept);
    let server = Server::start(&toml);
    let ended =
        "{origination_uuid=ended,origination_caller_id_number=77,accountcode=sales}null/x &park";
    server.console(&format!("originate {ended}"));
    server.console("uuid_kill ended USER_BUSY");
    server.console("originate {origination_uuid=parked}null/x &park");
    server.signal("TERM");
    assert_eq!(server.ended().code(), Some(0));
    let records = call_records(&file);
    let told: Vec<_> = records
        .iter()
        .map(|call| (&*call.uuid, &*call.cause, &*call.account))
        .collect();
    let expected = [
        ("parked", "SYSTEM_SHUTDOWN", ""),
        ("ended", "USER_BUSY", "sales"),
    ];
    assert_eq!(told, expected);
    let ended = &records[1];
    assert_eq!(ended.direction, CallDirection::Outbound);
    // Whom a leg of ours has called is its caller when the application begins, as clients see it.
    let numbers = (&*ended.caller_number, &*ended.callee_number);
    assert_eq!(numbers, ("x", "77"));
    assert!(
        ended
            .answered
            .is_some_and(|at| at >= ended.started && at <= ended.ended)
    );
    assert!(
        ended.variables.contains("\"hangup_cause\":\"USER_BUSY\""),
        "{}",
        ended.variables
    );

    let server = Server::start(&(toml + "[call_records]\nsave = false\n"));
    server.console("originate {origination_uuid=silent}null/x &park");
    server.signal("TERM");
    assert_eq!(server.ended().code(), Some(0));
    assert_eq!(call_records(&file).len(), 2);
}

#[test]
fn it_stops_from_the_console() {
    let server = Server::start(FREE_PORTS);
    assert_eq!(server.console("fsctl shutdown").trim(), "+OK");
    assert_eq!(server.ended().code(), Some(0));
}

#[test]
fn the_second_signal_does_not_wait() {
    let server = Server::start(&FREE_PORTS.replace("300ms", "1h"));
    server.console("originate null/x &park");
    server.signal("INT");
    // It drains: nothing new is taken.
    while !server.page("/health").contains("\"status\":\"draining\"") {}
    assert!(server.page("/health").starts_with("HTTP/1.1 503"));
    assert!(server.console("originate null/x &park").starts_with("-ERR"));
    server.signal("INT");
    assert_eq!(server.ended().code(), Some(1));
}

#[test]
fn the_cli_runs_what_it_reads_and_shows_events() {
    let server = Server::start(FREE_PORTS);
    let mut cli = server.cli();
    cli.args(["--quiet", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut cli = cli.spawn().unwrap();
    let mut stdin = cli.stdin.take().unwrap();
    let (to, lines) = mpsc::channel();
    let stdout = BufReader::new(cli.stdout.take().unwrap());
    thread::spawn(move || {
        for line in stdout.lines() {
            if to.send(line.unwrap()).is_err() {
                break;
            }
        }
    });
    write!(stdin, "/event plain API\nglobal_getvar domain\n/nonsense\n").unwrap();
    let mut printed = String::new();
    // The event comes when it comes.
    while !printed.contains("API-Command: global_getvar\n")
        || !printed.contains("/nonsense is unknown")
    {
        let line = lines.recv_timeout(PATIENCE);
        printed += &line.unwrap_or_else(|_| panic!("no event came: {printed}"));
        printed.push('\n');
    }
    write!(stdin, "/exit\nstatus\n").unwrap();
    drop(stdin);
    assert!(cli.wait().unwrap().success());
    while let Ok(line) = lines.recv_timeout(PATIENCE) {
        printed += &line;
        printed.push('\n');
    }
    assert!(
        printed.contains("+OK event listener enabled plain"),
        "{printed}"
    );
    assert!(printed.contains("127.0.0.1"), "{printed}");
    assert!(printed.contains("Event-Name: API\n"), "{printed}");
    assert!(
        printed.contains("API-Command: global_getvar\n"),
        "{printed}"
    );
    assert!(printed.contains("/nonsense is unknown"), "{printed}");
    assert!(
        !printed.contains("UP 0 years"),
        "nothing runs behind /exit\n{printed}"
    );

    let wrong = server
        .cli()
        .args(["-p", "wrong", "-x", "status"])
        .output()
        .unwrap();
    assert!(!wrong.status.success());
    assert!(
        text(&wrong.stderr).contains("the login was refused: -ERR invalid"),
        "{wrong:?}"
    );
    server.signal("TERM");
    assert_eq!(server.ended().code(), Some(0));
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for section in ["metrics", "console"] {
        let toml = FREE_PORTS.replace(
            &format!("[{section}]\nlisten = \"127.0.0.1:0\""),
            &format!("[{section}]\nlisten = \"{address}\""),
        );
        let folder = Folder::new(&[("jackfield.toml", &toml)]);
        let config = folder.0.join("jackfield.toml");
        let output = program().arg("--config").arg(config).output().unwrap();
        assert!(!output.status.success());
        let said = text(&output.stderr);
        for part in [
            format!("{section}.listen"),
            format!("{address} cannot be bound"),
        ] {
            assert!(said.contains(&part), "{said}");
        }
    }
}

#[test]
fn the_console_says_what_is_open() {
    let server = Server::start(FREE_PORTS);
    let (_, row) = server.banner.split_once("console         http://").unwrap();
    let address = row.split('/').next().unwrap().parse().unwrap();
    let front = page(address, "/");
    for expected in [
        server.event_socket.to_string(),
        format!("http://{}/metrics", server.metrics),
        "SIP, profile internal".to_owned(),
    ] {
        assert!(front.contains(&expected), "{expected} in\n{front}");
    }
    let phone = page(address, "/phone");
    assert!(phone.contains("data-domain=\"127.0.0.1\""), "{phone}");
    server.signal("TERM");
    assert_eq!(server.ended().code(), Some(0));
}
