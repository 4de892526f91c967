//! `sendevent` (event-socket.md §2.8).

use crate::frame::Request;
use crate::headers::Headers;
use crate::names::EventName;

/// Headers the server fills; a client that sends its own would make them appear twice.
pub const CORE_HEADERS: [&str; 13] = [
    "Event-Name",
    "Core-UUID",
    "FreeSWITCH-Hostname",
    "FreeSWITCH-Switchname",
    "FreeSWITCH-IPv4",
    "FreeSWITCH-IPv6",
    "Event-Date-Local",
    "Event-Date-GMT",
    "Event-Date-Timestamp",
    "Event-Calling-File",
    "Event-Calling-Function",
    "Event-Calling-Line-Number",
    "Event-Sequence",
];

/// An event a client fires.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SendEvent {
    /// Its name; an unknown one, or none, is CUSTOM (golden sendevent-01).
    pub name: EventName,
    /// For CUSTOM, from the header `Event-Subclass`.
    pub subclass: Option<String>,
    /// The command line, then the client's headers without the core ones and the subclass; with the body.
    pub headers: Headers,
    /// Names a live channel: the event goes into that channel's queue instead of being fired.
    pub unique_id: Option<String>,
}

impl SendEvent {
    /// Reads what follows `sendevent`.
    pub fn parse(request: &Request, rest: &str) -> Self {
        let word = rest
            .trim_start_matches(' ')
            .split(' ')
            .next()
            .unwrap_or_default();
        let name = EventName::from_word(word).unwrap_or(EventName::Custom);
        let subclass = (name == EventName::Custom)
            .then(|| request.headers.get("Event-Subclass"))
            .flatten()
            .map(std::borrow::Cow::into_owned);
        let mut headers = Headers::with_capacity(request.headers.len() + 1);
        headers.push("Command", request.line.clone());
        for header in request.headers.iter() {
            let core = CORE_HEADERS
                .iter()
                .any(|core| core.eq_ignore_ascii_case(&header.name));
            let repeated = subclass.is_some() && header.name.eq_ignore_ascii_case("Event-Subclass");
            if !core && !repeated {
                headers.push_header(header.clone());
            }
        }
        if let Some(body) = request.headers.body().filter(|body| !body.is_empty()) {
            headers.set_body(body);
        }
        let unique_id = request
            .headers
            .get("unique-id")
            .map(std::borrow::Cow::into_owned);
        Self {
            name,
            subclass,
            headers,
            unique_id,
        }
    }

    /// `ALL` and `CLONE` are accepted but reach nobody (golden sendevent-01).
    pub fn is_delivered(&self) -> bool {
        !matches!(self.name, EventName::All | EventName::Clone)
    }
}

/// `Reply-Text`: the event's own id.
pub fn reply(event_uuid: &str) -> String {
    format!("+OK {event_uuid}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(line: &str, headers: &[(&'static str, &'static str)]) -> SendEvent {
        let mut request = Request::of_line(line);
        headers
            .iter()
            .for_each(|&(name, value)| request.headers.push(name, value));
        SendEvent::parse(&request, &line[9..])
    }

    fn names(event: &SendEvent) -> Vec<&str> {
        event
            .headers
            .iter()
            .map(|header| header.name.as_ref())
            .collect()
    }

    #[test]
    fn unknown_names_are_custom() {
        // golden sendevent-01
        for line in [
            "sendevent NOSUCH",
            "sendevent",
            "sendevent ",
            "sendeventCUSTOM",
            "SENDEVENT custom",
        ] {
            assert_eq!(send(line, &[]).name, EventName::Custom, "{line}");
            assert_eq!(
                send(line, &[]).headers.get("command").as_deref(),
                Some(line)
            );
        }
        assert_eq!(send("sendevent GENERAL", &[]).name, EventName::General);
        assert!(!send("sendevent all", &[]).is_delivered());
    }

    #[test]
    fn the_subclass_moves_out_and_core_headers_are_dropped() {
        let event = send(
            "sendevent CUSTOM",
            &[
                ("event-subclass", "my::event"),
                ("Event-UUID", "mine"),
                ("Event-Name", "FAKE"),
                ("Core-UUID", "x"),
                ("Foo", "bar"),
            ],
        );
        assert_eq!(event.subclass.as_deref(), Some("my::event"));
        assert_eq!(names(&event), ["Command", "Event-UUID", "Foo"]);
    }

    #[test]
    fn another_name_keeps_its_subclass_header() {
        let event = send("sendevent NOTIFY", &[("Event-Subclass", "x")]);
        assert_eq!(
            (event.subclass.as_deref(), names(&event)),
            (None, vec!["Command", "Event-Subclass"])
        );
    }
}
