//! Who may register and who may call: challenge, verdict, answer.

use std::sync::Arc;

use api::event::AccountEvent;
use api::view::{DirectoryUser, Registration};
use sip::auth::{ChallengeKind, Claim, Verdict};
use sip::event::IncomingRequest;
use sip::message::HeaderName;
use sip::message::header::NameAddr;

use super::accounts::{self, Account};
use crate::Switch;
use crate::config::ProfileConfig;

/// What came of asking a caller who it is.
#[derive(Clone, Debug)]
pub(crate) enum CallAuth {
    /// It may call.
    Accepted {
        /// The user it proved to be.
        user: Arc<DirectoryUser>,
        /// Its From names that user.
        is_sender: bool,
    },
    /// Answer 407 with these headers.
    Challenge(Vec<(String, String)>),
    /// Answer 403.
    Forbidden,
}

/// What the credentials of a request came to.
enum Judged {
    In(Account),
    Challenge {
        headers: Vec<(String, String)>,
        stale: bool,
    },
    Forbidden {
        reason: &'static str,
    },
    /// Its address is not listened to for a while. That was said once: whoever floods us is not to flood the log and
    /// every program too.
    Blocked,
}

/// The user part and host of a From or To.
fn party(value: Option<NameAddr<'_>>) -> Option<(String, String)> {
    let uri = value?.parsed_uri().ok().filter(|uri| uri.is_sip())?;
    Some((uri.user_decoded().into_owned(), uri.host.to_owned()))
}

/// The Contact of a binding as the phone gave it: display name, URI in brackets, parameters (recorded: `"" <sip:…>`).
pub(super) fn contact_header(request: &IncomingRequest, uri: &str) -> String {
    let value = request
        .header_list(HeaderName::Contact)
        .filter_map(NameAddr::parse)
        .find(|contact| contact.uri == uri);
    let display = value
        .map(|contact| contact.display_name().into_owned())
        .unwrap_or_default();
    format!("\"{}\" <{uri}>", display.replace('"', ""))
}

impl Switch {
    /// Answers a REGISTER.
    pub(crate) fn handle_register(&mut self, id: sip::event::RequestId, request: IncomingRequest) {
        let (code, reason, headers) = self.register(&request);
        if let Err(error) = self
            .sip
            .respond(self.now.mono, id, code, reason, &headers, None)
        {
            tracing::debug!(%error, code, "REGISTER cannot be answered any more");
        }
    }

    fn register(
        &mut self,
        request: &IncomingRequest,
    ) -> (u16, &'static str, Vec<(String, String)>) {
        let Some(profile) = self
            .config
            .profiles
            .get(self.profile_of(request.flow.local))
            .cloned()
        else {
            return (403, "", Vec::new());
        };
        let Some((user, host)) = party(request.to()) else {
            return (400, "Malformed To", Vec::new());
        };
        let Some(domain) = self.domain_of(&profile, &host) else {
            tracing::info!(domain = host, source = %request.flow.remote, "REGISTER for a domain that is not ours");
            return (404, "", Vec::new());
        };
        match self.judge(request, ChallengeKind::Www, &host, &domain, &user) {
            Judged::Challenge { headers, stale } => {
                if stale {
                    let attempt = self.attempt(request, &profile, &user, &domain, &user);
                    self.account_event(AccountEvent::RegisterAttempted {
                        registration: attempt,
                        result: "STALE",
                    });
                }
                (401, "", headers)
            }
            Judged::Blocked => (403, "", Vec::new()),
            Judged::Forbidden { reason } => {
                self.register_refused(request, &profile, &user, &domain, reason);
                (403, "", Vec::new())
            }
            Judged::In(account) => {
                let addressed = self
                    .view
                    .directory
                    .user(&domain, &user)
                    .map(|user| user.id.clone());
                if addressed.as_deref() != Some(&*account.user.id) {
                    self.register_refused(
                        request,
                        &profile,
                        &user,
                        &domain,
                        "another user's address",
                    );
                    return (403, "", Vec::new());
                }
                let renewed = self
                    .registrations
                    .table
                    .bindings(&account.address())
                    .any(|b| *b.call_id == *request.call_id());
                let result = if renewed { "RENEWED" } else { "SUCCESS" };
                let attempt = self.attempt(
                    request,
                    &profile,
                    &account.user.id,
                    &domain,
                    &account.user.id,
                );
                self.account_event(AccountEvent::RegisterAttempted {
                    registration: attempt,
                    result,
                });
                let answer = self.change_bindings(request, &profile.name, &account);
                (answer.code, answer.reason, answer.headers)
            }
        }
    }

    /// `sofia::register_attempt` (FORBIDDEN) and `sofia::register_failure`.
    fn register_refused(
        &mut self,
        request: &IncomingRequest,
        profile: &ProfileConfig,
        user: &str,
        domain: &Arc<str>,
        reason: &str,
    ) {
        tracing::warn!(user, %domain, source = %request.flow.remote, reason, "Registration is refused");
        let attempt = self.attempt(request, profile, user, domain, user);
        let user_agent = attempt.user_agent.clone();
        self.account_event(AccountEvent::RegisterAttempted {
            registration: attempt,
            result: "FORBIDDEN",
        });
        self.account_event(AccountEvent::RegisterFailed {
            profile: profile.name.clone(),
            user: user.into(),
            domain: domain.clone(),
            source: request.flow.remote,
            user_agent,
        });
    }

