//! Where the database is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

/// Where the database is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// SQLite in memory: gone with the server.
    Memory,
    /// SQLite in a file. Two more lie beside it while it is in use.
    File(PathBuf),
    /// A database of a PostgreSQL server. One server of ours writes there.
    Postgres(PostgresUrl),
}

impl fmt::Display for Place {
    /// For messages: names no password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("the store in memory"),
            Self::File(path) => path.display().fmt(f),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

/// How a PostgreSQL server is reached, as `postgres://user:password@host/database?sslmode=verify-full`. Neither its
/// `Debug` nor its `Display` shows it: there is a password in it.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

/// It is no address of a PostgreSQL database.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not as \"postgres://user:password@host/database\"")]
pub struct UrlError;

impl PostgresUrl {
    pub(crate) fn options(&self) -> Result<PgConnectOptions, sqlx::Error> {
        PgConnectOptions::from_str(&self.0)
    }
}

impl FromStr for PostgresUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let is_ours = text.starts_with("postgres://") || text.starts_with("postgresql://");
        let url = Self(text.to_owned());
        match url.options() {
            Ok(_) if is_ours => Ok(url),
            Ok(_) | Err(_) => Err(UrlError),
        }
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresUrl(..)")
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the PostgreSQL database")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let url: PostgresUrl = "postgres://jackfield:hunter2@db.example.org/calls"
            .parse()
            .unwrap();
        let place = Place::Postgres(url);
        assert!(!format!("{place:?} {place}").contains("hunter2"));
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for text in [
            "",
            "store.db",
            "mysql://a/b",
            "postgres:",
            "postgres://a:x/b",
            "postgres://a/b?sslmode=perhaps",
        ] {
            assert_eq!(text.parse::<PostgresUrl>(), Err(UrlError), "{text}");
        }
    }
}
