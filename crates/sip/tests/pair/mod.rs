//! Two endpoints joined by a seeded bad network, under virtual time.

#![allow(clippy::unwrap_used, reason = "a test may fail here")]
#![allow(dead_code, reason = "each test file uses its part of the kit")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jackfield_sip::message::{Message, parse_datagram};
use jackfield_sip::transport::{Flow, FlowId, Target, Transmit, Transport};
use jackfield_sip::{Endpoint, EndpointConfig, Event, InviteRequest, Party, SessionId};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

pub(crate) const A: usize = 0;
pub(crate) const B: usize = 1;

/// What the network does to datagrams, in per cent.
#[derive(Clone, Copy, Default)]
pub(crate) struct Weather {
    pub(crate) loss: u32,
    pub(crate) duplication: u32,
    /// Delay varies by up to this much, so that datagrams overtake each other.
    pub(crate) jitter: Duration,
}

pub(crate) struct Side {
    pub(crate) endpoint: Endpoint,
    /// Events not yet looked at.
    pub(crate) events: Vec<Event>,
}

pub(crate) struct Pair {
    pub(crate) start: Instant,
    pub(crate) now: Instant,
    pub(crate) sides: [Side; 2],
    pub(crate) weather: Weather,
    pub(crate) transport: Transport,
    /// Every datagram sent: when, by whom, the bytes.
    pub(crate) sent: Vec<(Instant, usize, Bytes)>,
    /// Called for each datagram; false swallows it.
    pub(crate) filter: fn(usize, &Message) -> bool,
    air: BTreeMap<(Instant, u64), (usize, Bytes)>,
    count: u64,
    rng: StdRng,
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self::seeded(1, Weather::default())
    }

    pub(crate) fn seeded(seed: u64, weather: Weather) -> Self {
        Self::with_config(seed, weather, EndpointConfig::default())
    }

    pub(crate) fn with_config(seed: u64, weather: Weather, config: EndpointConfig) -> Self {
        let now = Instant::now();
        let mut rng = StdRng::seed_from_u64(seed);
        let mut side = || Side {
            endpoint: Endpoint::new(config.clone(), rng.random()),
            events: Vec::new(),
        };
        let sides = [side(), side()];
        Self {
            start: now,
            now,
            sides,
            weather,
            transport: Transport::Udp,
            sent: Vec::new(),
            filter: |_, _| true,
            air: BTreeMap::new(),
            count: 0,
            rng,
        }
    }

    pub(crate) fn flow(&self, at: usize) -> Flow {
        let address = |side: usize| format!("192.0.2.{}:5060", side + 1).parse().unwrap();
        Flow {
            id: FlowId(7),
            transport: self.transport,
            local: address(at),
            remote: address(1 - at),
        }
    }

    pub(crate) fn target(&self, from: usize) -> Target {
        self.flow(from).target()
    }

    /// An INVITE from A to B.
    pub(crate) fn request(&self) -> InviteRequest {
        InviteRequest {
            to_uri: "sip:bob@192.0.2.2".into(),
            from: Party {
                display: "Alice".into(),
                uri: "sip:alice@192.0.2.1".into(),
            },
            to: Party::uri("sip:bob@192.0.2.2"),
            target: self.target(A),
            local_contact: "sip:alice@192.0.2.1:5060".into(),
            sdp: Some(Bytes::from_static(b"v=0 offer")),
            headers: Vec::new(),
            credentials: None,
            route: Vec::new(),
            call_id: None,
            max_forwards: 70,
        }
    }

    pub(crate) fn invite(&mut self) -> SessionId {
        let request = self.request();
        self.sides[A].endpoint.invite(self.now, request).unwrap()
    }

    /// Takes the outputs of both sides: datagrams into the air, events to be looked at.
    pub(crate) fn flush(&mut self) {
        for side in [A, B] {
            while let Some(Transmit { bytes, .. }) = self.sides[side].endpoint.poll_transmit() {
                self.sent.push((self.now, side, bytes.clone()));
                let message =
                    parse_datagram(bytes.clone()).expect("endpoints print what can be read");
                message
                    .check()
                    .expect("endpoints print what passes the checks");
                if !(self.filter)(side, &message) {
                    continue;
                }
                let copies = if self.roll(self.weather.loss) {
                    0
                } else {
                    1 + u32::from(self.roll(self.weather.duplication))
                };
                for _ in 0..copies {
                    let jitter = self.weather.jitter.mul_f64(self.rng.random());
                    self.count += 1;
                    self.air.insert(
                        (self.now + Duration::from_millis(10) + jitter, self.count),
                        (1 - side, bytes.clone()),
                    );
                }
            }
            while let Some(event) = self.sides[side].endpoint.poll_event() {
                self.sides[side].events.push(event);
            }
        }
    }

    fn roll(&mut self, percent: u32) -> bool {
        percent > 0 && self.rng.random_range(0..100) < percent
    }

    pub(crate) fn random(&mut self, below: u32) -> u32 {
        self.rng.random_range(0..below)
    }

    /// Goes on to the next thing that happens, not beyond `until`; false when there is none.
    pub(crate) fn step(&mut self, until: Instant) -> bool {
        self.flush();
        let next = [
            self.air.first_key_value().map(|((at, _), _)| *at),
            self.sides[A].endpoint.poll_timeout(),
            self.sides[B].endpoint.poll_timeout(),
        ];
        let Some(next) = next
            .into_iter()
            .flatten()
            .min()
            .filter(|next| *next <= until)
        else {
            self.now = self.now.max(until);
            return false;
        };
        self.now = self.now.max(next);
        while let Some(entry) = self.air.first_entry()
            && entry.key().0 <= self.now
        {
            let (to, bytes) = entry.remove();
            let flow = self.flow(to);
            let message = parse_datagram(bytes).unwrap();
            self.sides[to]
                .endpoint
                .handle_message(self.now, &flow, message);
        }
        for side in &mut self.sides {
            side.endpoint.handle_timeout(self.now);
        }
        self.flush();
        true
    }

    pub(crate) fn run(&mut self, time: Duration) {
        let until = self.now + time;
        for _ in 0..1_000_000 {
            if !self.step(until) {
                return;
            }
        }
        panic!("the endpoints do not come to rest");
    }

    /// Runs until every timer and datagram is gone, and checks that nothing is left.
    pub(crate) fn settle(&mut self) {
        self.run(Duration::from_secs(900));
        for side in &mut self.sides {
            side.events.clear();
            assert_eq!(
                side.endpoint.counts(),
                jackfield_sip::Counts::default(),
                "something leaked"
            );
        }
    }

    /// Takes the first event that fits, running up to a minute for it.
    pub(crate) fn expect<T>(
        &mut self,
        side: usize,
        mut wanted: impl FnMut(&Event) -> Option<T>,
    ) -> T {
        let until = self.now + Duration::from_secs(60);
        loop {
            self.flush();
            let events = &mut self.sides[side].events;
            if let Some((at, found)) = events
                .iter()
                .enumerate()
                .find_map(|(at, event)| Some((at, wanted(event)?)))
            {
                events.remove(at);
                return found;
            }
            assert!(
                self.step(until),
                "the event did not come; there are {:?}",
                self.sides[side].events
            );
        }
    }

    pub(crate) fn expect_invite(&mut self) -> SessionId {
        self.expect(B, |event| {
            if let Event::Invite { session, .. } = event {
                Some(*session)
            } else {
                None
            }
        })
    }

    pub(crate) fn expect_terminal(&mut self, side: usize) -> Event {
        self.expect(side, |event| event.is_terminal().then(|| event.clone()))
    }

    pub(crate) fn bob(&mut self) -> &mut Endpoint {
        &mut self.sides[B].endpoint
    }

    pub(crate) fn alice(&mut self) -> &mut Endpoint {
        &mut self.sides[A].endpoint
    }

    /// A call answered and acknowledged: the sessions of both sides.
    pub(crate) fn established(&mut self) -> (SessionId, SessionId) {
        let alice = self.invite();
        let bob = self.expect_invite();
        let now = self.now;
        self.bob()
            .accept(now, bob, Some(Bytes::from_static(b"v=0 answer")), &[])
            .unwrap();
        self.expect(A, |event| {
            matches!(event, Event::Answered { .. }).then_some(())
        });
        self.expect(B, |event| {
            matches!(event, Event::Acked { .. }).then_some(())
        });
        (alice, bob)
    }

    /// First lines and CSeq methods of what a side sent: `INVITE`, `200 INVITE`.
    pub(crate) fn spoken(&self, side: usize) -> Vec<String> {
        self.sent
            .iter()
            .filter(|(_, from, _)| *from == side)
            .map(|(_, _, bytes)| {
                let message = parse_datagram(bytes.clone()).unwrap();
                let method = message.cseq().unwrap().method.to_string();
                match message.code() {
                    Some(code) => format!("{code} {method}"),
                    None => method,
                }
            })
            .collect()
    }

    /// Times after the start at which a side sent this, in milliseconds.
    pub(crate) fn times(&self, side: usize, what: &str) -> Vec<u128> {
        let spoken = self.spoken(side);
        let sent = self.sent.iter().filter(|(_, from, _)| *from == side);
        sent.zip(spoken)
            .filter(|(_, said)| said == what)
            .map(|((at, _, _), _)| (*at - self.start).as_millis())
            .collect()
    }
}
