//! Events of one channel (event-socket.md §5.1).

use super::channel_data::{basic_data, codec, variables};
use super::{Server, Source, core};
use crate::headers::Headers;
use crate::names::EventName;
use api::event::{ChannelEvent, Event, RanApplication};
use api::view::{CallState, Channel};
use std::sync::Arc;

pub(super) fn name(event: &ChannelEvent) -> EventName {
    match event {
        ChannelEvent::Outgoing => EventName::ChannelOutgoing,
        ChannelEvent::Created => EventName::ChannelCreate,
        ChannelEvent::Originated => EventName::ChannelOriginate,
        ChannelEvent::StateChanged => EventName::ChannelState,
        ChannelEvent::CallStateChanged { .. } => EventName::ChannelCallstate,
        ChannelEvent::Progress => EventName::ChannelProgress,
        ChannelEvent::ProgressMedia => EventName::ChannelProgressMedia,
        ChannelEvent::Answered => EventName::ChannelAnswer,
        ChannelEvent::Executed(_) => EventName::ChannelExecute,
        ChannelEvent::ExecuteComplete { .. } => EventName::ChannelExecuteComplete,
        ChannelEvent::Bridged { .. } => EventName::ChannelBridge,
        ChannelEvent::Unbridged { .. } => EventName::ChannelUnbridge,
        ChannelEvent::Parked => EventName::ChannelPark,
        ChannelEvent::Unparked => EventName::ChannelUnpark,
        ChannelEvent::Held => EventName::ChannelHold,
        ChannelEvent::Unheld => EventName::ChannelUnhold,
        ChannelEvent::Renamed { .. } => EventName::ChannelUuid,
        ChannelEvent::HungUp => EventName::ChannelHangup,
        ChannelEvent::HangupComplete => EventName::ChannelHangupComplete,
        ChannelEvent::Destroyed => EventName::ChannelDestroy,
        ChannelEvent::Application { .. } => EventName::ChannelApplication,
        ChannelEvent::Updated { .. } => EventName::CallUpdate,
        ChannelEvent::Dtmf { .. } => EventName::Dtmf,
        ChannelEvent::TalkStarted => EventName::Talk,
        ChannelEvent::TalkStopped => EventName::Notalk,
        ChannelEvent::PlaybackStarted { .. } => EventName::PlaybackStart,
        ChannelEvent::PlaybackStopped { .. } => EventName::PlaybackStop,
        ChannelEvent::RecordStarted { .. } => EventName::RecordStart,
        ChannelEvent::RecordStopped { .. } => EventName::RecordStop,
        ChannelEvent::MediaBugStarted(_) => EventName::MediaBugStart,
        ChannelEvent::MediaBugStopped(_) => EventName::MediaBugStop,
        ChannelEvent::ToneDetected { .. } => EventName::DetectedTone,
        ChannelEvent::CodecSet { .. } => EventName::Codec,
        ChannelEvent::Heartbeat => EventName::SessionHeartbeat,
        ChannelEvent::PrivateCommand { .. } => EventName::PrivateCommand,
        ChannelEvent::Presence { .. } => EventName::PresenceIn,
        ChannelEvent::InfoReceived { .. } => EventName::RecvInfo,
    }
}

pub(super) fn write(headers: &mut Headers, event: &Event, kind: &ChannelEvent, server: &Server) {
    let name = name(kind);
    let source = Source {
        file: "channel.rs",
        function: name.as_str(),
        line: line!(),
    };
    if let ChannelEvent::PrivateCommand {
        headers: request, ..
    } = kind
    {
        push_all(headers, request);
    }
    core(headers, name, event, server, &source);
    let channel = event.channel.as_deref();
    before(headers, kind, channel);
    if let Some(channel) = channel {
        basic_data(headers, channel);
        if channel.verbose_events || has_variables(name) {
            variables(headers, channel);
        }
    }
    after(headers, kind, channel);
}

/// The events that carry variables without being asked to (event-socket.md §4.3).
fn has_variables(name: EventName) -> bool {
    [
        EventName::ChannelCreate,
        EventName::ChannelOriginate,
        EventName::ChannelUuid,
        EventName::ChannelAnswer,
        EventName::ChannelPark,
        EventName::ChannelUnpark,
        EventName::ChannelBridge,
        EventName::ChannelUnbridge,
        EventName::ChannelProgress,
        EventName::ChannelProgressMedia,
        EventName::ChannelHangup,
        EventName::ChannelHangupComplete,
        EventName::ChannelExecute,
        EventName::ChannelExecuteComplete,
        EventName::ChannelDestroy,
        EventName::ChannelHold,
        EventName::ChannelUnhold,
        EventName::SessionHeartbeat,
        EventName::RecordStart,
        EventName::RecordStop,
        EventName::PlaybackStart,
        EventName::PlaybackStop,
        EventName::CallUpdate,
        EventName::MediaBugStart,
        EventName::MediaBugStop,
    ]
    .contains(&name)
}