    /// What a REGISTER would make of itself, for the event about the attempt.
    fn attempt(
        &self,
        request: &IncomingRequest,
        profile: &ProfileConfig,
        user: &str,
        domain: &Arc<str>,
        auth_user: &str,
    ) -> Registration {
        let contact = request.contact();
        let uri = contact.map(|contact| contact.uri).unwrap_or_default();
        let seconds = contact
            .and_then(|contact| contact.params.value("expires"))
            .or_else(|| request.header(HeaderName::Expires))
            .and_then(|text| text.trim().parse::<u32>().ok())
            .unwrap_or(profile.max_expires_s)
            .min(profile.max_expires_s);
        Registration {
            serial: 0,
            profile: profile.name.clone(),
            user: user.into(),
            domain: domain.clone(),
            auth_user: auth_user.into(),
            auth_realm: domain.clone(),
            contact: contact_header(request, uri).into(),
            contact_uri: uri.into(),
            call_id: request.call_id().into(),
            user_agent: request
                .header(HeaderName::UserAgent)
                .unwrap_or_default()
                .into(),
            source: request.flow.remote,
            transport: super::transport_name(request.flow.transport),
            refreshed: self.now.wall,
            expires: self
                .now
                .wall
                .after(std::time::Duration::from_secs(seconds.into())),
        }
    }

    /// Judges a request's credentials. The realm is the name the phone itself uses for the domain.
    fn judge(
        &mut self,
        request: &IncomingRequest,
        kind: ChallengeKind,
        realm: &str,
        domain: &Arc<str>,
        user: &str,
    ) -> Judged {
        let (now, from) = (self.now.mono, request.flow.remote.ip());
        let directory = self.view.directory.clone();
        let algorithms = accounts::algorithms(directory.user(domain, user).map(|user| &**user));
        if self.registrations.is_blocked(from, now) {
            return Judged::Blocked;
        }
        let lookup = |claim: Claim<'_>| {
            let user = directory
                .user(domain, claim.username)
                .filter(|user| *user.id == *claim.username)?;
            accounts::ha1(user, claim.realm, claim.algorithm)
        };
        let verdict = self
            .authenticator
            .verify(now, kind, realm, &request.message, lookup);
        let (stale, failure) = match verdict {
            Verdict::Accepted { username } => {
                let address = accounts::address(&username, domain);
                self.registrations.count_login(from, &address, now, true);
                return match directory.user(domain, &username) {
                    Some(user) => {
                        let realm: Arc<str> = if **domain == *realm {
                            domain.clone()
                        } else {
                            realm.into()
                        };
                        Judged::In(Account {
                            user: user.clone(),
                            domain: domain.clone(),
                            realm,
                        })
                    }
                    None => Judged::Forbidden {
                        reason: "no such user",
                    },
                };
            }
            Verdict::NoCredentials | Verdict::Malformed => (false, None),
            Verdict::Stale { .. } | Verdict::Replayed { .. } => (true, None),
            Verdict::UnknownUser { username } => (false, Some((username, "no such user"))),
            Verdict::WrongPassword { username } => (false, Some((username, "wrong password"))),
        };
        if let Some((username, reason)) = failure {
            let address = accounts::address(&username, domain);
            self.registrations.count_login(from, &address, now, false);
            return Judged::Forbidden { reason };
        }
        let headers = self
            .authenticator
            .challenge(now, kind, realm, &algorithms, stale);
        Judged::Challenge { headers, stale }
    }

    /// Decides about a call whose sender has to say who it is.
    pub(crate) fn authenticate_call(&mut self, request: &IncomingRequest) -> CallAuth {
        let profile = self
            .config
            .profiles
            .get(self.profile_of(request.flow.local))
            .cloned();
        let (Some(profile), Some((user, host))) = (profile, party(request.from())) else {
            return CallAuth::Forbidden;
        };
        // Whatever domain a phone says it belongs to, it proves itself to one of ours.
        let own = profile.sip.ip().to_string();
        let of_from = self.domain_of(&profile, &host);
        let from_us = of_from.is_some();
        let Some(domain) = of_from.or_else(|| self.domain_of(&profile, &own)) else {
            return CallAuth::Forbidden;
        };
        match self.judge(request, ChallengeKind::Proxy, &host, &domain, &user) {
            Judged::In(account) => {
                let named = self.view.directory.user(&domain, &user);
                CallAuth::Accepted {
                    is_sender: from_us && named.is_some_and(|named| named.id == account.user.id),
                    user: account.user,
                }
            }
            Judged::Challenge { headers, .. } => CallAuth::Challenge(headers),
            Judged::Blocked => CallAuth::Forbidden,
            Judged::Forbidden { reason } => {
                tracing::warn!(user, domain = host, source = %request.flow.remote, reason, "Call is refused");
                CallAuth::Forbidden
            }
        }
    }
}
