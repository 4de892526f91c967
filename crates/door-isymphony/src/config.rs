use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use net::tls::TlsSource;
use net::{Acl, Network, OriginPattern, Rule};
use subtle::ConstantTimeEq;

use crate::crm::Crm;
use crate::objects::Place;
use crate::rights::{self, Group, GroupError};
use crate::statuses::{self, OfferedStatus};

/// What the door is opened with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Addresses without TLS; port 0 picks one (event-api.md §1).
    pub listen: Vec<SocketAddr>,
    /// Addresses with TLS.
    pub tls_listen: Vec<SocketAddr>,
    /// Certificate and key; needed where `tls_listen` is not empty.
    pub tls: Option<TlsSource>,
    /// Requests without TLS are sent to the TLS port with 302 (event-api.md §1).
    pub require_tls: bool,
    /// Whose requests are looked at (event-api.md §2).
    pub allow: Vec<Network>,
    /// Name and password of HTTP Basic.
    pub credentials: Credentials,
    /// Serve others than this machine with the password everybody knows.
    pub allow_default_credentials: bool,
    /// Take credentials from the query too, as `?access=<base64 of user:password>`, for browsers.
    pub access_in_query: bool,
    /// Pages of which origins may ask, beside those of the door's own address.
    pub origins: Vec<OriginPattern>,
    /// Read filter messages as the manual prints them (event-api.md §3.2).
    pub lenient_filters: bool,
    /// Tell events of event-api.md §5.3.
    pub extended_events: bool,
    /// Who counts as licensed.
    pub licensing: Licensing,
    /// Show the SHA-1 of passwords, which the FreePBX module compares (event-api.md §8.2).
    pub expose_password_hash: bool,
    /// Where configuration objects are kept.
    pub place: Place,
    /// Records of ended calls are kept in the same store, and clients may read them.
    pub call_history: bool,
    /// Begin with the users of the directory when nothing is kept.
    pub starter: bool,
    /// What people who sign in at the panel page may see and do; everybody who is in no group, and no group `default` is
    /// there, what [`Group::usual`] says.
    pub groups: Vec<Group>,
    /// What people may say of themselves beside what they make up; none: what every panel knows.
    pub statuses: Vec<OfferedStatus>,
    /// The page of another program inside the panel.
    pub crm: Option<Crm>,
    /// Dialplan context calls of the panel go through; `None`: the one the Configuration API names.
    pub context: Option<String>,
    /// An address that cannot be bound: fail, or keep trying.
    pub stop_on_bind_error: bool,
    /// Between WebSocket pings, and between comments of event streams.
    pub ping: Duration,
    /// A peer silent for so long is gone.
    pub silence: Duration,
    /// Bytes of one WebSocket message.
    pub max_message: usize,
    /// Bytes of the body of one request.
    pub max_body: usize,
    /// Events that may wait for one connection.
    pub max_queue: usize,
    /// Bytes that may wait for one connection.
    pub max_queue_bytes: usize,
    /// Longest time in which a peer takes nothing although something waits for it.
    pub write_deadline: Duration,
    /// Time for a handshake, for the headers of a request, and for its body.
    pub handshake: Duration,
    /// Connections at one time, per listener.
    pub max_connections: usize,
    /// Connections at one time from one address, per listener.
    pub max_per_address: usize,
    /// Bytes the system buffers per connection; `None`: the system decides.
    pub send_buffer: Option<usize>,
}

/// Who counts as licensed for events and lists (event-api.md §5).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Licensing {
    /// Everybody.
    #[default]
    Open,
    /// Those with `full` in the Configuration API.
    Compatible,
}

/// Name and password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `name:password`, as HTTP Basic has it.
    pair: String,
    name: usize,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.pair.get(..self.name).unwrap_or_default();
        write!(f, "Credentials({name}:…)")
    }
}

impl Credentials {
    /// What everybody knows (event-api.md §2).
    pub const USUAL: (&'static str, &'static str) = ("manager", "manag3rpa55word");

