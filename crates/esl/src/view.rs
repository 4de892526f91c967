//! Events of the switch as the headers clients know (event-socket.md §4, §5).

mod account;
mod channel;
mod channel_data;
mod dropped;
mod fifo;
mod message;
mod parking;
mod queue;
mod room;
mod stage;
mod system;
mod user;
mod voicemail;

pub use channel_data::{PROFILE_PREFIXES, basic_data, channel_dump, profile, variables};
pub use dropped::Dropped;
pub(crate) use queue::{AGENT_TYPE, INSTANCE};
pub(crate) use room::in_metres;

use crate::headers::Headers;
use crate::names::EventName;
use crate::serialise::{Format, frame};
use api::event::{Event, EventKind, FormatId};
use api::view::Channel;
use api::{Seq, Timestamp};
use bytes::Bytes;
use jiff::tz::TimeZone;

/// What every event says about the server that fired it.
#[derive(Clone, Debug)]
pub struct Server {
    /// `Core-UUID`: this run of the server.
    pub core_uuid: String,
    /// `FreeSWITCH-Hostname`.
    pub hostname: String,
    /// `FreeSWITCH-Switchname`.
    pub switchname: String,
    /// `FreeSWITCH-IPv4`: the main address.
    pub ipv4: String,
    /// `FreeSWITCH-IPv6`; `::1` when there is none.
    pub ipv6: String,
    /// `FreeSWITCH-Version` of the heartbeat: a number clients know, our own name behind it.
    pub version: String,
    /// Zone of `Event-Date-Local` and of every time printed by a console command.
    pub zone: TimeZone,
}

/// A channel as `uuid_dump` prints it: core headers of a CHANNEL_DATA event, then everything about it.
pub fn dump(channel: &Channel, server: &Server, now: Timestamp, seq: Seq) -> Headers {
    let mut headers = data_headers(channel, server, now, seq);
    channel_dump(&mut headers, channel);
    headers
}

/// The reply to `connect` without its blank line: a dump with the caller profile under `Channel-` in front, where
/// every name is unique (event-socket.md §3.2). Its values are url-encoded.
pub fn connect_reply(
    channel: &Channel,
    server: &Server,
    now: Timestamp,
    seq: Seq,
    asynchronous: bool,
    full: bool,
) -> Vec<u8> {
    let mut all = data_headers(channel, server, now, seq);
    if let Some(own) = &channel.profile {
        profile(&mut all, "Channel-", own);
    }
    channel_dump(&mut all, channel);
    all.push("Content-Type", "command/reply");
    all.push("Reply-Text", "+OK\n");
    all.push("Socket-Mode", if asynchronous { "async" } else { "static" });
    all.push("Control", if full { "full" } else { "single-channel" });
    let mut unique = Headers::with_capacity(all.len());
    for header in all.iter() {
        unique.set_header(header.clone());
    }
    let mut out = Vec::new();
    crate::serialise::plain::write_headers(&mut out, &unique);
    out.push(b'\n');
    out
}

fn data_headers(channel: &Channel, server: &Server, now: Timestamp, seq: Seq) -> Headers {
    let mut headers = Headers::with_capacity(96 + channel.variables.len());
    headers.push("Event-Name", EventName::ChannelData.as_str());
    server_headers(
        &mut headers,
        server,
        now,
        seq,
        &Source {
            file: "view.rs",
            function: "dump",
            line: line!(),
        },
    );
    headers
}

/// The frame cache slot of each format.
pub const fn format_id(format: Format) -> FormatId {
    match format {
        Format::Plain => FormatId::new(0),
        Format::Json => FormatId::new(1),
        Format::Xml => FormatId::new(2),
    }
}

/// The name an event is subscribed to under; `None` for what clients never see.
pub fn name(event: &Event) -> Option<EventName> {
    match &event.kind {
        EventKind::Channel(kind) => Some(channel::name(kind)),
        EventKind::Room(_) | EventKind::Account(_) => Some(EventName::Custom),
        EventKind::Job(_) => Some(EventName::BackgroundJob),
        EventKind::System(kind) => system::name(kind),
        EventKind::Custom(custom) => EventName::from_word(&custom.name),
        EventKind::Message(_) => Some(EventName::Message),
        EventKind::Stage(kind) => stage::name(kind),
        EventKind::Queue(_) | EventKind::Parking(_) | EventKind::Fifo(_) | EventKind::User(_) => {
            Some(EventName::Custom)
        }
        EventKind::Voicemail(kind) => Some(voicemail::name(kind)),
        EventKind::Web(_) | EventKind::VideoRoom(_) => None,
    }
}

