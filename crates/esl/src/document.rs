//! The documents of the event socket for other programs: a JSON Schema of events in JSON, and an AsyncAPI document, both made of the
//! [`catalogue`](crate::catalogue).

use serde_json::{Map, Value, json};

use crate::catalogue::{CORE, Header, Is, KINDS, Kind, SEQUENCE};
use crate::names::EventName;

/// Where events of other names, and of subclasses that are not the switch's own, are described.
const OTHER: &str = "OTHER";

/// The JSON Schema (2020-12) of an event, as a subscriber to `event json` gets it.
pub fn schema() -> Value {
    let ids = KINDS.iter().map(Kind::id).chain([OTHER.to_owned()]);
    let references: Vec<Value> = ids
        .map(|id| json!({"$ref": format!("#/$defs/{id}")}))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Jackfield: events of the event socket",
        "anyOf": references,
        "$defs": schemas(),
    })
}

/// The AsyncAPI document, version 3.0.
pub fn asyncapi() -> Value {
    let (mut messages, mut of_channel) = (Map::new(), Map::new());
    let mut references = Vec::new();
    let kinds = KINDS.iter().map(|kind| (kind.id(), kind.about));
    let other = (
        OTHER.to_owned(),
        "An event a program or a dialplan has fired",
    );
    for (id, about) in kinds.chain([other]) {
        let message = json!({
            "name": id,
            "summary": about,
            "contentType": "application/json",
            "payload": {"$ref": format!("#/components/schemas/{id}")},
        });
        messages.insert(id.clone(), message);
        references.push(json!({"$ref": format!("#/channels/connection/messages/{id}")}));
    }
    for (id, about) in [
        (
            "request",
            "A line, headers, an empty line, and a body of Content-Length bytes",
        ),
        (
            "reply",
            "command/reply with Reply-Text, or api/response with a body",
        ),
    ] {
        let message = json!({
            "name": id,
            "summary": about,
            "contentType": "text/plain",
            "payload": {"type": "string"},
        });
        messages.insert(id.to_owned(), message);
    }
    for id in messages.keys() {
        let reference = json!({"$ref": format!("#/components/messages/{id}")});
        of_channel.insert(id.clone(), reference);
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Jackfield: event socket",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What is always in the events of the switch, as a subscriber to `event json` gets them. All values are texts, or lists of texts; variables of channels, caller profiles and whatever programs add come besides.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "connection": {
                "address": null,
                "description": "A TCP connection, also over TLS: frames of headers, and bodies of Content-Length bytes. An event in JSON is the body of a frame of the type text/event-json.",
                "messages": of_channel,
            },
        },
        "operations": {
            "tell": {
                "action": "send",
                "summary": "Events a client has subscribed to",
                "channel": {"$ref": "#/channels/connection"},
                "messages": references,
            },
            "ask": {
                "action": "receive",
                "summary": "A request, answered by one reply",
                "channel": {"$ref": "#/channels/connection"},
                "messages": [{"$ref": "#/channels/connection/messages/request"}],
                "reply": {
                    "channel": {"$ref": "#/channels/connection"},
                    "messages": [{"$ref": "#/channels/connection/messages/reply"}],
                },
            },
        },
        "components": {"schemas": schemas(), "messages": messages},
    })
}

fn schemas() -> Map<String, Value> {
    let own = KINDS.iter().map(|kind| (kind.id(), of_kind(kind)));
    own.chain([(OTHER.to_owned(), other())]).collect()
}

fn of_kind(kind: &Kind) -> Value {
    let mut schema = object(kind.all_headers());
    schema["description"] = json!(kind.about);
    pin(&mut schema, "Event-Name", kind.name.as_str());
    if let Some(subclass) = kind.subclass {
        pin(&mut schema, "Event-Subclass", subclass);
    }
    schema
}

/// What is fired by `sendevent` names its command; what the switch does not fire has another name or subclass.
fn other() -> Value {
    let mut names: Vec<&str> = EventName::EVERY
        .iter()
        .filter(|name| KINDS.iter().all(|kind| kind.name != **name))
        .map(|name| name.as_str())
        .collect();
    names.push(EventName::Custom.as_str());
    let subclasses: Vec<&str> = KINDS.iter().filter_map(|kind| kind.subclass).collect();
    let mut schema = object(CORE.iter().chain([&SEQUENCE]));
    schema["properties"]["Event-Name"] = json!({"type": "string"});
    schema["anyOf"] = json!([
        {"required": ["Command"], "properties": {"Command": {"type": "string", "pattern": "^sendevent"}}},
        {
            "required": ["Event-Name"],
            "properties": {
                "Event-Name": {"enum": names},
                "Event-Subclass": {"not": {"enum": subclasses}},
            },
        },
    ]);
    schema
}

