//! The panel's door: its events, reads of its REST interface, objects at start-up.

mod events;
mod objects;

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) use events::events;
pub(crate) use objects::{reads, start_up};

/// Name and password of the door as it comes, for HTTP Basic.
const BASIC: &str = "bWFuYWdlcjptYW5hZzNycGE1NXdvcmQ=";

/// Bytes taken from a socket at once.
const READ_SIZE: usize = 64 * 1024;

/// Longest answer that is read: a list of a hundred thousand objects fits.
const MAX_ANSWER: usize = 256 << 20;

/// One HTTP connection that stays open.
struct Requests {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// Status and body of an answer.
struct Reply {
    status: u16,
    body: Vec<u8>,
}

impl Requests {
    async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("connecting")?;
        stream.set_nodelay(true).context("setting TCP_NODELAY")?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(READ_SIZE),
        })
    }

    /// Asks and reads the whole answer. `path` begins behind `/communication_manager/rest/`.
    async fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<Reply> {
        let request = format!(
            "{method} /communication_manager/rest/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {BASIC}\r\n\
             Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream
            .write_all(request.as_bytes())
            .await
            .context("asking")?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Reply> {
        let head = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let text = String::from_utf8_lossy(&self.buffer[..head]).to_ascii_lowercase();
        let status = text.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status = status.with_context(|| format!("no status in {text:?}"))?;
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .map_or(Ok(0), |value| value.trim().parse::<usize>())
            .context("the length of an answer is a number")?;
        if length > MAX_ANSWER || text.contains("transfer-encoding") {
            bail!("an answer that is not read here: {text}");
        }
        while self.buffer.len() < head + length {
            self.more().await?;
        }
        let body = self.buffer[head..head + length].to_vec();
        self.buffer.drain(..head + length);
        Ok(Reply { status, body })
    }

    async fn more(&mut self) -> Result<()> {
        let read = self.stream.read_buf(&mut self.buffer).await;
        if read.context("reading an answer")? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }

    /// A GET that must succeed.
    async fn get(&mut self, path: &str) -> Result<Vec<u8>> {
        let reply = self.ask("GET", path, "").await?;
        if reply.status != 200 {
            bail!("GET {path}: {}", reply.status);
        }
        Ok(reply.body)
    }

    /// The id of the core server `default`, which is made when there is none.
    async fn core(&mut self) -> Result<String> {
        let path = "config/server/coreServers/getBySlug/default";
        let mut reply = self.ask("GET", path, "").await?;
        if reply.status == 404 {
            let new = r#"{"slug":"default","name":"Default","brokerHost":"localhost","brokerPort":"50000"}"#;
            self.ask("POST", "config/server/coreServers/", new).await?;
            reply = self.ask("GET", path, "").await?;
        }
        let core: Value = serde_json::from_slice(&reply.body).context("reading the core server")?;
        Ok(core["id"]
            .as_str()
            .context("the core server has an id")?
            .to_owned())
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|part| part == what)
}
