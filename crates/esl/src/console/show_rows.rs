//! The rows of `show channels`, `show calls` and their like (event-socket.md §6.3).

use crate::clock;
use crate::view::Server;
use api::variables::is_true;
use api::view::{CallerProfile, Channel, Direction, OtherType};
use api::{Timestamp, View};
use std::sync::Arc;

/// Column names and rows of as many values.
pub(super) struct Table {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(columns: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self {
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            rows,
        }
    }
}

const CHANNEL: [&str; 38] = [
    "uuid",
    "direction",
    "created",
    "created_epoch",
    "name",
    "state",
    "cid_name",
    "cid_num",
    "ip_addr",
    "dest",
    "application",
    "application_data",
    "dialplan",
    "context",
    "read_codec",
    "read_rate",
    "read_bit_rate",
    "write_codec",
    "write_rate",
    "write_bit_rate",
    "secure",
    "hostname",
    "presence_id",
    "presence_data",
    "accountcode",
    "callstate",
    "callee_name",
    "callee_num",
    "callee_direction",
    "call_uuid",
    "sent_callee_name",
    "sent_callee_num",
    "initial_cid_name",
    "initial_cid_num",
    "initial_ip_addr",
    "initial_dest",
    "initial_dialplan",
    "initial_context",
];

/// The columns `show calls` takes from each leg.
const CALL: [&str; 21] = [
    "uuid",
    "direction",
    "created",
    "created_epoch",
    "name",
    "state",
    "cid_name",
    "cid_num",
    "ip_addr",
    "dest",
    "presence_id",
    "presence_data",
    "accountcode",
    "callstate",
    "callee_name",
    "callee_num",
    "callee_direction",
    "call_uuid",
    "hostname",
    "sent_callee_name",
    "sent_callee_num",
];

/// How many of [`CHANNEL`] the detailed forms print.
const DETAILED: usize = 32;

/// The columns `like` looks at.
const SEARCHED: [&str; 5] = ["uuid", "name", "cid_name", "cid_num", "presence_data"];

pub(super) fn matches(columns: &[String], row: &[String], text: &str) -> bool {
    columns
        .iter()
        .zip(row)
        .any(|(column, value)| SEARCHED.contains(&column.as_str()) && value.contains(text))
}

pub(super) fn channels(view: &View, server: &Server) -> Table {
    Table::new(
        &CHANNEL,
        view.channels_in_order()
            .map(|channel| channel_row(channel, server))
            .collect(),
    )
}

fn channel_row(channel: &Channel, server: &Server) -> Vec<String> {
    CHANNEL
        .iter()
        .map(|column| value(channel, server, column))
        .collect()
}

