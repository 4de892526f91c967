use std::sync::Arc;
use std::time::Duration;

use crate::time::Timestamp;

/// A peer that calls can be sent to by name, and with which we may be registered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gateway {
    /// Name in dial strings.
    pub name: Arc<str>,
    /// Realm its challenges are expected to have.
    pub realm: Arc<str>,
    /// User name there; empty without an account.
    pub username: Arc<str>,
    /// Whether there is a password. It is never shown.
    pub has_password: bool,
    /// URI in From of REGISTER, and of calls unless they are made in the caller's name.
    pub from: Arc<str>,
    /// The contact it is given.
    pub contact: Arc<str>,
    /// What its calls are for; `auto_to_user`: the user in To.
    pub extension: Arc<str>,
    /// `sip:user@host` of the account.
    pub uri: Arc<str>,
    /// URI of its server.
    pub proxy: Arc<str>,
    /// Dialplan context of its calls.
    pub context: Arc<str>,
    /// When the registration ends; [`Timestamp::ZERO`] without one.
    pub expires: Timestamp,
    /// Lifetime a registration is asked for, seconds.
    pub lifetime_s: u32,
    /// Whether it answers, when that is asked.
    pub ping: Option<GatewayPing>,
    /// State word, as `REGED`.
    pub state: &'static str,
    /// Whether calls are sent there.
    pub is_up: bool,
    /// When another attempt to register is made at the latest, while it is not registered; [`Timestamp::ZERO`]: never.
    pub retry: Timestamp,
    /// Since when it has been up; [`Timestamp::ZERO`] when it is not.
    pub up_since: Timestamp,
    /// Calls from there: all, failed.
    pub calls_in: u64,
    /// See `calls_in`.
    pub failed_calls_in: u64,
    /// Calls to there: all, failed.
    pub calls_out: u64,
    /// See `calls_out`.
    pub failed_calls_out: u64,
    /// Variables of channels that come from there.
    pub inbound_variables: Vec<(Arc<str>, Arc<str>)>,
    /// Variables of channels that go there.
    pub outbound_variables: Vec<(Arc<str>, Arc<str>)>,
}

impl Gateway {
    /// A variable of the channels that come from there (`ivar`), go there (`ovar`), or either (`var`); `None` when that is
    /// none of the three words. Empty without one of that name.
    pub fn variable(&self, which: &str, name: &str) -> Option<Arc<str>> {
        let (inbound, outbound) = (&self.inbound_variables, &self.outbound_variables);
        let lists = match which {
            "ivar" => [inbound, inbound],
            "ovar" => [outbound, outbound],
            "var" => [inbound, outbound],
            _ => return None,
        };
        let mut all = lists.into_iter().flatten();
        let found = all.find(|(known, _)| known.eq_ignore_ascii_case(name));
        Some(found.map_or_else(|| "".into(), |(_, value)| value.clone()))
    }
}

/// What is known from asking a gateway every now and then (OPTIONS).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GatewayPing {
    /// How often it is asked, seconds.
    pub every_s: u32,
    /// When it is asked next.
    pub next: Timestamp,
    /// How long the last answer took.
    pub took: Duration,
    /// Answers that count as up.
    pub least: u32,
    /// Answers in a row, less those that did not come; 0 to `most`.
    pub count: u32,
    /// Answers that count beyond which no more do.
    pub most: u32,
}
