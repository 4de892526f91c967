//! Servers that help browsers behind strict networks: STUN and TURN, with credentials for accounts.
//!
//! No message of the protocol speaks of them. They go to a page as further members of the event that says it is
//! registered, which clients that do not know them pass over (sylkrtc.md §1.5); see decision 0012.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::Secret;
use crate::wire::{Body, Json};

/// Shortest life of time-limited credentials: a page renews them before, and a call has to begin.
const SHORTEST: Duration = Duration::from_secs(60);

/// Longest life: what is older is as good as a password that never changes.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Most addresses; browsers warn of more than a handful.
const MOST_URLS: usize = 16;

/// Where pages find STUN and TURN, and how they get in.
#[derive(Clone, Debug)]
pub struct TurnConfig {
    /// Handed out as they are.
    pub urls: Vec<IceUrl>,
    /// For those of them that are TURN.
    pub access: TurnAccess,
}

/// How accounts get into the TURN servers.
#[derive(Clone, Debug)]
pub enum TurnAccess {
    /// There are none: all addresses are STUN.
    None,
    /// One name and password for everybody.
    Static {
        /// As the TURN server knows it.
        username: String,
        /// Never printed.
        password: Secret,
    },
    /// For each account its own, made of a secret that the TURN server has too; coturn's `use-auth-secret`.
    Limited {
        /// `static-auth-secret` of coturn. Never printed.
        secret: Secret,
        /// How long they are good, 1 min to 30 days.
        ttl: Duration,
    },
}

/// What is wrong with a configuration of TURN.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TurnError {
    /// Nothing to hand out.
    #[error("urls: needs 1 to 16 addresses")]
    Urls,
    /// A TURN server lets nobody in without credentials, and browsers refuse such a list.
    #[error("a turn: address needs username and password, or secret")]
    NoAccess,
    /// Credentials that nobody would get.
    #[error("there is no turn: address for these credentials")]
    NoTurn,
    /// A name or a secret of no letters.
    #[error("username, password and secret must not be empty")]
    Empty,
    /// Out of bounds.
    #[error("ttl must be between 1 min and 720 h")]
    Ttl,
}

impl TurnConfig {
    /// Whether it can be served.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), TurnError> {
        if self.urls.is_empty() || self.urls.len() > MOST_URLS {
            return Err(TurnError::Urls);
        }
        let turns = self.urls.iter().any(IceUrl::is_turn);
        match &self.access {
            TurnAccess::None if turns => Err(TurnError::NoAccess),
            TurnAccess::None => Ok(()),
            TurnAccess::Static { .. } | TurnAccess::Limited { .. } if !turns => {
                Err(TurnError::NoTurn)
            }
            TurnAccess::Static { username, password }
                if username.is_empty() || password.expose().is_empty() =>
            {
                Err(TurnError::Empty)
            }
            TurnAccess::Static { .. } => Ok(()),
            TurnAccess::Limited { secret, .. } if secret.expose().is_empty() => {
                Err(TurnError::Empty)
            }
            TurnAccess::Limited { ttl, .. } if !(SHORTEST..=LONGEST).contains(ttl) => {
                Err(TurnError::Ttl)
            }
            TurnAccess::Limited { .. } => Ok(()),
        }
    }

    /// What an account gets that has just proven who it is.
    pub(crate) fn servers(&self, account: &str, now: SystemTime) -> IceServers {
        let of_kind = |turn: bool| -> Vec<Arc<str>> {
            let urls = self.urls.iter().filter(|url| url.is_turn() == turn);
            urls.map(|url| url.0.clone()).collect()
        };
        let (login, ttl) = match &self.access {
            TurnAccess::None => (None, None),
            TurnAccess::Static { username, password } => (
                Some((username.as_str().into(), password.expose().into())),
                None,
            ),
            TurnAccess::Limited { secret, ttl } => {
                (Some(limited(secret, account, now + *ttl)), Some(*ttl))
            }
        };
        IceServers {
            stun: of_kind(false),
            turn: of_kind(true),
            login,
            ttl,
        }
    }
}