fn value(channel: &Channel, server: &Server, column: &str) -> String {
    let own = |field: fn(&CallerProfile) -> &Arc<str>| {
        channel
            .profile
            .as_ref()
            .map_or_else(String::new, |profile| field(profile).to_string())
    };
    let initial = |field: fn(&CallerProfile) -> &Arc<str>| {
        channel
            .initial
            .as_ref()
            .map_or_else(String::new, |profile| field(profile).to_string())
    };
    let created = channel
        .profile
        .as_ref()
        .map_or(Timestamp::ZERO, |profile| profile.times.created);
    let variable = |name: &str| channel.variable(name).unwrap_or_default().to_owned();
    let read = channel.read_codec.as_ref();
    let write = channel.write_codec.as_ref();
    match column {
        "uuid" => channel.id.to_string(),
        "direction" => channel.direction.name().to_owned(),
        "created" => clock::local(created, &server.zone),
        "created_epoch" => created.as_seconds().to_string(),
        "name" => channel.name.to_string(),
        "state" => channel.state.name().to_owned(),
        "cid_name" => own(|p| &p.caller_id_name),
        "cid_num" => own(|p| &p.caller_id_number),
        // As the channel was made: what an outbound leg learns later from its answer does not show.
        "ip_addr" => initial(|p| &p.network_addr),
        "dest" => own(|p| &p.destination_number),
        "application" => channel
            .application
            .as_ref()
            .map_or_else(String::new, |(name, _)| name.to_string()),
        "application_data" => channel
            .application
            .as_ref()
            .map_or_else(String::new, |(_, data)| data.to_string()),
        "dialplan" => own(|p| &p.dialplan),
        "context" => own(|p| &p.context),
        "read_codec" => read.map_or_else(String::new, |codec| codec.name.to_string()),
        "read_rate" => read.map_or_else(String::new, |codec| codec.rate_hz.to_string()),
        "read_bit_rate" => read.map_or_else(String::new, |codec| codec.bit_rate.to_string()),
        "write_codec" => write.map_or_else(String::new, |codec| codec.name.to_string()),
        "write_rate" => write.map_or_else(String::new, |codec| codec.rate_hz.to_string()),
        "write_bit_rate" => write.map_or_else(String::new, |codec| codec.bit_rate.to_string()),
        "secure" => match &*variable("rtp_has_crypto") {
            suite if is_true(&variable("rtp_secure_media_confirmed")) => {
                format!("srtp:sdes:{suite}")
            }
            _ => String::new(),
        },
        "hostname" => server.hostname.clone(),
        "presence_id" => variable("presence_id"),
        "presence_data" => variable("presence_data"),
        "accountcode" => variable("accountcode"),
        "callstate" => channel.call_state.name().to_owned(),
        "callee_name" => own(|p| &p.callee_id_name),
        "callee_num" => own(|p| &p.callee_id_number),
        "callee_direction" => callee_direction(channel).to_owned(),
        "call_uuid" => call_uuid(channel),
        "sent_callee_name" => channel
            .sent_callee
            .as_ref()
            .map_or_else(String::new, |(name, _)| name.to_string()),
        "sent_callee_num" => channel
            .sent_callee
            .as_ref()
            .map_or_else(String::new, |(_, number)| number.to_string()),
        "initial_cid_name" => initial(|p| &p.caller_id_name),
        "initial_cid_num" => initial(|p| &p.caller_id_number),
        "initial_ip_addr" => initial(|p| &p.network_addr),
        "initial_dest" => initial(|p| &p.destination_number),
        "initial_dialplan" => initial(|p| &p.dialplan),
        "initial_context" => initial(|p| &p.context),
        _ => String::new(),
    }
}

/// Which way the last display update went; the flip of caller and callee on an answered leg counts as received.
fn callee_direction(channel: &Channel) -> &'static str {
    if channel.sent_callee.is_some() {
        "SEND"
    } else if channel.variables.is_true("channel_cid_flipped") {
        "RECV"
    } else {
        ""
    }
}

/// Empty for an inbound channel until it is bridged (event-socket.md §6.3).
fn call_uuid(channel: &Channel) -> String {
    let alone = channel.direction == Direction::Inbound && channel.bridged_to.is_none();
    if alone {
        String::new()
    } else {
        channel.call_id().to_owned()
    }
}

/// The B leg of a bridge: made by the other, or the younger one when neither made the other.
fn is_b_leg(view: &View, channel: &Channel) -> bool {
    let Some(partner) = channel
        .bridged_to
        .as_ref()
        .and_then(|id| view.channels.get(id))
    else {
        return false;
    };
    match channel.other.as_ref().map(|other| other.kind) {
        Some(OtherType::Originator) => true,
        Some(OtherType::Originatee) => false,
        None => channel.serial > partner.serial,
    }
}

/// A leg, its partner, and when they were connected.
fn pairs(view: &View, bridged_only: bool) -> impl Iterator<Item = (&Channel, Option<&Channel>)> {
    view.channels_in_order()
        .filter(|channel| !is_b_leg(view, channel))
        .map(|a| {
            (
                &**a,
                a.bridged_to
                    .as_ref()
                    .and_then(|id| view.channels.get(id))
                    .map(|b| &**b),
            )
        })
        .filter(move |(_, b)| b.is_some() || !bridged_only)
}

