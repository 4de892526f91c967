//! A phone: registers, calls, answers, talks a tone, listens, hangs up.

mod transferring;

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::codec::g711;
use sip::auth::Credentials;
use sip::endpoint::{Endpoint, EndpointConfig, InviteRequest, Party};
use sip::event::{Event, IncomingRequest, OutOfDialogRequest, RequestId, SessionId, TransactionId};
use sip::message::{HeaderName, Message, Method, parse_datagram};
use sip::sdp::{self, Codec, CodecOrder, LocalCodec, LocalMedia, OfferAnswer};
use sip::transport::{Flow, FlowId, Target, Transport};

use super::wire::Datagram;

/// Samples of one packet at 8 kHz.
const FRAME: usize = 160;

/// How a phone treats incoming calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// Rings this long, then answers.
    Answers(Duration),
    /// Refuses with this status.
    Refuses(u16),
    /// Rings until the caller gives up.
    Rings,
}

/// One call of a phone.
#[derive(Debug)]
pub struct Call {
    negotiation: OfferAnswer,
    offer: Option<Bytes>,
    answer_at: Option<Instant>,
    local: SocketAddr,
    remote: Option<SocketAddr>,
    /// The other side answered, or we did.
    pub up: bool,
    /// Samples heard.
    pub heard: Vec<i16>,
    sequence: u16,
    timestamp: u32,
    phase: f64,
}

/// A phone.
pub struct Phone {
    /// User name, also its number.
    pub user: String,
    /// Where its SIP lives.
    pub address: SocketAddr,
    /// How it treats incoming calls.
    pub manner: Manner,
    /// Frequency it talks, hertz.
    pub tone_hz: f64,
    /// Its calls.
    pub calls: HashMap<SessionId, Call>,
    /// What others wrote: sender, type, text.
    pub letters: Vec<(String, String, String)>,
    /// Whom its own messages say to be from.
    pub writes_as: String,
    /// Status a message gets.
    pub takes_letters: u16,
    /// Status of its own last message.
    pub letter_status: Option<u16>,
    /// The last INVITE it got.
    pub invite: Option<Message>,
    /// The last answer it got.
    pub answered: Option<Message>,
    /// Status its last own call was refused with.
    pub refused: Option<u16>,
    /// How its transfers went, as it was told: first lines.
    pub transfers: Vec<String>,
    /// Status of its last registration.
    pub registered: Option<u16>,
    own_letters: HashSet<TransactionId>,
    endpoint: Endpoint,
    password: String,
    server: SocketAddr,
    next_port: u16,
}

impl Phone {
    /// A phone that has done nothing yet.
    pub fn new(
        user: &str,
        password: &str,
        address: SocketAddr,
        server: SocketAddr,
        seed: [u8; 32],
    ) -> Self {
        Self {
            user: user.into(),
            address,
            manner: Manner::Answers(Duration::from_millis(500)),
            tone_hz: 400.0 + f64::from(address.port() % 50) * 10.0,
            calls: HashMap::new(),
            letters: Vec::new(),
            writes_as: user.into(),
            takes_letters: 200,
            letter_status: None,
            invite: None,
            answered: None,
            refused: None,
            transfers: Vec::new(),
            own_letters: HashSet::new(),
            registered: None,
            endpoint: Endpoint::new(
                EndpointConfig {
                    user_agent: "Sim".into(),
                    ..EndpointConfig::default()
                },
                seed,
            ),
            password: password.into(),
            server,
            next_port: 20_000,
        }
    }

    fn target(&self) -> Target {
        Target {
            flow: Some(FlowId(1)),
            transport: Transport::Udp,
            local: self.address,
            remote: self.server,
        }
    }

    fn party(&self, user: &str) -> Party {
        Party {
            display: String::new(),
            uri: format!("sip:{user}@{}", self.server.ip()),
        }
    }

    fn credentials(&self) -> Credentials {
        Credentials::password(self.user.clone(), self.password.clone())
    }

    fn contact(&self) -> String {
        format!("sip:{}@{}", self.user, self.address)
    }

