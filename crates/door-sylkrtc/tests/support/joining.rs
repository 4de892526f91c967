//! Pages entering a video room.

use serde_json::json;

use super::{Client, World};

pub const TEAM: &str = "team@videoconference.example.org";

pub fn join(account: &str, session: &str, room: &str) -> String {
    json!({
        "sylkrtc": "videoroom-join", "transaction": "j", "account": account, "session": session, "uri": room,
        "sdp": "v=0\r\n...",
    })
    .to_string()
}

/// Joins, up to `established`; gives the publishers found.
pub async fn enter(client: &mut Client, account: &str, session: &str, room: &str) -> Vec<String> {
    client.send(&join(account, session, room)).await;
    client.expect_event("session-state", "progress").await;
    client
        .expect(r#"{"sylkrtc":"ack","transaction":"j"}"#)
        .await;
    client.expect_event("session-state", "accepted").await;
    let list = client.event("initial-publishers").await;
    let publishers = list["publishers"].as_array().unwrap();
    let ids = publishers
        .iter()
        .map(|one| one["id"].as_str().unwrap().to_owned());
    let ids = ids.collect();
    client.expect_event("session-state", "established").await;
    ids
}

/// Everybody named is in the room, in this order, and knows it.
pub async fn gathered<const N: usize>(world: &World, names: [&str; N]) -> [Client; N] {
    let mut clients: Vec<Client> = Vec::new();
    for name in names {
        let account = format!("{name}@example.org");
        let mut client = world.registered(&account).await;
        let found = enter(&mut client, &account, &format!("V-{name}"), TEAM).await;
        assert_eq!(found.len(), clients.len());
        for other in &mut clients {
            let joined = other.event("publishers-joined").await;
            assert_eq!(joined["publishers"][0]["id"], format!("V-{name}"));
        }
        clients.push(client);
    }
    clients.try_into().ok().unwrap()
}

pub fn request(name: &str, members: serde_json::Value) -> String {
    let mut request = members;
    request["sylkrtc"] = name.into();
    request.to_string()
}
