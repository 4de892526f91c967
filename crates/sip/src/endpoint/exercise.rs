//! An endpoint driven by arbitrary bytes, for the fuzzer and for tests.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{
    Counts, Endpoint, EndpointConfig, EndpointError, Extensions, InviteRequest, Limits, Party,
    TimerTerms,
};
use crate::event::{Event, IncomingRequest, RequestId, SessionId, SubscriptionId};
use crate::message::{HeaderName, Method, parse_datagram};
use crate::transport::{Flow, FlowId, Transport};

/// Most steps of one run.
const STEPS: usize = 200;

/// Reads `input` as a sequence of steps — datagrams, pauses, the owner's calls — and lets an endpoint
/// live through them, then waits until all is over.
///
/// A step is one byte that says what, and for a datagram two bytes of length and its bytes.
/// A datagram may contain `{branch}`, `{tag}` and `{rseq}`, which stand for those of the endpoint's last
/// message that had them, so that a fuzzer can reach into transactions and dialogs.
///
/// # Panics
/// When a bound is exceeded, a session ends other than once, or anything is left at the end.
pub fn exercise(now: Instant, input: &[u8]) {
    let limits = Limits {
        transactions: 64,
        sessions: 8,
        subscriptions: 4,
        ..Limits::default()
    };
    let extensions = Extensions {
        reliable: true,
        timer: Some(TimerTerms {
            interval_s: Some(1800),
            minimum_s: 90,
        }),
    };
    let mut run = Run {
        endpoint: Endpoint::new(
            EndpointConfig {
                limits,
                extensions: vec![(([192, 0, 2, 1], 5060).into(), extensions)],
                ..EndpointConfig::default()
            },
            [1; 32],
        ),
        now,
        sessions: Vec::new(),
        requests: Vec::new(),
        subscribers: Vec::new(),
        subscriptions: Vec::new(),
        branch: String::new(),
        tag: String::new(),
        rseq: "1".to_owned(),
    };
    let mut rest = input;
    for _ in 0..STEPS {
        let Some((&step, tail)) = rest.split_first() else {
            break;
        };
        rest = tail;
        if step < 128 {
            let Some((length, tail)) = rest.split_first_chunk::<2>() else {
                break;
            };
            let length = usize::from(u16::from_be_bytes(*length)).min(tail.len());
            let (datagram, tail) = tail.split_at(length);
            rest = tail;
            run.hear(datagram);
        } else {
            run.act(step);
        }
        run.drain();
        let counts = run.endpoint.counts();
        // BYE and CANCEL may exceed the bound, each by the transactions they release.
        assert!(
            counts.sessions <= limits.sessions
                && counts.subscriptions <= limits.subscriptions
                && counts.client_transactions + counts.server_transactions <= 64 + STEPS * 4
        );
    }
    run.end();
}

struct Run {
    endpoint: Endpoint,
    now: Instant,
    sessions: Vec<SessionId>,
    requests: Vec<RequestId>,
    /// SUBSCRIBEs that wait, with the subscription they belong to.
    subscribers: Vec<(RequestId, Option<SubscriptionId>, IncomingRequest)>,
    subscriptions: Vec<SubscriptionId>,
    branch: String,
    tag: String,
    rseq: String,
}

impl Run {
    fn flow(&self) -> Flow {
        Flow {
            id: FlowId(1),
            transport: Transport::Udp,
            local: ([192, 0, 2, 1], 5060).into(),
            remote: ([192, 0, 2, 2], 5060).into(),
        }
    }

    fn hear(&mut self, datagram: &[u8]) {
        let text = String::from_utf8_lossy(datagram)
            .replace("{branch}", &self.branch)
            .replace("{tag}", &self.tag)
            .replace("{rseq}", &self.rseq);
        if let Ok(message) = parse_datagram(Bytes::from(text)) {
            let flow = self.flow();
            self.endpoint.handle_message(self.now, &flow, message);
        }
    }