fn connected(a: &Channel, b: Option<&Channel>) -> String {
    let bridged = a
        .profile
        .as_ref()
        .map(|profile| profile.times.bridged)
        .filter(|time| time.happened());
    match (b, bridged) {
        (Some(_), Some(time)) => time.as_seconds().to_string(),
        _ => String::new(),
    }
}

pub(super) fn calls(view: &View, server: &Server, bridged_only: bool) -> Table {
    let b_columns: Vec<&str> = CALL
        .iter()
        .copied()
        .filter(|column| !matches!(*column, "call_uuid" | "hostname"))
        .collect();
    let mut table = table_of_pairs(view, server, bridged_only, &CALL, &b_columns);
    // By when their legs were connected, and those with one leg first (golden show-bridged-plain). The detailed forms
    // are not.
    table
        .rows
        .sort_by_key(|row| row.last().and_then(|epoch| epoch.parse::<i64>().ok()));
    table
}

pub(super) fn detailed_calls(view: &View, server: &Server, bridged_only: bool) -> Table {
    table_of_pairs(
        view,
        server,
        bridged_only,
        &CHANNEL[..DETAILED],
        &CHANNEL[..DETAILED],
    )
}

fn table_of_pairs(
    view: &View,
    server: &Server,
    bridged_only: bool,
    a_columns: &[&str],
    b_columns: &[&str],
) -> Table {
    let rows = pairs(view, bridged_only).map(|(a, b)| {
        let mut row: Vec<String> = a_columns
            .iter()
            .map(|column| value(a, server, column))
            .collect();
        row.extend(
            b_columns
                .iter()
                .map(|column| b.map_or_else(String::new, |b| value(b, server, column))),
        );
        row.push(connected(a, b));
        row
    });
    let mut columns: Vec<String> = a_columns.iter().map(|&column| column.to_owned()).collect();
    columns.extend(b_columns.iter().map(|column| format!("b_{column}")));
    columns.push("call_created_epoch".to_owned());
    Table {
        columns,
        rows: rows.collect(),
    }
}

pub(super) fn registrations(view: &View, server: &Server) -> Table {
    let columns = [
        "reg_user",
        "realm",
        "token",
        "url",
        "expires",
        "network_ip",
        "network_port",
        "network_proto",
        "hostname",
        "metadata",
    ];
    let rows = view.registrations.values().map(|r| {
        vec![
            r.user.to_string(),
            r.domain.to_string(),
            r.call_id.to_string(),
            r.dial_string(),
            r.expires.as_seconds().to_string(),
            r.source.ip().to_string(),
            r.source.port().to_string(),
            r.transport.to_owned(),
            server.hostname.clone(),
            String::new(),
        ]
    });
    Table::new(&columns, rows.collect())
}

pub(super) fn tasks(view: &View, server: &Server) -> Table {
    let columns = [
        "task_id",
        "task_desc",
        "task_group",
        "task_runtime",
        "task_sql_manager",
        "hostname",
    ];
    let rows = view.tasks.values().map(|task| {
        vec![
            task.id.to_string(),
            task.description.to_string(),
            task.group.to_string(),
            task.due.as_seconds().to_string(),
            "0".to_owned(),
            server.hostname.clone(),
        ]
    });
    Table::new(&columns, rows.collect())
}

/// Names of columns for words that stand one behind the other.
const WORDS: [&str; 10] = ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10"];

pub(super) fn aliases(view: &View, server: &Server) -> Table {
    let rows = view.tables.aliases.iter().map(|(alias, found)| {
        vec![
            u8::from(found.is_sticky).to_string(),
            alias.to_string(),
            found.command.to_string(),
            server.hostname.clone(),
        ]
    });
    Table::new(&["sticky", "alias", "command", "hostname"], rows.collect())
}

