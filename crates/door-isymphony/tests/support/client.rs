use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{PATIENCE, USUAL};

/// A client of the Event API.
pub struct Client {
    pub socket: WebSocketStream<TcpStream>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::over(stream, "/communication_manager/ws/event", USUAL)
            .await
            .unwrap()
    }

    /// Hardly buffers anything.
    pub async fn connect_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(address).await.unwrap();
        Self::over(stream, "/communication_manager/ws/event", USUAL)
            .await
            .unwrap()
    }

    pub async fn over(stream: TcpStream, path: &str, headers: &str) -> Result<Self, Error> {
        let mut request = format!("ws://localhost{path}").into_client_request()?;
        for line in headers.lines() {
            let (name, value) = line.split_once(": ").unwrap();
            let name: tokio_tungstenite::tungstenite::http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Self { socket })
    }

    pub async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next message.
    pub async fn next(&mut self) -> Value {
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("{other:?} instead of a message"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, next)
            .await
            .expect("a message comes")
    }

    /// Sets filters; events that came before the reply.
    pub async fn filter(&mut self, pairs: &[(&str, &str)]) -> Vec<Value> {
        let filters: Vec<Value> = pairs
            .iter()
            .map(|(property, value)| json!({"property": property, "value": value}))
            .collect();
        let message = json!({"type": "filter", "correlationId": "f", "filters": filters});
        self.send(&message.to_string()).await;
        let (before, reply) = self.until_reply().await;
        assert_eq!(
            (&reply["type"], &reply["correlationId"]),
            (&json!("success"), &json!("f"))
        );
        before
    }

    /// The next reply, and events that came before it.
    pub async fn until_reply(&mut self) -> (Vec<Value>, Value) {
        let mut before = Vec::new();
        loop {
            let message = self.next().await;
            if message.get("correlationId").is_some() {
                return (before, message);
            }
            before.push(message);
        }
    }

    /// Everything that is there already: a filter that is no message is answered behind it.
    pub async fn events(&mut self) -> Vec<Value> {
        self.send("?").await;
        let (events, reply) = self.until_reply().await;
        assert_eq!(reply["error"], "Invalid JSON");
        events
    }

    /// Every text up to the end, and the code and reason of the close frame.
    pub async fn rest(&mut self) -> (usize, Option<(u16, String)>) {
        let mut texts = 0;
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match next.expect("an end comes") {
                Some(Ok(Message::Text(_))) => texts += 1,
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
