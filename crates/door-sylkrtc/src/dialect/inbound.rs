use serde_json::{Map, Value};

/// Names of D0 (sylkrtc.md §2.6).
pub(super) fn renamed(name: &str) -> Option<&'static str> {
    Some(match name {
        "add_account" => "account-add",
        "remove_account" => "account-remove",
        "register" => "account-register",
        "unregister" => "account-unregister",
        "call" => "session-create",
        "answer" => "session-answer",
        "trickle" => "session-trickle",
        "terminate" => "session-terminate",
        _ => return None,
    })
}

/// Requests that were folded into `videoroom-ctl` or had another name (sylkrtc.md §2.5).
pub(super) fn to_d2(name: String, members: Map<String, Value>) -> (String, Map<String, Value>) {
    match name.as_str() {
        "videoroom-terminate" => ("videoroom-leave".to_owned(), members),
        "videoroom-ctl" => match unfold(&members) {
            Some((name, members)) => (name.to_owned(), members),
            None => (name, members),
        },
        _ => (name, members),
    }
}

/// `None` when the option is unknown, or its own object is missing.
fn unfold(members: &Map<String, Value>) -> Option<(&'static str, Map<String, Value>)> {
    let option = members.get("option")?.as_str()?;
    let given = members.get(&option.replace('-', "_"))?.as_object()?;
    let mut d2 = Map::new();
    let mut keep = |name: &str, value: Option<&Value>| {
        if let Some(value) = value {
            d2.insert(name.to_owned(), value.clone());
        }
    };
    keep("transaction", members.get("transaction"));
    let session = members.get("session");
    let name = match option {
        "configure-room" => {
            keep("session", session);
            keep("active_participants", given.get("active_participants"));
            "videoroom-configure"
        }
        "feed-attach" => {
            keep("session", session);
            keep("feed", given.get("session"));
            keep("publisher", given.get("publisher"));
            "videoroom-feed-attach"
        }
        "feed-answer" => {
            keep("session", session);
            keep("feed", given.get("session"));
            keep("sdp", given.get("sdp"));
            "videoroom-feed-answer"
        }
        "feed-detach" => {
            keep("session", session);
            keep("feed", given.get("session"));
            "videoroom-feed-detach"
        }
        "invite-participants" => {
            keep("session", session);
            keep("participants", given.get("participants"));
            "videoroom-invite"
        }
        "trickle" => {
            // Without a session of its own it is about the publisher.
            let inner = given.get("session").filter(|session| !session.is_null());
            keep("session", inner.or(session));
            keep("candidates", given.get("candidates"));
            "videoroom-session-trickle"
        }
        "update" => {
            keep("session", session);
            keep("options", Some(&Value::Object(given.clone())));
            "videoroom-session-update"
        }
        _ => return None,
    };
    Some((name, d2))
}