    /// Registers for so many seconds; 0 leaves.
    pub fn register(&mut self, now: Instant, expires_s: u32) {
        let request = OutOfDialogRequest {
            method: Method::Register,
            uri: format!("sip:{}", self.server.ip()),
            from: self.party(&self.user),
            to: self.party(&self.user),
            target: self.target(),
            local_contact: Some(self.contact()),
            headers: vec![("Expires".into(), expires_s.to_string())],
            body: None,
            credentials: Some(self.credentials()),
            route: Vec::new(),
            call: None,
        };
        self.registered = None;
        // A limit reached here shows as a phone that never registers.
        self.endpoint.send_out_of_dialog(now, request).ok();
    }

    fn media(local: SocketAddr) -> LocalMedia {
        let codec = |payload_type, name: &str, auxiliary| LocalCodec {
            codec: Codec {
                payload_type,
                name: name.into(),
                clock_rate: 8000,
                channels: 1,
                fmtp: None,
            },
            auxiliary,
        };
        LocalMedia {
            kind: "audio".into(),
            protocol: "RTP/AVP".into(),
            address: local,
            codecs: vec![codec(0, "PCMU", false), codec(101, "telephone-event", true)],
            direction: sdp::Direction::SendRecv,
            ptime_ms: Some(20),
            attributes: Vec::new(),
        }
    }

    fn new_call(&mut self) -> Call {
        self.next_port = if self.next_port >= 60_000 {
            20_000
        } else {
            self.next_port + 2
        };
        let id = u64::from(self.next_port);
        Call {
            negotiation: OfferAnswer::new("sim", "sim", id, id),
            offer: None,
            answer_at: None,
            local: SocketAddr::new(self.address.ip(), self.next_port),
            remote: None,
            up: false,
            heard: Vec::new(),
            sequence: 1,
            timestamp: 0,
            phase: 0.0,
        }
    }

    /// Calls a number, or an address.
    pub fn call(&mut self, now: Instant, number: &str) -> Option<SessionId> {
        self.call_with(now, number, Vec::new())
    }

    fn call_with(
        &mut self,
        now: Instant,
        number: &str,
        headers: Vec<(String, String)>,
    ) -> Option<SessionId> {
        let mut call = self.new_call();
        let to_uri = match number.split_once('@') {
            Some(_) => format!("sip:{number}"),
            None => format!("sip:{number}@{}", self.server.ip()),
        };
        let offer = call.negotiation.offer(&Self::media(call.local)).print();
        let request = InviteRequest {
            to: Party::uri(&to_uri),
            to_uri,
            from: self.party(&self.user),
            target: self.target(),
            local_contact: self.contact(),
            sdp: Some(offer),
            headers,
            credentials: Some(self.credentials()),
            route: Vec::new(),
            call_id: None,
            max_forwards: 70,
        };
        let session = self.endpoint.invite(now, request).ok()?;
        self.calls.insert(session, call);
        Some(session)
    }

    /// Hangs one call up, in whatever state it is.
    pub fn hangup(&mut self, now: Instant, session: SessionId) {
        // A call that ended by itself meanwhile is what we wanted.
        self.endpoint.hangup(now, session, 603, &[]).ok();
    }

    /// Everything left alive inside its SIP; all zero when the phone is idle.
    pub fn sip_counts(&self) -> sip::endpoint::Counts {
        self.endpoint.counts()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let answers = self.calls.values().filter_map(|call| call.answer_at);
        answers.chain(self.endpoint.poll_timeout()).min()
    }

    /// Whether a datagram for this address is the phone's.
    pub(super) fn owns(&self, to: SocketAddr) -> bool {
        to.ip() == self.address.ip()
    }

    pub(super) fn receive(&mut self, now: Instant, datagram: &Datagram) {
        if datagram.to == self.address {
            let flow = Flow {
                id: FlowId(1),
                transport: Transport::Udp,
                local: self.address,
                remote: datagram.from,
            };
            if let Ok(message) = parse_datagram(Bytes::copy_from_slice(&datagram.bytes)) {
                self.endpoint.handle_message(now, &flow, message);
            }
            return;
        }
        let Some(call) = self
            .calls
            .values_mut()
            .find(|call| call.local == datagram.to)
        else {
            return;
        };
        if let Some(payload) = datagram
            .bytes
            .get(12..)
            .filter(|_| datagram.bytes[1] & 0x7f == 0)
        {
            // Enough to hear a tone by; an hour of it would only fill memory.
            if call.heard.len() < 8000 * 10 {
                call.heard
                    .extend(payload.iter().map(|byte| g711::ulaw_to_linear(*byte)));
            }
        }
    }

