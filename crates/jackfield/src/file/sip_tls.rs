//! TLS of the SIP profiles: `sofia.conf` as FreeSWITCH has it, and `[[sip.profile]]` over it.

use std::net::SocketAddr;
use std::path::PathBuf;

use embedded::SipTls;
use net::tls::{Passphrase, TlsSource, Trust};
use switch_core::config::ProfileConfig;
use switch_core::config_xml::ModuleXml;

use super::module_params::{Module, Param, children};
use super::problem::Problem;
use super::schema::{Listen, SipProfile, listen_or_off};
use super::tls::{self, Place};
use super::toml_tree::{Source, Table};

/// Where SIP over TLS listens unless a file says otherwise (RFC 3261 §19.1.2).
const SIPS_PORT: u16 = 5061;

/// Certificate and key of a profile, and the authorities it believes, in `tls-cert-dir`.
const PAIR: &str = "agent.pem";
const AUTHORITIES: &str = "cafile.pem";

/// What a section of the configuration file says; `None` where it says nothing.
#[derive(Default)]
pub(super) struct Section {
    listen: Option<Listen>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    verify: Option<bool>,
    authorities: Option<PathBuf>,
}

/// Reads those keys of a section.
pub(super) fn read(table: &mut Table<'_>) -> Section {
    Section {
        listen: listen_or_off(table, "tls_listen"),
        certificate: table.path("certificate"),
        key: table.path("key"),
        verify: table.boolean("verify"),
        authorities: table.path("authorities"),
    }
}

/// Whether a parameter of `sofia.conf` is read here.
pub(super) fn is_param(name: &str) -> bool {
    name == "tls" || name.starts_with("tls-")
}

/// TLS of the profiles, as the XML has it.
pub(super) fn of_xml(
    xml: &ModuleXml,
    profiles: &[ProfileConfig],
    place: Place<'_>,
    problems: &mut Vec<Problem>,
    notes: &mut Vec<Problem>,
) -> Vec<SipTls> {
    // What is wrong with all of it is said where the profiles are read.
    let Ok(module) = Module::parse(xml) else {
        return Vec::new();
    };
    let mut found: Vec<SipTls> = Vec::new();
    for node in children(module.root(), "profiles").flat_map(|list| children(list, "profile")) {
        let name = node.attribute("name").unwrap_or_default();
        let Some(profile) = profiles.iter().find(|profile| *profile.name == *name) else {
            continue;
        };
        let params = module.params(node, "settings");
        let is_on = |param: &Param| param.name == "tls" && param.is_true();
        if found.iter().any(|other| other.profile == profile.name) || !params.iter().any(is_on) {
            continue;
        }
        let mut tls = Xml::default();
        for param in params.iter().filter(|param| is_param(&param.name)) {
            tls.take(param, problems, notes);
        }
        found.push(tls.convert(profile, place, notes));
    }
    found
}

/// The parameters of one profile.
#[derive(Default)]
struct Xml {
    port: Option<u16>,
    folder: Option<(PathBuf, Problem)>,
    passphrase: Option<Passphrase>,
    verify: Option<bool>,
}

impl Xml {
    fn take(&mut self, param: &Param, problems: &mut Vec<Problem>, notes: &mut Vec<Problem>) {
        let value = param.value.trim();
        let note = |what: String| Problem::at(param.origin.clone(), what);
        match param.name.as_str() {
            "tls" => {}
            "tls-sip-port" => self.port = param.number(problems),
            "tls-cert-dir" if !value.is_empty() => {
                let what = format!(
                    "tls-cert-dir: no {PAIR} in {value}; a self-signed certificate is shown"
                );
                self.folder = Some((value.into(), note(what)));
            }
            "tls-passphrase" if !value.is_empty() => {
                self.passphrase = Some(Passphrase::new(value));
            }
            "tls-verify-policy" => {
                let words: Vec<&str> = value.split('|').map(str::trim).collect();
                let checks_others =
                    |word: &&str| matches!(*word, "out" | "all" | "subjects_out" | "subjects_all");
                self.verify = Some(words.iter().any(checks_others));
                if words
                    .iter()
                    .any(|word| !matches!(*word, "none" | "out" | "subjects_out"))
                {
                    let what = format!(
                        "tls-verify-policy = {value}: nobody who connects is asked for a certificate"
                    );
                    notes.push(note(what));
                }
            }
            "tls-cert-dir" | "tls-passphrase" => {}
            // What we do anyway.
            "tls-bind-params" if value.eq_ignore_ascii_case("transport=tls") => {}
            "tls-only" if !param.is_true() => {}
            "tls-verify-date" if param.is_true() => {}
            other => notes.push(note(format!("{other} = {value} has no effect here"))),
        }
    }

