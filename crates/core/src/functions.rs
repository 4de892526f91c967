//! API functions that may stand in `${…}` (event-socket.md §6.2). Those that need to change or wait for anything
//! are console commands and not found here.

mod compare;
mod registered;
mod text;

use crate::channel::Scope;
use crate::lookup::Lookup as _;
use std::cell::RefCell;

/// The time in a format of `strftime`, in its zone; `None` when the format means nothing.
pub(crate) fn formatted(at: &jiff::Zoned, format: &str) -> Option<String> {
    text::print(at, format)
}

/// The answer of a function; `None` when there is none of that name.
pub(crate) fn call(scope: &Scope<'_>, function: &str, arguments: &str) -> Option<String> {
    Some(match function.to_ascii_lowercase().as_str() {
        "strftime" => text::strftime(&scope.now, arguments).unwrap_or_default(),
        "strftime_tz" => text::strftime_tz(&scope.now, arguments)
            .unwrap_or_else(|| "-ERR Invalid timezone/format".into()),
        "strepoch" if arguments.is_empty() => scope.now.timestamp().as_second().to_string(),
        "strmicroepoch" if arguments.is_empty() => {
            scope.now.timestamp().as_microsecond().to_string()
        }
        "cond" => compare::cond(arguments).unwrap_or_default(),
        "regex" => compare::regex(arguments).unwrap_or_else(|| "-ERR".into()),
        "toupper" => arguments.to_ascii_uppercase(),
        "tolower" => arguments.to_ascii_lowercase(),
        "url_encode" => text::url_encode(arguments),
        "url_decode" => text::url_decode(arguments),
        "say_string" => {
            crate::script::app::say::as_string(arguments, &scope.now).unwrap_or_default()
        }
        "echo" => arguments.to_owned(),
        "quote_shell_arg" => format!("'{}'", arguments.replace('\'', "'\\''")),
        "sql_escape" => arguments.replace('\'', "''"),
        "hostname" | "switchname" => global(scope, "hostname"),
        "global_getvar" => global(scope, arguments.trim()),
        "user_exists" => user_exists(scope, arguments).to_string(),
        "user_data" => user_data(scope, arguments).unwrap_or_default(),
        "domain_exists" if !arguments.trim().is_empty() => scope
            .view
            .directory
            .domain(arguments.trim())
            .is_some()
            .to_string(),
        "db" => db(scope, arguments),
        "group" => group(scope, arguments),
        "hash" => hash(scope, arguments),
        "limit_usage" => limit_usage(scope, arguments)?.to_string(),
        "domain_data" => domain_data(scope, arguments).unwrap_or_default(),
        "in_group" => in_group(scope, arguments).to_string(),
        "sofia_contact" => registered::contact(scope.view, arguments),
        "sofia_gateway_data" => gateway_data(scope, arguments),
        "sofia_count_reg" => registered::count(scope.view, arguments),
        "sofia_username_of" => registered::username_of(scope.view, arguments).unwrap_or_default(),
        "uuid_exists" => scope.view.channel(arguments.trim()).is_some().to_string(),
        "uuid_getvar" => uuid_getvar(scope, arguments)?,
        _ => return None,
    })
}

fn global(scope: &Scope<'_>, name: &str) -> String {
    scope
        .view
        .globals
        .get(name)
        .map(|value| value.to_string())
        .unwrap_or_default()
}

/// `uuid_getvar <uuid> <name>`; `_undef_` when unset.
fn uuid_getvar(scope: &Scope<'_>, arguments: &str) -> Option<String> {
    let (id, name) = arguments.trim().split_once(' ')?;
    let Some(channel) = scope.view.channel(id) else {
        return Some("-ERR No such channel!".into());
    };
    let other = Scope {
        channel: Some(channel),
        view: scope.view,
        now: scope.now.clone(),
        called: RefCell::default(),
    };
    Some(
        other
            .variable(name.trim())
            .map_or_else(|| "_undef_".into(), |value| value.into_owned()),
    )
}