    /// Lets time pass: timers, answers that are due, what the endpoint has to say.
    pub(super) fn run(&mut self, now: Instant, out: &mut Vec<Datagram>) {
        self.endpoint.handle_timeout(now);
        let due: Vec<SessionId> = self
            .calls
            .iter()
            .filter(|(_, c)| c.answer_at.is_some_and(|at| at <= now))
            .map(|(s, _)| *s)
            .collect();
        for session in due {
            self.answer(now, session);
        }
        while let Some(event) = self.endpoint.poll_event() {
            self.event(now, event);
        }
        while let Some(transmit) = self.endpoint.poll_transmit() {
            out.push(Datagram {
                from: self.address,
                to: transmit.target.remote,
                bytes: transmit.bytes.to_vec(),
            });
        }
    }

    fn answer(&mut self, now: Instant, session: SessionId) {
        let Some(call) = self.calls.get_mut(&session) else {
            return;
        };
        call.answer_at = None;
        let Some(offer) = call.offer.take().and_then(|text| sdp::parse(&text).ok()) else {
            return;
        };
        let Ok((description, agreed)) =
            call.negotiation
                .answer(&offer, &Self::media(call.local), CodecOrder::Remote)
        else {
            return;
        };
        call.remote = Some(agreed.remote);
        call.up = true;
        // The caller may have given up in this very moment.
        self.endpoint
            .accept(now, session, Some(description.print()), &[])
            .ok();
    }

    fn event(&mut self, now: Instant, event: Event) {
        let over = event.is_terminal().then(|| event.session()).flatten();
        match event {
            Event::Invite { session, request } => {
                let mut call = self.new_call();
                call.offer = request.sdp();
                self.invite = Some(request.message.clone());
                let outcome = match self.manner {
                    Manner::Answers(after) => {
                        call.answer_at = Some(now + after);
                        self.endpoint.provisional(now, session, 180, None, &[])
                    }
                    Manner::Rings => self.endpoint.provisional(now, session, 180, None, &[]),
                    Manner::Refuses(code) => self.endpoint.reject(now, session, code, "", &[]),
                };
                self.calls.insert(session, call);
                debug_assert!(outcome.is_ok(), "a new session takes an answer");
            }
            Event::Progress { session, sdp, .. } | Event::ReinviteAnswered { session, sdp, .. } => {
                self.take_answer(session, sdp);
            }
            Event::Answered {
                session,
                sdp,
                response,
                ..
            } => {
                self.answered = Some(response);
                self.take_answer(session, sdp);
                if let Some(call) = self.calls.get_mut(&session) {
                    call.up = true;
                }
            }
            Event::Reinvite { session, sdp, .. } => {
                let Some(call) = self.calls.get_mut(&session) else {
                    return;
                };
                let answer = sdp
                    .and_then(|text| sdp::parse(&text).ok())
                    .and_then(|offer| {
                        call.negotiation
                            .answer(&offer, &Self::media(call.local), CodecOrder::Remote)
                            .ok()
                    });
                match answer {
                    Some((description, _)) => self
                        .endpoint
                        .answer_reinvite(now, session, Some(description.print()), &[])
                        .ok(),
                    None => self.endpoint.refuse_reinvite(now, session, 488, &[]).ok(),
                };
            }
            Event::Rejected { code, .. } => self.refused = Some(code),
            Event::Request { id, request, .. } => self.request(now, id, &request),
            Event::Response { id, code, .. } if self.own_letters.contains(&id) => {
                self.letter_status = Some(code);
            }
            Event::Response {
                session: None,
                code,
                ..
            } => self.registered = Some(code),
            Event::Response {
                session: Some(_), ..
            }
            | Event::Acked { .. }
            | Event::ProgressAcked { .. }
            | Event::Cancelled { .. }
            | Event::Bye { .. }
            | Event::ReinviteFailed { .. }
            | Event::ReinviteOutdated { .. }
            | Event::Info { .. }
            | Event::ForkAnswered { .. }
            | Event::Timeout { .. }
            | Event::Expired { .. }
            | Event::TransportFailed { .. }
            | Event::Ended { .. }
            | Event::Resubscribe { .. }
            | Event::FlowClosed { .. } => {}
        }
        if let Some(session) = over {
            self.calls.remove(&session);
        }
    }

