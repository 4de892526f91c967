use super::*;

/// A small DNS: what each question is answered with.
struct Zone(Vec<(Question, Records)>);

impl Zone {
    /// Runs a lookup; the questions asked, and the outcome.
    fn find(&self, destination: &Destination) -> (Vec<String>, Step) {
        let mut lookup = Lookup::new(destination.clone(), 7);
        let mut asked = Vec::new();
        loop {
            match lookup.step() {
                Step::Ask(question) => {
                    let (kind, name) = match &question {
                        Question::Naptr(name) => ("NAPTR", name),
                        Question::Srv(name) => ("SRV", name),
                        Question::Addresses(name) => ("A", name),
                    };
                    asked.push(format!("{kind} {name}"));
                    assert!(asked.len() < 100, "it ends");
                    let found = self.0.iter().find(|(known, _)| *known == question);
                    lookup.answer(match (found, question) {
                        (Some((_, records)), _) => records.clone(),
                        (None, Question::Naptr(_)) => Records::Naptr(Vec::new()),
                        (None, Question::Srv(_)) => Records::Srv(Vec::new()),
                        (None, Question::Addresses(_)) => Records::Addresses(Vec::new()),
                    });
                }
                end @ (Step::Done(_) | Step::Failed(_)) => return (asked, end),
            }
        }
    }
}

fn naptr(order: u16, service: &str, replacement: &str) -> Naptr {
    Naptr {
        order,
        preference: 10,
        flags: "S".into(),
        service: service.into(),
        replacement: replacement.into(),
    }
}

fn srv(priority: u16, port: u16, target: &str) -> Srv {
    Srv {
        priority,
        weight: 1,
        port,
        target: target.into(),
    }
}

fn addresses(name: &str, list: &[&str]) -> (Question, Records) {
    let list = list.iter().map(|ip| ip.parse().unwrap()).collect();
    (Question::Addresses(name.into()), Records::Addresses(list))
}

fn hops(step: &Step) -> Vec<String> {
    match step {
        Step::Done(hops) => hops
            .iter()
            .map(|hop| format!("{} {}", hop.transport, hop.address))
            .collect(),
        Step::Ask(_) | Step::Failed(_) => panic!("{step:?}"),
    }
}

fn of(raw: &str) -> Destination {
    Destination::of_uri(&crate::message::Uri::parse(raw).unwrap()).unwrap()
}

#[test]
fn naptr_leads_to_srv_and_srv_to_addresses_in_order() {
    let zone = Zone(vec![
        (
            Question::Naptr("example.org".into()),
            Records::Naptr(vec![
                naptr(20, "SIP+D2U", "_sip._udp.example.org"),
                naptr(5, "SIPS+D2T", "_sips._tcp.example.org"),
                naptr(10, "sip+d2t", "_sip._tcp.example.org"),
                naptr(1, "E2U+sip", "elsewhere.example.org"),
            ]),
        ),
        (
            Question::Srv("_sip._tcp.example.org".into()),
            Records::Srv(vec![
                srv(20, 5072, "b.example.org."),
                srv(10, 5071, "a.example.org."),
            ]),
        ),
        (
            Question::Srv("_sip._udp.example.org".into()),
            Records::Srv(vec![srv(0, 5070, "a.example.org")]),
        ),
        addresses("a.example.org", &["192.0.2.1", "2001:db8::1"]),
        addresses("b.example.org", &["192.0.2.2"]),
    ]);
    let (asked, end) = zone.find(&of("sip:bob@example.org"));
    assert_eq!(
        asked,
        [
            "NAPTR example.org",
            "SRV _sip._tcp.example.org",
            "SRV _sip._udp.example.org",
            "A a.example.org",
            "A b.example.org",
            "A a.example.org",
        ]
    );
    assert_eq!(
        hops(&end),
        [
            "TCP 192.0.2.1:5071",
            "TCP [2001:db8::1]:5071",
            "TCP 192.0.2.2:5072",
            "UDP 192.0.2.1:5070",
            "UDP [2001:db8::1]:5070",
        ]
    );
}

#[test]
fn without_naptr_both_services_are_asked_for_and_then_the_name_itself() {
    let zone = Zone(vec![addresses("example.org", &["192.0.2.9"])]);
    let (asked, end) = zone.find(&of("sip:bob@example.org"));
    assert_eq!(
        asked,
        [
            "NAPTR example.org",
            "SRV _sip._udp.example.org",
            "SRV _sip._tcp.example.org",
            "A example.org",
        ]
    );
    assert_eq!(hops(&end), ["UDP 192.0.2.9:5060"]);
}

