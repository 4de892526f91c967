use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::PATIENCE;

/// A stream, encrypted or not.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A client of the Event Manager.
pub struct Client {
    pub socket: WebSocketStream<Box<dyn Io>>,
    /// Events that came before a reply that was waited for.
    events: Vec<String>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address, "/", &[]).await.unwrap().0
    }

    /// Hardly buffers anything.
    pub async fn connect_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(address).await.unwrap();
        Self::over(Box::new(stream), "/", &[]).await.unwrap().0
    }

    pub async fn try_connect(
        address: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<(Self, Response), Error> {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::over(Box::new(stream), path, headers).await
    }

    pub async fn over(
        stream: Box<dyn Io>,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<(Self, Response), Error> {
        let mut request = format!("ws://localhost{path}").into_client_request()?;
        for (name, value) in headers {
            let name: tokio_tungstenite::tungstenite::http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        let (socket, response) = tokio_tungstenite::client_async(request, stream).await?;
        let events = Vec::new();
        Ok((Self { socket, events }, response))
    }

    pub async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next text.
    pub async fn frame(&mut self) -> String {
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => return text.to_string(),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("{other:?} instead of a frame"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, next)
            .await
            .expect("a frame comes")
    }

    /// Exactly this comes next.
    pub async fn expect(&mut self, frame: &str) {
        assert_eq!(self.frame().await, frame);
    }

    /// The next reply; events before it are kept.
    pub async fn reply(&mut self) -> String {
        loop {
            let frame = self.frame().await;
            if frame.starts_with("{\"Status\"") {
                return frame;
            }
            self.events.push(frame);
        }
    }

    /// Asks, and gives the reply.
    pub async fn ask(&mut self, request: &str) -> Value {
        self.send(request).await;
        let reply = self.reply().await;
        serde_json::from_str(&reply).unwrap()
    }

    /// It is done; the reply.
    pub async fn ok(&mut self, request: &str) -> Value {
        let reply = self.ask(request).await;
        assert_eq!(reply["Status"], "OK", "{reply}");
        assert_eq!(reply["Error Code"], -10_000);
        reply
    }

    /// It is refused with that code; the description.
    pub async fn refused(&mut self, request: &str, code: i32) -> String {
        let reply = self.ask(request).await;
        assert_eq!(reply["Status"], "ERROR", "{request}: {reply}");
        assert_eq!(reply["Error Code"], code, "{request}: {reply}");
        let text = reply["Error Description"].as_str().unwrap().to_owned();
        assert_eq!(reply["Error"], text, "both generations read the same");
        text
    }

    /// The next event.
    pub async fn event(&mut self) -> String {
        if !self.events.is_empty() {
            return self.events.remove(0);
        }
        let frame = self.frame().await;
        assert!(frame.starts_with("{\"Event\""), "{frame}");
        frame
    }

    /// The next event is of that name; the event.
    pub async fn expect_event(&mut self, name: &str) -> Value {
        let event: Value = serde_json::from_str(&self.event().await).unwrap();
        assert_eq!(event["Event"], name, "{event}");
        event
    }

    /// Forgets the events that came so far.
    pub fn seen(&mut self) {
        self.events.clear();
    }

    /// Every text up to the end, and the code and reason of the close frame.
    pub async fn rest(&mut self) -> (Vec<String>, Option<(u16, String)>) {
        let mut texts = Vec::new();
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match next.expect("an end comes") {
                Some(Ok(Message::Text(text))) => texts.push(text.to_string()),
                Some(Ok(Message::Close(frame))) => {
                    let frame = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                    return (texts, frame);
                }
                Some(Ok(_)) => {}
                None | Some(Err(_)) => return (texts, None),
            }
        }
    }
}
