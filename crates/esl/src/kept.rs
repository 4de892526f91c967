//! An event as it is kept in the log of events: everything a connection needs to say whether it wants it, and to write it in
//! any format. Ours; the numbers are little-endian.

use std::borrow::Cow;

use api::event::{ChannelEvent, Event, EventKind};

use crate::headers::{Header, Headers, Value};
use crate::names::EventName;
use crate::view::{self, Server};

/// First byte; another one is another form.
const VERSION: u8 = 1;

/// Fired by a client or a dialplan: headers may say whose it is.
const CUSTOM: u8 = 1;
/// Out of a channel's own queue.
const QUEUED: u8 = 2;
const HUNG_UP: u8 = 4;
const OVER: u8 = 8;

/// A length that says: nothing.
const NONE: u32 = u32::MAX;

/// A header with a list instead of a text.
const LIST: u8 = 1;

/// What an event means for a connection bound to its channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChannelEnd {
    /// The channel was hung up.
    HungUp,
    /// The channel has said its last.
    Over,
}

/// See above.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptEvent {
    /// What it is subscribed to under.
    pub name: EventName,
    /// The subclass of a CUSTOM event.
    pub subclass: Option<String>,
    /// The channel it speaks of.
    pub channel: Option<String>,
    /// The channel that owns the job it speaks of.
    pub owner: Option<String>,
    /// Whether the headers may say whose it is.
    pub custom: bool,
    /// Whether `divert_events` brings it whatever names and filters say.
    pub queued: bool,
    /// Whether that channel ends with it.
    pub end: Option<ChannelEnd>,
    /// As clients see it.
    pub headers: Headers,
}

/// Appends the event; false when clients never see it.
pub fn encode(event: &Event, server: &Server, out: &mut Vec<u8>) -> bool {
    let Some(name) = view::name(event) else {
        return false;
    };
    out.push(VERSION);
    out.push(flags(event, name));
    text(out, Some(name.as_str()));
    text(out, view::subclass(event));
    // Events about places name participants only.
    let of_stage = matches!(event.kind, EventKind::Stage(_));
    let channel = event.channel.as_ref().filter(|_| !of_stage);
    text(out, channel.map(|channel| channel.id.as_str()));
    let owner = if let EventKind::Job(job) = &event.kind {
        job.owner.as_ref()
    } else {
        None
    };
    text(out, owner.map(api::ChannelId::as_str));
    write_headers(out, &view::headers(event, server));
    true
}

fn flags(event: &Event, name: EventName) -> u8 {
    let mut flags = 0;
    match &event.kind {
        EventKind::Channel(kind) => {
            if name == EventName::Dtmf {
                flags |= QUEUED;
            }
            if matches!(kind, ChannelEvent::HungUp) {
                flags |= HUNG_UP;
            } else if matches!(kind, ChannelEvent::HangupComplete | ChannelEvent::Destroyed) {
                flags |= OVER;
            }
        }
        EventKind::Custom(_) => {
            flags |= CUSTOM;
            if event.channel.is_some() {
                flags |= QUEUED;
            }
        }
        EventKind::Room(_)
        | EventKind::Account(_)
        | EventKind::Job(_)
        | EventKind::System(_)
        | EventKind::Web(_)
        | EventKind::Message(_)
        | EventKind::VideoRoom(_)
        | EventKind::Stage(_)
        | EventKind::Queue(_)
        | EventKind::Parking(_)
        | EventKind::Fifo(_)
        | EventKind::User(_)
        | EventKind::Voicemail(_) => {}
    }
    flags
}

fn write_headers(out: &mut Vec<u8>, headers: &Headers) {
    bytes(out, headers.body());
    number(out, headers.len());
    for header in headers.iter() {
        text(out, Some(&header.name));
        match &header.value {
            Value::Text(value) => {
                out.push(0);
                text(out, Some(value));
            }
            Value::List(items) => {
                out.push(LIST);
                number(out, items.len());
                items.iter().for_each(|item| text(out, Some(item)));
            }
        }
    }
}

fn number(out: &mut Vec<u8>, number: usize) {
    let number = u32::try_from(number).unwrap_or(NONE);
    out.extend_from_slice(&number.to_le_bytes());
}

fn text(out: &mut Vec<u8>, value: Option<&str>) {
    bytes(out, value.map(str::as_bytes));
}

fn bytes(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        Some(value) => {
            number(out, value.len());
            out.extend_from_slice(value);
        }
        None => out.extend_from_slice(&NONE.to_le_bytes()),
    }
}

/// Reads what [`encode`] wrote; `None` for anything else.
pub fn decode(record: &[u8]) -> Option<KeptEvent> {
    let mut rest = record;
    if byte(&mut rest)? != VERSION {
        return None;
    }
    let flags = byte(&mut rest)?;
    let name = EventName::from_word(&read_text(&mut rest)??)?;
    let subclass = read_text(&mut rest)?;
    let channel = read_text(&mut rest)?;
    let owner = read_text(&mut rest)?;
    let headers = read_headers(&mut rest)?;
    let end = if flags & HUNG_UP != 0 {
        Some(ChannelEnd::HungUp)
    } else if flags & OVER != 0 {
        Some(ChannelEnd::Over)
    } else {
        None
    };
    rest.is_empty().then_some(KeptEvent {
        name,
        subclass,
        channel,
        owner,
        custom: flags & CUSTOM != 0,
        queued: flags & QUEUED != 0,
        end,
        headers,
    })
}

