use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use net::{HttpUrl, Site};

/// Shortest secret, bytes: half of what the signature is as strong as.
const SHORTEST_SECRET: usize = 16;

/// Most applications, and most hosts.
const MOST: usize = 256;

/// What the door is opened with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Hosts that may be asked without being one of `applications`.
    pub hosts: Vec<Host>,
    /// Web applications with a name, and a secret to sign requests with.
    pub applications: Vec<Arc<Application>>,
    /// File of the authorities that vouch for servers with `https`; `None`: the well-known ones.
    pub authorities: Option<PathBuf>,
    /// Longest time to connect.
    pub connect_time: Duration,
    /// Longest time for one try, from connecting to the last byte of the answer.
    pub request_time: Duration,
    /// Longest time for an answer with all tries.
    pub answer_time: Duration,
    /// Tries after the first one, where nobody was reached or the answer was 5xx.
    pub retries: u32,
    /// Pause before the first of them; it doubles with each.
    pub retry_pause: Duration,
    /// Longest answer, bytes.
    pub max_answer: usize,
    /// Requests one call may lead to.
    pub max_requests: u32,
    /// How long an application may go on being asked about one call.
    pub call_time: Duration,
    /// Calls at one time; a call beyond goes on by its fallback.
    pub max_calls: usize,
    /// Last reports under way at one time; those beyond are dropped and counted.
    pub max_farewells: usize,
}

impl Default for Config {
    /// Web applications on this machine only.
    fn default() -> Self {
        let local = |host: &str| Host {
            host: host.to_owned(),
            port: None,
        };
        Self {
            hosts: ["localhost", "127.0.0.1", "::1"].map(local).into(),
            applications: Vec::new(),
            authorities: None,
            connect_time: Duration::from_secs(2),
            request_time: Duration::from_secs(5),
            answer_time: Duration::from_secs(15),
            retries: 2,
            retry_pause: Duration::from_millis(250),
            max_answer: 64 << 10,
            max_requests: 1_000,
            call_time: Duration::from_secs(4 * 3_600),
            max_calls: 10_000,
            max_farewells: 1_000,
        }
    }
}

/// A host, or one port of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Host {
    /// Name or address in lower case, an IPv6 address without brackets.
    pub host: String,
    /// `None`: any port.
    pub port: Option<u16>,
}

impl Host {
    /// `name`, `name:port`, `[address]`, `[address]:port`.
    pub fn parse(text: &str) -> Option<Self> {
        let url = HttpUrl::parse(&format!("http://{text}/")).ok()?;
        // Nothing but a host and a port.
        let bare = url.path == "/" && !text.contains(['/', '?']);
        let named = text.rsplit_once(':');
        let has_port = named.is_some_and(|(_, port)| !port.ends_with(']'));
        bare.then(|| Self {
            port: has_port.then_some(url.site.port),
            host: url.site.host,
        })
    }

    fn is(&self, site: &Site) -> bool {
        self.host == site.host && self.port.is_none_or(|port| port == site.port)
    }
}

/// A web application with a name.
#[derive(Clone, Debug)]
pub struct Application {
    /// What the dialplan calls it.
    pub name: String,
    /// Where it is, and everything below that path.
    pub url: HttpUrl,
    /// What requests to it are signed with; `None`: they are not.
    pub secret: Option<Secret>,
}

impl Application {
    /// How much of `url` is its address, in bytes; `None` when it is another one.
    fn covers(&self, url: &HttpUrl) -> Option<usize> {
        let path = |url: &HttpUrl| {
            let end = url.path.find('?').unwrap_or(url.path.len());
            url.path[..end].to_owned()
        };
        let (own, asked) = (path(&self.url), path(url));
        let rest = asked.strip_prefix(own.as_str())?;
        let below = rest.is_empty() || rest.starts_with('/') || own.ends_with('/');
        (below && self.url.site == url.site).then_some(own.len())
    }
}

/// A key for signatures; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Keeps a text secret.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a configuration cannot be served.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConfigError {
    /// More than 256.
    #[error("there are more than {MOST} hosts or applications")]
    TooMany,
    /// Two with one name, or none.
    #[error("application: {0:?} is no name, or is there twice")]
    Name(String),
    /// Anybody could guess it.
    #[error("application {0}: secret: needs {SHORTEST_SECRET} bytes or more")]
    ShortSecret(String),
    /// A limit that would let nothing pass.
    #[error("{0}: must be above 0")]
    Zero(&'static str),
}

