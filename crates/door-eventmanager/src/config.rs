use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderName;
use net::OriginPattern;
use net::tls::TlsSource;
use subtle::ConstantTimeEq;

use crate::layouts::LayoutFile;

/// What the door is opened with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Addresses; port 0 picks one.
    pub listen: Vec<SocketAddr>,
    /// Certificate and key; `None` only with `allow_plaintext`.
    pub tls: Option<TlsSource>,
    /// Serve without TLS, on loopback addresses only; for tests (event-manager.md §2).
    pub allow_plaintext: bool,
    /// What a handshake must carry; `None`: anybody may connect (event-manager.md §3).
    pub credential: Option<Credential>,
    /// Pages of which origins may connect without the header, beside those of the door's own address. The header
    /// no page can set; who has it is no page.
    pub origins: Vec<OriginPattern>,
    /// How clients are spoken to.
    pub dialect: Dialect,
    /// The file of layouts, repeated to clients as it is; `None`: the built-in layout.
    pub layouts: Option<Arc<LayoutFile>>,
    /// An address that cannot be bound: fail, or keep trying.
    pub stop_on_bind_error: bool,
    /// Between WebSocket pings.
    pub ping: Duration,
    /// A peer silent for so long is gone.
    pub silence: Duration,
    /// Connections at one time, per listener.
    pub max_connections: usize,
    /// Connections at one time from one address, per listener.
    pub max_per_address: usize,
    /// Bytes of one message.
    pub max_message: usize,
    /// Messages that may wait for one connection.
    pub max_queue: usize,
    /// Bytes that may wait for one connection.
    pub max_queue_bytes: usize,
    /// How long a peer may keep its queue half full before events are put on top.
    pub slack: Duration,
    /// Longest time in which a peer takes nothing although something waits for it.
    pub write_deadline: Duration,
    /// Time for a handshake.
    pub handshake: Duration,
    /// Commands of one connection.
    pub commands: Rate,
    /// Bytes the system buffers per connection; `None`: the system decides.
    pub send_buffer: Option<usize>,
}

/// How clients are spoken to; where both generations differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dialect {
    /// Members of replies (event-manager.md §5.2).
    pub reply_shape: ReplyShape,
    /// Names of events (event-manager.md §7).
    pub event_names: EventNames,
    /// Events carry their values beside `values`, too.
    pub event_flat: bool,
    /// What numbers of controls mean.
    pub control_numbering: ControlNumbering,
    /// Our own controls can be seen and set.
    pub extended_controls: bool,
    /// From where the older key `seat_index` counts, 0 or 1.
    pub seat_index_base: u8,
}

/// Members of replies (event-manager.md §5.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReplyShape {
    /// Those of both generations.
    #[default]
    Union,
    /// Those of the newer one.
    V1,
    /// Those of the older one; ids in events are texts then.
    Legacy,
}

/// Names of events (event-manager.md §7).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EventNames {
    /// `IMM_EVENT_CREATE_ROOM`
    #[default]
    Full,
    /// `create_room`
    Short,
}

/// What numbers of controls mean (event-manager.md §8).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ControlNumbering {
    /// 1–14.
    #[default]
    V1,
    /// 0–7 for the eight controls of the older generation.
    Legacy0,
}

/// A steady rate with a burst.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// Afterwards, per second.
    pub per_second: f64,
}

/// A header and the value it must have (event-manager.md §3).
#[derive(Clone)]
pub struct Credential {
    header: HeaderName,
    /// As it was given: names in a query have their case.
    key: Box<str>,
    value: Box<str>,
    /// May stand in the query of the URL, too.
    pub in_query: bool,
    /// May come as a subprotocol, too.
    pub in_subprotocol: bool,
}

impl Credential {
    /// A header by name and its value; `None` when no header can have that name or value.
    pub fn new(key: &str, value: &str) -> Option<Self> {
        let fits = !value.is_empty() && value.trim() == value && !value.contains(char::is_control);
        let header = HeaderName::try_from(key).ok()?;
        fits.then(|| Self {
            header,
            key: key.into(),
            value: value.into(),
            in_query: false,
            in_subprotocol: false,
        })
    }

    /// Header and value of clients that were never told otherwise (event-manager.md §3). Everybody knows it.
    pub const USUAL: (&str, &str) = ("Immersitech", "I_am_valid_immersitech_please_accept_me");

    /// The header's name.
    pub fn header(&self) -> &HeaderName {
        &self.header
    }

