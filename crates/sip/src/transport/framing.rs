//! Cutting a byte stream into messages (RFC 3261 §18.3) and keep-alives (RFC 5626 §4.4.1).

use bytes::{Buf as _, Bytes, BytesMut};
use memchr::memchr;

use crate::message::{
    HeaderName, MAX_MESSAGE, Message, ParseError, content_length_of, parse_stream_message,
};

/// Longest head accepted on a stream, in bytes: twice what the busiest proxies send.
pub const MAX_HEAD: usize = 32_768;

/// What came out of a stream.
#[derive(Clone, Debug)]
pub enum Frame {
    /// A message. One whose Content-Length is wrong carries that defect and is the last of its
    /// stream: where the next message starts is unknown.
    Message(Message),
    /// CRLF CRLF: answer with [`Framer::PONG`].
    Ping,
    /// A single CRLF, the answer to our ping.
    Pong,
}

/// Why a stream cannot go on. Close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A head longer than [`MAX_HEAD`], or a body that makes the message longer than the limit.
    #[error("Message too long")]
    TooLong,
    /// Bytes that are no message.
    #[error("Not a SIP message")]
    NotSip,
    /// A message with a wrong Content-Length came before; nothing behind it can be found.
    #[error("Stream out of step")]
    OutOfStep,
}

/// Collects the bytes of one connection and cuts frames out of them. Holds at most one message.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: BytesMut,
    /// Where to go on looking for the end of the head, so that slow senders cost linear time.
    searched: usize,
    /// End of the head and length of the body, once known.
    awaited: Option<(usize, usize)>,
    out_of_step: bool,
}

impl Framer {
    /// What answers a ping.
    pub const PONG: &'static [u8] = b"\r\n";

    /// An empty framer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes from the connection. Call [`Framer::next_frame`] until it has none before
    /// pushing more, and push at most 64 KiB at once: then the buffer stays below three messages.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame; `None` when more bytes are needed.
    ///
    /// # Errors
    /// See [`FrameError`]; every later call fails, too.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if self.out_of_step {
            return Err(FrameError::OutOfStep);
        }
        let frame = self.cut();
        if frame.is_err() {
            self.out_of_step = true;
            self.buffer = BytesMut::new();
        }
        frame
    }

    /// Whether part of a message is waiting for the rest.
    pub fn is_mid_message(&self) -> bool {
        !self.buffer.is_empty()
    }

    fn cut(&mut self) -> Result<Option<Frame>, FrameError> {
        if self.searched == 0 && self.awaited.is_none() {
            match &self.buffer[..] {
                [b'\r', b'\n', b'\r', b'\n', ..] => {
                    self.buffer.advance(4);
                    return Ok(Some(Frame::Ping));
                }
                // Perhaps the first half of a ping.
                [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => return Ok(None),
                [b'\r', b'\n', ..] => {
                    self.buffer.advance(2);
                    return Ok(Some(Frame::Pong));
                }
                [b'\n', ..] => {
                    self.buffer.advance(1);
                    return Ok(Some(Frame::Pong));
                }
                // A message starts with a token; anything else is another protocol, or noise.
                [first, ..] if !first.is_ascii_alphanumeric() && !b"-.!%*_+`'~".contains(first) => {
                    return Err(FrameError::NotSip);
                }
                _ => {}
            }
        }
        if self.awaited.is_none() && !self.find_head()? {
            return Ok(None);
        }
        let Some((head_end, body_len)) = self.awaited else {
            return Ok(None);
        };
        if self.buffer.len() < head_end + body_len {
            return Ok(None);
        }
        let bytes = self.buffer.split_to(head_end + body_len).freeze();
        self.awaited = None;
        self.searched = 0;
        self.parse(bytes).map(Some)
    }

    /// Looks for the empty line; keeps its place between calls.
    fn find_head(&mut self) -> Result<bool, FrameError> {
        let Some(end) = self.end_of_head() else {
            return if self.buffer.len() > MAX_HEAD {
                Err(FrameError::TooLong)
            } else {
                Ok(false)
            };
        };
        if end > MAX_HEAD {
            return Err(FrameError::TooLong);
        }
        // A wrong length reads as none here; the parser finds it again and notes the defect.
        let body_len = announced_length(self.buffer.get(..end).unwrap_or(&[]));
        if body_len.is_some_and(|length| end + length > MAX_MESSAGE) {
            return Err(FrameError::TooLong);
        }
        self.awaited = Some((end, body_len.unwrap_or(0)));
        Ok(true)
    }

    fn end_of_head(&mut self) -> Option<usize> {
        while let Some(found) = self
            .buffer
            .get(self.searched..)
            .and_then(|rest| memchr(b'\n', rest))
        {
            let after = self.searched + found + 1;
            match self.buffer.get(after..) {
                Some([b'\n', ..]) => return Some(after + 1),
                Some([b'\r', b'\n', ..]) => return Some(after + 2),
                // Undecided: look at this line end again when more has come.
                Some([] | [b'\r']) | None => {
                    self.searched += found;
                    return None;
                }
                Some(_) => self.searched = after,
            }
        }
        self.searched = self.buffer.len();
        None
    }

    fn parse(&mut self, bytes: Bytes) -> Result<Frame, FrameError> {
        let message = parse_stream_message(bytes).map_err(|error| match error {
            ParseError::TooLong | ParseError::TooManyHeaders => FrameError::TooLong,
            ParseError::Empty | ParseError::StartLine => FrameError::NotSip,
        })?;
        self.out_of_step = message.defect() == Some(crate::message::Defect::ContentLength);
        Ok(Frame::Message(message))
    }
}

/// Content-Length of a head; `None` when absent or wrong.
fn announced_length(head: &[u8]) -> Option<usize> {
    head.split(|byte| *byte == b'\n').skip(1).find_map(|line| {
        let colon = memchr(b':', line)?;
        let name = line.get(..colon)?.trim_ascii_end();
        if HeaderName::from_bytes(name) != HeaderName::ContentLength {
            return None;
        }
        content_length_of(std::str::from_utf8(line.get(colon + 1..)?).ok()?)
    })
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;
