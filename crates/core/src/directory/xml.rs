//! `<domain>` elements to a [`Directory`].

use std::collections::hash_map::Entry;

use roxmltree::Node;

use super::user::User;
use super::{Directory, Domain, Group, Settings};
use crate::config_xml::{Complaints, elements};

impl Directory {
    /// Reads the domains of `<section name="directory">` elements.
    pub(crate) fn read<'t, 'e: 't>(
        sections: impl Iterator<Item = Node<'t, 'e>>,
        complaints: &mut Complaints<'t, 'e>,
    ) -> Self {
        let mut directory = Self::new();
        for node in sections.flat_map(elements) {
            if !node.has_tag_name("domain") {
                complaints.unknown_element(node, "a directory section");
                continue;
            }
            let Some(name) = node.attribute("name").filter(|name| !name.is_empty()) else {
                complaints.error(node, "a domain has no name");
                continue;
            };
            let mut reader = Reader {
                complaints: &mut *complaints,
                domain: Domain {
                    name: name.into(),
                    ..Domain::default()
                },
                pointers: Vec::new(),
                home: None,
            };
            reader.domain(node);
            reader.resolve_pointers();
            let domain = reader.domain;
            match directory.index.entry(name.to_ascii_lowercase().into()) {
                Entry::Vacant(place) => {
                    place.insert(directory.domains.len());
                    directory.domains.push(domain);
                }
                Entry::Occupied(_) => {
                    let message =
                        format!("domain {name:?} is defined a second time; the first one counts");
                    complaints.warn(node, message);
                }
            }
        }
        directory
    }
}

/// Reads one domain.
struct Reader<'r, 't, 'e> {
    complaints: &'r mut Complaints<'t, 'e>,
    domain: Domain,
    /// `type="pointer"`: place of the group, place among its members, id pointed to.
    pointers: Vec<(usize, usize, Node<'t, 'e>)>,
    /// The group being read.
    home: Option<usize>,
}

impl<'t, 'e> Reader<'_, 't, 'e> {
    fn domain(&mut self, node: Node<'t, 'e>) {
        for child in elements(node) {
            match child.tag_name().name() {
                "params" => self.domain.params = self.settings(child, "param"),
                "variables" => self.domain.variables = self.settings(child, "variable"),
                "groups" => {
                    for group in elements(child) {
                        if group.has_tag_name("group") {
                            self.group(group);
                        } else {
                            self.complaints.unknown_element(group, "groups");
                        }
                    }
                }
                "users" => self.users(child),
                "user" => self.user(child),
                _ => self.complaints.unknown_element(child, "a domain"),
            }
        }
    }

    fn group(&mut self, node: Node<'t, 'e>) {
        let name = node.attribute("name").unwrap_or_default();
        if name.is_empty() {
            return self.complaints.error(node, "a group has no name");
        }
        if self.domain.group(name).is_some() {
            self.complaints.warn(
                node,
                format!(
                    "group {name:?} is defined a second time; only the first one is found by name"
                ),
            );
        }
        self.home = Some(self.domain.groups.len());
        self.domain.groups.push(Group {
            name: name.into(),
            ..Group::default()
        });
        for child in elements(node) {
            match child.tag_name().name() {
                "params" => {
                    let settings = self.settings(child, "param");
                    self.current_group(|group| group.params = settings);
                }
                "variables" => {
                    let settings = self.settings(child, "variable");
                    self.current_group(|group| group.variables = settings);
                }
                "users" => self.users(child),
                "user" => self.user(child),
                _ => self.complaints.unknown_element(child, "a group"),
            }
        }
        self.current_group(|group| group.members.shrink_to_fit());
        self.home = None;
    }

    fn current_group(&mut self, change: impl FnOnce(&mut Group)) {
        if let Some(at) = self.home {
            change(&mut self.domain.groups[at]);
        }
    }

    fn users(&mut self, node: Node<'t, 'e>) {
        for child in elements(node) {
            if child.has_tag_name("user") {
                self.user(child);
            } else {
                self.complaints.unknown_element(child, "users");
            }
        }
    }

    fn user(&mut self, node: Node<'t, 'e>) {
        let id = node.attribute("id").unwrap_or_default();
        if id.is_empty() {
            return self.complaints.error(node, "a user has no id");
        }
        if node.attribute("type") == Some("pointer") {
            match self.home {
                Some(group) => {
                    self.pointers
                        .push((group, self.domain.groups[group].members.len(), node))
                }
                None => self
                    .complaints
                    .warn(node, "a pointer outside a group points for nobody"),
            }
            // Holds the place in the order; replaced or taken out once every user is known.
            self.current_group(|group| group.members.push(usize::MAX));
            return;
        }
        let mut user = User {
            id: id.into(),
            group: self.home,
            ..User::default()
        };
        for attribute in node.attributes().filter(|a| a.name() != "id") {
            user.attributes.set(attribute.name(), attribute.value());
        }
        for child in elements(node) {
            match child.tag_name().name() {
                "params" => user.params = self.settings(child, "param"),
                "variables" => user.variables = self.settings(child, "variable"),
                _ => self.complaints.unknown_element(child, "a user"),
            }
        }
        user.attributes.trim();
        let at = self.domain.users.len();
        match self.domain.by_id.entry(user.id.clone()) {
            Entry::Vacant(place) => {
                place.insert(at);
            }
            Entry::Occupied(first) => {
                let first = *first.get();
                self.current_group(|group| group.members.push(first));
                return self.complaints.warn(
                    node,
                    format!("user {id:?} is defined a second time; the first one counts"),
                );
            }
        }
        if let Some(number) = user
            .attributes
            .get("number-alias")
            .filter(|number| !number.is_empty())
        {
            self.domain.by_number.entry(number.into()).or_insert(at);
        }
        self.domain.users.push(user);
        self.current_group(|group| group.members.push(at));
    }

    fn settings(&mut self, node: Node<'t, 'e>, element: &str) -> Settings {
        let mut settings = Settings::new();
        for child in elements(node) {
            if !child.has_tag_name(element) {
                self.complaints
                    .unknown_element(child, node.tag_name().name());
                continue;
            }
            match child.attribute("name").filter(|name| !name.is_empty()) {
                Some(name) => settings.set(name, child.attribute("value").unwrap_or_default()),
                None => self
                    .complaints
                    .error(child, format!("a {element} has no name")),
            }
        }
        settings.trim();
        settings
    }

    fn resolve_pointers(&mut self) {
        for (group, place, node) in std::mem::take(&mut self.pointers) {
            let id = node.attribute("id").unwrap_or_default();
            match self.domain.by_id.get(id) {
                Some(&at) => self.domain.groups[group].members[place] = at,
                None => self.complaints.warn(
                    node,
                    format!("the pointer leads to no user {id:?} of this domain"),
                ),
            }
        }
        for group in &mut self.domain.groups {
            group.members.retain(|&at| at != usize::MAX);
        }
    }
}