#[test]
fn a_port_or_a_transport_shortens_the_way() {
    let zone = Zone(vec![
        addresses("example.org", &["192.0.2.9"]),
        addresses("tcp.example.org", &["192.0.2.8"]),
        (
            Question::Srv("_sip._tcp.example.org".into()),
            Records::Srv(vec![srv(1, 5090, "tcp.example.org")]),
        ),
    ]);
    for (uri, questions, found) in [
        ("sip:b@example.org:5080", 1, "UDP 192.0.2.9:5080"),
        (
            "sip:b@example.org:5080;transport=tcp",
            1,
            "TCP 192.0.2.9:5080",
        ),
        ("sip:b@example.org;transport=tcp", 2, "TCP 192.0.2.8:5090"),
        ("sip:b@example.org;transport=udp", 2, "UDP 192.0.2.9:5060"),
        ("sip:b@192.0.2.7;transport=tcp", 0, "TCP 192.0.2.7:5060"),
        ("sip:b@[2001:db8::7]:5062", 0, "UDP [2001:db8::7]:5062"),
    ] {
        let (asked, end) = zone.find(&of(uri));
        assert_eq!(
            (asked.len(), hops(&end)),
            (questions, vec![found.to_owned()]),
            "{uri}"
        );
    }
}

#[test]
fn failures_say_why() {
    let domain = of("sip:b@example.org");
    let (_, end) = Zone(Vec::new()).find(&domain);
    assert_eq!(end, Step::Failed("example.org is not known".into()));
    let refused = Zone(vec![
        (
            Question::Srv("_sip._udp.example.org".into()),
            Records::Srv(vec![srv(0, 0, ".")]),
        ),
        addresses("example.org", &["192.0.2.9"]),
    ]);
    let (asked, end) = refused.find(&domain);
    assert_eq!(asked.len(), 3, "its web server is no SIP server: {asked:?}");
    assert_eq!(
        end,
        Step::Failed("the SIP servers of example.org have no addresses".into())
    );
    let sctp = Zone(vec![(
        Question::Naptr("example.org".into()),
        Records::Naptr(vec![naptr(1, "SIP+D2S", "_sip._sctp.example.org")]),
    )]);
    assert_eq!(
        sctp.find(&domain).1,
        Step::Failed("example.org takes SIP only over transports that are not supported".into())
    );
    let silent = Zone(vec![(
        Question::Addresses("example.org".into()),
        Records::Failed("no answer".into()),
    )]);
    assert_eq!(
        silent.find(&domain).1,
        Step::Failed("example.org: no answer".into())
    );
}

#[test]
fn however_much_there_is_a_lookup_ends() {
    let many = (0..400)
        .map(|n| srv(n, 5060, &format!("s{n}.example.org")))
        .collect();
    let (asked, end) = Zone(vec![(
        Question::Srv("_sip._udp.example.org".into()),
        Records::Srv(many),
    )])
    .find(&of("sip:b@example.org"));
    assert_eq!(asked.len(), MAX_QUESTIONS);
    assert!(matches!(end, Step::Failed(_)));
    let list: Vec<String> = (0..200).map(|n| format!("192.0.2.{n}")).collect();
    let list: Vec<&str> = list.iter().map(String::as_str).collect();
    let (_, end) = Zone(vec![addresses("example.org", &list)]).find(&of("sip:b@example.org"));
    assert_eq!(hops(&end).len(), MAX_HOPS);
}

#[test]
fn tls_is_looked_up_where_it_is_asked_for_or_nothing_else_is_offered() {
    let naptr_of_all = (
        Question::Naptr("example.org".into()),
        Records::Naptr(vec![
            naptr(1, "SIP+D2U", "_sip._udp.example.org"),
            naptr(2, "SIPS+D2T", "_secure.example.org"),
        ]),
    );
    let service = |name: &str| {
        (
            Question::Srv(name.into()),
            Records::Srv(vec![srv(1, 5063, "a.example.org")]),
        )
    };
    let at_a = addresses("a.example.org", &["192.0.2.1"]);
    let all = Zone(vec![
        naptr_of_all,
        service("_secure.example.org"),
        at_a.clone(),
    ]);
    for uri in ["sips:bob@example.org", "sip:bob@example.org;transport=tls"] {
        let (asked, end) = all.find(&of(uri));
        assert_eq!(
            asked,
            [
                "NAPTR example.org",
                "SRV _secure.example.org",
                "A a.example.org"
            ],
            "{uri}"
        );
        assert_eq!(hops(&end), ["TLS 192.0.2.1:5063"], "{uri}");
    }
    let plain = Zone(vec![service("_sips._tcp.example.org"), at_a.clone()]);
    let (asked, end) = plain.find(&of("sips:bob@example.org"));
    assert_eq!(asked[1], "SRV _sips._tcp.example.org");
    assert_eq!(hops(&end), ["TLS 192.0.2.1:5063"]);
    let host = Zone(vec![addresses("example.org", &["192.0.2.9"])]);
    assert_eq!(
        hops(&host.find(&of("sips:bob@example.org")).1),
        ["TLS 192.0.2.9:5061"]
    );
    let only = Zone(vec![
        (
            Question::Naptr("example.org".into()),
            Records::Naptr(vec![naptr(1, "SIPS+D2T", "_sips._tcp.example.org")]),
        ),
        service("_sips._tcp.example.org"),
        at_a,
    ]);
    assert_eq!(
        hops(&only.find(&of("sip:bob@example.org")).1),
        ["TLS 192.0.2.1:5063"]
    );
}
