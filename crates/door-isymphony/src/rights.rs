//! What people who sign in at the panel page may see and do (event-api.md §4 `permissionId`, §9; the words are ours:
//! docs/decisions/0025-rights-of-people-at-the-panel.md). Programs that know the door's password may do everything.

mod calls;
mod person;
mod sight;

use std::collections::BTreeSet;

pub(crate) use calls::Calls;
pub(crate) use person::{Person, Thing};
pub(crate) use sight::Sight;

macro_rules! rights {
    ($($(#[$doc:meta])* $right:ident $word:literal,)*) => {
        /// One thing somebody may do. Each has a word in the configuration file and in answers to the panel page.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Right {
            $($(#[$doc])* $right,)*
        }

        impl Right {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$right),*];

            /// Its word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$right => $word,)*
                }
            }
        }
    };
}

rights! {
    /// See that an extension, queue, parking lot or conference is there, and what its telephone or its agents do.
    See "see",
    /// See calls: who talks with whom, who waits, who is parked.
    Calls "calls",
    /// Read records of calls that have ended.
    History "history",
    /// Have the extension ring, and call somebody with it.
    Call "call",
    /// Put a call on hold, and take it off.
    Hold "hold",
    /// Send a call elsewhere.
    Transfer "transfer",
    /// Send a call elsewhere that waits in a queue or a parking lot: take it, or move it.
    Take "take",
    /// Park a call.
    Park "park",
    /// Record a call, or end that.
    Record "record",
    /// Mute a call or a member of a conference, or end that.
    Mute "mute",
    /// End a call.
    Hangup "hangup",
    /// Say that an extension wants no calls, or wants them again.
    DoNotDisturb "do_not_disturb",
    /// Log an extension in to a queue, or out.
    AgentLogin "agent_login",
    /// Pause an agent, or end that.
    PauseMember "pause_member",
    /// Set the penalty of an agent.
    Penalty "penalty",
    /// See what is in the voicemail box of an extension.
    Voicemail "voicemail",
}

impl Right {
    /// The right of that word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|right| right.word() == word)
    }

    /// What it is of no use without.
    const fn needs(self) -> &'static [Self] {
        match self {
            Self::See | Self::History => &[],
            Self::Calls
            | Self::Call
            | Self::DoNotDisturb
            | Self::AgentLogin
            | Self::PauseMember
            | Self::Penalty
            | Self::Voicemail => &[Self::See],
            Self::Hold
            | Self::Transfer
            | Self::Take
            | Self::Park
            | Self::Record
            | Self::Mute
            | Self::Hangup => &[Self::See, Self::Calls],
        }
    }
}

/// Some of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rights(u32);

impl Rights {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Right::ALL.iter().copied().collect()
    }

    /// With another, and what that is of no use without.
    #[must_use]
    pub fn with(self, right: Right) -> Self {
        let bit = |right: Right| 1 << right as u32;
        let needed = right.needs().iter();
        Self(needed.fold(self.0 | bit(right), |bits, right| bits | bit(*right)))
    }

    /// Those of either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one is among them.
    #[must_use]
    pub const fn has(self, right: Right) -> bool {
        self.0 & (1 << right as u32) != 0
    }

    /// Their words, in the order of the list.
    #[must_use]
    pub fn words(self) -> Vec<&'static str> {
        let all = Right::ALL.iter().copied();
        all.filter(|right| self.has(*right))
            .map(Right::word)
            .collect()
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<T: IntoIterator<Item = Right>>(rights: T) -> Self {
        rights.into_iter().fold(Self::NONE, Self::with)
    }
}

/// Name of the group of everybody who is in no other.
pub const DEFAULT_GROUP: &str = "default";

/// What some people may do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// What it is called.
    pub name: String,
    /// Names of its users; of [`DEFAULT_GROUP`] there are none.
    pub users: BTreeSet<String>,
    /// To their own extensions and calls.
    pub own: Rights,
    /// To those of others.
    pub others: Rights,
    /// What `others` is about: `permissionId`s, or numbers of extensions, queues, parking lots and conferences. `None`: everything.
    pub on: Option<BTreeSet<String>>,
}

impl Group {
    /// The one of everybody when none is configured: one's own calls are one's own, those of others are seen, and taken
    /// where they wait for somebody.
    #[must_use]
    pub fn usual() -> Self {
        Self {
            name: DEFAULT_GROUP.to_owned(),
            users: BTreeSet::new(),
            own: Rights::all(),
            others: [Right::See, Right::Calls, Right::Take]
                .into_iter()
                .collect(),
            on: None,
        }
    }
}

/// Why groups make no sense.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GroupError {
    /// Two of a name.
    #[error("there are two groups {0:?}")]
    Twice(String),
    /// It would be of no use.
    #[error("nobody is in the group {0:?}: it needs users")]
    Empty(String),
    /// Its users are those of no other group.
    #[error("the group \"default\" has no users of its own: everybody is in it who is in no other")]
    DefaultWithUsers,
    /// `on` without anything.
    #[error("the group {0:?} may do something to others, but its list `on` is empty")]
    OnNothing(String),
    /// `on` without `others`.
    #[error("the group {0:?} says with `on` what `others` is about, but there is no `others`")]
    NothingOn(String),
}

/// Finds what makes no sense.
pub(crate) fn check(groups: &[Group]) -> Vec<GroupError> {
    let mut errors = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let name = || group.name.clone();
        if groups
            .iter()
            .take(index)
            .any(|other| other.name == group.name)
        {
            errors.push(GroupError::Twice(name()));
        }
        match (group.name == DEFAULT_GROUP, group.users.is_empty()) {
            (true, false) => errors.push(GroupError::DefaultWithUsers),
            (false, true) => errors.push(GroupError::Empty(name())),
            (true, true) | (false, false) => {}
        }
        match &group.on {
            Some(_) if group.others == Rights::NONE => errors.push(GroupError::NothingOn(name())),
            Some(on) if on.is_empty() => errors.push(GroupError::OnNothing(name())),
            Some(_) | None => {}
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_do_something_sees_what_it_is_done_to() {
        let hangup: Rights = [Right::Hangup].into_iter().collect();
        assert_eq!(hangup.words(), ["see", "calls", "hangup"]);
        assert!(!hangup.has(Right::Hold));
        assert_eq!(Rights::all().words().len(), Right::ALL.len());
        for right in Right::ALL {
            assert_eq!(Right::of_word(right.word()), Some(*right));
        }
        assert_eq!(Right::of_word("fly"), None);
    }

    #[test]
    fn groups_that_make_no_sense_are_found() {
        let group = |name: &str, users: &[&str]| Group {
            name: name.to_owned(),
            users: users.iter().map(|user| (*user).to_owned()).collect(),
            ..Group::usual()
        };
        assert_eq!(check(&[Group::usual(), group("a", &["ana"])]), []);
        let nowhere = Group {
            on: Some(BTreeSet::new()),
            ..group("c", &["ana"])
        };
        let nothing = Group {
            others: Rights::NONE,
            ..nowhere.clone()
        };
        assert_eq!(
            check(&[
                group("default", &["ana"]),
                group("b", &[]),
                nowhere,
                nothing
            ]),
            [
                GroupError::DefaultWithUsers,
                GroupError::Empty("b".to_owned()),
                GroupError::OnNothing("c".to_owned()),
                GroupError::Twice("c".to_owned()),
                GroupError::NothingOn("c".to_owned()),
            ]
        );
    }
}
