//! Who has signed in at the panel page, and by what the browser shows it (event-api.md §5.1, `userLogin`).
//!
//! A login is kept in memory alone: it ends with the server, when it was not used for long, and when its user or their
//! password is changed.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::rand;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::user::Proof;

/// Logins at one time; of more, the one that was not used for the longest time ends.
const MOST: usize = 1_000;

/// Logins of one user at one time; the same happens beyond.
const MOST_OF_ONE: usize = 20;

/// A login that was not used for so long ends. An open page that is only looked at is not in use.
const IDLE: Duration = Duration::from_secs(12 * 3600);

/// Bytes of what a browser shows: 128 bits, as many as a random UUID has room for.
const BYTES: usize = 16;

/// What a browser shows.
#[derive(Clone, Copy)]
pub(super) struct Token([u8; BYTES]);

impl Token {
    fn new() -> Option<Self> {
        let mut bytes = [0; BYTES];
        rand::fill(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// As it stands in a cookie; `None`: it is none of ours.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digit = |digit: &u8| char::from(*digit).to_digit(16);
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let pairs: &[_; BYTES] = pairs.try_into().ok().filter(|_| rest.is_empty())?;
        let mut bytes = [0; BYTES];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
        }
        Some(Self(bytes))
    }

    /// As it stands in a cookie.
    pub(super) fn text(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Somebody who has signed in.
#[derive(Clone)]
pub(crate) struct Login {
    /// `userLoginId` of events.
    pub(crate) id: Uuid,
    /// Configuration ids of the core server and the user.
    pub(super) core: Arc<str>,
    pub(super) user: Arc<str>,
    /// By what they showed who they are.
    pub(super) proof: Proof,
    /// Where they came from.
    pub(crate) ip: IpAddr,
    /// The port they came to.
    pub(crate) port: u16,
    /// Since when, Unix milliseconds.
    pub(crate) since: i64,
    /// Cancelled at its end: its sockets close.
    pub(super) ended: CancellationToken,
    /// One place: searches of one login are made one after the other.
    pub(super) searching: Arc<Semaphore>,
}

struct Kept {
    token: Token,
    login: Login,
    used: Instant,
}

/// All of them. The lock is held for a look or a change, and never while anything is waited for.
#[derive(Default)]
pub(crate) struct Logins(Mutex<Vec<Kept>>);

impl Logins {
    /// Begins a login. Gives what the browser has to show, and those that had to end for it. `None`: there is no
    /// randomness to be had.
    pub(super) fn begin(&self, login: Login, now: Instant) -> Option<(Token, Vec<Login>)> {
        let token = Token::new()?;
        let mut kept = self.kept();
        let mut gone = Vec::new();
        let same = |other: &Kept| other.login.core == login.core && other.login.user == login.user;
        if kept.iter().filter(|other| same(other)).count() >= MOST_OF_ONE {
            gone.extend(remove_oldest(&mut kept, same));
        }
        if kept.len() >= MOST {
            gone.extend(remove_oldest(&mut kept, |_| true));
        }
        kept.push(Kept {
            token,
            login,
            used: now,
        });
        drop(kept);
        gone.iter().for_each(|login| login.ended.cancel());
        Some((token, gone))
    }

    /// Whose token that is. Every one is compared, each in the same time wherever it differs.
    pub(super) fn find(&self, token: Token, now: Instant) -> Option<Login> {
        let mut kept = self.kept();
        let mut found = None;
        for (index, other) in kept.iter().enumerate() {
            if bool::from(other.token.0.ct_eq(&token.0)) {
                found = Some(index);
            }
        }
        let found = kept.get_mut(found?)?;
        if now.saturating_duration_since(found.used) > IDLE {
            // The next sweep ends it.
            return None;
        }
        found.used = now;
        Some(found.login.clone())
    }

    /// Those of a user, the oldest first.
    pub(crate) fn of(&self, core: &str, user: &str) -> Vec<Login> {
        let kept = self.kept();
        let own = kept
            .iter()
            .filter(|other| &*other.login.core == core && &*other.login.user == user);
        let mut own: Vec<Login> = own.map(|other| other.login.clone()).collect();
        drop(kept);
        own.sort_by_key(|login| login.since);
        own
    }

    /// Ends a login. `None`: it has ended already.
    pub(super) fn end(&self, id: Uuid) -> Option<Login> {
        let mut kept = self.kept();
        let index = kept.iter().position(|other| other.login.id == id)?;
        let login = kept.swap_remove(index).login;
        drop(kept);
        login.ended.cancel();
        Some(login)
    }

    /// Ends those that were not used for too long, and those that hold no more. Gives them.
    pub(super) fn sweep(&self, now: Instant, holds: impl Fn(&Login) -> bool) -> Vec<Login> {
        let mut gone = Vec::new();
        self.kept().retain(|other| {
            let idle = now.saturating_duration_since(other.used) > IDLE;
            let stays = !idle && holds(&other.login);
            if !stays {
                gone.push(other.login.clone());
            }
            stays
        });
        gone.iter().for_each(|login| login.ended.cancel());
        gone
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes the one of these that was not used for the longest time.
fn remove_oldest(kept: &mut Vec<Kept>, of: impl Fn(&Kept) -> bool) -> Option<Login> {
    let those = kept.iter().enumerate().filter(|(_, other)| of(other));
    let (index, _) = those.min_by_key(|(_, other)| other.used)?;
    Some(kept.remove(index).login)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(user: &str) -> Login {
        Login {
            id: Uuid::new_v4(),
            core: "c".into(),
            user: user.into(),
            proof: Proof::of(b"x"),
            ip: [127, 0, 0, 1].into(),
            port: 8870,
            since: 0,
            ended: CancellationToken::new(),
            searching: Arc::new(Semaphore::new(1)),
        }
    }

    #[test]
    fn a_token_is_found_again_until_it_ends() {
        let (logins, now) = (Logins::default(), Instant::now());
        let (one, _) = logins.begin(login("ana"), now).unwrap();
        let (two, _) = logins.begin(login("bo"), now).unwrap();
        assert_ne!(one.text(), two.text());
        let text = one.text();
        let again = Token::parse(&text).unwrap();
        let ana = logins.find(again, now).unwrap();
        assert_eq!(&*ana.user, "ana");
        assert!(logins.find(Token([0; BYTES]), now).is_none());
        assert!(logins.end(ana.id).is_some() && logins.end(ana.id).is_none());
        assert!(ana.ended.is_cancelled());
        assert!(logins.find(one, now).is_none());
        assert!(logins.find(two, now).is_some());
    }

    #[test]
    fn what_is_no_token_is_none() {
        for text in [
            "",
            "00",
            "+0112233445566778899aabbccddeeff",
            "zz112233445566778899aabbccddeeff0",
            "00112233445566778899aabbccddeef\u{e9}",
        ] {
            assert!(Token::parse(text).is_none(), "{text}");
        }
        assert!(Token::parse("00112233445566778899aabbccddeeff").is_some());
    }

    #[test]
    fn what_is_not_used_ends() {
        let (logins, now) = (Logins::default(), Instant::now());
        let (idle, _) = logins.begin(login("ana"), now).unwrap();
        let (used, _) = logins.begin(login("ana"), now).unwrap();
        let later = now + IDLE / 2;
        assert!(logins.find(used, later).is_some());
        let later = now + IDLE + Duration::from_secs(1);
        assert!(
            logins.find(idle, later).is_none(),
            "also before it is swept"
        );
        let gone = logins.sweep(later, |_| true);
        assert_eq!(gone.len(), 1);
        assert!(gone.iter().all(|login| login.ended.is_cancelled()));
        assert!(logins.find(used, later).is_some());
        assert_eq!(logins.sweep(later, |_| false).len(), 1);
    }

    #[test]
    fn there_is_a_bound_for_one_and_for_all() {
        let (logins, start) = (Logins::default(), Instant::now());
        let at = |n: usize| start + Duration::from_millis(n as u64);
        let mut first = None;
        for n in 0..MOST_OF_ONE {
            let (token, gone) = logins.begin(login("ana"), at(n)).unwrap();
            first.get_or_insert(token);
            assert!(gone.is_empty());
        }
        let (_, gone) = logins.begin(login("ana"), at(MOST_OF_ONE)).unwrap();
        assert_eq!(gone.len(), 1);
        assert!(logins.find(first.unwrap(), at(MOST_OF_ONE)).is_none());
        for n in MOST_OF_ONE..MOST {
            logins.begin(login(&n.to_string()), at(n)).unwrap();
        }
        let (_, gone) = logins.begin(login("last"), at(MOST)).unwrap();
        assert_eq!(
            gone.len(),
            1,
            "the one that was not used for the longest time"
        );
        assert_eq!(logins.kept().len(), MOST);
    }
}
