//! By what a user of the panel shows who they are.

use api::view::Directory;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use subtle::ConstantTimeEq;

use crate::objects::{Kind, Object, Objects};

/// Stands for the password of a moment: another one, another proof. Never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Proof([u8; 32]);

impl Proof {
    /// Of whatever the password is compared with.
    pub(super) fn of(secret: &[u8]) -> Self {
        let hash = digest(&SHA256, secret);
        Self(hash.as_ref().first_chunk().copied().unwrap_or_default())
    }
}

/// What a password is compared with.
enum Secret<'a> {
    /// SHA-1 in hexadecimal, as the Configuration API has it (event-api.md §8.2).
    Sha1(&'a str),
    /// The password of the directory.
    Plain(&'a str),
}

impl Secret<'_> {
    fn proof(&self) -> Proof {
        match self {
            Self::Sha1(text) => Proof::of(format!("sha1 {}", text.to_ascii_lowercase()).as_bytes()),
            Self::Plain(text) => Proof::of(format!("plain {text}").as_bytes()),
        }
    }

    fn is(&self, password: &str) -> bool {
        match self {
            Self::Sha1(text) => {
                let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
                let hash: String = hash
                    .as_ref()
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                hash.as_bytes()
                    .ct_eq(text.to_ascii_lowercase().as_bytes())
                    .into()
            }
            // Their lengths are not told apart either.
            Self::Plain(text) => {
                let (given, right) = (Proof::of(password.as_bytes()), Proof::of(text.as_bytes()));
                given.0.ct_eq(&right.0).into()
            }
        }
    }
}

/// The password of a user: their own, or, as long as the configuration gives them none, that of the directory for the
/// number that is their name. `None`: they have none, and cannot sign in.
fn secret<'a>(user: &'a Object, directory: &'a Directory) -> Option<Secret<'a>> {
    let own = user.text("password");
    if !own.is_empty() {
        return Some(Secret::Sha1(own));
    }
    let name = user.text("username");
    let mut domains = directory.domains.iter();
    let found = domains.find_map(|domain| directory.user(&domain.name, name))?;
    // Where there is a hash as well, telephones are measured by that; it is of MD5, and the password beside it may be old.
    let hashed = found.param("a1-hash").is_some_and(|hash| !hash.is_empty());
    let password = found.param("password")?;
    (!hashed && !password.is_empty()).then_some(Secret::Plain(password))
}

/// The proof of a user who may sign in, as they are now.
pub(super) fn proof_of(
    objects: &Objects,
    directory: &Directory,
    core: &str,
    user: &str,
) -> Option<Proof> {
    let user = objects.get_in(Kind::User, core, user)?;
    let may = user.flag("enabled");
    may.then(|| secret(user, directory).map(|secret| secret.proof()))?
}

/// Whether the password is that of a user who may sign in.
pub(super) fn check(user: &Object, directory: &Directory, password: &str) -> Option<Proof> {
    let secret = secret(user, directory)?;
    let right = secret.is(password) && user.flag("enabled");
    right.then(|| secret.proof())
}