/// `sofia_gateway_data <gateway> ivar|ovar|var <name>`
fn gateway_data(scope: &Scope<'_>, arguments: &str) -> String {
    let words: Vec<&str> = arguments.split_ascii_whitespace().collect();
    let known = match words.as_slice() {
        [name, which, variable] => match scope.view.gateway(name) {
            None => return "Invalid Gateway!\n".to_owned(),
            Some((_, gateway)) => gateway.variable(which, variable),
        },
        _ => None,
    };
    known.map_or_else(
        || "-USAGE: <gateway_name> [ivar|ovar|var] <name>\n".to_owned(),
        |value| value.to_string(),
    )
}

/// `user_exists id <user> <domain>`
fn user_exists(scope: &Scope<'_>, arguments: &str) -> bool {
    let words: Vec<&str> = arguments.split_ascii_whitespace().collect();
    match words.as_slice() {
        ["id", user, domain, ..] => scope.view.directory.user(domain, user).is_some(),
        _ => false,
    }
}

/// A `user@domain`; without a domain that of the first one configured.
fn split_address<'a>(scope: &'a Scope<'_>, address: &'a str) -> Option<(&'a str, &'a str)> {
    match address.split_once('@') {
        Some((user, domain)) => Some((user, domain)),
        None => Some((address, &scope.view.directory.domains.first()?.name)),
    }
}

/// `user_data <user>@<domain> var|param|attr <name>`
fn user_data(scope: &Scope<'_>, arguments: &str) -> Option<String> {
    let mut words = arguments.split_ascii_whitespace();
    let (user, domain) = split_address(scope, words.next()?)?;
    let user = scope.view.directory.user(domain, user)?;
    let (kind, name) = (words.next()?, words.next()?);
    match kind {
        "var" => user.variable(name),
        "param" => user.param(name),
        "attr" => user.attribute(name),
        _ => None,
    }
    .map(str::to_owned)
}

/// `domain_data <domain> var|param|attr <name>`
fn domain_data(scope: &Scope<'_>, arguments: &str) -> Option<String> {
    let mut words = arguments.split_ascii_whitespace();
    let domain = scope.view.directory.domain(words.next()?)?;
    let (kind, name) = (words.next()?, words.next()?);
    let pairs = match kind {
        "var" => &domain.variables,
        "param" => &domain.params,
        "attr" if name == "name" => return Some(domain.name.to_string()),
        _ => return None,
    };
    pairs
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.to_string())
}

/// `select/<realm>/<key>`; what changes values cannot stand in an expression.
fn hash(scope: &Scope<'_>, arguments: &str) -> String {
    let value = || {
        let (realm, key) = arguments.trim().strip_prefix("select/")?.split_once('/')?;
        let key = (realm.into(), key.into());
        scope.view.tables.hash.get(&key)
    };
    value().map(|value| value.to_string()).unwrap_or_default()
}

/// What reads in `db`; what changes values cannot stand in an expression.
fn db(scope: &Scope<'_>, arguments: &str) -> String {
    let tables = &scope.view.tables;
    tables.ask_db(arguments).unwrap_or_else(|| "!err!".into())
}

/// `call:<group>[:order]`
fn group(scope: &Scope<'_>, arguments: &str) -> String {
    let tables = &scope.view.tables;
    tables
        .ask_group(arguments)
        .unwrap_or_else(|| "!err!".into())
}

/// `<backend> <realm> <id> [rate]`
fn limit_usage(scope: &Scope<'_>, arguments: &str) -> Option<u32> {
    let mut words = arguments.split_ascii_whitespace();
    words.next()?;
    let key = (words.next()?.into(), words.next()?.into());
    let usage = scope.view.tables.limits.get(&key);
    let wants_rate = words.next() == Some("rate");
    Some(usage.map_or(0, |usage| if wants_rate { usage.rate } else { usage.used }))
}

/// `in_group <user>[@<domain>] <group>`
fn in_group(scope: &Scope<'_>, arguments: &str) -> bool {
    let find = || {
        let mut words = arguments.split_ascii_whitespace();
        let (user, domain) = split_address(scope, words.next()?)?;
        let group = words.next()?;
        let user = scope.view.directory.user(domain, user)?;
        Some(user.groups.iter().any(|name| &**name == group))
    };
    find().unwrap_or(false)
}

#[cfg(test)]
mod tests;
