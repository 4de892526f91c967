//! One logged-in connection: requests answered in order, everything else handed on.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use net::stream::{ReadHalf, WriteHalf};
use net::tls::{TlsError, connector};
use net::{NotReached, Stream, dial, dial_secure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};

use super::Arguments;
use super::frames::{Decoder, Frame, FrameError};

/// Time for a connection to be made and accepted.
const LOGIN: Duration = Duration::from_secs(10);

/// First and longest wait before connecting again.
const AGAIN: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("{address}: {source}")]
    Connect { address: String, source: NotReached },
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the connection ended: {0}")]
    Lost(io::Error),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("the server lets nobody in from here: {0}")]
    Rejected(String),
    #[error("the login was refused: {0}")]
    Refused(String),
    #[error("the server does not answer")]
    Silent,
}

/// A request and where its answer goes.
pub(super) struct Request {
    /// Command and headers, without the blank line.
    pub(super) text: String,
    pub(super) answer: oneshot::Sender<Frame>,
}

/// What happened beside answers.
pub(super) enum Notice {
    /// An event, a log line, a farewell.
    Frame(Frame),
    /// The connection is there again.
    Connected,
    /// It is gone; another one is tried.
    Lost(String),
}

/// A logged-in connection.
pub(super) struct Connection {
    read: ReadHalf,
    write: WriteHalf,
    decoder: Decoder,
}

impl Connection {
    /// Connects and logs in.
    pub(super) async fn open(arguments: &Arguments) -> Result<Self, LinkError> {
        let opened = tokio::time::timeout(LOGIN, Self::login(arguments)).await;
        opened.unwrap_or(Err(LinkError::Silent))
    }

    async fn login(arguments: &Arguments) -> Result<Self, LinkError> {
        let (host, port) = (&arguments.host, arguments.port);
        let reached = match arguments.trust.wanted() {
            Some(trust) => dial_secure(host, port, &connector(&trust)?, LOGIN).await,
            None => dial(host, port, LOGIN)
                .await
                .map(Stream::Plain)
                .map_err(NotReached::from),
        };
        let stream = reached.map_err(|source| LinkError::Connect {
            address: format!("{host}:{port}"),
            source,
        })?;
        let (read, write) = stream.into_split();
        let mut connection = Self {
            read,
            write,
            decoder: Decoder::default(),
        };
        let greeting = connection.frame().await?;
        if greeting.kind() != "auth/request" {
            return Err(LinkError::Rejected(greeting.body.trim().to_owned()));
        }
        let password = &arguments.password;
        let login = match &arguments.user {
            Some(user) => format!("userauth {user}:{password}"),
            None => format!("auth {password}"),
        };
        let reply = connection.ask(&login).await?;
        let text = reply.header("Reply-Text");
        if text.starts_with("+OK") {
            Ok(connection)
        } else {
            Err(LinkError::Refused(text.to_owned()))
        }
    }

    /// Sends a request and waits for its answer, passing over what comes in between.
    pub(super) async fn ask(&mut self, text: &str) -> Result<Frame, LinkError> {
        self.send(text).await?;
        loop {
            let frame = self.frame().await?;
            if is_answer(&frame) {
                return Ok(frame);
            }
            if frame.kind() == "text/disconnect-notice" {
                return Err(LinkError::Rejected(frame.body.trim().to_owned()));
            }
        }
    }

    async fn send(&mut self, text: &str) -> Result<(), LinkError> {
        let bytes = format!("{text}\n\n");
        let sent = async {
            self.write.write_all(bytes.as_bytes()).await?;
            // What is enciphered may wait otherwise.
            self.write.flush().await
        };
        sent.await.map_err(LinkError::Lost)
    }

