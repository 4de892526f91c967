//! What a client answers challenges with.

use std::fmt;

use super::digest::{Algorithm, Ha1};

/// A user's name and secret for one peer. The secret never appears in `Debug`.
#[derive(Clone)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// The secret.
    pub secret: Secret,
}

/// A password, or the hashes made from it.
#[derive(Clone)]
pub enum Secret {
    /// The password itself: HA1 is made for whatever realm and algorithm is asked.
    Password(String),
    /// HA1 made before, for one realm only: a challenge of another is not answered, as nobody could check it.
    Ha1 {
        /// The realm it was made with.
        realm: String,
        /// The hash.
        ha1: Ha1,
    },
}

impl Credentials {
    /// Credentials from a password.
    pub fn password(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            secret: Secret::Password(password.into()),
        }
    }

    /// HA1 for a challenge; `None` when the stored hash is of another realm or algorithm.
    pub(crate) fn ha1(&self, realm: &str, algorithm: Algorithm) -> Option<Ha1> {
        match &self.secret {
            Secret::Password(password) => {
                Some(Ha1::new(algorithm, &self.username, realm, password))
            }
            Secret::Ha1 { realm: own, ha1 } => {
                (own == realm && ha1.algorithm() == algorithm).then(|| ha1.clone())
            }
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_answers_for_its_realm_only() {
        let ha1 = Ha1::new(Algorithm::Md5, "alice", "example.org", "wonderland");
        let credentials = Credentials {
            username: "alice".into(),
            secret: Secret::Ha1 {
                realm: "example.org".into(),
                ha1: ha1.clone(),
            },
        };
        assert_eq!(credentials.ha1("example.org", Algorithm::Md5), Some(ha1));
        assert_eq!(credentials.ha1("example.com", Algorithm::Md5), None);
        assert_eq!(credentials.ha1("example.org", Algorithm::Sha256), None);
    }
}
