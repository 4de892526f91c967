//! `auth`, `userauth` (event-socket.md §2.2).

use std::time::Instant;

use esl::command::api::AllowedApi;
use esl::command::auth::{ACCEPTED, Auth, INVALID, UserAuth, user_headers};
use esl::reply;
use esl::subscription::AllowedEvents;
use net::Cause;

use crate::config::Secret;
use crate::ending::End;
use crate::session::Session;

/// Who the peer is.
pub(crate) enum Access {
    /// Not logged in.
    Unknown,
    /// Knows the password: may do everything.
    Full,
    /// A user of the directory.
    User(Box<Allowed>),
}

/// What a user may do; `None` is no limit.
pub(crate) struct Allowed {
    pub(crate) events: Option<AllowedEvents>,
    pub(crate) api: Option<AllowedApi>,
    pub(crate) log: bool,
}

impl Access {
    pub(crate) fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown)
    }

    pub(crate) fn events(&self) -> Option<&AllowedEvents> {
        match self {
            Self::User(allowed) => allowed.events.as_ref(),
            Self::Unknown | Self::Full => None,
        }
    }

    pub(crate) fn api(&self) -> Option<&AllowedApi> {
        match self {
            Self::User(allowed) => allowed.api.as_ref(),
            Self::Unknown | Self::Full => None,
        }
    }

    pub(crate) fn may_log(&self) -> bool {
        match self {
            Self::User(allowed) => allowed.log,
            Self::Unknown | Self::Full => true,
        }
    }
}

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
        let Some((allowed, headers)) = given.and_then(|given| self.look_up(given)) else {
            self.note_failure().await;
            return self.refuse_login();
        };
        self.access = Access::User(Box::new(allowed));
        self.send(reply::command_reply_with(ACCEPTED, &headers))
    }

    fn look_up(&self, given: &UserAuth) -> Option<(Allowed, [(&'static str, String); 3])> {
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
            events: events.map(AllowedEvents::parse),
            api: api.map(AllowedApi::parse),
            log,
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