fn read_headers(rest: &mut &[u8]) -> Option<Headers> {
    let body = read_bytes(rest)?.map(<[u8]>::to_vec);
    let count = read_number(rest)?;
    // Each takes more than this, so what is set aside is bounded by what is there.
    let mut headers = Headers::with_capacity(count.min(rest.len() / 9));
    for _ in 0..count {
        let name = Cow::Owned(read_text(rest)??);
        let value = match byte(rest)? {
            0 => Value::Text(Cow::Owned(read_text(rest)??)),
            LIST => {
                let mut items = Vec::new();
                for _ in 0..read_number(rest)? {
                    items.push(read_text(rest)??);
                }
                Value::List(items)
            }
            _ => return None,
        };
        headers.push_header(Header { name, value });
    }
    if let Some(body) = body {
        headers.set_body(body);
    }
    Some(headers)
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    Some(*first)
}

fn read_number(rest: &mut &[u8]) -> Option<usize> {
    let (first, behind) = rest.split_first_chunk()?;
    *rest = behind;
    usize::try_from(u32::from_le_bytes(*first)).ok()
}

fn read_bytes<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let length = read_number(rest)?;
    if length == NONE as usize {
        return Some(None);
    }
    let (value, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(Some(value))
}

fn read_text(rest: &mut &[u8]) -> Option<Option<String>> {
    match read_bytes(rest)? {
        Some(value) => Some(Some(String::from_utf8(value.to_vec()).ok()?)),
        None => Some(None),
    }
}

impl KeptEvent {
    /// Whether the event is of that channel (`Unique-ID`), or of a job it owns.
    pub fn speaks_of(&self, channel: &str) -> bool {
        let is = |value: Option<&str>| value == Some(channel);
        let of_headers = || {
            self.headers.iter().any(|header| {
                let tells = ["unique-id", "job-owner-uuid"]
                    .iter()
                    .any(|name| header.name.eq_ignore_ascii_case(name));
                tells && header.text() == channel
            })
        };
        is(self.channel.as_deref()) || is(self.owner.as_deref()) || self.custom && of_headers()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::tests::server;
    use api::id::{EventId, NodeId, Seq, Uuid};
    use proptest::prelude::*;

    fn kept(headers: &Headers) -> KeptEvent {
        let mut record = vec![VERSION, QUEUED | OVER];
        text(&mut record, Some("DTMF"));
        text(&mut record, None);
        text(&mut record, Some("a-channel"));
        text(&mut record, None);
        write_headers(&mut record, headers);
        for end in 0..record.len() {
            assert_eq!(decode(&record[..end]), None, "cut at {end}");
        }
        decode(&record).unwrap()
    }

    #[test]
    fn headers_lists_and_bodies_come_back() {
        let mut headers = Headers::new();
        headers.push("Event-Name", "DTMF");
        headers.push("variable_x", "100%41\nä");
        headers.push_list("variable_list", vec!["one".into(), String::new()]);
        headers.push("variable_x", "again");
        let event = kept(&headers);
        assert_eq!(event.headers, headers);
        assert!(event.queued && !event.custom && event.end == Some(ChannelEnd::Over));
        assert!(event.speaks_of("a-channel") && !event.speaks_of("b"));
        for body in [&b""[..], b"body \0 \xff"] {
            headers.set_body(body);
            assert_eq!(kept(&headers).headers, headers);
        }
    }

    #[test]
    fn an_event_is_kept_as_clients_see_it() {
        let server = server();
        let custom = api::event::CustomEvent {
            name: "CUSTOM".into(),
            subclass: Some("a::b".into()),
            headers: vec![("Unique-ID".into(), "mine".into())],
            body: Some("body".into()),
            from_client: true,
        };
        let id = EventId {
            node: NodeId(Uuid::nil()),
            seq: Seq(512),
        };
        let kind = EventKind::Custom(Box::new(custom));
        let event = Event::new(id, api::Timestamp(1), kind, None, None);
        let mut record = Vec::new();
        assert!(encode(&event, &server, &mut record));
        let kept = decode(&record).unwrap();
        assert_eq!(kept.name, EventName::Custom);
        assert_eq!(kept.subclass.as_deref(), Some("a::b"));
        assert_eq!(kept.headers, view::headers(&event, &server));
        assert!(kept.speaks_of("mine") && !kept.speaks_of("yours"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            if let Some(event) = decode(&bytes) {
                prop_assert!(event.headers.len() <= bytes.len());
            }
        }

        #[test]
        fn any_headers_come_back(
            pairs in proptest::collection::vec(("[A-Za-z_-]{1,20}", "\\PC{1,40}"), 0..20),
            body: Option<Vec<u8>>,
        ) {
            let mut headers = Headers::new();
            for (name, value) in pairs {
                headers.push(name, value);
            }
            if let Some(body) = body {
                headers.set_body(body);
            }
            prop_assert_eq!(kept(&headers).headers, headers);
        }
    }
}
