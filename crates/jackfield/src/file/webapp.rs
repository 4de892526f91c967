//! `[door.webapp]`: web applications that say what calls do.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use door_webapp::{Application, Config, ConfigError, Host, Secret};
use net::HttpUrl;

use super::schema::count;
use super::toml_tree::{Source, Table};

/// Most tries after the first.
const MOST_RETRIES: u64 = 10;

/// What the section says; `None` where it says nothing.
#[derive(Default)]
pub(super) struct Section {
    hosts: Option<Vec<Host>>,
    applications: Vec<(usize, Application)>,
    ca: Option<PathBuf>,
    connect_time: Option<Duration>,
    request_time: Option<Duration>,
    answer_time: Option<Duration>,
    retries: Option<u64>,
    retry_pause: Option<Duration>,
    max_answer: Option<usize>,
    max_requests: Option<u64>,
    call_time: Option<Duration>,
    max_calls: Option<usize>,
    max_farewells: Option<usize>,
}

/// Reads the section.
pub(super) fn read(mut table: Table<'_>, source: &Source) -> Section {
    let hosts = "hosts, as \"ivr.example\", \"ivr.example:8000\" or \"[::1]\"";
    let section = Section {
        hosts: table.list("hosts", hosts, Host::parse),
        applications: applications(&mut table, source),
        ca: table.path("ca"),
        connect_time: table.duration("connect_time"),
        request_time: table.duration("request_time"),
        answer_time: table.duration("answer_time"),
        retries: table.number("retries", 0, MOST_RETRIES),
        retry_pause: table.duration("retry_pause"),
        max_answer: table.bytes("max_answer"),
        max_requests: table.number("max_requests", 1, u64::from(u32::MAX)),
        call_time: table.duration("call_time"),
        max_calls: count(&mut table, "max_calls", 1),
        max_farewells: count(&mut table, "max_farewells", 1),
    };
    table.finish();
    section
}

/// `[[door.webapp.application]]`, each with where it starts.
fn applications(table: &mut Table<'_>, source: &Source) -> Vec<(usize, Application)> {
    let mut applications = Vec::new();
    for (offset, mut table) in table.tables("application") {
        let name = table.text("name");
        let address = "an address with http:// or https://, without a password in it";
        let url = table.parsed("url", address, |text| HttpUrl::parse(text).ok());
        let secret = table.secret("secret");
        table.finish();
        match (name, url) {
            (Some(name), Some(url)) => applications.push((
                offset,
                Application {
                    name,
                    url: url.value,
                    secret: secret.map(|at| Secret::new(at.value)),
                },
            )),
            _ => source.complain(offset, "door.webapp.application: needs name and url"),
        }
    }
    applications
}

/// What the door is opened with; relative paths begin at `folder`.
pub(super) fn convert(section: Section, folder: &Path, source: &Source) -> Config {
    let Section {
        hosts,
        applications,
        ca,
        connect_time,
        request_time,
        answer_time,
        retries,
        retry_pause,
        max_answer,
        max_requests,
        call_time,
        max_calls,
        max_farewells,
    } = section;
    let places: Vec<(usize, String)> = applications
        .iter()
        .map(|(offset, application)| (*offset, application.name.clone()))
        .collect();
    let usual = Config::default();
    let number = |given: Option<u64>| given.and_then(|number| u32::try_from(number).ok());
    let config = Config {
        hosts: hosts.unwrap_or(usual.hosts),
        applications: applications.into_iter().map(|(_, a)| Arc::new(a)).collect(),
        authorities: ca.map(|path| folder.join(path)),
        connect_time: connect_time.unwrap_or(usual.connect_time),
        request_time: request_time.unwrap_or(usual.request_time),
        answer_time: answer_time.unwrap_or(usual.answer_time),
        retries: number(retries).unwrap_or(usual.retries),
        retry_pause: retry_pause.unwrap_or(usual.retry_pause),
        max_answer: max_answer.unwrap_or(usual.max_answer),
        max_requests: number(max_requests).unwrap_or(usual.max_requests),
        call_time: call_time.unwrap_or(usual.call_time),
        max_calls: max_calls.unwrap_or(usual.max_calls),
        max_farewells: max_farewells.unwrap_or(usual.max_farewells),
    };
    if let Err(error) = config.check() {
        let named = match &error {
            ConfigError::Name(name) | ConfigError::ShortSecret(name) => Some(name),
            ConfigError::TooMany | ConfigError::Zero(_) => None,
        };
        let at = named.and_then(|name| places.iter().rfind(|(_, n)| n == name));
        let offset = at.map_or(0, |(offset, _)| *offset);
        source.complain(offset, format!("door.webapp: {error}"));
    }
    config
}
