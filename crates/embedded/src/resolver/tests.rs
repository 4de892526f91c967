//! A DNS server of a few records, and what the resolver makes of them.

use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::Record;
use hickory_resolver::proto::rr::rdata::{A, NAPTR, SOA, SRV};
use tokio::net::UdpSocket;

use super::*;

/// A name that is asked for, and what it has.
type Zone = Vec<(&'static str, RData)>;

struct Server {
    address: SocketAddr,
    /// Questions that came.
    questions: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(zone: Zone, ttl: u32) -> Server {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let questions = Arc::new(AtomicUsize::new(0));
    let counter = questions.clone();
    let task = tokio::spawn(async move {
        let mut buffer = [0; 2048];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            counter.fetch_add(1, Ordering::Relaxed);
            let query = Message::from_vec(&buffer[..length]).unwrap();
            let asked = query.queries[0].clone();
            let host = asked.name().to_ascii().to_ascii_lowercase();
            let known = zone.iter().any(|(of, _)| *of == host);
            let mut response = query.clone();
            response.metadata.message_type = MessageType::Response;
            response.metadata.recursion_available = true;
            response.edns = None;
            if !known {
                response.metadata.response_code = ResponseCode::NXDomain;
            }
            for (_, data) in zone.iter().filter(|(of, _)| *of == host) {
                if data.record_type() == asked.query_type() {
                    let record = Record::from_rdata(asked.name().clone(), ttl, data.clone());
                    response.add_answer(record);
                }
            }
            if response.answers.is_empty() {
                // Without it nobody may keep the answer (RFC 2308 §5).
                let soa = RData::SOA(SOA::new(name("test."), name("test."), 1, 60, 60, 60, ttl));
                response.add_authority(Record::from_rdata(name("test."), ttl, soa));
            }
            socket
                .send_to(&response.to_vec().unwrap(), from)
                .await
                .unwrap();
        }
    });
    Server {
        address,
        questions,
        task,
    }
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn destination(host: &str) -> Destination {
    Destination::domain(host).unwrap()
}

fn shown(hops: &[Hop]) -> Vec<String> {
    hops.iter()
        .map(|hop| format!("{} {}", hop.transport, hop.address))
        .collect()
}

fn zone() -> Zone {
    let naptr = NAPTR::new(
        10,
        10,
        b"s".to_vec().into(),
        b"SIP+D2U".to_vec().into(),
        Box::default(),
        name("_sip._udp.example.test."),
    );
    vec![
        ("example.test.", RData::NAPTR(naptr)),
        (
            "_sip._udp.example.test.",
            RData::SRV(SRV::new(20, 0, 5082, name("second.example.test."))),
        ),
        (
            "_sip._udp.example.test.",
            RData::SRV(SRV::new(10, 0, 5081, name("first.example.test."))),
        ),
        ("first.example.test.", RData::A(A::new(192, 0, 2, 1))),
        ("second.example.test.", RData::A(A::new(192, 0, 2, 2))),
        ("plain.test.", RData::A(A::new(192, 0, 2, 3))),
    ]
}

#[tokio::test]
async fn records_of_every_kind_are_found_and_kept() {
    let server = serve(zone(), 300).await;
    let dns = DnsResolver::new(&[server.address]);
    let found = dns.find(destination("example.test")).await.unwrap();
    assert_eq!(shown(&found), ["UDP 192.0.2.1:5081", "UDP 192.0.2.2:5082"]);
    let asked = server.questions.load(Ordering::Relaxed);
    assert!(asked >= 4, "{asked} questions");
    let again = dns.find(destination("example.test")).await.unwrap();
    assert_eq!(found, again);
    assert_eq!(
        server.questions.load(Ordering::Relaxed),
        asked,
        "the answers were kept"
    );
    let found = dns.find(destination("plain.test")).await.unwrap();
    assert_eq!(shown(&found), ["UDP 192.0.2.3:5060"]);
}

#[tokio::test]
async fn answers_are_not_kept_beyond_their_time() {
    let server = serve(zone(), 0).await;
    let dns = DnsResolver::new(&[server.address]);
    let proxy = Destination::proxy("plain.test:5070").unwrap();
    dns.find(proxy.clone()).await.unwrap();
    let asked = server.questions.load(Ordering::Relaxed);
    dns.find(proxy).await.unwrap();
    assert!(server.questions.load(Ordering::Relaxed) > asked);
}

#[tokio::test]
async fn names_nobody_has_and_servers_that_say_nothing_are_told_apart() {
    let server = serve(zone(), 300).await;
    let dns = DnsResolver::new(&[server.address]);
    let error = dns.find(destination("nobody.test")).await.unwrap_err();
    assert_eq!(&*error, "nobody.test is not known");
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let dns = DnsResolver::new(&[silent.local_addr().unwrap()]);
    let begun = std::time::Instant::now();
    let error = dns.find(destination("example.test")).await.unwrap_err();
    assert_eq!(&*error, "example.test: the DNS does not answer");
    assert!(begun.elapsed() <= PATIENCE + Duration::from_secs(1));
}
