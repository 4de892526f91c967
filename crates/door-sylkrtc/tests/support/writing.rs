//! Writing messages, and reading the journal.

use serde_json::{Value, json};

use super::{Client, World, letter};

/// A request that sends a message.
pub fn message(from: &str, to: &str, id: &str, content: &str) -> String {
    json!({"sylkrtc": "account-message", "account": from, "uri": to, "message_id": id, "content": content,
        "content_type": "text/plain", "timestamp": "2026-03-01T09:15:30.120Z"})
    .to_string()
}

/// What an account's journal holds; `more` goes into the request.
pub async fn journal(client: &mut Client, account: &str, more: &str) -> Vec<Value> {
    client
        .ask(&format!(
            r#"{{"sylkrtc":"account-sync-conversations","account":"{account}"{more}}}"#
        ))
        .await;
    client.event("sync-conversations").await["messages"]
        .as_array()
        .unwrap()
        .clone()
}

/// A phone writes to an account.
pub async fn from_phone(world: &World, from: &str, to: &str, content_type: &str, body: &str) {
    let letter = letter(from, to, content_type, body);
    world.switch.write(letter).await;
}