fn object<'a>(headers: impl Iterator<Item = &'a Header>) -> Value {
    let (mut properties, mut required) = (Map::new(), vec![json!("Event-Name")]);
    for header in headers {
        properties.insert(header.name.to_owned(), value(header.is));
        if header.always {
            required.push(json!(header.name));
        }
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        // A variable of several values is a list.
        "additionalProperties": {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        },
    })
}

fn value(is: Is) -> Value {
    match is.words() {
        Some(words) => json!({"type": "string", "enum": words}),
        None => match is {
            Is::Number => json!({"type": "string", "pattern": "^-?[0-9]+$"}),
            Is::NumberOr(word) => {
                json!({"type": "string", "pattern": format!("^(-?[0-9]+|{word})$")})
            }
            Is::Text | Is::Truth | Is::OneOf(_) | Is::ChannelState | Is::CallState => {
                json!({"type": "string"})
            }
        },
    }
}

fn pin(schema: &mut Value, name: &str, value: &str) {
    schema["properties"][name] = json!({"type": "string", "const": value});
    if name != "Event-Name"
        && let Some(required) = schema["required"].as_array_mut()
    {
        required.push(json!(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(map) => {
                    if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
                        found.push(reference);
                    }
                    map.values().for_each(|value| references(value, found));
                }
                Value::Array(list) => list.iter().for_each(|value| references(value, found)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        for document in [schema(), asyncapi()] {
            let mut found = Vec::new();
            references(&document, &mut found);
            assert!(found.len() > KINDS.len());
            for reference in found {
                let place = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(place).is_some(), "{reference}");
            }
        }
    }

    /// Whether a header may have this value, as far as schemas of ours say.
    fn fits(schema: &Value, text: &str) -> bool {
        let number = |text: &str| text.parse::<i64>().is_ok();
        let words = schema["enum"].as_array();
        words.is_none_or(|words| words.contains(&json!(text)))
            && schema.get("const").is_none_or(|only| only == text)
            && match schema.get("pattern").and_then(Value::as_str) {
                None => true,
                Some("^-?[0-9]+$") => number(text),
                Some("^(-?[0-9]+|unknown)$") => number(text) || text == "unknown",
                Some(other) => panic!("{other} is not looked at here"),
            }
    }

    #[test]
    fn what_is_not_there_is_told_as_the_document_says() {
        use crate::view::{Dropped, Server};
        let server = Server {
            core_uuid: "7".into(),
            hostname: "host".into(),
            switchname: "host".into(),
            ipv4: "127.0.0.1".into(),
            ipv6: "::1".into(),
            version: "1".into(),
            zone: jiff::tz::TimeZone::UTC,
        };
        let schema = &schema()["$defs"]["event_socket.dropped"];
        let required = schema["required"].as_array().unwrap();
        let whole = Dropped {
            count: Some(3),
            sequence: Some((7, 9)),
            durable: Some((107, 109)),
        };
        let of_another_run = Dropped {
            count: None,
            sequence: None,
            ..whole
        };
        let live = Dropped {
            durable: None,
            ..whole
        };
        for dropped in [whole, of_another_run, live] {
            let headers = dropped.headers(&server, api::Timestamp::ZERO);
            let mut text = Vec::new();
            crate::serialise::write_event(&mut text, crate::serialise::Format::Json, &headers);
            let event: Value = serde_json::from_slice(&text).unwrap();
            let event = event.as_object().unwrap();
            for name in required {
                assert!(
                    event.contains_key(name.as_str().unwrap()),
                    "{name} in {event:?}"
                );
            }
            for (name, value) in event {
                let of_header = schema["properties"].get(name);
                let of_header =
                    of_header.unwrap_or_else(|| panic!("{name} is not in the document"));
                assert!(fits(of_header, value.as_str().unwrap()), "{name}: {value}");
            }
            assert_eq!(
                event.contains_key("Event-Sequence"),
                dropped.sequence.is_some()
            );
        }
        // Nobody may take it for an event of a program.
        let other = &schema_of_other()["anyOf"][1]["properties"]["Event-Subclass"];
        let own = other["not"]["enum"].as_array().unwrap();
        assert!(own.contains(&json!("event_socket::dropped")));
    }

    fn schema_of_other() -> Value {
        schema()["$defs"][OTHER].clone()
    }

    #[test]
    fn an_event_says_what_it_must_have() {
        let of_dtmf = &schema()["$defs"]["DTMF"];
        assert_eq!(of_dtmf["properties"]["Event-Name"]["const"], "DTMF");
        let required = of_dtmf["required"].as_array().unwrap();
        for name in ["Event-Name", "Event-Sequence", "Unique-ID", "DTMF-Digit"] {
            assert!(required.contains(&json!(name)), "{name}");
        }
        let other = &schema()["$defs"]["OTHER"]["anyOf"][1]["properties"];
        assert!(
            other["Event-Name"]["enum"]
                .as_array()
                .unwrap()
                .contains(&json!("TRAP"))
        );
        assert!(
            !other["Event-Name"]["enum"]
                .as_array()
                .unwrap()
                .contains(&json!("DTMF"))
        );
    }
}