/// The subclass of a CUSTOM event.
pub fn subclass(event: &Event) -> Option<&str> {
    match &event.kind {
        EventKind::Room(_) => Some(room::SUBCLASS),
        EventKind::Stage(_) => Some(stage::SUBCLASS),
        EventKind::Queue(_) => Some(queue::SUBCLASS),
        EventKind::Parking(_) => Some(parking::SUBCLASS),
        EventKind::Fifo(_) => Some(fifo::SUBCLASS),
        EventKind::User(_) => Some(user::SUBCLASS),
        EventKind::Voicemail(kind) => voicemail::subclass(kind),
        EventKind::Account(account) => Some(account::subclass(account)),
        EventKind::Custom(custom) => custom.subclass.as_deref(),
        EventKind::Channel(_)
        | EventKind::Job(_)
        | EventKind::System(_)
        | EventKind::Web(_)
        | EventKind::VideoRoom(_)
        | EventKind::Message(_) => None,
    }
}

/// The event's headers, and its body if it has one, in the order clients see them.
pub fn headers(event: &Event, server: &Server) -> Headers {
    let mut headers = Headers::with_capacity(room_for(event));
    match &event.kind {
        EventKind::Channel(kind) => channel::write(&mut headers, event, kind, server),
        EventKind::Room(kind) => room::write(&mut headers, event, kind, server),
        EventKind::Stage(kind) => stage::write(&mut headers, event, kind, server),
        EventKind::Queue(kind) => queue::write(&mut headers, event, kind, server),
        EventKind::Fifo(kind) => fifo::write(&mut headers, event, kind, server),
        EventKind::Parking(kind) => parking::write(&mut headers, event, kind, server),
        EventKind::User(kind) => user::write(&mut headers, event, kind, server),
        EventKind::Voicemail(kind) => voicemail::write(&mut headers, event, kind, server),
        EventKind::Account(kind) => account::write(&mut headers, event, kind, server),
        EventKind::Job(job) => system::write_job(&mut headers, event, job, server),
        EventKind::System(kind) => system::write(&mut headers, event, kind, server),
        EventKind::Custom(custom) => system::write_custom(&mut headers, event, custom, server),
        EventKind::Message(kind) => message::write(&mut headers, event, kind, server),
        // `name` gives them none, so nobody is shown them.
        EventKind::Web(_) | EventKind::VideoRoom(_) => {}
    }
    headers
}

/// The event as a frame; encoded once per event and format, whoever asks first.
pub fn event_frame(event: &Event, format: Format, server: &Server) -> Bytes {
    event.frame(format_id(format), |event| {
        frame(format, &headers(event, server)).into()
    })
}

fn room_for(event: &Event) -> usize {
    event
        .channel
        .as_ref()
        .map_or(32, |channel| 96 + channel.variables.len())
}

/// Where in our source an event was put into words: `Event-Calling-*`.
struct Source {
    file: &'static str,
    function: &'static str,
    line: u32,
}

/// The core headers without `Event-Name` (event-socket.md §4.2).
fn core_without_name(headers: &mut Headers, event: &Event, server: &Server, source: &Source) {
    server_headers(headers, server, event.at, event.id.seq, source);
}

fn server_headers(
    headers: &mut Headers,
    server: &Server,
    at: Timestamp,
    seq: Seq,
    source: &Source,
) {
    headers.push("Core-UUID", server.core_uuid.clone());
    headers.push("FreeSWITCH-Hostname", server.hostname.clone());
    headers.push("FreeSWITCH-Switchname", server.switchname.clone());
    headers.push("FreeSWITCH-IPv4", server.ipv4.clone());
    headers.push("FreeSWITCH-IPv6", server.ipv6.clone());
    headers.push("Event-Date-Local", crate::clock::local(at, &server.zone));
    headers.push("Event-Date-GMT", crate::clock::gmt(at));
    headers.push_display("Event-Date-Timestamp", at.as_micros());
    headers.push("Event-Calling-File", source.file);
    headers.push("Event-Calling-Function", source.function);
    headers.push_display("Event-Calling-Line-Number", source.line);
    headers.push_display("Event-Sequence", seq);
}

/// All core headers.
fn core(headers: &mut Headers, name: EventName, event: &Event, server: &Server, source: &Source) {
    headers.push("Event-Name", name.as_str());
    core_without_name(headers, event, server, source);
}

#[cfg(test)]
pub(crate) mod tests;
