//! `auth` and `userauth` (event-socket.md §2.2).

/// The only text libesl accepts, byte for byte.
pub const ACCEPTED: &str = "+OK accepted";
/// Any failure; the disconnect notice follows.
pub const INVALID: &str = "-ERR invalid";

/// `auth <password>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Auth {
    /// Everything behind the blank, compared byte for byte.
    pub password: String,
}

/// `userauth <user>@<domain>:<password>` or `userauth <user>:<password>@<domain>`.
#[derive(Clone, PartialEq, Eq)]
pub struct UserAuth {
    /// Name in the directory.
    pub user: String,
    /// Domain in the directory.
    pub domain: String,
    /// Compared exactly with `esl-password`.
    pub password: String,
}

// Passwords stay out of logs.
impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Auth(…)")
    }
}

impl std::fmt::Debug for UserAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UserAuth({}@{})", self.user, self.domain)
    }
}

impl UserAuth {
    /// Reads the credentials; `None` without `@` or without a password.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, colon) = (text.find('@')?, text.find(':')?);
        let (user, domain, password) = if at < colon {
            (&text[..at], &text[at + 1..colon], &text[colon + 1..])
        } else {
            let (password, domain) = text[colon + 1..].rsplit_once('@')?;
            (&text[..colon], domain, password)
        };
        let complete = !user.is_empty() && !domain.is_empty() && !password.is_empty();
        complete.then(|| Self {
            user: user.to_owned(),
            domain: domain.to_owned(),
            password: password.to_owned(),
        })
    }
}

/// The headers behind `Reply-Text` after a successful `userauth`: the configured lists, or `all`.
pub fn user_headers(
    events: Option<&str>,
    api: Option<&str>,
    log: bool,
) -> [(&'static str, String); 3] {
    let list = |configured: Option<&str>| configured.unwrap_or("all").to_owned();
    [
        ("Allowed-Events", list(events)),
        ("Allowed-API", list(api)),
        ("Allowed-LOG", log.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<(String, String, String)> {
        UserAuth::parse(text).map(|u| (u.user, u.domain, u.password))
    }

    #[test]
    fn both_orders() {
        let wanted = Some(("esl".into(), "127.0.0.1".into(), "eslpass".into()));
        assert_eq!(parts("esl@127.0.0.1:eslpass"), wanted);
        assert_eq!(parts("esl:eslpass@127.0.0.1"), wanted);
        assert_eq!(
            parts("esl@d:p@ss:word"),
            Some(("esl".into(), "d".into(), "p@ss:word".into()))
        );
        assert_eq!(
            parts("esl:p@ss@d"),
            Some(("esl".into(), "d".into(), "p@ss".into()))
        );
    }

    #[test]
    fn incomplete_credentials() {
        // golden userauth-03-bad
        for text in ["esl@127.0.0.1", "esl:eslpass", "", "@:", "a@b:", "@b:c"] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    #[test]
    fn the_extra_headers() {
        let headers = user_headers(None, Some("status,show"), true);
        assert_eq!(headers[0], ("Allowed-Events", "all".to_owned()));
        assert_eq!(headers[1], ("Allowed-API", "status,show".to_owned()));
        assert_eq!(headers[2], ("Allowed-LOG", "true".to_owned()));
    }
}
