//! `fifo`: who waits in queues of the application of that name (event-socket.md §6.8; golden api-10-hash-db-limit,
//! stream-35-fifo). Rows of members, consumers and bridges were not recorded; their form is ours.

use std::fmt::Write as _;
use std::sync::Arc;

use api::command::fifo::ChangeFifo;
use api::view::{Fifo, FifoMember, FifoMemberSettings, FifoOrigin, FifoParty};
use jiff::tz::TimeZone;

use super::call::{Call, OK, usage};
use super::uuid_variables::channel_as_xml;
use crate::clock::local;
use crate::encode::encode;
use crate::serialise::xml::write_text;

/// The words of the original; `debug` is the only one that is not there.
const USAGE: &str = "list|list_verbose|count|debug|status|has_outbound|importance [<fifo name>]|reparse [del_all]\n";

pub(super) async fn fifo(call: &Call<'_>) -> String {
    let words = call.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let view = call.view();
    let fifos = |name: Option<&&str>| -> Vec<Arc<Fifo>> {
        let all = view.fifos.values();
        all.filter(|fifo| name.is_none_or(|name| *fifo.name == **name))
            .cloned()
            .collect()
    };
    match words.as_slice() {
        ["list", rest @ ..] => list(&fifos(rest.first()), &call.console.server.zone, &|_| None),
        ["list_verbose", rest @ ..] => {
            let channel = |party: &FifoParty| channel_as_xml(call, party.channel.as_str());
            list(&fifos(rest.first()), &call.console.server.zone, &channel)
        }
        ["reparse", rest @ ..] => {
            let delete_all = rest.first() == Some(&"del_all");
            changed(call, ChangeFifo::Reparse { delete_all }).await
        }
        ["count", rest @ ..] => fifos(rest.first()).iter().map(|fifo| count(fifo)).collect(),
        ["status", rest @ ..] => fifos(rest.first())
            .iter()
            .map(|fifo| status(fifo))
            .collect(),
        ["has_outbound", rest @ ..] => fifos(rest.first())
            .iter()
            .map(|fifo| format!("{}:{}\n", fifo.name, has_outbound(fifo)))
            .collect(),
        ["importance", name, ..] => match view.fifos.get(*name) {
            Some(fifo) => format!("importance: {}\n", fifo.importance),
            None => "no fifo by that name\n".to_owned(),
        },
        _ => USAGE.to_owned(),
    }
}

async fn changed(call: &Call<'_>, change: ChangeFifo) -> String {
    match call.ask(change).await {
        Ok(()) => OK.to_owned(),
        Err(error) => format!("-ERR {}\n", error.detail),
    }
}

/// What the original prints for wrong words.
const MEMBER_USAGE: &str = "[add <fifo_name> <originate_string> [<simo_count>] [<timeout>] [<lag>] [<expires>] [<taking_calls>] | del <fifo_name> <originate_string>]";

/// What a member that was put there by a command rings and rests for when nobody says it, seconds.
const RING_S: u32 = 60;
const LAG_S: u32 = 5;

/// `fifo_member`: who is called when callers wait.
pub(super) async fn fifo_member(call: &Call<'_>) -> String {
    let words = call.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let change = match words.as_slice() {
        ["add", fifo, dial, numbers @ ..] => {
            settings(call, numbers).map(|settings| ChangeFifo::PutMember {
                fifo: (*fifo).into(),
                dial: (*dial).into(),
                settings,
            })
        }
        ["del", fifo, dial] => Some(ChangeFifo::RemoveMember {
            fifo: (*fifo).into(),
            dial: (*dial).into(),
        }),
        _ => None,
    };
    match change {
        Some(change) => changed(call, change).await,
        None => usage(MEMBER_USAGE),
    }
}

