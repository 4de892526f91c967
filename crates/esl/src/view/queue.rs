//! `callcenter::info` (event-socket.md §5.2).

use super::channel_data::{basic_data, variables};
use super::{Server, Source, core_without_name};
use crate::headers::Headers;
use crate::names::EventName;
use api::Timestamp;
use api::event::{EndOfStay, Event, QueueAction, QueueEvent};

pub(super) const SUBCLASS: &str = "callcenter::info";

/// What FreeSWITCH calls the machine agents and callers belong to, when nobody says otherwise.
pub(crate) const INSTANCE: &str = "single_box";
/// The only type of agent there is.
pub(crate) const AGENT_TYPE: &str = "callback";

/// FreeSWITCH has no word for the second half. Its programs pass over actions they do not know, and numbers of events
/// have no gaps.
fn action(action: &QueueAction) -> &'static str {
    match action {
        QueueAction::AgentAdded => "agent-add",
        QueueAction::AgentChanged => "agent-contact-change",
        QueueAction::StatusChanged { .. } => "agent-status-change",
        QueueAction::StateChanged { .. } => "agent-state-change",
        QueueAction::TooManyNoAnswers => "agent-max-no-answer",
        QueueAction::CallerJoined => "member-queue-start",
        QueueAction::CallerResumed => "member-queue-resume",
        QueueAction::Counted => "members-count",
        QueueAction::Offered => "agent-offering",
        QueueAction::OfferFailed { .. } => "bridge-agent-fail",
        QueueAction::BridgeStarted { .. } => "bridge-agent-start",
        QueueAction::BridgeEnded { .. } => "bridge-agent-end",
        QueueAction::StayEnded(_) => "member-queue-end",
        QueueAction::QueueAdded => "queue-add",
        QueueAction::QueueChanged => "queue-change",
        QueueAction::QueueRemoved => "queue-del",
        QueueAction::AgentRemoved => "agent-del",
        QueueAction::DeviceChanged { .. } => "agent-device-change",
        QueueAction::PlaceAdded => "tier-add",
        QueueAction::PlaceRemoved => "tier-del",
        QueueAction::LoggedIn => "tier-login",
        QueueAction::LoggedOut => "tier-logout",
        QueueAction::Paused => "tier-pause",
        QueueAction::Unpaused => "tier-unpause",
        QueueAction::PenaltyChanged => "tier-change",
        QueueAction::CallerLeft { .. } => "member-queue-leave",
    }
}

