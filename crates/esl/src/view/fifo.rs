//! `fifo::info` (event-socket.md §5.2; golden stream-35-fifo). Only `push` and `abort` were recorded.

use super::channel_data::{basic_data, variables};
use super::{Server, Source, core_without_name};
use crate::headers::Headers;
use crate::names::EventName;
use api::event::{Event, FifoAction, FifoEvent};

pub(super) const SUBCLASS: &str = "fifo::info";

pub(super) fn write(headers: &mut Headers, event: &Event, kind: &FifoEvent, server: &Server) {
    headers.push("Event-Subclass", SUBCLASS);
    headers.push("Event-Name", EventName::Custom.as_str());
    let source = Source {
        file: "fifo.rs",
        function: "write",
        line: line!(),
    };
    core_without_name(headers, event, server, &source);
    if let Some(channel) = &event.channel {
        basic_data(headers, channel);
        variables(headers, channel);
    }
    headers.push("FIFO-Name", kind.fifo.to_string());
    headers.push("FIFO-Action", word(&kind.action));
    match &kind.action {
        FifoAction::Pushed { priority } => headers.push_display("FIFO-Slot", priority),
        FifoAction::ConsumerPopped {
            caller,
            name,
            number,
        } => {
            headers.push("FIFO-Caller-UUID", caller.to_string());
            headers.push("FIFO-Caller-CID-Name", name.to_string());
            headers.push("FIFO-Caller-CID-Number", number.to_string());
        }
        // These names are ours.
        FifoAction::MemberCalled { member, strategy } => {
            headers.push("FIFO-Member", member.to_string());
            headers.push("FIFO-Strategy", strategy.word());
        }
        FifoAction::MemberDecided { member, failure } => {
            headers.push("FIFO-Member", member.to_string());
            match failure {
                None => headers.push("FIFO-Result", "success"),
                Some(cause) => {
                    headers.push("FIFO-Result", "failure");
                    headers.push("FIFO-Cause", cause.name());
                }
            }
        }
        FifoAction::Aborted
        | FifoAction::TimedOut
        | FifoAction::CallerPopped
        | FifoAction::ConsumerStarted
        | FifoAction::ConsumerStopped
        | FifoAction::ConsumerReturned
        | FifoAction::CallerBridged(_)
        | FifoAction::ConsumerBridged(_) => {}
    }
}

fn word(action: &FifoAction) -> &'static str {
    match action {
        FifoAction::Pushed { .. } => "push",
        FifoAction::Aborted => "abort",
        FifoAction::TimedOut => "timeout",
        FifoAction::CallerPopped => "caller_pop",
        FifoAction::ConsumerPopped { .. } => "consumer_pop",
        FifoAction::ConsumerStarted => "consumer_start",
        FifoAction::ConsumerStopped => "consumer_stop",
        FifoAction::ConsumerReturned => "consumer_reentrance",
        FifoAction::CallerBridged(true) => "bridge-caller-start",
        FifoAction::CallerBridged(false) => "bridge-caller-stop",
        FifoAction::ConsumerBridged(true) => "bridge-consumer-start",
        FifoAction::ConsumerBridged(false) => "bridge-consumer-stop",
        FifoAction::MemberCalled { .. } => "pre-dial",
        FifoAction::MemberDecided { .. } => "post-dial",
    }
}
