//! Questions about registrations (event-socket.md §6.7).

use std::sync::Arc;

use api::View;
use api::view::Registration;

/// What `sofia_contact` says when there is none.
const NOBODY: &str = "error/user_not_registered";

/// The registrations of `[<profile>/]<user>[@<domain>]`, oldest first; `*` and no profile mean any. An unknown
/// domain that is another name of a profile stands for the profile's.
fn of<'v>(view: &'v View, address: &str) -> impl Iterator<Item = &'v Arc<Registration>> {
    let (profile, address) = match address.trim().split_once('/') {
        Some((profile, address)) => (profile.to_owned(), address),
        None => ("*".to_owned(), address.trim()),
    };
    let (user, domain) = match address.split_once('@') {
        Some((user, domain)) => (user.to_owned(), Some(domain)),
        None => (
            address.to_owned(),
            view.directory.domains.first().map(|domain| &*domain.name),
        ),
    };
    let ours = domain.map(|name| {
        view.directory
            .domain(name)
            .map_or(name, |domain| &domain.name)
            .to_owned()
    });
    view.registrations.values().filter(move |registration| {
        (profile == "*"
            || profile.is_empty()
            || registration.profile.eq_ignore_ascii_case(&profile))
            && *registration.user == *user
            && ours
                .as_deref()
                .is_some_and(|domain| registration.domain.eq_ignore_ascii_case(domain))
    })
}

/// `sofia_contact`: a dial string.
pub(super) fn contact(view: &View, address: &str) -> String {
    let contacts: Vec<String> = of(view, address)
        .map(|registration| registration.dial_string())
        .collect();
    if contacts.is_empty() {
        NOBODY.into()
    } else {
        contacts.join(",")
    }
}

/// `sofia_count_reg`; −1 without an address.
pub(super) fn count(view: &View, address: &str) -> String {
    if address.trim().is_empty() {
        "-1".into()
    } else {
        of(view, address).count().to_string()
    }
}

/// `sofia_username_of`: the user name of the credentials.
pub(super) fn username_of(view: &View, address: &str) -> Option<String> {
    of(view, address)
        .next()
        .map(|registration| registration.auth_user.to_string())
}
