//! What `sofia status` and its XML and JSON forms print (event-socket.md §6.7).

use super::call::Call;
use super::sofia_gateways;
use crate::clock;
use crate::serialise::json_tree::Json;
use crate::serialise::xml::write_text;
use api::view::{Registration, SipProfile};
use api::{Timestamp, View};
use std::sync::Arc;

pub(super) const RULE: &str = "=================================================================================================\n";
pub(super) const XML_HEAD: &str = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n";

pub(super) fn plain(call: &Call<'_>, words: &[&str]) -> String {
    let view = call.view();
    match words {
        [] => overview(&view, call.console.host.now()),
        ["profile", name, rest @ ..] => match find(&view, name) {
            None => "Invalid Profile!\n".to_owned(),
            Some(profile) => match rest {
                ["reg", filter @ ..] => registrations(call, profile, filter.first().copied()),
                ["user", user, ..] => registrations(call, profile, Some(user)),
                _ => profile_lines(&view, profile),
            },
        },
        ["gateway", name, ..] => sofia_gateways::lines(call, name),
        _ => sofia_gateways::table(call),
    }
}

fn find<'v>(view: &'v View, name: &str) -> Option<&'v SipProfile> {
    let named = |profile: &&SipProfile| {
        &*profile.name == name || profile.aliases.iter().any(|alias| &**alias == name)
    };
    view.profiles.iter().find(named)
}

fn url(profile: &SipProfile) -> String {
    format!("sip:mod_sofia@{}:{}", profile.sip_ip, profile.sip_port)
}

/// The same over TLS; `None`: the profile has none.
fn tls_url(profile: &SipProfile) -> Option<String> {
    let port = profile.tls_port?;
    Some(format!("sip:mod_sofia@{}:{port}", profile.sip_ip))
}

/// Channels of the profile that live now.
fn in_use(view: &View, profile: &SipProfile) -> usize {
    let prefix = format!("sofia/{}/", profile.name);
    view.channels
        .values()
        .filter(|channel| channel.name.starts_with(&prefix))
        .count()
}

/// Lines of the overview: name, type, data, state. Aliases stand first, as recorded.
fn entries(view: &View, now: Timestamp) -> Vec<[String; 4]> {
    let mut out = Vec::new();
    for profile in view.profiles.iter() {
        for alias in &profile.aliases {
            out.push([
                alias.to_string(),
                "  alias".to_owned(),
                profile.name.to_string(),
                "ALIASED".to_owned(),
            ]);
        }
        let state = format!("RUNNING ({})", in_use(view, profile));
        out.push([
            profile.name.to_string(),
            "profile".to_owned(),
            url(profile),
            state.clone(),
        ]);
        if let Some(url) = tls_url(profile) {
            let (name, kind) = (profile.name.to_string(), "profile".to_owned());
            out.push([name, kind, url, format!("{state} (TLS)")]);
        }
        for gateway in &profile.gateways {
            let name = format!("{}::{}", profile.name, gateway.name);
            out.push([
                name,
                "gateway".to_owned(),
                gateway.uri.to_string(),
                sofia_gateways::state(gateway, now),
            ]);
        }
    }
    out
}

fn overview(view: &View, now: Timestamp) -> String {
    let mut out = format!("{:>25}\t   Type\t  {:>40}\tState\n{RULE}", "Name", "Data");
    for [name, kind, data, state] in entries(view, now) {
        out.push_str(&format!("{name:>25}\t{kind}\t  {data:>40}\t{state}\n"));
    }
    let profiles = view.profiles.len();
    let aliases: usize = view
        .profiles
        .iter()
        .map(|profile| profile.aliases.len())
        .sum();
    let plural =
        |count: usize, one: &'static str, many: &'static str| if count == 1 { one } else { many };
    out + RULE
        + &format!(
            "{profiles} {} {aliases} {}\n",
            plural(profiles, "profile", "profiles"),
            plural(aliases, "alias", "aliases")
        )
}

