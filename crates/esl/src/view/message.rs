//! MESSAGE (event-socket.md §5.2).

use super::{Server, Source, core};
use crate::headers::Headers;
use crate::names::EventName;
use api::event::{Event, MessageEvent};

pub(super) fn write(headers: &mut Headers, event: &Event, message: &MessageEvent, server: &Server) {
    let source = Source {
        file: "message.rs",
        function: "message",
        line: line!(),
    };
    core(headers, EventName::Message, event, server, &source);
    let split = |address: &str| match address.split_once('@') {
        Some((user, host)) => (user.to_owned(), host.to_owned()),
        None => (address.to_owned(), String::new()),
    };
    let (from_user, from_host) = split(&message.from.uri);
    let (to_user, to_host) = split(&message.to);
    headers.push("proto", "sip");
    headers.push("to_proto", "sip");
    headers.push("from", message.from.uri.to_string());
    headers.push("from_user", from_user);
    headers.push("from_host", from_host);
    headers.push("to_user", to_user);
    headers.push("to_host", to_host);
    headers.push_display("from_sip_ip", message.source.ip());
    headers.push_display("from_sip_port", message.source.port());
    headers.push("to", message.to.to_string());
    headers.push("type", message.content_type.to_string());
    let name = message.from.display_name.replace('"', "");
    headers.push(
        "from_full",
        if name.is_empty() {
            format!("<sip:{}>", message.from.uri)
        } else {
            format!("\"{name}\" <sip:{}>", message.from.uri)
        },
    );
    headers.set_body(&message.body[..]);
}
