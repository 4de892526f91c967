//! `immersitech::maintenance` (event-manager.md §12.4).

use super::{Server, Source, core_without_name};
use crate::headers::Headers;
use crate::names::EventName;
use api::event::{Event, StageAction, StageEvent};
use api::spatial::{Control, Heading, Position};
use api::view::Participant;

pub(super) const SUBCLASS: &str = "immersitech::maintenance";

/// `None`: nobody is told that a participant has another name.
pub(super) fn name(kind: &StageEvent) -> Option<EventName> {
    action(&kind.action).map(|_| EventName::Custom)
}

fn action(action: &StageAction) -> Option<&'static str> {
    Some(match action {
        StageAction::Created => "immersitech-create-room",
        StageAction::Destroyed => "immersitech-destroy-room",
        StageAction::Added => "immersitech-add-participant",
        StageAction::Removed => "immersitech-remove-participant",
        StageAction::Seated => "immersitech-set-participant-seat",
        StageAction::Placed => "immersitech-set-participant-position",
        StageAction::ControlSet { .. } => "immersitech-set-participant-state",
        StageAction::AllControlsSet { .. } => "immersitech-set-all-participants-state",
        StageAction::LayoutSet => "immersitech-change-room-config",
        StageAction::Renamed => return None,
    })
}

pub(super) fn write(headers: &mut Headers, event: &Event, kind: &StageEvent, server: &Server) {
    headers.push("Event-Subclass", SUBCLASS);
    headers.push("Event-Name", EventName::Custom.as_str());
    let source = Source {
        file: "stage.rs",
        function: "write",
        line: line!(),
    };
    core_without_name(headers, event, server, &source);
    headers.push("Action", action(&kind.action).unwrap_or_default());
    headers.push_display("Room-Id", kind.stage.number);
    let participant = kind.participant.as_deref();
    match &kind.action {
        StageAction::ControlSet { control, value } => {
            state(headers, *control, *value);
            participant_id(headers, participant);
        }
        StageAction::AllControlsSet { control, value } => state(headers, *control, *value),
        StageAction::LayoutSet => headers.push_display("Room-Config-Id", kind.stage.layout.id),
        StageAction::Added => {
            participant_id(headers, participant);
            participant.inspect(|participant| added(headers, participant));
        }
        StageAction::Seated => {
            participant_id(headers, participant);
            participant.inspect(|participant| seated(headers, participant));
        }
        StageAction::Placed => {
            participant_id(headers, participant);
            participant.inspect(|participant| {
                place(headers, "", participant.pose.position);
                look(headers, "", participant.pose.heading);
            });
        }
        StageAction::Created
        | StageAction::Destroyed
        | StageAction::Removed
        | StageAction::Renamed => participant_id(headers, participant),
    }
}

fn participant_id(headers: &mut Headers, participant: Option<&Participant>) {
    if let Some(participant) = participant {
        headers.push_display("Participant-Id", participant.id);
    }
}

fn added(headers: &mut Headers, participant: &Participant) {
    headers.push("Participant-Name", participant.name.to_string());
    headers.push_display("Participant-Num-Channels", participant.channels);
    headers.push_display("Participant-Sampling-Rate", participant.rate_hz);
    headers.push_display("Participant-Type", participant.kind.number());
}

fn seated(headers: &mut Headers, participant: &Participant) {
    headers.push_display("Seat-Id", participant.seat.map_or(-1, |seat| seat.0));
    place(headers, "Seat-", participant.pose.position);
    look(headers, "Seat-", participant.pose.heading);
}

fn place(headers: &mut Headers, prefix: &str, position: Position) {
    headers.push_display(format!("{prefix}Position-X"), position.x);
    headers.push_display(format!("{prefix}Position-Y"), position.y);
    headers.push_display(format!("{prefix}Position-Z"), position.z);
}

fn look(headers: &mut Headers, prefix: &str, heading: Heading) {
    headers.push_display(format!("{prefix}Heading-Azimuth"), heading.azimuth);
    headers.push_display(format!("{prefix}Heading-Elevation"), heading.elevation);
}

fn state(headers: &mut Headers, control: Control, value: i32) {
    headers.push_display("State-Id", control.number());
    headers.push_display("State", value);
}