/// A name that says until when, and its seal. coturn's `use-auth-secret`, draft-uberti-behave-turn-rest-00 §2.2.
fn limited(secret: &Secret, account: &str, until: SystemTime) -> (Arc<str>, Arc<str>) {
    let until = until.duration_since(UNIX_EPOCH).unwrap_or_default();
    let username = format!("{}:{account}", until.as_secs());
    let key = hmac::Key::new(
        hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        secret.expose().as_bytes(),
    );
    let seal = hmac::sign(&key, username.as_bytes());
    (username.into(), STANDARD.encode(seal).into())
}

/// The address of a STUN or TURN server (RFC 7064 §3.1, RFC 7065 §3.1).
#[derive(Clone, PartialEq, Eq)]
pub struct IceUrl(Arc<str>);

impl fmt::Debug for IceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl IceUrl {
    /// Reads `stun:`, `stuns:`, `turn:` or `turns:`, a host, perhaps a port, and for TURN perhaps
    /// `?transport=udp` or `?transport=tcp`. A browser throws at anything else, and makes no call then.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let place = match (scheme, rest.split_once('?')) {
            ("turn" | "turns", Some((place, "transport=udp" | "transport=tcp"))) => place,
            ("stun" | "stuns" | "turn" | "turns", None) => rest,
            _ => return None,
        };
        is_place(place).then(|| Self(text.into()))
    }

    fn is_turn(&self) -> bool {
        self.0.starts_with("turn")
    }
}

/// A host, perhaps with a port.
fn is_place(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) if address.parse::<Ipv6Addr>().is_ok() => (None, rest),
        Some(_) => return false,
        None => match text.find(':') {
            Some(at) => {
                let (host, port) = text.split_at(at);
                (Some(host), port)
            }
            None => (Some(text), ""),
        },
    };
    let good_port = match port.strip_prefix(':') {
        Some(digits) => {
            digits.chars().all(|c| c.is_ascii_digit())
                && digits.parse().is_ok_and(|port: u16| port > 0)
        }
        None => port.is_empty(),
    };
    good_port && host.is_none_or(is_name)
}

/// A name of the DNS, or an IPv4 address.
fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    let numbers = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    host.len() <= 253
        && host.strip_suffix('.').unwrap_or(host).split('.').all(label)
        && (!numbers || host.parse::<Ipv4Addr>().is_ok())
}

/// What one account is told, as the `iceServers` of the W3C's WebRTC §4.2.
#[derive(Clone, PartialEq)]
pub(crate) struct IceServers {
    stun: Vec<Arc<str>>,
    turn: Vec<Arc<str>>,
    /// Name and password, never logged.
    login: Option<(Arc<str>, Arc<str>)>,
    /// How long these are good; `None`: for ever.
    ttl: Option<Duration>,
}

impl fmt::Debug for IceServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceServers")
            .field("stun", &self.stun)
            .field("turn", &self.turn)
            .finish_non_exhaustive()
    }
}

impl IceServers {
    /// The same for the log.
    pub(crate) fn without_password(&self) -> Self {
        let hidden = |(name, _): &(Arc<str>, Arc<str>)| (name.clone(), "…".into());
        Self {
            login: self.login.as_ref().map(hidden),
            ..self.clone()
        }
    }

    /// `ice_servers`, and beside it the seconds they are good for.
    pub(crate) fn push_to(&self, body: &mut Body) {
        let mut list = Vec::new();
        if !self.stun.is_empty() {
            list.push(Json::object([("urls", Json::texts(&self.stun))]));
        }
        if let Some((username, credential)) = &self.login {
            list.push(Json::object([
                ("urls", Json::texts(&self.turn)),
                ("username", username.into()),
                ("credential", credential.into()),
            ]));
        }
        body.push(("ice_servers", Json::List(list)));
        if let Some(ttl) = self.ttl {
            let seconds = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
            body.push(("ice_servers_ttl", Json::Int(seconds)));
        }
    }
}

#[cfg(test)]
mod tests;