/// What `complete` has put in. None of it is kept for the next run.
pub(super) fn completions(view: &View, server: &Server) -> Table {
    let rows = view.tables.completions.iter().map(|line| {
        let word = |at: usize| line.get(at).map_or_else(String::new, ToString::to_string);
        let words = (0..WORDS.len()).map(word);
        let first = std::iter::once("0".to_owned());
        first
            .chain(words)
            .chain([server.hostname.clone()])
            .collect()
    });
    let columns: Vec<&str> = std::iter::once("sticky")
        .chain(WORDS)
        .chain(["hostname"])
        .collect();
    Table::new(&columns, rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_value_rule_and_the_recorded_names() {
        // golden show-sip-plain
        let table = calls(&View::default(), &crate::view::tests::server(), false);
        assert!(
            table
                .columns
                .join(",")
                .starts_with("uuid,direction,created,created_epoch,name,state,cid_name")
        );
        assert!(table.columns.join(",").ends_with(
            "b_callee_direction,b_sent_callee_name,b_sent_callee_num,call_created_epoch"
        ));
        assert_eq!(table.columns.len(), 41);
        let detailed = detailed_calls(&View::default(), &crate::view::tests::server(), false);
        assert_eq!(detailed.columns.len(), 65);
    }

    #[test]
    fn calls_of_one_leg_come_before_bridged_ones() {
        // golden show-bridged-plain
        let mut view = View::default();
        let mut channels = [(); 3].map(|()| crate::view::tests::channel());
        let ids = [
            "00000000-0000-0000-0000-00000000000a",
            "00000000-0000-0000-0000-00000000000b",
            "00000000-0000-0000-0000-00000000000c",
        ]
        .map(|id| api::ChannelId::from_text(id).expect("a uuid"));
        for ((channel, id), serial) in channels.iter_mut().zip(&ids).zip(1..) {
            (channel.id, channel.serial) = (id.clone(), serial);
        }
        let bridge = |at: &mut Channel, peer: &api::ChannelId, seconds: i64| {
            at.bridged_to = Some(peer.clone());
            let mut profile = CallerProfile::clone(at.profile.as_ref().expect("a profile"));
            profile.times.bridged = Timestamp(seconds * 1_000_000);
            at.profile = Some(Arc::new(profile));
        };
        bridge(&mut channels[0], &ids[2], 5);
        bridge(&mut channels[2], &ids[0], 5);
        for channel in channels {
            view.order.insert_mut(channel.serial, channel.id.clone());
            view.channels
                .insert_mut(channel.id.clone(), Arc::new(channel));
        }
        let server = crate::view::tests::server();
        let first =
            |table: Table| -> Vec<String> { table.rows.iter().map(|row| row[0].clone()).collect() };
        let [a, b, _] = ids.map(|id| id.to_string());
        assert_eq!(first(calls(&view, &server, false)), [b.clone(), a.clone()]);
        assert_eq!(first(detailed_calls(&view, &server, false)), [a, b]);
    }

    #[test]
    fn a_lone_channel_is_a_call_without_a_second_leg() {
        let channel = crate::view::tests::channel();
        let mut view = View::default();
        view.order.insert_mut(channel.serial, channel.id.clone());
        view.channels
            .insert_mut(channel.id.clone(), Arc::new(channel));
        let server = crate::view::tests::server();
        let table = calls(&view, &server, false);
        assert_eq!(table.rows.len(), 1);
        assert_eq!(table.rows[0].len(), 41);
        assert!(calls(&view, &server, true).rows.is_empty());
        let channels = channels(&view, &server);
        assert!(matches(&channels.columns, &channels.rows[0], "loopback"));
        assert!(!matches(&channels.columns, &channels.rows[0], "CS_INIT"));
    }
}
