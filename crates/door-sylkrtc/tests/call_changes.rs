//! sylkrtc.md §3.5: digits and changes within a call.

#![allow(clippy::unwrap_used, reason = "a test ends there")]
#![allow(clippy::wildcard_enum_match_arm, reason = "one command is looked for")]

mod support;

use api::Command;
use api::event::WebEventKind as Web;
use support::calling::*;
use support::world;

#[tokio::test]
async fn digits_are_pressed_one_by_one() {
    let world = world().await;
    let (mut client, _) = established(&world).await;
    client
        .ask(r#"{"sylkrtc":"session-dtmf-info","session":"S1","digit":"12a"}"#)
        .await;
    client
        .ask(r##"{"sylkrtc":"session-dtmf-info","session":"S1","digit":"#","duration":200}"##)
        .await;
    let pressed: Vec<(String, u32)> = world
        .switch
        .asked
        .lock()
        .unwrap()
        .iter()
        .filter_map(|command| match command {
            Command::PressWebDigits(press) => Some((press.digits.to_string(), press.duration_ms)),
            _ => None,
        })
        .collect();
    assert_eq!(pressed, [("12A".to_owned(), 160), ("#".to_owned(), 200)]);
    client
        .refused(
            r#"{"sylkrtc":"session-dtmf-info","session":"S1","digit":"x"}"#,
            "Invalid value for 'digit' property: X",
        )
        .await;
    client
        .refused(
            r#"{"sylkrtc":"session-dtmf-info","session":"S1","digit":"1","duration":5001}"#,
            "Invalid value for 'duration' property: 5001",
        )
        .await;
    let (mut early, _) = calling(&world).await;
    early
        .refused(
            r#"{"sylkrtc":"session-dtmf-info","session":"S1","digit":"1"}"#,
            "Invalid state session S1: progress for DTMF info",
        )
        .await;
}

#[tokio::test]
async fn calls_are_changed_from_both_sides() {
    let world = world().await;
    let (mut client, channel) = established(&world).await;
    let update = r#"{"sylkrtc":"session-update","session":"S1","sdp":"v=0 mine"}"#;
    client.ask(update).await;
    client
        .refused(
            update,
            "Invalid state for updating session S1: local-updating",
        )
        .await;
    tell(
        &world,
        Web::UpdateAccepted {
            channel: channel.clone(),
            answer: "v=0".into(),
        },
    )
    .await;
    client
        .expect(r#"{"sylkrtc":"session-event","session":"S1","event":"update","state":"accepted","sdp":"v=0"}"#)
        .await;
    client.ask(update).await;
    tell(
        &world,
        Web::UpdateFailed {
            channel: channel.clone(),
            code: 488,
            phrase: "Not Acceptable Here".into(),
        },
    )
    .await;
    client
        .expect(r#"{"sylkrtc":"session-event","session":"S1","event":"update","state":"failed","reason":"488 Not Acceptable Here"}"#)
        .await;
    tell(
        &world,
        Web::UpdateReceived {
            channel,
            offer: "v=0".into(),
        },
    )
    .await;
    client
        .expect(r#"{"sylkrtc":"session-event","session":"S1","event":"update","state":"received","sdp":"v=0"}"#)
        .await;
    client.ask(update).await;
    client.ask(update).await;
    assert_eq!(
        world.switch.was_asked("UpdateWebCall"),
        4,
        "an answer, and an offer of its own again"
    );
}

#[tokio::test]
async fn an_offer_that_crosses_another_fails_and_the_other_still_waits_for_its_answer() {
    let world = world().await;
    let (mut client, channel) = established(&world).await;
    let received = Web::UpdateReceived {
        channel: channel.clone(),
        offer: "v=0".into(),
    };
    let failed = |code, phrase: &str| Web::UpdateFailed {
        channel: channel.clone(),
        code,
        phrase: phrase.into(),
    };
    let offer = r#"{"sylkrtc":"session-update","session":"S1","sdp":"v=0\r\na=setup:actpass\r\n"}"#;
    let answer = r#"{"sylkrtc":"session-update","session":"S1","sdp":"v=0\r\na=setup:active\r\n"}"#;
    tell(&world, received.clone()).await;
    client
        .expect(r#"{"sylkrtc":"session-event","session":"S1","event":"update","state":"received","sdp":"v=0"}"#)
        .await;
    client.ask(offer).await;
    tell(&world, failed(491, "Request Pending")).await;
    client
        .expect(r#"{"sylkrtc":"session-event","session":"S1","event":"update","state":"failed","reason":"491 Request Pending"}"#)
        .await;
    // Were it taken for an offer, no second one could follow.
    client.ask(answer).await;
    client.ask(offer).await;
    // One that was not answered in time is over.
    tell(&world, failed(491, "Request Pending")).await;
    client.event("update").await;
    tell(&world, received).await;
    client.event("update").await;
    tell(&world, failed(408, "Request Timeout")).await;
    client.event("update").await;
    client.ask(offer).await;
    client
        .refused(
            offer,
            "Invalid state for updating session S1: local-updating",
        )
        .await;
}
