//! `conference list`, `json_list`, `xml_list` and `count` (event-socket.md §6.6).

use super::call::Call;
use crate::encode::encode;
use crate::serialise::json_tree::Json;
use api::Timestamp;
use api::view::{Member, Room};
use std::sync::Arc;

/// The lists without a conference's name in front.
pub(super) fn all(call: &Call<'_>, words: &[String]) -> String {
    let view = call.view();
    let rooms: Vec<&Arc<Room>> = view.rooms.values().collect();
    let option = words.get(1).map(String::as_str);
    match words[0].as_str() {
        "count" => rooms.len().to_string(),
        "json_list" => json(call, &rooms, option),
        "xml_list" => xml(call, &rooms),
        _ if rooms.is_empty() => "+OK No active conferences.\n".to_owned(),
        _ => {
            let lines = rooms.iter().map(|room| match option {
                Some("summary") => header(room),
                _ => header(room) + &members(room, &words[1..]),
            });
            lines.collect()
        }
    }
}

/// The lists of one conference.
pub(super) fn one(call: &Call<'_>, room: &Arc<Room>, command: &str, words: &[String]) -> String {
    let option = words.first().map(String::as_str);
    match (command, option) {
        ("count", _) | ("list", Some("count")) => room.members.len().to_string(),
        ("json_list", _) => json(call, &[room], option),
        ("xml_list", _) => xml(call, &[room]),
        (_, Some("summary")) => header(room),
        _ => members(room, words),
    }
}

fn header(room: &Room) -> String {
    let count = room.members.len();
    format!(
        "+OK Conference {} ({count} member{} rate: {}{} flags: {})\n",
        room.name,
        if count == 1 { "" } else { "s" },
        room.rate_hz,
        if room.flags.locked { " locked" } else { "" },
        flags(room).join("|")
    )
}

fn flags(room: &Room) -> Vec<&'static str> {
    let known = [
        ("locked", room.flags.locked),
        ("wait_mod", room.flags.wait_mod),
        ("audio_always", room.flags.audio_always),
        ("running", true),
        ("answered", room.flags.answered),
        // It ends with its last member.
        ("enforce_min", true),
        ("dynamic", room.flags.dynamic),
        ("exit_sound", room.flags.exit_sound),
        ("enter_sound", room.flags.enter_sound),
        ("recording", !room.recordings.is_empty()),
    ];
    known
        .into_iter()
        .filter(|(_, on)| *on)
        .map(|(name, _)| name)
        .collect()
}

/// Newest member first.
fn members(room: &Room, words: &[String]) -> String {
    let delimiter = match words {
        [word, delimiter, ..] if word == "delim" => delimiter.as_str(),
        _ => ";",
    };
    let pretty = words.first().is_some_and(|word| word == "pretty");
    room.members
        .iter()
        .rev()
        .map(|member| {
            if pretty {
                person(member)
            } else {
                line(room, member, delimiter)
            }
        })
        .collect()
}

fn caller(member: &Member) -> (&str, &str) {
    member.channel.profile.as_ref().map_or(("", ""), |profile| {
        (&profile.caller_id_name, &profile.caller_id_number)
    })
}

fn person(member: &Member) -> String {
    let (name, number) = caller(member);
    format!("{}) {name} ({number})\n", member.id)
}

fn line(room: &Room, member: &Member, delimiter: &str) -> String {
    let (name, number) = caller(member);
    let active = !member.hold;
    let known = [
        ("hear", active && member.can_hear),
        ("speak", active && member.can_speak),
        ("talking", active && member.talking),
        ("hold", member.hold),
        ("floor", room.floor == Some(member.id)),
        ("moderator", member.moderator),
        ("ghost", member.ghost),
    ];
    let flags: Vec<&str> = known
        .into_iter()
        .filter(|(_, on)| *on)
        .map(|(name, _)| name)
        .collect();
    let columns = [
        member.id.to_string(),
        member.channel.name.to_string(),
        member.channel.id.to_string(),
        name.to_owned(),
        number.to_owned(),
        flags.join("|"),
        member.volume_in.to_string(),
        member.volume_out.to_string(),
        member.energy_level.to_string(),
    ];
    columns.join(delimiter) + "\n"
}

