//! Messages of clients and the replies to them (event-api.md §3.1, §3.3).

use bytes::Bytes;
use serde_json::json;

use super::json::{Map, Value, parse};
use super::lenient::tolerant;

/// Most filters of one message.
pub(crate) const MOST_FILTERS: usize = 1000;

/// One entry of a filter message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// Name of a property.
    pub(crate) property: String,
    /// The text form of its value, or `*`.
    pub(crate) value: String,
}

/// What a client can ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Message {
    /// Sets the filters of its connection.
    Filter(Vec<Entry>),
}

/// Why a message cannot be read. The text is what the client is told.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub(crate) enum Problem {
    #[error("Invalid JSON")]
    Json,
    #[error("Message must be an object")]
    Object,
    #[error("Missing type")]
    NoType,
    #[error("Unknown message type: {0}")]
    Type(String),
    #[error("filters must be an array")]
    Filters,
    #[error("Filter {0}: property missing")]
    Property(usize),
    #[error("Filter {0}: value missing")]
    Value(usize),
    #[error("correlationId must be a scalar")]
    CorrelationId,
    #[error("Too many filters")]
    TooMany,
}

/// A message, its correlation id (`null` when there is none or it cannot be read), and whether only the tolerant reader
/// could read it. Filters are counted from 1.
pub(crate) fn read(text: &str, lenient: bool) -> (Result<Message, Problem>, Value, bool) {
    let (value, tolerated) = match parse(text.as_bytes()) {
        Some(value) => (value, false),
        None => match lenient.then(|| tolerant(text)).flatten() {
            Some(value) => (value, true),
            None => return (Err(Problem::Json), Value::Null, false),
        },
    };
    let Value::Object(members) = value else {
        return (Err(Problem::Object), Value::Null, tolerated);
    };
    let id = members.get("correlationId").cloned().unwrap_or_default();
    if id.is_array() || id.is_object() {
        return (Err(Problem::CorrelationId), Value::Null, tolerated);
    }
    (message(&members), id, tolerated)
}

fn message(members: &Map) -> Result<Message, Problem> {
    match members.get("type") {
        None | Some(Value::Null) => Err(Problem::NoType),
        Some(Value::String(kind)) if kind == "filter" => filter(members.get("filters")),
        Some(Value::String(kind)) => Err(Problem::Type(kind.chars().take(200).collect())),
        Some(other) => Err(Problem::Type(other.to_string().chars().take(200).collect())),
    }
}

fn filter(filters: Option<&Value>) -> Result<Message, Problem> {
    let entries = match filters {
        None | Some(Value::Null) => return Ok(Message::Filter(Vec::new())),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(Problem::Filters),
    };
    if entries.len() > MOST_FILTERS {
        return Err(Problem::TooMany);
    }
    let read = |(index, entry): (usize, &Value)| {
        let Some(property) = entry.get("property").and_then(Value::as_str) else {
            return Err(Problem::Property(index + 1));
        };
        let value = match entry.get("value") {
            Some(Value::String(text)) => text.clone(),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            _ => return Err(Problem::Value(index + 1)),
        };
        let property = property.to_owned();
        Ok(Entry { property, value })
    };
    let entries = entries.iter().enumerate().map(read);
    Ok(Message::Filter(entries.collect::<Result<_, _>>()?))
}

/// The reply to what was done. `time` is Unix milliseconds.
pub(crate) fn success(id: &Value, time: i64) -> Bytes {
    let reply = json!({"correlationId": id, "time": time, "type": "success"});
    reply.to_string().into()
}

/// The reply to what was not.
pub(crate) fn failure(id: &Value, problem: &Problem, time: i64) -> Bytes {
    let text = problem.to_string();
    let reply = json!({"correlationId": id, "error": text, "time": time, "type": "error"});
    reply.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(list: &[(&str, &str)]) -> Message {
        let entry = |(property, value): &(&str, &str)| Entry {
            property: (*property).to_owned(),
            value: (*value).to_owned(),
        };
        Message::Filter(list.iter().map(entry).collect())
    }

    /// The messages of event-api.md §3.1 to §3.3.
    #[test]
    fn the_examples() {
        let strict = r#"{ "type": "filter", "correlationId": "f-1",
  "filters": [ {"property": "type", "value": "dial"}, {"property": "type", "value": "linkEnd"},
               {"property": "username", "value": "ana"} ] }"#;
        let meant = entries(&[("type", "dial"), ("type", "linkEnd"), ("username", "ana")]);
        assert_eq!(read(strict, false), (Ok(meant), "f-1".into(), false));
        let printed = r#"{"type":"filter","filters":[{"property" : "type" : "value" : "dial"}]}"#;
        let dial = entries(&[("type", "dial")]);
        assert_eq!(read(printed, true), (Ok(dial), Value::Null, true));
        assert_eq!(read(printed, false).0, Err(Problem::Json));
        assert_eq!(
            success(&"f-1".into(), 1_700_000_000_123),
            r#"{"correlationId":"f-1","time":1700000000123,"type":"success"}"#
        );
        let problem = Problem::Type("subscribe".to_owned());
        assert_eq!(
            failure(&Value::Null, &problem, 1_700_000_000_456),
            r#"{"correlationId":null,"error":"Unknown message type: subscribe","time":1700000000456,"type":"error"}"#
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let many = format!(
            r#"{{"type":"filter","filters":[{}]}}"#,
            [r#"{"property":"a","value":"b"}"#; 1001].join(",")
        );
        for (text, error, id) in [
            ("{", "Invalid JSON", Value::Null),
            ("[]", "Message must be an object", Value::Null),
            ("{}", "Missing type", Value::Null),
            (
                r#"{"type":null,"correlationId":7}"#,
                "Missing type",
                7.into(),
            ),
            (r#"{"type":"x"}"#, "Unknown message type: x", Value::Null),
            (r#"{"type":5}"#, "Unknown message type: 5", Value::Null),
            (
                r#"{"type":"filter","filters":{}}"#,
                "filters must be an array",
                Value::Null,
            ),
            (
                r#"{"type":"filter","filters":[1]}"#,
                "Filter 1: property missing",
                Value::Null,
            ),
            (
                r#"{"type":"filter","filters":[{"property":"a","value":"b"},{"property":"a","value":null}]}"#,
                "Filter 2: value missing",
                Value::Null,
            ),
            (
                r#"{"type":"filter","correlationId":{}}"#,
                "correlationId must be a scalar",
                Value::Null,
            ),
            (&many, "Too many filters", Value::Null),
        ] {
            let (done, found, _) = read(text, true);
            assert_eq!(done.unwrap_err().to_string(), error, "{text}");
            assert_eq!(found, id, "{text}");
        }
    }

    #[test]
    fn scalars_are_taken_and_echoed_with_their_type() {
        let text = r#"{"type":"filter","correlationId":true,"filters":[{"property":"port","value":57042},{"property":"userCreated","value":true}]}"#;
        let meant = entries(&[("port", "57042"), ("userCreated", "true")]);
        assert_eq!(read(text, false), (Ok(meant), true.into(), false));
        for none in [
            r#"{"type":"filter"}"#,
            r#"{"type":"filter","filters":null}"#,
            r#"{"type":"filter","filters":[]}"#,
        ] {
            assert_eq!(read(none, false).0, Ok(Message::Filter(Vec::new())));
        }
    }
}
