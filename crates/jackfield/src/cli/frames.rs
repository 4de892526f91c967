//! What a server sends: a header block, and a body when it has a length (event-socket.md §1.4).

/// Longest header block, in bytes. Ours: servers send a few hundred.
const MAX_HEAD: usize = 1 << 20;

/// Longest body, in bytes. Ours: `show channels` of a busy server is a few megabytes.
const MAX_BODY: usize = 64 << 20;

/// One frame.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Frame {
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Frame {
    /// The value of a header; names are compared ignoring case.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }

    /// Its `Content-Type`.
    pub(super) fn kind(&self) -> &str {
        self.header("Content-Type")
    }
}

/// Why a stream cannot be read on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error("the server sends more than a frame may hold")]
    TooLong,
    #[error("the server sends a length that is no number")]
    BadLength,
}

/// Collects bytes and yields frames.
#[derive(Default)]
pub(super) struct Decoder {
    buffer: Vec<u8>,
    /// Bytes before this were searched for the end of the header block.
    searched: usize,
}

impl Decoder {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame; `Ok(None)` when more bytes are needed.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        let from = self.searched.saturating_sub(1);
        let found = self.buffer[from..]
            .windows(2)
            .position(|pair| pair == b"\n\n");
        let Some(head) = found.map(|at| from + at) else {
            self.searched = self.buffer.len();
            return if self.buffer.len() > MAX_HEAD {
                Err(FrameError::TooLong)
            } else {
                Ok(None)
            };
        };
        self.searched = head;
        let mut frame = Frame::default();
        for line in String::from_utf8_lossy(&self.buffer[..head]).lines() {
            if let Some((name, value)) = line.split_once(':') {
                let pair = (name.to_owned(), value.trim_start().to_owned());
                frame.headers.push(pair);
            }
        }
        let length = match frame.header("Content-Length") {
            "" => 0,
            text => text.trim().parse().map_err(|_| FrameError::BadLength)?,
        };
        if length > MAX_BODY {
            return Err(FrameError::TooLong);
        }
        let (start, end) = (head + 2, head + 2 + length);
        if self.buffer.len() < end {
            return Ok(None);
        }
        frame.body = String::from_utf8_lossy(&self.buffer[start..end]).into_owned();
        self.buffer.drain(..end);
        self.searched = 0;
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "Content-Type: auth/request\n\n\
        Content-Length: 5\nContent-Type: text/event-plain\n\na: b\n\
        Content-Type: api/response\nContent-Length: 0\n\n\
        Content-Type: command/reply\nReply-Text: +OK\n\n";

    #[test]
    fn frames_come_out_whole_however_the_stream_is_cut() {
        for step in 1..STREAM.len() {
            let mut decoder = Decoder::default();
            let mut kinds = Vec::new();
            for piece in STREAM.as_bytes().chunks(step) {
                decoder.push(piece);
                while let Some(frame) = decoder.next().unwrap() {
                    kinds.push(format!("{} {:?}", frame.kind(), frame.body));
                }
            }
            let expected = [
                "auth/request \"\"",
                "text/event-plain \"a: b\\n\"",
                "api/response \"\"",
                "command/reply \"\"",
            ];
            assert_eq!(kinds, expected, "in pieces of {step}");
        }
    }

    #[test]
    fn a_stranger_costs_no_memory() {
        let mut decoder = Decoder::default();
        decoder.push(b"Content-Length: 99999999999\n\n");
        assert_eq!(decoder.next(), Err(FrameError::TooLong));
        let mut decoder = Decoder::default();
        decoder.push(b"Content-Length: many\n\n");
        assert_eq!(decoder.next(), Err(FrameError::BadLength));
        let mut decoder = Decoder::default();
        decoder.push(&vec![b'x'; MAX_HEAD + 1]);
        assert_eq!(decoder.next(), Err(FrameError::TooLong));
    }
}
