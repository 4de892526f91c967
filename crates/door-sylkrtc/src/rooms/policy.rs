//! Who may enter a room (sylkrtc.md §6.2, §4.2).

use crate::store::key;

/// Who may enter a room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessPolicy {
    /// Which list has the last word.
    pub order: AccessOrder,
    /// Who may.
    pub allow: Vec<Who>,
    /// Who may not.
    pub deny: Vec<Who>,
}

/// How the two lists go together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccessOrder {
    /// `allow, deny`: who is in `allow` and not in `deny`.
    AllowDeny,
    /// `deny, allow`: who is not in `deny`, or in `allow`.
    DenyAllow,
}

/// One item of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Who {
    /// Everybody.
    Everybody,
    /// One account, `user@host`.
    Account(String),
    /// All accounts of a domain.
    Domain(String),
}

/// How sure it is that somebody is who it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// It has proved that the account is its own.
    Proven,
    /// Its domain is one of guests: any name in it is as good as any other.
    Guest,
    /// Neither.
    Unknown,
}

impl Default for AccessPolicy {
    fn default() -> Self {
        Self {
            order: AccessOrder::AllowDeny,
            allow: vec![Who::Everybody],
            deny: Vec::new(),
        }
    }
}

impl AccessOrder {
    /// As configurations write it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let mut words = text.split(',').map(str::trim);
        match (words.next()?, words.next()?, words.next()) {
            ("allow", "deny", None) => Some(Self::AllowDeny),
            ("deny", "allow", None) => Some(Self::DenyAllow),
            _ => None,
        }
    }
}

impl Who {
    /// A list as configurations write it: addresses, domains, `all`, `any` or `*`; `none` is nobody. Words and domains
    /// in any case.
    pub fn list<'t>(items: impl Iterator<Item = &'t str>) -> Vec<Self> {
        items
            .filter_map(|item| match &*item.to_ascii_lowercase() {
                "" | "none" => None,
                "all" | "any" | "*" => Some(Self::Everybody),
                account if account.contains('@') => Some(Self::Account(key(item).to_string())),
                domain => Some(Self::Domain(domain.to_owned())),
            })
            .collect()
    }

    fn is(&self, account: &str) -> bool {
        match self {
            Self::Everybody => true,
            Self::Account(known) => known == account,
            Self::Domain(domain) => account
                .rsplit_once('@')
                .is_some_and(|(_, host)| host == domain),
        }
    }

    /// Whether a guest may count as it: of guests only the domain is known.
    fn may_be_guest(&self) -> bool {
        !matches!(self, Self::Account(_))
    }
}

impl AccessPolicy {
    /// Whether it keeps nobody out.
    pub(crate) fn is_open(&self) -> bool {
        let everybody = self.allow.contains(&Who::Everybody);
        match self.order {
            AccessOrder::AllowDeny => everybody && self.deny.is_empty(),
            AccessOrder::DenyAllow => everybody || self.deny.is_empty(),
        }
    }

    /// Whether `account` may enter. Whoever says to be somebody else than it is gets in nowhere.
    pub(crate) fn admits(&self, account: &str, standing: Standing) -> bool {
        let account = key(account);
        let allowed =
            |who: &&Who| who.is(&account) && (standing == Standing::Proven || who.may_be_guest());
        let allowed = self.allow.iter().any(|who| allowed(&who));
        let denied = self.deny.iter().any(|who| who.is(&account));
        let admitted = match self.order {
            AccessOrder::AllowDeny => allowed && !denied,
            AccessOrder::DenyAllow => !denied || allowed,
        };
        admitted && standing != Standing::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(order: &str, allow: &str, deny: &str) -> AccessPolicy {
        let list = |text: &str| Who::list(text.split(',').map(str::trim));
        AccessPolicy {
            order: AccessOrder::parse(order).unwrap(),
            allow: list(allow),
            deny: list(deny),
        }
    }

    #[test]
    fn the_truth_table() {
        let (alice, carol) = ("alice@example.org", "carol@example.net");
        // Order, allow, deny; whether Alice and Carol may.
        for (order, allow, deny, expected) in [
            ("allow, deny", "all", "none", [true, true]),
            ("allow, deny", "none", "none", [false, false]),
            ("allow, deny", "all", "all", [false, false]),
            ("allow, deny", "all", "example.org", [false, true]),
            ("allow, deny", "example.org", "none", [true, false]),
            ("allow, deny", "any", alice, [false, true]),
            ("allow, deny", "example.org", alice, [false, false]),
            ("deny, allow", "all", "none", [true, true]),
            ("deny, allow", "none", "none", [true, true]),
            ("deny, allow", "all", "all", [true, true]),
            ("deny, allow", "none", "*", [false, false]),
            ("deny, allow", "carol@example.net", "all", [false, true]),
            ("deny, allow", "example.org", "all", [true, false]),
            ("deny,allow", "none", "carol@Example.NET", [true, false]),
            ("Deny, Allow", "None", "All", [false, false]),
            ("Allow, Deny", "ANY", "Example.ORG", [false, true]),
        ] {
            let policy = policy(order, allow, deny);
            let admitted = [alice, carol].map(|who| policy.admits(who, Standing::Proven));
            assert_eq!(admitted, expected, "{order} / {allow} / {deny}");
        }
    }

    #[test]
    fn open_is_what_keeps_nobody_out() {
        for (order, allow, deny, expected) in [
            ("allow, deny", "all", "none", true),
            ("allow, deny", "all", "carol@example.net", false),
            ("allow, deny", "example.org", "none", false),
            ("deny, allow", "none", "none", true),
            ("deny, allow", "all", "all", true),
            ("deny, allow", "example.org", "all", false),
        ] {
            let open = policy(order, allow, deny).is_open();
            assert_eq!(open, expected, "{order} / {allow} / {deny}");
        }
    }

    #[test]
    fn names_count_only_when_proven() {
        let by_name = policy("deny, allow", "carol@guest.example.org", "all");
        assert!(by_name.admits("carol@guest.example.org", Standing::Proven));
        assert!(!by_name.admits("carol@guest.example.org", Standing::Guest));
        let by_domain = policy("deny, allow", "guest.example.org", "all");
        assert!(by_domain.admits("carol@guest.example.org", Standing::Guest));
        let open = AccessPolicy::default();
        assert!(open.admits("x@guest.example.org", Standing::Guest));
        assert!(!open.admits("x@example.org", Standing::Unknown));
        let nobody_denied = policy("deny, allow", "none", "none");
        assert!(!nobody_denied.admits("x@example.org", Standing::Unknown));
    }

    #[test]
    fn what_is_no_order_is_none() {
        for text in [
            "",
            "allow",
            "allow deny",
            "deny, allow, deny",
            "allow, allow",
        ] {
            assert_eq!(AccessOrder::parse(text), None, "{text}");
        }
    }
}
