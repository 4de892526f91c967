//! Messages and presence (event-socket.md §6.8; golden api-08-directory, stream-37-presence).

use super::call::Call;
use api::command::message::SendChat;
use api::command::server::Fire;
use api::event::CustomEvent;
use std::sync::Arc;

const NOT_SENT: &str = "Error! Message Not Sent";

/// `<proto>|<from>|<to>|<message>|[<content-type>]`: a SIP MESSAGE.
pub(super) async fn chat(call: &Call<'_>) -> String {
    let mut parts = call.args.splitn(5, '|');
    let mut part = || parts.next().filter(|part| !part.is_empty());
    let (Some(protocol), Some(from), Some(to), Some(text)) = (part(), part(), part(), part())
    else {
        return "Invalid".to_owned();
    };
    if protocol != "sip" {
        return NOT_SENT.to_owned();
    }
    let command = SendChat {
        from: from.into(),
        to: to.into(),
        content_type: part().unwrap_or("text/plain").into(),
        body: text.as_bytes().to_vec().into(),
    };
    match call.ask(command).await {
        Ok(delivery) if (200..300).contains(&delivery.code) => "Sent".to_owned(),
        Ok(_) | Err(_) => NOT_SENT.to_owned(),
    }
}

/// `in|out <user> <rpid> <message>`: fires the event that tells of it.
pub(super) async fn presence(call: &Call<'_>) -> String {
    const INVALID: &str = "Invalid: presence [in|out] <user> <rpid> <message>";
    let words = call.words_of(4);
    let (direction, user, rest) = match words.as_slice() {
        [direction, user, rest @ ..] => (direction.as_str(), user, rest),
        [_] | [] => return INVALID.to_owned(),
    };
    let name = match direction {
        "in" => "PRESENCE_IN",
        "out" => "PRESENCE_OUT",
        _ => return INVALID.to_owned(),
    };
    let mut headers: Vec<(Arc<str>, Arc<str>)> = Vec::new();
    let mut push = |name: &str, value: &str| headers.push((name.into(), value.into()));
    push("proto", "dp");
    push("login", "mod_dptools.c");
    push("from", user);
    if direction == "in" {
        push("rpid", rest.first().map_or("unknown", String::as_str));
        push("status", rest.get(1).map_or("", String::as_str));
    } else {
        push("status", "CS_HANGUP");
    }
    push("event_type", "presence");
    push("alt_event_type", "dialog");
    push("event_count", "0");
    let event = CustomEvent {
        name: name.into(),
        subclass: None,
        headers,
        body: None,
        from_client: false,
    };
    match call.ask(Fire { event }).await {
        Ok(()) => "Event Sent".to_owned(),
        Err(error) => format!("-ERR {}\n", error.detail),
    }
}
