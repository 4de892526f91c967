//! Replies in their three shapes (event-manager.md §5).

use bytes::Bytes;

use super::Object;
use crate::config::ReplyShape;
use crate::error::{Code, Refusal};

/// The request as it was received, in JSON.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Echo(String);

impl Echo {
    /// An object comes back letter by letter.
    pub(crate) fn object(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// What was no object comes back as a text.
    pub(crate) fn text(text: &str) -> Self {
        Self(serde_json::to_string(text).unwrap_or_default())
    }
}

/// Done, with results.
pub(crate) fn ok(shape: ReplyShape, request: &Echo, results: &Object) -> Bytes {
    let mut reply = Object::new().with("Status", "OK");
    match shape {
        ReplyShape::Union | ReplyShape::V1 => reply.add("Error Code", Code::None.number()),
        ReplyShape::Legacy => {}
    }
    reply.add_text("Request", &request.0);
    reply.append(results);
    reply.print().into()
}

/// Not done.
pub(crate) fn error(shape: ReplyShape, request: &Echo, refusal: &Refusal) -> Bytes {
    let mut reply = Object::new().with("Status", "ERROR");
    let text = refusal.description();
    let (older, newer) = match shape {
        ReplyShape::Union => (true, true),
        ReplyShape::V1 => (false, true),
        ReplyShape::Legacy => (true, false),
    };
    if older {
        reply.add("Error", &text);
    }
    if newer {
        reply.add("Error Code", refusal.code.number());
        reply.add("Error Description", &text);
    }
    reply.add_text("Request", &request.0);
    reply.print().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of event-manager.md §5.2, letter by letter.
    #[test]
    fn replies_read_as_documented() {
        let version = Object::new()
            .with("version", "v1.0.14")
            .with("value", "v1.0.14");
        let request = Echo::object("\n{\"Command\":\"get_version\"} ");
        assert_eq!(
            ok(ReplyShape::V1, &request, &version),
            r#"{"Status":"OK","Error Code":-10000,"Request":{"Command":"get_version"},"version":"v1.0.14","value":"v1.0.14"}"#
        );
        assert_eq!(
            ok(ReplyShape::Legacy, &request, &Object::new()),
            r#"{"Status":"OK","Request":{"Command":"get_version"}}"#
        );
        let unknown = Refusal::new(Code::RoomId, "room 77 does not exist");
        let request = Echo::object(r#"{"Command":"get_room_layout","room_id":77}"#);
        assert_eq!(
            error(ReplyShape::V1, &request, &unknown),
            concat!(
                r#"{"Status":"ERROR","Error Code":-9993,"Error Description":"IMM_ERROR_INVALID_ROOM_ID: room 77 does not exist","#,
                r#""Request":{"Command":"get_room_layout","room_id":77}}"#
            )
        );
        let request = Echo::object(
            r#"{"Command":"move_seat","room_id":"77","participant_id":"3","seat_index":2}"#,
        );
        assert_eq!(
            error(ReplyShape::Legacy, &request, &unknown),
            concat!(
                r#"{"Status":"ERROR","Error":"IMM_ERROR_INVALID_ROOM_ID: room 77 does not exist","#,
                r#""Request":{"Command":"move_seat","room_id":"77","participant_id":"3","seat_index":2}}"#
            )
        );
        assert_eq!(
            error(ReplyShape::Union, &Echo::text("\"x"), &unknown),
            concat!(
                r#"{"Status":"ERROR","Error":"IMM_ERROR_INVALID_ROOM_ID: room 77 does not exist","#,
                r#""Error Code":-9993,"Error Description":"IMM_ERROR_INVALID_ROOM_ID: room 77 does not exist","#,
                r#""Request":"\"x"}"#
            )
        );
    }
}
