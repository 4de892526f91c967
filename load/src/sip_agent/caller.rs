//! The near end of calls.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::net::UdpSocket;

use super::message::{Format, Message, answer_to, description};
use super::{PASSWORD, PATIENCE};
use crate::digest;

/// Makes calls from one account.
pub(crate) struct Caller {
    socket: Arc<UdpSocket>,
    here: SocketAddr,
    server: SocketAddr,
    user: String,
    audio_port: u16,
    format: Format,
    calls: HashMap<String, Call>,
}

struct Call {
    number: usize,
    began: Instant,
    sequence: u32,
    uri: String,
    to: String,
    far_port: u16,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Asked,
    Talking,
    Leaving,
}

/// What became of a series of calls.
#[derive(Default)]
pub(crate) struct Report {
    /// Time from INVITE to its 200, challenge included.
    pub(crate) setup: Vec<Duration>,
    pub(crate) ended: usize,
    pub(crate) failed: usize,
}

impl Caller {
    pub(crate) fn new(
        socket: Arc<UdpSocket>,
        server: SocketAddr,
        user: &str,
        audio_port: u16,
    ) -> Result<Self> {
        let here = socket.local_addr().context("reading the local address")?;
        Ok(Self {
            socket,
            here,
            server,
            user: user.to_owned(),
            audio_port,
            format: Format::Pcmu,
            calls: HashMap::new(),
        })
    }

