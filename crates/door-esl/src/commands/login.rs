//! `auth`, `userauth` (event-socket.md §2.2).

use std::time::Instant;

use esl::command::Command;
use esl::command::api::AllowedApi;
use esl::command::auth::{ACCEPTED, Auth, INVALID, UserAuth, user_headers};
use esl::reply;
use esl::subscription::AllowedEvents;
use net::Cause;

use crate::config::Secret;
use crate::ending::End;
use crate::password::PasswordHash;
use crate::permissions::{Allowed, NO_LOG, Permissions, User, words};
use crate::session::Session;

/// Who the peer is.
pub(crate) enum Access {
    /// Not logged in.
    Unknown,
    /// Knows the password: may do everything.
    Full,
    /// A user of the configuration or of the directory.
    User(Box<Allowed>),
}

impl Access {
    pub(crate) fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown)
    }

    /// Before the login the language itself has no other requests than those for it.
    pub(crate) fn permits(&self, command: &Command) -> bool {
        self.user().is_none_or(|allowed| allowed.permits(command))
    }

    pub(crate) fn events(&self) -> Option<&AllowedEvents> {
        self.user()?.events.as_ref()
    }

    pub(crate) fn api(&self) -> Option<&AllowedApi> {
        self.user()?.api.as_ref()
    }

    /// The highest level of log lines there is for this connection, whatever it asks for.
    pub(crate) fn most_log(&self) -> u8 {
        let most = self.user().and_then(|allowed| allowed.log);
        most.map_or(u8::MAX, |most| u8::try_from(most).unwrap_or_default())
    }

    pub(crate) fn permits_log(&self, level: Option<i8>) -> bool {
        self.user().is_none_or(|allowed| allowed.permits_log(level))
    }

    fn user(&self) -> Option<&Allowed> {
        match self {
            Self::User(allowed) => Some(allowed),
            Self::Unknown | Self::Full => None,
        }
    }
}

/// What a user may do, and how the answer says it.
type Admitted = (Allowed, [(&'static str, String); 3]);

impl Session {
    pub(super) async fn auth(&mut self, auth: &Auth) -> Result<(), End> {
        if self.is_locked_out() {
            return self.refuse_login();
        }
        if !self.shared.config.password.matches(&auth.password) {
            self.note_failure().await;
            return self.refuse_login();
        }
        self.access = Access::Full;
        self.answer(ACCEPTED)
    }

    pub(super) async fn user_auth(&mut self, given: Option<&UserAuth>) -> Result<(), End> {
        if self.is_locked_out() {
            return self.refuse_login();
        }
        let admitted = match given {
            Some(given) => self.admit(given).await,
            None => None,
        };
        let Some((allowed, headers)) = admitted else {
            self.note_failure().await;
            return self.refuse_login();
        };
        self.access = Access::User(Box::new(allowed));
        self.send(reply::command_reply_with(ACCEPTED, &headers))
    }

    /// Users of the configuration come first; none of them is looked for in the directory as well.
    async fn admit(&self, given: &UserAuth) -> Option<Admitted> {
        let users = &self.shared.config.users;
        let is_meant = |user: &&User| user.name == given.user && user.domain == given.domain;
        if let Some(user) = users.iter().find(is_meant) {
            let right = self.is_password(&user.password, &given.password).await;
            return right.then(|| of_configuration(&user.permissions));
        }
        let found = self.look_up(given);
        if found.is_none()
            && let Some(any) = users.first()
        {
            // Whether there is such a user is not to be told by how long the refusal takes.
            self.is_password(&any.password, &given.password).await;
        }
        found
    }

    /// Takes a thread of its own for its time; beyond [`crate::start::HASHES`] at a time others wait.
    async fn is_password(&self, hash: &PasswordHash, given: &str) -> bool {
        let Ok(place) = self.shared.hashes.clone().acquire_owned().await else {
            return false;
        };
        let (hash, given) = (hash.clone(), given.to_owned());
        let compared = tokio::task::spawn_blocking(move || {
            let right = hash.matches(&given);
            drop(place);
            right
        });
        compared.await.unwrap_or(false)
    }

    fn look_up(&self, given: &UserAuth) -> Option<Admitted> {
        let view = self.shared.switch.view();
        let user = view.directory.user(&given.domain, &given.user)?;
        let password = user.param("esl-password").filter(|text| !text.is_empty())?;
        if !Secret::new(password).matches(&given.password) {
            return None;
        }
        let events = user.param("esl-allowed-events");
        let api = user.param("esl-allowed-api");
        let log = user
            .param("esl-allowed-log")
            .is_none_or(api::variables::is_true);
        let allowed = Allowed {
            commands: None,
            events: events.map(AllowedEvents::parse),
            api: api.map(AllowedApi::parse),
            log: (!log).then_some(NO_LOG),
        };
        Some((allowed, user_headers(events, api, log)))
    }

    fn is_locked_out(&self) -> bool {
        let address = self.peer.ip();
        let locked = self.shared.logins().is_locked_out(address, Instant::now());
        if locked {
            self.shared.counters.count(Cause::LoginLockedOut);
        }
        locked
    }

    /// The more often an address fails, the longer it waits for the answer.
    async fn note_failure(&self) {
        let delay = self.shared.logins().failed(self.peer.ip(), Instant::now());
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        tracing::warn!(connection = self.console.origin.connection, "Login failed");
    }

    fn refuse_login(&self) -> Result<(), End> {
        self.answer(INVALID)?;
        Err(End::LoginFailed)
    }
}

fn of_configuration(permissions: &Permissions) -> Admitted {
    let list = |list: &Option<Vec<String>>| list.as_deref().map(words);
    let (events, api) = (list(&permissions.events), list(&permissions.api));
    let log = permissions.log != Some(NO_LOG);
    let headers = user_headers(events.as_deref(), api.as_deref(), log);
    (permissions.allowed(), headers)
}
