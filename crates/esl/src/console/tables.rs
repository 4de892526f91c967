//! Values and resources kept in the switch (event-socket.md §6.8; golden api-10-hash-db-limit).

use api::ErrorKind;
use api::command::table::{ChangeHash, ChangeKept, Limit, ReleaseLimit, ResetInterval, TakeLimit};
use api::view::TableKey;

use super::call::{Call, usage};

const HASH_USAGE: &str =
    "-ERR Usage: hash insert|insert_ifempty|select|delete|delete_ifmatch/realm/key[/value]\n";

pub(super) async fn hash(call: &Call<'_>) -> String {
    if let Some(key) = call.args.strip_prefix("select/") {
        let Some((realm, key)) = key.split_once('/') else {
            return HASH_USAGE.to_owned();
        };
        let view = call.view();
        let value = view.tables.hash.get(&(realm.into(), key.into()));
        return value.map(ToString::to_string).unwrap_or_default();
    }
    let Some(command) = ChangeHash::parse(call.args) else {
        return HASH_USAGE.to_owned();
    };
    match call.ask(command).await {
        Ok(()) => "+OK\n".to_owned(),
        Err(error) => match error.kind {
            ErrorKind::AlreadyExists(_) => "-ERR key already exists\n".to_owned(),
            ErrorKind::NotFound(_) => "-ERR Not found\n".to_owned(),
            ErrorKind::InvalidState => "-ERR Doesn't match\n".to_owned(),
            ErrorKind::InvalidArgument(_)
            | ErrorKind::NotSupported
            | ErrorKind::Forbidden
            | ErrorKind::Unavailable
            | ErrorKind::TimedOut
            | ErrorKind::LimitReached
            | ErrorKind::CallFailed
            | ErrorKind::Internal => format!("-ERR {}\n", error.detail),
        },
    }
}

/// What the original says when it did not understand, or could not do it.
const FAILED: &str = "!err!";

/// `db insert|delete|select|exists/<realm>/<key>[/<value>]`, `db count|list[/<realm>]`.
pub(super) async fn db(call: &Call<'_>) -> String {
    match call.view().tables.ask_db(call.args) {
        Some(answer) => answer,
        None => keep(call, ChangeKept::parse_db(call.args)).await,
    }
}

/// `group insert|delete:<group>:<dial string>`, `group call:<group>[:order]`.
pub(super) async fn group(call: &Call<'_>) -> String {
    match call.view().tables.ask_group(call.args) {
        Some(answer) => answer,
        None => keep(call, ChangeKept::parse_group(call.args)).await,
    }
}

async fn keep(call: &Call<'_>, change: Option<ChangeKept>) -> String {
    let done = match change {
        Some(change) => call.ask(change).await.is_ok(),
        None => false,
    };
    if done { "+OK" } else { FAILED }.to_owned()
}

/// `hash_remote list`: values are those of this server alone, so that there is nobody in the list.
pub(super) async fn hash_remote(call: &Call<'_>) -> String {
    match call.args.trim() {
        "list" => "Remote connections:\nName\t\t\tState\n+OK\n".to_owned(),
        _ => usage("list"),
    }
}

/// `hash_dump all|limit|db [<realm>]`. A realm is all that stands before the key, as the original prints both in one.
pub(super) async fn hash_dump(call: &Call<'_>) -> String {
    let words = call.words();
    let what = words.first().map_or("", String::as_str);
    let realm = words.get(1).map(String::as_str);
    let (limits, values) = match what {
        "all" => (true, true),
        "limit" => (true, false),
        "db" => (false, true),
        _ => return "Usage: all|limit|db [<realm>]\n".to_owned(),
    };
    let view = call.view();
    let tables = &view.tables;
    let wanted = |key: &TableKey| realm.is_none_or(|realm| realm == &*key.0);
    let mut out = String::new();
    for (key, usage) in tables
        .limits
        .iter()
        .filter(|(key, _)| limits && wanted(key))
    {
        let seconds = usage.since.as_micros() / 1_000_000;
        out.push_str(&format!(
            "L/{}_{}/{}/{}/{}/{seconds}\n",
            key.0, key.1, usage.used, usage.rate, usage.interval_s
        ));
    }
    for (key, value) in tables.hash.iter().filter(|(key, _)| values && wanted(key)) {
        out.push_str(&format!("D/{}_{}/{value}\n", key.0, key.1));
    }
    out
}