pub(super) fn write(headers: &mut Headers, event: &Event, kind: &QueueEvent, server: &Server) {
    headers.push("Event-Subclass", SUBCLASS);
    headers.push("Event-Name", EventName::Custom.as_str());
    let source = Source {
        file: "queue.rs",
        function: "write",
        line: line!(),
    };
    core_without_name(headers, event, server, &source);
    if let Some(channel) = &event.channel {
        basic_data(headers, channel);
        variables(headers, channel);
    }
    if let Some(queue) = &kind.queue {
        headers.push("CC-Queue", queue.name.to_string());
    }
    headers.push("CC-Action", action(&kind.action));
    if let Some(agent) = &kind.agent {
        headers.push("CC-Agent", agent.name.to_string());
    }
    let at = event.at;
    match &kind.action {
        QueueAction::AgentAdded => {
            headers.push("CC-Agent-System", INSTANCE);
            headers.push("CC-Agent-Type", AGENT_TYPE);
        }
        QueueAction::AgentChanged => {
            if let Some(agent) = &kind.agent {
                headers.push("CC-Agent-Contact", agent.contact.to_string());
            }
        }
        QueueAction::StatusChanged { .. } => {
            if let Some(agent) = &kind.agent {
                headers.push("CC-Agent-Status", agent.status.name());
            }
        }
        QueueAction::StateChanged { .. } => {
            if let Some(agent) = &kind.agent {
                headers.push("CC-Agent-State", agent.state.name());
            }
        }
        QueueAction::Counted => {
            let waiting = kind.queue.as_ref().map_or(0, |queue| queue.waiting);
            headers.push_display("CC-Count", waiting);
            headers.push("CC-Selection", "Single-Queue");
        }
        QueueAction::Offered | QueueAction::TooManyNoAnswers => {
            headers.push("CC-Agent-System", INSTANCE);
        }
        QueueAction::OfferFailed { cause, called_at } => {
            headers.push("CC-Agent-System", INSTANCE);
            epoch(headers, "CC-Agent-Called-Time", *called_at);
            epoch(headers, "CC-Agent-Aborted-Time", at);
            headers.push("CC-Hangup-Cause", cause.name());
        }
        QueueAction::BridgeStarted {
            channel,
            called_at,
            answered_at,
        } => {
            headers.push("CC-Agent-System", INSTANCE);
            headers.push("CC-Agent-UUID", channel.to_string());
            epoch(headers, "CC-Agent-Called-Time", *called_at);
            epoch(headers, "CC-Agent-Answered-Time", *answered_at);
            joined(headers, kind);
        }
        QueueAction::BridgeEnded {
            channel,
            called_at,
            answered_at,
            cause,
        } => {
            headers.push("CC-Agent-System", INSTANCE);
            headers.push("CC-Agent-UUID", channel.to_string());
            headers.push("CC-Hangup-Cause", cause.name());
            epoch(headers, "CC-Agent-Called-Time", *called_at);
            epoch(headers, "CC-Agent-Answered-Time", *answered_at);
            joined(headers, kind);
            epoch(headers, "CC-Bridge-Terminated-Time", at);
        }
        QueueAction::StayEnded(end) => stay_ended(headers, kind, *end, at),
        QueueAction::DeviceChanged { .. } => {
            if let Some(agent) = &kind.agent {
                headers.push("CC-Agent-Device", agent.device.name());
            }
        }
        QueueAction::PlaceAdded | QueueAction::PenaltyChanged => {
            if let Some(place) = &kind.place {
                headers.push_display("CC-Tier-Level", place.level);
                headers.push_display("CC-Tier-Position", place.position);
            }
        }
        QueueAction::Paused => {
            let reason = kind.place.as_ref();
            if let Some(reason) = reason.and_then(|place| place.pause_reason.as_ref()) {
                headers.push("CC-Pause-Reason", reason.to_string());
            }
        }
        QueueAction::CallerLeft { reason, position } => {
            headers.push("CC-Leave-Reason", reason.name());
            headers.push_display("CC-Position", position);
        }
        QueueAction::CallerJoined
        | QueueAction::CallerResumed
        | QueueAction::QueueAdded
        | QueueAction::QueueChanged
        | QueueAction::QueueRemoved
        | QueueAction::AgentRemoved
        | QueueAction::PlaceRemoved
        | QueueAction::LoggedIn
        | QueueAction::LoggedOut
        | QueueAction::Unpaused => {}
    }
    if let Some(caller) = &kind.caller {
        headers.push_display("CC-Member-UUID", caller.id);
        headers.push("CC-Member-Session-UUID", caller.channel.to_string());
        headers.push("CC-Member-CID-Name", caller.caller_name.to_string());
        headers.push("CC-Member-CID-Number", caller.caller_number.to_string());
    }
}

fn stay_ended(headers: &mut Headers, kind: &QueueEvent, end: EndOfStay, at: Timestamp) {
    match end.cancel_reason() {
        Some(reason) => {
            joined(headers, kind);
            epoch(headers, "CC-Member-Leaving-Time", at);
            headers.push("CC-Cause", "Cancel");
            headers.push("CC-Cancel-Reason", reason);
        }
        None => {
            headers.push("CC-Agent-System", INSTANCE);
            if let Some(caller) = &kind.caller {
                epoch(headers, "CC-Agent-Answered-Time", caller.answered_at);
            }
            joined(headers, kind);
            epoch(headers, "CC-Member-Leaving-Time", at);
            headers.push("CC-Cause", "Terminated");
        }
    }
}

fn joined(headers: &mut Headers, kind: &QueueEvent) {
    if let Some(caller) = &kind.caller {
        epoch(headers, "CC-Member-Joined-Time", caller.joined_at);
    }
}

fn epoch(headers: &mut Headers, name: &'static str, at: Timestamp) {
    headers.push_display(name, at.as_seconds());
}
