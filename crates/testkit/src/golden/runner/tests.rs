use super::*;
use std::net::TcpListener;

const TRANSCRIPT: &str = r"# a short conversation

=== A connects

<<< A
Content-Type: auth/request\n
\n

>>> A
auth ClueCon\n
\n

<<< A
Content-Type: command/reply\n
Reply-Text: +OK {uuid1}\n
\n

<<< A
Content-Length: {n}\n
Content-Type: text/event-plain\n
\n
Event-Name: API\n
Core-UUID: {uuid1}\n
\n

=== A is closed
";

/// Greets, waits for a request, answers with the given bytes and closes.
fn server(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener
        .local_addr()
        .expect("a bound listener has an address");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the runner connects");
        stream
            .write_all(b"Content-Type: auth/request\n\n")
            .expect("the runner reads");
        let mut request = [0; 64];
        let read = stream.read(&mut request).expect("the runner sends");
        assert_eq!(&request[..read], b"auth ClueCon\n\n");
        stream
            .write_all(answer.as_bytes())
            .expect("the runner reads");
    });
    address
}

fn play(answer: &'static str, differences: &str) -> Report {
    let runner = Runner {
        address: server(answer),
        sip: SocketAddr::from((Ipv4Addr::LOCALHOST, 9)),
        password: "ClueCon".to_owned(),
        bindings: Bindings::new(),
        patience: Duration::from_secs(2),
        connect_from: None,
    };
    let transcript = Transcript::parse("short", TRANSCRIPT).expect("a transcript");
    runner.play(&transcript, &Differences::parse(differences))
}

const GOOD: &str = "Content-Type: command/reply\nReply-Text: +OK 6f0c2f0e-9a0f-4d5c-8f3a-0f8f4c1d2e3f\n\n\
    Content-Length: 74\nContent-Type: text/event-plain\n\nEvent-Name: API\nCore-UUID: 6f0c2f0e-9a0f-4d5c-8f3a-0f8f4c1d2e3f\nX-New: 1\n\n";

#[test]
fn a_right_server_passes_but_for_the_header_it_adds() {
    let report = play(GOOD, "");
    assert_eq!(report.compared, 3);
    assert_eq!(
        report.unexpected,
        [(18, Difference::ExtraHeader("X-New".into()))]
    );
}

#[test]
fn a_chosen_difference_is_shown_with_its_reason() {
    let report = play(GOOD, "| short | extra header X-New | ours |");
    assert!(report.passed(), "{}", report.describe());
    assert!(
        report
            .describe()
            .contains("on purpose: extra header X-New: ours")
    );
}

#[test]
fn another_reply_fails() {
    let report = play(
        "Content-Type: command/reply\nReply-Text: -ERR invalid\n\n",
        "",
    );
    assert!(matches!(report.unexpected[0].1, Difference::Frame { .. }));
    assert_eq!(report.unexpected[1].1, Difference::NoEvent("API".into()));
}
