//! One user, seen together with the group and domain around it.

use super::settings::merged;
use super::{Domain, Group, Settings};

/// `<user>` as written.
#[derive(Debug, Clone, Default)]
pub(super) struct User {
    pub(super) id: Box<str>,
    /// Every other attribute: `number-alias`, `cidr`, `mailbox`, `cacheable`, …
    pub(super) attributes: Settings,
    pub(super) params: Settings,
    pub(super) variables: Settings,
    /// Place of the group it was defined in.
    pub(super) group: Option<usize>,
}

/// What a user proves itself with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential<'d> {
    /// `a1-hash`: MD5 of `user:realm:password` in hexadecimal, so good for that one realm. RFC 7616 §3.4.2.
    Ha1(&'d str),
    /// `password`, in clear.
    Password(&'d str),
}

/// A user with everything that holds for it. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct UserView<'d> {
    pub(super) domain: &'d Domain,
    pub(super) user: &'d User,
}

impl<'d> UserView<'d> {
    /// The `id` attribute.
    pub fn id(self) -> &'d str {
        &self.user.id
    }

    /// The domain as the directory writes it, whatever alias the question used.
    pub fn domain_name(self) -> &'d str {
        self.domain.name()
    }

    /// The group it is defined in.
    pub fn group(self) -> Option<&'d Group> {
        self.user.group.map(|at| &self.domain.groups[at])
    }

    /// Whether it is defined in this group or pointed to from it.
    pub fn is_in_group(self, group: &str) -> bool {
        self.domain
            .group_members(group)
            .is_some_and(|mut members| members.any(|member| member.id() == self.id()))
    }

    /// An attribute of the element, `id` included; as `user_data … attr`.
    pub fn attribute(self, name: &str) -> Option<&'d str> {
        if name.eq_ignore_ascii_case("id") {
            Some(self.id())
        } else {
            self.user.attributes.get(name)
        }
    }

    /// A param: the user's, or else its group's, or else its domain's; as `user_data … param`.
    pub fn param(self, name: &str) -> Option<&'d str> {
        self.levels(
            |user| &user.params,
            |group| &group.params,
            |domain| &domain.params,
        )
        .into_iter()
        .rev()
        .flatten()
        .find_map(|settings| settings.get(name))
    }

    /// A variable, found the same way; as `user_data … var`.
    pub fn variable(self, name: &str) -> Option<&'d str> {
        self.levels(
            |user| &user.variables,
            |group| &group.variables,
            |domain| &domain.variables,
        )
        .into_iter()
        .rev()
        .flatten()
        .find_map(|settings| settings.get(name))
    }

    /// All params that hold, the domain's first.
    pub fn params(self) -> impl Iterator<Item = (&'d str, &'d str)> {
        merged(self.levels(
            |user| &user.params,
            |group| &group.params,
            |domain| &domain.params,
        ))
    }

    /// All variables that hold, the domain's first: what a channel of this user gets.
    pub fn variables(self) -> impl Iterator<Item = (&'d str, &'d str)> {
        merged(self.levels(
            |user| &user.variables,
            |group| &group.variables,
            |domain| &domain.variables,
        ))
    }

    /// What it authenticates with; `a1-hash` wins over `password`. `None`: it cannot.
    pub fn credential(self) -> Option<Credential<'d>> {
        let given = |name| self.param(name).filter(|value| !value.is_empty());
        given("a1-hash")
            .map(Credential::Ha1)
            .or_else(|| given("password").map(Credential::Password))
    }

    fn levels(
        self,
        user: impl Fn(&'d User) -> &'d Settings,
        group: impl Fn(&'d Group) -> &'d Settings,
        domain: impl Fn(&'d Domain) -> &'d Settings,
    ) -> [Option<&'d Settings>; 3] {
        [
            Some(domain(self.domain)),
            self.group().map(group),
            Some(user(self.user)),
        ]
    }
}
