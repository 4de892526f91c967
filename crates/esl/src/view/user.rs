//! `jackfield::user`: what users say of themselves. Ours; FreeSWITCH has nothing like it.

use super::channel_data::truth;
use super::{Server, Source, core_without_name};
use crate::headers::Headers;
use crate::names::EventName;
use api::event::{Event, UserChange, UserEvent};

pub(super) const SUBCLASS: &str = "jackfield::user";

pub(super) fn write(headers: &mut Headers, event: &Event, kind: &UserEvent, server: &Server) {
    headers.push("Event-Subclass", SUBCLASS);
    headers.push("Event-Name", EventName::Custom.as_str());
    let source = Source {
        file: "user.rs",
        function: "write",
        line: line!(),
    };
    core_without_name(headers, event, server, &source);
    let user = &kind.user;
    headers.push(
        "Action",
        match kind.change {
            UserChange::DoNotDisturb => "do-not-disturb",
            UserChange::Status => "status",
        },
    );
    headers.push("User", user.user.user.to_string());
    headers.push("Domain", user.user.domain.to_string());
    headers.push("Do-Not-Disturb", truth(user.do_not_disturb));
    if let Some(status) = &user.status {
        headers.push("Status-Name", status.name.to_string());
        headers.push("Status-Type", status.kind.name());
        headers.push("Status-Note", status.note.to_string());
        if let Some(at) = status.returns_at {
            headers.push_display("Status-Return-Time", at.as_seconds());
        }
    }
}
