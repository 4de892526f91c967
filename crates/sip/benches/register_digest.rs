//! Cost of a registration with digest: REGISTER, 401, REGISTER with credentials, 200, through
//! parser, endpoint, authenticator and registrar. The bar is 60 µs for the pair.
//! Also prints what a binding costs in memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use divan::Bencher;
use jackfield_sip::auth::{Algorithm, Authenticator, ChallengeKind, Ha1, Verdict};
use jackfield_sip::message::{Message, parse_datagram};
use jackfield_sip::register::{Registrar, RegistrarConfig};
use jackfield_sip::transport::{Flow, FlowId, Transport};
use jackfield_sip::{Endpoint, EndpointConfig, Event};

/// Counts live bytes.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system allocator unchanged; only a counter is kept beside it.
#[allow(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    bytes_per_binding();
    bytes_per_transaction();
    divan::main();
}

const REALM: &str = "192.0.2.10";

struct Server {
    endpoint: Endpoint,
    authenticator: Authenticator,
    registrar: Registrar,
    now: Instant,
    flow: Flow,
    ha1: Ha1,
    count: u32,
}

impl Server {
    fn new() -> Self {
        let address = |text: &str| text.parse().expect("an address");
        Self {
            endpoint: Endpoint::new(EndpointConfig::default(), [1; 32]),
            authenticator: Authenticator::new([2; 32]),
            registrar: Registrar::new(RegistrarConfig::default()),
            now: Instant::now(),
            flow: Flow {
                id: FlowId(1),
                transport: Transport::Udp,
                local: address("192.0.2.10:5060"),
                remote: address("192.0.2.77:5062"),
            },
            ha1: Ha1::new(Algorithm::Md5, "1000", REALM, "1234"),
            count: 0,
        }
    }

    fn register(&self, authorization: &str) -> Bytes {
        let count = self.count;
        Bytes::from(format!(
            "REGISTER sip:192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.77:5062;rport;branch=z9hG4bK{count:010}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:1000@192.0.2.10>;tag=3re8tjX3m7mKg\r\nTo: <sip:1000@192.0.2.10>\r\n\
             Call-ID: 44d4c51f-5ff9-1240-cb9d-d94593bfd862\r\nCSeq: {count} REGISTER\r\n\
             Contact: <sip:1000@192.0.2.77:5062>;expires=3600\r\nUser-Agent: Phone 5.0.2\r\n{authorization}\
             Content-Length: 0\r\n\r\n"
        ))
    }

    /// One request through everything; returns the answer.
    fn serve(&mut self, datagram: Bytes) -> Message {
        // Old transactions end as time goes on.
        self.now += Duration::from_millis(1);
        self.endpoint.handle_timeout(self.now);
        let message = parse_datagram(datagram).expect("well formed");
        self.endpoint.handle_message(self.now, &self.flow, message);
        while let Some(event) = self.endpoint.poll_event() {
            let Event::Request { id, request, .. } = event else {
                continue;
            };
            let ha1 = self.ha1.clone();
            let verdict =
                self.authenticator
                    .verify(self.now, ChallengeKind::Www, REALM, &request, |_| Some(ha1));
            let (code, headers) = if matches!(verdict, Verdict::Accepted { .. }) {
                let registration = self.registrar.handle(self.now, &request, "1000@192.0.2.10");
                (registration.code, registration.headers)
            } else {
                (
                    401,
                    self.authenticator.challenge(
                        self.now,
                        ChallengeKind::Www,
                        REALM,
                        &[Algorithm::Md5],
                        false,
                    ),
                )
            };
            self.endpoint
                .respond(self.now, id, code, "", &headers, None)
                .expect("it waits for an answer");
        }
        let transmit = self
            .endpoint
            .poll_transmit()
            .expect("every request is answered");
        parse_datagram(transmit.bytes).expect("well formed")
    }

    /// REGISTER, 401; returns the REGISTER with the credentials the challenge asks for.
    fn challenged(&mut self) -> Bytes {
        self.count += 1;
        let refused = self.serve(self.register(""));
        let nonce = refused
            .header_named("WWW-Authenticate")
            .and_then(|value| value.split("nonce=\"").nth(1)?.split('"').next())
            .expect("a nonce")
            .to_owned();
        self.count += 1;
        let uri = "sip:192.0.2.10";
        let hash = |text: String| {
            use md5::Digest as _;
            md5::Md5::digest(text)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        let (ha1, ha2) = (
            hash(format!("1000:{REALM}:1234")),
            hash(format!("REGISTER:{uri}")),
        );
        let response = hash(format!("{ha1}:{nonce}:00000001:0a4f113b:auth:{ha2}"));
        self.register(&format!(
            "Authorization: Digest username=\"1000\", realm=\"{REALM}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"0a4f113b\"\r\n"
        ))
    }
}

/// Includes the client's own work: printing two requests, reading two answers, three hashes.
#[divan::bench]
fn pair_with_client(bencher: Bencher<'_, '_>) {
    let mut server = Server::new();
    bencher.bench_local(|| {
        let request = server.challenged();
        let answer = server.serve(request);
        assert_eq!(answer.code(), Some(200));
    });
}

/// The second half alone: reading, checking and granting.
#[divan::bench]
fn granted_register(bencher: Bencher<'_, '_>) {
    let server = std::cell::RefCell::new(Server::new());
    bencher
        .with_inputs(|| server.borrow_mut().challenged())
        .bench_local_values(|request| {
            assert_eq!(server.borrow_mut().serve(request).code(), Some(200));
        });
}

fn bytes_per_binding() {
    const BINDINGS: usize = 100_000;
    let mut server = Server::new();
    let before = LIVE.load(Ordering::Relaxed);
    for n in 0..BINDINGS {
        server.count += 1;
        let message = parse_datagram(server.register("")).expect("well formed");
        let request = jackfield_sip::IncomingRequest {
            message,
            flow: server.flow,
        };
        let granted =
            server
                .registrar
                .handle(server.now, &request, &format!("{}@192.0.2.10", 100_000 + n));
        assert_eq!(granted.code, 200);
    }
    let after = LIVE.load(Ordering::Relaxed);
    println!("bytes per binding: {}", (after - before) / BINDINGS);
}

/// What an answered REGISTER costs until timer J ends it, 32 s later.
fn bytes_per_transaction() {
    const REQUESTS: usize = 20_000;
    let mut server = Server::new();
    let before = LIVE.load(Ordering::Relaxed);
    for _ in 0..REQUESTS {
        server.count += 1;
        let refused = server.serve(server.register(""));
        assert_eq!(refused.code(), Some(401));
    }
    assert_eq!(server.endpoint.counts().server_transactions, REQUESTS);
    let after = LIVE.load(Ordering::Relaxed);
    println!(
        "bytes per answered request: {}",
        (after - before) / REQUESTS
    );
}
