//! `uuid_*` commands that read and set what a channel carries (event-socket.md §6.5).

use super::call::{Call, NO_SUCH_CHANNEL, OK, either, usage};
use crate::serialise::{Format, write_event};
use crate::view::dump;
use api::View;
use api::command::channel::SetVariables;
use api::variables::Value;
use api::view::{CallerProfile, Channel};
use std::sync::Arc;

/// Largest index of a list variable (`arr[3]`). Ours.
const MAX_INDEX: usize = 4095;

/// What is printed for a variable that is not set.
const UNDEFINED: &str = "_undef_";

/// A value clients can ask for by name: channel variable (or `name[index]` of a list), else profile field,
/// else global variable (event-socket.md §2.15).
pub fn lookup(view: &View, channel: &Channel, name: &str) -> Option<Arc<str>> {
    if let Some((list, index)) = indexed(name) {
        return match channel.variables.get(list)? {
            Value::List(items) => items.get(index).cloned(),
            // A text has no items, not even a first one (golden uuid-03-getvar-setvar).
            Value::Text(_) => None,
        };
    }
    let variable = channel.variables.get(name).map(Value::to_text);
    variable
        .or_else(|| {
            channel
                .profile
                .as_ref()
                .and_then(|profile| profile_field(profile, name))
        })
        .or_else(|| view.globals.get(name).cloned())
}

fn profile_field(profile: &CallerProfile, name: &str) -> Option<Arc<str>> {
    let text = match name {
        "direction" => profile.direction.name().into(),
        "logical_direction" => profile.logical_direction.name().into(),
        "username" => profile.username.clone(),
        "dialplan" => profile.dialplan.clone(),
        "caller_id_name" => profile.caller_id_name.clone(),
        "caller_id_number" => profile.caller_id_number.clone(),
        "orig_caller_id_name" => profile.orig_caller_id_name.clone(),
        "orig_caller_id_number" => profile.orig_caller_id_number.clone(),
        "callee_id_name" => profile.callee_id_name.clone(),
        "callee_id_number" => profile.callee_id_number.clone(),
        "network_addr" => profile.network_addr.clone(),
        "ani" => profile.ani.clone(),
        "aniii" => profile.ani_ii.clone(),
        "destination_number" => profile.destination_number.clone(),
        "uuid" => profile.unique_id.as_str().into(),
        "source" => profile.source.clone(),
        "transfer_source" => profile.transfer_source.clone(),
        "context" => profile.context.clone(),
        "rdnis" => profile.rdnis.clone(),
        "chan_name" => profile.channel_name.clone(),
        "profile_created_time" => profile.times.profile_created.as_micros().to_string().into(),
        "created_time" => profile.times.created.as_micros().to_string().into(),
        "answered_time" => profile.times.answered.as_micros().to_string().into(),
        "progress_time" => profile.times.progress.as_micros().to_string().into(),
        "progress_media_time" => profile.times.progress_media.as_micros().to_string().into(),
        "hungup_time" => profile.times.hungup.as_micros().to_string().into(),
        "transferred_time" => profile.times.transferred.as_micros().to_string().into(),
        "bridged_time" => profile.times.bridged.as_micros().to_string().into(),
        _ => profile
            .custom
            .iter()
            .find(|(custom, _)| &**custom == name)?
            .1
            .clone(),
    };
    (!text.is_empty()).then_some(text)
}

/// `name[3]` as name and index.
fn indexed(name: &str) -> Option<(&str, usize)> {
    let (list, index) = name.strip_suffix(']')?.split_once('[')?;
    let index = index.parse().ok().filter(|&index| index <= MAX_INDEX)?;
    (!list.is_empty()).then_some((list, index))
}

pub(super) async fn uuid_getvar(call: &Call<'_>) -> String {
    let words = call.words();
    let [uuid, name, ..] = words.as_slice() else {
        return usage("<uuid> <var>");
    };
    let view = call.view();
    let Some(channel) = view.channel(uuid) else {
        return NO_SUCH_CHANNEL.to_owned();
    };
    lookup(&view, channel, name).map_or_else(|| UNDEFINED.to_owned(), |value| value.to_string())
}

