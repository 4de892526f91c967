//! A program that controls calls, as people write them with the crate freeswitch-esl-tokio: plain events.
//!
//!     inbound_freeswitch_esl_tokio PORT PASSWORD PHONE

use freeswitch_esl_tokio::{
    BgJobTracker, EslClient, EslError, EslEvent, EslEventStream, EslEventType, EventFormat,
    HeaderLookup,
};
use jackfield_conformance::{TONE, argument, say};
use serde_json::json;

async fn next(events: &mut EslEventStream, kind: EslEventType) -> EslEvent {
    loop {
        let event = events
            .try_next()
            .await
            .unwrap()
            .expect("the connection has ended");
        if event.event_type() == Some(kind) {
            return event;
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let port = argument(1).parse().unwrap();
    let (password, phone) = (argument(2), argument(3));
    match EslClient::connect("127.0.0.1", port, &format!("{password}-wrong")).await {
        Err(EslError::AuthenticationFailed { reason }) => {
            say(json!({"stage": "refused", "text": reason}))
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("let in with a wrong password"),
    }
    let (switch, mut events) = EslClient::connect("127.0.0.1", port, &password)
        .await
        .unwrap();
    let status = switch.api("status").await.unwrap();
    say(json!({"stage": "status", "text": status.api_result().unwrap()}));
    let failed = switch.api("uuid_kill nobody").await.unwrap();
    assert!(failed.api_result().is_err());
    say(json!({"stage": "failed", "text": failed.body()}));
    let wanted = [
        EslEventType::BackgroundJob,
        EslEventType::ChannelAnswer,
        EslEventType::ChannelExecuteComplete,
        EslEventType::Dtmf,
        EslEventType::ChannelHangupComplete,
    ];
    switch
        .subscribe_events(EventFormat::Plain, &wanted)
        .await
        .unwrap();
    let mut jobs = BgJobTracker::new();
    jobs.bgapi(&switch, &format!("originate user/{phone} &park()"), ())
        .await
        .unwrap();
    let answered = next(&mut events, EslEventType::ChannelAnswer).await;
    let job = next(&mut events, EslEventType::BackgroundJob).await;
    let ((), result) = jobs.try_complete(&job).expect("another job");
    let uuid = result.parse_body().unwrap().to_owned();
    say(json!({"stage": "job", "text": result.body()}));
    say(json!({"stage": "answered", "same": answered.unique_id() == Some(&uuid)}));
    switch
        .execute("playback", Some(TONE), Some(&uuid))
        .await
        .unwrap()
        .check()
        .unwrap();
    // The key is pressed while the tone is played.
    let pressed = next(&mut events, EslEventType::Dtmf).await;
    let played = next(&mut events, EslEventType::ChannelExecuteComplete).await;
    say(json!({"stage": "played", "text": played.header_str("Application-Data")}));
    say(json!({"stage": "pressed", "digit": pressed.header_str("DTMF-Digit")}));
    switch
        .api(&format!("uuid_kill {uuid} USER_BUSY"))
        .await
        .unwrap()
        .api_result()
        .unwrap();
    let ended = next(&mut events, EslEventType::ChannelHangupComplete).await;
    say(json!({"stage": "ended", "cause": ended.header_str("Hangup-Cause")}));
    switch.exit().await.unwrap();
}