    /// The same, talking `format`.
    pub(crate) fn talking(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Audio ports of the server for the calls that stand.
    pub(crate) fn far_ports(&self) -> Vec<u16> {
        self.calls
            .values()
            .filter(|call| call.state == State::Talking)
            .map(|call| call.far_port)
            .collect()
    }

    /// Begins `count` calls to `number`, `rate` per second; hangs each up after `hold`, or leaves them
    /// all standing. Returns when every call has come to that end or failed.
    pub(crate) async fn run(
        &mut self,
        number: &str,
        count: usize,
        rate: u64,
        hold: Option<Duration>,
    ) -> Result<Report> {
        let mut report = Report::default();
        let mut begun = 0;
        let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 / rate.max(1)));
        let mut to_leave: VecDeque<(Instant, String)> = VecDeque::new();
        let mut last_news = Instant::now();
        let mut bytes = vec![0; 65536];
        let socket = Arc::clone(&self.socket);
        loop {
            let done = match hold {
                Some(_) => report.ended + report.failed,
                None => report.setup.len() + report.failed,
            };
            if done == count {
                return Ok(report);
            }
            if last_news.elapsed() > PATIENCE {
                report.failed = count - done;
                return Ok(report);
            }
            let next_leave = to_leave.front().map_or_else(
                || Instant::now() + Duration::from_millis(100),
                |(at, _)| *at,
            );
            tokio::select! {
                _ = pace.tick(), if begun < count => {
                    begun += 1;
                    last_news = Instant::now();
                    self.begin(number, begun).await?;
                }
                received = socket.recv(&mut bytes) => {
                    let length = received.context("receiving")?;
                    last_news = Instant::now();
                    let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                    if let Some(call) = self.hear(number, &text, &mut report).await?
                        && let Some(hold) = hold
                    {
                        to_leave.push_back((Instant::now() + hold, call));
                    }
                }
                () = tokio::time::sleep_until(next_leave.into()) => {
                    if to_leave.front().is_some_and(|(at, _)| *at <= Instant::now())
                        && let Some((_, call)) = to_leave.pop_front()
                    {
                        self.leave(&call).await?;
                    }
                }
            }
        }
    }

    /// Hangs up every call that stands, and waits for the answers.
    pub(crate) async fn leave_all(&mut self) -> Result<()> {
        let standing: Vec<String> = self.calls.keys().cloned().collect();
        let mut bytes = vec![0; 65536];
        let mut report = Report::default();
        let socket = Arc::clone(&self.socket);
        for call in &standing {
            self.leave(call).await?;
            let before = report.ended;
            while report.ended == before {
                let length = tokio::time::timeout(PATIENCE, socket.recv(&mut bytes))
                    .await
                    .context("no answer to BYE")?
                    .context("receiving")?;
                let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                let _ = self.hear("", &text, &mut report).await?;
            }
        }
        Ok(())
    }

    async fn begin(&mut self, number: &str, index: usize) -> Result<()> {
        let call_id = format!("load-{index}-{}", self.here);
        self.calls.insert(
            call_id.clone(),
            Call {
                number: index,
                began: Instant::now(),
                sequence: 1,
                uri: format!("sip:{number}@{}", self.server),
                to: format!("<sip:{number}@{}>", self.server),
                far_port: 0,
                state: State::Asked,
            },
        );
        self.invite(number, &call_id, "").await
    }

    async fn invite(&self, number: &str, call_id: &str, authorization: &str) -> Result<()> {
        let body = description(self.here, self.audio_port, self.format);
        let more = format!(
            "Contact: <sip:{}@{}>\r\n{authorization}Content-Type: application/sdp\r\n",
            self.user, self.here
        );
        let uri = format!("sip:{number}@{}", self.server);
        self.request("INVITE", &uri, call_id, &more, &body).await
    }

    async fn request(
        &self,
        method: &str,
        uri: &str,
        call_id: &str,
        more: &str,
        body: &str,
    ) -> Result<()> {
        let call = self
            .calls
            .get(call_id)
            .context("a request belongs to a call")?;
        let (here, server, user) = (self.here, self.server, &self.user);
        let (number, sequence, to) = (call.number, call.sequence, &call.to);
        let text = format!(
            "{method} {uri} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {here};branch=z9hG4bK{number}-{sequence}-{method};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{user}@{server}>;tag=l{number}\r\nTo: {to}\r\n\
             Call-ID: {call_id}\r\nCSeq: {sequence} {method}\r\n{more}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.socket
            .send_to(text.as_bytes(), server)
            .await
            .context("sending")?;
        Ok(())
    }

    async fn leave(&mut self, call_id: &str) -> Result<()> {
        let Some(call) = self.calls.get_mut(call_id) else {
            return Ok(());
        };
        call.sequence += 1;
        call.state = State::Leaving;
        let uri = call.uri.clone();
        self.request("BYE", &uri, call_id, "", "").await
    }

    /// Takes a message; returns the call it newly established, if it did.
    async fn hear(
        &mut self,
        number: &str,
        text: &str,
        report: &mut Report,
    ) -> Result<Option<String>> {
        let message = Message(text);
        let call_id = message.header("Call-ID").unwrap_or_default().to_owned();
        let Some(code) = message.code() else {
            // The far end hangs up or asks; nothing here depends on it, but it wants its answer.
            if message.method() != "ACK" {
                let answer = answer_to(&message, self.here, self.audio_port, self.format);
                self.socket
                    .send_to(answer.as_bytes(), self.server)
                    .await
                    .context("sending")?;
            }
            if message.method() == "BYE" && self.calls.remove(&call_id).is_some() {
                report.failed += 1;
            }
            return Ok(None);
        };
        let Some(call) = self.calls.get_mut(&call_id) else {
            return Ok(None);
        };
        match (message.method(), code) {
            (_, 100..=199) => {}
            ("INVITE", 200..=299) => {
                let first = call.state == State::Asked;
                if first {
                    call.state = State::Talking;
                    call.uri = message
                        .contact()
                        .context("an answer has a Contact")?
                        .to_owned();
                    call.to = message.header("To").unwrap_or_default().to_owned();
                    call.far_port = message
                        .audio_port()
                        .context("an answer has an audio line")?;
                    report.setup.push(call.began.elapsed());
                }
                let uri = call.uri.clone();
                self.request("ACK", &uri, &call_id, "", "").await?;
                return Ok(first.then_some(call_id));
            }
            ("INVITE", _) => {
                let open_to = std::mem::replace(
                    &mut call.to,
                    message.header("To").unwrap_or_default().to_owned(),
                );
                let uri = call.uri.clone();
                self.request_acknowledging(&uri, &call_id, &message).await?;
                let Some(call) = self.calls.get_mut(&call_id) else {
                    return Ok(None);
                };
                call.to = open_to;
                match message.challenge() {
                    Some((challenge, header)) if call.sequence == 1 => {
                        call.sequence = 2;
                        let uri = format!("sip:{number}@{}", self.server);
                        let credentials =
                            digest::answer(challenge, "INVITE", &uri, &self.user, PASSWORD)?;
                        let line = format!("{header}: {credentials}\r\n");
                        self.invite(number, &call_id, &line).await?;
                    }
                    Some(_) | None => {
                        if self.calls.remove(&call_id).is_some() {
                            report.failed += 1;
                        }
                    }
                }
            }
            ("BYE", _) => {
                report.ended += usize::from(self.calls.remove(&call_id).is_some());
            }
            _ => {}
        }
        Ok(None)
    }

    /// The ACK of a refusal belongs to the INVITE's own transaction, so it has that branch.
    async fn request_acknowledging(
        &self,
        uri: &str,
        call_id: &str,
        refusal: &Message<'_>,
    ) -> Result<()> {
        let via = refusal.header("Via").unwrap_or_default();
        let sequence = refusal
            .header("CSeq")
            .and_then(|cseq| cseq.split_whitespace().next())
            .unwrap_or("1");
        let text = format!(
            "ACK {uri} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\n\
             Call-ID: {call_id}\r\nCSeq: {sequence} ACK\r\nContent-Length: 0\r\n\r\n",
            refusal.header("From").unwrap_or_default(),
            refusal.header("To").unwrap_or_default(),
        );
        self.socket
            .send_to(text.as_bytes(), self.server)
            .await
            .context("sending")?;
        Ok(())
    }
}
