//! Accounts: which user of the directory an address of record means.

use std::sync::Arc;

use api::view::DirectoryUser;
use sip::auth::{Algorithm, Ha1};

use crate::Switch;
use crate::config::ProfileConfig;

/// A user with the names it was addressed by.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) user: Arc<DirectoryUser>,
    /// Its domain as the directory writes it.
    pub(crate) domain: Arc<str>,
    /// The realm it proves itself for.
    pub(crate) realm: Arc<str>,
}

/// The key of an address of record.
pub(crate) fn address(user: &str, domain: &str) -> Arc<str> {
    format!("{user}@{domain}").into()
}

impl Account {
    pub(crate) fn address(&self) -> Arc<str> {
        address(&self.user.id, &self.domain)
    }

    /// How the directory wants the user called, where that is not simply where it is registered.
    pub(crate) fn own_dial_string(&self) -> Option<&str> {
        self.user
            .param("dial-string")
            .filter(|text| !text.contains("sofia_contact"))
    }
}

/// The HA1 of a user for a realm: from `a1-hash` where there is one (good for the directory's own domain only), or
/// else made from `password`. `None`: the user cannot prove itself that way.
pub(crate) fn ha1(user: &DirectoryUser, realm: &str, algorithm: Algorithm) -> Option<Ha1> {
    let given = |name| user.param(name).filter(|value| !value.is_empty());
    if let Some(hash) = given("a1-hash") {
        return user
            .domain
            .eq_ignore_ascii_case(realm)
            .then(|| Ha1::from_hex(algorithm, hash))
            .flatten();
    }
    given("password").map(|password| Ha1::new(algorithm, &user.id, realm, password))
}

/// What a user is challenged with. Old phones fail on what they cannot read, so SHA-256 is offered only to users
/// whose param `auth-algorithm` names it (`SHA-256`, or both in the order of preference; RFC 8760 §2.4).
pub(crate) fn algorithms(user: Option<&DirectoryUser>) -> Vec<Algorithm> {
    let named: Vec<Algorithm> = user
        .and_then(|user| user.param("auth-algorithm"))
        .into_iter()
        .flat_map(|list| list.split(','))
        .filter_map(|name| Algorithm::parse(Some(name.trim())))
        .collect();
    if named.is_empty() {
        vec![Algorithm::Md5]
    } else {
        named
    }
}

impl Switch {
    /// The domain of the directory that a host name stands for: itself, or the profile's first one when the name is
    /// the profile's own address or one of its domains. `None`: not ours.
    pub(crate) fn domain_of(&self, profile: &ProfileConfig, host: &str) -> Option<Arc<str>> {
        let directory = &self.view.directory;
        if let Some(domain) = directory.domain(host) {
            return Some(domain.name.clone());
        }
        let is_profile = profile
            .domains
            .iter()
            .any(|name| name.eq_ignore_ascii_case(host))
            || host
                .parse()
                .is_ok_and(|ip: std::net::IpAddr| ip == profile.sip.ip());
        if !is_profile {
            return None;
        }
        let known = profile
            .domains
            .iter()
            .find_map(|name| directory.domain(name));
        known
            .or_else(|| directory.domains.first())
            .map(|domain| domain.name.clone())
    }

    /// What a domain of the directory may be called: by its own name, and by those of profiles that stand for it.
    pub(crate) fn names_of_domain(&self, domain: &Arc<str>) -> Vec<Arc<str>> {
        let mut names = vec![domain.clone()];
        for profile in &self.config.profiles {
            let stands_for =
                |name: &&Arc<str>| self.domain_of(profile, name).as_ref() == Some(domain);
            names.extend(profile.domains.iter().filter(stands_for).cloned());
        }
        names
    }

    /// The account of a user in a domain, under any of the domain's names.
    pub(crate) fn account(&self, domain: &str, user: &str) -> Option<Account> {
        let of_profile = || {
            self.config
                .profiles
                .iter()
                .find_map(|profile| self.domain_of(profile, domain))
        };
        let domain = match self.view.directory.domain(domain) {
            Some(known) => known.name.clone(),
            None => of_profile()?,
        };
        let user = self.view.directory.user(&domain, user)?.clone();
        Some(Account {
            user,
            realm: domain.clone(),
            domain,
        })
    }
}
