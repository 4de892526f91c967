use std::collections::HashMap;
use std::sync::Arc;

use super::Extension;

/// Users and groups by domain, as configured. Values of domain and groups are already merged into the user.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Directory {
    /// Domains in the order they were configured.
    pub domains: Vec<Domain>,
}

/// One domain.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Domain {
    /// Its name.
    pub name: Arc<str>,
    /// Other names it answers to.
    pub aliases: Vec<Arc<str>>,
    /// Users in the order they were configured.
    pub users: Vec<Arc<DirectoryUser>>,
    /// Index into `users` by id and by number alias.
    pub index: HashMap<Arc<str>, usize>,
    /// Groups in the order they were configured.
    pub groups: Vec<Group>,
    /// Parameters of the domain itself.
    pub params: Vec<(Arc<str>, Arc<str>)>,
    /// Variables of the domain itself.
    pub variables: Vec<(Arc<str>, Arc<str>)>,
}

/// One group of users.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Group {
    /// Its name.
    pub name: Arc<str>,
    /// Ids of its users.
    pub users: Vec<Arc<str>>,
}

/// One user.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DirectoryUser {
    /// Id within the domain.
    pub id: Arc<str>,
    /// Domain it belongs to.
    pub domain: Arc<str>,
    /// Attributes of its element (`id`, `number-alias`, `cidr` …).
    pub attributes: Vec<(Arc<str>, Arc<str>)>,
    /// Parameters, those of domain and groups included; later ones override.
    pub params: Vec<(Arc<str>, Arc<str>)>,
    /// Variables set on the user's channels, those of domain and groups included.
    pub variables: Vec<(Arc<str>, Arc<str>)>,
    /// Groups it is in.
    pub groups: Vec<Arc<str>>,
}

impl Directory {
    /// The domain of that name or alias.
    pub fn domain(&self, name: &str) -> Option<&Domain> {
        self.domains.iter().find(|d| {
            d.name.eq_ignore_ascii_case(name)
                || d.aliases.iter().any(|a| a.eq_ignore_ascii_case(name))
        })
    }

    /// The user `id` of `domain`.
    pub fn user(&self, domain: &str, id: &str) -> Option<&Arc<DirectoryUser>> {
        let domain = self.domain(domain)?;
        domain.users.get(*domain.index.get(id)?)
    }

    /// The name of a user's voicemail box, or of the box with that number; `None` when there is none.
    pub fn mailbox(&self, domain: &str, user: &str) -> Option<Extension> {
        if let Some(user) = self.user(domain, user) {
            return user.mailbox();
        }
        let mut users = self.domain(domain)?.users.iter();
        users.find_map(|one| one.mailbox().filter(|name| &*name.user == user))
    }
}

impl DirectoryUser {
    /// The voicemail box: that of the attribute `mailbox` or the param `vm-mailbox`, which several users may share, or
    /// one of the user's own. `None` when the param `vm-enabled` says that there is none.
    pub fn mailbox(&self) -> Option<Extension> {
        let enabled = self.param("vm-enabled");
        if enabled.is_some_and(|word| !crate::variables::is_true(word)) {
            return None;
        }
        let named = [self.attribute("mailbox"), self.param("vm-mailbox")];
        let mut named = named.into_iter().flatten();
        Some(Extension {
            user: match named.find(|name| !name.is_empty()) {
                Some(name) => name.into(),
                None => self.id.clone(),
            },
            domain: self.domain.clone(),
        })
    }

    /// The last parameter of that name.
    pub fn param(&self, name: &str) -> Option<&str> {
        last(&self.params, name)
    }

    /// The last variable of that name.
    pub fn variable(&self, name: &str) -> Option<&str> {
        last(&self.variables, name)
    }

    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        last(&self.attributes, name)
    }
}

fn last<'a>(list: &'a [(Arc<str>, Arc<str>)], name: &str) -> Option<&'a str> {
    list.iter()
        .rev()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| &**v)
}
