//! Passwords of users, kept so that whoever reads the configuration does not know them (RFC 8018 §5.2).

use std::fmt;
use std::num::NonZeroU32;

use aws_lc_rs::{pbkdf2, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The name of the function in the text form.
const NAME: &str = "pbkdf2-sha256";

/// Rounds of a new hash: a fifth of a second or so for each guess.
const ROUNDS: u32 = 600_000;

/// Rounds a hash from elsewhere may have: fewer protect nothing, more would keep logins waiting.
const FEWEST_ROUNDS: u32 = 1_000;
const MOST_ROUNDS: u32 = 10_000_000;

/// Bytes of a new salt, and those one from elsewhere may have.
const SALT: usize = 16;
const LEAST_SALT: usize = 8;
const MOST_SALT: usize = 64;

/// Bytes of what comes out: one block of SHA-256.
const OUTPUT: usize = 32;

/// What a password is compared with: PBKDF2 with HMAC and SHA-256.
///
/// Its text is `$pbkdf2-sha256$i=<rounds>$<salt>$<hash>`, both in base64 without padding.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    rounds: NonZeroU32,
    salt: Box<[u8]>,
    output: [u8; OUTPUT],
}

/// Why a text is no hash of a password.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadHash {
    /// Another function, or another form.
    #[error(
        "expected $pbkdf2-sha256$i=<rounds>$<salt>$<hash>, as jackfield hash-password prints it"
    )]
    Form,
    /// Too few rounds, or too many.
    #[error("the rounds of a password hash are {FEWEST_ROUNDS} to {MOST_ROUNDS}")]
    Rounds,
    /// The salt is too short or too long.
    #[error("the salt of a password hash has {LEAST_SALT} to {MOST_SALT} bytes")]
    Salt,
}

/// The system has no random numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the system has no random numbers")]
pub struct NoRandom;

impl PasswordHash {
    /// Hashes a password with a salt of its own. Takes as long as a guess is to take.
    ///
    /// # Errors
    /// [`NoRandom`].
    pub fn of(password: &str) -> Result<Self, NoRandom> {
        let mut salt = [0; SALT];
        rand::fill(&mut salt).map_err(|_| NoRandom)?;
        let rounds = NonZeroU32::new(ROUNDS).unwrap_or(NonZeroU32::MIN);
        Ok(Self::derive(password, rounds, &salt))
    }

    fn derive(password: &str, rounds: NonZeroU32, salt: &[u8]) -> Self {
        let mut output = [0; OUTPUT];
        let function = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(function, rounds, salt, password.as_bytes(), &mut output);
        Self {
            rounds,
            salt: salt.into(),
            output,
        }
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`BadHash`].
    pub fn parse(text: &str) -> Result<Self, BadHash> {
        let mut parts = text.trim().split('$');
        let mut next = || parts.next().ok_or(BadHash::Form);
        if !next()?.is_empty() || next()? != NAME {
            return Err(BadHash::Form);
        }
        let rounds = next()?.strip_prefix("i=").ok_or(BadHash::Form)?;
        let (salt, output) = (next()?, next()?);
        if parts.next().is_some() {
            return Err(BadHash::Form);
        }
        let rounds: u32 = rounds.parse().map_err(|_| BadHash::Rounds)?;
        let rounds = NonZeroU32::new(rounds)
            .filter(|rounds| (FEWEST_ROUNDS..=MOST_ROUNDS).contains(&rounds.get()))
            .ok_or(BadHash::Rounds)?;
        let bytes = |text: &str| STANDARD_NO_PAD.decode(text).map_err(|_| BadHash::Form);
        let salt = bytes(salt)?;
        if !(LEAST_SALT..=MOST_SALT).contains(&salt.len()) {
            return Err(BadHash::Salt);
        }
        Ok(Self {
            rounds,
            salt: salt.into(),
            output: bytes(output)?.try_into().map_err(|_| BadHash::Form)?,
        })
    }

    /// Whether that is the password. Takes its time, and the same for every password.
    pub fn matches(&self, password: &str) -> bool {
        let function = pbkdf2::PBKDF2_HMAC_SHA256;
        let given = password.as_bytes();
        pbkdf2::verify(function, self.rounds, &self.salt, given, &self.output).is_ok()
    }
}

impl fmt::Display for PasswordHash {
    /// The text form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (salt, output) = (
            STANDARD_NO_PAD.encode(&self.salt),
            STANDARD_NO_PAD.encode(self.output),
        );
        write!(f, "${NAME}$i={}${salt}${output}", self.rounds)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `hashlib.pbkdf2_hmac("sha256", b"secret", b"saltsaltsaltsalt", 1000)` of Python.
    const OF_PYTHON: &str =
        "$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0c2FsdA$dClvKSmj66n6MdMWNv3Go4mvH1Ym2WIGiJvquqa+mfE";

    #[test]
    fn hashes_of_another_program_are_understood() {
        let hash = PasswordHash::parse(OF_PYTHON).unwrap();
        assert!(hash.matches("secret"));
        for wrong in ["Secret", "secret ", "", "secre"] {
            assert!(!hash.matches(wrong), "{wrong}");
        }
        assert_eq!(hash.to_string(), OF_PYTHON);
        assert_eq!(format!("{hash:?}"), "PasswordHash(…)");
    }

    #[test]
    fn the_same_password_is_never_hashed_the_same_way() {
        let (one, other) = (
            PasswordHash::of("x").unwrap(),
            PasswordHash::of("x").unwrap(),
        );
        assert_ne!(one, other);
        let read = PasswordHash::parse(&one.to_string()).unwrap();
        assert!(read.matches("x") && !read.matches("y"));
    }

    #[test]
    fn what_is_no_hash_is_named() {
        let parts: Vec<&str> = OF_PYTHON.split('$').collect();
        let with = |place: usize, text: &str| {
            let mut parts = parts.clone();
            parts[place] = text;
            PasswordHash::parse(&parts.join("$")).unwrap_err()
        };
        assert_eq!(with(1, "pbkdf2-sha1"), BadHash::Form);
        assert_eq!(with(2, "1000"), BadHash::Form);
        for rounds in ["i=999", "i=10000001", "i=0", "i=-1", "i=99999999999", "i="] {
            assert_eq!(with(2, rounds), BadHash::Rounds, "{rounds}");
        }
        assert_eq!(with(3, "c2FsdA"), BadHash::Salt);
        assert_eq!(with(3, "%%%"), BadHash::Form);
        assert_eq!(with(4, "c2FsdA"), BadHash::Form);
        for text in [
            "",
            "secret",
            "$",
            "$pbkdf2-sha256",
            "$pbkdf2-sha256$i=1000$c2FsdHNhbHQ",
        ] {
            assert_eq!(PasswordHash::parse(text), Err(BadHash::Form), "{text}");
        }
        let longer = format!("{OF_PYTHON}$more");
        assert_eq!(PasswordHash::parse(&longer), Err(BadHash::Form));
    }
}
