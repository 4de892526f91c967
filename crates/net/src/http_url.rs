//! Addresses of web servers we ask, and which of them are the same server.

use std::fmt;

use hyper::Uri;

/// Longest address, bytes.
const LONGEST: usize = 2048;

/// Where a web server is: scheme, host and port.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Site {
    /// TLS.
    pub secure: bool,
    /// Name or address in lower case, an IPv6 address without brackets.
    pub host: String,
    /// Port, also where the address leaves it out.
    pub port: u16,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { secure, host, port } = self;
        let scheme = if *secure { "https" } else { "http" };
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{host}:{port}")
        }
    }
}

/// An address with `http` or `https`. Without a name and password in it, and without a fragment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HttpUrl {
    /// Which server.
    pub site: Site,
    /// Path and query as they go out, from `/` on.
    pub path: String,
}

/// What is wrong with an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UrlError {
    /// No address.
    #[error("it is no address with http:// or https://")]
    Shape,
    /// More than 2048 bytes.
    #[error("it is longer than {LONGEST} bytes")]
    Long,
    /// A name and password stand in it, which would show in logs.
    #[error("a name and password do not belong into an address")]
    Credentials,
    /// It leads to another server.
    #[error("it leads to another server")]
    Elsewhere,
}

impl HttpUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// [`UrlError`], but never `Elsewhere`.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > LONGEST {
            return Err(UrlError::Long);
        }
        if text.contains('#') {
            return Err(UrlError::Shape);
        }
        let uri: Uri = text.parse().map_err(|_| UrlError::Shape)?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) | None => return Err(UrlError::Shape),
        };
        let authority = uri.authority().ok_or(UrlError::Shape)?;
        if authority.as_str().contains('@') {
            return Err(UrlError::Credentials);
        }
        let host = authority.host().to_ascii_lowercase();
        let host = match host.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
            Some(Some(address)) => address.to_owned(),
            Some(None) => return Err(UrlError::Shape),
            None => host,
        };
        // A port that is none is no missing one.
        let port = match authority.as_str().rsplit_once(':') {
            Some((_, port)) if !port.ends_with(']') => port.parse().map_err(|_| UrlError::Shape)?,
            Some(_) | None if secure => 443,
            Some(_) | None => 80,
        };
        if host.is_empty() || port == 0 {
            return Err(UrlError::Shape);
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self {
            site: Site { secure, host, port },
            path: format!("{slash}{path}"),
        })
    }

    /// Another page of the same server: a whole address of it, or a path that begins with `/`.
    ///
    /// # Errors
    /// [`UrlError`].
    pub fn next(&self, text: &str) -> Result<Self, UrlError> {
        if !text.starts_with('/') || text.starts_with("//") {
            let next = Self::parse(text)?;
            return if next.site == self.site {
                Ok(next)
            } else {
                Err(UrlError::Elsewhere)
            };
        }
        Self::parse(&format!("{}{text}", self.site))
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.site, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        HttpUrl::parse(text).map_or_else(|error| error.to_string(), |url| url.to_string())
    }

    #[test]
    fn addresses() {
        assert_eq!(shown("http://LocalHost"), "http://localhost:80/");
        assert_eq!(shown("https://a.example?x=1"), "https://a.example:443/?x=1");
        assert_eq!(
            shown("http://[::1]:8000/ivr?a=b"),
            "http://[::1]:8000/ivr?a=b"
        );
        assert_eq!(shown("http://[::1]/"), "http://[::1]:80/");
        for wrong in [
            "",
            "/ivr",
            "ftp://a/",
            "a.example",
            "http://",
            "http:///x",
            "http://a:0/",
            "http://a:99999/",
            "http://a:/",
            "http://a/ b",
            "http://a/#b",
            "http://a\n/",
        ] {
            assert_eq!(HttpUrl::parse(wrong), Err(UrlError::Shape), "{wrong:?}");
        }
        assert_eq!(
            HttpUrl::parse("http://me:secret@a/"),
            Err(UrlError::Credentials)
        );
        let long = format!("http://a/{}", "x".repeat(LONGEST));
        assert_eq!(HttpUrl::parse(&long), Err(UrlError::Long));
    }

    #[test]
    fn the_next_address_is_on_the_same_server() {
        let url = HttpUrl::parse("http://a.example:8000/one?x").unwrap();
        let next = |text| url.next(text).map(|url| url.to_string());
        assert_eq!(next("/two").unwrap(), "http://a.example:8000/two");
        assert_eq!(
            next("http://A.example:8000").unwrap(),
            "http://a.example:8000/"
        );
        for elsewhere in [
            "https://a.example:8000/",
            "http://a.example/",
            "http://b.example:8000/",
        ] {
            assert_eq!(next(elsewhere), Err(UrlError::Elsewhere), "{elsewhere}");
        }
        for wrong in ["//b.example/", "two", "", "/#x"] {
            assert_eq!(next(wrong), Err(UrlError::Shape), "{wrong}");
        }
    }
}
