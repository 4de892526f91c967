//! `valet_parking::info` (event-socket.md §5.2).

use super::channel_data::{basic_data, variables};
use super::{Server, Source, core_without_name};
use crate::headers::Headers;
use crate::names::EventName;
use api::event::{Event, ParkingAction, ParkingEvent, UnparkReason};

pub(super) const SUBCLASS: &str = "valet_parking::info";

pub(super) fn write(headers: &mut Headers, event: &Event, kind: &ParkingEvent, server: &Server) {
    headers.push("Event-Subclass", SUBCLASS);
    headers.push("Event-Name", EventName::Custom.as_str());
    let source = Source {
        file: "parking.rs",
        function: "write",
        line: line!(),
    };
    core_without_name(headers, event, server, &source);
    headers.push("Valet-Lot-Name", kind.name.to_string());
    headers.push("Valet-Extension", kind.parked.slot.to_string());
    match &kind.action {
        ParkingAction::Parked => headers.push("Action", "hold"),
        ParkingAction::Unparked(UnparkReason::Retrieved { by }) => {
            headers.push("Action", "bridge");
            headers.push("Bridge-To-UUID", by.to_string());
        }
        ParkingAction::Unparked(
            UnparkReason::TimedOut | UnparkReason::HungUp | UnparkReason::Transferred,
        ) => headers.push("Action", "exit"),
    }
    if let Some(channel) = &event.channel {
        basic_data(headers, channel);
        variables(headers, channel);
    }
}
