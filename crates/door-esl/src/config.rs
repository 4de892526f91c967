use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use esl::names::EventName;
use net::tls::{TlsSource, Trust};
use net::{LoginPolicy, Programs};
use subtle::ConstantTimeEq;

use crate::permissions::User;

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
    /// Addresses to listen on with TLS.
    pub tls_listen: Vec<SocketAddr>,
    /// Certificate and key; needed where `tls_listen` is not empty.
    pub tls: Option<TlsSource>,
    /// For `auth`.
    pub password: Secret,
    /// For `userauth`, before those of the directory.
    pub users: Vec<User>,
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
    /// `system` and `bg_system` run programs of this machine, for whoever may use them; without it they do not exist.
    pub programs: Option<Programs>,
    /// Longest time to reach one host of the application `socket`.
    pub outbound_connect_time: Duration,
    /// Connections at one time to programs that control channels; a channel beyond goes on without one.
    pub outbound_max_connections: usize,
    /// Which of those that are dialled with `tls://` are believed to be who they should be.
    pub outbound_trust: Trust,
    /// Bytes the system buffers per connection; `None`: the system decides.
    pub send_buffer: Option<usize>,
}

impl Default for Config {
    /// 127.0.0.1:8021 with the well-known password, for this machine only (event-socket.md §1.1, §1.9, §7.3).
    fn default() -> Self {
        Self {
            listen: vec![(Ipv4Addr::LOCALHOST, 8021).into()],
            tls_listen: Vec::new(),
            tls: None,
            password: Secret::new(DEFAULT_PASSWORD),
            users: Vec::new(),
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
            programs: None,
            outbound_connect_time: Duration::from_secs(5),
            outbound_max_connections: 10_000,
            outbound_trust: Trust::WellKnown,
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
    /// TLS without a certificate.
    #[error("TLS needs a certificate and its key")]
    NoCertificate,
    /// An empty password would let everybody in.
    #[error("the event socket's password is empty")]
    EmptyPassword,
    /// A user's name cannot be given by a client, or is another's.
    #[error("{0}: users are called name@domain, without colon, and each once")]
    UserName(String),
    /// A list holds what is no name of an event, or what cannot stand in one.
    #[error("{name}: {word:?} is no event, and no subclass behind CUSTOM")]
    UserEvent {
        /// Whose.
        name: String,
        /// What it says.
        word: String,
    },
    /// A list holds what no console command is called.
    #[error("{name}: {word:?} is no name of a console command")]
    UserApi {
        /// Whose.
        name: String,
        /// What it says.
        word: String,
    },
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
        if self.listen.is_empty() && self.tls_listen.is_empty() {
            errors.push(ConfigError::NoAddress);
        }
        if !self.tls_listen.is_empty() && self.tls.is_none() {
            errors.push(ConfigError::NoCertificate);
        }
        if self.password.is_empty() {
            errors.push(ConfigError::EmptyPassword);
        }
        for (place, user) in self.users.iter().enumerate() {
            let others = &self.users[..place];
            errors.extend(wrong_with(user, others));
        }
        let local_only = self
            .apply_inbound_acl
            .iter()
            .any(|name| name == LOOPBACK_ONLY);
        if self.password.matches(DEFAULT_PASSWORD) && !local_only {
            let all = self.listen.iter().chain(&self.tls_listen);
            let beyond = all.filter(|address| !is_loopback(address));
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

/// What is wrong with one user, given those before.
fn wrong_with(user: &User, others: &[User]) -> Vec<ConfigError> {
    let name = format!("{}@{}", user.name, user.domain);
    let mut errors = Vec::new();
    let is_same = |other: &User| other.name == user.name && other.domain == user.domain;
    let unusable = |part: &str| part.is_empty() || part.contains(['@', ':', '\r', '\n']);
    if unusable(&user.name) || unusable(&user.domain) || others.iter().any(is_same) {
        errors.push(ConfigError::UserName(name.clone()));
    }
    let is_word = |word: &&String| !word.is_empty() && !word.contains([' ', ',', '\r', '\n']);
    let lists = &user.permissions;
    let mut behind_custom = false;
    for word in lists.events.iter().flatten() {
        let known = behind_custom || EventName::from_word(word).is_some();
        behind_custom |= word.eq_ignore_ascii_case(EventName::Custom.as_str());
        if !known || !is_word(&word) {
            errors.push(ConfigError::UserEvent {
                name: name.clone(),
                word: word.clone(),
            });
        }
    }
    for word in lists.api.iter().flatten().filter(|word| !is_word(word)) {
        errors.push(ConfigError::UserApi {
            name: name.clone(),
            word: word.clone(),
        });
    }
    errors
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
    use crate::password::PasswordHash;
    use crate::permissions::Permissions;

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
        let secure = Config {
            listen: Vec::new(),
            tls_listen: vec![everywhere],
            tls: Some(TlsSource::SelfSigned {
                folder: "tls".into(),
                names: Vec::new(),
            }),
            ..open.clone()
        };
        assert_eq!(
            secure.check(),
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
            tls_listen: vec![([127, 0, 0, 1], 0).into()],
            password: Secret::new(""),
            max_queue: 0,
            max_jobs: 999,
            apply_inbound_acl: vec!["x".to_owned(); 101],
            ..Config::default()
        };
        assert_eq!(wrong.check().unwrap_err().len(), 5);
    }

    #[test]
    fn users_that_nobody_can_be_are_named() {
        let user = |name: &str, events: &[&str], api: &[&str]| User {
            name: name.to_owned(),
            domain: "d".to_owned(),
            password: PasswordHash::of("x").unwrap(),
            permissions: Permissions {
                events: Some(events.iter().map(ToString::to_string).collect()),
                api: Some(api.iter().map(ToString::to_string).collect()),
                ..Permissions::default()
            },
        };
        let check = |users: Vec<User>| {
            let config = Config {
                users,
                ..Config::default()
            };
            config.check().err().unwrap_or_default().len()
        };
        let sound = user("a", &["DTMF", "custom", "x::y"], &["status"]);
        assert_eq!(check(vec![sound.clone(), user("b", &[], &[])]), 0);
        assert_eq!(check(vec![sound.clone(), sound]), 1);
        assert_eq!(
            check(vec![user("a:b", &["DTFM", "A B"], &["show calls", ""])]),
            5
        );
    }

    #[test]
    fn secrets_compare_byte_for_byte() {
        let secret = Secret::new("ClueCon");
        assert!(secret.matches("ClueCon"));
        assert!(!secret.matches("ClueCon ") && !secret.matches("cluecon") && !secret.matches(""));
    }
}