impl Config {
    /// Whether it can be served.
    ///
    /// # Errors
    /// The first of [`ConfigError`] that applies.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.hosts.len() > MOST || self.applications.len() > MOST {
            return Err(ConfigError::TooMany);
        }
        for (at, application) in self.applications.iter().enumerate() {
            let name = &application.name;
            let taken = self.applications[..at].iter().any(|a| a.name == *name);
            let is_letter = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
            if taken || name.is_empty() || !name.chars().all(is_letter) {
                return Err(ConfigError::Name(name.clone()));
            }
            let short = |secret: &Secret| secret.bytes().len() < SHORTEST_SECRET;
            if application.secret.as_ref().is_some_and(short) {
                return Err(ConfigError::ShortSecret(name.clone()));
            }
        }
        let zero = [
            ("connect_time", self.connect_time.is_zero()),
            ("request_time", self.request_time.is_zero()),
            ("answer_time", self.answer_time.is_zero()),
            ("max_answer", self.max_answer == 0),
            ("max_requests", self.max_requests == 0),
            ("call_time", self.call_time.is_zero()),
            ("max_calls", self.max_calls == 0),
            ("max_farewells", self.max_farewells == 0),
        ];
        match zero.iter().find(|(_, is)| *is) {
            Some((key, _)) => Err(ConfigError::Zero(key)),
            None => Ok(()),
        }
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Arc<Application>> {
        self.applications.iter().find(|a| a.name == name)
    }

    /// The application an address belongs to; of several the one with the longest path.
    pub(crate) fn application_of(&self, url: &HttpUrl) -> Option<&Arc<Application>> {
        let covering = self.applications.iter();
        let covering = covering.filter_map(|a| a.covers(url).map(|length| (length, a)));
        covering.max_by_key(|(length, _)| *length).map(|(_, a)| a)
    }

    pub(crate) fn allows(&self, site: &Site) -> bool {
        self.hosts.iter().any(|host| host.is(site))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(name: &str, url: &str, secret: &str) -> Arc<Application> {
        Arc::new(Application {
            name: name.to_owned(),
            url: HttpUrl::parse(url).unwrap(),
            secret: Some(Secret::new(secret)),
        })
    }

    #[test]
    fn hosts() {
        let host = |host: &str, port| {
            Some(Host {
                host: host.to_owned(),
                port,
            })
        };
        assert_eq!(Host::parse("IVR.example"), host("ivr.example", None));
        assert_eq!(Host::parse("ivr.example:80"), host("ivr.example", Some(80)));
        assert_eq!(Host::parse("[::1]"), host("::1", None));
        assert_eq!(Host::parse("[::1]:8000"), host("::1", Some(8000)));
        for wrong in [
            "", "a b", "http://a", "a/b", "a/", "a?", "me@a", "a:x", "::1",
        ] {
            assert_eq!(Host::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_what_the_list_says_may_be_asked() {
        let config = Config::default();
        let allows = |url: &str| config.allows(&HttpUrl::parse(url).unwrap().site);
        assert!(allows("http://localhost:5000/") && allows("https://[::1]/"));
        for other in [
            "http://localhost.evil.example/",
            "http://127.0.0.2/",
            "http://10.0.0.1/",
        ] {
            assert!(!allows(other), "{other}");
        }
    }

    #[test]
    fn an_address_belongs_to_the_application_with_the_longest_path() {
        let secret = "0123456789abcdef";
        let config = Config {
            applications: vec![
                application("all", "http://a/", secret),
                application("ivr", "http://a/ivr?x=y", secret),
            ],
            ..Config::default()
        };
        config.check().unwrap();
        let name = |url: &str| {
            let url = HttpUrl::parse(url).unwrap();
            config.application_of(&url).map(|a| a.name.clone())
        };
        assert_eq!(name("http://a/ivr/menu?z").as_deref(), Some("ivr"));
        assert_eq!(name("http://a/ivr").as_deref(), Some("ivr"));
        assert_eq!(name("http://a/ivrs").as_deref(), Some("all"));
        assert_eq!(name("https://a/ivr"), None);
        assert_eq!(name("http://a:81/ivr"), None);
    }

    #[test]
    fn what_cannot_be_served_is_said_and_no_secret_is() {
        let mut config = Config {
            applications: vec![application("a", "http://a/", "too short")],
            ..Config::default()
        };
        assert_eq!(config.check(), Err(ConfigError::ShortSecret("a".into())));
        assert!(!format!("{config:?}").contains("too short"));
        let fine = application("a", "http://a/", "0123456789abcdef");
        config.applications = vec![fine.clone(), fine];
        assert_eq!(config.check(), Err(ConfigError::Name("a".into())));
        config.applications.clear();
        config.max_answer = 0;
        assert_eq!(config.check(), Err(ConfigError::Zero("max_answer")));
    }
}
