use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use net::tls::TlsSource;
use subtle::ConstantTimeEq;

use crate::rooms::RoomsConfig;
use crate::store::{StoreLimits, StorePlace};
use crate::transfer::TransfersConfig;
use crate::turn::{TurnConfig, TurnError};
use net::OriginPattern;

/// What the door is opened with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Addresses for `ws://`; port 0 picks one.
    pub listen: Vec<SocketAddr>,
    /// Addresses for `wss://`.
    pub tls_listen: Vec<SocketAddr>,
    /// Certificate and key; needed when `tls_listen` has an address.
    pub tls: Option<TlsSource>,
    /// Path of the WebSocket.
    pub path: String,
    /// Web pages of which origins may connect (sylkrtc.md §1.3).
    pub origins: Vec<OriginPattern>,
    /// Domains whose accounts may be added; `*` is any (sylkrtc.md §4.5).
    pub sip_domains: Vec<String>,
    /// Domains whose accounts may call without ever proving who they are (sylkrtc.md §4.2).
    pub guest_domains: Vec<String>,
    /// A password that is no HA1 is clear text and hashed here.
    pub clear_text_passwords: bool,
    /// Between WebSocket pings; a peer silent for half of it after one is gone.
    pub ping: Duration,
    /// How long accounts and calls of a broken connection wait for its return; zero: not at all.
    pub grace: Duration,
    /// SIP status that refuses a ringing call, 300–699.
    pub decline_code: u16,
    /// Calls that may come in for one account of one connection at a time; further ones are refused with 486.
    pub incoming_calls: usize,
    /// An address that cannot be bound: fail, or keep trying.
    pub stop_on_bind_error: bool,
    /// Connections at one time, per listener.
    pub max_connections: usize,
    /// Connections at one time from one address, per listener.
    pub max_per_address: usize,
    /// Accounts of one connection.
    pub max_accounts: usize,
    /// Calls of one connection.
    pub max_calls: usize,
    /// Bytes of one WebSocket message.
    pub max_frame: usize,
    /// Frames that may wait for one connection.
    pub max_queue: usize,
    /// Bytes that may wait for one connection.
    pub max_queue_bytes: usize,
    /// Longest time in which a peer takes nothing although something waits for it.
    pub write_deadline: Duration,
    /// Time for a handshake.
    pub handshake: Duration,
    /// Requests of one connection.
    pub requests: Rate,
    /// Trickled candidates of one connection, which come in bursts; pings are not limited.
    pub trickles: Rate,
    /// Where clients find the door, as `https://gw.example.org:10888/webrtcgateway`; `None`: what it listens on.
    pub public_url: Option<String>,
    /// Files served beside the WebSocket.
    pub static_root: Option<PathBuf>,
    /// Where the admin interface listens.
    pub admin_listen: Option<SocketAddr>,
    /// What its requests must carry in `Authorization`; `None`: nothing.
    pub admin_secret: Option<Secret>,
    /// Log every frame, without passwords.
    pub trace_client: bool,
    /// How much is kept for accounts.
    pub store: StoreLimits,
    /// Where it is kept.
    pub store_place: StorePlace,
    /// Video rooms.
    pub rooms: RoomsConfig,
    /// Files that accounts send each other.
    pub transfers: TransfersConfig,
    /// STUN and TURN servers for registered accounts; `None`: pages find their own.
    pub turn: Option<TurnConfig>,
    /// Bytes the system buffers per connection; `None`: the system decides.
    pub send_buffer: Option<usize>,
}

/// A steady rate with a burst.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// Afterwards, per second.
    pub per_second: f64,
}

impl Default for Config {
    /// 127.0.0.1:10888, any origin and domain (sylkrtc.md §1.1, §1.9, §7.1).
    fn default() -> Self {
        Self {
            listen: vec![(Ipv4Addr::LOCALHOST, 10_888).into()],
            tls_listen: Vec::new(),
            tls: None,
            path: "/webrtcgateway/ws".to_owned(),
            origins: vec![OriginPattern::any()],
            sip_domains: vec!["*".to_owned()],
            guest_domains: Vec::new(),
            clear_text_passwords: false,
            ping: Duration::from_secs(120),
            grace: Duration::from_secs(30),
            decline_code: 486,
            incoming_calls: 2,
            stop_on_bind_error: true,
            max_connections: 10_000,
            max_per_address: 2_000,
            max_accounts: 64,
            max_calls: 64,
            max_frame: 1 << 20,
            max_queue: 10_000,
            max_queue_bytes: 16 << 20,
            write_deadline: Duration::from_secs(30),
            handshake: Duration::from_secs(5),
            requests: Rate {
                burst: 200,
                per_second: 50.0,
            },
            trickles: Rate {
                burst: 500,
                per_second: 100.0,
            },
            public_url: None,
            static_root: None,
            admin_listen: None,
            admin_secret: None,
            trace_client: false,
            store: StoreLimits::default(),
            store_place: StorePlace::Memory,
            rooms: RoomsConfig::default(),
            transfers: TransfersConfig::default(),
            turn: None,
            send_buffer: None,
        }
    }
}