    /// `None` when the name is empty or has a colon, which no header can say, or the password is empty.
    pub fn new(name: &str, password: &str) -> Option<Self> {
        let fits = !name.is_empty() && !name.contains(':') && !password.is_empty();
        fits.then(|| Self {
            pair: format!("{name}:{password}"),
            name: name.len(),
        })
    }

    /// Whether `name:password` is right, in the same time wherever it differs.
    pub(crate) fn match_pair(&self, pair: &[u8]) -> bool {
        self.pair.as_bytes().ct_eq(pair).into()
    }

    /// Whether everybody knows them.
    pub fn are_usual(&self) -> bool {
        let (name, password) = Self::USUAL;
        self.pair == format!("{name}:{password}")
    }
}

/// Why the door cannot be opened with a configuration.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConfigError {
    /// Nowhere to listen.
    #[error("the iSymphony door has no address")]
    NoAddress,
    /// TLS without a certificate.
    #[error("TLS needs a certificate and its key")]
    NoCertificate,
    /// Nowhere to send those who come without TLS.
    #[error("require_tls needs an address with TLS")]
    NowhereToRedirect,
    /// The password everybody knows, for others than this machine.
    #[error(
        "the well-known password is for this machine only; set another, or allow_default_credentials"
    )]
    UsualPassword,
    /// A silent peer would be gone before it is asked.
    #[error("silence must be longer than ping")]
    Silence,
    /// Groups of users that make no sense.
    #[error("{0}")]
    Group(#[from] GroupError),
    /// Two statuses of a name, or one without.
    #[error("each status needs a name of its own; {0:?} has none")]
    Status(String),
    /// A number that makes no sense.
    #[error("{0} must not be zero")]
    Zero(&'static str),
}

impl Config {
    /// Finds what cannot be served.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn check(&self) -> Result<(), Vec<ConfigError>> {
        let mut errors = Vec::new();
        if self.listen.is_empty() && self.tls_listen.is_empty() {
            errors.push(ConfigError::NoAddress);
        }
        if !self.tls_listen.is_empty() && self.tls.is_none() {
            errors.push(ConfigError::NoCertificate);
        }
        if self.require_tls && self.tls_listen.is_empty() {
            errors.push(ConfigError::NowhereToRedirect);
        }
        if self.credentials.are_usual()
            && !self.is_for_this_machine()
            && !self.allow_default_credentials
        {
            errors.push(ConfigError::UsualPassword);
        }
        if self.silence <= self.ping {
            errors.push(ConfigError::Silence);
        }
        let groups = rights::check(&self.groups).into_iter();
        errors.extend(groups.map(ConfigError::Group));
        errors.extend(statuses::check(&self.statuses).map(ConfigError::Status));
        let zeros = [
            ("max_message", self.max_message),
            ("max_body", self.max_body),
            ("max_queue", self.max_queue),
            ("max_queue_bytes", self.max_queue_bytes),
            ("max_connections", self.max_connections),
            ("max_per_address", self.max_per_address),
            ("ping", usize::from(!self.ping.is_zero())),
            ("handshake", usize::from(!self.handshake.is_zero())),
            (
                "write_deadline",
                usize::from(!self.write_deadline.is_zero()),
            ),
        ];
        let zero = zeros.iter().filter(|(_, value)| *value == 0);
        errors.extend(zero.map(|(name, _)| ConfigError::Zero(name)));
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    /// Whether nobody but this machine may ask: either the list of addresses or the listeners say so.
    fn is_for_this_machine(&self) -> bool {
        let mut listeners = self.listen.iter().chain(&self.tls_listen);
        let own: Vec<Network> = loopback().to_vec();
        let is_own = |network: &Network| own.iter().any(|own| own.contains_network(network));
        self.allow.iter().all(is_own)
            || listeners.all(|address| address.ip().to_canonical().is_loopback())
    }

    /// Those whose requests are looked at.
    pub(crate) fn acl(&self) -> Acl {
        let none = Acl::new(Rule::Deny);
        let networks = self.allow.iter();
        networks.fold(none, |acl, network| acl.with(*network, Rule::Allow))
    }
}

/// This machine (event-api.md §2). An IPv4 address within IPv6 counts as the IPv4 address.
pub fn loopback() -> [Network; 2] {
    let network = |address: IpAddr, prefix| {
        Network::new(address, prefix).expect("the prefixes are shorter than their addresses")
    };
    [
        network(Ipv4Addr::new(127, 0, 0, 0).into(), 8),
        network(Ipv6Addr::LOCALHOST.into(), 128),
    ]
}

impl Default for Config {
    /// 58080 and 55050 of this machine, for this machine, with what everybody knows; nothing is kept.
    fn default() -> Self {
        let (name, password) = Credentials::USUAL;
        Self {
            listen: vec![(Ipv4Addr::LOCALHOST, 58080).into()],
            tls_listen: vec![(Ipv4Addr::LOCALHOST, 55050).into()],
            tls: None,
            require_tls: false,
            allow: loopback().to_vec(),
            credentials: Credentials {
                pair: format!("{name}:{password}"),
                name: name.len(),
            },
            allow_default_credentials: false,
            access_in_query: false,
            origins: Vec::new(),
            lenient_filters: true,
            extended_events: true,
            licensing: Licensing::Open,
            expose_password_hash: true,
            place: Place::Memory,
            call_history: false,
            starter: false,
            groups: Vec::new(),
            statuses: Vec::new(),
            crm: None,
            context: None,
            stop_on_bind_error: true,
            ping: Duration::from_secs(30),
            silence: Duration::from_secs(90),
            max_message: 256 << 10,
            max_body: 1 << 20,
            max_queue: 4096,
            max_queue_bytes: 16 << 20,
            write_deadline: Duration::from_secs(30),
            handshake: Duration::from_secs(10),
            max_connections: 10_000,
            max_per_address: 2_000,
            send_buffer: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(change: impl FnOnce(&mut Config)) -> Vec<ConfigError> {
        let mut config = Config {
            tls_listen: Vec::new(),
            ..Config::default()
        };
        change(&mut config);
        config.check().err().unwrap_or_default()
    }

    #[test]
    fn the_well_known_password_is_for_this_machine() {
        let all: Network = "0.0.0.0/0".parse().unwrap();
        let other: Vec<SocketAddr> = vec!["192.0.2.1:58080".parse().unwrap()];
        assert_eq!(errors(|_| {}), []);
        // Either gate is enough.
        assert_eq!(errors(|c| c.allow = vec![all]), []);
        assert_eq!(errors(|c| c.listen = other.clone()), []);
        let wide = |c: &mut Config| {
            c.listen = other.clone();
            c.allow.push(all);
        };
        assert_eq!(errors(wide), [ConfigError::UsualPassword]);
        assert_eq!(
            errors(|c| {
                wide(c);
                c.allow_default_credentials = true;
            }),
            []
        );
        let own = Credentials::new("manager", "other").unwrap();
        assert_eq!(
            errors(|c| {
                wide(c);
                c.credentials = own;
            }),
            []
        );
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let found = errors(|c| {
            c.listen.clear();
            c.require_tls = true;
            c.silence = c.ping;
            c.max_queue = 0;
        });
        assert_eq!(
            found,
            [
                ConfigError::NoAddress,
                ConfigError::NowhereToRedirect,
                ConfigError::Silence,
                ConfigError::Zero("max_queue")
            ]
        );
        assert_eq!(
            errors(|c| c.tls_listen.push("127.0.0.1:0".parse().unwrap())),
            [ConfigError::NoCertificate]
        );
    }

    #[test]
    fn a_password_is_not_printed() {
        let credentials = Credentials::new("ana", "secret").unwrap();
        assert_eq!(format!("{credentials:?}"), "Credentials(ana:…)");
        assert!(credentials.match_pair(b"ana:secret"));
        assert!(!credentials.match_pair(b"ana:secreT"));
        for (name, password) in [("", "x"), ("a:b", "x"), ("a", "")] {
            assert!(Credentials::new(name, password).is_none());
        }
    }
}
