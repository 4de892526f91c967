//! XML directory: domains, their groups and users, and what is set for each.
//!
//! A [`Directory`] is read once and immutable. Params and variables are kept where they were written; a
//! [`UserView`] looks through user, group and domain in this order, so that a hundred thousand users do not
//! carry a hundred thousand copies of the domain's settings.

mod domain;
mod group;
mod settings;
mod user;
mod xml;

pub use domain::{Directory, Domain, ListFilter, ListedUser};
pub(crate) use group::one_leg;
pub use group::{Group, RingOrder};
pub use settings::Settings;
pub use user::{Credential, UserView};

/// Reads untrusted bytes as a directory and asks it the usual questions. Bounded; never panics.
pub fn fuzz_entry(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok((directory, _)) = Directory::from_text(&text) else {
        return;
    };
    for listed in directory.list(&ListFilter::default()) {
        let user = listed.user;
        assert!(
            user.params()
                .all(|(name, value)| user.param(name) == Some(value)),
            "the merged list and the single question agree"
        );
        assert!(
            directory.user(user.domain_name(), user.id()).is_some(),
            "a listed user can be found"
        );
    }
}

#[cfg(test)]
mod tests;
