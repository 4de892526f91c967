use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{HA1, PATIENCE};

/// A page.
pub struct Client {
    pub socket: WebSocketStream<TcpStream>,
    transactions: u32,
}

impl Client {
    pub async fn connect(address: SocketAddr, token: &str) -> Self {
        Self::try_connect(address, &[("Sec-WebSocket-Protocol", token)])
            .await
            .unwrap()
    }

    /// Hardly buffers anything.
    pub async fn connect_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(address).await.unwrap();
        Self::over(stream, address, &[("Sec-WebSocket-Protocol", "sylkRTC-2")])
            .await
            .unwrap()
    }

    pub async fn try_connect(address: SocketAddr, headers: &[(&str, &str)]) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::over(stream, address, headers).await
    }

    async fn over(
        stream: TcpStream,
        address: SocketAddr,
        headers: &[(&str, &str)],
    ) -> Result<Self, Error> {
        let mut request = format!("ws://{address}/webrtcgateway/ws")
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            let name: tokio_tungstenite::tungstenite::http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Self {
            socket,
            transactions: 0,
        })
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

    pub async fn json(&mut self) -> Value {
        serde_json::from_str(&self.frame().await).unwrap()
    }

    /// Exactly this comes next.
    pub async fn expect(&mut self, frame: &str) {
        assert_eq!(self.frame().await, frame);
    }

    /// An event of that name comes next, in that state.
    pub async fn expect_event(&mut self, event: &str, state: &str) -> Value {
        let frame = self.json().await;
        assert_eq!(
            (&frame["event"], &frame["state"]),
            (&json!(event), &json!(state)),
            "{frame}"
        );
        frame
    }

    /// An event of that name comes next.
    pub async fn event(&mut self, event: &str) -> Value {
        let frame = self.json().await;
        assert_eq!(frame["event"], event, "{frame}");
        frame
    }

    /// Sends a request with a transaction of its own, and gives the answer, which comes next.
    pub async fn request(&mut self, request: &str) -> Value {
        self.transactions += 1;
        let transaction = format!("t{}", self.transactions);
        let mut request: Value = serde_json::from_str(request).unwrap();
        request["transaction"] = transaction.clone().into();
        self.send(&request.to_string()).await;
        let answer = self.json().await;
        assert_eq!(answer["transaction"], transaction, "{answer}");
        answer
    }

    /// It is accepted.
    pub async fn ask(&mut self, request: &str) -> Value {
        let answer = self.request(request).await;
        assert_eq!(answer["sylkrtc"], "ack", "{answer}");
        answer
    }

    /// It is refused with that text.
    pub async fn refused(&mut self, request: &str, text: &str) {
        let answer = self.request(request).await;
        assert_eq!(
            (&answer["sylkrtc"], &answer["error"]),
            (&json!("error"), &json!(text)),
            "{answer}"
        );
    }

    pub async fn add(&mut self, account: &str) -> Value {
        let add = json!({"sylkrtc": "account-add", "account": account, "password": HA1, "display_name": "Alice"});
        self.ask(&add.to_string()).await
    }

    /// Nothing comes for a while.
    pub async fn expect_silence(&mut self) {
        let waited = tokio::time::timeout(Duration::from_millis(150), self.socket.next()).await;
        assert!(waited.is_err(), "{waited:?}");
    }

    /// Nothing comes for a while but such events.
    pub async fn expect_silence_but(&mut self, events: &[&str]) {
        while let Ok(next) =
            tokio::time::timeout(Duration::from_millis(50), self.socket.next()).await
        {
            let Some(Ok(Message::Text(text))) = next else {
                panic!("{next:?}");
            };
            let frame: Value = serde_json::from_str(&text).unwrap();
            let event = frame["event"].as_str().unwrap_or_default();
            assert!(events.contains(&event), "{frame}");
        }
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

    pub async fn close(mut self) {
        self.socket.close(None).await.unwrap();
        self.rest().await;
    }

    /// Says goodbye and waits for nothing.
    pub async fn close_at_once(mut self) {
        self.socket.send(Message::Close(None)).await.unwrap();
    }

    /// Goes away without a word.
    pub fn break_off(self) {
        drop(self.socket.into_inner());
    }
}

/// A request over HTTP, and the whole answer.
pub async fn http(address: SocketAddr, request: &str) -> String {
    http_bytes(address, request.as_bytes()).await
}

pub async fn http_bytes(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("an answer comes")
        .unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
