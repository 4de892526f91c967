//! Requests on the wire: an incremental, bounded decoder (event-socket.md §1.3).

use crate::headers::Headers;

/// Largest header block, in bytes (event-socket.md §1.3).
pub const MAX_HEADER_BLOCK: usize = 10_485_760;

/// Largest body, in bytes: 16 MiB (event-socket.md §1.3).
pub const MAX_BODY: usize = 16_777_216;

/// Most header lines in one request. Ours: no client sends more than a few dozen, and each costs
/// far more memory than its four bytes on the wire.
pub const MAX_HEADERS: usize = 4096;

/// Buffer space a connection keeps between requests.
const KEPT_CAPACITY: usize = 65_536;

/// One decoded request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The first line, without its line end; bytes that are not UTF-8 became U+FFFD.
    pub line: String,
    /// The other lines, and the body when there is one.
    pub headers: Headers,
}

impl Request {
    /// A request without headers, as a test or a console line makes it.
    pub fn of_line(line: &str) -> Self {
        Self {
            line: line.to_owned(),
            headers: Headers::new(),
        }
    }

    /// The body; absent and empty are the same.
    pub fn body(&self) -> &[u8] {
        self.headers.body().unwrap_or_default()
    }
}

/// Why a connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The header block reached [`MAX_HEADER_BLOCK`] or has more than [`MAX_HEADERS`] lines.
    #[error("header block too large")]
    HeaderBlockTooLarge,
    /// Nothing is left of the header block once it is cut at its first NUL.
    #[error("request without a command line")]
    NoCommandLine,
    /// A `Content-Length` outside `0..=`[`MAX_BODY`].
    #[error("content length out of range")]
    ContentLengthOutOfRange,
}

impl FrameError {
    /// The reply before the disconnect notice; `None` when the connection ends without one.
    pub fn reply_text(self) -> Option<&'static str> {
        match self {
            Self::HeaderBlockTooLarge | Self::NoCommandLine => Some("-ERR command parse error."),
            Self::ContentLengthOutOfRange => None,
        }
    }
}

/// Collects bytes and yields requests. After an error it yields nothing more.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Bytes before this index belong to requests already yielded.
    start: usize,
    /// Bytes before this index were searched for the end of the header block.
    searched: usize,
    /// The last byte searched ended a line, or follows such an end with only CRs between.
    after_lf: bool,
    /// The request whose body is still arriving, and how many bytes its pieces take.
    waiting: Option<(Request, Vec<usize>)>,
    failed: bool,
}

