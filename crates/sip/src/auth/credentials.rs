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
    /// HA1 made before, for its realm only.
    Ha1(Ha1),
}

impl Credentials {
    /// Credentials from a password.
    pub fn password(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            secret: Secret::Password(password.into()),
        }
    }

    /// HA1 for a challenge; `None` when the stored hash is of another algorithm.
    pub(crate) fn ha1(&self, realm: &str, algorithm: Algorithm) -> Option<Ha1> {
        match &self.secret {
            Secret::Password(password) => {
                Some(Ha1::new(algorithm, &self.username, realm, password))
            }
            Secret::Ha1(ha1) => (ha1.algorithm() == algorithm).then(|| ha1.clone()),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}
