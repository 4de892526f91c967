use super::*;
use crate::message::parse_datagram;
use crate::transport::Transport;

const AOR: &str = "1000@example.org";

fn register(cseq: u32, extra: &str) -> IncomingRequest {
    over(cseq, extra, Transport::Udp, 1)
}

fn over(cseq: u32, extra: &str, transport: Transport, id: u64) -> IncomingRequest {
    let text = format!(
        "REGISTER sip:example.org SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{cseq}\r\nFrom: <sip:{AOR}>;tag=1\r\n\
         To: <sip:{AOR}>\r\nCall-ID: c\r\nCSeq: {cseq} REGISTER\r\nUser-Agent: Phone/1\r\n{extra}\r\n"
    );
    let flow = Flow {
        id: FlowId(id),
        transport,
        local: "192.0.2.10:5060".parse().unwrap(),
        remote: "198.51.100.7:40000".parse().unwrap(),
    };
    IncomingRequest {
        message: parse_datagram(text.into_bytes()).unwrap(),
        flow,
    }
}

fn kinds(registration: &Registration) -> Vec<ChangeKind> {
    registration
        .changes
        .iter()
        .map(|change| change.kind)
        .collect()
}

fn table() -> (Registrar, Instant) {
    (Registrar::new(RegistrarConfig::default()), Instant::now())
}

#[test]
fn a_binding_lives_is_refreshed_and_expires() {
    let (mut registrar, now) = table();
    let first = registrar.handle(
        now,
        &register(1, "Contact: <sip:1000@10.0.0.1:5060>\r\nExpires: 120\r\n"),
        AOR,
    );
    assert_eq!(
        (first.code, kinds(&first)),
        (200, vec![ChangeKind::Registered])
    );
    assert_eq!(
        first.headers,
        [(
            "Contact".to_owned(),
            "<sip:1000@10.0.0.1:5060>;expires=120".to_owned()
        )]
    );
    let binding = registrar.bindings(AOR).next().unwrap();
    assert_eq!(
        binding.target().remote.to_string(),
        "198.51.100.7:40000",
        "the way back is the source, not the contact"
    );
    let later = now + Duration::from_secs(100);
    let second = registrar.handle(
        later,
        &register(
            2,
            "Contact: <sip:1000@10.0.0.1:5060>;expires=60\r\nExpires: 9\r\n",
        ),
        AOR,
    );
    assert_eq!(kinds(&second), [ChangeKind::Refreshed]);
    let id = |registration: &Registration| registration.changes[0].binding.id;
    assert_eq!((id(&first), id(&second)), (1, 1));
    assert_eq!(
        registrar.next_expiry(),
        Some(later + Duration::from_secs(60))
    );
    assert!(
        registrar
            .expire(later + Duration::from_millis(59_999))
            .is_empty()
    );
    let gone = registrar.expire(later + Duration::from_secs(60));
    assert_eq!((gone.len(), gone[0].kind), (1, ChangeKind::Expired));
    assert!(
        registrar.is_empty() && registrar.next_expiry().is_none() && registrar.accounts.is_empty()
    );
}

#[test]
fn several_contacts_queries_and_removals() {
    let (mut registrar, now) = table();
    let both = registrar.handle(
        now,
        &register(1, "m: <sip:a@h1>;q=0.5, \"B\" <sip:b@h2>\r\n"),
        AOR,
    );
    assert_eq!(both.headers[0].1, "<sip:a@h1>;q=0.500;expires=3600");
    assert_eq!(registrar.len(), 2);
    let query = registrar.handle(now, &register(2, ""), AOR);
    assert_eq!((query.headers.len(), query.changes.len()), (2, 0));
    let one = registrar.handle(now, &register(3, "Contact: <sip:a@H1>;expires=0\r\n"), AOR);
    assert_eq!(
        (kinds(&one), one.headers.len()),
        (vec![ChangeKind::Removed], 1)
    );
    let wrong = registrar.handle(now, &register(4, "Contact: *\r\n"), AOR);
    assert_eq!((wrong.code, registrar.len()), (400, 1));
    let all = registrar.handle(now, &register(5, "Contact: *\r\nExpires: 0\r\n"), AOR);
    assert_eq!(
        (kinds(&all), registrar.len()),
        (vec![ChangeKind::Removed], 0)
    );
}

#[test]
fn refusals_change_nothing() {
    let (mut registrar, now) = table();
    registrar.handle(now, &register(5, "Contact: <sip:a@h>\r\n"), AOR);
    for (cseq, extra, code) in [
        (5, "Contact: <sip:a@h>\r\n", 500),
        (4, "Contact: *\r\nExpires: 0\r\n", 500),
        (
            6,
            "Contact: <sip:a@h>\r\nContact: <sip:b@h>;expires=59\r\n",
            423,
        ),
        (6, "Contact: <sip:a b@h>\r\n", 400),
        (6, "Contact: <sip:a|b@h>\r\n", 400),
        (6, "Contact: <sip:{a}@h>\r\n", 400),
        (6, "Contact: <sip:a@h;x=\\>\r\n", 400),
        (6, "Contact: *, <sip:b@h>\r\nExpires: 0\r\n", 400),
    ] {
        let before = registrar.bindings(AOR).cloned().collect::<Vec<_>>();
        assert_eq!(
            registrar.handle(now, &register(cseq, extra), AOR).code,
            code,
            "{extra}"
        );
        assert_eq!(registrar.bindings(AOR).cloned().collect::<Vec<_>>(), before);
    }
    let many: String = (0..11)
        .map(|n| format!("Contact: <sip:{n}@h>\r\n"))
        .collect();
    assert_eq!(registrar.handle(now, &register(7, &many), AOR).code, 403);
}

#[test]
fn lifetimes_are_bounded_and_nonsense_counts_as_none() {
    let (mut registrar, now) = table();
    for (cseq, expires, granted) in [
        (1, "99999999999999999", 86_400),
        (2, "soon", 3_600),
        (3, "-5", 3_600),
    ] {
        let answer = registrar.handle(
            now,
            &register(cseq, &format!("Contact: <sip:a@h>;expires={expires}\r\n")),
            AOR,
        );
        assert_eq!(answer.headers[0].1, format!("<sip:a@h>;expires={granted}"));
    }
}

#[test]
fn a_lost_connection_takes_its_bindings_along() {
    let (mut registrar, now) = table();
    registrar.handle(
        now,
        &over(1, "Contact: <sip:a@h>\r\n", Transport::Tcp, 9),
        AOR,
    );
    registrar.handle(now, &register(2, "Contact: <sip:b@h>\r\n"), AOR);
    assert!(
        registrar.remove_flow(FlowId(1)).is_empty(),
        "a datagram socket does not close"
    );
    let gone = registrar.remove_flow(FlowId(9));
    assert_eq!((gone.len(), &*gone[0].binding.contact), (1, "sip:a@h"));
    assert!(registrar.connections.is_empty());
    assert_eq!(registrar.len(), 1);
}

#[test]
fn the_same_instance_under_a_new_address_is_the_same_binding() {
    let (mut registrar, now) = table();
    let contact =
        |host: &str| format!("Contact: <sip:a@{host}>;+sip.instance=\"<urn:uuid:1>\";reg-id=1\r\n");
    registrar.handle(now, &register(1, &contact("h1")), AOR);
    let moved = registrar.handle(now, &register(2, &contact("h2")), AOR);
    assert_eq!(
        (kinds(&moved), registrar.len()),
        (vec![ChangeKind::Refreshed], 1)
    );
    assert_eq!(moved.changes[0].binding.id, 1, "it keeps its number");
}