/// Specific headers in front of the channel data.
fn before(headers: &mut Headers, kind: &ChannelEvent, channel: Option<&Channel>) {
    match kind {
        ChannelEvent::CallStateChanged { from } => {
            headers.push("Original-Channel-Call-State", from.name());
            if let Some(channel) = channel {
                headers.push_display("Channel-Call-State-Number", channel.call_state.number());
            }
        }
        ChannelEvent::Bridged { a, b } | ChannelEvent::Unbridged { a, b } => {
            headers.push("Bridge-A-Unique-ID", a.to_string());
            headers.push("Bridge-B-Unique-ID", b.id.to_string());
        }
        ChannelEvent::Renamed { old } => headers.push("Old-Unique-ID", old.to_string()),
        ChannelEvent::HangupComplete => {
            if let Some(hangup) = channel.and_then(|channel| channel.hangup) {
                headers.push("Hangup-Cause", hangup.cause.name());
            }
        }
        ChannelEvent::Updated {
            direction,
            name,
            number,
            bridged_to,
        } => {
            headers.push("Direction", direction.unwrap_or_default());
            headers.push("Sent-Callee-ID-Name", name.to_string());
            headers.push("Sent-Callee-ID-Number", number.to_string());
            headers.push(
                "Bridged-To",
                bridged_to
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
            );
        }
        ChannelEvent::ToneDetected { key } => headers.push("Detected-Tone", key.to_string()),
        ChannelEvent::MediaBugStarted(bug) | ChannelEvent::MediaBugStopped(bug) => {
            headers.push("Media-Bug-Function", bug.function.to_string());
            headers.push("Media-Bug-Target", bug.target.to_string());
        }
        ChannelEvent::Application { headers: given } => push_all(headers, given),
        ChannelEvent::Outgoing
        | ChannelEvent::Created
        | ChannelEvent::Originated
        | ChannelEvent::StateChanged
        | ChannelEvent::Progress
        | ChannelEvent::ProgressMedia
        | ChannelEvent::Answered
        | ChannelEvent::Executed(_)
        | ChannelEvent::ExecuteComplete { .. }
        | ChannelEvent::Parked
        | ChannelEvent::Unparked
        | ChannelEvent::Held
        | ChannelEvent::Unheld
        | ChannelEvent::HungUp
        | ChannelEvent::Destroyed
        | ChannelEvent::Dtmf { .. }
        | ChannelEvent::TalkStarted
        | ChannelEvent::TalkStopped
        | ChannelEvent::PlaybackStarted { .. }
        | ChannelEvent::PlaybackStopped { .. }
        | ChannelEvent::RecordStarted { .. }
        | ChannelEvent::RecordStopped { .. }
        | ChannelEvent::CodecSet { .. }
        | ChannelEvent::Heartbeat
        | ChannelEvent::PrivateCommand { .. }
        | ChannelEvent::Presence { .. }
        | ChannelEvent::InfoReceived { .. } => {}
    }
}

