//! Who listens: filters as panels and widgets set them, and one connection with one of them.

use std::fmt;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::{AGENTS, QUEUE, Told};
use crate::panel::BASIC;
use crate::panel::objects::number_of;

/// What a subscriber wants to be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// Everything of one extension: the telephone of the person who looks at it.
    Extension(usize),
    /// Everything of some extensions: a row of lamps.
    Extensions(Vec<usize>),
    /// Who of a team comes and goes.
    Team(Vec<usize>),
    /// One type of everybody: a list of who has gone.
    LoggedOut,
    /// Calls, of which there are none.
    Calls,
    /// Everything: no filter.
    Everything,
}

/// That many subscribers. Of a hundred, 55 look at one extension, 20 at a team of ten, 15 at ten extensions, 7 at calls, 2 at
/// one type, and 1 has no filter.
pub(super) fn crowd(subscribers: usize) -> Vec<Wanted> {
    let one = |number: usize| match number % 100 {
        0..55 => Wanted::Extension(number % AGENTS),
        55..75 => {
            let first = number * QUEUE % AGENTS;
            Wanted::Team((first..first + QUEUE).collect())
        }
        75..90 => {
            let apart = AGENTS / QUEUE;
            Wanted::Extensions((0..QUEUE).map(|n| n * apart + number % apart).collect())
        }
        90..97 => Wanted::Calls,
        97..99 => Wanted::LoggedOut,
        _ => Wanted::Everything,
    };
    (0..subscribers).map(one).collect()
}

impl Wanted {
    /// Whether it ought to be told of that.
    pub(super) fn wants(&self, (agent, told): (usize, Told)) -> bool {
        match self {
            Self::Extension(extension) => *extension == agent,
            Self::Extensions(extensions) => extensions.contains(&agent),
            Self::Team(team) => matches!(told, Told::LogIn | Told::LogOut) && team.contains(&agent),
            Self::LoggedOut => told == Told::LogOut,
            Self::Calls => false,
            Self::Everything => true,
        }
    }

    /// As property and value.
    fn filters(&self) -> Vec<(&'static str, String)> {
        let types = |names: &[&str]| -> Vec<_> {
            names
                .iter()
                .map(|name| ("type", (*name).to_owned()))
                .collect()
        };
        let numbers = |extensions: &[usize]| -> Vec<_> {
            let number = |extension: &usize| ("extensionNumber", number_of(*extension).to_string());
            extensions.iter().map(number).collect()
        };
        match self {
            Self::Extension(extension) => numbers(&[*extension]),
            Self::Extensions(extensions) => numbers(extensions),
            Self::Team(team) => [types(&["agentLogin", "agentLogout"]), numbers(team)].concat(),
            Self::LoggedOut => types(&["agentLogout"]),
            Self::Calls => types(&["dial", "link", "hangup"]),
            Self::Everything => Vec::new(),
        }
    }

    /// The message that says so. The correlation id comes back in its reply.
    fn message(&self, id: u32) -> Message {
        let filters: Vec<Value> = self
            .filters()
            .into_iter()
            .map(|(property, value)| json!({"property": property, "value": value}))
            .collect();
        Message::text(
            json!({"type": "filter", "correlationId": id, "filters": filters}).to_string(),
        )
    }
}

/// One line that was told.
pub(super) struct Line(Utf8Bytes);

impl Line {
    fn value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    pub(super) fn kind(&self) -> Option<String> {
        Some(self.value()["type"].as_str()?.to_owned())
    }

    pub(super) fn extension(&self) -> Option<usize> {
        self.value()["extensionNumber"].as_str()?.parse().ok()
    }

    pub(super) fn penalty(&self) -> Option<usize> {
        usize::try_from(self.value()["penalty"].as_u64()?).ok()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One connection.
pub(super) struct Subscriber {
    socket: WebSocketStream<TcpStream>,
    filter: Wanted,
}

impl Subscriber {
    /// Connects, and waits until its filter is set.
    pub(super) async fn connect(address: SocketAddr, filter: &Wanted) -> Result<Self> {
        let tcp = TcpStream::connect(address).await.context("connecting")?;
        tcp.set_nodelay(true).context("asking for no delay")?;
        let mut request =
            format!("ws://{address}/communication_manager/ws/event").into_client_request()?;
        let access = HeaderValue::try_from(format!("Basic {BASIC}"))?;
        request.headers_mut().insert("Authorization", access);
        let (socket, _) = tokio_tungstenite::client_async(request, tcp)
            .await
            .context("the WebSocket handshake")?;
        let mut subscriber = Self {
            socket,
            filter: filter.clone(),
        };
        if subscriber.asked(1).await?.is_empty() {
            return Ok(subscriber);
        }
        bail!("something was told before anything happened")
    }

    /// Sends its filter, and gives what comes before the reply.
    async fn asked(&mut self, id: u32) -> Result<Vec<(Instant, Line)>> {
        self.socket.send(self.filter.message(id)).await?;
        let mut before = Vec::new();
        loop {
            let (at, line) = self.next().await?;
            let value = line.value();
            if value["correlationId"] == json!(id) {
                if value["type"] == "success" {
                    return Ok(before);
                }
                bail!("the filter was answered with {line}");
            }
            before.push((at, line));
        }
    }

    async fn next(&mut self) -> Result<(Instant, Line)> {
        while let Some(message) = self.socket.next().await {
            if let Message::Text(text) = message.context("receiving")? {
                return Ok((Instant::now(), Line(text)));
            }
        }
        bail!("the connection ended")
    }

    /// So many lines with the time of each, and what comes beyond them until nothing more happens.
    pub(super) async fn hear(
        mut self,
        lines: usize,
        mut done: watch::Receiver<bool>,
    ) -> Result<Vec<(Instant, Line)>> {
        let mut heard = Vec::with_capacity(lines);
        while heard.len() < lines {
            heard.push(self.next().await?);
        }
        loop {
            tokio::select! {
                line = self.next() => heard.push(line?),
                all = done.wait_for(|done| *done) => {
                    all.context("waiting for the last cause")?;
                    break;
                }
            }
        }
        // What is too many would be there before the reply to this.
        heard.extend(self.asked(2).await?);
        Ok(heard)
    }
}
