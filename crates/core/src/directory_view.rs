//! The directory as views show it: what domain and groups give is merged into each user.

use std::collections::HashMap;
use std::sync::Arc;

use api::view::{Directory, DirectoryUser, Domain, Group};

use crate::directory;

/// Texts that many users share, once each.
#[derive(Default)]
struct Shared(HashMap<Box<str>, Arc<str>>);

impl Shared {
    fn text(&mut self, text: &str) -> Arc<str> {
        match self.0.get(text) {
            Some(known) => known.clone(),
            None => {
                let new: Arc<str> = text.into();
                self.0.insert(text.into(), new.clone());
                new
            }
        }
    }

    fn pairs<'t>(
        &mut self,
        pairs: impl Iterator<Item = (&'t str, &'t str)>,
    ) -> Vec<(Arc<str>, Arc<str>)> {
        pairs
            .map(|(name, value)| (self.text(name), self.text(value)))
            .collect()
    }
}

/// The picture of a directory that was just loaded.
pub(crate) fn directory(loaded: &directory::Directory) -> Directory {
    let mut shared = Shared::default();
    Directory {
        domains: loaded
            .domains()
            .map(|one| domain(one, &mut shared))
            .collect(),
    }
}

fn domain(loaded: &directory::Domain, shared: &mut Shared) -> Domain {
    let name = shared.text(loaded.name());
    let groups: Vec<Group> = loaded
        .groups()
        .map(|group| Group {
            name: shared.text(group.name()),
            users: loaded
                .group_members(group.name())
                .into_iter()
                .flatten()
                .map(|user| shared.text(user.id()))
                .collect(),
        })
        .collect();
    let mut groups_of: HashMap<Arc<str>, Vec<Arc<str>>> = HashMap::new();
    for group in &groups {
        for user in &group.users {
            groups_of
                .entry(user.clone())
                .or_default()
                .push(group.name.clone());
        }
    }
    let mut users = Vec::new();
    let mut index = HashMap::new();
    for user in loaded.users() {
        let id = shared.text(user.id());
        index.insert(id.clone(), users.len());
        let mut attributes = vec![(shared.text("id"), id.clone())];
        if let Some(number) = user.attribute("number-alias") {
            attributes.push((shared.text("number-alias"), shared.text(number)));
        }
        for name in ["cidr", "mailbox", "cacheable", "type"] {
            if let Some(value) = user.attribute(name) {
                attributes.push((shared.text(name), shared.text(value)));
            }
        }
        users.push(Arc::new(DirectoryUser {
            domain: name.clone(),
            attributes,
            params: shared.pairs(user.params()),
            variables: shared.pairs(user.variables()),
            groups: groups_of.remove(&id).unwrap_or_default(),
            id,
        }));
    }
    // An id always wins over another user's alias.
    for (at, user) in users.iter().enumerate() {
        if let Some(number) = user
            .attribute("number-alias")
            .filter(|number| !number.is_empty())
        {
            index.entry(number.into()).or_insert(at);
        }
    }
    Domain {
        name,
        aliases: Vec::new(),
        users,
        index,
        groups,
        params: shared.pairs(loaded.params().iter()),
        variables: shared.pairs(loaded.variables().iter()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_carry_what_holds_for_them() {
        let (loaded, _) = directory::Directory::from_text(
            r#"<domain name="d"><params><param name="dial-string" value="x"/></params>
               <variables><variable name="area" value="918"/></variables>
               <groups><group name="sales"><users>
                 <user id="1000" number-alias="77"><params><param name="password" value="p"/></params>
                   <variables><variable name="area" value="1"/></variables></user>
               </users></group><group name="all"><users><user id="1000" type="pointer"/></users></group></groups></domain>"#,
        )
        .unwrap();
        let view = directory(&loaded);
        let user = view.user("D", "77").unwrap();
        assert_eq!((&*user.id, user.param("dial-string")), ("1000", Some("x")));
        assert_eq!(
            (user.param("password"), user.variable("area")),
            (Some("p"), Some("1"))
        );
        assert_eq!(
            user.groups.iter().map(|g| &**g).collect::<Vec<_>>(),
            ["sales", "all"]
        );
        assert_eq!(user.attribute("number-alias"), Some("77"));
        assert_eq!(&*view.domain("d").unwrap().groups[1].users[0], "1000");
        assert!(view.user("d", "1001").is_none() && view.user("e", "1000").is_none());
    }
}