/// `limit_usage <backend> <realm> <id> [rate]`; 0 of what nobody uses, whatever the backend.
pub(super) async fn limit_usage(call: &Call<'_>) -> String {
    let words = call.words();
    let [_, realm, id, rest @ ..] = words.as_slice() else {
        return "USAGE: limit_usage <backend> <realm> <id> [rate]\n".to_owned();
    };
    let key: TableKey = (realm.as_str().into(), id.as_str().into());
    let view = call.view();
    let usage = view.tables.limits.get(&key).copied().unwrap_or_default();
    let wants_rate = rest.first().is_some_and(|word| word == "rate");
    let number = if wants_rate { usage.rate } else { usage.used };
    number.to_string()
}

/// The original's answers: its table in memory cannot say, that of the database can.
pub(super) async fn limit_status(call: &Call<'_>) -> String {
    match call.args.trim() {
        "" => "USAGE: limit_status <backend>\n".to_owned(),
        "db" => {
            let resources = call.view().tables.limits.size();
            let host = &call.console.server.hostname;
            format!("Tracking {resources} resources for hostname {host}.")
        }
        _ => "-ERR not supported yet (locking problems).".to_owned(),
    }
}

/// Nothing is forgotten as long as channels hold it; the original refuses as well (golden api-10-hash-db-limit).
pub(super) async fn limit_reset(call: &Call<'_>) -> String {
    let refusal = match call.args.trim() {
        "" => "USAGE: limit_reset <backend>\n",
        _ => "-ERR",
    };
    refusal.to_owned()
}

pub(super) async fn limit_interval_reset(call: &Call<'_>) -> String {
    let words = call.words();
    let [_, realm, id, ..] = words.as_slice() else {
        return "USAGE: limit_interval_reset <backend> <realm> <id>\n".to_owned();
    };
    let key = (realm.as_str().into(), id.as_str().into());
    match call.ask(ResetInterval { key }).await {
        Ok(()) => "+OK".to_owned(),
        Err(_) => "-ERR".to_owned(),
    }
}

pub(super) async fn uuid_limit(call: &Call<'_>) -> String {
    const USAGE: &str = "USAGE: uuid_limit <uuid> <backend> <realm> <resource> [<max>[/interval]] [number [dialplan [context]]]\n";
    let words = call.words();
    if words.len() < 4 {
        return USAGE.to_owned();
    }
    let (uuid, rest) = crate::splitter::head(call.args);
    let Some(channel) = call.live(uuid) else {
        return no_session(uuid);
    };
    let Some(limit) = Limit::parse(rest) else {
        return USAGE.to_owned();
    };
    match call.ask(TakeLimit { channel, limit }).await {
        Ok(()) => "+OK".to_owned(),
        Err(_) => no_session(uuid),
    }
}

/// `uuid_limit_release <uuid> <backend> [realm] [resource]`; without the last two everything the channel holds.
pub(super) async fn uuid_limit_release(call: &Call<'_>) -> String {
    let words = call.words();
    let (uuid, key) = match words.as_slice() {
        [uuid, _, realm, id, ..] => (uuid, Some((realm.as_str().into(), id.as_str().into()))),
        [uuid, _, ..] => (uuid, None),
        [_] | [] => {
            return "USAGE: uuid_limit_release <uuid> <backend> [realm] [resource]\n".to_owned();
        }
    };
    let Some(channel) = call.live(uuid) else {
        return no_session(uuid);
    };
    match call.ask(ReleaseLimit { channel, key }).await {
        Ok(()) => "+OK".to_owned(),
        Err(_) => no_session(uuid),
    }
}

fn no_session(uuid: &str) -> String {
    format!("-ERR Cannot find session with uuid {uuid}\n")
}