impl Decoder {
    /// Nothing received yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds received bytes. Call [`Decoder::next_request`] until it answers `Ok(None)` before the next push,
    /// so that the buffer stays bounded by one request and one read.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed {
            return;
        }
        if self.start > 0 && self.start >= self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether part of a request has arrived but not its end.
    pub fn is_mid_request(&self) -> bool {
        self.waiting.is_some() || self.start < self.buffer.len()
    }

    /// The next complete request; `Ok(None)` when more bytes are needed.
    ///
    /// # Errors
    /// [`FrameError`]: the connection has to end.
    pub fn next_request(&mut self) -> Result<Option<Request>, FrameError> {
        if self.failed {
            return Ok(None);
        }
        let decoded = self.decode();
        self.failed = decoded.is_err();
        decoded
    }

    fn decode(&mut self) -> Result<Option<Request>, FrameError> {
        if self.waiting.is_none() {
            let Some(block_end) = self.find_block_end()? else {
                return Ok(None);
            };
            let parsed = parse_block(&self.buffer[self.start..block_end])?;
            self.consume_to(block_end);
            self.waiting = Some(parsed);
        }
        let needed: usize = self.waiting.iter().flat_map(|(_, pieces)| pieces).sum();
        if self.buffer.len() - self.start < needed {
            return Ok(None);
        }
        let (mut request, pieces) = self.waiting.take().expect("set above when it was empty");
        for piece in pieces {
            let end = self.start + piece;
            if piece > 0 {
                request.headers.set_body(&self.buffer[self.start..end]);
            }
            self.consume_to(end);
        }
        Ok(Some(request))
    }

    /// Skips line ends before the request, then looks for two LFs with nothing but CRs between them.
    /// Each byte is looked at once, however the stream is cut.
    fn find_block_end(&mut self) -> Result<Option<usize>, FrameError> {
        while self.start < self.buffer.len() && matches!(self.buffer[self.start], b'\r' | b'\n') {
            self.start += 1;
        }
        self.searched = self.searched.max(self.start);
        while self.searched < self.buffer.len() {
            if !self.after_lf {
                let rest = &self.buffer[self.searched..];
                let Some(offset) = memchr::memchr(b'\n', rest) else {
                    self.searched = self.buffer.len();
                    break;
                };
                self.searched += offset + 1;
                self.after_lf = true;
                continue;
            }
            let byte = self.buffer[self.searched];
            self.searched += 1;
            match byte {
                b'\n' if self.searched - self.start > MAX_HEADER_BLOCK => {
                    return Err(FrameError::HeaderBlockTooLarge);
                }
                b'\n' => return Ok(Some(self.searched)),
                b'\r' => {}
                _ => self.after_lf = false,
            }
        }
        if self.buffer.len() - self.start >= MAX_HEADER_BLOCK {
            return Err(FrameError::HeaderBlockTooLarge);
        }
        Ok(None)
    }

    fn consume_to(&mut self, end: usize) {
        self.start = end;
        self.searched = end;
        self.after_lf = false;
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.buffer.shrink_to(KEPT_CAPACITY);
            self.start = 0;
            self.searched = 0;
        }
    }
}

/// Reads the header block; answers the request without its body, and the lengths of the body pieces.
///
/// The block ends at its first NUL, as the original keeps it as a C string (golden frame-04). Every
/// `Content-Length` header takes its own bytes from the stream (golden frame-05); the last one is the body.
fn parse_block(block: &[u8]) -> Result<(Request, Vec<usize>), FrameError> {
    let block = &block[..memchr::memchr(0, block).unwrap_or(block.len())];
    let mut lines = block
        .split(|byte| matches!(byte, b'\r' | b'\n'))
        .filter(|line| !line.is_empty());
    let line = lines.next().ok_or(FrameError::NoCommandLine)?;
    let mut headers = Headers::new();
    let mut pieces = Vec::new();
    for (count, line) in lines.enumerate() {
        if count >= MAX_HEADERS {
            return Err(FrameError::HeaderBlockTooLarge);
        }
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let name = String::from_utf8_lossy(&line[..colon]).into_owned();
        let value =
            String::from_utf8_lossy(without_leading_blanks(&line[colon + 1..])).into_owned();
        if name.eq_ignore_ascii_case("content-length") && !value.is_empty() {
            let length = leading_number(&value);
            let total = pieces.iter().sum::<usize>();
            match usize::try_from(length) {
                Ok(length) if length <= MAX_BODY - total => pieces.push(length),
                Ok(_) | Err(_) => return Err(FrameError::ContentLengthOutOfRange),
            }
        }
        headers.push(name, value);
    }
    Ok((
        Request {
            line: String::from_utf8_lossy(line).into_owned(),
            headers,
        },
        pieces,
    ))
}

fn without_leading_blanks(value: &[u8]) -> &[u8] {
    let blanks = value.iter().take_while(|&&byte| byte == b' ').count();
    &value[blanks..]
}

/// A number as C `atoi` reads it: leading digits, anything else is 0; too large stays too large.
pub(crate) fn leading_number(text: &str) -> i64 {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let number = digits
        .bytes()
        .take_while(u8::is_ascii_digit)
        .fold(0_i64, |number, digit| {
            number
                .saturating_mul(10)
                .saturating_add(i64::from(digit - b'0'))
        });
    number.saturating_mul(sign)
}

#[cfg(test)]
mod tests;