/// Label, element name and value of everything told about a profile.
fn facts(view: &View, profile: &SipProfile) -> Vec<(&'static str, &'static str, String)> {
    let none = || "N/A".to_owned();
    let hosts: Vec<&str> = profile.aliases.iter().map(|alias| &**alias).collect();
    let codecs: Vec<&str> = profile.codecs.iter().map(|codec| &**codec).collect();
    let registered = view
        .registrations
        .values()
        .filter(|r| r.profile == profile.name)
        .count();
    let mut facts = vec![
        ("Name", "name", profile.name.to_string()),
        ("Domain Name", "domain-name", none()),
        ("Auto-NAT", "auto-nat", "false".to_owned()),
        ("DBName", "db-name", none()),
        ("Pres Hosts", "pres-hosts", hosts.join(",")),
        ("Dialplan", "dialplan", profile.dialplan.to_string()),
        ("Context", "context", profile.context.to_string()),
        (
            "Challenge Realm",
            "challenge-realm",
            profile.realm.to_string(),
        ),
        ("RTP-IP", "rtp-ip", profile.rtp_ip.to_string()),
        ("Ext-RTP-IP", "ext-rtp-ip", profile.rtp_ip.to_string()),
        ("SIP-IP", "sip-ip", profile.sip_ip.to_string()),
        ("Ext-SIP-IP", "ext-sip-ip", profile.sip_ip.to_string()),
        ("URL", "url", url(profile)),
        (
            "BIND-URL",
            "bind-url",
            format!(
                "{};maddr={};transport=udp,tcp",
                url(profile),
                profile.sip_ip
            ),
        ),
    ];
    if let (Some(port), Some(url)) = (profile.tls_port, tls_url(profile)) {
        let ip = &profile.sip_ip;
        let bind = format!("sips:mod_sofia@{ip}:{port};maddr={ip};transport=tls");
        facts.push(("TLS-URL", "tls-url", url));
        facts.push(("TLS-BIND-URL", "tls-bind-url", bind));
    }
    facts.extend([
        ("HOLD-MUSIC", "hold-music", none()),
        ("OUTBOUND-PROXY", "outbound-proxy", none()),
        ("CODECS IN", "inbound-codecs", codecs.join(",")),
        ("CODECS OUT", "outbound-codecs", codecs.join(",")),
        ("TEL-EVENT", "tel-event", "101".to_owned()),
        ("DTMF-MODE", "dtmf-mode", "rfc2833".to_owned()),
        ("SESSION-TO", "session-to", "0".to_owned()),
        ("MAX-DIALOG", "max-dialog", "0".to_owned()),
        ("NOMEDIA", "nomedia", "false".to_owned()),
        ("LATE-NEG", "late-neg", "true".to_owned()),
        ("PROXY-MEDIA", "proxy-media", "false".to_owned()),
        ("AGGRESSIVENAT", "aggressive-nat", "false".to_owned()),
        ("CALLS-IN", "calls-in", profile.calls_in.to_string()),
        (
            "FAILED-CALLS-IN",
            "failed-calls-in",
            profile.failed_calls_in.to_string(),
        ),
        ("CALLS-OUT", "calls-out", profile.calls_out.to_string()),
        (
            "FAILED-CALLS-OUT",
            "failed-calls-out",
            profile.failed_calls_out.to_string(),
        ),
        ("REGISTRATIONS", "registrations", registered.to_string()),
    ]);
    facts
}

fn profile_lines(view: &View, profile: &SipProfile) -> String {
    let lines: String = facts(view, profile)
        .iter()
        .map(|(label, _, value)| format!("{label:<17}\t{value}\n"))
        .collect();
    format!("{RULE}{lines}")
}

/// Those of one profile; a filter is part of the Call-ID, of `user@host` or of the contact.
fn chosen(view: &View, profile: &SipProfile, filter: Option<&str>) -> Vec<Arc<Registration>> {
    let matches = |r: &Registration| {
        filter.is_none_or(|text| {
            &*r.call_id == text
                || format!("{}@{}", r.user, r.domain).contains(text)
                || r.contact.contains(text)
        })
    };
    view.registrations
        .values()
        .filter(|r| r.profile == profile.name && matches(r))
        .cloned()
        .collect()
}

