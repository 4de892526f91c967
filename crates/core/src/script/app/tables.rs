//! `hash` and `limit`; [`crate::tables`] does the rest. `db` and `group`; [`crate::kept_tables`] does.

use api::ChannelId;
use api::command::table::{ChangeHash, ChangeKept, Limit};

use super::Started;
use crate::Switch;

/// `insert/<realm>/<key>/<value>`, `delete/<realm>/<key>`
pub(super) fn db(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    keep(switch, id, "db", data, ChangeKept::parse_db(data))
}

/// `insert:<group>:<dial string>`, `delete:<group>:<dial string>`
pub(super) fn group(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    keep(switch, id, "group", data, ChangeKept::parse_group(data))
}

fn keep(
    switch: &mut Switch,
    id: &ChannelId,
    application: &str,
    data: &str,
    change: Option<ChangeKept>,
) -> Started {
    let Some(change) = change else {
        tracing::warn!(channel = %id, application, data, "An application does not say what to keep");
        return Started::Done;
    };
    if let Err(error) = switch.change_kept(change) {
        tracing::warn!(channel = %id, application, %error, "What is kept stays as it is");
    }
    Started::Done
}

/// `insert|insert_ifempty|delete|delete_ifmatch/<realm>/<key>[/<value>]`
pub(super) fn hash(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let done = match ChangeHash::parse(data) {
        Some(command) => switch.change_hash(command),
        None => {
            tracing::warn!(channel = %id, data, "hash does not say what to do");
            return Started::Done;
        }
    };
    if let Err(error) = done {
        tracing::warn!(channel = %id, %error, "A value is left as it is");
    }
    Started::Done
}

/// [`limit`] of the backend `hash`: `<realm> <id> …`
pub(super) fn limit_hash(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    limit(switch, id, &format!("hash {data}"))
}

/// `<backend> <realm> <id> [<max>[/<interval>]] [<extension> [<dialplan> [<context>]]]`. There is one process and one
/// table, whatever the backend is called.
pub(super) fn limit(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let done = match Limit::parse(data) {
        Some(limit) => switch.take_limit(id, &limit),
        None => {
            tracing::warn!(channel = %id, data, "limit does not say of what");
            return Started::Done;
        }
    };
    if let Err(error) = done {
        tracing::warn!(channel = %id, %error, "A resource cannot be taken");
    }
    Started::Done
}