pub(super) fn seconds_since(call: &Call<'_>, then: Timestamp) -> i64 {
    if then.happened() {
        call.console.host.now().micros_since(then) / 1_000_000
    } else {
        0
    }
}

fn number(value: impl Into<i64>) -> Json {
    Json::Number(value.into())
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn count(number: usize) -> Json {
    Json::Number(i64::try_from(number).unwrap_or(i64::MAX))
}

fn json(call: &Call<'_>, rooms: &[&Arc<Room>], option: Option<&str>) -> String {
    let list = Json::List(rooms.iter().map(|room| room_json(call, room)).collect());
    if option == Some("compact") {
        list.compact()
    } else {
        list.pretty()
    }
}

fn room_json(call: &Call<'_>, room: &Room) -> Json {
    let flags = room.flags;
    let variables = room
        .variables
        .iter()
        .map(|(name, value)| (name.to_owned(), Json::text(&*value.to_text())));
    object([
        ("conference_name", Json::text(&*room.name)),
        ("member_count", count(room.members.len())),
        (
            "ghost_count",
            count(room.members.iter().filter(|member| member.ghost).count()),
        ),
        ("rate", number(room.rate_hz)),
        ("run_time", number(seconds_since(call, room.created))),
        ("conference_uuid", Json::text(room.id.to_string())),
        ("canvas_count", number(0)),
        ("max_bw_in", number(0)),
        ("force_bw_in", number(0)),
        ("video_floor_packets", number(0)),
        ("locked", Json::Bool(flags.locked)),
        ("destruct", Json::Bool(false)),
        ("wait_mod", Json::Bool(flags.wait_mod)),
        ("audio_always", Json::Bool(flags.audio_always)),
        ("running", Json::Bool(true)),
        ("answered", Json::Bool(flags.answered)),
        ("enforce_min", Json::Bool(true)),
        ("bridge_to", Json::Bool(false)),
        ("dynamic", Json::Bool(flags.dynamic)),
        ("exit_sound", Json::Bool(flags.exit_sound)),
        ("enter_sound", Json::Bool(flags.enter_sound)),
        ("recording", Json::Bool(!room.recordings.is_empty())),
        ("video_bridge", Json::Bool(false)),
        ("video_floor_only", Json::Bool(false)),
        ("video_rfc4579", Json::Bool(false)),
        ("variables", Json::Object(variables.collect())),
        (
            "members",
            Json::List(
                room.members
                    .iter()
                    .rev()
                    .map(|member| member_json(call, room, member))
                    .collect(),
            ),
        ),
    ])
}

fn member_json(call: &Call<'_>, room: &Room, member: &Member) -> Json {
    let (name, caller_number) = caller(member);
    let flags = object([
        ("can_hear", Json::Bool(member.can_hear)),
        ("can_see", Json::Bool(true)),
        ("can_speak", Json::Bool(member.can_speak)),
        ("hold", Json::Bool(member.hold)),
        ("mute_detect", Json::Bool(member.mute_detect)),
        ("talking", Json::Bool(member.talking)),
        ("has_video", Json::Bool(false)),
        ("video_bridge", Json::Bool(false)),
        ("has_floor", Json::Bool(room.floor == Some(member.id))),
        ("is_moderator", Json::Bool(member.moderator)),
        ("end_conference", Json::Bool(member.end_conference)),
        ("mandatory_member_end_conference", Json::Bool(false)),
        ("pass_digits", Json::Bool(false)),
    ]);
    object([
        ("type", Json::text("caller")),
        ("id", number(member.id.0)),
        ("flags", flags),
        ("uuid", Json::text(member.channel.id.as_str())),
        ("caller_id_name", Json::text(name)),
        ("caller_id_number", Json::text(caller_number)),
        ("join_time", number(seconds_since(call, member.joined))),
        (
            "last_talking",
            number(seconds_since(call, member.last_talking)),
        ),
        ("energy", number(member.energy_level)),
        ("volume_in", number(member.volume_in)),
        ("volume_out", number(member.volume_out)),
        ("output-volume", number(member.volume_out)),
        ("input-volume", number(member.volume_in)),
    ])
}

fn xml(call: &Call<'_>, rooms: &[&Arc<Room>]) -> String {
    if rooms.is_empty() {
        return "<?xml version=\"1.0\"?>\n<conferences></conferences>\n".to_owned();
    }
    let rooms: String = rooms.iter().map(|room| room_xml(call, room)).collect();
    format!("<?xml version=\"1.0\"?>\n<conferences>\n{rooms}</conferences>\n")
}

fn room_xml(call: &Call<'_>, room: &Room) -> String {
    let set: String = flags(room)
        .iter()
        .map(|flag| format!(" {flag}=\"true\""))
        .collect();
    let variables: String = room
        .variables
        .iter()
        .map(|(name, value)| {
            format!(
                "      <variable name=\"{}\" value=\"{}\"/>\n",
                encode(name),
                encode(&value.to_text())
            )
        })
        .collect();
    let variables = if variables.is_empty() {
        String::new()
    } else {
        format!("\n{variables}    ")
    };
    let members: String = room
        .members
        .iter()
        .rev()
        .map(|member| member_xml(call, room, member))
        .collect();
    format!(
        "  <conference name=\"{}\" member-count=\"{}\" ghost-count=\"{}\" rate=\"{}\" uuid=\"{}\"{set} run_time=\"{}\">\n    \
         <variables>{variables}</variables>\n    <members>\n{members}    </members>\n  </conference>\n",
        encode(&room.name),
        room.members.len(),
        room.members.iter().filter(|member| member.ghost).count(),
        room.rate_hz,
        room.id,
        seconds_since(call, room.created),
    )
}

fn member_xml(call: &Call<'_>, room: &Room, member: &Member) -> String {
    let (name, caller_number) = caller(member);
    let talked = if member.last_talking.happened() {
        seconds_since(call, member.last_talking).to_string()
    } else {
        "N/A".to_owned()
    };
    let flags = [
        ("can_hear", member.can_hear),
        ("can_see", true),
        ("can_speak", member.can_speak),
        ("mute_detect", member.mute_detect),
        ("talking", member.talking),
        ("hold", member.hold),
        ("has_video", false),
        ("video_bridge", false),
        ("has_floor", room.floor == Some(member.id)),
        ("is_moderator", member.moderator),
        ("end_conference", member.end_conference),
        ("mandatory_member_end_conference", false),
        ("is_ghost", member.ghost),
    ];
    let flags: String = flags
        .iter()
        .map(|(name, on)| format!("          <{name}>{on}</{name}>\n"))
        .collect();
    format!(
        "      <member type=\"caller\">\n        <id>{}</id>\n        <flags>\n{flags}        </flags>\n        \
         <uuid>{}</uuid>\n        <caller_id_name>{}</caller_id_name>\n        \
         <caller_id_number>{}</caller_id_number>\n        <join_time>{}</join_time>\n        \
         <last_talking>{talked}</last_talking>\n        <energy>{}</energy>\n        <volume_in>{}</volume_in>\n        \
         <volume_out>{}</volume_out>\n        <output-volume>{}</output-volume>\n      </member>\n",
        member.id,
        member.channel.id,
        encode(name),
        encode(caller_number),
        seconds_since(call, member.joined),
        member.energy_level,
        member.volume_in,
        member.volume_out,
        member.volume_out,
    )
}