/// Specific headers behind the channel data.
fn after(headers: &mut Headers, kind: &ChannelEvent, channel: Option<&Channel>) {
    match kind {
        ChannelEvent::Executed(ran) => application(headers, ran, None),
        ChannelEvent::ExecuteComplete {
            application: ran,
            response,
        } => application(headers, ran, Some(response)),
        ChannelEvent::Dtmf {
            digit,
            duration,
            source,
        } => {
            headers.push_display("DTMF-Digit", digit);
            headers.push_display("DTMF-Duration", duration);
            headers.push("DTMF-Source", source.name());
        }
        ChannelEvent::PlaybackStarted {
            file_type,
            path,
            params,
        } => playback(headers, file_type, path, params),
        ChannelEvent::PlaybackStopped {
            file_type,
            path,
            params,
            status,
        } => {
            playback(headers, file_type, path, params);
            headers.push("Playback-Status", status.name());
        }
        ChannelEvent::RecordStarted { path, variables } => recording(headers, path, variables),
        ChannelEvent::RecordStopped {
            path,
            variables,
            completion,
        } => {
            recording(headers, path, variables);
            headers.push("Record-Completion-Cause", completion.unwrap_or_default());
        }
        ChannelEvent::CodecSet { read } => codec_set(headers, *read, channel),
        ChannelEvent::PrivateCommand { body, .. } => {
            if let Some(body) = body {
                headers.set_body(body.as_bytes());
            }
        }
        ChannelEvent::Presence {
            from,
            rpid,
            status,
            count,
        } => presence(headers, channel, [from, rpid, status], *count),
        ChannelEvent::InfoReceived { content_type, body } => {
            headers.push("SIP-Content-Type", content_type.to_string());
            headers.set_body(body.as_bytes());
        }
        ChannelEvent::Outgoing
        | ChannelEvent::Created
        | ChannelEvent::Originated
        | ChannelEvent::StateChanged
        | ChannelEvent::CallStateChanged { .. }
        | ChannelEvent::Progress
        | ChannelEvent::ProgressMedia
        | ChannelEvent::Answered
        | ChannelEvent::Bridged { .. }
        | ChannelEvent::Unbridged { .. }
        | ChannelEvent::Parked
        | ChannelEvent::Unparked
        | ChannelEvent::Held
        | ChannelEvent::Unheld
        | ChannelEvent::Renamed { .. }
        | ChannelEvent::HungUp
        | ChannelEvent::HangupComplete
        | ChannelEvent::Destroyed
        | ChannelEvent::Application { .. }
        | ChannelEvent::Updated { .. }
        | ChannelEvent::TalkStarted
        | ChannelEvent::TalkStopped
        | ChannelEvent::MediaBugStarted(_)
        | ChannelEvent::MediaBugStopped(_)
        | ChannelEvent::ToneDetected { .. }
        | ChannelEvent::Heartbeat => {}
    }
}

fn application(headers: &mut Headers, ran: &RanApplication, response: Option<&Arc<str>>) {
    headers.push("Application", ran.name.to_string());
    headers.push("Application-Data", ran.data.to_string());
    if let Some(response) = response {
        headers.push("Application-Response", response.to_string());
    }
    headers.push("Application-UUID", ran.uuid.to_string());
    headers.push(
        "Application-UUID-Name",
        ran.uuid_name.as_deref().unwrap_or_default().to_owned(),
    );
}

fn playback(
    headers: &mut Headers,
    file_type: &Option<Arc<str>>,
    path: &str,
    params: &[(Arc<str>, Arc<str>)],
) {
    headers.push(
        "Playback-File-Type",
        file_type.as_deref().unwrap_or_default().to_owned(),
    );
    headers.push("Playback-File-Path", path.to_owned());
    push_all(headers, params);
}

fn recording(headers: &mut Headers, path: &str, variables: &[(Arc<str>, Arc<str>)]) {
    headers.push("Record-File-Path", path.to_owned());
    for (name, value) in variables {
        headers.push(format!("Recording-Variable-{name}"), value.to_string());
    }
}

/// The names are recorded so, in three ways of spelling (golden stream-01).
fn codec_set(headers: &mut Headers, read: bool, channel: Option<&Channel>) {
    let Some(channel) = channel else { return };
    if read {
        let names = [
            "channel-read-codec-name",
            "channel-read-codec-rate",
            "channel-read-codec-bit-rate",
        ];
        codec(headers, names, channel.read_codec.as_ref());
    } else {
        let names = [
            "Channel-Write-Codec-Name",
            "Channel-Write-Codec-Rate",
            "Channel-Write-codec-bit-rate",
        ];
        codec(headers, names, channel.write_codec.as_ref());
    }
}

fn presence(
    headers: &mut Headers,
    channel: Option<&Channel>,
    [from, rpid, status]: [&Arc<str>; 3],
    count: u32,
) {
    headers.push("proto", "any");
    headers.push("login", "channel.rs");
    headers.push("from", from.to_string());
    headers.push("rpid", rpid.to_string());
    headers.push("status", status.to_string());
    headers.push("event_type", "presence");
    headers.push("alt_event_type", "dialog");
    if let Some(channel) = channel {
        headers.push("presence-call-info-state", call_info_state(channel));
        headers.push("presence-call-direction", channel.direction.name());
    }
    headers.push_display("event_count", count);
    headers.push("Presence-Calling-File", "channel.rs");
    headers.push("Presence-Calling-Function", "presence");
    headers.push_display("Presence-Calling-Line", line!());
}

fn call_info_state(channel: &Channel) -> &'static str {
    match channel.call_state {
        CallState::Hangup => "idle",
        CallState::Held => "held",
        CallState::Active | CallState::Unheld | CallState::Early => "active",
        CallState::Down | CallState::Dialing | CallState::Ringing | CallState::RingWait => {
            "alerting"
        }
    }
}

pub(super) fn push_all(headers: &mut Headers, given: &[(Arc<str>, Arc<str>)]) {
    for (name, value) in given {
        headers.push(name.to_string(), value.to_string());
    }
}