fn registrations(call: &Call<'_>, profile: &SipProfile, filter: Option<&str>) -> String {
    let found = chosen(&call.view(), profile, filter);
    let mut out = format!("\nRegistrations:\n{RULE}");
    for registration in &found {
        for (label, _, value) in registration_facts(call, registration, false) {
            // Only this label is padded to the column in the original.
            let label = format!("{label}:");
            out.push_str(&if label == "Ping-Time:" {
                format!("{label}\t{value}\n")
            } else {
                format!("{label:<12}\t{value}\n")
            });
        }
        out.push('\n');
    }
    out + &format!("Total items returned: {}\n{RULE}", found.len())
}

fn registration_facts(
    call: &Call<'_>,
    r: &Registration,
    xml: bool,
) -> [(&'static str, &'static str, String); 13] {
    let left = (r.expires.micros_since(call.console.host.now()) / 1_000_000).max(0);
    let until = clock::local(r.expires, &call.console.server.zone);
    let (at, seconds) = if xml {
        ("exp", "expsecs")
    } else {
        ("EXP", "EXPSECS")
    };
    let transport = r.transport.to_ascii_uppercase();
    [
        ("Call-ID", "call-id", r.call_id.to_string()),
        ("User", "user", format!("{}@{}", r.user, r.domain)),
        ("Contact", "contact", r.contact.to_string()),
        ("Agent", "agent", r.user_agent.to_string()),
        (
            "Status",
            "status",
            format!("Registered({transport})(unknown) {at}({until}) {seconds}({left})"),
        ),
        ("Ping-Status", "ping-status", "Reachable".to_owned()),
        ("Ping-Time", "ping-time", "0.00".to_owned()),
        ("Host", "host", call.console.server.hostname.clone()),
        ("IP", "network-ip", r.source.ip().to_string()),
        ("Port", "network-port", r.source.port().to_string()),
        ("Auth-User", "sip-auth-user", r.auth_user.to_string()),
        ("Auth-Realm", "sip-auth-realm", r.auth_realm.to_string()),
        (
            "MWI-Account",
            "mwi-account",
            format!("{}@{}", r.user, r.domain),
        ),
    ]
}

pub(super) fn xml(call: &Call<'_>, words: &[&str]) -> String {
    let view = call.view();
    match words {
        [] => {
            let mut out = format!("{XML_HEAD}<profiles>\n");
            for [name, kind, data, state] in entries(&view, call.console.host.now()) {
                let kind = kind.trim();
                out.push_str(&format!("<{kind}>\n"));
                for (element, value) in [
                    ("name", &*name),
                    ("type", kind),
                    ("data", &*data),
                    ("state", &*state),
                ] {
                    out.push_str(&format!("<{element}>{}</{element}>\n", escaped(value)));
                }
                out.push_str(&format!("</{kind}>\n"));
            }
            out + "</profiles>\n"
        }
        ["profile", name, rest @ ..] => match (find(&view, name), rest) {
            (None, _) => "Invalid Profile!\n".to_owned(),
            (Some(profile), ["reg", filter @ ..]) => {
                xml_registrations(call, profile, filter.first().copied())
            }
            (Some(profile), ["user", user, ..]) => xml_registrations(call, profile, Some(user)),
            (Some(profile), _) => {
                let facts = facts(&view, profile);
                let lines: String = facts
                    .iter()
                    .map(|(_, element, value)| {
                        format!("    <{element}>{}</{element}>\n", escaped(value))
                    })
                    .collect();
                format!(
                    "{XML_HEAD}<profile>\n  <profile-info>\n{lines}  </profile-info>\n</profile>\n"
                )
            }
        },
        ["gateway", name, ..] => sofia_gateways::xml(call, Some(name)),
        _ => sofia_gateways::xml(call, None),
    }
}

