//! Domains, what the directory says of users in XML, and who is in which group (event-socket.md §6.8; golden
//! api-08-directory).

use super::call::Call;
use super::directory::{NOT_REGISTERED, find_user, split_address};
use crate::serialise::xml::write_text;
use api::view::DirectoryUser;
use std::sync::Arc;

/// `<domain>`
pub(super) async fn domain_exists(call: &Call<'_>) -> String {
    if call.args.is_empty() {
        return String::new();
    }
    call.view()
        .directory
        .domain(call.args)
        .is_some()
        .to_string()
}

/// `<domain> var|param|attr <name>`
pub(super) async fn domain_data(call: &Call<'_>) -> String {
    let words = call.words();
    let [domain, kind, name, ..] = words.as_slice() else {
        return String::new();
    };
    let view = call.view();
    let Some(domain) = view.directory.domain(domain) else {
        return String::new();
    };
    let last = |list: &[(Arc<str>, Arc<str>)]| {
        let mut found = list.iter().rev();
        let found = found.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_string())
    };
    let value = match kind.as_str() {
        "var" => last(&domain.variables),
        "param" => last(&domain.params),
        "attr" if name == "name" => Some(domain.name.to_string()),
        _ => None,
    };
    value.unwrap_or_default()
}

/// `<user>[@<domain>] <group>`
pub(super) async fn in_group(call: &Call<'_>) -> String {
    let words = call.words();
    let is_in = match words.as_slice() {
        [address, group, ..] => {
            let view = call.view();
            split_address(&view, address).is_some_and(|(id, domain)| {
                let domain = view.directory.domain(&domain);
                let mut groups = domain.map_or(&[][..], |domain| &domain.groups).iter();
                groups.any(|one| *one.name == **group && one.users.iter().any(|user| **user == *id))
            })
        }
        _ => false,
    };
    is_in.to_string()
}

/// `<user>[@<domain>]`: where the user registered last.
pub(super) async fn reg_url(call: &Call<'_>) -> String {
    let view = call.view();
    let found = split_address(&view, call.args.trim()).and_then(|(user, domain)| {
        let all = view.registrations.values();
        let of_user = all.filter(|r| &*r.user == user && r.domain.eq_ignore_ascii_case(&domain));
        of_user.max_by_key(|registration| registration.refreshed)
    });
    found.map_or_else(|| NOT_REGISTERED.to_owned(), |r| r.dial_string())
}

/// `<key> <user> <domain>`
pub(super) async fn find_user_xml(call: &Call<'_>) -> String {
    let words = call.words();
    let [key, value, domain, ..] = words.as_slice() else {
        return "-ERR bad args\n".to_owned();
    };
    let view = call.view();
    let domain = view.directory.domain(domain);
    match domain.and_then(|domain| find_user(domain, key, value)) {
        Some(user) => user_xml(user),
        None => "-ERR can't find user\n".to_owned(),
    }
}

fn user_xml(user: &DirectoryUser) -> String {
    let mut out = format!("<user id=\"{}\"", attribute(&user.id));
    for (name, value) in &user.attributes {
        if !name.eq_ignore_ascii_case("id") && !name.eq_ignore_ascii_case("domain-name") {
            out.push_str(&format!(" {name}=\"{}\"", attribute(value)));
        }
    }
    out.push_str(&format!(" domain-name=\"{}\">\n", attribute(&user.domain)));
    list(&mut out, "params", "param", &user.params);
    list(&mut out, "variables", "variable", &user.variables);
    out.push_str("</user>\n");
    out
}

fn list(out: &mut String, name: &str, element: &str, pairs: &[(Arc<str>, Arc<str>)]) {
    out.push_str(&format!("  <{name}>\n"));
    for (name, value) in pairs {
        out.push_str(&format!(
            "    <{element} name=\"{}\" value=\"{}\"></{element}>\n",
            attribute(name),
            attribute(value)
        ));
    }
    out.push_str(&format!("  </{name}>\n"));
}

/// A value between double quotes.
fn attribute(value: &str) -> String {
    let mut out = Vec::new();
    write_text(&mut out, value);
    String::from_utf8_lossy(&out).replace('"', "&quot;")
}

/// There is nothing between the configuration and its readers that could be flushed.
pub(super) async fn xml_flush_cache(_call: &Call<'_>) -> String {
    "+OK cleared 0 entries\n".to_owned()
}
