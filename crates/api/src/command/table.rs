//! Commands about values and counters kept in the switch (event-socket.md §6.8).

use std::sync::Arc;

use crate::HangupCause;
use crate::id::ChannelId;
use crate::view::TableKey;

/// What becomes of a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HashChange {
    /// It is this from now on.
    Insert(Arc<str>),
    /// It is this, if there is none yet; `AlreadyExists` otherwise.
    InsertIfEmpty(Arc<str>),
    /// It is forgotten; `NotFound` if there is none.
    Delete,
    /// It is forgotten if it is this; `NotFound` if there is none, `InvalidState` if it is another.
    DeleteIfMatch(Arc<str>),
}

/// Changes a value. `LimitReached` when there are too many, or it is too long.
#[derive(Clone, Debug)]
pub struct ChangeHash {
    /// Which one.
    pub key: TableKey,
    /// How.
    pub change: HashChange,
}

impl ChangeHash {
    /// Reads `insert|insert_ifempty|delete|delete_ifmatch/<realm>/<key>[/<value>]`; a value may hold slashes.
    pub fn parse(data: &str) -> Option<Self> {
        let mut parts = data.trim().splitn(4, '/');
        let (verb, realm, key) = (parts.next()?, parts.next()?, parts.next()?);
        let mut value = || parts.next().map(Into::into);
        let change = match verb {
            "insert" => HashChange::Insert(value()?),
            "insert_ifempty" => HashChange::InsertIfEmpty(value()?),
            "delete" => HashChange::Delete,
            "delete_ifmatch" => HashChange::DeleteIfMatch(value()?),
            _ => return None,
        };
        let key: TableKey = (realm.into(), key.into());
        Some(Self { key, change })
    }
}

/// Changes what is kept for the next run of the server. `LimitReached` when there is too much, or it is too long;
/// `Unavailable` until it is known what earlier runs have kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChangeKept {
    /// A value of `db` is this from now on.
    InsertValue {
        /// Which one.
        key: TableKey,
        /// What it is.
        value: Arc<str>,
    },
    /// A value of `db` is forgotten; one that is not there stays away.
    DeleteValue {
        /// Which one.
        key: TableKey,
    },
    /// A dial string belongs to a group from now on, behind the others. One that is in it stays where it is.
    InsertMember {
        /// Name of the group.
        group: Arc<str>,
        /// The dial string.
        member: Arc<str>,
    },
    /// A dial string belongs to a group no longer.
    DeleteMember {
        /// Name of the group.
        group: Arc<str>,
        /// The dial string.
        member: Arc<str>,
    },
}

impl ChangeKept {
    /// Reads what `db` does: `insert/<realm>/<key>/<value>`, `delete/<realm>/<key>`; a value may hold slashes.
    pub fn parse_db(data: &str) -> Option<Self> {
        let mut parts = data.trim().splitn(4, '/');
        let (verb, realm, name) = (parts.next()?, parts.next()?, parts.next()?);
        if realm.is_empty() || name.is_empty() {
            return None;
        }
        let key: TableKey = (realm.into(), name.into());
        if verb.eq_ignore_ascii_case("insert") {
            let value = parts.next()?.into();
            Some(Self::InsertValue { key, value })
        } else if verb.eq_ignore_ascii_case("delete") {
            Some(Self::DeleteValue { key })
        } else {
            None
        }
    }

    /// Reads what `group` does: `insert:<group>:<dial string>`, `delete:<group>:<dial string>`; a dial string may hold
    /// colons.
    pub fn parse_group(data: &str) -> Option<Self> {
        let mut parts = data.trim().splitn(3, ':');
        let (verb, group, member) = (parts.next()?, parts.next()?, parts.next()?);
        if group.is_empty() || member.is_empty() {
            return None;
        }
        let (group, member) = (group.into(), member.into());
        if verb.eq_ignore_ascii_case("insert") {
            Some(Self::InsertMember { group, member })
        } else if verb.eq_ignore_ascii_case("delete") {
            Some(Self::DeleteMember { group, member })
        } else {
            None
        }
    }
}

/// Changes other names of console commands. `InvalidArgument` for a name with blanks or control characters, and a
/// command without a name; `LimitReached` when there are too many, or one is too long; `Unavailable` until it is known
/// what earlier runs have kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChangeAlias {
    /// A name stands for a command from now on, whatever it stood for.
    Set {
        /// The name.
        alias: Arc<str>,
        /// What it stands for.
        command: Arc<str>,
        /// It is kept for the next run.
        is_sticky: bool,
    },
    /// A name stands for nothing; one that is not there stays away.
    Remove(Arc<str>),
    /// No name stands for anything.
    RemoveAll,
}

/// Changes what a console offers beside the commands there are. `InvalidArgument` for no words, or words with control
/// characters; `LimitReached` when there are too many lines or words, or one is too long.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChangeCompletion {
    /// A line of these words is offered.
    Add(Arc<[Arc<str>]>),
    /// It is offered no longer, nor is what begins with these words.
    Remove(Arc<[Arc<str>]>),
    /// Nothing is offered.
    RemoveAll,
}

/// Where those go whom a limit stops, if nobody says.
const OVERFLOW: &str = "limit_exceeded";