fn xml_registrations(call: &Call<'_>, profile: &SipProfile, filter: Option<&str>) -> String {
    let mut out = format!("{XML_HEAD}<profile>\n  <registrations>\n");
    for registration in chosen(&call.view(), profile, filter) {
        out.push_str("    <registration>\n");
        for (_, element, value) in registration_facts(call, &registration, true) {
            out.push_str(&format!(
                "        <{element}>{}</{element}>\n",
                escaped(&value).replace('"', "&quot;")
            ));
        }
        out.push_str("    </registration>\n");
    }
    out + "  </registrations>\n</profile>\n"
}

pub(super) fn escaped(text: &str) -> String {
    let mut out = Vec::new();
    write_text(&mut out, text);
    String::from_utf8(out).expect("escaping leaves text")
}

pub(super) fn json(call: &Call<'_>) -> String {
    let view = call.view();
    let text = |name: &str, value: &str| (name.to_owned(), Json::text(value));
    let mut profiles = Vec::new();
    for profile in view.profiles.iter() {
        let told = facts(&view, profile);
        let info: Vec<(String, Json)> = told
            .iter()
            .skip(1)
            .take_while(|(_, element, _)| *element != "inbound-codecs")
            .map(|(_, element, value)| text(element, value))
            .collect();
        for alias in &profile.aliases {
            let status = vec![
                text("type", "alias"),
                text("data", &profile.name),
                text("state", "ALIASED"),
            ];
            let mut info = info.clone();
            info.insert(1, text("alias-of", &profile.name));
            profiles.push((alias.to_string(), entry(status, info)));
        }
        let used = Json::Number(i64::try_from(in_use(&view, profile)).unwrap_or(i64::MAX));
        let status = vec![
            text("type", "profile"),
            text("state", "RUNNING"),
            ("in-use".to_owned(), used),
            text("data", &url(profile)),
        ];
        profiles.push((profile.name.to_string(), entry(status, info)));
    }
    Json::Object(vec![("profiles".to_owned(), Json::Object(profiles))]).pretty() + "\n"
}

fn entry(status: Vec<(String, Json)>, info: Vec<(String, Json)>) -> Json {
    Json::Object(vec![
        ("status".to_owned(), Json::Object(status)),
        ("info".to_owned(), Json::Object(info)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_with_tls_has_a_line_and_two_urls_more() {
        let mut profile = SipProfile {
            name: "internal".into(),
            aliases: vec!["pbx.example".into()],
            sip_ip: "192.0.2.1".into(),
            sip_port: 5060,
            tls_port: None,
            rtp_ip: "192.0.2.1".into(),
            context: "public".into(),
            dialplan: "XML".into(),
            realm: "pbx.example".into(),
            codecs: Vec::new(),
            gateways: Vec::new(),
            calls_in: 0,
            failed_calls_in: 0,
            calls_out: 0,
            failed_calls_out: 0,
        };
        let of = |profile: &SipProfile| {
            let view = View {
                profiles: vec![profile.clone()].into(),
                ..View::default()
            };
            let told = facts(&view, profile);
            (
                entries(&view, Timestamp::default()).len(),
                told,
                overview(&view, Timestamp::default()),
            )
        };
        let (lines, plain, _) = of(&profile);
        assert_eq!(lines, 2);
        profile.tls_port = Some(5061);
        let (lines, secure, text) = of(&profile);
        assert_eq!(lines, 3);
        let line = "                 internal\tprofile\t              sip:mod_sofia@192.0.2.1:5061\tRUNNING (0) (TLS)\n";
        assert!(text.contains(line), "{text}");
        assert!(text.ends_with("\n1 profile 1 alias\n"), "{text}");
        let more: Vec<_> = secure.iter().filter(|fact| !plain.contains(fact)).collect();
        let bind = "sips:mod_sofia@192.0.2.1:5061;maddr=192.0.2.1;transport=tls";
        assert_eq!(
            more,
            [
                &(
                    "TLS-URL",
                    "tls-url",
                    "sip:mod_sofia@192.0.2.1:5061".to_owned()
                ),
                &("TLS-BIND-URL", "tls-bind-url", bind.to_owned()),
            ]
        );
        let at = |label: &str| secure.iter().position(|fact| fact.0 == label);
        assert_eq!(at("TLS-URL"), at("BIND-URL").map(|place| place + 1));
    }
}
