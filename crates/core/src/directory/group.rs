//! Groups of a domain, and the dial string that rings one.

use super::{Domain, Settings, UserView};

/// A named list of users. A user is defined in at most one group and may be pointed to from others.
#[derive(Debug, Clone, Default)]
pub struct Group {
    pub(super) name: Box<str>,
    pub(super) params: Settings,
    pub(super) variables: Settings,
    /// Places in the domain's list of users, in order.
    pub(super) members: Vec<usize>,
}

impl Group {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its own params, which every user defined in it has.
    pub fn params(&self) -> &Settings {
        &self.params
    }

    /// Its own variables.
    pub fn variables(&self) -> &Settings {
        &self.variables
    }
}

/// How the members of a group are rung: the letter behind the `+` of `group_call`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RingOrder {
    /// `A`: all at once.
    #[default]
    AtOnce,
    /// `F`: one after the other.
    InTurn,
    /// `E`: all at once, each with timeouts of its own.
    Enterprise,
}

impl RingOrder {
    /// The order for a letter, in any case; `None` for another letter.
    pub fn from_letter(letter: &str) -> Option<Self> {
        match letter {
            "A" | "a" => Some(Self::AtOnce),
            "F" | "f" => Some(Self::InTurn),
            "E" | "e" => Some(Self::Enterprise),
            _ => None,
        }
    }

    /// What stands between the members in a dial string. event-socket.md §6.4.
    pub fn separator(self) -> &'static str {
        match self {
            Self::AtOnce => ",",
            Self::InTurn => "|",
            Self::Enterprise => ":_:",
        }
    }
}

impl Domain {
    /// The members of a group in order; `None` when there is no such group.
    pub fn group_members(&self, group: &str) -> Option<impl Iterator<Item = UserView<'_>>> {
        let group = self.group(group)?;
        Some(group.members.iter().map(|&at| self.view(at)))
    }

    /// The dial string of a group. `dial` gives the expanded dial string of one member, or `None` when it has
    /// none; variables in front of it move from `{}` to `[]` so that they stay with their own leg. `None`: no
    /// such group, or nobody in it can be dialled, for which `group_call` answers `error/NO_ROUTE_DESTINATION`.
    pub fn group_dial_string(
        &self,
        group: &str,
        order: RingOrder,
        dial: impl FnMut(UserView<'_>) -> Option<String>,
    ) -> Option<String> {
        let legs: Vec<String> = self
            .group_members(group)?
            .filter_map(dial)
            .filter_map(|leg| one_leg(&leg))
            .collect();
        (!legs.is_empty()).then(|| legs.join(order.separator()))
    }
}

/// A member's dial string for use among others: `{a=b}x,` becomes `[a=b]x`.
pub(crate) fn one_leg(dial: &str) -> Option<String> {
    // A dial string made of two endpoints, one of which expanded to nothing, has a comma too many.
    let dial = dial.trim_ascii().trim_matches(',');
    let leg = match dial.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((variables, leg)) if !leg.is_empty() => format!("[{variables}]{leg}"),
        Some(_) => return None,
        None => dial.to_owned(),
    };
    (!leg.is_empty()).then_some(leg)
}
