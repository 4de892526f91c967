//! Calls of one page, as far as tests have in common.

use api::ChannelId;
use api::event::WebEventKind as Web;

use super::{Client, World, party};

pub const ALICE: &str = "alice@example.org";
pub const CALL_ID: &str = "b7Kq0fT2xYw9LmN4cRs1vDz8";
pub const INCOMING: &str = "ac11b689-36fb-9fa5-524c-9ed3549b6b0a";
pub const CREATE: &str = r#"{"sylkrtc":"session-create","account":"alice@example.org","session":"S1","uri":"sip:bob@example.net","sdp":"v=0\r\n...","headers":[{"name":"X-Acme-Case","value":"1234"}]}"#;

pub async fn calling(world: &World) -> (Client, ChannelId) {
    let mut client = world.with_account(ALICE).await;
    client.ask(CREATE).await;
    client.expect_event("state", "progress").await;
    let channel = world.switch.placed().await;
    (client, channel)
}

pub async fn tell(world: &World, kind: Web) {
    world.switch.web(world.switch.client_of(ALICE), kind).await;
}

pub fn accepted(channel: &ChannelId, answer: Option<&str>) -> Web {
    Web::Accepted {
        channel: channel.clone(),
        answer: answer.map(Into::into),
        call_id: CALL_ID.into(),
        headers: vec![],
    }
}

pub fn terminated(channel: &ChannelId, code: u16, phrase: &str, missed: bool) -> Web {
    Web::Terminated {
        channel: channel.clone(),
        code,
        phrase: phrase.into(),
        missed,
    }
}

pub async fn ring(world: &World, call_id: &str) -> ChannelId {
    let channel = world.switch.new_channel().await;
    let incoming = Web::Incoming {
        channel: channel.clone(),
        offer: "v=0\r\n...".into(),
        from: party("bob@example.net", "Bob"),
        call_id: call_id.into(),
        headers: vec![("X-Acme-Case".into(), "1234".into())],
    };
    tell(world, incoming).await;
    channel
}

/// Answered, and media up.
pub async fn established(world: &World) -> (Client, ChannelId) {
    let (mut client, channel) = calling(world).await;
    tell(world, accepted(&channel, Some("v=0"))).await;
    tell(
        world,
        Web::Established {
            channel: channel.clone(),
        },
    )
    .await;
    client.expect_event("state", "accepted").await;
    client.expect_event("state", "established").await;
    (client, channel)
}
