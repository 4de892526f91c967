//! `sofia …` and its companions (event-socket.md §6.7). What they print about profiles is in `sofia_status`.

use super::call::{Call, OK};
use super::directory::{self, NOT_REGISTERED};
use super::{sofia_gateways, sofia_status};
use api::command::server::{ControlGateway, FlushRegistrations, GatewayAction, ReloadXml};
use std::sync::Arc;

const USAGE: &str = "USAGE:\n\
sofia profile <name> [start | rescan]\n\
                     flush_inbound_reg [<call_id> | <[user]@domain>]\n\
                     gwlist [up | down]\n\
                     [register | unregister] [<gateway name> | all]\n\
                     killgw <gateway name> | _all_\n\
                     startgw <gateway name> | _all_\n\
sofia <status|xmlstatus|jsonstatus>\n\
sofia <status|xmlstatus> profile <name> [reg [<contact str>]] | [user <user@domain>]\n\
sofia <status|xmlstatus|jsonstatus> gateway [<name>]\n\
sofia help\n";

pub(super) async fn sofia(call: &Call<'_>) -> String {
    let words = call.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["help", ..] => USAGE.to_owned(),
        ["status", rest @ ..] => sofia_status::plain(call, rest),
        ["xmlstatus", rest @ ..] => sofia_status::xml(call, rest),
        ["jsonstatus", "gateway", rest @ ..] => sofia_gateways::json(call, rest.first().copied()),
        ["jsonstatus", ..] => sofia_status::json(call),
        ["profile", name, command, rest @ ..] => profile(call, name, command, rest).await,
        ["profile", ..] => "Invalid Args!\n".to_owned(),
        // Calls do not outlive the server, so there is never one to be recovered.
        ["recover", ..] => "No calls to recover.\n".to_owned(),
        [other, ..] => format!("Unknown Command [{other}]\n"),
    }
}

async fn profile(call: &Call<'_>, name: &str, command: &str, rest: &[&str]) -> String {
    let view = call.view();
    let found = view
        .profiles
        .iter()
        .find(|profile| &*profile.name == name || profile.aliases.iter().any(|a| &**a == name));
    let Some(profile) = found else {
        return match command {
            "start" => reload_line(call).await + &format!("Failure starting {name}\n"),
            "rescan" => {
                reload_line(call).await + &format!("-ERR cannot find config for profile {name}\n")
            }
            _ => format!("Invalid Profile [{name}]"),
        };
    };
    let profile_name = profile.name.clone();
    match command {
        // A configured profile runs as long as the server does.
        "start" => reload_line(call).await + &format!("{name} started successfully\n"),
        "rescan" => {
            let reload = reload_line(call).await;
            control(
                call,
                profile_name,
                &["_all_"],
                "_all_",
                GatewayAction::Rescan,
            )
            .await;
            reload + "+OK scan complete\n"
        }
        "flush_inbound_reg" => {
            let matching = rest.first().map(|word| (*word).into());
            let suffix = if matching.is_some() {
                " matching specified call_id"
            } else {
                ""
            };
            match call
                .ask(FlushRegistrations {
                    profile: profile.name.clone(),
                    matching,
                })
                .await
            {
                Ok(_) => format!("+OK flushing all registrations{suffix}\n"),
                Err(error) => format!("-ERR {}\n", error.detail),
            }
        }
        "gwlist" => sofia_gateways::names(profile, rest.first().copied()),
        "register" | "unregister" => {
            let action = if command == "register" {
                GatewayAction::Register
            } else {
                GatewayAction::Unregister
            };
            match control(call, profile_name, rest, "all", action).await {
                true => OK.to_owned(),
                false => "Invalid gateway!\n".to_owned(),
            }
        }
        "killgw" => {
            let every = rest.first() == Some(&"_all_");
            match control(call, profile_name, rest, "_all_", GatewayAction::Kill).await {
                true if every => "+OK every gateway marked for deletion.\n".to_owned(),
                true => "+OK gateway marked for deletion.\n".to_owned(),
                false => "-ERR no such gateway.\n".to_owned(),
            }
        }
        "startgw" if !rest.is_empty() => {
            let reload = reload_line(call).await;
            // The original says so of gateways nobody knows, too (recorded).
            control(call, profile_name, rest, "_all_", GatewayAction::Start).await;
            reload + &format!("+OK start gateway {} complete\n", rest[0])
        }
        _ => "-ERR Unknown command!\n".to_owned(),
    }
}

/// Does something with the gateway that is named, or with all; false when there is none.
async fn control(
    call: &Call<'_>,
    profile: Arc<str>,
    words: &[&str],
    every: &str,
    action: GatewayAction,
) -> bool {
    let Some(word) = words.first() else {
        return false;
    };
    let gateway = (*word != every).then(|| Arc::from(*word));
    let command = ControlGateway {
        profile,
        gateway,
        action,
    };
    call.ask(command).await.is_ok()
}

async fn reload_line(call: &Call<'_>) -> String {
    let text = match call.ask(ReloadXml).await {
        Ok(text) => text.to_string(),
        Err(error) => error.detail.into_string(),
    };
    format!("Reload XML [{text}]\n")
}

/// Profile (`None` for any), user and domain of `[profile/]user@domain`.
fn address<'a>(call: &'a Call<'_>) -> (Option<&'a str>, &'a str, String) {
    let (profile, address) = match call.args.split_once('/') {
        Some((profile, address)) => (Some(profile).filter(|profile| *profile != "*"), address),
        None => (None, call.args),
    };
    match address.split_once('@') {
        Some((user, domain)) => (profile, user, domain.to_owned()),
        None => {
            let first = call
                .view()
                .directory
                .domains
                .first()
                .map(|domain| domain.name.to_string());
            (profile, address, first.unwrap_or_default())
        }
    }
}

pub(super) async fn sofia_contact(call: &Call<'_>) -> String {
    let (profile, user, domain) = address(call);
    directory::contact(&call.view(), profile, user, &domain)
        .unwrap_or_else(|| NOT_REGISTERED.to_owned())
}

pub(super) async fn sofia_count_reg(call: &Call<'_>) -> String {
    if call.args.is_empty() {
        return "-1".to_owned();
    }
    let (profile, user, domain) = address(call);
    let contacts = directory::contact(&call.view(), profile, user, &domain);
    contacts
        .map_or(0, |contacts| contacts.split(',').count())
        .to_string()
}

/// The name in the credentials of the latest registration; nothing when there is none.
pub(super) async fn sofia_username_of(call: &Call<'_>) -> String {
    let (profile, user, domain) = address(call);
    let view = call.view();
    let mut latest = None;
    for registration in view.registrations.values() {
        let is_meant = &*registration.user == user
            && registration.domain.eq_ignore_ascii_case(&domain)
            && profile.is_none_or(|profile| &*registration.profile == profile);
        if is_meant && latest.is_none_or(|(at, _)| at < registration.refreshed) {
            latest = Some((registration.refreshed, registration));
        }
    }
    latest.map_or_else(String::new, |(_, found)| found.auth_user.to_string())
}
