//! The client side of a registration (RFC 3261 §10.2): when a REGISTER is due, with which lifetime, to which server,
//! and what the outcome means. It sends nothing: its owner does what the [`Action`]s say and reports.

use std::time::{Duration, Instant};

use rand::Rng as _;
use rand::rngs::StdRng;

use crate::auth::Unanswered;
use crate::message::header::NameAddr;
use crate::message::{HeaderName, Message, Uri, reason_phrase};

/// Lifetime asked for, seconds.
const WANTED_S: u32 = 600;
/// Longest lifetime a registrar may talk us into, seconds.
const MAX_EXPIRES_S: u32 = 86_400;
/// Shortest time between two refreshes, whatever a registrar grants.
const MIN_REFRESH: Duration = Duration::from_secs(5);
/// How often a lifetime is raised for one registrar that says 423.
const MAX_RAISES: u8 = 3;
/// First and longest pause after a failure that time may heal.
const SOON: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(600));
/// The same after one that somebody has to put right, a wrong password for instance.
const LATE: (Duration, Duration) = (Duration::from_secs(300), Duration::from_secs(3600));

/// What a registration asks for, and what its owner wants to hear of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// A user's: pauses between failures grow, and only changes are told.
    User,
    /// A trunk's: the pause after a failure is always the same, and every outcome is told.
    Trunk {
        /// Lifetime asked for, seconds; more than a day is a day.
        expires_s: u32,
        /// Pause after a failure.
        retry: Duration,
    },
}

/// What the owner is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Find the registrar's servers; report by [`ClientRegistration::located`] or `not_located`.
    Locate,
    /// Send a REGISTER; report by [`ClientRegistration::answered`].
    Send {
        /// To which of the servers found.
        hop: usize,
        /// The lifetime it asks for, seconds; 0 takes the contact back.
        expires_s: u32,
    },
    /// Registered now. A user is told when it was not before.
    Registered,
    /// Not registered any more, or not at all. A user is told once.
    Failed {
        /// Status, or 904 for credentials that were refused.
        code: u16,
        /// Its words.
        phrase: String,
    },
    /// Nothing follows: the registration may be forgotten.
    Over,
}

/// Credentials were challenged again, in the words of the library whose words pages know (sylkrtc.md §4.3): the
/// trailing space belongs to them.
pub const REFUSED_CREDENTIALS: (u16, &str) = (904, "Operation has no matching challenge ");

/// How a REGISTER ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    code: u16,
    phrase: String,
    /// Granted to our contact.
    expires_s: Option<u32>,
    min_expires_s: Option<u32>,
    retry_after_s: Option<u32>,
}

impl Outcome {
    /// Reads a final response; without one, the code was made here. `user` is the user part of our contact, and
    /// `unanswered` says why a challenge could not be met.
    pub fn read(
        code: u16,
        response: Option<&Message>,
        user: &str,
        unanswered: Option<Unanswered>,
    ) -> Self {
        let number = |text: &str| {
            let digits = text.trim_start();
            let end = digits
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(digits.len());
            digits.get(..end)?.parse::<u32>().ok()
        };
        let header = |name: &str| response.and_then(|r| r.header_named(name)).and_then(number);
        let own = response.and_then(|response| {
            response
                .header_list(HeaderName::Contact)
                .filter_map(NameAddr::parse)
                .find(|contact| Uri::parse(contact.uri).is_ok_and(|uri| uri.user_decoded() == user))
                .and_then(|contact| contact.params.value("expires").and_then(number))
        });
        let (code, phrase) = match unanswered {
            Some(Unanswered::Refused | Unanswered::OtherRealm) => {
                (REFUSED_CREDENTIALS.0, REFUSED_CREDENTIALS.1.to_owned())
            }
            Some(Unanswered::NoMd5) => (
                code,
                format!("{}: the server offers no MD5 digest", reason_phrase(code)),
            ),
            Some(Unanswered::NoDigest) => (
                code,
                format!("{}: the server offers no digest", reason_phrase(code)),
            ),
            None => {
                let phrase = response
                    .and_then(Message::reason)
                    .filter(|phrase| !phrase.is_empty())
                    .unwrap_or_else(|| reason_phrase(code));
                (code, phrase.to_owned())
            }
        };
        Self {
            code,
            phrase,
            expires_s: own.or_else(|| header("Expires")),
            min_expires_s: header("Min-Expires"),
            retry_after_s: header("Retry-After"),
        }
    }

