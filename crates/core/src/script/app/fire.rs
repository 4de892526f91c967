//! `event`, `presence`, `log`, `info`, `verbose_events`, `enable_heartbeat`.

use std::sync::Arc;
use std::time::Duration;

use api::ChannelId;
use api::dial::parse_variables;
use api::event::{ChannelEvent, CustomEvent, EventKind};

use super::Started;
use crate::Switch;

/// `Event-Name=CUSTOM,Event-Subclass=my::thing,X=1`; without a name it is a CHANNEL_APPLICATION.
pub(super) fn event(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let mut headers = Vec::new();
    parse_variables(data, &mut headers);
    let find = |name: &str| {
        headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.clone())
    };
    match find("Event-Name") {
        Some(name) => {
            let subclass = find("Event-Subclass");
            let event = CustomEvent {
                name,
                subclass,
                headers,
                body: None,
                from_client: false,
            };
            switch.waiting_fired(&event);
            let channel = switch.channels.get(id).map(|live| live.seen.clone());
            switch.publish(EventKind::Custom(Box::new(event)), channel);
        }
        None => switch.emit(id, ChannelEvent::Application { headers }),
    }
    Started::Done
}

/// `<rpid> <status> [<id>]`: a PRESENCE_IN about `presence_id`, or whom else it names.
pub(super) fn presence(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let mut words = data.split_ascii_whitespace();
    let (Some(rpid), Some(status)) = (words.next(), words.next()) else {
        tracing::warn!(channel = %id, data, "presence does not say what is so");
        return Started::Done;
    };
    let whose = words.next().or_else(|| switch.var(id, "presence_id"));
    match whose.map(Arc::from) {
        Some(from) => switch.tell_presence(id, from, rpid.into(), status.into()),
        None => tracing::warn!(channel = %id, data, "presence does not say whose"),
    }
    Started::Done
}

pub(super) fn log(_switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let (level, text) = data.split_once(' ').unwrap_or(("DEBUG", data));
    match level.to_ascii_uppercase().as_str() {
        "CONSOLE" | "ALERT" | "CRIT" | "ERR" | "ERROR" | "0" | "1" | "2" | "3" => {
            tracing::error!(channel = %id, "{text}")
        }
        "WARNING" | "4" => tracing::warn!(channel = %id, "{text}"),
        "NOTICE" | "INFO" | "5" | "6" => tracing::info!(channel = %id, "{text}"),
        "DEBUG" | "7" => tracing::debug!(channel = %id, "{text}"),
        _ => tracing::debug!(channel = %id, "{data}"),
    }
    Started::Done
}

/// `<level>`, by name or number.
pub(super) fn session_loglevel(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    match api::log::level_of(data.trim()) {
        Some(level) => switch.set_log_level(id, level),
        None => tracing::warn!(channel = %id, data, "session_loglevel does not say a level"),
    }
    Started::Done
}

pub(super) fn info(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    if let Some(live) = switch.channels.get(id) {
        let variables: Vec<_> = live
            .seen
            .variables
            .iter()
            .map(|(n, v)| format!("{n}=[{}]", v.to_text()))
            .collect();
        tracing::info!(
            channel = %id,
            name = %live.seen.name,
            state = %live.seen.state,
            call_state = %live.seen.call_state,
            variables = variables.join(" "),
            "Channel data"
        );
    }
    Started::Done
}

pub(super) fn verbose_events(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    if let Some(live) = switch.channels.get_mut(id) {
        live.seen_mut().verbose_events = data.is_empty() || api::variables::is_true(data);
        switch.touch(id);
    }
    Started::Done
}

pub(super) fn enable_heartbeat(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let every: Arc<str> = data.trim().into();
    let seconds = match &*every {
        "" => 60,
        text => text
            .parse::<u64>()
            .unwrap_or_else(|_| if api::variables::is_true(text) { 60 } else { 0 }),
    };
    switch.heartbeat_channel(
        id,
        (seconds > 0).then(|| Duration::from_secs(seconds)),
        false,
    );
    Started::Done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::Rig;
    use api::HangupCause;
    use api::command::channel::Hangup;

    #[test]
    fn a_log_level_lasts_as_long_as_its_channel() {
        let mut rig = Rig::new();
        let (a, b) = (rig.park("null/a"), rig.park("null/b"));
        rig.run(&a, "session_loglevel:debug,session_loglevel:error,park");
        assert_eq!(
            rig.log_levels,
            [(a.clone(), Some(7))],
            "`error` is no level"
        );
        rig.run(&a, "session_loglevel:4,park");
        assert_eq!(rig.log_levels.pop(), Some((a.clone(), Some(4))));
        rig.get(Hangup {
            channel: b,
            cause: HangupCause::NormalClearing,
        })
        .unwrap();
        rig.get(Hangup {
            channel: a.clone(),
            cause: HangupCause::NormalClearing,
        })
        .unwrap();
        let first = (a.clone(), Some(7));
        assert_eq!(rig.log_levels, [first, (a, None)]);
    }

    /// From, rpid, status and count of what was told of presence.
    fn told(rig: &mut Rig) -> Vec<(String, String, String, u32)> {
        rig.seen(|event| {
            let EventKind::Channel(ChannelEvent::Presence {
                from,
                rpid,
                status,
                count,
            }) = &event.kind
            else {
                return None;
            };
            let text = ToString::to_string;
            Some((text(from), text(rpid), text(status), *count))
        })
    }

    #[test]
    fn presence_is_told_of_the_channel_or_of_whom_it_names() {
        let mut rig = Rig::new();
        let a = rig.park("null/a");
        rig.seen(|_| None::<()>);
        rig.run(&a, "presence:away lunch,presence:away,park");
        assert!(told(&mut rig).is_empty(), "nobody is named, or no status");
        rig.run(&a, "presence:away lunch 1001@d,park");
        let one = |from: &str, count| {
            let text = str::to_owned;
            (text(from), text("away"), text("lunch"), count)
        };
        assert_eq!(told(&mut rig), [one("1001@d", 0)]);
        rig.run(&a, "set:presence_id=1000@d,presence:away lunch,park");
        let told = told(&mut rig);
        assert!(
            told.iter().any(|(from, rpid, status, _)| {
                (&**from, &**rpid, &**status) == ("1000@d", "away", "lunch")
            }),
            "{told:?}"
        );
    }
}
