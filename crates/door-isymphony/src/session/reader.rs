//! The read side: frames to messages, silence found.

use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use net::Outcome;
use net::websocket::{Broken, Signals};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::config::Config;

/// Why no more messages come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ReadEnd {
    /// The peer said goodbye.
    Closed,
    /// The connection broke.
    Broken(Broken),
    /// Nothing came for too long, not even a pong.
    Silent,
    /// The write side has ended by itself.
    WriteEnded(Outcome),
}

pub(super) struct Reader {
    messages: mpsc::Sender<Utf8Bytes>,
    signals: Signals,
    silence: Duration,
    max_message: usize,
}

impl Reader {
    pub(super) fn new(
        messages: mpsc::Sender<Utf8Bytes>,
        signals: Signals,
        config: &Config,
    ) -> Self {
        Self {
            messages,
            signals,
            silence: config.silence,
            max_message: config.max_message,
        }
    }

    /// Reads until the connection ends. The queue is bounded: when it is full, nothing more is read.
    pub(super) async fn run(self, mut stream: SplitStream<WebSocket>) -> ReadEnd {
        loop {
            let message = match timeout(self.silence, stream.next()).await {
                Err(_) => return ReadEnd::Silent,
                Ok(None) => return ReadEnd::Broken(Broken::Gone),
                Ok(Some(Err(error))) => {
                    tracing::debug!(%error, "WebSocket ended");
                    return ReadEnd::Broken(Broken::of(&error));
                }
                Ok(Some(Ok(message))) => message,
            };
            self.signals.heard();
            let text = match message {
                Message::Text(text) => text,
                // What is no text is answered as what is no JSON, because it is none.
                Message::Binary(bytes) => match Utf8Bytes::try_from(bytes.clone()) {
                    Ok(text) => text,
                    Err(_) => String::from_utf8_lossy(&bytes).into_owned().into(),
                },
                Message::Close(_) => return ReadEnd::Closed,
                Message::Ping(_) | Message::Pong(_) => continue,
            };
            if text.len() > self.max_message {
                return ReadEnd::Broken(Broken::TooBig);
            }
            if self.messages.send(text).await.is_err() {
                // The session has ended; why, it says itself.
                return ReadEnd::WriteEnded(Outcome::PeerGone);
            }
        }
    }
}
