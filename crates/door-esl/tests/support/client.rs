use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

const PATIENCE: Duration = Duration::from_secs(60);

/// A client that reads with a strict mind.
pub struct Client<S = TcpStream> {
    pub stream: S,
    got: Vec<u8>,
}

/// One frame: its header block, and the body its Content-Length announces.
#[derive(Clone, Debug)]
pub struct Frame {
    pub headers: String,
    pub body: String,
}

impl Frame {
    /// A header of the frame, or of the plain event inside.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .lines()
            .chain(self.body.lines())
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::of(TcpStream::connect(address).await.unwrap())
    }

    /// Comes from another loopback address.
    pub async fn connect_from(from: &str, to: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
        Self::of(socket.connect(to).await.unwrap())
    }

    /// Hardly buffers anything.
    pub async fn connect_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self::of(socket.connect(address).await.unwrap())
    }

    /// A connection that was made to us.
    pub async fn accept(listener: &TcpListener) -> Self {
        let accepted = tokio::time::timeout(PATIENCE, listener.accept()).await;
        Self::of(accepted.unwrap().unwrap().0)
    }

    fn of(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self::over(stream)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Over a stream that is there.
    pub fn over(stream: S) -> Self {
        Self {
            stream,
            got: Vec::new(),
        }
    }

    pub async fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes()).await;
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    async fn more(&mut self) -> usize {
        let reading = self.stream.read_buf(&mut self.got);
        let read = tokio::time::timeout(PATIENCE, reading).await;
        read.unwrap_or_else(|_| {
            panic!(
                "nothing more after {:?}",
                String::from_utf8_lossy(&self.got)
            )
        })
        .unwrap_or(0)
    }

    /// Exactly these bytes come next.
    pub async fn expect(&mut self, text: &str) {
        while self.got.len() < text.len() {
            if self.more().await == 0 {
                break;
            }
        }
        let length = text.len().min(self.got.len());
        let got: Vec<u8> = self.got.drain(..length).collect();
        assert_eq!(String::from_utf8_lossy(&got), text);
    }

    /// Exactly these bytes and then the end.
    pub async fn expect_end(&mut self, text: &str) {
        assert_eq!(self.rest().await, text);
    }

    /// Everything up to the end.
    pub async fn rest(&mut self) -> String {
        while self.more().await > 0 {}
        String::from_utf8_lossy(&std::mem::take(&mut self.got)).into_owned()
    }

    /// The request's answer, up to the end of its header block, is exactly this.
    pub async fn ask(&mut self, request: &str, answer: &str) {
        self.send(&format!("{request}\n\n")).await;
        self.expect(answer).await;
    }

    pub async fn frame(&mut self) -> Frame {
        let end = loop {
            if let Some(at) = self.got.windows(2).position(|two| two == b"\n\n") {
                break at + 2;
            }
            assert!(self.more().await > 0, "the connection ends before a frame");
        };
        let headers: Vec<u8> = self.got.drain(..end).collect();
        let headers = String::from_utf8(headers).unwrap();
        let length = headers
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
            .map_or(0, |length| length.parse().unwrap());
        while self.got.len() < length {
            assert!(self.more().await > 0, "the connection ends inside a body");
        }
        let body: Vec<u8> = self.got.drain(..length).collect();
        Frame {
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// Nothing comes for a while.
    pub async fn expect_silence(&mut self) {
        let reading = self.stream.read_buf(&mut self.got);
        let quiet = tokio::time::timeout(Duration::from_millis(150), reading).await;
        assert!(
            quiet.is_err() && self.got.is_empty(),
            "{:?}",
            String::from_utf8_lossy(&self.got)
        );
    }
}
