//! `fifo`: who waits in queues of the application of that name (event-socket.md §6.8; golden api-10-hash-db-limit,
//! stream-35-fifo). Rows of consumers and bridges were not recorded; their form is ours.

use std::fmt::Write as _;
use std::sync::Arc;

use api::view::{Fifo, FifoOrigin, FifoParty};
use jiff::tz::TimeZone;

use super::call::Call;
use crate::clock::local;
use crate::encode::encode;
use crate::serialise::xml::write_text;

/// The words of the original; of these `list`, `count`, `status`, `importance` and `has_outbound` are ours.
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
        ["list", rest @ ..] => list(&fifos(rest.first()), &call.console.server.zone),
        ["count", rest @ ..] => fifos(rest.first()).iter().map(|fifo| count(fifo)).collect(),
        ["status", rest @ ..] => fifos(rest.first())
            .iter()
            .map(|fifo| status(fifo))
            .collect(),
        // Nobody is called from here.
        ["has_outbound", rest @ ..] => fifos(rest.first())
            .iter()
            .map(|fifo| format!("{}:0\n", fifo.name))
            .collect(),
        ["importance", name, ..] => match view.fifos.get(*name) {
            Some(fifo) => format!("importance: {}\n", fifo.importance),
            None => "no fifo by that name\n".to_owned(),
        },
        _ => USAGE.to_owned(),
    }
}

/// Settings about calling members: those of a fifo in the configuration, and of others. Nobody is called.
fn outbound(fifo: &Fifo) -> (u32, u32, u32) {
    match fifo.origin {
        FifoOrigin::Configured => (1, 60, 30),
        FifoOrigin::Used | FifoOrigin::BuiltIn => (0, 0, 0),
    }
}

fn list(fifos: &[Arc<Fifo>], zone: &TimeZone) -> String {
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
            "  <fifo name=\"{name}\" consumer_count=\"{consumers}\" caller_count=\"{callers}\" waiting_count=\"{waiting}\" importance=\"{importance}\" outbound_per_cycle=\"{per_cycle}\" outbound_per_cycle_min=\"{per_cycle}\" ring_timeout=\"{ring_timeout}\" default_lag=\"{lag}\" outbound_priority=\"5\" outbound_strategy=\"ringall\">\n    <outbound></outbound>"
        )
        .ok();
        let rows = |parties: &[FifoParty], tag: &str, is_caller: bool| -> Vec<String> {
            let numbered = parties.iter().zip(1..);
            numbered
                .map(|(party, position)| row(party, position, tag, is_caller, zone))
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

fn row(party: &FifoParty, position: u32, tag: &str, is_caller: bool, zone: &TimeZone) -> String {
    let status = match &party.partner {
        None => "WAITING",
        Some(partner) if partner.talks_since.is_some() => "TALKING",
        Some(_) => "ANNOUNCING",
    };
    let place = if is_caller {
        format!(" position=\"{position}\" slot=\"0\"")
    } else {
        String::new()
    };
    format!(
        "<{tag} uuid=\"{}\" status=\"{status}\" caller_id_name=\"{}\" caller_id_number=\"{}\" timestamp=\"{}\"{place}></{tag}>",
        escaped(party.channel.as_str()),
        encode(&party.name),
        encode(&party.number),
        local(party.since, zone),
    )
}

/// Name, consumers, callers, members, members being called, consumers with nothing to do.
fn count(fifo: &Fifo) -> String {
    let idle = fifo.consumers.iter().filter(|party| party.waits()).count();
    let (consumers, callers) = (fifo.consumers.len(), fifo.callers.len());
    format!("{}:{consumers}:{callers}:0:0:{idle}\n", fifo.name)
}

fn status(fifo: &Fifo) -> String {
    let per_cycle = outbound(fifo).0;
    let (ready, more) = match fifo.origin {
        FifoOrigin::Used | FifoOrigin::Configured => (1, ""),
        FifoOrigin::BuiltIn => (2, " caller_orig:\n consumer_orig:\n bridge:\n"),
    };
    let waiting = fifo.waiting().count();
    format!(
        "node: {}\n outbound_name: \n outbound_per_cycle: {per_cycle} outbound_per_cycle_min: {per_cycle} outbound_priority: 5 outbound_strategy: ringall\n has_outbound: 0\n outbound_priority: 5\n busy: 0\n ready: {ready}\n waiting: {waiting}\n{more}",
        fifo.name
    )
}

fn escaped(text: &str) -> String {
    let mut out = Vec::new();
    write_text(&mut out, text);
    String::from_utf8_lossy(&out).replace('"', "&quot;")
}
