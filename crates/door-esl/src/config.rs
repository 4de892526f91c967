use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use net::LoginPolicy;
use subtle::ConstantTimeEq;

/// The password everybody knows; served on loopback only.
const DEFAULT_PASSWORD: &str = "ClueCon";

/// The list that lets in nobody but this machine.
const LOOPBACK_ONLY: &str = "loopback.auto";

/// Fewest jobs a door must be able to run at a time (event-socket.md §2.4).
const LEAST_JOBS: usize = 1000;

/// Most access lists a peer may have to pass (event-socket.md §1.1).
const MOST_ACLS: usize = 100;

/// What the door is opened with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Addresses to listen on; port 0 picks one.
    pub listen: Vec<SocketAddr>,
    /// For `auth`.
    pub password: Secret,
    /// Names of access lists, or networks; a peer must pass every one.
    pub apply_inbound_acl: Vec<String>,
    /// An address that cannot be bound: fail, or keep trying.
    pub stop_on_bind_error: bool,
    /// Events that may wait for one connection.
    pub max_queue: usize,
    /// Bytes that may wait for one connection.
    pub max_queue_bytes: usize,
    /// Longest time in which a peer takes nothing although something waits for it.
    pub write_deadline: Duration,
    /// Time in which a peer must have logged in.
    pub login_time: Duration,
    /// What becomes of addresses that keep failing to log in.
    pub login_policy: LoginPolicy,
    /// Connections at one time, per listener.
    pub max_connections: usize,
    /// Connections at one time from one address.
    pub max_per_address: usize,
    /// Background jobs at one time; a `bgapi` beyond waits for a place.
    pub max_jobs: usize,
    /// Bytes the system buffers per connection; `None`: the system decides.
    pub send_buffer: Option<usize>,
}

impl Default for Config {
    /// 127.0.0.1:8021 with the well-known password, for this machine only (event-socket.md §1.1, §1.9, §7.3).
    fn default() -> Self {
        Self {
            listen: vec![(Ipv4Addr::LOCALHOST, 8021).into()],
            password: Secret::new(DEFAULT_PASSWORD),
            apply_inbound_acl: vec![LOOPBACK_ONLY.to_owned()],
            stop_on_bind_error: true,
            max_queue: 100_000,
            max_queue_bytes: 256 << 20,
            write_deadline: Duration::from_secs(30),
            login_time: Duration::from_secs(25),
            login_policy: LoginPolicy::default(),
            max_connections: 10_000,
            max_per_address: 2_000,
            max_jobs: 4_000,
            send_buffer: None,
        }
    }
}

/// Why a configuration cannot be served.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConfigError {
    /// Nothing to listen on.
    #[error("the event socket has no address to listen on")]
    NoAddress,
    /// An empty password would let everybody in.
    #[error("the event socket's password is empty")]
    EmptyPassword,
    /// The well-known password, beyond this machine.
    #[error(
        "the default password is served on loopback only: set another one, or add loopback.auto to \
         apply-inbound-acl, to listen on {0}"
    )]
    DefaultPassword(SocketAddr),
    /// Queue sizes of zero would end every connection.
    #[error("max-queue and max-queue-bytes must be above 0")]
    EmptyQueue,
    /// See [`Config::max_jobs`].
    #[error("max-jobs must be at least {LEAST_JOBS}")]
    TooFewJobs,
    /// See [`Config::apply_inbound_acl`].
    #[error("apply-inbound-acl can be given at most {MOST_ACLS} times")]
    TooManyAcls,
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
        if self.password.is_empty() {
            errors.push(ConfigError::EmptyPassword);
        }
        let local_only = self
            .apply_inbound_acl
            .iter()
            .any(|name| name == LOOPBACK_ONLY);
        if self.password.matches(DEFAULT_PASSWORD) && !local_only {
            let beyond = self.listen.iter().filter(|address| !is_loopback(address));
            errors.extend(beyond.map(|address| ConfigError::DefaultPassword(*address)));
        }
        if self.max_queue == 0 || self.max_queue_bytes == 0 {
            errors.push(ConfigError::EmptyQueue);
        }
        if self.max_jobs < LEAST_JOBS {
            errors.push(ConfigError::TooFewJobs);
        }
        if self.apply_inbound_acl.len() > MOST_ACLS {
            errors.push(ConfigError::TooManyAcls);
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }
}

fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// A text that is never printed and compared in constant time.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// Keeps a text secret.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// Whether `given` is the same. The time taken tells only the length.
    pub fn matches(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
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
    fn the_default_is_sound_and_prints_no_password() {
        let config = Config::default();
        assert_eq!(config.check(), Ok(()));
        assert!(!format!("{config:?}").contains(DEFAULT_PASSWORD));
    }

    #[test]
    fn the_default_password_stays_on_this_machine() {
        let everywhere: SocketAddr = "[::]:8021".parse().unwrap();
        let shipped = Config {
            listen: vec![everywhere],
            ..Config::default()
        };
        assert_eq!(shipped.check(), Ok(()), "loopback.auto keeps others out");
        let open = Config {
            apply_inbound_acl: vec!["lan".to_owned()],
            ..shipped.clone()
        };
        assert_eq!(
            open.check(),
            Err(vec![ConfigError::DefaultPassword(everywhere)])
        );
        let own = Config {
            password: Secret::new("another"),
            ..open
        };
        assert_eq!(own.check(), Ok(()));
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let wrong = Config {
            listen: Vec::new(),
            password: Secret::new(""),
            max_queue: 0,
            max_jobs: 999,
            apply_inbound_acl: vec!["x".to_owned(); 101],
            ..Config::default()
        };
        assert_eq!(wrong.check().unwrap_err().len(), 5);
    }

    #[test]
    fn secrets_compare_byte_for_byte() {
        let secret = Secret::new("ClueCon");
        assert!(secret.matches("ClueCon"));
        assert!(!secret.matches("ClueCon ") && !secret.matches("cluecon") && !secret.matches(""));
    }
}