/// `[<simo_count>] [<timeout>] [<lag>] [<expires>] [<taking_calls>]`; a member that expires does so in so many seconds.
fn settings(call: &Call<'_>, numbers: &[&str]) -> Option<FifoMemberSettings> {
    if numbers.len() > 5 {
        return None;
    }
    let number = |at: usize, otherwise: u32| match numbers.get(at) {
        Some(word) => word.parse().ok(),
        None => Some(otherwise),
    };
    let expires_s = number(3, 0)?;
    let span = std::time::Duration::from_secs(expires_s.into());
    Some(FifoMemberSettings {
        simultaneous: number(0, 1)?.max(1),
        ring_s: number(1, RING_S)?.max(1),
        lag_s: number(2, LAG_S)?,
        takes_calls: number(4, 1)? > 0,
        expires: (expires_s > 0).then(|| call.console.host.now().after(span)),
    })
}

/// `fifo_check_bridge`: whether a channel talks in a fifo.
pub(super) async fn fifo_check_bridge(call: &Call<'_>) -> String {
    let words = call.words();
    let [uuid, ..] = words.as_slice() else {
        return usage("<uuid>");
    };
    let view = call.view();
    let mut fifos = view.fifos.values();
    let talks = fifos.any(|fifo| {
        let mut parties = fifo.callers.iter().chain(&fifo.consumers);
        parties.any(|party| {
            let talks = party
                .partner
                .as_ref()
                .is_some_and(|one| one.talks_since.is_some());
            talks && party.channel.as_str() == uuid.as_str()
        })
    });
    talks.to_string()
}

fn has_outbound(fifo: &Fifo) -> u8 {
    u8::from(!fifo.members.is_empty())
}

/// Settings about calling members that a list has: those of a fifo in the configuration, and of others (recorded).
fn outbound(fifo: &Fifo) -> (u32, u32, u32) {
    match fifo.origin {
        FifoOrigin::Configured => (1, 60, 30),
        FifoOrigin::Used | FifoOrigin::BuiltIn => (0, 0, 0),
    }
}

/// What a row has about its channel besides.
type More<'a> = &'a dyn Fn(&FifoParty) -> Option<String>;

fn list(fifos: &[Arc<Fifo>], zone: &TimeZone, more: More<'_>) -> String {
    if fifos.is_empty() {
        return "<fifo_report></fifo_report>\n\n".to_owned();
    }
    let mut out = String::from("<fifo_report>\n");
    for fifo in fifos {
        let (per_cycle, ring_timeout, lag) = outbound(fifo);
        let (consumers, callers) = (fifo.consumers.len(), fifo.callers.len());
        let waiting = fifo.waiting().count();
        let (name, importance) = (escaped(&fifo.name), fifo.importance);
        // A text can be written to.
        writeln!(
            out,
            "  <fifo name=\"{name}\" consumer_count=\"{consumers}\" caller_count=\"{callers}\" waiting_count=\"{waiting}\" importance=\"{importance}\" outbound_per_cycle=\"{per_cycle}\" outbound_per_cycle_min=\"{per_cycle}\" ring_timeout=\"{ring_timeout}\" default_lag=\"{lag}\" outbound_priority=\"5\" outbound_strategy=\"{}\">",
            fifo.strategy.word()
        )
        .ok();
        let members: Vec<String> = fifo.members.iter().map(|one| member(one, zone)).collect();
        element(&mut out, "outbound", &members);
        let rows = |parties: &[FifoParty], tag: &str, is_caller: bool| -> Vec<String> {
            let numbered = parties.iter().zip(1..);
            numbered
                .map(|(party, position)| {
                    let more = more(party).unwrap_or_default();
                    row(party, position, tag, is_caller, zone, &more)
                })
                .collect()
        };
        element(&mut out, "callers", &rows(&fifo.callers, "caller", true));
        let consumers = rows(&fifo.consumers, "consumer", false);
        element(&mut out, "consumers", &consumers);
        let talks: Vec<String> = fifo
            .callers
            .iter()
            .filter_map(|caller| {
                let partner = caller.partner.as_ref()?;
                let since = local(partner.talks_since?, zone);
                let (a, b) = (
                    escaped(caller.channel.as_str()),
                    escaped(partner.channel.as_str()),
                );
                Some(format!(
                    "<bridge caller_uuid=\"{a}\" consumer_uuid=\"{b}\" bridge_start=\"{since}\"></bridge>"
                ))
            })
            .collect();
        element(&mut out, "bridges", &talks);
        out.push_str("  </fifo>\n");
    }
    out.push_str("</fifo_report>\n\n");
    out
}

