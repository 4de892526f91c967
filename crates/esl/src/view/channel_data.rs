//! What an event says about its channel: basic data, caller profiles, variables (event-socket.md §4.3, §4.4).

use crate::headers::Headers;
use api::variables::Value;
use api::view::{CallerProfile, Channel, Codec};
use std::borrow::Cow;

/// The prefixes a caller profile is printed with.
pub const PROFILE_PREFIXES: [&str; 3] = ["Caller-", "Other-Leg-", "Channel-"];

/// Basic data, own profile and the other leg's.
pub fn basic_data(headers: &mut Headers, channel: &Channel) {
    headers.push("Channel-State", channel.state.name());
    headers.push("Channel-Call-State", channel.call_state.name());
    headers.push_display("Channel-State-Number", channel.next_state.number());
    headers.push("Channel-Name", channel.name.to_string());
    headers.push("Unique-ID", channel.id.to_string());
    headers.push(
        "Session-External-ID",
        channel
            .external_id
            .as_deref()
            .unwrap_or_default()
            .to_owned(),
    );
    headers.push("Call-Direction", channel.direction.name());
    headers.push("Presence-Call-Direction", channel.direction.name());
    headers.push("Channel-HIT-Dialplan", truth(channel.hit_dialplan));
    headers.push("Channel-Presence-ID", variable(channel, "presence_id"));
    headers.push("Channel-Presence-Data", variable(channel, "presence_data"));
    headers.push("Channel-Call-UUID", channel.call_id().to_owned());
    headers.push("Answer-State", channel.answer.name());
    if let Some(hangup) = channel.hangup {
        headers.push("Hangup-Cause", hangup.cause.name());
    }
    codec(
        headers,
        [
            "Channel-Read-Codec-Name",
            "Channel-Read-Codec-Rate",
            "Channel-Read-Codec-Bit-Rate",
        ],
        channel.read_codec.as_ref(),
    );
    codec(
        headers,
        [
            "Channel-Write-Codec-Name",
            "Channel-Write-Codec-Rate",
            "Channel-Write-Codec-Bit-Rate",
        ],
        channel.write_codec.as_ref(),
    );
    if let Some(own) = &channel.profile {
        profile(headers, "Caller-", own);
    }
    if let Some(other) = &channel.other {
        headers.push("Other-Type", other.kind.name());
        profile(headers, "Other-Leg-", &other.profile);
    }
}

/// Three headers of one codec, under the given names.
pub(super) fn codec(headers: &mut Headers, names: [&'static str; 3], codec: Option<&Codec>) {
    if let Some(codec) = codec {
        headers.push(names[0], codec.name.to_string());
        headers.push_display(names[1], codec.rate_hz);
        headers.push_display(names[2], codec.bit_rate);
    }
}

/// A caller profile under a prefix. Names of the three known prefixes cost no allocation.
pub fn profile(headers: &mut Headers, prefix: &'static str, profile: &CallerProfile) {
    let mut text = |field: &'static str, value: &str| {
        if !value.is_empty() {
            headers.push(prefixed(prefix, field), value.to_owned());
        }
    };
    text("Direction", profile.direction.name());
    text("Logical-Direction", profile.logical_direction.name());
    text("Username", &profile.username);
    text("Dialplan", &profile.dialplan);
    text("Caller-ID-Name", &profile.caller_id_name);
    text("Caller-ID-Number", &profile.caller_id_number);
    text("Orig-Caller-ID-Name", &profile.orig_caller_id_name);
    text("Orig-Caller-ID-Number", &profile.orig_caller_id_number);
    text("Callee-ID-Name", &profile.callee_id_name);
    text("Callee-ID-Number", &profile.callee_id_number);
    text("Network-Addr", &profile.network_addr);
    text("ANI", &profile.ani);
    text("ANI-II", &profile.ani_ii);
    text("Destination-Number", &profile.destination_number);
    text("Unique-ID", profile.unique_id.as_str());
    text("Source", &profile.source);
    text("Transfer-Source", &profile.transfer_source);
    text("Context", &profile.context);
    text("RDNIS", &profile.rdnis);
    text("Channel-Name", &profile.channel_name);
    if profile.index > 0 {
        text("Profile-Index", &profile.index.to_string());
    }
    for (name, value) in &profile.custom {
        headers.push(format!("{prefix}{name}"), value.to_string());
    }
    let times = &profile.times;
    for (field, micros) in [
        ("Profile-Created-Time", times.profile_created.as_micros()),
        ("Channel-Created-Time", times.created.as_micros()),
        ("Channel-Answered-Time", times.answered.as_micros()),
        ("Channel-Progress-Time", times.progress.as_micros()),
        (
            "Channel-Progress-Media-Time",
            times.progress_media.as_micros(),
        ),
        ("Channel-Hangup-Time", times.hungup.as_micros()),
        ("Channel-Transfer-Time", times.transferred.as_micros()),
        ("Channel-Resurrect-Time", times.resurrected.as_micros()),
        ("Channel-Bridged-Time", times.bridged.as_micros()),
        ("Channel-Last-Hold", times.last_hold.as_micros()),
        ("Channel-Hold-Accum", times.hold_accum_us),
    ] {
        headers.push_display(prefixed(prefix, field), micros);
    }
    headers.push(prefixed(prefix, "Screen-Bit"), truth(profile.screen_bit));
    headers.push(
        prefixed(prefix, "Privacy-Hide-Name"),
        truth(profile.privacy_hide_name),
    );
    headers.push(
        prefixed(prefix, "Privacy-Hide-Number"),
        truth(profile.privacy_hide_number),
    );
}

fn prefixed(prefix: &str, field: &str) -> Cow<'static, str> {
    let mut name = String::with_capacity(prefix.len() + field.len());
    name.push_str(prefix);
    name.push_str(field);
    Cow::Owned(name)
}

/// The channel's variables in the order they were set.
pub fn variables(headers: &mut Headers, channel: &Channel) {
    for (name, value) in channel.variables.iter() {
        let name = prefixed("variable_", name);
        match value {
            Value::Text(text) => headers.push(name, text.to_string()),
            Value::List(items) => {
                headers.push_list(name, items.iter().map(ToString::to_string).collect())
            }
        }
    }
}

/// Everything about a channel: what `uuid_dump` and `connect` print behind the core headers.
pub fn channel_dump(headers: &mut Headers, channel: &Channel) {
    basic_data(headers, channel);
    variables(headers, channel);
}

pub(super) fn truth(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

fn variable(channel: &Channel, name: &str) -> String {
    channel.variable(name).unwrap_or_default().to_owned()
}
