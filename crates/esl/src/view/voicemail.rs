//! `MESSAGE_WAITING` (event-socket.md §5.1) and `vm::maintenance` (§5.2).

use super::channel_data::basic_data;
use super::{Server, Source, core, core_without_name};
use crate::headers::Headers;
use crate::names::EventName;
use api::event::{Event, VoicemailAction, VoicemailEvent};
use api::view::{Mailbox, VoiceMessage};

const SUBCLASS: &str = "vm::maintenance";

pub(super) fn name(kind: &VoicemailEvent) -> EventName {
    match kind.action {
        VoicemailAction::Waiting => EventName::MessageWaiting,
        VoicemailAction::Left(_)
        | VoicemailAction::Counted
        | VoicemailAction::Authenticated { .. }
        | VoicemailAction::GreetingRecorded { .. } => EventName::Custom,
    }
}

pub(super) fn subclass(kind: &VoicemailEvent) -> Option<&'static str> {
    (name(kind) == EventName::Custom).then_some(SUBCLASS)
}

pub(super) fn write(headers: &mut Headers, event: &Event, kind: &VoicemailEvent, server: &Server) {
    let mailbox = &*kind.mailbox;
    let source = Source {
        file: "voicemail.rs",
        function: "write",
        line: line!(),
    };
    if matches!(kind.action, VoicemailAction::Waiting) {
        core(headers, EventName::MessageWaiting, event, server, &source);
        waiting(headers, mailbox);
        return;
    }
    headers.push("Event-Subclass", SUBCLASS);
    headers.push("Event-Name", EventName::Custom.as_str());
    core_without_name(headers, event, server, &source);
    let action = match &kind.action {
        VoicemailAction::Left(_) => "leave-message",
        VoicemailAction::Authenticated { .. } => "authentication",
        VoicemailAction::GreetingRecorded { .. } => "record-greeting",
        VoicemailAction::Waiting | VoicemailAction::Counted => "mwi-update",
    };
    headers.push("VM-Action", action);
    headers.push("VM-User", mailbox.name.user.to_string());
    headers.push("VM-Domain", mailbox.name.domain.to_string());
    match &kind.action {
        VoicemailAction::Left(message) => left(headers, message),
        VoicemailAction::Authenticated { ok } => {
            headers.push("VM-Auth-Result", if *ok { "success" } else { "fail" });
        }
        VoicemailAction::GreetingRecorded { path } => {
            headers.push("VM-Greeting-Path", path.to_string());
        }
        VoicemailAction::Waiting | VoicemailAction::Counted => {
            headers.push_display("VM-Total-New", mailbox.new_messages());
            headers.push_display("VM-Total-Saved", mailbox.saved_messages());
            // Nothing is urgent here.
            headers.push("VM-Total-New-Urgent", "0");
            headers.push("VM-Total-Saved-Urgent", "0");
        }
    }
    if let Some(channel) = &event.channel {
        basic_data(headers, channel);
    }
}

fn waiting(headers: &mut Headers, mailbox: &Mailbox) {
    let (new, saved) = (mailbox.new_messages(), mailbox.saved_messages());
    let any = if new > 0 { "yes" } else { "no" };
    headers.push("MWI-Messages-Waiting", any);
    headers.push("MWI-Message-Account", mailbox.address().to_string());
    headers.push("MWI-Voice-Message", format!("{new}/{saved} (0/0)"));
}

fn left(headers: &mut Headers, message: &VoiceMessage) {
    headers.push("VM-Caller-ID-Name", message.caller_name.to_string());
    headers.push("VM-Caller-ID-Number", message.caller_number.to_string());
    headers.push("VM-File-Path", message.path.to_string());
    headers.push("VM-Folder", "inbox");
    headers.push("VM-UUID", message.id.to_string());
    headers.push_display("VM-Message-Len", message.seconds());
    headers.push_display("VM-Timestamp", message.left_at.as_seconds());
}
