//! Commands about users and groups (event-socket.md §6.2).

use super::call::Call;
use api::View;
use api::command::server::GroupCall;
use api::view::{DirectoryUser, Domain};

/// Where nobody is registered.
pub(super) const NOT_REGISTERED: &str = "error/user_not_registered";

pub(super) async fn user_exists(call: &Call<'_>) -> String {
    let words = call.words();
    let exists = match words.as_slice() {
        [key, value, domain, ..] => {
            let view = call.view();
            let domain = view.directory.domain(domain);
            domain.is_some_and(|domain| find_user(domain, key, value).is_some())
        }
        _ => false,
    };
    exists.to_string()
}

pub(super) fn find_user<'d>(
    domain: &'d Domain,
    key: &str,
    value: &str,
) -> Option<&'d DirectoryUser> {
    let user = if key.eq_ignore_ascii_case("id") {
        domain.users.get(*domain.index.get(value)?)
    } else {
        let mut users = domain.users.iter();
        users.find(|user| user.attribute(key) == Some(value))
    };
    user.map(|user| &**user)
}

/// `user_data <user>@<domain> var|param|attr <name>`.
pub(super) async fn user_data(call: &Call<'_>) -> String {
    let words = call.words();
    let [address, kind, name, ..] = words.as_slice() else {
        return String::new();
    };
    let view = call.view();
    let user = split_address(&view, address)
        .and_then(|(user, domain)| view.directory.user(&domain, user).cloned());
    let Some(user) = user else {
        return String::new();
    };
    let value = match kind.as_str() {
        "var" => user.variable(name),
        "param" => user.param(name),
        "attr" => user
            .attribute(name)
            .or_else(|| (name == "id").then_some(&*user.id)),
        _ => None,
    };
    value.unwrap_or_default().to_owned()
}

/// User and domain of `user[@domain]`; the first domain when none is named.
pub(super) fn split_address<'a>(view: &View, address: &'a str) -> Option<(&'a str, String)> {
    match address.split_once('@') {
        Some((user, domain)) => Some((user, domain.to_owned())),
        None => Some((address, view.directory.domains.first()?.name.to_string())),
    }
}

/// `list_users [group g] [domain d] [user u] [context c]`: one line per user and group it is in.
pub(super) async fn list_users(call: &Call<'_>) -> String {
    let words = call.words();
    let wanted = |key: &str| {
        words
            .chunks_exact(2)
            .find(|pair| pair[0] == key)
            .map(|pair| pair[1].as_str())
    };
    let view = call.view();
    let mut out = String::from(
        "userid|context|domain|group|contact|callgroup|effective_caller_id_name|effective_caller_id_number\n",
    );
    let domains = view
        .directory
        .domains
        .iter()
        .filter(|d| wanted("domain").is_none_or(|name| *d.name == *name));
    for domain in domains {
        let groups = domain
            .groups
            .iter()
            .filter(|g| wanted("group").is_none_or(|name| *g.name == *name));
        let mut listed = Vec::new();
        for group in groups {
            for id in &group.users {
                let Some(user) = view.directory.user(&domain.name, id) else {
                    continue;
                };
                listed.push(&user.id);
                out.push_str(&line(&view, domain, user, &group.name, &wanted));
            }
        }
        if wanted("group").is_none() {
            for user in domain
                .users
                .iter()
                .filter(|user| !listed.contains(&&user.id))
            {
                out.push_str(&line(&view, domain, user, "", &wanted));
            }
        }
    }
    out.push_str("\n+OK\n");
    out
}

fn line<'w>(
    view: &View,
    domain: &Domain,
    user: &DirectoryUser,
    group: &str,
    wanted: &impl Fn(&str) -> Option<&'w str>,
) -> String {
    let context = user.variable("user_context").unwrap_or_default();
    if wanted("user").is_some_and(|id| id != &*user.id)
        || wanted("context").is_some_and(|name| name != context)
    {
        return String::new();
    }
    format!(
        "{}|{context}|{}|{group}|{}|{}|{}|{}\n",
        user.id,
        domain.name,
        contact(view, None, &user.id, &domain.name).unwrap_or_else(|| NOT_REGISTERED.to_owned()),
        user.variable("callgroup").unwrap_or_default(),
        user.variable("effective_caller_id_name")
            .unwrap_or_default(),
        user.variable("effective_caller_id_number")
            .unwrap_or_default(),
    )
}

/// Where a user can be reached, as a dial string; several contacts ring together.
pub(super) fn contact(
    view: &View,
    profile: Option<&str>,
    user: &str,
    domain: &str,
) -> Option<String> {
    let contacts: Vec<String> = view
        .registrations
        .values()
        .filter(|r| &*r.user == user && r.domain.eq_ignore_ascii_case(domain))
        .filter(|r| profile.is_none_or(|profile| &*r.profile == profile))
        .map(|r| r.dial_string())
        .collect();
    (!contacts.is_empty()).then(|| contacts.join(","))
}

/// `group_call <group>[@<domain>][+<order>]`.
pub(super) async fn group_call(call: &Call<'_>) -> String {
    let (name, order) = call.args.split_once('+').unwrap_or((call.args, ""));
    let (group, domain) = name.split_once('@').unwrap_or((name, ""));
    let command = GroupCall {
        group: group.into(),
        domain: (!domain.is_empty()).then(|| domain.into()),
        order: order.chars().next(),
    };
    match call.ask(command).await {
        Ok(dial) => dial.to_string(),
        Err(_) => "error/NO_ROUTE_DESTINATION".to_owned(),
    }
}
