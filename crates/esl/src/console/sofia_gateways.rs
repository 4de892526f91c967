//! What the console tells about gateways (event-socket.md §6.7).

use super::call::Call;
use super::sofia_status::{RULE, XML_HEAD, escaped};
use crate::serialise::json_tree::Json;
use api::view::{Gateway, SipProfile};
use api::{Timestamp, View};

/// Every gateway with its profile.
pub(super) fn all(view: &View) -> impl Iterator<Item = (&SipProfile, &Gateway)> {
    view.profiles.iter().flat_map(|profile| {
        let gateways = profile.gateways.iter();
        gateways.map(move |gateway| (profile, &**gateway))
    })
}

/// The state, and when another attempt is made where there is no registration.
pub(super) fn state(gateway: &Gateway, now: Timestamp) -> String {
    if !matches!(gateway.state, "TRYING" | "FAILED" | "FAIL_WAIT") {
        return gateway.state.to_owned();
    }
    match gateway.retry.micros_since(now) {
        0 => format!("{} (retry: NEVER)", gateway.state),
        left => format!("{} (retry: {}s)", gateway.state, seconds_up(left)),
    }
}

fn seconds_up(micros: i64) -> i64 {
    micros.saturating_add(999_999) / 1_000_000
}

fn milliseconds(gateway: &Gateway) -> String {
    let took = gateway.ping.map_or(0.0, |ping| ping.took.as_secs_f64());
    format!("{:.2}", took * 1000.0)
}

pub(super) fn table(call: &Call<'_>) -> String {
    let view = call.view();
    let now = call.console.host.now();
    let mut out = format!(
        "{:>25}\t{:>32}\tState\tPing Time\tIB Calls(F/T)\tOB Calls(F/T)\n{RULE}",
        "Profile::Gateway-Name", "Data    "
    );
    let (mut count, mut inbound, mut outbound) = (0, (0, 0), (0, 0));
    for (profile, gateway) in all(&view) {
        count += 1;
        inbound.0 += gateway.failed_calls_in;
        inbound.1 += gateway.calls_in;
        outbound.0 += gateway.failed_calls_out;
        outbound.1 += gateway.calls_out;
        let name = format!("{}::{}", profile.name, gateway.name);
        out.push_str(&format!(
            "{name:>25}\t{:>32}\t{}\t{}\t{}/{}\t{}/{}\n",
            gateway.uri,
            state(gateway, now),
            milliseconds(gateway),
            gateway.failed_calls_in,
            gateway.calls_in,
            gateway.failed_calls_out,
            gateway.calls_out,
        ));
    }
    out + RULE
        + &format!(
            "{count} gateways: Inbound(Failed/Total): {}/{},Outbound(Failed/Total):{}/{}\n",
            inbound.0, inbound.1, outbound.0, outbound.1
        )
}

/// Label, element name and value of everything told about a gateway.
fn facts(
    profile: &SipProfile,
    gateway: &Gateway,
    now: Timestamp,
) -> Vec<(&'static str, &'static str, String)> {
    let epoch = |at: Timestamp| at.as_seconds().max(0).to_string();
    let (next, every, pings) = match gateway.ping {
        Some(ping) => (
            epoch(ping.next),
            ping.every_s,
            format!("{}/{}/{}", ping.least, ping.count, ping.most),
        ),
        None => ("0".to_owned(), 0, "0/0/0".to_owned()),
    };
    let up_s = if gateway.up_since.happened() {
        now.micros_since(gateway.up_since) / 1_000_000
    } else {
        0
    };
    let yes_no = if gateway.has_password { "yes" } else { "no" };
    let up_down = if gateway.is_up { "UP" } else { "DOWN" };
    vec![
        ("Name", "name", gateway.name.to_string()),
        ("Profile", "profile", profile.name.to_string()),
        ("Scheme", "scheme", "Digest".to_owned()),
        ("Realm", "realm", gateway.realm.to_string()),
        ("Username", "username", gateway.username.to_string()),
        ("Password", "password", yes_no.to_owned()),
        ("From", "from", format!("<{}>", gateway.from)),
        ("Contact", "contact", format!("<{}>", gateway.contact)),
        ("Exten", "exten", gateway.extension.to_string()),
        ("To", "to", gateway.uri.to_string()),
        ("Proxy", "proxy", gateway.proxy.to_string()),
        ("Context", "context", gateway.context.to_string()),
        ("Expires", "expires", epoch(gateway.expires)),
        ("Freq", "freq", gateway.lifetime_s.to_string()),
        ("Ping", "ping", next),
        ("PingFreq", "pingfreq", every.to_string()),
        ("PingTime", "pingtime", milliseconds(gateway)),
        ("PingState", "pingstate", pings),
        ("State", "state", gateway.state.to_owned()),
        ("Status", "status", up_down.to_owned()),
        ("Uptime", "uptime", format!("{up_s}s")),
        ("CallsIN", "calls-in", gateway.calls_in.to_string()),
        ("CallsOUT", "calls-out", gateway.calls_out.to_string()),
        (
            "FailedCallsIN",
            "failed-calls-in",
            gateway.failed_calls_in.to_string(),
        ),
        (
            "FailedCallsOUT",
            "failed-calls-out",
            gateway.failed_calls_out.to_string(),
        ),
    ]
}