    /// The status; without a response, the one made here.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// Its words.
    pub fn phrase(&self) -> &str {
        &self.phrase
    }

    fn is_success(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Whether another server of the same domain may do better (RFC 3263 §4.3).
    fn moves_on(&self) -> bool {
        matches!(self.code, 408 | 503)
    }

    fn is_transient(&self) -> bool {
        matches!(self.code, 408 | 480 | 500..=599)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was done yet.
    New,
    /// The servers are being looked for.
    Locating,
    /// A REGISTER is on its way.
    Sending,
    /// Registered until the refresh.
    Registered,
    /// Failed until the next attempt.
    Waiting,
    /// The contact is being taken back.
    Ending,
    /// Nothing follows.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    Registered,
    Failed,
}

/// One contact at one registrar.
#[derive(Debug)]
pub struct ClientRegistration {
    manner: Manner,
    state: State,
    told: Told,
    wanted_s: u32,
    raises: u8,
    failures: u32,
    hops: usize,
    hop: usize,
    due: Option<Instant>,
    /// When the registrar forgets our contact unless it hears of it before.
    lapses: Option<Instant>,
    /// The registrar may know our contact.
    bound: bool,
    /// To be taken back as soon as the answer under way is there: a second REGISTER must wait for it (§10.2).
    ending: bool,
}

impl Default for ClientRegistration {
    fn default() -> Self {
        Self::new(Manner::User)
    }
}

impl ClientRegistration {
    /// A registration that has not begun.
    pub fn new(manner: Manner) -> Self {
        let wanted_s = match manner {
            Manner::User => WANTED_S,
            Manner::Trunk { expires_s, .. } => expires_s.min(MAX_EXPIRES_S),
        };
        Self {
            manner,
            state: State::New,
            told: Told::Nothing,
            wanted_s,
            raises: 0,
            failures: 0,
            hops: 0,
            hop: 0,
            due: None,
            lapses: None,
            bound: false,
            ending: false,
        }
    }

    /// Begins.
    pub fn start(&mut self) -> Vec<Action> {
        self.locate()
    }

    /// When [`ClientRegistration::handle_timeout`] is due.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether the registrar has granted it and nothing has failed since.
    pub fn is_registered(&self) -> bool {
        self.told == Told::Registered
    }

    /// When the registrar forgets the contact if no refresh gets through.
    pub fn lapses(&self) -> Option<Instant> {
        self.lapses
    }

    /// Registers again at once, without waiting for the time of a refresh or of another attempt.
    pub fn renew(&mut self) -> Vec<Action> {
        match self.state {
            State::Registered | State::Waiting => {
                self.due = None;
                self.locate()
            }
            State::New | State::Locating | State::Sending | State::Ending | State::Over => {
                Vec::new()
            }
        }
    }

    /// A refresh or another attempt is due.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<Action> {
        if self.due.is_none_or(|due| due > now) {
            return Vec::new();
        }
        self.due = None;
        match self.state {
            State::Registered | State::Waiting => self.locate(),
            State::New | State::Locating | State::Sending | State::Ending | State::Over => {
                Vec::new()
            }
        }
    }

    /// So many servers were found, to be tried in their order.
    pub fn located(&mut self, hops: usize) -> Vec<Action> {
        if self.state != State::Locating {
            return Vec::new();
        }
        self.hops = hops;
        self.send_to(0)
    }

    /// No server was found. A registration that is refreshed goes to where it went before.
    pub fn not_located(&mut self, now: Instant, why: &str) -> Vec<Action> {
        if self.state != State::Locating {
            return Vec::new();
        }
        if self.bound && self.hops > 0 {
            return self.send_to(self.hop.min(self.hops - 1));
        }
        self.failed(
            now,
            &Outcome {
                code: 503,
                phrase: why.to_owned(),
                expires_s: None,
                min_expires_s: None,
                retry_after_s: None,
            },
        )
    }

    /// A REGISTER has its final answer.
    pub fn answered(&mut self, now: Instant, outcome: &Outcome, rng: &mut StdRng) -> Vec<Action> {
        match self.state {
            State::Sending => {}
            State::Ending => {
                self.state = State::Over;
                return vec![Action::Over];
            }
            State::New | State::Locating | State::Registered | State::Waiting | State::Over => {
                return Vec::new();
            }
        }
        if outcome.is_success() {
            return self.succeeded(now, outcome, rng);
        }
        if self.ending {
            return self.finish();
        }
        if outcome.code == 423
            && let Some(least) = outcome.min_expires_s
            && least > self.wanted_s
            && least <= MAX_EXPIRES_S
            && self.raises < MAX_RAISES
        {
            self.raises += 1;
            self.wanted_s = least;
            return self.send_to(self.hop);
        }
        if outcome.moves_on() && self.hop + 1 < self.hops {
            return self.send_to(self.hop + 1);
        }
        self.failed(now, outcome)
    }

    /// Takes the contact back. Nothing is told any more.
    pub fn end(&mut self) -> Vec<Action> {
        self.due = None;
        self.lapses = None;
        match self.state {
            State::Sending => {
                self.ending = true;
                Vec::new()
            }
            State::New | State::Locating | State::Registered | State::Waiting => self.finish(),
            State::Ending | State::Over => Vec::new(),
        }
    }

    fn locate(&mut self) -> Vec<Action> {
        self.state = State::Locating;
        vec![Action::Locate]
    }

    fn send_to(&mut self, hop: usize) -> Vec<Action> {
        self.hop = hop;
        self.state = State::Sending;
        vec![Action::Send {
            hop,
            expires_s: self.wanted_s,
        }]
    }

    fn finish(&mut self) -> Vec<Action> {
        if self.bound {
            self.state = State::Ending;
            return vec![Action::Send {
                hop: self.hop,
                expires_s: 0,
            }];
        }
        self.state = State::Over;
        vec![Action::Over]
    }

    fn succeeded(&mut self, now: Instant, outcome: &Outcome, rng: &mut StdRng) -> Vec<Action> {
        let granted = outcome
            .expires_s
            .unwrap_or(self.wanted_s)
            .min(MAX_EXPIRES_S);
        self.bound = true;
        self.failures = 0;
        self.raises = 0;
        if self.ending {
            return self.finish();
        }
        // Not at the last moment, and not everybody at the same one.
        let share = if granted < 40 {
            0.5
        } else {
            rng.random_range(0.70..0.85)
        };
        let refresh = Duration::from_secs(granted.into()).mul_f64(share);
        self.due = Some(now + refresh.max(MIN_REFRESH));
        self.lapses = Some(now + Duration::from_secs(granted.into()));
        self.state = State::Registered;
        if !self.is_told(Told::Registered) {
            return Vec::new();
        }
        vec![Action::Registered]
    }

    fn failed(&mut self, now: Instant, outcome: &Outcome) -> Vec<Action> {
        let pause = match self.manner {
            Manner::User => {
                let (first, longest) = if outcome.is_transient() { SOON } else { LATE };
                first
                    .saturating_mul(1 << self.failures.min(10))
                    .min(longest)
            }
            Manner::Trunk { retry, .. } => retry,
        };
        let asked = Duration::from_secs(outcome.retry_after_s.unwrap_or(0).into()).min(LATE.1);
        self.failures += 1;
        self.state = State::Waiting;
        self.due = Some(now + pause.max(asked));
        if !self.is_told(Told::Failed) {
            return Vec::new();
        }
        vec![Action::Failed {
            code: outcome.code,
            phrase: outcome.phrase.clone(),
        }]
    }

    /// Whether the owner wants to hear of an outcome, which it then has.
    fn is_told(&mut self, what: Told) -> bool {
        let changed = std::mem::replace(&mut self.told, what) != what;
        match self.manner {
            Manner::User => changed,
            Manner::Trunk { .. } => true,
        }
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
