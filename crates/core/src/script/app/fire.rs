//! `event`, `log`, `info`, `verbose_events`, `enable_heartbeat`.

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