pub(super) async fn uuid_setvar(call: &Call<'_>) -> String {
    let words = call.words_of(3);
    let [uuid, name, value @ ..] = words.as_slice() else {
        return usage("<uuid> <var> [value]");
    };
    let Some(channel) = call.channel(uuid) else {
        return NO_SUCH_CHANNEL.to_owned();
    };
    let value = value.first().map_or("", String::as_str);
    let change = match indexed(name) {
        Some((list, index)) => (list.into(), with_item(&channel, list, index, value)),
        None => (name.as_str().into(), value.into()),
    };
    either(
        &call
            .ask(SetVariables {
                channel: channel.id.clone(),
                variables: vec![change],
            })
            .await,
        OK,
        NO_SUCH_CHANNEL,
    )
}

/// The list with one item replaced or added; items in between are empty.
fn with_item(channel: &Channel, list: &str, index: usize, value: &str) -> Arc<str> {
    let mut items: Vec<Arc<str>> = match channel.variables.get(list) {
        Some(Value::List(items)) => items.to_vec(),
        Some(Value::Text(text)) => vec![text.clone()],
        None => Vec::new(),
    };
    items.resize(items.len().max(index + 1), "".into());
    items[index] = value.into();
    crate::headers::join_array(&items).into()
}

/// `a=1;b=2`; a word without `=` is left out.
pub(super) async fn uuid_setvar_multi(call: &Call<'_>) -> String {
    let syntax = "<uuid> <var>=<value>;<var>=<value>...";
    let (uuid, list) = crate::splitter::head(call.args);
    if uuid.is_empty() {
        return usage(syntax);
    }
    if list.is_empty() {
        return String::new();
    }
    let Some(channel) = call.live(uuid) else {
        return NO_SUCH_CHANNEL.to_owned() + &usage(syntax);
    };
    let pairs = list.split(';').filter_map(|pair| pair.split_once('='));
    let variables = pairs
        .map(|(name, value)| (name.trim().into(), value.into()))
        .collect();
    either(
        &call.ask(SetVariables { channel, variables }).await,
        OK,
        NO_SUCH_CHANNEL,
    )
}

/// `uuid_dump <uuid> [txt|plain|xml|json]`; an unknown format is `txt`.
pub(super) async fn uuid_dump(call: &Call<'_>) -> String {
    let words = call.words();
    let Some(uuid) = words.first() else {
        return usage("<uuid> [format]");
    };
    let view = call.view();
    let Some(channel) = view.channel(uuid) else {
        return NO_SUCH_CHANNEL.to_owned();
    };
    let headers = dump(
        channel,
        &call.console.server,
        call.console.host.now(),
        view.as_of,
    );
    let format = words.get(1).map_or("txt", String::as_str);
    if format.eq_ignore_ascii_case("plain") {
        let lines = headers
            .iter()
            .map(|header| format!("{}: [{}]\n", header.name, header.text()));
        return lines.chain(["\n".to_owned()]).collect();
    }
    let format = match Format::from_word(format) {
        Some(Format::Json) => Format::Json,
        Some(Format::Xml) => Format::Xml,
        Some(Format::Plain) | None => Format::Plain,
    };
    let mut out = Vec::new();
    write_event(&mut out, format, &headers);
    String::from_utf8(out)
        .unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned())
}

/// As `uuid_dump <uuid> xml`; `None` for a channel that is gone.
pub(super) fn channel_as_xml(call: &Call<'_>, uuid: &str) -> Option<String> {
    let view = call.view();
    let console = call.console;
    let headers = dump(
        view.channel(uuid)?,
        &console.server,
        console.host.now(),
        view.as_of,
    );
    let mut out = Vec::new();
    write_event(&mut out, Format::Xml, &headers);
    Some(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_an_index() {
        assert_eq!(indexed("arr[1]"), Some(("arr", 1)));
        assert_eq!(indexed("arr[x]"), None);
        assert_eq!(indexed("arr[99999]"), None);
        assert_eq!(indexed("[1]"), None);
    }
}