const UNKNOWN: &str = "Invalid Gateway!\n";

pub(super) fn lines(call: &Call<'_>, name: &str) -> String {
    let view = call.view();
    let Some((profile, gateway)) = view.gateway(name) else {
        return UNKNOWN.to_owned();
    };
    let lines: String = facts(profile, gateway, call.console.host.now())
        .iter()
        .map(|(label, _, value)| format!("{label:<8}\t{value}\n"))
        .collect();
    format!("{RULE}{lines}{RULE}")
}

/// All of them, or the one of that name.
pub(super) fn xml(call: &Call<'_>, name: Option<&str>) -> String {
    let view = call.view();
    let now = call.console.host.now();
    let element = |profile: &SipProfile, gateway: &Gateway| {
        let lines: String = facts(profile, gateway, now)
            .iter()
            .map(|(_, element, value)| format!("    <{element}>{}</{element}>\n", escaped(value)))
            .collect();
        format!("  <gateway>\n{lines}  </gateway>\n")
    };
    match name {
        None => {
            let list: String = all(&view).map(|(p, gateway)| element(p, gateway)).collect();
            format!("{XML_HEAD}<gateways>\n{list}</gateways>\n")
        }
        Some(name) => match view.gateway(name) {
            Some((profile, gateway)) => format!("{XML_HEAD}{}", element(profile, gateway)),
            None => UNKNOWN.to_owned(),
        },
    }
}

/// All of them by their names, or the one of that name.
pub(super) fn json(call: &Call<'_>, name: Option<&str>) -> String {
    let view = call.view();
    let now = call.console.host.now();
    let object = |profile: &SipProfile, gateway: &Gateway| {
        let facts = facts(profile, gateway, now).into_iter();
        Json::Object(
            facts
                .map(|(_, element, value)| (element.to_owned(), Json::text(value)))
                .collect(),
        )
    };
    let list: Vec<(String, Json)> = match name {
        None => all(&view)
            .map(|(profile, gateway)| (gateway.name.to_string(), object(profile, gateway)))
            .collect(),
        Some(name) => match view.gateway(name) {
            Some((profile, gateway)) => {
                vec![(gateway.name.to_string(), object(profile, gateway))]
            }
            None => return UNKNOWN.to_owned(),
        },
    };
    Json::Object(vec![("gateways".to_owned(), Json::Object(list))]).pretty() + "\n"
}

/// `gwlist [up|down]`: the names, up unless the other is asked for.
pub(super) fn names(profile: &SipProfile, which: Option<&str>) -> String {
    let is_up = !which.is_some_and(|word| word.eq_ignore_ascii_case("down"));
    let meant = profile.gateways.iter().filter(|one| one.is_up == is_up);
    meant
        .map(|gateway| &*gateway.name)
        .collect::<Vec<_>>()
        .join(" ")
}

const DATA_USAGE: &str = "-USAGE: <gateway_name> [ivar|ovar|var] <name>\n";

/// A variable of the channels that come from a gateway, go there, or either.
pub(super) async fn sofia_gateway_data(call: &Call<'_>) -> String {
    let words = call.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [name, which, variable] = words.as_slice() else {
        return DATA_USAGE.to_owned();
    };
    let view = call.view();
    let Some((_, gateway)) = view.gateway(name) else {
        return UNKNOWN.to_owned();
    };
    match gateway.variable(which, variable) {
        Some(value) => value.to_string(),
        None => DATA_USAGE.to_owned(),
    }
}
