//! The AsyncAPI document of the event stream, made of the table events are checked against (decision 0024).

use serde_json::json;

use crate::config::Config;
use crate::events::{EventType, Is, Property, TYPES};
use crate::wire::{MOST_FILTERS, Map, Value};

/// The document, version 3.0: the types this door tells.
pub(crate) fn asyncapi(config: &Config) -> Value {
    let told = || {
        let all = TYPES.iter();
        all.filter(|kind| config.extended_events || !kind.extended)
    };
    let (mut schemas, mut messages) = (Map::new(), Map::new());
    let (mut of_socket, mut of_stream) = (Map::new(), Map::new());
    for kind in told() {
        schemas.insert(kind.name.to_owned(), event_schema(kind));
        messages.insert(kind.name.to_owned(), event_message(kind));
        let message = json!({"$ref": format!("#/components/messages/{}", kind.name)});
        of_socket.insert(kind.name.to_owned(), message.clone());
        of_stream.insert(kind.name.to_owned(), message);
    }
    for (name, about, schema) in [
        (
            "filter",
            "Sets the filters of its connection",
            filter_schema(),
        ),
        (
            "success",
            "A message was carried out",
            reply_schema("success"),
        ),
        (
            "error",
            "A message was not carried out; filters are as before",
            reply_schema("error"),
        ),
    ] {
        schemas.insert(name.to_owned(), schema);
        let message = json!({
            "name": name,
            "summary": about,
            "contentType": "application/json",
            "correlationId": {"$ref": "#/components/correlationIds/request"},
            "payload": {"$ref": format!("#/components/schemas/{name}")},
        });
        messages.insert(name.to_owned(), message);
        of_socket.insert(
            name.to_owned(),
            json!({"$ref": format!("#/components/messages/{name}")}),
        );
    }
    let references = |channel: &str| -> Value {
        told()
            .map(|kind| json!({"$ref": format!("#/channels/{channel}/messages/{}", kind.name)}))
            .collect()
    };
    let mut servers = Map::new();
    let mut reached = |plain: &str, secure: &str| -> Value {
        let pairs = [(plain, &config.listen), (secure, &config.tls_listen)];
        let open = pairs.into_iter().filter_map(|(protocol, listen)| {
            let port = listen.first()?.port();
            servers.insert(protocol.to_owned(), server(protocol, port));
            Some(json!({"$ref": format!("#/servers/{protocol}")}))
        });
        open.collect()
    };
    let (by_socket, by_stream) = (reached("ws", "wss"), reached("http", "https"));
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Jackfield: Event API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What happens in the switch, as flat objects. Nothing is sent on connecting but what happens from then on; the Live API tells how things are, with the same ids.",
        },
        "defaultContentType": "application/json",
        "servers": servers,
        "channels": {
            "socket": {
                "address": "/communication_manager/ws/event",
                "description": "One object in each text message. A message of a client is answered by one reply, behind the events that were there before it.",
                "servers": by_socket,
                "messages": of_socket,
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            },
            "stream": {
                "address": "/communication_manager/sse/event",
                "description": "Server-sent events: the object is the data, and the id is what a client says in Last-Event-ID to go on where it was. 410: what followed is not kept any more. An event named missed, with first, last and count, says what a log of events could not keep.",
                "servers": by_stream,
                "messages": of_stream,
            },
        },
        "operations": {
            "tell": {
                "action": "send",
                "summary": "Events that pass the filters of the connection; all of them without filters",
                "channel": {"$ref": "#/channels/socket"},
                "messages": references("socket"),
            },
            "setFilter": {
                "action": "receive",
                "summary": "A client says which events it wants",
                "channel": {"$ref": "#/channels/socket"},
                "messages": [{"$ref": "#/channels/socket/messages/filter"}],
                "reply": {
                    "channel": {"$ref": "#/channels/socket"},
                    "messages": [
                        {"$ref": "#/channels/socket/messages/success"},
                        {"$ref": "#/channels/socket/messages/error"},
                    ],
                },
            },
            "stream": {
                "action": "send",
                "summary": "The same events over HTTP; pairs of the query are filters",
                "channel": {"$ref": "#/channels/stream"},
                "messages": references("stream"),
                "bindings": {"http": {
                    "method": "GET",
                    "query": {
                        "type": "object",
                        "properties": {"lastEventId": {"type": "string", "description": "Instead of the header Last-Event-ID"}},
                        "additionalProperties": {"type": "string", "description": "A value of the property, or *"},
                    },
                    "bindingVersion": "0.3.0",
                }},
            },
        },
        "components": {
            "schemas": schemas,
            "messages": messages,
            "correlationIds": {
                "request": {
                    "description": "A reply has that of its message, null where it had none",
                    "location": "$message.payload#/correlationId",
                },
            },
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
    })
}