    /// Whether its value is the one everybody knows.
    pub fn is_well_known(&self) -> bool {
        *self.value == *Self::USUAL.1
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The value as a subprotocol carries it.
    pub(crate) fn token(&self) -> String {
        data_encoding::BASE64URL_NOPAD.encode(self.value.as_bytes())
    }

    /// Whether a header's value is the right one. The time taken tells only the length.
    pub(crate) fn matches(&self, given: &[u8]) -> bool {
        self.value.as_bytes().ct_eq(given).into()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({}: …)", self.header)
    }
}

impl Dialect {
    /// A number no other dialect has.
    pub(crate) fn number(self) -> u32 {
        let Self {
            reply_shape,
            event_names,
            event_flat,
            control_numbering,
            extended_controls,
            seat_index_base,
        } = self;
        // Each field in bits of its own.
        (reply_shape as u32)
            | ((event_names as u32) << 4)
            | (u32::from(event_flat) << 8)
            | ((control_numbering as u32) << 9)
            | (u32::from(extended_controls) << 13)
            | (u32::from(seat_index_base) << 14)
    }
}

impl Default for Dialect {
    /// That of both generations at once.
    fn default() -> Self {
        Self {
            reply_shape: ReplyShape::default(),
            event_names: EventNames::default(),
            event_flat: true,
            control_numbering: ControlNumbering::default(),
            extended_controls: false,
            seat_index_base: 1,
        }
    }
}

impl Default for Config {
    /// 127.0.0.1:9002; the certificate is to be added.
    fn default() -> Self {
        Self {
            listen: vec![(Ipv4Addr::LOCALHOST, 9002).into()],
            tls: None,
            allow_plaintext: false,
            credential: None,
            origins: Vec::new(),
            dialect: Dialect::default(),
            layouts: None,
            stop_on_bind_error: true,
            ping: Duration::from_secs(30),
            silence: Duration::from_secs(90),
            max_connections: 1000,
            max_per_address: 200,
            max_message: 1 << 20,
            max_queue: 1024,
            max_queue_bytes: 16 << 20,
            slack: Duration::from_secs(1),
            write_deadline: Duration::from_secs(30),
            handshake: Duration::from_secs(5),
            commands: Rate {
                burst: 2000,
                per_second: 1500.0,
            },
            send_buffer: None,
        }
    }
}

/// Why a configuration cannot be served.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConfigError {
    /// Nothing to listen on.
    #[error("the Event Manager door has no address to listen on")]
    NoAddress,
    /// Neither certificate nor permission to do without.
    #[error("the Event Manager door needs a certificate: it speaks TLS only")]
    NoCertificate,
    /// Both.
    #[error("allow_plaintext goes without a certificate")]
    PlaintextWithCertificate,
    /// In the clear beyond this machine.
    #[error("allow_plaintext is for loopback addresses only, not {0}")]
    OpenPlaintext(SocketAddr),
    /// Neither 0 nor 1.
    #[error("seat_index_base must be 0 or 1: {0}")]
    SeatIndexBase(u8),
    /// The peer could not answer a ping in time.
    #[error("silence must be longer than ping")]
    Silence,
    /// Zero of something that needs at least one.
    #[error("{0} must be above 0")]
    Zero(&'static str),
}

impl Config {
    /// Finds everything that is wrong.
    ///
    /// # Errors
    /// All of [`ConfigError`] that apply.
    pub fn check(&self) -> Result<(), Vec<ConfigError>> {
        let mut errors = Vec::new();
        if self.listen.is_empty() {
            errors.push(ConfigError::NoAddress);
        }
        match (&self.tls, self.allow_plaintext) {
            (None, false) => errors.push(ConfigError::NoCertificate),
            (Some(_), true) => errors.push(ConfigError::PlaintextWithCertificate),
            (Some(_), false) => {}
            (None, true) => {
                let is_open = |a: &&SocketAddr| !a.ip().to_canonical().is_loopback();
                let open = self.listen.iter().filter(is_open);
                errors.extend(open.map(|address| ConfigError::OpenPlaintext(*address)));
            }
        }
        if self.dialect.seat_index_base > 1 {
            errors.push(ConfigError::SeatIndexBase(self.dialect.seat_index_base));
        }
        if self.silence <= self.ping {
            errors.push(ConfigError::Silence);
        }
        for (name, is_zero) in [
            ("ping", self.ping.is_zero()),
            ("max_connections", self.max_connections == 0),
            ("max_per_address", self.max_per_address == 0),
            ("max_message", self.max_message == 0),
            ("max_queue", self.max_queue == 0),
            ("max_queue_bytes", self.max_queue_bytes == 0),
            ("write_deadline", self.write_deadline.is_zero()),
            ("handshake", self.handshake.is_zero()),
            ("commands", self.commands.burst == 0),
        ] {
            if is_zero {
                errors.push(ConfigError::Zero(name));
            }
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(address: &str) -> Config {
        Config {
            listen: vec![address.parse().unwrap()],
            allow_plaintext: true,
            ..Config::default()
        }
    }

    #[test]
    fn without_tls_it_serves_this_machine_alone() {
        assert_eq!(plain("127.0.0.1:0").check(), Ok(()));
        assert_eq!(plain("[::1]:0").check(), Ok(()));
        for open in ["0.0.0.0:9002", "192.0.2.1:9002", "[::]:9002"] {
            let error = ConfigError::OpenPlaintext(open.parse().unwrap());
            assert_eq!(plain(open).check(), Err(vec![error]));
        }
        assert_eq!(
            Config::default().check(),
            Err(vec![ConfigError::NoCertificate])
        );
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let wrong = Config {
            listen: Vec::new(),
            dialect: Dialect {
                seat_index_base: 2,
                ..Dialect::default()
            },
            silence: Duration::from_secs(30),
            max_queue: 0,
            ..Config::default()
        };
        assert_eq!(wrong.check().unwrap_err().len(), 5);
    }

    #[test]
    fn a_credential_is_a_header_that_can_be_sent_and_is_never_shown() {
        let credential = Credential::new("Immersitech", "geheim").unwrap();
        assert!(credential.matches(b"geheim"));
        assert!(!credential.matches(b"Geheim") && !credential.matches(b"geheim "));
        assert_eq!(credential.token(), "Z2VoZWlt");
        assert!(!format!("{credential:?}").contains("geheim"));
        for (key, value) in [
            ("", "x"),
            ("a b", "x"),
            ("a", ""),
            ("a", " x"),
            ("a", "x\n"),
        ] {
            assert!(Credential::new(key, value).is_none(), "{key}: {value}");
        }
    }
}