    fn act(&mut self, step: u8) {
        let now = self.now;
        let sdp = Some(Bytes::from_static(b"v=0"));
        let session = self.sessions.last().copied().unwrap_or(SessionId(0));
        let outcome = match step % 15 {
            0 => self.call(),
            1 => self.endpoint.provisional(now, session, 183, sdp, &[]),
            2 => self.endpoint.accept(now, session, sdp, &[]),
            3 => self.endpoint.reject(now, session, 486, "", &[]),
            4 => self.endpoint.hangup(now, session, 480, &[]),
            5 => self.endpoint.reinvite(now, session, sdp, &[]),
            6 => self.endpoint.answer_reinvite(now, session, sdp, &[]),
            7 => self.endpoint.acknowledge(now, session, sdp),
            8 => self
                .endpoint
                .info(now, session, "a/b", Bytes::new())
                .map(drop),
            9 => match self.requests.pop() {
                Some(request) => self.endpoint.respond(now, request, 200, "", &[], None),
                None => Ok(()),
            },
            10 => {
                self.endpoint.handle_flow_closed(now, FlowId(1));
                Ok(())
            }
            11 => self.answer_subscriber(),
            12 => match self.subscriptions.last() {
                Some(id) => self.endpoint.notify(now, *id, &[], None).map(drop),
                None => Ok(()),
            },
            13 => {
                if let Some(id) = self.subscriptions.pop() {
                    assert!(self.endpoint.end_subscription(id), "it was there");
                }
                Ok(())
            }
            _ => {
                self.now += Duration::from_millis(u64::from(step) * 50);
                self.endpoint.handle_timeout(self.now);
                Ok(())
            }
        };
        // Which calls are possible when is not the question here.
        if let Err(error) = outcome {
            assert_ne!(
                error,
                EndpointError::InvalidHeader,
                "nothing malformed was given"
            );
        }
    }

    fn call(&mut self) -> Result<(), EndpointError> {
        let request = InviteRequest {
            to_uri: "sip:b@192.0.2.2".into(),
            from: Party::uri("sip:a@192.0.2.1"),
            to: Party::uri("sip:b@192.0.2.2"),
            target: self.flow().target(),
            local_contact: "sip:a@192.0.2.1".into(),
            sdp: None,
            headers: Vec::new(),
            credentials: Some(crate::auth::Credentials::password("a", "b")),
            route: Vec::new(),
            call_id: Some("c".into()),
            max_forwards: 70,
        };
        let session = self.endpoint.invite(self.now, request)?;
        self.sessions.push(session);
        Ok(())
    }

    fn answer_subscriber(&mut self) -> Result<(), EndpointError> {
        let Some((id, known, request)) = self.subscribers.pop() else {
            return Ok(());
        };
        match known {
            Some(known) => self
                .endpoint
                .refresh_subscription(self.now, id, known, &request, &[]),
            None => {
                let contact = "sip:a@192.0.2.1";
                let made =
                    self.endpoint
                        .accept_subscription(self.now, id, &request, contact, &[])?;
                self.subscriptions.push(made);
                Ok(())
            }
        }
    }

    fn drain(&mut self) {
        while let Some(transmit) = self.endpoint.poll_transmit() {
            let message = parse_datagram(transmit.bytes).expect("endpoints print what can be read");
            if let Some(via) = message.via() {
                via.branch().clone_into(&mut self.branch);
            }
            if let Some(number) = message.header(HeaderName::RSeq) {
                number.clone_into(&mut self.rseq);
            }
            let ours = if message.is_request() {
                message.from()
            } else {
                message.to()
            };
            if let Some(tag) = ours.and_then(|ours| ours.tag()) {
                tag.clone_into(&mut self.tag);
            }
        }
        while let Some(event) = self.endpoint.poll_event() {
            if let Event::Invite { session, .. } = &event {
                self.sessions.push(*session);
            }
            if let Event::Request { id, request, .. } = &event {
                if request.method() == Some(&Method::Subscribe) {
                    self.subscribers.push((*id, None, request.clone()));
                } else {
                    self.requests.push(*id);
                }
            }
            if let Event::Resubscribe {
                id,
                subscription,
                request,
            } = &event
            {
                self.subscribers
                    .push((*id, Some(*subscription), request.clone()));
            }
            if event.is_terminal() {
                let before = self.sessions.len();
                self.sessions
                    .retain(|session| Some(*session) != event.session());
                assert_eq!(self.sessions.len() + 1, before, "a session ends once");
            }
        }
    }