    /// The next frame. Cancel-safe: bytes read are kept.
    async fn frame(&mut self) -> Result<Frame, LinkError> {
        loop {
            if let Some(frame) = self.decoder.next()? {
                return Ok(frame);
            }
            let mut bytes = [0; 16_384];
            match self.read.read(&mut bytes).await {
                Ok(0) => return Err(LinkError::Lost(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => self.decoder.push(&bytes[..count]),
                Err(error) => return Err(LinkError::Lost(error)),
            }
        }
    }

    /// Carries requests until the connection or the asker is gone.
    async fn carry(
        &mut self,
        requests: &mut mpsc::Receiver<Request>,
        notices: &mpsc::Sender<Notice>,
    ) -> Result<(), LinkError> {
        let mut waiting: VecDeque<oneshot::Sender<Frame>> = VecDeque::new();
        loop {
            tokio::select! {
                request = requests.recv() => {
                    let Some(request) = request else { return Ok(()) };
                    waiting.push_back(request.answer);
                    self.send(&request.text).await?;
                }
                frame = self.frame() => {
                    let frame = frame?;
                    match waiting.pop_front_if(|_| is_answer(&frame)) {
                        // Whoever no longer waits does not want to know.
                        Some(answer) => drop(answer.send(frame)),
                        // Whoever reads notices is slower than the server: the server waits.
                        None => drop(notices.send(Notice::Frame(frame)).await),
                    }
                }
            }
        }
    }
}

fn is_answer(frame: &Frame) -> bool {
    matches!(frame.kind(), "command/reply" | "api/response")
}

/// Keeps a connection until nobody asks any more, opening it again whenever it is lost. `first` sends what every
/// connection starts with.
pub(super) async fn keep(
    mut connection: Connection,
    arguments: Arguments,
    first: Option<String>,
    mut requests: mpsc::Receiver<Request>,
    notices: mpsc::Sender<Notice>,
) {
    loop {
        let started = match &first {
            Some(text) => connection.ask(text).await.map(drop),
            None => Ok(()),
        };
        let ended = match started {
            Ok(()) => connection.carry(&mut requests, &notices).await,
            Err(error) => Err(error),
        };
        let Err(error) = ended else { return };
        if notices.send(Notice::Lost(error.to_string())).await.is_err() {
            return;
        }
        let mut wait = AGAIN.0;
        connection = loop {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                request = requests.recv() => match request {
                    // Dropping it tells the asker that there is no connection.
                    Some(request) => { drop(request); continue }
                    None => return,
                }
            }
            wait = (wait * 2).min(AGAIN.1);
            if let Ok(connection) = Connection::open(&arguments).await {
                break connection;
            }
        };
        if notices.send(Notice::Connected).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use tokio::io::{AsyncBufReadExt, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    /// Greets, answers every request with `+OK` and its first line, and closes after so many.
    async fn serve(listener: &TcpListener, requests: usize) {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream
            .write_all(b"Content-Type: auth/request\n\n")
            .await
            .unwrap();
        for _ in 0..requests {
            let mut request = String::new();
            while !request.ends_with("\n\n") {
                if stream.read_line(&mut request).await.unwrap() == 0 {
                    return;
                }
            }
            let first = request.lines().next().unwrap();
            let event = "Content-Length: 4\nContent-Type: text/event-plain\n\na: b";
            let reply = format!("Content-Type: command/reply\nReply-Text: +OK {first}\n\n");
            // The event comes before the answer, and must not be taken for it.
            let bytes = if first.starts_with("status") {
                format!("{event}{reply}")
            } else {
                reply
            };
            stream.write_all(bytes.as_bytes()).await.unwrap();
        }
    }

    async fn ask(requests: &mpsc::Sender<Request>, text: &str) -> Option<String> {
        let (answer, wait) = oneshot::channel();
        let text = text.to_owned();
        requests.send(Request { text, answer }).await.ok()?;
        Some(wait.await.ok()?.header("Reply-Text").to_owned())
    }

    #[tokio::test]
    async fn a_lost_connection_is_made_again_with_its_log_level() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let arguments = Line::parse_from(["cli", "-P", &port]).arguments;
        // Login, log level, one request; then it closes, and the second life is longer.
        let server = tokio::spawn(async move {
            serve(&listener, 3).await;
            serve(&listener, 9).await;
        });
        let connection = Connection::open(&arguments).await.unwrap();
        let (requests, asked) = mpsc::channel(4);
        let (told, mut notices) = mpsc::channel(16);
        let first = Some("log info".to_owned());
        let kept = tokio::spawn(keep(connection, arguments, first, asked, told));
        assert_eq!(
            ask(&requests, "status").await.as_deref(),
            Some("+OK status")
        );
        let mut seen = Vec::new();
        while seen.last() != Some(&"connected") {
            seen.push(match notices.recv().await.unwrap() {
                Notice::Frame(_) => "event",
                Notice::Lost(_) => "lost",
                Notice::Connected => "connected",
            });
        }
        assert_eq!(seen, ["event", "lost", "connected"]);
        assert_eq!(ask(&requests, "again").await.as_deref(), Some("+OK again"));
        drop(requests);
        kept.await.unwrap();
        server.await.unwrap();
    }
}