/// Ports are the door's; of hosts it has many.
fn server(protocol: &str, port: u16) -> Value {
    json!({
        "host": "{host}:{port}",
        "protocol": protocol,
        "variables": {
            "host": {"default": "127.0.0.1"},
            "port": {"default": port.to_string()},
        },
        "security": [{"$ref": "#/components/securitySchemes/basic"}],
    })
}

fn event_message(kind: &EventType) -> Value {
    json!({
        "name": kind.name,
        "summary": kind.about,
        "contentType": "application/json",
        "payload": {"$ref": format!("#/components/schemas/{}", kind.name)},
    })
}

/// An event has all its properties, and no others.
fn event_schema(kind: &EventType) -> Value {
    let mut properties: Map = kind
        .properties()
        .map(|(name, property)| (name, property_schema(&property)))
        .collect();
    properties.insert(
        "type".to_owned(),
        json!({"type": "string", "const": kind.name}),
    );
    let required: Vec<String> = properties.keys().cloned().collect();
    json!({
        "type": "object",
        "description": kind.about,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property_schema(property: &Property) -> Value {
    let kind = match property.is {
        Is::Text | Is::Word(_) | Is::Status => "string",
        Is::Integer => "integer",
        Is::Flag => "boolean",
    };
    let mut schema = json!({"description": property.about});
    schema["type"] = if property.nullable {
        json!([kind, "null"])
    } else {
        kind.into()
    };
    if let Some(words) = property.words() {
        schema["enum"] = json!(words);
    }
    schema
}

fn filter_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "type": {"const": "filter"},
            "correlationId": {"type": ["string", "number", "boolean", "null"], "description": "Comes back in the reply"},
            "filters": {
                "type": ["array", "null"],
                "description": "Those of one property are alternatives; all properties must be satisfied. Replaces the filters there were; with none every event comes.",
                "maxItems": MOST_FILTERS,
                "items": {
                    "type": "object",
                    "properties": {
                        "property": {"type": "string", "description": "Name of a property of events"},
                        "value": {
                            "type": ["string", "number", "boolean"],
                            "description": "Compared exactly, in its text form; * is any value but null",
                        },
                    },
                    "required": ["property", "value"],
                },
            },
        },
        "required": ["type"],
    })
}

fn reply_schema(kind: &str) -> Value {
    let mut schema = json!({
        "type": "object",
        "properties": {
            "type": {"const": kind},
            "time": {"type": "integer", "description": "Unix milliseconds"},
            "correlationId": {"type": ["string", "number", "boolean", "null"]},
        },
        "required": ["type", "time", "correlationId"],
        "additionalProperties": false,
    });
    if kind == "error" {
        schema["properties"]["error"] = json!({"type": "string", "description": "What was wrong"});
        schema["required"] = json!(["type", "time", "correlationId", "error"]);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(extended_events: bool) -> Value {
        asyncapi(&Config {
            extended_events,
            ..Config::default()
        })
    }

    #[test]
    fn every_type_is_in_it_with_every_property() {
        let document = document(true);
        let schemas = &document["components"]["schemas"];
        for kind in TYPES {
            let schema = &schemas[kind.name];
            assert_eq!(schema["properties"]["type"]["const"], kind.name);
            let properties = schema["properties"].as_object().unwrap();
            assert_eq!(properties.len(), kind.properties().count() + 1);
        }
        assert_eq!(
            document["operations"]["tell"]["messages"]
                .as_array()
                .unwrap()
                .len(),
            TYPES.len()
        );
        let hangup = &schemas["hangup"]["properties"];
        assert_eq!(hangup["did"]["type"], json!(["string", "null"]));
        assert_eq!(hangup["callSegmentId"]["type"], "string");
        assert_eq!(
            schemas["userStatus"]["properties"]["statusType"]["enum"]
                .as_array()
                .unwrap()
                .len(),
            11
        );
        assert_eq!(
            document["servers"]["wss"]["variables"]["port"]["default"],
            "55050"
        );
    }

    #[test]
    fn what_is_not_told_is_not_in_it() {
        let document = document(false);
        let schemas = document["components"]["schemas"].as_object().unwrap();
        assert!(schemas.contains_key("hangup") && !schemas.contains_key("hold"));
    }
}