    fn end(&mut self) {
        for subscription in self.subscriptions.drain(..) {
            assert!(self.endpoint.end_subscription(subscription), "it was there");
        }
        for session in self.sessions.clone() {
            let outcome = self.endpoint.hangup(self.now, session, 480, &[]);
            assert_eq!(outcome, Ok(()), "an open session can be hung up");
        }
        self.drain();
        for _ in 0..100_000 {
            let Some(next) = self.endpoint.poll_timeout() else {
                break;
            };
            self.now = self.now.max(next);
            self.endpoint.handle_timeout(self.now);
            self.drain();
        }
        assert!(self.sessions.is_empty(), "every session ends");
        assert_eq!(self.endpoint.counts(), Counts::default(), "nothing is left");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(text: &str) -> Vec<u8> {
        let length = u16::try_from(text.len()).unwrap().to_be_bytes();
        [&[0], &length[..], text.as_bytes()].concat()
    }

    fn response(code: u16, method: &str) -> Vec<u8> {
        datagram(&format!(
            "SIP/2.0 {code} x\r\nVia: SIP/2.0/UDP 192.0.2.1;branch={{branch}}\r\nFrom: <sip:a@192.0.2.1>;tag={{tag}}\r\n\
             To: <sip:b@192.0.2.2>;tag=x\r\nCall-ID: c\r\nCSeq: 1 {method}\r\nContact: <sip:b@192.0.2.2>\r\n\r\n"
        ))
    }

    fn reliable_response(number: u32) -> Vec<u8> {
        datagram(&format!(
            "SIP/2.0 183 x\r\nVia: SIP/2.0/UDP 192.0.2.1;branch={{branch}}\r\nFrom: <sip:a@192.0.2.1>;tag={{tag}}\r\n\
             To: <sip:b@192.0.2.2>;tag=x\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:b@192.0.2.2>\r\n\
             Require: 100rel\r\nRSeq: {number}\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"
        ))
    }

    fn request(method: &str, to: &str, cseq: u32) -> Vec<u8> {
        extended(method, to, cseq, "")
    }

    fn extended(method: &str, to: &str, cseq: u32, headers: &str) -> Vec<u8> {
        datagram(&format!(
            "{method} sip:a@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK{cseq}{method}\r\n\
             From: <sip:b@192.0.2.2>;tag=x\r\nTo: <sip:a@192.0.2.1>{to}\r\nCall-ID: c\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:b@192.0.2.2>\r\n{headers}\r\n"
        ))
    }

    #[test]
    fn the_steps_reach_into_dialogs() {
        let now = Instant::now();
        let step = |n: u8| vec![n + 135];
        let answered = [
            step(0),
            response(180, "INVITE"),
            response(200, "INVITE"),
            step(7),
            step(5),
        ]
        .concat();
        exercise(now, &answered);
        let called = [
            request("INVITE", "", 1),
            step(2),
            request("ACK", ";tag={tag}", 1),
            request("BYE", ";tag={tag}", 2),
        ]
        .concat();
        exercise(now, &called);
        exercise(
            now,
            &[step(0), step(4), step(14), response(487, "INVITE")].concat(),
        );
        let subscribed = [
            request("SUBSCRIBE", "", 1),
            step(11),
            step(12),
            response(200, "NOTIFY"),
            request("SUBSCRIBE", ";tag={tag}", 2),
            step(11),
            step(12),
            step(13),
        ]
        .concat();
        exercise(now, &subscribed);
        exercise(now, &[0xFF; 300]);
    }

    #[test]
    fn shuffled_steps_leave_nothing_behind() {
        use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
        let pieces = [
            request("INVITE", "", 1),
            request("INVITE", ";tag={tag}", 5),
            request("BYE", ";tag={tag}", 9),
            request("ACK", ";tag={tag}", 1),
            request("CANCEL", "", 1),
            request("UPDATE", ";tag={tag}", 7),
            extended(
                "INVITE",
                "",
                1,
                "Supported: 100rel, timer\r\nSession-Expires: 90\r\n",
            ),
            extended("INVITE", "", 11, "Require: 100rel\r\nAllow: UPDATE\r\n"),
            extended(
                "UPDATE",
                ";tag={tag}",
                12,
                "Session-Expires: 20\r\nSupported: timer\r\n",
            ),
            extended("PRACK", ";tag={tag}", 13, "RAck: {rseq} 1 INVITE\r\n"),
            extended("PRACK", ";tag={tag}", 14, "RAck: {rseq} 11 INVITE\r\n"),
            reliable_response(1),
            reliable_response(2),
            response(422, "INVITE"),
            response(200, "UPDATE"),
            response(405, "UPDATE"),
            response(481, "PRACK"),
            request("REGISTER", "", 2),
            request("SUBSCRIBE", "", 3),
            request("SUBSCRIBE", ";tag={tag}", 8),
            response(481, "NOTIFY"),
            response(180, "INVITE"),
            response(200, "INVITE"),
            response(491, "INVITE"),
            response(401, "INVITE"),
            response(200, "BYE"),
            response(500, "INVITE"),
            response(200, "INFO"),
        ];
        for seed in 0..400 {
            let mut rng = StdRng::seed_from_u64(seed);
            let mut input = Vec::new();
            for _ in 0..rng.random_range(1..40) {
                if rng.random_bool(0.5) {
                    input.extend_from_slice(pieces.choose(&mut rng).expect("there are pieces"));
                } else {
                    input.push(rng.random_range(128..=255));
                }
            }
            exercise(Instant::now(), &input);
        }
    }
}
