//! Statuses a server offers to people (event-api.md §5.1 `userCreated`, §9 `status`): whoever takes one of them has not made it up.

use api::view::StatusType;

/// Most that may be configured: they are in every answer to somebody who signs in.
pub const MAX_STATUSES: usize = 100;

/// One of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OfferedStatus {
    /// What it is called, as `Lunch`.
    pub name: String,
    /// What it is shown as.
    pub kind: StatusType,
}

/// Finds what makes no sense: the name of one that is there twice or has none.
pub(crate) fn check(statuses: &[OfferedStatus]) -> Option<String> {
    let mut seen = std::collections::BTreeSet::new();
    let mut names = statuses.iter().map(|status| status.name.as_str());
    names
        .find(|name| name.is_empty() || !seen.insert(*name))
        .map(str::to_owned)
}

/// Whether it is one of those, and not one that somebody made up.
pub(crate) fn is_offered(statuses: &[OfferedStatus], name: &str, kind: StatusType) -> bool {
    statuses
        .iter()
        .any(|offered| offered.name == name && offered.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(name: &str, kind: StatusType) -> OfferedStatus {
        OfferedStatus {
            name: name.to_owned(),
            kind,
        }
    }

    #[test]
    fn names_are_there_once() {
        let lunch = offered("Lunch", StatusType::Away);
        let again = offered("Lunch", StatusType::Chat);
        let nameless = offered("", StatusType::Chat);
        assert_eq!(check(std::slice::from_ref(&lunch)), None);
        assert_eq!(check(&[lunch.clone(), again]), Some("Lunch".to_owned()));
        assert_eq!(check(&[lunch.clone(), nameless]), Some(String::new()));
        let all = [lunch];
        assert!(is_offered(&all, "Lunch", StatusType::Away));
        assert!(!is_offered(&all, "Lunch", StatusType::Chat));
        assert!(!is_offered(&all, "lunch", StatusType::Away));
    }
}
