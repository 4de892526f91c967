//! Cost of signalling one call: INVITE, 100, 180, 200, ACK, BYE, 200, through parser and endpoint of
//! both sides. A bridged call is two of these. No sockets.

use std::time::{Duration, Instant};

use bytes::Bytes;
use divan::Bencher;
use jackfield_sip::message::parse_datagram;
use jackfield_sip::transport::{Flow, FlowId, Transport};
use jackfield_sip::{Endpoint, EndpointConfig, Event, InviteRequest, Party};

const SDP: &[u8] =
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

fn main() {
    divan::main();
}

struct Pair {
    sides: [Endpoint; 2],
    flows: [Flow; 2],
    now: Instant,
}

impl Pair {
    fn new() -> Self {
        let address = |n: u8| ([192, 0, 2, n], 5060).into();
        let flow = |own: u8, peer: u8| Flow {
            id: FlowId(u64::from(own)),
            transport: Transport::Udp,
            local: address(own),
            remote: address(peer),
        };
        Self {
            sides: [1, 2].map(|seed| Endpoint::new(EndpointConfig::default(), [seed; 32])),
            flows: [flow(1, 2), flow(2, 1)],
            now: Instant::now(),
        }
    }

    fn call(&mut self) {
        // Ten milliseconds between calls: the tables hold what 100 calls a second leave in them.
        self.now += Duration::from_millis(10);
        let request = InviteRequest {
            to_uri: "sip:bob@192.0.2.2".into(),
            from: Party {
                display: "Alice".into(),
                uri: "sip:alice@192.0.2.1".into(),
            },
            to: Party::uri("sip:bob@192.0.2.2"),
            target: self.flows[0].target(),
            local_contact: "sip:alice@192.0.2.1:5060".into(),
            sdp: Some(Bytes::from_static(SDP)),
            headers: Vec::new(),
            credentials: None,
            route: Vec::new(),
            call_id: None,
            max_forwards: 70,
        };
        let session = self.sides[0]
            .invite(self.now, request)
            .expect("a call can be placed");
        let mut ended = 0;
        while ended < 2 {
            for side in [0, 1] {
                while let Some(transmit) = self.sides[side].poll_transmit() {
                    let message = parse_datagram(transmit.bytes).expect("well formed");
                    self.sides[1 - side].handle_message(self.now, &self.flows[1 - side], message);
                }
                while let Some(event) = self.sides[side].poll_event() {
                    ended += usize::from(event.is_terminal());
                    let endpoint = &mut self.sides[side];
                    if let Event::Invite { session, .. } = event {
                        endpoint
                            .provisional(self.now, session, 180, None, &[])
                            .expect("it rings");
                        endpoint
                            .accept(self.now, session, Some(Bytes::from_static(SDP)), &[])
                            .expect("it is answered");
                    } else if let Event::Acked { .. } = event {
                        self.sides[0]
                            .hangup(self.now, session, 480, &[])
                            .expect("it is hung up");
                    }
                }
            }
        }
        for endpoint in &mut self.sides {
            endpoint.handle_timeout(self.now);
        }
    }
}

#[divan::bench(sample_count = 200, sample_size = 50)]
fn call_both_sides(bencher: Bencher<'_, '_>) {
    let mut pair = Pair::new();
    bencher.bench_local(|| pair.call());
}