    fn request(&mut self, now: Instant, id: RequestId, request: &IncomingRequest) {
        let mut code = 200;
        if request.method() == Some(&Method::Message) {
            code = self.takes_letters;
            let from = request.from().map_or("", |from| from.uri).to_owned();
            let kind = request.header(HeaderName::ContentType).unwrap_or("");
            let text = String::from_utf8_lossy(&request.body()).into_owned();
            self.letters.push((from, kind.to_owned(), text));
        }
        if request.method() == Some(&Method::Notify) {
            let body = String::from_utf8_lossy(&request.body()).into_owned();
            self.transfers.push(body.trim_end().to_owned());
        }
        self.endpoint.respond(now, id, code, "", &[], None).ok();
    }

    /// Writes to a number.
    pub fn write(&mut self, now: Instant, number: &str, text: &str) {
        let request = OutOfDialogRequest {
            method: Method::Message,
            uri: format!("sip:{number}@{}", self.server.ip()),
            from: self.party(&self.writes_as),
            to: self.party(number),
            target: self.target(),
            local_contact: None,
            headers: vec![("X-Mood".into(), "good".into())],
            body: Some(("text/plain".into(), Bytes::copy_from_slice(text.as_bytes()))),
            credentials: Some(self.credentials()),
            route: Vec::new(),
            call: None,
        };
        self.letter_status = None;
        let sent = self.endpoint.send_out_of_dialog(now, request);
        self.own_letters.extend(sent.ok());
    }

    /// Writes within a call.
    pub fn write_in_call(&mut self, now: Instant, session: SessionId, text: &str) {
        let body = Bytes::copy_from_slice(text.as_bytes());
        self.letter_status = None;
        let sent = self.endpoint.request_in_dialog(
            now,
            session,
            Method::Message,
            &[],
            Some(("text/plain", body)),
        );
        self.own_letters.extend(sent.ok());
    }

    /// Holds a call, or takes it off hold.
    pub fn hold(&mut self, now: Instant, session: SessionId, on: bool) {
        let Some(call) = self.calls.get_mut(&session) else {
            return;
        };
        let mut media = Self::media(call.local);
        if on {
            media.direction = sdp::Direction::SendOnly;
        }
        let offer = call.negotiation.offer(&media).print();
        self.endpoint.reinvite(now, session, Some(offer), &[]).ok();
    }

    fn take_answer(&mut self, session: SessionId, text: Option<Bytes>) {
        let Some(call) = self.calls.get_mut(&session) else {
            return;
        };
        if let Some(answer) = text.and_then(|text| sdp::parse(&text).ok())
            && let Ok(agreed) = call.negotiation.accept(&answer)
        {
            call.remote = Some(agreed.remote);
        }
    }

    /// Says 20 ms of its tone in every call that is up.
    pub(super) fn talk(&mut self, out: &mut Vec<Datagram>) {
        for call in self.calls.values_mut().filter(|call| call.up) {
            let Some(remote) = call.remote else { continue };
            let mut bytes = vec![0x80, 0];
            bytes.extend(call.sequence.to_be_bytes());
            bytes.extend(call.timestamp.to_be_bytes());
            bytes.extend(u32::from(call.local.port()).to_be_bytes());
            for _ in 0..FRAME {
                let sample = (call.phase.sin() * 8000.0) as i16;
                bytes.push(g711::linear_to_ulaw(sample));
                call.phase += std::f64::consts::TAU * self.tone_hz / 8000.0;
            }
            call.sequence = call.sequence.wrapping_add(1);
            call.timestamp = call.timestamp.wrapping_add(FRAME as u32);
            out.push(Datagram {
                from: call.local,
                to: remote,
                bytes,
            });
        }
    }
}
