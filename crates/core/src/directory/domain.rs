//! Domains, and the questions asked across them.

use std::collections::HashMap;

use super::user::User;
use super::{Group, Settings, UserView};
use crate::config_xml::{Complaints, ConfigError, Globals, TextFiles, Tree, preprocess};

/// All domains. Immutable but for aliases; a reload makes a new one.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    pub(super) domains: Vec<Domain>,
    /// Lower-case names and aliases.
    pub(super) index: HashMap<Box<str>, usize>,
}

/// A domain with its groups and users.
#[derive(Debug, Clone, Default)]
pub struct Domain {
    pub(super) name: Box<str>,
    pub(super) params: Settings,
    pub(super) variables: Settings,
    pub(super) groups: Vec<Group>,
    pub(super) users: Vec<User>,
    pub(super) by_id: HashMap<Box<str>, usize>,
    pub(super) by_number: HashMap<Box<str>, usize>,
}

/// What `list_users` may be narrowed to; `None` means any.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListFilter<'f> {
    /// Only this domain (or alias of one).
    pub domain: Option<&'f str>,
    /// Only this group.
    pub group: Option<&'f str>,
    /// Only this user id.
    pub user: Option<&'f str>,
    /// Only users whose variable `user_context` is this.
    pub context: Option<&'f str>,
}

/// One line of `list_users`: a user appears once for each group it is in.
#[derive(Debug, Clone, Copy)]
pub struct ListedUser<'d> {
    /// The group of this line; `None` for a user outside any.
    pub group: Option<&'d str>,
    /// The user.
    pub user: UserView<'d>,
}

impl Directory {
    /// A directory without domains.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads domains from text without includes, with or without a section around them. For tests and tools.
    ///
    /// # Errors
    /// Every error; on success the second part are the warnings.
    pub fn from_text(xml: &str) -> Result<(Self, Vec<ConfigError>), Vec<ConfigError>> {
        let mut files = TextFiles::new();
        files.insert("/directory.xml", xml);
        let expanded = preprocess(&files, "/directory.xml".as_ref(), Globals::new())?;
        let tree = Tree::parse(&expanded).map_err(|error| vec![error])?;
        let mut complaints = Complaints::new(&tree);
        let mut sections: Vec<_> = tree.sections("directory").collect();
        if sections.is_empty() {
            sections.extend(tree.top().filter_map(|node| node.parent()).take(1));
        }
        let directory = Self::read(sections.into_iter(), &mut complaints);
        if complaints.errors.is_empty() {
            Ok((directory, complaints.warnings))
        } else {
            Err(complaints.errors)
        }
    }

    /// A domain by name or alias, in any case.
    pub fn domain(&self, name: &str) -> Option<&Domain> {
        let at = match self.index.get(name) {
            Some(at) => *at,
            None => *self.index.get(name.to_ascii_lowercase().as_str())?,
        };
        Some(&self.domains[at])
    }

    /// The domains in the order written.
    pub fn domains(&self) -> impl Iterator<Item = &Domain> {
        self.domains.iter()
    }

    /// Makes `alias` another name of `domain`, for a profile that answers for several. `false`, and no change,
    /// when there is no such domain or the alias is taken.
    pub fn add_alias(&mut self, alias: &str, domain: &str) -> bool {
        let alias: Box<str> = alias.to_ascii_lowercase().into();
        let Some(&at) = self.index.get(domain.to_ascii_lowercase().as_str()) else {
            return false;
        };
        *self.index.entry(alias).or_insert(at) == at
    }

    /// A user by domain (or alias of one) and id, or else `number-alias`.
    pub fn user(&self, domain: &str, user: &str) -> Option<UserView<'_>> {
        self.domain(domain)?.user(user)
    }

    /// The lines of `list_users`: domain by domain, group by group, users in order, users without a group last.
    pub fn list<'d>(&'d self, filter: &ListFilter<'d>) -> impl Iterator<Item = ListedUser<'d>> {
        let filter = *filter;
        let wanted = filter
            .domain
            .map(|name| self.domain(name).map(|domain| &*domain.name));
        self.domains
            .iter()
            .filter(move |domain| wanted.is_none_or(|name| name == Some(&*domain.name)))
            .flat_map(Domain::list)
            .filter(move |listed| {
                let same = |wanted: Option<&str>, given: Option<&str>| {
                    wanted.is_none_or(|w| given == Some(w))
                };
                same(filter.group, listed.group)
                    && same(filter.user, Some(listed.user.id()))
                    && (filter.context.is_none()
                        || same(filter.context, listed.user.variable("user_context")))
            })
    }
}

impl Domain {
    /// Its name as written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its own params.
    pub fn params(&self) -> &Settings {
        &self.params
    }

    /// Its own variables; as `domain_data … var`.
    pub fn variables(&self) -> &Settings {
        &self.variables
    }

    /// Its groups in the order written.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter()
    }

    /// A group by name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| &*group.name == name)
    }

    /// Its users in the order written.
    pub fn users(&self) -> impl Iterator<Item = UserView<'_>> {
        (0..self.users.len()).map(|at| self.view(at))
    }

    /// A user by id, or else by `number-alias`.
    pub fn user(&self, user: &str) -> Option<UserView<'_>> {
        self.by_id
            .get(user)
            .or_else(|| self.by_number.get(user))
            .map(|&at| self.view(at))
    }

    pub(super) fn view(&self, at: usize) -> UserView<'_> {
        UserView {
            domain: self,
            user: &self.users[at],
        }
    }

    fn list(&self) -> impl Iterator<Item = ListedUser<'_>> {
        let grouped = self.groups.iter().flat_map(move |group| {
            group.members.iter().map(move |&at| ListedUser {
                group: Some(&*group.name),
                user: self.view(at),
            })
        });
        let alone = self
            .users()
            .filter(|view| view.user.group.is_none())
            .map(|user| ListedUser { group: None, user });
        grouped.chain(alone)
    }
}
