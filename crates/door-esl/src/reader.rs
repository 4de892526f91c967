use esl::frame::FrameError;
use esl::{Decoder, Request};
use net::stream::ReadHalf;
use tokio::io::AsyncReadExt;

/// Bytes a peer may send before it has logged in. Ours: far more than any login, far less than what a
/// request may have afterwards.
const MAX_BEFORE_LOGIN: usize = 65_536;

/// Bytes read at a time.
const CHUNK: usize = 8_192;

/// Bytes read ahead of the request being carried out.
const MAX_AHEAD: usize = 65_536;

/// Bytes still read from a peer after the last words, so that they are not lost to a reset.
const MAX_LEFTOVER: usize = 32 << 20;

/// The read side of a connection.
pub(crate) struct Reader {
    half: ReadHalf,
    decoder: Decoder,
    chunk: Box<[u8]>,
    /// What is left of [`MAX_BEFORE_LOGIN`]; `None` after the login.
    allowance: Option<usize>,
}

/// Why no more requests come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReadEnd {
    /// The peer has closed its sending side, or is gone.
    Closed,
    /// What it sent cannot be read.
    Unreadable(FrameError),
    /// Too much before the login.
    TooMuch,
}

impl Reader {
    pub(crate) fn new(half: ReadHalf) -> Self {
        Self {
            half,
            decoder: Decoder::new(),
            chunk: vec![0; CHUNK].into(),
            allowance: Some(MAX_BEFORE_LOGIN),
        }
    }

    /// The peer has logged in: requests may be large.
    pub(crate) fn lift_limit(&mut self) {
        self.allowance = None;
    }

    /// The next request. Cancel-safe: bytes read are kept.
    pub(crate) async fn next(&mut self) -> Result<Request, ReadEnd> {
        loop {
            match self.decoder.next_request() {
                Ok(Some(request)) => return Ok(request),
                Ok(None) => {}
                Err(error) => return Err(ReadEnd::Unreadable(error)),
            }
            let count = match self.half.read(&mut self.chunk).await {
                Ok(0) | Err(_) => return Err(ReadEnd::Closed),
                Ok(count) => count,
            };
            if let Some(allowance) = &mut self.allowance {
                *allowance = allowance.checked_sub(count).ok_or(ReadEnd::TooMuch)?;
            }
            self.decoder.push(&self.chunk[..count]);
        }
    }

    /// Waits for the peer to close its sending side while nothing it says is carried out. What it says meanwhile is
    /// kept for later; beyond [`MAX_AHEAD`] bytes nothing more is read, and its end goes unnoticed. Cancel-safe.
    pub(crate) async fn closed(&mut self) {
        let mut ahead = 0;
        while ahead < MAX_AHEAD {
            let Ok(count @ 1..) = self.half.read(&mut self.chunk).await else {
                return;
            };
            ahead += count;
            self.decoder.push(&self.chunk[..count]);
        }
        std::future::pending().await
    }

    /// Reads and forgets what the peer still sends, until it closes. Closing while bytes are unread would reset
    /// the connection, and the peer might never see our last words.
    pub(crate) async fn discard(&mut self) {
        let mut left = MAX_LEFTOVER;
        while let Ok(count @ 1..) = self.half.read(&mut self.chunk).await {
            match left.checked_sub(count) {
                Some(less) => left = less,
                None => return,
            }
        }
    }
}
