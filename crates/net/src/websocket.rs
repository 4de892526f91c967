//! The write side of a WebSocket: an outbox of text messages, ping frames, and a close frame that says why.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::outbox::{Messages, Outcome, SlowReason, Take};

/// Close codes of RFC 6455 §7.4.1 that we send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CloseCode {
    /// 1000
    Normal,
    /// 1001
    GoingAway,
    /// 1008
    Policy,
    /// 1009
    TooBig,
}

impl CloseCode {
    fn number(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::GoingAway => 1001,
            Self::Policy => 1008,
            Self::TooBig => 1009,
        }
    }
}

/// What reader and session tell the writer. Cloning shares.
#[derive(Clone, Default)]
pub struct Signals {
    heard: Arc<AtomicBool>,
    farewell: Arc<Mutex<Option<(CloseCode, &'static str)>>>,
}

impl Signals {
    /// The peer has sent something, a pong for instance: it is there.
    pub fn heard(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// What the close frame is to say when the outbox is finished or cut; the first words stay.
    pub fn say(&self, code: CloseCode, reason: &'static str) {
        // Held for one look or note.
        let mut farewell = self.farewell.lock().unwrap_or_else(PoisonError::into_inner);
        farewell.get_or_insert((code, reason));
    }

    fn words(&self) -> (CloseCode, &'static str) {
        let farewell = *self.farewell.lock().unwrap_or_else(PoisonError::into_inner);
        farewell.unwrap_or((CloseCode::Normal, ""))
    }
}

/// Why reading ended, when the peer did not say goodbye.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Broken {
    /// It is gone without a word.
    Gone,
    /// It sent what no WebSocket may carry.
    Malformed,
    /// It sent more than one message may have.
    TooBig,
}

impl Broken {
    /// What the library's error means; it names its errors by text only.
    pub fn of(error: &axum::Error) -> Self {
        let text = error.to_string();
        let has = |part: &str| text.contains(part);
        if has("too long") {
            Self::TooBig
        } else if has("UTF-8")
            || (has("WebSocket protocol error") && !has("without closing handshake"))
        {
            Self::Malformed
        } else {
            Self::Gone
        }
    }
}

/// The task that writes one connection.
pub struct SocketWriter {
    sink: SplitSink<WebSocket, Message>,
    messages: Messages,
    signals: Signals,
    /// Between pings.
    ping: Duration,
    /// A peer that was not heard within this after a ping is gone.
    answer_within: Option<Duration>,
}

impl SocketWriter {
    /// A writer for the half of a socket; a peer that was not heard within half of `ping` after one is gone. Whoever calls this runs [`SocketWriter::run`].
    pub fn new(
        sink: SplitSink<WebSocket, Message>,
        messages: Messages,
        signals: Signals,
        ping: Duration,
    ) -> Self {
        Self {
            sink,
            messages,
            signals,
            ping,
            answer_within: Some(ping / 2),
        }
    }

    /// Sends pings and does not look for answers: the reader does.
    #[must_use]
    pub fn without_deadline_for_pongs(mut self) -> Self {
        self.answer_within = None;
        self
    }

    /// Writes until the outbox ends or the peer does.
    pub async fn run(mut self) -> Outcome {
        let outcome = self.write().await;
        self.messages.end(outcome);
        outcome
    }

    async fn write(&mut self) -> Outcome {
        let mut ping_at = Instant::now() + self.ping;
        let mut pong_by: Option<Instant> = None;
        loop {
            let wait_for_pong = async {
                match pong_by {
                    Some(by) => sleep_until(by).await,
                    None => std::future::pending().await,
                }
            };
            let written = tokio::select! {
                biased;
                () = wait_for_pong => {
                    pong_by = None;
                    if !self.signals.heard.load(Ordering::Relaxed) {
                        tracing::debug!("No answer to a ping");
                        return Outcome::PeerGone;
                    }
                    Ok(())
                }
                () = sleep_until(ping_at) => {
                    ping_at = Instant::now() + self.ping;
                    pong_by = self.answer_within.map(|within| Instant::now() + within);
                    self.signals.heard.store(false, Ordering::Relaxed);
                    self.send_now(Message::Ping(Bytes::new())).await
                }
                take = self.messages.next() => match take {
                    Take::Write(batch) => self.write_batch(batch).await,
                    Take::Finish => {
                        let (code, reason) = self.signals.words();
                        self.close(code, reason, Bytes::new()).await;
                        return Outcome::Closed;
                    }
                    Take::Cut(notice, outcome) => {
                        let (code, reason) = self.signals.words();
                        self.close(code, reason, notice).await;
                        return outcome;
                    }
                },
            };
            match written {
                // What stopped it is looked at by the next turn.
                Ok(()) | Err(Stop::Ordered) => {}
                Err(Stop::Slow) => {
                    let reason = SlowReason::Deadline;
                    return Outcome::SlowReader { reason };
                }
                Err(Stop::Gone) => return Outcome::PeerGone,
            }
        }
    }

    /// Feeds everything and flushes once: batching is what makes fan-out cheap.
    async fn write_batch(&mut self, batch: std::collections::VecDeque<Bytes>) -> Result<(), Stop> {
        for message in batch {
            let bytes = message.len();
            let Ok(text) = Utf8Bytes::try_from(message) else {
                tracing::error!("A message that is no text was to be sent");
                self.messages.written(1, bytes);
                continue;
            };
            self.within_deadline(Do::Feed(Message::Text(text))).await?;
            self.messages.written(1, bytes);
        }
        self.within_deadline(Do::Flush).await
    }

    async fn send_now(&mut self, message: Message) -> Result<(), Stop> {
        self.within_deadline(Do::Feed(message)).await?;
        self.within_deadline(Do::Flush).await
    }

    async fn within_deadline(&mut self, what: Do) -> Result<(), Stop> {
        let deadline = self.messages.deadline();
        let work = async {
            match what {
                Do::Feed(message) => self.sink.feed(message).await,
                Do::Flush => self.sink.flush().await,
            }
        };
        tokio::select! {
            biased;
            done = timeout_at(deadline, work) => match done {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(Stop::Gone),
                Err(_) => Err(Stop::Slow),
            },
            () = self.messages.cut() => Err(Stop::Ordered),
        }
    }

    /// Says why, if the peer takes it in time.
    async fn close(&mut self, code: CloseCode, reason: &'static str, notice: Bytes) {
        let words = async {
            if let Ok(text) = Utf8Bytes::try_from(notice)
                && !text.is_empty()
            {
                self.sink.feed(Message::Text(text)).await?;
            }
            let frame = CloseFrame {
                code: code.number(),
                reason: Utf8Bytes::from_static(reason),
            };
            self.sink.send(Message::Close(Some(frame))).await
        };
        // The peer may have gone first.
        timeout(self.messages.notice_deadline(), words).await.ok();
    }
}

enum Do {
    Feed(Message),
    Flush,
}

/// Why writing stopped.
enum Stop {
    /// The outbox says otherwise.
    Ordered,
    /// Nothing was taken for too long.
    Slow,
    /// The connection is gone.
    Gone,
}