/// How much of a resource there is, and where those go who come too late.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limit {
    /// Realm and name of the resource.
    pub key: TableKey,
    /// Channels that may hold it, or takings in an interval; `None`: any number, they are only counted.
    pub max: Option<u32>,
    /// Seconds of an interval; 0: `max` is about channels that hold it at the same time.
    pub interval_s: u32,
    /// Who comes too late.
    pub otherwise: Otherwise,
}

impl Limit {
    /// Reads `<backend> <realm> <id> [<max>[/<interval>]] [<extension> [<dialplan> [<context>]]]`; `!<cause>` in place of
    /// an extension hangs up, a negative `max` is none.
    pub fn parse(data: &str) -> Option<Self> {
        let mut words = data.split_ascii_whitespace();
        words.next()?;
        let key = (words.next()?.into(), words.next()?.into());
        let (max, interval_s) = match words.next() {
            Some(word) => parse_max(word)?,
            None => (None, 0),
        };
        let otherwise = match words.next() {
            Some(word) => match word.strip_prefix('!') {
                Some(cause) => Otherwise::HangUp(HangupCause::from_client(cause)),
                None => Otherwise::Transfer {
                    extension: word.into(),
                    dialplan: words.next().map(Into::into),
                    context: words.next().map(Into::into),
                },
            },
            None => Otherwise::Transfer {
                extension: OVERFLOW.into(),
                dialplan: None,
                context: None,
            },
        };
        Some(Self {
            key,
            max,
            interval_s,
            otherwise,
        })
    }
}

/// `5`, `5/60`; a negative number is none.
fn parse_max(word: &str) -> Option<(Option<u32>, u32)> {
    let (max, interval) = match word.split_once('/') {
        Some((max, interval)) => (max, interval.parse().ok()?),
        None => (word, 0),
    };
    let max: i64 = max.parse().ok()?;
    let max = if max < 0 {
        None
    } else {
        Some(u32::try_from(max).ok()?)
    };
    Some((max, interval))
}

/// What happens to whom a limit stops.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "see the type")]
pub enum Otherwise {
    Transfer {
        extension: Arc<str>,
        dialplan: Option<Arc<str>>,
        context: Option<Arc<str>>,
    },
    HangUp(HangupCause),
}

/// Takes a resource for a channel until it hangs up, is transferred or gives it back. Whom the limit stops goes where
/// [`Limit::otherwise`] says; that is a success, too.
#[derive(Clone, Debug)]
pub struct TakeLimit {
    /// Who takes it.
    pub channel: ChannelId,
    /// What.
    pub limit: Limit,
}

/// Gives a channel's resources back.
#[derive(Clone, Debug)]
pub struct ReleaseLimit {
    /// Who.
    pub channel: ChannelId,
    /// Which one; `None`: all of them.
    pub key: Option<TableKey>,
}

/// Begins the interval of a resource anew.
#[derive(Clone, Debug)]
pub struct ResetInterval {
    /// Which one.
    pub key: TableKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_as_dialplans_write_them() {
        let limit = Limit::parse("hash realm res 5/60 full XML public").unwrap();
        assert_eq!(limit.key, ("realm".into(), "res".into()));
        assert_eq!((limit.max, limit.interval_s), (Some(5), 60));
        let transfer =
            |extension: &str, dialplan: Option<&str>, context: Option<&str>| Otherwise::Transfer {
                extension: extension.into(),
                dialplan: dialplan.map(Into::into),
                context: context.map(Into::into),
            };
        assert_eq!(
            limit.otherwise,
            transfer("full", Some("XML"), Some("public"))
        );
        let counted = Limit::parse("db r i -1").unwrap();
        assert_eq!((counted.max, counted.interval_s), (None, 0));
        assert_eq!(counted.otherwise, transfer(OVERFLOW, None, None));
        let refused = Limit::parse("hash r i 0 !USER_BUSY").unwrap();
        assert_eq!(refused.max, Some(0));
        assert_eq!(refused.otherwise, Otherwise::HangUp(HangupCause::UserBusy));
        for wrong in [
            "",
            "hash r",
            "hash r i x",
            "hash r i 5/x",
            "hash r i 99999999999",
        ] {
            assert_eq!(Limit::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_kept_may_hold_what_separates() {
        let value = ChangeKept::InsertValue {
            key: ("r".into(), "k".into()),
            value: "a/b".into(),
        };
        assert_eq!(ChangeKept::parse_db("insert/r/k/a/b"), Some(value));
        let member = ChangeKept::DeleteMember {
            group: "g".into(),
            member: "[a=b]sofia/x/sip:1@h:5060".into(),
        };
        assert_eq!(
            ChangeKept::parse_group("delete:g:[a=b]sofia/x/sip:1@h:5060"),
            Some(member)
        );
        for wrong in [
            "",
            "insert/r",
            "insert/r/k",
            "insert//k/v",
            "put/r/k/v",
            "delete/r/",
        ] {
            assert_eq!(ChangeKept::parse_db(wrong), None, "{wrong}");
        }
        for wrong in ["", "insert:g", "insert::m", "delete:g:", "call:g:m"] {
            assert_eq!(ChangeKept::parse_group(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn values_may_hold_slashes() {
        let command = ChangeHash::parse("insert/r/k/a/b").unwrap();
        assert_eq!(command.change, HashChange::Insert("a/b".into()));
        for wrong in ["", "insert/r", "insert/r/k", "put/r/k/v"] {
            assert!(ChangeHash::parse(wrong).is_none(), "{wrong}");
        }
    }
}