    fn convert(
        self,
        profile: &ProfileConfig,
        place: Place<'_>,
        notes: &mut Vec<Problem>,
    ) -> SipTls {
        let mut certificate = tls::self_signed(place);
        let mut authorities = None;
        if let Some((folder, missing)) = self.folder {
            let pair = folder.join(PAIR);
            if pair.exists() {
                certificate = TlsSource::GuardedFiles {
                    certificate: pair.clone(),
                    key: pair,
                    passphrase: self.passphrase,
                    rsa_only: false,
                };
            } else {
                notes.push(missing);
            }
            authorities = Some(folder.join(AUTHORITIES)).filter(|file| file.exists());
        }
        SipTls {
            profile: profile.name.clone(),
            listen: SocketAddr::new(profile.sip.ip(), self.port.unwrap_or(SIPS_PORT)),
            certificate,
            trust: match (self.verify, authorities) {
                (Some(false), _) => Trust::Anybody,
                (Some(true) | None, Some(file)) => Trust::Authorities(file),
                (Some(true) | None, None) => Trust::WellKnown,
            },
        }
    }
}

/// Puts a section over what the XML says. `profiles` are as the XML has them: TLS of the XML belongs to its address, so a
/// profile that is moved says itself where TLS is.
pub(super) fn overlay(
    secure: &mut Vec<SipTls>,
    profiles: &[ProfileConfig],
    section: &SipProfile,
    place: Place<'_>,
    source: &Source,
) {
    let before = secure.iter().position(|tls| *tls.profile == *section.name);
    let before = before.map(|index| secure.remove(index));
    let profile = profiles.iter().find(|one| *one.name == *section.name);
    let is_moved = section
        .listen
        .is_some_and(|listen| profile.is_none_or(|profile| profile.sip != listen));
    let said = &section.tls;
    let listen = match (said.listen, &before) {
        (Some(Listen::On(address)), _) => Some(address),
        (None, Some(before)) if !is_moved => Some(before.listen),
        (Some(Listen::Off) | None, _) => None,
    };
    let complain = |what: &str| source.complain(section.offset, format!("sip.profile: {what}"));
    let Some(listen) = listen else {
        let says_more = said.certificate.is_some()
            || said.key.is_some()
            || said.verify.is_some()
            || said.authorities.is_some();
        if says_more {
            complain("certificate, key, verify and authorities need tls_listen");
        }
        return;
    };
    let names_none = said.certificate.is_none() && said.key.is_none();
    let pair = tls::source(said.certificate.as_ref(), said.key.as_ref(), place);
    if pair.is_none() {
        complain("certificate and key go together");
    }
    let (shown, trusted) = before.map(|tls| (tls.certificate, tls.trust)).unzip();
    let certificate = if names_none { shown.or(pair) } else { pair };
    let trust = match (said.verify, &said.authorities) {
        (Some(false), None) => Trust::Anybody,
        (Some(false), Some(_)) => {
            complain("authorities say whom to believe, and verify = false believes everybody");
            Trust::Anybody
        }
        (Some(true) | None, Some(path)) => Trust::Authorities(place.folder.join(path)),
        (Some(true), None) => trusted
            .filter(|trust| *trust != Trust::Anybody)
            .unwrap_or(Trust::WellKnown),
        (None, None) => trusted.unwrap_or(Trust::WellKnown),
    };
    secure.extend(certificate.map(|certificate| SipTls {
        profile: section.name.as_str().into(),
        listen,
        certificate,
        trust,
    }));
}

#[cfg(test)]
#[path = "sip_tls_tests.rs"]
mod tests;
