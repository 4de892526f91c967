//! An event-socket client that costs as little as possible: it counts frames by their length and
//! looks into them only when asked.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::web::{Stream, trusting};

/// Bytes taken from the socket at once.
const READ_SIZE: usize = 256 * 1024;

/// One connection.
pub(crate) struct EventClient {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    /// First byte of `buffer` not yet handed out.
    from: usize,
    /// End of what was received.
    to: usize,
}

/// One frame: its header block and its body.
pub(crate) struct Frame<'b> {
    pub(crate) head: &'b [u8],
    pub(crate) body: &'b [u8],
}

impl Frame<'_> {
    pub(crate) fn is_event(&self) -> bool {
        self.head.windows(10).any(|part| part == b"text/event")
    }

    pub(crate) fn text(&self) -> String {
        format!(
            "{}\n{}",
            String::from_utf8_lossy(self.head),
            String::from_utf8_lossy(self.body)
        )
    }
}

impl EventClient {
    /// Connects and logs in with the default password.
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        Self::of(Box::new(reach(address).await?)).logged_in().await
    }

    /// The same over TLS.
    pub(crate) async fn connect_secure(address: SocketAddr) -> Result<Self> {
        let name = ServerName::from(address.ip());
        let stream = trusting()?.connect(name, reach(address).await?);
        let stream = stream.await.context("the TLS handshake")?;
        Self::of(Box::new(stream)).logged_in().await
    }

    /// A connection the server has made.
    pub(crate) fn accepted(stream: TcpStream) -> Self {
        Self::of(Box::new(stream))
    }

    fn of(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            buffer: vec![0; READ_SIZE],
            from: 0,
            to: 0,
        }
    }

    async fn logged_in(mut self) -> Result<Self> {
        self.next().await.context("waiting for the greeting")?;
        self.command("auth ClueCon").await.context("logging in")?;
        Ok(self)
    }

    pub(crate) async fn send(&mut self, text: &[u8]) -> Result<()> {
        self.stream.write_all(text).await.context("writing")
    }

    /// Sends a command and returns the text of its reply; events before it are dropped.
    pub(crate) async fn command(&mut self, command: &str) -> Result<String> {
        self.send(format!("{command}\n\n").as_bytes()).await?;
        loop {
            let frame = self.next().await?;
            if !frame.is_event() {
                let text = frame.text();
                if text.contains("-ERR") {
                    bail!("{command:?} was answered with {text}");
                }
                return Ok(text);
            }
        }
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> Result<Frame<'_>> {
        loop {
            if let Some((head_end, end)) = frame_ends(&self.buffer[self.from..self.to])? {
                let from = self.from;
                self.from += end;
                return Ok(Frame {
                    head: &self.buffer[from..from + head_end],
                    body: &self.buffer[from + head_end..from + end],
                });
            }
            self.fill().await?;
        }
    }

    /// Waits for bytes and returns how many complete frames are there, all of them taken.
    pub(crate) async fn count_frames(&mut self) -> Result<usize> {
        self.fill().await?;
        let mut frames = 0;
        while let Some((_, end)) = frame_ends(&self.buffer[self.from..self.to])? {
            self.from += end;
            frames += 1;
        }
        Ok(frames)
    }

    async fn fill(&mut self) -> Result<()> {
        if self.from > 0 {
            self.buffer.copy_within(self.from..self.to, 0);
            self.to -= self.from;
            self.from = 0;
        }
        if self.to == self.buffer.len() {
            let longer = self.buffer.len() * 2;
            self.buffer.resize(longer, 0);
        }
        let got = self
            .stream
            .read(&mut self.buffer[self.to..])
            .await
            .context("reading")?;
        if got == 0 {
            bail!(
                "the server closed the connection: {}",
                String::from_utf8_lossy(&self.buffer[..self.to])
            );
        }
        self.to += got;
        Ok(())
    }
}

async fn reach(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await.context("connecting")?;
    stream.set_nodelay(true).context("setting TCP_NODELAY")?;
    Ok(stream)
}

/// Where the head and the whole of the first frame end, once it is complete.
fn frame_ends(bytes: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(head_end) = bytes.windows(2).position(|pair| pair == b"\n\n") else {
        return Ok(None);
    };
    let head_end = head_end + 2;
    let head = &bytes[..head_end];
    const LENGTH: &[u8] = b"Content-Length: ";
    let body = match head.windows(LENGTH.len()).position(|part| part == LENGTH) {
        None => 0,
        Some(at) => head[at + LENGTH.len()..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .fold(0_usize, |number, digit| {
                number * 10 + usize::from(digit - b'0')
            }),
    };
    if body > 64 * 1024 * 1024 {
        bail!("a frame of {body} bytes");
    }
    Ok((bytes.len() >= head_end + body).then_some((head_end, head_end + body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_ends_where_its_length_says() {
        let bytes = b"Content-Length: 5\nContent-Type: text/event-plain\n\nhelloNext";
        assert_eq!(frame_ends(bytes).unwrap(), Some((50, 55)));
        assert_eq!(frame_ends(&bytes[..54]).unwrap(), None);
        assert_eq!(frame_ends(b"Reply-Text: x\n\n").unwrap(), Some((15, 15)));
    }
}