fn element(out: &mut String, tag: &str, rows: &[String]) {
    out.push_str(&format!("    <{tag}>"));
    if !rows.is_empty() {
        out.push('\n');
        for row in rows {
            out.push_str(&format!("      {row}\n"));
        }
        out.push_str("    ");
    }
    out.push_str(&format!("</{tag}>\n"));
}

/// One who is called, and how that goes.
fn member(member: &FifoMember, zone: &TimeZone) -> String {
    let settings = &member.settings;
    let date = |at: Option<api::Timestamp>| at.map_or_else(String::new, |at| local(at, zone));
    let rests = Some(member.rests_until).filter(|at| at.happened());
    format!(
        "<member simo=\"{}\" use_count=\"{}\" ringing=\"{}\" timeout=\"{}\" lag=\"{}\" taking-calls=\"{}\" outbound-call-count=\"{}\" outbound-fail-count=\"{}\" next-available=\"{}\" expires=\"{}\" static=\"{}\">{}</member>",
        settings.simultaneous,
        member.talking,
        member.ringing,
        settings.ring_s,
        settings.lag_s,
        u8::from(settings.takes_calls),
        member.answered,
        member.failed,
        date(rests),
        date(settings.expires),
        u8::from(!member.is_kept),
        escaped(&member.dial),
    )
}

fn row(
    party: &FifoParty,
    position: u32,
    tag: &str,
    is_caller: bool,
    zone: &TimeZone,
    more: &str,
) -> String {
    let status = match &party.partner {
        None => "WAITING",
        Some(partner) if partner.talks_since.is_some() => "TALKING",
        Some(_) => "ANNOUNCING",
    };
    let place = if is_caller {
        let slot = party.priority;
        format!(" position=\"{position}\" slot=\"{slot}\"")
    } else {
        String::new()
    };
    format!(
        "<{tag} uuid=\"{}\" status=\"{status}\" caller_id_name=\"{}\" caller_id_number=\"{}\" timestamp=\"{}\"{place}>{more}</{tag}>",
        escaped(party.channel.as_str()),
        encode(&party.name),
        encode(&party.number),
        local(party.since, zone),
    )
}

/// Name, consumers, callers, members, calls to members, consumers with nothing to do.
fn count(fifo: &Fifo) -> String {
    let idle = fifo.consumers.iter().filter(|party| party.waits()).count();
    let (consumers, callers) = (fifo.consumers.len(), fifo.callers.len());
    let members = fifo.members.len();
    let ringing: u32 = fifo.members.iter().map(|one| one.ringing).sum();
    format!(
        "{}:{consumers}:{callers}:{members}:{ringing}:{idle}\n",
        fifo.name
    )
}

fn status(fifo: &Fifo) -> String {
    let per_cycle = outbound(fifo).0;
    let (ready, more) = match fifo.origin {
        FifoOrigin::Used | FifoOrigin::Configured => (1, ""),
        FifoOrigin::BuiltIn => (2, " caller_orig:\n consumer_orig:\n bridge:\n"),
    };
    let waiting = fifo.waiting().count();
    let (strategy, has) = (fifo.strategy.word(), has_outbound(fifo));
    let busy = u8::from(fifo.members.iter().any(|one| one.ringing > 0));
    format!(
        "node: {}\n outbound_name: \n outbound_per_cycle: {per_cycle} outbound_per_cycle_min: {per_cycle} outbound_priority: 5 outbound_strategy: {strategy}\n has_outbound: {has}\n outbound_priority: 5\n busy: {busy}\n ready: {ready}\n waiting: {waiting}\n{more}",
        fifo.name
    )
}

fn escaped(text: &str) -> String {
    let mut out = Vec::new();
    write_text(&mut out, text);
    String::from_utf8_lossy(&out).replace('"', "&quot;")
}
