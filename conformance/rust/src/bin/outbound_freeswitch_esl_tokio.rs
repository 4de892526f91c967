//! A program that answers calls, as people write them with the crate freeswitch-esl-tokio: the switch connects to it.
//!
//!     outbound_freeswitch_esl_tokio PORT

use freeswitch_esl_tokio::{
    AppCommand, EslClient, EslEvent, EslEventStream, EslEventType, EventFormat, HangupCause,
    HeaderLookup,
};
use jackfield_conformance::{TONE, argument, say};
use serde_json::json;
use tokio::net::TcpListener;

async fn completed(events: &mut EslEventStream, application: &str) -> EslEvent {
    loop {
        let event = events
            .try_next()
            .await
            .unwrap()
            .expect("the connection has ended");
        if event.event_type() == Some(EslEventType::ChannelExecuteComplete)
            && event.header_str("Application") == Some(application)
        {
            return event;
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let listener = TcpListener::bind(format!("127.0.0.1:{}", argument(1)))
        .await
        .unwrap();
    say(json!({"stage": "listens"}));
    let (call, mut events) = EslClient::accept_outbound(&listener).await.unwrap();
    let channel = call.connect_session().await.unwrap().into_result().unwrap();
    say(json!({"stage": "connected", "number": channel.header("Channel-Destination-Number")}));
    call.myevents(EventFormat::Plain).await.unwrap();
    call.linger(None).await.unwrap();
    call.send_command(AppCommand::answer())
        .await
        .unwrap()
        .check()
        .unwrap();
    call.send_command(AppCommand::playback(TONE))
        .await
        .unwrap()
        .check()
        .unwrap();
    completed(&mut events, "playback").await;
    say(json!({"stage": "played"}));
    let wanted = r"1 1 1 10000 # tone_stream://%(200,0,850) silence choice \d 2000";
    call.execute("play_and_get_digits", Some(wanted), None)
        .await
        .unwrap()
        .check()
        .unwrap();
    let collected = completed(&mut events, "play_and_get_digits").await;
    say(json!({"stage": "pressed", "digit": collected.variable_str("choice")}));
    call.send_command(AppCommand::hangup(Some(HangupCause::UserBusy)))
        .await
        .unwrap()
        .check()
        .unwrap();
    loop {
        let event = events
            .try_next()
            .await
            .unwrap()
            .expect("the connection has ended");
        if event.event_type() == Some(EslEventType::ChannelHangupComplete) {
            say(json!({"stage": "ended", "cause": event.header_str("Hangup-Cause")}));
            break;
        }
    }
    call.exit().await.unwrap();
}