/// Why a configuration cannot be served.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConfigError {
    /// Nothing to listen on.
    #[error("the sylkRTC door has no address to listen on")]
    NoAddress,
    /// An address for TLS, but no certificate.
    #[error("tls_listen needs a certificate")]
    NoCertificate,
    /// Not an absolute path without a query.
    #[error("path must begin with /, end otherwise, and have neither query nor pattern: {0}")]
    Path(String),
    /// Not a final refusal.
    #[error("decline_code must be between 300 and 699: {0}")]
    DeclineCode(u16),
    /// Zero of something that needs at least one.
    #[error("{0} must be above 0")]
    Zero(&'static str),
    /// The admin interface without a secret, beyond this machine.
    #[error("the admin interface needs a secret to listen on {0}")]
    OpenAdmin(SocketAddr),
    /// STUN and TURN servers that cannot be handed out.
    #[error(transparent)]
    Turn(#[from] TurnError),
}

impl Config {
    /// Finds everything that is wrong.
    ///
    /// # Errors
    /// All of [`ConfigError`] that apply.
    pub fn check(&self) -> Result<(), Vec<ConfigError>> {
        let mut errors = Vec::new();
        if self.listen.is_empty() && self.tls_listen.is_empty() {
            errors.push(ConfigError::NoAddress);
        }
        if !self.tls_listen.is_empty() && self.tls.is_none() {
            errors.push(ConfigError::NoCertificate);
        }
        let is_path = self.path.starts_with('/')
            && !self.path.ends_with('/')
            && !self.path.contains(['?', '#', '{', '}', '*']);
        if !is_path {
            errors.push(ConfigError::Path(self.path.clone()));
        }
        if !(300..=699).contains(&self.decline_code) {
            errors.push(ConfigError::DeclineCode(self.decline_code));
        }
        for (name, is_zero) in [
            ("ping", self.ping.is_zero()),
            ("incoming_calls", self.incoming_calls == 0),
            ("max_accounts", self.max_accounts == 0),
            ("max_calls", self.max_calls == 0),
            ("max_frame", self.max_frame == 0),
            ("max_queue", self.max_queue == 0),
            ("max_queue_bytes", self.max_queue_bytes == 0),
            ("requests", self.requests.burst == 0),
            ("trickles", self.trickles.burst == 0),
            ("transfer_expire_days", self.transfers.expire_days == 0),
        ] {
            if is_zero {
                errors.push(ConfigError::Zero(name));
            }
        }
        if let Some(address) = self.admin_listen
            && self.admin_secret.is_none()
            && !address.ip().to_canonical().is_loopback()
        {
            errors.push(ConfigError::OpenAdmin(address));
        }
        let turn = self.turn.as_ref().map(TurnConfig::check);
        errors.extend(turn.and_then(Result::err).map(ConfigError::Turn));
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    /// Base of the door's HTTP routes.
    pub(crate) fn public_url(&self) -> String {
        if let Some(url) = &self.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let base = self.path.rsplit_once('/').map_or("", |(base, _)| base);
        match (self.tls_listen.first(), self.listen.first()) {
            (Some(address), _) => format!("https://{address}{base}"),
            (None, Some(address)) => format!("http://{address}{base}"),
            (None, None) => base.to_owned(),
        }
    }

    /// Whether accounts of a domain may be added.
    pub(crate) fn allows_domain(&self, domain: &str) -> bool {
        self.sip_domains
            .iter()
            .any(|allowed| allowed == "*" || allowed == domain)
            || self.is_guest_domain(domain)
    }

    /// Whether accounts of a domain may call unproven.
    pub(crate) fn is_guest_domain(&self, domain: &str) -> bool {
        self.guest_domains.iter().any(|guest| guest == domain)
    }
}

/// A text that is never printed and compared in constant time.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// Keeps a text secret.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// For what it is needed for. Not for a log.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `given` is the same. The time taken tells only the length.
    pub fn matches(&self, given: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(given).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_sound() {
        assert_eq!(Config::default().check(), Ok(()));
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let wrong = Config {
            listen: Vec::new(),
            path: "ws".to_owned(),
            decline_code: 200,
            max_queue: 0,
            admin_listen: Some("192.0.2.1:20888".parse().unwrap()),
            ..Config::default()
        };
        assert_eq!(wrong.check().unwrap_err().len(), 5);
        let tls = Config {
            tls_listen: vec!["127.0.0.1:0".parse().unwrap()],
            ..Config::default()
        };
        assert_eq!(tls.check(), Err(vec![ConfigError::NoCertificate]));
    }

    #[test]
    fn domains_match_exactly() {
        let config = Config {
            sip_domains: vec!["example.org".to_owned()],
            guest_domains: vec!["guest.example.org".to_owned()],
            ..Config::default()
        };
        assert!(config.allows_domain("example.org") && config.allows_domain("guest.example.org"));
        assert!(!config.allows_domain("Example.org") && !config.allows_domain("x.example.org"));
        assert!(
            config.is_guest_domain("guest.example.org") && !config.is_guest_domain("example.org")
        );
    }
}
