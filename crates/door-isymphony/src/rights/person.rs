//! Somebody who is signed in, and what they may do to what.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::view::View;

use super::{DEFAULT_GROUP, Group, Right, Rights};
use crate::objects::{Kind, Object, Objects};
use crate::rest::{LotFound, QueueFound, live_rooms::Room};

/// A user of the Configuration API who is signed in, with the rights of this moment.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) core: Arc<Object>,
    pub(crate) user: Arc<Object>,
    own: Rights,
    others: Vec<Grant>,
}

/// What may be done to others.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Grant {
    rights: Rights,
    /// `None`: to everything.
    on: Option<BTreeSet<String>>,
}

/// What rights are about: an extension, a queue, a parking lot, a conference, a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Thing<'a> {
    /// `permissionId` (event-api.md §4); `None`: nobody configured it.
    id: Option<&'a str>,
    /// Its number, as `201`.
    name: &'a str,
    /// It is an extension of whom is asked for.
    is_own: bool,
}

impl<'a> Thing<'a> {
    /// A queue, parking lot or conference somebody configured.
    pub(super) fn of(object: &'a Object) -> Self {
        Self {
            id: Some(&object.id),
            name: object.text("identifier"),
            is_own: false,
        }
    }

    /// One that is only in the switch.
    pub(super) fn unconfigured(name: &'a str) -> Self {
        Self {
            id: None,
            name,
            is_own: false,
        }
    }
}

impl Person {
    /// `None`: the user is gone.
    pub(crate) fn of(groups: &[Group], objects: &Objects, core: &str, user: &str) -> Option<Self> {
        let core = objects.get(Kind::CoreServer, core)?;
        let user = objects.get_in(Kind::User, &core.id, user)?;
        let name = user.text("username");
        let mut in_groups: Vec<&Group> = groups
            .iter()
            .filter(|group| group.users.contains(name))
            .collect();
        let usual = Group::usual();
        if in_groups.is_empty() {
            let configured = groups.iter().find(|group| group.name == DEFAULT_GROUP);
            in_groups.push(configured.unwrap_or(&usual));
        }
        let own = in_groups.iter().map(|group| group.own);
        let others = in_groups
            .iter()
            .filter(|group| group.others != Rights::NONE);
        Some(Self {
            core: core.clone(),
            user: user.clone(),
            // Nobody is kept from their own calls by what they may not do with them.
            own: own.fold(Rights::NONE.with(Right::Calls), Rights::or),
            others: others
                .map(|group| Grant {
                    rights: group.others,
                    on: group.on.clone(),
                })
                .collect(),
        })
    }

    /// Rights to something.
    pub(crate) fn rights(&self, thing: &Thing<'_>) -> Rights {
        let covers = |grant: &&Grant| match &grant.on {
            None => true,
            Some(on) => on.contains(thing.name) || thing.id.is_some_and(|id| on.contains(id)),
        };
        let start = if thing.is_own { self.own } else { Rights::NONE };
        let others = self.others.iter().filter(covers);
        others.fold(start, |rights, grant| rights.or(grant.rights))
    }

    /// Rights to whatever there is.
    pub(crate) fn anywhere(&self) -> Rights {
        let others = self.others.iter().filter(|grant| grant.on.is_none());
        others.fold(Rights::NONE, |rights, grant| rights.or(grant.rights))
    }

    pub(crate) fn may(&self, right: Right, thing: &Thing<'_>) -> bool {
        self.rights(thing).has(right)
    }

    /// Whether an extension is theirs.
    pub(crate) fn owns(&self, extension: &Object, objects: &Objects) -> bool {
        let bound = objects.managing_user(extension);
        bound.is_some_and(|bound| bound.id == self.user.id)
    }

    pub(crate) fn extension<'a>(&self, extension: &'a Object, objects: &Objects) -> Thing<'a> {
        Thing {
            id: Some(&extension.id),
            name: extension.text("extension"),
            is_own: self.owns(extension, objects),
        }
    }

    /// Whether they may see that a user is there: oneself, or somebody of whose extensions one is seen.
    pub(crate) fn sees_user(&self, user: &Object, objects: &Objects) -> bool {
        let itself = Thing {
            id: Some(&user.id),
            name: user.text("username"),
            is_own: user.id == self.user.id,
        };
        let mut extensions = objects.of(Kind::Extension, &user.parent);
        self.may(Right::See, &itself)
            || extensions.any(|extension| {
                let bound = objects.managing_user(extension);
                bound.is_some_and(|bound| bound.id == user.id)
                    && self.may(Right::See, &self.extension(extension, objects))
            })
    }

    /// A queue or a parking lot of the switch; the first name by which it is configured counts.
    pub(super) fn in_switch<'a>(
        &self,
        kind: Kind,
        names: &[&'a str],
        objects: &'a Objects,
    ) -> Thing<'a> {
        let configured = names
            .iter()
            .find_map(|name| objects.having(kind, &self.core.id, "identifier", name));
        match configured {
            Some(object) => Thing::of(object),
            None => Thing::unconfigured(names.first().copied().unwrap_or_default()),
        }
    }

    /// Whether they may read records of any ended calls.
    pub(crate) fn reads_history(&self) -> bool {
        let mut others = self.others.iter();
        self.own.has(Right::History) || others.any(|grant| grant.rights.has(Right::History))
    }

    /// Numbers and users (`1000@example.org`) of whose ended calls they may read; `None`: of everybody's.
    pub(crate) fn history(&self, objects: &Objects, view: &View) -> Option<Vec<Arc<str>>> {
        if self.anywhere().has(Right::History) {
            return None;
        }
        let mut of: Vec<Arc<str>> = Vec::new();
        for extension in objects.of(Kind::Extension, &self.core.id) {
            if !self.may(Right::History, &self.extension(extension, objects)) {
                continue;
            }
            let number = extension.text("extension");
            let peer = extension.text("peer").rsplit_once('/');
            of.push(number.into());
            for name in [Some(number), peer.map(|(_, peer)| peer)]
                .into_iter()
                .flatten()
            {
                let domains = view.directory.domains.iter();
                of.extend(domains.map(|domain| Arc::from(format!("{name}@{}", domain.name))));
            }
        }
        let names = self
            .others
            .iter()
            .filter(|grant| grant.rights.has(Right::History));
        of.extend(
            names
                .filter_map(|grant| grant.on.as_ref())
                .flatten()
                .map(|name| Arc::from(name.as_str())),
        );
        of.sort();
        of.dedup();
        Some(of)
    }
}

impl QueueFound {
    pub(crate) fn thing(&self) -> Thing<'_> {
        Thing {
            id: self.object.as_ref().map(|object| &*object.id),
            name: self.identifier(),
            is_own: false,
        }
    }
}

impl LotFound {
    pub(crate) fn thing(&self) -> Thing<'_> {
        Thing {
            id: self.object.as_ref().map(|object| &*object.id),
            name: self.identifier(),
            is_own: false,
        }
    }
}

impl Room {
    pub(crate) fn thing(&self) -> Thing<'_> {
        Thing {
            id: self.object.as_ref().map(|object| &*object.id),
            name: &self.identifier,
            is_own: false,
        }
    }
}
