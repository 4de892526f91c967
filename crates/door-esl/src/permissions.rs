//! What a user may do: which requests, which console commands, which events, and how much of the log. What is not limited is
//! allowed.

use esl::command::Command;
use esl::command::api::AllowedApi;
use esl::command::own::Own;
use esl::subscription::AllowedEvents;

use crate::password::PasswordHash;

/// Which highest log level stands for no log at all.
pub const NO_LOG: i8 = -1;

macro_rules! verbs {
    ($($variant:ident = $word:literal,)*) => {
        /// A request, as the permissions of a user call it. `exit` and logging in are everybody's.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(missing_docs, reason = "each variant is its own word")]
        pub enum Verb { $($variant,)* }

        impl Verb {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word of the protocol.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

verbs! {
    Api = "api", BgApi = "bgapi", Connect = "connect", DivertEvents = "divert_events", Event = "event", Filter = "filter",
    GetVar = "getvar", Linger = "linger", Log = "log", MyEvents = "myevents", NixEvent = "nixevent", NoEvents = "noevents",
    NoLinger = "nolinger", NoLog = "nolog", Resume = "resume", SendEvent = "sendevent", SendMsg = "sendmsg",
    // Ours.
    Headers = "headers", Replay = "replay", Sequence = "sequence", SlowReader = "slow-reader",
}

impl Verb {
    /// By its word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|verb| verb.word() == word)
    }

    /// What a request is; `None` for what everybody may ask, and for what is no request at all.
    fn of(command: &Command) -> Option<Self> {
        Some(match command {
            Command::Exit | Command::Auth(_) | Command::UserAuth(_) | Command::Unknown => {
                return None;
            }
            Command::Api(_) => Self::Api,
            Command::BgApi(_) => Self::BgApi,
            Command::Connect => Self::Connect,
            Command::DivertEvents(_) => Self::DivertEvents,
            Command::Event(_) => Self::Event,
            Command::Filter(_) => Self::Filter,
            Command::GetVar(_) => Self::GetVar,
            Command::Linger(_) => Self::Linger,
            Command::Log(_) => Self::Log,
            Command::MyEvents(_) => Self::MyEvents,
            Command::NixEvent(_) => Self::NixEvent,
            Command::NoEvents => Self::NoEvents,
            Command::NoLinger => Self::NoLinger,
            Command::NoLog => Self::NoLog,
            Command::Resume => Self::Resume,
            Command::SendEvent(_) => Self::SendEvent,
            Command::SendMsg(_) => Self::SendMsg,
            Command::Own(Own::Headers(_)) => Self::Headers,
            Command::Own(Own::Bounds | Own::Replay(_)) => Self::Replay,
            Command::Own(Own::Sequence(_)) => Self::Sequence,
            Command::Own(Own::SlowReader(_)) => Self::SlowReader,
        })
    }
}

/// A user of the configuration, for `userauth <name>@<domain>:<password>`.
#[derive(Clone, Debug)]
pub struct User {
    /// Before the `@`.
    pub name: String,
    /// Behind it.
    pub domain: String,
    /// What a password is compared with.
    pub password: PasswordHash,
    /// What they may do.
    pub permissions: Permissions,
}

/// What a user may do; `None` is no limit.
#[derive(Clone, Debug, Default)]
pub struct Permissions {
    /// Requests.
    pub commands: Option<Vec<Verb>>,
    /// Console commands, for `api` and `bgapi`. Of one that contains another, both must be allowed.
    pub api: Option<Vec<String>>,
    /// Names of events, and behind `CUSTOM` subclasses, as in `esl-allowed-events`.
    pub events: Option<Vec<String>>,
    /// The highest level of log lines, 0 to 7; [`NO_LOG`] for none.
    pub log: Option<i8>,
}

/// The same, as requests are held against it.
#[derive(Default)]
pub(crate) struct Allowed {
    pub(crate) commands: Option<Vec<Verb>>,
    pub(crate) api: Option<AllowedApi>,
    pub(crate) events: Option<AllowedEvents>,
    pub(crate) log: Option<i8>,
}

impl Permissions {
    pub(crate) fn allowed(&self) -> Allowed {
        Allowed {
            commands: self.commands.clone(),
            api: self
                .api
                .as_deref()
                .map(|list| AllowedApi::parse(&words(list))),
            events: self
                .events
                .as_deref()
                .map(|list| AllowedEvents::parse(&words(list))),
            log: self.log,
        }
    }
}

/// A list as it stands in headers.
pub(crate) fn words(list: &[String]) -> String {
    list.join(" ")
}

impl Allowed {
    /// Whether the request may be made at all. What it asks for is looked at where it is carried out.
    pub(crate) fn permits(&self, command: &Command) -> bool {
        let Some(verb) = Verb::of(command) else {
            return true;
        };
        self.commands
            .as_ref()
            .is_none_or(|list| list.contains(&verb))
    }

    /// Whether log lines up to that level may be had; `None` for a word that is no level.
    pub(crate) fn permits_log(&self, level: Option<i8>) -> bool {
        match self.log {
            None => true,
            Some(highest) => highest > NO_LOG && level.is_none_or(|level| level <= highest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esl::Request;
    use esl::command::Gates;

    #[test]
    fn every_verb_has_a_word_of_its_own() {
        for verb in Verb::ALL {
            assert_eq!(Verb::of_word(verb.word()), Some(*verb));
        }
        assert_eq!(Verb::of_word("exit"), None);
        assert_eq!(Verb::of_word("API"), None);
    }

    /// Every request under every permission of one verb.
    #[test]
    fn the_truth_table_of_requests() {
        let gates = Gates {
            authenticated: true,
            controls_channel: true,
            full: true,
        };
        for asked in Verb::ALL {
            let request = Request::of_line(&format!("{} x", asked.word()));
            let command = Command::parse(&request, gates);
            assert_eq!(Verb::of(&command), Some(*asked), "{}", asked.word());
            for granted in Verb::ALL {
                let one = Allowed {
                    commands: Some(vec![*granted]),
                    ..Allowed::default()
                };
                let words = (asked.word(), granted.word());
                assert_eq!(one.permits(&command), asked == granted, "{words:?}");
            }
            let none = Allowed {
                commands: Some(Vec::new()),
                ..Allowed::default()
            };
            assert!(!none.permits(&command) && Allowed::default().permits(&command));
        }
        let none = Allowed {
            commands: Some(Vec::new()),
            ..Allowed::default()
        };
        for line in ["exit", "...", "foo"] {
            let command = Command::parse(&Request::of_line(line), gates);
            assert!(none.permits(&command), "{line}");
        }
    }

    #[test]
    fn the_truth_table_of_log_levels() {
        for highest in NO_LOG..=7 {
            let allowed = Allowed {
                log: Some(highest),
                ..Allowed::default()
            };
            for level in NO_LOG..=63 {
                let expected = highest > NO_LOG && level <= highest;
                assert_eq!(
                    allowed.permits_log(Some(level)),
                    expected,
                    "{level} of {highest}"
                );
            }
            assert_eq!(allowed.permits_log(None), highest > NO_LOG);
        }
        assert!(Allowed::default().permits_log(Some(63)));
    }
}
